//! What only several exchanges together tell, each beside its nearest look-alike.

use serde_json::{Value, json};

use crate::story::{START, Step, at, judged, token, token_with, told};

const R1: &str = "r1Kq8Zb2Lx7Vn4Tc9Wd3Pf6Hj5Sg0Ay1Bu";
const R2: &str = "r2Mw5Yc8Ne1Qa7Xk3Vt6Zs9Lb4Gh0Dj2Fp";

/// A token of `sub` that ends so many seconds into the story.
fn until(sub: &str, second: i64) -> String {
    token(json!({"sub": sub, "iat": START - 3600, "exp": START + second, "aud": "api"}))
}

fn fresh(sub: &str) -> String {
    until(sub, 7200)
}

fn refresh(second: f64, with: &str) -> Step {
    at(second, "POST", "/oauth/token")
        .form(&format!("grant_type=refresh_token&refresh_token={with}"))
}

fn refused(second: f64, with: &str) -> Step {
    refresh(second, with).says(400, json!({"error": "invalid_grant"}))
}

fn granted(access: &str, refresh: &str) -> Value {
    json!({"access_token": access, "token_type": "Bearer", "refresh_token": refresh})
}

fn me(second: f64, token: &str) -> Step {
    at(second, "GET", "/me").bearer(token)
}

#[test]
fn a_refresh_token_sent_twice_within_milliseconds_ends_its_family() {
    let new = fresh("a");
    let steps = [
        refresh(40.0, R1).says(200, granted(&new, R2)),
        refused(40.013, R1),
        me(41.0, &new).gets(401),
        refused(43.0, R2),
    ];
    assert_eq!(
        told(&steps),
        "ok | failure oauth.refresh_reuse inferred | failure state.revoked inferred \
         | failure oauth.refresh_reuse inferred"
    );
}

#[test]
fn the_request_that_started_first_may_lose_the_race() {
    let new = fresh("a");
    let race =
        |gap: f64| told(&[refused(40.0, R1), refresh(40.0 + gap, R1).says(200, granted(&new, R2))]);
    assert_eq!(race(0.013), "failure oauth.refresh_reuse inferred | ok");
    // Eleven seconds later nothing was side by side.
    assert_eq!(race(11.0), "failure oauth.refresh_refused stated | ok");
}

#[test]
fn a_refresh_token_that_does_not_rotate_is_not_reused() {
    let steps =
        [refresh(40.0, R1).says(200, json!({"access_token": fresh("a")})), refused(400.0, R1)];
    assert_eq!(told(&steps), "ok | failure oauth.refresh_refused stated");
    // Refused both times: nothing was exchanged.
    let steps = [refused(40.0, R1), refused(40.013, R1)];
    assert_eq!(
        told(&steps),
        "failure oauth.refresh_refused stated | failure oauth.refresh_refused stated"
    );
}

#[test]
fn an_opaque_refresh_belongs_to_the_only_user_whose_token_is_over() {
    let (old, other) = (until("a", 30), fresh("b"));
    let steps = [me(0.0, &old), me(1.0, &other), refused(40.0, R1), me(50.0, &old).gets(401)];
    assert_eq!(
        told(&steps),
        "ok | ok | failure oauth.refresh_refused stated | failure time.refresh_refused inferred"
    );
    // Two whose tokens are over: whose it was does not show.
    let both = until("b", 31);
    let steps = [me(0.0, &old), me(1.0, &both), refused(40.0, R1), me(50.0, &old).gets(401)];
    assert_eq!(
        told(&steps),
        "ok | ok | failure oauth.refresh_refused stated | failure time.expired_cached proven"
    );
}

#[test]
fn a_session_cookie_tells_whose_an_opaque_refresh_is() {
    let (a, b) = ("sessionid=abcdefabcdefabcdefabcdef01", "sessionid=zbcdefabcdefabcdefabcdef02");
    let (old, both) = (until("a", 30), until("b", 31));
    let steps = |cookie: &str| {
        told(&[
            me(0.0, &old).with("Cookie", a),
            me(1.0, &both).with("Cookie", b),
            refused(40.0, R1).with("Cookie", cookie),
            me(50.0, &old).with("Cookie", a).gets(401),
            me(51.0, &both).with("Cookie", b).gets(401),
        ])
    };
    let before = "ok | ok | failure oauth.refresh_refused stated | ";
    assert_eq!(
        steps(a),
        format!("{before}failure time.refresh_refused proven | failure time.expired_cached proven")
    );
    assert_eq!(
        steps(b),
        format!("{before}failure time.expired_cached proven | failure time.refresh_refused proven")
    );
}

