//! `extensions`: `health_check`, authenticators, and our own `spanyard` for threads, drain, the
//! admin port and what a tenant may send.

mod auth;
mod health;
mod runtime;
mod storage;
mod tenants;

use super::HostFacts;
use super::document::Component;
use super::keys::Table;
use super::listen::Listen;
use super::plan::Health;
use super::problems::Code;
use super::processors;
use super::report::Fault;
use super::unsupported;
pub(super) use auth::Authenticator;
pub(super) use runtime::Runtime;

pub(super) const TABLES: [&Table; 18] = [
    &health::HEALTH_CHECK,
    &health::RESPONSE_BODY,
    &health::HTTP,
    &health::STATUS,
    &health::CONFIG,
    &health::COMPONENT_HEALTH,
    &runtime::SPANYARD,
    &runtime::ADMIN,
    &tenants::LIMITS,
    &tenants::QUOTA,
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

/// A decoded extension.
#[derive(Debug)]
pub(super) enum Extension {
    Health(Health, Listen),
    Runtime(Runtime),
    Auth(Authenticator),
    /// Accepted without effect; where that matters, a warning has been recorded.
    Ignored,
}

impl Extension {
    /// The address that it wants for itself, where the file asks for one.
    pub(super) fn listen(&self) -> Option<&Listen> {
        match self {
            Self::Health(_, listen) => Some(listen),
            Self::Runtime(runtime) => runtime.listen.as_ref(),
            Self::Auth(_) | Self::Ignored => None,
        }
    }
}

/// Decodes one extension; `None` when its type is unknown or something in it is wrong.
pub(super) fn decode(component: &Component<'_>, host: &HostFacts) -> Option<Extension> {
    let field = &component.field;
    match component.id.kind() {
        "health_check" => health::decode(field),
        "spanyard" => runtime::decode(field).map(Extension::Runtime),
        "basicauth" | "basic_auth" => auth::basic(field).map(Extension::Auth),
        "bearertokenauth" | "bearer_token_auth" => auth::bearer(field).map(Extension::Auth),
        "headers_setter" => auth::setter(field).map(Extension::Auth),
        "file_storage" => storage::file_storage(field).map(|()| Extension::Ignored),
        "memory_limiter" => {
            let idle = ignored(component);
            processors::memory_limiter(field, host).and(idle)
        }
        _ => ignored(component).or_else(|| {
            component.unknown_type("extensions", &KINDS);
            None
        }),
    }
}

/// Warns of an extension that has no effect; `None` for one that is not known to have none.
fn ignored(component: &Component<'_>) -> Option<Extension> {
    let (kind, field) = (component.id.kind(), &component.field);
    let reason = unsupported::ignored_extension(kind)?;
    let fault = Fault::new(Code::Ignored, format!("`{kind}` is ignored"));
    field.report.warning(field.key, &field.path, fault.hint(reason));
    Some(Extension::Ignored)
}

#[cfg(test)]
mod tests;
