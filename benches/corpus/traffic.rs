//! The endless traffic: who asks for what, and what is answered.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::format_push_string,
    reason = "a generator of test traffic: its numbers are small"
)]

use serde_json::{Value, json};

use super::{Mix, Plan, Shape, Truth};
use crate::forge::{Dice, Issuer, Refusal, Step, form};

/// Users of a log that are active at one time.
const ACTIVE: usize = 64;
/// A refresh stands after so many exchanges.
const BETWEEN_REFRESHES: u64 = 200;
/// A hidden refusal stands after so many exchanges: 0.2 %.
const BETWEEN_HIDDEN: u64 = 500;
/// Harmless answers with the words of refusal, in a thousand exchanges.
const HARMLESS: usize = 20;
/// Parts of pages, in a hundred exchanges of a browser.
const PAGES: usize = 30;
/// Bytes of which bodies are cut.
const FILLER: usize = 1 << 20;

/// Browsers of many users; that of the only user of a HAR comes first.
const BROWSERS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
];

struct User {
    name: String,
    client: String,
    browser: &'static str,
    token: String,
}

/// The endless traffic.
pub(super) struct Traffic {
    plan: Plan,
    dice: Dice,
    issuer: Issuer,
    users: Vec<User>,
    pub(super) at: i64,
    /// Text as scripts, styles and data hold it.
    filler: String,
    /// Bytes of images in base64.
    image: String,
    pub(super) truth: Truth,
}

impl Traffic {
    pub(super) fn new(plan: Plan) -> Self {
        let mut dice = Dice::new(plan.seed);
        let issuer = Issuer { alg: "HS256", ..Issuer::new(&mut dice) };
        let filler = filler(&mut dice, plan.mix);
        let image = dice.alphanumeric(FILLER);
        let (users, truth, at) = (Vec::new(), Truth::default(), 1_774_000_000_000);
        let mut traffic = Self { plan, dice, issuer, users, at, filler, image, truth };
        for _ in 0..if traffic.is_log() { ACTIVE } else { 1 } {
            let user = traffic.user();
            traffic.users.push(user);
        }
        traffic
    }

    /// Returns whether many users' requests are written, in contrast to those of one browser.
    fn is_log(&self) -> bool {
        matches!(self.plan.shape, Shape::Lines | Shape::Combined)
    }

