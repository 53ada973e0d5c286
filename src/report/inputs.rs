//! What was read, what could not be seen, what was assumed, what leaks.

use std::collections::BTreeMap;

use super::{Judged, note};
use crate::model::{Assumption, Evidence, InputRow, Observer, Oddity};
use crate::tally::{Input, Tally};
use crate::world::{Loss, World};

pub(super) fn rows(world: &World<'_>) -> Vec<InputRow> {
    world
        .tally()
        .inputs
        .iter()
        .map(|(source, input)| InputRow {
            source: source.to_string(),
            named: input.named,
            format: input.format.clone(),
            formats: input.formats.clone(),
            creator: input.creator.clone(),
            exchanges: input.exchanges,
            bytes: input.bytes,
            truncated: input.truncated,
            skipped: input.skipped.values().cloned().collect(),
            repaired: input.repaired.values().cloned().collect(),
            unseen: unseen(input, world.loss_of(source)),
            error: input.error.clone(),
        })
        .collect()
}

fn unseen(input: &Input, loss: Option<&Loss>) -> Vec<String> {
    let mut words = Vec::new();
    let count = |n: u64, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    let loss = loss.filter(|_| input.exchanges > 0);
    words.extend(loss.map(Loss::unseen).map(str::to_owned));
    if input.unseen_fields > 0 {
        words.push(format!("request fields of {}", count(input.unseen_fields, "exchange")));
    }
    if input.with_redacted > 0 {
        let masked = count(input.with_redacted, "credential");
        words.push(format!("{masked} that the capture masks"));
    }
    if input.bodies_missing > 0 {
        let bodies = if input.bodies_missing == 1 { "the body" } else { "the bodies" };
        words.push(format!("{bodies} of {}", count(input.bodies_missing, "refusal")));
    }
    words
}

pub(super) fn assumptions(world: &World<'_>) -> Vec<Assumption> {
    let zones = world.tally().inputs.iter().filter(|(_, input)| input.zone_assumed > 0).map(
        |(source, input)| Assumption {
            source: Some(source.to_string()),
            what: format!("{} times without a zone were read as UTC", input.zone_assumed),
            option: "--tz".into(),
        },
    );
    let years = world.tally().inputs.iter().filter(|(_, input)| input.year_assumed > 0).map(
        |(source, input)| Assumption {
            source: Some(source.to_string()),
            what: format!(
                "{} times without a year got the latest one that is not after the log's last change",
                input.year_assumed
            ),
            option: "--year".into(),
        },
    );
    let read = zones.chain(years).chain(implied_urls(world));
    read.chain(world.views().assumptions()).collect()
}

/// Says where the URL of an event is the one that such events come from: the log names none.
fn implied_urls<'w>(world: &'w World<'_>) -> impl Iterator<Item = Assumption> + 'w {
    let inputs = world.tally().inputs.iter();
    inputs.filter_map(|(source, input)| {
        let of = |name: &str| input.formats.iter().find(|(format, _)| ***format == *name);
        let count: u64 = ["keycloak", "logins"].into_iter().filter_map(of).map(|(_, n)| *n).sum();
        (count > 0).then(|| Assumption {
            source: Some(source.to_string()),
            what: format!(
                "{count} of its lines name no URL, or may not: theirs is the one that such events come from"
            ),
            option: "--input-format".into(),
        })
    })
}

/// Credentials where they can leak: misspelt fields that loggers do not mask, URLs, logs with tokens.
pub(super) fn warnings(tally: &Tally, judged: &[Judged<'_>]) -> Vec<Evidence> {
    let mut warnings = Vec::new();
    let misspelt: u64 = judged
        .iter()
        .filter(|j| {
            j.facts()
                .credentials
                .iter()
                .any(|c| c.oddities.iter().any(|o| matches!(o, Oddity::Misspelt(_))))
        })
        .map(|j| j.bucket.count)
        .sum();
    if misspelt > 0 {
        let who = if misspelt == 1 { "1 request carries" } else { "requests carry" };
        let count = if misspelt == 1 { String::new() } else { format!("{misspelt} ") };
        let fact = format!(
            "{count}{who} a credential under a misspelt field name; loggers and sanitizers do not mask it"
        );
        warnings.push(note(fact, "request.headers"));
    }
    warnings.extend(doubles(tally));
    if tally.clientless > 0 {
        let fact = format!(
            "more clients were refused than are kept: {} refusals without a credential were counted \
             without their clients, who are known as a sample",
            tally.clientless
        );
        warnings.push(note(fact, "capture"));
    }
    if tally.uses.is_sample() && !tally.is_cut() {
        let fact = "more credentials were let in than are kept: what was let in is known of a sample, \
                    and what rests on the history of any other is a suspicion only";
        warnings.push(note(fact.to_owned(), "capture"));
    }
    warnings.extend(cuts(tally));
    for (source, input) in &tally.inputs {
        let log = matches!(input.observer, Observer::App | Observer::Gateway);
        let clear = input.with_credentials.saturating_sub(input.with_redacted);
        if log && clear > 0 {
            let fact = format!("{source} is a server log that holds {clear} credentials in clear");
            warnings.push(note(fact, "capture"));
        }
    }
    warnings
}

/// What a limit of memory left out.
fn cuts(tally: &Tally) -> Option<Evidence> {
    let mut cuts = Vec::new();
    if tally.refused.count > 0 {
        cuts.push(format!(
            "{} refusals of kinds that found no room are in the counts by status and nowhere else",
            tally.refused.count
        ));
    }
    let names = [
        ("tokens", tally.tokens.is_sample()),
        ("what was let in", tally.uses.is_sample()),
        ("what was handed out", tally.issues.is_sample()),
    ];
    let sampled: Vec<&str> =
        names.into_iter().filter_map(|(name, is)| is.then_some(name)).collect();
    let (last, others) =
        sampled.split_last().map_or(("", &[][..]), |(last, others)| (*last, others));
    match others {
        _ if last.is_empty() => {}
        [] => cuts.push(format!("{last} is known of a sample")),
        _ => cuts.push(format!("{} and {last} are known of a sample", others.join(", "))),
    }
    if tally.is_cut() {
        cuts.push("what rests on other exchanges is a suspicion only".to_owned());
    }
    let limit = tally.limits();
    let why = if limit.is_none() { String::new() } else { format!(" within --max-memory {limit}") };
    let fact = format!("not all was kept{why}: {}", cuts.join("; "));
    (tally.is_cut() || tally.refused.count > 0).then(|| note(fact, "capture"))
}

/// Inputs that hold the same exchanges, by number and content: copies, which are counted each.
///
/// They are never joined: which of two equal lines is the copy is for the user to say, and nodes that
/// log nothing but a health check may well write the same.
fn doubles(tally: &Tally) -> Vec<Evidence> {
    let mut same: BTreeMap<(u64, u64), Vec<&str>> = BTreeMap::new();
    for (source, input) in tally.inputs.iter().filter(|(_, input)| input.exchanges > 0) {
        same.entry((input.exchanges, input.content)).or_default().push(source);
    }
    let copies = same.into_iter().filter(|(_, sources)| sources.len() > 1);
    let mut told: Vec<Evidence> = copies
        .map(|((count, _), sources)| {
            let what = if count == 1 { "the same exchange" } else { "the same exchanges" };
            let fact = format!("{} hold {what}, which count once for each", sources.join(" and "));
            note(fact, "capture")
        })
        .collect();
    told.sort();
    told
}
