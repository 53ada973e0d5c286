//! How far the report can be trusted: what was read and could not be seen, clocks, what was assumed.

use super::causes::pair;
use super::markup::Markup;
use super::story::left_out;
use crate::model::{ClockRow, InputRow, Position, Report, Seconds, SkipRow};
use crate::render::text::when::{count, number, size};

/// Writes warnings, inputs, clocks, what hosts accept, keys and assumptions.
pub(super) fn write(part: &mut Markup, report: &Report) {
    if !report.warnings.is_empty() {
        part.open("ul", "warnings");
        for warning in &report.warnings {
            part.raw("<li class=\"warn\">");
            part.prose(&warning.fact);
            part.raw(" <span class=\"quiet\">");
            part.text(&warning.place);
            part.raw("</span></li>\n");
        }
        part.close("ul");
    }
    part.raw("<h3>What was read, and what could not be seen</h3>\n");
    table(part, &["Input", "Format", "Exchanges", "Size", "Not seen, skipped, repaired"], |part| {
        report.inputs.iter().for_each(|input| row_of(part, input));
    });
    left_out(part, report, "inputs", "more input");
    if !report.clocks.is_empty() {
        part.raw("<h3 id=\"clocks\">Clocks</h3>\n");
        part.raw("<p class=\"quiet\">Tokens are judged by the clock of the server that refused them.</p>\n");
        table(part, &["Whose", "Off by", "Give or take", "Measured on"], |part| {
            report.clocks.iter().for_each(|clock| clock_of(part, clock));
        });
        left_out(part, report, "clocks", "more clock");
    }
    accepted(part, report);
    keys(part, report);
    if !report.assumptions.is_empty() {
        part.raw("<h3 id=\"assumptions\">What was assumed</h3>\n");
        part.open("ul", "evidence");
        for assumed in &report.assumptions {
            part.raw("<li>");
            if let Some(source) = &assumed.source {
                part.within("code", "", source);
                part.raw(": ");
            }
            part.prose(&assumed.what);
            if !assumed.option.is_empty() {
                part.raw(" <span class=\"quiet\">change with <code>");
                part.text(&assumed.option);
                part.raw("</code></span>");
            }
            part.raw("</li>\n");
        }
        part.close("ul");
    }
}

