//! Access logs of Envoy and Istio in their default text formats.
//!
//! Neither escapes what a client sent: the parts that a client may fill with quotes and blanks stand
//! between ones that it cannot, and are found from both ends.

use std::borrow::Cow;

use super::scan::{Rest, address, is_count, is_number, node, reason, request_line, said, status};
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::model::{Exchange, Observer};

/// `[time] "request" status flags received sent duration upstream-time "forwarded for" "user agent"
/// "request id" "authority" "upstream"`.
pub(super) const ENVOY: Format = Format {
    name: "envoy text",
    what: "Envoy's default access log in text",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| read(line, false),
};

/// The same with `details termination "transport failure"` after the flags, and six words at the end.
pub(super) const ISTIO: Format = Format {
    name: "istio text",
    what: "Istio's default access log in text, with response code details",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| read(line, true),
};

/// Words after the last quoted part of an Istio line: cluster, addresses, server name, route.
const TAIL: usize = 6;

fn read(line: &str, istio: bool) -> Option<Found<'_>> {
    let mut rest = Rest(line);
    let time = parse_time(rest.between('[', ']')?)?;
    // Neither method, target nor version has blanks: a quote in the target ends nothing.
    rest.literal("\"")?;
    let request = {
        let text = rest.0;
        let (_method, _target) = (rest.word()?, rest.word()?);
        let version = rest.word()?.strip_suffix('"')?;
        (version == "-" || version.starts_with("HTTP/")).then_some(())?;
        text.get(..text.len() - rest.0.len())?.trim_end_matches([' ', '"'])
    };
    let status = status(rest.word()?)?;
    let flags = rest.word()?;
    let mut exchange = Exchange { time: Some(time), status, ..Exchange::default() };
    if let Some((method, target)) = request_line(request.trim_end_matches(" -")) {
        exchange.method = said(method).map(Cow::Borrowed);
        exchange.url = said(target).map(Cow::Borrowed).unwrap_or_default();
    }
    let mut remote = None;
    let quoted = if istio {
        details(&mut rest, &mut exchange)?;
        let (quoted, tail) = rest.0.rsplit_once("\" ")?;
        let words: Vec<&str> = tail.split(' ').collect();
        (words.len() == TAIL).then_some(())?;
        remote = words.get(3).and_then(|word| address(word));
        quoted
    } else {
        numbers(&mut rest, 4)?;
        rest.0.strip_suffix('"')?
    };
    reason(&mut exchange, "response_flags", flags);
    fields(quoted, &mut exchange)?;
    if remote.is_some() {
        exchange.client_ip = remote;
    }
    Some(Found::Exchange(Box::new(exchange)))
}

/// Takes `details termination "transport failure" received sent duration upstream-time ` off.
fn details<'a>(rest: &mut Rest<'a>, exchange: &mut Exchange<'a>) -> Option<()> {
    let details = balanced(rest)?;
    reason(exchange, "response_code_details", details);
    let _termination = balanced(rest)?;
    let _failure = rest.between('"', '"')?;
    numbers(rest, 4)
}

fn numbers(rest: &mut Rest<'_>, count: usize) -> Option<()> {
    for _ in 0..count {
        is_count(rest.word()?).then_some(())?;
    }
    Some(())
}

/// Takes a word off in which blanks may stand inside braces and brackets
/// (`jwt_authn_access_denied{Jwt is expired}` of older versions).
fn balanced<'a>(rest: &mut Rest<'a>) -> Option<&'a str> {
    let mut depth = 0_i32;
    for (at, b) in rest.0.bytes().enumerate() {
        match b {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b' ' if depth <= 0 => {
                let (word, after) = rest.0.split_at(at);
                rest.0 = after.trim_start_matches(' ');
                return (!word.is_empty()).then_some(word);
            }
            _ => {}
        }
    }
    rest.word()
}

