//! The report for a ticket or a step summary: GitHub's Markdown, the evidence folded away.
//!
//! No value of a capture can be more than text (`safe.rs`), and the program adds no link of its own.

mod notes;
mod safe;

use std::io::{self, Write};

use super::Render;
use super::text::when::{Clock, count, number, percent};
use super::text::{self, Look, confidence, facts, pointer};
use crate::model::{CauseRow, Class, ExampleRow, Report};

use safe::{cell, code, fenced, prose};

/// Causes with a section in full view; the others are folded together.
const SECTIONS: usize = 5;
/// Names listed before the rest is counted.
const NAMES: usize = 4;
/// Columns of the timeline: what a comment on GitHub shows without a scroll bar.
const COLUMNS: usize = 88;

/// The report as GitHub's Markdown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Markdown;

impl Render for Markdown {
    fn render(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let clock = Clock::of(&report.period);
        headline(report, clock, out)?;
        table(report, clock, out)?;
        timeline(report, out)?;
        causes(report, clock, out)?;
        notes::story(report, clock, out)?;
        notes::incidents(report, clock, out)?;
        notes::groups(report, out)?;
        notes::not_counted(report, out)?;
        notes::unseen(report, out)?;
        next(report, out)
    }
}

fn headline(report: &Report, clock: Clock, out: &mut dyn Write) -> io::Result<()> {
    let title = report.title.as_deref().unwrap_or("Authentication report");
    writeln!(out, "## {}\n\n{}\n", prose(title), prose(&text::summary(report)))?;
    let totals = &report.totals;
    let mut counts = vec![
        format!(
            "{} from {}",
            count(totals.exchanges, "exchange"),
            count(report.inputs.len() as u64, "input")
        ),
        format!("**{}**", count(totals.failure, "failure")),
        format!("{} ok", number(totals.ok)),
    ];
    if totals.expected > 0 {
        counts.push(format!("{} expected", number(totals.expected)));
    }
    if totals.lookalike > 0 {
        counts.push(count(totals.lookalike, "lookalike"));
    }
    if let Some(first) = &report.period.first {
        let day = first.get(..10).unwrap_or_default();
        let range = clock.range(Some(first), report.period.last.as_deref());
        let day = if range.contains(day) { String::new() } else { format!("{day} ") };
        counts.push(prose(&format!("{day}{range} UTC")));
    }
    writeln!(out, "{}", counts.join(" · "))
}

fn table(report: &Report, clock: Clock, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<&CauseRow> = of(report, Class::Failure).collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n| cause | failures | share | | first | last | confidence |")?;
    writeln!(out, "| :-- | --: | --: | :-- | :-- | :-- | :-- |")?;
    for cause in &rows {
        let cells = [
            code(cause.id.as_str()),
            number(cause.count),
            percent(cause.share),
            Look::default().bar(cause.share, 12),
            prose(&clock.show(cause.first.as_deref())),
            prose(&clock.show(cause.last.as_deref())),
            prose(&confidence(cause, 4)),
        ];
        writeln!(out, "| {} |", cells.map(|text| cell(&text)).join(" | "))?;
    }
    left_out(report, "causes", out)
}

fn timeline(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut chart = Vec::new();
    text::timeline(report, Look { width: COLUMNS, ..Look::default() }, &mut chart)?;
    if chart.is_empty() {
        return Ok(());
    }
    write!(out, "\n{}", fenced(&String::from_utf8_lossy(&chart)))
}

fn causes(report: &Report, clock: Clock, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<&CauseRow> = of(report, Class::Failure).collect();
    let (shown, folded) = rows.split_at_checked(SECTIONS).unwrap_or((&rows, &[]));
    for cause in shown {
        section(cause, clock, out)?;
    }
    if !folded.is_empty() {
        let more = count(folded.len() as u64, "more cause");
        writeln!(out, "\n<details><summary>{more}</summary>")?;
        for cause in folded {
            section(cause, clock, out)?;
        }
        writeln!(out, "\n</details>")?;
    }
    Ok(())
}

fn section(cause: &CauseRow, clock: Clock, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n### {} {}\n", code(cause.id.as_str()), prose(&cause.title))?;
    let mut facts = vec![count(cause.count, "failure")];
    if cause.first.is_some() {
        facts.push(prose(&clock.range(cause.first.as_deref(), cause.last.as_deref())));
    }
    facts.push(prose(&confidence(cause, 4)));
    for (list, one) in [("clients", "client"), ("users", "user"), ("tokens", "token")] {
        let n = cause.distinct.get(list).copied().unwrap_or(0);
        if n > 0 {
            facts.push(count(n, one));
        }
    }
    writeln!(out, "{}\n", facts.join(" · "))?;
    if !cause.summary.is_empty() {
        writeln!(out, "- **What:** {}", prose(&cause.summary))?;
    }
    for (label, list, names) in
        [("Where", "endpoints", &cause.endpoints), ("Tokens", "tokens", &cause.tokens)]
    {
        if !names.is_empty() {
            let whole = cause.distinct.get(list).copied().unwrap_or(names.len() as u64);
            writeln!(out, "- **{label}:** {}", named(names, whole, cause.count))?;
        }
    }
    said(cause, out)?;
    if !cause.also.is_empty() {
        let also: Vec<(String, u64)> =
            cause.also.iter().map(|(id, n)| (id.to_string(), *n)).collect();
        writeln!(out, "- **Also:** {}", named(&also, also.len() as u64, cause.count))?;
    }
    if !cause.advice.is_empty() {
        writeln!(out, "- **Do:** {}", prose(&cause.advice))?;
    }
    if let Some(case) = &cause.advice_case {
        let of = if case.count == cause.count {
            String::new()
        } else {
            format!(" ({} of {})", number(case.count), number(cause.count))
        };
        writeln!(out, "- **Here:** {}{of}", prose(&case.text))?;
    }
    evidence(cause, clock, out)?;
    advice(cause, out)
}

