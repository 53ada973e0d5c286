//! The general reading: what words mean when nobody knows who speaks.
//!
//! A lexicon turns words into concepts (what it is about, what is wrong with it), rules turn
//! concepts into causes. Both are data, `general/lexicon.toml` and `general/rules.toml`.

use std::sync::{Arc, LazyLock, OnceLock};

use crate::model::CauseId;

mod cover;
mod grammar;
mod known;
mod senses;

use grammar::Grammar;
use known::Known;

/// Circumstances that shift the meaning of words.
#[derive(Clone, Copy, Debug, Default, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states of one thing")]
pub(super) struct Setting {
    /// Response status, 0 when none.
    pub(super) status: u16,
    /// A login request, by its path.
    pub(super) login: bool,
    /// A request to a token endpoint.
    pub(super) grant: bool,
    /// `grant_type=refresh_token`.
    pub(super) refresh: bool,
    /// `grant_type=authorization_code`.
    pub(super) code: bool,
    /// `grant_type=password`.
    pub(super) password: bool,
    /// Basic was sent, or only Basic is challenged.
    pub(super) basic: bool,
    /// Digest was sent or challenged.
    pub(super) digest: bool,
    /// Bearer was sent or challenged.
    pub(super) bearer: bool,
    /// AWS signature version 4 was sent.
    pub(super) sigv4: bool,
    /// The request carries a signature of its own, in a field or in the query.
    pub(super) signed: bool,
    /// The target is a signed one with an end: `X-Amz-Expires`, `Expires` beside `Signature`, `se` beside `sig`.
    pub(super) presigned: bool,
    /// The path is one of tokens as things: `/v1/tokens/7`.
    pub(super) tokens: bool,
    /// The path names one of many sessions: `/conference/sessions/9`.
    pub(super) sessions: bool,
    /// The answer challenges.
    pub(super) challenged: bool,
    /// The text is all that the answer says.
    pub(super) alone: bool,
}

impl Setting {
    /// Returns whether the answer is about auth whatever its words are.
    pub(super) const fn is_auth(self) -> bool {
        matches!(self.status, 401 | 403 | 407 | 419 | 429 | 431 | 440 | 494 | 498 | 511)
            || self.grant
            || self.login
            || self.challenged
    }
}

/// What the general reading makes of a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Meaning {
    /// Causes, likeliest first; empty where the words name none.
    pub(super) causes: Vec<CauseId>,
    /// Several causes are common under these words.
    pub(super) vague: bool,
    /// Index of the rule: the smaller, the more telling.
    pub(super) rank: usize,
    /// The words speak of something else.
    pub(super) ignore: bool,
    /// Nothing but the meaning is said: every word of the clause is one of the grammar, no
    /// alternatives are joined, and no other clause names another cause.
    pub(super) plain: bool,
}

/// Reads a text; `None` when it holds no words of auth.
///
/// Servers say the same few texts again and again; what was read before is remembered.
pub(super) fn read(text: &str, setting: Setting) -> Option<Arc<Meaning>> {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(Known::default).meaning(text, setting, || read_anew(text, setting))
}

/// Reads lexicon and rules now: else the first text has to wait for it.
pub(super) fn prepare() {
    LazyLock::force(&GRAMMAR);
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(Grammar::embedded);

fn read_anew(text: &str, setting: Setting) -> Option<Meaning> {
    let grammar = &*GRAMMAR;
    let tells = |m: &Meaning| !m.vague && !m.ignore && !m.causes.is_empty();
    // What a code heads is the reason; what stands before it says only what was tried.
    if let Some(meaning) = from_code(text).and_then(|rest| grammar.read(rest, setting))
        && tells(&meaning)
    {
        return Some(meaning);
    }
    let whole = grammar.read(text, setting);
    // The name of the status says nothing, but stands in the way of what follows it.
    match from_status(text) {
        Some(rest) if !whole.as_ref().is_some_and(tells) => {
            grammar.read(rest, setting).filter(tells).or(whole)
        }
        _ => whole,
    }
}

/// Returns the text from a code on that heads a later sentence: `Unable to verify. bad_signature: …`.
fn from_code(text: &str) -> Option<&str> {
    let at = text.match_indices(". ").map(|(at, _)| at + 2).find(|at| {
        let head = text.get(*at..).and_then(|rest| rest.split_once(':')).map(|(head, _)| head);
        head.is_some_and(|head| {
            head.contains('_') && head.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        })
    })?;
    text.get(at..)
}

/// Returns what follows the name of a status: `unauthorized: …`.
fn from_status(text: &str) -> Option<&str> {
    let (head, rest) = text.split_once(": ")?;
    ["unauthorized", "forbidden", "401 unauthorized", "403 forbidden"]
        .iter()
        .any(|name| head.trim().eq_ignore_ascii_case(name))
        .then(|| rest.trim_start())
}

/// Returns the causes that rules name.
#[cfg(test)]
pub(super) fn causes() -> Vec<CauseId> {
    Grammar::embedded().causes()
}
