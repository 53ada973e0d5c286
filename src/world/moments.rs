//! What each client did beside plain calls: refreshes, logins, logouts, preflights, redirects, cookies.

use std::sync::Arc;

use super::{Renewal, Sight, World, is_refresh, mark_of, same_place};
use crate::model::{At, Client, Facts, Fingerprint, Grant, Outcome, Seconds, State, Token};
use crate::tally::Group;

impl<'t> World<'t> {
    /// Whether two credentials of one client can belong to the same user: where one subject is not
    /// known, only when the client has no more than one.
    pub(super) fn same_user(&self, client: &Client, a: Option<&str>, b: Option<&str>) -> bool {
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
}
