//! Reads JSON lines: one record a line, each on its own.

use memchr::memchr;

use super::document::Pause;
use super::jsonl::Mapping;
use super::record::{self, Sink};
use super::scan::skip_blanks;
use super::skip::SkipReason;
use super::walk::{self, Attached};
use crate::model::{Exchange, Observer, Position};

/// A line longer than this is given up.
///
/// Smaller in tests, which would take long for it.
const LONGEST_LINE: usize = if cfg!(test) { 1 << 20 } else { 64 << 20 };

/// Reads lines.
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
    /// Whether the rest of an endless line is being skipped.
    pub(super) lost: bool,
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
            } else {
                self.line(line, length.is_none(), &mut exchange, sink);
            }
            self.met += 1;
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
        let Some(first) = line.get(start) else { return };
        // A list written over several lines, one record a line.
        let text = line.trim_ascii_end();
        if matches!(text.trim_ascii_start(), b"[" | b"]" | b"," | b"],") {
            return;
        }
        let position = Position { line: Some(self.met + 1), ..Position::default() };
        let mut attached = Attached::default();
        if *first == b'{'
            && let Ok(end) = walk::entry(line, start, exchange, &mut attached)
            && skip_blanks(line, end) == line.len()
        {
            exchange.position = position;
            sink.exchange(exchange, &attached);
        } else if unfinished && super::scan::container_end(text, start).is_none() && *first == b'{'
        {
            self.truncated = true;
            sink.skipped(position, SkipReason::CutOff);
        } else if *first == b'{' {
            let observer = Observer::default();
            record::read(text, false, position, observer, &mut self.mapping, sink);
        } else {
            sink.skipped(position, SkipReason::NotThisFormat);
        }
        self.entries += 1;
    }

    fn skipped(&mut self, reason: SkipReason, sink: &mut dyn Sink) {
        sink.skipped(Position { line: Some(self.met + 1), ..Position::default() }, reason);
        self.entries += 1;
    }
}
