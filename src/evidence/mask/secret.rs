//! Hides a known secret wherever it or a piece of it stands in a text.

use std::borrow::Cow;

use memchr::memmem::Finder;

use super::{MASK, WINDOW};

/// Returns other spellings under which a secret may come back: base64, percent-encoded, JSON-escaped.
pub(super) fn spellings(secret: &str) -> Vec<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;

    const HEX: &[u8; 16] = b"0123456789ABCDEF";

    let mut out = Vec::new();
    if secret.len() >= 6 {
        let standard = STANDARD_NO_PAD.encode(secret);
        // Most have no letter that the two alphabets spell differently.
        let differs = memchr::memchr2(b'+', b'/', standard.as_bytes()).is_some();
        let url_safe = differs.then(|| standard.replace('+', "-").replace('/', "_"));
        out.push(standard);
        out.extend(url_safe);
    }
    if is_plain(secret) {
        return out;
    }
    let mut percent = String::with_capacity(secret.len() + 16);
    for b in secret.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~') {
            percent.push(char::from(b));
        } else {
            percent.push('%');
            percent.extend(
                [b >> 4, b & 15].map(|n| HEX.get(usize::from(n)).map_or('0', |d| char::from(*d))),
            );
        }
    }
    if percent != secret {
        out.push(percent.to_ascii_lowercase());
        out.push(percent);
    }
    if let Ok(escaped) = serde_json::to_string(secret) {
        let inner = escaped.trim_matches('"');
        if inner != secret {
            out.push(inner.to_owned());
        }
    }
    out
}

/// Returns whether neither percent-encoding nor JSON spells a text in another way.
pub(super) fn is_plain(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    // All bytes, so that many are looked at at once.
    text.bytes().fold(true, |plain, b| plain & is_plain(b))
}

/// Bytes of a piece of which every window of a run holds one.
const PIECE: usize = 6;
/// A longer secret is compared by its spellings: it might be made of the first letters of pieces.
const LONGEST: usize = 4 * 1024;

/// Returns whether a run may share a window with a plain secret or with its base64; what it shares with
/// neither is told by a few pieces.
pub(super) fn may_share(run: &str, secret: &str) -> bool {
    if secret.len() > LONGEST {
        return true;
    }
    let secret = secret.as_bytes();
    any_piece(run, |piece| {
        piece.first().is_some_and(|first| {
            memchr::memchr_iter(*first, secret)
                .any(|at| secret.get(at..).is_some_and(|rest| rest.starts_with(piece)))
        })
    })
}

/// Returns whether one of the pieces fits of which a secret holds one if it shares a window with a run.
fn any_piece(run: &str, mut fits: impl FnMut(&[u8]) -> bool) -> bool {
    let run = run.as_bytes();
    let last = run.len().saturating_sub(PIECE);
    // A window of 12 bytes holds one of the pieces whose starts are 7 bytes apart, the first one at 6.
    let enough = run.len().saturating_sub(WINDOW) / (WINDOW - PIECE + 1) + 1;
    let mut starts = (0..enough).map(|nth| (PIECE + nth * (WINDOW - PIECE + 1)).min(last));
    if starts.any(|at| run.get(at..at + PIECE).is_some_and(&mut fits)) {
        return true;
    }
    // A window of base64 holds two groups of four letters, which are six bytes of what is encoded.
    let (mut bits, mut letters) = (0_u64, 0);
    run.iter().any(|letter| {
        let Some(value) = value_of(*letter) else {
            letters = 0;
            return false;
        };
        (bits, letters) = (bits << 6 | u64::from(value), letters + 1);
        let [_, _, bytes @ ..] = bits.to_be_bytes();
        letters >= 2 * 4 && bytes.is_ascii() && fits(&bytes)
    })
}

/// Texts made ready to be held against secret after secret.
#[derive(Debug, Default)]
pub(in crate::evidence) struct Pieces(Vec<Finder<'static>>);

impl Pieces {
    /// Takes from texts what a secret that shares anything with one of them must hold.
    pub(in crate::evidence) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut pieces: Vec<Box<[u8]>> = Vec::new();
        for run in runs(texts) {
            any_piece(run, |piece| {
                pieces.push(piece.into());
                false
            });
        }
        pieces.sort_unstable();
        pieces.dedup();
        Self(pieces.iter().map(|piece| Finder::new(piece).into_owned()).collect())
    }

    /// Returns whether no secret could share anything with the texts.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether a plain secret may share something with one of the texts: as [`may_share`] of their
    /// runs.
    pub(super) fn may_stand_in(&self, secret: &str) -> bool {
        secret.len() > LONGEST || self.0.iter().any(|piece| piece.find(secret.as_bytes()).is_some())
    }
}

