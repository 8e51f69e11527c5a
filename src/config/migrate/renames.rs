//! Names that newer Collectors refuse, and what they are called now.

use crate::config::report::Mark;
use crate::config::yaml::{Entry, Node, Scalar, Value};

/// Old and present name of exporter types that were renamed and refused since.
const EXPORTERS: [(&str, &str); 1] = [("logging", "debug")];

/// What stands where, and what would stand there.
pub(super) fn renames(root: &Node) -> Vec<(Mark, String)> {
    let mut out = Vec::new();
    for (old, new) in EXPORTERS {
        for entry in entries(child(root, "exporters")) {
            let name = entry.key.strip_prefix(old).filter(|rest| is_end(rest));
            let Some(renamed) = name.map(|rest| format!("{new}{rest}")) else { continue };
            let taken = entries(child(root, "exporters")).iter().any(|e| e.key == renamed);
            if !taken && entry.mark.width == entry.key.chars().count() {
                out.push((entry.mark, renamed.clone()));
                out.extend(references(root, &entry.key).map(|mark| (mark, renamed.clone())));
            }
        }
    }
    out.extend(reader(root));
    out
}

fn is_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

/// Where pipelines name an exporter, written plainly.
fn references<'a>(root: &'a Node, id: &'a str) -> impl Iterator<Item = Mark> + 'a {
    let pipelines = child(root, "service").and_then(|service| child(service, "pipelines"));
    let lists = entries(pipelines).iter().filter_map(|entry| child(&entry.node, "exporters"));
    let items = lists.flat_map(|list| match &list.value {
        Value::List(items) => items.as_slice(),
        _ => &[],
    });
    items.filter(move |item| is_plain(item, id)).map(|item| item.mark)
}

fn is_plain(node: &Node, text: &str) -> bool {
    let plain = |scalar: &Scalar| scalar.lead == Some(0) && scalar.text == text;
    node.origin.is_none() && matches!(&node.value, Value::Scalar(scalar) if plain(scalar))
}

/// `service.telemetry.metrics.address` as the reader that replaces it, names of series unchanged.
fn reader(root: &Node) -> Option<(Mark, String)> {
    let telemetry = child(child(root, "service")?, "telemetry")?;
    let list = entries(child(telemetry, "metrics"));
    let entry = list.iter().find(|entry| entry.key == "address")?;
    let Value::Scalar(Scalar { text, lead: Some(lead), .. }) = &entry.node.value else {
        return None;
    };
    let (host, port) = text.rsplit_once(':')?;
    let simple = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    let usable = !host.is_empty() && host.chars().all(simple) && port.parse::<u16>().is_ok();
    let value = entry.node.mark;
    if !usable || entry.node.origin.is_some() || value.line != entry.mark.line || *lead > 1 {
        return None;
    }
    let end = value.column.saturating_add(value.width);
    let mark = Mark { width: end.saturating_sub(entry.mark.column), ..entry.mark };
    let bare = "without_type_suffix: true, without_units: true, without_scope_info: true";
    let page = format!("{{host: {host}, port: {port}, {bare}}}");
    Some((mark, format!("readers: [{{pull: {{exporter: {{prometheus: {page}}}}}}}]")))
}

fn child<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    entries(Some(node)).iter().find(|entry| entry.key == key).map(|entry| &entry.node)
}

fn entries(node: Option<&Node>) -> &[Entry] {
    match node.map(|node| &node.value) {
        Some(Value::Map(entries)) => entries,
        _ => &[],
    }
}
