//! Reads one HAR entry out of a JSON value, whatever its exporter made of the format.
//!
//! This is the patient path: it costs a whole value for each entry and is used for those on which
//! the fast walker stumbles, and as its oracle. A field that is missing, null or of another type
//! never costs the entry; only an entry without a request is lost.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use super::clock::{epoch, epoch_f64, parse_time};
use super::field_list::{self, Repairs, member, scalar};
use super::skip::{Repair, SkipReason};
use crate::model::{Body, Exchange, Text, Time, Visibility};

/// Firefox keeps this much of a body (`devtools.netmonitor.responseBodyLimit`, 1 MiB).
const FIREFOX_BODY_BYTES: usize = 1 << 20;

/// Reads one entry of `log.entries`.
///
/// Names are compared without case. The position is left for the caller to set, and the observer is
/// the client: only the capture's `creator` could say otherwise. Repairs are sorted, each kind once.
///
/// # Errors
/// [`SkipReason::Null`] and [`SkipReason::NotAnObject`] for an entry that is no object,
/// [`SkipReason::NoRequest`] for one without a request, [`SkipReason::NoMethodOrUrl`] for a request
/// with neither. A response that is missing is not an error: the request was not answered.
///
/// # Example
/// ```
/// # use authopsy::input::har_entry::entry_from_value;
/// let entry = serde_json::json!({
///     "request": {"method": "GET", "url": "https://api.example/v1/me", "headers": {"Accept": "*/*"}},
///     "response": {"status": "401"},
/// });
/// let (exchange, _) = entry_from_value(&entry).expect("it has a request");
/// assert_eq!(exchange.status, Some(401));
/// assert_eq!(exchange.request_header("accept"), Some("*/*"));
/// ```
pub fn entry_from_value(entry: &Value) -> Result<(Exchange<'_>, Vec<Repair>), SkipReason> {
    let entry = match entry {
        Value::Object(entry) => entry,
        Value::Null => return Err(SkipReason::Null),
        _ => return Err(SkipReason::NotAnObject),
    };
    let mut repairs = Repairs::default();
    let Some(Value::Object(request)) = member(entry, "request", &mut repairs) else {
        return Err(SkipReason::NoRequest);
    };
    let mut exchange = Exchange {
        method: text(request, "method", &mut repairs),
        url: text(request, "url", &mut repairs).unwrap_or_default(),
        from_cache: from_cache(entry),
        ..Exchange::default()
    };
    if exchange.method.is_none() && exchange.url.is_empty() {
        return Err(SkipReason::NoMethodOrUrl);
    }
    time(entry, &mut exchange, &mut repairs);
    let mut sizes = Sizes::default();
    read_request(request, &mut exchange, &mut sizes, &mut repairs);
    match member(entry, "response", &mut repairs) {
        Some(Value::Object(response)) => {
            read_response(response, &mut exchange, &mut sizes, &mut repairs);
        }
        _ => repairs.note(Repair::MissingValue),
    }
    read_failure(entry, &mut exchange);
    read_connection(entry, &mut exchange, &mut repairs);
    exchange.until_answer_ms = match member(entry, "timings", &mut repairs) {
        Some(Value::Object(timings)) => until_answer(timings, &mut repairs),
        _ => None,
    };
    exchange.websocket = entry.contains_key("_webSocketMessages")
        || entry.get("_resourceType").and_then(Value::as_str) == Some("websocket");
    conclude(&mut exchange, sizes);
    Ok((exchange, repairs.sorted()))
}

/// Marks an exchange whose record was cut off by the end of the input: what it lacks proves nothing.
///
/// For what was read out of a [`Lenient`](super::lenient::Lenient) that is not complete.
pub fn mark_cut_off(exchange: &mut Exchange<'_>) {
    let at_most = |seen: Visibility| seen.max(Visibility::Partial);
    exchange.request_visibility = at_most(exchange.request_visibility);
    exchange.response_visibility = at_most(exchange.response_visibility);
    for body in [&mut exchange.request_body, &mut exchange.response_body] {
        body.withheld |= body.text.raw().is_empty() && body.params.is_empty();
    }
}

