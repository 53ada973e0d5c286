//! One token or header line explained: what it says, what was checked, what a server would refuse.
//!
//! There is no second judge: the text is made the request of an exchange that was refused with a bare
//! 401, read and judged as any other. What passes is told from the same facts.

mod checks;
mod taken;

use std::sync::Arc;

use super::{Error, Expected, Job, Keys, analyze};
use crate::causes::cards::card;
use crate::causes::{Case, advice, judge};
use crate::engine::{Catalogue, Collector, InputFacts, Verifier};
use crate::model::{
    At, Exchange, Explained, ExplainedCredential, ExplainedFinding, Finding, Form, Judgement, Kind,
    Observer, Record, Time, Token, Use,
};
use crate::report::{self, ReportOptions};
use crate::tally::Tally;
use crate::world::{World, mark_of};
use taken::Taken;

/// What is asked of a token.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The token or header line.
    pub text: String,
    /// The instant at which it is judged.
    pub at: At,
    /// Whether the user gave the instant; else it is that of the machine's clock.
    pub at_given: bool,
    /// Keys that verify signatures.
    pub keys: Keys,
    /// What tokens should be like.
    pub expected: Expected,
}

/// Explains a token or header line.
///
/// # Errors
/// [`Error::Refused`] when nothing in it looks like a credential, and for keys that cannot be read.
pub fn explain(asked: &Asked) -> Result<Explained, Error> {
    let verifier = Verifier::new(super::keys::read(&asked.keys)?);
    let keys = super::keys::rows(verifier.given());
    let read = |taken: &Taken<'_>| Seen::of(&taken.exchange(asked.at), &verifier);
    let found = taken::readings(&asked.text)
        .into_iter()
        .map(|taken| (read(&taken), taken))
        .find(|(seen, taken)| taken.is_credible(&seen.record));
    let Some((seen, taken)) = found else {
        return Err(Error::Refused {
            message: "nothing in it looks like a credential".to_owned(),
            hint: Some("give a token, or a line such as `Authorization: Bearer ...`".to_owned()),
        });
    };
    let job = Job { expected: asked.expected.clone(), ..Job::default() };
    let mut tally = Tally::default();
    tally.observe(seen.record.clone());
    verifier.settle(|mark, verdict| tally.note_verdict(mark, verdict));
    let world = World::learn(&tally, analyze::given(&job, &keys));
    let facts = &seen.record.facts;
    let judgement = judge(&Case::of(facts, Some(asked.at), &world));
    let findings = findings(&judgement, &world);
    let credentials = credentials(&seen, &judgement, asked, &world);
    Ok(Explained {
        schema: "authopsy.token/1".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        at: asked.at.to_string(),
        at_basis: if asked.at_given { "given" } else { "now" }.to_owned(),
        taken_as: taken.words(),
        summary: summary(&findings, &credentials),
        credentials,
        findings,
        keys,
    })
}

/// What one reading of the text shows.
struct Seen {
    record: Record,
    fields: Vec<(crate::model::Fingerprint, Vec<crate::model::TokenField>)>,
}

impl Seen {
    fn of(exchange: &Exchange<'_>, verifier: &Verifier) -> Self {
        let mut collector = Collector::new(Catalogue::embedded(), verifier, None, None, false);
        let input = InputFacts {
            source: Arc::from("-"),
            member: None,
            format: Arc::from("har"),
            creator: None,
            observer: Observer::Client,
            frame: None,
        };
        let record = collector.record(exchange, &input);
        let fields = collector.spelled_out(exchange);
        Self { record, fields }
    }

    fn token_of(&self, credential: &crate::model::Credential) -> Option<&Token> {
        let mark = mark_of(credential)?;
        self.record.tokens.iter().find(|t| t.fingerprint == Some(mark)).map(|t| &**t)
    }
}

