//! Limits, batches, and actions on resource attributes.

use std::time::Duration;

use spanyard_wire::edit::{Action, Edit, Source};
use spanyard_wire::encode;

use crate::config::fixture::{messages, plan, processing};
use crate::config::plan::{Batching, Branch, Budget, ContextKey, Sizer};
use crate::units::MIB;

fn branch(text: &str) -> (Branch, Vec<ContextKey>) {
    let mut plan = plan(text);
    let mut flow = plan.receivers.remove(0).flows[0].take().expect("a flow");
    (flow.branches.remove(0), flow.slots)
}

/// Bytes of the limit, percentages of the memory, 20 % for spikes where the file says nothing.
#[test]
fn a_memory_limiter_becomes_a_budget_in_bytes() {
    let cases = [
        ("limit_mib: 400, spike_limit_mib: 80", 400, 320),
        ("limit_mib: 100", 100, 80),
        ("limit_percentage: 50, spike_limit_percentage: 25", 512, 256),
        ("limit_percentage: 50", 512, 409),
        ("limit_mib: 100, limit_percentage: 50", 100, 80),
    ];
    for (keys, limit, soft) in cases {
        let processor = format!("{{memory_limiter: {{check_interval: 1s, {keys}}}}}");
        let plan = plan(&processing("memory_limiter", &processor));
        let Budget { limit: bytes, soft: below, derived } = plan.budget;
        assert_eq!((bytes / MIB, below / MIB, derived), (limit, soft, false), "{keys}");
        let flow = plan.receivers[0].flows[0].as_ref().expect("a flow");
        assert_eq!(flow.admit_below, Some(below));
    }
}

/// What the Collector refuses is refused.
#[test]
fn limits_that_cannot_hold_are_refused() {
    let cases = [
        ("{check_interval: 1s}", "missing: no limit is set"),
        ("{limit_mib: 5}", "missing: `check_interval` is required"),
        ("{limit_mib: 5, check_interval: 0s}", "bad-value: must be positive"),
        (
            "{check_interval: 1s, limit_mib: 5, spike_limit_mib: 5}",
            "conflict: the spike limit must be below the limit",
        ),
        (
            "{check_interval: 1s, limit_percentage: 10, spike_limit_mib: 5}",
            "ignored: no effect beside the limit that is set",
        ),
        ("{check_interval: 1s, limit_percentage: 101}", "bad-value: out of range"),
        ("{check_interval: 1s, limit_mib: 1.5}", "wrong-type: wrong type"),
        ("{check_interval: 1s, limit_mib: \"5\"}", "wrong-type: wrong type"),
        ("{check_interval: 10, limit_mib: 5}", "duration-unit: a duration needs a unit"),
        (
            "{check_interval: 1s, limit_mib: 5, min_gc_interval_when_soft_limited: 1s}",
            "ignored: `min_gc_interval_when_soft_limited` is ignored",
        ),
    ];
    for (keys, expected) in cases {
        let text = processing("memory_limiter", &format!("{{memory_limiter: {keys}}}"));
        assert!(messages(&text, 3).iter().any(|said| said == expected), "{keys}");
    }
}

/// The settings of the last `batch` on the way go to the leg.
#[test]
fn a_batch_goes_to_the_legs_behind_it() {
    let processors = "{batch: {}, batch/b: {timeout: 0, send_batch_size: 10, \
                      send_batch_max_size: 20, metadata_keys: [X-A, x-b]}}";
    let (branch, _) = branch(&processing("batch, batch/b", processors));
    let expected = Batching {
        delay_max: Duration::ZERO,
        size_min: 10,
        size_max: 20,
        sizer: Sizer::Items,
        metadata_keys: vec!["x-a".to_owned(), "x-b".to_owned()],
    };
    assert_eq!(branch.legs[0].batch, Some(expected));
    let twice = processing("batch", "{batch: {metadata_keys: [a, A]}}");
    assert_eq!(messages(&twice, 3), ["conflict: `a` is listed twice (case does not matter)"]);
}

