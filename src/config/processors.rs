//! `processors`: `memory_limiter`, `batch`, `resource`, `attributes`.

mod actions;
mod attributes;
mod resource;
mod select;
mod value;

use std::collections::BTreeSet;
use std::time::Duration;

use super::HostFacts;
use super::decode::{Field, Section};
use super::document::Component;
use super::keys::{Table, key};
use super::plan::{Batching, Sizer};
use super::problems::Code;
use super::report::{Fault, Mark};
use crate::units::MIB;
pub(super) use actions::Draft;
pub(super) use attributes::Attributes;
pub(super) use select::Block;

pub(super) const TABLES: [&[&Table]; 2] = [
    &[
        &MEMORY_LIMITER,
        &BATCH,
        &resource::RESOURCE,
        &resource::ACTION,
        &attributes::ATTRIBUTES,
        &attributes::ACTION,
    ],
    &select::TABLES,
];

const MEMORY_LIMITER: Table = Table {
    scope: "processors.memory_limiter",
    keys: &[
        key("check_interval", "duration", "required", "must be positive; bytes are counted always"),
        key("limit_mib", "MiB", "", "bytes that may be held in all; goes before the percentage"),
        key("spike_limit_mib", "MiB", "20 % of the limit", "refuse above limit minus this"),
        key("limit_percentage", "0 to 100", "", "the limit as a share of the cgroup's memory"),
        key("spike_limit_percentage", "0 to 100", "20 % of the limit", "the same for the spike"),
    ],
};
const BATCH: Table = Table {
    scope: "processors.batch",
    keys: &[
        key("timeout", "duration", "200ms", "longest wait; 0 sends at once"),
        key("send_batch_size", "items", "8192", "send as soon as this many wait"),
        key("send_batch_max_size", "items", "0", "largest batch; 0: no limit"),
        key("metadata_keys", "list of text", "[]", "requests that differ in these are not merged"),
    ],
};

/// A decoded processor.
#[derive(Debug)]
pub(super) enum Processor {
    Limiter(Limiter),
    Batch(Batching),
    Resource(Vec<Draft>),
    Attributes(Box<Attributes>),
}

/// `memory_limiter` in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limiter {
    pub(super) limit: usize,
    /// `limit - spike`.
    pub(super) soft: usize,
}

/// Decodes one processor; `None` when its type is unknown or something in it is wrong.
pub(super) fn decode(component: &Component<'_>, host: &HostFacts) -> Option<Processor> {
    let field = &component.field;
    match component.id.kind() {
        "memory_limiter" => memory_limiter(field, host).map(Processor::Limiter),
        "batch" => batch(field).map(Processor::Batch),
        "resource" => resource::decode(field).map(Processor::Resource),
        "attributes" => {
            attributes::decode(field).map(|decoded| Processor::Attributes(Box::new(decoded)))
        }
        _ => {
            let known = ["memory_limiter", "batch", "resource", "attributes"];
            component.unknown_type("processors", &known);
            None
        }
    }
}

fn memory_limiter(field: &Field<'_>, host: &HostFacts) -> Option<Limiter> {
    let section = field.section(&MEMORY_LIMITER)?;
    if let Some(field) = section.required("check_interval")
        && field.duration().is_some_and(|interval| interval.is_zero())
    {
        field.bad_value("must be positive", "a duration such as 1s");
    }
    let mib =
        |key| Some(section.get(key)?.whole(0, u64::from(u32::MAX))?.saturating_mul(MIB as u64));
    let percent = |key| {
        let share = u128::from(section.get(key)?.whole(0, 100)?);
        u64::try_from(share.saturating_mul(u128::from(host.memory_bytes)) / 100).ok()
    };
    let (fixed, share) = (mib("limit_mib"), percent("limit_percentage"));
    let refused = |key, value: Option<u64>| section.get(key).is_some() && value.is_none();
    if refused("limit_mib", fixed) || refused("limit_percentage", share) {
        return None;
    }
    let (limit, spike, spike_key, idle) = match (fixed, share) {
        (Some(limit), _) if limit > 0 => {
            let idle = ["limit_percentage", "spike_limit_percentage"];
            (limit, mib("spike_limit_mib"), "spike_limit_mib", idle)
        }
        (_, Some(limit)) if limit > 0 => {
            let key = "spike_limit_percentage";
            (limit, percent(key), key, ["limit_mib", "spike_limit_mib"])
        }
        _ => {
            let fault = Fault::new(Code::Missing, "no limit is set");
            section.error(fault.expected("`limit_mib` or `limit_percentage` above 0"));
            return None;
        }
    };
    for field in idle.into_iter().filter_map(|key| section.get(key)) {
        let fault = Fault::new(Code::Ignored, "no effect beside the limit that is set");
        field.warning(fault.hint("`limit_mib` goes before `limit_percentage`"));
    }
    let spike = spike.unwrap_or(0);
    if spike >= limit {
        let mark = section.mark_of(spike_key);
        let fault = Fault::new(Code::Conflict, "the spike limit must be below the limit");
        field.report.error(mark, &section.path, fault);
        return None;
    }
    let spike = if spike == 0 { limit / 5 } else { spike };
    let bytes = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
    Some(Limiter { limit: bytes(limit), soft: bytes(limit.saturating_sub(spike)) })
}

fn batch(field: &Field<'_>) -> Option<Batching> {
    let section = field.section(&BATCH)?;
    let whole = |key, default| section.whole(key, default, 0, u64::from(u32::MAX));
    let size_min = whole("send_batch_size", 8192);
    let size_max = whole("send_batch_max_size", 0);
    check_sizes(&section, size_min, size_max, "send_batch_max_size", "send_batch_size");
    Some(Batching {
        delay_max: section.duration("timeout", Duration::from_millis(200)),
        size_min,
        size_max,
        sizer: Sizer::Items,
        metadata_keys: metadata_keys(&section),
    })
}

/// Reports a largest size that is below the size that triggers sending.
pub(super) fn check_sizes(section: &Section<'_>, min: u64, max: u64, max_key: &str, min_key: &str) {
    if max > 0 && max < min {
        let fault = Fault::new(Code::Conflict, format!("must not be below `{min_key}`"))
            .expected(format!("at least {min}"))
            .found(max.to_string());
        let (mark, path): (Mark, _) = section
            .get(max_key)
            .map_or_else(|| (section.key, section.path.clone()), |f| (f.mark(), f.path));
        section.report.error(mark, &path, fault);
    }
}

/// `metadata_keys` in lower case; a key twice is a problem.
pub(super) fn metadata_keys(section: &Section<'_>) -> Vec<String> {
    let listed = section.get("metadata_keys").and_then(|field| field.texts()).unwrap_or_default();
    let mut seen = BTreeSet::new();
    let mut keys = Vec::new();
    for (text, field) in listed {
        let key = text.trim().to_lowercase();
        if key.is_empty() {
            field.bad_value("an empty header name", "the name of a request header");
        } else if seen.insert(key.clone()) {
            keys.push(key);
        } else {
            let message = format!("`{key}` is listed twice (case does not matter)");
            field.error(Fault::new(Code::Conflict, message));
        }
    }
    keys
}

#[cfg(test)]
mod tests;
