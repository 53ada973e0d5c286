//! What stands below the causes: story, incidents, what is no failure, what could not be seen.

use std::io;

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::causes::{BLOCKS, counted, left_out};
use super::page::{Ink, Page, Span, escape, prose, shorten, solid, span};
use super::when::{Clock, count, millis, number, percent, size, span_of};
use crate::model::{
    Bound, CauseRow, Class, Confidence, Incident, InputRow, Lifeline, Position, Report, SkipRow,
};

/// Sentences of the story unless the look is verbose.
const STORY: usize = 10;
/// Incidents unless the look is verbose.
const INCIDENTS: usize = 4;
/// Notes of one kind unless the look is verbose.
const NOTES: usize = 5;
/// A clock that is off by less than this many seconds is not worth a line.
const NOTABLE_SKEW: f64 = 2.0;

/// Writes the post-mortem, a sentence a line.
pub(super) fn story(page: &mut Page<'_>, report: &Report, clock: Clock) -> io::Result<()> {
    if report.story.is_empty() {
        return Ok(());
    }
    page.heading("WHAT HAPPENED", "")?;
    let shown = if page.look.verbose { report.story.len() } else { STORY };
    let show = |time: Option<&str>| time.map_or(String::new(), |time| clock.show(Some(time)));
    let hang = clock.columns() + 4;
    for item in report.story.iter().take(shown) {
        let mut time = show(item.time.as_deref());
        // An instant from outside the period has its date and is wider than the others.
        if time.len() > clock.columns() {
            time.push_str("  ");
        }
        page.para(
            &format!("  {}", escape(&time)),
            hang,
            &prose(Ink::Plain, &clock.within(&item.text)),
        )?;
    }
    if report.story.len() > shown {
        let more = count((report.story.len() - shown) as u64, "more sentence");
        page.line(&[span(Ink::Faint, format!("  {more} with -v"))])?;
    }
    left_out(page, report, "story", "  ")
}

/// Writes the bursts of failures.
pub(super) fn incidents(page: &mut Page<'_>, report: &Report, clock: Clock) -> io::Result<()> {
    if report.incidents.is_empty() {
        return Ok(());
    }
    page.heading("INCIDENTS", "")?;
    let shown = if page.look.verbose { report.incidents.len() } else { INCIDENTS };
    for incident in report.incidents.iter().take(shown) {
        one_incident(page, report, incident, clock)?;
    }
    if report.incidents.len() > shown {
        let more = count((report.incidents.len() - shown) as u64, "more incident");
        page.line(&[span(Ink::Faint, format!("  {more} with -v"))])?;
    }
    left_out(page, report, "incidents", "  ")
}

fn one_incident(
    page: &mut Page<'_>,
    report: &Report,
    incident: &Incident,
    clock: Clock,
) -> io::Result<()> {
    let look = page.look;
    let dot = || span(Ink::Faint, look.dot());
    let when = clock.range(Some(&incident.start), Some(&incident.end));
    let mut spans = vec![solid(Ink::Bad, count(incident.count, "failure"))];
    let (from, to) = (millis(Some(&incident.start)), millis(Some(&incident.end)));
    if let (Some(from), Some(to)) = (from, to)
        && to > from
    {
        spans.push(solid(Ink::Plain, format!(" in {}", span_of(to - from))));
    }
    let causes: Vec<(String, u64)> =
        incident.causes.iter().map(|(id, n)| (id.to_string(), *n)).collect();
    spans.push(dot());
    spans.extend(counted(page, &causes, 3, None, incident.count));
    let hang = when.len() + 4;
    let hang = if hang * 2 > page.look.columns() { 4 } else { hang };
    let mut first = vec![solid(Ink::Strong, format!("  {when}  "))];
    first.extend(spans);
    page.para("", hang, &first)?;
    let hit = hit(incident);
    if !hit.is_empty() {
        let mut spans = Vec::new();
        for n in hit {
            if !spans.is_empty() {
                spans.push(dot());
            }
            spans.push(solid(Ink::Plain, n));
        }
        page.para("    hit", 15, &spans)?;
    }
    for before in &incident.before {
        let mut spans = prose(Ink::Plain, &clock.within(&before.fact));
        spans.extend([span(Ink::Plain, " "), solid(Ink::Faint, format!("({})", before.place))]);
        page.para("    before", 15, &spans)?;
    }
    if let Some((first, others)) = incident.storms.split_first() {
        let mut spans = prose(Ink::Plain, &clock.within(&first.fact));
        if !others.is_empty() {
            let more = format!(", and {} more", number(others.len() as u64));
            spans.push(solid(Ink::Faint, more));
        }
        page.para("    storm", 15, &spans)?;
    }
    let after = match &incident.recovery {
        Some(recovery) => {
            let gap = millis(Some(recovery)).zip(to).map(|(a, b)| span_of(a.saturating_sub(b)));
            let gap = gap.map_or(String::new(), |gap| format!(", {gap} after the last failure"));
            span(Ink::Good, format!("let in again at {}{gap}", clock.show(Some(recovery))))
        }
        None if report.totals.ok == 0 => span(Ink::Warn, NO_SUCCESS),
        None if knows_a_sample(report) => {
            span(Ink::Warn, "no success of these endpoints is known to follow")
        }
        None => span(Ink::Warn, "no success of these endpoints follows"),
    };
    page.para("    after", 15, &[after])
}

