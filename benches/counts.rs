//! What `benches/counts/run` counts instructions of: one stage on one body, once, after a warm-up.
//!
//! Callgrind collects only inside the functions of `measured`, which are never inlined; building
//! the bodies and warming up stay outside. The warm-up grows all scratch, so that what is counted
//! is the steady state, which does not allocate.
//!
//! `counts STAGE CASE` runs that pair. Called otherwise (by `cargo test`, say) it runs all pairs,
//! which is how the file is kept working where there is no valgrind.

mod payloads;
mod yard;

use spanyard_wire::edit::{Action, Edit, Source};
use spanyard_wire::encode::any_value_string;
use spanyard_wire::error::WireError;
use spanyard_wire::request::Request;
use spanyard_wire::schema::Signal;
use spanyard_wire::splice::Splice;
use std::error::Error;
use std::hint::black_box;
use yard::Yard;

/// As in the gateway: what it costs to allocate is part of the pipeline's count.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome = Result<(), Box<dyn Error>>;

/// A stage prepares its scratch for a body, warms up, and calls its measured function once.
type Stage = fn(&[u8]) -> Outcome;

/// The names `benches/counts/run` knows.
const STAGES: [(&str, Stage); 3] = [("scan", scan), ("rewrite", rewrite), ("pipeline", pipeline)];

fn main() -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let _inside = runtime.enter();
    // The harness of `cargo bench` and `cargo test` passes flags of its own.
    let asked: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let mut done = 0;
    for (name, stage) in STAGES {
        for case in payloads::CASES {
            let wanted = match asked.as_slice() {
                [stage, body] => stage == name && body == case.name,
                _ => true,
            };
            if wanted {
                stage(&case.request())?;
                done += 1;
            }
        }
    }
    if done == 0 { Err(format!("no such pair: {}", asked.join(" ")).into()) } else { Ok(()) }
}

/// The functions callgrind collects in.
mod measured {
    use super::{Edit, Request, Signal, Splice, WireError, Yard};
    use spanyard::pipeline::Message;

    /// One walk over the whole request.
    #[inline(never)]
    pub(crate) fn scan(request: &mut Request, bytes: &[u8]) -> Result<(), WireError> {
        request.scan(Signal::Traces, bytes)
    }

    /// Every resource edited; the result as slices.
    #[inline(never)]
    pub(crate) fn rewrite(
        splice: &mut Splice,
        request: &Request,
        bytes: &[u8],
        edits: &[Edit],
    ) -> Result<(), WireError> {
        splice.clear();
        for group in &request.groups {
            let _changed = splice.edit_group(bytes, group, edits, &[])?;
        }
        Ok(())
    }

    /// Accepted, routed, edited, queued, taken as a batch, settled.
    #[inline(never)]
    pub(crate) fn pipeline(yard: &Yard, message: Message) -> Option<usize> {
        yard.pass(message)
    }
}

fn scan(bytes: &[u8]) -> Outcome {
    let mut request = Request::new();
    request.scan(Signal::Traces, bytes)?;
    measured::scan(&mut request, black_box(bytes))?;
    let _ = black_box(request.items);
    Ok(())
}

/// One attribute upserted, one deleted, in every resource.
fn edits() -> [Edit; 2] {
    let value = Source::Value(any_value_string("north").into());
    [Edit::new(*b"yard.track", Action::Upsert(value)), Edit::new(*b"k8s.node.name", Action::Delete)]
}

fn rewrite(bytes: &[u8]) -> Outcome {
    let edits = edits();
    let mut request = Request::new();
    request.scan(Signal::Traces, bytes)?;
    let mut splice = Splice::new();
    for group in &request.groups {
        let _changed = splice.edit_group(bytes, group, &edits, &[])?;
    }
    measured::rewrite(&mut splice, &request, black_box(bytes), &edits)?;
    let _ = black_box(splice.len());
    Ok(())
}

fn pipeline(bytes: &[u8]) -> Outcome {
    let yard = Yard::new(edits().to_vec());
    for _ in 0..3 {
        let _left = yard.pass(yard.message(bytes)).ok_or("refused")?;
    }
    let message = yard.message(bytes);
    let left = measured::pipeline(&yard, black_box(message)).ok_or("refused")?;
    let _ = black_box(left);
    Ok(())
}
