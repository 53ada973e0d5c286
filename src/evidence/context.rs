//! What a worker keeps between exchanges: caches that make the usual exchange cheap.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::again::{AnswerPart, Part};
use super::answers::Answers;
use super::at_hand::{AtHand, Shelf};
use super::mask::could_repeat;
use super::memory::Memory;
use crate::dialect::Catalogue;
use crate::model::{Credential, Fingerprint, Secret, Token};
use crate::token::{Mint, Verifier, is_jwt_shaped};

/// Most names of releases a worker remembers.
const MOST_RELEASES: usize = 128;
/// A longer user agent is not remembered.
const LONGEST_AGENT: usize = 16 * 1024;
/// Most names (hosts, paths, user agents) a worker shares.
const MOST_NAMES: usize = 8192;

/// Places of fields at which a worker remembers the name that stood there.
const MOST_PLACES: usize = 64;
/// Most user agents a worker remembers.
const MOST_AGENTS: usize = 512;

/// Where the exchanges come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// Source name of the input.
    pub name: Arc<str>,
    /// Member of an archive.
    pub member: Option<Arc<str>>,
    /// Format of the input (`har`, `jsonl`).
    pub format: Arc<str>,
}

impl Source {
    /// Names an input that is no archive.
    pub fn new(name: &str, format: &str) -> Self {
        Self { name: name.into(), member: None, format: format.into() }
    }
}

/// The memory of one worker; what it remembers changes the speed of [`gather`](super::gather), never its result.
#[derive(Debug)]
pub struct Context<'c> {
    /// Dialects in use.
    pub(super) catalogue: &'c Catalogue,
    /// Checks signatures; `None` where nobody asks.
    pub(super) verifier: Option<&'c Verifier>,
    /// The input being read.
    pub(super) source: Source,
    memory: Arc<Memory>,
    /// The values before, of cookies and of all else: neighbours in a capture repeat them.
    previous: [Option<(u128, Arc<Seen>)>; 2],
    /// Values of requests that were let in.
    shelf: Shelf,
    /// Pieces of input that were read before this one.
    piece: u32,
    names: HashSet<Arc<str>, FixedState>,
    /// User agents as sent and as shown; the one before stands apart.
    agents: HashMap<Arc<str>, Agent, FixedState>,
    previous_agent: Option<(Arc<str>, Agent)>,
    /// What fields are to requests of a kind.
    parts: Names<Part>,
    /// The same of answers.
    answer_parts: Names<AnswerPart>,
    releases: HashMap<u64, (&'static str, Box<str>, Arc<str>), FixedState>,
    hasher: FixedState,
    mint: Mint,
    pub(super) answers: Answers,
    /// Whether the ids of requests and traces are to be shown.
    pub(super) shows_ids: bool,
}

/// A user agent, made ready once for each distinct one.
#[derive(Clone, Debug)]
pub struct Agent {
    /// How it is shown.
    pub shown: Arc<str>,
    /// Whether a part of a credential could stand in it.
    pub(super) repeats: bool,
}

/// What one field value holds, made once for each distinct value.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) credentials: Vec<Arc<Credential>>,
    pub(super) tokens: Vec<Option<Arc<Token>>>,
    pub(super) secrets: Vec<Secret>,
    /// Its [`plainness`](Seen::plainness), found when it is remembered.
    pub(super) plain: Option<usize>,
    /// Its credential, where it is plain.
    pub(super) shared: Option<Arc<Credential>>,
    /// The token inside that.
    pub(super) token: Option<Arc<Token>>,
    /// Mark of that token, or else of the credential.
    pub(super) own: Option<Fingerprint>,
    /// Mark of all of the credential, see [`Credential::mark`].
    pub(super) all: u64,
    /// Whether that is a token or key.
    pub(super) is_token: bool,
}

impl Seen {
    /// Writes down what follows from the rest.
    fn settle(&mut self) {
        self.plain = self.plainness();
        if self.plain.is_none() {
            return;
        }
        self.shared = self.credentials.first().cloned();
        self.token = self.tokens.first().cloned().flatten();
        if let Some(credential) = &self.shared {
            self.own = credential.token.or(credential.fingerprint);
            self.all = credential.mark();
            self.is_token = credential.kind.is_token();
        }
    }
}

impl<'c> Context<'c> {
    /// Makes the memory of a worker that reads `source`.
    pub fn new(catalogue: &'c Catalogue, source: Source) -> Self {
        let memory: Arc<Memory> = Arc::default();
        Self {
            catalogue,
            verifier: None,
            source,
            previous: [None, None],
            shelf: Shelf::of(memory.at_hand()),
            memory,
            piece: 0,
            names: HashSet::default(),
            agents: HashMap::default(),
            previous_agent: None,
            parts: Names::default(),
            answer_parts: Names::default(),
            releases: HashMap::default(),
            hasher: FixedState::default(),
            mint: Mint::default(),
            answers: Answers::default(),
            shows_ids: true,
        }
    }

