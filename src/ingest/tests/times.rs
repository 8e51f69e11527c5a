//! Times that the file names: they hold in place of the gateway's own.

use std::time::Duration;

use super::grpc::{assert_success, call, channel, export, finish, framed};
use super::raw::{Frame, Raw};
use super::site::{Site, gzip, post, spans, with_plan};
use crate::config::plan::{HttpIngest, Plan, ServerKeepalive};

pub(super) const fn seconds(count: u64) -> Option<Duration> {
    Some(Duration::from_secs(count))
}

fn keepalive(change: impl FnOnce(&mut ServerKeepalive)) -> impl FnOnce(&mut Plan) {
    |plan| change(&mut plan.receivers[0].grpc.as_mut().unwrap().keepalive)
}

pub(super) fn http(change: impl FnOnce(&mut HttpIngest)) -> impl FnOnce(&mut Plan) {
    |plan| change(plan.receivers[0].http.as_mut().unwrap())
}

/// Lets so many halves of a second pass, and everyone do what is to be done in each.
pub(super) async fn pass(site: &Site, ticks: usize) {
    for _ in 0..ticks {
        site.supplies.watch().turn();
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }
}

#[test]
fn a_connection_of_its_age_is_told_to_go_and_not_a_tenth_sooner() {
    with_plan(keepalive(|plan| plan.age = seconds(60)), async |site| {
        let channel = channel(&site).await;
        assert_success(&call(&channel, export(), framed(false, &spans(1))).await);
        pass(&site, 100).await;
        assert_success(&call(&channel, export(), framed(false, &spans(1))).await);
        pass(&site, 50).await;
        site.gate.emptied().await;
        assert!(channel.ready().await.is_err());
    });
}

#[test]
fn a_call_that_outlives_the_age_is_finished_within_the_grace() {
    with_plan(keepalive(|plan| (plan.age, plan.grace) = (seconds(2), seconds(5))), async |site| {
        let channel = channel(&site).await;
        let mut open = channel.clone().ready().await.unwrap();
        let (answer, mut stream) = open.send_request(export().body(()).unwrap(), false).unwrap();
        let body = framed(false, &spans(3));
        stream.send_data(body.slice(..20), false).unwrap();
        pass(&site, 10).await;
        stream.send_data(body.slice(20..), true).unwrap();
        assert_success(&finish(answer.await.unwrap()).await);
        site.gate.emptied().await;
    });
}

#[test]
fn a_call_that_outlives_the_grace_is_cut_off() {
    with_plan(keepalive(|plan| (plan.age, plan.grace) = (seconds(2), seconds(1))), async |site| {
        let channel = channel(&site).await;
        let mut open = channel.clone().ready().await.unwrap();
        let (answer, mut stream) = open.send_request(export().body(()).unwrap(), false).unwrap();
        stream.send_data(framed(false, &spans(3)).slice(..20), false).unwrap();
        pass(&site, 15).await;
        assert!(answer.await.is_err());
        site.gate.emptied().await;
    });
}

#[test]
fn an_idle_connection_over_http_2_ends_after_the_time_that_is_named() {
    with_plan(keepalive(|plan| plan.idle = seconds(5)), async |site| {
        let channel = channel(&site).await;
        assert_success(&call(&channel, export(), framed(false, &spans(1))).await);
        pass(&site, 9).await;
        assert_eq!(site.gate.connections(), 1, "closed too soon");
        pass(&site, 5).await;
        site.gate.emptied().await;
        assert!(channel.ready().await.is_err());
    });
}

#[test]
fn a_client_that_answers_pings_stays_and_one_that_does_not_is_cut_off() {
    with_plan(keepalive(|plan| plan.ping = seconds(2).zip(seconds(1))), async |site| {
        let channel = channel(&site).await;
        assert_success(&call(&channel, export(), framed(false, &spans(1))).await);
        pass(&site, 60).await;
        assert_success(&call(&channel, export(), framed(false, &spans(1))).await);

        let mut silent = site.connect().await;
        silent.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
        pass(&site, 1).await;
        assert_eq!(site.gate.connections(), 2);
        pass(&site, 12).await;
        assert_eq!(site.gate.connections(), 1);
        assert_success(&call(&channel, export(), framed(false, &spans(1))).await);
    });
}

#[test]
fn a_client_that_pings_more_often_than_the_file_permits_is_told_to_calm_down() {
    let policy = (Duration::from_secs(10), true);
    with_plan(keepalive(|plan| plan.enforcement = Some(policy)), async |site| {
        let mut calm = Raw::begin(&site).await;
        for _ in 0..5 {
            calm.send(&[Frame::new(6, 0, 0, &[0; 8])]).await;
            pass(&site, 20).await;
        }
        assert_eq!(site.gate.connections(), 1, "one ping in ten seconds is permitted");
        for _ in 0..4 {
            calm.send(&[Frame::new(6, 0, 0, &[0; 8])]).await;
            pass(&site, 2).await;
        }
        assert_eq!(calm.goaway().await, Some(11));
    });
}

