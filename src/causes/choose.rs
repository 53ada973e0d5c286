//! The choice of the root among candidates: generic, without any ranking of causes.

use super::case::{Basis, Candidate, Case};
use super::stated;
use super::{cards, clock, time};
use crate::model::{
    Blank, CauseId, Class, Confidence, Evidence, Finding, Form, Grant, Judgement, Kind, Oddity,
    Outcome, Sign, State, Statement, Weight,
};

/// The order of a server's own checks.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Stage {
    Header,
    Shape,
    Signature,
    Time,
    Claims,
    Account,
    Scope,
}

fn stage(cause: &str) -> Stage {
    match cause.split('.').next().unwrap_or_default() {
        "header" | "apikey" | "session" | "basic" | "digest" | "negotiate" | "cors" => {
            Stage::Header
        }
        "token" => Stage::Shape,
        "signature" => Stage::Signature,
        "time" => Stage::Time,
        "claim" => Stage::Claims,
        "authz" => Stage::Scope,
        _ => Stage::Account,
    }
}

/// Chooses the root of a refusal and lists everything else beside it.
pub(super) fn root(case: &Case<'_>, mut candidates: Vec<Candidate>) -> Judgement {
    merge_equal(&mut candidates);
    let statement = case.statement();
    let said = statement.and_then(|s| Some((s, stated::cause(case, s)?)));
    if let Some((statement, cause)) = &said {
        clear_earlier_stages(&mut candidates, cause.as_str());
        if let Some(judgement) = lookalike(case, statement, cause, &candidates) {
            return judgement;
        }
    }
    order(&mut candidates);
    let (chosen, agrees) = match &said {
        Some((statement, cause)) => with_word(case, &candidates, statement, cause),
        None => (without_word(case, &candidates), "silent"),
    };
    let agrees =
        if said.is_none() && vague_fits(case, chosen.as_ref()) { "agrees" } else { agrees };
    let mut root = chosen.unwrap_or_else(|| fallback(case));
    if case.is_told() {
        root.evidence.extend(clock::disagreement(case));
        let mut told = std::collections::BTreeSet::new();
        root.evidence.retain(|e| told.insert(e.fact.clone()));
    }
    let class = class_of(&root.cause);
    let mut also: Vec<Finding> =
        candidates.into_iter().map(|c| c.finding).filter(|f| f.cause != root.cause).collect();
    if let Some((statement, cause)) = &said
        && *cause != root.cause
        && agrees == "contradicts"
    {
        also.push(Finding {
            cause: cause.clone(),
            confidence: Confidence::Suspected,
            evidence: vec![said_by(case, statement)],
        });
    }
    also.extend(sanitized(case).into_iter().filter(|f| f.cause != root.cause));
    also.sort_by(|a, b| b.confidence.cmp(&a.confidence).then_with(|| a.cause.cmp(&b.cause)));
    also.dedup_by(|a, b| a.cause == b.cause);
    Judgement { class, root: Some(root), also, agrees, judged_at: None, skew: None }
}

/// One candidate a cause: the surest, with the evidence of all.
fn merge_equal(candidates: &mut Vec<Candidate>) {
    let mut merged: Vec<Candidate> = Vec::new();
    for candidate in candidates.drain(..) {
        match merged.iter_mut().find(|m| m.finding.cause == candidate.finding.cause) {
            None => merged.push(candidate),
            Some(known) => {
                let surer = (!candidate.harmless, candidate.finding.confidence)
                    > (!known.harmless, known.finding.confidence);
                let (mut first, second) = if surer {
                    (candidate, std::mem::replace(known, Candidate::proven("unknown", "", "")))
                } else {
                    (std::mem::replace(known, Candidate::proven("unknown", "", "")), candidate)
                };
                first.finding.evidence.extend(second.finding.evidence);
                *known = first;
            }
        }
    }
    *candidates = merged;
}

