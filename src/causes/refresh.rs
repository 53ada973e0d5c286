//! Refresh tokens that rotate (RFC 9700, section 4.14.2): sent twice, and what dies of it.

use super::case::{Candidate, Case};
use crate::model::Kind;
use crate::world::{RACE, is_refresh, is_token_refusal, mark_of};

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    reuse(case).or_else(|| died_with_its_family(case)).into_iter().collect()
}

/// A refresh token that was exchanged for a new one already, or is at the same moment.
fn reuse(case: &Case<'_>) -> Option<Candidate> {
    let facts = case.facts;
    if !is_refresh(facts) {
        return None;
    }
    let at = case.at?;
    let credentials = facts.credentials.iter();
    let mark = credentials.filter(|c| c.kind == Kind::RefreshToken).find_map(mark_of)?;
    let rotations = case.world.rotations(mark, &facts.client);
    let body = "request.body";
    if let Some(used) = rotations.iter().rfind(|t| **t <= at) {
        let fact = format!("the same refresh token was exchanged for a new one at {used}");
        let gap = at.since(*used);
        let again = if gap.0 <= RACE.0 {
            format!("this request sent the old one again {gap} later: a race of tabs or retries")
        } else {
            "this request sends the old one again".to_owned()
        };
        return Some(Candidate::inferred("oauth.refresh_reuse", fact, "history").and(again, body));
    }
    if let Some(used) = rotations.iter().find(|t| t.since(at).0 <= RACE.0) {
        let fact = format!(
            "a request {} later with the same refresh token was given a new one",
            used.since(at)
        );
        return Some(
            Candidate::inferred("oauth.refresh_reuse", fact, "history")
                .and("two requests sent it side by side, the server takes it once", body),
        );
    }
    let ended = case.world.family_ended(mark, &facts.client, at)?;
    let fact = format!("the refresh token that this one came from was sent again at {ended}");
    Some(
        Candidate::inferred("oauth.refresh_reuse", fact, "history")
            .and("servers then end every token of the family", "history"),
    )
}

/// An access token whose family of refresh tokens the server ended.
fn died_with_its_family(case: &Case<'_>) -> Option<Candidate> {
    let (facts, at) = (case.facts, case.at?);
    if !is_token_refusal(facts) || facts.grant.is_some() {
        return None;
    }
    let mark = mark_of(case.bearer()?)?;
    let lapsed = case.token().is_some_and(|token| super::time::lateness(case, token).is_some());
    let later = case.world.accepted_from(mark, facts, at).is_some_and(|a| a.at > at);
    if lapsed || later {
        return None;
    }
    let ended = case.world.family_ended(mark, &facts.client, at)?;
    let fact = format!("the refresh token that gave this token was sent again at {ended}");
    Some(
        Candidate::inferred("state.revoked", fact, "history")
            .and("servers then end every token of the family", "history"),
    )
}
