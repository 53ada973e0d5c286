//! Seeded forge: one abstract story of exchanges, its tokens signed, written as HAR or as JSON lines.

#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "dice of a forge: small numbers"
)]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde_json::{Map, Value, json};
use sha2::{Sha256, Sha384, Sha512};

/// A small generator of pseudo-random numbers (splitmix64): the same seed, the same numbers, on every
/// machine and in every version.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d);
        dice.next();
        dice
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Returns a number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as usize) as i64
    }

    pub(crate) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }

    pub(crate) fn letters(&mut self, alphabet: &str, count: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        (0..count).map(|_| alphabet[self.below(alphabet.len())]).collect()
    }

    pub(crate) fn hex(&mut self, count: usize) -> String {
        self.letters("0123456789abcdef", count)
    }

    pub(crate) fn alphanumeric(&mut self, count: usize) -> String {
        self.letters("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", count)
    }

    pub(crate) fn word(&mut self) -> &'static str {
        self.pick(&[
            "orders", "invoices", "profile", "devices", "reports", "carts", "teams", "projects",
            "tickets", "files", "events", "payments", "members", "sites", "items", "alerts",
        ])
    }

    pub(crate) fn uuid(&mut self) -> String {
        let hex = self.hex(32);
        format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }

    /// Returns a host that is the same for the same seed and, by its random part, nobody else's.
    pub(crate) fn host(&mut self) -> String {
        let kind = self.pick(&["api", "gateway", "backend", "rest", "v2", "edge", "app"]);
        let zone = self.pick(&["example.com", "example.org", "example.net", "test", "invalid"]);
        let name = self.pick(&["shop", "clinic", "depot", "ledger", "harbour", "atlas", "quarry"]);
        let port = if self.percent(15) { ":8443" } else { "" };
        format!("{kind}.{name}-{}.{zone}{port}", self.hex(6))
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

pub(crate) const ALGORITHMS: [&str; 10] =
    ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"];

/// Signs as `alg` says: truly for HMAC under `secret`, else with random bytes of the right length.
pub(crate) fn sign(dice: &mut Dice, alg: &str, secret: &[u8], signed: &str) -> String {
    let bytes = match alg {
        "HS256" => mac(
            Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length"),
            signed,
        ),
        "HS384" => mac(
            Hmac::<Sha384>::new_from_slice(secret).expect("HMAC takes keys of any length"),
            signed,
        ),
        "HS512" => mac(
            Hmac::<Sha512>::new_from_slice(secret).expect("HMAC takes keys of any length"),
            signed,
        ),
        _ => {
            let length = match alg {
                "ES256" | "EdDSA" => 64,
                "ES384" => 96,
                _ => 256,
            };
            (0..length).map(|_| dice.next() as u8).collect()
        }
    };
    URL_SAFE_NO_PAD.encode(bytes)
}

fn mac<M: Mac>(mut mac: M, signed: &str) -> Vec<u8> {
    mac.update(signed.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Who makes tokens in one story: always the same algorithm, key and issuer.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    pub(crate) alg: &'static str,
    pub(crate) kid: Option<String>,
    pub(crate) secret: Vec<u8>,
    pub(crate) iss: Option<String>,
    pub(crate) aud: Option<Value>,
}

impl Issuer {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let alg = ALGORITHMS[dice.below(ALGORITHMS.len())];
        let name = dice.pick(&["login", "auth", "id", "sso"]);
        let slash = if dice.percent(40) { "/" } else { "" };
        let iss = format!("https://{name}.{}.example{slash}", dice.hex(5));
        let audience = format!("https://{}.example/api", dice.word());
        let aud = match dice.below(4) {
            0 => None,
            1 => Some(json!([audience])),
            2 => Some(json!([audience, format!("urn:{}", dice.word())])),
            _ => Some(json!(audience)),
        };
        Self {
            alg,
            kid: dice.percent(60).then(|| dice.hex(8)),
            secret: dice.alphanumeric(48).into_bytes(),
            iss: dice.percent(75).then_some(iss),
            aud,
        }
    }

    /// Signs a token with these claims on top of the issuer's own.
    pub(crate) fn token(&self, dice: &mut Dice, claims: Value) -> String {
        let mut header = json!({ "alg": self.alg });
        if dice.percent(70) {
            header["typ"] = json!(dice.pick(&["JWT", "at+jwt"]));
        }
        if let Some(kid) = &self.kid {
            header["kid"] = json!(kid);
        }
        let mut payload = Map::new();
        if let Some(iss) = &self.iss {
            payload.insert("iss".into(), json!(iss));
        }
        if let Some(aud) = &self.aud {
            payload.insert("aud".into(), aud.clone());
        }
        if let Value::Object(claims) = claims {
            payload.extend(claims);
        }
        let part = |value: &str| URL_SAFE_NO_PAD.encode(value);
        let signed =
            format!("{}.{}", part(&header.to_string()), part(&Value::Object(payload).to_string()));
        let signature = sign(dice, self.alg, &self.secret, &signed);
        format!("{signed}.{signature}")
    }
}

/// One request and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) sent: Option<(String, String)>,
    pub(crate) status: u16,
    pub(crate) answer_fields: Vec<(String, String)>,
    pub(crate) answer: Option<(String, String)>,
}

