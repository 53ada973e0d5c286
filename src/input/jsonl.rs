//! Reads an exchange out of one JSON value of a log, whatever its logger calls the parts.
//!
//! Five users of one web server write five sets of names, so there is no list of formats here but a
//! table of names with ranks (`alias`), a plan made of the names in a line (`plan`), and this file,
//! which takes from each place the first value that can be what its name says.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Map, Value};

use self::alias::Slot;
use self::plan::{Candidate, Logger, Plan};
use super::clock::parse_time;
use super::field_list::{self, Repairs, scalar};
use super::har_entry::{entry_from_value, number_time, status_of, without_port};
use super::skip::SkipReason;
use crate::model::{Body, Exchange, Header, Text, Visibility};

mod alias;
mod plan;

/// The text that stands for a value which the logger took out.
pub const REDACTED: &str = "REDACTED";

/// Reasons of one line that are kept.
const MAX_REASONS: usize = 16;
/// Ranks from here on are names that mean something else as often.
const WEAK_RANK: u8 = 4;

/// Where the parts of an exchange stand in lines of one shape, and which paths the user gave.
///
/// Cheap to clone. Handing it to [`from_value`] for the next line saves making it anew where that
/// line has a shape that was met before, and changes nothing else.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    given: Arc<[(Slot, Arc<str>)]>,
    plan: Arc<Plan>,
    /// Plans of the shapes met last, this one among them.
    met: Arc<[Arc<Plan>]>,
}

/// Shapes that are remembered: a logger has a handful, most by fields that come and go.
const MAX_SHAPES: usize = 32;

impl Mapping {
    /// Makes a mapping in which the user's paths come first: pairs of part and path, such as
    /// `("status", "http_status")` or `("path", "request.uri")`.
    ///
    /// # Errors
    /// The name of the first part that is not known.
    pub fn given<'s>(pairs: &[(&'s str, &str)]) -> Result<Self, &'s str> {
        let given: Result<Vec<_>, _> = pairs
            .iter()
            .map(|(part, path)| Slot::named(part).map(|slot| (slot, Arc::from(*path))).ok_or(*part))
            .collect();
        Ok(Self { given: given?.into(), ..Self::default() })
    }

    /// Returns the mapping of a line.
    fn of(line: &Map<String, Value>, hint: Option<&Self>) -> Self {
        let hint = hint.cloned().unwrap_or_default();
        let shape = plan::shape(line, &hint.given);
        if hint.plan.shape == Some(shape) {
            return hint;
        }
        if let Some(plan) = hint.met.iter().find(|plan| plan.shape == Some(shape)).cloned() {
            return Self { plan, ..hint };
        }
        let plan = Arc::new(Plan::of(line, shape, &hint.given));
        let kept = hint.met.len().min(MAX_SHAPES - 1);
        let met = std::iter::once(&plan).chain(hint.met.iter().take(kept)).cloned().collect();
        Self { given: hint.given, plan, met }
    }

    /// Returns the logger by which the shape is known: `caddy`, `pino`; `json` when it is not.
    pub fn logger(&self) -> &'static str {
        self.plan.logger.name()
    }

    /// Returns each part with the path of its best place, sorted by part, for the report.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let mut all: Vec<(&'static str, String)> = Vec::new();
        for candidate in &self.plan.candidates {
            let part = candidate.slot.name();
            if all.last().is_none_or(|(last, _)| *last != part) {
                all.push((part, candidate.path.join(".")));
            }
        }
        all
    }
}