/// Returns the runs of texts that are long enough to share something with a secret.
pub(super) fn runs<'t>(texts: impl Iterator<Item = &'t str>) -> impl Iterator<Item = &'t str> {
    texts.flat_map(|text| text.split(' ')).filter(|run| run.len() >= WINDOW)
}

/// Returns what a letter of base64 stands for, in either alphabet.
const fn value_of(letter: u8) -> Option<u8> {
    Some(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// A spelling of a secret, made ready to be looked for in many texts.
#[derive(Debug)]
pub(super) struct Hidden<'s> {
    text: Cow<'s, str>,
    grams: Grams,
}

impl<'s> Hidden<'s> {
    /// Makes a text ready to be looked for.
    pub(super) fn new(text: Cow<'s, str>) -> Self {
        let long = text.len() >= WINDOW;
        let grams = if long { Grams::of(text.as_bytes()) } else { Grams([0; 64]) };
        Self { text, grams }
    }

    /// Masks what text shares with it; `None` where that is nothing.
    pub(super) fn taken_out(&self, text: &str) -> Option<String> {
        if self.text.len() >= WINDOW {
            without_windows(text, &self.text, &self.grams)
        } else {
            without_word(text, &self.text)
        }
    }
}

/// Masks every run of text that shares [`WINDOW`] bytes or more with a secret.
fn without_windows(text: &str, secret: &str, grams: &Grams) -> Option<String> {
    let (bytes, hidden) = (text.as_bytes(), secret.as_bytes());
    if bytes.len() < WINDOW {
        return None;
    }
    let mut out = Vec::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(window) = bytes.get(at..at + WINDOW) {
        // The last gram that is no part of the secret rules out all windows that hold it.
        let miss = window.windows(GRAM).rposition(|gram| !grams.may_hold(gram));
        if let Some(miss) = miss {
            at += miss + 1;
            continue;
        }
        let Some(mut place) = memchr::memmem::find(hidden, window) else {
            at += 1;
            continue;
        };
        let mut end = at + WINDOW;
        place += WINDOW;
        while let (Some(a), Some(b)) = (bytes.get(end), hidden.get(place))
            && a == b
        {
            end += 1;
            place += 1;
        }
        let start = (0..=at).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        let end = (end..=text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(text.len());
        out.extend_from_slice(bytes.get(kept..start.max(kept)).unwrap_or_default());
        out.extend_from_slice(MASK.as_bytes());
        kept = end;
        at = end;
    }
    if kept == 0 {
        return None;
    }
    out.extend_from_slice(bytes.get(kept..).unwrap_or_default());
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// Bytes of a gram.
const GRAM: usize = 4;

/// The four-byte pieces of a secret, hashed into 4,096 bits: a quick "surely not part of it".
#[derive(Debug)]
struct Grams([u64; 64]);

impl Grams {
    fn of(secret: &[u8]) -> Self {
        let mut grams = Self([0; 64]);
        let mut key = 0;
        for (at, b) in secret.iter().enumerate() {
            key = key << 8 | u32::from(*b);
            if at + 1 >= GRAM {
                let (word, bit) = Self::place(key);
                if let Some(word) = grams.0.get_mut(word) {
                    *word |= bit;
                }
            }
        }
        grams
    }

    fn may_hold(&self, gram: &[u8]) -> bool {
        let (word, bit) = Self::place(gram.iter().fold(0, |key, b| key << 8 | u32::from(*b)));
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Returns word and bit of a gram, whose bytes are those of `key`.
    fn place(key: u32) -> (usize, u64) {
        let hash = key.wrapping_mul(0x9e37_79b1) >> 20;
        (hash as usize >> 6, 1 << (hash & 63))
    }
}

/// Masks a short secret where it stands as a word.
fn without_word(text: &str, secret: &str) -> Option<String> {
    if secret.len() < 4 || secret == MASK || !text.contains(secret) {
        return None;
    }
    let word = |c: char| c.is_alphanumeric();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    let mut changed = false;
    while let Some(at) = rest.find(secret) {
        let (head, tail) = rest.split_at(at);
        let after = tail.get(secret.len()..).unwrap_or_default();
        let left = head.chars().next_back().or(before);
        let whole = secret.len() >= 8
            || (!left.is_some_and(word) && !after.chars().next().is_some_and(word));
        out.push_str(head);
        out.push_str(if whole { MASK } else { secret });
        changed |= whole;
        before = secret.chars().next_back();
        rest = after;
    }
    out.push_str(rest);
    changed.then_some(out)
}
