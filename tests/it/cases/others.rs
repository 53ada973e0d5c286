//! Refused, and not by auth; and what cannot be known.

use serde_json::json;

use super::{Case, call, edge, fresh, get, is, looks};
use crate::story::at;

pub(super) fn cases() -> Vec<Case> {
    let mut all = filters();
    all.extend(services_and_routes());
    all.extend(cross_origin());
    all.extend(steps());
    all.extend(denied_and_unknown());
    all
}

fn filters() -> Vec<Case> {
    vec![
        is("other.csrf", "the token of a form is refused", at(0.0, "POST", "/cart").form("a=1").says(403, json!({"note": "CSRF check failed, reload the page"}))),
        is("other.csrf", "a crumb is refused", call("/job").shows(403, "text/html", "<title>Error 403 No valid crumb was included in the request</title>")),
        looks("other.csrf", "ok", "an article explains CSRF", get("/blog/csrf").shows(200, "text/html", "<h1>CSRF token mismatch</h1>")),
        is("other.rate_limit", "too many in a minute", call("/v1/me").says(429, json!({"note": "60 requests a minute are allowed"}))),
        is("other.rate_limit", "a 403 that is a quota", call("/v1/me").says(403, json!({"note": "Daily request quota exceeded"}))),
        looks("other.rate_limit", "ok", "a rate of exchange has a limit", call("/v1/rates").says(422, json!({"note": "The rate exceeds the limit of the order"}))),
        is(
            "other.waf",
            "a filter shows its page",
            call("/v1/search").shows(403, "text/html", "<title>Attention Required!</title><p>Sorry, you have been blocked by our security service. Ray 8f1.</p>"),
        ),
        is("other.waf", "a check for people", get("/shop").shows(403, "text/html", "<p>Checking your browser: complete the captcha to continue</p>")),
        is("other.waf", "a filter says so in JSON", call("/v1/search").says(403, json!({"note": "Request rejected by the web application firewall", "support_id": "7712"}))),
        looks("other.waf", "authz.role", "the application denies in its own way", call("/v1/search").says(403, json!({"note": "Your role does not allow searching"}))),
        looks("other.waf", "ok", "an article about firewalls", get("/blog").shows(200, "text/html", "<p>The web application firewall blocked the request</p>")),
        looks("other.waf", "login.bad_credentials", "a login page that has a captcha refuses the password", at(0.0, "POST", "/login").json(&json!({"username": "ann", "password": "x"})).says(401, json!({"note": "Wrong username or password", "captcha": false}))),
        is("other.ip_blocked", "an address is not on the list", get("/v1/me").says(403, json!({"note": "Your IP is not whitelisted"}))),
        is("other.ip_blocked", "an address was banned", call("/v1/me").shows(403, "text/plain", "IP address 192.0.2.8 has been banned")),
        is("other.ip_blocked", "a country is not served", get("/v1/me").says(403, json!({"note": "This service is not available in your country"}))),
        looks("other.ip_blocked", "apikey.restricted", "a key is bound to an address", get("/v1/me").with("X-API-Key", "pk9Zq81LmXv27TnCw04RbEd6Hs3").says(403, json!({"note": "API key not allowed from this IP address"}))),
        looks("other.ip_blocked", "ok", "an address of a machine is taken", call("/v1/machines").says(409, json!({"note": "IP address 192.0.2.8 is not allowed twice"}))),
        looks("other.ip_blocked", "authz.role", "nothing of addresses", call("/v1/me").says(403, json!({"note": "You may not ship to this account: permission denied"}))),
    ]
}

