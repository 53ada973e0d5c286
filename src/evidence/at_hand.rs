//! What a worker has at hand of the values that it met lately: found without a lock, and without a count that
//! all workers change.

use std::sync::Arc;

use super::context::Seen;
use crate::model::{Credential, Fingerprint};

/// Sets of places before it is known how many values there are.
const FEWEST: usize = 256;

/// The values met last, in the order in which they came: those that are sent at one time lie together in
/// memory, also where very many were sent before.
#[derive(Debug)]
pub(super) struct Shelf {
    values: Vec<AtHand>,
    /// Most of them.
    most: usize,
    /// Which of them gives way to the next one, where there are as many.
    oldest: usize,
    /// For each end of a mark where two values stand that have it, the later one first.
    places: Vec<[Place; 2]>,
}

/// Where a value stands, and a few bits of its mark, so that hardly any other one is looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Place(u32);

/// A value of requests that were let in. It stands in one line of the processor's cache: there are thousands,
/// and what else is known of each has to be fetched from memory.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct AtHand {
    mark: u128,
    /// Mark of the token or else of the credential; 0 where there is none.
    own: u128,
    pub(super) seen: Arc<Seen>,
    /// The credential, where it is one in its plainest form.
    pub(super) credential: Option<Arc<Credential>>,
    /// Mark of all of the credential.
    pub(super) all: u64,
    /// The piece of input in which it was met last.
    piece: u32,
    /// Its [`plainness`](Seen::plainness), where it is; or the most that can be told here.
    pub(super) shortest: u16,
    pub(super) is_token: bool,
}

impl Place {
    /// Most values that have a place.
    const MOST: usize = (1 << 24) - 1;

    /// Makes the place of the value at an index below [`Place::MOST`].
    fn of(mark: u128, index: usize) -> Self {
        let number = u32::try_from(index + 1).unwrap_or_default();
        Self(Self::tag(mark) << 24 | number)
    }

    fn tag(mark: u128) -> u32 {
        (mark >> 96) as u8 as u32
    }

    /// Returns the index of the value, where it may be that of a mark.
    fn index(self, mark: u128) -> Option<usize> {
        let number = (self.0 & 0x00ff_ffff) as usize;
        number.checked_sub(1).filter(|_| self.0 >> 24 == Self::tag(mark))
    }
}

impl Shelf {
    /// Makes a shelf for at most so many values.
    pub(super) fn of(most: usize) -> Self {
        let most = most.clamp(1, Place::MOST);
        Self { values: Vec::new(), most, oldest: 0, places: Vec::new() }
    }

    fn set(&self, mark: u128) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "the last bits are all that count")]
        let end = mark as usize;
        // Their number is a power of two.
        end & self.places.len().wrapping_sub(1)
    }

    /// Has the processor fetch what is at hand under a mark.
    pub(super) fn fetch(&self, mark: u128) {
        let places = self.places.get(self.set(mark)).into_iter().flatten();
        if let Some(value) = places.filter_map(|p| p.index(mark)).find_map(|i| self.values.get(i)) {
            fetch(value);
        }
    }

    fn index_of(&self, mark: u128) -> Option<usize> {
        let places = self.places.get(self.set(mark))?.iter();
        let has_mark = |index: &usize| self.values.get(*index).is_some_and(|v| v.mark == mark);
        places.filter_map(|place| place.index(mark)).find(has_mark)
    }

    /// Returns what is at hand under a mark, or what `read` returns, which is at hand from then on; and whether
    /// it may be the first time in this piece of input.
    pub(super) fn get_or(
        &mut self,
        mark: u128,
        piece: u32,
        read: impl FnOnce() -> Arc<Seen>,
    ) -> Option<(&AtHand, bool)> {
        if let Some(index) = self.index_of(mark) {
            let value = self.values.get_mut(index)?;
            let is_first = std::mem::replace(&mut value.piece, piece) != piece;
            return Some((value, is_first));
        }
        let index = self.put(AtHand::of(mark, read(), piece));
        self.values.get(index).map(|value| (value, true))
    }

    fn put(&mut self, value: AtHand) -> usize {
        let mark = value.mark;
        let index = if self.values.len() < self.most {
            self.values.push(value);
            self.values.len() - 1
        } else {
            let index = self.oldest;
            if let Some(slot) = self.values.get_mut(index) {
                *slot = value;
            }
            self.oldest = (index + 1) % self.most;
            index
        };
        if self.values.len() > self.places.len() {
            self.spread();
        } else {
            self.note(mark, index);
        }
        index
    }

    fn note(&mut self, mark: u128, index: usize) {
        let set = self.set(mark);
        if let Some([first, second]) = self.places.get_mut(set) {
            (*first, *second) = (Place::of(mark, index), *first);
        }
    }

    /// Makes twice as many sets, and gives all values their places anew.
    #[cold]
    fn spread(&mut self) {
        let sets = (self.places.len() * 2).max(FEWEST);
        self.places.clear();
        self.places.resize(sets, [Place::default(); 2]);
        for index in 0..self.values.len() {
            if let Some(mark) = self.values.get(index).map(|value| value.mark) {
                self.note(mark, index);
            }
        }
    }
}

