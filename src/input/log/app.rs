//! Lines that application servers write about requests: uvicorn, hypercorn, gunicorn, werkzeug, Django,
//! Gin, chi.

use std::borrow::Cow;

use super::clf::{head, put_request, quote_in};
use super::extras::extras;
use super::scan::{Rest, said, status};
use super::shape::{bare, client_name};
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::model::{Exchange, Observer, Time};

/// `INFO:     192.0.2.7:59862 - "GET /me HTTP/1.1" 401 Unauthorized`.
pub(super) const UVICORN: Format = Format {
    name: "uvicorn",
    what: "uvicorn and what is written like it",
    observer: Observer::App,
    read: |line, _: &mut Setting| uvicorn(line),
};

/// `[time] [12] [INFO] client - - [time] "GET /me HTTP/1.1" 401 25 ...`, `INFO:werkzeug:client ...`.
pub(super) const LOGGED: Format = Format {
    name: "python",
    what: "access lines behind the level, time and name of a logger (hypercorn, gunicorn, werkzeug)",
    observer: Observer::App,
    read: |line, _: &mut Setting| logged(line),
};

/// `[23/Nov/2026 02:48:11] "GET /me HTTP/1.1" 401 25`.
pub(super) const DJANGO: Format = Format {
    name: "django",
    what: "Django's development server",
    observer: Observer::App,
    read: |line, _: &mut Setting| django(line),
};

/// `[GIN] 2026/11/23 - 02:48:11 | 401 | 12.3µs | 192.0.2.7 | GET "/me"`.
pub(super) const GIN: Format = Format {
    name: "gin",
    what: "the Gin web framework",
    observer: Observer::App,
    read: |line, _: &mut Setting| gin(line),
};

/// `2026/11/23 02:48:11 "GET http://api.example/me HTTP/1.1" from 192.0.2.7:5000 - 401 13B in 41µs`.
pub(super) const CHI: Format = Format {
    name: "chi",
    what: "the chi router's logger",
    observer: Observer::App,
    read: |line, _: &mut Setting| chi(line),
};

fn uvicorn(line: &str) -> Option<Found<'_>> {
    let Some((before, request)) = line.split_once(" - \"") else { return uvicorn_notice(line) };
    let (prefix, client) = before.rsplit_once(' ').unwrap_or(("", before));
    bare(client)?;
    let time = logger(prefix)?;
    let end = quote_in(request, 0)?;
    let mut rest = Rest(request.get(end + 1..)?.strip_prefix(' ')?);
    let mut exchange = Box::new(Exchange {
        time,
        client_ip: Some(client_name(client)),
        status: status(rest.word()?)?,
        ..Exchange::default()
    });
    put_request(&mut exchange, request.get(..end)?);
    // The reason phrase.
    let phrase = rest.0.len() < 40
        && rest.0.bytes().all(|b| b.is_ascii_alphabetic() || b == b' ' || b == b'-');
    (phrase && exchange.method.is_some()).then_some(())?;
    Some(Found::Exchange(exchange))
}

/// What uvicorn says about itself.
fn uvicorn_notice(line: &str) -> Option<Found<'_>> {
    const NOTICES: [&str; 9] = [
        "Started server process",
        "Finished server process",
        "Waiting for",
        "Application startup",
        "Application shutdown",
        "Uvicorn running on",
        "Shutting down",
        "Started reloader process",
        "connection ",
    ];
    let text = line.strip_prefix("INFO: ")?.trim_start();
    NOTICES.iter().any(|notice| text.starts_with(notice)).then_some(Found::Notice)
}

