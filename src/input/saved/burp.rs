//! Burp's "Save items": `<items burpVersion="..."><item>...</item>...</items>`.
//!
//! The few elements that matter are looked for by name; entities beyond those of XML itself, external
//! ones above all, are never resolved.

use std::io::{self, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use serde_json::Value;

use super::Session;

/// An item longer than this is given up, and what follows with it.
const LONGEST_ITEM: usize = 64 << 20;
const STEP: usize = 128 << 10;

const CDATA: &[u8] = b"<![CDATA[";
const CDATA_END: &[u8] = b"]]>";

/// Returns whether a file begins as one of Burp's.
pub(in crate::input) fn is_burp(head: &[u8]) -> bool {
    head.trim_ascii_start().starts_with(b"<")
        && memmem::find(head, b"<items burpVersion=").is_some()
}

/// Reads the items of a file.
pub(in crate::input) struct Burp<R> {
    source: R,
    bytes: Vec<u8>,
    ended: bool,
}

impl<R: Read> Burp<R> {
    /// Returns a reader of the items in `source`.
    pub(in crate::input) fn new(source: R) -> Self {
        Self { source, bytes: Vec::new(), ended: false }
    }

    /// Reads at least as much again as there is.
    fn more(&mut self) -> io::Result<()> {
        let wanted = self.bytes.len().max(STEP) as u64;
        let count = (&mut self.source).take(wanted).read_to_end(&mut self.bytes)?;
        self.ended = (count as u64) < wanted;
        Ok(())
    }
}

impl<R: Read> Iterator for Burp<R> {
    type Item = io::Result<Value>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(start) = memmem::find(&self.bytes, b"<item>") {
                if let Some(end) = item_end(&self.bytes, start) {
                    let entry = self.bytes.get(start..end).map(entry);
                    self.bytes.drain(..end);
                    return entry.map(Ok);
                }
                self.bytes.drain(..start);
            } else {
                let done = self.bytes.len().saturating_sub(b"<item>".len());
                self.bytes.drain(..done);
            }
            if self.ended || self.bytes.len() > LONGEST_ITEM {
                let is_cut = self.bytes.starts_with(b"<item>");
                self.bytes.clear();
                self.ended = true;
                return is_cut.then(|| Err(io::ErrorKind::UnexpectedEof.into()));
            }
            if let Err(error) = self.more() {
                self.ended = true;
                return Some(Err(error));
            }
        }
    }
}

/// Returns where an item ends; what stands in a CDATA section is no element.
fn item_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let rest = bytes.get(at..)?;
        let end = memmem::find(rest, b"</item>");
        match (memmem::find(rest, CDATA), end) {
            (Some(text), end) if end.is_none_or(|end| text < end) => {
                let inside = rest.get(text..)?;
                at += text + memmem::find(inside, CDATA_END)? + CDATA_END.len();
            }
            (_, end) => return Some(at + end? + b"</item>".len()),
        }
    }
}

fn entry(item: &[u8]) -> Value {
    let text = |name: &str| String::from_utf8_lossy(&element(item, name)).trim().to_owned();
    Session {
        time: text("time"),
        waited: None,
        url: text("url"),
        request: element(item, "request"),
        response: element(item, "response"),
    }
    .entry()
}

/// Returns what an element holds, base64 undone; empty when there is none.
fn element(item: &[u8], name: &str) -> Vec<u8> {
    found(item, name).unwrap_or_default()
}

fn found(item: &[u8], name: &str) -> Option<Vec<u8>> {
    let open = format!("<{name}");
    let close = format!("</{name}>");
    let mut at = 0;
    loop {
        let rest = item.get(at..)?;
        let start = memmem::find(rest, open.as_bytes())?;
        if let Some(text) = memmem::find(rest, CDATA).filter(|text| *text < start) {
            let inside = rest.get(text..)?;
            at += text + memmem::find(inside, CDATA_END)? + CDATA_END.len();
            continue;
        }
        let after = rest.get(start + open.len()..)?;
        if !matches!(after.first(), Some(b'>' | b' ')) {
            at += start + open.len();
            continue;
        }
        let inside = memchr::memchr(b'>', after)?;
        let attributes = after.get(..inside)?;
        let content = content(after.get(inside + 1..)?, close.as_bytes())?;
        let packed = memmem::find(attributes, b"base64=\"true\"").is_some();
        return Some(if packed {
            let bare: Vec<u8> = content.into_iter().filter(|b| !b.is_ascii_whitespace()).collect();
            STANDARD.decode(bare).ok()?
        } else {
            content
        });
    }
}

