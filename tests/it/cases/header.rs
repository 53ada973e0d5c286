//! Forms of the field that carries a credential.

use serde_json::json;

use super::{Case, after, call, edge, fresh, get, is, looks};
use crate::story::{START, Step, at, token};

/// A request that sends this in `Authorization`.
fn sends(value: &str) -> Step {
    get("/v1/me").with("Authorization", value)
}

pub(super) fn cases() -> Vec<Case> {
    let mut all = absent();
    all.extend(garbled());
    all.extend(scheme());
    all.extend(size());
    all.extend(place());
    all.extend(on_the_way());
    all.extend(without_rights());
    all
}

/// A word on rights where nobody was asked who they are.
fn without_rights() -> Vec<Case> {
    let graph = |second: f64| at(second, "POST", "/graph").json(&json!({"query": "{orders}"}));
    let denied =
        || json!({"errors": [{"message": "You do not have permission to see this"}], "data": null});
    let refused = |step: Step| step.says(200, denied());
    let user = |name: &str, n: u32| {
        token(
            json!({"sub": name, "iss": "https://id.example", "jti": n, "iat": START - 60, "exp": START + 3600}),
        )
    };
    let jwt = |step: Step, name: &str, n: u32| {
        step.with("Authorization", &format!("JWT {}", user(name, n)))
    };
    let history = || vec![jwt(graph(-50.0), "ann", 1), refused(jwt(graph(-40.0), "eve", 2))];
    let then = |steps: Vec<Step>, last: Step| [steps, vec![last]].concat();
    vec![
        is(
            "header.missing",
            "nothing was sent where others are let in with a token, and rights are denied",
            then(history(), refused(graph(0.0))),
        ),
        looks(
            "header.missing",
            "authz.role",
            "nothing was sent where others are let in without, and rights are denied",
            then([history(), vec![graph(-30.0)]].concat(), refused(graph(0.0))),
        ),
        is(
            "header.scheme_wrong",
            "rights are denied to the user who has them under the scheme that is read",
            then(history(), refused(graph(0.0).bearer(&user("ann", 3)))),
        ),
        looks(
            "header.scheme_wrong",
            "authz.role",
            "rights are denied to another user under another scheme",
            then(history(), refused(graph(0.0).bearer(&user("bob", 3)))),
        ),
    ]
}

fn absent() -> Vec<Case> {
    vec![
        is("header.missing", "nothing was sent", get("/v1/me").gets(401)),
        is(
            "header.missing",
            "nothing was sent, and the server says so in its own way",
            get("/v1/me").says(403, json!({"hint": "You forgot to include your bearer token"})),
        ),
        looks("header.missing", "ok", "nothing was sent and nothing was asked for", get("/open")),
        looks(
            "header.missing",
            "ok",
            "a page about headers is not there",
            get("/docs/headers").says(404, json!({"hint": "Missing page: authorization header"})),
        ),
        is("header.empty", "an empty value", sends("").gets(401)),
        edge(
            "header.empty",
            "header.empty",
            "a scheme and nothing behind it",
            sends("Bearer ").gets(401),
        ),
        edge(
            "header.empty",
            "state.unknown_token|unknown|token.not_jwt|header.placeholder",
            "a scheme and one letter behind it",
            sends("Bearer x").gets(401),
        ),
        looks("header.empty", "header.missing", "no field at all", get("/v1/me").gets(401)),
        is(
            "header.misspelt_name",
            "a letter is missing in the name",
            get("/v1/me").with("Authorizaton", &format!("Bearer {}", fresh("a"))).gets(401),
        ),
        looks(
            "header.misspelt_name",
            "header.missing",
            "a field with a like name carries no credential",
            get("/v1/me").with("X-Authorization-Mode", "strict").gets(401),
        ),
        is(
            "header.placeholder",
            "a word of a program in place of the token",
            sends("Bearer undefined").gets(401),
        ),
        is(
            "header.placeholder",
            "a template that was not filled",
            sends("Bearer {{access_token}}").gets(401),
        ),
        looks(
            "header.placeholder",
            "state.unknown_token|unknown",
            "an opaque token that holds such a word",
            sends("Bearer undefined9Zq81LmXv27TnCw04RbEd").gets(401),
        ),
    ]
}

