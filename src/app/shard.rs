//! One shard's life on its thread: assemble, serve, reload, drain.
//!
//! All state is made here and dies here; what outlasts it is in [`super::common`].

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval, timeout_at};

use super::assembly::{Assembly, Receiving, Served, Workshop};
use super::common::{Common, Order};
use super::drain::Losses;
use super::leaving::Leaving;
use crate::buf::pool::Pool;
use crate::config::plan::Batching;
use crate::export::deflate::Deflater;
use crate::ingest::{self, Front, Gate, Handed, Place};
use crate::pipeline::Tools;
use crate::runtime::shard::End;
use crate::runtime::{clock, descriptors, task};
use crate::telemetry::ledger::DropReason;
use crate::telemetry::names::ShardMeter;
use crate::units::MIB;

/// How often queues, leases and pools are looked after.
const SWEEP_INTERVAL: Duration = Duration::from_millis(100);
/// Free blocks a shard keeps at most.
const SPARE_BYTES_MAX: usize = 16 * MIB;
/// The part of the drain time that clients have to finish; the rest is for the queues.
const CLIENTS_SHARE: u32 = 2;

/// Numbers the pools of a process: a restarted shard's pool is not the old one's home.
static POOLS: AtomicU64 = AtomicU64::new(0);

/// Runs a shard until it drains or breaks.
pub(super) async fn run(common: Arc<Common>, index: usize) -> End {
    let broken = Rc::new(Notify::new());
    let mut shard = match Shard::new(Arc::clone(&common), index, &broken) {
        Ok(shard) => shard,
        Err(error) => {
            tracing::error!(shard = index, %error, "the shard cannot listen");
            return End::Broken;
        }
    };
    common.up(index);
    let Some(inbox) = common.inboxes.get(index) else { return End::Stopped };
    let mut ticks = interval(SWEEP_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = broken.notified() => {
                shard.blame(DropReason::ShardPanic);
                return End::Broken;
            }
            _ = ticks.tick() => shard.sweep(clock::now()),
            handed = common.crowd.next(index) => shard.take_in(handed),
            order = inbox.recv_async() => match order {
                Ok(Order::Reload) => shard.reload(),
                Ok(Order::Drain { deadline }) => {
                    let losses = shard.drain(deadline).await;
                    common.report(index, losses);
                    return End::Stopped;
                }
                Err(_) => return End::Stopped,
            },
        }
    }
}

struct Shard {
    common: Arc<Common>,
    index: usize,
    tools: Rc<Tools>,
    deflater: Rc<Deflater>,
    supplies: Rc<ingest::Supplies>,
    served: Vec<Served>,
    gates: Vec<(Receiving, Rc<Gate>)>,
    /// Of the current plan, and of former ones under which a request is still under way.
    fronts: Vec<Weak<Front>>,
    leaving: Vec<Leaving>,
    leaving_gates: Vec<Rc<Gate>>,
    /// Distinct `batch` settings, numbered for good: a queue that stays knows them by number.
    batchings: Vec<Rc<Batching>>,
}

impl Shard {
    fn new(common: Arc<Common>, index: usize, broken: &Rc<Notify>) -> std::io::Result<Self> {
        let recorder = common.registry.shard(index);
        let meter = ShardMeter::new(&recorder);
        let (panics, broken) = (meter.panics.clone(), Rc::clone(broken));
        task::watch(task::Watch { panics, broken });
        let spare = SPARE_BYTES_MAX.min(common.bytes.limit() / common.shards.max(1) / 4);
        let pool = Pool::install(POOLS.fetch_add(1, Ordering::Relaxed), spare);
        let tools = Rc::new(Tools {
            home: Arc::clone(pool.home()),
            lease: common.bytes.lease(),
            meter: meter.clone(),
            ledger: common.ledger.shard(index),
            scratch: RefCell::default(),
        });
        let deflater = Deflater::new(meter.recompressed_bytes.clone());
        let (home, lease) = (Arc::clone(&tools.home), Arc::clone(&tools.lease));
        let place = Place::new(&common.crowd, index);
        let supplies = ingest::Supplies::new(home, lease, meter, place, common.carrier);
        supplies.limit_connections(descriptors::connections_max(common.shards));
        let watch = Rc::clone(supplies.watch());
        let _ = task::spawn("deadlines", watch.run());
        let mut shard = Self {
            common,
            index,
            tools,
            deflater,
            supplies,
            served: Vec::new(),
            gates: Vec::new(),
            fronts: Vec::new(),
            leaving: Vec::new(),
            leaving_gates: Vec::new(),
            batchings: Vec::new(),
        };
        shard.take_over()?;
        Ok(shard)
    }

    /// Puts the current plan in place of the one before. A receiver that cannot listen is the error
    /// in the end, and keeps nothing else from being done.
    fn take_over(&mut self) -> std::io::Result<()> {
        let current = self.common.plan.load_full();
        let recorder = self.common.registry.shard(self.index);
        let workshop = Workshop {
            common: &self.common,
            recorder: &recorder,
            tools: &self.tools,
            deflater: &self.deflater,
        };
        let mut before = std::mem::take(&mut self.served);
        let Assembly { served, fronts } =
            workshop.assemble(&current, &mut before, &mut self.batchings);
        self.served = served;
        let patience = current.plan.runtime.drain_timeout;
        let generation = current.generation;
        self.fronts.retain(|front| front.strong_count() > 0);
        let former = self.fronts.clone();
        self.fronts.extend(fronts.iter().map(|(_, front)| Rc::downgrade(front)));
        let leaving = before.into_iter().map(|old| Leaving::new(old, former.clone(), patience));
        self.leaving.extend(leaving);
        self.bequeath();
        let outcome = self.open_gates(fronts);
        self.common.follow(self.index, generation);
        outcome
    }

