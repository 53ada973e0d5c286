//! Requests that were not refused, with a token or without, counted without a record of their own.
//!
//! The first two requests of each kind are gathered in full, and a record says what all others of its kind
//! come to. Tests hold both ways against each other.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use foldhash::{fast::FixedState, quality::RandomState};

use super::plain::Site;
use crate::evidence::{self, Context, Own, Sent};
use crate::model::{
    Endpoint, Exchange, Fingerprint, Observer, Outcome, Record, Seconds, Sketch, Time, Visibility,
};
use crate::tally::{
    Caller, Crowd, Passage, Shown, Tally, Told, Used, Visit, call_mark, host_mark, place_mark,
};

/// Kinds that are remembered; then all are forgotten, and it begins anew.
const MOST: usize = 8192;

/// What kinds of requests come to; what it remembers changes the speed, never the result.
#[derive(Debug, Default)]
pub(super) struct Again {
    /// By 128 bits of a hash with seeds of this process.
    kinds: HashMap<u128, Kind, FixedState>,
    /// The same by what lines are like that need not be read.
    sketches: HashMap<u128, Sketched, FixedState>,
    seeds: [RandomState; 2],
    /// What the request is like that is looked at.
    like: Vec<u8>,
    /// The request that was looked at last and was of no known kind.
    unknown: Option<Unknown>,
    /// What the line is like that was looked at last and was not known.
    sketch: Option<Drawn>,
    /// The user agent of the request that was counted last.
    caller: Caller,
    /// Marks of the ids of the request that is looked at.
    ids: Vec<Fingerprint>,
}

/// A request of a kind that is learned from its record.
#[derive(Debug)]
struct Unknown {
    mark: u128,
    /// Length of the shortest secret of its token, where it bore the field `Authorization`.
    sent: Option<usize>,
    /// What its line is like.
    sketch: Option<Drawn>,
    /// How much of what was written of it is the shape of its target.
    shape: usize,
    /// Whether the name at its end is no part of that.
    is_file: bool,
}

/// What the requests of a kind come to.
#[derive(Debug)]
enum Kind {
    /// One was met: most of those that bear an id somewhere are not met again.
    Once,
    /// Each has to be gathered.
    Own,
    /// They differ in nothing but client, time, token and ids.
    Same(Arc<Common>),
}

/// What a line is like, by marks.
#[derive(Clone, Copy, Debug)]
struct Drawn {
    /// Of all but the body of its answer.
    mark: u128,
    /// Of that too.
    with_body: u128,
}

/// What lines that are alike in all but the body of the answer come to.
#[derive(Debug)]
enum Sketched {
    /// It tells nothing.
    Same(Arc<Common>),
    /// It is a part of what they are like: there is another mark.
    ByBody,
}

/// What the requests of a kind have in common: all but client, time, token and ids.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states of one thing")]
struct Common {
    /// Source name of the input.
    source: Arc<str>,
    spot: Spot,
    /// Mark of its host.
    host: u64,
    node: Option<String>,
    status: u16,
    /// Mark of method and status.
    call: u64,
    observer: Observer,
    /// Where all of its source come from one client.
    capture: Option<Capture>,
    /// Which release answered.
    release: Option<Arc<str>>,
    sees_all: bool,
    /// They were let in, and not neither that nor refused.
    let_in: bool,
    /// None of them bears a credential.
    bare: bool,
    /// Their answers may hand out tokens.
    hands_out: bool,
}

impl Common {
    /// Returns whether requests of a source come to the same. Of captures they do, whichever of thousands it
    /// is; lines are found by sketches, which are drawn anew for each log.
    fn is_of(&self, source: &Arc<str>) -> bool {
        self.capture.is_some() || self.source == *source
    }
}

/// An endpoint with its mark.
#[derive(Debug)]
struct Spot {
    endpoint: Endpoint,
    place: u64,
}

impl Spot {
    fn of(endpoint: Endpoint) -> Self {
        Self { place: place_mark(&endpoint), endpoint }
    }

    /// Returns the endpoint of another path.
    fn of_path(&self, path: &str) -> Self {
        let path = evidence::template(path).into();
        Self::of(Endpoint { path, ..self.endpoint.clone() })
    }
}

/// What is known of requests that were recorded beside their client.
#[derive(Debug)]
struct Capture {
    /// The `Date` of their answers is a clock.
    is_dated: bool,
}

