//! What changed at clients, keys and hosts just before a burst of failures.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use foldhash::quality::FixedState;

use super::Judged;
use crate::model::{At, Client, Evidence, Seconds, Token};
use crate::tally::{Release, place, spot_mark};
use crate::world::{Known, World};

/// How long before its start a change counts as "just before".
const BEFORE: Seconds = Seconds(300.0);
const LISTED: usize = 6;
/// Clients and endpoints of a burst that are looked at.
const LOOKED_AT: usize = 16;

/// When user agents and releases appear first: learned once for all bursts.
#[derive(Debug, Default)]
pub(super) struct Firsts<'t> {
    /// First and last sight of each user agent, by the mark of capture and address; only where all are
    /// known, and only of the spots that were asked for.
    agents: HashMap<u64, BTreeMap<&'t str, (At, At)>, FixedState>,
    /// Releases by host, place and field.
    releases: BTreeMap<(&'t str, &'t str, &'t str), Vec<&'t Release>>,
}

impl<'t> Firsts<'t> {
    /// Learns for bursts that hit `clients`.
    pub(super) fn learn<'c>(world: &World<'t>, clients: impl Iterator<Item = &'c Client>) -> Self {
        let spots: HashSet<u64, FixedState> = clients.map(spot).collect();
        let agents = spots.iter().map(|spot| (*spot, BTreeMap::new())).collect();
        let mut firsts = Self { agents, ..Self::default() };
        let tally = world.tally();
        for release in tally.releases.iter() {
            let (Some(host), Some((field, _))) =
                (release.host.as_deref(), release.text.split_once(' '))
            else {
                continue;
            };
            let here = firsts.releases.entry((host, release.place.as_str(), field)).or_default();
            here.push(release);
        }
        for usage in world.uses_at(|spot| spots.contains(&spot)) {
            firsts.note(&usage.client, usage.times.first().zip(usage.times.last()));
        }
        for Known { group, facts, .. } in world.groups_at(|spot| spots.contains(&spot)) {
            firsts.note(&facts.client, group.times.first().zip(group.times.last()));
        }
        for (spot, agent) in tally.visits.agents() {
            if let (Some(name), Some(first), Some(last)) =
                (agent.name.as_deref(), agent.first, agent.last)
            {
                firsts.note_agent(spot, name, first, last);
            }
        }
        firsts.agents.retain(|spot, _| tally.visits.knows_agents(*spot));
        firsts
    }

    fn note(&mut self, client: &'t Client, span: Option<(At, At)>) {
        if let (Some(agent), Some((first, last))) = (client.user_agent.as_deref(), span) {
            self.note_agent(spot(client), agent, first, last);
        }
    }

    fn note_agent(&mut self, spot: u64, agent: &'t str, first: At, last: At) {
        let Some(here) = self.agents.get_mut(&spot) else { return };
        let known = here.entry(agent).or_insert((first, last));
        *known = (first.min(known.0), last.max(known.1));
    }
}

impl<'t> Firsts<'t> {
    /// Returns the user agent of a client, when it appears, and the one of the same product that it took
    /// the place of: at the same spot, not seen again since. Where a spot has more than two, they are
    /// several people's.
    fn updated<'c>(&self, client: &'c Client) -> Option<(&'c str, At, &'t str)> {
        let agent = client.user_agent.as_deref()?;
        let product = |text: &str| text.split('/').next().map(str::to_owned);
        let here = self.agents.get(&spot(client))?;
        let kin = || here.iter().filter(|(other, _)| product(other) == product(agent));
        let (first, _) = *here.get(agent)?;
        let (old, _) = kin().find(|(_, (_, last))| *last < first)?;
        (kin().count() == 2).then_some((agent, first, *old))
    }
}

impl<'t> Firsts<'t> {
    /// Returns the releases that took the place of another one behind a host and place: seen for the first
    /// time when all others had ended. Where two answer side by side, they are two nodes.
    fn deployed(&self, host: &str, path: &str, start: At) -> Vec<(At, &'t Release, &'t Release)> {
        let releases: &BTreeMap<(&str, &str, &str), Vec<&'t Release>> = &self.releases;
        let here = (host, place(path));
        let fields = releases
            .range((here.0, here.1, "")..)
            .take_while(|((host, place, _), _)| (*host, *place) == here);
        let mut found = Vec::new();
        for ((_, _, field), releases) in fields {
            for new in releases {
                let Some(first) = new.first else { continue };
                let others = || releases.iter().filter(|r| r.text != new.text);
                let ended = |r: &Release| r.last.is_some_and(|last| last < first);
                let begins = |r: &Release| r.first.is_some_and(|other| other > first);
                let old = others().filter(|r| ended(r)).max_by_key(|r| (r.last, &r.text));
                let Some(old) = old.filter(|_| others().all(|r| ended(r) || begins(r))) else {
                    continue;
                };
                // What refuses may be another program than what lets in: that is no deploy.
                let program =
                    |r: &Release| r.text.split(['/', '(']).next().unwrap_or_default().to_owned();
                let named = matches!(*field, "server" | "x-powered-by");
                let lets_in = new.let_in.is_some_and(|at| at <= start);
                if !named || lets_in || program(new) == program(old) {
                    found.push((first, *new, *old));
                }
            }
        }
        found
    }
}

/// Returns the clients that a burst hit, the first few of them in their order.
pub(super) fn clients<'j>(burst: &[&Judged<'j>]) -> Vec<&'j Client> {
    looked_at(burst.iter().map(|j| (j.client(), &j.facts().client)))
}

