//! Who was let in with a credential, and how often where.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::quality::FixedState;

use super::Tally;
use super::crowd::Crowd;
use super::marks::{Who, ask_of, lead_of};
use super::sightings::Pass;
use super::visits::{self, Passage, Visit, agent_mark, spot_mark};
use crate::model::{
    At, Client, Credential, Endpoint, Fingerprint, Origin, Outcome, Position, Record, Seconds,
    State, Token,
};

/// What a request that was not refused has of its own, where it needs no record.
#[derive(Clone, Copy, Debug)]
pub struct Used<'a> {
    /// Whether it was let in.
    pub let_in: bool,
    /// The only one, which stood in the field `Authorization`; `None` where none could be seen.
    pub credential: Option<Shown<'a>>,
    /// The token inside it, where this tally may not know it yet.
    pub new_token: Option<&'a Arc<Token>>,
    /// Mark of the host, see [`host_mark`].
    pub host: u64,
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
    /// Mark of all of it, see [`Credential::mark`].
    pub all: u64,
    /// Whether it is a token or key, see [`Kind::is_token`](crate::model::Kind::is_token).
    pub is_token: bool,
    /// The mark under which its uses lie.
    pub mark: Option<Fingerprint>,
}

impl<'a> Shown<'a> {
    /// Looks at a credential.
    pub fn of(credential: &'a Credential) -> Self {
        let mark = credential.token.or(credential.fingerprint);
        let (all, is_token) = (credential.mark(), credential.kind.is_token());
        Self { credential, shared: None, all, is_token, mark }
    }

    /// Returns all of it to be kept.
    pub(super) fn share(&self) -> Arc<Credential> {
        self.shared.map_or_else(|| Arc::new(self.credential.clone()), Arc::clone)
    }
}

/// One use of a credential.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event<'a> {
    pub(super) capture: Option<&'a Arc<str>>,
    pub(super) ip: Option<&'a str>,
    pub(super) agent: Option<&'a Arc<str>>,
    /// Marks of capture and address, and of the user agent.
    pub(super) who: Who,
    pub(super) endpoint: &'a Endpoint,
    /// Mark of its host.
    pub(super) host: u64,
    pub(super) credential: Shown<'a>,
    pub(super) at_issuer: bool,
    pub(super) node: Option<&'a str>,
    pub(super) at: Option<At>,
}

impl<'a> Event<'a> {
    /// Makes the use that a record tells of.
    pub(super) fn of(record: &'a Record, credential: &'a Arc<Credential>) -> Self {
        let facts = &record.facts;
        let Client { capture, ip, user_agent: agent } = &facts.client;
        Self {
            capture: capture.as_ref(),
            ip: ip.as_deref(),
            agent: agent.as_ref(),
            who: Who {
                spot: spot_mark(capture.as_deref(), ip.as_deref()),
                agent: agent_mark(agent.as_deref()),
            },
            endpoint: &facts.endpoint,
            host: host_mark(&facts.endpoint),
            credential: Shown { shared: Some(credential), ..Shown::of(credential) },
            at_issuer: facts.grant.is_some(),
            node: facts.node.as_deref(),
            at: record.origin.time.map(|time| time.at),
        }
    }

    /// Returns what the key begins with under which such uses are counted.
    ///
    /// All uses of a credential lie together: of many the histories of some are known in full.
    pub(super) fn lead(&self) -> u64 {
        match self.credential.mark {
            Some(mark) => lead_of(mark),
            None => self.who.spot,
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

    pub(super) fn key_from(&self, lead: u64) -> u128 {
        let Who { spot, agent } = self.who;
        let parts = [spot, agent, self.host, self.credential.all, u64::from(self.at_issuer)];
        visits::key(lead, FixedState::with_seed(0x5bd1_e995).hash_one(parts))
    }
}

/// Returns the mark of the host of an endpoint.
pub fn host_mark(endpoint: &Endpoint) -> u64 {
    FixedState::with_seed(0x1f83_d9ab).hash_one(&endpoint.host)
}

impl Tally {
    /// Returns whether a record tells no more than that its client was let in, or neither let in nor refused,
    /// with the token in its field `Authorization` or without a credential, by a release and by a clock.
    pub fn is_mere(record: &Record) -> bool {
        use crate::model::Place;
        let Record { facts, .. } = record;
        let plain = match &*facts.credentials {
            [] => true,
            [one] => {
                matches!(&one.place, Place::Header(name) if **name == *"authorization")
                    && one.state == State::Present
            }
            _ => false,
        };
        plain
            && matches!(facts.answer.outcome, Outcome::LetIn | Outcome::Neutral)
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
            usage.credential = Some(event.credential.share());
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

    /// Counts a request that was not refused and has no record.
    pub(super) fn pass_use(
        &mut self,
        used: &Used<'_>,
        passage: &Passage<'_>,
        who: Who,
        crowd: &mut Crowd,
    ) {
        let Visit { ip, agent, endpoint, place, at, .. } = passage.visit;
        let capture = passage.visit.capture.map(|_| passage.source);
        if let Some(release) = used.release {
            self.releases.note_at(release, endpoint, passage.time.at, used.let_in);
        }
        if let (Some(capture), Some(offset)) = (capture, used.date_offset) {
            self.offsets.note_date(capture, endpoint.host.as_ref(), offset);
        }
        let usage = used.credential.filter(|_| used.let_in).map(|credential| {
            let spot = capture.map_or(who.spot, |capture| spot_mark(Some(capture), ip));
            let (who, at_issuer, host, node) = (Who { spot, ..who }, false, used.host, used.node);
            Event { capture, ip, agent, who, endpoint, host, credential, at_issuer, node, at }
        });
        match &usage {
            Some(event) => {
                if let Some((host, at)) = event.entrance() {
                    self.note_entrance(host, at, &mut crowd.waiting);
                }
                self.await_use(event, place, crowd);
            }
            None if used.let_in => self.visits.note(&passage.visit),
            None => {}
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
            && let Some(slot) = self.tokens.slot(mark.number())
            && slot.0.is_none()
        {
            slot.0 = Some(Arc::clone(token));
        }
    }

    /// Returns whether anything could be kept of who was not refused under the mark of an id that begins with
    /// a half.
    pub fn awaits_pass(&self, half: u64) -> bool {
        self.passed.admits(visits::key(half, 0))
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
            if let Some(passed) = self.passed.slot(mark.number()) {
                let (ask, usage) = (ask_of(endpoint), usage.map(Event::key));
                passed.push(Pass { origin: origin(), status, ask, usage });
            }
        }
    }
}
