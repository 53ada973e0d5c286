//! Reverse proxies with a format of their own: nginx-proxy-manager, `NPMplus`, Zoraxy.

use std::borrow::Cow;

use super::clf::put_request;
use super::scan::{Rest, said, status, unescape};
use super::shape::{bare, client_name, reason, request_field};
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::input::har_entry::without_port;
use crate::model::{Exchange, Observer};

/// `[time] - 401 401 - GET https api.example "/me" [Client 192.0.2.7] ... "user agent" "referer"`.
pub(super) const MANAGER: Format = Format {
    name: "nginx-proxy-manager",
    what: "nginx-proxy-manager and NPMplus",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| {
        let mut rest = Rest(line);
        let mut exchange = Box::new(Exchange {
            time: Some(parse_time(rest.between('[', ']')?)?),
            ..Exchange::default()
        });
        manager(&mut exchange, rest).or_else(|| plus(&mut exchange, rest))?;
        Some(Found::Exchange(exchange))
    },
};

/// `[time] [router:name] [origin:...] [client: 192.0.2.7] [useragent: ...] GET /me 401`.
pub(super) const ZORAXY: Format = Format {
    name: "zoraxy",
    what: "the Zoraxy reverse proxy",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| zoraxy(line),
};

fn manager<'a>(exchange: &mut Exchange<'a>, rest: Rest<'a>) -> Option<()> {
    let (before, after) = rest.0.split_once(" - ")?;
    // The first dash may stand for the upstream: `- 401 - GET`, `- - 401 - GET`.
    let (before, after) = match after.split_once(" - ") {
        Some((more, after)) if more.split(' ').all(|w| w == "-" || status(w).is_some()) => {
            (rest.0.get(..before.len() + 3 + more.len())?, after)
        }
        _ => (before, after),
    };
    let mut codes = before.rsplit(' ');
    exchange.status = status(codes.next()?)?;
    let upstream = codes.next().filter(|code| status(code).is_some());
    let mut rest = Rest(after);
    let method = rest.word().filter(|m| m.bytes().all(|b| b.is_ascii_uppercase() || b == b'-'))?;
    let scheme = rest.word().filter(|s| matches!(*s, "http" | "https" | "-"))?;
    let host = rest.word()?;
    let target = rest.quoted()?;
    let (mut client, mut server) = (None, None);
    while rest.0.starts_with('[') {
        let (name, value) = rest.between('[', ']')?.split_once(' ')?;
        match name {
            "Client" => client = Some(value),
            "Sent-to" => server = said(value),
            _ => {}
        }
    }
    let agent = rest.quoted()?;
    let referer = rest.quoted()?;
    rest.0.is_empty().then_some(())?;
    exchange.method = said(method).map(Cow::Borrowed);
    exchange.host = said(host).map(Cow::Borrowed);
    exchange.url = unescape(target);
    if let (true, Some(host)) = (scheme.starts_with('h') && target.starts_with('/'), said(host)) {
        exchange.url = Cow::Owned(format!("{scheme}://{host}{}", exchange.url));
    }
    exchange.client_ip = client.and_then(said).map(client_name);
    exchange.server = server.map(|server| without_port(Cow::Borrowed(server)));
    exchange.user_agent = said(agent).map(unescape);
    if let Some(referer) = said(referer) {
        request_field(exchange, "Referer", unescape(referer));
    }
    if let Some(upstream) = upstream {
        reason(exchange, "upstream_status", Cow::Borrowed(upstream));
    }
    Some(())
}

/// `[time] host 192.0.2.7 0.002 "GET / HTTP/1.1" 401 77 935 referer user agent`.
fn plus<'a>(exchange: &mut Exchange<'a>, mut rest: Rest<'a>) -> Option<()> {
    let host = rest.word()?;
    let client = rest.word().filter(|client| bare(client).is_some())?;
    let _took = rest.word().filter(|took| took.parse::<f64>().is_ok())?;
    let request = rest.quoted()?;
    exchange.status = status(rest.word()?)?;
    for _ in 0..2 {
        rest.word().filter(|w| *w == "-" || w.bytes().all(|b| b.is_ascii_digit()))?;
    }
    let referer = rest.word()?;
    exchange.host = said(host).filter(|host| *host != "_").map(Cow::Borrowed);
    exchange.client_ip = Some(client_name(client));
    put_request(exchange, request);
    exchange.user_agent = said(rest.0).map(unescape);
    if let Some(referer) = said(referer) {
        request_field(exchange, "Referer", unescape(referer));
    }
    Some(())
}

