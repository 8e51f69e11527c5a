//! The `attributes` processor: what it makes of `include` and `exclude`, and what it refuses.

use super::branch;
use crate::config::fixture::{messages, plan, processing};

fn attributes(keys: &str) -> String {
    format!("{{attributes: {{actions: [{{key: a, action: delete}}], {keys}}}}}")
}

/// What a block says of the resource is decided once a group; the rest goes into the step.
#[test]
fn blocks_are_split_into_what_the_resource_and_what_the_item_decides() {
    let rule = |keys: &str| {
        let mut branch = branch(&processing("attributes", &attributes(keys))).0;
        assert_eq!(branch.items.len(), 1, "{keys}");
        branch.items.remove(0)
    };
    let plain = rule("");
    assert!(plain.include.is_empty() && plain.exclude.is_none() && plain.step.filter().is_none());
    let by_service = rule("include: {match_type: strict, services: [a]}");
    assert!(!by_service.include.is_empty() && by_service.step.filter().is_none());
    let both = rule("include: {match_type: strict, services: [a], span_names: [b]}");
    assert!(!both.include.is_empty() && both.step.filter().is_some());
    let by_name = rule("exclude: {match_type: regexp, span_names: [b]}");
    assert!(by_name.exclude.is_none() && by_name.step.filter().is_some());
    let whole = rule("exclude: {resources: [{key: k}]}");
    let exclusion = whole.exclude.expect("an exclusion");
    assert!(exclusion.step.is_none() && whole.step.filter().is_none());
    let part = rule("exclude: {match_type: strict, services: [s], span_kinds: [SPAN_KIND_SERVER]}");
    let inside = part.exclude.expect("an exclusion").step.expect("a step");
    assert!(inside.filter().is_some() && part.step.filter().is_none());
}

/// The order of processors matters where a rule looks at the resource.
#[test]
fn a_rule_knows_which_edits_of_the_resource_come_before_it() {
    let processors = "{resource: {attributes: [{key: a, action: delete}, {key: b, action: delete}]}, \
                       resource/b: {attributes: [{key: c, action: delete}]}, \
                       attributes: {actions: [{key: d, action: delete}]}, \
                       attributes/b: {actions: [{key: d, value: 1, action: upsert}]}}";
    let ids = "attributes/b, resource, attributes, resource/b";
    let branch = branch(&processing(ids, processors)).0;
    assert_eq!(branch.edits.len(), 3);
    let after: Vec<usize> = branch.items.iter().map(|rule| rule.after).collect();
    assert_eq!(after, [0, 2]);
}

#[test]
fn blocks_that_cannot_be_are_refused() {
    let cases = [
        ("include: {}", "missing: the block asks for nothing"),
        ("include: {match_type: strict, services: []}", "missing: the block asks for nothing"),
        ("include: {services: [a]}", "missing: `match_type` is required"),
        ("include: {attributes: [{key: a, value: 1}]}", "missing: `match_type` is required"),
        ("include: {match_type: glob, services: [a]}", "bad-value: unknown value"),
        ("include: {match_type: strict, attributes: [{value: 1}]}", "missing: `key` is required"),
        ("include: {attributes: [{key: \"\"}]}", "bad-value: an empty key"),
        (
            "include: {match_type: regexp, attributes: [{key: a, value: 1}]}",
            "wrong-type: wrong type",
        ),
        (
            "include: {match_type: regexp, span_names: [\"(\"]}",
            "bad-value: the pattern is not valid: unclosed group",
        ),
        (
            "include: {match_type: strict, span_kinds: [SPAN_KIND_UNSPECIFIED]}",
            "bad-value: no kind of span",
        ),
        (
            "exclude: {match_type: strict, log_bodies: [a]}",
            "conflict: `log_bodies` cannot be asked for in a pipeline of traces",
        ),
        (
            "exclude: {log_severity_number: {min: 9}}",
            "conflict: `log_severity_number` cannot be asked for in a pipeline of traces",
        ),
        ("include: {match_type: strict, service: [a]}", "unknown-key: unknown key `service`"),
    ];
    for (keys, expected) in cases {
        let said = messages(&processing("attributes", &attributes(keys)), 3);
        assert!(said.iter().any(|said| said == expected), "{keys}: {said:?}");
    }
}

/// Blocks that compare nothing need no `match_type`; caches are accepted.
#[test]
fn blocks_that_the_collector_takes_are_taken() {
    for keys in [
        "include: {attributes: [{key: a}]}",
        "include: {resources: [{key: a}, {key: b, value: null}]}",
        "include: {match_type: regexp, regexp: {cacheenabled: true, cachemaxnumentries: 5}, \
           span_names: [a]}",
        "include: {match_type: regexp, span_kinds: [UNSPEC]}",
        "include: {match_type: strict, libraries: [{name: a, version: \"1\"}, {name: b}]}",
        "include: {match_type: strict, attributes: [{key: a, value: [1, {b: c}]}]}",
        "include:",
    ] {
        let _ = plan(&processing("attributes", &attributes(keys)));
    }
    let logs = attributes("include: {log_severity_number: {min: 9, match_undefined: true}}");
    let logs = processing("attributes", &logs).replace("traces:", "logs:");
    let _ = plan(&logs);
    let metrics = attributes("include: {match_type: strict, metric_names: [a]}");
    let _ = plan(&processing("attributes", &metrics).replace("traces:", "metrics:"));
}

/// The most common mistake: the processor for items where the one for resources was meant.
#[test]
fn actions_on_attributes_of_the_resource_are_pointed_out() {
    let processors = "{attributes: {actions: [{key: k8s.pod.name, action: delete}, \
                       {key: enduser.id, action: hash}]}}";
    let said = messages(&processing("attributes", processors), 3);
    assert_eq!(said, ["surprising: `k8s.pod.name` is usually an attribute of the resource"]);
}
