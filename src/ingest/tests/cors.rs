//! Browsers of other origins, and headers that the file gives to every answer.

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use super::grpc::{assert_success, call, channel, export, framed};
use super::site::{Answer, post, spans, with_plan};
use crate::config::plan::{
    Authenticator, Cors, HttpIngest, Plan, Quota, Secret, TenantKey, TenantLimits,
};

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|one| (*one).to_owned()).collect()
}

fn cors(origins: &[&str], headers: &[&str]) -> Cors {
    let (origins, headers) = (strings(origins), strings(headers));
    Cors { origins, headers, exposed: strings(&["X-Id", "X-Other"]), max_age: 7200 }
}

const USUAL: [&str; 3] = ["Accept", "Content-Type", "X-Requested-With"];

pub(super) fn shop(http: &mut HttpIngest) {
    http.cors = Some(cors(&["https://shop.example", "https://*.apps.example"], &USUAL));
}

fn change(change: impl FnOnce(&mut HttpIngest)) -> impl FnOnce(&mut Plan) {
    move |plan| change(plan.receivers[0].http.as_mut().unwrap())
}

pub(super) fn preflight(origin: &str, method: &str, headers: &str) -> Vec<u8> {
    let asked = if headers.is_empty() {
        String::new()
    } else {
        format!("access-control-request-headers: {headers}\r\n")
    };
    format!(
        "OPTIONS /v1/traces HTTP/1.1\r\nhost: x\r\norigin: {origin}\r\n\
         access-control-request-method: {method}\r\n{asked}\r\n"
    )
    .into_bytes()
}

fn said(answer: &Answer) -> [Option<&str>; 6] {
    [
        "access-control-allow-origin",
        "access-control-allow-methods",
        "access-control-allow-headers",
        "access-control-allow-credentials",
        "access-control-max-age",
        "vary",
    ]
    .map(|name| answer.header(name))
}

const VARY: Option<&str> =
    Some("Origin, Access-Control-Request-Method, Access-Control-Request-Headers");

#[test]
fn a_preflight_is_answered_204_with_what_was_asked_for() {
    with_plan(change(shop), async |site| {
        for origin in ["https://shop.example", "https://a.apps.example", "HTTPS://Shop.Example"] {
            let answer = site.ask(&preflight(origin, "POST", "content-type")).await;
            assert_eq!(answer.status, 204);
            let expected = [
                Some(origin),
                Some("POST"),
                Some("content-type"),
                Some("true"),
                Some("7200"),
                VARY,
            ];
            assert_eq!(said(&answer), expected);
        }
        let answer = site.ask(&preflight("https://shop.example", "POST", "")).await;
        assert_eq!(said(&answer)[2], None);
        assert_eq!(site.count("spanyard_shard_unknown_paths_total"), 0);
        assert_eq!(site.count("spanyard_receiver_malformed_requests_total"), 0);
    });
}

#[test]
fn a_preflight_for_what_is_not_allowed_is_told_nothing() {
    with_plan(change(shop), async |site| {
        let cases = [
            ("https://evil.example", "POST", "content-type"),
            ("https://apps.example", "POST", ""),
            ("https://x.apps.example.evil.example", "POST", ""),
            ("null", "POST", ""),
            ("https://shop.example", "DELETE", ""),
            ("https://shop.example", "post", ""),
            ("https://shop.example", "POST", "authorization"),
            ("https://shop.example", "POST", "content-type, accept"),
            ("https://shop.example", "POST", "accept,accept"),
            ("https://shop.example", "POST", "accept,  content-type"),
        ];
        for (origin, method, headers) in cases {
            let answer = site.ask(&preflight(origin, method, headers)).await;
            assert_eq!(answer.status, 204);
            let expected = [None, None, None, None, None, VARY];
            assert_eq!(said(&answer), expected, "{origin} {method} {headers}");
        }
    });
}

#[test]
fn lists_of_headers_are_read_as_browsers_write_them() {
    with_plan(change(shop), async |site| {
        for headers in ["accept,content-type", "accept, content-type", "accept,,x-requested-with,"]
        {
            let answer = site.ask(&preflight("https://shop.example", "POST", headers)).await;
            assert_eq!(said(&answer)[2], Some(headers));
        }
    });
    let any = |http: &mut HttpIngest| http.cors = Some(cors(&["https://a", "*"], &["*"]));
    with_plan(change(any), async |site| {
        let answer = site.ask(&preflight("https://anyone", "POST", "x-b, x-a")).await;
        let expected =
            [Some("*"), Some("POST"), Some("x-b, x-a"), Some("true"), Some("7200"), VARY];
        assert_eq!(said(&answer), expected);
    });
}

