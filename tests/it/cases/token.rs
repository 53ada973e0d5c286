//! The token's own text and kind.

use serde_json::json;

use super::{Case, after, call, edge, fresh, get, is, looks, with};
use crate::story::{START, Step, at, token, token_with};

const OPAQUE: &str = "o9Zq81LmXv27TnCw04RbEd6Hs3";

fn sends(token: &str) -> Step {
    get("/v1/me").bearer(token)
}

/// A JWE in shape: a header, and four parts that nobody can read.
fn sealed() -> String {
    format!(
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..{}.{}.{}",
        "q83vEjRWeJCrze8S", "5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4", "XFBoMYUZodetZdvTiFvSkQ"
    )
}

pub(super) fn cases() -> Vec<Case> {
    let mut all = text();
    all.extend(kinds());
    all.extend(sealed_ones());
    all.extend(other_forms());
    all
}

/// Forms that the host does not take, where it shows what it does take.
fn other_forms() -> Vec<Case> {
    let takes = |token: &str| {
        vec![at(-60.0, "GET", "/v1/me").gets(401), at(-50.0, "GET", "/v1/me").bearer(token)]
    };
    let says = |token: &str| sends(token).says(401, json!({"why": "Not a compact token"}));
    let bare = |second: f64| at(second, "GET", "/v1/me").says(403, json!({"message": "Forbidden"}));
    let stranger = "Zt5Wq8Lr2Xv9Kp4Nc7Ms1Hd6Bg";
    vec![
        is(
            "token.wrong_type",
            "a signed token where only encrypted ones are let in",
            [takes(&sealed()), vec![says(&fresh("a"))]].concat(),
        ),
        looks(
            "token.wrong_type",
            "signature.invalid",
            "a signed token where signed ones are let in too",
            [
                takes(&sealed()),
                takes(&fresh("b")),
                vec![sends(&fresh("a")).says(401, json!({"why": "The signature is wrong"}))],
            ]
            .concat(),
        ),
        is(
            "state.unknown_token",
            "a bare 403 that is the same without a token, where another token is let in",
            [takes(OPAQUE), vec![bare(-40.0), bare(0.0).bearer(stranger)]].concat(),
        ),
        looks(
            "state.unknown_token",
            "unknown|authz.role",
            "a bare 403 where nobody gets another answer",
            [
                takes(OPAQUE),
                vec![
                    at(-40.0, "GET", "/v1/me").says(401, json!({"message": "Who are you?"})),
                    bare(0.0).bearer(stranger),
                ],
            ]
            .concat(),
        ),
    ]
}

