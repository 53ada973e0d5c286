//! nginx's error log: lines that tell why a request was refused.
//!
//! The message may hold a user name, and what follows it a referrer: both are written as the client
//! sent them. The parts behind the message are therefore looked for from the end of the line.

use std::borrow::Cow;

use super::refusal;
use super::scan::{address, request_line, said};
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::model::{Exchange, Header, Observer, Visibility};

/// `2026/11/23 02:29:33 [error] 7#7: *14 message, client: ..., server: ..., request: "...", host: "..."`.
pub(super) const NGINX_ERROR: Format = Format {
    name: "nginx error",
    what: "nginx's error.log: lines that tell of a refusal",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| read(line),
};

/// Bytes at the end of a line in which its context is looked for.
const LONGEST: usize = 64 * 1024;

fn read(line: &str) -> Option<Found<'_>> {
    let shaped = line.as_bytes().get(4) == Some(&b'/') && line.get(19..21) == Some(" [");
    let time = parse_time(line.get(..19).filter(|_| shaped)?)?;
    let (level, rest) = line.get(21..)?.split_once("] ")?;
    let known = ["debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"];
    known.contains(&level).then_some(())?;
    let (process, message) = rest.split_once(": ")?;
    process.bytes().all(|b| b.is_ascii_digit() || b == b'#').then_some(())?;
    let message = match message.strip_prefix('*').and_then(|rest| rest.split_once(' ')) {
        Some((number, rest)) if number.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => message,
    };
    let (said, context) = split(message);
    let Some(refusal) = refusal::of_nginx(said) else { return Some(Found::Notice) };
    let mut exchange = Exchange { time: Some(time), ..Exchange::default() };
    if let Some(context) = context {
        context.fill(&mut exchange);
    }
    refusal.fill(&mut exchange);
    Some(Found::Exchange(Box::new(exchange)))
}

/// What nginx adds to a message about a request.
#[derive(Clone, Copy, Debug, Default)]
struct Context<'a> {
    client: &'a str,
    server: &'a str,
    request: &'a str,
    upstream: &'a str,
    host: &'a str,
    referrer: &'a str,
    request_id: &'a str,
}

/// Splits a message from its context: the last one that fits to the end of the line.
fn split(message: &str) -> (&str, Option<Context<'_>>) {
    const START: &str = ", client: ";
    let least = message.len().saturating_sub(LONGEST);
    let mut end = message.len();
    while let Some(at) =
        message.get(..end).and_then(|text| text.rfind(START)).filter(|at| *at >= least)
    {
        let context = message.get(at + START.len()..).and_then(Context::of);
        if context.is_some() {
            return (message.get(..at).unwrap_or(message), context);
        }
        end = at;
    }
    (message, None)
}

impl<'a> Context<'a> {
    /// Reads `address, server: name, request: "...", upstream: "...", host: "...", referrer: "..."`, all
    /// but the address may be missing.
    fn of(text: &'a str) -> Option<Self> {
        let (text, request_id) = identified(text);
        let (client, mut rest) = text.split_once(", ").unwrap_or((text, ""));
        address(client).or_else(|| client.starts_with("unix:").then_some(Cow::Borrowed("")))?;
        let mut found = Self { client, request_id, ..Self::default() };
        if let Some(after) = rest.strip_prefix("server: ") {
            (found.server, rest) = after.split_once(", ").unwrap_or((after, ""));
        }
        for name in ["request", "subrequest", "upstream", "host", "referrer"] {
            let Some(inside) = rest.strip_prefix(name).and_then(|rest| rest.strip_prefix(": \""))
            else {
                continue;
            };
            // A referrer is the last, whatever quotes it holds; the others end where the next begins.
            let end = if name == "referrer" { None } else { inside.find("\", ") };
            let (value, after) = match end {
                Some(end) => (inside.get(..end)?, inside.get(end + 3..)?),
                None => (inside.strip_suffix('"')?, ""),
            };
            rest = after;
            match name {
                "request" => found.request = value,
                "upstream" => found.upstream = value,
                // A host has no blanks; one that has is a user name that plays a context.
                "host" => found.host = Some(value).filter(|host| !host.contains([' ', '"']))?,
                "referrer" => found.referrer = value,
                _ => {}
            }
        }
        rest.is_empty().then_some(found)
    }

    fn fill(self, exchange: &mut Exchange<'a>) {
        exchange.client_ip = address(self.client);
        exchange.request_id = said(self.request_id).map(Cow::Borrowed);
        let server = Some(self.server).filter(|name| *name != "_");
        exchange.host = said(self.host).or(server.and_then(said)).map(Cow::Borrowed);
        if let Some((method, target)) = request_line(self.request) {
            exchange.method = Some(Cow::Borrowed(method));
            exchange.url = Cow::Borrowed(target);
        }
        exchange.server = said(self.upstream).and_then(|url| {
            let (_, rest) = url.split_once("://")?;
            rest.split('/').next().map(Cow::Borrowed)
        });
        if let Some(referrer) = said(self.referrer) {
            let header = Header { name: "Referer".into(), value: Cow::Borrowed(referrer) };
            exchange.request_headers.push(header);
            exchange.request_visibility = Visibility::Partial;
        }
    }
}

