//! Bad input: what the program says, how it exits, and that the good inputs beside it are reported.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::forge::Story;
use crate::program::{Folder, Run};
use crate::stories::{five_causes, peaceful, start};

fn story() -> Story {
    five_causes(3, start(3)).story
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Asserts that the complaint names the input, is short, and comes without a crash.
#[track_caller]
fn complains(run: &Run, name: &str) {
    let said = run.complaint();
    assert!(said.contains(name), "`{}` does not name {name}: {said}", run.args);
    assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{said}");
    assert!(said.lines().count() <= 8, "a clear message is short: {said}");
}

#[test]
fn an_input_that_holds_nothing_is_named_and_exits_with_2() {
    let noise: Vec<u8> =
        (0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let folder = Folder::new("nothing");
    folder.write("empty", "");
    for format in ["text", "json", "jsonl"] {
        complains(&folder.run(&["empty", "-f", format]).exits(2), "empty");
    }
    for (name, bytes) in [
        ("empty.har", &b""[..]),
        ("blank.har", b" \n\n\t\n"),
        ("binary.har", &noise),
        ("zeros.har", &[0; 2048]),
        ("object.json", br#"{"name":"x","list":[1,2,3]}"#),
        ("number.json", b"42"),
        (
            "no-entries.har",
            br#"{"log":{"version":"1.2","creator":{"name":"x","version":"1"},"entries":[]}}"#,
        ),
        ("prose.log", b"The quick brown fox\njumps over the lazy dog.\n"),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01"),
        ("empty.gz", &gzipped(b"")),
    ] {
        folder.write(name, bytes);
        complains(&folder.run(&[name]).exits(2), name);
    }
}

#[test]
fn a_missing_file_is_named_and_exits_with_2() {
    let folder = Folder::new("missing");
    let run = folder.run(&["no-such.har"]).exits(2);
    complains(&run, "no-such.har");
    let run = folder.run(&["no-such-*.har"]).exits(2);
    complains(&run, "no-such-*.har");
}

#[test]
fn a_directory_without_captures_exits_with_2() {
    let folder = Folder::new("bare");
    fs::create_dir(folder.path().join("bare")).unwrap();
    complains(&folder.run(&["bare"]).exits(2), "bare");
    folder.write("bare/notes.txt", "nothing to see here\n");
    folder.write("bare/.hidden.har", story().har_compact());
    complains(&folder.run(&["bare"]).exits(2), "bare");
}

#[test]
fn files_without_captures_in_a_directory_are_no_error() {
    let folder = Folder::new("mixed-directory");
    folder.write("in/good.har", story().har_pretty());
    folder.write("in/notes.txt", "nothing to see here\n");
    folder.write("in/deep/empty.log", "");
    let report = folder.report(&["in"]);
    assert_eq!(report["totals"]["exchanges"], 6);
    let sources = report["inputs"].to_string();
    assert!(sources.contains("good.har") && sources.contains("notes.txt"), "{sources}");
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_named_and_the_good_one_reported() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new("unreadable");
    folder.write("shut.har", story().har_pretty());
    folder.write("good.har", story().har_pretty());
    let shut = folder.path().join("shut.har");
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&shut).is_ok() {
        eprintln!("skipped: this user can read everything");
        return;
    }
    let run = folder.run(&["shut.har", "good.har", "-f", "json"]).exits(2);
    complains(&run, "shut.har");
    assert_eq!(run.value()["totals"]["exchanges"], 6);
}

#[test]
fn a_mixed_run_still_reports_the_good_ones() {
    let folder = Folder::new("mixed");
    folder.write("good.har", story().har_pretty());
    folder.write("good.jsonl", peaceful(5, start(5)).story.json_lines());
    folder.write("empty.har", "");
    folder.write("wrong.json", r#"{"a":1}"#);
    let alone = folder.run(&["good.har", "good.jsonl", "-f", "jsonl", "--class", "all"]).exits(0);
    let inputs = ["empty.har", "good.har", "missing.har", "good.jsonl", "wrong.json"];
    let mut args = inputs.to_vec();
    args.extend(["-f", "jsonl", "--class", "all"]);
    let run = folder.run(&args).exits(2);
    assert_eq!(run.text(), alone.text());
    for name in ["empty.har", "missing.har", "wrong.json"] {
        assert!(run.complaint().contains(name), "{name}: {}", run.complaint());
    }
    let mut args = inputs.to_vec();
    args.extend(["-f", "json"]);
    let report = folder.run(&args).exits(2).value();
    assert_eq!(report["totals"]["failure"], 5);
}

#[test]
fn a_broken_record_inside_a_readable_input_is_counted_and_no_error() {
    let folder = Folder::new("broken-record");
    let good = story().json_lines();
    folder.write("a.jsonl", good.replacen('\n', "\n{\"req\":{\"method\":\"GET\",\n", 1));
    let run = folder.run(&["a.jsonl", "-f", "json"]).exits(0);
    let report = run.value();
    assert_eq!(report["totals"]["exchanges"], 6);
    let skipped = &report["inputs"][0]["skipped"];
    assert_eq!(skipped[0]["count"], 1, "{skipped}");
    assert_eq!(skipped[0]["first"][0]["line"], 2, "{skipped}");
    folder.run(&["a.jsonl", "--strict"]).exits(2);
}

#[test]
fn a_capture_that_is_cut_off_keeps_what_came_before() {
    let folder = Folder::new("cut");
    let whole = story().har_pretty();
    let cut = whole.rfind("\"startedDateTime\"").unwrap() + 40;
    folder.write("cut.har", &whole[..cut]);
    let report = folder.report(&["cut.har"]);
    assert_eq!(report["inputs"][0]["truncated"], true);
    assert!(report["totals"]["exchanges"].as_u64().unwrap() >= 5, "{}", report["totals"]);
}

#[test]
fn a_gzip_stream_that_is_cut_off_keeps_what_came_before() {
    let folder = Folder::new("cut-gz");
    let mut lines = String::new();
    for seed in 0..60 {
        lines.push_str(&peaceful(seed, start(seed)).story.json_lines());
    }
    let whole = gzipped(lines.as_bytes());
    folder.write("whole.log.gz", &whole);
    folder.write("cut.log.gz", &whole[..whole.len() * 3 / 4]);
    let all = folder.report(&["whole.log.gz"])["totals"]["exchanges"].as_u64().unwrap();
    assert_eq!(all, lines.lines().count() as u64);
    let run = folder.run(&["cut.log.gz", "-f", "json"]);
    let report = run.value();
    let kept = report["totals"]["exchanges"].as_u64().unwrap();
    assert!(kept > all / 4 && kept < all, "{kept} of {all}");
    assert_eq!(report["inputs"][0]["truncated"], true, "{}", report["inputs"]);
}

#[test]
fn compression_is_known_by_content_not_by_name() {
    let folder = Folder::new("names");
    let har = story().har_compact();
    folder.write("plain.gz", &har);
    folder.write("packed.har", gzipped(har.as_bytes()));
    let two = [gzipped(story().json_lines().as_bytes()), gzipped(story().json_lines().as_bytes())];
    folder.write("members.log", two.concat());
    assert_eq!(folder.report(&["plain.gz"])["totals"]["exchanges"], 6);
    assert_eq!(folder.report(&["packed.har"])["totals"]["exchanges"], 6);
    assert_eq!(folder.report(&["members.log"])["totals"]["exchanges"], 12);
}

#[test]
fn standard_input_is_read_with_and_without_a_dash() {
    let folder = Folder::new("stdin");
    for text in [story().har_pretty(), story().har_compact(), story().json_lines()] {
        for args in [&["-", "-f", "json"][..], &["-f", "json"]] {
            let report = folder.run_with_stdin(args, text.as_bytes()).exits(0).value();
            assert_eq!(report["totals"]["failure"], 5, "{args:?}");
            assert_eq!(report["inputs"][0]["source"], "-");
        }
        let args = ["-", "-f", "jsonl", "--class", "all"];
        let run = folder.run_with_stdin(&args, text.as_bytes()).exits(0);
        assert_eq!(run.lines().len(), 6);
    }
    let packed = gzipped(story().har_pretty().as_bytes());
    let report = folder.run_with_stdin(&["-", "-f", "json"], &packed).exits(0).value();
    assert_eq!(report["totals"]["failure"], 5);
}

#[test]
fn the_lines_of_standard_input_are_those_of_the_file() {
    let folder = Folder::new("stdin-lines");
    folder.write("a.har", story().har_pretty());
    let ask = |name| [name, "-f", "jsonl", "--class", "all", "--source", "a.har"];
    let of_file = folder.run(&ask("a.har")).exits(0);
    let of_pipe = folder.run_with_stdin(&ask("-"), story().har_pretty().as_bytes()).exits(0);
    assert_eq!(of_pipe.text(), of_file.text());
}

#[test]
fn the_lines_of_a_long_pipe_are_in_order_for_any_number_of_workers() {
    let folder = Folder::new("order");
    let log: String = (0..12_000)
        .map(|n| {
            format!("192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] \"GET /p{n} HTTP/1.1\" 401 25\n")
        })
        .collect();
    let lines = |jobs: &str| {
        folder.run_with_stdin(&["-", "-f", "jsonl", "-j", jobs], log.as_bytes()).succeeds().text()
    };
    let one = lines("1");
    assert_eq!(one.lines().count(), 12_000);
    assert!(one == lines("4"), "lines stand where the log has them");
}

#[test]
fn empty_standard_input_is_an_error_but_an_empty_partial() {
    let folder = Folder::new("no-stdin");
    complains(&folder.run_with_stdin(&["-"], b"").exits(2), "");
    let empty = folder.run_with_stdin(&["-", "--partial", "-"], b"").exits(0);
    assert_eq!(empty.text().lines().count(), 1, "{}", empty.text());
    folder.write("a.har", story().har_pretty());
    folder.write("empty.part", &empty.stdout);
    folder.run(&["a.har", "--partial", "a.part"]).exits(0);
    let merged = folder.run(&["merge", "a.part", "empty.part", "-f", "json"]).exits(0);
    assert_eq!(merged.value()["totals"]["failure"], 5);
}

#[test]
fn a_broken_pipe_is_success() {
    let folder = Folder::new("pipe");
    let mut lines = String::new();
    for seed in 0..60 {
        lines.push_str(&five_causes(seed, start(seed)).story.json_lines());
    }
    folder.write("a.jsonl", lines);
    for format in ["text", "json", "jsonl"] {
        let mut command = folder.command(&["a.jsonl", "-f", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{format}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn wrong_usage_exits_with_2_and_names_the_option() {
    let folder = Folder::new("usage");
    folder.write("a.har", story().har_pretty());
    for (args, name) in [
        (&["a.har", "--no-such-option"][..], "--no-such-option"),
        (&["a.har", "-f", "klingon"], "klingon"),
        (&["a.har", "--jobs", "none"], "--jobs"),
        (&["a.har", "--cause", "header.nonsense"], "header.nonsense"),
        (&["a.har", "--since", "yesterday-ish"], "yesterday-ish"),
    ] {
        let run = folder.run(args).exits(2);
        assert!(run.complaint().contains(name), "{args:?}: {}", run.complaint());
        assert!(run.stdout.is_empty(), "{args:?} wrote {}", run.text());
    }
}

#[test]
fn a_condition_that_holds_exits_with_1_and_an_error_beats_it() {
    let folder = Folder::new("fail-on");
    folder.write("a.har", story().har_pretty());
    folder.write("calm.har", peaceful(1, start(1)).story.har_pretty());
    for (condition, code) in
        [("any", 1), ("time", 1), ("header.missing", 1), ("authz", 0), ("50%", 1), ("99%", 0)]
    {
        folder.run(&["a.har", "--fail-on", condition]).exits(code);
    }
    folder.run(&["calm.har", "--fail-on", "any"]).exits(0);
    folder.run(&["a.har", "missing.har", "--fail-on", "any"]).exits(2);
}

#[test]
fn an_output_that_cannot_be_written_exits_with_2() {
    let folder = Folder::new("output");
    folder.write("a.har", story().har_pretty());
    let run = folder.run(&["a.har", "-o", "no/such/folder/r.json"]).exits(2);
    complains(&run, "r.json");
    let run = folder.run(&["a.har", "-o", "r.json"]).exits(0);
    assert!(run.stdout.is_empty(), "with -o, standard output stays silent");
    assert!(folder.read("r.json").starts_with(b"{"));
}

#[cfg(unix)]
#[test]
fn output_files_are_for_the_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new("mode");
    folder.write("a.har", story().har_pretty());
    folder.run(&["a.har", "-o", "r.json", "-o", "r.txt", "-o", "r.jsonl"]).exits(0);
    folder.run(&["a.har", "--partial", "r.part"]).exits(0);
    for name in ["r.json", "r.txt", "r.jsonl", "r.part"] {
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
