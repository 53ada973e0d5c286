//! Scheme words: how a field value divides, and which words are schemes or nearly so.

use crate::model::Scheme;
use crate::token;

use super::super::marks::is_placeholder;
use super::blank::{find_blank, is_blank};

/// A field value split at its first blank (RFC 9110, section 11.4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Split<'v> {
    /// The word before the blank; `None` when there is no word that can be a scheme.
    pub scheme: Option<&'v str>,
    /// The blanks between them.
    pub gap: &'v str,
    /// What follows, blanks at its end kept.
    pub rest: &'v str,
}

/// Splits a field value into scheme and credential (RFC 9110, section 11.4).
///
/// Accepts what clients send, not only what the RFC allows: any run of blanks, and a missing
/// scheme. A word counts as a scheme when it is a known one, a near miss of one, or an ordinary word
/// with a credential after it.
///
/// ```
/// # use authopsy::evidence::split_scheme;
/// let split = split_scheme("Bearer  abc");
/// assert_eq!((split.scheme, split.gap.len(), split.rest), (Some("Bearer"), 2, "abc"));
/// assert_eq!(split_scheme("eyJhbGciOiJub25lIn0.e30.").scheme, None);
/// ```
pub fn split_scheme(value: &str) -> Split<'_> {
    let none = Split { scheme: None, gap: "", rest: value };
    let Some(end) = find_blank(value) else {
        let word = value.trim_end_matches(':');
        return if is_known(word) {
            Split { scheme: Some(value), gap: "", rest: "" }
        } else {
            none
        };
    };
    let (word, after) = value.split_at(end);
    let rest = after.trim_start_matches(is_blank);
    let gap = after.get(..after.len() - rest.len()).unwrap_or_default();
    let bare = word.trim_end_matches([':', ',']);
    let scheme = is_known(bare) || near_scheme(bare) || (!rest.is_empty() && is_wordish(bare));
    if scheme { Split { scheme: Some(word), gap, rest } } else { none }
}

/// Scheme words of request signatures.
pub(super) fn signs_requests(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    ["signature", "hmac", "sharedkey", "sharedaccesssignature", "oauth", "mac", "aws", "acs", "sdk"]
        .iter()
        .any(|start| lower.starts_with(start))
        || ["tc3-", "goog4-", "bce-auth", "wechatpay", "eg1-", "duo", "akamai"]
            .iter()
            .any(|s| lower.starts_with(s))
}

/// Returns what follows when another scheme word stands where the credential belongs.
pub(super) fn doubled(rest: &str) -> Option<&str> {
    let split = split_scheme(rest);
    let word = split.scheme?.trim_end_matches(':');
    let names_scheme = matches!(
        Scheme::of(word),
        Scheme::Bearer | Scheme::Basic | Scheme::Token | Scheme::Jwt | Scheme::Dpop
    );
    (names_scheme && !split.rest.is_empty()).then_some(split.rest)
}

/// Returns a scheme word that runs into its credential: `Bearer:x`, `BearereyJ...`.
pub(super) fn glued(value: &str) -> Option<(&str, &str)> {
    ["bearer", "basic", "token", "jwt"].iter().find_map(|scheme| {
        let word = value.get(..scheme.len()).filter(|w| w.eq_ignore_ascii_case(scheme))?;
        let rest = value.get(scheme.len()..)?;
        let parted = rest.starts_with([':', '=', ',']) && rest.len() > 4;
        (parted || rest.starts_with("eyJ")).then_some((word, rest))
    })
}

/// Schemes that are registered or in wide use.
pub(super) fn is_known(word: &str) -> bool {
    const OTHERS: &[&str] = &[
        "oauth",
        "hoba",
        "mutual",
        "vapid",
        "gnap",
        "privatetoken",
        "concealed",
        "aws",
        "hmac",
        "sharedkey",
        "sharedkeylite",
        "sharedaccesssignature",
        "signature",
        "ssws",
        "splunk",
        "bot",
        "geniekey",
        "wsse",
        "googlelogin",
        "mediabrowser",
        "discogs",
        "deepl-auth-key",
        "mac",
        "klaviyo-api-key",
        "zoho-oauthtoken",
        "access_token",
        "scram-sha-1",
        "scram-sha-256",
    ];
    if word.len() < 3 || word.len() > 24 {
        return false;
    }
    match Scheme::of(word) {
        Scheme::Other(_) => OTHERS.iter().any(|o| word.eq_ignore_ascii_case(o)),
        _ => true,
    }
}

/// Returns whether a word is a near miss of `Bearer`, `Basic` or `Digest`, and no scheme itself.
pub(super) fn near_scheme(word: &str) -> bool {
    if !(4..=10).contains(&word.len()) || is_known(word) {
        return false;
    }
    let lower = word.to_ascii_lowercase();
    if !lower.bytes().all(|b| b.is_ascii_alphabetic()) {
        return false;
    }
    let near = |known: &str, most: usize| {
        let distance = strsim::osa_distance(&lower, known);
        distance <= most && (distance <= 1 || lower.starts_with(known.get(..1).unwrap_or("")))
    };
    near("bearer", 2) || near("basic", 1) || near("digest", 1)
}

/// Returns whether a word reads as a word: letters, few, and not random.
pub(super) fn is_wordish(word: &str) -> bool {
    (2..=24).contains(&word.len())
        && word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_'))
        && !token::is_random(word)
        && !word.starts_with("eyJ")
        && !is_placeholder(word)
}
