//! Whether a text says its meaning and nothing else: every word is covered by the grammar.

use std::ops::Range;

/// Words beside a subject and its fault that change nothing.
pub(super) const FILLERS: &[&str] = &[
    "~",
    "at",
    "found",
    "provided",
    "given",
    "presented",
    "supplied",
    "sent",
    "been",
    "error",
    "errors",
    "exception",
    "code",
    "auth",
    "authn",
    "oauth",
    "api",
    "v1",
    "v2",
    "e",
    "in",
    "request",
    "http",
    "status",
    "ago",
    "now",
    "since",
    "current",
    "time",
    "utc",
    "invalid_token",
    "set",
    "using",
    "used",
    "all",
    "into",
    "authentication",
    "security",
    "rest",
    "verify",
    "verification",
    "check",
    "validation",
    "specified",
    "correct",
    "correctly",
    "s",
    "here",
    "refresh",
    "renew",
    "obtain",
    "new",
    "again",
    "try",
    "get",
    "one",
    "continue",
    "then",
    // Names of members, read with their texts.
    "fault",
    "reason",
    "detail",
    "details",
    "description",
    "message",
    "msg",
    "text",
    "notice",
    "note",
    "hint",
    "problem",
    "why",
    "info",
];

/// Returns whether every concept outside `allowed` is but another reading of words within it.
pub(super) fn says_no_more(spans: &[(Range<usize>, u32)], allowed: u128) -> bool {
    let is_allowed = |bit: u32| allowed & (1_u128 << bit) != 0;
    spans.iter().filter(|(_, bit)| !is_allowed(*bit)).all(|(range, _)| {
        spans
            .iter()
            .any(|(r, bit)| is_allowed(*bit) && r.start <= range.start && range.end <= r.end)
    })
}

/// Returns whether concepts and fillers cover every word of a clause.
pub(super) fn is_covered(
    normal: &str,
    within: &Range<usize>,
    spans: &[(Range<usize>, u32)],
) -> bool {
    let clause = normal.get(within.clone()).unwrap_or_default();
    let mut at = within.start;
    clause.split(' ').all(|word| {
        let (start, end) = (at, at + word.len());
        at = end + 1;
        word.is_empty()
            || word == "|"
            || word.chars().all(|c| c.is_ascii_digit())
            || FILLERS.contains(&word)
            || covers(spans, start, end)
    })
}

/// Returns whether spans cover a word: one the whole, or in scripts without blanks its greater part.
pub(super) fn covers(spans: &[(Range<usize>, u32)], start: usize, end: usize) -> bool {
    if spans.iter().any(|(range, _)| range.start <= start && end <= range.end) {
        return true;
    }
    let inside = (start..end)
        .filter(|i| spans.iter().any(|(range, _)| range.start <= *i && *i < range.end))
        .count();
    inside * 5 >= (end - start) * 3
}
