//! Authenticators: `basicauth`, `bearertokenauth`, `headers_setter`.
//!
//! For an exporter one comes to a list of steps on the headers of a request, for a receiver to what
//! a client has to know. Files are named here and not opened. Every value that is secret is read
//! before anything is said about its section, so that no message shows it.

use std::path::PathBuf;

use http::{HeaderName, HeaderValue, header};

use crate::config::auth;
use crate::config::decode::{Field, Section};
use crate::config::keys::{Table, key};
use crate::config::plan::{self, Credential, HeaderStep, HeaderVerb, Secret};
use crate::config::problems::Code;
use crate::config::report::Fault;
use crate::config::service::Reference;

pub(super) const BASIC: Table = Table {
    scope: "extensions.basicauth",
    keys: &[
        key("client_auth", "mapping", "", "what an exporter says of itself"),
        key("htpasswd", "mapping", "", "what a receiver asks for"),
    ],
};
pub(super) const CLIENT_AUTH: Table = Table {
    scope: "extensions.basicauth.client_auth",
    keys: &[
        key("username", "text", "", "user"),
        key("username_file", "path", "", "file that holds it; goes before `username`"),
        key("password", "text", "", "password"),
        key("password_file", "path", "", "file that holds it; goes before `password`"),
    ],
};
pub(super) const HTPASSWD: Table = Table {
    scope: "extensions.basicauth.htpasswd",
    keys: &[
        key("file", "path", "", "lines of `user:hash`; read again on change"),
        key("inline", "text", "", "more such lines, behind those of the file"),
    ],
};
pub(super) const BEARER: Table = Table {
    scope: "extensions.bearertokenauth",
    keys: &[
        key("scheme", "text", "Bearer", "word before the token; empty: none"),
        key("header", "text", "Authorization", "header that holds it"),
        key("token", "text", "", "the token"),
        key("tokens", "list of text", "", "the first one is sent; a receiver takes each"),
        key("filename", "path", "", "file with a token in each line; read again on change"),
    ],
};
pub(super) const SETTER: Table = Table {
    scope: "extensions.headers_setter",
    keys: &[
        key("headers", "list", "required", "steps, in order"),
        key("additional_auth", "extension", "", "another authenticator, used as well"),
    ],
};
pub(super) const SETTER_HEADER: Table = Table {
    scope: "extensions.headers_setter.headers",
    keys: &[
        key("key", "text", "required", "header of the request to the backend"),
        key("action", "word", "upsert", "`insert`, `update`, `upsert` or `delete`"),
        key("value", "text", "", "value as it is"),
        key("value_file", "path", "", "file that holds it; read again on change"),
        key("from_context", "header", "", "header of the incoming request"),
        key("default_value", "text", "empty", "where the incoming request has none"),
    ],
};

/// Headers that belong to the connection or the framing.
const FRAMING: [&str; 11] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "grpc-accept-encoding",
    "grpc-encoding",
    "grpc-timeout",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// A decoded authenticator.
#[derive(Clone, Debug, Default)]
pub(in crate::config) struct Authenticator {
    /// What it does to the headers of a request; empty: it serves receivers only.
    pub(in crate::config) steps: Vec<HeaderStep>,
    /// `additional_auth`.
    pub(in crate::config) additional: Option<Reference>,
    /// Whom a receiver lets in; `None`: it serves exporters only.
    pub(in crate::config) admits: Option<plan::Authenticator>,
}

impl Authenticator {
    fn sets(name: HeaderName, value: Credential) -> Self {
        let step = HeaderStep { name, verb: HeaderVerb::Upsert, value };
        Self { steps: vec![step], ..Self::default() }
    }

    /// Whether it sends something that nobody else should read.
    pub(in crate::config) fn holds_secret(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step.value, Credential::Basic { .. } | Credential::Bearer { .. }))
    }
}

/// `basicauth`, `basic_auth`.
pub(super) fn basic(field: &Field<'_>) -> Option<Authenticator> {
    let section = field.section(&BASIC)?;
    let client = section.get("client_auth").map(|field| (basic_client(&field), field));
    let server = section.get("htpasswd").map(|field| (basic_server(&field), field));
    match (client, server) {
        (Some((client, _)), None) => client,
        (None, Some((server, _))) => server,
        (Some(_), Some((_, server))) => {
            let message = "only one of `htpasswd` and `client_auth` can be given";
            server.report.error(server.key, &server.path, Fault::new(Code::Conflict, message));
            None
        }
        (None, None) => {
            let fault = Fault::new(Code::Missing, "no credentials are given");
            section.error(fault.expected("`client_auth` or `htpasswd`"));
            None
        }
    }
}