/// Returns the text before `close`: sections as they are, the rest with the entities of XML resolved.
fn content(bytes: &[u8], close: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut at) = (Vec::new(), 0);
    loop {
        let rest = bytes.get(at..)?;
        let end = memmem::find(rest, close);
        match (memmem::find(rest, CDATA), end) {
            (Some(text), end) if end.is_none_or(|end| text < end) => {
                out.extend(resolved(rest.get(..text)?));
                let inside = rest.get(text + CDATA.len()..)?;
                let length = memmem::find(inside, CDATA_END)?;
                out.extend_from_slice(inside.get(..length)?);
                at += text + CDATA.len() + length + CDATA_END.len();
            }
            (_, end) => {
                out.extend(resolved(rest.get(..end?)?));
                return Some(out);
            }
        }
    }
}

fn resolved(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    if !text.contains('&') {
        return text.into_owned().into_bytes();
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&apos;", "'").replace("&amp;", "&").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Vec<io::Result<Value>> {
        Burp::new(text.as_bytes()).collect()
    }

    const HEAD: &str = "<?xml version=\"1.0\"?>\n<!DOCTYPE items [\n<!ELEMENT items (item*)>\n\
        <!ENTITY x SYSTEM \"file:///etc/hostname\">\n]>\n<items burpVersion=\"2026.1\" exportTime=\"x\">\n";

    fn item(request: &str, response: &str) -> String {
        format!(
            "  <item>\n    <time>Tue Jan 13 17:56:32 GMT 2026</time>\n    \
             <url><![CDATA[https://api.example/a?b=1]]></url>\n    <host ip=\"192.0.2.1\">api.example</host>\n    \
             {request}\n    <status>401</status>\n    {response}\n  </item>\n"
        )
    }

    #[test]
    fn items_are_read_packed_or_not() {
        let request = STANDARD
            .encode("GET /a?b=1 HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer x\r\n\r\n");
        let packed = item(
            &format!("<request base64=\"true\"><![CDATA[{request}]]></request>"),
            &format!(
                "<response base64=\"true\"><![CDATA[{}]]></response>",
                STANDARD.encode("HTTP/2 401 \r\nA: b\r\n\r\n{}")
            ),
        );
        let plain = item(
            "<request base64=\"false\"><![CDATA[GET /a HTTP/1.1\nX: </item><request>\n\n]]></request>",
            "<response>HTTP/1.1 401 No\nA: &lt;b&gt; &amp;lt; &x;\n\n</response>",
        );
        let text = format!("{HEAD}{packed}{plain}</items>\n");
        assert!(is_burp(text.as_bytes()));
        let all: Vec<Value> = items(&text).into_iter().map(Result::unwrap).collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0]["startedDateTime"], "Tue Jan 13 17:56:32 GMT 2026");
        assert_eq!(all[0]["request"]["url"], "https://api.example/a?b=1");
        assert_eq!(all[0]["request"]["headers"][1]["value"], "Bearer x");
        assert_eq!(all[0]["response"]["status"], 401);
        assert_eq!(all[0]["response"]["content"]["text"], "{}");
        assert_eq!(all[1]["request"]["headers"][0]["value"], "</item><request>");
        assert_eq!(all[1]["response"]["headers"][0]["value"], "<b> &lt; &x;");
    }

    #[test]
    fn an_item_that_is_cut_off_is_an_end_that_comes_early() {
        let text = format!("{HEAD}{}<item><request>GET", item("<request/>", ""));
        let all = items(&text);
        assert_eq!(all.len(), 2);
        assert!(all[0].is_ok() && all[1].is_err());
    }

    #[test]
    fn other_xml_is_none_of_burps() {
        assert!(!is_burp(b"<?xml version=\"1.0\"?><items><item/></items>"));
        assert!(!is_burp(b"the text <items burpVersion=\"1\">"));
    }
}
