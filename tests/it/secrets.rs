//! No secret of any input stands in any output: planted in every place, searched in every form.

use std::collections::HashSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::json;

use crate::forge::{Dice, Issuer, Recorder, Step, Story, form, percent};
use crate::program::{Folder, Run};

/// Length of the pieces that must not occur.
const WINDOW: usize = 12;

/// A secret and where it was planted.
#[derive(Clone, Debug)]
struct Secret {
    place: String,
    text: String,
}

/// Hands out steps with a secret in one place each.
struct Planter {
    dice: Dice,
    issuer: Issuer,
    host: String,
    at: i64,
    steps: Vec<Step>,
    secrets: Vec<Secret>,
}

impl Planter {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let issuer = Issuer::new(&mut dice);
        let host = dice.host();
        let at = 1_775_000_000_000;
        Self { dice, issuer, host, at, steps: Vec::new(), secrets: Vec::new() }
    }

    fn keep(&mut self, place: &str, text: impl Into<String>) -> String {
        let text = text.into();
        self.secrets.push(Secret { place: place.into(), text: text.clone() });
        text
    }

    fn jwt(&mut self, place: &str) -> String {
        let now = self.at / 1000;
        let claims = json!({ "sub": self.dice.uuid(), "iat": now - 900, "exp": now - 300,
            "nonce": self.dice.hex(20) });
        let token = self.issuer.clone().token(&mut self.dice, claims);
        self.keep(place, token)
    }

    fn opaque(&mut self, place: &str) -> String {
        let length = self.dice.between(24, 64) as usize;
        let text = self.dice.alphanumeric(length);
        self.keep(place, text)
    }

    fn password(&mut self, place: &str) -> String {
        let text = format!("{}-{}!", self.dice.alphanumeric(9), self.dice.alphanumeric(8));
        self.keep(place, text)
    }

    fn get(&mut self, tail: &str) -> Step {
        self.at += self.dice.between(500, 4000);
        Step::get(self.at, format!("https://{}{tail}", self.host))
            .status(401)
            .json(r#"{"error":"invalid_token"}"#)
    }

    fn push(&mut self, step: Step) {
        self.steps.push(step);
    }
}

