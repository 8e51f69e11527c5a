//! The verdict on frames: by itself, and however the bytes are split.

use proptest::prelude::*;

use super::*;

const PREFACE: &[u8; PREFACE_LEN] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame as it is sent.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A connection that has begun as it should, and then these frames.
fn begun(frames: &[Vec<u8>]) -> Vec<u8> {
    [PREFACE.to_vec(), frame(4, 0, 0, &[]), frames.concat()].concat()
}

fn verdict(bytes: &[u8]) -> Result<(), (usize, Breach)> {
    Frames::new(0, None).read(bytes)
}

/// The verdict when the bytes come in pieces of these lengths, then in one.
fn verdict_in_pieces(bytes: &[u8], pieces: &[usize]) -> Result<(), (usize, Breach)> {
    let (mut frames, mut rest, mut passed) = (Frames::new(0, None), bytes, 0);
    for piece in pieces.iter().copied().chain([usize::MAX]) {
        let (now, later) = rest.split_at(piece.min(rest.len()));
        frames.read(now).map_err(|(at, breach)| (passed + at, breach))?;
        (passed, rest) = (passed + now.len(), later);
    }
    Ok(())
}

/// The code with which these frames end a connection.
fn code(frames: &[Vec<u8>]) -> Option<Reason> {
    verdict(&begun(frames)).err().map(|(_, breach)| breach.reason)
}

#[test]
fn frames_that_break_a_rule_end_the_connection_with_the_code_the_rfc_names() {
    let (size, protocol) = (Reason::FRAME_SIZE_ERROR, Reason::PROTOCOL_ERROR);
    let open = || frame(1, END_HEADERS, 1, &[0x82]);
    let ended = || frame(1, END_HEADERS | END_STREAM, 1, &[0x82]);
    let cases = [
        ("a short ping", vec![frame(6, 0, 0, &[0; 7])], size),
        ("a long window update", vec![frame(8, 0, 0, &[1; 5])], size),
        ("a short reset", vec![open(), frame(3, 0, 1, &[0; 3])], size),
        ("a short priority", vec![frame(2, 0, 1, &[0; 4])], size),
        ("half a setting", vec![frame(4, 0, 0, &[0; 3])], size),
        ("an acknowledgement with settings", vec![frame(4, ACK, 0, &[0; 6])], size),
        ("a frame that is too long", vec![frame(0, 0, 1, &[0; FRAME_BYTES_MAX + 1])], size),
        (
            "a window beyond its limit",
            vec![frame(4, 0, 0, &[0, 4, 0x80, 0, 0, 0])],
            Reason::FLOW_CONTROL_ERROR,
        ),
        ("headers after the end", vec![ended(), open()], Reason::STREAM_CLOSED),
        ("data after the end", vec![ended(), frame(0, 0, 1, b"x")], Reason::STREAM_CLOSED),
        (
            "headers after a reset",
            vec![open(), frame(3, 0, 1, &[0; 4]), open()],
            Reason::STREAM_CLOSED,
        ),
        ("a continuation of nothing", vec![frame(9, END_HEADERS, 1, &[])], protocol),
        (
            "a ping inside of a header block",
            vec![frame(1, 0, 1, &[0x82]), frame(6, 0, 0, &[0; 8])],
            protocol,
        ),
        (
            "a continuation of another block",
            vec![frame(1, 0, 1, &[0x82]), frame(9, END_HEADERS, 3, &[])],
            protocol,
        ),
        (
            "a method among trailers",
            vec![open(), frame(1, END_HEADERS | END_STREAM, 1, &[0x83])],
            protocol,
        ),
        (
            "a path among padded trailers",
            vec![open(), frame(1, END_HEADERS | END_STREAM | PADDED, 1, &[0, 0x44, 1, b'/'])],
            protocol,
        ),
    ];
    for (name, frames, expected) in cases {
        assert_eq!(code(&frames), Some(expected), "{name}");
    }
    let early = [&PREFACE[..], &frame(6, 0, 0, &[0; 8])].concat();
    assert_eq!(verdict(&early), Err((PREFACE_LEN, Breach::rule(protocol))));
}

#[test]
fn what_comes_before_a_bad_frame_is_passed_on_and_nothing_after_it() {
    let good = begun(&[frame(1, END_HEADERS, 1, &[0x82]), frame(0, END_STREAM, 1, b"data")]);
    let bytes = [&good[..], &frame(6, 0, 0, &[0; 7]), &frame(0, 0, 3, b"more")].concat();
    assert_eq!(verdict(&bytes), Err((good.len(), Breach::rule(Reason::FRAME_SIZE_ERROR))));
}

#[test]
fn calls_of_known_clients_cost_less_than_their_answers_bring() {
    let clients: [&[Vec<u8>]; 3] = [
        &[frame(8, 0, 1, &[1; 4]), frame(8, 0, 0, &[1; 4]), frame(6, 0, 0, &[0; 8])],
        &[frame(4, 0, 0, &[0; 6]), frame(8, 0, 0, &[1; 4]), frame(6, ACK, 0, &[0; 8])],
        &[frame(2, 0, 1, &[0; 5]), frame(8, 0, 1, &[1; 4]), frame(3, 0, 1, &[0; 4])],
    ];
    for extra in clients {
        let mut frames = Frames::new(0, None);
        frames.read(&begun(&[])).unwrap();
        for call in 0..100_000_u32 {
            let stream = 2 * call + 1;
            frames.settle(0, if call == 0 { 0 } else { ANSWERED }, false);
            frames.read(&frame(1, END_HEADERS, stream, &[0x82; 60])).unwrap();
            frames.read(&frame(0, 0, stream, &[7; 5])).unwrap();
            extra.iter().for_each(|extra| frames.read(extra).unwrap());
            if extra.iter().all(|extra| extra[3] != 3) {
                frames.read(&frame(0, END_STREAM, stream, &[])).unwrap();
            }
        }
    }
}

