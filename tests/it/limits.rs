//! A limit of memory: the same bytes however the input is read and merged, and what was left out is said.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::forge::{Dice, sign};
use crate::program::Folder;

/// The least limit, and a looser one.
const LEAST: &str = "64MiB";
const LOOSER: &str = "100MB";

/// A log of so many lines, each with a token of its own; a third is refused.
fn log(lines: usize) -> Vec<String> {
    let mut dice = Dice::new(7);
    let base64 = |value: Value| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
    };
    (0..lines)
        .map(|n| {
            let header = base64(json!({"alg": "HS256", "kid": "k1"}));
            let payload = base64(json!({"iss": "https://id.example", "sub": format!("u{}", n / 3),
                "exp": 1_795_400_000 - 86_400 * (n as i64 % 2), "aud": "api"}));
            let signed = format!("{header}.{payload}");
            let token = format!("{signed}.{}", sign(&mut dice, "HS256", b"secret", &signed));
            let status = if n % 3 == 2 { 401 } else { 200 };
            json!({"ts": format!("2026-11-23T02:{:02}:{:02}.{:03}Z", n / 600 % 60, n / 10 % 60, n % 10),
                "method": "GET", "host": "api.example", "path": format!("/v{}/orders", n % 7),
                "status": status, "client_ip": format!("192.0.2.{}", n % 200),
                "headers": {"authorization": format!("Bearer {token}"), "user-agent": "agent/1"}})
            .to_string()
        })
        .collect()
}

#[test]
fn a_limited_report_is_the_same_for_any_split_and_says_what_is_missing() {
    let folder = Folder::new("limits");
    let lines = log(4_500);
    let text = |lines: &[String]| {
        lines.iter().fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "{line}");
            text
        })
    };
    folder.write("api.log", text(&lines));
    let limited =
        folder.run(&["--max-memory", LEAST, "-f", "json", "-j", "1", "api.log"]).succeeds();
    let many = folder.run(&["--max-memory", LEAST, "-f", "json", "-j", "3", "api.log"]).succeeds();
    assert_eq!(limited.text(), many.text());

    let cuts = [0, 700, 3_100, lines.len()];
    let limits = [Some(LOOSER), Some(LEAST), None];
    for (n, limit) in limits.into_iter().enumerate() {
        let source = format!("api.log:{}", cuts[n] + 1);
        let mut args = vec!["--source", &source, "--partial", "-", "-"];
        args.extend(limit.into_iter().flat_map(|limit| ["--max-memory", limit]));
        let part = folder.run_with_stdin(&args, text(&lines[cuts[n]..cuts[n + 1]]).as_bytes());
        folder.write(&format!("{n}.partial"), part.succeeds().stdout);
    }
    let inputs_of = |mut report: Value| {
        report["inputs"] = Value::Null;
        report
    };
    for order in [["0.partial", "1.partial", "2.partial"], ["2.partial", "0.partial", "1.partial"]]
    {
        let merged = folder.run(&[&["merge", "-f", "json"][..], &order].concat()).succeeds();
        assert_eq!(inputs_of(merged.value()), inputs_of(limited.value()), "{order:?}");
    }

    let report = limited.value();
    let whole = folder.report(&["api.log"]);
    assert_eq!(report["options"]["max-memory"], LEAST);
    assert_eq!(report["totals"]["by_status"], whole["totals"]["by_status"]);
    assert_eq!(report["totals"]["ok"], whole["totals"]["ok"], "what found no room was not let in");
    let missing = report["left_out"]["refusals"].as_u64().unwrap();
    let kept = report["totals"]["failure"].as_u64().unwrap();
    assert!(missing > 0 && kept > 0);
    assert_eq!(missing + kept, whole["totals"]["failure"].as_u64().unwrap());
    let ok: u64 = buckets(&report).map(|bucket| bucket["ok"].as_u64().unwrap()).sum();
    assert_eq!(ok, whole["totals"]["ok"].as_u64().unwrap(), "nor is it in the timeline");
    // Whoever reads one sentence reads that there are more.
    let summary = report["summary"].as_str().unwrap();
    assert!(summary.starts_with(&format!("At least {kept} of ")), "{summary}");
    assert!(
        summary.ends_with(&format!(" {missing} more refusals left out for want of room.")),
        "{summary}"
    );
    assert!(!whole["summary"].as_str().unwrap().contains("least"), "{}", whole["summary"]);
    // Nor is said that nobody was let in again, of whom a sample is known.
    let incidents = report["incidents"].as_array().unwrap();
    assert!(incidents.iter().any(|incident| incident["recovery"].is_null()), "{incidents:?}");
    for format in ["text", "markdown", "html"] {
        let said = folder.run(&["api.log", "--max-memory", LEAST, "-f", format]);
        let said = String::from_utf8(said.succeeds().stdout.clone()).unwrap().to_lowercase();
        assert!(!said.contains("these endpoints follows"), "{format}");
        assert!(said.contains("is known to follow"), "{format}");
    }
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains(&format!("{missing} refusals")), "{warnings}");
    assert!(warnings.contains("not all was kept within --max-memory 64MiB"), "{warnings}");
    for cause in report["causes"].as_array().unwrap() {
        assert_eq!(cause["confidence"]["inferred"], 0, "{cause}");
    }
    // Each refusal that is kept knows its own token, also where the table of tokens does not.
    let expired = |report: &Value| {
        report["causes"].as_array().unwrap().iter().any(|cause| cause["id"] == "time.expired")
    };
    assert!(expired(&whole) && expired(&report), "{}", report["causes"]);
}

