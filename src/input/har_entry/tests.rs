use proptest::prelude::*;
use serde_json::json;

use super::*;

fn plain() -> Value {
    json!({
        "startedDateTime": "2026-01-01T10:00:00.000Z",
        "request": {"method": "GET", "url": "https://api.example/v1/me",
            "headers": [{"name": "Authorization", "value": "Bearer x"}]},
        "response": {"status": 401, "statusText": "Unauthorized",
            "headers": [{"name": "Date", "value": "Thu, 01 Jan 2026 10:00:00 GMT"}],
            "content": {"size": 15, "mimeType": "application/json", "text": "{\"error\":\"x\"}"}},
        "timings": {"blocked": -1, "dns": 1, "connect": 20, "ssl": 15, "send": 0, "wait": 12}
    })
}

/// Sets the member at a JSON pointer of the plain entry.
fn with(pointer: &str, value: Value) -> Value {
    let mut entry = plain();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = entry.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    parent.insert(name.into(), value);
    entry
}

fn without(pointer: &str) -> Value {
    let mut entry = plain();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    entry.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
    entry
}

#[test]
fn a_plain_entry_is_read_whole() {
    let entry = plain();
    let (exchange, repairs) = entry_from_value(&entry).unwrap();
    assert!(repairs.is_empty(), "{repairs:?}");
    assert_eq!(exchange.method.as_deref(), Some("GET"));
    assert_eq!(exchange.url, "https://api.example/v1/me");
    assert_eq!(exchange.status, Some(401));
    assert_eq!(exchange.time.unwrap().to_string(), "2026-01-01T10:00:00.000Z");
    assert_eq!(exchange.request_header("authorization"), Some("Bearer x"));
    assert_eq!(exchange.request_visibility, Visibility::Full);
    assert_eq!(exchange.response_visibility, Visibility::Full);
    assert_eq!(exchange.response_body.text.read(), r#"{"error":"x"}"#);
    assert_eq!(exchange.until_answer_ms, Some(33.0));
    assert!(!exchange.response_body.withheld);
}

#[test]
fn what_cannot_be_an_exchange_says_why() {
    let table = [
        (Value::Null, SkipReason::Null),
        (json!([]), SkipReason::NotAnObject),
        (json!({}), SkipReason::NoRequest),
        (json!({"request": null}), SkipReason::NoRequest),
        (json!({"request": {}}), SkipReason::NoMethodOrUrl),
    ];
    for (entry, reason) in table {
        assert_eq!(entry_from_value(&entry).map(|_| ()), Err(reason), "{entry}");
    }
}

#[test]
fn no_single_member_costs_the_entry() {
    let odd = [json!(null), json!("x"), json!(-1), json!(true), json!([]), json!([1]), json!({})];
    for pointer in [
        "/startedDateTime",
        "/timings",
        "/response",
        "/response/status",
        "/response/headers",
        "/response/content",
        "/response/content/text",
        "/response/content/size",
        "/request/method",
        "/request/headers",
        "/request/postData",
        "/request/cookies",
        "/serverIPAddress",
        "/comment",
        "/_fromCache",
    ] {
        assert!(entry_from_value(&without_or_plain(pointer)).is_ok(), "{pointer} missing");
        for value in &odd {
            let entry = with(pointer, value.clone());
            assert!(entry_from_value(&entry).is_ok(), "{pointer} is {value}");
        }
    }
}

fn without_or_plain(pointer: &str) -> Value {
    if plain().pointer(pointer).is_some() { without(pointer) } else { plain() }
}

#[test]
fn names_in_another_case_are_found_and_said() {
    let entry = json!({"Request": {"Method": "GET", "URL": "https://a/", "Headers": []},
        "RESPONSE": {"Status": 401, "headers": []}});
    let (exchange, repairs) = entry_from_value(&entry).unwrap();
    assert_eq!((exchange.status, &*exchange.url), (Some(401), "https://a/"));
    assert!(repairs.contains(&Repair::KeyCase));
}

#[test]
fn a_status_is_read_from_what_was_written() {
    let table = [
        (json!("401"), Some(401)),
        (json!("401 Unauthorized"), Some(401)),
        (json!(401.0), Some(401)),
        (json!(0), None),
        (json!(-1), None),
        (json!(-999), None),
        (json!("error"), None),
        (json!(null), None),
        (json!(70_000), None),
    ];
    for (value, status) in table {
        let entry = with("/response/status", value.clone());
        assert_eq!(entry_from_value(&entry).unwrap().0.status, status, "{value}");
    }
}

#[test]
fn a_time_is_read_in_every_form() {
    let table = [
        (json!("2026-01-01T10:00:00"), Some("2026-01-01T10:00:00Z"), Repair::TimeWithoutZone),
        (json!("2026-01-01T10:00:00.000-0800"), Some("2026-01-01T18:00:00.000Z"), Repair::TimeForm),
        (json!(1_767_261_600_000_u64), Some("2026-01-01T10:00:00.000Z"), Repair::TimeForm),
        (json!(1_767_261_600.5), Some("2026-01-01T10:00:00.5Z"), Repair::TimeForm),
        (json!({}), None, Repair::TimeUnreadable),
        (json!("soon"), None, Repair::TimeUnreadable),
        (json!(""), None, Repair::MissingValue),
        (json!(null), None, Repair::MissingValue),
    ];
    for (value, expected, repair) in table {
        let entry = with("/startedDateTime", value.clone());
        let (exchange, repairs) = entry_from_value(&entry).unwrap();
        assert_eq!(exchange.time.map(|t| t.to_string()).as_deref(), expected, "{value}");
        assert!(repairs.contains(&repair), "{value}: {repairs:?}");
        assert_eq!(exchange.time_unreadable, repair == Repair::TimeUnreadable, "{value}");
    }
}

#[test]
fn what_a_cache_answered_shows_no_real_request() {
    for (pointer, value) in [
        ("/_fromCache", json!("disk")),
        ("/_fetchType", json!("Memory Cache")),
        ("/response/_fetchedViaServiceWorker", json!(true)),
        ("/_fetchedViaServiceWorker", json!(true)),
    ] {
        let entry = with(pointer, value);
        assert!(entry_from_value(&entry).unwrap().0.from_cache, "{pointer}");
    }
    let cached = with("/_fromCache", json!("memory"));
    assert_eq!(entry_from_value(&cached).unwrap().0.request_visibility, Visibility::Partial);
    let network = with("/_fetchType", json!("Network Load"));
    assert!(!entry_from_value(&network).unwrap().0.from_cache);
}

#[test]
fn a_body_that_was_left_out_or_cut_is_withheld() {
    let table = [
        (json!({"size": 25, "text": "", "mimeType": "a/b"}), true),
        (json!({"size": 25}), true),
        (json!({"size": 0}), false),
        (json!({"size": -1, "comment": "Response bodies are not included."}), true),
        (json!({"size": 9_000_000, "comment": "Body discarded during HAR generation"}), true),
        (json!({"size": 25, "text": "{\"error\":", "comment": "Response body truncated"}), true),
        (json!({"_file": "abc.json"}), true),
        (json!({"size": 9, "text": "{\"a\":\"b\"}"}), false),
        (json!({"size": 2_000_000, "text": "x".repeat(FIREFOX_BODY_BYTES)}), true),
    ];
    for (content, withheld) in table {
        let entry = with("/response/content", content);
        let (exchange, _) = entry_from_value(&entry).unwrap();
        assert_eq!(exchange.response_body.withheld, withheld, "{:?}", exchange.response_body.size);
    }
}

#[test]
fn base64_is_known_in_any_case() {
    let entry = with("/response/content", json!({"text": "e30=", "encoding": "Base64"}));
    assert!(entry_from_value(&entry).unwrap().0.response_body.base64);
}

#[test]
fn posted_parameters_are_read_in_every_shape() {
    for params in [
        json!([{"name": "grant_type", "value": "refresh_token"}]),
        json!({"grant_type": "refresh_token"}),
    ] {
        let entry = with("/request/postData", json!({"mimeType": null, "params": params}));
        let (exchange, _) = entry_from_value(&entry).unwrap();
        let all = &exchange.request_body.params;
        assert_eq!(all, &[("grant_type".into(), "refresh_token".into())]);
    }
    for empty in [json!(null), json!({}), json!({"text": null, "params": null})] {
        let entry = with("/request/postData", empty);
        assert!(entry_from_value(&entry).unwrap().0.request_body.text.raw().is_empty());
    }
}

#[test]
fn an_error_of_the_transport_is_found_where_each_tool_puts_it() {
    let unanswered = |pointer: &str, value: Value| {
        let mut entry = with(pointer, value);
        entry["response"]["status"] = json!(0);
        entry_from_value(&entry).unwrap().0.error.map(Cow::into_owned)
    };
    let failed = Some("net::ERR_FAILED".to_owned());
    assert_eq!(unanswered("/response/_error", json!("net::ERR_FAILED")), failed);
    assert_eq!(unanswered("/_error", json!({"message": "net::ERR_FAILED"})), failed);
    assert_eq!(unanswered("/response/comment", json!("net::ERR_FAILED")), failed);
    assert_eq!(unanswered("/response/_failureText", json!("net::ERR_FAILED")), failed);
    assert_eq!(unanswered("/comment", json!("")), None);
    let mut titled = with("/comment", json!("Acquire auth token"));
    titled.as_object_mut().unwrap().remove("response");
    assert_eq!(entry_from_value(&titled).unwrap().0.error, None);
    let answered = with("/response/comment", json!("a note"));
    assert_eq!(entry_from_value(&answered).unwrap().0.error, None);
}

#[test]
fn a_host_outside_the_url_is_found() {
    let table = [
        (
            json!("/v1/me"),
            json!([{"name": ":authority", "value": "api.example"}]),
            "GET",
            Some("api.example"),
        ),
        (json!("/v1/me"), json!([["Host", "api.example:8443"]]), "GET", Some("api.example:8443")),
        (json!("api.example:443"), json!([]), "CONNECT", Some("api.example:443")),
        (json!("https://api.example/"), json!([["Host", "other"]]), "GET", None),
        (json!("data:text/plain,x"), json!([]), "GET", None),
    ];
    for (url, headers, method, host) in table {
        let entry = json!({"request": {"method": method, "url": url, "headers": headers}});
        assert_eq!(entry_from_value(&entry).unwrap().0.host.as_deref(), host, "{url}");
    }
}

#[test]
fn what_a_cut_record_lacks_proves_nothing() {
    let entry = without("/response");
    let (mut exchange, _) = entry_from_value(&entry).unwrap();
    mark_cut_off(&mut exchange);
    assert_eq!(exchange.request_visibility, Visibility::Partial);
    assert_eq!(exchange.response_visibility, Visibility::None);
    assert!(exchange.response_body.withheld);
}

#[test]
fn a_websocket_handshake_is_known() {
    assert!(entry_from_value(&with("/request/url", json!("wss://a/"))).unwrap().0.websocket);
    assert!(entry_from_value(&with("/_webSocketMessages", json!([]))).unwrap().0.websocket);
    assert!(!entry_from_value(&plain()).unwrap().0.websocket);
}

#[test]
fn an_address_loses_its_port_and_brackets() {
    for (text, bare) in [
        ("10.0.0.1:443", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[::1]", "::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[", ""),
    ] {
        assert_eq!(without_port(Cow::Borrowed(text)), bare);
        assert_eq!(without_port(Cow::Owned(text.into())), bare);
    }
}

proptest! {
    #[test]
    fn no_value_at_any_place_makes_it_panic(
        pointer in prop::sample::select(vec![
            "/request", "/response", "/request/headers", "/response/headers", "/startedDateTime",
            "/response/content", "/request/postData", "/timings", "/request/url",
        ]),
        text in "\\PC{0,20}",
        number in any::<f64>(),
    ) {
        for value in [json!(text), json!(number), json!([text, number]), json!({ text.clone(): number }),
            json!([[text], {"name": number, "value": [text]}])] {
            let entry = with(pointer, value);
            let _ = entry_from_value(&entry);
        }
    }
}
