//! Reads lines: a record each, JSON or text, whatever is wrapped around it.

use std::collections::BTreeMap;

use memchr::memchr;

use super::document::Pause;
use super::jsonl::Mapping;
use super::line::{self, Place};
use super::log::{Setting, Wanted, plain};
use super::record::Sink;
use super::scan::skip_blanks;
use super::skip::SkipReason;
use super::walk::{self, Attached};
use super::wrapper;
use crate::model::{Exchange, Position, Time};

/// A line longer than this is given up.
///
/// Smaller in tests, which would take long for it.
const LONGEST_LINE: usize = if cfg!(test) { 1 << 20 } else { 64 << 20 };

/// Lines that a cut line may be continued over.
const MOST_PARTS: u64 = 4096;

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
    /// Whether the rest of an endless line is being skipped.
    pub(super) lost: bool,
    /// The time of the last plain line.
    pub(super) recent: plain::Recent,
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
            let rest = bytes.get(at..).unwrap_or_default();
            if rest.is_empty() && last {
                return (at, Pause::End);
            }
            if at >= limit {
                return (at, Pause::Limit);
            }
            let length = memchr(b'\n', rest);
            let goes_on = length.is_none() && !last;
            let line = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
            // Whether its end is in the window or not: how the input is cut must not show.
            if line.len() >= LONGEST_LINE && !self.lost {
                self.skipped(SkipReason::TooLong, sink);
                self.lost = true;
            }
            if goes_on {
                return (if self.lost { bytes.len() } else { at }, Pause::More);
            }
            if std::mem::take(&mut self.lost) {
                // Its end: counted when it was given up.
                self.met += 1;
            } else if wrapper::goes_on(line) {
                let Some((length, parts)) = group(rest, last) else {
                    return (at, Pause::More);
                };
                self.joined(rest.get(..length).unwrap_or_default(), parts, sink);
                at = bytes.len().min(at + length);
                continue;
            } else {
                self.line(line, length.is_none(), &mut exchange, sink);
                self.met += 1;
            }
            at = bytes.len().min(at + line.len() + 1);
        }
    }

    fn line<'a>(
        &mut self,
        line: &'a [u8],
        unfinished: bool,
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
        if any
            && start == 0
            && let Some(access) = plain::read(text, position, &mut self.recent)
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
        } else {
            self.value(text, None, position, sink);
        }
        self.entries += 1;
    }

    fn value(&mut self, text: &[u8], time: Option<Time>, position: Position, sink: &mut dyn Sink) {
        let at = Place { position, time, levels: line::LEVELS };
        line::read(text, at, &mut self.mapping, &mut self.setting, sink);
    }

    /// Reads lines of which some go on in later ones.
    fn joined(&mut self, lines: &[u8], count: u64, sink: &mut dyn Sink) {
        // By the line that each record starts in.
        let mut records: BTreeMap<u64, (Option<Time>, String)> = BTreeMap::new();
        let mut open: BTreeMap<String, u64> = BTreeMap::new();
        for (number, line) in (self.met + 1..).zip(lines.split(|b| *b == b'\n')) {
            let text = String::from_utf8_lossy(line.trim_ascii_end());
            let Some(part) = wrapper::part(&text) else {
                if !text.is_empty() {
                    records.insert(number, (None, text.into_owned()));
                }
                continue;
            };
            let first = open.remove(part.stream).unwrap_or(number);
            let record = records.entry(first).or_insert((part.time, String::new()));
            record.1.push_str(&part.inner);
            if part.goes_on {
                open.insert(part.stream.to_owned(), first);
            }
        }
        sink.passed(count - records.len() as u64);
        for (line, (time, text)) in records {
            let position = Position { line: Some(line), ..Position::default() };
            self.value(text.trim_end().as_bytes(), time, position, sink);
            self.entries += 1;
        }
        self.met += count;
    }

    fn skipped(&mut self, reason: SkipReason, sink: &mut dyn Sink) {
        sink.skipped(Position { line: Some(self.met + 1), ..Position::default() }, reason);
        self.entries += 1;
    }
}

/// Returns how many bytes the lines have that the first one goes on in, and how many they are; `None`
/// when their end is not in the window.
fn group(bytes: &[u8], last: bool) -> Option<(usize, u64)> {
    let mut open: Vec<String> = Vec::new();
    let (mut at, mut count) = (0, 0);
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = memchr(b'\n', rest);
        if length.is_none() && !last {
            return None;
        }
        let line = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
        if let Some(part) = wrapper::part(&String::from_utf8_lossy(line.trim_ascii_end())) {
            open.retain(|stream| stream != part.stream);
            if part.goes_on {
                open.push(part.stream.to_owned());
            }
        }
        at = bytes.len().min(at + line.len() + 1);
        count += 1;
        if open.is_empty() || at >= bytes.len() && last || count >= MOST_PARTS || at >= LONGEST_LINE
        {
            return Some((at, count));
        }
    }
}
