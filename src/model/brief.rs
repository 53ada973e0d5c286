//! Texts of a few bytes, names above all, compared: a comparison made for long texts costs more to begin
//! than these take as a whole.

/// Compares short texts.
#[inline]
pub fn equal(one: &[u8], other: &[u8]) -> bool {
    fn word(text: &[u8], at: usize) -> Option<&[u8; 8]> {
        text.get(at..)?.first_chunk()
    }
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while let (Some(a), Some(b)) = (word(one, at), word(other, at)) {
        if a != b {
            return false;
        }
        at += 8;
    }
    // The last eight bytes, of which some were compared; or all of fewer.
    match (one.last_chunk::<8>(), other.last_chunk::<8>()) {
        (Some(a), Some(b)) => a == b,
        _ => one.iter().zip(other).all(|(a, b)| a == b),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn short_texts_are_equal_where_all_their_bytes_are(
            one in prop::collection::vec(any::<u8>(), 0..40),
            at in any::<prop::sample::Index>(),
            changed in prop_oneof![Just(0_u8), any::<u8>()],
            cut in 0_usize..2,
        ) {
            let mut other = one.clone();
            if let Some(byte) = other.get_mut(at.index(one.len().max(1))) {
                *byte ^= changed;
            }
            prop_assert_eq!(equal(&one, &other), one == other);
            other.truncate(one.len().saturating_sub(cut));
            prop_assert_eq!(equal(&one, &other), one == other);
        }
    }
}
