//! Tally to world: clocks, lifelines, flows and what hosts accept, learned once after the last merge.
//!
//! A world only answers questions about what happened; it never says what was wrong.

mod addresses;
mod clients;
mod clocks;
mod debuts;
mod gist;
mod index;
mod legs;
mod let_in;
mod look;
mod losses;
mod moments;
mod outages;
mod owners;
mod profile;
mod proofs;
mod runs;
mod thresholds;
mod uses;
mod veils;
mod views;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use foldhash::quality::FixedState;
use rayon::prelude::*;

use self::addresses::{Address, Addresses};
use self::clients::{Clients, Glimpse, Marker};
pub use self::clocks::{ClockSource, Skew};
pub use self::debuts::Debuts;
use self::gist::{Gist, Ground};
use self::index::Index;
pub use self::losses::Loss;
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
use crate::tally::{Door, Group, Issue, Smallest, Tally, Times, Use};

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
    clients: Clients<'t>,
    clocks: clocks::Clocks,
    owners: Owners<'t>,
    profiles: BTreeMap<Arc<str>, Profile>,
    /// The uses in the order of their keys.
    uses: Vec<&'t Use>,
    /// The numbers of their clients.
    users: Vec<u32>,
    /// The groups in the order of their keys.
    groups: Vec<Known<'t>>,
    /// A number for each endpoint of a group.
    places: HashMap<&'t Endpoint, u32, FixedState>,
    /// Endpoints that refused.
    guarded: HashSet<&'t Endpoint, FixedState>,
    /// The same of those that let in with a credential, by where their names lie.
    guarded_doors: Addresses<bool>,
    debuts: Debuts<'t>,
    index: Index<'t>,
    /// Endpoints that were seen to let in a request without one.
    free_doors: HashSet<&'t Endpoint, FixedState>,
    outages: BTreeMap<Arc<str>, Vec<Outage>>,
    legs: legs::Legs,
    veils: Veils,
    proofs: proofs::Proofs<'t>,
    losses: losses::Losses,
}

/// An endpoint that was seen to let in a request with a credential.
#[derive(Debug, Default)]
struct OpenDoor<'t> {
    /// Its number among them, for the keys of other tables.
    number: u32,
    /// It refused others.
    guarded: bool,
    /// Schemes of those credentials, in order, each once.
    schemes: Vec<&'t str>,
    /// Tokens let in where others were refused.
    guests: Smallest<Fingerprint, GUESTS>,
    /// Numbers of the entries.
    entries: Vec<u32>,
    /// Where its names lie, as they were met.
    addresses: Vec<Address>,
}

/// One kind of use of a token: let in or refused.
#[derive(Clone, Copy, Debug)]
pub enum Sight<'t> {
    /// Let in.
    LetIn(&'t Use),
    /// Refused.
    Refused(&'t Group, &'t Facts),
}

/// One credential let in at one endpoint, in 32 bytes: there are hundreds of thousands.
#[derive(Clone, Copy, Debug)]
struct Entry<'t> {
    times: &'t Times<8>,
    /// The ends of the times, so that most entries need no look at them.
    ends: (At, At),
    /// Number of the use.
    place: u32,
    /// Number of the endpoint's door.
    door: u32,
}

/// A group with what is looked up once for it.
#[derive(Clone, Copy, Debug)]
pub struct Known<'t> {
    /// The group.
    pub group: &'t Group,
    /// Its facts.
    pub facts: &'t Facts,
    /// Number of its client, from 0; clients of equal numbers are equal.
    pub client: u32,
    /// Number of its endpoint, from 0; endpoints of equal numbers are equal.
    pub place: u32,
    /// Facts of the token in its first credential.
    pub token: Option<&'t Token>,
}

/// When credentials were handed out.
#[derive(Debug, Default)]
struct Issued {
    /// When each token was handed out first.
    births: BTreeMap<Fingerprint, At>,
    /// What was handed out as a refresh token and as nothing else.
    refresh_tokens: BTreeSet<Fingerprint>,
}

/// A token with its subject, as a client had it.
#[derive(Clone, Copy, Debug)]
struct Life<'t> {
    subject: &'t str,
    /// First seen, `exp`; `None` where one is not known.
    life: Option<(At, At)>,
}