    fn user(&mut self) -> User {
        let name = self.dice.uuid();
        let token = self.mint(&name, -5, 3600);
        let address = self.dice.next();
        let client = format!("10.{}.{}.{}", address & 255, address >> 8 & 255, address >> 16 & 255);
        let browser = if self.is_log() { self.dice.pick(&BROWSERS) } else { BROWSERS[0] };
        User { name, client, browser, token }
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
    pub(super) fn step(&mut self) -> (Step, String) {
        self.truth.entries += 1;
        self.at +=
            if self.is_log() { self.dice.between(1, 40) } else { self.dice.between(20, 500) };
        if self.is_log() && self.dice.percent(5) {
            let who = self.dice.below(ACTIVE);
            self.users[who] = self.user();
        }
        let who = self.dice.below(self.users.len());
        let client = self.users[who].client.clone();
        let count = self.truth.entries;
        let bare = self.plan.shape == Shape::Combined;
        let step = if count.is_multiple_of(BETWEEN_REFRESHES) {
            self.refresh(who)
        } else if count % BETWEEN_HIDDEN == BETWEEN_HIDDEN / 2 && !bare {
            self.hidden(who)
        } else {
            let open = self.plan.refused_percent * 10;
            let browses = self.plan.mix == Mix::Browsing && !self.is_log();
            match self.dice.below(1000) {
                roll if roll < open => self.open(who),
                roll if roll < open + HARMLESS && !bare => self.harmless(who),
                _ if browses && self.dice.percent(PAGES) => self.part_of_a_page(),
                _ => self.call(who),
            }
        };
        (self.dress(step, who), client)
    }

    /// Adds the fields that browsers and servers write beside those of the story.
    fn dress(&mut self, step: Step, who: usize) -> Step {
        let mut step = step
            .field("User-Agent", self.users[who].browser)
            .field("Accept", "application/json, text/plain, */*")
            .field("Accept-Language", "en-GB,en;q=0.9")
            .field("Accept-Encoding", "gzip, deflate, br, zstd")
            .field("Sec-Fetch-Dest", "empty")
            .field("Sec-Fetch-Mode", "cors")
            .field("Sec-Fetch-Site", "same-site")
            .field("Referer", "https://app.shop.example/");
        if let Some((mime, _)) = step.answer.clone() {
            step = step.answer_field("Content-Type", mime);
        }
        step.answer_field("Cache-Control", "no-store")
            .answer_field("Strict-Transport-Security", "max-age=63072000")
            .answer_field("Vary", "Accept-Encoding, Origin")
            .answer_field("X-Served-By", "edge-7")
            .answer_field("X-Request-Id", self.dice.uuid())
    }

    fn api(&mut self) -> Step {
        let word = self.dice.word();
        let id = self.dice.below(100_000);
        Step::get(self.at, format!("https://api.shop.example/v1/{word}/{id}?expand=all"))
    }

    fn text(&mut self, low: i64, high: i64) -> String {
        cut(&mut self.dice, &self.filler, low, high)
    }

    fn part_of_a_page(&mut self) -> Step {
        let (name, mime, low, high) = [
            ("index.html", "text/html", 4_000, 60_000),
            ("app.js", "application/javascript", 10_000, 280_000),
            ("style.css", "text/css", 5_000, 90_000),
            ("data.json", "application/json", 2_000, 70_000),
            ("photo.webp", "image/webp", 3_000, 120_000),
        ][self.dice.below(5)];
        let text = if mime.starts_with("image/") {
            cut(&mut self.dice, &self.image, low / 4, high / 4).repeat(4)
        } else {
            self.text(low, high)
        };
        Step::get(self.at, format!("https://cdn.shop.example/{}/{name}", self.dice.hex(8)))
            .says(mime, text)
    }

    fn call(&mut self, who: usize) -> Step {
        let notes = match self.plan.mix {
            _ if self.is_log() => String::new(),
            Mix::Dense | Mix::Distinct => self.text(10, 100),
            Mix::Browsing => self.text(100, 3_000),
            Mix::Escaped => self.text(2_000, 20_000),
        };
        if self.plan.mix == Mix::Distinct {
            let name = self.users[who].name.clone();
            self.users[who].token = self.mint(&name, -5, 3600);
        }
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

/// Makes text of which bodies are cut.
fn filler(dice: &mut Dice, mix: Mix) -> String {
    let mut filler = String::new();
    while filler.len() < FILLER {
        let word = dice.word();
        let number = dice.below(10_000);
        match dice.below(4) {
            _ if mix == Mix::Escaped => filler.push_str(&format!("{{\"{word}\":\"{number}\"}},\n")),
            0 => filler.push_str("<div class=\"row\">\n"),
            1 => filler.push_str(&format!("{{\"{word}\":{number}}},")),
            2 => filler.push_str(&format!("  let {word}{number} = \"{word}\";\n")),
            _ => filler.push_str(&format!("{word} {word} {number}, ")),
        }
    }
    filler
}

/// Cuts so many bytes out of ASCII text, anywhere.
fn cut(dice: &mut Dice, text: &str, low: i64, high: i64) -> String {
    let length = dice.between(low, high) as usize;
    let from = dice.below(text.len() - length);
    text[from..from + length].to_owned()
}

/// Adds to an entry what Chrome writes beside the exchange: the call stack, and that images are base64.
pub(super) fn seen_by_chrome(step: &Step, mut entry: Value) -> Value {
    let frames = step.at % 9;
    entry["_initiator"]["stack"]["callFrames"] = (0..frames)
        .map(|depth| {
            json!({ "functionName": format!("fetch{depth}"), "scriptId": "44",
                "url": "https://cdn.shop.example/4f1b09ac/app.js", "lineNumber": depth * 31, "columnNumber": 17_202 })
        })
        .collect();
    let content = &mut entry["response"]["content"];
    if content["mimeType"].as_str().is_some_and(|mime| mime.starts_with("image/")) {
        content["encoding"] = json!("base64");
    }
    entry
}
