//! Each cause in tiny captures, beside its nearest look-alikes and its edges.
//!
//! A case is a few exchanges and the verdict on the last of them. One test runs them all, one sees that
//! no cause goes without: who adds a card adds cases. The servers here are invented; their wordings
//! stand nowhere in the dialects, so that the tests show what is understood and not what is listed.

mod accounts;
mod apikey;
mod authz;
mod claims;
mod header;
mod history;
mod keyed;
mod oauth;
mod others;
mod passwords;
mod proofs;
mod session;
mod signing;
mod time;
mod token;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use authopsy::causes::cards::{CARDS, card};
use authopsy::model::{Class, Judgement};
use authopsy::token::Keyring;
use authopsy::world::Given;
use serde_json::{Value, json};

use crate::story::{START, Step, at, judged_given, judged_with, token};

/// What a case shows of its cause.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Shows {
    /// It is this cause.
    Positive,
    /// It looks like this cause and is something else.
    Lookalike,
    /// It lies on one side of the line where this cause begins or ends.
    Edge,
}

/// A few exchanges and what the last of them is.
struct Case {
    id: &'static str,
    shows: Shows,
    /// Causes that are right, with `|` between them; `ok` for what is no refusal.
    wanted: &'static str,
    sentence: &'static str,
    steps: Vec<Step>,
    /// Which step is meant, from the end.
    back: usize,
    keys: Option<Keyring>,
    given: Given,
}

impl Case {
    /// Means the step that many before the last.
    fn back(mut self, steps: usize) -> Self {
        self.back = steps;
        self
    }

    /// Judged with keys at hand.
    fn keys(mut self, keys: Keyring) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Judged under what the user gave.
    fn given(mut self, given: Given) -> Self {
        self.given = given;
        self
    }

    fn judge(&self) -> Judgement {
        let judged = match &self.keys {
            Some(keys) => judged_with(keys.clone(), &self.steps),
            None => judged_given(&self.given, None, &self.steps),
        };
        judged.into_iter().rev().nth(self.back).unwrap()
    }

    /// Says what is wrong with the verdict, `None` where it holds.
    fn fault(&self) -> Option<String> {
        let judgement = self.judge();
        let cause = match (&judgement.root, judgement.class) {
            (Some(root), Class::Failure | Class::Expected | Class::Lookalike) => {
                root.cause.as_str().to_owned()
            }
            _ => "ok".to_owned(),
        };
        let class_fits = |wanted: &str| {
            let class = card(wanted).map_or(Class::Ok, |card| card.class);
            // A step of a protocol is a failure where it led nowhere, and the other way round.
            (class == Class::Lookalike) == (judgement.class == Class::Lookalike)
        };
        let holds = self.wanted.split('|').any(|wanted| wanted == cause && class_fits(wanted));
        (!holds).then(|| {
            let confidence = judgement.root.as_ref().map(|root| root.confidence.to_string());
            format!(
                "{}: {}\n    wanted {}, not {} {cause} {}\n    {}",
                self.id,
                self.sentence,
                self.wanted,
                judgement.class,
                confidence.unwrap_or_default(),
                judgement
                    .root
                    .iter()
                    .flat_map(|r| &r.evidence)
                    .map(|e| e.fact.as_str())
                    .collect::<Vec<_>>()
                    .join("; "),
            )
        })
    }
}

fn case(
    id: &'static str,
    shows: Shows,
    wanted: &'static str,
    sentence: &'static str,
    steps: impl Into<Vec<Step>>,
) -> Case {
    let steps = steps.into();
    Case { id, shows, wanted, sentence, steps, back: 0, keys: None, given: Given::default() }
}

/// It is `id`.
fn is(id: &'static str, sentence: &'static str, steps: impl Into<Vec<Step>>) -> Case {
    case(id, Shows::Positive, id, sentence, steps)
}

/// It looks like `id` and is `wanted`.
fn looks(
    id: &'static str,
    wanted: &'static str,
    sentence: &'static str,
    steps: impl Into<Vec<Step>>,
) -> Case {
    case(id, Shows::Lookalike, wanted, sentence, steps)
}

