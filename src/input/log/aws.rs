//! AWS: Application and Classic Load Balancers, S3 server access logs, API Gateway's log in CLF style.

use std::borrow::Cow;

use super::scan::{
    Rest, address, field, is_count, is_number, node, reason, request_line, said, status, unescape,
};
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::input::jsonl::REDACTED;
use crate::model::{Exchange, Observer, Visibility};

/// `type time elb client:port target:port 3 times status target-status received sent "request"
/// "user agent" cipher protocol ...`.
pub(super) const ALB: Format = Format {
    name: "aws alb",
    what: "access logs of AWS Application Load Balancers",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| {
        let (kind, rest) = line.split_once(' ')?;
        let known = matches!(kind, "http" | "https" | "h2" | "grpcs" | "ws" | "wss");
        known.then(|| balancer(rest, true))?
    },
};

/// The same without the type and what follows the protocol.
pub(super) const ELB: Format = Format {
    name: "aws elb",
    what: "access logs of AWS Classic Load Balancers",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| balancer(line, false),
};

/// `owner bucket [time] client requester id operation key "request" status error ...`.
pub(super) const S3: Format = Format {
    name: "aws s3",
    what: "server access logs of S3 buckets",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| s3(line),
};

/// `client caller user [time]"request" status bytes request-id`: AWS's own example of a format.
pub(super) const API_GATEWAY: Format = Format {
    name: "aws api gateway clf",
    what: "AWS API Gateway access logs in the CLF pattern",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| api_gateway(line),
};

fn balancer(line: &str, application: bool) -> Option<Found<'_>> {
    let mut rest = Rest(line);
    let time = rest.word().filter(|w| w.as_bytes().get(10) == Some(&b'T')).and_then(parse_time)?;
    let _balancer = rest.word()?;
    let client = rest.word()?;
    let target = rest.word()?;
    for _ in 0..3 {
        is_number(rest.word()?).then_some(())?;
    }
    let (told, target_told) = (status(rest.word()?)?, rest.word()?);
    status(target_told)?;
    (is_count(rest.word()?) && is_count(rest.word()?)).then_some(())?;
    let start = rest;
    // A client may send quotes and backslashes, escaped or not.
    [true, false].into_iter().find_map(|escaped| {
        let mut rest = start;
        let mut exchange = Exchange {
            time: Some(time),
            status: told,
            client_ip: address(client),
            server: node(target),
            ..Exchange::default()
        };
        let request = quoted(&mut rest, escaped)?;
        if let Some((method, target)) = request_line(request).filter(|(method, _)| *method != "-") {
            exchange.method = Some(Cow::Borrowed(method));
            exchange.url = unescape(target);
        }
        exchange.user_agent = said(quoted(&mut rest, escaped)?).map(unescape);
        let _tls = (rest.word()?, rest.word()?);
        if application {
            application_tail(rest, &mut exchange, escaped)?;
        } else {
            rest.0.is_empty().then_some(())?;
            if exchange.method.is_none() && told.is_none() {
                // A balancer of TCP connections.
                return Some(Found::Notice);
            }
        }
        Some(Found::Exchange(Box::new(exchange)))
    })
}

fn quoted<'a>(rest: &mut Rest<'a>, escaped: bool) -> Option<&'a str> {
    if escaped { rest.quoted() } else { rest.between('"', '"') }
}

/// Reads `group "trace" "domain" "certificate" priority created "actions" "redirect" "error" ...`;
/// older lines stop earlier, newer ones go on.
fn application_tail<'a>(
    mut rest: Rest<'a>,
    exchange: &mut Exchange<'a>,
    escaped: bool,
) -> Option<()> {
    let _group = rest.word()?;
    let trace = quoted(&mut rest, escaped)?;
    exchange.trace_id = said(trace).map(|trace| {
        let root = trace.split(';').find_map(|part| part.strip_prefix("Root="));
        Cow::Borrowed(root.unwrap_or(trace))
    });
    let more = |rest: &mut Rest<'a>| match rest.0 {
        "" => Some(""),
        _ => quoted(rest, escaped),
    };
    let domain = more(&mut rest)?;
    if exchange.url.starts_with('/') {
        exchange.host = said(domain).map(Cow::Borrowed);
    }
    let _certificate = more(&mut rest)?;
    if !rest.0.is_empty() {
        is_count(rest.word()?).then_some(())?;
        let _created = rest.word()?;
    }
    let actions = more(&mut rest)?;
    let _redirect = more(&mut rest)?;
    let error = more(&mut rest)?;
    reason(exchange, "error_reason", error);
    // Where a target answered, no action of the balancer did; else the last one.
    if exchange.server.is_none() {
        reason(exchange, "actions_executed", actions.rsplit(',').next().unwrap_or(actions));
    }
    Some(())
}

