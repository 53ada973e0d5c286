//! The clock on which a token is judged: each bar on its second, one before and one after.

use authopsy::model::{At, Judgement, Observer, Seconds};
use authopsy::world::Given;
use serde_json::{Value, json};

use crate::forge::http_date;
use crate::program::{Folder, verdict};
use crate::story::{START, Step, at, judged, judged_given, token, told, verdicts};

/// `second` seconds into the story as RFC 3339.
fn shown(second: i64) -> String {
    At::from_secs(START + second).to_string()
}

/// Four open calls before the story, whose `Date` shows a clock that is `ahead`.
fn measured(ahead: i64) -> Vec<Step> {
    (0..4)
        .map(|n| {
            let second = n - 20;
            let date = http_date((START + second + ahead) * 1000);
            // The answer comes 20 ms later, in the middle of the second that `Date` cuts.
            at(second as f64 + 0.48, "GET", "/health").answers("Date", &date)
        })
        .collect()
}

/// An issue of `token` at another host, answered at `second`.
fn issue(second: f64, token: &str, expires_in: Option<i64>) -> Step {
    let mut body = json!({"access_token": token, "token_type": "Bearer"});
    if let Some(life) = expires_in {
        body["expires_in"] = json!(life);
    }
    at(second, "POST", "https://login.example/oauth/token")
        .form("grant_type=client_credentials&client_id=shop")
        .says(200, body)
}

fn expired() -> Value {
    json!({"error": "token_expired"})
}

fn early() -> Value {
    json!({"error": "invalid_token", "error_description": "token is not yet valid"})
}

fn leeway(secs: f64) -> Given {
    Given { leeway: Some(Seconds(secs)), ..Given::default() }
}

/// Says of the last exchange `cause confidence`, its other defects in brackets.
fn last(judgements: &[Judgement]) -> String {
    let last = judgements.last().unwrap();
    let root = last.root.as_ref().unwrap();
    let also: Vec<&str> = last.also.iter().map(|f| f.cause.as_str()).collect();
    let also = if also.is_empty() { String::new() } else { format!(" [{}]", also.join(" ")) };
    format!("{} {}{also}", root.cause, root.confidence)
}

fn facts(judgements: &[Judgement]) -> String {
    let root = judgements.last().unwrap().root.as_ref().unwrap();
    root.evidence.iter().map(|e| e.fact.as_str()).collect::<Vec<_>>().join("\n")
}

/// Judges one refused call at `second` with these claims, after the steps of `before`.
fn one(before: Vec<Step>, claims: Value, second: f64, says: Value) -> Vec<Judgement> {
    let mut steps = before;
    steps.push(at(second, "GET", "/v1/me").bearer(&token(claims)).says(401, says));
    judged(&steps)
}

// exp

#[test]
fn at_exp_the_token_is_over_and_a_second_before_it_lives() {
    // RFC 7519, section 4.1.4: "on or after".
    for (second, late) in [(28.0, "4 s"), (29.0, ""), (30.0, "0 s"), (31.0, "1 s")] {
        let claims = json!({"sub": "a", "iat": START - 3600, "exp": START + 30});
        let told = one(Vec::new(), claims, second, expired());
        let proven = facts(&told).contains("`exp` passed");
        assert_eq!(proven, second >= 30.0, "{second}: {}", facts(&told));
        if proven {
            assert!(facts(&told).contains(late), "{}", facts(&told));
            assert_eq!(last(&told), "time.expired proven", "{second}");
        }
    }
}

#[test]
fn a_millisecond_before_exp_is_before_it() {
    for (second, over) in [(29.999, false), (30.0, true), (30.001, true)] {
        let claims = json!({"sub": "a", "iat": START - 3600, "exp": START + 30});
        let told = one(Vec::new(), claims, second, expired());
        assert_eq!(facts(&told).contains("`exp` passed"), over, "{second}");
    }
    let claims = json!({"sub": "a", "iat": START - 3600, "exp": START as f64 + 30.5});
    let told = one(Vec::new(), claims.clone(), 30.4, expired());
    assert!(!facts(&told).contains("`exp` passed"), "{}", facts(&told));
    let told = one(Vec::new(), claims, 30.5, expired());
    assert!(facts(&told).contains("`exp` passed"), "{}", facts(&told));
}

