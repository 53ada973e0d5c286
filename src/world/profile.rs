//! What a host was proven to accept: tokens let in on endpoints that refused others.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::addresses::{Address, Addresses};
use super::{Used, World};
use crate::model::{
    At, Credential, Fingerprint, Names, NearMiss, Oddity, Place, Scheme, Seconds, Token, Unit,
    Use as Purpose, Verdict,
};

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
        slot.0 = match (slot.0, first) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        slot.1 = slot.1.max(last);
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
    if token.aud_is_list { "list" } else { "text" }
}

pub(super) fn learn(world: &World<'_>) -> BTreeMap<Arc<str>, Profile> {
    let mut profiles: BTreeMap<Arc<str>, Profile> = BTreeMap::new();
    let mut guarded: Addresses<bool> = Addresses::default();
    // Nearly all credentials travel at one place, whose name is made once.
    let mut place: (Option<&Place>, String) = (None, String::new());
    for Used { usage, token, .. } in &world.uses {
        let (Some(host), Some(credential)) = (&usage.host, &usage.credential) else { continue };
        if usage.at_issuer {
            continue;
        }
        let guarded = usage.endpoints.iter().filter(|(endpoint, _)| {
            let known = guarded.entry(Address::of_endpoint(endpoint));
            *known.or_insert_with(|| world.is_guarded(endpoint))
        });
        let (mut first, mut last, mut proven) = (None, None, false);
        for (_, times) in guarded {
            proven = true;
            first = match (first, times.first()) {
                (Some(a), Some(b)) => Some(std::cmp::min(a, b)),
                (a, b) => a.or(b),
            };
            last = std::cmp::max(last, times.last());
        }
        if !proven {
            continue;
        }
        let profile = profiles.entry(Arc::clone(host)).or_default();
        if place.0 != Some(&credential.place) {
            place = (Some(&credential.place), credential.place.to_string());
        }
        profile.places.note(&place.1, first, last);
        profile.form(credential, first, last);
        let Some(token) = token else { continue };
        let skew = world.skew(&usage.client, Some(host)).filter(super::Skew::is_real);
        let shift = skew.map_or(Seconds(0.0), |s| s.median);
        profile.token(token, first, last, shift);
    }
    profiles
}

impl Profile {
    fn form(&mut self, credential: &Credential, first: Option<At>, last: Option<At>) {
        self.schemes.note(credential.scheme.as_ref().map_or("", Scheme::as_str), first, last);
        self.kinds.note(credential.kind.as_str(), first, last);
        for oddity in &credential.oddities {
            self.oddities.note(oddity_shape(oddity), first, last);
        }
    }

    fn token(&mut self, token: &Token, first: Option<At>, last: Option<At>, shift: Seconds) {
        self.tokens += 1;
        if let (Some(last), Some(mark)) = (last, token.fingerprint) {
            let is_same = |(iss, kid, alg): &SigningKey| {
                *iss == token.iss && *kid == token.kid && *alg == token.alg
            };
            let known = self.keys.iter_mut().find(|(key, _)| is_same(key));
            let latest = if let Some((_, latest)) = known {
                latest
            } else {
                let key = (token.iss.clone(), token.kid.clone(), token.alg.clone());
                self.keys.entry(key).or_default()
            };
            if latest.len() < 2 || latest.last() < Some(&(last, mark)) {
                latest.push((last, mark));
                latest.sort_unstable_by(|a, b| b.cmp(a));
                latest.dedup_by_key(|(_, mark)| *mark);
                latest.truncate(2);
            }
        }
        for date in [&token.nbf, &token.iat].into_iter().flatten() {
            if date.is_number && date.unit != Unit::Seconds && !self.units.contains(&date.unit) {
                self.units.push(date.unit);
            }
        }
        if let Some(iss) = &token.iss {
            self.issuers.note(iss, first, last);
        }
        for aud in &token.aud {
            self.audiences.note(aud, first, last);
        }
        if !token.aud.is_empty() {
            self.audience_forms.note(audience_form(token), first, last);
        }
        if let Some(alg) = &token.alg {
            self.algorithms.note(alg, first, last);
        }
        if let Some(kid) = &token.kid {
            self.kids.note(kid, first, last);
        }
        for scope in token.scopes.iter() {
            self.scopes.note(scope, first, last);
        }
        for fault in &token.faults {
            self.faults.note(format!("{fault:?}"), first, last);
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
        let purpose = match token.used_as {
            Purpose::Access => "access",
            Purpose::Id => "id",
            Purpose::Refresh => "refresh",
            Purpose::Other => "other",
            Purpose::Unknown => "unknown",
        };
        self.purposes.note(purpose, first, last);
        if token.form == crate::model::Form::Jws {
            self.claims = Some(match self.claims.take() {
                None => token.claims.clone(),
                Some(common) if common == token.claims => common,
                Some(common) => common.iter().filter(|c| token.has_claim(c)).cloned().collect(),
            });
            self.without_exp |= token.exp.is_none();
        }
        if let (Some(exp), Some(last)) = (token.expires(), last) {
            let late = last.plus(shift).since(exp);
            if late.0 >= 0.0 && self.latest_after_exp.is_none_or(|known| known < late) {
                self.latest_after_exp = Some(late);
            }
        }
        let starts = [&token.nbf, &token.iat];
        let start = starts.iter().filter_map(|d| d.as_ref()?.in_seconds()).max();
        if let (Some(start), Some(first)) = (start, first) {
            let early = start.since(first.plus(shift));
            if early.0 > 0.0 && self.earliest_before_nbf.is_none_or(|known| known < early) {
                self.earliest_before_nbf = Some(early);
            }
        }
    }
}