/// Reads one JSON value of a log.
///
/// It is an exchange when it holds a status, a gRPC status or a code that only refusals have, and
/// beside it a method or a path; or when it is a HAR entry. Members are found by name at any depth,
/// dotted or nested, without regard to case, `_` and `-`; the shallower one wins. An empty text or
/// `-` as a field means that the field was missing, as web servers log it; a value that was taken
/// out reads [`REDACTED`]. The position is left for the caller to set.
///
/// The result does not depend on `hint` but for the paths that the user gave.
///
/// # Errors
/// [`SkipReason::NoExchange`] for an application's message, [`SkipReason::Null`] and
/// [`SkipReason::NotAnObject`] for what is no object.
///
/// # Example
/// ```
/// # use authopsy::input::jsonl::from_value;
/// let line = serde_json::json!({"req": {"method": "GET", "url": "/me"}, "res": {"statusCode": 401}});
/// let (exchange, mapping) = from_value(&line, None).expect("status, method and path are there");
/// assert_eq!((exchange.status, &*exchange.url), (Some(401), "/me"));
/// assert_eq!(mapping.logger(), "pino");
/// ```
pub fn from_value<'v>(
    value: &'v Value,
    hint: Option<&Mapping>,
) -> Result<(Exchange<'v>, Mapping), SkipReason> {
    let line = match value {
        Value::Object(line) => line,
        Value::Null => return Err(SkipReason::Null),
        _ => return Err(SkipReason::NotAnObject),
    };
    if let Some(entry) = har_entry(value, line) {
        let (exchange, _) = entry_from_value(entry)?;
        return Ok((exchange, hint.cloned().unwrap_or_default()));
    }
    let mapping = Mapping::of(line, hint);
    let exchange = Reader { line, plan: &mapping.plan }.read().ok_or(SkipReason::NoExchange)?;
    Ok((exchange, mapping))
}

/// Returns the HAR entry that a line is, or that a Playwright trace wraps.
fn har_entry<'v>(value: &'v Value, line: &'v Map<String, Value>) -> Option<&'v Value> {
    let is_entry = |map: &Map<String, Value>| {
        let request = map.get("request").and_then(Value::as_object);
        map.contains_key("startedDateTime")
            && request.is_some_and(|r| r.contains_key("url") || r.contains_key("method"))
    };
    if is_entry(line) {
        return Some(value);
    }
    let snapshot = line.get("snapshot")?;
    snapshot.as_object().is_some_and(is_entry).then_some(snapshot)
}

struct Reader<'v, 'p> {
    line: &'v Map<String, Value>,
    plan: &'p Plan,
}

impl<'v, 'p> Reader<'v, 'p> {
    /// Places and values of a part, best first.
    fn all(&self, slot: Slot) -> impl Iterator<Item = (&'p Candidate, &'v Value)> + use<'v, 'p> {
        let candidates = &self.plan.candidates;
        let from = candidates.partition_point(|c| c.slot < slot);
        let line = self.line;
        candidates
            .get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(move |c| c.slot == slot)
            .filter_map(move |c| Some((c, c.get(line)?)))
    }

