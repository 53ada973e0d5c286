//! One request and its response as an input wrote them: borrowed, raw, possibly secret.

use std::borrow::Cow;
use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::time::Time;
use super::unescape::unescape;

/// One request with its response as one observer saw it; borrows from the input's window.
///
/// Nothing in here is judged or masked. Text is what the bytes say after JSON unescaping, so it can
/// hold secrets: only the evidence room may read it.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that inputs state")]
pub struct Exchange<'a> {
    /// Where the record stands in its input.
    pub position: Position,
    /// When the request started; `None` when missing or unreadable.
    pub time: Option<Time>,
    /// Whether `time` is that of the answer's own `Date`, as nobody else noted one: it is the server's
    /// clock, and tells nothing of another.
    pub time_of_answer: bool,
    /// The time text that could not be read, for the skip list.
    pub time_unreadable: bool,
    /// Whether `time` names no year, so that the latest one was assumed that fits the input's age.
    pub year_assumed: bool,
    /// Who recorded it.
    pub observer: Observer,
    /// Whose line it is (`combined`, `pino`), where one input may hold several; empty when the
    /// input's format says all.
    pub format: &'static str,
    /// Request method as sent; `None` for a garbled request line.
    pub method: Option<Cow<'a, str>>,
    /// Absolute URL, or path and query where the host is not known; empty when missing.
    pub url: Cow<'a, str>,
    /// Host from elsewhere (a `Host` column of a log), when `url` has none.
    pub host: Option<Cow<'a, str>>,
    /// Request fields in order, duplicates kept, names as written.
    pub request_headers: Vec<Header<'a>>,
    /// What the input could show of the request fields.
    pub request_visibility: Visibility,
    /// Request cookies listed apart from the fields (HAR `cookies`), as name and value.
    pub request_cookies: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Request body.
    pub request_body: Body<'a>,
    /// Response status, 100 to 999; `None` when missing, 0 or negative.
    pub status: Option<u16>,
    /// `statusText` or reason phrase, when given.
    pub status_text: Option<Cow<'a, str>>,
    /// Response fields in order, duplicates kept.
    pub response_headers: Vec<Header<'a>>,
    /// What the input could show of the response fields.
    pub response_visibility: Visibility,
    /// Response body.
    pub response_body: Body<'a>,
    /// HAR `redirectURL`, when not empty.
    pub redirect_url: Option<Cow<'a, str>>,
    /// Transport error (`_error`, `net::ERR_FAILED`), when given.
    pub error: Option<Cow<'a, str>>,
    /// Reason-coded fields of a log, name and value (`response_code_details`, `err.message`).
    pub reasons: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Client address, port stripped.
    pub client_ip: Option<Cow<'a, str>>,
    /// User agent from a column of its own, where fields are not logged.
    pub user_agent: Option<Cow<'a, str>>,
    /// User name from a column of its own.
    pub user: Option<Cow<'a, str>>,
    /// Server address or node name.
    pub server: Option<Cow<'a, str>>,
    /// Request id.
    pub request_id: Option<Cow<'a, str>>,
    /// Trace id.
    pub trace_id: Option<Cow<'a, str>>,
    /// Milliseconds between the start and the moment the server may have written `Date`
    /// (HAR: blocked + dns + connect + send + wait); `None` when unknown.
    pub until_answer_ms: Option<f64>,
    /// Served from a cache or a service worker: fields are not those of a real request.
    pub from_cache: bool,
    /// WebSocket handshake (`ws:`/`wss:` URL or `_webSocketMessages`).
    pub websocket: bool,
}

/// Where a record stands in its input.
///
/// Ordered by line, then by place in a list. A record in a list that stands in one line has both.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Position {
    /// Index in `log.entries` or another list of records, from 0.
    pub entry: Option<u64>,
    /// First line of the record, from 1, for line formats.
    pub line: Option<u64>,
    /// Byte offset, where neither exists.
    pub byte: Option<u64>,
}

impl Ord for Position {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |position: &Self| (position.line, position.entry, position.byte);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Who recorded an exchange.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Observer {
    /// The client itself (a browser, a test runner).
    #[default]
    Client,
    /// A debugging proxy on the way.
    Proxy,
    /// A gateway or web server.
    Gateway,
    /// The application.
    App,
    /// The identity provider.
    Idp,
}

impl Observer {
    /// Returns the name used in outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Proxy => "proxy",
            Self::Gateway => "gateway",
            Self::App => "app",
            Self::Idp => "idp",
        }
    }
}

/// One field of a message.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Header<'a> {
    /// Field name as written.
    pub name: Cow<'a, str>,
    /// Field value as written, blanks and line breaks kept.
    pub value: Cow<'a, str>,
}

/// What an input could show of a message's fields.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// The fields were recorded: one that is not listed was not there.
    Full,
    /// Whether `Authorization` was sent is known, and of most other fields nothing (a column of a log).
    Column,
    /// Some fields only (a log that names a few, provisional headers): absence proves nothing.
    Partial,
    /// No fields at all.
    #[default]
    None,
}

/// A message body as recorded.
#[derive(Clone, Debug, Default)]
pub struct Body<'a> {
    /// Media type as written, parameters included.
    pub mime: Option<Cow<'a, str>>,
    /// The text.
    pub text: Text<'a>,
    /// Whether `text` is base64.
    pub base64: bool,
    /// Form parameters listed apart (HAR `postData.params`).
    pub params: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Size in bytes as recorded; `None` when unknown.
    pub size: Option<u64>,
    /// Whether the recorder says that it left the body out or cut it.
    pub withheld: bool,
}

/// Body text that is unescaped only when somebody looks.
#[derive(Clone, Debug, Default)]
pub enum Text<'a> {
    /// Not recorded.
    #[default]
    Absent,
    /// Ready to read.
    Plain(Cow<'a, str>),
    /// The inside of a JSON string literal, still escaped, not validated.
    Escaped(&'a [u8]),
}

impl Exchange<'_> {
    /// Returns the first request field of this name, compared without case.
    pub fn request_header(&self, name: &str) -> Option<&str> {
        self.request_headers.iter().find(|h| h.name.eq_ignore_ascii_case(name)).map(|h| &*h.value)
    }

    /// Returns the first response field of this name, compared without case.
    pub fn response_header(&self, name: &str) -> Option<&str> {
        self.response_headers.iter().find(|h| h.name.eq_ignore_ascii_case(name)).map(|h| &*h.value)
    }
}

impl Text<'_> {
    /// Returns the bytes as they stand in the input (escaped or not), for a quick multi-pattern search.
    pub fn raw(&self) -> &[u8] {
        match self {
            Self::Absent => &[],
            Self::Plain(text) => text.as_bytes(),
            Self::Escaped(bytes) => bytes,
        }
    }

    /// Returns the text, unescaped; invalid UTF-8, lone surrogates and broken escapes become U+FFFD.
    ///
    /// ```
    /// # use authopsy::model::Text;
    /// assert_eq!(Text::Escaped(br#"{\"error\":\"x\"}"#).read(), r#"{"error":"x"}"#);
    /// ```
    pub fn read(&self) -> Cow<'_, str> {
        match self {
            Self::Absent => Cow::Borrowed(""),
            Self::Plain(text) => Cow::Borrowed(text),
            Self::Escaped(bytes) => unescape(bytes),
        }
    }
}
