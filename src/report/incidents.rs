//! Bursts of failures: where they begin and end, whom they hit, what changed just before.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::{self, Firsts};
use super::{Judged, affected, ranked};
use crate::model::{At, CauseId, Class, Evidence, Incident, Seconds, Time};
use crate::world::World;

/// Failures further apart than this belong to two incidents.
const GAP: Seconds = Seconds(300.0);
/// Fewer failures than this are no burst.
const LEAST: u64 = 3;
/// Refusals of one credential at one endpoint that make a storm of retries.
const STORM: u64 = 10;
const LISTED: usize = 5;

pub(super) fn find(world: &World<'_>, judged: &[Judged<'_>]) -> Vec<Incident> {
    let failures: Vec<&Judged<'_>> =
        judged.iter().filter(|j| j.timed && j.judgement.class == Class::Failure).collect();
    let mut bursts: Vec<Vec<&Judged<'_>>> = Vec::new();
    let mut end: Option<At> = None;
    for item in failures {
        let near = end.is_some_and(|end| item.bucket.first.since(end).0 <= GAP.0);
        match bursts.last_mut().filter(|_| near) {
            Some(burst) => burst.push(item),
            None => bursts.push(vec![item]),
        }
        end = end.max(Some(item.bucket.last));
    }
    let firsts = Firsts::learn(world);
    let mut incidents: Vec<Incident> = bursts
        .iter()
        .filter(|burst| burst.iter().map(|j| j.bucket.count).sum::<u64>() >= LEAST)
        .filter_map(|burst| incident(world, &firsts, burst))
        .collect();
    incidents.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.start.cmp(&b.start)));
    incidents
}

fn incident(world: &World<'_>, firsts: &Firsts<'_>, burst: &[&Judged<'_>]) -> Option<Incident> {
    let start = burst.iter().map(|j| j.bucket.first).min()?;
    let end = burst.iter().map(|j| j.bucket.last).max()?;
    let mut causes: BTreeMap<CauseId, u64> = BTreeMap::new();
    let mut endpoints: BTreeMap<String, u64> = BTreeMap::new();
    let mut hit = BTreeSet::new();
    for item in burst {
        let n = item.bucket.count;
        *causes.entry(CauseId::owned(item.cause().to_owned())).or_default() += n;
        *endpoints.entry(item.facts.endpoint.to_string()).or_default() += n;
        hit.insert(&item.facts.endpoint);
    }
    let tally = world.tally();
    let uses = tally.uses.iter().flat_map(|(_, usage)| usage.endpoints.iter());
    let used =
        uses.filter(|(endpoint, _)| hit.contains(endpoint)).map(|(_, times)| times.first_from(end));
    let places = tally.visits.places().filter(|(endpoint, _)| hit.contains(endpoint));
    let visited = places.map(|(_, times)| times.first_from(end));
    let recovery = used.chain(visited).flatten().filter(|at| *at > end).min();
    let show = |at| Time { at, digits: 3, zone_assumed: false }.to_string();
    let distinct = affected::distinct(burst);
    Some(Incident {
        start: show(start),
        end: show(end),
        count: burst.iter().map(|j| j.bucket.count).sum(),
        causes: ranked(causes, LISTED),
        endpoints: ranked(endpoints, LISTED),
        clients: distinct.get("clients").copied().unwrap_or_default(),
        distinct,
        bounds: affected::bounds(world, burst),
        recovery: recovery.map(show),
        before: changes::before(world, firsts, burst, start),
        storms: storms(burst),
    })
}

/// Tells credentials that were sent again and again: this often, at least once a second, at one endpoint.
fn storms(burst: &[&Judged<'_>]) -> Vec<Evidence> {
    let mut sent: BTreeMap<_, (u64, At, At)> = BTreeMap::new();
    for item in burst {
        let Some(mark) = item.token else { continue };
        let bucket = &item.bucket;
        let entry = sent.entry((mark, &item.facts.endpoint));
        let known = entry.or_insert((0, bucket.first, bucket.last));
        *known = (known.0 + bucket.count, known.1.min(bucket.first), known.2.max(bucket.last));
    }
    let mut found: Vec<(u64, String)> = sent
        .into_iter()
        .filter_map(|((mark, endpoint), (count, first, last))| {
            let span = last.since(first);
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
            let dense = count as f64 >= span.0;
            (count >= STORM && dense).then(|| {
                let fact = format!("{mark} was sent {count} times to {endpoint} within {span}");
                (count, fact)
            })
        })
        .collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    found.into_iter().take(LISTED).map(|(_, fact)| Evidence::new(fact, "history")).collect()
}
