//! Damaged logs: what is broken is told, with its place, and nothing beside it is lost.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::program::Folder;

fn line(path: &str, status: u16) -> String {
    format!("192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] \"GET {path} HTTP/1.1\" {status} 25\n")
}

fn good(count: usize) -> Vec<u8> {
    (0..count).flat_map(|n| line(&format!("/p{n}"), 401).into_bytes()).collect()
}

fn noted(report: &Value, list: &str, reason: &str) -> Value {
    let rows = report["inputs"][0][list].as_array().unwrap();
    let row = rows.iter().find(|row| row["reason"] == reason);
    row.map_or(Value::Null, |row| json!([row["count"], row["first"][0]["line"]]))
}

#[test]
fn a_log_that_was_emptied_under_its_writer_is_read_whole() {
    let folder = Folder::new("hole");
    let log = [vec![0; 9 << 20], good(200)].concat();
    folder.write("a.log", &log);
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(&log).unwrap();
    folder.write("a.log.gz", gz.finish().unwrap());
    for (name, jobs) in [("a.log", "1"), ("a.log", "4"), ("a.log.gz", "2")] {
        let report = folder.report(&[name, "-j", jobs]);
        assert_eq!(report["totals"]["failure"], 200, "{name}");
        assert_eq!(noted(&report, "repaired", "run of zero bytes"), json!([1, 1]), "{name}");
    }
    let lines = folder.lines(&["a.log"]);
    assert_eq!((lines.len(), &lines[199]["line"]), (200, &json!(200)));
    let run = folder.run_with_stdin(&["-", "-f", "json"], &log).succeeds();
    assert_eq!(run.value()["totals"]["failure"], 200);
}

#[test]
fn a_hole_in_the_middle_costs_the_line_that_it_cut() {
    let folder = Folder::new("middle");
    let log = [&good(3)[..], b"192.0.2.7 - - [23/Nov", &[0; 4096], &good(3)].concat();
    folder.write("a.log", log);
    let report = folder.report(&["a.log"]);
    assert_eq!(report["totals"]["failure"], 6);
    assert_eq!(noted(&report, "skipped", "line of no known format"), json!([1, 4]));
    assert_eq!(noted(&report, "repaired", "run of zero bytes"), json!([1, 4]));
    folder.write("early.log", [line("/a", 401).as_bytes(), &[0; 4096], &good(3)].concat());
    assert_eq!(folder.report(&["early.log"])["totals"]["failure"], 4, "a hole near the start");
}

#[test]
fn line_ends_of_old_systems_are_line_ends() {
    let folder = Folder::new("returns");
    let text = String::from_utf8(good(50)).unwrap();
    folder.write("mac.log", text.replace('\n', "\r"));
    folder.write("windows.log", text.replace('\n', "\r\n"));
    folder.write("twice.log", text.replace('\n', "\r\r\n"));
    for name in ["mac.log", "windows.log", "twice.log"] {
        let lines = folder.lines(&[name]);
        assert_eq!((lines.len(), &lines[49]["line"]), (50, &json!(50)), "{name}");
    }
    let report = folder.report(&["mac.log"]);
    let odd = noted(&report, "repaired", "carriage return alone as line end");
    assert_eq!(odd, json!([50, 1]));
    let json: String = (0..5)
        .map(|n| json!({"time": 1_795_530_576_000_u64 + n, "method": "GET", "url": "/o", "status": 401}))
        .map(|line| format!("{line}\r"))
        .collect();
    folder.write("mac.jsonl", json);
    assert_eq!(folder.lines(&["mac.jsonl"]).len(), 5);
}

