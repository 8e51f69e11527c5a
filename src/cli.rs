//! The command line: as the Collector is started, plus `check`.
//!
//! Exit codes: 0 fine, 2 usage, 3 stopped with spans lost, 74 I/O, 78 configuration.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a command line speaks here")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::app::{self, App, Losses, Reader};
use crate::config::{self, HostFacts, Loaded, Problems, Source};
use crate::runtime::host;
use crate::telemetry::log;

const EXIT_LOST: u8 = 3;
const EXIT_IO: u8 = 74;
const EXIT_CONFIGURATION: u8 = 78;
/// Memory of a machine that does not say how much it has.
const MEMORY_BYTES_ASSUMED: u64 = 1 << 30;
/// How long the last log lines may take to be written.
const LOG_FLUSH: Duration = Duration::from_secs(1);

/// Routes OpenTelemetry traces, metrics and logs to their backends without decoding them.
#[derive(Debug, Parser)]
#[command(name = "spanyard", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Run,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway (also without naming the command, as the Collector is started)
    Run(Run),
    /// Print every problem of a configuration, with its place
    #[command(alias = "validate")]
    Check {
        /// Configuration file
        #[arg(required_unless_present = "config")]
        files: Vec<PathBuf>,
        /// Configuration file, as the Collector takes it
        #[arg(long)]
        config: Vec<PathBuf>,
    },
}

#[derive(Args, Debug)]
struct Run {
    /// Configuration file; without one, an embedded default receives on loopback and counts
    #[arg(long)]
    config: Vec<PathBuf>,
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

/// Does what the arguments say.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        None => run(cli.run),
        Some(Command::Run(options)) => run(options),
        Some(Command::Check { mut files, config }) => {
            files.extend(config);
            check(&files)
        }
    }
}

fn check(files: &[PathBuf]) -> ExitCode {
    match load(files) {
        Ok(loaded) => {
            for warning in &loaded.warnings {
                eprintln!("{warning}");
            }
            let warnings = loaded.warnings.len();
            println!("ok: {} warning{}", warnings, if warnings == 1 { "" } else { "s" });
            ExitCode::SUCCESS
        }
        Err(problems) => {
            eprintln!("{problems}");
            ExitCode::from(EXIT_CONFIGURATION)
        }
    }
}

fn run(options: Run) -> ExitCode {
    let loaded = match load(&options.config) {
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
    let embedded = options.config.is_empty();
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
    let watch = if options.watch { options.config.clone() } else { Vec::new() };
    let reader: Reader =
        Box::new(move || load(&options.config).map(|loaded| overridden(loaded, &options)));
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

fn load(files: &[PathBuf]) -> Result<Loaded, Problems> {
    let sources: Vec<Source> = if files.is_empty() {
        let name = "embedded default".to_owned();
        vec![Source::Text { name, text: config::EMBEDDED.to_owned() }]
    } else {
        files.iter().cloned().map(Source::File).collect()
    };
    let host = HostFacts { memory_bytes: host::memory_bytes().unwrap_or(MEMORY_BYTES_ASSUMED) };
    config::load(&sources, &|name| std::env::var(name).ok(), &host)
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
