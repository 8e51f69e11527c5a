//! Addresses to listen on: `host:port`, the host an IP address, `localhost` or nothing.
//!
//! `localhost` is 127.0.0.1 and no host is 0.0.0.0. Other names are refused: resolving one would
//! make the meaning of a file depend on where it is read.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::decode::{Field, Section};
use super::problems::Code;
use super::report::{Fault, Mark, Report};

/// An address that a component wants, and where the file says so.
#[derive(Clone, Debug)]
pub(super) struct Listen {
    pub(super) address: SocketAddr,
    pub(super) mark: Mark,
    pub(super) path: String,
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
pub(super) fn check_distinct(listens: &[Listen], report: &Report<'_>) {
    for (index, second) in listens.iter().enumerate() {
        let earlier = listens.iter().take(index);
        if let Some(first) = earlier.into_iter().find(|first| clash(first.address, second.address))
        {
            let message = format!("{} is already taken by {}", second.address, first.path);
            report.error(second.mark, &second.path, Fault::new(Code::Conflict, message));
        }
    }
}

fn clash(a: SocketAddr, b: SocketAddr) -> bool {
    let anywhere = |ip: IpAddr| ip.is_unspecified();
    a.port() != 0
        && a.port() == b.port()
        && (a.ip() == b.ip() || anywhere(a.ip()) || anywhere(b.ip()))
}
