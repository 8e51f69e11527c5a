//! What an authenticator does to the headers of a request, worked out as far as possible at the
//! start.
//!
//! Steps whose values never change are taken once, on the head that all requests share; from the
//! first step on that depends on a file or on the incoming request, they are taken for each. An
//! empty value counts as none, as in the Collector.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::plan::{Credential, HeaderStep, HeaderVerb, Secret};
use crate::queue::context::{Carried, Context};
use crate::runtime::kept::{Kept, LOOK_INTERVAL, Renew};

/// A file with more than this holds no credential.
const FILE_BYTES_MAX: usize = 16 * 1024;

/// The steps that are left for each request.
#[derive(Default)]
pub(super) struct Dresser {
    steps: Vec<Step>,
    /// Names of what comes from the incoming request, by its place in a [`Context`].
    keys: Vec<String>,
}

struct Step {
    name: HeaderName,
    verb: HeaderVerb,
    value: Value,
}

enum Value {
    Fixed(HeaderValue),
    Kept(Arc<Kept<HeaderValue>>),
    Carried { place: usize, otherwise: HeaderValue },
}

impl Dresser {
    /// Takes the steps that can be taken now on `head`, and keeps the others. `files` gets what is
    /// to be read again.
    ///
    /// # Errors
    /// A file that cannot be read, or holds what no header can.
    pub(super) fn new(
        steps: &[HeaderStep],
        keys: Vec<String>,
        head: &mut HeaderMap,
        files: &mut Vec<Arc<dyn Renew>>,
    ) -> Result<Self, String> {
        let mut dresser = Self { steps: Vec::new(), keys };
        for HeaderStep { name, verb, value } in steps {
            let value = dresser.value(name, value, files)?;
            match value {
                Value::Fixed(value) if dresser.steps.is_empty() => take(*verb, name, &value, head),
                value => dresser.steps.push(Step { name: name.clone(), verb: *verb, value }),
            }
        }
        Ok(dresser)
    }

    fn value(
        &self,
        name: &HeaderName,
        credential: &Credential,
        files: &mut Vec<Arc<dyn Renew>>,
    ) -> Result<Value, String> {
        if let Credential::Context { header, default } = credential {
            let place = self.keys.iter().position(|key| key == header).unwrap_or(usize::MAX);
            return Ok(Value::Carried { place, otherwise: value_of(&text(default)?)? });
        }
        let owned = credential.clone();
        let read = move || value_of(&written(&owned)?);
        if !is_read(credential) {
            return read().map(Value::Fixed);
        }
        let kept = Kept::new(format!("the file behind the header `{name}`"), LOOK_INTERVAL, read)?;
        files.push(Arc::clone(&kept) as Arc<dyn Renew>);
        Ok(Value::Kept(kept))
    }

    /// Takes the steps that are left.
    pub(super) fn dress(&self, headers: &mut HeaderMap, context: Option<&Context>) {
        for Step { name, verb, value } in &self.steps {
            match value {
                Value::Fixed(value) => take(*verb, name, value, headers),
                Value::Kept(kept) => take(*verb, name, &kept.get(), headers),
                Value::Carried { place, otherwise } => {
                    match context.map_or(&Carried::Absent, |context| context.at(*place)) {
                        Carried::One(value) => take(*verb, name, value, headers),
                        Carried::Absent | Carried::Several(_) => {
                            take(*verb, name, otherwise, headers);
                        }
                    }
                }
            }
        }
    }

    /// Why a payload with these values cannot be sent: the Collector fails such requests too.
    pub(super) fn objection(&self, context: Option<&Context>) -> Option<String> {
        let context = context?;
        let several = |(place, key): (usize, &String)| match context.at(place) {
            Carried::Several(count) => Some(format!(
                "the client sent the header `{key}` {count} times, and one value is to be passed on"
            )),
            Carried::Absent | Carried::One(_) => None,
        };
        self.keys.iter().enumerate().find_map(several)
    }
}

fn take(verb: HeaderVerb, name: &HeaderName, value: &HeaderValue, headers: &mut HeaderMap) {
    let has = headers.get(name).is_some_and(|known| !known.is_empty());
    let sets = match verb {
        HeaderVerb::Insert => !has,
        HeaderVerb::Update => has,
        HeaderVerb::Upsert => true,
        HeaderVerb::Delete => {
            let _ = headers.remove(name);
            false
        }
    };
    if sets {
        let _ = headers.insert(name.clone(), value.clone());
    }
}

fn value_of(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| "a credential holds a line break or control character".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_read(credential: &Credential) -> bool {
    let file = |secret: &Secret| matches!(secret, Secret::File(_));
    match credential {
        Credential::Text(secret) | Credential::Bearer { token: secret, .. } => file(secret),
        Credential::Basic { username, password } => file(username) || file(password),
        Credential::Context { .. } => false,
    }
}

/// The header's text.
fn written(credential: &Credential) -> Result<String, String> {
    Ok(match credential {
        Credential::Text(secret) | Credential::Context { default: secret, .. } => text(secret)?,
        Credential::Basic { username, password } => {
            let username = text(username)?;
            if username.contains(':') {
                return Err("a user name cannot hold a colon".to_owned());
            }
            let pair = format!("{username}:{}", text(password)?);
            format!("Basic {}", STANDARD.encode(pair))
        }
        Credential::Bearer { scheme, token } => {
            let text = text(token)?;
            let token = match token {
                Secret::File(_) => text.lines().next().unwrap_or_default().trim(),
                Secret::Plain(_) => text.as_str(),
            };
            if token.is_empty() {
                return Err("the file holds no token".to_owned());
            }
            if scheme.is_empty() { token.to_owned() } else { format!("{scheme} {token}") }
        }
    })
}

fn text(secret: &Secret) -> Result<String, String> {
    match secret {
        Secret::Plain(text) => Ok(text.clone()),
        Secret::File(path) => read(path),
    }
}

/// A file's text without the blanks around it.
fn read(path: &Path) -> Result<String, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if text.len() > FILE_BYTES_MAX {
        return Err(format!("{}: longer than {FILE_BYTES_MAX} bytes", path.display()));
    }
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests;
