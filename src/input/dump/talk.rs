//! One request with its answer in the making.

use super::line::{Line, Way};
use super::message::{Head, Start, dechunked};
use crate::input::clock::parse_time;
use crate::model::{Body, Exchange, Observer, Text, Time, Visibility};

/// Bytes of a body that are kept.
const LARGEST_BODY: usize = 1 << 20;

/// Who printed a conversation.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Printer {
    /// curl or whoever prints `>` and `<`.
    #[default]
    Curl,
    /// curl in a trace: the bytes are exact.
    Trace,
    /// wget.
    Wget,
    /// Messages as they are on the wire.
    Wire,
}

impl Printer {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Trace => "curl trace",
            Self::Wget => "wget",
            Self::Wire => "http messages",
        }
    }
}

/// What chatter around the messages told of the request that follows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Known {
    /// Whether the connection is encrypted; `None` when nobody spoke of a connection.
    pub(super) tls: Option<bool>,
    /// The URL that the tool turned to.
    pub(super) url: Option<String>,
    /// When it did, by its own clock.
    pub(super) time: Option<Time>,
    /// Whether wget turned to it.
    pub(super) turned: bool,
}

impl Known {
    /// Takes a line of curl's chatter.
    pub(super) fn info(&mut self, text: &str) {
        let text = text.trim();
        if text.starts_with("Trying ") || text.starts_with("Connected to ") && self.tls.is_none() {
            self.tls = Some(false);
        } else if ["ALPN", "TLS", "SSL", "schannel", "using HTTP/3"]
            .iter()
            .any(|m| text.starts_with(m))
        {
            self.tls = Some(true);
        } else if let Some((_, rest)) = text.split_once("URL: '") {
            self.url = rest.strip_suffix('\'').map(str::to_owned);
        } else if let Some((_, url)) = text.split_once("OPENED stream for ") {
            self.url = Some(url.to_owned());
        } else if let Some(url) = text.strip_prefix("Preparing request to ") {
            self.url = Some(url.to_owned());
        } else if let Some(time) = text.strip_prefix("Current time is ") {
            self.time = parse_time(time);
        }
    }
}

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    /// In the head of a message.
    Head(Way),
    /// In a body.
    Body(Way),
    /// Between messages.
    Between,
}

/// One request with its answer in the making.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    pub(super) printer: Printer,
    pub(super) phase: Phase,
    /// Blanks before its start line, which stand before the other lines of a message too.
    margin: String,
    /// What was known when it started.
    known: Known,
    request: Option<(String, String, Head)>,
    response: Option<(u16, String, Head)>,
    sent: Vec<u8>,
    got: Vec<u8>,
    /// Bytes of the body that it is in, also those that are not kept.
    length: usize,
    /// Lines of the body that it is in.
    lines: usize,
    /// Whether the body that it is in holds more than blank lines.
    begun: bool,
    /// What the tool said of a failure.
    error: Option<String>,
    /// A number of bytes was printed in place of a body.
    counted: bool,
}

impl Talk {
    /// Returns one that starts with this line.
    pub(super) fn new(printer: Printer, line: &str, known: &Known) -> Self {
        let margin = line.len() - line.trim_start_matches([' ', '\t']).len();
        Self {
            printer,
            phase: Phase::Between,
            margin: line.get(..margin).unwrap_or_default().to_owned(),
            known: known.clone(),
            request: None,
            response: None,
            sent: Vec::new(),
            got: Vec::new(),
            length: 0,
            lines: 0,
            begun: false,
            error: None,
            counted: false,
        }
    }

    /// Returns whether a message of this kind cannot belong to this exchange any more.
    pub(super) fn is_over_for(&self, way: Way) -> bool {
        let answered = self.response.as_ref().is_some_and(|(status, ..)| *status >= 200);
        match way {
            Way::Sent => self.request.is_some() || self.response.is_some(),
            Way::Got => answered,
        }
    }

