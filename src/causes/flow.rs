//! Causes that stand between exchanges: redirects and preflights.

use super::case::{Candidate, Case};
use crate::model::{Outcome, Sign};

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    found.extend(redirect_stripped(case));
    found.extend(preflight(case));
    found
}

/// The client followed a redirect and dropped `Authorization` on the way.
fn redirect_stripped(case: &Case<'_>) -> Option<Candidate> {
    let at = case.at?;
    if case.has_authorization() || case.bearer().is_some() || !case.could_show() {
        return None;
    }
    let (when, from) = case.world.redirect_with_credential(case.facts, at)?;
    let other = from.redirect.as_ref().is_some_and(|r| r.other_origin);
    let field = from.credentials.iter().any(|c| c.place.is_authorization());
    let what = if field { "`Authorization`" } else { "a credential" };
    let target = if other { "to another origin" } else { "on the same origin" };
    Some(
        Candidate::inferred(
            "header.redirect_stripped",
            format!(
                "{} carried {what} and was redirected here ({target}) at {when}",
                from.endpoint
            ),
            "history",
        )
        .and("this request carries none", "request.headers"),
    )
}

/// The server asked a preflight for credentials, which it can never carry.
fn preflight(case: &Case<'_>) -> Option<Candidate> {
    let asked = matches!(
        case.facts.answer.outcome,
        Outcome::Refused(
            Sign::Unauthorized
                | Sign::Forbidden
                | Sign::ProxyAuthentication
                | Sign::LoginRedirect
                | Sign::Said
                | Sign::AuthStatus
        )
    );
    (case.facts.preflight && asked).then(|| {
        let status = case.facts.status.map_or_else(String::new, |s| format!(" with {s}"));
        Candidate::proven(
            "cors.preflight",
            format!(
                "the OPTIONS preflight was refused{status}; browsers never send credentials with it"
            ),
            "response.status",
        )
    })
}
