//! Trials of the whole reading: what must be seen as a refusal and what must not.

use serde::Deserialize;

use super::{Catalogue, read};
use crate::model::{Answer, Body, Exchange, Header, Text, Weight};

#[derive(Deserialize)]
struct Trials {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    status: u16,
    #[serde(default)]
    body: String,
    #[serde(default, rename = "type")]
    media: String,
    location: Option<String>,
    url: Option<String>,
    method: Option<String>,
    accept: Option<String>,
    sent: Option<String>,
    form: Option<String>,
    cause: Option<String>,
}

impl Case {
    fn read(&self) -> Answer {
        let field = |name: &'static str, value: &Option<String>| {
            value.clone().map(|value| Header { name: name.into(), value: value.into() })
        };
        let exchange = Exchange {
            status: Some(self.status),
            method: Some(self.method.clone().unwrap_or_else(|| "GET".to_owned()).into()),
            url: self
                .url
                .clone()
                .unwrap_or_else(|| "https://api.example.com/v1/orders".to_owned())
                .into(),
            request_headers: field("Accept", &self.accept)
                .into_iter()
                .chain(field("Authorization", &self.sent))
                .collect(),
            request_body: Body {
                text: self.form.clone().map_or(Text::Absent, |form| Text::Plain(form.into())),
                ..Body::default()
            },
            response_headers: field("Location", &self.location).into_iter().collect(),
            response_body: Body {
                mime: (!self.media.is_empty()).then(|| self.media.clone().into()),
                text: Text::Plain(self.body.clone().into()),
                ..Body::default()
            },
            ..Exchange::default()
        };
        read(&exchange, Catalogue::embedded())
    }
}

fn trials(files: &[&str]) -> Vec<Case> {
    files.iter().flat_map(|text| toml::from_str::<Trials>(text).unwrap().case).collect()
}

#[test]
fn what_merely_speaks_of_auth_is_no_refusal() {
    let seen: Vec<String> = trials(&[
        include_str!("trials/harmless.toml"),
        include_str!("trials/harmless_wide.toml"),
        include_str!("trials/harmless_more.toml"),
    ])
    .iter()
    .filter(|case| case.read().outcome.is_refused())
    .map(|case| {
        format!(
            "{} {:?} {} {:?}",
            case.status,
            case.location,
            case.body,
            case.read().statements.first()
        )
    })
    .collect();
    assert!(seen.is_empty(), "{seen:#?}");
}

