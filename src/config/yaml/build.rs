//! From the parser's events to a tree: anchors, aliases, bounds.
//!
//! An explicit stack, no recursion, so that a deeply nested file costs no call stack. Duplicate
//! keys are reported and the first one stays; whatever else is wrong ends this source.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::mapping::{Mapping, Stop, finish_map, key_is_collection, key_of};
use super::{DEPTH_MAX, NODES_MAX, Node, Scalar, Value};
use crate::config::problems::Code;
use crate::config::report::{Fault, Mark, Report};

/// Parses one source; `None` when it could not be read as YAML (reported).
pub(in crate::config) fn parse(text: &str, source: usize, report: &Report<'_>) -> Option<Node> {
    parse_with(text, source, 0, report)
}

/// Parses a text whose first line begins `lead` columns into the source.
pub(super) fn parse_with(
    text: &str,
    source: usize,
    lead: usize,
    report: &Report<'_>,
) -> Option<Node> {
    let mut tree = Tree { source, lead, report: Some(report), ..Tree::default() };
    match tree.run(text) {
        Ok(root) => Some(root),
        Err(stop) => {
            report.error(stop.mark, "", *stop.fault);
            None
        }
    }
}

/// Parses a file that a value names. `None` when it is no list or mapping: then it is text.
pub(in crate::config) fn parse_part(text: &str, source: usize) -> Option<Node> {
    let mut tree = Tree { source, ..Tree::default() };
    let root = tree.run(text).ok()?;
    (!matches!(root.value, Value::Scalar(_))).then_some(root)
}

/// Parses YAML that came out of a variable; every part of it stands at `mark`. `None` when it is no
/// list or mapping: then it is text.
pub(in crate::config) fn parse_embedded(text: &str, mark: Mark) -> Option<Node> {
    let mut tree = Tree { source: mark.source, fixed: Some(mark), ..Tree::default() };
    let root = tree.run(text).ok()?;
    (!matches!(root.value, Value::Scalar(_))).then_some(root)
}

#[derive(Default)]
struct Tree<'a> {
    source: usize,
    /// Columns that stand before the text in its first line.
    lead: usize,
    fixed: Option<Mark>,
    report: Option<&'a Report<'a>>,
    stack: Vec<Frame>,
    anchors: BTreeMap<usize, Anchored>,
    nodes: usize,
    root: Option<Node>,
}

/// A finished anchor: its value and what a copy of it costs.
struct Anchored {
    node: Node,
    nodes: usize,
    depth: usize,
}

/// A list or mapping that is being read.
struct Frame {
    mark: Mark,
    anchor: usize,
    /// Nodes read when it began, to know its size at its end.
    nodes_before: usize,
    depth: usize,
    body: Body,
}

enum Body {
    List(Vec<Node>),
    Map(Mapping),
}

