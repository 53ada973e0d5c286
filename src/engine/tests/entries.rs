//! Entries of captures that are counted without a record of their own, held against their records.

use super::lines::{Patient, collector, credentials, often};
use super::*;

/// Fields as a capture lists them.
fn fields(fields: &[(&str, String)]) -> Value {
    let fields = fields.iter().filter(|(_, value)| !value.is_empty());
    fields.map(|(name, value)| json!({"name": name, "value": value})).collect()
}

/// Asserts that entries of two captures count as their records do, in pieces of so many bytes and in one.
fn assert_alike(heads: [&str; 2], entries: &[Value], piece: usize) {
    let folder = Folder::new();
    let inputs: Vec<String> = [("a.har", entries), ("b.har", &entries[..entries.len() / 2])]
        .into_iter()
        .zip(heads)
        .map(|((name, entries), head)| {
            let text = format!("{{\"log\":{{{head}\"entries\":{}}}}}", json!(entries));
            folder.file(name, text).display().to_string()
        })
        .collect();
    let inputs = Inputs::find(&inputs);
    let whole = ReadOptions::default();
    let patient = read(&inputs, &whole, || Patient(collector()), &()).harvest.tally;
    let memory = Arc::default();
    for piece in [piece, usize::MAX / 4] {
        let cut = ReadOptions { piece_bytes: NonZeroUsize::new(piece), ..whole.clone() };
        let quick = read(&inputs, &cut, || collector().sharing(&memory), &()).harvest.tally;
        assert_eq!(quick, patient);
    }
    assert_eq!(patient.exchanges, (entries.len() + entries.len() / 2) as u64);
}

/// What an entry may have another way than those around it.
#[derive(Clone, Debug)]
struct Turn {
    method: usize,
    url: usize,
    status: usize,
    sent: usize,
    field: usize,
    answer: usize,
    date: usize,
    body: usize,
    media: usize,
    beside: usize,
}

