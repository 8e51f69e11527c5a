//! Paths spelled in other ways, without the token: none is let in.

use bytes::Bytes;
use h2::client::SendRequest;
use http::Request;

use super::auth::{REFUSED, guarded};
use super::grpc::{channel, framed};
use super::site::{Site, spans, with_plan};

/// Numbers that look random and are the same each time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// A path that some server might take for one of ours.
fn path(draw: &mut Draw) -> String {
    let known = [
        "/v1/traces",
        "/v1/metrics",
        "/v1/logs",
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    ];
    let mut path = draw.of(&known).to_owned();
    for _ in 0..=draw.below(3) {
        let at = draw.below(path.len());
        match draw.below(9) {
            0 => path = path.trim_start_matches('/').to_owned(),
            1 => path = path.replace('/', draw.of(&["//", "/./", "%2f", "%2F", "\\", "/x/../"])),
            2 => {
                path.push_str(draw.of(&["/", "//", ".", "..", "/..", "/.", "%00", ";x", "?a=/v1"]))
            }
            3 => path = path.to_uppercase(),
            4 => path = format!("http://x{path}"),
            5 if path.is_char_boundary(at) => {
                path.insert_str(at, draw.of(&["%2e", "%2E%2E/", "/", "//", "#", "*", "%"]));
            }
            6 => path = format!("{}{path}", draw.of(&["/x/..", "/.", "//x", "/%2e", "*"])),
            7 => path = path.replace('v', "V"),
            _ => path = path.replace('t', "%74"),
        }
        if path.is_empty() {
            path.push('/');
        }
    }
    path
}

async fn knock(site: &Site, draw: &mut Draw, count: usize) {
    let body = spans(1);
    let tokens =
        ["", "Bearer", "Bearer canary-5f0", "Bearer canary-5f0e0", "bearer x", "Basic Og=="];
    let mut answered = 0;
    let mut client = site.connect().await;
    for _ in 0..count {
        let (path, token) = (path(draw), draw.of(&tokens));
        let method = draw.of(&["POST", "POST", "POST", "PUT", "OPTIONS"]);
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\n\
             content-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        client.send(&[head.as_bytes(), &body].concat()).await;
        let answer = client.answer().await;
        assert!([400, 401].contains(&answer.status), "{} at {method} {path}", answer.status);
        answered += usize::from(answer.status == 401);
        if answer.status == 400 {
            client = site.connect().await;
        }
    }
    assert!(answered > count / 2, "{answered} of {count} were understood");
}

#[test]
fn no_spelling_of_a_path_is_let_in_without_the_token_over_http_1() {
    with_plan(guarded, async |site| {
        knock(&site, &mut Draw(7), 12_000).await;
        assert_eq!(site.count("spanyard_receiver_requests_total"), 0);
        assert_eq!(site.count("otelcol_receiver_accepted_spans"), 0);
    });
}

/// The status of an answer, over gRPC its code; `None`: the library takes it for no request.
async fn answered(channel: &SendRequest<Bytes>, request: Request<()>, body: Bytes) -> Option<u16> {
    let grpc = request.headers()["content-type"] == "application/grpc";
    let (answer, mut stream) =
        channel.clone().ready().await.ok()?.send_request(request, false).ok()?;
    stream.send_data(body, true).unwrap_or_default();
    let answer = answer.await.ok()?;
    if !grpc {
        return Some(answer.status().as_u16());
    }
    answer.headers()["grpc-status"].to_str().unwrap().parse().ok()
}

#[test]
fn no_spelling_of_a_path_is_let_in_without_the_token_over_http_2() {
    with_plan(guarded, async |site| {
        let mut draw = Draw(11);
        let mut open = channel(&site).await;
        let body = spans(1);
        let mut refused = 0;
        for at in 0..4000 {
            let path = path(&mut draw);
            let path = if path.starts_with("http") { path } else { format!("http://x/{path}") };
            let grpc = at % 2 == 0;
            let kind = if grpc { "application/grpc" } else { "application/x-protobuf" };
            let request = Request::post(path)
                .header("content-type", kind)
                .header("authorization", "Bearer canary-5f0e-");
            let Ok(request) = request.body(()) else { continue };
            let body = if grpc { framed(false, &body) } else { Bytes::from(body.clone()) };
            match answered(&open, request, body).await {
                Some(status) => {
                    assert_eq!(status, if grpc { 16 } else { 401 });
                    refused += 1;
                }
                None => open = channel(&site).await,
            }
        }
        assert!(refused > 1500, "{refused} were understood");
        assert_eq!(site.count(REFUSED), refused);
        assert_eq!(site.count("otelcol_receiver_accepted_spans"), 0);
    });
}
