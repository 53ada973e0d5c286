//! `key=value` lines (logfmt): Go services, lograge, the Heroku router, Authelia, Grafana, Tyk.
//!
//! The pairs are read as a JSON object of texts would be, by the same names.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Format, Found, Setting};
use crate::input::jsonl::{self, from_value};
use crate::model::{Body, Exchange, Header, Observer, Text};

/// `time=... level=info method=GET path=/ status=401`.
pub(super) const LOGFMT: Format = Format {
    name: "logfmt",
    what: "key=value lines: Go services, lograge, Heroku's router and others",
    observer: Observer::App,
    read: |line, setting: &mut Setting| read(line, setting),
};

/// Pairs of one line; a real one has some dozens.
const MOST_PAIRS: usize = 500;

fn read(line: &str, setting: &mut Setting) -> Option<Found<'static>> {
    let router = line.strip_prefix("heroku[router]: ");
    let mut pairs = pairs(router.unwrap_or(line))?;
    if router.is_some() || pairs.contains_key("fwd") {
        // Heroku's own names for client and node.
        for (theirs, name) in [("fwd", "client_ip"), ("dyno", "upstream_host")] {
            if let Some(value) = pairs.remove(theirs) {
                pairs.insert(name.to_owned(), value);
            }
        }
    }
    // Two words with a sign between them are no line of such a writer.
    let usual = ["time", "ts", "t", "level", "lvl", "msg", "method", "at", "logger", "severity"];
    let enough = pairs.len() >= 3 && usual.iter().any(|name| pairs.contains_key(*name));
    enough.then_some(())?;
    let value = Value::Object(pairs);
    let Ok((mut exchange, mapping)) = from_value(&value, Some(&setting.mapping)) else {
        return Some(Found::Notice);
    };
    jsonl::date(&mut exchange, &value, &mapping, setting.calendar);
    let exchange = owned(exchange);
    setting.mapping = mapping;
    Some(Found::Exchange(Box::new(exchange)))
}

/// Splits a line that is made of pairs alone.
fn pairs(line: &str) -> Option<Map<String, Value>> {
    let mut found = Map::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let end = rest.find(['=', ' ', '"'])?;
        let (key, after) = rest.split_at(end);
        let named = !key.is_empty()
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-@/:".contains(&b));
        after.strip_prefix('=').filter(|_| named)?;
        let after = after.get(1..)?;
        let value = if let Some(inside) = after.strip_prefix('"') {
            let end = closing(inside)?;
            rest = inside.get(end + 1..)?;
            if !(rest.is_empty() || rest.starts_with(' ')) {
                return None;
            }
            unquoted(inside.get(..end)?)
        } else {
            let end = after.find(' ').unwrap_or(after.len());
            rest = after.get(end..)?;
            Cow::Borrowed(after.get(..end)?)
        };
        rest = rest.trim_start();
        if found.len() < MOST_PAIRS {
            // What the writer put first is its own; a later one may be a client's.
            found.entry(key).or_insert_with(|| Value::String(value.into_owned()));
        }
    }
    Some(found)
}

/// Finds the quote that is not escaped.
fn closing(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|b| {
        let ends = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        ends
    })
}

fn unquoted(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let literal = format!("\"{text}\"");
    match serde_json::from_str::<String>(&literal) {
        Ok(text) => Cow::Owned(text),
        Err(_) => Cow::Owned(text.replace("\\\"", "\"")),
    }
}

