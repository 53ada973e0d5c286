//! Markdown, CSV, SARIF and `JUnit`: on the report made by hand, on hostile values, and in one run.

use authopsy::model::{Line, Report};
use authopsy::render::{Format, Made, built, by_name, format};
use serde_json::Value;

use crate::program::Folder;
use crate::render::line;
use crate::report::{calm, everything};

/// Values that mean something in one of the formats.
const HOSTILE: [&str; 12] = [
    "</script></details><!-- <script>alert(1)</script>",
    "\u{1b}]0;owned\u{7}\u{202e}evil\u{9b}2J\u{0}\u{ffff}",
    "=cmd|' /C calc'!A0",
    "a | b\r\n| c |\n\n# heading\n- item\n1. one",
    "]]> & <b attr=\"x\" other='y'> &lt; <![CDATA[",
    "@octocat fixes #12, GH-12, a/b#3, deadbeefcafe",
    "https://evil.example/?a=b www.evil.example a@evil.example",
    "[text](https://evil.example) ![image](x) [1](1) {0} {id}",
    "```\n~~~\n`` ` ``` *b* _i_ ~~s~~ $x$ :tada: [^1] \\",
    "+1",
    "-1",
    "\t@SUM(A1)",
];

/// Returns `value` with every text that is free replaced.
fn poisoned(value: Value, poison: &str, keep: &[&str]) -> Value {
    match value {
        Value::String(_) => poison.into(),
        Value::Array(list) => list.into_iter().map(|item| poisoned(item, poison, keep)).collect(),
        Value::Object(map) => {
            let fields = map.into_iter().map(|(name, value)| {
                if keep.contains(&name.as_str()) {
                    return (name, value);
                }
                // The names of causes in the timeline come from data too.
                let is_cause = name.contains('.') && value.is_number();
                let value = poisoned(value, poison, keep);
                (if is_cause { poison.to_owned() } else { name }, value)
            });
            Value::Object(fields.collect())
        }
        other => other,
    }
}

fn hostile_report(poison: &str) -> Report {
    let report = serde_json::to_value(everything()).unwrap();
    let keep = ["class", "confidence", "start", "bounds"];
    serde_json::from_value(poisoned(report, poison, &keep)).unwrap()
}

fn hostile_line(poison: &str) -> Line {
    let line = serde_json::to_value(line()).unwrap();
    serde_json::from_value(poisoned(line, poison, &["class", "confidence", "observer"])).unwrap()
}

fn rendered(name: &str, report: &Report) -> String {
    let mut out = Vec::new();
    by_name(name).unwrap().render(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn rows(lines: &[Line]) -> String {
    let Some(Format { made: Made::Lines(csv), .. }) = format("csv") else { panic!("no csv") };
    let mut out = Vec::new();
    (csv.head)(&mut out).unwrap();
    for line in lines {
        (csv.line)(line, &mut out).unwrap();
    }
    String::from_utf8(out).unwrap()
}

/// Reads CSV as RFC 4180 says.
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut chars, mut quoted) = (text.chars().peekable(), false);
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {
                assert_eq!(chars.next(), Some('\n'));
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    assert!(!quoted && cell.is_empty() && row.is_empty(), "the last row has an end");
    rows
}

/// Returns Markdown without what stands in code.
fn outside_code(markdown: &str) -> String {
    let mut out = String::new();
    let mut fence: Option<String> = None;
    for line in markdown.lines() {
        match &fence {
            Some(end) if line == end => fence = None,
            Some(_) => {}
            // What follows the mark of a fence holds no backtick; else it is a span.
            None if line.starts_with("```") && !line.trim_start_matches('`').contains('`') => {
                fence = Some("`".repeat(line.bytes().take_while(|b| *b == b'`').count()));
            }
            None => {
                out += &without_spans(line);
                out.push('\n');
            }
        }
    }
    assert_eq!(fence, None, "a fence has an end");
    out
}

fn without_spans(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        out += &rest[..at];
        let run = rest[at..].bytes().take_while(|b| *b == b'`').count();
        let after = &rest[at + run..];
        // The span ends at the next run of the same length.
        let mut end = 0;
        loop {
            let next =
                after[end..].find('`').unwrap_or_else(|| panic!("an open span: {line}")) + end;
            let length = after[next..].bytes().take_while(|b| *b == b'`').count();
            end = next + length;
            if length == run {
                break;
            }
        }
        out += "CODE";
        rest = &after[end..];
    }
    out + rest
}

