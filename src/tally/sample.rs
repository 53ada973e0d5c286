//! A bounded table by hash: the same keys as a sorted table keeps, at the price of a look-up.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::hint::black_box;

use rayon::prelude::*;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::smallest::Merge;
use super::visits::AT_ONCE;

/// A map that keeps its smallest keys, `LIMIT` of them or fewer; merging two values is `Merge`.
///
/// Keys are hashes already, so what is kept is a sample. It keeps the same keys as
/// [`Table`](super::Table), and whole values under them; a key that has no place costs one comparison.
/// Between two prunings it holds a quarter more than it keeps.
#[derive(Clone, Debug)]
pub struct Sample<V, const LIMIT: usize> {
    kept: HashMap<Key, V, BuildHasherDefault<Itself>>,
    /// How many keys are kept; never more than `LIMIT`.
    limit: usize,
    /// Greatest key that may still have a place; `None` while nothing was left out.
    most: Option<u128>,
}

/// A key, aligned as values are: by sixteen bytes, most entries would take eight more.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(Rust, packed(8))]
struct Key(u128);

/// Keys are hashes: they need no hashing.
#[derive(Clone, Copy, Debug, Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn write_u128(&mut self, key: u128) {
        #[expect(clippy::cast_possible_truncation, reason = "the halves are told apart")]
        let (high, low) = ((key >> 64) as u64, key as u64);
        self.0 = high ^ low.rotate_left(32);
    }
}

impl<V, const LIMIT: usize> Default for Sample<V, LIMIT> {
    fn default() -> Self {
        Self { kept: HashMap::default(), limit: LIMIT, most: None }
    }
}

impl<V: Default, const LIMIT: usize> Sample<V, LIMIT> {
    /// Returns the value under `key`, made new where it was not there; `None` when the key is left out.
    pub fn slot(&mut self, key: u128) -> Option<&mut V> {
        if !self.admits(key) {
            return None;
        }
        if self.is_overfull() {
            self.prune();
            if !self.admits(key) {
                return None;
            }
        }
        Some(self.kept.entry(Key(key)).or_default())
    }
}

impl<V, const LIMIT: usize> Sample<V, LIMIT> {
    /// Makes a table of what one held, in order of the keys, and of whether it was a sample.
    pub(super) fn of(pairs: Vec<(u128, V)>, is_sample: bool) -> Self {
        let most = pairs.last().map(|(key, _)| *key).filter(|_| is_sample);
        let kept = pairs.into_iter().map(|(key, value)| (Key(key), value)).collect();
        let mut read = Self { kept, limit: LIMIT, most };
        read.prune();
        read
    }

    /// Returns how many keys are held, those that are too much too.
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    /// Returns an empty table to be merged into this one: it leaves out what had no place here at the last
    /// pruning.
    #[must_use]
    pub fn part(&self) -> Self {
        Self { kept: HashMap::default(), limit: self.limit, most: self.most }
    }

    /// Returns how many keys are kept at most.
    pub(super) fn room(&self) -> usize {
        self.limit
    }

    /// Returns whether so much is held that it is time to prune.
    fn is_overfull(&self) -> bool {
        self.kept.len() > self.limit + self.limit / 4
    }

    /// Returns whether a key could be kept.
    pub fn admits(&self, key: u128) -> bool {
        self.most.is_none_or(|most| key <= most)
    }

    /// Keeps no more than so many keys from now on.
    pub fn limit(&mut self, limit: usize) {
        let limit = limit.max(1);
        if limit < self.limit {
            self.limit = limit;
            self.prune();
        }
    }

    /// Leaves out what is too much.
    pub(super) fn prune(&mut self) {
        if let Some(most) = self.last_of_too_many() {
            self.kept.retain(|key, _| key.0 <= most);
            self.most = Some(most);
        }
    }

    /// Leaves out what is too much where the next keys, [`AT_ONCE`], could make it time to; `look` looks at
    /// some values at once before those are given back: look-ups in a row do not wait for each other's memory.
    pub(super) fn prune_looking(&mut self, look: impl Fn(&V) -> u64) {
        if self.kept.len() + AT_ONCE <= self.limit + self.limit / 4 {
            return;
        }
        if let Some(most) = self.last_of_too_many() {
            let left_out = self.kept.extract_if(|key, _| key.0 > most).map(|(_, value)| value);
            let mut left_out: Vec<V> = left_out.collect();
            while !left_out.is_empty() {
                let some = left_out.drain(left_out.len().saturating_sub(AT_ONCE)..);
                black_box(some.as_slice().iter().map(&look).fold(0, u64::wrapping_add));
            }
            self.most = Some(most);
        }
    }