/// Splits what Kong adds behind all other parts: `, request_id: "..."`.
fn identified(text: &str) -> (&str, &str) {
    let split = text.strip_suffix('"').and_then(|text| text.rsplit_once(", request_id: \""));
    split.filter(|(_, id)| id.bytes().all(|b| b.is_ascii_alphanumeric())).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "2026/11/23 02:29:33 [error] 7#7: *14 ";
    const END: &str = r#"client: 192.0.2.7, server: api.local, request: "GET /me?x=1 HTTP/1.1", host: "api.example.com""#;

    fn exchange(line: &str) -> Exchange<'_> {
        match read(line) {
            Some(Found::Exchange(exchange)) => *exchange,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn reason<'a>(exchange: &'a Exchange<'_>) -> &'a str {
        exchange.reasons.first().map_or("", |(_, text)| text)
    }

    #[test]
    fn a_wrong_password_tells_who_asked_for_what() {
        let line = format!("{START}user \"alice\": password mismatch, {END}");
        let found = exchange(&line);
        assert_eq!((found.method.as_deref(), &*found.url), (Some("GET"), "/me?x=1"));
        assert_eq!(found.host.as_deref(), Some("api.example.com"));
        assert_eq!((found.user.as_deref(), found.status), (Some("alice"), None));
        assert_eq!(reason(&found), "user \"***\": password mismatch");
        assert!(found.time.unwrap().zone_assumed);
    }

    #[test]
    fn a_user_name_that_plays_a_context_shifts_nothing() {
        let name = r#"x": password mismatch, client: 203.0.113.9, server: , request: "GET /evil HTTP/1.1", host: "evil"#;
        let line = format!("{START}user \"{name}\" was not found in \"/etc/htpasswd\", {END}");
        let found = exchange(&line);
        assert_eq!(found.client_ip.as_deref(), Some("192.0.2.7"));
        assert_eq!((&*found.url, found.user.as_deref()), ("/me?x=1", Some(name)));
    }

    #[test]
    fn a_plugin_of_kong_tells_why_it_refused_and_by_which_id() {
        let line = format!(
            r#"{START}[lua] responses.lua:24: [openid-connect] invalid issuer (https://a.example) was specified for access token, {END}, referrer: "http://x/", request_id: "ed621d4370bad6319cf058330812184e""#
        );
        let found = exchange(&line);
        assert_eq!(found.request_id.as_deref(), Some("ed621d4370bad6319cf058330812184e"));
        assert_eq!(found.request_header("referer"), Some("http://x/"));
        assert_eq!(found.client_ip.as_deref(), Some("192.0.2.7"));
        assert_eq!(
            reason(&found),
            "invalid issuer (https://a.example) was specified for access token"
        );
    }

    #[test]
    fn a_referrer_with_quotes_ends_the_line() {
        let line =
            format!(r#"{START}access forbidden by rule, {END}, referrer: "http://x/"a", b""#);
        let found = exchange(&line);
        assert_eq!(found.request_header("referer"), Some("http://x/\"a\", b"));
        assert_eq!(reason(&found), "access forbidden by rule");
    }

    #[test]
    fn the_reason_of_php_behind_it_is_kept_without_its_stack() {
        let line = format!(
            r#"{START}FastCGI sent in stderr: "PHP message: PHP Fatal error:  Uncaught Firebase\JWT\ExpiredException: Expired token in /srv/vendor/firebase/php-jwt/src/JWT.php:180" while reading response header from upstream, client: 192.0.2.7, server: x, request: "GET /me HTTP/1.1", upstream: "fastcgi://10.0.0.9:9000", host: "api.example.com""#
        );
        let found = exchange(&line);
        assert_eq!(reason(&found), "Expired token");
        assert_eq!(found.server.as_deref(), Some("10.0.0.9:9000"));
        let other = line.replace("Firebase\\JWT\\", "").replace("firebase/php-jwt/", "");
        assert!(matches!(read(&other), Some(Found::Notice)));
    }

    #[test]
    fn lines_that_tell_of_no_refusal_are_notices() {
        for message in [
            "open() \"/srv/token\" failed (2: No such file or directory)",
            "upstream timed out (110: Connection timed out) while connecting to upstream",
        ] {
            let line = format!("{START}{message}, {END}");
            assert!(matches!(read(&line), Some(Found::Notice)), "{line}");
        }
        let line = "2026/11/23 02:29:33 [notice] 1#1: signal process started";
        assert!(matches!(read(line), Some(Found::Notice)));
        assert!(read("2026/11/23 02:29:33 [whatever] hello").is_none());
        assert!(read("2026/11/23 02:29:33 hello: you").is_none());
    }
}
