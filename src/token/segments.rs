//! Compact serialization (RFC 7515, section 7.1; RFC 7516, section 7.1), read with every near miss.

use std::borrow::Cow;

use super::header::{self, has_twins};
use super::json::{Json, Object};
use crate::model::{Fault, Form, Segment, Signature};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};
use base64::{Engine as _, alphabet};

/// Trailing bits are not checked: text that was cut has them, and most verifiers accept them.
pub(super) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Words that people put where a signature belongs.
const DUMMIES: [&str; 7] = ["sig", "dummy", "fake", "mock", "test", "invalid", "sample"];

/// Returns whether a short signature is plain words, as text or decoded. One that was cut off is one in
/// 20 times so by chance at 3 bytes, and never at 8.
fn is_words(text: &str, bytes: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    let wordy = lower.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_'));
    let named = DUMMIES.iter().any(|word| lower.contains(word));
    let plain = bytes.len() >= 3
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-' | b'_'));
    wordy && named || plain
}

/// Sizes at which columns, cookies and log fields cut, in characters.
const CUTS: [usize; 14] =
    [255, 256, 500, 511, 512, 1000, 1023, 1024, 2000, 2047, 2048, 4000, 4095, 4096];

/// The segments of a token whose first one is a JOSE header.
pub(super) struct Segments<'t, 'h> {
    /// JWS or JWE.
    pub(super) form: Form,
    /// The payload stands as it is, not as base64url (RFC 7797).
    unencoded: bool,
    /// Faults of the text as a whole.
    pub(super) faults: Vec<Fault>,
    /// The first one decoded, and its members where it is an object.
    header: (&'h [u8], Option<Object<'h>>),
    text: Cow<'t, str>,
    raw_len: usize,
    parts: Vec<(usize, usize)>,
}

impl<'t, 'h> Segments<'t, 'h> {
    /// Splits `text`; `None` when its first segment is no JOSE header and does not look like one.
    ///
    /// `header` takes the first segment decoded.
    pub(super) fn split(text: &'t str, header: &'h mut Vec<u8>) -> Option<Self> {
        let mut faults = Vec::new();
        let decoded = percent_decode(text);
        if matches!(decoded, Cow::Owned(_)) {
            faults.push(Fault::PercentEncoded);
        }
        let parts = parts_of(&decoded);
        let first = decoded.split('.').next().unwrap_or_default();
        if !could_be_header(first) {
            return None;
        }
        *header = decode(first);
        let members = Object::read(header);
        let form = match &members {
            Some(members) if members.has("enc") => Form::Jwe,
            Some(members) if members.has("alg") || parts.len() == 3 => Form::Jws,
            Some(members) if members.has("typ") || members.has("kid") => Form::Jws,
            _ if first.starts_with("eyJ") => Form::Jws,
            _ => return None,
        };
        let unencoded = members.as_ref().is_some_and(|m| m.get("b64") == Some(&Json::Bool(false)));
        let header = (header.as_slice(), members);
        Some(Self { form, unencoded, faults, header, raw_len: text.len(), text: decoded, parts })
    }

    /// Returns how many segments there are.
    pub(super) fn count(&self) -> usize {
        self.parts.len()
    }

    /// Returns the text of a segment.
    pub(super) fn part(&self, index: usize) -> Option<&str> {
        self.parts.get(index).and_then(|(start, end)| self.text.get(*start..*end))
    }

    /// Returns header and payload with the dot between them.
    pub(super) fn unsigned(&self) -> Option<&str> {
        self.parts.get(1).and_then(|(_, end)| self.text.get(..*end))
    }

    /// Decodes the third segment.
    pub(super) fn signature_bytes(&self) -> Option<Vec<u8>> {
        self.part(2).filter(|text| !text.is_empty()).map(decode)
    }

    /// Returns whether the content is elsewhere: an empty payload (RFC 7515, appendix F).
    pub(super) fn is_detached(&self) -> bool {
        self.parts.len() == 3 && self.part(1).is_some_and(str::is_empty)
    }

    /// Returns whether the last letter of the signature holds bits that belong to no byte: no encoder
    /// writes them (RFC 4648, section 3.5).
    pub(super) fn has_trailing_bits(&self) -> bool {
        let strict = self.part(2).map(|text| URL_SAFE_NO_PAD.decode(text));
        matches!(strict, Some(Err(base64::DecodeError::InvalidLastSymbol { .. })))
    }

    /// Returns `kid` as written.
    pub(super) fn kid(&self) -> Option<String> {
        match self.header.1.as_ref()?.get("kid")? {
            Json::Text(kid) => Some(kid.to_string()),
            Json::Number(kid) => Some(kid.to_string()),
            _ => None,
        }
    }

