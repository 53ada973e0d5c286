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
const LONGEST_LINE: usize = 64 << 20;

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
            if length.is_none() && !last {
                if rest.len() < LONGEST_LINE && !self.lost {
                    return (at, Pause::More);
                }
                if !self.lost {
                    self.skipped(SkipReason::TooLong, sink);
                    self.lost = true;
                }
                return (bytes.len(), Pause::More);
            }
            let line = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
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
            record::read(text, false, position, Observer::App, &mut self.mapping, sink);
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
