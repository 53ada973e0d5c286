//! Many documents in one stream: `--framed`.

use crate::forge::Dice;
use crate::program::Folder;
use crate::stories::{ALL, five_causes, peaceful, start};

fn framed(documents: &[(String, Vec<u8>)]) -> Vec<u8> {
    let one = |(name, bytes): &(String, Vec<u8>)| {
        [format!("{} {name}\n", bytes.len()).as_bytes(), bytes.as_slice()].concat()
    };
    documents.iter().flat_map(one).collect()
}

/// Captures and logs as files of a folder, some of them packed.
fn documents(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    use std::io::Write as _;
    let mut all = Vec::new();
    for (index, (name, teller)) in ALL.into_iter().enumerate() {
        let story = teller(index as u64, start(index as u64)).story;
        let text = match index % 3 {
            0 => story.har_pretty(),
            1 => story.har_compact(),
            _ => story.json_lines(),
        };
        let bytes = if index % 4 == 3 {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        } else {
            text.into_bytes()
        };
        let name = format!("{name} {index}");
        folder.write(&name, &bytes);
        all.push((name, bytes));
    }
    all
}

#[test]
fn documents_of_a_stream_give_the_bytes_that_files_of_their_names_give() {
    let folder = Folder::new("framed");
    let mut all = documents(&folder);
    let names: Vec<String> = all.iter().map(|(name, _)| name.clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for options in [
        &["--partial", "-"][..],
        &["-f", "json", "--top", "1000"],
        &["-f", "jsonl", "--class", "all"],
        &["-f", "text"],
        &["-f", "jsonl", "--sort", "time"],
    ] {
        let files = folder.run(&[&names, options].concat()).succeeds();
        for jobs in ["1", "3"] {
            Dice::new(jobs.len() as u64 + 5).shuffle(&mut all);
            let args = [&["--framed", "-", "-j", jobs], options].concat();
            let stream = folder.run_with_stdin(&args, &framed(&all)).succeeds();
            assert!(stream.stdout == files.stdout, "{args:?} differs from the files");
        }
    }
}

#[test]
fn streams_of_some_documents_each_merge_to_the_report_of_one_run() {
    let folder = Folder::new("framed-parts");
    let all = documents(&folder);
    let names: Vec<String> = all.iter().map(|(name, _)| name.clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let whole = folder.run(&[&names[..], &["-f", "json", "--top", "1000"]].concat()).succeeds();
    let mut parts = Vec::new();
    for some in all.chunks(5).chain([&[][..]]) {
        let part = folder.run_with_stdin(&["--framed", "--partial", "-"], &framed(some)).succeeds();
        parts.extend(part.stdout);
    }
    let merged = folder.run_with_stdin(&["merge", "-", "-f", "json", "--top", "1000"], &parts);
    assert!(merged.succeeds().stdout == whole.stdout);
}

#[test]
fn documents_of_one_name_are_one_input_whoever_reads_them() {
    let folder = Folder::new("framed-twins");
    let document = |seed| {
        let story = five_causes(seed, start(seed)).story;
        ("twin.har".to_owned(), story.har_pretty().into_bytes())
    };
    let stream = framed(&[document(1), document(2), document(3)]);
    let run = |options: &[&str]| {
        folder.run_with_stdin(&[&["--framed"], options].concat(), &stream).succeeds()
    };
    let report = run(&["-f", "json"]).value();
    assert_eq!(report["inputs"].as_array().unwrap().len(), 1);
    assert_eq!(report["inputs"][0]["exchanges"], 18);
    assert_eq!(report["totals"]["failure"], 15);
    let lines = run(&["-f", "jsonl", "-j", "1"]).text();
    assert_eq!(lines.lines().count(), 15);
    for jobs in ["2", "5"] {
        assert_eq!(run(&["-f", "jsonl", "-j", jobs]).text(), lines);
    }
}

#[test]
fn an_empty_stream_is_the_empty_partial_and_adds_nothing() {
    let folder = Folder::new("framed-empty");
    let run = folder.run_with_stdin(&["--framed", "-"], b"").exits(2);
    assert!(run.complaint().contains("standard input: empty input"), "{}", run.complaint());
    folder.write("a.har", five_causes(1, start(1)).story.har_pretty());
    let one = folder.run(&["a.har", "--partial", "-"]).succeeds().stdout;
    for args in [
        &["--framed", "--partial", "-"][..],
        &["-", "--partial", "-"],
        &["-", "--source", "x.log", "--partial", "-"],
    ] {
        let empty = folder.run_with_stdin(args, b"").succeeds();
        assert_eq!(empty.text().lines().count(), 1);
        let empty = empty.stdout;
        let both = [empty, one.clone()].concat();
        let merged = folder.run_with_stdin(&["merge", "--partial", "-", "-"], &both).succeeds();
        assert!(merged.stdout == one, "{args:?} adds something");
    }
    // A tree of merges has empty branches; they were made with no options at all.
    let nothing = folder.run_with_stdin(&["merge", "--partial", "-", "-"], b"").succeeds().stdout;
    let one = folder.run(&["a.har", "--tz", "+02:00", "--partial", "-"]).succeeds().stdout;
    for both in [[&nothing[..], &one].concat(), [&one[..], &nothing].concat()] {
        let merged = folder.run_with_stdin(&["merge", "--partial", "-", "-"], &both).succeeds();
        assert!(merged.stdout == one);
    }
}

#[test]
fn what_is_wrong_with_a_stream_is_said_with_its_place_and_what_was_read_is_reported() {
    let folder = Folder::new("framed-wrong");
    let good = ("good.har".to_owned(), five_causes(1, start(1)).story.har_pretty().into_bytes());
    let peace = ("calm.har".to_owned(), peaceful(2, start(2)).story.har_compact().into_bytes());
    let whole = framed(&[good.clone(), peace]);
    let first = framed(&[good]);
    let table = [
        (
            whole[..whole.len() - 1].to_vec(),
            format!(
                "standard input: frame 2 at byte {}: `calm.har` is cut off: expected",
                first.len()
            ),
            2,
        ),
        (
            [&first[..], b"{}"].concat(),
            format!("standard input: frame 2 at byte {}: expected a length in bytes", first.len()),
            1,
        ),
        ([&first[..], b"12 rest"].concat(), "cut off within the line of length and name".into(), 1),
        ([&first[..], b"0 none.har\n"].concat(), "none.har: empty input".into(), 2),
    ];
    for (stream, said, documents) in table {
        for options in [&["-f", "json"][..], &["--partial", "part"]] {
            let run = folder.run_with_stdin(&[&["--framed"], options].concat(), &stream).exits(2);
            assert!(run.complaint().contains(&said), "{} lacks {said}", run.complaint());
            let text = match options {
                ["-f", _] => run.text(),
                _ => folder.run(&["merge", "part", "-f", "json"]).succeeds().text(),
            };
            let report: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(report["totals"]["failure"], 5);
            let inputs = report["inputs"].as_array().unwrap();
            let named: Vec<_> = inputs.iter().filter(|input| input["source"] != "-").collect();
            assert_eq!(named.len(), documents, "{said}");
            assert_eq!(
                inputs.iter().any(|input| input["source"] == "-"),
                said.contains("frame") || documents == 1
            );
            if documents == 2 && said.contains("cut off") {
                assert_eq!(named[0]["source"], "calm.har");
                assert_eq!(named[0]["truncated"], true);
            }
        }
    }
    let bare = folder.run_with_stdin(&["--framed", "--partial", "-"], b"no frame\n").exits(2);
    assert!(bare.complaint().contains("hint: before each document stands a line"));
}

#[test]
fn documents_are_the_only_input_and_bring_their_names() {
    let folder = Folder::new("framed-usage");
    folder.write("a.har", "{}");
    let run = folder.run(&["--framed", "a.har"]).exits(2);
    assert!(run.complaint().contains("`a.har` is no input beside it"), "{}", run.complaint());
    folder.run(&["--framed", "-", "--source", "x"]).exits(2);
    folder.run(&["--framed", "--files-from", "a.har"]).exits(2);
}
