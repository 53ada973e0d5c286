//! Tells clients apart: the capture, or address and user agent.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState as Fast;
use foldhash::quality::{FixedState, RandomState};

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
    seeds: Seeds,
    numbers: HashMap<u128, u32, Fast>,
    /// The numbers of clients that are asked for again and again.
    asked: Addresses<u32>,
    /// Each as it is written, by its number: in the order in which they were met.
    met: Vec<&'t Client>,
    /// Where each of them sits.
    spots: Vec<u64>,
    /// Who each of them is.
    who: Vec<Who>,
    /// The only user agent of each spot of a capture that has one alone.
    only: HashMap<u64, Arc<str>, FixedState>,
}

/// What the marks of clients are made with.
#[derive(Clone, Debug, Default)]
pub(super) struct Seeds([RandomState; 2]);

/// Makes the marks of clients; the names that many of them share are hashed once.
#[derive(Clone, Debug, Default)]
pub(super) struct Marker {
    seeds: Seeds,
    /// By where they lie.
    shared: HashMap<usize, [u64; 2], Fast>,
}

/// A client that is looked at: its mark, and where it sits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glimpse<'t> {
    client: &'t Client,
    mark: u128,
    spot: u64,
}

/// Clients of which it is not known whether there are many: those of a capture are one.
const FEW: usize = 256;

/// Room for what is put into a table, made at once when it turns out to be much.
#[derive(Debug)]
struct Room {
    left: usize,
    is_made: bool,
}

impl Room {
    /// Returns room for as many as there may be, some of which may be the same.
    fn of(all: &impl Iterator) -> Self {
        let (least, most) = all.size_hint();
        Self { left: most.unwrap_or(least), is_made: false }
    }

    /// Has room made when a table that holds so many gets one more.
    fn make(&mut self, held: usize, reserve: impl FnOnce(usize)) {
        if !self.is_made && held >= FEW {
            self.is_made = true;
            reserve(self.left);
        }
        self.left = self.left.saturating_sub(1);
    }
}

impl Seeds {
    fn of_name(&self, name: Option<&str>) -> [u64; 2] {
        self.0.each_ref().map(|seed| seed.hash_one(name))
    }

    fn mark(&self, [capture, ip, agent]: [[u64; 2]; 3]) -> u128 {
        let [a, b] = &self.0;
        let high = a.hash_one([capture[0], ip[0], agent[0]]);
        let low = b.hash_one([capture[1], ip[1], agent[1]]);
        u128::from(high) << 64 | u128::from(low)
    }
}

impl Marker {
    pub(super) fn of(seeds: &Seeds) -> Self {
        Self { seeds: seeds.clone(), shared: HashMap::default() }
    }

    /// Looks at a client.
    pub(super) fn look<'t>(&mut self, client: &'t Client) -> Glimpse<'t> {
        let Client { capture, ip, user_agent } = client;
        let names = [
            self.of_shared(capture.as_ref()),
            self.seeds.of_name(ip.as_deref()),
            self.of_shared(user_agent.as_ref()),
        ];
        Glimpse { client, mark: self.seeds.mark(names), spot: spot_of(client) }
    }

    fn of_shared(&mut self, name: Option<&Arc<str>>) -> [u64; 2] {
        let Some(name) = name else { return self.seeds.of_name(None) };
        let address = Arc::as_ptr(name).cast::<u8>().addr();
        *self.shared.entry(address).or_insert_with(|| self.seeds.of_name(Some(name)))
    }
}

impl<'t> Clients<'t> {
    pub(super) const fn seeds(&self) -> &Seeds {
        &self.seeds
    }

    /// Returns the numbers of clients that were looked at; one that was not met before gets the next.
    pub(super) fn meet(&mut self, all: impl Iterator<Item = Glimpse<'t>>) -> Vec<u32> {
        let mut room = Room::of(&all);
        let number = |Glimpse { client, mark, spot }: Glimpse<'t>| {
            room.make(self.numbers.len(), |more| self.numbers.reserve(more));
            *self.numbers.entry(mark).or_insert_with(|| {
                self.met.push(client);
                self.spots.push(spot);
                u32::try_from(self.met.len() - 1).unwrap_or(u32::MAX)
            })
        };
        all.map(number).collect()
    }

    /// Has clients, with their numbers, found by where their names lie.
    pub(super) fn expect(&mut self, all: impl Iterator<Item = (&'t Client, u32)>) {
        let mut room = Room::of(&all);
        for (client, number) in all {
            room.make(self.asked.len(), |more| self.asked.reserve(more));
            self.asked.insert(Address::of_client(client), number);
        }
    }

    fn mark(&self, client: &Client) -> u128 {
        let Client { capture, ip, user_agent } = client;
        let names = [capture, ip, user_agent];
        self.seeds.mark(names.map(|name| self.seeds.of_name(name.as_deref())))
    }

    /// Returns of each client, by its number, whether it sits where `fits` says.
    pub(super) fn sitting(&self, fits: impl Fn(u64) -> bool) -> Vec<bool> {
        self.spots.iter().map(|spot| fits(*spot)).collect()
    }

    /// Finds out who is who once all clients are met; a capture with one user agent is one client, also
    /// where some of its requests do not show the agent.
    pub(super) fn settle(&mut self, tally: &Tally) {
        self.only = only_agents(tally, self.met.iter().copied().zip(self.spots.iter().copied()));
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

    /// Returns how many clients there are: each number, and who each is, lies below.
    pub(super) const fn count(&self) -> usize {
        self.met.len()
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
    all: impl Iterator<Item = (&'t Client, u64)>,
) -> HashMap<u64, Arc<str>, FixedState> {
    let mut agents: HashMap<u64, Option<&Arc<str>>, FixedState> = HashMap::default();
    let mut note = |spot: u64, agent| {
        let only = agents.entry(spot).or_insert(Some(agent));
        *only = only.filter(|only| *only == agent);
    };
    let mut captured: HashSet<u64, FixedState> = HashSet::default();
    for (client, spot) in all.filter(|(client, _)| client.capture.is_some()) {
        captured.insert(spot);
        if let Some(agent) = &client.user_agent {
            note(spot, agent);
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

#[cfg(test)]
impl Clients<'_> {
    /// Returns whether what was seen of a client is what its names tell.
    pub(super) fn is_of(&self, seen: &Glimpse<'_>, client: &Client) -> bool {
        (seen.mark, seen.spot) == (self.mark(client), spot_of(client))
    }
}
