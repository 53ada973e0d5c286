//! What must not show (threads, order, splits) and what must not matter (time of day, layout, names).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::forge::{Dice, Step, Story, split_url};
use crate::program::{Folder, verdict};
use crate::stories::{ALL, start};

/// 7 h 13 m in milliseconds: no whole number of hours, days or buckets.
const SHIFT: i64 = (7 * 60 + 13) * 60_000;

/// Seeds per story: few unless `AUTHOPSY_SEEDS` says how many.
fn seeds() -> std::ops::Range<u64> {
    let asked = std::env::var_os("AUTHOPSY_SEEDS");
    let count = asked.and_then(|count| count.to_str().and_then(|count| count.parse().ok()));
    0..count.unwrap_or(2)
}

/// All stories by file name, told at their own time plus `shift`.
fn stories(shift: i64) -> Vec<(String, Story)> {
    let mut told = Vec::new();
    for (name, teller) in ALL {
        for seed in seeds() {
            told.push((format!("{name}-{seed}"), teller(seed, start(seed) + shift).story));
        }
    }
    told
}

fn write_hars(folder: &Folder, stories: &[(String, Story)]) {
    for (name, story) in stories {
        folder.write(&format!("{name}.har"), story.har_pretty());
    }
}

/// Counts (method and path, cause, class) for each file, the file's extension left out.
fn causes(folder: &Folder) -> Counts {
    let mut counts = Counts::new();
    for line in folder.lines(&["."]) {
        let source = line["source"].as_str().unwrap();
        let name = source.rsplit('/').next().unwrap().split('.').next().unwrap();
        let url = line["url"].as_str().unwrap_or_default();
        let target = if url.contains("://") { split_url(url).1 } else { url };
        let path = target.split('?').next().unwrap();
        let method = line["method"].as_str().unwrap_or("-");
        let key = format!("{method} {path} {} {}", line["cause"], line["class"]);
        *counts.entry(name.to_owned()).or_default().entry(key).or_default() += 1;
    }
    counts
}

/// What the program says of each file: counts of what it says.
type Counts = BTreeMap<String, BTreeMap<String, usize>>;

/// What the program says of all stories as they are told.
fn causes_of_stories() -> &'static Counts {
    static COUNTS: OnceLock<Counts> = OnceLock::new();
    COUNTS.get_or_init(|| {
        let folder = Folder::new("before");
        write_hars(&folder, &stories(0));
        causes(&folder)
    })
}

/// Asserts that a change of all stories changes no cause.
#[track_caller]
fn changes_nothing(shift: i64, write: impl Fn(&Folder, &str, &Story)) {
    let after = Folder::new("after");
    for (name, story) in stories(shift) {
        write(&after, &name, &story);
    }
    agree(&causes(&after), causes_of_stories());
}

#[track_caller]
fn agree(after: &Counts, before: &Counts) {
    assert!(!before.is_empty());
    let changed = before.iter().filter(|(name, counts)| after.get(*name) != Some(counts));
    let told = |(name, counts): (&String, _)| {
        format!("{name}\n  was {counts:?}\n  is  {:?}", after.get(name))
    };
    let wrong: Vec<String> = changed.map(told).collect();
    assert!(wrong.is_empty(), "{} of {} changed\n{}", wrong.len(), before.len(), wrong.join("\n"));
}

/// Applies a change to every text of a step that can name a host or hold a time.
fn rewrite(step: &mut Step, change: impl Fn(&str) -> String) {
    step.url = change(&step.url);
    for (_, value) in step.fields.iter_mut().chain(&mut step.answer_fields) {
        *value = change(value);
    }
    for (_, text) in step.sent.iter_mut().chain(&mut step.answer) {
        *text = change(text);
    }
}

