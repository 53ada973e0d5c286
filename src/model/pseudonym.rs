//! Stand-ins for what names a person.

use std::sync::OnceLock;

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The key in use without `--pseudonym-key`; public, so a guess can then be confirmed.
const FIXED_KEY: &[u8] = b"authopsy/pseudonym/1";

/// How this process names persons; see [`name_persons`].
static MANNER: OnceLock<Manner> = OnceLock::new();

/// How persons are named.
struct Manner {
    key: Option<Box<[u8]>>,
    shown: Option<fn(&str) -> bool>,
}

/// Decides, once for this process and before anything is read, how persons are named: under which key
/// stand-ins are made, and which names stand as they are.
///
/// Returns false when it was decided before: the first call holds. It is no argument of [`pseudonym`]
/// because names are met in the depth of every reader, and one run has one key.
pub fn name_persons(key: Option<&[u8]>, shown: Option<fn(&str) -> bool>) -> bool {
    MANNER.set(Manner { key: key.map(Into::into), shown }).is_ok()
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
    let Some(manner) = MANNER.get() else { return pseudonym_with(FIXED_KEY, text) };
    if manner.shown.is_some_and(|shown| shown(text)) {
        return text.to_owned();
    }
    pseudonym_with(manner.key.as_deref().unwrap_or(FIXED_KEY), text)
}

/// Returns the stand-in of `text` under `key`; see [`pseudonym`].
fn pseudonym_with(key: &[u8], text: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return "sub:********".to_owned();
    };
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
        assert_ne!(shown, pseudonym_with(b"another", "alice@example.com"));
        assert_ne!(shown, pseudonym("bob@example.com"));
    }
}
