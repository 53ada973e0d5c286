//! A few lines tell a story of exchanges; the library judges it.

use std::fmt::Write as _;

use authopsy::causes::{Case, judge};
use authopsy::dialect::Catalogue;
use authopsy::evidence::{Context, Source, gather};
use authopsy::input::har_entry::entry_from_value;
use authopsy::model::{Class, Judgement, Observer, Position, Record, Report};
use authopsy::report::{ReportOptions, finish};
use authopsy::tally::Tally;
use authopsy::token::{Keyring, Verifier};
use authopsy::world::{Given, Veils, World};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde_json::{Value, json};

/// 2026-01-01T10:00:00Z, the second 0 of every story.
pub(crate) const START: i64 = 1_767_261_600;

/// One exchange to be.
#[derive(Clone, Debug)]
pub(crate) struct Step(pub(crate) Value);

/// Begins an exchange `second` seconds into the story; answered with 200 and nothing else.
pub(crate) fn at(second: f64, method: &str, path: &str) -> Step {
    let millis = (second * 1000.0).round() as i64;
    let time = authopsy::model::At::from_secs(START).0 + millis * 1_000_000;
    let url =
        if path.contains("://") { path.to_owned() } else { format!("https://api.example{path}") };
    Step(json!({
        "startedDateTime": authopsy::model::At(time).rfc3339(3),
        "time": 20,
        "request": {"method": method, "url": url, "httpVersion": "HTTP/1.1", "cookies": [],
            "headers": [{"name": "Host", "value": "api.example"}, {"name": "User-Agent", "value": "probe/1.0"}],
            "queryString": [], "headersSize": -1, "bodySize": 0},
        "response": {"status": 200, "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [],
            "headers": [], "content": {"size": 0, "mimeType": ""}, "redirectURL": "",
            "headersSize": -1, "bodySize": 0},
        "cache": {}, "timings": {"send": 0, "wait": 20, "receive": 0},
    }))
}

impl Step {
    /// Returns the HAR entry.
    pub(crate) const fn entry(&self) -> &Value {
        &self.0
    }

    /// Adds a request field.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let headers = self.0["request"]["headers"].as_array_mut().expect("a list");
        headers.push(json!({"name": name, "value": value}));
        self
    }

    /// Adds `Authorization: Bearer TOKEN`.
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.with("Authorization", &format!("Bearer {token}"))
    }

    /// Adds a form body.
    pub(crate) fn form(mut self, text: &str) -> Self {
        self.0["request"]["postData"] =
            json!({"mimeType": "application/x-www-form-urlencoded", "text": text});
        self
    }

    /// Adds a JSON body.
    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.0["request"]["postData"] =
            json!({"mimeType": "application/json", "text": body.to_string()});
        self
    }

    /// Sent by another program than the usual one.
    pub(crate) fn agent(mut self, agent: &str) -> Self {
        self.0["request"]["headers"][1]["value"] = json!(agent);
        self
    }

    /// Answered by the server at this address.
    pub(crate) fn server(mut self, address: &str) -> Self {
        self.0["serverIPAddress"] = json!(address);
        self
    }

    /// Leaves HAR's `redirectURL` empty, as some recorders do.
    pub(crate) fn bare_redirect(mut self) -> Self {
        self.0["response"]["redirectURL"] = json!("");
        self
    }

    /// Removes every request field, as a capture that does not show them.
    pub(crate) fn unseen(mut self) -> Self {
        self.0["request"]["headers"] = json!([]);
        self
    }

    /// Answers with a status.
    pub(crate) fn gets(mut self, status: u16) -> Self {
        self.0["response"]["status"] = json!(status);
        self
    }

    /// Answers with a status and a JSON body.
    pub(crate) fn says(self, status: u16, body: Value) -> Self {
        self.shows(status, "application/json", &body.to_string())
    }

    /// Answers with a status and a body of this kind.
    pub(crate) fn shows(self, status: u16, mime: &str, text: &str) -> Self {
        let mut step = self.gets(status).answers("Content-Type", mime);
        step.0["response"]["content"] = json!({"size": text.len(), "mimeType": mime, "text": text});
        step
    }

    /// Adds a response field.
    pub(crate) fn answers(mut self, name: &str, value: &str) -> Self {
        let headers = self.0["response"]["headers"].as_array_mut().expect("a list");
        headers.push(json!({"name": name, "value": value}));
        if name.eq_ignore_ascii_case("location") {
            self.0["response"]["redirectURL"] = json!(value);
        }
        self
    }
}