impl AtHand {
    fn of(mark: u128, seen: Arc<Seen>, piece: u32) -> Self {
        let Seen { shared, own, all, is_token, plain, .. } = &*seen;
        let shortest = plain.map_or(0, |length| u16::try_from(length).unwrap_or(u16::MAX));
        let (own, all, is_token) = (own.map_or(0, |own| own.0), *all, *is_token);
        Self { mark, own, credential: shared.clone(), all, piece, shortest, is_token, seen }
    }

    /// Returns the mark of its token, or else of itself.
    pub(super) fn own(&self) -> Option<Fingerprint> {
        (self.own != 0).then_some(Fingerprint(self.own))
    }
}

/// Has the processor fetch a value into its cache, which takes as long as some hundred steps and waits for
/// nothing.
fn fetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        #[allow(unsafe_code, reason = "the processor is asked no other way")]
        // SAFETY: every x86-64 has this hint, which changes nothing that a program sees.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(value).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Secret;

    /// A mark whose end and tag are those of some others.
    fn mark(n: u32) -> u128 {
        u128::from(n / 3) | u128::from(n % 3) << 96 | u128::from(n) << 64
    }

    fn seen(n: u32) -> Arc<Seen> {
        Arc::new(Seen { secrets: vec![Secret::new(&n.to_string())], ..Seen::default() })
    }

    fn holds(value: &AtHand, n: u32) -> bool {
        value.seen.secrets.first().is_some_and(|secret| secret.expose() == n.to_string())
    }

    #[test]
    fn a_value_is_found_again_and_is_new_once_a_piece() {
        let mut shelf = Shelf::of(4096);
        for piece in 0..3 {
            for n in 0..2000 {
                shelf.fetch(mark(n));
                for again in [false, true] {
                    let read = || if piece == 0 && !again { seen(n) } else { seen(9999) };
                    let (value, is_first) = shelf.get_or(mark(n), piece, read).unwrap();
                    assert!(n % 3 == 0 || holds(value, n), "{n}");
                    assert_eq!(is_first, !again, "{n}");
                }
            }
        }
    }

    #[test]
    fn of_many_values_those_that_came_last_are_at_hand_and_all_are_read_right() {
        let mut shelf = Shelf::of(1000);
        for n in 0..10_000 {
            let (value, is_first) = shelf.get_or(mark(n), 0, || seen(n)).unwrap();
            assert!(is_first && holds(value, n), "{n}");
            for before in [n, n.saturating_sub(1), n.saturating_sub(998)] {
                let mut is_read = false;
                let (value, _) = shelf
                    .get_or(mark(before), 0, || {
                        is_read = true;
                        seen(before)
                    })
                    .unwrap();
                assert!(holds(value, before), "{n} {before}");
                assert!(!is_read || before + 500 < n, "{n} {before}");
            }
        }
        assert_eq!(shelf.values.len(), 1000);
        assert!(shelf.places.len() < 5000);
    }
}
