//! Exchanges of one piece that need no record: what is added up for each is added to the tally once.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::marks::{Who, call_mark, content_of};
use super::smallest::Merge as _;
use super::users::Users;
use super::visits::{AT_ONCE, Passage, Told, agent_mark, pair_key, place_mark, spot_mark_of};
use super::waiting::Waiting;
use super::{Input, Tally};
use crate::model::{At, Endpoint, Observer, Time};

/// Instants of a kind that wait to be counted together.
const WAITING: usize = 16;

/// Visits of clients that wait: 4 MB, as many as of most pieces of a file. Few in tests.
const COMERS: usize = if cfg!(test) { 1 << 6 } else { 1 << 17 };

/// The same where memory has limits.
const FEW_COMERS: usize = 1 << 12;

/// User agents of those.
const CALLERS: usize = if cfg!(test) { 1 << 4 } else { 1 << 12 };

/// What is counted of exchanges of one source, see [`Tally::pass`].
#[derive(Debug, Default)]
pub struct Crowd {
    count: u64,
    /// By status, from 0 on.
    statuses: Vec<u64>,
    unseen_fields: u64,
    with_credentials: u64,
    zone_assumed: u64,
    bodies_missing: u64,
    observer: Observer,
    content: u64,
    /// The last instant that is not in the timeline yet, and how many had it: neighbours share theirs.
    instant: Option<(Time, u64)>,
    /// Visits of clients that the tally does not know of yet.
    pub(super) comers: Comers,
    /// Instants that are not in it yet.
    pub(super) waiting: Waiting,
}

/// Visits of clients and uses of credentials that no tally knows of yet, see [`Tally::join`].
///
/// The tables of clients are larger than what a processor has at hand. So the visits of a piece are not put
/// into tables of its own, to be looked up once more when those are merged, but wait in a list.
#[derive(Debug, Default)]
pub struct Comers {
    visits: Vec<Comer>,
    callers: Vec<Caller>,
    /// Index of each user agent by its mark.
    known: HashMap<u64, u32, FixedState>,
    /// The last of them.
    last: u32,
    /// Uses of credentials.
    pub(super) users: Users,
}

/// A visit of a client.
#[derive(Clone, Copy, Debug)]
struct Comer {
    spot: u64,
    place: u64,
    at: At,
    /// Index of the user agent.
    caller: u32,
}

impl Comers {
    /// Notes a visit of a client; returns whether so many wait that they had better be added.
    #[inline]
    fn wait(&mut self, spot: u64, place: u64, at: At, caller: &Caller) -> bool {
        let last = self.callers.get(self.last as usize);
        if last.is_none_or(|last| last.mark != caller.mark) {
            self.last = self.index_of(caller);
        }
        self.visits.push(Comer { spot, place, at, caller: self.last });
        self.visits.len() >= COMERS || self.callers.len() >= CALLERS
    }

    fn index_of(&mut self, caller: &Caller) -> u32 {
        *self.known.entry(caller.mark).or_insert_with(|| {
            let index = u32::try_from(self.callers.len()).unwrap_or(u32::MAX);
            self.callers.push(caller.clone());
            index
        })
    }

    fn clear(&mut self) {
        let Self { visits, callers, known, last, users: _ } = self;
        visits.clear();
        callers.clear();
        known.clear();
        *last = 0;
    }
}

/// Exchanges of one kind, which differ in client, time and numbers in their URL, and what is counted of
/// them and not in a tally yet.
#[derive(Debug)]
pub struct Passers {
    endpoint: Endpoint,
    place: u64,
    /// Mark of method and status.
    call: u64,
    status: u16,
    let_in: bool,
    count: u64,
    waiting: [(At, u64); WAITING],
    /// How many of those.
    length: usize,
}

/// One exchange of a kind, in an access log.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// When it was.
    pub time: Time,
    /// URL, in which nothing is to be masked.
    pub url: &'a [u8],
    /// Client address.
    pub ip: &'a [u8],
    /// User agent.
    pub caller: &'a Caller,
}

/// A user agent.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Its name as shown; `None` for none.
    pub name: Option<Arc<str>>,
    pub(super) mark: u64,
}

impl Default for Caller {
    fn default() -> Self {
        Self::of(None)
    }
}

impl Caller {
    /// Takes the name of a user agent, masked.
    pub fn of(name: Option<Arc<str>>) -> Self {
        let mark = agent_mark(name.as_deref());
        Self { name, mark }
    }
}

impl Passers {
    /// Makes a kind of which nothing is counted: exchanges with one status at one endpoint, let in or
    /// neither that nor refused.
    pub fn at(endpoint: Endpoint, status: u16, let_in: bool) -> Self {
        let call = call_mark(endpoint.method.as_deref(), Some(status));
        let (place, waiting) = (place_mark(&endpoint), [(At(0), 0); WAITING]);
        Self { endpoint, place, call, status, let_in, count: 0, waiting, length: 0 }
    }

    /// Notes an instant; returns whether there is room for no other.
    fn wait(&mut self, at: At) -> bool {
        let last = self.length.wrapping_sub(1);
        if let Some((known, count)) = self.waiting.get_mut(last)
            && *known == at
        {
            *count += 1;
            return false;
        }
        if let Some(slot) = self.waiting.get_mut(self.length) {
            *slot = (at, 1);
            self.length += 1;
        }
        self.length == WAITING
    }
}

impl Crowd {
    pub(super) fn count(&mut self, passage: &Passage<'_>, who: Who) {
        self.count_status(passage.status, 1);
        let (sees_all, shows) = match passage.told {
            Told::Use(used) => (used.sees_all, used.credential.is_some()),
            _ => (false, false),
        };
        self.unseen_fields += u64::from(!sees_all);
        self.with_credentials += u64::from(shows);
        self.zone_assumed += u64::from(passage.time.zone_assumed);
        if let Told::Refusal(facts, _) = passage.told {
            self.bodies_missing += u64::from(facts.answer.body_missing);
        }
        self.observer = self.observer.max(passage.observer);
        self.content = self.content.wrapping_add(passage.content(who));
    }

