//! Clients over HTTP/2 that begin something and do not end it: each is closed in its time, which is
//! turned by hand.

use super::grpc::{assert_success, call, channel, export, framed};
use super::raw::{Frame, Raw};
use super::site::{Site, on_shard, spans};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Ten seconds and the grain of the watch.
const HEAD_TICKS: usize = 22;
/// Thirty seconds.
const BODY_TICKS: usize = 60;

/// Lets so many halves of a second pass, and everyone do what is to be done in each.
async fn pass(site: &Site, ticks: usize) {
    for _ in 0..ticks {
        site.supplies.watch().turn();
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }
}

#[test]
fn a_head_that_is_not_finished_ends_the_connection_after_ten_seconds() {
    on_shard(async |site| {
        let settings = b"\0\0\0\x04\0\0\0\0\0";
        let half = b"\0\0\x20\x01\x04\0\0\0\x01\x83\x86";
        let open = b"\0\0\x02\x01\0\0\0\0\x01\x83\x86";
        let more = b"\0\0\x01\x09\0\0\0\0\x01\x84";
        let cases: [(&str, Vec<u8>); 7] = [
            ("half a preface", PREFACE[..10].to_vec()),
            ("no settings", PREFACE.to_vec()),
            ("half of the settings", [PREFACE, &settings[..5]].concat()),
            ("half the head of a frame", [PREFACE, settings, &half[..4]].concat()),
            ("half a field block", [PREFACE, settings, half].concat()),
            ("a field block that is not continued", [PREFACE, settings, open].concat()),
            ("one that is continued once", [PREFACE, settings, open, more].concat()),
        ];
        for (name, bytes) in cases {
            let mut raw = Raw::connect(&site).await;
            raw.write(&bytes).await;
            pass(&site, 15).await;
            assert_eq!(site.gate.connections(), 1, "{name}: closed too soon");
            pass(&site, HEAD_TICKS - 15).await;
            assert_eq!(site.gate.connections(), 0, "{name}: still open");
        }
    });
}

#[test]
fn a_connection_whose_frames_are_whole_is_left_alone() {
    on_shard(async |site| {
        let channel = channel(&site).await;
        assert_success(&call(&channel, export(), framed(false, &spans(1))).await);
        pass(&site, 5 * HEAD_TICKS).await;
        assert_success(&call(&channel, export(), framed(false, &spans(1))).await);
    });
}

#[test]
fn an_answer_that_finds_no_window_is_given_up_with_its_stream() {
    on_shard(async |site| {
        let mut raw = Raw::begin(&site).await;
        let shut = Frame::new(4, 0, 0, &[0, 4, 0, 0, 0, 0]);
        let broken = Frame::new(0, 1, 1, b"\xff\xff");
        raw.send(&[shut, Frame::request(1, false), broken]).await;
        pass(&site, BODY_TICKS).await;
        let reset = loop {
            match raw.next().await.expect("the connection lives") {
                frame if frame.kind == 3 => break frame,
                frame => assert_ne!((frame.kind, frame.stream), (0, 1), "there was no window"),
            }
        };
        assert_eq!((reset.stream, reset.payload), (1, vec![0, 0, 0, 8]));
        pass(&site, 2).await;
        assert_eq!(site.gate.connections(), 1);
    });
}

#[test]
fn an_answer_fits_through_a_window_of_a_byte_at_a_time() {
    on_shard(async |site| {
        let mut raw = Raw::begin(&site).await;
        let tiny = Frame::new(4, 0, 0, &[0, 4, 0, 0, 0, 1]);
        let broken = Frame::new(0, 1, 1, b"\xff\xff");
        raw.send(&[tiny, Frame::request(1, false), broken]).await;
        let mut bytes = 0;
        loop {
            let frame = raw.next().await.expect("the connection lives");
            if (frame.kind, frame.stream) == (0, 1) {
                bytes += frame.payload.len();
                if frame.flags & 1 == 1 {
                    break;
                }
                raw.send(&[Frame::new(8, 0, 1, &[0, 0, 0, 1])]).await;
            }
        }
        assert!(bytes > 1, "{bytes}");
    });
}

#[test]
fn a_client_that_takes_no_bytes_from_its_socket_is_cut_off_after_half_a_minute() {
    on_shard(async |site| {
        let mut raw = Raw::begin(&site).await;
        // Answers of a request that is refused come back larger than it went; none is read.
        let mut stream = 1;
        let broken =
            |stream| [Frame::request(stream, false), Frame::new(0, 1, stream, b"\xff\xff")];
        while stream < 400_001 && raw.try_send(&broken(stream)).await {
            stream += 2;
        }
        assert!(stream < 400_001, "the other side never stood still");
        pass(&site, BODY_TICKS).await;
        assert_eq!(site.gate.connections(), 0);
    });
}
