//! Stories whose truth is known because they are told, not observed; all choices come from the seed.

use serde_json::{Value, json};

use crate::forge::{Dice, Issuer, Recorder, Refusal, Step, Story, form, http_date, split_url};

/// A story with the truth of each of its steps.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) story: Story,
    pub(crate) truth: Vec<Truth>,
    /// The raw tokens that were sent or handed out.
    pub(crate) tokens: Vec<String>,
}

/// What is true of one exchange; a confidence of `None` leaves it open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Truth {
    pub(crate) class: &'static str,
    pub(crate) cause: Option<&'static str>,
    pub(crate) confidence: Option<&'static str>,
}

pub(crate) const OK: Truth = Truth { class: "ok", cause: None, confidence: None };

pub(crate) const fn failure(cause: &'static str) -> Truth {
    Truth { class: "failure", cause: Some(cause), confidence: None }
}

pub(crate) const fn expected(cause: &'static str) -> Truth {
    Truth { class: "expected", cause: Some(cause), confidence: None }
}

pub(crate) const fn lookalike(cause: &'static str) -> Truth {
    Truth { class: "lookalike", cause: Some(cause), confidence: None }
}

impl Truth {
    const fn surely(mut self, confidence: &'static str) -> Self {
        self.confidence = Some(confidence);
        self
    }

    /// Returns whether a line of the program says the same.
    pub(crate) fn holds(&self, line: &Value) -> bool {
        line["class"] == self.class
            && line["cause"].as_str() == self.cause
            && self.confidence.is_none_or(|confidence| line["confidence"] == confidence)
    }
}

/// Tells a story whose clock starts at `start` (milliseconds since 1970).
pub(crate) type Teller = fn(seed: u64, start: i64) -> Told;

/// Returns a start of the clock that depends on the seed alone: some moment of the years 2022 to 2027.
pub(crate) fn start(seed: u64) -> i64 {
    let mut dice = Dice::new(seed ^ 0x57a7);
    dice.between(1_640_995_200_000, 1_830_297_600_000)
}

