//! Tally to world: clocks, lifelines, flows and what hosts accept, learned once after the last merge.
//!
//! A world only answers questions about what happened; it never says what was wrong.

mod clients;
mod clocks;
mod legs;
mod moments;
mod outages;
mod owners;
mod profile;
mod proofs;
mod uses;
mod veils;
mod views;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use foldhash::quality::FixedState;

use self::clients::Clients;
pub use self::clocks::{ClockSource, Skew};
pub use self::moments::{Behind, Move, RACE};
pub use self::outages::Outage;
use self::owners::Owners;
pub use self::profile::{Learned, Profile, SigningKey, audience_form, oddity_shape};
pub use self::proofs::Reuse;
pub use self::veils::Veils;
pub use self::views::{Part, View, Views, enrich, named};
use crate::model::{
    At, Client, Credential, Endpoint, Facts, Fingerprint, Grant, Kind, Outcome, Place, Scheme,
    Seconds, Sign, State, Token, Visibility, Weight,
};
use crate::tally::{Door, Group, Issue, Tally, Times, Use};

/// A client of the capture, told apart from all others.
pub type Who = u32;

/// Most tokens kept of those that one endpoint let in.
const GUESTS: usize = 64;

/// Most refusals without a credential kept of one endpoint; they differ by client and words.
const STRANGERS: usize = 16;

/// What the user says that hosts accept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// `--issuer`.
    pub issuers: Vec<String>,
    /// `--audience`.
    pub audiences: Vec<String>,
    /// `--algorithm`.
    pub algorithms: Vec<String>,
    /// `--require-claim`.
    pub claims: Vec<String>,
    /// `--leeway`; `None`: learned.
    pub leeway: Option<Seconds>,
    /// The keys that were given: whether each is a public key.
    pub keys: Vec<bool>,
}

/// Everything that the whole input teaches.
#[derive(Debug)]
pub struct World<'t> {
    tally: &'t Tally,
    given: Given,
    views: Views,
    clients: Clients,
    clocks: clocks::Clocks,
    owners: Owners<'t>,
    profiles: BTreeMap<Arc<str>, Profile>,
    by_token: HashMap<Fingerprint, Vec<Sight<'t>>, FixedState>,
    /// Signatures that stand on more than one header and payload.
    doubled_signatures: BTreeSet<Fingerprint>,
    /// When each token was handed out first.
    births: BTreeMap<Fingerprint, At>,
    /// What was handed out as a refresh token and as nothing else.
    refresh_tokens: BTreeSet<Fingerprint>,
    entries: HashMap<(Who, u32), Vec<Entry<'t>>, FixedState>,
    successions: HashMap<(Who, Option<Arc<str>>), Vec<Succession<'t>>, FixedState>,
    refusals: HashMap<(Who, &'t Endpoint), Vec<(&'t Group, &'t Facts)>, FixedState>,
    flows: BTreeMap<Who, Flow<'t>>,
    /// Refusals of requests that came without any credential, the first few of each endpoint.
    strangers: HashMap<&'t Endpoint, Vec<&'t Facts>, FixedState>,
    /// Calls to other origins that were not let in, answered or not.
    cross_origin: BTreeMap<Who, Vec<(&'t Group, &'t Facts)>>,
    /// Endpoints that were seen to let in a request with a credential.
    open_doors: HashMap<&'t Endpoint, OpenDoor<'t>, FixedState>,
    /// Endpoints that were seen to let in a request without one.
    free_doors: HashSet<&'t Endpoint, FixedState>,
    outages: BTreeMap<Arc<str>, Vec<Outage>>,
    legs: legs::Legs,
    veils: Veils,
    proofs: proofs::Proofs<'t>,
}

/// An endpoint that was seen to let in a request with a credential.
#[derive(Debug)]
struct OpenDoor<'t> {
    /// Its number among them, for the keys of other tables.
    number: u32,
    /// It refused others.
    guarded: bool,
    /// Schemes of those credentials.
    schemes: BTreeSet<&'t str>,
    /// Tokens let in where others were refused, the smallest few.
    guests: BTreeSet<Fingerprint>,
}