fn services_and_routes() -> Vec<Case> {
    vec![
        is(
            "other.service_disabled",
            "an API is off in the project",
            call("/v1/maps")
                .says(403, json!({"note": "The Maps API is not enabled for this project"})),
        ),
        is(
            "other.service_disabled",
            "the bill is not paid",
            call("/v1/maps").says(403, json!({"note": "Billing is disabled on this account"})),
        ),
        looks(
            "other.service_disabled",
            "state.user_disabled",
            "an account of a person is off",
            call("/v1/maps").says(403, json!({"note": "Your user account is disabled"})),
        ),
        looks(
            "other.service_disabled",
            "ok",
            "a bus service is off",
            call("/v1/buses").says(404, json!({"note": "Service 12 is disabled on Sundays"})),
        ),
        is(
            "other.wrong_route",
            "a stage that does not exist",
            call("/prod2/me").says(403, json!({"note": "No route matched: no such stage"})),
        ),
        is(
            "other.wrong_route",
            "a method that is not there",
            at(0.0, "PATCH", "/v1/me")
                .bearer(&fresh("a"))
                .says(403, json!({"note": "Method PATCH is not allowed for this resource"})),
        ),
        looks(
            "other.wrong_route",
            "header.missing",
            "a route that is there and wants a token",
            get("/v1/me").says(401, json!({"note": "No token on this route"})),
        ),
        looks(
            "other.wrong_route",
            "ok",
            "a plain 404",
            get("/v9/me").says(404, json!({"note": "No route matched"})),
        ),
        looks("other.wrong_route", "ok", "a plain 405", at(0.0, "PATCH", "/v1/me").gets(405)),
        looks(
            "other.wrong_route",
            "authz.role",
            "a route of a lorry may not be seen",
            call("/v1/routes/4")
                .says(403, json!({"note": "You do not have permission to view this route"})),
        ),
    ]
}

fn cross_origin() -> Vec<Case> {
    let from =
        || at(0.0, "GET", "/v1/me").with("Origin", "https://app.example").bearer(&fresh("a"));
    let preflight = |second: f64| {
        at(second, "OPTIONS", "/v1/me")
            .with("Origin", "https://app.example")
            .with("Access-Control-Request-Method", "GET")
            .with("Access-Control-Request-Headers", "authorization")
    };
    vec![
        is(
            "cors.origin",
            "the server says that it does not know the origin",
            from().says(403, json!({"note": "Origin https://app.example is not allowed by CORS"})),
        ),
        is(
            "cors.origin",
            "the preflight is answered for another origin and the call never leaves",
            [
                preflight(-0.1)
                    .gets(204)
                    .answers("Access-Control-Allow-Origin", "https://www.example"),
                from().gets(0),
            ],
        ),
        looks(
            "cors.origin",
            "ok",
            "the origin is allowed",
            from().answers("Access-Control-Allow-Origin", "https://app.example"),
        ),
        looks(
            "cors.origin",
            "other.csrf",
            "the origin is checked against forgery",
            at(0.0, "POST", "/cart")
                .with("Origin", "https://evil.example")
                .form("a=1")
                .says(403, json!({"note": "CSRF: origin of the form does not match"})),
        ),
        looks(
            "cors.origin",
            "ok",
            "goods have an origin",
            call("/v1/goods")
                .says(422, json!({"note": "Origin not allowed: choose another country"})),
        ),
        looks(
            "cors.origin",
            "time.expired",
            "the page reads why",
            from()
                .answers("Access-Control-Allow-Origin", "https://app.example")
                .says(401, json!({"note": "token expired"}))
                .with("X-Client", "web"),
        ),
        is("cors.preflight", "the preflight is asked for a credential", preflight(0.0).gets(401)),
        looks(
            "cors.preflight",
            "ok",
            "the preflight is answered",
            preflight(0.0)
                .gets(204)
                .answers("Access-Control-Allow-Origin", "*")
                .answers("Access-Control-Allow-Headers", "authorization"),
        ),
        edge(
            "cors.preflight",
            "cors.preflight",
            "a preflight names the method to come",
            preflight(0.0).gets(401),
        ),
        edge(
            "cors.preflight",
            "header.missing",
            "OPTIONS without it is a request as others",
            at(0.0, "OPTIONS", "/v1/me").gets(401),
        ),
    ]
}

