//! What a judge sees: the facts of a refusal, the instant, the world.

use crate::model::{
    At, CauseId, Challenge, Confidence, Credential, Evidence, Facts, Finding, Kind, Place, Scheme,
    Seconds, State, Statement, Token, Weight,
};
use crate::world::{Profile, Skew, World, mark_of};

/// What a server says that found no credential.
const MISSES: [&str; 2] = ["header.missing", "apikey.missing"];

/// One refused exchange, or many of equal facts at one instant.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// What is known of it.
    pub facts: &'a Facts,
    /// When it was, by the capture's clock.
    pub at: Option<At>,
    /// What the whole input teaches.
    pub world: &'a World<'a>,
    /// The facts of the judged token, which every examiner asks for.
    token: Option<&'a Token>,
    /// What the host was proven to accept.
    profile: Option<&'a Profile>,
    /// Whether what speaks for a verdict is put into words; else evidence is there, and empty.
    is_told: bool,
}

/// Returns whether a text names a field, given in lower case. A single word names none: `no token` is said of
/// what lacks, wherever that was looked for.
fn names_field(text: &str, name: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    name.contains(['-', '_']) && text.split(|c| !is_of_name(c)).any(|word| word == name)
}

/// A cause that fits, before the root is chosen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    /// The cause with what speaks for it.
    pub(super) finding: Finding,
    /// What it rests on.
    pub(super) basis: Basis,
    /// The host was seen to accept the same defect, or it cannot be what mattered here: never the root
    /// unless the server states it.
    pub(super) harmless: bool,
}

/// What a candidate rests on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Basis {
    /// The bytes of the request prove the defect.
    Bytes,
    /// Other exchanges, or what the host accepts.
    History,
}

impl Candidate {
    /// Makes a candidate that the bytes of the request prove.
    pub(super) fn proven(cause: &'static str, fact: impl Into<String>, place: &str) -> Self {
        Self::new(cause, Confidence::Proven, Basis::Bytes, fact, place)
    }

    /// Makes a candidate read off the history.
    pub(super) fn inferred(cause: &'static str, fact: impl Into<String>, place: &str) -> Self {
        Self::new(cause, Confidence::Inferred, Basis::History, fact, place)
    }

    /// Makes a candidate that fits as others do.
    pub(super) fn suspected(cause: &'static str, fact: impl Into<String>, place: &str) -> Self {
        Self::new(cause, Confidence::Suspected, Basis::History, fact, place)
    }

    fn new(
        cause: &'static str,
        confidence: Confidence,
        basis: Basis,
        fact: impl Into<String>,
        place: &str,
    ) -> Self {
        let evidence = vec![Evidence::new(fact, place)];
        let finding = Finding { cause: CauseId::of(cause), confidence, evidence };
        Self { finding, basis, harmless: false }
    }

    /// Adds a fact.
    pub(super) fn and(mut self, fact: impl Into<String>, place: &str) -> Self {
        self.finding.evidence.push(Evidence::new(fact, place));
        self
    }

    /// Lowers or raises the confidence.
    pub(super) fn at(mut self, confidence: Confidence) -> Self {
        self.finding.confidence = confidence;
        self
    }

    /// Makes what was read off a history that is known in part only a suspicion.
    pub(super) fn doubt(&mut self) {
        if self.basis == Basis::History && self.finding.confidence == Confidence::Inferred {
            self.finding.confidence = Confidence::Suspected;
        }
    }

    /// Marks it as no root, with the reason as evidence.
    pub(super) fn harmless_because(mut self, fact: impl Into<String>, place: &str) -> Self {
        self.harmless = true;
        self.finding.confidence = Confidence::Suspected;
        self.and(fact, place)
    }

    /// Marks it as no root when `reason` is there.
    pub(super) fn unless(self, reason: Option<String>, place: &str) -> Self {
        match reason {
            Some(fact) => self.harmless_because(fact, place),
            None => self,
        }
    }
}

impl<'a> Case<'a> {
    /// Makes the case of a refused exchange, at its instant by the capture's clock.
    pub fn of(facts: &'a Facts, at: Option<At>, world: &'a World<'a>) -> Self {
        let mark = facts.credentials.first().and_then(mark_of);
        let token = mark.and_then(|mark| world.token(mark));
        let profile = world.profile(facts.endpoint.host.as_ref());
        Self { facts, at, world, token, profile, is_told: true }
    }

