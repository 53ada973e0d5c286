//! Combined lines with a tail of their own: Traefik and the ingress controller of nginx.

use std::borrow::Cow;

use super::clf::{agent, field, head};
use super::scan::{Rest, said};
use super::shape::reason;
use super::{Format, Found, Setting};
use crate::input::har_entry::without_port;
use crate::model::{Exchange, Observer};

/// `... "referer" "user agent" 72 "router" "http://10.0.0.3:80" 0ms`.
pub(super) const TRAEFIK: Format = Format {
    name: "traefik",
    what: "Traefik's access log in the common format",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| {
        line.ends_with("ms").then_some(())?;
        let (mut exchange, mut rest) = head(line)?;
        agent(&mut exchange, &mut rest)?;
        traefik(&mut exchange, rest)?;
        Some(Found::Exchange(exchange))
    },
};

/// `... "referer" "user agent" 512 0.003 [space-service-80] [] 10.0.0.3:8080 25 0.003 401 id`.
pub(super) const INGRESS: Format = Format {
    name: "nginx-ingress",
    what: "the ingress controller of nginx for Kubernetes (upstreaminfo)",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| {
        let (mut exchange, mut rest) = head(line)?;
        agent(&mut exchange, &mut rest)?;
        ingress(&mut exchange, rest)?;
        Some(Found::Exchange(exchange))
    },
};

fn traefik<'a>(exchange: &mut Exchange<'a>, mut rest: Rest<'a>) -> Option<()> {
    let _count = rest.word().filter(|word| digits(word))?;
    let _router = field(&mut rest)?;
    let server = field(&mut rest)?;
    let took = rest.word()?.strip_suffix("ms")?;
    (digits(took) && rest.0.is_empty()).then_some(())?;
    if let Some(server) = said(server) {
        let node = server.split_once("://").map_or(server, |(_, node)| node);
        let node = node.split('/').next().unwrap_or(node);
        exchange.server = Some(without_port(Cow::Borrowed(node)));
    }
    Some(())
}

fn ingress<'a>(exchange: &mut Exchange<'a>, mut rest: Rest<'a>) -> Option<()> {
    let _length = rest.word().filter(|word| digits(word))?;
    let _took = rest.word().filter(|word| number(word))?;
    let _service = rest.between('[', ']')?;
    if rest.0.starts_with('[') {
        let _alternative = rest.between('[', ']')?;
    }
    // Each is a list, one item for each server that was tried.
    let server = list(&mut rest)?;
    let _lengths = list(&mut rest)?;
    let _times = list(&mut rest)?;
    let status = list(&mut rest)?;
    let last = |list: &'a str| list.rsplit(' ').next().unwrap_or(list);
    let known = |word: &str| word == "-" || word.len() == 3 && digits(word);
    known(last(status)).then_some(())?;
    if let Some(server) = said(last(server)) {
        exchange.server = Some(without_port(Cow::Borrowed(server)));
    }
    reason(exchange, "upstream_status", Cow::Borrowed(last(status)));
    exchange.request_id = rest.word().and_then(said).map(Cow::Borrowed);
    rest.0.is_empty().then_some(())
}

/// Takes words joined by `, ` or ` : `.
fn list<'a>(rest: &mut Rest<'a>) -> Option<&'a str> {
    let start = rest.0;
    loop {
        let word = rest.word()?;
        let more = word.ends_with(',') || rest.0.starts_with(": ");
        if !more {
            break;
        }
        if rest.0.starts_with(": ") {
            rest.word()?;
        }
    }
    start.get(..start.len() - rest.0.len()).map(str::trim_end)
}

fn digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

fn number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::log::exchange_of as read;

    const HEAD: &str =
        r#"10.0.0.9 - bob [23/Nov/2026:02:29:33 +0000] "GET /me HTTP/2.0" 401 25 "-" "curl/8.5.0""#;

    #[test]
    fn traefik_names_the_server_that_it_asked() {
        let line = format!(r#"{HEAD} 72 "api@docker" "http://10.0.0.3:80" 12ms"#);
        let found = read(&TRAEFIK, &line).unwrap();
        assert_eq!(
            (found.server.as_deref(), found.user.as_deref()),
            (Some("10.0.0.3"), Some("bob"))
        );
        let line = format!(r#"{HEAD} 72 "-" "-" 0ms"#);
        assert_eq!(read(&TRAEFIK, &line).unwrap().server, None);
        assert!(read(&TRAEFIK, &format!(r#"{HEAD} 72 "-" 0ms"#)).is_none());
    }

    #[test]
    fn traefik_may_have_no_status() {
        let line = r#"192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] "GET / HTTP/1.1" - - "-" "x" 45 "-" "-" 0ms"#;
        assert_eq!(read(&TRAEFIK, line).unwrap().status, None);
    }

    #[test]
    fn the_ingress_tells_the_status_of_the_server_behind_it() {
        let line = format!(
            "{HEAD} 512 0.003 [shop-api-80] [] 10.0.0.3:8080, 10.0.0.4:8080 0, 25 0.001, 0.002 502, 401 0123abcd"
        );
        let found = read(&INGRESS, &line).unwrap();
        assert_eq!(found.reasons, [("upstream_status".into(), "401".into())]);
        assert_eq!(found.server.as_deref(), Some("10.0.0.4"));
        assert_eq!(found.request_id.as_deref(), Some("0123abcd"));
    }

    #[test]
    fn the_ingress_itself_refused_where_no_server_was_asked() {
        let line = format!("{HEAD} 512 0.000 [shop-api-80] [] - - - - 0123abcd");
        let found = read(&INGRESS, &line).unwrap();
        assert!(found.reasons.is_empty() && found.server.is_none());
        assert!(read(&INGRESS, &format!("{HEAD} 512 0.000 - - - - 0123abcd")).is_none());
    }
}
