//! From tokens to a [`Condition`]; recursive descent with a bound.

use super::Wrong;
use super::lexer::{Piece, Token, tokens};
use crate::actions::regexp;
use crate::config::plan::{Comparison, Condition, Literal, Operand};

/// Parentheses inside parentheses.
const NESTING_MAX: usize = 32;

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
                let wrong = self.wrong(message).unsupported();
                return Err(wrong.expected("delete attributes by a `resource` processor"));
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
        }
        self.comparison()
    }

    fn is_match(&mut self) -> Result<Condition, Wrong> {
        self.advance();
        self.sign("(")?;
        let of = self.side()?;
        self.sign(",")?;
        let pattern = self.text("a pattern in double quotes")?;
        let pattern = regexp::compile(&pattern)
            .map_err(|reason| self.wrong_before(format!("the pattern is not valid: {reason}")))?;
        self.sign(")")?;
        let matches = Condition::Matches { of, pattern };
        if !matches!(self.peek(), Piece::Sign("==" | "!=")) {
            return Ok(matches);
        }
        let negated = self.equality()?;
        match self.side()? {
            Operand::Literal(Literal::Bool(value)) if value != negated => Ok(matches),
            Operand::Literal(Literal::Bool(_)) => Ok(Condition::Not(Box::new(matches))),
            _ => Err(self.wrong_before("IsMatch is true or false").expected("`== true`")),
        }
    }

    fn comparison(&mut self) -> Result<Condition, Wrong> {
        let left = self.side()?;
        let by = match self.peek() {
            Piece::Sign("==") => Comparison::Equal,
            Piece::Sign("!=") => Comparison::Different,
            Piece::Sign("<") => Comparison::Less,
            Piece::Sign("<=") => Comparison::LessOrEqual,
            Piece::Sign(">") => Comparison::Greater,
            Piece::Sign(">=") => Comparison::GreaterOrEqual,
            Piece::Sign(sign @ ("+" | "-" | "*" | "/")) => {
                return Err(self.wrong(format!("the operator `{sign}`")).unsupported());
            }
            _ => {
                return match left {
                    Operand::Literal(Literal::Bool(value)) => Ok(Condition::Always(value)),
                    _ => Err(self
                        .wrong("no comparison")
                        .expected("`==`, `!=`, `<`, `<=`, `>`, `>=`")),
                };
            }
        };
        self.advance();
        let right = self.side()?;
        if let Piece::Sign(sign @ ("+" | "-" | "*" | "/")) = self.peek() {
            return Err(self.wrong(format!("the operator `{sign}`")).unsupported());
        }
        let negated = by == Comparison::Different;
        Ok(match (left, right) {
            (Operand::Attribute(key), Operand::Literal(value))
            | (Operand::Literal(value), Operand::Attribute(key))
                if negated || by == Comparison::Equal =>
            {
                Condition::AttributeIs { key, value, negated }
            }
            (left, right) => Condition::Compare { left, by, right },
        })
    }

    fn side(&mut self) -> Result<Operand, Wrong> {
        let literal = match self.peek().clone() {
            Piece::Text(text) => Literal::String(text),
            Piece::Bytes(bytes) => Literal::Bytes(bytes),
            Piece::Int(value) => Literal::Int(value),
            Piece::Double(value) => Literal::Double(value),
            Piece::Word(word) => match word.as_str() {
                "nil" => Literal::Nil,
                "true" => Literal::Bool(true),
                "false" => Literal::Bool(false),
                _ => return self.path(),
            },
            Piece::Sign(_) | Piece::End => {
                let wrong = self.wrong("something is missing here");
                return Err(wrong.expected("attributes[\"key\"], text in double quotes, or nil"));
            }
        };
        self.advance();
        Ok(Operand::Literal(literal))
    }

    /// `attributes["k"]`, `resource.attributes["k"]` or `otelcol.client.metadata["X"]`.
    fn path(&mut self) -> Result<Operand, Wrong> {
        let start = self.at;
        let mut path = Vec::new();
        loop {
            let Piece::Word(word) = self.peek().clone() else {
                return Err(self.wrong("a name is missing after the dot"));
            };
            if path.is_empty() && self.looks_like_call() {
                return Err(self.wrong(format!("the function `{word}`")).unsupported());
            }
            self.advance();
            path.push(word);
            if *self.peek() != Piece::Sign(".") {
                break;
            }
            self.advance();
        }
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let metadata = match words.as_slice() {
            ["attributes"] | ["resource", "attributes"] => false,
            ["otelcol", "client", "metadata"] => true,
            words => return Err(self.unknown_path(start, words)),
        };
        self.sign("[")?;
        let key = self.text("a key in double quotes")?;
        self.sign("]")?;
        if !metadata {
            if *self.peek() == Piece::Sign("[") {
                return Err(self.wrong("a key inside an attribute's value").unsupported());
            }
            return Ok(Operand::Attribute(key));
        }
        let index = if *self.peek() == Piece::Sign("[") { Some(self.index()?) } else { None };
        Ok(Operand::Metadata { header: key.to_lowercase(), index })
    }

    /// `[0]`
    fn index(&mut self) -> Result<usize, Wrong> {
        self.sign("[")?;
        let index = match self.peek() {
            Piece::Int(index) => usize::try_from(*index).ok(),
            _ => None,
        };
        let index =
            index.ok_or_else(|| self.wrong("no index").expected("a whole number from 0"))?;
        self.advance();
        self.sign("]")?;
        Ok(index)
    }

    fn unknown_path(&self, start: usize, words: &[&str]) -> Wrong {
        let path = words.join(".");
        let keyword = ["AND", "OR", "NOT", "And", "Or", "Not", "NIL", "Nil", "null", "TRUE"];
        if keyword.contains(&path.as_str()) {
            let wrong = self.wrong_at(start, format!("`{path}` is no word of this language"));
            return wrong.expected("and, or, not, nil, true, false in lower case");
        }
        if path == "request" {
            let wrong = self.wrong_at(start, "`request` belongs to another context");
            return wrong.expected("`context: request` in this row");
        }
        self.wrong_at(start, format!("the path `{path}`")).unsupported()
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
