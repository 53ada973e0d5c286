//! Schemes whose secret cannot be seen: Basic, Digest, NTLM and Kerberos.

use super::case::{Candidate, Case};
use crate::model::{Confidence, Grant, Kind, Outcome, Place, Sign, State};
use crate::world::is_token_refusal;

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    let found = wrong_password(case).into_iter().chain(login_again(case));
    found.chain(password_in_url(case)).collect()
}

/// A name and a password that stand in the URL of a plain request.
fn password_in_url(case: &Case<'_>) -> Option<Candidate> {
    let credential = case.credential()?;
    let plain = credential.kind == Kind::Password
        && credential.state == State::Present
        && matches!(credential.place, Place::Query(_))
        && case.facts.grant.is_none()
        && is_token_refusal(case.facts);
    plain.then(|| {
        let fact = "a name and a password in the URL were refused";
        let candidate = Candidate::inferred("login.bad_credentials", fact, &case.place());
        // A bare 403 may be about what somebody known may do.
        let bare = case.facts.answer.outcome == Outcome::Refused(Sign::Forbidden);
        if bare { candidate.at(Confidence::Suspected) } else { candidate }
    })
}

/// A login was answered with the login page.
fn login_again(case: &Case<'_>) -> Option<Candidate> {
    let page = match case.facts.answer.outcome {
        Outcome::Refused(Sign::LoginRedirect) => "the answer to a login leads back to its page",
        Outcome::Refused(Sign::LoginPage) => "the answer to a login is its page again",
        _ => return None,
    };
    let login = matches!(case.facts.grant, Some(Grant::Login | Grant::Password));
    (login && case.can_mean("login.bad_credentials"))
        .then(|| Candidate::inferred("login.bad_credentials", page, "response"))
}

/// A well-formed Basic, Digest or Negotiate credential that was refused.
fn wrong_password(case: &Case<'_>) -> Option<Candidate> {
    let facts = case.facts;
    let credential = case.credential()?;
    let refused = matches!(
        facts.answer.outcome,
        Outcome::Refused(Sign::Unauthorized | Sign::ProxyAuthentication | Sign::Said)
    );
    // A registry's token is fetched with GET and Basic; no other token request is a handshake.
    let fetches = facts.grant == Some(Grant::Other) && credential.kind == Kind::Basic;
    let grants = facts.grant.is_some() && !fetches;
    if !refused || credential.state != State::Present || grants {
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
    // A log without the response's fields and body shows no challenge and no word: other causes fit as well.
    if !asked && facts.answer.body_missing && facts.format.as_ref() != "har" {
        candidate = candidate.at(Confidence::Suspected);
    }
    if let Some(at) = case.at
        && credential.kind == Kind::Negotiate
    {
        let end = crate::model::At(i64::MAX);
        let later = case.world.let_in(&facts.client, &facts.endpoint, at, end, |c| {
            c.is_some_and(|c| c.kind == Kind::Negotiate)
        });
        let fact = match later {
            Some(later) => Some(format!("the next handshake that is let in ends at {later}")),
            None if case.world.knows_all_uses() => {
                Some("no message of the handshake is ever accepted".to_owned())
            }
            None => None,
        };
        if let Some(fact) = fact {
            candidate = candidate.and(fact, "history");
        }
    }
    // A host that takes another scheme only did not look at the password.
    let other = |p: &crate::world::Profile| {
        p.schemes.0.keys().any(|s| !s.is_empty()) && !p.schemes.has(scheme.as_str())
    };
    if !asked && credential.kind == Kind::Basic && case.profile().is_some_and(other) {
        candidate = candidate.at(Confidence::Suspected);
    }
    if asked {
        candidate = candidate.and(
            format!("the server asks for {scheme} again"),
            "response.headers.www-authenticate",
        );
    }
    Some(candidate)
}
