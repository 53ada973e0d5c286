//! `authopsy token`: one token or header line explained, and never shown.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::program::Folder;

fn token() -> String {
    let header = r#"{"alg":"RS256","typ":"at+jwt","kid":"2026-10"}"#;
    let claims = r#"{"iss":"https://auth.example.com/","sub":"alice","aud":"api://orders",
        "iat":1795165200,"exp":1795168800,"scope":"orders:read","email":"alice@example.com",
        "jti":"f81d4fae-7dec-11d0-a765-00a0c91e6bf6","plan":"gold","beta":true}"#;
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode([0x5a; 256]))
}

#[test]
fn a_header_line_is_explained_in_words() {
    let folder = Folder::new("token");
    let line = format!("Authorizaton: Bearer {}\n", token());
    let args = ["token", "--at", "2026-11-20T10:01:15Z", "--tz", "+01:00"];
    let run = folder.run_with_stdin(&args, line.as_bytes()).succeeds();
    assert!(run.stderr.is_empty());
    insta::assert_snapshot!("token_text", run.text());
    let args = ["token", "--at", "2026-11-20T10:01:15Z", "-f", "json", "-"];
    let told = folder.run_with_stdin(&args, line.as_bytes()).succeeds().value();
    insta::assert_snapshot!("token_json", serde_json::to_string_pretty(&told).unwrap());
}

#[test]
fn an_argument_works_with_a_warning_and_quoting_may_be_forgotten() {
    let folder = Folder::new("token");
    let at = ["token", "--at", "2026-11-20T09:30:00Z"];
    let token = token();
    for words in [&[&*token][..], &["Bearer", &token], &["Authorization:", "Bearer", &token]] {
        let run = folder.run(&[&at, words].concat()).succeeds();
        let told = String::from_utf8(run.stderr.clone()).unwrap();
        assert!(told.starts_with("warning: an argument shows in the list of processes"), "{told}");
        assert!(run.text().starts_with("nothing wrong with it was seen"), "{}", run.text());
        assert!(!run.text().contains(&token[..40]) && !told.contains(&token[..40]));
    }
}

#[test]
fn what_is_no_credential_ends_with_2_and_is_not_repeated() {
    let folder = Folder::new("token");
    for text in ["", "hello world", "Content-Type: text/html"] {
        let run = folder.run_with_stdin(&["token"], text.as_bytes()).exits(2);
        assert!(run.stdout.is_empty());
        let complaint = run.complaint();
        assert!(complaint.contains("nothing in it looks like a credential"), "{complaint}");
        assert!(text.is_empty() || !complaint.contains(text));
    }
}

#[test]
fn without_a_time_it_is_judged_now_and_says_so() {
    let folder = Folder::new("token");
    let told = folder.run_with_stdin(&["token", "-f", "json"], token().as_bytes()).succeeds();
    assert_eq!(told.value()["at_basis"], "now");
    let text = folder.run_with_stdin(&["token"], token().as_bytes()).succeeds().text();
    assert!(text.contains("now, by the clock of this machine"), "{text}");
}