fn s3(line: &str) -> Option<Found<'_>> {
    let mut rest = Rest(line);
    let owner = rest.word()?;
    let is_owner =
        owner == "-" || owner.len() == 64 && owner.bytes().all(|b| b.is_ascii_hexdigit());
    is_owner.then_some(())?;
    let bucket = rest.word()?;
    let time = parse_time(rest.between('[', ']')?)?;
    let (client, requester, id) = (rest.word()?, rest.word()?, rest.word()?);
    let _operation = rest.word().filter(|word| word.contains('.'))?;
    let _key = rest.word()?;
    let request = match rest.0.strip_prefix("- ") {
        Some(after) => {
            rest.0 = after;
            "-"
        }
        None => rest.between('"', '"')?,
    };
    let status = status(rest.word()?)?;
    let error = rest.word()?;
    for _ in 0..4 {
        is_count(rest.word()?).then_some(())?;
    }
    // Neither the referrer nor the user agent is escaped: the words behind them hold no quotes.
    let (quoted, tail) = match rest.0.strip_prefix("- ") {
        Some(after) => ("-\" \"", after),
        None => rest.0.strip_prefix('"')?.rsplit_once("\" ")?,
    };
    let (referer, agent) = quoted.split_once("\" \"").unwrap_or((quoted, ""));
    let mut exchange = Exchange {
        time: Some(time),
        status,
        client_ip: address(client),
        user: said(requester).map(Cow::Borrowed),
        request_id: said(id).map(Cow::Borrowed),
        user_agent: said(agent).map(Cow::Borrowed),
        ..Exchange::default()
    };
    if let Some((method, target)) = request_line(request) {
        exchange.method = Some(Cow::Borrowed(method));
        exchange.url = Cow::Borrowed(target);
    }
    if let Some(referer) = said(referer) {
        exchange.request_headers.push(field("Referer", referer));
        exchange.request_visibility = Visibility::Partial;
    }
    reason(&mut exchange, "error_code", error);
    let mut tail = tail.split(' ');
    let (_version, _host_id, signature) = (tail.next()?, tail.next()?, tail.next());
    let (_cipher, kind, host) = (tail.next(), tail.next(), tail.next());
    exchange.host = host
        .and_then(said)
        .map(Cow::Borrowed)
        .or_else(|| said(bucket).map(|bucket| Cow::Owned(format!("{bucket}.s3.amazonaws.com"))));
    // How the request was signed: in the header, in the query, or not at all.
    match (kind, signature) {
        (Some("AuthHeader"), _) => {
            let scheme = if signature == Some("SigV2") { "AWS" } else { "AWS4-HMAC-SHA256" };
            let value = format!("{scheme} {REDACTED}");
            exchange.request_headers.push(field("Authorization", value));
            exchange.request_visibility = Visibility::Partial;
        }
        (Some("-"), Some("-")) => exchange.request_visibility = Visibility::Full,
        _ => {}
    }
    Some(Found::Exchange(Box::new(exchange)))
}

