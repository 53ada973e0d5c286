//! What failed as a whole: since when, where, for whom. Rows of a report may be cut, these counts are not.

use std::collections::{BTreeMap, BTreeSet};

use super::line::client_id;
use super::{Judged, ranked};
use crate::model::{Affected, Class, Client, ClientLine, Kind, Report, Time};

/// Counts what the failures have in common; lists keep `top` names, `distinct` has all.
pub(super) fn by(judged: &[Judged<'_>], top: usize) -> Affected {
    let failures = || judged.iter().filter(|j| j.judgement.class == Class::Failure);
    let timed = || failures().filter(|j| j.timed);
    let show = |at| Time { at, digits: 3, zone_assumed: false }.to_string();
    let mut hosts = BTreeMap::new();
    let mut endpoints = BTreeMap::new();
    let mut users = BTreeSet::new();
    for item in failures() {
        if let Some(host) = &item.facts.endpoint.host {
            *hosts.entry(host.to_string()).or_default() += item.bucket.count;
        }
        *endpoints.entry(item.facts.endpoint.to_string()).or_default() += item.bucket.count;
        users.extend(item.users());
    }
    let causes: BTreeSet<_> = failures().map(Judged::cause).collect();
    let clients: BTreeSet<_> =
        failures().map(|j| &j.facts.client).filter(|client| is_known(client)).collect();
    let addresses: BTreeSet<_> = clients.iter().filter_map(|client| client.ip.as_ref()).collect();
    let tokens: BTreeSet<_> = failures().filter_map(token).collect();
    let distinct = [
        ("causes", causes.len()),
        ("hosts", hosts.len()),
        ("endpoints", endpoints.len()),
        ("clients", clients.len()),
        ("addresses", addresses.len()),
        ("users", users.len()),
        ("tokens", tokens.len()),
    ];
    Affected {
        first: timed().map(|j| j.bucket.first).min().map(show),
        last: timed().map(|j| j.bucket.last).max().map(show),
        hosts: ranked(hosts, top),
        endpoints: ranked(endpoints, top),
        distinct: distinct
            .map(|(name, n)| (name.to_owned(), u64::try_from(n).unwrap_or(u64::MAX)))
            .into(),
    }
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
