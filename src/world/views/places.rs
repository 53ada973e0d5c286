//! Views without a status: lines of error logs and applications, beside the refusals that they explain.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ids::same_method;
use super::ledger::{self, Unit, change, drop_view, facts_of};
use super::{View, Views, combine};
use crate::model::{At, CauseId, Endpoint, Facts, Observer, Origin, Outcome, Time, Weight};
use crate::tally::{Bucket, Tally, line_mark_of};

const SECOND: i64 = 1_000_000_000;
/// Zones lie whole quarters of an hour apart, at most 14 hours from UTC.
const QUARTER: i64 = 900 * SECOND;
const WIDEST: i64 = 14 * 3600 * SECOND;
/// Lines that a shift of the zone must fit, all of them; fewer may fit by chance.
const LEAST_LINES: u64 = 3;

/// Client and path: what both kinds of lines name.
type Spot<'t> = (&'t str, &'t str);

/// Exchanges of equal facts at one instant.
#[derive(Clone, Copy, Debug)]
struct Event<'t> {
    at: At,
    count: u64,
    group: u128,
    facts: &'t Facts,
}

/// Events by spot.
type Spots<'t> = BTreeMap<Spot<'t>, Vec<Event<'t>>>;

/// By explained refusals (group and instant): how many, and the lines that explain them.
type Told = BTreeMap<(u128, At), (u64, Vec<(u128, At, u64)>)>;

/// Lines that explain so many refusals.
#[derive(Clone, Copy, Debug)]
struct Match<'t> {
    main: Event<'t>,
    line: Event<'t>,
    count: u64,
}

/// What was found for the lines of one input.
#[derive(Debug, Default)]
struct Fit<'t> {
    pairs: Vec<Match<'t>>,
    /// Lines with no refusal near.
    lonely: u64,
    /// Lines with refusals near that do not tell which.
    unclear: u64,
}

/// Joins lines without a status; `moved` learns the keys of what has views now.
pub(super) fn join(tally: &mut Tally, views: &mut Views, moved: &mut BTreeMap<(u128, At), u128>) {
    let told = find(tally, views);
    apply(tally, views, moved, &told);
}

fn find(tally: &Tally, views: &mut Views) -> Told {
    let mut told = Told::new();
    for (source, lines) in lines_without_status(tally) {
        let refusals = refusals(tally, &lines);
        if refusals.is_empty() {
            continue;
        }
        let mut fit = fit(&lines, &refusals, 0);
        if fit.pairs.is_empty() && fit.unclear == 0 && is_zoneless(tally, source) {
            // Lines of one log have one zone.
            let foreign = refusals.into_iter().map(|(spot, events)| {
                let of_others = events.into_iter().filter(|e| e.facts.source != *source);
                (spot, of_others.collect())
            });
            let found = shifted(&lines, &foreign.collect());
            let Some((shift, found)) = found else { continue };
            if let Some(Match { main, .. }) = found.pairs.first() {
                let by = At(shift).since(At(0));
                views.shifts.insert(Arc::clone(source), (Arc::clone(&main.facts.source), by));
            }
            fit = found;
        }
        if fit.unclear > 0 {
            views.unclear.insert(Arc::clone(source), fit.unclear);
        }
        for Match { main, line, count } in fit.pairs {
            let known = told.entry((main.group, main.at)).or_default();
            known.0 = main.count;
            known.1.push((line.group, line.at, count));
        }
    }
    told
}

fn apply(
    tally: &mut Tally,
    views: &mut Views,
    moved: &mut BTreeMap<(u128, At), u128>,
    told: &Told,
) {
    for (&(group, at), (count, lines)) in told {
        let main = Unit { group, at, origin: None, count: *count };
        let Some(facts) = facts_of(tally, group) else { continue };
        let places = ledger::places(tally, main);
        let mut said: Vec<(String, Arc<Facts>)> = Vec::new();
        for &(line, when, n) in lines {
            let Some(other) = facts_of(tally, line) else { continue };
            let unit = Unit { group: line, at: when, origin: None, count: n };
            let (place, words) = match the_line(tally, line, when) {
                Some((place, said)) if n == 1 && *count == 1 => (Some(place), said),
                _ => (None, None),
            };
            if let (Some(place), [main]) = (&place, places.as_slice())
                && *count == 1
            {
                let known = views.places.entry(Origin::clone(main)).or_default();
                known.insert(place.clone(), words.clone());
            }
            let origin = place.unwrap_or_else(|| Origin {
                time: Some(Time { at: when, digits: 3, zone_assumed: false }),
                source: Arc::clone(&other.source),
                member: None,
                position: crate::model::Position::default(),
            });
            drop_view(tally, unit);
            views.hidden_instants.insert((line, when));
            views.note(&other.source, &facts.source, false, n);
            // Of exchanges that cannot be told apart each has a view, not all of them.
            let known = views.of_instant.entry((group, at)).or_default();
            if !known.iter().any(|view: &View| view.origin.source == origin.source) {
                known.push(View::of_refusal(origin, &other, words));
            }
            said.push((other.source.to_string(), other));
        }
        let others: Vec<(String, &Facts)> =
            said.iter().map(|(name, facts)| (name.clone(), &**facts)).collect();
        let key = change(tally, main, combine(&facts, &others));
        moved.insert((group, at), key);
    }
}

