//! Instants with counts, in bounded space, exact while few and exact to merge when many.

mod kept;

use serde::{Deserialize, Serialize};

pub use self::kept::{Bucket, Buckets};
use self::kept::{Kept, View, Wide, make_room};
use super::smallest::Merge;
use crate::model::At;

/// Bucket widths in nanoseconds, finest first; each divides the next, so widening is exact.
///
/// The first rung keeps every instant apart. The rungs from 100 ms to 1 day are those that reports
/// may show; the last ones only keep a table bounded whatever dates a file claims.
const LADDER: [i64; 16] = [
    1,
    100_000_000,
    SECOND,
    5 * SECOND,
    15 * SECOND,
    60 * SECOND,
    300 * SECOND,
    900 * SECOND,
    3_600 * SECOND,
    21_600 * SECOND,
    DAY,
    4 * DAY,
    32 * DAY,
    1_024 * DAY,
    16_384 * DAY,
    i64::MAX,
];
/// Buckets that are put between others one by one.
const FEW: usize = 4;
const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A multiset of instants in at most `LIMIT` buckets.
///
/// The width is the finest rung at which at most `LIMIT` buckets are occupied; a part of the input
/// never needs a wider rung than the whole, so any order of pushes and merges ends in the same value.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Written")]
pub struct Times<const LIMIT: usize>(Kept);

/// A multiset as it is written.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Times")]
struct Written {
    rung: u8,
    buckets: Vec<Bucket>,
}

impl<const LIMIT: usize> From<Times<LIMIT>> for Written {
    fn from(times: Times<LIMIT>) -> Self {
        Self { rung: times.rung(), buckets: times.buckets().collect() }
    }
}

impl<const LIMIT: usize> TryFrom<Written> for Times<LIMIT> {
    type Error = &'static str;

    /// Takes buckets that are what a multiset writes: in order of time, none of which overlap, and no more
    /// than there may be. Millions of others are a small partial, and merging them would not end.
    fn try_from(Written { rung, buckets }: Written) -> Result<Self, Self::Error> {
        let is_sorted = buckets.is_sorted_by(|before, bucket| before.last < bucket.first)
            && buckets.iter().all(|bucket| bucket.first <= bucket.last);
        let fits = is_sorted && buckets.len() <= LIMIT;
        fits.then(|| Self(Kept::of(rung, buckets))).ok_or("instants out of order")
    }
}

impl<const LIMIT: usize> PartialEq for Times<LIMIT> {
    fn eq(&self, other: &Self) -> bool {
        self.rung() == other.rung() && self.buckets().eq(other.buckets())
    }
}

impl<const LIMIT: usize> Eq for Times<LIMIT> {}

impl<const LIMIT: usize> Times<LIMIT> {
    /// Adds one instant.
    pub fn push(&mut self, at: At) {
        self.push_all(at, 1);
    }

    /// Adds one instant so many times, once or more.
    pub fn push_all(&mut self, at: At, count: u64) {
        if count == 1 && self.0.push(at) {
            return self.widen();
        }
        // Neighbours in an input are neighbours in time: what lies in the last bucket needs no search.
        let new = Bucket { first: at, last: at, count };
        let is_more = self.0.change(|wide| {
            if let Some(last) = wide.buckets.last_mut()
                && last.first <= at
            {
                if at <= last.last || slot(last.first, wide.rung) == slot(at, wide.rung) {
                    last.last = last.last.max(at);
                    last.count.merge(count);
                    return false;
                }
                make_room(&mut wide.buckets);
                wide.buckets.push(new);
            } else {
                wide.insert(new);
            }
            true
        });
        if is_more {
            self.widen();
        }
    }

    /// Returns an empty multiset to be merged into this one: it begins with the width that the whole will have
    /// at least.
    #[must_use]
    pub fn part(&self) -> Self {
        Self(Kept::of(self.rung(), Vec::new()))
    }

    /// Adds instants, which may stand in any order; of those that follow each other in time only few are
    /// searched for.
    pub fn push_each(&mut self, instants: &[At]) {
        let mut rest = instants;
        while let Some((at, others)) = rest.split_first() {
            self.push_all(*at, 1);
            rest = others;
            let Kept::Wide(wide) = &mut self.0 else { continue };
            let rung = wide.rung;
            let Some(last) = wide.buckets.last_mut() else { continue };
            let end = end_of(last.first, rung);
            // All of them have a place in it, whatever the order.
            let same = others.iter().take_while(|at| last.first <= **at && **at <= end);
            let mut count = 0;
            for at in same {
                last.last = last.last.max(*at);
                count += 1;
            }
            last.count.merge(count as u64);
            rest = others.get(count..).unwrap_or_default();
        }
    }

