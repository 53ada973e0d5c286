//! Traffic as it is, in any amount: pages with big bodies, API calls with tokens, refreshes, harmless
//! answers full of the words of refusal, and refusals, open and hidden. The same seed, the same bytes.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::format_push_string,
    clippy::unused_self,
    reason = "a generator of test traffic: its numbers are small"
)]

use std::cell::{Cell, RefCell};
use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{Error as _, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::json;

use crate::forge::{Dice, Issuer, Recorder, Refusal, Step, form, json_line};

/// What to write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shape {
    /// HAR with indentation, one browser.
    Har,
    /// HAR on one line.
    CompactHar,
    /// One line a request, many users.
    Lines,
}

/// What was planted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Truth {
    /// Exchanges.
    pub(crate) entries: u64,
    /// Refusals under 401 and 403.
    pub(crate) open: u64,
    /// Refusals under 200, 302, 400 and 500.
    pub(crate) hidden: u64,
    /// Answers of success that speak of refusals in their data.
    pub(crate) harmless: u64,
    /// Refreshes of a token.
    pub(crate) refreshes: u64,
    /// Distinct access tokens.
    pub(crate) tokens: u64,
}

/// Writes about `bytes` bytes (never less, at most one entry more) and returns what was planted.
///
/// # Errors
/// Only those of `out`.
pub(crate) fn write(shape: Shape, bytes: u64, seed: u64, out: &mut dyn Write) -> io::Result<Truth> {
    let mut out = Counted { out, written: &Cell::new(0) };
    let written = out.written;
    let traffic = RefCell::new(Traffic::new(seed, shape == Shape::Lines));
    if shape == Shape::Lines {
        while written.get() < bytes {
            let (step, client) = traffic.borrow_mut().step();
            let index = traffic.borrow().truth.entries as usize;
            serde_json::to_writer(&mut out, &json_line(index, &step, &client))?;
            out.write_all(b"\n")?;
        }
    } else {
        let har = Har { traffic: &traffic, written, bytes };
        match shape {
            Shape::Har => serde_json::to_writer_pretty(&mut out, &har)?,
            _ => serde_json::to_writer(&mut out, &har)?,
        }
    }
    out.flush()?;
    Ok(traffic.into_inner().truth)
}

struct Counted<'a> {
    out: &'a mut dyn Write,
    written: &'a Cell<u64>,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.written.set(self.written.get() + count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A HAR whose entries are made while they are written, so that no size needs memory.
struct Har<'a> {
    traffic: &'a RefCell<Traffic>,
    written: &'a Cell<u64>,
    bytes: u64,
}

impl Serialize for Har<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut har = Recorder::Chrome.har(self.traffic.borrow().at);
        let log = har["log"].as_object_mut().ok_or_else(|| S::Error::custom("a log"))?;
        log.remove("entries");
        serializer.collect_map([("log", Log { head: log, entries: self })])
    }
}

struct Log<'a> {
    head: &'a serde_json::Map<String, serde_json::Value>,
    entries: &'a Har<'a>,
}

impl Serialize for Log<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.head {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("entries", &Entries(self.entries))?;
        map.end()
    }
}

struct Entries<'a>(&'a Har<'a>);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        while self.0.written.get() < self.0.bytes {
            let (step, _) = self.0.traffic.borrow_mut().step();
            list.serialize_element(&Recorder::Chrome.har_entry(&step))?;
        }
        list.end()
    }
}

/// Users of a log that are active at one time.
const ACTIVE: usize = 64;
/// A refresh stands after so many exchanges.
const BETWEEN_REFRESHES: u64 = 200;
/// A hidden refusal stands after so many exchanges: 0.2 %.
const BETWEEN_HIDDEN: u64 = 500;

struct User {
    name: String,
    client: String,
    token: String,
}

/// The endless traffic.
struct Traffic {
    dice: Dice,
    issuer: Issuer,
    users: Vec<User>,
    many: bool,
    at: i64,
    filler: String,
    truth: Truth,
}