fn steps() -> Vec<Case> {
    let basic = |second: f64| {
        at(second, "GET", "/private").with("Authorization", "Basic dXNlcjpwYXNzd29yZA==")
    };
    let asks = |second: f64| {
        at(second, "GET", "/private").gets(401).answers("WWW-Authenticate", "Basic realm=\"x\"")
    };
    vec![
        is("other.handshake", "a challenge that was answered", [asks(0.0), basic(1.0)]).back(1),
        looks("other.handshake", "header.missing", "a challenge that nobody answered", asks(0.0)),
        edge(
            "other.handshake",
            "other.handshake",
            "the path holds the password, which only the answer shows",
            [
                at(0.0, "GET", "/private/user/password")
                    .gets(401)
                    .answers("WWW-Authenticate", "Basic realm=\"x\""),
                at(1.0, "GET", "/private/user/password")
                    .with("Authorization", "Basic dXNlcjpwYXNzd29yZA=="),
            ],
        )
        .back(1),
        edge(
            "other.handshake",
            "header.missing",
            "answered on the path of another user",
            [
                at(0.0, "GET", "/private/bob/password")
                    .gets(401)
                    .answers("WWW-Authenticate", "Basic realm=\"x\""),
                at(1.0, "GET", "/private/user/password")
                    .with("Authorization", "Basic dXNlcjpwYXNzd29yZA=="),
            ],
        )
        .back(1),
        is(
            "verifier.unavailable",
            "the keys could not be fetched",
            call("/v1/me").says(
                503,
                json!({"note": "Could not reach the identity provider to check your token"}),
            ),
        ),
        looks(
            "verifier.unavailable",
            "ok",
            "a shop is down",
            call("/v1/shop").says(503, json!({"note": "Could not reach the warehouse"})),
        ),
        is(
            "verifier.misconfigured",
            "the server has no secret",
            call("/v1/me").says(500, json!({"note": "JWT secret is not configured"})),
        ),
        looks(
            "verifier.misconfigured",
            "ok",
            "a printer has no settings",
            call("/v1/print").says(500, json!({"note": "Printer is not configured"})),
        ),
    ]
}

fn denied_and_unknown() -> Vec<Case> {
    vec![
        is(
            "other.denied",
            "a file that nobody may list",
            get("/files/").shows(403, "text/html", "<h1>Directory listing denied</h1>"),
        ),
        looks(
            "other.denied",
            "ok",
            "a schema of XML lacks an element that is named for a token",
            at(0.0, "POST", "/ws").shows(
                500,
                "text/xml",
                "<e:Envelope xmlns:e='u'><e:Body><e:Fault><faultcode>e:Client</faultcode><faultstring>\
                 Unmarshalling Error: cvc-complex-type.2.4.b: element sessionToken is missing</faultstring></e:Fault></e:Body></e:Envelope>",
            ),
        ),
        is(
            "other.denied",
            "a 403 for a thing that is closed, with a token",
            call("/v1/votes").says(403, json!({"note": "The poll is closed"})),
        ),
        looks(
            "other.denied",
            "authz.role",
            "a 403 for a thing that this caller may not have",
            call("/v1/votes").says(403, json!({"note": "Access to the closed poll is denied"})),
        ),
        looks(
            "other.denied",
            "ok",
            "a status of gRPC about the state of a thing",
            call("/shop.Cart/Buy").answers("grpc-status", "9").answers("grpc-message", "session expired: nothing is held any more"),
        ),
        is(
            "other.denied",
            "a 403 of a business rule",
            get("/v1/orders/4")
                .says(403, json!({"note": "Orders that were shipped cannot be changed"})),
        ),
        looks(
            "other.denied",
            "authz.role",
            "the identity lacks a right",
            call("/v1/orders/4").says(403, json!({"note": "You need the role clerk"})),
        ),
        looks(
            "other.denied",
            "header.missing",
            "a 403 that misses the token",
            get("/v1/orders/4").says(403, json!({"note": "Missing bearer token"})),
        ),
        looks("other.denied", "ok", "a plain 404", get("/files/a").gets(404)),
        is("unknown", "a fine token, a bare 401", call("/v1/me").gets(401)),
        looks("unknown", "header.missing", "no token, a bare 401", get("/v1/me").gets(401)),
        looks("unknown", "ok", "a fine token, let in", call("/v1/me")),
        is(
            "capture.sanitized",
            "the export masked the token, and nothing else tells",
            get("/v1/me").with("Authorization", "Bearer ***").gets(401),
        ),
        looks(
            "capture.sanitized",
            "time.expired",
            "the export masked the token, and the server tells",
            get("/v1/me")
                .with("Authorization", "Bearer ***")
                .says(401, json!({"note": "token expired"})),
        ),
    ]
}
