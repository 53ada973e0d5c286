//! Causes that stand between exchanges: redirects and preflights.

use super::case::{Candidate, Case};
use crate::model::{Confidence, Outcome, Sign};
use crate::world::Move;

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    found.extend(redirect_stripped(case).or_else(|| redirected_unseen(case)));
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

/// The same, where the capture does not show where the redirect leads.
fn redirected_unseen(case: &Case<'_>) -> Option<Candidate> {
    let at = case.at?;
    if case.has_authorization() || case.bearer().is_some() || !case.could_show() {
        return None;
    }
    let (when, from, how) = case.world.unseen_redirect(case.facts, at)?;
    let what = match how {
        Move::Host => "another host",
        Move::Scheme => "`https`",
        Move::Slash => "the other form of the path, a slash at its end or none",
    };
    let span = at.since(when);
    let candidate = Candidate::inferred(
        "header.redirect_stripped",
        format!("{} carried a credential and was redirected at {when}", from.endpoint),
        "history",
    )
    .and(format!("this request goes to {what} {span} later and carries none"), "request.headers")
    .and("the capture does not show where the redirect leads", "response.headers.location");
    // Another host may have been called for its own sake.
    Some(if how == Move::Host { candidate.at(Confidence::Suspected) } else { candidate })
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
