//! Moves counts of a merged tally: what is a view leaves them, what has views changes its facts.

use std::sync::Arc;

use crate::model::{At, Facts, Origin};
use crate::tally::{Merge as _, Sayings, Tally, group_key};

/// So many exchanges of equal facts at one instant; one alone where its place is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit<'u> {
    pub(super) group: u128,
    pub(super) at: At,
    pub(super) origin: Option<&'u Origin>,
    pub(super) count: u64,
}

/// Returns the facts of a group.
pub(super) fn facts_of(tally: &Tally, group: u128) -> Option<Arc<Facts>> {
    tally.groups.get(&group)?.facts.as_deref().map(|facts| Arc::new(facts.clone()))
}

/// Returns the places of a unit, as far as the group keeps them.
pub(super) fn places(tally: &Tally, unit: Unit<'_>) -> Vec<Arc<Origin>> {
    if let Some(origin) = unit.origin {
        return vec![Arc::new(origin.clone())];
    }
    let here = |origin: &&Arc<Origin>| origin.time.is_some_and(|t| t.at == unit.at);
    let group = tally.groups.get(&unit.group);
    group.map_or_else(Vec::new, |g| g.examples.iter().filter(here).cloned().collect())
}

/// Takes a view out of all counts.
pub(super) fn drop_view(tally: &mut Tally, unit: Unit<'_>) {
    let status =
        tally.groups.get(&unit.group).and_then(|g| g.facts.as_deref()).and_then(|f| f.status);
    take(tally, unit);
    uncount(tally, status, unit.at, unit.count);
}

/// Takes exchanges out of the totals.
pub(super) fn uncount(tally: &mut Tally, status: Option<u16>, at: At, count: u64) {
    tally.exchanges = tally.exchanges.saturating_sub(count);
    tally.timeline.remove(at, count);
    if let Some(known) = tally.statuses.get_mut(&status.unwrap_or(0)) {
        *known = known.saturating_sub(count);
        if *known == 0 {
            tally.statuses.remove(&status.unwrap_or(0));
        }
    }
}

/// Gives exchanges other facts; returns the key that they then have.
pub(super) fn change(tally: &mut Tally, unit: Unit<'_>, facts: Facts) -> u128 {
    let key = group_key(&facts);
    // In a table that is full a new key may find no room: then the facts stay as they are.
    if key == unit.group || tally.groups.is_sample() {
        return unit.group;
    }
    let places = places(tally, unit);
    let known = tally.groups.get(&unit.group);
    let users: Vec<String> = known.map_or_else(Vec::new, |g| g.users().cloned().collect());
    let now = facts.status;
    let before = known.and_then(|g| g.facts.as_deref()).and_then(|f| f.status);
    let mut said = take(tally, unit);
    let Some(group) = tally.groups.slot(&key) else { return unit.group };
    group.count.merge(unit.count);
    said.hear_of(
        &facts.answer,
        unit.at,
        unit.origin.or(places.first().map(|place| &**place)),
        unit.count,
    );
    group.said.merge(said);
    if unit.count > 0 {
        group.times.push_all(unit.at, unit.count);
    }
    for place in places {
        group.examples.push(place);
    }
    for user in users {
        group.users.grow().push(user);
    }
    group.adopt(Some(Box::new(facts)));
    if now != before {
        let from = tally.statuses.entry(before.unwrap_or(0)).or_default();
        *from = from.saturating_sub(unit.count);
        tally.statuses.entry(now.unwrap_or(0)).or_default().merge(unit.count);
        tally.statuses.retain(|_, count| *count > 0);
    }
    key
}

/// Returns what was said with what it takes out.
fn take(tally: &mut Tally, unit: Unit<'_>) -> Sayings {
    let places = places(tally, unit);
    let Some(group) = tally.groups.get_mut(&unit.group) else { return Sayings::default() };
    let said = group.said.take(unit.at, unit.count);
    group.count = group.count.saturating_sub(unit.count);
    group.times.remove(unit.at, unit.count);
    for place in &places {
        group.examples.remove(place);
    }
    if group.count == 0 {
        tally.groups.remove(&unit.group);
    }
    said
}
