//! `health_check`: one page for probes, or with `use_v2` the status of every pipeline.

use std::time::Duration;

use super::Extension;
use crate::config::decode::{Field, Section};
use crate::config::keys::{Table, key};
use crate::config::listen;
use crate::config::plan::{Health, HealthBody, HealthForm, StatusPage};
use crate::config::problems::Code;
use crate::config::report::Fault;

/// Port of the health page where the file names none.
const PORT: u16 = 13133;

pub(super) const HEALTH_CHECK: Table = Table {
    scope: "extensions.health_check",
    keys: &[
        key("endpoint", "host:port", "localhost:13133", "address to listen on"),
        key("path", "path", "/", "path that answers; `/`: every path"),
        key("response_body", "mapping", "", "bodies to answer with instead of JSON"),
        key("use_v2", "boolean", "false", "read `http` and `component_health` instead"),
        key("http", "mapping", "", "with `use_v2`: the status of the gateway and its pipelines"),
        key("component_health", "mapping", "", "with `use_v2`: what counts as unhealthy"),
    ],
};
pub(super) const RESPONSE_BODY: Table = Table {
    scope: "extensions.health_check.response_body",
    keys: &[
        key("healthy", "text", "", "sent with 200, as it stands"),
        key("unhealthy", "text", "", "sent with 503, as it stands"),
    ],
};
pub(super) const HTTP: Table = Table {
    scope: "extensions.health_check.http",
    keys: &[
        key("endpoint", "host:port", "localhost:13133", "address to listen on"),
        key("status", "mapping", "", "the status page"),
        key("config", "mapping", "", "the configuration page, which must be off"),
    ],
};
pub(super) const STATUS: Table = Table {
    scope: "extensions.health_check.http.status",
    keys: &[
        key("enabled", "boolean", "true", "whether there is one"),
        key("path", "path", "/status", "takes `?pipeline=ID` and `verbose`"),
    ],
};
pub(super) const CONFIG: Table = Table {
    scope: "extensions.health_check.http.config",
    keys: &[
        key("enabled", "boolean", "false", "`true` is not supported yet"),
        key("path", "path", "/config", "not used"),
    ],
};
pub(super) const COMPONENT_HEALTH: Table = Table {
    scope: "extensions.health_check.component_health",
    keys: &[
        key("include_permanent_errors", "boolean", "false", "without effect: there are none"),
        key(
            "include_recoverable_errors",
            "boolean",
            "false",
            "a dead backend is unhealthy after `recovery_duration`",
        ),
        key("recovery_duration", "duration", "0s", "how long a backend may be dead before that"),
    ],
};

/// Keys of the older form, which the newer one does not read.
const OLDER: [&str; 3] = ["endpoint", "path", "response_body"];

pub(super) fn decode(field: &Field<'_>) -> Option<Extension> {
    let section = field.section(&HEALTH_CHECK)?;
    if section.boolean("use_v2", false) {
        return newer(&section);
    }
    if let Some(http) = section.present("http") {
        let fault = Fault::new(Code::Conflict, "`http` without `use_v2: true`");
        http.report.error(http.key, &http.path, fault.hint("the Collector refuses it as well"));
    }
    if let Some(health) = section.get("component_health") {
        ignored(&health, "it belongs to `use_v2: true`");
        let _ = health.section(&COMPONENT_HEALTH);
    }
    let listen = listen::endpoint(&section, PORT);
    let path = path_of(&section, "/");
    let body = section.get("response_body").and_then(|field| {
        let section = field.section(&RESPONSE_BODY)?;
        let text = |key: &str| section.text(key).unwrap_or_default();
        Some(HealthBody { healthy: text("healthy"), unhealthy: text("unhealthy") })
    });
    let listen = listen?;
    let form = HealthForm::Page { path: path?, body };
    Some(Extension::Health(Health { endpoint: listen.address, form }, listen))
}

fn newer(section: &Section<'_>) -> Option<Extension> {
    for key in OLDER {
        if let Some(field) = section.get(key) {
            ignored(&field, "with `use_v2: true`, `http` is read instead");
        }
    }
    let recovery = section.get("component_health").and_then(|field| recovery(&field));
    let Some(http) = section.present("http") else {
        if !section.has_unsupported() {
            let fault = Fault::new(Code::Missing, "`use_v2: true` without a protocol");
            section.error(fault.expected("`http`"));
        }
        return None;
    };
    let http = http.section(&HTTP)?;
    let listen = listen::endpoint(&http, PORT);
    let path = match http.get("status") {
        None => Some("/status".to_owned()),
        Some(field) => {
            let status = field.section(&STATUS)?;
            let path = path_of(&status, "/status");
            if status.boolean("enabled", true) { Some(path?) } else { None }
        }
    };
    if let Some(config) = http.get("config").and_then(|field| field.section(&CONFIG)) {
        let _ = path_of(&config, "/config");
        if config.boolean("enabled", false)
            && let Some(enabled) = config.get("enabled")
        {
            enabled.not_supported("the configuration page", "it would show secrets");
        }
    }
    let listen = listen?;
    let form = HealthForm::Status(StatusPage { path, recovery });
    Some(Extension::Health(Health { endpoint: listen.address, form }, listen))
}

/// How long a backend may be dead and the gateway healthy; `None`: for ever.
fn recovery(field: &Field<'_>) -> Option<Duration> {
    let section = field.section(&COMPONENT_HEALTH)?;
    if section.boolean("include_permanent_errors", false)
        && let Some(field) = section.get("include_permanent_errors")
    {
        ignored(&field, "no part of the gateway fails for good while it runs");
    }
    let within = section.duration("recovery_duration", Duration::ZERO);
    section.boolean("include_recoverable_errors", false).then_some(within)
}

/// A path; `None` after recording why it is none.
fn path_of(section: &Section<'_>, default: &str) -> Option<String> {
    let Some(field) = section.get("path") else {
        return Some(default.to_owned());
    };
    let path = field.text()?;
    if !path.starts_with('/') {
        field.bad_value("not a path", "a path that begins with /");
    }
    Some(path)
}

fn ignored(field: &Field<'_>, reason: &str) {
    let name = field.path.rsplit('.').next().unwrap_or_default();
    let fault = Fault::new(Code::Ignored, format!("`{name}` is ignored"));
    field.report.warning(field.key, &field.path, fault.hint(reason));
}