fn garbled() -> Vec<Case> {
    let t = || fresh("a");
    vec![
        is("header.whitespace", "a line break behind the token", sends(&format!("Bearer {}%0A", t())).gets(401)),
        is("header.whitespace", "a blank that has no width", sends(&format!("Bearer \u{200b}{}", t())).gets(401)),
        looks("header.whitespace", "unknown", "one blank, as it should be", sends(&format!("Bearer {}", t())).gets(401)),
        is("header.quoted", "quotes around the token", sends(&format!("Bearer \"{}\"", t())).gets(401)),
        looks(
            "header.quoted",
            "reqsig.signature|reqsig.skew|reqsig.malformed|unknown",
            "a scheme whose parameters are quoted",
            sends(r#"Hawk id="dh37", ts="1767261600", nonce="j4h3g2", mac="6R4rV5iE+NPoym+WwjeHzjAGXUtLNIxmo1vpMofpLAE=""#).gets(401),
        ),
        is("header.duplicate", "two fields with two tokens", sends(&format!("Bearer {}", t())).with("Authorization", &format!("Bearer {}", fresh("b"))).gets(401)),
        looks(
            "header.duplicate",
            "unknown|state.unknown_token|token.not_jwt",
            "a field for the server and one for the proxy",
            sends(&format!("Bearer {}", t())).with("Proxy-Authorization", "Basic YTpi").gets(401),
        ),
    ]
}

fn scheme() -> Vec<Case> {
    let t = || fresh("a");
    let lower = || format!("bearer {}", t());
    let upper = || format!("Bearer {}", t());
    vec![
        is("header.scheme_missing", "a token without its word", sends(&t()).gets(401)),
        looks(
            "header.scheme_missing",
            "apikey.wrong|unknown|apikey.missing",
            "a field that takes keys bare",
            get("/v1/me").with("X-API-Key", "pk9Zq81LmXv27TnCw04RbEd6Hs3").gets(401),
        ),
        is(
            "header.scheme_wrong",
            "another word than the one asked for",
            sends(&format!("Token {}", t())).gets(401).answers("WWW-Authenticate", "Bearer"),
        ),
        looks(
            "header.scheme_wrong",
            "unknown",
            "the word that was asked for",
            sends(&upper()).gets(401).answers("WWW-Authenticate", "Bearer"),
        ),
        is(
            "header.scheme_case",
            "the same token is let in with a capital letter",
            [
                at(-20.0, "GET", "/v1/me").gets(401),
                at(-10.0, "GET", "/v1/me").with("Authorization", &upper()),
                sends(&lower()).gets(401),
            ],
        ),
        is(
            "header.scheme_case",
            "the server quotes the word it wants",
            sends(&lower())
                .says(401, json!({"hint": "Authorization header must start with 'Bearer '"})),
        ),
        is(
            "header.scheme_case",
            "the server found none or a broken one, and the token is whole",
            sends(&lower()).says(401, json!({"hint": "missing or malformed token"})),
        ),
        looks(
            "header.scheme_case",
            "unknown",
            "no server is known to mind the letter",
            sends(&lower()).gets(401),
        ),
        looks(
            "header.scheme_case",
            "ok",
            "a server that does not mind",
            after(&t(), sends(&lower())),
        ),
        looks(
            "header.scheme_case",
            "time.expired",
            "the token in small letters is over",
            sends(&format!(
                "bearer {}",
                token(json!({"sub": "a", "iat": START - 7200, "exp": START - 3600}))
            ))
            .says(401, json!({"hint": "token is past its expiry"})),
        ),
        looks(
            "header.scheme_case",
            "header.scheme_wrong",
            "another word altogether",
            sends(&format!("JWT {}", t()))
                .says(401, json!({"hint": "Authorization header must start with 'Bearer '"})),
        ),
        is(
            "header.scheme_doubled",
            "the word twice",
            sends(&format!("Bearer Bearer {}", t())).gets(401),
        ),
        looks("header.scheme_doubled", "unknown", "the word once", sends(&upper()).gets(401)),
    ]
}

fn size() -> Vec<Case> {
    let cookies = |count: usize| "a".repeat(count);
    let long = || token(json!({"sub": "a", "groups": "g".repeat(9000), "exp": START + 3600}));
    vec![
        is(
            "header.too_large",
            "the status says it",
            get("/app").with("Cookie", &format!("s={}", cookies(20_000))).gets(431),
        ),
        is(
            "header.too_large",
            "an old server says it in a page",
            get("/app").bearer(&long()).shows(
                400,
                "text/html",
                "<h1>Request Header Or Cookie Too Large</h1>",
            ),
        ),
        is(
            "header.too_large",
            "an edge says it in its own words",
            get("/app").bearer(&long()).says(
                400,
                json!({"hint": "The authorization header exceeds the limit of 8192 bytes"}),
            ),
        ),
        looks(
            "header.too_large",
            "ok",
            "the body is too large",
            call("/upload")
                .says(413, json!({"hint": "Payload too large: the limit is 8192 bytes"})),
        ),
        looks(
            "header.too_large",
            "ok",
            "the address is too long",
            call("/search").says(414, json!({"hint": "URI too long"})),
        ),
        looks(
            "header.too_large",
            "ok",
            "a picture of a header is too large",
            call("/banners").says(400, json!({"hint": "Header image is too large, 2 MB at most"})),
        ),
    ]
}

fn place() -> Vec<Case> {
    const KEY: &str = "pk9Zq81LmXv27TnCw04RbEd6Hs3";
    vec![
        is(
            "header.wrong_place",
            "the key is in the query, the server reads a field",
            get(&format!("/v1/rates?api_key={KEY}"))
                .says(401, json!({"hint": "Missing header X-Api-Key"})),
        ),
        is(
            "header.wrong_place",
            "the token is in the query, the server reads the field",
            get(&format!("/v1/me?access_token={}", fresh("a")))
                .says(401, json!({"hint": "Please send the token in the Authorization header"})),
        ),
        looks(
            "header.wrong_place",
            "header.missing|apikey.missing",
            "nothing is anywhere",
            get("/v1/rates").says(401, json!({"hint": "Missing header X-Api-Key"})),
        ),
        looks(
            "header.wrong_place",
            "apikey.wrong",
            "the key is where it should be and is not known",
            get("/v1/rates")
                .with("X-Api-Key", KEY)
                .says(401, json!({"hint": "X-Api-Key was not recognised"})),
        ),
        looks(
            "header.wrong_place",
            "apikey.wrong",
            "the key is where it should be, and a valid one is asked for",
            get("/v1/rates")
                .with("X-Api-Key", KEY)
                .says(401, json!({"hint": "Forbidden - a valid `x-api-key` header must be sent."})),
        ),
        is(
            "header.wrong_place",
            "the token is in a field that is called as the server calls tokens",
            get("/v1/rates")
                .with("token", &fresh("a"))
                .says(401, json!({"hint": "No token provided"})),
        ),
        is(
            "header.wrong_place",
            "the server names a field that only begins as the one that was sent",
            get("/v1/rates")
                .with("X-Api-Key", KEY)
                .says(401, json!({"hint": "Missing header X-Api-Key-V2"})),
        ),
        looks(
            "header.wrong_place",
            "ok",
            "a server that reads the query",
            [get("/v1/rates").gets(401), get(&format!("/v1/rates?api_key={KEY}"))],
        ),
    ]
}

fn on_the_way() -> Vec<Case> {
    vec![
        is(
            "header.redirect_stripped",
            "a hop to another host loses the field",
            [
                call("/v1/me").gets(307).answers("Location", "https://www.api.example/v1/me"),
                at(0.1, "GET", "https://www.api.example/v1/me").gets(401),
            ],
        ),
        looks(
            "header.redirect_stripped",
            "unknown",
            "the field goes along over the hop",
            [
                call("/v1/me").gets(307).answers("Location", "https://www.api.example/v1/me"),
                at(0.1, "GET", "https://www.api.example/v1/me").bearer(&fresh("a")).gets(401),
            ],
        ),
        is(
            "header.proxy_stripped",
            "the field was sent and the server saw none",
            call("/v1/me").says(401, json!({"hint": "Your request had no Authorization header"})),
        ),
        is(
            "header.proxy_stripped",
            "the key was sent in the field that the server misses",
            get("/v1/rates")
                .with("X-Api-Key", "pk9Zq81LmXv27TnCw04RbEd6Hs3")
                .says(401, json!({"hint": "Missing header X-Api-Key"})),
        ),
        looks(
            "header.scheme_missing",
            "reqsig.signature|unknown",
            "a signature that is a form of its own",
            get("/dbs")
                .with(
                    "Authorization",
                    "type%3Dmaster%26ver%3D1.0%26sig%3DabcDEF0123456789abcDEF0123456789%3D",
                )
                .gets(401),
        ),
        looks(
            "header.proxy_stripped",
            "basic.bad_password",
            "the field got through with another password",
            [
                at(-9.0, "GET", "/v1/me").with("Authorization", "Basic YW5uOnJpZ2h0LW9uZQ=="),
                at(0.0, "GET", "/v1/me")
                    .with("Authorization", "Basic YW5uOndyb25nLW9uZQ==")
                    .says(401, json!({"hint": "Credentials are required to see this"}))
                    .answers("WWW-Authenticate", "Basic realm=\"v1\""),
            ],
        ),
        looks(
            "header.proxy_stripped",
            "header.missing",
            "no field was sent, and the server saw none",
            get("/v1/me").says(401, json!({"hint": "Your request had no Authorization header"})),
        ),
    ]
}