    fn count_status(&mut self, status: u16, count: u64) {
        self.count += count;
        let status = usize::from(status);
        if status >= self.statuses.len() {
            self.statuses.resize(status + 1, 0);
        }
        if let Some(counted) = self.statuses.get_mut(status) {
            *counted += count;
        }
    }

    /// Notes an instant; returns the one before, where it was another, and how many had it.
    #[inline]
    fn note_instant(&mut self, time: Time) -> Option<(Time, u64)> {
        match &mut self.instant {
            Some((known, count)) if *known == time => {
                *count += 1;
                None
            }
            _ => self.instant.replace((time, 1)),
        }
    }
}

impl Tally {
    /// Adds an exchange of a kind, but for what [`Tally::gather`] and then [`Tally::join`] add of all.
    #[inline]
    pub fn step(&mut self, step: &Step<'_>, passers: &mut Passers, crowd: &mut Crowd) {
        let Step { time, url, ip, caller } = *step;
        if let Some(before) = crowd.note_instant(time) {
            self.note_instants(before, crowd);
        }
        let spot = spot_mark_of(None, Some(ip));
        let who = Who { spot, agent: caller.mark };
        crowd.content =
            crowd.content.wrapping_add(content_of(Some(time.at), url, who, passers.call));
        passers.count += 1;
        if passers.let_in {
            if passers.wait(time.at) {
                self.gather_instants(passers);
            }
            if self.visits.admits(spot)
                && (crowd.comers.wait(spot, passers.place, time.at, caller)
                    || crowd.comers.visits.len() >= FEW_COMERS && !self.limits.is_none())
            {
                self.note_comers(&mut crowd.comers);
            }
        }
    }

    /// Adds visits of clients and uses of credentials that wait.
    pub fn admit(&mut self, mut comers: Comers) {
        self.note_users(&mut comers.users);
        self.note_comers(&mut comers);
    }

    /// Adds them, and forgets them. Look-ups in a row do not wait for each other's memory.
    #[cold]
    fn note_comers(&mut self, comers: &mut Comers) {
        let of = |index: u32| comers.callers.get(index as usize);
        for some in comers.visits.chunks(AT_ONCE) {
            let marks = some.iter().filter_map(|comer| Some((comer.spot, of(comer.caller)?.mark)));
            self.visits.await_agents(marks);
            for Comer { spot, at, caller, .. } in some {
                if let Some(Caller { name, mark }) = of(*caller) {
                    self.visits.note_agent(*spot, *mark, name.as_ref(), Some(*at));
                }
            }
        }
        let mut pairs = Vec::new();
        for Comer { spot, place, at, caller } in &comers.visits {
            if self.visits.admits_pairs(*spot)
                && let Some(Caller { mark, .. }) = of(*caller)
            {
                pairs.push((pair_key(*spot, *mark, *place), *at));
            }
        }
        self.visits.note_pairs(&pairs);
        comers.clear();
    }

    /// Adds what was counted of a kind, but for what [`Tally::join`] adds of all; nothing of it stays in
    /// `passers`.
    pub fn gather(&mut self, passers: &mut Passers, crowd: &mut Crowd) {
        let count = std::mem::take(&mut passers.count);
        if count == 0 {
            return;
        }
        crowd.count_status(passers.status, count);
        crowd.unseen_fields += count;
        crowd.observer = crowd.observer.max(Observer::Gateway);
        self.gather_instants(passers);
    }

    #[cold]
    fn gather_instants(&mut self, passers: &mut Passers) {
        let waiting = passers.waiting.iter().take(std::mem::take(&mut passers.length));
        if passers.let_in {
            self.visits.note_place(passers.place, &passers.endpoint, waiting.copied());
        }
    }

    #[cold]
    fn note_instants(&mut self, (time, count): (Time, u64), crowd: &mut Crowd) {
        self.timeline.push_all(time.at, count);
        crowd.zone_assumed += if time.zone_assumed { count } else { 0 };
    }

    /// Adds what was counted of a source, but for the visits that are returned; nothing stays in `crowd`.
    /// To whatever those are added in the end, by [`Tally::admit`], the whole is the same.
    #[must_use]
    pub fn join(&mut self, source: &Arc<str>, crowd: &mut Crowd) -> Comers {
        let into = crowd;
        let mut crowd = std::mem::take(into);
        let comers = std::mem::take(&mut crowd.comers);
        // The next piece may be larger by an eighth.
        into.comers.visits.reserve_exact(comers.visits.len() / 4 * 5);
        into.comers.users = comers.users.as_large();
        if let Some(instant) = crowd.instant.take() {
            self.note_instants(instant, &mut crowd);
        }
        self.note_waiting(&mut crowd.waiting);
        if crowd.count == 0 {
            return comers;
        }
        self.exchanges.merge(crowd.count);
        for (status, count) in (0..).zip(crowd.statuses).filter(|(_, count)| *count > 0) {
            self.statuses.entry(status).or_default().merge(count);
        }
        let input: &mut Input = self.inputs.entry(Arc::clone(source)).or_default();
        input.unseen_fields.merge(crowd.unseen_fields);
        input.with_credentials.merge(crowd.with_credentials);
        input.zone_assumed.merge(crowd.zone_assumed);
        input.bodies_missing.merge(crowd.bodies_missing);
        input.observer = input.observer.max(crowd.observer);
        input.content = input.content.wrapping_add(crowd.content);
        comers
    }
}
