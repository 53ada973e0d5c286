//! World and judgements to report: counts, timeline, incidents, lifelines, the story.

mod advice;
mod affected;
mod causes;
mod changes;
mod counts;
mod incidents;
mod inputs;
mod judged;
mod lifelines;
mod line;
mod messages;
mod selection;
mod story;
mod timeline;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

pub use self::judged::{GroupKey, Judged, judge_all};
pub use self::line::{ClientId, line};
pub use self::selection::{Moment, Selection, Statuses};
use crate::model::{
    Class, ClockRow, Evidence, Expectation, GroupRow, Period, Report, Time, Totals,
};
use crate::tally::Limits;
use crate::world::{Learned, World};

/// Moments of the story for each row of another list.
const STORY: usize = 2;
/// Refusals that were counted and no more, among what was left out.
const REFUSALS: &str = "refusals";

/// What shapes a report without touching facts.
#[derive(Clone, Debug)]
pub struct ReportOptions {
    /// `--title`.
    pub title: Option<String>,
    /// `--top`: most rows of each list.
    pub top: usize,
    /// `--bucket` in nanoseconds; `None`: automatic.
    pub bucket: Option<i64>,
    /// Options given, by name, for the report's own record.
    pub given: BTreeMap<String, String>,
    /// Keys of `--group-by`.
    pub group_by: Vec<GroupKey>,
    /// What is reported.
    pub selection: Selection,
    /// Whether the process ends with the report, so that what only it was made of, judgements without any
    /// raw credential, is left to the system.
    pub ends: bool,
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self {
            title: None,
            top: 20,
            bucket: None,
            given: BTreeMap::new(),
            group_by: Vec::new(),
            selection: Selection::default(),
            ends: false,
        }
    }
}

/// Makes the report: judges every group at every instant, counts, orders. [`cut`] bounds its lists; those
/// of tokens and moments, which grow with the input, are made no longer than it leaves them.
pub fn finish(world: &World<'_>, options: &ReportOptions) -> Report {
    let tally = world.tally();
    let mut judged: Vec<Judged<'_>> = judge_all(world);
    judged.retain(|j| options.selection.takes(j));
    let mut left_out = BTreeMap::new();
    let refused = tally.refused.count;
    for (name, is_sample, count) in [
        ("distinct_tokens", tally.tokens.is_sample(), 0),
        ("uses", tally.uses.is_sample(), 0),
        ("visits", tally.visits.is_sample(), 0),
        (REFUSALS, tally.groups.is_sample() || tally.clientless > 0 || refused > 0, refused),
    ] {
        if is_sample {
            left_out.insert(name.to_owned(), count);
        }
    }
    let told = options.top.saturating_mul(STORY);
    // What takes longest begins first, in halves of about the same work.
    let ((rows, ((tokens, all_tokens), (story, all_told))), (incidents, (affected, timeline))) =
        rayon::join(
            || {
                rayon::join(
                    || causes::rows(world, &judged, options.top),
                    || {
                        rayon::join(
                            || lifelines::draw(world, &judged, options.top),
                            || story::tell(world, &judged, told),
                        )
                    },
                )
            },
            || {
                rayon::join(
                    || incidents::find(world, &judged),
                    || {
                        rayon::join(
                            || affected::by(world, &judged, options.top),
                            || timeline::draw(tally, &judged, options.bucket),
                        )
                    },
                )
            },
        );
    leave_out(&mut left_out, "tokens", all_tokens, tokens.len());
    leave_out(&mut left_out, "story", all_told, story.len());
    let mut report = Report {
        schema: "authopsy.report/1".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        title: options.title.clone(),
        summary: String::new(),
        inputs: inputs::rows(world),
        period: period(world, &judged, &options.selection),
        totals: totals(world, &judged, &options.selection),
        affected,
        causes: rows,
        timeline,
        incidents,
        tokens,
        clocks: clocks(world),
        story,
        groups: groups(&judged, &options.group_by),
        clients: Vec::new(),
        expectations: expectations(world, options.top),
        keys: Vec::new(),
        warnings: inputs::warnings(tally, &judged),
        options: given(options, tally.limits()),
        assumptions: inputs::assumptions(world),
        left_out,
    };
    report.summary = story::summary(&report);
    report.clients = affected::clients(&report, &judged);
    if options.ends {
        std::mem::forget(judged);
    } else {
        judged.into_par_iter().for_each(drop);
    }
    report
}

