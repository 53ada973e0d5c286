use serde_json::json;

use super::*;
use crate::input::calendar::Calendar;
use crate::input::record;

const LINE: &str =
    r#"192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] "GET /me HTTP/1.1" 401 25 "-" "curl/8.5.0""#;

/// What was found: time, path and format of exchanges, reasons of skips.
#[derive(Default)]
struct Seen {
    exchanges: Vec<(Option<String>, String, &'static str)>,
    skipped: Vec<SkipReason>,
}

impl Sink for Seen {
    fn exchange(&mut self, exchange: &mut Exchange<'_>, _: &Attached<'_>) {
        let time = exchange.time.map(|time| time.at.rfc3339(0));
        self.exchanges.push((time, exchange.url.to_string(), exchange.format));
    }

    fn skipped(&mut self, _: Position, reason: SkipReason) {
        self.skipped.push(reason);
    }

    fn repaired(&mut self, _: Position, _: &[Repair]) {}
}

fn seen(value: &Value) -> Seen {
    let mut seen = Seen::default();
    let place = Place::at(Position::default(), Calendar::Unknown);
    record::value(value, &[], place, &mut Mapping::default(), &mut seen);
    seen
}

fn refusal() -> Value {
    json!({"status": 401, "method": "GET", "path": "/orders"})
}

#[test]
fn a_line_inside_a_shippers_record_is_read_as_that_line() {
    for record in [
        json!({"MESSAGE": LINE, "__REALTIME_TIMESTAMP": "1764000000000000", "_HOSTNAME": "web"}),
        json!({"labels": {"app": "web"}, "line": LINE, "timestamp": "2026-11-23T02:29:34Z"}),
        json!({"insertId": "a", "textPayload": LINE, "timestamp": "2026-11-23T02:29:34Z"}),
        json!({"_index": "logs", "_source": {"message": LINE}}),
        json!({"result": {"_raw": LINE}}),
        json!({"log": format!("{LINE}\n"), "kubernetes": {"pod_name": "web-1"}}),
    ] {
        let found = seen(&record).exchanges;
        let time = Some("2026-11-23T02:29:33Z".to_owned());
        assert_eq!(found, [(time, "/me".to_owned(), "combined")], "{record}");
    }
}

#[test]
fn a_record_without_a_time_gets_that_of_its_envelope() {
    let inner = refusal().to_string();
    let time = Some("2025-11-24T16:00:00Z".to_owned());
    for record in [
        json!({"logEvents": [{"id": "1", "timestamp": 1_764_000_000_000_u64, "message": inner}]}),
        json!({"data": {"result": [{"stream": {}, "values": [["1764000000000000000", inner]]}]}}),
        json!({"results": [[{"field": "@timestamp", "value": "2025-11-24 16:00:00.000"},
                            {"field": "@message", "value": inner}]]}),
    ] {
        let found = seen(&record).exchanges;
        assert_eq!(found, [(time.clone(), "/orders".to_owned(), "json")], "{record}");
    }
}

#[test]
fn each_record_of_a_list_is_one() {
    let found = seen(&json!({"records": [refusal(), {"level": "info"}, refusal()]}));
    assert_eq!(found.exchanges.len(), 2);
    assert_eq!(found.skipped, [SkipReason::NoExchange]);
}

#[test]
fn a_span_is_read_by_the_names_of_its_attributes() {
    let attribute = |key: &str, value: Value| json!({"key": key, "value": value});
    let span = json!({
        "traceId": "5b8aa5a2d2c872e8321cf37308d69df2",
        "startTimeUnixNano": "1764000000000000000",
        "attributes": [
            attribute("http.request.method", json!({"stringValue": "GET"})),
            attribute("url.path", json!({"stringValue": "/orders"})),
            attribute("http.response.status_code", json!({"intValue": "401"})),
        ],
    });
    let export = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span, {"name": "query"}]}]}]});
    let found = seen(&export);
    let time = Some("2025-11-24T16:00:00Z".to_owned());
    assert_eq!(found.exchanges, [(time, "/orders".to_owned(), "otlp")]);
    assert_eq!(found.skipped, [SkipReason::NoExchange]);
}

#[test]
fn a_message_that_only_talks_of_requests_is_none() {
    for record in [
        json!({"level": "info", "message": "GET /me was answered with 401 three times"}),
        json!({"log": "listening on 0.0.0.0:8080, status 401 pages are served from /401"}),
        json!({"records": []}),
        json!({"events": ["a", 1, null]}),
    ] {
        let found = seen(&record);
        assert!(found.exchanges.is_empty(), "{record}");
        assert_eq!(found.skipped, [SkipReason::NoExchange], "{record}");
    }
}

#[test]
fn envelopes_in_envelopes_end() {
    let mut record = refusal();
    for _ in 0..40 {
        record = json!({"records": [record]});
    }
    assert!(seen(&record).exchanges.is_empty());
    let mut text = refusal().to_string();
    for _ in 0..3 {
        text = json!({"message": text}).to_string();
    }
    assert_eq!(seen(&json!({"message": text})).exchanges.len(), 1);
}
