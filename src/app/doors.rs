//! The listeners of the plan: bound once, one for each shard, kept over reloads and restarts.
//!
//! `SO_REUSEPORT` lets the shards share an address. It would as well let a second gateway join in
//! unnoticed, so the address is first bound without it.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener};

use crate::admin::Sockets;
use crate::config::plan::{Admin, Plan};
use crate::runtime::net;

/// For each address, the listeners of all shards.
#[derive(Debug, Default)]
pub(super) struct Doors {
    by_address: HashMap<SocketAddr, Vec<TcpListener>>,
}

impl Doors {
    /// Binds what `plan` names; listeners that `kept` has already are taken over.
    pub(super) fn bind(plan: &Plan, shards: usize, kept: Option<&Self>) -> io::Result<Self> {
        let mut doors = Self::default();
        for address in addresses(plan) {
            let known = kept.and_then(|kept| kept.by_address.get(&address));
            let listeners = match known {
                Some(listeners) => {
                    listeners.iter().map(TcpListener::try_clone).collect::<io::Result<_>>()
                }
                None => bind_shared(address, shards),
            };
            let listeners = listeners.map_err(|error| named(address, &error))?;
            drop(doors.by_address.insert(address, listeners));
        }
        Ok(doors)
    }

    /// Where `address` really listens: the same, unless it left the port to the system.
    pub(super) fn bound(&self, address: SocketAddr) -> SocketAddr {
        let first = self.by_address.get(&address).and_then(|listeners| listeners.first());
        first.and_then(|listener| listener.local_addr().ok()).unwrap_or(address)
    }

    /// A shard's own handle of its listener on `address`.
    pub(super) fn listener(&self, address: SocketAddr, shard: usize) -> io::Result<TcpListener> {
        let listener = self.by_address.get(&address).and_then(|of| of.get(shard));
        listener.map_or_else(
            || Err(io::Error::new(io::ErrorKind::NotFound, format!("{address} is not bound"))),
            TcpListener::try_clone,
        )
    }
}

fn addresses(plan: &Plan) -> impl Iterator<Item = SocketAddr> {
    plan.receivers.iter().flat_map(|receiver| {
        let grpc = receiver.grpc.as_ref().map(|grpc| grpc.endpoint);
        let http = receiver.http.as_ref().map(|http| http.endpoint);
        [grpc, http].into_iter().flatten()
    })
}

fn bind_shared(address: SocketAddr, shards: usize) -> io::Result<Vec<TcpListener>> {
    drop(net::listen(address, false)?);
    let first = net::listen(address, true)?;
    let bound = first.local_addr()?;
    let others = (1..shards).map(|_| net::listen(bound, true));
    std::iter::once(Ok(first)).chain(others).collect()
}

/// Binds the health and metrics addresses.
pub(super) fn bind_admin(admin: &Admin) -> io::Result<Sockets> {
    let bind =
        |address: SocketAddr| net::listen(address, false).map_err(|error| named(address, &error));
    Ok(Sockets {
        health: admin.health.as_ref().map(|health| bind(health.endpoint)).transpose()?,
        metrics: admin.metrics.as_ref().map(|page| bind(page.endpoint)).transpose()?,
    })
}

/// Where the admin doors really listen.
#[derive(Clone, Copy, Debug)]
pub(super) struct AdminAddresses {
    pub(super) health: Option<SocketAddr>,
    pub(super) metrics: Option<SocketAddr>,
}

impl AdminAddresses {
    pub(super) fn of(sockets: &Sockets) -> Self {
        let bound =
            |socket: &Option<TcpListener>| socket.as_ref().and_then(|it| it.local_addr().ok());
        Self { health: bound(&sockets.health), metrics: bound(&sockets.metrics) }
    }
}

fn named(address: SocketAddr, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
}
