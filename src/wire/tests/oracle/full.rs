//! Whole requests as prost messages, edited the slow way.
//!
//! An edit here is the Collector's rule in its plainest form, on a decoded list of attributes. The
//! one liberty: an attribute without a value and one with an unset value are the same.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::{DecodeError, Message};
use spanyard_wire::edit::{Action, Edit, Keys, Source};
use spanyard_wire::schema::Signal;

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
        for resource in self.resources().into_iter().flatten() {
            for attribute in &mut resource.attributes {
                let _ = attribute.value.get_or_insert_default();
            }
        }
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

fn edit_one(attributes: &mut Vec<KeyValue>, edit: &Edit, slots: &[Option<&[u8]>]) {
    let Keys::One(key) = &edit.keys else { return };
    let found = position(attributes, key);
    let value = edit.action.source().and_then(|source| value(attributes, source, slots));
    match (&edit.action, found, value) {
        (Action::Delete, Some(at), _) => drop(attributes.remove(at)),
        (Action::Insert(_) | Action::Upsert(_), None, Some(value)) => {
            let key = String::from_utf8(key.to_vec()).expect("keys of edits are text");
            attributes.push(KeyValue { key, value: Some(value), ..KeyValue::default() });
        }
        (Action::Update(_) | Action::Upsert(_), Some(at), Some(value)) => {
            if let Some(attribute) = attributes.get_mut(at) {
                attribute.value = Some(value);
            }
        }
        _ => {}
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
        Source::Or(inner, default) => value(attributes, inner, slots).or(Some(decode(default))),
    }
}

fn position(attributes: &[KeyValue], key: &[u8]) -> Option<usize> {
    attributes.iter().position(|attribute| attribute.key.as_bytes() == key)
}
