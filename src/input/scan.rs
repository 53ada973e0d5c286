//! Finds the ends of strings and brackets in JSON text without reading what lies between.
//!
//! Nothing is validated here: a string ends at the next quote that no backslash escapes, a container
//! where its brackets balance outside strings. Most bytes of a capture are bodies, and many of them
//! are JSON inside JSON, with an escaped quote every few bytes. So a step does not stop at each
//! backslash: it asks 64 bytes at once whether any quote may be the end, which is one that no backslash or
//! two backslashes precede. Only where one may, each byte becomes a bit, and which quotes are escaped follows
//! from sums of these bits. Without wide vectors the same question is a loop that the compiler turns into
//! vectors of any processor.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m256i, _mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set_epi64x,
    _mm256_set1_epi8,
};

use memchr::memchr;

/// Bytes looked at in one step.
const STEP: usize = 64;

/// Words of eight bytes that are tried first: most strings are short.
const SHORT_WORDS: usize = 4;

/// Returns the index of the quote that ends the string whose inside starts at `from`, and whether
/// the inside may hold a backslash; `None` when `bytes` end first.
#[inline]
pub(super) fn string_end(bytes: &[u8], from: usize) -> Option<(usize, bool)> {
    let mut at = from;
    for _ in 0..SHORT_WORDS {
        let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) else { break };
        let hits = quote_or_slash(u64::from_le_bytes(*word));
        if hits != 0 {
            at += hits.trailing_zeros() as usize / 8;
            if bytes.get(at) == Some(&b'"') {
                return Some((at, false));
            }
            break;
        }
        at += 8;
    }
    Some((long_string_end(bytes, from, at)?, true))
}

/// Returns the index of the quote that ends a string; none stands between `from` and `at`.
#[inline]
fn long_string_end(bytes: &[u8], from: usize, at: usize) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[allow(
            unsafe_code,
            reason = "a program for every x86-64 reaches wide vectors no other way"
        )]
        // SAFETY: the processor has AVX2, as it was asked just before.
        return unsafe { in_wide_steps(bytes, from, at) };
    }
    in_steps(bytes, from, at)
}

/// The same as [`in_steps`] for processors with vectors of 32 bytes: two and a half times as fast as to take the
/// bits of every step.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn in_wide_steps(bytes: &[u8], from: usize, mut at: usize) -> Option<usize> {
    loop {
        let shifted = at.checked_sub(2).and_then(|start| bytes.get(start..)?.first_chunk());
        let Some(shifted) = shifted else { break };
        // What stands before the string escapes nothing in it.
        if at < from + 2 || may_hold_the_end(shifted) {
            let step = shifted.last_chunk::<STEP>()?;
            let before = bytes.get(from..at)?.iter().rev().take_while(|b| **b == b'\\').count();
            let (quotes, slashes) = marks(step);
            let ends = quotes & !escaped(slashes, &mut u64::from(before % 2 == 1));
            if ends != 0 {
                return Some(at + ends.trailing_zeros() as usize);
            }
        }
        at += STEP;
    }
    bare_quote(bytes, from, at, bytes.len())
}

/// Returns where quotes and where backslashes stand, the first byte in the lowest bit.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
fn marks(step: &[u8; STEP]) -> (u64, u64) {
    let (low, high) = halves(step);
    (equal(low, high, b'"'), equal(low, high, b'\\'))
}

/// Loads a step.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn halves(step: &[u8; STEP]) -> (__m256i, __m256i) {
    let half = |from: usize| {
        let word = |n: usize| {
            let bytes = step.get(from + 8 * n..).and_then(|rest| rest.first_chunk::<8>());
            i64::from_le_bytes(bytes.copied().unwrap_or_default())
        };
        // The compiler makes one load of it.
        _mm256_set_epi64x(word(3), word(2), word(1), word(0))
    };
    (half(0), half(32))
}

/// Returns which bytes of a step are this one, the first in the lowest bit.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn equal(low: __m256i, high: __m256i, byte: u8) -> u64 {
    let wanted = _mm256_set1_epi8(byte.cast_signed());
    let mask = |half| _mm256_movemask_epi8(_mm256_cmpeq_epi8(half, wanted)).cast_unsigned();
    u64::from(mask(low)) | u64::from(mask(high)) << 32
}

/// Returns where brackets open and where they close, the first byte in the lowest bit.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
fn brackets(step: &[u8; STEP]) -> (u64, u64) {
    let (low, high) = halves(step);
    // With this bit set, a square bracket is the curly one of its side.
    let bit = _mm256_set1_epi8(0x20);
    let (low, high) = (_mm256_or_si256(low, bit), _mm256_or_si256(high, bit));
    (equal(low, high, b'{'), equal(low, high, b'}'))
}