fn zoraxy(line: &str) -> Option<Found<'_>> {
    let (stamp, rest) = line.split_once('[')?;
    (stamp.is_empty() || parse_time(stamp).is_some()).then_some(())?;
    let (time, rest) = rest.split_once("] ")?;
    let mut rest = Rest(rest);
    rest.0.starts_with("[router:").then_some(())?;
    let _router = rest.between('[', ']')?;
    let origin = rest.between('[', ']')?.strip_prefix("origin:")?.trim();
    let client = rest.between('[', ']')?.strip_prefix("client:")?.trim();
    rest.literal("[useragent:")?;
    // The user agent is what the client says, the end of the line is not.
    let (agent, request) = rest.0.rsplit_once("] ")?;
    let (request, code) = request.rsplit_once(' ')?;
    let (method, target) = request.split_once(' ')?;
    method.bytes().all(|b| b.is_ascii_uppercase()).then_some(())?;
    Some(Found::Exchange(Box::new(Exchange {
        time: Some(parse_time(time)?),
        method: Some(Cow::Borrowed(method)),
        url: Cow::Borrowed(target),
        host: said(origin).map(Cow::Borrowed),
        status: status(code)?,
        client_ip: said(client).map(client_name),
        user_agent: said(agent.trim()).map(Cow::Borrowed),
        ..Exchange::default()
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::log::exchange_of as read;

    #[test]
    fn the_manager_tells_its_status_and_that_of_the_server() {
        let line = r#"[23/Nov/2026:02:29:33 +0000] - 502 401 - GET https api.example "/me?x=1" [Client 192.0.2.7] [Length 2] [Gzip -] [Sent-to 10.0.0.3] "curl/8.5.0" "-""#;
        let found = read(&MANAGER, line).unwrap();
        assert_eq!((found.status, &*found.url), (Some(401), "https://api.example/me?x=1"));
        assert_eq!(found.reasons, [("upstream_status".into(), "502".into())]);
        assert_eq!(found.client_ip.as_deref(), Some("192.0.2.7"));
        assert_eq!(found.server.as_deref(), Some("10.0.0.3"));
    }

    #[test]
    fn the_manager_may_have_asked_no_server() {
        for codes in ["401", "- 401", "- - 401"] {
            let line = format!(
                r#"[23/Nov/2026:02:29:33 +0000] {codes} - GET http api.example "/me" [Client 192.0.2.7] [Length 2] [Gzip -] "x - y" "-""#
            );
            let found = read(&MANAGER, &line).unwrap();
            assert_eq!((found.status, found.reasons.len()), (Some(401), 0), "{codes}");
        }
    }

    #[test]
    fn the_plus_variant_has_the_host_first_and_the_agent_last() {
        let line = r#"[23/Nov/2026:02:29:33 +0000] api.example 192.0.2.7 0.002 "GET /me HTTP/2.0" 401 77 935 - Client/1.0 (a; b)"#;
        let found = read(&MANAGER, line).unwrap();
        assert_eq!((found.status, found.host.as_deref()), (Some(401), Some("api.example")));
        assert_eq!(found.user_agent.as_deref(), Some("Client/1.0 (a; b)"));
        assert!(read(&MANAGER, &line.replace("192.0.2.7", "someone")).is_none());
    }

    #[test]
    fn an_agent_with_brackets_moves_nothing_in_zoraxy() {
        let line = "2026/11/23 02:29:33 [2026-11-23 02:29:33.417736] [router:host-http] [origin:api.example] [client: 192.0.2.7] [useragent: a] GET /forged 200 [x] GET /me 401";
        let found = read(&ZORAXY, line).unwrap();
        assert_eq!((found.status, &*found.url), (Some(401), "/me"));
        assert_eq!(found.user_agent.as_deref(), Some("a] GET /forged 200 [x"));
        assert!(read(&ZORAXY, "[2026-11-23 02:29:33] [system] started").is_none());
    }
}
