//! Reads lines: a record each, JSON or text, whatever is wrapped around it.

use std::collections::BTreeMap;

use memchr::memchr;

use super::document::Pause;
use super::indexed::Counted;
use super::jsonl::{self, Look, Mapping, Quick};
use super::line::{self, Place};
use super::line_end::{self, End};
use super::log::{Setting, Wanted, plain};
use super::record::Sink;
use super::scan::skip_blanks;
use super::skip::{Repair, SkipReason};
use super::walk::{self, Attached};
use super::wrapper;
use crate::model::{Exchange, Position, Sketch, Time};

/// A line longer than this is given up.
///
/// Smaller in tests, which would take long for it.
const LONGEST_LINE: usize = if cfg!(test) { 1 << 20 } else { 64 << 20 };

/// Lines that a cut line may be continued over.
const MOST_PARTS: usize = 4096;

/// Reads lines.
///
/// Each line is tried against everything that is known, whatever the lines before it were: several
/// formats in one file are read as what each of them is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    /// Lines met so far, empty ones too.
    pub(crate) met: u64,
    /// Records met so far, read or skipped.
    pub(crate) entries: u64,
    /// Whether the last line is cut off.
    pub(crate) truncated: bool,
    /// The shapes of the lines.
    pub(super) mapping: Mapping,
    /// What earlier lines said about those that follow.
    pub(super) setting: Setting,
    /// The time of the last plain line.
    pub(super) recent: plain::Recent,
    /// How the last lines of JSON were read.
    pub(super) recent_json: jsonl::Recent,
    /// What the line that comes next is part of.
    pub(super) state: State,
}

/// What stands before the place where a reader of lines is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum State {
    /// The end of a line, or nothing.
    #[default]
    Between,
    /// Zero bytes, and before them the end of a line, or nothing.
    InHole,
    /// Zero bytes or none, and before them a line that has not ended otherwise.
    BehindHole,
    /// The beginning of an endless line, whose rest is passed over.
    Lost,
}

impl Lines {
    /// Returns a reader that has counted nothing and stands where this one stands.
    pub(super) fn fresh(&self) -> Self {
        Self { met: 0, entries: 0, truncated: false, ..self.clone() }
    }

    /// Reads the lines that start in `bytes` before index `limit`; returns how many bytes are done
    /// with and why it stopped. `last` says that nothing follows `bytes`.
    pub(crate) fn read(
        &mut self,
        bytes: &[u8],
        last: bool,
        limit: usize,
        sink: &mut dyn Sink,
    ) -> (usize, Pause) {
        let mut at = 0;
        let mut exchange = Exchange::default();
        loop {
            let (length, tried) =
                self.plain(bytes.get(at..limit.min(bytes.len())).unwrap_or_default(), sink);
            at += length;
            let rest = bytes.get(at..).unwrap_or_default();
            if rest.is_empty() && last {
                self.end(sink);
                return (at, Pause::End);
            }
            if at >= limit {
                return (at, Pause::Limit);
            }
            if self.state == State::Lost {
                let length = memchr(b'\n', rest);
                if length.is_none() && !last {
                    return (bytes.len(), Pause::More);
                }
                // Its end: counted when it was given up.
                self.met += 1;
                self.state = State::Between;
                at = length.map_or(bytes.len(), |length| at + length + 1);
                continue;
            }
            let hole = line_end::hole(rest);
            if hole > 0 {
                if self.state == State::Between {
                    self.state = State::InHole;
                }
                at += hole;
                if at == bytes.len() && !last {
                    return (at, Pause::More);
                }
                continue;
            }
            let found = line_end::find(rest, last);
            let line = rest.get(..found.map_or(rest.len(), |(length, _)| length));
            let line = line.unwrap_or_default();
            // Whether its end is in the window or not: how the input is cut must not show.
            if line.len() >= LONGEST_LINE {
                self.skipped(SkipReason::TooLong, sink);
                self.state = State::Lost;
                at += LONGEST_LINE;
                continue;
            }
            let Some((_, end)) = found else { return (at, Pause::More) };
            if self.state == State::BehindHole && line.is_empty() && end != End::Hole {
                // The end of the line before the hole.
                self.state = State::Between;
                at += end.length();
                continue;
            }
            if wrapper::goes_on(line) {
                let Some(parts) = group(rest, last) else { return (at, Pause::More) };
                at = bytes.len().min(at + parts.length);
                self.repaired(end, sink);
                self.joined(&parts.lines, sink);
            } else {
                at += line.len() + end.length();
                self.repaired(end, sink);
                self.line(line, end == End::Input, tried, &mut exchange, sink);
                self.met += 1;
            }
            self.state = if end == End::Hole { State::BehindHole } else { State::Between };
        }
    }