#[test]
fn the_order_of_lines_does_not_show_in_what_a_log_is() {
    let entry = |second: u8| {
        json!({"startedDateTime": format!("2026-01-01T10:00:0{second}Z"),
            "request": {"method": "GET", "url": "https://a.example/x", "headers": []},
            "response": {"status": 200, "headers": [], "content": {}}})
        .to_string()
    };
    let logged = json!({"time": "2026-01-01T10:00:05Z", "res": {"statusCode": 200},
        "req": {"method": "GET", "url": "/me",
            "headers": {"authorization": format!("Bearer {}", "abcdefghij".repeat(3))}}})
    .to_string();
    let (first, last) = (entry(1), entry(2));
    let folder = Folder::new("mixed");
    for lines in [[&first, &last, &logged], [&first, &logged, &last], [&logged, &first, &last]] {
        folder.write("a.ndjson", lines.map(|line| format!("{line}\n")).concat());
        let said = folder.run(&["a.ndjson"]).exits(0).text();
        assert!(said.contains("a server log that holds 1 credentials in clear"), "{said}");
    }
}

#[test]
fn the_time_of_day_does_not_matter() {
    changes_nothing(SHIFT, |folder, name, story| {
        folder.write(&format!("{name}.har"), story.har_pretty());
    });
}

#[test]
fn the_order_of_entries_does_not_matter() {
    changes_nothing(0, |folder, name, story| {
        let mut story = story.clone();
        Dice::new(name.len() as u64).shuffle(&mut story.steps);
        folder.write(&format!("{name}.har"), story.har_pretty());
    });
}

#[test]
fn the_layout_of_the_capture_does_not_matter() {
    changes_nothing(0, |folder, name, story| {
        folder.write(&format!("{name}.har"), story.har_compact());
    });
}

#[test]
fn the_name_of_the_host_does_not_matter() {
    changes_nothing(0, |folder, name, story| {
        let mut story = story.clone();
        let host = split_url(&story.steps[0].url).0.split(':').next().unwrap().to_owned();
        for step in &mut story.steps {
            rewrite(step, |text| text.replace(&host, "elsewhere.provider.test"));
        }
        folder.write(&format!("{name}.har"), story.har_pretty());
    });
}

#[test]
fn the_case_of_field_names_does_not_matter() {
    changes_nothing(0, |folder, name, story| {
        let mut story = story.clone();
        for step in &mut story.steps {
            for (name, _) in step.fields.iter_mut().chain(&mut step.answer_fields) {
                *name = name.to_ascii_lowercase();
            }
        }
        folder.write(&format!("{name}.har"), story.har_pretty());
    });
}

#[test]
fn the_format_does_not_matter() {
    changes_nothing(0, |folder, name, story| {
        folder.write(&format!("{name}.jsonl"), story.json_lines());
    });
}

#[test]
fn the_order_of_log_lines_does_not_matter() {
    let (straight, shuffled) = (Folder::new("straight"), Folder::new("shuffled"));
    for (name, mut story) in stories(0) {
        straight.write(&format!("{name}.jsonl"), story.json_lines());
        Dice::new(name.len() as u64).shuffle(&mut story.steps);
        shuffled.write(&format!("{name}.jsonl"), story.json_lines());
    }
    assert_eq!(causes(&straight), causes(&shuffled));
}

#[test]
fn without_bodies_no_cause_becomes_another_proven_one() {
    let (whole, bare) = (Folder::new("whole"), Folder::new("bare"));
    let all = stories(0);
    write_hars(&whole, &all);
    for (name, mut story) in all {
        for step in &mut story.steps {
            (step.sent, step.answer) = (None, None);
        }
        bare.write(&format!("{name}.har"), story.har_pretty());
    }
    let (whole, bare) = (whole.lines(&["."]), bare.lines(&["."]));
    assert_eq!(whole.len(), bare.len());
    for (before, after) in whole.iter().zip(&bare) {
        assert_eq!(before["source"], after["source"]);
        let proven = after["confidence"] == "proven";
        assert!(
            !proven || before["cause"] == after["cause"],
            "{} entry {}: {} became {}",
            before["source"],
            before["entry"],
            verdict(before),
            verdict(after)
        );
    }
}

