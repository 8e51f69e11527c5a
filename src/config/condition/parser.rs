//! From tokens to a [`Condition`]; recursive descent with a bound.

use regex::bytes::RegexBuilder;

use super::Wrong;
use super::lexer::{Piece, Token, tokens};
use crate::config::plan::{Condition, Literal};

/// Parentheses inside parentheses.
const NESTING_MAX: usize = 32;

/// Compiled size of one pattern.
const PATTERN_BYTES_MAX: usize = 1024 * 1024;

/// One side of a comparison.
enum Side {
    Attribute(String),
    Literal(Literal),
}

pub(super) struct Parser {
    tokens: Vec<Token>,
    at: usize,
    nesting: usize,
}

impl Parser {
    pub(super) fn new(text: &str) -> Result<Self, Wrong> {
        Ok(Self { tokens: tokens(text)?, at: 0, nesting: 0 })
    }

    /// A whole condition.
    pub(super) fn condition(&mut self) -> Result<Condition, Wrong> {
        let condition = self.any()?;
        self.end()?;
        Ok(condition)
    }

    /// `route()`, with or without `where`.
    pub(super) fn statement(&mut self) -> Result<Condition, Wrong> {
        match self.peek() {
            Piece::Word(word) if word == "route" => self.advance(),
            Piece::Word(word) => {
                let message = format!("the statement `{word}(...)`");
                return Err(self.wrong(message).unsupported());
            }
            _ => return Err(self.wrong("no statement").expected("`route() where ...`")),
        }
        self.sign("(")?;
        self.sign(")")?;
        if *self.peek() == Piece::End {
            return Ok(Condition::Always(true));
        }
        if !self.take_word("where") {
            return Err(self.wrong("unexpected text").expected("`where` and a condition"));
        }
        self.condition()
    }

    /// `request["Name"] == "value"`, nothing before or after it.
    pub(super) fn request(&mut self) -> Result<Condition, Wrong> {
        let form = "request[\"Name\"] == \"value\", or with !=";
        if !self.take_word("request") {
            return Err(self.wrong("no condition on a request header").expected(form));
        }
        self.sign("[")?;
        let header = self.text("the name of a header in double quotes")?;
        self.sign("]")?;
        let negated = self.equality()?;
        let value = self.text("text in double quotes")?;
        if let Piece::Word(word) = self.peek()
            && ["and", "or"].contains(&word.as_str())
        {
            let message = format!("`{word}` in a condition on a request header");
            return Err(self.wrong(message).unsupported());
        }
        self.end()?;
        Ok(Condition::HeaderIs { header: header.to_lowercase(), value, negated })
    }