    /// Makes the same case for who asks for the verdict alone, which no evidence decides: of most cases
    /// none is shown, and to word it takes as long as to judge.
    #[must_use]
    pub const fn untold(self) -> Self {
        Self { is_told: false, ..self }
    }

    /// Returns whether what speaks for a verdict is put into words.
    pub(super) const fn is_told(&self) -> bool {
        self.is_told
    }

    /// Puts a fact into words where somebody reads them.
    pub(super) fn tell(&self, fact: impl FnOnce() -> String) -> String {
        if self.is_told { fact() } else { String::new() }
    }

    /// Returns the judged credential.
    pub(super) fn credential(&self) -> Option<&'a Credential> {
        self.facts.credentials.first().map(|credential| &**credential)
    }

    /// Returns the judged credential when it was sent as a token or key, not as a session cookie.
    pub(super) fn bearer(&self) -> Option<&'a Credential> {
        self.credential().filter(|c| !matches!(c.kind, Kind::Session))
    }

    /// Returns the facts of the judged token.
    pub(super) const fn token(&self) -> Option<&'a Token> {
        self.token
    }

    /// Returns where the judged credential stands, as a place for evidence.
    pub(super) fn place(&self) -> String {
        let place = || self.credential().map_or_else(|| "request".into(), |c| place_of(&c.place));
        self.tell(place)
    }

    /// Returns the skew of the host's clock where it was measured, be it no more than noise.
    pub(super) fn measured(&self) -> Option<Skew> {
        self.world.skew(&self.facts.client, self.facts.endpoint.host.as_ref())
    }

    /// Returns the skew of the host's clock where it is more than noise.
    pub(super) fn skew(&self) -> Option<Skew> {
        self.measured().filter(Skew::is_real)
    }

    /// Returns the words for a time without a zone, where another zone would change on which side of an instant
    /// `distance` away the request lies, and no clock was measured that tells which zone was meant.
    pub(super) fn zone_in_doubt(&self, distance: Seconds) -> Option<Evidence> {
        let assumed = || self.world.input(&self.facts.source).is_some_and(|i| i.zone_assumed > 0);
        (distance.0.abs() <= FARTHEST_ZONE.0 && self.measured().is_none() && assumed()).then(|| {
            Evidence::new("the time of the request names no zone and was read as UTC", "capture")
        })
    }

    /// Returns the instant by the host's clock.
    pub(super) fn judged_at(&self) -> Option<At> {
        let shift = self.skew().map_or(Seconds(0.0), |skew| skew.median);
        self.at.map(|at| at.plus(shift))
    }

    /// Returns what the host was proven to accept.
    pub(super) const fn profile(&self) -> Option<&'a Profile> {
        self.profile
    }

    /// Returns the host as text.
    pub(super) fn host(&self) -> &'a str {
        self.facts.endpoint.host.as_deref().unwrap_or("this host")
    }

    /// Returns the strongest statement that names causes and is more than vague.
    pub(super) fn statement(&self) -> Option<&'a Statement> {
        self.facts
            .answer
            .statements
            .iter()
            .filter(|s| s.weight > Weight::Vague && !s.causes.is_empty())
            .max_by(|a, b| {
                // Of equal ones the answer's own word before another observer's, and what tells more
                // than the standard's word beside it: a vendor's `AADSTS90094` beside `access_denied`.
                let key = |s: &Statement| (s.weight, s.seen_by.is_none(), !is_of_standard(s));
                key(a).cmp(&key(b)).then_with(|| b.place.cmp(&a.place))
            })
    }

    /// Returns whether some statement names this cause or one of its family `prefix`.
    pub(super) fn says(&self, prefix: &str) -> bool {
        self.facts
            .answer
            .statements
            .iter()
            .filter(|s| s.weight > Weight::Vague)
            .any(|s| s.causes.first().is_some_and(|c| c.as_str().starts_with(prefix)))
    }

    /// Returns whether some statement, vague ones too, can mean this cause.
    pub(super) fn can_mean(&self, prefix: &str) -> bool {
        let mut statements = self.facts.answer.statements.iter();
        statements.any(|s| s.causes.iter().any(|c| c.as_str().starts_with(prefix)))
    }

    /// Returns the challenges for origin credentials.
    pub(super) fn challenges(&self) -> impl Iterator<Item = &'a Challenge> {
        self.facts.answer.challenges.iter()
    }

    /// Returns whether the answer challenges for this scheme.
    pub(super) fn challenged_for(&self, scheme: &Scheme) -> bool {
        self.challenges().any(|c| Scheme::asked(&c.scheme) == *scheme)
    }

    /// Returns whether the server misses a credential and names the very field in which one came, one other
    /// than `Authorization`: `Missing X-Api-Key`.
    pub(super) fn asks_for_it_there(&self) -> bool {
        self.facts.answer.statements.iter().any(|said| self.asks_for_it_with(said))
    }

    /// Returns whether a statement is such a one.
    pub(super) fn asks_for_it_with(&self, said: &Statement) -> bool {
        let Some(Place::Header(name)) = self.credential().map(|c| &c.place) else { return false };
        **name != *"authorization"
            && said.causes.first().is_some_and(|cause| MISSES.iter().any(|miss| cause == miss))
            && names_field(&said.text, name)
    }

    /// Returns whether the request carried a credential in `Authorization` whose value is known or masked.
    pub(super) fn has_authorization(&self) -> bool {
        self.facts.credentials.iter().any(|c| {
            c.place.is_authorization()
                && matches!(c.state, State::Present | State::Redacted | State::Truncated)
        })
    }

    /// Returns whether the capture could have shown credentials of this request.
    pub(super) fn could_show(&self) -> bool {
        crate::world::could_show(self.facts)
            && self.world.lost_credentials(self.facts).is_none()
            && !self.stripped_by_preflight()
    }

    /// Returns whether this is somebody's first visit: the capture shows that no cookie went along, and
    /// this client had no session here before.
    pub(super) fn is_first_visit(&self) -> bool {
        self.facts.cookies_sent == Some(false)
            && self.facts.credentials.is_empty()
            && self.world.is_someone(&self.facts.client)
            && self.could_show()
            && self.at.is_some_and(|at| !self.world.had_session(self.facts, at))
    }

    /// Returns whether a preflight proves that `Authorization` was sent although it is not shown.
    pub(super) fn stripped_by_preflight(&self) -> bool {
        !self.has_authorization()
            && self
                .world
                .preflight_names(self.facts)
                .is_some_and(|names| names.iter().any(|n| n == "authorization"))
            && !self.world.shows_credentials(self.facts)
    }
}

