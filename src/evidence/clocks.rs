//! Clocks of an exchange: by how much the server's and the issuer's are ahead of the recorder's.
//!
//! All offsets are taken at the moment the server may have written its time: the start of the request
//! plus what blocking, connecting, sending and waiting took. Only a capture made beside the client has
//! a clock of its own; a server's log has the server's.

use std::sync::Arc;

use crate::model::{
    Answer, At, Credential, Disagreement, Exchange, Observer, Seconds, Token, Told,
};

use super::grants::HandedOut;
use super::request::{Answered, http_date};

/// Whole seconds and the way of an answer make two equal times differ by less than this.
const SAME: Seconds = Seconds(2.0);

/// What one exchange tells of clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Offsets {
    /// Server minus capture, from an uncached `Date` (cut to whole seconds, not rounded).
    pub(super) date: Option<Seconds>,
    /// Server minus capture, from a message that prints the server's time.
    pub(super) told: Option<Seconds>,
    /// Issuer minus capture, from a token that the answer hands out.
    pub(super) issuer: Option<Seconds>,
}

/// Reads the offsets of the clocks.
pub(super) fn offsets(
    exchange: &Exchange<'_>,
    answered: &Answered<'_>,
    answer: &Answer,
    handed: &HandedOut,
) -> Offsets {
    let near = matches!(exchange.observer, Observer::Client | Observer::Proxy);
    if !near || exchange.from_cache || answered.cached || exchange.status.is_none_or(|s| s == 304) {
        return Offsets::default();
    }
    let Some(answered_at) = answered_at(exchange) else { return Offsets::default() };
    Offsets {
        date: answered.date.and_then(http_date).and_then(|date| ahead(date, exchange)),
        told: answer.server_time.map(|now| now.since(answered_at)),
        issuer: issuer(handed, answered_at),
    }
}

/// Returns by how much a clock that said `date` as it answered is ahead of the recorder's.
pub(super) fn ahead(date: At, exchange: &Exchange<'_>) -> Option<Seconds> {
    Some(date.since(answered_at(exchange)?))
}

/// Returns when the server wrote its answer, by the recorder's clock; a time whose zone is only assumed
/// is no clock, and the answer's own `Date` is not the recorder's.
fn answered_at(exchange: &Exchange<'_>) -> Option<At> {
    let time = exchange.time.filter(|time| !time.zone_assumed && !exchange.time_of_answer)?;
    let waited = exchange.until_answer_ms.filter(|ms| ms.is_finite() && *ms >= 0.0).unwrap_or(0.0);
    Some(time.at.plus(Seconds(waited / 1000.0)))
}

/// Returns how far the issuer's clock is ahead: the issuer wrote `iat` now, and `exp` is `expires_in`
/// from now.
///
/// Some set `iat` back on purpose, and some hand out a token that they made before: of two readings the
/// one nearer to the recorder's clock counts.
fn issuer(handed: &HandedOut, answered_at: At) -> Option<Seconds> {
    let token = handed.tokens.first()?;
    let issued = handed.issued.as_ref()?;
    let iat = token.iat.as_ref().and_then(crate::model::NumericDate::in_seconds);
    #[expect(clippy::cast_precision_loss, reason = "a life is far below 2^52 seconds")]
    let by_life = issued
        .expires_in
        .filter(|life| *life > 0 && issued.access == token.fingerprint)
        .and_then(|life| Some(token.expires()?.plus(Seconds(-(life as f64)))));
    let nearest = [iat, by_life].into_iter().flatten().map(|at| at.since(answered_at));
    nearest.min_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))
}

