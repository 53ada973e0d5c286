//! Record to tally: owned facts that merge in any order, in bounded space, with no judgement.
//!
//! `Tally::default()` is the zero of [`Tally::merge`], which is commutative and associative: threads,
//! files and machines are the same thing. What was let in is kept as *uses* of a credential on a host,
//! or as *visits* where none could be seen, what was refused (or tells of a flow: redirects,
//! preflights, logins, logouts) as *groups* of equal facts; all know their instants. Counts under a key
//! that no longer fits its table are in the totals all the same.

mod bare;
mod clocks;
mod crowd;
mod cut;
mod entries;
mod limits;
mod marks;
mod releases;
mod said;
mod sample;
mod sightings;
mod smallest;
mod standing;
mod times;
mod tokens;
mod users;
mod uses;
mod visits;
mod waiting;
mod wording;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::bare::Refusal;
pub use self::bare::{Bare, kind_of};
pub use self::clocks::{Clocks, Offsets, Pair};
pub use self::crowd::{Caller, Comers, Crowd, Passers, Step};
pub use self::entries::{Count, Door, Group, Input, Issue, Proof, ProofUse, Published, Slot, Use};
pub use self::limits::Limits;
use self::marks::{Who, content, fast_key, is_notable, lead_of, line_mark, tenths};
pub use self::marks::{ask_of, call_mark, group_key, line_mark_of};
pub use self::releases::{Release, Releases, place};
pub use self::said::{Once, Said, Sayings, Spoken, Wording, wordings, words};
pub use self::sample::Sample;
pub use self::sightings::{Pass, Sighting, Sightings};
pub use self::smallest::{Few, Merge, Smallest, Table};
use self::standing::{Shift, Standing};
pub use self::times::{Bucket, Buckets, Times};
pub use self::uses::{Shown, Used, host_mark};
pub use self::visits::{
    Agent, Passage, Place, Refused, Told, Visit, Visits, place_mark, spot_mark,
};
pub use self::wording::template;
use crate::model::{
    Endpoint, Facts, Fingerprint, Makes, Outcome, Position, Record, Token, Verdict, Visibility,
    pseudonym,
};

/// Version of the mergeable state; another one is refused.
pub const VERSION: u32 = 7;

/// Most distinct tokens, uses, groups kept. Chosen so that the tables of an ordinary capture never fill;
/// a limit of memory makes them fewer, see [`Tally::limit`].
const TOKENS: usize = 1 << 20;
const USES: usize = 1 << 16;
const GROUPS: usize = 1 << 17;
const ISSUES: usize = 1 << 17;
const DOORS: usize = 1 << 16;
const KEYS: usize = 1 << 12;
/// Hosts whose times are kept apart: 100 KB each at most, an instant a minute for two days.
const HOSTS: usize = 1 << 10;
const PROOFS: usize = 1 << 16;
/// Marks of refusals that others may have seen; of more a sample is compared.
const IDS: usize = 1 << 15;
/// The same of what was let in, which only counts depend on: when there are more, none is compared.
const PASSED: usize = 1 << 12;

