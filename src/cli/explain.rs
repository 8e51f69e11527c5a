//! `spanyard explain`: what a code means, or what becomes of a request.

use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use http::{HeaderMap, HeaderName, HeaderValue};
use spanyard_wire::schema::Signal;

use super::inputs::Files;
use super::{EXIT_CONFIGURATION, EXIT_ERROR, say};
use crate::config::Code;
use crate::explain::{self, Question};

/// Says what a code means, or what becomes of a request.
#[derive(Args, Debug)]
pub(super) struct Explain {
    #[command(flatten)]
    files: Files,
    /// Attribute of the resource; 3 is a number, "3" text
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    resource: Vec<(String, String)>,
    /// Header of the request
    #[arg(long, value_name = "KEY=VALUE", value_parser = header)]
    header: Vec<(HeaderName, HeaderValue)>,
    /// Attribute of its span, data point or log record
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    span_attribute: Vec<(String, String)>,
    /// What it carries
    #[arg(long, value_enum, default_value_t = Carried::Traces)]
    signal: Carried,
    /// Receiver that it comes to, where several take the signal
    #[arg(long, value_name = "ID")]
    receiver: Option<String>,
    /// How it comes: over HTTP where the receiver speaks it
    #[arg(long, value_enum)]
    transport: Option<Transport>,
    /// The client's address
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    client: IpAddr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Carried {
    Traces,
    Metrics,
    Logs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Transport {
    Http,
    Grpc,
}

/// Prints the page of a code, or the way of a request.
pub(super) fn explain(options: &Explain) -> ExitCode {
    if let Some(code) = options.files.only_word().and_then(Code::from_word) {
        say::out(code.page());
        return ExitCode::SUCCESS;
    }
    let loaded = match options.files.load() {
        Ok(loaded) => loaded,
        Err(problems) => {
            say::error(&format!("{problems}\n"));
            if options.files.only_word().is_some_and(|word| !word.contains(['.', '/'])) {
                let words: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
                say::error(&format!("codes: {}\n", words.join(", ")));
            }
            return ExitCode::from(EXIT_CONFIGURATION);
        }
    };
    let question = Question {
        signal: match options.signal {
            Carried::Traces => Signal::Traces,
            Carried::Metrics => Signal::Metrics,
            Carried::Logs => Signal::Logs,
        },
        receiver: options.receiver.clone(),
        grpc: options.transport.map(|transport| transport == Transport::Grpc),
        headers: options.header.iter().cloned().collect::<HeaderMap>(),
        resource: options.resource.clone(),
        item: options.span_attribute.clone(),
        peer: options.client,
    };
    match explain::explain(&loaded.plan, &question) {
        Ok(text) => {
            say::out(&text);
            ExitCode::SUCCESS
        }
        Err(why) => {
            say::error(&format!("{why}\n"));
            ExitCode::from(EXIT_ERROR)
        }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected key=value")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(['=', ':']).ok_or("expected name=value")?;
    let name: HeaderName = name.trim().parse().map_err(|_| "not the name of a header")?;
    let value = value.trim().parse().map_err(|_| "not the value of a header")?;
    Ok((name, value))
}
