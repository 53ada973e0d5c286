//! What an authorization server refuses.

use serde_json::{Value, json};

use super::{Case, call, edge, fresh, get, is, looks};
use crate::story::{Step, at};

/// A request to a token endpoint.
fn asks(form: &str) -> Step {
    at(0.0, "POST", "/oauth/token").form(form)
}

const CODE: &str = "grant_type=authorization_code&client_id=shop&code=zq81LmXv27TnCw04RbEd&redirect_uri=https%3A%2F%2Fapp.example%2Fcb";
const CREDENTIALS: &str =
    "grant_type=client_credentials&client_id=shop&client_secret=zq81LmXv27TnCw04RbEd&scope=a";
const REFRESH: &str =
    "grant_type=refresh_token&client_id=shop&refresh_token=rt9Zq81LmXv27TnCw04RbEd6Hs3";
const DEVICE: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=tv&device_code=dc9Zq81LmXv27TnCw04RbEd6Hs3";

fn error(code: &str, words: &str) -> Value {
    json!({"error": code, "error_description": words})
}

/// A callback with these parameters.
fn back(query: &str) -> Step {
    get(&format!("https://app.example/cb?{query}&state=otKq8Zb2Lx7Vn4Tc9Wd3Pz"))
}

pub(super) fn cases() -> Vec<Case> {
    let mut all = client();
    all.extend(scopes_and_grants());
    all.extend(interaction());
    all.extend(pending());
    all.extend(grants());
    all
}

fn client() -> Vec<Case> {
    vec![
        is("oauth.invalid_client", "the code of the standard", asks(CREDENTIALS).says(401, error("invalid_client", "nope"))),
        is(
            "oauth.invalid_client",
            "a code for another thing, against its status and its message",
            asks(CREDENTIALS).says(401, error("unauthorized_client", "Bad client credentials")),
        ),
        is(
            "oauth.invalid_client",
            "in prose alone",
            asks(CREDENTIALS).says(401, json!({"message": "The client secret you supplied is incorrect"})),
        ),
        is(
            "oauth.invalid_client",
            "the client is not registered",
            asks(CODE).says(400, json!({"message": "No client with this client_id is registered"})),
        ),
        looks("oauth.invalid_client", "oauth.invalid_grant", "the client is fine, its code is not", asks(CODE).says(400, error("invalid_grant", "code not valid"))),
        looks("oauth.invalid_client", "ok", "an invoice names no client", call("/v1/invoices").says(400, json!({"error": "invalid_client", "message": "Client 7 has no billing address"}))),
        looks("oauth.invalid_client", "oauth.unauthorized_client", "known, and may not do this", asks(CREDENTIALS).says(400, error("unauthorized_client", "not for you"))),
        is("oauth.unauthorized_client", "the code of the standard", asks(CREDENTIALS).says(400, error("unauthorized_client", "x"))),
        is(
            "oauth.unauthorized_client",
            "in prose alone",
            asks(CREDENTIALS).says(403, json!({"message": "This client is not permitted to use the client_credentials grant"})),
        ),
        looks("oauth.unauthorized_client", "oauth.unsupported_grant", "nobody may use the grant", asks(CREDENTIALS).says(400, error("unsupported_grant_type", "x"))),
        looks("oauth.unauthorized_client", "authz.role", "somebody may not call an API", call("/v1/clients").says(403, json!({"message": "You do not have permission to list clients"}))),
    ]
}

fn scopes_and_grants() -> Vec<Case> {
    vec![
        is(
            "oauth.invalid_scope",
            "the code of the standard",
            asks(CREDENTIALS).says(400, error("invalid_scope", "x")),
        ),
        is(
            "oauth.invalid_scope",
            "in prose alone",
            asks(CREDENTIALS)
                .says(400, json!({"message": "Scope 'a' is not defined for this client"})),
        ),
        is(
            "oauth.invalid_scope",
            "in the query of a callback",
            back("error=invalid_scope&error_description=scope+fly+is+unknown").gets(400),
        ),
        looks(
            "oauth.invalid_scope",
            "authz.scope",
            "an API finds the scope too small",
            call("/v1/mail").says(403, json!({"error": "insufficient_scope"})),
        ),
        looks(
            "oauth.invalid_scope",
            "ok",
            "a microscope",
            call("/v1/scopes")
                .says(400, json!({"message": "Invalid scope: the lens is not defined"})),
        ),
        is(
            "oauth.unsupported_grant",
            "the code of the standard",
            asks(REFRESH).says(400, error("unsupported_grant_type", "x")),
        ),
        is(
            "oauth.unsupported_grant",
            "in prose alone",
            asks(CREDENTIALS).says(
                400,
                json!({"message": "Grant type client_credentials is not supported here"}),
            ),
        ),
        looks(
            "oauth.unsupported_grant",
            "oauth.invalid_request",
            "the grant type was left out",
            asks("client_id=shop").says(400, json!({"message": "grant_type is missing"})),
        ),
        looks(
            "oauth.unsupported_grant",
            "ok",
            "a grant of money",
            call("/v1/grants").says(400, json!({"message": "Unsupported grant type: research"})),
        ),
        is(
            "oauth.invalid_request",
            "a part of the message is missing",
            asks("grant_type=authorization_code&client_id=shop")
                .says(400, error("invalid_request", "code is required")),
        ),
        looks(
            "oauth.invalid_request",
            "ok",
            "an order is malformed",
            call("/v1/orders")
                .says(400, json!({"error": "invalid_request", "message": "quantity is required"})),
        ),
    ]
}

