//! What the extensions promise, each test one sentence.

use std::net::SocketAddr;
use std::time::Duration;

use crate::config::fixture::{messages, plan, try_load};
use crate::config::plan::{Admin, Control, HealthBody, HealthForm, StatusPage};

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
