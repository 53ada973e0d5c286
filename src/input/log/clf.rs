//! The common log format and what is built on it (Apache httpd, nginx, gunicorn, morgan, Tomcat).

use std::borrow::Cow;

use memchr::{memchr, memrchr};

use super::scan::{Rest, request_line, said, status, unescape};
use super::shape::{bare, client_name, credential, forwarded, is_id, request_field, take};
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::model::{Exchange, Observer};

/// `client - user [time] "request" status bytes "referer" "user agent"`.
pub(super) const COMBINED: Format = Format {
    name: "combined",
    what: "the combined log format of Apache httpd, nginx and others",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| combined(line),
};

/// `client - user [time] "request" status bytes`.
pub(super) const COMMON: Format = Format {
    name: "common",
    what: "the common log format of Apache httpd and others",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| {
        let (exchange, rest) = head(line)?;
        rest.0.is_empty().then_some(Found::Exchange(exchange))
    },
};

fn combined(line: &str) -> Option<Found<'_>> {
    let (mut exchange, mut rest) = head(line)?;
    agent(&mut exchange, &mut rest)?;
    rest.0.is_empty().then_some(Found::Exchange(exchange))
}

/// Reads what all of these formats start with; returns what follows the number of bytes.
///
/// The host may stand in front (`%v`, `$host`), the client may be a list, a request id may stand
/// before the user, and time and number of bytes may be missing. The first quote that is not escaped
/// starts the request line and the time stands right before it, so a user name cannot move it.
pub(super) fn head(line: &str) -> Option<(Box<Exchange<'_>>, Rest<'_>)> {
    let quote = quote_in(line, 0)?;
    let before = line.get(..quote)?;
    let (who, time) = match before.strip_suffix("] ") {
        Some(stamped) => {
            let open = memrchr(b'[', stamped.as_bytes())?;
            (stamped.get(..open)?, Some(parse_time(stamped.get(open + 1..)?)?))
        }
        None => (before, None),
    };
    let inside = line.get(quote + 1..)?;
    let (request, status, rest) = request(inside)?;
    let mut exchange = Box::new(Exchange { time, status, ..Exchange::default() });
    put_request(&mut exchange, request);
    parties(&mut exchange, who)?;
    // Without a time nearly any line would do.
    if time.is_none() {
        let client = exchange.client_ip.as_deref();
        (exchange.method.is_some() && client.and_then(bare).is_some()).then_some(())?;
    }
    let mut rest = Rest(rest);
    let mut after = rest;
    if after.word().is_some_and(|w| w == "-" || w.bytes().all(|b| b.is_ascii_digit())) {
        rest = after;
    }
    Some((exchange, rest))
}

/// Takes `"referer" "user agent"`; a value that is a credential or a challenge is none of them.
pub(super) fn agent<'a>(exchange: &mut Exchange<'a>, rest: &mut Rest<'a>) -> Option<()> {
    let referer = field(rest)?;
    let name = field(rest)?;
    let is_link = referer == "-" || referer.starts_with("http");
    if !is_link && credential(&unescape(referer)).is_some() {
        return None;
    }
    exchange.user_agent = said(name).map(unescape);
    if let Some(referer) = said(referer) {
        request_field(exchange, "Referer", unescape(referer));
    }
    Some(())
}

/// Takes a quoted value that a blank or the end follows. Some writers escape no quotes: where the value
/// would end inside a word it goes on, up to the next end.
pub(super) fn field<'a>(rest: &mut Rest<'a>) -> Option<&'a str> {
    let inside = rest.0.strip_prefix('"')?;
    let mut from = 0;
    loop {
        let end = quote_in(inside, from)?;
        let after = inside.get(end + 1..)?;
        if after.is_empty() || after.starts_with(' ') {
            rest.0 = after.trim_start_matches(' ');
            return inside.get(..end);
        }
        from = end + 1;
    }
}

/// Returns the index of the first quote at or after `from` that no backslash escapes.
pub(super) fn quote_in(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        let quote = at + memchr(b'"', bytes.get(at..)?)?;
        let slashes = bytes.get(from..quote)?.iter().rev().take_while(|b| **b == b'\\').count();
        if slashes % 2 == 0 {
            return Some(quote);
        }
        at = quote + 1;
    }
}

/// Splits `GET / HTTP/1.1" 401 ...`: the request line, the status, what follows it.
///
/// The line ends at the first quote after which a status stands.
fn request(inside: &str) -> Option<(&str, Option<u16>, &str)> {
    let mut from = 0;
    loop {
        let end = quote_in(inside, from)?;
        if let Some(after) = inside.get(end + 1..)?.strip_prefix(' ') {
            let mut rest = Rest(after.trim_start_matches(' '));
            if let Some(status) = rest.word().and_then(status) {
                return Some((inside.get(..end)?, status, rest.0));
            }
        }
        from = end + 1;
    }
}