    /// Returns a line without the blanks that stand before all lines; `None` when it has them not.
    pub(super) fn inner<'l>(&self, line: &'l str) -> Option<&'l str> {
        line.strip_prefix(self.margin.as_str()).or_else(|| line.trim().is_empty().then_some(""))
    }

    /// Returns whether a message may start here, and not inside of a body.
    ///
    /// A body says how long it is. Where line breaks were changed on the way it is shorter by one byte a
    /// line, and where bodies are not printed it is empty.
    pub(super) fn may_start(&self) -> bool {
        let Phase::Body(way) = self.phase else { return true };
        let wanted = self.wanted(way).unwrap_or(0);
        !self.begun || wanted <= self.lines + 2
    }

    /// Takes a line that is no part of a trace; `bytes` are the line with its line break.
    pub(super) fn take(&mut self, line: &Line<'_>, bytes: &[u8]) {
        match *line {
            Line::Sent(text) | Line::Got(text) => {
                let way = if matches!(line, Line::Sent(_)) { Way::Sent } else { Way::Got };
                match (Start::of(text), self.phase) {
                    (Some(start), _) => self.start(start),
                    (None, Phase::Head(open)) => self.head_line(open, text),
                    // A message that was quoted whole.
                    (None, Phase::Body(open)) if way == Way::Sent => {
                        self.body(open, text.as_bytes());
                    }
                    _ => {}
                }
            }
            Line::Counted => self.counted |= self.request.is_some(),
            Line::Body(text) => {
                if let Phase::Body(way) = self.phase {
                    self.body(way, text.as_bytes());
                    self.body(way, b"\n");
                }
            }
            Line::Fence(way, false) => self.end_head(way),
            Line::Plain(text) => self.plain(text, bytes),
            _ => {}
        }
    }

    fn plain(&mut self, text: &str, bytes: &[u8]) {
        if let Some(error) = text.strip_prefix("curl: (") {
            let error = error.split_once(") ").map(|(_, error)| error.to_owned());
            self.error = self.error.take().or(error);
            return;
        }
        // The end of a block in Markdown, and between requests in .http files.
        let inner = text.trim_start();
        if inner.starts_with("```") || inner.starts_with("###") {
            self.phase = Phase::Between;
            return;
        }
        match self.printer {
            Printer::Wire => self.wire(text, bytes),
            Printer::Wget => self.wget(text, bytes),
            Printer::Curl => match self.phase {
                Phase::Head(way) if inner.is_empty() => self.head_line(way, ""),
                Phase::Head(way) if !inner.contains([' ', ':']) => {
                    if let Some(head) = self.head_mut(way) {
                        head.line(inner, false);
                    }
                }
                Phase::Body(Way::Got) => {
                    let end = ["* Connection #", "* Closing connection"]
                        .iter()
                        .find_map(|mark| memchr::memmem::find(bytes, mark.as_bytes()));
                    self.body(Way::Got, bytes.get(..end.unwrap_or(bytes.len())).unwrap_or(bytes));
                }
                _ => {}
            },
            Printer::Trace => {}
        }
    }

    /// Takes a line as it is on the wire.
    fn wire(&mut self, text: &str, bytes: &[u8]) {
        let Some(inner) = self.inner(text) else {
            // Something else, outside of the block that the message stands in.
            if let Phase::Head(way) = self.phase {
                self.end_head(way);
            }
            self.phase = Phase::Between;
            return;
        };
        match (Start::of(inner).filter(|_| self.may_start()), self.phase) {
            (Some(start), _) => self.start(start),
            (None, Phase::Head(way)) => self.head_line(way, inner),
            (None, Phase::Body(way)) => {
                let margin = bytes.len().min(self.margin.len());
                let is_indented = bytes.starts_with(self.margin.as_bytes());
                let from = if is_indented { margin } else { 0 };
                self.body(way, bytes.get(from..).unwrap_or_default());
            }
            (None, Phase::Between) => {}
        }
    }

    /// Takes a line of wget's.
    fn wget(&mut self, text: &str, bytes: &[u8]) {
        match self.phase {
            Phase::Head(way) => self.head_line(way, text),
            Phase::Body(way) => {
                let end = memchr::memmem::find(bytes, b"] done.");
                self.body(way, bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default());
                if end.is_some() {
                    self.phase = Phase::Between;
                }
            }
            Phase::Between => {
                if let Some(start) = Start::of(text) {
                    self.start(start);
                } else if let Some((_, rest)) = text
                    .strip_prefix("Skipping ")
                    .and_then(|rest| rest.split_once(" bytes of body: ["))
                {
                    self.phase = Phase::Body(Way::Got);
                    self.wget(rest, format!("{rest}\n").as_bytes());
                }
            }
        }
    }

    /// Starts a message.
    pub(super) fn start(&mut self, start: Start) {
        self.phase = match start {
            Start::Request(method, target) => {
                self.request = Some((method, target, Head::default()));
                Phase::Head(Way::Sent)
            }
            Start::Response(status, reason) => {
                self.response = Some((status, reason, Head::default()));
                self.got.clear();
                Phase::Head(Way::Got)
            }
        };
    }

    /// Takes the next line of a head.
    pub(super) fn head_line(&mut self, way: Way, text: &str) {
        let exact = self.printer != Printer::Wire;
        let Some(head) = self.head_mut(way) else { return };
        if head.complete {
            return;
        }
        head.line(text, exact);
        if head.complete {
            self.phase = Phase::Body(way);
            (self.length, self.lines, self.begun) = (0, 0, false);
        }
    }

    /// Ends a head of which the empty line is not printed.
    pub(super) fn end_head(&mut self, way: Way) {
        if let Some(head) = self.head_mut(way) {
            head.complete = true;
        }
        self.phase = Phase::Between;
    }

    fn head_mut(&mut self, way: Way) -> Option<&mut Head> {
        match way {
            Way::Sent => self.request.as_mut().map(|(.., head)| head),
            Way::Got => self.response.as_mut().map(|(.., head)| head),
        }
    }

    /// Takes bytes of a body.
    pub(super) fn body(&mut self, way: Way, bytes: &[u8]) {
        self.length += bytes.len();
        self.lines += 1;
        self.begun |= !bytes.trim_ascii().is_empty();
        let body = match way {
            Way::Sent => &mut self.sent,
            Way::Got => &mut self.got,
        };
        let room = LARGEST_BODY.saturating_sub(body.len());
        body.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
    }

    /// Returns how many bytes of the body that it is in are still to come, as its message says.
    pub(super) fn wanted(&self, way: Way) -> Option<usize> {
        let head = match way {
            Way::Sent => self.request.as_ref().map(|(.., head)| head),
            Way::Got => self.response.as_ref().map(|(.., head)| head),
        }?;
        let (asked, status) = (
            self.request.as_ref().map(|(method, ..)| method.as_str()),
            self.response.as_ref().map(|(status, ..)| *status),
        );
        // RFC 9112, section 6.3: these have a length and no body.
        if way == Way::Got && (asked == Some("HEAD") || status == Some(304)) {
            return None;
        }
        Some(head.length()?.saturating_sub(self.length))
    }

    /// Makes the exchange; `None` where there is none, as for the opening of a tunnel.
    pub(super) fn finish(self) -> Option<Exchange<'static>> {
        let known = &self.known;
        let printer = match self.printer {
            Printer::Wire if known.turned => Printer::Wget,
            printer => printer,
        };
        let mut exchange = Exchange {
            observer: Observer::Client,
            format: printer.name(),
            error: self.error.map(Into::into),
            ..Exchange::default()
        };
        if let Some((method, target, head)) = self.request {
            let is_tunnel = method == "CONNECT";
            if is_tunnel && self.response.as_ref().is_some_and(|(s, ..)| (200..300).contains(s)) {
                return None;
            }
            let host = head.get("host").or_else(|| head.get(":authority")).map(str::to_owned);
            exchange.url = url(&target, is_tunnel, host.as_deref(), known).into();
            exchange.host = host.map(Into::into);
            exchange.method = Some(method.into());
            exchange.request_visibility = seen(&head);
            exchange.request_body = body(self.sent, &head, self.counted);
            exchange.request_headers = head.fields;
        } else if let Some(url) = &known.url {
            exchange.url = url.clone().into();
        }
        exchange.time = known.time;
        if let Some((status, reason, head)) = self.response {
            exchange.status = Some(status);
            exchange.status_text = (!reason.is_empty()).then(|| reason.into());
            exchange.response_visibility = seen(&head);
            exchange.response_body = body(self.got, &head, self.counted);
            // wget's time is local, of a zone that it does not print.
            let date = head.get("date").and_then(parse_time);
            if date.is_some() && exchange.time.is_none_or(|time| time.zone_assumed) {
                exchange.time = date;
                exchange.time_of_answer = true;
            }
            exchange.response_headers = head.fields;
        }
        Some(exchange)
    }
}

