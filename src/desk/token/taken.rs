//! How a pasted text may be meant: a URL, header lines, the value of `Authorization`, a bare token.

use std::borrow::Cow;

use super::time_of;
use crate::model::{At, Exchange, Header, Kind, Observer, Record, Scheme, State, Visibility};

/// One way to read the text, made an exchange.
#[derive(Debug)]
pub(super) struct Taken<'t> {
    form: Meant,
    url: &'t str,
    headers: Vec<Header<'t>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Meant {
    Url,
    Lines(usize),
    Value,
    Bare,
}

/// Returns the ways to read a text, the likeliest first.
pub(super) fn readings(text: &str) -> Vec<Taken<'_>> {
    // The line end is the terminal's, what stands before it is the sender's.
    let text = text.strip_suffix('\n').map_or(text, |t| t.strip_suffix('\r').unwrap_or(t));
    let authorization = |form, value: Cow<'_, str>| Taken {
        form,
        url: "/",
        headers: vec![Header { name: "Authorization".into(), value: value.into_owned().into() }],
    };
    let mut readings = Vec::new();
    let trimmed = text.trim();
    if trimmed.starts_with("https://") || trimmed.starts_with("http://") {
        readings.push(Taken { form: Meant::Url, url: trimmed, headers: Vec::new() });
    }
    let headers: Vec<Header<'_>> = text.lines().filter_map(header).collect();
    if !headers.is_empty() {
        readings.push(Taken { form: Meant::Lines(headers.len()), url: "/", headers });
    }
    // A blank within says that a scheme stands before.
    if trimmed.contains(char::is_whitespace) {
        readings.push(authorization(Meant::Value, text.into()));
    }
    if !trimmed.is_empty() {
        readings.push(authorization(Meant::Bare, format!("Bearer {text}").into()));
    }
    readings
}

/// Reads `Name: value` out of a line as it stands in a request, in curl's words, or in JSON.
fn header(line: &str) -> Option<Header<'_>> {
    let line = line.strip_prefix("> ").unwrap_or(line);
    let line = line.trim_end_matches(['\\', ',']).trim_end_matches('\r');
    let bare = line.trim_start();
    let option = ["-H", "--header"].iter().find_map(|option| bare.strip_prefix(option));
    let line = option.map_or(line, |rest| unquoted(rest.trim().trim_start_matches('=')));
    let quoted = line.trim();
    if let Some((name, value)) = json_member(quoted) {
        return Some(Header { name: name.into(), value: value.into() });
    }
    let line = if unquoted(quoted).len() < quoted.len() { unquoted(quoted) } else { line };
    let (name, value) = line.split_once(':')?;
    // What a name may hold (RFC 9110, section 5.6.2), and a blank before the colon, which is a defect.
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~ ".contains(&b);
    let fits = (1..=64).contains(&name.trim().len())
        && name.bytes().all(letter)
        && name.trim_end().len() + 1 >= name.len();
    let value = value.strip_prefix(' ').unwrap_or(value);
    fits.then(|| Header { name: name.into(), value: value.into() })
}

/// Takes off quotes that stand around the whole.
fn unquoted(text: &str) -> &str {
    let inside = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inside('\'').or_else(|| inside('"')).filter(|inner| inner.contains(':')).unwrap_or(text)
}

/// Reads `"name": "value"` without escapes in it.
fn json_member(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.strip_prefix('"')?.split_once('"')?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start();
    let value = value.strip_prefix('"')?.strip_suffix('"')?;
    (!value.contains(['"', '\\']) && !name.is_empty()).then_some((name, value))
}

impl Taken<'_> {
    /// Makes a request of it that was refused with a bare 401.
    pub(super) fn exchange(&self, at: At) -> Exchange<'_> {
        Exchange {
            time: Some(time_of(at)),
            observer: Observer::Client,
            method: Some("GET".into()),
            url: self.url.into(),
            request_headers: self.headers.clone(),
            request_visibility: Visibility::Full,
            status: Some(401),
            response_visibility: Visibility::Partial,
            ..Exchange::default()
        }
    }

    /// Returns whether what was found under this reading is more than any word.
    pub(super) fn is_credible(&self, record: &Record) -> bool {
        let Some(first) = record.facts.credentials.first() else { return false };
        let told = first.fingerprint.is_some() || first.state != State::Present;
        let named = !matches!(first.kind, Kind::Opaque | Kind::Unknown);
        match self.form {
            Meant::Url | Meant::Lines(_) => true,
            Meant::Value => named || told && !matches!(first.scheme, None | Some(Scheme::Other(_))),
            Meant::Bare => {
                let known = record
                    .tokens
                    .first()
                    .is_some_and(|t| t.vendor.is_some() || super::is_structured(t));
                known || first.fingerprint.is_some() && first.oddities.is_empty()
            }
        }
    }

    /// Returns how the text was read.
    pub(super) fn words(&self) -> String {
        match self.form {
            Meant::Url => "a URL".to_owned(),
            Meant::Lines(1) => "a header line".to_owned(),
            Meant::Lines(n) => format!("{n} header lines"),
            Meant::Value => "the value of Authorization".to_owned(),
            Meant::Bare => "a bare token, as if it were sent as Authorization: Bearer".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_line_is_read_however_it_was_copied() {
        for line in [
            "X-Key: a:b",
            "> X-Key: a:b",
            "-H 'X-Key: a:b' \\",
            "--header \"X-Key: a:b\"",
            "  \"X-Key\": \"a:b\",",
            "'X-Key: a:b'",
        ] {
            let read = header(line).unwrap();
            assert_eq!((read.name.trim(), &*read.value), ("X-Key", "a:b"), "{line}");
        }
        assert_eq!(header("Authorization : x").unwrap().name, "Authorization ");
        assert_eq!(header("Authorization: \"x\"").unwrap().value, "\"x\"");
        assert!(header("Bearer abc").is_none());
        assert!(header("Digest uri=\"https://a\"").is_none());
    }
}