/// Everything that is known of the input, before any judgement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// One entry an input, by source name.
    pub inputs: BTreeMap<Arc<str>, Input>,
    /// Facts of each distinct token, used or handed out.
    #[serde(with = "tokens")]
    pub tokens: Sample<Slot<Arc<Token>>, TOKENS>,
    /// What was let in with a credential.
    pub uses: Sample<Box<Use>, USES>,
    /// When each host let in a token or key, at other endpoints than those of its issuer; of every use,
    /// also of those that `uses` leaves out.
    pub entrances: Table<Arc<str>, Times<4096>, HOSTS>,
    /// What was let in without one.
    pub visits: Visits,
    /// Refusals and moments of flows, by the key of their facts; after [`Tally::settle`] all refusals.
    pub groups: Table<u128, Group, GROUPS>,
    /// Refusals without a credential in the logs of servers.
    pub bare: Bare,
    /// Refusals whose clients are not known any more, see [`Tally::settle`].
    #[serde(default)]
    pub clientless: u64,
    /// Credentials handed out.
    pub issues: Table<u128, Issue, ISSUES>,
    /// Endpoints that refused.
    pub doors: Table<Endpoint, Door, DOORS>,
    /// Public keys that answers hold, by a key of host and name.
    #[serde(default)]
    pub published: Table<u128, Published, KEYS>,
    /// `DPoP` proofs, by the mark of their `jti`.
    #[serde(default)]
    pub proofs: Table<Fingerprint, Proof, PROOFS>,
    /// What answers say of the software behind them.
    #[serde(default)]
    pub releases: Releases,
    /// Refusals by the marks of their request and trace ids, and lines without a status: who else saw
    /// them.
    #[serde(default)]
    pub sightings: Table<Fingerprint, Sightings<Sighting>, IDS>,
    /// What was not refused, by the marks of its ids.
    #[serde(default)]
    pub passed: Sample<Sightings<Pass>, PASSED>,
    /// Offsets of servers' clocks by capture and host.
    #[serde(default)]
    pub offsets: Clocks,
    /// All exchanges over time.
    pub timeline: Times<4096>,
    /// Exchanges without a time.
    pub untimed: u64,
    /// All exchanges.
    pub exchanges: u64,
    /// By status; 0 where there is none.
    pub statuses: BTreeMap<u16, u64>,
    /// Refusals; after [`Tally::settle`] those that no group holds for want of room.
    #[serde(default)]
    pub refused: Count,
    /// What the sizes of all tables follow from.
    #[serde(default)]
    limits: Limits,
    /// Tokens of refused requests that found no room in `tokens`; only after [`Tally::settle`].
    #[serde(skip)]
    beside: BTreeMap<Fingerprint, Arc<Token>>,
    /// Whether groups know fewer instants than they were told; only after [`Tally::settle`].
    #[serde(skip)]
    is_narrow: bool,
}

impl Tally {
    /// Adds one record.
    pub fn observe(&mut self, record: Record) {
        let Record { origin, facts, tokens, issued, issued_tokens, .. } = &record;
        self.exchanges += 1;
        *self.statuses.entry(facts.status.unwrap_or(0)).or_default() += 1;
        match origin.time {
            Some(time) => self.timeline.push(time.at),
            None => self.untimed += 1,
        }
        self.note_input(&record);
        for token in tokens.iter().chain(issued_tokens) {
            self.note_token(token.fingerprint, token);
        }
        for key in &record.published {
            let mark = fast_key(&(&facts.endpoint.host, key));
            if let Some(published) = self.published.slot(&mark) {
                published.host.clone_from(&facts.endpoint.host);
                published.key = key.clone();
                if let Some(time) = origin.time {
                    published.times.push(time.at);
                }
            }
        }
        self.note_proof(&record);
        self.releases.note(&record);
        self.offsets.note(&record);
        self.note_doors(facts, 1);
        if facts.answer.outcome.is_refused() {
            self.refused.note(origin.time.map(|time| time.at));
        }
        let let_in = facts.answer.outcome == Outcome::LetIn && !facts.preflight;
        let usage = match facts.credentials.first() {
            Some(credential) if let_in => {
                let event = uses::Event::of(&record, credential);
                if let Some((host, at)) = event.entrance()
                    && let Some(entrances) = self.entrances.slot(host)
                {
                    entrances.push(at);
                }
                self.note_use(&event);
                Some(event)
            }
            _ => None,
        };
        if let_in && usage.is_none() {
            let at = origin.time.map(|time| time.at);
            self.visits.note(&Visit::of(&facts.client, &facts.endpoint, at));
        }
        if !record.ids.is_empty() && !facts.answer.outcome.is_refused() {
            let origin = || record.origin.clone();
            self.note_pass(&record.ids, &facts.endpoint, facts.status, usage.as_ref(), origin);
        }
        if let (Some(issued), Some(time)) = (issued, record.origin.time) {
            let key = fast_key(&(&facts.client, issued, facts.grant, &facts.endpoint));
            if let Some(issue) = self.issues.slot(&key) {
                issue.client = facts.client.clone();
                issue.issued = issued.clone();
                issue.grant = facts.grant;
                issue.endpoint = facts.endpoint.clone();
                issue.times.push(time.at);
                issue.ahead = issue.ahead.max(record.issuer_offset.map(tenths));
            }
        }
        if is_notable(facts) {
            self.note_group(record);
        }
    }

