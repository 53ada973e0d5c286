//! What each client did beside plain calls: refreshes, logins, logouts, preflights, redirects, cookies.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::look::Look;
use super::{
    Ending, Known, Life, RefusedRefresh, Renewal, Sight, Who, World, is_refresh, mark_of,
    same_place,
};
use crate::model::{
    At, Client, Credential, Endpoint, Facts, Fingerprint, Grant, Kind, Outcome, Place, Seconds,
    Sign, State, Token,
};
use crate::tally::Group;

/// Requests with the same refresh token that start within this span were sent side by side: which one
/// the server served first does not show.
pub const RACE: Seconds = Seconds(10.0);
/// Recorders may note a preflight this much after the request that it is for.
const LATE_NOTE: Seconds = Seconds(2.0);
/// The request behind a preflight starts within this span after it.
const SENT_BEHIND: Seconds = Seconds(10.0);
/// A redirect is followed within this span, from the start of one request to that of the next.
const FOLLOWED: Seconds = Seconds(2.0);
/// Redirects that are followed back.
const MOST_HOPS: usize = 8;
/// Refreshes that are followed back.
const LONGEST_FAMILY: usize = 32;
/// A refresh this long before `exp` is one of a token at its end.
const NEAR_END: Seconds = Seconds(60.0);

/// Returns the one user whose newest token is over at `at`, or nearly so, while those of all others live
/// on; `lives` are a client's.
fn only_one_at_its_end<'t>(lives: &[Life<'t>], at: At) -> Option<&'t str> {
    let of_subjects = lives.chunk_by(|a, b| a.subject == b.subject);
    let mut ended = of_subjects.filter(|lives| {
        let known = lives.iter().filter_map(|life| life.life);
        let seen = known.filter(|(first, _)| *first <= at).map(|(_, exp)| exp);
        seen.max().is_none_or(|exp| exp <= at.plus(NEAR_END))
    });
    let one = ended.next()?;
    let is_known = one.iter().any(|life| life.life.is_some());
    (ended.next().is_none() && is_known).then(|| one.first().map(|life| life.subject)).flatten()
}

impl<'t> World<'t> {
    /// Whether two credentials of one client can belong to the same user: where one subject is not
    /// known, only when the client has no more than one.
    pub(super) fn same_user(&self, client: &Client, a: Option<&str>, b: Option<&str>) -> bool {
        match (a, b) {
            (Some(a), Some(b)) => a == b,
            _ => !self.index.shared.contains(&self.who(client)),
        }
    }

