//! One exchange as a line.

use std::fmt;

use crate::model::{
    Client, ClientLine, Credential, CredentialLine, Judgement, KeyHasher, Kind, Line, Record,
    Token, ViewLine,
};
use crate::world::{View, mark_of};

/// Makes the line of one exchange with its verdict and what other observers saw of it.
pub fn line(record: &Record, judgement: &Judgement, views: &[&View]) -> Line {
    let facts = &record.facts;
    let origin = &record.origin;
    let path = &facts.endpoint.path;
    let id = KeyHasher::key(&(
        &origin.source,
        &origin.member,
        origin.position,
        origin.time.map(|t| t.at),
        &facts.endpoint.method,
        path,
    ));
    let root = judgement.root.as_ref();
    Line {
        schema: "authopsy.exchange/1".into(),
        id: format!("{:016x}", id >> 64),
        source: origin.source.to_string(),
        member: origin.member.as_ref().map(ToString::to_string),
        entry: origin.position.entry,
        line: origin.position.line,
        byte: origin.position.byte,
        time: origin.time.map(|t| t.to_string()),
        judged_at: judgement.judged_at.map(|at| at.to_string()),
        skew_s: judgement.skew.map(|s| s.0),
        observer: facts.observer,
        method: facts.endpoint.method.as_ref().map(ToString::to_string),
        url: Some(record.url.clone()).filter(|url| !url.is_empty()),
        host: facts.endpoint.host.as_ref().map(ToString::to_string),
        endpoint: facts.endpoint.to_string(),
        client: ClientLine {
            id: ClientId::of(&facts.client).to_string(),
            ip: facts.client.ip.as_ref().map(ToString::to_string),
            user_agent: facts.client.user_agent.as_ref().map(ToString::to_string),
        },
        user: record
            .tokens
            .first()
            .and_then(|t| t.sub.as_deref())
            .or_else(|| facts.credentials.first().and_then(|c| c.user.as_deref()))
            .or(record.user.as_deref())
            .map(str::to_owned),
        request_id: record.request_id.clone(),
        trace_id: record.trace_id.clone(),
        status: facts.status,
        grpc_status: facts.grpc_status,
        class: judgement.class,
        cause: root.map(|f| f.cause.clone()),
        confidence: root.map(|f| f.confidence),
        also: judgement.also.clone(),
        credentials: facts.credentials.iter().map(|c| credential(c, &record.tokens)).collect(),
        server: super::causes::server_line(facts, judgement.agrees),
        views: views.iter().map(|v| view(v)).collect(),
        evidence: root.map(|f| f.evidence.clone()).unwrap_or_default(),
    }
}

fn view(view: &View) -> ViewLine {
    let View { origin, observer, status, facts, said } = view;
    let server = facts.as_deref().map(|facts| super::causes::server_line(facts, "silent"));
    let server = server.unwrap_or_default();
    ViewLine {
        source: origin.source.to_string(),
        member: origin.member.as_ref().map(ToString::to_string),
        position: origin.position,
        time: origin.time.map(|t| t.to_string()),
        observer: *observer,
        status: *status,
        says: server.says,
        text: said.as_ref().map(ToString::to_string).or(server.text),
        place: server.place,
    }
}

fn credential(credential: &Credential, tokens: &[std::sync::Arc<Token>]) -> CredentialLine {
    let mark = mark_of(credential);
    let token = tokens.iter().find(|t| mark.is_some() && t.fingerprint == mark);
    let (iat, iat_raw) = super::lifelines::date(token.and_then(|t| t.iat.as_ref()));
    let (nbf, nbf_raw) = super::lifelines::date(token.and_then(|t| t.nbf.as_ref()));
    let (exp, exp_raw) = super::lifelines::date(token.and_then(|t| t.exp.as_ref()));
    CredentialLine {
        kind: credential.kind.as_str().into(),
        scheme: credential.scheme.as_ref().map(ToString::to_string),
        place: credential.place.to_string(),
        state: credential.state.as_str().into(),
        fingerprint: mark
            .filter(|_| !matches!(credential.kind, Kind::Basic | Kind::Password))
            .map(|m| m.to_string()),
        alg: token.and_then(|t| t.alg.clone()),
        kid: token.and_then(|t| t.kid.clone()),
        iss: token.and_then(|t| t.iss.clone()),
        aud: token.map(|t| t.aud.clone()).filter(|a| !a.is_empty()),
        iat,
        iat_raw,
        nbf,
        nbf_raw,
        exp,
        exp_raw,
    }
}

/// The shown id of a client: `cli:` and 8 hex digits.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ClientId(u32);

impl ClientId {
    /// Returns the id of a client.
    pub(super) fn of(client: &Client) -> Self {
        Self((KeyHasher::key(client) >> 96) as u32)
    }

    /// Returns the id that is written so; `None` where no id is.
    pub(super) fn named(name: &str) -> Option<Self> {
        let id = Self(u32::from_str_radix(name.strip_prefix("cli:")?, 16).ok()?);
        (id.to_string() == name).then_some(id)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cli:{:08x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_client_has_names_none() {
        let id = ClientId::of(&Client::default());
        assert_eq!(ClientId::named(&id.to_string()), Some(id));
        for name in
            ["cli:", "cli:0", "cli:+0000001", "cli:ABCDEF01", "cli:0123456789", "-", "0a0b0c0d"]
        {
            assert_eq!(ClientId::named(name), None, "{name}");
        }
    }
}
