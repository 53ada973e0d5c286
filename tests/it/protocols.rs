//! Handshakes, code flows, signed requests and proofs, each beside its nearest look-alike.

use serde_json::json;

use crate::story::{START, Step, at, judged, tallied, token, token_with, told};

fn fresh(sub: &str) -> String {
    token(json!({"sub": sub, "iat": START - 60, "exp": START + 3600}))
}

/// A challenge, then one try after another with the challenge that answers it (`None`: let in).
fn shake(challenge: &str, tries: &[(&str, Option<&str>)]) -> String {
    let mut steps = vec![at(0.0, "GET", "/p").gets(401).answers("WWW-Authenticate", challenge)];
    for (nth, (sent, answer)) in tries.iter().enumerate() {
        let step = at(0.1 * (nth + 1) as f64, "GET", "/p").with("Authorization", sent);
        steps.push(match answer {
            Some(again) => step.gets(401).answers("WWW-Authenticate", again),
            None => step,
        });
    }
    told(&steps)
}

const FIRST: &str = "NTLM TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==";
const SECOND: &str = "NTLM TlRMTVNTUAACAAAADAAMADgAAAAVgoriqrdH0nJ5AAAAAAAAAAA=";
const THIRD: &str = "NTLM TlRMTVNTUAADAAAAGAAYAIoAAACuAa4BogAAABoAGgBYAAAAGAAYAHIAAAA=";

#[test]
fn a_handshake_that_ends_well_is_a_step_and_a_rejected_one_is_not() {
    let step = "expected other.handshake inferred";
    assert_eq!(
        shake("NTLM", &[(FIRST, Some(SECOND)), (THIRD, None)]),
        format!("{step} | {step} | ok")
    );
    assert_eq!(
        shake("NTLM", &[(FIRST, Some(SECOND)), (THIRD, Some("NTLM"))]),
        format!("{step} | {step} | failure negotiate.failed inferred")
    );
    // A second round is rejected as well: each rejection counts, no step does.
    assert_eq!(
        shake(
            "NTLM",
            &[
                (FIRST, Some(SECOND)),
                (THIRD, Some("NTLM")),
                (FIRST, Some(SECOND)),
                (THIRD, Some("NTLM"))
            ]
        ),
        format!(
            "{step} | {step} | failure negotiate.failed inferred | {step} \
             | failure negotiate.failed inferred"
        )
    );
}

#[test]
fn a_ticket_that_is_rejected_at_once_is_a_failure() {
    let ticket = "Negotiate YIIGJgYGKwYBBQUCoIIGGjCCBhagMDAuBgkqhkiC9xIBAgIGCSqGSIb3EgECAg==";
    assert_eq!(shake("Negotiate", &[(ticket, None)]), "expected other.handshake inferred | ok");
    assert_eq!(
        shake("Negotiate", &[(ticket, Some("Negotiate"))]),
        "expected other.handshake inferred | failure negotiate.failed inferred"
    );
}

#[test]
fn a_digest_answer_is_right_or_wrong() {
    let ask = r#"Digest realm="x", nonce="abc", qop="auth""#;
    let answer = r#"Digest username="bob", realm="x", nonce="abc", uri="/p", response="0123456789abcdef0123456789abcdef", qop=auth, nc=00000001, cnonce="xyz""#;
    let stale = r#"Digest realm="x", nonce="def", qop="auth", stale=true"#;
    let step = "expected other.handshake inferred";
    assert_eq!(shake(ask, &[(answer, None)]), format!("{step} | ok"));
    assert_eq!(
        shake(ask, &[(answer, Some(ask))]),
        format!("{step} | failure digest.bad_password inferred")
    );
    assert_eq!(
        shake(ask, &[(answer, Some(stale)), (answer, None)]),
        format!("{step} | expected digest.stale_nonce inferred | ok")
    );
    let late = "failure digest.stale_nonce stated";
    assert_eq!(
        shake(ask, &[(answer, Some(stale)), (answer, Some(stale))]),
        format!("{step} | {late} | {late}")
    );
    assert_eq!(
        shake(ask, &[(answer, Some(stale)), (answer, Some(ask))]),
        format!("{step} | {late} | failure digest.bad_password inferred")
    );
}

