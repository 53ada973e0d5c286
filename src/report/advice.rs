//! Advice for the very case: the card's best sentence, filled with the values of its exchanges.

use std::collections::BTreeMap;

use super::Judged;
use crate::causes::Case;
use crate::causes::advice::{Piece, sentences};
use crate::causes::cards::Card;
use crate::causes::values::{Slot, Value, value};
use crate::model::{CaseAdvice, Seconds};
use crate::world::World;

/// Spans from the shortest to the longest, in the order of the sentence's slots; `None` for names.
type Spans = Vec<Option<(Seconds, Seconds)>>;
/// The names in the order of the slots; empty for spans. What is counted, and what breaks ties.
type Names = Vec<Vec<String>>;

/// Fills the first sentence whose slots are known for some exchange.
///
/// Exchanges differ: the names that the most of them share are shown (of equally many the smallest),
/// with the spans of those exchanges from the shortest to the longest, so that the order of `items`
/// does not show. `None` when no sentence can be filled.
pub(super) fn of_case(card: &Card, items: &[&Judged<'_>], world: &World<'_>) -> Option<CaseAdvice> {
    sentences(card).find_map(|sentence| {
        let slots: Vec<Slot> = sentence.iter().filter_map(|piece| piece.slot()).collect();
        let mut seen: BTreeMap<Names, (u64, Spans)> = BTreeMap::new();
        for item in items {
            let at = item.timed.then_some(item.bucket.first);
            let case = Case::of(item.facts(), at, world);
            let known = slots.iter().map(|slot| value(&case, card.id, *slot));
            let Some(known) = known.collect::<Option<Vec<Value>>>() else { continue };
            note(&mut seen, known, item.bucket.count);
        }
        let (names, (count, spans)) =
            seen.into_iter().rev().max_by_key(|(_, (count, _))| *count)?;
        Some(filled(&sentence, &slots, &names, &spans, count))
    })
}

fn note(seen: &mut BTreeMap<Names, (u64, Spans)>, known: Vec<Value>, count: u64) {
    let (mut names, mut spans) = (Names::new(), Spans::new());
    for value in known {
        let (list, span) = match value {
            Value::Names(list) => (list, None),
            Value::Span(span) => (Vec::new(), Some((span, span))),
        };
        names.push(list);
        spans.push(span);
    }
    match seen.get_mut(&names) {
        None => {
            seen.insert(names, (count, spans));
        }
        Some((total, known)) => {
            *total += count;
            for (known, new) in known.iter_mut().zip(spans) {
                if let (Some((low, high)), Some((a, b))) = (known.as_mut(), new) {
                    low.0 = low.0.min(a.0);
                    high.0 = high.0.max(b.0);
                }
            }
        }
    }
}

fn filled(
    sentence: &[Piece],
    slots: &[Slot],
    names: &Names,
    spans: &Spans,
    count: u64,
) -> CaseAdvice {
    let texts: Vec<Vec<String>> = names
        .iter()
        .zip(spans)
        .map(|(names, span)| match span {
            None => names.clone(),
            Some((low, high)) => {
                let mut ends = vec![low.to_string(), high.to_string()];
                ends.dedup();
                ends
            }
        })
        .collect();
    let mut values = texts.iter().zip(spans);
    let mut text = String::new();
    for piece in sentence {
        let (quote, slot) = match *piece {
            Piece::Text(plain) => {
                text.push_str(plain);
                continue;
            }
            Piece::Plain(slot) => ("", slot),
            Piece::Code(slot) => ("`", slot),
        };
        let Some((list, span)) = values.next() else { continue };
        let list: Vec<String> = list.iter().map(|v| format!("{quote}{v}{quote}")).collect();
        // All that was sent was sent; of what is accepted one is enough.
        text.push_str(&joined(
            &list,
            match (span, slot) {
                (Some(_), _) => " to ",
                (None, Slot::Sent | Slot::Claim) => " and ",
                (None, _) => " or ",
            },
        ));
    }
    let values = slots.iter().map(|slot| slot.as_str().to_owned()).zip(texts).collect();
    CaseAdvice { text, count, values }
}

/// Joins by commas, the last two by `last`.
fn joined(list: &[String], last: &str) -> String {
    match list.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{}{last}{end}", rest.join(", ")),
        _ => list.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Value {
        Value::Names(list.iter().map(|n| (*n).to_owned()).collect())
    }

    #[test]
    fn spans_of_the_same_names_become_one_from_shortest_to_longest() {
        let mut seen = BTreeMap::new();
        note(&mut seen, vec![names(&["a"]), Value::Span(Seconds(75.0))], 2);
        note(&mut seen, vec![names(&["a"]), Value::Span(Seconds(3.0))], 1);
        note(&mut seen, vec![names(&["b"]), Value::Span(Seconds(9.0))], 1);
        let (found, (count, spans)) = seen.iter().next().unwrap();
        assert_eq!((found.len(), *count), (2, 3));
        let sentence = [
            Piece::Code(Slot::Host),
            Piece::Text(" saw it "),
            Piece::Plain(Slot::Late),
            Piece::Text(" late"),
        ];
        let advice = filled(&sentence, &[Slot::Host, Slot::Late], found, spans, *count);
        assert_eq!(advice.text, "`a` saw it 3 s to 1 m 15 s late");
        assert_eq!(advice.values["late"], ["3 s", "1 m 15 s"]);
    }

    #[test]
    fn three_names_are_joined_like_speech() {
        let list = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(joined(&list, " or "), "a, b or c");
        assert_eq!(joined(&list[..2], " or "), "a or b");
        assert_eq!(joined(&list[..1], " or "), "a");
        assert_eq!(joined(&[], " or "), "");
    }

    #[test]
    fn what_was_sent_is_joined_by_and_what_is_accepted_by_or() {
        let mut seen = BTreeMap::new();
        let both = || names(&["x", "y"]);
        note(&mut seen, vec![both(), both(), Value::Span(Seconds(4.0))], 1);
        let (found, (count, spans)) = seen.iter().next().unwrap();
        let slots = [Slot::Sent, Slot::Accepted, Slot::Late];
        let sentence = [
            Piece::Code(Slot::Sent),
            Piece::Text(" "),
            Piece::Plain(Slot::Accepted),
            Piece::Text(" "),
            Piece::Plain(Slot::Late),
        ];
        let advice = filled(&sentence, &slots, found, spans, *count);
        assert_eq!(advice.text, "`x` and `y` x or y 4 s");
    }
}
