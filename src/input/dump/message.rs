//! The head of a message, line by line: fields as written, with the line breaks that do not belong there.

use super::line::{request_line, status_line};
use crate::model::Header;

/// Lines of at least this many characters may have been broken by whoever pasted them: no terminal and
/// no mail program is narrower.
const NARROWEST_PASTE: usize = 60;
/// Fields of one message that are kept.
const MOST_FIELDS: usize = 1000;

/// What a message starts with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Start {
    /// Method and target.
    Request(String, String),
    /// Status and reason.
    Response(u16, String),
}

impl Start {
    /// Reads a start line.
    pub(super) fn of(text: &str) -> Option<Self> {
        if let Some((method, target)) = request_line(text) {
            return Some(Self::Request(method.to_owned(), target.to_owned()));
        }
        let (status, reason) = status_line(text)?;
        Some(Self::Response(status, reason.to_owned()))
    }
}

/// A head in the making.
#[derive(Clone, Debug, Default)]
pub(in crate::input) struct Head {
    /// The fields so far.
    pub(in crate::input) fields: Vec<Header<'static>>,
    /// Whether its empty line was met: a field that is not listed was not there.
    pub(in crate::input) complete: bool,
    /// Characters of the last line.
    width: usize,
}

impl Head {
    /// Takes the next line, without its line break. `exact` says that each line is as it was sent, and
    /// none was broken by pasting.
    pub(in crate::input) fn line(&mut self, text: &str, exact: bool) {
        let width = std::mem::replace(&mut self.width, text.chars().count());
        if text.is_empty() {
            self.complete = true;
            return;
        }
        // The field of HTTP/2 that has the target: `:path: /orders`.
        let colon = text.get(1..).and_then(|rest| rest.find(':')).map(|at| at + 1);
        let named = colon.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)));
        let named = named.filter(|(name, _)| is_name(name));
        match (named, self.fields.last_mut()) {
            // Obsolete line folding (RFC 9112, section 5.2).
            (_, Some(last)) if text.starts_with([' ', '\t']) => {
                append(last, "\r\n", text.trim_end());
            }
            (Some((name, value)), _) => {
                if self.fields.len() < MOST_FIELDS {
                    let name = name.trim_start().to_owned().into();
                    let value = value.trim_matches([' ', '\t']).to_owned().into();
                    self.fields.push(Header { name, value });
                }
            }
            (None, Some(last)) => {
                let pasted = !exact && width >= NARROWEST_PASTE && !text.contains(' ');
                append(last, if pasted { "" } else { "\n" }, text.trim_end());
            }
            (None, None) => {}
        }
    }

    /// Returns the first field of this name, compared without case.
    pub(in crate::input) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|h| h.name.eq_ignore_ascii_case(name)).map(|h| &*h.value)
    }

    /// Returns the length of the body as the message says it.
    pub(in crate::input) fn length(&self) -> Option<usize> {
        self.get("content-length")?.trim().parse().ok()
    }
}

fn append(field: &mut Header<'static>, glue: &str, text: &str) {
    let value = field.value.to_mut();
    value.push_str(glue);
    value.push_str(text);
}

/// A name is a token (RFC 9110, section 5.6.2); blanks around it are somebody's mistake, and shown.
fn is_name(name: &str) -> bool {
    let inner = name.strip_prefix(':').unwrap_or(name).trim();
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !inner.is_empty() && inner.len() <= 256 && inner.bytes().all(token)
}

/// Takes the chunks of a body apart (RFC 9112, section 7.1); `None` when they are none.
pub(in crate::input) fn dechunked(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    loop {
        let end = rest.iter().position(|b| *b == b'\n')?;
        let size = std::str::from_utf8(rest.get(..end)?).ok()?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(out);
        }
        rest = rest.get(end + 1..)?;
        out.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?;
        rest = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n"))?;
        if rest.is_empty() {
            return Some(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(lines: &[&str], exact: bool) -> Vec<(String, String)> {
        let mut head = Head::default();
        for line in lines {
            head.line(line, exact);
        }
        head.fields.iter().map(|h| (h.name.to_string(), h.value.to_string())).collect()
    }

    #[test]
    fn blanks_and_line_breaks_inside_a_field_are_kept() {
        let fields = head(
            &["Authorization : Bearer  a", "X-A: b", "\tc", "X-D:  e  ", "f", ":path: /g"],
            true,
        );
        let expected = [
            ("Authorization ", "Bearer  a"),
            ("X-A", "b\r\n\tc"),
            ("X-D", "e\nf"),
            (":path", "/g"),
        ];
        assert_eq!(fields, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn a_long_line_that_pasting_broke_is_joined_but_a_short_one_was_broken_before() {
        let long = format!("Authorization: Bearer {}", "a".repeat(58));
        assert_eq!(head(&[&long, "bbb"], false)[0].1, format!("Bearer {}bbb", "a".repeat(58)));
        assert!(head(&[&long, "bbb"], true)[0].1.contains('\n'));
        assert!(head(&["Authorization: Bearer aaa", "bbb"], false)[0].1.contains('\n'));
    }

    #[test]
    fn chunks_are_joined_and_what_is_not_chunked_is_left() {
        assert_eq!(dechunked(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n").unwrap(), b"abcde");
        assert_eq!(dechunked(b"{\"error\":1}\n"), None);
        assert_eq!(dechunked(b"ff\r\nabc"), None);
    }
}
