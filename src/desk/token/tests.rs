use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::*;

/// 2026-11-20T10:00:00Z.
const NOON: i64 = 1_795_168_800;

fn jwt(header: &str, payload: &str) -> String {
    let [header, payload] = [header, payload].map(|text| URL_SAFE_NO_PAD.encode(text));
    format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode([0xa5; 32]))
}

fn good() -> String {
    let claims = format!(r#"{{"iss":"https://a/","sub":"alice","exp":{}}}"#, NOON + 300);
    jwt(r#"{"alg":"HS256"}"#, &claims)
}

fn ask(text: &str) -> Result<Explained, Error> {
    explain(&Asked { text: text.to_owned(), at: At::from_secs(NOON), ..Asked::default() })
}

fn root(text: &str) -> String {
    let told = ask(text).unwrap();
    told.findings.first().map_or_else(|| "-".to_owned(), |f| f.cause.to_string())
}

#[test]
fn what_a_server_would_refuse_comes_from_the_one_judge() {
    let token = good();
    let expired = jwt(r#"{"alg":"HS256"}"#, &format!(r#"{{"exp":{}}}"#, NOON - 75));
    for (text, cause) in [
        (token.clone(), "-"),
        (format!("Authorization: Bearer {token}\n"), "-"),
        (format!("Bearer {token}"), "-"),
        (format!("Authorizaton: Bearer {token}"), "header.misspelt_name"),
        (format!("Authorization: {token}"), "header.scheme_missing"),
        (format!("Authorization: Bearer \"{token}\""), "header.quoted"),
        ("Authorization: Bearer undefined".to_owned(), "header.placeholder"),
        (expired, "time.expired"),
        (token[..token.len() - 9].to_owned(), "token.truncated"),
    ] {
        assert_eq!(root(&text), cause, "{text}");
    }
}

#[test]
fn kinds_of_credentials_are_told_apart() {
    let basic = format!("Authorization: Basic {}", STANDARD.encode("alice:correct horse"));
    let key = format!("ghp_{}", "a1B2".repeat(9));
    let sigv4 = "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261120/us-east-1/s3/aws4_request, \
        SignedHeaders=host;x-amz-date, Signature=fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024";
    let dpop =
        jwt(r#"{"typ":"dpop+jwt","alg":"ES256","jwk":{}}"#, r#"{"htm":"GET","htu":"https://a/"}"#);
    for (text, kind) in [
        (basic, "basic"),
        (key, "opaque"),
        (sigv4.to_owned(), "sigv4"),
        (format!("DPoP: {dpop}"), "dpop_proof"),
        (format!("Authorization: DPoP {}", good()), "jwt"),
    ] {
        assert_eq!(ask(&text).unwrap().credentials[0].kind, kind, "{text}");
    }
}

#[test]
fn what_is_no_credential_is_refused_without_an_echo() {
    for text in ["", "\n", "hello", "hello world", "Content-Type: text/html", "alice:hunter2"] {
        let error = ask(text).unwrap_err();
        assert_eq!(error.to_string(), "nothing in it looks like a credential", "{text}");
    }
}

#[test]
fn every_check_has_a_verdict_and_expectations_close_the_open_ones() {
    let mut asked = Asked { text: good(), at: At::from_secs(NOON), ..Asked::default() };
    let verdict = |asked: &Asked, name: &str| {
        let told = explain(asked).unwrap();
        told.credentials[0].checks.iter().find(|c| c.name == name).map(|c| c.verdict.clone())
    };
    assert_eq!(verdict(&asked, "exp").as_deref(), Some("pass"));
    assert_eq!(verdict(&asked, "iss").as_deref(), Some("open"));
    asked.expected.issuers = vec!["https://a/".to_owned()];
    assert_eq!(verdict(&asked, "iss").as_deref(), Some("pass"));
    asked.expected.issuers = vec!["https://b/".to_owned()];
    assert_eq!(verdict(&asked, "iss").as_deref(), Some("fail"));
    asked.expected.required_claims = vec!["tenant".to_owned()];
    assert_eq!(verdict(&asked, "claims").as_deref(), Some("fail"));
}

#[test]
fn the_same_text_is_fresh_or_expired_by_the_instant_given() {
    let asked = |at| Asked { text: good(), at: At::from_secs(at), ..Asked::default() };
    assert!(explain(&asked(NOON)).unwrap().findings.is_empty());
    let late = explain(&asked(NOON + 3600)).unwrap();
    assert_eq!(late.findings[0].cause.as_str(), "time.expired");
    assert!(late.summary.contains("55 m"), "{}", late.summary);
}

/// Whether a piece of `secret`, 12 characters long, stands in `shown`.
fn leaks(shown: &str, secret: &str) -> bool {
    let letters: Vec<char> = secret.chars().collect();
    letters.windows(12).any(|piece| shown.contains(&piece.iter().collect::<String>()))
}

/// Everything that can be printed of an explanation.
fn printed(told: &Explained) -> String {
    let mut out = Vec::new();
    crate::render::json::token(told, &mut out).unwrap();
    let look = crate::render::Look { verbose: true, ..crate::render::Look::default() };
    crate::render::text::token(told, &jiff::tz::TimeZone::UTC, look, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn no_piece_of_a_secret_is_printed(
        secret in "[A-Za-z0-9+/_-]{24,60}",
        name in "[A-Za-z]{8,12} [A-Za-z]{8,12}",
        claim in "[a-z_]{1,12}",
        cut in 0_usize..120,
        shape in 0_usize..10,
    ) {
        let claims = serde_json::json!({
            "sub": name, "email": format!("{}@example.com", name.replace(' ', ".")), "name": name,
            "jti": secret, "nonce": secret, "exp": NOON, "nested": { "deep": secret }, "list": [secret],
            claim: secret,
        });
        let token = jwt(r#"{"alg":"RS256","kid":"2026"}"#, &claims.to_string());
        let token = &token[..token.len() - cut.min(token.len() - 30)];
        // A slash ends the authority of a URL: what stands before it would be the host.
        let user = secret.replace('/', "%2F");
        let basic = STANDARD.encode(format!("{name}:{secret}"));
        let text = match shape {
            0 => token.to_owned(),
            1 => format!("Authorization: Bearer {token}\r\n"),
            2 => format!("Authorizaton : bearer  \"{token}\""),
            3 => format!("Authorization: Basic {basic}"),
            4 => format!("X-Api-Key: {secret}"),
            5 => format!("Cookie: theme=dark; session={secret}; token={token}"),
            6 => format!("https://{user}:{user}@api.example/a?access_token={token}&api_key={secret}"),
            7 => format!("Authorization: Digest username=\"{name}\", nonce=\"{secret}\", response=\"{secret}\""),
            8 => format!("-H 'Authorization: Bearer {secret}' \\\n-H 'X-Token: {token}'"),
            _ => format!("Authorization: Bearer {secret}\nAuthorization: Bearer {token}"),
        };
        if let Ok(told) = ask(&text) {
            let shown = printed(&told);
            proptest::prop_assert!(!leaks(&shown, &secret), "{shown}");
            proptest::prop_assert!(!leaks(&shown, token), "{shown}");
            proptest::prop_assert!(!leaks(&shown, &basic), "{shown}");
            proptest::prop_assert!(!leaks(&shown, &name), "{shown}");
        }
    }

    #[test]
    fn any_text_is_explained_or_refused(text in "\\PC{0,80}") {
        if let Ok(told) = ask(&text) {
            printed(&told);
        }
    }
}
