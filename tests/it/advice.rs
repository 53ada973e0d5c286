//! Advice with the values of the case: what stands in the report under a cause.

use authopsy::dialect::Catalogue;
use authopsy::evidence::{Context, Source, gather};
use authopsy::input::har_entry::entry_from_value;
use authopsy::model::{CaseAdvice, Position, Record, Report};
use authopsy::report::{ReportOptions, finish};
use authopsy::tally::Tally;
use authopsy::world::{Given, World};
use serde_json::{Value, json};

use crate::story::{START, Step, at, token, token_with};

/// Reports on a story, told in this order.
fn report(steps: &[Step], given: Given) -> Report {
    let mut context = Context::new(Catalogue::embedded(), Source::new("story.har", "har"));
    let records: Vec<Record> = steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let (mut exchange, _) = entry_from_value(step.entry()).unwrap();
            exchange.position = Position { entry: Some(index as u64), ..Position::default() };
            gather(&exchange, &mut context)
        })
        .collect();
    // Records of both halves, merged the wrong way round.
    let (mut first, mut second) = (Tally::default(), Tally::default());
    for (index, record) in records.into_iter().enumerate() {
        if index % 2 == 0 { first.observe(record) } else { second.observe(record) }
    }
    second.merge(first);
    finish(&World::learn(&second, given), &ReportOptions::default())
}

fn case_of(report: &Report, cause: &str) -> Option<CaseAdvice> {
    let row = report.causes.iter().find(|row| row.id.as_str() == cause);
    let found: Vec<&str> = report.causes.iter().map(|row| row.id.as_str()).collect();
    row.unwrap_or_else(|| panic!("{cause} is not among {found:?}")).advice_case.clone()
}

/// Returns the sentence of a cause in a story.
fn said(cause: &str, steps: &[Step]) -> String {
    said_given(cause, steps, Given::default())
}

fn said_given(cause: &str, steps: &[Step], given: Given) -> String {
    case_of(&report(steps, given), cause).map_or_else(String::new, |case| case.text)
}

fn claims(more: &Value) -> String {
    let mut all = json!({"sub": "a", "iat": START - 60, "exp": START + 3540,
        "iss": "https://auth.example/", "aud": "api://orders"});
    for (name, value) in more.as_object().unwrap() {
        all[name] = value.clone();
    }
    token(all)
}

/// A good token is let in at second 0, and the bare call is refused, so that acceptance is proven.
fn accepted() -> [Step; 2] {
    let bare = at(1.0, "GET", "/v1/me").gets(401).answers("WWW-Authenticate", "Bearer");
    [at(0.0, "GET", "/v1/me").bearer(&claims(&json!({}))), bare]
}

fn after_acceptance(step: Step) -> Vec<Step> {
    accepted().into_iter().chain([step]).collect()
}

#[test]
fn an_issuer_with_another_slash_is_shown_beside_the_accepted_one() {
    let odd = claims(&json!({"iss": "https://auth.example"}));
    let steps =
        after_acceptance(at(5.0, "GET", "/v1/me").bearer(&odd).says(401, json!({"error": "iss"})));
    assert_eq!(
        said("claim.issuer_slash", &steps),
        "api.example accepts `https://auth.example/`, the token says `https://auth.example`: \
         set what the token says at the API"
    );
}

#[test]
fn an_audience_is_shown_beside_the_one_that_was_given() {
    let odd = claims(&json!({"aud": ["api://stock", "api://admin"]}));
    let steps = [at(5.0, "GET", "/v1/me").bearer(&odd).gets(401)];
    let given = Given { audiences: vec!["api://orders".into()], ..Given::default() };
    assert_eq!(
        said_given("claim.audience", &steps, given),
        "the token is for `api://stock` and `api://admin`, api.example accepts `api://orders`: \
         request a token for that audience, or add `api://stock` and `api://admin` to the list of \
         the API"
    );
}

#[test]
fn an_audience_that_nobody_knows_is_named_alone() {
    let odd = claims(&json!({"aud": "api://stock"}));
    let steps =
        [at(5.0, "GET", "/v1/me").bearer(&odd).says(401, json!({"message": "Invalid audience"}))];
    assert_eq!(
        said("claim.audience", &steps),
        "the token is for `api://stock`, and api.example does not accept that audience"
    );
}

#[test]
fn an_unknown_key_is_shown_beside_the_known_ones() {
    let with_kid = |kid: &str| {
        let header = json!({"alg": "RS256", "kid": kid});
        token_with(
            &header,
            &json!({"sub": "a", "exp": START + 3600, "iss": "https://auth.example/"}),
        )
    };
    let steps = [
        at(0.0, "GET", "/v1/me").bearer(&with_kid("2026-10")),
        at(1.0, "GET", "/v1/me").gets(401).answers("WWW-Authenticate", "Bearer"),
        at(5.0, "GET", "/v1/me")
            .bearer(&with_kid("2026-11"))
            .says(401, json!({"message": "Unable to find a signing key that matches"})),
    ];
    assert_eq!(
        said("signature.unknown_kid", &steps),
        "the token names key `2026-11` of issuer `https://auth.example/`, api.example accepts \
         `2026-10`"
    );
}

