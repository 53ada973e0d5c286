//! `DPoP` proofs that were used twice (RFC 9449, section 11.1).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Who, World};
use crate::model::{At, Endpoint, Facts, Seconds};
use crate::tally::{ProofUse, Tally};

/// Requests this close were sent side by side: the server may have served the later one first.
const BESIDE: Seconds = Seconds(2.0);

/// Another use of the proof that a refused request carried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reuse {
    /// When.
    pub at: At,
    /// It was let in; else it was refused as well, and came first.
    pub let_in: bool,
}

/// Refusals of proofs that were seen before, and hosts that do not mind.
#[derive(Debug, Default)]
pub(super) struct Proofs<'t> {
    reused: BTreeMap<(Who, &'t Endpoint, At), Reuse>,
    lenient: BTreeSet<&'t Arc<str>>,
}

impl<'t> Proofs<'t> {
    pub(super) fn learn(tally: &'t Tally, who: impl Fn(&ProofUse) -> Who) -> Self {
        let mut proofs = Self::default();
        for (_, proof) in tally.proofs.iter() {
            let uses: Vec<&ProofUse> = proof.uses.iter().collect();
            for (index, one) in uses.iter().enumerate() {
                let others = || uses.iter().enumerate().filter(|(i, _)| *i != index);
                if one.let_in {
                    let twice =
                        others().any(|(_, o)| o.let_in && o.endpoint.host == one.endpoint.host);
                    proofs.lenient.extend(one.endpoint.host.as_ref().filter(|_| twice));
                    continue;
                }
                let accepted = others().find(|(_, o)| o.let_in && o.at <= one.at.plus(BESIDE));
                let earlier = || others().find(|(_, o)| o.at < one.at);
                if let Some((_, other)) = accepted.or_else(earlier) {
                    let reuse = Reuse { at: other.at, let_in: other.let_in };
                    proofs.reused.insert((who(one), &one.endpoint, one.at), reuse);
                }
            }
        }
        proofs
    }
}

impl World<'_> {
    /// Returns the use of a refused request's proof that makes this one the second.
    pub fn proof_reused(&self, facts: &Facts, at: At) -> Option<Reuse> {
        self.proofs.reused.get(&(self.who(&facts.client), &facts.endpoint, at)).copied()
    }

    /// Returns whether a host let in two requests with one proof.
    pub fn takes_proofs_twice(&self, host: Option<&Arc<str>>) -> bool {
        host.is_some_and(|host| self.proofs.lenient.contains(host))
    }
}