#[test]
fn a_refresh_token_issued_with_a_users_token_is_his() {
    let (old, both) = (until("a", 30), until("b", 31));
    let steps = [
        refresh(0.0, R1).says(200, granted(&old, R2)),
        me(1.0, &old),
        me(1.5, &both),
        refused(40.0, R2),
        me(50.0, &old).gets(401),
    ];
    assert_eq!(
        told(&steps),
        "ok | ok | ok | failure oauth.refresh_refused stated | failure time.refresh_refused proven"
    );
}

#[test]
fn what_ends_a_session_makes_a_revocation_surer() {
    let t = fresh("a");
    let after = |step: Step| {
        let steps = [at(0.0, "GET", "/me").gets(401), me(1.0, &t), step, me(10.0, &t).gets(401)];
        told(&steps).rsplit(" | ").next().unwrap().to_owned()
    };
    let sure = "failure state.revoked inferred";
    let doubt = "failure state.revoked suspected";
    let words = json!({"old_password": "hunter2hunter2", "new_password": "hunter3hunter3"});
    assert_eq!(after(at(5.0, "POST", "/logout").bearer(&t)), sure);
    assert_eq!(after(at(5.0, "PUT", "/account/password").bearer(&t).json(&words)), sure);
    let login = at(5.0, "POST", "/login")
        .json(&json!({"username": "a", "password": "hunter2hunter2"}))
        .says(200, json!({"access_token": until("a", 9000)}));
    assert_eq!(after(login), sure);
    // Asking for a mail changes nothing, a refused logout neither, and another user's is his own.
    assert_eq!(after(at(5.0, "POST", "/password/forgot").json(&json!({"email": "a@b"}))), doubt);
    assert_eq!(after(at(5.0, "POST", "/logout").bearer(&t).gets(401)), doubt);
    assert_eq!(after(at(5.0, "POST", "/logout").bearer(&fresh("b"))), doubt);
}

#[test]
fn every_client_refused_from_one_instant_is_the_verifier() {
    let call = |user: usize, second: f64| {
        me(second + user as f64, &fresh(&format!("u{user}"))).agent(&format!("agent/{user}"))
    };
    let story = |status: u16, body: &Value, recovers: bool, users: usize| {
        let mut steps: Vec<Step> = (0..users).map(|user| call(user, 0.0)).collect();
        steps.extend((0..users).map(|user| call(user, 20.0).says(status, body.clone())));
        if recovers {
            steps.extend((0..users).map(|user| call(user, 60.0)));
        }
        told(&steps).split(" | ").nth(users).unwrap().to_owned()
    };
    let silent = json!({"message": "Unauthorized"});
    let signature = json!({"message": "invalid signature"});
    assert_eq!(story(401, &silent, false, 4), "failure verifier.misconfigured inferred");
    assert_eq!(story(401, &silent, true, 4), "failure verifier.misconfigured inferred");
    assert_eq!(story(401, &signature, false, 4), "failure verifier.misconfigured inferred");
    let keys = json!({"message": "Unable to load JWKS"});
    assert_eq!(story(401, &keys, true, 4), "failure verifier.unavailable stated");
    // One user alone, and two refusals in all: each may have been logged out.
    assert_eq!(story(401, &silent, false, 1), "failure state.revoked suspected");
    assert_eq!(story(401, &silent, false, 2), "failure state.revoked suspected");
}

#[test]
fn silent_refusals_beside_broken_answers_are_a_verifier_that_is_down() {
    let call = |user: usize, second: f64| {
        me(second + user as f64, &fresh(&format!("u{user}"))).agent(&format!("agent/{user}"))
    };
    let mut steps: Vec<Step> = (0..4).map(|user| call(user, 0.0)).collect();
    steps.extend((0..3).map(|user| call(user, 20.0).gets(401)));
    steps.push(call(3, 19.5).says(503, json!({"message": "auth service unavailable"})));
    steps.push(call(3, 21.0).gets(401));
    let verdicts = told(&steps);
    assert!(verdicts.ends_with("failure verifier.unavailable inferred"), "{verdicts}");
    assert!(!verdicts.contains("state.revoked"), "{verdicts}");
}

