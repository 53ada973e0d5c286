//! Names and passwords: Basic, Digest, handshakes, logins, codes.

use serde_json::json;

use super::{Case, call, edge, get, is, looks};
use crate::story::{Step, at};

const BASIC: &str = "Basic YW5uOmh1bnRlcjI=";

fn basic(value: &str) -> Step {
    get("/private")
        .with("Authorization", value)
        .gets(401)
        .answers("WWW-Authenticate", "Basic realm=\"x\"")
}

fn login(path: &str) -> Step {
    at(0.0, "POST", path).json(&json!({"email": "ann@b.example", "password": "x"}))
}

fn code(path: &str) -> Step {
    at(0.0, "POST", path).json(&json!({"code": "112233"}))
}

pub(super) fn cases() -> Vec<Case> {
    let mut all = schemes();
    all.extend(logins());
    all.extend(codes());
    all.extend(old_passwords());
    all
}

fn schemes() -> Vec<Case> {
    let ask = r#"Digest realm="x", nonce="abc", qop="auth""#;
    let stale = r#"Digest realm="x", nonce="def", qop="auth", stale=true"#;
    let answer = r#"Digest username="bob", realm="x", nonce="abc", uri="/p", response="0123456789abcdef0123456789abcdef", qop=auth, nc=00000001, cnonce="xyz""#;
    let digest = |second: f64| at(second, "GET", "/p").with("Authorization", answer);
    let ticket = "Negotiate YIIGJgYGKwYBBQUCoIIGGjCCBhagMDAuBgkqhkiC9xIBAgIGCSqGSIb3EgECAg==";
    let asks = |second: f64, with: &str| {
        at(second, "GET", "/p").gets(401).answers("WWW-Authenticate", with)
    };
    vec![
        is("basic.bad_password", "refused with the same challenge", basic(BASIC)),
        looks("basic.bad_password", "ok", "let in", get("/private").with("Authorization", BASIC)),
        looks(
            "basic.bad_password",
            "authz.role",
            "the right person without the right",
            get("/private")
                .with("Authorization", BASIC)
                .says(403, json!({"why": "Only auditors may read this"})),
        ),
        looks(
            "basic.bad_password",
            "login.password_expired",
            "the password is right and must be changed",
            get("/private")
                .with("Authorization", BASIC)
                .says(403, json!({"code": "Security.CredentialsExpired"})),
        ),
        is(
            "basic.bad_password",
            "asked for under a word that opens no prompt",
            get("/private")
                .with("Authorization", BASIC)
                .answers("WWW-Authenticate", "xBasic realm=\"x\"")
                .says(401, json!({"message": "Current user is not logged in"})),
        ),
        is("basic.malformed", "no base64", basic("Basic ann:hunter2")),
        edge("basic.malformed", "basic.malformed", "no colon", basic("Basic YW5uaHVudGVyMg==")),
        edge(
            "basic.malformed",
            "basic.bad_password",
            "a colon and nothing behind it",
            basic("Basic YW5uOg=="),
        ),
        looks("basic.malformed", "basic.bad_password", "well made and wrong", basic(BASIC)),
        is(
            "digest.bad_password",
            "an answer that is wrong",
            [asks(0.0, ask), digest(0.1).gets(401).answers("WWW-Authenticate", ask)],
        ),
        looks(
            "digest.bad_password",
            "digest.stale_nonce",
            "an answer to a nonce that is too old",
            [
                asks(0.0, ask),
                digest(0.1).gets(401).answers("WWW-Authenticate", stale),
                digest(0.2).gets(401).answers("WWW-Authenticate", stale),
            ],
        ),
        is(
            "digest.stale_nonce",
            "the server says that the nonce is stale",
            [asks(0.0, ask), digest(0.1).gets(401).answers("WWW-Authenticate", stale), digest(0.2)],
        )
        .back(1),
        looks(
            "digest.stale_nonce",
            "digest.bad_password",
            "not stale, wrong",
            [asks(0.0, ask), digest(0.1).gets(401).answers("WWW-Authenticate", ask)],
        ),
        is(
            "negotiate.failed",
            "a ticket that is rejected",
            [
                asks(0.0, "Negotiate"),
                at(0.1, "GET", "/p")
                    .with("Authorization", ticket)
                    .gets(401)
                    .answers("WWW-Authenticate", "Negotiate"),
            ],
        ),
        looks(
            "negotiate.failed",
            "ok",
            "a ticket that is taken",
            [asks(0.0, "Negotiate"), at(0.1, "GET", "/p").with("Authorization", ticket)],
        ),
    ]
}

