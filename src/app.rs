//! From a plan to running shards, and back: start, reload, drain.
//!
//! ```text
//!  main thread: bind -> admin thread -> shards -> wait for signals -> drain -> exit code
//! ```
//! Listeners, counters, budgets and the plan live here and outlast a shard that breaks. What runs
//! on a shard's thread is in [`shard`]; what it is made of in [`assembly`].

mod assembly;
mod banner;
mod common;
mod doors;
mod drain;
mod leaving;
mod reload;
mod shard;
mod watch;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::admin::{self, AdminHandle, AdminState, Ask};
use crate::config::plan::Plan;
use crate::config::{Loaded, Problems};
use crate::runtime::shard::{Supervised, placement, start};
use crate::runtime::{clock, cores, descriptors, engine};
use crate::telemetry::ledger::DropReason;
use crate::telemetry::names::ConfigMeter;
use crate::telemetry::scrape::{BudgetLevel, Identity};
use common::{Common, Current, Order};
use doors::AdminAddresses;
pub use drain::Losses;
use reload::{Cause, Fixed, Reloader};
use watch::Watch;

/// Reads and checks the configuration again, for a reload.
pub type Reader = Box<dyn Fn() -> Result<Loaded, Problems>>;

/// What else a running gateway is told.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Files whose change is a reason to reload; none is fine.
    pub watch: Vec<PathBuf>,
}

/// The generation of the plan that a process starts with.
const FIRST: u64 = 1;
/// How long the shards may take to start before the others go on without them.
const START_MAX: Duration = Duration::from_secs(5);
/// How long after the drain deadline the shards' reports are waited for.
const REPORT_GRACE: Duration = Duration::from_millis(500);

/// A gateway whose listeners are bound and whose shards run.
pub struct App {
    common: Arc<Common>,
    admin: AdminHandle,
    asks: mpsc::Receiver<Ask>,
    fixed: Fixed,
    meter: ConfigMeter,
    shards: Vec<JoinHandle<()>>,
}

impl App {
    /// Binds everything the plan names and starts the shards.
    ///
    /// # Errors
    /// An address that cannot be bound, named; a thread that cannot be made.
    pub fn start(plan: Plan) -> io::Result<Self> {
        let count = match plan.runtime.shards {
            0 => cores::available(),
            count => count,
        };
        let cores = placement(count, plan.runtime.pin);
        let (carrier, otherwise) = engine::choose(plan.runtime.engine);
        if let Some(reason) = otherwise {
            tracing::warn!(%reason, "no io_uring: epoll carries the sockets");
        }
        if let Err(error) = descriptors::raise() {
            tracing::warn!(%error, "the limit of file descriptors stays as it is");
        }
        let mut sockets = doors::bind_admin(&plan.admin)?;
        let fixed = Fixed::of(&plan);
        let current = Current::prepare(plan, FIRST).map_err(io::Error::other)?;
        let common = Common::new(current, count, carrier)?;
        let plan = Arc::clone(&common.plan.load().plan);
        sockets.control = doors::bind_control(&plan.admin)?;
        let admin_addresses = AdminAddresses::of(&sockets);
        let (reloads, asks) = admin::asks();
        let state = admin_state(&common, reloads);
        let meter = ConfigMeter::new(&common.registry.shard(count), state.started.1);
        let admin = admin::serve(&plan.admin, sockets, Arc::new(state))?;
        let mut shards = Vec::with_capacity(count);
        for (index, core) in cores.into_iter().enumerate() {
            shards.push(start_shard(&common, index, core)?);
        }
        if !common.all_up(START_MAX) {
            tracing::error!(within = ?START_MAX, "not every shard has started");
        }
        common.readiness.set_ready();
        {
            let doors = common.doors.lock().unwrap_or_else(PoisonError::into_inner);
            banner::announce(&plan, &doors, admin_addresses, (count, carrier));
        }
        Ok(Self { common, admin, asks, fixed, meter, shards })
    }

