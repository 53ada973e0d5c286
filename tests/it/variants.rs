//! A hundred seeded variants of each of four stories: other algorithms, claims, gaps, words, hosts,
//! paths, clients and recorders, the same truth.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use crate::program::{Folder, also, verdict};
use crate::stories::{ALL, FOUR, Told, Truth, start};

const VARIANTS: u64 = 100;
/// Variants that are also tried alone, each in a process of its own.
const ALONE: u64 = 4;
/// Enough for stories that other tests vary further.
const LIVES: u64 = 12;

#[test]
fn five_refusals_have_five_causes_and_three_tokens() {
    let crowd = Crowd::of("five_causes", VARIANTS);
    crowd.check(|_, lines| {
        let failures = lines.iter().filter(|l| l["class"] == "failure");
        let causes: BTreeSet<_> = failures.filter_map(|l| l["cause"].as_str()).collect();
        check(causes.len() == 5, || format!("five different causes, not {causes:?}"))?;
        let credentials = lines.iter().flat_map(|line| line["credentials"].as_array().unwrap());
        let tokens: BTreeSet<_> = credentials.filter_map(|c| c["fingerprint"].as_str()).collect();
        check(tokens.len() == 3, || format!("three tokens, not {tokens:?}"))
    });
    let report = crowd.folder.report(&[".", "--top", "1000"]);
    assert_eq!(report["tokens"].as_array().map(Vec::len), Some(3 * VARIANTS as usize));
    for seed in 0..ALONE {
        let report = crowd.folder.report(&[&Crowd::file(seed)]);
        assert_eq!(report["tokens"].as_array().map(Vec::len), Some(3), "seed {seed}");
    }
}

#[test]
fn a_token_sent_ten_seconds_after_its_life_is_a_stale_cache() {
    Crowd::of("stale_cache", VARIANTS).check(|_, _| Ok(()));
}

#[test]
fn a_misspelt_field_is_found_and_its_token_shown_nowhere() {
    let crowd = Crowd::of("misspelt", VARIANTS);
    crowd.check(|_, _| Ok(()));
    for args in [
        &[".", "-v"][..],
        &[".", "-v", "-f", "json", "--top", "1000"],
        &[".", "-v", "-f", "jsonl", "--class", "all"],
        &[".", "-v", "--partial", "-"],
    ] {
        let run = crowd.folder.run(args).succeeds();
        let output = run.text() + &run.complaint();
        for token in crowd.told.iter().flat_map(|told| &told.tokens) {
            let shown = token.split('.').any(|part| output.contains(part));
            assert!(!shown, "a token stands in the output of {args:?}");
        }
    }
}

#[test]
fn a_stripped_export_is_judged_by_the_server_and_the_preflight() {
    Crowd::of("stripped_export", VARIANTS).check(|_, lines| {
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
    for (name, _) in &ALL[FOUR.len()..] {
        Crowd::of(name, LIVES).check(|_, _| Ok(()));
    }
}

type Fault = Result<(), String>;

fn check(holds: bool, wanted: impl FnOnce() -> String) -> Fault {
    if holds { Ok(()) } else { Err(format!("expected {}", wanted())) }
}

/// Variants of one story as captures in one folder: each has a host and a client of its own.
struct Crowd {
    name: &'static str,
    folder: Folder,
    told: Vec<Told>,
}

impl Crowd {
    fn of(name: &'static str, count: u64) -> Self {
        let teller = ALL.iter().find(|(n, _)| *n == name).unwrap().1;
        let folder = Folder::new(name);
        let told: Vec<Told> = (0..count).map(|seed| teller(seed, start(seed))).collect();
        for (seed, told) in (0..).zip(&told) {
            let story = &told.story;
            let text = if seed % 2 == 0 { story.har_pretty() } else { story.har_compact() };
            folder.write(&Self::file(seed), text);
        }
        Self { name, folder, told }
    }

    fn file(seed: u64) -> String {
        format!("{seed:03}.har")
    }

    /// Reads all variants together, some of them also alone, and reports every one that does not end
    /// as it was told.
    #[track_caller]
    fn check(&self, further: impl Fn(&Told, &[Value]) -> Fault) {
        let mut by_file: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for line in self.folder.lines(&["."]) {
            let file = line["source"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            by_file.entry(file).or_default().push(line);
        }
        let mut wrong = BTreeMap::new();
        for (seed, told) in (0..).zip(&self.told) {
            let lines = by_file.remove(&Self::file(seed)).unwrap_or_default();
            let mut fault = truths(told, &lines).and_then(|()| further(told, &lines));
            if seed < ALONE {
                let lines = self.folder.lines(&[&Self::file(seed)]);
                fault = fault.and_then(|()| truths(told, &lines));
            }
            if let Err(fault) = fault {
                wrong.insert(seed, fault);
            }
        }
        let list = wrong.iter().fold(String::new(), |mut list, (seed, fault)| {
            writeln!(list, "seed {seed}: {fault}").unwrap();
            list
        });
        let (name, count) = (self.name, wrong.len());
        assert!(wrong.is_empty(), "{name}: {count} of {} are wrong\n{list}", self.told.len());
    }
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
