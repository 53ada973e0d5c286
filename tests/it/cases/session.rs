//! Sessions of cookies.

use serde_json::json;

use super::{Case, call, edge, fresh, get, is, looks};
use crate::story::{Step, at};

const COOKIE: &str = "sessionid=abcdefabcdefabcdefabcdef01";

fn page(second: f64) -> Step {
    at(second, "GET", "/account").with("Cookie", COOKIE)
}

fn login_page(step: Step) -> Step {
    step.gets(302).answers("Location", "https://api.example/login?next=%2Faccount")
}

pub(super) fn cases() -> Vec<Case> {
    let signed_in = |attributes: &str| {
        at(-9.0, "POST", "/login")
            .json(&json!({"username": "a", "password": "hunter2hunter2"}))
            .answers("Set-Cookie", &format!("{COOKIE}; {attributes}"))
    };
    vec![
        is(
            "session.expired",
            "a page says in its title that the session is over",
            [
                page(-60.0),
                page(0.0).shows(
                    200,
                    "text/html",
                    "<title>Session expired</title><p>Start again.</p>",
                ),
            ],
        ),
        looks(
            "session.expired",
            "ok",
            "the title of a page of help names an ended session",
            at(0.0, "GET", "/help/sessions").with("Cookie", COOKIE).shows(
                200,
                "text/html",
                "<title>Session expired</title><p>Why?</p>",
            ),
        ),
        looks(
            "session.expired",
            "ok",
            "a page with a title like that for somebody without a session",
            get("/account").shows(200, "text/html", "<title>Session expired</title><p>Why?</p>"),
        ),
        looks(
            "session.expired",
            "ok",
            "a page to log in with, where the docs are",
            get("/docs/login").with("Accept", "application/json").shows(
                200,
                "text/html",
                "<form><input type=password></form>",
            ),
        ),
        looks(
            "session.expired",
            "ok",
            "a page with an ended session among its lines",
            page(0.0).shows(
                200,
                "text/html",
                "<title>Your account</title><h2>Session expired</h2><p>3 devices</p>",
            ),
        ),
        is(
            "session.expired",
            "let in here before, and then a gateway's page for the same cookie",
            [
                page(-60.0),
                page(0.0).shows(
                    403,
                    "text/html",
                    "<title>403 Permission Denied</title><h1>Sign in</h1>",
                ),
            ],
        ),
        looks(
            "session.expired",
            "authz.role",
            "a page that was never shown to this session",
            page(0.0).shows(
                403,
                "text/html",
                "<title>403 Permission Denied</title><h1>Staff only: permission denied</h1>",
            ),
        ),
        is(
            "session.expired",
            "let in, and later sent to the login page",
            [page(-60.0), login_page(page(0.0))],
        ),
        is(
            "session.expired",
            "the server says that it ended",
            page(0.0).says(401, json!({"why": "You have been signed out because of inactivity"})),
        ),
        is("session.expired", "the status of old servers", page(0.0).gets(440)),
        looks(
            "session.expired",
            "session.cookie_missing",
            "the cookie was not sent",
            [signed_in("HttpOnly"), get("/account").gets(401)],
        ),
        looks(
            "session.expired",
            "other.csrf",
            "the token of the form is refused",
            page(0.0).says(419, json!({"why": "CSRF token mismatch"})),
        ),
        looks(
            "session.expired",
            "ok",
            "a session of yoga is over",
            call("/v1/sessions/7").says(410, json!({"why": "This session has ended"})),
        ),
        looks(
            "session.expired",
            "ok",
            "an upload has to begin anew",
            call("/v1/uploads/7").says(404, json!({"why": "Upload session expired"})),
        ),
        looks(
            "session.expired",
            "time.expired",
            "a token is over",
            get("/account")
                .bearer("o9Zq81LmXv27TnCw04RbEd6Hs3")
                .says(401, json!({"why": "access token expired"})),
        ),
        looks(
            "session.expired",
            "ok",
            "a page that moved",
            page(0.0).gets(302).answers("Location", "https://api.example/account/"),
        ),
        edge(
            "session.expired",
            "session.expired",
            "a cookie that was to live ten seconds, after ten",
            [signed_in("Max-Age=10"), page(-5.0), at(1.0, "GET", "/account").gets(401)],
        ),
        edge(
            "session.expired",
            "session.cookie_missing",
            "a cookie that was to live ten seconds, after nine",
            [signed_in("Max-Age=10"), page(-5.0), at(0.0, "GET", "/account").gets(401)],
        ),
        is(
            "session.cookie_missing",
            "a cookie was set and does not come back",
            [signed_in("HttpOnly"), get("/account").gets(401)],
        ),
        looks(
            "session.cookie_missing",
            "session.expired",
            "the cookie comes back and is over",
            [signed_in("HttpOnly"), page(-5.0), login_page(page(0.0))],
        ),
        looks(
            "session.cookie_missing",
            "ok",
            "a jar of cookies is empty",
            get("/v1/jars").bearer(&fresh("a")).says(404, json!({"why": "No cookies left"})),
        ),
    ]
}
