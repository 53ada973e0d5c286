//! Views by the id that they share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ledger::{Unit, change, drop_view, facts_of};
use super::{Clocks, View, Views, combine};
use crate::model::{At, Endpoint, Facts, Observer, Origin, Seconds};
use crate::tally::{Sighting, Tally};

/// Times of one exchange differ by no more than this between two observers whose clocks agree: the one
/// writes down the start of a request, the other its end.
const APART: Seconds = Seconds(5.0);
/// Pairs from which on the median of their differences tells how far two clocks are apart.
const LEAST_PAIRS: usize = 3;
/// Refusals under one id in one input, from which on the id names more than one exchange.
const MOST_TRIES: usize = 2;

/// Two sightings that may be of one exchange, the better view first.
struct Edge<'t> {
    main: &'t Sighting,
    view: &'t Sighting,
    /// View's time minus main's.
    apart: Seconds,
}

/// Joins what shares an id; `moved` knows the facts of exchanges that have views already.
pub(super) fn join(
    tally: &mut Tally,
    clocks: &Clocks,
    views: &mut Views,
    moved: &BTreeMap<(u128, At), u128>,
) {
    let sets = sets(tally, clocks, views);
    for set in sets {
        let mut seen: Vec<(Unit<'_>, &Origin, Arc<Facts>)> = Vec::new();
        for sighting in &set {
            let Some(time) = sighting.origin.time else { continue };
            let group = moved.get(&(sighting.group, time.at)).copied().unwrap_or(sighting.group);
            let unit = Unit { group, at: time.at, origin: Some(&sighting.origin), count: 1 };
            seen.extend(facts_of(tally, group).map(|facts| (unit, &*sighting.origin, facts)));
        }
        if seen.len() != set.len() {
            continue;
        }
        seen.sort_by_key(|(_, origin, facts)| (rank(facts), (*origin).clone()));
        let Some(((main, origin, facts), others)) = seen.split_first() else { continue };
        let told: Vec<(String, &Facts)> =
            others.iter().map(|(_, o, facts)| (o.source.to_string(), &**facts)).collect();
        let joined = combine(facts, &told);
        let was =
            |origin: &Origin| set.iter().find(|s| *s.origin == *origin).map_or(0, |s| s.group);
        for (unit, place, facts) in others {
            drop_view(tally, *unit);
            views.hidden.insert((was(place), (*place).clone()));
            views.note(&place.source, &origin.source, true, 1);
            let said = set.iter().find(|s| *s.origin == **place).and_then(|s| s.said.clone());
            let view = View::of_refusal((*place).clone(), facts, said.clone());
            let behind = views.of_instant.get(&(was(place), unit.at)).cloned().unwrap_or_default();
            let key = (was(origin), (*origin).clone());
            let known = views.of_origin.entry(key).or_default();
            known.push(view);
            known.extend(behind);
            let further = views.places.get(place).cloned().unwrap_or_default();
            let known = views.places.entry((*origin).clone()).or_default();
            known.insert((*place).clone(), said);
            known.extend(further);
        }
        change(tally, *main, joined);
    }
}

/// How far the clocks of two inputs are apart, by the exchanges that both may hold.
pub(super) struct Offsets<'t>(BTreeMap<(&'t str, &'t str), Vec<f64>>);

impl<'t> Offsets<'t> {
    pub(super) fn of(pairs: impl Iterator<Item = ((&'t str, &'t str), Seconds)>) -> Self {
        let mut between: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
        for (sources, apart) in pairs {
            between.entry(sources).or_default().push(apart.0);
        }
        for list in between.values_mut() {
            list.sort_by(f64::total_cmp);
        }
        Self(between)
    }

    /// Whether a difference is that of the clocks; `known` is theirs where too few pairs tell.
    pub(super) fn agree(
        &self,
        sources: (&str, &str),
        apart: Seconds,
        known: impl Fn() -> f64,
    ) -> bool {
        let list = self.0.get(&sources).map_or(&[][..], Vec::as_slice);
        let median = list.get(list.len() / 2).copied().filter(|_| list.len() >= LEAST_PAIRS);
        (apart.0 - median.unwrap_or_else(known)).abs() <= APART.0
    }
}

/// What tells writers apart: who observes, and in which formats.
pub(super) fn kind_of<'t>(tally: &'t Tally, source: &str) -> (Observer, Vec<&'t String>) {
    let input = tally.inputs.get(source);
    let formats = input.into_iter().flat_map(|input| input.formats.keys().chain(&input.format));
    (input.map(|input| input.observer).unwrap_or_default(), formats.collect())
}

