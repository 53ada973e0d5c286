//! Exchanges to a tally: what each worker makes of what it reads.

use std::sync::Arc;

use super::again::Again;
use super::kept::Kept;
use super::leftovers::{Left, Leftovers};
use super::plain::{Plain, Site};
use super::{Gatherer, InputFacts};
use crate::evidence::{Catalogue, Context, Memory, Receipt, Source, gather, spelled_out};
use crate::input::skip::SkipReason;
use crate::model::{AccessLine, Exchange, Fingerprint, Position, Record, Sketch, TokenField};
use crate::tally::{Comers, Limits, Tally};
use crate::token::Verifier;

/// What a run gathers: the tally, and the records where they cannot be read again.
#[derive(Debug, Default)]
pub struct Harvest {
    /// Everything merged.
    pub tally: Tally,
    /// The records, where they were asked for.
    pub records: Kept,
    /// Lines that could not be read, where they were asked for.
    pub leftovers: Leftovers,
    /// Visits that the tally does not know of before it is merged, and uses that it does not know of before
    /// all is.
    comers: Comers,
    /// Tells the worker who read the piece when this is merged.
    receipt: Option<Receipt>,
}

/// Turns exchanges into facts; one a worker.
#[derive(Debug)]
pub struct Collector<'c> {
    context: Context<'c>,
    current: Option<(Arc<str>, Option<Arc<str>>)>,
    plain: Plain,
    again: Again,
    naming: Option<Naming>,
    zone: Option<jiff::tz::TimeZone>,
    keep: bool,
    keep_leftovers: bool,
    limits: Limits,
}

/// Another name for the only input of a run, which may be a piece of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Naming {
    /// The name.
    pub name: Arc<str>,
    /// Number of the piece's first line, from 1; `None` when not known, and then no position is.
    pub first_line: Option<u64>,
}

impl Naming {
    /// Moves a position in the piece to its place in the whole.
    pub fn place(&self, position: Position) -> Position {
        match self.first_line {
            Some(first) => {
                Position { line: position.line.map(|n| n + first.saturating_sub(1)), ..position }
            }
            None => Position::default(),
        }
    }
}

impl<'c> Collector<'c> {
    /// Makes the collector of one worker; with `keep`, records are kept beside the tally. `zone` is that
    /// of times that name none; without it, UTC.
    pub fn new(
        catalogue: &'c Catalogue,
        verifier: &'c Verifier,
        naming: Option<Naming>,
        zone: Option<jiff::tz::TimeZone>,
        keep: bool,
    ) -> Self {
        let context = Context::new(catalogue, Source::new("", "")).with_verifier(verifier);
        let plain = Plain::default();
        let again = Again::default();
        let (keep_leftovers, limits) = (false, Limits::default());
        Self { context, current: None, plain, again, naming, zone, keep, keep_leftovers, limits }
    }

    /// Makes what the workers of a run within limits share.
    pub fn memory(limits: Limits) -> Arc<Memory> {
        Arc::new(Memory::of(limits.remembered()))
    }

    /// Shares what values hold with the other workers of a run.
    #[must_use]
    pub fn sharing(self, memory: &Arc<Memory>) -> Self {
        Self { context: self.context.sharing(memory), ..self }
    }

    /// Keeps its tallies within limits.
    #[must_use]
    pub fn within(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Keeps lines that could not be read, too.
    #[must_use]
    pub fn with_leftovers(self, keep_leftovers: bool) -> Self {
        Self { keep_leftovers, ..self }
    }

    /// Returns what the tokens of one exchange say in words, by their marks.
    pub fn spelled_out(&mut self, exchange: &Exchange<'_>) -> Vec<(Fingerprint, Vec<TokenField>)> {
        spelled_out(exchange, &mut self.context)
    }

    /// Returns the facts of one exchange.
    pub fn record(&mut self, exchange: &Exchange<'_>, input: &InputFacts) -> Record {
        self.context.show_ids(true);
        self.gather(exchange, input)
    }

    fn gather(&mut self, exchange: &Exchange<'_>, input: &InputFacts) -> Record {
        let name = self.naming.as_ref().map_or(&input.source, |n| &n.name);
        let known = self
            .current
            .as_ref()
            .is_some_and(|(source, member)| Arc::ptr_eq(source, name) && *member == input.member);
        if !known {
            self.current = Some((Arc::clone(name), input.member.clone()));
            self.context.enter(Source {
                name: Arc::clone(name),
                member: input.member.clone(),
                format: Arc::clone(&input.format),
            });
        }
        let local = self.zone.as_ref().zip(exchange.time.filter(|t| t.zone_assumed));
        let mut record = match local {
            None => gather(exchange, &mut self.context),
            Some((zone, time)) => {
                let time = Some(time.read_in(zone));
                gather(&Exchange { time, ..exchange.clone() }, &mut self.context)
            }
        };
        if let Some(naming) = &self.naming {
            record.origin.position = naming.place(record.origin.position);
        }
        record
    }
}

/// Returns where what stands at a position is said to stand.
fn site<'s>(naming: Option<&'s Naming>, position: Position, input: &'s InputFacts) -> Site<'s> {
    let (source, position) = match naming {
        Some(naming) => (&naming.name, naming.place(position)),
        None => (&input.source, position),
    };
    Site { source, member: input.member.as_ref(), position }
}

impl Gatherer for Collector<'_> {
    type Harvest = Harvest;

