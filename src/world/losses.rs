//! Inputs that lost their credentials on the way, without a mark where they stood: a browser's export that
//! leaves them out, a logger told to remove the field, a script before the capture was shared.
//!
//! That no request shows a credential is no proof that none was sent. Requests that look alike and are
//! answered differently are: what tells them apart is not in the capture.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::{Known, could_show};
use crate::model::{At, CauseId, Endpoint, Evidence, Facts, Outcome, Sign, Weight};
use crate::tally::{Input, Tally};

/// Families of causes that can only be said of a credential that came.
const OF_CREDENTIALS: [&str; 4] = ["claim", "signature", "time", "token"];

/// Sources whose credentials are gone, with how that is known.
pub(super) type Losses = BTreeMap<Arc<str>, Loss>;

/// How it is known that an input lost its credentials.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Loss {
    /// Chrome wrote it, and nowhere is a trace of the fields that it drops.
    Chrome,
    /// What a host said of two requests that show nothing, each its own: of one, at least, a credential.
    Told(String, String),
    /// An endpoint that let in and refused requests that show nothing.
    Parted(String),
}

impl Loss {
    /// Says so.
    pub fn evidence(&self) -> Evidence {
        match self {
            Self::Chrome => Evidence::new(
                "a Chrome export that drops Authorization and Cookie by default",
                "capture",
            ),
            Self::Told(one, other) => Evidence::new(
                format!(
                    "no request of this input shows `Authorization` or a cookie, and the server tells \
                     them apart: it says `{one}` of one and `{other}` of another"
                ),
                "history",
            ),
            Self::Parted(endpoint) => Evidence::new(
                format!(
                    "no request of this input shows `Authorization` or a cookie, and {endpoint} lets \
                     some in and refuses others"
                ),
                "history",
            ),
        }
    }

    /// Says what cannot be seen in such an input.
    pub const fn unseen(&self) -> &'static str {
        match self {
            Self::Chrome => {
                "Authorization and cookies: a Chrome export drops them unless \"with sensitive data\" is chosen"
            }
            Self::Told(..) | Self::Parted(_) => {
                "credentials: none is shown, and requests that look alike are answered differently"
            }
        }
    }
}

/// Whether Chrome's export without sensitive data is likely.
fn is_chrome_export(input: &Input) -> bool {
    input.creator.as_deref().is_some_and(|creator| creator.starts_with("WebInspector"))
        && shows_none(input)
}

