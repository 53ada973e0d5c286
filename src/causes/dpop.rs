//! Tokens that are bound to a key (RFC 9449), sent without their proof.

use super::case::{Candidate, Case};
use crate::model::{Confidence, Kind, Scheme, State};

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    without_proof(case).into_iter().collect()
}

fn without_proof(case: &Case<'_>) -> Option<Candidate> {
    let credential = case.credential()?;
    let proof = case.facts.credentials.iter().any(|c| c.kind == Kind::DpopProof);
    if proof || credential.state != State::Present || !case.could_show() {
        return None;
    }
    let bound = case.token().and_then(|t| t.bound.as_deref()).is_some_and(|b| b.contains("jkt"));
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
