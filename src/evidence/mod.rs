//! Turns an exchange into facts: which credentials it carried, where and in what state, and what came back.
//!
//! Nothing here says "wrong". Past this room no raw credential exists: every text of a
//! [`Record`] is masked by shape, by name, and by the values of its own exchange.

mod again;
mod answers;
mod clocks;
mod context;
mod grants;
mod ids;
mod legs;
mod locate;
mod marks;
mod mask;
mod memory;
mod names;
mod persons;
mod pieces;
mod published;
mod request;
mod signing;
mod url;
mod value;
mod words;

pub use crate::dialect::{Catalogue, DialectError};
pub use again::{
    Own, Sent, hands_out, has_shape, ids_of, ids_of_line, is_success, leaves, likeness,
    repeats_nothing, sketched,
};
pub use context::{Context, Source};
pub use mask::{mask, mask_url};
pub use memory::Memory;
pub use pieces::Receipt;
pub use url::{is_told_by_shape, number_behind, open_shape, template};
pub use value::{Split, split_scheme};

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::{
    Answer, Body, Exchange, Facts, Fingerprint, Grant, Origin, Outcome, Record, Secret, Sign,
    TokenField, Told, pseudonym,
};
use crate::token;

use answers::Names;
use grants::Purpose;
use mask::Masker;
use request::Answered;
use url::Url;
use words::Words;

/// Reads the facts of one exchange.
///
/// ```
/// use authopsy::dialect::Catalogue;
/// use authopsy::evidence::{Context, Source, gather};
/// use authopsy::model::{Exchange, Header, Oddity};
///
/// let mut context = Context::new(Catalogue::embedded(), Source::new("a.har", "har"));
/// let exchange = Exchange {
///     url: "https://api.example/orders/42".into(),
///     request_headers: vec![Header {
///         name: "Authorizaton".into(),
///         value: "Bearer eyJhbGciOiJub25lIn0.e30.".into(),
///     }],
///     ..Exchange::default()
/// };
/// let record = gather(&exchange, &mut context);
/// assert_eq!(record.facts.endpoint.to_string(), "- api.example/orders/{id}");
/// assert_eq!(
///     record.facts.credentials[0].oddities[0],
///     Oddity::Misspelt("Authorizaton".into()),
/// );
/// ```
pub fn gather(exchange: &Exchange<'_>, context: &mut Context<'_>) -> Record {
    let url = Url::split(&exchange.url);
    let words = Words::of(url.path);
    let purpose = Purpose::of(url.path, words);
    let mut found = locate::locate(exchange, &url, context);
    let mut asked = grants::asked(exchange, url.path, words, purpose);
    let grant = asked.grant;
    context.check(asked.seen.tokens.iter_mut().flatten(), &asked.seen.secrets);
    found.add_body(asked.seen, grant.is_some());
    let answered = Answered::of(exchange);
    let location = request::location(exchange, &answered);
    let mut handed = grants::handed_out(exchange, location, purpose, grant);
    context.check(handed.tokens.iter_mut(), &handed.secrets);
    let set = request::cookies(exchange, &answered);
    let cookies_sent = request::cookies_sent(exchange, found.cookies);

    let given = handed.secrets.iter().chain(&set.secrets).map(Secret::expose);
    let masker = Masker::new(found.secrets().chain(given));
    let (mut answer, names) = context.answers.read(exchange, context.catalogue, &masker);
    let masked_url = masker.url(&exchange.url).into_owned();
    let client = request::client(exchange, &masker, context);
    let endpoint = request::endpoint(exchange, &url, &masker, context);
    let redirect = location.and_then(|to| request::redirect(exchange, &url, to, &masker, context));
    let node = request::node(exchange, &answered, &masker);
    let [request_id, trace_id] = [&exchange.request_id, &exchange.trace_id]
        .map(|id| shown_id(id.as_deref(), &masker, context));
    drop(masker);

    let (credentials, tokens) = found.into_credentials();
    let after_exp = request::after_exp(exchange, &credentials, &tokens);
    if request::refused_for_size(exchange, &answer, &credentials) {
        Arc::make_mut(&mut answer).outcome = Outcome::Refused(Sign::FieldsTooLarge);
    }
    let offsets = clocks::offsets(exchange, &answered, &answer, &handed);
    let disagreement = clocks::disagreement(exchange, &answer, &credentials, &tokens);
    if answer.told != Told::default() {
        Arc::make_mut(&mut answer).told = Told::default();
    }
    let user = user_of(exchange);
    if names == Names::Possible {
        persons::hide(Arc::make_mut(&mut answer), &credentials, &tokens, user.as_deref());
    }
    let signing = signing::of_refused(exchange, &answer, &url, &credentials);
    let cross_origin = request::cross_origin(exchange, &url);
    let (preflight, preflight_names) = request::preflight(exchange);
    Record {
        origin: Origin {
            time: exchange.time,
            source: context.source.name.clone(),
            member: context.source.member.clone(),
            position: exchange.position,
        },
        url: masked_url,
        tokens,
        issued: handed.issued,
        issued_tokens: handed.tokens,
        release: request::release(exchange, &answered, context),
        proof: signing::proof_mark(exchange, &credentials),
        published: published::keys(exchange, words, context),
        date_offset: offsets.date,
        told_offset: offsets.told,
        issuer_offset: offsets.issuer,
        user,
        request_id,
        trace_id,
        ids: ids::of(exchange, &endpoint),
        facts: Facts {
            source: context.source.name.clone(),
            client,
            observer: exchange.observer,
            endpoint,
            status: exchange.status,
            grpc_status: request::grpc_status(exchange, &answered),
            visibility: request::visibility(exchange, &credentials),
            credentials,
            answer: context.answers.share(answer),
            preflight,
            preflight_denial: request::preflight_denial(exchange, &preflight_names),
            preflight_names: preflight_names.into(),
            cross_origin,
            cors_missing: cross_origin && request::lacks_cors(exchange, &answered),
            cookies_sent,
            answer_unseen: grant.is_some_and(|grant| answer_unseen(exchange, grant)),
            grant,
            signing,
            leg: asked.leg.or_else(|| legs::of_urls(&url, location)).map(Box::new),
            redirect_unseen: location.is_none() && request::redirects(exchange),
            redirect: redirect.map(Box::new),
            cookie_life: set.life,
            cookie_rules: set.rules,
            insecure: url.scheme.eq_ignore_ascii_case("http"),
            cookies_set: set.set.into(),
            cookies_cleared: set.cleared.into(),
            from_cache: exchange.from_cache,
            node,
            logout: words.logout(),
            new_password: words.password() && request::changes_password(exchange),
            format: context.source.format.clone(),
            after_exp,
            disagreement: disagreement.into(),
        },
    }
}

