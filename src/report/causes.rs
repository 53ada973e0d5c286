//! The table of causes.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rayon::prelude::*;

use super::counts::{self, Counts};
use super::{Judged, ranked, share};
use crate::causes::{advice, cards};
use crate::model::{
    CauseId, CauseRow, Class, Confidence, ExampleRow, Facts, Origin, ServerLine, Statement, Time,
    Weight,
};
use crate::world::World;

/// Most examples of a cause.
const EXAMPLES: usize = 3;

/// An example of what was judged, with what orders and parts examples: most are only compared.
#[derive(Clone, Copy)]
struct Shown<'j, 't> {
    confidence: Option<Confidence>,
    time: Option<Time>,
    origin: &'t Origin,
    place: u32,
    client: Option<u32>,
    item: &'j Judged<'t>,
}

impl<'j, 't> Shown<'j, 't> {
    fn of(origin: &'t Origin, item: &'j Judged<'t>) -> Self {
        let (confidence, time) = (item.confidence(), origin.time);
        Self { confidence, time, origin, place: item.place(), client: item.client(), item }
    }

    /// The surest first, of equally sure ones the first by origin.
    fn order(&self, other: &Self) -> Ordering {
        let by_time = || self.time.cmp(&other.time);
        let by_origin = || self.origin.cmp(other.origin);
        other.confidence.cmp(&self.confidence).then_with(by_time).then_with(by_origin)
    }

    fn is_alike(&self, other: &Self) -> bool {
        (self.place, self.client) == (other.place, other.client)
    }
}

pub(super) fn rows(world: &World<'_>, judged: &[Judged<'_>], top: usize) -> Vec<CauseRow> {
    let mut by_cause: BTreeMap<(Class, &str), Vec<&Judged<'_>>> = BTreeMap::new();
    let mut by_class: BTreeMap<Class, u64> = BTreeMap::new();
    for item in judged {
        let class = item.class;
        by_cause.entry((class, item.cause())).or_default().push(item);
        *by_class.entry(class).or_default() += item.bucket.count;
    }
    let by_cause: Vec<_> = by_cause.into_iter().collect();
    let mut rows: Vec<CauseRow> = by_cause
        .into_par_iter()
        .map(|((class, id), items)| {
            let of_class = by_class.get(&class).copied().unwrap_or(0);
            let card = cards::card(id);
            let (row, advice_case) = rayon::join(
                || row(world, class, id, &items, of_class, top),
                || card.and_then(|c| super::advice::of_case(c, &items, world)),
            );
            CauseRow {
                advice_case,
                advice_client: card.map(advice::client).unwrap_or_default(),
                advice_server: card.map(advice::server).unwrap_or_default(),
                ..row
            }
        })
        .collect();
    rows.sort_by(|a, b| {
        (a.class, std::cmp::Reverse(a.count), &a.id).cmp(&(
            b.class,
            std::cmp::Reverse(b.count),
            &b.id,
        ))
    });
    rows
}

