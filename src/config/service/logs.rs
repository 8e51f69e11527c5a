//! `service.telemetry.logs`: level, encoding, where lines go and what each of them carries.

use crate::config::decode::{Field, Section};
use crate::config::keys::{Table, key};
use crate::config::plan::{LogOutput, Logs};
use crate::config::problems::Code;
use crate::config::report::Fault;
use crate::config::yaml::{Node, Typed, Value};

pub(in crate::config) const LOGS: Table = Table {
    scope: "service.telemetry.logs",
    keys: &[
        key("level", "word", "info", "`debug`, `info`, `warn` or `error`"),
        key("encoding", "word", "console", "`console` or `json`"),
        key("output_paths", "list of text", "[stderr]", "`stderr`, `stdout` or both; no files"),
        key("error_output_paths", "list of text", "[stderr]", "accepted: the log never fails"),
        key("initial_fields", "mapping", "", "what every line carries"),
        key("sampling", "mapping", "", "accepted: repeated warnings are rate-limited as built"),
        key("disable_caller", "boolean", "", "accepted: no line shows its place in the source"),
        key("disable_stacktrace", "boolean", "", "accepted: no line has a stack trace"),
        key("development", "boolean", "false", "accepted, without effect"),
    ],
};
pub(in crate::config) const SAMPLING: Table = Table {
    scope: "service.telemetry.logs.sampling",
    keys: &[
        key("enabled", "boolean", "true", "false: nothing is ignored"),
        key("tick", "duration", "", "ignored"),
        key("initial", "whole number", "", "ignored"),
        key("thereafter", "whole number", "", "ignored"),
    ],
};

/// Decodes the section; what is wrong in it keeps its default.
pub(super) fn decode(section: &Section<'_>) -> Logs {
    let level = section.get("level").and_then(|field| level(&field));
    let encoding = section.get("encoding").and_then(|field| field.one_of(&["console", "json"]));
    for accepted in ["disable_caller", "disable_stacktrace", "development"] {
        let _ = section.get(accepted).and_then(|field| field.boolean());
    }
    check_sampling(section);
    let _ = section.get("error_output_paths").and_then(|field| field.texts());
    Logs {
        level: level.unwrap_or(tracing::Level::INFO),
        json: encoding == Some("json"),
        output: output(section),
        fields: section.get("initial_fields").map(|field| fields(&field)).unwrap_or_default(),
    }
}

fn level(field: &Field<'_>) -> Option<tracing::Level> {
    let text = field.text()?.to_lowercase();
    match text.as_str() {
        "debug" => Some(tracing::Level::DEBUG),
        "" | "info" => Some(tracing::Level::INFO),
        "warn" => Some(tracing::Level::WARN),
        "error" | "dpanic" | "panic" | "fatal" => Some(tracing::Level::ERROR),
        _ => {
            field.unknown_word(&text, &["debug", "info", "warn", "error"]);
            None
        }
    }
}

/// The thinning of repeated lines is as built; switched off in the file, it stays.
fn check_sampling(section: &Section<'_>) {
    let sampling =
        section.get("sampling").and_then(|field| Some((field.section(&SAMPLING)?, field)));
    let Some((sampling, field)) = sampling else {
        return;
    };
    for number in ["initial", "thereafter"] {
        let _ = sampling.whole(number, 0, 0, u64::from(u32::MAX));
    }
    let _ = sampling.duration("tick", std::time::Duration::ZERO);
    if sampling.boolean("enabled", true) {
        let fault = Fault::new(Code::Ignored, "`sampling` is ignored");
        let hint = "repeated warnings are rate-limited as built";
        field.report.warning(field.key, &field.path, fault.hint(hint));
    }
}

fn output(section: &Section<'_>) -> LogOutput {
    let listed = section.get("output_paths").and_then(|field| field.texts()).unwrap_or_default();
    let (mut stdout, mut stderr) = (false, false);
    for (path, field) in &listed {
        match path.trim() {
            "stdout" => stdout = true,
            "stderr" => stderr = true,
            _ => {
                let fault = Fault::new(Code::Ignored, "a log file is not written");
                let hint = "let the system keep what stdout or stderr says";
                field.warning(fault.found(field.node.shown()).hint(hint));
            }
        }
    }
    match (stdout, stderr) {
        (true, true) => LogOutput::Both,
        (true, false) => LogOutput::Stdout,
        (false, _) => LogOutput::Stderr,
    }
}

/// The fields as the inside of a JSON object.
fn fields(field: &Field<'_>) -> String {
    let children = field.children().unwrap_or_default();
    let pairs = children.iter().map(|(name, field)| {
        let mut pair = String::new();
        quote(&mut pair, name);
        pair.push(':');
        json(&mut pair, field.node);
        pair
    });
    pairs.collect::<Vec<_>>().join(",")
}

/// A value of the file as JSON.
fn json(out: &mut String, node: &Node) {
    match &node.value {
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                json(out, item);
            }
            out.push(']');
        }
        Value::Map(entries) => {
            out.push('{');
            for (index, entry) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                quote(out, &entry.key);
                out.push(':');
                json(out, &entry.node);
            }
            out.push('}');
        }
        Value::Scalar(scalar) => match node.typed() {
            Some(Typed::Null) | None => out.push_str("null"),
            Some(Typed::Bool(value)) => out.push_str(if value { "true" } else { "false" }),
            Some(Typed::Int(value)) => out.push_str(&value.to_string()),
            Some(Typed::Float(value)) if value.is_finite() => out.push_str(&value.to_string()),
            Some(_) => quote(out, &scalar.text),
        },
        Value::Broken => out.push_str("null"),
    }
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}
