//! The action `extract`: the named groups of a pattern become attributes.

use regex::bytes::Regex;
use spanyard_wire::edit::Extract;

/// A pattern all of whose groups have names.
#[derive(Clone, Debug)]
pub struct Groups {
    pattern: Regex,
    targets: Vec<Box<[u8]>>,
}

impl Groups {
    /// `None` when the pattern has no group, or one without a name.
    #[must_use]
    pub fn of(pattern: Regex) -> Option<Self> {
        let names = pattern.capture_names().skip(1);
        let targets: Vec<Box<[u8]>> =
            names.map(|name| name.map(|name| name.as_bytes().into())).collect::<Option<_>>()?;
        (!targets.is_empty()).then_some(Self { pattern, targets })
    }
}

impl Extract for Groups {
    /// A group that took no part in the match gives empty text.
    fn extract<'k>(&'k self, text: &[u8], put: &mut dyn FnMut(&'k [u8], &[u8])) {
        let Some(captures) = self.pattern.captures(text) else {
            return;
        };
        for (target, group) in self.targets.iter().zip(captures.iter().skip(1)) {
            put(target, group.map(|found| found.as_bytes()).unwrap_or_default());
        }
    }

    fn targets(&self) -> &[Box<[u8]>] {
        &self.targets
    }
}