/// One kind of use of a token: let in or refused.
#[derive(Clone, Copy, Debug)]
pub enum Sight<'t> {
    /// Let in.
    LetIn(&'t Use),
    /// Refused.
    Refused(&'t Group, &'t Facts),
}

/// One credential let in at one endpoint.
#[derive(Clone, Copy, Debug)]
struct Entry<'t> {
    usage: &'t Use,
    times: &'t Times<8>,
}

/// A token's first success on a host, for the search of what replaced another one.
#[derive(Clone, Copy, Debug)]
struct Succession<'t> {
    first: At,
    usage: &'t Use,
    subject: Option<&'t str>,
    mark: Option<Fingerprint>,
}

/// What one client did beside plain calls.
#[derive(Debug, Default)]
struct Flow<'t> {
    issues: Vec<&'t Issue>,
    /// Subjects of the tokens that this client used or was given.
    subjects: BTreeSet<&'t str>,
    /// Preflights, redirects, logins, logouts, cookies: what explains other exchanges.
    moments: Vec<(&'t Group, &'t Facts)>,
    /// Each token with its subject: first seen, `exp`.
    lives: BTreeMap<&'t str, Vec<(At, At)>>,
    /// Refused refreshes in order, with whose they were.
    refused: Vec<RefusedRefresh<'t>>,
}

/// What may end a session: what was done, and when.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Ending {
    /// When.
    pub at: At,
    /// In words: `the client asked for logout`.
    pub what: &'static str,
}

/// A refresh that a token endpoint refused.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RefusedRefresh<'t> {
    /// When.
    pub at: At,
    /// Whose; `None` when nothing tells.
    pub subject: Option<&'t str>,
    /// Told by elimination only: of all users of the client, one alone had a token at its end.
    pub guessed: bool,
}

/// How a token was accepted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Acceptance {
    /// The instant.
    pub at: At,
    /// On an endpoint that refused or challenged others.
    pub proven: bool,
    /// On the endpoint asked for.
    pub same_endpoint: bool,
    /// By the client asked for.
    pub same_client: bool,
}

/// A credential handed out or refused by a token endpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Renewal {
    /// When.
    pub at: At,
    /// The new access token.
    pub access: Option<Fingerprint>,
    /// A login rather than a refresh.
    pub login: bool,
}

impl<'t> Flow<'t> {
    fn note_life(&mut self, subject: Option<&'t str>, first: Option<At>, exp: Option<At>) {
        let Some(subject) = subject else { return };
        self.subjects.insert(subject);
        if let (Some(first), Some(exp)) = (first, exp) {
            self.lives.entry(subject).or_default().push((first, exp));
        }
    }
}

impl<'t> World<'t> {
    /// Learns from everything that was read.
    pub fn learn(tally: &'t Tally, given: Given) -> Self {
        let clients = Clients::learn(tally);
        let proofs = proofs::Proofs::learn(tally, |used| clients.who(&used.client));
        let mut world = Self {
            clocks: clocks::Clocks::learn(tally),
            tally,
            given,
            views: Views::default(),
            clients,
            owners: Owners::learn(tally, |mark| tally.token(mark)?.sub.as_deref()),
            profiles: BTreeMap::new(),
            by_token: HashMap::default(),
            doubled_signatures: BTreeSet::new(),
            births: BTreeMap::new(),
            refresh_tokens: BTreeSet::new(),
            entries: HashMap::default(),
            successions: HashMap::default(),
            refusals: HashMap::default(),
            flows: BTreeMap::new(),
            strangers: HashMap::default(),
            cross_origin: BTreeMap::new(),
            open_doors: HashMap::default(),
            free_doors: HashSet::default(),
            outages: BTreeMap::new(),
            legs: legs::Legs::learn(tally),
            veils: Veils::learn(tally),
            proofs,
        };
        world.index();
        (world.profiles, world.outages) =
            rayon::join(|| profile::learn(&world), || outages::learn(&world));
        world
    }

