//! The tables that questions about what happened are looked up in.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use foldhash::quality::FixedState;
use rayon::prelude::*;

use super::addresses::Addresses;
use super::debuts::MakeDebuts;
use super::gist::Gist;
use super::let_in::LetIn;
use super::look::{Hosts, Look};
use super::runs::Runs;
use super::thresholds::Joined;
use super::{Entry, Flow, Issued, OpenDoor, STRANGERS, Who, World, could_show, is_moment, mark_of};
use crate::model::{Endpoint, Facts, Fingerprint, Outcome, Token};
use crate::tally::{Group, Tally};

/// Everything that was seen, by what it is asked for.
#[derive(Debug, Default)]
pub(super) struct Index<'t> {
    /// What was let in, by the numbers that the tables name.
    pub(super) let_in: LetIn<'t>,
    /// The uses by number, and behind them the groups.
    pub(super) by_token: Runs<Fingerprint, u32>,
    pub(super) doors: Doors<'t>,
    pub(super) refusals: Refusals<'t>,
    pub(super) issued: Issued,
    /// Clients whose tokens have several subjects.
    pub(super) shared: HashSet<Who, FixedState>,
    pub(super) flows: BTreeMap<Who, Flow<'t>>,
    /// First sights of what was refused.
    pub(super) debuts: MakeDebuts<'t>,
    /// Signatures that stand on more than one header and payload.
    pub(super) doubled_signatures: BTreeSet<Fingerprint>,
}

/// What was let in with a credential.
#[derive(Debug, Default)]
pub(super) struct Doors<'t> {
    /// Endpoints that were seen to let in a request with one.
    pub(super) open: HashMap<&'t Endpoint, OpenDoor<'t>, FixedState>,
    /// Entries by client and number of the endpoint.
    pub(super) entries: Runs<(Who, u32), u32>,
    hosts: Hosts<'t>,
    /// Uses by client and number of the host, in order of time.
    successions: Runs<(Who, u32), u32>,
}

/// What was refused.
#[derive(Debug, Default)]
pub(super) struct Refusals<'t> {
    /// By client and number of the endpoint.
    pub(super) of: Runs<(Who, u32), (&'t Group, &'t Facts)>,
    /// Refusals of requests that came without any credential, the first few of each endpoint.
    pub(super) strangers: HashMap<&'t Endpoint, Vec<&'t Facts>, FixedState>,
    /// Calls to other origins that were not let in, answered or not.
    pub(super) cross_origin: BTreeMap<Who, Vec<(&'t Group, &'t Facts)>>,
}

impl<'t> Doors<'t> {
    /// Returns whether doors refused others, by where the names of their endpoints lie.
    pub(super) fn guarded(&self) -> Addresses<bool> {
        let known = |door: &OpenDoor<'t>| {
            let guarded = door.guarded;
            door.addresses.iter().map(move |address| (*address, guarded)).collect::<Vec<_>>()
        };
        self.open.values().flat_map(known).collect()
    }

    /// Returns the numbers of a client's uses on a host, in order of their first instants.
    pub(super) fn successions(&self, who: Who, host: Option<&Arc<str>>) -> &[u32] {
        let number = self.hosts.get(host);
        number.map_or(&[][..], |number| self.successions.get(&(who, number)))
    }
}

/// What is found in one pass over groups and belongs to one client or token.
#[derive(Debug, Default)]
struct Found<'t> {
    sights: Vec<(Fingerprint, u32)>,
    subjects: Vec<(Who, &'t str)>,
    flows: BTreeMap<Who, Flow<'t>>,
    debuts: MakeDebuts<'t>,
}

