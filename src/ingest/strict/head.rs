//! One head, byte by byte or run by run: the request line, the fields, and what they say of the
//! body; and the trailers of a chunked one, which are fields as well.
//!
//! Names that decide about framing are told apart in a small buffer; of values only those are read
//! that matter: lengths, codings, hosts, expectations. Everything else is passed over in runs.

use super::Step;
use super::class;

/// The longest name that matters (`transfer-encoding`), and one byte to tell longer ones.
const WORD_MAX: usize = 18;
/// The longest authority of a target in absolute form.
const AUTHORITY_MAX: usize = 100;
const VERSION: &[u8] = b"HTTP/1.";
const CHUNKED: &[u8] = b"chunked";
const CONTINUE: &[u8] = b"100-continue";
/// The one offer that may be passed over, as RFC 9110, 7.8 has it: Java's client makes it with
/// every request in clear text.
const OFFER: &[u8] = b"h2c";

/// How the body of a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// With its last chunk.
    Chunked,
}

/// A head in the making.
#[derive(Clone, Debug)]
pub(super) struct Head {
    spot: Spot,
    trailers: bool,
    word: [u8; WORD_MAX],
    /// Bytes of the word so far; those beyond [`WORD_MAX`] are counted and not kept.
    len: usize,
    authority: [u8; AUTHORITY_MAX],
    authority_len: usize,
    facts: Facts,
}

/// What a head has said so far.
#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    recent: bool,
    host: bool,
    chunked: bool,
    expects: bool,
    upgrade: bool,
    settings: bool,
    length: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spot {
    Start { blank: bool },
    BlankLf,
    Method,
    TargetStart,
    Scheme,
    Authority,
    Path,
    Star,
    Version,
    Minor,
    LineEnd,
    LineLf,
    Line,
    Name,
    Value(Field, Part),
    EndLf,
}

/// A field whose value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Length,
    Coding,
    Host,
    Expect,
    Upgrade,
    Settings,
    Other,
}

/// Where in a value that is one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Before,
    In,
    After,
}

impl Default for Head {
    fn default() -> Self {
        Self {
            spot: Spot::Start { blank: false },
            trailers: false,
            word: [0; WORD_MAX],
            len: 0,
            authority: [0; AUTHORITY_MAX],
            authority_len: 0,
            facts: Facts::default(),
        }
    }
}

impl Head {
    /// A request is next.
    pub(super) fn begin(&mut self) {
        self.spot = Spot::Start { blank: false };
        self.trailers = false;
        self.len = 0;
        self.authority_len = 0;
        self.facts = Facts::default();
    }

    /// Trailers are next.
    pub(super) const fn begin_trailers(&mut self) {
        self.spot = Spot::Line;
        self.len = 0;
        self.trailers = true;
    }

    /// Whether nothing has come of it.
    pub(super) fn is_fresh(&self) -> bool {
        self.spot == Spot::Start { blank: false }
    }

    /// Takes one byte or a run of them; the second value is there at the end.
    pub(super) fn step(&mut self, rest: &[u8]) -> Step<(usize, Option<Framing>)> {
        let Some(first) = rest.first().copied() else { return Ok((0, None)) };
        if self.spot == Spot::EndLf {
            let framing = if first == b'\n' { self.framing() } else { Err(NO_LF) };
            return framing.map(|framing| (1, Some(framing))).map_err(|why| (0, why));
        }
        let taken = match self.spot {
            Spot::Method => self.method(rest)?,
            Spot::Path => self.path(rest)?,
            Spot::Name => self.name(rest)?,
            Spot::Value(Field::Other, _) => self.other(rest)?,
            Spot::Authority => self.authority(first).map_err(|why| (0, why))?,
            _ => {
                self.spot = self.byte(first).map_err(|why| (0, why))?;
                usize::from(!matches!(self.spot, Spot::Method | Spot::Name))
            }
        };
        Ok((taken, None))
    }

