//! What only the history of a token tells: revoked, no longer known.

use super::case::{Candidate, Case};
use crate::model::{At, Confidence, Kind, Outcome, Sign, Token};
use crate::world::{is_token_refusal, mark_of};

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    found.extend(revoked(case));
    found.extend(role(case));
    found.extend(right_as_401(case));
    found.extend(scope(case));
    found.extend(unknown_token(case));
    found.extend(unknown_key(case));
    found.extend(unknown_in_path(case));
    found
}

/// A token in the path and no other credential, refused.
fn unknown_in_path(case: &Case<'_>) -> Option<Candidate> {
    let refused = case.facts.answer.outcome == Outcome::Refused(Sign::Unauthorized);
    let alone = case.credential().is_none() && case.challenges().next().is_none();
    (refused && alone && case.facts.grant.is_none() && super::header::names_secret(case)).then(
        || {
            let fact = "a secret stands in the path, no other credential was sent";
            Candidate::suspected("apikey.wrong", fact, "request.url")
        },
    )
}

/// The challenge asks for scopes that the token does not have.
fn scope(case: &Case<'_>) -> Option<Candidate> {
    let lacks = lacking_scopes(case);
    if lacks.is_empty() || case.facts.grant.is_some() {
        return None;
    }
    let list = lacks.iter().map(|s| format!("`{s}`")).collect::<Vec<_>>().join(", ");
    let mut candidate = Candidate::inferred(
        "authz.scope",
        format!("the server asks for scope {list}, the token does not have it"),
        "response.headers.www-authenticate",
    );
    if case.says("authz.") || case.facts.status == Some(403) {
        return Some(candidate);
    }
    match let_in_elsewhere_only(case) {
        Some(at) => {
            let fact = format!("the same token was let in at other endpoints, at {at}, never here");
            candidate = candidate.and(fact, "history");
        }
        None => candidate = candidate.at(Confidence::Suspected),
    }
    Some(candidate)
}

/// Returns the scopes that a challenge names and the token does not have.
fn lacking_scopes<'a>(case: &Case<'a>) -> Vec<&'a str> {
    let Some(token) = case.token().filter(|token| !token.claims.is_empty()) else {
        return Vec::new();
    };
    let Some(asked) = case.challenges().find_map(|c| c.param("scope")) else { return Vec::new() };
    asked.split_whitespace().filter(|scope| !token.scopes.iter().any(|own| own == scope)).collect()
}

/// Returns when the host proved that it takes this token, where it did so at other endpoints alone and up to
/// this refusal.
fn let_in_elsewhere_only(case: &Case<'_>) -> Option<At> {
    let (mark, at) = (mark_of(case.bearer()?)?, case.at?);
    let always = case.world.accepted_until(mark, case.facts, At(i64::MAX))?;
    let before = case.world.accepted_until(mark, case.facts, at)?;
    (before.proven && !before.same_endpoint && !always.same_endpoint).then_some(before.at)
}

/// An opaque token that the host never let in, where it does let in others.
fn unknown_token(case: &Case<'_>) -> Option<Candidate> {
    let credential = case.bearer()?;
    let mark = mark_of(credential)?;
    let never = || {
        let always = At(i64::MAX);
        case.world.accepted_until(mark, case.facts, always).is_none() && case.world.knows_uses(mark)
    };
    // The history of a token is looked up last: most are none of these.
    let fits = credential.kind == Kind::Opaque
        && case.profile()?.kinds.has("opaque")
        && is_token_refusal(case.facts)
        && case.facts.grant.is_none()
        && never();
    fits.then(|| {
        let candidate = Candidate::suspected(
            "state.unknown_token",
            format!("{} lets in other opaque tokens, this one never", case.host()),
            "history",
        );
        // Who is known and lacks a right is no stranger.
        if case.world.refused_like_nobody(case.facts) {
            candidate
                .at(Confidence::Inferred)
                .and("the answer is the same as to a request without a token", "history")
        } else {
            candidate
        }
    })
}