    /// Adds all instants of `other`. Commutative and associative.
    pub fn merge(&mut self, other: &Self) {
        let theirs = other.0.view();
        let (mine, rung) = (self.0.view(), other.rung());
        if let (View::Apart(_), View::Apart(others)) = (mine, theirs)
            && mine.last().map(|last| last.first) < others.first().copied()
        {
            self.0.extend(others);
        } else if theirs.len() > 0 || rung > self.rung() {
            self.0.change(|wide| wide.merge(theirs, rung));
        }
        self.widen();
    }

    /// Takes out `count` instants at `at`, as far as its bucket holds them; in a wide bucket the others
    /// stay where its ends are. Only after the last merge: the width does not become finer.
    pub fn remove(&mut self, at: At, count: u64) {
        if count > 0 && self.0.remove(at) {
            return;
        }
        self.0.change(|wide| {
            let key = slot(at, wide.rung);
            for bucket in &mut wide.buckets {
                if slot(bucket.first, wide.rung) == key {
                    bucket.count = bucket.count.saturating_sub(count);
                }
            }
            wide.buckets.retain(|b| b.count > 0);
        });
    }

    /// Returns the occupied buckets in order of time.
    pub fn buckets(&self) -> Buckets<'_> {
        self.0.view().buckets()
    }

    /// Returns how many instants there are.
    pub fn count(&self) -> u64 {
        sum(self.buckets())
    }

    /// Returns the earliest instant.
    pub fn first(&self) -> Option<At> {
        self.0.view().get(0).map(|b| b.first)
    }

    /// Returns the latest instant.
    pub fn last(&self) -> Option<At> {
        self.0.view().last().map(|b| b.last)
    }

    /// Returns whether some instant lies in `from..=until`; within a wide bucket only its ends are known.
    pub fn any_within(&self, from: At, until: At) -> bool {
        self.first_from(from).is_some_and(|at| at <= until)
    }

    /// Returns whether it is certain that no instant lies in `from..=until`: never where a wide bucket
    /// spans them and holds more than its ends.
    pub fn none_within(&self, from: At, until: At) -> bool {
        let view = self.0.view();
        view.get(view.partition_point(|b| b.last < from))
            .is_none_or(|b| b.first > until || (b.first < from && b.last > until && b.count <= 2))
    }

    /// Returns the earliest known instant at or after `from`.
    pub fn first_from(&self, from: At) -> Option<At> {
        let view = self.0.view();
        let bucket = view.get(view.partition_point(|b| b.last < from))?;
        Some(if bucket.first >= from { bucket.first } else { bucket.last })
    }

    /// Returns the latest known instant at or before `until`.
    pub fn last_until(&self, until: At) -> Option<At> {
        let view = self.0.view();
        let bucket = view.get(view.partition_point(|b| b.first <= until).checked_sub(1)?)?;
        Some(if bucket.last <= until { bucket.last } else { bucket.first })
    }

    /// Returns how many instants lie before `until`; a bucket counts when its first instant does.
    pub fn count_before(&self, until: At) -> u64 {
        sum(self.buckets().take_while(|b| b.first < until))
    }

    /// Returns how many instants lie in the bucket of `at`.
    pub fn count_at(&self, at: At) -> u64 {
        let (view, key) = (self.0.view(), self.slot(at));
        let here = view.get(view.partition_point(|b| self.slot(b.first) < key));
        here.filter(|b| self.slot(b.first) == key).map_or(0, |b| b.count)
    }

    /// Returns how many instants lie in buckets that lie in `from..=until` as a whole.
    pub fn count_within(&self, from: At, until: At) -> u64 {
        let start = self.0.view().partition_point(|b| b.first < from);
        sum(self.buckets().skip(start).take_while(|b| b.last <= until))
    }

    /// Returns the bucket width in nanoseconds; 1 while every instant is kept apart.
    pub fn width(&self) -> i64 {
        width(self.rung())
    }

    /// Returns a copy whose width is at least `nanos`, for reports that ask for a width.
    #[must_use]
    pub fn at_least(&self, nanos: i64) -> Self {
        let mut copy = self.clone();
        let rung = LADDER.iter().position(|w| *w >= nanos).unwrap_or(LADDER.len() - 1);
        copy.raise(u8::try_from(rung).unwrap_or(u8::MAX));
        copy
    }

    /// Makes buckets wider until there are no more than so many. Only after the last merge, which would
    /// not know of it.
    pub fn narrow(&mut self, most: usize) {
        while self.0.view().len() > most && usize::from(self.rung()) + 1 < LADDER.len() {
            self.raise(self.next_rung());
        }
    }

    /// Returns the next rung on which two neighbours may share a bucket: until then all stay apart.
    fn next_rung(&self) -> u8 {
        let starts = self.buckets().map(|bucket| bucket.first.0);
        let gaps = starts.clone().skip(1).zip(starts).map(|(later, at)| later.saturating_sub(at));
        let least = gaps.min().unwrap_or_default();
        let last = u8::try_from(LADDER.len() - 1).unwrap_or(u8::MAX);
        (self.rung() + 1..last).find(|rung| width(*rung) > least).unwrap_or(last)
    }

    fn widen(&mut self) {
        self.narrow(LIMIT);
    }

    fn raise(&mut self, rung: u8) {
        if rung > self.rung() {
            self.0.change(|wide| wide.raise(rung));
        }
    }

    fn rung(&self) -> u8 {
        self.0.rung()
    }

    fn slot(&self, at: At) -> i64 {
        slot(at, self.rung())
    }
}

