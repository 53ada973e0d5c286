//! Case to judgement: which cause it was.
//!
//! Each family looks at a [`Case`] and offers candidates; one generic choice (`choose`) picks the root:
//! the host's own acceptance of a defect clears it, a later stage that the server names clears earlier
//! ones, what the server states goes before what is merely seen, and the order of a server's own checks
//! breaks ties. No cause knows of another.

pub mod advice;
pub mod cards;
mod case;
mod choose;
mod claim;
mod clock;
mod differ;
mod dpop;
mod flow;
mod grant;
mod handshake;
mod header;
mod keys;
mod refresh;
mod session;
mod signature;
mod signing;
mod state;
mod stated;
mod steps;
mod time;
mod token;
pub mod values;
mod verifier;

use self::case::Candidate;
pub use self::case::Case;
use crate::model::{Class, Confidence, Finding, Judgement, Seconds};

/// The families; each offers what fits. The order does not matter.
const FAMILIES: [fn(&Case<'_>) -> Vec<Candidate>; 16] = [
    header::examine,
    token::examine,
    time::examine,
    clock::examine,
    claim::examine,
    signature::examine,
    keys::examine,
    signing::examine,
    state::examine,
    flow::examine,
    grant::examine,
    handshake::examine,
    refresh::examine,
    verifier::examine,
    session::examine,
    dpop::examine,
];

/// Whether what was left out for want of room may hold the true cause: what became of a request without
/// a credential is known from others only, and in what way a credential is odd and let in all the same, from
/// many of them.
fn is_doubtful(case: &Case<'_>, root: &Finding) -> bool {
    let bare = case.facts.credentials.is_empty();
    if case.world.is_whole() {
        // The answer to the challenge may be a use that is not kept.
        return bare && !case.world.knows_all_uses() && steps::may_be_answered(case);
    }
    bare || case.world.is_thin() && root.confidence != Confidence::Stated
}

/// Judges one exchange.
pub fn judge(case: &Case<'_>) -> Judgement {
    let clocked = |mut judgement: Judgement| {
        if let Some(root) = judgement.root.as_mut().filter(|root| is_doubtful(case, root)) {
            root.confidence = Confidence::Suspected;
        }
        let skew = case.world.skew(&case.facts.client, case.facts.endpoint.host.as_ref());
        judgement.skew = skew.map(|s| s.median);
        judgement.judged_at = case.judged_at();
        judgement
    };
    if let Some(judgement) = steps::examine(case) {
        return clocked(judgement);
    }
    if case.facts.is_odd_bad_request() {
        let candidates = [header::examine, signing::examine].iter().flat_map(|f| f(case)).collect();
        return clocked(choose::root(case, candidates));
    }
    if !case.facts.answer.outcome.is_refused() {
        return clocked(Judgement {
            class: Class::Ok,
            root: None,
            also: Vec::new(),
            agrees: "silent",
            judged_at: None,
            skew: None::<Seconds>,
        });
    }
    let mut candidates: Vec<Candidate> = Vec::new();
    for examine in FAMILIES {
        candidates.append(&mut examine(case));
    }
    if !case.world.knows_history(case.facts) {
        candidates.iter_mut().for_each(Candidate::doubt);
    }
    clocked(choose::root(case, candidates))
}
