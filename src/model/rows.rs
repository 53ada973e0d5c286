//! Some of the refused exchanges in full, bounded whatever is offered in whatever order.
//!
//! They are kept as they are written: the parts of a line take ten times the memory of its text.

use std::collections::BTreeMap;

use super::cause::{CauseId, Class};
use super::report::Line;

/// Most exchanges that are shown of all causes together.
const MOST: usize = 2_500;

/// Refused exchanges for a page that cannot hold them all: of each cause the same number, or all.
///
/// Which ones are kept follows from their ids, which are hashes: an even draw, the same in whatever
/// order they are offered.
#[derive(Clone, Debug)]
pub struct Rows {
    causes: BTreeMap<(Class, CauseId), OfCause>,
    /// Most exchanges of one cause; it only falls, and never below what is shown in the end.
    limit: usize,
    kept: usize,
}

/// What is kept of one cause.
#[derive(Clone, Debug, Default)]
struct OfCause {
    offered: u64,
    kept: BTreeMap<Key, Kept>,
}

/// One line.
#[derive(Clone, Debug)]
struct Kept {
    /// When it was; `None` when that is not known.
    at: Option<jiff::Timestamp>,
    /// It as JSON.
    text: Box<str>,
}

/// The id and, should two be equal, the place.
type Key = (String, String, Option<String>, Option<u64>, Option<u64>, Option<u64>);

impl Default for Rows {
    fn default() -> Self {
        Self { causes: BTreeMap::new(), limit: MOST, kept: 0 }
    }
}

impl Rows {
    /// Takes one exchange; those that were let in are of no interest here.
    pub fn offer(&mut self, line: Line) {
        let Some(cause) = line.cause.clone().filter(|_| line.class != Class::Ok) else { return };
        let of = self.causes.entry((line.class, cause)).or_default();
        of.offered += 1;
        let full = of.kept.len() >= self.limit;
        if full && of.kept.last_key_value().is_some_and(|(last, _)| last.0 < line.id) {
            return;
        }
        let at = line.time.as_deref().and_then(|time| time.parse().ok());
        // All its names are texts, as JSON wants them.
        let Ok(text) = serde_json::to_string(&line) else { return };
        let kept = Kept { at, text: text.into() };
        let key = (line.id, line.source, line.member, line.entry, line.line, line.byte);
        if of.kept.insert(key, kept).is_none() {
            self.kept += 1;
        }
        if of.kept.len() > self.limit && of.kept.pop_last().is_some() {
            self.kept -= 1;
        }
        self.trim();
    }

    /// Drops of every cause what is beyond the limit.
    fn bound(&mut self) {
        for of in self.causes.values_mut() {
            while of.kept.len() > self.limit {
                of.kept.pop_last();
            }
        }
        self.kept = self.causes.values().map(|of| of.kept.len()).sum();
    }

    /// Returns how many exchanges were offered.
    pub fn offered(&self) -> u64 {
        self.causes.values().map(|of| of.offered).sum()
    }

    /// Returns what is shown, each a [`Line`] as JSON: at most 2,500, of every cause all or as many as of the
    /// others. Ordered by time (unknown ones last), then by source and position.
    pub fn shown(&self) -> Vec<&str> {
        let most = self.most_of_one();
        let kept = self.causes.values().flat_map(|of| of.kept.iter().take(most));
        let mut lines: Vec<(&Key, &Kept)> = kept.collect();
        lines.sort_by(|a, b| order(a).cmp(&order(b)));
        lines.into_iter().map(|(_, kept)| &*kept.text).collect()
    }

    /// Drops what cannot be shown any more, once there is twice as much as can be.
    fn trim(&mut self) {
        if self.kept <= 2 * MOST {
            return;
        }
        self.limit = self.most_of_one();
        self.bound();
    }

    /// Returns the largest number of lines of one cause with which all together stay in the bound.
    fn most_of_one(&self) -> usize {
        let fits = |most: usize| {
            let total: usize = self.causes.values().map(|of| of.kept.len().min(most)).sum();
            total <= MOST
        };
        (1..=self.limit).rev().find(|most| fits(*most)).unwrap_or(1)
    }
}

type Order<'a> = (bool, Option<jiff::Timestamp>, &'a str, Option<&'a str>, [Option<u64>; 3]);

fn order<'a>(((_, source, member, entry, line, byte), kept): &(&'a Key, &'a Kept)) -> Order<'a> {
    (kept.at.is_none(), kept.at, source, member.as_deref(), [*entry, *line, *byte])
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

    fn shown(rows: &Rows) -> Vec<Line> {
        rows.shown().into_iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    #[test]
    fn any_order_keeps_the_same_exchanges() {
        let offered = |numbers: &mut dyn Iterator<Item = u64>| {
            let mut rows = Rows::default();
            for n in numbers {
                rows.offer(line(n, "time.expired"));
                if n % 7 == 0 {
                    rows.offer(line(n, "header.missing"));
                }
            }
            rows
        };
        let (there, back) = (offered(&mut (0..7_000)), offered(&mut (0..7_000).rev()));
        let ids = |rows: &Rows| shown(rows).iter().map(|l| l.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&there), ids(&back));
        assert_eq!(there.shown().len(), MOST);
        assert!(there.kept <= 2 * MOST && there.offered() == 8_000);
    }

    #[test]
    fn rare_causes_keep_all_and_frequent_ones_share_the_rest() {
        let mut rows = Rows::default();
        for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
            (0..1_000).for_each(|n| rows.offer(line(n, name)));
        }
        (0..3).for_each(|n| rows.offer(line(n, "rare")));
        let shown = shown(&rows);
        assert!(shown.len() <= MOST && shown.len() > MOST - 10);
        let rare = |line: &&Line| line.cause.as_ref().is_some_and(|cause| *cause == "rare");
        assert_eq!(shown.iter().filter(rare).count(), 3);
    }
}
