//! Views of what was not refused: counted once too, where their ids are few enough to compare all.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::{Offsets, kind_of};
use super::ledger::uncount;
use super::{View, Views};
use crate::model::{Observer, Origin};
use crate::tally::{Tally, ask_of};

/// One exchange under an id.
#[derive(Clone, Copy, Debug)]
struct Candidate<'t> {
    origin: &'t Origin,
    observer: Observer,
    status: Option<u16>,
    ask: u64,
    usage: Option<u128>,
    refused: bool,
}

/// Joins what shares an id and was let in; what another observer saw refused (a redirect whose target
/// only a browser shows) is a refusal.
pub(super) fn join(tally: &mut Tally, views: &mut Views) {
    if tally.passed.is_sample() {
        views.passed_twice = !views.notes.is_empty();
        return;
    }
    let mut taken: BTreeMap<Origin, (Origin, View, Option<u128>)> = BTreeMap::new();
    let edges = edges(tally, views);
    let offsets = Offsets::of(edges.iter().map(|(a, b)| (sources(a, b), apart(a, b))));
    for (main, view) in &edges {
        if offsets.agree(sources(main, view), apart(main, view), || 0.0) {
            let (observer, status) = (view.observer, view.status);
            let origin = view.origin.clone();
            let seen = View { origin, observer, status, facts: None, said: None };
            let first = taken.entry(view.origin.clone());
            first.or_insert_with(|| (main.origin.clone(), seen, view.usage));
        }
    }
    let views_only: BTreeSet<Origin> = taken.keys().cloned().collect();
    for (place, (main, view, usage)) in taken {
        // What is a view itself has none: its exchange keeps them.
        if views_only.contains(&main) {
            continue;
        }
        if let Some(time) = place.time {
            uncount(tally, view.status, time.at, 1);
        }
        // Its instants stay: they are as true of this client as of the one that the other input names.
        if let Some(usage) = usage.and_then(|key| tally.uses.get_mut(key)) {
            usage.count = usage.count.saturating_sub(1);
        }
        views.note(&place.source, &main.source, true, 1);
        views.passed.insert(place);
        views.of_passed.entry(main).or_default().push(view);
    }
}

/// Returns the pairs that the ids name, the one that stays first.
fn edges<'t>(tally: &'t Tally, views: &Views) -> Vec<(Candidate<'t>, Candidate<'t>)> {
    let mut edges = Vec::new();
    for (mark, passes) in tally.passed.iter() {
        let Some(passes) = passes.all() else { continue };
        let refused = match tally.sightings.get(&crate::model::Fingerprint::new(mark)) {
            None => Vec::new(),
            Some(sightings) => match sightings.all() {
                Some(all) => all,
                None => continue,
            },
        };
        let mut all: Vec<Candidate<'t>> = passes
            .into_iter()
            .map(|pass| Candidate {
                origin: &pass.origin,
                observer: kind_of(tally, &pass.origin.source).0,
                status: pass.status,
                ask: pass.ask,
                usage: pass.usage,
                refused: false,
            })
            .collect();
        for sighting in refused {
            let place = (sighting.group, Origin::clone(&sighting.origin));
            let facts = tally.groups.get(&sighting.group).and_then(|g| g.facts.as_deref());
            // One that has views itself may have left its group: it is an exchange of its own here.
            let Some(facts) = facts.filter(|_| !views.hidden.contains(&place)) else { continue };
            all.push(Candidate {
                origin: &sighting.origin,
                observer: facts.observer,
                status: facts.status,
                ask: ask_of(&facts.endpoint),
                usage: None,
                refused: true,
            });
        }
        edges.extend(pairs(tally, all));
    }
    edges
}

fn pairs<'t>(tally: &'t Tally, mut all: Vec<Candidate<'t>>) -> Vec<(Candidate<'t>, Candidate<'t>)> {
    let sources: BTreeSet<&str> = all.iter().map(|c| &*c.origin.source).collect();
    let kinds: BTreeSet<_> = sources.iter().map(|source| kind_of(tally, source)).collect();
    // One sighting an input, and no two inputs of one kind: nodes, or copies.
    if sources.len() < 2 || sources.len() != all.len() || kinds.len() != all.len() {
        return Vec::new();
    }
    all.sort_by_key(|c| (!c.refused, c.status.is_none(), c.observer, c.origin));
    let Some((main, others)) = all.split_first() else { return Vec::new() };
    let same = |view: &&Candidate<'t>| {
        !view.refused
            && view.ask == main.ask
            && (view.status.is_none() || main.status.is_none() || view.status == main.status)
            && view.origin.time.is_some()
            && main.origin.time.is_some()
    };
    others.iter().filter(same).map(|view| (*main, *view)).collect()
}

fn sources<'t>(a: &Candidate<'t>, b: &Candidate<'t>) -> (&'t str, &'t str) {
    (&a.origin.source, &b.origin.source)
}

fn apart(a: &Candidate<'_>, b: &Candidate<'_>) -> crate::model::Seconds {
    let zero = crate::model::Seconds(0.0);
    b.origin.time.zip(a.origin.time).map_or(zero, |(b, a)| b.at.since(a.at))
}