/// A server that speaks of rights or of the account let everything before that pass.
fn clear_earlier_stages(candidates: &mut [Candidate], cause: &str) {
    let reached = stage(cause);
    let implies_success = cause.starts_with("authz.")
        || matches!(cause, "state.user_disabled" | "state.user_locked" | "state.user_unverified");
    if !implies_success {
        return;
    }
    for candidate in candidates {
        if stage(candidate.finding.cause.as_str()) < reached {
            candidate.harmless = true;
            candidate.finding.confidence = Confidence::Suspected;
        }
    }
}

/// Harmful before harmless, finer before coarser, surest first, then the order of a server's checks,
/// then by id.
fn order(candidates: &mut [Candidate]) {
    let coarse: Vec<CauseId> = candidates
        .iter()
        .map(|c| c.finding.cause.clone())
        .filter(|coarse| candidates.iter().any(|finer| is_finer(finer, coarse)))
        .collect();
    candidates.sort_by(|a, b| {
        let key = |c: &Candidate| {
            let is_coarse = coarse.contains(&c.finding.cause);
            (c.harmless, is_coarse, std::cmp::Reverse(c.finding.confidence))
        };
        key(a)
            .cmp(&key(b))
            .then_with(|| stage(a.finding.cause.as_str()).cmp(&stage(b.finding.cause.as_str())))
            .then_with(|| a.finding.cause.cmp(&b.finding.cause))
    });
}

/// Whether a candidate that counts tells more exactly what `coarse` only names.
fn is_finer(finer: &Candidate, coarse: &CauseId) -> bool {
    let (a, b) = (coarse.as_str(), finer.finding.cause.as_str());
    !finer.harmless
        && finer.finding.confidence > Confidence::Suspected
        && a != b
        && stated::covers(a, b)
        && !stated::covers(b, a)
}

/// Chooses where the server names a cause.
fn with_word(
    case: &Case<'_>,
    candidates: &[Candidate],
    statement: &Statement,
    cause: &CauseId,
) -> (Option<Finding>, &'static str) {
    let told = said_by(case, statement);
    let covered = candidates
        .iter()
        .filter(|c| !c.harmless || c.finding.cause == *cause)
        .filter(|c| c.finding.confidence > Confidence::Suspected || c.finding.cause == *cause)
        .filter(|c| stated::covers(cause.as_str(), c.finding.cause.as_str()))
        // A finer cause that the evidence holds up goes before the server's coarse one.
        .max_by(|a, b| {
            let coarse = |c: &Candidate| candidates.iter().any(|f| is_finer(f, &c.finding.cause));
            let key = |c: &Candidate| (is_finer(c, cause), !coarse(c), c.finding.confidence);
            key(a)
                .cmp(&key(b))
                .then_with(|| stage(b.finding.cause.as_str()).cmp(&stage(a.finding.cause.as_str())))
        });
    if let Some(candidate) = covered {
        let mut finding = candidate.finding.clone();
        let by_word = if statement.weight >= Weight::Phrase {
            Confidence::Stated
        } else {
            Confidence::Inferred
        };
        if finding.cause == *cause {
            finding.confidence = finding.confidence.max(by_word);
        }
        finding.evidence.push(told);
        return (Some(finding), "agrees");
    }
    let contradiction =
        contradicts(case, cause.as_str()).or_else(|| unreadable(case, candidates, cause.as_str()));
    if let Some(fact) = contradiction {
        let sure =
            candidates.iter().find(|c| !c.harmless && c.finding.confidence >= Confidence::Inferred);
        if let Some(candidate) = sure {
            let mut finding = candidate.finding.clone();
            finding.evidence.push(fact);
            return (Some(finding), "contradicts");
        }
        let evidence = vec![told, fact];
        let finding = Finding { cause: cause.clone(), confidence: Confidence::Suspected, evidence };
        return (Some(finding), "contradicts");
    }
    let confidence = match statement.weight {
        Weight::Code | Weight::Phrase => Confidence::Stated,
        Weight::Words => Confidence::Inferred,
        Weight::Vague | Weight::Status => Confidence::Suspected,
    };
    (Some(Finding { cause: cause.clone(), confidence, evidence: vec![told] }), "agrees")
}

