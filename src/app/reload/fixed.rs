//! What a reload cannot change: it is compared with what the process was started with, so that a
//! change that waits for the next start is named at every reload until then.

use std::net::SocketAddr;

use crate::config::plan::{Admin, Control, Logs, Plan, RuntimePlan};

/// The settings that hold from the start to the end of the process.
#[derive(Clone, Debug)]
pub(in crate::app) struct Fixed {
    runtime: RuntimePlan,
    logs: Logs,
    admin: Admin,
}

impl Fixed {
    pub(in crate::app) fn of(plan: &Plan) -> Self {
        Self { runtime: plan.runtime, logs: plan.logs.clone(), admin: plan.admin.clone() }
    }

    /// What `plan` says otherwise, a sentence each.
    pub(super) fn held_over(&self, plan: &Plan) -> Vec<String> {
        let mut changed = Vec::new();
        let (old, new) = (&self.runtime, &plan.runtime);
        if old.shards != new.shards {
            changed.push(format!("`shards` is {} now and was {}", new.shards, old.shards));
        }
        if old.pin != new.pin {
            changed.push(format!("`pin` is {} now and was {}", new.pin, old.pin));
        }
        if old.engine != new.engine {
            changed.push("`engine` has changed".to_owned());
        }
        if self.logs != plan.logs {
            changed.push("`service.telemetry.logs` has changed".to_owned());
        }
        let (old, new) = (&self.admin, &plan.admin);
        if old.health != new.health {
            changed.push("`health_check` has changed".to_owned());
        }
        if old.metrics != new.metrics {
            changed.push("`service.telemetry.metrics` has changed".to_owned());
        }
        if endpoint(old.control) != endpoint(new.control) {
            changed.push("`extensions.spanyard.admin` has changed".to_owned());
        }
        changed.into_iter().map(|what| format!("{what}: from the next start on")).collect()
    }
}

fn endpoint(control: Option<Control>) -> Option<SocketAddr> {
    control.map(|control| control.endpoint)
}
