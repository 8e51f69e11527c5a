//! A new plan for a running gateway: check first, then swap.
//!
//! ```text
//!  SIGHUP | POST /-/reload | a file changed -> read, check -> bind -> swap -> every shard follows
//!                                                  └─ faulty: nothing changes ─┐
//!                                                          log, metric, answer <┘
//! ```
//! One reload at a time, on the main thread. A file with problems changes nothing. Listeners whose
//! address stays are kept, so no connection is refused; each shard takes the plan over between two
//! turns, and the reload is done when all have. What holds until the next start (the ports for
//! operators, number of shards, pinning, the log) is named in a warning when the file changes it.

mod fixed;
mod outcome;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::Reader;
use super::banner;
use super::common::{Common, Current, Order};
use super::doors::Doors;
use super::watch::Watch;
use crate::config::plan::Plan;
use crate::runtime::clock;
use crate::telemetry::names::ConfigMeter;
pub(super) use fixed::Fixed;
pub(super) use outcome::{Outcome, stopping};

/// How long the shards may take to follow before the answer goes without them.
const FOLLOW_MAX: Duration = Duration::from_secs(5);

/// Why there is a reload.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cause {
    Signal,
    Request,
    Watch,
}

impl Cause {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Signal => "SIGHUP",
            Self::Request => "POST /-/reload",
            Self::Watch => "a file has changed",
        }
    }
}

/// Does reloads, one after another.
pub(super) struct Reloader<'a> {
    pub(super) common: &'a Common,
    pub(super) reader: &'a Reader,
    pub(super) fixed: &'a Fixed,
    pub(super) meter: ConfigMeter,
    pub(super) watch: Watch,
}

impl Reloader<'_> {
    /// Reads the configuration again and swaps the plan, or says why not.
    pub(super) async fn reload(&mut self, cause: Cause) -> Outcome {
        self.watch.take();
        let outcome = self.try_reload().await;
        if outcome.is_done() {
            self.meter.succeeded(clock::wall());
        } else {
            self.meter.failed();
        }
        outcome.log(cause);
        outcome
    }

    async fn try_reload(&self) -> Outcome {
        let loaded = match (self.reader)() {
            Ok(loaded) => loaded,
            Err(problems) => return Outcome::Faulty(problems),
        };
        let held_over = self.fixed.held_over(&loaded.plan);
        let generation = match self.swap(loaded.plan) {
            Ok(generation) => generation,
            Err(why) => return Outcome::Impossible(why),
        };
        let late = self.common.followed(generation, clock::now() + FOLLOW_MAX).await;
        self.common.forget_unused();
        Outcome::Done { warnings: loaded.warnings, held_over, late }
    }

    /// Puts the plan in the place of the one before; returns its generation, or why it cannot run.
    fn swap(&self, plan: Plan) -> Result<u64, String> {
        let common = self.common;
        let generation = common.plan.load().generation.wrapping_add(1);
        let current = Current::prepare(plan, generation)?;
        let plan = Arc::clone(&current.plan);
        {
            let mut doors = common.doors.lock().unwrap_or_else(PoisonError::into_inner);
            let bound = Doors::bind(&plan, common.shards, Some(&doors));
            let bound = bound.map_err(|error| error.to_string())?;
            banner::announce_receivers(&plan, &bound, &doors);
            *doors = bound;
        }
        common.bytes.resize(plan.budget.limit, plan.budget.soft);
        common.put(current);
        common.order(Order::Reload);
        Ok(generation)
    }
}
