//! The report for a terminal: what failed, since when, for whom, why; the proof and the cure below.

mod axis;
mod card;
mod causes;
mod lifelines;
mod notes;
mod page;
mod timeline;
mod token;
pub(super) mod when;

use std::io::{self, Write};

use super::Render;
use crate::model::{Class, Report};

pub use card::{card, family, list, table};
pub(super) use causes::{confidence, facts, pointer};
pub(super) use notes::{NO_SUCCESS, client, first_places, hit, knows_a_sample};
pub use page::{Look, Palette};
pub(super) use page::{escape, is_unsafe};
pub use token::token;

use page::{Ink, Page, prose, solid, span};
use when::{Clock, count, number, numbers};

/// The report as text, in one look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Text {
    look: Look,
}

impl Text {
    /// Makes a renderer that writes in `look`.
    pub fn new(look: Look) -> Self {
        Self { look }
    }
}

impl Render for Text {
    fn render(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let clock = Clock::of(&report.period);
        let mut page = Page::new(out, self.look);
        headline(&mut page, report, clock)?;
        causes::table(&mut page, report, clock)?;
        timeline::chart(&mut page, report)?;
        causes::details(&mut page, report, clock)?;
        notes::story(&mut page, report, clock)?;
        notes::incidents(&mut page, report, clock)?;
        lifelines::chart(&mut page, report, clock)?;
        notes::groups(&mut page, report)?;
        notes::not_failures(&mut page, report)?;
        notes::footnotes(&mut page, report)?;
        notes::next(&mut page, report)
    }
}

/// Writes the title, one or two sentences on what happened, and the counts.
fn headline(page: &mut Page<'_>, report: &Report, clock: Clock) -> io::Result<()> {
    if let Some(title) = &report.title {
        page.para("", 0, &[span(Ink::Strong, title)])?;
        page.gap()?;
    }
    let summary = summary(report);
    let ink = if report.totals.failure > 0 { Ink::Strong } else { Ink::Good };
    page.para("", 0, &prose(ink, &summary))?;
    page.gap()?;
    advice(page, report)?;

    let totals = &report.totals;
    let dot = span(Ink::Faint, page.look.dot());
    let mut spans = vec![
        solid(Ink::Plain, count(totals.exchanges, "exchange")),
        span(Ink::Plain, " "),
        solid(Ink::Plain, format!("from {}", count(report.inputs.len() as u64, "input"))),
    ];
    let ink = if totals.failure > 0 { Ink::Bad } else { Ink::Good };
    spans.extend([dot.clone(), solid(ink, count(totals.failure, "failure"))]);
    spans.extend([dot.clone(), solid(Ink::Good, format!("{} ok", number(totals.ok)))]);
    if totals.expected > 0 {
        let text = count(totals.expected, "expected refusal");
        spans.extend([dot.clone(), solid(Ink::Plain, text)]);
    }
    if totals.lookalike > 0 {
        let text = format!("{} not for auth", count(totals.lookalike, "refusal"));
        spans.extend([dot.clone(), solid(Ink::Plain, text)]);
    }
    if let Some(first) = &report.period.first {
        let day = first.get(..10).unwrap_or_default();
        let range = clock.range(Some(first), report.period.last.as_deref());
        // The year stands here at least.
        let range = if range.starts_with(day) { range } else { format!("{day} {range}") };
        let text = format!(
            "{} UTC",
            range.replacen(&format!("{day} {}", day.get(5..).unwrap_or_default()), day, 1)
        );
        spans.extend([dot, solid(Ink::Plain, text)]);
    }
    page.para("", 0, &spans)
}

/// Writes the timeline alone, under its heading; nothing where there is nothing to draw.
pub(super) fn timeline(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    timeline::chart(&mut Page::new(out, look), report)
}

/// Returns the one sentence that says what happened.
pub(super) fn summary(report: &Report) -> String {
    if report.summary.is_empty() { fallback(report) } else { numbers(&report.summary) }
}

/// Writes what helps most, so that it stands on the first screen.
fn advice(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let failures: Vec<_> = report.causes.iter().filter(|c| c.class == Class::Failure).collect();
    let Some(worst) = failures.first().filter(|worst| !worst.advice.is_empty()) else {
        return Ok(());
    };
    // Among equals none is the first to mend.
    let equals = failures.iter().filter(|cause| cause.count == worst.count).count();
    let label = if failures.len() == 1 || equals > 1 { "do" } else { "do first" };
    let mut spans = prose(Ink::Plain, &worst.advice);
    if failures.len() > 1 && worst.count < report.totals.failure {
        let more = match equals {
            1 => String::new(),
            n => format!(", one of {n} causes with {}", count(worst.count, "failure")),
        };
        spans.extend([span(Ink::Plain, " "), solid(Ink::Faint, format!("({}", worst.id))]);
        spans.push(span(Ink::Faint, format!("{more})")));
    }
    page.para(label, label.len() + 2, &spans)?;
    page.gap()
}

/// Says what happened when the report brings no sentence of its own.
fn fallback(report: &Report) -> String {
    let totals = &report.totals;
    let worst = report.causes.iter().find(|c| c.class == Class::Failure);
    match worst {
        _ if totals.exchanges == 0 => "nothing was read".to_owned(),
        Some(worst) if worst.count == totals.failure => format!(
            "{} of {} failed to authenticate, all for one cause: {}",
            number(totals.failure),
            count(totals.exchanges, "request"),
            lower_first(&worst.title)
        ),
        Some(worst) => format!(
            "{} of {} failed to authenticate, {} of them for one cause: {}",
            number(totals.failure),
            count(totals.exchanges, "request"),
            number(worst.count),
            lower_first(&worst.title)
        ),
        None => format!("no request failed to authenticate; {} read", number(totals.exchanges)),
    }
}

/// Lowers a title's first letter, unless it begins with an abbreviation.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}
