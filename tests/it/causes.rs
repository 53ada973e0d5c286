//! Each cause on a story, beside its nearest look-alike.

use insta::assert_snapshot;
use serde_json::json;

use crate::story::{START, Step, at, judged, judged_in, token, token_with, told, verdicts};

fn fresh(sub: &str) -> String {
    token(json!({"sub": sub, "iat": START - 60, "exp": START + 3600, "aud": "api"}))
}

#[test]
fn six_requests_fail_for_five_reasons() {
    let a = token(json!({"sub": "a", "iat": START - 3600, "exp": START - 60, "aud": ["api"]}));
    let b = token(json!({"sub": "b", "iat": START, "exp": START + 3600}));
    let c = token(json!({"sub": "c", "iat": START * 1000, "exp": (START + 3600) * 1000}));
    let steps = [
        at(0.0, "GET", "/v1/me").bearer(&a).says(401, json!({"error": "token_expired"})),
        at(5.0, "GET", "/v1/me").bearer(&b),
        at(6.0, "GET", "/v1/me").bearer(&c).says(401, json!({"error": "invalid_token"})),
        at(7.0, "GET", "/v1/me")
            .with("Authorization", &b)
            .says(401, json!({"error": "missing_authorization"})),
        at(8.0, "GET", "/v1/me")
            .with("Authorization", &format!("Bearer  {b}"))
            .says(401, json!({"error": "invalid_token"})),
        at(9.0, "GET", "/v1/me").unseen().says(401, json!({"error": "missing_authorization"})),
    ];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    failure time.expired proven
    ok
    failure time.unit_milliseconds inferred
    failure header.scheme_missing proven
    failure header.whitespace inferred
    failure header.missing stated
    ");
}

#[test]
fn a_token_kept_after_its_end_is_a_stale_cache() {
    let t = token(json!({"sub": "a", "iat": START - 3600, "exp": START + 30, "aud": "api"}));
    let steps = [
        at(0.0, "GET", "/v1/me").bearer(&t),
        at(20.0, "GET", "/v1/me").bearer(&t),
        at(40.0, "GET", "/v1/me").bearer(&t).says(401, json!({"error": "invalid_token"})),
    ];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    ok
    ok
    failure time.expired_cached proven
    ");
}

#[test]
fn an_expiry_that_the_client_mends_at_once_is_a_step() {
    let t = token(json!({"sub": "a", "iat": START - 3600, "exp": START + 30}));
    let n = token(json!({"sub": "a", "iat": START + 41, "exp": START + 3600}));
    let steps = [
        at(0.0, "GET", "/v1/me").bearer(&t),
        at(40.0, "GET", "/v1/me").bearer(&t).says(401, json!({"error": "invalid_token"})),
        at(41.0, "POST", "/oauth/token")
            .form("grant_type=refresh_token&refresh_token=r1r1r1r1r1r1r1r1r1r1r1r1-abcdef")
            .says(200, json!({"access_token": n, "token_type": "Bearer", "expires_in": 3600})),
        at(42.0, "GET", "/v1/me").bearer(&n),
    ];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    ok
    expected time.expired_recovered inferred
    ok
    ok
    ");
}

#[test]
fn a_new_token_that_is_never_used_leaves_the_old_one_to_blame() {
    let t = token(json!({"sub": "a", "iat": START - 3600, "exp": START + 30}));
    let n = token(json!({"sub": "a", "iat": START + 41, "exp": START + 3600}));
    let steps = [
        at(0.0, "GET", "/v1/me").bearer(&t),
        at(40.0, "GET", "/v1/me").bearer(&t).gets(401),
        at(41.0, "POST", "/oauth/token")
            .form("grant_type=refresh_token&refresh_token=r1r1r1r1r1r1r1r1r1r1r1r1-abcdef")
            .says(200, json!({"access_token": n, "token_type": "Bearer"})),
        at(50.0, "GET", "/v1/me").bearer(&t).gets(401),
        at(70.0, "GET", "/v1/me").bearer(&t).gets(401),
    ];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    ok
    expected time.expired_recovered inferred
    ok
    failure time.refresh_not_applied proven
    failure time.refresh_not_applied proven
    ");
}

