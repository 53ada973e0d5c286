//! Where and when something was seen: what lets the views of one exchange find each other after the merge.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::smallest::{Merge, ascending};
use crate::model::{Facts, Origin};

/// Sightings under one mark that are kept; an id with more names no single exchange.
const MOST: usize = 8;

/// One refusal.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Sighting {
    /// Where it stands and when it was.
    pub origin: Arc<Origin>,
    /// The key of its facts in the table of groups.
    pub group: u128,
    /// Its own words, masked: the strongest beside the status.
    #[serde(default)]
    pub said: Option<Box<str>>,
}

/// One exchange that was not refused.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Pass {
    /// Where it stands and when it was.
    pub origin: Origin,
    /// Response status.
    pub status: Option<u16>,
    /// Mark of method and last segment of the path.
    pub ask: u64,
    /// The key of its use; `None` for what is no use.
    pub usage: Option<u128>,
}

/// All that was seen under one mark: of an id, or of a line without a status.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de>"))]
pub struct Sightings<T: Ord> {
    count: u64,
    /// The smallest, sorted: a list, as there are many marks with one sighting each.
    #[serde(deserialize_with = "ascending::<_, _, MOST>")]
    kept: Vec<T>,
}

impl<T: Ord> Default for Sightings<T> {
    fn default() -> Self {
        Self { count: 0, kept: Vec::new() }
    }
}

impl Sighting {
    pub(super) fn of(origin: Arc<Origin>, group: u128, facts: &Facts) -> Self {
        let mut statements = facts.answer.statements.iter();
        let said = statements.find(|s| s.place != "status").map(|s| s.text.as_str().into());
        Self { origin, group, said }
    }
}

impl<T: Ord> Sightings<T> {
    pub(super) fn push(&mut self, sighting: T) {
        self.count += 1;
        self.keep(sighting);
    }

    fn keep(&mut self, sighting: T) {
        let Err(at) = self.kept.binary_search(&sighting) else { return };
        if at < MOST {
            if self.kept.len() == self.kept.capacity() {
                self.kept.reserve_exact(1);
            }
            self.kept.insert(at, sighting);
            self.kept.truncate(MOST);
        }
    }

    /// Returns all sightings in order of time; `None` when there were more than are kept, or two that
    /// cannot be told apart.
    pub fn all(&self) -> Option<Vec<&T>> {
        let all: Vec<&T> = self.kept.iter().collect();
        (u64::try_from(all.len()) == Ok(self.count)).then_some(all)
    }

    /// Rewrites all sightings by a change that keeps their order: all positions of an input move alike.
    pub(super) fn shift(&mut self, change: impl FnMut(&mut T)) {
        self.kept.iter_mut().for_each(change);
    }
}

impl<T: Ord> Merge for Sightings<T> {
    fn merge(&mut self, other: Self) {
        self.count.merge(other.count);
        for sighting in other.kept {
            self.keep(sighting);
        }
    }
}
