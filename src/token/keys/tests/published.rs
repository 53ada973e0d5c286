//! Numbers of RFC 7515, RFC 7797 and RFC 8037, and what differs from them by one thing.

use base64::engine::general_purpose::URL_SAFE;

use super::*;
use crate::model::{Fault, Segment};

const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const HS256: [&str; 2] =
    ["eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"];
const ES256: [&str; 2] = [
    "eyJhbGciOiJFUzI1NiJ9",
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
];
const EDDSA: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

/// RFC 7515, appendix A.1.1.
fn secret() -> Value {
    json!({"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})
}

/// RFC 7515, appendix A.3.1.
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

/// RFC 8037, appendix A.2.
const ED25519: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn point(x: &str, y: &str) -> Value {
    json!({"kty": "EC", "crv": "P-256", "x": x, "y": y})
}

fn joined([header, signature]: [&str; 2]) -> String {
    format!("{header}.{PAYLOAD}.{signature}")
}

fn says(key: &Value, token: &str) -> Verdict {
    by_set(&key.to_string(), token)
}

/// Reads and checks a token with a set.
fn read(key: &Value, text: &str) -> Token {
    let mut ring = Keyring::default();
    ring.add_set("--jwks 1", &key.to_string()).unwrap();
    let mut token = crate::token::read(text);
    Verifier::new(ring).check(&mut token, text);
    token
}

#[test]
fn the_examples_of_the_rfcs_verify() {
    assert!(matches!(says(&secret(), &joined(HS256)), Verdict::Valid { .. }));
    assert!(matches!(says(&point(X, Y), &joined(ES256)), Verdict::Valid { .. }));
    let okp = json!({"kty": "OKP", "crv": "Ed25519", "x": ED25519});
    assert!(matches!(says(&okp, EDDSA), Verdict::Valid { .. }));
}

#[test]
fn one_letter_of_any_segment_undoes_it() {
    let header = HS256[0].replacen("Oi", "Oj", 1);
    let signature = HS256[1].replacen("dB", "eB", 1);
    let payload = PAYLOAD.replacen("eyJ", "eyK", 1);
    for text in [
        joined([&header, HS256[1]]),
        joined([HS256[0], &signature]),
        format!("{}.{payload}.{}", HS256[0], HS256[1]),
    ] {
        let token = read(&secret(), &text);
        assert!(!matches!(token.verdict.as_deref(), Some(Verdict::Valid { .. })), "{text}");
    }
}

#[test]
fn a_last_letter_that_no_encoder_writes_is_told_from_a_valid_one() {
    // `k` and `l` differ in the two bits that belong to no byte.
    let loose = joined(HS256).replace("OEjXk", "OEjXl");
    assert_eq!(miss(&says(&secret(), &loose)), Some(&NearMiss::TrailingBits));
    let other = joined(HS256).replace("OEjXk", "OEjXo");
    assert!(matches!(says(&secret(), &other), Verdict::Invalid { .. }));
}

#[test]
fn numbers_of_zero_are_no_ecdsa_signature() {
    let signature = URL_SAFE_NO_PAD.decode(ES256[1]).unwrap();
    let (r, s) = signature.split_at(32);
    let zero = &[0; 32][..];
    for forged in [[zero, zero], [r, zero], [zero, s]] {
        let text = joined([ES256[0], &URL_SAFE_NO_PAD.encode(forged.concat())]);
        assert!(matches!(says(&point(X, Y), &text), Verdict::Invalid { .. }));
    }
    let long = [&[0], r, s].concat();
    let token = read(&point(X, Y), &joined([ES256[0], &URL_SAFE_NO_PAD.encode(long)]));
    assert_eq!(token.faults, [Fault::LongSignature(65, 64)]);
    assert!(matches!(token.verdict.as_deref(), Some(Verdict::Invalid { .. })));
}

#[test]
fn nothing_is_said_of_a_signature_over_content_that_is_elsewhere() {
    let [header, signature] = HS256;
    let token = read(&secret(), &format!("{header}..{signature}"));
    assert_eq!(token.verdict.as_deref(), Some(&Verdict::Unsupported));
    assert_eq!(token.faults, [Fault::EmptySegment(Segment::Payload)]);
    // The key made it, as RSA shows, but nobody says that this token was changed.
    let pair = rsa_pair();
    let whole = rs(&pair, "RS256", &lc::RSA_PKCS1_SHA256, &unsigned("RS256", None));
    let parts: Vec<_> = whole.split('.').collect();
    let detached = format!("{}..{}", parts[0], parts[2]);
    assert_eq!(by_file(rsa_pem(&pair).as_bytes(), &detached), Verdict::Unsupported);
    // A signature over nothing is one.
    let empty = rs(&pair, "RS256", &lc::RSA_PKCS1_SHA256, &format!("{}.", parts[0]));
    assert!(matches!(by_file(rsa_pem(&pair).as_bytes(), &empty), Verdict::Valid { .. }));
}

#[test]
fn an_unencoded_payload_is_no_fault() {
    // RFC 7797: `b64` is false, and the payload stands as it is.
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#);
    let text = format!(r#"{header}.{{"sub":"a b"}}"#);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"key"), text.as_bytes());
    let text = with(&text, tag.as_ref());
    let token = read(&json!({"kty": "oct", "k": "a2V5"}), &text);
    assert_eq!(token.faults, []);
    assert_eq!(token.crit, ["b64"]);
    assert!(token.has_claim("sub"));
    assert!(matches!(token.verdict.as_deref(), Some(Verdict::Valid { .. })));
}

#[test]
fn a_key_that_is_no_point_of_its_curve_is_named_and_proves_nothing() {
    let mut ring = Keyring::default();
    ring.add_set("--jwks 1", &point(X, X).to_string()).unwrap();
    assert_eq!(ring.unusable()[0].why, "its point is not on its curve");
    assert_eq!(by(ring, &joined(ES256)), Verdict::Unsupported);
}

#[test]
fn a_bare_ed25519_key_verifies_and_stays_a_secret_otherwise() {
    let bytes = URL_SAFE_NO_PAD.decode(ED25519).unwrap();
    for text in [STANDARD.encode(&bytes), URL_SAFE.encode(&bytes)] {
        assert!(matches!(by_file(text.as_bytes(), EDDSA), Verdict::Valid { .. }));
        let token = hs("HS256", text.as_bytes(), None);
        assert!(matches!(by_file(text.as_bytes(), &token), Verdict::Valid { .. }));
        assert_eq!(by_file(&text.as_bytes()[4..], EDDSA), Verdict::NoKey);
    }
    assert_eq!(by_file(STANDARD.encode([7; 32]).as_bytes(), EDDSA), Verdict::NoKey);
}

#[test]
fn a_key_for_encryption_is_named_and_says_that_it_is_none_for_signatures() {
    let (a, b) = (rsa_pair(), rsa_pair());
    let set = set_of(&[("a", &a, None), ("b", &b, None)]);
    let set = set.replacen(r#""use":"sig""#, r#""use":"enc""#, 1);
    let mut ring = Keyring::default();
    ring.add_set("--jwks 1", &set).unwrap();
    assert_eq!(ring.names().count(), 1);
    assert_eq!(ring.unusable()[0].why, "it says that it is for `enc`, not for signatures");
    let signed = |pair| rs(pair, "RS256", &lc::RSA_PKCS1_SHA256, &unsigned("RS256", Some("a")));
    assert_eq!(miss(&by_set(&set, &signed(&a))), Some(&NearMiss::KeyUse("enc".into())));
    assert_eq!(miss(&by_set(&set, &signed(&b))), Some(&NearMiss::OtherKid));
    assert!(matches!(by_set(&set, &signed(&rsa_pair())), Verdict::UnknownKid { .. }));
    let alone = json!({"kty": "oct", "k": "a2V5", "key_ops": ["wrapKey"]}).to_string();
    assert_eq!(ring.add_set("--jwks 1", &alone), Err(KeyError::NoKeys));
}

#[test]
fn the_length_of_a_signature_that_verifies_is_right() {
    let pair = rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
    let whole = rs(&pair, "RS256", &lc::RSA_PKCS1_SHA256, &unsigned("RS256", None));
    let mut token = crate::token::read(&whole);
    token.faults = vec![Fault::ShortSignature(256, 384), Fault::Padding(Segment::Header)];
    let mut failed = token.clone();
    token.hear(Verdict::Valid { key: KeyName::default() });
    assert_eq!(token.faults, [Fault::Padding(Segment::Header)]);
    failed.hear(Verdict::NoKey);
    assert_eq!(failed.faults.len(), 2);
}

/// The numbers of P-256 (SEC 2, section 2.4.2): prime, a, b, base point, order.
const P256: [&str; 5] = [
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
    "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
];

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let [high, low] = u16::try_from(body.len()).unwrap().to_be_bytes();
    let head = match (high, low) {
        (0, 0..=127) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [head, body].concat()
}

fn with_numbers(numbers: [&str; 5]) -> Vec<u8> {
    let bytes = |text: &str| -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
            .collect()
    };
    let [prime, a, b, base, order] = numbers.map(bytes);
    let field =
        tlv(0x30, &[&tlv(6, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 1, 1]]), &tlv(2, &[&[0], &prime])]);
    let curve = tlv(0x30, &[&tlv(4, &[&a]), &tlv(4, &[&b])]);
    let parameters =
        tlv(0x30, &[&tlv(2, &[&[1]]), &field, &curve, &tlv(4, &[&base]), &tlv(2, &[&[0], &order])]);
    let kind = tlv(0x30, &[&tlv(6, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]]), &parameters]);
    let point =
        [vec![0, 4], URL_SAFE_NO_PAD.decode(X).unwrap(), URL_SAFE_NO_PAD.decode(Y).unwrap()];
    tlv(0x30, &[&kind, &tlv(3, &[&point.concat()])])
}

#[test]
fn a_curve_given_by_its_numbers_is_known_by_all_of_them() {
    let key = armoured(&with_numbers(P256), "PUBLIC KEY");
    assert!(matches!(by_file(key.as_bytes(), &joined(ES256)), Verdict::Valid { .. }));
    // Another base point: whoever chose it can sign for any public key (CVE-2020-0601).
    let base = P256[3].replace("f5", "f6");
    let mut ring = Keyring::default();
    let forged = with_numbers([P256[0], P256[1], P256[2], &base, P256[4]]);
    ring.add_file("--key 1", armoured(&forged, "PUBLIC KEY").as_bytes()).unwrap();
    assert_eq!(ring.unusable()[0].why, "it is on a curve that JOSE does not use");
    assert_eq!(by(ring, &joined(ES256)), Verdict::Unsupported);
}
