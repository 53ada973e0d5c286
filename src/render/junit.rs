//! The report as `JUnit` XML, which every CI system shows as tests.
//!
//! A host is a test suite and each of its causes a test case: a failure fails, what is expected or only looks
//! alike is skipped. So a cause that goes away turns from failing to absent, and a new one is a new failing
//! test. A suite of its own has a test case an input: a named one that could not be read is an error, a file
//! of a directory that holds no capture is skipped, the others pass, and so a run in which nothing failed still has tests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::Render;
use super::text::when::{count, number};
use super::text::{confidence, escape, facts, first_places, pointer, summary};
use crate::model::{CauseRow, Class, ExampleRow, InputRow, Report};

/// The report as `JUnit` XML.
#[derive(Clone, Copy, Debug, Default)]
pub struct Junit;

impl Render for Junit {
    fn render(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let timestamp = report.period.first.as_deref().and_then(|time| time.get(..19));
        let suites: Vec<Suite> = std::iter::once(inputs(report)).chain(hosts(report)).collect();
        let all = |tally: fn(&Suite) -> usize| suites.iter().map(tally).sum::<usize>();
        let name = attribute(report.title.as_deref().unwrap_or("authopsy"));
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(
            out,
            "<testsuites name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"0\">",
            all(|suite| suite.cases.len()),
            all(|suite| suite.tally("failure")),
            all(|suite| suite.tally("error")),
        )?;
        for suite in &suites {
            suite.write(timestamp, out)?;
        }
        writeln!(out, "</testsuites>")
    }
}

/// Test cases under one name.
struct Suite {
    name: String,
    cases: Vec<TestCase>,
}

/// One test.
struct TestCase {
    name: String,
    /// The element that tells its outcome, its message and its lines; `None` when it passed.
    outcome: Option<Outcome>,
    /// Lines of its output.
    output: String,
}

struct Outcome {
    /// `failure`, `error` or `skipped`.
    element: &'static str,
    /// What sort of outcome; a skipped test has none.
    sort: String,
    message: String,
    lines: String,
}

impl Suite {
    fn tally(&self, element: &str) -> usize {
        let is = |case: &&TestCase| case.outcome.as_ref().is_some_and(|o| o.element == element);
        self.cases.iter().filter(is).count()
    }

    fn write(&self, timestamp: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
        let name = attribute(&self.name);
        let timestamp =
            timestamp.map_or(String::new(), |t| format!(" timestamp=\"{}\"", attribute(t)));
        let (failures, errors) = (self.tally("failure"), self.tally("error"));
        let (tests, skipped) = (self.cases.len(), self.tally("skipped"));
        writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" \
             errors=\"{errors}\" skipped=\"{skipped}\" time=\"0\"{timestamp}>"
        )?;
        for case in &self.cases {
            case.write(&name, out)?;
        }
        writeln!(out, "  </testsuite>")
    }
}

impl TestCase {
    fn write(&self, suite: &str, out: &mut dyn Write) -> io::Result<()> {
        let name = attribute(&self.name);
        write!(out, "    <testcase classname=\"{suite}\" name=\"{name}\" time=\"0\"")?;
        if self.outcome.is_none() && self.output.is_empty() {
            return writeln!(out, "/>");
        }
        writeln!(out, ">")?;
        if let Some(Outcome { element, sort, message, lines }) = &self.outcome {
            let message = attribute(message);
            if *element == "skipped" {
                writeln!(out, "      <skipped message=\"{message}\"/>")?;
            } else {
                let (sort, lines) = (attribute(sort), body(lines));
                writeln!(
                    out,
                    "      <{element} message=\"{message}\" type=\"{sort}\">{lines}</{element}>"
                )?;
            }
        }
        if !self.output.is_empty() {
            writeln!(out, "      <system-out>{}</system-out>", body(&self.output))?;
        }
        writeln!(out, "    </testcase>")
    }
}

fn inputs(report: &Report) -> Suite {
    let mut cases: Vec<TestCase> = report.inputs.iter().map(input).collect();
    // What belongs to no input stands at the run as a whole.
    let mut output = format!("{}\n", line(&summary(report)));
    for warning in &report.warnings {
        push(&mut output, "warning", &format!("{} ({})", warning.fact, warning.place));
    }
    for assumed in &report.assumptions {
        let source = assumed.source.as_deref().map_or(String::new(), |s| format!("{s}: "));
        let option = match assumed.option.as_str() {
            "" => String::new(),
            option => format!(", change with {option}"),
        };
        push(&mut output, "assumed", &format!("{source}{}{option}", assumed.what));
    }
    for (list, n) in report.left_out.iter().filter(|(_, n)| **n > 0) {
        let option = if list == "refusals" { "--max-memory" } else { "--top" };
        push(&mut output, "left out", &format!("{} of {list} ({option})", number(*n)));
    }
    cases.insert(0, TestCase { name: "all inputs together".to_owned(), outcome: None, output });
    Suite { name: "inputs".to_owned(), cases }
}

fn input(input: &InputRow) -> TestCase {
    let format = input.format.as_deref().unwrap_or("not recognised");
    let mut output =
        format!("{}\n", line(&format!("{format}, {}", count(input.exchanges, "exchange"))));
    if input.truncated {
        push(&mut output, "cut off", "ends in the middle of a record");
    }
    for unseen in &input.unseen {
        push(&mut output, "not seen", unseen);
    }
    for (what, rows) in [("skipped", &input.skipped), ("repaired", &input.repaired)] {
        for row in rows {
            let (n, first) = (count(row.count, "record"), first_places(&row.first));
            push(&mut output, what, &format!("{n}, {}{first}", row.reason));
        }
    }
    // A file met in a directory may hold something else.
    let outcome = match (input.fault(), &input.error) {
        (Some(fault), _) => Some(("error", fault)),
        (None, Some(error)) => Some(("skipped", error.as_str())),
        (None, None) => None,
    };
    let outcome = outcome.map(|(element, why)| Outcome {
        element,
        sort: "not read".to_owned(),
        message: why.to_owned(),
        lines: String::new(),
    });
    TestCase { name: input.source.clone(), outcome, output }
}

