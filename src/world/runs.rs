//! Values under keys, those of one key side by side: for tables that are filled once and asked often.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;

use foldhash::fast::FixedState;

/// Lists of values by key; a list keeps the order in which its values came.
#[derive(Debug)]
pub(super) struct Runs<K, V> {
    values: Vec<V>,
    spans: HashMap<K, Span, FixedState>,
}

/// Where a list stands among the values.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    begin: u32,
    end: u32,
}

impl Span {
    const fn range(self) -> Range<usize> {
        self.begin as usize..self.end as usize
    }
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
        // Until all are counted, a list begins at its number.
        let mut spans: HashMap<K, Span, FixedState> = HashMap::default();
        let mut counts: Vec<u32> = Vec::new();
        let count = |(key, _)| {
            let begin = u32::try_from(counts.len()).unwrap_or(u32::MAX);
            let number = spans.entry(key).or_insert(Span { begin, end: begin }).begin;
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
        let place = |number: usize| free.get(number).copied().unwrap_or(begin);
        let put = |span: &mut Span| {
            let number = span.begin as usize;
            *span = Span { begin: place(number), end: place(number + 1) };
        };
        spans.values_mut().for_each(put);
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
        Self { values, spans }
    }

    /// Returns the values under a key; nothing where there is none.
    pub(super) fn get(&self, key: &K) -> &[V] {
        self.spans.get(key).and_then(|span| self.values.get(span.range())).unwrap_or_default()
    }

    /// Returns every list, to be changed in place; they have no order.
    pub(super) fn each_mut(&mut self, mut change: impl FnMut(&mut [V])) {
        self.spans.values().for_each(|span| {
            self.values.get_mut(span.range()).map(&mut change);
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
            runs.each_mut(<[u16]>::sort_unstable);
            for (key, list) in &mut lists {
                list.sort_unstable();
                prop_assert_eq!(runs.get(key), list.as_slice());
            }
        }
    }
}
