//! The life of each token that was refused: handed out, used, refused, replaced.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;
use rayon::prelude::*;

use super::{Judged, counts, ranked};
use crate::model::{At, CauseId, Class, Fingerprint, Kind, Lifeline, NumericDate, Time, Token};
use crate::world::{Sight, World};

/// Draws the `top` lines with the most failures, of equally many those refused first; returns with them how
/// many there are in all.
pub(super) fn draw(world: &World<'_>, judged: &[Judged<'_>], top: usize) -> (Vec<Lifeline>, usize) {
    let refused = || {
        let has_line = |item: &&Judged<'_>| {
            item.kind().is_some_and(|k| !matches!(k, Kind::Session | Kind::Basic))
        };
        judged.iter().filter(has_line).filter_map(|item| Some((item.token()?, item)))
    };
    // Most lines are not shown: of those only what ranks them is gathered.
    let mut ranks: HashMap<Fingerprint, (u64, Option<At>), FixedState> = HashMap::default();
    for (mark, item) in refused() {
        let (failures, first) = ranks.entry(mark).or_default();
        if item.class == Class::Failure {
            *failures += item.bucket.count;
        }
        if item.timed && first.is_none_or(|first| item.bucket.first < first) {
            *first = Some(item.bucket.first);
        }
    }
    let all = ranks.len();
    let rank = |(mark, (failures, first)): (Fingerprint, (u64, Option<At>))| -> Rank {
        (Reverse(failures), first.map(At::millis), mark)
    };
    let mut lines: Vec<Rank> = ranks.into_iter().map(rank).collect();
    counts::first(&mut lines, top, Ord::cmp);
    let mut items: HashMap<Fingerprint, Vec<&Judged<'_>>, FixedState> =
        lines.iter().map(|(.., mark)| (*mark, Vec::new())).collect();
    for (mark, item) in refused() {
        if let Some(items) = items.get_mut(&mark) {
            items.push(item);
        }
    }
    let of = |mark: &Fingerprint| items.get(mark).map_or(&[][..], Vec::as_slice);
    let lines = lines.par_iter().map(|(.., mark)| line(world, *mark, of(mark)));
    (lines.collect(), all)
}

/// Which line comes first: that with more failures, then that with the earlier first refusal as it is shown.
type Rank = (Reverse<u64>, Option<i64>, Fingerprint);

fn line(world: &World<'_>, mark: Fingerprint, items: &[&Judged<'_>]) -> Lifeline {
    let show = |at: At| Time { at, digits: 3, zone_assumed: false }.to_string();
    let (mut first, mut last, mut success) = (None::<At>, None::<At>, None::<At>);
    let mut uses = 0;
    for sight in world.sights(mark) {
        let (begin, end, count) = match sight {
            Sight::LetIn(usage) => {
                success = success.max(usage.times.last());
                (usage.times.first(), usage.times.last(), usage.count)
            }
            Sight::Refused(group, _) => (group.times.first(), group.times.last(), group.count),
        };
        first = match (first, begin) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        last = last.max(end);
        uses += count;
    }
    let timed = || items.iter().filter(|j| j.timed);
    let first_refusal = timed().map(|j| j.bucket.first).min();
    let last_refusal = timed().map(|j| j.bucket.last).max();
    let token = world.token(mark);
    let mut causes: BTreeMap<CauseId, u64> = BTreeMap::new();
    for item in items {
        *causes.entry(CauseId::owned(item.cause().to_owned())).or_default() += item.bucket.count;
    }
    let near = items.first();
    let renewals = near.map_or_else(Vec::new, |j| world.renewals(&j.facts().client, token));
    let lived = |at: At| {
        first.is_none_or(|f| at >= f)
            && last.is_none_or(|l| at <= l.plus(super::super::model::Seconds(60.0)))
    };
    let replaced = near
        .zip(first_refusal)
        .and_then(|(j, from)| {
            let until = last_refusal?.plus(super::super::model::Seconds(600.0));
            world.succeeded_by(j.facts(), token, from, until)
        })
        .and_then(|(_, mark)| mark);
    let kind = near.and_then(|j| j.kind()).map_or("unknown", Kind::as_str);
    let (iat, iat_raw) = date(token.and_then(|t| t.iat.as_ref()));
    let (exp, exp_raw) = date(token.and_then(|t| t.exp.as_ref()));
    Lifeline {
        fingerprint: mark.to_string(),
        kind: kind.into(),
        alg: token.and_then(|t| t.alg.clone()),
        kid: token.and_then(|t| t.kid.clone()),
        iss: token.and_then(|t| t.iss.clone()),
        user: token.and_then(|t: &Token| t.sub.as_deref()).map(str::to_owned),
        iat,
        iat_raw,
        exp,
        exp_raw,
        issued: world.issued_at(mark).map(show),
        first_use: first.map(show),
        last_use: last.map(show),
        last_success: success.map(show),
        first_refusal: first_refusal.map(show),
        last_refusal: last_refusal.map(show),
        uses,
        refusals: items.iter().map(|j| j.bucket.count).sum(),
        refreshes: u64::try_from(renewals.iter().filter(|r| lived(r.at)).count()).unwrap_or(0),
        replaced_by: replaced.map(|m| m.to_string()),
        causes: ranked(causes, 8),
    }
}

/// Returns a time claim as RFC 3339, or its raw text where it is no number of seconds.
pub(super) fn date(claim: Option<&NumericDate>) -> (Option<String>, Option<String>) {
    match claim {
        None => (None, None),
        Some(date) => match date.in_seconds() {
            Some(at) => (Some(at.to_string()), None),
            None => (None, Some(date.raw().into_owned())),
        },
    }
}
