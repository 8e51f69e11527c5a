//! Splitting on hand-made requests: sizes of parts, and nothing lost.

use super::*;
use crate::encode::encoded;

/// Groups of scopes of items of these sizes; each group has a resource, each scope a name.
fn request(groups: &[&[&[usize]]]) -> Vec<u8> {
    encoded(|out| {
        for (index, scopes) in groups.iter().enumerate() {
            out.message(1, |group| {
                group.message(1, |resource| {
                    resource.string_attribute(1, "service.name", &format!("s{index}"));
                });
                for items in *scopes {
                    group.message(2, |scope| {
                        scope.message(1, |inner| inner.string(1, "lib"));
                        items.iter().for_each(|&len| scope.bytes(2, &vec![b'x'; len]));
                    });
                }
                group.string(3, "url");
            });
        }
    })
}

/// The lengths of all items of a part or request, with the service they belong to.
fn items(bytes: &[u8]) -> Vec<(Vec<u8>, usize)> {
    let mut found = Vec::new();
    let mut scan = Request::new();
    scan.scan(Signal::Traces, bytes).unwrap();
    for group in &scan.groups {
        let body = Fields::read(group.body.of(bytes), &SCOPE_FIELDS).unwrap();
        for scope in &body.inner {
            let fields = Fields::read(scope.body, &ITEM_FIELDS).unwrap();
            for item in &fields.inner {
                let context = [body.context.clone(), fields.context.clone()].concat();
                found.push((context, item.body.len()));
            }
        }
    }
    found
}

#[test]
fn parts_keep_to_the_limit_and_hold_every_item_in_order() {
    let sizes: Vec<usize> = (0..40).map(|n| n * 7 % 60).collect();
    let bytes = request(&[&[&[5, 6]], &[&sizes, &[1, 2], &sizes], &[&[9]], &[&[], &[3]]]);
    let mut cut = 0;
    for max in 150..bytes.len() + 2 {
        let parts = split(Signal::Traces, &bytes, max).unwrap();
        for part in &parts {
            assert!(part.len() <= max, "{} bytes in a part of {max}", part.len());
        }
        let together: Vec<_> = parts.iter().flat_map(|part| items(part)).collect();
        assert_eq!(together, items(&bytes), "limit {max}");
        cut += usize::from(parts.len() > 1);
    }
    assert!(cut > 1000, "{cut} limits led to more than one part");
}

#[test]
fn parts_are_filled_greedily() {
    let bytes = request(&[&[&[100; 50]]]);
    let parts = split(Signal::Logs, &bytes, 1100).unwrap();
    assert_eq!(parts.iter().map(|part| items(part).len()).collect::<Vec<_>>(), [10; 5]);
}

#[test]
fn an_item_larger_than_the_limit_is_a_part_of_its_own() {
    let bytes = request(&[&[&[10, 5000, 10, 20]]]);
    let parts = split(Signal::Traces, &bytes, 300).unwrap();
    assert_eq!(parts.iter().map(|part| items(part).len()).collect::<Vec<_>>(), [1, 1, 2]);
}

#[test]
fn a_context_of_more_than_half_the_limit_is_not_repeated() {
    let bytes = encoded(|out| {
        out.message(1, |group| {
            group.message(1, |resource| resource.string_attribute(1, "k", &"v".repeat(600)));
            group.message(2, |scope| (0..500).for_each(|_| scope.bytes(2, b"item")));
        });
    });
    let whole = split(Signal::Traces, &bytes, 1000).unwrap();
    assert_eq!(whole, std::slice::from_ref(&bytes));
    let parts = split(Signal::Traces, &bytes, 1400).unwrap();
    assert!(parts.len() > 2 && parts.iter().all(|part| part.len() <= 1400));
    assert!(parts.concat().len() < 3 * bytes.len());
}

#[test]
fn what_fits_is_one_part_unchanged_and_strays_stay_in_front() {
    let mut bytes = request(&[&[&[50, 50]], &[&[50]]]);
    bytes.extend([0x28, 1]);
    let whole = split(Signal::Traces, &bytes, bytes.len()).unwrap();
    assert_eq!(whole, std::slice::from_ref(&bytes));
    let parts = split(Signal::Traces, &bytes, 200).unwrap();
    assert_eq!(parts.len(), 2);
    assert!(parts[0].starts_with(&[0x28, 1]));
    assert_eq!(parts.concat().len(), bytes.len());
}

#[test]
fn deprecated_scopes_are_cut_as_others_are() {
    let bytes = encoded(|out| {
        out.message(1, |group| {
            group.message(1000, |scope| (0..9).for_each(|_| scope.bytes(2, &[7; 50])));
        });
    });
    let parts = split(Signal::Logs, &bytes, 200).unwrap();
    assert_eq!(parts.len(), 3);
    assert_eq!(parts.iter().flat_map(|part| items(part)).count(), 9);
}

#[test]
fn a_malformed_request_is_not_cut() {
    assert!(split(Signal::Traces, &[0x0a, 9], 1).is_err());
}
