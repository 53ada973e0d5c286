//! Values under keys, those of one key side by side: for tables that are filled once and asked often.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::FixedState;

/// Lists of values by key; a list keeps the order in which its values came.
#[derive(Debug)]
pub(super) struct Runs<K, V> {
    values: Vec<V>,
    numbers: HashMap<K, u32, FixedState>,
    /// Where each list ends among the values, by its number; there the next begins.
    ends: Vec<u32>,
}

impl<K, V> Default for Runs<K, V> {
    fn default() -> Self {
        Self { values: Vec::new(), numbers: HashMap::default(), ends: Vec::new() }
    }
}

impl<K: Copy + Eq + Hash, V: Copy> Runs<K, V> {
    /// Puts pairs side by side by their keys. They are gone through twice: once to count those of each
    /// key, once to put each where it belongs, so that nothing is sorted.
    pub(super) fn of(pairs: impl Iterator<Item = (K, V)> + Clone) -> Self {
        let Some((_, some)) = pairs.clone().next() else { return Self::default() };
        let mut numbers: HashMap<K, u32, FixedState> = HashMap::default();
        let mut counts: Vec<u32> = Vec::new();
        let count = |(key, _)| {
            let next = u32::try_from(counts.len()).unwrap_or(u32::MAX);
            let number = *numbers.entry(key).or_insert(next);
            match counts.get_mut(number as usize) {
                Some(count) => *count += 1,
                None => counts.push(1),
            }
            number
        };
        let lists: Vec<u32> = pairs.clone().map(count).collect();
        // Where the next value of each list belongs: first its begin, in the end its end.
        let mut free = counts;
        let mut begin = 0;
        for count in &mut free {
            begin += std::mem::replace(count, begin);
        }
        // Each is written over.
        let mut values = vec![some; lists.len()];
        for ((_, value), number) in pairs.zip(lists) {
            if let Some(place) = free.get_mut(number as usize)
                && let Some(slot) = values.get_mut(*place as usize)
            {
                *slot = value;
                *place += 1;
            }
        }
        Self { values, numbers, ends: free }
    }

    /// Returns the values under a key; nothing where there is none.
    pub(super) fn get(&self, key: &K) -> &[V] {
        let Some(number) = self.numbers.get(key).map(|number| *number as usize) else { return &[] };
        let end = |number: usize| self.ends.get(number).map_or(0, |end| *end as usize);
        let begin = number.checked_sub(1).map_or(0, end);
        self.values.get(begin..end(number)).unwrap_or_default()
    }

    /// Returns every list, to be changed in place.
    pub(super) fn each_mut(&mut self, mut change: impl FnMut(&mut [V])) {
        let mut begin = 0;
        for end in self.ends.iter().map(|end| *end as usize) {
            self.values.get_mut(begin..end).map(&mut change);
            begin = end;
        }
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
            runs.each_mut(|values| values.sort_unstable());
            for (key, list) in &mut lists {
                list.sort_unstable();
                prop_assert_eq!(runs.get(key), list.as_slice());
            }
        }
    }
}