    /// Returns the subject behind a request: of its token, else of what came or went with the credentials
    /// that it carries.
    fn subject_behind(&self, facts: &Facts) -> Option<&'t str> {
        let marks = || facts.credentials.iter().filter_map(mark_of);
        marks()
            .find_map(|mark| self.token(mark)?.sub.as_deref())
            .or_else(|| marks().find_map(|mark| self.owners.owner(mark)))
    }

    /// Lists each client's refused refreshes with whose they were.
    pub(super) fn index_refused_refreshes(&mut self) {
        let mut found: BTreeMap<Who, Vec<RefusedRefresh<'t>>> = BTreeMap::new();
        let lives = self.lives_of_guessed();
        for (who, flow) in &self.index.flows {
            for (group, facts) in &flow.moments {
                if !facts.answer.outcome.is_refused() || !is_refresh(facts) {
                    continue;
                }
                let known = self.subject_behind(facts);
                for bucket in group.times.buckets() {
                    let at = bucket.first;
                    let open = known.is_none() && self.index.shared.contains(who);
                    let lives = || lives.get(who).map_or(&[][..], Vec::as_slice);
                    let guess = open.then(|| only_one_at_its_end(lives(), at)).flatten();
                    found.entry(*who).or_default().push(RefusedRefresh {
                        at,
                        subject: known.or(guess),
                        guessed: guess.is_some(),
                    });
                }
            }
        }
        for (who, mut list) in found {
            list.sort_unstable();
            self.index.flows.entry(who).or_default().refused = list;
        }
    }

    /// Returns what is known of the tokens that clients used or were given, by their subjects in order: of
    /// clients with several subjects that were refused a refresh which does not tell whose it is.
    fn lives_of_guessed(&self) -> BTreeMap<Who, Vec<Life<'t>>> {
        let is_guessed = |(_, facts): &(&Group, &Facts)| {
            facts.answer.outcome.is_refused()
                && is_refresh(facts)
                && self.subject_behind(facts).is_none()
        };
        let shared = self.index.flows.iter().filter(|(who, _)| self.index.shared.contains(who));
        let guessed = shared.filter(|(_, flow)| flow.moments.iter().any(is_guessed));
        let mut lives: BTreeMap<Who, Vec<Life<'t>>> =
            guessed.map(|(who, _)| (*who, Vec::new())).collect();
        if lives.is_empty() {
            return lives;
        }
        let mut note = |client: u32, mark: Option<Fingerprint>, first: Option<At>| {
            let Some(lives) = lives.get_mut(&self.clients.who_of(client)) else { return };
            lives.extend(Life::of(mark.and_then(|mark| self.token(mark)), first));
        };
        for (look, client) in self.index.let_in.looks().zip(&self.users) {
            if let Some(first) = look.first() {
                note(*client, look.mark(), Some(first));
            }
        }
        for Known { group, facts, client, .. } in &self.groups {
            for mark in facts.credentials.iter().map(mark_of) {
                note(*client, mark, group.times.first());
            }
        }
        let given = self
            .index
            .flows
            .iter()
            .flat_map(|(who, flow)| flow.issues.iter().map(move |issue| (*who, issue)));
        for (who, issue) in given {
            if let Some(lives) = lives.get_mut(&who) {
                let token = issue.issued.access.and_then(|mark| self.token(mark));
                lives.extend(Life::of(token, issue.times.first()));
            }
        }
        for lives in lives.values_mut() {
            lives.sort_unstable_by_key(|life| life.subject);
        }
        lives
    }

    /// Returns whether a client did more than plain calls; else it has no endings, refreshes or renewals.
    pub fn has_flow(&self, client: &Client) -> bool {
        !self.index.flows.is_empty() && self.index.flows.contains_key(&self.who(client))
    }

    /// Returns the credentials handed out to this client that can take the place of `token`, in order.
    ///
    /// Those of another subject are left out where both subjects are known.
    pub fn renewals(&self, client: &Client, token: Option<&Token>) -> Vec<Renewal> {
        let own = token.and_then(|t| t.fingerprint);
        let Some(flow) = self.index.flows.get(&self.who(client)) else { return Vec::new() };
        let mut renewals: Vec<Renewal> = flow
            .issues
            .iter()
            .filter(|issue| issue.issued.access.is_some() || issue.issued.id.is_some())
            .filter(|issue| issue.issued.access.is_none() || issue.issued.access != own)
            .filter(|issue| {
                let marks = [issue.issued.access, issue.issued.id, issue.issued.refresh];
                let marks = || marks.into_iter().flatten();
                let new = marks()
                    .find_map(|mark| self.token(mark)?.sub.as_deref())
                    .or_else(|| marks().find_map(|mark| self.owners.owner(mark)));
                token.is_none() || self.same_user(client, token.and_then(|t| t.sub.as_deref()), new)
            })
            .flat_map(|issue| {
                issue.times.buckets().map(move |b| Renewal {
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
            group.times.buckets().map(|b| Renewal { at: b.first, access: None, login: false })
        }));
        renewals.sort_by_key(|r| (r.at, r.access));
        renewals
    }

    /// Returns the refreshes that a token endpoint refused to this client and the user of `token`, in order.
    pub fn refused_refreshes(
        &self,
        client: &Client,
        token: Option<&Token>,
    ) -> Vec<RefusedRefresh<'t>> {
        let subject = token.and_then(|t| t.sub.as_deref());
        let list =
            self.index.flows.get(&self.who(client)).map_or(&[][..], |flow| flow.refused.as_slice());
        list.iter()
            .filter(|r| token.is_none() || self.same_user(client, subject, r.subject))
            .copied()
            .collect()
    }

    /// Returns the instants at which this client asked to log out the user of `token`, in order.
    pub fn logouts(&self, client: &Client, token: Option<&Token>) -> Vec<At> {
        self.of_user(client, token, |facts| facts.logout && !facts.answer.outcome.is_refused())
    }

    /// Returns what may have ended the session of `token`: logouts, changes of the password, other logins
    /// of the same user, in order.
    pub fn endings(&self, client: &Client, token: Option<&Token>) -> Vec<Ending> {
        let ending = |what: &'static str| move |at: At| Ending { at, what };
        let passwords = self.of_user(client, token, |facts| {
            facts.new_password && !facts.answer.outcome.is_refused()
        });
        let logins = self.renewals(client, token).into_iter().filter(|r| r.login).map(|r| r.at);
        let mut found: Vec<Ending> = self
            .logouts(client, token)
            .into_iter()
            .map(ending("the client asked for logout"))
            .chain(passwords.into_iter().map(ending("the password was changed")))
            .chain(logins.map(ending("the same user logged in again")))
            .collect();
        found.sort_unstable();
        found
    }

    fn of_user(
        &self,
        client: &Client,
        token: Option<&Token>,
        fits: impl Fn(&Facts) -> bool,
    ) -> Vec<At> {
        let subject = token.and_then(|t| t.sub.as_deref());
        self.moments(client, |facts| {
            fits(facts)
                && (token.is_none() || self.same_user(client, subject, self.subject_behind(facts)))
        })
    }

    /// Returns the exchanges of a refresh token that gave another one, in order.
    pub fn rotations(&self, mark: Fingerprint, client: &Client) -> Vec<At> {
        let Some(flow) = self.index.flows.get(&self.who(client)) else { return Vec::new() };
        let rotated = |used: &At| {
            flow.issues.iter().any(|issue| {
                issue.issued.refresh.is_some_and(|new| new != mark)
                    && issue.times.any_within(*used, *used)
            })
        };
        let uses = self.sights(mark).filter_map(|sight| match sight {
            Sight::LetIn(usage) => Some(usage.times.buckets().map(|b| b.first)),
            Sight::Refused(..) => None,
        });
        let mut found: Vec<At> = uses.flatten().filter(rotated).collect();
        found.sort_unstable();
        found
    }

    /// Returns the refusals of a refresh token, in order.
    fn refused_with(&self, mark: Fingerprint) -> Vec<At> {
        let mut found: Vec<At> = self
            .sights(mark)
            .filter_map(|sight| match sight {
                Sight::Refused(group, facts) if is_refresh(facts) => Some(group),
                _ => None,
            })
            .flat_map(|group| group.times.buckets().map(|b| b.first))
            .collect();
        found.sort_unstable();
        found
    }

    /// Returns when, before `at`, a refresh token from which this one descends was sent again after it
    /// had been exchanged: servers then end the whole family (RFC 9700, section 4.14.2).
    pub fn family_ended(&self, mark: Fingerprint, client: &Client, at: At) -> Option<At> {
        let mut child = mark;
        for _ in 0..LONGEST_FAMILY {
            let (parent, exchanged) = self.owners.parent(child)?;
            let again = self.refused_with(parent);
            let race = exchanged.plus(Seconds(-RACE.0));
            if let Some(reused) = again.into_iter().rfind(|t| *t >= race && *t <= at)
                && !self.rotations(parent, client).is_empty()
            {
                return Some(reused);
            }
            child = parent;
        }
        None
    }

    /// Returns the instants of this client's moments (preflights, redirects, logins, logouts, cookies)
    /// that fit, in order.
    pub fn moments(&self, client: &Client, fits: impl Fn(&Facts) -> bool) -> Vec<At> {
        let mut instants: Vec<At> = self
            .moments_of(client)
            .iter()
            .filter(|(_, facts)| fits(facts))
            .flat_map(|(group, _)| group.times.buckets().map(|b| b.first))
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
        self.index.flows.get(&self.who(client)).map_or(&[], |flow| flow.moments.as_slice())
    }

    /// Returns a preflight of this client that proves what the request behind it carried: the names it
    /// asked for, for this path and host.
    pub fn preflight_names(&self, facts: &Facts) -> Option<&'t [String]> {
        self.moments_of(&facts.client)
            .iter()
            .filter(|(_, other)| other.preflight && same_place(&other.endpoint, &facts.endpoint))
            .map(|(_, other)| &*other.preflight_names)
            .find(|names| !names.is_empty())
    }

    /// Returns the last answered preflight of this place in the ten minutes before `at`, if it names no or
    /// another origin than the page's.
    pub fn closed_preflight(&self, facts: &Facts, at: At) -> Option<At> {
        self.moments_of(&facts.client)
            .iter()
            .filter(|(_, other)| other.preflight && same_place(&other.endpoint, &facts.endpoint))
            .filter_map(|(group, other)| {
                Some((group.times.last_until(at.plus(Seconds(2.0)))?, other.cors_missing))
            })
            .filter(|(seen, _)| at.since(*seen).0 <= 600.0)
            .max()
            .and_then(|(seen, closed)| closed.then_some(seen))
    }

    /// Returns the preflight that stopped a request at `at`, refused or without leave for a field: the last
    /// one of this place in the ten minutes before, unless a later one was let in. Recorders may note it up
    /// to two seconds late.
    pub fn stopping_preflight(&self, facts: &Facts, at: At) -> Option<(At, &'t Facts)> {
        let stops =
            |other: &Facts| other.answer.outcome.is_refused() || other.preflight_denial.is_some();
        let last = |stopped: bool| {
            self.moments_of(&facts.client)
                .iter()
                .filter(|(_, other)| {
                    other.preflight
                        && stops(other) == stopped
                        && same_place(&other.endpoint, &facts.endpoint)
                })
                .filter_map(|(group, other)| {
                    Some((group.times.last_until(at.plus(LATE_NOTE))?, *other))
                })
                .filter(|(seen, _)| at.since(*seen).0 <= 600.0)
                .max_by_key(|(seen, other)| (*seen, other.answer.outcome.is_refused()))
        };
        last(true).filter(|(seen, _)| last(false).is_none_or(|(passed, _)| passed < *seen))
    }

    /// Returns what became of the request behind a preflight at `at`.
    pub fn behind_preflight(&self, facts: &Facts, at: At) -> Behind {
        let who = self.who(&facts.client);
        let is_behind = |endpoint: &Endpoint| {
            same_place(endpoint, &facts.endpoint) && endpoint.method != facts.endpoint.method
        };
        let (from, until) = (at.plus(Seconds(-LATE_NOTE.0)), at.plus(SENT_BEHIND));
        let used = self
            .index
            .doors
            .open
            .iter()
            .filter(|(endpoint, _)| is_behind(endpoint))
            .flat_map(|(_, door)| self.entries_of(who, door.number))
            .filter_map(|entry| entry.times.last_until(until));
        let visited = self
            .free_doors
            .iter()
            .filter(|endpoint| is_behind(endpoint))
            .flat_map(|endpoint| self.visits(&facts.client, endpoint))
            .filter_map(|times| times.last_until(until));
        let let_in = used.chain(visited);
        let calls = self.index.refusals.cross_origin.get(&who).map_or(&[][..], Vec::as_slice);
        let of = |answered: bool| {
            calls
                .iter()
                .filter(move |(_, other)| is_answered(other) == answered)
                .filter(|(_, other)| !other.preflight && is_behind(&other.endpoint))
                .filter_map(|(group, _)| group.times.last_until(until))
                .filter(|seen| *seen >= from)
        };
        let answered = let_in.filter(|seen| *seen >= from).chain(of(true)).max();
        match (answered, of(false).max()) {
            (Some(seen), _) if seen >= at => Behind::Answered,
            (_, Some(seen)) => Behind::Blocked(seen),
            (Some(_), None) => Behind::Answered,
            (None, None) => Behind::Nothing,
        }
    }

    /// Returns a request of this client that carried a credential in a field and was redirected to this
    /// endpoint, over several hops perhaps, in the ten seconds before `at`.
    pub fn redirect_with_credential(&self, facts: &Facts, at: At) -> Option<(At, &'t Facts)> {
        let (mut place, mut until) = (&facts.endpoint, at);
        for _ in 0..MOST_HOPS {
            let hops = || {
                self.moments_of(&facts.client)
                    .iter()
                    .filter(|(_, other)| {
                        other.redirect.as_ref().is_some_and(|r| same_place(&r.to, place))
                    })
                    .filter_map(|(group, other)| Some((group.times.last_until(until)?, *other)))
                    .filter(|(seen, _)| at.since(*seen).0 <= 10.0)
            };
            let carried = hops().filter(|(_, other)| carries(other)).max_by_key(|(seen, _)| *seen);
            if carried.is_some() {
                return carried;
            }
            let (seen, other) = hops().max_by_key(|(seen, _)| *seen)?;
            (place, until) = (&other.endpoint, seen);
        }
        None
    }

    /// Returns a request of this client that carried a credential in a field and was redirected, the capture
    /// does not show where to, so shortly before a request to an address of the kind that redirects lead to
    /// that this one is it.
    pub fn unseen_redirect(&self, facts: &Facts, at: At) -> Option<(At, &'t Facts, Move)> {
        self.moments_of(&facts.client)
            .iter()
            .filter(|(_, other)| other.redirect_unseen && carries(other))
            .filter_map(|(group, other)| {
                let seen = group.times.last_until(at)?;
                let near = at.since(seen).0 <= FOLLOWED.0;
                Some((seen, *other, Move::between(other, facts).filter(|_| near)?))
            })
            .max_by_key(|(seen, other, how)| (*seen, *how, &other.endpoint))
    }

    /// Returns the last session cookie that this client was given before `at` for this host, or for a
    /// neighbour of it (`auth.shop.example` for `api.shop.example`), and has not been told to delete.
    pub fn session_cookie(&self, facts: &Facts, at: At) -> Option<(At, &'t Facts)> {
        let host = facts.endpoint.host.as_deref()?;
        let near = |other: &Facts| {
            other.endpoint.host.as_deref().is_some_and(|h| h == host || are_neighbours(h, host))
        };
        let last = |fits: &dyn Fn(&Facts) -> bool| {
            self.moments_of(&facts.client)
                .iter()
                .filter(|(_, other)| near(other) && fits(other))
                .filter_map(|(group, other)| Some((group.times.last_until(at)?, *other)))
                .max_by_key(|(seen, other)| (*seen, other.endpoint.host.as_deref() == Some(host)))
        };
        let set = last(&|other| !other.cookies_set.is_empty())?;
        let cleared = last(&|other| !other.cookies_cleared.is_empty());
        cleared.is_none_or(|(seen, _)| seen < set.0).then_some(set)
    }

    /// Returns whether this client had a session on this host, or a neighbour of it, before `at`: one was
    /// handed out or sent along, whether it was let in or refused.
    pub fn had_session(&self, facts: &Facts, at: At) -> bool {
        let who = self.who(&facts.client);
        let host = facts.endpoint.host.as_deref().unwrap_or_default();
        let given = self.moments_of(&facts.client).iter().any(|(group, other)| {
            let near = other
                .endpoint
                .host
                .as_deref()
                .is_some_and(|h| h == host || are_neighbours(h, host));
            near && !other.cookies_set.is_empty() && group.times.last_until(at).is_some()
        });
        let is_session = |c: &Credential| c.kind == Kind::Session;
        let sent = || {
            let used = self.index.doors.successions(who, facts.endpoint.host.as_ref());
            let used = used.iter().filter(|place| {
                let look = self.index.let_in.look(**place);
                look.and_then(Look::first).is_some_and(|first| first <= at)
            });
            used.filter_map(|place| self.credential_of(*place)).any(is_session)
        };
        let refused = || {
            let here = self.refused_at(who, &facts.endpoint);
            here.iter().any(|(group, other)| {
                other.credentials.iter().any(|c| is_session(c))
                    && group.times.last_until(at).is_some()
            })
        };
        given || sent() || refused()
    }
}