/// Values keep their YAML type; equal context keys share a slot.
#[test]
fn resource_actions_become_edits_in_their_order() {
    let (branch, slots) = branch(&processing(
        "resource, resource/b",
        "{resource: {attributes: [\
            {key: a, value: text, action: insert}, {key: b, value: 5, action: UPDATE}, \
            {key: c, value: 1.5, action: upsert}, {key: d, value: true, action: upsert}, \
            {key: e, value: 0755, action: upsert}, {key: f, action: delete}, \
            {key: g, from_attribute: h, action: insert}, \
            {key: i, from_context: metadata.X-Org, action: upsert}]}, \
          resource/b: {attributes: [{key: j, from_context: client.address, action: insert}, \
            {key: k, from_context: x-org, default_value: 7, action: insert}, \
            {key: l, value: \"${env:N}\", action: insert}, \
            {key: m, value: \"v-${env:N}\", action: insert}, \
            {key: n, default_value: d, value: \"${env:EMPTY}\", action: insert}, \
            {key: o, value: [1, [x], null], action: insert}, \
            {key: p, value: {x: {y: 1.0}, z: []}, action: insert}]}}",
    ));
    let value = |bytes: Vec<u8>| Source::Value(bytes.into());
    let int = encode::any_value_int;
    let text = encode::any_value_string;
    let list = encode::any_value_array(&[int(1), encode::any_value_array(&[text("x")]), vec![]]);
    let inner = encode::any_value_map(&[("y", encode::any_value_double(1.0))]);
    let map = encode::any_value_map(&[("x", inner), ("z", encode::any_value_array(&[]))]);
    let expected = [
        ("a", Action::Insert(value(text("text")))),
        ("b", Action::Update(value(int(5)))),
        ("c", Action::Upsert(value(encode::any_value_double(1.5)))),
        ("d", Action::Upsert(value(encode::any_value_bool(true)))),
        ("e", Action::Upsert(value(int(493)))),
        ("f", Action::Delete),
        ("g", Action::Insert(Source::Attribute((*b"h").into()))),
        ("i", Action::Upsert(Source::Slot(0))),
        ("j", Action::Insert(Source::Slot(1))),
        ("k", Action::Insert(Source::Or(Box::new(Source::Slot(0)), int(7).into()))),
        ("l", Action::Insert(value(int(1234)))),
        ("m", Action::Insert(value(text("v-1234")))),
        ("n", Action::Insert(value(text("d")))),
        ("o", Action::Insert(value(list))),
        ("p", Action::Insert(value(map))),
    ];
    let expected: Vec<Edit> =
        expected.into_iter().map(|(key, action)| Edit::new(key.as_bytes(), action)).collect();
    assert_eq!(branch.edits, expected);
    assert_eq!(slots, [ContextKey::Header("x-org".to_owned()), ContextKey::ClientAddress]);
}

