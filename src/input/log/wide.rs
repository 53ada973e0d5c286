//! The plainest lines of the combined log format in vectors of thirty-two bytes, where the processor has
//! such.
//!
//! It takes fewer lines than the patient reading in [`super::plain`], which is its twin for every processor,
//! and what it takes is what that makes of the line. Every field is looked at once and without a branch on
//! how long it is: a branch that goes either way costs more than a field.

use super::plain::Known;
use crate::model::AccessLine;

/// Bytes that must follow the beginning of a line, its own and others: within so many nothing is asked
/// twice. A longer line is left to the patient reading.
pub(super) const SPAN: usize = 1024;

/// Whether the processor has what this is made for. It is asked once: a question a line is too much.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vectors {
    are_there: bool,
}

impl Default for Vectors {
    /// Asks the processor.
    #[cfg(target_arch = "x86_64")]
    fn default() -> Self {
        let are_there = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("popcnt");
        Self { are_there }
    }

    /// No other processor has.
    #[cfg(not(target_arch = "x86_64"))]
    fn default() -> Self {
        Self { are_there: false }
    }
}

impl Vectors {
    #[cfg(test)]
    pub(super) fn are_there(self) -> bool {
        self.are_there
    }

    /// Hands over the plain line that comes first, if its time is the known one, and returns how many bytes
    /// it takes with its end. `None` says nothing of the line.
    #[inline]
    pub(super) fn read<'a>(
        self,
        bytes: &'a [u8],
        number: u64,
        known: &Known,
        take: impl FnOnce(&AccessLine<'a>),
    ) -> Option<usize> {
        #[cfg(target_arch = "x86_64")]
        if self.are_there {
            #[allow(unsafe_code, reason = "these vectors are reached no other way")]
            // SAFETY: the processor was asked whether it has them.
            return unsafe { vectors::read(bytes.first_chunk()?, number, known, take) };
        }
        let _ = (bytes, number, known, take);
        None
    }
}

#[cfg(target_arch = "x86_64")]
mod vectors {
    use std::arch::x86_64::{
        __m256i, _mm256_cmpeq_epi8, _mm256_cmpgt_epi8, _mm256_loadu_si256, _mm256_min_epu8,
        _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_shuffle_epi8,
        _mm256_sub_epi8,
    };

    use super::super::clf::COMBINED;
    use super::super::plain::{FRAMED, Known};
    use super::SPAN;
    use crate::model::AccessLine;

    /// Bytes looked at in one step.
    const STEP: usize = 32;

    /// Quotes of a plain line.
    const QUOTES: usize = 6;
    /// Bytes in which those of most lines are looked for at once.
    const USUAL: usize = 8 * STEP;
    /// Most ends that are written down of two steps: more than there are quotes.
    const EACH: usize = 8;
    /// Room for those of all steps.
    const ROOM: usize = USUAL / (2 * STEP) * EACH;

    /// A quote, a backslash and the byte above `~`, each where its lower four bits say; twice, as a vector
    /// is two of sixteen bytes.
    const BY_LOWER_HALF: &[u8; STEP] =
        b"\0\0\"\0\0\0\0\0\0\0\0\0\\\0\0\x7F\0\0\"\0\0\0\0\0\0\0\0\0\\\0\0\x7F";

