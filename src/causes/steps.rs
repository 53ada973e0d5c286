//! Refusals that are steps of a normal protocol and led to success, and consequences of another refusal.

use super::case::Case;
use super::time::{MENDING, NORMAL_REFUSALS, lateness};
use crate::model::{
    At, CauseId, Class, Confidence, Credential, Evidence, Finding, Judgement, Kind, Outcome,
    Scheme, Seconds, Sign,
};
use crate::world::{Behind, is_token_refusal};

/// A person may take this long to answer a browser's password prompt.
const PROMPT: Seconds = Seconds(120.0);
/// A login may take this long before it comes back to the page that asked for it.
const LOGIN: Seconds = Seconds(600.0);

pub(super) fn examine(case: &Case<'_>) -> Option<Judgement> {
    if case.facts.answer.outcome == Outcome::Unanswered || blocked(case) {
        return behind_preflight(case);
    }
    if case.facts.preflight_denial.is_some() {
        return denied_preflight(case);
    }
    if !case.facts.answer.outcome.is_refused() {
        return None;
    }
    pending(case)
        .or_else(|| answered_challenge(case))
        .or_else(|| logged_leg(case))
        .or_else(|| login_round(case))
        .or_else(|| mended_expiry(case))
}

fn blocked(case: &Case<'_>) -> bool {
    case.facts.answer.outcome == Outcome::Refused(Sign::Blocked)
}

fn expected(cause: &'static str, confidence: Confidence, facts: Vec<Evidence>) -> Judgement {
    step(Class::Expected, cause, confidence, facts)
}

fn step(
    class: Class,
    cause: &'static str,
    confidence: Confidence,
    evidence: Vec<Evidence>,
) -> Judgement {
    Judgement {
        class,
        root: Some(Finding { cause: CauseId::of(cause), confidence, evidence }),
        also: Vec::new(),
        agrees: "silent",
        judged_at: None,
        skew: None,
    }
}

/// The status-0 request behind a preflight that was refused, or gave no leave, is its consequence.
fn behind_preflight(case: &Case<'_>) -> Option<Judgement> {
    if case.facts.preflight {
        return None;
    }
    let Some((when, preflight)) = case.world.stopping_preflight(case.facts, case.at?) else {
        return behind_closed_preflight(case);
    };
    let (confidence, what) = match preflight.preflight_denial.as_deref() {
        None => (Confidence::Proven, format!("was refused at {when}")),
        Some(denial) => {
            (Confidence::Inferred, format!("at {when} did not allow {}", quoted(&denial.names)))
        }
    };
    let fact = format!("its preflight {what}; the request itself was never sent");
    Some(step(Class::Lookalike, "cors.preflight", confidence, vec![Evidence::new(fact, "history")]))
}

