//! Lines of several formats: none is lost, however the input is cut.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

/// Lines of one kind each; what stands together belongs together.
fn kinds() -> impl Strategy<Value = Vec<String>> {
    let combined =
        "192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] \"GET /c HTTP/1.1\" 401 25 \"-\" \"ua\"";
    let refusal = r#"{"status":401,"method":"GET","path":"/j"}"#;
    let (head, tail) = refusal.split_at(17);
    let docker = |text: &str| {
        json!({"log": text, "stream": "stdout", "time": "2026-11-23T02:29:34.1Z"}).to_string()
    };
    let cri = |tag: &str, text: &str| format!("2026-11-23T02:29:34.1Z stdout {tag} {text}");
    let kinds = [
        vec![combined.to_owned()],
        vec![refusal.to_owned()],
        vec![docker(&format!("{refusal}\n"))],
        vec![docker(head), docker(&format!("{tail}\n"))],
        vec![docker(head)],
        vec![cri("F", combined)],
        vec![cri("P", head), cri("F", tail)],
        vec![cri("P", head), cri("P", ""), cri("F", tail)],
        vec![cri("P", head)],
        vec![json!({"records": [{"status": 403, "method": "GET", "path": "/r"}]}).to_string()],
        vec![r#"{"level":"info","message":"no request at all, just words"}"#.to_owned()],
        vec![String::new()],
        vec!["  ".to_owned()],
        vec!["words that no format knows".to_owned()],
        vec!["{\"broken\": ".to_owned()],
        vec!["\u{1}\u{2}\u{fffd} \"GET / HTTP/1.1\" 401".to_owned()],
        vec!["# Fields: a b".to_owned()],
    ];
    proptest::sample::select(kinds.to_vec())
}

/// Records of an input and lines that are none.
fn accounted(outcome: &Outcome<Vec<Seen>>) -> u64 {
    let input = &outcome.inputs[0];
    input.exchanges + input.passed + input.skipped.values().map(|noted| noted.count).sum::<u64>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_line_is_read_or_accounted_for_wherever_the_input_is_cut(
        kinds in proptest::collection::vec(kinds(), 1..24),
        ending in proptest::sample::select(vec!["\n", "\r\n"]),
        piece in 1_usize..400,
    ) {
        let lines: Vec<String> = kinds.concat();
        let folder = Folder::new();
        // The first line settles that these are lines of a log.
        let first = "192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] \"GET /1 HTTP/1.1\" 200 2";
        let text = format!("{first}{ending}{}{ending}", lines.join(ending));
        let path = folder.file("mixed.log", text);
        let whole = read_all(&path);
        prop_assert_eq!(accounted(&whole), lines.len() as u64 + 1, "{:?}", whole.inputs[0]);
        let cut = read_with(&path, &options(2, piece));
        prop_assert_eq!(&cut.harvest, &whole.harvest);
        prop_assert_eq!(&cut.inputs[0].skipped, &whole.inputs[0].skipped);
        prop_assert_eq!(cut.inputs[0].passed, whole.inputs[0].passed);
        prop_assert_eq!(&cut.inputs[0].formats, &whole.inputs[0].formats);
    }
}

#[test]
fn several_formats_in_one_file_are_read_as_what_each_is() {
    let folder = Folder::new();
    let text = "192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] \"GET /a HTTP/1.1\" 401 25\n\
                {\"status\":401,\"method\":\"GET\",\"path\":\"/b\"}\n\
                Nov 23 02:29:33 web nginx: 192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] \"GET /c HTTP/1.1\" 200 1 \"-\" \"-\"\n";
    let outcome = read_all(&folder.file("access.log", text));
    let formats: Vec<_> = outcome.inputs[0].formats.iter().map(|(name, n)| (*name, *n)).collect();
    assert_eq!(formats, [("combined", 1), ("common", 1), ("json", 1)]);
    assert!(outcome.inputs[0].skipped.is_empty());
}

#[test]
fn a_token_that_a_container_runtime_cut_is_read_whole() {
    let folder = Folder::new();
    let line = r#"{"status":401,"method":"GET","path":"/a","http_authorization":"Bearer abcdefghijkl.mnop"}"#;
    let (head, tail) = line.split_at(75);
    let text = format!(
        "2026-11-23T02:29:34.1Z stdout P {head}\n2026-11-23T02:29:34.2Z stderr F between\n2026-11-23T02:29:34.3Z stdout F {tail}\n"
    );
    let outcome = read_all(&folder.file("0.log", text));
    assert_eq!(outcome.harvest.len(), 1);
    assert_eq!(outcome.harvest[0].0.line, Some(1));
    assert!(outcome.harvest[0].1.contains("Bearer abcdefghijkl.mnop"), "{:?}", outcome.harvest);
}

#[test]
fn what_is_wrapped_around_an_access_line_is_no_client() {
    let line = "127.0.0.1 - - [23/Nov/2026:02:29:33 +0000] \"GET /c HTTP/1.1\" 401 25 \"-\" \"ua\"";
    for before in [
        "",
        "2026-11-23T02:29:34.1Z stdout F ",
        "2026-11-23T02:29:34.1Z ",
        "[pod/gw-7d/nginx] ",
        "[pod/gw-7d/nginx] 2026-11-23T02:29:34.1Z ",
        "Nov 23 02:29:34 web nginx[12]: ",
        "<190>Nov 23 02:29:34 web nginx: ",
        "web-1  | ",
        "web-1  | 2026-11-23T02:29:34.1Z ",
    ] {
        let folder = Folder::new();
        let inputs =
            Inputs::find([folder.file("a.log", format!("{before}{line}\n")).to_string_lossy()]);
        let outcome = read(&inputs, &options(1, 0), || Clients, &());
        let told = [(Some("127.0.0.1".to_owned()), None, None)];
        assert_eq!(outcome.harvest, told, "{before}");
    }
}

/// Keeps who asked: client, host and user.
struct Clients;

impl Gatherer for Clients {
    type Harvest = Vec<(Option<String>, Option<String>, Option<String>)>;

    fn observe(&mut self, harvest: &mut Self::Harvest, exchange: &Exchange<'_>, _: &InputFacts) {
        let told = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
        harvest.push((told(&exchange.client_ip), told(&exchange.host), told(&exchange.user)));
    }

    fn rebase(_: &mut Self::Harvest, _: u64, _: u64) {}

    fn merge(into: &mut Self::Harvest, other: Self::Harvest) {
        into.extend(other);
    }
}

/// A collector that makes a record of every exchange.
pub(super) struct Patient(pub(super) Collector<'static>);

impl Gatherer for Patient {
    type Harvest = Harvest;

    fn observe(&mut self, harvest: &mut Harvest, exchange: &Exchange<'_>, input: &InputFacts) {
        let record = self.0.record(exchange, input);
        harvest.tally.observe(record);
    }

    fn rebase(harvest: &mut Harvest, entries: u64, lines: u64) {
        Collector::rebase(harvest, entries, lines);
    }

    fn merge(into: &mut Harvest, other: Harvest) {
        Collector::merge(into, other);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_line_that_is_counted_at_a_glance_counts_as_its_exchange_does(
        lines in prop::collection::vec(
            (0usize..5, 0usize..3, 0usize..45, 0usize..8, 0usize..4, 0usize..12), 1..80,
        ),
        piece in 64usize..4096,
    ) {
        let (ips, methods) = (["192.0.2.7", "192.0.2.8", "10.0.0.1", "198.51.100.9", "1.1.1.1"], ["GET", "POST", "DELETE"]);
        let paths = [
            "/v1/orders/17", "/v1/orders/18/items", "/", "/login", "/logout", "/api/v1/refresh",
            "/oauth/token", "/users/12/password", "/a?page=2", "/a?access_token=abcdefghijklmnopqrst",
            "/x/eyJhbGciOiJub25lIn0.e30.c2ln", "/v2/token?service=a", "/12/login-page", "/graphql",
            "/jwks.json", "/auth/", "/auth", "/sessions/9", "/ORD-12345", "/2026-01-01.csv", "//h/x",
            "/u/ann@example.com", "*", "/a;jsessionid=1", "/a?page=17&sort=name", "/a?page=9&sort=name",
            "/a?pin=1234", "/a?pin=2", "/cb?code=12&state=1", "/cb?code=12345&state=22", "/a?u=1&p=2",
            "/a?u=ann&p=pass", "/a?app_key=1", "/a?app_key=12345", "/v2/token?service=1&scope=2",
            "/v1/orders/4711", "/v1/orders/123456789012345", "/v1/orders/1234567890123456",
            "/v1/orders/", "/17", "/a?next=/b/17", "/a?next=/b/18", "/v2/9", "/v3", "/a?page=17/3",
        ];
        let statuses = [200, 204, 304, 302, 401, 403, 404, 500];
        let agents = ["curl/8.5.0", "-", "Mozilla/5.0 (X11; Linux x86_64)", "x token=abcdefghijklmnop1234"];
        let mut text = String::new();
        for (second, (ip, method, path, status, agent, own)) in lines.iter().enumerate() {
            let (at, path, agent) = (second / 3, paths[*path], agents[*agent]);
            // An hour of a zone that is none leaves it unknown.
            let (at, zone) = if *own == 11 { (59 - at, "+9900") } else { (at, "+0000") };
            let (user, link) = (["-", "ann"][own % 2], ["-", "https://a.example/"][own / 2 % 2]);
            let _ = writeln!(
                text,
                "{} - {user} [23/Nov/2026:02:29:{at:02} {zone}] \"{} {path} HTTP/1.1\" {} 25 \"{link}\" \"{agent}\"",
                ips[*ip], methods[*method], statuses[*status],
            );
        }
        let verifier: &'static Verifier = Box::leak(Box::new(Verifier::new(Keyring::default())));
        let naming = Naming { name: "access.log".into(), first_line: Some(1) };
        let collector =
            || Collector::new(Catalogue::embedded(), verifier, Some(naming.clone()), None, false);
        let cut = ReadOptions { piece_bytes: NonZeroUsize::new(piece), ..ReadOptions::default() };
        let folder = Folder::new();
        let inputs = |text: &str| {
            Inputs::find([folder.file("access.log", text).to_string_lossy().into_owned()])
        };
        let quick = read(&inputs(&text), &cut, collector, &()).harvest.tally;
        let whole = ReadOptions::default();
        let patient = read(&inputs(&text), &whole, || Patient(collector()), &()).harvest.tally;
        prop_assert_eq!(&quick, &patient);
        // A blank at the end takes a line out of the quick loop.
        for end in ["\r\n", " \n"] {
            let ended = read(&inputs(&text.replace('\n', end)), &cut, collector, &()).harvest.tally;
            prop_assert_eq!(&ended, &quick);
        }
        prop_assert_eq!(quick.exchanges, lines.len() as u64);
    }
}

#[test]
fn lines_of_many_clients_agents_and_instants_count_as_their_exchanges_do() {
    let mut text = String::new();
    let mut own = 7_u64;
    for n in 0..4_000_u64 {
        own = own.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let draw = |most: u64, at: u32| (own >> at) % most;
        let pick = |most: u64, at: u32| usize::try_from(draw(most, at)).unwrap();
        // Mostly later than the line before, now and then earlier.
        let second = (n / 4 + draw(16, 33) / 15 * 40) % 3_600;
        let _ = writeln!(
            text,
            "10.1.{}.{} - - [23/Nov/2026:02:{:02}:{:02} +0000] \"GET /v1/{}/{} HTTP/1.1\" {} 25 \"-\" \"agent/{}\"",
            draw(3, 20),
            draw(150, 24),
            second / 60,
            second % 60,
            ["orders", "carts", "users"][pick(3, 40)],
            draw(1_000, 36),
            [200, 200, 404, 401][pick(4, 44)],
            draw(40, 48),
        );
    }
    let verifier: &'static Verifier = Box::leak(Box::new(Verifier::new(Keyring::default())));
    let naming = Naming { name: "access.log".into(), first_line: Some(1) };
    let collector =
        || Collector::new(Catalogue::embedded(), verifier, Some(naming.clone()), None, false);
    let folder = Folder::new();
    let path = folder.file("access.log", text);
    let inputs = Inputs::find([path.to_string_lossy().into_owned()]);
    let whole = ReadOptions::default();
    let patient = read(&inputs, &whole, || Patient(collector()), &()).harvest.tally;
    for piece in [10_000, 1 << 20] {
        let cut = ReadOptions { piece_bytes: NonZeroUsize::new(piece), ..whole.clone() };
        let quick = read(&inputs, &cut, collector, &()).harvest.tally;
        assert_eq!(quick, patient, "in pieces of {piece}");
    }
}

/// Makes the collector of a run.
pub(super) fn collector() -> Collector<'static> {
    let verifier: &'static Verifier = Box::leak(Box::new(Verifier::new(Keyring::default())));
    Collector::new(Catalogue::embedded(), verifier, None, None, false)
}

#[test]
fn kinds_of_lines_are_those_of_their_input_and_many_are_forgotten_in_time() {
    let line = |n: usize, of: usize, status: u16| {
        format!(
            "192.0.2.{} - - [23/Nov/2026:02:29:{:02} +0000] \"GET /of/{}/x{} HTTP/1.1\" {status} 25 \"-\" \"curl/8.5.0\"\n",
            n % 7,
            n / 20 % 60,
            ["a", "b", "c"][of % 3],
            "y".repeat(of / 3),
        )
    };
    let status = |of: usize| [200, 401, 404, 304, 403][of % 5];
    let folder = Folder::new();
    // The same few kinds in two inputs and another order, then more than are remembered, in two orders.
    let few: String = (0..60).map(|n| line(n, n % 6, status(n % 6))).collect();
    let back: String = (0..90).map(|n| line(n, 5 - n % 6, status(n % 6))).collect();
    let many: String = (0..900).map(|n| line(n, n % 150, status(n / 450 + n % 150))).collect();
    let order: String = (0..900).map(|n| line(n, n * 7 % 90, status(n * 7 % 90))).collect();
    let all = [("a.log", few), ("b.log", back), ("c.log", many), ("d.log", order)];
    let paths: Vec<String> = all
        .into_iter()
        .map(|(name, text)| folder.file(name, text).to_string_lossy().into_owned())
        .collect();
    let inputs = Inputs::find(&paths);
    let whole = ReadOptions { jobs: NonZeroUsize::new(1), ..ReadOptions::default() };
    let patient = read(&inputs, &whole, || Patient(collector()), &()).harvest.tally;
    for piece in [3_000, usize::MAX / 4] {
        let cut = ReadOptions { piece_bytes: NonZeroUsize::new(piece), ..whole.clone() };
        let quick = read(&inputs, &cut, collector, &()).harvest.tally;
        assert_eq!(quick, patient, "in pieces of {piece}");
    }
}

#[test]
fn of_a_piece_that_is_given_up_nothing_is_counted_and_its_kinds_stay_known() {
    let facts = InputFacts {
        source: "access.log".into(),
        member: None,
        format: "combined".into(),
        creator: None,
        observer: Observer::default(),
        frame: None,
    };
    let line = |number: u64, status: u16, agent: &'static str| AccessLine {
        number,
        time: crate::model::Time {
            at: At::from_secs(1_795_400_000),
            digits: 0,
            zone_assumed: false,
        },
        format: "combined",
        client_ip: b"192.0.2.7",
        user: b"-",
        request: b"GET /a",
        method: b"GET",
        target: b"/a",
        status,
        referer: b"-",
        agent: agent.as_bytes(),
    };
    let lines =
        [line(1, 200, "curl/8"), line(2, 404, "curl/8"), line(3, 200, "x"), line(4, 401, "x")];
    let take = |collector: &mut Collector<'_>, known: bool| {
        let mut harvest = Harvest::default();
        for line in &lines {
            let glanced = collector.glance(&mut harvest, line, &facts);
            assert!(glanced || !known);
            if !glanced {
                collector.observe(&mut harvest, &line.exchange(), &facts);
            }
        }
        harvest
    };
    let whole = |harvest: Harvest| {
        let mut whole = Harvest::default();
        Collector::merge(&mut whole, harvest);
        whole.tally
    };
    let mut quick = collector();
    take(&mut quick, false);
    quick.close(None, &facts);
    let mut kept = take(&mut quick, true);
    quick.close(Some(&mut kept), &facts);
    let mut patient = Patient(collector());
    let mut slow = Harvest::default();
    for line in &lines {
        patient.observe(&mut slow, &line.exchange(), &facts);
    }
    let kept = whole(kept);
    assert_eq!(kept, whole(slow));
    assert_eq!(kept.inputs.values().next().map(|input| input.observer), Some(Observer::Gateway));
    // Nor does it take a refusal to know who recorded it.
    let mut one = Harvest::default();
    assert!(quick.glance(&mut one, &lines[0], &facts));
    quick.close(Some(&mut one), &facts);
    let one = whole(one);
    assert_eq!(one.inputs.values().next().map(|input| input.observer), Some(Observer::Gateway));
    // What is closed twice is added twice.
    let mut twice = take(&mut quick, true);
    quick.close(Some(&mut twice), &facts);
    for line in &lines {
        quick.glance(&mut twice, line, &facts);
    }
    quick.close(Some(&mut twice), &facts);
    let mut both = kept.clone();
    both.merge(kept);
    let twice = whole(twice);
    assert_eq!(twice.exchanges, both.exchanges);
    assert_eq!(twice.visits, both.visits);
}

