//! Clocks that are off: what the measured skews explain, with their numbers.
//!
//! Three clocks take part: the verifier's (the host), the issuer's and the recorder's of the capture.
//! In a server's log the recorder is the verifier. A token that both servers find over is over, whatever
//! the client's clock says; what only one of them finds over is a difference of clocks.

use super::case::{Candidate, Case};
use crate::model::{At, Confidence, Evidence, Seconds, Token};
use crate::world::{ClockSource, Skew};

/// A token is new this long after it was handed out.
const NEW: Seconds = Seconds(60.0);
/// Two clocks read in whole seconds, and the way to the server, may differ by this much unseen.
const EDGE: Seconds = Seconds(2.0);

/// Puts the measured clock beside what the server calls a skew.
pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    let Some(skew) = case.skew() else { return Vec::new() };
    ["time.clock_skew", "sigv4.skew", "reqsig.skew", "sigv4.expired_url"]
        .into_iter()
        .filter(|cause| case.says(cause))
        .map(|cause| Candidate::inferred(cause, of_host(case, skew), skew.source.place()))
        .collect()
}

/// Returns the candidate for a token that is over by the host's clock, when a clock explains it.
pub(super) fn late(case: &Case<'_>, token: &Token, exp: At, at: At) -> Option<Candidate> {
    let alive_here = at.since(exp).0 < 0.0;
    if alive_here && (case.says("time.") || case.can_mean("time.expired")) {
        let skew = case.skew()?;
        if issuer_agrees(case, token, skew) {
            // It lived its life on both servers; the recorder's clock is the one that is off.
            return None;
        }
        let fact = format!("`exp` lies {} ahead by the capture's clock", exp.since(at));
        let candidate = Candidate::inferred("time.clock_skew", fact, &case.place())
            .and(of_host(case, skew), skew.source.place());
        return Some(with_issuer(case, token, candidate));
    }
    on_arrival(case, token, exp, at)
}

/// Returns the words for a token that is over by the host's clock and alive by the capture's.
pub(super) fn only_here(case: &Case<'_>, exp: At, at: At) -> Option<Evidence> {
    let left = exp.since(at);
    let skew = case.skew().filter(|_| left.0 > 0.0)?;
    let fact = format!("by the capture's clock it lies {left} ahead: {}", of_host(case, skew));
    Some(Evidence::new(fact, skew.source.place()))
}

/// A token that was over when it was handed out: its issuer's clock runs behind.
fn on_arrival(case: &Case<'_>, token: &Token, exp: At, at: At) -> Option<Candidate> {
    let issued = token.fingerprint.and_then(|mark| case.world.issued_at(mark))?;
    let issuer = issuer(case, token).filter(|issuer| issuer.median.0 < 0.0)?;
    let host = case.skew().map_or(Seconds(0.0), |skew| skew.median);
    let left = exp.since(issued.plus(host));
    let new = at.since(issued).0 <= NEW.0;
    (new && left.0 <= EDGE.0).then(|| {
        let fact = if left.0 <= 0.0 {
            "the token was expired when it was issued".to_owned()
        } else {
            format!("the token had {left} to live when it was issued")
        };
        let candidate = Candidate::inferred("time.clock_skew", fact, "history");
        with_host(case, candidate).and(of_issuer(case, token, issuer), "history")
    })
}

