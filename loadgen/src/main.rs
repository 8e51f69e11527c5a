//! The `loadgen` program: reads the command line, runs one command, prints its report.
//!
//! Reports go to standard output, progress and errors to standard error. Exit codes: 0 fine,
//! 1 error, 2 usage, 99 a threshold was not met (lost spans, latency).

mod cli;

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use loadgen::backends::{self, Backend};
use loadgen::demo::Demo;
use loadgen::report;
use loadgen::send::{self, Progress};
use loadgen::sink::Sink;
use tokio::signal::unix::{SignalKind, signal};

use cli::{Cli, Command, DemoArgs, Output, SendArgs, SinkArgs};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ERROR: u8 = 1;
const THRESHOLD: u8 = 99;
/// Where nobody watches, progress is one line in so many seconds.
const PLAIN_PROGRESS_SECONDS: u64 = 5;

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Send(args) => send(&args),
        Command::Sink(args) => sink(&args),
        Command::Demo(args) => demo(&args),
    };
    result.unwrap_or_else(|error| {
        // Nothing is left to do when standard error is closed.
        let _written = writeln!(io::stderr(), "loadgen: {error}");
        ExitCode::from(ERROR)
    })
}

fn send(args: &SendArgs) -> Result<ExitCode, Box<dyn Error>> {
    let plan = args.plan()?;
    let opened: io::Result<Vec<_>> = args.verify.iter().map(|at| Backend::open(at)).collect();
    let opened = opened?;
    let outcome = send::run(plan.clone(), show)?;
    if io::stderr().is_terminal() {
        writeln!(io::stderr())?;
    }
    let mut proof = None;
    if !opened.is_empty() {
        let (run, told) = (plan.shape.run, &outcome.acknowledged);
        let look = || opened.iter().map(|backend| backend.evidence(run)).collect();
        proof = Some(backends::settle(look, told, args.verify_each, args.settle)?);
    }
    let text = match args.output {
        Output::Human => report::human(&plan, &outcome, proof.as_ref()),
        Output::Json => report::json(&plan, &outcome, proof.as_ref()),
    };
    io::stdout().write_all(text.as_bytes())?;
    let lossless = proof.is_none_or(|proof| proof.holds(args.expect_loss));
    let quick = args.max_p99.is_none_or(|max| outcome.tally.latency().p99 <= max);
    Ok(if !lossless || !quick {
        ExitCode::from(THRESHOLD)
    } else if outcome.tally.accepted == 0 {
        ExitCode::from(ERROR)
    } else {
        ExitCode::SUCCESS
    })
}

fn show(now: Progress) {
    let mut stderr = io::stderr();
    let line = report::progress(now);
    // Progress that nobody can read is no reason to stop.
    let _written = if stderr.is_terminal() {
        write!(stderr, "\r\x1b[K{line}")
    } else if now.elapsed.as_secs().is_multiple_of(PLAIN_PROGRESS_SECONDS) {
        writeln!(stderr, "{line}")
    } else {
        Ok(())
    };
}

fn sink(args: &SinkArgs) -> Result<ExitCode, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let sink = Sink::start(args.options())?;
        let mut stdout = io::stdout();
        writeln!(stdout, "http {}\ngrpc {}", sink.addr_http(), sink.addr_grpc())?;
        stdout.flush()?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        let found = sink.report();
        stdout.write_all(report::sink(&found).as_bytes())?;
        if let Some(file) = &args.report_json {
            let place = |e| format!("{}: {e}", file.display());
            std::fs::write(file, found.to_json()).map_err(place)?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn demo(args: &DemoArgs) -> Result<ExitCode, Box<dyn Error>> {
    let demo = Demo {
        duration: args.duration,
        spans_per_second: args.rate,
        gateway: args.gateway.clone(),
    };
    let good = demo.run(&mut io::stdout())?;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(THRESHOLD) })
}