/// Returns the first few of things with numbers in their order.
fn looked_at<'j, N: Copy + Eq + Hash, T: Ord>(all: impl Iterator<Item = (N, &'j T)>) -> Vec<&'j T> {
    let mut met: HashSet<N, FixedState> = HashSet::default();
    let mut first: BTreeSet<&T> = BTreeSet::new();
    for (_, one) in all.filter(|(number, _)| met.insert(*number)) {
        // Most lie behind the first few, and only those are compared with each other.
        if first.len() < LOOKED_AT || first.last().is_some_and(|last| one < *last) {
            first.insert(one);
            if first.len() > LOOKED_AT {
                first.pop_last();
            }
        }
    }
    first.into_iter().collect()
}

/// Tells what changed just before the burst, for the `clients` and tokens that it hit, latest first.
pub(super) fn before(
    world: &World<'_>,
    firsts: &Firsts<'_>,
    (burst, clients): (&[&Judged<'_>], &[&Client]),
    start: At,
) -> Vec<Evidence> {
    let mut facts: BTreeSet<(std::cmp::Reverse<At>, String)> = BTreeSet::new();
    let recent = |at: &At| *at <= start && start.since(*at).0 <= BEFORE.0;
    let mut tell = |at: At, fact: &dyn Fn() -> String| {
        if recent(&at) {
            facts.insert((std::cmp::Reverse(at), fact()));
        }
    };
    for client in clients {
        for ending in world.endings(client, None) {
            if !ending.what.contains("logged in") {
                tell(ending.at, &|| format!("{} at {}", ending.what, ending.at));
            }
        }
        for refused in world.refused_refreshes(client, None) {
            tell(refused.at, &|| format!("a refresh was refused at {}", refused.at));
        }
        for renewal in world.renewals(client, None) {
            let what = if renewal.login { "a login" } else { "a refresh" };
            tell(renewal.at, &|| format!("{what} gave a new token at {}", renewal.at));
        }
        if let Some((agent, first, old)) = firsts.updated(client) {
            tell(first, &|| format!("user agent `{agent}` takes the place of `{old}` at {first}"));
        }
    }
    let tokens = || burst.iter().filter_map(|j| j.decoded());
    for exp in tokens().filter_map(Token::expires) {
        tell(exp, &|| format!("a token expired at {exp}"));
    }
    let debuts = world.debuts();
    let kid: fn(&Token) -> Option<&str> = |token| token.kid.as_deref();
    let issuer: fn(&Token) -> Option<&str> = |token| token.iss.as_deref();
    for (what, of, table) in [("key", kid, &debuts.kids), ("issuer", issuer, &debuts.issuers)] {
        // What was there from the first moment on is not new.
        let oldest = table.values().min();
        let new = table.iter().filter(|(_, first)| recent(first) && oldest < Some(*first));
        let new: Vec<(&&str, &At)> = new.collect();
        // Nearly always nothing is, and then nobody's names matter.
        let tokens = tokens().filter(|_| !new.is_empty());
        let here: HashSet<&str, FixedState> = tokens.filter_map(of).collect();
        for (name, first) in new.into_iter().filter(|(name, _)| here.contains(**name)) {
            tell(*first, &|| format!("tokens of {what} `{name}` first appear at {first}"));
        }
    }
    let hosts: HashSet<_, FixedState> =
        burst.iter().filter_map(|j| j.facts().endpoint.host.as_ref()).collect();
    let hosts: BTreeSet<_> = hosts.into_iter().collect();
    for endpoint in looked_at(burst.iter().map(|j| (j.place(), &j.facts().endpoint))) {
        let Some(host) = endpoint.host.as_deref() else { continue };
        for (at, new, old) in firsts.deployed(host, &endpoint.path, start) {
            let (field, old) = old.text.split_once(' ').unwrap_or_default();
            let (_, new) = new.text.split_once(' ').unwrap_or_default();
            let fact = format!("`{field}` of {host} changes from `{old}` to `{new}` at {at}");
            tell(at, &|| fact.clone());
        }
    }
    for host in hosts {
        let profile = world.profile(Some(host));
        let kids = profile.map(|p| p.kids.0.iter()).into_iter().flatten();
        let oldest = kids.clone().filter_map(|(_, (first, _))| *first).min();
        for (kid, (first, _)) in kids {
            if let Some(first) = first.filter(|first| Some(*first) > oldest) {
                tell(first, &|| format!("{host} lets in tokens of key `{kid}` from {first} on"));
            }
        }
        for outage in world.outages().get(host).into_iter().flatten() {
            tell(outage.start, &|| {
                format!(
                    "{host} refuses all {} tokens of {} clients from {} on, until {} it let them in",
                    outage.tokens, outage.clients, outage.start, outage.before
                )
            });
        }
    }
    let shown = facts.into_iter().take(LISTED);
    shown.map(|(_, fact)| Evidence::new(fact, "history")).collect()
}

fn spot(client: &Client) -> u64 {
    spot_mark(client.capture.as_deref(), client.ip.as_deref())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn those_that_are_looked_at_are_the_first_of_all(
            all in prop::collection::vec(0u32..60, 0..90),
        ) {
            // Equal numbers are equal things.
            let things: Vec<(u32, u32)> = all.iter().map(|n| (*n, n * 7 % 61)).collect();
            let sorted: BTreeSet<&u32> = things.iter().map(|(_, thing)| thing).collect();
            let wanted: Vec<&u32> = sorted.into_iter().take(LOOKED_AT).collect();
            prop_assert_eq!(looked_at(things.iter().map(|(n, thing)| (*n, thing))), wanted);
        }
    }
}
