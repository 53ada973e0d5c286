use super::*;
use crate::model::{At, Body, Header, Text};

fn exchange(
    status: u16,
    fields: &[(&'static str, &'static str)],
    body: &'static str,
) -> Exchange<'static> {
    let headers = fields.iter().map(|(n, v)| Header { name: (*n).into(), value: (*v).into() });
    Exchange {
        status: Some(status),
        method: Some("GET".into()),
        url: "https://api.example.com/v1/orders".into(),
        response_headers: headers.collect(),
        response_body: Body {
            text: if body.is_empty() { Text::Absent } else { Text::Plain(body.into()) },
            ..Body::default()
        },
        ..Exchange::default()
    }
}

fn first(answer: &Answer) -> (&str, &str, Weight) {
    let statement = answer.statements.first().unwrap();
    let cause = statement.causes.first().map_or("", |c| c.as_str());
    (cause, &statement.place, statement.weight)
}

fn answer(exchange: &Exchange<'_>) -> Answer {
    crate::dialect::read(exchange, Catalogue::embedded())
}

#[test]
fn a_description_beats_the_coarse_code_beside_it() {
    let challenge = r#"Bearer error="invalid_token", error_description="The access token expired""#;
    let answer = answer(&exchange(401, &[("WWW-Authenticate", challenge)], ""));
    assert_eq!(first(&answer).0, "time.expired");
    assert_eq!(answer.statements.last().unwrap().weight, Weight::Status);
}

#[test]
fn a_bare_challenge_says_that_nothing_came_and_says_it_softly() {
    let answer = answer(&exchange(401, &[("www-authenticate", "Bearer realm=\"x\"")], ""));
    assert_eq!(first(&answer), ("header.missing", "header:www-authenticate", Weight::Vague));
}

#[test]
fn a_stale_digest_nonce_is_a_code() {
    let challenge = r#"Digest realm="r", nonce="n", stale=TRUE"#;
    let answer = answer(&exchange(401, &[("WWW-Authenticate", challenge)], ""));
    assert_eq!(first(&answer), ("digest.stale_nonce", "header:www-authenticate", Weight::Code));
}

#[test]
fn the_scope_of_a_challenge_is_what_was_expected() {
    let challenge = r#"Bearer error="insufficient_scope", scope="orders:write""#;
    let answer = answer(&exchange(403, &[("WWW-Authenticate", challenge)], ""));
    let expected = answer.statements.first().and_then(|s| s.expected.as_deref());
    assert_eq!((first(&answer).0, expected), ("authz.scope", Some("orders:write")));
}

#[test]
fn a_stock_answer_gives_way_to_the_fault_that_a_challenge_names() {
    let stock = r#"{"detail":"Authentication credentials were not provided."}"#;
    let challenge =
        r#"Bearer error="invalid_token", error_description="The access token has expired.""#;
    let named = answer(&exchange(401, &[("WWW-Authenticate", challenge)], stock));
    assert_eq!(first(&named).0, "time.expired");
    let bare = answer(&exchange(401, &[("WWW-Authenticate", "Bearer")], stock));
    assert_eq!(first(&bare).0, "header.missing");
}

#[test]
fn the_signature_of_a_request_is_told_from_that_of_a_token() {
    let body = r#"{"message":"Invalid signature"}"#;
    let sent = |fields: &[(&'static str, &'static str)]| {
        let mut exchange = exchange(401, &[], body);
        let header = |(n, v): &(&'static str, &'static str)| Header {
            name: (*n).into(),
            value: (*v).into(),
        };
        exchange.request_headers = fields.iter().map(header).collect();
        first(&answer(&exchange)).0.to_owned()
    };
    assert_eq!(sent(&[("X-Ca-Signature", "m3Jq")]), "reqsig.signature");
    assert_eq!(sent(&[("Authorization", "HMAC-SHA256 Signature=m3Jq")]), "reqsig.signature");
    assert_eq!(sent(&[("Authorization", "Bearer e.e.e")]), "signature.invalid");
}