#[test]
fn a_registrys_challenge_is_answered_with_a_fetched_token() {
    let t = fresh("a");
    let ask = |method: &str, path: &str| {
        at(0.0, method, path).gets(401).answers(
            "WWW-Authenticate",
            r#"Bearer realm="https://auth.example/token",service="reg",scope="repository:a:pull""#,
        )
    };
    let fetch = || at(0.1, "GET", "https://auth.example/token?service=reg&scope=repository:a:pull");
    let path = "/v2/a/manifests/latest";
    let steps = [
        ask("GET", path),
        fetch().says(200, json!({"token": t})),
        at(0.2, "HEAD", path).bearer(&t),
    ];
    assert_eq!(told(&steps), "expected other.handshake inferred | ok | ok");
    // The fetch is refused: that is the failure.
    let steps =
        [ask("GET", path), fetch().with("Authorization", "Basic dXNlcjp3cm9uZw==").gets(401)];
    assert_eq!(
        told(&steps),
        "expected other.handshake inferred | failure basic.bad_password inferred"
    );
    assert_eq!(told(&[ask("GET", path)]), "failure header.missing proven");
}

const CODE: &str = "c1Kq8Zb2Lx7Vn4Tc9Wd3Pf6Hj5Sg0Ay1Bu";
const BACK: &str = "https%3A%2F%2Fapp.example%2Fcb";
const STATE: &str = "stKq8Zb2Lx7Vn4Tc9Wd3Pf";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// An authorization request that is answered with a code.
fn ask(extra: &str) -> Step {
    let query =
        format!("response_type=code&client_id=web&redirect_uri={BACK}&state={STATE}{extra}");
    at(0.0, "GET", &format!("/authorize?{query}"))
        .gets(302)
        .answers("Location", &format!("https://app.example/cb?code={CODE}&state={STATE}"))
}

/// The code is exchanged in vain.
fn exchange(second: f64, extra: &str) -> Step {
    let body = format!("grant_type=authorization_code&client_id=web&code={CODE}{extra}");
    at(second, "POST", "/oauth/token").form(&body).says(400, json!({"error": "invalid_grant"}))
}

#[test]
fn the_legs_of_a_code_flow_are_compared() {
    let pkce = format!("&code_challenge={CHALLENGE}&code_challenge_method=S256");
    let same = format!("&redirect_uri={BACK}");
    let verdict = |asked: &str, sent: &str| {
        told(&[ask(asked), exchange(1.0, sent)]).trim_start_matches("ok | failure ").to_owned()
    };
    assert_eq!(verdict("", &same), "oauth.invalid_grant stated");
    assert_eq!(verdict("", &format!("{same}%2F")), "oauth.redirect_mismatch inferred");
    assert_eq!(verdict("", ""), "oauth.redirect_mismatch inferred");
    assert_eq!(verdict(&pkce, &same), "oauth.pkce_failed inferred");
    let right = format!("{same}&code_verifier={VERIFIER}");
    assert_eq!(verdict(&pkce, &right), "oauth.invalid_grant stated");
    let wrong = right.replace("jXk", "jXX");
    assert_eq!(verdict(&pkce, &wrong), "oauth.pkce_failed inferred");
    // The plain method sends the verifier itself.
    let plain = format!("&code_challenge={VERIFIER}");
    assert_eq!(verdict(&plain, &right), "oauth.invalid_grant stated");
}

#[test]
fn a_code_serves_once_and_not_for_long() {
    let t = fresh("a");
    let first = exchange(1.0, "").says(200, json!({"access_token": t}));
    assert_eq!(told(&[first, exchange(2.0, "")]), "ok | failure oauth.invalid_grant stated");
    let facts = |second: f64| {
        let steps = [ask(""), exchange(second, &format!("&redirect_uri={BACK}"))];
        let judged = judged(&steps);
        let evidence = &judged[1].root.as_ref().unwrap().evidence;
        evidence.iter().any(|e| e.fact.contains("handed out"))
    };
    assert!(!facts(600.0));
    assert!(facts(601.0));
}

