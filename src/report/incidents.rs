//! Bursts of failures: where they begin and end, whom they hit, what changed just before.

use std::collections::{BTreeMap, BTreeSet};

use super::{Judged, ranked};
use crate::model::{At, CauseId, Class, Evidence, Incident, Seconds, Time, Token};
use crate::world::World;

/// Failures further apart than this belong to two incidents.
const GAP: Seconds = Seconds(300.0);
/// Fewer failures than this are no burst.
const LEAST: u64 = 3;
/// How long before its start a change counts as "just before".
const BEFORE: Seconds = Seconds(300.0);
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
    let mut incidents: Vec<Incident> = bursts
        .iter()
        .filter(|burst| burst.iter().map(|j| j.bucket.count).sum::<u64>() >= LEAST)
        .filter_map(|burst| incident(world, burst))
        .collect();
    incidents.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.start.cmp(&b.start)));
    incidents
}

fn incident(world: &World<'_>, burst: &[&Judged<'_>]) -> Option<Incident> {
    let start = burst.iter().map(|j| j.bucket.first).min()?;
    let end = burst.iter().map(|j| j.bucket.last).max()?;
    let mut causes: BTreeMap<CauseId, u64> = BTreeMap::new();
    let mut endpoints: BTreeMap<String, u64> = BTreeMap::new();
    let mut clients = BTreeSet::new();
    let mut hit = BTreeSet::new();
    for item in burst {
        let n = item.bucket.count;
        *causes.entry(CauseId::owned(item.cause().to_owned())).or_default() += n;
        *endpoints.entry(item.facts.endpoint.to_string()).or_default() += n;
        clients.insert(world.who(&item.facts.client));
        hit.insert(&item.facts.endpoint);
    }
    let recovery = world
        .tally()
        .uses
        .iter()
        .flat_map(|(_, usage)| usage.endpoints.iter())
        .filter(|(endpoint, _)| hit.contains(endpoint))
        .filter_map(|(_, times)| times.first_from(end).filter(|at| *at > end))
        .min();
    let show = |at| Time { at, digits: 3, zone_assumed: false }.to_string();
    Some(Incident {
        start: show(start),
        end: show(end),
        count: burst.iter().map(|j| j.bucket.count).sum(),
        causes: ranked(causes, LISTED),
        endpoints: ranked(endpoints, LISTED),
        clients: u64::try_from(clients.len()).unwrap_or(u64::MAX),
        recovery: recovery.map(show),
        before: before(world, burst, start),
    })
}

/// What changed just before the burst, for the clients that it hit.
fn before(world: &World<'_>, burst: &[&Judged<'_>], start: At) -> Vec<Evidence> {
    let mut facts = BTreeSet::new();
    let recent = |at: &At| *at <= start && start.since(*at).0 <= BEFORE.0;
    let clients: BTreeSet<_> = burst.iter().map(|j| &j.facts.client).collect();
    for client in clients.into_iter().take(16) {
        for at in world.logouts(client, None).into_iter().filter(recent) {
            facts.insert(Evidence::new(format!("a logout at {at}"), "history"));
        }
        for at in world.refused_refreshes(client, None).into_iter().filter(recent) {
            facts.insert(Evidence::new(format!("a refresh was refused at {at}"), "history"));
        }
        for renewal in world.renewals(client, None).into_iter().filter(|r| recent(&r.at)) {
            let what = if renewal.login { "a login" } else { "a refresh" };
            facts.insert(Evidence::new(
                format!("{what} gave a new token at {}", renewal.at),
                "history",
            ));
        }
    }
    let marks: BTreeSet<_> =
        burst.iter().filter_map(|j| j.decoded).filter_map(Token::expires).collect();
    for exp in marks.into_iter().filter(recent) {
        facts.insert(Evidence::new(format!("a token expired at {exp}"), "history"));
    }
    facts.into_iter().take(LISTED).collect()
}
