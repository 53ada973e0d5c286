//! Words of auth that are words of the street too: which of them speak of something else.

use std::ops::Range;

use super::cover::{FILLERS, covers};

/// Words of auth that are words of the street too, where another noun beside them says so: behind them
/// only, or on either side.
pub(super) const HOMONYMS: &[(&str, Beside)] = &[
    ("sign", Beside::Either),
    ("signature", Beside::Either),
    ("ticket", Beside::Either),
    // "customer token expired" may be one of auth, "token ring" is none.
    ("token", Beside::Behind),
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Beside {
    Behind,
    Either,
}

/// Words beside a homonym that make no compound with it.
pub(super) const JOINTS: &[&str] = &[
    "not", "no", "or", "but", "because", "has", "have", "with", "without", "must", "should",
    "will", "there", "what", "than", "then", "before", "after", "until", "while", "only", "too",
    "yet", "still", "already", "longer", "seems", "appears", "looks", "got", "become", "became",
    "contains", "contain", "your", "their", "his", "her", "some", "each", "every", "same", "other",
    "another", "valid", "sorry", "oops", "hello", "dear", "using", "via", "per", "off", "out",
    "over", "under", "between", "during", "against", "about", "within", "whose", "who", "how",
    "why", "where", "cannot", "need", "needs", "needed", "first", "last", "previous", "next",
    "old", "new", "original", "own",
];

/// Drops the concepts of words that stand in a compound with a word that is none of auth, wherever they
/// stand in the text: in "sign is not a valid zodiac sign" no sign is a signature. A coupon token is no
/// token, and what has a number is one of many records: "ticket 77".
pub(super) fn drop_other_senses(normal: &str, thing: u128, spans: &mut Vec<(Range<usize>, u32)>) {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for word in normal.split(' ') {
        if !word.is_empty() {
            words.push(at..at + word.len());
        }
        at += word.len() + 1;
    }
    let text = |range: &Range<usize>| normal.get(range.clone()).unwrap_or_default();
    let is_thing = |range: &Range<usize>| {
        spans.iter().any(|(span, bit)| {
            thing >> bit & 1 == 1 && span.start <= range.start && range.end <= span.end
        })
    };
    let is_foreign = |range: &Range<usize>| {
        let word = text(range);
        word.len() > 2
            && word.bytes().all(|b| b.is_ascii_lowercase())
            && !FILLERS.contains(&word)
            && !JOINTS.contains(&word)
            && !covers(spans, range.start, range.end)
    };
    let mut dropped = 0_u128;
    for (nth, range) in words.iter().enumerate() {
        let Some((_, beside)) = HOMONYMS.iter().find(|(word, _)| *word == text(range)) else {
            continue;
        };
        let before = nth.checked_sub(1).and_then(|n| words.get(n));
        let after = words.get(nth + 1);
        let foreign = after.is_some_and(is_foreign)
            || *beside == Beside::Either && before.is_some_and(is_foreign);
        let numbered = after.is_some_and(|r| text(r).bytes().all(|b| b.is_ascii_digit()));
        // An address of a token is one of a coin.
        let of_token = *beside == Beside::Behind && after.is_some_and(is_thing);
        if foreign || numbered || of_token || before.is_some_and(is_thing) {
            let here = spans.iter().filter(|(span, _)| covers_exactly(normal, span, range));
            dropped = here.fold(dropped, |bits, (_, bit)| bits | 1 << bit);
        }
    }
    if dropped != 0 {
        spans.retain(|(span, bit)| dropped >> bit & 1 == 0 || text(span).trim().contains(' '));
    }
}

/// Returns whether a span is this one word, blanks aside.
pub(super) fn covers_exactly(normal: &str, span: &Range<usize>, word: &Range<usize>) -> bool {
    let of = |range: &Range<usize>| normal.get(range.clone()).unwrap_or_default().trim();
    span.start <= word.start && word.end <= span.end && of(span) == of(word)
}
