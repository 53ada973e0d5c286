//! Reads one well-formed HAR entry without building a tree: the fast path.
//!
//! The walker visits the members in any order, keeps slices of the window and jumps over what nobody
//! asks for. It does not repair and does not judge: on anything that HAR 1.2 does not promise (another
//! type, `null`, an unknown or repeated name, a missing message) it gives up with [`Stop::Odd`], and
//! the entry goes alone to the patient reading. What it does read it reads to the same exchange.

mod json;
mod pairs;

use std::borrow::Cow;

pub(super) use self::json::{Json, Walk};
use self::pairs::Layout;
use super::clock;
use super::har_entry::{Sizes, conclude, without_port};
use crate::model::{Body, Exchange, Header, Text, Time};
pub(super) use json::Stop;

/// Names of files beside the capture that hold its bodies (Playwright's `attach` mode).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Attached<'a> {
    /// The request's body.
    pub(crate) request: Option<Cow<'a, str>>,
    /// The response's body.
    pub(crate) response: Option<Cow<'a, str>>,
}

/// Reads the entry whose `{` stands at `from` into `exchange` and returns the index after its `}`.
///
/// `exchange` is cleared first; its lists keep their memory. Position and observer are left alone.
pub(super) fn entry<'a>(
    bytes: &'a [u8],
    from: usize,
    exchange: &mut Exchange<'a>,
    attached: &mut Attached<'a>,
) -> Walk<usize> {
    clear(exchange);
    *attached = Attached::default();
    let json = Json::new(bytes, from);
    let (sizes, layout) = (Sizes::default(), Layout::default());
    let mut walker = Walker { json, sizes, layout, by_worker: false };
    walker.entry(exchange, attached)?;
    Ok(walker.json.at)
}

/// Empties an exchange but keeps the memory of its lists, its position and its observer.
fn clear(exchange: &mut Exchange<'_>) {
    let (position, observer) = (exchange.position, exchange.observer);
    let mut empty = Exchange { position, observer, ..Exchange::default() };
    exchange.request_headers.clear();
    exchange.request_cookies.clear();
    exchange.response_headers.clear();
    std::mem::swap(&mut empty.request_headers, &mut exchange.request_headers);
    std::mem::swap(&mut empty.request_cookies, &mut exchange.request_cookies);
    std::mem::swap(&mut empty.response_headers, &mut exchange.response_headers);
    *exchange = empty;
}

/// A walk over one entry.
struct Walker<'a> {
    json: Json<'a>,
    sizes: Sizes,
    /// That of the pairs of names and values.
    layout: Layout<'a>,
    /// Whether a service worker answered.
    by_worker: bool,
}

/// Private names from which the patient reading learns something.
const TELLING: [&[u8]; 14] = [
    b"_webSocketMessages",
    b"_fetchedViaServiceWorker",
    b"_fromDiskCache",
    b"_fromServiceWorker",
    b"_fetchType",
    b"_fromCache",
    b"_error",
    b"_errorText",
    b"_failureText",
    b"_errorMessage",
    b"_blocked",
    b"_serverAddress",
    b"_clientIPAddress",
    b"_clientAddress",
];

/// Phases that pass before a server may have written its answer.
const BEFORE_THE_ANSWER: [&[u8]; 5] = [b"blocked", b"dns", b"connect", b"send", b"wait"];

/// Notes the names met in one object.
#[derive(Default)]
struct Seen(u32);

impl Seen {
    /// Refuses a name that was met before: the patient reading knows which of the two counts.
    fn once(&mut self, bit: u32) -> Walk<()> {
        let mask = 1 << bit;
        if self.0 & mask != 0 {
            return Err(Stop::Odd);
        }
        self.0 |= mask;
        Ok(())
    }

    fn all(&self, mask: u32) -> Walk<()> {
        if self.0 & mask == mask { Ok(()) } else { Err(Stop::Odd) }
    }
}