/// Writes a table that can be scrolled sideways where it is too wide.
fn table(part: &mut Markup, heads: &[&'static str], rows: impl FnOnce(&mut Markup)) {
    part.raw("<div class=\"scroll\" tabindex=\"0\" role=\"group\"");
    part.attribute("aria-label", heads.first().copied().unwrap_or_default());
    part.raw("><table>\n<thead><tr>");
    for head in heads {
        part.raw("<th scope=\"col\">");
        part.raw(head);
        part.raw("</th>");
    }
    part.raw("</tr></thead>\n<tbody>\n");
    rows(part);
    part.raw("</tbody></table></div>\n");
}

fn row_of(part: &mut Markup, input: &InputRow) {
    part.raw("<tr><th scope=\"row\"><code>");
    part.text(&input.source);
    part.raw("</code>");
    if let Some(creator) = &input.creator {
        part.raw("<br>");
        part.within("span", "quiet", &format!("by {creator}"));
    }
    part.raw("</th><td>");
    part.text(&format(input));
    part.raw("</td><td class=\"amount\">");
    part.text(&number(input.exchanges));
    part.raw("</td><td class=\"amount\">");
    part.text(&size(input.bytes));
    part.raw("</td><td>");
    let notes = notes(input);
    if notes.is_empty() {
        part.within("span", "quiet", "nothing");
    }
    for (i, (class, note)) in notes.iter().enumerate() {
        part.raw(if i > 0 { "<br>" } else { "" });
        part.open("span", class);
        part.prose(note);
        part.raw("</span>");
    }
    part.raw("</td></tr>\n");
}

fn format(input: &InputRow) -> String {
    let formats: Vec<&str> = input.formats.keys().map(String::as_str).collect();
    match (input.format.as_deref(), formats.as_slice()) {
        (Some("text"), [only]) => (*only).to_owned(),
        (Some("text"), [_, ..]) => formats.join(", "),
        (Some(format), _) => format.to_owned(),
        (None, _) => "unknown".to_owned(),
    }
}

fn notes(input: &InputRow) -> Vec<(&'static str, String)> {
    let mut notes = Vec::new();
    notes.extend(input.error.iter().map(|error| ("warn", error.clone())));
    if input.truncated {
        notes.push(("warn", "ends in the middle of a record".to_owned()));
    }
    notes.extend(input.unseen.iter().map(|unseen| ("", format!("not seen: {unseen}"))));
    for (what, rows) in [("skipped", &input.skipped), ("repaired", &input.repaired)] {
        for SkipRow { reason, count: n, first } in rows {
            let first = places(first);
            notes.push(("", format!("{what}: {}, {reason}{first}", count(*n, "record"))));
        }
    }
    notes
}

/// Returns ` (first: line 9, line 411)`; nothing without a place.
fn places(first: &[Position]) -> String {
    let place = |position: &Position| match *position {
        Position { line: Some(line), .. } => Some(format!("line {line}")),
        Position { entry: Some(entry), .. } => Some(format!("entry {entry}")),
        Position { byte: Some(byte), .. } => Some(format!("byte {byte}")),
        _ => None,
    };
    let places: Vec<String> = first.iter().filter_map(place).collect();
    if places.is_empty() { String::new() } else { format!(" (first: {})", places.join(", ")) }
}

fn clock_of(part: &mut Markup, clock: &ClockRow) {
    part.raw("<tr><th scope=\"row\">");
    part.raw(if clock.source == "issue" { "issuer " } else { "" });
    part.text(&clock.host);
    part.raw("</th><td>");
    let off = Seconds(clock.skew_s.abs()).to_string();
    part.text(&match clock.skew_s {
        s if s > 0.0 => format!("{off} ahead"),
        s if s < 0.0 => format!("{off} behind"),
        _ => "nothing".to_owned(),
    });
    part.raw("</td><td>");
    part.text(&Seconds(clock.spread_s).to_string());
    part.raw("</td><td>");
    let one = if clock.source == "issue" { "token" } else { "answer" };
    part.text(&count(clock.samples, one));
    let how = match clock.source.as_str() {
        "date" => ", by the Date field",
        "message" => ", by times in messages",
        "issue" => ", at their issue",
        _ => "",
    };
    part.raw(how);
    part.raw("</td></tr>\n");
}

fn accepted(part: &mut Markup, report: &Report) {
    if report.expectations.is_empty() {
        return;
    }
    part.raw("<details><summary>What hosts accept</summary>\n");
    table(part, &["Host", "What", "Value", "Known by"], |part| {
        for expected in &report.expectations {
            part.raw("<tr><th scope=\"row\">");
            part.text(expected.host.as_deref().unwrap_or("every host"));
            part.raw("</th><td>");
            part.text(&expected.what);
            part.raw("</td><td><code>");
            part.text(&expected.value);
            part.raw("</code></td><td>");
            part.text(&expected.basis);
            part.raw("</td></tr>\n");
        }
    });
    left_out(part, report, "expectations", "more row");
    part.raw("</details>\n");
}

fn keys(part: &mut Markup, report: &Report) {
    if report.keys.is_empty() {
        return;
    }
    part.raw("<h3>Keys that were given</h3>\n");
    part.raw("<dl class=\"pairs\">\n");
    for key in &report.keys {
        pair(part, &key.name, |part| {
            match (&key.unusable, &key.remark) {
                (Some(why), _) => part.within("span", "warn", &format!("not used: {why}")),
                (None, Some(remark)) => part.text(remark),
                (None, None) => part.text("used"),
            }
            if let Some(print) = &key.thumbprint {
                part.raw(" <code>");
                part.text(print);
                part.raw("</code>");
            }
        });
    }
    part.raw("</dl>\n");
}
