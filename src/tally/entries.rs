//! What a tally keeps under its keys, and how two of the same key become one.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::said::Sayings;
use super::smallest::{Few, Merge, Smallest};
use super::standing::{Shift, Standing};
use super::times::Times;
use crate::model::{
    Answer, At, Client, Credential, Endpoint, Facts, Grant, Issued, KeyName, Observer, Origin,
    Position, Seldom, SkipRow, Token,
};

/// A value that is the same whoever brings it: the first of two equal ones stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slot<T>(pub Option<T>);

/// What one input was.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Format as detected.
    pub format: Option<String>,
    /// Exchanges by the format of their record.
    #[serde(default)]
    pub formats: BTreeMap<String, u64>,
    /// Program that wrote it.
    pub creator: Option<String>,
    /// Who recorded it.
    pub observer: Observer,
    /// Exchanges read.
    pub exchanges: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Cut off.
    pub truncated: bool,
    /// Named on the command line.
    pub named: bool,
    /// Records skipped, by reason.
    pub skipped: BTreeMap<String, SkipRow>,
    /// Records repaired, by kind.
    pub repaired: BTreeMap<String, SkipRow>,
    /// Why nothing could be read.
    pub error: Option<String>,
    /// Requests with a value in a field that carries credentials, or a cookie.
    pub with_credentials: u64,
    /// Answers that set a cookie.
    pub with_set_cookie: u64,
    /// Requests whose credentials are masked.
    pub with_redacted: u64,
    /// Requests of which no or not all fields are known.
    pub unseen_fields: u64,
    /// Refusals whose body is missing.
    pub bodies_missing: u64,
    /// Exchanges whose time had no zone.
    pub zone_assumed: u64,
    /// Exchanges whose time named no year.
    #[serde(default)]
    pub year_assumed: u64,
    /// Sum of the marks of all its exchanges, wrapping: equal for inputs that hold the same ones.
    #[serde(default)]
    pub content: u64,
}

/// One credential let in on one host for one client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Use {
    /// Who.
    pub client: Client,
    /// Where.
    pub host: Option<Arc<str>>,
    /// With what; always there once the use is counted.
    pub credential: Option<Arc<Credential>>,
    /// At a token or login endpoint, which takes other credentials than the API.
    pub at_issuer: bool,
    /// How often.
    pub count: u64,
    /// When, as far as times are known.
    pub times: Times<48>,
    /// At which endpoints.
    pub endpoints: Few<Endpoint, Times<8>, 48>,
    /// Which nodes answered.
    pub nodes: Smallest<String, 8>,
}

/// Exchanges of equal facts: a refusal, or a moment of a flow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// What they have in common; always there once the group is counted.
    pub facts: Option<Box<Facts>>,
    /// How many.
    pub count: u64,
    /// When.
    pub times: Times<256>,
    /// The smallest by time, source, position.
    pub examples: Smallest<Arc<Origin>, 3>,
    /// User names from a column, as pseudonyms.
    pub users: Seldom<Smallest<String, 16>>,
    /// What the servers said.
    pub said: Sayings,
    /// The tokens that they came with, where a limit may take them out of the table of tokens.
    #[serde(default)]
    pub(super) tokens: Seldom<Box<[Arc<Token>]>>,
}

/// Credentials handed out together, once or more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    /// To whom.
    pub client: Client,
    /// What.
    pub issued: Issued,
    /// For what.
    pub grant: Option<Grant>,
    /// By whom.
    pub endpoint: Endpoint,
    /// When.
    pub times: Times<16>,
    /// Issuer's clock minus the capture's, in tenths of a second; of a token that was handed out more
    /// than once the greatest, which is that of the first time.
    #[serde(default)]
    pub ahead: Option<i32>,
}

/// A public key that a host publishes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// Who publishes it.
    pub host: Option<Arc<str>>,
    /// Its name.
    pub key: KeyName,
    /// When it was seen in an answer.
    pub times: Times<16>,
}

