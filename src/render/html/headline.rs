//! The first screen: a sentence that says what happened, and five answers below it.

use std::collections::BTreeSet;

use super::markup::Markup;
use crate::model::{CauseRow, Class, Report};
use crate::render::text::when::{Clock, count, millis, number, percent, span_of};

/// Hosts named before the rest is only counted.
const HOSTS: usize = 2;

/// Writes the name of the page.
pub(super) fn title(part: &mut Markup, report: &Report) {
    part.text(report.title.as_deref().unwrap_or("Why requests failed to authenticate"));
}

/// Writes the sentence, what follows it, and the answers.
pub(super) fn write(part: &mut Markup, report: &Report, clock: Clock) {
    if let Some(title) = &report.title {
        part.within("p", "title", title);
    }
    let summary = readable(&report.summary, clock);
    let (first, rest) = match summary.split_once(". ") {
        Some((first, rest)) => (format!("{first}."), rest),
        None if summary.is_empty() => ("Nothing was read.".to_owned(), ""),
        None => (summary.clone(), ""),
    };
    part.open("h1", "");
    part.prose(&first);
    part.close("h1");
    if !rest.is_empty() {
        part.open("p", "lede");
        part.prose(rest);
        part.close("p");
    }
    part.open("dl", "answers");
    if report.totals.failure == 0 {
        calm(part, report, clock);
    } else {
        answers(part, report, clock);
    }
    part.close("dl");
}

/// Writes the answers of a report in which nothing failed.
fn calm(part: &mut Markup, report: &Report, clock: Clock) {
    let totals = &report.totals;
    answer(part, "What was read", |part| {
        part.text(&count(totals.exchanges, "exchange"));
        part.text(&format!(" from {}", count(report.inputs.len() as u64, "input")));
    });
    answer(part, "When", |part| {
        span(part, report.period.first.as_ref(), report.period.last.as_ref(), clock);
    });
    let others = totals.expected + totals.lookalike;
    answer(part, "Refused all the same", |part| match others {
        0 => part.text("nothing"),
        n => {
            part.text(&number(n));
            part.raw(": steps of a protocol, or for other reasons than authentication");
        }
    });
    answer(part, "What could not be seen", |part| {
        let blind = report.inputs.iter().filter(|i| !i.unseen.is_empty() || i.error.is_some());
        match blind.count() as u64 {
            0 => part.text("nothing that is known of"),
            n => {
                part.raw("<a href=\"#coverage\">");
                part.text(&format!("something in {}", count(n, "input")));
                part.raw("</a>");
            }
        }
    });
}

/// Writes what failed, since when, for whom, why, and what to do.
fn answers(part: &mut Markup, report: &Report, clock: Clock) {
    let totals = &report.totals;
    let causes: Vec<&CauseRow> =
        report.causes.iter().filter(|c| c.class == Class::Failure).collect();
    answer(part, "What failed", |part| {
        part.within("b", "", &number(totals.failure));
        part.text(&format!(" of {}", count(totals.exchanges, "exchange")));
        part.text(&format!(" ({})", percent(ratio(totals.failure, totals.exchanges))));
        hosts(part, &causes);
    });
    answer(part, "Since when", |part| {
        let first = causes.iter().filter_map(|c| c.first.as_ref()).min();
        let last = causes.iter().filter_map(|c| c.last.as_ref()).max();
        span(part, first, last, clock);
        recovery(part, report, clock);
    });
    answer(part, "For whom", |part| whom(part, &causes));
    if let Some(worst) = causes.first() {
        // Failures stand first: those that `--top` left out are some of them when all rows are.
        let cut = report.left_out.get("causes").is_some_and(|n| *n > 0)
            && causes.len() == report.causes.len();
        answer(part, "Why", |part| why(part, worst, causes.len(), cut));
        answer(part, "What to do", |part| cure(part, worst));
    }
}