#[test]
fn a_token_that_ends_in_a_second_is_expired_for_a_server_that_says_so_but_one_with_a_minute_is_not()
{
    for (second, cause) in [(29.0, "time.expired stated"), (28.0, "time.expired stated")] {
        let claims = json!({"sub": "a", "iat": START - 3600, "exp": START + 30});
        assert_eq!(last(&one(Vec::new(), claims, second, expired())), cause);
    }
    let claims = json!({"sub": "a", "iat": START - 3600, "exp": START + 90});
    assert_eq!(last(&one(Vec::new(), claims, 30.0, expired())), "time.expired suspected");
}

#[test]
fn a_given_leeway_moves_the_end_by_its_seconds_and_not_one_more() {
    for (second, cause) in
        [(89.0, "unknown suspected [time.expired]"), (90.0, "time.expired inferred")]
    {
        let claims = json!({"sub": "a", "iat": START - 3600, "exp": START + 30});
        let step = at(second, "GET", "/v1/me").bearer(&token(claims)).gets(401);
        assert_eq!(last(&judged_given(&leeway(60.0), None, &[step])), cause, "{second}");
    }
}

#[test]
fn a_leeway_is_learned_from_late_uses_that_were_let_in() {
    // The host let in a token 45 s after its end, at an endpoint that refuses others.
    let lenient = |refused_after: f64| {
        let old = token(json!({"sub": "a", "iat": START - 3600, "exp": START + 30, "aud": "api"}));
        let other =
            token(json!({"sub": "b", "iat": START - 3600, "exp": START + 200, "aud": "api"}));
        judged(&[
            at(75.0, "GET", "/v1/me").bearer(&old),
            at(80.0, "GET", "/v1/me").gets(401),
            at(200.0 + refused_after, "GET", "/v1/me").bearer(&other).gets(401),
        ])
    };
    for (late, cause) in [
        (44.0, "unknown suspected [time.expired]"),
        (45.0, "unknown suspected [time.expired]"),
        (46.0, "time.expired inferred"),
    ] {
        assert_eq!(last(&lenient(late)), cause, "{late}");
    }
}

#[test]
fn a_clock_that_is_two_minutes_ahead_ends_tokens_two_minutes_early() {
    // By the host's clock the end is reached 120.0 s before the capture's; `Date` is known to ±0.5 s.
    for (exp, cause) in [
        (150, "time.clock_skew inferred"),
        (149, "time.clock_skew inferred"),
        (180, "time.expired suspected"),
    ] {
        let claims = json!({"sub": "a", "iat": START - 3600, "exp": START + exp});
        let told = one(measured(120), claims, 30.5, expired());
        assert_eq!(last(&told), cause, "{exp}: {}", facts(&told));
    }
}

