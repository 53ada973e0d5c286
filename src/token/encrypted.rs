//! What a JWE holds behind its header (RFC 7516, section 7.1): checked as far as no key is needed.

use super::json::Object;
use super::segments::{Segments, decode, is_removed, name_faults, small};
use crate::model::{Fault, Segment};

/// Names what is missing, badly encoded or has a length that `enc` does not make.
///
/// Says nothing of a token with more or fewer segments: it is not known which ones are there.
pub(super) fn faults(segments: &Segments<'_, '_>, header: Option<&Object<'_>>) -> Vec<Fault> {
    let parts: Vec<&str> = (1..5).filter_map(|index| segments.part(index)).collect();
    let mut faults = Vec::new();
    let [key, iv, ciphertext, tag] = parts.as_slice() else { return faults };
    if segments.count() != 5 || parts.iter().any(|text| is_removed(text)) {
        return faults;
    }
    let named = |name: &str| header.and_then(|header| header.text(name));
    // In both, the content key is agreed on and not sent (RFC 7518, sections 4.5 and 4.6).
    let has_key = named("alg").is_some_and(|alg| !matches!(alg, "dir" | "ECDH-ES"));
    let sizes = named("enc").and_then(sizes_of);
    // AES-GCM turns nothing into nothing, AES-CBC into a block.
    let has_text = sizes.is_some_and(|(iv, _)| iv == 16);
    let expected = [
        (key, Segment::EncryptedKey, has_key, None),
        (iv, Segment::InitializationVector, true, sizes.map(|(iv, _)| iv)),
        (ciphertext, Segment::Ciphertext, has_text, None),
        (tag, Segment::AuthenticationTag, true, sizes.map(|(_, tag)| tag)),
    ];
    for (text, segment, must, size) in expected {
        if text.is_empty() {
            faults.extend(must.then_some(Fault::EmptySegment(segment)));
            continue;
        }
        name_faults(text, segment, &mut faults);
        let found = decode(text).len();
        if let Some(size) = size.filter(|size| *size != found) {
            faults.push(Fault::WrongLength(segment, small(found), small(size)));
        }
    }
    faults
}

/// Returns the bytes of initialization vector and tag that `enc` makes (RFC 7518, section 5).
fn sizes_of(enc: &str) -> Option<(usize, usize)> {
    Some(match enc {
        "A128GCM" | "A192GCM" | "A256GCM" => (12, 16),
        "A128CBC-HS256" => (16, 16),
        "A192CBC-HS384" => (16, 24),
        "A256CBC-HS512" => (16, 32),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::model::Form;

    fn of(alg: &str, enc: &str, sizes: [usize; 4]) -> Vec<Fault> {
        let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{alg}","enc":"{enc}"}}"#));
        let parts: Vec<_> = sizes.iter().map(|n| URL_SAFE_NO_PAD.encode(vec![0xa5; *n])).collect();
        let token = crate::token::read(&format!("{header}.{}", parts.join(".")));
        assert_eq!(token.form, Form::Jwe);
        token.faults.clone()
    }

    #[test]
    fn each_segment_has_the_length_that_enc_makes() {
        assert_eq!(of("A128KW", "A128GCM", [24, 12, 5, 16]), []);
        assert_eq!(of("A256KW", "A256CBC-HS512", [72, 16, 32, 32]), []);
        assert_eq!(of("A256KW", "made-up", [72, 9, 32, 9]), []);
        let tag = Segment::AuthenticationTag;
        assert_eq!(of("A128KW", "A128GCM", [24, 12, 5, 15]), [Fault::WrongLength(tag, 15, 16)]);
        assert_eq!(
            of("A256KW", "A192CBC-HS384", [56, 12, 32, 24]),
            [Fault::WrongLength(Segment::InitializationVector, 12, 16)]
        );
    }

    #[test]
    fn what_must_stand_there_is_missed_and_nothing_else() {
        assert_eq!(of("dir", "A128GCM", [0, 12, 0, 16]), []);
        assert_eq!(of("ECDH-ES", "A128CBC-HS256", [0, 16, 16, 16]), []);
        assert_eq!(
            of("ECDH-ES+A128KW", "A128CBC-HS256", [0, 16, 0, 16]),
            [Fault::EmptySegment(Segment::EncryptedKey), Fault::EmptySegment(Segment::Ciphertext)]
        );
        assert_eq!(
            of("dir", "A128GCM", [0, 0, 4, 0]),
            [
                Fault::EmptySegment(Segment::InitializationVector),
                Fault::EmptySegment(Segment::AuthenticationTag)
            ]
        );
    }

    #[test]
    fn a_sanitizers_mark_is_no_fault_of_the_token() {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"A128KW","enc":"A128GCM"}"#);
        assert_eq!(crate::token::read(&format!("{header}.***.***.***.***")).faults, []);
        assert_ne!(crate::token::read(&format!("{header}.a*.b.c.d")).faults, []);
    }
}
