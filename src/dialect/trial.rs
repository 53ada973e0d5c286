//! Trials of the whole reading: what must be seen as a refusal and what must not.

use serde::Deserialize;

use super::{Catalogue, read};
use crate::model::{Answer, Body, Exchange, Header, Text, Weight};

#[derive(Deserialize)]
struct Trials {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    status: u16,
    #[serde(default)]
    body: String,
    #[serde(default, rename = "type")]
    media: String,
    location: Option<String>,
    url: Option<String>,
    method: Option<String>,
    accept: Option<String>,
    cause: Option<String>,
}

impl Case {
    fn read(&self) -> Answer {
        let field = |name: &'static str, value: &Option<String>| {
            value.clone().map(|value| Header { name: name.into(), value: value.into() })
        };
        let exchange = Exchange {
            status: Some(self.status),
            method: Some(self.method.clone().unwrap_or_else(|| "GET".to_owned()).into()),
            url: self.url.clone().unwrap_or_else(|| "https://api.example.com/v1/orders".to_owned()).into(),
            request_headers: field("Accept", &self.accept).into_iter().collect(),
            response_headers: field("Location", &self.location).into_iter().collect(),
            response_body: Body {
                mime: (!self.media.is_empty()).then(|| self.media.clone().into()),
                text: Text::Plain(self.body.clone().into()),
                ..Body::default()
            },
            ..Exchange::default()
        };
        read(&exchange, Catalogue::embedded())
    }
}

fn trials(text: &str) -> Vec<Case> {
    toml::from_str::<Trials>(text).unwrap().case
}

#[test]
fn what_merely_speaks_of_auth_is_no_refusal() {
    let seen: Vec<String> = trials(include_str!("trials/harmless.toml"))
        .iter()
        .filter(|case| case.read().outcome.is_refused())
        .map(|case| format!("{} {:?} {} {:?}", case.status, case.location, case.body, case.read().statements.first()))
        .collect();
    assert!(seen.is_empty(), "{seen:#?}");
}

#[test]
fn refusals_of_every_status_are_seen_and_say_why() {
    let mut wrong = Vec::new();
    for case in trials(include_str!("trials/refusals.toml")) {
        let answer = case.read();
        let wanted = case.cause.as_deref().unwrap_or_default();
        let first = answer.statements.first();
        let right = wanted.is_empty()
            || first.and_then(|s| s.causes.first()).is_some_and(|c| *c == wanted);
        let honest = !wanted.is_empty() || first.is_none_or(|s| s.weight <= Weight::Words);
        if !answer.outcome.is_refused() || !right || !honest {
            wrong.push(format!("{} {} wants {wanted:?}: {:?} {first:?}", case.status, case.body, answer.outcome));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
