//! Headers that the file sets: a mapping, or a list of `{name, value}`. Values are kept out of
//! messages.

use http::{HeaderName, HeaderValue};

use super::decode::{Field, Section};
use super::keys::Table;
use super::problems::Code;
use super::report::Fault;

/// What becomes of a header that the file may not set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own {
    /// Who writes the others, for messages: `exporter`.
    pub(super) writer: &'static str,
    /// The writer's own say: two would contradict each other.
    pub(super) written: &'static [&'static str],
    /// Headers of the connection and the framing: the file's are left out, with a warning.
    pub(super) ignored: &'static [&'static str],
    /// The table of an item of the list.
    pub(super) item: &'static Table,
}

/// Reads the headers of a key in order; a name that is given twice is sent twice.
pub(super) fn decode(
    section: &Section<'_>,
    key: &str,
    own: &Own,
) -> Vec<(HeaderName, HeaderValue)> {
    let Some(field) = section.get(key) else {
        return Vec::new();
    };
    if field.is_list() {
        let items = field.items().unwrap_or_default();
        return items.iter().filter_map(|item| listed(item, own)).collect();
    }
    let children = field.children().unwrap_or_default();
    children.iter().filter_map(|(name, value)| header(name, value, value, own)).collect()
}

fn listed(item: &Field<'_>, own: &Own) -> Option<(HeaderName, HeaderValue)> {
    let section = item.section(own.item)?;
    let (name, value) = (section.required("name"), section.required("value"));
    let (name, value) = (name?, value?);
    header(&name.text()?, &name, &value, own)
}

fn header(
    name: &str,
    at: &Field<'_>,
    value: &Field<'_>,
    own: &Own,
) -> Option<(HeaderName, HeaderValue)> {
    let text = value.secret_text();
    let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
        let fault =
            Fault::new(Code::BadValue, format!("`{}` is no header name", name.escape_debug()));
        at.report.error(at.key, &at.path, fault);
        return None;
    };
    if own.ignored.contains(&parsed.as_str()) {
        let fault = Fault::new(Code::Ignored, format!("the header `{parsed}` is not sent"));
        let writer = own.writer;
        let hint = format!("it belongs to the connection or the framing, which are the {writer}'s");
        at.report.warning(at.key, &at.path, fault.hint(hint));
        return None;
    }
    if own.written.contains(&parsed.as_str()) {
        let message = format!("`{parsed}` is written by the {} itself", own.writer);
        at.report.error(at.key, &at.path, Fault::new(Code::Conflict, message));
        return None;
    }
    let text = text?;
    let Ok(mut header) = HeaderValue::from_str(&text) else {
        let fault =
            Fault::new(Code::BadValue, "a header's value holds a line break or control character");
        let hint = "a variable that was read from a file often ends in a line break";
        value.error(fault.hint(hint));
        return None;
    };
    header.set_sensitive(true);
    Some((parsed, header))
}
