//! Tells clients apart: the capture, or address and user agent.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::quality::FixedState;

use super::Who;
use crate::model::Client;
use crate::tally::Tally;

/// A number for each client of the whole input.
#[derive(Debug, Default)]
pub(super) struct Clients {
    numbers: HashMap<Client, Who, FixedState>,
}

impl Clients {
    /// Numbers all clients in their order; a capture with one user agent is one client, also where some
    /// of its requests do not show the agent.
    pub(super) fn learn(tally: &Tally) -> Self {
        let mut all = BTreeSet::new();
        for (_, usage) in tally.uses.iter() {
            all.insert(&usage.client);
        }
        for (_, group) in tally.groups.iter() {
            all.extend(group.facts.as_deref().map(|facts| &facts.client));
        }
        for (_, issue) in tally.issues.iter() {
            all.insert(&issue.client);
        }
        let mut agents: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for client in &all {
            if let (Some(capture), Some(agent)) = (&client.capture, &client.user_agent) {
                agents.entry((capture, &client.ip)).or_default().insert(agent);
            }
        }
        let mut numbers = HashMap::default();
        let mut known: HashMap<Client, Who, FixedState> = HashMap::default();
        for client in all {
            let mut same = client.clone();
            if let (Some(capture), None) = (&client.capture, &client.user_agent)
                && let Some(seen) = agents.get(&(capture, &client.ip))
                && seen.len() == 1
            {
                same.user_agent = seen.first().map(|agent| (*agent).clone());
            }
            let next = Who::try_from(known.len()).unwrap_or(Who::MAX);
            let number = *known.entry(same).or_insert(next);
            numbers.insert(client.clone(), number);
        }
        Self { numbers }
    }

    /// Returns the number of a client; one that was never seen is nobody.
    pub(super) fn who(&self, client: &Client) -> Who {
        self.numbers.get(client).copied().unwrap_or(Who::MAX)
    }
}