    /// Reads the header.
    pub(super) fn header(&self, faults: &mut Vec<Fault>) -> Option<Cow<'_, Object<'h>>> {
        name_faults(self.part(0)?, Segment::Header, faults);
        let (written, whole) = &self.header;
        let (header, twins) = match whole {
            Some(header) => (Cow::Borrowed(header), header.has_twins()),
            None => (Cow::Owned(cut(written, Segment::Header, faults)?), has_twins(written)),
        };
        faults.extend(header::faults(&header, twins));
        Some(header)
    }

    /// Decodes the payload of a JWS.
    pub(super) fn payload(&self, faults: &mut Vec<Fault>) -> Option<Cow<'_, [u8]>> {
        let text = self.part(1)?;
        if text.is_empty() {
            faults.push(Fault::EmptySegment(Segment::Payload));
            return None;
        }
        if self.unencoded {
            return Some(Cow::Borrowed(text.as_bytes()));
        }
        Some(Cow::Owned(decode_named(text, Segment::Payload, faults)))
    }

    /// Looks at the third segment of a JWS: whether it stands there and has the length that `alg` asks.
    pub(super) fn signature(&self, alg: Option<&str>, faults: &mut Vec<Fault>) -> Signature {
        let Some(text) = self.part(2) else { return Signature::None };
        let unsecured = alg.is_some_and(|a| a.eq_ignore_ascii_case("none"));
        if text.is_empty() {
            return if unsecured { Signature::None } else { Signature::Removed };
        }
        if is_removed(text) {
            return Signature::Removed;
        }
        let bytes = decode_named(text, Segment::Signature, faults);
        let found = bytes.len();
        match alg.and_then(|alg| wanted_length(alg, found)) {
            Some(wanted) if found < wanted && is_words(text, &bytes) => {
                faults.push(Fault::DummySignature(small(found), small(wanted)));
            }
            Some(wanted) if found < wanted => {
                faults.push(Fault::ShortSignature(small(found), small(wanted)));
            }
            Some(wanted) if found > wanted => {
                faults.push(Fault::LongSignature(small(found), small(wanted)));
            }
            _ => {}
        }
        Signature::Present
    }

    /// Compares the number of segments with what the form has.
    pub(super) fn check_count(&self, faults: &mut Vec<Fault>) {
        let needed = if self.form == Form::Jwe { 5 } else { 3 };
        let found = u8::try_from(self.parts.len()).unwrap_or(u8::MAX);
        if found < needed {
            faults.push(Fault::TooFewSegments(found, needed));
        } else if found > needed {
            faults.push(Fault::TooManySegments(found, needed));
        }
    }

    /// Names the size at which the text seems cut: only where something is missing at its end.
    pub(super) fn check_cut(&self, faults: &mut Vec<Fault>) {
        let incomplete = faults
            .iter()
            .any(|f| matches!(f, Fault::TooFewSegments(..) | Fault::ShortSignature(..)));
        // A column that was cut may have held `Bearer ` too.
        let cut = CUTS.iter().find(|c| **c == self.raw_len || **c == self.raw_len + 7);
        if let (true, Some(cut)) = (incomplete, cut) {
            faults.push(Fault::CutAt(small(*cut)));
        }
    }
}

/// Returns start and end of each segment; a sanitizer's mark in brackets keeps its dots.
fn parts_of(text: &str) -> Vec<(usize, usize)> {
    let mut parts = Vec::with_capacity(3);
    let mut start = 0;
    while parts.len() < 64 {
        let rest = text.get(start..).unwrap_or_default();
        let bracket = parts.len() == 2 && rest.starts_with(['[', '<', '(']);
        let Some(dot) = rest.find('.').filter(|_| !bracket) else {
            parts.push((start, text.len()));
            break;
        };
        parts.push((start, start + dot));
        start += dot + 1;
    }
    parts
}

/// Returns whether text can be base64 of an object's start: `{"`, `{ `, `{` and a line break.
fn could_be_header(first: &str) -> bool {
    ["eyJ", "eyA", "ewo", "ew0", "ewk", "e30"].iter().any(|start| first.starts_with(start))
}

/// Returns whether a third segment is a sanitizer's mark.
pub(super) fn is_removed(text: &str) -> bool {
    let word = text.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let marks = ["redacted", "removed", "masked", "filtered", "sanitized", "signature", "stripped"];
    marks.iter().any(|m| word.eq_ignore_ascii_case(m))
        || (word.is_empty() && text.bytes().any(|b| matches!(b, b'*' | b'[' | b'<')))
        || (text.len() >= 3 && text.bytes().all(|b| matches!(b, b'x' | b'X')))
}