/// Returns a member's text, if it is not empty.
fn text<'v>(
    map: &'v Map<String, Value>,
    name: &str,
    repairs: &mut Repairs,
) -> Option<Cow<'v, str>> {
    let Some(value) = member(map, name, repairs) else {
        repairs.note(Repair::MissingValue);
        return None;
    };
    match value {
        Value::String(text) => (!text.is_empty()).then_some(Cow::Borrowed(text)),
        Value::Null => {
            repairs.note(Repair::MissingValue);
            None
        }
        other => {
            repairs.note(Repair::MistypedValue);
            scalar(other)
        }
    }
}

/// As [`text`], for what the format does not demand.
fn optional<'v>(
    map: &'v Map<String, Value>,
    name: &str,
    repairs: &mut Repairs,
) -> Option<Cow<'v, str>> {
    member(map, name, repairs).and_then(scalar).filter(|text| !text.is_empty())
}

fn time(entry: &Map<String, Value>, exchange: &mut Exchange<'_>, repairs: &mut Repairs) {
    let (time, present) = match member(entry, "startedDateTime", repairs) {
        None | Some(Value::Null) => (None, false),
        Some(Value::String(text)) => {
            let time = parse_time(text);
            // RFC 3339 has a colon in its offset, and no epoch numbers.
            let standard = text.ends_with(['Z', 'z']) || has_colon_offset(text);
            if time.is_some_and(|time| !time.zone_assumed) && !standard {
                repairs.note(Repair::TimeForm);
            }
            (time, !text.is_empty())
        }
        Some(value @ Value::Number(_)) => {
            repairs.note(Repair::TimeForm);
            (number_time(value), true)
        }
        Some(_) => (None, true),
    };
    if time.is_none() {
        let said = if present { Repair::TimeUnreadable } else { Repair::MissingValue };
        repairs.note(said);
    }
    if time.is_some_and(|t| t.zone_assumed) {
        repairs.note(Repair::TimeWithoutZone);
    }
    (exchange.time, exchange.time_unreadable) = (time, present && time.is_none());
}

fn has_colon_offset(text: &str) -> bool {
    text.len()
        .checked_sub(6)
        .and_then(|at| text.get(at..))
        .is_some_and(|end| end.starts_with(['+', '-']) && end.get(3..4) == Some(":"))
}

/// Reads a number as a time by its magnitude.
pub(super) fn number_time(value: &Value) -> Option<Time> {
    time_of_number(value.as_number()?)
}

/// The same of the number itself.
pub(super) fn time_of_number(value: &Number) -> Option<Time> {
    value.as_u64().map_or_else(|| value.as_f64().and_then(epoch_f64), epoch)
}

fn read_request<'v>(
    request: &'v Map<String, Value>,
    exchange: &mut Exchange<'v>,
    sizes: &mut Sizes,
    repairs: &mut Repairs,
) {
    match member(request, "headers", repairs) {
        Some(list) if !list.is_null() => {
            exchange.request_headers = field_list::headers(list, repairs);
        }
        _ => repairs.note(Repair::MissingValue),
    }
    if let Some(cookies) = member(request, "cookies", repairs) {
        exchange.request_cookies = field_list::pairs(cookies, &mut Repairs::default());
    }
    if !is_absolute(&exchange.url) {
        repairs.note(Repair::UrlNotAbsolute);
    }
    sizes.sent = member(request, "bodySize", repairs).and_then(size);
    exchange.request_body = match member(request, "postData", repairs) {
        Some(Value::Object(post)) => posted(post, repairs),
        Some(Value::String(text)) => {
            repairs.note(Repair::MistypedValue);
            Body { text: Text::Plain(Cow::Borrowed(text)), ..Body::default() }
        }
        _ => Body::default(),
    };
}

/// Sizes in bytes as an entry gives them; `None` when unknown or negative.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sizes {
    /// `request.bodySize`.
    pub(super) sent: Option<u64>,
    /// `response.content.size`.
    pub(super) decoded: Option<u64>,
    /// `response.bodySize`.
    pub(super) wire: Option<u64>,
}

