//! Values under keys, those of one key side by side: for tables that are filled once and asked often.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;

use foldhash::fast::FixedState;

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

impl<K: Copy + Eq + Hash, V: Copy> Runs<K, V> {
    /// Puts pairs side by side by their keys. They are gone through twice: once to count those of each
    /// key, once to put each where it belongs, so that nothing is sorted.
    pub(super) fn of(pairs: impl Iterator<Item = (K, V)> + Clone) -> Self {
        let Some((_, some)) = pairs.clone().next() else { return Self::default() };
        let mut numbers: HashMap<K, usize, FixedState> = HashMap::default();
        let mut counts: Vec<usize> = Vec::new();
        let count = |(key, _)| {
            let number = *numbers.entry(key).or_insert(counts.len());
            match counts.get_mut(number) {
                Some(count) => *count += 1,
                None => counts.push(1),
            }
            number
        };
        let places: Vec<usize> = pairs.clone().map(count).collect();
        let mut end = 0;
        let begins = counts.iter().map(|count| {
            end += count;
            end - count
        });
        let mut free: Vec<usize> = begins.collect();
        // Each is written over.
        let mut values = vec![some; places.len()];
        for ((_, value), number) in pairs.zip(places) {
            if let Some(place) = free.get_mut(number)
                && let Some(slot) = values.get_mut(*place)
            {
                *slot = value;
                *place += 1;
            }
        }
        // What was free last is where the next run begins.
        let span = |number: usize| {
            let end = free.get(number).copied().unwrap_or_default();
            end - counts.get(number).copied().unwrap_or_default()..end
        };
        let spans = numbers.into_iter().map(|(key, number)| (key, span(number))).collect();
        Self { values, spans }
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
            let mut runs = Runs::of(pairs.iter().copied());
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