#[test]
fn a_state_that_nobody_sent_does_not_come_back() {
    let callback = |state: &str| {
        at(1.0, "GET", &format!("https://app.example/cb?code={CODE}&state={state}")).gets(403)
    };
    assert_eq!(
        told(&[ask(""), callback("otKq8Zb2Lx7Vn4Tc9Wd3Pz")]),
        "ok | failure oauth.state_mismatch inferred"
    );
    assert!(!told(&[ask(""), callback(STATE)]).contains("state_mismatch"));
    // The capture begins after the authorization request.
    assert!(!told(&[callback("otKq8Zb2Lx7Vn4Tc9Wd3Pz")]).contains("state_mismatch"));
}

#[test]
fn an_assertion_serves_once() {
    let t = fresh("a");
    let sent = |second: f64| {
        at(second, "POST", "/oauth/token")
            .form(&format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={t}"))
    };
    let refused = |second: f64| sent(second).says(400, json!({"error": "invalid_grant"}));
    let given = sent(0.0).says(200, json!({"access_token": fresh("z")}));
    assert_eq!(told(&[given, refused(1.0)]), "ok | failure token.replayed inferred");
    assert_eq!(told(&[refused(1.0)]), "failure oauth.invalid_grant stated");
}

#[test]
fn a_malformed_message_is_no_void_code() {
    let step = exchange(1.0, "").says(400, json!({"error": "invalid_request"}));
    assert_eq!(told(&[step]), "failure oauth.invalid_request stated");
}

#[test]
fn a_refused_saml_response_is_no_matter_of_rights() {
    let acs = at(0.0, "POST", "/saml/acs").form("SAMLResponse=PHNhbWxwOlJlc3BvbnNlIHhtbG5zOnNhbWxwPSJ1cm46b2FzaXM6bmFtZXM6dGM6U0FNTDoyLjA6cHJvdG9jb2wiLz4%3D");
    assert_eq!(told(&[acs.gets(403)]), "failure saml.assertion inferred");
}

/// A request signed at `time` for `scope`, refused without a word.
fn signed(time: &str, scope: &str, host: &str) -> String {
    let field = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}/aws4_request,SignedHeaders=host;x-amz-date,Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    );
    told(&[at(0.0, "HEAD", &format!("https://{host}/key"))
        .with("X-Amz-Date", time)
        .with("Authorization", &field)
        .gets(403)])
}

#[test]
fn a_signature_names_its_day_region_and_service() {
    let host = "b.s3.eu-west-1.amazonaws.com";
    let now = "20260101T100000Z";
    let right = signed(now, "20260101/eu-west-1/s3", host);
    assert!(!right.contains("sigv4"), "{right}");
    let scope = "failure sigv4.scope proven";
    assert_eq!(signed(now, "20260101/us-east-1/s3", host), scope);
    assert_eq!(signed(now, "20260101/eu-west-1/execute-api", host), scope);
    assert_eq!(signed(now, "20251231/eu-west-1/s3", host), scope);
    // A host without a region tells nothing.
    let global = signed(now, "20260101/us-east-1/s3", "b.s3.amazonaws.com");
    assert!(!global.contains("sigv4"), "{global}");
}

#[test]
fn a_signature_ages_within_minutes() {
    let host = "b.s3.eu-west-1.amazonaws.com";
    let made = |time: &str| signed(time, "20260101/eu-west-1/s3", host);
    assert!(!made("20260101T095500Z").contains("sigv4"));
    assert_eq!(made("20260101T095430Z"), "failure sigv4.skew inferred");
    assert_eq!(made("20260101T093000Z"), "failure sigv4.skew proven");
    assert_eq!(made("20260101T103000Z"), "failure sigv4.skew proven");
}

#[test]
fn a_signature_without_its_pieces_is_malformed() {
    let step = at(0.0, "GET", "/key")
        .with(
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/s3/aws4_request",
        )
        .gets(403);
    assert_eq!(told(&[step]), "failure sigv4.malformed proven");
}