/// Said of a recovery where nothing could show one: many logs hold refusals only.
pub(in crate::render) const NO_SUCCESS: &str = "no success is recorded";

/// Returns whether what was let in is known of a sample only, so that it may hold no success that followed.
pub(in crate::render) fn knows_a_sample(report: &Report) -> bool {
    ["uses", "visits"].iter().any(|table| report.left_out.contains_key(*table))
}

/// Returns whom and what an incident hit: `7 clients`, `at least 16 users`, `1 host`.
pub(in crate::render) fn hit(incident: &Incident) -> Vec<String> {
    let one = [
        ("clients", "client"),
        ("users", "user"),
        ("tokens", "token"),
        ("hosts", "host"),
        ("endpoints", "endpoint"),
    ];
    let told = |(name, one): (&str, &str)| {
        let n = incident.distinct.get(name).copied().filter(|n| *n > 0)?;
        let about = match incident.bounds.get(name) {
            Some(Bound::AtLeast) => "at least ",
            Some(Bound::AtMost) => "at most ",
            Some(Bound::About) => "about ",
            None => "",
        };
        Some(format!("{about}{}", count(n, one)))
    };
    one.into_iter().filter_map(told).collect()
}

/// Returns who a client is, `192.0.2.7 shop-app/5.4`; the id where the report does not tell.
pub(in crate::render) fn client(report: &Report, id: &str) -> String {
    let row = report.clients.iter().find(|client| client.id == id);
    let parts = row.into_iter().flat_map(|row| [row.ip.as_deref(), row.user_agent.as_deref()]);
    let name = parts.flatten().collect::<Vec<_>>().join(" ");
    if name.is_empty() { id.to_owned() } else { name }
}

/// Writes the counts by the keys of `--group-by`.
pub(super) fn groups(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    if report.groups.is_empty() {
        return Ok(());
    }
    let by = report.options.get("group-by").map_or(String::new(), |keys| format!("by {keys}"));
    page.heading("GROUPS", &by)?;
    let mut table = Table::new();
    table.load_style(presets::NOTHING).force_no_tty();
    let keys = report.groups.iter().map(|group| group.key.len()).max().unwrap_or(1).max(1);
    let room = page.look.columns().saturating_sub(20) / keys;
    let right = CellAlignment::Right;
    if let Some(names) = report.options.get("group-by") {
        let numbers = ["COUNT", "SHARE"].map(|name| Cell::new(name).set_alignment(right));
        let names = names.split(',').map(|name| Cell::new(name.to_uppercase()));
        table.set_header(numbers.into_iter().chain(names));
    }
    for group in &report.groups {
        let mut cells = vec![
            Cell::new(number(group.count)).set_alignment(right),
            Cell::new(percent(group.share)).set_alignment(right),
        ];
        let names = group.key.iter().map(|key| client(report, key));
        let names = names.map(|name| shorten(&escape(&name), room, &page.look));
        cells.extend(names.map(Cell::new));
        table.add_row(cells);
    }
    for column in table.column_iter_mut() {
        column.set_padding((2, 0));
    }
    page.raw(&table.to_string())?;
    left_out(page, report, "groups", "  ")
}

