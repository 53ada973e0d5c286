//! Views: one exchange as several observers saw it, found after the last merge and counted once.
//!
//! Two rules find them. An *id* of a request (or of a trace, with method and path) that several inputs
//! hold names one exchange, where the times agree. A *line without a status* (of an error log, of an
//! application) belongs to the refusal that it or another input of the same server holds for the same client,
//! method and path in the same second, where counts leave no choice. The record with a status, nearest
//! to the client, stays; what the others say and show becomes part of its facts; they are counted no
//! more. What is not certain is left apart: a false pair is worse than none.

mod combine;
mod ids;
mod ledger;
mod passed;
mod places;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::combine::combine;
use super::clocks::Clocks;
use crate::model::{Assumption, At, Facts, Observer, Origin, Record, Seconds, Token};
use crate::tally::{Tally, group_key};

/// What was joined.
#[derive(Clone, Debug, Default)]
pub struct Views {
    /// What others saw of an exchange, by the key of its facts and its place.
    of_origin: BTreeMap<(u128, Origin), Vec<View>>,
    /// The same for all exchanges of equal facts at one instant.
    of_instant: BTreeMap<(u128, At), Vec<View>>,
    hidden: BTreeSet<(u128, Origin)>,
    hidden_instants: BTreeSet<(u128, At)>,
    /// The same for what was not refused, by place.
    passed: BTreeSet<Origin>,
    of_passed: BTreeMap<Origin, Vec<View>>,
    /// The places of the views by that of their exchange, for examples.
    places: BTreeMap<Origin, BTreeMap<Origin, Option<Box<str>>>>,
    notes: BTreeMap<Pair, u64>,
    shifts: BTreeMap<Arc<str>, (Arc<str>, Seconds)>,
    /// Lines without a status that fit several refusals, by source.
    unclear: BTreeMap<Arc<str>, u64>,
    /// More ids than are kept: of the rest nothing was joined.
    sampled: bool,
    /// The same for what was let in: nothing of it was joined.
    passed_twice: bool,
}

/// One exchange as another observer saw it.
#[derive(Clone, Debug)]
pub struct View {
    /// Where it stands; without a position where that is not known.
    pub origin: Origin,
    /// Who recorded it.
    pub observer: Observer,
    /// The status that it saw.
    pub status: Option<u16>,
    /// What a refusal shows; the words are those of one of its kind.
    pub facts: Option<Arc<Facts>>,
    /// Its own words, where they are known.
    pub said: Option<Box<str>>,
}

/// Who saw whose exchanges, and how they were found.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Pair {
    view: Arc<str>,
    main: Arc<str>,
    by_id: bool,
}

/// What one record is to the others.
#[derive(Debug)]
pub enum Part<'v> {
    /// Nobody else saw it, as far as is known.
    Alone,
    /// The exchange as it is counted, with what others saw of it.
    Main(Vec<&'v View>),
    /// A view of an exchange that stands elsewhere.
    View,
}

impl Views {
    /// Finds the views of the same exchange and takes all but one out of the counts of `tally`, whose facts
    /// then hold what the others said. Only after the last merge.
    pub fn join(tally: &mut Tally) -> Self {
        let mut views = Self::default();
        let mut moved = BTreeMap::new();
        places::join(tally, &mut views, &mut moved);
        if tally.inputs.len() < 2 {
            return views;
        }
        if !tally.sightings.is_empty() {
            let clocks = Clocks::learn(tally);
            ids::join(tally, &clocks, &mut views, &moved);
        }
        passed::join(tally, &mut views);
        views.sampled = tally.sightings.is_sample() && !views.notes.is_empty();
        views
    }

