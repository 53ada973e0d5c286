//! The causes: how many, how sure, what to do, and the proof.

use super::markup::Markup;
use crate::model::{CauseRow, Class, Confidence, Evidence, ExampleRow, Position, Report};
use crate::render::text::client;
use crate::render::text::when::{Clock, count, number, percent};

/// Names shown of a list before the rest is only counted.
const NAMES: usize = 8;
/// Causes of failure with a colour of their own; all others share the last one.
const COLOURS: [&str; 7] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6"];

/// Writes failures first, then what was refused and is no failure.
pub(super) fn write(part: &mut Markup, report: &Report, clock: Clock) {
    let rows: Vec<(usize, &CauseRow)> = report.causes.iter().enumerate().collect();
    let (failures, others): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|(_, cause)| cause.class == Class::Failure);
    if failures.is_empty() {
        part.within("p", "quiet", "No request failed to authenticate.");
    }
    list(part, report, &failures, clock);
    if let Some(n) = report.left_out.get("causes").filter(|n| **n > 0) {
        part.within("p", "quiet", &format!("{} left out (--top).", count(*n, "more cause")));
    }
    if !others.is_empty() {
        part.within("h3", "", "Refused, and no failure of authentication");
        list(part, report, &others, clock);
    }
}

fn list(part: &mut Markup, report: &Report, rows: &[(usize, &CauseRow)], clock: Clock) {
    if rows.is_empty() {
        return;
    }
    part.open("ul", "causes");
    for (index, cause) in rows {
        one(part, report, *index, cause, clock);
    }
    part.close("ul");
}

/// Returns the colour of a cause: failures in their order, all else grey.
pub(super) fn colour(index: usize, class: Class) -> &'static str {
    match class {
        Class::Failure => COLOURS.get(index).copied().unwrap_or("c6"),
        _ => "c6",
    }
}

fn one(part: &mut Markup, report: &Report, index: usize, cause: &CauseRow, clock: Clock) {
    let colour = colour(index, cause.class);
    part.raw("<li class=\"cause\"");
    part.attribute("id", &format!("cause-{index}"));
    part.attribute("data-cause", &index.to_string());
    part.raw(">\n");

    part.raw("<div class=\"cause-head\">");
    part.raw("<span class=\"swatch ");
    part.raw(colour);
    part.raw("\" aria-hidden=\"true\"></span>\n");
    part.raw("<h3>");
    part.prose(&cause.title);
    part.raw(" <code class=\"id\">");
    part.text(cause.id.as_str());
    part.raw("</code></h3>\n");
    part.raw("<p class=\"number\"><b data-count>");
    part.text(&number(cause.count));
    part.raw("</b> <span class=\"quiet\" data-share>");
    part.text(&percent(cause.share));
    part.raw("</span></p>\n");
    bar(part, cause, colour);
    part.raw("</div>\n");

    part.open("p", "quiet facts");
    facts(part, cause, clock);
    part.close("p");
    if !cause.advice.is_empty() {
        part.open("p", "advice");
        part.prose(&cause.advice);
        part.close("p");
    }
    if let Some(case) = &cause.advice_case {
        part.open("p", "here");
        part.prose(&format!("Here: {}", case.text));
        if case.count != cause.count {
            part.text(&format!(" ({} of {})", number(case.count), number(cause.count)));
        }
        part.close("p");
    }
    more(part, report, cause, clock);
    part.close("li");
}

