//! Tells clients apart: the capture, or address and user agent.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use foldhash::quality::FixedState;

use super::Who;
use crate::model::Client;
use crate::tally::{Tally, spot_mark};

/// A number for each client of the whole input.
#[derive(Debug, Default)]
pub(super) struct Clients {
    numbers: HashMap<Client, Who, FixedState>,
    /// The only user agent of each spot of a capture that has one alone.
    only: HashMap<u64, Arc<str>, FixedState>,
}

impl Clients {
    /// Numbers all clients in their order; a capture with one user agent is one client, also where some
    /// of its requests do not show the agent.
    pub(super) fn learn(tally: &Tally) -> Self {
        let mut all: HashSet<&Client, FixedState> = HashSet::default();
        for (_, usage) in tally.uses.iter() {
            all.insert(&usage.client);
        }
        for (_, group) in tally.groups.iter() {
            all.extend(group.facts.as_deref().map(|facts| &facts.client));
        }
        for (_, issue) in tally.issues.iter() {
            all.insert(&issue.client);
        }
        let all: BTreeSet<&Client> = all.into_iter().collect();
        let mut clients = Self { only: only_agents(tally, &all), ..Self::default() };
        let mut known: HashMap<Client, Who, FixedState> = HashMap::default();
        for client in all {
            let mut same = client.clone();
            if let (Some(_), None) = (&client.capture, &client.user_agent) {
                same.user_agent = clients.only_agent(client).cloned();
            }
            let next = Who::try_from(known.len()).unwrap_or(Who::MAX);
            let number = *known.entry(same).or_insert(next);
            clients.numbers.insert(client.clone(), number);
        }
        clients
    }

    /// Returns the number of a client; one that was never seen is nobody.
    pub(super) fn who(&self, client: &Client) -> Who {
        self.numbers.get(client).copied().unwrap_or(Who::MAX)
    }

    /// Returns the user agents under which the requests of a client may stand: its own, and none where
    /// it is the only one of its capture.
    pub(super) fn agents_of<'c>(
        &'c self,
        client: &'c Client,
    ) -> impl Iterator<Item = Option<&'c str>> {
        let only = client.capture.is_some().then(|| self.only_agent(client)).flatten();
        let own = client.user_agent.as_ref();
        let other = match (own, only) {
            (None, Some(only)) => Some(Some(&**only)),
            (Some(own), Some(only)) if own == only => Some(None),
            _ => None,
        };
        std::iter::once(own.map(|agent| &**agent)).chain(other)
    }

    fn only_agent(&self, client: &Client) -> Option<&Arc<str>> {
        self.only.get(&spot_of(client))
    }
}

/// Returns the mark of where a client sits.
pub(super) fn spot_of(client: &Client) -> u64 {
    spot_mark(client.capture.as_deref(), client.ip.as_deref())
}

/// Finds the spots of captures where one user agent alone was seen.
fn only_agents(tally: &Tally, all: &BTreeSet<&Client>) -> HashMap<u64, Arc<str>, FixedState> {
    let mut agents: HashMap<u64, Option<&Arc<str>>, FixedState> = HashMap::default();
    let mut note = |spot: u64, agent| {
        let only = agents.entry(spot).or_insert(Some(agent));
        *only = only.filter(|only| *only == agent);
    };
    let captured: BTreeSet<u64> = (all.iter().filter(|client| client.capture.is_some()))
        .map(|client| spot_of(client))
        .collect();
    for client in all.iter().filter(|client| client.capture.is_some()) {
        if let Some(agent) = &client.user_agent {
            note(spot_of(client), agent);
        }
    }
    for (spot, agent) in tally.visits.agents() {
        if let Some(name) = agent.name.as_ref().filter(|_| captured.contains(&spot)) {
            note(spot, name);
        }
    }
    let known = |spot: &u64| tally.visits.knows_agents(*spot);
    let only = agents.into_iter().filter(|(spot, _)| known(spot));
    only.filter_map(|(spot, agent)| Some((spot, Arc::clone(agent?)))).collect()
}
