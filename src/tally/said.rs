//! What servers said with refusals of equal facts: each wording once, with how often and when.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::smallest::{Few, Merge};
use super::times::Times;
use super::wording::template;
use crate::model::{Answer, At, Origin, Position, Statement};

/// Wordings that are kept of one kind of refusal; of more the smallest are.
const WORDINGS: usize = 16;
/// Statements of one answer that are kept, the strongest.
const STATEMENTS: usize = 4;

/// Words without what varies in them, and where they stand.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Wording {
    /// The words, `token expired <n> seconds ago`.
    pub template: Box<str>,
    /// Where they stand, as [`Statement::place`].
    pub place: Box<str>,
}

/// How often and when one wording was said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// How often.
    pub count: u64,
    /// When. As many buckets as a group has, so that each lies in one of the group's.
    pub times: Times<256>,
    /// The first answer that said it.
    pub first: Option<Box<Origin>>,
    /// The words of the answer whose words sort first.
    least: Box<str>,
    /// The words of the one whose words sort last, where they are others.
    most: Option<Box<str>>,
}

/// All wordings of refusals of equal facts, in bounded space.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sayings(Few<Wording, Said, WORDINGS>);

/// Returns the statements of an answer that are words of the server, the strongest: not its status, nor the
/// scheme of a challenge.
pub fn words(answer: &Answer) -> impl Iterator<Item = &Statement> {
    let bare = |place: &str| {
        matches!(place, "status" | "header:www-authenticate" | "header:proxy-authenticate")
    };
    answer.statements.iter().filter(move |s| !bare(&s.place)).take(STATEMENTS)
}

impl Said {
    /// Returns the words themselves, where all that were said are the same.
    pub fn same(&self) -> Option<&str> {
        self.most.is_none().then_some(&*self.least)
    }

    fn add(&mut self, text: &str, at: Option<At>, origin: Option<&Origin>, count: u64) {
        if self.count == 0 {
            self.least = text.into();
        } else if *text < *self.least {
            let least = std::mem::replace(&mut self.least, text.into());
            self.most.get_or_insert(least);
        } else if *text > *self.most.as_deref().unwrap_or(&self.least) {
            self.most = Some(text.into());
        }
        self.count.merge(count);
        if let Some(at) = at.filter(|_| count > 0) {
            self.times.push_all(at, count);
        }
        if let Some(origin) = origin
            && self.first.as_deref().is_none_or(|first| origin < first)
        {
            self.first = Some(Box::new(origin.clone()));
        }
    }

    fn is(&self, text: &str) -> bool {
        *self.least == *text || self.most.as_deref() == Some(text)
    }
}

impl Merge for Said {
    fn merge(&mut self, other: Self) {
        if self.count == 0 {
            *self = other;
            return;
        }
        let texts = [
            Some(std::mem::take(&mut self.least)),
            self.most.take(),
            Some(other.least),
            other.most,
        ];
        let least = texts.iter().flatten().min().cloned().unwrap_or_default();
        self.most = texts.into_iter().flatten().max().filter(|most| *most != least);
        self.least = least;
        self.count.merge(other.count);
        self.times.merge(&other.times);
        self.first = match (self.first.take(), other.first) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
}

impl Sayings {
    /// Adds what one answer says.
    pub(super) fn hear(&mut self, answer: &Answer, at: Option<At>, origin: &Origin) {
        let mut heard: Vec<Wording> = Vec::new();
        for statement in words(answer) {
            self.add(statement, at, Some(origin), 1, &mut heard);
        }
    }

    /// Adds what others heard of so many answers at one instant.
    pub fn hear_of(&mut self, answer: &Answer, at: At, origin: Option<&Origin>, count: u64) {
        let mut heard: Vec<Wording> = Vec::new();
        for statement in words(answer).filter(|s| s.seen_by.is_some()) {
            self.add(statement, Some(at), origin, count, &mut heard);
        }
    }

    /// Adds a statement of an answer, unless it was `heard` there already.
    fn add(
        &mut self,
        statement: &Statement,
        at: Option<At>,
        origin: Option<&Origin>,
        count: u64,
        heard: &mut Vec<Wording>,
    ) {
        let Statement { text, place, .. } = statement;
        // The same words come again and again: those need no second look.
        let known =
            self.0.iter().find(|(wording, said)| *wording.place == **place && said.is(text));
        let wording = match known {
            Some((wording, _)) => wording.clone(),
            None => Wording { template: template(text).into(), place: place.as_str().into() },
        };
        if heard.contains(&wording) {
            return;
        }
        if let Some(said) = self.0.slot(&wording) {
            said.add(text, at, origin, count);
        }
        heard.push(wording);
    }

    /// Adds everything of `other`. Commutative and associative.
    pub fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }

