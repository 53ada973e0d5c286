//! Uses of credentials in one piece of input that need no record: those of a client with a credential are
//! added to a tally together.
//!
//! The table of uses is larger than what a processor has at hand, and a use of it takes several places in
//! memory. So the uses of a piece are not put into a table of its own, to be looked up once more when that
//! is merged: they are written down one behind the other, and sorted by who when the piece has ended.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::hint::black_box;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::Tally;
use super::crowd::Crowd;
use super::uses::Event;
use super::visits::{self, AT_ONCE};
use crate::model::{At, Client, Credential, Endpoint};

/// Uses that wait: 2 MB, as many as of most pieces of a file. Few in tests.
const MOST: usize = if cfg!(test) { 1 << 6 } else { 1 << 17 };

/// The same where memory has limits.
const FEW: usize = 1 << 12;

/// Users that are found again, in 128 KB. Few in tests.
const LATEST: usize = if cfg!(test) { 1 << 3 } else { 1 << 14 };

/// Uses that no tally knows of yet, at other endpoints than those of issuers.
#[derive(Debug, Default)]
pub(super) struct Users {
    /// In the order in which they were met.
    entries: Vec<Entry>,
    all: Vec<User>,
    /// Where in it some users are, those that came last among them; others may have taken their place. A user
    /// that is not found here stands there twice.
    latest: Vec<Latest>,
    places: Vec<Place>,
    /// Index of each by its mark.
    known_places: HashMap<u64, u32, FixedState>,
    /// The last of them, and its mark.
    last: Option<(u64, u32)>,
    /// Client addresses, one behind the other.
    addresses: String,
}

/// One use.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Index of the user.
    user: u32,
    /// Index of the place.
    place: u32,
    at: At,
}

/// A client with a credential.
#[derive(Debug)]
struct User {
    /// That of its uses in a tally.
    key: u128,
    credential: Arc<Credential>,
    capture: Option<Arc<str>>,
    agent: Option<Arc<str>>,
    /// Where the address stands among those of all; `None` for none.
    address: Option<(usize, usize)>,
    /// How many uses wait.
    count: u32,
}

/// Where a user may be found.
#[derive(Clone, Copy, Debug, Default)]
struct Latest {
    /// A part of its key: to look at another user takes longer than at this.
    mark: u32,
    /// Its index.
    index: u32,
}

/// Where a use was: an endpoint, and the node that answered.
#[derive(Debug)]
struct Place {
    endpoint: Endpoint,
    node: Option<String>,
}

impl Users {
    /// Notes a use at a place of a mark; returns whether so many wait that they had better be added.
    fn wait(&mut self, key: u128, event: &Event<'_>, place: u64, at: At) -> bool {
        let user = self.user(key, event);
        let mark = place_and_node(place, event.node);
        let place = match self.last {
            Some((known, place)) if known == mark => place,
            _ => self.place(mark, event),
        };
        if let Some(user) = self.all.get_mut(user as usize) {
            user.count += 1;
        }
        self.entries.push(Entry { user, place, at });
        self.entries.len() >= MOST
    }

    fn user(&mut self, key: u128, event: &Event<'_>) -> u32 {
        let Self { all, latest, addresses, .. } = self;
        if latest.is_empty() {
            latest.resize(LATEST, Latest::default());
        }
        #[expect(clippy::cast_possible_truncation, reason = "keys are hashes")]
        let (place, mark) = (key as usize % LATEST, (key >> 32) as u32);
        let slot = latest.get_mut(place);
        if let Some(known) = slot.as_ref().filter(|known| known.mark == mark)
            && all.get(known.index as usize).is_some_and(|user| user.key == key)
        {
            return known.index;
        }
        let address = event.ip.map(|ip| {
            let start = addresses.len();
            addresses.push_str(ip);
            (start, addresses.len())
        });
        let (capture, agent) = (event.capture.cloned(), event.agent.cloned());
        let credential = event.credential.share();
        let index = index(all.len());
        all.push(User { key, credential, capture, agent, address, count: 0 });
        if let Some(slot) = slot {
            *slot = Latest { mark, index };
        }
        index
    }

