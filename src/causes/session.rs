//! Cookie sessions: over, or not sent along.

use super::case::{Candidate, Case};
use crate::model::{At, Confidence, Facts, Kind, Outcome, Sign};

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    found.extend(cookie_missing(case));
    found.extend(expired(case));
    found.extend(anonymous(case));
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
    let (last, given) = case.world.session_cookie(facts, at)?;
    let neighbour = given.endpoint.host != *host;
    // Sent to another host than the one that set it only where a domain was named.
    if neighbour && case.challenges().next().is_some() {
        return None;
    }
    // A client that drops a cookie whose time is over does what it should: the session ended.
    let lives = case.world.cookie_life(&facts.client, &given.endpoint.host, last);
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
    let setter = given.endpoint.host.as_deref().unwrap_or("the host");
    let candidate = Candidate::inferred(
        "session.cookie_missing",
        format!("{setter} set a session cookie at {last}, this request carries no cookie"),
        "history",
    );
    match why_not_sent(case, given) {
        Some(why) => Some(candidate.and(why, "response.headers.set-cookie")),
        // A neighbour's cookie that nothing keeps back may be another session.
        None => (!neighbour).then_some(candidate),
    }
}

/// Returns what in the cookie's attributes keeps it from this request.
fn why_not_sent(case: &Case<'_>, given: &Facts) -> Option<String> {
    let facts = case.facts;
    let rules = given.cookie_rules.as_deref()?;
    let host = facts.endpoint.host.as_deref()?;
    if given.endpoint.host.as_deref() != Some(host) {
        return match rules.domain.as_deref() {
            None => Some("it names no `Domain`, so it goes to the host that set it only".into()),
            Some(domain) => (host != domain && !host.ends_with(&format!(".{domain}")))
                .then(|| format!("its `Domain` is `{domain}`, which {host} is no part of")),
        };
    }
    if rules.secure && facts.insecure {
        return Some("it is `Secure`, and this request went over plain http".into());
    }
    if let Some(path) = rules.path.as_deref()
        && !facts.endpoint.path.starts_with(path)
    {
        return Some(format!("its `Path` is `{path}`, which this request is outside of"));
    }
    if !facts.cross_origin {
        return None;
    }
    Some(match rules.same_site.as_deref() {
        None => "the request comes from another origin, and a cookie without `SameSite` counts as \
                 `Lax`"
            .into(),
        Some("none") => "the request comes from another origin: it must ask for credentials, and \
                         browsers may block cookies of third parties"
            .into(),
        Some(word) => {
            format!("the request comes from another origin, and the cookie is `SameSite={word}`")
        }
    })
}

fn of_login_page(case: &Case<'_>) -> bool {
    matches!(case.facts.answer.outcome, Outcome::Refused(Sign::LoginRedirect | Sign::LoginPage))
}

/// Somebody who never had a session is sent to the login page, and the capture does not show the page
/// being fetched: a client that calls without a credential.
fn anonymous(case: &Case<'_>) -> Option<Candidate> {
    let plain = case.facts.grant.is_none() && !case.facts.preflight && !case.says("oauth.");
    let here = case.at.and_then(|at| {
        case.world.let_in_before(&case.facts.client, &case.facts.endpoint, at, |_| true)
    });
    (plain && here.is_none() && of_login_page(case) && case.is_first_visit()).then(|| {
        Candidate::inferred("header.missing", "no credential was sent", "request.headers")
            .and("this client had no session here before", "history")
    })
}

/// A session cookie was sent and the server wants a login.
fn expired(case: &Case<'_>) -> Option<Candidate> {
    let facts = case.facts;
    if !is_session_refusal(case) || facts.grant.is_some() || facts.preflight {
        return None;
    }
    let to_login = of_login_page(case) || matches!(facts.status, Some(419 | 440));
    let session = case.credential().filter(|c| c.kind == Kind::Session);
    if case.bearer().is_some() || (!to_login && session.is_none()) {
        return None;
    }
    let before = case.at.and_then(|at| {
        case.world.let_in_before(&facts.client, &facts.endpoint, at, |c| {
            c.is_none_or(|c| c.kind == Kind::Session)
        })
    });
    if before.is_none() && of_login_page(case) && case.is_first_visit() {
        // No session was ever there that could be over.
        return None;
    }
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
            .and(case.tell(|| format!("this client was let in here until {last}")), "history")
            .at(Confidence::Inferred);
    } else if to_login && cookie && session.is_some() {
        candidate = candidate.at(Confidence::Inferred);
    }
    if let Some(when) = logout {
        candidate = candidate.and(format!("the client asked for logout at {when}"), "history");
    }
    Some(candidate)
}
