//! Masking without a short cut, pass after pass over copies: what the quick one is held to.

use proptest::prelude::*;

use super::shape::{hides, in_run, is_secret_run, is_value_word, secrecy_before, value_after};
use super::*;
use crate::evidence::names::Secrecy;
use crate::model::{Secret, pseudonym};

/// What [`Masker::text`] makes of a text, by every spelling of every secret and by all passes.
fn text_slowly(secrets: &[Secret], text: &str) -> String {
    if text.len() < 4 || (secrets.is_empty() && !could_hold(text)) {
        return text.to_owned();
    }
    let step = |text: &str| {
        let mut text = text.to_owned();
        let raw = secrets.iter().map(|secret| secret.expose().to_owned());
        let spelt = secrets.iter().flat_map(|secret| spellings_slowly(secret.expose()));
        for hidden in raw.chain(spelt) {
            if let Some(found) = Hidden::new(Cow::Owned(hidden)).taken_out(&text) {
                text = found;
            }
        }
        by_shape_slowly(&text)
    };
    let mut now = text.to_owned();
    for _ in 0..6 {
        let next = step(&now);
        if next == now {
            return now;
        }
        now = next;
    }
    MASK.to_owned()
}

fn spellings_slowly(secret: &str) -> Vec<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    const HEX: &[u8; 16] = b"0123456789ABCDEF";

    let mut out = Vec::new();
    if secret.len() >= 6 {
        out.push(STANDARD.encode(secret).trim_end_matches('=').to_owned());
        out.push(URL_SAFE_NO_PAD.encode(secret));
    }
    let mut percent = String::with_capacity(secret.len() + 16);
    for b in secret.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~') {
            percent.push(char::from(b));
        } else {
            percent.push('%');
            percent.extend(
                [b >> 4, b & 15].map(|n| HEX.get(usize::from(n)).map_or('0', |d| char::from(*d))),
            );
        }
    }
    if percent != secret {
        out.push(percent.to_ascii_lowercase());
        out.push(percent);
    }
    if let Ok(escaped) = serde_json::to_string(secret) {
        let inner = escaped.trim_matches('"');
        if inner != secret {
            out.push(inner.to_owned());
        }
    }
    out
}

fn by_shape_slowly(text: &str) -> String {
    let named = by_name(text);
    by_scheme(&runs(&named))
}