    /// Has records show the ids of requests and traces, which only lines of exchanges need: to mask them
    /// costs more than all else of an exchange that was let in.
    pub fn show_ids(&mut self, show: bool) {
        self.shows_ids = show;
    }

    /// Has the signature of every token checked.
    #[must_use]
    pub fn with_verifier(mut self, verifier: &'c Verifier) -> Self {
        self.verifier = Some(verifier);
        self
    }

    /// Shares a memory with other workers, which check tokens by the same keys.
    #[must_use]
    pub fn sharing(self, memory: &Arc<Memory>) -> Self {
        Self { memory: Arc::clone(memory), shelf: Shelf::of(memory.at_hand()), ..self }
    }

    /// Has tokens share their makes, and checks those among `secrets`; each is checked once, when it is
    /// read.
    pub(super) fn check<'s>(
        &mut self,
        tokens: impl Iterator<Item = &'s mut Arc<Token>>,
        secrets: &[Secret],
    ) {
        for token in tokens {
            self.mint.share(Arc::make_mut(token));
            if let Some(verifier) = self.verifier {
                check(verifier, std::iter::once(token), secrets);
            }
        }
    }

    /// Turns to another input; what was learned of values and names is kept.
    pub fn enter(&mut self, source: Source) {
        self.source = source;
    }

    /// Returns what the value of a field holds, from memory where it was seen before.
    pub(super) fn seen(
        &mut self,
        field: &str,
        raw: &str,
        read: impl FnOnce(&mut Mint) -> Seen,
    ) -> Arc<Seen> {
        let [cookies, others] = &mut self.previous;
        let previous = if field == "cookie" { cookies } else { others };
        let mark = self.memory.mark(field, raw);
        if let Some((_, seen)) = previous.as_ref().filter(|(known, _)| *known == mark) {
            return Arc::clone(seen);
        }
        let Self { memory, mint, verifier, .. } = self;
        let seen = remembered(memory, mint, *verifier, (mark, raw.len()), read);
        let [cookies, others] = &mut self.previous;
        let previous = if field == "cookie" { cookies } else { others };
        *previous = Some((mark, Arc::clone(&seen)));
        seen
    }

    /// Returns the mark of a value of a field, for [`Context::seen_again`]; and has the processor fetch what
    /// is at hand under it.
    pub(super) fn ahead(&self, field: &str, raw: &str) -> u128 {
        let mark = self.memory.mark(field, raw);
        self.shelf.fetch(mark);
        mark
    }

    /// The same as [`Context::seen`] for a value, of a mark and a length, that this worker is likely to have
    /// met: it is found without a lock, and without a count that all workers change. Returns too whether it
    /// may be the first time in this piece of input.
    pub(super) fn seen_again(
        &mut self,
        mark: u128,
        length: usize,
        read: impl FnOnce(&mut Mint) -> Seen,
    ) -> Option<(&AtHand, bool)> {
        let Self { shelf, piece, memory, mint, verifier, .. } = self;
        shelf.get_or(mark, *piece, || remembered(memory, mint, *verifier, (mark, length), read))
    }

    /// Goes on to another piece of input, or to another tally.
    pub fn turn(&mut self) {
        self.piece = self.piece.wrapping_add(1);
    }

    /// Returns the one shared copy of a name.
    pub(super) fn share(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        if self.names.len() >= MOST_NAMES {
            self.names.clear();
        }
        let shared: Arc<str> = name.into();
        self.names.insert(Arc::clone(&shared));
        shared
    }

    /// Returns the shown form of a user agent, made once for each distinct one; `None` for none.
    pub fn agent_shown(&mut self, raw: &[u8]) -> Option<&Agent> {
        if matches!(raw, b"" | b"-") {
            return None;
        }
        let is_previous = |(previous, _): &(Arc<str>, Agent)| previous.as_bytes() == raw;
        if !self.previous_agent.as_ref().is_some_and(is_previous) {
            let raw = std::str::from_utf8(raw).ok()?;
            let known = self.agents.get_key_value(raw);
            let known = known.map(|(raw, agent)| (Arc::clone(raw), agent.clone()));
            self.previous_agent = Some(known.unwrap_or_else(|| self.new_agent(raw)));
        }
        self.previous_agent.as_ref().map(|(_, agent)| agent)
    }

    fn new_agent(&mut self, raw: &str) -> (Arc<str>, Agent) {
        if self.agents.len() >= MOST_AGENTS {
            self.agents.clear();
        }
        let shown = super::request::shown_agent(raw);
        let (raw, shown): (Arc<str>, Arc<str>) = (raw.into(), self.share(&shown));
        let agent = Agent { repeats: could_repeat(&shown), shown };
        if raw.len() <= LONGEST_AGENT {
            self.agents.insert(Arc::clone(&raw), agent.clone());
        }
        (raw, agent)
    }

    /// Returns what a field is to a request of a kind, and the number of its name; `number` is where it
    /// stands among its fields.
    pub(super) fn part(&mut self, number: usize, name: &str) -> (u64, Part) {
        self.parts.get(number, name, Part::of)
    }

    /// The same of an answer.
    pub(super) fn answer_part(&mut self, number: usize, name: &str) -> (u64, AnswerPart) {
        self.answer_parts.get(number, name, AnswerPart::of)
    }

    /// Returns the shown form of a field that names a release, made once for each distinct value.
    pub(super) fn release(
        &mut self,
        field: &'static str,
        raw: &str,
        show: impl FnOnce(&str) -> String,
    ) -> Arc<str> {
        let key = self.hasher.hash_one((field, raw));
        if let Some((name, text, shown)) = self.releases.get(&key)
            && *name == field
            && **text == *raw
        {
            return Arc::clone(shown);
        }
        let shown: Arc<str> = format!("{field} {}", show(raw)).into();
        if self.releases.len() < MOST_RELEASES {
            self.releases.insert(key, (field, raw.into(), Arc::clone(&shown)));
        }
        shown
    }
}

