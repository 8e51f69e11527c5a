//! Quotas of tenants, named by a header or by an attribute of the resource.

use http::HeaderName;
use spanyard_wire::encode::encoded;
use spanyard_wire::reply;

use super::grpc::{assert_success, call, channel, export, framed};
use super::site::{Site, post, spans, with_plan};
use crate::config::plan::{Plan, Quota, TenantKey, TenantLimits};

const REQUESTS: &str = "spanyard_tenant_refused_requests_total";
const ITEMS: &str = "spanyard_tenant_refused_items_total";

/// One span a second, so that a test does not live to see a bucket fill.
const SMALL: Quota = Quota { rate: 1, burst: 10 };
const LARGE: Quota = Quota { rate: 1_000_000, burst: 1_000_000 };

fn limits(key: TenantKey, default: Option<Quota>, rows: &[(&str, Quota)]) -> TenantLimits {
    let mut tenants: Vec<(String, Quota)> =
        rows.iter().map(|(name, quota)| ((*name).to_owned(), *quota)).collect();
    tenants.sort_by(|one, other| one.0.cmp(&other.0));
    TenantLimits { key, default, tenants }
}

fn by_header(default: Option<Quota>, rows: &[(&str, Quota)]) -> impl FnOnce(&mut Plan) {
    let key = TenantKey::Header(HeaderName::from_static("x-tenant"));
    let limits = limits(key, default, rows);
    |plan| plan.tenants = Some(limits)
}

fn by_attribute(default: Option<Quota>, rows: &[(&str, Quota)]) -> impl FnOnce(&mut Plan) {
    let limits = limits(TenantKey::Attribute("tenant".to_owned()), default, rows);
    |plan| plan.tenants = Some(limits)
}

/// A request of one group a tenant, each of so many spans.
fn groups(tenants: &[(&str, usize)]) -> Vec<u8> {
    encoded(|request| {
        for (tenant, spans) in tenants {
            request.message(1, |group| {
                group.message(1, |resource| resource.string_attribute(1, "tenant", tenant));
                group.message(2, |scope| {
                    (0..*spans).for_each(|_| scope.message(2, |span| span.bytes(1, &[7; 16])));
                });
            });
        }
    })
}

async fn send(site: &Site, tenant: &str, count: usize) -> u16 {
    site.ask(&post(&format!("x-tenant: {tenant}\r\n"), &spans(count))).await.status
}

#[test]
fn a_tenant_in_debt_is_told_429_at_the_head_and_others_are_taken() {
    with_plan(by_header(Some(SMALL), &[("large", LARGE)]), async |site| {
        assert_eq!(send(&site, "x", 100).await, 200, "whole, however large");
        for _ in 0..10 {
            let answer = site.ask(&post("x-tenant: x\r\n", &spans(1))).await;
            assert_eq!(answer.status, 429);
            let after: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert_eq!(after, 30, "as late as is said at all");
            let status = reply::read_status(&answer.body).unwrap();
            assert_eq!((status.code, &*status.message), (8, "the tenant is over its quota"));
            assert_eq!(send(&site, "large", 100).await, 200);
        }
        assert_eq!(send(&site, "y", 1).await, 200);
        assert_eq!(site.ask(&post("", &spans(100))).await.status, 200, "the tenant without a name");
        assert_eq!(site.ask(&post("", &spans(1))).await.status, 429);
        assert_eq!((site.count(REQUESTS), site.count(ITEMS)), (11, 0));
        assert_eq!(site.count("spanyard_receiver_refused_requests_total"), 11);
    });
}

#[test]
fn a_call_of_a_tenant_in_debt_is_refused_so_that_the_caller_tries_again() {
    with_plan(by_header(Some(SMALL), &[]), async |site| {
        let channel = channel(&site).await;
        let body = framed(false, &spans(100));
        let request = || export().header("x-tenant", "x");
        assert_success(&call(&channel, request(), body.clone()).await);
        let outcome = call(&channel, request(), body).await;
        assert_eq!((outcome.status, outcome.trailers_only), (8, true));
        assert!(outcome.details().retry_after.unwrap().as_secs() >= 30);
    });
}

#[test]
fn a_tenant_without_row_and_default_has_no_limit() {
    with_plan(by_header(None, &[("x", SMALL)]), async |site| {
        for _ in 0..5 {
            assert_eq!(send(&site, "y", 1000).await, 200);
        }
        assert_eq!(send(&site, "x", 100).await, 200);
        assert_eq!(send(&site, "x", 1).await, 429);
    });
}

#[test]
fn groups_of_tenants_in_debt_are_left_out_and_the_client_is_told_how_many_items() {
    with_plan(by_attribute(Some(SMALL), &[("y", LARGE)]), async |site| {
        let mixed = groups(&[("x", 100), ("y", 5)]);
        assert_eq!(site.ask(&post("", &mixed)).await.status, 200);
        assert_eq!(site.next().await, mixed, "untouched while nobody owes");
        let answer = site.ask(&post("", &mixed)).await;
        assert_eq!(answer.status, 200);
        let partial = reply::read_partial_success(&answer.body).unwrap().unwrap();
        assert_eq!(partial.rejected, 100);
        assert_eq!(site.next().await, groups(&[("y", 5)]));
        let answer = site.ask(&post("", &groups(&[("x", 1), ("x", 2)]))).await;
        assert_eq!(answer.status, 429);
        assert_eq!(answer.header("retry-after"), Some("30"));
        assert_eq!((site.count(ITEMS), site.count(REQUESTS)), (103, 0));
        assert_eq!(site.count("otelcol_receiver_accepted_spans"), 110);
        assert_eq!(site.count("otelcol_receiver_refused_spans"), 103);
    });
}

#[test]
fn what_is_refused_for_want_of_room_is_not_paid_for() {
    with_plan(by_header(Some(SMALL), &[]), async |site| {
        let mut client = site.connect().await;
        client.send(&post("x-tenant: y\r\n", &spans(1))).await;
        assert_eq!(client.answer().await.status, 200);
        let full = site.fill(0);
        client.send(&post("x-tenant: x\r\n", &spans(100))).await;
        assert_eq!(client.answer().await.status, 503);
        drop(full);
        assert_eq!(send(&site, "x", 100).await, 200);
    });
}

#[test]
fn without_limits_nobody_is_refused() {
    with_plan(
        |_| {},
        async |site| {
            for _ in 0..20 {
                assert_eq!(send(&site, "x", 1000).await, 200);
            }
            assert_eq!(site.count(REQUESTS) + site.count(ITEMS), 0);
        },
    );
}