fn seen(head: &Head) -> Visibility {
    if head.complete { Visibility::Full } else { Visibility::Partial }
}

/// Returns the URL as far as it is known: absolute, or path and query.
fn url(target: &str, is_tunnel: bool, host: Option<&str>, known: &Known) -> String {
    if is_tunnel {
        return format!("https://{target}");
    }
    if target.contains("://") {
        return target.to_owned();
    }
    let turned = known.url.as_deref().and_then(|url| {
        let (scheme, rest) = url.split_once("://")?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let path = path.split('#').next().unwrap_or_default();
        let path = if path.is_empty() { "/" } else { path };
        (path == target).then(|| format!("{scheme}://{authority}{target}"))
    });
    match (turned, known.tls, host) {
        (Some(url), ..) => url,
        (None, Some(tls), Some(host)) if target.starts_with('/') => {
            format!("{}://{host}{target}", if tls { "https" } else { "http" })
        }
        _ => target.to_owned(),
    }
}

fn body(bytes: Vec<u8>, head: &Head, counted: bool) -> Body<'static> {
    let field = |name: &str| head.get(name).map(str::trim);
    let mime = field("content-type").map(|mime| mime.to_owned().into());
    let size = head.length().map(|size| size as u64);
    let chunked = field("transfer-encoding").is_some_and(|t| t.eq_ignore_ascii_case("chunked"));
    let bytes = if chunked { dechunked(&bytes).unwrap_or(bytes) } else { bytes };
    let text = String::from_utf8(bytes).unwrap_or_default();
    // What is left of pasting: blank lines before and after.
    let text = text.trim_matches(['\r', '\n']);
    let withheld = text.is_empty() && (counted || size.is_some_and(|size| size > 0) || chunked);
    let text = if text.is_empty() { Text::Absent } else { Text::Plain(text.to_owned().into()) };
    Body { mime, text, size, withheld, ..Body::default() }
}
