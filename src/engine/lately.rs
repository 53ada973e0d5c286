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
        Self { places: Vec::new(), bits: bits.clamp(1, 20) }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.places.clear();
    }

    /// Returns the value of a text, if it is known.
    #[inline]
    pub(super) fn get(&self, text: &[u8], beside: u64) -> Option<&T> {
        let known = self.places.get(self.place(text, beside))?.as_ref()?;
        (known.beside == beside && *known.text == *text).then_some(&known.value)
    }

    /// Remembers the value of a text instead of what had its place.
    pub(super) fn put(&mut self, text: &[u8], beside: u64, value: T) {
        if self.places.is_empty() {
            self.places.resize_with(1 << self.bits, || None);
        }
        let place = self.place(text, beside);
        if let Some(slot) = self.places.get_mut(place) {
            *slot = Some(Known { text: text.into(), beside, value });
        }
    }

    /// Returns the place of a text, by its length and five of its words: texts that are alike differ where
    /// a number stands, which may be anywhere.
    #[inline]
    fn place(&self, text: &[u8], beside: u64) -> usize {
        const STIR: u64 = 0x9E37_79B9_7F4A_7C15;
        let last = text.len().wrapping_sub(8);
        let word = |at: usize| {
            let word = text.get(at..).and_then(|rest| rest.first_chunk());
            word.map_or(0, |word| u64::from_le_bytes(*word))
        };
        let mut sum = (beside << 32 ^ text.len() as u64).wrapping_mul(STIR);
        if text.len() < 8 {
            sum = text.iter().fold(sum, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(STIR));
        } else {
            for at in [0, last / 4, last / 2, last - last / 4, last] {
                sum = (sum ^ word(at)).wrapping_mul(STIR).rotate_left(23);
            }
        }
        usize::try_from(sum.wrapping_mul(STIR) >> (64 - self.bits)).unwrap_or(usize::MAX)
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
                if let Some(known) = lately.get(text.as_bytes(), *beside) {
                    prop_assert_eq!(Some(known), noted.get(&(text, beside)));
                }
                lately.put(text.as_bytes(), *beside, value);
                noted.insert((text, beside), value);
                prop_assert_eq!(lately.get(text.as_bytes(), *beside), Some(&value));
            }
            lately.clear();
            prop_assert!(texts.iter().all(|(text, beside)| lately.get(text.as_bytes(), *beside).is_none()));
        }
    }
}
