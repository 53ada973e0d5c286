//! What stands between two blanks: a word with the marks around it.

use std::borrow::Cow;

use super::shape::{self, Around, ID, NUMBER, PATH, TIME, URL, USER, VALUE};
use super::words::{
    DAYS, MONTHS, NAMING, NO_NAMES, PERSONS, PREDICATES, UNITS, VALUED, ZONES, is_in,
};

/// Marks at the edges of a word.
const EDGES: &[char] = &[
    '(', ')', '[', ']', '{', '}', '<', '>', '"', '\'', '`', '“', '”', '‘', '’', ',', ';', ':', '.',
    '!', '?', '…',
];
const QUOTES: &[char] = &['"', '\'', '`', '“', '”', '‘', '’'];
/// Marks that may stand before a name.
const OPENING: &[char] = &['<', '[', '(', '"', '\'', '`', '“', '‘'];
/// Marks between words that have no blank between them.
const JOINTS: &[char] = &[
    '=', ':', ',', ';', '/', '(', ')', '[', ']', '{', '}', '|', '&', '?', '#', '<', '>', '"', '\'',
    '`',
];
/// Words that are quoted in one piece behind `user`: first, middle and last name.
const NAMES: usize = 3;

/// A word with the marks around it.
#[derive(Clone, Debug)]
pub(super) struct Chunk<'t> {
    lead: &'t str,
    core: Cow<'t, str>,
    tail: &'t str,
    /// Stands for what was there: nothing in it changes any more.
    done: bool,
}

impl<'t> Chunk<'t> {
    /// Splits off the marks at the edges.
    pub(super) fn of(text: &'t str) -> Self {
        let ends = [text.as_bytes().first(), text.as_bytes().last()];
        if ends.iter().all(|end| end.is_some_and(u8::is_ascii_alphanumeric)) {
            return Self { lead: "", core: Cow::Borrowed(text), tail: "", done: false };
        }
        let inner = text.trim_start_matches(EDGES);
        let (lead, inner) = text.split_at(text.len() - inner.len());
        let core = inner.trim_end_matches(EDGES);
        let (core, tail) = inner.split_at(core.len());
        // Addresses of version 6 may begin or end with a mark.
        let (lead, core) = match lead.strip_suffix("::") {
            Some(short) if !core.is_empty() => {
                (short, text.get(short.len()..text.len() - tail.len()))
            }
            _ => (lead, Some(core)),
        };
        let core = core.unwrap_or_default();
        let known = ["n", "id", "time", "address", "url", "path", "value", "user"];
        let done = lead.ends_with('<') && tail.starts_with('>') && known.contains(&core);
        Self { lead, core: Cow::Borrowed(core), tail, done }
    }

    /// Returns the word without marks.
    pub(super) fn word(&self) -> &str {
        &self.core
    }

    /// Writes the text of the chunk.
    pub(super) fn write(&self, out: &mut String) {
        out.push_str(self.lead);
        out.push_str(&self.core);
        out.push_str(self.tail);
    }

    /// Looks at the only word of a text: a code, unless it can be nothing but an id.
    pub(super) fn alone(&mut self) {
        let around = Around { first: true, before: "", after: "" };
        let made = match shape::of(&self.core, around) {
            _ if self.done => None,
            _ if shape::is_plain_id(&self.core) => Some(Cow::Borrowed(ID)),
            Some(kind @ (URL | PATH | USER)) => Some(Cow::Borrowed(kind)),
            _ => self.pieces("").filter(|_| self.core.contains(['=', ':'])).map(Cow::Owned),
        };
        self.put(made);
    }

