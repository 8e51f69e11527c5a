//! What the extensions promise, each test one sentence.

use std::net::SocketAddr;
use std::time::Duration;

use crate::config::fixture::{messages, plan, try_load};
use crate::config::plan::{
    Admin, Control, Engine, HealthBody, HealthForm, Quota, StatusPage, TenantKey, TenantLimits,
};

/// A file whose extension `id` has these settings, on line 2.
fn with(id: &str, settings: &str) -> String {
    format!(
        "receivers: {{otlp: {{protocols: {{http: {{}}}}}}}}\nextensions: {{{id}: {settings}}}\n\
         exporters: {{nop: {{}}}}\nservice: {{extensions: [{id}], \
         pipelines: {{traces: {{receivers: [otlp], exporters: [nop]}}}}}}\n"
    )
}

fn health(settings: &str) -> (SocketAddr, HealthForm) {
    let Admin { health, .. } = plan(&with("health_check", settings)).admin;
    let health = health.expect("it is listed");
    (health.endpoint, health.form)
}

fn control(settings: &str) -> Option<Control> {
    plan(&with("spanyard", settings)).admin.control
}

#[test]
fn health_check_answers_on_every_path_of_its_port_unless_told_otherwise() {
    let (endpoint, form) = health("{}");
    assert_eq!(endpoint.to_string(), "127.0.0.1:13133");
    assert_eq!(form, HealthForm::Page { path: "/".to_owned(), body: None });
    let (endpoint, form) = health(
        "{endpoint: '0.0.0.0:1', path: /up, response_body: {healthy: fine}, \
         check_collector_pipeline: {enabled: false}}",
    );
    assert_eq!(endpoint.to_string(), "0.0.0.0:1");
    let body = HealthBody { healthy: "fine".to_owned(), unhealthy: String::new() };
    assert_eq!(form, HealthForm::Page { path: "/up".to_owned(), body: Some(body) });
}

#[test]
fn the_newer_health_check_has_a_status_page_and_counts_dead_backends_where_it_is_told_to() {
    let (endpoint, form) = health("{use_v2: true, http: {}}");
    assert_eq!(endpoint.to_string(), "127.0.0.1:13133");
    let page = StatusPage { path: Some("/status".to_owned()), recovery: None };
    assert_eq!(form, HealthForm::Status(page));
    let (endpoint, form) = health(
        "{use_v2: true, http: {endpoint: '127.0.0.1:9', status: {path: /s}, \
         config: {enabled: false}}, \
         component_health: {include_recoverable_errors: true, recovery_duration: 5m}}",
    );
    assert_eq!(endpoint.to_string(), "127.0.0.1:9");
    let recovery = Some(Duration::from_secs(300));
    assert_eq!(form, HealthForm::Status(StatusPage { path: Some("/s".to_owned()), recovery }));
    let (_, form) = health("{use_v2: true, http: {status: {enabled: false}}}");
    assert_eq!(form, HealthForm::Status(StatusPage { path: None, recovery: None }));
}

#[test]
fn what_the_two_forms_do_not_share_is_refused_or_named() {
    let said = |settings: &str| messages(&with("health_check", settings), 2);
    assert_eq!(said("{http: {}}"), ["conflict: `http` without `use_v2: true`"]);
    assert_eq!(said("{response_body: {healthy: fine}}"), Vec::<String>::new());
    assert_eq!(
        said("{component_health: {include_permanent_errors: true}}"),
        ["ignored: `component_health` is ignored"]
    );
    assert_eq!(said("{use_v2: true}"), ["missing: `use_v2: true` without a protocol"]);
    assert_eq!(said("{use_v2: true, path: /x, http: {}}"), ["ignored: `path` is ignored"]);
    assert_eq!(
        said("{use_v2: true, grpc: {endpoint: 'localhost:13132'}}"),
        ["not-supported: `grpc` is not supported yet"]
    );
    assert_eq!(
        said("{use_v2: true, http: {config: {enabled: true}}}"),
        ["not-supported: the configuration page is not supported yet"]
    );
    let errors = "{use_v2: true, http: {}, component_health: {include_permanent_errors: true}}";
    assert_eq!(said(errors), ["ignored: `include_permanent_errors` is ignored"]);
    assert_eq!(said("{path: up}"), ["bad-value: not a path"]);
}