/// Reads `"forwarded for" "user agent" "request id" "authority" "upstream`: the user agent is what
/// stands between the first and the last three.
fn fields<'a>(quoted: &'a str, exchange: &mut Exchange<'a>) -> Option<()> {
    let mut parts = quoted.strip_prefix('"')?.rsplitn(4, "\" \"");
    let (upstream, authority, id) = (parts.next()?, parts.next()?, parts.next()?);
    let (forwarded, agent) = parts.next()?.split_once("\" \"")?;
    exchange.server = node(upstream);
    exchange.host = said(authority).map(Cow::Borrowed);
    exchange.request_id = said(id).filter(|id| !is_number(id)).map(Cow::Borrowed);
    exchange.user_agent = said(agent).map(Cow::Borrowed);
    exchange.client_ip = address(forwarded);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(line: &str, istio: bool) -> Option<Exchange<'_>> {
        match read(line, istio)? {
            Found::Exchange(exchange) => Some(*exchange),
            _ => None,
        }
    }

    const ISTIO_TAIL: &str = "outbound|80||api.shop.svc.cluster.local 10.1.0.6:41000 10.1.0.6:8080 192.0.2.7:35358 - default";

    #[test]
    fn a_line_of_envoy_tells_flags_host_and_upstream() {
        let line = r#"[2026-11-23T02:29:33.310Z] "GET /me?x=1 HTTP/2" 403 UAEX 0 19 3 - "192.0.2.7" "curl/8.5.0" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "api.example.com" "tcp://10.0.2.1:80""#;
        let found = exchange(line, false).unwrap();
        assert_eq!((found.status, &*found.url), (Some(403), "/me?x=1"));
        assert_eq!(found.host.as_deref(), Some("api.example.com"));
        assert_eq!(found.server.as_deref(), Some("10.0.2.1"));
        assert_eq!(found.client_ip.as_deref(), Some("192.0.2.7"));
        assert_eq!(found.reasons, [("response_flags".into(), "UAEX".into())]);
        assert!(exchange(line, true).is_none());
    }

    #[test]
    fn details_keep_their_nested_brackets_and_their_blanks() {
        for details in [
            "jwt_authn_access_denied{Jwt_is_expired}",
            "jwt_authn_access_denied{Jwt is expired}",
            "rbac_access_denied_matched_policy[ns[a]-policy[office-only]-rule[0]]",
            "jwt_authn_access_denied{Jwt_header_[alg]_is_not_supported}",
        ] {
            let line = format!(
                r#"[2026-11-23T02:29:33.310Z] "GET /a HTTP/1.1" 401 - {details} - "-" 0 28 0 - "192.0.2.9" "curl/8.5.0" "b6d1-x" "api.example.com:443" "-" {ISTIO_TAIL}"#
            );
            let found = exchange(&line, true).unwrap();
            assert_eq!(found.reasons, [("response_code_details".into(), details.into())]);
            assert_eq!(found.client_ip.as_deref(), Some("192.0.2.7"));
            assert_eq!(found.server, None);
            assert!(exchange(&line, false).is_none());
        }
    }

    #[test]
    fn a_user_agent_full_of_quotes_shifts_nothing() {
        let line = format!(
            r#"[2026-11-23T02:29:33.310Z] "GET /a"200 HTTP/1.1" 401 - via_upstream - "-" 0 28 0 - "-" "x" "-" "evil" "y" "b6d1-x" "api.example.com" "10.1.0.6:8080" {ISTIO_TAIL}"#
        );
        let found = exchange(&line, true).unwrap();
        assert_eq!((found.status, &*found.url), (Some(401), "/a\"200"));
        assert_eq!(found.user_agent.as_deref(), Some(r#"x" "-" "evil" "y"#));
        assert_eq!(found.host.as_deref(), Some("api.example.com"));
    }

    #[test]
    fn a_request_that_could_not_be_read_has_no_method() {
        let line =
            r#"[2026-11-23T02:29:33.310Z] "- - HTTP/1.1" 400 DPE 0 11 0 - "-" "-" "-" "-" "-""#;
        let found = exchange(line, false).unwrap();
        assert_eq!((found.status, found.method, &*found.url), (Some(400), None, ""));
    }

    #[test]
    fn a_line_that_goes_on_or_stops_early_is_no_line_of_envoy() {
        let line =
            r#"[2026-11-23T02:29:33.310Z] "GET /a HTTP/1.1" 200 - 0 19 3 2 "-" "-" "-" "-" "-""#;
        assert!(exchange(line, false).is_some());
        assert!(exchange(&format!("{line} more"), false).is_none());
        assert!(exchange(line.get(..60).unwrap(), false).is_none());
    }
}