/// A token that is alive by the host's clock and called expired.
pub(super) fn alive(case: &Case<'_>, token: &Token, exp: At, at: At) -> Option<Candidate> {
    if !case.says("time.expired") {
        return None;
    }
    let raw_late = at.since(exp);
    let place = case.place();
    if raw_late.0 >= 0.0 {
        // The capture's clock says expired, the host's says alive: one of the two is not the verifier's.
        let skew = case.skew()?;
        let fact =
            format!("by the host's clock `exp` lies {} ahead", exp.since(at.plus(skew.median)));
        let candidate = Candidate::inferred("time.clock_skew", fact, "history")
            .and(of_host(case, skew), skew.source.place());
        return Some(with_issuer(case, token, candidate));
    }
    let left = exp.since(case.judged_at()?);
    let told = case.facts.disagreement.get();
    if let Some(minutes) = told.minutes.filter(|_| told.printed && told.exp.is_none())
        && f64::from(minutes).mul_add(60.0, 30.0) >= -raw_late.0
    {
        let fact = format!("`exp` lies {left} after the request");
        let candidate = Candidate::inferred("time.clock_skew", fact, &place);
        return Some(with_issuer(case, token, candidate));
    }
    let margin = case.measured().map_or(EDGE, |skew| skew.margin());
    if left.0 <= margin.0 && told.exp.is_none() {
        let fact = format!(
            "`exp` lies {left} after the request, less than what clocks and the way to the server differ by"
        );
        return Some(Candidate::inferred("time.expired", fact, &place));
    }
    None
}

/// Returns the candidate for a token whose `name` lies `ahead` of the host's clock, when clocks explain
/// it.
pub(super) fn early(
    case: &Case<'_>,
    token: &Token,
    (name, start): (&str, At),
    ahead: Seconds,
) -> Option<Candidate> {
    let at = case.at?;
    // Many verifiers do not look at `iat` at all.
    let doubt = name == "iat" && !case.says("time.");
    let sure = if doubt { Confidence::Suspected } else { Confidence::Inferred };
    if start.since(at).0 <= 0.0 {
        // Only the host's clock makes it early.
        let skew = case.skew()?;
        let fact = format!("`{name}` lies {ahead} ahead of the clock of {}", case.host());
        let candidate = Candidate::inferred("time.clock_skew", fact, &case.place())
            .and(of_host(case, skew), skew.source.place());
        return Some(with_issuer(case, token, candidate).at(sure));
    }
    let issuer = issuer(case, token)?;
    let host = case.skew();
    let host_ahead = host.map_or(0.0, |skew| skew.median.0);
    let margin = issuer.margin().0 + host.map_or(0.0, |skew| skew.spread.0);
    if ahead.0 > issuer.median.0 - host_ahead + margin {
        return None;
    }
    let fact = format!("`{name}` lies {ahead} after the request by the host's clock");
    let candidate = Candidate::inferred("time.clock_skew", fact, &case.place());
    Some(with_host(case, candidate).and(of_issuer(case, token, issuer), "history").at(sure))
}

/// A token that has begun by the host's clock and is called early.
pub(super) fn begun(case: &Case<'_>, (name, start): (&str, At)) -> Option<Candidate> {
    if !case.says("time.not_yet_valid") && !case.says("time.clock_skew") {
        return None;
    }
    let since = case.judged_at()?.since(start);
    let told = case.facts.disagreement.get();
    let behind = told.minutes.filter(|m| told.printed && *m < 0 && told.start.is_none());
    let margin = case.measured().map_or(EDGE, |skew| skew.margin());
    let printed = behind.is_some_and(|m| f64::from(-m).mul_add(60.0, 30.0) >= since.0);
    (printed || since.0 <= margin.0).then(|| {
        let fact = format!("`{name}` lies only {since} before the request");
        Candidate::inferred("time.clock_skew", fact, &case.place())
            .and("a verifier whose clock is that little behind calls it early", "response")
    })
}

/// Returns the words for a token that is used before it was made, which only a fast issuer's clock (or
/// a wrong zone) can do.
pub(super) fn made_ahead(token: &Token, at: At) -> Option<String> {
    let iat = token.iat.as_ref()?.in_seconds()?;
    let ahead = iat.since(at);
    (ahead.0 > 0.0).then(|| {
        format!(
            "`iat` lies {ahead} after the request: the issuer's clock is at least that far ahead"
        )
    })
}

