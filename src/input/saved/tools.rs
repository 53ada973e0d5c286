//! Runs and sessions that HTTP clients save as JSON: Bruno, Charles, Newman, Postman.
//!
//! Each record is turned into the entry of a HAR that the tool could have exported.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

/// Names of the tools, and what they save.
pub(crate) const TOOLS: [(&str, &str); 4] = [
    ("bruno", "results of Bruno's runs (JSON)"),
    ("charles", "sessions of Charles (.chlsj)"),
    ("newman", "reports of Newman (JSON)"),
    ("postman", "results of Postman's collection runs (JSON)"),
];

/// Returns the entry that a record is, and the name of its tool; `None` for all other records.
pub(in crate::input) fn entry(record: &Value) -> Option<(&'static str, Value)> {
    let record = record.as_object()?;
    if let Some(code) = record.get("responseCode").and_then(Value::as_object) {
        return record.contains_key("allTests").then(|| postman(record, code))?;
    }
    let request = record.get("request")?.as_object()?;
    if record.contains_key("actualPort") && request.contains_key("sizes") {
        charles(record, request)
    } else if record.contains_key("item") && request.get("header").is_some_and(Value::is_array) {
        newman(record, request)
    } else if record.contains_key("test") && request.get("headers").is_some_and(Value::is_object) {
        Some(bruno(record, request))
    } else {
        None
    }
}

fn text<'v>(map: &'v Map<String, Value>, name: &str) -> &'v str {
    map.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn object<'v>(map: &'v Map<String, Value>, name: &str) -> Option<&'v Map<String, Value>> {
    map.get(name)?.as_object()
}

/// Charles: everything that was on the wire.
fn charles(
    record: &Map<String, Value>,
    request: &Map<String, Value>,
) -> Option<(&'static str, Value)> {
    let fields = |message: &Map<String, Value>| {
        let list = object(message, "header").and_then(|head| head.get("headers"));
        list.cloned().unwrap_or_else(|| json!([]))
    };
    let body = |message: &Map<String, Value>| {
        let body = object(message, "body")?;
        match body.get("text").and_then(Value::as_str) {
            Some(text) => Some(text.to_owned()),
            None => String::from_utf8(BASE64_STANDARD.decode(text(body, "encoded")).ok()?).ok(),
        }
    };
    let port = record.get("port").and_then(Value::as_u64);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let query = match text(record, "query") {
        "" => String::new(),
        query => format!("?{query}"),
    };
    let (scheme, host, path) = (text(record, "scheme"), text(record, "host"), text(record, "path"));
    let url = match host {
        "" => return None,
        host => format!("{scheme}://{host}{port}{path}{query}"),
    };
    let empty = Map::new();
    let response = object(record, "response").unwrap_or(&empty);
    let wait = object(record, "durations").and_then(|durations| durations.get("latency"));
    let started = object(record, "times").map_or("", |times| text(times, "start"));
    let mut entry = json!({
        "startedDateTime": started,
        "request": {"method": text(record, "method"), "url": url, "headers": fields(request)},
        "response": {
            "status": response.get("status").cloned().unwrap_or(Value::Null),
            "headers": fields(response),
            "content": {"mimeType": text(response, "mimeType")},
        },
        "timings": {"send": 0, "wait": wait.cloned().unwrap_or(Value::Null), "receive": 0},
    });
    if let Some(body) = body(request) {
        entry["request"]["postData"] = json!({"mimeType": text(request, "mimeType"), "text": body});
    }
    if let Some(body) = body(response) {
        entry["response"]["content"]["text"] = body.into();
    }
    Some(("charles", entry))
}