impl Wide {
    fn insert(&mut self, new: Bucket) {
        let (rung, key) = (self.rung, slot(new.first, self.rung));
        // Most are later than all before them.
        let at = match self.buckets.last() {
            Some(last) if slot(last.first, rung) < key => self.buckets.len(),
            _ => self.buckets.partition_point(|b| slot(b.first, rung) < key),
        };
        match self.buckets.get_mut(at) {
            Some(b) if slot(b.first, rung) == key => b.add(&new),
            _ => {
                make_room(&mut self.buckets);
                self.buckets.insert(at, new);
            }
        }
    }

    fn raise(&mut self, rung: u8) {
        if rung <= self.rung {
            return;
        }
        self.rung = rung;
        self.buckets.dedup_by(|later, kept| {
            let same = slot(later.first, rung) == slot(kept.first, rung);
            if same {
                kept.last = kept.last.max(later.last);
                kept.count.merge(later.count);
            }
            same
        });
        // Most stay as few as they are now, and there are very many: what they do not need is given back.
        self.buckets = self.buckets.as_slice().into();
    }

    /// Adds buckets of which none is finer than `rung`.
    fn merge(&mut self, others: View<'_>, rung: u8) {
        self.raise(rung);
        let newest = self.buckets.last().map(|last| slot(last.first, self.rung));
        // Most are later than all before them, and each that is not moves all behind it.
        let first = others.buckets().take(FEW + 1);
        let early = first.filter(|bucket| newest > Some(slot(bucket.first, self.rung)));
        if early.count() > FEW && self.buckets.len() > FEW {
            self.weave(others);
        } else {
            self.append(others, newest);
        }
    }

    /// Adds buckets of which few are earlier than the last one here, which lies in the slot `newest`.
    fn append(&mut self, others: View<'_>, mut newest: Option<i64>) {
        for bucket in others.buckets() {
            let key = slot(bucket.first, self.rung);
            match self.buckets.last_mut() {
                Some(last) if newest == Some(key) => last.add(&bucket),
                Some(_) if newest > Some(key) => self.insert(bucket),
                _ => {
                    make_room(&mut self.buckets);
                    self.buckets.push(bucket);
                    newest = Some(key);
                }
            }
        }
    }

    /// Adds buckets, which lie anywhere among those here: first to those that there are, then the others in one
    /// walk. Most of thousands of captures fall into the same few hours.
    fn weave(&mut self, others: View<'_>) {
        let (mine, rung, mut from) = (&mut self.buckets, self.rung, 0);
        let mut new: Vec<Bucket> = Vec::new();
        for other in others.buckets() {
            let end = end_of(other.first, rung);
            let rest = mine.get(from..).unwrap_or_default();
            from += rest.partition_point(|bucket| bucket.first <= end);
            match from.checked_sub(1).and_then(|last| mine.get_mut(last)) {
                Some(known) if slot(known.first, rung) == slot(other.first, rung) => {
                    known.add(&other);
                }
                _ => match new.last_mut() {
                    Some(last) if slot(last.first, rung) == slot(other.first, rung) => {
                        last.add(&other);
                    }
                    _ => new.push(other),
                },
            }
        }
        put_between(mine, new);
    }
}

