//! `spanyard run`: starts the gateway, and says at the end what was lost.
#![expect(clippy::print_stderr, reason = "a command line speaks here")]

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::inputs::Inputs;
use super::{EXIT_CONFIGURATION, EXIT_IO, EXIT_LOST};
use crate::app::{self, App, Losses, Reader};
use crate::config::Loaded;
use crate::telemetry::log;

/// How long the last log lines may take to be written.
const LOG_FLUSH: Duration = Duration::from_secs(1);

/// Runs the gateway.
#[derive(Args, Debug)]
pub(super) struct Run {
    #[command(flatten)]
    inputs: Inputs,
    /// Threads that carry data, instead of what the file says; 0: one for each core
    #[arg(long)]
    shards: Option<usize>,
    /// Reload when a configuration file changes
    #[arg(long)]
    watch: bool,
    /// Accepted as the Collector takes it, and ignored
    #[arg(long, value_name = "GATES")]
    feature_gates: Vec<String>,
}

/// Runs until a signal ends it.
pub(super) fn run(options: Run) -> ExitCode {
    let loaded = match options.inputs.load() {
        Ok(loaded) => loaded,
        Err(problems) => {
            eprintln!("{problems}");
            return ExitCode::from(EXIT_CONFIGURATION);
        }
    };
    let flush = match log::install(&loaded.plan.logs) {
        Ok(flush) => flush,
        Err(error) => {
            eprintln!("logs cannot be set up: {error}");
            return ExitCode::from(EXIT_IO);
        }
    };
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    for gate in &options.feature_gates {
        tracing::warn!(gate, "feature gates are the Collector's and have no effect here");
    }
    let code = serve(loaded, options);
    if !flush.wait(LOG_FLUSH) {
        eprintln!("the last log lines could not be written");
    }
    code
}

fn serve(loaded: Loaded, options: Run) -> ExitCode {
    let embedded = options.inputs.is_embedded();
    let watch = if options.watch { loaded.files.clone() } else { Vec::new() };
    let app = match App::start(overridden(loaded, &options).plan) {
        Ok(app) => app,
        Err(error) => {
            tracing::error!(%error, "cannot start");
            return ExitCode::from(EXIT_IO);
        }
    };
    if embedded {
        eprint!("{HINTS}");
    }
    let reader: Reader =
        Box::new(move || options.inputs.load().map(|loaded| overridden(loaded, &options)));
    match app.run(&reader, app::Options { watch }) {
        Ok(losses) => farewell(&losses),
        Err(error) => {
            tracing::error!(%error, "signals cannot be handled");
            ExitCode::from(EXIT_IO)
        }
    }
}

/// What the command line says goes before what the files say.
fn overridden(mut loaded: Loaded, options: &Run) -> Loaded {
    if let Some(shards) = options.shards {
        loaded.plan.runtime.shards = shards;
    }
    loaded
}

fn farewell(losses: &Losses) -> ExitCode {
    if losses.is_none() {
        tracing::info!("stopped: every acknowledged span was delivered or counted before");
        return ExitCode::SUCCESS;
    }
    let (unsent, unanswered) = (losses.unsent, losses.sent_unanswered);
    tracing::error!(
        unsent = unsent.items,
        unsent_requests = unsent.requests,
        sent_unanswered = unanswered.items,
        sent_unanswered_requests = unanswered.requests,
        "stopped with acknowledged items that were not delivered"
    );
    ExitCode::from(EXIT_LOST)
}

/// What to type next, shown with the embedded default.
const HINTS: &str = "
  Send spans here and watch them counted:
    OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 <your service>
    target/release/loadgen send --endpoint 127.0.0.1:4318 --duration 5s
  Look at it:
    curl http://127.0.0.1:13133/healthz
    curl http://127.0.0.1:8888/metrics
  Route it: write a Collector's file, then
    spanyard check gateway.yaml && spanyard --config gateway.yaml
  See routing, rewriting and the ledger at work:
    cargo build --release --locked && target/release/loadgen demo

";