#[test]
fn an_unrelated_capture_changes_nothing() {
    let folder = Folder::new("unrelated");
    write_hars(&folder, &stories(0));
    unrelated(&folder, "har", 3);
}

#[test]
fn an_unrelated_log_changes_nothing() {
    let folder = Folder::new("unrelated-log");
    for (name, story) in stories(0) {
        folder.write(&format!("{name}.jsonl"), story.json_lines());
    }
    unrelated(&folder, "jsonl", 4);
}

/// Compares every `step`th story alone with the same one beside another; the stripped export, of
/// which another input could tell most, is always tried.
#[track_caller]
fn unrelated(folder: &Folder, extension: &str, step: usize) {
    let all = stories(0);
    let pairs = all.iter().zip(all.iter().cycle().skip(5)).enumerate();
    for (index, ((name, _), (other, _))) in pairs {
        if index % step != 0 && !name.starts_with("stripped_export") {
            continue;
        }
        let (name, other) = (format!("{name}.{extension}"), format!("{other}.{extension}"));
        let alone = folder.lines(&[&name]);
        let mut both = folder.lines(&[&name, &other]);
        both.retain(|line| line["source"] == *name);
        assert_eq!(both, alone, "{name} beside {other}");
    }
}

/// A folder of captures in several formats, one of them long enough to be read in several pieces.
fn crowd() -> (Folder, Vec<String>) {
    let folder = Folder::new("crowd");
    let mut names = Vec::new();
    let mut long = Vec::new();
    for (index, (name, story)) in stories(0).into_iter().enumerate() {
        let (file, text) = match index % 3 {
            0 => (format!("{name}.har"), story.har_pretty()),
            1 => (format!("{name}.har"), story.har_compact()),
            _ => (format!("{name}.jsonl"), story.json_lines()),
        };
        folder.write(&file, text);
        names.push(file);
        long.extend(story.steps);
    }
    let padding = "All work and no play. ".repeat(3000);
    for (index, step) in long.iter_mut().enumerate().filter(|(index, _)| index % 4 == 1) {
        step.answer_fields.push(("X-Note".into(), format!("{index} {}", &padding[..200])));
        if step.status == 200 {
            step.answer = Some(("text/plain".into(), padding.clone()));
        }
    }
    let long = Story { recorder: crate::forge::Recorder::Proxy, steps: long };
    folder.write("long-pretty.har", long.har_pretty());
    folder.write("long-compact.har", long.har_compact());
    folder.write("long.jsonl", long.json_lines());
    names.extend(["long-pretty.har".into(), "long-compact.har".into(), "long.jsonl".into()]);
    (folder, names)
}

