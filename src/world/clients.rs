//! Tells clients apart: the capture, or address and user agent.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::quality::FixedState;

use super::Who;
use crate::model::Client;
use crate::tally::{Tally, spot_mark};

/// A number for each client of the whole input.
#[derive(Debug, Default)]
pub(super) struct Clients<'t> {
    /// Each as it is written, in the order in which they were met.
    numbers: HashMap<&'t Client, u32, FixedState>,
    /// Who each of them is.
    who: Vec<Who>,
    /// The only user agent of each spot of a capture that has one alone.
    only: HashMap<u64, Arc<str>, FixedState>,
}

impl<'t> Clients<'t> {
    /// Returns the number of a client, the next one where it was not met before.
    pub(super) fn number(&mut self, client: &'t Client) -> u32 {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(client).or_insert(next)
    }

    /// Finds out who is who once all clients are met; a capture with one user agent is one client, also
    /// where some of its requests do not show the agent.
    pub(super) fn settle(&mut self, tally: &Tally) {
        self.only = only_agents(tally, self.numbers.keys().copied());
        let mut who: Vec<Who> = (0..).take(self.numbers.len()).collect();
        self.numbers.iter().for_each(|(client, number)| {
            if client.capture.is_none() || client.user_agent.is_some() {
                return;
            }
            let Some(agent) = self.only_agent(client) else { return };
            let same = Client { user_agent: Some(Arc::clone(agent)), ..Client::clone(client) };
            let slot = usize::try_from(*number).ok().and_then(|at| who.get_mut(at));
            if let (Some(slot), Some(other)) = (slot, self.numbers.get(&same)) {
                *slot = *other;
            }
        });
        self.who = who;
    }

    /// Returns who a client is; one that was never seen is nobody.
    pub(super) fn who(&self, client: &Client) -> Who {
        self.numbers.get(client).map_or(Who::MAX, |number| self.who_of(*number))
    }

    /// Returns who the client with a number is.
    pub(super) fn who_of(&self, number: u32) -> Who {
        usize::try_from(number).ok().and_then(|at| self.who.get(at)).copied().unwrap_or(Who::MAX)
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
fn only_agents<'t>(
    tally: &'t Tally,
    all: impl Iterator<Item = &'t Client>,
) -> HashMap<u64, Arc<str>, FixedState> {
    let mut agents: HashMap<u64, Option<&Arc<str>>, FixedState> = HashMap::default();
    let mut note = |spot: u64, agent| {
        let only = agents.entry(spot).or_insert(Some(agent));
        *only = only.filter(|only| *only == agent);
    };
    let mut captured: HashSet<u64, FixedState> = HashSet::default();
    for client in all.filter(|client| client.capture.is_some()) {
        captured.insert(spot_of(client));
        if let Some(agent) = &client.user_agent {
            note(spot_of(client), agent);
        }
    }
    if captured.is_empty() {
        return HashMap::default();
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
