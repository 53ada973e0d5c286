//! Reads HAR and everything shaped like it, window by window: the skeleton around the entries.
//!
//! A document of captures is a run of values, each a HAR, a list of HARs, an entry or a list of
//! entries, with or without `log` around, in any case of the names, with rubbish before and after
//! (a JSONP call, blank lines, NULs). The reader keeps only a short stack of what it stands in and
//! who made the capture, so that it can start and stop at any entry: a shard begins with a guess at
//! both, and whoever reads the shard before must end with the same at the same byte.

use std::sync::Arc;

use memchr::{memchr2, memmem};

use super::indexed::Counted;
use super::jsonl::Mapping;
use super::lenient;
use super::record::{self, Sink};
use super::scan::{container_end, skip_blanks, string_end};
use super::skip::SkipReason;
use super::walk::{self, Attached, Stop};
use crate::model::{Exchange, Observer, Position};

/// An entry longer than this is given up: a bracket is missing, or nobody can use it.
///
/// Smaller in tests, which would take a minute for it.
const LONGEST_ENTRY: usize = if cfg!(test) { 8 << 20 } else { 128 << 20 };

/// An entry longer than this in whose beginning another one seems to start has lost a bracket.
///
/// Without this bound a capture in which every entry has lost one would be read again and again.
const LONG_ENTRY: usize = 4 << 20;

/// What the reader stands in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Frame {
    /// Between values.
    #[default]
    Top,
    /// A list of HARs or of records.
    List,
    /// An object with `log` or `entries`.
    Capture,
    /// The object under `log`.
    Log,
    /// The list under `entries`.
    Entries,
}

/// What the reader stands in, outermost first: at most list, capture, log, entries.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Nesting {
    frames: [Frame; 4],
    depth: u8,
}

impl Nesting {
    fn top(self) -> Frame {
        match self.depth {
            0 => Frame::Top,
            depth => self.frames.get(usize::from(depth) - 1).copied().unwrap_or_default(),
        }
    }

    fn push(&mut self, frame: Frame) {
        if let Some(slot) = self.frames.get_mut(usize::from(self.depth)) {
            *slot = frame;
            self.depth += 1;
        }
    }

    fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if let Some(slot) = self.frames.get_mut(usize::from(self.depth)) {
            *slot = Frame::Top;
        }
    }
}

/// How the start of an entry is recognised without knowing what comes before.
///
/// A raw line break cannot stand inside a JSON string, nor can a brace followed by a raw quote, so
/// neither guess is fooled by a body; a nested object can fool it, and then the guess is found wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Seam {
    pattern: Vec<u8>,
    /// Where in the pattern the entry's brace stands.
    brace: usize,
}

impl Seam {
    /// Learns how entries start from the one whose brace stands at `at`.
    pub(super) fn learn(bytes: &[u8], at: usize) -> Option<Self> {
        let before = bytes.get(..at)?;
        let indent = before.iter().rev().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let line = before.get(..at - indent)?;
        let inside = skip_blanks(bytes, at + 1);
        if line.last() == Some(&b'\n') && bytes.get(at + 1..inside)?.contains(&b'\n') {
            let mut pattern = bytes.get(at - indent - 1..=at)?.to_vec();
            // The brace must end its line: an object that starts and ends in one is no entry.
            pattern.extend(bytes.get(at + 1..inside)?.iter().take_while(|b| **b == b'\r'));
            return Some(Self { pattern, brace: indent + 1 });
        }
        let (end, _) = string_end(bytes, inside + 1)?;
        (bytes.get(inside) == Some(&b'"'))
            .then(|| bytes.get(at..=end))?
            .map(|pattern| Self { pattern: pattern.to_vec(), brace: 0 })
    }

    /// Returns the index of the first brace at or after `from` that looks like the start of an entry.
    pub(crate) fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let from = from.saturating_sub(self.brace);
        Some(from + memmem::find(bytes.get(from..)?, &self.pattern)? + self.brace)
    }

    /// Bytes before a brace that [`Self::find`] has to see.
    pub(crate) fn lead(&self) -> usize {
        self.brace
    }

    /// Bytes that a match takes.
    pub(crate) fn len(&self) -> usize {
        self.pattern.len()
    }
}

/// Why a pass over a window ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pause {
    /// What stands at the end of the window goes on behind it.
    More,
    /// The next record starts at or after the limit.
    Limit,
    /// The input is read.
    End,
}