#[test]
fn others_that_are_let_in_between_rule_an_outage_out() {
    let (a, b, c) = (fresh("a"), fresh("b"), fresh("c"));
    let steps = [
        me(0.0, &a),
        me(1.0, &b),
        me(2.0, &c),
        me(20.0, &a).gets(401),
        me(21.0, &c),
        me(22.0, &b).gets(401),
        me(23.0, &a).gets(401),
        me(24.0, &c),
    ];
    assert!(!told(&steps).contains("verifier."), "{}", told(&steps));
}

#[test]
fn what_was_let_in_too_often_to_keep_each_instant_still_rules_an_outage_out() {
    let users: Vec<String> = (0..3).map(|user| fresh(&format!("u{user}"))).collect();
    let call = |user: usize, second: f64| me(second, &users[user]).agent(&format!("agent/{user}"));
    // Three refusals within 60 ms, and somebody let in every 5 ms all the time: of so many instants
    // only the first and last of each tenth of a second are kept.
    let story = |shut: std::ops::Range<usize>| {
        let calls = (0..6300).filter(|nth| !shut.contains(nth));
        let mut steps: Vec<Step> = calls.map(|nth| call(nth % 3, nth as f64 * 0.005)).collect();
        steps.extend((0..3).map(|user| call(user, 10.021 + user as f64 * 0.02).gets(401)));
        told(&steps)
    };
    assert!(!story(0..0).contains("verifier.misconfigured"), "an outage is told");
    // A gap that is wider than that shows.
    assert!(story(1950..2300).contains("verifier.misconfigured"), "no outage is told");
}

#[test]
fn never_let_in_at_an_endpoint_is_said_of_a_token_only_while_all_its_endpoints_are_kept() {
    let t = fresh("a");
    let area = |nth: usize| {
        format!("/area-{}{}", (b'a' + nth as u8 / 26) as char, (b'a' + nth as u8 % 26) as char)
    };
    let story = |areas: usize| {
        let call = |second: f64, nth: usize| at(second, "GET", &area(nth)).bearer(&t);
        let mut steps: Vec<Step> = (0..areas).map(|nth| call(nth as f64, nth)).collect();
        steps.push(call(100.0, areas).gets(401));
        steps.push(call(101.0, 0));
        told(&steps)
    };
    assert!(story(5).contains("authz.role"), "{}", story(5));
    assert!(!story(60).contains("authz.role"), "{}", story(60));
}

fn keyed(kid: &str, sub: &str) -> String {
    token_with(
        &json!({"alg": "RS256", "kid": kid}),
        &json!({"sub": sub, "iat": START - 60, "exp": START + 3600, "iss": "https://id.example"}),
    )
}

#[test]
fn old_keys_that_end_when_a_new_one_comes_were_rotated() {
    let (old, other, new) = (keyed("k1", "a"), keyed("k1", "b"), keyed("k2", "a"));
    let steps = |last: &str| {
        told(&[
            at(0.0, "GET", "/me").gets(401),
            me(1.0, &old),
            me(2.0, &other),
            me(20.0, &new),
            me(21.0, &old).gets(401),
            me(23.0, last),
        ])
    };
    assert!(steps(&new).contains("failure signature.key_rotated inferred"), "{}", steps(&new));
    // The old key still opens the door to another: only this token ended.
    assert!(steps(&other).contains("failure state.revoked inferred"), "{}", steps(&other));
}

#[test]
fn a_new_key_that_is_taken_later_met_a_verifier_with_old_keys() {
    let (old, new) = (keyed("k1", "b"), keyed("k2", "a"));
    let steps = [
        at(0.0, "GET", "/me").gets(401),
        me(1.0, &old),
        me(20.0, &new).gets(401),
        me(21.0, &old),
        me(90.0, &new),
    ];
    assert_eq!(
        told(&steps),
        "failure header.missing proven | ok | failure signature.unknown_kid inferred | ok | ok"
    );
}

#[test]
fn one_node_of_two_refuses_what_the_other_takes() {
    let t = fresh("a");
    let turns = |node: fn(Step, bool) -> Step, times: usize| {
        let steps: Vec<Step> = (0..times)
            .map(|nth| {
                let bad = nth % 2 == 1;
                let step = node(me(nth as f64, &t), bad);
                if bad { step.gets(401) } else { step }
            })
            .collect();
        told(&steps).split(" | ").nth(1).unwrap().to_owned()
    };
    let address = |step: Step, bad: bool| step.server(if bad { "192.0.2.2" } else { "192.0.2.1" });
    let named =
        |step: Step, bad: bool| step.answers("X-Served-By", if bad { "web-2" } else { "web-1" });
    let unnamed = |step: Step, _: bool| step;
    assert_eq!(turns(address, 6), "failure verifier.one_instance inferred");
    assert_eq!(turns(named, 6), "failure verifier.one_instance inferred");
    assert_eq!(turns(unnamed, 6), "failure verifier.one_instance suspected");
    // One gap may be anything.
    assert_eq!(turns(unnamed, 3), "failure unknown suspected");
}

