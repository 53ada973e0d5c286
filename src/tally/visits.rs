//! Who was let in without a credential that could be seen: where and when, by marks.
//!
//! Most lines of most logs are such visits, and hardly one is ever asked for: what matters is whether a
//! client that was refused was let in at the same place before or after. So a visit is kept without its
//! words, under a key that begins with the mark of its client's spot. Where there are more than fit, the
//! spots with the smallest marks are known in full and the others not at all, see [`Visits::knows`].

use std::hash::{BuildHasher, Hasher};
use std::hint::black_box;
use std::sync::Arc;

use foldhash::quality::FixedState;
use serde::{Deserialize, Serialize};

use super::crowd::Caller;
use super::limits::{Limits, Share};
use super::marks::{Who, content_of};
use super::sample::Sample;
use super::smallest::Merge;
use super::times::Times;
use super::uses::Used;
use crate::model::{At, Client, Endpoint, Facts, Observer, Origin, Time};

/// Pairs of client and endpoint that are kept: 4 MB when each has been there eight times or more.
const PAIRS: usize = 1 << 14;
/// User agents by spot that are kept.
const AGENTS: usize = 1 << 13;
/// Clients whose visits are looked up at once.
pub(super) const AT_ONCE: usize = 16;
/// Endpoints that are kept.
const PLACES: usize = 1 << 11;

/// Visits by client and place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Visits {
    pairs: Sample<Times<8>, PAIRS>,
    agents: Sample<Agent, AGENTS>,
    places: Sample<Place, PLACES>,
}

/// A user agent at one spot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// Its name as shown; `None` where none was.
    pub name: Option<Arc<str>>,
    /// When it was let in first.
    pub first: Option<At>,
    /// When it was let in last.
    pub last: Option<At>,
}

/// An endpoint that lets in without a credential that could be seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Which.
    pub endpoint: Option<Box<Endpoint>>,
    /// When.
    pub times: Times<1024>,
}

/// One visit, in the words that a new entry needs and the marks that all others need.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// Source name of the capture, where all its requests come from one client.
    pub capture: Option<&'a str>,
    /// Client address.
    pub ip: Option<&'a str>,
    /// User agent, masked.
    pub agent: Option<&'a Arc<str>>,
    /// Mark of the endpoint.
    pub place: u64,
    /// The endpoint.
    pub endpoint: &'a Endpoint,
    /// When; `None` when not known.
    pub at: Option<At>,
}

/// A visit that needs no record: what is counted of it beside the visit itself.
#[derive(Clone, Copy, Debug)]
pub struct Passage<'a> {
    /// Source name of the input.
    pub source: &'a Arc<str>,
    /// When it was.
    pub time: Time,
    /// URL, in which nothing is to be masked.
    pub url: &'a str,
    /// Response status.
    pub status: u16,
    /// Mark of the request method, as the endpoint names it, and of the status.
    pub call: u64,
    /// The user agent of the visit.
    pub caller: &'a Caller,
    /// Who recorded it.
    pub observer: Observer,
    /// Who asked for what.
    pub visit: Visit<'a>,
    /// What is to be told of it.
    pub told: Told<'a>,
}

/// What an exchange of a plain line comes to, beside being counted.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// Nothing.
    Nothing,
    /// It was let in.
    Visit,
    /// It was let in or neither that nor refused, with a credential or as one of many that differ in ids.
    Use(&'a Used<'a>),
    /// It was refused.
    Refusal(&'a Facts, &'a Refused<'a>),
}

/// What one refusal of many has of its own.
#[derive(Clone, Copy, Debug)]
pub struct Refused<'a> {
    /// Mark of its kind, see [`kind_of`](super::kind_of).
    pub kind: u128,
    /// Where it stands and when it was.
    pub origin: &'a Origin,
    /// User name from a column, as sent; `None` for none.
    pub user: Option<&'a str>,
}

impl Passage<'_> {
    /// Returns the mark of what the exchange is, wherever it stands; `who` are the marks of its client.
    pub(super) fn content(&self, who: Who) -> u64 {
        content_of(Some(self.time.at), self.url.as_bytes(), who, self.call)
    }
}

