//! What the main job and `merge` are asked to do, parsed and checked.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::model::{At, CauseRow, Class, Seconds, Totals};
use crate::report::{GroupKey, Selection};
use crate::tally::Limits;

/// One run of the main job, or of `merge`.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "wishes that do not depend on one another")]
pub struct Job {
    /// Files, directories, globs, `-`; for `merge`, partial results. Never empty.
    pub inputs: Vec<String>,
    /// How bytes are read; shapes facts, so `merge` does not take it.
    pub reading: Reading,
    /// Keys that verify signatures; they shape facts too.
    pub keys: Keys,
    /// How persons are named; shapes facts too.
    pub persons: Persons,
    /// What is reported.
    pub selection: Selection,
    /// What tokens should be like.
    pub expected: Expected,
    /// How the report is cut.
    pub shaping: Shaping,
    /// Worker threads; `None` for one a core.
    pub threads: Option<NonZeroUsize>,
    /// The memory that a run may use, from which the sizes of all tables follow.
    pub limits: Limits,
    /// Whether the mergeable state is wanted instead of a report.
    pub partial: bool,
    /// What makes the exit code 1.
    pub fail_on: Vec<FailOn>,
    /// Whether an exchange that several inputs hold counts once for each.
    pub no_join: bool,
    /// Whether some of the refused exchanges are wanted in full beside the report, from a second pass.
    pub rows: bool,
    /// Whether the process ends with this run: what was gathered, millions of small things, is then left to
    /// the system instead of being given back one by one.
    pub ends: bool,
}

/// How bytes become facts.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Another name for the only input.
    pub source: Option<SourceName>,
    /// Whether standard input, then the only input, is a stream of documents: see [`Inputs::framed`].
    ///
    /// [`Inputs::framed`]: crate::input::Inputs::framed
    pub framed: bool,
    /// The format of the inputs as the user names it; `None` to tell it by content.
    pub input_format: Option<String>,
    /// Field of an exchange to path in a log record, as given.
    pub map: Vec<(String, String)>,
    /// Zone of times that name none; `None` for UTC.
    pub zone: Option<jiff::tz::TimeZone>,
    /// The year of times that name none; `None` for the latest that fits the age of their input.
    pub year: Option<u16>,
    /// The time of reading, for inputs without an age.
    pub now: Option<At>,
    /// Files with more dialects.
    pub dialects: Vec<PathBuf>,
    /// Whether one skipped record is an error.
    pub strict: bool,
}

/// Where the user keeps keys.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Files of JSON Web Key Sets.
    pub sets: Vec<PathBuf>,
    /// Files of PEM, DER, JWK, or a raw secret.
    pub files: Vec<PathBuf>,
    /// Names of environment variables that hold a secret.
    pub variables: Vec<String>,
}

/// How persons are named.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Persons {
    /// File with the key of stand-ins; `None` for the one that everybody has.
    pub key: Option<PathBuf>,
    /// Whether names stand as they are.
    pub shown: bool,
}

/// A source name given by the user: `NAME[:FIRST_LINE]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceName {
    /// The name.
    pub name: String,
    /// Number of the input's first line, from 1; `None` when not known.
    pub first_line: Option<u64>,
}

/// What the user knows of the tokens that hosts should accept.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Accepted values of `iss`.
    pub issuers: Vec<String>,
    /// Accepted values of `aud`.
    pub audiences: Vec<String>,
    /// Accepted values of `alg`.
    pub algorithms: Vec<String>,
    /// Claims that must be there.
    pub required_claims: Vec<String>,
    /// Tolerance for times; `None` to learn it per host.
    pub leeway: Option<Seconds>,
}

/// How the report is cut and ordered.
#[derive(Clone, Debug)]
pub struct Shaping {
    /// Bucket width in seconds, one of [`BUCKETS`]; `None` to choose it.
    pub bucket: Option<f64>,
    /// Order of exchange lines.
    pub sort: Sort,
    /// Longest list.
    pub top: usize,
    /// Title.
    pub title: Option<String>,
    /// Keys under which failures are counted.
    pub group_by: Vec<GroupKey>,
}

impl Shaping {
    /// Bound of lists unless `--top` says otherwise.
    pub const TOP: usize = 20;
}

impl Default for Shaping {
    fn default() -> Self {
        Self { bucket: None, sort: Sort::Source, top: Self::TOP, title: None, group_by: Vec::new() }
    }
}

/// Bucket widths by name and in seconds: each divides the next, so that widening is exact.
pub const BUCKETS: [(&str, f64); 10] = [
    ("100ms", 0.1),
    ("1s", 1.0),
    ("5s", 5.0),
    ("15s", 15.0),
    ("1m", 60.0),
    ("5m", 300.0),
    ("15m", 900.0),
    ("1h", 3600.0),
    ("6h", 21_600.0),
    ("1d", 86_400.0),
];

/// Order of exchange lines.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Sort {
    /// Source, then position.
    #[default]
    Source,
    /// Time, then source, then position; unknown times last.
    Time,
}

/// A condition under which the exit code is 1.
#[derive(Clone, Debug, PartialEq)]
pub enum FailOn {
    /// At least one failure.
    Any,
    /// A cause by its id, in any class; or a family, which counts failures only.
    Cause(String),
    /// This share of failures among ok and failure is reached, in percent.
    Percent(f64),
}

impl Job {
    /// Returns whether a condition of `fail_on` holds; `causes` must be the whole list, not cut by
    /// `--top`.
    pub fn fails(&self, totals: &Totals, causes: &[CauseRow]) -> bool {
        self.fail_on.iter().any(|condition| condition.holds(totals, causes))
    }
}

impl FailOn {
    /// Returns whether the condition holds; `causes` must be the whole list, not cut by `--top`.
    pub fn holds(&self, totals: &Totals, causes: &[CauseRow]) -> bool {
        match self {
            Self::Any => totals.failure > 0,
            Self::Cause(name) => causes.iter().filter(|row| row.count > 0).any(|row| {
                row.id == *name.as_str()
                    || row.class == Class::Failure && row.id.family() == name.as_str()
            }),
            Self::Percent(percent) => {
                #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
                let (failure, all) = (totals.failure as f64, (totals.ok + totals.failure) as f64);
                totals.failure > 0 && failure * 100.0 >= percent * all
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_of_ok_and_failure() {
        let totals = Totals { ok: 95, failure: 5, lookalike: 900, ..Totals::default() };
        assert!(FailOn::Percent(5.0).holds(&totals, &[]));
        assert!(!FailOn::Percent(5.1).holds(&totals, &[]));
        assert!(!FailOn::Percent(0.0).holds(&Totals::default(), &[]));
    }
}