impl Tree<'_> {
    fn run(&mut self, text: &str) -> Result<Node, Stop> {
        let mut parser = Parser::new_from_str(text);
        let mut documents = 0_usize;
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| self.syntax(&error))?;
            let mark = self.mark(&span);
            match event {
                Event::DocumentStart(_) => {
                    documents = documents.saturating_add(1);
                    if documents > 1 {
                        let fault = Fault::new(Code::Syntax, "a second YAML document starts here");
                        return Err(Stop::new(mark, fault.expected("one document in a file")));
                    }
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let node = scalar(&text, style, tag.as_deref(), mark)?;
                    self.leaf(node, anchor)?;
                }
                Event::SequenceStart(anchor, tag) => {
                    refuse_tag(tag.as_deref(), "seq", mark)?;
                    self.open(mark, anchor, Body::List(Vec::new()))?;
                }
                Event::MappingStart(anchor, tag) => {
                    refuse_tag(tag.as_deref(), "map", mark)?;
                    self.open(mark, anchor, Body::Map(Mapping::default()))?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.close()?,
                Event::Alias(anchor) => self.alias(anchor, mark)?,
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            }
        }
        let whole = Mark { source: self.source, ..Mark::default() };
        Ok(self.root.take().unwrap_or_else(|| Node::null(whole)))
    }

    /// A scalar: counted, remembered under its anchor, put in its place.
    fn leaf(&mut self, node: Node, anchor: usize) -> Result<(), Stop> {
        self.count(1, node.mark)?;
        if anchor > 0 {
            let copy = Anchored { node: node.clone(), nodes: 1, depth: 0 };
            let _ = self.anchors.insert(anchor, copy);
        }
        self.put(node, 0)
    }

    fn open(&mut self, mark: Mark, anchor: usize, body: Body) -> Result<(), Stop> {
        self.count(1, mark)?;
        if self.stack.len() >= DEPTH_MAX {
            return Err(too_deep(mark));
        }
        if let Some(Frame { body: Body::Map(map), .. }) = self.stack.last()
            && map.key.is_none()
        {
            return Err(Stop::new(mark, key_is_collection()));
        }
        let nodes_before = self.nodes.saturating_sub(1);
        self.stack.push(Frame { mark, anchor, nodes_before, depth: 0, body });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Stop> {
        let Some(frame) = self.stack.pop() else {
            return Ok(());
        };
        let Frame { mark, anchor, nodes_before, depth, body } = frame;
        let value = match body {
            Body::List(items) => Value::List(items),
            Body::Map(map) => Value::Map(finish_map(map)?),
        };
        let node = Node { mark, value, origin: None };
        let depth = depth.saturating_add(1);
        if anchor > 0 {
            let nodes = self.nodes.saturating_sub(nodes_before);
            let _ = self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, depth });
        }
        self.put(node, depth)
    }

    fn alias(&mut self, anchor: usize, mark: Mark) -> Result<(), Stop> {
        let Some(found) = self.anchors.get(&anchor) else {
            let fault = Fault::new(Code::Syntax, "this alias stands inside the anchor it names");
            return Err(Stop::new(mark, fault));
        };
        let (mut node, nodes, depth) = (found.node.clone(), found.nodes, found.depth);
        self.count(nodes, mark)?;
        if self.stack.len().saturating_add(depth) > DEPTH_MAX {
            return Err(too_deep(mark));
        }
        if matches!(node.value, Value::Scalar(_)) {
            node.mark = mark;
            if let Value::Scalar(scalar) = &mut node.value {
                scalar.lead = None;
            }
        }
        self.put(node, depth)
    }

    /// Puts a finished value where the innermost open list or mapping wants it.
    fn put(&mut self, node: Node, depth: usize) -> Result<(), Stop> {
        let report = self.report;
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.depth = frame.depth.max(depth);
        match &mut frame.body {
            Body::List(items) => items.push(node),
            Body::Map(map) => match map.key.take() {
                None => map.key = Some(key_of(node)?),
                Some((key, mark)) => map.insert(key, mark, node, report),
            },
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, mark: Mark) -> Result<(), Stop> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > NODES_MAX {
            let fault = Fault::new(Code::Syntax, "too large once aliases are expanded");
            return Err(Stop::new(mark, fault.expected(format!("at most {NODES_MAX} values"))));
        }
        Ok(())
    }

    fn mark(&self, span: &Span) -> Mark {
        let (start, end) = (span.start, span.end);
        let width =
            if start.line() == end.line() { end.col().saturating_sub(start.col()) } else { 1 };
        self.fixed.unwrap_or_else(|| Mark {
            source: self.source,
            line: start.line(),
            column: self.column(start.line(), start.col()),
            width: width.max(1),
        })
    }

    fn column(&self, line: usize, column: usize) -> usize {
        let lead = if line == 1 { self.lead } else { 0 };
        column.saturating_add(1).saturating_add(lead)
    }

    fn syntax(&self, error: &ScanError) -> Stop {
        let at = error.marker();
        let mark = Mark {
            source: self.source,
            line: at.line(),
            column: self.column(at.line(), at.col()),
            width: 1,
        };
        let info = error.info();
        let hint =
            info.contains("tab").then(|| "YAML indents with spaces, never with tabs".to_owned());
        let fault = Fault::new(Code::Syntax, format!("invalid YAML: {info}"));
        Stop::new(mark, fault.maybe_hint(hint))
    }
}

fn too_deep(mark: Mark) -> Stop {
    let fault = Fault::new(Code::Syntax, "nested too deeply");
    Stop::new(mark, fault.expected(format!("at most {DEPTH_MAX} levels")))
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, mark: Mark) -> Result<Node, Stop> {
    let mut plain = matches!(style, ScalarStyle::Plain);
    match tag.map(|tag| (tag.is_yaml_core_schema(), tag.suffix.as_str())) {
        None | Some((true, "int" | "float" | "bool" | "null")) => {}
        Some((true, "str")) => plain = false,
        Some(_) => refuse_tag(tag, "str", mark)?,
    }
    let length = text.chars().count();
    let lead = match style {
        ScalarStyle::Plain if mark.width == length => Some(0),
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted
            if mark.width == length.saturating_add(2) =>
        {
            Some(1)
        }
        _ => None,
    };
    let value = Value::Scalar(Scalar { text: text.to_owned(), plain, lead });
    Ok(Node { mark, value, origin: None })
}

fn refuse_tag(tag: Option<&Tag>, allowed: &str, mark: Mark) -> Result<(), Stop> {
    match tag {
        None => Ok(()),
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == allowed => Ok(()),
        Some(tag) => {
            Err(Stop::new(mark, Fault::new(Code::Syntax, format!("unknown YAML tag `{tag}`"))))
        }
    }
}