/// Returns the mark of where a client sits, whatever program it runs.
pub fn spot_mark(capture: Option<&str>, ip: Option<&str>) -> u64 {
    spot_mark_of(capture.map(str::as_bytes), ip.map(str::as_bytes))
}

/// Returns the same of bytes that are known to be text.
#[inline]
pub(super) fn spot_mark_of(capture: Option<&[u8]>, ip: Option<&[u8]>) -> u64 {
    let mut state = FixedState::with_seed(0x3c6e_f372).build_hasher();
    for name in [capture, ip] {
        state.write_u64(u64::from(name.is_some()));
        if let Some(name) = name {
            state.write(name);
            state.write_u8(0xFF);
        }
    }
    state.finish()
}

/// Returns the mark of an endpoint.
pub fn place_mark(endpoint: &Endpoint) -> u64 {
    FixedState::with_seed(0xa54f_f53a).hash_one(endpoint)
}

/// Returns the mark of a user agent.
pub(super) fn agent_mark(agent: Option<&str>) -> u64 {
    FixedState::with_seed(0x510e_527f).hash_one(agent)
}

/// Returns the key of a client's visits at a place.
pub(super) fn pair_key(spot: u64, agent: u64, place: u64) -> u128 {
    key(spot, FixedState::with_seed(0x9b05_688c).hash_one((agent, place)))
}

/// Makes a key that begins with the mark of a spot.
pub(super) fn key(spot: u64, rest: u64) -> u128 {
    u128::from(spot) << 64 | u128::from(rest)
}

impl Visits {
    /// Returns an empty value to be merged into this one.
    pub(super) fn part(&self) -> Self {
        Self { pairs: self.pairs.part(), agents: self.agents.part(), places: self.places.part() }
    }

    /// Leaves out what is too much.
    pub(super) fn prune(&mut self) {
        self.pairs.prune();
        self.agents.prune();
        self.places.prune();
    }

    /// Keeps within limits.
    pub(super) fn limit(&mut self, limits: Limits) {
        let keys = |thousandths, each, most| limits.keys(Share { thousandths, each, most });
        self.pairs.limit(keys(15, 400, PAIRS));
        self.agents.limit(keys(5, 250, AGENTS));
        self.places.limit(keys(40, 26_000, PLACES));
    }

    /// Adds one visit.
    pub(super) fn note(&mut self, visit: &Visit<'_>) {
        self.note_place(visit.place, visit.endpoint, visit.at.map(|at| (at, 1)));
        let Visit { capture, ip, agent, place, at, .. } = *visit;
        let spot = spot_mark(capture, ip);
        if self.admits(spot) {
            let mark = agent_mark(agent.map(|agent| &**agent));
            self.note_agent(spot, mark, agent, at.map(|at| (at, at)));
            self.note_pair(spot, mark, place, at);
        }
    }

    /// Adds instants at a place, and how many visits each had.
    pub(super) fn note_place(
        &mut self,
        place: u64,
        endpoint: &Endpoint,
        instants: impl IntoIterator<Item = (At, u64)>,
    ) {
        let Some(place) = self.places.slot(key(place, 0)) else { return };
        if place.endpoint.is_none() {
            place.endpoint = Some(Box::new(endpoint.clone()));
        }
        for (at, count) in instants {
            place.times.push_all(at, count);
        }
    }

    /// Returns whether anything could be kept of a client at a spot.
    fn admits(&self, spot: u64) -> bool {
        self.admits_agents(spot) || self.admits_pairs(spot)
    }

    /// Returns whether the user agents of a client at a spot could be kept.
    #[inline]
    pub(super) fn admits_agents(&self, spot: u64) -> bool {
        self.agents.admits(key(spot, 0))
    }

    /// Adds visits of a client to what is known of its user agent, the first and the last of them.
    pub(super) fn note_agent(
        &mut self,
        spot: u64,
        mark: u64,
        name: Option<&Arc<str>>,
        ends: Option<(At, At)>,
    ) {
        if let Some(agent) = self.agents.slot(key(spot, mark)) {
            if agent.name.is_none() {
                agent.name = name.cloned();
            }
            let (first, last) = ends.unzip();
            agent.widen(first, last);
        }
    }

