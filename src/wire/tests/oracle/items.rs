//! Items of decoded requests, edited the slow way: every item is opened, asked about and edited.

use crate::draw::Plan;
use crate::full::{Full, edit_one};
use crate::tools::Decoded;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data};

impl Full {
    /// Applies the plan's steps to every item.
    pub(crate) fn edit_items(&mut self, plan: &Plan) {
        self.each_item(&mut |item, attributes| {
            let slots = plan.slots();
            for (step, asks) in plan.steps.iter().zip(&plan.asks) {
                if asks.as_ref().is_none_or(|asks| asks.takes_decoded(item, attributes)) {
                    step.edits().iter().for_each(|edit| edit_one(attributes, edit, &slots));
                }
            }
        });
    }

    /// Calls `each` with every item and its attributes.
    pub(crate) fn each_item(&mut self, each: &mut dyn FnMut(&Decoded, &mut Vec<KeyValue>)) {
        match self {
            Self::Traces(all) => {
                let scopes = all.resource_spans.iter_mut().flat_map(|group| &mut group.scope_spans);
                for inner in scopes {
                    let scope = names(inner.scope.as_ref());
                    for span in &mut inner.spans {
                        let (name, kind) = (span.name.clone(), span.kind);
                        let item =
                            Decoded { name, kind, scope: scope.clone(), ..Decoded::default() };
                        each(&item, &mut span.attributes);
                    }
                }
            }
            Self::Logs(all) => {
                let scopes = all.resource_logs.iter_mut().flat_map(|group| &mut group.scope_logs);
                for inner in scopes {
                    let scope = names(inner.scope.as_ref());
                    for log in &mut inner.log_records {
                        let severity = (log.severity_number, log.severity_text.clone());
                        let body = log.body.clone();
                        let scope = scope.clone();
                        let item = Decoded { scope, severity, body, ..Decoded::default() };
                        each(&item, &mut log.attributes);
                    }
                }
            }
            Self::Metrics(all) => {
                let groups = all.resource_metrics.iter_mut();
                for inner in groups.flat_map(|group| &mut group.scope_metrics) {
                    let scope = names(inner.scope.as_ref());
                    for metric in &mut inner.metrics {
                        let (name, scope) = (metric.name.clone(), scope.clone());
                        let item = Decoded { name, scope, ..Decoded::default() };
                        points(metric).into_iter().for_each(|point| each(&item, point));
                    }
                }
            }
        }
    }
}

fn names(scope: Option<&InstrumentationScope>) -> [String; 2] {
    scope.map(|scope| [scope.name.clone(), scope.version.clone()]).unwrap_or_default()
}

/// The attributes of every point.
fn points(metric: &mut Metric) -> Vec<&mut Vec<KeyValue>> {
    match &mut metric.data {
        None => Vec::new(),
        Some(Data::Gauge(data)) => data.data_points.iter_mut().map(|p| &mut p.attributes).collect(),
        Some(Data::Sum(data)) => data.data_points.iter_mut().map(|p| &mut p.attributes).collect(),
        Some(Data::Histogram(data)) => {
            data.data_points.iter_mut().map(|p| &mut p.attributes).collect()
        }
        Some(Data::ExponentialHistogram(data)) => {
            data.data_points.iter_mut().map(|p| &mut p.attributes).collect()
        }
        Some(Data::Summary(data)) => {
            data.data_points.iter_mut().map(|p| &mut p.attributes).collect()
        }
    }
}
