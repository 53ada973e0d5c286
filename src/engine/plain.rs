//! Plain lines of access logs, counted without a record of their own.
//!
//! What such a line tells beside who asked and when follows from method, target, status and whether there
//! was a referrer, numbers in the target aside. The first line of each kind is gathered in full, and its
//! record says what all others of its kind come to. Tests hold both ways against each other.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::lately::Lately;
use crate::evidence::{Context, is_told_by_shape, number_behind, open_shape};
use crate::model::{AccessLine, Client, Facts, Observer, Origin, Outcome, Position, Record, Time};
use crate::tally::{
    Caller, Comers, Crowd, Passage, Passers, Refused, Step, Tally, Told, Visit, call_mark, kind_of,
    place_mark,
};

/// Kinds of lines that are remembered; then all are forgotten, and it begins anew. Few in tests.
const MOST: usize = if cfg!(test) { 64 } else { 4096 };

/// Longest text that has a place in a memory of late ones.
const LONGEST: usize = 256;

/// What kinds of lines come to; what it remembers changes the speed, never the result.
#[derive(Debug)]
pub(super) struct Plain {
    /// Source name of the input that the kinds are of: facts name it.
    source: Option<Arc<str>>,
    kinds: HashMap<Box<[u8]>, Kind<usize>, FixedState>,
    /// What lines of the kinds have in common that need not be gathered each.
    common: Vec<Common>,
    /// Which of them the lines came to that were met last, by method and target without its last number.
    lately: Lately<usize>,
    /// User agents by what they sent.
    callers: Lately<Caller>,
    /// What stands for the kind of the line that was looked at last.
    key: Vec<u8>,
    /// Where in it the shape of the target begins.
    shape: usize,
    /// Whether that was not known.
    is_unknown: bool,
    /// Where the last line that was refused stands.
    origin: Option<Origin>,
    /// What was counted of the piece that is being read.
    crowd: Crowd,
}

/// What the exchanges of a kind come to.
#[derive(Debug)]
enum Kind<C> {
    /// Each has to be gathered.
    Own,
    /// They differ in nothing but what each shows by itself: who asked, and when.
    Same(C),
}

/// What the lines of a kind have in common.
#[derive(Debug)]
enum Common {
    /// They were refused.
    Refused(Box<Refusal>),
    /// They were let in, or neither.
    Passed(Box<Passers>),
}

#[derive(Debug)]
struct Refusal {
    facts: Facts,
    kind: u128,
    place: u64,
    /// Mark of method and status.
    call: u64,
    /// How many are not counted at their endpoint yet.
    count: u64,
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

impl Default for Plain {
    fn default() -> Self {
        Self {
            source: None,
            kinds: HashMap::default(),
            common: Vec::new(),
            lately: Lately::new(11),
            callers: Lately::new(8),
            key: Vec::new(),
            shape: 0,
            is_unknown: false,
            origin: None,
            crowd: Crowd::default(),
        }
    }
}

impl Plain {
    /// Hands over what a line of a source adds to a tally when it is of a known kind; else returns `false`.
    #[inline]
    pub(super) fn pass<'s>(
        &mut self,
        line: &AccessLine<'_>,
        (source, site): (&Arc<str>, impl FnOnce() -> Site<'s>),
        context: &mut Context<'_>,
        tally: &mut Tally,
    ) -> bool {
        self.is_unknown = false;
        if !self.source.as_ref().is_some_and(|known| Arc::ptr_eq(known, source)) {
            self.enter(source, tally);
        }
        let Some(which) = self.which(line, tally) else { return false };
        let caller = match self.callers.get_again(line.agent, 0) {
            Some(caller) => caller,
            None => &new_caller(line.agent, context, &mut self.callers),
        };
        match self.common.get_mut(which) {
            Some(Common::Passed(passers)) => {
                let step = Step { time: line.time, url: line.target, ip: line.client_ip, caller };
                tally.step(&step, passers, &mut self.crowd);
                true
            }
            Some(Common::Refused(refusal)) => {
                let origin = stand(&mut self.origin, site(), line.time);
                refuse(refusal, line, origin, caller, tally, &mut self.crowd)
            }
            None => false,
        }
    }

    /// Takes the lines that follow for those of a source.
    #[cold]
    fn enter(&mut self, source: &Arc<str>, tally: &mut Tally) {
        if self.source.as_ref() != Some(source) {
            self.forget(tally);
        }
        self.source = Some(Arc::clone(source));
    }

    /// Returns what a line has in common with others of its kind; `None` when it has to be gathered.
    #[inline]
    fn which(&mut self, line: &AccessLine<'_>, tally: &mut Tally) -> Option<usize> {
        let number = number_behind(line.target);
        let lead = line.request.get(..line.request.len() - number)?;
        let is_bare = line.referer == b"-";
        let beside = u64::from(line.status) << 2 | u64::from(is_bare) << 1 | u64::from(number > 0);
        if let Some(which) = self.lately.get(lead, beside) {
            return Some(*which);
        }
        self.look_up(line, (lead, number), beside, tally)
    }