/// Returns the place and the words of the only line of its kind at an instant.
fn the_line(tally: &Tally, group: u128, at: At) -> Option<(Origin, Option<Box<str>>)> {
    let all = tally.sightings.get(&line_mark_of(group, at))?.all()?;
    let [only] = all.as_slice() else { return None };
    Some((Origin::clone(&only.origin), only.said.clone()))
}

/// Returns the lines that say why and not with what status, by source.
fn lines_without_status(tally: &Tally) -> BTreeMap<&Arc<str>, Spots<'_>> {
    let mut sources: BTreeMap<&Arc<str>, Spots<'_>> = BTreeMap::new();
    for (key, group) in tally.groups.iter() {
        let Some(facts) = group.facts.as_deref() else { continue };
        if facts.status.is_none()
            && facts.grpc_status.is_none()
            && facts.answer.outcome.is_refused()
            && let Some(spot) = spot(facts)
        {
            let events = sources.entry(&facts.source).or_default().entry(spot).or_default();
            events.extend(events_of(*key, group.times.buckets(), facts));
        }
    }
    sources
}

/// Returns the refusals with a status at the spots of `lines`, in whatever input they stand: one log may
/// hold both kinds of lines.
fn refusals<'t>(tally: &'t Tally, lines: &Spots<'t>) -> Spots<'t> {
    let mut found = Spots::new();
    for (key, group) in tally.groups.iter() {
        let Some(facts) = group.facts.as_deref() else { continue };
        let refused = facts.answer.outcome.is_refused() || facts.answer.outcome == Outcome::Neutral;
        if facts.status.is_some_and(|s| matches!(s, 401 | 403 | 407) || s >= 500)
            && refused
            && let Some(spot) = spot(facts)
            && lines.contains_key(&spot)
        {
            let events = events_of(*key, group.times.buckets(), facts);
            found.entry(spot).or_default().extend(events);
        }
    }
    found
}

/// Returns client and path of what a server wrote.
fn spot(facts: &Facts) -> Option<Spot<'_>> {
    let server = facts.observer >= Observer::Gateway && facts.client.capture.is_none();
    let path = &*facts.endpoint.path;
    facts.client.ip.as_deref().filter(|_| server && !path.is_empty()).map(|ip| (ip, path))
}

fn events_of<'t>(
    group: u128,
    buckets: impl Iterator<Item = Bucket> + 't,
    facts: &'t Facts,
) -> impl Iterator<Item = Event<'t>> {
    buckets.map(move |b| {
        // In a wide bucket the instants are not known: it stands for a time that fits nothing.
        let at = if b.first == b.last { b.first } else { At(i64::MIN) };
        Event { at, count: b.count, group, facts }
    })
}

/// Whether no time of an input named its zone, and `--tz` did not either.
fn is_zoneless(tally: &Tally, source: &str) -> bool {
    tally.inputs.get(source).is_some_and(|i| i.zone_assumed > 0 && i.zone_assumed == i.exchanges)
}

/// Finds the only shift by whole quarters of an hour under which every line has its refusal.
fn shifted<'t>(lines: &Spots<'t>, refusals: &Spots<'t>) -> Option<(i64, Fit<'t>)> {
    let all: u64 = lines.values().flatten().map(|line| line.count).sum();
    let instants: BTreeSet<At> = lines.values().flatten().map(|line| line.at).collect();
    if all < LEAST_LINES || instants.len() < 2 || instants.contains(&At(i64::MIN)) {
        return None;
    }
    let (spot, first) = lines.iter().find_map(|(spot, events)| Some((spot, events.first()?)))?;
    let shifts: BTreeSet<i64> = refusals
        .get(spot)?
        .iter()
        .map(|refusal| refusal.at.0.saturating_sub(first.at.0))
        .map(|apart| apart.saturating_add(QUARTER / 2).div_euclid(QUARTER).saturating_mul(QUARTER))
        .filter(|shift| *shift != 0 && shift.abs() <= WIDEST)
        .collect();
    let mut fits = shifts.into_iter().filter_map(|shift| {
        let found = fit(lines, refusals, shift);
        (found.lonely == 0 && found.unclear == 0).then_some((shift, found))
    });
    let only = fits.next()?;
    fits.next().is_none().then_some(only)
}

