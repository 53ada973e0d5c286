//! Plain lines of access logs, counted without a record of their own.
//!
//! What such a line tells beside who asked and when follows from method, target, status and whether there
//! was a referrer, numbers in the target aside. The first line of each kind is gathered in full, and its
//! record says what all others of its kind come to. Tests hold both ways against each other.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::evidence::{Context, is_told_by_shape, open_shape};
use crate::model::{AccessLine, Client, Facts, Observer, Outcome, Position, Record};
use crate::tally::{Crowd, Passage, Refused, Tally, Told, Visit, kind_of, place_mark};

/// Kinds of lines that are remembered; then all are forgotten, and it begins anew.
const MOST: usize = 4096;

/// What kinds of lines come to; what it remembers changes the speed, never the result.
#[derive(Debug, Default)]
pub(super) struct Plain {
    kinds: HashMap<Box<[u8]>, Kind<Common>, FixedState>,
    /// What stands for the kind of the line that was looked at last.
    key: Vec<u8>,
    /// Where in it the shape of the target begins.
    shape: usize,
    /// Whether that was not known.
    is_unknown: bool,
    /// What was counted of the piece that is being read.
    crowd: Crowd,
}

/// What the exchanges of a kind come to.
#[derive(Debug)]
pub(super) enum Kind<C> {
    /// Each has to be gathered.
    Own,
    /// They differ in nothing but what each shows by itself: who asked, and when.
    Same(Box<C>),
}

/// What the lines of a kind have in common.
#[derive(Debug)]
struct Common {
    facts: Facts,
    kind: u128,
    place: u64,
}

/// What a line has of its own, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site<'a> {
    /// Source name of the input.
    pub(super) source: &'a Arc<str>,
    /// Member of an archive.
    pub(super) member: Option<&'a Arc<str>>,
    /// Where the line stands in it.
    pub(super) position: Position,
}

impl Plain {
    /// Hands over what a line adds to a tally when it is of a known kind; else returns `false`.
    pub(super) fn pass(
        &mut self,
        line: &AccessLine<'_>,
        site: Site<'_>,
        context: &mut Context<'_>,
        tally: &mut Tally,
    ) -> bool {
        self.is_unknown = false;
        self.key.clear();
        self.key.extend_from_slice(&line.status.to_le_bytes());
        self.key.push(u8::from(line.referer == b"-"));
        self.key.extend_from_slice(line.method.as_bytes());
        self.key.push(b' ');
        self.shape = self.key.len();
        if !open_shape(line.target, &mut self.key) {
            return false;
        }
        let Some(kind) = self.kinds.get(&*self.key) else {
            self.is_unknown = true;
            return false;
        };
        // Facts name their source: a kind holds for one input.
        let Kind::Same(common) = kind else { return false };
        let (said, facts) = (|text| !matches!(text, "" | "-"), &common.facts);
        if facts.source != *site.source {
            self.is_unknown = true;
            return false;
        }
        let named = said(line.user) && line.user != "anonymous";
        let refused = Refused {
            kind: common.kind,
            member: site.member,
            position: site.position,
            user: named.then_some(line.user),
        };
        let passage = Passage {
            source: site.source,
            time: line.time,
            url: line.target,
            method: Some(line.method),
            status: line.status,
            observer: Observer::Gateway,
            visit: Visit {
                capture: None,
                ip: said(line.client_ip).then_some(line.client_ip),
                agent: context.agent_shown(line.agent).map(|agent| &agent.shown),
                place: common.place,
                endpoint: &facts.endpoint,
                at: Some(line.time.at),
            },
            told: match facts.answer.outcome {
                Outcome::LetIn => Told::Visit,
                Outcome::Refused(_) => Told::Refusal(facts, &refused),
                Outcome::Neutral | Outcome::Unanswered => Told::Nothing,
            },
        };
        tally.pass(&passage, &mut self.crowd);
        true
    }

    /// Returns what is counted of the piece that is read.
    pub(super) fn crowd(&mut self) -> &mut Crowd {
        &mut self.crowd
    }

    /// Adds what was counted of a piece; without a tally it is forgotten.
    pub(super) fn close(&mut self, source: &Arc<str>, tally: Option<&mut Tally>) {
        match tally {
            Some(tally) => tally.join(source, &mut self.crowd),
            None => self.crowd = Crowd::default(),
        }
    }

    /// Learns from the record of the line that was looked at last.
    pub(super) fn learn(&mut self, record: &Record) {
        if !std::mem::take(&mut self.is_unknown) {
            return;
        }
        if self.kinds.len() >= MOST {
            self.kinds.clear();
        }
        let shape = self.key.get(self.shape..).unwrap_or_default();
        let kind = if Tally::is_told(record) && is_told_by_shape(&record.url, shape) {
            let facts = Facts { client: Client::default(), ..record.facts.clone() };
            let (kind, place) = (kind_of(&facts), place_mark(&facts.endpoint));
            Kind::Same(Box::new(Common { facts, kind, place }))
        } else {
            Kind::Own
        };
        self.kinds.insert(self.key.as_slice().into(), kind);
    }
}