    /// What follows a target, each digit a zero.
    const BEHIND_TARGET: &[u8; STEP] = b" HTTP/0.0\" 000 00000000000000000";
    /// Which of it are the same in all lines, and which are digits; where the number of bytes begins.
    const SAME: u32 = 0b100_0110_1011_1111;
    const DIGITS: u32 = 0b011_1001_0100_0000;
    /// Bytes of the version, with the blank before it.
    const VERSION: usize = 9;
    const STATUS: usize = 11;
    const SIZE: usize = 15;

    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    pub(super) fn read<'a>(
        bytes: &'a [u8; SPAN],
        number: u64,
        known: &Known,
        take: impl FnOnce(&AccessLine<'a>),
    ) -> Option<usize> {
        let quotes = quotes(bytes)?;
        let [request, request_end, referer_end, agent_end] =
            [quotes[0], quotes[1], quotes[3], quotes[5]].map(usize::from);
        let address = address(window(bytes, 0)?)?;
        let (user, request) = (address + 3, request + 1);
        let user_end = request.checked_sub(FRAMED)?;
        let text = load(window(bytes, user)?);
        let word = first(bits(_mm256_or_si256(equal(text, b' '), equal(text, b':'))));
        let stamp = bits(_mm256_cmpeq_epi8(load(window(bytes, user_end)?), load(&known.written)));
        let between = part(bytes, address)? & 0xFF_FFFF;
        // Bytes that are the same beyond the time say nothing.
        if between != u32::from_le_bytes(*b" - \0")
            || user_end == user
            || user_end != user + word
            || !stamp << (STEP - FRAMED) != 0
        {
            return None;
        }

        let text = load(window(bytes, request)?);
        let capitals = _mm256_sub_epi8(text, all(b'A'));
        let capitals = bits(_mm256_cmpeq_epi8(_mm256_min_epu8(capitals, all(25)), capitals));
        let blanks = bits(equal(text, b' '));
        let (method, blank) = (first(!capitals), first(blanks));
        let target = request + method + 1;
        let target_end = request_end.checked_sub(VERSION)?;
        // The first blank is that behind the method.
        let blank_behind = match blanks & blanks.wrapping_sub(1) {
            0 => blank_from(bytes, request + STEP)?,
            blanks => request + first(blanks),
        };
        if method != blank
            || method == 0
            || method == STEP
            || target_end == target
            || target_end != blank_behind
        {
            return None;
        }
        let text = load(window(bytes, target_end)?);
        let digits = _mm256_sub_epi8(text, all(b'0'));
        let digits = bits(_mm256_cmpeq_epi8(_mm256_min_epu8(digits, all(9)), digits));
        let same = bits(_mm256_cmpeq_epi8(text, load(BEHIND_TARGET)));
        let [a, b, c, _] = part(bytes, target_end + STATUS)?.to_le_bytes();
        let status = u16::from(a) * 100 + u16::from(b) * 10 + u16::from(c);
        let status = status.wrapping_sub(u16::from(b'0') * 111);
        let size = first(!(digits >> SIZE)).max((bits(equal(text, b'-')) >> SIZE & 1) as usize);
        let size_end = target_end + SIZE + size;
        let quoted = part(bytes, size_end)? & 0xFFFF == u32::from_le_bytes(*b" \"\0\0");
        if same & SAME != SAME || digits & DIGITS != DIGITS || status < 100 || size == 0 || !quoted
        {
            return None;
        }

        let referer = size_end + 2;
        let lead = part(bytes, referer)?;
        let is_link = lead == u32::from_le_bytes(*b"http");
        let is_none = lead & 0xFFFF == u32::from_le_bytes(*b"-\"\0\0");
        let between = part(bytes, referer_end)? & 0xFF_FFFF;
        if !(is_link || is_none) || between != u32::from_le_bytes(*b"\" \"\0") {
            return None;
        }
        let agent = referer_end + 3;
        let end = match bytes.get(agent_end..)? {
            [b'"', b'\n', ..] => 2,
            [b'"', b'\r', b'\n', ..] => 3,
            _ => return None,
        };
        take(&AccessLine {
            number,
            time: known.time,
            format: COMBINED.name,
            client_ip: bytes.get(..address)?,
            user: bytes.get(user..user_end)?,
            request: bytes.get(request..target_end)?,
            method: bytes.get(request..request + method)?,
            target: bytes.get(target..target_end)?,
            status,
            referer: bytes.get(referer..referer_end)?,
            agent: bytes.get(agent..agent_end)?,
        });
        Some(agent_end + end)
    }

    /// Returns the length of the IPv4 address that a text begins with and a blank ends: no number over 255,
    /// none with a zero in front.
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    #[inline]
    pub(super) fn address(text: &[u8; STEP]) -> Option<usize> {
        const LONGEST: usize = 15;
        let text = load(text);
        let length = first(bits(equal(text, b' ')));
        if length > LONGEST {
            return None;
        }
        let inside = (1_u32 << length) - 1;
        let dots = bits(equal(text, b'.')) & inside;
        let values = _mm256_sub_epi8(text, all(b'0'));
        let digits = bits(_mm256_cmpeq_epi8(_mm256_min_epu8(values, all(9)), values));
        let is = |value: u8| bits(_mm256_cmpeq_epi8(values, all(value)));
        let is_over = |value: u8| bits(_mm256_cmpgt_epi8(values, all(value)));
        // Where numbers begin, and those of two digits or more, and of three.
        let begin = 1 | dots << 1;
        let two = begin & digits >> 1;
        let three = two & digits >> 2;
        let too_large = is_over(2) | is(2) & (is_over(5) >> 1 | is(5) >> 1 & is_over(5) >> 2);
        let odd = inside & !(dots | digits)
            | begin & !digits
            | two & is(0)
            | three & (digits >> 3 | too_large);
        (odd == 0 && dots.count_ones() == 3).then_some(length)
    }

