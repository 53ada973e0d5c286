//! The tables that questions about what happened are looked up in.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use foldhash::quality::FixedState;

use super::addresses::{Address, Addresses};
use super::runs::Runs;
use super::{
    Entry, Flow, GUESTS, Issued, Life, OpenDoor, STRANGERS, Sight, Succession, Who, World,
    could_show, is_moment, mark_of,
};
use crate::model::{At, Endpoint, Facts, Fingerprint, Outcome, Scheme, Token};
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
    /// Returns a client's first successes on a host, in order of time.
    pub(super) fn successions(&self, who: Who, host: Option<&Arc<str>>) -> &[Succession<'t>] {
        let number = self.hosts.get(&host);
        number.map_or(&[][..], |number| self.successions.get(&(who, *number)))
    }
}

/// What is found in one pass over uses or groups and belongs to one client or token.
#[derive(Debug, Default)]
struct Found<'t> {
    sights: Vec<(Fingerprint, Sight<'t>)>,
    lives: Vec<(Who, Life<'t>)>,
    flows: BTreeMap<Who, Flow<'t>>,
}

impl<'t> Found<'t> {
    fn note_life(&mut self, who: Who, token: Option<&'t Token>, first: Option<At>) {
        let Some(subject) = token.and_then(|t| t.sub.as_deref()) else { return };
        let life = first.zip(token.and_then(Token::expires));
        self.lives.push((who, Life { subject, life }));
    }
}

impl<'t> Index<'t> {
    pub(super) fn learn(world: &World<'t>) -> Self {
        let ((doors, mut found), ((refusals, refused), doubled_signatures)) =
            rayon::join(|| of_uses(world), || (of_groups(world), doubled_signatures(world.tally)));
        let (issued, given) = of_issues(world);
        found.sights.extend(refused.sights);
        found.lives.extend(refused.lives);
        found.lives.extend(given.lives);
        let mut flows = refused.flows;
        for (who, flow) in given.flows {
            flows.entry(who).or_default().issues = flow.issues;
        }
        let (by_token, (lives, shared)) =
            rayon::join(|| Runs::of(found.sights), || by_subject(found.lives));
        Self { by_token, doors, refusals, issued, lives, shared, flows, doubled_signatures }
    }
}

fn by_subject(lives: Vec<(Who, Life<'_>)>) -> (Runs<Who, Life<'_>>, HashSet<Who, FixedState>) {
    let mut lives = Runs::of(lives);
    let mut shared = HashSet::default();
    lives.each_mut(|who, lives| {
        lives.sort_unstable_by_key(|life| life.subject);
        if lives.first().map(|life| life.subject) != lives.last().map(|life| life.subject) {
            shared.insert(*who);
        }
    });
    (lives, shared)
}

/// Indexes what was let in with a credential.
fn of_uses<'t>(world: &World<'t>) -> (Doors<'t>, Found<'t>) {
    let (mut doors, mut found) = (Doors::default(), Found::default());
    // Nearly all uses are of few endpoints, whose doors are found by address; the others by name.
    let mut open: Vec<(&Endpoint, OpenDoor<'_>)> = Vec::new();
    let mut numbers: HashMap<&Endpoint, usize, FixedState> = HashMap::default();
    let mut at: Addresses<usize> = Addresses::default();
    let mut entries = Vec::with_capacity(world.uses.len());
    let mut successions = Vec::with_capacity(world.uses.len());
    for used in &world.uses {
        let (usage, who) = (used.usage, world.clients.who_of(used.client));
        let mark = usage.credential.as_deref().and_then(mark_of);
        if let Some(mark) = mark {
            found.sights.push((mark, Sight::LetIn(usage)));
        }
        let Some(credential) = &usage.credential else { continue };
        let scheme = credential.scheme.as_ref().map_or("", Scheme::as_str);
        for (endpoint, times) in usage.endpoints.iter() {
            let number = *at.entry(Address::of_endpoint(endpoint)).or_insert_with(|| {
                *numbers.entry(endpoint).or_insert_with(|| {
                    let door = OpenDoor {
                        number: u32::try_from(open.len()).unwrap_or(u32::MAX),
                        guarded: world.is_guarded(endpoint),
                        schemes: BTreeSet::new(),
                        guests: BTreeSet::new(),
                        times: Vec::new(),
                    };
                    open.push((endpoint, door));
                    open.len() - 1
                })
            });
            let Some((_, door)) = open.get_mut(number) else { continue };
            door.schemes.insert(scheme);
            door.times.push(times);
            entries.push(((who, door.number), Entry::of(usage, times)));
            if let Some(mark) = mark.filter(|_| door.guarded) {
                let fits = door.guests.len() < GUESTS
                    || door.guests.last().is_some_and(|last| mark < *last);
                if fits && door.guests.insert(mark) && door.guests.len() > GUESTS {
                    door.guests.pop_last();
                }
            }
        }
        if let Some(first) = usage.times.first() {
            found.note_life(who, used.token, Some(first));
            let next = u32::try_from(doors.hosts.len()).unwrap_or(u32::MAX);
            let host = *doors.hosts.entry(usage.host.as_ref()).or_insert(next);
            let subject = used.token.and_then(|t| t.sub.as_deref());
            successions.push(((who, host), Succession { first, usage, subject, mark }));
        }
    }
    doors.open = open.into_iter().collect();
    (doors.entries, doors.successions) =
        rayon::join(|| Runs::of(entries), || Runs::of(successions));
    doors.successions.each_mut(|_, list| list.sort_by_key(|s| s.first));
    (doors, found)
}

fn doubled_signatures(tally: &Tally) -> BTreeSet<Fingerprint> {
    let mut doubled = BTreeSet::new();
    let mut signatures: HashMap<Fingerprint, Fingerprint, FixedState> =
        HashMap::with_capacity_and_hasher(tally.tokens.len(), FixedState::default());
    for slot in tally.tokens.values() {
        let Some(token) = slot.0.as_ref() else { continue };
        if let (Some(signature), Some(unsigned)) = (token.signature_mark, token.unsigned)
            && *signatures.entry(signature).or_insert(unsigned) != unsigned
        {
            doubled.insert(signature);
        }
    }
    doubled
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
        for mark in facts.credentials.iter().filter_map(mark_of) {
            found.note_life(who, world.token(mark), group.times.first());
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
    refusals.of = Runs::of(of);
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
        found.note_life(who, token, issue.times.first());
        found.flows.entry(who).or_default().issues.push(issue);
    }
    (issued, found)
}
