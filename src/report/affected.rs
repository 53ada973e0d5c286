//! What failed as a whole: since when, where, for whom. Rows of a report may be cut, these counts are not.

use std::collections::{BTreeMap, BTreeSet};

use super::line::client_id;
use super::{Judged, ranked};
use crate::model::{Affected, Bound, Class, Client, ClientLine, Kind, Report, Time};
use crate::tally::Group;
use crate::world::World;

/// Counts what the failures have in common; lists keep `top` names, `distinct` has all.
pub(super) fn by(world: &World<'_>, judged: &[Judged<'_>], top: usize) -> Affected {
    let failures: Vec<&Judged<'_>> =
        judged.iter().filter(|j| j.judgement.class == Class::Failure).collect();
    let timed = || failures.iter().filter(|j| j.timed);
    let show = |at| Time { at, digits: 3, zone_assumed: false }.to_string();
    let mut hosts = BTreeMap::new();
    let mut endpoints = BTreeMap::new();
    for item in &failures {
        if let Some(host) = &item.facts.endpoint.host {
            *hosts.entry(host.to_string()).or_default() += item.bucket.count;
        }
        *endpoints.entry(item.facts.endpoint.to_string()).or_default() += item.bucket.count;
    }
    Affected {
        first: timed().map(|j| j.bucket.first).min().map(show),
        last: timed().map(|j| j.bucket.last).max().map(show),
        hosts: ranked(hosts, top),
        endpoints: ranked(endpoints, top),
        distinct: distinct(&failures),
        bounds: bounds(world, &failures),
    }
}

/// Counts how many distinct causes, hosts, endpoints, clients, addresses, users and tokens refusals have.
pub(super) fn distinct(items: &[&Judged<'_>]) -> BTreeMap<String, u64> {
    fn count<T: Ord>(all: impl Iterator<Item = T>) -> u64 {
        u64::try_from(all.collect::<BTreeSet<T>>().len()).unwrap_or(u64::MAX)
    }
    let endpoints = || items.iter().map(|j| &j.facts.endpoint);
    let clients = || items.iter().map(|j| &j.facts.client).filter(|client| is_known(client));
    let counts = [
        ("causes", count(items.iter().map(|j| j.cause()))),
        ("hosts", count(endpoints().filter_map(|endpoint| endpoint.host.as_ref()))),
        ("endpoints", count(endpoints())),
        ("clients", count(clients())),
        ("addresses", count(clients().filter_map(|client| client.ip.as_ref()))),
        ("users", count(items.iter().flat_map(|j| j.users()))),
        ("tokens", count(items.iter().filter_map(|j| token(j)))),
    ];
    counts.map(|(name, n)| (name.to_owned(), n)).into()
}

/// Says which of these counts are no more than bounds.
///
/// Where kinds of refusals found no room, anything may be missing; where clients were left out, these
/// are. Of the users in a log's column a group keeps sixteen, and for all of its times together: of a
/// part of them it is not known whose they were.
pub(super) fn bounds(world: &World<'_>, items: &[&Judged<'_>]) -> BTreeMap<String, Bound> {
    let tally = world.tally();
    let mut bounds = BTreeMap::new();
    if tally.groups.is_sample() {
        for name in ["causes", "hosts", "endpoints", "clients", "addresses", "users", "tokens"] {
            bounds.insert(name.to_owned(), Bound::AtLeast);
        }
    }
    if tally.clientless > 0 && items.iter().any(|j| !is_known(&j.facts.client)) {
        for name in ["clients", "addresses"] {
            bounds.insert(name.to_owned(), Bound::AtLeast);
        }
    }
    let mut taken: BTreeMap<*const Group, u64> = BTreeMap::new();
    for item in items {
        *taken.entry(std::ptr::from_ref(item.group)).or_default() += item.bucket.count;
    }
    let several = || items.iter().filter(|j| j.users().nth(1).is_some());
    let part =
        |item: &Judged<'_>| taken.get(&std::ptr::from_ref(item.group)) < Some(&item.group.count);
    let fewer = several().any(|j| part(j));
    let more = bounds.contains_key("users") || several().any(|j| j.group.users.is_full());
    let of_users = match (more, fewer) {
        (true, true) => Some(Bound::About),
        (true, false) => Some(Bound::AtLeast),
        (false, true) => Some(Bound::AtMost),
        (false, false) => None,
    };
    bounds.extend(of_users.map(|bound| ("users".to_owned(), bound)));
    bounds
}

/// Says who the clients are that the rows of a report name, sorted by id.
pub(super) fn clients(report: &Report, judged: &[Judged<'_>]) -> Vec<ClientLine> {
    let in_causes = report.causes.iter().flat_map(|cause| &cause.clients).map(|(id, _)| id);
    let in_groups = report.groups.iter().flat_map(|group| &group.key);
    let named: BTreeSet<&String> = in_causes.chain(in_groups).collect();
    let clients: BTreeSet<&Client> = judged.iter().map(|j| &j.facts.client).collect();
    let mut rows: Vec<ClientLine> = clients
        .into_iter()
        .map(|client| ClientLine {
            id: client_id(client),
            ip: client.ip.as_deref().map(str::to_owned),
            user_agent: client.user_agent.as_deref().map(str::to_owned),
        })
        .filter(|row| named.contains(&row.id))
        .collect();
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    rows
}

/// Whether anything is known of a client. A log without addresses tells nobody apart.
pub(super) fn is_known(client: &Client) -> bool {
    *client != Client::default()
}

/// Returns the mark of the judged token; sessions are counted by no list of tokens.
pub(super) fn token<'j>(item: &'j Judged<'_>) -> Option<&'j crate::model::Fingerprint> {
    let kind = item.facts.credentials.first().map(|c| c.kind);
    item.token.as_ref().filter(|_| kind != Some(Kind::Session))
}