/// Writes what the servers said, most frequent first.
fn said(cause: &CauseRow, out: &mut dyn Write) -> io::Result<()> {
    let mut list: Vec<String> = cause
        .messages
        .iter()
        .take(NAMES)
        .map(|message| {
            let count = match message.count {
                n if n == cause.count => String::new(),
                n => format!(" {}", number(n)),
            };
            format!("{}{count} ({})", code(message.shown()), code(&message.place))
        })
        .collect();
    if list.is_empty() {
        return Ok(());
    }
    let all = cause.distinct.get("messages").copied().unwrap_or_default();
    let more = all.max(cause.messages.len() as u64) - list.len() as u64;
    if more > 0 {
        list.push(format!("{} more", number(more)));
    }
    writeln!(out, "- **Said:** {}", list.join(", "))
}

fn evidence(cause: &CauseRow, clock: Clock, out: &mut dyn Write) -> io::Result<()> {
    if cause.examples.is_empty() {
        return Ok(());
    }
    let shown = number(cause.examples.len() as u64);
    let all = count(cause.count, "request");
    writeln!(out, "\n<details><summary>Evidence: {shown} of {all}</summary>\n")?;
    for example in &cause.examples {
        let mut head = vec![code(&pointer(example))];
        if example.time.is_some() {
            head.push(prose(&clock.show(example.time.as_deref())));
        }
        head.push(example.status.map_or("no status".to_owned(), |status| status.to_string()));
        head.push(code(&example.endpoint));
        writeln!(out, "- {}", head.join(" · "))?;
        for fact in facts(example) {
            writeln!(out, "  - {} ({})", prose(&fact.fact), code(&fact.place))?;
        }
        server(example, out)?;
    }
    writeln!(out, "\n</details>")
}

/// Writes what the server said, and whether it agrees with the evidence.
fn server(example: &ExampleRow, out: &mut dyn Write) -> io::Result<()> {
    let said = &example.server;
    let Some(words) = &said.text else { return Ok(()) };
    let place = said.place.as_deref().map_or(String::new(), |place| format!(" ({})", code(place)));
    let verdict = match (said.agrees.as_str(), &said.says) {
        ("agrees", Some(_)) if facts(example).next().is_none() => {
            "; nothing in the capture says otherwise".to_owned()
        }
        ("agrees", _) => ", and the evidence agrees".to_owned(),
        ("contradicts", Some(says)) => {
            format!(
                ", **which the evidence contradicts:** these words mean {}",
                code(says.as_str())
            )
        }
        ("contradicts", None) => ", **which the evidence contradicts**".to_owned(),
        _ => ", which names no cause".to_owned(),
    };
    writeln!(out, "  - the server says {}{place}{verdict}", code(words))
}

fn advice(cause: &CauseRow, out: &mut dyn Write) -> io::Result<()> {
    let sides = [("At the client", &cause.advice_client), ("At the server", &cause.advice_server)];
    if sides.iter().all(|(_, text)| text.is_empty()) {
        return Ok(());
    }
    writeln!(out, "\n<details><summary>The cure at the client and at the server</summary>\n")?;
    for (side, text) in sides.into_iter().filter(|(_, text)| !text.is_empty()) {
        writeln!(out, "- **{side}:** {}", prose(text))?;
    }
    writeln!(out, "\n</details>")
}

/// Lists names with their counts, where they are not the whole: `` `GET a` 58, `GET b` 13, 5 more ``.
fn named(names: &[(String, u64)], distinct: u64, whole: u64) -> String {
    let mut list: Vec<String> = names
        .iter()
        .take(NAMES)
        .map(|(name, n)| {
            let count = if *n == whole { String::new() } else { format!(" {}", number(*n)) };
            code(name) + &count
        })
        .collect();
    let more = distinct.max(names.len() as u64) - list.len() as u64;
    if more > 0 {
        list.push(format!("{} more", number(more)));
    }
    list.join(", ")
}

fn of(report: &Report, class: Class) -> impl Iterator<Item = &CauseRow> {
    report.causes.iter().filter(move |cause| cause.class == class)
}

fn left_out(report: &Report, list: &str, out: &mut dyn Write) -> io::Result<()> {
    match report.left_out.get(list) {
        Some(n) if *n > 0 => writeln!(out, "\n{} more {list} left out (`--top`)", number(*n)),
        _ => Ok(()),
    }
}

fn next(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Some(worst) = of(report, Class::Failure).next() else { return Ok(()) };
    writeln!(out, "\n{} tells more", code(&format!("authopsy explain {}", worst.id)))
}
