//! Tokens outside their time, judged at each request by the host's clock, and what the client did about it.

use super::case::{Candidate, Case};
use super::clock;
use crate::model::{At, Confidence, Evidence, NumericDate, Outcome, Seconds, Sign, Token, Unit};
use crate::world::is_token_refusal;

/// Beyond this no verifier's leeway plausibly reaches (`CAUSES`: confidence, b).
const PLAUSIBLE_LEEWAY: Seconds = Seconds(300.0);
/// A refresh or login within this span after a refusal mends it.
pub(super) const MENDING: Seconds = Seconds(60.0);
/// Refusals beyond this many are no normal end of a token's life.
pub(super) const NORMAL_REFUSALS: u64 = 3;
/// Requests that left before a refresh was answered still carry the old token.
const IN_FLIGHT: Seconds = Seconds(2.0);

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    let Some(token) = case.token() else { return unseen(case).into_iter().collect() };
    if case.facts.grant.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    found.extend(expired(case, token));
    found.extend(early(case, token));
    found.extend(units(case, token));
    found.extend(types(case, token));
    found.extend(no_exp(case, token));
    found
}

/// Returns how far the request lies after `exp` by the host's clock; `None` when it does not.
pub(super) fn lateness(case: &Case<'_>, token: &Token) -> Option<Seconds> {
    let late = case.judged_at()?.since(token.expires()?);
    (late.0 >= 0.0).then_some(late)
}

fn expired(case: &Case<'_>, token: &Token) -> Option<Candidate> {
    let (exp, at) = (token.expires()?, case.at?);
    let place = case.place();
    let Some(late) = lateness(case, token) else { return clock::alive(case, token, exp, at) };
    if let Some(candidate) = clock::late(case, token, exp, at) {
        return Some(candidate.unless(tolerated(case, late), "history"));
    }
    let (cause, story) = course(case, token, at);
    let in_the_dark = cause != "time.expired" && case.world.has_unseen_answers(&case.facts.client)
        || cause == "time.refresh_refused" && is_guess(case, token, at);
    let fact = case.tell(|| format!("`exp` passed {late} before the request"));
    let mut candidate = Candidate::proven(cause, fact, &place);
    candidate.finding.evidence.extend(story);
    candidate.finding.evidence.extend(clock::only_here(case, exp, at));
    let straddles = token.fingerprint.is_some_and(|mark| {
        case.world.accepted_until(mark, case.facts, exp).is_some_and(|a| a.at < exp)
    });
    let sure = late.0 > PLAUSIBLE_LEEWAY.0 || case.says("time.") || straddles;
    let zone = case.zone_in_doubt(late).filter(|_| !case.says("time.") && !straddles);
    if !sure || in_the_dark || zone.is_some() {
        candidate = candidate.at(Confidence::Inferred);
    }
    candidate.finding.evidence.extend(zone);
    // A plain 403 is about rights as often as about the token, unless this very call was let in before.
    if case.facts.answer.outcome == Outcome::Refused(Sign::Forbidden)
        && !case.says("time.")
        && !straddles
    {
        candidate = candidate.at(Confidence::Inferred);
    }
    Some(candidate.unless(tolerated(case, late), "history"))
}

/// Returns the words for "within what this host accepts after `exp`".
fn tolerated(case: &Case<'_>, late: Seconds) -> Option<String> {
    if let Some(leeway) = case.world.given().leeway {
        return (late.0 < leeway.0)
            .then(|| format!("within the leeway of {leeway} that was given"));
    }
    let known = case.profile()?.latest_after_exp?;
    (late.0 <= known.0).then(|| format!("{} let in a token {known} after its `exp`", case.host()))
}

