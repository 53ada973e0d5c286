//! Bounded tables that keep the smallest keys, whoever saw them first, and count the rest.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Steps of a walk over a table that take as long as to look up one key in it.
const LOOKUP: usize = 16;

/// The `LIMIT` smallest distinct values of a set: a sorted list, as most hold one value or none.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de> + Ord"))]
pub struct Smallest<T, const LIMIT: usize>(
    #[serde(deserialize_with = "ascending::<_, _, LIMIT>")] Vec<T>,
);

impl<T, const LIMIT: usize> Default for Smallest<T, LIMIT> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Ord, const LIMIT: usize> Smallest<T, LIMIT> {
    /// Adds a value; the largest falls out when there are too many.
    pub fn push(&mut self, value: T) {
        if self.0.len() == LIMIT && self.0.last().is_some_and(|last| *last <= value) {
            return;
        }
        if let Err(at) = self.0.binary_search(&value) {
            self.0.truncate(LIMIT.saturating_sub(1).max(at));
            if self.0.len() == self.0.capacity() {
                self.0.reserve_exact(self.0.len().max(1));
            }
            self.0.insert(at, value);
        }
    }

    /// Adds a copy of a value, which is only made where it has a place.
    pub fn push_copy(&mut self, value: &T)
    where
        T: Clone,
    {
        self.push_made(value, || value.clone());
    }

    /// Adds a value that equals another and is only made where it has a place.
    pub(super) fn push_made<Q: Ord>(&mut self, value: &Q, make: impl FnOnce() -> T)
    where
        T: Borrow<Q>,
    {
        if self.0.len() < LIMIT || self.0.last().is_none_or(|last| last.borrow() > value) {
            self.push(make());
        }
    }

    /// Adds all values of `other`. Commutative, associative, idempotent.
    pub fn merge(&mut self, other: Self) {
        other.0.into_iter().for_each(|value| self.push(value));
    }

    /// Returns the values in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    /// Returns whether no more values are kept, so that there may be others.
    pub fn is_full(&self) -> bool {
        self.0.len() >= LIMIT
    }

    /// Takes a value out.
    pub fn remove<Q: Ord>(&mut self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        let found = self.0.binary_search_by(|known| known.borrow().cmp(value));
        found.map(|at| self.0.remove(at)).is_ok()
    }

    /// Rewrites every value by a change that keeps their order (a shift of positions).
    pub fn shift(&mut self, change: impl FnMut(&mut T)) {
        self.0.iter_mut().for_each(change);
    }

    /// Rewrites every value by any change; those that are the same then become one.
    pub fn change(&mut self, change: impl FnMut(&mut T)) {
        self.0.iter_mut().for_each(change);
        self.0.sort();
        self.0.dedup();
    }
}

impl<const LIMIT: usize> Smallest<String, LIMIT> {
    /// Adds a text, of which a copy is only made where it was not there.
    pub fn push_text(&mut self, text: &str) {
        if self.0.binary_search_by(|known| known.as_str().cmp(text)).is_err() {
            self.push(text.to_owned());
        }
    }
}

/// A map that keeps its smallest keys, `LIMIT` of them or fewer; merging two values is `Merge`.
///
/// Which keys are kept depends on the keys alone, so any split of the input keeps the same ones. A kept
/// key's value is complete: a key that is among the smallest of the whole is among the smallest of
/// every part that holds it. So the smaller of two limits makes of any parts what it makes of the whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(
    serialize = "K: Serialize + Ord, V: Serialize",
    deserialize = "K: Deserialize<'de> + Ord, V: Deserialize<'de>"
))]
pub struct Table<K, V, const LIMIT: usize> {
    #[serde(with = "pairs")]
    kept: BTreeMap<K, V>,
    /// Whether any key was left out.
    full: bool,
    /// How many keys are kept; `None` for `LIMIT`. Whoever holds the table writes it down.
    #[serde(skip)]
    limit: Option<usize>,
}

impl<K: PartialEq, V: PartialEq, const LIMIT: usize> PartialEq for Table<K, V, LIMIT> {
    fn eq(&self, other: &Self) -> bool {
        self.full == other.full && self.kept == other.kept
    }
}

