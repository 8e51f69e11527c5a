//! The front door of the real program, opened by files: TLS, who may send, sockets of the file
//! system, what browsers and tenants are told, how long connections live, and that no secret shows.
//!
//! What each part does with every input is shown beside it in `src/ingest/tests/`; here it is that
//! the keys of a file reach it, that files which change while the gateway runs are followed, and
//! that broken ones change nothing.

#[path = "support/backend.rs"]
mod backend;
#[path = "door/certificates.rs"]
mod certificates;
#[path = "door/credentials.rs"]
mod credentials;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "door/home.rs"]
mod home;
#[path = "door/local.rs"]
mod local;
#[path = "door/manners.rs"]
mod manners;
#[path = "door/secrets.rs"]
mod secrets;
#[path = "door/visitor.rs"]
mod visitor;
