//! What a host was proven to accept: tokens let in on endpoints that refused others.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::gist::Ground;
use crate::model::{
    At, Credential, Fingerprint, Make, Names, NearMiss, Oddity, Place, Scheme, Seconds, Token,
    Unit, Use as Purpose, Verdict,
};
use crate::tally::{Times, Use};

/// Values that one host accepted, each with its first and last instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// Issuers.
    pub issuers: Learned,
    /// Audiences.
    pub audiences: Learned,
    /// Whether `aud` was an array (`list`) or a string (`text`).
    pub audience_forms: Learned,
    /// Algorithms.
    pub algorithms: Learned,
    /// Key ids.
    pub kids: Learned,
    /// Schemes.
    pub schemes: Learned,
    /// Field names and other places.
    pub places: Learned,
    /// Purposes of tokens (`access`, `id`, `refresh`).
    pub purposes: Learned,
    /// Kinds (`jwt`, `opaque`).
    pub kinds: Learned,
    /// Keys that verify accepted tokens, of those that are known.
    pub proofs: Learned,
    /// Ways in which accepted tokens verify with the known keys, other than their headers say.
    pub misses: Vec<NearMiss>,
    /// Accepted tokens do not verify with any known key: the host uses others.
    pub unproven: bool,
    /// Claims that every accepted token had.
    pub claims: Option<Names>,
    /// Scopes that were accepted.
    pub scopes: Learned,
    /// Oddities of form that were accepted, by their shape.
    pub oddities: Learned,
    /// Faults of tokens that were accepted, by their shape.
    pub faults: Learned,
    /// Tokens by issuer, key id and algorithm: the two that were accepted last, with the instant.
    pub keys: BTreeMap<SigningKey, Vec<(At, Fingerprint)>>,
    /// Units other than seconds in `nbf` or `iat` that were accepted.
    pub units: Vec<Unit>,
    /// Tokens without `exp` were accepted.
    pub without_exp: bool,
    /// Distinct tokens that were accepted.
    pub tokens: u64,
    /// The latest acceptance after `exp`, by the host's clock; `None` when there was none.
    pub latest_after_exp: Option<Seconds>,
    /// The earliest acceptance before `nbf` or `iat`, as a positive span; `None` when there was none.
    pub earliest_before_nbf: Option<Seconds>,
}

/// Issuer, key id and algorithm of a token: what names the key that signed it.
pub type SigningKey = (Option<String>, Option<String>, Option<String>);

/// Values with the instants at which they were first and last accepted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Learned(pub BTreeMap<String, (Option<At>, Option<At>)>);

impl Learned {
    fn note(&mut self, value: impl AsRef<str>, first: Option<At>, last: Option<At>) {
        let value = value.as_ref();
        let Some(slot) = self.0.get_mut(value) else {
            self.0.insert(value.to_owned(), (first, last));
            return;
        };
        slot.0 = earlier(slot.0, first);
        slot.1 = slot.1.max(last);
    }

    fn merge(&mut self, other: Self) {
        for (value, (first, last)) in other.0 {
            self.note(value, first, last);
        }
    }

    /// Returns whether the value was accepted.
    pub fn has(&self, value: &str) -> bool {
        self.0.contains_key(value)
    }

    /// Returns whether nothing was learned.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the only value, if there is exactly one.
    pub fn only(&self) -> Option<&str> {
        (self.0.len() == 1).then(|| self.0.keys().next().map(String::as_str)).flatten()
    }

    /// Returns the values, at most `most`, joined by commas.
    pub fn list(&self, most: usize) -> String {
        let shown: Vec<_> = self.0.keys().take(most).map(|v| format!("`{v}`")).collect();
        let rest = self.0.len().saturating_sub(shown.len());
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        shown.join(", ") + &more
    }
}

/// Returns the shape of an oddity, without the text that was sent.
pub fn oddity_shape(oddity: &Oddity) -> String {
    match oddity {
        Oddity::Misspelt(name) => format!("misspelt {}", name.to_ascii_lowercase()),
        Oddity::SchemeCase(word) => format!("scheme case {word}"),
        Oddity::SchemeMisspelt(word) => format!("scheme {}", word.to_ascii_lowercase()),
        Oddity::Placeholder(_) => "placeholder".into(),
        Oddity::SeveralBlanks(_) => "several blanks".into(),
        Oddity::Duplicate(_) => "duplicate".into(),
        Oddity::Large(_) => "large".into(),
        Oddity::Mask(_) => "mask".into(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Returns whether `aud` is written as an array or as a string.
pub fn audience_form(token: &Token) -> &'static str {
    form_of_audience(&token.make)
}

const fn form_of_audience(make: &Make) -> &'static str {
    if make.aud_is_list { "list" } else { "text" }
}

/// The profiles of all hosts that some of the uses teach.
#[derive(Debug, Default)]
pub(super) struct Profiles<'t> {
    of: BTreeMap<Arc<str>, (Profile, Makes<'t>)>,
    /// Nearly all credentials travel at one place, whose name is made once.
    place: Option<(Place, String)>,
}

/// The makes of tokens that one host accepted, in the order in which they were met: thousands of tokens
/// share one, whose names are then looked at once.
#[derive(Debug, Default)]
struct Makes<'t> {
    all: Vec<Accepted<'t>>,
    /// The places in `all`, by where the makes lie.
    places: HashMap<usize, usize, FixedState>,
}