/// Plants secrets wherever a capture can hold one.
fn planted(seed: u64) -> (Story, Vec<Secret>) {
    let mut p = Planter::new(seed);
    // Fields under right names and wrong ones.
    for name in [
        "Authorization",
        "Authorizaton",
        "Authorisation",
        "Authentication",
        "X-Authorization",
        "Proxy-Authorization",
        "X-Access-Token",
        "X-Auth-Token",
        "X-Amz-Security-Token",
        "X-Id-Token",
        "X-Forwarded-Access-Token",
        "Token",
        "Sec-WebSocket-Protocol",
        "X-Whatever",
    ] {
        let token = p.jwt(&format!("field {name}"));
        let value = if p.dice.percent(70) { format!("Bearer {token}") } else { token };
        let step = p.get("/api/me").field(name, value);
        p.push(step);
    }
    for name in [
        "X-Api-Key",
        "X-Apikey",
        "Api-Key",
        "Ocp-Apim-Subscription-Key",
        "X-Auth-Token",
        "X-Csrf-Token",
        "X-Vault-Token",
        "Private-Token",
        "X-Client-Secret",
        "X-Session-Id",
    ] {
        let key = p.opaque(&format!("field {name}"));
        let step = p.get("/api/me").field(name, key);
        p.push(step);
    }
    for scheme in
        ["Bearer", "bearer", "Token", "ApiKey", "Beaerer", "Bearer:", "SSWS", "GoogleLogin auth="]
    {
        let key = p.opaque(&format!("scheme {scheme}"));
        let gap = if scheme.ends_with('=') { "" } else { " " };
        let step = p.get("/api/me").field("Authorization", format!("{scheme}{gap}{key}"));
        p.push(step);
    }
    let token = p.jwt("field Authorization, quoted");
    let step = p.get("/api/q").field("Authorization", format!("Bearer \"{token}\""));
    p.push(step);
    let (one, two) = (p.jwt("joined, first"), p.jwt("joined, second"));
    let step = p.get("/api/j").field("Authorization", format!("Bearer {one}, Bearer {two}"));
    p.push(step);
    let token = p.jwt("field Authorization, cut");
    let cut = &token[..token.len() - 30];
    let step = p.get("/api/cut").field("Authorization", format!("Bearer {cut}"));
    p.push(step);
    let token = p.jwt("field Authorization, broken in the middle");
    let (head, tail) = token.split_at(token.len() / 2);
    let step = p.get("/api/b").field("Authorization", format!("Bearer {head}\r\n {tail}"));
    p.push(step);
    // Basic and Digest.
    let password = p.password("Basic password");
    let pair = p.keep("Basic pair", STANDARD.encode(format!("maria.lopez:{password}")));
    let step = p.get("/files").field("Authorization", format!("Basic {pair}"));
    p.push(step.answer_field("WWW-Authenticate", "Basic realm=\"files\""));
    let password = p.password("Basic password in clear");
    let step = p.get("/files").field("Authorization", format!("Basic maria.lopez:{password}"));
    p.push(step);
    let response = p.dice.hex(32);
    let response = p.keep("Digest response", response);
    let step = p.get("/files").field("Authorization", format!(
        "Digest username=\"maria\", realm=\"files\", nonce=\"abc\", uri=\"/files\", response=\"{response}\""));
    p.push(step);
    let signature = p.dice.hex(64);
    let signature = p.keep("AWS signature", signature);
    let step = p.get("/bucket").field("Authorization", format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260401/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature={signature}"));
    p.push(step);
    // Cookies, sent and set.
    for name in
        ["session", "sid", "connect.sid", "JSESSIONID", "laravel_session", "remember_me", "prefs"]
    {
        let value = p.opaque(&format!("cookie {name}"));
        let step = p.get("/page").field("Cookie", format!("theme=dark; {name}={value}"));
        let set = p.opaque(&format!("set cookie {name}"));
        p.push(step.answer_field("Set-Cookie", format!("{name}={set}; Path=/; HttpOnly")));
    }
    let token = p.jwt("cookie access_token");
    let step = p.get("/page").field("Cookie", format!("access_token={token}"));
    p.push(step);
    // The URL: query, fragment, path, user information.
    for name in [
        "access_token",
        "token",
        "api_key",
        "apikey",
        "key",
        "jwt",
        "sig",
        "signature",
        "X-Amz-Signature",
        "code",
        "password",
        "secret",
        "session_id",
        "id_token_hint",
        "t",
    ] {
        let value = if p.dice.percent(40) {
            p.jwt(&format!("query {name}"))
        } else {
            p.opaque(&format!("query {name}"))
        };
        let step = p.get(&format!("/cb?page=2&{name}={value}&lang=en"));
        p.push(step);
    }
    let token = p.jwt("query, percent-encoded");
    let step =
        p.get(&format!("/cb?redirect={}", percent(&format!("https://x.example/?token={token}"))));
    p.push(step);
    let token = p.jwt("fragment");
    let step = p.get(&format!("/cb#access_token={token}&token_type=Bearer"));
    p.push(step);
    let key = p.opaque("path segment after reset");
    let step = p.get(&format!("/reset-password/{key}"));
    p.push(step);
    let token = p.jwt("path segment");
    let step = p.get(&format!("/verify/{token}/done"));
    p.push(step);
    let key = p.dice.hex(40);
    let key = p.keep("path segment, hex", key);
    let step = p.get(&format!("/hooks/{key}"));
    p.push(step);
    let password = p.password("user information of the URL");
    let mut step = p.get("/files");
    step.url = step.url.replace("https://", &format!("https://maria:{password}@"));
    p.push(step);
    // Bodies that are sent.
    let (refresh, secret) = (p.opaque("form refresh_token"), p.opaque("form client_secret"));
    let (code, verifier) = (p.opaque("form code"), p.opaque("form code_verifier"));
    let step = p.get("/oauth/token").method("POST").sends(
        "application/x-www-form-urlencoded",
        form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", &refresh),
            ("client_secret", &secret),
            ("code", &code),
            ("code_verifier", &verifier),
        ]),
    );
    p.push(step.status(400).json(r#"{"error":"invalid_grant"}"#));
    let (name, word) = ("maria@example.org", p.password("form password"));
    let step = p.get("/oauth/token").method("POST").sends(
        "application/x-www-form-urlencoded",
        form(&[("grant_type", "password"), ("username", name), ("password", &word)]),
    );
    p.push(step.status(400).json(r#"{"error":"invalid_grant"}"#));
    let word = p.password("JSON password");
    let step = p.get("/login").method("POST").sends(
        "application/json",
        json!({ "user": { "email": name, "password": word } }).to_string(),
    );
    p.push(step.json(json!({ "message": format!("wrong password {word}") }).to_string()));
    let token = p.jwt("JSON idToken");
    let step = p.get("/verify").method("POST").sends(
        "application/json",
        json!({ "idToken": token, "returnSecureToken": true }).to_string(),
    );
    p.push(step.status(400).json(
        json!({ "error": { "message": format!("INVALID_ID_TOKEN : {token}") } }).to_string(),
    ));
    // Bodies that come back.
    let (access, refresh) = (p.jwt("JSON access_token"), p.opaque("JSON refresh_token"));
    let step = p
        .get("/oauth/token")
        .method("POST")
        .sends("application/x-www-form-urlencoded", form(&[("grant_type", "client_credentials")]));
    p.push(
        step.status(200).json(
            json!({ "access_token": access, "refresh_token": refresh,
        "token_type": "Bearer", "expires_in": 60 })
            .to_string(),
        ),
    );
    let token = p.jwt("JSON data.token");
    let step = p.get("/login").method("POST");
    p.push(
        step.status(200)
            .json(json!({ "data": { "token": token, "user": { "id": 1 } } }).to_string()),
    );
    // Words of the server that repeat what was sent.
    let token = p.jwt("error text");
    let step = p.get("/api/e").bearer(&token);
    p.push(step.json(
        json!({ "message": format!("could not verify token {token}: expired") }).to_string(),
    ));
    let key = p.opaque("error text, opaque");
    let step = p.get("/api/e").bearer(&key);
    p.push(step.json(json!({ "error": "invalid_token", "error_description": format!("unknown token '{key}'") }).to_string()));
    let key = p.opaque("error text, key that was not sent in a field");
    let step = p.get(&format!("/api/e?api_key={key}"));
    p.push(
        step.status(403)
            .json(json!({ "message": format!("API key {key} is disabled") }).to_string()),
    );
    let token = p.jwt("challenge");
    let step = p.get("/api/e").bearer(&token);
    p.push(step.answer_field(
        "WWW-Authenticate",
        format!("Bearer error=\"invalid_token\", error_description=\"bad token {token}\""),
    ));
    let token = p.jwt("error text in HTML");
    let step = p.get("/api/h").bearer(&token).status(500);
    p.push(step.says(
        "text/html",
        format!(
            "<html><body><pre>JsonWebTokenError: invalid signature {token}</pre></body></html>"
        ),
    ));
    let token = p.jwt("plain error text");
    let step = p.get("/api/p").bearer(&token);
    p.push(step.says("text/plain", format!("Jwt verification fails: {token}")));
    // Location, Referer and other fields.
    let token = p.jwt("Location fragment");
    let step = p.get("/authorize").status(302).silent();
    p.push(step.answer_field("Location", format!("https://app.example/cb#id_token={token}")));
    let code = p.opaque("Location code");
    let step = p.get("/authorize").status(302).silent();
    p.push(step.answer_field("Location", format!("https://app.example/cb?code={code}&state=xyz")));
    let key = p.opaque("Location of a login page");
    let step = p.get("/page").status(302).silent();
    p.push(step.answer_field("Location", format!("/login?next=%2Fpage%3Ftoken%3D{key}")));
    let token = p.jwt("Referer");
    let step =
        p.get("/api/r").field("Referer", format!("https://app.example/?access_token={token}"));
    p.push(step);
    let key = p.opaque("user agent, named");
    let step = p.get("/api/ua").field("User-Agent", format!("sync/1.4 (api_key={key})"));
    p.push(step);
    let token = p.jwt("user agent");
    let step = p.get("/api/ua").field("User-Agent", format!("sync/1.4 {token}"));
    p.push(step);
    for (name, prefix, length) in [
        ("GitHub", "ghp_", 36),
        ("Stripe", "sk_live_", 24),
        ("Slack", "xoxb-7318-", 24),
        ("Google", "AIza", 35),
        ("GitLab", "glpat-", 20),
    ] {
        let key = format!("{prefix}{}", p.dice.alphanumeric(length));
        let key = p.keep(&format!("{name} key in words"), key);
        let step = p.get("/api/k").field("Authorization", format!("Bearer {key}"));
        p.push(step.json(json!({ "message": format!("Bad credentials: {key}") }).to_string()));
        let key = format!("{prefix}{}", p.dice.alphanumeric(length));
        let key = p.keep(&format!("{name} key in the user agent"), key);
        let step = p.get("/api/k").field("User-Agent", format!("bot {key}"));
        p.push(step);
    }
    let random = p.dice.hex(64);
    let random = p.keep("long random text in an error", random);
    let step = p.get("/api/x");
    p.push(step.json(
        json!({ "error": "denied", "message": format!("nonce {random} was refused") }).to_string(),
    ));
    let token = p.jwt("request id");
    let step = p.get("/api/x").field("X-Request-Id", token);
    p.push(step);
    let odd = format!(
        "{}\"\\{}é✓{}",
        p.dice.alphanumeric(12),
        p.dice.alphanumeric(8),
        p.dice.alphanumeric(12)
    );
    let odd = p.keep("password with quotes and accents", odd);
    let step = p
        .get("/login")
        .method("POST")
        .sends("application/json", json!({ "username": "maria", "password": odd }).to_string());
    p.push(step.json(json!({ "error": format!("bad password: {odd}") }).to_string()));
    (Story { recorder: Recorder::Proxy, steps: p.steps }, p.secrets)
}

/// Lines that no reader can parse, each with a secret.
fn unparsable(seed: u64) -> (String, Vec<Secret>) {
    let mut p = Planter::new(seed);
    let mut out = String::new();
    let token = p.jwt("broken line, field");
    writeln!(
        out,
        "{{\"req\":{{\"method\":\"GET\",\"headers\":{{\"authorization\":\"Bearer {token}\""
    )
    .unwrap();
    let token = p.jwt("broken line, no JSON");
    writeln!(out, "GET /api Authorization: Bearer {token} 401").unwrap();
    let key = p.opaque("broken line, query");
    writeln!(out, "{{\"url\":\"/x?api_key={key}\",\"status\":}}").unwrap();
    let word = p.password("broken line, password");
    writeln!(out, "{{\"body\":{{\"password\":\"{word}\",}}, oops").unwrap();
    let token = p.jwt("broken line, two lines");
    writeln!(out, "{token}").unwrap();
    let key = p.opaque("line without an exchange");
    writeln!(out, "{{\"level\":30,\"msg\":\"started\",\"token\":\"{key}\"}}").unwrap();
    (out, p.secrets)
}

/// All pieces of the forms in which a secret could be read or guessed back, with a name for each form.
fn pieces(secrets: &[Secret]) -> Vec<(HashSet<Vec<u8>>, String)> {
    let mut all = Vec::new();
    for Secret { place, text } in secrets {
        let bytes = text.as_bytes();
        let mut forms = vec![("itself", bytes.to_vec())];
        for skip in 0..3 {
            for engine in [&STANDARD, &URL_SAFE] {
                // The bytes before the secret fill the first group, so that what follows does not
                // depend on them; the last group may depend on what comes after.
                let mut padded = vec![0; skip];
                padded.extend(bytes);
                let encoded = engine.encode(padded).into_bytes();
                let from = if skip == 0 { 0 } else { 4 };
                let to = encoded.len() - 4;
                forms.push(("in base64", encoded[from.min(to)..to].to_vec()));
            }
        }
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        forms.push(("in hex", hex.to_ascii_uppercase().into_bytes()));
        forms.push(("in hex", hex.into_bytes()));
        forms.push(("percent-encoded", percent(text).into_bytes()));
        let json = json!(text).to_string();
        forms.push(("JSON-escaped", json[1..json.len() - 1].as_bytes().to_vec()));
        forms.push(("JSON-escaped twice", json!(json).to_string().into_bytes()));
        forms.push(("backwards", text.chars().rev().collect::<String>().into_bytes()));
        for (form, bytes) in forms {
            let windows = bytes.windows(WINDOW).map(<[u8]>::to_vec).collect();
            all.push((windows, format!("{place}, {form}")));
        }
    }
    all
}

/// Returns where pieces of secrets stand in an output.
fn leaks(output: &[u8], pieces: &[(HashSet<Vec<u8>>, String)]) -> Vec<String> {
    let windows: HashSet<&[u8]> = output.windows(WINDOW).collect();
    let mut found = Vec::new();
    for (set, place) in pieces {
        if let Some(piece) = set.iter().find(|piece| windows.contains(piece.as_slice())) {
            let at = output.windows(WINDOW).position(|window| window == piece.as_slice()).unwrap();
            let near = &output[at.saturating_sub(60)..(at + 60).min(output.len())];
            found.push(format!("{place}: …{}…", String::from_utf8_lossy(near).replace('\n', " ")));
        }
    }
    found
}

/// Runs everything that writes something about these files, and searches it all.
fn search(folder: &Folder, files: &[&str], secrets: &[Secret]) -> Vec<String> {
    let pieces = pieces(secrets);
    let mut wrong = Vec::new();
    let mut look = |what: &str, output: &[u8]| {
        wrong.extend(leaks(output, &pieces).into_iter().map(|leak| format!("{what}: {leak}")));
    };
    let run = |args: &[&str]| -> Run {
        let mut all = files.to_vec();
        all.extend(args);
        folder.run(&all)
    };
    for args in [
        &["-v"][..],
        &["-v", "-f", "json", "--top", "10000"],
        &["-v", "-f", "jsonl", "--class", "all"],
        &["-v", "--partial", "-"],
        &["-v", "--partial", "all.part"],
    ] {
        let run = run(args).succeeds();
        look(&format!("standard output of {args:?}"), &run.stdout);
        look(&format!("standard error of {args:?}"), &run.stderr);
    }
    run(&["-o", "r.txt", "-o", "r.json", "-o", "r.jsonl", "-o", "r.html"]).succeeds();
    for file in ["r.txt", "r.json", "r.jsonl", "r.html", "all.part"] {
        look(file, &folder.read(file));
    }
    let rest = ["r.md", "r.csv", "r.sarif", "r.xml"];
    let mut args = vec!["--top", "10000", "--class", "all"];
    args.extend(rest.iter().flat_map(|file| ["-o", file]));
    run(&args).succeeds();
    for file in rest {
        look(file, &folder.read(file));
    }
    for format in ["text", "json", "markdown", "sarif", "junit", "html"] {
        let run = folder.run(&["merge", "all.part", "-v", "-f", format]).succeeds();
        look(&format!("merged {format}"), &[run.stdout, run.stderr].concat());
    }
    wrong.sort();
    wrong.dedup();
    wrong
}

#[track_caller]
fn clean(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} leaks\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_output_of_a_capture_holds_a_secret() {
    let (story, secrets) = planted(1);
    let folder = Folder::new("secrets-har");
    folder.write("a.har", story.har_pretty());
    clean(&search(&folder, &["a.har"], &secrets));
}

#[test]
fn no_output_of_a_log_holds_a_secret() {
    let (story, mut secrets) = planted(7);
    let (broken, more) = unparsable(8);
    secrets.extend(more);
    let folder = Folder::new("secrets-log");
    folder.write("app.jsonl", format!("{}{broken}{}", story.json_lines(), story.json_lines()));
    clean(&search(&folder, &["app.jsonl"], &secrets));
}

#[test]
fn no_complaint_repeats_a_secret() {
    let (broken, secrets) = unparsable(9);
    let pieces = pieces(&secrets);
    let folder = Folder::new("secrets-broken");
    folder.write("broken.log", &broken);
    let mut lines = broken.lines().collect::<Vec<_>>();
    lines.insert(0, "[");
    folder.write("broken.har", lines.join("\n"));
    for args in [
        &["broken.log", "-v"][..],
        &["broken.har", "-v"],
        &["broken.log", "-v", "-f", "json"],
        &["broken.har", "-v", "--partial", "-"],
    ] {
        let run = folder.run(args);
        clean(&leaks(&[run.stdout, run.stderr].concat(), &pieces));
    }
}

#[test]
fn the_search_finds_every_form() {
    let text = "correct-horse-battery-staple";
    let pieces = pieces(&[Secret { place: "here".into(), text: text.into() }]);
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    for output in [
        format!("x{}x", &text[5..20]),
        STANDARD.encode(format!("u:{text}:tail")),
        STANDARD.encode(format!("us:{text}:tail")),
        STANDARD.encode(format!("use:{text}:tail")),
        hex,
    ] {
        assert!(!leaks(output.as_bytes(), &pieces).is_empty(), "{output}");
    }
    assert!(leaks(b"nothing of that kind", &pieces).is_empty());
}
