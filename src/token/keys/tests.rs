use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self as lc, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaEncoding,
    RsaKeyPair,
};
use aws_lc_rs::{hmac, rsa};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use super::*;
use crate::model::Token;
use crate::token::Verifier;

mod hostile;
mod published;
mod short;

const CLAIMS: &str = r#"{"iss":"https://id.example","sub":"u-1","exp":1767265200}"#;

fn unsigned(alg: &str, kid: Option<&str>) -> String {
    let header = match kid {
        Some(kid) => json!({"alg": alg, "kid": kid}),
        None => json!({ "alg": alg }),
    };
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}", part(&header.to_string()), part(CLAIMS))
}

fn with(unsigned: &str, signature: &[u8]) -> String {
    format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn hs(alg: &str, secret: &[u8], kid: Option<&str>) -> String {
    let algorithm = match alg {
        "HS384" => hmac::HMAC_SHA384,
        "HS512" => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    let text = unsigned(alg, kid);
    let tag = hmac::sign(&hmac::Key::new(algorithm, secret), text.as_bytes());
    with(&text, tag.as_ref())
}

fn rs(pair: &RsaKeyPair, alg: &str, encoding: &'static dyn RsaEncoding, text: &str) -> String {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    assert!(text.starts_with(&unsigned(alg, None)[..8]));
    with(text, &signature)
}

fn es(algorithm: &'static EcdsaSigningAlgorithm, alg: &str) -> (EcdsaKeyPair, String) {
    let pair = EcdsaKeyPair::generate(algorithm).unwrap();
    let text = unsigned(alg, None);
    let signature = pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    (pair, with(&text, signature.as_ref()))
}

fn armoured(der: &[u8], label: &str) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<_> =
        body.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn rsa_pem(pair: &RsaKeyPair) -> String {
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    armoured(der.as_ref(), "PUBLIC KEY")
}

fn rsa_pair() -> RsaKeyPair {
    RsaKeyPair::generate(KeySize::Rsa2048).unwrap()
}

/// What a key file says of a token.
fn by_file(file: &[u8], token: &str) -> Verdict {
    let mut ring = Keyring::default();
    ring.add_file("--key 1", file).unwrap();
    by(ring, token)
}

fn by(ring: Keyring, text: &str) -> Verdict {
    let mut token = crate::token::read(text);
    Verifier::new(ring).check(&mut token, text);
    *token.verdict.unwrap()
}

fn miss(verdict: &Verdict) -> Option<&NearMiss> {
    match verdict {
        Verdict::Near { miss, .. } => Some(miss),
        _ => None,
    }
}

#[test]
fn every_algorithm_verifies_with_its_key_and_not_after_a_change() {
    let rsa = rsa_pair();
    let pem = rsa_pem(&rsa);
    let mut cases: Vec<(String, Vec<u8>)> = Vec::new();
    for alg in ["HS256", "HS384", "HS512"] {
        cases.push((hs(alg, b"a secret of some length", None), b"a secret of some length".into()));
    }
    let encodings: [(&str, &'static dyn RsaEncoding); 6] = [
        ("RS256", &lc::RSA_PKCS1_SHA256),
        ("RS384", &lc::RSA_PKCS1_SHA384),
        ("RS512", &lc::RSA_PKCS1_SHA512),
        ("PS256", &lc::RSA_PSS_SHA256),
        ("PS384", &lc::RSA_PSS_SHA384),
        ("PS512", &lc::RSA_PSS_SHA512),
    ];
    for (alg, encoding) in encodings {
        cases.push((rs(&rsa, alg, encoding, &unsigned(alg, None)), pem.clone().into_bytes()));
    }
    for (alg, algorithm) in [
        ("ES256", &lc::ECDSA_P256_SHA256_FIXED_SIGNING),
        ("ES384", &lc::ECDSA_P384_SHA384_FIXED_SIGNING),
        ("ES512", &lc::ECDSA_P521_SHA512_FIXED_SIGNING),
        ("ES256K", &lc::ECDSA_P256K1_SHA256_FIXED_SIGNING),
    ] {
        let (pair, token) = es(algorithm, alg);
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        cases.push((token, armoured(der.as_ref(), "PUBLIC KEY").into_bytes()));
    }
    let ed = Ed25519KeyPair::generate().unwrap();
    let text = unsigned("EdDSA", None);
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(ed.public_key())});
    cases.push((with(&text, ed.sign(text.as_bytes()).as_ref()), jwk.to_string().into_bytes()));

    for (token, key) in cases {
        assert!(matches!(by_file(&key, &token), Verdict::Valid { .. }), "{token}");
        let changed = token.replacen('.', ".e", 1);
        let verdict = by_file(&key, &changed);
        let tampered = matches!(miss(&verdict), Some(NearMiss::OtherContent));
        assert!(matches!(verdict, Verdict::Invalid { .. }) || tampered, "{token}: {verdict:?}");
    }
}

#[test]
fn a_secret_that_one_side_holds_in_another_form_is_found() {
    let secret = b"c2VjcmV0LXRoYXQtaXMtYmFzZTY0";
    let hexed = b"7365637265742074686174206973";
    let forms: [(&[u8], &[u8], NearMiss); 10] = [
        (secret, b"c2VjcmV0LXRoYXQtaXMtYmFzZTY0\n", NearMiss::LineFeed),
        (secret, b"c2VjcmV0LXRoYXQtaXMtYmFzZTY0\r\n", NearMiss::CarriageReturn),
        (b" a secret with blanks ", b"a secret with blanks", NearMiss::Trimmed),
        (secret, b"secret-that-is-base64", NearMiss::Base64Decoded),
        (hexed, b"secret that is", NearMiss::HexDecoded),
        (b"\"quoted secret\"", b"quoted secret", NearMiss::Unquoted),
        (b"quoted secret", b"\"quoted secret\"", NearMiss::Quoted),
        (b"secret-that-is-base64", secret, NearMiss::Base64Encoded),
        (b"secret that is", hexed, NearMiss::HexEncoded),
        (b"??>>", b"Pz8-Pg", NearMiss::Base64Encoded),
    ];
    for (given, used, expected) in forms {
        let verdict = by_file(given, &hs("HS256", used, None));
        assert_eq!(miss(&verdict), Some(&expected), "{verdict:?}");
    }
}

#[test]
fn one_line_end_of_a_key_file_is_the_editors() {
    let token = hs("HS256", b"a secret", None);
    assert!(matches!(by_file(b"a secret\n", &token), Verdict::Valid { .. }));
    let token = hs("HS256", b"a secret\n", None);
    assert_eq!(miss(&by_file(b"a secret\n", &token)), Some(&NearMiss::LineFeed));
}

#[test]
fn a_secret_of_another_token_is_no_near_miss() {
    let token = hs("HS256", b"the secret of somebody else", None);
    assert!(matches!(by_file(b"a secret", &token), Verdict::Invalid { named: false, .. }));
}

#[test]
fn another_strength_and_another_padding_are_told_by_name() {
    let text = unsigned("HS256", None);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, b"a secret"), text.as_bytes());
    let verdict = by_file(b"a secret", &with(&text, tag.as_ref()));
    assert_eq!(miss(&verdict), Some(&NearMiss::Algorithm("HS512".into())));

    let pair = rsa_pair();
    let token = rs(&pair, "RS256", &lc::RSA_PSS_SHA256, &unsigned("RS256", None));
    let verdict = by_file(rsa_pem(&pair).as_bytes(), &token);
    assert_eq!(miss(&verdict), Some(&NearMiss::Algorithm("PS256".into())));
}

