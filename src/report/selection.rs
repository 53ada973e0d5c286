//! What is reported; histories are learned from everything all the same.

use super::Judged;
use crate::model::{At, CauseId, Class, Endpoint, Seconds};
use crate::world::World;

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

impl Selection {
    /// Returns whether nothing is left out.
    pub fn is_all(&self) -> bool {
        self.since.is_none()
            && self.until.is_none()
            && self.hosts.is_empty()
            && self.paths.is_empty()
            && self.statuses.is_empty()
            && self.causes.is_empty()
            && (self.classes.is_empty() || self.classes.len() == Class::ALL.len())
    }

    /// Returns the same with times relative to `latest` resolved.
    #[must_use]
    pub fn resolved(mut self, latest: Option<At>) -> Self {
        let resolve = |moment: Option<Moment>| match (moment, latest) {
            (Some(Moment::BeforeLatest(by)), Some(latest)) => {
                Some(Moment::At(latest.plus(Seconds(-by.0))))
            }
            (other, _) => other,
        };
        self.since = resolve(self.since);
        self.until = resolve(self.until);
        self
    }

    /// Returns whether judged exchanges are reported.
    pub(super) fn takes(&self, item: &Judged<'_>) -> bool {
        let at = item.timed.then_some(item.bucket.first);
        let cause = item.root.as_ref().map(|(cause, _)| cause);
        self.admits_place(&item.facts().endpoint)
            && self.admits_time(at, None)
            && self.admits_status(item.facts().status)
            && self.admits_cause(cause)
            && self.admits_class(item.class)
    }

    /// Returns whether an endpoint passes.
    pub fn admits_place(&self, endpoint: &Endpoint) -> bool {
        self.admits_host(endpoint.host.as_deref()) && self.admits_path(&endpoint.path)
    }

    /// Counts exchanges that were let in under the place and time asked for, as far as uses tell.
    pub(super) fn count_ok(&self, world: &World<'_>) -> u64 {
        let wanted = self.classes.is_empty() || self.classes.contains(&Class::Ok);
        if !self.causes.is_empty() || !wanted || !self.statuses.is_empty() {
            return 0;
        }
        let tally = world.tally();
        let uses = tally.uses.iter().flat_map(|(_, usage)| usage.endpoints.iter());
        let uses = uses.map(|(endpoint, times)| (endpoint, times.buckets()));
        let visits = tally.visits.places().map(|(endpoint, times)| (endpoint, times.buckets()));
        uses.chain(visits)
            .filter(|(endpoint, _)| self.admits_place(endpoint))
            .flat_map(|(_, buckets)| buckets)
            .filter(|bucket| self.admits_time(Some(bucket.first), None))
            .map(|bucket| bucket.count)
            .sum()
    }

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
}