#[test]
fn a_token_that_is_fine_elsewhere_may_lack_a_right_here() {
    let t = fresh("a");
    let admin = |second: f64| at(second, "GET", "/admin/users").bearer(&t).gets(401);
    let steps = [me(1.0, &t), admin(3.0), me(4.0, &t), admin(5.0)];
    assert_eq!(
        told(&steps),
        "ok | failure authz.role suspected | ok | failure authz.role suspected"
    );
    // Never let in since: the token itself may have ended.
    let steps = [me(1.0, &t), admin(3.0)];
    assert!(!told(&steps).contains("authz."), "{}", told(&steps));
}

#[test]
fn a_scope_that_all_others_have_here_is_the_right_that_lacks() {
    let scoped = |sub: &str, scope: &str| {
        token(json!({"sub": sub, "iat": START - 60, "exp": START + 3600, "scope": scope}))
    };
    let (user, boss) = (scoped("a", "read"), scoped("b", "read admin"));
    let steps = [
        me(1.0, &user),
        at(2.0, "GET", "/admin/users").bearer(&boss),
        at(3.0, "GET", "/admin/users").bearer(&user).gets(401),
        me(4.0, &user),
    ];
    assert_eq!(told(&steps), "ok | ok | failure authz.scope inferred | ok");
}

#[test]
fn a_credential_is_lost_over_several_hops() {
    let t = fresh("a");
    let hop = |second: f64, from: &str, to: &str| {
        at(second, "GET", from).gets(301).answers("Location", to)
    };
    let end = "https://www.shop.example/me";
    let steps = [
        hop(0.0, "http://shop.example/me", "https://shop.example/me").bearer(&t),
        hop(0.1, "https://shop.example/me", end),
        at(0.2, "GET", end).says(401, json!({"error": "missing_authorization"})),
    ];
    assert_eq!(told(&steps), "ok | ok | failure header.redirect_stripped inferred");
    // No hop carried any.
    let steps = [
        hop(0.0, "http://shop.example/me", "https://shop.example/me"),
        at(0.2, "GET", "https://shop.example/me").gets(401),
    ];
    assert_eq!(told(&steps), "ok | failure header.missing proven");
}

#[test]
fn a_redirect_on_the_same_origin_drops_the_field_too() {
    let t = fresh("a");
    let gap = |second: f64| {
        told(&[
            at(0.0, "GET", "/v1/me")
                .bearer(&t)
                .gets(307)
                .answers("Location", "/v1/me/")
                .bare_redirect(),
            at(second, "GET", "/v1/me/").gets(401),
        ])
    };
    assert_eq!(gap(0.1), "ok | failure header.redirect_stripped inferred");
    assert_eq!(gap(11.0), "ok | failure header.missing proven");
    let key = "k9Kq8Zb2Lx7Vn4Tc9Wd3Pf6Hj5";
    let steps = [
        at(0.0, "GET", "/v1/me")
            .with("X-Api-Key", key)
            .gets(301)
            .answers("Location", "https://www.api.example/v1/me"),
        at(0.1, "GET", "https://www.api.example/v1/me").gets(401),
    ];
    assert_eq!(told(&steps), "ok | failure header.redirect_stripped inferred");
}

#[test]
fn a_credential_is_lost_where_the_capture_does_not_show_where_a_redirect_leads() {
    let t = fresh("a");
    let lost = "ok | failure header.redirect_stripped inferred";
    let missing = "ok | failure header.missing proven";
    let moved = |from: &str, to: &str, second: f64| {
        told(&[at(0.0, "GET", from).bearer(&t).gets(301), at(second, "GET", to).gets(401)])
    };
    assert_eq!(moved("/v1/me", "/v1/me/", 0.1), lost);
    assert_eq!(moved("/v1/me/", "/v1/me", 0.1), lost);
    assert_eq!(moved("http://api.example/me", "/me", 0.1), lost);
    // The boundary, another path, another try of the same address.
    assert_eq!(moved("/v1/me", "/v1/me/", 2.0), lost);
    assert_eq!(moved("/v1/me", "/v1/me/", 2.1), missing);
    assert_eq!(moved("/v1/me", "/v1/you/", 0.1), missing);
    assert_eq!(moved("/v1/me", "/v1/me", 0.1), missing);
    // Another host may have been called for its own sake.
    assert_eq!(moved("/me", "https://www.api.example/me", 0.1), missing);
    let judged = judged(&[
        at(0.0, "GET", "/me").bearer(&t).gets(301),
        at(0.1, "GET", "https://www.api.example/me").gets(401),
    ]);
    assert_eq!(judged[1].also[0].cause, "header.redirect_stripped");
}

