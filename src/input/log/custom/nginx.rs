//! nginx's `log_format`: the text as it stands in a configuration, or between its quotes.

use super::field::{Field, field_name, request_field};
use super::{Escape, FormatError, Part, near};

/// The format `combined`, which is built in.
const COMBINED: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;
/// The format `main` of the configuration that nginx comes with.
const MAIN: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for""#;

/// Times as nginx writes them.
const LOCAL: &str = r"\d{1,2}/[A-Za-z]{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}";
const ISO: &str = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d";
const EPOCH: &str = r"\d+\.\d+";

/// Variables whose values have no blanks, or lists, and do not matter here.
const WORDS: [&str; 31] = [
    "body_bytes_sent",
    "bytes_sent",
    "request_length",
    "request_time",
    "connection",
    "connection_requests",
    "connection_time",
    "pipe",
    "gzip_ratio",
    "upstream_response_time",
    "upstream_connect_time",
    "upstream_header_time",
    "upstream_queue_time",
    "upstream_response_length",
    "upstream_bytes_received",
    "upstream_bytes_sent",
    "upstream_cache_status",
    "server_protocol",
    "server_port",
    "server_addr",
    "remote_port",
    "request_completion",
    "content_length",
    "pid",
    "nginx_version",
    "ssl_protocol",
    "ssl_cipher",
    "ssl_session_reused",
    "ssl_client_verify",
    "https",
    "http2",
];

/// Variables that have a meaning; those that end in `_` stand for a family.
const KNOWN: [&str; 35] = [
    "remote_addr",
    "realip_remote_addr",
    "proxy_protocol_addr",
    "remote_user",
    "time_local",
    "time_iso8601",
    "msec",
    "request",
    "request_method",
    "request_uri",
    "uri",
    "document_uri",
    "args",
    "query_string",
    "is_args",
    "host",
    "server_name",
    "hostname",
    "scheme",
    "status",
    "upstream_status",
    "upstream_addr",
    "request_id",
    "request_body",
    "content_type",
    "http_authorization",
    "http_referer",
    "http_user_agent",
    "http_x_forwarded_for",
    "http_cookie",
    "http_host",
    "http_x_request_id",
    "sent_http_www_authenticate",
    "sent_http_location",
    "jwt_claim_sub",
];

/// Takes a format apart.
pub(super) fn parse(text: &str) -> Result<(Vec<Part>, Escape), FormatError> {
    let (body, escape, from) = body(text);
    let joined = match &*body {
        "combined" => COMBINED,
        "main" => MAIN,
        other => other,
    };
    Ok((parts(joined, from)?, escape))
}

/// Takes off what stands around the format in a configuration; returns also where it starts, in
/// characters.
fn body(text: &str) -> (String, Escape, usize) {
    let mut rest = text.trim_start();
    if let Some(named) = rest.strip_prefix("log_format") {
        let named = named.trim_start();
        rest = named.find(char::is_whitespace).map_or("", |end| &named[end..]).trim_start();
    }
    let mut escape = Escape::Default;
    for (word, kind) in [
        ("escape=json", Escape::Json),
        ("escape=none", Escape::None),
        ("escape=default", Escape::Default),
    ] {
        if let Some(after) = rest.strip_prefix(word) {
            (rest, escape) = (after.trim_start(), kind);
        }
    }
    let from = text.chars().count() - rest.chars().count();
    let trimmed = rest.trim_end();
    let inner = trimmed.strip_suffix(';').unwrap_or(trimmed);
    match unquoted(inner) {
        Some(joined) => (joined, escape, from),
        None => (rest.trim_end_matches(['\n', '\r']).to_owned(), escape, from),
    }
}