impl<'a> Walker<'a> {
    fn entry(&mut self, out: &mut Exchange<'a>, attached: &mut Attached<'a>) -> Walk<()> {
        let mut seen = Seen::default();
        let mut websocket = false;
        let mut name = self.json.open()?;
        while let Some(key) = name {
            match key {
                b"startedDateTime" => {
                    seen.once(0)?;
                    out.time = Some(standard_time(&self.json.text()?).ok_or(Stop::Odd)?);
                }
                b"request" => {
                    seen.once(1)?;
                    self.request(out, attached)?;
                }
                b"response" => {
                    seen.once(2)?;
                    self.response(out, attached)?;
                }
                b"timings" => {
                    seen.once(3)?;
                    out.until_answer_ms = self.timings()?;
                }
                b"serverIPAddress" => {
                    seen.once(4)?;
                    out.server = self.json.filled_text()?.map(without_port);
                }
                b"cache" => self.json.skip_container()?,
                b"time" => self.json.number().map(drop)?,
                b"pageref" | b"connection" | b"comment" => self.json.text().map(drop)?,
                b"_fromCache" => {
                    seen.once(5)?;
                    out.from_cache = self.json.filled_text()?.is_some();
                }
                b"_resourceType" => {
                    seen.once(6)?;
                    websocket = self.json.text()? == "websocket";
                }
                _ => self.skip_private(key)?,
            }
            name = self.json.next()?;
        }
        // Without a time or a message the patient reading decides whether it is an entry at all.
        seen.all(0b111)?;
        if !out.url.contains("://") {
            return Err(Stop::Odd);
        }
        out.websocket = websocket;
        out.from_cache |= self.by_worker;
        conclude(out, self.sizes);
        Ok(())
    }

    fn request(&mut self, out: &mut Exchange<'a>, attached: &mut Attached<'a>) -> Walk<()> {
        let mut seen = Seen::default();
        let mut name = self.json.open()?;
        while let Some(key) = name {
            match key {
                b"method" => {
                    seen.once(0)?;
                    out.method = Some(self.json.filled_text()?.ok_or(Stop::Odd)?);
                }
                b"url" => {
                    seen.once(1)?;
                    out.url = self.json.filled_text()?.ok_or(Stop::Odd)?;
                }
                b"headers" => {
                    seen.once(2)?;
                    self.pairs(|name, value| out.request_headers.push(Header { name, value }))?;
                }
                b"cookies" => {
                    seen.once(3)?;
                    self.pairs(|name, value| out.request_cookies.push((name, value)))?;
                }
                b"postData" => {
                    seen.once(4)?;
                    self.post_data(&mut out.request_body, attached)?;
                }
                b"bodySize" => {
                    seen.once(5)?;
                    self.sizes.sent = self.size()?;
                }
                b"queryString" => self.json.skip_list()?,
                b"httpVersion" | b"comment" => self.json.text().map(drop)?,
                b"headersSize" => self.json.number().map(drop)?,
                _ => self.skip_private(key)?,
            }
            name = self.json.next()?;
        }
        seen.all(0b111)
    }

    fn response(&mut self, out: &mut Exchange<'a>, attached: &mut Attached<'a>) -> Walk<()> {
        let mut seen = Seen::default();
        let mut name = self.json.open()?;
        while let Some(key) = name {
            match key {
                b"status" => {
                    seen.once(0)?;
                    let status: i64 = self.json.number()?.parse().map_err(|_| Stop::Odd)?;
                    // A missing answer (0, -1) may have a story that the patient reading knows.
                    let status = u16::try_from(status).map_err(|_| Stop::Odd)?;
                    out.status = Some(status);
                    if !(100..1000).contains(&status) {
                        return Err(Stop::Odd);
                    }
                }
                b"statusText" => {
                    seen.once(1)?;
                    out.status_text = self.json.filled_text()?;
                }
                b"headers" => {
                    seen.once(2)?;
                    self.pairs(|name, value| out.response_headers.push(Header { name, value }))?;
                }
                b"content" => {
                    seen.once(3)?;
                    self.content(&mut out.response_body, attached)?;
                }
                b"redirectURL" => {
                    seen.once(4)?;
                    out.redirect_url = self.json.filled_text()?;
                }
                b"_error" => {
                    seen.once(5)?;
                    match self.json.peek()? {
                        b'n' => self.json.skip_value()?,
                        _ => out.error = self.json.filled_text()?,
                    }
                }
                b"_fetchedViaServiceWorker" => {
                    seen.once(6)?;
                    self.by_worker = self.json.word()? == b"true";
                }
                b"cookies" => self.json.skip_list()?,
                b"httpVersion" | b"comment" => self.json.text().map(drop)?,
                b"bodySize" => {
                    seen.once(7)?;
                    self.sizes.wire = self.size()?;
                }
                b"headersSize" => self.json.number().map(drop)?,
                _ => self.skip_private(key)?,
            }
            name = self.json.next()?;
        }
        seen.all(0b1101)
    }