#[test]
fn a_redirect_that_shows_where_it_leads_or_carried_nothing_loses_nothing() {
    let t = fresh("a");
    let missing = "ok | failure header.missing proven";
    let next = || at(0.1, "GET", "/v1/me/").gets(401);
    let shown = at(0.0, "GET", "/v1/me").bearer(&t).gets(301).answers("Location", "/v2/me");
    assert_eq!(told(&[shown, next()]), missing);
    assert_eq!(told(&[at(0.0, "GET", "/v1/me").gets(301), next()]), missing);
    // Not changed since the last answer is no redirect.
    assert_eq!(told(&[at(0.0, "GET", "/v1/me").bearer(&t).gets(304), next()]), missing);
}

#[test]
fn each_blocked_request_behind_a_refused_preflight_is_its_consequence() {
    let preflight = |second: f64, status: u16| {
        at(second, "OPTIONS", "/me")
            .with("Origin", "https://app.example")
            .with("Access-Control-Request-Method", "GET")
            .with("Access-Control-Request-Headers", "authorization")
            .gets(status)
    };
    let blocked =
        |second: f64| at(second, "GET", "/me").with("Origin", "https://app.example").gets(0);
    let steps = [preflight(0.0, 401), blocked(0.05), blocked(30.0)];
    assert_eq!(
        told(&steps),
        "failure cors.preflight proven | lookalike cors.preflight proven \
         | lookalike cors.preflight proven"
    );
    // A later preflight was let in: what is blocked then is another matter.
    let steps = [preflight(0.0, 401), preflight(20.0, 204), blocked(30.0)];
    assert_eq!(told(&steps), "failure cors.preflight proven | ok | ok");
}

/// A preflight that is answered with 204 and these allowed headers, and what follows it.
fn allowing(second: f64, asked: &str, allowed: Option<&str>) -> Step {
    let preflight = at(second, "OPTIONS", "/me")
        .with("Origin", "https://app.example")
        .with("Access-Control-Request-Method", "GET")
        .with("Access-Control-Request-Headers", asked)
        .gets(204)
        .answers("Access-Control-Allow-Origin", "https://app.example");
    match allowed {
        Some(names) => preflight.answers("Access-Control-Allow-Headers", names),
        None => preflight,
    }
}

fn from_page(second: f64, status: u16) -> Step {
    at(second, "GET", "/me").with("Origin", "https://app.example").gets(status)
}

const DENIED: &str = "failure cors.preflight inferred | lookalike cors.preflight inferred";

#[test]
fn a_preflight_without_leave_for_the_credential_stops_the_request() {
    let told_of = |asked: &str, allowed: Option<&str>| {
        told(&[allowing(0.0, asked, allowed), from_page(0.05, 0)])
    };
    assert_eq!(told_of("authorization,content-type", Some("Content-Type")), DENIED);
    assert_eq!(told_of("authorization", None), DENIED);
    assert_eq!(told_of("authorization", Some("*")), DENIED);
    assert_eq!(told_of("x-api-key", Some("Content-Type, Accept")), DENIED);
    // Letter case and blanks do not matter; `*` covers every other field.
    for (asked, allowed) in [
        ("authorization", "Content-Type,  AUTHORIZATION"),
        ("x-api-key", "*"),
        ("authorization", "*, Authorization"),
        ("content-type", "Accept"),
    ] {
        assert_eq!(told_of(asked, Some(allowed)), "ok | ok", "{asked} {allowed}");
    }
}

#[test]
fn a_star_covers_nothing_where_credentials_are_allowed() {
    let preflight =
        allowing(0.0, "x-api-key", Some("*")).answers("Access-Control-Allow-Credentials", "true");
    assert_eq!(told(&[preflight, from_page(0.05, 0)]), DENIED);
}

