//! What texts were found to mean, remembered by all workers together.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::{fast::FixedState, quality::RandomState};

use super::{Meaning, Setting};

/// Parts of the memory, each with a lock of its own.
const SHARDS: usize = 16;
/// Texts that one part remembers; a part that is full begins anew.
const MOST: usize = 128;

/// The meanings of at most 2,048 texts, each in its setting.
///
/// A text is known by 128 bits of a hash with seeds of this process, so none is kept: it may hold a
/// secret. Nobody who writes a capture can make two that are taken for one another, so what is
/// remembered changes the speed, never a result.
#[derive(Debug, Default)]
pub(super) struct Known {
    shards: [Mutex<Meanings>; SHARDS],
    seeds: [RandomState; 2],
}

type Meanings = HashMap<u128, Option<Arc<Meaning>>, FixedState>;

impl Known {
    /// Returns what a text means in a setting; `read` tells where that is not remembered.
    pub(super) fn meaning(
        &self,
        text: &str,
        setting: Setting,
        read: impl FnOnce() -> Option<Meaning>,
    ) -> Option<Arc<Meaning>> {
        let [high, low] = self.seeds.each_ref().map(|seed| seed.hash_one((text, setting)));
        let mark = u128::from(high) << 64 | u128::from(low);
        let index = usize::try_from(high % SHARDS as u64).unwrap_or(0);
        let shard = self.shards.get(index)?;
        let lock = || shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(meaning) = lock().get(&mark) {
            return meaning.clone();
        }
        let meaning = read().map(Arc::new);
        let mut meanings = lock();
        if meanings.len() >= MOST {
            meanings.clear();
        }
        meanings.insert(mark, meaning.clone());
        meaning
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::read_anew;
    use super::*;

    proptest! {
        #[test]
        fn what_is_remembered_is_what_would_be_read(
            asked in prop::collection::vec(
                (
                    prop::sample::select(vec![
                        "token expired", "invalid_token", "Request was not authorized", "no",
                        "Unauthorized: bad signature", "user is locked", "rate limit exceeded",
                    ]),
                    prop::sample::select(vec![0_u16, 200, 400, 401, 403, 404, 500]),
                    any::<[bool; 4]>(),
                ),
                1..40,
            ),
        ) {
            let known = Known::default();
            for (text, status, [login, grant, bearer, alone]) in asked {
                let setting = Setting { status, login, grant, bearer, alone, ..Setting::default() };
                let read = known.meaning(text, setting, || read_anew(text, setting));
                let wanted = read_anew(text, setting);
                prop_assert_eq!(read.as_deref(), wanted.as_ref());
            }
        }
    }

    #[test]
    fn a_part_that_is_full_begins_anew() {
        let known = Known::default();
        for n in 0..SHARDS * MOST * 3 {
            known.meaning(&n.to_string(), Setting::default(), || None);
        }
        let kept = known.shards.iter().map(|shard| shard.lock().unwrap().len());
        assert!(kept.clone().all(|len| len <= MOST) && kept.sum::<usize>() > 0);
    }
}
