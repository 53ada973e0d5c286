//! Marks and keys: what makes two exchanges, refusals or uses the same.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::quality::FixedState;

use super::visits::{agent_mark, spot_mark};
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
    Fingerprint::new(fast_key(&("line", group, at)))
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
    fn hash<H: Hasher>(&self, state: &mut H) {
        // SHA-256 is fast with all bytes at once, and facts are some hundred small pieces.
        let mut bytes = Bytes(Vec::with_capacity(1024));
        hash_answer(&self.0.answer, &mut bytes);
        hash_rest(self.0, &mut bytes);
        state.write(&bytes.0);
    }
}

fn hash_answer(answer: &Answer, state: &mut impl Hasher) {
    let Answer { outcome, statements, challenges, server_time: _, told: _, body_missing } = answer;
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
}

/// Hashes all facts, with an empty answer in place of theirs: as `Facts` would, without a copy of them.
fn hash_rest(facts: &Facts, state: &mut impl Hasher) {
    let Facts {
        source,
        client,
        observer,
        endpoint,
        status,
        grpc_status,
        credentials,
        visibility,
        answer: _,
        preflight,
        preflight_names,
        preflight_denial,
        cross_origin,
        cors_missing,
        insecure,
        cookies_sent,
        grant,
        signing,
        leg,
        answer_unseen,
        redirect,
        redirect_unseen,
        cookies_set,
        cookie_life,
        cookie_rules,
        cookies_cleared,
        from_cache,
        node,
        logout,
        new_password,
        format,
        after_exp,
        disagreement,
    } = facts;
    source.hash(state);
    client.hash(state);
    observer.hash(state);
    endpoint.hash(state);
    status.hash(state);
    grpc_status.hash(state);
    credentials.hash(state);
    visibility.hash(state);
    Answer::default().hash(state);
    preflight.hash(state);
    preflight_names.hash(state);
    preflight_denial.hash(state);
    cross_origin.hash(state);
    cors_missing.hash(state);
    insecure.hash(state);
    cookies_sent.hash(state);
    grant.hash(state);
    signing.hash(state);
    leg.hash(state);
    answer_unseen.hash(state);
    redirect.hash(state);
    redirect_unseen.hash(state);
    cookies_set.hash(state);
    cookie_life.hash(state);
    cookie_rules.hash(state);
    cookies_cleared.hash(state);
    from_cache.hash(state);
    node.hash(state);
    logout.hash(state);
    new_password.hash(state);
    format.hash(state);
    after_exp.hash(state);
    disagreement.hash(state);
}

/// Collects what is hashed.
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// A mark of what an exchange is, wherever it stands.
pub(super) fn content(record: &Record) -> u64 {
    let Record { origin, url, facts, .. } = record;
    let Facts { client, endpoint, status, .. } = facts;
    let who = Who {
        spot: spot_mark(None, client.ip.as_deref()),
        agent: agent_mark(client.user_agent.as_deref()),
    };
    let call = call_mark(endpoint.method.as_deref(), *status);
    content_of(origin.time.map(|t| t.at), url.as_bytes(), who, call)
}

/// Who sent a request, by marks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Who {
    /// Mark of the address alone.
    pub(super) spot: u64,
    /// Mark of the user agent.
    pub(super) agent: u64,
}

/// The same of its parts, of which many exchanges share some: each has its own mark.
pub(super) fn content_of(at: Option<At>, url: &[u8], who: Who, call: u64) -> u64 {
    let mut state = FixedState::with_seed(0x6c62_272e).build_hasher();
    state.write(url);
    state.write_i64(at.map_or(i64::MIN, |at| at.0));
    state.write_u64(who.spot);
    state.write_u64(who.agent);
    state.write_u64(call);
    state.finish()
}

/// Returns the mark of method and status.
pub fn call_mark(method: Option<&str>, status: Option<u16>) -> u64 {
    FixedState::with_seed(0x1f3d_5b79).hash_one((method, status))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use std::sync::Arc;

    use super::*;
    use crate::dialect::Catalogue;
    use crate::evidence::{Context, Source, gather};
    use crate::model::{Body, Exchange, Header, Text};

    /// The key by a copy of the facts whose answer is taken out.
    fn by_copy(facts: &Facts) -> u128 {
        struct Copied<'a>(&'a Facts);
        impl Hash for Copied<'_> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                hash_answer(&self.0.answer, state);
                let mut rest = self.0.clone();
                rest.answer = Arc::default();
                rest.hash(state);
            }
        }
        KeyHasher::key(&Copied(facts))
    }

    fn headers(fields: &[(&'static str, String)]) -> Vec<Header<'static>> {
        let of = |(name, value): &(&'static str, String)| Header {
            name: (*name).into(),
            value: value.clone().into(),
        };
        fields.iter().map(of).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_key_of_facts_is_that_of_a_copy_without_their_answer(
            method in prop::option::of("GET|POST|OPTIONS|HEAD"),
            path in "/(oauth/token|login|logout|v1/things/[0-9]{1,3})(\\?code=[a-z]{8,9}&state=x)?",
            status in prop::option::of(200_u16..520),
            scheme in "(Bearer|bearer |Basic|Digest|AWS4-HMAC-SHA256|)",
            word in "[a-zA-Z0-9.=\" ,]{0,40}",
            error in "(invalid_token|insufficient_scope|expired|)",
            (cookie, cached) in (any::<bool>(), any::<bool>()),
        ) {
            let mut asked = vec![
                ("Authorization", format!("{scheme} {word}")),
                ("Origin", "https://page.example".to_owned()),
            ];
            asked.extend(cookie.then(|| ("Cookie", format!("session={word}"))));
            let exchange = Exchange {
                method: method.map(Into::into),
                url: format!("https://api.example{path}").into(),
                status,
                from_cache: cached,
                request_headers: headers(&asked),
                response_headers: headers(&[
                    ("WWW-Authenticate", format!(r#"Bearer realm="a", error="{error}""#)),
                    ("Set-Cookie", "session=; Max-Age=0, sid=abc; Path=/a; Max-Age=60".to_owned()),
                    ("Location", format!("/login?error={error}")),
                ]),
                response_body: Body {
                    text: Text::Plain(format!(r#"{{"error":"{error}","expected":"{word}"}}"#).into()),
                    ..Body::default()
                },
                ..Exchange::default()
            };
            let mut context = Context::new(Catalogue::embedded(), Source::new("a.har", "har"));
            let facts = gather(&exchange, &mut context).facts;
            prop_assert_eq!(group_key(&facts), by_copy(&facts));
        }
    }
}
