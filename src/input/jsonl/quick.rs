//! Reads a line of a shape that was met before, without building a tree: the fast path.
//!
//! A line of a log has the names of the line before it, in the same order. Where those are the same
//! and only plain values stand behind them, the recipe of that shape says by number which value is
//! what. The walk does not repair: on anything that a repair could touch, and on any value that is more
//! than a text, a number or a flat list of fields where one was asked for, it gives up and the line goes
//! to the patient reading. What it does read it reads to the same exchange; tests hold both against
//! each other.

use std::borrow::Cow;
use std::cell::Cell;
use std::hash::{BuildHasher, Hasher};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::{FixedState, FoldHasher};
use memchr::memchr;
use serde_json::{Map, Value};

use super::alias::Slot;
use super::node::Node;
use super::plan::{Candidate, MAX_DEPTH, Plan, is_opaque};
use super::sketch::Outline;
use super::value::body_text;
use crate::input::lenient::{is_number, number};
use crate::input::walk::{Json, Stop, Walk};
use crate::model::{Header, Text};

/// Values of one line that are numbered.
const MOST_VALUES: usize = 256;
/// Levels of a value that is read as a tree.
const DEEPEST: usize = 64;
/// Names of members of which some belong to records that tools save.
const OF_TOOLS: [&str; 6] =
    ["startedDateTime", "snapshot", "allTests", "actualPort", "item", "test"];

/// Parts whose texts are taken as they are, and may hold escapes.
const WHOLE: [Slot; 7] = [
    Slot::RequestBody,
    Slot::ResponseBody,
    Slot::Message,
    Slot::Reason,
    Slot::UserAgent,
    Slot::RequestField,
    Slot::ResponseField,
];

/// The values of a line by number, and the mark of its names.
#[derive(Debug)]
pub(super) struct Line<'v> {
    /// Fingerprint of all names, in their order, and of what kind of value each has.
    pub(super) shape: u64,
    values: Vec<(&'v [u8], Raw<'v>)>,
    /// Members of flat objects.
    pairs: Vec<(&'v str, Piece<'v>)>,
    /// Objects and lists that hold more than that: bodies, mostly.
    trees: Vec<Value>,
    /// Whether a value was asked for that only the patient reading understands.
    odd: Cell<bool>,
}

/// A value as it stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Raw<'v> {
    Null,
    Bool(bool),
    Number(&'v str),
    Text(Piece<'v>),
    /// A flat object: where its members stand among the pairs.
    Fields(usize, usize),
    /// A list of scalars, or an object whose members are numbered too.
    List,
    /// Anything else: its number among the trees.
    Tree(usize),
}

/// The inside of a string, and whether it holds a backslash.
pub(super) type Piece<'v> = (&'v str, bool);

/// Recipes made by this process.
static RECIPES: AtomicU64 = AtomicU64::new(0);

/// How lines of one shape are read.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) plan: Arc<Plan>,
    /// For each candidate of the plan the number of its value.
    places: Box<[u16]>,
    shape: u64,
    /// No other recipe of this process has it.
    pub(super) id: u64,
    /// `None` where a value is a tree.
    frame: Option<Frame>,
    /// `None` where lines cannot be told by a few values.
    pub(super) outline: Option<Outline>,
}

/// What stands between the values of a line: most lines of a log differ in nothing but the values.
#[derive(Debug)]
struct Frame {
    parts: Box<[Part]>,
    after: Box<[u8]>,
}

/// A value, and what stands before it.
#[derive(Debug)]
struct Part {
    before: Box<[u8]>,
    /// Where in that its name stands.
    name: Range<usize>,
    kind: Stands,
}

/// How a value stands in its line.
#[derive(Clone, Copy, Debug)]
enum Stands {
    /// An object whose members are values of their own.
    Inside,
    Text,
    /// A number, `true`, `false` or `null`.
    Word,
    Fields,
    List,
}

