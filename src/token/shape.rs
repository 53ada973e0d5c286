//! What secrets look like, told from identifiers that only look busy.

use crate::model::pseudonym;

use super::vendor_of;

/// The mask that stands for anything secret.
const MASK: &str = "***";

/// The shortest text that is told as a secret by its shape: `xoxb-` and ten characters, a JOSE header of
/// twelve and a dot.
const SHORTEST_SHAPE: usize = 13;

/// Returns whether text is a compact JWS or JWE by its looks: `eyJ`, base64url, at least one dot.
pub fn is_jwt_shaped(text: &str) -> bool {
    if !["eyJ", "eyA", "ewo"].iter().any(|start| text.starts_with(start)) {
        return false;
    }
    let Some((first, rest)) = text.split_once('.') else { return false };
    let alphabet =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'+' | b'/' | b'=');
    first.len() >= 12
        && first.bytes().all(alphabet)
        && rest.bytes().take(8).all(|b| alphabet(b) || b == b'.')
}

/// Returns whether text is a UUID in its usual spelling.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Returns whether a run of the base64 or hex alphabets looks random rather than written.
///
/// Written names keep their letters in runs of one class (`SecurityTokenExpiredException`,
/// `insufficient_scope`); in random text the class changes at every second or third letter.
/// UUIDs are names, not secrets.
///
/// ```
/// # use authopsy::token::is_random;
/// assert!(is_random("8xLOxBtZp8a9Qk2mV4yT"));
/// assert!(!is_random("SecurityTokenSignatureKeyNotFoundException"));
/// assert!(!is_random("3f1c2d4e-5b6a-4789-90ab-cdef01234567"));
/// ```
pub fn is_random(text: &str) -> bool {
    if is_uuid(text) {
        return false;
    }
    let class = |b: u8| match b {
        b'a'..=b'z' => 1_u8,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 3,
        _ => 0,
    };
    let (mut letters, mut changes, mut digits, mut seen) = (0_usize, 0_usize, 0_usize, 0_u128);
    let mut last = (0_u8, 0_u8);
    for b in text.bytes() {
        let now = class(b);
        if now == 0 {
            last = (0, 0);
            continue;
        }
        letters += 1;
        digits += usize::from(now == 3);
        seen |= 1 << (b & 0x7f);
        // A capital and the small letter after it is how words begin, so it counts only when the
        // capital did not follow a small letter or a start.
        let starts_word = last.1 == 2 && now == 1 && last.0 != 3 && last.0 != 2;
        changes += usize::from(last.1 != 0 && last.1 != now && !starts_word);
        last = (last.1, now);
    }
    let per_hundred = changes * 100 / letters.max(1);
    // Base32 has few digits among its capitals.
    let needed = match digits {
        2.. if !text.bytes().any(|b| b.is_ascii_lowercase()) => 18,
        2.. => 22,
        _ => 30,
    };
    // `1920x392x0x412` has one letter only.
    let words = (seen >> b'A').count_ones();
    seen.count_ones() >= 6 && words >= 3 && letters >= 8 && per_hundred >= needed
}

/// Returns whether text is an e-mail address.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+' | b'%');
    // `logo@2x.png` is a picture.
    let file = ["png", "jpg", "jpeg", "gif", "svg", "webp", "js", "css", "html", "ico"]
        .iter()
        .any(|ext| domain.rsplit('.').next().is_some_and(|end| end.eq_ignore_ascii_case(ext)));
    !local.is_empty()
        && !file
        && local.bytes().all(plain)
        && domain.split_once('.').is_some_and(|(name, end)| {
            !name.is_empty() && end.len() >= 2 && end.bytes().all(plain) && name.bytes().all(plain)
        })
}

/// Returns whether text may be a person's name as it stands: short, and of no secret's shape. Some servers
/// take an API key for the user name of Basic.
pub fn is_plain_name(text: &str) -> bool {
    let random = text.split(['@', '|', ':']).any(|part| part.len() >= 20 && is_random(part));
    text.chars().count() <= 64
        && !text.contains(char::is_control)
        && !random
        && !text.split(['@', '|', ':']).any(|part| is_jwt_shaped(part) || vendor_of(part).is_some())
}

