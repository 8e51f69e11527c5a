//! What is made of a receiver's settings once, for all shards: what has to read files.
//!
//! Made before a plan is put to use, so that a file that cannot be read keeps the plan that runs.
//! Files that change are looked after for as long as a front holds them ([`kept`]).

use std::fmt;
use std::sync::Arc;

use super::auth::Authority;
use super::tls::{self, Server};
use crate::config::plan::{Authenticator, Receiver, TlsServer};
use crate::runtime::kept::{self, Kept, Renew};
use crate::telemetry::names::Transport;

/// What a receiver's ports need beside the plan.
#[derive(Clone, Default)]
pub struct Ready {
    pub(super) http: Side,
    pub(super) grpc: Side,
}

impl fmt::Debug for Ready {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Ready").finish_non_exhaustive()
    }
}

/// One transport of a receiver.
#[derive(Clone, Default)]
pub(super) struct Side {
    /// What clients shake hands with; `None`: plain text.
    pub(super) tls: Option<Arc<Kept<Server>>>,
    /// Who may send; `None`: everyone.
    pub(super) auth: Option<Arc<Authority>>,
}

impl Ready {
    /// What the port of `side` needs.
    pub(super) const fn side(&self, side: Transport) -> &Side {
        match side {
            Transport::Http => &self.http,
            Transport::Grpc => &self.grpc,
        }
    }
}

/// Reads the files that `receiver` names and has them looked after.
///
/// # Errors
/// Which file cannot be used and why.
pub fn prepare(receiver: &Receiver) -> Result<Ready, String> {
    let mut files: Vec<Arc<dyn Renew>> = Vec::new();
    let (grpc, http) = (receiver.grpc.as_ref(), receiver.http.as_ref());
    let mut secure = |side: Transport, settings: Option<&TlsServer>| {
        let whose = format!("receiver {} ({})", receiver.id, side.name());
        settings.map(|settings| kept_tls(&whose, settings, &mut files)).transpose()
    };
    let grpc_tls = secure(Transport::Grpc, grpc.and_then(|grpc| grpc.tls.as_ref()))?;
    let http_tls = secure(Transport::Http, http.and_then(|http| http.tls.as_ref()))?;
    let asked =
        [grpc.and_then(|grpc| grpc.auth.as_ref()), http.and_then(|http| http.auth.as_ref())];
    let [grpc_auth, http_auth] = authorities(asked, &mut files)?;
    kept::look_after(&files)?;
    Ok(Ready {
        grpc: Side { tls: grpc_tls, auth: grpc_auth },
        http: Side { tls: http_tls, auth: http_auth },
    })
}

/// Who may send by either transport; the same plan is asked of the same authority.
fn authorities(
    [grpc, http]: [Option<&Authenticator>; 2],
    files: &mut Vec<Arc<dyn Renew>>,
) -> Result<[Option<Arc<Authority>>; 2], String> {
    let first = http.map(|plan| Authority::prepare(plan, files)).transpose()?;
    let second = if grpc == http {
        first.clone()
    } else {
        grpc.map(|plan| Authority::prepare(plan, files)).transpose()?
    };
    Ok([second, first])
}

fn kept_tls(
    whose: &str,
    settings: &TlsServer,
    files: &mut Vec<Arc<dyn Renew>>,
) -> Result<Arc<Kept<Server>>, String> {
    let kept = tls::kept(whose, settings)?;
    if tls::changes(settings) {
        let renewed: Arc<dyn Renew> = Arc::<Kept<Server>>::clone(&kept);
        files.push(renewed);
    }
    Ok(kept)
}