impl Frame {
    /// Takes a line apart whose values stand at `spots`, in their order.
    fn of(line: &[u8], values: &[(&[u8], Raw<'_>)], spots: &[Range<usize>]) -> Option<Self> {
        let mut parts = Vec::new();
        let mut at = 0;
        for ((name, _), spot) in values.iter().zip(spots) {
            let before = line.get(at..spot.start)?;
            let end = before.iter().rposition(|b| *b == b'"')?;
            let kind = match line.get(spot.start)? {
                b'{' if spot.is_empty() => Stands::Inside,
                b'{' => Stands::Fields,
                b'[' => Stands::List,
                b'"' => Stands::Text,
                _ => Stands::Word,
            };
            let name = end.checked_sub(name.len())?..end;
            parts.push(Part { before: before.into(), name, kind });
            at = spot.end;
        }
        Some(Self { parts: parts.into(), after: line.get(at..)?.into() })
    }
}

impl<'v> Line<'v> {
    /// Numbers the values of a line; an error when a repair may be needed.
    pub(super) fn of(line: &'v [u8]) -> Walk<Self> {
        Self::walked(line, |_, _| {})
    }

    /// The same; `see` is told the path of each value and where it stands, in order.
    fn walked(line: &'v [u8], see: impl FnMut(&[&'v [u8]], Range<usize>)) -> Walk<Self> {
        let mut walker = Walker::new(line, see).ok_or(Stop::Odd)?;
        walker.members()?;
        walker.json.blanks();
        if walker.json.at != line.len() {
            return Err(Stop::Odd);
        }
        let shape = walker.hasher.finish();
        Ok(walker.line(shape))
    }

    /// Numbers the values of a line that has the frame of a line before it; `None` where it has not, or
    /// where a repair may be needed.
    pub(super) fn framed(line: &'v [u8], recipe: &Recipe) -> Option<Self> {
        let Frame { parts, after } = recipe.frame.as_ref()?;
        let mut walker = Walker::new(line, |_, _| {})?;
        for Part { before, name, kind } in parts {
            let from = walker.json.at;
            let at = from + before.len();
            if line.get(from..at)? != &**before {
                return None;
            }
            walker.json.at = at;
            let raw = match kind {
                Stands::Inside => Raw::List,
                Stands::Text => Raw::Text(walker.piece().ok()?),
                Stands::Word => walker.word().ok()?,
                Stands::Fields => walker.fields().ok()?,
                Stands::List => walker.list().ok()?,
            };
            walker.values.push((line.get(from + name.start..from + name.end)?, raw));
        }
        (line.get(walker.json.at..)? == &**after).then(|| walker.line(recipe.shape))
    }

    /// Returns the names and values by number.
    pub(super) fn values(&self) -> &[(&'v [u8], Raw<'v>)] {
        &self.values
    }

    /// Returns the members of flat objects.
    pub(super) fn pairs(&self) -> &[(&'v str, Piece<'v>)] {
        &self.pairs
    }

    /// Returns the value of a candidate of its recipe.
    pub(super) fn get(&self, place: u16, candidate: &Candidate) -> Option<Node<'v>> {
        let value = self.values.get(usize::from(place)).filter(|(name, _)| {
            // Two shapes may have one fingerprint.
            candidate.path.last().is_some_and(|last| last.as_bytes() == *name)
        });
        let node = value.and_then(|(_, raw)| self.node(*raw, candidate.slot));
        self.odd.set(self.odd.get() || node.is_none());
        node
    }

    fn node(&self, raw: Raw<'v>, slot: Slot) -> Option<Node<'v>> {
        Some(match raw {
            Raw::Null => Node::Null,
            Raw::Bool(is) => Node::Bool(is),
            Raw::Number(word) => Node::Number(number(word)?),
            // The others are taken apart, and parts are borrowed.
            Raw::Text((_, true)) if !WHOLE.contains(&slot) => return None,
            Raw::Text(piece) => Node::Text(unescaped(piece)),
            Raw::Fields(from, to) => {
                let header = |(name, piece): &(&'v str, Piece<'v>)| Header {
                    name: Cow::Borrowed(*name),
                    value: unescaped(*piece),
                };
                let mut list: Vec<_> = self.pairs.get(from..to)?.iter().map(header).collect();
                list.sort_unstable_by(|a, b| a.name.cmp(&b.name));
                Node::Fields(list)
            }
            Raw::Tree(at) if matches!(slot, Slot::RequestBody | Slot::ResponseBody) => {
                body_text(Node::of(self.trees.get(at)?))
                    .map_or(Node::Null, |text| Node::Text(Cow::Owned(text.into_owned())))
            }
            Raw::List | Raw::Tree(_) => return None,
        })
    }

    /// Whether a value was asked for that only the patient reading understands.
    pub(super) fn was_odd(&self) -> bool {
        self.odd.get()
    }
}