/// Says that the server judged something that is not in the request: where the form of header or token
/// is broken, a verifier has read an empty or another text, and names the check that failed on it.
fn unreadable(case: &Case<'_>, candidates: &[Candidate], cause: &str) -> Option<Evidence> {
    let token = case.token();
    let usual = token.is_some_and(|t| {
        t.alg
            .as_deref()
            .is_some_and(|alg| matches!(alg.get(..2), Some("HS" | "RS" | "ES" | "PS" | "Ed")))
    });
    let unread = token.is_none_or(|t| t.claims.is_empty());
    // An opaque token may well have ended: the server knows what it is.
    let broken_jws = token.is_some_and(|t| t.form == Form::Jws && t.claims.is_empty());
    let nothing = case.credential().is_some_and(|c| {
        let hollow =
            |o: &Oddity| matches!(o, Oddity::Placeholder(_) | Oddity::Empty | Oddity::SchemeOnly);
        c.oddities.iter().any(hollow)
    });
    let claims_fail = (broken_jws || nothing)
        && matches!(cause.split('.').next(), Some("claim" | "time"))
        || nothing && cause.starts_with("signature.");
    // What the logger cut was whole when the server read it.
    let cut = case.credential().is_some_and(|c| c.state == State::Truncated);
    if cut
        || case.facts.grant.is_some()
        || case.credential().is_none()
        || !(claims_fail || cause == "signature.algorithm" && (usual || unread))
    {
        return None;
    }
    let broken = candidates.iter().find(|c| {
        !c.harmless
            && c.finding.confidence >= Confidence::Inferred
            && stage(c.finding.cause.as_str()) <= Stage::Shape
    })?;
    let fact =
        format!("the server found no token to judge: {}", broken.finding.evidence.first()?.fact);
    Some(Evidence::new(fact, case.place()))
}

/// Returns what in the request speaks against the server's word.
fn contradicts(case: &Case<'_>, cause: &str) -> Option<Evidence> {
    let place = case.place();
    let token = case.token();
    let of_token = matches!(
        cause.split('.').next().unwrap_or_default(),
        "time" | "token" | "signature" | "claim"
    );
    if of_token
        && case.facts.credentials.is_empty()
        && case.facts.cookies_sent == Some(false)
        && case.facts.grant.is_none()
        && case.could_show()
    {
        return Some(Evidence::new("no credential was sent", "request.headers"));
    }
    match cause {
        "time.expired" => {
            let token = token?;
            let exp = token.expires()?;
            let left = exp.since(case.judged_at()?);
            (left.0 > 0.0 && time::lateness(case, token).is_none())
                .then(|| Evidence::new(format!("`exp` lies {left} after the request"), place))
        }
        "time.not_yet_valid" => {
            let token = token?;
            let judged = case.judged_at()?;
            let starts = [&token.nbf, &token.iat];
            let known: Vec<_> = starts.iter().filter_map(|d| d.as_ref()?.in_seconds()).collect();
            (!known.is_empty() && known.iter().all(|t| *t <= judged))
                .then(|| Evidence::new("`nbf` and `iat` lie before the request", place))
        }
        "header.missing" => case
            .has_authorization()
            .then(|| Evidence::new("the request carries `Authorization`", place)),
        "header.scheme_missing" => {
            let credential = case.credential().filter(|c| c.place.is_authorization())?;
            let scheme = credential.scheme.as_ref()?;
            let sound =
                credential.oddities.is_empty() && case.profile()?.schemes.has(scheme.as_str());
            sound.then(|| {
                let fact = format!("{} let in requests with the scheme {scheme}", case.host());
                Evidence::new(fact, "history")
            })
        }
        "signature.invalid" | "signature.wrong_key" => super::keys::speaks_for_signature(case),
        "signature.unknown_kid" => {
            let kid = token?.kid.as_deref()?;
            case.profile()?.kids.has(kid).then(|| {
                Evidence::new(format!("{} let in tokens of key `{kid}`", case.host()), "history")
            })
        }
        "time.wrong_type" => {
            let token = token?;
            let dates: Vec<_> =
                [&token.exp, &token.nbf, &token.iat].into_iter().flatten().collect();
            dates
                .iter()
                .all(|d| d.is_number())
                .then(|| Evidence::new("every time claim is a number", place))
        }
        "claim.issuer" => {
            let iss = token?.iss.as_deref()?;
            case.profile()?.issuers.has(iss).then(|| {
                Evidence::new(format!("{} let in tokens of `{iss}`", case.host()), "history")
            })
        }
        "claim.audience" => {
            let profile = case.profile()?;
            let form = crate::world::audience_form(token?);
            if !profile.audience_forms.has(form) {
                return None;
            }
            token?.aud.iter().find(|a| profile.audiences.has(a)).map(|aud| {
                Evidence::new(format!("{} let in tokens for `{aud}`", case.host()), "history")
            })
        }
        _ => None,
    }
}