/// Names every departure of a segment from base64url without padding (RFC 7515, section 2).
pub(super) fn name_faults(text: &str, segment: Segment, faults: &mut Vec<Fault>) {
    let mut kept = 0_usize;
    let (mut standard, mut padding, mut foreign) = (false, false, false);
    for b in text.bytes() {
        match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => kept += 1,
            b'+' | b'/' => {
                standard = true;
                kept += 1;
            }
            b'=' => padding = true,
            _ => foreign = true,
        }
    }
    let named = [
        (standard, Fault::StandardAlphabet(segment)),
        (padding, Fault::Padding(segment)),
        (foreign, Fault::ForeignCharacter(segment)),
        (kept % 4 == 1, Fault::OddLength(segment)),
    ];
    faults.extend(named.into_iter().filter_map(|(found, fault)| found.then_some(fault)));
}

/// Decodes a segment and names its departures; what decodes as it stands has none.
fn decode_named(text: &str, segment: Segment, faults: &mut Vec<Fault>) -> Vec<u8> {
    if let Ok(bytes) = LENIENT.decode(text) {
        return bytes;
    }
    name_faults(text, segment, faults);
    decode(text)
}

/// Decodes base64 of any alphabet; what is foreign is left out, an odd last letter too.
pub(super) fn decode(text: &str) -> Vec<u8> {
    if let Ok(bytes) = LENIENT.decode(text) {
        return bytes;
    }
    let mut letters: Vec<u8> = text
        .bytes()
        .filter_map(|b| match b {
            b'+' => Some(b'-'),
            b'/' => Some(b'_'),
            b if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_') => Some(b),
            _ => None,
        })
        .collect();
    if letters.len() % 4 == 1 {
        letters.pop();
    }
    LENIENT.decode(letters).unwrap_or_default()
}

/// Reads the object that a segment holds; one whose end is missing as far as it goes.
pub(super) fn object<'b>(
    bytes: &'b [u8],
    segment: Segment,
    faults: &mut Vec<Fault>,
) -> Option<Object<'b>> {
    Object::read(bytes).or_else(|| cut(bytes, segment, faults))
}

fn cut(bytes: &[u8], segment: Segment, faults: &mut Vec<Fault>) -> Option<Object<'static>> {
    faults.push(Fault::NotJson(segment));
    cut_object(bytes)
}

/// Reads the members of an object whose end is missing; `None` when not one member is whole.
///
/// A logger that cuts at 256 characters leaves `iss` and `exp` readable more often than not.
fn cut_object(bytes: &[u8]) -> Option<Object<'static>> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => std::str::from_utf8(bytes.get(..e.valid_up_to())?).ok()?,
    };
    if !text.starts_with('{') {
        return None;
    }
    let commas = text.char_indices().filter(|(_, c)| *c == ',').map(|(at, _)| at);
    // The last comma that closes a whole member; few tries suffice, as claims are short.
    commas.rev().take(24).find_map(|at| {
        let whole = format!("{}}}", text.get(..at)?);
        Object::read(whole.as_bytes()).map(Object::into_owned)
    })
}

/// Returns the signature length in bytes that `alg` dictates (RFC 7518, section 3; RFC 8037).
pub(super) fn wanted_length(alg: &str, found: usize) -> Option<usize> {
    Some(match alg {
        "HS256" => 32,
        "HS384" => 48,
        "HS512" | "ES256" | "ES256K" => 64,
        "ES384" => 96,
        "ES512" => 132,
        "EdDSA" | "Ed25519" | "Ed448" => {
            if found > 64 {
                114
            } else {
                64
            }
        }
        // An RSA signature is as long as its modulus: 1,024 to 8,192 bits.
        _ if alg.starts_with("RS") || alg.starts_with("PS") => {
            *[128, 256, 384, 512, 768, 1024].iter().find(|size| found <= **size)?
        }
        _ => return None,
    })
}

/// Resolves `%XX`; borrowed when there is none.
pub fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut changed = false;
    while let Some(&b) = bytes.get(at) {
        let pair = bytes.get(at + 1..at + 3).and_then(|p| std::str::from_utf8(p).ok());
        match pair.and_then(|p| u8::from_str_radix(p, 16).ok()) {
            Some(value) if b == b'%' => {
                out.push(value);
                changed = true;
                at += 3;
            }
            _ => {
                out.push(b);
                at += 1;
            }
        }
    }
    match String::from_utf8(out) {
        Ok(decoded) if changed => Cow::Owned(decoded),
        _ => Cow::Borrowed(text),
    }
}

pub(super) fn small(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]
        #[test]
        fn what_decodes_as_it_stands_departs_in_nothing(text in "[A-Za-z0-9_-]{0,9}[=+/!. é]{0,2}[A-Z]{0,2}") {
            let mut faults = Vec::new();
            let bytes = decode_named(&text, Segment::Payload, &mut faults);
            let mut named = Vec::new();
            name_faults(&text, Segment::Payload, &mut named);
            prop_assert_eq!(faults, named);
            prop_assert_eq!(bytes, decode(&text));
        }
    }
}
