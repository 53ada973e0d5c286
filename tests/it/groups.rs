//! `--group-by`: failures counted under one key or several.

use serde_json::Value;

use crate::program::Folder;

const LAB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/lab/");

/// The groups of a report as `a|b=3` texts.
fn groups(report: &Value) -> Vec<String> {
    let rows = report["groups"].as_array().unwrap().iter();
    let text = |row: &Value| {
        let key: Vec<&str> =
            row["key"].as_array().unwrap().iter().map(|k| k.as_str().unwrap()).collect();
        format!("{}={}", key.join("|"), row["count"])
    };
    rows.map(text).collect()
}

#[test]
fn every_key_counts_every_failure_once() {
    let folder = Folder::new("groups");
    let har = format!("{LAB}express-jwt.mitm.har");
    for keys in
        ["cause", "endpoint", "host", "issuer", "client", "token", "user", "kid", "cause,host,kid"]
    {
        let report = folder.report(&["--top", "1000", "--group-by", keys, &har]);
        let rows = report["groups"].as_array().unwrap();
        assert!(!rows.is_empty(), "{keys}");
        let sum: u64 = rows.iter().map(|row| row["count"].as_u64().unwrap()).sum();
        assert_eq!(sum, report["totals"]["failure"].as_u64().unwrap(), "{keys}");
        assert!(
            rows.iter().all(|row| row["key"].as_array().unwrap().len() == keys.split(',').count())
        );
        assert_eq!(report["options"]["group-by"], keys);
    }
}

#[test]
fn groups_of_merged_parts_are_those_of_one_run() {
    let folder = Folder::new("groups");
    let inputs: Vec<String> =
        ["express-jwt", "pyjwt", "nginx"].map(|name| format!("{LAB}{name}.mitm.har")).into();
    let by = ["--group-by", "cause,client,user"];
    let names: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let whole = folder.report(&[&by[..], &names].concat());
    for (part, name) in ["a", "b", "c"].iter().zip(&names) {
        folder.run(&["--partial", part, name]).succeeds();
    }
    let merged = folder.run(&[&["merge", "-f", "json", "c", "a", "b"], &by[..]].concat());
    assert_eq!(groups(&merged.succeeds().value()), groups(&whole));
}

#[test]
fn what_top_leaves_out_is_told() {
    let folder = Folder::new("groups");
    let har = format!("{LAB}express-jwt.mitm.har");
    let report = folder.report(&["--top", "2", "--group-by", "endpoint,cause", &har]);
    assert_eq!(report["groups"].as_array().unwrap().len(), 2);
    assert!(report["left_out"]["groups"].as_u64().unwrap() > 0);
    let text = folder.run(&["--top", "2", "--group-by", "endpoint,cause", &har]).succeeds().text();
    assert!(text.contains("COUNT  SHARE  ENDPOINT"), "{text}");
    assert!(text.contains("more left out (--top)"), "{text}");
}