    /// Spots that take one byte. Into a method or a name it takes none: that is theirs.
    fn byte(&mut self, byte: u8) -> Result<Spot, &'static str> {
        match (self.spot, byte) {
            (Spot::Start { blank: false }, b'\r') => Ok(Spot::BlankLf),
            (Spot::Start { .. }, _) => Ok(Spot::Method),
            (Spot::BlankLf, b'\n') => Ok(Spot::Start { blank: true }),
            (Spot::TargetStart, b'/') => Ok(Spot::Path),
            (Spot::TargetStart, b'*') => Ok(Spot::Star),
            (Spot::TargetStart | Spot::Scheme, _) => self.scheme(byte),
            (Spot::Star, b' ') => Ok(Spot::Version),
            (Spot::Star, _) => Err("a target that is neither a path nor a URL"),
            (Spot::Version, _) => self.version(byte),
            (Spot::Minor, b'0' | b'1') => {
                self.facts.recent = byte == b'1';
                Ok(Spot::LineEnd)
            }
            (Spot::Minor, _) => Err(BAD_VERSION),
            (Spot::LineEnd, b'\r') => Ok(Spot::LineLf),
            (Spot::LineEnd, _) => Err("a request line that does not end after its version"),
            (Spot::LineLf, b'\n') => {
                self.len = 0;
                Ok(Spot::Line)
            }
            (Spot::Line, b'\r') => Ok(Spot::EndLf),
            (Spot::Line, b' ' | b'\t') => Err("a folded line"),
            (Spot::Line, b':') => Err("a field without a name"),
            (Spot::Line, _) => Ok(Spot::Name),
            (Spot::Value(field, part), _) => self.value(field, part, byte),
            _ => Err(NO_LF),
        }
    }

    fn method(&mut self, rest: &[u8]) -> Step<usize> {
        let run = self.keep_run(rest);
        match rest.get(run) {
            None => Ok(run),
            Some(b' ') if self.len > 0 && self.kept() == b"CONNECT" => Err((run, "CONNECT")),
            Some(b' ') if self.len > 0 => Ok(self.go(Spot::TargetStart, run)),
            Some(_) => Err((run, "a method that is none")),
        }
    }

    fn scheme(&mut self, byte: u8) -> Result<Spot, &'static str> {
        self.keep(&[byte.to_ascii_lowercase()]);
        let (kept, schemes) = (self.kept(), [&b"http://"[..], b"https://"]);
        if schemes.contains(&kept) {
            return Ok(Spot::Authority);
        }
        let begun = schemes.iter().any(|scheme| scheme.starts_with(kept));
        begun.then_some(Spot::Scheme).ok_or("a target that is neither a path nor a URL")
    }

    fn authority(&mut self, byte: u8) -> Result<usize, &'static str> {
        if matches!(byte, b'/' | b'?' | b' ') && self.authority_len > 0 {
            self.spot = Spot::Path;
            return Ok(0);
        }
        if !class::is_host(byte) {
            return Err("a target whose host is none");
        }
        let place = self.authority.get_mut(self.authority_len);
        *place.ok_or("a target whose host is too long")? = byte.to_ascii_lowercase();
        self.authority_len = self.authority_len.saturating_add(1);
        Ok(1)
    }

    fn path(&mut self, rest: &[u8]) -> Step<usize> {
        let run = class::targets(rest);
        match rest.get(run) {
            None => Ok(run),
            Some(b' ') => Ok(self.go(Spot::Version, run)),
            Some(_) => Err((run, "a target with a byte that none has")),
        }
    }

    fn version(&mut self, byte: u8) -> Result<Spot, &'static str> {
        self.keep(&[byte]);
        let kept = self.kept();
        if kept == VERSION {
            return Ok(Spot::Minor);
        }
        VERSION.starts_with(kept).then_some(Spot::Version).ok_or(BAD_VERSION)
    }

    fn name(&mut self, rest: &[u8]) -> Step<usize> {
        let run = self.keep_run(rest);
        match rest.get(run) {
            None => Ok(run),
            Some(b':') if self.len > 0 => {
                let field = self.field().map_err(|why| (run, why))?;
                Ok(self.go(Spot::Value(field, Part::Before), run))
            }
            Some(b' ' | b'\t') => Err((run, "a blank before a colon")),
            Some(_) => Err((run, "a name with a byte that none has")),
        }
    }

    /// What the name says; each of those that matter may come once.
    fn field(&mut self) -> Result<Field, &'static str> {
        let is = |name: &str| self.kept().eq_ignore_ascii_case(name.as_bytes());
        let facts = &self.facts;
        let (field, again) = match self.len {
            4 if is("host") => (Field::Host, facts.host),
            6 if is("expect") => (Field::Expect, facts.expects),
            7 if is("upgrade") => (Field::Upgrade, facts.upgrade),
            14 if is("http2-settings") => (Field::Settings, facts.settings),
            14 if is("content-length") => (Field::Length, facts.length.is_some()),
            17 if is("transfer-encoding") => (Field::Coding, facts.chunked),
            _ => return Ok(Field::Other),
        };
        if self.trailers {
            return Err("a trailer that belongs in a head");
        }
        if again { Err("a field that may come once and came twice") } else { Ok(field) }
    }

    fn other(&mut self, rest: &[u8]) -> Step<usize> {
        let run = class::texts(rest);
        match rest.get(run) {
            None => Ok(run),
            Some(b'\r') => Ok(self.go(Spot::LineLf, run)),
            Some(_) => Err((run, "a control character in a value")),
        }
    }

    /// A byte of a value that is one word between blanks.
    fn value(&mut self, field: Field, part: Part, byte: u8) -> Result<Spot, &'static str> {
        let next = match (part, byte) {
            (_, b'\r') => {
                self.conclude(field)?;
                return Ok(Spot::LineLf);
            }
            (Part::Before, b' ' | b'\t') => Part::Before,
            (_, b' ' | b'\t') => Part::After,
            (Part::After, _) => return Err("more than one word where one is expected"),
            // A bare LF among them, which ends the line for other readers.
            _ if !class::is_text(byte) => return Err("a value with a byte that none has"),
            _ => {
                self.letter(field, byte)?;
                Part::In
            }
        };
        Ok(Spot::Value(field, next))
    }

    fn letter(&mut self, field: Field, byte: u8) -> Result<(), &'static str> {
        match field {
            Field::Length => {
                let digit = char::from(byte).to_digit(10).ok_or("a length that is no number")?;
                let before = self.facts.length.unwrap_or(0);
                let length = before.checked_mul(10).and_then(|ten| ten.checked_add(digit.into()));
                let length = length.filter(|length| *length <= u64::MAX >> 1);
                self.facts.length = Some(length.ok_or("a length that is too large")?);
            }
            Field::Host => {
                let expected = self.authority.get(self.len).filter(|_| self.authority_len > 0);
                if !class::is_host(byte) {
                    return Err("a host that is none");
                }
                if expected.is_some_and(|expected| *expected != byte.to_ascii_lowercase()) {
                    return Err(OTHER_HOST);
                }
                self.len = self.len.saturating_add(1);
            }
            Field::Coding | Field::Expect | Field::Upgrade => {
                self.keep(&[byte.to_ascii_lowercase()])
            }
            Field::Settings | Field::Other => {}
        }
        Ok(())
    }

    /// A value is complete.
    fn conclude(&mut self, field: Field) -> Result<(), &'static str> {
        match field {
            Field::Length if self.facts.length.is_none() => Err("a length that is no number"),
            Field::Coding if self.kept() != CHUNKED => Err("a transfer coding but chunked"),
            Field::Expect if self.kept() != CONTINUE => Err("an expectation but 100-continue"),
            Field::Upgrade if self.kept() != OFFER => Err(UPGRADE),
            Field::Host if self.authority_len > 0 && self.len != self.authority_len => {
                Err(OTHER_HOST)
            }
            _ => {
                self.facts.chunked |= field == Field::Coding;
                self.facts.expects |= field == Field::Expect;
                self.facts.host |= field == Field::Host;
                self.facts.upgrade |= field == Field::Upgrade;
                self.facts.settings |= field == Field::Settings;
                Ok(())
            }
        }
    }

    /// What the head as a whole says of the body.
    fn framing(&self) -> Result<Framing, &'static str> {
        let Facts { recent, host, chunked, upgrade, settings, length, .. } = self.facts;
        match (chunked, length) {
            _ if self.trailers => Ok(Framing::Length(0)),
            _ if recent && !host => Err("no host"),
            _ if upgrade && !(recent && settings) => Err(UPGRADE),
            (true, Some(_)) => Err("a length and a transfer coding"),
            (true, None) if !recent => Err("a transfer coding in HTTP/1.0"),
            (true, None) => Ok(Framing::Chunked),
            (false, length) => Ok(Framing::Length(length.unwrap_or(0))),
        }
    }

    /// Goes on after the byte that follows a run.
    const fn go(&mut self, spot: Spot, run: usize) -> usize {
        self.spot = spot;
        self.len = 0;
        run.saturating_add(1)
    }

    fn keep_run(&mut self, rest: &[u8]) -> usize {
        let run = class::tokens(rest);
        self.keep(rest.get(..run).unwrap_or_default());
        run
    }

    fn keep(&mut self, bytes: &[u8]) {
        let free = self.word.get_mut(self.len.min(WORD_MAX)..).unwrap_or_default();
        free.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
        self.len = self.len.saturating_add(bytes.len());
    }

    fn kept(&self) -> &[u8] {
        self.word.get(..self.len.min(WORD_MAX)).unwrap_or_default()
    }
}

const NO_LF: &str = "a CR without its LF";
const BAD_VERSION: &str = "a version but 1.0 and 1.1";
const UPGRADE: &str = "an upgrade";
const OTHER_HOST: &str = "a host that differs from the target's";
