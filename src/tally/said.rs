//! What servers said with refusals of equal facts: each wording once, with how often and when.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::smallest::{Few, Merge};
use super::standing::{Shift, Standing};
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
    pub first: Option<Arc<Origin>>,
    /// The words of the answer whose words sort first.
    least: Box<str>,
    /// The words of the one whose words sort last, where they are others.
    most: Option<Box<str>>,
}

/// All wordings of refusals of equal facts, in bounded space.
///
/// Most refusals are the only ones of their facts: what one answer said is spelled out when somebody asks
/// for it, or when another comes. That is seen by nobody, nor in what is written.
#[derive(Clone, Debug, Default)]
pub struct Sayings {
    /// The only answer; then `all` is empty.
    once: Option<Box<Once>>,
    /// Each wording, once there were several answers; on the heap, as there are thousands of groups whose
    /// words nobody asks for.
    all: Option<Box<Few<Wording, Said, WORDINGS>>>,
}

/// Sayings as they are kept.
#[derive(Clone, Copy, Debug)]
pub enum Spoken<'s> {
    /// Those of one answer.
    Once(&'s Once),
    /// Each wording with how often and when.
    Often(&'s Few<Wording, Said, WORDINGS>),
}

/// What one answer said.
#[derive(Clone, Debug)]
pub struct Once {
    /// The answer.
    pub answer: Arc<Answer>,
    /// Where it stands and when it was.
    pub origin: Arc<Origin>,
}

/// Returns what an answer says, each wording once, with the words themselves.
pub fn wordings(answer: &Answer) -> Vec<(Wording, &str)> {
    let mut heard: Vec<(Wording, &str)> = Vec::new();
    for Statement { text, place, .. } in words(answer) {
        let wording = Wording { template: template(text).into(), place: place.as_str().into() };
        if heard.iter().all(|(known, _)| *known != wording) {
            heard.push((wording, text));
        }
    }
    heard
}

impl Once {
    /// Returns when it was said.
    pub fn at(&self) -> Option<At> {
        self.origin.time.map(|time| time.at)
    }

    fn spelled_out(&self) -> Few<Wording, Said, WORDINGS> {
        let mut all = Few::default();
        let standing = Standing::of_kept(&self.origin);
        for (wording, text) in wordings(&self.answer) {
            let said: Option<&mut Said> = all.slot(&wording);
            if let Some(said) = said {
                said.add(text, self.at(), Some(&standing), 1);
            }
        }
        all
    }
}

impl PartialEq for Sayings {
    fn eq(&self, other: &Self) -> bool {
        self.spelled_out() == other.spelled_out()
    }
}

impl Serialize for Sayings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.spelled_out().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sayings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all = Few::deserialize(deserializer)?;
        Ok(Self { once: None, all: (!all.is_empty()).then(|| Box::new(all)) })
    }
}

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

    fn add(&mut self, text: &str, at: Option<At>, standing: Option<&Standing<'_>>, count: u64) {
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
        if let Some(standing) = standing
            && self.first.as_deref().is_none_or(|first| **standing < *first)
        {
            self.first = Some(standing.keep());
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
    /// Returns them as they are kept; `None` where nothing was said.
    pub fn spoken(&self) -> Option<Spoken<'_>> {
        let often = || self.all.as_deref().map(Spoken::Often);
        self.once.as_deref().map(Spoken::Once).or_else(often)
    }

    fn spelled_out(&self) -> Cow<'_, Few<Wording, Said, WORDINGS>> {
        match self.spoken() {
            None => Cow::Owned(Few::default()),
            Some(Spoken::Once(once)) => Cow::Owned(once.spelled_out()),
            Some(Spoken::Often(all)) => Cow::Borrowed(all),
        }
    }

    fn all(&mut self) -> &mut Few<Wording, Said, WORDINGS> {
        if let Some(once) = self.once.take() {
            self.all = Some(Box::new(once.spelled_out()));
        }
        self.all.get_or_insert_default()
    }

    fn is_empty(&self) -> bool {
        self.once.is_none() && self.all.as_deref().is_none_or(Few::is_empty)
    }

    /// Adds what one answer says.
    pub(super) fn hear(&mut self, answer: &Arc<Answer>, standing: &Standing<'_>) {
        if words(answer).next().is_none() {
            return;
        }
        if self.is_empty() {
            let (answer, origin) = (Arc::clone(answer), standing.keep());
            self.once = Some(Box::new(Once { answer, origin }));
            return;
        }
        let at = standing.time.map(|time| time.at);
        let mut heard: Vec<Wording> = Vec::new();
        for statement in words(answer) {
            self.add(statement, at, Some(standing), 1, &mut heard);
        }
    }

    /// Adds what others heard of so many answers at one instant.
    pub fn hear_of(&mut self, answer: &Answer, at: At, origin: Option<&Origin>, count: u64) {
        let standing = origin.map(Standing::of);
        let mut heard: Vec<Wording> = Vec::new();
        for statement in words(answer).filter(|s| s.seen_by.is_some()) {
            self.add(statement, Some(at), standing.as_ref(), count, &mut heard);
        }
    }

    /// Adds a statement of an answer, unless it was `heard` there already.
    fn add(
        &mut self,
        statement: &Statement,
        at: Option<At>,
        standing: Option<&Standing<'_>>,
        count: u64,
        heard: &mut Vec<Wording>,
    ) {
        let Statement { text, place, .. } = statement;
        // The same words come again and again: those need no second look.
        let all = self.all();
        let known = all.iter().find(|(wording, said)| *wording.place == **place && said.is(text));
        let wording = match known {
            Some((wording, _)) => wording.clone(),
            None => Wording { template: template(text).into(), place: place.as_str().into() },
        };
        if heard.contains(&wording) {
            return;
        }
        if let Some(said) = all.slot(&wording) {
            said.add(text, at, standing, count);
        }
        heard.push(wording);
    }

    /// Adds everything of `other`. Commutative and associative.
    pub fn merge(&mut self, mut other: Self) {
        if self.is_empty() {
            *self = other;
        } else {
            self.all().merge(std::mem::take(other.all()));
        }
    }

    /// Takes out what so many answers at one instant said. Where they said several things it is not known
    /// which of them: then the first.
    #[must_use]
    pub fn take(&mut self, at: At, count: u64) -> Self {
        let mut taken = Self::default();
        let mut open: BTreeMap<Box<str>, u64> = BTreeMap::new();
        for (wording, said) in self.all().iter_mut() {
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
            if let Some(slot) = taken.all().slot(wording) {
                *slot = moved;
            }
        }
        self.all().retain(|said| said.count > 0);
        taken
    }

    /// Takes out what is counted in `other` too.
    pub(super) fn remove(&mut self, other: &Self) {
        let mine = self.all();
        for (wording, said) in other.spelled_out().iter() {
            let Some(known) = mine.get_mut(wording) else { continue };
            known.count = known.count.saturating_sub(said.count);
            for bucket in said.times.buckets() {
                known.times.remove(bucket.first, bucket.count);
            }
            if known.first == said.first {
                known.first = None;
            }
        }
        mine.retain(|said| said.count > 0);
    }

    /// Rewrites words.
    pub fn reword(&mut self, change: impl Fn(&str) -> Option<String>) {
        let all = self.spelled_out();
        if all.iter().all(|(wording, said)| {
            let most = said.most.as_deref().unwrap_or_default();
            [&*wording.template, &*said.least, most].iter().all(|text| change(text).is_none())
        }) {
            return;
        }
        let new = |text: &str| change(text).map_or_else(|| text.into(), Into::into);
        let mut changed = Self::default();
        for (wording, said) in all.iter() {
            let wording = Wording { template: new(&wording.template), ..wording.clone() };
            let least = new(&said.least);
            let most = said.most.as_deref().map(new).filter(|most| *most != least);
            if let Some(known) = changed.all().slot(&wording) {
                known.merge(Said { least, most, ..said.clone() });
            }
        }
        *self = changed;
    }

    /// Shifts all positions.
    pub(super) fn shift(&mut self, shift: &mut Shift<impl Fn(&mut Position)>) {
        if let Some(once) = &mut self.once {
            shift.apply(&mut once.origin);
        }
        let all = self.all.iter_mut().flat_map(|all| all.iter_mut());
        let firsts = all.filter_map(|(_, said)| said.first.as_mut());
        firsts.for_each(|first| shift.apply(first));
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
            sayings.hear(&Arc::new(answer), &Standing::of(&origin(*second)));
        }
        sayings
    }

    fn shown(sayings: &Sayings) -> Vec<(String, u64, Option<String>)> {
        let row = |(wording, said): (&Wording, &Said)| {
            (wording.template.to_string(), said.count, said.same().map(str::to_owned))
        };
        sayings.spelled_out().iter().map(row).collect()
    }

    fn row(template: &str, count: u64, same: Option<&str>) -> (String, u64, Option<String>) {
        (template.to_owned(), count, same.map(str::to_owned))
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
            [row("no token", 2, Some("no token")), row("token expired <n> seconds ago", 2, None)]
        );
        let all = sayings.spelled_out();
        let (_, said) = all.iter().nth(1).unwrap();
        assert_eq!(said.first.as_deref(), Some(&origin(1)));
    }

    #[test]
    fn an_answer_that_says_the_same_twice_counts_once() {
        let mut sayings = Sayings::default();
        let twice = answer(&[("body.errors[]", "late by 5 s"), ("body.errors[]", "late by 7 s")]);
        sayings.hear(&Arc::new(twice), &Standing::of(&origin(1)));
        assert_eq!(shown(&sayings), [row("late by <n> s", 1, Some("late by 5 s"))]);
    }

    #[test]
    fn what_is_taken_out_is_said_elsewhere() {
        let all = [(1, "late by 5 s".to_owned()), (2, "late by 7 s".to_owned())];
        let mut sayings = heard(&all);
        let taken = sayings.take(At::from_secs(2), 1);
        assert_eq!(shown(&taken), [row("late by <n> s", 1, None)]);
        assert_eq!(shown(&sayings), [row("late by <n> s", 1, None)]);
        let mut kinds = heard(&all);
        kinds.remove(&heard(&all[..1]));
        assert_eq!(shown(&kinds), [row("late by <n> s", 1, None)]);
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
        assert_eq!(shown(&sayings), [row("no *** for ann", 2, Some("no *** for ann"))]);
    }

    #[test]
    fn what_one_answer_said_is_spelled_out_as_it_would_be_wording_by_wording() {
        let at = Some(At::from_secs(1));
        let one = Arc::new(answer(&[
            ("status", "401"),
            ("body.error", "late by 5 s"),
            ("body.error", "late by 7 s"),
            ("body.error", "no key"),
            ("header:x-error", "no key"),
        ]));
        let here = origin(1);
        let mut slow = Sayings::default();
        let mut heard = Vec::new();
        for statement in words(&one) {
            slow.add(statement, at, Some(&Standing::of(&here)), 1, &mut heard);
        }
        let mut fast = Sayings::default();
        fast.hear(&one, &Standing::of(&here));
        assert!(matches!(fast.spoken(), Some(Spoken::Once(_))));
        assert!(fast.all.is_none());
        assert_eq!(fast, slow);
        assert_eq!(shown(&fast).len(), 3);
        let json = serde_json::to_string(&fast).unwrap();
        assert_eq!(json, serde_json::to_string(&slow).unwrap());
        for sayings in [&mut fast, &mut slow] {
            sayings.shift(&mut Shift::by(|position: &mut Position| {
                position.line = position.line.map(|line| line + 9);
            }));
        }
        assert_eq!(fast, slow);
        // Another may come to it, or it to another.
        let (mut one_more, mut more_of_one) = (fast.clone(), slow.clone());
        one_more.merge(slow);
        more_of_one.merge(fast);
        assert_eq!(one_more, more_of_one);
        assert!(shown(&one_more).iter().all(|(_, count, _)| *count == 2));
        let mut silent = Sayings::default();
        silent.hear(&Arc::new(answer(&[("status", "401")])), &Standing::of(&here));
        assert!(silent.spoken().is_none());
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
