//! Tells by its first bytes what an input is.

use memchr::{memchr, memchr2, memchr3_iter, memmem};

use super::choice::{Choice, Kind};
use super::document::{self, Document, Pause};
use super::error::InputError;
use super::jsonl::Mapping;
use super::log;
use super::record::{self, Sink};
use super::scan::{container_end, skip_blanks};
use super::skip::{Repair, SkipReason};
use super::walk::Attached;
use super::{dump, lenient, packets, reader::Reader, wrapper};
use crate::model::{Exchange, Observer, Position};

/// Lines that are looked at.
const SAMPLE: usize = 500;

/// How an input is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    /// Values that may span lines: HAR and everything like it.
    Document,
    /// A record a line.
    Lines,
    /// Conversations as text.
    Dump,
    /// Packets as tshark prints them.
    Packets,
}

/// What the beginning of an input tells.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// A reader that stands at the first record, `at` bytes from the beginning.
    pub(crate) reader: Reader,
    /// Where the first record starts.
    pub(crate) at: usize,
    /// `har`, `json`, `jsonl`, `text`, `dump` or `packets`.
    pub(crate) format: &'static str,
    /// Who made it.
    pub(crate) creator: Option<String>,
    /// Who recorded it.
    pub(crate) observer: Observer,
}

/// Looks at the beginning of an input; `last` says that `head` is all of it.
///
/// `Ok(None)` asks for more.
pub(crate) fn look(
    head: &[u8],
    last: bool,
    mapping: &Mapping,
    choice: &Choice,
) -> Result<Option<Look>, InputError> {
    let shape = match choice.0 {
        Kind::Detect => shape(head, last)?,
        Kind::Document => Shape::Document,
        Kind::Json | Kind::Text(_) => match binary(head) {
            Some(error) => return Err(error),
            None => Shape::Lines,
        },
    };
    match shape {
        Shape::Lines => Ok(Some(Look {
            reader: Reader::lines(mapping, choice),
            at: 0,
            format: match choice.0 {
                Kind::Json => "jsonl",
                Kind::Text(_) => "text",
                _ => format_of_lines(head, last),
            },
            creator: None,
            // A line that is a HAR entry was recorded by a client.
            observer: if starts_an_entry(head, skip_blanks(head, 0)) {
                Observer::Client
            } else {
                Observer::App
            },
        })),
        Shape::Dump => Ok(Some(Look {
            reader: Reader::dump(),
            at: 0,
            format: "dump",
            creator: None,
            observer: Observer::Client,
        })),
        Shape::Packets => Ok(Some(Look {
            reader: Reader::packets(),
            at: 0,
            format: "packets",
            creator: Some("tshark".to_owned()),
            observer: Observer::Proxy,
        })),
        Shape::Document => Ok(look_at_document(head, last, mapping)),
    }
}

/// Looks at the first bytes of an input; `None` where more of them might tell something else.
///
/// They tell all where the entries of a HAR begin in them, and show how each of these does.
pub(crate) fn glance(head: &[u8], mapping: &Mapping, choice: &Choice) -> Option<Look> {
    if head.get(skip_blanks(head, 0)) != Some(&b'{') {
        return None;
    }
    let found = look(head, false, mapping, choice).ok()??;
    let Reader::Document(document) = &found.reader else { return None };
    (document.is_in_entries() && document.seam.is_some()).then_some(found)
}

fn look_at_document(head: &[u8], last: bool, mapping: &Mapping) -> Option<Look> {
    let mut document = Document::looking(mapping);
    let (at, pause) = document.read(head, last, usize::MAX, &mut Nobody);
    if pause == Pause::More {
        return None;
    }
    let is_har = document.is_in_entries() || starts_an_entry(head, at);
    // An entry that is null shows no seam, the next one does.
    let brace = memchr(b'{', head.get(at..).unwrap_or_default());
    document.seam = brace.and_then(|found| document::Seam::learn(head, at + found));
    let (creator, observer) = (document.creator.as_deref().map(str::to_owned), document.observer);
    let format = if is_har || pause == Pause::End { "har" } else { "json" };
    document.only_head = false;
    // At the end without a record the reader goes over it again, to say what it skips.
    let (reader, at) = if pause == Pause::End {
        (Document { mapping: mapping.clone(), ..Document::default() }, 0)
    } else {
        (document, at)
    };
    Some(Look { reader: Reader::document(reader), at, format, creator, observer })
}

