//! Claims that a verifier does not take, by its words and by what it took before.

use authopsy::world::Given;
use serde_json::json;

use super::{Case, after, call, edge, fresh, get, is, looks, with};
use crate::story::{START, Step, at, token_with};

fn refused(token: &str) -> Step {
    get("/v1/me").bearer(token)
}

pub(super) fn cases() -> Vec<Case> {
    let mut all = issuer();
    all.extend(audience());
    all.extend(required());
    all.extend(named());
    all.extend(invalid());
    all.extend(subject_and_client());
    all.extend(tenant_and_environment());
    all
}

/// Words on the form of a token that name one of its claims.
fn named() -> Vec<Case> {
    let says = |what: &str| json!({"problem": format!("{what} in token must be a string")});
    let nick = || with(json!({"nickname": "ann", "jti": "1"}));
    vec![
        is(
            "claim.required_missing",
            "the message names a claim that all others have",
            after(&nick(), refused(&with(json!({"jti": "2"}))).says(401, says("nickname"))),
        ),
        is(
            "claim.invalid",
            "the message names a claim that is there",
            refused(&with(json!({"nickname": 7}))).says(401, says("nickname")),
        ),
        looks(
            "claim.invalid",
            "token.malformed",
            "the message names no claim of it",
            refused(&with(json!({"nickname": 7}))).says(401, says("something")),
        ),
    ]
}

fn issuer() -> Vec<Case> {
    let says = || json!({"problem": "Token was issued by an authority that we do not trust"});
    vec![
        is(
            "claim.issuer",
            "the server does not trust who made the token",
            call("/v1/me").says(401, says()),
        ),
        is(
            "claim.issuer",
            "another issuer than of all tokens that were let in",
            after(
                &fresh("a"),
                refused(&with(json!({"iss": "https://login.other.example"}))).gets(401),
            ),
        ),
        looks(
            "claim.issuer",
            "ok",
            "a share has an issuer",
            call("/v1/shares").says(422, json!({"problem": "Unknown issuer of the bond"})),
        ),
        looks(
            "claim.issuer",
            "mtls.invalid",
            "the issuer of a certificate is not trusted",
            get("/v1/me").says(
                403,
                json!({"problem": "Client certificate was issued by an untrusted authority"}),
            ),
        ),
        is(
            "claim.issuer_slash",
            "only the slash at the end differs",
            after(&fresh("a"), refused(&with(json!({"iss": "https://id.example/"}))).gets(401)),
        ),
        edge(
            "claim.issuer_slash",
            "claim.issuer_slash",
            "one slash more",
            after(&fresh("a"), refused(&with(json!({"iss": "https://id.example/"}))).gets(401)),
        ),
        edge(
            "claim.issuer_slash",
            "claim.issuer",
            "one letter more before the slash",
            after(&fresh("a"), refused(&with(json!({"iss": "https://id.examples/"}))).gets(401)),
        ),
        looks(
            "claim.issuer_slash",
            "unknown",
            "the host takes both",
            [
                at(-60.0, "GET", "/v1/me").gets(401),
                at(-50.0, "GET", "/v1/me").bearer(&fresh("a")),
                at(-40.0, "GET", "/v1/me").bearer(&with(json!({"iss": "https://id.example/"}))),
                refused(&with(json!({"sub": "b", "iss": "https://id.example/"}))).gets(401),
            ],
        ),
    ]
}

fn audience() -> Vec<Case> {
    vec![
        is(
            "claim.audience",
            "the token was made for somebody else, says the server",
            call("/v1/me").says(
                401,
                json!({"problem": "This token is intended for a different recipient (audience)"}),
            ),
        ),
        is(
            "claim.audience",
            "another audience than that of all tokens that were let in",
            after(&fresh("a"), refused(&with(json!({"aud": "billing"}))).gets(401)),
        ),
        looks(
            "claim.audience",
            "ok",
            "a campaign has an audience",
            call("/v1/campaigns")
                .says(400, json!({"problem": "Invalid audience: choose an age group"})),
        ),
        edge(
            "claim.audience",
            "claim.audience",
            "the audience is missing among two",
            after(&fresh("a"), refused(&with(json!({"aud": ["billing", "mail"]}))).gets(401)),
        ),
        edge(
            "claim.audience",
            "unknown|claim.required_missing",
            "the audience is one of two",
            after(
                &with(json!({"aud": ["api", "mail"]})),
                refused(&with(json!({"sub": "b", "aud": ["billing", "api"]}))).gets(401),
            ),
        ),
    ]
}