/// Joins `'...' '...'` and `"..." "..."`; `None` when the text is not made of them.
fn unquoted(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text.trim();
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    while !rest.is_empty() {
        let inside = rest.strip_prefix(quote)?;
        let mut chars = inside.char_indices();
        let end = loop {
            let (at, c) = chars.next()?;
            if c == quote {
                break at;
            }
            match c {
                '\\' => match chars.next()?.1 {
                    'n' => out.push('\n'),
                    't' => out.push('\t'),
                    'r' => out.push('\r'),
                    escaped @ ('\'' | '"' | '\\') => out.push(escaped),
                    other => out.extend(['\\', other]),
                },
                c => out.push(c),
            }
        };
        let after = inside.get(end + quote.len_utf8()..)?;
        rest = after.trim_start();
        // In double quotes `"$a" "$b"` is as well a format that logs quotes.
        (rest.is_empty() || rest.starts_with(quote) && quote == '\'').then_some(())?;
    }
    out.contains('$').then_some(out)
}

fn parts(text: &str, from: usize) -> Result<Vec<Part>, FormatError> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        literal.push_str(&rest[..dollar]);
        let after = &rest[dollar + 1..];
        let at = from + text[..text.len() - after.len() - 1].chars().count() + 1;
        let incomplete = |what: &str| FormatError::Incomplete { what: what.to_owned(), at };
        let (name, next) = if let Some(inside) = after.strip_prefix('{') {
            inside.split_once('}').ok_or_else(|| incomplete("${"))?
        } else {
            let end =
                after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            after.split_at(end)
        };
        if name.is_empty() {
            return Err(incomplete("$"));
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(std::mem::take(&mut literal)));
        }
        parts.push(Part::Field(variable(name, at)?));
        rest = next;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

fn variable(name: &str, at: usize) -> Result<Field, FormatError> {
    Ok(match name {
        "remote_addr" | "realip_remote_addr" | "proxy_protocol_addr" => Field::Client,
        "remote_user" | "jwt_claim_sub" => Field::User,
        "time_local" => Field::Time(LOCAL),
        "time_iso8601" => Field::Time(ISO),
        "msec" => Field::Time(EPOCH),
        "request" => Field::Request,
        "request_method" => Field::Method,
        "request_uri" => Field::Target,
        "uri" | "document_uri" => Field::Path,
        "args" | "query_string" => Field::Query,
        "is_args" => Field::QueryMark,
        "host" => Field::Host(2),
        "server_name" => Field::Host(3),
        "scheme" => Field::Scheme,
        "status" => Field::Status,
        "upstream_status" => Field::UpstreamStatus,
        "upstream_addr" => Field::Server,
        "request_id" => Field::RequestId,
        "otel_trace_id" | "opentelemetry_trace_id" | "opentracing_context_traceparent" => {
            Field::TraceId
        }
        "request_body" => Field::RequestBody,
        _ if WORDS.contains(&name) => Field::Word,
        _ => family(name, at)?,
    })
}

/// Variables with a part of their own in the name, and those of modules and `set`.
fn family(name: &str, at: usize) -> Result<Field, FormatError> {
    if let Some(field) = name.strip_prefix("http_") {
        check(name, at)?;
        return Ok(request_field(field));
    }
    for prefix in ["sent_http_", "upstream_http_"] {
        if let Some(field) = name.strip_prefix(prefix) {
            check(name, at)?;
            return Ok(Field::Answered(field_name(field)));
        }
    }
    if ["cookie_", "arg_", "jwt_claim_", "jwt_header_", "geoip", "ssl_", "upstream_cookie_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
    {
        return Ok(Field::Anything);
    }
    check(name, at)?;
    Ok(Field::Anything)
}

/// Refuses what is nearly the name of a variable: its column would be lost in silence.
fn check(name: &str, at: usize) -> Result<(), FormatError> {
    if KNOWN.contains(&name) {
        return Ok(());
    }
    match near(name, KNOWN.into_iter().chain(WORDS)) {
        Some(known) => Err(FormatError::Unknown {
            server: "nginx",
            name: format!("${name}"),
            at,
            near: Some(format!("${known}")),
        }),
        None => Ok(()),
    }
}
