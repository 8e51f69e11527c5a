//! What the Collector knows and this program does not: one table for keys, one for components.
//!
//! A key or component in here is refused with its place and the words "not supported yet", or is
//! accepted with a located warning because it means nothing here. Never silence. A row leaves this
//! file when its feature arrives.

mod table;

use super::keys::row;
use table::{KEYS, NO_GO};

/// What happens to a key that is known and not read.
#[derive(Debug)]
pub(super) enum Verdict {
    /// An error; the text says what to do instead, if there is anything.
    NotYet(&'static str),
    /// An error unless the value is one of these, which ask for what is done anyway.
    NotYetUnless(&'static [&'static str], &'static str),
    /// A warning; the text says why nothing is lost.
    Ignored(&'static str),
    /// An error that names the key's present name.
    Renamed(&'static str),
}

/// Component types by section that exist elsewhere and not here.
const COMPONENTS: &[(&str, &[&str])] = &[
    (
        "receivers",
        &[
            "jaeger",
            "zipkin",
            "kafka",
            "prometheus",
            "hostmetrics",
            "filelog",
            "opencensus",
            "statsd",
            "k8s_cluster",
            "k8s_events",
            "kubeletstats",
            "docker_stats",
            "fluentforward",
            "syslog",
            "nop",
        ],
    ),
    (
        "processors",
        &[
            "filter",
            "transform",
            "redaction",
            "span",
            "groupbyattrs",
            "groupbytrace",
            "k8sattributes",
            "k8s_attributes",
            "resourcedetection",
            "resource_detection",
            "probabilistic_sampler",
            "tail_sampling",
            "cumulativetodelta",
            "deltatorate",
            "metricstransform",
            "queuebatch",
            "routing",
            "interval",
        ],
    ),
    (
        "exporters",
        &[
            "loadbalancing",
            "load_balancing",
            "file",
            "kafka",
            "zipkin",
            "prometheus",
            "prometheusremotewrite",
            "loki",
            "elasticsearch",
            "datadog",
            "awsxray",
            "googlecloud",
            "splunk_hec",
            "opensearch",
            "clickhouse",
        ],
    ),
    (
        "connectors",
        &[
            "failover",
            "spanmetrics",
            "span_metrics",
            "servicegraph",
            "count",
            "sum",
            "roundrobin",
            "exceptions",
            "signaltometrics",
            "signal_to_metrics",
            "otlpjson",
        ],
    ),
    (
        "extensions",
        &[
            "oidc",
            "oauth2client",
            "jaegerremotesampling",
            "k8s_observer",
            "opamp",
            "health_check_v2",
            "healthcheckv2",
            "sigv4auth",
        ],
    ),
];

/// Extensions that are accepted and do nothing, and why that is harmless.
const IGNORED_EXTENSIONS: &[(&str, &str)] = &[
    ("zpages", "there are no zPages; see the metrics page"),
    ("pprof", "there is no Go profile to serve"),
    ("memory_ballast", NO_GO),
    ("memory_limiter", "`middlewares` are not supported yet: use the processor `memory_limiter`"),
];

/// The verdict on a key that its table does not have.
pub(super) fn verdict(scope: &str, key: &str) -> Option<&'static Verdict> {
    let found = KEYS.iter().find(|(at, name, _)| *at == scope && *name == key);
    found.map(|(_, _, verdict)| verdict)
}

/// Keys of a scope that are known and not read.
pub(super) fn keys_of(scope: &str) -> impl Iterator<Item = &'static str> {
    let scope = scope.to_owned();
    KEYS.iter().filter(move |(at, _, _)| *at == scope).map(|(_, name, _)| *name)
}

/// Component types of a section that are known and not done.
pub(super) fn components_of(section: &str) -> &'static [&'static str] {
    COMPONENTS.iter().find(|(name, _)| *name == section).map_or(&[], |(_, kinds)| *kinds)
}

/// Extension types that are accepted and do nothing.
pub(super) fn ignored_extensions() -> impl Iterator<Item = &'static str> {
    IGNORED_EXTENSIONS.iter().map(|(kind, _)| *kind)
}

/// Why an extension has no effect; `None` for one that has, or that is not known.
pub(super) fn ignored_extension(kind: &str) -> Option<&'static str> {
    IGNORED_EXTENSIONS.iter().find(|(name, _)| *name == kind).map(|(_, reason)| *reason)
}

/// The two tables as Markdown.
pub(super) fn reference() -> String {
    let mut out = String::from("## Keys that are not supported yet, or ignored\n\n");
    row(&mut out, &["key", "verdict", "why, or what to do"]);
    row(&mut out, &["---", "---", "---"]);
    for (scope, key, verdict) in KEYS {
        let (word, reason) = match verdict {
            Verdict::NotYet(reason) => ("not supported yet".to_owned(), (*reason).to_owned()),
            Verdict::NotYetUnless(values, reason) => {
                let accepted: Vec<String> = values.iter().map(|v| format!("`{v:?}`")).collect();
                let accepted = accepted.join(", ").replace(['"'], "");
                (format!("not supported yet, except {accepted}"), (*reason).to_owned())
            }
            Verdict::Ignored(reason) => {
                ("ignored, with a warning".to_owned(), (*reason).to_owned())
            }
            Verdict::Renamed(name) => ("refused".to_owned(), format!("use `{name}`")),
        };
        row(&mut out, &[&format!("`{scope}.{key}`"), &word, &reason]);
    }
    out.push_str("\n## Components that are not supported yet, or ignored\n\n");
    row(&mut out, &["section", "types", "verdict"]);
    row(&mut out, &["---", "---", "---"]);
    for (section, kinds) in COMPONENTS {
        row(&mut out, &[section, &kinds.join(", "), "not supported yet"]);
    }
    for (kind, reason) in IGNORED_EXTENSIONS {
        row(&mut out, &["extensions", kind, &format!("ignored, with a warning: {reason}")]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{COMPONENTS, IGNORED_EXTENSIONS, table::KEYS};
    use crate::config::keys::tables;

    /// A row for a scope that no table has, or for a key that is read, would never be asked.
    #[test]
    fn every_row_belongs_to_a_table_that_lacks_its_key() {
        for (scope, key, _) in KEYS {
            let table = tables().into_iter().find(|table| table.scope == *scope);
            let table = table.unwrap_or_else(|| panic!("no table {scope}"));
            assert!(!table.has(key), "{scope}.{key} is read");
            let same = KEYS.iter().filter(|(s, k, _)| (s, k) == (scope, key));
            assert_eq!(same.count(), 1, "{scope}.{key} has one row");
        }
        assert!(COMPONENTS.iter().all(|(_, kinds)| !kinds.is_empty()));
        assert!(!IGNORED_EXTENSIONS.is_empty());
    }
}