impl<K: Eq, V: Eq, const LIMIT: usize> Eq for Table<K, V, LIMIT> {}

/// The same as [`Table`] for few keys: a sorted list, which needs a tenth of a tree's memory.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(bound(
    serialize = "K: Serialize, V: Serialize",
    deserialize = "K: Deserialize<'de> + Ord, V: Deserialize<'de>"
))]
pub struct Few<K, V, const LIMIT: usize>(
    #[serde(serialize_with = "in_turn", deserialize_with = "few_ascending::<_, _, _, LIMIT>")]
    Pairs<K, V>,
);

/// Keys with their values, in order of the keys. Most lists hold one: it needs no heap.
#[derive(Clone, Debug)]
enum Pairs<K, V> {
    None,
    One((K, V)),
    Many(Vec<(K, V)>),
}

impl<K: PartialEq, V: PartialEq> PartialEq for Pairs<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<K: Eq, V: Eq> Eq for Pairs<K, V> {}

impl<K, V> Pairs<K, V> {
    fn as_slice(&self) -> &[(K, V)] {
        match self {
            Self::None => &[],
            Self::One(pair) => std::slice::from_ref(pair),
            Self::Many(pairs) => pairs,
        }
    }

    fn as_mut_slice(&mut self) -> &mut [(K, V)] {
        match self {
            Self::None => &mut [],
            Self::One(pair) => std::slice::from_mut(pair),
            Self::Many(pairs) => pairs,
        }
    }

    fn into_vec(self) -> Vec<(K, V)> {
        match self {
            Self::None => Vec::new(),
            Self::One(pair) => vec![pair],
            Self::Many(pairs) => pairs,
        }
    }

    /// Puts a pair at an index, or behind all others; those that are then too many fall out.
    fn insert(&mut self, at: usize, new: (K, V), most: usize) {
        let mut pairs = match std::mem::replace(self, Self::None) {
            Self::None => {
                *self = Self::One(new);
                return;
            }
            Self::One(known) => {
                let mut pairs = Vec::with_capacity(2);
                pairs.push(known);
                pairs
            }
            Self::Many(pairs) => pairs,
        };
        pairs.truncate(most.saturating_sub(1));
        if pairs.len() == pairs.capacity() {
            pairs.reserve_exact((pairs.len() / 2).max(1));
        }
        pairs.insert(at.min(pairs.len()), new);
        *self = Self::Many(pairs);
    }
}

impl<K, V> From<Vec<(K, V)>> for Pairs<K, V> {
    fn from(mut pairs: Vec<(K, V)>) -> Self {
        if pairs.len() > 1 {
            return Self::Many(pairs);
        }
        pairs.pop().map_or(Self::None, Self::One)
    }
}

impl<K, V, const LIMIT: usize> Default for Few<K, V, LIMIT> {
    fn default() -> Self {
        Self(Pairs::None)
    }
}

impl<K: Ord + Clone, V: Default + Merge, const LIMIT: usize> Few<K, V, LIMIT> {
    /// Returns the value under `key`, made new where it was not there; `None` when the key is left out.
    pub fn slot(&mut self, key: &K) -> Option<&mut V> {
        let at = match self.0.as_slice().binary_search_by(|(known, _)| known.cmp(key)) {
            Ok(at) => at,
            Err(at) if at >= LIMIT => return None,
            Err(at) => {
                self.0.insert(at, (key.clone(), V::default()), LIMIT);
                at
            }
        };
        self.0.as_mut_slice().get_mut(at).map(|(_, value)| value)
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: Self) {
        for (key, value) in other.0.into_vec() {
            if let Some(mine) = self.slot(&key) {
                mine.merge(value);
            }
        }
    }

