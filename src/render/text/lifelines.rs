//! The lives of tokens on one axis: when each was issued, used, let in, refused, and when it expired.

use std::io;

use unicode_width::UnicodeWidthStr;

use super::axis::Axis;
use super::causes::left_out;
use super::page::{Ink, Page, Span, solid, span};
use super::timeline::scale;
use super::when::{Clock, count, millis, number};
use crate::model::{Lifeline, Report};

/// Tokens drawn unless the look is verbose.
const TOKENS: usize = 6;
/// Milliseconds below which nobody looks.
const UNIT: i64 = 100;
/// Parts in which a time of use is marked, so that no part of it is taken for a silence.
const PARTS: i64 = 64;

/// Writes the lifelines; nothing when no token has a time.
pub(super) fn chart(page: &mut Page<'_>, report: &Report, clock: Clock) -> io::Result<()> {
    let shown = if page.look.verbose { report.tokens.len() } else { TOKENS };
    let lives: Vec<(&Lifeline, Life)> =
        report.tokens.iter().take(shown).map(|line| (line, Life::of(line))).collect();
    let name = lives.iter().map(|(line, _)| line.fingerprint.width() + 2).max().unwrap_or(0);
    let room = page.look.columns().saturating_sub(name);
    let marks = marks(&lives);
    let Some(axis) = Axis::fit(&marks, UNIT, room) else { return Ok(()) };

    let (dot, refused) = (page.look.glyph("·", "."), "x");
    let key = format!("I issued, {dot} in use, o let in, {refused} refused, | exp, > replaced");
    page.heading("TOKENS", &key)?;
    for (line, life) in &lives {
        let mut spans = vec![solid(Ink::Plain, format!("{:name$}", line.fingerprint))];
        spans.extend(life.draw(&axis, page));
        page.line(&spans)?;
        page.para("", name, &pad(name, about(line, page, clock)))?;
    }
    for line in scale(&axis, page, |_| true) {
        page.line(&[span(Ink::Plain, " ".repeat(name)), line])?;
    }
    if report.tokens.len() > shown {
        let more = (report.tokens.len() - shown) as u64;
        page.line(&[span(Ink::Faint, format!("{} with -v", count(more, "more token")))])?;
    }
    left_out(page, report, "tokens", "")
}

fn pad(name: usize, spans: Vec<Span>) -> Vec<Span> {
    let mut padded = vec![solid(Ink::Plain, " ".repeat(name))];
    padded.extend(spans);
    padded
}

/// Says below a line what the drawing cannot: kind, key, exact expiry, counts, successor.
fn about(line: &Lifeline, page: &Page<'_>, clock: Clock) -> Vec<Span> {
    let dot = page.look.dot();
    let mut parts = Vec::new();
    let kind = [Some(line.kind.clone()), line.alg.clone()];
    let kind: Vec<String> = kind.into_iter().flatten().filter(|k| !k.is_empty()).collect();
    if !kind.is_empty() {
        parts.push(kind.join(" "));
    }
    if let Some(kid) = &line.kid {
        parts.push(format!("kid {kid}"));
    }
    match (&line.exp, &line.exp_raw) {
        (Some(exp), _) => parts.push(format!("exp {}", clock.show(Some(exp)))),
        (None, Some(raw)) => parts.push(format!("exp {raw}, no number of seconds")),
        (None, None) => {}
    }
    parts.push(format!("{}, {} refused", count(line.uses, "use"), number(line.refusals)));
    if let Some(next) = &line.replaced_by {
        parts.push(format!("replaced by {next}"));
    } else if line.refreshes > 0 {
        parts.push(format!("{} seen", count(line.refreshes, "refresh")));
    }
    if let Some((cause, _)) = line.causes.first() {
        parts.push(cause.to_string());
    }
    let mut spans = Vec::new();
    for part in parts {
        if !spans.is_empty() {
            spans.push(span(Ink::Faint, dot));
        }
        spans.push(solid(Ink::Faint, part));
    }
    spans
}

/// The instants of a lifeline in milliseconds.
struct Life {
    issued: Option<i64>,
    exp: Option<i64>,
    first_use: Option<i64>,
    last_use: Option<i64>,
    last_success: Option<i64>,
    first_refusal: Option<i64>,
    last_refusal: Option<i64>,
    replaced: bool,
}

impl Life {
    fn of(line: &Lifeline) -> Self {
        let at = |time: &Option<String>| millis(time.as_deref());
        Self {
            issued: at(&line.issued).or(at(&line.iat)),
            exp: at(&line.exp),
            first_use: at(&line.first_use),
            last_use: at(&line.last_use),
            last_success: at(&line.last_success),
            first_refusal: at(&line.first_refusal),
            last_refusal: at(&line.last_refusal),
            replaced: line.replaced_by.is_some(),
        }
    }

    /// Instants of traffic, and some in between; these alone span the axis.
    fn traffic(&self) -> impl Iterator<Item = i64> {
        let known = [
            self.first_use,
            self.last_use,
            self.last_success,
            self.first_refusal,
            self.last_refusal,
        ];
        let between = self.first_use.zip(self.last_use).into_iter().flat_map(|(first, last)| {
            let part = last.saturating_sub(first) / PARTS;
            (1..PARTS).map(move |i| first.saturating_add(part.saturating_mul(i)))
        });
        known.into_iter().flatten().chain(between)
    }

    /// Draws the line: each column in the ink of what happened there.
    fn draw(&self, axis: &Axis, page: &Page<'_>) -> Vec<Span> {
        let mut cells: Vec<(Ink, &'static str)> = vec![(Ink::Plain, " "); axis.columns()];
        let dot = page.look.glyph("·", ".");
        let column = |at: Option<i64>| at.and_then(|at| axis.column(at));
        let first_bad = column(self.first_refusal);
        if let (Some(first), Some(last)) = (column(self.first_use), column(self.last_use)) {
            for (i, cell) in cells.iter_mut().enumerate().take(last + 1).skip(first) {
                let bad = first_bad.is_some_and(|bad| i >= bad);
                *cell = (if bad { Ink::Bad } else { Ink::Good }, dot);
            }
        }
        let mut put = |at: Option<usize>, ink: Ink, mark: &'static str| {
            if let Some(cell) = at.and_then(|at| cells.get_mut(at)) {
                *cell = (ink, mark);
            }
        };
        put(column(self.issued), Ink::Plain, "I");
        if self.first_use != self.first_refusal {
            put(column(self.first_use), Ink::Good, "o");
        }
        put(column(self.last_success), Ink::Good, "o");
        put(first_bad, Ink::Bad, "x");
        put(column(self.last_refusal), Ink::Bad, "x");
        put(column(self.exp), Ink::Strong, "|");
        if self.replaced {
            put(column(self.last_use).map(|at| at + 1), Ink::Plain, ">");
        }
        cells.into_iter().map(|(ink, mark)| solid(ink, mark)).collect()
    }
}

/// Returns the instants that the axis must show: all traffic, and of issue and expiry what lies near.
fn marks(lives: &[(&Lifeline, Life)]) -> Vec<i64> {
    let mut marks: Vec<i64> = lives.iter().flat_map(|(_, life)| life.traffic()).collect();
    marks.sort_unstable();
    if let (Some(first), Some(last)) = (marks.first().copied(), marks.last().copied()) {
        let margin = last.saturating_sub(first) / 4;
        let near = first.saturating_sub(margin)..=last.saturating_add(margin);
        let edges = lives.iter().flat_map(|(_, life)| [life.issued, life.exp]).flatten();
        marks.extend(edges.filter(|at| near.contains(at)));
    }
    marks.sort_unstable();
    marks
}