/// Puts buckets between others, all in order of time: each is moved once.
fn put_between(mine: &mut Vec<Bucket>, mut new: Vec<Bucket>) {
    let (Some(any), mut end) = (new.first().copied(), mine.len()) else { return };
    if mine.capacity() - end < new.len() {
        mine.reserve_exact(new.len().max(end / 4));
    }
    mine.resize(end + new.len(), any);
    while let Some(bucket) = new.pop() {
        let before = mine.get(..end).unwrap_or_default();
        let at = before.partition_point(|known| known.first < bucket.first);
        mine.copy_within(at..end, at + new.len() + 1);
        if let Some(place) = mine.get_mut(at + new.len()) {
            *place = bucket;
        }
        end = at;
    }
}

fn sum(buckets: impl Iterator<Item = Bucket>) -> u64 {
    buckets.fold(0, |sum, bucket| sum.saturating_add(bucket.count))
}

fn width(rung: u8) -> i64 {
    LADDER.get(usize::from(rung)).copied().unwrap_or(i64::MAX)
}

/// Returns the last instant that shares the bucket of this one.
fn end_of(at: At, rung: u8) -> At {
    let next = slot(at, rung).checked_add(1).and_then(|next| next.checked_mul(width(rung)));
    At(next.and_then(|next| next.checked_sub(1)).unwrap_or(i64::MAX))
}

