//! Claims that the host does not take: compared with what was given and what it was proven to accept.

use super::case::{Candidate, Case};
use super::differ::nearest;
use crate::model::{Confidence, Form, Token};
use crate::world::{Learned, Profile, audience_form};

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    let Some(token) = case.token() else { return Vec::new() };
    if token.form != Form::Jws || token.claims.is_empty() || case.facts.grant.is_some() {
        return Vec::new();
    }
    let mut found = given(case, token);
    found.extend(stated_values(case, token));
    if let Some(profile) = case.profile().filter(|p| p.tokens > 0) {
        found.extend(learned(case, token, profile));
    }
    found
}

/// Against `--issuer`, `--audience`, `--require-claim`.
fn given(case: &Case<'_>, token: &Token) -> Vec<Candidate> {
    let mut found = Vec::new();
    let given = case.world.given();
    if given.issuers.is_empty() && given.audiences.is_empty() && given.claims.is_empty() {
        return found;
    }
    let place = case.place();
    let list = |values: &[String]| {
        values.iter().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(" or ")
    };
    let let_in = |known: Option<&Learned>, value: &str| {
        let known = known.filter(|known| known.has(value));
        known.map(|_| format!("{} let in tokens that say `{value}`", case.host()))
    };
    if !given.issuers.is_empty() {
        match &token.iss {
            None => found.push(
                Candidate::proven("claim.required_missing", "the token has no `iss`", &place)
                    .and(format!("given: {}", list(&given.issuers)), "config"),
            ),
            Some(iss) if !given.issuers.contains(iss) => {
                let cause = issuer_cause(iss, given.issuers.iter().map(String::as_str));
                let accepted = let_in(case.profile().map(|p| &p.issuers), iss);
                let candidate = Candidate::proven(cause, format!("the token says `{iss}`"), &place)
                    .and(format!("given: {}", list(&given.issuers)), "config");
                let candidate = near(candidate, iss, given.issuers.iter().map(String::as_str));
                found.push(candidate.unless(accepted, "history"));
            }
            Some(_) => {}
        }
    }
    if !given.audiences.is_empty() && !token.aud.iter().any(|a| given.audiences.contains(a)) {
        let known = case.profile().map(|p| &p.audiences);
        let accepted = token.aud.iter().find_map(|aud| let_in(known, aud));
        let candidate = Candidate::proven("claim.audience", audience_words(token), &place)
            .and(format!("given: {}", list(&given.audiences)), "config");
        let candidate = near_audience(candidate, token, &given.audiences);
        found.push(candidate.unless(accepted, "history"));
    }
    for claim in given.claims.iter().filter(|c| !token.has_claim(c)) {
        found.push(
            Candidate::proven(
                "claim.required_missing",
                format!("the token has no claim `{claim}`"),
                &place,
            )
            .and("given as required", "config"),
        );
    }
    found
}

/// Against a value that the server's own message names.
fn stated_values(case: &Case<'_>, token: &Token) -> Option<Candidate> {
    let statement = case.statement()?;
    let expected = statement.expected.as_deref()?;
    match statement.causes.first()?.as_str() {
        "claim.audience" if !token.aud.iter().any(|a| a == expected) => {
            Some(Candidate::proven("claim.audience", audience_words(token), &case.place()).and(
                format!("the server expects `{expected}`"),
                format!("response.{}", statement.place).as_str(),
            ))
        }
        "claim.issuer" if token.iss.as_deref().is_some_and(|iss| iss != expected) => {
            let iss = token.iss.as_deref().unwrap_or_default();
            Some(
                Candidate::proven(
                    issuer_cause(iss, std::iter::once(expected)),
                    format!("the token says `{iss}`"),
                    &case.place(),
                )
                .and(format!("the server expects `{expected}`"), "response"),
            )
        }
        _ => None,
    }
}