#[test]
fn a_refused_refresh_explains_the_expired_calls_behind_it() {
    let t = token(json!({"sub": "a", "iat": START - 3600, "exp": START + 30}));
    let steps = [
        at(0.0, "GET", "/v1/me").bearer(&t),
        at(40.0, "POST", "/oauth/token")
            .form("grant_type=refresh_token&refresh_token=r1r1r1r1r1r1r1r1r1r1r1r1-abcdef")
            .says(400, json!({"error": "invalid_grant"})),
        at(50.0, "GET", "/v1/me").bearer(&t).gets(401),
    ];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    ok
    failure oauth.refresh_refused stated
    failure time.refresh_refused proven
    ");
}

#[test]
fn the_second_of_the_end_is_late_and_the_second_before_is_not() {
    for (second, expected) in [(29.0, false), (30.0, true)] {
        let t = token(json!({"sub": "a", "iat": START - 3600, "exp": START + 30}));
        let steps =
            [at(second, "GET", "/v1/me").bearer(&t).says(401, json!({"error": "token_expired"}))];
        let told = verdicts(&judged(&steps));
        assert_eq!(told.contains("failure time.expired proven"), expected, "{second}: {told}");
    }
}

#[test]
fn a_misspelt_field_is_the_cause_and_a_lookalike_name_is_not() {
    let t = fresh("a");
    let steps = [
        at(0.0, "GET", "/v1/me")
            .with("Authorizaton", &format!("Bearer {t}"))
            .says(401, json!({"error": "missing_authorization"})),
        at(1.0, "GET", "/v1/me")
            .with("X-Authority", "shop-17")
            .says(401, json!({"error": "missing_authorization"})),
        at(2.0, "GET", "/v1/me").bearer(&t),
    ];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    failure header.misspelt_name proven
    failure header.missing proven
    ok
    ");
}

