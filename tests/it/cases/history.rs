//! What only several exchanges together tell.

use serde_json::{Value, json};

use super::{Case, edge, fresh, is, looks, with};
use crate::story::{START, Step, at, token, token_with};

const R1: &str = "r1Kq8Zb2Lx7Vn4Tc9Wd3Pf6Hj5Sg0Ay1Bu";
const R2: &str = "r2Mw5Yc8Ne1Qa7Xk3Vt6Zs9Lb4Gh0Dj2Fp";

/// A token that ends so many seconds into the story.
fn until(second: i64) -> String {
    with(json!({"iat": START - 3600, "exp": START + second}))
}

fn me(second: f64, token: &str) -> Step {
    at(second, "GET", "/v1/me").bearer(token)
}

fn refresh(second: f64) -> Step {
    at(second, "POST", "/oauth/token").form(&format!("grant_type=refresh_token&refresh_token={R1}"))
}

fn granted(access: &str) -> Value {
    json!({"access_token": access, "token_type": "Bearer", "refresh_token": R2})
}

pub(super) fn cases() -> Vec<Case> {
    let mut all = ends();
    all.extend(refreshes());
    all.extend(withdrawn());
    all.extend(nodes());
    all
}

fn ends() -> Vec<Case> {
    let old = || until(30);
    let new = || with(json!({"iat": START + 41}));
    vec![
        is(
            "time.expired_cached",
            "let in before its end, sent on behind it",
            [me(0.0, &old()), me(40.0, &old()).gets(401)],
        ),
        looks(
            "time.expired_cached",
            "time.expired",
            "never seen before its end",
            [me(40.0, &old()).gets(401)],
        ),
        edge(
            "time.expired_cached",
            "time.expired_cached",
            "the second of the end",
            [me(0.0, &old()), me(30.0, &old()).says(401, json!({"why": "token expired"}))],
        ),
        edge(
            "time.expired_cached",
            "ok",
            "the second before the end",
            [me(0.0, &old()), me(29.0, &old())],
        ),
        is(
            "time.expired_recovered",
            "over, and the client has a new one at once",
            [
                me(0.0, &old()),
                me(40.0, &old()).gets(401),
                refresh(41.0).says(200, granted(&new())),
                me(42.0, &new()),
            ],
        )
        .back(2),
        edge(
            "time.expired_recovered",
            "time.expired_recovered",
            "mended within a minute",
            [
                me(0.0, &old()),
                me(40.0, &old()).gets(401),
                refresh(99.0).says(200, granted(&new())),
                me(99.5, &new()),
            ],
        )
        .back(2),
        edge(
            "time.expired_recovered",
            "time.expired_cached",
            "mended after more than a minute",
            [
                me(0.0, &old()),
                me(40.0, &old()).gets(401),
                refresh(110.0).says(200, granted(&new())),
                me(111.0, &new()),
            ],
        )
        .back(2),
        looks(
            "time.expired_recovered",
            "time.expired_cached",
            "nobody mends it",
            [me(0.0, &old()), me(40.0, &old()).gets(401)],
        ),
    ]
}

fn refreshes() -> Vec<Case> {
    let old = || until(30);
    let new = || with(json!({"iat": START + 41}));
    vec![
        is(
            "time.refresh_not_applied",
            "a new token came, the old one goes on",
            [
                me(0.0, &old()),
                me(40.0, &old()).gets(401),
                refresh(41.0).says(200, granted(&new())),
                me(60.0, &old()).gets(401),
            ],
        ),
        looks(
            "time.refresh_not_applied",
            "ok",
            "the new token is used",
            [me(0.0, &old()), refresh(41.0).says(200, granted(&new())), me(60.0, &new())],
        ),
        is(
            "time.refresh_refused",
            "the refresh was refused, the old token goes on",
            [
                me(0.0, &old()),
                refresh(40.0).says(400, json!({"error": "invalid_grant"})),
                me(50.0, &old()).gets(401),
            ],
        ),
        looks(
            "time.refresh_refused",
            "oauth.refresh_refused",
            "the refusal of the refresh itself",
            [me(0.0, &old()), refresh(40.0).says(400, json!({"error": "invalid_grant"}))],
        ),
        is(
            "oauth.refresh_reuse",
            "one refresh token is sent twice within milliseconds",
            [
                refresh(40.0).says(200, granted(&new())),
                refresh(40.02).says(400, json!({"error": "invalid_grant"})),
            ],
        ),
        looks(
            "oauth.refresh_reuse",
            "oauth.refresh_refused",
            "a refresh token that does not rotate is refused later",
            [
                refresh(40.0).says(200, json!({"access_token": new(), "token_type": "Bearer"})),
                refresh(400.0).says(400, json!({"error": "invalid_grant"})),
            ],
        ),
    ]
}

