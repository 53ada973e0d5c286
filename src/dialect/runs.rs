//! Finds every occurrence of thousands of short texts in another one.
//!
//! An automaton finds them faster in long texts, but to build it took a third of the time in which the program
//! starts; what is searched here are the words of refusals, each of them once. So the texts stand in chains by
//! their first bytes, and every byte of a text is asked which chain begins there.

use std::ops::Range;

/// Chains of each length of key; a power of two.
const CHAINS: usize = 4096;
/// Bytes by which texts are told apart, the longest that fits in a text first.
const KEYS: [usize; 3] = [8, 4, 1];

/// Texts to be found.
#[derive(Debug, Default)]
pub(super) struct Runs {
    texts: Vec<Box<str>>,
    /// For each length of key the newest text of each chain, from 1; 0 ends it. Empty where no text is of it.
    heads: [Vec<u32>; KEYS.len()],
    /// For each text the one before it in its chain.
    before: Vec<u32>,
    /// Texts without a letter, which stand everywhere.
    empty: Vec<usize>,
}

/// An occurrence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Hit {
    /// Which text it is, from 0.
    pub(super) text: usize,
    /// The bytes where it stands.
    pub(super) range: Range<usize>,
}

impl Runs {
    /// Takes in what is to be found.
    pub(super) fn of(texts: impl IntoIterator<Item = String>) -> Self {
        let mut runs = Self::default();
        for text in texts {
            runs.add(text.into_boxed_str());
        }
        runs
    }

    fn add(&mut self, text: Box<str>) {
        let number = self.texts.len();
        let kind = KEYS.iter().position(|length| text.len() >= *length);
        let mut before = 0;
        match kind.and_then(|kind| Some((self.heads.get_mut(kind)?, *KEYS.get(kind)?))) {
            Some((heads, length)) => {
                if heads.is_empty() {
                    heads.resize(CHAINS, 0);
                }
                let key = text.as_bytes().get(..length).map_or(0, chain_of);
                if let Some(head) = heads.get_mut(key) {
                    before = std::mem::replace(head, u32::try_from(number + 1).unwrap_or(0));
                }
            }
            None => self.empty.push(number),
        }
        self.before.push(before);
        self.texts.push(text);
    }

    /// Returns all occurrences, those that end first first; of those that end together the longest first.
    pub(super) fn find(&self, text: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        for at in 0..text.len() {
            let Some(rest) = text.as_bytes().get(at..) else { break };
            for (heads, length) in self.heads.iter().zip(KEYS) {
                let Some(key) = rest.get(..length).filter(|_| !heads.is_empty()) else { continue };
                let mut number = heads.get(chain_of(key)).copied().unwrap_or(0) as usize;
                while let Some(index) = number.checked_sub(1) {
                    let wanted = self.texts.get(index).map_or(&b""[..], |text| text.as_bytes());
                    if rest.starts_with(wanted) {
                        hits.push(Hit { text: index, range: at..at + wanted.len() });
                    }
                    number = self.before.get(index).copied().unwrap_or(0) as usize;
                }
            }
        }
        for number in &self.empty {
            let places = (0..=text.len()).map(|at| Hit { text: *number, range: at..at });
            hits.extend(places);
        }
        hits.sort_unstable_by_key(|hit| (hit.range.end, hit.range.start, hit.text));
        hits
    }
}

/// Returns the chain of a key of at most eight bytes.
#[inline]
fn chain_of(key: &[u8]) -> usize {
    let word = key.iter().rev().fold(0, |word: u64, byte| word << 8 | u64::from(*byte));
    // Multiplication by the golden ratio brings every bit into the highest ones (Knuth, TAOCP 3, section 6.4).
    let mixed = word.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - CHAINS.ilog2());
    usize::try_from(mixed).unwrap_or(0) % CHAINS
}

#[cfg(test)]
mod tests {
    use aho_corasick::AhoCorasick;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_automaton_finds_the_same_in_the_same_order(
            texts in prop::collection::vec("[ab ]{0,3}|(ab|ba|é| ){0,9}", 0..40),
            text in "(ab|ba|[ab é]){0,60}",
        ) {
            let automaton = AhoCorasick::new(&texts).unwrap();
            let mut wanted: Vec<Hit> = automaton
                .find_overlapping_iter(&text)
                .map(|hit| Hit { text: hit.pattern().as_usize(), range: hit.range() })
                .collect();
            // At the end it finds what is empty twice.
            let mut met = std::collections::HashSet::new();
            wanted.retain(|hit| met.insert((hit.text, hit.range.clone())));
            prop_assert_eq!(Runs::of(texts).find(&text), wanted);
        }
    }
}
