//! What happened in order, and the bursts of failures.

use super::causes::names;
use super::markup::Markup;
use crate::model::{Evidence, Incident, Report, StoryItem};
use crate::render::text::when::{Clock, count, millis, number, span_of};
use crate::render::text::{NO_SUCCESS, hit, knows_a_sample};

/// Sentences shown before a click shows the rest.
const SENTENCES: usize = 12;
/// Incidents shown before a click shows the rest.
const INCIDENTS: usize = 4;

/// Writes the post-mortem, then the incidents.
pub(super) fn write(part: &mut Markup, report: &Report, clock: Clock) {
    if report.story.is_empty() {
        part.within("p", "quiet", "Nothing with a time is to be told.");
    } else {
        let (first, rest) = report.story.split_at(report.story.len().min(SENTENCES));
        sentences(part, first, clock);
        folded(part, rest.len(), "more sentence", |part| sentences(part, rest, clock));
    }
    left_out(part, report, "story", "more sentence");
    if report.incidents.is_empty() {
        return;
    }
    part.raw("<h3 id=\"incidents\">Incidents</h3>\n");
    part.raw("<p class=\"quiet\">Bursts of failures, the largest first, numbered as in the timeline.</p>\n");
    let (first, rest) = report.incidents.split_at(report.incidents.len().min(INCIDENTS));
    incidents(part, report, 0, first, clock);
    folded(part, rest.len(), "more incident", |part| {
        incidents(part, report, first.len(), rest, clock);
    });
    left_out(part, report, "incidents", "more incident");
}

/// Writes what a click shows; nothing where there is nothing.
fn folded(part: &mut Markup, n: usize, one: &str, write: impl FnOnce(&mut Markup)) {
    if n > 0 {
        part.open("details", "");
        part.within("summary", "", &count(n as u64, one));
        write(part);
        part.close("details");
    }
}

fn sentences(part: &mut Markup, story: &[StoryItem], clock: Clock) {
    part.open("ol", "story");
    for item in story {
        part.open("li", "");
        if let Some(time) = &item.time {
            part.time(time, &clock.show(Some(time)));
        }
        part.raw("<span>");
        part.prose(&item.text);
        part.raw("</span>");
        part.close("li");
    }
    part.close("ol");
}

/// Writes incidents; `before` of them are written already.
fn incidents(part: &mut Markup, report: &Report, before: usize, list: &[Incident], clock: Clock) {
    part.open("ol", "incidents");
    for (i, incident) in list.iter().enumerate() {
        one(part, report, before + i, incident, clock);
    }
    part.close("ol");
}

fn one(part: &mut Markup, report: &Report, index: usize, incident: &Incident, clock: Clock) {
    part.raw("<li");
    part.attribute("data-incident", &index.to_string());
    part.raw("><p><span class=\"tag\">");
    part.text(&number(index as u64 + 1));
    part.raw("</span> <b>");
    part.text(&clock.range(Some(&incident.start), Some(&incident.end)));
    part.raw("</b> ");
    part.text(&count(incident.count, "failure"));
    let (from, to) = (millis(Some(&incident.start)), millis(Some(&incident.end)));
    if let (Some(from), Some(to)) = (from, to)
        && to > from
    {
        part.text(&format!(" in {}", span_of(to - from)));
    }
    part.raw("</p>\n");
    let hit = hit(incident);
    if !hit.is_empty() {
        part.open("p", "quiet hit");
        for (i, n) in hit.iter().enumerate() {
            part.raw(if i == 0 { "hit " } else { " · " });
            part.within("span", "solid", n);
        }
        part.close("p");
    }
    let causes: Vec<(String, u64)> =
        incident.causes.iter().map(|(id, n)| (id.to_string(), *n)).collect();
    let all = |name, listed: usize| {
        incident.distinct.get(name).copied().unwrap_or_default().max(listed as u64)
    };
    names(part, &causes, all("causes", causes.len()));
    names(part, &incident.endpoints, all("endpoints", incident.endpoints.len()));
    told(part, "Just before", &incident.before);
    told(part, "Sent again and again", &incident.storms);
    match &incident.recovery {
        Some(recovery) => {
            part.raw("<p class=\"good\">Let in again at ");
            part.time(recovery, &clock.show(Some(recovery)));
            if let (Some(at), Some(to)) = (millis(Some(recovery)), to) {
                let gap = span_of(at.saturating_sub(to));
                part.text(&format!(", {gap} after the last failure"));
            }
            part.raw("</p>\n");
        }
        None if report.totals.ok == 0 => part.within("p", "warn", NO_SUCCESS),
        None if knows_a_sample(report) => {
            part.within("p", "warn", "No success of these endpoints is known to follow.");
        }
        None => part.within("p", "warn", "No success of these endpoints follows."),
    }
    part.close("li");
}

fn told(part: &mut Markup, label: &'static str, facts: &[Evidence]) {
    if facts.is_empty() {
        return;
    }
    part.within("p", "quiet", label);
    part.open("ul", "evidence");
    for told in facts {
        part.raw("<li>");
        part.prose(&told.fact);
        part.raw("</li>\n");
    }
    part.close("ul");
}

/// Says how many rows of a list the report left out.
pub(super) fn left_out(part: &mut Markup, report: &Report, list: &str, one: &str) {
    if let Some(n) = report.left_out.get(list).filter(|n| **n > 0) {
        part.within("p", "quiet", &format!("{} left out (--top).", count(*n, one)));
    }
}