fn row(
    world: &World<'_>,
    class: Class,
    id: &str,
    items: &[&Judged<'_>],
    of_class: u64,
    top: usize,
) -> CauseRow {
    let mut strengths: BTreeMap<Confidence, u64> = BTreeMap::new();
    let mut tokens = Counts::default();
    let mut users = Counts::default();
    let mut clients = Counts::default();
    let mut also: BTreeMap<&CauseId, u64> = BTreeMap::new();
    let mut examples: Vec<Shown<'_, '_>> = Vec::new();
    for item in items {
        let n = item.bucket.count;
        if let Some(confidence) = item.confidence() {
            *strengths.entry(confidence).or_default() += n;
        }
        if let Some(mark) = item.sent() {
            tokens.add(mark, n);
        }
        // Of several names in a column it is not known whose refusals these were: counted, not listed.
        let mut named = item.users();
        if let (Some(user), None) = (named.next(), named.next()) {
            users.add(user, n);
        }
        if item.client().is_some() {
            clients.add(item.client_id, n);
        }
        for other in &item.also {
            *also.entry(other).or_default() += n;
        }
        let here = item.group().examples.iter().filter(|origin| shows(origin, item));
        examples.extend(here.map(|origin| Shown::of(origin, item)));
    }
    let (endpoints, hosts) = super::affected::places(items);
    let endpoints = endpoints.ranked(top, ToString::to_string);
    let hosts = hosts.ranked(top, ToString::to_string);
    let tokens = tokens.ranked(top, |mark| mark.to_string());
    let users = users.ranked(top, str::to_owned);
    let clients = clients.ranked(top, |id| id.to_string());
    let names = counts::distinct(items.iter().flat_map(|j| j.users()));
    let shown = picked(&examples, EXAMPLES, Shown::order, Shown::is_alike);
    let examples = shown.into_iter().map(|one| example(world, one.origin, one.item)).collect();
    let timed = || items.iter().filter(|j| j.timed);
    let show = |at| Time { at, digits: 3, zone_assumed: false }.to_string();
    let count: u64 = items.iter().map(|j| j.bucket.count).sum();
    let messages = super::messages::of(items, top);
    let distinct = BTreeMap::from([
        ("endpoints".to_owned(), endpoints.distinct),
        ("hosts".to_owned(), hosts.distinct),
        ("tokens".to_owned(), tokens.distinct),
        ("users".to_owned(), names),
        ("clients".to_owned(), clients.distinct),
        ("messages".to_owned(), messages.distinct),
    ]);
    let confidence = Confidence::ALL
        .map(|degree| {
            (degree.as_str().to_owned(), strengths.get(&degree).copied().unwrap_or_default())
        })
        .into();
    let also = also.into_iter().map(|(cause, n)| (cause.clone(), n)).collect();
    let card = cards::card(id);
    CauseRow {
        id: CauseId::owned(id.to_owned()),
        class,
        title: card.map_or(id, |c| c.title()).to_owned(),
        summary: card.map_or("", |c| c.summary()).to_owned(),
        count,
        share: share(count, of_class),
        confidence,
        first: timed().map(|j| j.bucket.first).min().map(show),
        last: timed().map(|j| j.bucket.last).max().map(show),
        endpoints: endpoints.rows,
        hosts: hosts.rows,
        tokens: tokens.rows,
        users: users.rows,
        clients: clients.rows,
        distinct,
        messages: messages.rows,
        messages_left_out: messages.left_out,
        examples,
        also: ranked(also, top),
        advice: card.map_or("", |c| c.advice()).to_owned(),
        advice_case: None,
        advice_client: String::new(),
        advice_server: String::new(),
    }
}

/// Picks `most` values in order, one of each place before another of the same.
fn picked<T>(
    all: &[T],
    most: usize,
    order: impl Fn(&T, &T) -> Ordering,
    same_place: impl Fn(&T, &T) -> bool,
) -> Vec<&T> {
    let mut picked: Vec<(usize, &T)> = Vec::new();
    for fresh in [true, false] {
        while picked.len() < most {
            let is_known = |at: usize, one: &T| {
                picked
                    .iter()
                    .any(|(known, other)| at == *known || (fresh && same_place(one, other)))
            };
            let rest = all.iter().enumerate().filter(|(at, one)| !is_known(*at, one));
            let Some(next) = rest.min_by(|a, b| order(a.1, b.1)) else { break };
            picked.push(next);
        }
    }
    picked.into_iter().map(|(_, one)| one).collect()
}

/// Whether an example of the group is one of this bucket.
pub(super) fn shows(origin: &Origin, item: &Judged<'_>) -> bool {
    match origin.time {
        Some(time) => item.timed && item.bucket.first <= time.at && time.at <= item.bucket.last,
        None => !item.timed,
    }
}

fn example(world: &World<'_>, origin: &Origin, item: &Judged<'_>) -> ExampleRow {
    let (mut evidence, agrees) = item.evidence(world);
    let mut server = server_line(item.facts(), agrees);
    // Of one exchange the line is known on which another observer wrote its word, and the word.
    for (place, said) in world.views().places_of(origin) {
        let by = format!("{} says `", place.source);
        for told in evidence.iter_mut().filter(|told| told.fact.starts_with(&by)) {
            let word = said.map(|said| format!("{said}`"));
            let word = word.as_deref().or_else(|| told.fact.get(by.len()..)).unwrap_or_default();
            told.fact = format!("{} says `{word}", crate::world::named(place));
        }
        let spoke = server.place.as_deref().is_some_and(|p| p.starts_with(&*place.source));
        if let Some(said) = said.filter(|_| spoke) {
            server.text = Some(said.to_owned());
        }
    }
    ExampleRow {
        source: origin.source.to_string(),
        member: origin.member.as_ref().map(ToString::to_string),
        position: origin.position,
        time: origin.time.map(|t| t.to_string()),
        endpoint: item.facts().endpoint.to_string(),
        status: item.facts().status,
        confidence: item.confidence().unwrap_or(Confidence::Suspected),
        server,
        evidence,
    }
}

/// Returns the server's word as outputs show it: the strongest statement.
pub(super) fn server_line(facts: &Facts, agrees: &str) -> ServerLine {
    let statements = &facts.answer.statements;
    let best = statements
        .iter()
        .filter(|s| !s.causes.is_empty())
        .max_by(|a, b| {
            let key = |s: &Statement| (s.weight, s.seen_by.is_none());
            key(a).cmp(&key(b)).then_with(|| b.place.cmp(&a.place))
        })
        .or_else(|| statements.first());
    ServerLine {
        says: best
            .filter(|s| s.weight > Weight::Vague || s.causes.len() == 1)
            // A 403 by itself has many meanings: the server has named none.
            .filter(|s| s.weight > Weight::Status || facts.status != Some(403))
            .and_then(|s| s.causes.first().cloned()),
        text: best.map(|s| s.text.clone()),
        place: best.map(|s| match &s.seen_by {
            Some(source) => format!("{source}: {}", s.place),
            None => s.place.clone(),
        }),
        dialect: best.and_then(|s| s.dialect.clone()),
        agrees: if best.is_some() { agrees.to_owned() } else { "silent".into() },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn examples_are_picked_as_if_all_were_sorted_and_parted(
            all in prop::collection::vec((0u8..4, 0u8..6, 0u8..9), 0..30), most in 0usize..6,
        ) {
            let mut sorted: Vec<&(u8, u8, u8)> = all.iter().collect();
            sorted.sort_by_key(|(sure, at, _)| (*sure, *at));
            let mut seen = BTreeSet::new();
            let (fresh, again): (Vec<&_>, Vec<&_>) =
                sorted.into_iter().partition(|(_, _, place)| seen.insert(place));
            let wanted: Vec<_> = fresh.into_iter().chain(again).take(most).collect();
            let order = |a: &(u8, u8, u8), b: &(u8, u8, u8)| (a.0, a.1).cmp(&(b.0, b.1));
            prop_assert_eq!(picked(&all, most, order, |a, b| a.2 == b.2), wanted);
        }
    }
}