/// Finds the inputs that lost their credentials.
pub(super) fn find(tally: &Tally, groups: &[Known<'_>]) -> Losses {
    let bare = tally.inputs.iter().filter(|(_, input)| shows_none(input));
    let bare: BTreeMap<&Arc<str>, &Input> = bare.collect();
    let mut losses = Losses::new();
    if bare.is_empty() {
        return losses;
    }
    // A host that is seen to let in an API key, say, may miss one.
    let uses = tally.uses.iter().filter(|(_, usage)| !usage.at_issuer);
    let shown: HashSet<&Arc<str>> = uses.filter_map(|(_, usage)| usage.host.as_ref()).collect();
    let refusals = groups.iter().filter(|Known { facts, .. }| {
        let host = facts.endpoint.host.as_ref();
        bare.contains_key(&facts.source)
            && is_bare_refusal(facts)
            && !host.is_some_and(|host| shown.contains(host))
    });
    let refusals: Vec<&Known<'_>> = refusals.collect();
    let mut parted = parted(tally, &refusals);
    parted.sort_unstable();
    parted.dedup_by_key(|(source, _)| *source);
    for (source, endpoint) in parted {
        add(&mut losses, source, Loss::Parted(endpoint.to_string()));
    }
    for (source, [one, other]) in told_apart(&refusals) {
        add(&mut losses, source, Loss::Told(one.to_owned(), other.to_owned()));
    }
    for (source, _) in bare.into_iter().filter(|(_, input)| is_chrome_export(input)) {
        losses.insert(Arc::clone(source), Loss::Chrome);
    }
    losses
}

/// Returns endpoints that let in a request without a credential after they had refused one, with the sources
/// of the refusals. A host that began to ask for a credential refuses all that came later; and who posts may
/// be logging in.
fn parted<'k>(tally: &Tally, refusals: &[&Known<'k>]) -> Vec<(&'k Arc<str>, &'k Endpoint)> {
    // Where fields were not recorded, what was let in may have come with a credential.
    if tally.inputs.iter().any(|(_, input)| input.unseen_fields > 0) {
        return Vec::new();
    }
    let asked = |facts: &Facts| {
        facts.answer.outcome == Outcome::Refused(Sign::Unauthorized)
            && facts.endpoint.method.as_deref().is_some_and(|method| method != "POST")
    };
    let asked = || refusals.iter().filter(|known| asked(known.facts));
    let mut first: HashMap<&Endpoint, At, FixedState> = HashMap::default();
    for Known { group, facts, .. } in asked() {
        if let Some(at) = group.times.first() {
            let seen = first.entry(&facts.endpoint).or_insert(at);
            *seen = (*seen).min(at);
        }
    }
    if first.is_empty() {
        return Vec::new();
    }
    let reopened = tally.visits.places().filter(|(endpoint, times)| {
        first.get(endpoint).zip(times.last()).is_some_and(|(refused, let_in)| let_in > *refused)
    });
    let reopened: HashSet<&Endpoint, FixedState> = reopened.map(|(endpoint, _)| endpoint).collect();
    let there = asked().map(|known| (&known.facts.source, &known.facts.endpoint));
    there.filter(|(_, endpoint)| reopened.contains(endpoint)).collect()
}

/// Returns what a host said of two requests, each its own, with their source.
fn told_apart<'k>(refusals: &[&Known<'k>]) -> Vec<(&'k Arc<str>, [&'k str; 2])> {
    // The words by their causes, of each host.
    type Told<'k> = BTreeMap<&'k CauseId, &'k str>;
    let mut told: BTreeMap<(&Arc<str>, Option<&str>), Told<'k>> = BTreeMap::new();
    for Known { facts, .. } in refusals {
        if let Some((cause, words)) = what_was_said(facts) {
            let of_host = told.entry((&facts.source, facts.endpoint.host.as_deref())).or_default();
            let known = of_host.entry(cause).or_insert(words);
            *known = (*known).min(words);
        }
    }
    let pairs = told.into_iter().filter_map(|((source, _), said)| {
        let (of_credential, one) = said.iter().find(|(cause, _)| is_of_credential(cause))?;
        let (_, other) = said.iter().find(|(cause, _)| cause != &of_credential)?;
        Some((source, [*one, *other]))
    });
    pairs.collect()
}

/// Keeps the first in the order of all, so that no order of reading shows.
fn add(losses: &mut Losses, source: &Arc<str>, loss: Loss) {
    match losses.get_mut(source) {
        Some(known) => *known = loss.min(known.clone()),
        None => drop(losses.insert(Arc::clone(source), loss)),
    }
}

/// Whether an input shows no trace of the fields that carry credentials.
fn shows_none(input: &Input) -> bool {
    input.with_credentials == 0 && input.with_set_cookie == 0
}

/// Whether a request was refused whose fields are known and show nothing that tells who asks.
fn is_bare_refusal(facts: &Facts) -> bool {
    facts.credentials.is_empty()
        && facts.grant.is_none()
        && !facts.preflight
        && could_show(facts)
        && facts.answer.outcome.is_refused()
}

/// Returns what an answer says of auth that is more than a status or a vague word, by its cause.
fn what_was_said(facts: &Facts) -> Option<(&CauseId, &str)> {
    let said = facts.answer.statements.iter().find(|said| said.weight > Weight::Vague)?;
    let cause = said.causes.first()?;
    (!matches!(cause.family(), "other" | "cors")).then_some((cause, &*said.text))
}

fn is_of_credential(cause: &CauseId) -> bool {
    OF_CREDENTIALS.contains(&cause.family())
}
