//! One connection's state: its charge, its deadline, where it stands.
//!
//! ```text
//!  Idle -- first bytes --> Head -- head complete --> Busy (body deadline) -- answer --> Idle
//! ```
//! Shared by the socket wrapper, the protocol driver and the requests of the connection, all in one
//! task (and, over HTTP/2, its streams'). Dropping it gives the charge back and counts the
//! connection out.

mod room;

use std::cell::{Cell, OnceCell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::frames;
use super::guard::{Guard, HEAD_TIME, IDLE_TIME, IDLE_TIME_H2, TICK, WRITE_TIME};
use super::life::{Silence, Wait};
use super::rest::Traffic;
use super::strict;
use super::{Gate, Supplies};
use crate::buf::budget::Ticket;
use crate::config::plan::{HttpTimes, ServerKeepalive};
use crate::runtime::clock;
use crate::telemetry::names::Transport;
use crate::units::KIB;
pub(super) use room::{Held, Open};

/// What every connection costs the budget: its task, and hyper's or h2's buffers as long as no
/// stream is open and no large body has come (26 to 67 KiB measured). A thousand connections hold
/// 64 MiB.
pub(super) const CONNECTION_BYTES: usize = 64 * KIB;

/// Changes of the connection's window smaller than this are not worth a frame.
pub(super) const WINDOW_STEP: usize = 16 * KIB;

/// Where an HTTP/1 connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Between requests.
    Idle,
    /// A request has begun.
    Head,
    /// Its head is complete.
    Busy,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) gate: Rc<Gate>,
    /// `None` over a socket in the file system.
    pub(super) peer: Option<IpAddr>,
    /// Whose port it came in by.
    pub(super) side: Transport,
    pub(super) guard: Guard,
    /// What the file said of times when the connection was accepted.
    pub(super) times: HttpTimes,
    pub(super) keepalive: ServerKeepalive,
    /// HTTP/1: the deadline of an answer, if the file names one.
    writing: Option<Guard>,
    /// HTTP/2: how long nothing has come, if pings are asked for.
    pub(super) silence: OnceCell<Silence>,
    phase: Cell<Phase>,
    /// HTTP/1: what is under way.
    pub(super) traffic: Traffic,
    /// HTTP/1: a rule was broken, and nothing more is read.
    broken: Cell<bool>,
    /// HTTP/1: it has reached its age, and its next answer is the last.
    pub(super) old: Cell<bool>,
    /// The connection closes with a request's body unread.
    pub(super) linger: Cell<bool>,
    /// Several requests share the connection: HTTP/2.
    multiplexed: Cell<bool>,
    /// Bytes of tickets held by requests whose body is on its way; HTTP/2 only.
    held: Cell<usize>,
    /// The part of these bytes that has not come yet.
    owed: Cell<usize>,
    /// Streams with a task.
    streams: Cell<usize>,
    /// HTTP/2: what came on the connection that it must not go on.
    pub(super) breach: Cell<Option<frames::Breach>>,
    /// HTTP/2: the client's settings have come.
    greeted: Cell<bool>,
    /// HTTP/2: a head or another small frame of which a part has come.
    pub(super) half: Wait,
    /// HTTP/2: bytes that the client does not take.
    pub(super) unread: Wait,
    /// HTTP/2: what answers were worth since the frame guard last asked.
    earned: Cell<u32>,
    /// HTTP/2: bytes that may be read before others have their turn.
    pub(super) turn: Cell<usize>,
    driver: RefCell<Option<Waker>>,
    _charge: Ticket,
    /// Held while streams are open.
    window: RefCell<Option<Ticket>>,
    /// HTTP/1: what its largest body has made the read buffer grow to.
    buffer: RefCell<Ticket>,
}

impl Client {
    /// A connection that has just been accepted; `None` when the budget has no room for it, or too
    /// many are open.
    pub(super) fn admit(
        gate: &Rc<Gate>,
        peer: Option<IpAddr>,
        side: Transport,
    ) -> Option<Rc<Self>> {
        if gate.supplies.open.get() >= gate.supplies.open_max.get() {
            return None;
        }
        let charge = gate.supplies.lease.ticket(CONNECTION_BYTES).ok()?;
        gate.opened();
        let (front, watch) = (gate.front(), &gate.supplies.watch);
        let times = front.http_times();
        Some(Rc::new(Self {
            times,
            keepalive: front.keepalive(),
            writing: times.write.map(|_| watch.guard()),
            silence: OnceCell::new(),
            gate: Rc::clone(gate),
            peer,
            side,
            guard: watch.guard(),
            phase: Cell::new(Phase::Head),
            traffic: Traffic::default(),
            broken: Cell::new(false),
            old: Cell::new(false),
            linger: Cell::new(false),
            multiplexed: Cell::new(false),
            held: Cell::new(0),
            owed: Cell::new(0),
            streams: Cell::new(0),
            breach: Cell::new(None),
            greeted: Cell::new(false),
            half: Wait::default(),
            unread: Wait::default(),
            earned: Cell::new(0),
            turn: Cell::new(0),
            driver: RefCell::default(),
            _charge: charge,
            window: RefCell::default(),
            buffer: RefCell::new(gate.supplies.lease.empty()),
        }))
    }

    pub(super) fn supplies(&self) -> &Supplies {
        &self.gate.supplies
    }

