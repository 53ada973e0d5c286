//! OpenTelemetry protocol in JSON: spans and log records as flat records of their attributes.

use serde_json::{Map, Number, Value};

use crate::input::clock::parse_time;
use crate::model::Time;

type Record = (Option<Time>, Map<String, Value>);

/// Returns each span or log record with its attributes by name; `None` for what is no export.
pub(super) fn records(export: &Map<String, Value>) -> Option<Vec<Record>> {
    let resources = ["resourceSpans", "resourceLogs"].iter().find_map(|name| export.get(*name));
    let mut records = Vec::new();
    for resource in resources?.as_array()? {
        let shared = attributes(resource.get("resource").unwrap_or(&Value::Null));
        let scopes = ["scopeSpans", "instrumentationLibrarySpans", "scopeLogs"];
        for scope in scopes.iter().flat_map(|name| list(resource, name)) {
            for span in list(scope, "spans") {
                records.push(record(span, &shared, "startTimeUnixNano"));
            }
            for log in list(scope, "logRecords") {
                records.push(record(log, &shared, "timeUnixNano"));
            }
        }
    }
    Some(records)
}

fn record(part: &Value, shared: &Map<String, Value>, time: &str) -> Record {
    let mut record = shared.clone();
    record.extend(attributes(part));
    // What a span noted on its way: an exception and its message.
    for event in list(part, "events") {
        record.extend(attributes(event));
    }
    match part.get("body").map(plain) {
        Some(Value::Object(members)) => record.extend(members),
        Some(text @ Value::String(_)) => {
            record.insert("message".to_owned(), text);
        }
        _ => {}
    }
    for (name, under) in [("traceId", "trace_id"), ("spanId", "span_id")] {
        if let Some(id) = part.get(name).filter(|id| id.is_string()) {
            record.insert(under.to_owned(), id.clone());
        }
    }
    let observed = part.get(time).or_else(|| part.get("observedTimeUnixNano"));
    let time = observed.and_then(|time| match time {
        Value::String(text) => parse_time(text),
        other => parse_time(&other.to_string()),
    });
    (time, record)
}

fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn attributes(part: &Value) -> Map<String, Value> {
    list(part, "attributes")
        .filter_map(|pair| Some((pair.get("key")?.as_str()?.to_owned(), plain(pair.get("value")?))))
        .collect()
}

/// Takes the type off a value: `{"intValue":"401"}` is 401.
fn plain(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|typed| typed.iter().next()) else {
        return value.clone();
    };
    match (kind.as_str(), inner) {
        ("intValue", Value::String(text)) => text
            .parse::<i64>()
            .map_or_else(|_| inner.clone(), |number| Value::Number(Number::from(number))),
        ("arrayValue", list_of) => Value::Array(list(list_of, "values").map(plain).collect()),
        ("kvlistValue", pairs) => Value::Object(
            list(pairs, "values")
                .filter_map(|pair| {
                    Some((pair.get("key")?.as_str()?.to_owned(), plain(pair.get("value")?)))
                })
                .collect(),
        ),
        _ => inner.clone(),
    }
}
