//! Instants that wait to be added to a tally: of many in a row one is looked up, and those that follow it
//! are counted with it.

use std::sync::Arc;

use super::Tally;
use crate::model::At;

/// Most that wait.
const MOST: usize = 64;

/// Instants that are not in a tally yet.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Of exchanges.
    exchanges: Vec<At>,
    /// Of tokens that a host let in.
    entrances: Vec<At>,
    host: Option<Arc<str>>,
}

impl Tally {
    /// Adds an exchange to the timeline, now or when [`Tally::note_waiting`] is called.
    pub(super) fn note_time(&mut self, at: At, waiting: &mut Waiting) {
        if waiting.exchanges.len() >= MOST {
            self.note_exchanges(waiting);
        }
        waiting.exchanges.push(at);
    }

    /// Adds that a host let a token in, now or when [`Tally::note_waiting`] is called.
    pub(super) fn note_entrance(&mut self, host: &Arc<str>, at: At, waiting: &mut Waiting) {
        let is_same = waiting.host.as_ref().is_some_and(|known| Arc::ptr_eq(known, host));
        if !is_same || waiting.entrances.len() >= MOST {
            self.note_entrances(waiting);
            waiting.host = Some(Arc::clone(host));
        }
        waiting.entrances.push(at);
    }

    /// Adds all that wait.
    pub(super) fn note_waiting(&mut self, waiting: &mut Waiting) {
        self.note_exchanges(waiting);
        self.note_entrances(waiting);
    }

    fn note_exchanges(&mut self, waiting: &mut Waiting) {
        self.timeline.push_each(&waiting.exchanges);
        waiting.exchanges.clear();
    }

    fn note_entrances(&mut self, waiting: &mut Waiting) {
        if let Some(host) = waiting.host.as_ref().filter(|_| !waiting.entrances.is_empty())
            && let Some(entrances) = self.entrances.slot(host)
        {
            entrances.push_each(&waiting.entrances);
        }
        waiting.entrances.clear();
    }
}
