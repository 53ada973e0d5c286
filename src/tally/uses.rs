//! Who was let in with a credential, and how often where.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::quality::FixedState;

use super::Tally;
use super::crowd::Crowd;
use super::marks::{ask_of, lead_of};
use super::sightings::Pass;
use super::visits::{self, Passage, Visit, spot_mark};
use crate::model::{
    At, Client, Credential, Endpoint, Fingerprint, Origin, Outcome, Position, Record, Seconds,
    State, Token,
};

/// What a request that was let in has of its own, where it needs no record.
#[derive(Clone, Copy, Debug)]
pub struct Used<'a> {
    /// The only one, which stood in the field `Authorization`; `None` where none could be seen.
    pub credential: Option<Shown<'a>>,
    /// The token inside it, where this tally may not know it yet.
    pub new_token: Option<&'a Arc<Token>>,
    /// Which node answered.
    pub node: Option<&'a str>,
    /// Which release of which software did.
    pub release: Option<&'a Arc<str>>,
    /// By how much its clock is ahead of that of a capture.
    pub date_offset: Option<Seconds>,
    /// Whether all request fields were recorded.
    pub sees_all: bool,
    /// Marks of its ids, sorted.
    pub ids: &'a [Fingerprint],
    /// Member of an archive.
    pub member: Option<&'a Arc<str>>,
    /// Where it stands.
    pub position: Position,
}

/// A credential beside what is asked of it at each use: of most nothing else is, and the credential of
/// each lies elsewhere in memory.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// All of it.
    pub credential: &'a Credential,
    /// The same where it is shared already.
    pub shared: Option<&'a Arc<Credential>>,
    /// Whether it is a token or key, see [`Kind::is_token`](crate::model::Kind::is_token).
    pub is_token: bool,
    /// The mark under which its uses lie.
    pub mark: Option<Fingerprint>,
}

impl<'a> Shown<'a> {
    /// Looks at a credential.
    pub fn of(credential: &'a Credential) -> Self {
        let mark = credential.token.or(credential.fingerprint);
        Self { credential, shared: None, is_token: credential.kind.is_token(), mark }
    }
}

/// One use of a credential.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event<'a> {
    pub(super) capture: Option<&'a Arc<str>>,
    pub(super) ip: Option<&'a str>,
    pub(super) agent: Option<&'a Arc<str>>,
    pub(super) endpoint: &'a Endpoint,
    pub(super) credential: Shown<'a>,
    pub(super) at_issuer: bool,
    pub(super) node: Option<&'a str>,
    pub(super) at: Option<At>,
}

impl<'a> Event<'a> {
    /// Makes the use that a record tells of.
    pub(super) fn of(record: &'a Record, credential: &'a Credential) -> Self {
        let facts = &record.facts;
        Self {
            capture: facts.client.capture.as_ref(),
            ip: facts.client.ip.as_deref(),
            agent: facts.client.user_agent.as_ref(),
            endpoint: &facts.endpoint,
            credential: Shown::of(credential),
            at_issuer: facts.grant.is_some(),
            node: facts.node.as_deref(),
            at: record.origin.time.map(|time| time.at),
        }
    }

    /// Returns what the key begins with under which such uses are counted.
    ///
    /// All uses of a credential lie together: of many the histories of some are known in full.
    fn lead(&self) -> u64 {
        match self.credential.mark {
            Some(mark) => lead_of(mark),
            None => spot_mark(self.capture.map(|capture| &**capture), self.ip),
        }
    }

    /// Returns the host that let a token in, and when, where that is no place of logins.
    pub(super) fn entrance(&self) -> Option<(&'a Arc<str>, At)> {
        let is_one = !self.at_issuer && self.credential.is_token;
        self.endpoint.host.as_ref().zip(self.at).filter(|_| is_one)
    }

    /// Returns the key under which such uses are counted.
    pub(super) fn key(&self) -> u128 {
        self.key_from(self.lead())
    }

    fn key_from(&self, lead: u64) -> u128 {
        let capture = self.capture.map(|capture| &**capture);
        let client = (capture, self.ip, self.agent.map(|agent| &**agent));
        let host = self.endpoint.host.as_deref();
        let rest = FixedState::with_seed(0x5bd1_e995).hash_one((
            client,
            host,
            self.credential.credential,
            self.at_issuer,
        ));
        visits::key(lead, rest)
    }
}