    /// The first text of a part that says something.
    fn text(&self, slot: Slot) -> Option<Cow<'v, str>> {
        self.all(slot).find_map(|(_, value)| said(value))
    }

    fn read(&self) -> Option<Exchange<'v>> {
        // An audit log has a line for each stage of a request; one has the answer.
        if self
            .text(Slot::Stage)
            .is_some_and(|stage| ["RequestReceived", "ResponseStarted"].contains(&&*stage))
        {
            return None;
        }
        let status = self.status();
        let grpc = self.all(Slot::GrpcStatus).find_map(|(_, value)| grpc_status(value));
        let near: &[Box<str>] = status.map_or(&[], |(place, _)| &place.path);
        let line = self.all(Slot::RequestLine).find_map(|(_, v)| request_line(v.as_str()?));
        let method = self.method(near).or(line.and_then(|(method, _)| method).map(Cow::Borrowed));
        let url = self.url(near);
        let weak = status.is_some_and(|(place, _)| place.rank >= WEAK_RANK)
            || url.as_ref().is_some_and(|(place, _)| place.rank >= WEAK_RANK);
        let target = line.map(|(_, target)| target);
        let url = url.map(|(_, url)| url).or(target.map(Cow::Borrowed)).or_else(|| self.rpc());
        let asked = method.is_some() || (url.is_some() && !weak) || self.is_garbled();
        let answered = status.is_some()
            || grpc.is_some()
            || (url.is_some() && self.is_reason_coded())
            || (url.is_some() && method.is_some() && self.is_unanswered());
        if !asked || !answered {
            return None;
        }
        let mut exchange = Exchange {
            observer: self.plan.logger.observer(),
            method,
            url: self.with_query(url.unwrap_or_default()),
            status: status.map(|(_, status)| status),
            status_text: self.text(Slot::StatusText),
            client_ip: self.all(Slot::ClientIp).find_map(|(_, value)| address(value)),
            user_agent: self.text(Slot::UserAgent),
            user: self.text(Slot::User).filter(|user| user != "--"),
            server: self.text(Slot::Server).map(without_port),
            request_id: self.text(Slot::RequestId).filter(|id| is_unique(id)),
            trace_id: self.text(Slot::TraceId).and_then(trace_id),
            ..Exchange::default()
        };
        self.time(&mut exchange);
        self.fields(&mut exchange, grpc);
        self.host(&mut exchange);
        self.bodies(&mut exchange);
        self.reasons(&mut exchange);
        Some(exchange)
    }

    fn status(&self) -> Option<(&'p Candidate, u16)> {
        self.all(Slot::Status).find_map(|(place, value)| {
            let number = match value {
                Value::Number(number) => number.as_f64(),
                Value::String(text) => text.trim().parse().ok(),
                _ => None,
            };
            Some((place, status_of(number).filter(|status| *status < 600)?))
        })
    }

    /// Whether a code says that the request was refused, status or not.
    fn is_reason_coded(&self) -> bool {
        self.all(Slot::Reason).any(|(place, value)| place.rank == 0 && said(value).is_some())
    }

    /// Whether the line has a status that says that there was none: 0, -1 or nothing.
    fn is_unanswered(&self) -> bool {
        self.all(Slot::Status).any(|(place, value)| {
            let none = match value {
                Value::Null => true,
                Value::Number(number) => number.as_f64().is_some_and(|n| n <= 0.0),
                Value::String(text) => is_blank(text) || text.parse().is_ok_and(|n: i32| n <= 0),
                _ => false,
            };
            none && place.rank < WEAK_RANK
        })
    }

    /// Whether a web server logged bytes that are no request line.
    fn is_garbled(&self) -> bool {
        self.plan.logger == Logger::Nginx
            && self.all(Slot::RequestLine).any(|(_, value)| value.is_string())
    }

    fn method(&self, near: &[Box<str>]) -> Option<Cow<'v, str>> {
        self.nearest(Slot::Method, near, |_, value| {
            let word = said(value)?;
            let known = KNOWN_METHODS.iter().any(|known| word.eq_ignore_ascii_case(known));
            if known {
                return Some(word);
            }
            let verb = VERBS.iter().find(|(verb, _)| word == *verb)?;
            (self.plan.logger == Logger::KubernetesAudit).then_some(Cow::Borrowed(verb.1))
        })
        .map(|(_, method)| method)
    }

    fn url(&self, near: &[Box<str>]) -> Option<(&'p Candidate, Cow<'v, str>)> {
        self.nearest(Slot::Url, near, |place, value| {
            let text = said(value)?;
            let shaped = text.starts_with('/') || text.contains("://") || &*text == "*";
            let named = place.rank < 2 && !text.contains(char::is_whitespace);
            (shaped || named).then_some(text)
        })
    }

    /// The first value that fits, of those with the least cost beyond what they share with `near`.
    fn nearest<T>(
        &self,
        slot: Slot,
        near: &[Box<str>],
        read: impl Fn(&Candidate, &'v Value) -> Option<T>,
    ) -> Option<(&'p Candidate, T)> {
        self.all(slot).filter_map(|(place, value)| Some((place, read(place, value)?))).min_by_key(
            |(place, _)| {
                let shared = place.path.iter().zip(near).take_while(|(a, b)| a == b).count().min(7);
                place.cost.saturating_sub(u16::try_from(shared).unwrap_or(0) * 2)
            },
        )
    }

    /// `/package.Service/Method` of a gRPC log.
    fn rpc(&self) -> Option<Cow<'v, str>> {
        let service = self.text(Slot::GrpcService)?;
        let method = self.text(Slot::GrpcMethod).unwrap_or_default();
        Some(Cow::Owned(format!("/{service}/{method}")))
    }

    fn with_query(&self, url: Cow<'v, str>) -> Cow<'v, str> {
        if url.contains('?') || url.is_empty() {
            return url;
        }
        let query = self
            .all(Slot::Query)
            .find_map(|(_, value)| value.is_string().then(|| said(value)).flatten());
        match query {
            Some(query) => Cow::Owned(format!("{url}?{}", query.trim_start_matches('?'))),
            None => url,
        }
    }

    fn time(&self, exchange: &mut Exchange<'v>) {
        for (place, value) in self.all(Slot::Time) {
            let time = match value {
                Value::String(text) => parse_time(text),
                other => number_time(other),
            };
            if time.is_some() {
                (exchange.time, exchange.time_unreadable) = (time, false);
                return;
            }
            exchange.time_unreadable |=
                place.rank < 2 && value.as_str().is_some_and(|text| !is_blank(text));
        }
    }

    fn host(&self, exchange: &mut Exchange<'v>) {
        if exchange.url.contains("://") {
            return;
        }
        let column = self.all(Slot::Host).find_map(|(place, value)| {
            let host = value.is_string().then(|| said(value)).flatten()?;
            // `host` alone is as often the machine that wrote the line.
            let plausible = place.rank < 2 || host.contains(['.', ':']) || host == "localhost";
            (plausible && !host.contains(['/', ' '])).then_some(host)
        });
        exchange.host = column
            .or_else(|| field_list::owned(&exchange.request_headers, ":authority"))
            .or_else(|| field_list::owned(&exchange.request_headers, "host"));
        let scheme = self.text(Slot::Scheme).unwrap_or_default().to_ascii_lowercase();
        if matches!(&*scheme, "http" | "https")
            && exchange.url.starts_with('/')
            && let Some(host) = exchange.host.take()
        {
            exchange.url = Cow::Owned(format!("{scheme}://{host}{}", exchange.url));
        }
    }

    fn fields(&self, exchange: &mut Exchange<'v>, grpc: Option<u8>) {
        let map = |slot| {
            self.all(slot).find_map(|(_, value)| {
                let list = logged_fields(value);
                (!list.is_empty() || value.is_object()).then_some(list)
            })
        };
        let request = map(Slot::RequestHeaders);
        exchange.request_visibility = match &request {
            Some(_) if self.plan.logger.logs_all_fields() => Visibility::Full,
            Some(list) => field_list::visibility(list),
            None => Visibility::None,
        };
        exchange.request_headers = request.unwrap_or_default();
        for (place, value) in self.all(Slot::RequestField) {
            exchange.request_visibility = exchange.request_visibility.min(Visibility::Partial);
            let all = &mut exchange.request_headers;
            let given = push_column(place, value, all);
            // A column of its own that is empty shows that the field was not sent.
            if !given && place.name.eq_ignore_ascii_case("authorization") {
                exchange.request_visibility = Visibility::Full;
            }
        }
        let response = map(Slot::ResponseHeaders);
        exchange.response_visibility = match &response {
            Some(list) if !list.is_empty() => Visibility::Full,
            _ => Visibility::None,
        };
        exchange.response_headers = response.unwrap_or_default();
        for (place, value) in self.all(Slot::ResponseField) {
            push_column(place, value, &mut exchange.response_headers);
            exchange.response_visibility = exchange.response_visibility.min(Visibility::Partial);
        }
        if let Some(code) = grpc
            && field_list::find(&exchange.response_headers, "grpc-status").is_none()
        {
            exchange.response_headers.push(Header {
                name: Cow::Borrowed("grpc-status"),
                value: Cow::Owned(code.to_string()),
            });
        }
    }

    fn bodies(&self, exchange: &mut Exchange<'v>) {
        let body = |slot, headers: &[Header<'v>]| {
            let (_, text) = self.all(slot).find_map(|(p, value)| Some((p, body_text(value)?)))?;
            let mime = field_list::owned(headers, "content-type")
                .or_else(|| guessed_mime(&text).map(Cow::Borrowed));
            Some(Body { mime, text: Text::Plain(text), ..Body::default() })
        };
        exchange.request_body =
            body(Slot::RequestBody, &exchange.request_headers).unwrap_or_default();
        exchange.response_body =
            body(Slot::ResponseBody, &exchange.response_headers).unwrap_or_default();
    }

    fn reasons(&self, exchange: &mut Exchange<'v>) {
        for (place, value) in self.all(Slot::Reason).take(MAX_REASONS) {
            if let Some(text) = said(value) {
                exchange.reasons.push((Cow::Owned(place.name.to_string()), text));
            }
        }
        for (place, value) in self.all(Slot::Message) {
            let text = value.as_str().map(str::trim).unwrap_or_default();
            if !is_blank(text) && !is_routine(text, exchange) {
                exchange.reasons.push((Cow::Owned(place.name.to_string()), Cow::Borrowed(text)));
            }
        }
    }
}

