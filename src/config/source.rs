//! The files that a configuration is read from: their names, texts and lines.
//!
//! The only place of the configuration that touches the file system. A source is at most
//! [`SOURCE_BYTES_MAX`] long, so a wrong path to a large file costs no memory.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::problems::Code;

use super::report::Fault;

/// Bytes of one source; a longer one is refused. Parsing holds a few times as much for a moment.
pub const SOURCE_BYTES_MAX: usize = 1024 * 1024;

/// Where a part of the configuration comes from; later sources go before earlier ones.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Text that is already there, and the name that problems call it by.
    Text {
        /// Name in messages.
        name: String,
        /// YAML.
        text: String,
    },
}

/// The texts of all sources, in order.
#[derive(Debug, Default)]
pub(super) struct Sources {
    list: Vec<Named>,
}

#[derive(Debug)]
struct Named {
    name: Arc<str>,
    text: Result<String, Fault>,
}

impl Sources {
    /// Reads every source; what could not be read is kept as a fault in its place.
    pub(super) fn read(sources: &[Source]) -> Self {
        let list = sources.iter().map(|source| match source {
            Source::File(path) => {
                Named { name: path.display().to_string().into(), text: read_file(path) }
            }
            Source::Text { name, text } => {
                Named { name: name.as_str().into(), text: Ok(text.clone()) }
            }
        });
        Self { list: list.collect() }
    }

    /// Name of a source; empty for one that does not exist.
    pub(super) fn name(&self, index: usize) -> Arc<str> {
        self.list.get(index).map_or_else(|| "".into(), |named| Arc::clone(&named.name))
    }

    /// Every source's text, or why there is none.
    pub(super) fn texts(&self) -> impl Iterator<Item = (usize, &Result<String, Fault>)> {
        self.list.iter().map(|named| &named.text).enumerate()
    }

    /// A line of a source, counted from 1, without its line break.
    pub(super) fn line(&self, source: usize, line: usize) -> Option<&str> {
        let text = self.list.get(source)?.text.as_ref().ok()?;
        text.lines().nth(line.checked_sub(1)?)
    }
}

fn read_file(path: &Path) -> Result<String, Fault> {
    let refused = |why: String| Fault::new(Code::Unreadable, why);
    let file = File::open(path).map_err(|error| refused(format!("cannot be opened: {error}")))?;
    let mut bytes = Vec::new();
    let limit = SOURCE_BYTES_MAX as u64 + 1;
    let read = file.take(limit).read_to_end(&mut bytes);
    let length = read.map_err(|error| refused(format!("cannot be read: {error}")))?;
    if length > SOURCE_BYTES_MAX {
        return Err(refused(format!("longer than {SOURCE_BYTES_MAX} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        refused(format!("not UTF-8 text: the byte at offset {offset} starts no character"))
    })
}