/// A client records what it sent, a proxy what it passed on.
const MAKERS: [&str; 2] = ["", "\"creator\":{\"name\":\"mitmproxy\"},"];
const METHODS: [&str; 4] = ["GET", "DELETE", "POST", "OPTIONS"];
/// `#` stands for the number of the entry.
const URLS: [&str; 24] = [
    "https://api.example.com/v1/orders/17",
    "https://api.example.com/v1/orders/18?page=2",
    "http://api.example.com/v1/orders/18",
    "https://API.example.com:8443/v1/orders/19",
    "https://ann:secret-of-ann@api.example.com/v1/orders/17",
    "https://api.example.com/login",
    "https://api.example.com/oauth/token",
    "https://api.example.com/.well-known/jwks.json",
    "https://api.example.com/v1/orders/17?access_token=8xLOxBtZp8a9Qk2mV4yT8xLOxBtZp8",
    "wss://api.example.com/v1/orders/17",
    "/v1/orders/17",
    "https://static.example.com/assets/7/app.#c.js",
    "https://static.example.com/assets/8/chunk-#",
    "https://static.example.com/assets/7/app.#c.js?v=#",
    "https://static.example.com/assets/7/0123456789#",
    "https://static.example.com/assets/ann@example.#",
    "https://static.example.com/assets/hidden#.js",
    "https://static.example.com/assets/7/eyJhbGciOiJub25lIn0.eyJzdWIi#.c2ln",
    "https://static.example.com/login/app#.js",
    "https://static.example.com/certs/app#.js",
    "https://static.example.com/#/auth",
    "https://static.example.com/assets/7/hidden7.js",
    "https://static.example.com/assets/7/login",
    "https://static.example.com/assets/7/token",
];
const STATUSES: [u16; 8] = [200, 404, 201, 204, 304, 401, 422, 500];
const FIELDS: [(&str, &str); 14] = [
    ("Accept", "*/*"),
    (":path", "/v1/orders/17"),
    (":path", "Bearer 8xLOxBtZp8a9Qk2mV4yT8xLOxBtZp8"),
    ("Origin", "https://app.example.com"),
    ("X-Request-Id", "7d8e2f10-4b3a-4c59-9e61-0a1b2c3d4e5f"),
    ("Cookie", "session=8xLOxBtZp8a9Qk2mV4yT"),
    ("Cookie", "theme=dark"),
    ("X-Api-Key", "8xLOxBtZp8a9Qk2mV4yT"),
    ("Authorization", "Bearer 8xLOxBtZp8a9Qk2mV4yT8xLOxBtZp8"),
    ("DPoP", "eyJhbGciOiJub25lIn0.eyJqdGkiOiJhYmNkZWZnaGlqa2xtbm9wIn0.c2ln"),
    ("Authorization", "-"),
    ("X-Csrf-Token", "hidden7.js"),
    ("X-Csrf-Token", "9hiddenZq8LxOBt0.Qk2mV4yT"),
    ("Accept", "text/html"),
];
const ANSWERS: [(&str, &str); 10] = [
    ("X-Served-By", "edge-7"),
    ("Server", "api/2"),
    ("X-Version", "2.4.1"),
    ("Age", "7"),
    ("X-Cache", "HIT"),
    ("Set-Cookie", "session=8xLOxBtZp8a9Qk2mV4yT; Path=/"),
    ("Location", "/login?error=expired"),
    ("Grpc-Status", "16"),
    ("Access-Control-Allow-Origin", "*"),
    ("WWW-Authenticate", "Bearer error=\"invalid_token\""),
];
const DATES: [&str; 5] = [
    "",
    "Mon, 23 Nov 2026 02:29:35 GMT",
    "Mon, 23 Nov 2026 02:31:05 GMT",
    "yesterday",
    "Mon, 23 Nov 2026 02:29:35 +0100",
];
const BODIES: [&str; 17] = [
    r#"{"id": 17, "state": "open"}"#,
    r#"[{"id": 18, "notes": "é"}]"#,
    "",
    r#"{"error": "token expired"}"#,
    r#"{"code": 401}"#,
    r#"{"access_token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln", "expires_in": 60}"#,
    "<html><title>Sign in</title><form><input type=password></form></html>",
    r#"{"keys": [{"kty": "oct", "kid": "a"}]}"#,
    r#"{"now": "2026-11-23T02:30:00Z", "serverTime": 1795400000}"#,
    r#"{"id": 17, "total": 401, "state": "open", "session": "7", "kind": "orders"}"#,
    r#"{"id": 17, "total": 403, "token": "8xLOxBtZp8a9Qk2mV4yT8xLOxBtZp8", "kind": "orders"}"#,
    "function(){throw new Error('token expired')}",
    "eyJlcnJvciI6InRva2VuIGV4cGlyZWQifQ==",
    "eyJhY2Nlc3NfdG9rZW4iOiJleUpoYkdjaU9pSnViMjVsSW4wLmV5SnpkV0lpT2lKaEluMC5jMmxuIn0=",
    r#"{"title": "<html><title>Session expired</title><input type=password>"}"#,
    "error=invalid_token&error_description=token+expired",
    r#"{"page": "<form><input type='password'></form>"}"#,
];
const MEDIA: [&str; 7] = [
    "application/json",
    "image/webp",
    "text/html",
    "text/css; charset=utf-8",
    "application/javascript",
    "",
    "x-unknown",
];
/// What a request may have beside the usual, the last of them bodies.
const BESIDE: usize = 13 + POSTED.len();
const POSTED: [&str; 9] = [
    r#"{"quantity":2,"note":"675fb0a35725792ef9638c63ef37d2"}"#,
    r#"{"quantity":3}"#,
    r#"{"user":"ann","Senha":"x"}"#,
    r#"{"grant_type":"refresh_token","refresh_token":"8xLOxBtZp8a9Qk2mV4yT8xLOxBtZp8"}"#,
    r#"{"refresh_token":"8xLOxBtZp8a9Qk2mV4yT8xLOxBtZp8"}"#,
    "access_token=8xLOxBtZp8a9Qk2mV4yT8xLOxBtZp8",
    "SAMLResponse=PHNhbWw+",
    r#"{"query":"mutation { login(email: \"a@b.c\", password: \"x\") { token } }"}"#,
    r#"{"code":"8xLOxBtZp8a9Qk2mV4yT","token":"8xLOxBtZp8a9Qk2mV4yT"}"#,
];

fn entry(n: usize, turn: &Turn, credentials: &[String]) -> Value {
    let (field, answer) = (FIELDS[turn.field], ANSWERS[turn.answer]);
    let body = BODIES[turn.body];
    let mut entry = json!({
        "startedDateTime": format!("2026-11-23T02:29:{:02}.{:03}Z", n / 3 % 60, n % 7 * 100),
        "request": {
            "method": METHODS[turn.method], "url": URLS[turn.url].replace('#', &n.to_string()),
            "headers": fields(&[
                ("Authorization", credentials[turn.sent].clone()),
                ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)".to_owned()),
                (field.0, field.1.to_owned()),
            ]),
            "cookies": [], "bodySize": 0,
        },
        "response": {
            "status": STATUSES[turn.status], "statusText": "",
            "headers": fields(&[
                (answer.0, answer.1.to_owned()),
                ("Date", DATES[turn.date].to_owned()),
                ("ETag", n.to_string()),
                ("X-Request-Id", format!("7d8e2f10-4b3a-4c59-9e61-0a1b2c3d{n:04}")),
            ]),
            "content": {"size": body.len(), "mimeType": MEDIA[turn.media], "text": body},
            "redirectURL": "", "bodySize": -1,
        },
        "timings": {"blocked": n % 5, "send": 1, "wait": n % 11 * 40},
    });
    match turn.beside {
        2 => entry["timings"] = json!({}),
        3 => entry["startedDateTime"] = json!("2026-11-23T02:29:35"),
        4 => entry["_fromCache"] = json!("disk"),
        5 => {
            entry["request"]["cookies"] =
                json!([{"name": "session", "value": "8xLOxBtZp8a9Qk2mV4yT"}]);
        }
        6 => entry["response"]["redirectURL"] = json!("https://api.example.com/login"),
        7 => entry["response"]["content"] = json!({"size": 25, "mimeType": "application/json"}),
        8 => entry["serverIPAddress"] = json!("192.0.2.9"),
        9 => {
            entry["request"]["postData"] = json!({"mimeType": "application/json", "text": "{\"user\":\"ann\",\"password\":\"x\"}"});
        }
        10 => entry["response"]["_error"] = json!("net::ERR_FAILED"),
        11 => entry["response"]["content"]["encoding"] = json!("base64"),
        12 => {
            let grant = json!([{"name": "grant_type", "value": "password"}]);
            entry["request"]["postData"] = json!({"mimeType": "", "text": "", "params": grant});
        }
        beside @ 13.. => {
            let text = POSTED[beside - 13];
            entry["request"]["postData"] = json!({"mimeType": "application/json", "text": text});
        }
        _ => {}
    }
    entry
}