fn ask<'a>(names: &'a [String], options: &[&'a str]) -> Vec<&'a str> {
    names.iter().map(String::as_str).chain(options.iter().copied()).collect()
}

#[test]
fn neither_workers_nor_the_order_of_files_show() {
    let (folder, mut names) = crowd();
    for format in ["json", "jsonl", "csv", "text"] {
        let options = ["-f", format, "--top", "1000"];
        let one = folder.run(&ask(&names, &[&options[..], &["--jobs", "1"]].concat())).succeeds();
        assert!(!one.stdout.is_empty());
        for jobs in ["2", "8"] {
            Dice::new(jobs.len() as u64 + 3).shuffle(&mut names);
            let many = folder.run(&ask(&names, &[&options[..], &["-j", jobs]].concat())).succeeds();
            same(&many.stdout, &one.stdout, &format!("{format} of {jobs} workers"));
        }
    }
}

#[test]
fn partial_results_merge_in_any_order_to_the_report_of_one_run() {
    let (folder, names) = crowd();
    let options = ["-f", "json", "--top", "1000"];
    let whole = folder.run(&ask(&names, &options)).succeeds();
    let mut parts = Vec::new();
    for (index, pair) in names.chunks(4).enumerate() {
        let part = format!("{index}.part");
        folder.run(&ask(pair, &["--partial", &part])).succeeds();
        parts.push(part);
    }
    let merge = |parts: &[String], options: &[&str]| {
        let mut args = vec!["merge"];
        args.extend(ask(parts, options));
        folder.run(&args).succeeds()
    };
    same(&merge(&parts, &options).stdout, &whole.stdout, "all partials at once");
    Dice::new(11).shuffle(&mut parts);
    same(&merge(&parts, &options).stdout, &whole.stdout, "partials in another order");
    // A tree that leans to one side, as a queue of workers makes it.
    let mut sum = vec![parts[0].clone()];
    for (index, part) in parts[1..].iter().enumerate() {
        let next = format!("sum-{index}.part");
        merge(&[sum[0].clone(), part.clone()], &["--partial", &next]);
        sum = vec![next];
    }
    same(&merge(&sum, &options).stdout, &whole.stdout, "a tree of partials");
    // A balanced tree.
    while parts.len() > 1 {
        let mut above = Vec::new();
        for (index, pair) in parts.chunks(2).enumerate() {
            let next = format!("level-{}-{index}.part", parts.len());
            merge(pair, &["--partial", &next]);
            above.push(next);
        }
        parts = above;
    }
    same(&merge(&parts, &options).stdout, &whole.stdout, "a balanced tree of partials");
    let all: Vec<u8> = folder.read(&parts[0]);
    let piped = folder.run_with_stdin(&["merge", "-", "-f", "json", "--top", "1000"], &all);
    same(&piped.succeeds().stdout, &whole.stdout, "a partial through a pipe");
}

#[test]
fn a_log_cut_inside_a_story_merges_to_the_report_of_one_run() {
    let mut lines = Vec::new();
    for (_, story) in stories(0) {
        lines.extend(story.json_lines().lines().map(|line| format!("{line}\n")));
    }
    let folder = Folder::new("cut-lines");
    folder.write("app.jsonl", lines.concat());
    let options = ["-f", "json", "--top", "1000"];
    let whole = folder.run(&ask(&["app.jsonl".into()], &options)).succeeds();
    let mut dice = Dice::new(17);
    for pieces in [2, 5, lines.len().min(23)] {
        let mut cuts: Vec<usize> = (1..pieces).map(|_| dice.below(lines.len() + 1)).collect();
        cuts.extend([0, lines.len()]);
        cuts.sort_unstable();
        let mut parts = Vec::new();
        for pair in cuts.windows(2).filter(|pair| pair[0] < pair[1]) {
            let piece = format!("piece-{}.log", pair[0]);
            folder.write(&piece, lines[pair[0]..pair[1]].concat());
            let part = format!("{pieces}-{}.part", pair[0]);
            let source = format!("app.jsonl:{}", pair[0] + 1);
            folder.run(&[&piece, "--source", &source, "--partial", &part]).succeeds();
            parts.push(part);
        }
        dice.shuffle(&mut parts);
        let mut args = vec!["merge"];
        args.extend(ask(&parts, &options));
        same(&folder.run(&args).succeeds().stdout, &whole.stdout, &format!("{pieces} pieces"));
    }
}

#[test]
fn lines_of_a_piece_are_numbered_from_its_first_line() {
    let mut lines = String::new();
    for (_, story) in stories(0).into_iter().take(6) {
        lines.push_str(&story.json_lines());
    }
    let cut = lines.match_indices('\n').nth(8).unwrap().0 + 1;
    let folder = Folder::new("numbers");
    folder.write("app.jsonl", &lines);
    folder.write("tail.jsonl", &lines[cut..]);
    let places = |lines: Vec<Value>| -> Vec<String> {
        lines.iter().map(|line| format!("{} {}", line["id"], line["line"])).collect()
    };
    let whole = places(folder.lines(&["app.jsonl"]));
    let tail = places(folder.lines(&["tail.jsonl", "--source", "app.jsonl:10"]));
    assert_eq!(tail, whole[9..]);
}

#[test]
fn a_capture_cut_inside_a_story_merges_to_the_same_findings() {
    let mut dice = Dice::new(23);
    for (name, teller) in ALL {
        let story = teller(1, start(1)).story;
        let folder = Folder::new("cut-har");
        folder.write("whole.har", story.har_pretty());
        let whole = folder.report(&["whole.har", "--top", "1000"]);
        let cut = dice.between(1, story.steps.len() as i64) as usize;
        let mut parts = Vec::new();
        for (index, steps) in story.steps.split_at(cut).into_pieces().into_iter().enumerate() {
            let piece = Story { recorder: story.recorder, steps: steps.to_vec() };
            let (file, part) = (format!("{index}.har"), format!("{index}.part"));
            folder.write(&file, piece.har_pretty());
            // A piece without entries is an input that holds nothing.
            let code = if steps.is_empty() { 2 } else { 0 };
            let args = [&file, "--source", "whole.har", "--partial", &part];
            if folder.run(&args).exits(code).code == Some(0) {
                parts.push(part);
            }
        }
        let mut args = vec!["merge", "-f", "json", "--top", "1000"];
        args.extend(parts.iter().map(String::as_str));
        let merged = folder.run(&args).succeeds().value();
        assert_eq!(without_places(merged), without_places(whole), "{name}");
    }
}

#[test]
fn a_password_in_a_path_is_hidden_wherever_the_exchange_that_shows_it_stands() {
    use crate::story::at;
    let word = "correct%20horse";
    let page = |text: &str| format!("/login/ann/{word} {text}");
    let asked = at(0.0, "GET", &format!("/login/ann/{word}"))
        .answers("WWW-Authenticate", "Basic realm=\"x\"")
        .says(401, serde_json::json!({"message": page("needs a password")}));
    let answer = at(1.0, "GET", &format!("/login/ann/{word}"))
        .with("Authorization", "Basic YW5uOmNvcnJlY3QgaG9yc2U=");
    let har = |steps: &[&crate::story::Step]| {
        let entries: Vec<&Value> = steps.iter().map(|step| step.entry()).collect();
        serde_json::json!({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"},
            "entries": entries}})
        .to_string()
    };
    let folder = Folder::new("veiled");
    folder.write("whole.har", har(&[&asked, &answer]));
    folder.write("asked.har", har(&[&asked]));
    folder.write("answer.har", har(&[&answer]));
    for file in ["asked", "answer"] {
        let (har, part) = (format!("{file}.har"), format!("{file}.part"));
        folder.run(&[&har, "--source", "whole.har", "--partial", &part]).succeeds();
    }
    let lines = folder.run(&["whole.har", "-f", "jsonl", "--class", "all"]).succeeds();
    let partial = folder.run(&["whole.har", "--partial", "-"]).succeeds();
    let whole = folder.report(&["whole.har"]);
    for parts in [["asked.part", "answer.part"], ["answer.part", "asked.part"]] {
        let merged = folder.run(&["merge", "-f", "json", parts[0], parts[1]]).succeeds();
        assert!(!String::from_utf8_lossy(&merged.stdout).contains("correct"), "{parts:?}");
        assert_eq!(without_places(merged.value()), without_places(whole.clone()), "{parts:?}");
    }
    for (what, bytes) in [("lines", &lines.stdout), ("partial", &partial.stdout)] {
        let text = String::from_utf8_lossy(bytes);
        assert!(text.contains("/login/ann/***"), "{what}: {text}");
        assert!(!text.contains("correct"), "{what}: {text}");
    }
    let first = String::from_utf8_lossy(&lines.stdout);
    assert!(first.lines().next().is_some_and(|line| line.contains("other.handshake")), "{first}");
}

