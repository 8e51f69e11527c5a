//! The routing verdict: room is taken for every copy, then everything is queued or nothing is.
//!
//! ```text
//!  a group reaches a real destination with room ........ its full destinations lose their copy
//!  a group reaches none, one of them may recover ....... the whole request is refused
//!  a group reaches none, all of them count as dead ..... the others are taken: partial success
//! ```
//! `debug` and `nop` make a request safe only where nothing else was asked for.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use smallvec::SmallVec;
use spanyard_wire::request::Request;

use super::arrival::{Arrival, Hold, Message, Refusal, Verdict};
use super::lanes::Lane;
use super::{Entry, Selection};
use crate::buf::block::Block;
use crate::buf::payload::{Chunk, Payload};
use crate::queue::batch::{Encoding, GATHER_BYTES_MAX, Shared};
use crate::queue::{Form, Goods, Joining, Room};
use crate::runtime::clock;
use crate::units::{KIB, Weight};

/// With a `batch` in the file, compressed originals below this are inflated, joined and compressed.
const ORIGINAL_ALONE_BYTES: usize = 16 * KIB;

/// One copy of (a part of) the request on one lane.
struct Intent<'a> {
    branch: usize,
    lane: &'a Lane,
    joining: Joining,
    weight: Weight,
    shape: Shape,
    room: Option<Room>,
    /// What would travel with it found no room in the budget.
    short: bool,
}

/// How a copy travels.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Small: written into the batch.
    Copied,
    /// As slices, joined with others.
    Sliced,
    /// As slices, alone, because another destination takes the same compressed form.
    Shared(usize),
    /// As it came, still compressed.
    Original,
}

impl Shape {
    const fn needs_slices(self) -> bool {
        matches!(self, Self::Sliced | Self::Shared(_))
    }

    const fn form(self) -> Form {
        match self {
            Self::Copied => Form::Small,
            Self::Sliced => Form::Large,
            Self::Shared(_) | Self::Original => Form::Alone,
        }
    }
}

/// The request's bytes in shareable form.
struct Source {
    message: Held,
    original: Option<(Encoding, Payload)>,
}

enum Held {
    Frame(Message),
    Block(Arc<Block>),
}

