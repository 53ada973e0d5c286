//! How buckets of instants lie in memory: eight bytes an instant as long as all are apart.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::super::smallest::Merge;
use crate::model::At;

/// The instants that share one bucket.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Earliest.
    pub first: At,
    /// Latest.
    pub last: At,
    /// How many.
    pub count: u64,
}

impl Bucket {
    /// Makes the bucket of one instant.
    pub(super) const fn one(at: At) -> Self {
        Self { first: at, last: at, count: 1 }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.count.merge(other.count);
    }

    fn is_one(&self) -> bool {
        self.first == self.last && self.count == 1
    }
}

/// Buckets in order of time. There are hundreds of thousands of these, and most hold one instant or a few,
/// each met once: a list of those has no need of counts, and one alone none of a list.
#[derive(Clone, Debug, Default)]
pub(super) enum Kept {
    /// None, of the finest width.
    #[default]
    None,
    /// One instant, of the finest width.
    One(At),
    /// Two or more, each once, of the finest width.
    Apart(Vec<At>),
    /// All others.
    Wide(Box<Wide>),
}

/// Buckets with counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Wide {
    /// Index of their width.
    pub(super) rung: u8,
    /// The buckets.
    pub(super) buckets: Vec<Bucket>,
}

/// A look at buckets, whichever way they are kept.
#[derive(Clone, Copy, Debug)]
pub(super) enum View<'t> {
    Apart(&'t [At]),
    Wide(&'t [Bucket]),
}

/// Buckets in order of time.
#[derive(Clone, Debug)]
pub struct Buckets<'t> {
    view: View<'t>,
    left: Range<usize>,
}

impl Kept {
    /// Makes what keeps these buckets, which are in order of time.
    pub(super) fn of(rung: u8, buckets: Vec<Bucket>) -> Self {
        if rung > 0 || !buckets.iter().all(Bucket::is_one) {
            return Self::Wide(Box::new(Wide { rung, buckets }));
        }
        match buckets.as_slice() {
            [] => Self::None,
            [one] => Self::One(one.first),
            all => Self::Apart(all.iter().map(|bucket| bucket.first).collect()),
        }
    }

    pub(super) fn rung(&self) -> u8 {
        if let Self::Wide(wide) = self { wide.rung } else { 0 }
    }

    pub(super) fn view(&self) -> View<'_> {
        match self {
            Self::None => View::Apart(&[]),
            Self::One(at) => View::Apart(std::slice::from_ref(at)),
            Self::Apart(instants) => View::Apart(instants),
            Self::Wide(wide) => View::Wide(&wide.buckets),
        }
    }

    /// Adds an instant, where it and all others are apart; else nothing is done.
    pub(super) fn push(&mut self, at: At) -> bool {
        match self {
            Self::None => *self = Self::One(at),
            Self::One(known) if *known == at => return false,
            Self::One(known) => {
                let (first, last) = (at.min(*known), at.max(*known));
                *self = Self::Apart(vec![first, last]);
            }
            Self::Apart(instants) => {
                let place = match instants.last() {
                    Some(last) if *last < at => instants.len(),
                    _ => match instants.binary_search(&at) {
                        Ok(_) => return false,
                        Err(place) => place,
                    },
                };
                make_room(instants);
                instants.insert(place, at);
            }
            Self::Wide(_) => return false,
        }
        true
    }

    /// Adds instants that are apart and later than all others, which are apart too.
    pub(super) fn extend(&mut self, later: &[At]) {
        match self {
            Self::Apart(instants) => {
                instants.reserve_exact(later.len());
                instants.extend_from_slice(later);
            }
            _ => later.iter().for_each(|at| {
                self.push(*at);
            }),
        }
    }

    /// Takes out one instant, where all are apart; returns whether they are.
    pub(super) fn remove(&mut self, at: At) -> bool {
        match self {
            Self::None => {}
            Self::One(known) => {
                if *known == at {
                    *self = Self::None;
                }
            }
            Self::Apart(instants) => {
                if let Ok(place) = instants.binary_search(&at) {
                    instants.remove(place);
                }
            }
            Self::Wide(_) => return false,
        }
        true
    }

    /// Changes the buckets, which then have counts as far as they need them.
    pub(super) fn change<T>(&mut self, change: impl FnOnce(&mut Wide) -> T) -> T {
        if let Self::Wide(wide) = self {
            return change(wide);
        }
        let mut wide = Wide { rung: 0, buckets: self.view().buckets().collect() };
        let told = change(&mut wide);
        *self = Self::of(wide.rung, wide.buckets);
        told
    }
}

/// Makes room for one more. Growth by a few: most lists stay short, and there are many of them.
pub(super) fn make_room<T>(list: &mut Vec<T>) {
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 2).max(2));
    }
}

impl<'t> View<'t> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Apart(instants) => instants.len(),
            Self::Wide(buckets) => buckets.len(),
        }
    }

    pub(super) fn get(self, index: usize) -> Option<Bucket> {
        match self {
            Self::Apart(instants) => instants.get(index).copied().map(Bucket::one),
            Self::Wide(buckets) => buckets.get(index).copied(),
        }
    }

    pub(super) fn last(self) -> Option<Bucket> {
        self.get(self.len().checked_sub(1)?)
    }

    /// Returns the index of the first bucket that is not `before`; those that are stand first.
    pub(super) fn partition_point(self, before: impl Fn(&Bucket) -> bool) -> usize {
        match self {
            Self::Apart(instants) => instants.partition_point(|at| before(&Bucket::one(*at))),
            Self::Wide(buckets) => buckets.partition_point(before),
        }
    }

    pub(super) fn buckets(self) -> Buckets<'t> {
        Buckets { view: self, left: 0..self.len() }
    }
}

impl Iterator for Buckets<'_> {
    type Item = Bucket;

    fn next(&mut self) -> Option<Bucket> {
        self.view.get(self.left.next()?)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }

    fn nth(&mut self, n: usize) -> Option<Bucket> {
        self.view.get(self.left.nth(n)?)
    }

    fn last(mut self) -> Option<Bucket> {
        self.next_back()
    }
}

impl DoubleEndedIterator for Buckets<'_> {
    fn next_back(&mut self) -> Option<Bucket> {
        self.view.get(self.left.next_back()?)
    }
}

impl ExactSizeIterator for Buckets<'_> {}
