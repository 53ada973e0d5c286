//! Values under keys in one sorted list: for tables that are filled once and asked often.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;

use foldhash::quality::FixedState;
use rayon::prelude::*;

/// Lists of values by key; a list keeps the order in which its values came.
#[derive(Debug)]
pub(super) struct Runs<K, V> {
    values: Vec<V>,
    spans: HashMap<K, Range<usize>, FixedState>,
}

impl<K, V> Default for Runs<K, V> {
    fn default() -> Self {
        Self { values: Vec::new(), spans: HashMap::default() }
    }
}

impl<K: Copy + Eq + Hash + Ord + Send + Sync, V: Send> Runs<K, V> {
    /// Sorts pairs by their keys, on all threads of the pool.
    pub(super) fn of(mut pairs: Vec<(K, V)>) -> Self {
        pairs.par_sort_by_key(|(key, _)| *key);
        let runs = pairs.chunk_by(|(a, _), (b, _)| a == b).count();
        let mut spans = HashMap::with_capacity_and_hasher(runs, FixedState::default());
        let mut start = 0;
        for run in pairs.chunk_by(|(a, _), (b, _)| a == b) {
            let end = start + run.len();
            spans.extend(run.first().map(|(key, _)| (*key, start..end)));
            start = end;
        }
        Self { values: pairs.into_iter().map(|(_, value)| value).collect(), spans }
    }

    /// Returns the values under a key; nothing where there is none.
    pub(super) fn get(&self, key: &K) -> &[V] {
        self.spans.get(key).and_then(|span| self.values.get(span.clone())).unwrap_or_default()
    }

    /// Returns every list, to be changed in place; they have no order.
    pub(super) fn each_mut(&mut self, mut change: impl FnMut(&K, &mut [V])) {
        self.spans.iter().for_each(|(key, span)| {
            if let Some(values) = self.values.get_mut(span.clone()) {
                change(key, values);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_hold_what_lists_in_a_map_hold(
            pairs in prop::collection::vec((0u8..9, any::<u16>()), 0..60),
        ) {
            let mut lists: BTreeMap<u8, Vec<u16>> = BTreeMap::new();
            for (key, value) in &pairs {
                lists.entry(*key).or_default().push(*value);
            }
            let mut runs = Runs::of(pairs);
            for key in 0..10 {
                let wanted = lists.get(&key).map_or(&[][..], Vec::as_slice);
                prop_assert_eq!(runs.get(&key), wanted);
            }
            runs.each_mut(|_, values| values.sort_unstable());
            for (key, list) in &mut lists {
                list.sort_unstable();
                prop_assert_eq!(runs.get(key), list.as_slice());
            }
        }
    }
}