    fn any(&mut self) -> Result<Condition, Wrong> {
        let mut parts = vec![self.all()?];
        while self.take_word("or") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() > 1 { Condition::Any(parts) } else { one(parts) })
    }

    fn all(&mut self) -> Result<Condition, Wrong> {
        let mut parts = vec![self.single()?];
        while self.take_word("and") {
            parts.push(self.single()?);
        }
        Ok(if parts.len() > 1 { Condition::All(parts) } else { one(parts) })
    }

    fn single(&mut self) -> Result<Condition, Wrong> {
        if self.take_word("not") {
            return Ok(Condition::Not(Box::new(self.bare()?)));
        }
        self.bare()
    }

    fn bare(&mut self) -> Result<Condition, Wrong> {
        if *self.peek() == Piece::Sign("(") {
            if self.nesting >= NESTING_MAX {
                return Err(self.wrong("parentheses are nested too deeply"));
            }
            self.advance();
            self.nesting = self.nesting.saturating_add(1);
            let inner = self.any()?;
            self.nesting = self.nesting.saturating_sub(1);
            self.sign(")")?;
            return Ok(inner);
        }
        if let Piece::Word(word) = self.peek().clone() {
            if word == "IsMatch" {
                return self.is_match();
            }
            if self.looks_like_call() {
                return Err(self.wrong(format!("the function `{word}`")).unsupported());
            }
        }
        self.comparison()
    }

    fn is_match(&mut self) -> Result<Condition, Wrong> {
        self.advance();
        self.sign("(")?;
        let key = match self.side()? {
            Side::Attribute(key) => key,
            Side::Literal(_) => {
                let wrong = self.wrong_before("IsMatch on a literal");
                return Err(wrong.expected("attributes[\"key\"]"));
            }
        };
        self.sign(",")?;
        let pattern = self.text("a pattern in double quotes")?;
        let compiled = RegexBuilder::new(&pattern).size_limit(PATTERN_BYTES_MAX).build();
        let pattern = compiled.map_err(|error| {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            self.wrong_before(format!("the pattern is not valid: {reason}"))
        })?;
        self.sign(")")?;
        let matches = Condition::AttributeMatches { key, pattern };
        let compared = matches!(self.peek(), Piece::Sign("==" | "!="));
        if !compared {
            return Ok(matches);
        }
        let negated = self.equality()?;
        match self.side()? {
            Side::Literal(Literal::Bool(value)) if value != negated => Ok(matches),
            Side::Literal(Literal::Bool(_)) => Ok(Condition::Not(Box::new(matches))),
            _ => Err(self.wrong_before("IsMatch is true or false").expected("`== true`")),
        }
    }

    fn comparison(&mut self) -> Result<Condition, Wrong> {
        let start = self.at;
        let left = self.side()?;
        if let Side::Literal(Literal::Bool(value)) = left
            && !matches!(self.peek(), Piece::Sign("==" | "!="))
        {
            return Ok(Condition::Always(value));
        }
        if let Piece::Sign(sign @ ("<" | ">" | "<=" | ">=" | "+" | "-" | "*" | "/")) = self.peek() {
            let message = format!("the operator `{sign}`");
            return Err(self.wrong(message).unsupported());
        }
        let negated = self.equality()?;
        let right = self.side()?;
        match (left, right) {
            (Side::Attribute(key), Side::Literal(value))
            | (Side::Literal(value), Side::Attribute(key)) => {
                Ok(Condition::AttributeIs { key, value, negated })
            }
            (Side::Attribute(_), Side::Attribute(_)) => {
                Err(self.wrong_at(start, "comparing two attributes").unsupported())
            }
            (Side::Literal(_), Side::Literal(_)) => {
                Err(self.wrong_at(start, "comparing two literals").unsupported())
            }
        }
    }

    fn side(&mut self) -> Result<Side, Wrong> {
        let literal = match self.peek().clone() {
            Piece::Text(text) => Literal::String(text),
            Piece::Int(value) => Literal::Int(value),
            Piece::Double(value) => Literal::Double(value),
            Piece::Word(word) => match word.as_str() {
                "nil" => Literal::Nil,
                "true" => Literal::Bool(true),
                "false" => Literal::Bool(false),
                _ => return self.attribute().map(Side::Attribute),
            },
            Piece::Sign(_) | Piece::End => {
                let wrong = self.wrong("something is missing here");
                return Err(wrong.expected("attributes[\"key\"], text in double quotes, or nil"));
            }
        };
        self.advance();
        Ok(Side::Literal(literal))
    }

    /// `attributes["k"]` or `resource.attributes["k"]`.
    fn attribute(&mut self) -> Result<String, Wrong> {
        let start = self.at;
        let mut path = Vec::new();
        loop {
            let Piece::Word(word) = self.peek().clone() else {
                return Err(self.wrong("a name is missing after the dot"));
            };
            self.advance();
            path.push(word);
            if *self.peek() != Piece::Sign(".") {
                break;
            }
            self.advance();
        }
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        if !matches!(words.as_slice(), ["attributes"] | ["resource", "attributes"]) {
            let path = words.join(".");
            let wrong = self.wrong_at(start, format!("the path `{path}`"));
            let keyword = ["AND", "OR", "NOT", "And", "Or", "Not", "NIL", "Nil", "null", "TRUE"];
            if keyword.contains(&path.as_str()) {
                let message = format!("`{path}` is no word of this language");
                let wrong = self.wrong_at(start, message);
                return Err(wrong.expected("and, or, not, nil, true, false in lower case"));
            }
            return Err(wrong.unsupported());
        }
        self.sign("[")?;
        let key = self.text("an attribute's key in double quotes")?;
        self.sign("]")?;
        if *self.peek() == Piece::Sign("[") {
            return Err(self.wrong("a key inside an attribute's value").unsupported());
        }
        Ok(key)
    }

    /// `==` is false, `!=` is true.
    fn equality(&mut self) -> Result<bool, Wrong> {
        let negated = match self.peek() {
            Piece::Sign("==") => false,
            Piece::Sign("!=") => true,
            _ => {
                return Err(self.wrong("no comparison").expected("`==` or `!=`"));
            }
        };
        self.advance();
        Ok(negated)
    }

    fn text(&mut self, expected: &str) -> Result<String, Wrong> {
        let Piece::Text(text) = self.peek().clone() else {
            return Err(self.wrong("wrong type").expected(expected));
        };
        self.advance();
        Ok(text)
    }

    fn sign(&mut self, sign: &'static str) -> Result<(), Wrong> {
        if *self.peek() == Piece::Sign(sign) {
            self.advance();
            return Ok(());
        }
        Err(self.wrong("unexpected text").expected(format!("`{sign}`")))
    }

    fn end(&self) -> Result<(), Wrong> {
        match self.peek() {
            Piece::End => Ok(()),
            _ => Err(self.wrong("unexpected text").expected("`and`, `or`, or the end")),
        }
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let here = matches!(self.peek(), Piece::Word(word) if word == wanted);
        if here {
            self.advance();
        }
        here
    }

    fn looks_like_call(&self) -> bool {
        let next = self.tokens.get(self.at.saturating_add(1));
        next.is_some_and(|token| token.piece == Piece::Sign("("))
    }

    fn peek(&self) -> &Piece {
        self.tokens.get(self.at).map_or(&Piece::End, |token| &token.piece)
    }

    fn advance(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn wrong(&self, message: impl Into<String>) -> Wrong {
        self.wrong_at(self.at, message)
    }

    fn wrong_before(&self, message: impl Into<String>) -> Wrong {
        self.wrong_at(self.at.saturating_sub(1), message)
    }

    fn wrong_at(&self, at: usize, message: impl Into<String>) -> Wrong {
        let token = self.tokens.get(at).or_else(|| self.tokens.last());
        let (offset, width) = token.map_or((0, 1), |token| (token.offset, token.width));
        Wrong::new(offset, width, message)
    }
}

fn one(mut parts: Vec<Condition>) -> Condition {
    parts.pop().unwrap_or(Condition::Always(false))
}