    /// Returns whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.0.as_slice().is_empty()
    }

    /// Returns whether a key that is not there never was: greater ones may have been left out.
    pub fn knows(&self, key: &K) -> bool {
        let kept = self.0.as_slice();
        kept.len() < LIMIT || kept.last().is_some_and(|(last, _)| key <= last)
    }

    /// Returns keys and values in order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.as_slice().iter().map(|(key, value)| (key, value))
    }

    /// Returns keys and values in order of the keys, the values to be changed in place.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.0.as_mut_slice().iter_mut().map(|(key, value)| (&*key, value))
    }

    /// Returns the value under `key`, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let at = self.0.as_slice().binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        self.0.as_mut_slice().get_mut(at).map(|(_, value)| value)
    }

    /// Takes out the values that do not fit; only after the last merge, which would bring them back.
    pub fn retain(&mut self, fits: impl Fn(&V) -> bool) {
        let mut pairs = std::mem::replace(&mut self.0, Pairs::None).into_vec();
        pairs.retain(|(_, value)| fits(value));
        self.0 = pairs.into();
    }
}

/// Values that add up: commutative and associative.
pub trait Merge {
    /// Adds `other` to this value.
    fn merge(&mut self, other: Self);
}

/// Counts; a partial may claim any, and what is too much is the greatest.
impl Merge for u64 {
    fn merge(&mut self, other: Self) {
        *self = self.saturating_add(other);
    }
}

impl<V: Merge> Merge for Box<V> {
    fn merge(&mut self, other: Self) {
        (**self).merge(*other);
    }
}

impl<K: Ord, V, const LIMIT: usize> Default for Table<K, V, LIMIT> {
    fn default() -> Self {
        Self { kept: BTreeMap::new(), full: false, limit: None }
    }
}

impl<K: Ord + Clone, V: Default + Merge, const LIMIT: usize> Table<K, V, LIMIT> {
    /// Returns the value under `key`, made new where it was not there; `None` when the key is left out.
    pub fn slot(&mut self, key: &K) -> Option<&mut V> {
        if self.kept.len() < self.most_keys() {
            // A key may be shared by all workers: it is not cloned to be looked up.
            if self.kept.contains_key(key) {
                return self.kept.get_mut(key);
            }
            return Some(self.kept.entry(key.clone()).or_default());
        }
        if !self.kept.contains_key(key) {
            self.full = true;
            if self.kept.last_key_value().is_some_and(|(last, _)| last < key) {
                return None;
            }
            self.kept.pop_last();
            self.kept.insert(key.clone(), V::default());
        }
        self.kept.get_mut(key)
    }

    /// Returns whether a key that is not there yet could be kept.
    pub fn admits(&self, key: &K) -> bool {
        self.kept.len() < self.most_keys()
            || self.kept.last_key_value().is_some_and(|(last, _)| key <= last)
    }

    fn most_keys(&self) -> usize {
        self.limit.unwrap_or(LIMIT)
    }

    /// Keeps no more than so many keys from now on.
    pub fn limit(&mut self, limit: usize) {
        let limit = self.most_keys().min(limit.max(1));
        self.limit = Some(limit);
        while self.kept.len() > limit {
            self.kept.pop_last();
            self.full = true;
        }
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: Self) {
        if let Some(limit) = other.limit {
            self.limit(limit);
        }
        self.full |= other.full;
        if self.kept.is_empty() {
            self.kept = other.kept;
            // A table that was sent does not know its limit.
            return self.limit(self.most_keys());
        }
        let few = other.kept.len().saturating_mul(LOOKUP) < self.kept.len();
        let new = if few { other.kept.into_iter().collect() } else { self.walk(other.kept) };
        for (key, value) in new {
            self.put(key, value);
        }
    }

    /// Adds a value under its key: as it is where there was none, as it would be merged into the default.
    fn put(&mut self, key: K, value: V) {
        if self.kept.len() >= self.most_keys() {
            if let Some(mine) = self.slot(&key) {
                mine.merge(value);
            }
            return;
        }
        match self.kept.entry(key) {
            Entry::Vacant(free) => {
                free.insert(value);
            }
            Entry::Occupied(mut known) => known.get_mut().merge(value),
        }
    }

