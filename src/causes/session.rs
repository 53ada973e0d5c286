//! Cookie sessions: over, or not sent along.

use super::case::{Candidate, Case};
use crate::model::{At, Confidence, Kind, Outcome, Sign};

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    found.extend(cookie_missing(case));
    found.extend(expired(case));
    found
}

fn is_session_refusal(case: &Case<'_>) -> bool {
    matches!(
        case.facts.answer.outcome,
        Outcome::Refused(
            Sign::Unauthorized
                | Sign::LoginRedirect
                | Sign::LoginPage
                | Sign::AuthStatus
                | Sign::Forbidden
                | Sign::Said
        )
    )
}

/// A cookie set before was not sent.
fn cookie_missing(case: &Case<'_>) -> Option<Candidate> {
    let (facts, at) = (case.facts, case.at?);
    if facts.cookies_sent != Some(false)
        || case.bearer().is_some()
        || facts.grant.is_some()
        || facts.preflight
        || !is_session_refusal(case)
        || !case.could_show()
    {
        return None;
    }
    let host = &facts.endpoint.host;
    let set = case.world.moments(&facts.client, |other| {
        other.endpoint.host == *host && !other.cookies_set.is_empty()
    });
    let cleared = case.world.moments(&facts.client, |other| {
        other.endpoint.host == *host && !other.cookies_cleared.is_empty()
    });
    let last = set.into_iter().rfind(|t| *t <= at)?;
    if cleared.into_iter().any(|t| t >= last && t <= at) {
        return None;
    }
    // A client that drops a cookie whose time is over does what it should: the session ended.
    let lives = case.world.cookie_life(&facts.client, host, last);
    if let Some(life) = lives.filter(|life| last.plus(*life) <= at) {
        return Some(
            Candidate::inferred(
                "session.expired",
                format!("the session cookie set at {last} was to live {life}"),
                "history",
            )
            .and("the client no longer sends it", "request.headers.cookie"),
        );
    }
    let mut candidate = Candidate::inferred(
        "session.cookie_missing",
        format!("{} set a session cookie at {last}, this request carries no cookie", case.host()),
        "history",
    );
    if facts.cross_origin {
        candidate = candidate.and("the request is cross-origin", "request.headers.origin");
    }
    Some(candidate)
}

/// A session cookie was sent and the server wants a login.
fn expired(case: &Case<'_>) -> Option<Candidate> {
    let facts = case.facts;
    if !is_session_refusal(case) || facts.grant.is_some() || facts.preflight {
        return None;
    }
    let to_login =
        matches!(facts.answer.outcome, Outcome::Refused(Sign::LoginRedirect | Sign::LoginPage))
            || matches!(facts.status, Some(419 | 440));
    let session = case.credential().filter(|c| c.kind == Kind::Session);
    if case.bearer().is_some() || (!to_login && session.is_none()) {
        return None;
    }
    let before = case.at.and_then(|at| {
        case.world.let_in_before(&facts.client, &facts.endpoint, at, |c| {
            c.is_none_or(|c| c.kind == Kind::Session)
        })
    });
    let cookie = facts.cookies_sent == Some(true);
    let what = match facts.answer.outcome {
        Outcome::Refused(Sign::LoginRedirect) => "the answer redirects to a login page",
        Outcome::Refused(Sign::LoginPage) => "a login page came in place of the answer",
        _ => "a request with a session cookie was refused",
    };
    let logout = case.at.and_then(|at| {
        case.world.logouts(&facts.client, None).into_iter().rfind(|t| *t < at && Some(*t) >= before)
    });
    let mut candidate = Candidate::suspected("session.expired", what, "response");
    if cookie && session.is_some() {
        candidate = candidate.and("a session cookie was sent", "request.headers.cookie");
    }
    if let Some(last) = before.filter(|t| *t > At(i64::MIN)) {
        candidate = candidate
            .and(format!("this client was let in here until {last}"), "history")
            .at(Confidence::Inferred);
    } else if to_login && cookie && session.is_some() {
        candidate = candidate.at(Confidence::Inferred);
    }
    if let Some(when) = logout {
        candidate = candidate.and(format!("the client asked for logout at {when}"), "history");
    }
    Some(candidate)
}
