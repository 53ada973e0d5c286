//! When and where credentials were let in and refused.

use super::clients::spot_of;
use super::look::Look;
use super::{Acceptance, Entry, Known, Sight, Who, World, is_token_refusal, mark_of};
use crate::model::{At, Client, Credential, Endpoint, Facts, Fingerprint, Kind, Token};
use crate::tally::{Group, Times, Use};

impl<'t> Entry<'t> {
    /// Makes the entry of a use at an endpoint, by the numbers of both.
    pub(super) fn of(place: usize, door: u32, times: &'t Times<8>) -> Self {
        let first = times.first().unwrap_or(At(i64::MAX));
        let ends = (first, times.last().unwrap_or(At(i64::MIN)));
        Self { times, ends, place: u32::try_from(place).unwrap_or(u32::MAX), door }
    }
}

/// Returns the earliest instant in `from..=until` that `pick` finds among those that begin and end so.
fn earliest<T>(
    all: impl Iterator<Item = ((At, At), T)>,
    (from, until): (At, At),
    pick: impl Fn(T) -> Option<At>,
) -> Option<At> {
    let mut best: Option<At> = None;
    for ((first, last), times) in all {
        // Nothing in it is earlier than its begin.
        let least = first.max(from);
        if last >= from && least <= until && best.is_none_or(|best| least < best) {
            best = pick(times).filter(|at| *at <= until).into_iter().chain(best).min();
        }
    }
    best
}

/// Returns the latest instant up to `until` that `pick` finds among those that begin and end so.
fn latest<T>(
    all: impl Iterator<Item = ((At, At), T)>,
    until: At,
    pick: impl Fn(T) -> Option<At>,
) -> Option<At> {
    let mut best: Option<At> = None;
    for ((first, last), times) in all {
        // Nothing in it is later than its end.
        let most = last.min(until);
        if first <= until && best.is_none_or(|best| most > best) {
            best = pick(times).into_iter().chain(best).max();
        }
    }
    best
}

