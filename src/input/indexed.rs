//! Records that stand in one list: each gets its place in it.

use super::record::Sink;
use super::skip::{Repair, SkipReason};
use super::walk::Attached;
use crate::model::{Exchange, Position};

/// Gives each record the index of its place, and counts them.
pub(super) struct Indexed<'s> {
    sink: &'s mut dyn Sink,
    /// Index of the next record.
    next: u64,
    found: u64,
}

impl<'s> Indexed<'s> {
    /// Counts from the index in `first` on, or from 0.
    pub(super) fn from(first: Position, sink: &'s mut dyn Sink) -> Self {
        Self { sink, next: first.entry.unwrap_or(0), found: 0 }
    }

    /// Returns how many records there were, read or skipped.
    pub(super) fn found(&self) -> u64 {
        self.found
    }

    fn place(&self, position: Position) -> Position {
        Position { entry: Some(self.next), ..position }
    }

    fn step(&mut self) {
        self.next += 1;
        self.found += 1;
    }
}

impl Sink for Indexed<'_> {
    fn exchange(&mut self, exchange: &mut Exchange<'_>, attached: &Attached<'_>) {
        exchange.position = self.place(exchange.position);
        self.sink.exchange(exchange, attached);
        self.step();
    }

    fn skipped(&mut self, position: Position, reason: SkipReason) {
        self.sink.skipped(self.place(position), reason);
        self.step();
    }

    fn repaired(&mut self, position: Position, repairs: &[Repair]) {
        self.sink.repaired(self.place(position), repairs);
    }

    fn unwrapped(&mut self, wrapping: &'static str) {
        self.sink.unwrapped(wrapping);
    }
}

/// Counts records on their way.
pub(super) struct Counted<'s> {
    sink: &'s mut dyn Sink,
    /// Records, read or skipped.
    pub(super) found: u64,
    /// Why the last one that could not be read could not.
    pub(super) skipped: Option<SkipReason>,
    /// Whether anything was repaired.
    pub(super) repaired: bool,
}

impl<'s> Counted<'s> {
    pub(super) fn new(sink: &'s mut dyn Sink) -> Self {
        Self { sink, found: 0, skipped: None, repaired: false }
    }
}

impl Sink for Counted<'_> {
    fn exchange(&mut self, exchange: &mut Exchange<'_>, attached: &Attached<'_>) {
        self.found += 1;
        self.sink.exchange(exchange, attached);
    }

    fn skipped(&mut self, position: Position, reason: SkipReason) {
        self.found += 1;
        self.skipped = Some(reason);
        self.sink.skipped(position, reason);
    }

    fn repaired(&mut self, position: Position, repairs: &[Repair]) {
        self.repaired = true;
        self.sink.repaired(position, repairs);
    }

    fn passed(&mut self, lines: u64) {
        self.sink.passed(lines);
    }

    fn unwrapped(&mut self, wrapping: &'static str) {
        self.sink.unwrapped(wrapping);
    }

    fn left(&mut self, position: Position, reason: SkipReason, line: &[u8]) {
        self.sink.left(position, reason, line);
    }
}
