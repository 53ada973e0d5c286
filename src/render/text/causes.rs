//! The causes: a table to see which, and a block for each with the proof and the cure.

use std::io;

use anstyle::Style;
use comfy_table::{Attribute, Cell, CellAlignment, Color, Table, presets};
use unicode_width::UnicodeWidthStr;

use super::page::{Ink, Page, Span, escape, prose, shorten, solid, span};
use super::when::{Clock, count, number};
use crate::model::{
    CauseRow, Class, Confidence, Evidence, ExampleRow, MessageRow, Position, Report,
};

/// Causes that get a block of their own unless the look is verbose.
pub(super) const BLOCKS: usize = 5;
/// Examples of a cause unless the look is verbose.
const EXAMPLES: usize = 2;
/// Facts shown of one example.
const FACTS: usize = 3;
/// Wordings of the servers unless the look is verbose.
const MESSAGES: usize = 3;

/// Writes the failures by cause, most first, as a table with bars.
pub(super) fn table(page: &mut Page<'_>, report: &Report, clock: Clock) -> io::Result<()> {
    let rows: Vec<&CauseRow> = failures(report).collect();
    if rows.is_empty() {
        return Ok(());
    }
    page.gap()?;
    let columns = page.look.columns();
    let id = |cause: &CauseRow| shorten(&escape(cause.id.as_str()), columns / 2, &page.look);
    let ids = rows.iter().map(|c| id(c).width()).max().unwrap_or(0).max(5);
    let with_times = columns >= 56 + 2 * clock.columns();
    let with_confidence = columns >= 100;
    let with_spread = columns >= 124;
    // What the other columns take, two blanks between each.
    let taken = ids
        + 2
        + 8
        + 8
        + if with_times { 2 * (clock.columns() + 2) } else { 0 }
        + if with_confidence { 24 } else { 0 }
        + if with_spread { 30 } else { 0 };
    let bar = columns.saturating_sub(taken).clamp(6, 24);

    let mut table = Table::new();
    table.load_style(presets::NOTHING).force_no_tty();
    let mut header = vec!["CAUSE", "COUNT", "SHARE", ""];
    if with_times {
        header.extend(["FIRST", "LAST"]);
    }
    if with_confidence {
        header.push("CONFIDENCE");
    }
    if with_spread {
        header.extend(["TOKENS", "CLIENTS", "ENDPOINTS"]);
    }
    let coloured = page.look.palette.bad != Style::new();
    if coloured {
        table.enforce_styling();
    }
    table.set_header(header.into_iter().enumerate().map(|(i, text)| {
        let cell = Cell::new(text).set_alignment(alignment(i, with_times, with_confidence));
        if coloured { cell.add_attribute(Attribute::Dim) } else { cell }
    }));
    for cause in &rows {
        let mut cells = vec![
            Cell::new(id(cause)),
            Cell::new(number(cause.count)),
            Cell::new(format!("{:.1}%", cause.share * 100.0)),
            Cell::new(format!("{:bar$}", page.look.bar(cause.share, bar))),
        ];
        if coloured {
            cells[0] = Cell::new(id(cause)).add_attribute(Attribute::Bold);
            let bar = format!("{:bar$}", page.look.bar(cause.share, bar));
            cells[3] = Cell::new(bar).fg(colour(&page.look.palette.bad));
        }
        if with_times {
            cells.push(Cell::new(escape(&clock.show(cause.first.as_deref()))));
            cells.push(Cell::new(escape(&clock.show(cause.last.as_deref()))));
        }
        if with_confidence {
            cells.push(Cell::new(shorten(&confidence(cause, 2), 22, &page.look)));
        }
        if with_spread {
            for name in ["tokens", "clients", "endpoints"] {
                cells.push(Cell::new(match distinct(cause, name) {
                    0 => "-".to_owned(),
                    n => number(n),
                }));
            }
        }
        for (i, cell) in cells.iter_mut().enumerate() {
            let aligned = alignment(i, with_times, with_confidence);
            *cell = cell.clone().set_alignment(aligned);
        }
        table.add_row(cells);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    page.raw(&table.to_string())?;
    left_out(page, report, "causes", "")
}

/// Returns the colour of a style as comfy-table names it.
fn colour(style: &Style) -> Color {
    match style.get_fg_color() {
        Some(anstyle::Color::Ansi256(color)) => Color::AnsiValue(color.0),
        Some(anstyle::Color::Rgb(color)) => Color::Rgb { r: color.0, g: color.1, b: color.2 },
        Some(anstyle::Color::Ansi(color)) => Color::AnsiValue(color as u8),
        None => Color::Reset,
    }
}

/// Numbers stand on the right of their column, all else on the left.
fn alignment(column: usize, with_times: bool, with_confidence: bool) -> CellAlignment {
    let after = 4 + if with_times { 2 } else { 0 } + usize::from(with_confidence);
    if matches!(column, 1 | 2) || column >= after {
        CellAlignment::Right
    } else {
        CellAlignment::Left
    }
}

/// Writes a block for each of the most frequent causes of failure.
pub(super) fn details(page: &mut Page<'_>, report: &Report, clock: Clock) -> io::Result<()> {
    let rows: Vec<&CauseRow> = failures(report).collect();
    let shown = if page.look.verbose { rows.len() } else { BLOCKS };
    for cause in rows.iter().take(shown) {
        block(page, cause, clock)?;
    }
    if rows.len() > shown {
        let text =
            format!("{} in detail with -v", count((rows.len() - shown) as u64, "more cause"));
        page.gap()?;
        page.para("", 0, &[span(Ink::Faint, text)])?;
    }
    Ok(())
}

fn block(page: &mut Page<'_>, cause: &CauseRow, clock: Clock) -> io::Result<()> {
    page.gap()?;
    let mut head = vec![solid(Ink::Strong, cause.id.as_str()), span(Ink::Plain, "  ")];
    head.extend(prose(Ink::Plain, &cause.title));
    page.para("", 2, &head)?;

    let dot = || span(Ink::Faint, page_dot(page.look.unicode));
    let mut facts = vec![solid(Ink::Bad, count(cause.count, "failure"))];
    if cause.first.is_some() {
        let text = clock.range(cause.first.as_deref(), cause.last.as_deref());
        facts.extend([dot(), solid(Ink::Plain, text)]);
    }
    facts.extend([dot(), solid(Ink::Plain, confidence(cause, 4))]);
    for (name, one) in [("clients", "client"), ("users", "user"), ("tokens", "token")] {
        let n = distinct(cause, name);
        if n > 0 {
            facts.extend([dot(), solid(Ink::Plain, count(n, one))]);
        }
    }
    page.para("  count", 9, &facts)?;

    listed(page, "  where", cause, "endpoints", &cause.endpoints)?;
    if !cause.tokens.is_empty() {
        listed(page, "  tokens", cause, "tokens", &cause.tokens)?;
    }
    let examples = if page.look.verbose { cause.examples.len() } else { EXAMPLES };
    let mut before: Option<&ExampleRow> = None;
    for example in cause.examples.iter().take(examples) {
        proof(page, example, before, clock)?;
        before = Some(example);
    }
    said(page, cause, examples)?;
    if !cause.also.is_empty() {
        let list: Vec<(String, u64)> =
            cause.also.iter().map(|(id, n)| (id.to_string(), *n)).collect();
        page.para("  also", 9, &counted(page, &list, 4, None, cause.count))?;
    }
    if !cause.advice.is_empty() {
        page.para("  do", 9, &prose(Ink::Plain, &cause.advice))?;
    }
    if let Some(case) = &cause.advice_case {
        let mut spans = prose(Ink::Plain, &clock.within(&case.text));
        if case.count != cause.count {
            let share = format!(" ({} of {})", number(case.count), number(cause.count));
            spans.push(solid(Ink::Faint, share));
        }
        page.para("  here", 9, &spans)?;
    }
    Ok(())
}

/// Writes one exchange: where it stands, what was answered, and by what the cause is known.
///
/// What it shares with the example `before` it is not said again.
fn proof(
    page: &mut Page<'_>,
    example: &ExampleRow,
    before: Option<&ExampleRow>,
    clock: Clock,
) -> io::Result<()> {
    let mut spans = vec![solid(Ink::Code, pointer(example))];
    if example.time.is_some() {
        spans.extend([
            span(Ink::Plain, "  "),
            solid(Ink::Plain, clock.show(example.time.as_deref())),
        ]);
    }
    let status = example.status.map_or("no status".to_owned(), |status| status.to_string());
    let endpoint = shorten(&example.endpoint, page.look.columns().saturating_sub(13), &page.look);
    spans.extend([span(Ink::Plain, "  "), solid(Ink::Plain, status)]);
    spans.extend([span(Ink::Plain, "  "), solid(Ink::Plain, endpoint)]);
    let same = before.is_some_and(|before| {
        before.evidence == example.evidence && said_by(before) == said_by(example)
    });
    if same && !example.evidence.is_empty() {
        spans.push(span(Ink::Faint, ", by the same evidence"));
    }
    page.para("  seen", 9, &spans)?;
    if same {
        return Ok(());
    }
    for fact in facts(example).take(FACTS) {
        let mut spans = prose(Ink::Plain, &clock.within(&fact.fact));
        spans.extend([span(Ink::Plain, "  "), solid(Ink::Faint, format!("({})", fact.place))]);
        let bullet = page.look.glyph("•", "*");
        page.para(&format!("         {bullet}"), 11, &spans)?;
    }
    server(page, example)
}

/// Returns the evidence but for what only repeats the server's words, which have a line of their own.
pub(in crate::render) fn facts(example: &ExampleRow) -> impl Iterator<Item = &Evidence> {
    let said = example.server.text.as_deref().unwrap_or_default();
    example.evidence.iter().filter(move |fact| {
        said.is_empty() || !fact.place.starts_with("response") || !fact.fact.contains(said)
    })
}

/// Returns the server's word in an example, as far as it is shown.
fn said_by(example: &ExampleRow) -> (Option<&str>, Option<&str>, &str) {
    let said = &example.server;
    (said.text.as_deref(), said.place.as_deref(), &said.agrees)
}

/// Writes what the server said and whether the evidence bears it out, if there is any but its word.
fn server(page: &mut Page<'_>, example: &ExampleRow) -> io::Result<()> {
    let said = &example.server;
    let borne_out = facts(example).next().is_some();
    let Some(text) = &said.text else { return Ok(()) };
    if said.says.is_none() && said.place.as_deref() == Some("status") {
        return Ok(());
    }
    let (open, close) = if page.look.unicode { ("“", "”") } else { ("\"", "\"") };
    let mut spans = vec![span(Ink::Plain, format!("{open}{text}{close}"))];
    if let Some(place) = &said.place {
        spans.extend([span(Ink::Plain, " "), solid(Ink::Faint, format!("({place})"))]);
    }
    let verdict = match (said.agrees.as_str(), &said.says) {
        ("agrees", Some(_)) if !borne_out => {
            vec![span(Ink::Faint, " nothing in the capture says otherwise")]
        }
        ("agrees", _) => vec![span(Ink::Good, " the evidence agrees")],
        ("contradicts", Some(says)) => vec![
            span(Ink::Warn, " the evidence contradicts:"),
            span(Ink::Plain, " these words mean "),
            solid(Ink::Code, says.as_str()),
        ],
        ("contradicts", None) => vec![span(Ink::Warn, " the evidence contradicts")],
        _ => vec![span(Ink::Faint, " which names no cause")],
    };
    spans.push(span(Ink::Faint, ","));
    spans.extend(verdict);
    page.para("  server", 9, &spans)
}

/// Writes what the servers said, a wording a line, but for what examples show already.
///
/// What all of them said word for word adds nothing where the line of an example names a cause.
fn said(page: &mut Page<'_>, cause: &CauseRow, examples: usize) -> io::Result<()> {
    let shown = || cause.examples.iter().take(examples).map(|example| &example.server);
    let told = shown().any(|said| said.says.is_some() && said.place.as_deref() != Some("status"));
    let news = |message: &&MessageRow| {
        let of_all = told && message.count == cause.count;
        let by_examples = shown().filter(|said| said.text == message.text).count() as u64;
        message.text.is_none() || !of_all && by_examples < message.count
    };
    let rows: Vec<&MessageRow> = cause.messages.iter().filter(news).collect();
    let shown = if page.look.verbose { rows.len() } else { MESSAGES };
    let (open, close) = if page.look.unicode { ("“", "”") } else { ("\"", "\"") };
    for (i, message) in rows.iter().take(shown).enumerate() {
        let mut spans = vec![span(Ink::Plain, format!("{open}{}{close}", message.shown()))];
        if message.count != cause.count {
            spans.push(solid(Ink::Faint, format!(" {}", number(message.count))));
        }
        spans.extend([span(Ink::Plain, " "), solid(Ink::Faint, format!("({})", message.place))]);
        page.para(if i == 0 { "  said" } else { "   " }, 9, &spans)?;
    }
    let hidden = rows.len().saturating_sub(shown) as u64;
    let cut = distinct(cause, "messages").saturating_sub(cause.messages.len() as u64);
    for (n, how) in [(hidden, "with -v"), (cut, "left out (--top)")] {
        if n > 0 {
            let text = format!("{} {how}", count(n, "more wording"));
            page.para("   ", 9, &[span(Ink::Faint, text)])?;
        }
    }
    if cut == 0 && cause.messages_left_out > 0 {
        // Of many wordings of equal refusals not all are kept.
        let text = format!("{} something else", count(cause.messages_left_out, "time"));
        page.para("   ", 9, &[span(Ink::Faint, text)])?;
    }
    Ok(())
}

/// Returns where an exchange stands: `file:412` for a line, `file[17]` for an entry, `file@9000` for
/// a byte.
pub(in crate::render) fn pointer(example: &ExampleRow) -> String {
    let mut text = example.source.clone();
    if let Some(member) = &example.member {
        text = format!("{text}!{member}");
    }
    text + &place(&example.position)
}

fn place(position: &Position) -> String {
    match position {
        Position { line: Some(line), .. } => format!(":{line}"),
        Position { entry: Some(entry), .. } => format!("[{entry}]"),
        Position { byte: Some(byte), .. } => format!("@{byte}"),
        _ => String::new(),
    }
}

fn listed(
    page: &mut Page<'_>,
    label: &str,
    cause: &CauseRow,
    name: &str,
    list: &[(String, u64)],
) -> io::Result<()> {
    let shown = if page.look.verbose { list.len() } else { 3 };
    let more = distinct(cause, name).max(list.len() as u64) - (shown.min(list.len()) as u64);
    let spans = counted(page, list, shown, Some(more), cause.count);
    if list.is_empty() { Ok(()) } else { page.para(label, 9, &spans) }
}

/// Returns `GET a 41, GET b 3, 5 more`, and no count where it is the `whole`; names are kept whole where a line can hold them.
pub(super) fn counted(
    page: &Page<'_>,
    list: &[(String, u64)],
    shown: usize,
    more: Option<u64>,
    whole: u64,
) -> Vec<Span> {
    let room = page.look.columns().saturating_sub(16);
    let mut spans = Vec::new();
    for (name, n) in list.iter().take(shown) {
        if !spans.is_empty() {
            spans.push(span(Ink::Faint, ", "));
        }
        spans.push(solid(Ink::Plain, shorten(&escape(name), room, &page.look)));
        if *n != whole {
            spans.push(solid(Ink::Faint, format!(" {}", number(*n))));
        }
    }
    let more = more.unwrap_or(list.len().saturating_sub(shown) as u64);
    if more > 0 {
        spans.push(span(Ink::Faint, format!(", {} more", number(more))));
    }
    spans
}

/// Returns how sure the counts are: `proven`, or `proven 90, inferred 6`.
pub(in crate::render) fn confidence(cause: &CauseRow, most: usize) -> String {
    let degrees: Vec<(&str, u64)> = Confidence::ALL
        .iter()
        .filter_map(|c| Some((c.as_str(), *cause.confidence.get(c.as_str()).filter(|n| **n > 0)?)))
        .collect();
    match degrees.as_slice() {
        [] => "-".to_owned(),
        [(only, _)] => (*only).to_owned(),
        all => {
            let list: Vec<String> =
                all.iter().take(most).map(|(c, n)| format!("{c} {}", number(*n))).collect();
            list.join(", ")
        }
    }
}

fn distinct(cause: &CauseRow, name: &str) -> u64 {
    let known = cause.distinct.get(name).copied();
    let listed = match name {
        "tokens" => &cause.tokens,
        "clients" => &cause.clients,
        "users" => &cause.users,
        "messages" => return known.unwrap_or(cause.messages.len() as u64),
        _ => &cause.endpoints,
    };
    known.unwrap_or(listed.len() as u64)
}

fn failures(report: &Report) -> impl Iterator<Item = &CauseRow> {
    report.causes.iter().filter(|cause| cause.class == Class::Failure)
}

/// Says how many rows of a list the report left out.
pub(super) fn left_out(
    page: &mut Page<'_>,
    report: &Report,
    list: &str,
    indent: &str,
) -> io::Result<()> {
    match report.left_out.get(list) {
        Some(n) if *n > 0 => {
            let text = format!("{indent}{} more left out (--top)", number(*n));
            page.line(&[span(Ink::Faint, text)])
        }
        _ => Ok(()),
    }
}

fn page_dot(unicode: bool) -> &'static str {
    if unicode { " · " } else { ", " }
}