/// Takes a request line apart; bytes that are none leave method and target empty.
pub(super) fn put_request<'a>(exchange: &mut Exchange<'a>, line: &'a str) {
    if let Some((method, target)) = request_line(line) {
        exchange.method = Some(Cow::Borrowed(method));
        exchange.url = unescape(target);
    }
}

/// Reads who asked whom: `client ident user`, with what some put before it and between.
fn parties<'a>(exchange: &mut Exchange<'a>, text: &'a str) -> Option<()> {
    let text = untagged(text);
    let mut rest = Rest(text.trim_end_matches(' '));
    // A server behind a Unix socket knows no client.
    if let Some(anonymous) = rest.0.strip_prefix(" - ") {
        exchange.user = said(anonymous.trim()).map(unescape);
        return Some(());
    }
    let first = rest.word()?;
    if first.ends_with(',') {
        // The field that proxies fill, in the client's place.
        let list = text;
        let mut last = first;
        while last.ends_with(',') {
            last = rest.word()?;
        }
        let end = list.len() - list.trim_end_matches(' ').len();
        let end = list.len().checked_sub(end + rest.0.len())?;
        forwarded(exchange, Cow::Borrowed(list.get(..end)?.trim_end_matches(' ')));
    } else {
        let mut after = rest;
        let second = after.word().filter(|second| is_client(second) && first != "-");
        let client = match second {
            Some(second) => {
                (is_name(first) && !is_time(first)).then_some(())?;
                exchange.host = said(first).map(Cow::Borrowed);
                rest = after;
                second
            }
            None => first,
        };
        (is_name(client) && !is_time(client) && !is_level(client)).then_some(())?;
        exchange.client_ip = said(client).map(client_name);
    }
    let Some(identity) = rest.word() else { return Some(()) };
    if identity.contains('.') && identity != "-" {
        // lighttpd has the host in the place of the identity.
        exchange.host.get_or_insert(Cow::Borrowed(identity));
    }
    let mut user = rest.0;
    if let Some((id, after)) = user.split_once(' ')
        && (is_id(id) || after == "-" && !after.is_empty())
    {
        take(exchange, id);
        if after == "-" && exchange.request_id.is_none() {
            exchange.request_id = said(id).map(Cow::Borrowed);
        }
        user = after;
    }
    exchange.user = said(user).map(unescape);
    Some(())
}

/// Takes off `machine program: `, what syslog leaves where its time is told apart.
fn untagged(text: &str) -> &str {
    let Some((tag, rest)) = text.split_once(": ") else { return text };
    let words = tag.split(' ').count();
    let first = tag.split(' ').next().unwrap_or_default();
    let client = rest.split(' ').next().unwrap_or_default();
    if words <= 2 && !is_client(first) && is_client(client) { rest } else { text }
}

fn is_client(word: &str) -> bool {
    bare(word).is_some()
}

/// Returns whether a word can be an address or a host's name.
fn is_name(word: &str) -> bool {
    word.bytes().all(|b| {
        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'_' | b'[' | b']' | b'%')
    })
}

/// Returns whether a word is a time, which a shipper put before the line.
fn is_time(word: &str) -> bool {
    word.as_bytes().get(10) == Some(&b'T') && parse_time(word).is_some()
}