impl<'t> Index<'t> {
    /// Learns from what one look at all uses found.
    pub(super) fn learn(
        world: &World<'t>,
        gists: Vec<Gist<'t>>,
        doubled_signatures: BTreeSet<Fingerprint>,
    ) -> Self {
        let who: Vec<Who> =
            world.users.iter().map(|client| world.clients.who_of(*client)).collect();
        let who = |place: usize| who.get(place).copied().unwrap_or(Who::MAX);
        let ((let_in, doors), (refusals, refused)) =
            rayon::join(|| of_uses(gists, who), || of_groups(world));
        let (issued, given) = of_issues(world);
        let mut flows = refused.flows;
        for (who, flow) in given.flows {
            flows.entry(who).or_default().issues = flow.issues;
        }
        let sights = || {
            let let_in = let_in.looks().zip(0..).filter_map(|(look, n)| Some((look.mark()?, n)));
            Runs::of(let_in.chain(refused.sights.iter().copied()))
        };
        let shared = || {
            let let_in = let_in.looks().enumerate().filter(|(_, look)| look.first().is_some());
            let let_in = let_in.filter_map(|(place, look)| Some((who(place), look.subject()?)));
            let others = refused.subjects.iter().chain(&given.subjects).copied();
            shared(world.clients.count(), let_in.chain(others))
        };
        let (by_token, shared) = rayon::join(sights, shared);
        let debuts = refused.debuts;
        Self {
            let_in,
            by_token,
            doors,
            refusals,
            issued,
            shared,
            flows,
            debuts,
            doubled_signatures,
        }
    }
}

/// Returns the clients that have several of the subjects; each client is below `clients`.
fn shared<'t>(
    clients: usize,
    subjects: impl Iterator<Item = (Who, &'t str)>,
) -> HashSet<Who, FixedState> {
    let mut first: Vec<Option<&str>> = vec![None; clients];
    let mut shared = HashSet::default();
    for (who, subject) in subjects {
        if let Some(first) = first.get_mut(who as usize)
            && *first.get_or_insert(subject) != subject
        {
            shared.insert(who);
        }
    }
    shared
}

/// Indexes what was let in with a credential.
fn of_uses<'t>(
    gists: Vec<Gist<'t>>,
    who: impl Fn(usize) -> Who + Copy + Sync,
) -> (LetIn<'t>, Doors<'t>) {
    let (mut joined, mut hosts) = (Joined::default(), Hosts::default());
    let mut let_in = LetIn::default();
    for gist in gists {
        let (doors, hosts) = (joined.join(gist.thresholds), hosts.join(gist.hosts));
        let_in.add(gist.looks, gist.entries, &doors, &hosts);
    }
    let mut open = joined.all;
    for (number, entry) in let_in.entries() {
        if let Some((_, door)) = open.get_mut(entry.door as usize) {
            door.entries.push(number);
        }
    }
    let entries = || {
        let key = |entry: &Entry<'t>| (who(entry.place as usize), entry.door);
        Runs::of(let_in.entries().map(|(number, entry)| (key(entry), number)))
    };
    let successions = || {
        let timed = let_in.looks().zip(0..).filter(|(look, _)| look.first().is_some());
        let keyed = timed.map(|(look, place)| ((who(place as usize), look.host), place));
        let mut successions = Runs::of(keyed);
        let first = |place: &u32| let_in.look(*place).and_then(Look::first);
        successions.each_mut(|uses| {
            if !uses.is_sorted_by_key(first) {
                uses.sort_by_cached_key(first);
            }
        });
        successions
    };
    let (entries, successions) = rayon::join(entries, successions);
    let open = open.into_iter().collect();
    (let_in, Doors { open, entries, hosts, successions })
}

/// Finds the signatures that stand on more than one header and payload.
pub(super) fn doubled_signatures(tally: &Tally) -> BTreeSet<Fingerprint> {
    let mut tokens: Vec<&Token> = Vec::with_capacity(tally.tokens.len());
    tokens.extend(tally.tokens.values().filter_map(|slot| slot.0.as_deref()));
    let signed = tokens.par_iter().filter_map(|t| Some((t.signature_mark?, t.unsigned?)));
    doubled(signed.collect())
}

/// Returns the signatures that stand on more than one text.
fn doubled(mut signed: Vec<(Fingerprint, Fingerprint)>) -> BTreeSet<Fingerprint> {
    signed.par_sort_unstable();
    let pairs = signed.windows(2).filter_map(|pair| match pair {
        [(one, a), (other, b)] => (one == other && a != b).then_some(*one),
        _ => None,
    });
    pairs.collect()
}

