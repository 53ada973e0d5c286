//! Stand-ins for what names a person.

use std::sync::OnceLock;

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The key in use without `--pseudonym-key`; public, so a guess can then be confirmed.
const FIXED_KEY: &[u8] = b"authopsy/pseudonym/1";

/// How this process names persons; see [`name_persons`].
static MANNER: OnceLock<Manner> = OnceLock::new();

/// The fixed key taken in, once.
static FIXED: OnceLock<Option<Keyed>> = OnceLock::new();

/// A key taken in: to do so is half of the work for a short name.
type Keyed = Hmac<Sha256>;

/// How persons are named.
struct Manner {
    key: Option<Keyed>,
    shown: Option<fn(&str) -> bool>,
}

/// Decides, once for this process and before anything is read, how persons are named: under which key
/// stand-ins are made, and which names stand as they are.
///
/// Returns false when it was decided before: the first call holds. It is no argument of [`pseudonym`]
/// because names are met in the depth of every reader, and one run has one key.
pub fn name_persons(key: Option<&[u8]>, shown: Option<fn(&str) -> bool>) -> bool {
    MANNER.set(Manner { key: key.or(Some(FIXED_KEY)).and_then(keyed), shown }).is_ok()
}

/// Returns the stand-in of a user name, e-mail address or `sub`: `sub:` and 8 hex digits.
///
/// The digits are the first 32 bits of HMAC-SHA-256. The same text gets the same stand-in on every
/// machine, so that histories can be followed across captures, unless [`name_persons`] gave another key
/// or had names shown.
///
/// ```
/// # use authopsy::model::pseudonym;
/// assert_eq!(pseudonym("alice"), pseudonym("alice"));
/// assert!(pseudonym("alice").starts_with("sub:"));
/// ```
pub fn pseudonym(text: &str) -> String {
    let Some(manner) = MANNER.get() else {
        return pseudonym_with(FIXED.get_or_init(|| keyed(FIXED_KEY)).as_ref(), text);
    };
    if manner.shown.is_some_and(|shown| shown(text)) {
        return text.to_owned();
    }
    pseudonym_with(manner.key.as_ref(), text)
}

fn keyed(key: &[u8]) -> Option<Keyed> {
    Keyed::new_from_slice(key).ok()
}

/// Returns the stand-in of `text` under a key; see [`pseudonym`].
fn pseudonym_with(keyed: Option<&Keyed>, text: &str) -> String {
    let Some(mut mac) = keyed.cloned() else { return "sub:********".to_owned() };
    mac.update(text.as_bytes());
    let digest = mac.finalize().into_bytes();
    let mark = digest.iter().take(4).fold(0_u32, |acc, b| acc << 8 | u32::from(*b));
    format!("sub:{mark:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_does_not_show_the_name_and_differs_by_key() {
        let shown = pseudonym("alice@example.com");
        assert_eq!(shown.len(), 12);
        assert!(!shown.contains("alice"));
        assert_ne!(shown, pseudonym_with(keyed(b"another").as_ref(), "alice@example.com"));
        assert_ne!(shown, pseudonym("bob@example.com"));
    }
}