impl Traffic {
    fn new(seed: u64, many: bool) -> Self {
        let mut dice = Dice::new(seed);
        let issuer = Issuer { alg: "HS256", ..Issuer::new(&mut dice) };
        let mut filler = String::new();
        while filler.len() < 300_000 {
            let word = dice.word();
            let number = dice.below(10_000);
            match dice.below(4) {
                0 => filler.push_str("<div class=\"row\">\n"),
                1 => filler.push_str(&format!("{{\"{word}\":{number}}},")),
                2 => filler.push_str(&format!("  let {word}{number} = \"{word}\";\n")),
                _ => filler.push_str(&format!("{word} {word} {number}, ")),
            }
        }
        let mut traffic = Self {
            dice,
            issuer,
            users: Vec::new(),
            many,
            at: 1_774_000_000_000,
            filler,
            truth: Truth::default(),
        };
        for _ in 0..if many { ACTIVE } else { 1 } {
            let user = traffic.user();
            traffic.users.push(user);
        }
        traffic
    }

    fn user(&mut self) -> User {
        let name = self.dice.uuid();
        let token = self.mint(&name, -5, 3600);
        let address = self.dice.next();
        let client = format!("10.{}.{}.{}", address & 255, address >> 8 & 255, address >> 16 & 255);
        User { name, client, token }
    }

    /// Signs a token that lives from `from` to `to`, in seconds from now.
    fn mint(&mut self, user: &str, from: i64, to: i64) -> String {
        self.truth.tokens += 1;
        let now = self.at / 1000;
        let claims = json!({ "sub": user, "iat": now + from, "exp": now + to, "scope": "read write",
            "jti": self.dice.hex(16) });
        self.issuer.clone().token(&mut self.dice, claims)
    }

    /// Makes the next exchange and the address of its client.
    fn step(&mut self) -> (Step, String) {
        self.truth.entries += 1;
        self.at += if self.many { self.dice.between(1, 40) } else { self.dice.between(20, 500) };
        if self.many && self.dice.percent(5) {
            let who = self.dice.below(ACTIVE);
            self.users[who] = self.user();
        }
        let who = self.dice.below(self.users.len());
        let client = self.users[who].client.clone();
        let count = self.truth.entries;
        let step = if count.is_multiple_of(BETWEEN_REFRESHES) {
            self.refresh(who)
        } else if count % BETWEEN_HIDDEN == BETWEEN_HIDDEN / 2 {
            self.hidden(who)
        } else {
            match self.dice.below(1000) {
                0..12 => self.open(who),
                12..32 => self.harmless(who),
                32..330 if !self.many => self.page(),
                _ => self.call(who),
            }
        };
        (self.dress(step), client)
    }

    fn dress(&self, step: Step) -> Step {
        let mut step = step
            .field("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36")
            .field("Accept", "application/json, text/plain, */*")
            .field("Accept-Language", "en-GB,en;q=0.9")
            .field("Referer", "https://app.shop.example/");
        if let Some((mime, _)) = step.answer.clone() {
            step = step.answer_field("Content-Type", mime);
        }
        step.answer_field("Cache-Control", "no-store").answer_field("X-Served-By", "edge-7")
    }

    fn api(&mut self) -> Step {
        let word = self.dice.word();
        let id = self.dice.below(100_000);
        Step::get(self.at, format!("https://api.shop.example/v1/{word}/{id}?expand=all"))
    }

    fn text(&mut self, low: i64, high: i64) -> String {
        let length = self.dice.between(low, high) as usize;
        let from = self.dice.below(self.filler.len() - length);
        self.filler[from..from + length].to_owned()
    }

    fn page(&mut self) -> Step {
        let (name, mime) = [
            ("index.html", "text/html"),
            ("app.js", "application/javascript"),
            ("style.css", "text/css"),
            ("data.json", "application/json"),
        ][self.dice.below(4)];
        let text = self.text(2_000, 70_000);
        Step::get(self.at, format!("https://cdn.shop.example/{}/{name}", self.dice.hex(8)))
            .says(mime, text)
    }