/// An API key that the host never let in, where it does let in others in the same place.
fn unknown_key(case: &Case<'_>) -> Option<Candidate> {
    let credential = case.bearer().filter(|c| c.kind == Kind::ApiKey)?;
    // One sentence for both, and a key was sent.
    let either = ["apikey.wrong", "apikey.missing"].iter().all(|cause| case.can_mean(cause));
    if either && credential.oddities.is_empty() && is_token_refusal(case.facts) {
        let fact = "a key was sent, and the server calls it missing or wrong";
        return Some(Candidate::inferred("apikey.wrong", fact, "response"));
    }
    let profile = case.profile()?;
    let place = credential.place.to_string();
    let Some(mark) = mark_of(credential) else {
        // Too short to be told apart from others without giving it away.
        let taken = profile.kinds.has("api_key") && profile.places.has(&place);
        let sound = credential.oddities.is_empty() && case.facts.grant.is_none();
        let asked = case.facts.answer.outcome == Outcome::Refused(Sign::Unauthorized);
        return (taken && sound && asked).then(|| {
            let fact =
                format!("{} lets in API keys in `{place}`, this one it refuses", case.host());
            Candidate::suspected("apikey.wrong", fact, "history")
        });
    };
    let never = case.world.accepted_until(mark, case.facts, At(i64::MAX)).is_none()
        && case.world.knows_uses(mark);
    let fits = profile.kinds.has("api_key")
        && profile.places.has(&place)
        && never
        && is_token_refusal(case.facts)
        && case.facts.grant.is_none();
    fits.then(|| {
        let fact = format!("{} lets in other API keys in `{place}`, this one never", case.host());
        Candidate::inferred("apikey.wrong", fact, "history")
    })
}

/// Refused before `exp` although the same token worked, while others still do.
fn revoked(case: &Case<'_>) -> Option<Candidate> {
    let facts = case.facts;
    let (credential, at) = (case.bearer()?, case.at?);
    let mark = mark_of(credential)?;
    if !is_token_refusal(facts) || facts.grant.is_some() {
        return None;
    }
    // A bare 403 on another endpoint is a matter of rights.
    let forbidden = facts.answer.outcome == Outcome::Refused(Sign::Forbidden);
    let token = case.world.token(mark);
    if let Some(token) = token
        && super::time::lateness(case, token).is_some()
    {
        return None;
    }
    // The same token in the same form: another form is another story.
    let before = case
        .world
        .accepted_until(mark, facts, at)
        .filter(|a| a.same_endpoint || (a.proven && !forbidden))?;
    if !same_form_was_let_in(case) {
        return None;
    }
    let after = case.world.accepted_from(mark, facts, at).filter(|a| a.at > at);
    // Never let in here, and elsewhere even since it was refused here: that is about this endpoint.
    let elsewhere = case.world.fine_elsewhere(mark, facts, at);
    // When everybody is refused, nobody was logged out.
    let outage = case.world.outage(facts.endpoint.host.as_ref(), at);
    // In and out by turns: a matter of nodes.
    let turns = case.world.turns(mark, facts).len() > 3;
    if after.is_some() || elsewhere.is_some() || outage.is_some() || turns {
        return None;
    }
    let mut candidate = Candidate::inferred(
        "state.revoked",
        case.tell(|| format!("the same token was let in until {}", before.at)),
        "history",
    );
    let ending = case
        .world
        .endings(&facts.client, token)
        .into_iter()
        .rfind(|ending| ending.at <= at && ending.at >= before.at);
    if let Some(ending) = ending {
        candidate = candidate.and(format!("{} at {}", ending.what, ending.at), "history");
    }
    let others = others_still_work(case, at);
    if others {
        candidate = candidate.and("other tokens of the same key are still let in", "history");
    }
    // That it lacks what the challenge asks for is enough, where it never was let in.
    let of_scope = !before.same_endpoint && !lacking_scopes(case).is_empty();
    let sure = before.proven && (others || ending.is_some()) && !of_scope;
    Some(if sure { candidate } else { candidate.at(Confidence::Suspected) })
}