/// Returns, for each bit, whether an odd number of bits is set up to it and with it: the inside of strings
/// and their first quotes, where the bits are quotes.
#[cfg(target_arch = "x86_64")]
#[inline]
fn odd_so_far(bits: u64) -> u64 {
    [1, 2, 4, 8, 16, 32].into_iter().fold(bits, |odd, by| odd ^ odd << by)
}

/// Returns which bytes are escaped by a backslash before them; `carry` says so of the first one, and
/// then of the one that follows.
///
/// A run of backslashes that starts at an even bit and one that starts at an odd bit are told apart by
/// what a subtraction leaves behind them (Langdale and Lemire, "Parsing Gigabytes of JSON per Second",
/// section 3.1.1, in its shorter form of simdjson).
#[inline]
pub(super) fn escaped(slashes: u64, carry: &mut u64) -> u64 {
    const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;
    let starts = slashes & !*carry;
    let behind = starts << 1;
    let ends = (behind | ODD).wrapping_sub(starts) ^ ODD;
    let escaped = ends ^ (slashes | *carry);
    *carry = (ends & slashes) >> 63;
    escaped
}

/// Returns the index of the quote that ends a string, a step of 64 bytes at a time.
#[allow(clippy::inline_always, reason = "it is compiled for the vectors of whoever calls it")]
#[inline(always)]
fn in_steps(bytes: &[u8], from: usize, mut at: usize) -> Option<usize> {
    loop {
        let shifted = at.checked_sub(2).and_then(|start| bytes.get(start..)?.first_chunk());
        let Some(shifted) = shifted else { break };
        if may_hold_the_end(shifted)
            && let Some(end) = bare_quote(bytes, from, at, at + STEP)
        {
            return Some(end);
        }
        at += STEP;
    }
    bare_quote(bytes, from, at, bytes.len())
}

/// Returns whether a quote stands in `bytes[2..]` after anything but exactly one backslash.
#[allow(clippy::inline_always, reason = "it is compiled for the vectors of whoever calls it")]
#[inline(always)]
fn may_hold_the_end(bytes: &[u8; STEP + 2]) -> bool {
    let mut found = 0;
    for i in 0..STEP {
        let is_quote = u8::from(bytes[i + 2] == b'"');
        found |= is_quote & (u8::from(bytes[i + 1] != b'\\') | u8::from(bytes[i] == b'\\'));
    }
    found != 0
}

/// Returns the index of the first quote in `at..to` that no backslash escapes; the string's inside
/// starts at `from`.
fn bare_quote(bytes: &[u8], from: usize, mut at: usize, to: usize) -> Option<usize> {
    loop {
        at += memchr(b'"', bytes.get(at..to)?)?;
        let before = bytes.get(from..at)?;
        let slashes = before.iter().rev().take_while(|b| **b == b'\\').count();
        if slashes % 2 == 0 {
            return Some(at);
        }
        at += 1;
    }
}

/// Returns the index after the bracket that closes the one at `from`; `None` when `bytes` end first.
///
/// Brackets of both kinds count alike: `[}` balances.
#[inline]
pub(super) fn container_end(bytes: &[u8], from: usize) -> Option<usize> {
    // Lists of cookies and parameters are often empty.
    if let Some([b'{', b'}', ..] | [b'[', b']', ..]) = bytes.get(from..) {
        return Some(from + 2);
    }
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("popcnt")
    {
        #[allow(
            unsafe_code,
            reason = "a program for every x86-64 reaches wide vectors no other way"
        )]
        // SAFETY: the processor has AVX2 and POPCNT, as it was asked just before.
        let found = unsafe { container_end_in_wide_steps(bytes, from) };
        if let Ok(found) = found {
            return found;
        }
    }
    container_end_by_bytes(bytes, from)
}

