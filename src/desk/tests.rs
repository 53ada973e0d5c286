//! What a limit of memory must not do: blame somebody whom nobody blames that knows the whole.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Job, Limits, Product, Unwatched, analyze};
use crate::model::{Class, Report};

/// Returns the report on an input; `None` where it holds no exchange.
fn report(input: &str, limits: Limits) -> Option<Report> {
    let job = Job { inputs: vec![input.to_owned()], limits, ..Job::default() };
    match analyze::run(&job, &Unwatched, None).ok()?.product {
        Product::Report(report) => Some(*report),
        Product::Partial(_) => panic!("no partial was asked for"),
    }
}

/// Counts failures by families of causes that are proven or inferred: whoever knows less tells a cause less
/// exactly, `time.expired` for `time.expired_cached`. What a server states stays its word.
fn sure(report: &Report) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for row in report.causes.iter().filter(|row| row.class == Class::Failure) {
        let of = |confidence| row.confidence.get(confidence).copied().unwrap_or_default();
        let told: u64 = ["proven", "inferred"].into_iter().map(of).sum();
        *counts.entry(row.id.family().to_owned()).or_default() += told;
    }
    counts
}

fn captures() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut found = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if [".har", ".log", ".jsonl", ".ndjson"].iter().any(|end| name.ends_with(end)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn within_limits_nobody_is_blamed_whom_the_whole_does_not_blame() {
    let captures = captures();
    let mut read = 0;
    for path in captures {
        let input = path.display().to_string();
        let Some(whole) = report(&input, Limits::default()) else { continue };
        read += 1;
        let known = sure(&whole);
        // From one key in most tables to a few dozen.
        for room in [1, 60_000, 300_000, 1_000_000, 4_000_000] {
            let part = report(&input, Limits::with_room(room)).unwrap();
            for (family, count) in sure(&part) {
                let most = known.get(&family).copied().unwrap_or_default();
                assert!(
                    count <= most,
                    "{input} within {room}: {family} {count}, all in all {most}"
                );
            }
            assert_eq!(part.totals.exchanges, whole.totals.exchanges, "{input} within {room}");
            assert_eq!(part.totals.by_status, whole.totals.by_status, "{input} within {room}");
            let told = part.totals.failure + part.totals.expected + part.totals.lookalike;
            let untold = part.left_out.get("refusals").copied().unwrap_or_default();
            assert!(
                told + part.totals.ok + untold <= part.totals.exchanges,
                "{input} within {room}: a refusal that found no room is not let in"
            );
        }
    }
    assert!(read > 5, "{read}");
}
