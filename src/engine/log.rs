//! What was skipped and repaired, by input.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::InputFacts;
use crate::input::InputError;
use crate::input::skip::{Repair, SkipReason};
use crate::model::Position;

/// Positions kept for each reason.
const FIRST: usize = 3;

/// What one input was.
#[derive(Debug)]
pub struct InputSummary {
    /// Its name, format and maker.
    pub facts: Arc<InputFacts>,
    /// Exchanges read.
    pub exchanges: u64,
    /// Exchanges by the format of their record, where an input may hold several.
    pub formats: BTreeMap<&'static str, u64>,
    /// Lines by what was wrapped around them; a line in several wrappings counts for each.
    pub wrappings: BTreeMap<&'static str, u64>,
    /// Exchanges whose time names no year, which was assumed.
    pub years_assumed: u64,
    /// Lines that are no records of their own: blank ones, directives, parts of others.
    pub passed: u64,
    /// Where JSON records keep their parts, as the last of them did: part and path.
    pub fields: Vec<(&'static str, String)>,
    /// Bytes read, unpacked.
    pub bytes: u64,
    /// Whether it ends early; what came before is kept.
    pub truncated: bool,
    /// Records that could not be read.
    pub skipped: BTreeMap<SkipReason, Noted>,
    /// Records that could be read after a repair.
    pub repaired: BTreeMap<Repair, Noted>,
    /// Why it gave nothing, or where reading stopped.
    pub error: Option<Arc<InputError>>,
    /// Whether it was named, in contrast to met in a directory.
    pub named: bool,
}

/// How often something was noted and where first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Noted {
    /// How often.
    pub count: u64,
    /// The first three places.
    pub first: Vec<Position>,
}

impl Noted {
    fn at(&mut self, position: Position) {
        self.count += 1;
        if self.first.len() < FIRST {
            self.first.push(position);
        }
    }

    fn absorb(&mut self, other: Self, entries: u64, lines: u64) {
        self.count += other.count;
        let room = FIRST.saturating_sub(self.first.len());
        self.first.extend(other.first.into_iter().take(room).map(|mut position| {
            position.entry = position.entry.map(|entry| entry + entries);
            position.line = position.line.map(|line| line + lines);
            position
        }));
    }
}

/// What was noted in one piece, in order.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) exchanges: u64,
    pub(super) formats: BTreeMap<&'static str, u64>,
    /// The format of the last records and how many they are, to be added to those.
    latest: (&'static str, u64),
    pub(super) wrappings: BTreeMap<&'static str, u64>,
    pub(super) years_assumed: u64,
    pub(super) passed: u64,
    pub(super) skipped: BTreeMap<SkipReason, Noted>,
    pub(super) repaired: BTreeMap<Repair, Noted>,
}

impl Log {
    pub(super) fn read(&mut self, format: &'static str) {
        self.exchanges += 1;
        if std::ptr::eq(self.latest.0, format) {
            self.latest.1 += 1;
        } else {
            self.settle();
            self.latest = (format, 1);
        }
    }

    /// Adds up what was counted apart.
    pub(super) fn settle(&mut self) {
        let (format, count) = std::mem::take(&mut self.latest);
        if !format.is_empty() {
            *self.formats.entry(format).or_default() += count;
        }
    }

    pub(super) fn skip(&mut self, position: Position, reason: SkipReason) {
        self.skipped.entry(reason).or_default().at(position);
    }

    pub(super) fn repair(&mut self, position: Position, repairs: &[Repair]) {
        for repair in repairs {
            self.repaired.entry(*repair).or_default().at(position);
        }
    }

    /// Adds the log of the piece that follows, whose positions count from its own start.
    pub(super) fn absorb(&mut self, mut next: Self, entries: u64, lines: u64) {
        next.settle();
        self.exchanges += next.exchanges;
        self.passed += next.passed;
        self.years_assumed += next.years_assumed;
        for (format, count) in next.formats {
            *self.formats.entry(format).or_default() += count;
        }
        for (wrapping, count) in next.wrappings {
            *self.wrappings.entry(wrapping).or_default() += count;
        }
        for (reason, noted) in next.skipped {
            self.skipped.entry(reason).or_default().absorb(noted, entries, lines);
        }
        for (repair, noted) in next.repaired {
            self.repaired.entry(repair).or_default().absorb(noted, entries, lines);
        }
    }
}
