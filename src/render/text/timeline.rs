//! Counts over time: a row of bars for each cause over one axis.

use std::collections::BTreeMap;
use std::io;

use jiff::Timestamp;

use super::axis::Axis;
use super::page::{Ink, Page, Span, solid, span};
use super::when::{count, millis, number, span_of};
use crate::model::{ByCause, Report, TimelineBucket};

/// Causes with a row of their own; the others share one.
const ROWS: usize = 6;
/// Columns for names: the longest cause ids have 25 letters.
const NAME: usize = 26;

/// Writes the timeline; nothing when no failure has a time, or all fall into one bucket.
pub(super) fn chart(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let buckets: Vec<(i64, &TimelineBucket)> = report
        .timeline
        .buckets
        .iter()
        .filter_map(|bucket| Some((millis(Some(&bucket.start))?, bucket)))
        .collect();
    let mut causes: BTreeMap<&str, u64> = BTreeMap::new();
    for (cause, n) in buckets.iter().flat_map(|(_, bucket)| bucket.failures.iter()) {
        *causes.entry(cause).or_default() += n;
    }
    if causes.is_empty() || buckets.len() < 2 {
        return Ok(());
    }
    let mut causes: Vec<(&str, u64)> = causes.into_iter().collect();
    causes.sort_by_key(|(id, n)| (std::cmp::Reverse(*n), *id));

    let name = causes
        .iter()
        .take(ROWS)
        .map(|(id, _)| id.len() + 2)
        .max()
        .unwrap_or(0)
        .clamp("other causes".len() + 2, NAME);
    let room = page.look.columns().saturating_sub(name + "  peak 99,999".len());
    let unit = unit(report.timeline.width_s);
    let Some(axis) = Axis::fit(&worth_showing(&buckets, unit), unit, room) else { return Ok(()) };

    page.heading("TIMELINE", &caption(&axis))?;
    // One scale for all failures, so that rows can be compared; what was let in has its own.
    let mut rows: Vec<(&str, Counts)> = Vec::new();
    for (id, _) in causes.iter().take(ROWS) {
        let counts = Counts::of(&axis, &buckets, |bucket| bucket.failures.get(id));
        rows.push((id, counts));
    }
    if causes.len() > ROWS {
        let shown: Vec<&str> = causes.iter().take(ROWS).map(|(id, _)| *id).collect();
        let counts = Counts::of(&axis, &buckets, |bucket| {
            let others = bucket.failures.iter().filter(|(id, _)| !shown.contains(id));
            Some(others.map(|(_, n)| n).sum())
        });
        rows.push(("other causes", counts));
    }
    let peak = rows.iter().map(|(_, counts)| counts.peak()).max().unwrap_or(0);
    for (id, counts) in &rows {
        counts.row(page, name, id, Ink::Bad, peak)?;
    }
    let ok = Counts::of(&axis, &buckets, |bucket| Some(bucket.ok));
    let let_in: u64 = buckets.iter().map(|(_, bucket)| bucket.ok).sum();
    if ok.peak() == 0 && let_in > 0 {
        let elsewhere = format!("none in this span, {} outside of it", number(let_in));
        page.line(&[
            solid(Ink::Plain, format!("{:name$}", "let in")),
            span(Ink::Faint, elsewhere),
        ])?;
    } else {
        ok.row(page, name, "let in", Ink::Good, ok.peak())?;
    }

    let all = Counts::of(&axis, &buckets, |bucket| {
        let refused = [&bucket.failures, &bucket.expected, &bucket.lookalikes];
        Some(bucket.ok + refused.into_iter().map(ByCause::sum).sum::<u64>())
    });
    for line in scale(&axis, page, |column| all.columns.get(column).is_some_and(|n| *n > 0)) {
        let mut spans = vec![span(Ink::Plain, " ".repeat(name))];
        spans.push(line);
        page.line(&spans)?;
    }
    if report.timeline.untimed > 0 {
        let untimed = count(report.timeline.untimed, "exchange");
        page.line(&[span(Ink::Faint, format!("{untimed} without a time not shown"))])?;
    }
    Ok(())
}

