//! Common and combined lines with more fields behind them, taken for what they look like.

use memchr::memmem;

use super::clf::{agent, field, head, quote_in};
use super::scan::{Rest, request_line};
use super::shape::{take, take_named};
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::model::{Exchange, Observer};

/// `... "referer" "user agent" "Bearer ..." 0.004 request_id="..."`.
pub(super) const COMBINED: Format = Format {
    name: "combined+",
    what: "the combined log format with more fields: credentials, challenges and ids by their shape",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| {
        let (mut exchange, mut rest) = head(line)?;
        agent(&mut exchange, &mut rest)?;
        extras(&mut exchange, rest)?;
        Some(Found::Exchange(exchange))
    },
};

/// `... "request" status bytes 4386 "..."`.
pub(super) const COMMON: Format = Format {
    name: "common+",
    what: "the common log format with more fields",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| {
        let (mut exchange, rest) = head(line)?;
        extras(&mut exchange, rest)?;
        Some(Found::Exchange(exchange))
    },
};

/// Fields behind the known ones; more are no log of requests.
const MOST: usize = 48;
/// Brackets before quotes that are looked at.
const MOST_TIMES: usize = 8;

/// Reads fields up to the end of the line.
///
/// A word whose meaning depends on its place (a number may be a status, a duration or a size) is left
/// out: `--input-format` says what it is.
pub(super) fn extras<'a>(exchange: &mut Exchange<'a>, mut rest: Rest<'a>) -> Option<()> {
    if holds_another(rest.0) {
        return None;
    }
    for _ in 0..MOST {
        if rest.0.is_empty() {
            return Some(());
        }
        if rest.0.starts_with('"') {
            let value = field(&mut rest)?;
            match value.split_once('=').filter(|(name, _)| is_key(name)) {
                Some((name, value)) if take_named(exchange, name, value) => {}
                _ => take(exchange, value),
            }
        } else if rest.0.starts_with('[') {
            take(exchange, rest.between('[', ']')?);
        } else {
            word(exchange, &mut rest)?;
        }
    }
    None
}

/// Returns whether a time and a request line stand in the text, as they do at the beginning of a line.
///
/// Where a writer does not escape quotes, a client can put either pair into its name or its agent: which
/// of the two is the server's own is not known.
fn holds_another(text: &str) -> bool {
    memmem::find_iter(text.as_bytes(), b"] \"").take(MOST_TIMES).any(|at| {
        let (before, after) = (text.get(..at), text.get(at + 3..));
        let stamp = before.and_then(|text| text.get(text.rfind('[')? + 1..));
        let line = after.and_then(|text| text.split('"').next());
        stamp.and_then(parse_time).is_some() && line.and_then(request_line).is_some()
    })
}

/// `0.004`, `rt=0.004`, `request_id="..."`, `kong_request_id: "..."`.
fn word<'a>(exchange: &mut Exchange<'a>, rest: &mut Rest<'a>) -> Option<()> {
    let end = rest.0.find([' ', '"']).unwrap_or(rest.0.len());
    let (head, tail) = rest.0.split_at(end);
    if let (Some(name), true) = (head.strip_suffix('='), tail.starts_with('"')) {
        rest.0 = tail;
        let value = field(rest)?;
        if !take_named(exchange, name, value) {
            take(exchange, value);
        }
        return Some(());
    }
    if tail.starts_with('"') {
        // A quote inside a word: it goes on to the end of the quoted part.
        let close = end + 1 + quote_in(tail.get(1..)?, 0)?;
        let after = rest.0.get(close + 1..)?;
        (after.is_empty() || after.starts_with(' ')).then_some(())?;
        rest.0 = after.trim_start_matches(' ');
        return Some(());
    }
    rest.0 = tail.trim_start_matches(' ');
    if let Some(name) = head.strip_suffix(':').filter(|name| is_key(name)) {
        let value = if rest.0.starts_with('"') { field(rest)? } else { rest.word()? };
        if !take_named(exchange, name, value) {
            take(exchange, value);
        }
        return Some(());
    }
    match head.split_once('=').filter(|(name, _)| is_key(name)) {
        Some((name, value)) if take_named(exchange, name, value) => {}
        Some((_, value)) => take(exchange, value),
        None => take(exchange, head),
    }
    Some(())
}

fn is_key(name: &str) -> bool {
    name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && name.len() <= 40
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Visibility;

    const HEAD: &str =
        r#"192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] "GET /me HTTP/1.1" 401 25 "-" "curl/8.5.0""#;

    fn read(line: &str) -> Option<Exchange<'_>> {
        let found = [COMBINED, COMMON].iter().find_map(|f| (f.read)(line, &mut Setting::default()));
        match found? {
            Found::Exchange(found) => Some(*found),
            _ => None,
        }
    }

    #[test]
    fn credentials_challenges_and_ids_are_known_by_their_shape() {
        let line = format!(
            r#"{HEAD} "Bearer  \x22q\x22 eyJhbGciOiJub25lIn0.e30.c2ln" "Bearer realm=\x22api\x22, error=\x22invalid_token\x22" 401 0.001 7805c9d1c606c27d898f98f6c4d2e631"#
        );
        let found = read(&line).unwrap();
        assert_eq!(
            found.request_header("authorization"),
            Some("Bearer  \"q\" eyJhbGciOiJub25lIn0.e30.c2ln")
        );
        assert_eq!(
            found.response_header("www-authenticate"),
            Some("Bearer realm=\"api\", error=\"invalid_token\"")
        );
        assert_eq!(found.request_id.as_deref(), Some("7805c9d1c606c27d898f98f6c4d2e631"));
        assert_eq!(found.request_visibility, Visibility::Partial);
        // A number alone may be anything.
        assert!(found.reasons.is_empty());
    }

    #[test]
    fn a_dash_shows_no_field_to_be_missing() {
        let line = format!(r#"{HEAD} "-" "-" 5028 -"#);
        let found = read(&line).unwrap();
        assert_eq!(found.request_visibility, Visibility::None);
        assert!(found.request_headers.is_empty());
    }

    #[test]
    fn named_fields_are_taken_by_their_names() {
        let line = format!(
            r#"{HEAD} "203.0.113.5, 10.0.0.1" rt=0.010 us="403" ua="10.0.0.2:80" kong_request_id: "01ab" host=api.example"#
        );
        let found = read(&line).unwrap();
        assert_eq!(found.reasons, [("upstream_status".into(), "403".into())]);
        assert_eq!(found.request_id.as_deref(), Some("01ab"));
        assert_eq!(found.host.as_deref(), Some("api.example"));
        assert_eq!(found.server.as_deref(), Some("10.0.0.2"));
        assert_eq!(found.request_header("x-forwarded-for"), Some("203.0.113.5, 10.0.0.1"));
        assert_eq!(found.client_ip.as_deref(), Some("192.0.2.7"));
    }

    #[test]
    fn a_format_may_log_the_credential_in_the_place_of_the_referer() {
        let line = r#"192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] "GET /me HTTP/1.1" 401 25 "Basic dTpw" 4386"#;
        let found = read(line).unwrap();
        assert_eq!(found.request_header("authorization"), Some("Basic dTpw"));
        assert_eq!(found.user_agent, None);
    }

    #[test]
    fn what_is_open_or_endless_is_no_such_line() {
        assert!(read(&format!("{HEAD} \"open")).is_none());
        assert!(read(&format!("{HEAD} {}", "x ".repeat(80))).is_none());
    }
}
