//! Where the quotes of a line stand, and what else of it asks for more care: one look at its bytes, 64 at
//! once.
//!
//! All that the quick reading of a line asks follows from this look: where each string ends, whether
//! anything is escaped, whether all of it is text, and where the line itself ends.

use memchr::memchr;

use crate::input::scan::escaped;

/// Bytes looked at in one step.
const STEP: usize = 64;

/// What one look at a line found, but for what [`Look`] says.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    /// Quotes that no backslash escapes, a bit for each byte of the line, the first in the lowest one.
    quotes: Vec<u64>,
    /// The same of backslashes; empty where there is none.
    slashes: Vec<u64>,
}

/// A line that was looked at, by whoever holds its [`Marks`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::input) struct Look<'v> {
    /// The line, without its end.
    pub(in crate::input) line: &'v [u8],
    /// Whether its end, `\n`, was found.
    pub(in crate::input) ended: bool,
    /// The same as text, without `\r` at the end; `None` where it is none, or may need a repair: it holds a
    /// control character, or a backslash that escapes nothing.
    pub(in crate::input) text: Option<&'v str>,
}

/// What stands where in one step, a bit for each byte, the first in the lowest one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Odd {
    slashes: u64,
    /// Line breaks.
    breaks: u64,
    /// Control characters, line breaks too.
    controls: u64,
    /// Bytes beyond ASCII.
    high: u64,
}

impl Marks {
    /// Looks at the line that `bytes` begin with.
    pub(super) fn look<'v>(&mut self, bytes: &'v [u8]) -> Look<'v> {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            #[allow(
                unsafe_code,
                reason = "a program for every x86-64 reaches wide vectors no other way"
            )]
            // SAFETY: the processor has AVX2, as it was asked just before.
            return unsafe { self.look_widely(bytes) };
        }
        self.look_by(bytes, words::quotes, words::odd)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn look_widely<'v>(&mut self, bytes: &'v [u8]) -> Look<'v> {
        // Closures have the features of the function that they stand in.
        self.look_by(bytes, |step| wide::quotes(step), |step| wide::odd(step))
    }

    #[allow(clippy::inline_always, reason = "it is compiled for the vectors of whoever calls it")]
    #[inline(always)]
    fn look_by<'v>(
        &mut self,
        bytes: &'v [u8],
        quotes_of: impl Fn(&[u8; STEP]) -> (u64, u64),
        odd_of: impl Fn(&[u8; STEP]) -> Odd,
    ) -> Look<'v> {
        self.quotes.clear();
        self.slashes.clear();
        let (mut at, mut carry, mut any) = (0, 0, Odd::default());
        let (mut length, mut ended) = (bytes.len(), false);
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty() && !ended) {
            let mut padded = [b' '; STEP];
            let step = rest.first_chunk().unwrap_or_else(|| {
                padded.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                &padded
            });
            let (mut quotes, odd) = quotes_of(step);
            if odd | carry != 0 {
                let mut odd = odd_of(step);
                if odd.breaks != 0 {
                    let found = odd.breaks.trailing_zeros();
                    let before = (1 << found) - 1;
                    (ended, length) = (true, at + found as usize);
                    (quotes, odd) = (quotes & before, odd.within(before));
                }
                if odd.slashes != 0 {
                    self.slashes.resize(self.quotes.len(), 0);
                    self.slashes.push(odd.slashes);
                }
                quotes &= !escaped(odd.slashes, &mut carry);
                any = any.or(odd);
            }
            self.quotes.push(quotes);
            at += STEP;
        }
        let line = bytes.get(..length).unwrap_or_default();
        let cut = line.strip_suffix(b"\r").unwrap_or(line);
        let is_odd = any.controls != 0 && cut.iter().any(|b| *b < b' ');
        let sound = !is_odd && (any.slashes == 0 || are_escapes_sound(cut));
        let text = if sound { text(cut, any.high == 0) } else { None };
        Look { line, ended, text }
    }

    /// Returns the index of the first quote at or after `from` that no backslash escapes.
    #[inline]
    pub(super) fn quote(&self, from: usize) -> Option<usize> {
        let mut word = from / STEP;
        let mut bits = self.quotes.get(word)? & (u64::MAX << (from % STEP));
        while bits == 0 {
            word += 1;
            bits = *self.quotes.get(word)?;
        }
        Some(word * STEP + bits.trailing_zeros() as usize)
    }

    /// Returns whether a backslash stands in `from..to`.
    #[inline]
    pub(super) fn has_slash(&self, from: usize, to: usize) -> bool {
        !self.slashes.is_empty() && self.has_slash_at(from, to)
    }

    fn has_slash_at(&self, from: usize, to: usize) -> bool {
        let bits = |word: usize| self.slashes.get(word).copied().unwrap_or_default();
        let (first, last) = (from / STEP, to / STEP);
        let above = u64::MAX << (from % STEP);
        let below = (1 << (to % STEP)) - 1;
        if first == last {
            return from < to && bits(first) & above & below != 0;
        }
        bits(first) & above != 0
            || bits(last) & below != 0
            || (first + 1..last).any(|word| bits(word) != 0)
    }
}