impl Step {
    pub(crate) fn get(at: i64, url: impl Into<String>) -> Self {
        Self {
            at,
            method: "GET".into(),
            url: url.into(),
            fields: Vec::new(),
            sent: None,
            status: 200,
            answer_fields: Vec::new(),
            answer: Some(("application/json".into(), "{}".into())),
        }
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    pub(crate) fn field(mut self, name: &str, value: impl Into<String>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.field("Authorization", format!("Bearer {token}"))
    }

    pub(crate) fn sends(mut self, mime: &str, text: impl Into<String>) -> Self {
        self.sent = Some((mime.into(), text.into()));
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn answer_field(mut self, name: &str, value: impl Into<String>) -> Self {
        self.answer_fields.push((name.into(), value.into()));
        self
    }

    pub(crate) fn says(mut self, mime: &str, text: impl Into<String>) -> Self {
        self.answer = Some((mime.into(), text.into()));
        self
    }

    pub(crate) fn json(self, value: impl Into<String>) -> Self {
        self.says("application/json", value)
    }

    pub(crate) fn silent(mut self) -> Self {
        self.answer = None;
        self
    }

    /// Answers with a refusal.
    pub(crate) fn refused(self, refusal: Refusal) -> Self {
        let mut step = self.status(refusal.status);
        step.answer_fields.extend(refusal.fields);
        step.answer = refusal.body;
        step
    }
}

/// What a server answers when it refuses.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Option<(String, String)>,
}

impl Refusal {
    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        Self { status, fields: Vec::new(), body: Some(("application/json".into(), body.into())) }
    }

    pub(crate) fn challenge(status: u16, challenge: impl Into<String>) -> Self {
        let fields = vec![("WWW-Authenticate".into(), challenge.into())];
        Self { status, fields, body: None }
    }

    pub(crate) fn and_challenge(mut self, challenge: impl Into<String>) -> Self {
        self.fields.push(("WWW-Authenticate".into(), challenge.into()));
        self
    }
}

/// Which program recorded a capture, and what it writes beside the exchanges.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Recorder {
    Chrome,
    Firefox,
    Proxy,
}

impl Recorder {
    /// Writes a HAR without entries.
    pub(crate) fn har(self, started: i64) -> Value {
        let creator = match self {
            Self::Chrome => json!({ "name": "WebInspector", "version": "537.36" }),
            Self::Firefox => json!({ "name": "Firefox", "version": "146.0" }),
            Self::Proxy => json!({ "name": "Recording proxy", "version": "3.2" }),
        };
        let mut log = json!({ "version": "1.2", "creator": creator });
        if self == Self::Firefox {
            log["browser"] = log["creator"].clone();
        }
        if self == Self::Chrome {
            log["pages"] = json!([{ "startedDateTime": rfc3339(started), "id": "page_1",
                "title": "app", "pageTimings": { "onContentLoad": 210.5, "onLoad": null } }]);
        }
        log["entries"] = json!([]);
        json!({ "log": log })
    }

    /// Writes one entry of a HAR.
    pub(crate) fn har_entry(self, step: &Step) -> Value {
        let pairs = |fields: &[(String, String)]| -> Vec<Value> {
            fields.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
        };
        let url = &step.url;
        let query: Vec<Value> = url
            .split_once('?')
            .map(|(_, query)| query.split('#').next().unwrap_or_default())
            .into_iter()
            .flat_map(|query| query.split('&'))
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        let cookies: Vec<Value> = step
            .fields
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("cookie"))
            .flat_map(|(_, value)| value.split("; "))
            .filter_map(|cookie| cookie.split_once('='))
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        let mut request = json!({ "method": step.method, "url": url, "httpVersion": "HTTP/1.1",
            "cookies": cookies, "headers": pairs(&step.fields), "queryString": query,
            "headersSize": -1, "bodySize": step.sent.as_ref().map_or(0, |(_, t)| t.len()) });
        if let Some((mime, text)) = &step.sent {
            request["postData"] = json!({ "mimeType": mime, "text": text });
        }
        let content = match &step.answer {
            Some((mime, text)) => json!({ "size": text.len(), "mimeType": mime, "text": text }),
            None => json!({ "size": 0, "mimeType": "x-unknown" }),
        };
        let location = step
            .answer_fields
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("location"))
            .map_or("", |(_, value)| value);
        let response = json!({ "status": step.status, "statusText": "", "httpVersion": "HTTP/1.1",
            "cookies": [], "headers": pairs(&step.answer_fields), "content": content,
            "redirectURL": location, "headersSize": -1, "bodySize": -1 });
        let mut entry = json!({ "startedDateTime": rfc3339(step.at), "time": 12.5,
            "request": request, "response": response, "cache": {},
            "timings": { "blocked": 0.5, "dns": -1, "connect": -1, "ssl": -1, "send": 0.25,
                         "wait": 9.5, "receive": 2.25 } });
        if self == Self::Chrome {
            entry["_resourceType"] = json!("fetch");
            entry["_priority"] = json!("High");
            entry["_initiator"] = json!({ "type": "script", "stack": { "callFrames": [] } });
            entry["pageref"] = json!("page_1");
            entry["connection"] = json!("443");
            entry["serverIPAddress"] = json!("192.0.2.44");
        }
        entry
    }
}

