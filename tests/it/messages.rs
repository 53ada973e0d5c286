//! What servers said, in `causes[].messages[]`: what varies is left out, what decides never is.

use serde_json::{Value, json};

use crate::program::Folder;

/// A log of refusals, one a second, with the message in the body and an address for each line.
fn log(messages: &[String]) -> String {
    let line = |(i, message): (usize, &String)| {
        json!({"time": format!("2026-11-20T10:{:02}:{:02}Z", i / 60, i % 60), "method": "GET",
            "url": "https://api.example.com/orders", "status": 401,
            "res_body": json!({"message": message}).to_string(), "client_ip": "192.0.2.7"})
        .to_string()
            + "\n"
    };
    messages.iter().enumerate().map(line).collect()
}

/// Returns template, words and count of each message, by cause.
fn rows(report: &Value) -> Vec<(String, String, Option<String>, u64)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let causes = report["causes"].as_array().unwrap().iter();
    let of = |cause: &Value| {
        let id = text(&cause["id"]).unwrap();
        let messages = cause["messages"].as_array().unwrap().clone();
        messages.into_iter().map(move |row| {
            let (template, said) = (text(&row["template"]).unwrap(), text(&row["text"]));
            (id.clone(), template, said, row["count"].as_u64().unwrap())
        })
    };
    causes.flat_map(of).collect()
}

#[test]
fn messages_that_differ_in_values_are_one_with_its_count_and_first_place() {
    let folder = Folder::new("messages");
    let of = |i: usize| format!("token expired {} seconds ago", 7 * i + 1);
    let messages: Vec<String> = (0..9).map(of).collect();
    folder.write("a.jsonl", log(&messages));
    let report = folder.report(&["a.jsonl"]);
    assert_eq!(
        report["causes"][0]["messages"],
        json!([{"template": "token expired <n> seconds ago", "text": null, "count": 9,
            "where": "body.message", "first": "2026-11-20T10:00:00.000Z",
            "example": {"source": "a.jsonl", "member": null, "entry": null, "line": 1, "byte": null}}])
    );
    assert_eq!(report["causes"][0]["distinct"]["messages"], 1);
    assert_eq!(report["causes"][0]["messages_left_out"], 0);
    let text = folder.run(&["a.jsonl"]).succeeds().text();
    assert!(text.contains("said   \"token expired <n> seconds ago\" (body.message)"), "{text}");
    let table = folder.run(&["a.jsonl", "-f", "markdown"]).succeeds().text();
    assert!(
        table.contains("- **Said:** `token expired <n> seconds ago` (`body.message`)"),
        "{table}"
    );
    let page = folder.run(&["a.jsonl", "-f", "html"]).succeeds().text();
    assert!(page.contains("<q>token expired &lt;n&gt; seconds ago</q>"));
}

#[test]
fn what_decides_a_cause_keeps_messages_apart() {
    let folder = Folder::new("messages-apart");
    let messages = [
        "unexpected signing method: HS256",
        "unexpected signing method: none",
        "unexpected signing method: HS256",
        "'exp' claim timestamp check failed",
        "'nbf' claim timestamp check failed",
    ];
    folder.write("a.jsonl", log(&messages.map(str::to_owned)));
    let mut found = rows(&folder.report(&["a.jsonl"]));
    found.sort();
    let told: Vec<(&str, u64)> = found.iter().map(|row| (row.1.as_str(), row.3)).collect();
    assert_eq!(
        told,
        [
            ("unexpected signing method: HS256", 2),
            ("unexpected signing method: none", 1),
            ("'exp' claim timestamp check failed", 1),
            ("'nbf' claim timestamp check failed", 1)
        ]
    );
    // Each is said as it was.
    assert!(found.iter().all(|row| row.2.as_ref() == Some(&row.1)), "{found:?}");
}