/// Writes the refusals that are no failures: steps of a protocol, and those that only look like auth.
pub(super) fn not_failures(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let of = |class: Class| -> Vec<&CauseRow> {
        report.causes.iter().filter(|cause| cause.class == class).collect()
    };
    let (expected, lookalikes) = (of(Class::Expected), of(Class::Lookalike));
    if expected.is_empty() && lookalikes.is_empty() {
        return Ok(());
    }
    page.heading("NOT COUNTED", "refused, and no failure of auth")?;
    for (label, rows) in [("  expected", expected), ("  lookalike", lookalikes)] {
        for (i, cause) in rows.iter().enumerate() {
            let mut spans = vec![
                solid(Ink::Plain, number(cause.count)),
                span(Ink::Plain, " "),
                solid(Ink::Code, cause.id.as_str()),
                span(Ink::Plain, " "),
            ];
            spans.extend(prose(Ink::Faint, &cause.title));
            page.para(if i == 0 { label } else { "   " }, 13, &spans)?;
        }
    }
    Ok(())
}

/// Writes warnings, clocks, keys, what could not be seen or read, and what was assumed.
pub(super) fn footnotes(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let mut notes: Vec<(&'static str, Vec<Span>)> = Vec::new();
    for warning in &report.warnings {
        let mut spans = prose(Ink::Warn, &warning.fact);
        spans.extend([span(Ink::Plain, " "), solid(Ink::Faint, format!("({})", warning.place))]);
        notes.push(("warning", spans));
    }
    clocks(report, page, &mut notes);
    for key in report.keys.iter().filter(|key| key.unusable.is_some()) {
        let why = key.unusable.as_deref().unwrap_or_default();
        notes.push(("key", vec![span(Ink::Plain, format!("{} was not used: {why}", key.name))]));
    }
    for key in &report.keys {
        let Some(remark) = &key.remark else { continue };
        notes.push(("key", vec![span(Ink::Plain, format!("{}: {remark}", key.name))]));
    }
    if page.look.verbose || report.totals.failure == 0 {
        notes.extend(report.inputs.iter().filter(|i| i.error.is_none()).map(read));
    }
    inputs(report, page, &mut notes);
    // Notes of one kind stand together, in the order in which the kinds came up.
    let mut kinds: Vec<&str> = Vec::new();
    for (label, _) in &notes {
        if !kinds.contains(label) {
            kinds.push(label);
        }
    }
    let rank = |label: &str| kinds.iter().position(|kind| *kind == label);
    notes.sort_by_key(|(label, _)| rank(label));
    if page.look.verbose {
        expectations(report, &mut notes);
    }
    for assumed in &report.assumptions {
        let mut spans = match &assumed.source {
            Some(source) => vec![solid(Ink::Plain, source), span(Ink::Plain, ": ")],
            None => Vec::new(),
        };
        spans.extend(prose(Ink::Plain, &assumed.what));
        if !assumed.option.is_empty() {
            spans.extend([span(Ink::Faint, ", change with "), solid(Ink::Code, &assumed.option)]);
        }
        notes.push(("assumed", spans));
    }
    if notes.is_empty() {
        return Ok(());
    }
    page.heading("NOTES", "")?;
    let most = if page.look.verbose { usize::MAX } else { NOTES };
    for group in notes.chunk_by(|a, b| a.0 == b.0) {
        for (i, (label, spans)) in group.iter().take(most).enumerate() {
            let shown = if i == 0 { &format!("  {label}") } else { "  " };
            page.para(shown, 13, spans)?;
        }
        if group.len() > most {
            let more = format!("{} more with -v", number((group.len() - most) as u64));
            page.para("  ", 13, &[span(Ink::Faint, more)])?;
        }
    }
    for list in ["inputs", "expectations", "clocks"] {
        if let Some(n) = report.left_out.get(list).filter(|n| **n > 0) {
            let text = format!("{} more {list} left out (--top)", number(*n));
            page.para("  ", 13, &[span(Ink::Faint, text)])?;
        }
    }
    Ok(())
}

fn clocks(report: &Report, page: &Page<'_>, notes: &mut Vec<(&'static str, Vec<Span>)>) {
    let notable = |skew: f64, spread: f64| skew.abs() >= NOTABLE_SKEW.max(spread);
    for clock in &report.clocks {
        if !page.look.verbose && !notable(clock.skew_s, clock.spread_s) {
            continue;
        }
        let way = if clock.skew_s < 0.0 { "behind" } else { "ahead of" };
        let text = format!(
            " is {} {way} the capture's clock ({} {}, {})",
            crate::model::Seconds(clock.skew_s.abs()),
            page.look.glyph("±", "+/-"),
            crate::model::Seconds(clock.spread_s),
            count(clock.samples, if clock.source == "issue" { "token" } else { "answer" }),
        );
        let who = match clock.source.as_str() {
            "issue" => "issuer ",
            _ => "",
        };
        let parts =
            vec![span(Ink::Plain, who), solid(Ink::Plain, &clock.host), span(Ink::Plain, text)];
        notes.push(("clock", parts));
    }
}