    /// Reads the lines that come first of those that need no second look: plain ones of an access log, and
    /// JSON of a known shape. Returns how many bytes they take, and whether the line behind them was tried.
    ///
    /// Nearly all lines of a long log are such, and each comes to what [`Lines::line`] makes of it: none
    /// holds anything that would end it early, have it go on in another or wrap it.
    fn plain(&mut self, bytes: &[u8], sink: &mut dyn Sink) -> (usize, bool) {
        let mut at = 0;
        if self.state != State::Between || self.setting.wanted != Wanted::Any {
            return (at, false);
        }
        while let Some(rest) = bytes.get(at..) {
            let taken = match rest.first() {
                Some(b'{') => {
                    let most = rest.get(..LONGEST_LINE).unwrap_or(rest);
                    let look = self.recent_json.look(most);
                    // Where one of Docker's ends is another question.
                    if !look.ended || wrapper::is_docker(look.line) {
                        break;
                    }
                    let position = Position { line: Some(self.met + 1), ..Position::default() };
                    if !self.quick(look, position, sink) {
                        return (at, true);
                    }
                    look.line.len() + 1
                }
                Some(b'0'..=b'9') => {
                    let number = self.met + 1;
                    let quick = plain::quick(rest, number, &self.recent, |line| sink.access(line));
                    if let Some(taken) = quick {
                        taken
                    } else {
                        let read =
                            plain::read(rest, plain::Last::Unknown, number, &mut self.recent);
                        let Some((access, taken)) = &read else { break };
                        if *taken > LONGEST_LINE {
                            break;
                        }
                        sink.access(access);
                        *taken
                    }
                }
                _ => break,
            };
            self.met += 1;
            self.entries += 1;
            at += taken;
        }
        (at, false)
    }

    /// Reads JSON of a known shape; returns `false` where the patient reading has to.
    fn quick(&mut self, look: Look<'_>, position: Position, sink: &mut dyn Sink) -> bool {
        let Self { mapping, recent_json, .. } = self;
        let mut take = |sketch: &Sketch<'_>| sink.sketch(sketch);
        match jsonl::read_quickly(look, position, mapping, recent_json, &mut take) {
            Some(Quick::Exchange(mut exchange)) => {
                sink.exchange(&mut exchange, &Attached::default());
                true
            }
            Some(Quick::Taken) => true,
            None => false,
        }
    }

    /// Notes what is odd about the beginning or the end of the line that comes next.
    fn repaired(&self, end: End, sink: &mut dyn Sink) {
        let position = Position { line: Some(self.met + 1), ..Position::default() };
        if self.state == State::InHole || end == End::Hole {
            sink.repaired(position, &[Repair::Hole]);
        }
        if end == End::Return {
            sink.repaired(position, &[Repair::LoneReturn]);
        }
    }

    /// Counts a last line that is nothing but zero bytes, or endless.
    fn end(&mut self, sink: &mut dyn Sink) {
        if self.state == State::InHole {
            self.repaired(End::Input, sink);
            sink.passed(1);
        }
        self.met += u64::from(matches!(self.state, State::InHole | State::Lost));
        self.state = State::Between;
    }