fn answer(part: &mut Markup, question: &'static str, write: impl FnOnce(&mut Markup)) {
    part.open("div", "answer");
    part.within("dt", "", question);
    part.open("dd", "");
    write(part);
    part.close("dd");
    part.close("div");
}

/// Names the hosts that refused.
fn hosts(part: &mut Markup, causes: &[&CauseRow]) {
    let mut hosts: Vec<(&str, u64)> = Vec::new();
    for (host, n) in causes.iter().flat_map(|cause| &cause.hosts) {
        match hosts.iter_mut().find(|(known, _)| known == host) {
            Some((_, known)) => *known += n,
            None => hosts.push((host, *n)),
        }
    }
    hosts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    for (i, (host, _)) in hosts.iter().take(HOSTS).enumerate() {
        part.text(if i == 0 { ", on " } else { ", " });
        part.within("span", "solid", host);
    }
    if hosts.len() > HOSTS {
        part.text(&format!(" and {} more", number((hosts.len() - HOSTS) as u64)));
    }
}

/// Writes a span of time with its day and length.
fn span(part: &mut Markup, first: Option<&String>, last: Option<&String>, clock: Clock) {
    let Some(start) = first else { return part.text("at an unknown time: the input has none") };
    let end = last.unwrap_or(start);
    part.time(start, &clock.show(Some(start)));
    let shown = clock.range(Some(start), Some(end));
    if let Some((_, until)) = shown.split_once(" to ") {
        part.raw(" to ");
        part.time(end, until);
    }
    part.raw(" UTC");
    if let (Some(from), Some(to)) = (millis(Some(start)), millis(Some(end)))
        && to > from
    {
        part.text(&format!(" ({})", span_of(to - from)));
    }
    if let Some(day) = start.get(..10).filter(|day| !clock.show(Some(start)).starts_with(day)) {
        part.raw("<br>");
        part.text(&format!("on {day}"));
    }
}

/// Says whether the endpoints of the latest incident were let in again.
fn recovery(part: &mut Markup, report: &Report, clock: Clock) {
    let Some(latest) = report.incidents.iter().max_by_key(|i| (&i.end, &i.start)) else { return };
    part.raw("<br>");
    match &latest.recovery {
        Some(at) => {
            part.raw("<span class=\"good\">let in again at ");
            part.time(at, &clock.show(Some(at)));
            part.raw("</span>");
        }
        None => part.raw("<span class=\"warn\">no success follows</span>"),
    }
}

/// Counts whom it hit: over all causes where their lists are whole, else at least as many.
fn whom(part: &mut Markup, causes: &[&CauseRow]) {
    let all: Vec<(&str, u64, bool)> =
        [("users", "user"), ("clients", "client"), ("tokens", "token"), ("endpoints", "endpoint")]
            .into_iter()
            .map(|(name, one)| (one, distinct(causes, name)))
            .filter(|(_, (n, _))| *n > 0)
            .map(|(one, (n, exact))| (one, n, exact))
            .collect();
    if all.is_empty() {
        return part.raw("the input does not say");
    }
    part.raw(if all.iter().all(|(_, _, exact)| *exact) { "" } else { "at least " });
    for (i, (one, n, _)) in all.iter().enumerate() {
        part.raw(if i == 0 { "" } else { ", " });
        part.within("span", "solid", &count(*n, one));
    }
}

/// Returns how many distinct names causes have together, and whether that is all of them.
fn distinct(causes: &[&CauseRow], name: &str) -> (u64, bool) {
    let list = |cause: &'_ CauseRow| match name {
        "users" => cause.users.clone(),
        "clients" => cause.clients.clone(),
        "tokens" => cause.tokens.clone(),
        _ => cause.endpoints.clone(),
    };
    let mut names = BTreeSet::new();
    let (mut most, mut exact) = (0, true);
    for cause in causes {
        let list = list(cause);
        let listed = list.len() as u64;
        let all = cause.distinct.get(name).copied().unwrap_or(listed);
        most = most.max(all);
        exact &= all == listed || causes.len() == 1;
        names.extend(list.into_iter().map(|(name, _)| name));
    }
    (most.max(names.len() as u64), exact)
}

