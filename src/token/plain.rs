//! Tokens as issuers make them: three segments that decode as they stand, and nothing to find fault with.
//!
//! Nearly all are of this kind and met while their exchange waits. All else is left to [`Segments`],
//! which names what departs from the form.
//!
//! [`Segments`]: super::segments::Segments

use base64::Engine as _;

use super::claims;
use super::header;
use super::json::{Json, Object};
use super::mint::Mint;
use super::purpose;
use super::segments::{LENIENT, is_removed, wanted_length};
use crate::model::{Fingerprint, Form, Make, Signature, Token, pseudonym};

/// The shortest first segment that is read: `{"alg":"…` in base64.
const SHORTEST_HEADER: usize = 12;

/// Reads a signed token without a fault; `None` for every other text.
///
/// What is read consists of letters of base64url and of two dots, and begins as [`is_jwt_shaped`] asks.
///
/// [`is_jwt_shaped`]: super::is_jwt_shaped
pub(super) fn read(text: &str, mint: Option<&mut Mint>) -> Option<Token> {
    let mut dots = memchr::memchr_iter(b'.', text.as_bytes());
    let (first, second) = (dots.next()?, dots.next()?);
    if dots.next().is_some() || first < SHORTEST_HEADER || !text.starts_with("eyJ") {
        return None;
    }
    let (unsigned, signed) = text.split_at_checked(second)?;
    let signature = signed.get(1..)?;
    let (header, payload) = (text.get(..first)?, text.get(first + 1..second)?);
    if payload.is_empty() || signature.is_empty() || is_removed(signature) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    LENIENT.decode_vec(payload, &mut bytes).ok()?;
    let end = bytes.len();
    LENIENT.decode_vec(signature, &mut bytes).ok()?;
    let length = bytes.len() - end;
    let payload = Object::read(bytes.get(..end)?)?;
    let make = || make_of(header, &payload, length);
    let mut token = if let Some(mint) = mint {
        let mut token = Token::made(mint.make_of(header, &payload, length, make)?);
        claims::fill_own(&mut token, &payload, |name| mint.stand_in(name));
        token
    } else {
        let mut token = Token::of(make()?);
        claims::fill_own(&mut token, &payload, pseudonym);
        token
    };
    let (fingerprint, unsigned) = Fingerprint::of_signed(unsigned, signed);
    (token.fingerprint, token.unsigned) = (fingerprint, Some(unsigned));
    token.signature_mark = Some(Fingerprint::of_bytes("signature", signature.as_bytes()));
    Some(token)
}

