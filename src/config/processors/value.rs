//! YAML values as attribute values: each keeps its type.

use spanyard_wire::encode;

use crate::config::decode::Field;
use crate::config::problems::Code;
use crate::config::report::Fault;
use crate::config::yaml::{Typed, Value};

/// A value as an encoded `AnyValue`: a list becomes a list, a mapping a map, in the order of the
/// file; nothing inside of them is an unset value. At the top nothing is refused.
pub(super) fn encoded(field: &Field<'_>) -> Option<Vec<u8>> {
    if field.node.is_null() {
        field.wrong_type("a value");
        return None;
    }
    any_value(field)
}

// As deep as a file may be nested, which the reader of files bounds.
fn any_value(field: &Field<'_>) -> Option<Vec<u8>> {
    match field.node.typed() {
        Some(Typed::Text(text)) => Some(encode::any_value_string(&text)),
        Some(Typed::Bool(value)) => Some(encode::any_value_bool(value)),
        Some(Typed::Int(value)) => Some(encode::any_value_int(value)),
        Some(Typed::Float(value)) => Some(encode::any_value_double(value)),
        Some(Typed::Null) => Some(Vec::new()),
        Some(Typed::Huge) => {
            field.bad_value("out of range", "a whole number of 64 bits");
            None
        }
        Some(Typed::Date) => {
            let hint = format!("quote it: \"{}\"", field.plain_text());
            let fault = Fault::new(Code::WrongType, "an attribute cannot hold a date");
            field.error(fault.found(field.node.shown()).hint(hint));
            None
        }
        None if matches!(field.node.value, Value::List(_)) => {
            let items: Vec<Option<Vec<u8>>> = field.items()?.iter().map(any_value).collect();
            let items: Option<Vec<Vec<u8>>> = items.into_iter().collect();
            Some(encode::any_value_array(&items?))
        }
        None => {
            let members = field.children()?;
            let pairs = members.iter().map(|(key, field)| Some((*key, any_value(field)?)));
            let pairs: Vec<Option<(&str, Vec<u8>)>> = pairs.collect();
            let pairs: Option<Vec<(&str, Vec<u8>)>> = pairs.into_iter().collect();
            Some(encode::any_value_map(&pairs?))
        }
    }
}
