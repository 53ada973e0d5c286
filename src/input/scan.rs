//! Finds the ends of strings and brackets in JSON text without reading what lies between.
//!
//! Nothing is validated here: a string ends at the next quote that no backslash escapes, a container
//! where its brackets balance outside strings. Most bytes of a capture are bodies, so what counts is
//! how fast a long string is jumped over: `memchr` while it holds no escape, bit masks of 64 bytes
//! where escapes are dense (a JSON body inside JSON; Langdale and Lemire, "Parsing Gigabytes of JSON
//! per Second", section 3.1.1), and eight bytes at a time for the short strings in between.

use memchr::memchr2;

/// Bytes looked at in one step of the mask scan.
const STEP: usize = 64;

/// Words of eight bytes that are tried before `memchr` is called: its call costs about as much.
const SHORT_WORDS: usize = 4;

/// Returns the index of the quote that ends the string whose inside starts at `from`, and whether
/// the inside holds a backslash; `None` when `bytes` end first.
#[inline]
pub(super) fn string_end(bytes: &[u8], from: usize) -> Option<(usize, bool)> {
    let mut at = from;
    for _ in 0..SHORT_WORDS {
        let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) else { break };
        let hits = quote_or_slash(u64::from_le_bytes(*word));
        if hits != 0 {
            at += hits.trailing_zeros() as usize / 8;
            return if bytes.get(at) == Some(&b'"') {
                Some((at, false))
            } else {
                Some((escaped_string_end(bytes, at)?, true))
            };
        }
        at += 8;
    }
    let at = at + memchr2(b'"', b'\\', bytes.get(at..)?)?;
    if bytes.get(at) == Some(&b'"') {
        return Some((at, false));
    }
    Some((escaped_string_end(bytes, at)?, true))
}

/// Returns the index of the quote that ends a string; `from` is inside it and not escaped.
fn escaped_string_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    let mut carry = 0;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<STEP>()) {
        let (quotes, slashes) = (mask(chunk, b'"'), mask(chunk, b'\\'));
        let real = quotes & !escapes(slashes, &mut carry);
        if real != 0 {
            return Some(at + real.trailing_zeros() as usize);
        }
        at += STEP;
        if quotes | slashes == 0 {
            at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        }
    }
    at += usize::from(carry != 0);
    loop {
        match *bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Returns the index after the bracket that closes the one at `from`; `None` when `bytes` end first.
///
/// Brackets of both kinds count alike: `[}` balances.
#[inline]
pub(super) fn container_end(bytes: &[u8], from: usize) -> Option<usize> {
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
    zeros(word ^ (LOW * b'"' as u64)) | zeros(word ^ (LOW * b'\\' as u64))
}

/// Sets bit `i` where byte `i` is `wanted`; written so that the compiler compares in vectors.
#[inline]
fn mask(chunk: &[u8; STEP], wanted: u8) -> u64 {
    const WEIGHTS: [u8; 8] = [1, 2, 4, 8, 16, 32, 64, 128];
    let mut weighed = [0; STEP];
    for (i, (to, byte)) in weighed.iter_mut().zip(chunk).enumerate() {
        *to = if *byte == wanted { WEIGHTS[i % 8] } else { 0 };
    }
    let mut bits = 0;
    for (i, eight) in weighed.chunks_exact(8).enumerate() {
        let word = eight.first_chunk().map_or(0, |w| u64::from_le_bytes(*w));
        bits |= (word.wrapping_mul(0x0101_0101_0101_0101) >> 56) << (8 * i);
    }
    bits
}

/// Marks the bytes that a backslash escapes; `carry` is 1 when the first byte of the next step is.
#[inline]
fn escapes(slashes: u64, carry: &mut u64) -> u64 {
    const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;
    let potential = slashes & !*carry;
    let terminal = ((potential << 1) | ODD).wrapping_sub(potential) ^ ODD;
    let escaped = terminal ^ (slashes | *carry);
    *carry = (terminal & slashes) >> 63;
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same question answered a byte at a time.
    fn plain_string_end(bytes: &[u8]) -> Option<(usize, bool)> {
        let (mut at, mut escaped) = (0, false);
        loop {
            match bytes.get(at)? {
                b'"' => return Some((at, escaped)),
                b'\\' => {
                    escaped = true;
                    at += 2;
                }
                _ => at += 1,
            }
        }
    }

    proptest! {
        #[test]
        fn the_end_of_a_string_is_where_a_plain_loop_finds_it(
            text in "([a{}\\\\\"]|\\\\\"|[a-z]{1,90}|\\\\\\\\){0,60}"
        ) {
            prop_assert_eq!(string_end(text.as_bytes(), 0), plain_string_end(text.as_bytes()));
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
