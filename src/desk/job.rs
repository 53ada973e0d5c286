//! What the main job and `merge` are asked to do, parsed and checked.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::model::{At, CauseId, CauseRow, Class, Seconds, Totals};

/// One run of the main job, or of `merge`.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// Files, directories, globs, `-`; for `merge`, partial results. Never empty.
    pub inputs: Vec<String>,
    /// How bytes are read; shapes facts, so `merge` does not take it.
    pub reading: Reading,
    /// What is reported.
    pub selection: Selection,
    /// What tokens should be like.
    pub expected: Expected,
    /// How the report is cut.
    pub shaping: Shaping,
    /// Worker threads; `None` for one a core.
    pub threads: Option<NonZeroUsize>,
    /// Whether the mergeable state is wanted instead of a report.
    pub partial: bool,
    /// What makes the exit code 1.
    pub fail_on: Vec<FailOn>,
}

/// How bytes become facts.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Another name for the only input.
    pub source: Option<SourceName>,
    /// Field of an exchange to path in a log record, as given.
    pub map: Vec<(String, String)>,
    /// Zone of times that name none; `None` for UTC.
    pub zone: Option<jiff::tz::TimeZone>,
    /// Files with more dialects.
    pub dialects: Vec<PathBuf>,
    /// Whether one skipped record is an error.
    pub strict: bool,
    /// Whether user names are shown as they are.
    pub show_identity: bool,
}

/// A source name given by the user: `NAME[:FIRST_LINE]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceName {
    /// The name.
    pub name: String,
    /// Number of the input's first line, from 1; `None` when not known.
    pub first_line: Option<u64>,
}

/// What is reported; an empty list selects everything.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// First instant, inclusive.
    pub since: Option<Moment>,
    /// Last instant, inclusive.
    pub until: Option<Moment>,
    /// Hosts in lower case; `*` stands for any run of letters.
    pub hosts: Vec<String>,
    /// Path prefixes; `*` stands for any run of letters.
    pub paths: Vec<String>,
    /// Statuses.
    pub statuses: Vec<Statuses>,
    /// Cause ids and families.
    pub causes: Vec<String>,
    /// Classes; without any, all but [`Class::Ok`] have a line.
    pub classes: Vec<Class>,
}

/// An instant, or one that only the data tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// An instant.
    At(At),
    /// So long before the latest instant of the data.
    BeforeLatest(Seconds),
}

/// A run of statuses, both ends included; `None` for exchanges without one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Statuses {
    /// From, to.
    Between(u16, u16),
    /// No status at all.
    Missing,
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
}

impl Shaping {
    /// Bound of lists unless `--top` says otherwise.
    pub const TOP: usize = 20;
}

impl Default for Shaping {
    fn default() -> Self {
        Self { bucket: None, sort: Sort::Source, top: Self::TOP, title: None }
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

impl Selection {
    /// Returns whether the host passes; an unknown host passes only where none is asked for.
    pub fn admits_host(&self, host: Option<&str>) -> bool {
        let admitted = |host: &str| {
            let bare = host.rsplit_once(':').filter(|(_, port)| is_digits(port)).map(|(h, _)| h);
            self.hosts
                .iter()
                .any(|asked| fits(asked, host) || bare.is_some_and(|bare| fits(asked, bare)))
        };
        self.hosts.is_empty() || host.is_some_and(|host| admitted(&host.to_ascii_lowercase()))
    }

    /// Returns whether the path (without query) passes.
    pub fn admits_path(&self, path: &str) -> bool {
        let prefix = |asked: &str| {
            let rest = path.strip_prefix(asked.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let admits = |asked: &String| {
            if asked.contains('*') { fits(asked, path) } else { prefix(asked) }
        };
        self.paths.is_empty() || self.paths.iter().any(admits)
    }

    /// Returns whether the status passes.
    pub fn admits_status(&self, status: Option<u16>) -> bool {
        let admits = |asked: &Statuses| match (*asked, status) {
            (Statuses::Between(from, to), Some(status)) => (from..=to).contains(&status),
            (Statuses::Missing, None) => true,
            _ => false,
        };
        self.statuses.is_empty() || self.statuses.iter().any(admits)
    }

    /// Returns whether the root cause passes; an exchange without one passes only where none is asked
    /// for.
    pub fn admits_cause(&self, cause: Option<&CauseId>) -> bool {
        let admits =
            |id: &CauseId| self.causes.iter().any(|asked| *id == **asked || id.family() == asked);
        self.causes.is_empty() || cause.is_some_and(admits)
    }

    /// Returns whether exchanges of this class are printed as lines.
    pub fn admits_class(&self, class: Class) -> bool {
        if self.classes.is_empty() { class != Class::Ok } else { self.classes.contains(&class) }
    }

    /// Returns whether an instant passes, given the latest one of the data; an unknown one passes only
    /// where none is asked for.
    pub fn admits_time(&self, time: Option<At>, latest: Option<At>) -> bool {
        let bound = |moment: Moment| match moment {
            Moment::At(at) => Some(at),
            Moment::BeforeLatest(by) => latest.map(|latest| latest.plus(Seconds(-by.0))),
        };
        let after = |moment| time.zip(bound(moment)).is_some_and(|(time, from)| time >= from);
        let before = |moment| time.zip(bound(moment)).is_some_and(|(time, to)| time <= to);
        self.since.is_none_or(after) && self.until.is_none_or(before)
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Returns whether `text` fits `pattern`, in which `*` stands for any run of characters.
fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run() {
        for (pattern, text, fit) in [
            ("*.example.com", "api.example.com", true),
            ("*.example.com", "example.com", false),
            ("/a/*/c", "/a/b/b/c", true),
            ("/a/*/c", "/a/c", false),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(fits(pattern, text), fit, "{pattern} {text}");
        }
    }

    #[test]
    fn a_path_is_a_prefix_of_whole_segments() {
        let selection = Selection { paths: vec!["/api/".into()], ..Selection::default() };
        assert!(selection.admits_path("/api") && selection.admits_path("/api/x"));
        assert!(!selection.admits_path("/apis"));
    }

    #[test]
    fn a_host_passes_with_and_without_its_port() {
        let selection = Selection { hosts: vec!["a.example".into()], ..Selection::default() };
        assert!(selection.admits_host(Some("A.example:8443")));
        assert!(!selection.admits_host(Some("b.a.example")) && !selection.admits_host(None));
    }

    #[test]
    fn a_relative_time_counts_back_from_the_latest() {
        let hour = Moment::BeforeLatest(Seconds(3600.0));
        let selection = Selection { since: Some(hour), ..Selection::default() };
        let latest = Some(At::from_secs(10_000));
        assert!(selection.admits_time(Some(At::from_secs(6_400)), latest));
        assert!(!selection.admits_time(Some(At::from_secs(6_399)), latest));
        assert!(!selection.admits_time(None, latest));
    }

    #[test]
    fn a_share_is_of_ok_and_failure() {
        let totals = Totals { ok: 95, failure: 5, lookalike: 900, ..Totals::default() };
        assert!(FailOn::Percent(5.0).holds(&totals, &[]));
        assert!(!FailOn::Percent(5.1).holds(&totals, &[]));
        assert!(!FailOn::Percent(0.0).holds(&Totals::default(), &[]));
    }
}