/// Reads documents of captures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document {
    /// What the reader stands in.
    pub(crate) nesting: Nesting,
    /// How entries start.
    pub(crate) seam: Option<Seam>,
    /// Entries met so far, read or skipped.
    pub(crate) entries: u64,
    /// Whether the input ends before its brackets close.
    pub(crate) truncated: bool,
    /// Whether the reader looks for the next seam, behind a record that never ended.
    pub(super) lost: bool,
    /// The capture's `creator.name` and version, else the browser's; `None` where neither was met.
    pub(crate) creator: Option<Arc<str>>,
    /// Captures gone into so far.
    pub(super) captures: u64,
    /// Who recorded the entries, as far as the creator tells.
    pub(crate) observer: Observer,
    /// The shapes of records that are no HAR entries.
    pub(super) mapping: Mapping,
    /// Whether to stop at the first record: a look at the beginning.
    pub(super) only_head: bool,
}

/// What a reader has to know of the bytes before to read on: all else that it holds are counts, what
/// never changes, and what saves work.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    nesting: Nesting,
    /// It decides who is the observer.
    creator: Option<Arc<str>>,
    lost: bool,
}

/// One pass over one window.
struct Pass<'a, 'd, 's> {
    document: &'d mut Document,
    bytes: &'a [u8],
    /// Everything before is read.
    at: usize,
    /// Whether nothing follows the window.
    last: bool,
    /// The first index at which no record may start any more.
    limit: usize,
    exchange: Exchange<'a>,
    sink: &'s mut dyn Sink,
}

impl Document {
    /// Returns a reader that stops at the first record, to learn what stands before it.
    pub(crate) fn looking(mapping: &Mapping) -> Self {
        Self { only_head: true, mapping: mapping.clone(), ..Self::default() }
    }

    /// Returns a reader that has counted nothing and stands where this one stands.
    pub(super) fn fresh(&self) -> Self {
        Self { entries: 0, captures: 0, truncated: false, ..self.clone() }
    }

    /// Returns where it stands.
    pub(super) fn place(&self) -> Place {
        Place { nesting: self.nesting, creator: self.creator.clone(), lost: self.lost }
    }

    /// Returns a reader for a piece whose beginning is only guessed: among records of the kind that
    /// this one stands before, in the capture that `newest` was in, as far as that is known.
    pub(super) fn guess(&self, newest: &Self) -> Self {
        let alike = newest.nesting.top() == self.nesting.top() && !newest.lost;
        if alike { newest.fresh() } else { self.fresh() }
    }

    /// Returns whether it stands in a list under `entries`.
    pub(super) fn is_in_entries(&self) -> bool {
        self.nesting.top() == Frame::Entries
    }

    /// Reads the records that start in `bytes` before index `limit`; returns how many bytes are done
    /// with and why it stopped. `last` says that nothing follows `bytes`.
    pub(crate) fn read(
        &mut self,
        bytes: &[u8],
        last: bool,
        limit: usize,
        sink: &mut dyn Sink,
    ) -> (usize, Pause) {
        let observer = self.observer;
        let mut pass = Pass {
            document: self,
            bytes,
            at: 0,
            last,
            limit,
            exchange: Exchange { observer, ..Exchange::default() },
            sink,
        };
        let pause = loop {
            if let Err(pause) = pass.step() {
                break pause;
            }
        };
        (pass.at, pause)
    }
}

type Step = Result<(), Pause>;

/// The bytes up to where a record that starts at a given place may go.
struct Reach<'a> {
    bytes: &'a [u8],
    /// Whether more of it may stand behind the window.
    may_grow: bool,
}

impl<'a> Pass<'a, '_, '_> {
    fn step(&mut self) -> Step {
        match self.document.nesting.top() {
            Frame::Top => self.between_values(),
            Frame::List | Frame::Entries => self.item(),
            Frame::Capture | Frame::Log => self.member(),
        }
    }

    /// Looks for the next value, past anything that is none.
    fn between_values(&mut self) -> Step {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(found) = memchr2(b'{', b'[', rest) else {
            self.at = self.bytes.len();
            return Err(if self.last { Pause::End } else { Pause::More });
        };
        let start = self.at + found;
        self.at = start;
        if self.bytes.get(start) == Some(&b'{') {
            return self.record(start);
        }
        let inside = skip_blanks(self.bytes, start + 1);
        match self.bytes.get(inside) {
            None if !self.last => return Err(Pause::More),
            Some(b'{' | b'[' | b']' | b'n') => self.document.nesting.push(Frame::List),
            _ => {}
        }
        self.at = start + 1;
        Ok(())
    }

