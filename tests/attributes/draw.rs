//! Choices out of bytes: random processors and random requests that meet in keys and values. When
//! the bytes run out every choice is the first, so that failures shrink.

use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use spanyard_wire::schema::Signal;

use crate::file::{Act, Block, Kind, Processor, Source};
use crate::message::{Item, Message};

/// Keys of attributes, in requests and in actions.
const KEYS: [&str; 8] = ["a", "b", "service.name", "http.url", "user.id", "x.1", "x.2", "tenant"];
const TEXTS: [&str; 9] =
    ["", "alpha", "42", "-7", "1_0.5", "0x1p-2", "/acme/orders?id=7", "<tag>&\"\\\n", "5 apples"];
const NAMES: [&str; 4] = ["GET /orders", "", "queue.size", "POST /orders"];
const SCOPES: [(&str, &str); 3] = [("lib", "1.0"), ("", ""), ("library", "2.0")];
const SEVERITIES: [&str; 3] = ["INFO", "", "ERROR"];
const PATTERNS: [&str; 5] = [r"^x\.", "a", r"\.id$", "^$", r"^[[:alpha:]]$"];
const EXTRACTS: [&str; 3] =
    [r"^/(?P<tenant>[a-z]+)(?:/(?P<rest>.*))?", r"(?P<a>[0-9]+)(?P<apples> apples)?", r"(?P<b>^)"];

/// What the client sends; `x-none` it does not.
pub(crate) const HEADERS: [(&str, &str); 4] =
    [("x-org", "acme"), ("x-many", "one"), ("x-many", "two"), ("x-empty", "")];
const CONTEXTS: [&str; 5] =
    ["metadata.X-Org", "x-many", "metadata.x-none", "client.address", "x-empty"];

pub(crate) struct Draw<'a> {
    bytes: &'a [u8],
}