/// Fills in what follows from what an entry says, the same for the fast and the patient reading:
/// the host, what of the fields could be seen, a handshake, bodies that were left out or cut.
///
/// Expects everything else to be read; keeps `websocket` and `withheld` where they are set.
pub(super) fn conclude(exchange: &mut Exchange<'_>, sizes: Sizes) {
    let scheme = exchange.url.split_once(':').map_or("", |(scheme, _)| scheme);
    exchange.websocket |= scheme.eq_ignore_ascii_case("ws") || scheme.eq_ignore_ascii_case("wss");
    if !is_absolute(&exchange.url) {
        exchange.host = host_of(exchange);
    }
    exchange.request_visibility = match field_list::visibility(&exchange.request_headers) {
        Visibility::Full if exchange.from_cache => Visibility::Partial,
        other => other,
    };
    exchange.response_visibility =
        if exchange.response_headers.is_empty() { Visibility::None } else { Visibility::Full };
    conclude_sent(exchange, sizes);
    conclude_received(exchange, sizes);
}

fn conclude_sent(exchange: &mut Exchange<'_>, sizes: Sizes) {
    let body = &mut exchange.request_body;
    let empty = body.text.raw().is_empty() && body.params.is_empty();
    body.size = sizes.sent;
    body.withheld |= empty && sizes.sent.is_some_and(|bytes| bytes > 0);
    if !empty && body.mime.as_deref().unwrap_or_default().is_empty() {
        body.mime = field_list::owned(&exchange.request_headers, "content-type");
    }
}

fn conclude_received(exchange: &mut Exchange<'_>, sizes: Sizes) {
    let length = field_list::find(&exchange.response_headers, "content-length")
        .and_then(|length| length.trim().parse().ok());
    let bodiless = matches!(exchange.status, Some(204 | 304))
        || exchange.method.as_deref().is_some_and(|m| m.eq_ignore_ascii_case("head"));
    let body = &mut exchange.response_body;
    body.size = sizes.decoded.or(sizes.wire);
    if body.mime.as_deref().unwrap_or_default().is_empty() {
        body.mime = field_list::owned(&exchange.response_headers, "content-type");
    }
    let claimed = sizes.decoded.max(sizes.wire).max(length).unwrap_or(0);
    body.withheld |= body.text.raw().is_empty() && claimed > 0 && !bodiless;
    // A character of up to four bytes may have been cut with the rest.
    let least = FIREFOX_BODY_BYTES - 4;
    if !body.base64 && body.text.raw().len() >= least {
        let kept = body.text.read().len();
        body.withheld |= kept >= least && sizes.decoded.is_some_and(|size| size > kept as u64);
    }
}

/// The host of a request whose URL has none: `:authority`, `Host`, or the target of a `CONNECT`.
fn host_of<'v>(exchange: &Exchange<'v>) -> Option<Cow<'v, str>> {
    let listed = field_list::owned(&exchange.request_headers, ":authority")
        .or_else(|| field_list::owned(&exchange.request_headers, "host"));
    let connect = exchange.method.as_deref().is_some_and(|m| m.eq_ignore_ascii_case("connect"));
    let target = (connect && !exchange.url.is_empty()).then(|| exchange.url.clone());
    listed.filter(|host| !host.is_empty()).or(target)
}

/// Whether a URL names a scheme: `https:`, `data:`, `blob:`; `host:443` does not.
fn is_absolute(url: &str) -> bool {
    url.split_once(':').is_some_and(|(scheme, rest)| {
        let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-');
        !scheme.is_empty()
            && scheme.bytes().all(letters)
            && !rest.starts_with(|c: char| c.is_ascii_digit())
    })
}

fn posted<'v>(post: &'v Map<String, Value>, repairs: &mut Repairs) -> Body<'v> {
    let params = match member(post, "params", repairs) {
        Some(list) => field_list::pairs(list, &mut Repairs::default()),
        None => Vec::new(),
    };
    let body = read_body(post, repairs);
    Body { params, ..body }
}