/// Returns what the times that the answer names say against the token and the clocks.
pub(super) fn disagreement(case: &Case<'_>) -> Vec<Evidence> {
    let told = case.facts.disagreement.get();
    let mut facts = Vec::new();
    let Some(token) = case.token() else { return facts };
    let mut add = |fact: String| facts.push(Evidence::new(fact, "response"));
    if let (Some(named), Some(own)) = (told.exp, token.expires()) {
        add(format!(
            "the server says that the token ended at {named}, the `exp` of this one is {own}: it judged another token"
        ));
    }
    if let Some(named) = told.start {
        add(format!(
            "the server names {named} as the token's start, this token has another: it judged another token"
        ));
    }
    let measured = case.skew().map_or(0.0, |skew| skew.median.0);
    let Some(minutes) = told.minutes else { return facts };
    let seconds = f64::from(minutes) * 60.0;
    let way = if minutes < 0 { "behind" } else { "ahead of" };
    let span = Seconds(seconds.abs());
    if told.printed {
        add(format!("the time that the server prints is about {span} {way} the capture's clock"));
    } else if (seconds - measured).abs() > 60.0 && told.exp.is_none() && told.start.is_none() {
        add(format!(
            "the span that the server names needs a clock {span} {way} the capture's, or another token"
        ));
    }
    facts
}

/// Returns whether the issuer's clock is that of the host rather than the recorder's.
fn issuer_agrees(case: &Case<'_>, token: &Token, host: Skew) -> bool {
    let nearer = |ahead: f64| (ahead - host.median.0).abs() <= host.margin().0;
    if let Some(issuer) = case.world.issuer_skew(&case.facts.client, token) {
        return nearer(issuer.median.0);
    }
    // A token cannot be used before it was made: its `iat` ahead of its first use is the issuer's clock
    // at the least.
    let Some(iat) = token.iat.as_ref().and_then(crate::model::NumericDate::in_seconds) else {
        return false;
    };
    let first = token.fingerprint.and_then(|mark| case.world.first_sight(mark, &case.facts.client));
    first.or(case.at).is_some_and(|first| nearer(iat.since(first).0))
}

/// Returns the issuer's clock where it is more than noise.
fn issuer(case: &Case<'_>, token: &Token) -> Option<Skew> {
    case.world.issuer_skew(&case.facts.client, token).filter(Skew::is_real)
}

fn with_host(case: &Case<'_>, candidate: Candidate) -> Candidate {
    match case.measured() {
        Some(skew) => candidate.and(of_host(case, skew), skew.source.place()),
        None => candidate,
    }
}

fn with_issuer(case: &Case<'_>, token: &Token, candidate: Candidate) -> Candidate {
    match case.world.issuer_skew(&case.facts.client, token) {
        Some(skew) => candidate.and(of_issuer(case, token, skew), "history"),
        None => candidate,
    }
}

/// `the clock of api.example is 5 m ahead of the capture's (±0.5 s, 9 answers)`.
fn of_host(case: &Case<'_>, skew: Skew) -> String {
    against(&format!("the clock of {}", case.host()), skew)
}

fn of_issuer(case: &Case<'_>, token: &Token, skew: Skew) -> String {
    let name = case.world.maker(token).unwrap_or("the issuer");
    let fact = against(&format!("the clock of issuer `{name}`"), skew);
    let host = case.measured().map_or(0.0, |host| host.median.0);
    let apart = skew.median.0 - host;
    if apart.abs() <= EDGE.0 {
        return fact;
    }
    let way = if apart < 0.0 { "behind" } else { "ahead of" };
    format!("{fact}, so {} {way} the verifier's", Seconds(apart.abs()))
}

fn against(clock: &str, skew: Skew) -> String {
    let noun = if skew.source == ClockSource::Issue { "token" } else { "answer" };
    let plural = if skew.samples == 1 { "" } else { "s" };
    let (median, spread, samples) = (skew.median, skew.spread, skew.samples);
    if !skew.is_real() {
        return format!("{clock} agrees with the capture's (±{spread}, {samples} {noun}{plural})");
    }
    let way = if median.0 < 0.0 { "behind" } else { "ahead of" };
    let span = Seconds(median.0.abs());
    format!("{clock} is {span} {way} the capture's (±{spread}, {samples} {noun}{plural})")
}