#[test]
fn rubbish_between_lines_loses_nothing_but_itself() {
    let folder = Folder::new("rubbish");
    let rubbish: Vec<u8> = (0..2000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .filter(|b| !matches!(b, b'\n' | b'\r' | 0))
        .collect();
    folder.write("a.log", [&rubbish, &b"\n"[..], &good(30)].concat());
    let report = folder.report(&["a.log"]);
    assert_eq!(report["totals"]["failure"], 30);
    assert_eq!(noted(&report, "skipped", "line of no known format"), json!([1, 1]));
    folder.write("b.log", [&good(30)[..], &rubbish, b"\n", &good(1)].concat());
    assert_eq!(folder.report(&["b.log"])["totals"]["failure"], 31);
    folder.write("c.log", [&b"192.0.2.7 - \xC3 [23/Nov/2026:02:29:33 +0000] \"GET /\xE2\x82 HTTP/1.1\" 401 25\n"[..], &good(1)].concat());
    let report = folder.report(&["c.log"]);
    assert_eq!(report["totals"]["failure"], 2);
    assert_eq!(noted(&report, "repaired", "invalid utf-8"), json!([1, 1]));
}

#[test]
fn a_tar_archive_is_told_how_to_be_unpacked() {
    let folder = Folder::new("tar");
    let mut tar = vec![0; 512];
    tar[..5].copy_from_slice(b"a.log");
    tar[257..263].copy_from_slice(b"ustar\0");
    tar.extend(good(5));
    folder.write("logs.tar", tar);
    let said = folder.run(&["logs.tar"]).exits(2).complaint();
    assert!(said.contains("tar archive") && said.contains("tar -xf"), "{said}");
}

#[test]
fn lines_that_no_format_took_go_to_a_file_of_their_own() {
    let folder = Folder::new("unparsed");
    let secret = "hunter2hunter2hunter2";
    let odd = format!("odd line with password={secret} and \u{1b}[31mred\n");
    let broken = "{\"status\":401,\"method\":\n";
    let log = [&good(2)[..], odd.as_bytes(), &good(1), broken.as_bytes(), &good(20_000)].concat();
    folder.write("a.log", &log);
    folder.write("b.log", [&good(1)[..], b"another\n"].concat());
    let args = ["b.log", "a.log", "--unparsed", "left.txt", "-f", "json"];
    folder.run(&args).succeeds();
    let left = String::from_utf8(folder.read("left.txt")).unwrap();
    let places: Vec<_> =
        left.lines().map(|l| l.splitn(4, ':').take(3).collect::<Vec<_>>().join(":")).collect();
    assert_eq!(places.len(), 3, "{left}");
    assert_eq!(places[0], "a.log:3: line of no known format");
    assert!(places[1].starts_with("a.log:5: "), "{left}");
    assert_eq!(places[2], "b.log:2: line of no known format");
    assert!(!left.contains(secret) && left.contains("\\u{1b}[31mred"), "{left}");
    let mode = std::fs::metadata(folder.path().join("left.txt")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    folder
        .run_with_stdin(&["-", "--unparsed", "piped.txt", "-j", "3", "-f", "json"], &log)
        .succeeds();
    let piped = String::from_utf8(folder.read("piped.txt")).unwrap();
    assert!(piped.starts_with("-:3: line of no known format: odd line"), "{piped}");
    assert_eq!(piped.lines().count(), 2);
}

#[test]
fn lines_that_no_format_took_are_kept_where_nothing_could_be_read() {
    let folder = Folder::new("unparsed-all");
    folder.write("a.log", "one strange line\nanother strange line\n".repeat(5_000));
    folder.run(&["a.log", "--input-format", "text", "--unparsed", "left.txt"]).exits(2);
    assert_eq!(String::from_utf8(folder.read("left.txt")).unwrap().lines().count(), 10_000);
}

#[test]
fn a_log_of_messages_says_that_it_holds_no_request() {
    let folder = Folder::new("messages");
    folder.write(
        "a.jsonl",
        "{\"level\":\"info\",\"msg\":\"started\"}\n{\"level\":\"info\",\"msg\":\"done\"}\n",
    );
    let said = folder.run(&["a.jsonl"]).exits(2).complaint();
    assert!(said.contains("2 JSON records were read, and none holds an HTTP exchange"), "{said}");
    assert!(said.contains("expected a status, and a method or path"), "{said}");
    assert!(said.contains("--map"), "{said}");
    folder.write("b.log", "time=2026-11-23T02:29:33Z level=info msg=started\n".repeat(3));
    let said = folder.run(&["b.log"]).exits(2).complaint();
    assert!(said.contains("3 messages of known log writers were read"), "{said}");
}

#[test]
fn what_is_wrapped_around_lines_is_told() {
    let folder = Folder::new("wrapped");
    let docker = |text: &str| {
        json!({"log": text, "stream": "stdout", "time": "2026-11-23T02:29:33Z"}).to_string() + "\n"
    };
    folder.write("a.log", docker(&line("/a", 401)) + &docker(&line("/b", 401)));
    let said = folder.run(&["formats", "a.log"]).succeeds().text();
    assert!(said.contains("2 lines from docker"), "{said}");
    let list = folder.run(&["formats"]).succeeds().text();
    for name in ["docker", "cri", "syslog", "compose", "kubectl", "envelope"] {
        assert!(list.contains(&format!("  {name} ")), "{name}: {list}");
    }
}

#[test]
fn access_and_error_lines_in_one_log_are_one_exchange() {
    let folder = Folder::new("one-log");
    let access = |n: u32| {
        format!(
            "192.0.2.7 - bob [23/Nov/2026:02:2{n}:33 +0000] \"GET /private HTTP/1.1\" 401 25 \"-\" \"curl\"\n"
        )
    };
    let error = |n: u32| {
        format!(
            "2026/11/23 02:2{n}:33 [error] 7#7: *{n} user \"bob\": password mismatch, client: 192.0.2.7, \
             server: x, request: \"GET /private HTTP/1.1\", host: \"api.example\"\n"
        )
    };
    folder.write("both.log", (0..3).map(|n| error(n) + &access(n)).collect::<String>());
    let report = folder.report(&["both.log"]);
    assert_eq!(report["totals"]["exchanges"], 3, "{}", report["assumptions"]);
    assert_eq!(report["causes"][0]["id"], "basic.bad_password");
    let said = report["assumptions"].to_string();
    assert!(said.contains("3 of its lines without a status tell of a refusal"), "{said}");
    let lines = folder.lines(&["both.log"]);
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line["status"] == 401), "{lines:?}");
    assert_eq!(folder.report(&["both.log", "--no-join"])["totals"]["exchanges"], 6);
    // Two refusals and one reason: which of them it explains is not known.
    folder.write("unclear.log", access(0) + &access(0) + &error(0));
    assert_eq!(folder.report(&["unclear.log"])["totals"]["exchanges"], 3);
}

#[test]
fn a_line_without_a_path_has_no_url() {
    let folder = Folder::new("no-url");
    folder.write(
        "error.log",
        "2026/11/23 02:29:33 [error] 7#7: *1 user \"bob\": password mismatch, client: 192.0.2.7, server: x\n",
    );
    for line in folder.lines(&["error.log"]) {
        assert_ne!(line["url"], "", "{line}");
    }
}