    fn index(&mut self) {
        let tally = self.tally;
        for (endpoint, _) in tally.visits.places() {
            self.free_doors.insert(endpoint);
        }
        self.index_uses();
        self.index_groups();
        for (_, issue) in tally.issues.iter() {
            let who = self.clients.who(&issue.client);
            let subject = issue.issued.access.and_then(|m| self.token(m)?.sub.as_deref());
            if let Some(at) = issue.times.first() {
                for mark in [issue.issued.access, issue.issued.id].into_iter().flatten() {
                    let born = self.births.entry(mark).or_insert(at);
                    *born = at.min(*born);
                }
            }
            let other = [issue.issued.access, issue.issued.id];
            let refresh = issue.issued.refresh.filter(|mark| !other.contains(&Some(*mark)));
            self.refresh_tokens.extend(refresh);
            let exp = issue.issued.access.and_then(|m| self.token(m)).and_then(Token::expires);
            let flow = self.flows.entry(who).or_default();
            flow.note_life(subject, issue.times.first(), exp);
            flow.issues.push(issue);
        }
        self.index_refused_refreshes();
    }

    /// Indexes what was let in with a credential.
    fn index_uses(&mut self) {
        let tally = self.tally;
        for (_, usage) in tally.uses.iter() {
            let who = self.clients.who(&usage.client);
            let mark = usage.credential.as_ref().and_then(mark_of);
            if let Some(mark) = mark {
                self.by_token.entry(mark).or_default().push(Sight::LetIn(usage));
            }
            let Some(credential) = &usage.credential else { continue };
            let scheme = credential.scheme.as_ref().map_or("", Scheme::as_str);
            for (endpoint, times) in usage.endpoints.iter() {
                let next = u32::try_from(self.open_doors.len()).unwrap_or(u32::MAX);
                let door = self.open_doors.entry(endpoint).or_insert_with(|| OpenDoor {
                    number: next,
                    guarded: tally.doors.get(endpoint).is_some_and(|door| door.refused > 0),
                    schemes: BTreeSet::new(),
                    guests: BTreeSet::new(),
                });
                door.schemes.insert(scheme);
                self.entries.entry((who, door.number)).or_default().push(Entry { usage, times });
                if let Some(mark) = mark.filter(|_| door.guarded) {
                    let fits = door.guests.len() < GUESTS
                        || door.guests.last().is_some_and(|last| mark < *last);
                    if fits && door.guests.insert(mark) && door.guests.len() > GUESTS {
                        door.guests.pop_last();
                    }
                }
            }
            if let Some(first) = usage.times.first() {
                let subject = mark.and_then(|m| self.token(m)).and_then(|t| t.sub.as_deref());
                let exp = mark.and_then(|m| self.token(m)).and_then(Token::expires);
                self.flows.entry(who).or_default().note_life(subject, Some(first), exp);
                self.successions.entry((who, usage.host.clone())).or_default().push(Succession {
                    first,
                    usage,
                    subject,
                    mark,
                });
            }
        }
        let mut signatures: HashMap<Fingerprint, Fingerprint, FixedState> = HashMap::default();
        for (_, slot) in tally.tokens.iter() {
            let Some(token) = slot.0.as_ref() else { continue };
            if let (Some(signature), Some(unsigned)) = (token.signature_mark, token.unsigned)
                && *signatures.entry(signature).or_insert(unsigned) != unsigned
            {
                self.doubled_signatures.insert(signature);
            }
        }
        self.successions.values_mut().for_each(|list| list.sort_by_key(|s| s.first));
    }

