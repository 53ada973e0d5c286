//! What keys add to a story: which key made a signature, and how signer and verifier differ.

use authopsy::token::Keyring;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use hmac::{Hmac, Mac as _};
use insta::assert_snapshot;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::program::Folder;
use crate::story::{START, Step, at, judged, judged_with, verdicts};

const OURS: &[u8] = b"the secret of the verifier, long enough";
const THEIRS: &[u8] = b"another secret, of another service";

/// Makes a token of this subject, truly signed.
fn signed(secret: &[u8], sub: &str) -> String {
    signed_until(secret, sub, START + 3600)
}

fn signed_until(secret: &[u8], sub: &str, exp: i64) -> String {
    let part = |value: Value| B64.encode(value.to_string());
    let claims = json!({"sub": sub, "iat": START - 60, "exp": exp});
    let text = format!("{}.{}", part(json!({"alg": "HS256", "typ": "JWT"})), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", B64.encode(mac.finalize().into_bytes()))
}

fn ring(files: &[&[u8]]) -> Keyring {
    let mut ring = Keyring::default();
    for (index, file) in files.iter().enumerate() {
        ring.add_file(&format!("--key {}", index + 1), file).unwrap();
    }
    ring
}

fn refused(second: f64, token: &str, message: &str) -> Step {
    at(second, "GET", "/v1/me").bearer(token).says(401, json!({ "message": message }))
}

#[test]
fn a_token_of_another_given_key_is_told_with_that_key() {
    let steps = [
        at(0.0, "GET", "/v1/me").bearer(&signed(OURS, "a")),
        refused(1.0, &signed(THEIRS, "b"), "invalid signature"),
        refused(2.0, &signed(b"a secret that nobody gave", "c"), "invalid signature"),
    ];
    assert_snapshot!(verdicts(&judged_with(ring(&[OURS, THEIRS]), &steps)), @r"
    ok
    failure signature.wrong_key proven
    failure signature.invalid proven
    ");
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    ok
    failure signature.invalid stated
    failure signature.invalid stated
    ");
}

#[test]
fn of_two_tokens_with_one_signature_the_one_that_verifies_was_not_changed() {
    let whole = signed(OURS, "a");
    let other = signed(OURS, "root");
    let part = |token: &str, nth: usize| token.split('.').nth(nth).unwrap().to_owned();
    let edited = format!("{}.{}.{}", part(&whole, 0), part(&other, 1), part(&whole, 2));
    let steps = [refused(0.0, &whole, "no"), refused(1.0, &edited, "no")];
    let said = verdicts(&judged_with(ring(&[OURS]), &steps));
    let lines: Vec<&str> = said.lines().collect();
    assert!(!lines[0].contains("signature"), "{said}");
    assert!(lines[1].contains("signature.tampered proven"), "{said}");
}

#[test]
fn the_length_of_a_signature_that_another_algorithm_made_is_no_defect_of_its_own() {
    let whole = signed(OURS, "a");
    let (text, _) = whole.rsplit_once('.').unwrap();
    let mut mac = Hmac::<sha2::Sha512>::new_from_slice(OURS).unwrap();
    mac.update(text.as_bytes());
    let token = format!("{text}.{}", B64.encode(mac.finalize().into_bytes()));
    let steps = [refused(0.0, &token, "invalid signature")];
    let with_key = verdicts(&judged_with(ring(&[OURS]), &steps));
    assert!(with_key.starts_with("failure signature.alg_variant proven"), "{with_key}");
    assert!(!with_key.contains("token."), "{with_key}");
    let without = verdicts(&judged(&steps));
    assert!(without.starts_with("failure token.malformed proven"), "{without}");
}

#[test]
fn how_two_sides_hold_one_secret_differently_is_told() {
    let encoded = b"dGhlIHNlY3JldCBvZiB0aGUgdmVyaWZpZXI=";
    let decoded = b"the secret of the verifier";
    let steps = [
        at(0.0, "GET", "/v1/me").bearer(&signed(encoded, "a")),
        refused(1.0, &signed(decoded, "b"), "invalid signature"),
        refused(2.0, &signed(&[encoded.as_slice(), b"\n"].concat(), "c"), "Unauthorized"),
    ];
    let judgements = judged_with(ring(&[encoded]), &steps);
    assert_snapshot!(verdicts(&judgements), @r"
    ok
    failure signature.key_encoding proven
    failure signature.key_newline proven
    ");
    let facts: Vec<_> = judgements[1].root.as_ref().unwrap().evidence.iter().collect();
    assert!(facts[0].fact.contains("decoded from base64"), "{facts:?}");
}

#[test]
fn a_difference_that_the_host_lets_pass_is_no_cause() {
    let spaced = [OURS, b"\n"].concat();
    let steps = [
        at(0.0, "GET", "/v1/me").bearer(&signed(&spaced, "a")),
        at(1.0, "GET", "/v1/me").says(401, json!({"error": "missing_authorization"})),
        refused(2.0, &signed_until(&spaced, "b", START - 400), "token expired"),
        refused(3.0, &signed(&spaced, "c"), "Unauthorized"),
    ];
    assert_snapshot!(verdicts(&judged_with(ring(&[OURS]), &steps)), @r"
    ok
    failure header.missing proven
    failure time.expired proven
    failure unknown suspected
    ");
}

#[test]
fn a_given_key_that_the_host_does_not_use_blames_nobody() {
    let steps = [
        at(0.0, "GET", "/v1/me").bearer(&signed(THEIRS, "a")),
        at(1.0, "GET", "/v1/me").says(401, json!({"error": "missing_authorization"})),
        refused(2.0, &signed_until(THEIRS, "b", START - 400), "token expired"),
        refused(3.0, &signed(THEIRS, "c"), "Unauthorized"),
    ];
    assert_snapshot!(verdicts(&judged_with(ring(&[OURS]), &steps)), @r"
    ok
    failure header.missing proven
    failure time.expired proven
    failure unknown suspected
    ");
}

#[test]
fn a_good_signature_leaves_other_causes_alone() {
    let steps = [
        refused(0.0, &signed_until(OURS, "a", START - 400), "invalid token"),
        refused(1.0, &signed(OURS, "b"), "invalid token"),
    ];
    let judgements = judged_with(ring(&[OURS]), &steps);
    assert_snapshot!(verdicts(&judgements), @r"
    failure time.expired proven
    failure unknown suspected
    ");
    let facts = &judgements[1].root.as_ref().unwrap().evidence;
    assert!(facts.iter().any(|e| e.fact.contains("signature verifies")), "{facts:?}");
}

#[test]
fn a_key_set_in_the_capture_verifies_and_lists_what_the_issuer_has() {
    let (pair, other) = (ec(), ec());
    let text = |pair: &EcdsaKeyPair, kid: &str, sub: &str| {
        let part = |value: Value| B64.encode(value.to_string());
        let claims = json!({"iss": "https://id.example", "sub": sub, "exp": START + 3600});
        let text = format!("{}.{}", part(json!({"alg": "ES256", "kid": kid})), part(claims));
        let signature = pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", B64.encode(signature.as_ref()))
    };
    let point = pair.public_key().as_ref();
    let jwk = json!({"kty": "EC", "crv": "P-256", "kid": "a", "use": "sig",
        "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..])});
    let steps = [
        at(0.0, "GET", "/v1/me").bearer(&text(&pair, "a", "a")),
        refused(1.0, &text(&other, "a", "b"), "Unauthorized"),
        refused(2.0, &text(&other, "b", "c"), "invalid signature"),
        at(3.0, "GET", "https://id.example/.well-known/jwks.json")
            .says(200, json!({ "keys": [jwk] })),
    ];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    ok
    failure signature.invalid proven
    failure signature.unknown_kid inferred
    ok
    ");
}

fn ec() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

#[test]
fn keys_come_from_files_and_variables_and_never_show() {
    let folder = Folder::new("keys");
    let capture = folder_with_capture(&folder);
    folder.write("ours.key", OURS);
    let secret = String::from_utf8(THEIRS.to_vec()).unwrap();
    let mut command = folder.command(&[
        &capture,
        "-f",
        "json",
        "--key",
        "ours.key",
        "--secret-env",
        "API_SECRET",
    ]);
    let run = command.env("API_SECRET", &secret).output().unwrap();
    let out = String::from_utf8(run.stdout).unwrap();
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(out.contains("signature.wrong_key"), "{out}");
    assert!(out.contains("--secret-env 1"), "{out}");
    for hidden in [&secret, "the secret of the verifier"] {
        assert!(!out.contains(hidden));
    }
}

#[test]
fn a_key_that_cannot_be_used_is_refused_with_the_way_out() {
    let folder = Folder::new("keys-refused");
    let capture = folder_with_capture(&folder);
    folder.write("empty", "");
    folder.write("not-a-set", "-----BEGIN PUBLIC KEY-----");
    for (args, words) in [
        (["--key", "nowhere"], "never as a value"),
        (["--key", "empty"], "is empty"),
        (["--jwks", "not-a-set"], "goes under --key"),
        (["--secret-env", "NO_SUCH_SECRET"], "is not set"),
    ] {
        let run = folder.run(&[&capture, args[0], args[1]]);
        assert_eq!(run.code, Some(2), "{args:?}");
        let told = String::from_utf8_lossy(&run.stderr);
        assert!(told.contains(words), "{args:?}: {told}");
    }
}

#[test]
fn parts_read_with_other_keys_are_refused_and_with_the_same_ones_merge_to_one_report() {
    let folder = Folder::new("keys-parts");
    let capture = folder_with_capture(&folder);
    folder.write("ours.key", OURS);
    folder.write("theirs.key", THEIRS);
    let both = ["--key", "ours.key", "--key", "theirs.key"];
    let part = |name: &str, keys: &[&str]| {
        let args: Vec<&str> = [&[capture.as_str(), "--partial", name], keys].concat();
        assert_eq!(folder.run(&args).code, Some(0));
    };
    part("a.json", &both);
    part("b.json", &both[..2]);
    assert_eq!(folder.run(&["merge", "a.json", "b.json"]).code, Some(2));
    let whole = folder.run(&[&[capture.as_str(), "-f", "json"], &both[..]].concat());
    assert_eq!(folder.run(&["merge", "a.json", "-f", "json"]).stdout, whole.stdout);
    let partial = String::from_utf8(folder.read("a.json")).unwrap();
    assert!(!partial.contains("of another service"));
}

/// Writes a capture of two requests and returns its name.
fn folder_with_capture(folder: &Folder) -> String {
    let lines = [signed(OURS, "a"), signed(THEIRS, "b")].map(|token| {
        let status = if token == signed(OURS, "a") { 200 } else { 401 };
        let body = if status == 200 { "{}" } else { "{\"message\":\"invalid signature\"}" };
        json!({"time": START, "method": "GET", "url": "https://api.example/v1/me",
            "status": status, "request": {"headers": {"authorization": format!("Bearer {token}")}},
            "response": {"body": body}})
        .to_string()
    });
    folder.write("log.jsonl", lines.join("\n"));
    "log.jsonl".into()
}
