//! The report as SARIF 2.1.0, for code scanning and other collectors: one result a cause.
//!
//! - A rule is a cause, with the words of its card. There is no address to read more at.
//! - A failure is of kind `fail`: an `error` where some of its refusals are proven or stated, else a
//!   `warning`. What is expected or only looks alike is `informational`.
//! - The first example is the location, the others are related locations. A record of a line format has its
//!   line, any other is named (`entry 17`).
//! - What could not be read, seen or had to be assumed are notifications of the one invocation.
//! - A result is known again by its cause and class alone: another capture of the same fault updates it.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::text::when::count;
use super::text::{escape, facts, first_places, summary};
use super::{Render, json as plain};
use crate::model::{
    CauseRow, Class, Confidence, ExampleRow, Fingerprint, InputRow, Position, Report,
};

/// The schema that the output names: the one of the standard with its errata.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Endpoints named in a message.
const ENDPOINTS: usize = 3;

/// The report as SARIF 2.1.0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sarif;

impl Render for Sarif {
    fn render(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let run = json!({
            "automationDetails": { "id": "authopsy/" },
            "tool": { "driver": {
                "name": "authopsy",
                "fullName": format!("authopsy {}", report.version),
                "version": report.version,
                "rules": rules(report).into_iter().map(rule).collect::<Vec<_>>(),
            } },
            "invocations": [invocation(report)],
            "artifacts": report.inputs.iter().map(artifact).collect::<Vec<_>>(),
            "results": report.causes.iter().map(|cause| result(cause, report)).collect::<Vec<_>>(),
            "properties": {
                "title": report.title,
                "summary": summary(report),
                "period": report.period,
                "totals": report.totals,
                "left_out": report.left_out,
            },
        });
        let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] });
        plain::pretty(&log, out)
    }
}

/// Returns a cause for each rule: one that stands in two classes is one rule.
fn rules(report: &Report) -> Vec<&CauseRow> {
    let mut rules: Vec<&CauseRow> = Vec::new();
    for cause in &report.causes {
        if !rules.iter().any(|rule| rule.id == cause.id) {
            rules.push(cause);
        }
    }
    rules
}

fn rule(cause: &CauseRow) -> Value {
    let what = if cause.summary.is_empty() { &cause.title } else { &cause.summary };
    let sides = [
        ("What", what),
        ("Do", &cause.advice),
        ("At the client", &cause.advice_client),
        ("At the server", &cause.advice_server),
    ];
    let (mut text, mut markdown) = (String::new(), String::new());
    for (side, words) in sides.into_iter().filter(|(_, words)| !words.is_empty()) {
        // A string takes everything.
        let _ = writeln!(text, "{side}: {}", message(&words.replace('`', "")));
        let _ = writeln!(markdown, "**{side}:** {}\n", message(words));
    }
    json!({
        "id": cause.id,
        "name": name(cause.id.as_str()),
        "shortDescription": { "text": message(&cause.title.replace('`', "")) },
        "fullDescription": { "text": message(&what.replace('`', "")) },
        "help": { "text": text.trim_end(), "markdown": markdown.trim_end() },
        "defaultConfiguration": { "level": "error" },
        "properties": { "tags": ["authentication", cause.id.family()] },
    })
}

/// Writes an id as SARIF likes the names of rules, `TimeExpiredCached`; a name is never the id itself.
fn name(id: &str) -> String {
    let words = id.split(|c: char| !c.is_alphanumeric());
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect::<String>()
    };
    let name: String = words.map(capital).collect();
    if name.eq_ignore_ascii_case(id) { name + "Cause" } else { name }
}