/// Against what the host was proven to accept.
fn learned(case: &Case<'_>, token: &Token, profile: &Profile) -> Vec<Candidate> {
    let place = case.place();
    let host = case.host();
    let differs = |value: Option<&str>, known: &Learned| {
        !known.is_empty() && value.is_none_or(|v| !known.has(v))
    };
    let iss = differs(token.iss.as_deref(), &profile.issuers);
    let aud = !profile.audiences.is_empty() && !token.aud.iter().any(|a| profile.audiences.has(a));
    // Without key ids nothing can be said of the key: issuer and audience decide.
    let key = profile.kids.is_empty() || differs(token.kid.as_deref(), &profile.kids);
    let mut found = Vec::new();
    let accepts = |known: &Learned| case.tell(|| format!("{host} let in {}", known.list(3)));
    if let Some(issuer) = token.iss.as_deref().filter(|_| iss && aud && key) {
        found.push(
            Candidate::inferred(
                "claim.environment",
                case.tell(|| format!("issuer and audience both differ: the token says `{issuer}`")),
                &place,
            )
            .and(accepts(&profile.issuers), "history"),
        );
        return found;
    }
    if iss {
        found.push(match token.iss.as_deref() {
            Some(issuer) => {
                let cause = issuer_cause(issuer, profile.issuers.0.keys().map(String::as_str));
                let candidate =
                    Candidate::inferred(cause, format!("the token says `{issuer}`"), &place)
                        .and(accepts(&profile.issuers), "history");
                near(candidate, issuer, profile.issuers.0.keys().map(String::as_str))
            }
            None => Candidate::inferred("claim.issuer", "the token has no `iss`", &place)
                .and(accepts(&profile.issuers), "history")
                .at(Confidence::Suspected),
        });
    }
    if aud {
        let known: Vec<String> = profile.audiences.0.keys().cloned().collect();
        let words = case.tell(|| audience_words(token));
        let candidate = Candidate::inferred("claim.audience", words, &place)
            .and(accepts(&profile.audiences), "history");
        found.push(near_audience(candidate, token, &known));
    } else if !token.aud.is_empty()
        && !profile.audience_forms.is_empty()
        && !profile.audience_forms.has(audience_form(token))
    {
        let words = |form: &str| if form == "list" { "an array" } else { "a string" };
        let other = if token.aud_is_list { "text" } else { "list" };
        let fact = format!("`aud` is {}", words(audience_form(token)));
        let candidate = Candidate::suspected("claim.audience", fact, &place)
            .and(format!("in all tokens that {host} let in it is {}", words(other)), "history");
        let told = case.says("claim.audience");
        found.push(if told { candidate.at(Confidence::Inferred) } else { candidate });
    }
    let common = profile.claims.iter().filter(|common| **common != token.claims);
    let lacks: Vec<&String> = common
        .flat_map(|common| common.iter())
        .filter(|c| {
            !token.has_claim(c)
                && !matches!(c.as_str(), "iss" | "aud" | "exp" | "nbf" | "iat" | "jti")
        })
        .collect();
    if let Some(claim) = lacks.first() {
        found.push(
            Candidate::suspected(
                "claim.required_missing",
                format!(
                    "the token has no claim `{claim}`, which every token that {host} let in has"
                ),
                &place,
            )
            .at(if case.says("claim.") {
                Confidence::Inferred
            } else {
                Confidence::Suspected
            }),
        );
    }
    found
}

/// Says what a reader overlooks: in which one way the value differs from a known one.
fn near<'k>(candidate: Candidate, sent: &str, known: impl Iterator<Item = &'k str>) -> Candidate {
    match nearest(sent, known) {
        Some((way, value)) => {
            let fact = format!("`{sent}` and `{value}` differ only in {way}");
            candidate.and(fact, "history")
        }
        None => candidate,
    }
}

fn near_audience(candidate: Candidate, token: &Token, known: &[String]) -> Candidate {
    let pair =
        token.aud.iter().find(|aud| nearest(aud, known.iter().map(String::as_str)).is_some());
    match pair {
        Some(aud) => near(candidate, aud, known.iter().map(String::as_str)),
        None => candidate,
    }
}

fn audience_words(token: &Token) -> String {
    match token.aud.as_slice() {
        [] => "the token has no `aud`".into(),
        values => {
            let list = values.iter().take(3).map(|v| format!("`{v}`")).collect::<Vec<_>>();
            format!("the token is for {}", list.join(", "))
        }
    }
}

/// Tells a trailing slash and another tenant of the same server from a wrong issuer.
fn issuer_cause<'v>(iss: &str, mut known: impl Iterator<Item = &'v str> + Clone) -> &'static str {
    let bare = |text: &str| text.trim_end_matches('/').to_owned();
    if known.clone().any(|k| k != iss && bare(k) == bare(iss)) {
        return "claim.issuer_slash";
    }
    let same_server = |k: &str| {
        let (a, b) = (origin(k), origin(iss));
        a.is_some() && a == b
    };
    if known.any(same_server) { "claim.tenant" } else { "claim.issuer" }
}

/// Returns scheme and authority of a URL.
fn origin(url: &str) -> Option<&str> {
    let start = url.find("://")? + 3;
    let end = url.get(start..)?.find('/').map_or(url.len(), |n| start + n);
    url.get(..end)
}