impl Recipe {
    /// Makes the recipe of lines like this one from its plan; `None` when they need the patient reading.
    pub(super) fn of(line: &[u8], tree: &Value, plan: &Arc<Plan>) -> Option<Self> {
        let members = tree.as_object()?;
        let inside = |outer: &str, inner: &str| members.get(outer)?.get(inner);
        if OF_TOOLS.iter().any(|name| members.contains_key(*name))
            || inside("request", "postData").is_some()
            || inside("response", "content").is_some()
        {
            return None;
        }
        let mut paths: Vec<Vec<&[u8]>> = Vec::new();
        let mut spots = Vec::new();
        let numbered = Line::walked(line, |path, spot| {
            paths.push(path.to_vec());
            spots.push(spot);
        });
        let Line { shape, values, trees, .. } = numbered.ok()?;
        let frame = trees.is_empty().then(|| Frame::of(line, &values, &spots)).flatten();
        let place = |candidate: &Candidate| {
            let same = |path: &Vec<&[u8]>| {
                path.iter().copied().eq(candidate.path.iter().map(|part| part.as_bytes()))
            };
            u16::try_from(paths.iter().position(same)?).ok()
        };
        let places = plan.candidates.iter().map(place).collect::<Option<Box<[u16]>>>()?;
        let outline = Outline::of(plan, &places, values.len());
        let id = RECIPES.fetch_add(1, Ordering::Relaxed);
        Some(Self { plan: Arc::clone(plan), places, shape, id, frame, outline })
    }

    /// Returns the number of the value of a candidate, by the candidate's own number.
    pub(super) fn place(&self, candidate: usize) -> Option<u16> {
        self.places.get(candidate).copied()
    }
}

struct Walker<'v, H, S> {
    text: &'v str,
    /// Whether there are any.
    escapes: bool,
    json: Json<'v>,
    hasher: H,
    values: Vec<(&'v [u8], Raw<'v>)>,
    pairs: Vec<(&'v str, Piece<'v>)>,
    trees: Vec<Value>,
    path: Vec<&'v [u8]>,
    see: S,
}

impl<'v, S: FnMut(&[&'v [u8]], Range<usize>)> Walker<'v, FoldHasher<'static>, S> {
    /// Begins a line; `None` when it is no text, or a repair may be needed.
    fn new(line: &'v [u8], see: S) -> Option<Self> {
        // Without a way out, so that it is compared in vectors.
        let control = line.iter().fold(0, |any, b| any | u8::from(*b < b' ')) != 0;
        if control {
            return None;
        }
        Some(Self {
            text: std::str::from_utf8(line).ok()?,
            escapes: escapes(line)?,
            json: Json::new(line, 0),
            hasher: FixedState::with_seed(0x243f_6a88).build_hasher(),
            values: Vec::with_capacity(32),
            pairs: Vec::with_capacity(16),
            trees: Vec::new(),
            path: Vec::new(),
            see,
        })
    }
}