/// Indexes refusals and moments of flows.
fn of_groups<'t>(world: &World<'t>) -> (Refusals<'t>, Found<'t>) {
    let (mut refusals, mut found) = (Refusals::default(), Found::default());
    let mut of = Vec::with_capacity(world.groups.len());
    let numbers = world.uses.len()..;
    for (number, known) in numbers.zip(&world.groups) {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let (group, facts, who) = (known.group, known.facts, world.clients.who_of(known.client));
        if is_moment(facts) {
            found.flows.entry(who).or_default().moments.push((group, facts));
        }
        found.debuts.note(known.token, group.times.first());
        for (at, credential) in facts.credentials.iter().enumerate() {
            let other = || mark_of(credential).and_then(|mark| world.token(mark));
            let token = if at == 0 { known.token } else { other() };
            found.subjects.extend(token.and_then(|token| Some((who, token.sub.as_deref()?))));
        }
        if facts.cross_origin && !facts.preflight && facts.answer.outcome != Outcome::LetIn {
            refusals.cross_origin.entry(who).or_default().push((group, facts));
        }
        if facts.answer.outcome.is_refused() {
            of.push(((who, known.place), (group, facts)));
            let came_bare = facts.credentials.is_empty() && facts.cookies_sent == Some(false);
            if came_bare && could_show(facts) {
                let strangers = refusals.strangers.entry(&facts.endpoint).or_default();
                if strangers.len() < STRANGERS {
                    strangers.push(facts);
                }
            }
            let mut marks: Vec<Fingerprint> =
                facts.credentials.iter().filter_map(mark_of).collect();
            marks.sort_unstable();
            marks.dedup();
            found.sights.extend(marks.iter().map(|mark| (*mark, number)));
        }
    }
    refusals.of = Runs::of(of.iter().copied());
    (refusals, found)
}

/// Indexes what was handed out.
fn of_issues<'t>(world: &World<'t>) -> (Issued, Found<'t>) {
    let (mut issued, mut found) = (Issued::default(), Found::default());
    for (_, issue) in world.tally.issues.iter() {
        let who = world.clients.who(&issue.client);
        if let Some(at) = issue.times.first() {
            for mark in [issue.issued.access, issue.issued.id].into_iter().flatten() {
                let born = issued.births.entry(mark).or_insert(at);
                *born = at.min(*born);
            }
        }
        let other = [issue.issued.access, issue.issued.id];
        let refresh = issue.issued.refresh.filter(|mark| !other.contains(&Some(*mark)));
        issued.refresh_tokens.extend(refresh);
        let token = issue.issued.access.and_then(|mark| world.token(mark));
        found.subjects.extend(token.and_then(|token| Some((who, token.sub.as_deref()?))));
        found.flows.entry(who).or_default().issues.push(issue);
    }
    (issued, found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_client_is_shared_when_its_subjects_differ(
            seen in prop::collection::vec((0u32..6, 0u8..3), 0..24),
        ) {
            let mut subjects: BTreeMap<Who, BTreeSet<u8>> = BTreeMap::new();
            for (who, subject) in &seen {
                subjects.entry(*who).or_default().insert(*subject);
            }
            let several = subjects.into_iter().filter(|(_, subjects)| subjects.len() > 1);
            let wanted: HashSet<Who, FixedState> = several.map(|(who, _)| who).collect();
            let names = ["", "ann", "bob"].map(str::to_owned);
            let seen = seen.iter().map(|(who, n)| (*who, names[usize::from(*n)].as_str()));
            prop_assert_eq!(shared(6, seen), wanted);
        }

        #[test]
        fn a_signature_on_two_texts_is_doubled_and_one_that_came_twice_is_not(
            signed in prop::collection::vec((1u128..7, 1u128..4), 0..12),
        ) {
            let mut texts: BTreeMap<u128, BTreeSet<u128>> = BTreeMap::new();
            for (signature, text) in &signed {
                texts.entry(*signature).or_default().insert(*text);
            }
            let several = texts.into_iter().filter(|(_, texts)| texts.len() > 1);
            let wanted: BTreeSet<Fingerprint> = several.map(|(s, _)| Fingerprint::new(s)).collect();
            let signed = signed.into_iter().map(|(s, text)| (Fingerprint::new(s), Fingerprint::new(text)));
            prop_assert_eq!(doubled(signed.collect()), wanted);
        }
    }
}