#[test]
fn refusals_of_every_status_are_seen_and_say_why() {
    let mut wrong = Vec::new();
    for case in trials(&[
        include_str!("trials/refusals.toml"),
        include_str!("trials/refusals_wide.toml"),
        include_str!("trials/refusals_known.toml"),
        include_str!("trials/refusals_more.toml"),
    ]) {
        let answer = case.read();
        let wanted = case.cause.as_deref().unwrap_or_default();
        let first = answer.statements.first();
        let named = first.and_then(|s| s.causes.first());
        let hint = first.is_none_or(|s| s.weight <= Weight::Words);
        let right = wanted.split('|').any(|wanted| match wanted {
            "" => hint,
            wanted => named.is_some_and(|c| *c == wanted),
        });
        if !answer.outcome.is_refused() || !right {
            wrong.push(format!(
                "{} {} wants {wanted:?}: {:?} {first:?}",
                case.status, case.body, answer.outcome
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn wordings_of_unknown_speakers_are_understood() {
    #[derive(Deserialize)]
    struct Wordings {
        cases: Vec<(u16, String, String)>,
    }
    let wordings: Wordings = toml::from_str(include_str!("trials/wordings.toml")).unwrap();
    let mut wrong = Vec::new();
    for (status, text, wanted) in &wordings.cases {
        let body = serde_json::json!({ "message": text }).to_string();
        let exchange = Exchange {
            status: Some(*status),
            url: "https://api.example.com/v1/orders".into(),
            response_body: Body { text: Text::Plain(body.into()), ..Body::default() },
            ..Exchange::default()
        };
        let answer = read(&exchange, Catalogue::standards());
        let first = answer.statements.first();
        let causes = first.map(|s| s.causes.as_slice()).unwrap_or_default();
        let vague = first.is_none_or(|s| s.weight <= Weight::Vague);
        let right = match wanted.as_str() {
            "-" => vague && causes.is_empty(),
            "~" => vague && causes.len() != 1,
            wanted => !vague && causes.iter().take(2).any(|c| *c == wanted),
        };
        if !right || !answer.outcome.is_refused() {
            wrong.push(format!("{status} {text:?} wants {wanted}: {causes:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn reasons_of_logs_name_their_cause() {
    #[derive(Deserialize)]
    struct Reasons {
        cases: Vec<(String, String, u16, String)>,
    }
    let reasons: Reasons = toml::from_str(include_str!("trials/reasons.toml")).unwrap();
    let mut wrong = Vec::new();
    for (name, text, status, wanted) in &reasons.cases {
        let answer = read(
            &Exchange {
                status: (*status > 0).then_some(*status),
                url: "https://api.example.com/v1/orders".into(),
                reasons: vec![(name.clone().into(), text.clone().into())],
                ..Exchange::default()
            },
            Catalogue::embedded(),
        );
        let first = answer.statements.first();
        let named = first.filter(|s| s.weight > Weight::Vague).and_then(|s| s.causes.first());
        let right = match wanted.as_str() {
            "-" => !answer.outcome.is_refused(),
            wanted => {
                answer.outcome.is_refused()
                    && wanted.split('|').any(|wanted| match wanted {
                        "" => named.is_none(),
                        wanted => named.is_some_and(|c| *c == wanted),
                    })
            }
        };
        if !right {
            wrong.push(format!(
                "{status} {name}={text} wants {wanted:?}: {:?} {first:?}",
                answer.outcome
            ));
        }
    }
    assert!(wrong.is_empty(), "{} {wrong:#?}", wrong.len());
}

#[test]
fn what_says_one_thing_and_nothing_else_is_as_good_as_known() {
    let weigh = |status: u16, text: &str| {
        let body = serde_json::json!({ "message": text }).to_string();
        let exchange = Exchange {
            status: Some(status),
            url: "https://api.example.com/v1/orders".into(),
            response_body: Body { text: Text::Plain(body.into()), ..Body::default() },
            ..Exchange::default()
        };
        let answer = read(&exchange, Catalogue::standards());
        answer.statements.first().map_or(Weight::Status, |s| s.weight)
    };
    let mut wrong = Vec::new();
    for text in [
        "jwt expired",
        "Token has expired",
        "Token is expired",
        "Signature has expired.",
        "Jwt is expired",
        "The token expired at '11/23/2026 02:13:00'",
        "invalid signature",
        "signature verification failed",
        "invalid audience",
        "jwt issuer invalid",
        "No authorization token was found",
        "Missing bearer token",
        "token has been revoked",
        "insufficient scope",
        "Token expired. Please log in again.",
        "token已过期",
        "登录已过期，请重新登录",
        "签名验证失败",
        "invalid_signature",
        "signature_invalid",
        "missing_authorization",
        "token_revoked",
    ] {
        if weigh(401, text) < Weight::Phrase {
            wrong.push(text);
        }
    }
    // Prose, alternatives, another party's fault and a status that is none of auth stay words.
    for (status, text) in [
        (401, "Access was refused, as far as we can tell because the token you hold has expired"),
        (401, "Token expired or revoked"),
        (401, "Access denied"),
        (400, "Token has expired"),
        (401, "token not accepted, expired certificate in the chain"),
    ] {
        if weigh(status, text) > Weight::Words {
            wrong.push(text);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The ids of the contract, as far as a response can state them.
const CAUSES: &[&str] = &[
    "header.missing",
    "header.misspelt_name",
    "header.empty",
    "header.placeholder",
    "header.whitespace",
    "header.quoted",
    "header.duplicate",
    "header.scheme_missing",
    "header.scheme_wrong",
    "header.scheme_case",
    "header.scheme_doubled",
    "header.too_large",
    "header.redirect_stripped",
    "header.proxy_stripped",
    "header.wrong_place",
    "token.truncated",
    "token.encoding",
    "token.malformed",
    "token.not_jwt",
    "token.id_token",
    "token.refresh_token",
    "token.wrong_type",
    "token.undecryptable",
    "token.replayed",
    "time.expired",
    "time.expired_cached",
    "time.refresh_not_applied",
    "time.refresh_refused",
    "time.expired_recovered",
    "time.not_yet_valid",
    "time.clock_skew",
    "time.unit_milliseconds",
    "time.wrong_type",
    "time.exp_missing",
    "claim.issuer",
    "claim.issuer_slash",
    "claim.audience",
    "claim.required_missing",
    "claim.invalid",
    "claim.subject",
    "claim.client",
    "claim.tenant",
    "claim.environment",
    "signature.invalid",
    "signature.wrong_key",
    "signature.key_encoding",
    "signature.key_newline",
    "signature.tampered",
    "signature.unknown_kid",
    "signature.algorithm",
    "signature.key_rotated",
    "signature.alg_family",
    "signature.alg_variant",
    "signature.alg_none",
    "state.revoked",
    "state.unknown_token",
    "state.user_disabled",
    "state.user_locked",
    "state.user_unverified",
    "authz.scope",
    "authz.role",
    "authz.step_up",
    "authz.consent",
    "authz.policy",
    "basic.bad_password",
    "basic.malformed",
    "digest.bad_password",
    "digest.stale_nonce",
    "negotiate.failed",
    "login.bad_credentials",
    "login.password_expired",
    "login.bad_code",
    "apikey.missing",
    "apikey.wrong",
    "apikey.expired",
    "apikey.restricted",
    "session.expired",
    "session.cookie_missing",
    "oauth.invalid_client",
    "oauth.invalid_grant",
    "oauth.refresh_refused",
    "oauth.refresh_reuse",
    "oauth.redirect_mismatch",
    "oauth.unauthorized_client",
    "oauth.invalid_request",
    "oauth.invalid_scope",
    "oauth.unsupported_grant",
    "oauth.pkce_failed",
    "oauth.state_mismatch",
    "oauth.access_denied",
    "oauth.login_required",
    "oauth.pending",
    "saml.assertion",
    "dpop.proof",
    "dpop.required",
    "dpop.nonce",
    "sigv4.signature",
    "sigv4.skew",
    "sigv4.malformed",
    "sigv4.missing",
    "sigv4.scope",
    "sigv4.expired_url",
    "reqsig.signature",
    "reqsig.skew",
    "reqsig.replay",
    "reqsig.malformed",
    "mtls.required",
    "mtls.invalid",
    "verifier.unavailable",
    "verifier.misconfigured",
    "verifier.one_instance",
    "cors.preflight",
    "cors.origin",
    "capture.sanitized",
    "other.handshake",
    "other.csrf",
    "other.rate_limit",
    "other.waf",
    "other.ip_blocked",
    "other.service_disabled",
    "other.wrong_route",
    "other.denied",
    "unknown",
];

#[test]
fn every_cause_that_data_names_is_one_of_the_contract() {
    let mut unknown: Vec<String> = Catalogue::embedded()
        .causes()
        .chain(super::general::causes().iter())
        .map(|c| c.as_str().to_owned())
        .filter(|c| !CAUSES.contains(&c.as_str()))
        .collect();
    unknown.dedup();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// Pieces that steer random input into the parsers' corners.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "\\",
    "\\u",
    "\\ud8",
    ":",
    ",",
    "=",
    "&",
    "%",
    "%e",
    "<",
    ">",
    "</",
    "<!--",
    "<![CDATA[",
    "<input type=",
    "error",
    "token",
    "expired",
    "Bearer ",
    "Basic",
    "401",
    "not ",
    "过期",
    "é",
    "\u{feff}",
    "\n",
    " ",
    ".",
    ";",
    "code",
    "true",
    "-1e9",
    "(",
    ")",
];

fn soup() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let piece = prop_oneof![
        4 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(96))]

    #[test]
    fn reading_never_panics_whatever_the_answer_holds(
        body in soup(), challenge in soup(), location in soup(), reason in soup(), status in 100_u16..600,
    ) {
        let header = |name: &'static str, value: &str| Header {
            name: name.into(),
            value: value.to_owned().into(),
        };
        for escaped in [false, true] {
            let text = if escaped {
                Text::Escaped(body.as_bytes())
            } else {
                Text::Plain(body.as_str().into())
            };
            let exchange = Exchange {
                status: Some(status),
                url: location.as_str().into(),
                response_headers: vec![
                    header("WWW-Authenticate", &challenge),
                    header("Location", &location),
                    header("grpc-status", &reason),
                    header("grpc-message", &reason),
                ],
                response_body: Body { text, ..Body::default() },
                reasons: vec![("err.message".into(), reason.as_str().into())],
                ..Exchange::default()
            };
            let answer = read(&exchange, Catalogue::embedded());
            for statement in &answer.statements {
                proptest::prop_assert!(statement.text.chars().count() <= 160);
            }
        }
    }
}
