//! Columns of the W3C extended format, and how their values are written.

use std::borrow::Cow;

use memchr::memchr;

/// Columns of CloudFront's standard logs, in their order; older files have fewer.
pub(super) const CLOUDFRONT: [&str; 33] = [
    "date",
    "time",
    "x-edge-location",
    "sc-bytes",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "cs(Referer)",
    "cs(User-Agent)",
    "cs-uri-query",
    "cs(Cookie)",
    "x-edge-result-type",
    "x-edge-request-id",
    "x-host-header",
    "cs-protocol",
    "cs-bytes",
    "time-taken",
    "x-forwarded-for",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-response-result-type",
    "cs-protocol-version",
    "fle-status",
    "fle-encrypted-fields",
    "c-port",
    "time-to-first-byte",
    "x-edge-detailed-result-type",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
];

/// What a column holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Column {
    Date,
    Time {
        /// Whether it is the server's own clock and not UTC.
        local: bool,
    },
    Stamp,
    Method,
    Target,
    Query,
    Status,
    Substatus,
    Win32,
    Client,
    User,
    UserAgent,
    Host {
        /// Whether it is the host that the client asked for, whatever other columns say.
        first: bool,
    },
    Scheme,
    Server,
    RequestId,
    Reason(&'static str),
    RequestField(Box<str>),
    ResponseField(Box<str>),
    Other,
}

impl Column {
    /// Finds what a name of `#Fields` means.
    pub(super) fn of(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "date" | "date-local" => Self::Date,
            "time" => Self::Time { local: false },
            "time-local" => Self::Time { local: true },
            "timestamp" => Self::Stamp,
            "cs-method" => Self::Method,
            "cs-uri-stem" | "cs-uri" | "cs-uri-path" => Self::Target,
            "cs-uri-query" => Self::Query,
            "sc-status" => Self::Status,
            "sc-substatus" => Self::Substatus,
            "sc-win32-status" => Self::Win32,
            "c-ip" => Self::Client,
            "cs-username" | "c-auth-id" => Self::User,
            "cs(user-agent)" => Self::UserAgent,
            "x-host-header" => Self::Host { first: true },
            "cs-host" | "cs(host)" => Self::Host { first: false },
            "cs-protocol" | "cs-uri-scheme" => Self::Scheme,
            "s-computername" | "s-ip" => Self::Server,
            "x-edge-request-id" => Self::RequestId,
            "x-edge-result-type" => Self::Reason("x-edge-result-type"),
            "x-edge-detailed-result-type" => Self::Reason("x-edge-detailed-result-type"),
            "x-exception-id" => Self::Reason("x-exception-id"),
            "s-reason" => Self::Reason("s-reason"),
            _ => Self::of_field(name, &lower),
        }
    }

    fn of_field(name: &str, lower: &str) -> Self {
        let inside = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        match inside {
            Some("Referrer" | "referrer") => Self::RequestField("Referer".into()),
            Some(inside) if lower.starts_with("cs(") => Self::RequestField(inside.into()),
            Some(inside) if lower.starts_with("sc(") => Self::ResponseField(inside.into()),
            _ => Self::Other,
        }
    }
}

/// The values of a row.
#[derive(Debug)]
pub(super) struct Words<'a> {
    pub(super) list: Vec<&'a str>,
    /// Whether tabs stand between them: then they are percent-encoded.
    pub(super) tabs: bool,
}

/// Splits a row at tabs, or at blanks outside of quotes.
pub(super) fn words(line: &str) -> Words<'_> {
    if memchr(b'\t', line.as_bytes()).is_some() {
        return Words { list: line.split('\t').collect(), tabs: true };
    }
    let mut list = Vec::new();
    let mut rest = line.trim_start_matches(' ');
    while !rest.is_empty() {
        let end = match rest.strip_prefix('"') {
            Some(inside) => closing(inside).map_or(rest.len(), |at| at + 2),
            None => rest.find(' ').unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(end);
        let bare = word.strip_prefix('"').and_then(|word| word.strip_suffix('"'));
        list.push(bare.unwrap_or(word));
        rest = after.trim_start_matches(' ');
    }
    Words { list, tabs: false }
}

/// Finds the quote that ends a value: two in a row stand for one, and one that no blank follows is part
/// of the value.
fn closing(inside: &str) -> Option<usize> {
    let bytes = inside.as_bytes();
    let mut at = 0;
    loop {
        at += memchr(b'"', bytes.get(at..)?)?;
        match bytes.get(at + 1) {
            None | Some(b' ') => return Some(at),
            Some(b'"') => at += 2,
            Some(_) => at += 1,
        }
    }
}

/// Returns a text as it was sent: percent-decoded, or with blanks for `+`.
pub(super) fn decoded(value: &str, tabs: bool) -> Cow<'_, str> {
    if tabs {
        return percent(value);
    }
    if value.contains(' ') || !value.contains('+') {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.replace('+', " "))
}

/// Percent-decodes; CloudFront encoded twice for years.
pub(in crate::input) fn percent(value: &str) -> Cow<'_, str> {
    let once = |text: &str| {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some((&first, tail)) = rest.split_first() {
            let code = tail
                .get(..2)
                .filter(|pair| first == b'%' && pair.iter().all(u8::is_ascii_hexdigit))
                .and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
            out.push(code.unwrap_or(first));
            rest = if code.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
        }
        String::from_utf8_lossy(&out).into_owned()
    };
    if !value.contains('%') {
        return Cow::Borrowed(value);
    }
    let first = once(value);
    Cow::Owned(if value.contains("%25") { once(&first) } else { first })
}
