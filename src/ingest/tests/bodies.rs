//! Requests as clients send them.

use spanyard_wire::encode::encoded;

/// A request of one resource with `spans` spans of about 200 bytes.
pub(super) fn spans(spans: usize) -> Vec<u8> {
    encoded(|request| {
        request.message(1, |group| {
            group.message(1, |resource| resource.string_attribute(1, "service.name", "shop"));
            group.message(2, |scope| {
                for at in 0..spans {
                    scope.message(2, |span| {
                        span.bytes(1, &[7; 16]);
                        span.string(5, &format!("span {at} {at:0180}"));
                    });
                }
            });
        });
    })
}

/// A POST of `body` to `/v1/traces` as protobuf, with further header lines.
pub(super) fn post(lines: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n\
         content-length: {}\r\n{lines}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
