//! Authorization code flows: which code belongs to which request for it.

use std::collections::BTreeMap;

use super::World;
use crate::model::{At, Fingerprint, Leg};
use crate::tally::Tally;

/// Authorization requests by `state`, callbacks by code.
#[derive(Debug, Default)]
pub(super) struct Legs {
    asked: BTreeMap<Fingerprint, Leg>,
    given: BTreeMap<Fingerprint, (At, Leg)>,
}

impl Legs {
    pub(super) fn learn(tally: &Tally) -> Self {
        let mut legs = Self::default();
        for (_, group) in tally.groups.iter() {
            let Some(leg) = group.facts.as_ref().and_then(|facts| facts.leg.as_deref().copied())
            else {
                continue;
            };
            let Some(at) = group.times.first() else { continue };
            if let Some(state) = leg.state.filter(|_| leg.asks) {
                legs.asked.insert(state, leg);
            }
            if let Some(code) = leg.code {
                let known = legs.given.entry(code).or_insert((at, leg));
                if at < known.0 {
                    *known = (at, leg);
                }
            }
        }
        legs
    }
}

impl World<'_> {
    /// Returns the authorization request that a code answers, where the capture shows it.
    pub fn asked_for(&self, code: Fingerprint) -> Option<Leg> {
        let (_, given) = self.legs.given.get(&code)?;
        if given.asks { Some(*given) } else { self.legs.asked.get(&given.state?).copied() }
    }

    /// Returns when a code was handed out.
    pub fn code_given(&self, code: Fingerprint) -> Option<At> {
        self.legs.given.get(&code).map(|(at, _)| *at)
    }

    /// Returns whether some authorization request of the capture sent this `state`; `None` when the capture
    /// holds no authorization request at all, or not all that it holds is known.
    pub fn knows_state(&self, state: Fingerprint) -> Option<bool> {
        (!self.legs.asked.is_empty() && self.is_whole())
            .then(|| self.legs.asked.contains_key(&state))
    }
}