    /// Merges what is there already, in one walk over both; returns the rest.
    fn walk(&mut self, other: BTreeMap<K, V>) -> Vec<(K, V)> {
        let mut rest = Vec::new();
        let mut mine = self.kept.iter_mut().peekable();
        for (key, value) in other {
            while mine.next_if(|(known, _)| **known < key).is_some() {}
            match mine.next_if(|(known, _)| **known == key) {
                Some((_, known)) => known.merge(value),
                None => rest.push((key, value)),
            }
        }
        rest
    }

    /// Returns the value under `key`, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.kept.get_mut(key)
    }

    /// Returns the value under `key`.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.kept.get(key)
    }

    /// Takes a key out with its value; only after the last merge, which would bring it back.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.kept.remove(key)
    }

    /// Returns keys and values in order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.kept.iter()
    }

    /// Returns the values, to be changed in place.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.kept.values_mut()
    }

    /// Returns how many keys are kept.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Returns whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Returns whether keys were left out, so that the table is a sample.
    pub fn is_sample(&self) -> bool {
        self.full
    }
}

/// Reads values that are what a sorted list writes: each greater than the one before, and no more than there
/// may be. Others are damage, and to put them in order as they are merged may take without end.
pub(super) fn ascending<'de, T, D, const LIMIT: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de> + Ord,
    D: Deserializer<'de>,
{
    let all = Vec::<T>::deserialize(deserializer)?;
    let fits = all.len() <= LIMIT && all.is_sorted_by(|before, value| before < value);
    if fits { Ok(all) } else { Err(D::Error::custom("a list out of order")) }
}

fn few_ascending<'de, K, V, D, const LIMIT: usize>(deserializer: D) -> Result<Pairs<K, V>, D::Error>
where
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
    D: Deserializer<'de>,
{
    ascending_pairs::<K, V, D, LIMIT>(deserializer).map(Pairs::from)
}

fn in_turn<K: Serialize, V: Serialize, S: Serializer>(
    pairs: &Pairs<K, V>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(pairs.as_slice())
}

/// The same of pairs, by their keys.
pub(super) fn ascending_pairs<'de, K, V, D, const LIMIT: usize>(
    deserializer: D,
) -> Result<Vec<(K, V)>, D::Error>
where
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let all = Vec::<(K, V)>::deserialize(deserializer)?;
    let fits = all.len() <= LIMIT && all.is_sorted_by(|(before, _), (key, _)| before < key);
    if fits { Ok(all) } else { Err(D::Error::custom("a table out of order")) }
}

