//! The table of causes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Judged, ranked, share};
use crate::causes::{advice, cards};
use crate::model::{
    CauseRow, Class, Confidence, ExampleRow, Origin, ServerLine, Statement, Time, Weight,
};
use crate::world::World;

/// Most examples of a cause.
const EXAMPLES: usize = 3;

pub(super) fn rows(world: &World<'_>, judged: &[Judged<'_>], top: usize) -> Vec<CauseRow> {
    let mut by_cause: BTreeMap<(Class, &str), Vec<&Judged<'_>>> = BTreeMap::new();
    let mut by_class: BTreeMap<Class, u64> = BTreeMap::new();
    for item in judged {
        let class = item.judgement.class;
        by_cause.entry((class, item.cause())).or_default().push(item);
        *by_class.entry(class).or_default() += item.bucket.count;
    }
    let mut rows: Vec<CauseRow> = by_cause
        .into_iter()
        .map(|((class, id), items)| {
            let of_class = by_class.get(&class).copied().unwrap_or(0);
            let card = cards::card(id);
            CauseRow {
                advice_case: card.and_then(|c| super::advice::of_case(c, &items, world)),
                advice_client: card.map(advice::client).unwrap_or_default(),
                advice_server: card.map(advice::server).unwrap_or_default(),
                ..row(world, class, id, &items, of_class, top)
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
    let mut confidence: BTreeMap<String, u64> = BTreeMap::new();
    let mut endpoints = BTreeMap::new();
    let mut hosts = BTreeMap::new();
    let mut tokens = BTreeMap::new();
    let mut users = BTreeMap::new();
    let mut clients = BTreeMap::new();
    let mut names = BTreeSet::new();
    let mut also = BTreeMap::new();
    let mut examples: Vec<(&Origin, &Judged<'_>)> = Vec::new();
    for item in items {
        let n = item.bucket.count;
        if let Some(root) = &item.judgement.root {
            *confidence.entry(root.confidence.as_str().to_owned()).or_default() += n;
        }
        *endpoints.entry(item.facts.endpoint.to_string()).or_default() += n;
        if let Some(host) = &item.facts.endpoint.host {
            *hosts.entry(host.to_string()).or_default() += n;
        }
        if let Some(mark) = super::affected::token(item) {
            *tokens.entry(mark.to_string()).or_default() += n;
        }
        // Of several names in a column it is not known whose refusals these were: counted, not listed.
        if let [user] = item.users().collect::<Vec<_>>().as_slice() {
            *users.entry((*user).clone()).or_default() += n;
        }
        names.extend(item.users());
        if super::affected::is_known(&item.facts.client) {
            *clients.entry(super::line::client_id(&item.facts.client)).or_default() += n;
        }
        for other in &item.judgement.also {
            *also.entry(other.cause.clone()).or_default() += n;
        }
        examples.extend(item.group.examples.iter().filter(|o| shows(o, item)).map(|o| (o, *item)));
    }
    let strength = |j: &Judged<'_>| j.judgement.root.as_ref().map(|f| f.confidence);
    examples.sort_by(|a, b| strength(b.1).cmp(&strength(a.1)).then_with(|| a.0.cmp(b.0)));
    let mut seen = BTreeSet::new();
    let (fresh, again): (Vec<_>, Vec<_>) =
        examples.into_iter().partition(|(_, j)| seen.insert((&j.facts.endpoint, &j.facts.client)));
    let examples =
        fresh.into_iter().chain(again).take(EXAMPLES).map(|(o, j)| example(world, o, j)).collect();
    let timed = || items.iter().filter(|j| j.timed);
    let show = |at| Time { at, digits: 3, zone_assumed: false }.to_string();
    let count: u64 = items.iter().map(|j| j.bucket.count).sum();
    let size = |map: &BTreeMap<String, u64>| u64::try_from(map.len()).unwrap_or(u64::MAX);
    let messages = super::messages::of(items, top);
    let distinct = BTreeMap::from([
        ("endpoints".to_owned(), size(&endpoints)),
        ("hosts".to_owned(), size(&hosts)),
        ("tokens".to_owned(), size(&tokens)),
        ("users".to_owned(), u64::try_from(names.len()).unwrap_or(u64::MAX)),
        ("clients".to_owned(), size(&clients)),
        ("messages".to_owned(), messages.distinct),
    ]);
    for degree in Confidence::ALL {
        confidence.entry(degree.as_str().to_owned()).or_default();
    }
    let card = cards::card(id);
    CauseRow {
        id: crate::model::CauseId::owned(id.to_owned()),
        class,
        title: card.map_or(id, |c| c.title()).to_owned(),
        summary: card.map_or("", |c| c.summary()).to_owned(),
        count,
        share: share(count, of_class),
        confidence,
        first: timed().map(|j| j.bucket.first).min().map(show),
        last: timed().map(|j| j.bucket.last).max().map(show),
        endpoints: ranked(endpoints, top),
        hosts: ranked(hosts, top),
        tokens: ranked(tokens, top),
        users: ranked(users, top),
        clients: ranked(clients, top),
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

/// Whether an example of the group is one of this bucket.
pub(super) fn shows(origin: &Origin, item: &Judged<'_>) -> bool {
    match origin.time {
        Some(time) => item.timed && item.bucket.first <= time.at && time.at <= item.bucket.last,
        None => !item.timed,
    }
}

fn example(world: &World<'_>, origin: &Origin, item: &Judged<'_>) -> ExampleRow {
    let root = item.judgement.root.as_ref();
    let mut evidence = root.map(|f| f.evidence.clone()).unwrap_or_default();
    let mut server = server(item);
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
        endpoint: item.facts.endpoint.to_string(),
        status: item.facts.status,
        confidence: root.map_or(Confidence::Suspected, |f| f.confidence),
        server,
        evidence,
    }
}

fn server(item: &Judged<'_>) -> ServerLine {
    server_line(item.facts, item.judgement.agrees)
}

/// Returns the server's word as outputs show it: the strongest statement.
pub(super) fn server_line(facts: &crate::model::Facts, agrees: &str) -> ServerLine {
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
