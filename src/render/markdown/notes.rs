//! What stands below the causes: story, incidents, groups, what is no failure, what could not be seen.

use std::io::{self, Write};

use super::safe::{cell, code, prose};
use super::{left_out, named, of};
use crate::model::{Class, Incident, Report, Seconds};
use crate::render::text::when::{Clock, count, millis, number, percent, span_of};
use crate::render::text::{NO_SUCCESS, client, first_places, hit, knows_a_sample};

/// A clock that is off by less than this many seconds is not worth a line.
const NOTABLE_SKEW: f64 = 2.0;

/// Notes in full view; the others are folded together.
const NOTES: usize = 12;

/// Writes the post-mortem, a sentence an item.
pub(super) fn story(report: &Report, clock: Clock, out: &mut dyn Write) -> io::Result<()> {
    if report.story.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n### What happened\n")?;
    for item in &report.story {
        let time = item
            .time
            .as_deref()
            .map_or(String::new(), |time| format!("**{}** ", prose(&clock.show(Some(time)))));
        writeln!(out, "- {time}{}", prose(&item.text))?;
    }
    left_out(report, "story", out)
}

/// Writes the bursts of failures.
pub(super) fn incidents(report: &Report, clock: Clock, out: &mut dyn Write) -> io::Result<()> {
    if report.incidents.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n### Incidents\n")?;
    for incident in &report.incidents {
        one_incident(report, incident, clock, out)?;
    }
    left_out(report, "incidents", out)
}

fn one_incident(
    report: &Report,
    incident: &Incident,
    clock: Clock,
    out: &mut dyn Write,
) -> io::Result<()> {
    let when = prose(&clock.range(Some(&incident.start), Some(&incident.end)));
    let (from, to) = (millis(Some(&incident.start)), millis(Some(&incident.end)));
    let span = from.zip(to).filter(|(from, to)| to > from);
    let span = span.map_or(String::new(), |(from, to)| format!(" in {}", span_of(to - from)));
    let mut facts = vec![format!("{}{span}", count(incident.count, "failure"))];
    let causes: Vec<(String, u64)> =
        incident.causes.iter().map(|(id, n)| (id.to_string(), *n)).collect();
    for (list, names) in [("causes", &causes), ("endpoints", &incident.endpoints)] {
        if !names.is_empty() {
            let all = incident.distinct.get(list).copied().unwrap_or_default();
            facts.push(named(names, all.max(names.len() as u64), incident.count));
        }
    }
    writeln!(out, "- **{when}** {}", facts.join(" · "))?;
    let hit = hit(incident);
    if !hit.is_empty() {
        writeln!(out, "  - hit: {}", hit.join(", "))?;
    }
    for (label, facts) in [("before", &incident.before), ("storm", &incident.storms)] {
        for fact in facts {
            writeln!(out, "  - {label}: {} ({})", prose(&fact.fact), code(&fact.place))?;
        }
    }
    match &incident.recovery {
        Some(recovery) => {
            let gap = millis(Some(recovery)).zip(to).map(|(a, b)| span_of(a.saturating_sub(b)));
            let gap = gap.map_or(String::new(), |gap| format!(", {gap} after the last failure"));
            let at = prose(&clock.show(Some(recovery)));
            writeln!(out, "  - after: let in again at {at}{gap}")
        }
        None if report.totals.ok == 0 => writeln!(out, "  - after: {NO_SUCCESS}"),
        None if knows_a_sample(report) => {
            writeln!(out, "  - after: no success of these endpoints is known to follow")
        }
        None => writeln!(out, "  - after: no success of these endpoints follows"),
    }
}

/// Writes the counts by the keys of `--group-by`.
pub(super) fn groups(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Some(first) = report.groups.first() else { return Ok(()) };
    let by =
        report.options.get("group-by").map_or(String::new(), |keys| format!(" by {}", code(keys)));
    writeln!(out, "\n### Groups{by}\n\n| failures | share |{}", " |".repeat(first.key.len()))?;
    writeln!(out, "| --: | --: |{}", " :-- |".repeat(first.key.len()))?;
    for group in &report.groups {
        let keys: Vec<String> =
            (group.key.iter()).map(|key| cell(&code(&client(report, key)))).collect();
        let (n, share) = (number(group.count), percent(group.share));
        writeln!(out, "| {n} | {share} | {} |", keys.join(" | "))?;
    }
    left_out(report, "groups", out)
}