#[test]
fn a_signed_url_ends_on_the_second() {
    let url = |second: f64| {
        let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T095000Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host&X-Amz-Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        told(&[at(second, "HEAD", &format!("https://b.s3.us-east-1.amazonaws.com/k?{query}"))
            .gets(403)])
    };
    assert!(!url(-1.0).contains("sigv4"));
    assert_eq!(url(0.0), "failure sigv4.expired_url inferred");
    assert_eq!(url(301.0), "failure sigv4.expired_url proven");
    let sas = |end: &str| {
        told(&[at(0.0, "GET", &format!("https://x.blob.core.windows.net/c/k?sv=2022-11-02&se={end}&sr=b&sp=r&sig=abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG%3D"))
            .gets(403)])
    };
    assert_eq!(sas("2025-12-31T00:00:00Z"), "failure sigv4.expired_url proven");
    assert!(!sas("2026-12-31T00:00:00Z").contains("sigv4"));
}

#[test]
fn another_signature_tells_its_time_too() {
    let hawk = |age: i64| {
        let field = format!(
            "Hawk id=\"dh37\", ts=\"{}\", nonce=\"j4h3g2\", mac=\"6R4rV5iE+NPoym+WwjeHzjAGXUtLNIxmo1vpMofpLAE=\"",
            START - age
        );
        told(&[at(0.0, "GET", "/x")
            .with("Authorization", &field)
            .gets(401)
            .answers("WWW-Authenticate", "Hawk")])
    };
    assert_eq!(hawk(600), "failure reqsig.skew inferred");
    assert_eq!(hawk(10), "failure unknown suspected");
}

/// A proof of these claims, and the field value of a token, sent to `/me`.
fn proven(header: serde_json::Value, claims: serde_json::Value, token: &str) -> String {
    told(&[at(0.0, "GET", "/me")
        .with("Authorization", &format!("DPoP {token}"))
        .with("DPoP", &token_with(&header, &claims))
        .gets(401)
        .answers("WWW-Authenticate", "DPoP")])
}

#[test]
fn a_proof_is_compared_with_its_request() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let jwk = json!({"kty": "EC", "crv": "P-256",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"});
    // The thumbprint that RFC 9449, section 6.1, prints for this key.
    let jkt = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let bound = |jkt: &str| {
        token(json!({"sub": "a", "iat": START, "exp": START + 3600, "cnf": {"jkt": jkt}}))
    };
    let t = bound(jkt);
    let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk});
    let ath = |token: &str| url_safe.encode(sha2::Sha256::digest(token.as_bytes()));
    let claims = json!({"jti": "j1", "htm": "GET", "htu": "https://api.example/me",
        "iat": START, "ath": ath(&t)});
    let with = |name: &str, value: serde_json::Value| {
        let mut changed = claims.clone();
        changed[name] = value;
        proven(header.clone(), changed, &t)
    };
    assert_eq!(proven(header.clone(), claims.clone(), &t), "failure unknown suspected");
    let sure = "failure dpop.proof proven";
    let likely = "failure dpop.proof inferred";
    assert_eq!(with("htm", json!("POST")), sure);
    assert_eq!(with("htu", json!("https://api.example/other")), likely);
    assert_eq!(with("htu", json!("https://API.example:443/me")), "failure unknown suspected");
    assert_eq!(with("ath", json!(ath("another"))), sure);
    assert_eq!(with("iat", json!(START - 50)), "failure unknown suspected");
    assert_eq!(with("iat", json!(START - 60)), likely);
    let other = bound("1ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    let mut changed = claims.clone();
    changed["ath"] = json!(ath(&other));
    assert_eq!(proven(header.clone(), changed, &other), sure);
    let mut untyped = header.clone();
    untyped["typ"] = json!("JWT");
    assert_eq!(proven(untyped, claims.clone(), &t), sure);
}

