//! What stands between two blanks: a word with the marks around it.

use std::borrow::Cow;

use super::shape::{self, Around, NUMBER, PATH, TIME, URL, USER, VALUE};
use super::words::{
    DAYS, MONTHS, NAMING, NO_NAMES, PERSONS, PREDICATES, UNITS, VALUED, ZONES, is_in,
};

/// Marks at the edges of a word.
const EDGES: &[char] = &[
    '(', ')', '[', ']', '{', '}', '<', '>', '"', '\'', '`', '“', '”', '‘', '’', ',', ';', ':', '.',
    '!', '?', '…',
];
const QUOTES: &[char] = &['"', '\'', '`', '“', '”', '‘', '’'];
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
    pub(super) fn word(&self) -> String {
        self.core.clone().into_owned()
    }

    /// Returns the text of the chunk.
    pub(super) fn into_text(self) -> String {
        format!("{}{}{}", self.lead, self.core, self.tail)
    }

    /// Looks at the only word of a text: a code, unless it can be nothing but an id.
    pub(super) fn alone(&mut self) {
        let around = Around { first: true, before: "", after: "" };
        if shape::is_plain_id(&self.core) {
            self.put(shape::ID);
        } else if let Some(kind @ (URL | PATH | USER)) = shape::of(&self.core, around) {
            self.put(kind);
        } else if self.core.contains(['=', ':']) {
            self.fill_pieces("");
        }
    }

    /// Puts the kind in place of a value, or of the values in it.
    pub(super) fn fill(&mut self, first: bool, before: &str, after: &str) {
        if self.done || self.core.is_empty() {
            return;
        }
        if is_in(before, NAMING) {
            return;
        }
        if self.is_quoted() && self.is_value(before) {
            return self.put(VALUE);
        }
        match shape::of(&self.core, Around { first, before, after }) {
            Some(kind) => self.put(kind),
            None => self.fill_pieces(before),
        }
    }

    fn put(&mut self, kind: &'static str) {
        self.core = Cow::Borrowed(kind);
        self.done = true;
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

    /// Looks at the pieces between marks: `RequestId:7c71aff4`, `1795537917/0`.
    fn fill_pieces(&mut self, before: &str) {
        if self.core.contains("***") || !self.core.contains(JOINTS) {
            return;
        }
        let mut out = String::with_capacity(self.core.len());
        let mut before = before.to_owned();
        let mut changed = false;
        for piece in self.core.split_inclusive(JOINTS) {
            let word = piece.trim_end_matches(JOINTS);
            let mark = piece.get(word.len()..).unwrap_or_default();
            let around = Around { first: false, before: &before, after: "" };
            let open = out.ends_with('<') && mark.starts_with('>');
            match shape::of(word, around).filter(|_| !open && !is_in(&before, NAMING)) {
                Some(kind) => {
                    out.push_str(kind);
                    changed = true;
                }
                None => out.push_str(word),
            }
            out.push_str(mark);
            if matches!(mark, "=" | ":") && !word.is_empty() {
                word.clone_into(&mut before);
            }
        }
        if changed {
            self.core = Cow::Owned(out);
            self.done = true;
        }
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

/// Cuts off a word that a bound has cut in two, which is another one in each message.
pub(super) fn drop_cut_word(chunks: &mut Vec<Chunk<'_>>) {
    if let Some(last) = chunks.last_mut()
        && last.tail.ends_with('…')
    {
        *last = Chunk { lead: "", core: Cow::Borrowed(""), tail: "…", done: true };
    }
}

/// Puts the kind in place of who stands behind `user`: in quotes, with marks or digits of a name, or
/// where the sentence goes on as it does behind a name.
pub(super) fn name_persons(chunks: &mut Vec<Chunk<'_>>) {
    for at in 1..chunks.len() {
        let noun = chunks.get(at - 1).is_some_and(|c| !c.done && is_in(&c.core, PERSONS));
        if !noun {
            continue;
        }
        let goes_on = chunks.get(at + 1).is_some_and(|next| is_in(&next.core, PREDICATES));
        let last = names_end(chunks, at);
        let Some(chunk) = chunks.get_mut(at) else { continue };
        if let Some(end) = last {
            chunk.put(USER);
            if let Some(tail) = chunks.get(end).map(|c| c.tail)
                && let Some(chunk) = chunks.get_mut(at)
            {
                chunk.tail = tail;
            }
            chunks.drain(at + 1..=end);
            continue;
        }
        let core = &*chunk.core;
        let plain = !core.is_empty() && core.chars().all(char::is_alphabetic);
        let name = if chunk.is_quoted() {
            !core.is_empty() && !core.contains("***")
        } else if plain {
            goes_on && !is_in(core, NO_NAMES)
        } else {
            core.contains(['\\', '@', '.', '-', '_']) && is_name(core)
                || core.bytes().any(|b| b.is_ascii_digit())
                    && core.bytes().any(|b| b.is_ascii_alphabetic())
                    && is_name(core)
        };
        if name
            && !chunk.done
            && chunk.lead.trim_matches(['<', '[', '(']).chars().all(|c| QUOTES.contains(&c))
        {
            chunk.put(USER);
        }
    }
}

/// Letters, digits and the marks of names.
fn is_name(core: &str) -> bool {
    core.chars().all(|c| c.is_alphanumeric() || matches!(c, '\\' | '@' | '.' | '-' | '_' | '+'))
        && core.chars().any(char::is_alphabetic)
        && !core.contains("***")
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
            let first = chunks.get(at).map_or("", |c| c.lead);
            let last = chunks.get(end - 1).map_or("", |c| c.tail);
            let joined = Chunk {
                lead: first.trim_end_matches('<'),
                core: Cow::Borrowed(TIME),
                tail: last.trim_start_matches('>'),
                done: true,
            };
            chunks.splice(at..end, [joined]);
        }
        at = if whole && parts > 1 { at + 1 } else { end.max(at + 1) };
    }
}