/// A make of which tokens were accepted.
#[derive(Debug)]
struct Accepted<'t> {
    make: &'t Make,
    first: Option<At>,
    last: Option<At>,
    /// The tokens that were accepted last, see [`Profile::keys`].
    latest: Vec<(At, Fingerprint)>,
    /// Tokens without `exp` were accepted.
    without_exp: bool,
}

impl<'t> Makes<'t> {
    fn slot(&mut self, make: &'t Make) -> Option<&mut Accepted<'t>> {
        let place = self.places.entry(std::ptr::from_ref(make).addr()).or_insert_with(|| {
            let (first, last, latest, without_exp) = (None, None, Vec::new(), false);
            self.all.push(Accepted { make, first, last, latest, without_exp });
            self.all.len() - 1
        });
        self.all.get_mut(*place)
    }

    fn merge(&mut self, later: Self) {
        for Accepted { make, first, last, latest, without_exp } in later.all {
            let Some(known) = self.slot(make) else { continue };
            known.first = earlier(known.first, first);
            known.last = known.last.max(last);
            for new in latest {
                keep_latest(&mut known.latest, new);
            }
            known.without_exp |= without_exp;
        }
    }
}

impl<'t> Profiles<'t> {
    /// Adds what a use teaches that was let in at these times where others were refused.
    pub(super) fn note(
        &mut self,
        ground: &Ground<'_, 't>,
        usage: &'t Use,
        token: Option<&'t Token>,
        guarded: impl Iterator<Item = &'t Times<8>>,
    ) {
        let (Some(host), Some(credential)) = (&usage.host, &usage.credential) else { return };
        if usage.at_issuer {
            return;
        }
        let (mut first, mut last, mut proven) = (None, None, false);
        for times in guarded {
            proven = true;
            first = earlier(first, times.first());
            last = std::cmp::max(last, times.last());
        }
        if !proven {
            return;
        }
        // The host is shared by nearly all; it is not cloned to be looked up.
        let (profile, makes) = match self.of.get_mut(host) {
            Some(known) => known,
            None => self.of.entry(Arc::clone(host)).or_default(),
        };
        let known = self.place.take().filter(|(place, _)| *place == credential.place);
        let named = || (credential.place.clone(), credential.place.to_string());
        let (_, place) = self.place.insert(known.unwrap_or_else(named));
        profile.places.note(place, first, last);
        profile.form(credential, first, last);
        let Some(token) = token else { return };
        let skew = ground.clocks.of_host(&usage.client, host).filter(super::Skew::is_real);
        let shift = skew.map_or(Seconds(0.0), |s| s.median);
        profile.token(token, first, last, shift);
        if let Some(accepted) = makes.slot(&token.make) {
            accepted.first = earlier(accepted.first, first);
            accepted.last = accepted.last.max(last);
            if let Some(new) = last.zip(token.fingerprint) {
                keep_latest(&mut accepted.latest, new);
            }
            accepted.without_exp |= token.exp.is_none();
        }
    }

    /// Adds what later uses taught.
    pub(super) fn merge(&mut self, later: Self) {
        for (host, (profile, makes)) in later.of {
            let known = self.of.entry(host).or_default();
            known.0.merge(profile);
            known.1.merge(makes);
        }
    }

