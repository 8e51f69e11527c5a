//! Tests of the room: what a selection leaves out, keeps and copies.

use std::net::{IpAddr, Ipv4Addr};

use spanyard_wire::encode::encoded;
use spanyard_wire::request::Request;
use spanyard_wire::schema::Signal;

use super::Selection;
use super::context::Slots;
use crate::config::plan::{Branch, ContextKey};

fn request() -> Vec<u8> {
    encoded(|request| {
        request.string(77, "stray before");
        for name in ["a", "b", "c"] {
            request.message(1, |group| {
                group.message(1, |resource| resource.string_attribute(1, "name", name));
            });
        }
        request.string(78, "stray after");
    })
}

/// A branch that changes nothing.
fn branch() -> Branch {
    let (edits, items, legs) = (Vec::new(), Vec::new(), Vec::new());
    Branch { pipeline: "traces".to_owned(), edits, items, legs }
}

fn selected(groups: &[usize]) -> (Vec<u8>, Selection) {
    let bytes = request();
    let mut scanned = Request::new();
    scanned.scan(Signal::Traces, &bytes).expect("well formed");
    let mut selection = Selection { groups: groups.to_vec(), ..Selection::default() };
    selection.build(&bytes, &scanned, Signal::Traces, &branch(), &[]).expect("well formed");
    let mut out = Vec::new();
    selection.splice.write_to(&bytes, &mut out);
    (out, selection)
}

#[test]
fn all_groups_unedited_are_the_request_itself_in_one_slice() {
    let (out, selection) = selected(&[0, 1, 2]);
    assert_eq!(out, request());
    assert_eq!((selection.splice.segments().len(), selection.untouched), (1, true));
}

#[test]
fn unknown_fields_of_the_request_go_along_with_every_part() {
    let (out, selection) = selected(&[1]);
    let expected = encoded(|request| {
        request.string(77, "stray before");
        request.message(1, |group| {
            group.message(1, |resource| resource.string_attribute(1, "name", "b"));
        });
        request.string(78, "stray after");
    });
    assert_eq!(out, expected);
    assert!(!selection.untouched);
}

#[test]
fn the_client_address_is_a_value_without_a_port() {
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let keys = [ContextKey::ClientAddress, ContextKey::Header("absent".to_owned())];
    let slots = Slots::resolve(&keys, None, Some(peer));
    let views = slots.views();
    let expected = spanyard_wire::encode::any_value_string("127.0.0.1");
    assert_eq!(views, [Some(expected.as_slice()), None]);
}