fn logins() -> Vec<Case> {
    let mutation = |text: &str| at(0.0, "POST", "/graphql").json(&json!({"query": text}));
    let wrong = || json!({"errors": [{"message": "Please enter valid credentials"}], "data": null});
    let log_in = "mutation { sessionCreate(login: \"ann\", password: \"x\") { token } }";
    let envelope = |text: &str| json!({"code": 500, "msg": text});
    let sends = |path: &str| {
        at(0.0, "POST", path).json(&json!({"identity": "ann", "password": "hunter2hunter2"}))
    };
    vec![
        is(
            "login.bad_credentials",
            "an envelope in an answer of status 200 says so",
            sends("/api/login").says(200, envelope("用户名或密码错误")),
        ),
        looks(
            "login.bad_credentials",
            "ok",
            "the same envelope hands out what was asked for",
            sends("/api/login").says(
                200,
                json!({"code": 20000, "msg": "密码错误次数已清零", "data": {"name": "ann"}}),
            ),
        ),
        looks(
            "login.bad_credentials",
            "ok",
            "the same envelope about a coupon",
            call("/api/order").says(200, envelope("优惠券已过期")),
        ),
        is(
            "login.bad_credentials",
            "the same envelope in Korean",
            sends("/api/login").says(
                200,
                json!({"code": "E1", "message": "아이디 또는 비밀번호가 일치하지 않습니다"}),
            ),
        ),
        looks(
            "login.bad_credentials",
            "ok",
            "the passphrase of a wallet",
            at(0.0, "POST", "/rpc").with("Authorization", BASIC).says(
                500,
                json!({"error": {"message": "The wallet passphrase entered was incorrect."}}),
            ),
        ),
        is(
            "login.bad_credentials",
            "an identity and a password are sent under a path that says so",
            sends("/api/users/auth-with-password")
                .says(400, json!({"note": "Failed to authenticate."})),
        ),
        is(
            "login.bad_credentials",
            "a mutation that logs in, by its name and an argument in its text",
            mutation(log_in).says(200, wrong()),
        ),
        is(
            "login.bad_credentials",
            "a mutation whose payload holds the errors",
            mutation(log_in).says(
                200,
                json!({"data": {"sessionCreate": {"token": null, "errors": [
                    {"field": "login", "message": "Please enter valid credentials"}]}}}),
            ),
        ),
        looks(
            "login.bad_credentials",
            "ok",
            "a payload that holds errors and what was asked for",
            mutation(log_in).says(
                200,
                json!({"data": {"sessionCreate": {"token": "abc", "errors": [
                    {"field": "login", "message": "Please enter valid credentials"}]}}}),
            ),
        ),
        is(
            "login.bad_credentials",
            "a form of data to fill in again",
            login("/auth/login_flow/17").says(
                200,
                json!({"type": "form", "flow": "17", "step": "init", "fields": [{"name": "a"}],
                    "errors": {"base": "invalid_auth"}}),
            ),
        ),
        looks(
            "login.bad_credentials",
            "ok",
            "a form of data that asks for more",
            login("/auth/login_flow/17").says(
                200,
                json!({"type": "form", "flow": "17", "step": "code", "fields": [{"name": "a"}],
                    "errors": {}}),
            ),
        ),
        is(
            "login.bad_credentials",
            "name and password in the URL",
            get("/query?db=x&u=ann&p=hunter2").gets(401),
        ),
        looks(
            "login.bad_credentials",
            "other.denied",
            "numbers of a user and a post in the URL",
            get("/viewtopic?u=2&p=17").gets(403),
        ),
        is(
            "login.bad_credentials",
            "a password that is wrong",
            login("/auth/login")
                .says(401, json!({"why": "That email and password do not go together"})),
        ),
        is("login.bad_credentials", "a bare refusal of a login", login("/auth/login").gets(401)),
        looks(
            "login.bad_credentials",
            "ok",
            "a new password is too short",
            login("/v1/profile/password")
                .says(422, json!({"why": "Invalid password: 8 characters at least"})),
        ),
        looks(
            "login.bad_credentials",
            "other.rate_limit",
            "too many tries",
            login("/auth/login")
                .says(429, json!({"why": "Too many login attempts, try again later"})),
        ),
        looks(
            "login.bad_credentials",
            "ok",
            "the field was left out",
            login("/auth/login").says(422, json!({"why": "password is required"})),
        ),
    ]
}

