//! The cells behind every counter, gauge and histogram: a recorder for the `metrics` facade.
//!
//! One cell for each (series, shard), alone on its cache lines, written by that shard's thread
//! only: a relaxed load and a relaxed store, no read-modify-write, no lock. Registering takes a
//! lock and happens when a plan is loaded. Invariants:
//! - a series is registered only under a name and a kind of the table in `names`;
//! - the same (series, shard) always has the same cell, so a restarted shard goes on where it
//!   stood;
//! - series <= [`SERIES_MAX`]; what is beyond gets a handle that does nothing, and is counted.
//!
//! It installs no global recorder, and it does not render: `scrape` does.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

use crate::telemetry::names::{self, BOUNDS_MAX, Kind, Series};

/// Series (name and labels) the registry holds at most. Worst case a shard: 128 B for each counter
/// and gauge, 256 B for each histogram, so at most 4 MiB.
pub const SERIES_MAX: usize = 16_384;

/// All cells of the process. The index `shards`, one past the last shard, belongs to the admin
/// thread and to whatever counts for the process as a whole.
#[derive(Debug)]
pub struct Registry {
    shards: usize,
    families: Mutex<BTreeMap<Key, Slots>>,
    refused: AtomicU64,
}

/// Registers series for one shard; the handles it gives may be used by that shard's thread only.
#[derive(Clone, Debug)]
pub struct ShardRecorder {
    registry: Arc<Registry>,
    shard: usize,
}

/// The cells of one series as they stood when [`Registry::read`] was called.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Labels as registered.
    pub key: Key,
    /// The row of the table the series belongs to.
    pub series: &'static Series,
    /// (shard, value) of every shard that registered it.
    pub values: Vec<(usize, Value)>,
}

/// What one cell holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A count since the process started.
    Counter(u64),
    /// A level.
    Gauge(f64),
    /// Samples by bucket.
    Histogram(Samples),
}

/// What a histogram cell holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// Samples at or below each bound of the table's row, not cumulated; the last is above all
    /// bounds.
    pub buckets: Vec<u64>,
    /// Sum of all samples.
    pub sum: f64,
}

impl Registry {
    /// A registry for `shards` shards.
    #[must_use]
    pub fn new(shards: usize) -> Arc<Self> {
        Arc::new(Self { shards, families: Mutex::new(BTreeMap::new()), refused: AtomicU64::new(0) })
    }

    /// Number of shards, the process-wide writer not counted.
    #[must_use]
    pub const fn shards(&self) -> usize {
        self.shards
    }

    /// The recorder of one shard; any index from `shards` on is the process-wide writer.
    #[must_use]
    pub fn shard(self: &Arc<Self>, shard: usize) -> ShardRecorder {
        ShardRecorder { registry: Arc::clone(self), shard: shard.min(self.shards) }
    }

    /// Registrations that were refused: unknown name, other kind than in the table, too many
    /// series.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Sets every gauge of a shard to 0. Call it when the shard's thread is gone: what it held is.
    pub fn clear_gauges(&self, shard: usize) {
        for slots in self.lock().values() {
            if let Some(Some(Cell::Gauge(cell))) = slots.cells.get(shard) {
                cell.set(0.0);
            }
        }
    }

    /// Reads every cell, in the order of names and labels.
    #[must_use]
    pub fn read(&self) -> Vec<Reading> {
        self.lock().iter().map(reading).collect()
    }

    /// Reads the cells of one name.
    #[must_use]
    pub fn read_series(&self, name: &str) -> Vec<Reading> {
        self.lock().iter().filter(|(key, _)| key.name() == name).map(reading).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Slots>> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cell of (key, shard), made when it is the first time; `None` if it is refused.
    fn cell<T>(
        &self,
        key: &Key,
        shard: usize,
        pick: fn(&Cell) -> Option<Arc<T>>,
    ) -> Option<Arc<T>> {
        let found = self.find_or_make(key, shard, pick);
        if found.is_none() {
            let _ = self.refused.fetch_add(1, Ordering::Relaxed);
        }
        found
    }

    fn find_or_make<T>(
        &self,
        key: &Key,
        shard: usize,
        pick: fn(&Cell) -> Option<Arc<T>>,
    ) -> Option<Arc<T>> {
        let mut families = self.lock();
        if !families.contains_key(key) {
            let series = names::find(key.name())?;
            if families.len() >= SERIES_MAX {
                return None;
            }
            let cells = vec![None; self.shards.saturating_add(1)];
            let _ = families.insert(key.to_retained(), Slots { series, cells });
        }
        let slots = families.get_mut(key)?;
        let kind = slots.series.kind;
        pick(slots.cells.get_mut(shard)?.get_or_insert_with(|| Cell::of(kind)))
    }
}

fn reading((key, slots): (&Key, &Slots)) -> Reading {
    let cells = slots.cells.iter().enumerate();
    let values = cells.filter_map(|(shard, cell)| Some((shard, cell.as_ref()?.value())));
    Reading { key: key.clone(), series: slots.series, values: values.collect() }
}

impl Recorder for ShardRecorder {
    /// Does nothing: texts come from the table in `names`.
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    /// Does nothing: texts come from the table in `names`.
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    /// Does nothing: texts come from the table in `names`.
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let cell = self.registry.cell(key, self.shard, Cell::counter);
        cell.map_or_else(Counter::noop, Counter::from_arc)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let cell = self.registry.cell(key, self.shard, Cell::gauge);
        cell.map_or_else(Gauge::noop, Gauge::from_arc)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let cell = self.registry.cell(key, self.shard, Cell::histogram);
        cell.map_or_else(Histogram::noop, Histogram::from_arc)
    }
}

