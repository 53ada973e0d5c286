//! Captures that lost their credentials without a mark: that none is shown is no proof that none was sent.

use insta::assert_snapshot;
use serde_json::json;

use crate::program::Folder;
use crate::story::{START, Step, at, judged, token, verdicts};

fn list(second: f64) -> Step {
    at(second, "GET", "/v1/list")
}

/// A line of a logger that was told to remove `Authorization`.
fn line(second: u32, status: u16) -> String {
    let fields = json!({"host": "api.example", "user-agent": "shop/1", "accept": "*/*"});
    let time = format!("2026-11-20T10:00:0{second}Z");
    let url = "https://api.example/v1/list";
    json!({"time": time, "method": "GET", "url": url, "status": status, "headers": fields})
        .to_string()
}

/// What became of a request without a credential, refused without a word, beside others.
fn verdict_beside(others: Vec<Step>) -> String {
    let mut steps = vec![list(5.0).gets(401)];
    steps.extend(others);
    verdicts(&judged(&steps)).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn who_is_let_in_where_another_was_refused_sent_what_the_capture_does_not_show() {
    let judgements = judged(&[list(0.0), list(1.0).gets(401), list(2.0)]);
    assert_snapshot!(verdicts(&judgements), @r"
    ok
    failure capture.sanitized inferred
    ok
    ");
    let root = judgements[1].root.as_ref().unwrap();
    assert_eq!(
        root.evidence[0].fact,
        "no request of this input shows `Authorization` or a cookie, and GET api.example/v1/list lets some in and \
         refuses others"
    );
}

#[test]
fn nobody_is_let_in_behind_the_refusal_of_a_host_that_began_to_ask() {
    let missing = "failure header.missing proven";
    // The refusal is at second 5.
    assert_eq!(verdict_beside(vec![list(0.0), list(4.0)]), missing);
    assert_eq!(verdict_beside(vec![list(5.0)]), missing);
    assert_eq!(verdict_beside(vec![list(6.0)]), "failure capture.sanitized inferred");
}

#[test]
fn what_is_let_in_elsewhere_or_shows_a_credential_says_nothing_of_a_loss() {
    let missing = "failure header.missing proven";
    let t = token(json!({"sub": "a", "iat": START - 60, "exp": START + 3600}));
    for others in [
        vec![],
        vec![at(6.0, "GET", "/v1/open")],
        vec![at(6.0, "POST", "/v1/list")],
        vec![list(6.0), at(7.0, "GET", "/v1/me").bearer(&t)],
        vec![list(6.0), at(7.0, "GET", "/v1/me").with("Cookie", "sid=0123456789abcdef")],
        // Of this one nobody knows what it carried.
        vec![list(6.0).unseen()],
    ] {
        assert_eq!(verdict_beside(others.clone()), missing, "{others:?}");
    }
    // The field that carries keys here is recorded.
    let keyed = list(7.0).with("X-Api-Key", "k3yQz81LmXv27TnCw04RbEd");
    assert_eq!(verdict_beside(vec![list(6.0), keyed]), "failure apikey.missing proven");
}

#[test]
fn a_server_that_tells_bare_requests_apart_saw_more_than_the_capture_shows() {
    let judgements = judged(&[
        list(0.0).says(401, json!({"error": "jwt expired"})),
        list(1.0).says(401, json!({"error": "invalid signature"})),
        list(2.0).gets(401),
    ]);
    assert_snapshot!(verdicts(&judgements), @r"
    failure time.expired stated
    failure signature.invalid stated
    failure capture.sanitized inferred
    ");
    let facts = judgements[2].root.as_ref().unwrap().evidence.iter().map(|e| e.fact.clone());
    assert_snapshot!(facts.collect::<String>(), @"no request of this input shows `Authorization` or a cookie, and the server tells them apart: it says `invalid signature` of one and `jwt expired` of another");
}

#[test]
fn a_server_that_says_the_same_to_all_may_say_it_to_those_who_sent_nothing() {
    let expired = || json!({"error": "jwt expired"});
    let judgements = judged(&[
        list(0.0).says(401, expired()),
        list(1.0).says(401, expired()),
        at(2.0, "GET", "/v1/me").gets(401),
        at(3.0, "GET", "/v1/me").says(429, json!({"error": "rate limit exceeded"})),
    ]);
    assert_snapshot!(verdicts(&judgements), @r"
    failure header.missing proven
    failure header.missing proven
    failure header.missing proven
    lookalike other.rate_limit stated
    ");
}

#[test]
fn a_server_that_misses_the_credential_of_some_and_speaks_of_that_of_others_saw_one() {
    let judgements = judged(&[
        list(0.0).says(401, json!({"error": "missing_authorization"})),
        list(1.0).says(401, json!({"error": "token_expired"})),
    ]);
    assert_snapshot!(verdicts(&judgements), @r"
    failure header.missing stated
    failure time.expired stated
    ");
}

#[test]
fn a_log_that_was_rotated_lost_its_credentials_in_all_its_files() {
    let folder = Folder::new("rotated");
    folder.write("app.log.1", [line(0, 200), line(1, 401)].join("\n"));
    folder.write("app.log", [line(2, 401), line(3, 200)].join("\n"));
    let report = folder.report(&["app.log", "app.log.1"]);
    let [cause] = report["causes"].as_array().unwrap().as_slice() else { panic!("{report}") };
    assert_eq!((&cause["id"], &cause["count"]), (&json!("capture.sanitized"), &json!(2)));
}

#[test]
fn a_log_whose_logger_removed_the_field_blames_nobody_for_not_sending_it() {
    let folder = Folder::new("losses");
    let log = [line(0, 200), line(1, 401), line(2, 200)];
    folder.write("app.log", log.join("\n"));
    let report = folder.report(&["app.log"]);
    let [cause] = report["causes"].as_array().unwrap().as_slice() else { panic!("{report}") };
    assert_eq!((&cause["id"], &cause["count"]), (&json!("capture.sanitized"), &json!(1)));
    assert_eq!(
        report["inputs"][0]["unseen"][0],
        "credentials: none is shown, and requests that look alike are answered differently"
    );
    // Read in parts, it is the same.
    for (name, lines) in [("a.part", &log[..2]), ("b.part", &log[2..])] {
        folder.write("part.log", lines.join("\n"));
        folder.run(&["part.log", "--source", "app.log", "--partial", name]).succeeds();
    }
    let merged = folder.run(&["merge", "b.part", "a.part", "-f", "json"]).succeeds().value();
    assert_eq!(merged["causes"][0]["id"], "capture.sanitized");
}