#[test]
fn a_preflight_without_leave_is_no_failure_where_the_request_went_out_all_the_same() {
    let preflight = || allowing(0.0, "authorization", Some("content-type"));
    let page = |second: f64, status: u16| from_page(second, status).bearer(&fresh("a"));
    assert_eq!(told(&[preflight(), page(0.05, 200)]), "ok | ok");
    // Any answer shows that it went out.
    assert_eq!(told(&[preflight(), page(0.05, 404)]), "ok | ok");
    assert!(told(&[preflight(), page(0.05, 401)]).starts_with("ok | failure "));
    // Noted after the request that it is for, as browsers do.
    let late = allowing(0.003, "authorization", Some("content-type"));
    assert_eq!(told(&[page(0.0, 200), late]), "ok | ok");
}

#[test]
fn a_preflight_without_leave_that_nothing_follows_is_the_failure() {
    let alone = |allowed: &str| told(&[allowing(0.0, "authorization", Some(allowed))]);
    assert_eq!(alone("content-type"), "failure cors.preflight inferred");
    // Not every browser minds a star.
    assert_eq!(alone("*"), "ok");
    // The next page view, ten seconds later and more, has a preflight of its own.
    let steps = |second: f64| {
        told(&[
            allowing(0.0, "authorization", Some("content-type")),
            from_page(second, 200).bearer(&fresh("a")),
        ])
    };
    assert_eq!(steps(10.0), "ok | ok");
    assert_eq!(steps(10.1), "failure cors.preflight inferred | ok");
}

#[test]
fn leave_that_comes_later_clears_later_requests_only() {
    let steps = [
        allowing(0.0, "authorization", Some("content-type")),
        from_page(0.05, 0),
        allowing(60.0, "authorization", Some("content-type, authorization")),
        from_page(60.05, 0),
    ];
    assert_eq!(told(&steps), format!("{DENIED} | ok | ok"));
}

#[test]
fn another_origin_that_is_allowed_says_nothing_of_the_fields() {
    let other = at(0.0, "OPTIONS", "/me")
        .with("Origin", "https://app.example")
        .with("Access-Control-Request-Method", "GET")
        .with("Access-Control-Request-Headers", "authorization")
        .gets(204)
        .answers("Access-Control-Allow-Origin", "https://admin.example");
    // The call is stopped for its origin, not for the field.
    assert_eq!(told(&[other, from_page(0.05, 0)]), "ok | lookalike cors.origin inferred");
}

#[test]
fn a_cookie_that_is_not_sent_says_why() {
    let why = |attributes: &str, step: Step| {
        let set = format!("sessionid=abcdefabcdefabcdefabcdef01; {attributes}");
        let login = at(0.0, "POST", "https://auth.shop.example/login")
            .json(&json!({"username": "a", "password": "hunter2hunter2"}))
            .answers("Set-Cookie", &set);
        let judged = judged(&[login, step.gets(401)]);
        let root = judged[1].root.clone().unwrap();
        (root.cause.to_string(), root.evidence.last().unwrap().fact.clone())
    };
    let own = "https://auth.shop.example/me";
    let cross = || at(1.0, "GET", own).with("Origin", "https://app.other.example");
    let cases = [
        ("SameSite=Lax", cross(), "SameSite=lax"),
        ("HttpOnly", cross(), "counts as `Lax`"),
        ("SameSite=None; Secure", cross(), "must ask for credentials"),
        ("Secure", at(1.0, "GET", "http://auth.shop.example/me"), "over plain http"),
        ("Path=/login", at(1.0, "GET", own), "`Path` is `/login`"),
        ("HttpOnly", at(1.0, "GET", "https://api.shop.example/me"), "no `Domain`"),
    ];
    for (attributes, step, expected) in cases {
        let (cause, fact) = why(attributes, step);
        assert_eq!(cause, "session.cookie_missing", "{attributes}: {fact}");
        assert!(fact.contains(expected), "{attributes}: {fact}");
    }
    // No kin of the host that set it, and one that asks for a field: no cookie is missed there.
    let other = at(1.0, "GET", "https://api.else.example/me");
    assert_eq!(why("HttpOnly", other).0, "header.missing");
    let asks = at(1.0, "GET", "https://api.shop.example/me")
        .answers("WWW-Authenticate", "Bearer realm=\"api\"");
    assert_eq!(why("HttpOnly", asks).0, "header.missing");
}