/// Reads what `postData` and `content` have in common.
fn read_body<'v>(body: &'v Map<String, Value>, repairs: &mut Repairs) -> Body<'v> {
    let text = match member(body, "text", repairs) {
        Some(Value::String(text)) => Text::Plain(Cow::Borrowed(text)),
        None | Some(Value::Null) => Text::Absent,
        // An object in place of its text: the exporter decoded JSON.
        Some(other) => {
            repairs.note(Repair::MistypedValue);
            Text::Plain(scalar(other).unwrap_or_else(|| Cow::Owned(other.to_string())))
        }
    };
    let encoding = optional(body, "encoding", repairs);
    let comment = optional(body, "comment", repairs);
    let elsewhere =
        ["_file", "_sha1"].iter().any(|name| body.get(*name).is_some_and(Value::is_string));
    Body {
        mime: optional(body, "mimeType", repairs),
        withheld: comment.is_some_and(|said| says_withheld(&said))
            || (elsewhere && text.raw().is_empty()),
        base64: encoding.is_some_and(|name| name.trim().eq_ignore_ascii_case("base64")),
        text,
        ..Body::default()
    }
}

/// What recorders write beside a body that they left out or cut (Firefox, HTTP Toolkit).
fn says_withheld(comment: &str) -> bool {
    let comment = comment.to_ascii_lowercase();
    ["not included", "discarded", "truncated", "too large", "omitted", "evicted", "not available"]
        .iter()
        .any(|words| comment.contains(words))
}

fn read_response<'v>(
    response: &'v Map<String, Value>,
    exchange: &mut Exchange<'v>,
    sizes: &mut Sizes,
    repairs: &mut Repairs,
) {
    exchange.status_text = optional(response, "statusText", repairs);
    read_status(response, exchange, repairs);
    match member(response, "headers", repairs) {
        Some(list) if !list.is_null() => {
            exchange.response_headers = field_list::headers(list, repairs);
        }
        _ => repairs.note(Repair::MissingValue),
    }
    exchange.redirect_url = optional(response, "redirectURL", repairs);
    exchange.from_cache |= from_cache(response);
    sizes.wire = member(response, "bodySize", repairs).and_then(size);
    match member(response, "content", repairs) {
        Some(Value::Object(content)) => {
            exchange.response_body = read_body(content, repairs);
            sizes.decoded = member(content, "size", repairs).and_then(size);
        }
        Some(Value::String(text)) => {
            repairs.note(Repair::MistypedValue);
            exchange.response_body.text = Text::Plain(Cow::Borrowed(text));
        }
        _ => repairs.note(Repair::MissingValue),
    }
}

fn read_status<'v>(
    response: &'v Map<String, Value>,
    exchange: &mut Exchange<'v>,
    repairs: &mut Repairs,
) {
    match member(response, "status", repairs) {
        Some(Value::Number(number)) => exchange.status = status_of(number.as_f64()),
        Some(Value::String(text)) => {
            repairs.note(Repair::StatusText);
            let (code, reason) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
            let code = code.parse::<f64>();
            exchange.status = status_of(code.as_ref().ok().copied());
            if exchange.status_text.is_none() && exchange.status.is_some() && !reason.is_empty() {
                exchange.status_text = Some(Cow::Borrowed(reason));
            }
            // Flutter's DevTools write `error` for a request that failed.
            if code.is_err() && !text.trim().is_empty() {
                exchange.error = Some(Cow::Borrowed(text.trim()));
            }
        }
        None | Some(Value::Null) => repairs.note(Repair::MissingValue),
        Some(_) => repairs.note(Repair::MistypedValue),
    }
    let said = ["_error", "_errorText", "_failureText", "_errorMessage"];
    if let Some(error) = said.iter().find_map(|name| failure(response.get(*name)?)) {
        exchange.error = Some(error);
    } else if exchange.status.is_none() && exchange.error.is_none() {
        exchange.error = optional(response, "comment", repairs);
    }
}

