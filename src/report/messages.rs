//! What servers said with the refusals under a cause: each wording once, what varies in it left out.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::Judged;
use super::causes::shows;
use crate::model::{Answer, At, MessageRow, Origin, PlaceRow, Time, Weight};
use crate::tally::{Few, Once, Said, Spoken, Wording, wordings, words};

/// Stands for a person in a template.
const USER: &str = "<user>";

/// The wordings under a cause.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// Most frequent first, at most as many as asked for.
    pub(super) rows: Vec<MessageRow>,
    /// How many wordings are known.
    pub(super) distinct: u64,
    /// How often something was said that no row counts.
    pub(super) left_out: u64,
}

/// One wording over all refusals under the cause.
#[derive(Debug, Default)]
struct Heard<'t> {
    count: u64,
    first: Option<At>,
    example: Option<&'t Origin>,
    /// The words themselves, as long as all say the same.
    same: Option<&'t str>,
    /// Not all say the same.
    differ: bool,
    /// How much the words weigh that name a cause; `None` where they name none.
    weight: Option<Weight>,
}

/// What some refusals of one group and instant add to a wording.
#[derive(Clone, Copy)]
struct Words<'t> {
    count: u64,
    first: Option<At>,
    example: Option<&'t Origin>,
    /// The words themselves, where all say the same.
    same: Option<&'t str>,
}

impl<'t> Heard<'t> {
    fn add(&mut self, wording: &Wording, new: Words<'t>, item: &Judged<'t>) {
        self.count += new.count;
        self.first = self.first.into_iter().chain(new.first).min();
        self.example = self.example.into_iter().chain(new.example).min();
        let telling = words(&item.facts().answer)
            .filter(|s| *s.place == *wording.place && !s.causes.is_empty())
            .map(|s| s.weight);
        self.weight = self.weight.into_iter().chain(telling).max();
        self.differ |= new.same.is_none() || self.same.is_some_and(|text| new.same != Some(text));
        self.same = self.same.or(new.same);
    }
}

/// Gathers what was said with the refusals of one cause and class.
pub(super) fn of<'t>(items: &[&Judged<'t>], top: usize) -> Messages {
    let mut heard: BTreeMap<Wording, Heard<'t>> = BTreeMap::new();
    // Thousands share one answer, whose words are then looked at once.
    let mut known: HashMap<*const Answer, Vec<(Wording, &'t str)>, FixedState> = HashMap::default();
    let mut said_in_all = 0_u64;
    for item in items {
        let places = || words(&item.facts().answer).map(|s| s.place.as_str());
        let fresh =
            places().enumerate().filter(|(at, place)| !places().take(*at).any(|p| p == *place));
        said_in_all += item.bucket.count * u64::try_from(fresh.count()).unwrap_or_default();
        let mut hear = |wording: &Wording, words: Words<'t>| {
            if let Some(heard) = heard.get_mut(wording) {
                return heard.add(wording, words, item);
            }
            heard.entry(wording.clone()).or_default().add(wording, words, item);
        };
        match item.group().said.spoken() {
            None => {}
            Some(Spoken::Once(once)) => {
                if !said_within(once, item) {
                    continue;
                }
                let all = known.entry(Arc::as_ptr(&once.answer));
                for (wording, text) in all.or_insert_with(|| wordings(&once.answer)) {
                    let example = Some(&*once.origin).filter(|origin| shows(origin, item));
                    let first = once.at();
                    hear(wording, Words { count: 1, first, example, same: Some(text) });
                }
            }
            Some(Spoken::Often(all)) => {
                for (wording, said) in all.iter() {
                    let count = count_in(said, item);
                    if count == 0 {
                        continue;
                    }
                    let first = said.times.first_from(item.bucket.first).filter(|_| item.timed);
                    let example = example_of(wording, (said, all), item);
                    hear(wording, Words { count, first, example, same: said.same() });
                }
            }
        }
    }
    let distinct = u64::try_from(heard.len()).unwrap_or(u64::MAX);
    // Of what is said equally often comes first what names a cause.
    let mut heard: Vec<(Wording, Heard<'_>)> = heard.into_iter().collect();
    heard.sort_by(|(a, x), (b, y)| {
        (y.count, y.weight, &a.place, a).cmp(&(x.count, x.weight, &b.place, b))
    });
    let rows: Vec<MessageRow> =
        heard.iter().take(top).map(|(wording, heard)| row(wording, heard)).collect();
    let shown: u64 = rows.iter().map(|row| row.count).sum();
    Messages { rows, distinct, left_out: said_in_all.saturating_sub(shown) }
}

/// Returns whether the one answer of a group is that of these refusals.
fn said_within(once: &Once, item: &Judged<'_>) -> bool {
    match once.at() {
        Some(at) => item.timed && item.bucket.first <= at && at <= item.bucket.last,
        None => !item.timed,
    }
}

/// Returns how many of the refusals were answered so. Each bucket of a wording lies in one of its group.
fn count_in(said: &Said, item: &Judged<'_>) -> u64 {
    if item.timed {
        said.times.count_within(item.bucket.first, item.bucket.last)
    } else {
        said.count.saturating_sub(said.times.count())
    }
}

/// Returns the first place that is known to say so.
fn example_of<'t, const MOST: usize>(
    wording: &Wording,
    (said, all): (&'t Said, &Few<Wording, Said, MOST>),
    item: &Judged<'t>,
) -> Option<&'t Origin> {
    let alone = all.iter().filter(|(other, _)| other.place == wording.place).count() == 1;
    let of_group = item.group().examples.iter().map(|origin| &**origin).filter(|_| alone);
    said.first.as_deref().into_iter().chain(of_group).find(|origin| shows(origin, item))
}

fn row(wording: &Wording, heard: &Heard<'_>) -> MessageRow {
    let show = |at| Time { at, digits: 3, zone_assumed: false }.to_string();
    // Where the template leaves out a person, so do the words.
    let names = wording.template.contains(USER);
    MessageRow {
        template: wording.template.to_string(),
        text: heard.same.filter(|_| !heard.differ && !names).map(str::to_owned),
        count: heard.count,
        place: wording.place.to_string(),
        first: heard.first.map(show),
        example: heard.example.map(|origin| PlaceRow {
            source: origin.source.to_string(),
            member: origin.member.as_ref().map(ToString::to_string),
            position: origin.position,
        }),
    }
}