/// Returns the pseudonym of the user whom a column names.
fn user_of(exchange: &Exchange<'_>) -> Option<String> {
    let named = exchange.user.as_deref().filter(|user| !matches!(*user, "" | "-" | "anonymous"));
    named.map(pseudonym)
}

/// Returns the id of a request or trace as it is shown, where anybody wants to see it.
fn shown_id(id: Option<&str>, masker: &Masker<'_>, context: &Context<'_>) -> Option<String> {
    let id = id.filter(|id| context.shows_ids && !matches!(*id, "" | "-"))?;
    Some(cap(&masker.name(id), 80))
}

/// Tells in words what the tokens of a request say: for each mark its header parameters and claims.
///
/// Looks at fields, cookies and URL, and says nothing of opaque tokens. Nothing secret is in it.
pub fn spelled_out(
    exchange: &Exchange<'_>,
    context: &mut Context<'_>,
) -> Vec<(Fingerprint, Vec<TokenField>)> {
    let found = locate::locate(exchange, &Url::split(&exchange.url), context);
    let marks: Vec<Fingerprint> = found.tokens().filter_map(|t| t.fingerprint).collect();
    let mut out: Vec<(Fingerprint, Vec<TokenField>)> = Vec::new();
    for secret in found.secrets() {
        let mark = Fingerprint::of(secret).filter(|mark| marks.contains(mark));
        if let Some(mark) = mark.filter(|mark| out.iter().all(|(known, _)| known != mark)) {
            out.push((mark, token::fields(secret)));
        }
    }
    out
}

/// Whether a token or login request was let in and the capture does not show what it gave.
fn answer_unseen(exchange: &Exchange<'_>, grant: Grant) -> bool {
    let empty = |body: &Body<'_>| body.text.raw().is_empty();
    let gave = exchange.status == Some(200) && empty(&exchange.response_body);
    gave || (grant == Grant::Other && empty(&exchange.request_body))
}

/// Masks every text of an answer; what the dialects read is raw.
fn masked(mut answer: Answer, masker: &Masker<'_>) -> Answer {
    for statement in &mut answer.statements {
        replace(&mut statement.text, masker, 160);
        replace(&mut statement.place, masker, 80);
        if let Some(expected) = &mut statement.expected {
            *expected = cap(&masker.name(expected), 160);
        }
    }
    for challenge in &mut answer.challenges {
        replace(&mut challenge.scheme, masker, 32);
        for (name, value) in &mut challenge.params {
            replace(name, masker, 40);
            if matches!(
                name.as_str(),
                "realm" | "scope" | "authorization_uri" | "resource_metadata"
            ) {
                *value = cap(&masker.name(value), 160);
            } else {
                replace(value, masker, 160);
            }
        }
    }
    answer
}

fn replace(text: &mut String, masker: &Masker<'_>, most: usize) {
    if let Cow::Owned(masked) = masker.text(text) {
        *text = masked;
    }
    if text.len() > most {
        *text = cap(text, most);
    }
}

/// Cuts text to `most` characters, the last one an ellipsis where something is missing.
fn cap(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