fn runs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(in_run) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !in_run(c)).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        out.push_str(before);
        if run.len() < 6 {
            out.push_str(run);
        } else {
            mask_run(run, &mut out);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn mask_run(run: &str, out: &mut String) {
    if run.contains('@') {
        let address = run.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if token::is_email(address) {
            let (before, after) = run.split_once(address).unwrap_or(("", ""));
            out.push_str(before);
            out.push_str(&pseudonym(address));
            out.push_str(after);
            return;
        }
    }
    // A JWT keeps its dots, a prefixed key its own marks; all else is looked at piece by piece.
    if let Some(at) = jwt_start(run) {
        let (before, _) = run.split_at(at);
        out.push_str(before);
        out.push_str(MASK);
        return;
    }
    let known = |piece: &str| token::vendor_of(piece).is_some();
    if known(run) || known(run.trim_end_matches(['.', '/', '='])) {
        out.push_str(MASK);
        return;
    }
    let parts = |c: char| matches!(c, '/' | '.' | '%' | '@' | '|' | '~');
    let pieces: Vec<&str> = run.split_inclusive(parts).collect();
    let secret = |piece: &str| {
        let piece = piece.trim_end_matches(parts);
        let value = piece.rsplit('=').find(|p| !p.is_empty()).unwrap_or(piece);
        known(value) || (piece.len() >= LONG_RUN && is_secret_run(piece))
    };
    let any = pieces.iter().any(|p| secret(p));
    for piece in pieces {
        let core = piece.trim_end_matches(parts);
        let tail = piece.get(core.len()..).unwrap_or_default();
        // Standard base64 holds slashes: what stands beside a secret piece and is no word goes too.
        let beside = any
            && core.len() >= 4
            && core.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        if secret(piece) || beside {
            out.push_str(MASK);
        } else {
            out.push_str(core);
        }
        out.push_str(tail);
    }
}

fn jwt_start(run: &str) -> Option<usize> {
    run.match_indices("eyJ").map(|(at, _)| at).find(|at| {
        let before = run.get(..*at).and_then(|b| b.chars().next_back());
        let tail = run.get(*at..).unwrap_or_default();
        tail.len() >= WINDOW && !before.is_some_and(|c| c.is_ascii_alphanumeric())
    })
}

fn by_scheme(text: &str) -> String {
    const SCHEMES: &[&str] = &["bearer", "basic", "dpop", "digest", "negotiate", "ntlm", "apikey"];
    let mut out = String::with_capacity(text.len());
    let mut after_scheme = false;
    for word in text.split_inclusive(' ') {
        let bare = word.trim_end_matches(' ');
        let inner = bare.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if bare.is_empty() {
            out.push_str(word);
            continue;
        }
        if after_scheme && is_value_word(inner) {
            out.push_str(MASK);
            out.push_str(word.get(bare.len()..).unwrap_or_default());
        } else {
            out.push_str(word);
        }
        after_scheme = SCHEMES.iter().any(|s| inner.eq_ignore_ascii_case(s));
    }
    out
}

fn by_name(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['=', ':']) {
        let (before, from) = rest.split_at(at);
        let sign = from.chars().next().unwrap_or('=');
        let after = from.get(1..).unwrap_or_default();
        out.push_str(before);
        out.push(sign);
        rest = after;
        let secrecy = secrecy_before(before);
        if secrecy == Secrecy::Open {
            continue;
        }
        let (lead, value, quoted) = value_after(after, sign);
        if value.is_empty() || !hides(value, secrecy, sign, quoted) {
            continue;
        }
        out.push_str(lead);
        out.push_str(MASK);
        rest = after.get(lead.len() + value.len()..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Pieces of which texts are made that have much to hide, and of such as have nothing.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z]{1,14}",
        "[a-z_]{10,20}",
        "[A-Za-z0-9_-]{12,50}",
        "[A-Za-z0-9+/=.%~|@]{6,30}",
        "eyJ[A-Za-z0-9_-]{4,20}(\\.[A-Za-z0-9_-]{4,20}){0,2}",
        "(ghp_|sk-|xoxb-|AKIA|00|hvs\\.)[A-Za-z0-9]{8,40}",
        "[a-z.]{1,8}@[a-z0-9]{1,8}\\.(com|png)",
        "(password|token|access_token|state|user|page|code) ?[=:] ?[\"']?[A-Za-z0-9. ]{0,14}[\"']?",
        "(Bearer|basic|DPoP|apikey) +[A-Za-z0-9.]{1,12}",
        "[é过\"'\\\\<>&;, ]{1,3}",
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    ]
}

/// Secrets of every length, with blanks, colons and letters that are spelt in several ways.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9_-]{20,60}(\\.[A-Za-z0-9_-]{10,60}){0,2}",
        "[A-Za-z0-9~?>\"\\\\/+é]{4,40}",
        "[A-Za-z]{2,8}:[ -~]{0,20}",
        "[a-z_]{20,30}",
    ]
}

/// Returns a part of a secret in one of its spellings, as an answer would repeat it.
fn repeated(secret: &str, (spelling, from, length): (usize, usize, usize)) -> String {
    let spelt: Vec<String> =
        std::iter::once(secret.to_owned()).chain(spellings_slowly(secret)).collect();
    let text = spelt.get(spelling % spelt.len()).cloned().unwrap_or_default();
    text.chars().skip(from).take(length).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]
    #[test]
    fn a_text_is_masked_as_without_short_cuts(
        pieces in prop::collection::vec(piece(), 0..6),
        secrets in prop::collection::vec(secret(), 0..3),
        part in (0_usize..6, 0_usize..30, 8_usize..40),
        place in 0_usize..6,
        blank in "( |, |)",
    ) {
        let mut pieces = pieces;
        if let Some(secret) = secrets.first() {
            pieces.insert(place.min(pieces.len()), repeated(secret, part));
        }
        let text = pieces.join(&blank);
        let secrets: Vec<Secret> = secrets.iter().map(|secret| Secret::new(secret)).collect();
        let masker = Masker::new(secrets.iter().map(Secret::expose));
        prop_assert_eq!(&*masker.text(&text), text_slowly(&secrets, &text));
        // Texts whose pieces were taken before are left alone where each of them would be.
        let pieces = Pieces::of([text.as_str(), "body.message"].into_iter());
        let left = !masker.could_share(&text) && !masker.could_share("body.message");
        prop_assert_eq!(masker.leaves(&pieces), left);
    }
}
