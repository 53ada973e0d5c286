//! Every group of equal facts, judged at every instant that is known of it.

use rayon::prelude::*;

use super::line::ClientId;
use crate::causes::{self, Case};
use crate::model::{
    At, CauseId, Class, Confidence, Evidence, Facts, Fingerprint, Judgement, Kind, Token,
};
use crate::tally::{Bucket, Group};
use crate::world::{Known, World, mark_of};

/// Groups that are judged together.
const NEAR: usize = 64;

/// Exchanges of equal facts at one instant (or in one bucket) with their verdict.
#[derive(Clone, Debug)]
pub struct Judged<'t> {
    /// Its group, with what is known of it.
    of: &'t Known<'t>,
    /// When and how many.
    pub bucket: Bucket,
    /// Whether `bucket` holds times; false for exchanges without one.
    pub timed: bool,
    /// Id of the client.
    pub client_id: ClientId,
    /// What happened to it.
    pub class: Class,
    /// The root cause and how sure it is. What speaks for it is told anew of the few that are shown: that
    /// of all would be most of what a report is made of.
    pub root: Option<(CauseId, Confidence)>,
    /// Other defects seen, strongest first.
    pub also: Box<[CauseId]>,
    /// Whether the credential itself names the user.
    pub is_named: bool,
    /// Whether a log's column names several users for these refusals.
    pub several: bool,
}

/// Judges all groups; what turned out to be `ok` is left out. Ordered by time, then by facts.
pub fn judge_all<'t>(world: &'t World<'_>) -> Vec<Judged<'t>> {
    let near = || world.groups().chunks(NEAR);
    let places = |near: &[Known<'_>]| near.iter().map(|known| instants(known.group)).sum();
    // Each has its place from the start: lists of pieces would lie in memory beside the list of all.
    let mut all: Vec<Option<Judged<'_>>> = Vec::new();
    all.resize_with(near().map(places).sum(), || None);
    let mut rest = all.as_mut_slice();
    let mut pieces = Vec::with_capacity(near().len());
    for near in near() {
        let Some((own, others)) = rest.split_at_mut_checked(places(near)) else { break };
        rest = others;
        pieces.push((near, own));
    }
    pieces.into_par_iter().for_each(|(near, places)| judge_near(world, near, places));
    in_order(all.into_iter().flatten().collect())
}

/// Returns at how many instants a group is judged; those without a time are one.
fn instants(group: &Group) -> usize {
    group.times.buckets().len() + usize::from(group.count > group.times.count())
}

/// Sorts by time, endpoint and client; what is equal stays as it came. Only times are moved about while
/// that is done, and most differ.
fn in_order(mut all: Vec<Judged<'_>>) -> Vec<Judged<'_>> {
    let rest = |at: usize| all.get(at).map(|j| (&j.facts().endpoint, &j.facts().client));
    let times = all.iter().map(|j| (!j.timed, j.bucket.first));
    let mut order: Vec<((bool, At), usize)> = times.zip(0..).collect();
    order.par_sort_unstable_by(|(a, m), (b, n)| {
        a.cmp(b).then_with(|| rest(*m).cmp(&rest(*n))).then(m.cmp(n))
    });
    arrange(&mut all, order.into_iter().map(|(_, at)| at).collect());
    all
}

/// Puts at each place what stands at the place that `order` names for it; `order` names each once.
fn arrange<T>(all: &mut [T], mut order: Vec<usize>) {
    for start in 0..order.len() {
        let mut place = start;
        while let Some(from) = order.get_mut(place).map(|from| std::mem::replace(from, place))
            && from != start
            && from != place
        {
            all.swap(place, from);
            place = from;
        }
    }
}

/// Judges the refusals of a few groups at each of their instants, of which each has a place.
///
/// What a group is judged by lies far apart in memory: of several it is looked up together, so that they
/// wait for it at the same time.
fn judge_near<'t>(world: &World<'_>, near: &'t [Known<'t>], places: &mut [Option<Judged<'t>>]) {
    let asked: Vec<Asked<'_>> = near.iter().map(Asked::of).collect();
    let mut places = places.iter_mut();
    for one in &asked {
        one.judge(world, &mut places);
    }
}

/// A group with what all of its judgements share.
struct Asked<'t> {
    of: &'t Known<'t>,
    client_id: ClientId,
    is_named: bool,
}

impl<'t> Asked<'t> {
    fn of(known: &'t Known<'t>) -> Self {
        let Known { facts, token, .. } = *known;
        let is_named = token.is_some_and(|t| t.sub.is_some())
            || facts.credentials.first().is_some_and(|c| c.user.is_some());
        Self { of: known, client_id: ClientId::of(&facts.client), is_named }
    }

    fn judge<'p>(
        &self,
        world: &World<'_>,
        places: &mut impl Iterator<Item = &'p mut Option<Judged<'t>>>,
    ) where
        't: 'p,
    {
        let Self { of, client_id, is_named } = *self;
        let Known { group, facts, .. } = *of;
        let several = !is_named && group.users().nth(1).is_some();
        let mut push = |bucket: Bucket, timed: bool| {
            let case = Case::of(facts, timed.then_some(bucket.first), world).untold();
            let Judgement { class, root, also, .. } = causes::judge(&case);
            if let Some(free) = places.next()
                && class != Class::Ok
            {
                let root = root.map(|root| (root.cause, root.confidence));
                let also = also.into_iter().map(|other| other.cause).collect();
                let judged =
                    Judged { of, bucket, timed, client_id, class, root, also, is_named, several };
                *free = Some(judged);
            }
        };
        for bucket in group.times.buckets() {
            push(bucket, true);
        }
        let untimed = group.count.saturating_sub(group.times.count());
        if untimed > 0 {
            push(Bucket { first: At(0), last: At(0), count: untimed }, false);
        }
    }
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

