//! Whole conversations as text: what curl, wget, `HTTPie` and others print, and what people paste.
//!
//! The reader goes line by line and gives an exchange away when the next one starts, so that memory
//! grows with one exchange, never with the file. It always stops where an exchange starts: what it
//! must know to go on is what the chatter between the messages told, a few words.

mod line;
mod message;
mod talk;
mod tell;
#[cfg(test)]
mod tests;
mod trace;

use memchr::memchr;

use super::document::Pause;
use super::record::Sink;
use super::skip::SkipReason;
use super::walk::Attached;
use crate::model::Position;
use line::{Line, Section, Way, bare, request_line, status_line};
use message::Start;
pub(super) use message::{Head, dechunked};
use talk::{Known, Phase, Printer, Talk};
pub(super) use tell::is_dump;

/// An exchange longer than this is given away as far as it goes.
///
/// Smaller in tests, which would take long for it.
const LONGEST: usize = if cfg!(test) { 64 << 10 } else { 16 << 20 };

/// What is printed, for the list of formats.
pub(crate) const NAMES: [(&str, &str); 4] = [
    ("curl", "curl -v, and Insomnia's and Postman's timeline"),
    ("curl trace", "curl --trace-ascii and --trace, lines joined again"),
    ("wget", "wget -d, wget -S"),
    ("http messages", "requests and responses as on the wire: HTTPie -v, curl -i, .http files"),
];

/// Reads dumps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dump {
    /// Lines met so far.
    pub(super) met: u64,
    /// Exchanges met so far.
    pub(super) entries: u64,
    /// What it has to know to go on.
    pub(super) state: State,
}

/// What a reader of dumps has to know of the bytes before.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct State {
    known: Known,
    /// The section of a trace that it is in.
    section: Option<Section>,
    /// The rest of a line is passed over, which then counts as so many.
    inside: Option<u64>,
}

/// What a line does to the conversation.
enum Step {
    /// It starts another one: what came before is over.
    Starts(Printer),
    /// What came before is over.
    Ends,
    /// It belongs to the one that is open, or to none.
    Takes,
}

/// A pass over one window.
struct Pass<'d, 's> {
    dump: &'d mut Dump,
    sink: &'s mut dyn Sink,
    /// As of the line that is read; the reader's own is as of the last stop.
    state: State,
    talk: Option<Talk>,
    /// Lines since the last stop.
    lines: u64,
    trace: trace::Trace,
}

impl Dump {
    /// Returns a reader that has counted nothing and stands where this one stands.
    pub(super) fn fresh(&self) -> Self {
        Self { met: 0, entries: 0, ..self.clone() }
    }

    /// Reads the exchanges that start in `bytes` before index `limit`; returns how many bytes are done
    /// with and why it stopped. `last` says that nothing follows `bytes`.
    pub(crate) fn read(
        &mut self,
        bytes: &[u8],
        last: bool,
        limit: usize,
        sink: &mut dyn Sink,
    ) -> (usize, Pause) {
        let state = self.state.clone();
        let trace = trace::Trace::default();
        let mut pass = Pass { dump: self, sink, state, talk: None, lines: 0, trace };
        // Everything before `stop` is given away; `at` runs ahead of it.
        let (mut stop, mut at) = (0, 0);
        loop {
            if pass.talk.is_none() {
                pass.stop_here();
                stop = at;
                if stop >= limit {
                    return (stop, Pause::Limit);
                }
            }
            let rest = bytes.get(at..).unwrap_or_default();
            if rest.is_empty() && last {
                pass.give_away();
                return (bytes.len(), Pause::End);
            }
            let length = memchr(b'\n', rest);
            let goes_on = length.is_none() && !last;
            let end = at + length.map_or(rest.len(), |length| length + 1);
            // Whether its end is in the window or not: how the input is cut must not show.
            if end - stop >= LONGEST && pass.state.inside.is_none() {
                pass.lose();
                stop = at;
            }
            if goes_on {
                if pass.state.inside.is_some() {
                    pass.stop_here();
                    return (bytes.len(), Pause::More);
                }
                return (stop, Pause::More);
            }
            let whole = bytes.get(at..end).unwrap_or_default();
            if let Some(count) = pass.state.inside.take() {
                pass.lines += count;
                at = end;
                continue;
            }
            // What a message says of its length can end it inside a line.
            let cut = pass.cut(whole);
            let line = whole.get(..cut).unwrap_or(whole);
            let text = String::from_utf8_lossy(line);
            let text = bare(text.trim_end_matches(['\r', '\n']));
            let step = pass.step(&text);
            if !matches!(step, Step::Takes) {
                pass.give_away();
                stop = at;
                if stop >= limit {
                    return (stop, Pause::Limit);
                }
            }
            if let Step::Starts(printer) = step {
                pass.talk = Some(Talk::new(printer, &text, &pass.state.known));
            }
            pass.take(&text, line);
            pass.lines += u64::from(cut == whole.len());
            at += cut;
        }
    }
}

