//! The comparisons. Each panics with the input at hand when crate and oracle disagree.

use crate::draw::{KEYS, Plan};
use crate::full::Full;
use crate::skeleton;
use prost::encoding::{DecodeContext, WireType, decode_key, skip_field};
use spanyard_wire::edit::{self, Edit, Found, Keys};
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
    let mut splice = Splice::new();
    let mut changed = Vec::new();
    for group in &request.groups {
        let edited = splice.edit_group(bytes, group, &plan.edits, &slots);
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
            survives(old.body.of(bytes), new.body.of(&out), &plan.edits);
        } else {
            assert_eq!(old.field.of(bytes), new.field.of(&out), "an unchanged group");
        }
        looks_ahead(old, bytes, new, &out, plan);
    }
    if let Ok(mut full) = Full::decode(signal, bytes) {
        full.edit(&plan.edits, &slots);
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

/// Everything but the edited attributes is there still, byte for byte and in order.
fn survives(old: &[u8], new: &[u8], edits: &[Edit]) {
    let (old_fields, new_fields) = (fields(old), fields(new));
    assert_eq!(others(&old_fields, 1), others(&new_fields, 1), "fields of the group");
    let place = |all: &[Field<'_>]| all.iter().position(|field| field.number == 1);
    let expected = place(&old_fields).unwrap_or(0);
    assert_eq!(place(&new_fields), Some(expected), "the place of the resource");

    let parts = |all: &[Field<'_>]| {
        let resources = all.iter().filter(|field| field.number == 1);
        resources.map(|field| field.body.to_vec()).collect::<Vec<_>>().concat()
    };
    let (old, new) = (parts(&old_fields), parts(&new_fields));
    let (old, new) = (fields(&old), fields(&new));
    assert_eq!(others(&old, 1), others(&new, 1), "fields of the resource");
    let untouched = |all: &[Field<'_>]| -> Vec<Vec<u8>> {
        let attributes = all.iter().filter(|field| field.number == 1);
        let unnamed = attributes.filter(|field| {
            let key = fields(field.body).into_iter().rfind(|inner| inner.number == 1);
            let key = key.map_or(&[][..], |inner| inner.body);
            edits.iter().all(|edit| !matches!(&edit.keys, Keys::One(own) if **own == *key))
        });
        unnamed.map(|field| field.whole.to_vec()).collect()
    };
    assert_eq!(untouched(&old), untouched(&new), "attributes that no edit names");
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

/// A field as prost's own reader cuts it.
struct Field<'a> {
    number: u32,
    whole: &'a [u8],
    /// Empty unless the field is length-delimited.
    body: &'a [u8],
}

fn fields(bytes: &[u8]) -> Vec<Field<'_>> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let start = rest;
        let (number, wire) = decode_key(&mut rest).expect("a key");
        let mut body: &[u8] = &[];
        if wire == WireType::LengthDelimited {
            let mut behind = rest;
            let len = prost::decode_length_delimiter(&mut behind).expect("a length");
            body = behind.get(..len).expect("a body");
        }
        skip_field(wire, number, &mut rest, DecodeContext::default()).expect("a field");
        let whole = start.get(..start.len() - rest.len()).expect("what was read");
        found.push(Field { number, whole, body });
    }
    found
}

fn others<'a>(fields: &[Field<'a>], number: u32) -> Vec<&'a [u8]> {
    fields.iter().filter(|field| field.number != number).map(|field| field.whole).collect()
}
