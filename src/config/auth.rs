//! What `auth` and `additional_auth` refer to: an extension that exists, starts, and is an
//! authenticator of the side that names it.

use super::Settings;
use super::decode::Field;
use super::document::Document;
use super::extensions::Extension;
use super::id::Id;
use super::problems::Code;
use super::report::{Fault, Report};
use super::service::Reference;
use super::suggest::did_you_mean;

/// Who names an authenticator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// It signs requests.
    Exporter,
    /// It says whose requests are taken.
    Receiver,
}

/// The id of an extension.
pub(super) fn reference(field: &Field<'_>) -> Option<Reference> {
    match Id::parse(&field.text()?) {
        Ok(id) => Some(Reference { id, mark: field.mark(), path: field.path.clone() }),
        Err(expected) => {
            field.bad_value("no id", expected);
            None
        }
    }
}

/// Whether a reference leads to an authenticator of that side which starts; says what is wrong, as
/// a warning where nothing uses it.
pub(super) fn check(
    reference: &Reference,
    side: Side,
    document: &Document<'_>,
    settings: &Settings,
    used: bool,
    report: &Report<'_>,
) -> bool {
    let Reference { id, mark, path } = reference;
    let say = |fault| {
        if used { report.error(*mark, path, fault) } else { report.warning(*mark, path, fault) }
    };
    if document.extensions.get(id).is_none() {
        let names = document.extensions.iter().map(|component| component.id.as_str());
        let hint = did_you_mean(id.as_str(), names);
        let message = format!("no extension `{id}` is defined");
        say(Fault::new(Code::UnknownReference, message).maybe_hint(hint));
        return false;
    }
    if !settings.starts(id) {
        let message = format!("`{id}` is not listed in service.extensions: it does not start");
        let hint = format!("add `{id}` to service.extensions");
        say(Fault::new(Code::UnknownReference, message).hint(hint));
        return false;
    }
    let found = match settings.extensions.get(id) {
        // Absent: what is wrong with it has been said where it stands.
        None => return false,
        Some(Extension::Auth(found)) => found,
        Some(_) => {
            say(Fault::new(Code::Conflict, format!("`{id}` is no authenticator")));
            return false;
        }
    };
    match side {
        Side::Exporter if found.steps.is_empty() => {
            let message = format!("`{id}` is for receivers: it has no `client_auth`");
            say(Fault::new(Code::Conflict, message));
            false
        }
        Side::Receiver if found.admits.is_none() => {
            let message = format!("`{id}` is for exporters: it asks clients for nothing");
            let fault = Fault::new(Code::Conflict, message);
            say(fault.expected("`basicauth` with `htpasswd`, or `bearertokenauth`"));
            false
        }
        Side::Exporter | Side::Receiver => true,
    }
}