/// Which course an expired token took: kept, refreshed in vain, mended.
fn course(case: &Case<'_>, token: &Token, at: At) -> (&'static str, Vec<Evidence>) {
    let facts = case.facts;
    let world = case.world;
    let told = |fact: String| vec![Evidence::new(fact, "history")];
    let Some(mark) = token.fingerprint else { return ("time.expired", Vec::new()) };
    if !world.is_someone(&facts.client) || !is_token_refusal(facts) {
        return ("time.expired", Vec::new());
    }
    let refusals = world.refusals(mark, facts);
    let total: u64 = refusals.iter().map(|(_, n)| n).sum();
    let first = refusals.first().map_or(at, |(t, _)| *t);
    let born = world.issued_at(mark);
    let renewals = world.renewals(&facts.client, Some(token));
    let replaced = renewals
        .iter()
        .filter(|r| born.is_none_or(|b| r.at > b) && !r.login)
        .rfind(|r| r.at.plus(grace(case, r.access)) < at);
    if let Some(renewal) = replaced.filter(|r| is_newer(case, token, r.access)) {
        return (
            "time.refresh_not_applied",
            told(format!(
                "a refresh gave a new token at {}, this request still carries the old one",
                renewal.at
            )),
        );
    }
    let refused = world.refused_refreshes(&facts.client, Some(token));
    if let Some(last) = refused.iter().rfind(|r| r.at <= at)
        && renewals.iter().all(|r| r.at <= last.at || r.at > at)
    {
        let mut story = told(format!("the token endpoint refused to refresh at {}", last.at));
        if last.guessed {
            story.extend(told("of all users here only this one had a token at its end".into()));
        }
        return ("time.refresh_refused", story);
    }
    let exp = token.expires().unwrap_or(at);
    let mended =
        renewals.iter().any(|r| r.at >= first && r.at.since(at).0 <= MENDING.0 && r.at >= at)
            || world.succeeded_by(facts, Some(token), first, at.plus(MENDING)).is_some()
            || refused.iter().any(|r| r.at >= at && r.at.since(at).0 <= MENDING.0);
    let before = world
        .accepted_until(mark, facts, exp)
        .filter(|a| a.at < exp && world.is_same(a.client, &facts.client))
        .map(|a| a.at);
    let again = total > 1;
    if (mended || !world.knows_all_uses()) && total <= NORMAL_REFUSALS {
        return ("time.expired", Vec::new());
    }
    if before.is_some() || again {
        let mut story = Vec::new();
        if let Some(last) = before {
            let fact =
                case.tell(|| format!("the same token was let in until {last}, before its `exp`"));
            story.push(Evidence::new(fact, "history"));
        }
        if again {
            let others = total - 1;
            let fact = match others {
                1 => "one more request used this token after `exp`".to_owned(),
                n => format!("{n} more requests used this token after `exp`"),
            };
            story.push(Evidence::new(fact, "history"));
        }
        if !mended && world.knows_all_uses() {
            story.push(Evidence::new(
                "no refresh or login follows within 60 s in the capture",
                "history",
            ));
        }
        return ("time.expired_cached", story);
    }
    ("time.expired", Vec::new())
}

/// Whether the last refused refresh is this user's by elimination only.
fn is_guess(case: &Case<'_>, token: &Token, at: At) -> bool {
    let refused = case.world.refused_refreshes(&case.facts.client, Some(token));
    refused.iter().rfind(|r| r.at <= at).is_some_and(|r| r.guessed)
}

/// How long after a refresh the old token may still be on its way: none to speak of where the new one
/// is never used.
fn grace(case: &Case<'_>, new: Option<crate::model::Fingerprint>) -> Seconds {
    let used = new.is_none_or(|mark| case.world.is_seen(mark));
    if used { IN_FLIGHT } else { Seconds(0.1) }
}

/// Whether `other` is a token that could have been used in place of this one: unknown ones could.
fn is_newer(case: &Case<'_>, token: &Token, other: Option<crate::model::Fingerprint>) -> bool {
    let Some(other) = other.and_then(|mark| case.world.token(mark)) else { return true };
    let same_for = other.aud == token.aud || other.aud.is_empty() || token.aud.is_empty();
    same_for && other.expires() >= token.expires()
}

/// `nbf` or `iat` ahead of the host's clock.
fn early(case: &Case<'_>, token: &Token) -> Option<Candidate> {
    let (at, judged) = (case.at?, case.judged_at()?);
    let place = case.place();
    let claims = [("nbf", &token.nbf), ("iat", &token.iat)];
    let starts =
        || claims.iter().filter_map(|(name, claim)| Some((*name, claim.as_ref()?.in_seconds()?)));
    let ahead_of = |(_, start): &(&str, At)| start.since(judged).0 > 0.0;
    let Some((name, start)) =
        starts().filter(ahead_of).max_by_key(|(name, start)| (*name == "nbf", *start))
    else {
        return clock::begun(case, starts().max_by_key(|(_, start)| *start)?);
    };
    let ahead = start.since(judged);
    if let Some(leeway) = case.world.given().leeway
        && ahead.0 <= leeway.0
    {
        return None;
    }
    let accepted = case
        .profile()
        .and_then(|p| p.earliest_before_nbf)
        .filter(|known| ahead.0 <= known.0)
        .map(|known| format!("{} let in a token {known} before its time", case.host()));
    if let Some(candidate) = clock::early(case, token, (name, start), ahead) {
        return Some(candidate.unless(accepted, "history"));
    }
    let fact = format!("`{name}` lies {ahead} after the request");
    if ahead.0 <= PLAUSIBLE_LEEWAY.0 && case.says("time.clock_skew") {
        // So little is what clocks differ by, and the server says that they do.
        let candidate = Candidate::inferred("time.clock_skew", fact, &place);
        return Some(candidate.unless(accepted, "history"));
    }
    let mut candidate = Candidate::proven("time.not_yet_valid", fact, &place);
    if ahead.0 <= PLAUSIBLE_LEEWAY.0 && !case.says("time.") {
        // Many verifiers do not look at `iat` at all.
        let doubt = if name == "iat" { Confidence::Suspected } else { Confidence::Inferred };
        candidate = candidate.at(doubt);
    } else if name == "iat" && (ahead.0 <= PLAUSIBLE_LEEWAY.0 || !case.says("time.")) {
        // A token cannot be used before it was made: a little ahead is a clock that is off, if anything.
        candidate = candidate.at(Confidence::Inferred);
    }
    if let Some(zone) = case.zone_in_doubt(ahead).filter(|_| !case.says("time.")) {
        let confidence = candidate.finding.confidence.min(Confidence::Inferred);
        candidate = candidate.at(confidence);
        candidate.finding.evidence.push(zone);
    } else if let Some(fact) = clock::made_ahead(token, at) {
        candidate = candidate.and(fact, "request");
    }
    Some(candidate.unless(accepted, "history"))
}

