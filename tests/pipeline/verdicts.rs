//! "Routing verdict", case by case: which requests are refused, what is dropped, what is partial.

use crate::by_team;
use crate::rig::{Rig, group, leg, request, target};
use spanyard::config::plan::{Branch, Flow, Stage, StageId, Target};
use spanyard::pipeline::{Refusal, Verdict};

/// Everything to every destination.
fn fan_out(destinations: usize) -> Flow {
    Flow {
        entry: vec![StageId(0)],
        stages: vec![Stage::Leaf(0)],
        branches: vec![Branch {
            pipeline: "traces".to_owned(),
            edits: Vec::new(),
            items: Vec::new(),
            legs: (0..destinations).map(leg).collect(),
        }],
        slots: Vec::new(),
        by_request: true,
        admit_below: None,
        limiters: Vec::new(),
    }
}

fn one() -> Vec<u8> {
    request(&[group(&[("team", "red")], 5)])
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn in_a_fan_out_a_full_destination_loses_its_copy_and_the_request_succeeds() {
    let rig = Rig::new(fan_out(2), vec![target(10), target(1)]);
    assert!(matches!(rig.send(&one()), Verdict::Accepted { .. }));
    assert!(matches!(rig.send(&one()), Verdict::Accepted { .. }));
    assert_eq!((rig.accepted(), rig.turned_away(), rig.imbalance()), (10, 5, 0));
    assert_eq!(rig.next(0).await, [one(), one()].concat());
    assert_eq!(rig.next(1).await, one());
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_required_destination_without_room_refuses_the_request() {
    let mut required = target(1);
    required.queue.required = true;
    let rig = Rig::new(fan_out(2), vec![target(10), required]);
    assert!(matches!(rig.send(&one()), Verdict::Accepted { .. }));
    assert!(matches!(rig.send(&one()), Verdict::Refused(Refusal::Overloaded)));
    assert_eq!(rig.next(0).await, one(), "the other got nothing of the refused request");
    assert_eq!((rig.refused(), rig.imbalance()), (5, 0));
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_single_full_destination_refuses_the_request() {
    let rig = Rig::new(fan_out(1), vec![target(1)]);
    assert!(matches!(rig.send(&one()), Verdict::Accepted { .. }));
    assert!(matches!(rig.send(&one()), Verdict::Refused(Refusal::Overloaded)));
    rig.destinations[0].set_health(true, true);
    let verdict = rig.send(&one());
    assert!(matches!(verdict, Verdict::Refused(_)), "dead or not: nothing would be admitted");
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_mixed_request_is_refused_until_the_breaker_opens_and_then_partial() {
    let rig = Rig::new(by_team(Vec::new(), Vec::new()), vec![target(10), target(1)]);
    let blue = request(&[group(&[("team", "blue")], 1)]);
    assert!(matches!(rig.send(&blue), Verdict::Accepted { .. }));
    let mixed = [group(&[("team", "red")], 3), group(&[("team", "blue")], 2)];
    assert!(matches!(rig.send(&request(&mixed)), Verdict::Refused(Refusal::Overloaded)));
    assert!(rig.destinations[0].is_idle(), "nothing of a refused request is queued");

    rig.destinations[1].set_health(true, true);
    match rig.send(&request(&mixed)) {
        Verdict::Partial { rejected, message } => {
            assert_eq!(rejected, 2);
            assert!(message.contains("otlphttp/1"), "{message}");
        }
        other => panic!("not partial: {other:?}"),
    }
    assert_eq!(rig.next(0).await, request(&mixed[..1]));
    assert_eq!((rig.accepted(), rig.refused(), rig.imbalance()), (4, 7, 0));
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn debug_does_not_make_a_request_safe_unless_it_is_all_there_is() {
    let mut debug = target(10);
    debug.target = Target::Debug;
    let rig = Rig::new(fan_out(2), vec![target(1), debug.clone()]);
    assert!(matches!(rig.send(&one()), Verdict::Accepted { .. }));
    assert!(matches!(rig.send(&one()), Verdict::Refused(_)));
    let alone = Rig::new(fan_out(1), vec![debug]);
    assert!(matches!(alone.send(&one()), Verdict::Accepted { .. }));
}