fn turn() -> impl Strategy<Value = Turn> {
    let often = |most| prop_oneof![4 => often(2), 1 => often(most)];
    let request = (often(METHODS.len()), often(URLS.len()), 0..13usize, often(FIELDS.len()));
    let answer = (often(STATUSES.len()), often(ANSWERS.len()), often(DATES.len()));
    let rest = (often(BODIES.len()), often(MEDIA.len()), often(BESIDE));
    (request, answer, rest).prop_map(|(request, answer, (body, media, beside))| {
        let ((method, url, sent, field), (status, answer, date)) = (request, answer);
        Turn { method, url, status, sent, field, answer, date, body, media, beside }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn an_entry_like_one_before_counts_as_its_record_does(
        turns in prop::collection::vec(turn(), 2..60),
        makers in prop::array::uniform2(prop::sample::select(MAKERS.to_vec())),
        piece in 600_usize..16_384,
    ) {
        let credentials = credentials();
        let entries: Vec<Value> =
            turns.iter().enumerate().map(|(n, turn)| entry(n, turn, &credentials)).collect();
        assert_alike(makers, &entries, piece);
    }
}

#[test]
fn an_entry_that_departs_from_those_before_it_counts_as_its_record_does() {
    let usual = Turn {
        method: 0,
        url: 0,
        status: 0,
        sent: 0,
        field: 0,
        answer: 0,
        date: 1,
        body: 0,
        media: 0,
        beside: 0,
    };
    // With a token, of what is not there, without a token, for a file, also beside a secret, with a body, for
    // what says that it is a page, and where tokens and keys are handed out.
    let missing = Turn { status: 1, ..usual.clone() };
    let bare = Turn { sent: 1, ..usual.clone() };
    let file = Turn { url: 11, body: 11, media: 3, ..bare.clone() };
    let beside_secret = Turn { field: 11, ..file.clone() };
    let post = Turn { method: 2, beside: 13, ..bare.clone() };
    let page = Turn { media: 2, ..bare.clone() };
    let [token, keys] = [6, 7].map(|url| Turn { url, ..bare.clone() });
    let all = [usual, missing, bare, file, beside_secret, post, page, token, keys];
    for (number, usual) in all.iter().enumerate() {
        let departures = departures(usual);
        let credentials = credentials();
        // All from all of the first three; of the others each departs from a part of them, which takes no minutes.
        let (start, step) = if number < 3 { (0, 1) } else { (number, 9) };
        for first in departures.iter().take(1).chain(departures.iter().skip(start).step_by(step)) {
            let turns = departures.iter().flat_map(|other| [first, other]);
            let entries: Vec<Value> =
                turns.enumerate().map(|(n, turn)| entry(n, turn, &credentials)).collect();
            assert_alike(["", ""], &entries, 40_000);
        }
    }
}

/// An entry, and all that differ from it in one thing.
fn departures(usual: &Turn) -> Vec<Turn> {
    let mut departures = vec![usual.clone()];
    let mut depart = |most: usize, change: fn(&mut Turn) -> &mut usize| {
        departures.extend((0..most).map(|value| {
            let mut turn = usual.clone();
            *change(&mut turn) = value;
            turn
        }));
    };
    depart(METHODS.len(), |turn| &mut turn.method);
    depart(URLS.len(), |turn| &mut turn.url);
    depart(STATUSES.len(), |turn| &mut turn.status);
    depart(13, |turn| &mut turn.sent);
    depart(FIELDS.len(), |turn| &mut turn.field);
    depart(ANSWERS.len(), |turn| &mut turn.answer);
    depart(DATES.len(), |turn| &mut turn.date);
    depart(BODIES.len(), |turn| &mut turn.body);
    depart(MEDIA.len(), |turn| &mut turn.media);
    depart(BESIDE, |turn| &mut turn.beside);
    departures
}
