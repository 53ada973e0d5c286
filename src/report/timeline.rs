//! Counts over time: one width for all, the finest at which few enough buckets are occupied.

use std::collections::BTreeMap;

use super::Judged;
use crate::model::{At, Class, Timeline, TimelineBucket};
use crate::tally::{Tally, Times};

/// Widths that a report shows, in nanoseconds.
const SHOWN: [i64; 10] = [
    100_000_000,
    1_000_000_000,
    5_000_000_000,
    15_000_000_000,
    60_000_000_000,
    300_000_000_000,
    900_000_000_000,
    3_600_000_000_000,
    21_600_000_000_000,
    86_400_000_000_000,
];
/// Most occupied buckets under `auto`.
const MOST: usize = 4096;

pub(super) fn draw(tally: &Tally, judged: &[Judged<'_>], width: Option<i64>) -> Timeline {
    let untimed = tally.untimed;
    let all: &Times<4096> = &tally.timeline;
    if all.buckets().is_empty() {
        return Timeline { width_s: 0.0, buckets: Vec::new(), untimed };
    }
    let occupied = |w: i64| {
        let mut slots: Vec<i64> = all.buckets().iter().map(|b| b.first.0.div_euclid(w)).collect();
        slots.dedup();
        slots.len()
    };
    let floor = width.unwrap_or(0).max(if all.width() > 1 { all.width() } else { 0 });
    let width = SHOWN
        .into_iter()
        .find(|w| *w >= floor && occupied(*w) <= MOST)
        .unwrap_or_else(|| floor.max(86_400_000_000_000));
    let mut buckets: BTreeMap<i64, (u64, TimelineBucket)> = BTreeMap::new();
    for bucket in all.buckets() {
        buckets.entry(bucket.first.0.div_euclid(width)).or_default().0 += bucket.count;
    }
    for item in judged.iter().filter(|j| j.timed) {
        let (_, row) = buckets.entry(item.bucket.first.0.div_euclid(width)).or_default();
        let by = match item.class {
            Class::Ok => continue,
            Class::Failure => &mut row.failures,
            Class::Expected => &mut row.expected,
            Class::Lookalike => &mut row.lookalikes,
        };
        match by.get_mut(item.cause()) {
            Some(count) => *count += item.bucket.count,
            None => {
                by.insert(item.cause().to_owned(), item.bucket.count);
            }
        }
    }
    for bucket in tally.refused.times.buckets() {
        let (total, _) = buckets.entry(bucket.first.0.div_euclid(width)).or_default();
        *total = total.saturating_sub(bucket.count);
    }
    let buckets = buckets
        .into_iter()
        .map(|(slot, (total, mut row))| {
            let refused: u64 = [&row.failures, &row.expected, &row.lookalikes]
                .iter()
                .flat_map(|m| m.values())
                .sum();
            row.start = At(slot.saturating_mul(width)).to_string();
            row.ok = total.saturating_sub(refused);
            row
        })
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "widths are far below 2^52 ns")]
    let width_s = width as f64 / 1e9;
    Timeline { width_s, buckets, untimed }
}