#[test]
fn a_nonce_is_a_step_when_the_next_try_is_let_in() {
    let t = fresh("a");
    let proof = token_with(
        &json!({"typ": "dpop+jwt", "alg": "ES256"}),
        &json!({"jti": "j1", "htm": "GET", "htu": "https://api.example/me", "iat": START}),
    );
    let call = |second: f64| {
        at(second, "GET", "/me").with("Authorization", &format!("DPoP {t}")).with("DPoP", &proof)
    };
    let asks = |second: f64| {
        call(second).gets(401).answers("WWW-Authenticate", r#"DPoP error="use_dpop_nonce""#)
    };
    assert_eq!(told(&[asks(0.0), call(0.1)]), "expected dpop.nonce stated | ok");
    assert_eq!(
        told(&[asks(0.0), asks(0.1)]),
        "failure dpop.nonce stated | failure dpop.nonce stated"
    );
}

/// A call with a proof of this `jti`, which fits its request.
fn with_jti(second: f64, path: &str, jti: &str, t: &str) -> Step {
    use base64::Engine as _;
    use sha2::Digest as _;
    let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let proof = token_with(
        &json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": {"kty": "EC", "x": "a", "y": "b"}}),
        &json!({"jti": jti, "htm": "GET", "htu": format!("https://api.example{path}"),
            "iat": START + second as i64, "ath": url_safe.encode(sha2::Sha256::digest(t))}),
    );
    at(second, "GET", path).with("Authorization", &format!("DPoP {t}")).with("DPoP", &proof)
}

#[test]
fn a_proof_that_was_let_in_and_is_sent_again_was_replayed() {
    let t = fresh("a");
    let call = |second: f64, jti: &str| with_jti(second, "/me", jti, &t);
    let silent = |step: Step| step.gets(401).answers("WWW-Authenticate", "DPoP");
    let told_of = |second: Step| told(&[call(0.0, "j1"), second]);
    assert_eq!(told_of(silent(call(5.0, "j1"))), "ok | failure dpop.proof inferred");
    let said = call(5.0, "j1").gets(401);
    let said = said.answers("WWW-Authenticate", r#"DPoP error="invalid_dpop_proof""#);
    assert_eq!(told_of(said), "ok | failure dpop.proof proven");
    let named = call(5.0, "j1").says(401, json!({"error": "jti already used"}));
    assert_eq!(told_of(named), "ok | failure token.replayed proven");
    // A `jti` of its own, and rights that lack, are other matters.
    assert!(!told_of(silent(call(5.0, "j2"))).contains("dpop."));
    assert!(!told_of(call(5.0, "j1").gets(403)).contains("dpop."));
}

#[test]
fn of_two_requests_with_one_proof_side_by_side_either_may_be_the_second() {
    let t = fresh("a");
    let call = |second: f64| with_jti(second, "/me", "j1", &t);
    let refused = || call(0.0).gets(401).answers("WWW-Authenticate", "DPoP");
    // The proofs differ in `iat`, their `jti` is the same.
    assert_eq!(told(&[refused(), call(2.0)]), "failure dpop.proof inferred | ok");
    assert!(!told(&[refused(), call(2.1)]).contains("dpop.proof"));
}

#[test]
fn a_host_that_takes_a_proof_twice_does_not_mind() {
    let t = fresh("a");
    let call = |second: f64| with_jti(second, "/me", "j1", &t);
    let steps = [call(0.0), call(1.0), call(5.0).gets(401)];
    assert!(!told(&steps).contains("dpop."), "{}", told(&steps));
}

#[test]
fn two_refusals_of_one_proof_have_the_reason_of_the_first() {
    let t = fresh("a");
    let call = |second: f64| with_jti(second, "/me", "j1", &t).gets(401);
    assert!(!told(&[call(0.0), call(5.0)]).contains("dpop."));
    // A redirect may come from somebody who does not look at the proof.
    let moved = with_jti(0.0, "/me", "j1", &t).gets(307).answers("Location", "/v2/me");
    assert!(!told(&[moved, call(0.1)]).contains("jti"));
    let evidence = judged(&[
        call(0.0),
        call(5.0).answers(
            "WWW-Authenticate",
            r#"DPoP error="invalid_dpop_proof", error_description="replay""#,
        ),
    ]);
    let root = evidence[1].root.clone().unwrap();
    assert_eq!(root.cause, "dpop.proof");
    let fact = &root.evidence[0].fact;
    assert!(fact.contains("was refused at 2026-01-01T10:00:00"), "{fact}");
}

#[test]
fn a_reused_proof_is_known_whichever_part_of_the_capture_is_read_first() {
    let t = fresh("a");
    let steps = [
        with_jti(0.0, "/me", "j1", &t),
        with_jti(1.0, "/me", "j2", &t),
        with_jti(5.0, "/me", "j1", &t).gets(401),
    ];
    let whole = tallied(&steps, 0);
    assert_eq!(whole.proofs.iter().count(), 2);
    for cut in 1..=steps.len() {
        assert_eq!(tallied(&steps, cut), whole, "{cut}");
    }
}