impl<'t> World<'t> {
    /// Returns all uses of a token: what was let in, then what was refused.
    pub fn sights(&self, mark: Fingerprint) -> impl Iterator<Item = Sight<'t>> + Clone {
        let sight = |number: &u32| {
            let number = *number as usize;
            let Some(behind) = number.checked_sub(self.uses.len()) else {
                return self.uses.get(number).map(|usage| Sight::LetIn(usage));
            };
            self.groups.get(behind).map(|known| Sight::Refused(known.group, known.facts))
        };
        self.index.by_token.get(&mark).iter().filter_map(sight)
    }

    /// Returns whether anything is known of a token's uses.
    pub fn is_seen(&self, mark: Fingerprint) -> bool {
        !self.index.by_token.get(&mark).is_empty()
    }

    /// Returns the credential of a use.
    pub(super) fn credential_of(&self, place: u32) -> Option<&'t Credential> {
        self.uses.get(place as usize)?.credential.as_deref()
    }

    /// Returns all uses of clients that sit where `fits` says, by the mark of the spot.
    pub fn uses_at(&self, fits: impl Fn(u64) -> bool) -> impl Iterator<Item = &'t Use> {
        let here = self.clients.sitting(fits);
        let is_here = move |number: u32| here.get(number as usize).copied().unwrap_or_default();
        let used = self.uses.iter().zip(&self.users);
        used.filter(move |(_, client)| is_here(**client)).map(|(usage, _)| *usage)
    }

    /// Returns the groups of clients that sit where `fits` says, by the mark of the spot.
    pub fn groups_at(&self, fits: impl Fn(u64) -> bool) -> impl Iterator<Item = Known<'t>> {
        let here = self.clients.sitting(fits);
        let is_here = move |number: u32| here.get(number as usize).copied().unwrap_or_default();
        self.groups.iter().filter(move |known| is_here(known.client)).copied()
    }

    /// Returns when an endpoint let in requests with a credential, one multiset a use: of those that end at
    /// or after `from`.
    pub fn let_in_times(
        &self,
        endpoint: &Endpoint,
        from: At,
    ) -> impl Iterator<Item = &'t Times<8>> {
        let door = self.index.doors.open.get(endpoint);
        let entries = door.into_iter().flat_map(|door| &door.entries);
        let entries = entries.filter_map(|number| self.index.let_in.entry(*number));
        entries.filter(move |entry| entry.ends.1 >= from).map(|entry| entry.times)
    }

    /// Returns what was let in with a token.
    pub fn uses_of(&self, mark: Fingerprint) -> impl Iterator<Item = &'t Use> {
        self.sights(mark).filter_map(|sight| match sight {
            Sight::LetIn(usage) => Some(usage),
            Sight::Refused(..) => None,
        })
    }

    /// Returns whether a token was refused at an endpoint while it was let in elsewhere on the host:
    /// before a refusal and after one (or between two), never there. The instants around `at`.
    pub fn fine_elsewhere(&self, mark: Fingerprint, near: &Facts, at: At) -> Option<(At, At)> {
        let elsewhere = |pick: &dyn Fn(&Times<8>) -> Option<At>| -> Vec<At> {
            self.acceptances(mark, near, pick).map(|a| a.at).collect()
        };
        // Of a token that goes to very many endpoints, or of very many tokens, not all uses are kept.
        let known = |usage: &Use| usage.endpoints.knows(&near.endpoint);
        if self.acceptances(mark, near, Times::first).any(|a| a.same_endpoint)
            || !self.tally.knows_uses(mark)
            || !self.uses_of(mark).all(known)
        {
            return None;
        }
        let before = elsewhere(&|times| times.last_until(at)).into_iter().max()?;
        if let Some(after) = elsewhere(&|times| times.first_from(at)).into_iter().min() {
            return Some((before, after));
        }
        // Refused here earlier already, and let in elsewhere since.
        let who = self.who(&near.client);
        let earlier = self
            .refused_at(who, &near.endpoint)
            .iter()
            .filter(|(_, facts)| facts.credentials.first().and_then(mark_of) == Some(mark))
            .filter_map(|(group, _)| group.times.first())
            .min()?;
        (earlier < before).then_some((earlier, before))
    }

    /// Returns the turns of a token at an endpoint, between let in and refused, each with its first instant.
    pub fn turns(&self, mark: Fingerprint, near: &Facts) -> Vec<(At, bool)> {
        let mut seen: Vec<(At, bool)> = Vec::new();
        for sight in self.sights(mark) {
            match sight {
                Sight::LetIn(usage) if usage.host == near.endpoint.host => {
                    let here = usage.endpoints.iter().filter(|(e, _)| **e == near.endpoint);
                    let buckets = here.flat_map(|(_, times)| times.buckets());
                    seen.extend(buckets.flat_map(|b| [(b.first, true), (b.last, true)]));
                }
                Sight::Refused(group, facts)
                    if facts.endpoint == near.endpoint && is_token_refusal(facts) =>
                {
                    let buckets = group.times.buckets();
                    seen.extend(buckets.flat_map(|b| [(b.first, false), (b.last, false)]));
                }
                _ => {}
            }
        }
        seen.sort_unstable();
        seen.dedup_by_key(|(_, let_in)| *let_in);
        seen
    }

    /// Returns the tokens that were let in at an endpoint.
    pub fn let_in_at(&self, endpoint: &Endpoint) -> Vec<&'t Token> {
        let door = self.index.doors.open.get(endpoint);
        let marks = door.into_iter().flat_map(|door| door.guests.iter());
        marks.filter_map(|mark| self.token(*mark)).collect()
    }

    /// Returns the acceptances of a token on a host, one a use and endpoint: the latest at or before `until`.
    pub fn accepted_until(
        &self,
        mark: Fingerprint,
        near: &Facts,
        until: At,
    ) -> Option<Acceptance<'t>> {
        self.acceptances(mark, near, |times| times.last_until(until))
            .max_by_key(|a| (a.proven, a.same_endpoint, a.at))
    }

    /// Returns the first acceptance of a token on a host at or after `from`, proven ones first.
    pub fn accepted_from(
        &self,
        mark: Fingerprint,
        near: &Facts,
        from: At,
    ) -> Option<Acceptance<'t>> {
        self.acceptances(mark, near, |times| times.first_from(from))
            .min_by_key(|a| (!a.proven, !a.same_endpoint, a.at))
    }

    fn acceptances<'w>(
        &'w self,
        mark: Fingerprint,
        near: &'w Facts,
        pick: impl Fn(&Times<8>) -> Option<At> + 'w,
    ) -> impl Iterator<Item = Acceptance<'t>> + 'w {
        self.sights(mark)
            .filter_map(|sight| match sight {
                Sight::LetIn(usage) if usage.host == near.endpoint.host && !usage.at_issuer => {
                    Some(usage)
                }
                _ => None,
            })
            .flat_map(|usage| usage.endpoints.iter().map(move |(e, t)| (usage, e, t)))
            .filter_map(move |(usage, endpoint, times)| {
                Some(Acceptance {
                    at: pick(times)?,
                    proven: self.is_guarded(endpoint),
                    same_endpoint: *endpoint == near.endpoint,
                    client: &usage.client,
                })
            })
    }

    /// Returns whether two clients are the same one.
    pub fn is_same(&self, a: &Client, b: &Client) -> bool {
        a == b || self.who(a) == self.who(b)
    }

    /// Returns the refusals of a token by one client on a host, as the instants known, in order.
    ///
    /// Only refusals that can be about the token itself: not 403, 429, redirects or blocked ones.
    pub fn refusals(&self, mark: Fingerprint, near: &Facts) -> Vec<(At, u64)> {
        let who = self.who(&near.client);
        let mut instants: Vec<(At, u64)> = self
            .sights(mark)
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
            .flat_map(|group| group.times.buckets().map(|b| (b.first, b.count)))
            .collect();
        instants.sort_unstable();
        instants
    }

    /// Returns what an endpoint refused to a client.
    pub(super) fn refused_at(&self, who: Who, endpoint: &Endpoint) -> &[(&'t Group, &'t Facts)] {
        let number = self.places.get(endpoint);
        number.map_or(&[][..], |number| self.index.refusals.of.get(&(who, *number)))
    }

    /// Returns whether the capture shows this token being handed out as a refresh token.
    pub fn is_refresh_token(&self, mark: Fingerprint) -> bool {
        self.index.issued.refresh_tokens.contains(&mark)
    }

    /// Returns when this token was handed out, as far as the capture shows.
    pub fn issued_at(&self, mark: Fingerprint) -> Option<At> {
        self.index.issued.births.get(&mark).copied()
    }

    /// Returns whether this signature stands on another header or payload too.
    pub fn is_doubled(&self, signature: Fingerprint) -> bool {
        self.index.doubled_signatures.contains(&signature)
    }

    /// Returns the instants at which this endpoint refused a token of this client, in order.
    pub fn refusals_at(&self, client: &Client, endpoint: &Endpoint) -> Vec<At> {
        let list = self.refused_at(self.who(client), endpoint);
        let mut instants: Vec<At> = list
            .iter()
            .filter(|(_, facts)| is_token_refusal(facts))
            .flat_map(|(group, _)| group.times.buckets().map(|b| b.first))
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
        let who = self.who(&near.client);
        let list = self.index.doors.successions(who, near.endpoint.host.as_ref());
        let own = token.and_then(|t| t.fingerprint);
        let subject = token.and_then(|t| t.sub.as_deref());
        let look = |place: &u32| self.index.let_in.look(*place);
        let start = list.partition_point(|place| look(place).and_then(Look::first) < Some(from));
        list.get(start..)?
            .iter()
            .filter_map(|place| Some((*place, look(place)?)))
            .filter_map(|(place, look)| Some((place, look, look.first()?)))
            .take_while(|(.., first)| *first <= until)
            .find(|(place, look, _)| {
                let mark = look.mark();
                mark != own
                    && (mark.is_some() || own.is_none())
                    && self.same_user(&near.client, subject, look.subject())
                    && self.credential_of(*place).is_some_and(|c| c.kind != Kind::Session)
            })
            .map(|(_, look, first)| (first, look.mark()))
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
        let used = self.entries(client, endpoint).map(|entry| (entry.ends, entry));
        let used = earliest(used, (from, until), |entry| {
            fits(self.credential_of(entry.place)).then(|| entry.times.first_from(from))?
        });
        let visits = fits(None).then(|| self.visits(client, endpoint)).into_iter().flatten();
        let visited = visits.filter_map(|times| times.first_from(from)).filter(|at| *at <= until);
        visited.chain(used).min()
    }

    /// Returns when a client was let in at an endpoint without a credential that could be seen.
    pub(super) fn visits<'w>(
        &'w self,
        client: &'w Client,
        endpoint: &'w Endpoint,
    ) -> impl Iterator<Item = &'t Times<8>> + 'w {
        let (visits, spot) = (&self.tally.visits, spot_of(client));
        let agents = self.clients.agents_of(client);
        agents.filter_map(move |agent| visits.of(spot, agent, endpoint))
    }

    /// Returns whether all that other exchanges tell is known: what never happened may be said then only.
    pub fn is_whole(&self) -> bool {
        !self.tally.is_cut()
    }

    /// Returns whether every use of a credential that was let in is known: of very many only those of some
    /// credentials are. What somebody never did next may be said then only.
    pub fn knows_all_uses(&self) -> bool {
        self.is_whole() && !self.tally.uses.is_sample()
    }

    /// Returns whether so little is known of what was let in that it does not teach what hosts let in.
    pub fn is_thin(&self) -> bool {
        self.tally.is_thin()
    }

    /// Returns whether it is known of each use of a token whether it was let in.
    pub fn knows_uses(&self, mark: Fingerprint) -> bool {
        self.tally.knows_uses(mark)
    }

    /// Returns whether all that was let in of a refused request's client and credential is known; of many
    /// only a sample is.
    pub fn knows_history(&self, facts: &Facts) -> bool {
        let (visits, spot) = (&self.tally.visits, spot_of(&facts.client));
        let mut marks = facts.credentials.iter().filter_map(mark_of);
        self.is_whole()
            && visits.knows(spot)
            && visits.knows_agents(spot)
            && marks.all(|mark| self.tally.knows_uses(mark))
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
        self.refused_at(self.who(&near.client), &near.endpoint)
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
        let used = self.entries(client, endpoint).map(|entry| (entry.ends, entry));
        let used = latest(used, until, |entry| {
            fits(self.credential_of(entry.place)).then(|| entry.times.last_until(until))?
        });
        let visits = fits(None).then(|| self.visits(client, endpoint)).into_iter().flatten();
        visits.filter_map(|times| times.last_until(until)).chain(used).max()
    }

    /// Returns whether somebody got the same answer at this endpoint who sent no credential at all, by status
    /// and words; a challenge or a word that tells more makes it another one.
    pub fn refused_like_nobody(&self, facts: &Facts) -> bool {
        let said = |f: &Facts| -> Vec<(String, String)> {
            let statements = f.answer.statements.iter();
            statements.map(|s| (s.place.clone(), s.text.clone())).collect()
        };
        let here = self.index.refusals.strangers.get(&facts.endpoint);
        here.into_iter().flatten().any(|other| {
            other.status == facts.status
                && other.answer.challenges == facts.answer.challenges
                && said(other) == said(facts)
        })
    }

    /// Lists what this client was let in with at this endpoint.
    fn entries<'w>(
        &'w self,
        client: &Client,
        endpoint: &Endpoint,
    ) -> impl Iterator<Item = &'w Entry<'t>> + use<'w, 't> {
        let door = self.index.doors.open.get(endpoint).map(|door| door.number);
        let entries = door.map(|number| self.entries_of(self.who(client), number));
        entries.into_iter().flatten()
    }

    /// Lists what a client was let in with at the door with a number.
    pub(super) fn entries_of(&self, who: Who, door: u32) -> impl Iterator<Item = &Entry<'t>> {
        let numbers = self.index.doors.entries.get(&(who, door));
        numbers.iter().filter_map(|number| self.index.let_in.entry(*number))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_look_at_the_ends_misses_no_instant(
            lists in prop::collection::vec((prop::collection::vec(0_i64..40, 1..14), any::<bool>()), 0..12),
            (from, until) in (-2_i64..42, -2_i64..42),
        ) {
            let (from, until) = (At(from), At(until));
            let uses: Vec<(Times<8>, bool)> = lists
                .into_iter()
                .map(|(list, fits)| {
                    let mut times = Times::default();
                    // More of them than keep a bucket of their own.
                    let wide = if list.len() > 9 { 3 } else { 0 };
                    for at in list {
                        times.push(At(at << wide));
                    }
                    (times, fits)
                })
                .collect();
            let of = |(times, fits): &(Times<8>, bool)| {
                ((times.first().unwrap(), times.last().unwrap()), (times.clone(), *fits))
            };
            let early = |(times, fits): (Times<8>, bool)| fits.then(|| times.first_from(from))?;
            let late = |(times, fits): (Times<8>, bool)| fits.then(|| times.last_until(until))?;
            prop_assert_eq!(
                earliest(uses.iter().map(of), (from, until), early),
                uses.iter().cloned().filter_map(early).filter(|at| *at <= until).min()
            );
            prop_assert_eq!(
                latest(uses.iter().map(of), until, late),
                uses.iter().cloned().filter_map(late).max()
            );
        }
    }
}