/// Names the most frequent cause and counts the others; `cut` when the report leaves some out.
fn why(part: &mut Markup, worst: &CauseRow, causes: usize, cut: bool) {
    part.within("b", "", &worst.title);
    part.raw("<br>");
    part.within("code", "", worst.id.as_str());
    part.text(&format!(", {} of the failures", percent(worst.share)));
    if let Some(degree) = degree(worst) {
        part.text(&format!(", {degree}"));
    }
    if causes > 1 {
        part.raw("; ");
        part.raw("<a href=\"#causes\">");
        part.raw(if cut { "at least " } else { "" });
        part.text(&count(causes as u64 - 1, "more cause"));
        part.raw("</a>");
    }
}

fn cure(part: &mut Markup, worst: &CauseRow) {
    part.prose(if worst.advice.is_empty() { &worst.summary } else { &worst.advice });
    if let Some(case) = &worst.advice_case {
        part.raw("<br><span class=\"here\">");
        part.prose(&format!("Here: {}", case.text));
        part.raw("</span>");
    }
}

/// Returns how sure the counts of a cause are, when they are all equally sure.
fn degree(cause: &CauseRow) -> Option<&str> {
    let mut degrees = cause.confidence.iter().filter(|(_, n)| **n > 0);
    let (degree, _) = degrees.next()?;
    degrees.next().is_none().then_some(degree)
}

/// Shows the instants and numbers in a sentence as the rest of the page shows them.
fn readable(text: &str, clock: Clock) -> String {
    let word = |word: &str| {
        let bare = word.trim_matches(['(', ')', '.', ',', ':', ';']);
        let shown = if bare.parse::<jiff::Timestamp>().is_ok() {
            clock.show(Some(bare))
        } else if bare.bytes().all(|b| b.is_ascii_digit()) {
            bare.parse().map_or_else(|_| bare.to_owned(), number)
        } else {
            return word.to_owned();
        };
        word.replacen(bare, &shown, 1)
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn ratio(part: u64, whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let (part, whole) = (part as f64, whole.max(1) as f64);
    part / whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Period;

    #[test]
    fn instants_and_numbers_in_the_sentence_are_shortened() {
        let day = |hour: &str| Some(format!("2026-11-20T{hour}Z"));
        let period = Period { first: day("10:00:00"), last: day("11:00:00") };
        let text = "1234 of 20000 failed, from 2026-11-20T10:31:00.120Z to 2026-11-20T10:38:12Z. \
                    2 causes; the most frequent (1000): it's 24x7";
        assert_eq!(
            readable(text, Clock::of(&period)),
            "1,234 of 20,000 failed, from 10:31:00 to 10:38:12. \
             2 causes; the most frequent (1,000): it's 24x7"
        );
    }

    #[test]
    fn whom_it_hit_is_exact_where_the_lists_are_whole() {
        let cause = |names: &[&str], all: u64| {
            let value = serde_json::json!({
                "id": "unknown", "class": "failure", "title": "", "summary": "", "count": 1,
                "share": 1.0, "confidence": {}, "endpoints": [], "hosts": [], "tokens": [],
                "users": [], "examples": [], "also": [], "advice": "",
                "clients": names.iter().map(|name| serde_json::json!({"name": name, "count": 1}))
                    .collect::<Vec<_>>(),
                "distinct": { "clients": all },
            });
            serde_json::from_value::<CauseRow>(value).unwrap()
        };
        let (one, two) = (cause(&["a", "b"], 2), cause(&["b", "c"], 2));
        assert_eq!(distinct(&[&one, &two], "clients"), (3, true));
        let cut = cause(&["b", "c"], 9);
        assert_eq!(distinct(&[&one, &cut], "clients"), (9, false));
        assert_eq!(distinct(&[&cut], "clients"), (9, true));
    }
}
