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
use serde_json::Value;

use super::alias::Slot;
use super::marks::{Look, Marks};
use super::node::Node;
use super::plan::{Candidate, MAX_DEPTH, Plan, is_opaque};
use super::sketch::Outline;
use super::value::body_text;
use crate::input::lenient::{is_number, number};
use crate::input::walk::{Json, Stop, Walk};
use crate::model::{Header, Text, equal};

/// Values of one line that are numbered.
const MOST_VALUES: usize = 256;
/// Levels of a value that is passed.
const DEEPEST: usize = 64;
/// Members of an object that is passed, of which no two may have one name.
const MOST_MEMBERS: usize = 128;
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
    /// Whether a value was asked for that only the patient reading understands.
    odd: Cell<bool>,
}

/// The room that a line took, for the next one.
#[derive(Clone, Debug, Default)]
pub(super) struct Room {
    /// The last look at a line.
    marks: Marks,
    values: Vec<(&'static [u8], Raw<'static>)>,
    pairs: Vec<(&'static str, Piece<'static>)>,
    /// Names of flat objects, those of each by the number of the object.
    names: Vec<Vec<Name>>,
}

/// The name of a member of a flat object as it stood in a line before, with what stood around it: from
/// the end of the value before it, or the start of its object, up to its value.
///
/// No two that are remembered of one object are alike: so those of an object that has some of them in
/// their order, and no others, are not either.
#[derive(Clone, Debug)]
struct Name {
    before: Box<[u8]>,
    name: Range<usize>,
}

/// Names that are remembered of one object.
const MOST_NAMES: usize = 64;
/// Objects of a line of which names are remembered: those whose number is lower.
const MOST_OBJECTS: usize = 64;
/// A longer one is not remembered, with what stands around it.
const LONGEST_NAME: usize = 128;

/// What a line may take from those before it.
struct Lent<'v, 'r> {
    marks: &'r Marks,
    values: Vec<(&'v [u8], Raw<'v>)>,
    pairs: Vec<(&'v str, Piece<'v>)>,
    names: Option<&'r mut Vec<Vec<Name>>>,
}

impl Room {
    /// Looks at the line that `bytes` begin with, which is to be read next.
    pub(super) fn look<'v>(&mut self, bytes: &'v [u8]) -> Look<'v> {
        self.marks.look(bytes)
    }

    fn lend<'v>(&mut self) -> Lent<'v, '_> {
        Lent {
            marks: &self.marks,
            values: emptied(std::mem::take(&mut self.values)),
            pairs: emptied(std::mem::take(&mut self.pairs)),
            names: Some(&mut self.names),
        }
    }

    /// Takes the room of a line that is read.
    pub(super) fn keep(&mut self, line: Line<'_>) {
        (self.values, self.pairs) = (emptied(line.values), emptied(line.pairs));
    }
}

/// An empty list in the place of another, for items that differ from its own in how long they live.
pub(super) fn emptied<T, U>(mut list: Vec<T>) -> Vec<U> {
    // The compiler does not see that the loop which follows does nothing.
    list.clear();
    list.into_iter().filter_map(|_| None).collect()
}