    /// Adds an exchange that needs no record, see [`Tally::is_told`], but for what `crowd` counts of it,
    /// which [`Tally::join`] adds, and for a refusal's [`Tally::note_doors`].
    pub fn pass(&mut self, passage: &Passage<'_>, crowd: &mut Crowd) {
        let spot = spot_mark(None, passage.visit.ip);
        let who = Who { spot, agent: passage.caller.mark };
        crowd.count(passage, who);
        self.note_time(passage.time.at, &mut crowd.waiting);
        match passage.told {
            Told::Nothing => {}
            Told::Visit => self.visits.note(&passage.visit),
            Told::Use(used) => self.pass_use(used, passage, who, crowd),
            Told::Refusal(facts, refused) => {
                self.refused.note(Some(passage.time.at));
                let Visit { ip, agent, .. } = passage.visit;
                let Refused { kind, origin, user } = *refused;
                let user = user.map(pseudonym);
                let user = user.as_ref();
                let origin = Standing::of(origin);
                self.bare.note(&Refusal { kind, facts, ip, agent, origin, user });
            }
        }
    }

    /// Returns whether a plain line of an access log whose record this is tells all by its method, path
    /// and status: it carried nothing that could be seen, was given nothing, explains no other exchange;
    /// and where it was refused, by what.
    pub fn is_told(record: &Record) -> bool {
        let Record { facts, .. } = record;
        let bare = bare::is_bare(facts)
            && line_mark(record, 0).is_none()
            && facts.answer.challenges.is_empty()
            && facts.answer.server_time.is_none()
            && facts.answer.statements.iter().all(|s| s.place == "status");
        (bare || !is_notable(facts))
            && facts.client.capture.is_none()
            && facts.node.is_none()
            && !facts.preflight
            && facts.credentials.is_empty()
            && facts.visibility != Visibility::Full
            && facts.cookies_sent != Some(true)
            && record.tokens.is_empty()
            && tells_nothing_else(record)
            && record.ids.is_empty()
    }

    fn input(&mut self, source: &Arc<str>) -> &mut Input {
        self.inputs.entry(Arc::clone(source)).or_default()
    }

    /// Adds everything of `other`, within the limits of both. Commutative and associative;
    /// `Tally::default()` is the zero.
    pub fn merge(&mut self, mut other: Self) {
        self.limit(other.limits);
        other.limit(self.limits);
        for (source, input) in other.inputs {
            self.inputs.entry(source).or_default().merge(input);
        }
        self.tokens.merge(other.tokens);
        self.uses.merge(other.uses);
        self.entrances.merge(other.entrances);
        self.visits.merge(other.visits);
        self.groups.merge(other.groups);
        self.bare.merge(other.bare);
        self.clientless.merge(other.clientless);
        self.issues.merge(other.issues);
        self.doors.merge(other.doors);
        self.published.merge(other.published);
        self.proofs.merge(other.proofs);
        self.releases.merge(other.releases);
        self.sightings.merge(other.sightings);
        self.passed.merge(other.passed);
        self.offsets.merge(other.offsets);
        self.timeline.merge(&other.timeline);
        self.untimed.merge(other.untimed);
        self.exchanges.merge(other.exchanges);
        for (status, count) in other.statuses {
            self.statuses.entry(status).or_default().merge(count);
        }
        self.refused.merge(other.refused);
    }