/// What a redirect changes in an address, the likeliest last.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Move {
    /// Another host, the same path.
    Host,
    /// `http` to `https`.
    Scheme,
    /// A slash at the end of the path, or none.
    Slash,
}

impl Move {
    /// Tells how the address of `to` differs from that of `from`; `None` where a redirect of the usual
    /// kinds does not lead from one to the other.
    fn between(from: &Facts, to: &Facts) -> Option<Self> {
        let (a, b) = (&from.endpoint, &to.endpoint);
        let bare = |path: &str| path.trim_end_matches('/').to_owned();
        let follows = b.method == a.method || b.method.as_deref() == Some("GET");
        if !follows || bare(&a.path) != bare(&b.path) {
            return None;
        }
        if a.host != b.host {
            return (a.host.is_some() && b.host.is_some()).then_some(Self::Host);
        }
        if a.path != b.path {
            return Some(Self::Slash);
        }
        (from.insecure && !to.insecure).then_some(Self::Scheme)
    }
}

/// What became of the request behind a preflight.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Behind {
    /// It got an answer.
    Answered,
    /// It is in the capture without one.
    Blocked(At),
    /// The capture does not hold it.
    Nothing,
}

/// Whether a request got an answer that somebody recorded.
fn is_answered(facts: &Facts) -> bool {
    !matches!(facts.answer.outcome, Outcome::Unanswered | Outcome::Refused(Sign::Blocked))
}

/// Whether two hosts share all labels but the first, and that is more than a top-level domain.
fn are_neighbours(a: &str, b: &str) -> bool {
    let parent = |host: &str| host.split_once('.').map(|(_, rest)| rest.to_owned());
    parent(a).is_some_and(|rest| rest.contains('.') && parent(b).as_ref() == Some(&rest))
}

/// Whether a request carries a credential in a field of its own.
fn carries(facts: &Facts) -> bool {
    facts.credentials.iter().any(|c| {
        matches!(&c.place, Place::Header(name) if **name != *"proxy-authorization")
            && c.state != State::Absent
    })
}