#[test]
fn a_stripped_export_is_told_by_its_preflight() {
    let steps = [
        at(0.0, "OPTIONS", "/v1/me")
            .with("Origin", "https://app.example")
            .with("Access-Control-Request-Method", "GET")
            .with("Access-Control-Request-Headers", "authorization")
            .gets(204),
        at(0.05, "GET", "/v1/me")
            .with("Origin", "https://app.example")
            .says(401, json!({"error": "token_expired"})),
        at(1.0, "GET", "/v1/list").with("Origin", "https://app.example"),
    ];
    let judgements = judged_in("chrome.har", Some("WebInspector 537.36"), &steps);
    assert_snapshot!(verdicts(&judgements), @r"
    ok
    failure time.expired stated
    ok
    ");
    assert!(judgements[1].also.iter().any(|f| f.cause == "capture.sanitized"));
}

#[test]
fn forms_of_the_field() {
    let t = fresh("a");
    let case = |value: String| {
        let steps = [at(0.0, "GET", "/v1/me")
            .with("Authorization", &value)
            .says(401, json!({"message": "Unauthorized"}))];
        verdicts(&judged(&steps))
    };
    let forms = [
        case(String::new()),
        case("Bearer".into()),
        case("Bearer undefined".into()),
        case("Bearer {{token}}".into()),
        case(format!("Bearer \"{t}\"")),
        case(format!("Bearer Bearer {t}")),
        case(format!("Bearer {t}\n")),
        case(format!("Bearer: {t}")),
        case(t.clone()),
        case(format!("Bearer {t}, Bearer {t}")),
        case(format!("Bearer {}", &t[..t.len() - 20])),
        case(format!("Bearer {}", t.rsplit_once('.').unwrap().0)),
        case(format!("Bearer {}", t.replace('.', "%2E"))),
        case("Basic not-base64!".into()),
        case("Basic dXNlcg==".into()),
    ];
    assert_snapshot!(forms.concat(), @r"
    failure header.empty proven
    failure header.empty proven
    failure header.placeholder proven
    failure header.placeholder proven
    failure header.quoted proven
    failure header.scheme_doubled proven
    failure header.whitespace proven
    failure header.scheme_wrong proven
    failure header.scheme_missing proven
    failure header.duplicate proven
    failure token.truncated proven
    failure token.truncated proven
    failure token.encoding proven
    failure basic.malformed proven
    failure basic.malformed proven
    ");
}

#[test]
fn a_host_that_accepts_a_defect_clears_it() {
    let t = fresh("a");
    let steps = [
        at(0.0, "GET", "/v1/me").gets(401),
        at(1.0, "GET", "/v1/me").with("Authorization", &format!("bearer  {t}")),
        at(2.0, "GET", "/v1/me")
            .with("Authorization", &format!("bearer  {}", fresh("b")))
            .says(401, json!({"error": "account_disabled"})),
    ];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    failure header.missing proven
    ok
    failure state.user_disabled stated
    ");
}

#[test]
fn a_token_that_worked_and_is_refused_before_its_end_was_revoked() {
    let (t, other) = (fresh("a"), fresh("b"));
    let steps = [
        at(0.0, "GET", "/v1/me").bearer(&t),
        at(5.0, "POST", "/logout").bearer(&t),
        at(10.0, "GET", "/v1/me").bearer(&t).gets(401),
        at(12.0, "GET", "/v1/me").bearer(&other),
    ];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    ok
    ok
    failure state.revoked inferred
    ok
    ");
}

#[test]
fn another_audience_shows_against_what_the_host_accepts() {
    let t = fresh("a");
    let wrong = token(json!({"sub": "a", "iat": START - 60, "exp": START + 3600, "aud": "other"}));
    let steps =
        [at(0.0, "GET", "/v1/me").bearer(&t), at(1.0, "GET", "/v1/me").bearer(&wrong).gets(401)];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    ok
    failure claim.audience inferred
    ");
}

#[test]
fn rights_are_not_the_token() {
    let t = fresh("a");
    let expired =
        token(json!({"sub": "a", "iat": START - 7200, "exp": START - 3600, "aud": "api"}));
    let steps = [
        at(0.0, "GET", "/v1/me").bearer(&t),
        at(1.0, "DELETE", "/v1/users").bearer(&t).gets(403),
        at(2.0, "DELETE", "/v1/users")
            .bearer(&expired)
            .says(403, json!({"error": "insufficient_scope"})),
    ];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    ok
    failure authz.role suspected
    failure authz.scope stated
    ");
}

#[test]
fn an_answered_challenge_is_a_step_and_an_unanswered_one_is_not() {
    let steps = [
        at(0.0, "GET", "/private").gets(401).answers("WWW-Authenticate", "Basic realm=\"x\""),
        at(3.0, "GET", "/private").with("Authorization", "Basic dXNlcjpwYXNzd29yZA=="),
        at(5.0, "GET", "/other").gets(401).answers("WWW-Authenticate", "Basic realm=\"x\""),
        at(6.0, "GET", "/other")
            .with("Authorization", "Basic dXNlcjp3cm9uZw==")
            .gets(401)
            .answers("WWW-Authenticate", "Basic realm=\"x\""),
    ];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    expected other.handshake inferred
    ok
    expected other.handshake inferred
    failure basic.bad_password inferred
    ");
}

#[test]
fn a_preflight_that_is_asked_for_credentials_is_the_failure() {
    let steps = [
        at(0.0, "OPTIONS", "/v1/me")
            .with("Origin", "https://app.example")
            .with("Access-Control-Request-Method", "GET")
            .with("Access-Control-Request-Headers", "authorization")
            .gets(401),
        at(0.05, "GET", "/v1/me").with("Origin", "https://app.example").gets(0),
    ];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    failure cors.preflight proven
    lookalike cors.preflight proven
    ");
}

#[test]
fn a_redirect_drops_the_credential() {
    let t = fresh("a");
    let steps = [
        at(0.0, "GET", "/v1/me")
            .bearer(&t)
            .gets(307)
            .answers("Location", "https://www.api.example/v1/me"),
        at(0.1, "GET", "https://www.api.example/v1/me").gets(401),
    ];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    ok
    failure header.redirect_stripped inferred
    ");
}

#[test]
fn the_server_denies_what_the_capture_shows() {
    let t = fresh("a");
    let steps = [
        at(0.0, "GET", "/v1/me").bearer(&t).says(401, json!({"error": "missing_authorization"})),
        at(1.0, "GET", "/v1/me")
            .bearer(&t)
            .says(401, json!({"message": "No authorization header found"})),
    ];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    failure header.proxy_stripped inferred
    failure header.proxy_stripped inferred
    ");
}

#[test]
fn signatures_as_stated() {
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": "k9"});
    let t = token_with(&header, &json!({"sub": "a", "iat": START - 60, "exp": START + 3600}));
    let none = token_with(&json!({"alg": "none"}), &json!({"sub": "a", "exp": START + 3600}));
    let steps = [
        at(0.0, "GET", "/v1/me").bearer(&t).says(401, json!({"error": "invalid_signature"})),
        at(1.0, "GET", "/v1/me")
            .bearer(&t)
            .says(401, json!({"message": "No matching key found for kid"})),
        at(2.0, "GET", "/v1/me")
            .bearer(&none)
            .says(401, json!({"message": "algorithm not allowed"})),
    ];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    failure signature.invalid stated
    failure signature.unknown_kid stated
    failure signature.alg_none proven
    ");
}

/// The one verdict of a story of one step: class, cause, confidence.
fn verdict(step: Step) -> String {
    verdicts(&judged(&[step])).trim().to_owned()
}

#[test]
fn a_cookie_of_an_unknown_name_leaves_a_missing_credential_open() {
    let get = || at(0.0, "GET", "/bff/user");
    let with_cookie = || get().with("Cookie", "shopper=8f3a91c07be24d55aa01");
    assert_eq!(verdict(with_cookie().gets(401)), "failure header.missing suspected");
    // A challenge for another scheme shows that the cookie is not what the server reads.
    let challenged = with_cookie().gets(401).answers("WWW-Authenticate", "Bearer");
    assert_eq!(verdict(challenged), "failure header.missing proven");
    // Nothing at all was sent.
    assert_eq!(verdict(get().gets(401)), "failure header.missing proven");
    // A name bound to one host is the application's session.
    let bound = get().with("Cookie", "__Host-shopper=8f3a91c07be24d55aa01").gets(401);
    assert!(!verdict(bound).contains("header.missing"));
}

#[test]
fn a_signed_webhook_is_not_blamed_on_a_token() {
    let hook = || at(0.0, "POST", "/in").with("X-Hub-Signature-256", &"5d".repeat(32));
    let said = || json!({"message": "Invalid signature"});
    assert_eq!(verdict(hook().says(403, said())), "failure reqsig.signature inferred");
    // Beside it a server may still want a token, and says so by its challenge.
    let bearer = hook().gets(401).answers("WWW-Authenticate", "Bearer");
    assert_eq!(verdict(bearer), "failure header.missing proven");
    // The signature that is meant is the token's where both are sent.
    let both = verdict(hook().bearer(&fresh("u")).says(401, said()));
    assert!(both.contains("signature.invalid"), "{both}");
}

#[test]
fn a_login_form_in_another_language_is_a_login() {
    let said = |text: &str| json!({"message": text});
    let login = |form: &str| at(0.0, "POST", "/auth/login").form(form);
    let french =
        login("courriel=a%40b.example&motDePasse=x").says(401, said("Identifiants incorrects"));
    assert!(verdict(french).contains("login.bad_credentials"));
    let unlisted = login("email=a%40b.example&salasana=x").says(401, said("Virheellinen tunnus"));
    assert!(verdict(unlisted).contains("login.bad_credentials"));
    // The same form elsewhere is no login.
    let other = at(0.0, "POST", "/orders").form("email=a%40b.example").gets(401);
    assert_eq!(verdict(other), "failure header.missing proven");
}

#[test]
fn a_signature_that_fails_in_a_saml_answer_is_the_assertions() {
    let answer = "SAMLResponse=PHNhbWxwOlJlc3BvbnNlPjwvc2FtbHA6UmVzcG9uc2U%2B&RelayState=x";
    let acs = at(0.0, "POST", "/saml/acs").form(answer);
    let said = json!({"message": "Response has invalid signature"});
    assert!(verdict(acs.says(403, said)).contains("saml.assertion"));
}

fn for_audience(sub: &str, aud: serde_json::Value) -> String {
    token(json!({"sub": sub, "iss": "https://id.example", "exp": START + 3600, "aud": aud}))
}

#[test]
fn what_a_reader_overlooks_between_two_names_is_said() {
    let let_in = for_audience("a", json!("https://api.example"));
    let told = |aud: &str| {
        let steps = [
            at(0.0, "GET", "/v1/me").bearer(&let_in),
            at(1.0, "GET", "/v1/me")
                .bearer(&for_audience("b", json!(aud)))
                .says(401, json!({"error": "invalid_token"})),
        ];
        let judged = judged(&steps);
        let root = judged[1].root.as_ref().unwrap();
        assert_eq!(root.cause.as_str(), "claim.audience");
        root.evidence.iter().find(|e| e.fact.contains("differ only in")).map(|e| e.fact.clone())
    };
    assert!(told("https://API.example").unwrap().ends_with("letter case"));
    assert!(told("http://api.example").unwrap().ends_with("the URL scheme"));
    assert!(told("https://api.example/").unwrap().ends_with("a trailing slash"));
    assert_eq!(told("https://orders.example"), None);
}

#[test]
fn an_audience_in_an_array_is_a_cause_only_where_the_server_speaks_of_the_audience() {
    let let_in = for_audience("a", json!("api"));
    let list = for_audience("b", json!(["api"]));
    let steps = [
        at(0.0, "GET", "/v1/me").bearer(&let_in),
        at(1.0, "GET", "/v1/me").bearer(&list).says(401, json!({"message": "audience invalid"})),
        at(2.0, "GET", "/v1/me").bearer(&list).says(401, json!({"error": "token_revoked"})),
    ];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    ok
    failure claim.audience stated
    failure state.revoked stated
    ");
    let judged = judged(&steps);
    let facts = &judged[1].root.as_ref().unwrap().evidence;
    assert!(facts.iter().any(|e| e.fact.contains("`aud` is an array")), "{facts:?}");
}

#[test]
fn a_verifier_that_found_no_token_is_not_believed_about_its_algorithm() {
    let good = fresh("a");
    let refuses =
        |step: Step| step.says(403, json!({"error": "Unsupported JWT signing algorithm"}));
    let steps = [
        at(0.0, "GET", "/v1/me").bearer(&good),
        refuses(at(1.0, "GET", "/v1/me").with("Authorization", &good)),
        refuses(at(2.0, "GET", "/v1/me").with("Authorization", "Bearer undefined")),
        // The token is there and readable: the server may be right.
        refuses(at(3.0, "GET", "/v1/me").bearer(&token_with(
            &json!({"alg": "HS512"}),
            &json!({"sub": "b", "exp": START + 3600, "aud": "api"}),
        ))),
    ];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    ok
    failure header.scheme_missing proven
    failure header.placeholder proven
    failure signature.alg_variant inferred
    ");
}

#[test]
fn words_about_the_last_place_looked_at_or_the_request_say_that_nothing_was_found() {
    let good = fresh("a");
    let says = |second: f64, words: &str| {
        at(second, "GET", "/v1/me").bearer(&good).says(401, json!({ "error": words }))
    };
    let steps = [says(0.0, "Token not found in request"), says(1.0, "cookie token is empty")];
    assert_snapshot!(verdicts(&judged(&steps)), @r"
    failure header.proxy_stripped inferred
    failure header.proxy_stripped inferred
    ");
}

#[test]
fn a_server_that_asks_for_an_api_key_misses_the_key_and_no_other_credential() {
    let bare = || at(0.0, "GET", "/a");
    let key = "failure apikey.missing proven";
    let field = "failure header.missing proven";
    let said = |text: &str| told(&[bare().says(401, json!({"message": text}))]);
    assert_eq!(said("No API key found in request"), key);
    assert_eq!(said("Missing x-api-key header"), key);
    assert_eq!(said("Missing Authorization header"), field);
    let asked = |challenge: &str| told(&[bare().gets(401).answers("WWW-Authenticate", challenge)]);
    assert_eq!(asked(r#"Key realm="kong""#), key);
    assert_eq!(asked(r#"Bearer realm="api""#), field);
    // A key was sent: it is the wrong one, if anything.
    let sent = bare()
        .with("X-API-Key", "k1Kq8Zb2Lx7Vn4Tc9Wd3Pf6Hj5")
        .says(401, json!({"message": "Invalid API key"}));
    assert!(told(&[sent]).starts_with("failure apikey.wrong"));
}

#[test]
fn an_assertion_that_is_over_is_refused_as_one_and_a_token_that_is_over_is_not() {
    let says =
        |step: Step, text: &str| told(&[step.shows(401, "text/html", &format!("<p>{text}</p>"))]);
    let saml =
        || at(0.0, "POST", "/saml/acs").form(&format!("SAMLResponse={}", "PHNhbWxw".repeat(12)));
    let over = says(saml(), "The assertion has expired (NotOnOrAfter)");
    assert!(over.starts_with("failure saml.assertion"), "{over}");
    let token =
        says(at(0.0, "GET", "/a").bearer("o1Kq8Zb2Lx7Vn4Tc9Wd3Pf6Hj5"), "The token has expired");
    assert!(token.starts_with("failure time.expired"), "{token}");
    // At a token endpoint an assertion that is over is a grant that is void.
    let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=abc";
    let said = json!({"error": "invalid_grant",
        "error_description": "AADSTS500133: Assertion is not within its valid time range."});
    let refused = told(&[at(0.0, "POST", "/oauth2/v2.0/token").form(grant).says(400, said)]);
    assert_eq!(refused, "failure oauth.invalid_grant stated");
}

#[test]
fn what_a_directory_or_a_signed_request_is_told_is_read_by_its_code() {
    let directory = |code: &str| {
        let said = format!(
            "LDAP: error code 49 - 80090308: LdapErr: DSID-0C09044E, comment: \
             AcceptSecurityContext error, data {code}, v2580"
        );
        let step = at(0.0, "GET", "/a").with("Authorization", "Basic Ym9iOnB3");
        told(&[step.answers("WWW-Authenticate", "Basic").shows(401, "text/plain", &said)])
    };
    assert_eq!(directory("533"), "failure state.user_disabled stated");
    assert_eq!(directory("52e"), "failure basic.bad_password stated");
    let signed = |problem: &str| {
        let field = r#"OAuth oauth_consumer_key="k", oauth_nonce="n", oauth_signature="c2lnbmF0dXJlMDEyMzQ1Njc%3D", oauth_signature_method="HMAC-SHA1", oauth_timestamp="1767261600", oauth_token="t""#;
        let step = at(0.0, "GET", "/a").with("Authorization", field);
        let said = format!("oauth_problem={problem}");
        told(&[step.shows(401, "application/x-www-form-urlencoded", &said)])
    };
    assert!(signed("timestamp_refused").starts_with("failure reqsig.skew"));
    assert!(signed("nonce_used").starts_with("failure reqsig.replay"));
    assert!(signed("signature_invalid").starts_with("failure reqsig.signature"));
}

#[test]
fn an_opaque_token_in_an_odd_field_may_have_ended_as_the_server_says() {
    let odd = "Bearer \"quoted\" c2VjcmV0LXRva2VuLW9mLXRlc3Q";
    let said = json!({"error": "invalid_token", "error_description": "The access token expired"});
    let steps = [at(0.0, "GET", "/v1/me").with("Authorization", odd).says(401, said)];
    assert_snapshot!(verdicts(&judged(&steps)), @"failure time.expired stated");
}

#[test]
fn who_speaks_of_a_tokens_lifetime_has_read_it_whatever_scheme_the_challenge_names() {
    let asks = |message: &str| {
        at(0.0, "GET", "/v1/me")
            .bearer(&token(json!({"sub": "a", "exp": START + 3600})))
            .answers("WWW-Authenticate", "JWT realm=\"api\"")
            .says(401, json!({"detail": message}))
    };
    assert!(!verdict(asks("Signature has expired.")).contains("header."));
    assert!(verdict(asks("Unauthorized")).contains("header.scheme_wrong"));
}

#[test]
fn a_vendors_own_code_tells_more_than_the_standards_word_beside_it() {
    let said = at(0.0, "POST", "/oauth2/v2.0/token")
        .form("grant_type=authorization_code&code=0a1b2c3d4e5f60718293&client_id=web")
        .says(
            400,
            json!({
                "error": "access_denied",
                "error_description": "AADSTS90094: The grant requires admin permission.",
                "error_codes": [90094],
            }),
        );
    assert!(verdict(said).starts_with("failure authz.consent"));
}
