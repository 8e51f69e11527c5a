//! What an authenticator of the file does to the headers of a request.
//!
//! Files are named here and read by the exporter; a secret never shows in `Debug`.

use std::fmt;
use std::path::PathBuf;

use http::HeaderName;

/// One step: a header and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderStep {
    /// The header.
    pub name: HeaderName,
    /// What becomes of it.
    pub verb: HeaderVerb,
    /// The value it gets.
    pub value: Credential,
}

/// `action` of a `headers_setter`; the other authenticators upsert. An empty value counts as none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderVerb {
    /// Only where the request has none.
    Insert,
    /// Only where the request has one.
    Update,
    /// In any case.
    Upsert,
    /// Taken away.
    Delete,
}

/// Where a header's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// As it is: `value` or `value_file`.
    Text(Secret),
    /// `Basic` with both in base64.
    Basic {
        /// `username` or `username_file`.
        username: Secret,
        /// `password` or `password_file`.
        password: Secret,
    },
    /// `scheme token`; without a scheme the token alone.
    Bearer {
        /// `scheme`.
        scheme: String,
        /// `token` or the first line of `filename`.
        token: Secret,
    },
    /// `from_context`: a header of the incoming request.
    Context {
        /// Its name, lower case.
        header: String,
        /// `default_value`: where the request has none; empty when the file gives none.
        default: Secret,
    },
}

/// Something that no log shows.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// As written in the file.
    Plain(String),
    /// To be read from a file, again whenever it changes.
    File(PathBuf),
}

impl Secret {
    /// Nothing.
    #[must_use]
    pub const fn empty() -> Self {
        Self::Plain(String::new())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) => out.write_str("****"),
            Self::File(path) => write!(out, "file {}", path.display()),
        }
    }
}
