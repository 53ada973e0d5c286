//! Looks at sixteen bytes of a line at once, and says of each whether it is what is looked for.
//!
//! Fields of a log line are short: a search that is made for long texts costs more to begin than these
//! take as a whole.

/// Bytes looked at in one step.
pub(super) const STEP: usize = 16;

/// Returns the index of the first byte that is no graphic ASCII character, or a quote, a backslash or `also`.
#[inline]
pub(super) fn word_end(text: &[u8], also: u8) -> Option<usize> {
    end(text, b'!', also)
}

/// Returns the index of the first byte that is no printable ASCII character, or a quote or a backslash.
#[inline]
pub(super) fn quoted_end(text: &[u8]) -> Option<usize> {
    end(text, b' ', b'"')
}

/// Returns the index of the first byte below `least` or above `~`, or that is a quote, a backslash or `also`.
#[inline]
fn end(text: &[u8], least: u8, also: u8) -> Option<usize> {
    let mut at = 0;
    while let Some(chunk) = text.get(at..).and_then(|rest| rest.first_chunk()) {
        let ends = ends(chunk, least, also);
        if ends != 0 {
            return Some(at + ends.trailing_zeros() as usize);
        }
        at += STEP;
    }
    let rest = text.get(at..)?.iter();
    rest.copied().position(|byte| is_end(byte, least, also)).map(|found| at + found)
}

fn is_end(byte: u8, least: u8, also: u8) -> bool {
    !(least..=b'~').contains(&byte) || matches!(byte, b'"' | b'\\') || byte == also
}

/// Returns a bit for each byte that is an end, the lowest for the first.
#[inline]
fn ends(chunk: &[u8; STEP], least: u8, also: u8) -> u32 {
    #[cfg(target_arch = "x86_64")]
    {
        #[allow(unsafe_code, reason = "these vectors are reached no other way")]
        // SAFETY: every x86-64 has SSE2.
        unsafe {
            wide::ends(chunk, least, also)
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    one_by_one(chunk, |byte| is_end(byte, least, also))
}

/// Returns a bit for each byte that is `byte`, the lowest for the first.
#[inline]
pub(super) fn equal(chunk: &[u8; STEP], byte: u8) -> u32 {
    #[cfg(target_arch = "x86_64")]
    {
        #[allow(unsafe_code, reason = "these vectors are reached no other way")]
        // SAFETY: every x86-64 has SSE2.
        unsafe {
            wide::equal(chunk, byte)
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    one_by_one(chunk, |other| other == byte)
}

/// Returns a bit for each byte that is a digit, the lowest for the first.
#[inline]
pub(super) fn digits(chunk: &[u8; STEP]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    {
        #[allow(unsafe_code, reason = "these vectors are reached no other way")]
        // SAFETY: every x86-64 has SSE2.
        unsafe {
            wide::digits(chunk)
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    one_by_one(chunk, |byte| byte.is_ascii_digit())
}

/// The same for every processor, and for tests.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn one_by_one(chunk: &[u8; STEP], is: impl Fn(u8) -> bool) -> u32 {
    chunk.iter().rev().fold(0, |bits, byte| bits << 1 | u32::from(is(*byte)))
}

/// In vectors of the processor.
#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_cmplt_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set_epi64x, _mm_set1_epi8, _mm_sub_epi8,
    };

    use super::STEP;

    #[target_feature(enable = "sse2")]
    #[inline]
    pub(super) fn ends(chunk: &[u8; STEP], least: u8, also: u8) -> u32 {
        let bytes = vector(chunk);
        let is = |byte| _mm_cmpeq_epi8(bytes, all(byte));
        // Compared with a sign: what is no ASCII lies below all that is.
        let ends = _mm_or_si128(_mm_cmplt_epi8(bytes, all(least)), is(0x7F));
        let ends = _mm_or_si128(ends, _mm_or_si128(is(b'"'), is(b'\\')));
        bits(_mm_or_si128(ends, is(also)))
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    pub(super) fn equal(chunk: &[u8; STEP], byte: u8) -> u32 {
        bits(_mm_cmpeq_epi8(vector(chunk), all(byte)))
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    pub(super) fn digits(chunk: &[u8; STEP]) -> u32 {
        let values = _mm_sub_epi8(vector(chunk), all(b'0'));
        bits(_mm_cmpeq_epi8(_mm_min_epu8(values, all(9)), values))
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    fn vector(chunk: &[u8; STEP]) -> __m128i {
        let all = u128::from_le_bytes(*chunk).cast_signed();
        #[expect(clippy::cast_possible_truncation, reason = "the halves")]
        _mm_set_epi64x((all >> 64) as i64, all as i64)
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    fn all(byte: u8) -> __m128i {
        _mm_set1_epi8(byte.cast_signed())
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    fn bits(vector: __m128i) -> u32 {
        _mm_movemask_epi8(vector).cast_unsigned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn wide_vectors_say_what_each_byte_says(
            text in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'a'), Just(b'7')], 0..60),
            (least, also) in (prop::sample::select(vec![b' ', b'!']), any::<u8>()),
        ) {
            let expected = text.iter().position(|byte| is_end(*byte, least, also));
            prop_assert_eq!(end(&text, least, also), expected);
            for chunk in text.windows(STEP).filter_map(|window| window.first_chunk()) {
                prop_assert_eq!(ends(chunk, least, also), one_by_one(chunk, |b| is_end(b, least, also)));
                prop_assert_eq!(equal(chunk, also), one_by_one(chunk, |b| b == also));
                prop_assert_eq!(digits(chunk), one_by_one(chunk, |b| b.is_ascii_digit()));
            }
        }
    }

    #[test]
    fn every_byte_is_an_end_or_not_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            for at in 0..40 {
                let mut text = [b'a'; 40];
                text[at] = byte;
                let found = [word_end(&text, b':'), quoted_end(&text)];
                let word = !byte.is_ascii_graphic() || matches!(byte, b'"' | b'\\' | b':');
                let quoted = !(b' '..=b'~').contains(&byte) || matches!(byte, b'"' | b'\\');
                assert_eq!(found, [word.then_some(at), quoted.then_some(at)], "{byte} {at}");
            }
        }
    }
}