impl<'t> Life<'t> {
    /// Returns what is known of a token that was seen first then; `None` where it names no subject.
    fn of(token: Option<&'t Token>, first: Option<At>) -> Option<Self> {
        let subject = token?.sub.as_deref()?;
        Some(Self { subject, life: first.zip(token.and_then(Token::expires)) })
    }
}

/// What one client did beside plain calls.
#[derive(Debug, Default)]
struct Flow<'t> {
    issues: Vec<&'t Issue>,
    /// Preflights, redirects, logins, logouts, cookies: what explains other exchanges.
    moments: Vec<(&'t Group, &'t Facts)>,
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
pub struct Acceptance<'t> {
    /// The instant.
    pub at: At,
    /// On an endpoint that refused or challenged others.
    pub proven: bool,
    /// On the endpoint asked for.
    pub same_endpoint: bool,
    /// Whose request it was.
    pub client: &'t Client,
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

impl<'t> World<'t> {
    /// Learns from everything that was read, on all threads of the pool.
    pub fn learn(tally: &'t Tally, given: Given) -> Self {
        let (uses, (clocks, (legs, mut veils))) = rayon::join(
            || -> Vec<&Use> {
                tally.uses.sorted_by_all().into_iter().map(|(_, usage)| &**usage).collect()
            },
            || {
                let learn = || (legs::Legs::learn(tally), Veils::of_groups(tally));
                rayon::join(|| clocks::Clocks::learn(tally), learn)
            },
        );
        let doors = tally.doors.iter().filter(|(_, door)| door.refused > 0);
        let guarded: HashSet<&Endpoint, FixedState> = doors.map(|(endpoint, _)| endpoint).collect();
        let mut clients = Clients::default();
        let ground = Ground { tally, clocks: &clocks, guarded: &guarded };
        let mut gists = Gist::of(&ground, clients.seeds(), &uses);
        let met = || {
            let used = gists.iter().flat_map(|gist| gist.clients.iter().copied());
            let used = clients.meet(used);
            let (groups, places) = groups(tally, &mut clients);
            let mut marker = Marker::of(clients.seeds());
            let issued = tally.issues.iter().map(|(_, issue)| marker.look(&issue.client));
            clients.meet(issued);
            clients.settle(tally);
            let proofs = proofs::Proofs::learn(tally, |used| clients.who(&used.client));
            (used, groups, places, proofs)
        };
        let subject = |mark: Fingerprint| tally.token(mark)?.sub.as_deref();
        let ((users, groups, places, proofs), (owners, doubled)) = rayon::join(met, || {
            rayon::join(|| Owners::learn(tally, subject), || index::doubled_signatures(tally))
        });
        let (mut profiles, mut debuts) = (profile::Profiles::default(), Debuts::default());
        for gist in &mut gists {
            gist.clients = Vec::new();
            profiles.merge(std::mem::take(&mut gist.profiles));
            debuts.merge(std::mem::take(&mut gist.debuts));
            veils.merge(std::mem::take(&mut gist.veils));
        }
        let mut world = Self {
            uses,
            users,
            guarded,
            guarded_doors: Addresses::default(),
            debuts,
            free_doors: tally.visits.places().map(|(endpoint, _)| endpoint).collect(),
            index: Index::default(),
            profiles: profiles.all(),
            outages: BTreeMap::new(),
            views: Views::default(),
            clients,
            tally,
            given,
            clocks,
            owners,
            groups,
            places,
            legs,
            veils,
            proofs,
            losses: losses::Losses::new(),
        };
        world.losses = losses::find(tally, &world.groups);
        let refused;
        (world.index, refused) =
            rayon::join(|| Index::learn(&world, gists, doubled), || outages::refused(&world));
        world.debuts.merge(std::mem::take(&mut world.index.debuts));
        world.guarded_doors = world.index.doors.guarded();
        world.index_refused_refreshes();
        world.outages = outages::learn(&world, refused);
        world
    }

    /// Returns the groups in the order of their keys, with the numbers of their clients and endpoints.
    pub fn groups(&self) -> &[Known<'t>] {
        &self.groups
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
        self.index.doors.open.contains_key(endpoint)
    }

    /// Returns whether an endpoint was seen to let in requests with a credential and never one without.
    pub fn wants_credential(&self, endpoint: &Endpoint) -> bool {
        self.lets_credentials_in(endpoint)
            && self.tally.visits.knows_place(endpoint)
            && !self.free_doors.contains(endpoint)
    }