fn logged(line: &str) -> Option<Found<'_>> {
    // The client is the last word before the two dashes of the common format.
    let dashes = line.find(" - - [").or_else(|| line.find(" - - \""))?;
    let before = line.get(..dashes)?;
    let cut = before.rfind([' ', ':'])?;
    // An address has colons too.
    let start = before.rfind(' ').map_or(0, |blank| blank + 1);
    let start = if bare(before.get(start..)?).is_some() { start } else { cut + 1 };
    bare(before.get(start..)?)?;
    let time = logger(line.get(..start)?)?;
    let (mut exchange, rest) = head(line.get(start..)?)?;
    let mut rest = rest;
    let mut agent = rest;
    if super::clf::agent(&mut exchange, &mut agent).is_some() {
        rest = agent;
    }
    extras(&mut exchange, rest)?;
    exchange.time = exchange.time.or(time);
    Some(Found::Exchange(exchange))
}

fn django(line: &str) -> Option<Found<'_>> {
    let mut rest = Rest(line);
    if !line.starts_with('[') {
        for level in ["INFO ", "WARNING ", "ERROR ", "DEBUG "] {
            rest.0 = rest.0.strip_prefix(level).unwrap_or(rest.0);
        }
    }
    let time = parse_time(rest.between('[', ']')?)?;
    let inside = rest.0.strip_prefix('"')?;
    let end = quote_in(inside, 0)?;
    let mut rest = Rest(inside.get(end + 1..)?.strip_prefix(' ')?);
    let mut exchange = Box::new(Exchange {
        time: Some(time),
        status: status(rest.word()?)?,
        ..Exchange::default()
    });
    let _bytes = rest.word().filter(|w| w.bytes().all(|b| b.is_ascii_digit()))?;
    put_request(&mut exchange, inside.get(..end)?);
    (rest.0.is_empty() && exchange.method.is_some()).then_some(Found::Exchange(exchange))
}

fn gin(line: &str) -> Option<Found<'_>> {
    let text = line.strip_prefix("[GIN] ")?;
    let mut parts = text.splitn(5, '|').map(str::trim);
    let (time, code, _took, client, request) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (date, clock) = time.split_once(" - ")?;
    let (method, target) = request.split_once(' ')?;
    let target = target.trim().strip_prefix('"')?.strip_suffix('"')?;
    method.bytes().all(|b| b.is_ascii_uppercase()).then_some(())?;
    Some(Found::Exchange(Box::new(Exchange {
        time: Some(parse_time(&format!("{date} {clock}"))?),
        method: Some(Cow::Borrowed(method)),
        url: Cow::Borrowed(target),
        status: status(code)?,
        client_ip: said(client).map(client_name),
        ..Exchange::default()
    })))
}

fn chi(line: &str) -> Option<Found<'_>> {
    let (stamp, rest) = line.split_once('"')?;
    // A request id in brackets may stand between the time and the request.
    let (stamp, id) = match stamp.trim_end().strip_suffix(']').and_then(|s| s.rsplit_once('[')) {
        Some((stamp, id)) => (stamp, Some(id)),
        None => (stamp, None),
    };
    let time = parse_time(stamp.trim())?;
    let (request, rest) = rest.split_once("\" from ")?;
    let (client, rest) = rest.split_once(" - ")?;
    let mut rest = Rest(rest);
    let code = status(rest.word()?)?;
    let (size, in_word) = (rest.word()?, rest.word()?);
    (size.ends_with('B') && in_word == "in" && rest.word()?.ends_with('s')).then_some(())?;
    let mut exchange = Box::new(Exchange {
        time: Some(time),
        status: code,
        client_ip: said(client).map(client_name),
        request_id: id.map(Cow::Borrowed),
        ..Exchange::default()
    });
    put_request(&mut exchange, request);
    (rest.0.is_empty() && exchange.method.is_some()).then_some(Found::Exchange(exchange))
}

