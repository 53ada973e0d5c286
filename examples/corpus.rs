//! Writes seeded traffic of any size for benches: `corpus har|har-compact|ndjson SIZE FILE [SEED]`.
//!
//! SIZE is a number of bytes, with `kB`, `MB` or `GB` if wanted. What was planted goes to standard error.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::process::ExitCode;

use corpus::Shape;

#[path = "../benches/corpus.rs"]
mod corpus;
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "made for tests, which use all of it and fail loudly"
)]
#[path = "../tests/it/forge.rs"]
mod forge;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(told) => {
            // The truth goes beside the corpus, never into it; nobody left to read it is no fault.
            let _ = writeln!(std::io::stderr(), "{told}");
            ExitCode::SUCCESS
        }
        Err(complaint) => {
            let _ = writeln!(std::io::stderr(), "error: {complaint}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &[String]) -> Result<String, String> {
    let [shape, size, file, seed @ ..] = args else {
        return Err("expected: har|har-compact|ndjson SIZE FILE [SEED]".into());
    };
    let shape = match shape.as_str() {
        "har" => Shape::Har,
        "har-compact" => Shape::CompactHar,
        "ndjson" => Shape::Lines,
        other => return Err(format!("no shape: {other}")),
    };
    let bytes = size_of(size).ok_or_else(|| format!("no size: {size}"))?;
    let seed = match seed.first() {
        Some(seed) => seed.parse().map_err(|_| format!("no seed: {seed}"))?,
        None => 1,
    };
    let out = File::create(file).map_err(|error| format!("{file}: {error}"))?;
    let mut out = BufWriter::with_capacity(1 << 20, out);
    let truth = corpus::write(shape, bytes, seed, &mut out).map_err(|e| format!("{file}: {e}"))?;
    let corpus::Truth { entries, open, hidden, harmless, refreshes, tokens } = truth;
    Ok(format!(
        "entries {entries}\nrefused under 401 and 403: {open}\nrefused under 200, 302, 400 and 500: {hidden}\n\
         harmless words: {harmless}\nrefreshes {refreshes}\ntokens {tokens}"
    ))
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