/// Newman: no time of its own, names and values as Postman's collections have them.
fn newman(
    record: &Map<String, Value>,
    request: &Map<String, Value>,
) -> Option<(&'static str, Value)> {
    let url = match request.get("url")? {
        Value::String(url) => url.clone(),
        Value::Object(parts) => written(parts),
        _ => return None,
    };
    let empty = Map::new();
    let response = object(record, "response").unwrap_or(&empty);
    let mut entry = json!({
        "request": {"method": text(request, "method"), "url": url, "headers": pairs(request.get("header"))},
        "response": {
            "status": response.get("code").cloned().unwrap_or(Value::Null),
            "statusText": text(response, "status"),
            "headers": pairs(response.get("header")),
            "content": {},
        },
    });
    if let Some(body) = object(request, "body") {
        entry["request"]["postData"] = match text(body, "mode") {
            "urlencoded" => json!({
                "mimeType": "application/x-www-form-urlencoded",
                "params": pairs(body.get("urlencoded")),
            }),
            _ => json!({"mimeType": "", "text": text(body, "raw")}),
        };
    }
    if let Some(bytes) =
        object(response, "stream").and_then(|stream| stream.get("data")?.as_array())
    {
        let bytes = bytes.iter().filter_map(|b| u8::try_from(b.as_u64()?).ok()).collect();
        if let Ok(text) = String::from_utf8(bytes) {
            entry["response"]["content"]["text"] = text.into();
        }
    }
    if object(record, "response").is_none() {
        let error = object(record, "requestError").map_or("", |error| text(error, "message"));
        entry["response"]["_error"] = error.into();
    }
    Some(("newman", entry))
}

/// Writes a URL that is taken apart: `{"protocol": ..., "host": [...], "port": ..., "path": [...], "query": [...]}`.
fn written(parts: &Map<String, Value>) -> String {
    let joined = |name: &str, between: &str| match parts.get(name) {
        Some(Value::Array(all)) => {
            all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(between)
        }
        Some(Value::String(whole)) => whole.clone(),
        _ => String::new(),
    };
    let host = joined("host", ".");
    if host.is_empty() {
        return text(parts, "raw").to_owned();
    }
    let scheme = match text(parts, "protocol") {
        "" => "http",
        scheme => scheme,
    };
    let port = match text(parts, "port") {
        "" => String::new(),
        port => format!(":{port}"),
    };
    let query: Vec<String> = parts
        .get("query")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .filter(|pair| pair.get("disabled") != Some(&Value::Bool(true)))
        .map(|pair| format!("{}={}", text(pair, "key"), text(pair, "value")))
        .collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let path = joined("path", "/");
    format!("{scheme}://{host}{port}/{}{query}", path.trim_start_matches('/'))
}

/// A list of `{"key": ..., "value": ...}` as one of names and values; what is disabled was not sent.
fn pairs(list: Option<&Value>) -> Value {
    let items = list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    items
        .filter(|item| item.get("disabled") != Some(&Value::Bool(true)))
        .map(|item| json!({"name": text(item, "key"), "value": text(item, "value")}))
        .collect()
}

/// Postman: the URL, the status, and nothing of what was sent.
fn postman(
    record: &Map<String, Value>,
    code: &Map<String, Value>,
) -> Option<(&'static str, Value)> {
    let url = text(record, "url");
    (!url.is_empty()).then(|| {
        let entry = json!({
            "request": {"method": "", "url": url},
            "response": {"status": code.get("code"), "statusText": text(code, "name")},
        });
        ("postman", entry)
    })
}

