//! Reads one well-formed HAR entry without building a tree: the fast path.
//!
//! The walker visits the members in any order, keeps slices of the window and jumps over what nobody
//! asks for. It does not repair and does not judge: on anything that HAR 1.2 does not promise (another
//! type, `null`, an unknown or repeated name, a missing message) it gives up with [`Stop::Odd`], and
//! the entry goes alone to the patient reading. What it does read it reads to the same exchange.

use std::borrow::Cow;

use super::clock;
use super::scan::{container_end, skip_blanks, string_end};
use crate::model::{Body, Exchange, Header, Text, Visibility};

/// Names of files beside the capture that hold its bodies (Playwright's `attach` mode).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Attached<'a> {
    /// The request's body.
    pub(crate) request: Option<Cow<'a, str>>,
    /// The response's body.
    pub(crate) response: Option<Cow<'a, str>>,
}

/// Why a walk ended early.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stop {
    /// The window ends inside the entry.
    More,
    /// Something that only the patient reading understands.
    Odd,
}

type Walk<T> = Result<T, Stop>;

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
    let mut walker = Walker { bytes, at: from };
    walker.entry(exchange, attached)?;
    Ok(walker.at)
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

struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
}

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
        let mut name = self.open()?;
        while let Some(key) = name {
            match key {
                b"startedDateTime" => {
                    seen.once(0)?;
                    out.time = Some(clock::parse_time(&self.text()?).ok_or(Stop::Odd)?);
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
                    let address = self.text()?;
                    out.server = (!address.is_empty()).then_some(address);
                }
                b"cache" => self.skip_container()?,
                b"time" => self.number().map(drop)?,
                b"pageref" | b"connection" | b"comment" => self.text().map(drop)?,
                b"_fromCache" | b"_webSocketMessages" | b"_fetchedViaServiceWorker"
                | b"_error" => return Err(Stop::Odd),
                _ => self.skip_private(key)?,
            }
            name = self.next()?;
        }
        // Without a time or a message the patient reading decides whether it is an entry at all.
        seen.all(0b111)?;
        complete(out);
        Ok(())
    }

    fn request(&mut self, out: &mut Exchange<'a>, attached: &mut Attached<'a>) -> Walk<()> {
        let mut seen = Seen::default();
        let mut name = self.open()?;
        while let Some(key) = name {
            match key {
                b"method" => {
                    seen.once(0)?;
                    out.method = Some(self.text()?);
                }
                b"url" => {
                    seen.once(1)?;
                    out.url = self.text()?;
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
                    out.request_body.size = self.size()?;
                }
                b"queryString" => self.skip_list()?,
                b"httpVersion" | b"comment" => self.text().map(drop)?,
                b"headersSize" => self.number().map(drop)?,
                _ => self.skip_private(key)?,
            }
            name = self.next()?;
        }
        seen.all(0b111)
    }

    fn response(&mut self, out: &mut Exchange<'a>, attached: &mut Attached<'a>) -> Walk<()> {
        let mut seen = Seen::default();
        let mut name = self.open()?;
        while let Some(key) = name {
            match key {
                b"status" => {
                    seen.once(0)?;
                    let status: i64 = self.number()?.parse().map_err(|_| Stop::Odd)?;
                    // A missing answer (0, -1) may have a story that the patient reading knows.
                    let status = u16::try_from(status).map_err(|_| Stop::Odd)?;
                    out.status = Some(status);
                    if !(100..1000).contains(&status) {
                        return Err(Stop::Odd);
                    }
                }
                b"statusText" => {
                    seen.once(1)?;
                    let text = self.text()?;
                    out.status_text = (!text.is_empty()).then_some(text);
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
                    let target = self.text()?;
                    out.redirect_url = (!target.is_empty()).then_some(target);
                }
                b"_error" => {
                    seen.once(5)?;
                    match self.peek()? {
                        b'n' => self.skip_value()?,
                        _ => {
                            let error = self.text()?;
                            out.error = (!error.is_empty()).then_some(error);
                        }
                    }
                }
                b"_fetchedViaServiceWorker" => {
                    seen.once(6)?;
                    match self.word()? {
                        b"false" => {}
                        _ => return Err(Stop::Odd),
                    }
                }
                b"cookies" => self.skip_list()?,
                b"httpVersion" | b"comment" => self.text().map(drop)?,
                b"headersSize" | b"bodySize" => self.number().map(drop)?,
                _ => self.skip_private(key)?,
            }
            name = self.next()?;
        }
        seen.all(0b101)
    }

    fn post_data(&mut self, out: &mut Body<'a>, attached: &mut Attached<'a>) -> Walk<()> {
        let mut seen = Seen::default();
        let mut name = self.open()?;
        if name.is_none() {
            return Err(Stop::Odd);
        }
        while let Some(key) = name {
            match key {
                b"mimeType" => {
                    seen.once(0)?;
                    out.mime = Some(self.text()?);
                }
                b"text" => {
                    seen.once(1)?;
                    out.text = Text::Escaped(self.string()?.0);
                }
                b"params" => {
                    seen.once(2)?;
                    self.pairs(|name, value| out.params.push((name, value)))?;
                }
                b"_file" | b"_sha1" => attached.request = Some(self.text()?),
                // `encoding` (base64) and `comment` (cut, left out) change what the text means.
                b"encoding" | b"comment" => return Err(Stop::Odd),
                _ => self.skip_private(key)?,
            }
            name = self.next()?;
        }
        Ok(())
    }

    fn content(&mut self, out: &mut Body<'a>, attached: &mut Attached<'a>) -> Walk<()> {
        let mut seen = Seen::default();
        let mut name = self.open()?;
        while let Some(key) = name {
            match key {
                b"size" => {
                    seen.once(0)?;
                    out.size = self.size()?;
                }
                b"mimeType" => {
                    seen.once(1)?;
                    out.mime = Some(self.text()?);
                }
                b"text" => {
                    seen.once(2)?;
                    out.text = Text::Escaped(self.string()?.0);
                }
                b"encoding" => {
                    seen.once(3)?;
                    let encoding = self.text()?;
                    out.base64 = encoding.eq_ignore_ascii_case("base64");
                    if !out.base64 && !encoding.is_empty() {
                        return Err(Stop::Odd);
                    }
                }
                b"compression" => self.number().map(drop)?,
                b"_file" | b"_sha1" => attached.response = Some(self.text()?),
                b"comment" => return Err(Stop::Odd),
                _ => self.skip_private(key)?,
            }
            name = self.next()?;
        }
        Ok(())
    }

    /// Reads a list of objects with `name` and `value`.
    #[inline]
    fn pairs(&mut self, mut each: impl FnMut(Cow<'a, str>, Cow<'a, str>)) -> Walk<()> {
        let mut more = self.open_list()?;
        while more {
            let (mut pair_name, mut pair_value) = (None, None);
            let mut name = self.open()?;
            while let Some(key) = name {
                match key {
                    b"name" if pair_name.is_none() => pair_name = Some(self.text()?),
                    b"value" if pair_value.is_none() => pair_value = Some(self.text()?),
                    b"name" | b"value" => return Err(Stop::Odd),
                    b"path" | b"domain" | b"expires" | b"httpOnly" | b"secure" | b"sameSite"
                    | b"comment" => self.skip_value()?,
                    _ => self.skip_private(key)?,
                }
                name = self.next()?;
            }
            let (Some(name), Some(value)) = (pair_name, pair_value) else {
                return Err(Stop::Odd);
            };
            each(name, value);
            more = self.next_item()?;
        }
        Ok(())
    }

    /// Adds up what lies before the answer; -1 stands for "does not apply".
    fn timings(&mut self) -> Walk<Option<f64>> {
        let mut phases = Phases::default();
        let mut name = self.open()?;
        while let Some(key) = name {
            match key {
                b"blocked" | b"dns" | b"connect" | b"send" | b"wait" => {
                    let ms: f64 = self.number()?.parse().map_err(|_| Stop::Odd)?;
                    phases.add(ms);
                }
                b"receive" | b"ssl" => self.number().map(drop)?,
                b"comment" => self.text().map(drop)?,
                _ => self.skip_private(key)?,
            }
            name = self.next()?;
        }
        Ok(phases.sum)
    }

    /// Reads a size; -1 stands for "unknown".
    fn size(&mut self) -> Walk<Option<u64>> {
        let size: i64 = self.number()?.parse().map_err(|_| Stop::Odd)?;
        Ok(u64::try_from(size).ok())
    }

    /// Skips the value of a name that HAR 1.2 leaves to exporters; any other name is odd.
    fn skip_private(&mut self, key: &[u8]) -> Walk<()> {
        if key.first() == Some(&b'_') { self.skip_value() } else { Err(Stop::Odd) }
    }

    fn skip_list(&mut self) -> Walk<()> {
        if self.peek()? == b'[' { self.skip_container() } else { Err(Stop::Odd) }
    }

    fn skip_container(&mut self) -> Walk<()> {
        match self.peek()? {
            b'{' | b'[' => {
                self.at = container_end(self.bytes, self.at).ok_or(Stop::More)?;
                Ok(())
            }
            _ => Err(Stop::Odd),
        }
    }

    fn skip_value(&mut self) -> Walk<()> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'{' | b'[' => self.skip_container(),
            _ => self.word().map(drop),
        }
    }

    /// Reads a string as text; invalid UTF-8 and broken escapes become U+FFFD.
    #[inline]
    fn text(&mut self) -> Walk<Cow<'a, str>> {
        let (raw, escaped) = self.string()?;
        Ok(if escaped { unescaped(raw) } else { String::from_utf8_lossy(raw) })
    }

    /// Reads a string; returns its inside and whether that holds a backslash.
    #[inline]
    fn string(&mut self) -> Walk<(&'a [u8], bool)> {
        if self.peek()? != b'"' {
            return Err(Stop::Odd);
        }
        let from = self.at + 1;
        let (end, escaped) = string_end(self.bytes, from).ok_or(Stop::More)?;
        self.at = end + 1;
        Ok((self.bytes.get(from..end).unwrap_or_default(), escaped))
    }

    /// Reads a number as it stands.
    fn number(&mut self) -> Walk<&'a str> {
        let word = self.word()?;
        match word.first() {
            Some(b'-' | b'0'..=b'9') => std::str::from_utf8(word).map_err(|_| Stop::Odd),
            _ => Err(Stop::Odd),
        }
    }

    /// Reads a number, `true`, `false` or `null` as it stands.
    fn word(&mut self) -> Walk<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|b| !matches!(b, b'0'..=b'9' | b'a'..=b'z' | b'.' | b'-' | b'+' | b'E'))
            .ok_or(Stop::More)?;
        let word = rest.get(..length).unwrap_or_default();
        let known = matches!(word.first(), Some(b'-' | b'0'..=b'9'))
            || matches!(word, b"true" | b"false" | b"null");
        if !known {
            return Err(Stop::Odd);
        }
        self.at += length;
        Ok(word)
    }

    /// Enters an object and returns its first name, or `None` when it is empty.
    #[inline]
    fn open(&mut self) -> Walk<Option<&'a [u8]>> {
        self.expect(b'{')?;
        self.blanks();
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(None);
        }
        self.key().map(Some)
    }

    /// Returns the next name of an object, or `None` at its end.
    #[inline]
    fn next(&mut self) -> Walk<Option<&'a [u8]>> {
        self.blanks();
        match self.peek()? {
            b',' => {
                self.at += 1;
                self.blanks();
                self.key().map(Some)
            }
            b'}' => {
                self.at += 1;
                Ok(None)
            }
            _ => Err(Stop::Odd),
        }
    }

    /// Reads a name and the colon; leaves the walker at the value.
    #[inline]
    fn key(&mut self) -> Walk<&'a [u8]> {
        let (key, escaped) = self.string()?;
        if escaped {
            return Err(Stop::Odd);
        }
        self.blanks();
        self.expect(b':')?;
        self.blanks();
        Ok(key)
    }

    /// Enters a list; returns whether it has an item.
    #[inline]
    fn open_list(&mut self) -> Walk<bool> {
        self.expect(b'[')?;
        self.blanks();
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(false);
        }
        Ok(true)
    }

    /// Goes to the next item of a list; returns whether there is one.
    #[inline]
    fn next_item(&mut self) -> Walk<bool> {
        self.blanks();
        match self.peek()? {
            b',' => {
                self.at += 1;
                self.blanks();
                Ok(true)
            }
            b']' => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(Stop::Odd),
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Walk<()> {
        if self.peek()? != byte {
            return Err(Stop::Odd);
        }
        self.at += 1;
        Ok(())
    }

    #[inline]
    fn peek(&self) -> Walk<u8> {
        self.bytes.get(self.at).copied().ok_or(Stop::More)
    }

    #[inline]
    fn blanks(&mut self) {
        self.at = skip_blanks(self.bytes, self.at);
    }
}

/// Fills in what follows from what was read.
fn complete(out: &mut Exchange<'_>) {
    out.request_visibility = Visibility::Full;
    out.response_visibility = Visibility::Full;
    out.websocket = out.url.starts_with("ws:") || out.url.starts_with("wss:");
}

/// Adds up the phases before the answer.
#[derive(Default)]
struct Phases {
    sum: Option<f64>,
}

impl Phases {
    fn add(&mut self, ms: f64) {
        if ms >= 0.0 {
            self.sum = Some(self.sum.unwrap_or(0.0) + ms);
        }
    }
}

/// Unescapes the inside of a string that holds a backslash.
fn unescaped<'a>(raw: &[u8]) -> Cow<'a, str> {
    Cow::Owned(Text::Escaped(raw).read().into_owned())
}
