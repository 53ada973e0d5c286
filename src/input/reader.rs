//! A reader of records, whatever their shape, that can stop and go on anywhere.

use memchr::memchr;

use super::calendar::Calendar;
use super::choice::{Choice, Kind};
use super::document::{Document, Pause, Place, Seam};
use super::dump::{self, Dump};
use super::jsonl::Mapping;
use super::lines::{self, Lines};
use super::log::{Setting, Wanted};
use super::packets::{Packets, Waiting};
use super::record::Sink;
use crate::model::Observer;

/// Reads records from windows of an input.
#[derive(Clone, Debug)]
pub(crate) enum Reader {
    /// HAR and everything like it.
    Document(Document),
    /// A record a line. It remembers more than the others.
    Lines(Box<Lines>),
    /// Conversations as text.
    Dump(Dump),
    /// Packets, requests and answers apart.
    Packets(Packets),
}

/// What a reader has to know to go on: equal marks at equal offsets read the same.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(private_interfaces, reason = "a mark is only compared")]
pub(crate) enum Mark {
    /// Where it stands in a document.
    Document(Place),
    /// Among lines.
    Lines {
        /// Between which of them, or in which.
        state: lines::State,
        /// What earlier lines said about those that follow.
        setting: Setting,
    },
    /// Between exchanges, or in one that is too long.
    Dump(dump::State),
    /// Between packets.
    Packets(Waiting),
}

impl Reader {
    pub(super) fn lines(mapping: &Mapping, choice: &Choice) -> Self {
        let wanted = match &choice.0 {
            Kind::Text(wanted) => wanted.clone(),
            _ => Wanted::Any,
        };
        let setting = Setting::given(wanted, mapping.clone());
        Self::Lines(Box::new(Lines { mapping: mapping.clone(), setting, ..Lines::default() }))
    }

    pub(super) fn dump() -> Self {
        Self::Dump(Dump::default())
    }

    pub(super) fn packets() -> Self {
        Self::Packets(Packets::default())
    }

    pub(super) fn document(document: Document) -> Self {
        Self::Document(document)
    }

    /// Tells it which year times are of that name none, if it may meet such.
    pub(crate) fn set_calendar(&mut self, calendar: impl FnOnce() -> Calendar) {
        if let Self::Lines(lines) = self {
            lines.setting.calendar = calendar();
        }
    }

    /// Tells it that zero bytes stand before its first record.
    pub(crate) fn begin_behind_a_hole(&mut self) {
        if let Self::Lines(lines) = self {
            lines.state = lines::State::InHole;
        }
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
        match self {
            Self::Document(document) => document.read(bytes, last, limit, sink),
            Self::Lines(lines) => lines.read(bytes, last, limit, sink),
            Self::Dump(dump) => dump.read(bytes, last, limit, sink),
            Self::Packets(packets) => packets.read(bytes, last, limit, sink),
        }
    }

    /// Returns a reader that counts from nothing and stands where this one stands.
    pub(crate) fn fresh(&self) -> Self {
        match self {
            Self::Document(document) => Self::Document(document.fresh()),
            Self::Lines(lines) => Self::Lines(Box::new(lines.fresh())),
            Self::Dump(dump) => Self::Dump(dump.fresh()),
            Self::Packets(packets) => Self::Packets(packets.fresh()),
        }
    }

    /// Returns a reader for a piece whose beginning is only guessed, as this one was at the first
    /// record and `newest` is at the last one that is known.
    ///
    /// A good guess saves reading the piece again; its mark tells whether it was right.
    pub(crate) fn guess(&self, newest: &Self) -> Self {
        match (self, newest) {
            (Self::Document(first), Self::Document(newest)) => Self::Document(first.guess(newest)),
            (Self::Lines(_), Self::Lines(newest)) => {
                Self::Lines(Box::new(Lines { state: lines::State::Between, ..newest.fresh() }))
            }
            _ => self.fresh(),
        }
    }

    /// Returns where it stands.
    pub(crate) fn mark(&self) -> Mark {
        match self {
            Self::Document(document) => Mark::Document(document.place()),
            Self::Lines(lines) => {
                Mark::Lines { state: lines.state, setting: lines.setting.clone() }
            }
            Self::Dump(dump) => Mark::Dump(dump.state.clone()),
            Self::Packets(packets) => Mark::Packets(packets.waiting.clone()),
        }
    }

    /// Returns the index of the first record at or after `from`, as far as bytes alone can tell.
    pub(crate) fn seam(&self, bytes: &[u8], from: usize) -> Option<usize> {
        match self {
            Self::Document(document) => document.seam.as_ref()?.find(bytes, from),
            Self::Lines(_) if from == 0 => Some(0),
            Self::Lines(_) => Some(from + memchr(b'\n', bytes.get(from - 1..)?)?),
            // What starts an exchange in one place is part of a body in another, and an answer far away
            // belongs to a request that waits.
            Self::Dump(_) | Self::Packets(_) => None,
        }
    }

    /// Returns whether seams can be guessed at all.
    pub(crate) fn has_seams(&self) -> bool {
        match self {
            Self::Document(document) => document.seam.is_some(),
            Self::Lines(_) => true,
            Self::Dump(_) | Self::Packets(_) => false,
        }
    }

    /// Returns how many bytes before and after a place a search for its seam has to see.
    pub(crate) fn seam_span(&self) -> (usize, usize) {
        match self {
            Self::Document(document) => {
                document.seam.as_ref().map_or((0, 0), |seam| (Seam::lead(seam), Seam::len(seam)))
            }
            Self::Lines(_) => (1, 1),
            Self::Dump(_) | Self::Packets(_) => (0, 0),
        }
    }

    /// Returns how many records were met, read or skipped.
    pub(crate) fn entries(&self) -> u64 {
        match self {
            Self::Document(document) => document.entries,
            // Lines are numbered; the index of a record is that in the list of its line.
            Self::Lines(_) => 0,
            Self::Dump(dump) => dump.entries,
            Self::Packets(packets) => packets.entries,
        }
    }

    /// Returns how many lines were met, when lines are counted.
    pub(crate) fn lines_met(&self) -> u64 {
        match self {
            Self::Document(_) => 0,
            Self::Lines(lines) => lines.met,
            Self::Dump(dump) => dump.met,
            Self::Packets(packets) => packets.met,
        }
    }

    /// Returns how many captures were gone into.
    pub(crate) fn captures(&self) -> u64 {
        match self {
            Self::Document(document) => document.captures,
            Self::Lines(_) | Self::Dump(_) | Self::Packets(_) => 0,
        }
    }

    /// Returns where the last JSON record kept its parts: part and path.
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Document(_) | Self::Dump(_) | Self::Packets(_) => Vec::new(),
            Self::Lines(lines) => lines.mapping.fields(),
        }
    }

    /// Returns who made the capture that it stands in or was in last, and who recorded it.
    pub(crate) fn maker(&self) -> Option<(&str, Observer)> {
        match self {
            Self::Document(document) => Some((document.creator.as_deref()?, document.observer)),
            Self::Lines(_) | Self::Dump(_) | Self::Packets(_) => None,
        }
    }

    /// Returns whether the input ended inside a record or before its brackets closed.
    pub(crate) fn truncated(&self) -> bool {
        match self {
            Self::Document(document) => document.truncated,
            Self::Lines(lines) => lines.truncated,
            Self::Dump(_) => false,
            Self::Packets(packets) => packets.truncated,
        }
    }
}
