//! Keys of an application: missing, wrong, past their date, outside their restrictions.

use serde_json::json;

use super::{Case, call, edge, get, is, looks};
use crate::story::{Step, at};

const KEY: &str = "pk9Zq81LmXv27TnCw04RbEd6Hs3";

fn keyed() -> Step {
    get("/v2/rates").with("X-API-Key", KEY)
}

pub(super) fn cases() -> Vec<Case> {
    let mut all = missing_and_wrong();
    all.extend(expired());
    all.extend(restricted());
    all
}

fn missing_and_wrong() -> Vec<Case> {
    vec![
        is(
            "apikey.wrong",
            "a key too short to be told from others, where one is let in",
            [
                at(-9.0, "GET", "/v2/rates").with("X-API-Key", "k_live_83hf73"),
                get("/v2/rates").with("X-API-Key", "k_live_000000").gets(401),
            ],
        ),
        is(
            "apikey.wrong",
            "the token of a bot stands in the path",
            get("/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawq/getMe")
                .says(401, json!({"ok": false, "description": "Unauthorized"})),
        ),
        looks(
            "apikey.missing",
            "unknown|apikey.wrong",
            "the key of a function goes along in the query",
            get("/api/prices?code=9fKx2LmQw7ZtRb4VnYc1HdPs8JgEaUo3TiXkMzCl").gets(401),
        ),
        looks(
            "apikey.wrong",
            "other.service_disabled|other.denied|authz.policy|authz.role",
            "a product wants its licence key",
            keyed().says(403, json!({"note": "Your license key is invalid"})),
        ),
        is(
            "apikey.missing",
            "the service wants a key and none came",
            get("/v2/rates").says(
                401,
                json!({"detail": "This endpoint needs an API key. Get one at the portal."}),
            ),
        ),
        looks(
            "apikey.missing",
            "apikey.wrong",
            "a key came, and it is the one nobody knows",
            keyed().says(401, json!({"detail": "We could not match this API key to an account."})),
        ),
        looks(
            "apikey.missing",
            "ok",
            "a key of a dictionary is missing",
            get("/v2/words").says(404, json!({"error": "missing key", "key": "colour"})),
        ),
        looks(
            "apikey.missing",
            "header.missing",
            "a service of tokens got nothing",
            get("/v2/rates")
                .says(401, json!({"detail": "Send an access token"}))
                .answers("WWW-Authenticate", "Bearer realm=\"rates\""),
        ),
        is(
            "apikey.wrong",
            "a key that the service does not know",
            keyed().says(403, json!({"error": {"reason": "unknown_api_key"}})),
        ),
        is(
            "apikey.wrong",
            "a key that its owner switched off",
            keyed().says(401, json!({"title": "API key has been deactivated by its owner"})),
        ),
        looks(
            "apikey.wrong",
            "other.rate_limit",
            "a key that was used too often",
            keyed().says(429, json!({"error": "Too many calls with this API key, slow down"})),
        ),
        looks(
            "apikey.wrong",
            "ok",
            "a list of keys says that one is invalid",
            call("/v2/keys").says(200, json!({"keys": [{"name": "old", "status": "invalid"}]})),
        ),
    ]
}

fn expired() -> Vec<Case> {
    let used = |second: f64| at(second, "GET", "/v2/rates").with("X-API-Key", KEY);
    vec![
        is(
            "apikey.expired",
            "a key past the date of its contract",
            keyed().says(401, json!({"message": "Your API key ran out on 31 December. Renew it in the console."})),
        ),
        is(
            "apikey.expired",
            "the same in a code",
            keyed().says(403, json!({"fault": {"code": "API_KEY_EXPIRED"}})),
        ),
        is(
            "apikey.expired",
            "a key in the query is past its date",
            get("/v2/rates?api_key=pk9Zq81LmXv27TnCw04RbEd6Hs3")
                .shows(401, "text/plain", "api key expired"),
        ),
        looks(
            "apikey.expired",
            "time.expired",
            "a token ran out, no key",
            get("/v2/rates")
                .bearer("o9Zq81LmXv27TnCw04RbEd6Hs3")
                .says(401, json!({"message": "access token expired"})),
        ),
        looks(
            "apikey.expired",
            "ok",
            "a coupon is past its date",
            keyed().says(422, json!({"message": "The coupon key has expired", "field": "coupon"})),
        ),
        looks(
            "apikey.expired",
            "ok",
            "a key that will end soon still opens",
            keyed().says(200, json!({"rates": [], "notice": "Your API key expires in 6 days"})),
        ),
        looks(
            "apikey.expired",
            "apikey.wrong",
            "refused without a word on time",
            [used(-5.0).gets(401), keyed().says(401, json!({"message": "Bad API key"}))],
        ),
        looks(
            "apikey.expired",
            "other.service_disabled",
            "the plan behind the key ran out",
            keyed().says(403, json!({"message": "Your free trial has ended. Add a payment method to keep calling."})),
        ),
    ]
}

fn restricted() -> Vec<Case> {
    vec![
        is(
            "apikey.restricted",
            "a key of one web site is used from another",
            keyed().with("Referer", "https://other.example/").says(
                403,
                json!({"error": "This API key may not be used from the referer https://other.example/"}),
            ),
        ),
        is(
            "apikey.restricted",
            "a key of one address is used from another",
            keyed().says(403, json!({"error": "API key is not valid for IP address 192.0.2.8"})),
        ),
        is(
            "apikey.restricted",
            "a key does not include this service",
            keyed().says(403, json!({"error": "api_key_service_blocked"})),
        ),
        looks(
            "apikey.restricted",
            "other.ip_blocked",
            "an address is refused whatever the key",
            get("/v2/rates").says(403, json!({"error": "Your IP address 192.0.2.8 is not on the allowlist"})),
        ),
        looks(
            "apikey.restricted",
            "apikey.wrong",
            "a key that does not exist",
            keyed().says(403, json!({"error": "Unrecognised API key"})),
        ),
        looks(
            "apikey.restricted",
            "ok",
            "a picture may not be shown elsewhere, and is",
            keyed().says(200, json!({"licence": "restricted to one referer"})),
        ),
        edge(
            "apikey.restricted",
            "apikey.restricted",
            "the referrer is named and refused",
            keyed().says(403, json!({"message": "Requests from referer <empty> are blocked."})),
        ),
        edge(
            "apikey.restricted",
            "other.denied|authz.role|unknown|apikey.wrong",
            "the referrer is not named: nothing says what was refused",
            keyed().says(403, json!({"message": "Requests are blocked."})),
        ),
    ]
}
