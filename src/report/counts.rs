//! Counts under what is at hand: a name is made once for each key, not once for each exchange.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use foldhash::fast::FixedState;

/// How often each key was met.
#[derive(Debug)]
pub(super) struct Counts<K>(HashMap<K, u64, FixedState>);

/// The names that were met most often, and how many there are in all.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Ranked {
    /// Most frequent first, of equally frequent ones by name.
    pub(super) rows: Vec<(String, u64)>,
    /// Distinct names.
    pub(super) distinct: u64,
}

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<K: Eq + Hash> Counts<K> {
    /// Adds so many under a key.
    pub(super) fn add(&mut self, key: K, count: u64) {
        *self.0.entry(key).or_default() += count;
    }

    /// Names the keys and returns the `top` most frequent names; keys of one name count as one.
    pub(super) fn ranked(self, top: usize, name: impl Fn(K) -> String) -> Ranked {
        let mut named: HashMap<String, u64, FixedState> = HashMap::default();
        named.reserve(self.0.len());
        self.0.into_iter().for_each(|(key, n)| *named.entry(name(key)).or_default() += n);
        let distinct = u64::try_from(named.len()).unwrap_or(u64::MAX);
        let mut rows: Vec<(String, u64)> = named.into_iter().collect();
        first(&mut rows, top, |a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Ranked { rows, distinct }
    }
}

/// Keeps the `most` values that come first, in order; equal ones have no order among them.
pub(super) fn first<T>(list: &mut Vec<T>, most: usize, order: impl Fn(&T, &T) -> Ordering) {
    if list.len() > most {
        if let Some(last) = most.checked_sub(1) {
            list.select_nth_unstable_by(last, &order);
        }
        list.truncate(most);
    }
    list.sort_unstable_by(order);
}

/// Returns how many distinct values there are.
pub(super) fn distinct<T: Eq + Hash>(all: impl Iterator<Item = T>) -> u64 {
    // Most often there are few of many: room is made as it is needed.
    let mut known: HashSet<T, FixedState> = HashSet::default();
    for one in all {
        known.insert(one);
    }
    u64::try_from(known.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn names_are_ranked_as_if_each_had_been_counted_by_itself(
            met in prop::collection::vec((0u8..30, 0u64..4), 0..60), top in 0usize..40,
        ) {
            // Several keys have one name.
            let name = |key: u8| format!("n{}", key / 2);
            let mut counts = Counts::default();
            let mut slow: BTreeMap<String, u64> = BTreeMap::new();
            for (key, n) in &met {
                counts.add(*key, *n);
                *slow.entry(name(*key)).or_default() += n;
            }
            let all = slow.len() as u64;
            let mut rows: Vec<(String, u64)> = slow.into_iter().collect();
            rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            rows.truncate(top);
            prop_assert_eq!(counts.ranked(top, name), Ranked { rows, distinct: all });
            prop_assert_eq!(distinct(met.iter().map(|(key, _)| name(*key))), all);
        }
    }
}
