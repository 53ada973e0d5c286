//! Refusals whose reason lies with the verifier: one node of several, or all of it from one instant.

use super::case::{Candidate, Case};
use crate::model::{At, Confidence, Fingerprint};
use crate::world::{Sight, is_token_refusal, mark_of};

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    let verifier = outage(case).or_else(|| one_instance(case));
    verifier.into_iter().chain(stale_keys(case)).collect()
}

/// Every token and client that worked before is refused from one instant.
fn outage(case: &Case<'_>) -> Option<Candidate> {
    let facts = case.facts;
    let (at, credential) = (case.at?, case.bearer()?);
    if !credential.kind.is_token() || !is_token_refusal(facts) || facts.grant.is_some() {
        return None;
    }
    let outage = case.world.outage(facts.endpoint.host.as_ref(), at)?;
    let mark = mark_of(credential)?;
    // A token that this host let in neither before nor after may be refused for itself.
    let before = case.world.accepted_until(mark, facts, outage.start);
    before.or_else(|| case.world.accepted_from(mark, facts, outage.recovery?))?;
    let fact = format!(
        "{} tokens of {} clients that worked until {} are all refused from {} on",
        outage.tokens, outage.clients, outage.before, outage.start
    );
    let (cause, why) = match (outage.broken, outage.recovery) {
        (true, _) => (
            "verifier.unavailable",
            "answers of 500 and above or words about its verifier came in the same span".to_owned(),
        ),
        (false, Some(back)) => (
            "verifier.misconfigured",
            format!("the same tokens are let in again at {back}: it was not the tokens"),
        ),
        (false, None) => {
            ("verifier.misconfigured", "no token of another key is let in since".to_owned())
        }
    };
    let candidate = Candidate::inferred(cause, fact, "history").and(why, "history");
    let sure = outage.clients > 1 || outage.healed;
    Some(if sure { candidate } else { candidate.at(Confidence::Suspected) })
}

/// A token of a new key is refused while those of the old one are let in, and let in later: the
/// verifier's copy of the keys was old.
fn stale_keys(case: &Case<'_>) -> Option<Candidate> {
    let (facts, at, token) = (case.facts, case.at?, case.token()?);
    if !is_token_refusal(facts) || facts.grant.is_some() {
        return None;
    }
    let kid = token.kid.as_deref()?;
    let kids = &case.profile()?.kids.0;
    let (first, _) = kids.get(kid)?;
    let first = (*first).filter(|first| *first > at)?;
    let mark = token.fingerprint?;
    let before = case.world.accepted_until(mark, facts, at);
    let old = kids.iter().find(|(other, (from, until))| {
        other.as_str() != kid && from.is_some_and(|t| t <= at) && until.is_some_and(|t| t >= at)
    });
    let old = old.or_else(|| kids.iter().find(|(_, (from, _))| from.is_some_and(|t| t <= at)))?;
    before.is_none().then(|| {
        Candidate::inferred(
            "signature.unknown_kid",
            format!("tokens of key `{kid}` are let in from {first} on, not yet here"),
            "history",
        )
        .and(
            format!("tokens of key `{}` are let in before: the verifier's keys were old", old.0),
            "history",
        )
    })
}

/// The same token is let in before and after, by other nodes than the one that refused.
fn one_instance(case: &Case<'_>) -> Option<Candidate> {
    let facts = case.facts;
    let at = case.at?;
    let mark = case.credential().and_then(mark_of)?;
    if !is_token_refusal(facts) || facts.grant.is_some() {
        return None;
    }
    let before = case.world.accepted_until(mark, facts, at).filter(|a| a.same_endpoint)?;
    // Let in again afterwards, or refused by the same node before it was let in elsewhere.
    let after = case.world.accepted_from(mark, facts, at).filter(|a| a.same_endpoint && a.at > at);
    let again = case.world.sights(mark).any(|sight| match sight {
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
    let Some(node) = facts.node.as_ref() else { return alternating(case, mark, at) };
    let elsewhere = case.world.sights(mark).any(|sight| match sight {
        Sight::LetIn(usage) => {
            usage.host == facts.endpoint.host && usage.nodes.iter().any(|n| n == node)
        }
        Sight::Refused(..) => false,
    });
    if elsewhere {
        return alternating(case, mark, at);
    }
    Some(
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
        .and(format!("node `{node}` refused it, other nodes let it in"), "response.headers"),
    )
}

/// The same token goes in and out at one endpoint and no name of a node tells why.
fn alternating(case: &Case<'_>, mark: Fingerprint, at: At) -> Option<Candidate> {
    let facts = case.facts;
    let turns = case.world.turns(mark, facts);
    let first = turns.first().filter(|(t, _)| *t <= at)?;
    let last = turns.last()?;
    // In, out, in, out at least: a single gap is an outage as well.
    (turns.len() >= 4).then(|| {
        Candidate::suspected(
            "verifier.one_instance",
            format!(
                "the same token changed between let in and refused {} times from {} to {}",
                turns.len() - 1,
                first.0,
                last.0
            ),
            "history",
        )
        .and("the capture names no node that tells them apart", "response.headers")
    })
}
