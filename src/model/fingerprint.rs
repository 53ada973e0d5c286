//! Marks by which a credential is known without being shown, and the stable hash of fact keys.

use std::fmt;
use std::hash::Hasher;
use std::num::NonZeroU128;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// 128 bits of domain-separated SHA-256 over a credential; 12 hex digits are shown: `tok:3f9a61c2d07b`.
///
/// Never zero, and aligned as all else is that stands beside it: else an `Option` of one would take 32 bytes
/// in place of 16, and what is known of millions of credentials and tokens holds several.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[repr(Rust, packed(8))]
pub struct Fingerprint(NonZeroU128);

/// The domain of credentials.
const CREDENTIAL: &str = "credential";

impl Fingerprint {
    /// Shortest credential that gets a mark; a shorter one could be guessed.
    pub const SHORTEST: usize = 20;

    /// Returns the mark of this number; that of 0 is that of 1.
    pub const fn new(number: u128) -> Self {
        match NonZeroU128::new(number) {
            Some(number) => Self(number),
            None => Self(NonZeroU128::MIN),
        }
    }

    /// Returns the number that it is.
    pub const fn number(self) -> u128 {
        let Self(number) = self;
        number.get()
    }

    /// Returns the mark of `raw`, or `None` when it is too short or too regular not to be guessed.
    pub fn of(raw: &str) -> Option<Self> {
        (raw.len() >= Self::SHORTEST && has_several(raw.bytes()))
            .then(|| Self::of_bytes(CREDENTIAL, raw.as_bytes()))
    }

    /// Returns the first 128 bits of SHA-256 over `domain`, a zero byte and `bytes`.
    pub fn of_bytes(domain: &str, bytes: &[u8]) -> Self {
        let mut sha = begun(domain);
        sha.update(bytes);
        Self::new(first_128(&sha.finalize()))
    }

    /// Returns the mark of a token's header and payload without its signature.
    ///
    /// The domain stands behind what is marked, so that [`Fingerprint::of_signed`] has it at the price of the
    /// mark of all; no token holds a zero byte.
    pub fn of_unsigned(unsigned: &str) -> Self {
        let mut sha = begun(CREDENTIAL);
        sha.update(unsigned.as_bytes());
        Self::ended(sha)
    }

    /// Returns the mark of a token, as [`Fingerprint::of`] does, and that of what it is without its
    /// `signature`, as [`Fingerprint::of_unsigned`] does; the dot between both belongs to the signature.
    pub fn of_signed(unsigned: &str, signature: &str) -> (Option<Self>, Self) {
        let mut sha = begun(CREDENTIAL);
        sha.update(unsigned.as_bytes());
        let mark = Self::ended(sha.clone());
        sha.update(signature.as_bytes());
        let is_long = unsigned.len() + signature.len() >= Self::SHORTEST;
        let fits = is_long && has_several(unsigned.bytes().chain(signature.bytes()));
        (fits.then(|| Self::new(first_128(&sha.finalize()))), mark)
    }

    fn ended(mut sha: Sha256) -> Self {
        sha.update(b"\0unsigned");
        Self::new(first_128(&sha.finalize()))
    }

    /// Formats `digits` hex digits (12 unless two shown marks would be equal).
    pub fn shown(self, digits: usize) -> String {
        let hex = format!("{:032x}", self.number());
        format!("tok:{}", hex.get(..digits.min(32)).unwrap_or(&hex))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown(12))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Turns `#[derive(Hash)]` facts into a key that is the same on every machine: SHA-256, 128 bits.
#[derive(Debug, Default)]
pub struct KeyHasher(Sha256);

impl KeyHasher {
    /// Returns the key of `facts`.
    pub fn key(facts: &impl std::hash::Hash) -> u128 {
        let mut hasher = Self::default();
        facts.hash(&mut hasher);
        first_128(&hasher.0.finalize())
    }
}

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        #[expect(clippy::cast_possible_truncation, reason = "64 of the 128 bits")]
        let low = first_128(&self.0.clone().finalize()) as u64;
        low
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// Begins a mark of a domain.
fn begun(domain: &str) -> Sha256 {
    let mut sha = Sha256::new();
    sha.update(b"authopsy/");
    sha.update(domain.as_bytes());
    sha.update([0]);
    sha
}

/// Returns whether there are at least 8 distinct bytes; looks no further.
fn has_several(mut bytes: impl Iterator<Item = u8>) -> bool {
    let mut seen = [0_u128; 2];
    bytes.any(|b| {
        let [low, high] = &mut seen;
        let half = if b.is_ascii() { low } else { high };
        *half |= 1 << (b & 0x7f);
        seen.iter().map(|half| half.count_ones()).sum::<u32>() >= 8
    })
}

fn first_128(digest: &[u8]) -> u128 {
    digest.iter().take(16).fold(0, |acc, b| acc << 8 | u128::from(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guessable_credential_gets_no_mark() {
        assert_eq!(Fingerprint::of("hunter2"), None);
        assert_eq!(Fingerprint::of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), None);
        // Seven letters are too few, of two bytes each one's second byte counts.
        assert_eq!(Fingerprint::of("abcdefgabcdefgabcdefgabcdefg"), None);
        assert!(Fingerprint::of("abcdefgabcdefgabcdefgabcdefgh").is_some());
        assert_eq!(Fingerprint::of("éèêëàâéèêëàâ"), None);
        assert!(Fingerprint::of("éèêëàâùéèêëàâ").is_some());
        assert!(Fingerprint::of("c2VjcmV0LXRva2VuLW9mLXRlc3Q").is_some());
    }

    #[test]
    fn a_signed_token_has_the_marks_of_its_parts() {
        for (unsigned, signature) in [
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0", ".c2lnbmF0dXJl"),
            ("", ""),
            ("abcdefg.abcdefg", "abcdefg"),
            ("abcdefg.abcdefg", "abcdefgh"),
            ("abcabcabc.abcabcabc", ".abcabcabc"),
        ] {
            let all = format!("{unsigned}{signature}");
            let wanted = (Fingerprint::of(&all), Fingerprint::of_unsigned(unsigned));
            assert_eq!(Fingerprint::of_signed(unsigned, signature), wanted, "{all}");
            assert_ne!(wanted.1, Fingerprint::of_bytes(CREDENTIAL, unsigned.as_bytes()));
        }
    }

    #[test]
    fn a_mark_that_may_be_missing_takes_no_more_and_hashes_as_its_number() {
        assert_eq!((size_of::<Option<Fingerprint>>(), align_of::<Fingerprint>()), (16, 8));
        let number = 0x3f9a_61c2_d07b_0000_0000_0000_0000_0001_u128;
        assert_eq!(KeyHasher::key(&Fingerprint::new(number)), KeyHasher::key(&number));
        assert_eq!(serde_json::to_string(&Fingerprint::new(number)).unwrap(), number.to_string());
        assert_eq!(Fingerprint::new(0), Fingerprint::new(1));
        assert!(serde_json::from_str::<Fingerprint>("0").is_err());
    }

    #[test]
    fn a_mark_shows_twelve_hex_digits() {
        let mark = Fingerprint::new(0x3f9a_61c2_d07b_0000_0000_0000_0000_0001);
        assert_eq!(mark.to_string(), "tok:3f9a61c2d07b");
        assert_eq!(mark.shown(14), "tok:3f9a61c2d07b00");
    }
}