    /// Returns all wordings in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&Wording, &Said)> {
        self.0.iter()
    }

    /// Takes out what so many answers at one instant said. Where they said several things it is not known
    /// which of them: then the first.
    #[must_use]
    pub fn take(&mut self, at: At, count: u64) -> Self {
        let mut taken = Self::default();
        let mut open: BTreeMap<Box<str>, u64> = BTreeMap::new();
        for (wording, said) in self.0.iter_mut() {
            let open = open.entry(wording.place.clone()).or_insert(count);
            let n = said.times.count_at(at).min(*open);
            if n == 0 {
                continue;
            }
            *open -= n;
            said.count = said.count.saturating_sub(n);
            said.times.remove(at, n);
            let here = said.first.as_deref().and_then(|first| first.time);
            let first = said.first.take_if(|_| here.is_some_and(|time| time.at == at));
            let (least, most) = (said.least.clone(), said.most.clone());
            let mut moved = Said { count: n, times: Times::default(), first, least, most };
            moved.times.push_all(at, n);
            if let Some(slot) = taken.0.slot(wording) {
                *slot = moved;
            }
        }
        self.0.retain(|said| said.count > 0);
        taken
    }

    /// Takes out what is counted in `other` too.
    pub(super) fn remove(&mut self, other: &Self) {
        for (wording, said) in other.iter() {
            let Some(known) = self.0.get_mut(wording) else { continue };
            known.count = known.count.saturating_sub(said.count);
            for bucket in said.times.buckets() {
                known.times.remove(bucket.first, bucket.count);
            }
            if known.first == said.first {
                known.first = None;
            }
        }
        self.0.retain(|said| said.count > 0);
    }

    /// Rewrites words.
    pub fn reword(&mut self, change: impl Fn(&str) -> Option<String>) {
        if self.iter().all(|(wording, said)| {
            let most = said.most.as_deref().unwrap_or_default();
            [&*wording.template, &*said.least, most].iter().all(|text| change(text).is_none())
        }) {
            return;
        }
        let new = |text: &str| change(text).map_or_else(|| text.into(), Into::into);
        let mut changed = Self::default();
        for (wording, said) in self.iter() {
            let wording = Wording { template: new(&wording.template), ..wording.clone() };
            let least = new(&said.least);
            let most = said.most.as_deref().map(new).filter(|most| *most != least);
            if let Some(known) = changed.0.slot(&wording) {
                known.merge(Said { least, most, ..said.clone() });
            }
        }
        *self = changed;
    }

    /// Shifts all positions.
    pub(super) fn shift(&mut self, mut change: impl FnMut(&mut Position)) {
        for (_, said) in self.0.iter_mut() {
            if let Some(first) = &mut said.first {
                change(&mut first.position);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Time, Weight};

    fn answer(texts: &[(&str, &str)]) -> Answer {
        let statement = |(place, text): &(&str, &str)| Statement {
            causes: Vec::new(),
            weight: Weight::Words,
            text: (*text).to_owned(),
            place: (*place).to_owned(),
            dialect: None,
            expected: None,
            seen_by: None,
        };
        Answer { statements: texts.iter().map(statement).collect(), ..Answer::default() }
    }

    fn origin(second: i64) -> Origin {
        Origin {
            time: Some(Time { at: At::from_secs(second), digits: 0, zone_assumed: false }),
            source: "a.log".into(),
            member: None,
            position: Position { line: u64::try_from(second).ok(), ..Position::default() },
        }
    }

    fn heard(of: &[(i64, String)]) -> Sayings {
        let mut sayings = Sayings::default();
        for (second, text) in of {
            let answer = answer(&[("body.error", text), ("status", "401")]);
            sayings.hear(&answer, Some(At::from_secs(*second)), &origin(*second));
        }
        sayings
    }

    fn shown(sayings: &Sayings) -> Vec<(&str, u64, Option<&str>)> {
        sayings.iter().map(|(w, said)| (&*w.template, said.count, said.same())).collect()
    }

    #[test]
    fn messages_that_differ_in_numbers_are_one() {
        let sayings = heard(&[
            (1, "token expired 5 seconds ago".into()),
            (2, "token expired 75 seconds ago".into()),
            (3, "no token".into()),
            (4, "no token".into()),
        ]);
        assert_eq!(
            shown(&sayings),
            [("no token", 2, Some("no token")), ("token expired <n> seconds ago", 2, None)]
        );
        let (_, said) = sayings.iter().nth(1).unwrap();
        assert_eq!(said.first.as_deref(), Some(&origin(1)));
    }

    #[test]
    fn an_answer_that_says_the_same_twice_counts_once() {
        let mut sayings = Sayings::default();
        let twice = answer(&[("body.errors[]", "late by 5 s"), ("body.errors[]", "late by 7 s")]);
        sayings.hear(&twice, None, &origin(1));
        assert_eq!(shown(&sayings), [("late by <n> s", 1, Some("late by 5 s"))]);
    }

    #[test]
    fn what_is_taken_out_is_said_elsewhere() {
        let all = [(1, "late by 5 s".to_owned()), (2, "late by 7 s".to_owned())];
        let mut sayings = heard(&all);
        let taken = sayings.take(At::from_secs(2), 1);
        assert_eq!(shown(&taken), [("late by <n> s", 1, None)]);
        assert_eq!(shown(&sayings), [("late by <n> s", 1, None)]);
        let mut kinds = heard(&all);
        kinds.remove(&heard(&all[..1]));
        assert_eq!(shown(&kinds), [("late by <n> s", 1, None)]);
        kinds.remove(&heard(&all[1..]));
        assert_eq!(shown(&kinds), []);
    }

    #[test]
    fn words_that_are_hidden_later_are_hidden_here_too() {
        let mut sayings = heard(&[(1, "no hunter2 for ann".into()), (2, "no pass for ann".into())]);
        sayings.reword(|text| {
            let hidden = text.replace("hunter2", "***").replace("pass", "***");
            (hidden != text).then_some(hidden)
        });
        assert_eq!(shown(&sayings), [("no *** for ann", 2, Some("no *** for ann"))]);
    }

    proptest! {
        #[test]
        fn any_split_and_order_says_the_same(
            of in prop::collection::vec((0i64..400, "(late by [0-9]{1,3} s|[a-z]{1,2} is no token)"), 0..60),
            cut in 0usize..60,
        ) {
            let (left, right) = of.split_at(cut.min(of.len()));
            let mut merged = heard(right);
            merged.merge(heard(left));
            prop_assert_eq!(&merged, &heard(&of));
            let mut backwards = of.clone();
            backwards.reverse();
            prop_assert_eq!(&heard(&backwards), &merged);
            let wire = serde_json::to_string(&merged).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Sayings>(&wire).unwrap(), &merged);
        }
    }
}
