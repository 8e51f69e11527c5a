//! The listeners of the plan: bound once, one for each shard, kept over reloads and restarts.
//!
//! A port has a socket for every shard; a socket in the file system is shared by all
//! ([`net::open`]). Where HTTP/3 is taken, each shard has a socket for datagrams at the same port.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use crate::admin::Sockets;
use crate::config::plan::{Address, Admin, HttpIngest, Plan, Receiver};
use crate::runtime::net::{self, Listener};
use crate::telemetry::names::Transport;

/// What a listener is known by: where it is to listen and, if the port is left to the system, whose
/// it is. Two doors without a port are two doors.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Door {
    address: Address,
    owner: Option<(String, &'static str)>,
}

impl Door {
    /// The door of a receiver's protocol at `address`.
    pub(super) fn new(receiver: &str, transport: Transport, address: &Address) -> Self {
        let anywhere = matches!(address, Address::Tcp(address) if address.port() == 0);
        let owner = anywhere.then(|| (receiver.to_owned(), transport.name()));
        Self { address: address.clone(), owner }
    }

    /// The doors of a receiver.
    fn of(receiver: &Receiver) -> impl Iterator<Item = Self> {
        let Receiver { id, grpc, http, .. } = receiver;
        let grpc = grpc.as_ref().map(|grpc| Self::new(id, Transport::Grpc, &grpc.endpoint));
        let http = http.as_ref().map(|http| Self::new(id, Transport::Http, &http.endpoint));
        [grpc, http].into_iter().flatten()
    }
}

/// Whether a receiver takes HTTP/3: it asks for it, and has what that needs.
pub(super) const fn takes_http3(http: &HttpIngest) -> bool {
    http.http3 && http.tls.is_some() && matches!(http.endpoint, Address::Tcp(_))
}

/// For each door, the listeners of all shards.
#[derive(Debug, Default)]
pub(super) struct Doors {
    by_door: HashMap<Door, Vec<Listener>>,
    /// The sockets for HTTP/3, where it is taken.
    datagrams: HashMap<Door, Vec<UdpSocket>>,
}

impl Doors {
    /// Binds what `plan` names; listeners that `kept` has already are taken over.
    pub(super) fn bind(plan: &Plan, shards: usize, kept: Option<&Self>) -> io::Result<Self> {
        let mut doors = Self::default();
        for door in plan.receivers.iter().flat_map(Door::of) {
            let known = kept.and_then(|kept| kept.by_door.get(&door));
            let listeners = match known {
                Some(listeners) => {
                    listeners.iter().map(Listener::try_clone).collect::<io::Result<_>>()
                }
                None => net::open(&door.address, shards),
            };
            let listeners = listeners.map_err(|error| named(&door.address, &error))?;
            drop(doors.by_door.insert(door, listeners));
        }
        doors.bind_datagrams(plan, shards, kept)?;
        Ok(doors)
    }

    fn bind_datagrams(
        &mut self,
        plan: &Plan,
        shards: usize,
        kept: Option<&Self>,
    ) -> io::Result<()> {
        let wanted = plan.receivers.iter().filter_map(|Receiver { id, http, .. }| {
            let http = http.as_ref().filter(|http| takes_http3(http))?;
            Some(Door::new(id, Transport::Http, &http.endpoint))
        });
        for door in wanted {
            let Address::Tcp(address) = self.bound(&door) else { continue };
            let known = kept.and_then(|kept| kept.datagrams.get(&door));
            let sockets = match known {
                Some(sockets) => sockets.iter().map(UdpSocket::try_clone).collect(),
                None => bind_shared(address, shards),
            };
            let sockets = sockets.map_err(|error: io::Error| {
                let reason = format!("cannot take HTTP/3 on {address} (UDP): {error}");
                io::Error::new(error.kind(), reason)
            })?;
            drop(self.datagrams.insert(door, sockets));
        }
        Ok(())
    }

    /// Whether HTTP/3 is taken at a door.
    pub(super) fn has_datagrams(&self, door: &Door) -> bool {
        self.datagrams.contains_key(door)
    }

