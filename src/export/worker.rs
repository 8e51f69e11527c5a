//! One worker: takes a batch, sends it until its fate is known, and books the fate.
//!
//! ```text
//!  next() -> encode -> [gate] -> attempt --accepted--> delivered, less what it rejected
//!                        ^         |  |----refused---> halves, or rejected
//!                        |         |  `--no answer, 503...
//!                        `- wait --'------- time is up ---> dropped (retry_exhausted)
//! ```
//! Invariants: every batch is settled once, in parts that add up to it; a batch is not let go of
//! before it is accepted, refused or expired; an attempt takes at most `timeout`. While the queue
//! drains the worker goes on as always; whoever drains ends it by aborting its task, and the flight
//! books the rest.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::bisect::{FUTILE_MAX, Pieces};
use super::breaker::{Gate, Health};
use super::deadline::Deadline;
use super::deflate::{Deflater, Purse, encoding_of};
use super::line::{Caller, Fault, Line, Parcel, Progress, Trouble};
use super::report::{self, Reporter};
use super::response::{About, Partial, Verdict};
use super::retry::{AFTER_MAX, Backoff, Dice};
use crate::config::plan::Compression;
use crate::queue::batch::{Encoding, Sealed};
use crate::queue::receipt::{Answer, Claim, Failure};
use crate::queue::{Destination, Fate, Flight};
use crate::runtime::clock;
use crate::telemetry::ledger::DropReason;
use crate::units::Weight;

/// An idle connection is closed after this time, as the Collector does.
const IDLE_MAX: Duration = Duration::from_secs(90);
/// With retries off nothing else says when a dead backend is to be tried again.
const REOPEN_DELAY: Duration = Duration::from_secs(1);

/// gRPC's code for a request that cannot be sent as it is.
const INVALID_ARGUMENT: u8 = 3;

/// What the workers of one destination on one shard share.
pub(super) struct Crew {
    pub(super) destination: Rc<Destination>,
    pub(super) caller: Caller,
    /// Of one attempt; `None` is no bound.
    pub(super) timeout: Option<Duration>,
    pub(super) compression: Compression,
    pub(super) gate: Gate,
    pub(super) reporter: Reporter,
    pub(super) deflater: Rc<Deflater>,
    /// Batches in a row that were taken apart and of which no part was accepted.
    pub(super) futile: Cell<u32>,
}

/// One of them.
pub(super) struct Worker {
    crew: Rc<Crew>,
    seat: usize,
    line: Option<Line>,
    deadline: Deadline,
    dice: Dice,
}

/// A batch on its way through one or more attempts.
struct Trip {
    flight: Flight,
    /// `None`: retries are off.
    backoff: Option<Backoff>,
    attempts: u32,
}

/// How sending one piece ended.
enum End {
    Accepted(Option<Partial>),
    Refused(About, u8, String),
    GaveUp(Failure, String),
}

impl Worker {
    pub(super) fn new(crew: &Rc<Crew>, seat: usize) -> Self {
        Self {
            crew: Rc::clone(crew),
            seat,
            line: None,
            deadline: Deadline::never(clock::now()),
            dice: Dice::seeded(),
        }
    }

    /// Works until the queue is closed and empty.
    pub(super) async fn run(mut self) {
        while let Some((batch, flight)) = self.next().await {
            self.deliver(batch, flight).await;
        }
    }

    /// Waits for a batch, and meanwhile looks after the idle connection.
    async fn next(&mut self) -> Option<(Sealed, Flight)> {
        let Self { crew, seat, line, deadline, .. } = self;
        deadline.set(line.is_some().then(|| clock::now() + IDLE_MAX));
        let mut next = pin!(crew.destination.next(*seat));
        poll_fn(|context| {
            if let Some(idle) = line
                && (idle.poll_closed(context).is_ready() || deadline.poll(context).is_ready())
            {
                *line = None;
            }
            next.as_mut().poll(context)
        })
        .await
    }