/// Returns a suite a host, by name; then what the list of hosts left out, and what has no host.
fn hosts(report: &Report) -> Vec<Suite> {
    let mut by_host: BTreeMap<(u8, &str), Vec<TestCase>> = BTreeMap::new();
    for cause in &report.causes {
        for (host, n) in &cause.hosts {
            by_host.entry((0, host)).or_default().push(case(cause, Some(host), *n));
        }
        let listed: u64 = cause.hosts.iter().map(|(_, n)| *n).fold(0, u64::saturating_add);
        let rest = cause.count.saturating_sub(listed);
        if rest > 0 {
            let distinct = cause.distinct.get("hosts").copied().unwrap_or(0);
            let cut = distinct > cause.hosts.len() as u64;
            let name = if cut { (1, "other hosts") } else { (2, "no host") };
            by_host.entry(name).or_default().push(case(cause, None, rest));
        }
    }
    let suite = |((_, name), cases): ((u8, &str), _)| Suite { name: name.to_owned(), cases };
    by_host.into_iter().map(suite).collect()
}

fn case(cause: &CauseRow, host: Option<&str>, n: u64) -> TestCase {
    let title = cause.title.replace('`', "");
    let (element, name, message) = match cause.class {
        Class::Failure => {
            ("failure", cause.id.to_string(), format!("{}: {title}", count(n, "failure")))
        }
        class => (
            "skipped",
            format!("{} ({class})", cause.id),
            format!("{class}, no failure: {} {title}", count(n, "exchange")),
        ),
    };
    let sort = cause.id.to_string();
    let lines = if element == "failure" { details(cause, host) } else { String::new() };
    TestCase {
        name,
        outcome: Some(Outcome { element, sort, message, lines }),
        output: String::new(),
    }
}

/// Tells by what a cause is known at one host and what to do.
fn details(cause: &CauseRow, host: Option<&str>) -> String {
    // What is at none of the listed hosts is at another, or at none at all.
    let here = |endpoint: &str| match host {
        Some(host) => is_at(endpoint, host),
        None => !cause.hosts.iter().any(|(host, _)| is_at(endpoint, host)),
    };
    let mut out = String::from("\n");
    if !cause.summary.is_empty() {
        push(&mut out, "what", &cause.summary);
    }
    push(&mut out, "confidence", &confidence(cause, 4));
    if let (Some(first), Some(last)) = (&cause.first, &cause.last) {
        push(&mut out, "when", &format!("{first} to {last}"));
    }
    for (endpoint, n) in cause.endpoints.iter().filter(|(endpoint, _)| here(endpoint)) {
        push(&mut out, "where", &format!("{endpoint} {}", number(*n)));
    }
    for example in cause.examples.iter().filter(|example| here(&example.endpoint)) {
        seen(example, &mut out);
    }
    if !cause.advice.is_empty() {
        push(&mut out, "do", &cause.advice);
    }
    if let Some(case) = &cause.advice_case {
        push(&mut out, "here", &case.text);
    }
    out
}

/// Whether an endpoint, `GET api.example.com/orders`, is one of this host.
fn is_at(endpoint: &str, host: &str) -> bool {
    let tail = endpoint.split_once(' ').and_then(|(_, place)| place.strip_prefix(host));
    tail.is_some_and(|tail| tail.is_empty() || tail.starts_with(['/', '?', '*']))
}

fn seen(example: &ExampleRow, out: &mut String) {
    let status = example.status.map_or("no status".to_owned(), |status| status.to_string());
    let time = example.time.as_deref().unwrap_or("no time");
    let endpoint = &example.endpoint;
    push(out, "seen", &format!("{} {time} {status} {endpoint}", pointer(example)));
    for fact in facts(example) {
        push(out, "  evidence", &format!("{} ({})", fact.fact, fact.place));
    }
    if let Some(text) = &example.server.text {
        push(out, "  server", &format!("{text} ({})", example.server.agrees));
    }
}

/// Appends a line with a label.
fn push(out: &mut String, label: &str, text: &str) {
    // A string takes everything.
    let _ = writeln!(out, "{label}: {}", line(text));
}

/// Puts text of any origin on one line, without what a terminal acts on or XML cannot hold.
fn line(text: &str) -> String {
    escape(&text.replace('`', "")).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

/// Writes lines, made by [`line`], as the content of an element.
fn body(lines: &str) -> String {
    lines.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Writes text as the value of an attribute.
fn attribute(text: &str) -> String {
    body(&line(text)).replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_told_at_its_own_host_only() {
        assert!(is_at("GET a.example/x", "a.example"));
        assert!(!is_at("GET b.a.example/x", "a.example"));
        assert!(!is_at("GET a.example.org/x", "a.example"));
        assert!(!is_at("GET a.example:8080/x", "a.example"));
        assert!(!is_at("GET /a.example/x", "a.example"));
    }

    #[test]
    fn text_of_a_capture_stays_text() {
        let hostile = "a]]><b attr=\"x\">&amp;\u{0}\u{1b}[31m\n\u{ffff}";
        assert_eq!(
            attribute(hostile),
            "a]]&gt;&lt;b attr=&quot;x&quot;&gt;&amp;amp;\\x00\\x1b[31m\\n\u{fffd}"
        );
    }
}
