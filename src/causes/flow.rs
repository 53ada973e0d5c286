//! Causes that stand between exchanges: redirects and preflights; schemes whose secret cannot be seen.

use super::case::{Candidate, Case};
use crate::model::{Confidence, Kind, Outcome, Sign, State};
use crate::world::{Sight, is_token_refusal, mark_of};

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    found.extend(redirect_stripped(case));
    found.extend(preflight(case));
    found.extend(wrong_password(case));
    found.extend(refresh_reuse(case));
    found.extend(one_instance(case));
    found
}

/// A refresh token that was exchanged for a new one already.
fn refresh_reuse(case: &Case<'_>) -> Option<Candidate> {
    if !crate::world::is_refresh(case.facts) {
        return None;
    }
    let at = case.at?;
    let credentials = case.facts.credentials.iter();
    let mark = credentials.filter(|c| c.kind == Kind::RefreshToken).find_map(mark_of)?;
    let used = case.world.refreshed_with(mark, &case.facts.client, at)?;
    Some(
        Candidate::inferred(
            "oauth.refresh_reuse",
            format!("the same refresh token was exchanged for a new one at {used}"),
            "history",
        )
        .and("this request sends the old one again", "request.body"),
    )
}

/// The same token is let in before and after, by other nodes than the one that refused.
fn one_instance(case: &Case<'_>) -> Option<Candidate> {
    let facts = case.facts;
    let (at, node) = (case.at?, facts.node.as_ref()?);
    let mark = case.credential().and_then(mark_of)?;
    if !is_token_refusal(facts) || facts.grant.is_some() {
        return None;
    }
    let before = case.world.accepted_until(mark, facts, at).filter(|a| a.same_endpoint)?;
    // Let in again afterwards, or refused by the same node before it was let in elsewhere.
    let after = case.world.accepted_from(mark, facts, at).filter(|a| a.same_endpoint && a.at > at);
    let again = case.world.sights(mark).iter().any(|sight| match sight {
        Sight::Refused(group, other) => {
            other.node == facts.node
                && other.endpoint == facts.endpoint
                && group.times.first().is_some_and(|t| t < before.at)
        }
        Sight::LetIn(_) => false,
    });
    if after.is_none() && !again {
        return None;
    }
    let elsewhere = case.world.sights(mark).iter().any(|sight| match sight {
        Sight::LetIn(usage) => {
            usage.host == facts.endpoint.host && usage.nodes.iter().any(|n| n == node)
        }
        Sight::Refused(..) => false,
    });
    (!elsewhere).then(|| {
        Candidate::inferred(
            "verifier.one_instance",
            match after {
                Some(after) => {
                    format!("the same token was let in at {} and at {}", before.at, after.at)
                }
                None => format!("the same token was let in at {} between refusals", before.at),
            },
            "history",
        )
        .and(format!("node `{node}` refused it, other nodes let it in"), "response.headers")
    })
}

/// The client followed a redirect and dropped `Authorization` on the way.
fn redirect_stripped(case: &Case<'_>) -> Option<Candidate> {
    let at = case.at?;
    if case.has_authorization() || case.bearer().is_some() || !case.could_show() {
        return None;
    }
    let (when, from) = case.world.redirect_with_credential(case.facts, at)?;
    let other = from.redirect.as_ref().is_some_and(|r| r.other_origin);
    let target = if other { "to another origin" } else { "on the same origin" };
    Some(
        Candidate::inferred(
            "header.redirect_stripped",
            format!(
                "{} carried `Authorization` and was redirected here ({target}) at {when}",
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

/// A well-formed Basic, Digest or Negotiate credential that was refused.
fn wrong_password(case: &Case<'_>) -> Option<Candidate> {
    let facts = case.facts;
    let credential = case.credential()?;
    let refused = matches!(
        facts.answer.outcome,
        Outcome::Refused(Sign::Unauthorized | Sign::ProxyAuthentication | Sign::Said)
    );
    if !refused || credential.state != State::Present || facts.grant.is_some() {
        return None;
    }
    let (cause, what) = match credential.kind {
        Kind::Basic if credential.oddities.is_empty() => {
            ("basic.bad_password", "a well-formed Basic credential was refused")
        }
        Kind::Digest => ("digest.bad_password", "a complete Digest answer was refused"),
        Kind::Negotiate => ("negotiate.failed", "a handshake message was refused"),
        _ => return None,
    };
    let scheme = credential.scheme.as_ref()?;
    let mut challenges = case.challenges().peekable();
    let asked = challenges.peek().is_some();
    if asked && !case.challenged_for(scheme) && credential.kind != Kind::Negotiate {
        return None;
    }
    if credential.kind == Kind::Digest
        && case
            .challenges()
            .any(|c| c.param("stale").is_some_and(|v| v.eq_ignore_ascii_case("true")))
    {
        return Some(
            Candidate::proven(
                "digest.stale_nonce",
                "the challenge says `stale=true`",
                "response.headers.www-authenticate",
            )
            .at(Confidence::Stated),
        );
    }
    let mut candidate = Candidate::inferred(cause, what, &case.place());
    if let Some(at) = case.at
        && credential.kind == Kind::Negotiate
    {
        let end = crate::model::At(i64::MAX);
        let later = case.world.let_in(&facts.client, &facts.endpoint, at, end, |c| {
            c.is_some_and(|c| c.kind == Kind::Negotiate)
        });
        if later.is_some() {
            return None;
        }
        candidate = candidate.and("no message of the handshake is ever accepted", "history");
    }
    if asked {
        candidate = candidate.and(
            format!("the server asks for {scheme} again"),
            "response.headers.www-authenticate",
        );
    }
    Some(candidate)
}