    /// Runs until SIGTERM or SIGINT, reloading on SIGHUP, on request and when a watched file
    /// changes; then drains; a second signal cuts the drain short. Returns what was lost.
    ///
    /// # Errors
    /// Signals cannot be handled.
    pub fn run(mut self, reader: &Reader, options: Options) -> io::Result<Losses> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let reports = runtime.block_on(async {
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut hang_up = signal(SignalKind::hangup())?;
            let mut reloader = Reloader {
                common: &self.common,
                reader,
                fixed: &self.fixed,
                meter: self.meter.clone(),
                watch: Watch::new(options.watch),
            };
            let mut looks = interval(watch::LOOK_EVERY);
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = terminate.recv() => break,
                    _ = interrupt.recv() => break,
                    _ = hang_up.recv() => drop(reloader.reload(Cause::Signal).await),
                    Some(ask) = self.asks.recv() => {
                        ask.answer(reloader.reload(Cause::Request).await.told());
                    }
                    _ = looks.tick(), if reloader.watch.is_on() => {
                        if reloader.watch.has_changed() {
                            drop(reloader.reload(Cause::Watch).await);
                        }
                    }
                }
            }
            let deadline = self.start_drain();
            let reports = self.common.reports(deadline + REPORT_GRACE);
            Ok::<_, io::Error>(tokio::select! {
                reports = reports => reports,
                _ = terminate.recv() => Vec::new(),
                _ = interrupt.recv() => Vec::new(),
                () = refuse(&mut hang_up, &mut self.asks) => Vec::new(),
            })
        })?;
        Ok(self.finish(reports))
    }

    /// Stops accepting and tells the shards to finish what was taken; returns until when.
    fn start_drain(&self) -> Instant {
        let within = self.common.plan.load().plan.runtime.drain_timeout;
        self.common.readiness.set_draining();
        tracing::info!(?within, "draining");
        let deadline = clock::now() + within;
        // The shards close their own handles once they have taken what was waiting to be accepted.
        drop(self.common.take_doors());
        self.common.order(Order::Drain { deadline });
        deadline
    }

    /// Ends the threads that have made their reports and sums up.
    fn finish(self, reports: Vec<(usize, Losses)>) -> Losses {
        let mut threads: Vec<_> = self.shards.into_iter().map(Some).collect();
        let mut sum = Losses::default();
        for (index, losses) in reports {
            sum = sum.plus(losses);
            if let Some(thread) = threads.get_mut(index).and_then(Option::take) {
                self.common.settle(index, thread);
            }
        }
        // A thread that still runs is the only writer of its cells: its items stay counted as
        // queued.
        for index in (0..threads.len()).filter(|at| threads.get(*at).is_some_and(Option::is_some)) {
            tracing::error!(shard = index, "the shard has not ended");
        }
        sum.unsent = sum.unsent.plus(self.common.ledger.snapshot().totals().queued);
        self.admin.stop();
        sum
    }
}

/// Refuses reloads, as long as it is polled.
async fn refuse(hang_up: &mut Signal, asks: &mut mpsc::Receiver<Ask>) {
    loop {
        tokio::select! {
            _ = hang_up.recv() => tracing::warn!("no reload: the gateway is stopping"),
            Some(ask) = asks.recv() => ask.answer(reload::stopping()),
        }
    }
}

fn admin_state(common: &Arc<Common>, reloads: mpsc::Sender<Ask>) -> AdminState {
    let budget = Arc::clone(&common.bytes);
    let (counted, outlined) = (Arc::clone(common), Arc::clone(common));
    AdminState {
        readiness: Arc::clone(&common.readiness),
        registry: Arc::clone(&common.registry),
        ledger: Arc::clone(&common.ledger),
        budget: Box::new(move || BudgetLevel {
            limit: budget.limit() as u64,
            soft: budget.soft() as u64,
            held: budget.leased() as u64,
        }),
        identity: Identity::draw(common.carrier.name()),
        started: (clock::now(), clock::wall()),
        plans: Box::new(move || counted.plans_alive()),
        outline: Box::new(move || outlined.plan.load().plan.outline.clone()),
        reloads,
    }
}

fn start_shard(
    common: &Arc<Common>,
    index: usize,
    core: Option<usize>,
) -> io::Result<JoinHandle<()>> {
    let (living, dead) = (Arc::clone(common), Arc::clone(common));
    start(Supervised {
        index,
        core,
        carrier: common.carrier,
        body: move || shard::run(Arc::clone(&living), index),
        died: move || {
            dead.readiness.shard_down(index);
            dead.registry.clear_gauges(index);
            let lost = dead.ledger.book_abandoned(index, DropReason::ShardPanic);
            tracing::error!(shard = index, items = lost.items, "items lost with the shard");
        },
    })
}