fn interaction() -> Vec<Case> {
    vec![
        is("oauth.access_denied", "the user declined, in the callback", back("error=access_denied").gets(400)),
        is("oauth.access_denied", "the user declined on another screen", asks(DEVICE).says(400, error("access_denied", "The user pressed No"))),
        looks("oauth.access_denied", "authz.consent", "nobody was asked yet", back("error=consent_required").gets(400)),
        looks("oauth.access_denied", "authz.role", "an API denies", call("/v1/safe").says(403, json!({"error": "access_denied", "message": "You lack the permission safe:open"}))),
        looks("oauth.access_denied", "ok", "a door log tells of access denied", call("/v1/doors/log").says(200, json!([{"event": "access_denied", "door": 4}]))),
        is("oauth.login_required", "no silent way, in the callback", back("error=login_required").gets(400)),
        is(
            "oauth.login_required",
            "no silent way, in the redirect",
            get("https://id.example/authorize?response_type=code&client_id=shop&prompt=none&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&state=otKq8Zb2Lx7Vn4Tc9Wd3Pz")
                .gets(302)
                .answers("Location", "https://app.example/cb?error=interaction_required&state=otKq8Zb2Lx7Vn4Tc9Wd3Pz"),
        ),
        looks("oauth.login_required", "header.missing", "an API wants a login and got nothing", get("/v1/me").says(401, json!({"message": "Login required"}))),
        looks("oauth.login_required", "ok", "a page says that a login is required elsewhere", get("/help").shows(200, "text/html", "<p>login_required means that you should sign in</p>")),
    ]
}

fn pending() -> Vec<Case> {
    let again = |second: f64| at(second, "POST", "/oauth/token").form(DEVICE);
    vec![
        is("oauth.pending", "the user has not answered yet", asks(DEVICE).says(400, error("authorization_pending", "x"))),
        is("oauth.pending", "too fast", asks(DEVICE).says(400, error("slow_down", "x"))),
        edge(
            "oauth.pending",
            "oauth.pending",
            "not finished, just before the end",
            [again(-5.0).says(400, error("authorization_pending", "x")), again(0.0).says(400, error("authorization_pending", "x"))],
        ),
        edge(
            "oauth.pending",
            "oauth.invalid_grant",
            "the device code is over",
            [again(-5.0).says(400, error("authorization_pending", "x")), again(0.0).says(400, error("expired_token", "The device code is no longer valid"))],
        ),
        looks("oauth.pending", "oauth.access_denied", "the user said no", asks(DEVICE).says(400, error("access_denied", "x"))),
        looks("oauth.pending", "ok", "a payment is pending", call("/v1/pay").says(409, json!({"error": "authorization_pending", "message": "The card issuer has not answered yet"}))),
        looks("oauth.pending", "other.rate_limit", "an API is called too fast", call("/v1/me").says(429, json!({"message": "Slow down"}))),
    ]
}

fn grants() -> Vec<Case> {
    let verifier = "code_verifier=short";
    vec![
        is(
            "oauth.invalid_grant",
            "a code that is not valid any more",
            asks(CODE).says(400, error("invalid_grant", "Code has already been redeemed")),
        ),
        looks(
            "oauth.invalid_grant",
            "ok",
            "a discount code is used up",
            call("/v1/cart").says(400, json!({"message": "This code has already been redeemed"})),
        ),
        is(
            "oauth.refresh_refused",
            "a refresh token that is over",
            asks(REFRESH).says(400, error("invalid_grant", "x")),
        ),
        is(
            "oauth.refresh_refused",
            "in prose alone",
            asks(REFRESH).says(
                401,
                json!({"message": "Please sign in, the refresh token is no longer good"}),
            ),
        ),
        looks(
            "oauth.refresh_refused",
            "ok",
            "a refresh is let in",
            asks(REFRESH).says(200, json!({"access_token": fresh("a")})),
        ),
        looks(
            "oauth.refresh_refused",
            "oauth.invalid_client",
            "the client that refreshes is not known",
            asks(REFRESH).says(401, error("invalid_client", "x")),
        ),
        is(
            "oauth.redirect_mismatch",
            "the address does not match",
            asks(CODE)
                .says(400, json!({"message": "redirect_uri does not match the one registered"})),
        ),
        looks(
            "oauth.redirect_mismatch",
            "ok",
            "too many redirects of a link checker",
            call("/v1/links").says(422, json!({"message": "Invalid redirect target"})),
        ),
        is(
            "oauth.pkce_failed",
            "the verifier does not fit",
            asks(&format!("{CODE}&{verifier}"))
                .says(400, json!({"message": "code verifier does not match the challenge"})),
        ),
        looks(
            "oauth.pkce_failed",
            "ok",
            "a verifier of source code fails",
            call("/v1/builds").says(422, json!({"message": "The code verifier found 3 problems"})),
        ),
        is(
            "oauth.state_mismatch",
            "a state that is not the one sent",
            back("code=zq81LmXv27TnCw04RbEd")
                .says(403, json!({"message": "State parameter does not match"})),
        ),
        looks(
            "oauth.state_mismatch",
            "ok",
            "a state of a machine does not match",
            call("/v1/jobs/1")
                .says(409, json!({"message": "State mismatch: job is already running"})),
        ),
    ]
}
