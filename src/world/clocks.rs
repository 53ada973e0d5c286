//! Skew of each host's clock against the capture, from uncached `Date` fields.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::Seconds;
use crate::tally::Tally;

/// How far a host's clock is ahead of the capture's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Skew {
    /// Median of server minus capture, corrected for the whole seconds of `Date`.
    pub median: Seconds,
    /// Half the span between the 10th and the 90th percentile, at least the half second of `Date`.
    pub spread: Seconds,
    /// Answers that were used.
    pub samples: u64,
}

impl Skew {
    /// Returns whether the skew is more than the resolution and the spread of its samples explain.
    pub fn is_real(&self) -> bool {
        self.median.0.abs() > 2.0 && self.median.0.abs() > 2.0 * self.spread.0
    }
}

/// `Date` drops fractions (RFC 9110, section 5.6.7), so it lies half a second early on average.
const DATE_CUT: f64 = 0.5;

pub(super) fn learn(tally: &Tally) -> BTreeMap<Arc<str>, Skew> {
    tally
        .clocks
        .iter()
        .filter_map(|(host, offsets)| {
            let samples: u64 = offsets.0.values().sum();
            let at = |quantile: f64| {
                #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "in range"
                )]
                let rank = (quantile * (samples.saturating_sub(1)) as f64).round() as u64;
                let mut seen = 0;
                offsets.0.iter().find_map(|(tenths, count)| {
                    seen += count;
                    (seen > rank).then(|| f64::from(*tenths) / 10.0)
                })
            };
            let median = Seconds((at(0.5)? + DATE_CUT).mul_add(10.0, 0.0).round() / 10.0);
            let spread = Seconds(((at(0.9)? - at(0.1)?) / 2.0).max(0.5));
            Some((Arc::clone(host), Skew { median, spread, samples }))
        })
        .collect()
}