#[test]
fn every_answer_to_an_allowed_origin_says_so_and_one_to_another_origin_does_not() {
    let guarded = |http: &mut HttpIngest| {
        shop(http);
        http.auth = Some(Authenticator::Bearer {
            header: AUTHORIZATION,
            scheme: String::new(),
            tokens: vec![Secret::Plain("t".to_owned())],
        });
    };
    with_plan(change(guarded), async |site| {
        let body = spans(1);
        let ask = async |lines: &str, body: &[u8]| site.ask(&post(lines, body)).await;
        let cases = [
            ("authorization: t\r\n", &body[..], 200),
            ("", &body[..], 401),
            ("authorization: t\r\n", &b"\xff\xff"[..], 400),
            ("authorization: t\r\ncontent-encoding: br\r\n", &body[..], 400),
        ];
        for (lines, body, status) in cases {
            let answer = ask(&format!("{lines}origin: https://shop.example\r\n"), body).await;
            assert_eq!(answer.status, status);
            let origin = Some("https://shop.example");
            assert_eq!(said(&answer), [origin, None, None, Some("true"), None, Some("Origin")]);
            assert_eq!(answer.header("access-control-expose-headers"), Some("X-Id, X-Other"));
            for other in ["", "origin: https://evil.example\r\n"] {
                let answer = ask(&format!("{lines}{other}"), body).await;
                assert_eq!(answer.status, status);
                assert_eq!(said(&answer), [None, None, None, None, None, Some("Origin")]);
            }
        }
        let answer = site.ask(&preflight("https://shop.example", "POST", "")).await;
        assert_eq!(answer.status, 204, "browsers send no credentials with a preflight");
        let plain =
            "OPTIONS /v1/traces HTTP/1.1\r\nhost: x\r\norigin: https://shop.example\r\n\r\n";
        assert_eq!(site.ask(plain.as_bytes()).await.status, 401, "no preflight: as any other");
    });
}

#[test]
fn pages_can_read_that_a_body_is_too_large_that_there_is_no_room_and_that_a_quota_is_used_up() {
    let busy = |plan: &mut Plan| {
        shop(plan.receivers[0].http.as_mut().unwrap());
        let key = TenantKey::Header(HeaderName::from_static("x-tenant"));
        let default = Some(Quota { rate: 1, burst: 1 });
        plan.tenants = Some(TenantLimits { key, default, tenants: Vec::new() });
    };
    with_plan(busy, async |site| {
        let lines = "origin: https://shop.example\r\nx-tenant: a\r\n";
        let allowed = |answer: &Answer, status| {
            assert_eq!(answer.status, status);
            let origin = Some("https://shop.example");
            assert_eq!(said(answer), [origin, None, None, Some("true"), None, Some("Origin")]);
            assert_eq!(answer.header("retry-after").is_some(), status != 413);
        };
        let large = "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\
             content-type: application/x-protobuf\r\norigin: https://shop.example\r\n\r\n";
        allowed(&site.ask(large.as_bytes()).await, 413);
        let mut client = site.connect().await;
        let full = site.fill(0);
        client.send(&post(lines, &spans(100))).await;
        allowed(&client.answer().await, 503);
        drop(full);
        assert_eq!(site.ask(&post(lines, &spans(100))).await.status, 200);
        allowed(&site.ask(&post(lines, &spans(1))).await, 429);
    });
}

#[test]
fn a_preflight_over_http_2_is_answered_as_one_over_http_1() {
    with_plan(change(shop), async |site| {
        let mut channel = channel(&site).await.ready().await.unwrap();
        let request = http::Request::options("http://x/v1/traces")
            .header("origin", "https://shop.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type");
        let (answer, _) = channel.send_request(request.body(()).unwrap(), true).unwrap();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 204);
        let named = |name: &str| answer.headers().get(name).and_then(|it| it.to_str().ok());
        assert_eq!(named("access-control-allow-origin"), Some("https://shop.example"));
        assert_eq!(named("access-control-allow-headers"), Some("content-type"));
        assert_eq!(named("vary"), VARY);
    });
}

#[test]
fn headers_of_the_file_are_on_every_answer_over_http_and_yield_to_the_answers_own() {
    let polite = |http: &mut HttpIngest| {
        shop(http);
        let header = |name, value| (HeaderName::from_static(name), HeaderValue::from_static(value));
        http.response_headers = vec![
            header("x-frame-options", "SAMEORIGIN"),
            header("x-frame-options", "DENY"),
            header("content-type", "text/html"),
            header("content-length", "7"),
            header("vary", "X-Y"),
        ];
    };
    with_plan(change(polite), async |site| {
        let lost = b"GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n";
        let doubled = b"POST //v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";
        let cases = [
            (post("", &spans(1)), 200),
            (lost.to_vec(), 404),
            (doubled.to_vec(), 307),
            (preflight("https://shop.example", "POST", ""), 204),
        ];
        for (request, status) in cases {
            let answer = site.ask(&request).await;
            assert_eq!(answer.status, status);
            assert_eq!(answer.header("x-frame-options"), Some("DENY"));
            assert_ne!(answer.header("content-length"), Some("7"));
            assert!(answer.head.contains("vary: X-Y"), "{}", answer.head);
            if status == 404 {
                assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
            }
        }
        let channel = channel(&site).await;
        assert_success(&call(&channel, export(), framed(false, &spans(1))).await);
    });
}