/// `exp`, `nbf` or `iat` in milliseconds or finer.
fn units(case: &Case<'_>, token: &Token) -> Option<Candidate> {
    let place = case.place();
    let claims = [("nbf", &token.nbf), ("iat", &token.iat), ("exp", &token.exp)];
    let off: Vec<(&str, &NumericDate)> = claims
        .iter()
        .filter_map(|(name, claim)| Some((*name, claim.as_ref()?)))
        .filter(|(_, date)| date.is_number() && date.unit() != Unit::Seconds)
        .collect();
    let (name, date) = *off.first()?;
    let unit = match date.unit() {
        Unit::Seconds => "seconds",
        Unit::Millis => "milliseconds",
        Unit::Micros => "microseconds",
        Unit::Nanos => "nanoseconds",
    };
    let fact = format!("`{name}` is written in {unit}, a verifier reads seconds");
    let starts = off.iter().any(|(n, _)| *n != "exp");
    let candidate = if case.says("time.") {
        Candidate::proven("time.unit_milliseconds", fact, &place)
    } else if starts {
        Candidate::inferred("time.unit_milliseconds", fact, &place)
            .and(format!("read as seconds, `{name}` lies far in the future"), &place)
    } else {
        let far = "a far `exp` is accepted by most verifiers";
        return Some(
            Candidate::suspected("time.unit_milliseconds", fact, &place)
                .harmless_because(far, "request"),
        );
    };
    let accepted = case
        .profile()
        .filter(|p| p.units.contains(&date.unit()))
        .map(|_| format!("{} let in tokens with the same unit", case.host()));
    Some(candidate.unless(accepted, "history"))
}

/// A time claim that is no number.
fn types(case: &Case<'_>, token: &Token) -> Option<Candidate> {
    let claims = [("exp", &token.exp), ("nbf", &token.nbf), ("iat", &token.iat)];
    let (name, _) = claims
        .iter()
        .filter_map(|(name, claim)| Some((*name, claim.as_ref()?)))
        .find(|(_, date)| !date.is_number())?;
    let fact = format!("`{name}` is no number (RFC 7519, section 2)");
    let candidate = Candidate::proven("time.wrong_type", fact, &case.place());
    let sure = case.says("time.") || case.says("claim.") || case.says("token.malformed");
    Some(if sure { candidate } else { candidate.at(Confidence::Inferred) })
}

/// No `exp`, where the verifier may require one.
fn no_exp(case: &Case<'_>, token: &Token) -> Option<Candidate> {
    let is_jws = token.form == crate::model::Form::Jws && !token.claims.is_empty();
    if !is_jws || token.exp.is_some() || token.has_claim("exp") {
        return None;
    }
    let profile = case.profile();
    let required = profile.is_some_and(|p| p.tokens > 0 && !p.without_exp);
    let accepted = profile
        .filter(|p| p.without_exp)
        .map(|_| format!("{} let in tokens without `exp`", case.host()));
    let fact = "the token has no `exp`";
    let candidate = if case.says("time.") || case.says("claim.") {
        Candidate::proven("time.exp_missing", fact, &case.place())
    } else if required {
        Candidate::inferred("time.exp_missing", fact, &case.place())
            .and(format!("every token that {} let in has one", case.host()), "history")
            .at(Confidence::Suspected)
    } else {
        Candidate::suspected("time.exp_missing", fact, &case.place())
            .harmless_because("most verifiers accept that", "request")
    };
    Some(candidate.unless(accepted, "history"))
}

/// The token cannot be seen, the server says that it expired: what the flow tells of it.
fn unseen(case: &Case<'_>) -> Option<Candidate> {
    let at = case.at?;
    if !case.says("time.expired") || !case.world.is_someone(&case.facts.client) {
        return None;
    }
    let client = &case.facts.client;
    let renewals = case.world.renewals(client, None);
    let refused = case.world.refused_refreshes(client, None);
    let last = refused.iter().map(|r| r.at).rfind(|t| *t <= at)?;
    renewals.iter().all(|r| r.at <= last || r.at > at).then(|| {
        Candidate::inferred(
            "time.refresh_refused",
            format!("the token endpoint refused to refresh at {last}"),
            "history",
        )
    })
}