/// Makes an HS256 token of these claims; the signature has the right length and no key.
pub(crate) fn token(claims: Value) -> String {
    token_with(&json!({"alg": "HS256", "typ": "JWT"}), &claims)
}

/// Makes a token of this header and these claims.
pub(crate) fn token_with(header: &Value, claims: &Value) -> String {
    let alg = header["alg"].as_str().unwrap_or("HS256");
    let size = match alg {
        "HS512" | "ES256" => 64,
        "HS384" => 48,
        "RS256" | "PS256" => 256,
        "none" => 0,
        _ => 32,
    };
    let text = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
    let mut signature = Vec::new();
    let mut state = text.bytes().fold(7_u64, |a, b| a.wrapping_mul(31).wrapping_add(u64::from(b)));
    while signature.len() < size {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        signature.push((state >> 33) as u8);
    }
    format!("{text}.{}", B64.encode(signature))
}

/// Judges a story told by a browser.
pub(crate) fn judged(steps: &[Step]) -> Vec<Judgement> {
    judged_in("story.har", None, steps)
}

/// Judges a story in a capture of this name that this program wrote.
pub(crate) fn judged_in(source: &str, creator: Option<&str>, steps: &[Step]) -> Vec<Judgement> {
    judged_by(&Verifier::default(), source, creator, steps)
}

/// Judges a story with keys at hand.
pub(crate) fn judged_with(keys: Keyring, steps: &[Step]) -> Vec<Judgement> {
    judged_by(&Verifier::new(keys), "story.har", None, steps)
}

/// Reports on a story told by a browser.
pub(crate) fn reported(steps: &[Step]) -> Report {
    let (tally, _) = read(&Verifier::default(), "story.har", None, steps);
    let world = World::learn(&tally, Given::default());
    finish(&world, &ReportOptions::default())
}

fn judged_by(
    verifier: &Verifier,
    source: &str,
    creator: Option<&str>,
    steps: &[Step],
) -> Vec<Judgement> {
    let (tally, records) = read(verifier, source, creator, steps);
    let keys = verifier.given().names().map(|(name, _)| name.thumbprint.is_some()).collect();
    let world = World::learn(&tally, Given { keys, ..Given::default() });
    records
        .iter()
        .map(|r| judged_once(&Case::of(&r.facts, r.origin.time.map(|t| t.at), &world)))
        .collect()
}

/// Judges a case; the verdict is the same for who asks for it alone.
fn judged_once(case: &Case<'_>) -> Judgement {
    fn verdict(of: &Judgement) -> impl PartialEq + std::fmt::Debug + use<> {
        let root = of.root.as_ref().map(|root| (root.cause.clone(), root.confidence));
        let also: Vec<_> = of.also.iter().map(|other| other.cause.clone()).collect();
        (of.class, root, also, of.agrees, of.judged_at)
    }
    let told = judge(case);
    assert_eq!(verdict(&told), verdict(&judge(&case.untold())));
    told
}

/// Reads a story in a capture of this name that this program wrote.
fn read(
    verifier: &Verifier,
    source: &str,
    creator: Option<&str>,
    steps: &[Step],
) -> (Tally, Vec<Record>) {
    let context = Context::new(Catalogue::embedded(), Source::new(source, "har"));
    let mut context = context.with_verifier(verifier);
    let mut tally = Tally::default();
    let records: Vec<Record> = steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let (mut exchange, _) = entry_from_value(&step.0).expect("the story is well-formed");
            exchange.position = Position { entry: Some(index as u64), ..Position::default() };
            gather(&exchange, &mut context)
        })
        .collect();
    for record in &records {
        tally.observe(record.clone());
    }
    if let Some(input) = tally.inputs.get_mut(source) {
        input.creator = creator.map(str::to_owned);
    }
    verifier.settle(|mark, verdict| tally.note_verdict(mark, verdict));
    veiled(tally, &records)
}

