//! Every group of equal facts, judged at every instant that is known of it.

use rayon::prelude::*;

use super::line::ClientId;
use crate::causes::{self, Case};
use crate::model::{At, Class, Facts, Fingerprint, Judgement, Kind};
use crate::tally::{Bucket, Group};
use crate::world::{Known, World, mark_of};

/// Exchanges of equal facts at one instant (or in one bucket) with their verdict.
#[derive(Clone, Debug)]
pub struct Judged<'t> {
    /// The group.
    pub group: &'t Group,
    /// Its facts.
    pub facts: &'t Facts,
    /// When and how many.
    pub bucket: Bucket,
    /// Whether `bucket` holds times; false for exchanges without one.
    pub timed: bool,
    /// Number of the endpoint; equal numbers are equal endpoints.
    pub place: u32,
    /// Number of the client; equal numbers are equal clients. `None` where nothing is known of it: a log
    /// without addresses tells nobody apart.
    pub client: Option<u32>,
    /// Id of the client.
    pub client_id: ClientId,
    /// The verdict.
    pub judgement: Judgement,
    /// Mark of the judged token.
    pub token: Option<Fingerprint>,
    /// The same, but for sessions, which no list of tokens counts.
    pub sent: Option<Fingerprint>,
    /// The judged token's own facts.
    pub decoded: Option<&'t crate::model::Token>,
    /// Pseudonym of the user: subject of the token, else the column's only name.
    pub user: Option<String>,
    /// Whether the credential itself names the user.
    pub is_named: bool,
    /// Whether a log's column names several users for these refusals.
    pub several: bool,
}

/// Judges all groups; what turned out to be `ok` is left out. Ordered by time, then by facts.
pub fn judge_all<'t>(world: &World<'t>) -> Vec<Judged<'t>> {
    // Each by itself, in the order of the table.
    let groups = world.groups().par_iter();
    let mut all: Vec<Judged<'t>> =
        groups.flat_map_iter(|known| judge_group(world, known)).collect();
    all.par_sort_by(|a, b| {
        (!a.timed, a.bucket.first, &a.facts.endpoint, &a.facts.client).cmp(&(
            !b.timed,
            b.bucket.first,
            &b.facts.endpoint,
            &b.facts.client,
        ))
    });
    all
}

/// Judges the refusals of a group at each of its instants.
fn judge_group<'t>(world: &World<'t>, known: &Known<'t>) -> Vec<Judged<'t>> {
    let mut all = Vec::new();
    let Known { group, facts, place, .. } = *known;
    let token = facts.credentials.first().and_then(mark_of);
    let decoded = token.and_then(|mark| world.token(mark));
    let user = decoded
        .and_then(|t| t.sub.clone())
        .or_else(|| facts.credentials.first().and_then(|c| c.user.clone()))
        .or_else(|| group.users.iter().next().cloned());
    let is_client_known = super::affected::is_known(&facts.client);
    let client = is_client_known.then_some(known.client);
    let client_id = ClientId::of(&facts.client);
    let is_named = decoded.is_some_and(|t| t.sub.is_some())
        || facts.credentials.first().is_some_and(|c| c.user.is_some());
    let several = !is_named && group.users.iter().nth(1).is_some();
    let sent = token.filter(|_| facts.credentials.first().map(|c| c.kind) != Some(Kind::Session));
    let mut push = |bucket: Bucket, timed: bool| {
        let case = Case { facts, at: timed.then_some(bucket.first), world };
        let judgement = causes::judge(&case);
        if judgement.class != Class::Ok {
            let user = user.clone();
            all.push(Judged {
                group,
                facts,
                bucket,
                timed,
                place,
                client,
                client_id,
                judgement,
                token,
                sent,
                decoded,
                user,
                is_named,
                several,
            });
        }
    };
    for bucket in group.times.buckets() {
        push(*bucket, true);
    }
    let untimed = group.count.saturating_sub(group.times.count());
    if untimed > 0 {
        push(Bucket { first: At(0), last: At(0), count: untimed }, false);
    }
    all
}

/// A key of `--group-by`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GroupKey {
    /// Root cause.
    Cause,
    /// Method, host and templated path.
    Endpoint,
    /// Host.
    Host,
    /// Issuer of the judged token.
    Issuer,
    /// Who sent it.
    Client,
    /// Mark of the judged token.
    Token,
    /// User, as stand-in.
    User,
    /// Key id of the judged token.
    Kid,
}

impl GroupKey {
    /// All keys in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Cause,
        Self::Endpoint,
        Self::Host,
        Self::Issuer,
        Self::Client,
        Self::Token,
        Self::User,
        Self::Kid,
    ];

    /// Returns the name used on the command line and in outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cause => "cause",
            Self::Endpoint => "endpoint",
            Self::Host => "host",
            Self::Issuer => "issuer",
            Self::Client => "client",
            Self::Token => "token",
            Self::User => "user",
            Self::Kid => "kid",
        }
    }
}

impl Judged<'_> {
    /// Returns the id of the root cause.
    pub fn cause(&self) -> &str {
        self.judgement.root.as_ref().map_or("unknown", |f| f.cause.as_str())
    }

    /// Returns the value under a key of `--group-by`; `-` where there is none.
    pub fn value_of(&self, key: GroupKey) -> String {
        let credential = self.facts.credentials.first();
        let value = match key {
            GroupKey::Cause => Some(self.cause().to_owned()),
            GroupKey::Endpoint => Some(self.facts.endpoint.to_string()),
            GroupKey::Host => self.facts.endpoint.host.as_deref().map(str::to_owned),
            GroupKey::Client => Some(self.client_id.to_string()),
            GroupKey::User => self.user(),
            GroupKey::Token => {
                let shown = credential.is_some_and(|c| c.kind != Kind::Basic);
                self.token.filter(|_| shown).map(|mark| mark.to_string())
            }
            GroupKey::Issuer => self.decoded.and_then(|t| t.iss.clone()),
            GroupKey::Kid => self.decoded.and_then(|t| t.kid.clone()),
        };
        value.unwrap_or_else(|| "-".to_owned())
    }

    /// Returns the user; the users of a log's column are known as a set, so of several it is not known
    /// whose refusals these were.
    fn user(&self) -> Option<String> {
        if self.several { Some("(several)".to_owned()) } else { self.user.clone() }
    }

    /// Returns who these may have been: the user, or all of a log's column for equal refusals.
    pub(super) fn users(&self) -> impl Iterator<Item = &String> {
        let named = self.is_named;
        let column = self.group.users.iter().filter(move |_| !named);
        self.user.iter().filter(move |_| named).chain(column)
    }
}
