//! Caddy's log as it stands on a terminal: the parts of a record between tabs, its fields as JSON.

use serde_json::Value;

use super::logfmt::owned;
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::input::jsonl::from_value;
use crate::model::Observer;

/// `2026/11/23 02:29:33.123 TAB ERROR TAB http.log.access TAB handled request TAB {"request": ...}`.
pub(super) const CONSOLE: Format = Format {
    name: "caddy console",
    what: "Caddy's log in its console format",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| read(line),
};

fn read(line: &str) -> Option<Found<'static>> {
    let mut parts = line.splitn(5, '\t');
    let time = parse_time(parts.next().filter(|stamp| stamp.contains(['/', 'T', '.']))?)?;
    let level = parts.next()?;
    ["DEBUG", "INFO", "WARN", "ERROR", "PANIC", "FATAL"].contains(&level).then_some(())?;
    let logger = parts.next()?;
    let is_access = logger.starts_with("http.log.access");
    let fields = parts.nth(1).filter(|fields| is_access && fields.starts_with('{'));
    let Some(Ok(fields)) = fields.map(serde_json::from_str::<Value>) else {
        // A message without fields has one part less.
        let named = logger.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        return (named && !is_access).then_some(Found::Notice);
    };
    let Ok((exchange, mapping)) = from_value(&fields, None) else { return Some(Found::Notice) };
    (mapping.logger() == "caddy").then_some(())?;
    let mut exchange = owned(exchange);
    exchange.time = Some(time);
    Some(Found::Exchange(Box::new(exchange)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::log::exchange_of;

    const LINE: &str = "2026/11/23 02:29:33.123\tERROR\thttp.log.access.log0\thandled request\t{\"request\": {\"remote_ip\": \"192.0.2.7\", \"proto\": \"HTTP/2.0\", \"method\": \"GET\", \"host\": \"api.example.com\", \"uri\": \"/me\", \"headers\": {\"User-Agent\": [\"curl/8.5.0\"], \"Authorization\": [\"REDACTED\"]}}, \"user_id\": \"\", \"duration\": 0.00003, \"size\": 0, \"status\": 401, \"resp_headers\": {\"Www-Authenticate\": [\"Bearer error=\\\"invalid_token\\\"\"]}}";

    #[test]
    fn the_fields_are_those_of_the_record_in_json() {
        let found = exchange_of(&CONSOLE, LINE).unwrap();
        assert_eq!((found.status, &*found.url), (Some(401), "/me"));
        assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:29:33.123Z");
        assert_eq!(found.request_header("authorization"), Some("REDACTED"));
        assert!(found.response_header("www-authenticate").is_some());
        let accepted = LINE.replace("\"status\": 401", "\"status\": 200");
        assert_eq!(exchange_of(&CONSOLE, &accepted).unwrap().status, Some(200));
    }

    #[test]
    fn other_records_are_messages_and_other_lines_with_tabs_are_not_its() {
        let read = |line: &str| read(line);
        let admin = "2026/11/23 02:29:33.123\tINFO\tadmin\tadmin endpoint started\t{\"address\": \"localhost:2019\"}";
        assert!(matches!(read(admin), Some(Found::Notice)));
        assert!(read("2026-11-23\t02:29:33\tFRA1\t392\t192.0.2.7\tGET").is_none());
        assert!(read("2026/11/23 02:29:33\tGET\t/me\t401").is_none());
        let damaged = LINE.get(..LINE.len() - 9).unwrap();
        assert!(read(damaged).is_none());
    }
}
