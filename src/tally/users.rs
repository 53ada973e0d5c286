//! Uses of credentials in one piece of input that need no record: those of a client with a credential are
//! added to a tally together.
//!
//! The table of uses is larger than what a processor has at hand, and a use of it takes several places in
//! memory. So the uses of a piece are not put into a table of its own, to be looked up once more when that
//! is merged: they are written down one behind the other, and sorted by who when the piece has ended.

mod admission;

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::hint::black_box;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::Tally;
use super::crowd::Crowd;
use super::entries::Use;
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
    /// A user may stand there twice.
    all: Vec<User>,
    /// Where in it some users are, those that came last among them; others may have taken their place.
    latest: Vec<Latest>,
    places: Marked<Place>,
    callers: Marked<Caller>,
    /// Client addresses, one behind the other.
    addresses: String,
}

/// What many uses share, each of it once.
#[derive(Debug)]
struct Marked<T> {
    /// Each behind its mark.
    all: Vec<(u64, T)>,
    /// Index of each by its mark.
    known: HashMap<u64, u32, FixedState>,
    /// The last of them, and its mark.
    last: Option<(u64, u32)>,
}

impl<T> Default for Marked<T> {
    fn default() -> Self {
        Self { all: Vec::new(), known: HashMap::default(), last: None }
    }
}

impl<T> Marked<T> {
    /// Returns the index of what has a mark; it is made where it was not there.
    fn index(&mut self, mark: u64, make: impl FnOnce() -> T) -> u32 {
        if let Some((known, index)) = self.last
            && known == mark
        {
            return index;
        }
        let Self { all, known, last } = self;
        let index = *known.entry(mark).or_insert_with(|| {
            all.push((mark, make()));
            index(all.len() - 1)
        });
        *last = Some((mark, index));
        index
    }

    fn get(&self, index: u32) -> Option<&T> {
        self.all.get(index as usize).map(|(_, one)| one)
    }

    fn clear(&mut self) {
        let Self { all, known, last } = self;
        all.clear();
        known.clear();
        *last = None;
    }
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

/// A client with a credential, in 40 bytes: hundreds of thousands wait.
#[derive(Debug)]
struct User {
    /// The halves of the key of its uses in a tally.
    key: [u64; 2],
    credential: Arc<Credential>,
    /// Where the address stands among those of all; [`NOWHERE`] for none.
    address: (u32, u32),
    /// Index of the caller.
    caller: u32,
    /// How many uses wait.
    count: u32,
}

/// Where no address stands.
const NOWHERE: (u32, u32) = (u32::MAX, u32::MAX);

impl User {
    fn key(&self) -> u128 {
        let [lead, rest] = self.key;
        visits::key(lead, rest)
    }
}

/// A client but for its address.
#[derive(Clone, Debug, Default)]
struct Caller {
    capture: Option<Arc<str>>,
    agent: Option<Arc<str>>,
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
#[derive(Clone, Debug)]
struct Place {
    endpoint: Endpoint,
    node: Option<String>,
}

impl Users {
    /// Notes a use at a place of a mark; returns whether so many wait that they had better be added.
    fn wait(&mut self, key: u128, event: &Event<'_>, place: u64, at: At) -> bool {
        let user = self.user(key, event);
        let place = self.places.index(place_and_node(place, event.node), || Place {
            endpoint: event.endpoint.clone(),
            node: event.node.map(ToOwned::to_owned),
        });
        if let Some(user) = self.all.get_mut(user as usize) {
            user.count += 1;
        }
        self.entries.push(Entry { user, place, at });
        self.entries.len() >= MOST
    }

    fn user(&mut self, key: u128, event: &Event<'_>) -> u32 {
        if self.latest.is_empty() {
            self.latest.resize(LATEST, Latest::default());
        }
        #[expect(clippy::cast_possible_truncation, reason = "keys are hashes")]
        let (place, mark) = (key as usize % LATEST, (key >> 32) as u32);
        if let Some(known) = self.latest.get(place).filter(|known| known.mark == mark)
            && self.all.get(known.index as usize).is_some_and(|user| user.key() == key)
        {
            return known.index;
        }
        let caller = self.callers.index(caller_mark(event), || Caller {
            capture: event.capture.cloned(),
            agent: event.agent.cloned(),
        });
        let address = self.add_address(event.ip);
        let credential = event.credential.share();
        let index = index(self.all.len());
        self.all.push(User { key: visits::halves(key), credential, address, caller, count: 0 });
        if let Some(slot) = self.latest.get_mut(place) {
            *slot = Latest { mark, index };
        }
        index
    }

    fn add_address(&mut self, ip: Option<&str>) -> (u32, u32) {
        let Some(ip) = ip else { return NOWHERE };
        let start = index(self.addresses.len());
        self.addresses.push_str(ip);
        (start, index(self.addresses.len()))
    }

    /// Takes the uses out, those of each user together, in the order of the users.
    fn take_sorted(&mut self) -> Vec<(u32, At)> {
        let mut starts: Vec<usize> = self.starts().collect();
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

    /// Returns where the uses of each user begin among those of all.
    fn starts(&self) -> impl Iterator<Item = usize> {
        self.all.iter().scan(0, |next, user| {
            let start = *next;
            *next += user.count as usize;
            Some(start)
        })
    }

    /// Adds the uses of a user to what is known of them.
    fn tell(&self, user: User, entries: &[(u32, At)], usage: &mut Use) {
        if usage.count == 0 {
            let first = entries.first().and_then(|(place, _)| self.places.get(*place));
            usage.host = first.and_then(|place| place.endpoint.host.clone());
            let caller = self.callers.get(user.caller).cloned();
            let Caller { capture, agent: user_agent } = caller.unwrap_or_default();
            usage.client = Client { capture, ip: self.address(&user).map(Into::into), user_agent };
            usage.credential = Some(user.credential);
        }
        usage.count += u64::from(user.count);
        for (place, at) in entries {
            usage.times.push(*at);
            let Some(Place { endpoint, node }) = self.places.get(*place) else { continue };
            if let Some(node) = node {
                usage.nodes.push_text(node);
            }
            if let Some(times) = usage.endpoints.slot(endpoint) {
                times.push(*at);
            }
        }
    }

    fn clear(&mut self) {
        // Wherever a user is said to be, it is found there or not.
        let Self { entries, all, latest: _, places, callers, addresses } = self;
        entries.clear();
        all.clear();
        places.clear();
        callers.clear();
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

    fn address(&self, user: &User) -> Option<&str> {
        let (start, end) = user.address;
        self.addresses.get(start as usize..end as usize)
    }
}

/// Returns the mark of a place, of which `place` is that of its endpoint.
fn place_and_node(place: u64, node: Option<&str>) -> u64 {
    match node {
        Some(node) => FixedState::with_seed(place).hash_one(node),
        None => place,
    }
}

/// Returns the mark of a client but for its address.
fn caller_mark(event: &Event<'_>) -> u64 {
    match event.capture {
        Some(capture) => FixedState::with_seed(event.who.agent).hash_one(capture),
        None => event.who.agent,
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
                if let Some(usage) = self.uses.slot(user.key()) {
                    waiting.tell(user, own, usage);
                }
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
            let usage = self.uses.get(user.key())?;
            let (_, spent) = usage.endpoints.iter().next()?;
            Some(usage.times.buckets().last()?.count ^ spent.buckets().last()?.count)
        };
        black_box(users.iter().filter_map(last).fold(0, u64::wrapping_add));
    }
}

#[cfg(test)]
mod tests;