    /// Has tokens of one make share it, as those have that one process read. Those of the table do so when
    /// they are read.
    pub fn share_makes(&mut self) {
        if self.groups.iter().all(|(_, group)| group.tokens.seen().is_none()) {
            return;
        }
        let mut makes = Makes::default();
        self.tokens.change(|slot| {
            if let Some(token) = &mut slot.0 {
                makes.share(Arc::make_mut(token));
            }
        });
        for group in self.groups.values_mut() {
            for token in group.tokens.seen_mut().into_iter().flatten() {
                makes.share(Arc::make_mut(token));
            }
        }
    }

    /// Returns the facts of a token.
    pub fn token(&self, mark: Fingerprint) -> Option<&Token> {
        let kept = self.tokens.get(mark.number()).and_then(|slot| slot.0.as_deref());
        kept.or_else(|| self.beside.get(&mark).map(|token| &**token))
    }

    /// Writes down what keys say of a token that is known. Only after [`Tally::settle`].
    pub fn note_verdict(&mut self, mark: Fingerprint, verdict: Verdict) {
        let kept = self.tokens.get_mut(mark.number()).and_then(|slot| slot.0.as_mut());
        if let Some(token) = kept.or_else(|| self.beside.get_mut(&mark)) {
            Arc::make_mut(token).hear(verdict);
        }
    }

    /// Shifts all positions, which are counted from the start of a shard, by where the shard begins.
    pub fn rebase(&mut self, entries: u64, lines: u64) {
        let change = |position: &mut Position| {
            position.entry = position.entry.map(|n| n + entries);
            position.line = position.line.map(|n| n + lines);
        };
        let mut shift = Shift::by(change);
        for group in self.groups.values_mut() {
            group.shift(&mut shift);
        }
        self.bare.shift(&mut shift);
        for sightings in self.sightings.values_mut() {
            sightings.shift(|refusal| shift.apply(&mut refusal.origin));
        }
        self.passed.change(|passed| passed.shift(|pass| change(&mut pass.origin.position)));
    }

    /// Turns refusals without a credential into groups, for all that learn and judge: with their clients
    /// as far as those are kept, the rest without. Only after the last merge; in the pool of the caller.
    pub fn settle(&mut self) {
        let uses = || self.uses.prune_by_all();
        let others = || {
            self.visits.prune();
            self.bare.prune();
            self.passed.prune();
            let is_sample = self.bare.is_sample();
            let (groups, clientless) = std::mem::take(&mut self.bare).into_groups();
            self.clientless.merge(clientless);
            for group in groups {
                let Some(facts) = group.facts.as_deref() else { continue };
                if let Some(known) = self.groups.slot(&group_key(facts)) {
                    known.merge(group);
                }
            }
            is_sample | self.groups.is_sample()
        };
        let ((), is_sample) = rayon::join(uses, others);
        let mut refused = std::mem::take(&mut self.refused);
        let is_refused = |group: &&Group| {
            group.facts.as_ref().is_some_and(|facts| facts.answer.outcome.is_refused())
        };
        if is_sample {
            self.groups.iter().map(|(_, group)| group).filter(is_refused).for_each(|group| {
                refused.remove(group.count, &group.times);
            });
            self.refused = refused;
        }
        self.narrow();
        for group in self.groups.values_mut() {
            for token in group.tokens.take() {
                if let Some(mark) =
                    token.fingerprint.filter(|mark| self.tokens.get(mark.number()).is_none())
                {
                    self.beside.insert(mark, token);
                }
            }
        }
    }

    /// Returns whether all uses of a credential are known; else it may have been let in unseen.
    pub fn knows_uses(&self, mark: Fingerprint) -> bool {
        self.uses.most().is_none_or(|most| lead_of(mark) < visits::spot_of(most))
    }

    /// Adds what reading told of an input.
    pub fn note(&mut self, source: Arc<str>, read: Input) {
        self.inputs.entry(source).or_default().merge(read);
    }