fn result(cause: &CauseRow, report: &Report) -> Value {
    let level = level(cause);
    let mut examples = cause.examples.iter();
    let first = examples.next();
    let others: Vec<&ExampleRow> = examples.collect();
    let related = (1..).zip(&others).map(|(id, example)| {
        let mut location = location(example, report);
        location.insert("id".to_owned(), json!(id));
        Value::Object(location)
    });
    let named = format!("{} {}", cause.class, cause.id);
    let mark = Fingerprint::of_bytes("sarif", named.as_bytes()).number() >> 64;
    json!({
        "ruleId": cause.id,
        "ruleIndex": rules(report).iter().position(|rule| rule.id == cause.id),
        "kind": if level == "none" { "informational" } else { "fail" },
        "level": level,
        "message": { "text": words(cause, others.len()) },
        // A count of nothing has no result.
        "occurrenceCount": cause.count.max(1),
        "locations": first.map(|example| location(example, report)).into_iter().collect::<Vec<_>>(),
        "relatedLocations": related.collect::<Vec<_>>(),
        // The second name is the one that GitHub looks for.
        "partialFingerprints": {
            "cause/v1": format!("{mark:016x}"),
            "primaryLocationLineHash": format!("{mark:016x}:1"),
        },
        "properties": {
            "class": cause.class,
            "share": crate::model::round(cause.share),
            "confidence": cause.confidence,
            "first": cause.first,
            "last": cause.last,
            "endpoints": counted(&cause.endpoints),
            "hosts": counted(&cause.hosts),
            "tokens": counted(&cause.tokens),
            "users": counted(&cause.users),
            "clients": counted(&cause.clients),
            "distinct": cause.distinct,
            "advice": cause.advice_case.as_ref().map(|case| &case.text),
        },
    })
}

/// Returns how grave a result is: by its class, then by the strongest confidence.
fn level(cause: &CauseRow) -> &'static str {
    let has = |degree: Confidence| cause.confidence.get(degree.as_str()).is_some_and(|n| *n > 0);
    match cause.class {
        Class::Ok | Class::Expected | Class::Lookalike => "none",
        Class::Failure if has(Confidence::Proven) || has(Confidence::Stated) => "error",
        Class::Failure => "warning",
    }
}

/// Says what a result is: how often, what, where, what to do; with links to the other examples.
fn words(cause: &CauseRow, others: usize) -> String {
    let n = match cause.class {
        Class::Failure => count(cause.count, "failure"),
        Class::Ok => count(cause.count, "exchange"),
        Class::Expected => count(cause.count, "expected refusal"),
        Class::Lookalike => count(cause.count, "lookalike"),
    };
    let names: Vec<String> =
        cause.endpoints.iter().take(ENDPOINTS).map(|(name, _)| message(name)).collect();
    let all = cause.distinct.get("endpoints").copied().unwrap_or(0);
    let more = all.max(cause.endpoints.len() as u64) - names.len() as u64;
    let place = match (names.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!(" ({})", names.join(", ")),
        (false, more) => format!(" ({} and {more} more)", names.join(", ")),
    };
    let mut sentences = vec![format!("{n}: {}{place}", message(&cause.title.replace('`', "")))];
    if !cause.advice.is_empty() {
        sentences.push(message(&cause.advice.replace('`', "")));
    }
    if others > 0 {
        let links: Vec<String> = (1..=others).map(|id| format!("[{}]({id})", id + 1)).collect();
        sentences.push(format!("More examples: {}", links.join(", ")));
    }
    sentences.join(". ") + "."
}

fn location(example: &ExampleRow, report: &Report) -> Map<String, Value> {
    let mut physical = json!({ "artifactLocation": artifact_location(&example.source, report) });
    let position = &example.position;
    let named = match *position {
        Position { line: Some(line), .. } => {
            physical["region"] = json!({ "startLine": line.max(1) });
            None
        }
        Position { entry: Some(entry), .. } => Some(format!("entry {entry}")),
        Position { byte: Some(byte), .. } => {
            physical["region"] = json!({ "byteOffset": byte });
            None
        }
        _ => None,
    };
    let name: Vec<&str> = example.member.iter().chain(&named).map(String::as_str).collect();
    let status = example.status.map_or("no status".to_owned(), |status| status.to_string());
    let time = example.time.as_deref().map_or(String::new(), |time| format!("{time} "));
    let mut told = vec![message(&format!("{time}{status} {}", example.endpoint))];
    for fact in facts(example) {
        let (fact, place) = (message(&fact.fact.replace('`', "")), message(&fact.place));
        told.push(format!("{fact} ({place})"));
    }
    if let Some(said) = &example.server.text {
        told.push(format!("the server says: {}", message(said)));
    }
    let text = told.join("; ");
    let mut location = Map::new();
    location.insert("physicalLocation".to_owned(), physical);
    if !name.is_empty() {
        let name = escape(&name.join(" ")).into_owned();
        location.insert("logicalLocations".to_owned(), json!([{ "fullyQualifiedName": name }]));
    }
    location.insert("message".to_owned(), json!({ "text": text }));
    location
}

