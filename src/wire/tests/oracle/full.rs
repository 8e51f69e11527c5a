//! Whole requests as prost messages, edited the slow way.
//!
//! An edit here is the Collector's rule in its plainest form, on a decoded list of attributes. The
//! one liberty: an attribute without a value and one with an unset value are the same.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::{DecodeError, Message};
use spanyard_wire::edit::{Action, Edit, Keys, Source, Transform};
use spanyard_wire::schema::Signal;
use spanyard_wire::value::Value;

/// A decoded request of any signal.
#[derive(Clone, Debug)]
pub(crate) enum Full {
    Traces(ExportTraceServiceRequest),
    Metrics(ExportMetricsServiceRequest),
    Logs(ExportLogsServiceRequest),
}

impl Full {
    pub(crate) fn decode(signal: Signal, bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(match signal {
            Signal::Traces => Self::Traces(ExportTraceServiceRequest::decode(bytes)?),
            Signal::Metrics => Self::Metrics(ExportMetricsServiceRequest::decode(bytes)?),
            Signal::Logs => Self::Logs(ExportLogsServiceRequest::decode(bytes)?),
        })
    }

    /// Its encoding, with unset values made one form. Two requests mean the same if this is equal;
    /// `==` on messages would not do, because NaN occurs.
    pub(crate) fn meaning(mut self) -> Vec<u8> {
        let set = |attributes: &mut Vec<KeyValue>| {
            for attribute in attributes {
                let _ = attribute.value.get_or_insert_default();
            }
        };
        let resources = self.resources().into_iter().flatten();
        resources.for_each(|resource| set(&mut resource.attributes));
        self.each_item(&mut |_, attributes| set(attributes));
        match self {
            Self::Traces(request) => request.encode_to_vec(),
            Self::Metrics(request) => request.encode_to_vec(),
            Self::Logs(request) => request.encode_to_vec(),
        }
    }

    pub(crate) fn edit(&mut self, edits: &[Edit], slots: &[Option<&[u8]>]) {
        for resource in self.resources() {
            let mut edited = resource.clone().unwrap_or_default();
            edits.iter().for_each(|edit| edit_one(&mut edited.attributes, edit, slots));
            if resource.is_some() || !edited.attributes.is_empty() {
                *resource = Some(edited);
            }
        }
    }

    fn resources(&mut self) -> Vec<&mut Option<Resource>> {
        match self {
            Self::Traces(all) => all.resource_spans.iter_mut().map(|g| &mut g.resource).collect(),
            Self::Metrics(all) => {
                all.resource_metrics.iter_mut().map(|g| &mut g.resource).collect()
            }
            Self::Logs(all) => all.resource_logs.iter_mut().map(|g| &mut g.resource).collect(),
        }
    }
}

/// One edit on one decoded list.
pub(crate) fn edit_one(list: &mut Vec<KeyValue>, edit: &Edit, slots: &[Option<&[u8]>]) {
    let key = match &edit.keys {
        Keys::One(key) => key,
        Keys::Matching(pattern) => {
            match &edit.action {
                Action::Delete => list.retain(|one| !pattern.matches(one.key.as_bytes())),
                Action::Replace(transform) => {
                    let named = list.iter_mut().filter(|one| pattern.matches(one.key.as_bytes()));
                    named.for_each(|one| replace(one, &**transform));
                }
                _ => {}
            }
            return;
        }
    };
    let found = position(list, key);
    let value = edit.action.source().and_then(|source| value(list, source, slots));
    match (&edit.action, found, value) {
        (Action::Delete, Some(at), _) => drop(list.remove(at)),
        (Action::Insert(_) | Action::Upsert(_), None, Some(value)) => upsert(list, key, value),
        (Action::Update(_) | Action::Upsert(_), Some(_), Some(value)) => upsert(list, key, value),
        (Action::Replace(transform), Some(at), _) => {
            list.get_mut(at).into_iter().for_each(|one| replace(one, &**transform));
        }
        (Action::Extract(extract), Some(at), _) => {
            let source = list.get(at).and_then(|one| one.value.clone()).and_then(|v| v.value);
            if let Some(any_value::Value::StringValue(text)) = source {
                extract.extract(text.as_bytes(), &mut |key, text| {
                    let text = String::from_utf8(text.to_vec()).expect("cut at characters");
                    let value = any_value::Value::StringValue(text);
                    upsert(list, key, AnyValue { value: Some(value) });
                });
            }
        }
        _ => {}
    }
}

fn upsert(list: &mut Vec<KeyValue>, key: &[u8], value: AnyValue) {
    let at = position(list, key);
    if let Some(present) = at.and_then(|at| list.get_mut(at)) {
        present.value = Some(value);
        return;
    }
    let key = String::from_utf8(key.to_vec()).expect("keys of edits are text");
    list.push(KeyValue { key, value: Some(value), ..KeyValue::default() });
}

fn replace(one: &mut KeyValue, transform: &dyn Transform) {
    let old = one.value.clone().unwrap_or_default().encode_to_vec();
    let mut new = Vec::new();
    if transform.apply(Value::new(&old), &mut new) {
        one.value = Some(AnyValue::decode(&*new).expect("transforms give values"));
    }
}

fn value(attributes: &[KeyValue], source: &Source, slots: &[Option<&[u8]>]) -> Option<AnyValue> {
    let decode = |bytes: &[u8]| AnyValue::decode(bytes).expect("values of edits are valid");
    match source {
        Source::Value(bytes) => Some(decode(bytes)),
        Source::Attribute(key) => {
            let at = position(attributes, key)?;
            attributes.get(at).map(|found| found.value.clone().unwrap_or_default())
        }
        Source::Slot(at) => slots.get(*at).copied().flatten().map(decode),
        Source::Or(inner, default) => {
            value(attributes, inner, slots).or_else(|| Some(decode(default)))
        }
    }
}

fn position(attributes: &[KeyValue], key: &[u8]) -> Option<usize> {
    attributes.iter().position(|attribute| attribute.key.as_bytes() == key)
}
