//! A request that passes through allocates a constant number of times, whatever its number of
//! spans.
//!
//! Counted over the whole in-memory way: message in, scan, route, rewrite, admission, queue, batch
//! out.
#![expect(unsafe_code, reason = "a counting allocator implements an unsafe trait")]
#![expect(clippy::expect_used, reason = "a surprise ends the test")]

#[path = "support/rig.rs"]
mod rig;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use rig::{Rig, group, leg, request, target};
use spanyard::config::plan::{Branch, Condition, Flow, Literal, Row, Stage, StageId, Switch};
use spanyard::pipeline::Verdict;
use spanyard_wire::edit::{Action, Edit, Source};
use spanyard_wire::encode::any_value_string;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged; counting touches only a
// thread-local cell without a destructor, which does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn routed(edits: Vec<Edit>) -> Flow {
    let value = Literal::String("red".to_owned());
    let when = Condition::AttributeIs { key: "team".to_owned(), value, negated: false };
    let rows = vec![Row { when, to: vec![StageId(1)], copy: false }];
    let branch =
        Branch { pipeline: "traces/red".to_owned(), edits, items: Vec::new(), legs: vec![leg(0)] };
    Flow {
        entry: vec![StageId(0)],
        stages: vec![
            Stage::Switch(Switch {
                edits: Vec::new(),
                rows,
                default: Vec::new(),
                default_if_none: false,
            }),
            Stage::Leaf(0),
        ],
        branches: vec![branch],
        slots: Vec::new(),
        by_request: false,
        admit_below: None,
        limiters: Vec::new(),
    }
}

/// Allocations of one request of `spans` spans in each of `groups` groups, after warming up.
fn allocations(rig: &Rig, groups: usize, spans: usize) -> u64 {
    let groups: Vec<_> = (0..groups).map(|_| group(&[("team", "red")], spans)).collect();
    let bytes = request(&groups);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime");
    let mut counted = 0;
    for _ in 0..4 {
        let message = rig.message(&bytes);
        let before = ALLOCATIONS.get();
        let verdict = rig.accept(message);
        let taken = runtime.block_on(rig.take(0));
        counted = ALLOCATIONS.get() - before;
        assert!(matches!(verdict, Verdict::Accepted { .. }));
        assert_eq!(taken.weight().items, (spans * groups.len()) as u64);
    }
    counted
}

#[test]
fn a_request_allocates_as_often_for_a_thousand_spans_as_for_ten() {
    let upsert = Action::Upsert(Source::Value(any_value_string("prod").into()));
    let edits = vec![Edit::new(*b"env", upsert)];
    for (name, edits) in [("untouched", Vec::new()), ("edited", edits)] {
        let rig = Rig::new(routed(edits), vec![target(100)]);
        let few = allocations(&rig, 10, 10);
        let many = allocations(&rig, 10, 1000);
        assert!(few > 0, "the counter counts");
        assert_eq!(few, many, "{name}: allocations grow with spans");
        assert!(many <= 12, "{name}: {many} allocations a request");
    }
}
