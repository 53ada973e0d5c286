//! The tables that questions about what happened are looked up in.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use foldhash::quality::FixedState;
use rayon::prelude::*;

use super::addresses::Addresses;
use super::debuts::MakeDebuts;
use super::gist::{Gist, LetIn};
use super::runs::Runs;
use super::{
    Entry, Flow, GUESTS, Issued, Life, OpenDoor, STRANGERS, Sight, Succession, Who, World,
    could_show, is_moment, mark_of,
};
use crate::model::{Endpoint, Facts, Fingerprint, Outcome, Token};
use crate::tally::{Group, Tally};

/// Everything that was seen, by what it is asked for.
#[derive(Debug, Default)]
pub(super) struct Index<'t> {
    pub(super) by_token: Runs<Fingerprint, Sight<'t>>,
    pub(super) doors: Doors<'t>,
    pub(super) refusals: Refusals<'t>,
    pub(super) issued: Issued,
    /// What is known of the tokens that each client used or was given, by their subjects in order.
    pub(super) lives: Runs<Who, Life<'t>>,
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
    /// By client and number of the endpoint.
    pub(super) entries: Runs<(Who, u32), Entry<'t>>,
    hosts: HashMap<Option<&'t Arc<str>>, u32, FixedState>,
    /// By client and number of the host, in order of time.
    successions: Runs<(Who, u32), Succession<'t>>,
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

    /// Returns a client's first successes on a host, in order of time.
    pub(super) fn successions(&self, who: Who, host: Option<&Arc<str>>) -> &[Succession<'t>] {
        let number = self.hosts.get(&host);
        number.map_or(&[][..], |number| self.successions.get(&(who, *number)))
    }
}