/// Finds the sets of sightings that are one exchange each, in a fixed order.
fn sets(tally: &Tally, clocks: &Clocks, views: &Views) -> Vec<BTreeSet<Sighting>> {
    let mut edges: Vec<Edge<'_>> = Vec::new();
    for (_, sightings) in tally.sightings.iter() {
        let Some(all) = sightings.all() else { continue };
        edges.extend(edges_of(tally, views, &all));
    }
    let offsets = Offsets::of(edges.iter().map(|edge| (edge.sources(), edge.apart)));
    edges.retain(|edge| offsets.agree(edge.sources(), edge.apart, || skew(tally, clocks, edge)));
    edges.sort_by_key(|edge| (edge.main, edge.view));
    let mut sets: Vec<BTreeSet<Sighting>> = Vec::new();
    let mut home: BTreeMap<&Sighting, usize> = BTreeMap::new();
    for edge in &edges {
        let [a, b] = [edge.main, edge.view].map(|sighting| {
            *home.entry(sighting).or_insert_with(|| {
                sets.push(BTreeSet::from([sighting.clone()]));
                sets.len() - 1
            })
        });
        let sources = |set: &BTreeSet<Sighting>| -> BTreeSet<Arc<str>> {
            set.iter().map(|s| Arc::clone(&s.origin.source)).collect()
        };
        let (Some(first), Some(second)) = (sets.get(a), sets.get(b)) else { continue };
        // One exchange is seen once by each observer.
        if a == b || !sources(first).is_disjoint(&sources(second)) {
            continue;
        }
        let absorbed = sets.get_mut(b).map(std::mem::take).unwrap_or_default();
        for sighting in &absorbed {
            if let Some(place) = home.get_mut(sighting) {
                *place = a;
            }
        }
        if let Some(set) = sets.get_mut(a) {
            set.extend(absorbed);
        }
    }
    sets.retain(|set| set.len() > 1);
    sets
}

/// Returns the pairs among the sightings of one id. Inputs of the same kind are nodes that each had an
/// attempt of their own, or copies: which one another observer saw is not known, so they are left out.
fn edges_of<'t>(tally: &'t Tally, views: &Views, all: &[&'t Sighting]) -> Vec<Edge<'t>> {
    let mut by_source: BTreeMap<&str, Vec<(&'t Sighting, &'t Facts)>> = BTreeMap::new();
    for sighting in all {
        let Some(facts) = tally.groups.get(&sighting.group).and_then(|g| g.facts.as_deref()) else {
            continue;
        };
        let time = sighting.origin.time.map(|t| (sighting.group, t.at));
        if time.is_none_or(|place| views.hidden_instants.contains(&place)) {
            continue;
        }
        by_source.entry(&sighting.origin.source).or_default().push((sighting, facts));
    }
    if by_source.values().any(|list| list.len() > MOST_TRIES) {
        return Vec::new();
    }
    let mut kinds: BTreeMap<_, u32> = BTreeMap::new();
    let kind = |facts: &'t Facts| (kind_of(tally, &facts.source), facts.status.is_none());
    for (_, facts) in by_source.values().filter_map(|list| list.first()) {
        *kinds.entry(kind(facts)).or_default() += 1;
    }
    let mut lists: Vec<_> = by_source
        .into_values()
        .filter(|list| list.first().is_some_and(|(_, facts)| kinds.get(&kind(facts)) == Some(&1)))
        .collect();
    lists.sort_by_key(|list| list.first().map(|(_, facts)| rank(facts)));
    let Some((mains, rest)) = lists.split_first() else { return Vec::new() };
    let mut edges = Vec::new();
    for list in rest.iter().filter(|list| list.len() == mains.len()) {
        for ((main, facts), (view, other)) in mains.iter().zip(list) {
            let (Some(from), Some(to)) = (main.origin.time, view.origin.time) else { continue };
            if agree(facts, other) {
                edges.push(Edge { main, view, apart: to.at.since(from.at) });
            }
        }
    }
    edges
}

/// Whether two views can be of one exchange by what was asked and answered.
fn agree(a: &Facts, b: &Facts) -> bool {
    let equal = |a: Option<u16>, b: Option<u16>| a.is_none() || b.is_none() || a == b;
    equal(a.status, b.status) && same_method(&a.endpoint, &b.endpoint) && {
        let (a, b) = (&*a.endpoint.path, &*b.endpoint.path);
        let (long, short) = if a.len() < b.len() { (b, a) } else { (a, b) };
        // A gateway may take off the prefix of a service: `/shop/orders` is `/orders` behind it.
        long == short || short.is_empty() || (short.len() > 1 && long.ends_with(short))
    }
}

/// Whether two methods are the same, as far as both are known.
pub(super) fn same_method(a: &Endpoint, b: &Endpoint) -> bool {
    a.method.is_none() || b.method.is_none() || a.method == b.method
}

/// Orders views: one with a status before one without, then the nearest to the client.
fn rank(facts: &Facts) -> (bool, Observer) {
    (facts.status.is_none(), facts.observer)
}

/// How far the clock of the view is ahead of that of the main record, as `Date` fields tell.
fn skew(tally: &Tally, clocks: &Clocks, edge: &Edge<'_>) -> f64 {
    let facts = |s: &Sighting| tally.groups.get(&s.group).and_then(|g| g.facts.as_deref());
    let (Some(main), Some(view)) = (facts(edge.main), facts(edge.view)) else { return 0.0 };
    if view.client.capture.is_some() {
        return 0.0;
    }
    let host = main.endpoint.host.as_ref();
    host.and_then(|host| clocks.of_host(&main.client, host)).map_or(0.0, |skew| skew.median.0)
}

impl<'t> Edge<'t> {
    fn sources(&self) -> (&'t str, &'t str) {
        (&self.main.origin.source, &self.view.origin.source)
    }
}
