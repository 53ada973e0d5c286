//! Bursts of failures: where they begin and end, whom they hit, what changed just before.

use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::quality::FixedState;
use rayon::prelude::*;

use super::changes::{self, Firsts};
use super::{Judged, affected, ranked};
use crate::model::{At, CauseId, Class, Client, Endpoint, Evidence, Incident, Seconds, Time};
use crate::world::World;

/// Failures further apart than this belong to two incidents.
const GAP: Seconds = Seconds(300.0);
/// Fewer failures than this are no burst.
const LEAST: u64 = 3;
/// Refusals of one credential at one endpoint that make a storm of retries.
const STORM: u64 = 10;
const LISTED: usize = 5;

pub(super) fn find(world: &World<'_>, judged: &[Judged<'_>]) -> Vec<Incident> {
    let failures = judged.iter().filter(|j| j.timed && j.class == Class::Failure);
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
    bursts.retain(|burst| burst.iter().map(|j| j.bucket.count).sum::<u64>() >= LEAST);
    let clients: Vec<Vec<&Client>> =
        bursts.par_iter().map(|burst| changes::clients(burst)).collect();
    let firsts = Firsts::learn(world, clients.iter().flatten().copied());
    let mut incidents: Vec<Incident> = bursts
        .par_iter()
        .zip(&clients)
        .filter_map(|(burst, clients)| incident(world, &firsts, burst, clients))
        .collect();
    incidents.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.start.cmp(&b.start)));
    incidents
}

fn incident(
    world: &World<'_>,
    firsts: &Firsts<'_>,
    burst: &[&Judged<'_>],
    clients: &[&Client],
) -> Option<Incident> {
    let start = burst.iter().map(|j| j.bucket.first).min()?;
    let end = burst.iter().map(|j| j.bucket.last).max()?;
    let mut causes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut hit: HashMap<u32, &Endpoint, FixedState> = HashMap::default();
    for item in burst {
        *causes.entry(item.cause()).or_default() += item.bucket.count;
        hit.insert(item.place(), &item.facts().endpoint);
    }
    let causes = causes.into_iter().map(|(id, n)| (CauseId::owned(id.to_owned()), n)).collect();
    let (endpoints, _) = affected::places(burst);
    let hit: HashSet<&Endpoint, FixedState> = hit.into_values().collect();
    let used = hit.iter().flat_map(|endpoint| world.let_in_times(endpoint, end));
    let used = used.map(|times| times.first_from(end));
    let places = world.tally().visits.places().filter(|(endpoint, _)| hit.contains(endpoint));
    let visited = places.map(|(_, times)| times.first_from(end));
    let recovery = used.chain(visited).flatten().filter(|at| *at > end).min();
    let show = |at| Time { at, digits: 3, zone_assumed: false }.to_string();
    let ((distinct, bounds), (before, storms)) = rayon::join(
        || (affected::distinct(burst), affected::bounds(world, burst)),
        || (changes::before(world, firsts, (burst, clients), start), storms(burst)),
    );
    Some(Incident {
        start: show(start),
        end: show(end),
        count: burst.iter().map(|j| j.bucket.count).sum(),
        causes: ranked(causes, LISTED),
        endpoints: endpoints.ranked(LISTED, ToString::to_string).rows,
        clients: distinct.get("clients").copied().unwrap_or_default(),
        distinct,
        bounds,
        recovery: recovery.map(show),
        before,
        storms,
    })
}

/// Tells credentials that were sent again and again: this often, at least once a second, at one endpoint.
fn storms(burst: &[&Judged<'_>]) -> Vec<Evidence> {
    let mut sent: HashMap<_, (&Endpoint, u64, At, At), FixedState> = HashMap::default();
    for item in burst {
        let Some(mark) = item.token() else { continue };
        let bucket = &item.bucket;
        let entry = sent.entry((mark, item.place()));
        let endpoint = &item.facts().endpoint;
        let (_, count, first, last) = entry.or_insert((endpoint, 0, bucket.first, bucket.last));
        *count += bucket.count;
        (*first, *last) = ((*first).min(bucket.first), (*last).max(bucket.last));
    }
    let mut found: Vec<(u64, String)> = sent
        .into_iter()
        .filter_map(|((mark, _), (endpoint, count, first, last))| {
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
