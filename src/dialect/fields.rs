//! Collects what stands outside the body: challenges, other fields, reason columns, the setting.

use crate::model::{Challenge, Exchange, Text};

use super::body::Clue;
use super::general::Setting;
use super::{outcome, tree};

/// Collects clues from challenges, other fields, reasons, gRPC and the reason phrase.
pub(super) fn fields(exchange: &Exchange<'_>, challenges: &[Challenge], clues: &mut Vec<Clue>) {
    for challenge in challenges {
        let field = if challenge.proxy { "proxy-authenticate" } else { "www-authenticate" };
        for (name, value) in &challenge.params {
            let rank = match name.as_str() {
                "error" | "error_code" => 0,
                "error_description" | "message" | "reason" | "error_message" | "cause"
                | "description" => 2,
                _ => continue,
            };
            clues.push(Clue {
                place: format!("header:{field}.{name}"),
                key: name.clone(),
                text: value.clone(),
                rank,
            });
        }
    }
    for header in &exchange.response_headers {
        let name = header.name.to_ascii_lowercase();
        let wanted = name == "x-amzn-errortype"
            || name == "grpc-message"
            || name == "dpop-nonce"
            || (name.starts_with("x-")
                && (name.contains("error") || name.contains("reason") || name.contains("denied")));
        if !wanted || header.value.trim().is_empty() {
            continue;
        }
        let (place, text) = match name.as_str() {
            "grpc-message" => ("grpc-message".to_owned(), tree::percent(&header.value)),
            "x-amzn-errortype" => (
                format!("header:{name}"),
                header.value.split(':').next().unwrap_or_default().to_owned(),
            ),
            "dpop-nonce" => continue,
            _ => (format!("header:{name}"), header.value.to_string()),
        };
        clues.push(Clue { place, key: name, text, rank: 1 });
    }
    clues.extend(exchange.reasons.iter().filter_map(|(name, text)| reason(name, text)));
    if let Some(phrase) = exchange.status_text.as_deref().filter(|p| !is_standard(p)) {
        clues.push(Clue {
            place: "status".to_owned(),
            key: String::new(),
            text: phrase.to_owned(),
            rank: 3,
        });
    }
    if let Some(error) = exchange.error.as_deref() {
        clues.push(Clue {
            place: "error".to_owned(),
            key: String::new(),
            text: error.to_owned(),
            rank: 3,
        });
    }
}

/// Collects the reason columns of a logged success that are errors by their names.
pub(super) fn errors_logged(exchange: &Exchange<'_>) -> Vec<Clue> {
    let named = |name: &str| {
        let lower = name.to_ascii_lowercase();
        lower.contains("error") || lower.starts_with("err.") || lower.contains("fault")
    };
    let reasons = exchange.reasons.iter().filter(|(name, _)| named(name));
    reasons.filter_map(|(name, text)| reason(name, text)).collect()
}

fn reason(name: &str, text: &str) -> Option<Clue> {
    let text = text.trim();
    let key = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
    (!text.is_empty() && text != "-").then(|| Clue {
        place: format!("reason:{name}"),
        key,
        text: text.to_owned(),
        rank: 1,
    })
}

/// Returns whether a path names one of many sessions.
fn names_one_session(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let mut segments = path.split('/').skip_while(|s| !matches!(*s, "session" | "sessions"));
    segments.next().is_some() && segments.next().is_some_and(|s| !s.is_empty())
}

/// Returns whether a text is the reason phrase of a refusal, with or without its number: it says nothing
/// that the status does not say.
pub(super) fn is_stock_phrase(text: &str) -> bool {
    let text = text.trim();
    let phrase =
        text.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches([' ', ':', '-']);
    let numbered = phrase.len() < text.len();
    ["Unauthorized", "Forbidden", "Authorization Required", "Proxy Authentication Required"]
        .iter()
        .any(|p| phrase.eq_ignore_ascii_case(p))
        // Behind the number it is that status in the page's own words: `403 Permission Denied`.
        || numbered
            && ["Permission Denied", "Access Denied", "Access Forbidden", "Access Is Denied"]
                .iter()
                .any(|p| phrase.eq_ignore_ascii_case(p))
}

fn is_standard(phrase: &str) -> bool {
    let phrase = phrase.trim();
    phrase.is_empty()
        || [
            "Unauthorized",
            "Forbidden",
            "OK",
            "Bad Request",
            "Not Found",
            "Authorization Required",
            "Too Many Requests",
            "Internal Server Error",
            "Proxy Authentication Required",
        ]
        .iter()
        .any(|p| phrase.eq_ignore_ascii_case(p))
}