impl Pass<'_, '_> {
    /// Gives away what is complete and stops before the next line.
    fn give_away(&mut self) {
        self.trace.end(&mut self.talk);
        let mut met = 0;
        if let Some(talk) = self.talk.take()
            && let Some(mut exchange) = talk.finish()
        {
            let line = self.dump.met + 1;
            exchange.position = Position { line: Some(line), ..Position::default() };
            self.sink.exchange(&mut exchange, &Attached::default());
            met = 1;
        }
        self.dump.entries += met;
        self.sink.passed(self.lines.saturating_sub(met));
        self.dump.met += std::mem::take(&mut self.lines);
        self.dump.state = self.state.clone();
    }

    /// Stops before the next line, with no exchange open.
    fn stop_here(&mut self) {
        if self.lines > 0 {
            self.sink.passed(self.lines);
            self.dump.met += std::mem::take(&mut self.lines);
        }
        self.dump.state.clone_from(&self.state);
    }

    /// Gives up on the rest of what is too long.
    fn lose(&mut self) {
        if self.talk.is_some() {
            self.give_away();
            self.state.inside = Some(1);
        } else {
            let line = Some(self.dump.met + 1);
            self.sink.skipped(Position { line, ..Position::default() }, SkipReason::TooLong);
            self.dump.met += 1;
            self.state.inside = Some(0);
        }
        self.dump.state.clone_from(&self.state);
    }

    /// Returns how much of a line belongs to the body that it is in: a message that follows in the same
    /// line does not.
    fn cut(&self, line: &[u8]) -> usize {
        let Some(Talk { printer: Printer::Wire, phase: Phase::Body(way), .. }) = self.talk else {
            return line.len();
        };
        let wanted = self.talk.as_ref().and_then(|talk| talk.wanted(way)).unwrap_or(0);
        match line.get(wanted..) {
            Some(rest) if wanted > 0 && starts(&String::from_utf8_lossy(rest)) => wanted,
            _ => line.len(),
        }
    }

    /// Tells what a line does to the conversation.
    fn step(&self, text: &str) -> Step {
        let over = |way: Way| self.talk.as_ref().is_none_or(|talk| talk.is_over_for(way));
        let start = |way: Way, printer| if over(way) { Step::Starts(printer) } else { Step::Takes };
        match line::read(text) {
            Line::Sent(inner) if request_line(inner).is_some() => start(Way::Sent, Printer::Curl),
            Line::Sent(inner) | Line::Got(inner) if status_line(inner).is_some() => {
                start(Way::Got, Printer::Curl)
            }
            Line::Section(Section { way: Some(Way::Sent), head: true, .. }) => {
                start(Way::Sent, Printer::Trace)
            }
            Line::Fence(way, true) => start(way, Printer::Wget),
            Line::Turn(..) => Step::Ends,
            Line::Plain(text) => self.plain_step(text),
            _ => Step::Takes,
        }
    }

    fn plain_step(&self, text: &str) -> Step {
        if let Some(Section { way: Some(Way::Got), head: true, .. }) = self.state.section {
            let is_answer = trace::first_line(text).is_some_and(|t| status_line(&t).is_some());
            let is_over = self.talk.as_ref().is_none_or(|talk| talk.is_over_for(Way::Got));
            return if is_answer && is_over { Step::Starts(Printer::Trace) } else { Step::Takes };
        }
        let Some(talk) = &self.talk else {
            return if starts(text.trim_start()) {
                Step::Starts(Printer::Wire)
            } else {
                Step::Takes
            };
        };
        let inner = talk.inner(text).unwrap_or_else(|| text.trim_start());
        let way = match Start::of(inner) {
            Some(Start::Request(..)) => Way::Sent,
            Some(Start::Response(..)) => Way::Got,
            None => return Step::Takes,
        };
        let is_free = match talk.printer {
            Printer::Wire => talk.may_start(),
            // What curl prints beside its marks can be a whole answer; it is the same one.
            _ => way == Way::Sent && !matches!(talk.phase, Phase::Head(_)),
        };
        if is_free && talk.is_over_for(way) { Step::Starts(Printer::Wire) } else { Step::Takes }
    }

    /// Takes a line into the conversation; `bytes` are the line with its line break.
    fn take(&mut self, text: &str, bytes: &[u8]) {
        let line = line::read(text);
        if let (Some(_), Line::Plain(text)) = (self.state.section, &line)
            && self.trace.line(text)
        {
            return;
        }
        self.trace.end(&mut self.talk);
        self.state.section = None;
        match line {
            Line::Section(section) => {
                self.state.section = Some(section);
                self.trace = trace::Trace::of(section);
            }
            Line::Info(text) => self.state.known.info(text),
            Line::Turn(time, url) => {
                let url = Some(url.trim().to_owned());
                self.state.known = Known { url, time, turned: true, ..Known::default() };
            }
            line => {
                if let Some(talk) = &mut self.talk {
                    talk.take(&line, bytes);
                }
            }
        }
    }
}

/// Returns whether a line starts a message.
pub(super) fn start_line(line: &str) -> bool {
    starts(line)
}

fn starts(text: &str) -> bool {
    Start::of(text.trim_end_matches(['\r', '\n'])).is_some()
}
