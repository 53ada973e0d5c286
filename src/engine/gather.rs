//! From what a reader finds to what a gatherer makes of it.

use super::log::Log;
use super::{Gatherer, InputFacts, Left};
use crate::input::skip::{Repair, SkipReason};
use crate::input::{Attached, Attachments, Sink};
use crate::model::{AccessLine, Exchange, Position, Sketch, Text};

/// Hands what a reader finds to a gatherer.
pub(super) struct Gathering<'a, G: Gatherer> {
    pub(super) gatherer: &'a mut G,
    pub(super) harvest: G::Harvest,
    pub(super) log: Log,
    pub(super) facts: &'a InputFacts,
    pub(super) attachments: Option<&'a Attachments>,
    /// Exchanges met.
    pub(super) met: u64,
    /// Those that are left out, because the gatherer panicked on them.
    pub(super) avoid: &'a [u64],
}

impl<G: Gatherer> Gathering<'_, G> {
    /// Leaves out all exchanges.
    pub(super) const ALL: u64 = u64::MAX;
}

impl<G: Gatherer> Sink for Gathering<'_, G> {
    fn exchange(&mut self, exchange: &mut Exchange<'_>, attached: &Attached<'_>) {
        if !self.avoid.is_empty()
            && (self.avoid.contains(&self.met) || self.avoid.contains(&Self::ALL))
        {
            self.met += 1;
            self.log.skip(exchange.position, SkipReason::Panicked);
            return;
        }
        attach(exchange, attached, self.attachments);
        self.gatherer.observe(&mut self.harvest, exchange, self.facts);
        self.met += 1;
        self.log.read(exchange.format);
        self.log.years_assumed += u64::from(exchange.year_assumed);
    }

    fn access(&mut self, line: &AccessLine<'_>) {
        if self.avoid.is_empty() && self.gatherer.glance(&mut self.harvest, line, self.facts) {
            self.met += 1;
            self.log.read(line.format);
            return;
        }
        self.exchange(&mut line.exchange(), &Attached::default());
    }

    fn sketch(&mut self, line: &Sketch<'_>) -> bool {
        let taken =
            self.avoid.is_empty() && self.gatherer.recognise(&mut self.harvest, line, self.facts);
        if taken {
            self.met += 1;
            self.log.read(line.format);
        }
        taken
    }

    fn skipped(&mut self, position: Position, reason: SkipReason) {
        self.log.skip(position, reason);
    }

    fn repaired(&mut self, position: Position, repairs: &[Repair]) {
        self.log.repair(position, repairs);
    }

    fn passed(&mut self, lines: u64) {
        self.log.passed += lines;
    }

    fn unwrapped(&mut self, wrapping: &'static str) {
        *self.log.wrappings.entry(wrapping).or_default() += 1;
    }

    fn left(&mut self, position: Position, reason: SkipReason, line: &[u8]) {
        self.gatherer.left(&mut self.harvest, Left { position, reason, line }, self.facts);
    }
}

/// Fills in bodies that lie beside the capture.
pub(super) fn attach(
    exchange: &mut Exchange<'_>,
    attached: &Attached<'_>,
    attachments: Option<&Attachments>,
) {
    let Some(files) = attachments else { return };
    let bodies = [
        (&attached.request, &mut exchange.request_body),
        (&attached.response, &mut exchange.response_body),
    ];
    for (name, body) in bodies {
        if let (Some(name), Text::Absent) = (name, &body.text) {
            match files.read(name) {
                Some(text) => {
                    body.text = Text::Plain(text.into());
                    body.withheld = false;
                }
                None => body.withheld = true,
            }
        }
    }
}