/// Maps with keys that are no text, as a list of pairs.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        let pairs = super::ascending_pairs::<K, V, D, { usize::MAX }>(deserializer)?;
        Ok(pairs.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn count(keys: &[u8]) -> Table<u8, u64, 5> {
        let mut table = Table::default();
        for key in keys {
            if let Some(n) = table.slot(key) {
                *n += 1;
            }
        }
        table
    }

    #[test]
    fn an_empty_table_takes_no_more_than_its_limit_of_one_that_does_not_know_it() {
        let mut within = Table::<u8, u64, 5>::default();
        within.limit(2);
        within.merge(count(&[3, 1, 2, 4]));
        assert_eq!(within.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [1, 2]);
        assert!(within.is_sample());
    }

    proptest! {
        #[test]
        fn a_copy_is_kept_where_the_value_would_be(values in prop::collection::vec(0u8..12, 0..30)) {
            let (mut moved, mut copied) = (Smallest::<_, 3>::default(), Smallest::<_, 3>::default());
            for value in values {
                moved.push(value);
                copied.push_copy(&value);
                prop_assert_eq!(&copied, &moved);
            }
        }

        #[test]
        fn a_text_is_kept_where_its_copy_would_be(texts in prop::collection::vec("[a-c]{0,2}", 0..30)) {
            let (mut moved, mut told) = (Smallest::<_, 3>::default(), Smallest::<_, 3>::default());
            for text in texts {
                told.push_text(&text);
                moved.push(text);
                prop_assert_eq!(&told, &moved);
            }
        }

        #[test]
        fn a_short_list_keeps_what_a_table_keeps(
            keys in prop::collection::vec(0u8..20, 0..80), cut in 0usize..80,
        ) {
            let few = |keys: &[u8]| {
                let mut few = Few::<u8, u64, 5>::default();
                for key in keys {
                    if let Some(n) = few.slot(key) {
                        *n += 1;
                    }
                }
                few
            };
            let (left, right) = keys.split_at(cut.min(keys.len()));
            let mut merged = few(right);
            merged.merge(few(left));
            prop_assert_eq!(&merged, &few(&keys));
            let table = count(&keys);
            prop_assert!(merged.iter().eq(table.iter()));
            let wire = serde_json::to_string(&merged).unwrap();
            prop_assert_eq!(&wire, &serde_json::to_string(&merged.iter().collect::<Vec<_>>()).unwrap());
            prop_assert_eq!(&serde_json::from_str::<Few<u8, u64, 5>>(&wire).unwrap(), &merged);
            // However few are left, they are those that were never more.
            let mut left = merged.clone();
            left.retain(|n| *n == 1);
            let once: Vec<u8> = merged.iter().filter(|(_, n)| **n == 1).map(|(key, _)| *key).collect();
            prop_assert_eq!(left, few(&once));
        }

        #[test]
        fn a_full_table_keeps_the_same_keys_with_whole_counts_for_any_split(
            keys in prop::collection::vec(0u8..20, 0..80), cut in 0usize..80,
        ) {
            let (left, right) = keys.split_at(cut.min(keys.len()));
            let mut merged = count(right);
            merged.merge(count(left));
            prop_assert_eq!(&merged, &count(&keys));
            for (key, n) in merged.iter() {
                prop_assert_eq!(*n, keys.iter().map(|k| u64::from(k == key)).sum::<u64>());
            }
        }
    }

    proptest! {
        #[test]
        fn tables_of_any_sizes_merge_as_if_each_key_were_looked_up(
            left in prop::collection::btree_map(0u8..80, 1u64..9, 0..60),
            right in prop::collection::btree_map(0u8..80, 1u64..9, 0..60),
        ) {
            let table = |values: &BTreeMap<u8, u64>| {
                let mut table = Table::<u8, u64, 50>::default();
                for (key, value) in values {
                    if let Some(known) = table.slot(key) {
                        *known += value;
                    }
                }
                table
            };
            let mut slow = table(&left);
            for (key, value) in table(&right).iter() {
                if let Some(known) = slow.slot(key) {
                    *known += value;
                }
            }
            slow.full |= table(&right).full;
            let mut merged = table(&left);
            merged.merge(table(&right));
            prop_assert_eq!(merged, slow);
        }
    }

    #[test]
    fn a_list_that_none_of_these_writes_is_not_read() {
        fn reads<T: for<'de> Deserialize<'de>>(text: &str) -> bool {
            serde_json::from_str::<T>(text).is_ok()
        }
        for (list, is_one) in
            [("[]", true), ("[1,3]", true), ("[3,1]", false), ("[1,1]", false), ("[1,2,3]", false)]
        {
            assert_eq!(reads::<Smallest<u8, 2>>(list), is_one, "{list}");
            let pairs = list.replace('1', "[1,9]").replace('2', "[2,9]").replace('3', "[3,9]");
            assert_eq!(reads::<Few<u8, u64, 2>>(&pairs), is_one, "{pairs}");
            let table = format!(r#"{{"kept":{pairs},"full":false}}"#);
            // How many keys one keeps follows from the limits of the whole.
            assert_eq!(reads::<Table<u8, u64, 2>>(&table), is_one || list.len() > 5, "{table}");
        }
    }

    #[test]
    fn values_that_are_changed_are_in_order_again() {
        let mut kept = Smallest::<u8, 3>::default();
        for value in [1, 2, 3] {
            kept.push(value);
        }
        kept.change(|value| *value = if *value == 2 { 9 } else { 4 });
        assert_eq!(kept.iter().copied().collect::<Vec<_>>(), [4, 9]);
    }

    #[test]
    fn the_smallest_values_stay_whoever_came_first() {
        let mut kept = Smallest::<u8, 2>::default();
        for value in [9, 3, 7, 1, 3] {
            kept.push(value);
        }
        assert_eq!(kept.iter().copied().collect::<Vec<_>>(), [1, 3]);
    }
}
