//! Bodies in every coding, over HTTP and gRPC, and what is nested too deep in them.

use spanyard_wire::encode::{self, any_value_array, any_value_int};

use super::grpc::{call, channel, export, framed};
use super::site::{on_shard, post, spans};
use super::{grpc, http1};
use crate::frame::inflate::Coding;
use crate::ingest::otlp::shared;
use crate::pipeline::Encoding;

#[test]
fn bodies_in_every_coding_are_inflated() {
    on_shard(async |site| {
        let body = spans(300);
        for (coding, encoded) in encoded(&body) {
            let request = post(&format!("content-encoding: {coding}\r\n"), &encoded);
            http1::assert_success(&site.ask(&request).await);
            assert_eq!(site.next().await, body, "{coding}");
        }
    });
}

#[test]
fn values_nested_too_deep_are_refused_for_good_and_counted_apart() {
    on_shard(async |site| {
        for (levels, refused) in [(100, false), (101, true)] {
            let value = (1..levels).fold(any_value_int(1), |inner, _| any_value_array(&[inner]));
            let body = request_of(&value);
            let answer = site.ask(&post("", &body)).await;
            if refused {
                http1::assert_status(&answer, 400, 3);
            } else {
                http1::assert_success(&answer);
            }
        }
        assert_eq!((site.malformed("nesting"), site.malformed("protobuf")), (1, 0));
    });
}

/// A request with one span that has this value as an attribute.
fn request_of(value: &[u8]) -> Vec<u8> {
    encode::encoded(|request| {
        request.message(1, |group| {
            group.message(2, |scope| scope.message(2, |span| span.attribute(9, "deep", value)));
        });
    })
}

#[test]
fn messages_in_every_coding_of_grpc_are_inflated_and_others_are_not_implemented() {
    on_shard(async |site| {
        let channel = channel(&site).await;
        let body = spans(300);
        for (coding, encoded) in encoded(&body) {
            let request = export().header("grpc-encoding", coding);
            let outcome = call(&channel, request, framed(true, &encoded)).await;
            if ["zstd", "snappy", "deflate"].contains(&coding) {
                grpc::assert_success(&outcome);
                assert_eq!(site.next().await, body, "{coding}");
            } else {
                assert_eq!((outcome.status, outcome.trailers_only), (12, true), "{coding}");
                let accepted = &outcome.trailers["grpc-accept-encoding"];
                assert_eq!(accepted, "identity,gzip,zstd,snappy,deflate");
            }
        }
    });
}

#[test]
fn what_leaves_as_it_came_is_named_by_what_it_is_and_not_by_what_the_client_calls_it() {
    let body = spans(2);
    let expected = [
        Some(Encoding::Zlib),
        Some(Encoding::Zlib),
        None,
        Some(Encoding::Snappy),
        Some(Encoding::SnappyFramed),
        Some(Encoding::SnappyFramed),
        None,
        Some(Encoding::Zstd),
    ];
    for ((name, bytes), expected) in encoded(&body).into_iter().zip(expected) {
        let coding = Coding::ALL.into_iter().find(|coding| coding.name() == name).unwrap();
        assert_eq!(shared(coding.format(&bytes)), expected, "{name}");
    }
}

/// The same bytes in every other coding over HTTP, by its name.
fn encoded(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    use std::io::Write as _;
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
    zlib.write_all(bytes).unwrap();
    let zlib = zlib.finish().unwrap();
    let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
    raw.write_all(bytes).unwrap();
    let mut framed = snap::write::FrameEncoder::new(Vec::new());
    framed.write_all(bytes).unwrap();
    let framed = framed.into_inner().unwrap();
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(bytes).unwrap();
    let mut zstd = Vec::with_capacity(zstd_safe::compress_bound(bytes.len()));
    let _ = zstd_safe::compress(&mut zstd, bytes, 1).unwrap();
    vec![
        ("zlib", zlib.clone()),
        ("deflate", zlib),
        ("deflate", raw.finish().unwrap()),
        ("snappy", snap::raw::Encoder::new().compress_vec(bytes).unwrap()),
        ("snappy", framed.clone()),
        ("x-snappy-framed", framed),
        ("lz4", lz4.finish().unwrap()),
        ("zstd", zstd),
    ]
}
