//! What tshark prints of a packet capture (`-T json`, `-T ek`): requests and answers are packets apart.
//!
//! They are joined as HTTP/1 orders them: within a TCP stream, each answer belongs to the oldest
//! request that has none (RFC 9112, section 9.3). The position of an exchange is that of the packet
//! that completed it.

mod fields;

use std::collections::BTreeMap;

use memchr::memchr;
use memchr::memmem;

use super::clock::parse_time;
use super::document::Pause;
use super::dump::Head;
use super::record::Sink;
use super::scan::{container_end, skip_blanks};
use super::skip::SkipReason;
use super::walk::Attached;
use crate::model::{Body, Exchange, Observer, Position, Text, Time, Visibility};
use fields::{Field, fields};

/// Requests that may wait for their answers; the oldest goes first.
const MOST_WAITING: usize = 4096;
/// A packet longer than this is given up.
///
/// Smaller in tests, which would take long for it.
const LONGEST: usize = if cfg!(test) { 1 << 20 } else { 64 << 20 };

/// Bytes by which the start of a packet is found again: a line break, two blanks.
const LEAST_SEAM: usize = 3;

/// Reads packets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packets {
    /// Lines met so far.
    pub(super) met: u64,
    /// Packets met so far.
    pub(super) entries: u64,
    /// Whether the input ends inside a packet.
    pub(super) truncated: bool,
    /// What it has to know to go on.
    pub(super) waiting: Waiting,
}

/// Requests that have no answer yet, by stream and number.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Waiting {
    requests: BTreeMap<(u64, u64), Message>,
    next: u64,
    /// Whether the rest of a packet that is too long is passed over.
    lost: bool,
}

/// One message of a packet.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Message {
    /// Method of a request; `None` for an answer.
    method: Option<String>,
    status: Option<u16>,
    phrase: Option<String>,
    target: String,
    /// Absolute URL; of an answer that of its request.
    url: Option<String>,
    lines: Vec<String>,
    body: String,
    time: Option<Time>,
    source: Option<String>,
    destination: Option<String>,
}

/// Returns whether a document is what tshark prints.
pub(super) fn is_packets(head: &[u8]) -> bool {
    let start = skip_blanks(head, 0);
    let text = head.get(start..).unwrap_or_default();
    let line = text.get(..memchr(b'\n', text).unwrap_or(text.len())).unwrap_or_default();
    let layers = |pattern: &[u8]| memmem::find(text, pattern).is_some();
    match text.first() {
        Some(b'[') => layers(b"\"_source\"") && layers(b"\"layers\""),
        Some(b'{') => line.starts_with(b"{\"index\":{") && layers(b"\"layers\":{"),
        _ => false,
    }
}

impl Packets {
    /// Returns a reader that has counted nothing and stands where this one stands.
    pub(super) fn fresh(&self) -> Self {
        Self { met: 0, entries: 0, truncated: false, ..self.clone() }
    }

    /// Reads the packets that start in `bytes` before index `limit`; returns how many bytes are done
    /// with and why it stopped. `last` says that nothing follows `bytes`.
    pub(crate) fn read(
        &mut self,
        bytes: &[u8],
        last: bool,
        limit: usize,
        sink: &mut dyn Sink,
    ) -> (usize, Pause) {
        let mut at = 0;
        loop {
            if at >= limit {
                return (at, Pause::Limit);
            }
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(found) = self.next(rest) else {
                if self.waiting.lost && !last {
                    // What it looks for may have begun.
                    let done = rest.len().saturating_sub(LEAST_SEAM);
                    self.pass(rest.get(..done).unwrap_or_default());
                    return (at + done, Pause::More);
                }
                self.pass(rest);
                if last {
                    self.end(sink);
                    return (bytes.len(), Pause::End);
                }
                return (bytes.len(), Pause::More);
            };
            self.pass(rest.get(..found).unwrap_or_default());
            at += found;
            let rest = bytes.get(at..).unwrap_or_default();
            let position = self.position(rest);
            let end = container_end(rest, 0).filter(|end| *end < LONGEST);
            let Some(end) = end else {
                if rest.len() >= LONGEST {
                    sink.skipped(position, SkipReason::TooLong);
                    self.entries += 1;
                    self.waiting.lost = true;
                    at += 1;
                    continue;
                }
                if !last {
                    return (at, Pause::More);
                }
                sink.skipped(position, SkipReason::CutOff);
                self.truncated = true;
                self.entries += 1;
                self.pass(rest);
                self.end(sink);
                return (bytes.len(), Pause::End);
            };
            let packet = rest.get(..end).unwrap_or_default();
            self.packet(packet, position, sink);
            self.entries += 1;
            self.pass(packet);
            at += end;
        }
    }

    /// Returns where the next packet starts.
    fn next(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.waiting.lost {
            // A packet of its own starts a line, whatever its indentation, and is no member.
            let line = memmem::find(bytes, b"\n{").or_else(|| memmem::find(bytes, b"\n  {"))?;
            self.waiting.lost = false;
            return Some(line + 1 + memchr(b'{', bytes.get(line + 1..)?)?);
        }
        memchr(b'{', bytes)
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.met += memchr::memchr_iter(b'\n', bytes).count() as u64;
    }

    fn position(&self, packet: &[u8]) -> Position {
        // A line each, or items of a list.
        let is_line =
            memchr(b'\n', packet.get(..64.min(packet.len())).unwrap_or_default()).is_none();
        if is_line {
            Position { line: Some(self.met + 1), ..Position::default() }
        } else {
            Position { entry: Some(self.entries), ..Position::default() }
        }
    }