#[test]
fn the_text_of_a_public_key_as_secret_is_found_in_each_of_its_forms() {
    let pem = rsa_pem(&rsa_pair());
    for secret in [
        pem.clone(),
        pem.trim().to_owned(),
        pem.replace('\n', "\\n"),
        pem.trim().replace('\n', "\\n"),
    ] {
        let verdict = by_file(pem.as_bytes(), &hs("HS256", secret.as_bytes(), None));
        assert_eq!(miss(&verdict), Some(&NearMiss::PublicKeyAsSecret));
    }
    let verdict = by_file(pem.as_bytes(), &hs("HS256", b"another secret", None));
    assert_eq!(verdict, Verdict::NoKey);
}

#[test]
fn pem_with_escaped_or_lost_line_breaks_is_repaired_and_said_so() {
    let pair = rsa_pair();
    let token = rs(&pair, "RS256", &lc::RSA_PKCS1_SHA256, &unsigned("RS256", None));
    let pem = rsa_pem(&pair);
    let bare = pem.lines().filter(|l| !l.starts_with("---")).collect::<String>();
    for broken in [
        pem.replace('\n', "\\n"),
        format!("\"{}\"", pem.replace('\n', "\\n")),
        pem.replace('\n', " "),
        bare,
    ] {
        assert_eq!(miss(&by_file(broken.as_bytes(), &token)), Some(&NearMiss::PemRepaired));
    }
    assert!(matches!(by_file(pem.replace('\n', "\r\n").as_bytes(), &token), Verdict::Valid { .. }));
}

