//! Defects of the token's own text and kind.

use super::case::{Candidate, Case};
use crate::model::{Confidence, Fault, Form, Kind, NearMiss, Segment, State, Token, Use, Verdict};
use crate::world::Profile;

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    let Some(credential) = case.bearer() else { return Vec::new() };
    if credential.state == State::Truncated || case.facts.grant.is_some() {
        return Vec::new();
    }
    let Some(token) = case.token() else { return Vec::new() };
    let mut found = Vec::new();
    let place = case.place();
    for fault in &token.faults {
        found.extend(of_fault(case, token, fault, &place));
    }
    found.extend(kind(case, token, &place));
    found.extend(purpose(case, token, &place));
    found
}

/// Returns whether a key verifies the signature as one of another algorithm or in another notation.
fn is_of_another_kind(token: &Token) -> bool {
    matches!(
        token.verdict.as_deref(),
        Some(Verdict::Near { miss: NearMiss::Algorithm(_) | NearMiss::DerSignature, .. })
    )
}

fn of_fault(case: &Case<'_>, token: &Token, fault: &Fault, place: &str) -> Option<Candidate> {
    let proven = |cause, fact: String| Candidate::proven(cause, fact, place);
    let candidate = match fault {
        Fault::TooFewSegments(found, needed) => {
            proven("token.truncated", format!("{found} of {needed} segments are there"))
        }
        Fault::TooManySegments(found, needed) => {
            proven("token.malformed", format!("{found} segments where {needed} belong"))
        }
        // It is whole: a key shows what made it so long.
        Fault::ShortSignature(..) | Fault::LongSignature(..) if is_of_another_kind(token) => {
            return None;
        }
        Fault::ShortSignature(found, needed) => proven(
            "token.truncated",
            format!(
                "the signature has {found} bytes, {} needs {needed}",
                token.alg.as_deref().unwrap_or("its algorithm")
            ),
        ),
        // A verifier may look at the time first, and nobody knows what the real signature was.
        Fault::DummySignature(found, needed) => {
            let fact = format!(
                "the signature has {found} bytes, {} needs {needed}",
                token.alg.as_deref().unwrap_or("its algorithm")
            );
            if case.facts.after_exp {
                Candidate::inferred("token.truncated", fact, place)
            } else {
                proven("token.truncated", fact)
            }
        }
        Fault::LongSignature(found, needed) => proven(
            "token.malformed",
            format!(
                "the signature has {found} bytes, {} makes {needed}",
                token.alg.as_deref().unwrap_or("its algorithm")
            ),
        ),
        // A length alone proves nothing; it stands beside what it explains.
        Fault::CutAt(_) | Fault::NoAlg if token.faults.len() > 1 => return None,
        Fault::CutAt(size) => Candidate::suspected(
            "token.truncated",
            format!("the token is exactly {size} characters long"),
            place,
        ),
        Fault::StandardAlphabet(segment) => proven(
            "token.encoding",
            format!("`+` or `/` of the standard alphabet in the {}", segment.as_str()),
        ),
        Fault::Padding(segment) => {
            proven("token.encoding", format!("`=` padding in the {}", segment.as_str()))
        }
        Fault::PercentEncoded => proven("token.encoding", "percent-encoding in the token".into()),
        Fault::ForeignCharacter(segment) => proven(
            "token.malformed",
            format!("the {} holds a character that is no base64url", segment.as_str()),
        ),
        Fault::OddLength(Segment::Signature) => {
            proven("token.truncated", "the signature has a length that base64url never has".into())
        }
        Fault::OddLength(segment) => proven(
            "token.malformed",
            format!("the {} has a length that base64url never has", segment.as_str()),
        ),
        Fault::NotJson(segment) => {
            proven("token.malformed", format!("the {} is no JSON object", segment.as_str()))
        }
        Fault::EmptySegment(Segment::Signature) => return None,
        Fault::EmptySegment(segment) => {
            proven("token.malformed", format!("the {} is empty", segment.as_str()))
        }
        Fault::WrongLength(segment, found, needed) => {
            // The tag stands last: what is cut off is missing there.
            let cut = *segment == Segment::AuthenticationTag && found < needed;
            proven(
                if cut { "token.truncated" } else { "token.malformed" },
                format!("the {} has {found} bytes, `enc` makes {needed}", segment.as_str()),
            )
        }
        Fault::Crit => proven("token.malformed", "`crit` breaks its own rules".into()),
        // Most parsers take the last one.
        Fault::DuplicateMember => Candidate::suspected(
            "token.malformed",
            "the header has a member twice".to_owned(),
            place,
        ),
        Fault::NoAlg => proven("token.malformed", "the header names no `alg`".into()),
    };
    let accepted = case
        .profile()
        .filter(|p| p.faults.has(&format!("{fault:?}")))
        .map(|_| format!("{} let in a token with the same fault", case.host()));
    Some(candidate.unless(accepted, "history"))
}

