//! Combined lines in which the host stands between the time and the request: APISIX and others.

use std::borrow::Cow;

use super::clf::{agent, field, put_request, quote_in};
use super::scan::{Rest, address, said, status, unescape};
use super::shape::{is_id, reason};
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::input::har_entry::without_port;
use crate::model::{Exchange, Observer};

/// `client - user [time] host "request" status bytes seconds "referer" "user agent" server status seconds "url"`.
pub(super) const APISIX: Format = Format {
    name: "apisix",
    what: "Apache APISIX's access log",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| read(line),
};

fn read(line: &str) -> Option<Found<'_>> {
    let mut rest = Rest(line);
    let client = address(rest.word()?)?;
    rest.literal("- ")?;
    let open = rest.0.find(" [")?;
    let user = rest.0.get(..open)?;
    (!user.contains('"')).then_some(())?;
    rest.0 = rest.0.get(open + 1..)?;
    let time = parse_time(rest.between('[', ']')?)?;
    let host = rest.word().filter(|word| !word.starts_with('"'))?;
    let inside = rest.0.strip_prefix('"')?;
    let end = quote_in(inside, 0)?;
    rest.0 = inside.get(end + 1..)?.trim_start_matches(' ');
    let mut exchange = Box::new(Exchange {
        time: Some(time),
        client_ip: Some(client),
        user: said(user).map(unescape),
        host: said(host).map(Cow::Borrowed),
        status: status(rest.word()?)?,
        ..Exchange::default()
    });
    put_request(&mut exchange, inside.get(..end)?);
    let (_bytes, _took) = (rest.word().filter(number)?, rest.word().filter(number)?);
    agent(&mut exchange, &mut rest)?;
    let (server, answered, _took) = (rest.word()?, rest.word()?, rest.word().filter(number)?);
    let _url = field(&mut rest)?;
    if let Some(id) = rest.0.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        exchange.request_id = Some(id).filter(|id| is_id(id)).map(Cow::Borrowed);
        rest.0 = "";
    }
    rest.0.is_empty().then_some(())?;
    exchange.server = said(server).map(|server| without_port(Cow::Borrowed(server)));
    reason(&mut exchange, "upstream_status", Cow::Borrowed(answered));
    Some(Found::Exchange(exchange))
}

fn number(word: &&str) -> bool {
    *word == "-" || word.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::log::exchange_of;

    const LINE: &str = r#"192.0.2.7 - ann [23/Nov/2026:02:29:33 +0000] api.example.com:9080 "GET /me HTTP/1.1" 401 52 0.000 "-" "curl/8.5.0" - - - "http://api.example.com:9080""#;

    #[test]
    fn the_gateway_refused_where_no_server_was_asked() {
        let found = exchange_of(&APISIX, LINE).unwrap();
        assert_eq!((found.status, &*found.url), (Some(401), "/me"));
        assert_eq!(found.host.as_deref(), Some("api.example.com:9080"));
        assert_eq!(found.user.as_deref(), Some("ann"));
        assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:29:33Z");
        assert!(found.reasons.is_empty() && found.server.is_none());
    }

    #[test]
    fn a_server_behind_it_is_named_with_its_status() {
        let line = LINE
            .replace("\"GET /me HTTP/1.1\" 401", "\"GET /me HTTP/1.1\" 200")
            .replace("- - - \"http", "10.0.0.3:80 200 0.009 \"http")
            + " \"7805c9d1c606c27d898f98f6c4d2e631\"";
        let found = exchange_of(&APISIX, &line).unwrap();
        assert_eq!((found.status, found.server.as_deref()), (Some(200), Some("10.0.0.3")));
        assert_eq!(found.reasons, [("upstream_status".into(), "200".into())]);
        assert_eq!(found.request_id.as_deref(), Some("7805c9d1c606c27d898f98f6c4d2e631"));
    }

    #[test]
    fn combined_lines_are_not_its() {
        let combined = LINE.replace(" api.example.com:9080 \"GET", " \"GET");
        assert!(exchange_of(&APISIX, &combined).is_none());
        assert!(exchange_of(&APISIX, &format!("{LINE} more")).is_none());
    }
}
