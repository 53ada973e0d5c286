//! Tells clients apart: the capture, or address and user agent.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState as Fast;
use foldhash::quality::{FixedState, RandomState};
use rayon::prelude::*;

use super::Who;
use super::addresses::{Address, Addresses};
use crate::model::Client;
use crate::tally::{Tally, spot_mark};

/// A number for each client of the whole input.
///
/// A client is known by 128 bits of a hash with seeds of this process: what is written of each lies somewhere
/// else in memory, and is looked at once, by all cores.
#[derive(Debug, Default)]
pub(super) struct Clients<'t> {
    seeds: [RandomState; 2],
    numbers: HashMap<u128, u32, Fast>,
    /// The numbers of clients that are asked for again and again.
    asked: Addresses<u32>,
    /// Each as it is written, by its number: in the order in which they were met.
    met: Vec<&'t Client>,
    /// Who each of them is.
    who: Vec<Who>,
    /// The only user agent of each spot of a capture that has one alone.
    only: HashMap<u64, Arc<str>, FixedState>,
}

impl<'t> Clients<'t> {
    /// Returns the numbers of clients; one that was not met before gets the next.
    pub(super) fn meet(&mut self, all: &[&'t Client]) -> Vec<u32> {
        let marks: Vec<u128> = all.par_iter().map(|client| self.mark(client)).collect();
        self.numbers.reserve(all.len());
        let number = |(mark, client): (u128, &&'t Client)| {
            *self.numbers.entry(mark).or_insert_with(|| {
                self.met.push(client);
                u32::try_from(self.met.len() - 1).unwrap_or(u32::MAX)
            })
        };
        marks.into_iter().zip(all).map(number).collect()
    }

    /// Has clients, with their numbers, found by where their names lie.
    pub(super) fn expect(&mut self, all: impl Iterator<Item = (&'t Client, u32)>) {
        self.asked.extend(all.map(|(client, number)| (Address::of_client(client), number)));
    }

    fn mark(&self, client: &Client) -> u128 {
        let [high, low] = self.seeds.each_ref().map(|seed| seed.hash_one(client));
        u128::from(high) << 64 | u128::from(low)
    }

    /// Finds out who is who once all clients are met; a capture with one user agent is one client, also
    /// where some of its requests do not show the agent.
    pub(super) fn settle(&mut self, tally: &Tally) {
        self.only = only_agents(tally, self.met.iter().copied());
        let who = |(number, client): (Who, &&Client)| {
            let unnamed = client.capture.is_some() && client.user_agent.is_none();
            let agent = unnamed.then(|| self.only_agent(client)).flatten()?;
            let same = Client { user_agent: Some(Arc::clone(agent)), ..Client::clone(client) };
            Some(self.numbers.get(&self.mark(&same)).copied().unwrap_or(number))
        };
        let all = (0..).zip(&self.met);
        self.who = all.map(|(number, client)| who((number, client)).unwrap_or(number)).collect();
    }

    /// Returns who a client is; one that was never seen is nobody.
    pub(super) fn who(&self, client: &Client) -> Who {
        let known = self.asked.get(&Address::of_client(client));
        let known = known.or_else(|| self.numbers.get(&self.mark(client)));
        known.map_or(Who::MAX, |number| self.who_of(*number))
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
