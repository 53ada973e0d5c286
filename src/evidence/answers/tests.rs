use proptest::prelude::*;

use super::*;
use crate::dialect;
use crate::evidence::{Context, Source, gather};
use crate::model::{At, Body, Header, Observer, Secret, Text, Time, Visibility, pseudonym};

/// What an answer is without memory, with names taken out.
fn anew(exchange: &Exchange<'_>, masker: &Masker<'_>, name: &str) -> Answer {
    let mut answer = super::super::masked(dialect::read(exchange, Catalogue::embedded()), masker);
    persons::hide(&mut answer, &[], &[], Some(name));
    answer
}

const TOKEN: &str =
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSIsImV4cCI6MTc2NzIyNjUwMH0.aW52YWxpZF90b2tlbl9mb3I";

/// Secrets that stand nowhere, in a body, in a name of one, and in another spelling.
const SECRETS: [&str; 9] = [
    TOKEN,
    "session_expired_for_alice",
    "body.error_description",
    "token expired",
    "authenticate.error",
    "no such: secret",
    "c2Vzc2lvbl9leHBpcmVkX2Zvcg",
    "pa%%w0rd+of/alice",
    "expired",
];

fn bodies() -> impl Strategy<Value = String> {
    let texts = [
        "invalid_token",
        "session_expired_for_alice",
        "token expired",
        "user alice is locked",
        "c2Vzc2lvbl9leHBpcmVkX2Zvcg",
        "expected https://api.example/ but got web",
        "Unauthorized",
        "SignatureDoesNotMatch",
        "token of alice@example.com expired",
        "exp 2026-01-01T11:00:00Z is before 2026-01-01T12:00:00Z",
        TOKEN,
    ];
    let keys = ["error", "message", "error_description", "code", "trace_id", "detail"];
    let member = (prop::sample::select(keys.to_vec()), prop::sample::select(texts.to_vec()))
        .prop_map(|(key, text)| format!("\"{key}\":\"{text}\""));
    prop::collection::vec(member, 0..3).prop_map(|members| format!("{{{}}}", members.join(",")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn an_answer_that_was_met_before_is_read_as_the_first_time(
        kinds in prop::collection::vec(
            (
                prop::sample::select(vec![200_u16, 302, 400, 401, 403, 404, 500]),
                bodies(),
                prop::sample::select(vec![
                    None,
                    Some(("www-authenticate", "Bearer error=\"invalid_token\", realm=\"api\"")),
                    Some(("www-authenticate", "Bearer realm=\"session_expired_for_alice\"")),
                    Some(("www-authenticate", "Digest nonce=\"x\", stale=true")),
                    Some(("x-amzn-errortype", "AccessDeniedException:http://x.example/")),
                    Some(("server", "kong/3")),
                    Some(("grpc-status", "16")),
                ]),
            ),
            1..4,
        ),
        sent in prop::collection::vec(
            (
                any::<prop::sample::Index>(),
                prop::collection::vec(prop::sample::select(SECRETS.to_vec()), 0..2),
                prop::sample::select(vec!["https://api.example/a", "https://x.amazonaws.com/login"]),
                prop::sample::select(vec!["alice", "api"]),
                any::<bool>(),
            ),
            1..16,
        ),
    ) {
        let mut answers = Answers::default();
        for (kind, secrets, url, name, bearer) in sent {
            let (status, body, field) = kind.get(&kinds);
            let header = |(name, value): (&'static str, &'static str)| Header {
                name: name.into(),
                value: value.into(),
            };
            let sent = bearer.then_some(("authorization", "Bearer x"));
            let exchange = Exchange {
                url: url.into(),
                status: Some(*status),
                request_headers: sent.map(header).into_iter().collect(),
                response_headers: field.map(header).into_iter().collect(),
                response_body: Body { text: Text::Plain(body.as_str().into()), ..Body::default() },
                ..Exchange::default()
            };
            let secrets: Vec<Secret> = secrets.into_iter().map(Secret::new).collect();
            let masker = Masker::new(secrets.iter().map(Secret::expose));
            let name = pseudonym(name);
            let (mut read, names) = answers.read(&exchange, Catalogue::embedded(), &masker);
            if names == Names::Possible {
                persons::hide(Arc::make_mut(&mut read), &[], &[], Some(&name));
            }
            prop_assert_eq!(&*read, &anew(&exchange, &masker, &name));
        }
    }
}

fn refused(url: &'static str, body: &'static str) -> Exchange<'static> {
    Exchange {
        url: url.into(),
        status: Some(401),
        response_body: Body { text: Text::Plain(body.into()), ..Body::default() },
        ..Exchange::default()
    }
}

fn states(answers: &Answers) -> (usize, usize, usize) {
    let count = |is: fn(&Met) -> bool| answers.met.values().filter(|met| is(met)).count();
    (
        count(|met| matches!(met, Met::Once)),
        count(|met| matches!(met, Met::Unfit)),
        count(|met| matches!(met, Met::Known(_))),
    )
}

#[test]
fn an_answer_is_remembered_when_it_is_met_again_and_nothing_in_it_was_masked() {
    let mut answers = Answers::default();
    let masker = Masker::default();
    let mut read = |body| {
        let url = "https://api.example/a";
        answers.read(&refused(url, body), Catalogue::embedded(), &masker);
        states(&answers)
    };
    assert_eq!(read(r#"{"error":"invalid_token","trace_id":"1"}"#), (1, 0, 0));
    assert_eq!(read(r#"{"error":"invalid_token","trace_id":"2"}"#), (0, 0, 1));
    assert_eq!(read(r#"{"error":"token of alice@example.com expired"}"#), (1, 0, 1));
    assert_eq!(read(r#"{"error":"token of alice@example.com expired"}"#), (0, 1, 1));
}

#[test]
fn what_depends_on_who_speaks_is_read_each_time() {
    let mut answers = Answers::default();
    let mut first = |url| {
        let exchange = refused(url, r#"{"code":"SignatureDoesNotMatch"}"#);
        let (read, _) = answers.read(&exchange, Catalogue::embedded(), &Masker::default());
        assert_eq!(*read, dialect::read(&exchange, Catalogue::embedded()), "{url}");
        read.statements.first().unwrap().dialect.clone()
    };
    let [.., third] = [(); 3].map(|()| first("https://api.example/a"));
    assert_ne!(third, first("https://x.amazonaws.com/a"));
}

#[test]
fn the_memory_is_bounded() {
    let mut answers = Answers::default();
    for n in 0..MOST * 3 {
        let body: &'static str = Box::leak(format!("{{\"error\":\"no {n}\"}}").into_boxed_str());
        answers.read(&refused("", body), Catalogue::embedded(), &Masker::default());
        assert!(answers.met.len() <= MOST);
    }
}

/// Exchanges that differ in all that a memory could mistake for one another.
fn exchanges() -> impl Strategy<Value = Exchange<'static>> {
    let url = prop::sample::select(vec![
        "https://api.example/a",
        "https://api.example/orders/session_expired_for_alice",
        "https://api.example/a?error=access_denied&state=c2Vzc2lvbl9leHBpcmVkX2Zvcg",
        "https://x.amazonaws.com/login",
        "https://idp.example/oauth/token",
        "/a",
    ]);
    let header = |(name, value): (&'static str, &'static str)| Header {
        name: name.into(),
        value: value.into(),
    };
    let sent = prop::sample::select(vec![
        (
            "authorization",
            "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSIsImV4cCI6MTc2NzIyNjUwMH0.aW52YWxpZF90b2tlbl9mb3I",
        ),
        ("authorization", "Bearer session_expired_for_alice"),
        ("authorization", "Basic YWxpY2U6dG9rZW4gZXhwaXJlZA=="),
        ("authorization", "Digest username=\"alice\", nonce=\"x\""),
        ("cookie", "sid=c2Vzc2lvbl9leHBpcmVkX2Zvcg; theme=dark"),
        ("cookie", "lang=expired"),
        ("x-api-key", "no such: secret"),
        ("accept", "application/json"),
        ("user-agent", "Mozilla/5.0"),
    ]);
    let received = prop::sample::select(vec![
        ("www-authenticate", "Bearer error=\"invalid_token\", realm=\"session_expired_for_alice\""),
        ("www-authenticate", "Digest nonce=\"x\", stale=true"),
        ("www-authenticate", "Basic realm=\"api\""),
        ("www-authenticate", "Bearer realm=\"api\""),
        ("proxy-authenticate", "Basic realm=\"api\""),
        ("set-cookie", "sid=; Max-Age=0"),
        ("set-cookie", "sid=session_expired_for_alice"),
        ("server", "kong/3"),
        ("x-amzn-errortype", "AccessDeniedException:http://x.example/"),
        ("grpc-status", "16"),
        ("location", "https://idp.example/login?error=login_required"),
        ("content-type", "text/html"),
        ("date", "Thu, 01 Jan 2026 12:00:00 GMT"),
    ]);
    let request = (
        prop::sample::select(vec!["GET", "POST", "OPTIONS"]),
        url,
        prop::collection::vec(sent, 0..3),
        prop::sample::select(vec![None, Some("alice"), Some("api")]),
    );
    let answer = (
        prop::sample::select(vec![None, Some(200), Some(302), Some(400), Some(401), Some(403)]),
        prop::sample::select(vec![None, Some("Unauthorized"), Some("Token Expired")]),
        prop::collection::vec(received, 0..3),
        prop::option::of(bodies()),
        prop::option::of(prop::sample::select(vec!["invalid_token", "session_expired_for_alice"])),
    );
    let seen = (
        prop::sample::select(vec![Observer::Client, Observer::Gateway, Observer::Idp]),
        prop::sample::select(vec!["", "combined", "envoy"]),
        prop::sample::select(vec![Visibility::Full, Visibility::Partial, Visibility::None]),
        prop::sample::select(vec![None, Some(1_767_268_800), Some(1_767_226_400)]),
    );
    (request, answer, seen).prop_map(
        move |(
            (method, url, sent, user),
            (status, status_text, received, body, reason),
            (observer, format, visibility, time),
        )| Exchange {
            method: Some(method.into()),
            url: url.into(),
            request_headers: sent.into_iter().map(header).collect(),
            request_visibility: visibility,
            response_visibility: visibility,
            user: user.map(Into::into),
            status,
            status_text: status_text.map(Into::into),
            response_headers: received.into_iter().map(header).collect(),
            response_body: Body {
                text: body.map_or(Text::Absent, |body| Text::Plain(body.into())),
                ..Body::default()
            },
            reasons: reason
                .map(|reason| ("err.message".into(), reason.into()))
                .into_iter()
                .collect(),
            observer,
            format,
            time: time.map(|seconds: i64| Time {
                at: At(seconds * 1_000_000_000),
                digits: 0,
                zone_assumed: false,
            }),
            ..Exchange::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    /// Each exchange comes thrice among others, so that all its parts are remembered, with the answer of one
    /// to the request of another between.
    #[test]
    fn what_was_met_before_changes_no_record(
        kinds in prop::collection::vec(exchanges(), 1..4),
        order in prop::collection::vec((0_usize..4, 0_usize..4), 3..20),
    ) {
        let source = Source::new("a.har", "har");
        let mut context = Context::new(Catalogue::embedded(), source.clone());
        for (request, answer) in order {
            let (request, answer) = (&kinds[request % kinds.len()], &kinds[answer % kinds.len()]);
            let exchange = Exchange {
                status: answer.status,
                status_text: answer.status_text.clone(),
                response_headers: answer.response_headers.clone(),
                response_body: answer.response_body.clone(),
                reasons: answer.reasons.clone(),
                ..request.clone()
            };
            let found = gather(&exchange, &mut context);
            let expected = gather(&exchange, &mut Context::new(Catalogue::embedded(), source.clone()));
            prop_assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{:?}", exchange);
        }
    }
}