    /// Returns the profiles, with what the makes of their tokens say.
    pub(super) fn all(self) -> BTreeMap<Arc<str>, Profile> {
        let whole = |(host, (mut profile, makes)): (Arc<str>, (Profile, Makes<'_>))| {
            makes.all.into_iter().for_each(|accepted| profile.make(accepted));
            (host, profile)
        };
        self.of.into_iter().map(whole).collect()
    }
}

/// Returns the earlier of two instants that may be unknown.
fn earlier(a: Option<At>, b: Option<At>) -> Option<At> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Returns the greater of two spans that may be unknown.
fn greater(a: Option<Seconds>, b: Option<Seconds>) -> Option<Seconds> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if a < b { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// Keeps the two tokens that were accepted last.
fn keep_latest(latest: &mut Vec<(At, Fingerprint)>, new: (At, Fingerprint)) {
    if latest.len() < 2 || latest.last() < Some(&new) {
        latest.push(new);
        latest.sort_unstable_by(|a, b| b.cmp(a));
        latest.dedup_by_key(|(_, mark)| *mark);
        latest.truncate(2);
    }
}

impl Profile {
    /// Adds what later uses taught, before [`Profile::make`] adds the rest.
    fn merge(&mut self, later: Self) {
        let lists = [
            (&mut self.schemes, later.schemes),
            (&mut self.places, later.places),
            (&mut self.kinds, later.kinds),
            (&mut self.proofs, later.proofs),
            (&mut self.oddities, later.oddities),
        ];
        for (mine, others) in lists {
            mine.merge(others);
        }
        for miss in later.misses {
            if !self.misses.contains(&miss) {
                self.misses.push(miss);
            }
        }
        self.unproven |= later.unproven;
        for unit in later.units {
            if !self.units.contains(&unit) {
                self.units.push(unit);
            }
        }
        self.tokens += later.tokens;
        self.latest_after_exp = greater(self.latest_after_exp, later.latest_after_exp);
        self.earliest_before_nbf = greater(self.earliest_before_nbf, later.earliest_before_nbf);
    }

    /// Keeps the claims that another token has too.
    fn share_claims(&mut self, claims: &Names) {
        self.claims = Some(match self.claims.take() {
            None => claims.clone(),
            Some(common) if common == *claims => common,
            Some(common) => common.iter().filter(|c| claims.contains(c)).cloned().collect(),
        });
    }

    fn form(&mut self, credential: &Credential, first: Option<At>, last: Option<At>) {
        self.schemes.note(credential.scheme.as_ref().map_or("", Scheme::as_str), first, last);
        self.kinds.note(credential.kind.as_str(), first, last);
        for oddity in &credential.oddities {
            self.oddities.note(oddity_shape(oddity), first, last);
        }
    }

    /// Adds what the make of accepted tokens says.
    fn make(&mut self, accepted: Accepted<'_>) {
        let Accepted { make, first, last, latest, without_exp } = accepted;
        if !latest.is_empty() {
            let is_same = |(iss, kid, alg): &SigningKey| {
                *iss == make.iss && *kid == make.kid && *alg == make.alg
            };
            let known = self.keys.iter_mut().find(|(key, _)| is_same(key));
            let known = if let Some((_, known)) = known {
                known
            } else {
                let key = (make.iss.clone(), make.kid.clone(), make.alg.clone());
                self.keys.entry(key).or_default()
            };
            for new in latest {
                keep_latest(known, new);
            }
        }
        if let Some(iss) = &make.iss {
            self.issuers.note(iss, first, last);
        }
        for aud in &make.aud {
            self.audiences.note(aud, first, last);
        }
        if !make.aud.is_empty() {
            self.audience_forms.note(form_of_audience(make), first, last);
        }
        if let Some(alg) = &make.alg {
            self.algorithms.note(alg, first, last);
        }
        if let Some(kid) = &make.kid {
            self.kids.note(kid, first, last);
        }
        for scope in make.scopes.iter() {
            self.scopes.note(scope, first, last);
        }
        for fault in &make.faults {
            self.faults.note(format!("{fault:?}"), first, last);
        }
        let purpose = match make.used_as {
            Purpose::Access => "access",
            Purpose::Id => "id",
            Purpose::Refresh => "refresh",
            Purpose::Other => "other",
            Purpose::Unknown => "unknown",
        };
        self.purposes.note(purpose, first, last);
        if make.form == crate::model::Form::Jws {
            self.share_claims(&make.claims);
            self.without_exp |= without_exp;
        }
    }

    /// Adds what an accepted token has of its own.
    fn token(&mut self, token: &Token, first: Option<At>, last: Option<At>, shift: Seconds) {
        self.tokens += 1;
        for date in [&token.nbf, &token.iat].into_iter().flatten() {
            if date.is_number()
                && date.unit() != Unit::Seconds
                && !self.units.contains(&date.unit())
            {
                self.units.push(date.unit());
            }
        }
        match token.verdict.as_deref() {
            Some(Verdict::Valid { key }) => self.proofs.note(key.to_string(), first, last),
            Some(Verdict::Near { miss, .. }) => {
                if !self.misses.contains(miss) {
                    self.misses.push(miss.clone());
                }
            }
            Some(Verdict::Invalid { .. } | Verdict::UnknownKid { .. }) => self.unproven = true,
            Some(Verdict::NoKey | Verdict::Unsupported) | None => {}
        }
        if let (Some(exp), Some(last)) = (token.expires(), last) {
            let late = last.plus(shift).since(exp);
            let late = Some(late).filter(|late| late.0 >= 0.0);
            self.latest_after_exp = greater(self.latest_after_exp, late);
        }
        let starts = [&token.nbf, &token.iat];
        let start = starts.iter().filter_map(|d| d.as_ref()?.in_seconds()).max();
        if let (Some(start), Some(first)) = (start, first) {
            let early = start.since(first.plus(shift));
            let early = Some(early).filter(|early| early.0 > 0.0);
            self.earliest_before_nbf = greater(self.earliest_before_nbf, early);
        }
    }
}