    /// Hands over what is in queues whose exporter has other settings now; requests of the former
    /// plan may have put it there a moment ago.
    fn bequeath(&self) {
        let now = clock::now();
        for leaving in &self.leaving {
            leaving.bequeath(&self.served, now);
        }
    }

    /// Opens what is new and lets what is gone drain; receivers that stay get their new front.
    fn open_gates(&mut self, fronts: Vec<(Receiving, Rc<Front>)>) -> std::io::Result<()> {
        let mut outcome = Ok(());
        let mut gates = std::mem::take(&mut self.gates);
        for (receiving, front) in fronts {
            let known = gates.iter().position(|(known, _)| *known == receiving);
            let gate = if let Some(index) = known {
                let (_, gate) = gates.swap_remove(index);
                gate.swap(front);
                gate
            } else {
                let gate = Gate::new(front, Rc::clone(&self.supplies));
                if let Err(error) = self.open(&gate, &receiving) {
                    outcome = Err(error);
                }
                gate
            };
            self.gates.push((receiving, gate));
        }
        for (_, gate) in gates {
            gate.drain();
            self.leaving_gates.push(gate);
        }
        outcome
    }

    fn open(&self, gate: &Rc<Gate>, receiving: &Receiving) -> std::io::Result<()> {
        let doors = self.common.doors.lock().unwrap_or_else(PoisonError::into_inner);
        for (side, door) in receiving.doors() {
            gate.listen(doors.listener(&door, self.index)?, side)?;
        }
        if let Some(door) = receiving.http3() {
            gate.listen_quic(doors.datagrams(&door, self.index)?)?;
        }
        Ok(())
    }

    /// Serves what another shard has accepted; closes it if its receiver is gone meanwhile.
    fn take_in(&self, handed: Handed) {
        let known = self.gates.iter().find(|(known, _)| known.id() == &*handed.receiver);
        if let Some((_, gate)) = known {
            gate.take_in(handed);
        }
    }

    fn reload(&mut self) {
        if let Err(error) = self.take_over() {
            tracing::error!(shard = self.index, %error, "a receiver of the new plan cannot listen");
        }
    }

    fn sweep(&mut self, now: Instant) {
        for served in self.all() {
            served.destination.sweep(now);
        }
        self.leaving_gates.retain(|gate| gate.connections() > 0);
        self.tools.lease.sweep();
        let (_, free) = Pool::spare();
        self.tools.meter.pool_free_blocks.set(level(free));
        self.bequeath();
        self.leaving.retain(|leaving| leaving.sweep(now));
        self.tools.meter.leaving_queues.set(level(self.leaving.len()));
    }

    /// What is dropped with the shard from now on is counted under `reason`.
    fn blame(&self, reason: DropReason) {
        for served in self.all() {
            served.destination.blame(reason);
        }
    }

    fn all(&self) -> impl Iterator<Item = &Served> {
        self.served.iter().chain(self.leaving.iter().map(Leaving::served))
    }

    /// Finishes what clients have begun, then what waits in the queues, until `deadline`.
    async fn drain(&self, deadline: Instant) -> Losses {
        let left = deadline.saturating_duration_since(clock::now());
        let clients_until = deadline.checked_sub(left / CLIENTS_SHARE).unwrap_or(deadline);
        for (_, gate) in &self.gates {
            gate.drain();
        }
        while let Some(handed) = self.common.crowd.waiting(self.index) {
            self.take_in(handed);
        }
        for served in self.all() {
            served.destination.flush();
        }
        let emptied = async {
            for gate in self.gates.iter().map(|(_, gate)| gate).chain(&self.leaving_gates) {
                gate.emptied().await;
            }
        };
        if timeout_at(clients_until.into(), emptied).await.is_err() {
            tracing::warn!(shard = self.index, "clients that are not done are cut off");
        }
        for served in self.all() {
            served.destination.close();
        }
        let idle = async {
            for served in self.all() {
                served.destination.emptied().await;
            }
        };
        if timeout_at(deadline.into(), idle).await.is_err() {
            tracing::warn!(shard = self.index, "the drain deadline is over");
        }
        self.give_up()
    }

    fn give_up(&self) -> Losses {
        let mut losses = Losses::default();
        for served in self.all() {
            let unsent = served.destination.abandon(DropReason::Shutdown);
            let (waiting, unanswered) = served.destination.in_flight();
            if served.destination.plan().is_real() {
                losses.unsent = losses.unsent.plus(unsent).plus(waiting);
                losses.sent_unanswered = losses.sent_unanswered.plus(unanswered);
            }
            served.stop(DropReason::Shutdown);
        }
        losses
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge of a few hundred things")]
fn level(count: usize) -> f64 {
    count as f64
}