#[test]
fn a_scheme_is_shown_beside_the_one_that_the_challenge_names() {
    let step = at(5.0, "GET", "/v1/me")
        .with("Authorization", &format!("Token {}", claims(&json!({}))))
        .gets(401)
        .answers("WWW-Authenticate", "Bearer realm=\"api\"");
    assert_eq!(
        said("header.scheme_wrong", &[step]),
        "the scheme came as `Token`, api.example takes `Bearer`"
    );
}

#[test]
fn a_misspelt_name_is_shown_as_it_was_sent() {
    let step = at(5.0, "GET", "/v1/me")
        .with("Authorizaton", &format!("Bearer {}", claims(&json!({}))))
        .gets(401);
    assert_eq!(
        said("header.misspelt_name", &[step]),
        "rename `Authorizaton` to `Authorization` in the calls to api.example"
    );
}

#[test]
fn expired_tokens_are_late_by_a_span_from_the_shortest_to_the_longest() {
    let old =
        |by: i64, sub: &str| token(json!({"sub": sub, "iat": START - by - 900, "exp": START - by}));
    let refused = |second: f64, t: &str| {
        at(second, "GET", "/v1/me").bearer(t).says(401, json!({"error": "token_expired"}))
    };
    let steps = [refused(15.0, &old(60, "a")), refused(70.0, &old(7_130, "b"))];
    assert_eq!(
        said("time.expired", &steps),
        "the token reached api.example 1 m 15 s to 2 h after its `exp`, and lives 15 m"
    );
    assert_eq!(
        said("time.expired", &steps[..1]),
        "the token reached api.example 1 m 15 s after its `exp`, and lives 15 m"
    );
}

#[test]
fn a_token_without_iat_has_no_known_life() {
    let old = token(json!({"sub": "a", "exp": START - 600}));
    let steps =
        [at(0.0, "GET", "/v1/me").bearer(&old).says(401, json!({"error": "token_expired"}))];
    assert_eq!(said("time.expired", &steps), "the token reached api.example 10 m after its `exp`");
}

#[test]
fn a_clock_that_is_off_is_said_to_be_ahead_or_behind() {
    let date = |second: i64, ahead: i64| {
        let stamp = jiff::Timestamp::from_second(START + second + ahead).unwrap();
        stamp.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    };
    let live = token(json!({"sub": "a", "iat": START - 900, "exp": START + 60}));
    let mut steps: Vec<Step> = (0..6)
        .map(|n| at(f64::from(n), "GET", "/public").answers("Date", &date(i64::from(n), 120)))
        .collect();
    steps.push(
        at(10.0, "GET", "/v1/me")
            .bearer(&live)
            .says(401, json!({"error": "token_expired"}))
            .answers("Date", &date(10, 120)),
    );
    let text = said("time.clock_skew", &steps);
    assert!(text.starts_with("the clock of api.example is 2 m"), "{text}");
    assert!(text.ends_with("ahead of the capture's"), "{text}");
}

#[test]
fn a_stray_blank_is_named_with_its_field() {
    let step = at(5.0, "GET", "/v1/me")
        .with("Authorization", &format!("Bearer {}\u{200b}", claims(&json!({}))))
        .gets(401);
    assert_eq!(
        said("header.whitespace", &[step]),
        "the credential in `authorization` has an invisible character"
    );
}

#[test]
fn two_blanks_after_the_scheme_are_no_line_break() {
    let sound = claims(&json!({}));
    let call = |second: f64, blanks: &str| {
        at(second, "GET", "/v1/me").with("Authorization", &format!("Bearer{blanks}{sound}"))
    };
    let steps = [call(1.0, " "), call(5.0, "  ").gets(401)];
    assert_eq!(
        said("header.whitespace", &steps),
        "`authorization` has 2 blanks after the scheme: send exactly one"
    );
    let row = &report(&steps, Given::default()).causes[0];
    assert!(!row.advice.contains("line break"), "{}", row.advice);
}

#[test]
fn what_is_not_known_is_left_out() {
    let steps = [at(0.0, "GET", "/v1/me").unseen().says(401, json!({"error": "token_expired"}))];
    assert_eq!(case_of(&report(&steps, Given::default()), "time.expired"), None);
}

