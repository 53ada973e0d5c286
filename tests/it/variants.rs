//! A hundred seeded variants of each of four stories: other algorithms, claims, gaps, words, hosts,
//! paths, clients and recorders, the same truth.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use crate::program::{Folder, also, verdict};
use crate::stories::{ALL, FOUR, Teller, Told, Truth, start};

const VARIANTS: u64 = 100;
/// Enough for stories that other tests vary further.
const LIVES: u64 = 12;

#[test]
fn five_refusals_have_five_causes_and_three_tokens() {
    each_variant("five_causes", |told, folder, lines| {
        let failures = lines.iter().filter(|l| l["class"] == "failure");
        let causes: BTreeSet<_> = failures.filter_map(|l| l["cause"].as_str()).collect();
        check(causes.len() == 5, || format!("five different causes, not {causes:?}"))?;
        let report = folder.report(&["story.har"]);
        let tokens = report["tokens"].as_array().map_or(0, Vec::len);
        check(tokens == told.tokens.len(), || format!("three tokens, not {tokens}"))
    });
}

#[test]
fn a_token_sent_ten_seconds_after_its_life_is_a_stale_cache() {
    each_variant("stale_cache", |_, _, _| Ok(()));
}

#[test]
fn a_misspelt_field_is_found_and_its_token_shown_nowhere() {
    each_variant("misspelt", |told, folder, _| {
        for args in [
            &["story.har", "-v"][..],
            &["story.har", "-v", "-f", "json"],
            &["story.har", "-v", "-f", "jsonl", "--class", "all"],
            &["story.har", "-v", "--partial", "-"],
        ] {
            let run = folder.run(args).succeeds();
            for output in [run.text(), run.complaint()] {
                let parts = told.tokens[0].split('.');
                let shown = parts.filter(|part| output.contains(*part)).count();
                check(shown == 0, || format!("the token stands in the output of {args:?}"))?;
            }
        }
        Ok(())
    });
}

#[test]
fn a_stripped_export_is_judged_by_the_server_and_the_preflight() {
    each_variant("stripped_export", |_, _, lines| {
        let refused = &lines[1];
        check(also(refused).contains(&"capture.sanitized".to_owned()), || {
            format!("capture.sanitized among the others, not {:?}", also(refused))
        })?;
        let findings = refused["also"].as_array().into_iter().flatten();
        let told: String = findings
            .filter(|finding| finding["cause"] == "capture.sanitized")
            .map(|finding| finding["evidence"].to_string())
            .collect();
        check(told.contains("preflight"), || format!("the preflight as evidence, not {told}"))?;
        let all = lines.iter().map(Value::to_string).collect::<String>();
        check(!all.contains("header.missing"), || "no word of header.missing".into())
    });
}

#[test]
fn other_lives_of_tokens_end_as_they_were_told() {
    let mut wrong = String::new();
    for (name, teller) in &ALL[FOUR.len()..] {
        for seed in 0..LIVES {
            let folder = Folder::new(name);
            let told = write(&folder, *teller, seed);
            if let Err(fault) = truths(&told, &folder.lines(&["story.har"])) {
                writeln!(wrong, "{name} seed {seed}: {fault}").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

type Fault = Result<(), String>;

fn check(holds: bool, wanted: impl FnOnce() -> String) -> Fault {
    if holds { Ok(()) } else { Err(format!("expected {}", wanted())) }
}

/// Runs all variants of a story and reports every one that does not end as it was told.
#[track_caller]
fn each_variant(name: &str, further: impl Fn(&Told, &Folder, &[Value]) -> Fault) {
    let teller = FOUR.iter().find(|(n, _)| *n == name).unwrap().1;
    let mut wrong = String::new();
    let mut count = 0;
    for seed in 0..VARIANTS {
        let folder = Folder::new(name);
        let told = write(&folder, teller, seed);
        let lines = folder.lines(&["story.har"]);
        let fault = truths(&told, &lines).and_then(|()| further(&told, &folder, &lines));
        if let Err(fault) = fault {
            count += 1;
            writeln!(wrong, "seed {seed}: {fault}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{name}: {count} of {VARIANTS} are wrong\n{wrong}");
}

fn write(folder: &Folder, teller: Teller, seed: u64) -> Told {
    let told = teller(seed, start(seed));
    let text = if seed % 2 == 0 { told.story.har_pretty() } else { told.story.har_compact() };
    folder.write("story.har", text);
    told
}

/// Compares lines in the order of the capture with what was told.
fn truths(told: &Told, lines: &[Value]) -> Fault {
    check(lines.len() == told.truth.len(), || {
        format!("{} lines, not {}", told.truth.len(), lines.len())
    })?;
    for (index, (truth, line)) in told.truth.iter().zip(lines).enumerate() {
        check(truth.holds(line), || {
            let Truth { class, cause, confidence } = truth;
            let step = &told.story.steps[index];
            let words = step.answer.as_ref().map_or("", |(_, text)| text);
            format!(
                "entry {index} {class} {} {}, not {}, also {:?}; answer {} {words} {:?}",
                cause.unwrap_or("-"),
                confidence.unwrap_or(""),
                verdict(line),
                also(line),
                step.status,
                step.answer_fields,
            )
        })?;
    }
    Ok(())
}