    /// Returns what a record is to the others.
    pub fn part_of(&self, record: &Record) -> Part<'_> {
        let facts = &record.facts;
        if self.notes.is_empty() {
            return Part::Alone;
        }
        if self.passed.contains(&record.origin) {
            return Part::View;
        }
        let passed = self.of_passed.get(&record.origin);
        if !facts.answer.outcome.is_refused() {
            return passed.map_or(Part::Alone, |seen| Part::Main(seen.iter().collect()));
        }
        let place = (group_key(facts), record.origin.clone());
        let instant = record.origin.time.map(|t| (place.0, t.at));
        if self.hidden.contains(&place)
            || instant.is_some_and(|i| self.hidden_instants.contains(&i))
        {
            return Part::View;
        }
        let at_instant = instant.and_then(|i| self.of_instant.get(&i)).into_iter().flatten();
        let seen: Vec<&View> = self
            .of_origin
            .get(&place)
            .into_iter()
            .chain(passed)
            .flatten()
            .chain(at_instant)
            .collect();
        if seen.is_empty() { Part::Alone } else { Part::Main(seen) }
    }

    /// Returns the places where others saw the exchange that stands here, with their words.
    pub fn places_of(&self, origin: &Origin) -> impl Iterator<Item = (&Origin, Option<&str>)> {
        let known = self.places.get(origin).into_iter().flatten();
        known.map(|(place, said)| (place, said.as_deref()))
    }

    /// Says what was joined, and what that rests on.
    pub fn assumptions(&self) -> Vec<Assumption> {
        let option = || "--no-join".to_owned();
        let mut all = Vec::new();
        for (Pair { view, main, by_id }, count) in &self.notes {
            let by = if *by_id { "the same id" } else { "the same client, path and second" };
            let (what, stand) = match count {
                1 => ("1 of its exchanges".to_owned(), "stands"),
                n => (format!("{n} of its exchanges"), "stand"),
            };
            let what = if view == main {
                let (lines, tell) = match count {
                    1 => ("1 of its lines without a status".to_owned(), "tells"),
                    n => (format!("{n} of its lines without a status"), "tell"),
                };
                format!(
                    "{lines} {tell} of a refusal that has its own line, by {by}: each was counted once"
                )
            } else {
                format!("{what} {stand} in {main} too, by {by}: each was counted once")
            };
            all.push(Assumption { source: Some(view.to_string()), what, option: option() });
        }
        for (source, count) in &self.unclear {
            let what = format!(
                "{count} of its lines without a status fit several refusals and were left apart"
            );
            all.push(Assumption { source: Some(source.to_string()), what, option: option() });
        }
        for (source, (main, shift)) in &self.shifts {
            let what = format!(
                "its times, which name no zone, were shifted by {shift}: only so all its lines fit those of \
                 {main}"
            );
            all.push(Assumption { source: Some(source.to_string()), what, option: "--tz".into() });
        }
        if self.passed_twice {
            let what = "too many exchanges with ids were let in to compare them: those that several inputs \
                        hold count once for each";
            all.push(Assumption { source: None, what: what.into(), option: option() });
        }
        if self.sampled {
            let what =
                "more ids than are kept: views of the same exchange were joined for a part only";
            all.push(Assumption { source: None, what: what.into(), option: option() });
        }
        all
    }

    fn note(&mut self, view: &Arc<str>, main: &Arc<str>, by_id: bool, count: u64) {
        let pair = Pair { view: Arc::clone(view), main: Arc::clone(main), by_id };
        *self.notes.entry(pair).or_default() += count;
    }
}

impl View {
    fn of_refusal(origin: Origin, facts: &Arc<Facts>, said: Option<Box<str>>) -> Self {
        let (observer, status) = (facts.observer, facts.status);
        Self { origin, observer, status, facts: Some(Arc::clone(facts)), said }
    }

    /// Returns the input and, where it is known, the place in it: `gateway.log line 12`.
    pub fn named(&self) -> String {
        named(&self.origin)
    }
}

/// Returns the input and, where it is known, the place in it: `gateway.log line 12`, `a.har entry 3`.
pub fn named(origin: &Origin) -> String {
    let source = &origin.source;
    let position = &origin.position;
    match (position.line, position.entry, position.byte) {
        (Some(line), _, _) => format!("{source} line {line}"),
        (_, Some(entry), _) => format!("{source} entry {entry}"),
        (_, _, Some(byte)) => format!("{source} byte {byte}"),
        _ => source.to_string(),
    }
}

/// Returns the facts of a view with its own words.
fn worded(view: &View) -> Option<(String, Facts)> {
    let mut facts = Facts::clone(view.facts.as_deref()?);
    let mut statements = Arc::make_mut(&mut facts.answer).statements.iter_mut();
    if let (Some(said), Some(strongest)) =
        (&view.said, statements.find(|statement| statement.place != "status"))
    {
        strongest.text = said.to_string();
    }
    Some((view.named(), facts))
}

/// Returns a record with what the views of its exchange say and show; `token` knows the facts of each.
pub fn enrich<'t>(
    record: &Record,
    views: &[&View],
    token: impl Fn(crate::model::Fingerprint) -> Option<&'t Token>,
) -> Record {
    let worded: Vec<(String, Facts)> = views.iter().filter_map(|view| worded(view)).collect();
    let seen: Vec<(String, &Facts)> = worded.iter().map(|(n, facts)| (n.clone(), facts)).collect();
    let facts = combine(&record.facts, &seen);
    let mut tokens = record.tokens.clone();
    for mark in facts.credentials.iter().filter_map(super::mark_of) {
        if !tokens.iter().any(|t| t.fingerprint == Some(mark))
            && let Some(token) = token(mark)
        {
            tokens.push(Arc::new(token.clone()));
        }
    }
    Record { facts, tokens, ..record.clone() }
}