/// The two halves of a split as a list.
trait IntoPieces<'a> {
    fn into_pieces(self) -> [&'a [Step]; 2];
}

impl<'a> IntoPieces<'a> for (&'a [Step], &'a [Step]) {
    fn into_pieces(self) -> [&'a [Step]; 2] {
        [self.0, self.1]
    }
}

/// A report without what a split may change: the list of inputs and positions.
fn without_places(mut report: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(object) => {
                for name in ["entry", "line", "byte"] {
                    object.remove(name);
                }
                object.values_mut().for_each(strip);
            }
            Value::Array(list) => list.iter_mut().for_each(strip),
            _ => {}
        }
    }
    report.as_object_mut().unwrap().remove("inputs");
    strip(&mut report);
    report
}

#[track_caller]
fn same(bytes: &[u8], wanted: &[u8], what: &str) {
    if bytes == wanted {
        return;
    }
    let at = bytes.iter().zip(wanted).take_while(|(a, b)| a == b).count();
    let near = |bytes: &[u8]| {
        let (from, to) = (at.saturating_sub(120), (at + 200).min(bytes.len()));
        String::from_utf8_lossy(&bytes[from..to]).into_owned()
    };
    panic!(
        "{what}: differs at byte {at}\n--- is\n{}\n--- should be\n{}",
        near(bytes),
        near(wanted)
    );
}