    fn post_data(&mut self, out: &mut Body<'a>, attached: &mut Attached<'a>) -> Walk<()> {
        let mut elsewhere = false;
        let mut seen = Seen::default();
        let mut name = self.json.open()?;
        if name.is_none() {
            return Err(Stop::Odd);
        }
        while let Some(key) = name {
            match key {
                b"mimeType" => {
                    seen.once(0)?;
                    out.mime = self.json.filled_text()?;
                }
                b"text" => {
                    seen.once(1)?;
                    out.text = Text::Escaped(self.json.string()?.0);
                }
                b"params" => {
                    seen.once(2)?;
                    self.pairs(|name, value| out.params.push((name, value)))?;
                }
                b"_file" | b"_sha1" => {
                    attached.request = Some(self.json.text()?);
                    elsewhere = true;
                }
                // `encoding` (base64) and `comment` (cut, left out) change what the text means.
                b"encoding" | b"comment" => return Err(Stop::Odd),
                _ => self.skip_private(key)?,
            }
            name = self.json.next()?;
        }
        out.withheld |= elsewhere && out.text.raw().is_empty();
        Ok(())
    }

    fn content(&mut self, out: &mut Body<'a>, attached: &mut Attached<'a>) -> Walk<()> {
        let mut elsewhere = false;
        let mut seen = Seen::default();
        let mut name = self.json.open()?;
        while let Some(key) = name {
            match key {
                b"size" => {
                    seen.once(0)?;
                    self.sizes.decoded = self.size()?;
                }
                b"mimeType" => {
                    seen.once(1)?;
                    out.mime = self.json.filled_text()?;
                }
                b"text" => {
                    seen.once(2)?;
                    out.text = Text::Escaped(self.json.string()?.0);
                }
                b"encoding" => {
                    seen.once(3)?;
                    let encoding = self.json.text()?;
                    out.base64 = encoding.eq_ignore_ascii_case("base64");
                    if !out.base64 && !encoding.is_empty() {
                        return Err(Stop::Odd);
                    }
                }
                b"compression" => self.json.number().map(drop)?,
                b"_file" | b"_sha1" => {
                    attached.response = Some(self.json.text()?);
                    elsewhere = true;
                }
                b"comment" => return Err(Stop::Odd),
                _ => self.skip_private(key)?,
            }
            name = self.json.next()?;
        }
        out.withheld |= elsewhere && out.text.raw().is_empty();
        Ok(())
    }

    /// Adds up what lies before the answer; -1 stands for "does not apply".
    fn timings(&mut self) -> Walk<Option<f64>> {
        let mut phases = [None; BEFORE_THE_ANSWER.len()];
        let mut name = self.json.open()?;
        while let Some(key) = name {
            match key {
                b"blocked" | b"dns" | b"connect" | b"send" | b"wait" => {
                    let ms: f64 = self.json.number()?.parse().map_err(|_| Stop::Odd)?;
                    for (slot, name) in phases.iter_mut().zip(BEFORE_THE_ANSWER) {
                        if key == name {
                            *slot = (ms >= 0.0).then_some(ms);
                        }
                    }
                }
                b"receive" | b"ssl" => self.json.number().map(drop)?,
                b"comment" => self.json.text().map(drop)?,
                _ => self.skip_private(key)?,
            }
            name = self.json.next()?;
        }
        // In a fixed order: a sum of floats depends on it.
        Ok(phases.into_iter().flatten().reduce(|sum, ms| sum + ms))
    }

    /// Reads a size; -1 stands for "unknown".
    fn size(&mut self) -> Walk<Option<u64>> {
        let size: i64 = self.json.number()?.parse().map_err(|_| Stop::Odd)?;
        Ok(u64::try_from(size).ok())
    }