    /// A shard's own handle of its socket for HTTP/3 at a door.
    pub(super) fn datagrams(&self, door: &Door, shard: usize) -> io::Result<UdpSocket> {
        let socket = self.datagrams.get(door).and_then(|of| of.get(shard));
        socket.map_or_else(|| Err(unbound(door)), UdpSocket::try_clone)
    }

    /// Whether there is such a door.
    pub(super) fn has(&self, door: &Door) -> bool {
        self.by_door.contains_key(door)
    }

    /// Where a door really is: as it was asked for, unless the port was left to the system.
    pub(super) fn bound(&self, door: &Door) -> Address {
        let first = self.by_door.get(door).and_then(|listeners| listeners.first());
        first.and_then(Listener::address).unwrap_or_else(|| door.address.clone())
    }

    /// A shard's own handle of its listener at a door.
    pub(super) fn listener(&self, door: &Door, shard: usize) -> io::Result<Listener> {
        let listener = self.by_door.get(door).and_then(|of| of.get(shard));
        listener.map_or_else(|| Err(unbound(door)), Listener::try_clone)
    }
}

fn unbound(door: &Door) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("{} is not bound", door.address))
}

/// One socket a shard; the first bind is alone, so that no second gateway joins in unnoticed.
fn bind_shared(address: SocketAddr, shards: usize) -> io::Result<Vec<UdpSocket>> {
    drop(net::datagrams(address, false)?);
    (0..shards).map(|_| net::datagrams(address, true)).collect()
}

/// Binds the health and metrics addresses.
pub(super) fn bind_admin(admin: &Admin) -> io::Result<Sockets> {
    let bind = |address: SocketAddr| {
        net::listen(address, false).map_err(|error| named(&address.into(), &error))
    };
    Ok(Sockets {
        health: admin.health.as_ref().map(|health| bind(health.endpoint)).transpose()?,
        metrics: admin.metrics.as_ref().map(|page| bind(page.endpoint)).transpose()?,
        control: None,
    })
}

/// Binds the admin address, after everything that the file names: it gives way to that. One that
/// the file does not name is done without when it is taken.
pub(super) fn bind_control(admin: &Admin) -> io::Result<Option<TcpListener>> {
    let Some(control) = admin.control else { return Ok(None) };
    match net::listen(control.endpoint, false) {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if control.asked_for => Err(named(&control.endpoint.into(), &error)),
        Err(error) => {
            let error = named(&control.endpoint.into(), &error);
            let hint = "`extensions.spanyard.admin` names another port";
            tracing::warn!(%error, hint, "no admin port, so no reload over HTTP");
            Ok(None)
        }
    }
}

/// Where the admin doors really listen.
#[derive(Clone, Copy, Debug)]
pub(super) struct AdminAddresses {
    pub(super) health: Option<SocketAddr>,
    pub(super) metrics: Option<SocketAddr>,
    pub(super) control: Option<SocketAddr>,
}

impl AdminAddresses {
    pub(super) fn of(sockets: &Sockets) -> Self {
        let bound =
            |socket: &Option<TcpListener>| socket.as_ref().and_then(|it| it.local_addr().ok());
        Self {
            health: bound(&sockets.health),
            metrics: bound(&sockets.metrics),
            control: bound(&sockets.control),
        }
    }
}

fn named(address: &Address, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::plan::Control;

    #[test]
    fn a_taken_admin_port_is_done_without_unless_the_file_names_it() {
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let taken = net::listen(anywhere, false).expect("a port");
        let endpoint = taken.local_addr().expect("its address");
        let bind = |asked_for| {
            let control = Some(Control { endpoint, asked_for });
            bind_control(&Admin { control, ..Admin::default() })
        };
        assert!(bind(false).expect("done without").is_none());
        let error = bind(true).expect_err("it is asked for");
        assert!(error.to_string().contains(&endpoint.to_string()), "{error}");
        drop(taken);
        assert!(bind(true).expect("it is free").is_some());
        assert!(bind_control(&Admin::default()).expect("turned off").is_none());
    }
}