fn text() -> Vec<Case> {
    let t = || fresh("a");
    let cut = |letters: usize| {
        let whole = t();
        whole[..whole.len() - letters].to_owned()
    };
    let parts = || t().split('.').map(str::to_owned).collect::<Vec<_>>();
    vec![
        is("token.truncated", "the signature is missing", sends(&parts()[..2].join(".")).gets(401)),
        edge(
            "token.truncated",
            "token.truncated",
            "two letters are missing at the end",
            sends(&cut(2)).gets(401),
        ),
        edge("token.truncated", "unknown", "no letter is missing", sends(&cut(0)).gets(401)),
        looks(
            "token.truncated",
            "unknown|token.not_jwt|state.unknown_token",
            "an opaque token with a dot",
            sends("o9Zq81LmXv27.TnCw04RbEd6Hs3").gets(401),
        ),
        is(
            "token.encoding",
            "the standard alphabet",
            sends(&format!("{}.{}.{}", parts()[0], parts()[1], "+/".repeat(21) + "A")).gets(401),
        ),
        is("token.encoding", "padding", sends(&format!("{}=", t())).gets(401)),
        looks("token.encoding", "unknown", "base64url as it should be", sends(&t()).gets(401)),
        is(
            "token.malformed",
            "the payload is no JSON",
            sends(&format!("{}.{}.{}", parts()[0], "bm90IGpzb24gYXQgYWxs", parts()[2])).gets(401),
        ),
        is(
            "token.malformed",
            "the server calls it garbled, and the token cannot be seen",
            get("/v1/me")
                .with("Authorization", "Bearer ***")
                .says(401, json!({"why": "The token you sent is garbled and cannot be parsed"})),
        ),
        is(
            "token.malformed",
            "one segment too many",
            sends(&format!("{}.{}", t(), "AAAA")).gets(401),
        ),
        edge(
            "token.malformed",
            "token.malformed",
            "a list where an object belongs",
            sends(&format!("{}.{}.{}", parts()[0], "WzEsMl0", parts()[2])).gets(401),
        ),
        edge(
            "token.malformed",
            "unknown|claim.required_missing",
            "an object without members",
            sends(&token(json!({}))).gets(401),
        ),
        looks(
            "token.malformed",
            "ok",
            "a body is malformed",
            call("/v1/me").says(400, json!({"why": "Unexpected token } in JSON at position 4"})),
        ),
        looks(
            "token.malformed",
            "token.truncated",
            "two segments of three",
            sends(&parts()[..2].join(".")).says(401, json!({"why": "malformed token"})),
        ),
        looks(
            "token.malformed",
            "ok",
            "a token of a parser",
            call("/v1/compile").says(422, json!({"why": "Malformed token on line 3"})),
        ),
        looks(
            "token.malformed",
            "basic.malformed",
            "another scheme is garbled",
            get("/v1/me")
                .with("Authorization", "Basic ann:hunter2")
                .gets(401)
                .answers("WWW-Authenticate", "Basic"),
        ),
    ]
}