    /// Returns whether an endpoint was seen to let in credentials, and none under this scheme.
    pub fn knows_only_other_schemes(&self, endpoint: &Endpoint, scheme: &Scheme) -> bool {
        self.index.doors.open.get(endpoint).is_some_and(|OpenDoor { schemes, .. }| {
            schemes.iter().any(|s| !s.is_empty()) && !schemes.contains(&scheme.as_str())
        })
    }

    /// Returns whether an endpoint also refused or challenged, so that being let in proves acceptance.
    pub fn is_guarded(&self, endpoint: &Endpoint) -> bool {
        let known = self.guarded_doors.get(&Address::of_endpoint(endpoint)).copied();
        known.unwrap_or_else(|| self.guarded.contains(endpoint))
    }

    /// Returns when tokens of each key and issuer appeared first.
    pub const fn debuts(&self) -> &Debuts<'t> {
        &self.debuts
    }

    /// Returns what reading told of an input.
    pub fn input(&self, source: &str) -> Option<&'t crate::tally::Input> {
        self.tally.inputs.get(source)
    }

    /// Returns whether the input of a request shows credentials at all, so that an absent one is absent.
    pub fn shows_credentials(&self, facts: &Facts) -> bool {
        self.input(&facts.source).is_some_and(|input| input.with_credentials > 0)
    }

    /// Returns how it is known that the input of a request lost its credentials, so that an absent one may
    /// have been sent; `None` where nothing says so.
    pub fn lost_credentials(&self, facts: &Facts) -> Option<&Loss> {
        self.loss_of(&facts.source)
    }

    /// Returns how it is known that an input lost its credentials.
    pub fn loss_of(&self, source: &str) -> Option<&Loss> {
        self.losses.get(source)
    }
}

/// Lists the groups, and numbers their endpoints and clients.
fn groups<'t>(
    tally: &'t Tally,
    clients: &mut Clients<'t>,
) -> (Vec<Known<'t>>, HashMap<&'t Endpoint, u32, FixedState>) {
    let mut places: HashMap<&Endpoint, u32, FixedState> = HashMap::default();
    let mut at: Addresses<u32> = Addresses::default();
    let all = tally.groups.iter().filter_map(|(_, group)| {
        let facts = group.facts.as_deref()?;
        Some(Known { group, facts, client: 0, place: 0, token: None })
    });
    let mut known: Vec<Known<'_>> = all.collect();
    let seeds = clients.seeds();
    // Each part of a few groups is fetched in a loop of its own, see `gist`; what was looked up has its place
    // from the start, as lists of pieces would lie in memory beside the list of all.
    let mut seen: Vec<Option<Glimpse<'_>>> = vec![None; known.len()];
    let look = |marker: &mut Marker,
                (near, seen): (&mut [Known<'t>], &mut [Option<Glimpse<'t>>])| {
        let marks = near.iter().map(|known| mark_of(known.facts.credentials.first()?));
        let marks: Vec<Option<Fingerprint>> = marks.collect();
        for (known, mark) in near.iter_mut().zip(marks) {
            known.token = mark.and_then(|mark| tally.token(mark));
        }
        for (known, seen) in near.iter().zip(seen) {
            *seen = Some(marker.look(&known.facts.client));
        }
    };
    let pieces = known.par_chunks_mut(gist::NEAR).zip(seen.par_chunks_mut(gist::NEAR));
    pieces.for_each_init(|| Marker::of(seeds), look);
    let who = clients.meet(seen.into_iter().map_while(|seen| seen));
    clients.expect(known.iter().map(|known| &known.facts.client).zip(who.iter().copied()));
    for (known, client) in known.iter_mut().zip(who) {
        let endpoint = &known.facts.endpoint;
        let next = u32::try_from(places.len()).unwrap_or(u32::MAX);
        let place = at.entry(Address::of_endpoint(endpoint));
        known.place = *place.or_insert_with(|| *places.entry(endpoint).or_insert(next));
        known.client = client;
    }
    (known, places)
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

/// Returns the mark by which a credential's history is known, shared or not.
pub fn mark_of(credential: &impl Borrow<Credential>) -> Option<Fingerprint> {
    let credential = credential.borrow();
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
