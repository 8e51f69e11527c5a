//! `auth` of a receiver: which extension says who may send.
//!
//! An authenticator that is named and cannot be had never means that everyone may send: it is a
//! problem of the file, and compiling such settings fails.

use crate::config::Settings;
use crate::config::auth::{self, Side};
use crate::config::decode::{Field, Section};
use crate::config::document::Document;
use crate::config::extensions::Extension;
use crate::config::keys::{Table, key};
use crate::config::plan::{Address, Authenticator, GrpcIngest, HttpIngest};
use crate::config::problems::Code;
use crate::config::report::{Fault, Report};
use crate::config::service::Reference;

use super::Receiver;

pub(in crate::config) const GRPC: Table = Table {
    scope: "receivers.otlp.protocols.grpc.auth",
    keys: &[
        key("enabled", "boolean", "true", "false: everyone may send"),
        key("authenticator", "extension", "required", "who says which clients may send"),
    ],
};
pub(in crate::config) const HTTP: Table =
    Table { scope: "receivers.otlp.protocols.http.auth", keys: GRPC.keys };

/// Reads `auth` of a protocol.
pub(super) fn decode(protocol: &Section<'_>, table: &'static Table) -> Option<Reference> {
    let section = protocol.get("auth")?.optional_section(table)?;
    let authenticator: Field<'_> = section.required("authenticator")?;
    auth::reference(&authenticator)
}

/// The protocols of a receiver, each with its authenticator; `Err`: one is not there.
pub(in crate::config) fn applied(
    settings: &Settings,
    receiver: &Receiver,
) -> Result<(Option<GrpcIngest>, Option<HttpIngest>), String> {
    let (mut grpc, mut http) = (receiver.grpc.clone(), receiver.http.clone());
    if let Some(grpc) = &mut grpc {
        grpc.auth = authenticator(settings, receiver.grpc_auth.as_ref())?;
    }
    if let Some(http) = &mut http {
        http.auth = authenticator(settings, receiver.http_auth.as_ref())?;
    }
    Ok((grpc, http))
}

fn authenticator(
    settings: &Settings,
    reference: Option<&Reference>,
) -> Result<Option<Authenticator>, String> {
    let Some(Reference { id, .. }) = reference else { return Ok(None) };
    match settings.extensions.get(id) {
        Some(Extension::Auth(found)) if settings.starts(id) && found.admits.is_some() => {
            Ok(found.admits.clone())
        }
        _ => Err(format!("`{id}` lets nobody in")),
    }
}

/// Whether only this machine reaches an address.
fn is_local(address: &Address) -> bool {
    match address {
        Address::Tcp(address) => address.ip().is_loopback(),
        Address::Unix(_) => true,
    }
}

/// Checks what every `auth` refers to, and that what asks for passwords is asked.
pub(in crate::config) fn check(document: &Document<'_>, settings: &Settings, report: &Report<'_>) {
    for (id, receiver) in &settings.receivers {
        let used = settings.service.uses(|pipeline| &pipeline.receivers, id);
        let grpc =
            receiver.grpc.as_ref().map(|grpc| (is_local(&grpc.endpoint), grpc.tls.is_some()));
        let http =
            receiver.http.as_ref().map(|http| (is_local(&http.endpoint), http.tls.is_some()));
        for (reference, side) in [(&receiver.grpc_auth, grpc), (&receiver.http_auth, http)] {
            let Some(reference) = reference else { continue };
            let found = auth::check(reference, Side::Receiver, document, settings, used, report);
            let open = side.is_some_and(|(local, tls)| !tls && !local);
            if found && open {
                let fault = Fault::new(Code::Surprising, "credentials arrive without TLS");
                let hint = "anyone on the way can read them: set `tls`, or listen on localhost";
                report.warning(reference.mark, &reference.path, fault.hint(hint));
            }
        }
    }
    for component in document.extensions.iter() {
        let id = &component.id;
        let Some(Extension::Auth(authenticator)) = settings.extensions.get(id) else { continue };
        let asked = settings.receivers.values().any(|receiver| {
            let named = [&receiver.grpc_auth, &receiver.http_auth];
            named.into_iter().flatten().any(|reference| reference.id == *id)
        });
        if settings.starts(id) && authenticator.steps.is_empty() && !asked {
            let fault = Fault::new(Code::Surprising, "no receiver asks for these passwords");
            let hint = format!("auth: {{authenticator: {id}}} in a protocol of a receiver");
            let field = &component.field;
            report.warning(field.key, &field.path, fault.hint(hint));
        }
    }
}
