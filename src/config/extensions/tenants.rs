//! `tenant_limits` of our extension: what one tenant may send.

use http::HeaderName;

use crate::config::decode::Field;
use crate::config::keys::{Table, key};
use crate::config::plan::{Quota, TenantKey, TenantLimits};
use crate::config::problems::Code;
use crate::config::report::Fault;

pub(super) const LIMITS: Table = Table {
    scope: "extensions.spanyard.tenant_limits",
    keys: &[
        key("enabled", "boolean", "true", "false: no limits"),
        key("header", "header", "", "the request's header that names its tenant"),
        key("resource_attribute", "text", "", "instead of it, an attribute of each resource"),
        key("default", "mapping", "no limit", "for each tenant without a row"),
        key("tenants", "mapping", "", "rows by tenant: a mapping like `default` for each"),
    ],
};
/// One quota; a row of `tenants` has the same keys.
pub(super) const QUOTA: Table = Table {
    scope: "extensions.spanyard.tenant_limits.default",
    keys: &[
        key("items_per_second", "whole number", "required", "spans, data points and log records"),
        key("burst", "whole number", "one second's", "how many may come at once"),
    ],
};

/// Most items a second, and most at once: beyond it a bucket counts in less than a nanosecond, or
/// for longer than a clock of nanoseconds runs.
const ITEMS_MAX: u64 = 1_000_000_000;

pub(super) fn decode(field: &Field<'_>) -> Option<TenantLimits> {
    let section = field.optional_section(&LIMITS)?;
    let key = match (section.get("header"), section.get("resource_attribute")) {
        (Some(field), None) => header(&field),
        (None, Some(field)) => attribute(&field),
        (Some(_), Some(second)) => {
            let message = "`header` and `resource_attribute` exclude each other";
            let fault = Fault::new(Code::Conflict, message);
            second.report.error(second.key, &second.path, fault);
            None
        }
        (None, None) => {
            let fault = Fault::new(Code::Missing, "nothing names the tenant");
            section.error(fault.expected("`header` or `resource_attribute`"));
            None
        }
    };
    let default = section.get("default");
    let rows = section.get("tenants").and_then(|field| field.children()).unwrap_or_default();
    if default.is_none() && rows.is_empty() {
        let fault = Fault::new(Code::Missing, "no limit is given");
        section.error(fault.expected("`default`, or a row in `tenants`"));
        return None;
    }
    let default = default.and_then(|field| quota(&field));
    let row = |(name, field): &(&str, Field<'_>)| Some(((*name).to_owned(), quota(field)?));
    let mut tenants: Vec<(String, Quota)> = rows.iter().filter_map(row).collect();
    tenants.sort_by(|(a, _), (b, _)| a.cmp(b));
    Some(TenantLimits { key: key?, default, tenants })
}

fn header(field: &Field<'_>) -> Option<TenantKey> {
    let name = HeaderName::from_bytes(field.text()?.as_bytes());
    if name.is_err() {
        field.bad_value("no header name", "the name of a header");
    }
    name.ok().map(TenantKey::Header)
}

fn attribute(field: &Field<'_>) -> Option<TenantKey> {
    let name = field.text()?;
    if name.is_empty() {
        field.bad_value("no attribute", "the key of an attribute");
        return None;
    }
    Some(TenantKey::Attribute(name))
}

fn quota(field: &Field<'_>) -> Option<Quota> {
    let section = field.section(&QUOTA)?;
    let rate = section.required("items_per_second").and_then(|field| field.whole(1, ITEMS_MAX));
    let burst = section.get("burst").map(|field| field.whole(1, ITEMS_MAX));
    let rate = rate?;
    Some(Quota { rate, burst: burst.unwrap_or(Some(rate))? })
}
