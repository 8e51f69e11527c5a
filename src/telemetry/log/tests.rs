//! What logging guarantees, each test one sentence.

use super::*;

fn lines_of(json: bool, log: impl FnOnce()) -> Vec<String> {
    lines_with(&Logs { json, ..Logs::default() }, log)
}

fn lines_with(logs: &Logs, log: impl FnOnce()) -> Vec<String> {
    let (lines, waiting) = sync_channel(LINES_MAX);
    let sink = Sink::new(lines, logs);
    tracing::subscriber::with_default(subscriber(logs, false, sink), log);
    let mut written = Vec::new();
    write_out(&waiting, &mut written);
    let text = String::from_utf8(written).expect("text");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn an_event_is_one_line_and_what_is_below_the_level_is_none() {
    let lines = lines_of(false, || {
        tracing::debug!("unseen");
        tracing::warn!(offset = 17, "request malformed");
    });
    let [line] = &lines[..] else { panic!("one line, found {lines:?}") };
    assert!(line.contains("WARN request malformed offset=17"), "{line}");
}

#[test]
fn json_lines_carry_fields_beside_the_message() {
    let lines = lines_of(true, || tracing::info!(exporter = "otlp/a", "backend is back"));
    let [line] = &lines[..] else { panic!("one line, found {lines:?}") };
    assert!(line.starts_with('{') && line.ends_with('}'), "{line}");
    for part in [r#""level":"INFO""#, r#""message":"backend is back""#, r#""exporter":"otlp/a""#] {
        assert!(line.contains(part), "{line}");
    }
}

#[test]
fn configured_fields_stand_at_the_end_of_every_line() {
    let fields = r#""env":"prod","n":5"#.to_owned();
    for (json, end) in
        [(true, r#""message":"up","env":"prod","n":5}"#), (false, r#"up {"env":"prod","n":5}"#)]
    {
        let logs = Logs { json, fields: fields.clone(), ..Logs::default() };
        let lines = lines_with(&logs, || tracing::info!("up"));
        assert!(lines.len() == 1 && lines[0].ends_with(end), "{lines:?}");
    }
}

#[test]
fn a_full_queue_drops_lines_and_counts_them_and_blocks_nobody() {
    let (lines, _unread) = sync_channel(1);
    let mut sink = Sink::new(lines.clone(), &Logs::default());
    let before = dropped();
    for _ in 0..4 {
        sink.write_all(b"line\n").expect("never fails");
    }
    assert_eq!(dropped() - before, 3);
    assert!(!Flush { lines }.wait(Duration::from_secs(60)), "gives up at once");
}

#[test]
fn a_long_line_is_cut_at_its_limit() {
    let (lines, waiting) = sync_channel(1);
    Sink::new(lines, &Logs::default()).write_all(&[b'x'; 3 * LINE_BYTES_MAX]).expect("never fails");
    let mut written = Vec::new();
    write_out(&waiting, &mut written);
    assert_eq!(written.len(), LINE_BYTES_MAX + "... (cut)\n".len());
    assert!(written.ends_with(b"x... (cut)\n"));
}

#[test]
fn a_flush_comes_back_when_all_before_it_is_written() {
    let (lines, waiting) = sync_channel(LINES_MAX);
    let mut sink = Sink::new(lines.clone(), &Logs::default());
    let written = thread::spawn(move || {
        let mut written = Vec::new();
        write_out(&waiting, &mut written);
        written
    });
    sink.write_all(b"last words\n").expect("never fails");
    let flush = Flush { lines };
    assert!(flush.wait(Duration::from_secs(60)));
    drop((sink, flush));
    assert_eq!(written.join().expect("writer"), b"last words\n");
}