/// Hides what only all exchanges together show to be a secret, as every run does.
fn veiled(mut tally: Tally, records: &[Record]) -> (Tally, Vec<Record>) {
    Veils::draw(&mut tally);
    let veils = Veils::learn(&tally);
    let over = |record: &Record| veils.over(record).unwrap_or_else(|| record.clone());
    let records = records.iter().map(over).collect();
    (tally, records)
}

/// Judges a story under what the user gave, recorded by a browser or by `observer`.
pub(crate) fn judged_given(
    given: &Given,
    observer: Option<Observer>,
    steps: &[Step],
) -> Vec<Judgement> {
    tell(given, observer, steps)
}

/// Judges several captures together, each of its own browser; the verdicts in their order.
pub(crate) fn judged_together(captures: &[(&str, Vec<Step>)]) -> Vec<Judgement> {
    let mut tally = Tally::default();
    let all: Vec<Record> =
        captures.iter().flat_map(|(source, steps)| records(source, None, steps)).collect();
    for record in &all {
        tally.observe(record.clone());
    }
    judge_all(tally, &Given::default(), &all)
}

/// Tallies a story in two parts, the second one first.
pub(crate) fn tallied(steps: &[Step], cut: usize) -> Tally {
    let all = records("story.har", None, steps);
    let (early, late) = all.split_at(cut.min(all.len()));
    let mut tallies = [late, early].map(|part| {
        let mut tally = Tally::default();
        for record in part {
            tally.observe(record.clone());
        }
        tally
    });
    let [whole, rest] = &mut tallies;
    whole.merge(std::mem::take(rest));
    std::mem::take(whole)
}

fn tell(given: &Given, observer: Option<Observer>, steps: &[Step]) -> Vec<Judgement> {
    let mut tally = Tally::default();
    let all = records("story.har", observer, steps);
    for record in &all {
        tally.observe(record.clone());
    }
    judge_all(tally, given, &all)
}

fn records(source: &str, observer: Option<Observer>, steps: &[Step]) -> Vec<Record> {
    let mut context = Context::new(Catalogue::embedded(), Source::new(source, "har"));
    steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let (mut exchange, _) = entry_from_value(&step.0).expect("the story is well-formed");
            exchange.observer = observer.unwrap_or(exchange.observer);
            exchange.position = Position { entry: Some(index as u64), ..Position::default() };
            gather(&exchange, &mut context)
        })
        .collect()
}

fn judge_all(tally: Tally, given: &Given, records: &[Record]) -> Vec<Judgement> {
    let (tally, records) = veiled(tally, records);
    let world = World::learn(&tally, given.clone());
    let at = |record: &Record| record.origin.time.map(|t| t.at);
    records.iter().map(|r| judged_once(&Case::of(&r.facts, at(r), &world))).collect()
}

/// Writes verdicts as `class cause confidence`, one a line, `ok` alone for what was let in.
pub(crate) fn verdicts(judgements: &[Judgement]) -> String {
    let mut text = String::new();
    for judgement in judgements {
        let root = judgement.root.as_ref();
        match (judgement.class, root) {
            (Class::Ok, _) | (_, None) => writeln!(text, "{}", judgement.class),
            (class, Some(root)) => writeln!(text, "{class} {} {}", root.cause, root.confidence),
        }
        .expect("writing to a string never fails");
    }
    text
}

/// Judges a story and writes its verdicts on one line, with ` | ` between them.
pub(crate) fn told(steps: &[Step]) -> String {
    verdicts(&judged(steps)).lines().collect::<Vec<_>>().join(" | ")
}