/// Returns an identifier (`iss`, `aud`, `kid`, a scope) as it may be shown, at most `most` characters.
///
/// Identifiers may look random and are still public, so only text of a known secret's shape is
/// masked. An e-mail address becomes a stand-in, control characters become blanks.
pub fn identifier(text: &str, most: usize) -> String {
    if is_told_at_once(text) {
        return text.get(..most).unwrap_or(text).to_owned();
    }
    if is_email(text) {
        return pseudonym(text);
    }
    let secret = text
        .split(|c: char| c.is_whitespace() || matches!(c, '/' | ':' | '?' | '&' | '=' | ',' | ';'))
        .any(is_secret_part);
    if secret || text.contains("-----BEGIN") {
        return MASK.to_owned();
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect()
}

/// Returns the name of a parameter, cookie or member as it may be shown, at most `most` characters: as an
/// [`identifier`], and masked where a value slid into it, which a long run of letters of both cases and digits is.
///
/// ```
/// # use authopsy::token::parameter;
/// assert_eq!(parameter("wordpress_logged_in_0f343b0931126a20f133d67c2b018a3b", 64).len(), 52);
/// assert_eq!(parameter("accessZk3qW8vT1yB6nLr0cXa9uPs5dEh7gJm2oKf4iQwRzYtM_token", 64), "***");
/// ```
pub fn parameter(text: &str, most: usize) -> String {
    let slid_in = |run: &str| {
        run.len() >= 32
            && run.bytes().any(|b| b.is_ascii_lowercase())
            && run.bytes().any(|b| b.is_ascii_uppercase())
            && run.bytes().any(|b| b.is_ascii_digit())
            && is_random(run)
    };
    if text.split(|c: char| !c.is_ascii_alphanumeric()).any(slid_in) {
        return MASK.to_owned();
    }
    identifier(text, most)
}

/// Returns whether an identifier is seen to be harmless by one look at its bytes: printable ASCII, no
/// address, and no part that is long enough for a secret's shape and is one.
fn is_told_at_once(text: &str) -> bool {
    let is_odd = |b: u8| !(b' '..=b'~').contains(&b) || b == b'@';
    // Most claims have such names: one pass letter by letter is less than two of many at once.
    if text.len() < SHORTEST_SHAPE {
        let (mut odd, mut dashes) = (false, 0);
        for b in text.bytes() {
            odd |= is_odd(b);
            dashes += u8::from(b == b'-');
        }
        return !odd && dashes < 5;
    }
    if text.bytes().fold(false, |odd, b| odd | is_odd(b)) {
        return false;
    }
    // Five dashes begin a key in PEM.
    if text.bytes().filter(|b| *b == b'-').count() >= 5 {
        return false;
    }
    let is_end = |b: u8| matches!(b, b' ' | b'/' | b':' | b'?' | b'&' | b'=' | b',' | b';');
    let is_long = |part: &&str| part.len() >= SHORTEST_SHAPE;
    !text.split(|c| u8::try_from(c).is_ok_and(is_end)).filter(is_long).any(is_secret_part)
}

/// Returns whether a part of an identifier has the shape of a token or a key.
fn is_secret_part(part: &str) -> bool {
    is_jwt_shaped(part)
        || (part.starts_with("eyJ") && part.len() >= 20)
        || vendor_of(part).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What [`identifier`] makes of a text, by all its parts and letter by letter.
    fn by_parts(text: &str, most: usize) -> String {
        if is_email(text) {
            return pseudonym(text);
        }
        let is_mark = |c: char| matches!(c, '/' | ':' | '?' | '&' | '=' | ',' | ';');
        let secret = text.split(|c: char| c.is_whitespace() || is_mark(c)).any(is_secret_part);
        if secret || text.contains("-----BEGIN") {
            return MASK.to_owned();
        }
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]
        #[test]
        fn an_identifier_is_shown_as_by_all_its_parts(
            parts in prop::collection::vec(
                prop_oneof![
                    "[a-z.-]{0,16}",
                    "eyJ[A-Za-z0-9]{8,18}(\\.[A-Za-z0-9]{0,9})?",
                    "(ghp_|xoxb-|00|EAA|cio)[A-Za-z0-9]{8,42}",
                    "[a-z]{1,3}@[a-z]{1,3}\\.com",
                    "-{4,6}(BEGIN)?",
                    "[\u{0}-\u{ff}]{0,2}",
                ],
                0..4,
            ),
            mark in "[ /:?&=,;\t\u{a0}x]",
            most in 0_usize..70,
        ) {
            let text = parts.join(&mark);
            prop_assert_eq!(identifier(&text, most), by_parts(&text, most));
        }
    }

    #[test]
    fn a_name_is_shown_only_where_it_looks_like_no_secret() {
        for name in ["alice", "alice@example.com", "auth0|alice", "Żółć"] {
            assert!(is_plain_name(name), "{name}");
        }
        let key = format!("ghp_{}", "a1B2".repeat(9));
        for secret in [&*key, "8xLOxBtZp8a9Qk2mV4yT", "a\nb", &"x".repeat(65)] {
            assert!(!is_plain_name(secret), "{secret}");
        }
    }
}