/// Returns whether a word in brackets is a level or a place, as loggers put before their messages.
fn is_level(word: &str) -> bool {
    word.starts_with('[') && !word.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Exchange<'_>> {
        let found = [COMBINED, COMMON].iter().find_map(|f| (f.read)(line, &mut Setting::default()));
        match found? {
            Found::Exchange(found) => Some(*found),
            _ => None,
        }
    }

    #[test]
    fn a_combined_line_tells_who_asked_for_what_and_when() {
        let line = r#"192.0.2.7 - alice [23/Nov/2026:02:29:33 +0000] "GET /me?x=1 HTTP/1.1" 401 25 "-" "curl/8.5.0""#;
        let found = read(line).unwrap();
        assert_eq!((found.status, &*found.url), (Some(401), "/me?x=1"));
        assert_eq!(found.user.as_deref(), Some("alice"));
        assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:29:33Z");
        assert_eq!(found.user_agent.as_deref(), Some("curl/8.5.0"));
        assert!((COMMON.read)(line, &mut Setting::default()).is_none());
    }

    #[test]
    fn the_host_may_stand_in_front_of_the_client_or_after_it() {
        let line =
            r#"shop.example:443 192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] "GET / HTTP/2.0" 403 9"#;
        let found = read(line).unwrap();
        assert_eq!(found.host.as_deref(), Some("shop.example:443"));
        assert_eq!(found.client_ip.as_deref(), Some("192.0.2.7"));
        let lighttpd = r#"2001:db8::7 shop.example bob [23/Nov/2026:02:29:33 +0000] "GET / HTTP/1.1" 401 5 "-" "-""#;
        let found = read(lighttpd).unwrap();
        assert_eq!(found.host.as_deref(), Some("shop.example"));
        assert_eq!(
            (found.client_ip.as_deref(), found.user.as_deref()),
            (Some("2001:db8::7"), Some("bob"))
        );
    }

    #[test]
    fn a_user_name_cannot_move_the_other_fields() {
        let line = r#"192.0.2.7 - eve [01/Jan/2020:00:00:00 +0000] \"GET /forged HTTP/1.1\" 200 1 [23/Nov/2026:02:29:33 +0000] "GET /real HTTP/1.1" 401 25 "-" "x""#;
        let found = read(line).unwrap();
        assert_eq!((found.status, &*found.url), (Some(401), "/real"));
        assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:29:33Z");
        assert!(found.user.unwrap().starts_with("eve [01/Jan/2020"));
    }

    #[test]
    fn a_garbled_request_line_still_is_an_exchange_with_a_status() {
        for request in [r"\x16\x03\x01\x00", "-", "", "HELP", "lv|'|'|x y"] {
            let line =
                format!(r#"192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] "{request}" 400 0 "-" "-""#);
            let found = read(&line).unwrap();
            assert_eq!((found.method, &*found.url, found.status), (None, "", Some(400)));
        }
    }

    #[test]
    fn quotes_that_a_writer_does_not_escape_move_nothing() {
        let line = r#"192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] "GET /a"b HTTP/1.1" 401 5 "-" "a"b (c"d)""#;
        let found = read(line).unwrap();
        assert_eq!((&*found.url, found.user_agent.as_deref()), (r#"/a"b"#, Some(r#"a"b (c"d)"#)));
    }

    #[test]
    fn development_servers_write_a_blank_in_the_time_and_no_zone() {
        let found =
            read(r#"172.18.0.1 - - [29/Aug/2023 22:02:58] "GET / HTTP/1.1" 200 -"#).unwrap();
        let time = found.time.unwrap();
        assert_eq!((time.to_string(), time.zone_assumed), ("2023-08-29T22:02:58Z".into(), true));
    }

    #[test]
    fn a_request_id_before_the_user_is_told_from_a_name_with_blanks() {
        let at = "[23/Nov/2026:02:29:33 +0000] \"GET / HTTP/1.1\" 401 5";
        let line = format!("shop.example 192.0.2.7 - 7805c9d1c606c27d898f98f6c4d2e631 bob {at}");
        let found = read(&line).unwrap();
        assert_eq!(found.user.as_deref(), Some("bob"));
        assert_eq!(found.request_id.as_deref(), Some("7805c9d1c606c27d898f98f6c4d2e631"));
        let line = format!("192.0.2.7 - bob miller {at}");
        let found = read(&line).unwrap();
        assert_eq!((found.user.as_deref(), found.request_id), (Some("bob miller"), None));
    }

    #[test]
    fn what_syslog_left_in_front_is_no_client() {
        let line =
            r#"web.0 nginx: 203.0.113.5 - - [23/Nov/2026:02:29:33 +0000] "GET / HTTP/1.1" 401 5"#;
        let found = read(line).unwrap();
        assert_eq!((found.client_ip.as_deref(), found.user), (Some("203.0.113.5"), None));
        let line =
            r#"203.0.113.5 - a: 192.0.2.7 [23/Nov/2026:02:29:33 +0000] "GET / HTTP/1.1" 401 5"#;
        assert_eq!(read(line).unwrap().client_ip.as_deref(), Some("203.0.113.5"));
    }

    #[test]
    fn proxies_in_the_clients_place_name_the_client() {
        let line =
            r#"203.0.113.5, 10.0.0.2 - - [23/Nov/2026:02:29:33 +0000] "GET / HTTP/1.1" 401 5"#;
        let found = read(line).unwrap();
        assert_eq!(found.client_ip.as_deref(), Some("203.0.113.5"));
        assert_eq!(found.request_header("X-Forwarded-For"), Some("203.0.113.5, 10.0.0.2"));
    }

    #[test]
    fn a_line_without_a_time_must_have_an_address_and_a_request() {
        let found = read(r#"192.0.2.7 - - "GET /x HTTP/1.1" 404 65"#).unwrap();
        assert_eq!((found.time, found.status), (None, Some(404)));
        assert!(read(r#"worker said "hello" 404 65"#).is_none());
        assert!(read(r#"192.0.2.7 - - "hello" 404 65"#).is_none());
        assert!(read(r#"[23/Nov/2026:02:29:33 +0000] "GET / HTTP/1.1" 200 5"#).is_none());
    }

    #[test]
    fn lines_cut_anywhere_are_left_alone_or_lose_their_end_only() {
        let line =
            r#"192.0.2.7 - a [23/Nov/2026:02:29:33 +0000] "GET /é HTTP/1.1" 401 25 "-" "c\"é""#;
        for end in (0..line.len()).filter(|end| line.is_char_boundary(*end)) {
            if let Some(found) = read(&line[..end]) {
                assert_eq!(found.status, Some(401));
            }
        }
    }
}