fn artifact(input: &InputRow) -> Value {
    json!({
        "location": { "uri": uri(&input.source) },
        "length": input.bytes,
        "roles": ["analysisTarget"],
        "properties": {
            "format": input.format,
            "creator": input.creator,
            "exchanges": input.exchanges,
        },
    })
}

fn artifact_location(source: &str, report: &Report) -> Value {
    let mut location = json!({ "uri": uri(source) });
    if let Some(index) = report.inputs.iter().position(|input| input.source == source) {
        location["index"] = json!(index);
    }
    location
}

fn invocation(report: &Report) -> Value {
    let mut told = Vec::new();
    let mut tell = |level: &str, text: String, source: Option<&str>| {
        let mut notification = json!({ "level": level, "message": { "text": message(&text) } });
        if let Some(source) = source {
            let physical = json!({ "artifactLocation": artifact_location(source, report) });
            notification["locations"] = json!([{ "physicalLocation": physical }]);
        }
        told.push(notification);
    };
    for input in &report.inputs {
        let source = Some(input.source.as_str());
        match (input.fault(), &input.error) {
            (Some(fault), _) => tell("error", format!("not read: {fault}"), source),
            (None, Some(error)) => tell("note", format!("not read: {error}"), source),
            (None, None) => {}
        }
        if input.truncated {
            tell("warning", "ends in the middle of a record".to_owned(), source);
        }
        for unseen in &input.unseen {
            tell("warning", format!("not seen: {}", unseen.replace('`', "")), source);
        }
        for (what, rows) in [("skipped", &input.skipped), ("repaired", &input.repaired)] {
            for row in rows {
                let (n, first) = (count(row.count, "record"), first_places(&row.first));
                tell("warning", format!("{what}: {n}, {}{first}", row.reason), source);
            }
        }
    }
    for warning in &report.warnings {
        tell("warning", format!("{} ({})", warning.fact.replace('`', ""), warning.place), None);
    }
    for key in &report.keys {
        for said in key.unusable.iter().chain(&key.remark) {
            tell("warning", format!("{}: {said}", key.name), None);
        }
    }
    for assumed in &report.assumptions {
        let option = match assumed.option.as_str() {
            "" => String::new(),
            option => format!(", change with {option}"),
        };
        tell("note", format!("assumed: {}{option}", assumed.what), assumed.source.as_deref());
    }
    json!({
        "executionSuccessful": report.inputs.iter().all(|input| input.fault().is_none()),
        "toolExecutionNotifications": told,
    })
}

fn counted(list: &[(String, u64)]) -> Vec<Value> {
    list.iter().map(|(name, count)| json!({ "name": name, "count": count })).collect()
}

/// Writes text as a message means it: brackets make no link, braces no placeholder (SARIF 2.1.0, sections
/// 3.11.5 and 3.11.6).
fn message(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in escape(text).chars() {
        match c {
            '{' | '}' => out.extend([c, c]),
            '[' | ']' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// Writes a source name as a URI reference (RFC 3986): a path, every other character percent-encoded.
fn uri(source: &str) -> String {
    let mut out = String::new();
    if source.starts_with('/') {
        out += "file://";
    }
    for byte in source.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(byte.into());
            }
            // A string takes everything.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_name_is_a_uri_reference() {
        assert_eq!(uri("logs/gateway.log"), "logs/gateway.log");
        assert_eq!(uri("/var/log/a b.log"), "file:///var/log/a%20b.log");
        assert_eq!(uri("C:\\x?y#z%é"), "C%3A%5Cx%3Fy%23z%25%C3%A9");
        assert_eq!(uri("-"), "-");
    }

    #[test]
    fn a_rule_has_the_name_of_its_cause() {
        assert_eq!(name("time.expired_cached"), "TimeExpiredCached");
        assert_eq!(name("unknown"), "UnknownCause");
    }

    #[test]
    fn a_message_makes_neither_link_nor_placeholder() {
        assert_eq!(message("GET /a/{id} [x](1)\n"), "GET /a/{{id}} \\[x\\](1)\\n");
    }
}
