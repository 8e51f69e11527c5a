//! A pattern, a transform and an extraction to test with.

use crate::edit::{Extract, Pattern, Transform};
use crate::encode;
use crate::value::{Kind, Value};

/// Keys with this byte in them.
#[derive(Debug)]
pub(crate) struct With(pub(crate) u8);

impl Pattern for With {
    fn matches(&self, key: &[u8]) -> bool {
        key.contains(&self.0)
    }
}

/// Text gets a `!` behind it; other values stay.
#[derive(Debug)]
pub(crate) struct Shout;

impl Transform for Shout {
    fn apply(&self, value: Value<'_>, out: &mut Vec<u8>) -> bool {
        out.push(0xff);
        let Kind::String(text) = value.kind() else {
            return false;
        };
        let text = format!("{}!", String::from_utf8_lossy(text));
        *out = encode::any_value_string(&text);
        true
    }
}

/// `key=value` is put as it says, when the key is one of these.
#[derive(Debug)]
pub(crate) struct Assignments(pub(crate) Vec<Box<[u8]>>);

impl Extract for Assignments {
    fn extract<'k>(&'k self, text: &[u8], put: &mut dyn FnMut(&'k [u8], &[u8])) {
        for assignment in text.split(|byte| *byte == b',') {
            let Some(at) = assignment.iter().position(|byte| *byte == b'=') else { continue };
            if let Some(key) = self.0.iter().find(|key| ***key == assignment[..at]) {
                put(key, &assignment[at + 1..]);
            }
        }
    }

    fn targets(&self) -> &[Box<[u8]>] {
        &self.0
    }
}