#[test]
fn a_token_of_a_piece_that_is_given_up_is_noted_in_the_next_and_one_that_was_merged_is_not() {
    let facts = InputFacts {
        source: "a.har".into(),
        member: None,
        format: "har".into(),
        creator: None,
        observer: Observer::Client,
        frame: None,
    };
    let payload = URL_SAFE_NO_PAD.encode(br#"{"sub":"ann"}"#);
    let exchange = Exchange {
        method: Some("GET".into()),
        url: "https://api.example.com/orders".into(),
        status: Some(200),
        time: crate::input::clock::parse_time("2026-11-23T02:29:33Z"),
        request_headers: vec![crate::model::Header {
            name: "Authorization".into(),
            value: format!("Bearer eyJhbGciOiJIUzI1NiJ9.{payload}.{}", "c2lnbmF0dXJl".repeat(3))
                .into(),
        }],
        ..Exchange::default()
    };
    let mut collector = collector();
    let mut take = |whole: Option<&Harvest>| {
        let mut harvest = collector.begin(whole);
        for _ in 0..3 {
            collector.observe(&mut harvest, &exchange, &facts);
        }
        collector.close(Some(&mut harvest), &facts);
        let tokens = harvest.tally.tokens.len();
        (harvest, tokens)
    };
    let (given_up, tokens) = take(None);
    assert_eq!(tokens, 1);
    drop(given_up);
    let (next, tokens) = take(None);
    assert_eq!(tokens, 1, "nobody else knows of it");
    let (beside, tokens) = take(None);
    assert_eq!(tokens, 1, "the one before it is not merged yet");
    let mut whole = Harvest::default();
    Collector::merge(&mut whole, next);
    Collector::merge(&mut whole, beside);
    let (last, tokens) = take(Some(&whole));
    assert_eq!(tokens, 0);
    Collector::merge(&mut whole, last);
    Collector::finish(&mut whole);
    assert_eq!(whole.tally.tokens.len(), 1);
    let uses = whole.tally.uses.values().map(|usage| usage.count).sum::<u64>();
    assert_eq!((whole.tally.exchanges, uses), (9, 9));
}

/// Values of `Authorization` in lines of an API: good tokens, bad ones, and none.
pub(super) fn credentials() -> Vec<String> {
    let signed = |n: u32| {
        let claims = format!(r#"{{"sub":"user-{n}","exp":{},"jti":"{n}"}}"#, 1_795_000_000 + n);
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let head = part(r#"{"alg":"HS256","typ":"JWT"}"#);
        format!("Bearer {head}.{}.{}", part(&claims), part(&"s".repeat(32)))
    };
    let mut all = vec![signed(0), String::new(), signed(1), signed(2)];
    all.extend(
        [
            "Bearer 8xLOxBtZp8a9Qk2mV4yT8xLOxBtZp8",
            "Bearer short",
            "Bearer orders",
            "bearer  8xLOxBtZp8a9Qk2mV4yT8xLOxBtZp8",
            "Basic YWxpY2U6c2VjcmV0",
            "Bearer ***",
            "Bearer api.example.com/notifications1",
            "Bearer 8xLOxBtZp8a9Qk2mV4yT9aBcDeFgHi",
            "-",
        ]
        .map(str::to_owned),
    );
    all
}

/// A number below `most`, which is one of the first two or three times in four.
pub(super) fn often(most: usize) -> impl Strategy<Value = usize> {
    prop_oneof![3 => 0..2usize, 1 => 0..most]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_request_like_one_before_counts_as_its_record_does(
        lines in prop::collection::vec(
            (
                (0usize..4, often(3), often(14)),
                (often(13), often(9), often(5)),
                (often(5), often(4)),
                (often(6), often(10), often(4)),
            ),
            1..60,
        ),
        piece in 256usize..16_384,
    ) {
        let ips = ["192.0.2.7", "2001:db8::7", "10.0.0.1", "orders"];
        let methods = ["GET", "POST", "DELETE"];
        let paths = [
            "/v1/orders/17", "/v1/orders/18?page=2", "/v1/orders/19/items", "/notifications1/3", "/login",
            "/logout", "/oauth/token", "/users/12/password", "/a?page=2", "/u/ann@example.com",
            "https://api.example.com/v1/orders/4", "/x/eyJhbGciOiJub25lIn0.e30.c2ln",
            "/api.example.com/notifications1", "*",
        ];
        let statuses = [200, 404, 201, 204, 304, 400, 401, 422, 500];
        let agents = ["curl/8.5.0", "-", "Mozilla/5.0 (X11; Linux x86_64)", "x 8xLOxBtZp8a9Qk2mV4yT", "notifications1"];
        let others = [
            ("x-forwarded-for", "192.0.2.7, 10.0.0.1"),
            ("x-forwarded-for", "Bearer 8xLOxBtZp8a9Qk2mV4yT8xLOxBtZp8"),
            ("x-request-id", "7d8e2f10-4b3a-4c59-9e61-0a1b2c3d4e5f"),
            ("cookie", "session=8xLOxBtZp8a9Qk2mV4yT"),
            ("accept", "application/json"),
        ];
        let hosts = ["api.example.com", "API.example.com:8443", "localhost", "notifications1"];
        let answers = [
            json!({}),
            json!({"content-type": "application/json", "x-served-by": "edge-7"}),
            json!({"content-type": "text/html"}),
            json!({"set-cookie": "session=8xLOxBtZp8a9Qk2mV4yT; Path=/"}),
            json!({"location": "/login?error=expired", "server": "api/2"}),
            json!({"www-authenticate": "Bearer error=\"invalid_token\"", "age": "7"}),
        ];
        let bodies = [
            json!(null),
            json!({"id": 17, "state": "open"}),
            json!({"id": "17"}),
            json!([{"id": 18}]),
            json!({"error": "token expired"}),
            json!({"code": 401}),
            json!({"msg": "wrong password"}),
            json!({"access": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln", "expires_in": 60}),
            json!("<form><input type=password></form>"),
            json!({"keys": [{"kty": "oct", "kid": "a"}]}),
        ];
        let asked = [json!(null), json!(null), json!({"user": "ann", "password": "x"}), json!("grant_type=refresh_token")];
        let credentials = credentials();
        let mut text = String::new();
        for (second, ((ip, method, path), (sent, status, agent), (other, host), (answer, body, asks))) in lines.iter().enumerate() {
            let (at, (name, value)) = (second / 3, others[*other]);
            let mut line = json!({
                "ts": format!("2026-11-23T02:29:{at:02}.{second:03}Z"),
                "request_id": format!("32cc53a5be73b5942416f4fc3604{:04}", second / 2),
                "method": methods[*method], "host": hosts[*host], "path": paths[*path],
                "status": statuses[*status], "client_ip": ips[*ip],
                "headers": {"authorization": credentials[*sent], "user-agent": agents[*agent], name: value},
                "response_headers": answers[*answer], "response_body": bodies[*body], "request_body": asked[*asks],
                "msg": "request completed",
            });
            if let Some(fields) = line["response_headers"].as_object_mut().filter(|fields| !fields.is_empty()) {
                fields.insert("x-request-id".into(), format!("7d8e2f10-4b3a-4c59-9e61-0a1b2c3d{second:04}").into());
                fields.insert("etag".into(), second.to_string().into());
            }
            let _ = writeln!(text, "{line}");
        }
        let folder = Folder::new();
        let path = folder.file("api.log", text);
        let inputs = Inputs::find(&[path.display().to_string()]);
        let verifier: &'static Verifier = Box::leak(Box::new(Verifier::new(Keyring::default())));
        let collector = || Collector::new(Catalogue::embedded(), verifier, None, None, false);
        let memory = Arc::default();
        let options = ReadOptions {
            piece_bytes: NonZeroUsize::new(piece),
            ..ReadOptions::default()
        };
        let quick = read(&inputs, &options, || collector().sharing(&memory), &()).harvest.tally;
        let whole = ReadOptions::default();
        let patient = read(&inputs, &whole, || Patient(collector()), &()).harvest.tally;
        prop_assert_eq!(&quick, &patient);
        prop_assert_eq!(quick.exchanges, lines.len() as u64);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn requests_of_few_kinds_count_as_their_records_do_whoever_asks(
        lines in prop::collection::vec(
            ((0usize..2, 0usize..5, 0usize..2), (0usize..6, 0usize..4, 0usize..3), (0usize..9, 0usize..2)),
            1..400,
        ),
        piece in 2_000usize..60_000,
    ) {
        let credentials = credentials();
        let bearers = [0, 2, 3, 4, 11, 1].map(|at| &credentials[at]);
        let agents = ["curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64)", "okhttp/4.9.3", "-"];
        let methods = ["GET", "DELETE"];
        let hosts = ["a.example.com", "b.example.com"];
        let answers = [
            (200, json!({"id": 1})),
            (204, json!(null)),
            (404, json!({"error": "not_found"})),
            (404, json!({"error": "no such order"})),
            (503, json!(null)),
        ];
        let mut texts = [String::new(), String::new()];
        for (n, ((method, status, host), (sent, agent, ip), (id, input))) in lines.iter().enumerate() {
            // Many in a row at one host, then either.
            let host = if n % 400 < 300 { &0 } else { host };
            let line = json!({
                "ts": format!("2026-11-23T02:{:02}:{:02}.{:03}Z", n / 180, n / 3 % 60, n % 7),
                "request_id": format!("{id}2cc53a5be73b5942416f4fc3604{:04}", n / 2),
                "method": methods[*method], "host": hosts[*host],
                "path": format!("/v1/orders/{}", n % 10),
                "status": answers[*status].0, "response_body": answers[*status].1,
                "client_ip": format!("192.0.2.{ip}"),
                "headers": {
                    "authorization": bearers[*sent], "user-agent": agents[*agent],
                    "x-request-id": format!("{}d8e2f10-4b3a-4c59-9e61-0a1b2c3d{:04}", 8 - id, n / 2),
                },
                "msg": "request completed",
            });
            let _ = writeln!(texts[*input], "{line}");
        }
        let folder = Folder::new();
        let paths: Vec<String> = ["a.log", "b.log"]
            .into_iter()
            .zip(texts)
            .map(|(name, text)| folder.file(name, text).to_string_lossy().into_owned())
            .collect();
        let inputs = Inputs::find(&paths);
        let whole = ReadOptions { jobs: NonZeroUsize::new(1), ..ReadOptions::default() };
        let patient = read(&inputs, &whole, || Patient(collector()), &()).harvest.tally;
        let memory = Arc::default();
        for piece in [piece, usize::MAX / 4] {
            let cut = ReadOptions { piece_bytes: NonZeroUsize::new(piece), ..whole.clone() };
            let quick = read(&inputs, &cut, || collector().sharing(&memory), &()).harvest.tally;
            prop_assert_eq!(&quick, &patient);
        }
    }
}

#[test]
fn what_a_dialect_of_the_users_hears_in_an_answer_is_heard_in_each() {
    let dialect = r#"
        id = "acme"
        title = "Acme gateway"
        source = "operations handbook"

        [[entry]]
        id = "stale"
        channel = ["body.acmecode"]
        code = ["ACME-17"]
        causes = ["time.expired"]
        weight = "code"
    "#;
    let catalogue: &'static Catalogue = Box::leak(Box::new(Catalogue::with_file(dialect).unwrap()));
    let verifier: &'static Verifier = Box::leak(Box::new(Verifier::new(Keyring::default())));
    let collector = || Collector::new(catalogue, verifier, None, None, false);
    for status in [200, 404, 422, 503] {
        let mut text = String::new();
        for second in 0..24 {
            let code = if second % 4 == 3 { "ACME-17" } else { "ACME-3" };
            let line = json!({
                "ts": format!("2026-11-23T02:29:{second:02}.5Z"),
                "method": "GET", "host": "api.example.com", "path": "/v1/orders/17", "status": status,
                "client_ip": "192.0.2.7",
                "headers": {"authorization": credentials()[0], "user-agent": "curl/8.5.0"},
                "response_body": {"acmeCode": code}, "msg": "request completed",
            });
            let _ = writeln!(text, "{line}");
        }
        let folder = Folder::new();
        let inputs = Inputs::find([folder.file("api.log", text).display().to_string()]);
        let whole = ReadOptions::default();
        let quick = read(&inputs, &whole, collector, &()).harvest.tally;
        let patient = read(&inputs, &whole, || Patient(collector()), &()).harvest.tally;
        assert_eq!(quick, patient, "{status}");
        // What an answer of success holds is looked at where it speaks of auth.
        assert_eq!(quick.groups.iter().count() > 0, status != 200, "{status}");
    }
}

/// What one line of a log may have another way than the lines around it: names with their values.
#[allow(clippy::too_many_lines, reason = "a table")]
fn departures() -> Vec<Vec<(&'static str, Value)>> {
    let all = |name: &'static str, values: &[Value]| -> Vec<Vec<(&'static str, Value)>> {
        values.iter().map(|value| vec![(name, value.clone())]).collect()
    };
    let jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln";
    let mut out = all(
        "response_body",
        &[
            json!(null),
            json!({"id": 18}),
            json!({"id": "18"}),
            json!([{"id": 18}]),
            json!({"error": "not found"}),
            json!({"error": "token expired"}),
            json!({"code": 401}),
            json!({"msg": "wrong password"}),
            json!({"access": jwt, "refresh": jwt, "expires_in": 60}),
            json!("<html><title>Sign in</title><form><input type=password></form></html>"),
            json!("session expired"),
            json!({"keys": [{"kty": "oct", "kid": "a"}]}),
        ],
    );
    out.extend(all(
        "response_headers",
        &[
            json!({}),
            json!({"content-type": "application/json", "etag": "x"}),
            json!({"content-type": "text/html", "etag": "x"}),
            json!({"content-type": "application/json", "set-cookie": "session=8xLOxBtZp8a9Qk2mV4yT; Path=/"}),
            json!({"content-type": "application/json", "set-cookie": "session=; Max-Age=0"}),
            json!({"content-type": "application/json", "set-cookie": "theme=dark"}),
            json!({"location": "/login?error=expired"}),
            json!({"x-request-id": "7d8e2f10-4b3a-4c59-9e61-0a1b2c3d4e5f"}),
            json!({"x-served-by": "edge-8", "etag": "x"}),
            json!({"server": "api/3", "etag": "x"}),
        ],
    ));
    out.extend(all(
        "path",
        &[
            json!("/v1/orders/18"),
            json!("/v1/orders/18/items"),
            json!("/v1/orders/17?page=2"),
            json!("/v1/orders/17?page=3"),
            json!("/v1/orders/17?pin=1234"),
            json!(format!("/v1/orders/17?access_token={jwt}")),
            json!("/login"),
            json!("/.well-known/jwks.json"),
            json!("/api.example.com/notifications1"),
        ],
    ));
    out.extend(all("method", &[json!("POST"), json!("get"), json!("OPTIONS")]));
    out.extend(all(
        "status",
        &[json!(201), json!(204), json!(302), json!(401), json!("200"), json!(404), json!(500)],
    ));
    out.extend(all("host", &[json!("other.example.com"), json!("-"), json!("notifications1")]));
    out.extend(all(
        "client_ip",
        &[
            json!("10.0.0.1"),
            json!("::ffff:10.0.0.1"),
            json!("10.0.0.1, 10.0.0.2"),
            json!("web-1"),
            json!("-"),
            json!(null),
        ],
    ));
    out.extend(all(
        "request_id",
        &[
            json!("17"),
            json!(17),
            json!(1_234_567),
            json!("-"),
            json!("7d8e2f10-4b3a-4c59-9e61-0a1b2c3d4e60"),
        ],
    ));
    out.extend(all(
        "msg",
        &[
            json!("denied"),
            json!("/v1/orders/17"),
            json!("GET /v1/orders/17"),
            json!("invalid token"),
        ],
    ));
    out.extend(all(
        "ts",
        &[json!("2026-11-23T02:30:00Z"), json!(1_795_400_000), json!("yesterday"), json!(null)],
    ));
    out.extend(all("user", &[json!("ann"), json!("-")]));
    out.extend(all(
        "request_body",
        &[json!({"user": "ann", "password": "x"}), json!("grant_type=refresh_token")],
    ));
    for (name, value) in [
        ("authorization", credentials()[2].as_str()),
        ("authorization", "Bearer short"),
        ("authorization", "Basic YWxpY2U6c2VjcmV0"),
        ("authorization", ""),
        ("Authorization", "Bearer 8xLOxBtZp8a9Qk2mV4yT8xLOxBtZp8"),
        ("user-agent", "x 8xLOxBtZp8a9Qk2mV4yT"),
        ("user-agent", "-"),
        ("User-Agent", "curl/9"),
        ("x-forwarded-for", "192.0.2.7, 10.0.0.1"),
        ("x-forwarded-for", "Bearer 8xLOxBtZp8a9Qk2mV4yT8xLOxBtZp8"),
        ("x-request-id", "basic x"),
        ("cookie", "session=8xLOxBtZp8a9Qk2mV4yT"),
        ("accept", "text/html"),
        ("origin", "https://app.example.com"),
        ("host", "api.other.example"),
    ] {
        out.push(vec![("headers", json!({name: value}))]);
    }
    // A login and what it is answered.
    for body in [json!({"id": 1}), json!({"msg": "wrong password"})] {
        out.push(vec![
            ("method", json!("POST")),
            ("path", json!("/login")),
            ("request_body", json!({"user": "ann", "password": "x"})),
            ("response_body", body),
        ]);
    }
    out
}

#[test]
fn a_line_that_departs_from_those_before_it_counts_as_its_record_does() {
    let verifier: &'static Verifier = Box::leak(Box::new(Verifier::new(Keyring::default())));
    let collector = || Collector::new(Catalogue::embedded(), verifier, None, None, false);
    let departures = departures();
    let nothing = [vec![]];
    let missing = vec![("status", json!(404)), ("response_body", json!({"error": "not_found"}))];
    for first in nothing.iter().chain([&missing]).chain(&departures) {
        let mut text = String::new();
        let mut second = 0;
        let mut write = |parts: &[&Vec<(&'static str, Value)>]| {
            let mut line = json!({
                "ts": format!("2026-11-23T02:{:02}:{:02}.5Z", second / 60, second % 60),
                "request_id": format!("32cc53a5be73b5942416f4fc3604{second:04}"),
                "method": "GET", "host": "api.example.com", "path": "/v1/orders/17", "status": 200,
                "client_ip": "192.0.2.7",
                "headers": {"authorization": credentials()[0], "user-agent": "curl/8.5.0", "accept": "*/*"},
                "response_headers": {"content-type": "application/json", "etag": second.to_string()},
                "response_body": {"id": 17, "state": "open"}, "request_body": null, "user": null,
                "msg": "request completed",
            });
            for (name, value) in parts.iter().copied().flatten() {
                match value.as_object().filter(|_| *name == "headers") {
                    Some(fields) => line[*name].as_object_mut().unwrap().extend(fields.clone()),
                    None => line[*name] = value.clone(),
                }
            }
            let _ = writeln!(text, "{line}");
            second += 1;
        };
        // The first two are read, the next teaches what its line is like, the others are only compared.
        for other in nothing.iter().chain(&departures) {
            write(&[first]);
            write(&[first]);
            write(&[first]);
            write(&[first, other]);
        }
        let folder = Folder::new();
        let inputs = Inputs::find([folder.file("api.log", text).display().to_string()]);
        let whole = ReadOptions::default();
        let quick = read(&inputs, &whole, collector, &()).harvest.tally;
        let patient = read(&inputs, &whole, || Patient(collector()), &()).harvest.tally;
        assert_eq!(quick, patient, "{first:?}");
    }
}

#[test]
fn of_many_clients_that_were_refused_some_are_kept_and_all_are_counted() {
    const LINES: u64 = 12_000;
    let mut text = String::new();
    for n in 0..LINES {
        let (a, b, status) = (n / 250, n % 250, if n % 3 == 0 { 403 } else { 401 });
        let second = n / 300;
        let _ = writeln!(
            text,
            "10.1.{a}.{b} - - [23/Nov/2026:02:29:{second:02} +0000] \"GET /v1/orders/{n} HTTP/1.1\" {status} 25 \"-\" \"curl/8.5.0\"",
        );
    }
    let folder = Folder::new();
    let path = folder.file("access.log", text);
    let inputs = Inputs::find(&[path.display().to_string()]);
    let verifier: &'static Verifier = Box::leak(Box::new(Verifier::new(Keyring::default())));
    let collector = || Collector::new(Catalogue::embedded(), verifier, None, None, false);
    let tally = |piece: usize| {
        let piece_bytes = NonZeroUsize::new(piece);
        read(&inputs, &ReadOptions { piece_bytes, ..ReadOptions::default() }, collector, &())
            .harvest
            .tally
    };
    let mut whole = tally(usize::MAX / 4);
    assert_eq!(tally(50_000), whole);
    let sent = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<crate::tally::Tally>(&sent).unwrap(), whole);
    whole.settle();
    let groups: Vec<_> = whole.groups.iter().map(|(_, group)| group).collect();
    assert_eq!(groups.iter().map(|group| group.count).sum::<u64>(), LINES);
    assert_eq!(groups.iter().map(|group| group.times.count()).sum::<u64>(), LINES);
    let nobody = groups.iter().filter(|g| g.facts.as_ref().unwrap().client.ip.is_none());
    let unkept: Vec<_> = nobody.map(|g| (g.facts.as_ref().unwrap().status, g.count)).collect();
    assert_eq!(unkept.len(), 2, "one of each status: {unkept:?}");
    assert_eq!(unkept.iter().map(|(_, count)| count).sum::<u64>(), whole.clientless);
    assert_eq!(whole.clientless, LINES - (1 << 12));
}
