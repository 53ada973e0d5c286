//! What answers say of the software behind a place, and when: a change tells of a deploy.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fast_key;
use super::limits::{Limits, Share};
use super::smallest::{Merge, Table};
use crate::model::{At, Endpoint, Outcome, Record};

/// Kept releases; a host has few places, and a place few releases.
const RELEASES: usize = 1 << 13;

/// Releases by a key of host, place and text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Releases(Table<u128, Release, RELEASES>);

/// One release of the software behind one place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Release {
    /// Host and port.
    pub host: Option<Arc<str>>,
    /// First segment of the path: hosts have several programs behind them.
    pub place: String,
    /// Field and value: `x-version 2.4.1`.
    pub text: Arc<str>,
    /// When it was seen first.
    pub first: Option<At>,
    /// When it was seen last.
    pub last: Option<At>,
    /// When a request that was let in showed it first.
    pub let_in: Option<At>,
}

impl Releases {
    /// Keeps within limits.
    pub(super) fn limit(&mut self, limits: Limits) {
        self.0.limit(limits.keys(Share { thousandths: 5, each: 400, most: RELEASES }));
    }

    /// Adds what one answer says.
    pub(super) fn note(&mut self, record: &Record) {
        let (Some(text), Some(time)) = (&record.release, record.origin.time) else { return };
        let let_in = record.facts.answer.outcome == Outcome::LetIn;
        self.note_at(text, &record.facts.endpoint, time.at, let_in);
    }

    /// Adds what one answer says, and whether it let a request in.
    pub(super) fn note_at(&mut self, text: &Arc<str>, endpoint: &Endpoint, at: At, let_in: bool) {
        let place = place(&endpoint.path);
        let key = fast_key(&(&endpoint.host, place, text));
        let Some(release) = self.0.slot(&key) else { return };
        if release.first.is_none() {
            release.host.clone_from(&endpoint.host);
            place.clone_into(&mut release.place);
            release.text = Arc::clone(text);
        }
        let at = Some(at);
        release.widen(at, at, at.filter(|_| let_in));
    }

    /// Adds everything of `other`. Commutative and associative.
    pub(super) fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }

    /// Returns all releases.
    pub fn iter(&self) -> impl Iterator<Item = &Release> {
        self.0.iter().map(|(_, release)| release)
    }
}

impl Release {
    fn widen(&mut self, first: Option<At>, last: Option<At>, let_in: Option<At>) {
        let earliest = |a: Option<At>, b: Option<At>| a.into_iter().chain(b).min();
        self.first = earliest(self.first, first);
        self.last = self.last.max(last);
        self.let_in = earliest(self.let_in, let_in);
    }
}

impl Merge for Release {
    fn merge(&mut self, other: Self) {
        if self.first.is_none() {
            *self = other;
        } else {
            self.widen(other.first, other.last, other.let_in);
        }
    }
}

/// Returns the first segment of a path.
pub fn place(path: &str) -> &str {
    let rest = path.strip_prefix('/').unwrap_or(path);
    rest.split('/').next().unwrap_or(rest)
}