    /// Skips the value of a name that HAR 1.2 leaves to exporters; any other name is odd.
    fn skip_private(&mut self, key: &[u8]) -> Walk<()> {
        let is_private = key.first() == Some(&b'_') && !TELLING.contains(&key);
        if is_private { self.json.skip_value() } else { Err(Stop::Odd) }
    }
}

/// Reads a time as RFC 3339 has it, with a zone; `None` for other forms.
fn standard_time(text: &str) -> Option<Time> {
    let zone = text.len().checked_sub(6).and_then(|at| text.as_bytes().get(at..))?;
    let standard = matches!(zone, [.., b'Z' | b'z'] | [b'+' | b'-', _, _, b':', _, _]);
    clock::parse_time(text).filter(|time| standard && !time.zone_assumed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::har_entry::entry_from_value;

    /// Shows an exchange with its texts unescaped.
    fn shown(exchange: &Exchange<'_>) -> String {
        let mut exchange = exchange.clone();
        for body in [&mut exchange.request_body, &mut exchange.response_body] {
            if let Text::Escaped(raw) = body.text {
                body.text = Text::Plain(Text::Escaped(raw).read().into_owned().into());
            }
        }
        format!("{exchange:#?}")
    }

    const ENTRY: &str = r#"{"pageref":"p","startedDateTime":"2026-01-01T10:00:00.000Z","time":1.5,
        "request":{"method":"POST","url":"https://a.example/t?x=1","httpVersion":"h3",
          "headers":[{"name":"Host","value":"a"},{"name":"X","value":"\"\u00e9\""}],
          "cookies":[{"name":"c","value":"v","httpOnly":true}],"queryString":[],
          "headersSize":-1,"bodySize":3,
          "postData":{"mimeType":"text/plain","text":"a=\n","params":[]}},
        "response":{"status":401,"statusText":"Unauthorized","httpVersion":"h3","cookies":[],
          "headers":[{"name":"Content-Type","value":"application/json"}],
          "content":{"size":25,"mimeType":"","text":"{\"error\":\"é\"}"},
          "redirectURL":"","headersSize":-1,"bodySize":-1,"_transferSize":3,"_error":null},
        "cache":{},"timings":{"blocked":1,"dns":-1,"connect":2,"send":0.5,"wait":3e0,"receive":9},
        "serverIPAddress":"[::1]","connection":"443","_priority":"High","_fromCache":"disk"}"#;

    fn walked(text: &str) -> Result<String, Stop> {
        let mut exchange = Exchange::default();
        let end = entry(text.as_bytes(), 0, &mut exchange, &mut Attached::default())?;
        assert_eq!(end, text.len());
        Ok(shown(&exchange))
    }

    #[test]
    fn the_fast_path_reads_what_the_patient_one_reads() {
        let value = serde_json::from_str(ENTRY).unwrap();
        let (patient, repairs) = entry_from_value(&value).unwrap();
        assert_eq!(walked(ENTRY), Ok(shown(&patient)));
        assert_eq!(repairs, []);
    }

    #[test]
    fn what_har_does_not_promise_goes_to_the_patient_reading() {
        for (from, to) in [
            ("\"status\":401", "\"status\":\"401\""),
            ("\"status\":401", "\"status\":0"),
            ("\"bodySize\":3", "\"bodySize\":null"),
            ("\"time\":1.5", "\"time\":NaN"),
            ("\"pageref\":\"p\"", "\"Request\":{}"),
            ("\"cache\":{}", "\"timings\":{}"),
            ("2026-01-01T10:00:00.000Z", "2026-01-01T10:00:00"),
            ("\"value\":\"a\"", "\"value\":7"),
            ("https://a.example/t?x=1", "/t?x=1"),
            ("_priority", "_blocked"),
        ] {
            assert!(ENTRY.contains(from), "{from}");
            assert_eq!(walked(&ENTRY.replacen(from, to, 1)), Err(Stop::Odd), "{to}");
        }
    }

    #[test]
    fn an_entry_cut_off_anywhere_asks_for_more() {
        for end in 0..ENTRY.len() {
            let mut exchange = Exchange::default();
            let cut = &ENTRY.as_bytes()[..end];
            let walked = entry(cut, 0, &mut exchange, &mut Attached::default());
            assert_eq!(walked, Err(Stop::More), "{end}");
        }
    }
}