fn api_gateway(line: &str) -> Option<Found<'_>> {
    let mut rest = Rest(line);
    let client = address(rest.word()?)?;
    let (_caller, user) = (rest.word()?, rest.word()?);
    let time = parse_time(rest.between('[', ']')?)?;
    let request = rest.quoted()?;
    let status = status(rest.word()?)?;
    is_count(rest.word()?).then_some(())?;
    // By the request's id it is told from the common log format.
    let id = rest.word().filter(|id| id.len() >= 16 && !id.starts_with('"'))?;
    let _extended = rest.word();
    rest.0.is_empty().then_some(())?;
    let (method, target) = request_line(request)?;
    Some(Found::Exchange(Box::new(Exchange {
        time: Some(time),
        method: Some(Cow::Borrowed(method)),
        url: Cow::Borrowed(target),
        status,
        client_ip: Some(client),
        user: said(user).map(Cow::Borrowed),
        request_id: Some(Cow::Borrowed(id)),
        ..Exchange::default()
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange<'a>(format: &Format, line: &'a str) -> Exchange<'a> {
        match (format.read)(line, &mut Setting::default()) {
            Some(Found::Exchange(exchange)) => *exchange,
            other => panic!("{line}: {other:?}"),
        }
    }

    const REFUSED: &str = r#"https 2026-11-23T02:29:33.186641Z app/api/50dc6c495c0c9188 192.0.2.7:44740 - -1 -1 -1 401 - 0 57 "GET https://api.example.com:443/a b HTTP/1.1" "curl/8.5.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 - "Root=1-58337281-1d84f3d73c47ec4e58577259" "api.example.com" "arn:aws:acm:x" 1 2026-11-23T02:29:33.100000Z "jwt-validation" "-" "JWTHeaderNotPresent" "-" "-" "-" "-" TID_1234"#;

    #[test]
    fn a_balancer_says_why_it_refused() {
        let found = exchange(&ALB, REFUSED);
        assert_eq!((found.status, found.server.as_deref()), (Some(401), None));
        assert_eq!(found.url, "https://api.example.com:443/a b");
        assert_eq!(found.trace_id.as_deref(), Some("1-58337281-1d84f3d73c47ec4e58577259"));
        assert_eq!(found.client_ip.as_deref(), Some("192.0.2.7"));
        assert_eq!(found.reasons.first().map(|(_, text)| &**text), Some("JWTHeaderNotPresent"));
    }

    #[test]
    fn lines_of_older_balancers_end_earlier() {
        let (older, _) = REFUSED.split_once(" \"JWTHeader").unwrap();
        assert_eq!(
            exchange(&ALB, older).reasons,
            [("actions_executed".into(), "jwt-validation".into())]
        );
        let (oldest, _) = REFUSED.split_once(" \"api.example.com\"").unwrap();
        assert!(exchange(&ALB, oldest).reasons.is_empty());
    }

    #[test]
    fn quotes_and_backslashes_of_clients_lose_no_line() {
        let escaped = REFUSED.replace("\"curl/8.5.0\"", r#""a \"b\"""#);
        assert_eq!(exchange(&ALB, &escaped).user_agent.as_deref(), Some(r#"a "b""#));
        let trailing = REFUSED.replace("\"curl/8.5.0\"", r#""a\""#);
        assert_eq!(exchange(&ALB, &trailing).status, Some(401));
    }

    #[test]
    fn a_request_that_could_not_be_read_is_still_an_exchange() {
        let line =
            REFUSED.replace("GET https://api.example.com:443/a b HTTP/1.1", "- http://x:443- -");
        let found = exchange(&ALB, &line);
        assert_eq!((found.status, found.method, &*found.url), (Some(401), None, ""));
    }

    #[test]
    fn a_classic_balancer_has_no_type_and_nothing_behind_the_protocol() {
        let line = r#"2026-11-23T02:29:33.945958Z my-elb 192.0.2.7:2817 10.0.0.1:80 0.000073 0.001048 0.000057 403 403 0 29 "GET http://api.example.com:80/ HTTP/1.1" "curl/8.5.0" - -"#;
        assert_eq!(exchange(&ELB, line).server.as_deref(), Some("10.0.0.1"));
        assert!((ELB.read)(&format!("{line} x"), &mut Setting::default()).is_none());
        let tcp = r#"2026-11-23T02:29:33.945958Z my-elb 192.0.2.7:2817 10.0.0.1:22 0.1 0.2 0.3 - - 0 29 "- - - " "-" - -"#;
        assert!(matches!((ELB.read)(tcp, &mut Setting::default()), Some(Found::Notice)));
    }

    const BUCKET: &str = r#"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be files [23/Nov/2026:02:29:33 +0000] 192.0.2.7 - 3E57427F3EXAMPLE REST.GET.OBJECT a/b.txt "GET /files/a/b.txt HTTP/1.1" 403 AccessDenied 243 - 7 - "-" "x" y/1" - s9lzHYrFp76ZVxRc= - ECDHE-RSA-AES128-GCM-SHA256 - files.s3.us-west-1.amazonaws.com TLSv1.2 - -"#;

    #[test]
    fn an_unsigned_request_to_a_bucket_had_no_authorization() {
        let found = exchange(&S3, BUCKET);
        assert_eq!(found.request_visibility, Visibility::Full);
        assert_eq!(found.user_agent.as_deref(), Some("x\" y/1"));
        assert_eq!(found.reasons, [("error_code".into(), "AccessDenied".into())]);
        assert_eq!(found.host.as_deref(), Some("files.s3.us-west-1.amazonaws.com"));
        let signed =
            BUCKET.replace(" - ECDHE", " SigV4 ECDHE").replace("SHA256 - f", "SHA256 AuthHeader f");
        let found = exchange(&S3, &signed);
        assert_eq!(found.request_header("authorization"), Some("AWS4-HMAC-SHA256 REDACTED"));
        assert_eq!(found.request_visibility, Visibility::Partial);
    }

    #[test]
    fn the_gateways_pattern_is_told_from_the_common_log_format_by_its_id() {
        let line = r#"192.0.2.7 - ann [23/Nov/2026:02:29:33 +0000]"GET /pets HTTP/1.1" 403 42 3dd4b1f2-0c5b-4c1c-9b0a-2f5a7d1c1d11"#;
        assert_eq!(exchange(&API_GATEWAY, line).user.as_deref(), Some("ann"));
        let common = r#"192.0.2.7 - ann [23/Nov/2026:02:29:33 +0000] "GET /pets HTTP/1.1" 403 42"#;
        assert!((API_GATEWAY.read)(common, &mut Setting::default()).is_none());
    }
}
