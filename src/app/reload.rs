//! A new plan for a running gateway: check first, then swap.
//!
//! A file with problems changes nothing. Listeners whose address stays are kept, so no connection
//! is refused; each shard takes the plan over between two turns. The admin addresses, the number of
//! shards and the log settings hold until the next start.

use std::sync::{Arc, PoisonError};

use super::Reader;
use super::common::{Common, Current, Order};
use super::doors::Doors;

/// Reads the configuration again and swaps the plan, or says why not.
pub(super) fn reload(common: &Common, reader: &Reader) {
    let plan = match reader() {
        Ok(plan) => plan,
        Err(problems) => {
            tracing::error!("the configuration was not reloaded:\n{problems}");
            return;
        }
    };
    let current = match Current::prepare(plan) {
        Ok(current) => current,
        Err(error) => {
            tracing::error!(%error, "the configuration was not reloaded");
            return;
        }
    };
    let plan = Arc::clone(&current.plan);
    {
        let mut doors = common.doors.lock().unwrap_or_else(PoisonError::into_inner);
        match Doors::bind(&plan, common.shards, Some(&doors)) {
            Ok(bound) => *doors = bound,
            Err(error) => {
                tracing::error!(%error, "the configuration was not reloaded");
                return;
            }
        }
    }
    common.bytes.resize(plan.budget.limit, plan.budget.soft);
    common.plan.store(Arc::new(current));
    common.order(Order::Reload);
    tracing::info!("the configuration was reloaded");
}