/// Bruno: fields as maps, a body of any kind.
fn bruno(record: &Map<String, Value>, request: &Map<String, Value>) -> (&'static str, Value) {
    let empty = Map::new();
    let response = object(record, "response").unwrap_or(&empty);
    let body = |value: Option<&Value>| match value {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    let mut entry = json!({
        "request": {
            "method": text(request, "method"), "url": text(request, "url"),
            "headers": request.get("headers"),
        },
        "response": {
            "status": response.get("status").filter(|status| status.is_number()),
            "statusText": text(response, "statusText"),
            "headers": response.get("headers").cloned().unwrap_or_else(|| json!({})),
            "content": {},
        },
    });
    if let Some(body) = body(request.get("data")) {
        entry["request"]["postData"] = json!({"mimeType": "", "text": body});
    }
    if let Some(body) = body(response.get("data")) {
        entry["response"]["content"]["text"] = body.into();
    }
    ("bruno", entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_of_charles_keeps_fields_body_and_time() {
        let record = |status: u16| {
            json!({
                "status": "COMPLETE", "method": "GET", "scheme": "https", "host": "api.example",
                "port": null, "actualPort": 443, "path": "/me", "query": "a=1",
                "times": {"start": "2026-11-23T02:29:33.250+01:00"}, "durations": {"latency": 30},
                "request": {"sizes": {}, "header": {"headers": [{"name": "Authorization", "value": "Bearer x"}]}},
                "response": {
                    "status": status, "mimeType": "application/json", "header": {"headers": []},
                    "body": {"encoded": "eyJhIjoxfQ=="},
                },
            })
        };
        let (name, entry) = entry(&record(401)).unwrap();
        assert_eq!(
            (name, &entry["request"]["url"]),
            ("charles", &json!("https://api.example/me?a=1"))
        );
        assert_eq!(entry["request"]["headers"][0]["name"], "Authorization");
        assert_eq!(entry["response"]["content"]["text"], "{\"a\":1}");
        assert_eq!(entry["startedDateTime"], "2026-11-23T02:29:33.250+01:00");
        assert_eq!(super::entry(&record(200)).unwrap().1["response"]["status"], 200);
    }

    #[test]
    fn an_execution_of_newman_has_its_url_in_parts_and_its_body_in_bytes() {
        let record = json!({
            "item": {"name": "me"},
            "request": {
                "method": "POST",
                "url": {"protocol": "https", "host": ["api", "example"], "port": "8443", "path": ["a", "b"],
                    "query": [{"key": "x", "value": "1"}, {"key": "y", "value": "2", "disabled": true}]},
                "header": [{"key": "Authorization", "value": "Bearer x"}],
                "body": {"mode": "urlencoded", "urlencoded": [{"key": "grant_type", "value": "password"}]},
            },
            "response": {"code": 401, "status": "Unauthorized", "header": [], "stream": {"type": "Buffer", "data": [123, 125]}},
        });
        let (name, found) = entry(&record).unwrap();
        assert_eq!(
            (name, &found["request"]["url"]),
            ("newman", &json!("https://api.example:8443/a/b?x=1"))
        );
        assert_eq!(found["request"]["postData"]["params"][0]["name"], "grant_type");
        assert_eq!(found["response"]["content"]["text"], "{}");
        let unanswered = json!({"item": {}, "request": record["request"], "requestError": {"message": "refused"}});
        assert_eq!(entry(&unanswered).unwrap().1["response"]["_error"], "refused");
    }

    #[test]
    fn results_of_postman_and_bruno_are_known_by_their_members() {
        let postman = json!({"url": "https://api.example/me", "responseCode": {"code": 401, "name": "Unauthorized"}, "allTests": []});
        assert_eq!(entry(&postman).unwrap().1["response"]["status"], 401);
        let bruno = json!({
            "test": {"filename": "me.bru"}, "request": {"method": "GET", "url": "https://api.example/me", "headers": {"a": "b"}},
            "response": {"status": 200, "headers": {}, "data": {"a": 1}},
        });
        let (name, found) = entry(&bruno).unwrap();
        assert_eq!((name, &found["response"]["content"]["text"]), ("bruno", &json!("{\"a\":1}")));
    }

    #[test]
    fn records_of_loggers_are_none_of_them() {
        for record in [
            json!({"request": {"method": "GET", "uri": "/", "headers": {}}, "response": {"status": 401}}),
            json!({"url": "/me", "responseCode": 401}),
            json!({"item": 1, "request": {"method": "GET"}}),
            json!(null),
        ] {
            assert_eq!(entry(&record), None, "{record}");
        }
    }
}
