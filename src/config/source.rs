//! The texts that a configuration is read from: their names and lines.
//!
//! ```text
//! --config gw.yaml, file:gw.yaml   a file
//! --config env:NAME                what a variable holds
//! --config yaml:a::b: v            the text after the scheme
//! --set a.b=v                      one value, laid over everything else
//! ${file:part.yaml}                a file that a value names
//! ```
//! The only place of the configuration that touches the file system. Relative paths start at the
//! working directory, as in the Collector. A source is at most [`SOURCE_BYTES_MAX`] long and all of
//! them [`TOTAL_BYTES_MAX`], so a wrong path to a large file costs no memory.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::problems::Code;
use super::report::Fault;

/// Bytes of one source; a longer one is refused. Parsing holds a few times as much for a moment.
pub const SOURCE_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of all sources of one load, files that `${file:...}` names included.
pub const TOTAL_BYTES_MAX: usize = 16 * SOURCE_BYTES_MAX;

/// The schemes that an argument of `--config` may have.
const SCHEMES: &str = "`file:`, `env:` and `yaml:`";

/// Looks a variable up; `None`: not set.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Where a part of the configuration comes from; later sources go before earlier ones.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// YAML that a variable of the environment holds.
    Variable(String),
    /// One value and the way to it, `a.b.c=v`; goes over every other source.
    Setting(String),
}

impl Source {
    /// Reads an argument of `--config`: a path, or `file:`, `env:` or `yaml:` with what follows.
    ///
    /// # Errors
    /// A sentence that says why there is no such source.
    pub fn from_argument(argument: &str) -> Result<Self, String> {
        if argument.is_empty() {
            return Err("the name of a configuration file is missing".to_owned());
        }
        let Some((scheme, rest)) = split_scheme(argument) else {
            return Ok(Self::File(PathBuf::from(argument)));
        };
        match scheme {
            "file" if rest.is_empty() => Err("`file:` needs a path behind it".to_owned()),
            "file" => Ok(Self::File(PathBuf::from(rest))),
            "env" if is_name(rest) => Ok(Self::Variable(rest.to_owned())),
            "env" => Err(format!("`{rest}` is no name of a variable")),
            "yaml" => Ok(Self::Text { name: "--config".to_owned(), text: rest.to_owned() }),
            "http" | "https" => Err(format!(
                "a configuration is not fetched over {scheme}: fetch it before the start and name \
                 the file"
            )),
            _ => Err(format!(
                "unknown scheme `{scheme}:`, expected {SCHEMES}; write ./{argument} for a file of \
                 that name"
            )),
        }
    }

    /// Reads an argument of `--set`: `a.b.c=value`, the value in YAML.
    ///
    /// # Errors
    /// A sentence that says what is missing.
    pub fn from_set(argument: &str) -> Result<Self, String> {
        let Some((path, _)) = argument.split_once('=') else {
            return Err(format!("`{argument}` has no `=`, expected path.to.key=value"));
        };
        if path.split('.').any(|part| part.trim().is_empty()) {
            return Err(format!("`{path}` names no key, expected path.to.key=value"));
        }
        Ok(Self::Setting(argument.to_owned()))
    }

    const fn kind(&self) -> Kind {
        match self {
            Self::File(_) | Self::Text { .. } | Self::Variable(_) => Kind::Document,
            Self::Setting(_) => Kind::Setting,
        }
    }
}

/// Scheme and rest of `scheme:rest`; one letter alone is no scheme.
fn split_scheme(argument: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = argument.split_once(':')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "+.-".contains(c);
    let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    (begins && scheme.len() > 1 && scheme.chars().all(plain)).then_some((scheme, rest))
}

/// Whether a text may be the name of a variable.
pub(super) fn is_name(name: &str) -> bool {
    let first = name.chars().next();
    first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// How a source's text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Document,
    Setting,
}

/// The texts of all sources, in order; files that values name are added behind them.
#[derive(Debug, Default)]
pub(super) struct Sources {
    list: RefCell<Vec<Named>>,
    bytes: Cell<usize>,
}

/// A source that has been read, or not.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: Arc<str>,
    pub(super) kind: Kind,
    pub(super) text: Result<Arc<str>, Fault>,
    path: Option<PathBuf>,
}

impl Sources {
    /// Reads every source, settings last; what could not be read is kept as a fault in its place.
    pub(super) fn read(sources: &[Source], lookup: Lookup<'_>) -> Self {
        let all = Self::default();
        let of = |kind| sources.iter().filter(move |source| source.kind() == kind);
        for source in of(Kind::Document).chain(of(Kind::Setting)) {
            let (name, path, text) = match source {
                Source::File(path) => {
                    (path.display().to_string(), Some(path.clone()), read_file(path))
                }
                Source::Text { name, text } => (name.clone(), None, Ok(text.clone())),
                Source::Variable(name) => {
                    (format!("env:{name}"), None, read_variable(name, lookup))
                }
                Source::Setting(text) => ("--set".to_owned(), None, Ok(text.clone())),
            };
            drop(all.add(&name, source.kind(), path, text));
        }
        all
    }

    /// Reads a file that a value names; its number, and its text.
    pub(super) fn add_file(&self, path: &Path) -> (usize, Result<Arc<str>, Fault>) {
        let known = |named: &Named| named.path.as_deref() == Some(path);
        let found = {
            let list = self.list.borrow();
            list.iter().position(known).and_then(|at| Some((at, list.get(at)?.text.clone())))
        };
        found.unwrap_or_else(|| {
            let name = path.display().to_string();
            self.add(&name, Kind::Document, Some(path.to_owned()), read_file(path))
        })
    }

    fn add(
        &self,
        name: &str,
        kind: Kind,
        path: Option<PathBuf>,
        text: Result<String, Fault>,
    ) -> (usize, Result<Arc<str>, Fault>) {
        let text = text.and_then(|text| {
            let total = self.bytes.get().saturating_add(text.len());
            if total > TOTAL_BYTES_MAX {
                let message =
                    format!("all sources together have more than {TOTAL_BYTES_MAX} bytes");
                return Err(Fault::new(Code::Unreadable, message));
            }
            self.bytes.set(total);
            Ok(Arc::from(text))
        });
        let mut list = self.list.borrow_mut();
        list.push(Named { name: name.into(), kind, path, text: text.clone() });
        (list.len().saturating_sub(1), text)
    }

    /// Name of a source; empty for one that does not exist.
    pub(super) fn name(&self, index: usize) -> Arc<str> {
        let list = self.list.borrow();
        list.get(index).map_or_else(|| "".into(), |named| Arc::clone(&named.name))
    }

    /// Every source, in order.
    pub(super) fn all(&self) -> Vec<Named> {
        self.list.borrow().clone()
    }

    /// The files among them.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.list.borrow().iter().filter_map(|named| named.path.clone()).collect()
    }

    /// A line of a source, counted from 1, without its line break.
    pub(super) fn line(&self, source: usize, line: usize) -> Option<String> {
        let list = self.list.borrow();
        let text = list.get(source)?.text.as_ref().ok()?;
        text.lines().nth(line.checked_sub(1)?).map(str::to_owned)
    }
}

fn read_variable(name: &str, lookup: Lookup<'_>) -> Result<String, Fault> {
    let refused = |why: String| Fault::new(Code::Unreadable, why);
    let text = lookup(name).ok_or_else(|| refused(format!("the variable {name} is not set")))?;
    if text.len() > SOURCE_BYTES_MAX {
        return Err(refused(format!("longer than {SOURCE_BYTES_MAX} bytes")));
    }
    Ok(text)
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

#[cfg(test)]
mod tests;