/// Returns what a server would refuse, the root first. Causes that only histories or the server's word
/// can show are left out: a bare 401 proves nothing.
fn findings(judgement: &Judgement, world: &World<'_>) -> Vec<ExplainedFinding> {
    let root = judgement.root.iter().filter(|f| is_seen(f));
    let all = root.chain(judgement.also.iter().filter(|f| is_seen(f)));
    // The advice for the very case is that of a report on this one exchange.
    let row = report::finish(world, &ReportOptions::default()).causes.into_iter().next();
    all.map(|finding| {
        let card = card(finding.cause.as_str());
        let case = row.as_ref().filter(|row| row.id == finding.cause);
        ExplainedFinding {
            cause: finding.cause.clone(),
            title: card.map_or_else(|| finding.cause.to_string(), |c| c.title().to_owned()),
            confidence: finding.confidence,
            evidence: finding.evidence.clone(),
            advice: card.map(|c| c.advice().to_owned()).unwrap_or_default(),
            advice_case: case.and_then(|row| row.advice_case.clone()),
            advice_client: card.map(advice::client).unwrap_or_default(),
            advice_server: card.map(advice::server).unwrap_or_default(),
        }
    })
    .collect()
}

/// Whether a finding rests on the bytes of the text, on keys or on what was given.
fn is_seen(finding: &Finding) -> bool {
    finding.evidence.first().is_some_and(|evidence| {
        let place = evidence.place.as_str();
        place.starts_with("request") || place == "key" || place == "config"
    })
}

fn credentials(
    seen: &Seen,
    judgement: &Judgement,
    asked: &Asked,
    world: &World<'_>,
) -> Vec<ExplainedCredential> {
    let all = seen.record.facts.credentials.iter().enumerate();
    all.map(|(index, credential)| {
        let token = seen.token_of(credential);
        // The judge looks at the first one.
        let judgement = (index == 0).then_some(judgement);
        let mark = mark_of(credential)
            .filter(|_| !matches!(credential.kind, Kind::Basic | Kind::Password));
        let used_as = token.and_then(|token| match token.used_as {
            Use::Access => Some("access"),
            Use::Id => Some("id"),
            Use::Refresh => Some("refresh"),
            Use::Other => Some("other"),
            Use::Unknown => None,
        });
        let fields =
            seen.fields.iter().find(|(m, _)| Some(*m) == token.and_then(|t| t.fingerprint));
        ExplainedCredential {
            kind: credential.kind.as_str().to_owned(),
            scheme: credential.scheme.as_ref().map(|s| s.as_str().to_owned()),
            place: credential.place.to_string(),
            state: credential.state.as_str().to_owned(),
            fingerprint: mark.map(|m| m.to_string()),
            vendor: token.and_then(|t| t.vendor.clone()),
            used_as: used_as.map(str::to_owned),
            used_as_why: token.and_then(|t| t.used_as_why.clone()),
            user: credential.user.as_deref().map(str::to_owned),
            fields: fields.map(|(_, fields)| fields.clone()).unwrap_or_default(),
            checks: checks::of(credential, token, judgement, asked, world),
        }
    })
    .collect()
}

/// Says in one sentence what a server would make of it.
fn summary(findings: &[ExplainedFinding], credentials: &[ExplainedCredential]) -> String {
    if let Some(root) = findings.first() {
        let fact = root.evidence.first().map(|e| format!(": {}", e.fact)).unwrap_or_default();
        let more = match findings.get(1..).unwrap_or_default() {
            [] => String::new(),
            [one] => format!("; also: {}", one.title),
            [one, rest @ ..] => format!("; also: {}, and {} more", one.title, rest.len()),
        };
        return format!("{}{fact}{more}", root.title);
    }
    let open = |name: &str| {
        credentials.first().is_some_and(|first| {
            first.checks.iter().any(|check| check.name == name && check.verdict == "open")
        })
    };
    let what = match (open("signature"), credentials.first().map(|c| c.kind.as_str())) {
        (true, _) => "nothing wrong with it was seen; its signature was not checked",
        (false, Some("jwt")) => "nothing wrong with it was seen",
        _ => "nothing wrong with its form was seen; only its issuer can tell whether it is good",
    };
    what.to_owned()
}

/// Makes the time of the made-up exchange.
fn time_of(at: At) -> Time {
    Time { at, digits: 3, zone_assumed: false }
}

/// Whether a token has a structure that can be told of.
fn is_structured(token: &Token) -> bool {
    matches!(token.form, Form::Jws | Form::Jwe)
}

#[cfg(test)]
mod tests;
