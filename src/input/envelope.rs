//! Envelopes: what exports, shippers and collectors put around the records of a log.
//!
//! Opened only where the record itself is no exchange. A list of records is gone through; a text that
//! holds a line is read as that line, and counts only if it is a request: an application's message in
//! an envelope is still an application's message.

mod otlp;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::clock::parse_time;
use super::har_entry::number_time;
use super::indexed::Indexed;
use super::jsonl::Mapping;
use super::line::{self, Place};
use super::log::Setting;
use super::record::{self, Sink};
use super::skip::{Repair, SkipReason};
use super::walk::Attached;
use super::wrapper::ENVELOPE;
use crate::model::{Exchange, Position, Time};

/// Lists of records, outermost name first.
const LISTS: [&[&str]; 9] = [
    &["run", "executions"],
    &["logEvents"],
    &["records"],
    &["Records"],
    &["hits", "hits"],
    &["hits"],
    &["events"],
    &["results"],
    &["data", "result"],
];
/// Objects in which a record or a line stands, beside the top.
const INNER: [&[&str]; 8] = [
    &[],
    &["_source"],
    &["result"],
    &["event"],
    &["jsonPayload"],
    &["properties"],
    &["attributes"],
    &["fields"],
];
/// Names under which shippers put a whole line.
const TEXTS: [&str; 14] = [
    "log",
    "message",
    "MESSAGE",
    "msg",
    "line",
    "textPayload",
    "_raw",
    "@message",
    "original",
    "event.original",
    "raw",
    "body",
    "log_message",
    // App Service writes its record as a text.
    "properties",
];
/// Names of the time at which a line was taken in.
const TIMES: [&str; 9] = [
    "timestamp",
    "@timestamp",
    "__REALTIME_TIMESTAMP",
    "_time",
    "time",
    "ts",
    "TimeGenerated",
    "ingestionTime",
    "startedAt",
];

/// Opens an envelope and reads what is in it; `false` when the value is none.
pub(super) fn open(value: &Value, place: Place, hint: &mut Mapping, sink: &mut dyn Sink) -> bool {
    let Some(members) = value.as_object() else { return false };
    let Some(inside) = place.inside(time_of(members)) else { return false };
    let mut listed = Indexed::from(place.position, sink);
    if let Some(records) = otlp::records(members) {
        let mut named = Named { format: "otlp", sink: &mut listed };
        for (time, record) in records {
            let inside = Place { time: time.or(inside.time), ..inside };
            record::value(&Value::Object(record), &[], inside, hint, &mut named);
        }
    } else {
        let _ = LISTS.iter().any(|path| list(members, path, inside, hint, &mut listed));
    }
    if listed.found() > 0 {
        sink.unwrapped(ENVELOPE);
        return true;
    }
    let mut texts = INNER.iter().filter_map(|path| at(members, path));
    let opened = texts.any(|members| text(members, inside, hint, sink));
    if opened {
        sink.unwrapped(ENVELOPE);
    }
    opened
}

fn at<'v>(members: &'v Map<String, Value>, path: &[&str]) -> Option<&'v Map<String, Value>> {
    path.iter().try_fold(members, |members, name| members.get(*name)?.as_object())
}

/// Reads the records of a list; those of a list of streams are lines with a time each. `false` when it
/// is none.
fn list(
    members: &Map<String, Value>,
    path: &[&str],
    place: Place,
    hint: &mut Mapping,
    sink: &mut dyn Sink,
) -> bool {
    let Some((name, outer)) = path.split_last() else { return false };
    let items = at(members, outer).and_then(|members| members.get(*name)?.as_array());
    let Some(items) = items.filter(|items| !items.is_empty()) else { return false };
    let mut opened = false;
    for item in items {
        match item {
            Value::Object(record) => {
                opened = true;
                if let Some(values) = record.get("values").and_then(Value::as_array) {
                    stream(values, place, hint, sink);
                } else {
                    record::value(item, &[], place, hint, sink);
                }
            }
            // A row of a query: names and values as pairs.
            Value::Array(pairs) => {
                if let Some(row) = row(pairs) {
                    opened = true;
                    record::value(&row, &[], place, hint, sink);
                }
            }
            _ => {}
        }
    }
    opened
}

/// Lines as pairs of a time and a text.
fn stream(values: &[Value], place: Place, hint: &mut Mapping, sink: &mut dyn Sink) {
    for value in values {
        let pair = value.as_array().map(Vec::as_slice);
        let Some([time, Value::String(text), ..]) = pair else {
            sink.skipped(place.position, SkipReason::NoExchange);
            continue;
        };
        let place = Place { time: time.as_str().and_then(parse_time).or(place.time), ..place };
        line::read(text.trim_end().as_bytes(), place, hint, &mut Setting::default(), sink);
    }
}

fn row(pairs: &[Value]) -> Option<Value> {
    let mut row = Map::new();
    for pair in pairs {
        row.insert(pair.get("field")?.as_str()?.to_owned(), pair.get("value")?.clone());
    }
    (!row.is_empty()).then_some(Value::Object(row))
}

/// Reads the line in a member; `false` when it is no request.
fn text(
    members: &Map<String, Value>,
    place: Place,
    hint: &mut Mapping,
    sink: &mut dyn Sink,
) -> bool {
    TEXTS.iter().any(|name| {
        let Some(text) = members.get(*name).and_then(whole_line) else { return false };
        let mut probe = Probe { found: false, sink };
        let place = Place { time: place.time.or_else(|| time_of(members)), ..place };
        line::read(text.as_bytes(), place, hint, &mut Setting::default(), &mut probe);
        probe.found
    })
}

/// Returns a text that can be a line: long enough, and not broken over several.
fn whole_line(value: &Value) -> Option<Cow<'_, str>> {
    let text = value.as_str()?.trim();
    (text.len() >= 16).then_some(Cow::Borrowed(text))
}

fn time_of(members: &Map<String, Value>) -> Option<Time> {
    TIMES.iter().find_map(|name| match members.get(*name)? {
        Value::String(text) => parse_time(text),
        number => number_time(number),
    })
}

/// Passes exchanges on and keeps quiet about the rest.
struct Probe<'s> {
    found: bool,
    sink: &'s mut dyn Sink,
}

impl Sink for Probe<'_> {
    fn exchange(&mut self, exchange: &mut Exchange<'_>, attached: &Attached<'_>) {
        self.found = true;
        self.sink.exchange(exchange, attached);
    }

    fn skipped(&mut self, _: Position, _: SkipReason) {}

    fn repaired(&mut self, position: Position, repairs: &[Repair]) {
        self.sink.repaired(position, repairs);
    }
}

/// Names the format of exchanges whose own names say nothing.
struct Named<'s> {
    format: &'static str,
    sink: &'s mut dyn Sink,
}

impl Sink for Named<'_> {
    fn exchange(&mut self, exchange: &mut Exchange<'_>, attached: &Attached<'_>) {
        exchange.format = self.format;
        self.sink.exchange(exchange, attached);
    }

    fn skipped(&mut self, position: Position, reason: SkipReason) {
        self.sink.skipped(position, reason);
    }

    fn repaired(&mut self, position: Position, repairs: &[Repair]) {
        self.sink.repaired(position, repairs);
    }

    fn unwrapped(&mut self, wrapping: &'static str) {
        self.sink.unwrapped(wrapping);
    }
}
