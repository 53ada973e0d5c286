//! What a variable of a format is, and what its value looks like in a line.

use std::borrow::Cow;

/// What a variable stands for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Field {
    /// A time in any writing; the pattern of its text.
    Time(&'static str),
    /// A time in brackets, as `%t` is.
    BracketedTime,
    /// The address or name of whoever connected.
    Client,
    /// The field `X-Forwarded-For`.
    ForwardedFor,
    User,
    /// Request line.
    Request,
    Method,
    /// Path and query as sent.
    Target,
    /// Path alone.
    Path,
    /// The question mark of a query, where there is one.
    QueryMark,
    /// Query, with or without its `?`.
    Query,
    /// The host; the smaller rank wins.
    Host(u8),
    Scheme,
    Status,
    UpstreamStatus,
    /// Which node answered.
    Server,
    RequestId,
    TraceId,
    /// A request field by its name.
    Asked(Cow<'static, str>),
    /// A response field by its name.
    Answered(Cow<'static, str>),
    RequestBody,
    /// Something without blanks that does not matter.
    Word,
    /// Something that does not matter.
    Anything,
}

impl Field {
    /// Returns the pattern of its value. Inside quotes no value holds one that is not escaped.
    pub(super) fn shape(&self, quoted: bool) -> &'static str {
        match self {
            Self::Time(shape) => shape,
            Self::BracketedTime => r"\[[^\]]*\]",
            Self::Status => r"\d{3}|0|-",
            Self::UpstreamStatus => r"(?:\d{3}|-)?(?:(?:, | : )(?:\d{3}|-))*",
            Self::Scheme => r"[A-Za-z]*|-",
            Self::Method | Self::Client | Self::RequestId => r#"[^\s"]*?"#,
            Self::Server => r#"[^\s",]*?(?:(?:, | : )[^\s",]+?)*"#,
            Self::ForwardedFor if !quoted => r"[^\s,]*?(?:, ?[^\s,]+?)*",
            Self::Host(_) => r#"[^\s/"]*?"#,
            // A host in front of it has no slash, so the two cannot be cut in the wrong place.
            Self::Target if quoted => r#"(?:[/*](?:[^"\\]|\\.)*?|[A-Za-z]+://(?:[^"\\]|\\.)*?|-)?"#,
            Self::Target => r"(?:[/*].*?|[A-Za-z]+://.*?|-)?",
            Self::Path if quoted => r#"(?:[^?"\\]|\\.)*"#,
            Self::Path => r#"[^?\s"]*"#,
            Self::QueryMark => r"\??",
            Self::Word => r#"[^\s"]*?(?:(?:, | : )[^\s",]+?)*"#,
            _ if quoted => r#"(?:[^"\\]|\\.)*?"#,
            _ => r".*?",
        }
    }
}

/// Returns a field's name as it is usually written, from one in lower case with `_` or `-`.
pub(super) fn field_name(name: &str) -> Cow<'static, str> {
    const USUAL: [&str; 16] = [
        "Authorization",
        "Proxy-Authorization",
        "WWW-Authenticate",
        "Proxy-Authenticate",
        "Cookie",
        "Set-Cookie",
        "Location",
        "User-Agent",
        "Referer",
        "Host",
        "Origin",
        "X-API-Key",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "Date",
    ];
    let dashed = name.replace('_', "-");
    let usual = USUAL.iter().find(|usual| usual.eq_ignore_ascii_case(&dashed));
    usual.map_or(Cow::Owned(dashed), |usual| Cow::Borrowed(*usual))
}

/// Returns what a request field is beyond a field.
pub(super) fn request_field(name: &str) -> Field {
    let name = field_name(name);
    match &*name.to_ascii_lowercase() {
        "x-forwarded-for" => Field::ForwardedFor,
        "host" => Field::Host(0),
        "x-forwarded-host" => Field::Host(1),
        "x-request-id" | "x-correlation-id" | "request-id" => Field::RequestId,
        "traceparent" | "x-amzn-trace-id" | "x-b3-traceid" | "x-trace-id" => Field::TraceId,
        _ => Field::Asked(name),
    }
}
