//! The levels that a scan walks, as prost messages: what prost accepts of these is what the scan
//! has to accept, and what it counts is what the scan has to count.
//!
//! Items, scopes and values are bytes here, because the scan does not open them.

use prost::Message;
use spanyard_wire::schema::Signal;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Request {
    #[prost(message, repeated, tag = "1")]
    pub(crate) groups: Vec<Group>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Group {
    #[prost(message, optional, tag = "1")]
    pub(crate) resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) scopes: Vec<Scope>,
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) schema_url: Vec<u8>,
    #[prost(message, repeated, tag = "1000")]
    pub(crate) deprecated: Vec<Scope>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Resource {
    #[prost(message, repeated, tag = "1")]
    pub(crate) attributes: Vec<Pair>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Pair {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Scope {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) scope: Vec<u8>,
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub(crate) items: Vec<Vec<u8>>,
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) schema_url: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct MetricRequest {
    #[prost(message, repeated, tag = "1")]
    groups: Vec<MetricGroup>,
}

#[derive(Clone, PartialEq, Message)]
struct MetricGroup {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scopes: Vec<MetricScope>,
    #[prost(bytes = "vec", tag = "3")]
    schema_url: Vec<u8>,
    #[prost(message, repeated, tag = "1000")]
    deprecated: Vec<MetricScope>,
}

#[derive(Clone, PartialEq, Message)]
struct MetricScope {
    #[prost(bytes = "vec", tag = "1")]
    scope: Vec<u8>,
    #[prost(message, repeated, tag = "2")]
    metrics: Vec<Metric>,
    #[prost(bytes = "vec", tag = "3")]
    schema_url: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Metric {
    #[prost(oneof = "Data", tags = "5, 7, 9, 10, 11")]
    data: Option<Data>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Data {
    #[prost(message, tag = "5")]
    Gauge(Points),
    #[prost(message, tag = "7")]
    Sum(Points),
    #[prost(message, tag = "9")]
    Histogram(Points),
    #[prost(message, tag = "10")]
    ExponentialHistogram(Points),
    #[prost(message, tag = "11")]
    Summary(Points),
}

#[derive(Clone, PartialEq, Message)]
struct Points {
    #[prost(bytes = "vec", repeated, tag = "1")]
    points: Vec<Vec<u8>>,
}

/// Items of every group, or `None` if prost refuses the request.
pub(crate) fn count(signal: Signal, bytes: &[u8]) -> Option<Vec<usize>> {
    if signal != Signal::Metrics {
        let request = Request::decode(bytes).ok()?;
        let scopes = |group: &Group| [group.scopes.clone(), group.deprecated.clone()].concat();
        let items = |group: &Group| scopes(group).iter().map(|scope| scope.items.len()).sum();
        return Some(request.groups.iter().map(items).collect());
    }
    let request = MetricRequest::decode(bytes).ok()?;
    let scopes = |group: &MetricGroup| [group.scopes.clone(), group.deprecated.clone()].concat();
    let metrics = |group: &MetricGroup| scopes(group).into_iter().flat_map(|scope| scope.metrics);
    Some(request.groups.iter().map(|group| metrics(group).map(|m| m.points()).sum()).collect())
}

impl Metric {
    fn points(&self) -> usize {
        match &self.data {
            None => 0,
            Some(
                Data::Gauge(data)
                | Data::Sum(data)
                | Data::Histogram(data)
                | Data::ExponentialHistogram(data)
                | Data::Summary(data),
            ) => data.points.len(),
        }
    }
}

/// The groups of a request that prost accepts, metrics as bytes too.
pub(crate) fn groups(bytes: &[u8]) -> Vec<Group> {
    Request::decode(bytes).expect("an accepted request").groups
}

/// An item with everything that it stands under.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    resource: Option<Resource>,
    schema_url: Vec<u8>,
    scope: Vec<u8>,
    scope_schema_url: Vec<u8>,
    item: Vec<u8>,
}

/// All items of current scopes, then all of deprecated scopes, each with its context.
pub(crate) fn items(bytes: &[u8]) -> [Vec<Item>; 2] {
    let mut found = [Vec::new(), Vec::new()];
    for group in groups(bytes) {
        for (scopes, found) in [&group.scopes, &group.deprecated].into_iter().zip(&mut found) {
            found.extend(scopes.iter().flat_map(|scope| {
                scope.items.iter().map(|item| Item {
                    resource: group.resource.clone(),
                    schema_url: group.schema_url.clone(),
                    scope: scope.scope.clone(),
                    scope_schema_url: scope.schema_url.clone(),
                    item: item.clone(),
                })
            }));
        }
    }
    found
}
