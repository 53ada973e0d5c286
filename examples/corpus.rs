//! Writes seeded traffic of any size: `corpus SHAPE SIZE PATH [OPTION...]`.
//!
//! SHAPE: `har`, `har-compact`, `ndjson`, `combined`, or `hars`, many HAR files of 500 kB in the folder PATH.
//! SIZE: a number of bytes, with `kB`, `MB` or `GB` if wanted. Options: `--mix browsing|dense|distinct|escaped`,
//! `--refused PERCENT` (3), `--seed NUMBER` (1). What was planted goes to standard error as JSON.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::ExitCode;

use corpus::{Mix, Plan, Shape, Truth};

#[path = "../benches/corpus.rs"]
mod corpus;
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "made for tests, which use all of it and fail loudly"
)]
#[path = "../tests/it/forge.rs"]
mod forge;

/// Bytes of each of many files.
const SMALL_FILE: u64 = 500_000;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(truth) => {
            // The truth goes beside the corpus, never into it; nobody left to read it is no fault.
            let _ = writeln!(std::io::stderr(), "{truth}");
            ExitCode::SUCCESS
        }
        Err(complaint) => {
            let _ = writeln!(std::io::stderr(), "error: {complaint}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &[String]) -> Result<String, String> {
    let [shape, size, path, options @ ..] = args else {
        return Err("expected: SHAPE SIZE PATH [OPTION...]".into());
    };
    let bytes = size_of(size).ok_or_else(|| format!("no size: {size}"))?;
    let many = shape == "hars";
    let shape = match shape.as_str() {
        "har" | "hars" => Shape::Har,
        "har-compact" => Shape::CompactHar,
        "ndjson" => Shape::Lines,
        "combined" => Shape::Combined,
        other => return Err(format!("no shape: {other}")),
    };
    let plan = optional(Plan::new(shape, bytes, 1), options)?;
    let truth = if many { several(plan, Path::new(path))? } else { one(plan, Path::new(path))? };
    serde_json::to_string(&truth).map_err(|error| error.to_string())
}

fn optional(mut plan: Plan, options: &[String]) -> Result<Plan, String> {
    for option in options.chunks(2) {
        let [name, value] = option else { return Err("an option without a value".into()) };
        let number = || value.parse::<u32>().map_err(|_| format!("no number: {value}"));
        match name.as_str() {
            "--seed" => plan.seed = number()?.into(),
            "--refused" => plan.refused_percent = number()?.min(100) as usize,
            "--mix" => {
                plan.mix = match value.as_str() {
                    "browsing" => Mix::Browsing,
                    "dense" => Mix::Dense,
                    "distinct" => Mix::Distinct,
                    "escaped" => Mix::Escaped,
                    other => return Err(format!("no mix: {other}")),
                };
            }
            other => return Err(format!("no option: {other}")),
        }
    }
    Ok(plan)
}

fn one(plan: Plan, path: &Path) -> Result<Truth, String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).map_err(told)?);
    corpus::write(plan, &mut out).map_err(told)
}

/// Writes files of 500 kB, each of a seed of its own, until there are enough bytes.
fn several(plan: Plan, folder: &Path) -> Result<Truth, String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut truth = Truth::default();
    for seed in plan.seed.. {
        if truth.bytes >= plan.bytes {
            break;
        }
        let path = folder.join(format!("{seed:05}.har"));
        truth.add(one(Plan { seed, bytes: SMALL_FILE, ..plan }, &path)?);
    }
    Ok(truth)
}

fn size_of(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..)? {
        "" => 1,
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}