    /// Indexes refusals and moments of flows.
    fn index_groups(&mut self) {
        let tally = self.tally;
        for (_, group) in tally.groups.iter() {
            let Some(facts) = group.facts.as_deref() else { continue };
            let who = self.clients.who(&facts.client);
            if is_moment(facts) {
                self.flows.entry(who).or_default().moments.push((group, facts));
            }
            for mark in facts.credentials.iter().filter_map(mark_of) {
                let token = self.token(mark);
                let subject = token.and_then(|t| t.sub.as_deref());
                let exp = token.and_then(Token::expires);
                self.flows.entry(who).or_default().note_life(subject, group.times.first(), exp);
            }
            if facts.cross_origin && !facts.preflight && facts.answer.outcome != Outcome::LetIn {
                self.cross_origin.entry(who).or_default().push((group, facts));
            }
            if facts.answer.outcome.is_refused() {
                self.refusals.entry((who, &facts.endpoint)).or_default().push((group, facts));
                let came_bare = facts.credentials.is_empty() && facts.cookies_sent == Some(false);
                if came_bare && could_show(facts) {
                    let strangers = self.strangers.entry(&facts.endpoint).or_default();
                    if strangers.len() < STRANGERS {
                        strangers.push(facts);
                    }
                }
            }
            if facts.answer.outcome.is_refused() {
                for mark in facts.credentials.iter().filter_map(mark_of).collect::<BTreeSet<_>>() {
                    self.by_token.entry(mark).or_default().push(Sight::Refused(group, facts));
                }
            }
        }
    }

    /// Returns the tally that was learned from.
    pub const fn tally(&self) -> &'t Tally {
        self.tally
    }

    /// Adds what was joined before: the views that `tally` counts no more.
    #[must_use]
    pub fn with_views(mut self, views: Views) -> Self {
        self.views = views;
        self
    }

    /// Returns which records are views of one exchange.
    pub const fn views(&self) -> &Views {
        &self.views
    }

    /// Returns the places of paths where passwords stand.
    pub const fn veils(&self) -> &Veils {
        &self.veils
    }

    /// Returns what the user said that hosts accept.
    pub const fn given(&self) -> &Given {
        &self.given
    }

    /// Returns the facts of a token.
    pub fn token(&self, mark: Fingerprint) -> Option<&'t Token> {
        self.tally.token(mark)
    }

    /// Returns which client this is.
    pub fn who(&self, client: &Client) -> Who {
        self.clients.who(client)
    }

    /// Returns whether the client is known well enough to have a history of its own.
    pub fn is_someone(&self, client: &Client) -> bool {
        client.capture.is_some() || client.ip.is_some()
    }

    /// Returns what a host was proven to accept.
    pub fn profile(&self, host: Option<&Arc<str>>) -> Option<&Profile> {
        self.profiles.get(host?)
    }

    /// Returns the key ids that the server of an issuer publishes in this capture; `None` when no key set
    /// of it was seen, or not all that was is known.
    pub fn published_by(&self, issuer: &str) -> Option<BTreeSet<&'t str>> {
        let authority = issuer.split_once("://")?.1.split('/').next()?.to_ascii_lowercase();
        let keys = self.tally.published.iter().map(|(_, published)| published);
        let kids: BTreeSet<&str> = keys
            .filter(|published| published.host.as_deref() == Some(authority.as_str()))
            .filter_map(|published| published.key.kid.as_deref())
            .collect();
        (!kids.is_empty() && self.is_whole()).then_some(kids)
    }

    /// Returns what all hosts were proven to accept.
    pub const fn profiles(&self) -> &BTreeMap<Arc<str>, Profile> {
        &self.profiles
    }

    /// Returns the outage of a host that an instant lies in.
    pub fn outage(&self, host: Option<&Arc<str>>, at: At) -> Option<&Outage> {
        self.outages.get(host?)?.iter().find(|o| o.start <= at && at <= o.end)
    }

    /// Returns all outages by host.
    pub const fn outages(&self) -> &BTreeMap<Arc<str>, Vec<Outage>> {
        &self.outages
    }

    /// Returns the counts of an endpoint.
    pub fn door(&self, endpoint: &Endpoint) -> Option<Door> {
        self.tally.doors.get(endpoint).copied()
    }

    /// Returns whether this endpoint was ever seen to let in a request with a credential.
    pub fn lets_credentials_in(&self, endpoint: &Endpoint) -> bool {
        self.open_doors.contains_key(endpoint)
    }

    /// Returns whether an endpoint was seen to let in requests with a credential and never one without.
    pub fn wants_credential(&self, endpoint: &Endpoint) -> bool {
        self.lets_credentials_in(endpoint)
            && self.tally.visits.knows_place(endpoint)
            && !self.free_doors.contains(endpoint)
    }

    /// Returns whether an endpoint was seen to let in credentials, and none under this scheme.
    pub fn knows_only_other_schemes(&self, endpoint: &Endpoint, scheme: &Scheme) -> bool {
        self.open_doors.get(endpoint).is_some_and(|OpenDoor { schemes, .. }| {
            schemes.iter().any(|s| !s.is_empty()) && !schemes.contains(scheme.as_str())
        })
    }

    /// Returns whether an endpoint also refused or challenged, so that being let in proves acceptance.
    pub fn is_guarded(&self, endpoint: &Endpoint) -> bool {
        self.door(endpoint).is_some_and(|door| door.refused > 0)
    }

    /// Returns whether the capture that this source is may have lost its credentials to an exporter, and
    /// whether it shows any at all.
    pub fn input(&self, source: &str) -> Option<&'t crate::tally::Input> {
        self.tally.inputs.get(source)
    }

    /// Returns whether the input of a request shows credentials at all, so that an absent one is absent.
    pub fn shows_credentials(&self, facts: &Facts) -> bool {
        self.input(&facts.source).is_some_and(|input| input.with_credentials > 0)
    }

    /// Returns whether a browser's sanitized export is likely: Chrome's writer, and nowhere a trace of
    /// the fields that it drops.
    pub fn looks_sanitized(&self, client: &Client) -> bool {
        client.capture.as_ref().and_then(|source| self.input(source)).is_some_and(|input| {
            input.creator.as_deref().is_some_and(|c| c.starts_with("WebInspector"))
                && input.with_credentials == 0
                && input.with_set_cookie == 0
        })
    }
}