impl Again {
    /// Hands over what a request adds to a tally when it is of a known kind; else returns `false`.
    pub(super) fn pass(
        &mut self,
        exchange: &Exchange<'_>,
        site: Site<'_>,
        context: &mut Context<'_>,
        tally: &mut Tally,
        crowd: &mut Crowd,
    ) -> bool {
        self.unknown = None;
        let sketch = self.sketch.take();
        self.like.clear();
        let Some(own) = evidence::likeness(exchange, context, &mut self.like) else {
            return false;
        };
        let mark = self.mark();
        let common = match self.kinds.get(&mark) {
            Some(Kind::Same(common)) if common.is_of(site.source) => common,
            Some(Kind::Own) => return false,
            None => {
                self.put(mark, Kind::Once);
                return false;
            }
            Some(Kind::Once | Kind::Same(_)) => {
                let sent = own.sent(context).map(|sent| sent.shortest);
                // One whose value is odd may be told otherwise than the next of its kind.
                if sent.is_some() || !own.bears() {
                    let (shape, is_file) = (own.shape, own.file.is_some());
                    self.unknown = Some(Unknown { mark, sent, sketch, shape, is_file });
                }
                return false;
            }
        };
        let Some(time) = exchange.time else { return false };
        if !own.tells_nothing(exchange, common.hands_out) {
            return false;
        }
        let named = own.file.map(|path| common.spot.of_path(path));
        let spot = named.as_ref().unwrap_or(&common.spot);
        // What else is counted is shown as it is.
        let url = match own.file {
            Some(_) => evidence::mask_url(&exchange.url),
            None => Cow::Borrowed(&*exchange.url),
        };
        evidence::ids_of(exchange, &spot.endpoint, &mut self.ids, |half| tally.awaits_pass(half));
        let ip = exchange.client_ip.as_deref();
        let (caller, ids) = (&mut self.caller, &*self.ids);
        let is_dated = common.capture.as_ref().is_some_and(|capture| capture.is_dated);
        let date_offset = own.date_offset(exchange).filter(|_| is_dated);
        let passing = Passing { time, url: &url, ip, caller, ids, date_offset };
        let passed = count((common, spot), &own, passing, site, context, tally, crowd);
        if let Some(sketch) = sketch.filter(|_| passed && common.capture.is_none()) {
            let common = Arc::clone(common);
            self.note_sketch(sketch, common);
        }
        passed
    }

    /// Hands over what a line adds to a tally when one of its sketch was counted before; else returns
    /// `false`, and its exchange has to come next.
    pub(super) fn recognise(
        &mut self,
        line: &Sketch<'_>,
        site: Site<'_>,
        context: &mut Context<'_>,
        tally: &mut Tally,
        crowd: &mut Crowd,
    ) -> bool {
        self.sketch = None;
        self.like.clear();
        let Some(own) = evidence::sketched(line, context, &mut self.like) else { return false };
        let mark = self.mark();
        let with_body = || mark_of(&self.seeds, &(&*self.like, line.response_body));
        let known = match self.sketches.get(&mark) {
            Some(Sketched::ByBody) => self.sketches.get(&with_body()),
            known => known,
        };
        let common = match known {
            Some(Sketched::Same(common)) if common.is_of(site.source) => common,
            _ => {
                self.sketch = Some(Drawn { mark, with_body: with_body() });
                return false;
            }
        };
        let endpoint = &common.spot.endpoint;
        evidence::ids_of_line(line, endpoint, &mut self.ids, |half| tally.awaits_pass(half));
        let Sketch { time, url, client_ip: ip, .. } = *line;
        let (caller, ids) = (&mut self.caller, &*self.ids);
        let passing = Passing { time, url, ip, caller, ids, date_offset: None };
        count((common, &common.spot), &own, passing, site, context, tally, crowd)
    }