/// Checks that elements are closed in order and that no character is one that XML cannot hold.
fn well_formed(xml: &str) -> Vec<String> {
    let legal =
        |c: char| matches!(c, '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(xml.chars().all(legal), "{xml:?}");
    let (mut open, mut seen) = (Vec::new(), Vec::new());
    let body = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    for piece in body.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap();
        for part in [tag, text] {
            assert!(!part.contains("]]>"), "{part}");
            for entity in part.split('&').skip(1) {
                let known = ["amp;", "lt;", "gt;", "quot;"];
                assert!(known.iter().any(|name| entity.starts_with(name)), "{entity}");
            }
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{tag}");
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.split([' ', '/']).next().unwrap().to_owned();
        seen.push(name.clone());
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    seen
}

#[test]
fn markdown_of_a_report() {
    insta::assert_snapshot!("markdown", rendered("markdown", &everything()));
}

#[test]
fn sarif_of_a_report() {
    insta::assert_snapshot!("sarif", rendered("sarif", &everything()));
}

#[test]
fn junit_of_a_report() {
    let mut report = everything();
    report.causes[0].hosts = vec![("api.example.com".into(), 70)];
    report.causes[0].distinct.insert("hosts".into(), 2);
    report.causes[3].hosts = vec![("api.example.com".into(), 20)];
    report.inputs[0].error = Some("not found".into());
    report.inputs[1].error = Some("no text in which a line is a request".into());
    report.inputs[1].named = false;
    insta::assert_snapshot!("junit", rendered("junit", &report));
}

#[test]
fn csv_of_a_line() {
    insta::assert_snapshot!("csv", rows(&[line()]).replace("\r\n", "␍␊\n"));
}

#[test]
fn a_calm_report_has_tests_that_pass_and_no_result() {
    let junit = rendered("junit", &calm());
    assert!(junit.contains("tests=\"2\" failures=\"0\" errors=\"0\""), "{junit}");
    let sarif: Value = serde_json::from_str(&rendered("sarif", &calm())).unwrap();
    assert_eq!(sarif["runs"][0]["results"], serde_json::json!([]));
    let markdown = rendered("markdown", &calm());
    assert!(markdown.contains("no request failed to authenticate"), "{markdown}");
    assert!(!markdown.contains("| cause |"), "{markdown}");
}

#[test]
fn hostile_values_are_text_in_markdown() {
    for poison in HOSTILE {
        let markdown = rendered("markdown", &hostile_report(poison));
        assert!(markdown.chars().all(|c| c == '\n' || !c.is_control()), "{poison:?}");
        let outside = outside_code(&markdown);
        for (at, tag) in outside.match_indices('<') {
            let known = ["<details><summary>", "<summary>", "</summary>", "</details>"];
            assert!(known.iter().any(|known| outside[at..].starts_with(known)), "{poison:?} {tag}");
        }
        assert_eq!(outside.matches("<details>").count(), outside.matches("</details>").count());
        for word in
            ["@", "://", "www", "GH-", "deadbeef", "](", "~~", "$", "\\", "_", "&", "^", "{"]
        {
            assert!(!outside.contains(word), "{poison:?} {word}: {outside}");
        }
        for line in outside.lines() {
            // The program's own lines begin with its own marks.
            assert!(!line.starts_with("# ") && !line.starts_with("1."), "{poison:?} {line}");
            assert!(!line.starts_with('|') || line.matches('|').count() == 8, "{poison:?} {line}");
            let stars = line.replace("**", "");
            assert!(!stars.contains('*'), "{poison:?} {line}");
            assert!(!stars.trim_start_matches('#').contains('#'), "{poison:?} {line}");
        }
    }
}

#[test]
fn hostile_values_are_text_in_csv() {
    for poison in HOSTILE {
        let text = rows(&[hostile_line(poison), line()]);
        assert!(text.chars().all(|c| c == '\r' || c == '\n' || !c.is_control()), "{poison:?}");
        assert_eq!(text.matches('\n').count(), 3, "a row is a line: {poison:?}");
        let table = cells(&text);
        assert_eq!(table.len(), 3, "{poison:?}");
        for (name, cell) in table[0].iter().zip(&table[1]) {
            let number = cell.parse::<f64>().is_ok() && name == "skew_s";
            assert!(
                !cell.starts_with(['=', '+', '-', '@', '\t', '\r']) || number,
                "{name}: {cell}"
            );
        }
        assert!(table.iter().all(|row| row.len() == table[0].len()), "{poison:?}");
    }
}

#[test]
fn hostile_values_are_text_in_junit() {
    for poison in HOSTILE {
        let mut report = hostile_report(poison);
        report.causes[0].hosts = vec![(poison.to_owned(), 71)];
        report.inputs[0].error = Some(poison.to_owned());
        let elements = well_formed(&rendered("junit", &report));
        let known =
            ["testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out"];
        assert!(elements.iter().all(|name| known.contains(&name.as_str())), "{elements:?}");
    }
}

#[test]
fn hostile_values_are_text_in_sarif() {
    for poison in HOSTILE {
        let text = rendered("sarif", &hostile_report(poison));
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\u{7}', '\0']), "{poison:?}");
        let log: Value = serde_json::from_str(&text).unwrap();
        for result in log["runs"][0]["results"].as_array().unwrap() {
            let message = result["message"]["text"].as_str().unwrap();
            // Links lead to the related locations of the result, and nowhere else.
            let bare = message.replace("\\[", "").replace("\\]", "");
            let links = bare.matches("](").count();
            assert_eq!(links, result["relatedLocations"].as_array().unwrap().len(), "{message}");
            let braces = message.replace("{{", "").replace("}}", "");
            assert!(!braces.contains(['{', '}']), "{message}");
            for location in result["locations"].as_array().unwrap() {
                let uri = &location["physicalLocation"]["artifactLocation"]["uri"];
                let plain = |c: char| c.is_ascii_alphanumeric() || "%/._~-:".contains(c);
                assert!(uri.as_str().unwrap().chars().all(plain), "{uri}");
            }
        }
    }
}

#[test]
fn long_lists_are_cut_or_well_formed() {
    let mut report = everything();
    let many =
        |n: usize| (0..n).map(|i| (format!("GET host/{i}/{}", "x".repeat(900)), 1)).collect();
    report.causes[0].endpoints = many(2000);
    report.causes[0].tokens = many(2000);
    report.causes[0].hosts = many(2000);
    assert!(rendered("markdown", &report).len() < 20_000);
    well_formed(&rendered("junit", &report));
    let sarif: Value = serde_json::from_str(&rendered("sarif", &report)).unwrap();
    assert!(sarif["runs"][0]["results"][0]["message"]["text"].as_str().unwrap().len() < 4000);
}

#[test]
fn one_run_writes_what_many_runs_write() {
    let folder = Folder::new("outputs");
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/quickstart.har");
    folder.write("a.har", std::fs::read(sample).unwrap());
    let mut args = vec!["a.har".to_owned(), "--class".to_owned(), "all".to_owned()];
    for format in built() {
        let name = format!("all.{}", format.extensions[0]);
        args.extend(["-o".to_owned(), name]);
    }
    args.extend(["-f".to_owned(), "jsonl".to_owned()]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let printed = folder.run(&args).succeeds().stdout;
    assert_eq!(printed, folder.read("all.jsonl"));
    // Text is as wide as its reader: 120 columns in this folder, 100 in a file.
    for format in built().filter(|format| format.name != "text") {
        let alone = folder.run(&["a.har", "--class", "all", "-f", format.name]).succeeds().stdout;
        let file = folder.read(&format!("all.{}", format.extensions[0]));
        assert!(alone == file, "{}", format.name);
    }
}

#[test]
fn a_row_of_csv_holds_every_field_of_its_line() {
    let folder = Folder::new("rows");
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/quickstart.har");
    folder.write("a.har", std::fs::read(sample).unwrap());
    for order in [&["--sort", "source"], &["--sort", "time"]] {
        let mut args = vec!["a.har", "--class", "all", "-o", "r.csv", "-f", "jsonl"];
        args.extend(order);
        let lines = folder.run(&args).succeeds().lines();
        let table = cells(&String::from_utf8(folder.read("r.csv")).unwrap());
        let (names, rows) = table.split_first().unwrap();
        assert_eq!(rows.len(), lines.len());
        assert_eq!(rows.len(), 11);
        for (row, line) in rows.iter().zip(&lines) {
            for (name, value) in line.as_object().unwrap() {
                let fields: Vec<(String, &Value)> = match value.as_object() {
                    Some(object) => {
                        object.iter().map(|(n, v)| (format!("{name}.{n}"), v)).collect()
                    }
                    None => vec![(name.clone(), value)],
                };
                for (name, value) in fields {
                    let column = names.iter().position(|known| *known == name);
                    let cell = &row[column.unwrap_or_else(|| panic!("{name} has no column"))];
                    let same = match value {
                        Value::Null => cell.is_empty(),
                        Value::String(text) => cell.strip_prefix('\'').unwrap_or(cell) == text,
                        // Whole fractions are the same number with and without `.0`.
                        Value::Number(n) => cell.parse::<f64>().ok() == n.as_f64(),
                        list => serde_json::from_str::<Value>(cell).ok().as_ref() == Some(list),
                    };
                    assert!(same, "{name}: {cell} for {value}");
                }
            }
        }
    }
}

#[test]
fn csv_without_a_row_has_its_columns() {
    let folder = Folder::new("no-rows");
    folder.write("a.jsonl", "{\"time\":\"2026-11-20T10:00:00Z\",\"method\":\"GET\",\"url\":\"https://a.example/x\",\"status\":200}\n");
    let text = folder.run(&["a.jsonl", "-f", "csv"]).succeeds().text();
    assert!(text.starts_with("schema,id,source,") && text.ends_with(",evidence\r\n"), "{text}");
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn a_fault_of_the_run_writes_no_head() {
    let run = Folder::new("no-head").run(&["missing.har", "-f", "csv"]).exits(2);
    assert_eq!(run.text(), "");
}

#[test]
fn no_result_takes_the_place_of_what_was_captured() {
    let log = "{\"time\":\"2026-11-20T10:00:00Z\",\"method\":\"GET\",\"url\":\"https://a.example/x\",\"status\":401}\n";
    let folder = Folder::new("spared");
    folder.write("a.json", log);
    folder.write("b.json", log);
    let refused: [(&[&str], &str); 6] = [
        // `--partial` takes the name of a file: here it would be the capture.
        (&["--partial", "a.json"], "--partial a.json: the file holds something else"),
        (&["b.json", "--partial", "a.json"], "`--partial NAME a.json`, or `--partial - a.json`"),
        (&["a.json", "-o", "a.json"], "--output a.json: the file is an input"),
        (&["b.json", "a.json", "-o", "./a.json"], "--output ./a.json: the file is an input"),
        (&["a.json", "--unparsed", "a.json"], "--unparsed a.json: the file is an input"),
        (&["merge", "p", "--partial", "a.json"], "--partial a.json: the file holds something else"),
    ];
    folder.run(&["b.json", "--partial", "p"]).succeeds();
    for (args, why) in refused {
        let run = folder.run(args).exits(2);
        assert!(run.complaint().contains(why), "{args:?}: {}", run.complaint());
        assert_eq!(folder.read("a.json"), log.as_bytes(), "{args:?}");
    }
    // Results of an earlier run are replaced, and so is an empty file.
    folder.write("empty", "");
    for args in [
        &["a.json", "--partial", "p"][..],
        &["a.json", "--partial", "empty"],
        &["merge", "p", "empty", "--partial", "p"],
        &["a.json", "-o", "b.json"],
        &["a.json", "-o", "b.json"],
    ] {
        folder.run(args).succeeds();
    }
    assert_eq!(
        folder.run(&["merge", "p", "-f", "json"]).succeeds().value()["totals"]["exchanges"],
        2
    );
}

#[test]
fn a_timeline_says_where_all_was_let_in_that_it_does_not_show() {
    let folder = Folder::new("let-in-outside");
    let line = |time: &str, status: u16| {
        format!(
            "{{\"time\":\"2026-11-20T{time}Z\",\"method\":\"GET\",\"url\":\"https://a.example/x\",\"status\":{status}}}"
        )
    };
    let refused = ["10:00:00", "10:00:07", "10:00:30"].map(|time| line(time, 401));
    folder.write(
        "a.jsonl",
        [line("04:00:00", 200), line("16:00:00", 200)]
            .into_iter()
            .chain(refused.clone())
            .collect::<Vec<_>>()
            .join("\n"),
    );
    let text = folder.run(&["a.jsonl", "--bucket", "1s"]).succeeds().text();
    assert!(text.contains("let in        none in this span, 2 outside of it\n"), "{text}");
    // Nothing was let in at all.
    folder.write("b.jsonl", refused.join("\n"));
    let text = folder.run(&["b.jsonl", "--bucket", "1s"]).succeeds().text();
    assert!(
        text.lines().any(|line| line.starts_with("let in ") && line.ends_with("peak 0")),
        "{text}"
    );
}
