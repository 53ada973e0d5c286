//! The post-mortem in order, and the one sentence that says what happened.

use std::collections::{BTreeMap, BTreeSet};

use super::{Judged, note};
use crate::model::{At, Class, Report, StoryItem, Time, Token, Totals};
use crate::world::{Sight, World};

/// Tells the moments that explain the failures, one sentence each, in order.
pub(super) fn tell(world: &World<'_>, judged: &[Judged<'_>]) -> Vec<StoryItem> {
    let show = |at| Time { at, digits: 3, zone_assumed: false }.to_string();
    let failures: Vec<&Judged<'_>> =
        judged.iter().filter(|j| j.timed && j.judgement.class == Class::Failure).collect();
    let mut told: BTreeSet<(At, String)> = BTreeSet::new();
    let mut groups: BTreeMap<(&str, Option<crate::model::Fingerprint>), Vec<&Judged<'_>>> =
        BTreeMap::new();
    for item in &failures {
        groups.entry((item.cause(), item.token)).or_default().push(item);
    }
    for ((_, token), items) in &groups {
        let Some(first) = items.iter().min_by_key(|j| j.bucket.first) else { continue };
        let count: u64 = items.iter().map(|j| j.bucket.count).sum();
        let title = super::causes_title(first.cause());
        let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
        let who = token.map_or_else(String::new, |mark| format!(", {mark}"));
        let endpoints: BTreeSet<_> = items.iter().map(|j| &j.facts.endpoint).collect();
        let others = match endpoints.len().saturating_sub(1) {
            0 => String::new(),
            1 => " and one more endpoint".to_owned(),
            n => format!(" and {n} more endpoints"),
        };
        told.insert((
            first.bucket.first,
            format!(
                "{title} (`{}`): {}{others}{who}, {times}",
                first.cause(),
                first.facts.endpoint
            ),
        ));
        if let Some(exp) = first.decoded.and_then(Token::expires)
            && first.cause().starts_with("time.")
            && let Some(mark) = token
        {
            told.insert((exp, format!("{mark} expires")));
            let last = world.sights(*mark).iter().filter_map(|sight| match sight {
                Sight::LetIn(usage) => usage.times.last(),
                Sight::Refused(..) => None,
            });
            if let Some(last) = last.max() {
                told.insert((last, format!("{mark} is let in for the last time")));
            }
        }
        for ending in world.endings(&first.facts.client, None) {
            if !ending.what.contains("logged in") {
                told.insert((ending.at, ending.what.to_owned()));
            }
        }
        for refused in world.refused_refreshes(&first.facts.client, None) {
            told.insert((refused.at, "the token endpoint refuses a refresh".to_owned()));
        }
        for renewal in world.renewals(&first.facts.client, None) {
            let what = if renewal.login { "a login" } else { "a refresh" };
            let new = renewal.access.map_or_else(|| "a token".to_owned(), |mark| mark.to_string());
            told.insert((renewal.at, format!("{what} gives {new}")));
        }
    }
    told.into_iter()
        .map(|(at, text)| StoryItem {
            time: Some(show(at)),
            text,
            evidence: vec![note("read off the capture".into(), "history")],
        })
        .collect()
}

/// Returns one sentence: what failed, since when, for whom, why.
pub(super) fn summary(report: &Report) -> String {
    let totals = &report.totals;
    let exchanges = if totals.exchanges == 1 { "exchange" } else { "exchanges" };
    let read = format!("{} {exchanges}", totals.exchanges);
    if totals.exchanges == 0 {
        return "No exchange was read.".into();
    }
    if totals.failure == 0 {
        return [Some(format!("No auth failure in {read}.")), steps(totals), others(totals)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ");
    }
    let causes: Vec<_> = report.causes.iter().filter(|c| c.class == Class::Failure).collect();
    let when = match (
        causes.iter().filter_map(|c| c.first.as_ref()).min(),
        causes.iter().filter_map(|c| c.last.as_ref()).max(),
    ) {
        (Some(first), Some(last)) if first == last => format!(", at {first}"),
        (Some(first), Some(last)) => format!(", from {first} to {last}"),
        _ => String::new(),
    };
    let hosts: BTreeSet<_> =
        causes.iter().flat_map(|c| c.hosts.iter().map(|(host, _)| host)).collect();
    let place = match (hosts.len(), hosts.first()) {
        (1, Some(host)) => format!(", on {host}"),
        (0, _) => String::new(),
        (n, _) => format!(", on {n} hosts"),
    };
    let why = match causes.as_slice() {
        [] => String::new(),
        [only] => format!(" The cause: {}.", lower(&only.title)),
        [top, rest @ ..] if rest.iter().all(|cause| cause.count == top.count) => {
            let failures = if top.count == 1 { "failure" } else { "failures" };
            format!(" {} causes, {} {failures} each.", causes.len(), top.count)
        }
        [top, ..] => format!(
            " {} causes; the most frequent ({}): {}.",
            causes.len(),
            top.count,
            lower(&top.title)
        ),
    };
    format!("{} of {read} failed to authenticate{when}{place}.{why}", totals.failure)
}

fn steps(totals: &Totals) -> Option<String> {
    match totals.expected {
        0 => None,
        1 => Some("1 refusal was a step of a normal protocol.".into()),
        n => Some(format!("{n} refusals were steps of a normal protocol.")),
    }
}

fn others(totals: &Totals) -> Option<String> {
    match totals.lookalike {
        0 => None,
        1 => Some("1 was refused for another reason than auth.".into()),
        n => Some(format!("{n} were refused for other reasons than auth.")),
    }
}

/// Lower-cases the first letter unless it begins a name (`JWT`, `Basic`).
fn lower(title: &str) -> String {
    let mut chars = title.chars();
    match (chars.next(), chars.next()) {
        (Some(a), Some(b))
            if b.is_lowercase() && !title.starts_with("Basic") && !title.starts_with("Digest") =>
        {
            a.to_lowercase().collect::<String>() + &title[a.len_utf8()..]
        }
        _ => title.to_owned(),
    }
}