    async fn deliver(&mut self, batch: Sealed, flight: Flight) {
        let crew = Rc::clone(&self.crew);
        let retry = crew.destination.plan().retry;
        let backoff = retry.map(|plan| Backoff::new(plan, clock::now()));
        let mut trip = Trip { flight, backoff, attempts: 0 };
        if let Some(why) = crew.caller.dresser().objection(batch.context().map(Rc::as_ref)) {
            let lost = trip.flight.unsettled();
            trip.flight.settle(lost, Fate::Rejected);
            tell(&batch.claims(), &Answer::Failed(Failure { code: INVALID_ARGUMENT, after: None }));
            return crew.reporter.refused(clock::now(), &why, lost);
        }
        let mut pieces = Pieces::whole(batch);
        let (mut apart, mut taken, mut probing) = (false, false, false);
        while let Some(piece) = pieces.take() {
            let (weight, claims) = (piece.weight(), piece.claims());
            let (parcel, joined) = crew.pack(piece).await;
            match self.send(&parcel, &mut trip).await {
                End::Accepted(partial) => {
                    crew.accepted(&mut trip.flight, weight, partial.as_ref());
                    let partial = partial.filter(|_| weight.requests == 1);
                    tell(&claims, &accepted(partial));
                    (taken, probing) = (true, false);
                }
                End::Refused(About::Content, ..)
                    if joined.as_ref().is_some_and(|refused| {
                        probing = !taken && crew.futile.get() >= FUTILE_MAX;
                        pieces.split(refused, probing)
                    }) =>
                {
                    apart = true;
                }
                End::Refused(_, code, why) => {
                    let answer = Answer::Failed(Failure { code, after: None });
                    tell(&claims, &answer);
                    let lost = if probing { trip.flight.unsettled() } else { weight };
                    trip.flight.settle(lost, Fate::Rejected);
                    crew.reporter.refused(clock::now(), &why, lost);
                    if probing {
                        tell(&pieces.claims(), &answer);
                        break;
                    }
                }
                End::GaveUp(failure, why) => {
                    let answer = Answer::Failed(failure);
                    tell(&claims, &answer);
                    tell(&pieces.claims(), &answer);
                    let lost = trip.flight.unsettled();
                    trip.flight.settle(lost, Fate::Dropped(DropReason::RetryExhausted));
                    crew.reporter.gave_up(clock::now(), &why, trip.attempts, lost);
                    return;
                }
            }
        }
        if taken {
            crew.futile.set(0);
        } else if apart {
            crew.futile.set(crew.futile.get().saturating_add(1));
        }
    }

    /// Sends one piece until its fate is known.
    async fn send(&mut self, parcel: &Parcel, trip: &mut Trip) -> End {
        let crew = Rc::clone(&self.crew);
        let mut again = false;
        loop {
            let probe = match &trip.backoff {
                // With retries off nobody waits: the attempt is all the batch gets.
                None => false,
                Some(backoff) => match crew.gate.pass(clock::now, backoff.expires()).await {
                    Some(probe) => probe,
                    None => {
                        let why = "the backend was not back in time".to_owned();
                        return End::GaveUp(Failure::UNAVAILABLE, why);
                    }
                },
            };
            if again {
                crew.destination.meter().retries.increment(1);
            }
            trip.attempts = trip.attempts.saturating_add(1);
            let failure;
            let (after, throttled, why) = match self.attempt(parcel, &mut trip.flight).await {
                Ok(Verdict::Accepted { partial }) => {
                    crew.tell(Gate::answered);
                    return End::Accepted(partial);
                }
                Ok(Verdict::Permanent { about, code, why }) => {
                    crew.tell(Gate::answered);
                    return End::Refused(about, code, why);
                }
                Ok(Verdict::Retry { after, throttled, code, why }) => {
                    failure = Failure { code, after };
                    (after, throttled, why)
                }
                Err(fault) => {
                    failure = Failure::UNAVAILABLE;
                    (None, false, fault.why)
                }
            };
            let now = clock::now();
            let roll = self.dice.roll();
            let delay = trip.backoff.as_mut().and_then(|backoff| backoff.next(now, after, roll));
            crew.tell(|gate| match throttled {
                true => gate.throttled(after.map(|after| now + after.min(AFTER_MAX))),
                false => gate.failed(now, probe, delay.unwrap_or(REOPEN_DELAY)),
            });
            let Some(delay) = delay else { return End::GaveUp(failure, why) };
            crew.reporter.retrying(now, &why, delay);
            tokio::time::sleep(delay).await;
            again = true;
        }
    }

    /// One attempt within `timeout`; its connection is kept if it is known to be good.
    async fn attempt(&mut self, parcel: &Parcel, flight: &mut Flight) -> Result<Verdict, Fault> {
        let Self { crew, line, deadline, .. } = self;
        let meter = crew.destination.meter();
        meter.attempts.increment(1);
        meter.bytes_sent.increment(u64::try_from(parcel.payload.len()).unwrap_or(u64::MAX));
        let begun = clock::now();
        deadline.set(crew.timeout.and_then(|timeout| begun.checked_add(timeout)));
        let progress = Cell::new(Progress::Begun);
        let mut exchange = pin!(exchange(&crew.caller, line.take(), parcel, &progress));
        let outcome = poll_fn(|context| {
            let ended = exchange.as_mut().poll(context);
            if progress.get() != Progress::Begun {
                flight.set_sent(true);
            }
            if ended.is_pending() && deadline.poll(context).is_ready() {
                return Poll::Ready((timed_out(crew.timeout, progress.get()), None));
            }
            ended
        });
        let (outcome, kept) = outcome.await;
        *line = kept;
        let now = clock::now();
        report::count(meter, &outcome, begun, now);
        if outcome.is_ok() {
            crew.destination.answered();
        }
        if outcome.is_ok() || progress.get() == Progress::Begun {
            flight.set_sent(false);
        }
        outcome
    }
}