/// RFC 9110, RFC 5789, and those of `WebDAV` that clients send.
const KNOWN_METHODS: [&str; 17] = [
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "HEAD",
    "OPTIONS",
    "CONNECT",
    "TRACE",
    "PROPFIND",
    "PROPPATCH",
    "REPORT",
    "MKCOL",
    "MOVE",
    "COPY",
    "LOCK",
    "UNLOCK",
];

/// Verbs of the Kubernetes API and the methods they come from.
const VERBS: [(&str, &str); 8] = [
    ("get", "GET"),
    ("list", "GET"),
    ("watch", "GET"),
    ("create", "POST"),
    ("update", "PUT"),
    ("patch", "PATCH"),
    ("delete", "DELETE"),
    ("deletecollection", "DELETE"),
];

/// Names of gRPC status codes, by number.
const GRPC_CODES: [&str; 17] = [
    "ok",
    "canceled",
    "unknown",
    "invalidargument",
    "deadlineexceeded",
    "notfound",
    "alreadyexists",
    "permissiondenied",
    "resourceexhausted",
    "failedprecondition",
    "aborted",
    "outofrange",
    "unimplemented",
    "internal",
    "unavailable",
    "dataloss",
    "unauthenticated",
];

fn grpc_status(value: &Value) -> Option<u8> {
    if let Some(number) = value.as_u64() {
        return u8::try_from(number).ok().filter(|code| *code <= 16);
    }
    let text = value.as_str()?;
    let named = GRPC_CODES.iter().position(|code| *code == alias::fold(text));
    let number = named.or_else(|| text.trim().parse().ok()).filter(|code| *code <= 16)?;
    u8::try_from(number).ok()
}

