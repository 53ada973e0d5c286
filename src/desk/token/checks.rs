//! Every check of a credential with its verdict: what the judge found fails, the rest passes or is open.

use super::{Asked, is_seen, is_structured};
use crate::model::{
    At, Check, Confidence, Credential, Finding, Form, Judgement, NumericDate, Signature, Token,
    Verdict,
};
use crate::world::World;

/// Returns the checks of one credential; `judgement` is that of the judged one only.
pub(super) fn of(
    credential: &Credential,
    token: Option<&Token>,
    judgement: Option<&Judgement>,
    asked: &Asked,
    world: &World<'_>,
) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut failed: Vec<&'static str> = Vec::new();
    let found = judgement.into_iter().flat_map(|j| j.root.iter().chain(&j.also));
    for finding in found.filter(|f| is_seen(f)) {
        let name = subject(finding, token);
        failed.push(name);
        let facts: Vec<&str> = finding.evidence.iter().map(|e| e.fact.as_str()).collect();
        let doubt = finding.confidence == Confidence::Suspected;
        checks.push(check(name, if doubt { "doubt" } else { "fail" }, facts.join("; ")));
    }
    if judgement.is_some() && !failed.contains(&"field") {
        checks.push(check("field", "pass", field_words(credential)));
    }
    if let Some(token) = token.filter(|t| is_structured(t)) {
        let known = token.fingerprint.and_then(|mark| world.token(mark)).unwrap_or(token);
        let passed = passed(known, asked).into_iter();
        checks.extend(passed.filter(|check| !failed.contains(&check.name.as_str())));
    }
    checks.sort_by_key(|check| ORDER.iter().position(|name| *name == check.name));
    checks
}

/// The order in which checks are told, which is about that of a verifier.
const ORDER: [&str; 12] = [
    "field",
    "form",
    "use",
    "alg",
    "kid",
    "signature",
    "exp",
    "nbf",
    "iat",
    "iss",
    "aud",
    "claims",
];

fn check(name: &str, verdict: &str, fact: impl Into<String>) -> Check {
    Check { name: name.to_owned(), verdict: verdict.to_owned(), fact: fact.into() }
}

/// Returns the check that a cause belongs to.
fn subject(finding: &Finding, token: Option<&Token>) -> &'static str {
    let id = finding.cause.as_str();
    let family = id.split_once('.').map_or(id, |(family, _)| family);
    match (family, id) {
        ("header" | "basic" | "apikey", _) => "field",
        (_, "token.truncated" | "token.malformed" | "token.encoding") => "form",
        ("token", _) => "use",
        ("signature", id) if id.starts_with("signature.alg") => "alg",
        (_, "signature.unknown_kid" | "signature.key_rotated") => "kid",
        ("signature", _) => "signature",
        (_, "time.not_yet_valid") => {
            // The same cause stands for a start and an issue in the future.
            if token.is_some_and(|token| token.nbf.is_some()) { "nbf" } else { "iat" }
        }
        ("time", _) => "exp",
        (_, "claim.issuer" | "claim.issuer_slash" | "claim.environment") => "iss",
        (_, "claim.audience") => "aud",
        ("claim", _) => "claims",
        _ => "form",
    }
}

fn field_words(credential: &Credential) -> String {
    match &credential.scheme {
        Some(scheme) => format!("{} with scheme {}", credential.place, scheme.as_str()),
        None => credential.place.to_string(),
    }
}

/// Returns every check of a structured token as it stands where the judge found nothing.
fn passed(token: &Token, asked: &Asked) -> Vec<Check> {
    let mut checks = Vec::new();
    if token.form == Form::Jwe {
        checks.push(check("form", "pass", "five segments of an encrypted token (JWE)"));
        let fact = "encrypted: only who holds the key can read and check what is in it";
        checks.push(check("signature", "open", fact));
        return checks;
    }
    checks.push(check("form", "pass", "header, payload and signature of a signed token (JWS)"));
    checks.push(usage(token));
    checks.push(algorithm(token, asked));
    checks.push(key_id(token));
    checks.push(signature(token));
    checks.push(expiry(token.exp.as_ref(), asked));
    checks.extend(token.nbf.as_ref().map(|nbf| start("nbf", nbf, asked.at)));
    checks.extend(token.iat.as_ref().map(|iat| start("iat", iat, asked.at)));
    let issuer: Vec<String> = token.iss.iter().cloned().collect();
    checks.push(expected("iss", &issuer, &asked.expected.issuers, "--issuer"));
    checks.push(expected("aud", &token.aud, &asked.expected.audiences, "--audience"));
    if !asked.expected.required_claims.is_empty() {
        let list = asked.expected.required_claims.join(", ");
        checks.push(check("claims", "pass", format!("all that are required are there: {list}")));
    }
    checks
}

