//! For tests: loads a text, and says what came of it in a few words.

use super::plan::Plan;
use super::{Code, HostFacts, Loaded, Problem, Problems, Source, load};

/// A machine of 1 GiB.
pub(super) const HOST: HostFacts = HostFacts { memory_bytes: 1 << 30 };

/// The variables that tests may name.
pub(super) fn env(name: &str) -> Option<String> {
    let value = match name {
        "N" => "1234",
        "EMPTY" => "",
        "A" => "a-value",
        "WHICH" => "A",
        "OCTAL" => "0755",
        "YES" => "yes",
        "TRUE" => "true",
        "MAP" => "{grpc: {endpoint: \"127.0.0.1:5317\"}}",
        "DOLLARS" => "p$$w",
        "LINE" => "two\nlines",
        _ => return None,
    };
    Some(value.to_owned())
}

/// Loads a text with everything that is said about it.
pub(super) fn load_all(text: &str) -> Result<Loaded, Problems> {
    let source = Source::Text { name: "t.yaml".to_owned(), text: text.to_owned() };
    load(&[source], &env, &HOST)
}

/// Loads a text. What is said of every file of a few lines is left out: a default endpoint, no
/// health check.
pub(super) fn try_load(text: &str) -> Result<Loaded, Problems> {
    let usual =
        |problem: &Problem| matches!(problem.code, Code::DefaultEndpoint | Code::NoHealthCheck);
    let without = |list: Vec<Problem>| list.into_iter().filter(|p| !usual(p)).collect();
    match load_all(text) {
        Ok(loaded) => Ok(Loaded { warnings: without(loaded.warnings), ..loaded }),
        Err(problems) => {
            let suppressed = problems.suppressed();
            Err(Problems::new(without(problems.into_vec()), suppressed))
        }
    }
}

/// The plan of a text that must load.
pub(super) fn plan(text: &str) -> Plan {
    match try_load(text) {
        Ok(loaded) => loaded.plan,
        Err(problems) => panic!("{problems}"),
    }
}

/// A file with one traces pipeline: line 3 holds the processors, all of which it uses under `ids`,
/// line 4 the exporter `otlphttp`.
pub(super) fn around(ids: &str, processors: &str, exporter: &str) -> String {
    format!(
        "receivers: {{otlp: {{protocols: {{grpc: {{}}, http: {{include_metadata: true}}}}}}}}\n\
         service: {{pipelines: {{traces: {{receivers: [otlp], processors: [{ids}], \
         exporters: [otlphttp]}}}}}}\n\
         processors: {processors}\n\
         exporters: {{otlphttp: {exporter}}}\n"
    )
}

/// A file whose exporter `otlphttp` has these settings.
pub(super) fn exporting(exporter: &str) -> String {
    around("", "{}", exporter)
}

/// A file whose pipeline uses these processors.
pub(super) fn processing(ids: &str, processors: &str) -> String {
    around(ids, processors, "{endpoint: \"http://a:4318\"}")
}

/// What is said about one line: code and message.
pub(super) fn messages(text: &str, line: usize) -> Vec<String> {
    let problems = match try_load(text) {
        Ok(loaded) => loaded.warnings,
        Err(problems) => problems.into_vec(),
    };
    let here = problems.iter().filter(|problem| problem.place.line == line);
    here.map(|problem| format!("{}: {}", problem.code.as_str(), problem.message)).collect()
}
