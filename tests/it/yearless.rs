//! Times without a year: the latest that fits the age of the log, or what the user says.

use std::fs::File;
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::program::Folder;

/// 2026-01-05T12:00:00Z.
const CHANGED: u64 = 1_767_614_400;

fn log() -> String {
    ["Dec 31 23:59:58", "Jan  1 00:00:02", "Jan  5 20:00:00", "Jan  7 00:00:00"]
        .map(|stamp| format!("{stamp} host vw[7]: [WRN] Failed login attempt. 192.0.2.7\n"))
        .concat()
}

fn changed(folder: &Folder, name: &str, secs: u64) {
    let file = File::options().write(true).open(folder.path().join(name)).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(secs)).unwrap();
}

fn times(folder: &Folder, args: &[&str]) -> Vec<String> {
    let lines = folder.lines(args);
    lines.iter().map(|line| line["time"].as_str().unwrap_or("-").to_owned()).collect()
}

#[test]
fn december_before_january_is_of_the_year_before() {
    let folder = Folder::new("seam");
    folder.write("a.log", log());
    changed(&folder, "a.log", CHANGED);
    assert_eq!(
        times(&folder, &["a.log"]),
        [
            "2025-12-31T23:59:58Z",
            "2026-01-01T00:00:02Z",
            "2026-01-05T20:00:00Z",
            "2025-01-07T00:00:00Z"
        ]
    );
    let report = folder.report(&["a.log"]);
    let years = report["assumptions"].as_array().unwrap().iter().find(|a| a["option"] == "--year");
    let what = &years.unwrap()["what"];
    assert_eq!(
        *what,
        json!("4 times without a year got the latest one that is not after the log's last change")
    );
}

#[test]
fn the_year_that_is_given_is_that_of_all() {
    let folder = Folder::new("given");
    folder.write("a.log", log());
    let all = times(&folder, &["a.log", "--year", "2019"]);
    assert!(all.iter().all(|time| time.starts_with("2019-")), "{all:?}");
    let report = folder.report(&["a.log", "--year", "2019"]);
    assert!(!report["assumptions"].to_string().contains("--year"));
    let said = folder.run(&["a.log", "--year", "19"]).exits(2).complaint();
    assert!(said.contains("--year: `19` is no year"), "{said}");
}

#[test]
fn order_and_split_do_not_matter_where_the_year_is_given() {
    let folder = Folder::new("split");
    let whole = log().repeat(40);
    folder.write("a.log", &whole);
    let (first, second) = whole.split_at(whole.len() / 2);
    for (name, text, line) in [("p1", first, 1), ("p2", second, 81)] {
        folder.write("part.log", text);
        let source = format!("a.log:{line}");
        folder
            .run(&["part.log", "--source", &source, "--year", "2025", "--partial", name])
            .succeeds();
    }
    let merged = folder.run(&["merge", "p2", "p1", "-f", "json"]).succeeds().value();
    let alone = folder.report(&["a.log", "--year", "2025"]);
    assert_eq!(merged["timeline"], alone["timeline"]);
    let said = folder.run(&["a.log", "--source", "a.log:1", "--partial", "p3"]).succeeds();
    drop(said);
    folder.run(&["merge", "p1", "p3"]).exits(2);
}

#[test]
fn a_pipe_is_as_old_as_its_reading() {
    let folder = Folder::new("pipe");
    let run = folder.run_with_stdin(&["-", "-f", "json"], log().as_bytes()).succeeds();
    assert!(run.value()["assumptions"].to_string().contains("--year"));
    folder.write("a.log", log());
    changed(&folder, "a.log", CHANGED);
    let mut command = folder.command(&["-", "-f", "jsonl", "--class", "all"]);
    command.stdin(File::open(folder.path().join("a.log")).unwrap());
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(text.contains("\"time\":\"2025-12-31T23:59:58Z\""), "a file has its own age: {text}");
}

#[test]
fn a_time_without_a_year_in_json_or_pairs_is_dated_as_one_in_syslog() {
    let folder = Folder::new("json");
    let told = r#""method": "GET", "path": "/me", "status": 401}"#;
    let lines = ["Dec 31 23:59:58.250", "Jan  1 00:00:02"]
        .map(|stamp| format!("{{\"time\": \"{stamp}\", {told}\n"))
        .concat();
    folder.write("a.jsonl", lines);
    changed(&folder, "a.jsonl", CHANGED);
    assert_eq!(times(&folder, &["a.jsonl"]), ["2025-12-31T23:59:58.250Z", "2026-01-01T00:00:02Z"]);
    folder.write("b.log", "time=\"Dec 31 23:59:58\" method=GET path=/me status=401\n");
    changed(&folder, "b.log", CHANGED);
    assert_eq!(times(&folder, &["b.log"]), ["2025-12-31T23:59:58Z"]);
}
