//! The comparisons. Each panics with the input at hand when crate and oracle disagree.

use crate::draw::{KEYS, Plan};
use crate::full::Full;
use crate::skeleton;
use crate::survival;
use spanyard_wire::edit::{self, Found};
use spanyard_wire::error::Reason;
use spanyard_wire::request::{Group, Request};
use spanyard_wire::resource::Resource;
use spanyard_wire::schema::Signal;
use spanyard_wire::splice::Splice;
use spanyard_wire::split::split;

/// Limits of ours that prost does not have, or has elsewhere.
const OURS: [Reason; 3] = [Reason::GroupTooDeep, Reason::TooManyFields, Reason::TooManyGroups];

/// Scanning accepts, refuses, counts and views as prost does. Returns the scan if accepted.
pub(crate) fn scan(signal: Signal, bytes: &[u8]) -> Option<Request> {
    let mut request = Request::new();
    let scanned = request.scan(signal, bytes);
    let expected = skeleton::count(signal, bytes);
    if let Err(error) = scanned {
        assert!(error.offset <= bytes.len(), "{error}");
        assert!(expected.is_none() || OURS.contains(&error.reason), "refused: {error}");
        return None;
    }
    let counted: Vec<usize> = request.groups.iter().map(|group| group.items as usize).collect();
    assert_eq!(Some(&counted), expected.as_ref(), "counted, against prost");
    assert_eq!(request.items, counted.iter().sum::<usize>() as u64);
    covers(&request, bytes);
    views(&request, bytes);
    Some(request)
}

/// Groups and strays lie side by side and cover the request.
fn covers(request: &Request, bytes: &[u8]) {
    let mut spans: Vec<_> = request.groups.iter().map(|group| group.field).collect();
    spans.extend(&request.strays);
    spans.sort_by_key(|span| span.start);
    let mut at = 0;
    for span in spans {
        assert_eq!(span.start, at);
        at = span.end;
    }
    assert_eq!(at as usize, bytes.len());
}

/// The attributes of each group are those that prost sees.
fn views(request: &Request, bytes: &[u8]) {
    for (group, expected) in request.groups.iter().zip(skeleton::groups(bytes)) {
        let resource = Resource::of(group.body.of(bytes));
        let keys: Vec<_> = resource
            .attributes()
            .map(|attribute| attribute.expect("a scanned resource").key.to_vec())
            .collect();
        let expected = expected.resource.unwrap_or_default();
        let expected: Vec<_> = expected.attributes.into_iter().map(|pair| pair.key).collect();
        assert_eq!(keys, expected);
        for key in &keys {
            assert!(resource.find(key).is_some());
        }
    }
}

/// Editing does what decoding, editing and encoding does, and keeps what it does not name.
pub(crate) fn edit(signal: Signal, bytes: &[u8], plan: &Plan) {
    let Some(request) = scan(signal, bytes) else {
        return;
    };
    let slots = plan.slots();
    let steps: Vec<_> = plan.steps.iter().collect();
    let mut splice = Splice::new();
    let mut changed = Vec::new();
    for group in &request.groups {
        let edited = splice.rewrite_group(bytes, signal, group, &plan.edits, &steps, &slots);
        changed.push(edited.expect("a scanned group can be edited"));
    }
    let mut out = Vec::new();
    splice.write_to(bytes, &mut out);
    assert_eq!(out.len(), splice.len());

    let after = scan(signal, &out).expect("an edited request is accepted");
    assert_eq!(after.groups.len(), request.groups.len());
    for ((old, new), changed) in request.groups.iter().zip(&after.groups).zip(changed) {
        assert_eq!(old.items, new.items);
        if changed {
            let (old, new) = (old.body.of(bytes), new.body.of(&out));
            survival::group(signal, old, new, &plan.edits, &plan.steps);
        } else {
            assert_eq!(old.field.of(bytes), new.field.of(&out), "an unchanged group");
        }
        looks_ahead(old, bytes, new, &out, plan);
    }
    if let Ok(mut full) = Full::decode(signal, bytes) {
        full.edit(&plan.edits, &slots);
        full.edit_items(plan);
        let ours = Full::decode(signal, &out).expect("prost decodes what we edited");
        assert_eq!(ours.meaning(), full.meaning(), "edited, against prost: {plan:?}");
    }
}

/// What a look-up finds through the edits is what stands there after them.
fn looks_ahead(old: &Group, bytes: &[u8], new: &Group, out: &[u8], plan: &Plan) {
    let slots = plan.slots();
    for key in KEYS {
        let before = Resource::of(old.body.of(bytes));
        let ahead = edit::lookup(before, &plan.edits, &slots, key.as_bytes());
        let after = Resource::of(new.body.of(out)).find(key.as_bytes());
        let ahead = ahead.as_ref().map(Found::value);
        let kinds = [ahead, after].map(|value| value.map(|value| format!("{:?}", value.kind())));
        assert_eq!(kinds[0], kinds[1], "{key} through {plan:?}");
    }
}

/// Parts of any size say together what the request said.
pub(crate) fn cut(signal: Signal, bytes: &[u8], max: usize) {
    let Some(request) = scan(signal, bytes) else {
        return;
    };
    let parts = split(signal, bytes, max).expect("a scanned request can be cut");
    let together = parts.concat();
    assert!(together.len() <= 4 * bytes.len().max(16), "parts multiply");
    assert_eq!(skeleton::items(&together), skeleton::items(bytes), "cut at {max}");
    let mut items = 0;
    for part in &parts {
        items += scan(signal, part).expect("a part is accepted").items;
    }
    assert_eq!(items, request.items);
    if Full::decode(signal, bytes).is_ok() {
        assert!(Full::decode(signal, &together).is_ok(), "prost decodes the parts");
    }
}

/// Two requests one behind the other are one request with the groups of both.
pub(crate) fn join(signal: Signal, first: &[u8], second: &[u8]) {
    let (Some(a), Some(b)) = (scan(signal, first), scan(signal, second)) else {
        return;
    };
    let both = [first, second].concat();
    let joined = scan(signal, &both).expect("two requests are one");
    assert_eq!(joined.items, a.items + b.items);
    let fields = |request: &Request, bytes: &[u8]| -> Vec<Vec<u8>> {
        request.groups.iter().map(|group| group.field.of(bytes).to_vec()).collect()
    };
    assert_eq!(fields(&joined, &both), [fields(&a, first), fields(&b, second)].concat());
    let whole = Full::decode(signal, first).and_then(|_| Full::decode(signal, second));
    if whole.is_ok() {
        let merged = Full::decode(signal, &both).expect("prost decodes what we joined");
        let groups = [skeleton::groups(first), skeleton::groups(second)].concat();
        assert_eq!(skeleton::groups(&both), groups);
        assert!(merged.meaning().len() <= 2 * both.len() + 64);
    }
}