/// A value as it stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Raw<'v> {
    Null,
    Bool(bool),
    Number(&'v str),
    Text(Piece<'v>),
    /// A flat object: where its members stand among the pairs, and all of it.
    Fields(u32, u32, &'v str),
    /// A list of scalars, or an object whose members are numbered too.
    List,
    /// An object or a list that holds more than that, as it stands: a body, mostly.
    Nested(&'v str),
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
    Object,
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
                b'{' => Stands::Object,
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
    /// Numbers the values of a line that `room` looked at; an error when a repair may be needed.
    pub(super) fn of(line: &'v str, room: &Room) -> Walk<Self> {
        Self::walked(line, &room.marks, |_, _| {})
    }

    /// The same; `see` is told the path of each value and where it stands, in order.
    fn walked(
        line: &'v str,
        marks: &Marks,
        see: impl FnMut(&[&'v [u8]], Range<usize>),
    ) -> Walk<Self> {
        let nothing = Lent { marks, values: Vec::new(), pairs: Vec::new(), names: None };
        let mut walker = Walker::new(line, nothing, see);
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
    pub(super) fn framed(line: &'v str, recipe: &Recipe, room: &mut Room) -> Option<Self> {
        let frame = recipe.frame.as_ref()?;
        let mut walker = Walker::new(line, room.lend(), |_, _| {});
        let fits = walker.follow(frame).is_some();
        let line = walker.line(recipe.shape);
        if fits {
            return Some(line);
        }
        room.keep(line);
        None
    }

    /// Returns the names and values by number.
    pub(super) fn values(&self) -> &[(&'v [u8], Raw<'v>)] {
        &self.values
    }

    /// Returns the members of a flat object.
    pub(super) fn pairs(&self, object: Raw<'v>) -> Option<&[(&'v str, Piece<'v>)]> {
        let Raw::Fields(from, to, _) = object else { return None };
        self.pairs.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
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
            Raw::Fields(..) => {
                let header = |(name, piece): &(&'v str, Piece<'v>)| Header {
                    name: Cow::Borrowed(*name),
                    value: unescaped(*piece),
                };
                let mut list: Vec<_> = self.pairs(raw)?.iter().map(header).collect();
                list.sort_unstable_by(|a, b| a.name.cmp(&b.name));
                Node::Fields(list)
            }
            Raw::Nested(raw) if matches!(slot, Slot::RequestBody | Slot::ResponseBody) => {
                let value: Value = serde_json::from_str(raw).ok()?;
                body_text(Node::of(&value))
                    .map_or(Node::Null, |text| Node::Text(Cow::Owned(text.into_owned())))
            }
            Raw::List | Raw::Nested(_) => return None,
        })
    }

    /// Whether a value was asked for that only the patient reading understands.
    pub(super) fn was_odd(&self) -> bool {
        self.odd.get()
    }
}

impl Recipe {
    /// Makes the recipe of lines like this one, which `room` looked at, from its plan; `None` when they
    /// need the patient reading.
    pub(super) fn of(line: &str, room: &Room, tree: &Value, plan: &Arc<Plan>) -> Option<Self> {
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
        let numbered = Line::walked(line, &room.marks, |path, spot| {
            paths.push(path.to_vec());
            spots.push(spot);
        });
        let Line { shape, values, .. } = numbered.ok()?;
        let frame = Frame::of(line.as_bytes(), &values, &spots);
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

struct Walker<'v, 'r, H, S> {
    text: &'v str,
    marks: &'r Marks,
    json: Json<'v>,
    hasher: H,
    values: Vec<(&'v [u8], Raw<'v>)>,
    pairs: Vec<(&'v str, Piece<'v>)>,
    names: Option<&'r mut Vec<Vec<Name>>>,
    path: Vec<&'v [u8]>,
    see: S,
}

impl<'v, 'r, S: FnMut(&[&'v [u8]], Range<usize>)> Walker<'v, 'r, FoldHasher<'static>, S> {
    /// Begins a line.
    fn new(text: &'v str, lent: Lent<'v, 'r>, see: S) -> Self {
        let Lent { marks, values, pairs, names } = lent;
        Self {
            text,
            marks,
            json: Json::new(text.as_bytes(), 0),
            hasher: FixedState::with_seed(0x243f_6a88).build_hasher(),
            values,
            pairs,
            names,
            path: Vec::new(),
            see,
        }
    }
}

impl<'v, H: Hasher, S: FnMut(&[&'v [u8]], Range<usize>)> Walker<'v, '_, H, S> {
    /// Reads a line that has a frame; `None` where it has not.
    #[inline]
    fn follow(&mut self, Frame { parts, after }: &Frame) -> Option<()> {
        let line = self.text.as_bytes();
        for Part { before, name, kind } in parts {
            let from = self.json.at;
            let at = from + before.len();
            if !equal(line.get(from..at)?, before) {
                return None;
            }
            self.json.at = at;
            let raw = match (kind, line.get(at)?) {
                (Stands::Inside, _) => Raw::List,
                (Stands::Text, _) => Raw::Text(self.piece().ok()?),
                (Stands::Word, _) => self.word().ok()?,
                (Stands::Object, b'{') => self.or_skip(Self::fields).ok()?,
                (Stands::List, b'[') => self.or_skip(Self::list).ok()?,
                _ => return None,
            };
            self.values.push((line.get(from + name.start..from + name.end)?, raw));
        }
        (line.get(self.json.at..)? == &**after).then_some(())
    }

    fn line(self, shape: u64) -> Line<'v> {
        let Self { values, pairs, .. } = self;
        Line { shape, values, pairs, odd: Cell::new(false) }
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
            b'{' => (0xFD, self.or_skip(Self::fields)?),
            b'[' => (0xFC, self.or_skip(Self::list)?),
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

    /// Reads an object or a list that is mostly flat, else passes it.
    fn or_skip(&mut self, flat: impl Fn(&mut Self) -> Walk<Raw<'v>>) -> Walk<Raw<'v>> {
        let (at, pairs) = (self.json.at, self.pairs.len());
        if let Ok(raw) = flat(self) {
            return Ok(raw);
        }
        self.json.at = at;
        self.pairs.truncate(pairs);
        self.skip(0)?;
        Ok(Raw::Nested(self.text.get(at..self.json.at).ok_or(Stop::Odd)?))
    }

    /// Passes any value, which has to be sound; a name that stands twice in an object needs a repair.
    fn skip(&mut self, depth: usize) -> Walk<()> {
        if depth > DEEPEST {
            return Err(Stop::Odd);
        }
        match self.json.peek()? {
            b'"' => drop(self.piece()?),
            b'{' => {
                let from = self.path.len();
                let mut name = self.json.open()?;
                while let Some(key) = name {
                    let known = self.path.get(from..).unwrap_or_default();
                    if known.len() >= MOST_MEMBERS || known.contains(&key) {
                        return Err(Stop::Odd);
                    }
                    self.path.push(key);
                    self.skip(depth + 1)?;
                    name = self.json.next()?;
                }
                self.path.truncate(from);
            }
            b'[' => {
                let mut more = self.json.open_list()?;
                while more {
                    self.skip(depth + 1)?;
                    more = self.json.next_item()?;
                }
            }
            _ => match self.word()? {
                // Written anew it has other digits.
                Raw::Number(word) if word.len() > 17 || word.contains(['e', 'E']) => {
                    return Err(Stop::Odd);
                }
                _ => {}
            },
        }
        Ok(())
    }

    /// Reads an object of texts.
    fn fields(&mut self) -> Walk<Raw<'v>> {
        let (from, at) = (self.pairs.len(), self.json.at);
        // Whether all names of this object stood in others before, in this order, and how many of the names of
        // those are passed.
        let (mut familiar, mut passed) = (true, 0);
        loop {
            let before = self.json.at;
            let familiar_name = if familiar { self.known_name(&mut passed) } else { None };
            let key = if let Some(key) = familiar_name {
                key
            } else {
                familiar = false;
                let next = if before == at { self.json.open()? } else { self.json.next()? };
                let Some(key) = next else { break };
                let key = utf8(key)?;
                let known = self.pairs.get(from..).unwrap_or_default();
                if known.iter().any(|(name, _)| name.len() == key.len() && *name == key) {
                    return Err(Stop::Odd);
                }
                self.note_name(&mut passed, before, key);
                key
            };
            if self.pairs.len() >= MOST_VALUES {
                return Err(Stop::Odd);
            }
            let piece = self.piece()?;
            self.pairs.push((key, piece));
        }
        let text = self.text.get(at..self.json.at).ok_or(Stop::Odd)?;
        let number = |count: usize| u32::try_from(count).map_err(|_| Stop::Odd);
        Ok(Raw::Fields(number(from)?, number(self.pairs.len())?, text))
    }

    /// Passes the next name of a flat object, and what stands around it, where it stood here in a line
    /// before, or behind one that is missing now; leaves the walker at its value.
    fn known_name(&mut self, passed: &mut usize) -> Option<&'v str> {
        let names = self.names.as_deref()?.get(self.values.len())?;
        let (at, bytes) = (self.json.at, self.text.as_bytes());
        let stands = |Name { before, .. }: &&Name| {
            let end = at + before.len();
            bytes.get(at..end).is_some_and(|here| equal(here, before))
                && bytes.get(end) == Some(&b'"')
        };
        let near = names.get(*passed..)?.iter().zip(*passed + 1..).take(2);
        let (Name { before, name }, count) = { near }.find(|(name, _)| stands(name))?;
        *passed = count;
        self.json.at = at + before.len();
        self.text.get(at + name.start..at + name.end)
    }

    /// Remembers a name that was just read behind those that are passed; what stood around it begins at
    /// `from`.
    fn note_name(&mut self, passed: &mut usize, from: usize, key: &str) {
        let (object, bytes) = (self.values.len(), self.text.as_bytes());
        // An object of other values is none of fields, and is met again.
        let fits = object < MOST_OBJECTS && bytes.get(self.json.at) == Some(&b'"');
        let Some(all) = self.names.as_deref_mut().filter(|_| fits) else { return };
        if all.len() <= object {
            all.resize_with(object + 1, Vec::new);
        }
        let Some(names) = all.get_mut(object).filter(|names| *passed <= names.len()) else {
            return;
        };
        let before = bytes.get(from..self.json.at).unwrap_or_default();
        let end = before.iter().rposition(|b| *b == b'"');
        let start = end.and_then(|end| end.checked_sub(key.len()));
        names.truncate(*passed);
        // It may stand among those that are missing here.
        let is_key = |known: &Name| known.before.get(known.name.clone()) == Some(key.as_bytes());
        if let (Some(start), Some(end)) = (start, end)
            && before.len() <= LONGEST_NAME
            && *passed < MOST_NAMES
            && !names.iter().any(is_key)
        {
            names.push(Name { before: before.into(), name: start..end });
        }
        *passed += 1;
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

    /// Reads a string.
    #[allow(
        clippy::inline_always,
        reason = "what is handed over in memory is waited for, each time"
    )]
    #[inline(always)]
    fn piece(&mut self) -> Walk<Piece<'v>> {
        self.json.expect(b'"')?;
        let from = self.json.at;
        let end = self.marks.quote(from).ok_or(Stop::More)?;
        self.json.at = end + 1;
        let text = self.text.get(from..end).ok_or(Stop::Odd)?;
        Ok((text, self.marks.has_slash(from, end)))
    }

    /// Returns the text of a length that ends so many bytes before here.
    fn before(&self, length: usize, back: usize) -> Walk<&'v str> {
        let end = self.json.at.saturating_sub(back);
        self.text.get(end.saturating_sub(length)..end).ok_or(Stop::Odd)
    }

    fn word(&mut self) -> Walk<Raw<'v>> {
        let rest = self.text.get(self.json.at..).unwrap_or_default();
        let plain = plain_number(rest.as_bytes()).and_then(|length| rest.get(..length));
        if let Some(number) = plain {
            self.json.at += number.len();
            return Ok(Raw::Number(number));
        }
        Ok(match self.json.word()? {
            b"null" => Raw::Null,
            b"true" => Raw::Bool(true),
            b"false" => Raw::Bool(false),
            word => {
                let word = self.before(word.len(), 0)?;
                Raw::Number(is_number(word).then_some(word).ok_or(Stop::Odd)?)
            }
        })
    }
}

/// Returns the length of the number that a text begins with, where it is written in digits with or without a
/// point, and where a member or an item ends behind it.
fn plain_number(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.iter().take_while(|b| b.is_ascii_digit()).count()
    };
    let whole = digits(0);
    if whole == 0 || (whole > 1 && text.first() == Some(&b'0')) {
        return None;
    }
    let length = match text.get(whole)? {
        b'.' => whole + 1 + Some(digits(whole + 1)).filter(|count| *count > 0)?,
        _ => whole,
    };
    (length < 18 && matches!(text.get(length)?, b',' | b'}' | b']')).then_some(length)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_plain_number_is_one_and_all_of_it(
            text in "(0|-?[0-9]{0,3}|[0-9]{15,19})(\\.[0-9]{0,3})?([eE][0-9]?)?[,}\\] 0a.]?",
        ) {
            let length = plain_number(text.as_bytes());
            if let Some((number, rest)) = length.and_then(|length| text.split_at_checked(length)) {
                prop_assert!(is_number(number), "{}", text);
                prop_assert!(number.len() < 18 && rest.starts_with([',', '}', ']']), "{}", text);
                prop_assert!(!number.contains(['e', 'E']));
            }
        }
    }

    #[test]
    fn names_of_an_object_stay_whatever_others_hold_and_whichever_of_them_are_missing() {
        let line = |sent: &str, body: &str, got: &str| {
            format!(r#"{{"headers":{sent},"body":{body},"response_headers":{got}}}"#)
        };
        let [all, few] = [r#"{"a":"1","b":"2","c":"3"}"#, r#"{"a":"1","c":"3"}"#];
        let mut room = Room::default();
        let mut read = |text: &str| {
            let look = room.look(text.as_bytes());
            let text = look.text.unwrap();
            let mut walker = Walker::new(text, room.lend(), |_, _| {});
            for name in ["headers", "body", "response_headers"] {
                walker.json.at += name.len() + 4;
                let Ok(raw) = walker.or_skip(Walker::fields) else { return Default::default() };
                walker.values.push((name.as_bytes(), raw));
            }
            let line = walker.line(0);
            let pairs = line.pairs.iter().map(|(name, (value, _))| format!("{name}{value}"));
            let pairs = pairs.collect::<Vec<_>>().join(" ");
            room.keep(line);
            let lists = room
                .names
                .iter()
                .map(|names| names.iter().map(|name| name.before.as_ptr()).collect::<Vec<_>>());
            (pairs, lists.collect::<Vec<_>>())
        };
        let (_, before) = read(&line(all, r#"{"n":1,"m":"x"}"#, all));
        for (sent, body, got, pairs) in [
            (few, r#"{"n":2,"m":"y"}"#, all, "a1 c3 a1 b2 c3"),
            (all, r#"{"n":3,"m":{"k":[]}}"#, few, "a1 b2 c3 a1 c3"),
            (few, r#"{"n":4}"#, few, "a1 c3 a1 c3"),
        ] {
            assert_eq!(read(&line(sent, body, got)), (pairs.to_owned(), before.clone()));
        }
        // One that is missing here may stand elsewhere: then the names are told apart one by one.
        let (pairs, _) = read(&line(r#"{"a":"1","c":"3","b":"2"}"#, "{}", few));
        assert_eq!(pairs, "a1 c3 b2 a1 c3");
        let twice = line(r#"{"a":"1","b":"2","c":"3","b":"4"}"#, "{}", few);
        assert_eq!(read(&twice).0, "", "a repair is needed");
    }

    #[test]
    fn numbers_in_digits_are_plain_where_something_ends_behind_them() {
        for (text, length) in [
            ("0,", Some(1)),
            ("200,\"a\"", Some(3)),
            ("0.5}", Some(3)),
            ("12345678901234567]", Some(17)),
            ("123456789012345678]", None),
            ("01,", None),
            ("1.,", None),
            (".5,", None),
            ("-1,", None),
            ("1e5,", None),
            ("1.2.3,", None),
            ("1 ,", None),
            ("1", None),
            ("", None),
        ] {
            assert_eq!(plain_number(text.as_bytes()), length, "{text}");
        }
    }
}
