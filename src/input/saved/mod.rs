//! Sessions that proxies save in forms of their own, read as the HAR that they could have exported.
//!
//! Burp's XML and Fiddler's archive hold messages as they were on the wire. They are turned into a HAR
//! entry by entry, while it is read, so that memory grows with one exchange only.

mod burp;
mod fiddler;
mod tools;

use std::io::{self, Read};

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::dump::{Head, dechunked, start_line};

pub(super) use burp::{Burp, is_burp};
pub(super) use fiddler::{Fiddler, is_fiddler};
pub(crate) use tools::TOOLS;
pub(super) use tools::entry as entry_of_tool;

/// A body longer than this is left out.
const LARGEST_BODY: usize = 1 << 20;
/// Lines of a head.
const LONGEST_HEAD: usize = 1 << 20;

/// A HAR that is made while it is read.
pub(super) struct Har<I> {
    entries: I,
    /// Made, but not yet read.
    text: Vec<u8>,
    at: usize,
    state: State,
}

/// How far a HAR is made.
enum State {
    /// Nothing is, of this maker.
    Begins(&'static str),
    /// So many entries are.
    Goes(u64),
    Ended,
}

impl<I: Iterator<Item = io::Result<Value>>> Har<I> {
    /// Returns the HAR of `maker` with these entries.
    pub(super) fn new(maker: &'static str, entries: I) -> Self {
        Self { entries, text: Vec::new(), at: 0, state: State::Begins(maker) }
    }

    fn make(&mut self) -> io::Result<()> {
        self.text.clear();
        self.at = 0;
        match self.state {
            State::Begins(maker) => {
                let text = format!(
                    "{{\"log\":{{\"version\":\"1.2\",\"creator\":{{\"name\":\"{maker}\",\"version\":\"\"}},\"entries\":["
                );
                self.text.extend_from_slice(text.as_bytes());
                self.state = State::Goes(0);
            }
            State::Goes(count) => {
                if let Some(entry) = self.entries.next().transpose()? {
                    let comma = if count > 0 { "," } else { "" };
                    self.text.extend_from_slice(format!("{comma}\n{entry}").as_bytes());
                    self.state = State::Goes(count + 1);
                } else {
                    self.text.extend_from_slice(b"\n]}}\n");
                    self.state = State::Ended;
                }
            }
            State::Ended => {}
        }
        Ok(())
    }
}

impl<I: Iterator<Item = io::Result<Value>>> Read for Har<I> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.text.len() {
            self.make()?;
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        let count = rest.len().min(into.len());
        into.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.at += count;
        Ok(count)
    }
}

/// One exchange as a proxy saved it.
#[derive(Debug, Default)]
struct Session {
    /// When it began, as written.
    time: String,
    /// Milliseconds until the answer began; `None` when not saved.
    waited: Option<f64>,
    /// Absolute URL; empty when not saved.
    url: String,
    request: Vec<u8>,
    response: Vec<u8>,
}

impl Session {
    /// Returns the entry of a HAR.
    fn entry(self) -> Value {
        let (start, head, body) = message(&self.request);
        let (method, target) = start.split_once(' ').unwrap_or((&start, ""));
        let target = target.rsplit_once(' ').map_or(target, |(target, _)| target);
        let host = head.get("host").unwrap_or_default();
        let url = match (self.url.is_empty(), target.contains("://"), method) {
            (false, ..) => self.url,
            (true, _, "CONNECT") => format!("https://{target}"),
            (true, true, _) => target.to_owned(),
            (true, false, _) => format!("http://{host}{target}"),
        };
        let mut request = json!({
            "method": method, "url": url, "httpVersion": "", "headers": fields(&head),
            "cookies": [], "queryString": [], "headersSize": -1, "bodySize": body.len(),
        });
        if !body.is_empty() {
            let mime = head.get("content-type").unwrap_or_default();
            let text = text(&body, &head);
            request["postData"] = json!({"mimeType": mime, "text": text.unwrap_or_default()});
        }
        let (start, head, body) = message(&self.response);
        let mut words = start.splitn(3, ' ').skip(1);
        let status = words.next().and_then(|word| word.parse::<u16>().ok()).unwrap_or(0);
        let mut content = json!({
            "size": body.len(), "mimeType": head.get("content-type").unwrap_or_default(),
        });
        if let Some(text) = text(&body, &head) {
            content["text"] = text.into();
        }
        json!({
            "startedDateTime": self.time, "time": self.waited.unwrap_or(-1.0), "request": request,
            "response": {
                "status": status, "statusText": words.next().unwrap_or_default().trim(),
                "httpVersion": "", "headers": fields(&head), "cookies": [], "content": content,
                "redirectURL": "", "headersSize": -1, "bodySize": body.len(),
            },
            "cache": {}, "timings": {"send": 0, "wait": self.waited.unwrap_or(-1.0), "receive": 0},
        })
    }
}

