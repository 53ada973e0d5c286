//! `KrakenD`'s own log, beside its access lines: which endpoint refused a token, and why.
//!
//! It tells so only where the validator's `operation_debug` is on; the access lines are those of Gin.

use std::borrow::Cow;

use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::model::{Exchange, Observer, Time};

/// `[KRAKEND] 2026/11/23 - 02:29:33.413 ▶ ERROR [ENDPOINT: /me][JWTValidator] ...`, and with the module
/// behind the time.
pub(super) const KRAKEND: Format = Format {
    name: "krakend",
    what: "KrakenD's log: tokens that its validator refused",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| read(line),
};

/// Levels as they are written, cut at six letters or in full.
const LEVELS: [&str; 8] =
    ["DEBUG", "INFO", "WARN", "WARNIN", "WARNING", "ERROR", "CRITIC", "CRITICAL"];

fn read(line: &str) -> Option<Found<'_>> {
    let (time, message) = arrowed(line).or_else(|| dated(line))?;
    let Some(exchange) = refused(message) else { return Some(Found::Notice) };
    Some(Found::Exchange(Box::new(Exchange { time: Some(time), ..exchange })))
}

/// Splits `[KRAKEND] 2026/11/23 - 02:29:33.413 ▶ ERROR message`.
fn arrowed(line: &str) -> Option<(Time, &str)> {
    let (module, rest) = line.strip_prefix('[')?.split_once("] ")?;
    let (stamp, rest) = rest.split_once(" ▶ ")?;
    let (date, clock) = stamp.split_once(" - ")?;
    let (level, message) = rest.split_once(' ')?;
    (!module.contains(' ') && LEVELS.contains(&level)).then_some(())?;
    Some((parse_time(&format!("{date} {clock}"))?, message.trim_start()))
}

/// Splits `2026/11/23 02:29:33 KRAKEND ERROR: message`.
fn dated(line: &str) -> Option<(Time, &str)> {
    let stamp = line.get(..19).filter(|stamp| stamp.as_bytes().get(4) == Some(&b'/'))?;
    let (module, rest) = line.get(19..)?.strip_prefix(' ')?.split_once(' ')?;
    let (level, message) = rest.split_once(": ")?;
    (module == "KRAKEND" && LEVELS.contains(&level)).then_some(())?;
    Some((parse_time(stamp)?, message))
}

/// Reads the message of the validator; `None` when it tells of no refusal.
///
/// The endpoint is the pattern in the configuration, not the path that was asked for.
pub(in crate::input) fn refused(message: &str) -> Option<Exchange<'_>> {
    let (endpoint, told) = message.strip_prefix("[ENDPOINT: ")?.split_once("][JWTValidator] ")?;
    let reason = match told.strip_prefix("Unable to validate the token: ") {
        Some(reason) => reason,
        None if told.starts_with("Token sent by client ") => told,
        None => return None,
    };
    let path = endpoint.strip_prefix("GET ").unwrap_or(endpoint);
    Some(Exchange {
        url: Cow::Borrowed(path),
        reasons: vec![(Cow::Borrowed("jwtvalidator"), Cow::Borrowed(reason))],
        observer: Observer::Gateway,
        ..Exchange::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Option<String> {
        match read(line)? {
            Found::Exchange(found) => {
                let reason = found.reasons.first().map_or("", |(_, text)| text);
                Some(format!("{} {} {reason}", found.time.unwrap(), found.url))
            }
            _ => Some("message".into()),
        }
    }

    #[test]
    fn the_validator_tells_which_endpoint_refused_and_why() {
        let message =
            "[ENDPOINT: /users/:id][JWTValidator] Unable to validate the token: Token is expired";
        assert_eq!(
            told(&format!("[KRAKEND] 2026/11/23 - 02:29:33.413 ▶ ERROR {message}")).as_deref(),
            Some("2026-11-23T02:29:33.413Z /users/:id Token is expired")
        );
        assert_eq!(
            told(&format!("2026/11/23 02:29:33 KRAKEND ERROR: {message}")).as_deref(),
            Some("2026-11-23T02:29:33Z /users/:id Token is expired")
        );
    }

    #[test]
    fn other_messages_are_notices_and_other_lines_are_left_alone() {
        for line in [
            "[KRAKEND] 2026/11/23 - 02:29:33.413 ▶ INFO [ENDPOINT: /me][JWTValidator] Validator disabled for this endpoint",
            "2026/11/23 02:29:33 KRAKEND INFO: Starting the KrakenD instance",
        ] {
            assert_eq!(told(line).as_deref(), Some("message"), "{line}");
        }
        for line in [
            "2026/11/23 02:29:33 main ERROR: [ENDPOINT: /me][JWTValidator] Unable to validate the token: x",
            "[KRAKEND] yesterday ▶ ERROR x",
            "[GIN] 2026/11/23 - 02:48:11 | 401 | 1ms | 192.0.2.7 | GET \"/me\"",
        ] {
            assert_eq!(told(line), None, "{line}");
        }
    }
}
