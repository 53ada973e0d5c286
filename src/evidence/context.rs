//! What a worker keeps between exchanges: caches that make the usual exchange cheap.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::again::{AnswerPart, Part};
use super::answers::Answers;
use super::mask::could_repeat;
use super::memory::Memory;
use super::pieces::{Pieces, Receipt};
use crate::dialect::Catalogue;
use crate::model::{Credential, Fingerprint, Secret, Token, equal};
use crate::token::{Mint, Verifier, is_jwt_shaped};

/// Most names of releases a worker remembers.
const MOST_RELEASES: usize = 128;
/// A longer user agent is not remembered.
const LONGEST_AGENT: usize = 16 * 1024;
/// Names of fields a worker remembers.
const MOST_NAMES: usize = 8192;
/// Names (hosts, paths, user agents) that a worker shares: so many met last, and as many before those.
const MOST_SHARED: usize = 1024;

/// Places of fields at which a worker remembers the name that stood there.
const MOST_PLACES: usize = 64;
/// Values that a worker may have at hand before it is known that there are more.
const FEWEST_AT_HAND: usize = 512;
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
    /// Values of requests that were let in, each at the place that its mark names.
    at_hand: Vec<Option<AtHand>>,
    /// How many of those had to leave their place for others.
    crowded: usize,
    pieces: Pieces,
    names: Shared,
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

/// A value of requests that were let in. It stands in one line of the processor's cache: there are thousands,
/// and what else is known of each has to be fetched from memory.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct AtHand {
    mark: u128,
    /// Mark of the token or else of the credential; 0 where there is none.
    own: u128,
    pub(super) seen: Arc<Seen>,
    /// The credential, where it is one in its plainest form.
    pub(super) credential: Option<Arc<Credential>>,
    /// Mark of all of the credential.
    pub(super) all: u64,
    /// The piece of input in which its token was noted last.
    piece: u32,
    /// Its [`plainness`](Seen::plainness), where it is; or the most that can be told here.
    pub(super) shortest: u16,
    pub(super) is_token: bool,
}

impl AtHand {
    fn of(mark: u128, seen: Arc<Seen>, piece: u32) -> Self {
        let shortest = seen.plain.map_or(0, |length| u16::try_from(length).unwrap_or(u16::MAX));
        let credential = seen.plain.and(seen.credentials.first()).cloned();
        let own = credential.as_ref().and_then(|known| known.token.or(known.fingerprint));
        let own = own.map_or(0, Fingerprint::number);
        let is_token = credential.as_ref().is_some_and(|known| known.kind.is_token());
        Self { mark, own, credential, all: seen.all, piece, shortest, is_token, seen }
    }

    /// Returns the mark of its token, or else of itself.
    pub(super) fn own(&self) -> Option<Fingerprint> {
        (self.own != 0).then_some(Fingerprint::new(self.own))
    }
}

/// What one field value holds, made once for each distinct value.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) credentials: Vec<Arc<Credential>>,
    pub(super) tokens: Vec<Option<Arc<Token>>>,
    /// Raw texts that must not survive; of what is remembered only where they do not stand in the value.
    pub(super) secrets: Vec<Secret>,
    /// The same of what is remembered: where they stand in the value, each by its start and its end.
    pub(super) parts: Box<[(u32, u32)]>,
    /// Its [`plainness`](Seen::plainness), found when it is remembered.
    pub(super) plain: Option<u32>,
    /// Mark of all of the credential, where that is plain, see [`Credential::mark`].
    pub(super) all: u64,
}

impl Seen {
    /// Writes down what follows from the rest.
    fn settle(&mut self) {
        self.plain = self.plainness();
        let plain = self.plain.and(self.credentials.first());
        self.all = plain.map_or(0, |credential| credential.mark());
    }

    /// Has its raw texts read off the value that it was made of, where all stand in it: a token is most of its
    /// value, and who looks for what is remembered has that at hand.
    fn lean_on(&mut self, raw: &str) {
        let part = |secret: &Secret| {
            let text = secret.expose();
            // Nearly all stand at its end, and to look for one of hundreds of letters takes microseconds.
            let start = match raw.strip_suffix(text) {
                Some(before) => before.len(),
                None => raw.find(text)?,
            };
            let end = start + text.len();
            Some((u32::try_from(start).ok()?, u32::try_from(end).ok()?))
        };
        if let Some(parts) = self.secrets.iter().map(part).collect() {
            self.parts = parts;
            self.secrets = Vec::new();
        }
    }

    /// Returns the raw texts that must not survive; `raw` is the value that it was made of.
    pub(super) fn hidden<'s>(&'s self, raw: &'s str) -> impl Iterator<Item = &'s str> {
        let parts = self.parts.iter().filter_map(|(start, end)| {
            let [start, end] = [*start, *end].map(|at| usize::try_from(at).ok());
            raw.get(start?..end?)
        });
        self.secrets.iter().map(Secret::expose).chain(parts)
    }

