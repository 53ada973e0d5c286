//! Signed requests and signed URLs: their time, their scope, their pieces.

use super::case::{Candidate, Case};
use crate::model::{At, Confidence, Departure, Kind, Seconds};

/// AWS and most schemes let five minutes pass; S3 fifteen.
const WINDOW: Seconds = Seconds(300.0);
const WIDEST_WINDOW: Seconds = Seconds(900.0);

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    let kind = case.credential().map(|c| c.kind);
    let Some(signing) = case.facts.signing.as_deref() else { return found };
    let aws = match kind {
        Some(Kind::Sigv4) => true,
        Some(Kind::RequestSignature) => false,
        _ => return found,
    };
    let place = case.place();
    found.extend(expired(case, &place));
    let shift = case.skew().map_or(Seconds(0.0), |skew| skew.median);
    if let Some(offset) = signing.offset {
        let off = Seconds(At::from_secs(offset).since(At(0)).0 - shift.0);
        if off.0.abs() > WINDOW.0 {
            let (cause, says) =
                if aws { ("sigv4.skew", "sigv4.skew") } else { ("reqsig.skew", "reqsig.skew") };
            let side = if off.0 > 0.0 { "ahead of" } else { "behind" };
            let fact = format!("signed some {} {side} the request", Seconds(off.0.abs()));
            let sure = off.0.abs() > WIDEST_WINDOW.0 || case.says(says);
            let candidate = Candidate::proven(cause, fact, &place);
            found.push(if sure { candidate } else { candidate.at(Confidence::Inferred) });
        }
    }
    for departure in &signing.departs {
        let (cause, fact) = match departure {
            Departure::Lacks(piece) if aws => ("sigv4.malformed", format!("it has no `{piece}`")),
            Departure::Lacks(piece) => ("reqsig.malformed", format!("it has no `{piece}`")),
            Departure::Day => (
                "sigv4.scope",
                "the credential scope names another day than the signing time".into(),
            ),
            Departure::Region(scope, host) => {
                ("sigv4.scope", format!("signed for region `{scope}`, the host is in `{host}`"))
            }
            Departure::Service(scope, host) => {
                ("sigv4.scope", format!("signed for service `{scope}`, the host is `{host}`"))
            }
            _ => continue,
        };
        found.push(Candidate::proven(cause, fact, &place));
    }
    found
}

/// A signed URL past its time.
fn expired(case: &Case<'_>, place: &str) -> Option<Candidate> {
    let expires = case.facts.signing.as_deref()?.expires?;
    let late = case.judged_at()?.since(expires);
    (late.0 >= 0.0).then(|| {
        let fact = format!("the signed URL ended {late} before the request");
        let candidate = Candidate::proven("sigv4.expired_url", fact, place);
        let sure = late.0 > WINDOW.0 || case.says("sigv4.expired_url");
        if sure { candidate } else { candidate.at(Confidence::Inferred) }
    })
}
