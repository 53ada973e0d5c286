//! Exchanges of one piece that need no record: what is added up for each is added to the tally once.

use std::sync::Arc;

use super::visits::{Passage, Told};
use super::{Input, Tally};
use crate::model::Observer;

/// What is counted of exchanges of one source, see [`Tally::pass`].
#[derive(Debug, Default)]
pub struct Crowd {
    count: u64,
    /// By status, from 0 on.
    statuses: Vec<u64>,
    unseen_fields: u64,
    with_credentials: u64,
    zone_assumed: u64,
    bodies_missing: u64,
    observer: Observer,
    content: u64,
}

impl Crowd {
    pub(super) fn count(&mut self, passage: &Passage<'_>) {
        self.count += 1;
        let status = usize::from(passage.status);
        if status >= self.statuses.len() {
            self.statuses.resize(status + 1, 0);
        }
        if let Some(count) = self.statuses.get_mut(status) {
            *count += 1;
        }
        let (sees_all, shows) = match passage.told {
            Told::Use(used) => (used.sees_all, used.credential.is_some()),
            _ => (false, false),
        };
        self.unseen_fields += u64::from(!sees_all);
        self.with_credentials += u64::from(shows);
        self.zone_assumed += u64::from(passage.time.zone_assumed);
        if let Told::Refusal(facts, _) = passage.told {
            self.bodies_missing += u64::from(facts.answer.body_missing);
        }
        self.observer = self.observer.max(passage.observer);
        self.content = self.content.wrapping_add(passage.content());
    }
}

impl Tally {
    /// Adds what was counted of a source; nothing stays in `crowd`.
    pub fn join(&mut self, source: &Arc<str>, crowd: &mut Crowd) {
        let crowd = std::mem::take(crowd);
        if crowd.count == 0 {
            return;
        }
        self.exchanges += crowd.count;
        for (status, count) in (0..).zip(crowd.statuses).filter(|(_, count)| *count > 0) {
            *self.statuses.entry(status).or_default() += count;
        }
        let input: &mut Input = self.inputs.entry(Arc::clone(source)).or_default();
        input.unseen_fields += crowd.unseen_fields;
        input.with_credentials += crowd.with_credentials;
        input.zone_assumed += crowd.zone_assumed;
        input.bodies_missing += crowd.bodies_missing;
        input.observer = input.observer.max(crowd.observer);
        input.content = input.content.wrapping_add(crowd.content);
    }
}