impl<'v, H: Hasher, S: FnMut(&[&'v [u8]], Range<usize>)> Walker<'v, H, S> {
    fn line(self, shape: u64) -> Line<'v> {
        let Self { values, pairs, trees, .. } = self;
        Line { shape, values, pairs, trees, odd: Cell::new(false) }
    }

    /// Reads an object whose inside belongs to the shape.
    fn members(&mut self) -> Walk<()> {
        let mut name = self.json.open()?;
        while let Some(key) = name {
            self.hasher.write(key);
            self.path.push(key);
            self.member(key)?;
            self.path.pop();
            name = self.json.next()?;
        }
        Ok(())
    }

    fn member(&mut self, key: &'v [u8]) -> Walk<()> {
        let from = self.json.at;
        let (kind, raw) = match self.json.peek()? {
            b'"' => (0xFB, Raw::Text(self.piece()?)),
            b'{' if self.path.len() < MAX_DEPTH && !is_opaque(utf8(key)?) => {
                self.hasher.write_u8(0xFD);
                // Its own number: an object may be asked for as a whole, and then is odd.
                self.push(key, Raw::List, from)?;
                self.members()?;
                self.hasher.write_u8(0xFE);
                return Ok(());
            }
            b'{' => (0xFD, self.or_tree(Self::fields)?),
            b'[' => (0xFC, self.or_tree(Self::list)?),
            _ => (0xFA, self.word()?),
        };
        self.hasher.write_u8(kind);
        self.push(key, raw, from)
    }

    /// Numbers a value that begins at `from` and ends here.
    fn push(&mut self, key: &'v [u8], raw: Raw<'v>, from: usize) -> Walk<()> {
        if self.values.len() >= MOST_VALUES {
            return Err(Stop::Odd);
        }
        self.values.push((key, raw));
        (self.see)(&self.path, from..self.json.at);
        Ok(())
    }

    /// Reads an object or a list that is mostly flat, else as a tree.
    fn or_tree(&mut self, flat: impl Fn(&mut Self) -> Walk<Raw<'v>>) -> Walk<Raw<'v>> {
        let (at, pairs) = (self.json.at, self.pairs.len());
        if let Ok(raw) = flat(self) {
            return Ok(raw);
        }
        self.json.at = at;
        self.pairs.truncate(pairs);
        let tree = self.tree(0)?;
        self.trees.push(tree);
        Ok(Raw::Tree(self.trees.len() - 1))
    }

    /// Reads any value; a name that stands twice in an object needs a repair.
    fn tree(&mut self, depth: usize) -> Walk<Value> {
        if depth > DEEPEST {
            return Err(Stop::Odd);
        }
        Ok(match self.json.peek()? {
            b'"' => Value::String(unescaped(self.piece()?).into_owned()),
            b'{' => {
                let mut members = Map::new();
                let mut name = self.json.open()?;
                while let Some(key) = name {
                    let value = self.tree(depth + 1)?;
                    if members.insert(utf8(key)?.to_owned(), value).is_some() {
                        return Err(Stop::Odd);
                    }
                    name = self.json.next()?;
                }
                Value::Object(members)
            }
            b'[' => {
                let mut items = Vec::new();
                let mut more = self.json.open_list()?;
                while more {
                    items.push(self.tree(depth + 1)?);
                    more = self.json.next_item()?;
                }
                Value::Array(items)
            }
            _ => match self.word()? {
                Raw::Bool(is) => Value::Bool(is),
                Raw::Number(word) => Value::Number(number(word).ok_or(Stop::Odd)?),
                _ => Value::Null,
            },
        })
    }

    /// Reads an object of texts.
    fn fields(&mut self) -> Walk<Raw<'v>> {
        let from = self.pairs.len();
        let mut name = self.json.open()?;
        while let Some(key) = name {
            let key = utf8(key)?;
            let piece = self.piece()?;
            let known = self.pairs.get(from..).unwrap_or_default();
            let twin = known.iter().any(|(name, _)| name.len() == key.len() && *name == key);
            if twin || self.pairs.len() >= MOST_VALUES {
                return Err(Stop::Odd);
            }
            self.pairs.push((key, piece));
            name = self.json.next()?;
        }
        Ok(Raw::Fields(from, self.pairs.len()))
    }

    /// Reads a list of scalars.
    fn list(&mut self) -> Walk<Raw<'v>> {
        let mut more = self.json.open_list()?;
        while more {
            match self.json.peek()? {
                b'"' => drop(self.piece()?),
                _ => drop(self.word()?),
            }
            more = self.json.next_item()?;
        }
        Ok(Raw::List)
    }

    fn piece(&mut self) -> Walk<Piece<'v>> {
        let (raw, escaped) = self.json.string()?;
        let end = self.json.at.saturating_sub(1);
        let text = self.text.get(end.saturating_sub(raw.len())..end).ok_or(Stop::Odd)?;
        Ok((text, self.escapes && escaped && memchr(b'\\', raw).is_some()))
    }

    fn word(&mut self) -> Walk<Raw<'v>> {
        Ok(match self.json.word()? {
            b"null" => Raw::Null,
            b"true" => Raw::Bool(true),
            b"false" => Raw::Bool(false),
            word => {
                let word = utf8(word)?;
                Raw::Number(is_number(word).then_some(word).ok_or(Stop::Odd)?)
            }
        })
    }
}

fn utf8(bytes: &[u8]) -> Walk<&str> {
    std::str::from_utf8(bytes).map_err(|_| Stop::Odd)
}

fn unescaped((text, escaped): Piece<'_>) -> Cow<'_, str> {
    if escaped {
        return Cow::Owned(Text::Escaped(text.as_bytes()).read().into_owned());
    }
    Cow::Borrowed(text)
}

/// Returns whether a line has escapes; `None` when one is not of JSON (RFC 8259, section 7), or is half a
/// character.
fn escapes(line: &[u8]) -> Option<bool> {
    let mut rest = line;
    while let Some(at) = memchr(b'\\', rest) {
        let after = rest.get(at + 1..)?;
        let length = match after {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 1,
            [b'u', a, b, c, d, ..]
                if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit())
                    && (!matches!(a, b'd' | b'D') || (b'0'..=b'7').contains(b)) =>
            {
                5
            }
            _ => return None,
        };
        rest = after.get(length..)?;
    }
    Some(rest.len() < line.len())
}
