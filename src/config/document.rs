//! The file as a whole: its sections, and the components that each defines.

use std::collections::BTreeMap;

use super::decode::{Field, Section};
use super::id::Id;
use super::keys::{Table, key};
use super::problems::Code;
use super::report::{Fault, Report};
use super::suggest::did_you_mean;
use super::unsupported;
use super::yaml::Node;

pub(super) const TOP: Table = Table {
    scope: "",
    keys: &[
        key("receivers", "mapping", "required", "what takes requests in"),
        key("processors", "mapping", "", "what changes, delays or refuses them"),
        key("exporters", "mapping", "required", "where they go"),
        key("connectors", "mapping", "", "what joins pipelines"),
        key("extensions", "mapping", "", "what stands beside the pipelines"),
        key("service", "mapping", "required", "what of all this is used, and how"),
    ],
};

/// A component as the file defines it.
#[derive(Debug)]
pub(super) struct Component<'a> {
    pub(super) id: Id,
    pub(super) field: Field<'a>,
}

impl Component<'_> {
    /// Records that the type does not exist, or not here yet.
    pub(super) fn unknown_type(&self, section: &str, known: &[&'static str]) {
        let Field { report, path, key, .. } = &self.field;
        let kind = self.id.kind();
        let later = unsupported::components_of(section);
        if later.contains(&kind) {
            let noun = section.strip_suffix('s').unwrap_or(section);
            report.not_supported(*key, path, &format!("the {noun} type `{kind}`"), "");
            return;
        }
        let fault = Fault::new(Code::UnknownType, format!("unknown type `{kind}`"));
        let names = known.iter().chain(later).copied();
        let hint = did_you_mean(kind, names)
            .unwrap_or_else(|| format!("known here: {}", known.join(", ")));
        report.error(*key, path, fault.hint(hint));
    }
}

/// Components of one section, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Components<'a> {
    list: Vec<Component<'a>>,
}

impl<'a> Components<'a> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Component<'a>> {
        self.list.iter()
    }

    pub(super) fn get(&self, id: &Id) -> Option<&Component<'a>> {
        self.list.iter().find(|component| component.id == *id)
    }

    /// Decodes every component; one that is not `used` is held to what matters only.
    pub(super) fn decode<T>(
        &self,
        used: impl Fn(&Id) -> bool,
        decode: impl Fn(&Component<'a>) -> Option<T>,
    ) -> BTreeMap<Id, T> {
        let mut out = BTreeMap::new();
        for component in &self.list {
            component.field.report.set_unused(!used(&component.id));
            if let Some(decoded) = decode(component) {
                let _ = out.insert(component.id.clone(), decoded);
            }
            component.field.report.set_unused(false);
        }
        out
    }
}

/// The sections of a file.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) receivers: Components<'a>,
    pub(super) processors: Components<'a>,
    pub(super) exporters: Components<'a>,
    pub(super) connectors: Components<'a>,
    pub(super) extensions: Components<'a>,
    pub(super) service: Option<Field<'a>>,
}

impl<'a> Document<'a> {
    /// Splits a file into its sections; `None` when it is no mapping.
    pub(super) fn open(root: &'a Node, report: &'a Report<'a>) -> Option<Self> {
        let field = Field::new(report, String::new(), root.mark, root);
        if root.is_null() {
            let fault = Fault::new(Code::Missing, "the configuration is empty");
            field.error(fault.expected("receivers, exporters and service"));
            return None;
        }
        let top = field.section(&TOP)?;
        let document = Self {
            receivers: components(&top, "receivers"),
            processors: components(&top, "processors"),
            exporters: components(&top, "exporters"),
            connectors: components(&top, "connectors"),
            extensions: components(&top, "extensions"),
            service: top.required("service"),
        };
        for (name, section) in
            [("receivers", &document.receivers), ("exporters", &document.exporters)]
        {
            if section.list.is_empty() && (top.get(name).is_none() || top.is_empty_map(name)) {
                let message = format!("`{name}` must define at least one component");
                top.error(Fault::new(Code::Missing, message));
            }
        }
        Some(document)
    }
}

fn components<'a>(top: &Section<'a>, name: &str) -> Components<'a> {
    let mut list: Vec<Component<'a>> = Vec::new();
    let children = top.get(name).and_then(|field| field.children()).unwrap_or_default();
    for (text, field) in children {
        match Id::parse(text) {
            Err(expected) => {
                let message = format!("`{}` is no component id", text.escape_debug());
                let fault = Fault::new(Code::BadValue, message).expected(expected);
                field.report.error(field.key, &field.path, fault);
            }
            Ok(id) if list.iter().any(|known| known.id == id) => {
                let message = format!("`{id}` is already defined");
                let fault = Fault::new(Code::DuplicateKey, message);
                field.report.error(field.key, &field.path, fault);
            }
            Ok(id) => list.push(Component { id, field }),
        }
    }
    Components { list }
}
