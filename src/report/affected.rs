//! What failed as a whole: since when, where, for whom. Rows of a report may be cut, these counts are not.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use foldhash::fast::FixedState;

use super::Judged;
use super::counts::{self, Counts};
use super::line::ClientId;
use crate::model::{Affected, Bound, Class, Client, ClientLine, Endpoint, Report, Time};
use crate::tally::{Group, Smallest};
use crate::world::World;

/// Counts what the failures have in common; lists keep `top` names, `distinct` has all.
pub(super) fn by(world: &World<'_>, judged: &[Judged<'_>], top: usize) -> Affected {
    let failures: Vec<&Judged<'_>> = judged.iter().filter(|j| j.class == Class::Failure).collect();
    let timed = || failures.iter().filter(|j| j.timed);
    let show = |at| Time { at, digits: 3, zone_assumed: false }.to_string();
    let (endpoints, hosts) = places(&failures);
    Affected {
        first: timed().map(|j| j.bucket.first).min().map(show),
        last: timed().map(|j| j.bucket.last).max().map(show),
        hosts: hosts.ranked(top, ToString::to_string).rows,
        endpoints: endpoints.ranked(top, ToString::to_string).rows,
        distinct: distinct(&failures),
        bounds: bounds(world, &failures),
    }
}

/// Counts refusals by endpoint and by host.
pub(super) fn places<'j>(
    items: &[&Judged<'j>],
) -> (Counts<&'j Endpoint>, Counts<&'j std::sync::Arc<str>>) {
    let mut of_places: HashMap<u32, (&Endpoint, u64), FixedState> = HashMap::default();
    for item in items {
        let known = of_places.entry(item.place()).or_insert((&item.facts().endpoint, 0));
        known.1 += item.bucket.count;
    }
    let (mut endpoints, mut hosts) = (Counts::default(), Counts::default());
    for (endpoint, count) in of_places.into_values() {
        endpoints.add(endpoint, count);
        if let Some(host) = &endpoint.host {
            hosts.add(host, count);
        }
    }
    (endpoints, hosts)
}

/// Counts how many distinct causes, hosts, endpoints, clients, addresses, users and tokens refusals have.
pub(super) fn distinct(items: &[&Judged<'_>]) -> BTreeMap<String, u64> {
    let mut endpoints: HashMap<u32, &Endpoint, FixedState> = HashMap::default();
    let mut clients: HashMap<u32, &Client, FixedState> = HashMap::default();
    clients.reserve(items.len());
    for item in items {
        endpoints.insert(item.place(), &item.facts().endpoint);
        clients.extend(item.client().map(|client| (client, &item.facts().client)));
    }
    let size = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let counts = [
        ("causes", counts::distinct(items.iter().map(|j| j.cause()))),
        ("hosts", counts::distinct(endpoints.values().filter_map(|e| e.host.as_ref()))),
        ("endpoints", size(endpoints.len())),
        ("clients", size(clients.len())),
        ("addresses", counts::distinct(clients.values().filter_map(|client| client.ip.as_ref()))),
        ("users", counts::distinct(items.iter().flat_map(|j| j.users()))),
        ("tokens", counts::distinct(items.iter().filter_map(|j| j.sent()))),
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
    if tally.clientless > 0 && items.iter().any(|j| j.client().is_none()) {
        for name in ["clients", "addresses"] {
            bounds.insert(name.to_owned(), Bound::AtLeast);
        }
    }
    let mut taken: HashMap<*const Group, u64, FixedState> = HashMap::default();
    let several = || items.iter().filter(|j| j.several);
    for item in several() {
        *taken.entry(std::ptr::from_ref(item.group())).or_default() += item.bucket.count;
    }
    let part = |item: &Judged<'_>| {
        taken.get(&std::ptr::from_ref(item.group())) < Some(&item.group().count)
    };
    let fewer = several().any(|j| part(j));
    let more = bounds.contains_key("users")
        || several().any(|j| j.group().users.seen().is_some_and(Smallest::is_full));
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
    let wanted: HashSet<ClientId, FixedState> =
        in_causes.chain(in_groups).filter_map(|name| ClientId::named(name)).collect();
    let found = judged.iter().filter(|j| wanted.contains(&j.client_id));
    let clients: BTreeSet<(ClientId, &Client)> =
        found.map(|j| (j.client_id, &j.facts().client)).collect();
    let line = |(id, client): (ClientId, &Client)| ClientLine {
        id: id.to_string(),
        ip: client.ip.as_deref().map(str::to_owned),
        user_agent: client.user_agent.as_deref().map(str::to_owned),
    };
    clients.into_iter().map(line).collect()
}

/// Whether anything is known of a client. A log without addresses tells nobody apart.
pub(super) fn is_known(client: &Client) -> bool {
    *client != Client::default()
}