/// [`container_end`], a byte or a string at a time.
fn container_end_by_bytes(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    let mut depth = 0_usize;
    loop {
        match *bytes.get(at)? {
            b'"' => at = string_end(bytes, at + 1)?.0,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b' ' => {
                at = skip_blanks(bytes, at);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
}

/// Something that only a look at every byte tells.
#[cfg(target_arch = "x86_64")]
struct Odd;

/// [`container_end`], 64 bytes at a time: brackets are counted where no string is, and looked at one by one
/// only where the last of them may close.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn container_end_in_wide_steps(bytes: &[u8], from: usize) -> Result<Option<usize>, Odd> {
    let Some(b'{' | b'[') = bytes.get(from) else { return Err(Odd) };
    let (mut at, mut depth) = (from, 0_u64);
    // Whether the first byte of a step is escaped, and whether it is in a string: all bits or none.
    let (mut carry, mut quoted) = (0, 0);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let mut padded = [b' '; STEP];
        let step = if let Some(step) = rest.first_chunk::<STEP>() {
            step
        } else {
            padded.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
            &padded
        };
        let (mut quotes, slashes) = marks(step);
        if slashes | carry != 0 {
            quotes &= !escaped(slashes, &mut carry);
        }
        let inside = odd_so_far(quotes) ^ quoted;
        // Outside a string a backslash escapes nothing.
        if slashes & !inside != 0 {
            return Err(Odd);
        }
        quoted = if inside >> 63 == 0 { 0 } else { u64::MAX };
        let (opens, closes) = brackets(step);
        let (opens, closes) = (opens & !inside, closes & !inside);
        if u64::from(closes.count_ones()) >= depth {
            let (mut left, mut closed) = (closes, 0);
            while left != 0 {
                let close = left.trailing_zeros();
                closed += 1;
                let opened = (opens & ((1 << close) - 1)).count_ones();
                if depth + u64::from(opened) == closed {
                    return Ok(Some(at + close as usize + 1));
                }
                left &= left - 1;
            }
        }
        // It has not closed, so more were opened than closed.
        depth += u64::from(opens.count_ones());
        depth = depth.saturating_sub(u64::from(closes.count_ones()));
        at += STEP;
    }
    Ok(None)
}

/// Returns the index of the first byte at or after `from` that is no JSON blank; the length of
/// `bytes` when there is none.
#[inline]
pub(super) fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            // Indentation comes in runs.
            b' ' => {
                at += 1;
                while bytes.get(at..at + 8) == Some(b"        ") {
                    at += 8;
                }
            }
            b'\n' | b'\r' | b'\t' => at += 1,
            _ => return at,
        }
    }
    bytes.len().max(from)
}

/// Marks, in the top bit of each byte, quotes and backslashes; exact up to the first mark.
#[inline]
fn quote_or_slash(word: u64) -> u64 {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let zeros = |w: u64| w.wrapping_sub(LOW) & !w & (LOW << 7);
    zeros(word ^ (LOW * 0x22)) | zeros(word ^ (LOW * 0x5C))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same question answered a byte at a time.
    fn plain_string_end(bytes: &[u8], from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            match bytes.get(at)? {
                b'"' => return Some(at),
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
    }

    proptest! {
        #[test]
        fn the_end_of_a_string_is_where_a_plain_loop_finds_it(
            text in "([a{}\\\\\"]|\\\\\"|[a-z]{1,90}|(\\\\\\\\){1,70}|(\\\\\\\\){0,4}\\\\\"){0,60}"
        ) {
            let bytes = text.as_bytes();
            for from in 0..bytes.len().min(80) {
                let found = string_end(bytes, from);
                let plain = plain_string_end(bytes, from);
                prop_assert_eq!(found.map(|(end, _)| end), plain);
                // Wide vectors and those of every processor.
                prop_assert_eq!(long_string_end(bytes, from, from), plain);
                // A string starts behind a quote.
                if from == 0 || bytes[from - 1] != b'\\' {
                    prop_assert_eq!(in_steps(bytes, from, from), plain);
                }
                if let Some((end, false)) = found {
                    prop_assert!(!bytes[from..end].contains(&b'\\'));
                }
            }
        }

        #[test]
        fn a_container_ends_where_a_look_at_every_byte_finds_it(
            text in r#"(["a{}\[\]\\]|[{\[]{1,9}|[}\]]{1,9}|"[a-z{}\[\]]{0,90}"|"(\\.){0,9}"| {1,80}|\\){0,60}"#
        ) {
            let text = format!("[{{{text}");
            for from in 0..text.len().min(80) {
                let (fast, plain) = (container_end(text.as_bytes(), from), container_end_by_bytes(text.as_bytes(), from));
                prop_assert_eq!(fast, plain, "{}", from);
            }
        }

        #[test]
        fn no_bytes_make_the_scan_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), from in 0_usize..310) {
            let _ = string_end(&bytes, from);
            let _ = container_end(&bytes, from);
            prop_assert!(skip_blanks(&bytes, from) >= from);
        }
    }

    #[test]
    fn brackets_inside_strings_do_not_count() {
        let text = br#"{"a": "}\"]", "b": [{}, "\\"]} , {"#;
        assert_eq!(container_end(text, 0), Some(30));
        assert_eq!(container_end(&text[..29], 0), None);
    }

    #[test]
    fn blanks_of_any_length_are_skipped() {
        for n in 0..40 {
            let text = format!("\r\n\t{}x", " ".repeat(n));
            assert_eq!(skip_blanks(text.as_bytes(), 0), n + 3);
        }
        assert_eq!(skip_blanks(b"   ", 0), 3);
    }
}
