//! A small memory of what short texts come to, in which a newer text takes the place of an older one.
//!
//! A table by hash costs a pass over the text and a search. Here a few words of the text choose the one
//! place where it can be, and all of it is compared with what is there: whatever the place, the answer is
//! that of the text itself.

/// Remembers values by a text and a number beside it.
#[derive(Debug)]
pub(super) struct Lately<T> {
    /// As many as a power of two, or none before the first.
    places: Vec<Option<Known<T>>>,
    bits: u32,
    /// Where what was found last has its place.
    last: usize,
}

#[derive(Debug)]
struct Known<T> {
    text: Box<[u8]>,
    beside: u64,
    value: T,
}

impl<T> Lately<T> {
    /// Makes a memory of two to the power of `bits` places, one bit or more.
    pub(super) fn new(bits: u32) -> Self {
        Self { places: Vec::new(), bits: bits.clamp(1, 20), last: 0 }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.places.clear();
    }

    /// Returns the value of a text, if it is known.
    #[inline]
    pub(super) fn get(&self, text: &[u8], beside: u64) -> Option<&T> {
        let known = self.places.get(self.place(text, beside))?.as_ref()?;
        known.is(text, beside).then_some(&known.value)
    }

    /// Returns the value of a text, if it is known: sooner where it is the text that was found last.
    #[inline]
    pub(super) fn get_again(&mut self, text: &[u8], beside: u64) -> Option<&T> {
        let is_at = |place: usize| {
            self.places
                .get(place)
                .and_then(Option::as_ref)
                .is_some_and(|known| known.is(text, beside))
        };
        if !is_at(self.last) {
            let place = self.place(text, beside);
            if !is_at(place) {
                return None;
            }
            self.last = place;
        }
        self.places.get(self.last)?.as_ref().map(|known| &known.value)
    }

    /// Remembers the value of a text instead of what had its place.
    pub(super) fn put(&mut self, text: &[u8], beside: u64, value: T) {
        if self.places.is_empty() {
            self.places.resize_with(1 << self.bits, || None);
        }
        let place = self.place(text, beside);
        self.last = place;
        if let Some(slot) = self.places.get_mut(place) {
            *slot = Some(Known { text: text.into(), beside, value });
        }
    }

    /// Returns the place of a text, by its length and some of its words: texts that are alike differ where
    /// a number stands, which may be anywhere. Of a short one, it is all words: some of them twice, as a
    /// branch on how many there are, which goes either way, costs more.
    #[inline]
    fn place(&self, text: &[u8], beside: u64) -> usize {
        const STIR: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xD6E8_FEB8_6659_FD93];
        let last = text.len().wrapping_sub(8);
        let word = |at: usize| {
            let word = text.get(at..).and_then(|rest| rest.first_chunk());
            word.map_or(0, |word| u64::from_le_bytes(*word))
        };
        let stir = |sum: u64, one: u64, other: u64| {
            let product = u128::from(sum ^ one) * u128::from(STIR[1] ^ other);
            #[expect(clippy::cast_possible_truncation, reason = "the halves")]
            let halves = (product as u64, (product >> 64) as u64);
            halves.0 ^ halves.1
        };
        let sum = (beside << 32 ^ text.len() as u64).wrapping_mul(STIR[0]);
        let sum = match text.len() {
            0..8 => {
                let stir = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(STIR[0]);
                text.iter().fold(sum, stir)
            }
            8..=32 => {
                let step = last.min(8);
                stir(stir(sum, word(0), word(step)), word(last - step), word(last))
            }
            _ => {
                let sum = stir(sum, word(0), word(last / 4));
                stir(stir(sum, word(last / 2), word(last - last / 4)), word(last - 8), word(last))
            }
        };
        usize::try_from(sum.wrapping_mul(STIR[0]) >> (64 - self.bits)).unwrap_or(usize::MAX)
    }
}

impl<T> Known<T> {
    #[inline]
    fn is(&self, text: &[u8], beside: u64) -> bool {
        self.beside == beside && *self.text == *text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_known_of_a_text_is_what_was_noted_of_it_last(
            texts in prop::collection::vec(("[ab]{0,3}|[ab]{7,9}|a{10,40}[ab]{2}a{0,20}", 0u64..3), 1..200),
        ) {
            let mut noted = HashMap::new();
            let mut lately = Lately::new(4);
            for (value, (text, beside)) in texts.iter().enumerate() {
                let known = lately.get(text.as_bytes(), *beside).copied();
                prop_assert!(known.is_none() || known.as_ref() == noted.get(&(text, beside)));
                prop_assert_eq!(lately.get_again(text.as_bytes(), *beside).copied(), known);
                if value % 3 > 0 {
                    lately.put(text.as_bytes(), *beside, value);
                    noted.insert((text, beside), value);
                    prop_assert_eq!(lately.get(text.as_bytes(), *beside), Some(&value));
                    prop_assert_eq!(lately.get_again(text.as_bytes(), *beside), Some(&value));
                }
            }
            lately.clear();
            for (text, beside) in &texts {
                prop_assert_eq!(lately.get(text.as_bytes(), *beside), None);
                prop_assert_eq!(lately.get_again(text.as_bytes(), *beside), None);
            }
        }
    }
}