fn required() -> Vec<Case> {
    let no_sub = || with(json!({"sub": null}));
    vec![
        is(
            "claim.required_missing",
            "the server misses a claim and names it",
            refused(&fresh("a"))
                .says(401, json!({"problem": "Your token carries no claim named 'org'"})),
        ),
        is(
            "claim.required_missing",
            "the server misses the subject, and the token has none",
            refused(&no_sub()).says(401, json!({"problem": "required claim is absent: sub"})),
        ),
        is(
            "claim.required_missing",
            "a claim that was asked for on the command line",
            refused(&no_sub()).gets(401),
        )
        .given(Given { claims: vec!["sub".into()], ..Given::default() }),
        looks(
            "claim.required_missing",
            "time.exp_missing",
            "the claim that is missing is the end",
            refused(&with(json!({"exp": null})))
                .says(401, json!({"problem": "required claim is absent: exp"})),
        ),
        looks(
            "claim.required_missing",
            "claim.audience",
            "the claim that is missing is the audience",
            refused(&with(json!({"aud": null})))
                .says(401, json!({"problem": "required claim is absent: aud"})),
        ),
        looks(
            "claim.required_missing",
            "ok",
            "a claim to an insurer lacks a field",
            call("/v1/claims")
                .says(422, json!({"problem": "Claim is missing required field 'date of loss'"})),
        ),
        edge(
            "claim.required_missing",
            "claim.required_missing",
            "a name that nearly is the one asked for",
            refused(&with(json!({"scopes": "a"}))).gets(401),
        )
        .given(Given { claims: vec!["scope".into()], ..Given::default() }),
        edge(
            "claim.required_missing",
            "unknown",
            "the claim asked for is there",
            refused(&with(json!({"scope": "a"}))).gets(401),
        )
        .given(Given { claims: vec!["scope".into()], ..Given::default() }),
    ]
}

fn invalid() -> Vec<Case> {
    vec![
        is(
            "claim.invalid",
            "a claim has a value that is refused",
            refused(&with(json!({"ver": 1})))
                .says(401, json!({"problem": "claim 'ver' has an unacceptable value"})),
        ),
        is(
            "claim.invalid",
            "claims did not pass their check",
            refused(&fresh("a")).says(401, json!({"problem": "Claims validation failed"})),
        ),
        looks(
            "claim.invalid",
            "time.expired",
            "the claim is the end, and it is over",
            refused(&with(json!({"iat": START - 7200, "exp": START - 3600})))
                .says(401, json!({"problem": "claim 'exp' is in the past"})),
        ),
        looks(
            "claim.invalid",
            "ok",
            "a claim for a refund is not valid",
            call("/v1/claims/7")
                .says(400, json!({"problem": "Invalid claim: the warranty does not cover water"})),
        ),
        looks(
            "claim.invalid",
            "claim.issuer",
            "the claim is the issuer",
            refused(&fresh("a"))
                .says(401, json!({"problem": "claim 'iss' has an unacceptable value"})),
        ),
    ]
}