/// Takes a message apart: start line, head, body.
fn message(bytes: &[u8]) -> (String, Head, Vec<u8>) {
    let (mut head, mut start, mut at) = (Head::default(), None, 0);
    while at < bytes.len().min(LONGEST_HEAD) {
        let before = at;
        let rest = bytes.get(at..).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = String::from_utf8_lossy(rest.get(..length).unwrap_or_default());
        let line = line.trim_end_matches('\r');
        at = bytes.len().min(at + length + 1);
        match start {
            None => start = Some(line.to_owned()),
            // Another start: the one before was interim, `100 Continue`.
            Some(_) if head.complete && start_line(line) => {
                (head, start) = (Head::default(), Some(line.to_owned()));
            }
            Some(_) if head.complete => {
                at = before;
                break;
            }
            Some(_) => head.line(line, true),
        }
        let interim =
            start.as_deref().is_some_and(|s| s.starts_with("HTTP/") && s.contains(" 100"));
        if head.complete && !interim {
            break;
        }
    }
    let body = bytes.get(at..).unwrap_or_default().to_vec();
    (start.unwrap_or_default(), head, body)
}

fn fields(head: &Head) -> Value {
    head.fields.iter().map(|h| json!({"name": h.name, "value": h.value})).collect()
}

/// Returns a body as text, unpacked; `None` when it is no text.
fn text(body: &[u8], head: &Head) -> Option<String> {
    let is = |name: &str, value: &str| {
        head.get(name).is_some_and(|found| found.trim().eq_ignore_ascii_case(value))
    };
    let joined = is("transfer-encoding", "chunked").then(|| dechunked(body)).flatten();
    let body = joined.as_deref().unwrap_or(body);
    let mut unpacked = Vec::new();
    if is("content-encoding", "gzip") {
        // What was unpacked before it was saved stays as it is.
        let limit = LARGEST_BODY as u64 + 1;
        let _ = GzDecoder::new(body).take(limit).read_to_end(&mut unpacked);
    }
    let body = if unpacked.is_empty() { body } else { &unpacked };
    (!body.is_empty() && body.len() <= LARGEST_BODY)
        .then(|| std::str::from_utf8(body).ok().map(str::to_owned))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(request: &str, response: &str) -> Value {
        let (request, response) = (request.into(), response.into());
        Session { request, response, ..Session::default() }.entry()
    }

    #[test]
    fn messages_are_taken_over_with_their_faults() {
        let entry = entry(
            "POST /a?b=c HTTP/1.1\r\nHost: api.example\r\nAuthorizaton: Bearer  x\r\n\r\na=b",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 Not so\r\nContent-Type: text/plain\r\n\r\nno\n",
        );
        assert_eq!(entry["request"]["url"], "http://api.example/a?b=c");
        assert_eq!(
            entry["request"]["headers"][1],
            json!({"name": "Authorizaton", "value": "Bearer  x"})
        );
        assert_eq!(entry["request"]["postData"]["text"], "a=b");
        assert_eq!(entry["response"]["status"], 401);
        assert_eq!(entry["response"]["statusText"], "Not so");
        assert_eq!(entry["response"]["headers"].as_array().unwrap().len(), 1);
        assert_eq!(entry["response"]["content"]["text"], "no\n");
    }

    #[test]
    fn an_answer_that_is_missing_has_no_status() {
        assert_eq!(entry("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "")["response"]["status"], 0);
        assert_eq!(entry("", "")["request"]["method"], "");
    }

    #[test]
    fn a_har_is_whole_however_it_is_read() {
        let entries = || [json!({"a": 1}), json!({"b": 2})].into_iter().map(Ok);
        let mut text = String::new();
        Har::new("Test", entries()).read_to_string(&mut text).unwrap();
        let har: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(har["log"]["entries"], json!([{"a": 1}, {"b": 2}]));
        let mut bits = Vec::new();
        let mut har = Har::new("Test", entries());
        let mut one = [0];
        while har.read(&mut one).unwrap() > 0 {
            bits.push(one[0]);
        }
        assert_eq!(bits, text.as_bytes());
    }
}
