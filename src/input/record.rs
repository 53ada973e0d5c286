//! One record on its own: the border to whoever takes exchanges, and the patient reading.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use super::calendar::Calendar;
use super::envelope;
use super::har_entry::entry_from_value;
use super::jsonl::{self, Mapping};
use super::lenient::{self, Lenient};
use super::line::Place;
use super::saved;
use super::skip::{Repair, SkipReason};
use super::walk::Attached;
use crate::model::{AccessLine, Exchange, Observer, Position, Sketch};

/// Takes what a reader finds, in the order of the input.
pub(crate) trait Sink {
    /// Takes an exchange; `attached` names the files that hold bodies it lacks.
    fn exchange(&mut self, exchange: &mut Exchange<'_>, attached: &Attached<'_>);
    /// Takes a plain line of an access log.
    fn access(&mut self, line: &AccessLine<'_>) {
        self.exchange(&mut line.exchange(), &Attached::default());
    }
    /// Takes a line by what it has of its own; `false` when it has to be read, which must be done next.
    fn sketch(&mut self, _line: &Sketch<'_>) -> bool {
        false
    }
    /// Notes a record that could not be read.
    fn skipped(&mut self, position: Position, reason: SkipReason);
    /// Notes what was repaired in a record that could.
    fn repaired(&mut self, position: Position, repairs: &[Repair]);
    /// Counts lines that are no records of their own: blank ones, directives, parts of others.
    fn passed(&mut self, _lines: u64) {}
    /// Counts a wrapping that was taken off a line.
    fn unwrapped(&mut self, _wrapping: &'static str) {}
    /// Takes a line of which something was skipped, as it stands; after [`Sink::skipped`].
    fn left(&mut self, _position: Position, _reason: SkipReason, _line: &[u8]) {}
}

/// Reads one record that the fast path did not understand.
///
/// `sure` says that it is an entry of a HAR; else it may be a record of another kind. `observer`
/// recorded the entries, `hint` knows the shapes of the records before it.
pub(super) fn read(
    bytes: &[u8],
    sure: bool,
    position: Position,
    observer: Observer,
    hint: &mut Mapping,
    sink: &mut dyn Sink,
) {
    let Some(found) = parse(bytes, position, sink) else { return };
    if !sure && !is_entry(&found.value) {
        let place = Place::at(position, Calendar::Unknown);
        return value(&found.value, &found.repairs, place, hint, sink);
    }
    let read = catch_unwind(AssertUnwindSafe(|| {
        let (mut exchange, repairs) = entry_from_value(&found.value)?;
        exchange.observer = observer;
        Ok((exchange, repairs))
    }));
    match read {
        Ok(Ok((mut exchange, mut repairs))) => {
            exchange.position = position;
            repairs.extend_from_slice(&found.repairs);
            repaired(repairs, position, sink);
            sink.exchange(&mut exchange, &attached(&found.value));
        }
        Ok(Err(reason)) => sink.skipped(position, reason),
        Err(_) => sink.skipped(position, SkipReason::Panicked),
    }
}

/// Reads a record of a log, which may stand inside a wrapping.
pub(super) fn read_in(bytes: &[u8], place: Place, hint: &mut Mapping, sink: &mut dyn Sink) {
    let Some(found) = parse(bytes, place.position, sink) else { return };
    if is_entry(&found.value) {
        read(bytes, true, place.position, Observer::default(), hint, sink);
    } else {
        value(&found.value, &found.repairs, place, hint, sink);
    }
}

/// Reads a value of a log: an exchange, or an envelope around exchanges.
pub(super) fn value(
    value: &Value,
    repairs: &[Repair],
    place: Place,
    hint: &mut Mapping,
    sink: &mut dyn Sink,
) {
    let position = place.position;
    if let Ok(Some((tool, entry))) = catch_unwind(AssertUnwindSafe(|| saved::entry_of_tool(value)))
        && let Ok((mut exchange, _)) = entry_from_value(&entry)
    {
        exchange.position = position;
        exchange.time = exchange.time.or(place.time);
        exchange.format = tool;
        repaired(repairs.to_vec(), position, sink);
        return sink.exchange(&mut exchange, &Attached::default());
    }
    let read = catch_unwind(AssertUnwindSafe(|| jsonl::from_value(value, Some(hint))));
    match read {
        Ok(Ok((mut exchange, mapping))) => {
            exchange.position = position;
            jsonl::date(&mut exchange, value, &mapping, place.calendar);
            place.date(&mut exchange);
            exchange.format = mapping.logger();
            *hint = mapping;
            repaired(repairs.to_vec(), position, sink);
            sink.exchange(&mut exchange, &attached(value));
        }
        Ok(Err(SkipReason::NoExchange)) => {
            let opened =
                catch_unwind(AssertUnwindSafe(|| envelope::open(value, place, hint, sink)));
            match opened {
                Ok(true) => {}
                Ok(false) => sink.skipped(position, SkipReason::NoExchange),
                Err(_) => sink.skipped(position, SkipReason::Panicked),
            }
        }
        Ok(Err(reason)) => sink.skipped(position, reason),
        Err(_) => sink.skipped(position, SkipReason::Panicked),
    }
}

/// Parses patiently; `None` when the record was skipped.
fn parse(bytes: &[u8], position: Position, sink: &mut dyn Sink) -> Option<Lenient> {
    // The patient reading repairs what nobody foresaw: should it fall over, only this record is lost.
    let read = catch_unwind(AssertUnwindSafe(|| lenient::parse(bytes)));
    match read {
        Ok(found) if found.complete || found.value.is_object() => Some(found),
        Ok(_) => {
            sink.skipped(position, SkipReason::NotJson);
            None
        }
        Err(_) => {
            sink.skipped(position, SkipReason::Panicked);
            None
        }
    }
}

fn repaired(mut repairs: Vec<Repair>, position: Position, sink: &mut dyn Sink) {
    repairs.sort_unstable();
    repairs.dedup();
    if !repairs.is_empty() {
        sink.repaired(position, &repairs);
    }
}

/// Returns whether a record outside a HAR is a HAR entry.
pub(super) fn is_entry(value: &Value) -> bool {
    let Some(members) = value.as_object() else { return false };
    let get = |name: &str| members.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|m| m.1);
    let (Some(Value::Object(request)), response) = (get("request"), get("response")) else {
        return false;
    };
    get("startedDateTime").is_some()
        || (request.get("headers").is_some_and(Value::is_array)
            && response.and_then(|r| r.get("content")).is_some())
}

