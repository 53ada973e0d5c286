//! The input formats that can be read, and what an input is and why.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use super::{Error, Job, analyze};
use crate::engine::{self, Gatherer, InputFacts, InputSummary, Noted};
use crate::input::{DUMPS, Inputs, TOOLS, WRAPPINGS, line_formats};
use crate::model::{Exchange, Position};
use crate::render::{Look, text};

/// What can be wrapped around any of them.
const PACKED: &str = "gzip, zlib, zstd, bzip2, xz, zip";
/// What can be wrapped around a line.
const WRAPPED: (&str, &str) =
    ("around a line", "taken off, whatever the line is, several times over");
/// Lines of text.
const TEXT: (&str, &str) =
    ("text", "request logs with a line of text a request, also several kinds in one file");

/// Conversations as text.
const DUMP: (&str, &str) =
    ("dump", "whole requests and answers as text, also pasted into a ticket");
/// Packets as tshark prints them.
const PACKETS: (&str, &str) = ("packets", "packet captures by tshark, -T json or -T ek");

/// Formats, log writers and wrappers, with what is known of each.
const FORMATS: &[(&str, &str)] = &[
    ("har", "HTTP Archive of any exporter: whole, cut off, sanitized, or a bare list of entries"),
    ("  burp", "Burp's saved items (XML)"),
    ("  fiddler", "Fiddler's session archive (.saz)"),
    ("json", "a JSON document that holds a list of request records"),
    ("jsonl", "request logs with one JSON object a line, of these and other loggers"),
    ("  akamai", "Akamai DataStream 2"),
    ("  api gateway", "AWS API Gateway access logs"),
    ("  apisix", "Apache APISIX's loggers"),
    ("  azure", "Azure diagnostic logs: Application Gateway, API Management, App Service"),
    ("  caddy", "Caddy access logs"),
    ("  cloudflare", "Cloudflare Logpush, HTTP requests"),
    ("  ecs", "Elastic Common Schema"),
    ("  envoy", "Envoy and Istio access logs in JSON"),
    ("  gcp", "Google Cloud load balancers and services (httpRequest)"),
    ("  tomcat", "the JSON access valve of Tomcat"),
    ("  tyk", "Tyk's access log in JSON"),
    ("  kong", "Kong file and HTTP logs"),
    ("  kubernetes audit", "audit events of the Kubernetes API server"),
    ("  nginx", "nginx with a log_format in JSON"),
    ("  pino", "pino-http"),
    ("  traefik", "Traefik access logs in JSON"),
    ("  winston", "express-winston"),
    ("  zeek", "Zeek http.log in JSON"),
    (
        "  events",
        "refusals that Authelia, authentik, GitLab, Google audit logs, Vault and others tell",
    ),
    ("  any other", "fields are found by their usual names; --map names the ones that differ"),
    (PACKED, "unwrapped by content, whatever the file is called"),
];

/// Writes the list.
///
/// # Errors
/// Those of `out`.
pub fn run(look: Look, out: &mut dyn Write) -> Result<(), Error> {
    let mut rows = FORMATS.to_vec();
    let texts: Vec<_> = line_formats().map(|(name, what)| (format!("  {name}"), what)).collect();
    let place = rows.iter().position(|(name, _)| *name == PACKED).unwrap_or(rows.len());
    let dumps: Vec<_> = DUMPS.iter().map(|(name, what)| (format!("  {name}"), *what)).collect();
    let texts = texts.iter().map(|(name, what)| (name.as_str(), *what));
    let dumps = dumps.iter().map(|(name, what)| (name.as_str(), *what));
    let all = std::iter::once(TEXT)
        .chain(texts)
        .chain(std::iter::once(DUMP))
        .chain(dumps)
        .chain([PACKETS]);
    rows.splice(place..place, all);
    let wrappings: Vec<_> =
        WRAPPINGS.iter().map(|(name, what)| (format!("  {name}"), *what)).collect();
    rows.push(WRAPPED);
    rows.extend(wrappings.iter().map(|(name, what)| (name.as_str(), *what)));
    let tools: Vec<_> = TOOLS.iter().map(|(name, what)| (format!("  {name}"), *what)).collect();
    let place = rows.iter().position(|(name, _)| *name == "jsonl").unwrap_or(rows.len());
    rows.splice(place..place, tools.iter().map(|(name, what)| (name.as_str(), *what)));
    text::list(&rows, look, out)?;
    Ok(())
}