/// Whether the credential was let in with the same oddities of form.
fn same_form_was_let_in(case: &Case<'_>) -> bool {
    let Some(credential) = case.credential() else { return false };
    let Some(mark) = mark_of(credential) else { return false };
    case.world.sights(mark).any(|sight| match sight {
        crate::world::Sight::LetIn(usage) => {
            usage.host == case.facts.endpoint.host
                && usage.credential.as_ref().is_some_and(|c| {
                    c.oddities == credential.oddities && c.scheme == credential.scheme
                })
        }
        crate::world::Sight::Refused(..) => false,
    })
}

/// Whether another token of the same issuer and key is let in on this host after `at`.
fn others_still_work(case: &Case<'_>, at: At) -> bool {
    let (Some(own), Some(profile)) = (case.token(), case.profile()) else { return false };
    let key = (own.iss.clone(), own.kid.clone(), own.alg.clone());
    profile.keys.get(&key).is_some_and(|latest| {
        latest.iter().any(|(last, mark)| *last > at && Some(*mark) != own.fingerprint)
    })
}

/// 401 in place of 403: a token that is fine everywhere else on the host and refused at one endpoint.
fn right_as_401(case: &Case<'_>) -> Option<Candidate> {
    let (facts, at) = (case.facts, case.at?);
    let forbidden = facts.answer.outcome == Outcome::Refused(Sign::Forbidden);
    if !is_token_refusal(facts) || forbidden || facts.grant.is_some() {
        return None;
    }
    let credential = case.bearer()?;
    let mark = mark_of(credential)?;
    let (before, after) = case.world.fine_elsewhere(mark, facts, at)?;
    if !same_form_was_let_in(case) {
        return None;
    }
    let fact = format!(
        "{} let in the same token at other endpoints from {before} to {after}, never at this one",
        case.host()
    );
    let guests = case.world.let_in_at(&facts.endpoint);
    let own = case.token();
    let lacks = |of: fn(&Token) -> &[String]| -> Option<String> {
        let (own, first) = (of(own?), of(guests.first()?));
        let common = |name: &&String| guests.iter().all(|guest| of(guest).contains(name));
        first.iter().filter(common).find(|name| !own.contains(name)).cloned()
    };
    let by_scope = lacks(|t| &t.scopes).map(|name| ("authz.scope", format!("scope `{name}`")));
    let by_role = || lacks(|t| &t.roles).map(|name| ("authz.role", format!("role `{name}`")));
    Some(match by_scope.or_else(by_role) {
        Some((cause, what)) => Candidate::inferred(
            cause,
            format!("every token that is let in here has {what}, this one does not"),
            "history",
        )
        .and(fact, "history"),
        None => Candidate::suspected("authz.role", fact, "history")
            .and("401 in place of 403 is suspected", "response.status"),
    })
}

/// 403 for a credential that the host accepts elsewhere.
fn role(case: &Case<'_>) -> Option<Candidate> {
    let facts = case.facts;
    let forbidden = matches!(facts.answer.outcome, Outcome::Refused(Sign::Forbidden))
        || facts.grpc_status == Some(7);
    if !forbidden || facts.grant.is_some() {
        return None;
    }
    let credential = case.credential()?;
    // The very call was let in with this credential before: it is not about rights.
    let earlier = case.at.zip(mark_of(credential)).and_then(|(at, mark)| {
        case.world.accepted_until(mark, facts, at).filter(|a| a.same_endpoint)
    });
    if earlier.is_some() && !case.says("authz.") {
        return None;
    }
    let accepted =
        mark_of(credential).and_then(|mark| case.world.accepted_until(mark, facts, At(i64::MAX)));
    let mut candidate = Candidate::suspected(
        "authz.role",
        case.tell(|| {
            format!("status {} for a request with a credential", facts.status.unwrap_or(403))
        }),
        "response.status",
    );
    if let Some(accepted) = accepted {
        candidate = candidate
            .and(
                case.tell(|| {
                    format!("{} let in the same credential at {}", case.host(), accepted.at)
                }),
                "history",
            )
            .at(if accepted.proven { Confidence::Inferred } else { Confidence::Suspected });
    }
    Some(candidate)
}
