//! A tally within limits of memory: what its tables keep, and what is known to be left out.

use super::limits::{Limits, Share};
use super::{DOORS, GROUPS, HOSTS, IDS, ISSUES, KEYS, PASSED, PROOFS, TOKENS, Tally, USES};

const SHARE_OF_USES: Share = Share { thousandths: 90, each: 2_000, most: USES };
/// Uses of which a sample shows what hosts let in: what one in a thousand has is in it, but for one case in
/// fifty.
const THICK: usize = 1 << 12;
/// Instants that a group knows at most, as its type says.
const INSTANTS: usize = 256;

impl Tally {
    /// Makes an empty tally that keeps within limits.
    pub fn within(limits: Limits) -> Self {
        let mut tally = Self::default();
        tally.limit(limits);
        tally
    }

    /// Returns an empty tally to be merged into this one: it leaves out what has no place here any more.
    #[must_use]
    pub fn part(&self) -> Self {
        let part = Self::within(self.limits);
        Self {
            tokens: self.tokens.part(),
            uses: self.uses.part(),
            visits: self.visits.part(),
            bare: self.bare.part(),
            passed: self.passed.part(),
            timeline: self.timeline.part(),
            ..part
        }
    }

    /// Keeps within limits from now on, and leaves out what is too much for them. What is left is what a
    /// tally of the same input would hold that had kept within them from the beginning.
    pub fn limit(&mut self, limits: Limits) {
        let limits = self.limits.tighter(limits);
        if limits.is_none() {
            return;
        }
        // Also where they are no others: of a tally that was written down the tables do not know them.
        if self.limits.is_none() {
            self.keep_tokens_of_groups();
        }
        self.limits = limits;
        let keys = |thousandths, each, most| limits.keys(Share { thousandths, each, most });
        self.tokens.limit(keys(180, 400, TOKENS));
        self.uses.limit(limits.keys(SHARE_OF_USES));
        self.entrances.limit(keys(30, 100_000, HOSTS));
        self.visits.limit(limits);
        self.groups.limit(keys(200, 4_000, GROUPS));
        self.bare.limit(limits);
        self.issues.limit(keys(50, 1_200, ISSUES));
        self.doors.limit(keys(15, 250, DOORS));
        self.published.limit(keys(5, 800, KEYS));
        self.proofs.limit(keys(10, 800, PROOFS));
        self.releases.limit(limits);
        self.sightings.limit(keys(15, 500, IDS));
        self.passed.limit(keys(5, 500, PASSED));
        self.offsets.limit(limits);
    }

    /// Returns the limits that it keeps within.
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// Notes with each refusal the tokens that it came with, as far as they are kept: with limits, a group
    /// must not lose them to the tokens of others.
    fn keep_tokens_of_groups(&mut self) {
        let tokens = &self.tokens;
        for group in self.groups.values_mut() {
            let Some(facts) = group.facts.as_deref() else { continue };
            let marks = facts.credentials.iter().filter_map(|c| c.token.or(c.fingerprint));
            let known: Vec<_> =
                marks.filter_map(|mark| tokens.get(mark.number())?.0.clone()).collect();
            group.keep_tokens(&known);
        }
    }

    /// Has groups know fewer instants each where all together know more than there is room to judge.
    pub(super) fn narrow(&mut self) {
        let Some(most) = self.limits.judged() else { return };
        let all = |width: usize| -> usize {
            self.groups.iter().map(|(_, group)| group.times.buckets().len().min(width)).sum()
        };
        let fits = (0..8).map(|halvings| INSTANTS >> halvings).find(|width| all(*width) <= most);
        let width = fits.unwrap_or(1);
        if width < INSTANTS {
            self.groups.values_mut().for_each(|group| group.times.narrow(width));
            self.is_narrow = true;
        }
    }

    /// Returns whether something was left out for want of room: then what rests on other exchanges is no
    /// more than a suspicion. Without limits, what is kept is so much that it teaches what the whole does.
    /// Only after [`Tally::settle`].
    pub fn is_cut(&self) -> bool {
        !self.limits.is_none()
            && (self.is_narrow
                || self.clientless > 0
                || self.refused.count > 0
                || self.tokens.is_sample()
                || self.uses.is_sample()
                || self.visits.is_sample()
                || self.entrances.is_sample()
                || self.groups.is_sample()
                || self.issues.is_sample()
                || self.doors.is_sample()
                || self.published.is_sample()
                || self.proofs.is_sample()
                || self.sightings.is_sample()
                || self.passed.is_sample()
                || self.offsets.is_sample())
    }

    /// Returns whether something was left out, and of what was let in too little is kept to be a sample of
    /// all that hosts let in.
    pub fn is_thin(&self) -> bool {
        self.is_cut() && self.limits.keys(SHARE_OF_USES) < THICK
    }
}