/// Returns a status of 100 to 999; 0, -1 and -999 mean that there was none.
pub(super) fn status_of(number: Option<f64>) -> Option<u16> {
    let number = number.filter(|n| (100.0..1000.0).contains(n))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "100 to 999 by the line above"
    )]
    Some(number as u16)
}

/// Reads an error that is text, or an object with one inside.
fn failure(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Object(map) => ["message", "text", "errorText", "name", "code"]
            .iter()
            .find_map(|name| scalar(map.get(*name)?)),
        Value::Bool(_) => None,
        other => scalar(other),
    }
    .filter(|text| !text.is_empty())
}

fn read_failure<'v>(entry: &'v Map<String, Value>, exchange: &mut Exchange<'v>) {
    let said = ["_error", "_errorText", "_failureText", "_errorMessage", "_blocked"];
    if exchange.error.is_none() {
        exchange.error = said.iter().find_map(|name| failure(entry.get(*name)?));
    }
    // Charles explains a request that failed in a comment; elsewhere a comment is a title.
    let failed = entry.get("response").is_some_and(|r| r.get("status").is_some());
    if failed && exchange.error.is_none() && exchange.status.is_none() {
        exchange.error = entry.get("comment").and_then(failure);
    }
}

/// Whether a cache or a service worker answered: `_fromCache` and `_fetchedViaServiceWorker` of
/// Chrome, `_fetchType` of Safari.
fn from_cache(map: &Map<String, Value>) -> bool {
    let truthy = |name: &str| match map.get(name) {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(text)) => !text.is_empty() && text != "false",
        Some(Value::Number(n)) => n.as_f64() != Some(0.0),
        _ => false,
    };
    let fetched = map.get("_fetchType").and_then(Value::as_str).unwrap_or_default();
    ["_fromCache", "_fetchedViaServiceWorker", "_fromDiskCache", "_fromServiceWorker"]
        .into_iter()
        .any(truthy)
        || ["Memory Cache", "Disk Cache", "Service Worker"].contains(&fetched)
}

fn read_connection<'v>(
    entry: &'v Map<String, Value>,
    exchange: &mut Exchange<'v>,
    repairs: &mut Repairs,
) {
    let server = optional(entry, "serverIPAddress", repairs)
        .or_else(|| optional(entry, "_serverAddress", repairs));
    exchange.server = server.map(without_port);
    let clients = ["clientIPAddress", "_clientIPAddress", "_clientAddress"];
    let client = clients.iter().find_map(|name| optional(entry, name, repairs));
    exchange.client_ip = client.map(without_port);
}

/// Strips the port and the brackets of an address: `10.0.0.1:443`, `[::1]:443`, `[::1]`.
pub(super) fn without_port(address: Cow<'_, str>) -> Cow<'_, str> {
    let text = &*address;
    let bare = match text.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or(inner),
        None if text.bytes().filter(|b| *b == b':').count() == 1 => {
            text.split(':').next().unwrap_or(text)
        }
        None => text,
    };
    if bare.len() == text.len() {
        return address;
    }
    match &address {
        Cow::Borrowed(text) => {
            let start = usize::from(text.starts_with('['));
            Cow::Borrowed(text.get(start..start + bare.len()).unwrap_or(text))
        }
        Cow::Owned(_) => Cow::Owned(bare.to_owned()),
    }
}

/// A size in bytes; -1 and other nonsense mean that it is unknown.
fn size(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and saturates"
    )]
    (number >= 0.0).then_some(number as u64)
}

/// Sums the phases before the answer; `ssl` lies inside `connect`, and -1 means "does not apply".
fn until_answer(timings: &Map<String, Value>, repairs: &mut Repairs) -> Option<f64> {
    ["blocked", "dns", "connect", "send", "wait"]
        .iter()
        .filter_map(|name| member(timings, name, repairs).and_then(Value::as_f64))
        .filter(|ms| *ms >= 0.0)
        .fold(None, |sum, ms| Some(sum.unwrap_or(0.0) + ms))
}

#[cfg(test)]
mod tests;
