//! Times of a token.

use serde_json::json;

use super::{Case, after, call, edge, fresh, get, is, looks, with};
use crate::story::{START, Step, at};

fn sends(token: &str) -> Step {
    get("/v1/me").bearer(token)
}

fn until(exp: i64) -> Step {
    sends(&with(json!({"iat": START - 7200, "exp": exp})))
}

pub(super) fn cases() -> Vec<Case> {
    let mut all = ends();
    all.extend(begins());
    all.extend(kinds());
    all
}

fn ends() -> Vec<Case> {
    vec![
        is("time.expired", "an hour late", until(START - 3600).gets(401)),
        is(
            "time.expired",
            "an opaque token, in the words of the server",
            get("/v1/me")
                .bearer("o9Zq81LmXv27TnCw04RbEd6Hs3")
                .says(401, json!({"why": "Your access token is too old, get a new one"})),
        ),
        edge(
            "time.expired",
            "time.expired",
            "the second of the end",
            until(START).says(401, json!({"why": "token expired"})),
        ),
        edge("time.expired", "unknown", "an hour before the end", until(START + 3600).gets(401)),
        looks(
            "time.expired",
            "ok",
            "a coupon is over",
            call("/v1/cart").says(400, json!({"why": "This coupon has expired"})),
        ),
        looks(
            "time.expired",
            "ok",
            "an offer is over",
            call("/v1/offers/2").says(410, json!({"why": "The offer expired yesterday"})),
        ),
        looks("time.expired", "ok", "over, and let in all the same", until(START - 3600)),
        is(
            "time.exp_missing",
            "no end, and the server wants one",
            sends(&with(json!({"exp": null})))
                .says(401, json!({"why": "Tokens without expiry are not accepted"})),
        ),
        is(
            "time.exp_missing",
            "no end, and the claim is named",
            sends(&with(json!({"exp": null})))
                .says(401, json!({"why": "missing mandatory claim: exp"})),
        ),
        is(
            "time.exp_missing",
            "no end, all others have one, and the server speaks of a claim",
            after(
                &fresh("a"),
                sends(&with(json!({"exp": null})))
                    .says(401, json!({"why": "A required claim is missing"})),
            ),
        ),
        edge(
            "time.exp_missing",
            "time.exp_missing",
            "the claim is not there",
            sends(&with(json!({"exp": null}))).says(401, json!({"why": "missing exp claim"})),
        ),
        edge(
            "time.exp_missing",
            "time.wrong_type",
            "the claim is there and is no number",
            sends(&with(json!({"exp": "soon"}))).says(401, json!({"why": "missing exp claim"})),
        ),
        looks(
            "time.exp_missing",
            "claim.required_missing",
            "another claim is missing",
            sends(&with(json!({"sub": null})))
                .says(401, json!({"why": "missing mandatory claim: sub"})),
        ),
        looks("time.exp_missing", "ok", "no end, and let in", sends(&with(json!({"exp": null})))),
        looks(
            "time.exp_missing",
            "unknown",
            "no end, and a bare refusal",
            sends(&with(json!({"exp": null}))).gets(401),
        ),
        looks(
            "time.exp_missing",
            "ok",
            "a card without expiry",
            call("/v1/cards").says(422, json!({"why": "Cards without expiry are not accepted"})),
        ),
    ]
}

fn begins() -> Vec<Case> {
    let from = |nbf: i64| sends(&with(json!({"iat": START - 60, "nbf": nbf})));
    let shown = |step: Step, ahead: i64, second: f64| {
        let now = START + second as i64 + ahead;
        let date = [
            "10:00:00", "10:01:00", "10:02:00", "10:03:00", "10:04:00", "10:05:00", "10:06:00",
            "10:07:00", "10:08:00",
        ];
        let minute = ((now - START) / 60) as usize;
        step.answers("Date", &format!("Thu, 01 Jan 2026 {} GMT", date[minute.min(8)]))
    };
    vec![
        is(
            "time.not_yet_valid",
            "it begins in an hour",
            from(START + 3600).says(401, json!({"why": "The token cannot be used yet"})),
        ),
        edge(
            "time.not_yet_valid",
            "time.not_yet_valid",
            "a second too early",
            from(START + 1).says(401, json!({"why": "token is not active yet"})),
        ),
        edge("time.not_yet_valid", "ok", "the second of its begin", from(START)),
        looks(
            "time.not_yet_valid",
            "ok",
            "a voucher is not valid yet",
            call("/v1/cart").says(400, json!({"why": "This voucher is not valid yet"})),
        ),
        looks(
            "time.not_yet_valid",
            "time.expired",
            "it is over",
            until(START - 3600).says(401, json!({"why": "token expired"})),
        ),
        is(
            "time.clock_skew",
            "the server is five minutes ahead and ends a live token",
            [
                shown(at(0.0, "GET", "/a"), 300, 0.0),
                shown(at(60.0, "GET", "/b"), 300, 60.0),
                shown(at(120.0, "GET", "/c"), 300, 120.0),
                shown(
                    at(180.0, "GET", "/v1/me")
                        .bearer(&with(json!({"iat": START, "exp": START + 400})))
                        .says(401, json!({"why": "token expired"})),
                    300,
                    180.0,
                ),
            ],
        ),
        looks(
            "time.clock_skew",
            "time.expired",
            "both clocks agree that it is over",
            [
                shown(at(0.0, "GET", "/a"), 0, 0.0),
                shown(at(60.0, "GET", "/b"), 0, 60.0),
                shown(at(120.0, "GET", "/c"), 0, 120.0),
                shown(
                    at(180.0, "GET", "/v1/me")
                        .bearer(&with(json!({"iat": START - 900, "exp": START})))
                        .says(401, json!({"why": "token expired"})),
                    0,
                    180.0,
                ),
            ],
        ),
    ]
}

fn kinds() -> Vec<Case> {
    let exp = |exp: serde_json::Value| sends(&with(json!({ "exp": exp })));
    let late = || json!({"why": "token expired"});
    vec![
        is(
            "time.unit_milliseconds",
            "the end is in milliseconds",
            exp(json!((START + 3600) * 1000)).says(401, late()),
        ),
        edge(
            "time.unit_milliseconds",
            "time.unit_milliseconds",
            "thirteen digits",
            exp(json!(1_767_265_200_000_i64)).says(401, late()),
        ),
        edge(
            "time.unit_milliseconds",
            "time.expired",
            "ten digits",
            exp(json!(1_767_258_000)).says(401, late()),
        ),
        looks(
            "time.unit_milliseconds",
            "authz.scope",
            "in milliseconds, and the server speaks of a scope",
            exp(json!((START + 3600) * 1000)).says(403, json!({"error": "insufficient_scope"})),
        ),
        is(
            "time.wrong_type",
            "the end is a text",
            exp(json!((START + 3600).to_string())).says(401, late()),
        ),
        looks(
            "time.wrong_type",
            "authz.role",
            "a text, and the server speaks of a role",
            exp(json!((START + 3600).to_string()))
                .says(403, json!({"why": "You need the role clerk"})),
        ),
        looks(
            "time.wrong_type",
            "time.expired",
            "a number that is over",
            exp(json!(START - 3600)).says(401, late()),
        ),
    ]
}