#[test]
fn heads_and_idle_connections_over_http_1_have_the_times_that_are_named() {
    let change =
        |http: &mut HttpIngest| (http.times.head, http.times.idle) = (seconds(2), seconds(5));
    with_plan(http(change), async |site| {
        let mut client = site.connect().await;
        client.send(&post("", &spans(1))).await;
        assert_eq!(client.answer().await.status, 200);
        let mut half = site.connect().await;
        half.send(b"POST /v1/tr").await;
        pass(&site, 3).await;
        assert_eq!(site.gate.connections(), 2, "closed too soon");
        pass(&site, 3).await;
        assert!(half.is_closed().await);
        pass(&site, 2).await;
        assert_eq!(site.gate.connections(), 1, "closed too soon");
        pass(&site, 6).await;
        assert!(client.is_closed().await);
    });
}

#[test]
fn a_body_over_http_1_has_the_time_that_is_named() {
    with_plan(http(|http| http.times.body = seconds(2)), async |site| {
        let request = post("", &spans(50));
        let mut client = site.connect().await;
        client.send(&request[..request.len() - 1]).await;
        pass(&site, 1).await;
        pass(&site, 7).await;
        assert_eq!(client.answer().await.status, 408);
        assert!(client.is_closed().await);
    });
}

#[test]
fn a_connection_over_http_1_of_its_age_is_told_with_its_next_answer() {
    with_plan(http(|http| http.times.age = seconds(10)), async |site| {
        let mut client = site.connect().await;
        client.send(&post("", &spans(1))).await;
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (200, None));
        pass(&site, 10).await;
        client.send(&post("", &spans(1))).await;
        assert_eq!(client.answer().await.header("connection"), None, "told too soon");
        let request = post("", &spans(5));
        let (most, last) = request.split_at(request.len() - 1);
        client.send(most).await;
        pass(&site, 16).await;
        client.send(last).await;
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
        assert!(client.is_closed().await);
    });
}

#[test]
fn an_idle_connection_over_http_1_is_closed_at_its_age_and_a_late_one_after_the_grace() {
    let ages = |http: &mut HttpIngest| {
        (http.times.age, http.times.grace) = (seconds(3), seconds(2));
    };
    with_plan(http(ages), async |site| {
        let mut idle = site.connect().await;
        idle.send(&post("", &spans(1))).await;
        assert_eq!(idle.answer().await.status, 200);
        let request = post("", &spans(5));
        let mut busy = site.connect().await;
        busy.send(&request[..request.len() - 1]).await;
        pass(&site, 4).await;
        assert_eq!(site.gate.connections(), 2, "closed too soon");
        pass(&site, 6).await;
        assert!(idle.is_closed().await);
        assert_eq!(site.gate.connections(), 1, "closed within the grace");
        pass(&site, 8).await;
        site.gate.emptied().await;
    });
}

#[test]
fn the_age_of_http_holds_over_http_2_where_it_is_the_lower_one() {
    let ages = |plan: &mut Plan| {
        let receiver = &mut plan.receivers[0];
        receiver.http.as_mut().unwrap().times.age = seconds(5);
        receiver.grpc.as_mut().unwrap().keepalive.age = seconds(60);
    };
    with_plan(ages, async |site| {
        let channel = channel(&site).await;
        assert_success(&call(&channel, export(), framed(false, &spans(1))).await);
        pass(&site, 8).await;
        assert_success(&call(&channel, export(), framed(false, &spans(1))).await);
        pass(&site, 10).await;
        site.gate.emptied().await;
    });
}

#[test]
fn an_answer_that_is_not_out_in_time_is_given_up_and_one_that_is_costs_nothing() {
    with_plan(http(|http| http.times.write = seconds(3)), async |site| {
        let request = post("", &spans(50));
        let mut client = site.connect().await;
        client.send(&request).await;
        assert_eq!(client.answer().await.status, 200);
        pass(&site, 20).await;
        client.send(&request[..request.len() - 1]).await;
        pass(&site, 12).await;
        assert!(client.is_closed().await);
        assert_eq!(site.malformed("timeout"), 0);
    });
}

#[test]
fn without_keep_alives_every_answer_closes_its_connection() {
    with_plan(http(|http| http.times.single_use = true), async |site| {
        let mut client = site.connect().await;
        client.send(&post("", &spans(1))).await;
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
        assert!(client.is_closed().await);
    });
}

#[test]
fn gzip_that_the_receiver_does_not_list_is_refused_and_plain_bodies_are_taken() {
    with_plan(http(|http| http.codings.gzip = false), async |site| {
        let body = spans(2);
        let request = post("content-encoding: gzip\r\n", &gzip(&body));
        assert_eq!(site.ask(&request).await.status, 400);
        assert_eq!(site.malformed("encoding"), 1);
        assert_eq!(site.ask(&post("content-encoding: identity\r\n", &body)).await.status, 200);
    });
}