fn withdrawn() -> Vec<Case> {
    let keyed = |kid: &str, sub: &str| {
        token_with(
            &json!({"alg": "RS256", "kid": kid}),
            &json!({"sub": sub, "iat": START - 60, "exp": START + 36_000}),
        )
    };
    let assertion = |second: f64| {
        at(second, "POST", "/oauth/token").form(&format!(
            "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={}",
            fresh("a")
        ))
    };
    vec![
        is(
            "state.revoked",
            "it worked, others still do, and it does no more after a logout",
            [
                me(-9.0, &fresh("a")),
                at(-5.0, "POST", "/logout").bearer(&fresh("a")),
                me(1.0, &fresh("b")),
                me(2.0, &fresh("a")).gets(401),
            ],
        ),
        looks(
            "state.revoked",
            "time.expired_cached",
            "it worked, and then it was over",
            [me(0.0, &until(30)), me(1.0, &fresh("b")), me(60.0, &until(30)).gets(401)],
        ),
        is(
            "signature.key_rotated",
            "the old key ends when a new one comes",
            [
                at(-90.0, "GET", "/v1/me").gets(401),
                me(-60.0, &keyed("k1", "a")),
                me(0.0, &keyed("k2", "b")),
                me(10.0, &keyed("k1", "a")).gets(401),
                me(20.0, &keyed("k2", "b")),
            ],
        )
        .back(1),
        looks(
            "signature.key_rotated",
            "state.revoked|unknown",
            "the old key is still taken from others",
            [
                at(-90.0, "GET", "/v1/me").gets(401),
                me(-60.0, &keyed("k1", "a")),
                me(0.0, &keyed("k2", "b")),
                me(10.0, &keyed("k1", "a")).gets(401),
                me(20.0, &keyed("k1", "c")),
            ],
        )
        .back(1),
        is(
            "token.replayed",
            "an assertion serves once",
            [
                assertion(0.0).says(200, json!({"access_token": fresh("z")})),
                assertion(1.0).says(400, json!({"error": "invalid_grant"})),
            ],
        ),
        is(
            "token.replayed",
            "the server has seen the `jti`",
            me(0.0, &with(json!({"jti": "j1"})))
                .says(401, json!({"why": "This token was already used once"})),
        ),
        looks(
            "token.replayed",
            "oauth.invalid_grant",
            "an assertion that was never let in",
            assertion(1.0).says(400, json!({"error": "invalid_grant"})),
        ),
        looks(
            "token.replayed",
            "ok",
            "a token of the body was used, and the bearer's was let speak",
            at(0.0, "POST", "/v1/charges")
                .bearer(&fresh("a"))
                .json(&json!({"source": "tok_1abc"}))
                .says(400, json!({"error": {"code": "token_already_used", "type": "invalid_request_error"}})),
        ),
        looks(
            "token.replayed",
            "ok",
            "a ticket for a concert was used",
            at(0.0, "POST", "/v1/gate")
                .bearer(&fresh("a"))
                .says(409, json!({"why": "This ticket was already used"})),
        ),
    ]
}

fn nodes() -> Vec<Case> {
    let t = || token(json!({"sub": "a", "iat": START - 60, "exp": START + 3600}));
    let node = |second: f64, server: &str, status: u16| {
        me(second, &t()).gets(status).server(server).answers("X-Served-By", server)
    };
    vec![
        is(
            "verifier.one_instance",
            "one node refuses what the other takes",
            [
                node(0.0, "192.0.2.1", 200),
                node(1.0, "192.0.2.2", 401),
                node(2.0, "192.0.2.1", 200),
                node(3.0, "192.0.2.2", 401),
                node(4.0, "192.0.2.1", 200),
                node(5.0, "192.0.2.2", 401),
            ],
        ),
        looks(
            "verifier.one_instance",
            "state.revoked|unknown",
            "both nodes took it before, and both refuse it now",
            [
                node(0.0, "192.0.2.1", 200),
                node(1.0, "192.0.2.2", 200),
                node(2.0, "192.0.2.1", 401),
                node(3.0, "192.0.2.2", 401),
            ],
        ),
    ]
}