/// Returns the names of the files that hold the bodies of an entry.
fn attached(value: &Value) -> Attached<'_> {
    Attached {
        request: file_of(value.get("request").and_then(|r| r.get("postData"))),
        response: file_of(value.get("response").and_then(|r| r.get("content"))),
    }
}

fn file_of(body: Option<&Value>) -> Option<Cow<'_, str>> {
    let body = body?;
    let name = body.get("_file").or_else(|| body.get("_sha1"))?;
    name.as_str().map(Cow::Borrowed)
}

/// Returns the name and version of a `creator` or `browser`.
pub(super) fn creator(value: &Value) -> Option<String> {
    if let Some(name) = value.as_str() {
        return (!name.is_empty()).then(|| name.to_owned());
    }
    let name = value.get("name")?.as_str().filter(|name| !name.is_empty())?;
    match value.get("version") {
        Some(Value::String(version)) if !version.is_empty() => Some(format!("{name} {version}")),
        Some(Value::Number(version)) => Some(format!("{name} {version}")),
        _ => Some(name.to_owned()),
    }
}

/// Tells from a creator's name who recorded: a debugging proxy or the client itself.
pub(super) fn observer_of(creator: &str) -> Observer {
    const PROXIES: [&str; 17] = [
        "charles",
        "fiddler",
        "mitmproxy",
        "proxyman",
        "browsermob",
        "http toolkit",
        "httptoolkit",
        "burp",
        "zap",
        "loggerplusplus",
        "logger++",
        "proxypin",
        "reqable",
        "whistle",
        "anyproxy",
        "requestly",
        "proxy",
    ];
    let lower = creator.to_ascii_lowercase();
    if PROXIES.iter().any(|proxy| lower.contains(proxy)) {
        Observer::Proxy
    } else {
        Observer::Client
    }
}
