//! Signatures with keys at hand, and algorithms.

use authopsy::token::Keyring;
use authopsy::world::Given;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Case, after, call, edge, fresh, get, is, looks};
use crate::story::{START, Step, at, token_with};

const OURS: &[u8] = b"the secret of the verifier, long enough";
const THEIRS: &[u8] = b"another secret, of another service";
const ENCODED: &[u8] = b"dGhlIHNlY3JldCBvZiB0aGUgdmVyaWZpZXI=";
const DECODED: &[u8] = b"the secret of the verifier";

/// Makes a token of this subject, truly signed.
fn signed(secret: &[u8], sub: &str) -> String {
    let part = |value: Value| B64.encode(value.to_string());
    let claims = json!({"sub": sub, "iat": START - 60, "exp": START + 3600});
    let text = format!("{}.{}", part(json!({"alg": "HS256"})), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", B64.encode(mac.finalize().into_bytes()))
}

fn ring(secrets: &[&[u8]]) -> Keyring {
    let mut ring = Keyring::default();
    for (nth, secret) in secrets.iter().enumerate() {
        ring.add_file(&format!("--key {nth}"), secret).unwrap();
    }
    ring
}

fn sends(token: &str) -> Step {
    get("/v1/me").bearer(token)
}

/// A token of this header.
fn of(header: Value) -> String {
    token_with(
        &header,
        &json!({"sub": "b", "iss": "https://id.example", "aud": "api", "iat": START - 60, "exp": START + 3600}),
    )
}

pub(super) fn cases() -> Vec<Case> {
    let mut all = keys();
    all.extend(algorithms());
    all.extend(words());
    all
}

fn keys() -> Vec<Case> {
    let let_in = || at(-9.0, "GET", "/v1/me").bearer(&signed(OURS, "a"));
    let encoded_let_in = || at(-9.0, "GET", "/v1/me").bearer(&signed(ENCODED, "a"));
    vec![
        is(
            "signature.wrong_key",
            "the other key that was given made it",
            [let_in(), sends(&signed(THEIRS, "b")).gets(401)],
        )
        .keys(ring(&[OURS, THEIRS])),
        looks(
            "signature.wrong_key",
            "unknown",
            "the verifier's own key made it",
            [let_in(), sends(&signed(OURS, "b")).gets(401)],
        )
        .keys(ring(&[OURS, THEIRS])),
        is(
            "signature.key_encoding",
            "one side decodes the secret",
            [encoded_let_in(), sends(&signed(DECODED, "b")).gets(401)],
        )
        .keys(ring(&[ENCODED])),
        looks(
            "signature.key_encoding",
            "signature.invalid|signature.wrong_key",
            "a secret that is like it and no encoding of it",
            [encoded_let_in(), sends(&signed(b"the secret of the verifie", "b")).gets(401)],
        )
        .keys(ring(&[ENCODED])),
        is(
            "signature.key_newline",
            "one side keeps a line end",
            [let_in(), sends(&signed(&[OURS, b"\n"].concat(), "b")).gets(401)],
        )
        .keys(ring(&[OURS])),
        edge(
            "signature.key_newline",
            "signature.key_newline",
            "one line end",
            [let_in(), sends(&signed(&[OURS, b"\n"].concat(), "b")).gets(401)],
        )
        .keys(ring(&[OURS])),
        edge(
            "signature.key_newline",
            "signature.invalid",
            "one letter instead",
            [let_in(), sends(&signed(&[OURS, b"n"].concat(), "b")).gets(401)],
        )
        .keys(ring(&[OURS])),
        looks(
            "signature.key_newline",
            "unknown",
            "the host takes tokens of the spaced secret",
            [
                at(-60.0, "GET", "/v1/me").gets(401),
                at(-9.0, "GET", "/v1/me").bearer(&signed(&[OURS, b"\n"].concat(), "a")),
                sends(&signed(&[OURS, b"\n"].concat(), "b")).gets(401),
            ],
        )
        .keys(ring(&[OURS])),
    ]
}

fn algorithms() -> Vec<Case> {
    let given = |alg: &str| Given { algorithms: vec![alg.into()], ..Given::default() };
    let hs512 = || of(json!({"alg": "HS512"}));
    let rs256 = || of(json!({"alg": "RS256"}));
    vec![
        is(
            "signature.alg_family",
            "all tokens that were let in are of the other family",
            after(&fresh("a"), sends(&rs256()).gets(401)),
        ),
        is("signature.alg_family", "the family was given", sends(&rs256()).gets(401))
            .given(given("HS256")),
        looks(
            "signature.alg_family",
            "ok",
            "the host takes both",
            after(&fresh("a"), sends(&rs256())),
        ),
        edge(
            "signature.alg_family",
            "signature.alg_family",
            "HMAC where RSA was given",
            sends(&fresh("a")).gets(401),
        )
        .given(given("RS256")),
        edge(
            "signature.alg_family",
            "signature.alg_variant",
            "another strength of RSA where RSA was given",
            sends(&rs256()).gets(401),
        )
        .given(given("RS512")),
        is(
            "signature.alg_variant",
            "the same family, another strength",
            after(&fresh("a"), sends(&hs512()).gets(401)),
        ),
        looks(
            "signature.alg_variant",
            "unknown",
            "the algorithm that was given",
            sends(&hs512()).gets(401),
        )
        .given(given("HS512")),
        looks(
            "signature.alg_variant",
            "authz.scope",
            "another strength, and the server speaks of a scope",
            after(&fresh("a"), sends(&hs512()).says(403, json!({"error": "insufficient_scope"}))),
        ),
        is(
            "signature.algorithm",
            "the server minds the algorithm",
            sends(&of(json!({"alg": "PS256"})))
                .says(401, json!({"why": "Signing algorithm of the token is not on our list"})),
        ),
        is(
            "signature.algorithm",
            "the same in a code",
            sends(&of(json!({"alg": "PS256"}))).says(401, json!({"code": "JWT_ALG_NOT_ALLOWED"})),
        ),
        looks(
            "signature.algorithm",
            "ok",
            "an algorithm of a search is unknown",
            call("/v1/sort").says(400, json!({"why": "Algorithm not supported: bogosort"})),
        ),
        looks(
            "signature.algorithm",
            "signature.alg_none",
            "the algorithm is none",
            sends(&of(json!({"alg": "none"})))
                .says(401, json!({"why": "Signing algorithm of the token is not on our list"})),
        ),
        is("signature.alg_none", "no signature", sends(&of(json!({"alg": "none"}))).gets(401)),
        is(
            "signature.alg_none",
            "in another letter case",
            sends(&of(json!({"alg": "NonE"}))).gets(401),
        ),
        looks(
            "signature.alg_none",
            "unknown|token.truncated|capture.sanitized",
            "an algorithm, and the signature was taken off",
            sends(&fresh("a").rsplit_once('.').map(|(head, _)| format!("{head}.")).unwrap())
                .gets(401),
        ),
    ]
}

fn words() -> Vec<Case> {
    let twin = |sub: &str| {
        let text = fresh("a");
        let mut parts = text.split('.');
        let (header, _, signature) =
            (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let claims = json!({"sub": sub, "iss": "https://id.example", "aud": "api", "iat": START - 60, "exp": START + 3600});
        format!("{header}.{}.{signature}", B64.encode(claims.to_string()))
    };
    let kid = |kid: &str| of(json!({"alg": "RS256", "kid": kid}));
    vec![
        is(
            "signature.invalid",
            "the server could not verify it",
            call("/v1/me")
                .says(401, json!({"why": "We could not verify the signature of your token"})),
        ),
        looks(
            "signature.invalid",
            "ok",
            "a contract lacks a signature",
            call("/v1/contracts").says(
                422,
                json!({"why": "Invalid signature: page 3 was not signed by the tenant"}),
            ),
        ),
        looks(
            "signature.invalid",
            "reqsig.signature",
            "the signature of the request is meant",
            at(0.0, "POST", "/in")
                .with("X-Signature", &"5d".repeat(32))
                .says(401, json!({"why": "Signature check failed"})),
        ),
        is(
            "signature.tampered",
            "the same signature stands on another payload",
            after(&fresh("a"), sends(&twin("admin")).gets(401)),
        ),
        looks(
            "signature.tampered",
            "unknown",
            "two tokens of one person with two signatures",
            after(&fresh("a"), sends(&fresh("admin")).gets(401)),
        ),
        edge(
            "signature.tampered",
            "signature.tampered",
            "one letter of the payload changed",
            after(&fresh("a"), sends(&twin("b")).says(401, json!({"why": "bad token signature"}))),
        ),
        edge(
            "signature.tampered",
            "state.revoked|unknown|signature.invalid",
            "the token that was let in, unchanged",
            after(&fresh("a"), sends(&fresh("a")).says(401, json!({"why": "bad token signature"}))),
        ),
        is(
            "signature.unknown_kid",
            "the server has no such key",
            sends(&kid("k9")).says(401, json!({"why": "There is no public key with the kid k9"})),
        ),
        is(
            "signature.unknown_kid",
            "another key than all that were let in, and the signature is refused",
            after(
                &kid("k1"),
                sends(&of(json!({"alg": "RS256", "kid": "k7"})))
                    .says(401, json!({"why": "signature rejected"})),
            ),
        ),
        looks(
            "signature.unknown_kid",
            "ok",
            "a child is called kid",
            call("/v1/kids/9").says(404, json!({"why": "kid not found"})),
        ),
    ]
}