    /// Leaves out what is too much with values under other keys, which are to be put here.
    pub(super) fn make_way(&mut self, keys: impl Iterator<Item = u128>) {
        let mut all: Vec<u128> = self.kept.keys().map(|key| key.0).chain(keys).collect();
        all.sort_unstable();
        all.dedup();
        if all.len() > self.limit
            && let Some(most) = self.limit.checked_sub(1).and_then(|last| all.get(last))
        {
            self.leave_out(*most);
        }
    }

    /// Leaves out all keys that are greater than one of those that are kept, or are to be put here.
    fn leave_out(&mut self, most: u128) {
        if self.most.is_none_or(|mine| most < mine) {
            self.most = Some(most);
            self.kept.retain(|key, _| key.0 <= most);
        }
    }

    /// Leaves out what is too much; all threads of the pool give it back, as that takes longest.
    pub(super) fn prune_by_all(&mut self)
    where
        V: Send,
    {
        if let Some(most) = self.last_of_too_many() {
            let left_out: Vec<(Key, V)> = self.kept.extract_if(|key, _| key.0 > most).collect();
            left_out.into_par_iter().for_each(drop);
            self.most = Some(most);
        }
    }

    /// Returns the last key that is kept, where more are held than that.
    fn last_of_too_many(&self) -> Option<u128> {
        let last = self.limit.checked_sub(1).filter(|_| self.kept.len() > self.limit)?;
        let mut keys: Vec<u128> = self.kept.keys().map(|key| key.0).collect();
        Some(*keys.select_nth_unstable(last).1)
    }

    /// Returns the value under `key`; of those that are there before a pruning only what stays after it.
    pub fn get(&self, key: u128) -> Option<&V> {
        self.kept.get(&Key(key))
    }

    /// Returns the value under `key`, to be changed.
    pub fn get_mut(&mut self, key: u128) -> Option<&mut V> {
        self.kept.get_mut(&Key(key))
    }

    /// Changes every value in place, in no order.
    pub fn change(&mut self, change: impl FnMut(&mut V)) {
        self.kept.values_mut().for_each(change);
    }

    /// Returns the values, those that are too much left out, in no order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        let most = self.most();
        let kept = self.kept.iter();
        kept.filter(move |(key, _)| most.is_none_or(|most| key.0 <= most)).map(|(_, value)| value)
    }

    /// Takes keys and values out in order of the keys, those that are too much left out.
    pub fn into_sorted(self) -> Vec<(u128, V)> {
        let limit = self.limit;
        let all = self.kept.into_iter().map(|(key, value)| (key.0, value));
        let mut all: Vec<(u128, V)> = all.collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all.truncate(limit);
        all
    }

    /// Returns keys and values in order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (u128, &V)> {
        self.sorted().into_iter()
    }

    /// Returns keys and values in order of the keys, those that are too much left out.
    pub fn sorted(&self) -> Vec<(u128, &V)> {
        self.sorted_by(|all| all.sort_unstable_by_key(|(key, _)| *key))
    }

    /// The same, sorted by all threads of the pool.
    pub fn sorted_by_all(&self) -> Vec<(u128, &V)>
    where
        V: Sync,
    {
        self.sorted_by(|all| all.par_sort_unstable_by_key(|(key, _)| *key))
    }

    fn sorted_by<'s>(&'s self, sort: impl FnOnce(&mut Vec<(u128, &'s V)>)) -> Vec<(u128, &'s V)> {
        let mut all: Vec<(u128, &V)> =
            self.kept.iter().map(|(key, value)| (key.0, value)).collect();
        sort(&mut all);
        all.truncate(self.limit);
        all
    }

    /// Returns whether keys were left out, so that the table is a sample.
    pub fn is_sample(&self) -> bool {
        self.most.is_some() || self.kept.len() > self.limit
    }

    /// Returns the greatest key that is kept, where keys were left out.
    pub fn most(&self) -> Option<u128> {
        match self.most {
            Some(most) if self.kept.len() <= self.limit => Some(most),
            _ => self.last_of_too_many(),
        }
    }
}

impl<V: Merge, const LIMIT: usize> Sample<V, LIMIT> {
    /// Adds all of `other`. Commutative and associative.
    pub fn merge(&mut self, mut other: Self) {
        self.limit(other.limit);
        if let Some(most) = other.most {
            self.leave_out(most);
        }
        if self.kept.len() < other.kept.len() {
            std::mem::swap(&mut self.kept, &mut other.kept);
            if let Some(most) = self.most {
                self.kept.retain(|key, _| key.0 <= most);
            }
        }
        // Each key is merged by itself: their order does not show.
        #[expect(clippy::iter_over_hash_type, reason = "every key has a value of its own")]
        for (key, value) in other.kept {
            self.put(key, value);
        }
        if self.is_overfull() {
            self.prune();
        }
    }