fn codes() -> Vec<Case> {
    vec![
        is(
            "login.bad_code",
            "a code that is wrong",
            code("/auth/otp")
                .says(401, json!({"why": "The 6-digit code you entered is incorrect"})),
        ),
        is(
            "login.bad_code",
            "a code that came too late",
            code("/auth/2fa/verify")
                .says(400, json!({"why": "Your verification code has expired, request a new one"})),
        ),
        is(
            "login.bad_code",
            "in a code of its own",
            code("/auth/otp").says(400, json!({"code": "INVALID_OTP"})),
        ),
        looks(
            "login.bad_code",
            "ok",
            "a discount code is wrong",
            call("/v1/cart").says(
                400,
                json!({"why": "The code you entered is incorrect or expired", "field": "coupon"}),
            ),
        ),
        looks(
            "login.bad_code",
            "authz.step_up",
            "no code was sent yet",
            login("/auth/login")
                .says(403, json!({"why": "A one-time code is required to finish signing in"})),
        ),
        looks(
            "login.bad_code",
            "oauth.invalid_grant",
            "an authorization code is refused",
            at(0.0, "POST", "/oauth/token")
                .form("grant_type=authorization_code&client_id=a&code=zq81LmXv27TnCw04RbEd")
                .says(400, json!({"error": "invalid_grant"})),
        ),
        looks(
            "login.bad_code",
            "ok",
            "a postal code is wrong",
            call("/v1/address").says(422, json!({"why": "Invalid code: no such postal area"})),
        ),
        looks(
            "login.bad_code",
            "other.rate_limit",
            "too many codes were asked for",
            code("/auth/otp/send").says(429, json!({"why": "Too many codes requested"})),
        ),
    ]
}

fn old_passwords() -> Vec<Case> {
    vec![
        is(
            "login.password_expired",
            "the password is too old",
            login("/auth/login")
                .says(403, json!({"why": "Your password has expired and has to be changed"})),
        ),
        is(
            "login.password_expired",
            "a first password has to be changed",
            login("/auth/login").says(401, json!({"code": "MUST_CHANGE_PASSWORD"})),
        ),
        is(
            "login.password_expired",
            "in the answer to Basic",
            basic(BASIC)
                .says(401, json!({"why": "Password expired. Set a new one in the portal."})),
        ),
        looks(
            "login.password_expired",
            "login.bad_credentials",
            "the password is wrong",
            login("/auth/login")
                .says(401, json!({"why": "Wrong password. Forgot it? Reset your password."})),
        ),
        looks(
            "login.password_expired",
            "ok",
            "the page on which it is changed",
            get("/account/password").shows(
                200,
                "text/html",
                "<p>Your password has expired. Choose a new one.</p>",
            ),
        ),
        looks(
            "login.password_expired",
            "ok",
            "a link to reset it is over",
            at(0.0, "POST", "/account/reset")
                .json(&json!({"password": "x"}))
                .says(410, json!({"why": "This password reset link has expired"})),
        ),
        looks(
            "login.password_expired",
            "state.revoked",
            "the password was changed, so its tokens ended",
            call("/v1/me")
                .says(401, json!({"why": "Token revoked because the password was changed"})),
        ),
    ]
}