    /// Returns the indexes of the first bytes that are no printable ASCII characters, or quotes or backslashes:
    /// as many as a plain line has quotes, or more.
    ///
    /// All are looked for before anything is asked of what lies between them. So no field waits for the end
    /// of the one before it, nor the next line for that of this one.
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    #[inline]
    fn quotes(bytes: &[u8; SPAN]) -> Option<[u16; ROOM]> {
        let (mut found, mut count) = ([0; ROOM], 0);
        for at in (0..USUAL).step_by(2 * STEP) {
            count += note(bytes, at, found.get_mut(count..)?.first_chunk_mut()?)?;
        }
        let mut at = USUAL;
        while count < QUOTES {
            count += note(bytes, at, found.get_mut(count..)?.first_chunk_mut()?)?;
            at += 2 * STEP;
        }
        Some(found)
    }

    /// Writes down where such bytes are in two steps, the first one first, and returns how many are: mostly
    /// less than half of those that have room.
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    #[inline]
    fn note(bytes: &[u8; SPAN], at: usize, found: &mut [u16; EACH]) -> Option<usize> {
        let later = u64::from(bits(ends(load(window(bytes, at + STEP)?))));
        let mut ends = u64::from(bits(ends(load(window(bytes, at)?)))) | later << STEP;
        let count = ends.count_ones() as usize;
        let mut next = || {
            #[expect(clippy::cast_possible_truncation, reason = "below the span")]
            let index = (at + ends.trailing_zeros() as usize) as u16;
            ends &= ends.wrapping_sub(1);
            index
        };
        let (few, more) = found.split_at_mut(EACH / 2);
        for slot in few {
            *slot = next();
        }
        if count > EACH / 2 {
            for slot in more {
                *slot = next();
            }
        }
        Some(count.min(EACH))
    }

    /// Returns the index of the first blank at or after `at`.
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    #[inline]
    fn blank_from(bytes: &[u8; SPAN], mut at: usize) -> Option<usize> {
        loop {
            let blanks = bits(equal(load(window(bytes, at)?), b' '));
            if blanks != 0 {
                return Some(at + first(blanks));
            }
            at += STEP;
        }
    }

    /// Marks each byte that is no printable ASCII character, or a quote or a backslash.
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    #[inline]
    fn ends(text: __m256i) -> __m256i {
        // Compared with a sign, what is no ASCII lies below all that is; the others are found by their lower
        // half, which is one of its own for each.
        let low = _mm256_cmpgt_epi8(all(b' '), text);
        _mm256_or_si256(
            low,
            _mm256_cmpeq_epi8(_mm256_shuffle_epi8(load(BY_LOWER_HALF), text), text),
        )
    }

    /// Returns the thirty-two bytes that begin at an index.
    #[inline]
    fn window(bytes: &[u8; SPAN], at: usize) -> Option<&[u8; STEP]> {
        if at > SPAN - STEP { None } else { bytes.get(at..)?.first_chunk() }
    }

    /// Returns four bytes that begin at an index, the first one lowest.
    #[inline]
    fn part(bytes: &[u8; SPAN], at: usize) -> Option<u32> {
        if at > SPAN - 4 {
            return None;
        }
        bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
    }

    /// Returns the index of the lowest bit, or 32.
    #[inline]
    fn first(bits: u32) -> usize {
        bits.trailing_zeros() as usize
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    #[inline]
    fn load(text: &[u8; STEP]) -> __m256i {
        #[allow(unsafe_code, reason = "a load takes a pointer")]
        // SAFETY: the reference holds all that is read, and no alignment is asked for.
        unsafe {
            _mm256_loadu_si256(text.as_ptr().cast())
        }
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    #[inline]
    fn equal(text: __m256i, byte: u8) -> __m256i {
        _mm256_cmpeq_epi8(text, all(byte))
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    #[inline]
    fn all(byte: u8) -> __m256i {
        _mm256_set1_epi8(byte.cast_signed())
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    #[inline]
    fn bits(vector: __m256i) -> u32 {
        _mm256_movemask_epi8(vector).cast_unsigned()
    }
}
