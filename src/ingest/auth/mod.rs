//! Who may send: `basicauth` and `bearertokenauth` at a receiver.
//!
//! ```text
//!  header -> tokens: one keyed digest, compared with every token's       -> yes | no
//!         -> users:  seen lately? -> yes | no
//!                    cheap hashes: checked here                           -> yes | no
//!                    bcrypt, apr1: [<= 32 jobs] -> a thread of its own    -> yes | no | full: 503
//! ```
//! Asked before anything of a body is read and before the path is looked at, so that a path spelled
//! in another way opens nothing. Invariants: no answer tells which part of the credentials was
//! wrong; what is compared are digests under a random key, all of them to their end; a shard never
//! computes a slow hash; no secret is printed or logged.

mod desk;
mod hash;
mod memory;
mod tokens;
mod users;

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use ring::hmac;
use ring::rand::SystemRandom;

use self::desk::Desk;
use self::tokens::Tokens;
use self::users::Users;
use super::verdict::Fault;
use crate::config::plan::{Authenticator, Secret};
use crate::runtime::kept::{Kept, LOOK_INTERVAL, Renew};
use crate::units::MIB;

/// A file with more than this holds no credentials.
const FILE_BYTES_MAX: usize = MIB;

/// A digest under a key that is made anew at each start.
type Mark = [u8; 32];

/// The authenticator of one transport of a receiver.
pub(super) struct Authority {
    header: HeaderName,
    challenge: HeaderValue,
    kind: Kind,
}

enum Kind {
    Bearer(Arc<Kept<Tokens>>),
    Basic(Arc<Kept<Users>>, Desk),
}

impl fmt::Debug for Authority {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Authority").field("header", &self.header).finish_non_exhaustive()
    }
}

impl Authority {
    /// Reads what `plan` names. `files` gets what is to be read again.
    ///
    /// # Errors
    /// The file and line that cannot be used, and why.
    pub(super) fn prepare(
        plan: &Authenticator,
        files: &mut Vec<Arc<dyn Renew>>,
    ) -> Result<Arc<Self>, String> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| "the system gives no random numbers".to_owned())?;
        let (header, challenge, kind) = match plan {
            Authenticator::Basic { file, inline } => {
                let (owned, last) = (file.clone(), inline.clone());
                let read = move || Users::read(owned.as_deref(), &last, &key);
                let users = Kept::new("the htpasswd file".to_owned(), LOOK_INTERVAL, read)?;
                if file.is_some() || matches!(inline, Secret::File(_)) {
                    files.push(Arc::clone(&users) as Arc<dyn Renew>);
                }
                let challenge = r#"Basic realm="otlp", charset="UTF-8""#.to_owned();
                (AUTHORIZATION, challenge, Kind::Basic(users, Desk::open()?))
            }
            Authenticator::Bearer { header, scheme, tokens } => {
                let (words, owned) = (scheme.clone(), tokens.clone());
                let read = move || Tokens::read(&words, &owned, &key);
                let kept = Kept::new("the file of bearer tokens".to_owned(), LOOK_INTERVAL, read)?;
                if tokens.iter().any(|token| matches!(token, Secret::File(_))) {
                    files.push(Arc::clone(&kept) as Arc<dyn Renew>);
                }
                let challenge = if scheme.is_empty() { "Bearer" } else { scheme };
                (header.clone(), challenge.to_owned(), Kind::Bearer(kept))
            }
        };
        let challenge = HeaderValue::try_from(challenge)
            .map_err(|_| "the scheme cannot stand in a header".to_owned())?;
        Ok(Arc::new(Self { header, challenge, kind }))
    }

    /// What a client without credentials is asked for: the value of `WWW-Authenticate`.
    pub(super) const fn challenge(&self) -> &HeaderValue {
        &self.challenge
    }

    /// Whether whoever sent these headers may send. Waits only where a slow hash is to be computed.
    ///
    /// # Errors
    /// [`Fault::Unauthenticated`]; [`Fault::Overloaded`] when too many slow hashes wait.
    pub(super) async fn check(&self, headers: &HeaderMap) -> Result<(), Fault> {
        // As in the Collector, the first of several headers counts.
        let value = headers.get(&self.header).ok_or(Fault::Unauthenticated)?.as_bytes();
        let granted = match &self.kind {
            Kind::Bearer(tokens) => tokens.peek(|tokens| tokens.hold(value)),
            Kind::Basic(users, desk) => desk.check(users, value).await?,
        };
        if granted { Ok(()) } else { Err(Fault::Unauthenticated) }
    }
}

/// The digest of `bytes`.
fn mark(key: &hmac::Key, bytes: &[u8]) -> Mark {
    let mut mark = Mark::default();
    for (to, from) in mark.iter_mut().zip(hmac::sign(key, bytes).as_ref()) {
        *to = *from;
    }
    mark
}

/// Whether two texts are equal; takes as long for any two of the same lengths.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differing = one.iter().zip(other).fold(0_u8, |sum, (a, b)| sum | (a ^ b));
    std::hint::black_box(differing) == 0 && one.len() == other.len()
}

/// The text of a file.
fn text(path: &Path) -> Result<String, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if text.len() > FILE_BYTES_MAX {
        return Err(format!("{}: longer than {FILE_BYTES_MAX} bytes", path.display()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