#[test]
fn a_skew_is_told_with_its_numbers() {
    let claims = json!({"sub": "a", "iat": START - 3600, "exp": START + 100});
    let told = one(measured(120), claims, 30.0, expired());
    insta::assert_snapshot!(facts(&told), @r"
    `exp` lies 1 m 10 s ahead by the capture's clock
    the clock of api.example is 2 m ahead of the capture's (±0.5 s, 4 answers)
    the server says `token_expired`
    ");
}

#[test]
fn a_token_that_lived_its_life_on_both_servers_is_expired_though_the_client_is_slow() {
    // Issuer and host agree, the recorder is two minutes behind both.
    let t = token(json!({"sub": "a", "iat": START + 120, "exp": START + 420}));
    let mut steps = measured(120);
    steps.push(issue(0.0, &t, Some(300)));
    steps.push(at(1.0, "GET", "/v1/me").bearer(&t));
    steps.push(at(310.0, "GET", "/v1/me").bearer(&t).says(401, expired()));
    let told = judged(&steps);
    assert_eq!(last(&told), "time.expired_cached proven");
    assert!(facts(&told).contains("by the capture's clock it lies 1 m 50 s ahead"));
    // The issuer goes with the recorder: the host alone is fast.
    let t = token(json!({"sub": "a", "iat": START, "exp": START + 400}));
    let mut steps = measured(120);
    steps.push(issue(0.0, &t, Some(400)));
    steps.push(at(1.0, "GET", "/v1/me").bearer(&t));
    steps.push(at(310.0, "GET", "/v1/me").bearer(&t).says(401, expired()));
    let told = judged(&steps);
    assert_eq!(last(&told), "time.clock_skew inferred");
    insta::assert_snapshot!(facts(&told), @r"
    `exp` lies 1 m 30 s ahead by the capture's clock
    the clock of api.example is 2 m ahead of the capture's (±0.5 s, 4 answers)
    the clock of issuer `login.example` agrees with the capture's (±0.5 s, 1 token), so 2 m behind the verifier's
    the server says `token_expired`
    ");
}

#[test]
fn a_fresh_token_that_is_over_on_arrival_has_an_issuer_that_is_behind() {
    let t = token(json!({"sub": "a", "iat": START - 400, "exp": START - 100}));
    let mut steps = measured(0);
    steps.push(issue(0.0, &t, Some(300)));
    steps.push(at(1.0, "GET", "/v1/me").bearer(&t).says(401, expired()));
    let told = judged(&steps);
    assert_eq!(last(&told), "time.clock_skew inferred");
    insta::assert_snapshot!(facts(&told), @r"
    the token was expired when it was issued
    the clock of api.example agrees with the capture's (±0.5 s, 4 answers)
    the clock of issuer `login.example` is 6 m 40 s behind the capture's (±0.5 s, 1 token), so 6 m 40 s behind the verifier's
    the server says `token_expired`
    ");
    // The look-alike: the same token kept from before, never seen at its issue.
    let claims = json!({"sub": "a", "iat": START - 400, "exp": START - 100});
    assert_eq!(last(&one(measured(0), claims, 1.0, expired())), "time.expired proven");
}

#[test]
fn a_token_that_was_set_back_on_purpose_shows_no_slow_issuer() {
    // `iat` five minutes back, but `exp` is `expires_in` from now.
    let t = token(json!({"sub": "a", "iat": START - 300, "nbf": START - 300, "exp": START + 3600}));
    let mut steps = measured(0);
    steps.push(issue(0.0, &t, Some(3600)));
    steps.push(at(3700.0, "GET", "/v1/me").bearer(&t).says(401, expired()));
    assert_eq!(last(&judged(&steps)), "time.expired proven");
}

#[test]
fn two_dates_are_too_few_and_stale_ones_are_none() {
    let claims = || json!({"sub": "a", "iat": START - 3600, "exp": START + 100});
    let few: Vec<Step> = measured(120).into_iter().take(2).collect();
    assert_eq!(last(&one(few, claims(), 30.0, expired())), "time.expired suspected");
    for (name, value) in [("Age", "7"), ("X-Cache", "HIT"), ("Cache-Status", "edge; hit")] {
        let stale = measured(120).into_iter().map(|step| step.answers(name, value)).collect();
        assert_eq!(last(&one(stale, claims(), 30.0, expired())), "time.expired suspected");
    }
    let unchanged = measured(120).into_iter().map(|step| step.gets(304)).collect();
    assert_eq!(last(&one(unchanged, claims(), 30.0, expired())), "time.expired suspected");
    let fresh = measured(120).into_iter().map(|step| step.answers("Age", "0")).collect();
    assert_eq!(last(&one(fresh, claims(), 30.0, expired())), "time.clock_skew inferred");
}

#[test]
fn dates_that_scatter_are_no_clock() {
    let dates = [0, 300, -300, 120, 40, 200].iter().enumerate().map(|(n, ahead)| {
        let second = n as i64 - 20;
        at(second as f64, "GET", "/health")
            .answers("Date", &http_date((START + second + ahead) * 1000))
    });
    let claims = json!({"sub": "a", "iat": START - 3600, "exp": START + 100});
    assert_eq!(last(&one(dates.collect(), claims, 30.0, expired())), "time.expired suspected");
}

#[test]
fn in_a_servers_log_the_clock_is_the_servers_own() {
    let t = token(json!({"sub": "a", "iat": START - 3600, "exp": START + 100}));
    let mut steps = measured(120);
    steps.push(at(30.0, "GET", "/v1/me").bearer(&t).says(401, expired()));
    let told = judged_given(&Given::default(), Some(Observer::Gateway), &steps);
    assert_eq!(last(&told), "time.expired suspected");
    assert_eq!(told.last().unwrap().skew, None);
}

// nbf and iat

#[test]
fn at_nbf_the_token_has_begun_and_a_second_before_it_has_not() {
    for (second, cause) in [
        (20.0, "time.not_yet_valid proven"),
        (29.0, "time.not_yet_valid proven"),
        (29.999, "time.not_yet_valid proven"),
    ] {
        let claims = json!({"sub": "a", "nbf": START + 30, "exp": START + 3600});
        assert_eq!(last(&one(Vec::new(), claims, second, early())), cause, "{second}");
    }
    // It has begun: clocks of a second explain the server's word, those of a minute do not.
    for (second, cause) in [
        (30.0, "time.clock_skew inferred"),
        (31.0, "time.clock_skew inferred"),
        (90.0, "time.not_yet_valid suspected"),
    ] {
        let claims = json!({"sub": "a", "nbf": START + 30, "exp": START + 3600});
        assert_eq!(last(&one(Vec::new(), claims, second, early())), cause, "{second}");
    }
}

#[test]
fn a_silent_refusal_before_nbf_is_inferred_and_before_iat_only_suspected() {
    let call = |claims: Value, second: f64| {
        judged(&[at(second, "GET", "/v1/me").bearer(&token(claims)).gets(401)])
    };
    let nbf = json!({"sub": "a", "nbf": START + 30, "exp": START + 3600});
    assert_eq!(last(&call(nbf.clone(), 29.0)), "time.not_yet_valid inferred");
    assert!(!last(&call(nbf, 30.0)).contains("time."), "at nbf");
    let iat = json!({"sub": "a", "iat": START + 30, "exp": START + 3600});
    assert_eq!(last(&call(iat.clone(), 29.0)), "time.not_yet_valid suspected");
    assert!(!last(&call(iat, 30.0)).contains("time."), "at iat");
}

#[test]
fn a_given_leeway_lets_a_token_in_that_many_seconds_early_and_not_one_more() {
    for (second, early) in [(-31.0, true), (-30.0, false), (-29.0, false)] {
        let claims = json!({"sub": "a", "nbf": START + 30, "exp": START + 3600});
        let step = at(second, "GET", "/v1/me").bearer(&token(claims)).gets(401);
        let told = last(&judged_given(&leeway(60.0), None, &[step]));
        assert_eq!(told == "time.not_yet_valid inferred", early, "{second}: {told}");
    }
}

#[test]
fn an_issuer_that_is_ahead_of_the_host_explains_tokens_from_the_future() {
    // 40 s ahead, as measured at the issue; the token is used a second later.
    let call = |nbf: i64| {
        let t =
            token(json!({"iss": "https://login.example", "iat": START + 40, "nbf": START + nbf,
                             "exp": START + 3640}));
        let mut steps = measured(0);
        steps.push(issue(0.0, &t, Some(3600)));
        steps.push(at(1.0, "GET", "/v1/me").bearer(&t).says(401, early()));
        judged(&steps)
    };
    let told = call(40);
    assert_eq!(last(&told), "time.clock_skew inferred");
    insta::assert_snapshot!(facts(&told), @r"
    `nbf` lies 39 s after the request by the host's clock
    the clock of api.example agrees with the capture's (±0.5 s, 4 answers)
    the clock of issuer `https://login.example` is 41 s ahead of the capture's (±0.5 s, 1 token), so 41 s ahead of the verifier's
    the server says `token is not yet valid`
    ");
    // The look-alike: made for a later start, by more than the clocks explain.
    assert_eq!(last(&call(600)), "time.not_yet_valid proven");
}

#[test]
fn a_host_that_is_behind_calls_tokens_early() {
    for (iat, cause) in [(-60, "time.clock_skew inferred"), (-200, "time.not_yet_valid suspected")]
    {
        let claims = json!({"sub": "a", "iat": START + iat, "exp": START + 3600});
        let told = one(measured(-120), claims, 0.0, early());
        assert_eq!(last(&told), cause, "{iat}: {}", facts(&told));
    }
}

// What the server prints

#[test]
fn the_time_that_the_server_prints_shows_its_clock() {
    let says = |now: i64| {
        json!({"message": format!(
            "JWT expired at {}. Current time: {}, a difference of 20000 milliseconds.",
            shown(100), shown(now),
        )})
    };
    let claims = || json!({"sub": "a", "iat": START - 3600, "exp": START + 100});
    let told = one(measured(0), claims(), 30.0, says(120));
    assert_eq!(last(&told), "time.clock_skew inferred");
    insta::assert_snapshot!(facts(&told), @r"
    `exp` lies 1 m 10 s after the request
    the server says `JWT expired at 2026-01-01T10:01:40Z. Current time: 2026-01-01T10:02:00Z, a difference of 20000 milliseconds.`
    the time that the server prints is about 1 m ahead of the capture's clock
    ");
    // The look-alike: it prints the same time as the capture's, and still says expired.
    let told = one(measured(0), claims(), 30.0, says(30));
    assert_eq!(last(&told), "time.expired suspected");
}

#[test]
fn another_end_than_the_tokens_shows_that_another_token_was_judged() {
    let claims = || json!({"sub": "a", "iat": START - 3600, "exp": START + 600});
    let body = |end: i64| json!({"message": format!("Jwt expired at {}", shown(end))});
    let told = one(Vec::new(), claims(), 30.0, body(-90));
    assert_eq!(last(&told), "time.expired suspected");
    assert_eq!(told.last().unwrap().agrees, "contradicts");
    assert!(facts(&told).contains("it judged another token"), "{}", facts(&told));
    // Two seconds are rounding, not another token.
    for end in [598, 600, 602] {
        let told = one(Vec::new(), claims(), 30.0, body(end));
        assert!(!facts(&told).contains("another token"), "{end}: {}", facts(&told));
    }
    let told = one(Vec::new(), claims(), 30.0, body(603));
    assert!(facts(&told).contains("another token"), "{}", facts(&told));
}

#[test]
fn a_span_that_does_not_fit_the_token_is_told() {
    let says = |span: &str| json!({"message": format!("token is expired by {span}")});
    let claims = json!({"sub": "a", "iat": START - 3600, "exp": START + 600});
    let told = one(measured(0), claims, 0.0, says("5m0s"));
    assert!(facts(&told).contains("needs a clock 15 m ahead"), "{}", facts(&told));
    // The look-alike: the span is what the token's `exp` says.
    let claims = json!({"sub": "a", "iat": START - 3600, "exp": START - 300});
    let told = one(measured(0), claims, 0.0, says("5m0s"));
    assert!(!facts(&told).contains("needs a clock"), "{}", facts(&told));
    assert_eq!(last(&told), "time.expired proven");
}

#[test]
fn a_signed_request_is_told_by_how_much_its_clock_is_off() {
    let xml = format!(
        "<Error><Code>RequestTimeTooSkewed</Code><Message>The difference between the request time and the current time is too large.</Message><RequestTime>20260101T100000Z</RequestTime><ServerTime>{}</ServerTime></Error>",
        shown(1200),
    );
    let signed = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
    let steps = [at(0.48, "GET", "https://shop.s3.amazonaws.com/report.csv")
        .with("Authorization", signed)
        .with("x-amz-date", "20260101T100000Z")
        .answers("x-amz-request-id", "4442587FB7D0A2F9")
        .shows(403, "application/xml", &xml)];
    let told = judged(&steps);
    assert!(last(&told).starts_with("sigv4.skew stated"), "{}", last(&told));
    assert!(facts(&told).contains("is 20 m ahead of the capture's"), "{}", facts(&told));
}

#[test]
fn two_captures_have_two_clocks() {
    // One recorder is right, the other is two minutes slow: neither is corrected by the other's.
    let t = token(json!({"sub": "a", "iat": START - 3600, "exp": START + 100}));
    let slow = measured(120);
    let own: Vec<Judgement> = crate::story::judged_together(&[
        ("slow.har", slow),
        (
            "right.har",
            measured(0)
                .into_iter()
                .chain([at(30.0, "GET", "/v1/me").bearer(&t).says(401, expired())])
                .collect(),
        ),
    ]);
    assert_eq!(last(&own), "time.expired suspected");
    assert!(own.last().unwrap().skew.is_some_and(|s| s.0.abs() < 1.0));
}

// Units and kinds

#[test]
fn an_end_in_another_unit_or_kind_is_named_for_what_it_is() {
    let exp = START + 3600;
    for (value, cause) in [
        (json!(exp * 1_000), "time.unit_milliseconds proven"),
        (json!(exp * 1_000_000), "time.unit_milliseconds"),
        (json!(i128::from(exp) * 1_000_000_000), "time.unit_milliseconds"),
        (json!(exp.to_string()), "time.wrong_type proven"),
        (json!(exp as f64 + 0.25), "time.expired suspected"),
        (json!(0), "time.expired proven"),
        (json!(-1), "time.expired proven"),
    ] {
        let claims = json!({"sub": "a", "iat": START - 60, "exp": value});
        let told = last(&one(Vec::new(), claims, 0.0, expired()));
        assert!(told.starts_with(cause), "{value}: {told}");
    }
}

#[test]
fn a_start_in_another_unit_or_kind_is_named_for_what_it_is() {
    let nbf = START - 60;
    for (value, cause) in [
        (json!(nbf * 1_000), "time.unit_milliseconds proven"),
        (json!(nbf * 1_000_000), "time.unit_milliseconds proven"),
        (json!(i128::from(nbf) * 1_000_000_000), "time.unit_milliseconds proven"),
        (json!(nbf.to_string()), "time.wrong_type proven"),
        (json!(nbf as f64 + 0.25), "time.not_yet_valid suspected"),
        (json!(0), "time.not_yet_valid suspected"),
        (json!(-1), "time.not_yet_valid suspected"),
    ] {
        let claims = json!({"sub": "a", "nbf": value, "exp": START + 3600});
        let told = last(&one(Vec::new(), claims, 0.0, early()));
        assert!(told.starts_with(cause), "{value}: {told}");
    }
}

#[test]
fn nothing_of_clocks_blames_what_was_let_in() {
    let t = token(json!({"sub": "a", "iat": START + 40, "nbf": START + 40, "exp": START + 41}));
    let mut steps = measured(500);
    steps.push(issue(0.0, &t, None));
    steps.push(at(1.0, "GET", "/v1/me").bearer(&t));
    let told = verdicts(&judged(&steps));
    assert!(told.lines().all(|line| line == "ok"), "{told}");
}

#[test]
fn a_partial_without_clocks_is_still_read() {
    let mut old = serde_json::to_value(authopsy::tally::Tally::default()).unwrap();
    assert!(old.as_object_mut().unwrap().remove("offsets").is_some());
    let read: authopsy::tally::Tally = serde_json::from_value(old).unwrap();
    assert_eq!(read, authopsy::tally::Tally::default());
}

#[test]
fn printed_times_and_issues_are_the_same_in_any_order() {
    let mut steps = measured(30);
    for n in 0..4 {
        let t = token(json!({"iss": "https://login.example", "jti": n, "iat": START + 20 + n,
                             "exp": START + 3620}));
        steps.push(issue(n as f64, &t, None));
        steps.push(issue(n as f64 + 9.0, &t, None));
    }
    let claims = json!({"sub": "a", "iat": START - 3600, "exp": START + 20});
    let body =
        json!({"message": format!("JWT expired at {}. Current time: {}", shown(20), shown(61))});
    steps.push(at(30.5, "GET", "/v1/me").bearer(&token(claims)).says(401, body));
    let whole = crate::story::tallied(&steps, steps.len());
    for cut in 0..steps.len() {
        assert_eq!(crate::story::tallied(&steps, cut), whole, "{cut}");
    }
    let world = authopsy::world::World::learn(&whole, Given::default());
    let issuer = world.issuer_skews().get("https://login.example").unwrap();
    // A token that was handed out twice counts once, at its first time.
    assert_eq!((issuer.samples, issuer.median.0), (4, 20.5));
}

#[test]
fn a_token_made_seconds_ahead_is_a_clock_that_is_off_where_the_server_says_so() {
    let story = |iat: i64, said: &str| {
        let t = token(json!({"sub": "a", "iat": START + iat, "exp": START + 3600}));
        told(&[at(0.0, "GET", "/a").bearer(&t).says(401, json!({"message": said}))])
    };
    let skew = "Token used before issued, check for clock skew";
    let check = "Token used before issued, check your clock";
    assert_eq!(story(4, check), "failure time.clock_skew stated");
    assert_eq!(story(4, skew), "failure time.clock_skew stated");
    assert_eq!(story(300, skew), "failure time.clock_skew stated");
    // The server speaks of the token alone, or no clock is off by so much.
    assert_eq!(story(4, "Token is not yet valid"), "failure time.not_yet_valid inferred");
    assert_eq!(story(7200, "Token is not yet valid"), "failure time.not_yet_valid proven");
}

#[test]
fn a_time_without_a_zone_proves_no_expiry_that_another_zone_would_undo() {
    let folder = Folder::new("zoneless");
    let judged = |time: &str, ends: i64, says: &str| {
        let token = token(json!({"sub": "a", "iat": ends - 3600, "exp": ends}));
        let line = json!({
            "time": time, "method": "GET", "url": "https://api.example/v1/me", "status": 401,
            "headers": {"host": "api.example", "user-agent": "shop/1", "authorization": format!("Bearer {token}")},
            "response_body": says,
        });
        folder.write("app.log", line.to_string());
        let lines = folder.lines(&["app.log"]);
        verdict(&lines[0])
    };
    let hours = |n: i64| START - n * 3600;
    let (local, utc) = ("2026-01-01 10:00:00", "2026-01-01T10:00:00Z");
    assert_eq!(judged(utc, hours(2), ""), "failure time.expired proven");
    assert_eq!(judged(local, hours(2), ""), "failure time.expired inferred");
    assert_eq!(judged(local, hours(14), ""), "failure time.expired inferred");
    // No zone is that far, and what the server says needs no clock.
    assert_eq!(judged(local, hours(15), ""), "failure time.expired proven");
    assert_eq!(
        judged(local, hours(2), r#"{"error":"jwt expired"}"#),
        "failure time.expired proven"
    );
}

#[test]
fn an_end_that_another_zone_would_undo_is_no_step() {
    let folder = Folder::new("zoneless-step");
    let token = |ends: i64| token(json!({"sub": "a", "iat": ends - 3600, "exp": ends}));
    let line = |time: &str, status: u16, token: &str| {
        json!({
            "time": time, "method": "GET", "url": "https://api.example/v1/me", "status": status, "ip": "10.0.0.1",
            "headers": {"host": "api.example", "user-agent": "shop/1", "authorization": format!("Bearer {token}")},
        })
        .to_string()
    };
    let (old, new) = (token(START - 60), token(START + 3600));
    for (zone, expected) in
        [("Z", "expected time.expired_recovered inferred"), ("", "failure time.expired inferred")]
    {
        let (first, second) =
            (format!("2026-01-01T10:00:00{zone}"), format!("2026-01-01T10:00:05{zone}"));
        folder.write("app.log", [line(&first, 401, &old), line(&second, 200, &new)].join("\n"));
        assert_eq!(verdict(&folder.lines(&["app.log"])[0]), expected, "{zone}");
    }
}
