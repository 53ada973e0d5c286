//! `HAProxy`: `httplog`, `httpslog`, and lines that tell of connections alone.
//!
//! Captured fields have no names in the log: what each one is follows from its shape. `HAProxy` cuts
//! them at a length that the log does not tell either.

use std::borrow::Cow;

use super::captured::{request_capture, response_capture, says_challenge};
use super::scan::{Rest, address, is_number, reason, request_line, status};
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::model::{Exchange, Observer, Visibility};

/// `client [time] frontend backend/server timers status bytes - - state counts queues {captures}
/// "request"`.
pub(super) const HAPROXY: Format = Format {
    name: "haproxy",
    what: "HAProxy's httplog and httpslog, with captured fields",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| read(line),
};

fn read(line: &str) -> Option<Found<'_>> {
    connection(line).or_else(|| {
        let mut rest = Rest(line);
        let client = rest.word().filter(|word| word.contains(':'))?;
        let time = parse_time(rest.between('[', ']')?)?;
        let frontend = rest.word()?;
        if frontend.ends_with(':') {
            // `fe/1: SSL handshake failure`: nobody asked for anything yet.
            return frontend.contains('/').then_some(Found::Notice);
        }
        let backend = rest.word().filter(|word| word.contains('/'))?;
        let timers = rest.word()?;
        let numeric = |word: &str, parts: usize| {
            word.split('/').count() == parts && word.split('/').all(is_number)
        };
        let tcp = numeric(timers, 3);
        (tcp || numeric(timers, 5)).then_some(())?;
        let status = if tcp { None } else { status(rest.word()?)? };
        is_number(rest.word()?).then_some(())?;
        if !tcp {
            let _cookies = (rest.word()?, rest.word()?);
        }
        let state = rest.word().filter(|word| matches!(word.len(), 2 | 4))?;
        (numeric(rest.word()?, 5) && numeric(rest.word()?, 2)).then_some(())?;
        if tcp {
            return Some(Found::Notice);
        }
        let mut exchange = Exchange {
            time: Some(time),
            status,
            client_ip: address(client),
            server: server(backend),
            ..Exchange::default()
        };
        captures(&mut rest, &mut exchange)?;
        let (request, after) = rest.0.strip_prefix('"')?.split_once('"')?;
        // `httpslog` adds errors of the handshake, server name, version and cipher.
        (after.is_empty() || (after.starts_with(' ') && after.contains('/'))).then_some(())?;
        if let Some((method, target)) = request_line(request) {
            exchange.method = Some(Cow::Borrowed(method));
            exchange.url = unescape(target);
        }
        // The proxy itself ended the session before any server was asked.
        if state.starts_with('P') {
            reason(&mut exchange, "termination_state", state);
        }
        Some(Found::Exchange(Box::new(exchange)))
    })
}

/// Lines that tell of no request: the default log format, and what the process says of itself.
fn connection(line: &str) -> Option<Found<'_>> {
    let connect = line
        .strip_prefix("Connect from ")
        .is_some_and(|rest| rest.ends_with("/HTTP)") || rest.ends_with("/TCP)"));
    let named = |start: &str, ends: &[&str]| {
        line.strip_prefix(start).is_some_and(|rest| ends.iter().any(|end| rest.ends_with(end)))
    };
    (connect
        || named("Proxy ", &[" started.", " stopped."])
        || line.starts_with("Proxy ") && line.contains(" stopped (")
        || line.starts_with("Server ") && line.contains('/') && line.contains(" is "))
    .then_some(Found::Notice)
}

/// `backend/server`; `<NOSRV>` and the frontend's own answers have none.
fn server(backend: &str) -> Option<Cow<'_, str>> {
    let (_, server) = backend.split_once('/')?;
    (!server.is_empty() && !server.starts_with('<')).then_some(Cow::Borrowed(server))
}

/// Takes `{request|fields} {response|fields} ` off; either may be missing.
fn captures<'a>(rest: &mut Rest<'a>, exchange: &mut Exchange<'a>) -> Option<()> {
    let mut groups = Vec::new();
    while rest.0.starts_with('{') && groups.len() < 2 {
        groups.push(rest.between('{', '}')?);
    }
    let (request, response) = match groups.as_slice() {
        [] => return Some(()),
        [only] if only.split('|').any(|value| says_challenge(&unescape(value))) => ("", *only),
        [only] => (*only, ""),
        [request, response, ..] => (*request, *response),
    };
    for value in response.split('|').filter(|value| !value.is_empty()) {
        if response_capture(unescape(value), exchange) {
            exchange.response_visibility = Visibility::Partial;
        }
    }
    for value in request.split('|').filter(|value| !value.is_empty()) {
        if request_capture(unescape(value), exchange) {
            exchange.request_visibility = Visibility::Partial;
        }
    }
    Some(())
}