/// What follows from names of fields. Requests of one log have the same fields in the same order: so each
/// is first compared with the one that stood in its place before.
///
/// Every name has a number, by which it is told from all others that are asked for here.
#[derive(Debug)]
struct Names<T> {
    known: HashMap<Box<str>, (u64, T), FixedState>,
    before: Vec<(Box<str>, (u64, T))>,
    /// The next number.
    next: u64,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { known: HashMap::default(), before: Vec::new(), next: 0 }
    }
}

impl<T: Copy> Names<T> {
    fn get(&mut self, number: usize, name: &str, make: impl FnOnce(&str) -> T) -> (u64, T) {
        let before = self.before.get(number).filter(|(before, _)| **before == *name);
        if let Some((_, known)) = before {
            return *known;
        }
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        if self.known.len() >= MOST_NAMES {
            // No number is given twice: those before keep theirs.
            self.known.clear();
            self.known.extend(self.before.iter().cloned());
        }
        let new = (self.next, make(name));
        self.next = self.next.wrapping_add(1);
        self.known.insert(name.into(), new);
        // Those that come first are those that come again.
        if number == self.before.len() && number < MOST_PLACES {
            self.before.push((name.into(), new));
        }
        new
    }
}

/// Returns what a value of a mark and a length holds, from the memory of all workers where it is there.
fn remembered(
    memory: &Memory,
    mint: &mut Mint,
    verifier: Option<&Verifier>,
    (mark, length): (u128, usize),
    read: impl FnOnce(&mut Mint) -> Seen,
) -> Arc<Seen> {
    memory.get(mark, length).unwrap_or_else(|| {
        let mut seen = read(mint);
        for token in seen.tokens.iter_mut().flatten() {
            mint.share(Arc::make_mut(token));
        }
        if let Some(verifier) = verifier {
            check(verifier, seen.tokens.iter_mut().flatten(), &seen.secrets);
        }
        seen.settle();
        let seen = Arc::new(seen);
        memory.put(mark, length, &seen);
        seen
    })
}

fn check<'s>(
    verifier: &Verifier,
    tokens: impl Iterator<Item = &'s mut Arc<Token>>,
    secrets: &[Secret],
) {
    for token in tokens.filter(|token| verifier.wants(token)) {
        let text = secrets
            .iter()
            .map(Secret::expose)
            .find(|text| is_jwt_shaped(text) && Fingerprint::of(text) == token.fingerprint);
        if let Some(text) = text {
            verifier.check(Arc::make_mut(token), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_names_have_one_number_however_many_were_forgotten() {
        let mut names = Names::default();
        let mut given = HashSet::new();
        let first = ["accept", "host", "x-a"];
        let first: Vec<_> =
            (0..).zip(first).map(|(n, name)| (n, name, names.get(n, name, str::len))).collect();
        given.extend(first.iter().map(|(_, _, (number, _))| *number));
        for n in 0..2 * MOST_NAMES + 9 {
            let name = format!("x-{n}");
            let (number, length) = names.get(n % 9, &name, str::len);
            assert!(given.insert(number), "{name}");
            assert_eq!(length, name.len());
            assert_eq!(names.get(n % 7, &name, str::len), (number, length));
        }
        // Those that came first keep theirs, at their place and elsewhere.
        for (place, name, known) in first {
            assert_eq!(names.get(place, name, str::len), known);
            assert_eq!(names.get(place + 1, name, str::len), known);
        }
        assert!(names.known.len() <= MOST_NAMES);
    }
}
