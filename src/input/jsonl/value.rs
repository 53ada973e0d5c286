//! Reads single values of a log: what is blank, a method, an address, an id, a request line.

use std::borrow::Cow;
use std::net::IpAddr;

use serde_json::{Map, Value};

use super::REDACTED;
use super::alias;
use super::node::Node;
use crate::input::field_list::{self, Repairs};
use crate::input::har_entry::without_port;
use crate::model::{Exchange, Header};

/// RFC 9110, RFC 5789, and those of `WebDAV` that clients send.
pub(super) const KNOWN_METHODS: [&str; 17] = [
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
pub(super) const VERBS: [(&str, &str); 8] = [
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

pub(super) fn grpc_status(value: &Node<'_>) -> Option<u8> {
    if let Node::Number(number) = value {
        let code = number.as_u64().and_then(|code| u8::try_from(code).ok());
        return code.filter(|code| *code <= 16);
    }
    let text = value.text()?;
    let named = GRPC_CODES.iter().position(|code| *code == alias::fold(text));
    let number = named.or_else(|| text.trim().parse().ok()).filter(|code| *code <= 16)?;
    u8::try_from(number).ok()
}

/// Whether a logger wrote that there was nothing.
pub(super) fn is_blank(text: &str) -> bool {
    // Most texts are longer than all of these, and begin and end with what no trimming takes off.
    if let [first, .., last] = text.as_bytes()
        && text.len() > 11
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
    {
        return false;
    }
    matches!(text.trim(), "" | "-" | "null" | "undefined" | "<nil>" | "(none)")
}

/// Splits `api.example/path`, which some logs write for a URL.
pub(in crate::input) fn host_and_path(text: &str) -> Option<(&str, &str)> {
    let (host, path) = text.split_at(text.find('/')?);
    (host.contains('.') && !host.contains(':')).then_some((host, path))
}

/// Splits `GET /path HTTP/1.1`; `GET /path` is enough.
pub(super) fn request_line(text: &str) -> Option<(Option<&str>, &str)> {
    let mut words = text.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let known = KNOWN_METHODS.iter().any(|known| method.eq_ignore_ascii_case(known));
    let versioned = words.next_back().is_some_and(|word| word.starts_with("HTTP/"));
    let path = target.starts_with('/') || target.contains("://") || target == "*";
    (path && (known || versioned)).then_some((known.then_some(method), target))
}

/// Reads a map or list of fields as a log means it: what is empty was not there.
pub(super) fn logged_fields(value: &Value) -> Vec<Header<'_>> {
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

/// Reads fields out of one raw text; what is empty was not there.
pub(super) fn fields_of_text(text: &str) -> Vec<Header<'_>> {
    let mut list = field_list::headers_of_text(text);
    list.retain(|header| !is_blank(&header.value));
    list
}

pub(super) fn is_secret_field(name: &str) -> bool {
    ["authorization", "proxy-authorization", "cookie", "set-cookie"]
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret))
}

/// The first address of a column: a port, brackets and further hops are stripped.
pub(super) fn address(value: Node<'_>) -> Option<Cow<'_, str>> {
    let text = match value.said()? {
        Cow::Borrowed(text) => text.split(',').next().unwrap_or(text).trim(),
        Cow::Owned(_) => return None,
    };
    // Node writes IPv4 clients of a dual socket as `::ffff:192.0.2.7`.
    let mapped = text.strip_prefix("::ffff:").filter(|rest| rest.contains('.'));
    let bare = without_port(Cow::Borrowed(mapped.unwrap_or(text)));
    bare.parse::<IpAddr>().is_ok().then_some(bare)
}

/// Whether an id can tell requests of several logs apart; a process's own counter cannot.
pub(super) fn is_unique(id: &str) -> bool {
    !(id.len() < 6 && id.bytes().all(|b| b.is_ascii_digit()))
}

/// Takes the trace id out of `traceparent` (W3C), `b3`, `Root=…` (AWS), `projects/…/traces/…`.
pub(super) fn trace_id(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
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

pub(super) fn body_text(value: Node<'_>) -> Option<Cow<'_, str>> {
    match value {
        Node::Text(text) => (!is_blank(&text)).then_some(text),
        Node::Tree(value) => {
            let empty = match value {
                Value::Object(map) => map.is_empty(),
                Value::Array(items) => items.is_empty(),
                _ => true,
            };
            (!empty).then(|| Cow::Owned(value.to_string()))
        }
        Node::Fields(list) => {
            let map: Map<String, Value> = list
                .into_iter()
                .map(|Header { name, value }| {
                    (name.into_owned(), Value::String(value.into_owned()))
                })
                .collect();
            (!map.is_empty()).then(|| Cow::Owned(Value::Object(map).to_string()))
        }
        _ => None,
    }
}

pub(super) fn guessed_mime(text: &str) -> Option<&'static str> {
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
pub(super) fn is_routine(text: &str, exchange: &Exchange<'_>) -> bool {
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
    let plain = text.trim_end_matches(['.', '!']).replace(['-', '_'], " ");
    let starts_with_method = text
        .trim_start_matches("HTTP ")
        .split(' ')
        .next()
        .is_some_and(|word| KNOWN_METHODS.contains(&word));
    PHRASES.iter().any(|phrase| plain.eq_ignore_ascii_case(phrase))
        || starts_with_method
        || text == exchange.url
}
