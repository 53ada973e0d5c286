//! The common log format and what is built on it (Apache httpd, nginx, gunicorn, morgan).

use std::borrow::Cow;

use super::scan::{Rest, request_line, said, status, unescape};
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::model::{Exchange, Header, Observer, Visibility};

/// `client - user [time] "request" status bytes "referer" "user agent"`.
pub(super) const COMBINED: Format = Format {
    name: "combined",
    what: "the combined log format of Apache httpd, nginx and others",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| read(line, true),
};

/// `client - user [time] "request" status bytes`.
pub(super) const COMMON: Format = Format {
    name: "common",
    what: "the common log format of Apache httpd and others",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| read(line, false),
};

fn read(line: &str, combined: bool) -> Option<Found<'_>> {
    let mut rest = Rest(line);
    let client = rest.word()?;
    let _identity = rest.word()?;
    let (user, after) = rest.0.split_once(" [")?;
    rest.0 = after;
    let (time, after) = rest.0.split_once("] ")?;
    rest.0 = after;
    let time = parse_time(time)?;
    let request = rest.quoted()?;
    let status = status(rest.word()?)?;
    let _bytes = rest.word().filter(|w| *w == "-" || w.bytes().all(|b| b.is_ascii_digit()))?;
    let mut exchange = Exchange {
        time: Some(time),
        client_ip: said(client).map(Cow::Borrowed),
        user: said(user).map(Cow::Borrowed),
        status,
        ..Exchange::default()
    };
    if let Some((method, target)) = request_line(request) {
        exchange.method = Some(Cow::Borrowed(method));
        exchange.url = unescape(target);
    }
    if combined {
        let referer = rest.quoted()?;
        let agent = rest.quoted()?;
        exchange.user_agent = said(agent).map(unescape);
        if let Some(referer) = said(referer) {
            exchange
                .request_headers
                .push(Header { name: "Referer".into(), value: unescape(referer) });
            exchange.request_visibility = Visibility::Partial;
        }
    }
    rest.0.is_empty().then(|| Found::Exchange(Box::new(exchange)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_combined_line_tells_who_asked_for_what_and_when() {
        let line = r#"192.0.2.7 - alice [23/Nov/2026:02:29:33 +0000] "GET /me?x=1 HTTP/1.1" 401 25 "-" "curl/8.5.0""#;
        let Some(Found::Exchange(found)) = read(line, true) else { panic!("a combined line") };
        assert_eq!((found.status, &*found.url), (Some(401), "/me?x=1"));
        assert_eq!(found.user.as_deref(), Some("alice"));
        assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:29:33Z");
        assert!(read(line, false).is_none());
    }
}