/// One `DPoP` proof.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// The first of its uses.
    pub uses: Smallest<ProofUse, 16>,
}

/// One use of a `DPoP` proof.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct ProofUse {
    /// When.
    pub at: At,
    /// Let in, or refused.
    pub let_in: bool,
    /// Where.
    pub endpoint: Endpoint,
    /// By whom.
    pub client: Client,
}

/// How often one endpoint refused; endpoints that never did have none.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Door {
    /// Refused.
    pub refused: u64,
}

/// So many exchanges, as far as known with their times.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// How many.
    pub count: u64,
    /// When.
    pub times: Times<4096>,
}

impl Count {
    pub(super) fn note(&mut self, at: Option<At>) {
        self.count += 1;
        if let Some(at) = at {
            self.times.push(at);
        }
    }

    /// Takes out what is counted elsewhere.
    pub(super) fn remove<const LIMIT: usize>(&mut self, count: u64, times: &Times<LIMIT>) {
        self.count = self.count.saturating_sub(count);
        for bucket in times.buckets() {
            self.times.remove(bucket.first, bucket.count);
        }
    }
}

impl Group {
    /// Keeps the tokens that an exchange of these facts came with.
    pub(super) fn keep_tokens(&mut self, tokens: &[Arc<Token>]) {
        let marked = tokens.iter().filter(|token| token.fingerprint.is_some());
        let mut tokens: Vec<Arc<Token>> = marked.cloned().collect();
        tokens.sort_by_key(|token| token.fingerprint);
        tokens.dedup_by_key(|token| token.fingerprint);
        self.tokens = Box::<[_]>::from(tokens).into();
    }

    /// Returns the users in order.
    pub fn users(&self) -> impl Iterator<Item = &String> {
        self.users.seen().into_iter().flat_map(Smallest::iter)
    }

    pub(super) fn add(
        &mut self,
        answer: &Arc<Answer>,
        standing: &Standing<'_>,
        user: Option<&String>,
    ) {
        self.count += 1;
        let at = standing.time.map(|time| time.at);
        self.said.hear(answer, standing);
        if let Some(at) = at {
            self.times.push(at);
        }
        self.examples.push_made(&**standing, || standing.keep());
        if let Some(user) = user {
            self.users.grow().push_copy(user);
        }
    }

    /// Shifts all positions.
    pub(super) fn shift(&mut self, shift: &mut Shift<impl Fn(&mut Position)>) {
        self.examples.shift(|origin| shift.apply(origin));
        self.said.shift(shift);
    }

    /// Returns whether facts have other words than those that are kept.
    pub(super) fn says_otherwise(&self, facts: &Facts) -> bool {
        let Some(known) = self.facts.as_deref() else { return true };
        let (a, b) = (&known.answer, &facts.answer);
        if Arc::ptr_eq(a, b) {
            return false;
        }
        a.server_time != b.server_time
            || !a.statements.iter().map(|s| &s.text).eq(b.statements.iter().map(|s| &s.text))
            || !a.challenges.iter().map(|c| &c.params).eq(b.challenges.iter().map(|c| &c.params))
    }

