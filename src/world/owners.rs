//! Whose a credential is that does not say so itself: opaque tokens, refresh tokens, session cookies.
//!
//! What was handed out together, exchanged for another, or sent in one request belongs to one user.
//! What is seen with two users (a key of the application) tells of none.

use std::collections::{BTreeMap, BTreeSet};

use super::mark_of;
use crate::model::{At, Endpoint, Facts, Fingerprint, Kind, Outcome};
use crate::tally::{Issue, Tally};

/// Rounds of passing a name on; longer chains of refreshes keep what is known by then.
const ROUNDS: usize = 16;

/// Users behind credentials, and which refresh token each one came from.
#[derive(Debug, Default)]
pub(super) struct Owners<'t> {
    names: BTreeMap<Fingerprint, BTreeSet<&'t str>>,
    /// By refresh or access token: the refresh token that it was exchanged for, and when.
    parents: BTreeMap<Fingerprint, (Fingerprint, At)>,
}

impl<'t> Owners<'t> {
    pub(super) fn learn(
        tally: &'t Tally,
        subject: impl Fn(Fingerprint) -> Option<&'t str>,
    ) -> Self {
        let mut owners = Self::default();
        let mut bonds: Vec<Vec<Fingerprint>> = Vec::new();
        let mut issues: BTreeMap<(&Endpoint, At), Vec<&Issue>> = BTreeMap::new();
        for (_, issue) in tally.issues.iter() {
            bonds.push(marks_of(issue).collect());
            for bucket in issue.times.buckets() {
                issues.entry((&issue.endpoint, bucket.first)).or_default().push(issue);
            }
        }
        for (_, group) in tally.groups.iter() {
            let Some(facts) = group.facts.as_deref() else { continue };
            // What came alone is bound to nothing.
            if facts.credentials.len() < 2 && facts.grant.is_none() {
                continue;
            }
            let sent: Vec<Fingerprint> = personal(facts).collect();
            if facts.grant.is_some() && facts.answer.outcome == Outcome::LetIn {
                for bucket in group.times.buckets() {
                    let given = issues.get(&(&facts.endpoint, bucket.first));
                    // Two exchanges at one instant cannot be told apart.
                    let Some([issue]) = given.map(Vec::as_slice) else { continue };
                    if issue.client != facts.client {
                        continue;
                    }
                    bonds.push(sent.iter().copied().chain(marks_of(issue)).collect());
                    owners.note_parents(facts, issue, bucket.first);
                }
            }
            if sent.len() > 1 {
                bonds.push(sent);
            }
        }
        owners.pass_on(&bonds, subject);
        owners
    }

    fn note_parents(&mut self, facts: &Facts, issue: &Issue, at: At) {
        let mut refresh = facts.credentials.iter().filter(|c| c.kind == Kind::RefreshToken);
        let Some(parent) = refresh.find_map(mark_of) else { return };
        for child in marks_of(issue).filter(|child| *child != parent) {
            let known = self.parents.entry(child).or_insert((parent, at));
            *known = (parent, at).min(*known);
        }
    }

    fn pass_on(
        &mut self,
        bonds: &[Vec<Fingerprint>],
        subject: impl Fn(Fingerprint) -> Option<&'t str>,
    ) {
        for mark in bonds.iter().flatten() {
            if let Some(name) = subject(*mark) {
                self.names.entry(*mark).or_default().insert(name);
            }
        }
        for _ in 0..ROUNDS {
            let mut changed = false;
            for bond in bonds.iter().filter(|bond| bond.len() > 1) {
                let told: BTreeSet<&'t str> =
                    bond.iter().filter_map(|mark| self.owner(*mark)).collect();
                for mark in bond.iter().filter(|mark| subject(**mark).is_none()) {
                    let names = self.names.entry(*mark).or_default();
                    let before = names.len();
                    names.extend(told.iter().take(2));
                    changed |= names.len() != before;
                }
            }
            if !changed {
                return;
            }
        }
    }

    /// Returns the only user that a credential was seen with.
    pub(super) fn owner(&self, mark: Fingerprint) -> Option<&'t str> {
        let names = self.names.get(&mark)?;
        (names.len() == 1).then(|| names.first().copied()).flatten()
    }

    /// Returns the refresh token that was exchanged for this one, and when.
    pub(super) fn parent(&self, mark: Fingerprint) -> Option<(Fingerprint, At)> {
        self.parents.get(&mark).copied()
    }
}

fn marks_of(issue: &Issue) -> impl Iterator<Item = Fingerprint> {
    let issued = &issue.issued;
    [issued.access, issued.id, issued.refresh].into_iter().flatten()
}

/// Credentials of a request that are one user's own; keys are an application's.
fn personal(facts: &Facts) -> impl Iterator<Item = Fingerprint> {
    facts
        .credentials
        .iter()
        .filter(|c| {
            matches!(
                c.kind,
                Kind::Jwt | Kind::Opaque | Kind::Session | Kind::RefreshToken | Kind::Grant
            )
        })
        .filter_map(mark_of)
}
