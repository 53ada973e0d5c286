//! The post-mortem in order, and the one sentence that says what happened.

use std::collections::{BTreeMap, BTreeSet};

use super::{Judged, note};
use crate::model::{Affected, At, CauseRow, Class, Report, StoryItem, Time, Token, Totals};
use crate::world::{Sight, World};

/// Names of hosts and endpoints that are longer are only counted in the sentence, in bytes.
const LONG: usize = 80;

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
                spot(&first.facts.endpoint.to_string())
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
pub(super) fn summary(report: &Report) -> String {
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
    let affected = &report.affected;
    let when = affected.first.as_deref().zip(affected.last.as_deref());
    let when = when.map_or_else(String::new, |(first, last)| period(first, last));
    let what = format!("{} of {read} failed to authenticate", totals.failure);
    let causes: Vec<_> = report.causes.iter().filter(|c| c.class == Class::Failure).collect();
    format!("{what}{}{when}{}.{}", place(affected), whom(affected), why(&causes))
}

/// Says where: the two hosts that were hit most, where none is known the one endpoint.
fn place(affected: &Affected) -> String {
    let (at, names, one) = match affected.hosts.as_slice() {
        [] => (" at ", affected.endpoints.as_slice(), "endpoint"),
        hosts => (" on ", hosts, "host"),
    };
    let all = affected.distinct(&format!("{one}s"));
    // A name that fills lines tells less than the number.
    let mut named = names.iter().map(|(name, _)| spot(name)).take_while(|name| name.len() <= LONG);
    match (all, named.next(), named.next()) {
        (0, ..) => String::new(),
        (1, Some(name), _) => format!("{at}{name}"),
        (2, Some(a), Some(b)) if one == "host" => format!("{at}{a} and {b}"),
        (_, Some(a), Some(b)) if one == "host" => {
            format!("{at}{a}, {b} and {}", count(all.saturating_sub(2), &format!("more {one}")))
        }
        (_, Some(a), _) => {
            format!("{at}{a} and {}", count(all.saturating_sub(1), &format!("more {one}")))
        }
        (_, None, _) => format!("{at}{}", count(all, one)),
    }
}

/// Returns an endpoint as a sentence names it: an unknown method is not said.
fn spot(endpoint: &str) -> &str {
    endpoint.strip_prefix("- ").unwrap_or(endpoint)
}

/// Says why in a few words: the cause, or how many there are and which is the most frequent.
fn why(causes: &[&CauseRow]) -> String {
    let (blind, known): (Vec<&CauseRow>, Vec<&CauseRow>) =
        causes.iter().copied().partition(|cause| cause.id == "unknown");
    let blind: u64 = blind.iter().map(|cause| cause.count).sum();
    let rest = match blind {
        0 => String::new(),
        n => format!(" Of {} the cause is not visible.", count(n, "failure")),
    };
    match known.as_slice() {
        [] if blind > 0 => " Why is not visible in it.".to_owned(),
        [] => String::new(),
        [only] if blind == 0 => format!(" The cause: {}.", lower(&only.title)),
        [only] => {
            format!(" The cause of {}: {}.{rest}", count(only.count, "failure"), lower(&only.title))
        }
        [top, others @ ..] if others.iter().all(|cause| cause.count == top.count) => {
            format!(" {} causes with {} each.{rest}", known.len(), count(top.count, "failure"))
        }
        [top, ..] => format!(
            " {} causes; most often ({}): {}.{rest}",
            known.len(),
            count(top.count, "time"),
            lower(&top.title)
        ),
    }
}

/// Says whose requests failed: `, for 3 clients at 1 address and 2 users`; nothing where none is known.
///
/// Clients are told apart by address and user agent, so several may stand behind one address.
fn whom(affected: &Affected) -> String {
    let some = |name: &str, one: &str| {
        Some(affected.distinct(name)).filter(|n| *n > 0).map(|n| count(n, one))
    };
    let (clients, addresses) = (affected.distinct("clients"), affected.distinct("addresses"));
    let clients = some("clients", "client").map(|text| match addresses {
        0 => text,
        1 if clients > 1 => format!("{text} at 1 address"),
        n if n < clients => format!("{text} at {n} addresses"),
        _ => text,
    });
    match (clients, some("users", "user")) {
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