    /// Takes the facts that sort first by their words, so that the shown text does not depend on order.
    pub fn adopt(&mut self, facts: Option<Box<Facts>>) {
        let words = |f: &Option<Box<Facts>>| {
            f.as_ref().map(|f| {
                let texts: Vec<_> = f.answer.statements.iter().map(|s| s.text.clone()).collect();
                let params: Vec<_> = f.answer.challenges.iter().map(|c| c.params.clone()).collect();
                (texts, params, f.answer.server_time)
            })
        };
        let other = facts.as_deref().is_some_and(|facts| self.says_otherwise(facts));
        if self.facts.is_none() || (other && words(&facts) < words(&self.facts)) {
            self.facts = facts;
        }
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Merge for Slot<T> {
    fn merge(&mut self, other: Self) {
        if self.0.is_none() {
            self.0 = other.0;
        }
    }
}

impl<const LIMIT: usize> Merge for Times<LIMIT> {
    fn merge(&mut self, other: Self) {
        Self::merge(self, &other);
    }
}

impl Merge for Count {
    fn merge(&mut self, other: Self) {
        self.count.merge(other.count);
        self.times.merge(&other.times);
    }
}

impl Merge for Use {
    fn merge(&mut self, other: Self) {
        if self.count == 0 {
            *self = other;
            return;
        }
        self.count.merge(other.count);
        self.times.merge(&other.times);
        self.endpoints.merge(other.endpoints);
        self.nodes.merge(other.nodes);
    }
}

impl Merge for Group {
    fn merge(&mut self, mut other: Self) {
        self.count.merge(other.count);
        self.times.merge(&other.times);
        self.examples.merge(other.examples);
        if other.users.seen().is_some() {
            self.users.grow().merge(other.users.take());
        }
        self.said.merge(other.said);
        self.adopt(other.facts);
        if self.tokens.seen().is_none() {
            self.tokens = other.tokens;
        }
    }
}

impl Merge for Issue {
    fn merge(&mut self, other: Self) {
        let mut times = std::mem::take(&mut self.times);
        times.merge(&other.times);
        let ahead = self.ahead.max(other.ahead);
        *self = Self { times, ahead, ..other };
    }
}

impl Merge for Door {
    fn merge(&mut self, other: Self) {
        self.refused.merge(other.refused);
    }
}

impl Merge for Proof {
    fn merge(&mut self, other: Self) {
        self.uses.merge(other.uses);
    }
}

impl Merge for Published {
    fn merge(&mut self, other: Self) {
        self.host = self.host.take().or(other.host);
        self.key = std::mem::take(&mut self.key).max(other.key);
        self.times.merge(&other.times);
    }
}

impl Merge for Input {
    fn merge(&mut self, other: Self) {
        self.format = std::mem::take(&mut self.format).max(other.format);
        for (format, count) in other.formats {
            self.formats.entry(format).or_default().merge(count);
        }
        self.creator = std::mem::take(&mut self.creator).max(other.creator);
        self.observer = self.observer.max(other.observer);
        self.exchanges.merge(other.exchanges);
        self.bytes.merge(other.bytes);
        self.truncated |= other.truncated;
        self.named |= other.named;
        merge_skips(&mut self.skipped, other.skipped);
        merge_skips(&mut self.repaired, other.repaired);
        self.error = std::mem::take(&mut self.error).max(other.error);
        self.with_credentials.merge(other.with_credentials);
        self.with_set_cookie.merge(other.with_set_cookie);
        self.with_redacted.merge(other.with_redacted);
        self.unseen_fields.merge(other.unseen_fields);
        self.bodies_missing.merge(other.bodies_missing);
        self.zone_assumed.merge(other.zone_assumed);
        self.year_assumed.merge(other.year_assumed);
        self.content = self.content.wrapping_add(other.content);
    }
}

fn merge_skips(mine: &mut BTreeMap<String, SkipRow>, other: BTreeMap<String, SkipRow>) {
    for (reason, row) in other {
        let slot = mine
            .entry(reason)
            .or_insert_with_key(|reason| SkipRow { reason: reason.clone(), ..SkipRow::default() });
        slot.count.merge(row.count);
        slot.first.extend(row.first);
        slot.first.sort();
        slot.first.truncate(3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_are_thousands_or_millions_of_fits_a_size_that_allocators_hand_out() {
        // Two counts beside what many share. One byte more takes the next size: 384, 224, 160.
        let counts = size_of::<[usize; 2]>();
        assert!(size_of::<Facts>() <= 320, "{}", size_of::<Facts>());
        assert!(counts + size_of::<Token>() <= 192, "{}", size_of::<Token>());
        assert!(counts + size_of::<Credential>() <= 128, "{}", size_of::<Credential>());
        assert!(size_of::<Group>() <= 96, "{}", size_of::<Group>());
    }
}