#[test]
fn the_values_of_most_exchanges_are_shown_and_of_equally_many_the_smallest() {
    let wrong = |second: f64, aud: &str| {
        at(second, "GET", "/v1/me").bearer(&claims(&json!({"aud": aud}))).gets(401)
    };
    let given = || Given { audiences: vec!["api://orders".into()], ..Given::default() };
    let steps = [wrong(1.0, "b"), wrong(2.0, "a"), wrong(3.0, "b")];
    let most = case_of(&report(&steps, given()), "claim.audience").unwrap();
    assert_eq!((most.count, &most.values["sent"][..]), (2, &["b".to_owned()][..]));
    let even = case_of(&report(&steps[..2], given()), "claim.audience").unwrap();
    assert_eq!((even.count, &even.values["sent"][..]), (1, &["a".to_owned()][..]));
    let mut back = steps.clone();
    back.reverse();
    assert_eq!(case_of(&report(&back, given()), "claim.audience").unwrap(), most);
}

/// The planted token begins as the sent one does; masking that by value first left its rest.
#[test]
fn no_value_holds_a_secret_that_came_in_its_place() {
    let secret = token(json!({"sub": "inner", "exp": START + 9}));
    let key = concat!("ghp_", "16C7e42F292c6912E7710c838347Ae178B4a");
    let given = || Given {
        issuers: vec!["https://auth.example/".into()],
        audiences: vec!["api://orders".into()],
        ..Given::default()
    };
    for planted in [secret.as_str(), key] {
        for claim in ["iss", "aud"] {
            let odd = claims(&json!({claim: planted}));
            let steps = [
                at(1.0, "GET", "/v1/me").bearer(&odd).gets(401),
                at(2.0, "GET", "/v1/me")
                    .with("Authorization", &format!("{planted} x"))
                    .gets(401)
                    .answers("WWW-Authenticate", &format!("Bearer scope=\"{planted}\"")),
                at(3.0, "GET", "/v1/me").bearer(&claims(&json!({}))).gets(403).answers(
                    "WWW-Authenticate",
                    &format!("Bearer error=\"insufficient_scope\", scope=\"{planted}\""),
                ),
            ];
            let report = report(&steps, given());
            let text: String = report
                .causes
                .iter()
                .map(|row| serde_json::to_string(&row.advice_case).unwrap())
                .collect();
            let signature = planted.rsplit('.').next().unwrap();
            assert!(!text.contains(&signature[..12]) && !text.contains("***"), "{text}");
            let all = serde_json::to_string(&report).unwrap();
            assert!(!all.contains(&signature[..12]), "{all}");
        }
    }
}

#[test]
fn only_the_scopes_that_are_lacking_are_asked_for() {
    let step = at(5.0, "GET", "/v1/me")
        .bearer(&claims(&json!({"scope": "orders:read profile"})))
        .gets(403)
        .answers(
            "WWW-Authenticate",
            "Bearer error=\"insufficient_scope\", scope=\"orders:read orders:write\"",
        );
    assert_eq!(
        said("authz.scope", &[step]),
        "api.example asks for scope `orders:write`, the token has `orders:read` and `profile`"
    );
}

#[test]
fn a_field_without_leave_is_to_be_listed() {
    let preflight = at(5.0, "OPTIONS", "/v1/me")
        .with("Origin", "https://app.example")
        .with("Access-Control-Request-Method", "GET")
        .with("Access-Control-Request-Headers", "authorization")
        .gets(204)
        .answers("Access-Control-Allow-Origin", "*")
        .answers("Access-Control-Allow-Headers", "content-type");
    assert_eq!(
        said("cors.preflight", &[preflight]),
        "list `authorization` by name in `Access-Control-Allow-Headers` of `OPTIONS api.example/v1/me`"
    );
}

#[test]
fn only_the_preflight_itself_may_pass_without_credentials() {
    let preflight = at(5.0, "OPTIONS", "/v1/me")
        .with("Origin", "https://app.example")
        .with("Access-Control-Request-Method", "PUT")
        .with("Access-Control-Request-Headers", "authorization")
        .gets(401);
    let behind = at(5.1, "PUT", "/v1/me").with("Origin", "https://app.example").gets(0);
    let case = case_of(&report(&[preflight, behind], Given::default()), "cors.preflight").unwrap();
    assert_eq!(
        case.text,
        "let `OPTIONS api.example/v1/me` pass without credentials, and no other method"
    );
}

#[test]
fn a_token_from_the_future_is_early_by_a_span() {
    let early = token(json!({"sub": "a", "nbf": START + 605, "exp": START + 3600}));
    let step = at(5.0, "GET", "/v1/me").bearer(&early).says(401, json!({"error": "not_before"}));
    assert_eq!(
        said("time.not_yet_valid", &[step]),
        "the token reached api.example 10 m before its `nbf`"
    );
}