    /// Reads one item of a list, or its end.
    fn item(&mut self) -> Step {
        if self.document.lost {
            return self.find_the_next_seam();
        }
        let at = self.blanks()?;
        let is_end = matches!(self.bytes.get(at), Some(b',' | b']' | b'}'));
        if self.document.only_head && !is_end && self.bytes.get(at) != Some(&b'{') {
            return Err(Pause::Limit);
        }
        match self.bytes.get(at) {
            Some(b',') => self.at = at + 1,
            Some(b']') => {
                self.document.nesting.pop();
                self.at = at + 1;
            }
            Some(b'{') => return self.record(at),
            // The list was never closed, but what holds it is.
            Some(b'}') if self.document.nesting.depth > 1 => self.document.nesting.pop(),
            Some(b'n' | b'"' | b'[' | b'-' | b'0'..=b'9' | b't' | b'f') => {
                let is_null = self.bytes.get(at..at + 4) == Some(b"null");
                self.at = self.value_end(at)?;
                self.skipped(if is_null { SkipReason::Null } else { SkipReason::NotAnObject });
            }
            _ => {
                let reach = self.reach(at);
                let rest = reach.bytes.get(at + 1..).unwrap_or_default();
                let stray = rest.iter().position(|b| matches!(b, b',' | b']' | b'{'));
                if stray.is_none() && reach.may_grow {
                    return Err(Pause::More);
                }
                self.at = stray.map_or(reach.bytes.len(), |n| at + 1 + n);
            }
        }
        Ok(())
    }

    /// Reads one member of a capture or of its `log`, or the end of it.
    fn member(&mut self) -> Step {
        let at = self.blanks()?;
        match self.bytes.get(at) {
            Some(b'"') => {
                let key_end = string_end(self.bytes, at + 1).ok_or_else(|| self.cut(at))?.0;
                let colon = skip_blanks(self.bytes, key_end + 1);
                let value = skip_blanks(self.bytes, colon + 1);
                let first = *self.bytes.get(value).ok_or_else(|| self.cut(at))?;
                if self.bytes.get(colon) != Some(&b':') {
                    self.at = colon;
                    return Ok(());
                }
                let key = self.bytes.get(at + 1..key_end).unwrap_or_default();
                let in_capture = self.document.nesting.top() == Frame::Capture;
                if in_capture && first == b'{' && key.eq_ignore_ascii_case(b"log") {
                    self.document.nesting.push(Frame::Log);
                    self.at = value + 1;
                } else if first == b'[' && key.eq_ignore_ascii_case(b"entries") {
                    self.document.nesting.push(Frame::Entries);
                    self.at = value + 1;
                } else {
                    let end = self.value_end(value).inspect_err(|_| self.at = at)?;
                    self.note(key, self.bytes.get(value..end).unwrap_or_default());
                    self.at = end;
                }
            }
            Some(b'}') => {
                self.document.nesting.pop();
                self.at = at + 1;
            }
            Some(_) => self.at = at + 1,
            None => return Err(self.cut(at)),
        }
        Ok(())
    }

    /// Remembers who made the capture.
    fn note(&mut self, key: &[u8], value: &[u8]) {
        let is_creator = key.eq_ignore_ascii_case(b"creator");
        if is_creator || (key.eq_ignore_ascii_case(b"browser") && self.document.creator.is_none()) {
            let value = lenient::parse(value).value;
            if let Some(creator) = record::creator(&value) {
                self.document.observer = record::observer_of(&creator);
                self.exchange.observer = self.document.observer;
                self.document.creator = Some(creator.into());
            }
        }
    }

