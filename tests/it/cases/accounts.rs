//! Accounts that may not, and opaque tokens that nobody knows or that were taken back.

use serde_json::json;

use super::{Case, call, fresh, get, is, looks};
use crate::story::{Step, at};

const OPAQUE: &str = "o9Zq81LmXv27TnCw04RbEd6Hs3";

fn login() -> Step {
    at(0.0, "POST", "/session/login").json(&json!({"username": "ann", "password": "x"}))
}

pub(super) fn cases() -> Vec<Case> {
    let mut all = tokens();
    all.extend(disabled_and_locked());
    all.extend(unverified());
    all
}

fn tokens() -> Vec<Case> {
    let opaque = || get("/v1/me").bearer(OPAQUE);
    vec![
        is(
            "state.revoked",
            "the server says that it was taken back",
            call("/v1/me").says(401, json!({"why": "This token was revoked by the user"})),
        ),
        looks(
            "state.revoked",
            "ok",
            "a licence was revoked",
            call("/v1/licences/2").says(410, json!({"why": "This driving licence was revoked"})),
        ),
        looks(
            "state.revoked",
            "authz.role",
            "a right was taken back, the token not",
            call("/v1/admin").says(403, json!({"why": "You no longer have permission to administer this space"})),
        ),
        is(
            "state.unknown_token",
            "an opaque token that no store holds",
            opaque().says(401, json!({"why": "No such access token"})),
        ),
        is(
            "state.unknown_token",
            "the same in a code",
            opaque().says(401, json!({"err": "unknown_token"})),
        ),
        is(
            "state.unknown_token",
            "in the field of the challenge",
            opaque().gets(401).answers(
                "WWW-Authenticate",
                r#"Bearer error="invalid_token", error_description="The token is unknown to this server""#,
            ),
        ),
        looks(
            "state.unknown_token",
            "ok",
            "a token of a game is not on the board",
            call("/v1/games/9/tokens/3").says(404, json!({"why": "token not found"})),
        ),
        looks(
            "state.unknown_token",
            "state.revoked",
            "it worked before and was taken back",
            [
                at(-9.0, "GET", "/v1/me").gets(401),
                at(-6.0, "GET", "/v1/me").bearer(OPAQUE),
                opaque().says(401, json!({"why": "access token was revoked"})),
            ],
        ),
        looks(
            "state.unknown_token",
            "header.proxy_stripped|header.missing",
            "the server found no token at all in the request",
            call("/v1/me").says(401, json!({"why": "There is no access token in your request"})),
        ),
        looks(
            "state.unknown_token",
            "apikey.wrong",
            "the value is a key",
            get("/v1/me").with("X-API-Key", OPAQUE).says(401, json!({"why": "No such API key"})),
        ),
    ]
}

fn disabled_and_locked() -> Vec<Case> {
    vec![
        is(
            "state.user_disabled",
            "an administrator switched the account off",
            call("/v1/me").says(403, json!({"notice": "Your account has been suspended by an administrator"})),
        ),
        looks(
            "state.user_disabled",
            "ok",
            "a button is disabled for some users",
            call("/v1/ui").says(200, json!({"notice": "feature disabled for user"})),
        ),
        looks(
            "state.user_disabled",
            "state.user_locked",
            "locked for a while after failures",
            login().says(403, json!({"notice": "Too many failed logins, your account is locked for 15 minutes"})),
        ),
        looks(
            "state.user_disabled",
            "ok",
            "the account that money goes to is closed",
            call("/v1/transfers").says(200, json!({"ok": false, "error": "recipient account is closed"})),
        ),
        is(
            "state.user_locked",
            "locked, as the name of a result",
            login().says(401, json!({"title": "Unauthorized", "detail": "LockedOut"})),
        ),
        looks(
            "state.user_disabled",
            "other.denied|authz.role|ok",
            "a person blocked the sender of a message",
            call("/v1/messages").says(403, json!({"notice": "Forbidden: sender was blocked by the user"})),
        ),
        is(
            "state.user_locked",
            "locked after failures, in a code",
            login().says(401, json!({"code": "ACCOUNT_LOCKED"})),
        ),
        is(
            "state.user_locked",
            "locked after failures, in prose",
            login().says(423, json!({"notice": "For your safety we locked this account. Try again in half an hour."})),
        ),
        is(
            "state.user_locked",
            "locked, said with a token",
            call("/v1/me").says(403, json!({"notice": "User is locked out"})),
        ),
        looks(
            "state.user_locked",
            "ok",
            "a document is locked by another user",
            call("/v1/documents/5").says(423, json!({"notice": "The document is locked by user bob"})),
        ),
        looks(
            "state.user_locked",
            "other.rate_limit",
            "too many requests, no account is locked",
            call("/v1/me").says(429, json!({"notice": "Too many requests, try again in 15 minutes"})),
        ),
        looks(
            "state.user_locked",
            "login.bad_credentials",
            "a wrong password, two tries left before the account locks",
            login().says(401, json!({"notice": "Wrong password. 2 attempts remaining before your account is locked."})),
        ),
        looks(
            "state.user_locked",
            "ok",
            "a row of a table is locked",
            call("/v1/accounts/7").says(409, json!({"notice": "Account row locked by another transaction"})),
        ),
    ]
}

fn unverified() -> Vec<Case> {
    vec![
        is(
            "state.user_unverified",
            "the address was not confirmed",
            login().says(
                403,
                json!({"notice": "Please confirm your email address first, we sent you a link"}),
            ),
        ),
        is(
            "state.user_unverified",
            "in a code",
            login().says(400, json!({"code": "email_not_verified"})),
        ),
        is(
            "state.user_unverified",
            "the sign-up is not finished",
            get("/v1/me")
                .bearer(&fresh("n"))
                .says(403, json!({"notice": "Your account has not been activated yet"})),
        ),
        looks(
            "state.user_unverified",
            "login.bad_code",
            "the code of the confirmation was wrong",
            at(0.0, "POST", "/signup/verify")
                .json(&json!({"email": "a@b.example", "code": "112233"}))
                .says(400, json!({"notice": "The confirmation code is incorrect"})),
        ),
        looks(
            "state.user_unverified",
            "ok",
            "a list shows who did not confirm",
            call("/v1/users")
                .says(200, json!([{"email_verified": false, "status": "pending activation"}])),
        ),
        looks(
            "state.user_unverified",
            "ok",
            "a payment was not confirmed",
            call("/v1/orders/4").says(409, json!({"notice": "Payment has not been confirmed yet"})),
        ),
        looks(
            "state.user_unverified",
            "state.user_disabled",
            "confirmed and closed",
            login().says(403, json!({"notice": "This account has been deactivated"})),
        ),
    ]
}