impl<'t> Judged<'t> {
    /// Returns the group.
    pub const fn group(&self) -> &'t Group {
        self.of.group
    }

    /// Returns its facts.
    pub const fn facts(&self) -> &'t Facts {
        self.of.facts
    }

    /// Returns the number of the endpoint; equal numbers are equal endpoints.
    pub const fn place(&self) -> u32 {
        self.of.place
    }

    /// Returns the number of the client; equal numbers are equal clients. `None` where nothing is known of
    /// it: a log without addresses tells nobody apart.
    pub fn client(&self) -> Option<u32> {
        super::affected::is_known(&self.facts().client).then_some(self.of.client)
    }

    /// Returns the mark of the judged token.
    pub fn token(&self) -> Option<Fingerprint> {
        self.facts().credentials.first().and_then(mark_of)
    }

    /// Returns the kind of the judged credential.
    pub fn kind(&self) -> Option<Kind> {
        self.facts().credentials.first().map(|credential| credential.kind)
    }

    /// Returns the judged token's own facts.
    pub const fn decoded(&self) -> Option<&'t Token> {
        self.of.token
    }

    /// Returns the id of the root cause.
    pub fn cause(&self) -> &str {
        self.cause_id().as_str()
    }

    /// Returns the same to be kept.
    pub(super) fn cause_id(&self) -> &CauseId {
        const UNKNOWN: &CauseId = &CauseId::of("unknown");
        self.root.as_ref().map_or(UNKNOWN, |(cause, _)| cause)
    }

    /// Returns how sure the root cause is.
    pub(super) fn confidence(&self) -> Option<Confidence> {
        self.root.as_ref().map(|(_, confidence)| *confidence)
    }

    /// Returns what speaks for the root cause, and whether the server's word and that agree: `agrees`,
    /// `contradicts`, `silent`.
    pub(super) fn evidence(&self, world: &World<'_>) -> (Vec<Evidence>, &'static str) {
        let case = Case::of(self.facts(), self.timed.then_some(self.bucket.first), world);
        let Judgement { root, agrees, .. } = causes::judge(&case);
        (root.map(|root| root.evidence).unwrap_or_default(), agrees)
    }

    /// Returns the mark of the judged token, but for sessions, which no list of tokens counts.
    pub(super) fn sent(&self) -> Option<Fingerprint> {
        self.token().filter(|_| self.kind() != Some(Kind::Session))
    }

    /// Returns the value under a key of `--group-by`; `-` where there is none.
    pub fn value_of(&self, key: GroupKey) -> String {
        let value = match key {
            GroupKey::Cause => Some(self.cause().to_owned()),
            GroupKey::Endpoint => Some(self.facts().endpoint.to_string()),
            GroupKey::Host => self.facts().endpoint.host.as_deref().map(str::to_owned),
            GroupKey::Client => Some(self.client_id.to_string()),
            GroupKey::User => self.user(),
            GroupKey::Token => self
                .token()
                .filter(|_| self.kind() != Some(Kind::Basic))
                .map(|mark| mark.to_string()),
            GroupKey::Issuer => self.decoded().and_then(|t| t.iss.clone()),
            GroupKey::Kid => self.decoded().and_then(|t| t.kid.clone()),
        };
        value.unwrap_or_else(|| "-".to_owned())
    }

    /// Returns the user; the users of a log's column are known as a set, so of several it is not known
    /// whose refusals these were.
    fn user(&self) -> Option<String> {
        if self.several { Some("(several)".to_owned()) } else { self.name().map(str::to_owned) }
    }

    /// Returns the pseudonym of the user: subject of the token, else the name in the credential, else the
    /// first of the column.
    fn name(&self) -> Option<&'t str> {
        let Known { group, facts, token: decoded, .. } = *self.of;
        decoded
            .and_then(|t| t.sub.as_deref())
            .or_else(|| facts.credentials.first().and_then(|c| c.user.as_deref()))
            .or_else(|| group.users().next().map(String::as_str))
    }

    /// Returns who these may have been: the user, or all of a log's column for equal refusals.
    pub(super) fn users(&self) -> impl Iterator<Item = &'t str> {
        let named = if self.is_named { self.name() } else { None };
        let column = (!self.is_named).then(|| self.group().users()).into_iter().flatten();
        named.into_iter().chain(column.map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_judgement_is_small_as_there_is_one_for_each_instant_of_refusals() {
        assert!(size_of::<Option<Judged<'_>>>() <= 88, "{}", size_of::<Judged<'_>>());
    }

    proptest! {
        #[test]
        fn all_are_arranged_as_if_they_were_sorted(keys in prop::collection::vec(0u8..9, 0..40)) {
            let mut order: Vec<usize> = (0..keys.len()).collect();
            order.sort_by_key(|at| keys[*at]);
            let mut all: Vec<(u8, usize)> = keys.iter().copied().zip(0..).collect();
            let mut sorted = all.clone();
            sorted.sort_by_key(|(key, _)| *key);
            arrange(&mut all, order);
            prop_assert_eq!(all, sorted);
        }
    }
}