fn starts_an_entry(head: &[u8], at: usize) -> bool {
    let object = head.get(at..).unwrap_or_default();
    let end = container_end(object, 0).unwrap_or(object.len());
    record::is_entry(&lenient::parse(object.get(..end).unwrap_or_default()).value)
}

fn shape(head: &[u8], last: bool) -> Result<Shape, InputError> {
    let start = skip_blanks(head, 0);
    let text = head.get(start..).unwrap_or_default();
    let Some(&first) = text.first() else {
        return if last { Err(InputError::Empty) } else { Ok(Shape::Document) };
    };
    if let Some(error) = binary(head) {
        return Err(error);
    }
    match first {
        b'{' | b'[' if packets::is_packets(text) => Ok(Shape::Packets),
        b'{' => Ok(shape_of_object(text, last)),
        b'[' if matches!(
            text.get(skip_blanks(text, 1)),
            None | Some(b'{' | b'[' | b']' | b'n')
        ) =>
        {
            Ok(Shape::Document)
        }
        _ if dump::is_dump(&String::from_utf8_lossy(text), is_record) => Ok(Shape::Dump),
        _ if Lines::of(text, last).balanced_in(4) => Ok(Shape::Lines),
        _ if has_member(text, "entries", b'[') || has_member(text, "log", b'{') => {
            Ok(Shape::Document)
        }
        _ if has_member(text, "request", b'{') && has_member(text, "response", b'{') => {
            Ok(Shape::Document)
        }
        _ if last && !lines(text).any(is_known) => Err(InputError::Text),
        _ => Ok(Shape::Lines),
    }
}

/// Tells a record a line from one value over many lines; `text` starts with a brace.
fn shape_of_object(text: &[u8], last: bool) -> Shape {
    let line_end = memchr2(b'\n', b'\r', text).unwrap_or(text.len());
    let Some(end) = container_end(text, 0) else {
        let lines = Lines::of(text, last);
        let many = lines.all > 2 && lines.balanced * 2 > lines.all;
        return if many { Shape::Lines } else { Shape::Document };
    };
    if document::holds_entries(text, 0) == Some(true) || end > line_end {
        return Shape::Document;
    }
    let after = text.get(end..line_end).unwrap_or_default().trim_ascii();
    if !matches!(after, b"" | b",") {
        return Shape::Document;
    }
    // One record alone is a document when it is an entry.
    let alone = last && text.get(line_end..).unwrap_or_default().trim_ascii().is_empty();
    if alone && starts_an_entry(text, 0) { Shape::Document } else { Shape::Lines }
}

/// Names what most lines of the sample are.
fn format_of_lines(head: &[u8], last: bool) -> &'static str {
    let text = head.get(skip_blanks(head, 0)..).unwrap_or_default();
    if Lines::of(text, last).balanced_in(4) { "jsonl" } else { "text" }
}

/// Returns whether a line, or what is wrapped in it, is a record of any kind.
fn is_known(line: &[u8]) -> bool {
    let mut text = String::from_utf8_lossy(line).into_owned();
    for _ in 0..3 {
        let is_object =
            text.trim_start().starts_with('{') && container_end(text.as_bytes(), 0).is_some();
        if is_object || log::read(&text, &mut log::Setting::default()).is_some() {
            return true;
        }
        let Some(peeled) = wrapper::peel(&text) else { return false };
        if peeled.goes_on {
            return true;
        }
        text = peeled.inner.into_owned();
    }
    false
}

/// Returns whether a line is a record of a text log.
fn is_record(line: &str) -> bool {
    !line.trim_start().starts_with('{') && is_known(line.as_bytes())
}