/// One series: its row of the table and a place for each shard and the process.
#[derive(Debug)]
struct Slots {
    series: &'static Series,
    cells: Vec<Option<Cell>>,
}

#[derive(Clone, Debug)]
enum Cell {
    Counter(Arc<CounterCell>),
    Gauge(Arc<GaugeCell>),
    Histogram(Arc<HistogramCell>),
}

impl Cell {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Counter => Self::Counter(Arc::default()),
            Kind::Gauge => Self::Gauge(Arc::default()),
            Kind::Histogram(bounds) => Self::Histogram(Arc::new(HistogramCell::new(bounds))),
        }
    }

    fn counter(&self) -> Option<Arc<CounterCell>> {
        let Self::Counter(cell) = self else {
            return None;
        };
        Some(Arc::clone(cell))
    }

    fn gauge(&self) -> Option<Arc<GaugeCell>> {
        let Self::Gauge(cell) = self else { return None };
        Some(Arc::clone(cell))
    }

    fn histogram(&self) -> Option<Arc<HistogramCell>> {
        let Self::Histogram(cell) = self else {
            return None;
        };
        Some(Arc::clone(cell))
    }

    fn value(&self) -> Value {
        match self {
            Self::Counter(cell) => Value::Counter(cell.0.load(Ordering::Relaxed)),
            Self::Gauge(cell) => Value::Gauge(cell.value()),
            Self::Histogram(cell) => Value::Histogram(cell.samples()),
        }
    }
}

/// 128 B: the pair of cache lines that the prefetcher of today's x86 takes together.
#[derive(Debug, Default)]
#[repr(align(128))]
struct CounterCell(AtomicU64);

impl CounterFn for CounterCell {
    fn increment(&self, value: u64) {
        let sum = self.0.load(Ordering::Relaxed).wrapping_add(value);
        self.0.store(sum, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        let sum = self.0.load(Ordering::Relaxed).max(value);
        self.0.store(sum, Ordering::Relaxed);
    }
}

/// The bits of an `f64`; zero bits are 0.0.
#[derive(Debug, Default)]
#[repr(align(128))]
struct GaugeCell(AtomicU64);

impl GaugeCell {
    fn value(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

impl GaugeFn for GaugeCell {
    fn increment(&self, value: f64) {
        self.set(self.value() + value);
    }

    fn decrement(&self, value: f64) {
        self.set(self.value() - value);
    }

    fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }
}

/// Fixed buckets. The count is the sum of the buckets, so that a reader never sees the two
/// disagree.
#[derive(Debug)]
#[repr(align(128))]
struct HistogramCell {
    bounds: &'static [f64],
    sum: AtomicU64,
    buckets: [AtomicU64; BOUNDS_MAX + 1],
}

impl HistogramCell {
    fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, sum: AtomicU64::new(0), buckets: Default::default() }
    }

    fn samples(&self) -> Samples {
        let used = self.buckets.iter().take(self.bounds.len().saturating_add(1));
        Samples {
            buckets: used.map(|bucket| bucket.load(Ordering::Relaxed)).collect(),
            sum: f64::from_bits(self.sum.load(Ordering::Relaxed)),
        }
    }
}

impl HistogramFn for HistogramCell {
    fn record(&self, value: f64) {
        let at = self.bounds.partition_point(|bound| *bound < value);
        if let Some(bucket) = self.buckets.get(at) {
            bucket.store(bucket.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        }
        let sum = f64::from_bits(self.sum.load(Ordering::Relaxed)) + value;
        self.sum.store(sum.to_bits(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