/// Holds the times that the answer names against the judged token.
pub(super) fn disagreement(
    exchange: &Exchange<'_>,
    answer: &Answer,
    credentials: &[Arc<Credential>],
    tokens: &[Arc<Token>],
) -> Disagreement {
    let mut out = Disagreement::default();
    let Told { exp, start, late_ms, early_ms } = answer.told;
    if answer.told == Told::default() && answer.server_time.is_none() {
        return out;
    }
    let judged = credentials.first().and_then(|c| c.token);
    let token = tokens.iter().find(|t| judged.is_some() && t.fingerprint == judged);
    let Some(token) = token else { return out };
    let own_exp = token.expires();
    let own_starts: Vec<At> =
        [&token.nbf, &token.iat].iter().filter_map(|d| d.as_ref()?.in_seconds()).collect();
    let other = |named: &At, own: &[At]| {
        !own.is_empty() && own.iter().all(|at| named.since(*at).0.abs() > SAME.0)
    };
    out.exp = exp.filter(|named| other(named, own_exp.as_slice()));
    out.start = start.filter(|named| other(named, &own_starts));
    let Some(now) = answered_at(exchange) else { return out };
    #[expect(clippy::cast_precision_loss, reason = "spans are far below 2^52 milliseconds")]
    let span = |ms: i64| Seconds(ms as f64 / 1000.0);
    let late = late_ms.zip(own_exp).map(|(ms, exp)| exp.plus(span(ms)));
    // `iat` or `nbf`: the one that lies further ahead is what the verifier minded.
    let latest = own_starts.iter().max();
    let early = early_ms.zip(latest).map(|(ms, start)| start.plus(span(ms.saturating_neg())));
    out.minutes = answer.server_time.or(late).or(early).and_then(|server| {
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
        let minutes = (server.since(now).0 / 60.0).round() as i32;
        (minutes != 0).then_some(minutes)
    });
    out.printed = out.minutes.is_some() && answer.server_time.is_some();
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Fingerprint, Issued, NumericDate, Time, Unit};

    const START: i64 = 1_767_261_600;

    fn exchange() -> Exchange<'static> {
        let time = Time { at: At::from_secs(START), digits: 3, zone_assumed: false };
        Exchange {
            time: Some(time),
            status: Some(200),
            until_answer_ms: Some(500.0),
            ..Exchange::default()
        }
    }

    fn date(secs: i64) -> NumericDate {
        let at = Some(At::from_secs(START + secs));
        NumericDate::new(at, Unit::Seconds, true, (START + secs).to_string())
    }

    fn handed(iat: i64, exp: i64, expires_in: Option<i64>) -> HandedOut {
        let mark = Some(Fingerprint::of_bytes("test", b"a"));
        let token = Token {
            fingerprint: mark,
            iat: Some(date(iat)),
            exp: Some(date(exp)),
            ..Token::default()
        };
        HandedOut {
            issued: Some(Issued { access: mark, expires_in, ..Issued::default() }),
            tokens: vec![Arc::new(token)],
            secrets: Vec::new(),
        }
    }

    fn ahead(iat: i64, exp: i64, expires_in: Option<i64>) -> Option<f64> {
        let answered = Answered::default();
        let offsets =
            offsets(&exchange(), &answered, &Answer::default(), &handed(iat, exp, expires_in));
        offsets.issuer.map(|s| s.0)
    }

    #[test]
    fn the_issuers_clock_is_read_at_the_answer() {
        assert_eq!(ahead(40, 340, Some(300)), Some(39.5));
        assert_eq!(ahead(40, 340, None), Some(39.5));
    }

    #[test]
    fn a_time_taken_from_the_answer_is_no_clock_to_compare_it_with() {
        let mut exchange = exchange();
        let value = "Thu, 01 Jan 2026 10:00:00 GMT".into();
        exchange.response_headers.push(crate::model::Header { name: "Date".into(), value });
        let read = |exchange: &Exchange<'_>| {
            let answered = Answered::of(exchange);
            offsets(exchange, &answered, &Answer::default(), &handed(40, 340, None))
        };
        assert!(read(&exchange).date.is_some());
        exchange.time_of_answer = true;
        assert_eq!(read(&exchange), Offsets::default());
    }

    #[test]
    fn an_iat_that_was_set_back_is_no_slow_clock() {
        assert_eq!(ahead(-300, 3600, Some(3600)), Some(-0.5));
        assert_eq!(ahead(0, 900, Some(3600)), Some(-0.5));
    }

    #[test]
    fn a_servers_log_and_a_cached_answer_tell_no_clock() {
        let answer = Answer { server_time: Some(At::from_secs(START + 60)), ..Answer::default() };
        let read = |exchange: &Exchange<'_>, answered: &Answered<'_>| {
            offsets(exchange, answered, &answer, &handed(40, 340, None))
        };
        let seen = read(&exchange(), &Answered::default());
        assert_eq!(seen.told.map(|s| s.0), Some(59.5));
        let log = Exchange { observer: Observer::Gateway, ..exchange() };
        assert_eq!(read(&log, &Answered::default()), Offsets::default());
        let time = exchange().time.map(|time| Time { zone_assumed: true, ..time });
        let zoneless = Exchange { time, ..exchange() };
        assert_eq!(read(&zoneless, &Answered::default()), Offsets::default());
        let cached = Exchange { from_cache: true, ..exchange() };
        assert_eq!(read(&cached, &Answered::default()), Offsets::default());
        let mut stored = Answered::default();
        stored.cached = true;
        assert_eq!(read(&exchange(), &stored), Offsets::default());
    }
}
