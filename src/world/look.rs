//! What is asked of a use again and again, side by side: the use itself lies far away in memory.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::quality::FixedState;

use crate::model::{At, Fingerprint};

/// What one use shows, in 48 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Look<'t> {
    subject: Option<&'t str>,
    /// Both halves of the credential's mark, which as one number would have to lie at every sixteenth byte.
    mark: [u64; 2],
    first: At,
    /// Number of the host.
    pub(super) host: u32,
    is_marked: bool,
    is_timed: bool,
}

/// Hosts by number, in the order in which they were met.
#[derive(Debug, Default)]
pub(super) struct Hosts<'t> {
    all: Vec<Option<&'t Arc<str>>>,
    numbers: HashMap<Option<&'t Arc<str>>, u32, FixedState>,
    /// The one that was asked for last.
    last: Option<(&'t Arc<str>, u32)>,
}

impl<'t> Look<'t> {
    pub(super) fn new(
        mark: Option<Fingerprint>,
        first: Option<At>,
        subject: Option<&'t str>,
        host: u32,
    ) -> Self {
        let mark_bits = mark.map_or(0, Fingerprint::number);
        let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or_default();
        Self {
            subject,
            mark: [half(mark_bits >> 64), half(mark_bits)],
            first: first.unwrap_or(At(0)),
            host,
            is_marked: mark.is_some(),
            is_timed: first.is_some(),
        }
    }

    /// Returns the mark of the credential.
    pub(super) fn mark(&self) -> Option<Fingerprint> {
        let [high, low] = self.mark.map(u128::from);
        self.is_marked.then_some(Fingerprint::new(high << 64 | low))
    }

    /// Returns the first instant that is known.
    pub(super) fn first(&self) -> Option<At> {
        self.is_timed.then_some(self.first)
    }

    /// Returns the subject of the token.
    pub(super) const fn subject(&self) -> Option<&'t str> {
        self.subject
    }
}

impl<'t> Hosts<'t> {
    /// Returns the number of a host, which is the next one where it was not met before.
    pub(super) fn number(&mut self, host: Option<&'t Arc<str>>) -> u32 {
        // Most have the host of the one before.
        if let Some((last, number)) = self.last
            && host.is_some_and(|host| Arc::ptr_eq(last, host))
        {
            return number;
        }
        let number = *self.numbers.entry(host).or_insert_with(|| {
            self.all.push(host);
            u32::try_from(self.all.len() - 1).unwrap_or(u32::MAX)
        });
        self.last = host.map(|host| (host, number));
        number
    }

    /// Returns the number of a host that was met.
    pub(super) fn get(&self, host: Option<&Arc<str>>) -> Option<u32> {
        self.numbers.get(&host).copied()
    }

    /// Takes in the hosts of others; returns their numbers here, in order.
    pub(super) fn join(&mut self, others: Self) -> Vec<u32> {
        others.all.into_iter().map(|host| self.number(host)).collect()
    }
}

#[cfg(test)]
impl<'t> Hosts<'t> {
    /// Returns the host with a number.
    pub(super) fn name(&self, number: u32) -> Option<&'t Arc<str>> {
        self.all.get(number as usize).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_look_shows_what_it_was_made_of(
            mark in prop::option::of(any::<u128>()), first in prop::option::of(any::<i64>()),
        ) {
            let (mark, first) = (mark.map(Fingerprint::new), first.map(At));
            let look = Look::new(mark, first, Some("ann"), 7);
            prop_assert_eq!((look.mark(), look.first()), (mark, first));
            prop_assert_eq!((look.subject(), look.host), (Some("ann"), 7));
        }

        #[test]
        fn hosts_of_two_have_the_numbers_that_they_have_together(
            asked in prop::collection::vec((0usize..6, any::<bool>()), 0..20), cut in 0usize..20,
        ) {
            // The same names lie at several places; one is no name.
            let names: Vec<Arc<str>> = ["a", "b", "a", "b", "c"].map(Arc::from).into();
            let asked: Vec<Option<&Arc<str>>> =
                asked.iter().map(|(at, known)| names.get(*at).filter(|_| *known)).collect();
            let [mut whole, mut first, mut second] = [(); 3].map(|()| Hosts::default());
            let wanted: Vec<u32> = asked.iter().map(|host| whole.number(*host)).collect();
            let (left, right) = asked.split_at(cut.min(asked.len()));
            let mut numbers: Vec<u32> = left.iter().map(|host| first.number(*host)).collect();
            let here: Vec<u32> = right.iter().map(|host| second.number(*host)).collect();
            let new = first.join(second);
            numbers.extend(here.iter().map(|number| new[*number as usize]));
            prop_assert_eq!(&numbers, &wanted);
            for (host, number) in asked.iter().zip(wanted) {
                prop_assert_eq!(first.get(*host), Some(number));
                prop_assert_eq!(whole.all[number as usize], *host);
            }
        }
    }
}
