//! Marks and keys: what makes two exchanges, refusals or uses the same.

use std::hash::{BuildHasher, Hash};

use foldhash::quality::FixedState;

use crate::model::{Answer, At, Endpoint, Facts, Fingerprint, KeyHasher, Outcome, Record, Seconds};

/// Returns the half of a key that the uses of a credential begin with.
pub(super) fn lead_of(mark: Fingerprint) -> u64 {
    FixedState::with_seed(0xcc9e_2d51).hash_one(mark)
}

/// Returns the key under which a record's facts are counted.
pub fn group_key(facts: &Facts) -> u128 {
    KeyHasher::key(&FactsKey(facts))
}

/// Returns the mark of refusals without a status, of equal facts and at one instant: lines of an error
/// log, which may belong to an exchange that stands elsewhere.
pub fn line_mark_of(group: u128, at: At) -> Fingerprint {
    Fingerprint(fast_key(&("line", group, at)))
}

/// Returns the mark of what was asked: method and last segment, as gateways may cut the beginning of a path.
pub fn ask_of(endpoint: &Endpoint) -> u64 {
    let last = endpoint.path.rsplit('/').next();
    FixedState::with_seed(0x1b87_3593).hash_one((&endpoint.method, last))
}

pub(super) fn line_mark(record: &Record, group: u128) -> Option<Fingerprint> {
    let facts = &record.facts;
    let fits = facts.status.is_none() && facts.client.capture.is_none();
    let time = record.origin.time.filter(|_| fits && facts.client.ip.is_some())?;
    Some(line_mark_of(group, time.at))
}

/// Facts without the exact words of the answer: messages that differ in ids and times are one group.
struct FactsKey<'a>(&'a Facts);

impl Hash for FactsKey<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let Facts { answer, .. } = self.0;
        let Answer { outcome, statements, challenges, server_time: _, told: _, body_missing } =
            answer;
        (outcome, body_missing, statements.len(), challenges.len()).hash(state);
        for statement in statements {
            (&statement.causes, statement.weight, &statement.place, &statement.dialect).hash(state);
            statement.expected.hash(state);
            if let Some(source) = &statement.seen_by {
                source.hash(state);
            }
        }
        for challenge in challenges {
            challenge.scheme.hash(state);
            for name in ["error", "realm", "scope", "stale"] {
                challenge.param(name).hash(state);
            }
        }
        let mut rest = Facts::clone(self.0);
        rest.answer = Answer::default();
        rest.hash(state);
    }
}

/// A mark of what an exchange is, wherever it stands.
pub(super) fn content(record: &Record) -> u64 {
    let Record { origin, url, facts, .. } = record;
    let Facts { client, endpoint, status, .. } = facts;
    let who = (client.ip.as_deref(), client.user_agent.as_deref(), *status);
    content_of(origin.time.map(|t| t.at), url, who, endpoint.method.as_deref())
}

/// The same of its parts; `who` is address, user agent and status.
pub(super) fn content_of(
    at: Option<At>,
    url: &str,
    who: (Option<&str>, Option<&str>, Option<u16>),
    method: Option<&str>,
) -> u64 {
    FixedState::with_seed(0x6c62_272e).hash_one((at, url, who, method))
}

pub(super) fn tenths(offset: Seconds) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
    let tenths = (offset.0 * 10.0).round() as i32;
    tenths
}

/// Whether an exchange is kept with its facts: a refusal, or a moment that explains others.
pub(super) fn is_notable(facts: &Facts) -> bool {
    facts.answer.outcome.is_refused()
        || facts.preflight
        || facts.grant.is_some()
        || facts.logout
        || facts.new_password
        || facts.leg.is_some()
        || facts.redirect.is_some()
        || (facts.redirect_unseen && !facts.credentials.is_empty())
        || !facts.cookies_set.is_empty()
        || !facts.cookies_cleared.is_empty()
        || !facts.answer.statements.is_empty()
        || facts.is_odd_bad_request()
        // Whether a browser sent what its preflight asked for shows in any answer.
        || (facts.cross_origin
            && matches!(facts.answer.outcome, Outcome::Unanswered | Outcome::Neutral))
}

/// A 128-bit key by a fast hash with fixed seeds: the same on every machine that runs this version.
pub(super) fn fast_key(value: &impl Hash) -> u128 {
    let [high, low] =
        [0x5bd1_e995_u64, 0x9e37_79b9].map(|s| FixedState::with_seed(s).hash_one(value));
    u128::from(high) << 64 | u128::from(low)
}
