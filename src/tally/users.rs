//! Uses of credentials in one piece of input that need no record: those of a client with a credential are
//! added to a tally together.
//!
//! The table of uses is larger than what a processor has at hand, and a use of it takes several places in
//! memory. So the uses of a piece are not put into a table of its own, to be looked up once more when that
//! is merged: they are written down one behind the other, and sorted by who when the piece has ended.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault};
use std::hint::black_box;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::Tally;
use super::crowd::Crowd;
use super::sample::Itself;
use super::uses::Event;
use super::visits::{self, AT_ONCE};
use crate::model::{At, Client, Credential, Endpoint};

/// Uses that wait: 2 MB, as many as of most pieces of a file. Few in tests.
const MOST: usize = if cfg!(test) { 1 << 6 } else { 1 << 17 };

/// The same where memory has limits.
const FEW: usize = 1 << 12;

/// Uses that no tally knows of yet, at other endpoints than those of issuers.
#[derive(Debug, Default)]
pub(super) struct Users {
    /// In the order in which they were met.
    entries: Vec<Entry>,
    all: Vec<User>,
    /// Index of each by the key of its uses.
    known: HashMap<u128, u32, BuildHasherDefault<Itself>>,
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
        let Self { all, known, addresses, .. } = self;
        *known.entry(key).or_insert_with(|| {
            let address = event.ip.map(|ip| {
                let start = addresses.len();
                addresses.push_str(ip);
                (start, addresses.len())
            });
            let (capture, agent) = (event.capture.cloned(), event.agent.cloned());
            let credential = event.credential.share();
            all.push(User { key, credential, capture, agent, address, count: 0 });
            index(all.len() - 1)
        })
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
        let Self { entries, all, known, places, known_places, last, addresses } = self;
        entries.clear();
        all.clear();
        known.clear();
        places.clear();
        known_places.clear();
        *last = None;
        addresses.clear();
    }

    /// Returns an empty value that has room for as many as there are here and a quarter more.
    pub(super) fn as_large(&self) -> Self {
        let users = self.all.len() / 4 * 5;
        Self {
            entries: Vec::with_capacity(self.entries.len() / 4 * 5),
            all: Vec::with_capacity(users),
            known: HashMap::with_capacity_and_hasher(users, BuildHasherDefault::default()),
            ..Self::default()
        }
    }

    fn client(&self, user: &User) -> Client {
        let address = user.address.and_then(|(start, end)| self.addresses.get(start..end));
        Client {
            capture: user.capture.clone(),
            ip: address.map(Into::into),
            user_agent: user.agent.clone(),
        }
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
        for users in waiting.all.chunks(AT_ONCE) {
            self.await_uses(users);
            for user in users {
                let Some((own, others)) = rest.split_at_checked(user.count as usize) else { break };
                rest = others;
                self.note_user(user, own, waiting);
            }
        }
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

    fn note_user(&mut self, user: &User, entries: &[(u32, At)], waiting: &Users) {
        let Some(usage) = self.uses.slot(user.key) else { return };
        let place_of = |index: u32| waiting.places.get(index as usize);
        if usage.count == 0 {
            let first = entries.first().and_then(|(place, _)| place_of(*place));
            usage.client = waiting.client(user);
            usage.host = first.and_then(|place| place.endpoint.host.clone());
            usage.credential = Some(Arc::clone(&user.credential));
        }
        usage.count += u64::from(user.count);
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
