//! Tokens that are bound to a key (RFC 9449), sent without their proof.

use super::case::{Candidate, Case};
use crate::model::{At, Confidence, Departure, Kind, Scheme, Seconds, State};

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    without_proof(case).into_iter().chain(wrong_proof(case)).chain(used_proof(case)).collect()
}

/// Proofs are taken for some minutes at most (RFC 9449, section 11.1).
const LIFE_OF_A_PROOF: Seconds = Seconds(60.0);

/// A proof that does not fit its request, its token or its time.
fn wrong_proof(case: &Case<'_>) -> Vec<Candidate> {
    let Some(signing) = case.facts.signing.as_deref() else { return Vec::new() };
    if !case.facts.credentials.iter().any(|c| c.kind == Kind::DpopProof) {
        return Vec::new();
    }
    let place = "request.headers.dpop";
    let proven = |fact: String| Candidate::proven("dpop.proof", fact, place);
    let mut found: Vec<Candidate> = signing
        .departs
        .iter()
        .filter_map(|departure| {
            Some(match departure {
                Departure::Form(what) => proven(what.clone()),
                Departure::Lacks(name) => proven(format!("the proof has no `{name}`")),
                Departure::Method(htm) => {
                    proven(format!("`htm` says `{htm}`, the request is another method"))
                }
                // Behind a proxy that rewrites URLs both sides may mean another one.
                Departure::Target => {
                    proven("`htu` is not the URL of the request".into()).at(Confidence::Inferred)
                }
                Departure::Hash => proven("`ath` is not the hash of the token sent".into()),
                Departure::NoHash => proven("the proof has no `ath` for the token sent".into())
                    .at(Confidence::Inferred),
                Departure::Key => {
                    proven("the token is bound to another key (`cnf.jkt`) than the proof's".into())
                }
                _ => return None,
            })
        })
        .collect();
    let shift = case.skew().map_or(Seconds(0.0), |skew| skew.median);
    if let Some(offset) = signing.offset {
        let off = Seconds(At::from_secs(offset).since(At(0)).0 - shift.0);
        if off.0.abs() >= LIFE_OF_A_PROOF.0 {
            let side = if off.0 > 0.0 { "ahead of" } else { "before" };
            let fact =
                format!("the proof was made some {} {side} the request", Seconds(off.0.abs()));
            found.push(Candidate::inferred("dpop.proof", fact, place));
        }
    }
    found
}

/// A proof whose `jti` was used before: servers take each once (RFC 9449, section 11.1).
fn used_proof(case: &Case<'_>) -> Option<Candidate> {
    let facts = case.facts;
    let reuse = case.world.proof_reused(facts, case.at?)?;
    let told = case.says("dpop.proof") || case.says("token.replayed");
    // What refused the first one may refuse this one too.
    let silent = !told && (!reuse.let_in || facts.status != Some(401));
    if silent || case.says("dpop.nonce") {
        return None;
    }
    let cause = if case.says("token.replayed") { "token.replayed" } else { "dpop.proof" };
    let outcome = if reuse.let_in { "was let in" } else { "was refused" };
    let fact = format!("a request with the same proof (`jti`) {outcome} at {}", reuse.at);
    let candidate = if told {
        Candidate::proven(cause, fact, "history")
    } else {
        Candidate::inferred(cause, fact, "history")
    };
    let host = facts.endpoint.host.as_ref();
    let lenient = case
        .world
        .takes_proofs_twice(host)
        .then(|| format!("{} let in two requests with one proof", case.host()));
    Some(candidate.unless(lenient, "history"))
}

/// Whether the token is bound to the key of a proof.
pub(super) fn is_bound(case: &Case<'_>) -> bool {
    case.token().and_then(|t| t.bound.as_deref()).is_some_and(|b| b.contains("jkt"))
}

fn without_proof(case: &Case<'_>) -> Option<Candidate> {
    let credential = case.credential()?;
    let proof = case.facts.credentials.iter().any(|c| c.kind == Kind::DpopProof);
    if proof || credential.state != State::Present || !case.could_show() {
        return None;
    }
    let bound = is_bound(case);
    let accepted = case
        .profile()
        .filter(|p| p.schemes.has(credential.scheme.as_ref().map_or("", Scheme::as_str)) && !bound)
        .map(|_| format!("{} let in requests of this scheme without a proof", case.host()));
    match credential.scheme {
        Some(Scheme::Dpop) => Some(
            Candidate::proven(
                "dpop.required",
                "the scheme is DPoP and no `DPoP` field with a proof was sent",
                &case.place(),
            )
            .unless(accepted, "history"),
        ),
        Some(Scheme::Bearer) if bound => Some(
            Candidate::proven(
                "dpop.required",
                "the token is bound to a key (`cnf.jkt`) and was sent as a plain Bearer token",
                &case.place(),
            )
            .at(Confidence::Inferred),
        ),
        _ => None,
    }
}
