//! Tests of the room: routing verdicts, what each destination gets, and that nothing is lost
//! uncounted.

#[path = "../support/rig.rs"]
mod rig;
mod verdicts;

use spanyard_wire::edit::{Action, Edit, Source};
use spanyard_wire::encode::any_value_string;

use rig::{Rig, group, leg, request, target};
use spanyard::config::plan::{
    Branch, Condition, ContextKey, Flow, Literal, Row, Stage, StageId, Switch,
};
use spanyard::pipeline::{Refusal, Verdict};

fn is(key: &str, value: &str) -> Condition {
    let value = Literal::String(value.to_owned());
    Condition::AttributeIs { key: key.to_owned(), value, negated: false }
}

/// `team == red` to destination 0 (with `edits`), `team == blue` to 1, the rest as `default` says.
fn by_team(edits: Vec<Edit>, default: Vec<StageId>) -> Flow {
    let row =
        |team: &str, stage| Row { when: is("team", team), to: vec![StageId(stage)], copy: false };
    let rows = vec![row("red", 1), row("blue", 2)];
    let switch = Switch { edits: Vec::new(), rows, default, default_if_none: false };
    let branch = |to, edits| Branch {
        pipeline: format!("traces/{to}"),
        edits,
        items: Vec::new(),
        legs: vec![leg(to)],
    };
    Flow {
        entry: vec![StageId(0)],
        stages: vec![Stage::Switch(switch), Stage::Leaf(0), Stage::Leaf(1)],
        branches: vec![branch(0, edits), branch(1, Vec::new())],
        slots: Vec::new(),
        by_request: false,
        admit_below: None,
        limiters: Vec::new(),
    }
}