fn subject_and_client() -> Vec<Case> {
    vec![
        is(
            "claim.subject",
            "nobody has this subject",
            refused(&fresh("gone")).says(401, json!({"problem": "The subject of this token matches no user"})),
        ),
        is(
            "claim.subject",
            "the user behind the token was deleted",
            refused(&fresh("gone")).says(401, json!({"problem": "User referenced by the token no longer exists"})),
        ),
        looks(
            "claim.subject",
            "ok",
            "a mail has no subject",
            call("/v1/mails").says(400, json!({"problem": "Unknown subject line template"})),
        ),
        looks(
            "claim.subject",
            "state.user_disabled",
            "the user is there and switched off",
            refused(&fresh("off")).says(401, json!({"problem": "The user of this token is disabled"})),
        ),
        looks(
            "claim.subject",
            "ok",
            "a user that was looked up is not there",
            call("/v1/users/77").says(404, json!({"problem": "User 77 does not exist"})),
        ),
        is(
            "claim.client",
            "the token belongs to another application",
            refused(&with(json!({"azp": "app-2"}))).says(401, json!({"problem": "Token was issued to a different client (azp)"})),
        ),
        is(
            "claim.client",
            "the client of the token is not on the list",
            refused(&with(json!({"client_id": "app-2"}))).says(403, json!({"problem": "client_id of the token is not allowed to call this API"})),
        ),
        looks(
            "claim.client",
            "oauth.invalid_client",
            "the client failed to prove itself where tokens are made",
            at(0.0, "POST", "/oauth/token")
                .form("grant_type=client_credentials&client_id=app-2&client_secret=zq81LmXv27TnCw04RbEd")
                .says(401, json!({"error": "invalid_client"})),
        ),
        looks(
            "claim.client",
            "ok",
            "a customer is called client",
            call("/v1/clients/4").says(409, json!({"problem": "Client belongs to a different agent"})),
        ),
    ]
}

fn tenant_and_environment() -> Vec<Case> {
    let realm = |name: &str| with(json!({"iss": format!("https://id.example/realms/{name}")}));
    let staging = || {
        token_with(
            &json!({"alg": "HS256", "kid": "stage-1"}),
            &json!({"sub": "a", "iss": "https://stage.example", "aud": "stage-api", "iat": START - 60, "exp": START + 3600}),
        )
    };
    let live = || {
        token_with(
            &json!({"alg": "HS256", "kid": "live-1"}),
            &json!({"sub": "a", "iss": "https://id.example", "aud": "api", "iat": START - 60, "exp": START + 3600}),
        )
    };
    vec![
        is(
            "claim.tenant",
            "the same server, another realm",
            after(&realm("shop"), refused(&realm("depot")).gets(401)),
        ),
        is(
            "claim.tenant",
            "the server says that the organisation is another",
            refused(&fresh("a"))
                .says(403, json!({"problem": "Token belongs to a different tenant"})),
        ),
        looks(
            "claim.tenant",
            "ok",
            "a tenant of a house is unknown",
            call("/v1/houses/1").says(404, json!({"problem": "Tenant not found in flat 4"})),
        ),
        edge(
            "claim.tenant",
            "claim.tenant",
            "one letter differs behind the host",
            after(&realm("shop"), refused(&realm("shop2")).gets(401)),
        ),
        edge(
            "claim.tenant",
            "claim.issuer",
            "one letter differs in the host",
            after(
                &realm("shop"),
                refused(&with(json!({"iss": "https://id2.example/realms/shop"}))).gets(401),
            ),
        ),
        looks(
            "claim.tenant",
            "claim.issuer_slash",
            "the same realm with a slash at its end",
            after(&realm("shop"), refused(&realm("shop/")).gets(401)),
        ),
        is(
            "claim.environment",
            "issuer, audience and key are all of another stage",
            after(&live(), refused(&staging()).gets(401)),
        ),
        is(
            "claim.environment",
            "the same, though the server names its first check",
            after(&live(), refused(&staging()).says(401, json!({"problem": "issuer not trusted"}))),
        ),
        looks(
            "claim.environment",
            "claim.audience",
            "only the audience differs",
            after(&fresh("a"), refused(&with(json!({"aud": "stage-api"}))).gets(401)),
        ),
        looks(
            "claim.environment",
            "ok",
            "the token of the other stage is let in",
            after(&live(), refused(&staging())),
        ),
    ]
}