    /// Adds values under their keys.
    pub(super) fn put_all(&mut self, pairs: Vec<(u128, V)>) {
        self.kept.reserve(pairs.len());
        for (key, value) in pairs {
            self.put(Key(key), value);
        }
    }

    fn put(&mut self, key: Key, value: V) {
        if self.is_overfull() {
            self.prune();
        }
        if !self.admits(key.0) {
            return;
        }
        match self.kept.entry(key) {
            Entry::Vacant(free) => {
                free.insert(value);
            }
            Entry::Occupied(mut known) => known.get_mut().merge(value),
        }
    }
}

impl<V: PartialEq, const LIMIT: usize> PartialEq for Sample<V, LIMIT> {
    fn eq(&self, other: &Self) -> bool {
        self.is_sample() == other.is_sample() && self.sorted() == other.sorted()
    }
}

impl<V: Serialize, const LIMIT: usize> Serialize for Sample<V, LIMIT> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.sorted(), self.is_sample()).serialize(serializer)
    }
}

impl<'de, V: Deserialize<'de>, const LIMIT: usize> Deserialize<'de> for Sample<V, LIMIT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (pairs, is_sample) = <(Vec<(u128, V)>, bool)>::deserialize(deserializer)?;
        if !pairs.is_sorted_by(|(before, _), (key, _)| before < key) {
            return Err(D::Error::custom("a sample out of order"));
        }
        Ok(Self::of(pairs, is_sample))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Table;
    use super::*;

    fn sample(keys: &[u8]) -> Sample<u64, 5> {
        let mut sample = Sample::default();
        for key in keys {
            if let Some(n) = sample.slot(u128::from(*key)) {
                *n += 1;
            }
        }
        sample
    }

    proptest! {
        #[test]
        fn a_sample_keeps_what_a_table_keeps_for_any_split(
            keys in prop::collection::vec(0u8..20, 0..80), cut in 0usize..80,
        ) {
            let mut table = Table::<u8, u64, 5>::default();
            for key in &keys {
                if let Some(n) = table.slot(key) {
                    *n += 1;
                }
            }
            let (left, right) = keys.split_at(cut.min(keys.len()));
            let mut merged = sample(right);
            merged.merge(sample(left));
            let whole = sample(&keys);
            prop_assert_eq!(&merged, &whole);
            prop_assert_eq!(whole.is_sample(), table.is_sample());
            prop_assert_eq!(whole.sorted_by_all(), whole.sorted());
            let kept: Vec<(u128, u64)> = whole.sorted().into_iter().map(|(k, v)| (k, *v)).collect();
            let wanted: Vec<(u128, u64)> = table.iter().map(|(k, v)| (u128::from(*k), *v)).collect();
            prop_assert_eq!(kept, wanted);
            prop_assert_eq!(whole.most(), table.is_sample().then(|| merged.sorted().last().unwrap().0));
            let wire = serde_json::to_string(&whole).unwrap();
            let back: Sample<u64, 5> = serde_json::from_str(&wire).unwrap();
            prop_assert_eq!(&back, &whole);
            let mut again = back;
            again.merge(sample(&[]));
            prop_assert_eq!(&again, &merged);
            let mut first = sample(left);
            let mut second = first.part();
            for key in right {
                if let Some(n) = second.slot(u128::from(*key)) {
                    *n += 1;
                }
            }
            first.merge(second);
            prop_assert_eq!(&first, &merged);
            // Of many small parts more is held for a while than is kept; it must not show.
            let mut many = Sample::default();
            for some in keys.chunks(cut % 5 + 1) {
                let mut part: Sample<u64, 5> = many.part();
                for key in some {
                    if let Some(n) = part.slot(u128::from(*key)) {
                        *n += 1;
                    }
                }
                many.merge(part);
                prop_assert!(many.kept.len() <= 5 + 5 / 4 + 1);
            }
            prop_assert_eq!(&many, &whole);
            let mut closed = many.clone();
            many.prune();
            closed.prune_by_all();
            for pruned in [&many, &closed] {
                prop_assert_eq!(pruned, &whole);
                prop_assert_eq!(pruned.kept.len(), table.len());
                prop_assert_eq!(pruned.most(), whole.most());
            }
        }
    }

    #[test]
    fn keys_out_of_order_are_not_read() {
        let read =
            |pairs: &str| serde_json::from_str::<Sample<u64, 5>>(&format!("[{pairs},false]"));
        assert!(read("[[1,9],[2,9]]").is_ok());
        assert!(read("[[2,9],[1,9]]").is_err() && read("[[1,9],[1,9]]").is_err());
    }
}