#[test]
fn an_ecdsa_signature_in_der_is_told() {
    let pair = EcdsaKeyPair::generate(&lc::ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let text = unsigned("ES256", None);
    let signature = pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let key = armoured(der.as_ref(), "PUBLIC KEY");
    let verdict = by_file(key.as_bytes(), &with(&text, signature.as_ref()));
    assert_eq!(miss(&verdict), Some(&NearMiss::DerSignature));
}

#[test]
fn an_rsa_signature_of_the_key_over_other_content_is_told_from_a_foreign_one() {
    let (pair, stranger) = (rsa_pair(), rsa_pair());
    let token = rs(&pair, "RS256", &lc::RSA_PKCS1_SHA256, &unsigned("RS256", None));
    let (_, signature) = token.rsplit_once('.').unwrap();
    let header = unsigned("RS256", None).split_once('.').unwrap().0.to_owned();
    let edited = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(r#"{"sub":"root"}"#));
    assert_eq!(miss(&by_file(rsa_pem(&pair).as_bytes(), &edited)), Some(&NearMiss::OtherContent));
    let verdict = by_file(rsa_pem(&stranger).as_bytes(), &edited);
    assert!(matches!(verdict, Verdict::Invalid { .. }));
}

fn set_of(keys: &[(&str, &RsaKeyPair, Option<&str>)]) -> String {
    let keys: Vec<_> = keys
        .iter()
        .map(|(kid, pair, alg)| {
            let n = pair.public_key().modulus().big_endian_without_leading_zero().to_vec();
            let n = URL_SAFE_NO_PAD.encode(n);
            json!({"kty": "RSA", "kid": kid, "n": n, "e": "AQAB", "alg": alg, "use": "sig"})
        })
        .collect();
    json!({ "keys": keys }).to_string()
}

fn by_set(set: &str, token: &str) -> Verdict {
    let mut ring = Keyring::default();
    ring.add_set("--jwks 1", set).unwrap();
    by(ring, token)
}

#[test]
fn the_key_that_kid_names_is_asked_first_and_another_one_is_a_near_miss() {
    let (a, b) = (rsa_pair(), rsa_pair());
    let set = set_of(&[("a", &a, None), ("b", &b, None)]);
    let signed = |kid| rs(&a, "RS256", &lc::RSA_PKCS1_SHA256, &unsigned("RS256", kid));
    let valid = by_set(&set, &signed(Some("a")));
    assert_eq!(valid.key().unwrap().kid.as_deref(), Some("a"));
    assert!(matches!(valid, Verdict::Valid { .. }));
    assert!(matches!(by_set(&set, &signed(None)), Verdict::Valid { .. }));
    assert_eq!(miss(&by_set(&set, &signed(Some("b")))), Some(&NearMiss::OtherKey));
    assert_eq!(miss(&by_set(&set, &signed(Some("c")))), Some(&NearMiss::OtherKid));
    let strange = rs(&rsa_pair(), "RS256", &lc::RSA_PKCS1_SHA256, &unsigned("RS256", Some("c")));
    assert_eq!(by_set(&set, &strange), Verdict::UnknownKid { known: vec!["a".into(), "b".into()] });
    let strange = rs(&rsa_pair(), "RS256", &lc::RSA_PKCS1_SHA256, &unsigned("RS256", Some("a")));
    assert!(matches!(by_set(&set, &strange), Verdict::Invalid { named: true, .. }));
}

#[test]
fn a_key_that_is_meant_for_another_algorithm_says_so() {
    let pair = rsa_pair();
    let token = rs(&pair, "RS256", &lc::RSA_PKCS1_SHA256, &unsigned("RS256", Some("a")));
    let set = set_of(&[("a", &pair, Some("PS256"))]);
    assert_eq!(miss(&by_set(&set, &token)), Some(&NearMiss::KeyAlgorithm("PS256".into())));
    let set = set_of(&[("a", &pair, Some("RS256"))]);
    assert!(matches!(by_set(&set, &token), Verdict::Valid { .. }));
}

#[test]
fn keys_of_another_kind_say_nothing() {
    let pair = rsa_pair();
    let (_, token) = es(&lc::ECDSA_P256_SHA256_FIXED_SIGNING, "ES256");
    assert_eq!(by_file(rsa_pem(&pair).as_bytes(), &token), Verdict::NoKey);
}

#[test]
fn private_keys_serve_by_their_public_half() {
    let ec = EcdsaKeyPair::generate(&lc::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let text = unsigned("ES256", None);
    let token = with(&text, ec.sign(&SystemRandom::new(), text.as_bytes()).unwrap().as_ref());
    let der = ec.to_pkcs8v1().unwrap();
    let key = armoured(der.as_ref(), "PRIVATE KEY");
    assert!(matches!(by_file(key.as_bytes(), &token), Verdict::Valid { .. }));

    let pair = rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
    let token = rs(&pair, "RS256", &lc::RSA_PKCS1_SHA256, &unsigned("RS256", None));
    let der =
        aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    assert!(matches!(by_file(der.as_ref(), &token), Verdict::Valid { .. }));
}

#[test]
fn what_is_no_key_is_refused_with_the_reason() {
    let mut ring = Keyring::default();
    assert_eq!(ring.add_set("--jwks 1", "{}"), Err(KeyError::NoSet));
    assert_eq!(ring.add_set("--jwks 1", r#"{"keys":[]}"#), Err(KeyError::NoKeys));
    assert_eq!(ring.add_file("--key 1", b"\n"), Err(KeyError::Empty));
    let locked =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    assert_eq!(ring.add_file("--key 1", locked.as_bytes()), Err(KeyError::Encrypted));
    let empty = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    assert_eq!(ring.add_file("--key 1", empty.as_bytes()), Err(KeyError::Damaged));
    assert!(ring.is_empty());
}

#[test]
fn a_thumbprint_is_that_of_rfc_7638() {
    // RFC 7638, section 3.1.
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let jwk = json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"});
    let mut ring = Keyring::default();
    ring.add_set("--jwks 1", &jwk.to_string()).unwrap();
    let (name, _) = ring.names().next().unwrap();
    assert_eq!(name.thumbprint.as_deref(), Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
}

#[test]
fn keys_that_the_capture_holds_verify_tokens_that_came_before_them() {
    let (pair, other) = (rsa_pair(), rsa_pair());
    let text = rs(&pair, "RS256", &lc::RSA_PKCS1_SHA256, &unsigned("RS256", Some("a")));
    let foreign = rs(&other, "RS256", &lc::RSA_PKCS1_SHA256, &unsigned("RS256", Some("z")));
    let verifier = Verifier::default();
    let mut tokens: Vec<Token> = Vec::new();
    for text in [&text, &foreign] {
        let mut token = crate::token::read(text);
        verifier.check(&mut token, text);
        assert_eq!(token.verdict, None);
        tokens.push(token);
    }
    let names = verifier.publish(&set_of(&[("a", &pair, None)]));
    assert_eq!(names.len(), 1);
    let mut told = Vec::new();
    verifier.settle(|mark, verdict| told.push((mark, verdict)));
    // The other one may be of another issuer: nothing is said of it.
    assert_eq!(told.len(), 1);
    assert_eq!(Some(told[0].0), tokens[0].fingerprint);
    assert!(matches!(told[0].1, Verdict::Valid { .. }));
}

#[test]
fn no_key_shows_in_a_debug_text() {
    let mut ring = Keyring::default();
    ring.add_file("--key 1", rsa_pem(&rsa_pair()).as_bytes()).unwrap();
    ring.add_secret("--secret-env 1", b"a secret of some length").unwrap();
    let shown = format!("{ring:?}");
    assert!(shown.contains("Key(the secret of --secret-env 1, HMAC secret)"), "{shown}");
    // Neither as text nor as a list of bytes.
    assert!(!shown.contains("of some length") && !shown.contains("45, 45, 45"), "{shown}");
}