#[test]
fn access_denied_is_the_users_word_at_a_token_endpoint_alone() {
    let mut device = exchange(400, &[], r#"{"error":"access_denied"}"#);
    device.request_body.text = Text::Plain("grant_type=x&device_code=y".into());
    assert_eq!(first(&answer(&device)).0, "oauth.access_denied");
    let api = answer(&exchange(403, &[], r#"{"error":"access_denied"}"#));
    assert_eq!(first(&api).0, "authz.role");
}

#[test]
fn a_presigned_target_is_what_expires() {
    let url = "https://s3.example.com/b/k?X-Amz-Date=20261122T021313Z&X-Amz-Expires=60&X-Amz-Signature=ab";
    let mut exchange = exchange(403, &[], r#"{"message":"Request has expired"}"#);
    exchange.url = url.into();
    let answer = crate::dialect::read(&exchange, Catalogue::standards());
    assert_eq!(first(&answer).0, "sigv4.expired_url");
}

#[test]
fn grpc_refuses_in_a_200() {
    let fields = [("grpc-status", "16"), ("grpc-message", "token%20is%20expired")];
    let refused = answer(&exchange(200, &fields, ""));
    assert_eq!(refused.outcome, Outcome::Refused(Sign::Grpc));
    assert_eq!(first(&refused).0, "time.expired");
    // Words that are auth on a 401 alone are auth under its like.
    let fields = [("grpc-status", "16"), ("grpc-message", "unsupported_algorithm")];
    assert_eq!(first(&answer(&exchange(200, &fields, ""))).0, "signature.algorithm");
    assert_eq!(answer(&exchange(200, &[("grpc-status", "0")], "")).outcome, Outcome::LetIn);
    assert!(!answer(&exchange(200, &[("grpc-status", "5")], "")).outcome.is_refused());
}

#[test]
fn the_grant_tells_what_invalid_grant_means() {
    for (form, cause) in [
        ("grant_type=refresh_token&refresh_token=x", "oauth.refresh_refused"),
        ("grant_type=authorization_code&code=x", "oauth.invalid_grant"),
        ("grant_type=password&username=a", "login.bad_credentials"),
    ] {
        let mut exchange = exchange(400, &[], r#"{"error":"invalid_grant"}"#);
        exchange.method = Some("POST".into());
        exchange.url = "https://id.example.com/oauth/token".into();
        exchange.request_body.text = Text::Plain(form.into());
        assert_eq!(first(&answer(&exchange)).0, cause, "{form}");
    }
}

#[test]
fn one_code_means_what_its_speaker_means() {
    let body = "<Error><Code>SignatureDoesNotMatch</Code></Error>";
    let aws = answer(&exchange(403, &[("x-amz-request-id", "1")], body));
    assert_eq!(first(&aws).0, "sigv4.signature");
    let other = answer(&exchange(403, &[("x-oss-request-id", "1")], body));
    assert_eq!(first(&other).0, "reqsig.signature");
}

#[test]
fn when_an_error_was_made_is_no_clock() {
    // Mocks and cached pages show the same moment for years.
    let spring = r#"{"timestamp":"2026-11-23T02:13:03.000+00:00","status":401,"error":"Unauthorized","path":"/me"}"#;
    let mut refused = exchange(401, &[], "");
    refused.response_body.text = Text::Plain(spring.into());
    assert_eq!(answer(&refused).server_time, None);
}

#[test]
fn the_server_prints_its_clock() {
    let body = "<Error><Code>RequestTimeTooSkewed</Code><ServerTime>2026-11-23T02:13:00Z</ServerTime></Error>";
    let answer = answer(&exchange(403, &[], body));
    assert_eq!(answer.server_time, Some(At::from_secs(1_795_399_980)));
}

#[test]
fn reasons_of_gateways_are_read() {
    let mut exchange = exchange(401, &[], "");
    exchange.reasons =
        vec![("response_code_details".into(), "jwt_authn_access_denied{Jwt_is_expired}".into())];
    let answer = answer(&exchange);
    assert_eq!(first(&answer), ("time.expired", "reason:response_code_details", Weight::Code));
    assert!(answer.body_missing);
}

#[test]
fn an_event_without_a_status_is_refused_by_its_reason_alone() {
    let logged = |reason: &'static str| {
        let reasons = vec![("error".into(), reason.into())];
        answer(&Exchange { reasons, ..Exchange::default() })
    };
    let refused = logged("invalid_user_credentials");
    assert_eq!(refused.outcome, Outcome::Refused(Sign::Said));
    assert_eq!(first(&refused).0, "login.bad_credentials");
    assert_eq!(logged("disk full").outcome, Outcome::Unanswered);
}

#[test]
fn a_plain_401_names_no_cause() {
    let answer = answer(&exchange(401, &[("content-length", "0")], ""));
    assert_eq!(first(&answer), ("", "status", Weight::Status));
    assert!(!answer.body_missing);
}

#[test]
fn two_statements_that_disagree_stay_two() {
    let challenge = r#"Bearer error="invalid_token", error_description="Token expired""#;
    let answer =
        answer(&exchange(401, &[("WWW-Authenticate", challenge)], r#"{"error":"invalid_issuer"}"#));
    let causes: Vec<&str> =
        answer.statements.iter().filter_map(|s| s.causes.first()).map(CauseId::as_str).collect();
    assert_eq!(causes, ["claim.issuer", "time.expired"]);
}
