//! Servers whose lines are like no others': uWSGI and Squid.

use std::borrow::Cow;

use super::scan::{Rest, said, status};
use super::shape::{bare, client_name};
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::model::{Exchange, Observer};

/// `[pid: 1|app: 0|req: 1/1] 192.0.2.7 (user) {38 vars in 696 bytes} [time] GET /me => generated ...`.
pub(super) const UWSGI: Format = Format {
    name: "uwsgi",
    what: "uWSGI's request lines",
    observer: Observer::App,
    read: |line, _: &mut Setting| uwsgi(line),
};

/// `1795400973.123    921 192.0.2.7 TCP_DENIED/407 507 GET http://api.example/ user HIER_NONE/- text/html`.
pub(super) const SQUID: Format = Format {
    name: "squid",
    what: "Squid's own access log",
    observer: Observer::Proxy,
    read: |line, _: &mut Setting| squid(line),
};

fn uwsgi(line: &str) -> Option<Found<'_>> {
    let rest = line.strip_prefix("[pid: ")?;
    let (_process, rest) = rest.split_once("] ")?;
    // From the right: the path is what the client says.
    let (before, after) = rest.rsplit_once(" => generated ")?;
    let answer = after.rsplit_once(" (HTTP/").or_else(|| after.rsplit_once(" (- "))?.1;
    let code = answer.split(')').next()?.rsplit(' ').next()?;
    let (client, rest) = before.split_once(" (")?;
    let (user, rest) = rest.split_once(") {")?;
    let (_size, rest) = rest.split_once("} [")?;
    let (time, request) = rest.split_once("] ")?;
    let (method, target) = request.split_once(' ')?;
    Some(Found::Exchange(Box::new(Exchange {
        time: Some(parse_time(time)?),
        method: Some(Cow::Borrowed(method)),
        url: Cow::Borrowed(target),
        status: status(code)?,
        client_ip: said(client).map(client_name),
        user: said(user).map(Cow::Borrowed),
        ..Exchange::default()
    })))
}

fn squid(line: &str) -> Option<Found<'_>> {
    let (stamp, _) = line.split_once(' ')?;
    let shaped = stamp.bytes().all(|b| b.is_ascii_digit() || b == b'.') && stamp.contains('.');
    shaped.then_some(())?;
    let mut rest = Rest(line);
    let time = parse_time(rest.word()?)?;
    let _took = rest.word()?.parse::<i64>().ok()?;
    let client = rest.word().filter(|client| bare(client).is_some() || *client == "-")?;
    let (result, code) = rest.word()?.split_once('/')?;
    let named = result.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit());
    (named && !result.is_empty()).then_some(())?;
    let _bytes = rest.word()?.parse::<u64>().ok()?;
    let method = rest.word()?;
    // From the right: a URL may hold blanks.
    let (before, _mime) = rest.0.rsplit_once(' ')?;
    let (before, hierarchy) = before.trim_end_matches(' ').rsplit_once(' ')?;
    let (target, user) = before.trim_end_matches(' ').rsplit_once(' ')?;
    let (_, peer) = hierarchy.split_once('/')?;
    let mut exchange = Box::new(Exchange {
        time: Some(time),
        method: said(method).map(Cow::Borrowed),
        url: Cow::Borrowed(target),
        status: status(code)?,
        client_ip: said(client).map(client_name),
        user: said(user).map(Cow::Borrowed),
        server: said(peer).map(Cow::Borrowed),
        ..Exchange::default()
    });
    if method == "NONE" || target.starts_with("error:") {
        (exchange.method, exchange.url) = (None, Cow::Borrowed(""));
    }
    Some(Found::Exchange(exchange))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::log::exchange_of as read;

    #[test]
    fn uwsgi_tells_user_and_status() {
        let line = "[pid: 12|app: 0|req: 1/1] 192.0.2.7 (bob) {38 vars in 696 bytes} [Mon Nov 23 02:48:11 2026] GET /me => generated 47 bytes in 129 msecs (HTTP/1.1 401) 9 headers in 378 bytes (1 switches on core 3)";
        let found = read(&UWSGI, line).unwrap();
        assert_eq!((found.status, &*found.url), (Some(401), "/me"));
        assert_eq!(found.user.as_deref(), Some("bob"));
        assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:48:11Z");
        assert!(read(&UWSGI, "[pid: 12] worker started").is_none());
    }

    #[test]
    fn squid_tells_who_was_denied() {
        let line = "1795400973.123      1 192.0.2.7 TCP_DENIED/407 3913 GET http://api.example/a b - HIER_NONE/- text/html";
        let found = read(&SQUID, line).unwrap();
        assert_eq!((found.status, &*found.url), (Some(407), "http://api.example/a b"));
        assert_eq!((found.user, found.server), (None, None));
        assert!(read(&SQUID, "1795400973.123 1 192.0.2.7 hello/407 3913 GET / - a/b c").is_none());
    }

    #[test]
    fn squid_met_bytes_that_were_no_request() {
        let line = "1795400973.123 0 192.0.2.7 TAG_NONE/400 3900 NONE error:invalid-request - HIER_NONE/- text/html";
        let found = read(&SQUID, line).unwrap();
        assert_eq!((found.method, &*found.url, found.status), (None, "", Some(400)));
    }
}