/// Whether an exchange may explain others of its client.
fn is_moment(facts: &Facts) -> bool {
    facts.preflight
        || facts.redirect.is_some()
        || facts.redirect_unseen
        || facts.grant.is_some()
        || facts.logout
        || facts.new_password
        || !facts.cookies_set.is_empty()
        || !facts.cookies_cleared.is_empty()
}

/// Whether a token request asks for a refresh.
pub fn is_refresh(facts: &Facts) -> bool {
    facts.grant == Some(Grant::Refresh)
        || (facts.grant == Some(Grant::Other)
            && facts.credentials.iter().any(|c| c.kind == Kind::RefreshToken))
}

/// Returns the mark by which a credential's history is known.
pub fn mark_of(credential: &Credential) -> Option<Fingerprint> {
    credential.token.or(credential.fingerprint)
}

/// Whether a refusal can be about the token itself: 403 only where the answer does not speak of rights
/// or of something else than auth.
pub fn is_token_refusal(facts: &Facts) -> bool {
    let of_rights = || {
        facts.answer.statements.iter().any(|s| {
            s.weight > Weight::Vague
                && s.causes
                    .first()
                    .is_some_and(|c| matches!(c.family(), "authz" | "other" | "cors"))
        })
    };
    !facts.preflight
        && match facts.answer.outcome {
            Outcome::Refused(Sign::Unauthorized | Sign::AuthStatus | Sign::Said | Sign::Grpc) => {
                true
            }
            Outcome::Refused(Sign::Forbidden) => !of_rights(),
            _ => false,
        }
}

/// Whether two endpoints are the same place, whatever the method.
pub fn same_place(a: &Endpoint, b: &Endpoint) -> bool {
    a.host == b.host && a.path == b.path
}

/// Whether a credential travelled where it could be seen and had a value.
pub fn is_present(credential: &Credential) -> bool {
    matches!(credential.state, State::Present | State::Redacted | State::Truncated)
        && !matches!(credential.place, Place::Cookie(_))
}

/// Whether the request's fields could have shown a credential.
pub fn could_show(facts: &Facts) -> bool {
    matches!(facts.visibility, Visibility::Full | Visibility::Column) && !facts.from_cache
}