/// Returns what a token has in common with others of a header, of such claims, and with a signature of so
/// many bytes; `None` where there is a fault.
///
/// Of claims that [`Mint`] does not know nothing counts here but whether they are there, and null.
fn make_of(header: &str, payload: &Object<'_>, length: usize) -> Option<Make> {
    let bytes = LENIENT.decode(header).ok()?;
    let header = Object::read(&bytes)?;
    let encrypted = header.has("enc");
    let unencoded = header.get("b64") == Some(&Json::Bool(false));
    if encrypted || unencoded || !header::faults(&header, header.has_twins()).is_empty() {
        return None;
    }
    if wanted_length(header.text("alg")?, length).is_some_and(|wanted| wanted != length) {
        return None;
    }
    let (used_as, used_as_why) = purpose::of(Some(&header), Some(payload));
    let mut make = Make { form: Form::Jws, used_as, used_as_why, ..Make::default() };
    make.signature = Signature::Present;
    claims::fill_header(&mut make, Some(&header));
    claims::fill_make(&mut make, payload);
    Some(make)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::super::fields::known_claims;
    use super::super::{is_jwt_shaped, read_any};
    use super::*;

    fn encoded(header: &str, payload: &str, signature: &[u8]) -> String {
        let [header, payload] = [header, payload].map(|text| URL_SAFE_NO_PAD.encode(text));
        format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    const SOUND: &str =
        r#"{"iss":"https://id.example/","sub":"u1","exp":1767226500,"scope":"a b"}"#;

    /// Claims of an issuer, some of them not sound; often those of another token but for one.
    fn claims() -> impl Strategy<Value = String> {
        let names = vec![
            "iss",
            "aud",
            "sub",
            "azp",
            "cid",
            "tid",
            "org_id",
            "scp",
            "scope",
            "roles",
            "realm_access",
            "exp",
            "iat",
            "nbf",
            "jti",
            "nonce",
            "cnf",
            "typ",
            "type",
            "token_use",
            "auth_time",
            "at_hash",
            "c_hash",
            "sid",
            "events",
            "email",
            "name",
            "client_id",
            "é",
        ];
        let values = vec![
            r#""""#,
            r#""a""#,
            r#""b c""#,
            r#""a@b.de""#,
            r#""id""#,
            r#""access""#,
            "1",
            "1767226500",
            "0.5",
            "null",
            "true",
            "[]",
            r#"["a","b",7]"#,
            r#"["ab"]"#,
            "{}",
            r#"{"jkt":"x"}"#,
            r#"{"roles":["a"]}"#,
            r#"{"roles":[["a"]]}"#,
        ];
        let claim = (prop::sample::select(names), prop::sample::select(values))
            .prop_map(|(name, value)| format!(r#","{name}":{value}"#));
        prop_oneof![
            1 => Just(SOUND.to_owned()),
            1 => r#"\{"(iss|aud|sub|azp|cid|tid|scp|roles|exp|iat|jti|nonce|cnf|typ)":("[a-c @]{0,9}"|[0-9]{1,19}|null|\["a","b",7\]|\{"jkt":"x"\})(,"(exp|nbf|scope|role|htu|é)":("[a-c, ]{0,9}"|-?[0-9]{1,12}(\.5)?|true))?[}]?"#,
            2 => prop::collection::vec(claim, 0..3)
                .prop_map(|more| format!("{}{}}}", SOUND.trim_end_matches('}'), more.concat())),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]
        #[test]
        fn a_plain_token_is_read_as_any_other_is(
            header in prop::sample::select(vec![
                r#"{"alg":"HS256","typ":"JWT","kid":"k1"}"#, r#"{"alg":"RS256","typ":"at+jwt"}"#,
                r#"{"typ":"JWT"}"#, r#"{"alg":7,"kid":8}"#, r#"{"alg":"none"}"#, r#"{"alg":"own"}"#,
                r#"{"alg":"dir","enc":"A256GCM"}"#, r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#,
                r#"{"alg":"HS256","alg":"HS256"}"#, r#"{"alg":"HS256","crit":["exp"]}"#,
                r#"{"alg":"HS256""#, "{}", "[1,2,3,4,5,6]", r#"{"alg":"\u0048S256"}"#,
            ]),
            (payload, before) in (claims(), prop::collection::vec(claims(), 0..4)),
            signature in prop_oneof![
                3 => prop::collection::vec(any::<u8>(), 32..33),
                1 => prop::collection::vec(any::<u8>(), 0..300),
                1 => Just(b"dummy".to_vec()),
            ],
            change in prop_oneof![
                6 => Just(None),
                4 => (any::<prop::sample::Index>(), prop::sample::select(vec![
                    "", ".", "=", "+", "%2E", "%", "A", "redacted", " ", "é", "eyJ", "[REDACTED]",
                ])).prop_map(Some),
            ],
            cut in prop_oneof![6 => Just(usize::MAX), 1 => 0_usize..400],
        ) {
            let mut text = encoded(header, &payload, &signature);
            if let Some((at, put)) = change {
                text.insert_str(at.index(text.len() + 1), put);
            }
            let end = (0..=cut.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
            let text = text.get(..end.unwrap_or(0)).unwrap_or_default();
            // What was read before has no say in it.
            let mut mint = Mint::default();
            for before in &before {
                read(&encoded(header, before, &signature), Some(&mut mint));
            }
            prop_assert_eq!(read(text, Some(&mut mint)), read(text, None));
            prop_assert_eq!(read(text, Some(&mut mint)), read(text, None));
            if let Some(token) = read(text, None) {
                prop_assert_eq!(token, read_any(text));
                prop_assert!(is_jwt_shaped(text));
                let is_letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
                prop_assert!(text.bytes().all(is_letter));
            }
        }
    }

    #[test]
    fn whatever_a_claim_says_a_make_is_that_of_no_other_token() {
        let values = [
            r#""access""#,
            r#""id""#,
            r#""refresh""#,
            r#""a b""#,
            "1",
            "null",
            r#"["a","b"]"#,
            r#"{"jkt":"x"}"#,
            r#"{"kid":"x"}"#,
            r#"{"roles":["a"]}"#,
        ];
        let of_purpose = ["tokenType", "tokenUse", "htm", "picture"];
        for name in known_claims().chain(of_purpose) {
            for (before, value) in values.iter().flat_map(|a| values.map(|b| (*a, b))) {
                let token = |value| {
                    let claims = format!(r#"{{"auth_time":1,"{name}":{value}}}"#);
                    encoded(r#"{"alg":"HS256"}"#, &claims, &[0xb7; 32])
                };
                let mut mint = Mint::default();
                let known = read(&token(before), Some(&mut mint));
                assert!(known.is_some() || name == "auth_time", "{name}: {before}");
                let token = token(value);
                assert_eq!(read(&token, Some(&mut mint)), read(&token, None), "{name}: {value}");
            }
        }
    }

    #[test]
    fn what_issuers_make_is_plain_and_what_has_a_fault_is_not() {
        let header = r#"{"alg":"HS256","typ":"JWT"}"#;
        let sound = encoded(header, SOUND, &[0xb7; 32]);
        assert!(read(&sound, None).is_some());
        let (unsigned, _) = sound.rsplit_once('.').unwrap();
        for odd in [
            unsigned.to_owned(),
            format!("{unsigned}."),
            format!("{unsigned}.redacted"),
            format!("{}redacted", encoded(r#"{"alg":"own"}"#, SOUND, &[])),
            format!("{sound}.x"),
            format!("{sound}="),
            encoded(header, SOUND, &[0xb7; 31]),
            encoded(header, "", &[0xb7; 32]),
            encoded(header, "[]", &[0xb7; 32]),
            encoded(r#"{"alg":"dir","enc":"A128GCM"}"#, SOUND, &[0xb7; 32]),
            encoded(r#"{"alg":"HS256","b64":false}"#, SOUND, &[0xb7; 32]),
            encoded(r#"{"alg":"HS256","alg":"HS256"}"#, SOUND, &[0xb7; 32]),
        ] {
            assert_eq!(read(&odd, Some(&mut Mint::default())), None, "{odd}");
        }
    }
}
