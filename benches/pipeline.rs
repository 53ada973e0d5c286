//! Throughput of each stage alone and of the whole, in bytes and exchanges a second.
//!
//! `AUTHOPSY_BENCH_MB` sets the size of the corpora (default 8): `AUTHOPSY_BENCH_MB=256 cargo bench`.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "a bench should fail loudly"
)]

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write as _};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use authopsy::causes::{Case, judge};
use authopsy::desk::{Job, Unwatched, analyze};
use authopsy::dialect::Catalogue;
use authopsy::engine::{self, Gatherer, InputFacts, ReadOptions};
use authopsy::evidence::{Context, Source, gather};
use authopsy::input::Inputs;
use authopsy::input::har_entry::entry_from_value;
use authopsy::model::{Exchange, Record};
use authopsy::render;
use authopsy::report::{self, ReportOptions};
use authopsy::tally::Tally;
use authopsy::world::{Given, World};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

use corpus::{Mix, Plan, Shape, Truth};

mod corpus;
#[allow(dead_code, reason = "tests use the rest of the forge")]
#[path = "../tests/it/forge.rs"]
mod forge;

const CORPORA: [(&str, Shape, Mix); 7] = [
    ("har", Shape::Har, Mix::Browsing),
    ("har-compact", Shape::CompactHar, Mix::Browsing),
    ("har-dense", Shape::Har, Mix::Dense),
    ("har-distinct", Shape::Har, Mix::Distinct),
    ("har-escaped", Shape::Har, Mix::Escaped),
    ("ndjson", Shape::Lines, Mix::Browsing),
    ("combined", Shape::Combined, Mix::Browsing),
];

/// A corpus on disk, in the page cache, with what was planted.
struct Corpus {
    name: &'static str,
    path: PathBuf,
    bytes: u64,
    truth: Truth,
}

fn corpora() -> Vec<Corpus> {
    let asked = std::env::var_os("AUTHOPSY_BENCH_MB");
    let megabytes = asked.and_then(|mb| mb.to_str()?.parse::<u64>().ok()).unwrap_or(8);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&folder).unwrap();
    CORPORA
        .map(|(name, shape, mix)| {
            let path = folder.join(format!("bench-{name}-{megabytes}.corpus"));
            let mut out = BufWriter::new(File::create(&path).unwrap());
            let plan = Plan { mix, ..Plan::new(shape, megabytes * 1_000_000, 1) };
            let truth = corpus::write(plan, &mut out).unwrap();
            out.flush().unwrap();
            let bytes = std::fs::metadata(&path).unwrap().len();
            Corpus { name, path, bytes, truth }
        })
        .into()
}

fn threads(count: usize) -> ReadOptions {
    ReadOptions { jobs: NonZeroUsize::new(count), ..ReadOptions::default() }
}

/// Counts exchanges and drops them.
struct Counter;

impl Gatherer for Counter {
    type Harvest = u64;

    fn observe(&mut self, count: &mut u64, exchange: &Exchange<'_>, _: &InputFacts) {
        black_box(exchange);
        *count += 1;
    }

    fn rebase(_: &mut u64, _: u64, _: u64) {}

    fn merge(into: &mut u64, other: u64) {
        *into += other;
    }
}

/// Bytes to exchanges: opening, scanning, walking.
fn read(c: &mut Criterion) {
    let mut group = c.benchmark_group("read");
    for corpus in corpora() {
        let inputs = Inputs::find([corpus.path.to_str().unwrap()]);
        group.throughput(Throughput::Bytes(corpus.bytes));
        group.bench_function(corpus.name, |b| {
            b.iter(|| {
                let outcome = engine::read(&inputs, &threads(1), || Counter, &());
                assert_eq!(outcome.harvest, corpus.truth.entries);
            });
        });
    }
}

/// Entries of a corpus of HAR as values, for the stages behind the reader.
fn entries() -> Vec<serde_json::Value> {
    let mut bytes = Vec::new();
    corpus::write(Plan::new(Shape::CompactHar, 6_000_000, 2), &mut bytes).unwrap();
    let mut har: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    har["log"]["entries"].as_array_mut().unwrap().drain(..).collect()
}

fn records(entries: &[serde_json::Value]) -> Vec<Record> {
    let mut context = Context::new(Catalogue::embedded(), Source::new("bench.har", "har"));
    let exchanges = entries.iter().map(|entry| entry_from_value(entry).unwrap().0);
    exchanges.map(|exchange| gather(&exchange, &mut context)).collect()
}

fn tally(records: &[Record]) -> Tally {
    records.iter().cloned().fold(Tally::default(), |mut tally, record| {
        tally.observe(record);
        tally
    })
}

/// Each stage behind the reader, on the same entries.
fn stages(c: &mut Criterion) {
    let entries = entries();
    let exchanges: Vec<_> =
        entries.iter().map(|entry| entry_from_value(entry).unwrap().0).collect();
    let records = records(&entries);
    let whole = tally(&records);
    let mut group = c.benchmark_group("stage");
    group.throughput(Throughput::Elements(entries.len() as u64));
    group.bench_function("gather", |b| {
        b.iter(|| {
            let mut context = Context::new(Catalogue::embedded(), Source::new("bench.har", "har"));
            for exchange in &exchanges {
                black_box(gather(exchange, &mut context));
            }
        });
    });
    group.bench_function("observe", |b| {
        let observe = |records: Vec<Record>| {
            let mut tally = Tally::default();
            for record in records {
                tally.observe(record);
            }
            tally
        };
        b.iter_batched(|| records.clone(), observe, BatchSize::LargeInput);
    });
    group.bench_function("merge", |b| {
        let (one, two) = records.split_at(records.len() / 2);
        let (one, two) = (tally(one), tally(two));
        let merge = |(mut one, two): (Tally, Tally)| {
            one.merge(two);
            one
        };
        b.iter_batched(|| (one.clone(), two.clone()), merge, BatchSize::LargeInput);
    });
    group.bench_function("learn", |b| b.iter(|| black_box(World::learn(&whole, Given::default()))));
    let world = World::learn(&whole, Given::default());
    group.bench_function("judge", |b| {
        b.iter(|| {
            for record in &records {
                let at = record.origin.time.map(|time| time.at);
                black_box(judge(&Case::of(&record.facts, at, &world)));
            }
        });
    });
    group.bench_function("report", |b| {
        b.iter(|| black_box(report::finish(&world, &ReportOptions::default())));
    });
    let finished = report::finish(&world, &ReportOptions::default());
    for format in ["text", "json"] {
        let renderer = render::by_name(format).unwrap();
        group.bench_function(format!("render-{format}"), |b| {
            b.iter(|| {
                let mut out = Vec::new();
                renderer.render(&finished, &mut out).unwrap();
                black_box(out)
            });
        });
    }
}

/// The whole main job, from the file to the report, on one thread and on all.
fn whole(c: &mut Criterion) {
    let mut group = c.benchmark_group("whole");
    let all = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
    for corpus in corpora() {
        group.throughput(Throughput::Bytes(corpus.bytes));
        for count in [1, all] {
            let job = Job {
                inputs: vec![corpus.path.to_str().unwrap().to_owned()],
                threads: NonZeroUsize::new(count),
                ..Job::default()
            };
            group.bench_function(format!("{}/{count}", corpus.name), |b| {
                b.iter(|| analyze::run(&job, &Unwatched, None).unwrap());
            });
        }
    }
}

criterion_group! {
    name = pipeline;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    targets = read, stages, whole
}
criterion_main!(pipeline);