/// Cuts every list to `top` rows and says how many were left out.
pub fn cut(report: &mut Report, top: usize) {
    fn to<T>(list: &mut Vec<T>, top: usize, name: &str, left_out: &mut BTreeMap<String, u64>) {
        let all = list.len();
        list.truncate(top);
        leave_out(left_out, name, all, list.len());
    }
    let mut left_out = std::mem::take(&mut report.left_out);
    to(&mut report.causes, top, "causes", &mut left_out);
    to(&mut report.incidents, top, "incidents", &mut left_out);
    to(&mut report.tokens, top, "tokens", &mut left_out);
    to(&mut report.clocks, top, "clocks", &mut left_out);
    to(&mut report.story, top.saturating_mul(STORY), "story", &mut left_out);
    to(&mut report.groups, top, "groups", &mut left_out);
    let named: BTreeSet<String> = (report.causes.iter())
        .flat_map(|cause| cause.clients.iter().map(|(id, _)| id))
        .chain(report.groups.iter().flat_map(|group| &group.key))
        .cloned()
        .collect();
    report.clients.retain(|client| named.contains(&client.id));
    to(&mut report.expectations, top.saturating_mul(4), "expectations", &mut left_out);
    report.left_out = left_out;
}

/// Notes how many rows of a list are left out; nothing where none is.
fn leave_out(left_out: &mut BTreeMap<String, u64>, name: &str, all: usize, shown: usize) {
    let rest = all.saturating_sub(shown);
    if rest > 0 {
        left_out.insert(name.to_owned(), u64::try_from(rest).unwrap_or(u64::MAX));
    }
}

fn totals(world: &World<'_>, judged: &[Judged<'_>], selection: &Selection) -> Totals {
    let tally = world.tally();
    let mut totals = Totals::default();
    for item in judged {
        match item.class {
            Class::Ok => {}
            Class::Failure => totals.failure += item.bucket.count,
            Class::Expected => totals.expected += item.bucket.count,
            Class::Lookalike => totals.lookalike += item.bucket.count,
        }
    }
    let refused = totals.failure + totals.expected + totals.lookalike;
    if selection.is_all() {
        totals.exchanges = tally.exchanges;
        totals.ok = tally.exchanges.saturating_sub(refused).saturating_sub(tally.refused.count);
        for (status, count) in &tally.statuses {
            let name = if *status == 0 { "none".to_owned() } else { status.to_string() };
            totals.by_status.insert(name, *count);
        }
    } else {
        totals.ok = selection.count_ok(world);
        totals.exchanges = totals.ok + refused;
        for item in judged {
            let name = item.facts().status.map_or_else(|| "none".to_owned(), |s| s.to_string());
            *totals.by_status.entry(name).or_default() += item.bucket.count;
        }
    }
    totals
}

fn period(world: &World<'_>, judged: &[Judged<'_>], selection: &Selection) -> Period {
    let show = |at| Some(Time { at, digits: 3, zone_assumed: false }.to_string());
    let (first, last) = if selection.is_all() {
        (world.tally().timeline.first(), world.tally().timeline.last())
    } else {
        let timed = || judged.iter().filter(|j| j.timed);
        (timed().map(|j| j.bucket.first).min(), timed().map(|j| j.bucket.last).max())
    };
    Period { first: first.and_then(show), last: last.and_then(show) }
}