#[test]
fn a_host_that_takes_keys_misses_one_or_does_not_know_it() {
    let key = |second: f64, key: &str| at(second, "GET", "/k").with("X-Api-Key", key);
    let (good, bad) = ("k9Kq8Zb2Lx7Vn4Tc9Wd3Pf6Hj5", "z9Kq8Zb2Lx7Vn4Tc9Wd3Pf6Hj5");
    let steps = [key(0.0, good), at(1.0, "GET", "/k").gets(401), key(2.0, bad).gets(401)];
    assert_eq!(told(&steps), "ok | failure apikey.missing proven | failure apikey.wrong inferred");
    // Where a token is taken as well, what was missing is not known to be a key.
    let steps = [
        key(0.0, good),
        at(0.5, "GET", "/k").bearer(&fresh("a")),
        at(1.0, "GET", "/k").gets(401),
        key(2.0, good),
    ];
    assert_eq!(told(&steps), "ok | ok | failure header.missing proven | ok");
}

#[test]
fn an_incident_tells_what_changed_before_it_and_what_was_sent_again_and_again() {
    let old = until("a", 30);
    let mut steps = vec![me(0.0, &old).agent("shop/1.0")];
    steps.push(refused(41.0, R1).agent("shop/2.0"));
    for nth in 0..20 {
        steps.push(me(45.0 + f64::from(nth) * 0.2, &old).agent("shop/2.0").gets(401));
    }
    let report = crate::story::reported(&steps);
    let incident = &report.incidents[0];
    let before: Vec<&str> = incident.before.iter().map(|e| e.fact.as_str()).collect();
    let told = |words: &str| before.iter().any(|fact| fact.contains(words));
    assert!(told("a refresh was refused"), "{before:?}");
    assert!(told("a token expired"), "{before:?}");
    assert!(told("`shop/2.0` takes the place of `shop/1.0`"), "{before:?}");
    assert_eq!(incident.storms.len(), 1, "{:?}", incident.storms);
    assert!(incident.storms[0].fact.contains("was sent 20 times to GET api.example/me"));
}

#[test]
fn refusals_minutes_apart_are_no_storm_and_two_programs_no_update() {
    let old = until("a", 30);
    let mut steps = vec![me(0.0, &old).agent("shop/1.0")];
    for nth in 0..12 {
        let agent = if nth % 2 == 0 { "shop/2.0" } else { "shop/1.0" };
        steps.push(me(45.0 + f64::from(nth) * 60.0, &old).agent(agent).gets(401));
    }
    let report = crate::story::reported(&steps);
    let incident = &report.incidents[0];
    assert!(incident.storms.is_empty(), "{:?}", incident.storms);
    assert!(!incident.before.iter().any(|e| e.fact.contains("takes the place")));
}

/// What changed just before the first burst of a story.
fn changed_before(steps: &[Step]) -> Vec<String> {
    let report = crate::story::reported(steps);
    let before = report.incidents.first().map(|incident| incident.before.clone());
    before.unwrap_or_default().into_iter().map(|e| e.fact).collect()
}

/// Calls that were let in, then three that were refused; each answered by a release of the field.
fn releases(field: &str, answered: &[(f64, &str, u16)]) -> Vec<String> {
    let steps: Vec<Step> = answered
        .iter()
        .map(|(second, value, status)| me(*second, &fresh("a")).gets(*status).answers(field, value))
        .collect();
    let told = changed_before(&steps);
    told.into_iter().filter(|fact| fact.contains(" changes from ")).collect()
}

#[test]
fn a_deploy_before_a_burst_is_told() {
    let burst = |field: &str, old: &str, new: &str| {
        let refused = [(40.0, new, 401), (41.0, new, 401), (42.0, new, 401)];
        let mut answered = vec![(0.0, old, 200), (10.0, old, 200), (30.0, new, 200)];
        answered.extend(refused);
        releases(field, &answered)
    };
    assert_eq!(
        burst("X-Version", "2.4.0", "2.4.1"),
        ["`x-version` of api.example changes from `2.4.0` to `2.4.1` at 2026-01-01T10:00:30Z"]
    );
    assert_eq!(burst("Server", "shop/7", "shop/8").len(), 1);
    assert_eq!(burst("Server", "Apache/2.4.58 (Ubuntu)", "nginx/1.25.3").len(), 1);
    assert!(burst("X-Version", "2.4.1", "2.4.1").is_empty());
    // Two long build ids are told apart without being shown.
    let long = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let other = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752";
    let told = burst("X-Build-Id", long, other);
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("from `#") && !told[0].contains("9f86d081884c"), "{told:?}");
}