fn slot(at: At, rung: u8) -> i64 {
    // Divisions by numbers that the compiler knows: others cost more than all else.
    const fn by<const RUNG: usize>(at: i64) -> i64 {
        at.div_euclid(LADDER[RUNG])
    }
    match rung {
        0 => at.0,
        1 => by::<1>(at.0),
        2 => by::<2>(at.0),
        3 => by::<3>(at.0),
        4 => by::<4>(at.0),
        5 => by::<5>(at.0),
        6 => by::<6>(at.0),
        7 => by::<7>(at.0),
        8 => by::<8>(at.0),
        9 => by::<9>(at.0),
        _ => at.0.div_euclid(width(rung)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(instants: &[i64]) -> Times<4> {
        let mut times = Times::default();
        for at in instants {
            times.push(At(*at));
        }
        times
    }

    #[test]
    fn few_instants_stay_exact() {
        let times = of(&[5, 1, 3, 1]);
        assert_eq!(times.count(), 4);
        assert_eq!(times.first_from(At(2)), Some(At(3)));
        assert_eq!(times.last_until(At(4)), Some(At(3)));
        assert_eq!(times.last_until(At(0)), None);
        assert_eq!(times.count_before(At(3)), 2);
        assert_eq!([0, 1, 2, 5].map(|at| times.count_at(At(at))), [0, 2, 0, 1]);
        assert_eq!((times.count_within(At(1), At(4)), times.count_within(At(2), At(9))), (3, 2));
    }

    proptest! {
        #[test]
        fn the_end_of_a_bucket_is_the_last_instant_in_it(
            at in prop_oneof![any::<i64>(), (-9_i64..9).prop_map(|n| n * SECOND), Just(i64::MIN), Just(i64::MAX)],
            rung in 0..u8::try_from(LADDER.len()).unwrap(),
        ) {
            let end = end_of(At(at), rung);
            prop_assert!(end.0 >= at && slot(end, rung) == slot(At(at), rung));
            let next = end.0.checked_add(1).map(|next| slot(At(next), rung));
            prop_assert_ne!(next, Some(slot(end, rung)));
        }

        #[test]
        fn many_at_once_are_counted_as_one_by_one(
            first in prop_oneof![Just(0), Just(i64::MAX - 9_000_000_000), Just(i64::MIN)],
            steps in prop::collection::vec(
                prop_oneof![
                    0..4_i64, 0..400_000_000_i64, -2_000_000_000..3_000_000_000_i64,
                    // On the borders of buckets, and right before them.
                    (0..30_i64).prop_map(|n| n * 100_000_000), Just(99_999_999_i64), Just(1_i64),
                ],
                0..40,
            ),
            cut in 0..40_usize,
        ) {
            let mut at = first;
            let all: Vec<i64> = steps
                .iter()
                .map(|step| {
                    at = at.saturating_add(*step);
                    at
                })
                .collect();
            let (early, late) = all.split_at(cut.min(all.len()));
            let mut times = of(early);
            times.push_each(&late.iter().map(|at| At(*at)).collect::<Vec<_>>());
            prop_assert_eq!(times, of(&all));
        }
    }

    #[test]
    fn a_multiset_is_small_as_there_are_hundreds_of_thousands() {
        assert!(size_of::<Times<8>>() <= 24, "{}", size_of::<Times<8>>());
        let mut apart = Times::<9>::default();
        (0..9).for_each(|at| apart.push(At(at)));
        assert!(matches!(apart.0, Kept::Apart(_)), "{apart:?}");
    }

    proptest! {
        #[test]
        fn instants_that_are_kept_without_counts_are_what_they_are_with_them(
            steps in prop::collection::vec((0_u8..5, -6_i64..12, 1_u64..3), 0..24),
            unit in prop_oneof![Just(1), Just(SECOND)],
        ) {
            let wide = || Times::<6>(Kept::Wide(Box::default()));
            let (mut plain, mut counted) = (Times::<6>::default(), wide());
            let mut removed = false;
            for (step, at, count) in steps {
                let (now, later) = (At(at * unit), At((at + 3) * unit));
                for (times, mut other) in [(&mut plain, Times::default()), (&mut counted, wide())] {
                    match step {
                        // What is taken out leaves the width as it is: only after the last merge.
                        0 => times.remove(now, count),
                        _ if removed => {}
                        1 => times.push(now),
                        2 => times.push_all(now, count),
                        3 => times.push_each(&[now, later, now]),
                        _ => {
                            other.push_each(&[later, now]);
                            times.merge(&other);
                        }
                    }
                }
                removed |= step == 0;
                prop_assert_eq!(&plain, &counted);
                let told = |times: &Times<6>| {
                    let ends = (times.first(), times.last(), times.buckets().last());
                    let near = (times.first_from(now), times.last_until(now), times.count_at(now));
                    let within = (times.count_within(now, later), times.none_within(now, later));
                    (ends, near, within, times.count_before(now), times.count(), times.width())
                };
                prop_assert_eq!(told(&plain), told(&counted));
                let written = serde_json::to_string(&plain).unwrap();
                prop_assert_eq!(&written, &serde_json::to_string(&counted).unwrap());
                prop_assert_eq!(serde_json::from_str::<Times<6>>(&written).unwrap(), plain.clone());
            }
        }
    }

    #[test]
    fn many_instants_share_buckets_but_keep_their_ends_and_count() {
        let times = of(&[0, 10, 20, 30, 40, 50]);
        assert_eq!(
            times.buckets().collect::<Vec<_>>(),
            [Bucket { first: At(0), last: At(50), count: 6 }]
        );
    }

    #[test]
    fn buckets_that_no_multiset_writes_are_not_read() {
        let read = |buckets: &[(i64, i64, u64)]| {
            let bucket = |(first, last, count): &(i64, i64, u64)| {
                format!(r#"{{"first":{first},"last":{last},"count":{count}}}"#)
            };
            let buckets: Vec<String> = buckets.iter().map(bucket).collect();
            let written = format!(r#"{{"rung":0,"buckets":[{}]}}"#, buckets.join(","));
            serde_json::from_str::<Times<4>>(&written)
        };
        let good = [(1, 1, 1), (2, 4, 2), (5, 5, 1), (6, 6, 1)];
        assert_eq!(read(&good).unwrap().count(), 5);
        for bad in [
            &[(2, 2, 1), (1, 1, 1)][..],
            &[(1, 1, 1), (1, 1, 1)],
            &[(1, 3, 2), (3, 4, 2)],
            &[(3, 1, 2)],
            &[(1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 4, 1), (5, 5, 1)],
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn counts_beyond_all_numbers_are_the_greatest() {
        let mut times = Times::<4>::default();
        times.push_all(At(1), u64::MAX);
        times.push_all(At(1), 1);
        times.merge(&times.clone());
        times.push_all(At(9), u64::MAX);
        assert_eq!([times.count(), times.count_before(At(5))], [u64::MAX; 2]);
        assert_eq!(times.count_within(At(0), At(9)), u64::MAX);
        assert_eq!(times.at_least(DAY).count_at(At(1)), u64::MAX);
    }

    #[test]
    fn what_is_narrowed_keeps_its_ends_and_its_count() {
        let mut times = of(&[0, 10 * SECOND, 20 * SECOND, 30 * SECOND]);
        times.narrow(2);
        assert!(times.buckets().len() <= 2, "{times:?}");
        let ends = (times.first(), times.last());
        assert_eq!((ends, times.count()), ((Some(At(0)), Some(At(30 * SECOND))), 4));
    }

    proptest! {
        #[test]
        fn rungs_that_are_passed_over_change_nothing(
            instants in prop::collection::vec(
                prop_oneof![
                    any::<i64>(), (-40_i64..40).prop_map(|n| n * SECOND), (-9_i64..9).prop_map(|n| n * DAY),
                    (0_i64..9).prop_map(|n| n * 100_000_000), Just(i64::MIN), Just(i64::MAX),
                ],
                0..40,
            ),
            most in 1_usize..4,
        ) {
            // So that no push passes over any.
            let mut one_by_one = Times::<{ usize::MAX }>::default();
            for at in &instants {
                one_by_one.push(At(*at));
            }
            let mut narrowed = one_by_one.clone();
            narrowed.narrow(most);
            while one_by_one.buckets().len() > most && one_by_one.width() < i64::MAX {
                one_by_one.raise(one_by_one.rung() + 1);
            }
            prop_assert_eq!(narrowed, one_by_one);
        }
    }

    #[test]
    fn what_is_taken_out_was_never_there() {
        let mut times = of(&[5, 1, 3, 1]);
        times.remove(At(1), 1);
        assert_eq!(times, of(&[5, 1, 3]));
        times.remove(At(3), 1);
        times.remove(At(4), 1);
        assert_eq!(times, of(&[5, 1]));
    }

    #[test]
    fn a_wide_bucket_proves_no_absence_between_its_ends() {
        let three = of(&[0, SECOND, 4 * SECOND]).at_least(5 * SECOND);
        assert_eq!(three.buckets().len(), 1);
        assert!(!three.none_within(At(2 * SECOND), At(3 * SECOND)));
        assert!(three.none_within(At(5 * SECOND), At(9 * SECOND)));
        // Of two both are known.
        let two = of(&[0, 4 * SECOND]).at_least(5 * SECOND);
        assert!(two.none_within(At(2 * SECOND), At(3 * SECOND)));
        assert!(!two.none_within(At(2 * SECOND), At(4 * SECOND)));
    }

    proptest! {
        #[test]
        fn a_proven_absence_is_one(
            instants in prop::collection::vec(0i64..3_000_000_000, 0..30),
            from in 0i64..3_000_000_000, span in 0i64..1_000_000_000,
        ) {
            let (from, until) = (from, from + span);
            let there = instants.iter().any(|at| (from..=until).contains(at));
            prop_assert!(!(there && of(&instants).none_within(At(from), At(until))));
        }

        #[test]
        fn many_that_lie_between_others_are_merged_as_if_each_had_come_alone(
            mine in prop::collection::vec(-40_i64..400, 0..40),
            others in prop::collection::vec(-40_i64..400, 0..40),
            step in prop_oneof![Just(1), Just(30_000_000), Just(SECOND)],
            rungs in (0_u8..4, 0_u8..4),
        ) {
            let of = |instants: &[i64], rung| {
                let mut times = Times::<32>::default();
                for at in instants {
                    times.push(At(at * step));
                }
                times.raise(rung);
                times
            };
            let (left, right) = (of(&mine, rungs.0), of(&others, rungs.1));
            let mut merged = left.clone();
            merged.merge(&right);
            let mut one_by_one = left;
            one_by_one.raise(right.rung());
            for bucket in right.buckets() {
                one_by_one.0.change(|wide| wide.insert(bucket));
            }
            one_by_one.widen();
            prop_assert_eq!(merged, one_by_one);
        }

        #[test]
        fn any_split_and_order_gives_the_same_value(
            mut instants in prop::collection::vec(-3_000_000_000_000i64..3_000_000_000_000, 0..60),
            cut in 0usize..60,
        ) {
            let whole = of(&instants);
            let cut = cut.min(instants.len());
            let (left, right) = instants.split_at(cut);
            let (mut a, b) = (of(left), of(right));
            let mut c = b.clone();
            a.merge(&b);
            c.merge(&of(left));
            // What begins as wide as the whole.
            let mut d = of(left);
            let mut part = d.part();
            part.push_each(&right.iter().map(|at| At(*at)).collect::<Vec<_>>());
            d.merge(&part);
            prop_assert_eq!(&d, &whole);
            prop_assert_eq!(&a, &whole);
            prop_assert_eq!(&c, &whole);
            instants.reverse();
            prop_assert_eq!(&of(&instants), &whole);
        }
    }
}