/// Chooses where the server is silent or vague.
fn without_word(case: &Case<'_>, candidates: &[Candidate]) -> Option<Finding> {
    let vague: Vec<&Statement> = case
        .facts
        .answer
        .statements
        .iter()
        .filter(|s| s.weight == Weight::Vague && !s.causes.is_empty())
        .collect();
    let named = |c: &Candidate| {
        vague
            .iter()
            .any(|s| s.causes.iter().any(|v| stated::agree(v.as_str(), c.finding.cause.as_str())))
    };
    // What tells more exactly what a fitting one names fits as well.
    let fits = |c: &&Candidate| {
        vague.is_empty()
            || named(c)
            || candidates.iter().any(|other| is_finer(c, &other.finding.cause) && named(other))
    };
    let harmful = || candidates.iter().filter(|c| !c.harmless);
    let sure = |c: &&Candidate| c.finding.confidence > Confidence::Suspected;
    let chosen = harmful()
        .filter(sure)
        .find(fits)
        .or_else(|| harmful().find(sure))
        .or_else(|| only(harmful().filter(fits)))
        .or_else(|| only(harmful()))?;
    let mut finding = chosen.finding.clone();
    // `invalid_grant` for a code says no more than this, and this it says.
    let by_grant = grant_cause(case).is_some_and(|(cause, _)| finding.cause == cause);
    if by_grant && vague.iter().any(|s| s.causes.contains(&finding.cause)) {
        finding.confidence = finding.confidence.max(Confidence::Stated);
    }
    if let Some(statement) = vague.first() {
        let fact = format!("{} says `{}`", statement.speaker(), statement.text);
        finding.evidence.push(Evidence::new(fact, place_of(statement)));
    }
    Some(finding)
}

/// Several suspicions are none: the first only where it stands alone.
fn only<'c>(mut candidates: impl Iterator<Item = &'c Candidate>) -> Option<&'c Candidate> {
    let first = candidates.next()?;
    candidates.next().is_none().then_some(first)
}

fn vague_fits(case: &Case<'_>, chosen: Option<&Finding>) -> bool {
    let Some(finding) = chosen else { return false };
    case.facts.answer.statements.iter().any(|s| {
        s.weight == Weight::Vague
            && s.causes.iter().any(|v| stated::agree(v.as_str(), finding.cause.as_str()))
    })
}

/// Refused, not by auth: the server or the status says so.
fn lookalike(
    case: &Case<'_>,
    statement: &Statement,
    cause: &CauseId,
    candidates: &[Candidate],
) -> Option<Judgement> {
    if class_of(cause) != Class::Lookalike {
        return None;
    }
    let confidence =
        if statement.weight >= Weight::Phrase { Confidence::Stated } else { Confidence::Inferred };
    let fact = format!("{} says `{}`", statement.speaker(), statement.text);
    Some(Judgement {
        class: Class::Lookalike,
        root: Some(Finding {
            cause: cause.clone(),
            confidence,
            evidence: vec![Evidence::new(fact, place_of(statement))],
        }),
        also: candidates
            .iter()
            .filter(|c| c.basis == Basis::Bytes)
            .map(|c| Finding { confidence: Confidence::Suspected, ..c.finding.clone() })
            .collect(),
        agrees: if case.facts.answer.statements.is_empty() { "silent" } else { "agrees" },
        judged_at: None,
        skew: None,
    })
}