/// A preflight that was answered well, but without leave for a field that carries the credential.
fn denied_preflight(case: &Case<'_>) -> Option<Judgement> {
    let denial = case.facts.preflight_denial.as_deref()?;
    let names = quoted(&denial.names);
    let behind = match case.world.behind_preflight(case.facts, case.at?) {
        Behind::Answered => return None,
        Behind::Blocked(when) => format!("the request behind it, at {when}, has no answer"),
        // Some browsers let `*` pass for every name.
        Behind::Nothing if denial.star || !case.world.knows_all_uses() => return None,
        Behind::Nothing => "no request followed it".to_owned(),
    };
    let why = if denial.star {
        format!("`Access-Control-Allow-Headers: *` does not cover {names}")
    } else {
        format!("`Access-Control-Allow-Headers` does not list {names}, which the page asked for")
    };
    let evidence = vec![
        Evidence::new(why, "response.headers.access-control-allow-headers"),
        Evidence::new(behind, "history"),
    ];
    Some(step(Class::Failure, "cors.preflight", Confidence::Inferred, evidence))
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The status-0 request behind a preflight whose answer allows no or another origin: the browser sent it
/// no further.
fn behind_closed_preflight(case: &Case<'_>) -> Option<Judgement> {
    let when = case.world.closed_preflight(case.facts, case.at?)?;
    let fact = format!("the answer to its preflight at {when} does not allow the page's origin");
    let evidence = vec![Evidence::new(fact, "history")];
    case.facts
        .cross_origin
        .then(|| step(Class::Lookalike, "cors.origin", Confidence::Inferred, evidence))
}

/// A device or CIBA flow that is not finished.
fn pending(case: &Case<'_>) -> Option<Judgement> {
    case.says("oauth.pending").then(|| {
        let fact = "the user has not finished yet, the client keeps asking";
        expected(
            "oauth.pending",
            Confidence::Stated,
            vec![Evidence::new(fact, "response.body.error")],
        )
    })
}

/// A leg of a handshake that the server's own code tells, in a log that has no challenges.
fn logged_leg(case: &Case<'_>) -> Option<Judgement> {
    let (facts, at) = (case.facts, case.at?);
    if !(case.can_mean("other.handshake") && case.world.is_someone(&facts.client)) {
        return None;
    }
    let until = at.plus(PROMPT);
    let through = case.world.let_in(&facts.client, &facts.endpoint, at, until, |_| true)?;
    Some(expected(
        "other.handshake",
        Confidence::Inferred,
        vec![
            Evidence::new(
                "the server's code is that of a handshake without credentials",
                "response",
            ),
            Evidence::new(format!("the same client was let in at {through}"), "history"),
        ],
    ))
}

/// Whether a challenge for Bearer names a realm to fetch a token from, as those of registries do.
fn asks_to_fetch(case: &Case<'_>) -> bool {
    case.challenges().any(|c| {
        Scheme::of(&c.scheme) == Scheme::Bearer
            && c.param("error").is_none()
            && c.param("realm").is_some_and(|r| r.starts_with("http"))
            && (c.param("service").is_some() || c.param("scope").is_some())
    })
}

/// Whether the answer is a challenge that clients answer by themselves, so that it may be a step on the way.
pub(super) fn may_be_answered(case: &Case<'_>) -> bool {
    let answers_itself = |scheme: Scheme| {
        matches!(scheme, Scheme::Basic | Scheme::Digest | Scheme::Negotiate | Scheme::Ntlm)
    };
    case.challenges().any(|c| answers_itself(Scheme::asked(&c.scheme))) || asks_to_fetch(case)
}

/// A challenge that the same client answered at the same place with success.
fn answered_challenge(case: &Case<'_>) -> Option<Judgement> {
    let (facts, at) = (case.facts, case.at?);
    if facts.preflight || !case.world.is_someone(&facts.client) {
        return None;
    }
    let nonce = case.says("dpop.nonce")
        || case.challenges().any(|c| c.param("error").is_some_and(|e| e == "use_dpop_nonce"));
    if nonce {
        let retried =
            case.world.let_in(&facts.client, &facts.endpoint, at, at.plus(MENDING), |_| true)?;
        return Some(expected(
            "dpop.nonce",
            Confidence::Stated,
            vec![
                Evidence::new("the server asks for its nonce in the proof", "response"),
                Evidence::new(format!("the next try was let in at {retried}"), "history"),
            ],
        ));
    }
    let sent = case.bearer();
    // The first leg carries nothing, or an opening message of a handshake, or a stale Digest answer.
    let opening = match sent {
        None => true,
        Some(c) => {
            c.kind == Kind::Negotiate
                || (c.kind == Kind::Digest
                    && case
                        .challenges()
                        .any(|c| c.param("stale").is_some_and(|v| v.eq_ignore_ascii_case("true"))))
        }
    };
    if !opening {
        return None;
    }
    let asked: Vec<Scheme> = case.challenges().map(|c| Scheme::asked(&c.scheme)).collect();
    if asked.is_empty() {
        return None;
    }
    let registry = asks_to_fetch(case);
    let answers = |scheme: &Scheme| match scheme {
        Scheme::Basic | Scheme::Digest | Scheme::Negotiate | Scheme::Ntlm => {
            asked.contains(scheme)
                || (matches!(scheme, Scheme::Negotiate | Scheme::Ntlm)
                    && asked.iter().any(|a| matches!(a, Scheme::Negotiate | Scheme::Ntlm)))
        }
        Scheme::Bearer => registry,
        _ => false,
    };
    let until = at.plus(PROMPT);
    let fits = |c: Option<&Credential>| c.and_then(|c| c.scheme.as_ref()).is_some_and(answers);
    let retried =
        case.world.let_in(&facts.client, &facts.endpoint, at, until, fits).or_else(|| {
            // What was fetched for one method or tag of a registry is used for others.
            registry.then(|| case.world.succeeded_by(facts, None, at, until)).flatten().map(|s| s.0)
        });
    let names = asked.iter().map(Scheme::as_str).collect::<Vec<_>>().join(", ");
    let asked =
        Evidence::new(format!("a challenge for {names}"), "response.headers.www-authenticate");
    let (cause, outcome) = match retried {
        // A Digest answer with an old nonce, repeated with the new one.
        Some(retried) if sent.is_some_and(|c| c.kind == Kind::Digest) => {
            ("digest.stale_nonce", format!("repeated with success at {retried}"))
        }
        Some(retried) => ("other.handshake", format!("answered with success at {retried}")),
        // The answer was refused: that one is the failure, not the question before it.
        None if sent.is_some_and(|c| c.kind == Kind::Negotiate) && !goes_on(case) => return None,
        // A nonce that is stale again and again never lets in.
        None if sent.is_some_and(|c| c.kind == Kind::Digest) => return None,
        None => {
            let after = At(at.0.saturating_add(1));
            let answered = case.world.answered(facts, after, until, fits).or_else(|| {
                let fetched = case.world.moments(&facts.client, |other| {
                    registry && other.grant.is_some() && other.answer.outcome.is_refused()
                });
                fetched.into_iter().find(|t| *t >= at && *t <= until)
            })?;
            ("other.handshake", format!("answered at {answered}, and that answer was refused"))
        }
    };
    let evidence = vec![asked, Evidence::new(outcome, "history")];
    Some(expected(cause, Confidence::Inferred, evidence))
}

/// The server answered a message of a handshake with one of its own (RFC 4559, section 5): it asks for
/// the next. A bare scheme word rejects what was sent.
fn goes_on(case: &Case<'_>) -> bool {
    case.challenges().any(|c| {
        matches!(Scheme::of(&c.scheme), Scheme::Negotiate | Scheme::Ntlm)
            && c.param("token68").is_some()
    })
}

/// A redirect to a login page that ended where it began, logged in.
fn login_round(case: &Case<'_>) -> Option<Judgement> {
    let (facts, at) = (case.facts, case.at?);
    if facts.answer.outcome != Outcome::Refused(Sign::LoginRedirect)
        || case.says("oauth.")
        || !case.world.is_someone(&facts.client)
        || case.bearer().is_some()
    {
        return None;
    }
    // Somebody who was let in here before lost a session: that is worth a word.
    let before = case.world.let_in_before(&facts.client, &facts.endpoint, at, |_| true);
    if before.is_some() {
        return None;
    }
    let until = at.plus(LOGIN);
    let led = match case.world.let_in(&facts.client, &facts.endpoint, at, until, |_| true) {
        Some(back) => format!("the same client was let in here at {back}"),
        // The way in of somebody new: no session could be over.
        None if case.is_first_visit() => {
            let page = &facts.redirect.as_ref()?.to;
            let shown = case.world.let_in(&facts.client, page, at, until, |_| true)?;
            format!("no session was there before, and the login page was fetched at {shown}")
        }
        None => return None,
    };
    Some(expected(
        "other.handshake",
        Confidence::Inferred,
        vec![
            Evidence::new("the answer redirects to a login page", "response.headers.location"),
            Evidence::new(led, "history"),
        ],
    ))
}

/// An expiry that the client mended at once.
fn mended_expiry(case: &Case<'_>) -> Option<Judgement> {
    let (facts, at) = (case.facts, case.at?);
    if !is_token_refusal(facts) || facts.grant.is_some() || !case.world.is_someone(&facts.client) {
        return None;
    }
    let Some(token) = case.token() else { return mended_unseen(case) };
    lateness(case, token)?;
    let contradicted = case.statement().and_then(|s| s.causes.first()).is_some_and(|cause| {
        !matches!(cause.family(), "time" | "token" | "session" | "state")
            && *cause != "signature.invalid"
    });
    if contradicted || !case.credential()?.oddities.iter().all(super::case::is_legal) {
        return None;
    }
    let refusals = case.world.refusals(token.fingerprint?, facts);
    let first = refusals.first().map_or(at, |(t, _)| *t);
    let earlier: u64 = refusals.iter().take_while(|(t, _)| *t < at).map(|(_, n)| n).sum();
    if earlier >= NORMAL_REFUSALS {
        return None;
    }
    let (when, _) = case.world.succeeded_by(facts, Some(token), first, at.plus(MENDING))?;
    if when < at
        && case
            .world
            .renewals(&facts.client, Some(token))
            .iter()
            .any(|r| r.at.plus(Seconds(2.0)) < at)
    {
        return None;
    }
    let late = lateness(case, token)?;
    // What may not have been over is no end that was mended.
    if !case.says("time.") && case.zone_in_doubt(late).is_some() {
        return None;
    }
    Some(expected(
        "time.expired_recovered",
        Confidence::Inferred,
        vec![
            Evidence::new(format!("`exp` passed {late} before the request"), case.place()),
            Evidence::new(
                format!("a new credential of the same client was let in at {when}"),
                "history",
            ),
        ],
    ))
}

/// The token cannot be seen, the server says expired, a new one is fetched and the call is let in.
fn mended_unseen(case: &Case<'_>) -> Option<Judgement> {
    let (facts, at) = (case.facts, case.at?);
    if !case.says("time.expired") {
        return None;
    }
    let until = at.plus(MENDING);
    let renewals = case.world.renewals(&facts.client, None);
    let renewal = renewals.iter().find(|r| r.at >= at && r.at <= until)?;
    let back = case.world.let_in(&facts.client, &facts.endpoint, renewal.at, until, |_| true)?;
    let refusals = case.world.refusals_at(&facts.client, &facts.endpoint);
    let earlier = refusals.iter().filter(|t| **t < at && at.since(**t).0 <= MENDING.0).count();
    if earlier >= usize::try_from(NORMAL_REFUSALS).unwrap_or(usize::MAX) {
        return None;
    }
    Some(expected(
        "time.expired_recovered",
        Confidence::Inferred,
        vec![
            Evidence::new("the server says that the token expired", "response"),
            Evidence::new(format!("a new token was handed out at {}", renewal.at), "history"),
            Evidence::new(format!("the same call was let in at {back}"), "history"),
        ],
    ))
}
