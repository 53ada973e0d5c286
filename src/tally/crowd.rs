//! Exchanges of one piece that need no record: what is added up for each is added to the tally once.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::limits::Limits;
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

/// Clients whose stays are found again: twice as many as are kept, in 64 KB. Few in tests.
const STAYS: usize = if cfg!(test) { 1 << 3 } else { 1 << 14 };

/// Stays that wait to be looked for together.
const ARRIVALS: usize = 4 * AT_ONCE;

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
    /// Of clients whose visits may be kept by place.
    visits: Vec<Comer>,
    /// Of all others that may be kept, most of them once.
    stays: Vec<Stay>,
    /// Where in it some clients are, those that came last among them; others may have taken their place.
    latest: Vec<u32>,
    /// Stays that are not in it yet.
    arrivals: Vec<Stay>,
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

/// Visits of a client, wherever.
#[derive(Clone, Copy, Debug)]
struct Stay {
    spot: u64,
    first: At,
    last: At,
    /// Index of the user agent.
    caller: u32,
}

impl Stay {
    fn of(visit: &Comer) -> Self {
        let Comer { spot, at, caller, .. } = *visit;
        Self { spot, first: at, last: at, caller }
    }
}

impl Comers {
    /// Notes a visit of a client.
    #[inline]
    fn wait(&mut self, spot: u64, place: u64, at: At, caller: &Caller) {
        let caller = self.index_of(caller);
        self.visits.push(Comer { spot, place, at, caller });
    }

    /// Notes a visit of which the place is not asked for.
    #[inline]
    fn stay(&mut self, spot: u64, at: At, caller: &Caller) {
        let caller = self.index_of(caller);
        self.arrivals.push(Stay { spot, first: at, last: at, caller });
        if self.arrivals.len() >= ARRIVALS {
            self.settle();
        }
    }

    /// Adds stays to what is known of others of the same clients in this piece. Look-ups in a row do not wait
    /// for each other's memory.
    fn settle(&mut self) {
        if self.arrivals.is_empty() {
            return;
        }
        if self.latest.is_empty() {
            self.latest.resize(STAYS, 0);
        }
        let Self { stays, latest, arrivals, .. } = self;
        #[expect(clippy::cast_possible_truncation, reason = "as many bits as there are places")]
        let place = |spot: u64| spot as usize % STAYS;
        for some in arrivals.chunks(AT_ONCE) {
            let known = |stay: &Stay| {
                latest.get(place(stay.spot)).and_then(|known| stays.get(*known as usize))
            };
            black_box(some.iter().filter_map(known).fold(0, |sum, stay| sum ^ stay.spot));
            for stay in some {
                let Some(slot) = latest.get_mut(place(stay.spot)) else { continue };
                match stays.get_mut(*slot as usize) {
                    Some(known) if (known.spot, known.caller) == (stay.spot, stay.caller) => {
                        known.first = known.first.min(stay.first);
                        known.last = known.last.max(stay.last);
                    }
                    _ => {
                        *slot = u32::try_from(stays.len()).unwrap_or(u32::MAX);
                        stays.push(*stay);
                    }
                }
            }
        }
        arrivals.clear();
    }

    /// Returns whether so many wait that they had better be added.
    #[inline]
    fn are_many(&self, limits: Limits) -> bool {
        let most = if limits.is_none() { COMERS } else { FEW_COMERS };
        self.visits.len() + self.stays.len() >= most || self.callers.len() >= CALLERS
    }

    #[inline]
    fn index_of(&mut self, caller: &Caller) -> u32 {
        let last = self.callers.get(self.last as usize);
        if last.is_none_or(|last| last.mark != caller.mark) {
            self.last = self.look_up(caller);
        }
        self.last
    }

    fn look_up(&mut self, caller: &Caller) -> u32 {
        *self.known.entry(caller.mark).or_insert_with(|| {
            let index = u32::try_from(self.callers.len()).unwrap_or(u32::MAX);
            self.callers.push(caller.clone());
            index
        })
    }

