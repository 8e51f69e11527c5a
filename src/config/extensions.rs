//! `extensions`: `health_check`, and our own `spanyard` for threads, drain and the admin port.

mod health;
mod runtime;

use super::document::Component;
use super::keys::Table;
use super::listen::Listen;
use super::plan::Health;
use super::problems::Code;
use super::report::Fault;
use super::unsupported;
pub(super) use runtime::Runtime;

pub(super) const TABLES: [&Table; 8] = [
    &health::HEALTH_CHECK,
    &health::RESPONSE_BODY,
    &health::HTTP,
    &health::STATUS,
    &health::CONFIG,
    &health::COMPONENT_HEALTH,
    &runtime::SPANYARD,
    &runtime::ADMIN,
];

/// A decoded extension.
#[derive(Debug)]
pub(super) enum Extension {
    Health(Health, Listen),
    Runtime(Runtime),
    /// Accepted without effect; the warning has been recorded.
    Ignored,
}

impl Extension {
    /// The address that it wants for itself, where the file asks for one.
    pub(super) fn listen(&self) -> Option<&Listen> {
        match self {
            Self::Health(_, listen) => Some(listen),
            Self::Runtime(runtime) => runtime.listen.as_ref(),
            Self::Ignored => None,
        }
    }
}

/// Decodes one extension; `None` when its type is unknown or something in it is wrong.
pub(super) fn decode(component: &Component<'_>) -> Option<Extension> {
    let field = &component.field;
    match component.id.kind() {
        "health_check" => health::decode(field),
        "spanyard" => runtime::decode(field).map(Extension::Runtime),
        kind => {
            if let Some(reason) = unsupported::ignored_extension(kind) {
                let fault = Fault::new(Code::Ignored, format!("`{kind}` is ignored"));
                field.report.warning(field.key, &field.path, fault.hint(reason));
                return Some(Extension::Ignored);
            }
            component.unknown_type("extensions", &["health_check", "spanyard"]);
            None
        }
    }
}

#[cfg(test)]
mod tests;