/// Answers that refuse and give no reason.
pub(crate) fn vague(dice: &mut Dice, path: &str) -> Refusal {
    let body = match dice.below(13) {
        0 => json!({ "error": "invalid_token" }),
        1 => json!({ "error": "unauthorized" }),
        2 => json!({ "message": "Unauthorized" }),
        3 => json!({ "detail": "Could not validate credentials" }),
        4 => json!({ "message": "Unauthenticated." }),
        5 => json!({ "statusCode": 401, "message": "Unauthorized" }),
        6 => json!({ "error": { "code": 401, "message": "Authentication failed" } }),
        7 => json!({ "type": "https://tools.ietf.org/html/rfc9110#section-15.5.2",
            "title": "Unauthorized", "status": 401, "traceId": dice.hex(32) }),
        8 => json!({ "msg": "Invalid token" }),
        9 => json!({ "error": "Invalid access token" }),
        10 => json!({ "timestamp": "2026-02-03T04:05:06.007+00:00", "status": 401,
            "error": "Unauthorized", "path": path }),
        11 => {
            return Refusal::challenge(401, r#"Bearer realm="api", error="invalid_token""#);
        }
        _ => {
            return Refusal {
                status: 401,
                fields: Vec::new(),
                body: Some(("text/plain".into(), "Unauthorized".into())),
            };
        }
    };
    Refusal::json(401, body.to_string())
}

/// Answers that name expiry.
pub(crate) fn says_expired(dice: &mut Dice) -> Refusal {
    let body = match dice.below(15) {
        0 => json!({ "error": "token_expired" }),
        1 => json!({ "message": "jwt expired" }),
        2 => json!({ "name": "TokenExpiredError", "message": "jwt expired" }),
        3 => json!({ "msg": "Token has expired" }),
        4 => json!({ "code": "TOKEN_EXPIRED", "message": "Access token expired" }),
        5 => json!({ "detail": "Signature has expired." }),
        6 => json!({ "error": "invalid_token", "error_description": "Token is expired" }),
        7 => json!({ "type": "about:blank", "title": "Unauthorized", "status": 401,
            "detail": "The access token expired" }),
        8 => json!({ "exp": "token expired" }),
        9 => json!({ "error": { "code": "auth/id-token-expired",
            "message": "Firebase ID token has expired. Get a fresh ID token from your client app and try again." } }),
        10 => json!({ "errors": [{ "status": "401", "code": "expired_token",
            "title": "The token has expired" }] }),
        11 => {
            json!({ "success": false, "message": "Your access token has expired, please refresh it" })
        }
        12 => {
            let challenge = r#"Bearer error="invalid_token", error_description="The token expired at '01/01/2026 09:59:00'""#;
            return Refusal::challenge(401, challenge);
        }
        13 => {
            return Refusal {
                status: 401,
                fields: Vec::new(),
                body: Some(("text/plain".into(), "Jwt is expired".into())),
            };
        }
        _ => {
            return Refusal::json(401, json!({ "error": "unauthorized" }).to_string())
                .and_challenge(r#"Bearer realm="api", error="invalid_token", error_description="The access token expired""#);
        }
    };
    let status = if dice.percent(10) { 403 } else { 401 };
    Refusal::json(status, body.to_string())
}

/// Answers that say that no credential came.
pub(crate) fn says_missing(dice: &mut Dice) -> Refusal {
    let body = match dice.below(12) {
        0 => json!({ "error": "missing_authorization" }),
        1 => json!({ "message": "No authorization header" }),
        2 => json!({ "msg": "Missing Authorization Header" }),
        3 => json!({ "detail": "Authentication credentials were not provided." }),
        4 => json!({ "detail": "Not authenticated" }),
        5 => json!({ "error": "No token provided" }),
        6 => json!({ "message": "No auth token" }),
        7 => {
            json!({ "code": "credentials_required", "message": "No authorization token was found" })
        }
        8 => json!({ "code": "authentication_required",
            "message": "Authorization header is required" }),
        9 => json!({ "message": "Requires authentication" }),
        10 => {
            return Refusal::json(401, json!({ "message": "Unauthorized" }).to_string())
                .and_challenge(r#"Bearer realm="api""#);
        }
        _ => {
            return Refusal {
                status: 401,
                fields: Vec::new(),
                body: Some(("text/plain".into(), "Jwt is missing".into())),
            };
        }
    };
    Refusal::json(401, body.to_string())
}

/// One host with its issuer, its one protected resource, and the fields that its client sends.
struct Scene {
    dice: Dice,
    issuer: Issuer,
    host: String,
    path: String,
    agent: &'static str,
    recorder: Recorder,
    dated: bool,
    user: String,
}

impl Scene {
    fn new(seed: u64, kind: u64) -> Self {
        let mut dice = Dice::new(seed.wrapping_mul(31).wrapping_add(kind));
        let issuer = Issuer::new(&mut dice);
        let host = dice.host();
        let prefix = dice.pick(&["/v1", "/api", "/api/v2", "/rest", ""]);
        let tail = match dice.below(4) {
            0 => format!("/{}", dice.between(10, 99_999)),
            1 => "/me".to_owned(),
            _ => String::new(),
        };
        let path = format!("{prefix}/{}{tail}", dice.word());
        let recorder = match dice.below(3) {
            0 => Recorder::Chrome,
            1 => Recorder::Firefox,
            _ => Recorder::Proxy,
        };
        let agent = match recorder {
            Recorder::Chrome => {
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
            }
            Recorder::Firefox => {
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0"
            }
            Recorder::Proxy => {
                dice.pick(&["okhttp/4.12.0", "curl/8.5.0", "python-requests/2.32.3"])
            }
        };
        let dated = dice.percent(40);
        let user = dice.uuid();
        Self { dice, issuer, host, path, agent, recorder, dated, user }
    }

    fn url(&mut self) -> String {
        let query = if self.dice.percent(25) {
            format!("?page={}&size=50", self.dice.between(1, 9))
        } else {
            String::new()
        };
        format!("https://{}{}{query}", self.host, self.path)
    }

    /// A request of the client for the protected resource, with the fields beside the credential.
    fn call(&mut self, at: i64) -> Step {
        let url = self.url();
        self.dress(Step::get(at, url))
    }

    /// Adds the fields that this scene's client and server always send.
    fn dress(&self, step: Step) -> Step {
        let host = split_url(&step.url).0.to_owned();
        let at = step.at;
        let mut step = step.field("Host", host).field("User-Agent", self.agent);
        step = step.field("Accept", "application/json, text/plain, */*");
        if self.dated { step.answer_field("Date", http_date(at)) } else { step }
    }

    fn good(&mut self, step: Step) -> Step {
        let body = match self.dice.below(4) {
            0 => json!({ "id": self.dice.between(1, 9999), "name": "Ada", "roles": ["viewer"] }),
            1 => json!({ "items": [], "total": 0 }),
            2 => json!({ "items": [{ "id": self.dice.uuid(), "state": "open" }], "next": null }),
            _ => json!({}),
        };
        step.json(body.to_string())
    }

    /// A token of the user that lives from `iat` to `exp` (seconds since 1970).
    fn token(&mut self, iat: i64, exp: i64) -> String {
        let float = self.dice.percent(15);
        let number = |secs: i64| {
            if float { json!(secs as f64) } else { json!(secs) }
        };
        let mut claims = json!({ "sub": self.user, "iat": iat, "exp": number(exp) });
        match self.dice.below(4) {
            0 => claims["scope"] = json!("read write"),
            1 => claims["roles"] = json!(["user", "billing"]),
            2 => claims["jti"] = json!(self.dice.hex(24)),
            _ => {}
        }
        if self.dice.percent(30) {
            claims["nbf"] = json!(iat);
        }
        self.issuer.token(&mut self.dice, claims)
    }

    fn tell(self, told: Vec<(Step, Truth)>, tokens: Vec<String>) -> Told {
        let (steps, truth) = told.into_iter().unzip();
        Told { story: Story { recorder: self.recorder, steps }, truth, tokens }
    }
}

/// Five refusals for five reasons and one success between them, with three tokens.
pub(crate) fn five_causes(seed: u64, start: i64) -> Told {
    let mut scene = Scene::new(seed, 1);
    let now = start / 1000;
    let late = scene.dice.between(20, 90_000);
    let old = scene.token(now - late - 3600, now - late);
    // Another user: a new token of the same one would mend the expiry.
    scene.user = scene.dice.uuid();
    let good = scene.token(now - scene.dice.clone().between(0, 600), now + 3600);
    let in_ms = {
        scene.user = scene.dice.uuid();
        let unit = if scene.dice.percent(20) { 1_000_000 } else { 1000 };
        let mut claims = json!({ "sub": scene.user, "iat": now * unit,
            "exp": (now + scene.dice.between(900, 7200)) * unit });
        if scene.dice.percent(40) {
            claims["nbf"] = json!(now * unit);
        }
        scene.issuer.clone().token(&mut scene.dice, claims)
    };
    let mut at = start;
    let mut tick = |dice: &mut Dice| {
        at += dice.between(400, 5000);
        at
    };
    let path = scene.path.clone();
    let mut told = Vec::new();

    let when = tick(&mut scene.dice);
    let step = scene.call(when).bearer(&old);
    told.push((step.refused(says_expired(&mut scene.dice)), failure("time.expired")));

    let when = tick(&mut scene.dice);
    let step = scene.call(when).bearer(&good);
    told.push((scene.good(step), OK));

    let when = tick(&mut scene.dice);
    let step = scene.call(when).bearer(&in_ms);
    told.push((step.refused(vague(&mut scene.dice, &path)), failure("time.unit_milliseconds")));

    let when = tick(&mut scene.dice);
    let step = scene.call(when).field("Authorization", &good);
    let refusal = match scene.dice.below(4) {
        0 => vague(&mut scene.dice, &path),
        1 => Refusal::json(
            401,
            json!({ "code": "credentials_bad_format",
                "message": "Format is Authorization: Bearer [token]" })
            .to_string(),
        ),
        _ => says_missing(&mut scene.dice),
    };
    told.push((step.refused(refusal), failure("header.scheme_missing")));

    let when = tick(&mut scene.dice);
    let gap = " ".repeat(scene.dice.between(2, 3) as usize);
    let step = scene.call(when).field("Authorization", format!("Bearer{gap}{good}"));
    told.push((step.refused(vague(&mut scene.dice, &path)), failure("header.whitespace")));

    let when = tick(&mut scene.dice);
    let step = scene.call(when);
    told.push((step.refused(says_missing(&mut scene.dice)), failure("header.missing")));

    scene.tell(told, vec![old, good, in_ms])
}

/// A token that is let in, lives out its time, and is sent again ten seconds later.
pub(crate) fn stale_cache(seed: u64, start: i64) -> Told {
    let mut scene = Scene::new(seed, 2);
    let now = start / 1000;
    let life = scene.dice.between(30, 300);
    let exp = now + life;
    let token = scene.token(exp - scene.dice.clone().between(600, 7200), exp);
    let path = scene.path.clone();
    let mut told = Vec::new();
    let uses = scene.dice.between(2, 4);
    for nth in 0..uses {
        let step = scene.call(start + nth * life * 900 / uses).bearer(&token);
        told.push((scene.good(step), OK));
    }
    let refusals = if scene.dice.percent(25) { scene.dice.between(2, 3) } else { 1 };
    for nth in 0..refusals {
        let step = scene.call((exp + 10 + nth * 7) * 1000 + 40).bearer(&token);
        let refusal = vague(&mut scene.dice, &path);
        told.push((step.refused(refusal), failure("time.expired_cached").surely("proven")));
    }
    scene.tell(told, vec![token])
}

/// A sound token under a field name that no server reads.
pub(crate) fn misspelt(seed: u64, start: i64) -> Told {
    let mut scene = Scene::new(seed, 3);
    let now = start / 1000;
    let token = scene.token(now - 60, now + 3540);
    let name = misspelling(&mut scene.dice);
    let mut step = scene.call(start).field(&name, format!("Bearer {token}"));
    if scene.dice.percent(30) {
        step = step.field("X-Request-Id", scene.dice.uuid());
    }
    let path = scene.path.clone();
    let refusal = if scene.dice.percent(75) {
        says_missing(&mut scene.dice)
    } else {
        vague(&mut scene.dice, &path)
    };
    let told = vec![(step.refused(refusal), failure("header.misspelt_name"))];
    scene.tell(told, vec![token])
}

/// Returns `Authorization` with a fault that people make.
fn misspelling(dice: &mut Dice) -> String {
    let known =
        ["Authorizaton", "Authorisation", "Authentication", "Autorization", "Authorizations"];
    if dice.percent(40) {
        return known[dice.below(known.len())].to_owned();
    }
    let right = "Authorization";
    let at = dice.between(1, right.len() as i64 - 2) as usize;
    let (head, tail) = right.split_at(at);
    let wrong = match dice.below(3) {
        0 => format!("{head}{}", &tail[1..]),
        1 => format!("{head}{}{tail}", &tail[..1]),
        _ => format!("{head}{}{}{}", &tail[1..2], &tail[..1], &tail[2..]),
    };
    match dice.below(3) {
        _ if wrong == right => "Authorizaton".to_owned(),
        0 => wrong.to_ascii_lowercase(),
        _ => wrong,
    }
}

/// A browser's export without credentials; a preflight shows that one was sent, the server that it
/// had expired.
pub(crate) fn stripped_export(seed: u64, start: i64) -> Told {
    let mut scene = Scene::new(seed, 4);
    scene.recorder = Recorder::Chrome;
    scene.agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
    let origin = format!("https://www.{}.example", scene.dice.word());
    let allowed = scene.dice.pick(&[
        "authorization",
        "authorization,content-type",
        "authorization, x-request-id",
    ]);
    let url = scene.url();
    let cors = |step: Step| {
        step.answer_field("access-control-allow-origin", origin.clone()).answer_field(
            "access-control-allow-headers",
            "authorization, content-type, x-request-id",
        )
    };
    let mut told = Vec::new();
    let preflight = Step::get(start, url.clone())
        .method("OPTIONS")
        .field("access-control-request-headers", allowed)
        .field("access-control-request-method", "GET")
        .field("origin", origin.clone())
        .field("user-agent", scene.agent)
        .status(if scene.dice.percent(30) { 200 } else { 204 })
        .silent();
    told.push((cors(preflight), OK));
    let agent = scene.agent;
    let call = |at: i64, url: &str| {
        Step::get(at, url)
            .field("accept", "application/json, text/plain, */*")
            .field("origin", origin.clone())
            .field("referer", format!("{origin}/"))
            .field("user-agent", agent)
    };
    let gap = scene.dice.between(20, 180);
    let refusal = says_expired(&mut scene.dice);
    let mut refused = call(start + gap, &url).refused(refusal);
    refused = cors(refused);
    told.push((refused, failure("time.expired").surely("stated")));
    for nth in 0..scene.dice.between(1, 3) {
        let other = format!("https://{}/public/{}", scene.host, scene.dice.word());
        let step = cors(call(start + 900 + nth * 400, &other));
        told.push((scene.good(step), OK));
    }
    scene.tell(told, Vec::new())
}

/// Expiry that the client mends at once.
pub(crate) fn mended(seed: u64, start: i64) -> Told {
    let mut scene = Scene::new(seed, 5);
    let now = start / 1000;
    let (old, new) = (scene.token(now - 3500, now + 20), scene.token(now + 31, now + 3631));
    let refresh = scene.dice.alphanumeric(43);
    let path = scene.path.clone();
    let mut told = Vec::new();
    let step = scene.call(start).bearer(&old);
    told.push((scene.good(step), OK));
    let step = scene.call(start + 30_000).bearer(&old).refused(vague(&mut scene.dice, &path));
    told.push((step, expected("time.expired_recovered")));
    let step = refresh_call(&scene, start + 31_000, &refresh);
    told.push((step.json(granted(&new, &scene.dice.alphanumeric(43))), OK));
    for nth in 0..2 {
        let step = scene.call(start + 32_000 + nth * 900).bearer(&new);
        told.push((scene.good(step), OK));
    }
    scene.tell(told, vec![old, new])
}

fn refresh_call(scene: &Scene, at: i64, refresh: &str) -> Step {
    let host = scene.host.split(':').next().unwrap_or_default();
    let body =
        form(&[("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_id", "web")]);
    scene
        .dress(Step::get(at, format!("https://login.{host}/oauth2/token")).method("POST"))
        .sends("application/x-www-form-urlencoded", body)
}

fn granted(access: &str, refresh: &str) -> String {
    json!({ "access_token": access, "token_type": "Bearer", "expires_in": 3600,
        "refresh_token": refresh })
    .to_string()
}

/// A refresh whose new token nobody uses.
pub(crate) fn not_applied(seed: u64, start: i64) -> Told {
    let mut scene = Scene::new(seed, 6);
    let now = start / 1000;
    let (old, new) = (scene.token(now - 3500, now + 20), scene.token(now + 31, now + 3631));
    let refresh = scene.dice.alphanumeric(43);
    let path = scene.path.clone();
    let mut told = Vec::new();
    let step = scene.call(start).bearer(&old);
    told.push((scene.good(step), OK));
    let step = refresh_call(&scene, start + 31_000, &refresh);
    told.push((step.json(granted(&new, &scene.dice.alphanumeric(43))), OK));
    for nth in 0..scene.dice.between(2, 5) {
        let at = start + 40_000 + nth * 6000;
        let step = scene.call(at).bearer(&old).refused(vague(&mut scene.dice, &path));
        told.push((step, failure("time.refresh_not_applied")));
    }
    scene.tell(told, vec![old, new])
}

/// The token endpoint refuses to refresh, and the client goes on with what it has.
pub(crate) fn refresh_refused(seed: u64, start: i64) -> Told {
    let mut scene = Scene::new(seed, 7);
    let now = start / 1000;
    let old = scene.token(now - 3500, now + 20);
    let refresh = scene.dice.alphanumeric(43);
    let path = scene.path.clone();
    let mut told = Vec::new();
    let step = scene.call(start).bearer(&old);
    told.push((scene.good(step), OK));
    let body = json!({ "error": "invalid_grant", "error_description": scene.dice.pick(&[
        "Refresh token expired", "Token is not active", "The refresh token is invalid or expired",
    ]) });
    let step = refresh_call(&scene, start + 26_000, &refresh).status(400).json(body.to_string());
    told.push((step, failure("oauth.refresh_refused")));
    for nth in 0..2 {
        let at = start + 30_000 + nth * 4000;
        let step = scene.call(at).bearer(&old).refused(vague(&mut scene.dice, &path));
        told.push((step, failure("time.refresh_refused")));
    }
    scene.tell(told, vec![old])
}

/// Signed in, but not allowed: the scope does not suffice.
pub(crate) fn lacking_scope(seed: u64, start: i64) -> Told {
    let mut scene = Scene::new(seed, 8);
    let now = start / 1000;
    let token = scene.token(now - 60, now + 3540);
    let mut told = Vec::new();
    let step = scene.call(start).bearer(&token);
    told.push((scene.good(step), OK));
    let url = format!("https://{}/admin/{}", scene.host, scene.dice.word());
    let step = scene.dress(Step::get(start + 2000, url)).method("DELETE").bearer(&token);
    let refusal = Refusal::json(403, json!({ "error": "insufficient_scope" }).to_string())
        .and_challenge(r#"Bearer error="insufficient_scope", scope="admin:write""#);
    told.push((step.refused(refusal), failure("authz.scope").surely("stated")));
    scene.tell(told, vec![token])
}

/// A Basic challenge that the client answers.
pub(crate) fn answered_challenge(seed: u64, start: i64) -> Told {
    let mut scene = Scene::new(seed, 9);
    let pair = format!("{}:{}", scene.dice.word(), scene.dice.alphanumeric(14));
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, pair);
    let challenge = Refusal::challenge(401, r#"Basic realm="files""#);
    let mut told = Vec::new();
    let url = scene.url();
    let step = scene.dress(Step::get(start, url.clone())).refused(challenge);
    told.push((step, expected("other.handshake")));
    let step =
        scene.dress(Step::get(start + 40, url)).field("Authorization", format!("Basic {basic}"));
    told.push((scene.good(step), OK));
    scene.tell(told, Vec::new())
}

/// Refusals that look like authentication and are not.
pub(crate) fn lookalikes(seed: u64, start: i64) -> Told {
    let mut scene = Scene::new(seed, 10);
    let now = start / 1000;
    let token = scene.token(now - 60, now + 3540);
    let mut told = Vec::new();
    let step = scene.call(start).bearer(&token);
    told.push((scene.good(step), OK));
    let limited = Refusal::json(429, json!({ "message": "Rate limit exceeded" }).to_string());
    let step = scene.call(start + 500).bearer(&token).refused(limited);
    let step = step.answer_field("Retry-After", "30");
    told.push((step, lookalike("other.rate_limit")));
    let csrf = Refusal::json(419, json!({ "message": "CSRF token mismatch." }).to_string());
    let step = scene.call(start + 900).method("POST").bearer(&token).refused(csrf);
    told.push((step.sends("application/json", "{}"), lookalike("other.csrf")));
    scene.tell(told, vec![token])
}

/// Traffic without any refusal, some of it about refusals.
pub(crate) fn peaceful(seed: u64, start: i64) -> Told {
    let mut scene = Scene::new(seed, 11);
    let now = start / 1000;
    let token = scene.token(now - 60, now + 3540);
    let mut told = Vec::new();
    for nth in 0..scene.dice.between(4, 9) {
        let step = scene.call(start + nth * 700).bearer(&token);
        let step = if scene.dice.percent(30) {
            step.json(
                json!({ "items": [{ "level": "warn", "message": "unauthorized", "path": "/x" }] })
                    .to_string(),
            )
        } else {
            scene.good(step)
        };
        told.push((step, OK));
    }
    scene.tell(told, vec![token])
}

/// The four stories of which a hundred variants each are tried.
pub(crate) const FOUR: [(&str, Teller); 4] = [
    ("five_causes", five_causes),
    ("stale_cache", stale_cache),
    ("misspelt", misspelt),
    ("stripped_export", stripped_export),
];

/// All stories.
pub(crate) const ALL: [(&str, Teller); 11] = [
    ("five_causes", five_causes),
    ("stale_cache", stale_cache),
    ("misspelt", misspelt),
    ("stripped_export", stripped_export),
    ("mended", mended),
    ("not_applied", not_applied),
    ("refresh_refused", refresh_refused),
    ("lacking_scope", lacking_scope),
    ("answered_challenge", answered_challenge),
    ("lookalikes", lookalikes),
    ("peaceful", peaceful),
];