impl Tally {
    /// Returns whether a record tells no more than that its client was let in, with the token in its field
    /// `Authorization` or without a credential, by a release and by a clock.
    pub fn is_mere_use(record: &Record) -> bool {
        use crate::model::Place;
        let Record { facts, .. } = record;
        let plain = match &*facts.credentials {
            [] => true,
            [one] => {
                matches!(&one.place, Place::Header(name) if name == "authorization")
                    && one.state == State::Present
            }
            _ => false,
        };
        plain
            && facts.answer.outcome == Outcome::LetIn
            && !super::is_notable(facts)
            && facts.cookies_sent != Some(true)
            && record.tokens.len() <= 1
            && record.told_offset.is_none()
            && super::hands_out_nothing(record)
    }

    /// Counts a use, but for what [`Event::entrance`] tells.
    pub(super) fn note_use(&mut self, event: &Event<'_>) {
        let lead = event.lead();
        // Of most there are more than are kept: those need no more of their key.
        if !self.uses.admits(visits::key(lead, 0)) {
            return;
        }
        let Some(usage) = self.uses.slot(event.key_from(lead)) else { return };
        if usage.count == 0 {
            usage.client = Client {
                capture: event.capture.cloned(),
                ip: event.ip.map(Into::into),
                user_agent: event.agent.cloned(),
            };
            usage.host.clone_from(&event.endpoint.host);
            let Shown { credential, shared, .. } = event.credential;
            let shared = shared.map(Arc::clone);
            usage.credential = Some(shared.unwrap_or_else(|| Arc::new(credential.clone())));
            usage.at_issuer = event.at_issuer;
        }
        usage.count += 1;
        if let Some(node) = event.node {
            usage.nodes.push_text(node);
        }
        let spent = usage.endpoints.slot(event.endpoint);
        if let Some(at) = event.at {
            usage.times.push(at);
            if let Some(times) = spent {
                times.push(at);
            }
        }
    }

    /// Counts a request that was let in and has no record.
    pub(super) fn pass_use(&mut self, used: &Used<'_>, passage: &Passage<'_>, crowd: &mut Crowd) {
        let Visit { ip, agent, endpoint, at, .. } = passage.visit;
        let capture = passage.visit.capture.map(|_| passage.source);
        if let Some(release) = used.release {
            self.releases.note_let_in(release, endpoint, passage.time.at);
        }
        if let (Some(capture), Some(offset)) = (capture, used.date_offset) {
            self.offsets.note_date(capture, endpoint.host.as_ref(), offset);
        }
        let usage = used.credential.map(|credential| {
            let (at_issuer, node) = (false, used.node);
            Event { capture, ip, agent, endpoint, credential, at_issuer, node, at }
        });
        match &usage {
            Some(event) => {
                if let Some((host, at)) = event.entrance() {
                    self.note_entrance(host, at, &mut crowd.waiting);
                }
                self.note_use(event);
            }
            None => self.visits.note(&passage.visit),
        }
        if let Some(token) = used.new_token {
            // Its own mark lies further away.
            let mark = used.credential.and_then(|shown| shown.mark);
            debug_assert_eq!(mark, token.fingerprint, "a token has one mark");
            self.note_token(mark, token);
        }
        let origin = || Origin {
            time: Some(passage.time),
            source: Arc::clone(passage.source),
            member: used.member.cloned(),
            position: used.position,
        };
        self.note_pass(used.ids, endpoint, Some(passage.status), usage.as_ref(), origin);
    }

    /// Keeps the facts of a token, which has a mark.
    pub(super) fn note_token(&mut self, mark: Option<Fingerprint>, token: &Arc<Token>) {
        if let Some(mark) = mark
            && let Some(slot) = self.tokens.slot(mark.0)
            && slot.0.is_none()
        {
            slot.0 = Some(Arc::clone(token));
        }
    }

    /// Notes who was not refused, by the ids of the request.
    pub(super) fn note_pass(
        &mut self,
        ids: &[Fingerprint],
        endpoint: &Endpoint,
        status: Option<u16>,
        usage: Option<&Event<'_>>,
        origin: impl Fn() -> Origin,
    ) {
        for mark in ids {
            if let Some(passed) = self.passed.slot(mark.0) {
                let (ask, usage) = (ask_of(endpoint), usage.map(Event::key));
                passed.push(Pass { origin: origin(), status, ask, usage });
            }
        }
    }
}