    /// Returns what stands in place of the word: the kind of a value, or the word with the values in it
    /// left out.
    pub(super) fn made(&self, first: bool, before: &str, after: &str) -> Option<Cow<'t, str>> {
        let plain = self.lead.is_empty() && self.core.bytes().all(|b| b.is_ascii_alphabetic());
        if self.done || plain || self.core.is_empty() || is_in(before, NAMING) {
            return None;
        }
        if self.is_quoted() && self.is_value(before) {
            return Some(Cow::Borrowed(VALUE));
        }
        let kind = shape::of(&self.core, Around { first, before, after });
        kind.map(Cow::Borrowed).or_else(|| self.pieces(before).map(Cow::Owned))
    }

    /// Puts this in place of the word, if there is anything.
    pub(super) fn put(&mut self, made: Option<Cow<'t, str>>) {
        if let Some(made) = made {
            self.core = made;
            self.done = true;
        }
    }

    fn is_quoted(&self) -> bool {
        let (open, close) = (self.lead.chars().next_back(), self.tail.chars().next());
        match (open, close) {
            (Some('“' | '‘'), Some('”' | '’')) => true,
            (Some(open), Some(close)) => open == close && QUOTES.contains(&open),
            _ => false,
        }
    }

    /// Whether a quoted word is a value whatever its shape: a single letter, or behind what has values.
    fn is_value(&self, before: &str) -> bool {
        let letter = self.core.chars().count() == 1;
        letter || is_in(before, VALUED) && !self.core.contains("***")
    }

    /// Whether this is a name behind `user`: in quotes, with a domain or digits, or a word where the sentence
    /// goes on as it does behind a name.
    fn is_name(&self, goes_on: bool) -> bool {
        let core = &*self.core;
        let has = |marks: &[char]| core.contains(marks);
        let letters = core.chars().any(char::is_alphabetic);
        let marks = ['\\', '@', '.', '-', '_', '+'];
        let whole = core.chars().all(|c| c.is_alphanumeric() || marks.contains(&c));
        if self.done || core.contains("***") || !self.lead.chars().all(|c| OPENING.contains(&c)) {
            return false;
        }
        if self.is_quoted() {
            return !core.is_empty();
        }
        let digits = core.bytes().any(|b| b.is_ascii_digit());
        let numbered = digits && !shape::is_fixed(core);
        let word = goes_on && !digits && !has(&['_', '-']) && !is_in(core, NO_NAMES);
        letters && whole && (has(&['\\', '@']) || numbered || word)
    }

    /// Returns the word with the values between marks left out: `RequestId:7c71aff4`, `1795537917/0`.
    fn pieces(&self, before: &str) -> Option<String> {
        if self.core.contains("***") || !self.core.contains(JOINTS) {
            return None;
        }
        let mut out = String::with_capacity(self.core.len());
        let mut before = before;
        let mut changed = false;
        for piece in self.core.split_inclusive(JOINTS) {
            let word = piece.trim_end_matches(JOINTS);
            let mark = piece.get(word.len()..).unwrap_or_default();
            let around = Around { first: false, before, after: "" };
            let open = out.ends_with('<') && mark.starts_with('>');
            match shape::of(word, around).filter(|_| !open && !is_in(before, NAMING)) {
                Some(kind) => {
                    out.push_str(kind);
                    changed = true;
                }
                None => out.push_str(word),
            }
            out.push_str(mark);
            if matches!(mark, "=" | ":") && !word.is_empty() {
                before = word;
            }
        }
        changed.then_some(out)
    }

    /// Returns whether this tells a time by itself; `None` where it is no part of one.
    fn of_time(&self) -> Option<bool> {
        let core = &*self.core;
        if core == TIME || self.done && core == "time" {
            return Some(true);
        }
        let inner = self.lead.is_empty();
        if inner && (is_in(core, DAYS) || is_in(core, MONTHS) || is_in(core, ZONES)) {
            return Some(false);
        }
        let zone = core.len() == 5 && core.starts_with(['+', '-']);
        (inner && (core == NUMBER || zone)).then_some(false)
    }
}

