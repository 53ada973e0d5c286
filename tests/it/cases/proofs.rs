//! Certificates, bound tokens, assertions.

use serde_json::json;

use super::{Case, call, edge, fresh, get, is, looks, with};
use crate::story::{START, Step, at, token_with};

const JKT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

fn bound() -> String {
    with(json!({"cnf": {"jkt": JKT}}))
}

fn proof(method: &str) -> String {
    token_with(
        &json!({"typ": "dpop+jwt", "alg": "ES256"}),
        &json!({"jti": "j1", "htm": method, "htu": "https://api.example/v1/me", "iat": START}),
    )
}

fn dpop(token: &str) -> Step {
    get("/v1/me").with("Authorization", &format!("DPoP {token}"))
}

pub(super) fn cases() -> Vec<Case> {
    let mut all = certificates();
    all.extend(bound_tokens());
    all.extend(assertions());
    all
}

fn certificates() -> Vec<Case> {
    vec![
        is("mtls.required", "an edge wants a certificate", get("/v1/me").shows(400, "text/html", "<h1>400</h1><p>This site requires a client certificate, and your browser sent none</p>")),
        is("mtls.required", "an API wants one, though a token came", call("/v1/me").says(403, json!({"why": "Client certificate missing"}))),
        is("mtls.required", "in a code", get("/v1/me").says(401, json!({"code": "CLIENT_CERT_REQUIRED"}))),
        looks("mtls.required", "ok", "a certificate of birth is required", call("/v1/passports").says(422, json!({"why": "A birth certificate is required"}))),
        looks("mtls.required", "mtls.invalid", "a certificate came and is over", get("/v1/me").says(403, json!({"why": "The client certificate has expired"}))),
        looks("mtls.required", "header.missing", "a token is required", get("/v1/me").says(401, json!({"why": "A bearer token is required"}))),
        is("mtls.invalid", "nobody trusts who made it", get("/v1/me").shows(400, "text/html", "<p>The client certificate could not be verified</p>")),
        is("mtls.invalid", "it was revoked", call("/v1/me").says(403, json!({"why": "Your client certificate has been revoked"}))),
        is("mtls.invalid", "the token is bound to another one", get("/v1/me").bearer(&with(json!({"cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}}))).says(401, json!({"why": "Token is not bound to the presented client certificate"}))),
        looks("mtls.invalid", "ok", "the certificate of a shop that is watched is over", call("/v1/watch").says(200, json!({"checks": [{"why": "certificate expired", "site": "shop.example"}]}))),
        looks("mtls.invalid", "ok", "the server behind has a bad certificate", call("/v1/me").says(502, json!({"why": "upstream TLS error: certificate has expired"}))),
        looks("mtls.invalid", "oauth.invalid_client", "the client of a token endpoint is not known by it", at(0.0, "POST", "/oauth/token").form("grant_type=client_credentials&client_id=shop").says(401, json!({"error": "invalid_client"}))),
    ]
}

fn bound_tokens() -> Vec<Case> {
    vec![
        is(
            "dpop.required",
            "a bound token under the Bearer word",
            get("/v1/me").bearer(&bound()).gets(401),
        ),
        is(
            "dpop.required",
            "a bound token under the Bearer word, and a challenge for proofs",
            get("/v1/me")
                .bearer(&bound())
                .gets(401)
                .answers("WWW-Authenticate", "DPoP algs=\"ES256\""),
        ),
        looks(
            "dpop.required",
            "header.scheme_wrong",
            "a token that is not bound, and a challenge for proofs",
            call("/v1/me").gets(401).answers("WWW-Authenticate", "DPoP algs=\"ES256\""),
        ),
        is("dpop.required", "the DPoP word and no proof", dpop(&fresh("a")).gets(401)),
        is(
            "dpop.required",
            "the server says so",
            get("/v1/me").bearer(&bound()).says(
                401,
                json!({"why": "Sender-constrained token: use the DPoP scheme with a proof"}),
            ),
        ),
        looks(
            "dpop.required",
            "dpop.proof",
            "a proof for another method",
            dpop(&bound())
                .with("DPoP", &proof("POST"))
                .gets(401)
                .answers("WWW-Authenticate", "DPoP"),
        ),
        looks("dpop.required", "ok", "a host that takes it so", get("/v1/me").bearer(&bound())),
        looks("dpop.required", "unknown", "a token that is not bound", call("/v1/me").gets(401)),
        edge(
            "dpop.required",
            "dpop.required",
            "bound to a key",
            get("/v1/me").bearer(&with(json!({"cnf": {"jkt": JKT}}))).gets(401),
        ),
        edge(
            "dpop.required",
            "unknown|mtls.invalid|mtls.required",
            "bound to a certificate",
            get("/v1/me")
                .bearer(&with(
                    json!({"cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}}),
                ))
                .gets(401),
        ),
        is(
            "dpop.proof",
            "the proof is for another method",
            dpop(&bound())
                .with("DPoP", &proof("POST"))
                .gets(401)
                .answers("WWW-Authenticate", "DPoP"),
        ),
        looks(
            "dpop.proof",
            "dpop.nonce",
            "the server wants its nonce",
            dpop(&bound())
                .with("DPoP", &proof("GET"))
                .gets(401)
                .answers("WWW-Authenticate", r#"DPoP error="use_dpop_nonce""#),
        ),
        is(
            "dpop.nonce",
            "the server wants its nonce",
            dpop(&bound())
                .with("DPoP", &proof("GET"))
                .gets(401)
                .answers("WWW-Authenticate", r#"DPoP error="use_dpop_nonce""#),
        ),
        looks(
            "dpop.nonce",
            "ok",
            "a nonce comes with the answer",
            dpop(&bound()).with("DPoP", &proof("GET")).answers("DPoP-Nonce", "eyJ7S"),
        ),
    ]
}

fn assertions() -> Vec<Case> {
    let acs =
        || at(0.0, "POST", "/saml/acs").form(&format!("SAMLResponse={}", "PHNhbWxw".repeat(12)));
    vec![
        is(
            "saml.assertion",
            "the assertion is not for this audience",
            acs().says(403, json!({"why": "Audience restriction of the assertion is not met"})),
        ),
        is("saml.assertion", "a bare refusal", acs().gets(403)),
        looks(
            "saml.assertion",
            "ok",
            "the assertion is taken",
            acs().gets(302).answers("Location", "https://api.example/home"),
        ),
        looks(
            "saml.assertion",
            "ok",
            "a test has a failed assertion",
            call("/v1/tests").says(422, json!({"why": "Assertion failed: 1 != 2"})),
        ),
    ]
}