fn buckets(report: &Value) -> impl Iterator<Item = &Value> {
    report["timeline"]["buckets"].as_array().unwrap().iter()
}

#[test]
fn a_limit_that_leaves_nothing_out_changes_nothing() {
    let folder = Folder::new("limits-none");
    folder.write("api.log", log(60).join("\n"));
    let whole = folder.report(&["api.log"]);
    folder.write("authopsy.toml", "max-memory = \"1GiB\"\n");
    let mut limited = folder.report(&["api.log"]);
    assert_eq!(
        limited["options"].as_object_mut().unwrap().remove("max-memory"),
        Some(json!("1GiB"))
    );
    assert_eq!(limited, whole);
}

#[test]
fn what_may_have_been_left_out_is_not_said_never_to_have_been() {
    let folder = Folder::new("left-out");
    let line = |n: usize, status: u16, sent: &str, got: Value| {
        json!({"ts": format!("2026-11-23T02:{:02}:{:02}.{:03}Z", n / 60_000, n / 1000 % 60, n % 1000),
            "method": "GET", "host": "api.example", "path": "/orders", "status": status,
            "client_ip": format!("10.0.{}.{}", n / 200 % 250, n % 200), "request_headers":
            if sent.is_empty() { json!({"accept": "*/*"}) } else { json!({"authorization": sent}) },
            "response_headers": got})
        .to_string()
    };
    let challenge = |scheme: &str| json!({"www-authenticate": format!("{scheme} realm=\"a\"")});
    let lines = |others: usize| {
        let mut text = String::new();
        for n in 0..40 {
            let name = ["YTpi", "Yjpj", "Yzpk", "ZDpl"][n % 4];
            let _ = writeln!(text, "{}", line(n, 401, "", challenge("Basic")));
            let _ = writeln!(text, "{}", line(n, 200, &format!("Basic {name}{n:04}"), json!({})));
            let _ = writeln!(text, "{}", line(n + 50, 401, "", challenge("Bearer")));
        }
        let bearer = |n: usize| {
            let mix = |odd: u64| (n as u64 + 1).wrapping_mul(odd);
            let halves = [mix(0x9E37_79B9_7F4A_7C15), mix(0xC2B2_AE3D_27D4_EB4F)];
            format!("Bearer {:016x}{:016x}", halves[0], halves[1])
        };
        for n in 100..others {
            let _ = writeln!(text, "{}", line(n, 200, &bearer(n), json!({})));
        }
        // All were let in before.
        for n in (100..others).step_by(others.div_ceil(400)) {
            let _ = writeln!(text, "{}", line(others + n, 401, &bearer(n), json!({})));
        }
        text
    };
    folder.write("few.log", lines(200));
    folder.write("many.log", lines(67_000));
    let few = folder.report(&["few.log"]);
    let many = folder.report(&["many.log"]);
    assert_eq!(many["left_out"]["uses"], 0, "it is a sample: {}", many["left_out"]);
    let count = |report: &Value, cause: &str, sure: &[&str]| -> u64 {
        let causes = report["causes"].as_array().unwrap().iter();
        let of = causes.filter(|c| c["id"] == cause);
        of.map(|c| sure.iter().filter_map(|level| c["confidence"][level].as_u64()).sum::<u64>())
            .sum()
    };
    let all = ["proven", "stated", "inferred"];
    assert_eq!(count(&few, "other.handshake", &all), 40, "{}", few["causes"]);
    assert_eq!(count(&few, "header.missing", &all), 40);
    // What was asked for by a scheme that nobody answers by himself is as certain as before.
    assert_eq!(count(&many, "header.missing", &all), 40, "{}", many["causes"]);
    assert!(count(&many, "header.missing", &["suspected"]) > 0);
    let never = |report: &Value| report.to_string().contains("this one never");
    assert!(!never(&few) && !never(&many), "a token that was left out may have been let in");
}