/// Whether a text has anything that could give way, told by its marks and words: most codes have nothing.
pub(super) fn could_vary(text: &str) -> bool {
    let marked = |b: u8| b.is_ascii_digit() || !b.is_ascii() || b"'\"`/\\".contains(&b);
    let person = |word: &str| is_in(word.trim_matches(EDGES), PERSONS);
    text.bytes().any(marked) || text.split(' ').any(person)
}

/// Cuts off a word that a bound has cut in two, which is another one in each message.
pub(super) fn drop_cut_word(chunks: &mut Vec<Chunk<'_>>) {
    if let Some(last) = chunks.last_mut()
        && last.tail.ends_with('…')
    {
        *last = Chunk { lead: "", core: Cow::Borrowed(""), tail: "…", done: true };
    }
}

/// Puts the kind in place of who stands behind `user`.
pub(super) fn name_persons(chunks: &mut Vec<Chunk<'_>>) {
    for at in 1..chunks.len() {
        if !chunks.get(at - 1).is_some_and(|c| !c.done && is_in(&c.core, PERSONS)) {
            continue;
        }
        let goes_on = chunks.get(at + 1).is_some_and(|next| is_in(&next.core, PREDICATES));
        if let Some(end) = names_end(chunks, at) {
            join(chunks, at, end, USER);
        } else if let Some(chunk) = chunks.get_mut(at).filter(|chunk| chunk.is_name(goes_on)) {
            chunk.put(Some(Cow::Borrowed(USER)));
        }
    }
}

/// Makes one chunk of those from `at` to `end`, inside of the marks around them.
fn join(chunks: &mut Vec<Chunk<'_>>, at: usize, end: usize, kind: &'static str) {
    let lead = chunks.get(at).map_or("", |c| c.lead).trim_end_matches('<');
    let tail = chunks.get(end).map_or("", |c| c.tail).trim_start_matches('>');
    chunks.splice(at..=end, [Chunk { lead, core: Cow::Borrowed(kind), tail, done: true }]);
}

/// Returns where a name of several words ends whose first one is at `at`, behind an opening quote.
fn names_end(chunks: &[Chunk<'_>], at: usize) -> Option<usize> {
    let first = chunks.get(at)?;
    let open = first.lead.chars().next_back().filter(|c| QUOTES.contains(c))?;
    if first.tail.contains(QUOTES) || first.core.contains("***") {
        return None;
    }
    let close = match open {
        '“' => '”',
        '‘' => '’',
        same => same,
    };
    (at + 1..chunks.len().min(at + NAMES)).find(|end| {
        chunks.get(*end).is_some_and(|c| c.tail.starts_with(close) && c.lead.is_empty())
    })
}

/// Lets one unit read as many do: `<n> second` is `<n> seconds`.
pub(super) fn count_units(chunks: &mut [Chunk<'_>]) {
    for at in 1..chunks.len() {
        let counts = chunks.get(at - 1).is_some_and(|c| {
            c.tail.is_empty() && c.core == NUMBER || c.done && c.core == "n" && c.tail == ">"
        });
        let Some(unit) = chunks.get_mut(at).filter(|c| counts && c.lead.is_empty()) else {
            continue;
        };
        if let Some((_, many)) = UNITS.iter().find(|(one, _)| unit.core == *one) {
            unit.core = Cow::Borrowed(many);
        }
    }
}

/// Makes one instant of its parts: `Tue, 24 Nov 2026 16:32:03 GMT`.
pub(super) fn join_times(chunks: &mut Vec<Chunk<'_>>) {
    let mut at = 0;
    while at < chunks.len() {
        let mut end = at;
        let (mut whole, mut parts) = (false, 0);
        while let Some(chunk) = chunks.get(end) {
            let Some(tells) = chunk.of_time() else { break };
            whole |= tells;
            parts += 1;
            end += 1;
            if !matches!(chunk.tail, "" | "," | ">") {
                break;
            }
        }
        if whole && parts > 1 {
            join(chunks, at, end - 1, TIME);
        }
        at = if whole && parts > 1 { at + 1 } else { end.max(at + 1) };
    }
}