    fn begin(&self, so_far: Option<&Harvest>) -> Harvest {
        let tally = so_far.map_or_else(|| Tally::within(self.limits), |so_far| so_far.tally.part());
        Harvest { tally, ..Harvest::default() }
    }

    fn observe(&mut self, harvest: &mut Harvest, exchange: &Exchange<'_>, input: &InputFacts) {
        self.context.show_ids(self.keep);
        if !self.keep && self.zone.is_none() {
            let site = site(self.naming.as_ref(), exchange.position, input);
            let (context, tally) = (&mut self.context, &mut harvest.tally);
            if self.again.pass(exchange, site, context, tally, self.plain.crowd()) {
                return;
            }
        }
        let record = self.gather(exchange, input);
        if self.keep {
            harvest.records.push(record.clone(), input.frame);
        }
        self.plain.learn(&record);
        self.again.learn(&record);
        harvest.tally.observe(record);
    }

    #[inline]
    fn glance(&mut self, harvest: &mut Harvest, line: &AccessLine<'_>, input: &InputFacts) -> bool {
        if self.keep || self.zone.is_some() {
            return false;
        }
        let naming = self.naming.as_ref();
        let source = naming.map_or(&input.source, |naming| &naming.name);
        let site = || site(naming, line.position(), input);
        self.plain.pass(line, (source, site), &mut self.context, &mut harvest.tally)
    }

    fn recognise(&mut self, harvest: &mut Harvest, line: &Sketch<'_>, input: &InputFacts) -> bool {
        if self.keep || self.zone.is_some() {
            return false;
        }
        let site = site(self.naming.as_ref(), line.position, input);
        self.again.recognise(line, site, &mut self.context, &mut harvest.tally, self.plain.crowd())
    }

    fn close(&mut self, harvest: Option<&mut Harvest>, input: &InputFacts) {
        let receipt = self.context.turn();
        let source = self.naming.as_ref().map_or(&input.source, |naming| &naming.name);
        let Some(harvest) = harvest else {
            self.plain.close(source, None);
            return;
        };
        harvest.receipt = Some(receipt);
        let before = std::mem::take(&mut harvest.comers);
        harvest.tally.admit(before);
        harvest.comers = self.plain.close(source, Some(&mut harvest.tally));
    }

    fn left(&mut self, harvest: &mut Harvest, left: Left<'_>, input: &InputFacts) {
        // What a format took is no leftover.
        if !self.keep_leftovers || left.reason == SkipReason::Notice {
            return;
        }
        let name = self.naming.as_ref().map_or(&input.source, |n| &n.name);
        let position = self.naming.as_ref().map_or(left.position, |n| n.place(left.position));
        harvest.leftovers.push(Left { position, ..left }, input, name);
    }

    fn rebase(harvest: &mut Harvest, entries: u64, lines: u64) {
        let place = |position: Position| Position {
            entry: position.entry.map(|n| n + entries),
            line: position.line.map(|n| n + lines),
            ..position
        };
        harvest.tally.rebase(entries, lines);
        harvest.records.place(place);
        harvest.leftovers.place(place);
    }

    fn merge(into: &mut Harvest, other: Harvest) {
        into.tally.merge(other.tally);
        into.tally.gather_comers(&mut into.comers, other.comers);
        into.records.merge(other.records);
        into.leftovers.merge(other.leftovers);
        if let Some(receipt) = other.receipt {
            receipt.sign();
        }
    }

    fn finish(harvest: &mut Harvest) {
        harvest.tally.enter(std::mem::take(&mut harvest.comers));
    }
}