impl Entry {
    pub(super) fn admit(
        &self,
        arrival: Arrival<'_>,
        request: &Request,
        selections: &[Selection],
    ) -> Verdict {
        let headers = arrival.headers;
        let now = clock::now();
        let source = Source::of(arrival.message, arrival.original);
        let mut intents: SmallVec<[Intent<'_>; 4]> = SmallVec::new();
        let mut payloads: SmallVec<[Option<Payload>; 4]> = SmallVec::new();
        for (branch, selection) in selections.iter().enumerate() {
            let first = intents.len();
            if !selection.groups.is_empty() {
                let weight = weight_of(selection);
                for lane in self.lanes.of_branch(branch) {
                    let joining = lane.joining(headers);
                    let short = joining.is_err();
                    let joining = joining.unwrap_or_default();
                    let shape = source.shape(lane, &joining, selection);
                    intents.push(Intent {
                        branch,
                        lane,
                        joining,
                        weight,
                        shape,
                        room: None,
                        short,
                    });
                }
            }
            let own = intents.get_mut(first..).unwrap_or_default();
            payloads.push(self.take_room(now, &source, selection, own));
        }

        let verdict = match judge(request, selections, &intents) {
            // Who waits for everything is not told that a part is as good as lost.
            Verdict::Partial { .. } if intents.iter().any(|intent| intent.lane.waits) => {
                Verdict::Refused(Refusal::Overloaded)
            }
            verdict => verdict,
        };
        if matches!(verdict, Verdict::Refused(_)) {
            for intent in intents {
                intent.lane.destination.cancel(&intent.joining);
                if intent.room.is_none() {
                    intent.lane.destination.refused(intent.weight);
                }
            }
            return verdict;
        }
        let partial = matches!(verdict, Verdict::Partial { .. });
        for intent in intents.iter().filter(|intent| intent.room.is_none()) {
            let reached =
                |other: &Intent<'_>| other.branch == intent.branch && other.room.is_some();
            if partial && !intents.iter().any(reached) {
                intent.lane.destination.rejected(intent.weight);
            } else {
                intent.lane.destination.turned_away(intent.weight);
            }
        }
        let hold = self.queue(now, &source, selections, &payloads, intents);
        match verdict {
            Verdict::Accepted { .. } => Verdict::Accepted { hold },
            other => other,
        }
    }

    /// Takes room for the copies of one branch and makes its slices if any copy travels as such.
    fn take_room(
        &self,
        now: Instant,
        source: &Source,
        selection: &Selection,
        intents: &mut [Intent<'_>],
    ) -> Option<Payload> {
        let wants_payload = intents.iter().any(|intent| intent.shape.needs_slices());
        let payload = match &source.message {
            Held::Block(block) if wants_payload => {
                selection.to_payload(block, &self.tools.home, &self.tools.lease).ok()
            }
            _ => None,
        };
        for intent in intents {
            if intent.short || (intent.shape.needs_slices() && payload.is_none()) {
                continue;
            }
            let Intent { lane, joining, weight, shape, .. } = intent;
            let held = source.held(*shape, selection);
            let destination = &lane.destination;
            intent.room = destination.reserve(now, joining, *weight, shape.form(), held).ok();
        }
        payload
    }

    /// Queues every copy that has room; returns what the answer is to wait for.
    fn queue(
        &self,
        now: Instant,
        source: &Source,
        selections: &[Selection],
        payloads: &[Option<Payload>],
        intents: SmallVec<[Intent<'_>; 4]>,
    ) -> Option<Hold> {
        let mut hold = Hold::default();
        let mut cells: SmallVec<[(usize, Shared); 2]> = SmallVec::new();
        for Intent { branch, lane, mut joining, weight, shape, room, .. } in intents {
            let destination = &lane.destination;
            let Some(room) = room else { continue };
            let selection = selections.get(branch);
            let payload = payloads.get(branch).and_then(Option::as_ref);
            let write = |out: &mut Vec<u8>| {
                if let Some(selection) = selection {
                    selection.splice.write_to(source.bytes(), out);
                }
            };
            let cell;
            let goods = match (shape, payload, &source.original) {
                (Shape::Original, _, Some((encoding, original))) => {
                    Goods::Original(original, *encoding)
                }
                (Shape::Sliced, Some(payload), _) => Goods::Large(payload, None),
                (Shape::Shared(set), Some(payload), _) => {
                    cell = cell_of(&mut cells, set);
                    Goods::Large(payload, Some(&cell))
                }
                _ => Goods::Small(&write),
            };
            self.count_shape(shape, weight, selection);
            if lane.waits {
                joining.claim = Some(hold.claim());
            }
            destination.push(now, room, &joining, weight, &goods);
            if lane.real && destination.is_pressed() {
                hold.press(destination);
            }
        }
        hold.some()
    }

    fn count_shape(&self, shape: Shape, weight: Weight, selection: Option<&Selection>) {
        let meter = &self.tools.meter;
        match (shape, selection) {
            (Shape::Copied, _) => meter.copied_bytes.increment(weight.bytes),
            (_, Some(selection)) if !selection.untouched => {
                meter.spliced_bytes.increment(weight.bytes);
            }
            _ => meter.untouched_bytes.increment(weight.bytes),
        }
    }
}

impl Source {
    fn of(message: Message, original: Option<(Encoding, Block)>) -> Self {
        let original = original
            .map(|(encoding, block)| (encoding, Payload::from(Chunk::whole(Arc::new(block)))));
        let message = match message {
            Message::Block(block) => Held::Block(Arc::new(block)),
            frame @ Message::Frame(..) => Held::Frame(frame),
        };
        Self { message, original }
    }

    fn bytes(&self) -> &[u8] {
        match &self.message {
            Held::Frame(message) => message.bytes(),
            Held::Block(block) => block,
        }
    }

    /// Bytes that a copy of this shape holds.
    fn held(&self, shape: Shape, selection: &Selection) -> usize {
        match (&self.original, shape) {
            (Some((_, original)), Shape::Original) => original.len(),
            _ => selection.splice.len(),
        }
    }

    fn shape(&self, lane: &Lane, joining: &Joining, selection: &Selection) -> Shape {
        if let Some((encoding, original)) = &self.original
            && selection.untouched
            && lane.takes(*encoding)
            && (joining.batching.is_none() || original.len() >= ORIGINAL_ALONE_BYTES)
        {
            return Shape::Original;
        }
        let is_frame = matches!(self.message, Held::Frame(_));
        if is_frame || selection.splice.len() <= GATHER_BYTES_MAX {
            return Shape::Copied;
        }
        match lane.shares {
            Some(set) if joining.batching.is_none() => Shape::Shared(set),
            _ => Shape::Sliced,
        }
    }
}

/// The cell for the compressed form that the lanes of a set share.
fn cell_of(cells: &mut SmallVec<[(usize, Shared); 2]>, set: usize) -> Shared {
    if let Some((_, cell)) = cells.iter().find(|(of, _)| *of == set) {
        return Rc::clone(cell);
    }
    let cell = Shared::default();
    cells.push((set, Rc::clone(&cell)));
    cell
}

fn weight_of(selection: &Selection) -> Weight {
    Weight { items: selection.items, requests: 1, bytes: selection.splice.len() as u64 }
}

/// Decides for the whole request from the room that was found.
fn judge(request: &Request, selections: &[Selection], intents: &[Intent<'_>]) -> Verdict {
    let required = |intent: &Intent<'_>| {
        intent.room.is_none() && intent.lane.destination.plan().queue.required
    };
    if intents.iter().any(required) {
        return Verdict::Refused(Refusal::Overloaded);
    }
    if intents.iter().all(|intent| intent.room.is_some()) {
        return Verdict::Accepted { hold: None };
    }
    let mut rejected = 0_u64;
    let mut taken = false;
    let mut culprit = None;
    for index in 0..request.groups.len() {
        match reach(index, selections, intents) {
            Reach::Nowhere => {}
            Reach::Safe => taken = true,
            Reach::Recovers => return Verdict::Refused(Refusal::Overloaded),
            Reach::Dead(exporter) => {
                let items = request.groups.get(index).map_or(0, |group| u64::from(group.items));
                rejected = rejected.saturating_add(items);
                culprit = Some(exporter);
            }
        }
    }
    match culprit {
        Some(_) if !taken => Verdict::Refused(Refusal::Overloaded),
        Some(exporter) => Verdict::Partial {
            rejected,
            message: format!("backend {exporter} is down and its queue is full"),
        },
        None => Verdict::Accepted { hold: None },
    }
}

/// What one group reaches.
enum Reach<'a> {
    /// No branch takes it.
    Nowhere,
    /// A destination has room for it.
    Safe,
    /// Every destination is full; one is alive.
    Recovers,
    /// Every destination is full and dead.
    Dead(&'a str),
}

fn reach<'a>(group: usize, selections: &[Selection], intents: &'a [Intent<'_>]) -> Reach<'a> {
    let takes = |intent: &&Intent<'_>| {
        let selection = selections.get(intent.branch);
        selection.is_some_and(|selection| selection.groups.binary_search(&group).is_ok())
    };
    let any_real = intents.iter().filter(takes).any(|intent| intent.lane.real);
    let mut reach = Reach::Nowhere;
    for intent in intents.iter().filter(takes).filter(|intent| intent.lane.real || !any_real) {
        if intent.room.is_some() {
            return Reach::Safe;
        }
        reach = match reach {
            Reach::Recovers => Reach::Recovers,
            _ if !intent.lane.destination.is_dead() => Reach::Recovers,
            _ => Reach::Dead(&intent.lane.destination.plan().exporter),
        };
    }
    reach
}
