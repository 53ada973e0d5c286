//! `--pseudonym-key` and `--show-identity`: how persons are named.

use serde_json::{Value, json};

use crate::program::Folder;

/// One refused request with Basic credentials of this user and password.
fn capture(user: &str) -> String {
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{user}:pass-w0rd-1"));
    let entry = json!({
        "startedDateTime": "2026-11-20T10:00:00.000Z",
        "request": { "method": "GET", "url": "https://api.example/a",
            "headers": [{ "name": "Authorization", "value": format!("Basic {basic}") }] },
        "response": { "status": 401, "headers": [{ "name": "WWW-Authenticate", "value": "Basic" }],
            "content": { "text": format!("no such user: {user}@example.com") } },
    });
    json!({ "log": { "version": "1.2", "entries": [entry] } }).to_string()
}

fn user(report: &Value) -> String {
    report["causes"][0]["users"][0]["name"].as_str().unwrap_or("-").to_owned()
}

#[test]
fn names_are_stand_ins_under_the_key_given_or_shown_when_asked_for() {
    let folder = Folder::new("persons");
    folder.write("a.har", capture("alice"));
    folder.write("key", "0123456789abcdef0123456789abcdef\n");
    let plain = folder.run(&["-f", "json", "a.har"]).succeeds();
    let keyed = folder.run(&["-f", "json", "--pseudonym-key", "key", "a.har"]).succeeds();
    assert_ne!(user(&plain.value()), user(&keyed.value()));
    assert!(!plain.text().contains("alice") && !keyed.text().contains("alice"));
    folder.write("same", "0123456789abcdef0123456789abcdef");
    let same = folder.run(&["-f", "json", "--pseudonym-key", "same", "a.har"]).succeeds();
    assert_eq!(user(&same.value()), user(&keyed.value()));
    let shown = folder.run(&["-f", "json", "--show-identity", "a.har"]).succeeds();
    assert_eq!(user(&shown.value()), "alice");
    assert!(!shown.text().contains("pass-w0rd-1"));
}

#[test]
fn a_key_in_the_place_of_a_name_stays_a_stand_in() {
    let folder = Folder::new("persons");
    let key = format!("sk_live_{}", "a1B2".repeat(6));
    folder.write("a.har", capture(&key));
    let shown = folder.run(&["-f", "json", "--show-identity", "a.har"]).succeeds();
    assert!(!shown.text().contains(&key[..16]), "{}", shown.text());
}

#[test]
fn partials_keep_stand_ins_and_their_key_must_agree() {
    let folder = Folder::new("persons");
    folder.write("a.har", capture("alice"));
    folder.write("key", "0123456789abcdef0123456789abcdef");
    folder.write("short", "0123\n");
    folder.run(&["--partial", "a", "a.har"]).succeeds();
    folder.run(&["--partial", "b", "--pseudonym-key", "key", "a.har"]).succeeds();
    let complaint = folder.run(&["merge", "a", "b"]).exits(2).complaint();
    assert!(complaint.contains("made with another --pseudonym-key"), "{complaint}");
    let complaint =
        folder.run(&["--partial", "c", "--show-identity", "a.har"]).exits(2).complaint();
    assert!(complaint.contains("--show-identity has no use"), "{complaint}");
    let complaint = folder.run(&["--pseudonym-key", "short", "a.har"]).exits(2).complaint();
    assert!(complaint.contains("--pseudonym-key short: 4 bytes can be guessed"), "{complaint}");
}
