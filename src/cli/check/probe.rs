//! `check --probe`: every backend of the plan is asked once.

use std::io;

use crate::config::plan::Plan;
use crate::export::probe::{Probe, probe};

/// The table of what was found, and whether every backend would take data.
///
/// # Errors
/// What the system says when nothing can be run.
pub(super) fn run(plan: &Plan) -> io::Result<(String, bool)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let probes = runtime.block_on(async {
        let mut list = Vec::new();
        for destination in &plan.destinations {
            list.extend(probe(destination).await);
        }
        list
    });
    Ok((table(&probes), probes.iter().all(Probe::is_fine)))
}

fn table(probes: &[Probe]) -> String {
    let mut out = String::new();
    for Probe { exporter, signal, place, steps } in probes {
        out.push_str(&format!("{exporter} ({signal}) {place}\n"));
        for (step, found) in steps {
            let (word, text) = match found {
                Ok(text) => ("ok", text),
                Err(why) => ("FAILED", why),
            };
            out.push_str(&format!("  {step:<8} {word:<7} {text}\n"));
        }
    }
    if probes.is_empty() {
        out.push_str("no backend to ask: every pipeline ends in debug or nop\n");
    }
    out
}