/// Whether a logger wrote that there was nothing.
fn is_blank(text: &str) -> bool {
    matches!(text.trim(), "" | "-" | "null" | "undefined" | "<nil>" | "(none)")
}

/// A scalar's text, or that of a list's first item, unless it says nothing.
fn said(value: &Value) -> Option<Cow<'_, str>> {
    let value = match value {
        Value::Array(items) => items.first()?,
        other => other,
    };
    scalar(value).filter(|text| !is_blank(text))
}

/// Splits `GET /path HTTP/1.1`; `GET /path` is enough.
fn request_line(text: &str) -> Option<(Option<&str>, &str)> {
    let mut words = text.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let known = KNOWN_METHODS.iter().any(|known| method.eq_ignore_ascii_case(known));
    let versioned = words.next_back().is_some_and(|word| word.starts_with("HTTP/"));
    let path = target.starts_with('/') || target.contains("://") || target == "*";
    (path && (known || versioned)).then_some((known.then_some(method), target))
}

/// Reads a map or list of fields as a log means it: what is empty was not there.
fn logged_fields(value: &Value) -> Vec<Header<'_>> {
    let mut repairs = Repairs::default();
    let mut list = field_list::headers(value, &mut repairs);
    if let Value::Object(map) = value {
        // Caddy before 2.7 writes an empty list for what it takes out.
        let taken_out = |name: &str| {
            map.get(name).and_then(Value::as_array).is_some_and(Vec::is_empty)
                && is_secret_field(name)
        };
        for header in &mut list {
            if taken_out(&header.name) {
                header.value = Cow::Borrowed(REDACTED);
            }
        }
    }
    list.retain(|header| !is_blank(&header.value));
    list
}