/// Resolves `#22`: `HAProxy` escapes quotes, braces, bars, `#` itself and what is not printable.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('#') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let pair = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let code = pair
            .filter(|pair| first == b'#' && pair.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        out.push(code.unwrap_or(first));
        rest = if code.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "192.0.2.7:35232 [23/Nov/2026:02:46:25.678] fe~";

    fn exchange(line: &str) -> Exchange<'_> {
        match read(line) {
            Some(Found::Exchange(exchange)) => *exchange,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn captures_are_known_by_their_shape() {
        let line = format!(
            "{START} be/s1 0/0/0/1/1 401 281 - - ---- 1/1/0/0/0 0/0 {{api.example.com|Bearer abc#22def|curl/8.5.0}} {{Bearer realm=#22api#22, error=#22invalid_token#22}} \"GET /me?a=#22b HTTP/1.1\""
        );
        let found = exchange(&line);
        assert_eq!(found.request_header("authorization"), Some("Bearer abc\"def"));
        assert_eq!(found.user_agent.as_deref(), Some("curl/8.5.0"));
        assert_eq!(found.host.as_deref(), Some("api.example.com"));
        assert_eq!(
            found.response_header("www-authenticate"),
            Some("Bearer realm=\"api\", error=\"invalid_token\"")
        );
        assert_eq!((found.status, &*found.url), (Some(401), "/me?a=\"b"));
        assert_eq!(found.server.as_deref(), Some("s1"));
        assert_eq!(found.request_visibility, Visibility::Partial);
    }

    #[test]
    fn a_single_group_is_the_answers_when_it_holds_a_challenge() {
        let one = |group: &str| {
            format!(
                "{START} be/s1 0/0/0/1/1 401 281 - - ---- 1/1/0/0/0 0/0 {{{group}}} \"GET /a HTTP/1.1\""
            )
        };
        let line = one("Basic realm=#22x#22");
        assert!(exchange(&line).response_header("www-authenticate").is_some());
        let line = one("Basic YWxpY2U6c2VjcmV0");
        assert!(exchange(&line).request_header("authorization").is_some());
    }

    #[test]
    fn a_refusal_of_the_proxys_own_says_so() {
        let own = format!(
            "{START} fe/<NOSRV> 0/-1/-1/-1/0 401 215 - - PR-- 1/1/0/0/0 0/0 {{|}} {{}} \"GET /deny HTTP/1.1\""
        );
        let found = exchange(&own);
        assert_eq!(found.reasons, [("termination_state".into(), "PR--".into())]);
        assert_eq!((found.server, found.request_visibility), (None, Visibility::None));
        let servers = own.replace("PR--", "----").replace("fe/<NOSRV>", "be/s2");
        assert!(exchange(&servers).reasons.is_empty());
    }

    #[test]
    fn httpslog_and_a_bad_request_are_read() {
        let line = format!(
            "{START} be/s1 0/0/0/1/+1 200 +281 - - ---- 1/1/0/0/0 0/0 \"GET /a HTTP/2.0\" 0/0000000000000000/0/0/0 api.example.com/TLSv1.3/TLS_AES_256_GCM_SHA384"
        );
        assert_eq!(exchange(&line).status, Some(200));
        let line =
            format!("{START} fe/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 \"<BADREQ>\"");
        assert_eq!((exchange(&line).status, exchange(&line).method), (Some(400), None));
    }

    #[test]
    fn connections_and_messages_are_notices() {
        for line in [
            "192.0.2.7:1 [23/Nov/2026:02:46:25.678] ssh be/s1 0/0/5007 212 -- 0/0/0/0/3 0/0",
            "192.0.2.7:1 [23/Nov/2026:02:46:25.678] fe/1: SSL handshake failure",
            "Connect from 192.0.2.7:1 to 192.0.2.1:80 (fe/HTTP)",
            "Proxy fe started.",
        ] {
            assert!(matches!(read(line), Some(Found::Notice)), "{line}");
        }
        assert!(read("192.0.2.7:1 [23/Nov/2026:02:46:25.678] fe be/s1 0/0 200").is_none());
        assert!(read("Server is up").is_none());
    }
}