fn clocks(world: &World<'_>) -> Vec<ClockRow> {
    let row = |host: &str, skew: &crate::world::Skew| ClockRow {
        host: host.to_owned(),
        source: skew.source.as_str().into(),
        skew_s: skew.median.0,
        spread_s: (skew.spread.0 * 10.0).round() / 10.0,
        samples: skew.samples,
    };
    let mut rows: Vec<ClockRow> = world.skews().iter().map(|(h, s)| row(h, s)).collect();
    rows.extend(world.issuer_skews().iter().map(|(issuer, skew)| row(issuer, skew)));
    rows.sort_by(|a, b| {
        let key = |row: &ClockRow| (row.host.clone(), row.source.clone());
        b.skew_s.abs().total_cmp(&a.skew_s.abs()).then_with(|| key(a).cmp(&key(b)))
    });
    rows
}

fn expectations(world: &World<'_>, top: usize) -> Vec<Expectation> {
    let mut rows = Vec::new();
    let given = world.given();
    let lists = [
        ("issuer", &given.issuers),
        ("audience", &given.audiences),
        ("algorithm", &given.algorithms),
        ("claim", &given.claims),
    ];
    for (what, values) in lists {
        for value in values {
            rows.push(Expectation {
                host: None,
                what: what.into(),
                value: value.clone(),
                basis: "given".into(),
                first: None,
                last: None,
            });
        }
    }
    for (host, profile) in world.profiles() {
        let lists: [(&str, &Learned); 4] = [
            ("issuer", &profile.issuers),
            ("audience", &profile.audiences),
            ("algorithm", &profile.algorithms),
            ("kid", &profile.kids),
        ];
        for (what, learned) in lists {
            for (value, (first, last)) in learned.0.iter().take(top) {
                rows.push(Expectation {
                    host: Some(host.to_string()),
                    what: what.into(),
                    value: value.clone(),
                    basis: "learned".into(),
                    first: first.map(|t| t.to_string()),
                    last: last.map(|t| t.to_string()),
                });
            }
        }
        if let Some(late) = profile.latest_after_exp {
            rows.push(Expectation {
                host: Some(host.to_string()),
                what: "leeway".into(),
                value: late.to_string(),
                basis: "learned".into(),
                first: None,
                last: None,
            });
        }
    }
    rows
}

/// Returns the options for the report's own record.
fn given(options: &ReportOptions, limits: Limits) -> BTreeMap<String, String> {
    let mut given = options.given.clone();
    if !limits.is_none() {
        given.insert("max-memory".to_owned(), limits.to_string());
    }
    if !options.group_by.is_empty() {
        let keys: Vec<&str> = options.group_by.iter().map(|key| key.as_str()).collect();
        given.insert("group-by".to_owned(), keys.join(","));
    }
    given
}

/// Counts failures under the values of the keys asked for.
fn groups(judged: &[Judged<'_>], keys: &[GroupKey]) -> Vec<GroupRow> {
    if keys.is_empty() {
        return Vec::new();
    }
    let mut counts: BTreeMap<Vec<String>, u64> = BTreeMap::new();
    let failures = judged.iter().filter(|j| j.class == Class::Failure);
    for item in failures {
        let key = keys.iter().map(|key| item.value_of(*key)).collect();
        *counts.entry(key).or_default() += item.bucket.count;
    }
    let total: u64 = counts.values().sum();
    let mut rows: Vec<GroupRow> = counts
        .into_iter()
        .map(|(key, count)| GroupRow { key, count, share: share(count, total) })
        .collect();
    rows.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.key.cmp(&b.key)));
    rows
}

/// Returns `part / whole` with four decimals; 0 for nothing.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let exact = part as f64 / whole as f64;
    (exact * 10_000.0).round() / 10_000.0
}

/// Sorts counts, most first, then by name, and keeps `top`.
fn ranked<K: Ord>(counts: BTreeMap<K, u64>, top: usize) -> Vec<(K, u64)> {
    let mut rows: Vec<(K, u64)> = counts.into_iter().collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    rows.truncate(top);
    rows
}

/// Makes evidence with its place, for warnings.
fn note(fact: String, place: &str) -> Evidence {
    Evidence::new(fact, place)
}

/// Returns a cause's title; its id where there is no card.
fn causes_title(id: &str) -> &str {
    crate::causes::cards::card(id).map_or(id, |card| card.title())
}