/// Says what one input was: `a.har: har, 212 exchanges, 4.8 MB, by WebInspector 537.36`.
fn read(input: &InputRow) -> (&'static str, Vec<Span>) {
    let exchanges = count(input.exchanges, "exchange");
    let mut text = format!(": {}, {exchanges}, {}", formats(input), size(input.bytes));
    if let Some(creator) = &input.creator {
        text.push_str(", by ");
        text.push_str(creator);
    }
    ("read", vec![solid(Ink::Plain, &input.source), span(Ink::Plain, text)])
}

/// Names the format of an input: of lines that of most of them, and how many more there are.
fn formats(input: &InputRow) -> String {
    let format = input.format.as_deref().unwrap_or("unknown format");
    let most = input.formats.iter().max_by_key(|(name, n)| (**n, std::cmp::Reverse(*name)));
    match (format, most) {
        ("text", Some((name, _))) if input.formats.len() == 1 => name.clone(),
        ("text", Some((name, n))) => {
            format!("{name} ({n}) and {} more", count(input.formats.len() as u64 - 1, "format"))
        }
        _ => format.to_owned(),
    }
}

/// Adds what went wrong with inputs or could not be seen in them; what is true of several stands once.
fn inputs(report: &Report, page: &Page<'_>, notes: &mut Vec<(&'static str, Vec<Span>)>) {
    let mut said: Vec<(&'static str, String, Vec<&str>)> = Vec::new();
    let mut say = |label, source, text: String| {
        let same = |(l, t, _): &&mut (_, String, _)| *l == label && *t == text;
        match said.iter_mut().find(same).filter(|_| !page.look.verbose) {
            Some((_, _, sources)) => sources.push(source),
            None => said.push((label, text, vec![source])),
        }
    };
    for input in &report.inputs {
        let source = input.source.as_str();
        if let Some(error) = &input.error {
            say("unread", source, error.clone());
        }
        if input.truncated {
            say("cut off", source, "ends in the middle of a record".to_owned());
        }
        for unseen in &input.unseen {
            say("not seen", source, unseen.clone());
        }
        for (label, rows) in [("skipped", &input.skipped), ("repaired", &input.repaired)] {
            for SkipRow { reason, count: n, first } in rows {
                let first = first_places(first);
                say(label, source, format!("{}, {reason}{first}", count(*n, "record")));
            }
        }
    }
    for (label, text, sources) in said {
        let mut spans = match sources.as_slice() {
            [source] => vec![solid(Ink::Plain, source), span(Ink::Plain, ": ")],
            all => vec![span(Ink::Plain, format!("{}: ", count(all.len() as u64, "input")))],
        };
        spans.extend(prose(Ink::Plain, &text));
        if let [first, _, ..] = sources.as_slice() {
            spans.push(span(Ink::Faint, " (the first: "));
            spans.extend([solid(Ink::Faint, first), span(Ink::Faint, ")")]);
        }
        notes.push((label, spans));
    }
}

/// Returns ` (first: line 9, line 411)`; nothing without a place.
pub(in crate::render) fn first_places(first: &[Position]) -> String {
    let places: Vec<String> = first
        .iter()
        .filter_map(|position| match *position {
            Position { line: Some(line), .. } => Some(format!("line {line}")),
            Position { entry: Some(entry), .. } => Some(format!("entry {entry}")),
            Position { byte: Some(byte), .. } => Some(format!("byte {byte}")),
            _ => None,
        })
        .collect();
    if places.is_empty() { String::new() } else { format!(" (first: {})", places.join(", ")) }
}

fn expectations(report: &Report, notes: &mut Vec<(&'static str, Vec<Span>)>) {
    for expected in &report.expectations {
        let host = expected.host.as_deref().unwrap_or("every host");
        notes.push((
            "accepted",
            vec![
                solid(Ink::Plain, host),
                span(Ink::Plain, format!(": {} ", expected.what)),
                solid(Ink::Code, &expected.value),
                span(Ink::Faint, format!(" ({})", expected.basis)),
            ],
        ));
    }
}

/// Writes the one command that helps most with this very report.
pub(super) fn next(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let held_back = !page.look.verbose && holds_back(report);
    let Some(command) = next_command(report, held_back) else { return Ok(()) };
    page.gap()?;
    page.para("next:", 6, &[solid(Ink::Code, command)])
}

/// Whether a terminal shows less than the report knows: causes without a block of their own, incidents that
/// are only counted. The page has them all, and lets one cause or span of time be looked at alone.
fn holds_back(report: &Report) -> bool {
    let failures = report.causes.iter().filter(|cause| cause.class == Class::Failure).count();
    let cut = ["causes", "incidents"].iter().any(|list| report.left_out.contains_key(*list));
    failures > BLOCKS || report.incidents.len() > INCIDENTS || cut
}

fn next_command(report: &Report, held_back: bool) -> Option<String> {
    let sources: Vec<String> = report.inputs.iter().map(|i| quoted(&i.source)).collect();
    let inputs = match sources.as_slice() {
        few @ ([_] | [_, _]) => few.join(" "),
        _ => "INPUT...".to_owned(),
    };
    let Some(worst) = report.causes.iter().find(|cause| cause.class == Class::Failure) else {
        // Records that were not understood may hold the failures.
        let skipped = report.inputs.iter().find(|input| !input.skipped.is_empty())?;
        return Some(format!("authopsy formats {}", quoted(&skipped.source)));
    };
    let alg = || {
        let of_worst = |life: &&Lifeline| life.causes.iter().any(|(id, _)| *id == worst.id);
        report.tokens.iter().filter(of_worst).find_map(|life| life.alg.as_deref())
    };
    // Only a key can tell a wrong signature from a wrong verifier.
    let key = |alg: &str| {
        if alg.starts_with("HS") {
            format!("API_SECRET=... authopsy {inputs} --secret-env API_SECRET")
        } else {
            format!("authopsy {inputs} --jwks JWKS.json")
        }
    };
    let proven = worst.confidence.get(Confidence::Proven.as_str()).copied().unwrap_or(0);
    let unverified = worst.id.family() == "signature" && proven < worst.count;
    Some(match (worst.id.as_str(), alg()) {
        ("unknown", Some(alg)) if report.keys.is_empty() => key(alg),
        ("unknown", _) => format!("authopsy -f jsonl --cause unknown {inputs}"),
        (_, Some(alg)) if unverified && report.keys.is_empty() => key(alg),
        _ if held_back => page_of(&inputs),
        (id, _) => format!("authopsy explain {id}"),
    })
}

/// Returns the command that makes the page; standard input has to come once more.
fn page_of(inputs: &str) -> String {
    match inputs {
        "-" => "... | authopsy -o report.html".to_owned(),
        inputs => format!("authopsy {inputs} -o report.html"),
    }
}

/// Quotes a name for a POSIX shell where it needs it.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}