/// What is found in one pass over groups or issues and belongs to one client or token.
#[derive(Debug, Default)]
struct Found<'t> {
    sights: Vec<(Fingerprint, Sight<'t>)>,
    lives: Vec<(Who, Life<'t>)>,
    flows: BTreeMap<Who, Flow<'t>>,
    debuts: MakeDebuts<'t>,
}

impl<'t> Index<'t> {
    /// Learns from what one look at all uses found.
    pub(super) fn learn(
        world: &World<'t>,
        gists: &[Gist<'t>],
        doubled_signatures: BTreeSet<Fingerprint>,
    ) -> Self {
        let who: Vec<Who> =
            world.uses.iter().map(|(_, client)| world.clients.who_of(*client)).collect();
        let who = |place: usize| who.get(place).copied().unwrap_or(Who::MAX);
        let (doors, (refusals, refused)) =
            rayon::join(|| of_uses(gists, &world.guarded, who), || of_groups(world));
        let (issued, given) = of_issues(world);
        let mut flows = refused.flows;
        for (who, flow) in given.flows {
            flows.entry(who).or_default().issues = flow.issues;
        }
        let sights = || {
            let let_in = gists.iter().flat_map(|gist| gist.sights.iter());
            Runs::of(let_in.chain(&refused.sights).copied())
        };
        let lives = || {
            let let_in = gists.iter().flat_map(|gist| gist.lives.iter());
            let let_in = let_in.map(|(place, life)| (who(*place), *life));
            by_subject(let_in.chain(refused.lives.iter().chain(&given.lives).copied()))
        };
        let (by_token, (lives, shared)) = rayon::join(sights, lives);
        let debuts = refused.debuts;
        Self { by_token, doors, refusals, issued, lives, shared, flows, debuts, doubled_signatures }
    }
}

fn by_subject<'t>(
    lives: impl Iterator<Item = (Who, Life<'t>)> + Clone,
) -> (Runs<Who, Life<'t>>, HashSet<Who, FixedState>) {
    let mut lives = Runs::of(lives);
    let mut shared = HashSet::default();
    lives.each_mut(|who, lives| {
        if lives.len() < 2 {
            return;
        }
        lives.sort_unstable_by_key(|life| life.subject);
        if lives.first().map(|life| life.subject) != lives.last().map(|life| life.subject) {
            shared.insert(*who);
        }
    });
    (lives, shared)
}

/// Indexes what was let in with a credential.
fn of_uses<'t>(
    gists: &[Gist<'t>],
    guarded: &HashSet<&'t Endpoint, FixedState>,
    who: impl Fn(usize) -> Who + Copy + Sync,
) -> Doors<'t> {
    // Nearly all uses are of few endpoints, whose doors are found by address; the others by name.
    let mut open: Vec<(&Endpoint, OpenDoor<'_>)> = Vec::new();
    let mut numbers: HashMap<&Endpoint, usize, FixedState> = HashMap::default();
    let mut at: Addresses<usize> = Addresses::default();
    let all = || gists.iter().flat_map(|gist| gist.entries.iter());
    let mut here: Vec<u32> = Vec::with_capacity(gists.iter().map(|gist| gist.entries.len()).sum());
    for (_, LetIn { endpoint, address, scheme, mark, entry }) in all() {
        let number = *at.entry(*address).or_insert_with(|| {
            let number = *numbers.entry(endpoint).or_insert_with(|| {
                let door = OpenDoor {
                    number: u32::try_from(open.len()).unwrap_or(u32::MAX),
                    guarded: guarded.contains(endpoint),
                    schemes: BTreeSet::new(),
                    guests: BTreeSet::new(),
                    times: Vec::new(),
                    addresses: Vec::new(),
                };
                open.push((endpoint, door));
                open.len() - 1
            });
            if let Some((_, door)) = open.get_mut(number) {
                door.addresses.push(*address);
            }
            number
        });
        let Some((_, door)) = open.get_mut(number) else { continue };
        here.push(door.number);
        door.schemes.insert(scheme);
        door.times.push(entry.times);
        if let Some(mark) = mark.filter(|_| door.guarded) {
            let fits =
                door.guests.len() < GUESTS || door.guests.last().is_some_and(|last| mark < *last);
            if fits && door.guests.insert(mark) && door.guests.len() > GUESTS {
                door.guests.pop_last();
            }
        }
    }
    let mut hosts: HashMap<Option<&Arc<str>>, u32, FixedState> = HashMap::default();
    let of_hosts = || {
        let all = || gists.iter().flat_map(|gist| gist.successions.iter());
        // Most have the host of the one before.
        let mut last: Option<(Option<&Arc<str>>, u32)> = None;
        let number = |(_, host, _): &(usize, Option<&'t Arc<str>>, Succession<'t>)| {
            let same = |known: &Arc<str>, host: &Arc<str>| Arc::ptr_eq(known, host);
            if let Some((known, number)) = last
                && known.zip(*host).is_some_and(|(known, host)| same(known, host))
            {
                return number;
            }
            let next = u32::try_from(hosts.len()).unwrap_or(u32::MAX);
            let number = *hosts.entry(*host).or_insert(next);
            last = Some((*host, number));
            number
        };
        let numbers: Vec<u32> = all().map(number).collect();
        let keyed = all().zip(&numbers);
        let mut successions =
            Runs::of(keyed.map(|((place, _, new), host)| ((who(*place), *host), *new)));
        successions.each_mut(|_, list| list.sort_by_key(|s| s.first));
        successions
    };
    let entries = || {
        let keyed = all().zip(&here);
        Runs::of(keyed.map(|((place, let_in), door)| ((who(*place), *door), let_in.entry)))
    };
    let (entries, successions) = rayon::join(entries, of_hosts);
    Doors { open: open.into_iter().collect(), entries, hosts, successions }
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
    for known in &world.groups {
        let (group, facts, who) = (known.group, known.facts, world.clients.who_of(known.client));
        if is_moment(facts) {
            found.flows.entry(who).or_default().moments.push((group, facts));
        }
        found.debuts.note(known.token, group.times.first());
        for (at, credential) in facts.credentials.iter().enumerate() {
            let other = || mark_of(credential).and_then(|mark| world.token(mark));
            let token = if at == 0 { known.token } else { other() };
            let life = Life::of(token, group.times.first());
            found.lives.extend(life.map(|life| (who, life)));
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
            found.sights.extend(marks.iter().map(|mark| (*mark, Sight::Refused(group, facts))));
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
        let life = Life::of(token, issue.times.first());
        found.lives.extend(life.map(|life| (who, life)));
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
        fn a_signature_on_two_texts_is_doubled_and_one_that_came_twice_is_not(
            signed in prop::collection::vec((0u128..6, 0u128..3), 0..12),
        ) {
            let mut texts: BTreeMap<u128, BTreeSet<u128>> = BTreeMap::new();
            for (signature, text) in &signed {
                texts.entry(*signature).or_default().insert(*text);
            }
            let several = texts.into_iter().filter(|(_, texts)| texts.len() > 1);
            let wanted: BTreeSet<Fingerprint> = several.map(|(s, _)| Fingerprint(s)).collect();
            let signed = signed.into_iter().map(|(s, text)| (Fingerprint(s), Fingerprint(text)));
            prop_assert_eq!(doubled(signed.collect()), wanted);
        }
    }
}
