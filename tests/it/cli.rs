//! The program as people run it.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// What a run printed and how it ended.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// Runs the program with these arguments, a pipe as standard input, and no environment but a UTF-8
/// locale.
fn authopsy(args: &[&str]) -> Ran {
    authopsy_in(&[("LC_ALL", "C.UTF-8")], args, "")
}

fn authopsy_in(env: &[(&str, &str)], args: &[&str], input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_authopsy"))
        .args(args)
        .env_clear()
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The program may end without reading.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Returns what wrong usage prints; it must end with 2 and print nothing on standard output.
fn refused(args: &[&str]) -> String {
    let ran = authopsy(args);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
    ran.err
}

#[test]
fn help_lists_what_works() {
    let short = authopsy(&["-h"]);
    assert_eq!((short.code, short.err.as_str()), (0, ""));
    insta::assert_snapshot!("help_short", short.out);
    let long = authopsy(&["--help"]);
    assert_eq!(long.code, 0);
    insta::assert_snapshot!("help_long", long.out);
    for hidden in ["--baseline", "compare", "redact"] {
        assert!(!long.out.contains(hidden), "{hidden}");
    }
}

#[test]
fn what_is_not_built_says_so_and_ends_with_2() {
    for args in
        [&["compare", "a", "b"][..], &["redact", "a", "-o", "b"], &["--fail-on", "new", "a.har"]]
    {
        let err = refused(args);
        assert!(err.contains("not built yet"), "{args:?}: {err}");
    }
}

#[test]
fn too_little_memory_is_refused_with_the_least_that_is_needed() {
    insta::assert_snapshot!(refused(&["--max-memory", "10MB", "a"]), @"error: --max-memory: 10MB is too little, the least is 64MiB");
    insta::assert_snapshot!(refused(&["--max-memory", "lots", "a"]), @r"
    error: --max-memory: `lots` is no size
    hint: write a number and a unit: 512MB, 512MiB, 2GB
    ");
}

#[test]
fn an_error_says_what_was_expected() {
    insta::assert_snapshot!(refused(&["--cause", "header.mispelt_name", "a"]), @r"
    error: --cause: `header.mispelt_name` is neither a cause nor a family
    hint: did you mean `header.misspelt_name`?
    ");
    insta::assert_snapshot!(refused(&["-f", "jsno", "a"]), @r"
    error: --format: `jsno` is no format
    hint: did you mean `json`?
    ");
    insta::assert_snapshot!(refused(&["--input-format", "combind", "a"]), @r"
    error: --input-format: `combind` is no input format
    hint: did you mean `combined`?
    ");
    insta::assert_snapshot!(refused(&["--input-format", "nginx:$request $statuss", "a"]), @r"
    error: --input-format: `$statuss` at character 10 is no variable of nginx
    hint: did you mean `$status`?
    ");
    insta::assert_snapshot!(refused(&["--since", "yesterday", "a"]), @r"
    error: --since: `yesterday` is no time
    hint: write 2026-11-20T10:30:00Z, 2026-11-20, or -3h for three hours before the latest
    ");
    insta::assert_snapshot!(refused(&["--since", "-3h", "-"]), @r"
    error: --since: a relative time cannot be used for standard input
    hint: give an absolute time: 2026-11-20T10:30:00Z
    ");
    insta::assert_snapshot!(refused(&["--since", "-3h", "--partial", "p", "a"]), @r"
    error: --since: a relative time cannot be used with --partial
    hint: give an absolute time: 2026-11-20T10:30:00Z
    ");
    insta::assert_snapshot!(refused(&["--bucket", "7s", "a"]), @r"
    error: --bucket: `7s` is no bucket width
    hint: the widths are auto, 100ms, 1s, 5s, 15s, 1m, 5m, 15m, 1h, 6h, 1d
    ");
    insta::assert_snapshot!(refused(&["-o", "report", "a"]), @r"
    error: --output report: the extension names no format
    hint: the extensions are .txt, .json, .jsonl, .md, .html, .csv, .sarif, .xml; or use -f and redirect standard output
    ");
    insta::assert_snapshot!(refused(&["--fail-on", "any", "--partial", "p", "a"]), @r"
    error: --partial makes no report: --fail-on has no use
    hint: give --fail-on to `authopsy merge`
    ");
    insta::assert_snapshot!(refused(&["--source", "x", "a", "b"]), @r"
    error: --source names one input, and 2 are given
    hint: run once for each input with --partial, then `authopsy merge`
    ");
    insta::assert_snapshot!(refused(&["--color", "never", "explain"]), @r"
    error: `explain` is a command: it goes before all options
    hint: write `authopsy explain ...`; a file of this name is `./explain`
    ");
    insta::assert_snapshot!(refused(&["merge", "a", "-f", "jsonl"]), @r"
    error: a partial result holds no exchanges, so there is no jsonl
    hint: run the main job on the inputs themselves
    ");
}

#[test]
fn a_cause_is_explained() {
    let ran = authopsy(&["explain", "signature.alg_none"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.starts_with("signature.alg_none  "), "{}", ran.out);
    for heading in ["\nWhat\n", "\nHow we know\n", "\nWhat to do\n", "\nLook-alikes\n"] {
        assert!(ran.out.contains(heading), "{heading}");
    }
    assert!(!ran.out.contains(['\u{1b}', '`']));
}

#[test]
fn causes_are_listed_whole_and_by_family() {
    let all = authopsy(&["explain"]).out;
    assert!(all.contains("\ntime.expired ") && all.contains("\nunknown "), "{all}");
    let family = authopsy(&["explain", "digest"]).out;
    let heads = family.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()));
    let ids: Vec<&str> = heads.filter_map(|line| line.split_once("  ")).map(|(id, _)| id).collect();
    assert_eq!(ids, ["digest.bad_password", "digest.stale_nonce"], "{family}");
    let two = authopsy(&["explain", "digest", "time.expired"]).out;
    assert!(two.starts_with(&family) && two.contains("\n\ntime.expired  "), "{two}");
}

#[test]
fn a_cause_that_does_not_exist_brings_the_nearest() {
    insta::assert_snapshot!(refused(&["explain", "tme.expird"]), @r"
    error: `tme.expird`: no such cause
    hint: did you mean `time.expired`?
    ");
}

#[test]
fn colour_follows_the_option_and_the_environment() {
    let coloured = |env: &[(&str, &str)], args: &[&str]| {
        authopsy_in(env, &[&["explain", "time.expired"], args].concat(), "").out.contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]));
    assert!(coloured(&[], &["--color", "always"]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
}

#[test]
fn a_locale_without_utf8_gets_ascii() {
    let ran = authopsy_in(&[("LC_ALL", "C")], &["explain", "header.missing"], "");
    assert!(ran.out.contains("\n  * `") || ran.out.contains("\n  * "), "{}", ran.out);
    assert!(!ran.out.contains('•'));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_authopsy"))
        .arg("explain")
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
