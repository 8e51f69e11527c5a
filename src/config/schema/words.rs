//! Which words a setting takes. Words that the Collector knows and this program refuses as not
//! supported yet are among them: the program says so at the line.

use serde_json::{Value, json};

/// The words of one setting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    scope: &'static str,
    key: &'static str,
    words: &'static [&'static str],
    /// `Upsert` is as good as `upsert`.
    any_case: bool,
}

const fn exact(scope: &'static str, key: &'static str, words: &'static [&'static str]) -> Words {
    Words { scope, key, words, any_case: false }
}

const fn any_case(scope: &'static str, key: &'static str, words: &'static [&'static str]) -> Words {
    Words { scope, key, words, any_case: true }
}

const COMPRESSIONS: &[&str] =
    &["gzip", "none", "", "snappy", "x-snappy-framed", "zstd", "zlib", "deflate", "lz4"];
const ACTIONS: &[&str] = &["insert", "update", "upsert", "delete", "hash", "extract", "convert"];
const TYPES: &[&str] = &["int", "double", "string"];
const CONTEXTS: &[&str] = &["resource", "request", "span", "metric", "datapoint", "log"];
const LEVELS: &[&str] = &["debug", "info", "warn", "error", "dpanic", "panic", "fatal"];

const TRANSPORTS: &[&str] = &["tcp", "tcp4", "tcp6", "unix"];

const WORDS: &[Words] = &[
    exact("receivers.otlp.protocols.grpc", "transport", TRANSPORTS),
    exact("receivers.otlp.protocols.http", "transport", TRANSPORTS),
    any_case("processors.resource.attributes", "action", ACTIONS),
    any_case("processors.attributes.actions", "action", ACTIONS),
    exact("extensions.spanyard", "engine", &["auto", "epoll", "uring"]),
    exact("extensions.headers_setter.headers", "action", &["insert", "update", "upsert", "delete"]),
    exact("processors.resource.attributes", "converted_type", TYPES),
    exact("processors.attributes.actions", "converted_type", TYPES),
    exact("processors.attributes.include", "match_type", &["strict", "regexp"]),
    exact("connectors.routing", "error_mode", &["propagate", "ignore", "silent"]),
    exact("connectors.routing.table", "context", CONTEXTS),
    exact("connectors.routing.table", "action", &["move", "copy"]),
    exact("exporters.otlp", "compression", COMPRESSIONS),
    exact("exporters.otlphttp", "compression", COMPRESSIONS),
    exact("exporters.debug", "verbosity", &["basic", "normal", "detailed"]),
    exact("exporters.*.sending_queue", "sizer", &["requests", "items", "bytes"]),
    exact("exporters.*.sending_queue.batch", "sizer", &["items", "bytes"]),
    any_case("service.telemetry.metrics", "level", &["none", "basic", "normal", "detailed"]),
    any_case("service.telemetry.logs", "level", LEVELS),
    any_case("service.telemetry.traces", "level", &["none", "basic", "normal", "detailed"]),
    exact("service.telemetry.resource.attributes", "type", &["string"]),
    exact("service.telemetry.logs", "encoding", &["console", "json"]),
];

/// The words of a setting.
pub(super) fn of(scope: &str, key: &str) -> Option<&'static Words> {
    WORDS.iter().find(|words| words.scope == scope && words.key == key)
}

/// The fragment that takes these words.
pub(super) fn fragment(words: &Words) -> Value {
    if !words.any_case {
        return json!({"enum": words.words});
    }
    // Regular expressions of JSON Schema have no flag for case.
    let letter = |c: char| format!("[{}{}]", c.to_ascii_lowercase(), c.to_ascii_uppercase());
    let either: Vec<String> =
        words.words.iter().map(|word| word.chars().map(letter).collect()).collect();
    let pattern = format!("^({})$", either.join("|"));
    json!({"anyOf": [{"enum": words.words}, {"type": "string", "pattern": pattern}]})
}

#[cfg(test)]
mod tests {
    use super::WORDS;
    use crate::config::keys::tables;

    #[test]
    fn every_setting_with_words_is_one_of_the_tables() {
        for words in WORDS {
            let table = tables().into_iter().find(|table| table.scope == words.scope);
            let kind = table.and_then(|table| table.kind_of(words.key));
            assert_eq!(kind, Some("word"), "{words:?}");
        }
    }
}