/// Copies what an exchange borrows: the object it was read from goes with the line.
pub(super) fn owned(exchange: Exchange<'_>) -> Exchange<'static> {
    fn text(text: Cow<'_, str>) -> Cow<'static, str> {
        Cow::Owned(text.into_owned())
    }
    fn some(value: Option<Cow<'_, str>>) -> Option<Cow<'static, str>> {
        value.map(text)
    }
    fn pairs(
        list: Vec<(Cow<'_, str>, Cow<'_, str>)>,
    ) -> Vec<(Cow<'static, str>, Cow<'static, str>)> {
        list.into_iter().map(|(name, value)| (text(name), text(value))).collect()
    }
    fn headers(list: Vec<Header<'_>>) -> Vec<Header<'static>> {
        list.into_iter().map(|h| Header { name: text(h.name), value: text(h.value) }).collect()
    }
    fn body(body: Body<'_>) -> Body<'static> {
        Body {
            mime: some(body.mime),
            text: match body.text {
                Text::Absent => Text::Absent,
                other => Text::Plain(Cow::Owned(other.read().into_owned())),
            },
            base64: body.base64,
            params: pairs(body.params),
            size: body.size,
            withheld: body.withheld,
        }
    }
    Exchange {
        position: exchange.position,
        time: exchange.time,
        time_of_answer: exchange.time_of_answer,
        time_unreadable: exchange.time_unreadable,
        year_assumed: exchange.year_assumed,
        observer: exchange.observer,
        format: exchange.format,
        method: some(exchange.method),
        url: text(exchange.url),
        host: some(exchange.host),
        request_headers: headers(exchange.request_headers),
        request_visibility: exchange.request_visibility,
        request_cookies: pairs(exchange.request_cookies),
        request_body: body(exchange.request_body),
        status: exchange.status,
        status_text: some(exchange.status_text),
        response_headers: headers(exchange.response_headers),
        response_visibility: exchange.response_visibility,
        response_body: body(exchange.response_body),
        redirect_url: some(exchange.redirect_url),
        error: some(exchange.error),
        reasons: pairs(exchange.reasons),
        client_ip: some(exchange.client_ip),
        user_agent: some(exchange.user_agent),
        user: some(exchange.user),
        server: some(exchange.server),
        request_id: some(exchange.request_id),
        trace_id: some(exchange.trace_id),
        until_answer_ms: exchange.until_answer_ms,
        from_cache: exchange.from_cache,
        websocket: exchange.websocket,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(line: &str) -> Exchange<'static> {
        match read(line, &mut Setting::default()) {
            Some(Found::Exchange(exchange)) => *exchange,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn lines_of_rails_and_of_herokus_router_are_read() {
        let line = "method=GET path=/me format=json controller=Me action=show status=401 duration=79.0 view=7.8";
        assert_eq!((exchange(line).status, &*exchange(line).url), (Some(401), "/me"));
        let line = r#"heroku[router]: at=info method=GET path="/me?x=1" host=api.example.com request_id=2d4f8f3e-aaaa fwd="192.0.2.7" dyno=web.1 connect=1ms service=18ms status=403 bytes=13"#;
        let found = exchange(line);
        assert_eq!((found.status, found.client_ip.as_deref()), (Some(403), Some("192.0.2.7")));
        assert_eq!(found.server.as_deref(), Some("web.1"));
    }

    #[test]
    fn reasons_and_quoted_values_are_kept() {
        let line = r#"time="2026-11-23T02:29:33Z" level=info prefix=access-log method=GET path=/a status=401 response_flag=TKE response_code_details=token_expired user_agent="a \"b\" c""#;
        let found = exchange(line);
        assert_eq!(found.user_agent.as_deref(), Some("a \"b\" c"));
        assert!(found.reasons.iter().any(|(name, text)| name == "response_flag" && text == "TKE"));
        assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:29:33Z");
    }

    #[test]
    fn a_pair_that_a_client_put_into_a_value_is_no_pair() {
        let line = r#"level=info method=GET path="/a status=200" status=401 user_agent="x\" status=200 y=\"""#;
        assert_eq!(exchange(line).status, Some(401));
    }

    #[test]
    fn a_failed_login_needs_no_status() {
        let line = r#"time="2026-11-23T02:29:33+02:00" level=error msg="Unsuccessful TOTP authentication attempt by user 'ann'" method=POST path=/api/secondfactor/totp remote_ip=192.0.2.7"#;
        let found = exchange(line);
        assert_eq!((found.observer, found.status), (Observer::Idp, None));
        assert_eq!(found.user.as_deref(), Some("ann"));
    }

    #[test]
    fn messages_are_notices_and_prose_is_not_logfmt() {
        let line = r#"time="2026-11-23T02:29:33Z" level=info msg="Pod deleted" namespace=a"#;
        assert!(matches!(read(line, &mut Setting::default()), Some(Found::Notice)));
        for line in
            ["a=b", "level=info and more=x y=z", "the level=info msg=x", "time=\"open level=x y=z"]
        {
            assert!(read(line, &mut Setting::default()).is_none(), "{line}");
        }
    }
}