    /// Returns whether nothing was found that is a credential or has to be hidden.
    pub(super) fn is_empty(&self) -> bool {
        self.credentials.is_empty() && self.secrets.is_empty() && self.parts.is_empty()
    }
}

impl<'c> Context<'c> {
    /// Makes the memory of a worker that reads `source`.
    pub fn new(catalogue: &'c Catalogue, source: Source) -> Self {
        Self {
            catalogue,
            verifier: None,
            source,
            memory: Arc::default(),
            previous: [None, None],
            at_hand: Vec::new(),
            crowded: 0,
            pieces: Pieces::default(),
            names: Shared::default(),
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
        Self { memory: Arc::clone(memory), ..self }
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
        let seen = self.remembered(mark, raw, read);
        let [cookies, others] = &mut self.previous;
        let previous = if field == "cookie" { cookies } else { others };
        *previous = Some((mark, Arc::clone(&seen)));
        seen
    }

    /// Returns the mark of a value of a field, for [`Context::seen_again`]; and has the processor fetch what
    /// is at hand under it.
    pub(super) fn ahead(&self, field: &str, raw: &str) -> u128 {
        let mark = self.memory.mark(field, raw);
        if let Some(slot) = self.place(mark).and_then(|place| self.at_hand.get(place)) {
            fetch(slot);
        }
        mark
    }

    /// Where what is at hand under a mark stands.
    fn place(&self, mark: u128) -> Option<usize> {
        // As evenly as by a remainder, without a division.
        let length = u64::try_from(self.at_hand.len()).ok()?;
        let end = u64::try_from(mark & 0xffff_ffff).ok()?;
        usize::try_from((end * length) >> 32).ok()
    }

    /// The same as [`Context::seen`] for a value, and its mark, that this worker is likely to have
    /// met: it is found without a lock, and without a count that all workers change. Returns too whether its
    /// token has to be noted: it may not be known of this piece of input, nor of those that were merged.
    pub(super) fn seen_again(
        &mut self,
        raw: &str,
        mark: u128,
        read: impl FnOnce(&mut Mint) -> Seen,
    ) -> Option<(&AtHand, bool)> {
        if self.crowded >= self.at_hand.len() / 4 {
            self.spread();
        }
        let place = self.place(mark)?;
        let piece = self.pieces.current();
        let is_there =
            self.at_hand.get(place)?.as_ref().is_some_and(|at_hand| at_hand.mark == mark);
        let mut is_first = true;
        if is_there {
            let at_hand = self.at_hand.get_mut(place)?.as_mut()?;
            is_first = !self.pieces.hold(at_hand.piece);
            if is_first {
                at_hand.piece = piece;
            }
        } else {
            let seen = self.remembered(mark, raw, read);
            let before = self.at_hand.get_mut(place)?.replace(AtHand::of(mark, seen, piece));
            self.crowded += usize::from(before.is_some());
        }
        self.at_hand.get(place)?.as_ref().map(|at_hand| (at_hand, is_first))
    }

    /// Makes room for four times as many values at hand, as far as there may be more.
    #[cold]
    fn spread(&mut self) {
        self.crowded = 0;
        let (length, most) = (self.at_hand.len(), self.memory.at_hand());
        if length >= most {
            return;
        }
        let known = std::mem::take(&mut self.at_hand);
        self.at_hand.resize_with((length * 4).clamp(FEWEST_AT_HAND.min(most), most), || None);
        for at_hand in known.into_iter().flatten() {
            let place = self.place(at_hand.mark);
            if let Some(slot) = place.and_then(|place| self.at_hand.get_mut(place)) {
                *slot = Some(at_hand);
            }
        }
    }

    /// Goes on to another piece of input; the receipt goes with what was gathered of this one.
    pub fn turn(&mut self) -> Receipt {
        self.pieces.turn()
    }

    fn remembered(
        &mut self,
        mark: u128,
        raw: &str,
        read: impl FnOnce(&mut Mint) -> Seen,
    ) -> Arc<Seen> {
        self.memory.get(mark, raw.len()).unwrap_or_else(|| {
            let mut seen = read(&mut self.mint);
            for token in seen.tokens.iter_mut().flatten() {
                self.mint.share(Arc::make_mut(token));
            }
            if let Some(verifier) = self.verifier {
                check(verifier, seen.tokens.iter_mut().flatten(), &seen.secrets);
            }
            seen.settle();
            seen.lean_on(raw);
            let seen = Arc::new(seen);
            self.memory.put(mark, raw.len(), &seen);
            seen
        })
    }

    /// Returns the one shared copy of a name.
    pub(super) fn share(&mut self, name: &str) -> Arc<str> {
        self.names.one(name)
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

/// Names of which there is one copy. Those that nobody asks for again leave: a capture names each of its
/// thousands of assets once.
#[derive(Debug, Default)]
struct Shared {
    young: HashSet<Arc<str>, FixedState>,
    old: HashSet<Arc<str>, FixedState>,
}

impl Shared {
    /// Returns the one copy of a name.
    fn one(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.young.get(name) {
            return Arc::clone(known);
        }
        let shared = self.old.take(name).unwrap_or_else(|| name.into());
        if self.young.len() >= MOST_SHARED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(Arc::clone(&shared));
        shared
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
        // A field that stood before it may be missing.
        let mut near = self.before.get(number..).unwrap_or_default().iter().take(2);
        let is_same = |(before, _): &&(Box<str>, _)| equal(before.as_bytes(), name.as_bytes());
        if let Some((_, known)) = near.find(is_same) {
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

/// Has the processor fetch a value into its cache, which takes as long as some hundred steps and waits for
/// nothing.
fn fetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        #[allow(unsafe_code, reason = "the processor is asked no other way")]
        // SAFETY: every x86-64 has this hint, which changes nothing that a program sees.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(value).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
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
    fn what_is_remembered_of_a_value_fits_a_size_that_allocators_hand_out() {
        // Two counts beside what workers share. One byte more takes the next size: 160.
        assert!(size_of::<[usize; 2]>() + size_of::<Seen>() <= 128, "{}", size_of::<Seen>());
    }

    #[test]
    fn values_at_hand_are_found_again_and_take_the_room_that_they_need() {
        let mut context = Context::new(Catalogue::embedded(), Source::new("a.har", "har"));
        let most = context.memory.at_hand();
        for (values, room) in [(20, FEWEST_AT_HAND), (4 * most, most)] {
            for n in (0..values).chain(0..20) {
                let raw = format!("Bearer value-{n}");
                let read =
                    |_: &mut Mint| Seen { secrets: vec![Secret::new(&raw)], ..Seen::default() };
                let mark = context.ahead("authorization", &raw);
                for again in [false, true] {
                    let (at_hand, is_first) = context.seen_again(&raw, mark, read).unwrap();
                    assert_eq!(at_hand.seen.hidden(&raw).collect::<Vec<_>>(), [&*raw]);
                    assert!(is_first || again || n < 20, "{n}");
                }
                let (_, is_first) = context.seen_again(&raw, mark, read).unwrap();
                assert!(!is_first, "{n}");
            }
            assert_eq!(context.at_hand.len(), room);
        }
    }

    #[test]
    fn raw_texts_that_stand_in_a_value_are_not_kept_beside_it() {
        for (texts, are_parts) in [
            (&["abcdefgh"][..], true),
            (&["cdef", "Bearer abc"], true),
            (&[], true),
            (&["abcdefgh", "decoded"], false),
        ] {
            let secrets = || texts.iter().map(|text| Secret::new(text)).collect();
            let mut context = Context::new(Catalogue::embedded(), Source::new("a.har", "har"));
            let value = "Bearer abcdefgh";
            for _ in 0..2 {
                let read = |_: &mut Mint| Seen { secrets: secrets(), ..Seen::default() };
                let seen = context.seen("authorization", value, read);
                assert_eq!(seen.hidden(value).collect::<Vec<_>>(), texts);
                assert_eq!(seen.is_empty(), texts.is_empty());
                assert_eq!(seen.secrets.is_empty(), are_parts, "{texts:?}");
            }
        }
    }

    #[test]
    fn a_name_that_is_asked_for_again_and_again_has_one_copy_among_thousands() {
        let mut names = Shared::default();
        let often = names.one("api.example.com");
        for n in 0..5 * MOST_SHARED {
            names.one(&format!("/assets/{n}.js"));
            if n % (MOST_SHARED / 2) == 0 {
                assert!(Arc::ptr_eq(&often, &names.one("api.example.com")), "{n}");
            }
        }
        assert!(names.young.len() + names.old.len() <= 2 * MOST_SHARED);
        assert!(!names.young.contains("/assets/0.js") && !names.old.contains("/assets/0.js"));
    }

    #[test]
    fn a_name_is_found_where_it_stood_and_where_one_before_it_is_missing() {
        let mut names = Names::default();
        let all = ["accept", "authorization", "authority", "x-forwarded-for"];
        let numbers = all.map(|name| (name, names.get(names.before.len(), name, str::len)));
        names.known.clear();
        for missing in 0..all.len() {
            let left = numbers.iter().enumerate().filter(|(at, _)| *at != missing);
            for (place, (_, (name, known))) in left.enumerate() {
                assert_eq!(names.get(place, name, |_| 0), *known, "{name} without {missing}");
            }
        }
        assert!(names.known.is_empty(), "none was looked up");
        // It is no other that begins or ends so, or is as long.
        for (at, name) in
            ["accepT", "authorizatio", "authoritY", "forwarded-for", ""].into_iter().enumerate()
        {
            let (number, length) = names.get(at, name, str::len);
            assert!(length == name.len() && numbers.iter().all(|(_, (known, _))| *known != number));
        }
    }

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
