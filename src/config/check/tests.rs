//! Names, ends and circles: each mistake once, in its place.

use crate::config::fixture::{messages, try_load};

fn all(text: &str) -> Vec<String> {
    let lines = text.lines().count();
    (1..=lines).flat_map(|line| messages(text, line)).collect()
}

/// A file with a service; `connectors` and `pipelines` are YAML in flow form.
fn file(connectors: &str, pipelines: &str) -> String {
    format!(
        "receivers: {{otlp: {{protocols: {{http: {{}}}}}}, \
         otlp/b: {{protocols: {{grpc: {{}}}}}}}}\n\
         exporters: {{nop: {{}}}}\n\
         connectors: {connectors}\n\
         service: {{pipelines: {pipelines}}}\n"
    )
}

const TABLE: &str = "{routing: {table: [{statement: route(), pipelines: [traces/a]}]}}";

/// Every way in which pipelines and connectors cannot fit.
#[test]
fn pipelines_that_do_not_fit_are_refused() {
    let cases = [
        (
            TABLE,
            "{traces: {receivers: [otlp], exporters: [nop]}}",
            vec!["unknown-reference: no pipeline `traces/a` is defined"],
        ),
        (
            TABLE,
            "{traces: {receivers: [otlp], exporters: [routing]}, \
                  traces/a: {receivers: [otlp], exporters: [nop]}}",
            vec![
                "unknown-reference: the pipeline `traces/a` does not take from `routing`",
                "unknown-reference: no pipeline for traces has `routing` as receiver",
            ],
        ),
        (
            TABLE,
            "{traces/a: {receivers: [routing], exporters: [routing]}}",
            vec!["conflict: `traces/a` feeds itself, or more than 32 in a row"],
        ),
        (
            TABLE,
            "{traces: {receivers: [otlp], exporters: [routing]}, \
                  traces/a: {receivers: [routing], exporters: [nop]}, \
                  traces/b: {receivers: [routing], exporters: [nop]}}",
            vec!["surprising: no row of `routing` leads to `traces/b`: nothing arrives here"],
        ),
        (
            TABLE,
            "{traces: {receivers: [otlp], exporters: [routing]}, \
                  traces/a: {receivers: [routing], exporters: [nop]}, \
                  logs: {receivers: [otlp], exporters: [routing]}, \
                  logs/a: {receivers: [routing], exporters: [nop]}}",
            vec![
                "conflict: `traces/a` takes no logs, which `routing` is fed",
                "surprising: no row of `routing` leads to `logs/a`: nothing arrives here",
            ],
        ),
        (
            "{nop: {}}",
            "{traces: {receivers: [otlp], exporters: [nop]}}",
            vec!["unknown-type: unknown type `nop`", "conflict: an exporter has the id `nop` too"],
        ),
        (
            "{}",
            "{traces: {receivers: [otlp], processors: [x], exporters: [nap]}}",
            vec![
                "unknown-reference: no processor `x` is defined",
                "unknown-reference: no exporter or connector `nap` is defined",
            ],
        ),
        (
            "{}",
            "{traces: {receivers: [], exporters: [nop]}}",
            vec!["missing: a pipeline needs a receiver"],
        ),
        (
            "{}",
            "{profiles: {receivers: [otlp], exporters: [nop]}}",
            vec!["not-supported: a pipeline for profiles is not supported yet"],
        ),
        ("{}", "{}", vec!["missing: no pipeline is defined"]),
    ];
    for (connectors, pipelines, expected) in cases {
        assert_eq!(all(&file(connectors, pipelines)), expected, "{pipelines}");
    }
}

/// Sockets are shared between threads, so the system would not notice.
#[test]
fn an_address_that_is_wanted_twice_is_refused() {
    let text = "\
receivers:
  otlp: {protocols: {grpc: {endpoint: \"0.0.0.0:4317\"}, http: {endpoint: \"localhost:4317\"}}}
  otlp/free: {protocols: {grpc: {endpoint: \"127.0.0.1:0\"}, http: {endpoint: \"127.0.0.1:0\"}}}
  otlp/unused: {protocols: {grpc: {endpoint: \"0.0.0.0:4317\"}}}
exporters: {nop: {}}
service: {pipelines: {traces: {receivers: [otlp, otlp/free], exporters: [nop]}}}
";
    let taken = "127.0.0.1:4317 is already taken by receivers.otlp.protocols.grpc.endpoint";
    assert_eq!(all(text), [format!("conflict: {taken}")]);
}

/// What no pipeline uses does no harm, so it does not stop the start.
#[test]
fn what_is_not_used_is_a_warning_when_it_is_not_supported() {
    let text = "\
receivers: {otlp: {protocols: {http: {}}}}
processors: {transform: {}}
exporters: {nop: {}, otlphttp: {endpoint: \"http://a\", auth: {authenticator: x}}}
extensions: {spanyard: {shards: 2}, pprof: {}, oidc: {}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}
";
    let loaded = try_load(text).expect("loads");
    assert_eq!(loaded.plan.runtime.shards, 0, "not listed, no effect");
    let said: Vec<&str> = loaded.warnings.iter().map(|w| w.message.as_str()).collect();
    assert_eq!(
        said,
        [
            "the processor type `transform` is not supported yet (nothing uses it)",
            "no extension `x` is defined",
            "not listed in service.extensions: no effect",
            "`pprof` is ignored",
            "the extension type `oidc` is not supported yet (nothing uses it)",
        ]
    );
}

/// Rules that need headers which a receiver does not keep would never match.
#[test]
fn rules_on_headers_that_are_not_kept_are_pointed_out() {
    let connectors = "{routing: {table: [{context: request, pipelines: [traces/a], \
                      condition: 'request[\"t\"] == \"x\"'}]}}";
    let pipelines = "{traces: {receivers: [otlp], exporters: [routing]}, \
                     traces/a: {receivers: [routing], exporters: [nop]}}";
    let said = all(&file(connectors, pipelines));
    let expected = [
        "surprising: routing by request headers sees none of its HTTP requests",
        "surprising: what no row takes is dropped, and counted as `no_route`",
    ];
    assert_eq!(said, expected);
}
