//! One exchange as a row of CSV: the line of `-f jsonl`, flattened (RFC 4180).
//!
//! - An object has a column for each field (`server.says`); a list is one cell of JSON, so nothing is
//!   lost. The judged credential, the first of its list, has columns of its own besides.
//! - Null is the empty cell. The columns and their order are the same in every file.
//! - What a terminal could act on is shown, not sent: a line end in a value is `\n`, so a row is a line.
//! - A text that a spreadsheet could take for a formula gets an apostrophe in front, and so does one that
//!   begins with an apostrophe: who takes one leading apostrophe off every cell has the value again.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::text::escape;
use super::{LineFormat, json};
use crate::model::{CauseId, Confidence, CredentialLine, Line};

/// CSV: the names of the columns, then an exchange a row.
pub const ROWS: LineFormat = LineFormat { head, line };

/// A column: its name, and what stands in it.
type Column = (&'static str, fn(&Line) -> Cell<'_>);

/// The columns, in the order of the fields of a line.
const COLUMNS: &[Column] = &[
    ("schema", |l| text(&l.schema)),
    ("id", |l| text(&l.id)),
    ("source", |l| text(&l.source)),
    ("member", |l| maybe(l.member.as_deref())),
    ("entry", |l| number(l.entry)),
    ("line", |l| number(l.line)),
    ("byte", |l| number(l.byte)),
    ("time", |l| maybe(l.time.as_deref())),
    ("judged_at", |l| maybe(l.judged_at.as_deref())),
    ("skew_s", |l| {
        l.skew_s.map_or(Cell::Null, |s| Cell::Number(crate::model::round(s).to_string()))
    }),
    ("observer", |l| text(l.observer.as_str())),
    ("method", |l| maybe(l.method.as_deref())),
    ("url", |l| maybe(l.url.as_deref())),
    ("host", |l| maybe(l.host.as_deref())),
    ("endpoint", |l| text(&l.endpoint)),
    ("client.id", |l| text(&l.client.id)),
    ("client.ip", |l| maybe(l.client.ip.as_deref())),
    ("client.user_agent", |l| maybe(l.client.user_agent.as_deref())),
    ("user", |l| maybe(l.user.as_deref())),
    ("request_id", |l| maybe(l.request_id.as_deref())),
    ("trace_id", |l| maybe(l.trace_id.as_deref())),
    ("status", |l| number(l.status)),
    ("grpc_status", |l| number(l.grpc_status)),
    ("class", |l| text(l.class.as_str())),
    ("cause", |l| maybe(l.cause.as_ref().map(CauseId::as_str))),
    ("confidence", |l| maybe(l.confidence.map(Confidence::as_str))),
    ("also", |l| list(&l.also)),
    ("credential.kind", |l| judged(l, |c| Some(&c.kind))),
    ("credential.scheme", |l| judged(l, |c| c.scheme.as_deref())),
    ("credential.where", |l| judged(l, |c| Some(&c.place))),
    ("credential.state", |l| judged(l, |c| Some(&c.state))),
    ("credential.fingerprint", |l| judged(l, |c| c.fingerprint.as_deref())),
    ("credential.alg", |l| judged(l, |c| c.alg.as_deref())),
    ("credential.kid", |l| judged(l, |c| c.kid.as_deref())),
    ("credential.iss", |l| judged(l, |c| c.iss.as_deref())),
    ("credential.aud", |l| {
        let aud = l.credentials.first().and_then(|c| c.aud.as_deref());
        aud.map_or(Cell::Null, list)
    }),
    ("credential.iat", |l| judged(l, |c| c.iat.as_deref())),
    ("credential.nbf", |l| judged(l, |c| c.nbf.as_deref())),
    ("credential.exp", |l| judged(l, |c| c.exp.as_deref())),
    ("credentials", |l| list(&l.credentials)),
    ("server.says", |l| maybe(l.server.says.as_ref().map(CauseId::as_str))),
    ("server.text", |l| maybe(l.server.text.as_deref())),
    ("server.where", |l| maybe(l.server.place.as_deref())),
    ("server.dialect", |l| maybe(l.server.dialect.as_deref())),
    ("server.agrees", |l| text(&l.server.agrees)),
    ("views", |l| list(&l.views)),
    ("evidence", |l| list(&l.evidence)),
];

/// What stands in one cell.
enum Cell<'a> {
    Null,
    /// Digits, a point, a sign: never taken for a formula.
    Number(String),
    /// JSON of a list: begins with a bracket.
    List(Vec<u8>),
    Text(&'a str),
}

fn text(text: &str) -> Cell<'_> {
    Cell::Text(text)
}

fn maybe(text: Option<&str>) -> Cell<'_> {
    text.map_or(Cell::Null, Cell::Text)
}

fn number(number: Option<impl Into<u64>>) -> Cell<'static> {
    number.map_or(Cell::Null, |n| Cell::Number(n.into().to_string()))
}

fn judged<'a>(line: &'a Line, field: impl Fn(&'a CredentialLine) -> Option<&'a str>) -> Cell<'a> {
    maybe(line.credentials.first().and_then(field))
}

fn list<T: Serialize>(list: &[T]) -> Cell<'static> {
    let mut out = Vec::new();
    // Nothing in a line refuses to be written, and memory takes everything.
    let written = json::write(&list, &mut out);
    if written.is_ok() { Cell::List(out) } else { Cell::Null }
}

fn head(out: &mut dyn Write) -> io::Result<()> {
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    write!(out, "{}\r\n", names.join(","))
}

fn line(line: &Line, out: &mut dyn Write) -> io::Result<()> {
    for (i, (_, of)) in COLUMNS.iter().enumerate() {
        if i > 0 {
            out.write_all(b",")?;
        }
        match of(line) {
            Cell::Null => {}
            Cell::Number(number) => out.write_all(number.as_bytes())?,
            Cell::List(json) => quoted(&String::from_utf8_lossy(&json), out)?,
            Cell::Text(text) => quoted(&harmless(text), out)?,
        }
    }
    out.write_all(b"\r\n")
}

/// Returns text that no spreadsheet takes for a formula and no terminal acts on.
///
/// Tab and line ends, which some programs skip before they look for a formula, do not survive as such;
/// the full-width signs are what some input methods write for `=`, `+`, `-` and `@`.
fn harmless(text: &str) -> Cow<'_, str> {
    let risky = |c: char| {
        matches!(c, '=' | '+' | '-' | '@' | '\'' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
    };
    if text.starts_with(risky) { format!("'{}", escape(text)).into() } else { escape(text) }
}

/// Writes a cell, in quotes where RFC 4180 asks for them, or where a blank could be cut off.
fn quoted(text: &str, out: &mut dyn Write) -> io::Result<()> {
    if !text.contains(['"', ',', ';']) && text.trim() == text {
        return out.write_all(text.as_bytes());
    }
    write!(out, "\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_formula_is_text() {
        for (value, cell) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1", "'+1"),
            ("-1+1", "'-1+1"),
            ("@SUM(1)", "'@SUM(1)"),
            ("\t=1", "'\\t=1"),
            ("\r=1", "'\\r=1"),
            ("＝1", "'＝1"),
            ("'=1", "''=1"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(harmless(value), cell, "{value:?}");
        }
    }

    #[test]
    fn a_cell_is_quoted_where_it_must_be() {
        let cell = |text: &str| {
            let mut out = Vec::new();
            quoted(text, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("say \"hi\""), "\"say \"\"hi\"\"\"");
        assert_eq!(cell(" a"), "\" a\"");
    }
}