impl<'a> Draw<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    fn pick(&mut self, count: usize) -> usize {
        let Some((first, rest)) = self.bytes.split_first() else {
            return 0;
        };
        self.bytes = rest;
        usize::from(*first) % count
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.pick(choices.len())]
    }

    fn key(&mut self) -> String {
        self.of(&KEYS).to_owned()
    }

    fn maybe<T>(&mut self, one_in: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.pick(one_in) == one_in - 1).then(|| make(self))
    }

    fn value(&mut self, depth: usize) -> any_value::Value {
        use any_value::Value;
        match self.pick(if depth > 0 { 10 } else { 8 }) {
            0..=2 => Value::StringValue(self.of(&TEXTS).to_owned()),
            3 => Value::IntValue(self.of(&[0, 1, 500, -3, i64::MAX])),
            4 => Value::DoubleValue(self.of(&[1.5, 0.0, 1.0, 1e21, 1e-7, -2.75])),
            5 => Value::BoolValue(self.pick(2) == 1),
            6 => Value::DoubleValue(self.of(&[f64::NAN, f64::INFINITY, 1e300])),
            7 => Value::BytesValue(vec![0xab; self.pick(4)]),
            8 => {
                let values = (0..self.pick(3)).map(|_| AnyValue { value: self.optional(depth) });
                Value::ArrayValue(ArrayValue { values: values.collect() })
            }
            _ => {
                let keys = KEYS.iter().rev().take(self.pick(3));
                let values = keys.map(|key| self.member((*key).to_owned(), depth - 1)).collect();
                Value::KvlistValue(KeyValueList { values })
            }
        }
    }

    fn optional(&mut self, depth: usize) -> Option<any_value::Value> {
        (self.pick(8) != 7).then(|| self.value(depth.saturating_sub(1)))
    }

    fn pair(&mut self, key: String, depth: usize) -> KeyValue {
        let value = match self.pick(16) {
            15 => None,
            14 => Some(AnyValue { value: None }),
            _ => Some(AnyValue { value: Some(self.value(depth)) }),
        };
        KeyValue { key, value, ..KeyValue::default() }
    }

    /// Inside a map an unset value has one form.
    fn member(&mut self, key: String, depth: usize) -> KeyValue {
        let mut pair = self.pair(key, depth);
        let _ = pair.value.get_or_insert_default();
        pair
    }

    fn attributes(&mut self) -> Vec<KeyValue> {
        let count = self.pick(6);
        let mut list: Vec<KeyValue> = Vec::new();
        for _ in 0..count {
            let key = if self.pick(12) == 11 { String::new() } else { self.key() };
            list.push(self.pair(key, 2));
        }
        list
    }

    pub(crate) fn message(&mut self, signal: Signal) -> Message {
        let mut message = Message::new(signal);
        for _ in 0..=self.pick(2) {
            let attributes = self.attributes();
            let resource = Resource { attributes, ..Resource::default() };
            let resource = (self.pick(8) != 7).then_some(resource);
            let mut scopes = Vec::new();
            for _ in 0..=self.pick(2) {
                let (name, version) = self.of(&SCOPES);
                let (name, version) = (name.to_owned(), version.to_owned());
                let scope = InstrumentationScope { name, version, ..Default::default() };
                let items = (0..=self.pick(3)).map(|_| self.item()).collect();
                scopes.push((self.maybe(4, |_| ()).is_none().then_some(scope), items));
            }
            message.push(resource, scopes);
        }
        message
    }

    fn item(&mut self) -> Item {
        Item {
            name: self.of(&NAMES).to_owned(),
            kind: i32::try_from(self.pick(8)).unwrap_or_default(),
            body: self.maybe(2, |draw| AnyValue { value: draw.optional(2) }),
            severity_text: self.of(&SEVERITIES).to_owned(),
            severity: self.of(&[9, 0, 17, 5]),
            attributes: self.attributes(),
        }
    }

    pub(crate) fn processors(&mut self, signal: Signal) -> Vec<Processor> {
        (0..=self.pick(4)).map(|_| self.processor(signal)).collect()
    }

    fn processor(&mut self, signal: Signal) -> Processor {
        let items = self.pick(3) != 2;
        let actions = (0..=self.pick(3)).map(|_| self.action()).collect();
        let include = if items { self.maybe(3, |draw| draw.block(signal)) } else { None };
        let exclude = if items { self.maybe(3, |draw| draw.block(signal)) } else { None };
        Processor { items, actions, include, exclude }
    }

    fn action(&mut self) -> Act {
        match self.pick(8) {
            0 => Act::Set(Kind::Upsert, self.key(), self.source()),
            1 => Act::Set(Kind::Insert, self.key(), self.source()),
            2 => Act::Set(Kind::Update, self.key(), self.source()),
            3 | 4 => {
                let key = self.maybe(2, Self::key);
                let pattern = match key {
                    Some(_) => self.maybe(3, |draw| draw.of(&PATTERNS)),
                    None => Some(self.of(&PATTERNS)),
                };
                if self.pick(2) == 0 { Act::Delete(key, pattern) } else { Act::Hash(key, pattern) }
            }
            5 => Act::Extract(self.key(), self.of(&EXTRACTS)),
            _ => Act::Convert(self.key(), self.of(&["int", "double", "string"])),
        }
    }

    fn source(&mut self) -> Source {
        let default = self.maybe(3, Self::yaml_value);
        match self.pick(5) {
            0 | 1 => Source::Value(self.yaml_value()),
            2 | 3 => Source::Attribute(self.key(), default),
            _ => Source::Context(self.of(&CONTEXTS), default),
        }
    }

    /// A value that YAML has a form for.
    fn yaml_value(&mut self) -> any_value::Value {
        loop {
            let value = self.value(2);
            if crate::file::has_form(&value) {
                return value;
            }
        }
    }

    fn block(&mut self, signal: Signal) -> Block {
        let regexp = self.pick(2) == 1;
        let mut block = Block { regexp, ..Block::default() };
        let traces = signal == Signal::Traces;
        let logs = signal == Signal::Logs;
        let of = |draw: &mut Self, strict: &[&str], patterns: &[&str]| -> Vec<String> {
            let from = if regexp { patterns } else { strict };
            (0..=draw.pick(2)).map(|_| draw.of(from).to_owned()).collect()
        };
        if traces && self.pick(3) == 2 {
            block.services = of(self, &["alpha", "42", "<nil-service-name>"], &["^a", "nil", "4"]);
        }
        if !logs && self.pick(3) == 2 {
            block.names = of(self, &NAMES, &["orders$", "^$", "size"]);
        }
        if traces && self.pick(4) == 3 {
            let kinds = ["SPAN_KIND_SERVER", "SPAN_KIND_CLIENT"];
            block.kinds = of(self, &kinds, &["SERVER", "UNSPEC", "^$"]);
        }
        if logs && self.pick(3) == 2 {
            block.bodies = of(self, &["alpha", "", "500"], &["a", "^[0-9]+$", "true"]);
        }
        if logs && self.pick(4) == 3 {
            block.severity_texts = of(self, &SEVERITIES, &["INFO", "R$"]);
        }
        if logs && self.pick(4) == 3 {
            block.severity = Some((self.of(&[9, 6]), self.pick(2) == 1));
        }
        if signal != Signal::Metrics {
            if self.pick(3) == 2 {
                block.attributes = (0..=self.pick(2)).map(|_| self.wanted(regexp)).collect();
            }
            if self.pick(5) == 4 {
                let name = if regexp { "^lib" } else { "lib" };
                let version = self.maybe(2, |_| if regexp { "^1" } else { "1.0" }.to_owned());
                block.libraries = vec![(name.to_owned(), version)];
            }
        }
        if self.pick(3) == 2 || block.is_empty() {
            block.resources = vec![self.wanted(regexp)];
        }
        block
    }

    fn wanted(&mut self, regexp: bool) -> (String, Option<any_value::Value>) {
        let key = self.key();
        let value = self.maybe(2, |draw| {
            if regexp {
                let pattern = draw.of(&["a", "^[0-9.+e]+$", "^true$", "^$", "0$"]);
                any_value::Value::StringValue(pattern.to_owned())
            } else {
                draw.yaml_value()
            }
        });
        (key, value)
    }
}