    fn line<'a>(
        &mut self,
        line: &'a [u8],
        unfinished: bool,
        tried: bool,
        exchange: &mut Exchange<'a>,
        sink: &mut dyn Sink,
    ) {
        let start = skip_blanks(line, 0);
        let Some(first) = line.get(start) else { return sink.passed(1) };
        // A list written over several lines, one record a line.
        let text = line.trim_ascii_end();
        if matches!(text.trim_ascii_start(), b"[" | b"]" | b"," | b"],") {
            return sink.passed(1);
        }
        let position = Position { line: Some(self.met + 1), ..Position::default() };
        let mut attached = Attached::default();
        let any = self.setting.wanted == Wanted::Any;
        let is_json = *first == b'{' && any && start == 0 && !tried && !wrapper::is_docker(text);
        if is_json {
            let look = self.recent_json.look(text);
            if !look.ended && self.quick(look, position, sink) {
                self.entries += 1;
                return;
            }
        }
        if any
            && start == 0
            && let Some((access, _)) =
                plain::read(text, plain::Last::Whole, self.met + 1, &mut self.recent)
        {
            sink.access(&access);
        } else if *first == b'{'
            && any
            && let Ok(end) = walk::entry(line, start, exchange, &mut attached)
            && skip_blanks(line, end) == line.len()
        {
            exchange.position = position;
            sink.exchange(exchange, &attached);
        } else if unfinished
            && any
            && super::scan::container_end(text, start).is_none()
            && *first == b'{'
        {
            self.truncated = true;
            sink.skipped(position, SkipReason::CutOff);
            sink.left(position, SkipReason::CutOff, text);
        } else {
            self.value(text, None, position, sink);
        }
        self.entries += 1;
    }

    fn value(&mut self, text: &[u8], time: Option<Time>, position: Position, sink: &mut dyn Sink) {
        let at = Place { time, ..Place::at(position, self.setting.calendar) };
        let mut counted = Counted::new(sink);
        line::read(text, at, &mut self.mapping, &mut self.setting, &mut counted);
        let plain = counted.found == 1 && counted.skipped.is_none() && !counted.repaired;
        if let Some(reason) = counted.skipped {
            sink.left(position, reason, text);
        }
        if plain
            && text.starts_with(b"{")
            && self.setting.wanted == Wanted::Any
            && !wrapper::is_docker(text)
        {
            jsonl::learn(text, &mut self.mapping);
        }
    }

    /// Reads lines of which some go on in later ones.
    fn joined(&mut self, lines: &[&[u8]], sink: &mut dyn Sink) {
        // By the line that each record starts in.
        let mut records: BTreeMap<u64, (Option<Time>, String)> = BTreeMap::new();
        let mut open: BTreeMap<String, u64> = BTreeMap::new();
        for (number, line) in (self.met + 1..).zip(lines) {
            let text = String::from_utf8_lossy(line.trim_ascii_end());
            let Some(part) = wrapper::part(&text) else {
                if !text.is_empty() {
                    records.insert(number, (None, text.into_owned()));
                }
                continue;
            };
            sink.unwrapped(part.name);
            let first = open.remove(part.stream).unwrap_or(number);
            let record = records.entry(first).or_insert((part.time, String::new()));
            record.1.push_str(&part.inner);
            if part.goes_on {
                open.insert(part.stream.to_owned(), first);
            }
        }
        let count = lines.len() as u64;
        sink.passed(count - records.len() as u64);
        for (line, (time, text)) in records {
            let position = Position { line: Some(line), ..Position::default() };
            self.value(text.trim_end().as_bytes(), time, position, sink);
            self.entries += 1;
        }
        self.met += count;
    }

    fn skipped(&mut self, reason: SkipReason, sink: &mut dyn Sink) {
        let position = Position { line: Some(self.met + 1), ..Position::default() };
        sink.skipped(position, reason);
        sink.left(position, reason, &[]);
        self.entries += 1;
    }
}

/// Lines of which each but the last goes on in a later one.
struct Parts<'a> {
    lines: Vec<&'a [u8]>,
    /// Bytes of all of them.
    length: usize,
}

/// Returns the lines that the first one goes on in, itself among them; `None` when their end is not in
/// the window.
fn group(bytes: &[u8], last: bool) -> Option<Parts<'_>> {
    let mut open: Vec<String> = Vec::new();
    let mut parts = Parts { lines: Vec::new(), length: 0 };
    loop {
        let rest = bytes.get(parts.length..).unwrap_or_default();
        let (length, end) = line_end::find(rest, last)?;
        let line = rest.get(..length).unwrap_or_default();
        if let Some(part) = wrapper::part(&String::from_utf8_lossy(line.trim_ascii_end())) {
            open.retain(|stream| stream != part.stream);
            if part.goes_on {
                open.push(part.stream.to_owned());
            }
        }
        parts.lines.push(line);
        parts.length = bytes.len().min(parts.length + length + end.length());
        let enough = parts.lines.len() >= MOST_PARTS || parts.length >= LONGEST_LINE;
        // Nothing goes on behind a hole.
        let ended = end == End::Hole || parts.length >= bytes.len() && last;
        if open.is_empty() || ended || enough {
            return Some(parts);
        }
    }
}