/// Returns the lines of a sample, blanks around them and empty ones left out.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = memchr3_iter(b'\n', b'\r', 0, text).chain(std::iter::once(text.len()));
    ends.scan(0, |start, end| Some(text.get(std::mem::replace(start, end + 1)..end)))
        .filter_map(|line| Some(line?.trim_ascii()).filter(|line| !line.is_empty()))
        .take(SAMPLE)
}

/// How many lines a sample has.
struct Lines {
    all: usize,
    /// Those that are an object each.
    balanced: usize,
}

impl Lines {
    /// Counts those of a text; where it is not the `last` of its input, its end cuts the last line.
    fn of(text: &[u8], last: bool) -> Self {
        // Most lines of a document that begin with a brace are nothing else.
        let is_balanced = |line: &[u8]| {
            matches!(line, [b'{', _, .., b'}' | b']']) && container_end(line, 0) == Some(line.len())
        };
        let mut counted = Self { all: 0, balanced: 0 };
        for line in lines(text) {
            counted.all += 1;
            counted.balanced += usize::from(is_balanced(line));
        }
        counted.balanced += usize::from(counted.balanced > 0 && !last);
        counted
    }

    /// Returns whether at least one of so many is an object.
    fn balanced_in(&self, lines: usize) -> bool {
        self.balanced * lines >= self.all
    }
}

/// Returns whether a name with this kind of value occurs, in any case.
fn has_member(text: &[u8], name: &str, bracket: u8) -> bool {
    let lower = text.to_ascii_lowercase();
    let quoted = format!("\"{name}\"");
    memmem::find_iter(&lower, quoted.as_bytes()).any(|at| {
        let colon = skip_blanks(&lower, at + quoted.len());
        lower.get(colon) == Some(&b':')
            && lower.get(skip_blanks(&lower, colon + 1)) == Some(&bracket)
    })
}

/// Names bytes that are no text.
fn binary(head: &[u8]) -> Option<InputError> {
    const PCAP: &str = "let Wireshark convert it: tshark -r FILE -Y http -T ek > OUT.jsonl";
    const FLOW: &str = "let mitmproxy convert it: mitmdump -nr FILE --set hardump=OUT.har";
    const CHARLES: &str = "export it from Charles: File, Export Session, HTTP Archive (.har)";
    const EVENTS: &str = "let PowerShell convert it: Get-WinEvent -Path FILE | ForEach-Object { $_.ToXml() }, \
                          or read the server's own log";
    const PARQUET: &str =
        "let DuckDB convert it: duckdb -c \"COPY (FROM 'FILE') TO 'OUT.jsonl' (FORMAT json)\"";
    const JOURNAL: &str = "let systemd convert it: journalctl --file FILE -o json > OUT.jsonl";
    const TAR: &str = "unpack it: tar -xf FILE";
    const SQLITE: &str = "export the table: sqlite3 -json FILE 'SELECT * FROM TABLE' > OUT.json";
    let (kind, hint) = match head {
        // The four magics of pcap, by byte order and precision, and pcapng.
        [0xD4, 0xC3, 0xB2, 0xA1, ..]
        | [0xA1, 0xB2, 0xC3, 0xD4, ..]
        | [0x4D, 0x3C, 0xB2, 0xA1, ..]
        | [0xA1, 0xB2, 0x3C, 0x4D, ..]
        | [0x0A, 0x0D, 0x0D, 0x0A, ..] => ("packet capture", Some(PCAP)),
        // Serialized Java objects.
        [0xAC, 0xED, 0x00, 0x05, ..] => ("Charles session", Some(CHARLES)),
        [b'E', b'l', b'f', b'F', b'i', b'l', b'e', 0, ..] => ("Windows event log", Some(EVENTS)),
        [b'P', b'A', b'R', b'1', ..] => ("Parquet", Some(PARQUET)),
        [b'L', b'P', b'K', b'S', b'H', b'H', b'R', b'H', ..] => ("systemd journal", Some(JOURNAL)),
        [b'J', b'A', b'V', b'A', b' ', b'P', b'R', b'O', b'F', b'I', b'L', b'E', ..] => {
            ("Java heap dump", None)
        }
        [0x7F, b'E', b'L', b'F', ..] => ("program", None),
        [0x89, b'P', b'N', b'G', ..] | [0xFF, 0xD8, 0xFF, ..] => ("image", None),
        [b'%', b'P', b'D', b'F', ..] => ("PDF", None),
        [b'S', b'Q', b'L', b'i', b't', b'e', ..] => ("SQLite database", Some(SQLITE)),
        _ if head.get(257..262) == Some(b"ustar") => ("tar archive", Some(TAR)),
        _ if is_flow(head) => ("mitmproxy flows", Some(FLOW)),
        _ => {
            let start = head.get(..1024).unwrap_or(head);
            // All bytes below a blank but some; counted without a branch, many at once.
            let odd =
                |b: u8| u16::from(b < 9) + u16::from((14..32).contains(&b)) - u16::from(b == 27);
            let odd = usize::from(start.iter().map(|b| odd(*b)).sum::<u16>());
            if odd * 20 <= start.len() || holds_a_log(head) {
                return None;
            }
            ("unknown", None)
        }
    };
    Some(InputError::Binary { kind, hint })
}

