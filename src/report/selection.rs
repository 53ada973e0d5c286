//! What is reported; histories are learned from everything all the same.

use super::Judged;
use crate::model::{At, Class, Confidence, Endpoint};
use crate::world::World;

/// The selection options; empty lists take everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// `--since`, inclusive.
    pub since: Option<At>,
    /// `--until`, inclusive.
    pub until: Option<At>,
    /// `--host`: equal, or ending in `.host`.
    pub hosts: Vec<String>,
    /// `--path`: beginning of the path, `*` as any run of characters.
    pub paths: Vec<String>,
    /// `--status`: `401` or `4xx`.
    pub statuses: Vec<String>,
    /// `--cause`: an id or a family.
    pub causes: Vec<String>,
    /// `--class`; empty: all but `ok`.
    pub classes: Vec<Class>,
    /// Least confidence.
    pub confidence: Option<Confidence>,
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
            && self.confidence.is_none()
            && (self.classes.is_empty() || self.classes.len() == Class::ALL.len())
    }

    /// Returns whether judged exchanges are reported.
    pub fn takes(&self, item: &Judged<'_>) -> bool {
        let at = item.timed.then_some(item.bucket.first);
        self.takes_place(&item.facts.endpoint)
            && self.takes_time(at)
            && self.takes_status(item.facts.status)
            && self.takes_verdict(item.judgement.class, Some(item.cause()))
    }

    /// Returns whether an endpoint is reported.
    pub fn takes_place(&self, endpoint: &Endpoint) -> bool {
        let host = endpoint.host.as_deref().unwrap_or_default();
        let bare = host.split(':').next().unwrap_or(host);
        let host_fits = |wanted: &String| {
            host.eq_ignore_ascii_case(wanted)
                || bare.eq_ignore_ascii_case(wanted)
                || bare.len().checked_sub(wanted.len() + 1).is_some_and(|n| {
                    bare.get(n..).is_some_and(|t| t.eq_ignore_ascii_case(&format!(".{wanted}")))
                })
        };
        (self.hosts.is_empty() || self.hosts.iter().any(host_fits))
            && (self.paths.is_empty() || self.paths.iter().any(|p| path_fits(p, &endpoint.path)))
    }

    /// Returns whether an instant is reported; without one, only when no time is asked for.
    pub fn takes_time(&self, at: Option<At>) -> bool {
        match at {
            Some(at) => self.since.is_none_or(|s| at >= s) && self.until.is_none_or(|u| at <= u),
            None => self.since.is_none() && self.until.is_none(),
        }
    }

    /// Returns whether a status is reported.
    pub fn takes_status(&self, status: Option<u16>) -> bool {
        self.statuses.is_empty()
            || status.is_some_and(|status| {
                let digits = status.to_string();
                self.statuses.iter().any(|wanted| {
                    wanted.len() == digits.len()
                        && wanted
                            .chars()
                            .zip(digits.chars())
                            .all(|(w, d)| w == d || w == 'x' || w == 'X')
                })
            })
    }

    /// Returns whether a verdict is reported.
    pub fn takes_verdict(&self, class: Class, cause: Option<&str>) -> bool {
        let class_fits = if self.classes.is_empty() {
            class != Class::Ok
        } else {
            self.classes.contains(&class)
        };
        let cause_fits = |wanted: &String| {
            cause.is_some_and(|c| {
                c == wanted || c.split('.').next().is_some_and(|family| family == wanted)
            })
        };
        class_fits && (self.causes.is_empty() || self.causes.iter().any(cause_fits))
    }

    /// Counts exchanges that were let in under the place and time asked for, as far as uses tell.
    pub(super) fn count_ok(&self, world: &World<'_>) -> u64 {
        if !self.causes.is_empty()
            || !(self.classes.is_empty() || self.classes.contains(&Class::Ok))
        {
            return 0;
        }
        if !self.statuses.is_empty() {
            return 0;
        }
        let uses = world.tally().uses.iter();
        uses.flat_map(|(_, usage)| usage.endpoints.iter())
            .filter(|(endpoint, _)| self.takes_place(endpoint))
            .flat_map(|(_, times)| times.buckets())
            .filter(|bucket| self.takes_time(Some(bucket.first)))
            .map(|bucket| bucket.count)
            .sum()
    }
}

fn path_fits(pattern: &str, path: &str) -> bool {
    if !pattern.contains('*') {
        return path.starts_with(pattern);
    }
    let mut rest = path;
    let mut parts = pattern.split('*');
    let Some(tail) = parts.next().and_then(|head| rest.strip_prefix(head)) else { return false };
    rest = tail;
    parts.all(|part| match rest.find(part) {
        Some(at) => {
            rest = rest.get(at + part.len()..).unwrap_or_default();
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_beginning_or_a_pattern() {
        assert!(path_fits("/v1", "/v1/me"));
        assert!(path_fits("/*/me", "/v1/me"));
        assert!(!path_fits("/v2*", "/v1/me"));
    }

    #[test]
    fn a_status_may_be_a_hundred() {
        let selection = Selection { statuses: vec!["4xx".into()], ..Selection::default() };
        assert!(selection.takes_status(Some(401)));
        assert!(!selection.takes_status(Some(500)));
    }
}