    fn packet(&mut self, packet: &[u8], position: Position, sink: &mut dyn Sink) {
        let Some(found) = fields(packet) else {
            return sink.skipped(position, SkipReason::NotJson);
        };
        let mut given = 0;
        for (stream, message) in messages(found) {
            if message.method.is_some() {
                self.waiting.requests.insert((stream, self.waiting.next), message);
                self.waiting.next += 1;
                if self.waiting.requests.len() > MOST_WAITING {
                    given += u64::from(self.give_up(position, sink));
                }
            } else if message.status.is_some_and(|status| status >= 200) {
                let range = (stream, 0)..=(stream, u64::MAX);
                let key = self.waiting.requests.range(range).next().map(|(key, _)| *key);
                let request = key.and_then(|key| self.waiting.requests.remove(&key));
                give(request, Some(message), position, sink);
                given += 1;
            }
        }
        if given == 0 {
            sink.passed(1);
        }
    }

    /// Gives the oldest request away without an answer.
    fn give_up(&mut self, position: Position, sink: &mut dyn Sink) -> bool {
        let oldest = self.waiting.requests.keys().min_by_key(|(_, number)| *number).copied();
        let request = oldest.and_then(|key| self.waiting.requests.remove(&key));
        let found = request.is_some();
        if found {
            give(request, None, position, sink);
        }
        found
    }

    /// Gives away what has no answer at the end of the input.
    fn end(&mut self, sink: &mut dyn Sink) {
        let position = Position { entry: Some(self.entries), ..Position::default() };
        while self.give_up(position, sink) {}
    }
}

/// Puts the fields of a packet together to messages, each with the number of its stream.
fn messages(found: Vec<(Field, String)>) -> Vec<(u64, Message)> {
    let (mut time, mut source, mut destination, mut stream) = (None, None, None, 0);
    let mut out: Vec<Message> = Vec::new();
    for (field, text) in found {
        match field {
            Field::Time => time = time.or_else(|| parse_time(&text)),
            Field::Source => source = source.or(Some(text)),
            Field::Destination => destination = destination.or(Some(text)),
            Field::Stream => stream = text.parse().unwrap_or(0),
            Field::Method => out.push(Message { method: Some(text), ..Message::default() }),
            Field::Status => {
                let status = text.parse().ok().filter(|code| (100..1000).contains(code));
                out.push(Message { status, ..Message::default() });
            }
            of_message => {
                let Some(message) = out.last_mut() else { continue };
                match of_message {
                    Field::Target => message.target = text,
                    Field::Url => message.url = Some(text),
                    Field::Phrase => message.phrase = Some(text),
                    Field::Line => message.lines.push(text),
                    _ => message.body = text,
                }
            }
        }
    }
    let dated = |message| Message {
        time,
        source: source.clone(),
        destination: destination.clone(),
        ..message
    };
    out.into_iter().map(|message| (stream, dated(message))).collect()
}

/// Makes the exchange of a request and its answer, of which one may be missing.
fn give(
    request: Option<Message>,
    answer: Option<Message>,
    position: Position,
    sink: &mut dyn Sink,
) {
    let mut exchange = Exchange {
        position,
        // It saw what went over the wire, beside one of the two.
        observer: Observer::Proxy,
        format: "tshark",
        ..Exchange::default()
    };
    let asked = request.as_ref().and_then(|request| request.time);
    if let Some(request) = request {
        let head = head(&request.lines);
        exchange.time = request.time;
        exchange.url = request.url.unwrap_or(request.target).into();
        exchange.host = head.get("host").map(|host| host.to_owned().into());
        exchange.method = request.method.map(Into::into);
        exchange.request_body = body(request.body, &head);
        exchange.request_visibility = Visibility::Full;
        exchange.request_headers = head.fields;
        exchange.client_ip = request.source.map(Into::into);
        exchange.server = request.destination.map(Into::into);
    }
    if let Some(answer) = answer {
        let head = head(&answer.lines);
        if exchange.url.is_empty() {
            exchange.url = answer.url.unwrap_or_default().into();
        }
        exchange.time = exchange.time.or(answer.time);
        exchange.until_answer_ms =
            asked.zip(answer.time).map(|(from, to)| (to.at.since(from.at).0 * 1000.0).max(0.0));
        exchange.status = answer.status;
        exchange.status_text = answer.phrase.map(Into::into);
        exchange.response_body = body(answer.body, &head);
        exchange.response_visibility = Visibility::Full;
        exchange.response_headers = head.fields;
    }
    sink.exchange(&mut exchange, &Attached::default());
}

fn head(lines: &[String]) -> Head {
    let mut head = Head::default();
    for line in lines {
        let line = line.strip_suffix("\r\n").or_else(|| line.strip_suffix('\n')).unwrap_or(line);
        if !line.is_empty() {
            head.line(line, true);
        }
    }
    head
}

fn body(text: String, head: &Head) -> Body<'static> {
    let size = head.length().map(|size| size as u64);
    let mime = head.get("content-type").map(|mime| mime.trim().to_owned().into());
    let text = unhexed(&text).unwrap_or(text);
    let withheld = text.is_empty() && size.is_some_and(|size| size > 0);
    let text = if text.is_empty() { Text::Absent } else { Text::Plain(text.into()) };
    Body { mime, text, size, withheld, ..Body::default() }
}

/// Reads `7b:22:65`, as newer versions print a body; `None` for any other text.
fn unhexed(text: &str) -> Option<String> {
    let pair = |pair: &str| {
        let digits = pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
        digits.then(|| u8::from_str_radix(pair, 16).ok())?
    };
    let bytes: Option<Vec<u8>> = text.split(':').map(pair).collect();
    String::from_utf8(bytes.filter(|bytes| bytes.len() > 1)?).ok()
}

#[cfg(test)]
mod tests;