/// An opaque token, a JWE or a test key where the host takes something else.
fn kind(case: &Case<'_>, token: &Token, place: &str) -> Option<Candidate> {
    let credential = case.bearer()?;
    let encrypted_only =
        |p: &Profile| p.kinds.has(Kind::Jwe.as_str()) && !p.kinds.has(Kind::Jwt.as_str());
    if credential.kind == Kind::Jwt && case.profile().is_some_and(encrypted_only) {
        let fact = format!("{} let in encrypted tokens (JWE) only", case.host());
        let what = "the token is signed and not encrypted (JWS)";
        return Some(Candidate::inferred("token.wrong_type", what, place).and(fact, "history"));
    }
    if !matches!(credential.kind, Kind::Opaque | Kind::Jwe | Kind::ApiKey) {
        return None;
    }
    let what = match (token.form, &token.vendor) {
        (_, Some(vendor)) => format!("the credential is a {vendor}"),
        (Form::Jwe, None) => "the token is encrypted (JWE)".into(),
        _ => "the token has no JOSE header".into(),
    };
    let profile = case.profile();
    if profile.is_some_and(|p| p.kinds.has(credential.kind.as_str())) {
        return None;
    }
    if profile.is_some_and(|p| p.kinds.has("jwt")) {
        let fact = format!("{} let in signed tokens (JWT) only", case.host());
        return Some(Candidate::inferred("token.not_jwt", what, place).and(fact, "history"));
    }
    // A verifier that speaks of segments, signatures or decoding reads JWT.
    let reads_jwt =
        case.says("token.malformed") || case.says("token.not_jwt") || case.says("signature.");
    reads_jwt.then(|| {
        Candidate::inferred("token.not_jwt", what, place)
            .and("the server tried to read it as a JWT", "response")
    })
}

/// The value that came as `refresh_token` in this capture.
fn handed_out_as_refresh(case: &Case<'_>, token: &Token, place: &str) -> Option<Candidate> {
    let handed_out = token.fingerprint.is_some_and(|mark| case.world.is_refresh_token(mark));
    handed_out.then(|| {
        let accepted = case
            .profile()
            .filter(|p| p.purposes.has("refresh"))
            .map(|_| format!("{} let in tokens of this kind", case.host()));
        Candidate::proven("token.refresh_token", "an answer handed it out as refresh token", place)
            .unless(accepted, "history")
    })
}

/// An ID or refresh token where an access token belongs.
fn purpose(case: &Case<'_>, token: &Token, place: &str) -> Option<Candidate> {
    if let Some(candidate) = handed_out_as_refresh(case, token, place) {
        return Some(candidate);
    }
    let (cause, name) = match token.used_as {
        Use::Id => ("token.id_token", "id"),
        Use::Refresh => ("token.refresh_token", "refresh"),
        Use::Other => ("token.wrong_type", "other"),
        Use::Access | Use::Unknown => return None,
    };
    let why = token.used_as_why.as_deref().unwrap_or("its own marks");
    let fact = match name {
        "other" => format!("the token is no access token ({why})"),
        _ => format!("the token is an {name} token ({why})").replace("an refresh", "a refresh"),
    };
    let profile = case.profile();
    let accepted = profile
        .filter(|p| p.purposes.has(name))
        .map(|_| format!("{} let in tokens of this kind", case.host()));
    let learned = profile.is_some_and(|p| !p.purposes.is_empty() && !p.purposes.has(name));
    let mut candidate = Candidate::inferred(cause, fact, place);
    if learned {
        candidate = candidate.and(format!("{} let in other kinds only", case.host()), "history");
    } else if !case.says("token.") && !case.says("claim.") && !case.can_mean("token.") {
        candidate = candidate.at(Confidence::Suspected);
    }
    if token.used_as == Use::Refresh && case.says("token.") {
        candidate = candidate.at(Confidence::Proven);
    }
    Some(candidate.unless(accepted, "history"))
}
