//! A partial success as JSON, which the wire crate does not write.

use spanyard_wire::schema::Signal;

/// A partial success as JSON: 64-bit integers are strings there.
pub(super) fn json(signal: Signal, rejected: i64, message: &str) -> String {
    let name = match signal {
        Signal::Traces => "rejectedSpans",
        Signal::Metrics => "rejectedDataPoints",
        Signal::Logs => "rejectedLogRecords",
    };
    let mut text = String::with_capacity(message.len());
    for character in message.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '\0'..='\x1f' => text.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => text.push(character),
        }
    }
    format!("{{\"partialSuccess\":{{\"{name}\":\"{rejected}\",\"errorMessage\":\"{text}\"}}}}")
}
