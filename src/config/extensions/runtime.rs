//! Our own extension `spanyard`: threads, drain, bounds, the admin port and tenants.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use spanyard_wire::nesting::DEPTH_MAX;

use super::tenants;
use crate::config::decode::Field;
use crate::config::keys::{Table, key};
use crate::config::listen::{self, Listen};
use crate::config::plan::{Control, Engine, RuntimePlan, TenantLimits};
use crate::config::problems::Code;
use crate::config::report::Fault;

/// Threads that may be configured; each holds listeners, queues and connections of its own.
const SHARDS_MAX: u64 = 1024;
/// How long SIGTERM waits where the file does not say.
const DRAIN: Duration = Duration::from_secs(10);
/// Depth of the values of a message where the file does not say.
const NESTING: usize = 100;
/// Deepest that may be configured short of any depth.
const NESTING_MAX: u64 = DEPTH_MAX as u64;
/// Port of the admin page where the file names none.
const ADMIN_PORT: u16 = 13134;

pub(super) const SPANYARD: Table = Table {
    scope: "extensions.spanyard",
    keys: &[
        key("shards", "whole number", "0", "threads that carry data; 0: one for each core"),
        key("pin", "boolean", "true", "bind each thread to one core"),
        key("drain_timeout", "duration", "10s", "how long SIGTERM waits for queues to empty"),
        key("engine", "word", "auto", "what carries the sockets: `auto`, `epoll` or `uring`"),
        key("max_nesting", "whole number", "100", "depth of values, up to 1000; 0: any"),
        key("admin", "mapping", "on", "the port that takes `POST /-/reload`"),
        key("tenant_limits", "mapping", "off", "what one tenant may send"),
    ],
};
pub(super) const ADMIN: Table = Table {
    scope: "extensions.spanyard.admin",
    keys: &[
        key("enabled", "boolean", "true", "whether there is one"),
        key("endpoint", "host:port", "localhost:13134", "address to listen on"),
    ],
};

/// The decoded section.
#[derive(Debug)]
pub(in crate::config) struct Runtime {
    pub(in crate::config) plan: RuntimePlan,
    /// `None` for `enabled: false`.
    pub(in crate::config) control: Option<Control>,
    /// The admin port's address, where the file names it.
    pub(in crate::config) listen: Option<Listen>,
    /// `tenant_limits`.
    pub(in crate::config) tenants: Option<TenantLimits>,
}

impl Default for Runtime {
    fn default() -> Self {
        let plan = RuntimePlan {
            shards: 0,
            pin: true,
            drain_timeout: DRAIN,
            engine: Engine::Auto,
            nesting_max: NESTING,
        };
        let endpoint = SocketAddr::from((Ipv4Addr::LOCALHOST, ADMIN_PORT));
        Self {
            plan,
            control: Some(Control { endpoint, asked_for: false }),
            listen: None,
            tenants: None,
        }
    }
}

pub(super) fn decode(field: &Field<'_>) -> Option<Runtime> {
    let section = field.section(&SPANYARD)?;
    let shards = section.whole("shards", 0, 0, SHARDS_MAX);
    let nesting = section.get("max_nesting").and_then(|field| field.whole(0, NESTING_MAX));
    let nesting = nesting.and_then(|depth| usize::try_from(depth).ok());
    let plan = RuntimePlan {
        shards: usize::try_from(shards).unwrap_or(0),
        pin: section.boolean("pin", true),
        drain_timeout: section.duration("drain_timeout", DRAIN),
        engine: section.get("engine").and_then(|field| engine(&field)).unwrap_or_default(),
        nesting_max: nesting.unwrap_or(NESTING),
    };
    let tenants = section.get("tenant_limits").and_then(|field| tenants::decode(&field));
    let mut runtime = Runtime { plan, tenants, ..Runtime::default() };
    if let Some(field) = section.get("admin") {
        runtime.listen = admin(&field);
        runtime.control = runtime
            .listen
            .as_ref()
            .map(|listen| Control { endpoint: listen.address, asked_for: true });
    }
    Some(runtime)
}

fn engine(field: &Field<'_>) -> Option<Engine> {
    Some(match field.one_of(&["auto", "epoll", "uring"])? {
        "epoll" => Engine::Epoll,
        "uring" => Engine::Uring,
        _ => Engine::Auto,
    })
}

fn admin(field: &Field<'_>) -> Option<Listen> {
    let section = field.optional_section(&ADMIN)?;
    let listen = listen::endpoint(&section, ADMIN_PORT)?;
    if !listen.address.ip().is_loopback() {
        let message = "whoever reaches this address can have the configuration read again";
        let fault = Fault::new(Code::Surprising, message);
        field.report.warning(listen.mark, &listen.path, fault.hint("keep it on localhost"));
    }
    Some(listen)
}