/// Reads a line as text; `is_ascii` says that [`Marks::look_by`] saw no byte in it that has the highest bit.
fn text(line: &[u8], is_ascii: bool) -> Option<&str> {
    if !is_ascii {
        return std::str::from_utf8(line).ok();
    }
    debug_assert!(line.is_ascii(), "the look missed a byte");
    #[allow(unsafe_code, reason = "to look at all bytes once more takes as long as all else here")]
    // SAFETY: the only caller, `Marks::look_by`, looked at every byte of the line, and none has the highest
    // bit: so each is a character (RFC 3629, section 3).
    Some(unsafe { std::str::from_utf8_unchecked(line) })
}

/// Returns whether every escape is one of JSON (RFC 8259, section 7), and none half a character.
fn are_escapes_sound(line: &[u8]) -> bool {
    let mut rest = line;
    while let Some(at) = memchr(b'\\', rest) {
        let after = rest.get(at + 1..).unwrap_or_default();
        let length = match after {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 1,
            [b'u', a, b, c, d, ..]
                if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit())
                    && (!matches!(a, b'd' | b'D') || (b'0'..=b'7').contains(b)) =>
            {
                5
            }
            _ => return false,
        };
        rest = after.get(length..).unwrap_or_default();
    }
    true
}

impl Odd {
    fn within(self, before: u64) -> Self {
        let Self { slashes, breaks, controls, high } = self;
        Self {
            slashes: slashes & before,
            breaks: breaks & before,
            controls: controls & before,
            high: high & before,
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            slashes: self.slashes | other.slashes,
            breaks: self.breaks | other.breaks,
            controls: self.controls | other.controls,
            high: self.high | other.high,
        }
    }
}

/// With vectors of 32 bytes.
#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::{
        __m256i, _mm256_cmpeq_epi8, _mm256_cmpgt_epi8, _mm256_min_epu8, _mm256_movemask_epi8,
        _mm256_or_si256, _mm256_set1_epi8,
    };

    use super::{Odd, STEP};
    use crate::input::scan::{equal, halves};

    /// Returns where quotes stand, and where anything odd does.
    #[target_feature(enable = "avx2")]
    #[inline]
    pub(super) fn quotes(step: &[u8; STEP]) -> (u64, u64) {
        let (low, high) = halves(step);
        // Bytes beyond ASCII are negative here.
        let odd = |half| {
            let slash = _mm256_cmpeq_epi8(half, _mm256_set1_epi8(b'\\'.cast_signed()));
            let below = _mm256_cmpgt_epi8(_mm256_set1_epi8(b' '.cast_signed()), half);
            _mm256_or_si256(slash, below)
        };
        (equal(low, high, b'"'), bits(odd(low), odd(high)))
    }

    /// Returns where what is odd stands.
    #[target_feature(enable = "avx2")]
    #[inline]
    pub(super) fn odd(step: &[u8; STEP]) -> Odd {
        let (low, high) = halves(step);
        let last = _mm256_set1_epi8(0x1F);
        let control = |half| _mm256_cmpeq_epi8(_mm256_min_epu8(half, last), half);
        Odd {
            slashes: equal(low, high, b'\\'),
            breaks: equal(low, high, b'\n'),
            controls: bits(control(low), control(high)),
            high: bits(low, high),
        }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn bits(low: __m256i, high: __m256i) -> u64 {
        let mask = |half| u64::from(_mm256_movemask_epi8(half).cast_unsigned());
        mask(low) | mask(high) << 32
    }
}

/// With words of eight bytes.
mod words {
    use super::{Odd, STEP};

    const LOW: u64 = u64::MAX / 255;
    const HIGH: u64 = LOW << 7;

    /// Returns where quotes stand, and where anything odd does.
    pub(super) fn quotes(step: &[u8; STEP]) -> (u64, u64) {
        let odd = odd(step);
        (
            bits(step, |word| zeros(word ^ (LOW * u64::from(b'"')))),
            odd.slashes | odd.controls | odd.high,
        )
    }