fn basic_server(field: &Field<'_>) -> Option<Authenticator> {
    let section = field.section(&HTPASSWD)?;
    let inline = section.get("inline").and_then(|inline| inline.secret_text()).unwrap_or_default();
    let file = section.text("file").filter(|path| !path.is_empty()).map(PathBuf::from);
    if inline.is_empty() && file.is_none() {
        section.error(Fault::new(Code::Missing, "`file` or `inline` is required"));
        return None;
    }
    let admits = plan::Authenticator::Basic { file, inline: Secret::Plain(inline) };
    Some(Authenticator { admits: Some(admits), ..Authenticator::default() })
}

fn basic_client(field: &Field<'_>) -> Option<Authenticator> {
    let section = field.section(&CLIENT_AUTH)?;
    let username = secret(&section, "username", "username_file");
    if username.is_none() {
        let fault = Fault::new(Code::Surprising, "no user name is given: an empty one is sent");
        field.report.warning(field.key, &field.path, fault);
    }
    let password = secret(&section, "password", "password_file").unwrap_or(Secret::empty());
    let username = username.unwrap_or(Secret::empty());
    if let Secret::Plain(name) = &username
        && name.contains(':')
    {
        let field = section.get("username")?;
        field.error(Fault::new(Code::BadValue, "a user name cannot hold a colon"));
        return None;
    }
    let value = Credential::Basic { username, password };
    Some(Authenticator::sets(header::AUTHORIZATION, value))
}

/// `bearertokenauth`, `bearer_token_auth`.
pub(super) fn bearer(field: &Field<'_>) -> Option<Authenticator> {
    let section = field.section(&BEARER)?;
    let tokens = tokens(&section);
    let scheme = match section.get("scheme") {
        None => "Bearer".to_owned(),
        Some(field) => field.text()?,
    };
    let header = match section.get("header") {
        None => header::AUTHORIZATION,
        Some(field) => header_name(&field)?,
    };
    let tokens = tokens?;
    let is_bad = |token: &Secret| match token {
        Secret::Plain(token) => HeaderValue::from_str(token).is_err(),
        Secret::File(_) => false,
    };
    if tokens.iter().any(is_bad) || HeaderValue::from_str(&scheme).is_err() {
        let message = "a header's value holds a line break or control character";
        section.error(Fault::new(Code::BadValue, message));
        return None;
    }
    let token = tokens.first()?.clone();
    let signs = Credential::Bearer { scheme: scheme.clone(), token };
    let admits = plan::Authenticator::Bearer { header: header.clone(), scheme, tokens };
    Some(Authenticator { admits: Some(admits), ..Authenticator::sets(header, signs) })
}

/// The tokens of a `bearertokenauth`, at least one.
fn tokens(section: &Section<'_>) -> Option<Vec<Secret>> {
    let listed = section.get("tokens").map(|field| {
        let items = field.items()?;
        let texts: Vec<Option<String>> = items.iter().map(|item| item.secret_text()).collect();
        for (text, item) in texts.iter().zip(&items) {
            if text.as_ref().is_some_and(|text| text.is_empty()) {
                let fault = Fault::new(Code::BadValue, "an empty token");
                item.error(fault.hint("whoever knows none would be let in"));
            }
        }
        texts.into_iter().collect::<Option<Vec<String>>>()
    });
    let listed = listed.unwrap_or(Some(Vec::new()));
    let token = section.get("token").map(|field| (field.secret_text(), field));
    let listed = listed?;
    if let (Some((_, field)), false) = (&token, listed.is_empty()) {
        field.error(Fault::new(Code::Conflict, "`token` and `tokens` exclude each other"));
        return None;
    }
    let given: Vec<String> = token.and_then(|(text, _)| text).into_iter().chain(listed).collect();
    let given: Vec<Secret> =
        given.into_iter().filter(|token| !token.is_empty()).map(Secret::Plain).collect();
    if let Some(path) = section.text("filename").filter(|path| !path.is_empty()) {
        if !given.is_empty() {
            let fault = Fault::new(Code::Ignored, "`filename` goes before the token");
            section.report.warning(section.mark_of("filename"), &section.path, fault);
        }
        return Some(vec![Secret::File(PathBuf::from(path))]);
    }
    if given.is_empty() {
        let fault = Fault::new(Code::Missing, "no token is given");
        section.error(fault.expected("`token`, `tokens` or `filename`"));
        return None;
    }
    Some(given)
}