fn is_secret_field(name: &str) -> bool {
    ["authorization", "proxy-authorization", "cookie", "set-cookie"]
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret))
}

/// Adds a field that has a column of its own; `false` when the column says that there was none.
fn push_column<'v>(place: &Candidate, value: &'v Value, headers: &mut Vec<Header<'v>>) -> bool {
    let emptied = value.as_array().is_some_and(Vec::is_empty) && is_secret_field(&place.name);
    let text = if emptied { Some(Cow::Borrowed(REDACTED)) } else { said(value) };
    let Some(text) = text else { return false };
    if field_list::find(headers, &place.name).is_none() {
        headers.push(Header { name: Cow::Owned(place.name.to_string()), value: text });
    }
    true
}

/// The first address of a column: a port, brackets and further hops are stripped.
fn address(value: &Value) -> Option<Cow<'_, str>> {
    let text = match said(value)? {
        Cow::Borrowed(text) => text.split(',').next().unwrap_or(text).trim(),
        Cow::Owned(_) => return None,
    };
    let bare = without_port(Cow::Borrowed(text));
    bare.parse::<IpAddr>().is_ok().then_some(bare)
}

/// Whether an id can tell requests of several logs apart; a process's own counter cannot.
fn is_unique(id: &str) -> bool {
    !(id.len() < 6 && id.bytes().all(|b| b.is_ascii_digit()))
}

/// Takes the trace id out of `traceparent` (W3C), `b3`, `Root=…` (AWS), `projects/…/traces/…`.
fn trace_id(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let found = {
        let text = &*text;
        if let Some((_, root)) = text.split_once("Root=") {
            root.split(';').next()
        } else if let Some((_, id)) = text.rsplit_once("/traces/") {
            Some(id)
        } else {
            let parts = || text.split('-');
            let is_hex = |t: &&str| t.len() == 32 && t.bytes().all(|b| b.is_ascii_hexdigit());
            match parts().count() {
                2..=4 => parts().find(is_hex),
                _ => Some(text),
            }
        }
    };
    let found = found.unwrap_or(&text);
    if found.len() == text.len() {
        return Some(text);
    }
    (!found.is_empty()).then(|| Cow::Owned(found.to_owned()))
}

fn body_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => (!is_blank(text)).then_some(Cow::Borrowed(text)),
        Value::Object(map) => (!map.is_empty()).then(|| Cow::Owned(value.to_string())),
        Value::Array(items) => (!items.is_empty()).then(|| Cow::Owned(value.to_string())),
        _ => None,
    }
}

fn guessed_mime(text: &str) -> Option<&'static str> {
    match text.trim_start().as_bytes().first()? {
        b'{' | b'[' => Some("application/json"),
        b'<' => Some("text/html"),
        _ if text.contains('=') && !text.contains([' ', '\n']) => {
            Some("application/x-www-form-urlencoded")
        }
        _ => None,
    }
}

/// Whether a message only says that there was a request.
fn is_routine(text: &str, exchange: &Exchange<'_>) -> bool {
    const PHRASES: [&str; 14] = [
        "request completed",
        "request errored",
        "request finished",
        "request received",
        "request processed",
        "request aborted",
        "handled request",
        "incoming request",
        "finished request",
        "http request",
        "access log",
        "access",
        "request",
        "response",
    ];
    let plain = text.trim_end_matches(['.', '!']);
    let starts_with_method = text
        .trim_start_matches("HTTP ")
        .split(' ')
        .next()
        .is_some_and(|word| KNOWN_METHODS.contains(&word));
    PHRASES.iter().any(|phrase| plain.eq_ignore_ascii_case(phrase))
        || starts_with_method
        || text == exchange.url
}

#[cfg(test)]
mod tests;