/// Every sample of the repository that is a HAR document.
fn samples() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut open = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "har") {
                let bytes = std::fs::read(&path).unwrap();
                let value = serde_json::from_slice::<Value>(&bytes);
                if let Some(har) = value.ok().filter(|har| har["log"]["entries"].is_array()) {
                    let stem = path.file_stem().unwrap().to_str().unwrap().replace('.', "-");
                    found.push((format!("{:03}-{stem}", found.len()), har));
                }
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// What the program says of all samples as they were recorded.
fn causes_of_samples() -> &'static Counts {
    static COUNTS: OnceLock<Counts> = OnceLock::new();
    COUNTS.get_or_init(|| {
        let folder = Folder::new("samples-before");
        for (name, har) in samples() {
            folder.write(&format!("{name}.har"), har.to_string());
        }
        causes(&folder)
    })
}

/// Asserts that a change of all recorded samples changes no cause.
#[track_caller]
fn changes_no_sample(change: impl Fn(&mut Value)) {
    let after = Folder::new("samples-after");
    for (name, mut har) in samples() {
        change(&mut har);
        after.write(&format!("{name}.har"), har.to_string());
    }
    agree(&causes(&after), causes_of_samples());
}

fn each_text(value: &mut Value, change: &impl Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(changed) = change(text) {
                *text = changed;
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|v| each_text(v, change)),
        Value::Object(object) => object.values_mut().for_each(|v| each_text(v, change)),
        _ => {}
    }
}

#[test]
fn the_order_of_entries_of_a_sample_does_not_matter() {
    changes_no_sample(|har| {
        if let Some(entries) = har["log"]["entries"].as_array_mut() {
            // Entries of one instant are told apart by their order alone.
            entries.sort_by_key(|entry| entry["startedDateTime"].to_string());
            let mut times: Vec<_> =
                entries.iter().map(|e| e["startedDateTime"].to_string()).collect();
            times.dedup();
            if times.len() == entries.len() {
                Dice::new(5).shuffle(entries);
            }
        }
    });
}

#[test]
fn the_case_of_field_names_of_a_sample_does_not_matter() {
    changes_no_sample(|har| {
        for entry in har["log"]["entries"].as_array_mut().into_iter().flatten() {
            for side in ["request", "response"] {
                for field in entry[side]["headers"].as_array_mut().into_iter().flatten() {
                    if let Some(name) = field["name"].as_str() {
                        field["name"] = json!(name.to_ascii_lowercase());
                    }
                }
            }
        }
    });
}

#[test]
fn the_time_of_day_of_a_sample_does_not_matter() {
    changes_no_sample(|har| {
        for entry in har["log"]["entries"].as_array_mut().into_iter().flatten() {
            shift_signed_times(entry);
        }
        each_text(har, &|text| {
            if text.parse::<jiff::Timestamp>().is_ok() {
                return Some(shift_instants(text));
            }
            let format = "%a, %d %b %Y %H:%M:%S GMT";
            if let Ok(parts) = jiff::fmt::strtime::parse(format, text)
                && let Ok(date) = parts.to_datetime()
            {
                let shifted = date + jiff::SignedDuration::from_millis(SHIFT);
                return Some(shifted.strftime(format).to_string());
            }
            // `Set-Cookie` holds its date in the middle.
            if let Some((before, rest)) = text.split_once("Expires=") {
                let (date, after) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
                let shifted = jiff::fmt::strtime::parse(format, date)
                    .and_then(|parts| parts.to_datetime())
                    .map(|date| {
                        (date + jiff::SignedDuration::from_millis(SHIFT))
                            .strftime(format)
                            .to_string()
                    });
                return shifted.ok().map(|date| format!("{before}Expires={date}{after}"));
            }
            let shifted = shift_instants(&shift_tokens(text));
            (shifted != text).then_some(shifted)
        });
    });
}

