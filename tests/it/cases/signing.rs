//! Requests that are signed: AWS and others.

use serde_json::json;

use super::{Case, call, edge, get, is, looks};
use crate::story::{START, Step, at};

const SIGNATURE: &str = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
const BUCKET: &str = "https://b.s3.eu-west-1.amazonaws.com/key";

/// A request that is signed at this time for this scope.
fn aws(time: &str, scope: &str) -> Step {
    let field = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}/aws4_request,SignedHeaders=host;x-amz-date,Signature={SIGNATURE}"
    );
    at(0.0, "GET", BUCKET).with("X-Amz-Date", time).with("Authorization", &field)
}

fn right() -> Step {
    aws("20260101T100000Z", "20260101/eu-west-1/s3")
}

fn presigned(second: f64) -> Step {
    let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T095000Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host&X-Amz-Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    at(second, "GET", &format!("{BUCKET}?{query}"))
}

/// A call whose signature stands in fields of its own.
fn signed() -> Step {
    at(0.0, "POST", "/v1/pay")
        .with("X-Signature", &"5d".repeat(32))
        .with("X-Timestamp", &START.to_string())
        .with("X-Nonce", "j4h3g2k1")
}

fn hawk(age: i64, rest: &str) -> Step {
    get("/x").with("Authorization", &format!("Hawk id=\"dh37\", ts=\"{}\"{rest}", START - age))
}

const MAC: &str = ", nonce=\"j4h3g2\", mac=\"6R4rV5iE+NPoym+WwjeHzjAGXUtLNIxmo1vpMofpLAE=\"";

pub(super) fn cases() -> Vec<Case> {
    let mut all = amazon();
    all.extend(amazon_times());
    all.extend(others());
    all
}

fn amazon() -> Vec<Case> {
    vec![
        is("sigv4.signature", "the signatures differ, in XML", right().shows(403, "application/xml", "<Error><Code>SignatureDoesNotMatch</Code><Message>x</Message></Error>")),
        is("sigv4.signature", "a store that works alike says it in its own words", right().says(403, json!({"why": "Computed signature differs from the one provided"}))),
        looks("sigv4.signature", "authz.role", "signed well, and not allowed", right().shows(403, "application/xml", "<Error><Code>AccessDenied</Code><Message>User is not authorized to perform: s3:GetObject</Message></Error>")),
        looks("sigv4.signature", "apikey.wrong", "nobody knows the key", right().shows(403, "application/xml", "<Error><Code>InvalidAccessKeyId</Code><Message>x</Message></Error>")),
        looks("sigv4.signature", "ok", "a signature of a contract", call("/v1/contracts").says(409, json!({"why": "Signature does not match the specimen"}))),
        edge("sigv4.signature", "sigv4.signature", "the day of the request", aws("20260101T100000Z", "20260101/eu-west-1/s3").says(403, json!({"code": "SignatureDoesNotMatch"}))),
        edge("sigv4.signature", "sigv4.scope", "the day before", aws("20260101T100000Z", "20251231/eu-west-1/s3").says(403, json!({"code": "SignatureDoesNotMatch"}))),
        is("sigv4.malformed", "no signature among its parts", get(BUCKET).with("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/s3/aws4_request").gets(403)),
        looks("sigv4.malformed", "sigv4.signature", "complete and different", right().says(403, json!({"code": "SignatureDoesNotMatch"}))),
        is("sigv4.scope", "the region of another place", aws("20260101T100000Z", "20260101/us-east-1/s3").gets(403)),
        looks("sigv4.scope", "unknown|authz.role|other.denied", "the right region", right().gets(403)),
        is("sigv4.missing", "the gateway wants a signature", get("https://a1b2.execute-api.eu-west-1.amazonaws.com/v1/me").says(403, json!({"message": "Missing Authentication Token"}))),
        is("sigv4.missing", "a store of the same kind wants one", get(BUCKET).says(403, json!({"why": "Request must be signed with AWS Signature Version 4"}))),
        looks("sigv4.missing", "sigv4.malformed", "a signature that lacks parts", get(BUCKET).with("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/s3/aws4_request").says(403, json!({"message": "Authorization header requires 'Signature' parameter."}))),
        looks("sigv4.missing", "header.missing", "a service of tokens misses its token", get("/v1/me").says(401, json!({"message": "Missing access token"}))),
        looks("sigv4.missing", "ok", "a form has to be signed", call("/v1/forms").says(422, json!({"message": "The form must be signed"}))),
    ]
}

