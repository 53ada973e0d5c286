//! The first screen: a sentence that says what happened, and five answers below it.

use super::markup::Markup;
use crate::model::{Affected, CauseRow, Class, Report};
use crate::render::text::when::{AROUND, Clock, count, millis, number, numbers, percent, span_of};
use crate::render::text::{NO_SUCCESS, knows_a_sample};

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
    unbroken(part, &first);
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

/// Writes a sentence in which no day is broken at its hyphens.
fn unbroken(part: &mut Markup, text: &str) {
    for (i, word) in text.split(' ').enumerate() {
        part.raw(if i == 0 { "" } else { " " });
        if word.trim_matches(AROUND).parse::<jiff::civil::Date>().is_ok() {
            part.within("span", "solid", word);
        } else {
            part.text(word);
        }
    }
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
        place(part, &report.affected);
    });
    answer(part, "Since when", |part| {
        span(part, report.affected.first.as_ref(), report.affected.last.as_ref(), clock);
        recovery(part, report, clock);
    });
    answer(part, "For whom", |part| whom(part, &report.affected));
    if let Some(worst) = causes.first() {
        let equals = causes.iter().filter(|cause| cause.count == worst.count).count();
        let all = report.affected.distinct("causes").max(causes.len() as u64);
        answer(part, "Why", |part| why(part, worst, equals, all));
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

/// Names the hosts that refused; where none is known, the endpoints.
fn place(part: &mut Markup, affected: &Affected) {
    let (names, shown, all) = match affected.hosts.as_slice() {
        [] => (affected.endpoints.as_slice(), 1, affected.distinct("endpoints")),
        hosts => (hosts, HOSTS, affected.distinct("hosts")),
    };
    for (i, (name, _)) in names.iter().take(shown).enumerate() {
        let on = if affected.hosts.is_empty() { ", at " } else { ", on " };
        part.text(if i == 0 { on } else { ", " });
        if affected.hosts.is_empty() {
            breaking(part, name);
        } else {
            part.within("span", "solid", name);
        }
    }
    match all.saturating_sub(shown as u64) {
        0 => {}
        more => part.text(&format!(" and {} more", number(more))),
    }
}

/// Writes an endpoint that may be broken behind its slashes, in a narrow column.
fn breaking(part: &mut Markup, endpoint: &str) {
    for piece in endpoint.split_inclusive('/') {
        part.text(piece);
        part.raw("<wbr>");
    }
}

/// Writes a span of time with its day and length.
fn span(part: &mut Markup, first: Option<&String>, last: Option<&String>, clock: Clock) {
    let Some(start) = first else { return part.text("at an unknown time: the input has none") };
    let end = last.unwrap_or(start);
    part.time(start, &clock.show(Some(start)));
    let shown = clock.range(Some(start), Some(end));
    if let Some((_, until)) = shown.split_once(" to ") {
        part.raw(" to&nbsp;");
        part.time(end, until);
    }
    part.raw(" UTC");
    if let (Some(from), Some(to)) = (millis(Some(start)), millis(Some(end)))
        && to > from
    {
        part.raw(" ");
        part.within("span", "solid", &format!("({})", span_of(to - from)));
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
        None if report.totals.ok == 0 => part.within("span", "warn", NO_SUCCESS),
        None if knows_a_sample(report) => {
            part.within("span", "warn", "no success is known to follow");
        }
        None => part.within("span", "warn", "no success follows"),
    }
}

/// Counts whom it hit, and says what tells clients apart where that may surprise.
fn whom(part: &mut Markup, affected: &Affected) {
    let all = [("users", "user"), ("clients", "client"), ("tokens", "token")];
    let all = all.into_iter().chain([("endpoints", "endpoint")]);
    let all: Vec<String> = all
        .map(|(name, one)| (affected.distinct(name), one))
        .filter(|(n, _)| *n > 0)
        .map(|(n, one)| count(n, one))
        .collect();
    if all.is_empty() {
        return part.raw("the input does not say");
    }
    for (i, one) in all.iter().enumerate() {
        part.raw(if i == 0 { "" } else { ", " });
        part.within("span", "solid", one);
    }
    let (clients, addresses) = (affected.distinct("clients"), affected.distinct("addresses"));
    if addresses > 0 && addresses < clients {
        part.raw("<br><span class=\"here\">");
        part.text(&format!("the clients share {}", count(addresses, "address")));
        part.raw("</span>");
    }
}

/// Names the most frequent cause, says how many are as frequent, and counts the others of `all`.
fn why(part: &mut Markup, worst: &CauseRow, equals: usize, all: u64) {
    part.within("b", "", &worst.title);
    part.raw("<br>");
    part.within("code", "", worst.id.as_str());
    part.raw("<br>");
    part.text(&format!("{} of the failures", percent(worst.share)));
    if let Some(degree) = degree(worst) {
        part.text(&format!(", {degree}"));
    }
    if all > 1 {
        part.raw("; ");
        part.raw("<a href=\"#causes\">");
        part.text(&count(all - 1, "more cause"));
        part.raw("</a>");
        part.raw(if equals > 1 && equals as u64 == all { ", as frequent" } else { "" });
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
        let bare = word.trim_matches(AROUND);
        match bare.parse::<jiff::Timestamp>() {
            Ok(_) => word.replacen(bare, &clock.show(Some(bare)), 1),
            Err(_) => word.to_owned(),
        }
    };
    numbers(&text.split(' ').map(word).collect::<Vec<_>>().join(" "))
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
    fn whom_it_hit_is_told_of_all_failures() {
        let told = |counts: &[(&str, u64)]| {
            let distinct = counts.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
            let mut markup = Markup::default();
            whom(&mut markup, &Affected { distinct, ..Affected::default() });
            String::from_utf8(markup.as_bytes().to_vec()).unwrap()
        };
        assert_eq!(told(&[("clients", 0)]), "the input does not say");
        let two = "<span class=\"solid\">2 clients</span>";
        assert_eq!(told(&[("clients", 2), ("addresses", 2)]), two);
        assert_eq!(told(&[("clients", 2)]), two, "no address is known");
        assert_eq!(
            told(&[("clients", 2), ("addresses", 1)]),
            format!("{two}<br><span class=\"here\">the clients share 1 address</span>")
        );
    }

    #[test]
    fn a_day_in_the_sentence_is_not_broken() {
        let mut markup = Markup::default();
        unbroken(&mut markup, "from 2026-11-23 02:47:03 on a-b <x>.");
        let text = String::from_utf8(markup.as_bytes().to_vec()).unwrap();
        assert_eq!(text, "from <span class=\"solid\">2026-11-23</span> 02:47:03 on a-b &lt;x&gt;.");
    }
}