    fn note_input(&mut self, record: &Record) {
        let facts = &record.facts;
        let input = self.input(&record.origin.source);
        let shows = facts.credentials.iter().any(|c| {
            use crate::model::Place;
            matches!(&c.place, Place::Cookie(_))
                || matches!(&c.place, Place::Header(name)
                    if matches!(&**name, "authorization" | "proxy-authorization"))
        });
        input.with_credentials += u64::from(shows || facts.cookies_sent == Some(true));
        input.with_set_cookie +=
            u64::from(!facts.cookies_set.is_empty() || !facts.cookies_cleared.is_empty());
        input.with_redacted +=
            u64::from(facts.credentials.iter().any(|c| c.state == crate::model::State::Redacted));
        input.unseen_fields += u64::from(facts.visibility != Visibility::Full);
        input.bodies_missing +=
            u64::from(facts.answer.body_missing && facts.answer.outcome.is_refused());
        input.zone_assumed += u64::from(record.origin.time.is_some_and(|t| t.zone_assumed));
        input.observer = input.observer.max(facts.observer);
        input.content = input.content.wrapping_add(content(record));
    }

    /// Notes the use of a proof; a redirect may come from somebody who does not look at it.
    fn note_proof(&mut self, record: &Record) {
        let (Some(mark), Some(time)) = (record.proof, record.origin.time) else { return };
        let facts = &record.facts;
        let let_in = facts.answer.outcome == Outcome::LetIn;
        if facts.redirect.is_some() || !(let_in || facts.answer.outcome.is_refused()) {
            return;
        }
        if let Some(proof) = self.proofs.slot(&mark) {
            let (endpoint, client) = (facts.endpoint.clone(), facts.client.clone());
            proof.uses.push(ProofUse { at: time.at, let_in, endpoint, client });
        }
    }

    /// Adds so many exchanges of some facts to what is known of their endpoint.
    pub fn note_doors(&mut self, facts: &Facts, count: u64) {
        if facts.preflight || !facts.answer.outcome.is_refused() || count == 0 {
            return;
        }
        if let Some(door) = self.doors.slot(&facts.endpoint) {
            door.refused += count;
        }
    }

    fn note_group(&mut self, record: Record) {
        let refused = record.facts.answer.outcome.is_refused();
        let bare = bare::is_bare(&record.facts);
        let Record { origin, facts, user, .. } = &record;
        let standing = Standing::of(origin);
        if !bare || !record.ids.is_empty() || line_mark(&record, 0).is_some() {
            let key = group_key(facts);
            let ids = record.ids.iter().copied().chain(line_mark(&record, key));
            for mark in ids.filter(|_| refused) {
                if let Some(sightings) = self.sightings.slot(&mark) {
                    sightings.push(Sighting::of(standing.keep(), key, facts));
                }
            }
            if !bare {
                let Some(group) = self.groups.slot(&key) else { return };
                if !self.limits.is_none() && group.tokens.seen().is_none() {
                    group.keep_tokens(&record.tokens);
                }
                group.add(&facts.answer, &standing, user.as_ref());
                group.adopt(Some(Box::new(record.facts)));
                return;
            }
        }
        let (ip, agent) = (facts.client.ip.as_deref(), facts.client.user_agent.as_ref());
        let kind = kind_of(facts);
        self.bare.note(&Refusal { kind, facts, ip, agent, origin: standing, user: user.as_ref() });
    }
}

/// Whether a record shows nothing given, no key, proof, release or clock beside its facts and tokens.
fn tells_nothing_else(record: &Record) -> bool {
    hands_out_nothing(record)
        && record.release.is_none()
        && record.date_offset.is_none()
        && record.told_offset.is_none()
}

/// Whether a record shows nothing given, no key and no proof.
fn hands_out_nothing(record: &Record) -> bool {
    record.issued.is_none()
        && record.issued_tokens.is_empty()
        && record.published.is_empty()
        && record.proof.is_none()
        && record.issuer_offset.is_none()
}
