//! Counts over time: one width for all, the finest at which few enough buckets are occupied.

use super::Judged;
use crate::model::{At, ByCause, Class, Timeline, TimelineBucket};
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
    if all.buckets().len() == 0 {
        return Timeline { width_s: 0.0, buckets: Vec::new(), untimed };
    }
    let occupied = |w: i64| {
        let mut slots: Vec<i64> = all.buckets().map(|b| b.first.0.div_euclid(w)).collect();
        slots.dedup();
        slots.len()
    };
    let floor = width.unwrap_or(0).max(if all.width() > 1 { all.width() } else { 0 });
    let width = SHOWN
        .into_iter()
        .find(|w| *w >= floor && occupied(*w) <= MOST)
        .unwrap_or_else(|| floor.max(86_400_000_000_000));
    let (mut slots, mut rows): (Vec<i64>, Vec<TimelineBucket>) = (Vec::new(), Vec::new());
    slots.reserve_exact(occupied(width));
    rows.reserve_exact(occupied(width));
    for bucket in all.buckets() {
        let slot = bucket.first.0.div_euclid(width);
        if let Some(row) = row_at(&mut slots, &mut rows, slot) {
            row.ok = row.ok.saturating_add(bucket.count);
        }
    }
    for item in judged.iter().filter(|j| j.timed) {
        let slot = item.bucket.first.0.div_euclid(width);
        let Some(row) = row_at(&mut slots, &mut rows, slot) else { continue };
        let by = match item.class {
            Class::Ok => continue,
            Class::Failure => &mut row.failures,
            Class::Expected => &mut row.expected,
            Class::Lookalike => &mut row.lookalikes,
        };
        by.add(item.cause_id(), item.bucket.count);
    }
    for bucket in tally.refused.times.buckets() {
        let slot = bucket.first.0.div_euclid(width);
        if let Some(row) = row_at(&mut slots, &mut rows, slot) {
            row.ok = row.ok.saturating_sub(bucket.count);
        }
    }
    for (slot, row) in slots.into_iter().zip(&mut rows) {
        let refused: u64 =
            [&row.failures, &row.expected, &row.lookalikes].map(ByCause::sum).iter().sum();
        row.start = At(slot.saturating_mul(width)).to_string();
        row.ok = row.ok.saturating_sub(refused);
    }
    #[expect(clippy::cast_precision_loss, reason = "widths are far below 2^52 ns")]
    let width_s = width as f64 / 1e9;
    Timeline { width_s, buckets: rows, untimed }
}

/// Returns the row of a slot, made where there is none; slots come in order of time, so that is at the end.
fn row_at<'r>(
    slots: &mut Vec<i64>,
    rows: &'r mut Vec<TimelineBucket>,
    slot: i64,
) -> Option<&'r mut TimelineBucket> {
    let at = match slots.last() {
        Some(last) if *last < slot => Err(slots.len()),
        _ => slots.binary_search(&slot),
    };
    let at = at.unwrap_or_else(|at| {
        slots.insert(at, slot);
        rows.insert(at, TimelineBucket::default());
        at
    });
    rows.get_mut(at)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_of_slots_in_any_order_are_those_of_a_map(
            asked in prop::collection::vec((-9i64..9, 1u64..5), 0..60),
        ) {
            let (mut slots, mut rows) = (Vec::new(), Vec::new());
            let mut map = BTreeMap::<i64, u64>::new();
            for (slot, count) in asked {
                row_at(&mut slots, &mut rows, slot).unwrap().ok += count;
                *map.entry(slot).or_default() += count;
            }
            let found = slots.into_iter().zip(rows.iter().map(|row| row.ok));
            prop_assert!(found.eq(map));
        }
    }
}