/// What an action cannot do is said, and what is not done yet too.
#[test]
fn actions_that_cannot_be_are_refused() {
    let cases = [
        ("{key: a, action: insert}", "missing: there is no value to set"),
        (
            "{key: a, value: 1, from_attribute: b, action: insert}",
            "conflict: the value has two sources",
        ),
        ("{key: a, value: 1, action: delete}", "conflict: `delete` takes no `value`"),
        ("{key: a, value: 1}", "missing: `action` is required"),
        ("{value: 1, action: insert}", "missing: `key` is required"),
        ("{key: a, value: 1, action: insret}", "bad-value: unknown action"),
        (
            "{key: a, value: 2024-01-31, action: insert}",
            "wrong-type: an attribute cannot hold a date",
        ),
        (
            "{key: a, value: [{b: 2024-01-31}], action: insert}",
            "wrong-type: an attribute cannot hold a date",
        ),
        ("{key: a, value: 9223372036854775808, action: insert}", "bad-value: out of range"),
        (
            "{key: a, from_context: auth.user, action: insert}",
            "not-supported: `auth.` in `from_context` is not supported yet",
        ),
        ("{key: a, value: \"${env:EMPTY}\", action: insert}", "missing: there is no value to set"),
        ("{key: a, from_attribute: \"\", action: insert}", "missing: there is no value to set"),
        ("{action: hash}", "missing: `key` is required"),
        ("{key: \"\", action: delete}", "bad-value: an empty key"),
        ("{pattern: \"(\", action: delete}", "bad-value: the pattern is not valid: unclosed group"),
        (
            "{key: a, from_context: b, action: delete}",
            "ignored: `delete` does not use `from_context`",
        ),
        ("{key: a, pattern: b, value: 1, action: insert}", "conflict: `insert` takes no `pattern`"),
        ("{key: a, action: extract}", "missing: `extract` needs a `pattern`"),
        (
            "{key: a, pattern: \"(?P<b>.)(.)\", action: extract}",
            "bad-value: every group of the pattern needs a name",
        ),
        (
            "{key: a, pattern: b, action: extract}",
            "bad-value: every group of the pattern needs a name",
        ),
        ("{key: a, action: convert}", "missing: `convert` needs a `converted_type`"),
        ("{key: a, converted_type: bool, action: convert}", "bad-value: unknown value"),
        (
            "{key: a, converted_type: int, pattern: b, action: convert}",
            "conflict: `convert` takes no `pattern`",
        ),
    ];
    for (action, expected) in cases {
        let text = processing("resource", &format!("{{resource: {{attributes: [{action}]}}}}"));
        assert_eq!(messages(&text, 3), [expected], "{action}");
    }
}

/// With `key` and `pattern` an attribute is named once, so that nothing is hashed twice.
#[test]
fn a_key_that_the_pattern_matches_needs_no_edit_of_its_own() {
    let count = |actions: &str| {
        let processors = format!("{{resource: {{attributes: [{actions}]}}}}");
        branch(&processing("resource", &processors)).0.edits.len()
    };
    assert_eq!(count("{key: ab, pattern: b, action: hash}"), 1);
    assert_eq!(count("{key: a, pattern: b, action: hash}"), 2);
    assert_eq!(count("{pattern: b, action: delete}"), 1);
}

/// Behind a `batch` a request has left only what `metadata_keys` names.
#[test]
fn headers_end_at_a_batch_unless_it_keeps_them() {
    let text = processing(
        "batch, resource",
        "{batch: {metadata_keys: [kept]}, resource: {attributes: [\
            {key: a, from_context: kept, action: insert}, \
            {key: b, from_context: lost, action: insert}, \
            {key: c, from_context: lost, default_value: d, action: insert}]}}",
    );
    let (branch, slots) = branch(&text);
    assert_eq!(branch.edits.len(), 2, "nothing is inserted for `b`");
    assert_eq!(slots, [ContextKey::Header("kept".to_owned())]);
    let said = messages(&text, 2);
    assert_eq!(said, ["surprising: `resource` sees no header `lost` behind `batch`"]);
}

/// Each takes effect at the door here, wherever it stands.
#[test]
fn a_memory_limiter_behind_another_processor_is_pointed_out() {
    let limiters = "{memory_limiter: {check_interval: 1s, limit_mib: 9}, \
                     memory_limiter/b: {check_interval: 1s, limit_mib: 9}, batch: {}}";
    let first = processing("memory_limiter, memory_limiter/b, batch", limiters);
    assert_eq!(messages(&first, 2), Vec::<String>::new());
    let late = processing("batch, memory_limiter", limiters);
    let expected = "surprising: `memory_limiter` is not the first processor";
    assert_eq!(messages(&late, 2), [expected]);
}

mod items;