#[test]
fn of_more_wordings_than_are_kept_the_rest_is_counted_and_no_split_shows() {
    let folder = Folder::new("messages-many");
    let word = |i: usize| (b'a' + u8::try_from(i % 20).unwrap()) as char;
    let of = |i: usize| format!("token expired for {}{} {i} seconds ago", word(i), word(i / 20));
    let messages: Vec<String> = (0..60).map(of).collect();
    let (left, _) = messages.split_at(23);
    folder.write("whole.jsonl", log(&messages));
    let lines = log(&messages);
    let at = log(left).len();
    folder.write("left.jsonl", &lines[..at]);
    folder.write("right.jsonl", &lines[at..]);
    let whole = folder.run(&["-f", "json", "whole.jsonl", "--source", "a:1", "--top", "8"]);
    let whole = whole.succeeds();
    let report = whole.value();
    let cause = &report["causes"][0];
    let shown: u64 = rows(&report).iter().map(|row| row.3).sum();
    assert_eq!(cause["messages"].as_array().unwrap().len(), 8);
    assert_eq!(cause["distinct"]["messages"], 16);
    assert_eq!(cause["messages_left_out"].as_u64().unwrap() + shown, 60);
    let part = |name: &str, first: usize| {
        let source = format!("a:{first}");
        let file = format!("{name}.jsonl");
        folder.run(&[&file, "--source", &source, "--partial", name]).succeeds();
    };
    part("left", 1);
    part("right", left.len() + 1);
    for order in [["left", "right"], ["right", "left"]] {
        let merged = folder.run(&["merge", order[0], order[1], "-f", "json", "--top", "8"]);
        let (mut merged, mut one) = (merged.succeeds().value(), report.clone());
        for report in [&mut merged, &mut one] {
            report["inputs"] = Value::Null;
            report["options"] = Value::Null;
        }
        assert_eq!(merged["causes"], one["causes"], "{order:?}");
        assert_eq!(merged, one);
    }
}

#[test]
fn an_error_log_says_what_the_access_log_only_counts() {
    let folder = Folder::new("messages-joined");
    let access: String = (0..3)
        .map(|i| {
            format!(
                "192.0.2.{i} - - [24/Nov/2026:10:00:0{i} +0000] \"GET /basic HTTP/1.1\" 401 172 \"-\" \
                 \"curl/8\"\n"
            )
        })
        .collect();
    let errors: String = (0..3)
        .map(|i| {
            format!(
                "2026/11/24 10:00:0{i} [error] 7#7: *{i} user \"u{i}000\": password mismatch, client: \
                 192.0.2.{i}, server: _, request: \"GET /basic HTTP/1.1\", host: \"a.example\"\n"
            )
        })
        .collect();
    folder.write("access.log", access);
    folder.write("error.log", errors);
    let report = folder.report(&["access.log", "error.log"]);
    assert_eq!(report["totals"]["failure"], 3, "{report}");
    let row = &report["causes"][0]["messages"][0];
    assert_eq!((row["count"].as_u64(), row["where"].as_str()), (Some(3), Some("reason:error")));
    let template = row["template"].as_str().unwrap();
    assert!(template.ends_with(": password mismatch") && !template.contains("u1000"), "{template}");
}

#[test]
fn no_message_names_a_person() {
    let folder = Folder::new("messages-persons");
    let basic = "Basic YWxpY2U6aHVudGVyMjIy";
    let line = |i: u8, fields: Value, user: Value, message: &str| {
        json!({"time": format!("2026-11-20T10:00:0{i}Z"), "method": "GET", "status": 401,
            "url": "https://api.example.com/orders", "user": user, "request_headers": fields,
            "res_body": json!({"message": message}).to_string(), "client_ip": "192.0.2.7"})
        .to_string()
            + "\n"
    };
    let log = line(0, json!({}), "alice".into(), "User alice not found")
        + &line(1, json!({"authorization": basic}), Value::Null, "no account for 'alice'")
        + &line(2, json!({}), "bob".into(), "User bob not found");
    folder.write("a.jsonl", log);
    for format in ["text", "json", "jsonl", "markdown", "html", "csv", "sarif", "junit"] {
        let said = folder.run(&["a.jsonl", "-f", format]).succeeds().text();
        for name in ["alice", "bob "] {
            assert!(!said.contains(name), "{format}: {said}");
        }
    }
    let report = folder.report(&["a.jsonl"]);
    let found = rows(&report);
    let known = found.iter().find(|row| row.1 == "User <user> not found").unwrap();
    assert_eq!((known.2.as_ref(), known.3), (None, 2), "{found:?}");
    let shown = folder.run(&["a.jsonl", "-f", "jsonl", "--show-identity"]).succeeds().text();
    assert!(shown.contains("User alice not found"), "{shown}");
}
