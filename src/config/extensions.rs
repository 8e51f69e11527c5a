//! `extensions`: `health_check`, the authenticators of exporters, and our own `spanyard` for
//! threads and drain.

mod auth;
mod storage;

use std::time::Duration;

use super::HostFacts;
use super::decode::Field;
use super::document::Component;
use super::keys::{Table, key};
use super::listen::{self, Listen};
use super::plan::{Health, RuntimePlan};
use super::problems::Code;
use super::processors;
use super::report::Fault;
use super::unsupported;
pub(super) use auth::{Authenticator, reference as auth_reference};

pub(super) const TABLES: [&Table; 10] = [
    &HEALTH_CHECK,
    &SPANYARD,
    &auth::BASIC,
    &auth::CLIENT_AUTH,
    &auth::HTPASSWD,
    &auth::BEARER,
    &auth::SETTER,
    &auth::SETTER_HEADER,
    &storage::FILE_STORAGE,
    &storage::COMPACTION,
];

/// Types of extensions, both dialects.
const KINDS: [&str; 9] = [
    "health_check",
    "spanyard",
    "basicauth",
    "basic_auth",
    "bearertokenauth",
    "bearer_token_auth",
    "headers_setter",
    "file_storage",
    "memory_limiter",
];

/// Threads that may be configured; each holds listeners, queues and connections of its own.
const SHARDS_MAX: u64 = 1024;
/// How long SIGTERM waits where the file does not say.
const DRAIN: Duration = Duration::from_secs(10);

const HEALTH_CHECK: Table = Table {
    scope: "extensions.health_check",
    keys: &[
        key("endpoint", "host:port", "localhost:13133", "address to listen on"),
        key("path", "path", "/", "path that answers; `/`: every path"),
    ],
};
const SPANYARD: Table = Table {
    scope: "extensions.spanyard",
    keys: &[
        key("shards", "whole number", "0", "threads that carry data; 0: one for each core"),
        key("pin", "boolean", "true", "bind each thread to one core"),
        key("drain_timeout", "duration", "10s", "how long SIGTERM waits for queues to empty"),
    ],
};

/// A decoded extension.
#[derive(Debug)]
pub(super) enum Extension {
    Health(Health, Listen),
    Runtime(RuntimePlan),
    Auth(Authenticator),
    /// Accepted without effect; where that matters, a warning has been recorded.
    Ignored,
}

/// Threads and drain where the file says nothing.
pub(super) const fn default_runtime() -> RuntimePlan {
    RuntimePlan { shards: 0, pin: true, drain_timeout: DRAIN }
}

/// Decodes one extension; `None` when its type is unknown or something in it is wrong.
pub(super) fn decode(component: &Component<'_>, host: &HostFacts) -> Option<Extension> {
    let field = &component.field;
    match component.id.kind() {
        "health_check" => health_check(field),
        "spanyard" => spanyard(field).map(Extension::Runtime),
        "basicauth" | "basic_auth" => auth::basic(field).map(Extension::Auth),
        "bearertokenauth" | "bearer_token_auth" => auth::bearer(field).map(Extension::Auth),
        "headers_setter" => auth::setter(field).map(Extension::Auth),
        "file_storage" => storage::file_storage(field).map(|()| Extension::Ignored),
        "memory_limiter" => {
            let _read = processors::memory_limiter(field, host)?;
            let fault = Fault::new(Code::Ignored, "the `memory_limiter` extension has no effect");
            let hint = "`middlewares` are not supported yet: use the processor `memory_limiter`";
            field.report.warning(field.key, &field.path, fault.hint(hint));
            Some(Extension::Ignored)
        }
        kind => {
            if let Some(reason) = unsupported::ignored_extension(kind) {
                let fault = Fault::new(Code::Ignored, format!("`{kind}` is ignored"));
                field.report.warning(field.key, &field.path, fault.hint(reason));
                return Some(Extension::Ignored);
            }
            component.unknown_type("extensions", &KINDS);
            None
        }
    }
}

fn health_check(field: &Field<'_>) -> Option<Extension> {
    let section = field.section(&HEALTH_CHECK)?;
    let listen = listen::endpoint(&section, 13133);
    let path = match section.get("path") {
        None => "/".to_owned(),
        Some(field) => {
            let path = field.text()?;
            if !path.starts_with('/') {
                field.bad_value("not a path", "a path that begins with /");
            }
            path
        }
    };
    let listen = listen?;
    Some(Extension::Health(Health { endpoint: listen.address, path }, listen))
}

fn spanyard(field: &Field<'_>) -> Option<RuntimePlan> {
    let section = field.section(&SPANYARD)?;
    let shards = section.whole("shards", 0, 0, SHARDS_MAX);
    Some(RuntimePlan {
        shards: usize::try_from(shards).unwrap_or(0),
        pin: section.boolean("pin", true),
        drain_timeout: section.duration("drain_timeout", DRAIN),
    })
}
