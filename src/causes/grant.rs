//! Codes and assertions that a token endpoint refuses, told by the legs of the flow before it.

use super::case::{Candidate, Case};
use crate::model::{At, Confidence, Fingerprint, Grant, Kind, Leg, Outcome, Seconds};
use crate::world::{Sight, mark_of};

/// Codes live ten minutes at most (RFC 6749, section 4.1.2).
const LIFE_OF_A_CODE: Seconds = Seconds(600.0);

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    let facts = case.facts;
    let credentials = facts.credentials.iter();
    let one_use = credentials.filter(|c| matches!(c.kind, Kind::Grant | Kind::Saml));
    if let Some(mark) = one_use.clone().find_map(mark_of) {
        match facts.grant {
            Some(Grant::Code) => {
                found.extend(used_code(case, mark));
                found.extend(
                    case.world
                        .asked_for(mark)
                        .map(|asked| exchanged(case, asked))
                        .into_iter()
                        .flatten(),
                );
                found.extend(late_code(case, mark));
            }
            Some(Grant::Assertion) => found.extend(replayed(case, mark)),
            _ => {}
        }
    }
    found.extend(foreign_state(case));
    found
}

/// Returns when the same code or assertion was let in before.
fn let_in_before(case: &Case<'_>, mark: Fingerprint) -> Option<At> {
    let at = case.at?;
    let before = case.world.sights(mark).filter_map(|sight| match sight {
        Sight::LetIn(usage) if usage.at_issuer => usage.times.last_until(at),
        _ => None,
    });
    before.max()
}

fn used_code(case: &Case<'_>, mark: Fingerprint) -> Option<Candidate> {
    let used = let_in_before(case, mark)?;
    Some(
        Candidate::inferred(
            "oauth.invalid_grant",
            format!("the same code was exchanged at {used}"),
            "history",
        )
        .and("a code serves once (RFC 6749, section 4.1.2)", "request.body.code"),
    )
}

fn late_code(case: &Case<'_>, mark: Fingerprint) -> Option<Candidate> {
    let age = case.at?.since(case.world.code_given(mark)?);
    (age.0 > LIFE_OF_A_CODE.0).then(|| {
        let fact = format!("the code was handed out {age} before");
        Candidate::inferred("oauth.invalid_grant", fact, "history")
    })
}

fn replayed(case: &Case<'_>, mark: Fingerprint) -> Option<Candidate> {
    let used = let_in_before(case, mark)?;
    Some(Candidate::inferred(
        "token.replayed",
        format!("the same assertion was let in at {used}"),
        "history",
    ))
}

/// Compares the token request with the authorization request of its code.
fn exchanged(case: &Case<'_>, asked: Leg) -> Vec<Candidate> {
    let mut found = Vec::new();
    let Some(sent) = case.facts.leg.as_deref() else { return found };
    match (asked.redirect_uri, sent.redirect_uri) {
        (Some(a), Some(b)) if a != b => found.push(Candidate::inferred(
            "oauth.redirect_mismatch",
            "`redirect_uri` differs between the authorization request and this one",
            "request.body.redirect_uri",
        )),
        // With PKCE servers may do without it (OAuth 2.1, section 4.1.3).
        (Some(_), None) => found.push(
            Candidate::inferred(
                "oauth.redirect_mismatch",
                "the authorization request named a `redirect_uri`, this one names none",
                "request.body",
            )
            .at(if asked.challenge[0].is_some() {
                Confidence::Suspected
            } else {
                Confidence::Inferred
            }),
        ),
        _ => {}
    }
    let fits = |challenge| sent.challenge.contains(&Some(challenge));
    match (asked.challenge[0], sent.challenge != [None, None]) {
        (Some(_), false) => found.push(Candidate::inferred(
            "oauth.pkce_failed",
            "the authorization request sent a `code_challenge`, this one no `code_verifier`",
            "request.body",
        )),
        (Some(challenge), true) if !fits(challenge) => found.push(Candidate::inferred(
            "oauth.pkce_failed",
            "`code_verifier` does not fit the `code_challenge` of the authorization request",
            "request.body.code_verifier",
        )),
        _ => {}
    }
    found
}

/// A callback whose `state` no authorization request of the capture sent.
fn foreign_state(case: &Case<'_>) -> Option<Candidate> {
    let facts = case.facts;
    let leg = facts.leg.as_deref().filter(|leg| !leg.asks && facts.grant.is_none())?;
    let callback = leg.code.is_some() && matches!(facts.answer.outcome, Outcome::Refused(_));
    let known = case.world.knows_state(leg.state?)?;
    (callback && !known).then(|| {
        Candidate::inferred(
            "oauth.state_mismatch",
            "no authorization request of this capture sent the `state` that came back",
            "request.url.state",
        )
    })
}
