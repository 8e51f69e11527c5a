//! What commands print. A reader that goes away (`| head`) ends the output, not the command.

use std::io::{self, Write};

/// Writes text to standard output.
pub(super) fn out(text: &str) {
    write(&mut io::stdout().lock(), text);
}

/// Writes text to standard error.
pub(super) fn error(text: &str) {
    write(&mut io::stderr().lock(), text);
}

fn write(to: &mut dyn Write, text: &str) {
    let _closed = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}