/// Reads what loggers put before a message: a level, a time, names, numbers in brackets. `None` when
/// there is something else, `Some(None)` when it names no time.
#[expect(clippy::option_option, reason = "no such text, or a text without a time")]
fn logger(prefix: &str) -> Option<Option<Time>> {
    let plain = prefix.len() < 160
        && prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b" .:,+-_[]|/#".contains(&b));
    plain.then_some(())?;
    let text = prefix.trim();
    if text.is_empty() {
        return Some(None);
    }
    // A time has a date and a clock: one or two words.
    let start = text.trim_start_matches('[');
    let two = start.match_indices(' ').nth(1).map_or(start, |(end, _)| &start[..end]);
    let three = start.match_indices(' ').nth(2).map_or(start, |(end, _)| &start[..end]);
    let one = start.split(' ').next().unwrap_or(start);
    let time = [three, two, one]
        .into_iter()
        .find_map(|t| parse_time(t.trim_end_matches([']', ',', '-', ' ', '|'])));
    let level = ["INFO", "WARN", "ERROR", "DEBUG", "info", "warn", "error", "debug"];
    (time.is_some() || level.iter().any(|level| text.contains(level))).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::log::exchange_of as read;

    #[test]
    fn uvicorn_has_a_level_a_client_and_a_phrase() {
        let line = r#"INFO:     192.0.2.7:59862 - "GET /me?y=1 HTTP/1.1" 401 Unauthorized"#;
        let found = read(&UVICORN, line).unwrap();
        assert_eq!((found.status, &*found.url, found.time), (Some(401), "/me?y=1", None));
        assert_eq!(found.client_ip.as_deref(), Some("192.0.2.7"));
        let stamped = r#"2026-11-23 02:48:11,123 - uvicorn.access - INFO - 192.0.2.7:5 - "GET / HTTP/1.1" 401"#;
        let found = read(&UVICORN, stamped).unwrap();
        assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:48:11.123Z");
    }

    #[test]
    fn what_uvicorn_says_about_itself_is_a_notice_and_other_messages_are_not_its() {
        let kind = |line| (UVICORN.read)(line, &mut Setting::default());
        assert!(matches!(kind("INFO:     Application startup complete."), Some(Found::Notice)));
        assert!(kind("INFO:     user said - \"GET / HTTP/1.1\" 401").is_none());
        assert!(kind("INFO:     Token expired").is_none());
    }

    #[test]
    fn access_lines_stand_behind_the_words_of_a_logger() {
        let line = r#"[2026-11-23 02:48:11 +0000] [1234] [INFO] 192.0.2.7:5000 - - [23/Nov/2026:02:48:12 +0000] "GET /me 2" 401 25 "-" "curl/8.5.0""#;
        let found = read(&LOGGED, line).unwrap();
        assert_eq!((found.status, found.client_ip.as_deref()), (Some(401), Some("192.0.2.7")));
        let line = r#"INFO:werkzeug:192.0.2.7 - - [23/Nov/2026 02:48:11] "GET /me HTTP/1.1" 401 -"#;
        assert_eq!(read(&LOGGED, line).unwrap().status, Some(401));
        let line = r#"a user wrote: 192.0.2.7 - - [23/Nov/2026 02:48:11] "GET /me HTTP/1.1" 401 -"#;
        assert!(read(&LOGGED, line).is_none());
    }

    #[test]
    fn frameworks_are_read_in_their_own_shape() {
        let table: [(&Format, &str); 3] = [
            (&DJANGO, r#"[23/Nov/2026 02:48:11] "GET /me HTTP/1.1" 401 25"#),
            (
                &GIN,
                r#"[GIN] 2026/11/23 - 02:48:11 | 401 |     12.3µs |       192.0.2.7 | GET      "/me""#,
            ),
            (
                &CHI,
                r#"2026/11/23 02:48:11 "GET /me HTTP/1.1" from 192.0.2.7:5000 - 401 13B in 41.5µs"#,
            ),
        ];
        for (format, line) in table {
            let found = read(format, line).unwrap();
            assert_eq!((found.status, &*found.url), (Some(401), "/me"), "{line}");
            assert_eq!(found.method.as_deref(), Some("GET"));
            assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:48:11Z");
            assert!(read(format, &format!("{line} more")).is_none(), "{line}");
        }
    }
}