#[test]
fn the_admin_port_is_on_loopback_and_may_be_moved_or_turned_off() {
    let default = Control { endpoint: ([127, 0, 0, 1], 13134).into(), asked_for: false };
    assert_eq!(control("{}"), Some(default));
    assert_eq!(plan(&with("health_check", "{}")).admin.control, Some(default));
    let asked_for = Control { asked_for: true, ..default };
    assert_eq!(control("{admin: {endpoint: 'localhost:13134'}}"), Some(asked_for));
    assert_eq!(control("{admin: {enabled: false}}"), None);
}

#[test]
fn an_admin_port_that_others_reach_is_pointed_out_and_one_wanted_twice_is_refused() {
    let open = with("spanyard", "{admin: {endpoint: '0.0.0.0:13134'}}");
    assert!(try_load(&open).is_ok());
    let reached = "surprising: whoever reaches this address can have the configuration read again";
    assert_eq!(messages(&open, 2), [reached]);
    let twice = with("spanyard", "{admin: {endpoint: 'localhost:8888'}}");
    let taken = "conflict: 127.0.0.1:8888 is already taken by service.telemetry.metrics";
    assert_eq!(messages(&twice, 2), [taken]);
}

#[test]
fn the_engine_and_the_nesting_of_messages_have_defaults() {
    let runtime = |settings: &str| {
        let runtime = plan(&with("spanyard", settings)).runtime;
        (runtime.engine, runtime.nesting_max)
    };
    assert_eq!(runtime("{}"), (Engine::Auto, 100));
    assert_eq!(runtime("{engine: auto}"), (Engine::Auto, 100));
    assert_eq!(runtime("{engine: epoll, max_nesting: 0}"), (Engine::Epoll, 0));
    assert_eq!(runtime("{engine: uring, max_nesting: 64}"), (Engine::Uring, 64));
    let said = |settings: &str| messages(&with("spanyard", settings), 2);
    assert_eq!(said("{engine: io_uring}"), ["bad-value: unknown value"]);
    assert_eq!(said("{max_nesting: -1}"), ["bad-value: out of range"]);
}

#[test]
fn tenants_have_a_quota_of_their_own_or_the_default() {
    let limits = |settings: &str| plan(&with("spanyard", settings)).tenants;
    let text = "{tenant_limits: {header: X-Scope-OrgID, default: {items_per_second: 100}, \
        tenants: {b: {items_per_second: 10, burst: 50}, a: {items_per_second: 7}}}}";
    let quota = |rate, burst| Quota { rate, burst };
    let expected = TenantLimits {
        key: TenantKey::Header(http::HeaderName::from_static("x-scope-orgid")),
        default: Some(quota(100, 100)),
        tenants: vec![("a".to_owned(), quota(7, 7)), ("b".to_owned(), quota(10, 50))],
    };
    assert_eq!(limits(text), Some(expected));
    let text =
        "{tenant_limits: {resource_attribute: team, tenants: {\"\": {items_per_second: 1}}}}";
    let expected = TenantLimits {
        key: TenantKey::Attribute("team".to_owned()),
        default: None,
        tenants: vec![(String::new(), quota(1, 1))],
    };
    assert_eq!(limits(text), Some(expected));
    for off in ["{}", "{tenant_limits: }", "{tenant_limits: {enabled: false, header: a}}"] {
        assert_eq!(limits(off), None, "{off}");
    }
}

#[test]
fn tenant_limits_that_limit_nobody_are_refused() {
    let one = "default: {items_per_second: 1}";
    let cases = [
        (one.to_owned(), "missing: nothing names the tenant"),
        (
            format!("header: a, resource_attribute: b, {one}"),
            "conflict: `header` and `resource_attribute` exclude each other",
        ),
        ("header: a".to_owned(), "missing: no limit is given"),
        ("header: a, tenants: {}".to_owned(), "missing: no limit is given"),
        (format!("header: a b, {one}"), "bad-value: no header name"),
        (format!("resource_attribute: \"\", {one}"), "bad-value: no attribute"),
        ("header: a, tenants: {x: }".to_owned(), "missing: `items_per_second` is required"),
        ("header: a, default: {items_per_second: 0}".to_owned(), "bad-value: out of range"),
        (
            "header: a, default: {items_per_second: 1, burst: 0}".to_owned(),
            "bad-value: out of range",
        ),
        (
            "header: a, tenants: {x: {items_per_second: 1, bursts: 1}}".to_owned(),
            "unknown-key: unknown key `bursts`",
        ),
    ];
    for (settings, expected) in cases {
        let text = with("spanyard", &format!("{{tenant_limits: {{{settings}}}}}"));
        assert_eq!(messages(&text, 2), [expected], "{settings}");
    }
}
