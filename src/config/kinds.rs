//! The component types of each section: what `components` lists and the JSON Schema knows.
//!
//! A type reads the keys of one table; an alias is another name of the same type. A test holds the
//! list against what the readers take.

use super::unsupported;

/// Sections of components, in the order of the Collector's list.
pub(super) const SECTIONS: [&str; 5] =
    ["receivers", "processors", "exporters", "connectors", "extensions"];

/// A component type that is built.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) section: &'static str,
    pub(super) name: &'static str,
    /// The type whose table it reads: its own name, unless it is an alias.
    pub(super) table: &'static str,
}

const fn kind(section: &'static str, name: &'static str) -> Kind {
    Kind { section, name, table: name }
}

const fn alias(section: &'static str, name: &'static str, table: &'static str) -> Kind {
    Kind { section, name, table }
}

/// Every type that is built.
pub(super) const KINDS: &[Kind] = &[
    kind("receivers", "otlp"),
    kind("processors", "memory_limiter"),
    kind("processors", "batch"),
    kind("processors", "resource"),
    kind("processors", "attributes"),
    kind("exporters", "otlp"),
    alias("exporters", "otlp_grpc", "otlp"),
    kind("exporters", "otlphttp"),
    alias("exporters", "otlp_http", "otlphttp"),
    kind("exporters", "debug"),
    alias("exporters", "logging", "debug"),
    kind("exporters", "nop"),
    kind("connectors", "routing"),
    kind("connectors", "forward"),
    kind("extensions", "health_check"),
    kind("extensions", "spanyard"),
    kind("extensions", "basicauth"),
    alias("extensions", "basic_auth", "basicauth"),
    kind("extensions", "bearertokenauth"),
    alias("extensions", "bearer_token_auth", "bearertokenauth"),
    kind("extensions", "headers_setter"),
    kind("extensions", "file_storage"),
];

/// The types of a section that are built.
pub(super) fn built(section: &str) -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(move |kind| kind.section == section)
}

/// The types of a section that are known and do nothing: refused, or accepted with a warning.
pub(super) fn idle(section: &str) -> Vec<&'static str> {
    let mut names = unsupported::components_of(section).to_vec();
    if section == "extensions" {
        names.extend(unsupported::ignored_extensions());
    }
    names.retain(|name| !built(section).any(|kind| kind.name == *name));
    names
}

/// What this program is made of, in the form of the Collector's `components`: YAML.
#[must_use]
pub fn components() -> String {
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    let mut out = format!(
        "buildinfo:\n    command: spanyard\n    description: {}\n    version: {VERSION}\n",
        env!("CARGO_PKG_DESCRIPTION")
    );
    for section in SECTIONS {
        out.push_str(section);
        out.push_str(":\n");
        for kind in built(section) {
            let name = kind.name;
            out.push_str(&format!("    - name: {name}\n      module: spanyard v{VERSION}\n"));
            out.push_str("      stability:\n");
            for what in carried(section) {
                out.push_str(&format!("        {what}: Alpha\n"));
            }
        }
    }
    out.push_str("providers:\n");
    for scheme in ["env", "file", "yaml"] {
        out.push_str(&format!("    - scheme: {scheme}\n      module: spanyard v{VERSION}\n"));
    }
    out
}

/// What a stability is said of.
fn carried(section: &str) -> &'static [&'static str] {
    match section {
        "connectors" => &["logs-to-logs", "metrics-to-metrics", "traces-to-traces"],
        "extensions" => &["extension"],
        _ => &["logs", "metrics", "traces"],
    }
}

#[cfg(test)]
mod tests {
    use super::{KINDS, SECTIONS, built, components, idle};
    use crate::config::keys::tables;
    use crate::config::{Code, fixture};

    /// What the reader says of a component of this type.
    fn codes(section: &str, kind: &str) -> Vec<Code> {
        let text = format!("{section}: {{{kind}: {{}}}}\n");
        let problems = match fixture::try_load(&text) {
            Ok(loaded) => loaded.warnings,
            Err(problems) => problems.into_vec(),
        };
        let path = format!("{section}.{kind}");
        problems.iter().filter(|p| p.path == path).map(|p| p.code).collect()
    }

    #[test]
    fn every_type_of_the_list_is_read_and_every_idle_one_is_not() {
        for kind in KINDS {
            let codes = codes(kind.section, kind.name);
            let refused = [Code::UnknownType, Code::NotSupported, Code::Ignored];
            assert!(!codes.iter().any(|code| refused.contains(code)), "{kind:?}: {codes:?}");
        }
        for section in SECTIONS {
            for name in idle(section) {
                let codes = codes(section, name);
                let known = [Code::NotSupported, Code::Ignored];
                assert!(codes.iter().any(|code| known.contains(code)), "{section} {name}");
            }
        }
    }

    #[test]
    fn every_table_of_a_component_belongs_to_a_type() {
        for table in tables() {
            let parts: Vec<&str> = table.scope.split('.').collect();
            if let [section, name] = parts.as_slice()
                && SECTIONS.contains(section)
                && *name != "*"
            {
                let known = built(section).any(|kind| kind.table == *name);
                assert!(known, "{} has no row in KINDS", table.scope);
            }
        }
    }

    #[test]
    fn the_list_of_components_is_yaml_that_names_every_type() {
        let text = components();
        for kind in KINDS {
            assert!(text.contains(&format!("    - name: {}\n", kind.name)), "{}", kind.name);
        }
        assert!(fixture::try_load(&text).is_err_and(|problems| {
            problems.as_slice().iter().all(|problem| problem.code != Code::Syntax)
        }));
    }
}