    fn call(&mut self, who: usize) -> Step {
        let notes = if self.many { String::new() } else { self.text(100, 3_000) };
        let word = self.dice.word();
        let body = json!({ "id": self.dice.below(100_000), "kind": word, "state": "open", "notes": notes });
        self.api().bearer(&self.users[who].token).json(body.to_string())
    }

    fn harmless(&mut self, who: usize) -> Step {
        self.truth.harmless += 1;
        let word = self.dice.word();
        let body = match self.dice.below(8) {
            0 => {
                json!({ "items": [{ "level": "warn", "message": "unauthorized", "status": 401 }] })
            }
            1 => json!({ "title": "What does 401 Unauthorized mean?", "tags": ["token expired"] }),
            2 => {
                json!({ "errors.unauthorized": "Please sign in", "errors.expired": "Token expired" })
            }
            3 => json!({ "id": 7, "name": word, "lastError": "token expired", "active": true }),
            4 => json!({ "messages": [{ "from": "bob", "text": "I get invalid_token again" }] }),
            5 => json!({ "components": [{ "name": "Login", "note": "some users saw 401" }] }),
            6 => json!({ "query": "access denied", "results": [{ "title": "Access denied" }] }),
            _ => json!({ "tokens": [{ "id": 3, "name": "ci", "status": "expired" }] }),
        };
        self.api().bearer(&self.users[who].token).json(body.to_string())
    }

    fn hidden(&mut self, who: usize) -> Step {
        self.truth.hidden += 1;
        let step = self.api().bearer(&self.users[who].token);
        match self.dice.below(5) {
            0 => step.json(r#"{"errors":[{"message":"Not authenticated","extensions":{"code":"UNAUTHENTICATED"}}],"data":null}"#),
            1 => step.json(r#"{"status":"error","code":401,"message":"Token expired"}"#),
            2 => step.status(302).says("text/html", "").answer_field("Location", "/login?next=%2Fv1"),
            3 => step.status(400).json(r#"{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}"#),
            _ => step.status(500).json(r#"{"message":"Token has expired","exception":"TokenExpiredException"}"#),
        }
    }

    fn open(&mut self, who: usize) -> Step {
        self.truth.open += 1;
        let token = self.users[who].token.clone();
        let name = self.users[who].name.clone();
        let step = self.api();
        match self.dice.below(5) {
            0 => step.refused(Refusal::json(401, r#"{"error":"missing_authorization"}"#)),
            1 => {
                let old = self.mint(&name, -5000, -1000);
                step.bearer(&old).refused(Refusal::json(401, r#"{"error":"token_expired"}"#))
            }
            2 => step.field("Authorizaton", format!("Bearer {token}")).refused(
                Refusal::json(401, r#"{"message":"No authorization header"}"#)
                    .and_challenge("Bearer"),
            ),
            3 => step.bearer(&token).refused(
                Refusal::json(403, r#"{"error":"insufficient_scope"}"#)
                    .and_challenge(r#"Bearer error="insufficient_scope", scope="admin""#),
            ),
            _ => step.field("Authorization", &token).refused(Refusal::json(
                401,
                r#"{"message":"Authorization header must start with Bearer"}"#,
            )),
        }
    }

    fn refresh(&mut self, who: usize) -> Step {
        self.truth.refreshes += 1;
        let name = self.users[who].name.clone();
        let token = self.mint(&name, 0, 3600);
        let (old, new) = (self.dice.alphanumeric(43), self.dice.alphanumeric(43));
        let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3600,
            "refresh_token": new });
        self.users[who].token = token;
        Step::get(self.at, "https://login.shop.example/oauth2/token")
            .method("POST")
            .field("Content-Type", "application/x-www-form-urlencoded")
            .sends(
                "application/x-www-form-urlencoded",
                form(&[
                    ("grant_type", "refresh_token"),
                    ("refresh_token", &old),
                    ("client_id", "web"),
                ]),
            )
            .json(body.to_string())
    }
}
