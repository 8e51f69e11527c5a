//! Addresses to listen on: `host:port`, the host an IP address, `localhost` or nothing; for a
//! receiver also the path of a socket.
//!
//! `localhost` is 127.0.0.1 and no host is 0.0.0.0. Other names are refused: resolving one would
//! make the meaning of a file depend on where it is read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::decode::{Field, Section};
use super::plan::Address;
use super::problems::Code;
use super::report::{Fault, Mark, Report};

/// The words of `transport`.
const TRANSPORTS: [&str; 4] = ["tcp", "tcp4", "tcp6", "unix"];
/// The longest path that a socket may have.
const PATH_BYTES_MAX: usize = 107;

/// An address that a component wants, and where the file says so.
#[derive(Clone, Debug)]
pub(super) struct Listen<A = SocketAddr> {
    pub(super) address: A,
    pub(super) mark: Mark,
    pub(super) path: String,
}

impl From<Listen> for Listen<Address> {
    fn from(listen: Listen) -> Self {
        let Listen { address, mark, path } = listen;
        Self { address: address.into(), mark, path }
    }
}

/// Where a receiver listens by its `transport` and `endpoint`.
pub(super) fn receiver(section: &Section<'_>, default_port: u16) -> Option<Listen<Address>> {
    let transport = match section.get("transport") {
        Some(field) => field.one_of(&TRANSPORTS)?,
        None => "tcp",
    };
    if transport == "unix" {
        return socket(section);
    }
    let mut listen = endpoint(section, default_port)?;
    let written = section.get("endpoint").and_then(|field| Some((field.text()?, field)));
    let host = written.as_ref().and_then(|(text, _)| text.rsplit_once(':')).map(|(host, _)| host);
    if transport == "tcp6" {
        match host {
            None | Some("localhost") => listen.address.set_ip(Ipv6Addr::LOCALHOST.into()),
            Some("") => listen.address.set_ip(Ipv6Addr::UNSPECIFIED.into()),
            Some(_) => {}
        }
    }
    let fits = match transport {
        "tcp4" => listen.address.is_ipv4(),
        "tcp6" => listen.address.is_ipv6(),
        _ => true,
    };
    if let Some((_, field)) = written.filter(|_| !fits) {
        let expected = if transport == "tcp4" { "an IPv4 address" } else { "an IPv6 address" };
        field.bad_value(&format!("not an address of `transport: {transport}`"), expected);
        return None;
    }
    Some(listen.into())
}

/// The path of a socket, which has no default.
fn socket(section: &Section<'_>) -> Option<Listen<Address>> {
    let field = section.required("endpoint")?;
    let text = field.text()?;
    if text.starts_with('@') {
        field.not_supported("an abstract socket", "use the path of a file");
        return None;
    }
    if text.is_empty() || text.len() > PATH_BYTES_MAX {
        let expected = format!("a path of 1 to {PATH_BYTES_MAX} bytes, such as /run/otlp.sock");
        field.bad_value("not the path of a socket", &expected);
        return None;
    }
    Some(Listen { address: Address::Unix(text.into()), mark: field.mark(), path: field.path })
}

/// The address of `endpoint`, or the default on 127.0.0.1.
pub(super) fn endpoint(section: &Section<'_>, default_port: u16) -> Option<Listen> {
    let Some(field) = section.get("endpoint") else {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, default_port));
        return Some(Listen { address, mark: section.key, path: section.path.clone() });
    };
    let text = field.text()?;
    let address = address(&field, &text)?;
    Some(Listen { address, mark: field.mark(), path: field.path })
}

/// Parses `host:port`; reports what is wrong.
pub(super) fn address(field: &Field<'_>, text: &str) -> Option<SocketAddr> {
    let expected = "host:port, such as 0.0.0.0:4317";
    if text.contains("://") {
        field.bad_value("an address to listen on has no scheme", expected);
        return None;
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        field.bad_value("the port is missing", expected);
        return None;
    };
    let Ok(port) = port.parse::<u16>() else {
        field.bad_value("not a port", "host:port, the port a number from 0 to 65535");
        return None;
    };
    ip(field, host).map(|ip| SocketAddr::new(ip, port))
}

/// Parses the host of an address to listen on; reports a name.
pub(super) fn ip(field: &Field<'_>, host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match bare {
        "" => Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ => {
            let parsed = bare.parse().ok();
            if parsed.is_none() {
                let reason = "use an IP address, localhost, or 0.0.0.0 for every interface";
                field.not_supported("a host name in an address to listen on", reason);
            }
            parsed
        }
    }
}

/// Reports addresses that are wanted twice: sockets are shared between threads, so the system would
/// not refuse the second one.
pub(super) fn check_distinct(listens: &[Listen<Address>], report: &Report<'_>) {
    for (index, second) in listens.iter().enumerate() {
        let earlier = listens.iter().take(index);
        if let Some(first) =
            earlier.into_iter().find(|first| clash(&first.address, &second.address))
        {
            let message = format!("{} is already taken by {}", second.address, first.path);
            report.error(second.mark, &second.path, Fault::new(Code::Conflict, message));
        }
    }
}

fn clash(a: &Address, b: &Address) -> bool {
    let (Address::Tcp(a), Address::Tcp(b)) = (a, b) else { return a == b };
    let anywhere = |ip: IpAddr| ip.is_unspecified();
    a.port() != 0
        && a.port() == b.port()
        && (a.ip() == b.ip() || anywhere(a.ip()) || anywhere(b.ip()))
}

#[cfg(test)]
mod tests;