/// It lies on one side of the edge of `id`, and is `wanted`.
fn edge(
    id: &'static str,
    wanted: &'static str,
    sentence: &'static str,
    steps: impl Into<Vec<Step>>,
) -> Case {
    case(id, Shows::Edge, wanted, sentence, steps)
}

impl From<Step> for Vec<Step> {
    fn from(step: Step) -> Self {
        vec![step]
    }
}

/// A request without a credential, in the first second of a story.
fn get(path: &str) -> Step {
    at(0.0, "GET", path)
}

/// A token that is fine.
fn fresh(sub: &str) -> String {
    token(json!({"sub": sub, "iss": "https://id.example", "aud": "api",
        "iat": START - 60, "exp": START + 3600}))
}

/// A request with a token that is fine.
fn call(path: &str) -> Step {
    get(path).bearer(&fresh("a"))
}

/// A host that shows what it accepts: it asks for a token, then lets this one in.
fn accepts(token: &str) -> [Step; 2] {
    [at(-60.0, "GET", "/v1/me").gets(401), at(-50.0, "GET", "/v1/me").bearer(token)]
}

/// The claims of a token that is fine, with these on top; `null` takes one away.
fn with(claims: Value) -> String {
    let mut all = json!({"sub": "a", "iss": "https://id.example", "aud": "api",
        "iat": START - 60, "exp": START + 3600});
    let all_claims = all.as_object_mut().unwrap();
    for (name, value) in claims.as_object().unwrap() {
        all_claims.insert(name.clone(), value.clone());
    }
    all_claims.retain(|_, value| !value.is_null());
    token(all)
}

/// Two steps that show what the host accepts, then one.
fn after(token: &str, last: Step) -> Vec<Step> {
    let [asked, let_in] = accepts(token);
    vec![asked, let_in, last]
}

fn all() -> Vec<Case> {
    [
        accounts::cases(),
        apikey::cases(),
        authz::cases(),
        claims::cases(),
        header::cases(),
        history::cases(),
        keyed::cases(),
        oauth::cases(),
        others::cases(),
        passwords::cases(),
        proofs::cases(),
        session::cases(),
        signing::cases(),
        time::cases(),
        token::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn every_case_is_judged_as_it_should_be() {
    let faults: Vec<String> = all().iter().filter_map(Case::fault).collect();
    assert!(faults.is_empty(), "{} wrong\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn no_cause_goes_without_a_positive_and_a_lookalike() {
    let mut shown: BTreeMap<&str, BTreeSet<Shows>> = BTreeMap::new();
    for case in all() {
        assert!(card(case.id).is_some(), "{} is no cause", case.id);
        let known = |wanted: &str| wanted == "ok" || card(wanted).is_some();
        assert!(case.wanted.split('|').all(known), "{}: {}", case.id, case.wanted);
        let other = !case.wanted.split('|').any(|wanted| wanted == case.id);
        assert!(case.shows != Shows::Lookalike || other, "{}: {}", case.id, case.sentence);
        shown.entry(case.id).or_default().insert(case.shows);
    }
    let mut lacking = String::new();
    for card in CARDS {
        for shows in [Shows::Positive, Shows::Lookalike] {
            if !shown.get(card.id).is_some_and(|all| all.contains(&shows)) {
                writeln!(lacking, "{} has no {shows:?}", card.id).unwrap();
            }
        }
    }
    assert!(lacking.is_empty(), "{lacking}");
}

#[test]
fn an_edge_has_two_sides() {
    let mut sides: BTreeMap<&str, BTreeSet<bool>> = BTreeMap::new();
    for case in all().iter().filter(|case| case.shows == Shows::Edge) {
        sides.entry(case.id).or_default().insert(case.wanted == case.id);
    }
    for (id, sides) in sides {
        assert_eq!(sides.len(), 2, "{id} has one side of its edge only");
    }
}