fn bar(part: &mut Markup, cause: &CauseRow, colour: &'static str) {
    part.raw("<svg class=\"bar\" viewBox=\"0 0 100 4\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
    part.raw("<rect class=\"ground\" width=\"100\" height=\"4\"></rect><rect data-bar class=\"");
    part.raw(colour);
    part.raw("\" height=\"4\"");
    part.attribute("width", &format!("{:.2}", (cause.share * 100.0).clamp(0.5, 100.0)));
    part.raw("></rect></svg>\n");
}

/// Writes confidence, time, and how many were hit.
fn facts(part: &mut Markup, cause: &CauseRow, clock: Clock) {
    let mut facts = vec![confidence(cause)];
    if cause.first.is_some() {
        facts.push(clock.range(cause.first.as_deref(), cause.last.as_deref()));
    }
    for (name, one) in
        [("users", "user"), ("clients", "client"), ("tokens", "token"), ("endpoints", "endpoint")]
    {
        if let Some(n) = cause.distinct.get(name).filter(|n| **n > 0) {
            facts.push(count(*n, one));
        }
    }
    for (i, fact) in facts.iter().filter(|fact| !fact.is_empty()).enumerate() {
        part.raw(if i == 0 { "" } else { " · " });
        part.within("span", "solid", fact);
    }
}

/// Returns how sure the counts are: `proven`, or `proven 90, inferred 6`.
fn confidence(cause: &CauseRow) -> String {
    let degrees: Vec<(&str, u64)> = Confidence::ALL
        .iter()
        .filter_map(|c| Some((c.as_str(), *cause.confidence.get(c.as_str()).filter(|n| **n > 0)?)))
        .collect();
    match degrees.as_slice() {
        [(only, _)] => (*only).to_owned(),
        all => {
            let list = all.iter().map(|(c, n)| format!("{c} {}", number(*n)));
            list.collect::<Vec<_>>().join(", ")
        }
    }
}

/// Writes what a click shows: what the cause is, advice by side, examples with their proof, lists.
fn more(part: &mut Markup, report: &Report, cause: &CauseRow, clock: Clock) {
    part.raw("<details><summary>");
    let proof = if cause.examples.is_empty() { "More" } else { "Proof and more" };
    part.raw(proof);
    part.raw("<span class=\"unseen\"> on ");
    part.text(cause.id.as_str());
    part.raw("</span></summary>\n");
    if !cause.summary.is_empty() {
        part.open("p", "");
        part.prose(&cause.summary);
        part.close("p");
    }
    part.raw("<dl class=\"pairs\">\n");
    for (who, text) in
        [("At the client", &cause.advice_client), ("At the server", &cause.advice_server)]
    {
        if !text.is_empty() {
            pair(part, who, |part| part.prose(text));
        }
    }
    if !cause.messages.is_empty() {
        pair(part, "The servers said", |part| said(part, cause));
    }
    let clients: Vec<(String, u64)> =
        cause.clients.iter().map(|(id, n)| (client(report, id), *n)).collect();
    for (label, name, list) in [
        ("Endpoints", "endpoints", &cause.endpoints),
        ("Hosts", "hosts", &cause.hosts),
        ("Tokens", "tokens", &cause.tokens),
        ("Users", "users", &cause.users),
        ("Clients", "clients", &clients),
    ] {
        if !list.is_empty() {
            let all = cause.distinct.get(name).copied().unwrap_or(list.len() as u64);
            pair(part, label, |part| names(part, list, all));
        }
    }
    if !cause.also.is_empty() {
        let list: Vec<(String, u64)> =
            cause.also.iter().map(|(id, n)| (id.to_string(), *n)).collect();
        pair(part, "Seen beside it", |part| names(part, &list, list.len() as u64));
    }
    part.raw("</dl>\n");
    for example in &cause.examples {
        proof_of(part, example, clock);
    }
    part.raw("<p class=\"quiet\">More: <code>authopsy explain ");
    part.text(cause.id.as_str());
    part.raw("</code></p>\n</details>\n");
}

/// Writes what the servers said: each wording with how often, where, and the first place that has it.
fn said(part: &mut Markup, cause: &CauseRow) {
    part.open("ul", "said");
    for message in cause.messages.iter().take(NAMES) {
        part.raw("<li><q>");
        part.text(message.shown());
        part.raw("</q> <span class=\"quiet\">");
        part.text(&format!("{} · {}", number(message.count), message.place));
        if let Some(at) = &message.example {
            part.raw(" · <code>");
            part.text(&pointer(&at.source, at.member.as_deref(), &at.position));
            part.raw("</code>");
        }
        part.raw("</span></li>\n");
    }
    let all = cause.distinct.get("messages").copied().unwrap_or_default();
    let rest = all.saturating_sub(cause.messages.len().min(NAMES) as u64);
    if rest > 0 {
        part.within("li", "quiet", &format!("{} more", number(rest)));
    }
    part.close("ul");
}

/// Writes a name and what is said of it, in a list of such pairs.
pub(super) fn pair(part: &mut Markup, name: &str, write: impl FnOnce(&mut Markup)) {
    part.within("dt", "", name);
    part.open("dd", "");
    write(part);
    part.close("dd");
}

/// Writes names with their counts; the rest is only counted.
pub(super) fn names(part: &mut Markup, list: &[(String, u64)], all: u64) {
    part.open("ul", "names");
    for (name, n) in list.iter().take(NAMES) {
        part.raw("<li><code>");
        part.text(name);
        part.raw("</code> <span class=\"quiet\">");
        part.text(&number(*n));
        part.raw("</span></li>\n");
    }
    let rest = all.saturating_sub(list.len().min(NAMES) as u64);
    if rest > 0 {
        part.within("li", "quiet", &format!("{} more", number(rest)));
    }
    part.close("ul");
}

fn proof_of(part: &mut Markup, example: &ExampleRow, clock: Clock) {
    part.raw("<div class=\"proof\">\n<p class=\"where\"><code>");
    part.text(&pointer(&example.source, example.member.as_deref(), &example.position));
    part.raw("</code> ");
    if let Some(time) = &example.time {
        part.time(time, &clock.show(Some(time)));
        part.raw(" ");
    }
    let status = example.status.map_or("no status".to_owned(), |status| status.to_string());
    part.within("b", "", &status);
    part.raw(" ");
    part.text(&example.endpoint);
    part.raw(" ");
    part.within("span", "quiet", example.confidence.as_str());
    part.raw("</p>\n<ul class=\"evidence\">\n");
    let said = &example.server;
    let words = said.text.as_deref().unwrap_or_default();
    // What the server said has a line of its own.
    let repeats = |told: &Evidence| {
        !words.is_empty() && told.place.starts_with("response") && told.fact.contains(words)
    };
    for told in example.evidence.iter().filter(|told| !repeats(told)) {
        part.raw("<li>");
        part.prose(&told.fact);
        part.raw(" <span class=\"quiet\">");
        part.text(&told.place);
        part.raw("</span></li>\n");
    }
    if let Some(text) = said.text.as_ref().filter(|_| said.place.as_deref() != Some("status")) {
        part.raw("<li>the server says <q>");
        part.text(text);
        part.raw("</q> <span class=\"quiet\">");
        part.text(said.place.as_deref().unwrap_or_default());
        part.raw("</span>");
        match (said.agrees.as_str(), &said.says) {
            ("contradicts", Some(says)) => {
                part.raw(" <span class=\"warn\">the evidence contradicts: these words mean</span> <code>");
                part.text(says.as_str());
                part.raw("</code>");
            }
            ("contradicts", None) => {
                part.raw(" <span class=\"warn\">the evidence contradicts</span>");
            }
            _ => {}
        }
        part.raw("</li>\n");
    }
    part.raw("</ul>\n</div>\n");
}

/// Returns where an exchange stands: `file:412` for a line, `file[17]` for an entry, `file@9000` for
/// a byte.
pub(super) fn pointer(source: &str, member: Option<&str>, position: &Position) -> String {
    let name = member.map_or(source.to_owned(), |member| format!("{source}!{member}"));
    match position {
        Position { line: Some(line), .. } => format!("{name}:{line}"),
        Position { entry: Some(entry), .. } => format!("{name}[{entry}]"),
        Position { byte: Some(byte), .. } => format!("{name}@{byte}"),
        _ => name,
    }
}
