//! The tree of places, from `saphyr-parser` events.
//!
//! Scalars are left as text here; what they mean is `serde_yaml`'s to say. Anchors and aliases are
//! followed within bounds, so that a small file cannot grow to a big tree.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScanError, Span as ScanSpan};

use super::{Entry, Kind, Node};
use crate::report::Span;

/// How deep mappings and lists may nest; the contract needs eight.
const DEEPEST: usize = 32;

/// How many values aliases may stand for in one file: an alias per rule of a thousand migrations, and no
/// "billion laughs".
const MOST_ALIASED: usize = 50_000;

/// Why there is no tree.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Not YAML.
    Syntax(ScanError),
    /// YAML that a spec may not use, with the code, the place, the message and the help.
    Feature(&'static str, Span, &'static str, &'static str),
    /// No document, or one that holds nothing.
    Empty,
}

/// Builds the tree of one file.
pub(super) fn places(file: u32, text: &str) -> Result<Node, Refusal> {
    let mut builder = Builder {
        file,
        frames: Vec::new(),
        anchors: BTreeMap::new(),
        aliased: 0,
        root: None,
    };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(Refusal::Syntax)?;
        builder.event(event, span)?;
    }
    builder.root.ok_or(Refusal::Empty)
}

enum Frame {
    List {
        at: Span,
        anchor: usize,
        items: Vec<Node>,
    },
    Map {
        at: Span,
        anchor: usize,
        entries: Vec<Entry>,
        key: Option<(String, Span)>,
    },
}

struct Builder {
    file: u32,
    frames: Vec<Frame>,
    anchors: BTreeMap<usize, (Node, usize, usize)>,
    aliased: usize,
    root: Option<Node>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: ScanSpan) -> Result<(), Refusal> {
        let at = self.span(span);
        match event {
            Event::DocumentStart(_) if self.root.is_some() => Err(Refusal::Feature(
                "many-documents",
                at,
                "a second YAML document begins here",
                "a file holds one document: put the rest into a file of its own; several files make one spec",
            )),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Alias(id) => self.alias(id, at),
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => Err(tag(at)),
            Event::Scalar(text, _, anchor, None) => self.node(
                Node {
                    at,
                    kind: Kind::Text(text.into_owned()),
                },
                anchor,
            ),
            Event::SequenceStart(anchor, None) => self.open(
                Frame::List {
                    at,
                    anchor,
                    items: Vec::new(),
                },
                at,
            ),
            Event::MappingStart(anchor, None) => self.open(
                Frame::Map {
                    at,
                    anchor,
                    entries: Vec::new(),
                    key: None,
                },
                at,
            ),
            // The end of this span can be past the bracket, after a comment.
            Event::SequenceEnd | Event::MappingEnd => self.close(span.start),
        }
    }

    fn span(&self, span: ScanSpan) -> Span {
        let width = if span.start.line() == span.end.line() {
            span.end.col().saturating_sub(span.start.col())
        } else {
            1
        };
        Span {
            file: self.file,
            line: number(span.start.line()),
            column: number(span.start.col() + 1),
            width: number(width.max(1)),
        }
    }

    fn open(&mut self, frame: Frame, at: Span) -> Result<(), Refusal> {
        if self.frames.len() >= DEEPEST {
            return Err(too_deep(at));
        }
        self.frames.push(frame);
        Ok(())
    }

    fn close(&mut self, last: Marker) -> Result<(), Refusal> {
        match self.frames.pop() {
            Some(Frame::List { at, anchor, items }) => {
                let at = reaching(at, last);
                self.node(
                    Node {
                        at,
                        kind: Kind::List(items),
                    },
                    anchor,
                )
            }
            Some(Frame::Map {
                at,
                anchor,
                entries,
                ..
            }) => {
                let at = reaching(at, last);
                self.node(
                    Node {
                        at,
                        kind: Kind::Map(entries),
                    },
                    anchor,
                )
            }
            None => Ok(()),
        }
    }

    fn alias(&mut self, id: usize, at: Span) -> Result<(), Refusal> {
        let Some((node, size, depth)) = self.anchors.get(&id) else {
            return Err(Refusal::Feature(
                "alias",
                at,
                "this alias stands for something that holds the alias",
                "write the value out",
            ));
        };
        self.aliased += size;
        if self.aliased > MOST_ALIASED {
            return Err(Refusal::Feature(
                "alias",
                at,
                "the aliases of this file stand for more than 50,000 values",
                "write the values out, or use `defaults`",
            ));
        }
        if self.frames.len() + depth > DEEPEST {
            return Err(too_deep(at));
        }
        let node = node.clone();
        self.node(node, 0)
    }

    fn node(&mut self, node: Node, anchor: usize) -> Result<(), Refusal> {
        if anchor > 0 {
            let (size, depth) = measure(&node);
            self.aliased += size;
            self.anchors.insert(anchor, (node.clone(), size, depth));
            if self.aliased > MOST_ALIASED {
                return Err(Refusal::Feature(
                    "alias",
                    node.at,
                    "the anchors and aliases of this file stand for more than 50,000 values",
                    "write the values out, or use `defaults`",
                ));
            }
        }
        match self.frames.last_mut() {
            None => self.root = Some(node),
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map { entries, key, .. }) => match key.take() {
                Some((text, key_at)) => {
                    entries.push(Entry {
                        key: text,
                        key_at,
                        key_is_text: true,
                        value: node,
                    });
                }
                None => *key = Some(as_key(node)?),
            },
        }
        Ok(())
    }
}

fn as_key(node: Node) -> Result<(String, Span), Refusal> {
    match node.kind {
        Kind::Text(text) => Ok((text, node.at)),
        _ => Err(Refusal::Feature(
            "key-type",
            node.at,
            "a key must be text",
            "write one word before the colon; a `{` or `[` that begins a value needs a key in front, and \
             `{{ }}` of a template language needs quotes",
        )),
    }
}

/// The span of a collection: up to its closing bracket where that is on the same line.
fn reaching(at: Span, last: Marker) -> Span {
    let bracket = number(last.line()) == at.line && number(last.col() + 1) > at.column;
    let width = if bracket {
        number(last.col() + 2) - at.column
    } else {
        1
    };
    Span { width, ..at }
}

/// How many values a tree holds and how deep it is; the depth is bounded, so recursion is safe.
fn measure(node: &Node) -> (usize, usize) {
    let children: Vec<(usize, usize)> = match &node.kind {
        Kind::List(items) => items.iter().map(measure).collect(),
        Kind::Map(entries) => entries.iter().map(|entry| measure(&entry.value)).collect(),
        _ => return (1, 0),
    };
    children.into_iter().fold((1, 1), |(size, depth), child| {
        (size + child.0, depth.max(child.1 + 1))
    })
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn tag(at: Span) -> Refusal {
    Refusal::Feature(
        "tag",
        at,
        "YAML tags such as `!!str` or `!Ref` are not part of a spec",
        "remove the tag; for text that looks like something else, write quotes",
    )
}

fn too_deep(at: Span) -> Refusal {
    Refusal::Feature(
        "too-deep",
        at,
        "mappings and lists nest more than 32 deep here",
        "no field of a spec is that deep; look for brackets that are not closed",
    )
}
