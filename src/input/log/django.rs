//! Messages of Django about requests that it refused, as a configured logger writes them.
//!
//! The development server writes an access line behind such a message, which then has no time: it is
//! part of that line. One with a time stands for a request by itself.

use std::borrow::Cow;

use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::model::{Exchange, Observer};

/// `WARNING 2026-11-23 02:48:13,311 log 12 140 Unauthorized: /api/me`.
pub(super) const REQUEST: Format = Format {
    name: "django request",
    what: "Django's messages about refused requests (django.request, django.security)",
    observer: Observer::App,
    read: |line, _: &mut Setting| read(line),
};

/// What Django says of an answer, and its status.
const ANSWERS: [(&str, u16); 7] = [
    ("Bad Request", 400),
    ("Unauthorized", 401),
    ("Forbidden", 403),
    ("Not Found", 404),
    ("Method Not Allowed", 405),
    ("Too Many Requests", 429),
    ("Internal Server Error", 500),
];

fn read(line: &str) -> Option<Found<'_>> {
    // `Method Not Allowed (GET): /a` has its method before the path, `Forbidden (CSRF ...): /a` a reason.
    let (told, target) = line.rsplit_once(": ")?;
    (target.starts_with('/') && !target.contains(' ')).then_some(())?;
    let (told, detail) = match told.strip_suffix(')') {
        // The reasons have brackets and points of their own.
        Some(inside) => inside.split_once(" (").map(|(told, detail)| (told, Some(detail)))?,
        None => (told, None),
    };
    let (phrase, status) = ANSWERS.into_iter().find(|(phrase, _)| told.ends_with(phrase))?;
    let head = told.strip_suffix(phrase)?;
    if head.is_empty() {
        return Some(Found::Notice);
    }
    let time = stamp(head.strip_suffix([' ', ':'])?)?;
    let mut exchange = Exchange {
        time: Some(time),
        url: Cow::Borrowed(target),
        status: Some(status),
        ..Exchange::default()
    };
    match detail {
        Some(method) if status == 405 => exchange.method = Some(Cow::Borrowed(method)),
        Some(detail) => exchange.reasons.push((Cow::Borrowed("error"), Cow::Borrowed(detail))),
        None => {}
    }
    Some(Found::Exchange(Box::new(exchange)))
}

/// Finds the time among a logger's words: a level, a time, names, numbers.
fn stamp(head: &str) -> Option<crate::model::Time> {
    let plain = head.len() < 120
        && head.bytes().all(|b| b.is_ascii_alphanumeric() || b" .:,+-_[]|/".contains(&b));
    plain.then_some(())?;
    let level = ["WARNING", "ERROR"].iter().any(|level| head.contains(level));
    let start = head.find(|c: char| c.is_ascii_digit())?;
    let rest = head.get(start..)?;
    let end = rest.match_indices([' ', ']', '|']).nth(1).map_or(rest.len(), |(at, _)| at);
    level.then(|| parse_time(rest.get(..end)?.trim_end_matches([']', ' ', '-', ','])))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::log::exchange_of;

    #[test]
    fn a_message_with_a_time_is_a_request() {
        let line = "WARNING 2026-11-23 02:48:13,311 log 1234 140 Unauthorized: /api/me";
        let found = exchange_of(&REQUEST, line).unwrap();
        assert_eq!((found.status, &*found.url), (Some(401), "/api/me"));
        assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:48:13.311Z");
        let line = "[2026-11-23 02:48:13,311] WARNING [django.security.csrf:230] Forbidden (CSRF cookie not set.): /form";
        let found = exchange_of(&REQUEST, line).unwrap();
        assert_eq!((found.status, found.reasons.len()), (Some(403), 1));
        assert_eq!(found.reasons[0].1, "CSRF cookie not set.");
        let line = "ERROR 2026-11-23 02:48:13,311 Internal Server Error: /api/me";
        assert_eq!(exchange_of(&REQUEST, line).unwrap().status, Some(500));
    }

    #[test]
    fn the_development_server_writes_the_request_behind_it() {
        for line in ["Unauthorized: /api/me", "Forbidden (CSRF token missing.): /form"] {
            assert!(matches!(read(line), Some(Found::Notice)), "{line}");
        }
    }

    #[test]
    fn words_of_others_are_not_djangos() {
        for line in [
            "2026-11-23 02:48:13,311 user wrote Unauthorized: /api/me",
            "WARNING 2026-11-23 02:48:13,311 Unauthorized: the token",
            "WARNING Unauthorized: /api/me",
            "error: Forbidden: see /docs and more",
        ] {
            assert!(read(line).is_none(), "{line}");
        }
    }
}
