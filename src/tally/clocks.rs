//! Offsets of clocks against the recorder of a capture, in bounded space.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::limits::{Limits, Share};
use super::smallest::{Merge, Table};
use super::times::Times;
use crate::model::{At, Facts, Record, Seconds};

/// Pairs of capture and host that are kept.
const HOSTS: usize = 1 << 13;
/// A tenth of a second, the finest difference that is kept.
const TENTH: f64 = 0.1;

/// Which capture saw which host: every recorder has a clock of its own.
pub type Pair = (Arc<str>, Arc<str>);

/// What the input tells of clocks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Clocks {
    /// From uncached `Date` fields: whoever stands in front of the host.
    pub dates: Table<Pair, Offsets, HOSTS>,
    /// From messages that print the server's time: the verifier itself.
    pub told: Table<Pair, Offsets, HOSTS>,
}

/// Offsets of one clock, server minus capture.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Offsets(Times<192>);

impl Clocks {
    /// Keeps within limits.
    pub(super) fn limit(&mut self, limits: Limits) {
        let keys = limits.keys(Share { thousandths: 15, each: 1_500, most: HOSTS });
        self.dates.limit(keys);
        self.told.limit(keys);
    }

    /// Returns whether pairs were left out.
    pub(super) fn is_sample(&self) -> bool {
        self.dates.is_sample() || self.told.is_sample()
    }

    /// Adds what one exchange tells.
    pub(super) fn note(&mut self, record: &Record) {
        if record.date_offset.is_none() && record.told_offset.is_none() {
            return;
        }
        let Facts { client, endpoint, .. } = &record.facts;
        let (Some(capture), Some(host)) = (&client.capture, &endpoint.host) else { return };
        let pair = (Arc::clone(capture), Arc::clone(host));
        for (table, offset) in
            [(&mut self.dates, record.date_offset), (&mut self.told, record.told_offset)]
        {
            if let Some(offset) = offset
                && let Some(offsets) = table.slot(&pair)
            {
                offsets.push(offset);
            }
        }
    }

    /// Adds what the `Date` of one answer tells.
    pub(super) fn note_date(
        &mut self,
        capture: &Arc<str>,
        host: Option<&Arc<str>>,
        offset: Seconds,
    ) {
        let pair = host.map(|host| (Arc::clone(capture), Arc::clone(host)));
        if let Some(offsets) = pair.and_then(|pair| self.dates.slot(&pair)) {
            offsets.push(offset);
        }
    }

    /// Adds everything of `other`. Commutative and associative.
    pub(super) fn merge(&mut self, other: Self) {
        self.dates.merge(other.dates);
        self.told.merge(other.told);
    }
}

impl Offsets {
    /// Adds one offset, to the tenth of a second.
    pub fn push(&mut self, offset: Seconds) {
        let tenths = Seconds((offset.0 / TENTH).round() * TENTH);
        self.0.push(At(0).plus(tenths));
    }

    /// Returns how many there are.
    pub fn count(&self) -> u64 {
        self.0.count()
    }

    /// Returns the offset below which the share `quantile` of all lies; `None` when there is none.
    ///
    /// Where there were too many distinct ones to keep, the middle of those that stand together.
    pub fn quantile(&self, quantile: f64) -> Option<Seconds> {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts are far below 2^52"
        )]
        let rank = (quantile * self.count().saturating_sub(1) as f64).round() as u64;
        let mut seen = 0_u64;
        self.0.buckets().find_map(|bucket| {
            seen.merge(bucket.count);
            let (first, last) = (bucket.first.since(At(0)).0, bucket.last.since(At(0)).0);
            (seen > rank).then(|| Seconds(f64::midpoint(first, last)))
        })
    }
}

impl Merge for Offsets {
    fn merge(&mut self, other: Self) {
        self.0.merge(&other.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(offsets: &[f64]) -> Offsets {
        let mut all = Offsets::default();
        for offset in offsets {
            all.push(Seconds(*offset));
        }
        all
    }

    #[test]
    fn the_middle_of_the_offsets_is_not_moved_by_a_stale_one() {
        let all = of(&[4.9, 5.0, 5.1, -86_400.0, 5.2]);
        assert_eq!(all.quantile(0.5).map(|s| s.0), Some(5.0));
        assert_eq!(Offsets::default().quantile(0.5), None);
    }

    #[test]
    fn any_split_gives_the_same_offsets() {
        let offsets: Vec<f64> = (0..1_000).map(|n| f64::from(n * n % 997) * 0.7 - 300.0).collect();
        let whole = of(&offsets);
        for cut in [0, 1, 400, 999] {
            let (left, right) = offsets.split_at(cut);
            let mut merged = of(right);
            Merge::merge(&mut merged, of(left));
            assert_eq!(merged, whole, "{cut}");
        }
        assert_eq!(whole.count(), 1_000);
    }
}
