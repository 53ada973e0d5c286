//! Tally to world: clocks, lifelines, flows and what hosts accept, learned once after the last merge.
//!
//! A world only answers questions about what happened; it never says what was wrong.

mod clients;
mod clocks;
mod profile;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::clients::Clients;
pub use self::clocks::{ClockSource, Skew};
pub use self::profile::{Learned, Profile, SigningKey, audience_form, oddity_shape};
use crate::model::{
    At, Client, Credential, Endpoint, Facts, Fingerprint, Grant, Kind, Outcome, Place, Seconds,
    Sign, State, Token, Visibility, Weight,
};
use crate::tally::{Door, Group, Issue, Tally, Times, Use};

/// A client of the capture, told apart from all others.
pub type Who = u32;

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
    clients: Clients,
    clocks: clocks::Clocks,
    profiles: BTreeMap<Arc<str>, Profile>,
    by_token: BTreeMap<Fingerprint, Vec<Sight<'t>>>,
    /// Signatures that stand on more than one header and payload.
    doubled_signatures: BTreeSet<Fingerprint>,
    /// When each token was handed out first.
    births: BTreeMap<Fingerprint, At>,
    entries: BTreeMap<(Who, &'t Endpoint), Vec<Entry<'t>>>,
    successions: BTreeMap<(Who, Option<Arc<str>>), Vec<Succession<'t>>>,
    refusals: BTreeMap<(Who, &'t Endpoint), Vec<(&'t Group, &'t Facts)>>,
    flows: BTreeMap<Who, Flow<'t>>,
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

impl<'t> World<'t> {
    /// Learns from everything that was read.
    pub fn learn(tally: &'t Tally, given: Given) -> Self {
        let clients = Clients::learn(tally);
        let mut world = Self {
            clocks: clocks::Clocks::learn(tally),
            tally,
            given,
            clients,
            profiles: BTreeMap::new(),
            by_token: BTreeMap::new(),
            doubled_signatures: BTreeSet::new(),
            births: BTreeMap::new(),
            entries: BTreeMap::new(),
            successions: BTreeMap::new(),
            refusals: BTreeMap::new(),
            flows: BTreeMap::new(),
        };
        world.index();
        world.profiles = profile::learn(&world);
        world
    }

    fn index(&mut self) {
        let tally = self.tally;
        for (_, usage) in tally.uses.iter() {
            let who = self.clients.who(&usage.client);
            let mark = usage.credential.as_ref().and_then(mark_of);
            if let Some(mark) = mark {
                self.by_token.entry(mark).or_default().push(Sight::LetIn(usage));
            }
            for (endpoint, times) in usage.endpoints.iter() {
                self.entries.entry((who, endpoint)).or_default().push(Entry { usage, times });
            }
            if usage.credential.is_some()
                && let Some(first) = usage.times.first()
            {
                let subject = mark.and_then(|m| self.token(m)).and_then(|t| t.sub.as_deref());
                self.flows.entry(who).or_default().subjects.extend(subject);
                self.successions.entry((who, usage.host.clone())).or_default().push(Succession {
                    first,
                    usage,
                    subject,
                    mark,
                });
            }
        }
        let mut signatures: BTreeMap<Fingerprint, Fingerprint> = BTreeMap::new();
        for (_, slot) in tally.tokens.iter() {
            let Some(token) = slot.0.as_ref() else { continue };
            if let (Some(signature), Some(unsigned)) = (token.signature_mark, token.unsigned)
                && *signatures.entry(signature).or_insert(unsigned) != unsigned
            {
                self.doubled_signatures.insert(signature);
            }
        }
        for list in self.successions.values_mut() {
            list.sort_by_key(|s| s.first);
        }
        for (_, group) in tally.groups.iter() {
            let Some(facts) = group.facts.as_deref() else { continue };
            let who = self.clients.who(&facts.client);
            if is_moment(facts) {
                self.flows.entry(who).or_default().moments.push((group, facts));
            }
            let marks = facts.credentials.iter().filter_map(mark_of);
            let subjects: Vec<_> = marks.filter_map(|m| self.token(m)?.sub.as_deref()).collect();
            self.flows.entry(who).or_default().subjects.extend(subjects);
            if facts.answer.outcome.is_refused() {
                self.refusals.entry((who, &facts.endpoint)).or_default().push((group, facts));
            }
            if facts.answer.outcome.is_refused() {
                for mark in facts.credentials.iter().filter_map(mark_of).collect::<BTreeSet<_>>() {
                    self.by_token.entry(mark).or_default().push(Sight::Refused(group, facts));
                }
            }
        }
        for (_, issue) in tally.issues.iter() {
            let who = self.clients.who(&issue.client);
            let subject = issue.issued.access.and_then(|m| self.token(m)?.sub.as_deref());
            if let Some(at) = issue.times.first() {
                for mark in [issue.issued.access, issue.issued.id].into_iter().flatten() {
                    let born = self.births.entry(mark).or_insert(at);
                    *born = at.min(*born);
                }
            }
            let flow = self.flows.entry(who).or_default();
            flow.subjects.extend(subject);
            flow.issues.push(issue);
        }
    }

    /// Whether two credentials of one client can belong to the same user: where one subject is not
    /// known, only when the client has no more than one.
    fn same_user(&self, client: &Client, a: Option<&str>, b: Option<&str>) -> bool {
        match (a, b) {
            (Some(a), Some(b)) => a == b,
            _ => self.flows.get(&self.who(client)).is_none_or(|flow| flow.subjects.len() <= 1),
        }
    }

    /// Returns the subject behind a request: of its token, else of the token that came with its refresh
    /// token.
    fn subject_behind(&self, facts: &Facts) -> Option<&'t str> {
        let marks = || facts.credentials.iter().filter_map(mark_of);
        marks().find_map(|mark| self.token(mark)?.sub.as_deref()).or_else(|| {
            let issues = &self.flows.get(&self.who(&facts.client))?.issues;
            marks().find_map(|mark| {
                let issue = issues.iter().find(|i| i.issued.refresh == Some(mark))?;
                self.token(issue.issued.access?)?.sub.as_deref()
            })
        })
    }

    /// Returns the tally that was learned from.
    pub const fn tally(&self) -> &'t Tally {
        self.tally
    }

    /// Returns what the user said that hosts accept.
    pub const fn given(&self) -> &Given {
        &self.given
    }

    /// Returns the facts of a token.
    pub fn token(&self, mark: Fingerprint) -> Option<&'t Token> {
        self.tally.tokens.get(&mark).and_then(|slot| slot.0.as_ref())
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
    /// of it was seen.
    pub fn published_by(&self, issuer: &str) -> Option<BTreeSet<&'t str>> {
        let authority = issuer.split_once("://")?.1.split('/').next()?.to_ascii_lowercase();
        let keys = self.tally.published.iter().map(|(_, published)| published);
        let kids: BTreeSet<&str> = keys
            .filter(|published| published.host.as_deref() == Some(authority.as_str()))
            .filter_map(|published| published.key.kid.as_deref())
            .collect();
        (!kids.is_empty()).then_some(kids)
    }

    /// Returns what all hosts were proven to accept.
    pub const fn profiles(&self) -> &BTreeMap<Arc<str>, Profile> {
        &self.profiles
    }

    /// Returns the counts of an endpoint.
    pub fn door(&self, endpoint: &Endpoint) -> Option<Door> {
        self.tally.doors.get(endpoint).copied()
    }

    /// Returns whether this endpoint was ever seen to let in a request with a credential.
    pub fn lets_credentials_in(&self, endpoint: &Endpoint) -> bool {
        self.tally.uses.iter().any(|(_, usage)| {
            usage.host == endpoint.host
                && usage.credential.is_some()
                && usage.endpoints.iter().any(|(e, _)| e == endpoint)
        })
    }

    /// Returns whether an endpoint also refused or challenged, so that being let in proves acceptance.
    pub fn is_guarded(&self, endpoint: &Endpoint) -> bool {
        self.door(endpoint).is_some_and(|door| door.refused > 0)
    }

    /// Returns all uses of a token.
    pub fn sights(&self, mark: Fingerprint) -> &[Sight<'t>] {
        self.by_token.get(&mark).map_or(&[], Vec::as_slice)
    }

    /// Returns the acceptances of a token on a host, one a use and endpoint: the latest at or before `until`.
    pub fn accepted_until(&self, mark: Fingerprint, near: &Facts, until: At) -> Option<Acceptance> {
        self.acceptances(mark, near, |times| times.last_until(until))
            .max_by_key(|a| (a.proven, a.same_endpoint, a.at))
    }

    /// Returns the first acceptance of a token on a host at or after `from`, proven ones first.
    pub fn accepted_from(&self, mark: Fingerprint, near: &Facts, from: At) -> Option<Acceptance> {
        self.acceptances(mark, near, |times| times.first_from(from))
            .min_by_key(|a| (!a.proven, !a.same_endpoint, a.at))
    }

    fn acceptances<'w>(
        &'w self,
        mark: Fingerprint,
        near: &'w Facts,
        pick: impl Fn(&Times<8>) -> Option<At> + 'w,
    ) -> impl Iterator<Item = Acceptance> + 'w {
        let who = self.who(&near.client);
        self.sights(mark)
            .iter()
            .filter_map(|sight| match sight {
                Sight::LetIn(usage) if usage.host == near.endpoint.host && !usage.at_issuer => {
                    Some(*usage)
                }
                _ => None,
            })
            .flat_map(|usage| usage.endpoints.iter().map(move |(e, t)| (usage, e, t)))
            .filter_map(move |(usage, endpoint, times)| {
                Some(Acceptance {
                    at: pick(times)?,
                    proven: self.is_guarded(endpoint),
                    same_endpoint: *endpoint == near.endpoint,
                    same_client: self.who(&usage.client) == who,
                })
            })
    }

    /// Returns the refusals of a token by one client on a host, as the instants known, in order.
    ///
    /// Only refusals that can be about the token itself: not 403, 429, redirects or blocked ones.
    pub fn refusals(&self, mark: Fingerprint, near: &Facts) -> Vec<(At, u64)> {
        let who = self.who(&near.client);
        let mut instants: Vec<(At, u64)> = self
            .sights(mark)
            .iter()
            .filter_map(|sight| match sight {
                Sight::Refused(group, facts)
                    if facts.endpoint.host == near.endpoint.host
                        && self.who(&facts.client) == who
                        && is_token_refusal(facts) =>
                {
                    Some(group)
                }
                _ => None,
            })
            .flat_map(|group| group.times.buckets().iter().map(|b| (b.first, b.count)))
            .collect();
        instants.sort_unstable();
        instants
    }

    /// Returns the credentials handed out to this client that can take the place of `token`, in order.
    ///
    /// Those of another subject are left out where both subjects are known.
    pub fn renewals(&self, client: &Client, token: Option<&Token>) -> Vec<Renewal> {
        let own = token.and_then(|t| t.fingerprint);
        let Some(flow) = self.flows.get(&self.who(client)) else { return Vec::new() };
        let mut renewals: Vec<Renewal> = flow
            .issues
            .iter()
            .filter(|issue| issue.issued.access.is_some() || issue.issued.id.is_some())
            .filter(|issue| issue.issued.access.is_none() || issue.issued.access != own)
            .filter(|issue| {
                let new = issue.issued.access.and_then(|m| self.token(m));
                let subject = |t: Option<&'t Token>| t.and_then(|t| t.sub.as_deref());
                token.is_none()
                    || self.same_user(client, token.and_then(|t| t.sub.as_deref()), subject(new))
            })
            .flat_map(|issue| {
                issue.times.buckets().iter().map(move |b| Renewal {
                    at: b.first,
                    access: issue.issued.access,
                    login: !matches!(issue.grant, Some(Grant::Refresh | Grant::Other)),
                })
            })
            .collect();
        // An exchange whose body the capture does not show gave something all the same.
        let unseen = flow.moments.iter().filter(|(_, facts)| {
            facts.answer.outcome == Outcome::LetIn
                && matches!(facts.grant, Some(Grant::Refresh | Grant::Other))
                && facts.answer_unseen
                && (token.is_none()
                    || self.same_user(
                        client,
                        token.and_then(|t| t.sub.as_deref()),
                        self.subject_behind(facts),
                    ))
        });
        renewals.extend(unseen.flat_map(|(group, _)| {
            group.times.buckets().iter().map(|b| Renewal {
                at: b.first,
                access: None,
                login: false,
            })
        }));
        renewals.sort_by_key(|r| (r.at, r.access));
        renewals
    }

    /// Returns when this token was handed out, as far as the capture shows.
    pub fn issued_at(&self, mark: Fingerprint) -> Option<At> {
        self.births.get(&mark).copied()
    }

    /// Returns whether this signature stands on another header or payload too.
    pub fn is_doubled(&self, signature: Fingerprint) -> bool {
        self.doubled_signatures.contains(&signature)
    }

    /// Returns the instants at which a token endpoint refused to refresh for this client and the user of
    /// `token`, in order.
    pub fn refused_refreshes(&self, client: &Client, token: Option<&Token>) -> Vec<At> {
        let subject = token.and_then(|t| t.sub.as_deref());
        self.moments(client, |facts| {
            facts.answer.outcome.is_refused()
                && is_refresh(facts)
                && (token.is_none() || self.same_user(client, subject, self.subject_behind(facts)))
        })
    }

    /// Returns the instants at which this client asked to log out the user of `token`, in order.
    pub fn logouts(&self, client: &Client, token: Option<&Token>) -> Vec<At> {
        let subject = token.and_then(|t| t.sub.as_deref());
        self.moments(client, |facts| {
            facts.logout
                && (token.is_none() || self.same_user(client, subject, self.subject_behind(facts)))
        })
    }

    /// Returns when this refresh token was exchanged before `at`, when the exchange gave another one.
    pub fn refreshed_with(&self, mark: Fingerprint, client: &Client, at: At) -> Option<At> {
        let uses = self.sights(mark).iter().filter_map(|sight| match sight {
            Sight::LetIn(usage) => usage.times.last_until(At(at.0.saturating_sub(1))),
            Sight::Refused(..) => None,
        });
        let rotated = |used: &At| {
            self.flows.get(&self.who(client)).is_some_and(|flow| {
                flow.issues.iter().any(|issue| {
                    issue.issued.refresh.is_some_and(|new| new != mark)
                        && issue.times.any_within(*used, *used)
                })
            })
        };
        uses.filter(rotated).max()
    }

    /// Returns the instants of this client's moments (preflights, redirects, logins, logouts, cookies)
    /// that fit, in order.
    pub fn moments(&self, client: &Client, fits: impl Fn(&Facts) -> bool) -> Vec<At> {
        let mut instants: Vec<At> = self
            .moments_of(client)
            .iter()
            .filter(|(_, facts)| fits(facts))
            .flat_map(|(group, _)| group.times.buckets().iter().map(|b| b.first))
            .collect();
        instants.sort_unstable();
        instants
    }

    /// Returns whether a token or login request of this client was let in and the capture does not show
    /// what it gave: then what the client did about an expiry is not certain.
    pub fn has_unseen_answers(&self, client: &Client) -> bool {
        self.moments_of(client).iter().any(|(_, facts)| facts.answer_unseen)
    }

    /// Returns how long the session cookies that `host` set at this instant were to live.
    pub fn cookie_life(&self, client: &Client, host: &Option<Arc<str>>, at: At) -> Option<Seconds> {
        self.moments_of(client)
            .iter()
            .filter(|(_, facts)| facts.endpoint.host == *host && !facts.cookies_set.is_empty())
            .filter(|(group, _)| group.times.any_within(at, at))
            .find_map(|(_, facts)| facts.cookie_life)
            .map(|life| At::from_secs(life).since(At(0)))
    }

    fn moments_of(&self, client: &Client) -> &[(&'t Group, &'t Facts)] {
        self.flows.get(&self.who(client)).map_or(&[], |flow| flow.moments.as_slice())
    }

    /// Returns the instants at which this endpoint refused a token of this client, in order.
    pub fn refusals_at(&self, client: &Client, endpoint: &Endpoint) -> Vec<At> {
        let list = self.refusals.get(&(self.who(client), endpoint)).map_or(&[][..], Vec::as_slice);
        let mut instants: Vec<At> = list
            .iter()
            .filter(|(_, facts)| is_token_refusal(facts))
            .flat_map(|(group, _)| group.times.buckets().iter().map(|b| b.first))
            .collect();
        instants.sort_unstable();
        instants
    }

    /// Returns the first success with a new credential of the same client and subject on the same host.
    ///
    /// New is a credential whose first success lies in `from..=until` and that is not `token`.
    pub fn succeeded_by(
        &self,
        near: &Facts,
        token: Option<&Token>,
        from: At,
        until: At,
    ) -> Option<(At, Option<Fingerprint>)> {
        let key = (self.who(&near.client), near.endpoint.host.clone());
        let list = self.successions.get(&key)?;
        let own = token.and_then(|t| t.fingerprint);
        let subject = token.and_then(|t| t.sub.as_deref());
        let start = list.partition_point(|s| s.first < from);
        list.get(start..)?
            .iter()
            .take_while(|s| s.first <= until)
            .find(|s| {
                s.mark != own
                    && (s.mark.is_some() || own.is_none())
                    && self.same_user(&near.client, subject, s.subject)
                    && s.usage.credential.as_ref().is_some_and(|c| c.kind != Kind::Session)
            })
            .map(|s| (s.first, s.mark))
    }

    /// Returns the first instant in `from..=until` at which this client was let in at this endpoint with
    /// a credential that fits (`None`: nothing that could be seen).
    pub fn let_in(
        &self,
        client: &Client,
        endpoint: &Endpoint,
        from: At,
        until: At,
        fits: impl Fn(Option<&Credential>) -> bool,
    ) -> Option<At> {
        self.entries
            .get(&(self.who(client), endpoint))?
            .iter()
            .filter(|entry| fits(entry.usage.credential.as_ref()))
            .filter_map(|entry| entry.times.first_from(from).filter(|at| *at <= until))
            .min()
    }

    /// Returns the first refusal in `from..=until` of this client at this endpoint with a credential that
    /// fits: an answer to a challenge that was refused.
    pub fn answered(
        &self,
        near: &Facts,
        from: At,
        until: At,
        fits: impl Fn(Option<&Credential>) -> bool,
    ) -> Option<At> {
        self.refusals
            .get(&(self.who(&near.client), &near.endpoint))?
            .iter()
            .filter(|(_, facts)| facts.credentials.first().is_some_and(|c| fits(Some(c))))
            .filter_map(|(group, _)| group.times.first_from(from).filter(|at| *at <= until))
            .min()
    }

    /// Returns the last instant before `until` at which this client was let in at this endpoint with a
    /// credential that fits.
    pub fn let_in_before(
        &self,
        client: &Client,
        endpoint: &Endpoint,
        until: At,
        fits: impl Fn(Option<&Credential>) -> bool,
    ) -> Option<At> {
        self.entries
            .get(&(self.who(client), endpoint))?
            .iter()
            .filter(|entry| fits(entry.usage.credential.as_ref()))
            .filter_map(|entry| entry.times.last_until(until))
            .max()
    }

    /// Returns a preflight of this client that proves what the request behind it carried: the names it
    /// asked for, for this path and host.
    pub fn preflight_names(&self, facts: &Facts) -> Option<&'t [String]> {
        self.moments_of(&facts.client)
            .iter()
            .filter(|(_, other)| other.preflight && same_place(&other.endpoint, &facts.endpoint))
            .map(|(_, other)| other.preflight_names.as_slice())
            .find(|names| !names.is_empty())
    }

    /// Returns the last refused preflight of this place in the two seconds before `at`.
    pub fn refused_preflight(&self, facts: &Facts, at: At) -> Option<At> {
        self.moments_of(&facts.client)
            .iter()
            .filter(|(_, other)| {
                other.preflight
                    && other.answer.outcome.is_refused()
                    && same_place(&other.endpoint, &facts.endpoint)
            })
            .filter_map(|(group, _)| group.times.last_until(at.plus(Seconds(2.0))))
            .filter(|seen| at.since(*seen).0.abs() <= 5.0)
            .max()
    }

    /// Returns a redirect of this client to this endpoint in the ten seconds before `at` whose request
    /// carried `Authorization`.
    pub fn redirect_with_credential(&self, facts: &Facts, at: At) -> Option<(At, &'t Facts)> {
        self.moments_of(&facts.client)
            .iter()
            .filter(|(_, other)| {
                other.redirect.as_ref().is_some_and(|r| same_place(&r.to, &facts.endpoint))
                    && other
                        .credentials
                        .iter()
                        .any(|c| c.place.is_authorization() && c.state != State::Absent)
            })
            .filter_map(|(group, other)| Some((group.times.last_until(at)?, *other)))
            .filter(|(seen, _)| at.since(*seen).0 <= 10.0)
            .max_by_key(|(seen, _)| *seen)
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
        || facts.grant.is_some()
        || facts.logout
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
    facts.visibility == Visibility::Full && !facts.from_cache
}
