//! Spans in which a host refused every credential it is known to let in: a change at the host, not at
//! any one client.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Known, Who, World, is_token_refusal, mark_of};
use crate::model::{At, Facts, Fingerprint};
use crate::tally::Times;

/// Fewer refusals are no outage.
const LEAST: usize = 3;

/// A span in which one host let nobody in.
#[derive(Clone, Debug, PartialEq)]
pub struct Outage {
    /// The last time that a credential was let in before.
    pub before: At,
    /// First refusal.
    pub start: At,
    /// Last refusal.
    pub end: At,
    /// When a credential was let in again; `None` when the capture ends before.
    pub recovery: Option<At>,
    /// Credentials refused that worked before.
    pub tokens: usize,
    /// Clients refused.
    pub clients: usize,
    /// A credential that was refused is let in again afterwards: it was not the credential.
    pub healed: bool,
    /// Answers of 500 and above came as well, or the server spoke of its verifier.
    pub broken: bool,
}

/// One refusal of a credential in its time.
struct Refusal {
    at: At,
    mark: Fingerprint,
    who: Who,
}

/// What was refused by hosts, as far as an outage may show in it.
#[derive(Default)]
pub(super) struct Refused<'t> {
    /// Of credentials that had not ended, by host, in order of time.
    refusals: BTreeMap<&'t Arc<str>, Vec<Refusal>>,
    /// When hosts failed, by their own word.
    breaks: BTreeMap<&'t Arc<str>, Vec<At>>,
}

/// Gathers what was refused by hosts of which some credential was let in.
pub(super) fn refused<'t>(world: &World<'t>) -> Refused<'t> {
    let Refused { mut refusals, mut breaks } = Refused::default();
    for Known { group, facts, client, token, .. } in &world.groups {
        let Some(host) = facts.endpoint.host.as_ref() else { continue };
        let instants = || group.times.buckets().map(|b| b.first);
        if speaks_of_verifier(facts) || facts.status.is_some_and(|s| s >= 500) {
            breaks.entry(host).or_default().extend(instants());
        }
        let Some(mark) = facts.credentials.first().filter(|c| c.kind.is_token()).and_then(mark_of)
        else {
            continue;
        };
        if !(is_token_refusal(facts) || speaks_of_verifier(facts)) || facts.grant.is_some() {
            continue;
        }
        let exp = token.and_then(crate::model::Token::expires);
        let who = world.clients.who_of(*client);
        let live = instants().filter(|at| exp.is_none_or(|exp| *at < exp));
        refusals.entry(host).or_default().extend(live.map(|at| Refusal { at, mark, who }));
    }
    refusals.retain(|host, list| {
        let several = list.first().is_some_and(|first| list.iter().any(|r| r.mark != first.mark));
        list.len() >= LEAST && several && world.tally().entrances.get(*host).is_some()
    });
    for list in refusals.values_mut() {
        list.sort_unstable_by_key(|r| (r.at, r.mark, r.who));
    }
    Refused { refusals, breaks }
}

/// Finds the outages of each host, in order of time.
///
/// At least two credentials of two clients or users, all let in before, must be refused at least three
/// times in all, with nothing let in between and nothing new (another key, another issuer) let in first
/// afterwards: that would be a rotation.
pub(super) fn learn(
    world: &World<'_>,
    Refused { refusals, breaks }: Refused<'_>,
) -> BTreeMap<Arc<str>, Vec<Outage>> {
    let mut found = BTreeMap::new();
    for (host, list) in refusals {
        let Some(door) = world.tally().entrances.get(host) else { continue };
        let broken = breaks.get(host).map_or(&[][..], Vec::as_slice);
        let outages: Vec<Outage> =
            runs(&list, door).filter_map(|run| outage(world, host, run, door, broken)).collect();
        if !outages.is_empty() {
            found.insert(Arc::clone(host), outages);
        }
    }
    found
}

/// Splits refusals where something was let in between, or may have been: where so much was that not every
/// instant is kept, its absence is not known.
fn runs<'r>(list: &'r [Refusal], door: &Times<4096>) -> impl Iterator<Item = &'r [Refusal]> {
    list.chunk_by(|a, b| door.none_within(a.at, b.at))
}

fn outage(
    world: &World<'_>,
    host: &Arc<str>,
    run: &[Refusal],
    door: &Times<4096>,
    breaks: &[At],
) -> Option<Outage> {
    let (start, end) = (run.first()?.at, run.last()?.at);
    let before = door.last_until(start)?;
    let recovery = door.first_from(end);
    let worked = |mark: Fingerprint, fits: &dyn Fn(&Times<48>) -> bool| {
        world.uses_of(mark).any(|usage| usage.host.as_ref() == Some(host) && fits(&usage.times))
    };
    let known: Vec<&Refusal> = run
        .iter()
        .filter(|r| worked(r.mark, &|times| times.first().is_some_and(|t| t < start)))
        .collect();
    let tokens: BTreeSet<Fingerprint> = known.iter().map(|r| r.mark).collect();
    let clients: BTreeSet<Who> = known.iter().map(|r| r.who).collect();
    let users: BTreeSet<&str> =
        tokens.iter().filter_map(|mark| world.token(*mark)?.sub.as_deref()).collect();
    if known.len() < LEAST || tokens.len() < 2 || (clients.len() < 2 && users.len() < 2) {
        return None;
    }
    let healed = tokens.iter().any(|mark| worked(*mark, &|times| times.last() > Some(end)));
    // Something else is let in afterwards, none of the old: keys or accounts changed, the host works.
    if recovery.is_some() && !healed {
        return None;
    }
    let broken = breaks.iter().any(|at| *at >= start && *at <= end);
    let (tokens, clients) = (tokens.len(), clients.len());
    Some(Outage { before, start, end, recovery, tokens, clients, healed, broken })
}

fn speaks_of_verifier(facts: &Facts) -> bool {
    facts
        .answer
        .statements
        .iter()
        .any(|s| s.causes.first().is_some_and(|c| *c == "verifier.unavailable"))
}