/// Returns the buckets that the axis must show: those with failures, and what lies around them. Hours
/// before the first failure and after the last would only make the rest small.
fn worth_showing(buckets: &[(i64, &TimelineBucket)], unit: i64) -> Vec<i64> {
    let failed: Vec<i64> =
        buckets.iter().filter(|(_, b)| !b.failures.is_empty()).map(|(at, _)| *at).collect();
    let (Some(first), Some(last)) = (failed.first(), failed.last()) else { return Vec::new() };
    let near = unit.saturating_mul(12);
    let margin = near.max(last.saturating_sub(*first) / 4);
    let worth = |at: i64| {
        let next = failed.partition_point(|failed| *failed < at);
        let beside = [next.checked_sub(1), Some(next)].into_iter().flatten();
        let beside = beside.filter_map(|i| failed.get(i)).any(|failed| (at - failed).abs() <= near);
        let before = at < *first && first - at <= margin;
        let after = at > *last && at - last <= margin;
        beside || before || after
    };
    buckets.iter().map(|(at, _)| *at).filter(|at| worth(*at)).collect()
}

/// Says the day, the zone, what a column stands for and how a cut looks.
fn caption(axis: &Axis) -> String {
    let start = Timestamp::from_millisecond(axis.start()).unwrap_or_default().to_string();
    let day = start.get(..10).unwrap_or_default();
    let wide = span_of(axis.step());
    let columns = match axis.cell() {
        1 => format!("a column is {wide}"),
        n => format!("{n} columns are {wide}"),
    };
    let from = if axis.spans_days() { "from " } else { "" };
    let cut = if axis.cuts().next().is_some() {
        "; // cuts out a long time without failures"
    } else {
        ""
    };
    format!("{from}{day} UTC, {columns}{cut}")
}

/// Returns the bucket width in whole milliseconds, at least one.
fn unit(width_s: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and widths are small")]
    let millis = (width_s * 1e3).round() as i64;
    millis.max(1)
}

/// Counts by column of an axis.
struct Counts {
    columns: Vec<u64>,
}

impl Counts {
    fn of(
        axis: &Axis,
        buckets: &[(i64, &TimelineBucket)],
        n: impl Fn(&TimelineBucket) -> Option<u64>,
    ) -> Self {
        let mut columns = vec![0; axis.columns()];
        for (at, bucket) in buckets {
            let Some(first) = axis.column(*at) else { continue };
            for column in columns.iter_mut().skip(first).take(axis.cell()) {
                *column += n(bucket).unwrap_or(0);
            }
        }
        Self { columns }
    }

    /// Returns the highest count of a column.
    fn peak(&self) -> u64 {
        self.columns.iter().copied().max().unwrap_or(0)
    }

    /// Writes name, bars (full at `full`) and the highest count of a column.
    fn row(
        &self,
        page: &mut Page<'_>,
        name: usize,
        title: &str,
        ink: Ink,
        full: u64,
    ) -> io::Result<()> {
        let levels = if page.look.unicode {
            ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
        } else {
            [".", ".", ":", ":", "+", "+", "#", "#"]
        };
        let bars: String = self
            .columns
            .iter()
            .map(|n| match usize::try_from((n.saturating_mul(8)).div_ceil(full.max(1))) {
                Ok(level) if level > 0 => levels[level.min(8) - 1],
                _ => " ",
            })
            .collect();
        let title = title.get(..name - 2).unwrap_or(title);
        page.line(&[
            solid(Ink::Plain, format!("{title:name$}")),
            solid(ink, bars),
            solid(Ink::Faint, format!("  peak {}", number(self.peak()))),
        ])
    }
}

/// Returns the two lines below a chart: a rule with ticks, solid where something was recorded, and
/// the labels of the ticks.
pub(super) fn scale(axis: &Axis, page: &Page<'_>, seen: impl Fn(usize) -> bool) -> [Span; 2] {
    let look = page.look;
    let (line, tick, silent) = (look.glyph("─", "-"), look.glyph("┬", "+"), look.glyph("╌", " "));
    let mut rule: Vec<&str> =
        (0..axis.columns()).map(|column| if seen(column) { line } else { silent }).collect();
    for cut in axis.cuts() {
        for (cell, mark) in rule.iter_mut().skip(cut).zip([" ", "//", ""]) {
            *cell = mark;
        }
    }
    let mut labels = String::new();
    for (column, label) in axis.ticks() {
        if let Some(cell) = rule.get_mut(column) {
            *cell = tick;
        }
        let pad = column.saturating_sub(labels.len());
        labels.push_str(&" ".repeat(pad));
        labels.push_str(&label);
    }
    [solid(Ink::Faint, rule.concat()), solid(Ink::Faint, labels)]
}