/// `headers_setter`.
pub(super) fn setter(field: &Field<'_>) -> Option<Authenticator> {
    let section = field.section(&SETTER)?;
    let items = section.required("headers").and_then(|field| field.items())?;
    if items.is_empty() {
        let fault = Fault::new(Code::Missing, "`headers` must hold at least one header");
        section.error(fault);
        return None;
    }
    let steps: Vec<Option<HeaderStep>> = items.iter().map(setter_step).collect();
    let additional = match section.get("additional_auth") {
        None => None,
        Some(field) => Some(auth::reference(&field)?),
    };
    let steps = steps.into_iter().collect::<Option<Vec<_>>>()?;
    Some(Authenticator { steps, additional, admits: None })
}

fn setter_step(item: &Field<'_>) -> Option<HeaderStep> {
    let section = item.section(&SETTER_HEADER)?;
    let name = section.required("key").and_then(|field| header_name(&field));
    let verb = match section.get("action").filter(|field| !field.plain_text().is_empty()) {
        None => {
            let fault = Fault::new(Code::Surprising, "no `action` is given: `upsert` is meant");
            item.report.warning(section.key, &section.path, fault);
            HeaderVerb::Upsert
        }
        Some(field) => match field.one_of(&["insert", "update", "upsert", "delete"])? {
            "insert" => HeaderVerb::Insert,
            "update" => HeaderVerb::Update,
            "delete" => HeaderVerb::Delete,
            _ => HeaderVerb::Upsert,
        },
    };
    let sources = ["value", "value_file", "from_context"];
    let given: Vec<&str> =
        sources.iter().copied().filter(|key| section.get(key).is_some()).collect();
    if section.has_unsupported() {
        return None;
    }
    let value = match given.as_slice() {
        _ if verb == HeaderVerb::Delete => Credential::Text(Secret::empty()),
        [] => {
            let fault = Fault::new(Code::Missing, "no source of the value is given");
            section.error(fault.expected("`value`, `value_file` or `from_context`"));
            return None;
        }
        ["from_context"] => {
            let header = header_name(&section.get("from_context")?)?;
            let default = match section.get("default_value") {
                None => Secret::empty(),
                Some(field) => value_text(&field)?,
            };
            Credential::Context { header: header.as_str().to_owned(), default }
        }
        ["value"] => Credential::Text(value_text(&section.get("value")?)?),
        [_file] => Credential::Text(Secret::File(section.text("value_file")?.into())),
        [_, second, ..] => {
            let field = section.get(second)?;
            let message = format!("only one of {} can be given", sources.join(", "));
            field.report.error(field.key, &field.path, Fault::new(Code::Conflict, message));
            return None;
        }
    };
    Some(HeaderStep { name: name?, verb, value })
}

/// The value of a header, kept out of messages.
fn value_text(field: &Field<'_>) -> Option<Secret> {
    let text = field.secret_text()?;
    if HeaderValue::from_str(&text).is_err() {
        let message = "a header's value holds a line break or control character";
        field.error(Fault::new(Code::BadValue, message));
        return None;
    }
    Some(Secret::Plain(text))
}

/// A value that is given as it is or by a file; the file goes first.
fn secret(section: &Section<'_>, plain: &str, file: &str) -> Option<Secret> {
    let text = section.get(plain).and_then(|field| field.secret_text());
    let path = section.text(file).filter(|path| !path.is_empty());
    path.map(|path| Secret::File(path.into())).or_else(|| text.map(Secret::Plain))
}

fn header_name(field: &Field<'_>) -> Option<HeaderName> {
    let text = field.text()?;
    let Ok(name) = HeaderName::from_bytes(text.as_bytes()) else {
        field.bad_value("no header name", "the name of a header");
        return None;
    };
    if FRAMING.contains(&name.as_str()) {
        let message = format!("`{name}` belongs to the connection or the framing");
        field.error(Fault::new(Code::Conflict, message));
        return None;
    }
    Some(name)
}

#[cfg(test)]
mod tests;