/// Pairs the lines of one input, `shift` later, with refusals of others.
fn fit<'t>(lines: &Spots<'t>, refusals: &Spots<'t>, shift: i64) -> Fit<'t> {
    let mut fit = Fit::default();
    for (spot, lines) in lines {
        let others = refusals.get(spot).map_or(&[][..], Vec::as_slice);
        let second = |event: &Event<'t>| event.at.0.saturating_add(shift).div_euclid(SECOND);
        let known = |event: &&Event<'t>| event.at != At(i64::MIN);
        let mut open: BTreeMap<i64, Vec<Event<'t>>> = BTreeMap::new();
        for line in lines.iter().filter(known) {
            open.entry(second(line)).or_default().push(*line);
        }
        let mut free: BTreeMap<i64, Vec<Event<'t>>> = BTreeMap::new();
        for refusal in others.iter().filter(known) {
            free.entry(refusal.at.0.div_euclid(SECOND)).or_default().push(*refusal);
        }
        fit.lonely += lines.iter().filter(|l| !known(l)).map(|l| l.count).sum::<u64>();
        // The same second first, then the next one to it: a server writes its access line at the end.
        for apart in [0, 1, -1] {
            let seconds: Vec<i64> = open.keys().copied().collect();
            for at in seconds {
                let near = at + apart;
                let crowded = apart != 0
                    && [-1, 0, 1].iter().any(|d| {
                        *d != 0 && open.contains_key(&(at + d))
                            || *d != apart && free.contains_key(&(at + d))
                            || open.contains_key(&(near + apart))
                    });
                let (Some(mine), Some(theirs)) = (open.get(&at), free.get(&near)) else { continue };
                let Some(pairs) = (!crowded).then(|| paired(mine, theirs)).flatten() else {
                    continue;
                };
                fit.pairs.extend(pairs);
                open.remove(&at);
                free.remove(&near);
            }
        }
        for (at, lines) in open {
            let count: u64 = lines.iter().map(|line| line.count).sum();
            let near = (at - 1..=at + 1).any(|second| free.contains_key(&second));
            *(if near { &mut fit.unclear } else { &mut fit.lonely }) += count;
        }
    }
    fit
}

/// Pairs lines with refusals one to one, where it does not matter which takes which: there are as many,
/// and all say the same.
fn paired<'t>(lines: &[Event<'t>], refusals: &[Event<'t>]) -> Option<Vec<Match<'t>>> {
    let sum = |events: &[Event<'t>]| events.iter().map(|e| e.count).sum::<u64>();
    let first = reason(lines.first()?.facts);
    let fits = |line: &Event<'t>| {
        let of = |other: &Event<'t>| same_ask(&line.facts.endpoint, &other.facts.endpoint);
        refusals.iter().all(of) && reason(line.facts) == first
    };
    if sum(lines) != sum(refusals) || !lines.iter().all(fits) {
        return None;
    }
    let sorted = |events: &[Event<'t>]| {
        let mut events = events.to_vec();
        events.sort_by_key(|e| (e.at, e.group));
        events
    };
    let (mut lines, mut refusals) = (sorted(lines).into_iter(), sorted(refusals).into_iter());
    let (mut line, mut refusal) = (lines.next()?, refusals.next()?);
    let (mut said, mut open) = (line.count, refusal.count);
    let mut pairs = Vec::new();
    loop {
        let count = said.min(open);
        pairs.push(Match { main: refusal, line, count });
        (said, open) = (said - count, open - count);
        if said == 0 {
            match lines.next() {
                Some(next) => (line, said) = (next, next.count),
                None => return Some(pairs),
            }
        }
        if open == 0 {
            match refusals.next() {
                Some(next) => (refusal, open) = (next, next.count),
                None => return Some(pairs),
            }
        }
    }
}

fn same_ask(a: &Endpoint, b: &Endpoint) -> bool {
    same_method(a, b) && (a.host.is_none() || b.host.is_none() || a.host == b.host)
}

/// Returns what a line gives as the reason: what its strongest words mean, and who knows them.
fn reason(facts: &Facts) -> Option<(Weight, &[CauseId], Option<&str>)> {
    let statements = facts.answer.statements.iter();
    statements.map(|s| (s.weight, s.causes.as_slice(), s.dialect.as_deref())).max()
}
