//! What the cells guarantee, each test one sentence.

use metrics::{Label, Level};

use super::*;

static METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

fn sent(exporter: &'static str) -> Key {
    Key::from_parts("otelcol_exporter_sent_spans", vec![Label::new("exporter", exporter)])
}

fn values(registry: &Registry, name: &str) -> Vec<(usize, Value)> {
    let readings = registry.read();
    readings
        .into_iter()
        .filter(|reading| reading.key.name() == name)
        .flat_map(|r| r.values)
        .collect()
}

#[test]
fn a_series_registered_again_by_the_same_shard_goes_on_where_it_stood() {
    let registry = Registry::new(2);
    registry.shard(0).register_counter(&sent("a"), &METADATA).increment(3);
    registry.shard(0).register_counter(&sent("a"), &METADATA).increment(4);
    assert_eq!(values(&registry, "otelcol_exporter_sent_spans"), [(0, Value::Counter(7))]);
}

#[test]
fn shards_write_cells_of_their_own_and_the_index_past_the_last_is_the_process() {
    let registry = Registry::new(2);
    for (shard, count) in [(0, 1), (1, 2), (2, 3), (9, 4)] {
        registry.shard(shard).register_counter(&sent("a"), &METADATA).increment(count);
    }
    let expected = [(0, Value::Counter(1)), (1, Value::Counter(2)), (2, Value::Counter(7))];
    assert_eq!(values(&registry, "otelcol_exporter_sent_spans"), expected);
}

#[test]
fn an_absolute_count_never_goes_back() {
    let registry = Registry::new(1);
    let counter = registry.shard(0).register_counter(&sent("a"), &METADATA);
    counter.absolute(9);
    counter.absolute(5);
    assert_eq!(values(&registry, "otelcol_exporter_sent_spans"), [(0, Value::Counter(9))]);
}

#[test]
fn a_gauge_is_set_raised_and_lowered_and_cleared_with_its_shard() {
    let registry = Registry::new(2);
    let key = Key::from_name("spanyard_shard_connections");
    let gauges = [0, 1].map(|shard| registry.shard(shard).register_gauge(&key, &METADATA));
    for gauge in &gauges {
        gauge.set(5.0);
        gauge.increment(2.0);
        gauge.decrement(1.0);
    }
    registry.clear_gauges(0);
    let expected = [(0, Value::Gauge(0.0)), (1, Value::Gauge(6.0))];
    assert_eq!(values(&registry, "spanyard_shard_connections"), expected);
}

#[test]
fn a_sample_on_a_bound_falls_into_the_bucket_of_that_bound() {
    let registry = Registry::new(1);
    let key = Key::from_name("spanyard_exporter_batch_requests");
    let histogram = registry.shard(0).register_histogram(&key, &METADATA);
    for sample in [0.0, 1.0, 2.0, 3.0, 1024.0, 1025.0] {
        histogram.record(sample);
    }
    let [(0, Value::Histogram(samples))] = &values(&registry, key.name())[..] else {
        panic!("one histogram")
    };
    assert_eq!(samples.buckets, [2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    assert!((samples.sum - 2055.0).abs() < f64::EPSILON);
}

#[test]
fn a_name_that_is_not_in_the_table_or_of_another_kind_is_refused_and_counted() {
    let registry = Registry::new(1);
    let recorder = registry.shard(0);
    recorder.register_counter(&Key::from_name("spanyard_surprise_total"), &METADATA).increment(1);
    recorder.register_gauge(&sent("a"), &METADATA).set(1.0);
    assert_eq!(registry.refused(), 2);
    let counted = registry.read().iter().flat_map(|reading| reading.values.clone()).count();
    assert_eq!(counted, 1, "only the cell of the rightful kind");
}

#[test]
fn series_beyond_the_limit_are_refused_and_those_within_go_on() {
    let registry = Registry::new(1);
    let recorder = registry.shard(0);
    for exporter in 0..SERIES_MAX + 5 {
        let label = Label::new("exporter", exporter.to_string());
        let key = Key::from_parts("otelcol_exporter_sent_spans", vec![label]);
        recorder.register_counter(&key, &METADATA).increment(1);
    }
    assert_eq!(registry.refused(), 5);
    assert_eq!(registry.read().len(), SERIES_MAX);
    recorder.register_counter(&sent("0"), &METADATA).increment(1);
    assert_eq!(registry.refused(), 5);
}

#[test]
fn every_cell_keeps_to_its_own_cache_lines() {
    assert_eq!(size_of::<CounterCell>(), 128);
    assert_eq!(size_of::<GaugeCell>(), 128);
    assert_eq!(size_of::<HistogramCell>(), 256);
    assert_eq!(align_of::<HistogramCell>(), 128);
}