fn upsert(key: &str, source: Source) -> Edit {
    Edit::new(key.as_bytes(), Action::Upsert(source))
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn each_destination_gets_exactly_its_groups_byte_for_byte() {
    let rig = Rig::new(by_team(Vec::new(), Vec::new()), vec![target(10), target(10)]);
    let groups =
        [group(&[("team", "red")], 3), group(&[("team", "blue")], 2), group(&[("team", "red")], 1)];
    assert!(matches!(rig.send(&request(&groups)), Verdict::Accepted { .. }));
    assert_eq!(rig.next(0).await, request(&[groups[0].clone(), groups[2].clone()]));
    assert_eq!(rig.next(1).await, request(&groups[1..2]));
    assert_eq!(rig.accepted(), 6);
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn large_groups_travel_as_slices_and_arrive_the_same() {
    let rig = Rig::new(by_team(Vec::new(), Vec::new()), vec![target(10), target(10)]);
    let groups: Vec<_> = (0..10)
        .map(|at| group(&[("team", if at % 2 == 0 { "red" } else { "blue" })], 400))
        .collect();
    assert!(matches!(rig.send(&request(&groups)), Verdict::Accepted { .. }));
    let even: Vec<_> = groups.iter().step_by(2).cloned().collect();
    let odd: Vec<_> = groups.iter().skip(1).step_by(2).cloned().collect();
    assert!(request(&even).len() > 64 * 1024, "large enough not to be gathered");
    assert_eq!(rig.next(0).await, request(&even));
    assert_eq!(rig.next(1).await, request(&odd));
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_branch_edits_its_own_copy_only() {
    let edit = upsert("env", Source::Value(any_value_string("prod").into()));
    let rig = Rig::new(by_team(vec![edit], Vec::new()), vec![target(10), target(10)]);
    let groups = [group(&[("team", "red")], 2), group(&[("team", "blue")], 2)];
    assert!(matches!(rig.send(&request(&groups)), Verdict::Accepted { .. }));
    let edited = group(&[("team", "red"), ("env", "prod")], 2);
    assert_eq!(rig.next(0).await, request(&[edited]));
    assert_eq!(rig.next(1).await, request(&groups[1..2]));
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_large_edited_copy_is_patched_between_slices() {
    let edit = upsert("env", Source::Value(any_value_string("prod").into()));
    let rig = Rig::new(by_team(vec![edit], Vec::new()), vec![target(10), target(10)]);
    let plain: Vec<_> = (0..6).map(|_| group(&[("team", "red")], 400)).collect();
    let edited: Vec<_> = (0..6).map(|_| group(&[("team", "red"), ("env", "prod")], 400)).collect();
    assert!(matches!(rig.send(&request(&plain)), Verdict::Accepted { .. }));
    assert_eq!(rig.next(0).await, request(&edited));
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn values_from_the_request_reach_the_resource() {
    let mut flow = by_team(vec![upsert("tenant", Source::Slot(0))], Vec::new());
    flow.slots = vec![ContextKey::Header("x-tenant".to_owned())];
    let rig = Rig::new(flow, vec![target(10), target(10)]);
    let sent = request(&[group(&[("team", "red")], 1)]);
    let mut headers = http::HeaderMap::new();
    let _ = headers.append("x-tenant", http::HeaderValue::from_static("a"));
    let _ = headers.append("x-tenant", http::HeaderValue::from_static("b"));
    assert!(matches!(rig.send_with(&sent, Some(&headers)), Verdict::Accepted { .. }));
    let expected = request(&[group(&[("team", "red"), ("tenant", "a;b")], 1)]);
    assert_eq!(rig.next(0).await, expected);
    assert!(matches!(rig.send(&sent), Verdict::Accepted { .. }));
    assert_eq!(rig.next(0).await, sent, "without the header nothing is edited");
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_group_without_a_route_is_counted_and_is_no_error() {
    let rig = Rig::new(by_team(Vec::new(), Vec::new()), vec![target(10), target(10)]);
    let groups = [group(&[("team", "green")], 4), group(&[("team", "red")], 1)];
    assert!(matches!(rig.send(&request(&groups)), Verdict::Accepted { .. }));
    assert_eq!(rig.next(0).await, request(&groups[1..]));
    assert_eq!(rig.no_route(), 4);
    assert_eq!(rig.imbalance(), 0);
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn what_no_row_takes_goes_to_the_default() {
    let rig = Rig::new(by_team(Vec::new(), vec![StageId(2)]), vec![target(10), target(10)]);
    let groups = [group(&[("team", "green")], 4), group(&[("team", "blue")], 1)];
    assert!(matches!(rig.send(&request(&groups)), Verdict::Accepted { .. }));
    assert_eq!(rig.next(1).await, request(&groups), "and arrives as one export");
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn an_empty_request_succeeds_and_leaves_nothing() {
    let rig = Rig::new(by_team(Vec::new(), Vec::new()), vec![target(10), target(10)]);
    assert!(matches!(rig.send(&[]), Verdict::Accepted { hold: None }));
    assert!(rig.is_idle());
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn groups_without_a_single_item_go_nowhere_but_travel_beside_others() {
    let rig = Rig::new(by_team(Vec::new(), Vec::new()), vec![target(10), target(10)]);
    let hollow = group(&[("team", "red")], 0);
    let sent = request(&[hollow.clone(), hollow.clone()]);
    assert!(matches!(rig.send(&sent), Verdict::Accepted { hold: None }));
    assert!(rig.is_idle());
    let sent = request(&[hollow, group(&[("team", "red")], 1)]);
    assert!(matches!(rig.send(&sent), Verdict::Accepted { .. }));
    assert_eq!(rig.next(0).await, sent);
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn malformed_bytes_are_refused_with_their_offset() {
    let rig = Rig::new(by_team(Vec::new(), Vec::new()), vec![target(10), target(10)]);
    let mut sent = request(&[group(&[("team", "red")], 2)]);
    sent.truncate(sent.len() - 1);
    match rig.send(&sent) {
        Verdict::Refused(Refusal::Malformed(error)) => assert!(error.offset <= sent.len()),
        other => panic!("accepted: {other:?}"),
    }
    assert!(rig.is_idle());
}
