//! How many keys the tables of a tally keep, as it follows from the memory that a run may use.
//!
//! The counts follow from that size and from nothing else, so any number of threads and any split of the
//! input keep the same keys; and of two sizes the smaller one gives the smaller count for every table, so
//! parts made with several sizes merge into what the smallest of them gives of the whole.

use std::fmt;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

/// What the program itself takes: dialects, windows and the pieces of the input that are in work.
const AT_REST: u64 = 50 << 20;
/// Shares below are thousandths.
const WHOLE: u64 = 1000;

/// The memory that a run may use; by default as much as full tables take.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Limits(Option<NonZeroU64>);

/// What one table gets of the memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    /// Thousandths of what is left beside the program itself; all shares together are less than the whole.
    pub(super) thousandths: u64,
    /// Bytes that an entry takes with all that is learned and told of it; measured, rounded up.
    pub(super) each: u64,
    /// Most keys, however much memory there is.
    pub(super) most: usize,
}

impl Limits {
    /// The least memory that a run can do with, in bytes.
    pub const LEAST: u64 = 64 << 20;

    /// Returns the limits of so many bytes; `None` for fewer than [`Limits::LEAST`].
    pub fn of(bytes: u64) -> Option<Self> {
        NonZeroU64::new(bytes).filter(|bytes| bytes.get() >= Self::LEAST).map(|b| Self(Some(b)))
    }

    /// Returns limits with so many bytes beside the program itself, however few.
    #[cfg(test)]
    pub(crate) fn with_room(bytes: u64) -> Self {
        Self(NonZeroU64::new(AT_REST + bytes))
    }

    /// Returns the bytes that were given; `None` where none were.
    pub fn bytes(self) -> Option<u64> {
        self.0.map(NonZeroU64::get)
    }

    /// Returns whether no size was given.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the tighter of two.
    #[must_use]
    pub fn tighter(self, other: Self) -> Self {
        Self(self.0.into_iter().chain(other.0).min())
    }

    /// Returns how many values of fields may be remembered; `None` for as many as there is room for.
    pub fn remembered(self) -> Option<usize> {
        self.0.map(|_| self.keys(Share { thousandths: 60, each: 2_000, most: usize::MAX }))
    }

    /// Returns how many instants of refusals may be judged; `None` for all.
    pub(super) fn judged(self) -> Option<usize> {
        self.0.map(|_| self.keys(Share { thousandths: 150, each: 1_500, most: usize::MAX }))
    }

    pub(super) fn keys(self, share: Share) -> usize {
        let Some(bytes) = self.0 else { return share.most };
        // Nothing below the least is ever given but in a damaged partial.
        let room = bytes.get().saturating_sub(AT_REST).max(1);
        let keys = u128::from(room) * u128::from(share.thousandths)
            / u128::from(WHOLE)
            / u128::from(share.each.max(1));
        usize::try_from(keys).unwrap_or(usize::MAX).clamp(1, share.most.max(1))
    }
}

impl fmt::Display for Limits {
    /// `512MB`, `512MiB`, or bytes where neither is a whole number; nothing for none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(bytes) = self.bytes() else { return Ok(()) };
        let units = [(1_000_000_000, "GB"), (1 << 30, "GiB"), (1_000_000, "MB"), (1 << 20, "MiB")];
        match units.into_iter().find(|(unit, _)| bytes.is_multiple_of(*unit)) {
            Some((unit, name)) => write!(f, "{}{name}", bytes / unit),
            None => write!(f, "{bytes} bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_memory_never_keeps_more_and_much_keeps_all() {
        let share = Share { thousandths: 200, each: 400, most: 1 << 20 };
        let keys = |mebibytes: u64| Limits::of(mebibytes << 20).unwrap().keys(share);
        let counts: Vec<usize> = [64, 128, 256, 1 << 10, 1 << 14].map(keys).into();
        assert!(counts.is_sorted() && counts[0] > 1_000, "{counts:?}");
        assert_eq!(keys(1 << 14), 1 << 20);
        assert_eq!(Limits::default().keys(share), 1 << 20);
    }

    #[test]
    fn a_size_is_shown_as_it_is_given() {
        for (bytes, shown) in [
            (512_000_000, "512MB"),
            (512 << 20, "512MiB"),
            (2 << 30, "2GiB"),
            (67_108_865, "67108865 bytes"),
        ] {
            assert_eq!(Limits::of(bytes).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn the_tighter_of_two_is_the_smaller_one_that_was_given() {
        let [small, large] = [64 << 20, 1 << 30].map(|bytes| Limits::of(bytes).unwrap());
        assert_eq!(small.tighter(large), small);
        assert_eq!(large.tighter(Limits::default()), large);
        assert_eq!(Limits::default().tighter(small), small);
        assert_eq!(Limits::of(Limits::LEAST - 1), None);
    }
}
