//! Tests of the ring: when batches leave, by the rule of the load and by the rules of the file.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::{batching, payload, weight};
use crate::buf::payload::Payload;
use crate::buf::pool::Pool;
use crate::config::plan::Batching;
use crate::queue::ring::{BATCH_BYTES_DUE, JOIN_DELAY, JOIN_REQUESTS, MergeKey, Ring};
use crate::runtime::clock;
use crate::units::MIB;

const KEY: MergeKey = MergeKey { batching: 0, metadata: None };

fn put(ring: &mut Ring, now: Instant, batching: Option<&Rc<Batching>>, bytes: usize) {
    let batch = ring.open_for(now, &KEY, batching, weight(bytes)).expect("few keys");
    batch.attach(weight(bytes), &Payload::default(), None);
    ring.joined(&KEY, weight(bytes), true);
}

#[test]
fn an_idle_destination_is_sent_to_at_once() {
    let (mut ring, now) = (Ring::default(), clock::now());
    assert_eq!(ring.outlook(now), (0, None));
    put(&mut ring, now, None, 100);
    assert_eq!(ring.outlook(now), (1, None));
    assert_eq!(ring.take(now).map(|batch| batch.weight().requests), Some(1));
    assert!(!ring.is_waiting() && !ring.is_idle());
}

#[test]
fn after_a_big_batch_the_next_waits_a_millisecond_for_company() {
    let (mut ring, now) = (Ring::default(), clock::now());
    for _ in 0..JOIN_REQUESTS {
        put(&mut ring, now, None, 100);
    }
    let first = ring.take(now).expect("the first goes at once");
    assert_eq!(first.weight().requests, JOIN_REQUESTS as u64, "all that waited");
    put(&mut ring, now, None, 100);
    assert_eq!(ring.outlook(now), (0, Some(now + JOIN_DELAY)));
    assert!(ring.take(now).is_none());
    assert!(ring.take(now + JOIN_DELAY).is_some());
}

#[test]
fn after_small_batches_there_is_no_waiting() {
    let (mut ring, now) = (Ring::default(), clock::now());
    put(&mut ring, now, None, 100);
    assert!(ring.take(now).is_some());
    put(&mut ring, now, None, 100);
    assert_eq!(
        ring.outlook(now),
        (1, None),
        "one request in flight, none joined: a further connection"
    );
}

#[test]
fn a_lull_ends_the_waiting_after_a_few_batches() {
    let (mut ring, mut now) = (Ring::default(), clock::now());
    for _ in 0..JOIN_REQUESTS + 2 {
        put(&mut ring, now, None, 100);
    }
    let mut waited = 0;
    while ring.take(now).is_some() {
        put(&mut ring, now, None, 100);
        if let (0, Some(at)) = ring.outlook(now) {
            now = at;
            waited += 1;
        } else {
            break;
        }
    }
    assert!((2..10).contains(&waited), "single requests waited {waited} times");
}

#[test]
fn much_waiting_justifies_a_further_connection() {
    let (mut ring, now) = (Ring::default(), clock::now());
    for _ in 0..JOIN_REQUESTS {
        put(&mut ring, now, None, 100);
    }
    assert!(ring.take(now).is_some());
    put(&mut ring, now, None, 100);
    assert_eq!(ring.outlook(now).0, 0);
    let pool = Pool::install(11, MIB);
    let large = payload(&pool, &vec![7; BATCH_BYTES_DUE]);
    let batch = ring.open_for(now, &KEY, None, weight(large.len())).expect("few keys");
    batch.attach(weight(large.len()), &large, None);
    ring.joined(&KEY, weight(large.len()), true);
    assert_eq!(ring.outlook(now), (1, None));
}

#[test]
fn a_batch_of_the_file_waits_for_its_size_or_its_delay() {
    let rule = batching(Duration::from_secs(1), 30, 0);
    let (mut ring, now) = (Ring::default(), clock::now());
    put(&mut ring, now, Some(&rule), 100);
    put(&mut ring, now, Some(&rule), 100);
    assert_eq!(ring.outlook(now), (0, Some(now + Duration::from_secs(1))));
    put(&mut ring, now, Some(&rule), 100);
    assert_eq!(ring.outlook(now), (1, None), "30 items wait");
    assert_eq!(ring.take(now).map(|batch| batch.weight().items), Some(30));
    put(&mut ring, now, Some(&rule), 100);
    assert!(ring.take(now + Duration::from_secs(1)).is_some(), "the delay is over");
}

#[test]
fn a_batch_of_the_file_never_passes_its_maximum() {
    let rule = batching(Duration::from_secs(1), 100, 20);
    let (mut ring, now) = (Ring::default(), clock::now());
    for _ in 0..5 {
        put(&mut ring, now, Some(&rule), 100);
    }
    let mut sizes = Vec::new();
    while let Some(batch) = ring.take(now + Duration::from_secs(1)) {
        sizes.push(batch.weight().items);
    }
    assert_eq!(sizes, [20, 20, 10]);
}

#[test]
fn requests_with_other_metadata_are_not_joined() {
    let (mut ring, now) = (Ring::default(), clock::now());
    for tenant in [b"a".as_slice(), b"b", b"a"] {
        let key = MergeKey { batching: 0, metadata: Some(tenant.into()) };
        let batch = ring.open_for(now, &key, None, weight(10)).expect("few keys");
        batch.attach(weight(10), &Payload::default(), None);
        ring.joined(&key, weight(10), true);
    }
    let mut sizes: Vec<_> =
        std::iter::from_fn(|| ring.take(now)).map(|b| b.weight().requests).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 2]);
}
