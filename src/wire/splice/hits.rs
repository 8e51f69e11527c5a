//! Which items the steps may have a say in: where the bytes that they need occur.
//!
//! For each byte string, the next place where it occurs is remembered and moves on with the walk,
//! so that each is searched for once over the whole group. Occurrences outside of items (in the
//! resource, across two items, in a value) only cost a look.

use memchr::memmem::Finder;

use crate::items::{Gate, ItemStep};
use crate::segments::Span;

/// Beyond this many byte strings opening every item is cheaper than searching.
const SEARCHES_MAX: usize = 6;

/// Scratch: the next occurrences in the group at hand.
#[derive(Debug, Default)]
pub(super) struct Hits {
    /// For each byte string; `usize::MAX` if there is none any more.
    next: Vec<usize>,
    /// No byte string occurs before this offset, as far as is known.
    soonest: usize,
    /// One behind the group.
    end: usize,
    /// Some step may act on any item.
    always: bool,
}

impl Hits {
    pub(super) const fn new() -> Self {
        Self { next: Vec::new(), soonest: 0, end: 0, always: false }
    }

    pub(super) const fn memory(&self) -> usize {
        self.next.capacity().saturating_mul(size_of::<usize>())
    }

    /// Searches a group for the first occurrences; whether any step may have a say in it.
    pub(super) fn start(&mut self, request: &[u8], group: Span, steps: &[&ItemStep]) -> bool {
        self.next.clear();
        self.end = group.end as usize;
        self.soonest = 0;
        let always = steps.iter().any(|step| matches!(step.gate(), Gate::Always));
        self.always = always || finders(steps).count() > SEARCHES_MAX;
        if self.always {
            return true;
        }
        let (start, end) = (group.start as usize, self.end);
        let next = &mut self.next;
        next.extend(finders(steps).map(|finder| find(finder, request, start, end)));
        self.soonest = next.iter().copied().min().unwrap_or(usize::MAX);
        self.soonest < end
    }

    /// Whether nothing that matters occurs before `end`.
    #[inline]
    pub(super) const fn none_before(&self, end: usize) -> bool {
        end <= self.soonest
    }

    /// Whether one of the byte strings occurs in the item. Items are asked about in order.
    #[inline]
    pub(super) fn occur_in(&mut self, item: Span, request: &[u8], steps: &[&ItemStep]) -> bool {
        !self.none_before(item.end as usize) && (self.always || self.search(item, request, steps))
    }

    fn search(&mut self, item: Span, request: &[u8], steps: &[&ItemStep]) -> bool {
        let (start, end) = (item.start as usize, item.end as usize);
        let mut soonest = usize::MAX;
        for (next, finder) in self.next.iter_mut().zip(finders(steps)) {
            if *next < start {
                *next = find(finder, request, start, self.end);
            }
            if next.saturating_add(finder.needle().len()) <= end {
                return true;
            }
            soonest = soonest.min(*next);
        }
        self.soonest = soonest;
        false
    }
}

fn finders<'a>(steps: &'a [&ItemStep]) -> impl Iterator<Item = &'a Finder<'static>> {
    steps.iter().flat_map(|step| match step.gate() {
        Gate::Always => &[],
        Gate::Any(finders) => finders.as_slice(),
    })
}

fn find(finder: &Finder<'_>, request: &[u8], start: usize, end: usize) -> usize {
    let found = request.get(start..end).and_then(|bytes| finder.find(bytes));
    found.map_or(usize::MAX, |at| start.saturating_add(at))
}
