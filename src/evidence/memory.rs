//! What field values were found to hold, remembered by all workers together.
//!
//! A token is sent again and again, and to read one costs more than all else of its exchange. Workers
//! take pieces of the same input in turn, so each would read nearly every token for itself.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::{fast::FixedState, quality::RandomState};
use rayon::prelude::*;

use super::context::Seen;

/// Parts of the memory, each with a lock of its own.
const SHARDS: usize = 16;
/// Values that the younger half of a part ever holds.
const YOUNG: usize = 1024;
/// Characters of values that the younger half of a part holds at most.
const YOUNG_CHARACTERS: usize = 1024 * 1024;
/// Bytes at the end of a value of which its mark has a second hash: in them signatures of tokens differ.
const END: usize = 128;
/// A longer value is not remembered.
const LONGEST_VALUE: usize = 16 * 1024;

/// The values met last: at most 32,768, and 32 MiB of their text, or fewer.
///
/// A value is known by hashes with seeds of this process, 64 bits of all of it and 64 bits of how it ends:
/// nobody who writes a capture can make two that are taken for one another. What is remembered changes the
/// speed, never a result.
#[derive(Debug)]
pub struct Memory {
    shards: [Mutex<Shard>; SHARDS],
    seeds: [RandomState; 2],
    /// Values that the younger half of a part holds at most.
    young: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self::of(None)
    }
}

/// What was met lately, and what was met before that: a value that is asked for becomes young again.
#[derive(Debug, Default)]
struct Shard {
    young: Values,
    characters: usize,
    old: Values,
}

type Values = HashMap<u128, Arc<Seen>, FixedState>;

impl Memory {
    /// Makes a memory of at most so many values; `None` for as many as it ever holds.
    pub fn of(values: Option<usize>) -> Self {
        let young = values.map_or(YOUNG, |values| (values / SHARDS / 2).clamp(1, YOUNG));
        Self { shards: Default::default(), seeds: Default::default(), young }
    }

    /// Forgets all, on all threads of the pool: raw credentials are wiped, which takes a while.
    pub fn forget(self) {
        self.shards.into_par_iter().for_each(drop);
    }

    /// Returns how many values a worker may have at hand beside.
    pub(super) fn at_hand(&self) -> usize {
        self.young * SHARDS * 2
    }

    /// Returns the mark under which the value of a field is remembered.
    pub(super) fn mark(&self, field: &str, raw: &str) -> u128 {
        let [high, low] = &self.seeds;
        let end = raw.as_bytes().get(raw.len().saturating_sub(END)..).unwrap_or_default();
        let (all, end) = (high.hash_one((field, raw)), low.hash_one((field, raw.len(), end)));
        u128::from(all) << 64 | u128::from(end)
    }

    /// Returns what is remembered under a mark; `length` is that of the value.
    pub(super) fn get(&self, mark: u128, length: usize) -> Option<Arc<Seen>> {
        let mut shard = self.shard(mark)?;
        if let Some(seen) = shard.young.get(&mark) {
            return Some(Arc::clone(seen));
        }
        let seen = shard.old.remove(&mark)?;
        let left = shard.keep(mark, length, Arc::clone(&seen), self.young);
        drop(shard);
        drop(left);
        Some(seen)
    }

    /// Remembers what a value holds.
    pub(super) fn put(&self, mark: u128, length: usize, seen: &Arc<Seen>) {
        if length <= LONGEST_VALUE
            && let Some(mut shard) = self.shard(mark)
        {
            let left = shard.keep(mark, length, Arc::clone(seen), self.young);
            drop(shard);
            // To give back what is forgotten takes long: nobody has to wait for that.
            drop(left);
        }
    }

    fn shard(&self, mark: u128) -> Option<MutexGuard<'_, Shard>> {
        let index = usize::try_from(mark >> 64 & (SHARDS as u128 - 1)).ok()?;
        Some(self.shards.get(index)?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shard {
    /// Remembers a value, and returns those that are forgotten for it.
    fn keep(&mut self, mark: u128, length: usize, seen: Arc<Seen>, most: usize) -> Values {
        let mut left = Values::default();
        if self.young.len() >= most || self.characters + length > YOUNG_CHARACTERS {
            let young = std::mem::take(&mut self.young);
            left = std::mem::replace(&mut self.old, young);
            self.characters = 0;
        }
        self.characters += length;
        self.young.insert(mark, seen);
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_again_and_again_outlives_what_is_not() {
        let memory = Memory::default();
        let often = memory.mark("authorization", "often");
        memory.put(often, 5, &Arc::new(Seen::default()));
        for n in 0..SHARDS * YOUNG * 4 {
            memory.put(memory.mark("authorization", &n.to_string()), 5, &Arc::default());
            assert!(memory.get(often, 5).is_some(), "{n}");
        }
        let first = memory.mark("authorization", "0");
        assert!(memory.get(first, 1).is_none(), "the memory is bounded");
    }

    #[test]
    fn a_value_of_another_field_or_a_huge_one_is_not_taken_for_it() {
        let memory = Memory::default();
        assert_ne!(memory.mark("a", "bc"), memory.mark("ab", "c"));
        let mark = memory.mark("a", "b");
        memory.put(mark, LONGEST_VALUE + 1, &Arc::default());
        assert!(memory.get(mark, 1).is_none());
    }
}
