//! Refusals of requests that showed no credential, in the logs of servers.
//!
//! A log of a web server holds such refusals by the million, of as many clients, and they say little
//! more than who was refused where. Those of the clients whose spots have the smallest marks are kept
//! as groups of their own, with all that was let in of these clients, see [`Visits`](super::Visits);
//! all of them are counted by what they have in common beside the client. So counts stay whole, and the
//! memory does not grow.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::quality::FixedState;
use serde::{Deserialize, Serialize};

use super::limits::{Limits, Share};
use super::sample::Sample;
use super::smallest::Merge;
use super::standing::{Shift, Standing};
use super::visits::{agent_mark, key, spot_mark};
use super::{Group, group_key};
use crate::model::{Client, Facts, Position};

/// Groups that are kept with their clients: 6 MB.
const KEPT: usize = 1 << 12;
/// Kinds of refusals that are counted without.
const KINDS: usize = 1 << 11;

/// Refusals without a credential.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bare {
    kept: Sample<Kept, KEPT>,
    kinds: Sample<Group, KINDS>,
}

/// One client's refusals of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Kept {
    kind: u128,
    group: Group,
}

/// One refusal: what it has in common with others of its kind, and what is its own.
#[derive(Debug)]
pub(super) struct Refusal<'a> {
    /// Mark of its kind, see [`kind_of`].
    pub(super) kind: u128,
    /// Facts of its kind, whoever the client was.
    pub(super) facts: &'a Facts,
    /// Client address.
    pub(super) ip: Option<&'a str>,
    /// User agent, masked.
    pub(super) agent: Option<&'a Arc<str>>,
    /// Where it stands and when it was.
    pub(super) origin: Standing<'a>,
    /// User name from a column, as pseudonym.
    pub(super) user: Option<&'a String>,
}

/// Returns the mark of what facts are, whoever the client was.
pub fn kind_of(facts: &Facts) -> u128 {
    group_key(&without_client(facts))
}

fn without_client(facts: &Facts) -> Facts {
    Facts { client: Client::default(), ..facts.clone() }
}

/// Whether facts are counted here: of a refusal without a credential, in a log whose clients are many.
pub(super) fn is_bare(facts: &Facts) -> bool {
    facts.credentials.is_empty()
        && facts.client.capture.is_none()
        && facts.answer.outcome.is_refused()
        && !facts.preflight
        && facts.grant.is_none()
        && facts.leg.is_none()
        && !facts.logout
        && !facts.new_password
        && facts.cookies_set.is_empty()
        && facts.cookies_cleared.is_empty()
}

impl Bare {
    /// Returns an empty value to be merged into this one.
    pub(super) fn part(&self) -> Self {
        Self { kept: self.kept.part(), kinds: self.kinds.part() }
    }

    /// Leaves out what is too much.
    pub(super) fn prune(&mut self) {
        self.kept.prune();
        self.kinds.prune();
    }

    /// Keeps within limits.
    pub(super) fn limit(&mut self, limits: Limits) {
        let keys = |thousandths, each, most| limits.keys(Share { thousandths, each, most });
        self.kept.limit(keys(40, 8_000, KEPT));
        self.kinds.limit(keys(25, 16_000, KINDS));
    }

    /// Returns whether kinds were left out, so that not all refusals are here.
    pub(super) fn is_sample(&self) -> bool {
        self.kinds.is_sample()
    }

    /// Adds one refusal.
    pub(super) fn note(&mut self, refusal: &Refusal<'_>) {
        let spot = spot_mark(None, refusal.ip);
        if self.kept.admits(key(spot, 0)) {
            let agent = agent_mark(refusal.agent.map(|agent| &**agent));
            let rest = FixedState::with_seed(0x1f83_d9ab).hash_one((agent, refusal.kind));
            if let Some(kept) = self.kept.slot(key(spot, rest)) {
                kept.kind = refusal.kind;
                let group = &mut kept.group;
                if group.says_otherwise(refusal.facts) {
                    let client = Client {
                        capture: None,
                        ip: refusal.ip.map(Into::into),
                        user_agent: refusal.agent.cloned(),
                    };
                    let facts = Facts { client, ..refusal.facts.clone() };
                    group.adopt(Some(Box::new(facts)));
                }
                group.add(&refusal.facts.answer, &refusal.origin, refusal.user);
            }
        }
        if let Some(group) = self.kinds.slot(refusal.kind) {
            if group.says_otherwise(refusal.facts) {
                group.adopt(Some(Box::new(without_client(refusal.facts))));
            }
            group.add(&refusal.facts.answer, &refusal.origin, refusal.user);
        }
    }

    /// Adds everything of `other`. Commutative and associative.
    pub(super) fn merge(&mut self, other: Self) {
        self.kept.merge(other.kept);
        self.kinds.merge(other.kinds);
    }

    /// Rewrites what the refusals are said to be; the marks of their kinds stay what they were.
    pub fn change(&mut self, mut change: impl FnMut(&mut Group)) {
        self.kept.change(|kept| change(&mut kept.group));
        self.kinds.change(change);
    }

    /// Shifts all positions.
    pub(super) fn shift(&mut self, shift: &mut Shift<impl Fn(&mut Position)>) {
        self.kept.change(|kept| kept.group.shift(shift));
        self.kinds.change(|group| group.shift(shift));
    }

    /// Returns all refusals as groups: those of the clients that are kept, and the rest by kind, without
    /// a client; and how many are in that rest.
    pub(super) fn into_groups(self) -> (Vec<Group>, u64) {
        let mut groups: Vec<Group> = Vec::new();
        let mut rest = self.kinds;
        let mut unkept = 0_u64;
        for (_, Kept { kind, group }) in self.kept.into_sorted() {
            if let Some(known) = rest.get_mut(kind) {
                known.count = known.count.saturating_sub(group.count);
                for bucket in group.times.buckets() {
                    known.times.remove(bucket.first, bucket.count);
                }
                for example in group.examples.iter() {
                    known.examples.remove(example);
                }
                known.said.remove(&group.said);
            }
            groups.push(group);
        }
        for (_, mut group) in rest.into_sorted() {
            if group.count > 0 {
                unkept.merge(group.count);
                // In a wide bucket it does not show whose instants were taken out.
                group.count = group.count.max(group.times.count());
                groups.push(group);
            }
        }
        (groups, unkept)
    }
}

impl Merge for Kept {
    fn merge(&mut self, other: Self) {
        self.kind = other.kind;
        self.group.merge(other.group);
    }
}
