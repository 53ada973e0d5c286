//! What container engines, shippers and shells put around a line, and how it is taken off.

use std::borrow::Cow;

use memchr::memmem;
use serde_json::Value;

use super::clock::parse_time;
use crate::model::Time;

/// What can be around a line, by the name that reports show.
pub(crate) const NAMES: [(&str, &str); 8] = [
    ("docker", "Docker's json-file driver, long lines joined"),
    ("cri", "the container runtime interface of Kubernetes, long lines joined"),
    ("syslog", "RFC 5424 and RFC 3164, from rsyslog, journald and others"),
    ("compose", "docker compose logs, with the service's name"),
    ("kubectl", "kubectl logs --prefix"),
    ("timestamps", "a time that a shipper or --timestamps put before the line"),
    ("terminal", "colours of terminals"),
    (
        ENVELOPE,
        "exports and shippers: CloudWatch, Azure, Elastic, Loki, Splunk, journald and others",
    ),
];
/// JSON around lines or records.
pub(super) const ENVELOPE: &str = "envelope";

/// A line with one wrapping taken off.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Peeled<'a> {
    /// Name of the wrapping, as reports show it.
    pub(super) name: &'static str,
    /// What was inside.
    pub(super) inner: Cow<'a, str>,
    /// When the line was taken in; `None` when the wrapping has no full time.
    pub(super) time: Option<Time>,
    /// The same, where the wrapping names no year: `Nov 23 02:29:33`.
    pub(super) yearless: Option<&'a str>,
    /// Whether the next line of the same stream goes on with this one.
    pub(super) goes_on: bool,
    /// Which of several streams of one container it belongs to.
    pub(super) stream: &'a str,
}

/// Takes the outermost wrapping off a line; `None` when it has none that is known.
pub(super) fn peel(line: &str) -> Option<Peeled<'_>> {
    docker(line)
        .or_else(|| cri(line))
        .or_else(|| uncoloured(line))
        .or_else(|| syslog(line))
        .or_else(|| ruby(line))
        .or_else(|| compose(line))
        .or_else(|| stamped(line))
}

/// Returns whether a line goes on in a later one: a quick look, before anything is parsed.
pub(super) fn goes_on(line: &[u8]) -> bool {
    let head = line.get(..line.len().min(64)).unwrap_or_default();
    let may = match head.first() {
        Some(b'{') => is_docker(head) && !ends_a_docker_line(line),
        Some(b'0'..=b'9') => head.get(10) == Some(&b'T') && memmem::find(head, b" P").is_some(),
        _ => false,
    };
    may && part(&String::from_utf8_lossy(line)).is_some_and(|part| part.goes_on)
}

/// Returns whether the text inside a line of Docker's ends in a line break, as nearly all do.
fn ends_a_docker_line(line: &[u8]) -> bool {
    memmem::find(line, br#"\n","stream":"#).is_some()
}

/// Returns whether a line starts as those of Docker's json-file driver do.
pub(super) fn is_docker(line: &[u8]) -> bool {
    let text = line.strip_prefix(b"{\"log\":").map(<[u8]>::trim_ascii_start);
    text.is_some_and(|text| text.starts_with(b"\""))
}

/// Takes off a wrapping that cuts long lines.
pub(super) fn part(line: &str) -> Option<Peeled<'_>> {
    docker(line).or_else(|| cri(line))
}

/// `{"log":"...\n","stream":"stdout","time":"..."}`: Docker's json-file driver cuts long lines at 16 KiB;
/// only the last part ends in a line break.
fn docker(line: &str) -> Option<Peeled<'_>> {
    is_docker(line.as_bytes()).then_some(())?;
    let value: Value = serde_json::from_str(line).ok()?;
    let text = value.get("log")?.as_str()?;
    let time = value.get("time")?.as_str().and_then(parse_time);
    let stream = match value.get("stream")?.as_str()? {
        "stderr" => "stderr",
        _ => "stdout",
    };
    let goes_on = !text.ends_with('\n');
    let inner = Cow::Owned(text.trim_end_matches(['\r', '\n']).to_owned());
    Some(Peeled { name: "docker", inner, time, yearless: None, goes_on, stream })
}

/// `2026-11-23T02:29:33.123456789+01:00 stdout F ...`: the container runtime interface of Kubernetes;
/// `P` marks a part that the next line goes on with.
fn cri(line: &str) -> Option<Peeled<'_>> {
    let (stamp, rest) = line.split_once(' ')?;
    let (stream, rest) = rest.split_once(' ')?;
    let (tag, inner) = rest.split_once(' ').unwrap_or((rest, ""));
    let known = matches!(stream, "stdout" | "stderr")
        && matches!(tag.split(':').next(), Some("F" | "P"))
        && stamp.as_bytes().get(10) == Some(&b'T');
    known.then_some(())?;
    let time = Some(parse_time(stamp)?);
    let goes_on = tag.starts_with('P');
    Some(Peeled { name: "cri", inner: inner.into(), time, yearless: None, goes_on, stream })
}

/// Takes the colours of terminals off, wherever in a line they stand.
pub(super) fn uncoloured(line: &str) -> Option<Peeled<'_>> {
    line.contains('\u{1b}').then_some(())?;
    let mut inner = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("\u{1b}[") {
        inner.push_str(rest.get(..at)?);
        rest = rest.get(at + 2..)?;
        let end = rest.find(|c: char| ('@'..='~').contains(&c)).map_or(rest.len(), |end| end + 1);
        rest = rest.get(end..)?;
    }
    inner.push_str(rest);
    (inner.len() < line.len()).then(|| plain("terminal", inner.into(), None))
}