    /// Reads the object at `at`: an entry, another record, or something that holds entries.
    fn record(&mut self, at: usize) -> Step {
        self.at = at;
        if at >= self.limit {
            return Err(Pause::Limit);
        }
        let sure = self.document.nesting.top() == Frame::Entries;
        if self.document.only_head && sure {
            return Err(Pause::Limit);
        }
        let mut attached = Attached::default();
        let Reach { bytes, may_grow } = self.reach(at);
        let walked = walk::entry(bytes, at, &mut self.exchange, &mut attached);
        if let Ok(end) | Err((end, Stop::More)) = walked.map_err(|stop| (bytes.len(), stop))
            && self.leave_a_broken_one(at, end)
        {
            return Ok(());
        }
        match walked {
            Ok(end) => {
                if self.document.only_head {
                    return Err(Pause::Limit);
                }
                self.exchange.position = self.next_position();
                self.sink.exchange(&mut self.exchange, &attached);
                self.document.entries += 1;
                self.at = end;
                return Ok(());
            }
            Err(Stop::More) if may_grow => return Err(Pause::More),
            Err(Stop::More | Stop::Odd) => {}
        }
        if !sure {
            match holds_entries(bytes, at) {
                Some(true) => {
                    self.enter_capture();
                    self.at = at + 1;
                    return Ok(());
                }
                None if may_grow => return Err(Pause::More),
                _ => {}
            }
            if self.document.only_head {
                return Err(Pause::Limit);
            }
        }
        self.patiently(at, sure)
    }

    /// Returns what may belong to the record at `at`: never more than the longest one, wherever the
    /// window ends, so that what is given up does not depend on how the input was cut.
    fn reach(&self, at: usize) -> Reach<'a> {
        match self.bytes.get(..at.saturating_add(LONGEST_ENTRY)) {
            Some(bytes) => Reach { bytes, may_grow: false },
            None => Reach { bytes: self.bytes, may_grow: !self.last },
        }
    }

    /// Goes into an object that holds entries: whoever made the capture before did not make it.
    fn enter_capture(&mut self) {
        self.document.nesting.push(Frame::Capture);
        self.document.captures += 1;
        self.document.creator = None;
        self.document.observer = Observer::default();
        self.exchange.observer = self.document.observer;
    }

    /// Hands one object to the patient reading.
    fn patiently(&mut self, at: usize, sure: bool) -> Step {
        let Reach { bytes, may_grow } = self.reach(at);
        let end = container_end(bytes, at);
        if self.leave_a_broken_one(at, end.unwrap_or(bytes.len())) {
            return Ok(());
        }
        let Some(end) = end else {
            return if may_grow { Err(Pause::More) } else { self.give_up(at) };
        };
        let mut follower = skip_blanks(self.bytes, end);
        if follower == self.bytes.len() && !self.last {
            return Err(Pause::More);
        }
        let fits = match self.bytes.get(follower) {
            None | Some(b',' | b']' | b'{' | b'}' | 0) => true,
            Some(_) => self.document.nesting.top() == Frame::Top,
        };
        if !fits {
            // A quote is missing: what looks like the end is somewhere inside another entry.
            if let Some(next) = self.seam_within(at + 1, end) {
                self.at = next;
                self.skipped(SkipReason::NotJson);
                return Ok(());
            }
            follower = end;
        }
        let position = self.next_position();
        let bytes = self.bytes.get(at..end).unwrap_or_default();
        let observer = self.document.observer;
        let mut counted = Counted::new(self.sink);
        record::read(bytes, sure, position, observer, &mut self.document.mapping, &mut counted);
        self.document.entries += counted.found.max(1);
        self.at = follower;
        Ok(())
    }

    /// Goes to the next entry when the long one at `at` seems to hold its start.
    fn leave_a_broken_one(&mut self, at: usize, end: usize) -> bool {
        if end - at < LONG_ENTRY {
            return false;
        }
        let Some(next) = self.seam_within(at + 1, at + LONG_ENTRY) else { return false };
        self.at = next;
        self.skipped(SkipReason::NotJson);
        true
    }

    /// Leaves a record that does not end: goes to the next seam, or says that the input is cut off.
    fn give_up(&mut self, at: usize) -> Step {
        let end = self.reach(at).bytes.len();
        if let Some(next) = self.seam_within(at + 1, end) {
            self.at = next;
            self.skipped(SkipReason::NotJson);
            return Ok(());
        }
        if end - at < LONGEST_ENTRY {
            self.at = end;
            self.document.truncated = true;
            self.skipped(SkipReason::CutOff);
            return Err(Pause::End);
        }
        // A seam may have begun.
        let begun = self.document.seam.as_ref().map_or(0, Seam::len);
        self.at = end.saturating_sub(begun).max(at + 1);
        self.document.lost = true;
        self.skipped(SkipReason::TooLong);
        Ok(())
    }

    /// Returns the first seam at or after `from` that ends before `to`.
    fn seam_within(&self, from: usize, to: usize) -> Option<usize> {
        self.document.seam.as_ref()?.find(self.bytes.get(..to)?, from)
    }

    fn find_the_next_seam(&mut self) -> Step {
        let seam = self.document.seam.as_ref();
        match seam.and_then(|seam| seam.find(self.bytes, self.at)) {
            Some(next) => {
                self.at = next;
                self.document.lost = false;
                Ok(())
            }
            None if self.last => {
                self.at = self.bytes.len();
                self.document.truncated = true;
                Err(Pause::End)
            }
            None => {
                let keep = seam.map_or(0, Seam::len);
                self.at = self.bytes.len().saturating_sub(keep).max(self.at);
                Err(Pause::More)
            }
        }
    }

    fn skipped(&mut self, reason: SkipReason) {
        let position = self.next_position();
        self.sink.skipped(position, reason);
        self.document.entries += 1;
    }

    fn next_position(&self) -> Position {
        Position { entry: Some(self.document.entries), ..Position::default() }
    }

    /// Returns the index of the next byte that is no blank; everything before it is done with.
    fn blanks(&mut self) -> Result<usize, Pause> {
        self.at = skip_blanks(self.bytes, self.at);
        if self.at < self.bytes.len() { Ok(self.at) } else { Err(self.cut(self.at)) }
    }

    /// Returns the index after the value at `at`.
    fn value_end(&mut self, at: usize) -> Result<usize, Pause> {
        let end = value_end(self.bytes, at);
        end.ok_or_else(|| self.cut(at))
    }

    /// Asks for more, or notes that there is no more.
    fn cut(&mut self, at: usize) -> Pause {
        if !self.last {
            return Pause::More;
        }
        self.at = self.bytes.len().max(at);
        self.document.truncated = self.document.nesting.depth > 0;
        Pause::End
    }
}

