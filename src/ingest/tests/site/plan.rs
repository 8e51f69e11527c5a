//! What the receiver of these tests is set to, and the one destination behind it.

use std::net::Ipv4Addr;
use std::time::Duration;

use spanyard_wire::schema::Signal;

use super::{BYTES_MAX, LONG};
use crate::config::plan::{
    self, Admin, Branch, Compression, Flow, GrpcIngest, HttpIngest, HttpTarget, Leg, Logs, Outline,
    Peer, Plan, QueuePlan, Receiver, RuntimePlan, Sizer, Stage, StageId, Target,
};
use crate::units::{DestinationId, MIB};

pub(super) fn target() -> plan::Destination {
    let peer = Peer { host: "127.0.0.1".to_owned(), port: 1, tls: None };
    plan::Destination {
        exporter: "otlphttp".to_owned(),
        signal: Signal::Traces,
        target: Target::Http(HttpTarget {
            peer,
            path: "/v1/traces".to_owned(),
            authority: "127.0.0.1:1".to_owned(),
            headers: Vec::new(),
            auth: Vec::new(),
            compression: Compression::None,
            timeout: Duration::from_secs(1),
            connection: plan::ConnectionPlan::default(),
        }),
        queue: QueuePlan {
            capacity: 100_000,
            sizer: Sizer::Requests,
            consumers: 1,
            required: false,
            waits: false,
            merge: true,
            batch: None,
        },
        retry: None,
    }
}

pub(super) fn plan_of(destination: plan::Destination) -> Plan {
    let endpoint = plan::Address::Tcp((Ipv4Addr::LOCALHOST, 0).into());
    let flow = Flow {
        entry: vec![StageId(0)],
        stages: vec![Stage::Leaf(0)],
        branches: vec![Branch {
            pipeline: "traces".to_owned(),
            edits: Vec::new(),
            items: Vec::new(),
            legs: vec![Leg { destination: DestinationId(0), batch: None }],
        }],
        slots: Vec::new(),
        by_request: true,
        admit_below: None,
        limiters: Vec::new(),
    };
    let receiver = Receiver {
        id: "otlp".to_owned(),
        grpc: Some(GrpcIngest {
            endpoint: endpoint.clone(),
            message_bytes_max: BYTES_MAX,
            streams_max: 100,
            include_metadata: true,
            keepalive: plan::ServerKeepalive::default(),
            tls: None,
            auth: None,
        }),
        http: Some(HttpIngest {
            endpoint,
            body_bytes_max: BYTES_MAX,
            paths: Signal::ALL.map(|signal| signal.path().to_owned()),
            include_metadata: true,
            codings: plan::Codings::ALL,
            times: plan::HttpTimes::default(),
            tls: None,
            auth: None,
            cors: None,
            response_headers: Vec::new(),
            http3: false,
        }),
        flows: [Some(flow), None, None],
    };
    Plan {
        receivers: vec![receiver],
        destinations: vec![destination],
        budget: plan::Budget { limit: 64 * MIB, soft: 64 * MIB, derived: false },
        admin: Admin::default(),
        outline: Outline::default(),
        runtime: RuntimePlan {
            shards: 1,
            pin: false,
            drain_timeout: LONG,
            engine: plan::Engine::Epoll,
            nesting_max: 100,
        },
        logs: Logs::default(),
        tenants: None,
    }
}