/// `<134>1 2026-11-23T02:29:33Z host app 12 - - ...` (RFC 5424) and `Nov 23 02:29:33 host app[12]: ...`
/// (RFC 3164), whose time has no year.
fn syslog(line: &str) -> Option<Peeled<'_>> {
    let body = match line.strip_prefix('<') {
        Some(rest) => {
            let (priority, rest) = rest.split_once('>')?;
            (priority.len() <= 3 && priority.bytes().all(|b| b.is_ascii_digit())).then_some(rest)?
        }
        None => line,
    };
    if let Some(rest) = body.strip_prefix("1 ") {
        let mut words = rest.splitn(6, ' ');
        let time = parse_time(words.next()?)?;
        let _host_app_process_message =
            (words.next()?, words.next()?, words.next()?, words.next()?);
        let inner = structured(words.next()?)?;
        return Some(plain("syslog", inner.into(), Some(time)));
    }
    let (time, yearless, rest) = if let Some((stamp, rest)) = month_day(body) {
        (None, Some(stamp), rest)
    } else {
        let (stamp, rest) = body.split_once(' ')?;
        (stamp.as_bytes().get(10) == Some(&b'T')).then_some(())?;
        (Some(parse_time(stamp)?), None, rest)
    };
    let (_host, rest) = rest.split_once(' ')?;
    let (tag, inner) = rest.split_once(": ")?;
    let named = !tag.is_empty() && !tag.contains([' ', '"', '{']);
    named.then(|| Peeled { yearless, ..plain("syslog", inner.into(), time) })
}

/// Returns whether a text is a time without a year, `Nov 23 02:29:33`, with a fraction or not.
pub(super) fn is_yearless(text: &str) -> bool {
    let fraction = text.get(15..).unwrap_or_default();
    let digits = fraction.strip_prefix('.').unwrap_or(fraction);
    let fits = digits.len() < 10 && digits.bytes().all(|b| b.is_ascii_digit());
    let head = text.get(..15).map(|head| format!("{head} "));
    fits && head.is_some_and(|head| month_day(&head).is_some())
}

/// Takes `Nov 23 02:29:33 ` off: the time, and what follows.
fn month_day(line: &str) -> Option<(&str, &str)> {
    const MONTHS: &str = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let month = line.get(..3).filter(|month| !month.contains(' '))?;
    MONTHS.contains(month).then_some(())?;
    let clock = line.get(7..15)?;
    let shaped = clock.bytes().enumerate().all(|(at, b)| match at {
        2 | 5 => b == b':',
        _ => b.is_ascii_digit(),
    });
    (shaped && line.get(15..16) == Some(" ")).then_some((line.get(..15)?, line.get(16..)?))
}

/// Takes the structured data of RFC 5424 off: `-` or `[id name="value"]...`.
fn structured(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('-') {
        return Some(rest.strip_prefix(' ').unwrap_or(rest).trim_start_matches('\u{feff}'));
    }
    let mut rest = text;
    while let Some(inside) = rest.strip_prefix('[') {
        let mut end = inside.find(']')?;
        while inside.as_bytes().get(end.checked_sub(1)?) == Some(&b'\\') {
            end += 1 + inside.get(end + 1..)?.find(']')?;
        }
        rest = inside.get(end + 1..)?;
    }
    Some(rest.strip_prefix(' ').unwrap_or(rest).trim_start_matches('\u{feff}'))
}

/// `I, [2026-11-23T02:29:34.123456 #1234]  INFO -- : ...`: Ruby's logger.
fn ruby(line: &str) -> Option<Peeled<'_>> {
    (line.as_bytes().get(1) == Some(&b',')).then_some(())?;
    let (letter, rest) = line.split_once(", [")?;
    let (head, inner) = rest.split_once(" -- ")?;
    let (stamp, level) = head.split_once(']')?;
    let (stamp, process) = stamp.split_once(" #")?;
    let shaped = matches!(letter, "D" | "I" | "W" | "E" | "F" | "A")
        && process.bytes().all(|b| b.is_ascii_digit())
        && level.trim().starts_with(letter);
    shaped.then_some(())?;
    // A program may be named before the colon.
    let (_, inner) = inner.split_once(": ")?;
    // Tags before pairs or an object say nothing that those do not.
    let untagged = match inner.rsplit_once("] ").filter(|_| inner.starts_with('[')) {
        Some((_, rest)) if rest.starts_with(['{']) || rest.starts_with("method=") => rest,
        _ => inner,
    };
    let inner = untagged;
    Some(plain("ruby logger", inner.into(), Some(parse_time(stamp)?)))
}

/// `web-1  | ...` of docker compose, `[pod/web-1/app] ...` of kubectl.
fn compose(line: &str) -> Option<Peeled<'_>> {
    if let Some(rest) = line.strip_prefix("[pod/") {
        let (_, inner) = rest.split_once("] ")?;
        return Some(plain("kubectl", inner.into(), None));
    }
    let (name, rest) = line.split_once('|')?;
    let trimmed = name.trim_end();
    let named = !trimmed.is_empty()
        && trimmed.len() < name.len()
        && trimmed.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    let inner = rest.strip_prefix(' ').unwrap_or(rest);
    named.then(|| plain("compose", inner.into(), None))
}

/// `2026-11-23T02:29:33Z ...`: a time that a shipper or `--timestamps` put before the line.
fn stamped(line: &str) -> Option<Peeled<'_>> {
    let (stamp, inner) = line.split_once([' ', '\t'])?;
    (stamp.as_bytes().get(10) == Some(&b'T')).then_some(())?;
    let time = parse_time(stamp)?;
    Some(plain("timestamps", inner.trim_start().into(), Some(time)))
}

fn plain<'a>(name: &'static str, inner: Cow<'a, str>, time: Option<Time>) -> Peeled<'a> {
    Peeled { name, inner, time, yearless: None, goes_on: false, stream: "" }
}