/// Tells those who wait.
fn tell(claims: &[Rc<Claim>], answer: &Answer) {
    for claim in claims {
        claim.tell(answer.clone());
    }
}

/// What those who wait are told of a success. Which of several joined requests a rejected part was
/// in is not known.
fn accepted(partial: Option<Partial>) -> Answer {
    match partial {
        Some(Partial { rejected, message }) if rejected > 0 => {
            Answer::Partial { rejected, message }
        }
        _ => Answer::Delivered,
    }
}

/// Sends over the line that is open, or over a new one. A line that turns out to have been closed
/// while it idled is worth one more try at once: the backend did nothing wrong.
async fn exchange(
    caller: &Caller,
    line: Option<Line>,
    parcel: &Parcel,
    progress: &Cell<Progress>,
) -> (Result<Verdict, Fault>, Option<Line>) {
    if let Some(mut line) = line {
        match line.exchange(parcel, progress).await {
            Err(Fault { kind: Trouble::Stale, .. }) => {}
            Err(fault) => return (Err(fault), None),
            Ok(verdict) => return (Ok(verdict), Some(line).filter(Line::is_open)),
        }
    }
    let mut line = match caller.open().await {
        Ok(line) => line,
        Err(fault) => return (Err(fault), None),
    };
    match line.exchange(parcel, progress).await {
        Ok(verdict) => (Ok(verdict), Some(line).filter(Line::is_open)),
        Err(fault) => (Err(fault), None),
    }
}

/// What a timeout means: nothing is known, unless the backend had said yes already.
fn timed_out(timeout: Option<Duration>, progress: Progress) -> Result<Verdict, Fault> {
    let timeout = timeout.unwrap_or_default();
    if progress == Progress::Accepted {
        let message = format!("accepted, but the answer did not end within {timeout:?}");
        return Ok(Verdict::Accepted { partial: Some(Partial { rejected: 0, message }) });
    }
    Err(Fault { why: format!("no answer within {timeout:?}"), kind: Trouble::TimedOut })
}

impl Crew {
    /// Encodes a piece. What it was made of comes back only if it can be taken apart: otherwise its
    /// bytes are free from now on.
    async fn pack(&self, piece: Sealed) -> (Parcel, Option<Sealed>) {
        let payload = piece.payload();
        let (encoding, context) = (piece.encoding(), piece.context().cloned());
        let raw = Parcel { payload: Arc::clone(payload), encoding, context };
        let parcel = match (encoding, encoding_of(self.compression)) {
            (Encoding::Identity, wanted) if wanted != Encoding::Identity => {
                let purse =
                    Purse { home: self.destination.home(), bytes: self.destination.bytes() };
                let with = self.compression;
                match self.deflater.compress(payload, with, piece.shared(), purse).await {
                    Ok(payload) => Parcel { payload, encoding: wanted, ..raw },
                    Err(_) => {
                        self.reporter.uncompressed(clock::now(), payload.len());
                        raw
                    }
                }
            }
            _ => raw,
        };
        self.destination.meter().bytes_payload.increment(piece.weight().bytes);
        (parcel, (piece.requests() > 1).then_some(piece))
    }

    /// Books a success, but for the items that the backend rejected.
    fn accepted(&self, flight: &mut Flight, weight: Weight, partial: Option<&Partial>) {
        let mut delivered = weight;
        if let Some(partial) = partial {
            let rejected =
                Weight { items: partial.rejected.min(weight.items), ..Weight::default() };
            delivered.items = weight.items.saturating_sub(rejected.items);
            if rejected.items > 0 {
                flight.settle(rejected, Fate::Rejected);
            }
            self.reporter.partial(clock::now(), partial);
        }
        flight.settle(delivered, Fate::Delivered);
    }

    /// Books an answer or a failure with the gate, and tells the queue if that changed anything.
    fn tell(&self, book: impl FnOnce(&Gate) -> Option<Health>) {
        let Some(health) = book(&self.gate) else {
            return;
        };
        self.reporter.breaker(self.destination.is_dead_here(), health);
        self.destination.set_health(health.failing, health.open);
    }
}