    /// Looks at what is known of user agents at spots, each by its mark behind that of its spot, before any of
    /// it is changed, as [`Visits::note_pairs`] does: at no more than [`AT_ONCE`] of them.
    pub(super) fn await_agents(&self, clients: impl Iterator<Item = (u64, u64)>) {
        let first = |(spot, mark)| Some(self.agents.get(key(spot, mark))?.first?.0);
        let clients = clients.filter(|(spot, _)| self.admits_agents(*spot));
        black_box(clients.filter_map(first).fold(0, i64::wrapping_add));
    }

    /// Adds one visit of a client to what is known of it at a place.
    fn note_pair(&mut self, spot: u64, mark: u64, place: u64, at: Option<At>) {
        if self.admits_pairs(spot) {
            self.note_at(pair_key(spot, mark, place), at);
        }
    }

    /// Returns whether visits of a client at a spot could be kept, by place.
    #[inline]
    pub(super) fn admits_pairs(&self, spot: u64) -> bool {
        self.pairs.admits(key(spot, 0))
    }

    /// Adds instants of visits, each under its [`pair_key`].
    ///
    /// They lie far apart in memory: as many as a processor can wait for at once are looked at before any of
    /// them is changed.
    pub(super) fn note_pairs(&mut self, visits: &[(u128, At)]) {
        for some in visits.chunks(AT_ONCE) {
            let last = |key: &u128| Some(self.pairs.get(*key)?.buckets().last()?.count);
            black_box(some.iter().filter_map(|(key, _)| last(key)).fold(0, u64::wrapping_add));
            for (key, at) in some {
                self.note_at(*key, Some(*at));
            }
        }
    }

    fn note_at(&mut self, key: u128, at: Option<At>) {
        if let Some(times) = self.pairs.slot(key)
            && let Some(at) = at
        {
            times.push(at);
        }
    }

    /// Adds everything of `other`. Commutative and associative.
    pub(super) fn merge(&mut self, other: Self) {
        self.pairs.merge(other.pairs);
        self.agents.merge(other.agents);
        self.places.merge(other.places);
    }

    /// Rewrites the endpoints as they are shown; what was seen at them is found by what they were.
    pub fn change_endpoints(&mut self, mut change: impl FnMut(&mut Endpoint)) {
        self.places.change(|place| {
            if let Some(endpoint) = &mut place.endpoint {
                change(endpoint);
            }
        });
    }

    /// Returns when a client with this user agent, at this spot, was let in at an endpoint.
    pub fn of(&self, spot: u64, agent: Option<&str>, endpoint: &Endpoint) -> Option<&Times<8>> {
        let key = pair_key(spot, agent_mark(agent), place_mark(endpoint));
        self.pairs.get(key).filter(|_| self.pairs.most().is_none_or(|most| key <= most))
    }

    /// Returns whether all visits of the clients at a spot are known; else some or all were left out.
    pub fn knows(&self, spot: u64) -> bool {
        is_known(&self.pairs, spot)
    }

    /// Returns whether all user agents at a spot are known.
    pub fn knows_agents(&self, spot: u64) -> bool {
        is_known(&self.agents, spot)
    }

    /// Returns whether an endpoint is kept, or would be if it had let in.
    pub fn knows_place(&self, endpoint: &Endpoint) -> bool {
        self.places.most().is_none_or(|most| key(place_mark(endpoint), 0) <= most)
    }

    /// Returns whether visits were left out.
    pub fn is_sample(&self) -> bool {
        self.pairs.is_sample() || self.agents.is_sample() || self.places.is_sample()
    }

    /// Returns all user agents with the marks of their spots, sorted by those.
    pub fn agents(&self) -> Vec<(u64, &Agent)> {
        self.agents.sorted().into_iter().map(|(key, agent)| (spot_of(key), agent)).collect()
    }

    /// Returns all endpoints with their instants, in a fixed order.
    pub fn places(&self) -> impl Iterator<Item = (&Endpoint, &Times<1024>)> {
        let all = self.places.sorted().into_iter();
        all.filter_map(|(_, place)| Some((place.endpoint.as_deref()?, &place.times)))
    }
}