fn usage(token: &Token) -> Check {
    use crate::model::Use;
    let why = token.used_as_why.as_deref().unwrap_or_default();
    match token.used_as {
        Use::Access => check("use", "pass", format!("an access token: {why}")),
        Use::Id => {
            check("use", "doubt", format!("an ID token: {why}; an API asks for an access token"))
        }
        Use::Refresh => check(
            "use",
            "doubt",
            format!("a refresh token: {why}; an API asks for an access token"),
        ),
        Use::Other => check("use", "doubt", format!("no access token: {why}")),
        Use::Unknown => check("use", "open", "it does not say what it is for"),
    }
}

fn algorithm(token: &Token, asked: &Asked) -> Check {
    let alg = token.alg.as_deref().unwrap_or_default();
    if asked.expected.algorithms.is_empty() {
        check("alg", "open", format!("`{alg}`; --algorithm says what the server takes"))
    } else {
        check("alg", "pass", format!("`{alg}` is one that --algorithm gives"))
    }
}

fn key_id(token: &Token) -> Check {
    match (&token.kid, token.verdict.as_deref().and_then(Verdict::key)) {
        (Some(kid), Some(key)) if key.kid.as_ref() == Some(kid) => {
            check("kid", "pass", format!("`{kid}` is {key}"))
        }
        (Some(kid), Some(key)) if key.kid.is_none() => {
            check("kid", "open", format!("`{kid}`; {key} has no `kid` to compare with"))
        }
        (Some(kid), _) => check("kid", "open", format!("`{kid}`; --jwks gives the issuer's keys")),
        (None, Some(key)) => check("kid", "pass", format!("none; {key} fits")),
        (None, None) => {
            check("kid", "open", "none: a verifier with several keys has to try them all")
        }
    }
}

fn signature(token: &Token) -> Check {
    match (token.verdict.as_deref(), token.signature) {
        (Some(Verdict::Valid { key }), _) => {
            check("signature", "pass", format!("it verifies with {key}"))
        }
        (Some(Verdict::Near { key, miss }), _) => {
            check("signature", "doubt", format!("it verifies with {key}, {}", miss.words()))
        }
        (Some(Verdict::Unsupported), _) => {
            check("signature", "open", "its algorithm or key cannot be checked here")
        }
        (Some(_), _) => check("signature", "open", "no key that was given fits its algorithm"),
        (None, Signature::Present) => {
            let fact = "not checked: no key is known; --jwks, --key or --secret-env gives one";
            check("signature", "open", fact)
        }
        (None, _) => check("signature", "doubt", "there is none"),
    }
}

fn expiry(exp: Option<&NumericDate>, asked: &Asked) -> Check {
    let Some(exp) = exp else {
        return check("exp", "doubt", "it has none: many verifiers insist on one");
    };
    match exp.in_seconds() {
        Some(at) => {
            let left = at.since(asked.at);
            let words = if left.0 > 0.0 {
                format!("it expires in {left}")
            } else {
                format!("it expired {} ago, within the leeway", crate::model::Seconds(-left.0))
            };
            check("exp", "pass", words)
        }
        None => check("exp", "doubt", "its value is no number of seconds"),
    }
}

fn start(name: &str, date: &NumericDate, at: At) -> Check {
    let Some(start) = date.in_seconds() else {
        return check(name, "doubt", "its value is no number of seconds");
    };
    let passed = at.since(start);
    match (passed.0 >= 0.0, name) {
        (true, "nbf") => check(name, "pass", format!("it has been valid for {passed}")),
        (true, _) => check(name, "pass", format!("it was issued {passed} ago")),
        (false, _) => {
            let ahead = crate::model::Seconds(-passed.0);
            check(name, "doubt", format!("it lies {ahead} ahead"))
        }
    }
}

fn expected(name: &str, values: &[String], given: &[String], option: &str) -> Check {
    let list = values.iter().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(", ");
    match (values.is_empty(), given.is_empty()) {
        (true, _) => check(name, "open", "it has none"),
        (false, true) => {
            check(name, "open", format!("{list}; {option} says what the server takes"))
        }
        (false, false) => check(name, "pass", format!("{list}, as {option} asks")),
    }
}