/// Returns whether most lines are those of a log: rubbish in some of them, or a hole between two, makes
/// it no binary file.
fn holds_a_log(head: &[u8]) -> bool {
    let known = lines(head).filter(|line| is_known(line)).count();
    known > 0 && known * 2 >= lines(head).count()
}

/// Returns whether the bytes are tnetstrings as mitmproxy saves them: `7867:4:type;`.
fn is_flow(head: &[u8]) -> bool {
    let digits = head.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = head.get(digits..).unwrap_or_default();
    let inner = rest.get(1..).unwrap_or_default();
    let inner_digits = inner.iter().take_while(|b| b.is_ascii_digit()).count();
    digits > 0
        && rest.first() == Some(&b':')
        && inner_digits > 0
        && inner.get(inner_digits) == Some(&b':')
        && inner.get(inner_digits + 1).is_some_and(u8::is_ascii_lowercase)
}

/// Takes nothing: a look at the beginning wants no records.
struct Nobody;

impl Sink for Nobody {
    fn exchange(&mut self, _: &mut Exchange<'_>, _: &Attached<'_>) {}
    fn skipped(&mut self, _: Position, _: SkipReason) {}
    fn repaired(&mut self, _: Position, _: &[Repair]) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Captures and what looks like some.
    const HEADS: [&str; 9] = [
        r#"{"log":{"version":"1.2","creator":{"name":"Firefox","version":"1"},"entries":[{"request":{"url":"/a"}},{}]}}"#,
        "{\n  \"log\": {\n    \"pages\": [{}],\n    \"entries\": [\n      {\n        \"request\": {}\n      },\n      {\n        \"a\": 1\n      }\n    ]\n  }\n}",
        r#" {"entries":[null,{"request":{"url":"/a"}},{"response":{"status":401}}]}"#,
        r#"{"log":{"entries":[]}}"#,
        "{\"log\":{\"entries\":[\n{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n{\"d\":4}\n]}}",
        "{\"request\":{\"url\":\"/a\"},\"response\":{\"status\":401}}\n{\"request\":{},\"response\":{}}\n",
        "{\"log\":{\"level\":\"info\"},\"status\":401}\n{\"status\":403}\n",
        r#"[{"log":{"entries":[{"request":{}}]}}]"#,
        "192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] \"GET /me HTTP/1.1\" 401 25",
    ];

    #[test]
    fn a_glance_tells_what_a_look_at_all_tells_or_nothing() {
        let (mapping, choice) = (Mapping::default(), Choice::default());
        let mut glances = 0;
        for text in HEADS.map(str::as_bytes) {
            let whole = look(text, true, &mapping, &choice);
            for end in 0..=text.len() {
                let Some(glanced) = glance(&text[..end], &mapping, &choice) else { continue };
                let whole = whole.as_ref().ok().and_then(Option::as_ref);
                assert_eq!(format!("{glanced:?}"), format!("{:?}", whole.unwrap()), "{end}");
                glances += 1;
            }
        }
        assert!(glances > 100, "{glances}");
    }
}