/// The last spot that is kept may have lost some of its entries.
fn is_known<V, const LIMIT: usize>(table: &Sample<V, LIMIT>, spot: u64) -> bool {
    table.most().is_none_or(|most| spot < spot_of(most))
}

/// Returns the halves that a key was made of.
pub(super) fn halves(key: u128) -> [u64; 2] {
    #[expect(clippy::cast_possible_truncation, reason = "the other half")]
    let rest = key as u64;
    [spot_of(key), rest]
}

/// Returns the half of a key that it begins with.
pub(super) fn spot_of(key: u128) -> u64 {
    (key >> 64) as u64
}

impl<'a> Visit<'a> {
    /// Makes the visit of a client to an endpoint.
    pub(super) fn of(client: &'a Client, endpoint: &'a Endpoint, at: Option<At>) -> Self {
        Self {
            capture: client.capture.as_deref(),
            ip: client.ip.as_deref(),
            agent: client.user_agent.as_ref(),
            place: place_mark(endpoint),
            endpoint,
            at,
        }
    }
}

impl Agent {
    /// Adds the first and the last of some instants: mostly later ones than those that are known.
    fn widen(&mut self, first: Option<At>, last: Option<At>) {
        if first.is_some_and(|first| self.first.is_none_or(|known| first < known)) {
            self.first = first;
        }
        if last > self.last {
            self.last = last;
        }
    }
}

impl Merge for Agent {
    fn merge(&mut self, other: Self) {
        self.name = self.name.take().or(other.name);
        self.widen(other.first, other.last);
    }
}

impl Merge for Place {
    fn merge(&mut self, other: Self) {
        self.endpoint = self.endpoint.take().or(other.endpoint);
        self.times.merge(&other.times);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_user_agent_the_first_and_the_last_visit_are_known_in_any_order() {
        let endpoint = Endpoint::default();
        let name: Arc<str> = "curl/8".into();
        for seconds in [[5, 3, 9, 4], [9, 5, 4, 3], [3, 4, 5, 9]] {
            let mut visits = Visits::default();
            for second in seconds {
                let client = Client { user_agent: Some(Arc::clone(&name)), ..Client::default() };
                visits.note(&Visit::of(&client, &endpoint, Some(At(second))));
                visits.note(&Visit::of(&client, &endpoint, None));
            }
            let agents = visits.agents();
            let [(_, agent)] = agents.as_slice() else { panic!("one of them") };
            assert_eq!((agent.first, agent.last), (Some(At(3)), Some(At(9))), "{seconds:?}");
        }
    }

    #[test]
    fn of_many_clients_some_are_known_in_full_and_the_others_not_at_all() {
        let endpoint = |path: &str| Endpoint { path: path.into(), ..Endpoint::default() };
        let [one, two] = ["/a", "/b"].map(endpoint);
        let mut visits = Visits::default();
        let ips: Vec<String> = (0..PAIRS).map(|n| format!("client-{n}")).collect();
        for (second, ip) in (0..).zip(&ips) {
            let client = Client { ip: Some(ip.as_str().into()), ..Client::default() };
            for endpoint in [&one, &two] {
                visits.note(&Visit::of(&client, endpoint, Some(At(second))));
            }
        }
        let mut merged = Visits::default();
        merged.merge(visits);
        merged.prune();
        assert!(merged.is_sample());
        let mut known = 0;
        for (second, ip) in (0..).zip(&ips) {
            let spot = spot_mark(None, Some(ip));
            if merged.knows(spot) {
                known += 1;
                for endpoint in [&one, &two] {
                    let times = merged.of(spot, None, endpoint).unwrap();
                    assert_eq!(times.first(), Some(At(second)));
                }
            }
        }
        assert!((PAIRS / 2 - 2..=PAIRS / 2).contains(&known), "{known}");
        assert!(merged.knows_place(&one) && merged.knows_place(&endpoint("/c")));
        let spread = |endpoint: &Endpoint| {
            merged.places().find(|(place, _)| *place == endpoint).map(|(_, times)| times.count())
        };
        assert_eq!(spread(&two), Some(PAIRS as u64));
    }
}