/// Moves the times of signed requests that are no instants: `ts` of Hawk, the date of an AWS scope.
fn shift_signed_times(entry: &mut Value) {
    let started = entry["startedDateTime"].as_str().and_then(|text| text.parse().ok());
    let Some(time) = started else { return };
    let later: jiff::Timestamp = time + jiff::SignedDuration::from_millis(SHIFT);
    let scope = |time: jiff::Timestamp| time.strftime("%Y%m%d").to_string();
    let (before, after) = (scope(time), scope(later));
    each_text(entry, &|text| {
        let mut text = text.to_owned();
        for mark in ["/", "%2F"] {
            let date = |date: &str| format!("{mark}{date}{mark}");
            text = text.replace(&date(&before), &date(&after));
        }
        if let Some((head, rest)) = text.split_once("ts=\"")
            && let Some((secs, tail)) = rest.split_once('"')
            && let Ok(secs) = secs.parse::<i64>()
        {
            text = format!("{head}ts=\"{}\"{tail}", secs + SHIFT / 1000);
        }
        Some(text)
    });
}

/// Moves every instant of RFC 3339 that stands inside a text: verifiers print the clock that they judged by.
fn shift_instants(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_digit() || "-:.TZ+".contains(c);
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c| !is_part(c)).unwrap_or(from.len());
        // A full stop that ends the sentence is none of the instant.
        let (run, after) = from.split_at(from[..end].trim_end_matches('.').len());
        out.push_str(before);
        match run.parse::<jiff::Timestamp>() {
            Ok(time) => {
                let shifted = time + jiff::SignedDuration::from_millis(SHIFT);
                // AWS writes them without marks.
                let bare = !run.contains('-');
                out.push_str(&if bare {
                    shifted.strftime("%Y%m%dT%H%M%SZ").to_string()
                } else {
                    shifted.to_string()
                });
            }
            Err(_) => out.push_str(run),
        }
        rest = after;
    }
    out + rest
}

/// Moves the time claims of every decodable token in a text; what else stands there stays.
fn shift_tokens(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("eyJ") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        // A blank after a dot does not end a token: some servers accept one, and its times count then.
        let inside =
            |at: usize, c: char| is_part(c) || c == '.' || from[..at].ends_with('.') && c == ' ';
        let end =
            from.char_indices().find(|&(at, c)| !inside(at, c)).map_or(from.len(), |(at, _)| at);
        let (run, after) = from.split_at(end);
        let mut parts: Vec<String> = run.split('.').map(str::to_owned).collect();
        if let Some(part) = parts.get_mut(1)
            && let Ok(bytes) = URL_SAFE_NO_PAD.decode(part.trim_start())
            && let Ok(mut claims) = serde_json::from_slice::<Value>(&bytes)
        {
            for name in ["iat", "nbf", "exp", "auth_time"] {
                let value = &claims[name];
                if let Some(secs) = value.as_i64() {
                    let unit = if secs > 100_000_000_000 { 1 } else { 1000 };
                    claims[name] = json!(secs + SHIFT / unit);
                } else if let Some(secs) = value.as_f64() {
                    claims[name] = json!(secs + (SHIFT / 1000) as f64);
                }
            }
            let blank = if part.starts_with(' ') { " " } else { "" };
            *part = format!("{blank}{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        }
        out.push_str(&parts.join("."));
        rest = after;
    }
    out + rest
}