/// No candidate: by the sign of the refusal, the capture, or nothing.
fn fallback(case: &Case<'_>) -> Finding {
    let facts = case.facts;
    let status = facts.status.map_or_else(|| "no status".to_owned(), |s| format!("status {s}"));
    let of = |cause, confidence, fact: String, place: &str| Finding {
        cause: CauseId::of(cause),
        confidence,
        evidence: vec![Evidence::new(fact, place)],
    };
    match facts.answer.outcome {
        Outcome::Refused(Sign::TooManyRequests) => {
            return of("other.rate_limit", Confidence::Inferred, status, "response.status");
        }
        Outcome::Refused(Sign::Blocked) => {
            let fact = "the browser hid the answer from the page".to_owned();
            return of("cors.origin", Confidence::Suspected, fact, "response");
        }
        _ => {}
    }
    // 419, 440 and 498 mean one thing wherever they are used.
    let by_status = facts.answer.statements.iter().find(|s| s.weight == Weight::Status);
    if let (Outcome::Refused(Sign::AuthStatus), Some(statement)) = (facts.answer.outcome, by_status)
        && let Some(cause) = statement.causes.first()
    {
        let evidence = vec![Evidence::new(status, "response.status")];
        return Finding { cause: cause.clone(), confidence: Confidence::Inferred, evidence };
    }
    if let Some(finding) = malformed_grant(case) {
        return finding;
    }
    if let Some(cause) = grant_cause(case) {
        let fact = format!("a {} request was refused with {status}", cause.1);
        // `invalid_grant` for a refresh can mean nothing else.
        let told = facts.answer.statements.iter().find(|s| s.causes.iter().any(|c| *c == cause.0));
        let confidence = if told.is_some() { Confidence::Stated } else { Confidence::Inferred };
        let mut finding = of(cause.0, confidence, fact, "response.status");
        finding.evidence.extend(
            told.map(|s| Evidence::new(format!("{} says `{}`", s.speaker(), s.text), place_of(s))),
        );
        finding.evidence.extend(line_break_in_password(case));
        return finding;
    }
    if let Some(finding) = sanitized(case) {
        // That the capture hides the credential is proven; that nothing else is wrong is not.
        let confidence = finding.confidence.min(Confidence::Inferred);
        return Finding { confidence, ..finding };
    }
    if facts.answer.outcome == Outcome::Refused(Sign::Forbidden) && case.bearer().is_none() {
        let fact = format!("{status}, no credential was seen, and the answer speaks of none");
        return of("other.denied", Confidence::Suspected, fact, "response.status");
    }
    if facts.answer.outcome == Outcome::Refused(Sign::FieldsTooLarge) {
        return of("header.too_large", Confidence::Inferred, status, "response.status");
    }
    unknown(case)
}

/// A line break in a password is seldom meant: it came with the file or the pipe that held it.
fn line_break_in_password(case: &Case<'_>) -> Option<Evidence> {
    let broken = Oddity::Blank(Blank::LineBreak);
    let found = case
        .facts
        .credentials
        .iter()
        .find(|c| c.kind == Kind::Password && c.oddities.contains(&broken))?;
    Some(Evidence::new("the password holds a line break", super::case::place_of(&found.place)))
}

/// What a refused token or login request means by itself.
fn grant_cause(case: &Case<'_>) -> Option<(&'static str, &'static str)> {
    match (case.facts.grant?, case.facts.status) {
        (Grant::Login | Grant::Password, Some(400 | 401 | 403 | 422)) => {
            Some(("login.bad_credentials", "login"))
        }
        (Grant::Refresh, Some(400..=403)) => Some(("oauth.refresh_refused", "refresh")),
        (Grant::Assertion, Some(400..=403)) if is_saml(case) => Some(("saml.assertion", "SAML")),
        (Grant::Code | Grant::Assertion, Some(400)) => Some(("oauth.invalid_grant", "token")),
        (Grant::ClientCredentials, Some(401)) => Some(("oauth.invalid_client", "token")),
        _ => None,
    }
}