    /// Bytes came in: between requests that is the begin of the next head.
    pub(super) fn received(&self) {
        if self.phase.get() == Phase::Idle {
            self.phase.set(Phase::Head);
            self.guard.allow(self.head_time());
        }
        if let Some(silence) = self.silence.get() {
            silence.broken();
        }
    }

    /// What came breaks a rule of HTTP/1. Where that is the frame of a body, its request is blamed.
    pub(super) fn breached(&self, breach: strict::Breach) {
        self.broken.set(true);
        self.linger.set(true);
        if !breach.in_head {
            return;
        }
        let Supplies { meter, complaints, .. } = self.supplies();
        meter.malformed_heads.increment(1);
        if let Some(suppressed) = complaints.admit(clock::now()) {
            let peer = self.peer.map(tracing::field::display);
            tracing::warn!(
                peer,
                suppressed,
                "a request breaks a rule of HTTP/1: {breach} (counted in malformed_heads_total)"
            );
        }
    }

    /// Whether a rule of HTTP/1 was broken.
    pub(super) const fn is_broken(&self) -> bool {
        self.broken.get()
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// How long a head may take.
    pub(super) fn head_time(&self) -> Duration {
        self.times.head.unwrap_or(HEAD_TIME)
    }

    /// A head is complete.
    pub(super) fn begin(&self) {
        self.phase.set(Phase::Busy);
        self.traffic.begin();
        self.guard.rest();
        if let (Some(writing), Some(limit)) = (&self.writing, self.times.write) {
            writing.allow(limit);
        }
    }

    /// All that was to be written has been.
    pub(super) fn wrote(&self) {
        if let Some(writing) = self.writing.as_ref().filter(|_| self.phase.get() != Phase::Busy) {
            writing.rest();
        }
        if self.phase.get() != Phase::Busy && self.traffic.wrote() && self.phase() == Phase::Idle {
            self.guard.allow_tick();
        }
    }

    /// HTTP/1: whether nothing is under way and nothing is there.
    pub(super) fn is_still(&self) -> bool {
        self.phase.get() == Phase::Idle && self.traffic.is_still()
    }

    /// HTTP/1: nothing is held but the socket until the next request, which may be a while.
    pub(super) fn rest(&self) {
        drop(self.buffer.replace(self.supplies().lease.empty()));
        let idle = self.times.idle.unwrap_or(IDLE_TIME);
        self.guard.allow(idle.saturating_sub(TICK));
    }

    /// Ready when an answer took too long.
    pub(super) fn poll_overdue(&self, context: &Context<'_>) -> Poll<()> {
        self.writing.as_ref().map_or(Poll::Pending, |writing| writing.poll_expired(context))
    }

    /// An answer is on its way. Of the next request something may have come already.
    pub(super) fn end(&self) {
        self.traffic.answer();
        if self.traffic.is_ahead() {
            self.phase.set(Phase::Head);
            self.guard.allow(self.head_time());
        } else {
            self.phase.set(Phase::Idle);
            self.guard.allow(self.times.write.unwrap_or(WRITE_TIME));
        }
    }

    /// Ready when the time is up; registers the driver's waker for that and for [`Client::nudge`].
    pub(super) fn poll_expired(&self, context: &Context<'_>) -> Poll<()> {
        let mut driver = self.driver.borrow_mut();
        if !driver.as_ref().is_some_and(|known| known.will_wake(context.waker())) {
            *driver = Some(context.waker().clone());
        }
        self.guard.poll_expired(context)
    }

    /// Has the driver of the connection polled.
    pub(super) fn nudge(&self) {
        if let Some(waker) = self.driver.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.gate.draining.get()
    }

    /// From now on requests come as streams.
    pub(super) fn multiplex(&self) {
        self.begin();
        self.multiplexed.set(true);
        if let Some(writing) = &self.writing {
            writing.rest();
        }
        self.guard.allow(if self.greeted.get() { self.idle_time() } else { self.head_time() });
    }

    /// The client's settings have come.
    pub(super) fn greet(&self) {
        if !self.greeted.replace(true) && self.multiplexed.get() && !self.is_in_use() {
            self.guard.allow(self.idle_time());
        }
    }

    /// Whether the client's settings have come.
    pub(super) const fn is_greeted(&self) -> bool {
        self.greeted.get()
    }

    /// How long a connection over HTTP/2 may be without a stream.
    fn idle_time(&self) -> Duration {
        self.keepalive.idle.unwrap_or(IDLE_TIME_H2)
    }

    /// An answer is worth so many units to the frame guard.
    pub(super) fn earn(&self, units: u32) {
        self.earned.set(self.earned.get().saturating_add(units));
    }

    /// What answers were worth since the last call.
    pub(super) fn take_earned(&self) -> u32 {
        self.earned.take()
    }

    /// Whether streams are open.
    pub(super) fn is_in_use(&self) -> bool {
        self.streams.get() > 0
    }

    /// Bytes on their way for which there are tickets: the connection's window allows for them.
    pub(super) fn owed(&self) -> usize {
        self.owed.get()
    }

    /// A ticket for `bytes` that are still to come has been had.
    pub(super) fn owe_more(&self, bytes: usize) {
        self.owed.set(self.owed.get().saturating_add(bytes));
        if bytes >= WINDOW_STEP {
            self.nudge();
        }
    }

    /// Some of these bytes have come, or will not come any more.
    pub(super) fn owe_less(&self, bytes: usize) {
        self.owed.set(self.owed.get().saturating_sub(bytes));
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.gate.closed();
    }
}