/// Reads the inputs and writes what each of them was found to be: how many records each format took,
/// how many none of them took and where the first of those stand, which assumptions were made, and
/// where JSON records keep their parts.
///
/// Returns whether each named input could be read and holds an exchange.
///
/// # Errors
/// Those of `out`, and of options that say nothing.
pub fn inspect(job: &Job, look: Look, out: &mut dyn Write) -> Result<bool, Error> {
    let options = analyze::read_options(job)?;
    let outcome = engine::read(&Inputs::find(&job.inputs), &options, || Counter, &());
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut whole = true;
    for summary in &outcome.inputs {
        let name = analyze::name_of(summary);
        let assumed = outcome.harvest.of(&summary.facts);
        if !rows.is_empty() {
            rows.push((String::new(), String::new()));
        }
        whole &= !summary.named || (summary.error.is_none() && summary.exchanges > 0);
        rows.push((name, head(summary)));
        rows.extend(lines(summary, assumed).into_iter().map(|(n, s)| (format!("  {n}"), s)));
    }
    let rows: Vec<_> = rows.iter().map(|(name, what)| (name.as_str(), what.as_str())).collect();
    text::table(&rows, look, out)?;
    Ok(whole)
}

fn head(summary: &InputSummary) -> String {
    if let Some(error) = &summary.error {
        return error.to_string();
    }
    let cut = if summary.truncated { ", cut off at its end" } else { "" };
    format!("{}, {} exchanges{cut}", summary.facts.format, summary.exchanges)
}

fn lines(summary: &InputSummary, assumed: Assumed) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let skipped: u64 = summary.skipped.values().map(|noted| noted.count).sum();
    let whole = summary.exchanges + skipped;
    for (name, count) in &summary.formats {
        rows.push(((*name).to_owned(), share(*count, whole)));
    }
    for (reason, noted) in &summary.skipped {
        rows.push((reason.to_string(), format!("{}{}", share(noted.count, whole), places(noted))));
    }
    for (repair, noted) in &summary.repaired {
        rows.push((format!("repaired: {repair}"), format!("{}{}", noted.count, places(noted))));
    }
    if summary.passed > 0 {
        let what = "blank lines, directives and parts of other records";
        rows.push(("no records".to_owned(), format!("{} {what}", summary.passed)));
    }
    for (wrapping, count) in &summary.wrappings {
        rows.push(("unwrapped".to_owned(), format!("{count} lines from {wrapping}")));
    }
    if summary.years_assumed > 0 {
        let count = summary.years_assumed;
        let what =
            format!("{count} times name no year: the latest that fits the log's last change");
        rows.push(("assumed".to_owned(), format!("{what}, or what --year says")));
    }
    if assumed.zone > 0 {
        let what = format!("{} times name no zone: UTC, or what --tz says", assumed.zone);
        rows.push(("assumed".to_owned(), what));
    }
    if assumed.timeless > 0 {
        rows.push(("without a time".to_owned(), assumed.timeless.to_string()));
    }
    if !summary.fields.is_empty() {
        let fields: Vec<_> = summary.fields.iter().map(|(f, path)| format!("{f}={path}")).collect();
        rows.push(("fields".to_owned(), format!("{} (as --map takes them)", fields.join(", "))));
    }
    rows
}

fn share(count: u64, whole: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    let percent = count as f64 * 100.0 / whole.max(1) as f64;
    if count == whole { count.to_string() } else { format!("{count} ({percent:.1} %)") }
}

/// `, first at lines 3, 9`.
fn places(noted: &Noted) -> String {
    let place = |position: &Position| match position {
        Position { line: Some(line), .. } => format!("line {line}"),
        Position { entry: Some(entry), .. } => format!("entry {entry}"),
        Position { byte, .. } => format!("byte {}", byte.unwrap_or_default()),
    };
    match noted.first.as_slice() {
        [] => String::new(),
        all => format!(", first: {}", all.iter().map(place).collect::<Vec<_>>().join(", ")),
    }
}

/// What was assumed of the exchanges of one input.
#[derive(Clone, Copy, Debug, Default)]
struct Assumed {
    zone: u64,
    timeless: u64,
}

/// What was assumed, by source and member.
#[derive(Debug, Default)]
struct Counts(BTreeMap<(Arc<str>, Option<Arc<str>>), Assumed>);

impl Counts {
    fn of(&self, facts: &InputFacts) -> Assumed {
        let key = (Arc::clone(&facts.source), facts.member.clone());
        self.0.get(&key).copied().unwrap_or_default()
    }
}

/// Counts what was assumed.
struct Counter;

impl Gatherer for Counter {
    type Harvest = Counts;

    fn observe(&mut self, harvest: &mut Counts, exchange: &Exchange<'_>, input: &InputFacts) {
        let zone = exchange.time.is_some_and(|time| time.zone_assumed);
        if !zone && exchange.time.is_some() {
            return;
        }
        let key = (Arc::clone(&input.source), input.member.clone());
        let counts = harvest.0.entry(key).or_default();
        counts.zone += u64::from(zone);
        counts.timeless += u64::from(exchange.time.is_none());
    }

    fn rebase(_: &mut Counts, _: u64, _: u64) {}

    fn merge(into: &mut Counts, other: Counts) {
        for (key, counts) in other.0 {
            let mine = into.0.entry(key).or_default();
            mine.zone += counts.zone;
            mine.timeless += counts.timeless;
        }
    }
}