/// Returns whether the object at `from` holds a list of entries; `None` when `bytes` end first.
pub(super) fn holds_entries(bytes: &[u8], from: usize) -> Option<bool> {
    let mut at = from + 1;
    loop {
        at = skip_blanks(bytes, at);
        match *bytes.get(at)? {
            b',' => {
                at += 1;
                continue;
            }
            b'"' => {}
            _ => return Some(false),
        }
        let (key_end, _) = string_end(bytes, at + 1)?;
        let key = bytes.get(at + 1..key_end)?;
        let colon = skip_blanks(bytes, key_end + 1);
        if *bytes.get(colon)? != b':' {
            return Some(false);
        }
        at = skip_blanks(bytes, colon + 1);
        match *bytes.get(at)? {
            b'[' if key.eq_ignore_ascii_case(b"entries") => return Some(true),
            b'{' if key.eq_ignore_ascii_case(b"log") && is_log(bytes, at)? => return Some(true),
            _ => at = value_end(bytes, at)?,
        }
    }
}

/// Returns whether the object at `from` looks like `log`: Elastic's logs have a `log` of their own.
fn is_log(bytes: &[u8], from: usize) -> Option<bool> {
    const KNOWN: [&[u8]; 5] = [b"version", b"creator", b"browser", b"pages", b"entries"];
    let mut at = from + 1;
    loop {
        at = skip_blanks(bytes, at);
        match *bytes.get(at)? {
            b',' => {
                at += 1;
                continue;
            }
            b'"' => {}
            _ => return Some(false),
        }
        let (key_end, _) = string_end(bytes, at + 1)?;
        let key = bytes.get(at + 1..key_end)?;
        if KNOWN.iter().any(|known| key.eq_ignore_ascii_case(known)) {
            return Some(true);
        }
        let colon = skip_blanks(bytes, key_end + 1);
        if *bytes.get(colon)? != b':' {
            return Some(false);
        }
        at = value_end(bytes, skip_blanks(bytes, colon + 1))?;
    }
}

/// Returns the index after the value at `at`; `None` when `bytes` end first.
fn value_end(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => Some(string_end(bytes, at + 1)?.0 + 1),
        b'{' | b'[' => container_end(bytes, at),
        _ => {
            let ends = |b: &u8| matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n');
            Some(at + bytes.get(at..)?.iter().position(ends)?)
        }
    }
}
