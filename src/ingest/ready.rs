//! What is made of a receiver's settings once, for all shards: what has to read files.
//!
//! Made before a plan is put to use, so that a file that cannot be read keeps the plan that runs.
//! Files that change are looked after for as long as a front holds them ([`kept`]).

use std::fmt;
use std::sync::Arc;

use super::auth::Authority;
use crate::config::plan::Receiver;
use crate::runtime::kept::{self, Renew};

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
    /// Who may send; `None`: everyone.
    pub(super) auth: Option<Arc<Authority>>,
}

/// Reads the files that `receiver` names and has them looked after.
///
/// # Errors
/// Which file cannot be used and why.
pub fn prepare(receiver: &Receiver) -> Result<Ready, String> {
    let mut files: Vec<Arc<dyn Renew>> = Vec::new();
    let mut ready = Ready::default();
    let http = receiver.http.as_ref().and_then(|http| http.auth.as_ref());
    let grpc = receiver.grpc.as_ref().and_then(|grpc| grpc.auth.as_ref());
    ready.http.auth = http.map(|plan| Authority::prepare(plan, &mut files)).transpose()?;
    ready.grpc.auth = if grpc == http {
        ready.http.auth.clone()
    } else {
        grpc.map(|plan| Authority::prepare(plan, &mut files)).transpose()?
    };
    kept::look_after(&files)?;
    Ok(ready)
}