/// Reads the circumstances that shift the meaning of words.
pub(super) fn setting(exchange: &Exchange<'_>, status: u16, challenges: &[Challenge]) -> Setting {
    let sent = exchange.request_header("authorization").unwrap_or_default();
    let sent = sent.split(' ').next().unwrap_or_default().to_ascii_lowercase();
    let only = |scheme: &str| {
        !challenges.is_empty() && challenges.iter().all(|c| c.scheme.eq_ignore_ascii_case(scheme))
    };
    let grant_type = grant_type(exchange);
    let granted = |name: &str| grant_type.as_deref() == Some(name);
    Setting {
        status,
        login: outcome::is_login_request(exchange),
        grant: grant_type.is_some() || outcome::is_token_endpoint(&exchange.url),
        refresh: granted("refresh_token"),
        code: granted("authorization_code"),
        password: granted("password"),
        basic: sent == "basic" || only("basic"),
        digest: sent == "digest" || only("digest"),
        bearer: sent == "bearer" || only("bearer"),
        sigv4: sent.starts_with("aws4-"),
        signed: is_signed(exchange, &sent),
        presigned: is_presigned(&exchange.url),
        sessions: names_one_session(&exchange.url),
        tokens: exchange.url.split(['/', '?']).any(|s| matches!(s, "token" | "tokens")),
        challenged: !challenges.is_empty(),
        alone: false,
    }
}

/// How the scheme words of request signatures begin, in lower case.
const SIGNING: &[&str] = &[
    "hmac",
    "hawk",
    "signature",
    "sharedkey",
    "sharedaccesssignature",
    "oauth",
    "aws",
    "goog4-",
    "acs",
    "tc3",
    "sdk",
    "bce-auth",
    "wechatpay",
    "eg1-",
];

/// Returns whether the request is signed as a whole: by its scheme, a field or a parameter.
fn is_signed(exchange: &Exchange<'_>, scheme: &str) -> bool {
    let names_signature = |name: &str| {
        if memchr::memchr2(b'g', b'G', name.as_bytes()).is_none() {
            return false;
        }
        let lower = name.to_ascii_lowercase();
        lower.contains("signature") || lower.split(['-', '_']).any(|w| w == "sign" || w == "sig")
    };
    let named_in = |query: &str| {
        query.split('&').filter_map(|pair| pair.split('=').next()).any(names_signature)
    };
    SIGNING.iter().any(|s| scheme.starts_with(s))
        || exchange.request_headers.iter().any(|h| names_signature(&h.name))
        || exchange.url.split_once('?').is_some_and(|(_, query)| named_in(query))
}

/// Returns whether a URL is signed and ends at a time that it names itself.
fn is_presigned(url: &str) -> bool {
    let Some((_, query)) = url.split_once('?') else { return false };
    let has = |name: &str| {
        query
            .split('&')
            .any(|pair| pair.split('=').next().unwrap_or_default().eq_ignore_ascii_case(name))
    };
    has("X-Amz-Expires")
        || has("X-Goog-Expires")
        || (has("Expires") && has("Signature"))
        || (has("se") && has("sig"))
}

/// Takes `grant_type` from a form or JSON body.
fn grant_type(exchange: &Exchange<'_>) -> Option<String> {
    let body = &exchange.request_body;
    if let Some((_, value)) = body.params.iter().find(|(n, _)| n == "grant_type") {
        return Some(value.to_string());
    }
    if matches!(body.text, Text::Absent) || body.text.raw().len() > 16 * 1024 {
        return None;
    }
    memchr::memmem::find(body.text.raw(), b"grant_type")?;
    let text = body.text.read();
    let node = tree::json(&text).or_else(|| tree::form(&text))?;
    node.get("grant_type").and_then(tree::Node::text).map(str::to_owned)
}

/// Returns `grpc-status` from a field or a log's column.
pub(super) fn grpc_status(exchange: &Exchange<'_>) -> Option<String> {
    let logged = || {
        let found = exchange.reasons.iter().find(|(n, _)| {
            n.eq_ignore_ascii_case("grpc-status") || n.eq_ignore_ascii_case("grpc_status")
        });
        found.map(|(_, v)| v.to_string())
    };
    let text = exchange.response_header("grpc-status").map(str::to_owned).or_else(logged)?;
    let code = match text.trim().to_ascii_uppercase().as_str() {
        "UNAUTHENTICATED" => "16".to_owned(),
        "PERMISSION_DENIED" | "PERMISSIONDENIED" => "7".to_owned(),
        other => other.to_owned(),
    };
    (code != "0" && !code.is_empty() && code != "-").then_some(code)
}