fn is_saml(case: &Case<'_>) -> bool {
    case.facts.credentials.iter().any(|c| c.kind == Kind::Saml)
}

/// `invalid_request` says that the message is malformed, not that what it grants is void.
fn malformed_grant(case: &Case<'_>) -> Option<Finding> {
    case.facts.grant?;
    let names = |s: &&Statement| s.causes.first().is_some_and(|c| *c == "oauth.invalid_request");
    let told = case.facts.answer.statements.iter().find(names)?;
    let fact = format!("{} says `{}`", told.speaker(), told.text);
    Some(Finding {
        cause: CauseId::of("oauth.invalid_request"),
        confidence: Confidence::Stated,
        evidence: vec![Evidence::new(fact, place_of(told))],
    })
}

/// The credential was stripped or masked in the capture.
fn sanitized(case: &Case<'_>) -> Option<Finding> {
    let facts = case.facts;
    let finding = |confidence, fact: String, place: &str| Finding {
        cause: CauseId::of("capture.sanitized"),
        confidence,
        evidence: vec![Evidence::new(fact, place)],
    };
    let masked = facts.credentials.iter().find(|c| c.state == State::Redacted);
    if let Some(credential) = masked {
        let fact = "the capture masks the credential".to_owned();
        return Some(finding(Confidence::Proven, fact, &super::case::place_of(&credential.place)));
    }
    if case.bearer().is_some() || facts.preflight {
        return None;
    }
    if case.stripped_by_preflight() {
        let fact = "the preflight announced `authorization`, the request behind it shows none";
        return Some(finding(Confidence::Proven, fact.to_owned(), "history"));
    }
    case.world.lost_credentials(facts).map(|loss| Finding {
        cause: CauseId::of("capture.sanitized"),
        confidence: Confidence::Inferred,
        evidence: vec![loss.evidence()],
    })
}

fn unknown(case: &Case<'_>) -> Finding {
    let facts = case.facts;
    let mut evidence =
        vec![Evidence::new("refused for auth, and nothing in the capture says why", "response")];
    let mut lacks = |what: &str| evidence.push(Evidence::new(what.to_owned(), "capture"));
    if facts.answer.body_missing {
        lacks("the response body is missing: it may hold the reason");
    }
    if !crate::world::could_show(facts) && facts.credentials.is_empty() {
        lacks("the request fields were not recorded: the credential is not known");
    }
    if case.token().is_some_and(|t| t.form == Form::Jws) {
        match case.token().and_then(|t| t.verdict.as_deref()) {
            Some(crate::model::Verdict::Valid { key }) => {
                lacks(&format!("the signature verifies with {key}"));
            }
            Some(_) => {}
            None => lacks("the signature was not checked: give the verifier's key"),
        }
    }
    if let Some(statement) = facts.answer.statements.first() {
        let fact = format!("{} says only `{}`", statement.speaker(), statement.text);
        evidence.push(Evidence::new(fact, place_of(statement)));
    }
    Finding { cause: CauseId::of("unknown"), confidence: Confidence::Suspected, evidence }
}

fn class_of(cause: &CauseId) -> Class {
    match cards::card(cause.as_str()).map(|card| card.class) {
        // A step is one only when it led to success, which `steps` has settled.
        Some(Class::Lookalike) => Class::Lookalike,
        _ => Class::Failure,
    }
}

/// Returns the server's word as evidence.
fn said_by(case: &Case<'_>, statement: &Statement) -> Evidence {
    let fact = || format!("{} says `{}`", statement.speaker(), statement.text);
    Evidence::new(case.tell(fact), case.tell(|| place_of(statement)))
}

fn place_of(statement: &Statement) -> String {
    if let Some(source) = &statement.seen_by {
        return format!("{source}: {}", statement.place.replace("header:", "headers."));
    }
    if statement.place == "status" || statement.place.starts_with("response") {
        return format!("response.{}", statement.place.trim_start_matches("response."));
    }
    if statement.place.starts_with("request.") {
        return statement.place.clone();
    }
    format!("response.{}", statement.place.replace("header:", "headers."))
}
