//! Some of the refused exchanges in full, bounded whatever is offered in whatever order.

use std::collections::BTreeMap;

use super::cause::{CauseId, Class};
use super::report::Line;

/// Most exchanges kept of one cause while they come in.
const OF_ONE: usize = 400;
/// Most exchanges kept of all causes together.
const OF_ALL: usize = 2_500;

/// Refused exchanges for a page that cannot hold them all: of each cause the same number, or all.
///
/// Which ones are kept follows from their ids, which are hashes: an even draw, the same for any order
/// of [`Rows::offer`] and [`Rows::merge`].
#[derive(Clone, Debug, Default)]
pub struct Rows {
    causes: BTreeMap<(Class, CauseId), OfCause>,
}

/// What is kept of one cause.
#[derive(Clone, Debug, Default)]
struct OfCause {
    offered: u64,
    kept: BTreeMap<Key, Line>,
}

/// The id and, should two be equal, the place.
type Key = (String, String, Option<String>, Option<u64>, Option<u64>, Option<u64>);

impl Rows {
    /// Takes one exchange; those that were let in are of no interest here.
    pub fn offer(&mut self, line: Line) {
        let Some(cause) = line.cause.clone().filter(|_| line.class != Class::Ok) else { return };
        let of = self.causes.entry((line.class, cause)).or_default();
        of.offered += 1;
        let full = of.kept.len() >= OF_ONE;
        if full && of.kept.last_key_value().is_some_and(|(last, _)| last.0 < line.id) {
            return;
        }
        let place = (line.source.clone(), line.member.clone(), line.entry, line.line, line.byte);
        let key = (line.id.clone(), place.0, place.1, place.2, place.3, place.4);
        of.kept.insert(key, line);
        if full {
            of.kept.pop_last();
        }
    }

    /// Adds what another worker took. Commutative and associative.
    pub fn merge(&mut self, other: Self) {
        for (cause, theirs) in other.causes {
            let of = self.causes.entry(cause).or_default();
            of.offered += theirs.offered;
            of.kept.extend(theirs.kept);
            while of.kept.len() > OF_ONE {
                of.kept.pop_last();
            }
        }
    }

    /// Returns how many exchanges were offered.
    pub fn offered(&self) -> u64 {
        self.causes.values().map(|of| of.offered).sum()
    }

    /// Returns what is shown: at most 2,500 lines, of every cause all or as many as of the others.
    /// Ordered by time (unknown ones last), then by source and position.
    pub fn shown(&self) -> Vec<&Line> {
        let most = self.most_of_one();
        let kept = self.causes.values().flat_map(|of| of.kept.values().take(most));
        let mut lines: Vec<&Line> = kept.collect();
        lines.sort_by(|a, b| order(a).cmp(&order(b)));
        lines
    }

    /// Returns the largest number of lines of one cause with which all together stay in the bound.
    fn most_of_one(&self) -> usize {
        let total = |most: usize| -> usize {
            self.causes.values().map(|of| of.kept.len().min(most)).sum()
        };
        (1..=OF_ONE).rev().find(|most| total(*most) <= OF_ALL).unwrap_or(1)
    }
}

type Order<'a> = (bool, Option<jiff::Timestamp>, &'a str, Option<&'a str>, [Option<u64>; 3]);

fn order(line: &Line) -> Order<'_> {
    let at = line.time.as_deref().and_then(|time| time.parse().ok());
    let place = [line.entry, line.line, line.byte];
    (at.is_none(), at, &line.source, line.member.as_deref(), place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: u64, cause: &'static str) -> Line {
        // A spread as hashes have it.
        let id = format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let value = serde_json::json!({
            "schema": "authopsy.exchange/1", "id": id, "source": "a.log", "line": n,
            "observer": "gateway", "url": "/", "endpoint": "GET /",
            "client": { "id": "cli:00000000" }, "class": "failure", "cause": cause,
            "also": [], "credentials": [], "server": { "agrees": "silent" }, "views": [],
            "evidence": [],
        });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn any_split_and_order_keeps_the_same_exchanges() {
        let mut whole = Rows::default();
        let (mut left, mut right) = (Rows::default(), Rows::default());
        for n in 0..3_000 {
            whole.offer(line(n, "time.expired"));
            if n % 7 == 0 {
                whole.offer(line(n, "header.missing"));
            }
        }
        for n in (0..3_000).rev() {
            let part = if n % 3 == 0 { &mut left } else { &mut right };
            part.offer(line(n, "time.expired"));
            if n % 7 == 0 {
                part.offer(line(n, "header.missing"));
            }
        }
        right.merge(left);
        let ids = |rows: &Rows| rows.shown().iter().map(|l| l.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&whole), ids(&right));
        assert_eq!((whole.offered(), right.offered()), (3_429, 3_429));
        assert_eq!(whole.shown().len(), 800);
    }

    #[test]
    fn rare_causes_keep_all_and_frequent_ones_share_the_rest() {
        let mut rows = Rows::default();
        let names: Vec<&'static str> = (0..10).map(|i| ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"][i]).collect();
        for name in names {
            (0..1_000).for_each(|n| rows.offer(line(n, name)));
        }
        (0..3).for_each(|n| rows.offer(line(n, "rare")));
        let shown = rows.shown();
        assert!(shown.len() <= OF_ALL && shown.len() > OF_ALL - 11);
        assert_eq!(shown.iter().filter(|l| l.cause.as_ref().is_some_and(|c| *c == "rare")).count(), 3);
    }
}