#[test]
fn two_nodes_of_different_versions_are_no_deploy() {
    let (a, b) = ("2.4.0", "2.4.1");
    let refused = [(40.0, b, 401), (41.0, a, 401), (42.0, b, 401)];
    let mut answered = vec![(0.0, a, 200), (10.0, b, 200), (20.0, a, 200)];
    answered.extend(refused);
    assert!(releases("X-Version", &answered).is_empty());
    // One that is seen late, while the other goes on.
    answered.remove(1);
    assert!(releases("X-Version", &answered).is_empty());
}

#[test]
fn a_program_that_only_refuses_is_no_deploy_and_a_new_version_of_the_same_is() {
    let burst = |old: &str, new: &str| {
        let refused = [(40.0, new, 401), (41.0, new, 401), (42.0, new, 401)];
        let mut answered = vec![(0.0, old, 200), (10.0, old, 200)];
        answered.extend(refused);
        releases("Server", &answered)
    };
    assert!(burst("uvicorn", "awselb/2.0").is_empty());
    assert_eq!(burst("uvicorn/0.29", "uvicorn/0.30").len(), 1);
}

#[test]
fn a_deploy_long_before_a_burst_or_at_another_place_is_not_told() {
    let burst = |deploy: f64, start: f64| {
        let (a, b) = ("2.4.0", "2.4.1");
        releases(
            "X-Version",
            &[
                (0.0, a, 200),
                (deploy, b, 200),
                (start, b, 401),
                (start + 1.0, b, 401),
                (start + 2.0, b, 401),
            ],
        )
    };
    assert_eq!(burst(10.0, 310.0).len(), 1);
    assert!(burst(10.0, 310.1).is_empty());
    let status = |second: f64, value: &str| at(second, "GET", "/status").answers("Server", value);
    let mut steps = vec![status(0.0, "shop/7"), status(10.0, "shop/8"), me(11.0, &fresh("a"))];
    steps.extend((0..3).map(|nth| me(20.0 + f64::from(nth), &fresh("a")).gets(401)));
    assert!(!changed_before(&steps).iter().any(|fact| fact.contains("changes from")));
}

#[test]
fn a_deploy_is_known_whichever_part_of_the_capture_is_read_first() {
    let steps: Vec<Step> = (0..4)
        .map(|nth| {
            let version = if nth < 2 { "1" } else { "2" };
            me(f64::from(nth), &fresh("a")).answers("X-Version", version)
        })
        .collect();
    let whole = crate::story::tallied(&steps, 0);
    assert_eq!(whole.releases.iter().count(), 2);
    for cut in 1..=steps.len() {
        assert_eq!(crate::story::tallied(&steps, cut), whole, "{cut}");
    }
}

#[test]
fn a_scope_that_the_challenge_asks_for_explains_more_than_a_revocation_elsewhere() {
    let scoped = |sub: &str| {
        let claims = json!({"sub": sub, "iss": "i", "scope": "read", "iat": START - 60, "exp": START + 3600});
        token(claims)
    };
    let (t, other) = (scoped("a"), scoped("b"));
    let list = |second: f64, token: &str| at(second, "GET", "/v1/list").bearer(token);
    let asks = |step: Step, scope: &str| {
        step.gets(401).answers("WWW-Authenticate", &format!("Bearer scope=\"{scope}\""))
    };
    let write = |second: f64| at(second, "PUT", "/v1/write").bearer(&t);
    let last = |steps: &[Step]| told(steps).rsplit(" | ").next().unwrap_or_default().to_owned();
    // Another token goes on, and the list is guarded.
    let before = || {
        vec![
            at(0.0, "GET", "/v1/list").gets(401),
            list(1.0, &t),
            list(2.0, &other),
            list(20.0, &other),
        ]
    };
    let with = |more: Vec<Step>| [before(), more].concat();
    assert_eq!(last(&with(vec![asks(write(10.0), "write")])), "failure authz.scope inferred");
    // It has the scope that is asked for.
    assert_eq!(last(&with(vec![asks(write(10.0), "read")])), "failure state.revoked inferred");
    // It was let in here before.
    let here = vec![write(5.0), asks(write(10.0), "write")];
    assert_eq!(last(&with(here)), "failure state.revoked inferred");
    // It is refused where it was let in, too: then it is over.
    let gone = vec![asks(write(10.0), "write"), list(11.0, &t).gets(401)];
    assert_eq!(last(&with(gone)), "failure state.revoked inferred");
}