#[test]
fn a_hundred_calls_a_second_may_be_given_up_for_ever() {
    let mut frames = Frames::new(0, None);
    frames.read(&begun(&[])).unwrap();
    for tick in 1..2_000_u32 {
        frames.settle(tick, 0, false);
        for call in 0..50 {
            let stream = 2 * (tick * 50 + call) + 1;
            frames.read(&frame(1, END_HEADERS, stream, &[0x82; 60])).unwrap();
            frames.read(&frame(3, 0, stream, &[0; 4])).unwrap();
        }
    }
}

#[test]
fn large_bodies_in_frames_of_any_usual_size_cost_nothing() {
    for len in [64, 100, 1_000, 16_384] {
        let data = frame(0, 0, 1, &vec![7; len]);
        let mut frames = Frames::new(0, None);
        frames.read(&begun(&[frame(1, END_HEADERS, 1, &[0x82])])).unwrap();
        (0..100_000).for_each(|_| frames.read(&data).unwrap());
    }
}

#[test]
fn every_flood_ends_within_some_thousand_frames() {
    let padded = [&[250][..], &[0; 250]].concat();
    let floods = [
        ("settings", frame(4, 0, 0, &[])),
        ("settings acknowledged", frame(4, ACK, 0, &[])),
        ("pings", frame(6, 0, 0, &[0; 8])),
        ("priorities", frame(2, 0, 9, &[0; 5])),
        ("window updates", frame(8, 0, 0, &[0, 0, 0, 1])),
        ("window updates of a stream", frame(8, 0, 1, &[0, 0, 0, 1])),
        ("unknown frames", frame(0xbe, 0, 0, &[])),
        ("empty data", frame(0, 0, 1, &[])),
        ("data of one byte", frame(0, 0, 1, &[7])),
        ("data of padding alone", frame(0, PADDED, 1, &padded)),
        ("resets", frame(3, 0, 1, &[0; 4])),
        ("trailers", frame(1, END_HEADERS, 1, &[0x90])),
    ];
    for (name, flood) in floods {
        let mut frames = Frames::new(0, None);
        frames.read(&begun(&[frame(1, END_HEADERS, 1, &[0x82])])).unwrap();
        let ended = (0..4_001).find_map(|_| frames.read(&flood).err());
        assert_eq!(ended.map(|(_, breach)| breach), Some(Breach::FLOOD), "{name}");
    }
}

#[test]
fn continuations_without_end_are_a_flood() {
    let mut frames = Frames::new(0, None);
    frames.read(&begun(&[frame(1, 0, 1, &[0x82])])).unwrap();
    let more = frame(9, 0, 1, &[]);
    let ended = (0..4_001).find_map(|_| frames.read(&more).err());
    assert_eq!(ended, Some((0, Breach::FLOOD)));
}

fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop::collection::vec(any::<u8>(), 0..40);
    let usual = prop_oneof![
        Just(frame(6, 0, 0, &[0; 8])),
        Just(frame(4, 0, 0, &[0, 4, 0, 0, 255, 255])),
        Just(frame(4, 0, 0, &[0, 4, 255, 0, 0, 0])),
        Just(frame(1, END_HEADERS, 1, &[0x82])),
        Just(frame(1, END_HEADERS | END_STREAM | PRIORITY, 1, &[0, 0, 0, 0, 0, 0x84])),
        Just(frame(0, PADDED, 1, &[3, 0, 0, 0])),
    ];
    prop_oneof![
        3 => usual,
        1 => (0_u8..12, any::<u8>(), 0_u32..6, payload)
            .prop_map(|(kind, flags, stream, payload)| frame(kind, flags, stream, &payload)),
    ]
}

proptest! {
    #[test]
    fn the_verdict_does_not_depend_on_how_the_bytes_are_split(
        frames in prop::collection::vec(any_frame(), 0..12),
        pieces in prop::collection::vec(1_usize..30, 0..60),
    ) {
        let bytes = begun(&frames);
        let whole = verdict(&bytes);
        let split = verdict_in_pieces(&bytes, &pieces);
        // A frame whose begin has been passed on cannot be taken back: the place is later by less
        // than the frame, and the frame is not whole.
        prop_assert_eq!(whole.map_err(|(_, breach)| breach), split.map_err(|(_, breach)| breach));
        if let (Err((at, _)), Err((later, _))) = (whole, split) {
            prop_assert!(later >= at && at >= PREFACE_LEN);
            let len = usize::from(bytes[at + 1]) << 8 | usize::from(bytes[at + 2]);
            prop_assert!(later < at + HEAD_LEN + len.max(1), "a bad frame was passed on whole");
        }
    }
}