fn kinds() -> Vec<Case> {
    let id = || {
        with(
            json!({"aud": "shop-client", "nonce": "n-0S6_WzA2Mj", "at_hash": "MTIzNDU2Nzg5MDEyMzQ1Ng"}),
        )
    };
    let refresh = || with(json!({"typ": "Refresh", "exp": START + 2_592_000}));
    vec![
        is("token.not_jwt", "an opaque token where only JWT are let in", after(&fresh("a"), sends(OPAQUE).gets(401))),
        is("token.not_jwt", "the server looks for segments", sends(OPAQUE).says(401, json!({"why": "A token has three parts separated by dots, yours has one"}))),
        is("token.not_jwt", "a sealed token where only signed ones are let in", after(&fresh("a"), sends(&sealed()).gets(401))),
        looks("token.not_jwt", "state.unknown_token", "an opaque token that the server does not know", sends(OPAQUE).says(401, json!({"why": "No such token"}))),
        looks("token.not_jwt", "ok", "opaque tokens are right here", after(OPAQUE, sends("o8Yp70KlWu16SmBv93QaDc5Gr2"))),
        looks("token.not_jwt", "time.expired", "an opaque token that is over", sends(OPAQUE).says(401, json!({"why": "token expired"}))),
        is("token.id_token", "its claims say so, and the host takes access tokens", after(&with(json!({"scope": "a", "client_id": "shop"})), sends(&id()).gets(401))),
        is("token.id_token", "the server says so", sends(&id()).says(401, json!({"why": "You sent an ID token, an access token is needed"}))),
        looks("token.id_token", "claim.audience", "an access token for another API", after(&with(json!({"scope": "a"})), sends(&with(json!({"scope": "a", "aud": "billing"}))).gets(401))),
        looks("token.id_token", "ok", "a host that takes ID tokens", after(&id(), sends(&id()))),
        looks("token.id_token", "time.expired", "an ID token that is over, at a host that takes them", after(&id(), sends(&with(json!({"aud": "shop-client", "nonce": "n-1", "at_hash": "MTIzNDU2Nzg5MDEyMzQ1Ng", "iat": START - 7200, "exp": START - 3600}))).gets(401))),
        is("token.refresh_token", "its claims say so", after(&with(json!({"typ": "Bearer"})), sends(&refresh()).gets(401))),
        is("token.refresh_token", "the server says so", sends(OPAQUE).says(401, json!({"why": "This is a refresh token. Exchange it for an access token first."}))),
        is(
            "token.refresh_token",
            "it was handed out as one",
            [
                at(-9.0, "POST", "/oauth/token")
                    .form("grant_type=authorization_code&code=zq81LmXv27TnCw04RbEd")
                    .says(200, json!({"access_token": fresh("a"), "refresh_token": "r1Kq8Zb2Lx7Vn4Tc9Wd3Pf6Hj5Sg0Ay1Bu"})),
                sends("r1Kq8Zb2Lx7Vn4Tc9Wd3Pf6Hj5Sg0Ay1Bu").gets(401),
            ],
        ),
        looks("token.refresh_token", "oauth.refresh_refused", "it went to the right place and was refused", at(0.0, "POST", "/oauth/token").form(&format!("grant_type=refresh_token&refresh_token={}", refresh())).says(400, json!({"error": "invalid_grant"}))),
        looks("token.refresh_token", "time.expired", "an access token is over and the server says how to refresh", sends(&with(json!({"iat": START - 7200, "exp": START - 3600}))).says(401, json!({"why": "Access token expired, use your refresh token"}))),
        looks("token.refresh_token", "ok", "a page lives long", sends(&with(json!({"exp": START + 2_592_000})))),
        is("token.wrong_type", "the server wants another kind", sends(OPAQUE).says(401, json!({"why": "Wrong token type: a user token was sent, a bot token is needed"}))),
        is("token.wrong_type", "a token that confirms a logout", after(&with(json!({"scope": "a"})), sends(&token_with(&json!({"alg": "HS256", "typ": "logout+jwt"}), &json!({"sub": "a", "iss": "https://id.example", "aud": "api", "iat": START - 60, "exp": START + 3600}))).gets(401))),
        looks("token.wrong_type", "token.id_token", "the kind is known: an ID token", sends(&id()).says(401, json!({"why": "Wrong token type"}))),
        looks("token.wrong_type", "ok", "a type of a file is wrong", call("/v1/files").says(415, json!({"why": "Wrong type: token files are not accepted"}))),
        edge("token.wrong_type", "token.wrong_type", "a kind that is no access token", sends(&token_with(&json!({"alg": "HS256", "typ": "secevent+jwt"}), &json!({"sub": "a", "exp": START + 3600}))).says(401, json!({"why": "unexpected token kind"}))),
        edge("token.wrong_type", "unknown", "the kind of access tokens", sends(&token_with(&json!({"alg": "HS256", "typ": "at+jwt"}), &json!({"sub": "a", "exp": START + 3600}))).gets(401)),
    ]
}

fn sealed_ones() -> Vec<Case> {
    vec![
        is(
            "token.undecryptable",
            "the server cannot open it",
            sends(&sealed()).says(401, json!({"why": "Token could not be decrypted"})),
        ),
        is(
            "token.undecryptable",
            "a cookie does not open",
            get("/account")
                .with("Cookie", "session=abcdefabcdefabcdefabcdef01")
                .says(401, json!({"why": "Failed to decrypt the session cookie"})),
        ),
        looks(
            "token.undecryptable",
            "token.not_jwt",
            "the server does not expect a sealed one",
            after(&fresh("a"), sends(&sealed()).says(401, json!({"why": "not enough segments"}))),
        ),
        looks(
            "token.undecryptable",
            "ok",
            "a file could not be opened",
            call("/v1/files/3")
                .says(422, json!({"why": "The file could not be decrypted with this key"})),
        ),
        looks(
            "token.undecryptable",
            "time.expired",
            "it opens and is over",
            sends(&sealed()).says(401, json!({"why": "token expired"})),
        ),
    ]
}