/// The farthest that the clock of any zone lies from UTC.
const FARTHEST_ZONE: Seconds = Seconds(14.0 * 3600.0);

/// Returns a credential's place in the words of evidence: `request.headers.authorization`.
pub(super) fn place_of(place: &Place) -> String {
    match place {
        Place::Header(name) => format!("request.headers.{name}"),
        Place::Cookie(name) => format!("request.cookies.{name}"),
        Place::Query(name) => format!("request.url.{name}"),
        Place::Form(name) | Place::Json(name) => format!("request.body.{name}"),
    }
}

/// Whether a statement is one of a word that standards give to all alike.
fn is_of_standard(statement: &Statement) -> bool {
    statement.dialect.as_deref().is_some_and(|id| id.starts_with("standard."))
}

/// Whether an oddity is legal by RFC 9110, so that it alone is no defect.
pub(super) fn is_legal(oddity: &crate::model::Oddity) -> bool {
    use crate::model::{Blank, Oddity};
    matches!(
        oddity,
        Oddity::SeveralBlanks(_)
            | Oddity::SchemeCase(_)
            | Oddity::Large(_)
            | Oddity::Mask(_)
            | Oddity::Blank(Blank::Leading | Blank::Trailing)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_that_is_known_in_part_makes_suspicions_and_takes_nothing_from_proofs() {
        let mut inferred = Candidate::inferred("session.expired", "let in before", "history");
        let mut proven = Candidate::proven("time.expired", "exp passed", "request");
        inferred.doubt();
        proven.doubt();
        assert_eq!(inferred.finding.confidence, Confidence::Suspected);
        assert_eq!(proven.finding.confidence, Confidence::Proven);
    }
}