    fn clear(&mut self) {
        // Wherever a client is said to be, it is found there or not.
        let Self { visits, stays, latest: _, arrivals, callers, known, last, users: _ } = self;
        visits.clear();
        stays.clear();
        arrivals.clear();
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
            let comers = &mut crowd.comers;
            if self.visits.admits_pairs(spot) {
                comers.wait(spot, passers.place, time.at, caller);
            } else if self.visits.admits_agents(spot) {
                comers.stay(spot, time.at, caller);
            } else {
                return;
            }
            if comers.are_many(self.limits) {
                self.note_comers(comers);
            }
        }
    }

    /// Adds visits of clients and uses of credentials that wait.
    pub fn admit(&mut self, mut comers: Comers) {
        self.note_users(&mut comers.users);
        self.note_comers(&mut comers);
    }

    /// Has uses wait with those of other pieces, and adds visits, which do not wait on; what waits enters by
    /// [`Tally::enter`] at the end.
    pub fn gather_comers(&mut self, waiting: &mut Comers, mut others: Comers) {
        self.note_comers(waiting);
        self.note_comers(&mut others);
        self.gather_users(&mut waiting.users, others.users);
    }

    /// Adds all that wait, after the last merge; on all threads of the pool.
    pub fn enter(&mut self, mut comers: Comers) {
        self.note_comers(&mut comers);
        self.enter_users(comers.users);
    }

    /// Adds them, and forgets them. Look-ups in a row do not wait for each other's memory.
    #[cold]
    fn note_comers(&mut self, comers: &mut Comers) {
        comers.settle();
        for some in comers.visits.chunks(AT_ONCE) {
            self.note_stays(some.iter().map(Stay::of), &comers.callers);
        }
        for some in comers.stays.chunks(AT_ONCE) {
            self.note_stays(some.iter().copied(), &comers.callers);
        }
        let mut pairs = Vec::with_capacity(comers.visits.len());
        for Comer { spot, place, at, caller } in &comers.visits {
            if self.visits.admits_pairs(*spot)
                && let Some(Caller { mark, .. }) = comers.callers.get(*caller as usize)
            {
                pairs.push((pair_key(*spot, *mark, *place), *at));
            }
        }
        self.visits.note_pairs(&pairs);
        comers.clear();
    }

    /// Adds no more than [`AT_ONCE`] of them to what is known of user agents.
    fn note_stays(&mut self, stays: impl Iterator<Item = Stay> + Clone, callers: &[Caller]) {
        let marked = stays.filter_map(|stay| Some((stay, callers.get(stay.caller as usize)?)));
        self.visits.await_agents(marked.clone().map(|(stay, caller)| (stay.spot, caller.mark)));
        for (Stay { spot, first, last, .. }, Caller { name, mark }) in marked {
            self.visits.note_agent(spot, *mark, name.as_ref(), Some((first, last)));
        }
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
    /// To whatever those are added in the end, by [`Tally::admit`] or [`Tally::enter`], the whole is the same.
    #[must_use]
    pub fn join(&mut self, source: &Arc<str>, crowd: &mut Crowd) -> Comers {
        let into = crowd;
        let mut crowd = std::mem::take(into);
        let mut comers = std::mem::take(&mut crowd.comers);
        comers.settle();
        into.comers.latest = std::mem::take(&mut comers.latest);
        // The next piece may be larger by an eighth.
        into.comers.visits.reserve_exact(comers.visits.len() / 4 * 5);
        into.comers.stays.reserve_exact(comers.stays.len() / 4 * 5);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Visit;
    use super::*;

    proptest! {
        #[test]
        fn visits_that_wait_are_what_each_of_them_is_by_itself(
            visits in prop::collection::vec((0_u8..60, 0_usize..4, 0_usize..3, 0_i64..200), 1..600),
            piece in 1_usize..200,
            room in 100_000_u64..2_000_000,
        ) {
            let endpoints = ["/a", "/b", "/c", "/d"]
                .map(|path| Endpoint { path: path.into(), ..Endpoint::default() });
            let names = [None, Some("curl/8"), Some("okhttp/4")];
            let callers = names.map(|name| Caller::of(name.map(Into::into)));
            // Of fewer clients the places are kept than the user agents.
            let limits = Limits::with_room(room);
            let (mut slow, mut quick) = (Tally::within(limits), Tally::within(limits));
            let mut crowd = Crowd::default();
            for some in visits.chunks(piece) {
                let mut part = quick.part();
                let mut kinds = endpoints.clone().map(|endpoint| Passers::at(endpoint, 200, true));
                for (client, place, agent, second) in some {
                    let (ip, at) = (format!("192.0.2.{client}"), At(second * 1_000_000_000));
                    let (time, caller) = (Time { at, digits: 0, zone_assumed: false }, &callers[*agent]);
                    let step = Step { time, url: b"/", ip: ip.as_bytes(), caller };
                    part.step(&step, &mut kinds[*place], &mut crowd);
                    slow.visits.note(&Visit {
                        capture: None,
                        ip: Some(&ip),
                        agent: caller.name.as_ref(),
                        place: place_mark(&endpoints[*place]),
                        endpoint: &endpoints[*place],
                        at: Some(at),
                    });
                }
                for kind in &mut kinds {
                    part.gather(kind, &mut crowd);
                }
                let comers = part.join(&"a.log".into(), &mut crowd);
                quick.merge(part);
                quick.admit(comers);
            }
            slow.visits.prune();
            quick.visits.prune();
            prop_assert_eq!(quick.visits, slow.visits);
        }
    }
}