    /// Looks a line up whose beginning was not met lately.
    fn look_up(
        &mut self,
        line: &AccessLine<'_>,
        (lead, number): (&[u8], usize),
        beside: u64,
        tally: &mut Tally,
    ) -> Option<usize> {
        let is_bare = line.referer == b"-";
        self.key.clear();
        self.key.extend_from_slice(&line.status.to_le_bytes());
        self.key.push(u8::from(is_bare));
        self.key.extend_from_slice(line.method);
        self.key.push(b' ');
        self.shape = self.key.len();
        if !open_shape(line.target, &mut self.key) {
            return None;
        }
        match self.kinds.get(&*self.key) {
            Some(Kind::Same(which)) => {
                // In a query a number behind a slash is a part of the shape.
                if lead.len() <= LONGEST && (number == 0 || !lead.contains(&b'?')) {
                    self.lately.put(lead, beside, *which);
                }
                Some(*which)
            }
            Some(Kind::Own) => None,
            None => {
                self.is_unknown = true;
                if self.kinds.len() >= MOST {
                    self.forget(tally);
                }
                None
            }
        }
    }

    /// Returns what is counted of the piece that is read.
    pub(super) fn crowd(&mut self) -> &mut Crowd {
        &mut self.crowd
    }

    /// Adds what was counted of a piece, but for the visits that are returned; without a tally it is
    /// forgotten.
    pub(super) fn close(&mut self, source: &Arc<str>, tally: Option<&mut Tally>) -> Comers {
        if let Some(tally) = tally {
            self.gather(tally);
            tally.join(source, &mut self.crowd)
        } else {
            self.gather(&mut Tally::default());
            self.crowd = Crowd::default();
            Comers::default()
        }
    }

    /// Adds what was counted of each kind.
    fn gather(&mut self, tally: &mut Tally) {
        for common in &mut self.common {
            match common {
                Common::Passed(passers) => tally.gather(passers, &mut self.crowd),
                Common::Refused(refusal) => {
                    tally.note_doors(&refusal.facts, std::mem::take(&mut refusal.count));
                }
            }
        }
    }

    /// Forgets all kinds, and adds what was counted of them.
    fn forget(&mut self, tally: &mut Tally) {
        self.gather(tally);
        self.kinds.clear();
        self.common.clear();
        self.lately.clear();
    }

    /// Learns from the record of the line that was looked at last.
    pub(super) fn learn(&mut self, record: &Record) {
        if !std::mem::take(&mut self.is_unknown) {
            return;
        }
        let shape = self.key.get(self.shape..).unwrap_or_default();
        let kind = if Tally::is_told(record) && is_told_by_shape(&record.url, shape) {
            self.common.push(Common::of(record));
            Kind::Same(self.common.len() - 1)
        } else {
            Kind::Own
        };
        self.kinds.insert(self.key.as_slice().into(), kind);
    }
}

impl Common {
    /// Returns what the lines of the kind of a record have in common.
    fn of(record: &Record) -> Self {
        let facts = &record.facts;
        let let_in = match facts.answer.outcome {
            Outcome::LetIn => true,
            Outcome::Neutral | Outcome::Unanswered => false,
            Outcome::Refused(_) => {
                let facts = Facts { client: Client::default(), ..facts.clone() };
                let (kind, place) = (kind_of(&facts), place_mark(&facts.endpoint));
                let call = call_mark(facts.endpoint.method.as_deref(), facts.status);
                return Self::Refused(Box::new(Refusal { facts, kind, place, call, count: 0 }));
            }
        };
        let status = facts.status.unwrap_or_default();
        Self::Passed(Box::new(Passers::at(facts.endpoint.clone(), status, let_in)))
    }
}

/// Takes a user agent that was not met lately.
#[cold]
fn new_caller(agent: &[u8], context: &mut Context<'_>, callers: &mut Lately<Caller>) -> Caller {
    let shown = context.agent_shown(agent).map(|agent| Arc::clone(&agent.shown));
    let caller = Caller::of(shown);
    if agent.len() <= LONGEST {
        callers.put(agent, 0, caller.clone());
    }
    caller
}

/// Returns where a line stands, and notes it in the place of the last one. What both have in common is not
/// taken anew: other workers count its owners too, and wait for each other where they do.
fn stand<'o>(last: &'o mut Option<Origin>, site: Site<'_>, time: Time) -> &'o Origin {
    let Site { source, member, position } = site;
    let is_same = |last: &Origin| last.source == *source && last.member.as_ref() == member;
    let known = last.take().filter(is_same).unwrap_or_else(|| Origin {
        time: None,
        source: Arc::clone(source),
        member: member.cloned(),
        position,
    });
    last.insert(Origin { time: Some(time), position, ..known })
}

/// Adds a line of a request that was refused.
#[inline(never)]
fn refuse(
    Refusal { facts, kind, place, call, count }: &mut Refusal,
    line: &AccessLine<'_>,
    origin: &Origin,
    caller: &Caller,
    tally: &mut Tally,
    crowd: &mut Crowd,
) -> bool {
    let text = |bytes| std::str::from_utf8(bytes).ok();
    let (Some(url), Some(user)) = (text(line.target), text(line.user)) else { return false };
    let user = Some(user).filter(|user| !matches!(*user, "" | "-" | "anonymous"));
    let refused = Refused { kind: *kind, origin, user };
    let passage = Passage {
        source: &origin.source,
        time: line.time,
        url,
        status: line.status,
        call: *call,
        caller,
        observer: Observer::Gateway,
        visit: Visit {
            capture: None,
            ip: text(line.client_ip),
            agent: caller.name.as_ref(),
            place: *place,
            endpoint: &facts.endpoint,
            at: Some(line.time.at),
        },
        told: Told::Refusal(facts, &refused),
    };
    tally.pass(&passage, crowd);
    *count += 1;
    true
}