fn amazon_times() -> Vec<Case> {
    vec![
        is(
            "sigv4.skew",
            "half an hour before",
            aws("20260101T093000Z", "20260101/eu-west-1/s3").gets(403),
        ),
        edge(
            "sigv4.skew",
            "sigv4.skew",
            "more than five minutes before",
            aws("20260101T095430Z", "20260101/eu-west-1/s3").gets(403),
        ),
        edge(
            "sigv4.skew",
            "unknown|authz.role|other.denied",
            "five minutes before",
            aws("20260101T095500Z", "20260101/eu-west-1/s3").gets(403),
        ),
        looks(
            "sigv4.skew",
            "sigv4.signature",
            "in time, and different",
            right().says(403, json!({"code": "SignatureDoesNotMatch"})),
        ),
        is("sigv4.expired_url", "ten minutes and more", presigned(301.0).gets(403)),
        is(
            "sigv4.expired_url",
            "over, and the server speaks of its clock",
            presigned(301.0).says(403, json!({"code": "RequestTimeTooSkewed"})),
        ),
        is(
            "sigv4.expired_url",
            "over, and the server calls it a token",
            presigned(301.0).says(400, json!({"code": "ExpiredToken"})),
        ),
        looks(
            "sigv4.expired_url",
            "time.expired",
            "not over, so the session behind it is",
            presigned(-100.0).says(400, json!({"code": "ExpiredToken"})),
        ),
        edge(
            "sigv4.expired_url",
            "sigv4.expired_url",
            "the second of its end",
            presigned(0.0).gets(403),
        ),
        edge(
            "sigv4.expired_url",
            "unknown|authz.role|other.denied",
            "the second before its end",
            presigned(-1.0).gets(403),
        ),
        looks("sigv4.expired_url", "ok", "in time, and let in", presigned(-100.0)),
    ]
}

fn others() -> Vec<Case> {
    vec![
        is(
            "reqsig.signature",
            "the signature differs",
            signed().says(401, json!({"why": "HMAC check failed"})),
        ),
        looks(
            "reqsig.signature",
            "ok",
            "a picture of a signature is refused",
            call("/v1/sign").says(422, json!({"why": "Signature image is invalid"})),
        ),
        is(
            "reqsig.skew",
            "ten minutes before",
            hawk(600, MAC).gets(401).answers("WWW-Authenticate", "Hawk"),
        ),
        looks(
            "reqsig.skew",
            "unknown|reqsig.signature",
            "ten seconds before",
            hawk(10, MAC).gets(401).answers("WWW-Authenticate", "Hawk"),
        ),
        is(
            "reqsig.replay",
            "the nonce was used before",
            signed().says(401, json!({"why": "This nonce has been seen already"})),
        ),
        is("reqsig.replay", "in a code", signed().says(403, json!({"code": "REPLAY_DETECTED"}))),
        is(
            "reqsig.replay",
            "a scheme with its own field",
            hawk(1, MAC).says(401, json!({"why": "nonce reused"})),
        ),
        looks(
            "reqsig.replay",
            "dpop.nonce",
            "a nonce is asked for",
            get("/v1/me")
                .with("Authorization", "DPoP o9Zq81LmXv27TnCw04RbEd6Hs3")
                .with("DPoP", "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2In0.eyJqdGkiOiJqMSJ9.AAAA")
                .gets(401)
                .answers("WWW-Authenticate", r#"DPoP error="use_dpop_nonce""#),
        ),
        looks(
            "reqsig.replay",
            "ok",
            "a match is replayed",
            call("/v1/matches").says(409, json!({"why": "The match was already replayed"})),
        ),
        looks(
            "reqsig.replay",
            "ok",
            "an order came twice",
            signed().says(
                409,
                json!({"why": "Duplicate request: the idempotency key was already used"}),
            ),
        ),
        looks(
            "reqsig.replay",
            "reqsig.skew",
            "the time lies outside the window",
            signed().says(401, json!({"why": "Timestamp is outside the allowed window"})),
        ),
        is(
            "reqsig.malformed",
            "a part is missing, says the server",
            signed()
                .says(400, json!({"why": "Request signature is incomplete: X-Key-Id is missing"})),
        ),
        is(
            "reqsig.malformed",
            "a part is missing in the field",
            hawk(1, ", nonce=\"j4h3g2\"").says(401, json!({"why": "Missing attributes: mac"})),
        ),
        is(
            "reqsig.malformed",
            "a part is missing in the field, under a plain 400",
            hawk(1, ", nonce=\"j4h3g2\"").says(400, json!({"why": "Missing attributes"})),
        ),
        looks(
            "reqsig.malformed",
            "ok",
            "a complete field under a plain 400",
            hawk(1, MAC).says(400, json!({"why": "Missing attributes"})),
        ),
        is(
            "reqsig.replay",
            "the nonce is refused, says the challenge",
            hawk(1, MAC).gets(401).answers("WWW-Authenticate", "Hawk error=\"Invalid nonce\""),
        ),
        is(
            "reqsig.signature",
            "a shared key that is another one",
            get("/store?comp=list")
                .with("Authorization", &format!("SharedKey store1:{SIGNATURE}"))
                .says(403, json!({"why": "The signature is wrong"})),
        ),
        looks(
            "reqsig.malformed",
            "reqsig.signature",
            "complete and different",
            signed().says(401, json!({"why": "Request signature does not match"})),
        ),
        looks(
            "reqsig.malformed",
            "ok",
            "a body is malformed",
            signed().says(400, json!({"why": "Malformed JSON: expected a comma"})),
        ),
        looks(
            "reqsig.malformed",
            "header.missing",
            "nothing is signed and nothing was sent",
            get("/v1/me").says(401, json!({"why": "Authorization header is missing"})),
        ),
    ]
}