    fn place(&mut self, mark: u64, event: &Event<'_>) -> u32 {
        let Self { places, known_places, .. } = self;
        let place = *known_places.entry(mark).or_insert_with(|| {
            let node = event.node.map(ToOwned::to_owned);
            places.push(Place { endpoint: event.endpoint.clone(), node });
            index(places.len() - 1)
        });
        self.last = Some((mark, place));
        place
    }

    /// Takes the uses out, those of each user together, in the order of the users.
    fn take_sorted(&mut self) -> Vec<(u32, At)> {
        let mut next = 0;
        let starts = self.all.iter().map(|user| {
            let start = next;
            next += user.count as usize;
            start
        });
        let mut starts: Vec<usize> = starts.collect();
        let mut sorted = vec![(0, At(0)); self.entries.len()];
        for Entry { user, place, at } in self.entries.drain(..) {
            if let Some(start) = starts.get_mut(user as usize)
                && let Some(slot) = sorted.get_mut(*start)
            {
                *slot = (place, at);
                *start += 1;
            }
        }
        sorted
    }

    fn clear(&mut self) {
        // Wherever a user is said to be, it is found there or not.
        let Self { entries, all, latest: _, places, known_places, last, addresses } = self;
        entries.clear();
        all.clear();
        places.clear();
        known_places.clear();
        *last = None;
        addresses.clear();
    }

    /// Returns an empty value that has room for as many as there are here and a quarter more.
    pub(super) fn as_large(&mut self) -> Self {
        let users = self.all.len() / 4 * 5;
        Self {
            entries: Vec::with_capacity(self.entries.len() / 4 * 5),
            all: Vec::with_capacity(users),
            latest: std::mem::take(&mut self.latest),
            ..Self::default()
        }
    }

    fn address(&self, place: Option<(usize, usize)>) -> Option<&str> {
        place.and_then(|(start, end)| self.addresses.get(start..end))
    }
}

/// Returns the mark of a place, of which `place` is that of its endpoint.
fn place_and_node(place: u64, node: Option<&str>) -> u64 {
    match node {
        Some(node) => FixedState::with_seed(place).hash_one(node),
        None => place,
    }
}

fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Tally {
    /// Adds a use, now or when [`Tally::note_users`] is called, but for what [`Event::entrance`] tells;
    /// `place` is the mark of its endpoint.
    pub(super) fn await_use(&mut self, event: &Event<'_>, place: u64, crowd: &mut Crowd) {
        let lead = event.lead();
        // Of most there are more than are kept: those need no more of their key.
        if !self.uses.admits(visits::key(lead, 0)) {
            return;
        }
        let Some(at) = event.at else { return self.note_use(event) };
        let users = &mut crowd.comers.users;
        if users.wait(event.key_from(lead), event, place, at)
            || users.entries.len() >= FEW && !self.limits.is_none()
        {
            self.note_users(users);
        }
    }

    /// Adds the uses that wait; none does afterwards.
    #[cold]
    pub(super) fn note_users(&mut self, waiting: &mut Users) {
        if waiting.entries.is_empty() {
            return;
        }
        let entries = waiting.take_sorted();
        let mut rest = &*entries;
        let mut all = std::mem::take(&mut waiting.all);
        let mut users = all.drain(..);
        while let Some(some) = users.as_slice().chunks(AT_ONCE).next() {
            self.uses.prune_looking(|usage| {
                let credential = usage.credential.as_ref().map_or(0, Arc::strong_count);
                let spent = usage.endpoints.iter().next().map_or(0, |(_, spent)| spent.count());
                spent ^ credential as u64
            });
            self.await_uses(some);
            for user in users.by_ref().take(AT_ONCE) {
                let Some((own, others)) = rest.split_at_checked(user.count as usize) else { break };
                rest = others;
                self.note_user(user, own, waiting);
            }
        }
        drop(users);
        waiting.all = all;
        waiting.clear();
    }

    /// Looks at the uses of some users before any is changed: look-ups in a row do not wait for each other's
    /// memory.
    fn await_uses(&self, users: &[User]) {
        let last = |user: &User| {
            let usage = self.uses.get(user.key)?;
            let (_, spent) = usage.endpoints.iter().next()?;
            Some(usage.times.buckets().last()?.count ^ spent.buckets().last()?.count)
        };
        black_box(users.iter().filter_map(last).fold(0, u64::wrapping_add));
    }

    fn note_user(&mut self, user: User, entries: &[(u32, At)], waiting: &Users) {
        let Some(usage) = self.uses.slot(user.key) else { return };
        let place_of = |index: u32| waiting.places.get(index as usize);
        let count = u64::from(user.count);
        if usage.count == 0 {
            let first = entries.first().and_then(|(place, _)| place_of(*place));
            usage.host = first.and_then(|place| place.endpoint.host.clone());
            usage.client = Client {
                capture: user.capture,
                ip: waiting.address(user.address).map(Into::into),
                user_agent: user.agent,
            };
            usage.credential = Some(user.credential);
        }
        usage.count += count;
        for (place, at) in entries {
            usage.times.push(*at);
            let Some(Place { endpoint, node }) = place_of(*place) else { continue };
            if let Some(node) = node {
                usage.nodes.push(node.clone());
            }
            if let Some(times) = usage.endpoints.slot(endpoint) {
                times.push(*at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::limits::Limits;
    use super::super::marks::Who;
    use super::super::uses::Shown;
    use super::super::visits::{agent_mark, place_mark, spot_mark};
    use super::*;
    use crate::model::{Fingerprint, Kind, Place as Stood, State};

    proptest! {
        #[test]
        fn uses_that_wait_are_what_each_of_them_is_by_itself(
            uses in prop::collection::vec(
                ((0_u8..40, 0_u128..30), 0_usize..3, 0_usize..3, 0_usize..3, 0_i64..200), 1..400,
            ),
            piece in 1_usize..200,
            room in 100_000_u64..2_000_000,
        ) {
            let endpoints = ["/a", "/b", "/c"]
                .map(|path| Endpoint { path: path.into(), ..Endpoint::default() });
            let agents: [Option<Arc<str>>; 3] = [None, Some("curl/8".into()), Some("okhttp/4".into())];
            let nodes = [None, Some("a"), Some("b")];
            let limits = Limits::with_room(room);
            let (mut slow, mut quick) = (Tally::within(limits), Tally::within(limits));
            let mut crowd = Crowd::default();
            for some in uses.chunks(piece) {
                let mut part = quick.part();
                for ((client, token), place, agent, node, second) in some {
                    let (ip, agent) = (format!("192.0.2.{client}"), agents[*agent].as_ref());
                    let credential = Arc::new(Credential {
                        kind: Kind::Opaque,
                        scheme: None,
                        place: Stood::Header("authorization".into()),
                        state: State::Present,
                        fingerprint: Some(Fingerprint(*token)),
                        token: None,
                        oddities: Box::default(),
                        user: None,
                    });
                    let event = Event {
                        capture: None,
                        ip: Some(&ip),
                        agent,
                        who: Who {
                            spot: spot_mark(None, Some(&ip)),
                            agent: agent_mark(agent.map(|name| &**name)),
                        },
                        endpoint: &endpoints[*place],
                        host: 0,
                        credential: Shown { shared: Some(&credential), ..Shown::of(&credential) },
                        at_issuer: false,
                        node: nodes[*node],
                        at: Some(At(second * 1_000_000_000)),
                    };
                    part.await_use(&event, place_mark(&endpoints[*place]), &mut crowd);
                    slow.note_use(&event);
                }
                let comers = part.join(&"a.log".into(), &mut crowd);
                quick.merge(part);
                quick.admit(comers);
            }
            slow.uses.prune();
            quick.uses.prune();
            prop_assert_eq!(quick.uses, slow.uses);
        }
    }
}