    /// Returns where what is odd stands.
    pub(super) fn odd(step: &[u8; STEP]) -> Odd {
        let equal = |byte: u8| bits(step, |word| zeros(word ^ (LOW * u64::from(byte))));
        Odd {
            slashes: equal(b'\\'),
            breaks: equal(b'\n'),
            // No byte below 0x20 has one of its three highest bits.
            controls: bits(step, |word| zeros(word & (LOW * 0xE0))),
            high: bits(step, |word| word & HIGH),
        }
    }

    /// Sets the highest bit of each byte that is zero, and no other.
    fn zeros(word: u64) -> u64 {
        let low = (word & !HIGH) + !HIGH;
        !(low | word) & HIGH
    }

    /// Gathers the highest bits of all bytes.
    fn bits(step: &[u8; STEP], of: impl Fn(u64) -> u64) -> u64 {
        let (words, _) = step.as_chunks::<8>();
        words.iter().enumerate().fold(0, |bits, (n, word)| {
            let high = of(u64::from_le_bytes(*word)) & HIGH;
            // Each bit is moved to a place of its own in the highest byte.
            let eight = (high >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
            bits | eight << (8 * n)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same byte for byte.
    fn slowly(bytes: &[u8]) -> (Look<'_>, Vec<usize>, Vec<usize>) {
        let end = bytes.iter().position(|b| *b == b'\n');
        let line = &bytes[..end.unwrap_or(bytes.len())];
        let slashes: Vec<usize> = (0..line.len()).filter(|at| line[*at] == b'\\').collect();
        let escaped =
            |at: usize| line[..at].iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1;
        let quotes: Vec<usize> =
            (0..line.len()).filter(|at| line[*at] == b'"' && !escaped(*at)).collect();
        let cut = line.strip_suffix(b"\r").unwrap_or(line);
        let is_sound = |text: &&str| {
            let inside = text.char_indices().filter(|(at, _)| !quotes.contains(at));
            let quoted = format!("\"{}\"", inside.map(|(_, c)| c).collect::<String>());
            text.bytes().all(|b| b >= b' ') && serde_json::from_str::<String>(&quoted).is_ok()
        };
        let text = std::str::from_utf8(cut).ok().filter(is_sound);
        (Look { line, ended: end.is_some(), text }, quotes, slashes)
    }

    fn same(marks: &Marks, look: Look<'_>, bytes: &[u8]) {
        let (wanted, quotes, slashes) = slowly(bytes);
        assert_eq!(look, wanted);
        for from in 0..=bytes.len() {
            assert_eq!(marks.quote(from), quotes.iter().copied().find(|at| *at >= from), "{from}");
            for to in from..=wanted.line.len() {
                let any = slashes.iter().any(|at| (from..to).contains(at));
                assert_eq!(marks.has_slash(from, to), any, "{from}..{to}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_look_finds_what_every_byte_tells(
            parts in prop::collection::vec(
                prop_oneof![
                    Just("\"".to_owned()), Just("\\".to_owned()), Just("\\\"".to_owned()),
                    Just("\n".to_owned()), Just("\r".to_owned()), Just("\u{1f}".to_owned()),
                    Just("\u{7f}".to_owned()), Just("\u{e9}".to_owned()), Just("\u{b}".to_owned()),
                    // Escapes by number: of letters, of half a character, and one that is none.
                    Just("\\u00e9".to_owned()), Just("\\uD7ff".to_owned()), Just("\\ud83d".to_owned()),
                    Just("\\uD800".to_owned()), Just("\\u12g4".to_owned()), "[a-z]{1,70}", "[#!\\]b]{1,9}",
                ],
                0..24,
            ),
            broken in any::<bool>(),
        ) {
            let mut bytes = parts.concat().into_bytes();
            if broken {
                bytes.push(0xC3);
            }
            let mut marks = Marks::default();
            // What was looked at before must not show.
            marks.look(&b"\\\"".repeat(90));
            let look = marks.look(&bytes);
            same(&marks, look, &bytes);
            let look = marks.look_by(&bytes, words::quotes, words::odd);
            same(&marks, look, &bytes);
        }
    }

    #[test]
    fn a_quote_is_escaped_on_either_side_of_a_step() {
        let mut marks = Marks::default();
        for before in STEP - 4..STEP + 4 {
            for slashes in 0..4 {
                for after in [0, STEP + 9] {
                    let (start, end) = ("a".repeat(before), "b".repeat(after));
                    let line = format!("{start}{}\"{end}\"", "\\".repeat(slashes));
                    let look = marks.look(line.as_bytes());
                    same(&marks, look, line.as_bytes());
                    let look = marks.look_by(line.as_bytes(), words::quotes, words::odd);
                    same(&marks, look, line.as_bytes());
                }
            }
        }
    }
}