    /// Learns from the record of the request that was looked at last.
    pub(super) fn learn(&mut self, record: &Record) {
        let Some(Unknown { mark, sent, sketch, shape, is_file }) = self.unknown.take() else {
            return;
        };
        let facts = &record.facts;
        let let_in = facts.answer.outcome == Outcome::LetIn;
        // One that the words of its answer refuse says nothing of others, unless the words are all theirs.
        if !let_in && facts.status.is_none_or(evidence::is_success) {
            return;
        }
        if sent.is_some_and(|shortest| !evidence::leaves(shortest, &facts.endpoint)) {
            return;
        }
        let shape = self.like.get(..shape).unwrap_or_default();
        let plain = (sent.is_none() || evidence::repeats_nothing(&facts.endpoint))
            && evidence::has_shape(&record.url, shape, is_file);
        let is_mere = Tally::is_mere(record) && facts.credentials.is_empty() == sent.is_none();
        let kind = match facts.status.filter(|_| plain && is_mere) {
            Some(status) => {
                let is_dated = record.date_offset.is_some();
                let common = Arc::new(Common {
                    source: facts.source.clone(),
                    spot: Spot::of(facts.endpoint.clone()),
                    host: host_mark(&facts.endpoint),
                    node: facts.node.clone(),
                    status,
                    call: call_mark(facts.endpoint.method.as_deref(), Some(status)),
                    observer: facts.observer,
                    capture: facts.client.capture.as_ref().map(|_| Capture { is_dated }),
                    release: record.release.clone(),
                    sees_all: facts.visibility == Visibility::Full,
                    let_in,
                    bare: facts.credentials.is_empty(),
                    hands_out: evidence::hands_out(&record.url),
                });
                // Its clocks are not in the sketch of a line.
                if let Some(sketch) = sketch.filter(|_| common.capture.is_none()) {
                    self.note_sketch(sketch, Arc::clone(&common));
                }
                Kind::Same(common)
            }
            None => Kind::Own,
        };
        self.put(mark, kind);
    }

    fn put(&mut self, mark: u128, kind: Kind) {
        if self.kinds.len() >= MOST {
            self.kinds.clear();
        }
        self.kinds.insert(mark, kind);
    }

    fn note_sketch(&mut self, Drawn { mark, with_body }: Drawn, common: Arc<Common>) {
        if self.sketches.len() >= MOST {
            self.sketches.clear();
        }
        if evidence::is_success(common.status) {
            self.sketches.insert(mark, Sketched::Same(common));
        } else {
            self.sketches.insert(mark, Sketched::ByBody);
            self.sketches.insert(with_body, Sketched::Same(common));
        }
    }

    fn mark(&self) -> u128 {
        mark_of(&self.seeds, &*self.like)
    }
}

fn mark_of(seeds: &[RandomState; 2], like: &(impl Hash + ?Sized)) -> u128 {
    let [high, low] = seeds.each_ref().map(|seed| seed.hash_one(like));
    u128::from(high) << 64 | u128::from(low)
}

/// What a request of a known kind has of its own, beside its token.
struct Passing<'a> {
    time: Time,
    url: &'a str,
    ip: Option<&'a str>,
    /// The user agent of the request before, which becomes that of this one.
    caller: &'a mut Caller,
    /// Marks of its ids, sorted.
    ids: &'a [Fingerprint],
    /// By how much the clock of whoever answered is ahead of that of the capture.
    date_offset: Option<Seconds>,
}

/// Counts a request of a known kind, unless more than that is to be looked at.
fn count(
    (common, Spot { endpoint, place }): (&Common, &Spot),
    own: &Own<'_>,
    Passing { time, url, ip, caller, ids, date_offset }: Passing<'_>,
    site: Site<'_>,
    context: &mut Context<'_>,
    tally: &mut Tally,
    crowd: &mut Crowd,
) -> bool {
    let Some(agent) = own.agent(context) else { return false };
    let is_same = match (agent, &caller.name) {
        (Some(agent), Some(before)) => Arc::ptr_eq(agent, before),
        (agent, before) => agent.is_none() && before.is_none(),
    };
    if !is_same {
        *caller = Caller::of(agent.map(Arc::clone));
    }
    let sent = if common.bare {
        None
    } else {
        match own.sent(context).filter(|sent| evidence::leaves(sent.shortest, endpoint)) {
            Some(sent) => Some(sent),
            None => return false,
        }
    };
    let said = |text: &&str| !matches!(*text, "" | "-");
    let used = Used {
        let_in: common.let_in,
        credential: sent.as_ref().map(|sent| Shown {
            credential: sent.credential(),
            shared: Some(sent.credential()),
            all: sent.all(),
            is_token: sent.is_token(),
            mark: sent.mark(),
        }),
        new_token: sent.as_ref().and_then(Sent::new_token),
        host: common.host,
        node: common.node.as_deref(),
        release: common.release.as_ref(),
        date_offset,
        sees_all: common.sees_all,
        ids,
        member: site.member,
        position: site.position,
    };
    let visit = Visit {
        capture: common.capture.as_ref().map(|_| &**site.source),
        ip: ip.filter(said),
        agent: caller.name.as_ref(),
        place: *place,
        endpoint,
        at: Some(time.at),
    };
    let passage = Passage {
        source: site.source,
        time,
        url,
        status: common.status,
        call: common.call,
        caller,
        observer: common.observer,
        visit,
        told: Told::Use(&used),
    };
    tally.pass(&passage, crowd);
    true
}