/// Exchanges of one client with the recorder that saw them.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) recorder: Recorder,
    pub(crate) steps: Vec<Step>,
}

impl Story {
    pub(crate) fn har(&self) -> Value {
        let mut har = self.recorder.har(self.steps.first().map_or(0, |step| step.at));
        har["log"]["entries"] =
            self.steps.iter().map(|step| self.recorder.har_entry(step)).collect();
        har
    }

    /// Writes HAR with indentation, as browsers do.
    pub(crate) fn har_pretty(&self) -> String {
        serde_json::to_string_pretty(&self.har()).expect("a HAR is plain data")
    }

    /// Writes HAR on one line, as many proxies do.
    pub(crate) fn har_compact(&self) -> String {
        self.har().to_string()
    }

    /// Writes one line a request in the shape of pino-http: lower-case fields, the path, the host in
    /// a field, bodies where a serializer adds them.
    pub(crate) fn json_lines(&self) -> String {
        let mut out = String::new();
        // One client for each story, told apart by the first host that it calls.
        let host = self.steps.first().map_or("", |step| split_url(&step.url).0);
        let mark = host
            .bytes()
            .fold(7_u32, |mark, byte| mark.wrapping_mul(31).wrapping_add(u32::from(byte)));
        let client = format!("10.{}.{}.{}", mark >> 24, mark >> 16 & 255, mark >> 8 & 255);
        for (index, step) in self.steps.iter().enumerate() {
            out.push_str(&json_line(index, step, &client).to_string());
            out.push('\n');
        }
        out
    }
}

/// Writes one exchange in the shape of pino-http.
pub(crate) fn json_line(index: usize, step: &Step, client: &str) -> Value {
    let (host, target) = split_url(&step.url);
    let object = |fields: &[(String, String)]| {
        let mut object = Map::new();
        for (name, value) in fields {
            let joined = match object.remove(&name.to_ascii_lowercase()) {
                Some(Value::String(first)) => format!("{first}, {value}"),
                _ => value.clone(),
            };
            object.insert(name.to_ascii_lowercase(), Value::String(joined));
        }
        object
    };
    let body = |text: &str| {
        serde_json::from_str::<Value>(text)
            .ok()
            .filter(|v| v.is_object() || v.is_array())
            .unwrap_or_else(|| json!(text))
    };
    let mut fields = object(&step.fields);
    fields.entry("host").or_insert_with(|| json!(host));
    let mut answer_fields = object(&step.answer_fields);
    let mut request = json!({ "id": index + 1, "method": step.method, "url": target,
        "remoteAddress": client, "remotePort": 42_000 + index });
    if let Some((mime, text)) = &step.sent {
        fields.entry("content-type").or_insert_with(|| json!(mime));
        request["body"] = body(text);
    }
    request["headers"] = Value::Object(fields);
    let mut response = json!({ "statusCode": step.status });
    if let Some((mime, text)) = &step.answer {
        answer_fields.entry("content-type").or_insert_with(|| json!(mime));
        response["body"] = body(text);
    }
    response["headers"] = Value::Object(answer_fields);
    let level = if step.status >= 500 { 50 } else { 30 };
    json!({ "level": level, "time": step.at, "pid": 1207, "hostname": "node-1", "req": request,
        "res": response, "responseTime": 12, "msg": "request completed" })
}

/// Splits an absolute URL into host and the rest from the path on.
pub(crate) fn split_url(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let slash = rest.find('/').unwrap_or(rest.len());
    let (host, target) = rest.split_at(slash);
    (host, if target.is_empty() { "/" } else { target })
}

/// Writes milliseconds since 1970 as RFC 3339 in UTC.
pub(crate) fn rfc3339(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms).expect("a time of this century");
    format!("{time:.3}")
}

/// Writes milliseconds since 1970 as an HTTP date.
pub(crate) fn http_date(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms).expect("a time of this century");
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Encodes as `application/x-www-form-urlencoded`.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", percent(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
pub(crate) fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(byte as char);
            }
            _ => write!(out, "%{byte:02X}").unwrap(),
        }
        out
    })
}

#[test]
fn the_forge_is_the_same_for_the_same_seed() {
    let make = |seed| {
        let mut dice = Dice::new(seed);
        let issuer = Issuer::new(&mut dice);
        issuer.token(&mut dice, json!({ "sub": "u1", "exp": 1_900_000_000 }))
    };
    assert_eq!(make(7), make(7));
    assert_ne!(make(7), make(8));
}

#[test]
fn an_hmac_of_the_forge_is_that_of_rfc_7515() {
    // RFC 7515, appendix A.1.
    let key = URL_SAFE_NO_PAD
        .decode(concat!(
            "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75",
            "aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
        ))
        .unwrap();
    let signed = concat!(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.",
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    );
    assert_eq!(
        sign(&mut Dice::new(1), "HS256", &key, signed),
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
}