/// Writes the refusals that are no failures.
pub(super) fn not_counted(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let classes = [Class::Expected, Class::Lookalike];
    if classes.iter().all(|class| of(report, *class).next().is_none()) {
        return Ok(());
    }
    writeln!(out, "\n### Refused, and no failure\n")?;
    for class in classes {
        for cause in of(report, class) {
            let (n, id, title) =
                (number(cause.count), code(cause.id.as_str()), prose(&cause.title));
            writeln!(out, "- {class}: {n} {id} {title}")?;
        }
    }
    Ok(())
}

/// Writes warnings, and all that the report could not see, could not read, or had to assume.
pub(super) fn unseen(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut notes: Vec<String> = Vec::new();
    for warning in &report.warnings {
        notes.push(format!("**warning:** {} ({})", prose(&warning.fact), code(&warning.place)));
    }
    for clock in report.clocks.iter().filter(|c| c.skew_s.abs() >= NOTABLE_SKEW.max(c.spread_s)) {
        let way = if clock.skew_s < 0.0 { "behind" } else { "ahead of" };
        let (skew, spread) = (Seconds(clock.skew_s.abs()), Seconds(clock.spread_s));
        let who = if clock.source == "issue" { "issuer " } else { "" };
        let host = code(&clock.host);
        notes.push(format!("clock: {who}{host} is {skew} {way} the capture's clock (± {spread})"));
    }
    for key in &report.keys {
        if let Some(why) = &key.unusable {
            notes.push(format!("key: {} was not used: {}", code(&key.name), prose(why)));
        }
        if let Some(remark) = &key.remark {
            notes.push(format!("key: {}: {}", code(&key.name), prose(remark)));
        }
    }
    inputs(report, &mut notes);
    for assumed in &report.assumptions {
        let source = assumed.source.as_deref().map_or(String::new(), |s| format!("{}: ", code(s)));
        let option = match assumed.option.as_str() {
            "" => String::new(),
            option => format!(", change with {}", code(option)),
        };
        notes.push(format!("assumed: {source}{}{option}", prose(&assumed.what)));
    }
    if notes.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n### What could not be seen, and notes\n")?;
    let (shown, folded) = notes.split_at_checked(NOTES).unwrap_or((&notes, &[]));
    for note in shown {
        writeln!(out, "- {note}")?;
    }
    if !folded.is_empty() {
        let more = count(folded.len() as u64, "more note");
        writeln!(out, "\n<details><summary>{more}</summary>\n")?;
        for note in folded {
            writeln!(out, "- {note}")?;
        }
        writeln!(out, "\n</details>")?;
    }
    ["inputs", "expectations", "clocks"].iter().try_for_each(|list| left_out(report, list, out))
}

/// Says what inputs lack; what is true of several is said once.
fn inputs(report: &Report, notes: &mut Vec<String>) {
    let mut said: Vec<(&str, String, Vec<&str>)> = Vec::new();
    for input in &report.inputs {
        let mut say =
            |label, text: String| match said.iter_mut().find(|(l, t, _)| *l == label && *t == text)
            {
                Some((_, _, sources)) => sources.push(input.source.as_str()),
                None => said.push((label, text, vec![input.source.as_str()])),
            };
        if let Some(error) = &input.error {
            say("not read", prose(error));
        }
        if input.truncated {
            say("cut off", "ends in the middle of a record".to_owned());
        }
        for unseen in &input.unseen {
            say("not seen", prose(unseen));
        }
        for (label, rows) in [("skipped", &input.skipped), ("repaired", &input.repaired)] {
            for row in rows {
                let (n, reason) = (count(row.count, "record"), prose(&row.reason));
                say(label, format!("{n}, {reason}{}", first_places(&row.first)));
            }
        }
    }
    for (label, text, sources) in said {
        notes.push(match sources.as_slice() {
            [first, _, ..] => {
                let n = count(sources.len() as u64, "input");
                format!("{label}: {n}: {text} (the first: {})", code(first))
            }
            one => format!("{label}: {}: {text}", code(&one.concat())),
        });
    }
}
