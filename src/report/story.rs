//! The post-mortem in order, and the one sentence that says what happened.

use std::collections::{BTreeMap, BTreeSet};

use super::{Judged, note};
use crate::model::{At, CauseRow, Class, Report, StoryItem, Time, Token, Totals};
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

/// Returns a sentence or two: what failed, where, since when, for whom, why.
pub(super) fn summary(report: &Report, judged: &[Judged<'_>]) -> String {
    let totals = &report.totals;
    let read = count(totals.exchanges, "exchange");
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
    let hosts: BTreeSet<_> =
        causes.iter().flat_map(|c| c.hosts.iter().map(|(host, _)| host)).collect();
    let place = match (hosts.len(), hosts.first()) {
        (1, Some(host)) => format!(" on {host}"),
        (0, _) => String::new(),
        (n, _) => format!(" on {n} hosts"),
    };
    let first = causes.iter().filter_map(|c| c.first.as_deref()).min();
    let last = causes.iter().filter_map(|c| c.last.as_deref()).max();
    let when = first.zip(last).map_or_else(String::new, |(first, last)| period(first, last));
    let what = format!("{} of {read} failed to authenticate", totals.failure);
    format!("{what}{place}{when}{}.{}", whom(judged), why(&causes))
}

/// Says why in a few words: the cause, or how many there are and which is the most frequent.
fn why(causes: &[&CauseRow]) -> String {
    match causes {
        [] => String::new(),
        [only] if only.id == "unknown" => " Why cannot be seen in it.".to_owned(),
        [only] => format!(" The cause: {}.", lower(&only.title)),
        [top, rest @ ..] if rest.iter().all(|cause| cause.count == top.count) => {
            format!(" {} causes, {} each.", causes.len(), count(top.count, "failure"))
        }
        [top, ..] => format!(
            " {} causes; the most frequent ({}): {}.",
            causes.len(),
            top.count,
            lower(&top.title)
        ),
    }
}

/// Says whose requests failed: `, for 3 clients and 2 users`; nothing where neither is known.
fn whom(judged: &[Judged<'_>]) -> String {
    let failures = || judged.iter().filter(|j| j.judgement.class == Class::Failure);
    let clients: BTreeSet<_> = failures().map(|j| &j.facts.client).collect();
    let users: BTreeSet<_> = failures().filter_map(|j| j.user.as_ref()).collect();
    let named =
        |n: usize, one: &str| (n > 0).then(|| count(u64::try_from(n).unwrap_or(u64::MAX), one));
    match (named(clients.len(), "client"), named(users.len(), "user")) {
        (Some(clients), Some(users)) => format!(", for {clients} and {users}"),
        (Some(one), None) | (None, Some(one)) => format!(", for {one}"),
        (None, None) => String::new(),
    }
}

/// Says when in whole seconds: `, at T UTC`, `, from T to T UTC`; the day stands once where it is one.
fn period(first: &str, last: &str) -> String {
    let whole = |time: &str| time.get(..19).map(|t| t.replacen('T', " ", 1));
    let (Some(from), Some(to)) = (whole(first), whole(last)) else {
        return format!(", from {first} to {last}");
    };
    match (from == to, from.get(..10) == to.get(..10)) {
        (true, _) => format!(", at {from} UTC"),
        (false, true) => format!(", from {from} to {} UTC", to.get(11..).unwrap_or(&to)),
        (false, false) => format!(", from {from} to {to} UTC"),
    }
}

/// Returns `1 exchange`, `2 exchanges`.
fn count(n: u64, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
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
