//! Requests that differ from others before them in nothing but who sent them, when, and with which token.
//!
//! A log of an API holds millions. What the record of one such request says beside that follows from
//! its [`likeness`], and what its token says is remembered, so nobody has to gather it anew. What is
//! answered here holds only where gathering would say the same; everything else is `None`.

use std::sync::{Arc, LazyLock};

use aho_corasick::packed::Searcher;
use memchr::memmem;

use super::context::{AtHand, Context, Seen};
use super::grants::{self, Purpose};
use super::mask::{could_hide, could_repeat, is_short_or_odd};
use super::names::Field;
use super::request::http_date;
use super::url::{folder_shape, is_told_by_folder, is_told_by_shape, open_shape};
use super::{clocks, ids, locate};
use crate::dialect;
use crate::model::{
    At, Body, Credential, Endpoint, Exchange, Fingerprint, Header, Kind, Observer, Seconds, Sketch,
    State, Token,
};

/// Fields whose values differ from request to request and tell nothing but an id, an address, a size or what
/// the URL says; those of ids are read for their marks.
const VARYING: [&str; 4] = ["x-forwarded-for", "x-real-ip", "content-length", ":path"];
/// The same of answers, beside `Date`.
const VARYING_ANSWER: [&str; 5] =
    ["content-length", "etag", "last-modified", "x-response-time", "x-runtime"];
/// What stands in data that hands out a token or a key.
const HANDED_OUT: [&str; 4] = ["\"access", "oken", "kty", "-----BEGIN"];
/// A longer body of a request is looked at with it.
const LONGEST_REQUEST: usize = 4 * 1024;
/// A longer body of an answer is looked at with its request.
const LONGEST_BODY: usize = 64 * 1024;

/// The token of a request in its plainest form: the only credential, nothing odd about it.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'c> {
    at_hand: &'c AtHand,
    credential: &'c Arc<Credential>,
    /// Length of its shortest secret.
    pub shortest: usize,
    /// Whether its token has to be noted.
    is_first: bool,
}

impl<'c> Sent<'c> {
    /// Returns the credential.
    pub fn credential(&self) -> &'c Arc<Credential> {
        self.credential
    }

    /// Returns the mark of all of it.
    pub fn all(&self) -> u64 {
        self.at_hand.all
    }

    /// Returns whether it is a token or key.
    pub fn is_token(&self) -> bool {
        self.at_hand.is_token
    }

    /// Returns the mark of its token, or else of itself.
    pub fn mark(&self) -> Option<Fingerprint> {
        self.at_hand.own()
    }

    /// Returns the token inside it, where it can be read and may not have been noted in this piece of input or
    /// in another that was merged.
    pub fn new_token(&self) -> Option<&'c Arc<Token>> {
        // What stands behind `seen` lies far away in memory.
        if self.is_first { self.at_hand.seen.token() } else { None }
    }
}

/// Returns whether masking secrets, of which the shortest has a length, could not touch the names of an
/// endpoint, of which [`repeats_nothing`] holds.
pub fn leaves(shortest: usize, endpoint: &Endpoint) -> bool {
    let host = endpoint.host.as_deref().unwrap_or_default();
    shortest > host.len().max(endpoint.path.len())
}

impl Seen {
    /// Returns the token inside its credential, where that is plain.
    fn token(&self) -> Option<&Arc<Token>> {
        self.plain.and(self.tokens.first())?.as_ref()
    }

    /// Returns the length of its shortest secret, where it is a token in its plainest form.
    pub(super) fn plainness(&self) -> Option<u32> {
        let ([credential], [_]) = (&*self.credentials, &*self.tokens) else { return None };
        let plain = credential.state == State::Present
            && credential.oddities.is_empty()
            && credential.user.is_none()
            && matches!(credential.kind, Kind::Jwt | Kind::Jwe | Kind::Opaque | Kind::ApiKey)
            && !self.secrets.iter().any(|secret| is_short_or_odd(secret.expose()));
        let lengths = self.secrets.iter().map(|secret| secret.expose().len());
        plain.then(|| {
            lengths.min().and_then(|length| u32::try_from(length).ok()).unwrap_or(u32::MAX)
        })
    }
}

/// Returns whether the path of an endpoint could not repeat a part of any credential.
pub fn repeats_nothing(endpoint: &Endpoint) -> bool {
    !could_repeat(&endpoint.path)
}

/// What a request that was not refused has of its own, beside its likeness.
#[derive(Clone, Copy, Debug, Default)]
pub struct Own<'x> {
    /// The value of its first field `Authorization`, and its mark.
    authorization: Option<(&'x str, u128)>,
    /// Fields `Authorization`.
    authorizations: usize,
    agent: Option<&'x str>,
    /// Fields that name a user agent.
    agents: usize,
    /// Whether a value that differs from request to request begins as credentials do.
    wordy: bool,
    /// Its path, where the name at the end of that is no part of the likeness: endpoint and URL as they are shown
    /// follow from it.
    pub file: Option<&'x str>,
    /// What its answer holds.
    got: Got,
    /// The `Date` of its answer, where that is read against the clock of whoever recorded it.
    date: Option<At>,
    /// How much of what was written is the shape of its target, see [`has_shape`].
    pub shape: usize,
}

/// What the body of an answer is to a request that was not refused.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Got {
    /// There is none.
    #[default]
    Nothing,
    /// It begins as data does: whether it speaks of auth is to be looked at.
    Data,
    /// Nobody reads it: code, styles, pictures.
    Passed,
}

impl Got {
    /// Returns what it is, where one like it may tell nothing. `plain` tells whether the path is for nothing that
    /// has to do with logins.
    fn of(exchange: &Exchange<'_>, status: u16, plain: impl FnOnce() -> bool) -> Option<Self> {
        let Body { text, base64, .. } = &exchange.response_body;
        let raw = text.raw();
        if raw.is_empty() {
            return (!base64).then_some(Self::Nothing);
        }
        if !base64 && could_be_quiet(raw) && !dialect::is_page(exchange) {
            return Some(Self::Data);
        }
        let passed = is_success(status) && dialect::is_passed_over(exchange) && plain();
        passed.then_some(Self::Passed)
    }
}

/// What a field is to a request of a kind, by its name alone.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// It holds the credential.
    Authorization,
    /// It names the program that asked.
    Agent,
    /// Its value differs from request to request.
    Varying(Field),
    /// Its value belongs to the likeness.
    Like(Field),
}

/// What a field of an answer is to a request of a kind, by its name alone.
#[derive(Clone, Copy, Debug)]
pub(super) enum AnswerPart {
    /// Its value is a secret.
    Secret,
    /// It is the clock of whoever answered.
    Clock,
    /// Its value differs from request to request, and tells nothing but an id.
    Varying,
    /// Its value belongs to the likeness.
    Like,
}

impl AnswerPart {
    pub(super) fn of(name: &str) -> Self {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("set-cookie") {
            Self::Secret
        } else if is("date") {
            Self::Clock
        } else if VARYING_ANSWER.into_iter().any(is) || ids::is_id(name) {
            Self::Varying
        } else {
            Self::Like
        }
    }
}

impl Part {
    pub(super) fn of(name: &str) -> Self {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("authorization") {
            Self::Authorization
        } else if is("user-agent") {
            Self::Agent
        } else if VARYING.into_iter().any(is) || ids::is_id(name) {
            Self::Varying(Field::of(name))
        } else {
            Self::Like(Field::of(name))
        }
    }
}

/// Returns whether a status is one of success, whose body is looked at by its words alone.
pub fn is_success(status: u16) -> bool {
    matches!(status, 200..=299)
}

/// Writes what a request that was not refused is like, and returns what it has of its own; `None` where more
/// than both would have to be looked at.
///
/// Two requests are of a kind when the same is written for both and [`Own::tells_nothing`] of their answers.
pub fn likeness<'x>(
    exchange: &'x Exchange<'x>,
    context: &mut Context<'_>,
    like: &mut Vec<u8>,
) -> Option<Own<'x>> {
    let bare = |body: &Body<'_>| body.params.is_empty() && !body.withheld;
    let (sent, got) = (&exchange.request_body, &exchange.response_body);
    let (authority, path) = authority_and_path(&exchange.url);
    // Whether a 400 is one of auth depends on how long its request was.
    let status = exchange.status.filter(|status| matches!(*status, 200..=299 | 304 | 404..=599))?;
    let plain = || Purpose::is_plain(path.split('?').next().unwrap_or(path));
    let asked = sent.text.raw();
    let fits = exchange.time.is_some()
        && exchange.error.is_none()
        && exchange.redirect_url.is_none()
        && exchange.request_cookies.is_empty()
        && exchange.reasons.is_empty()
        && !(exchange.from_cache || exchange.websocket || exchange.time_of_answer)
        && bare(sent)
        && !sent.base64
        && (asked.is_empty() || is_success(status) && is_quiet_request(asked) && plain())
        && bare(got)
        && !could_hide(authority)
        && exchange.client_ip.as_deref().is_none_or(is_plain_address);
    if !fits {
        return None;
    }
    let kind = Got::of(exchange, status, plain)?;
    // Each of such a kind has a name of its own, and many are asked for once.
    let opens = kind == Got::Passed && exchange.method.as_deref() == Some("GET");
    let file = (opens && !path.contains('?') && hides_nothing(exchange, context)).then_some(path);
    let is_open = match file {
        Some(path) => folder_shape(path, like),
        None => open_shape(path.as_bytes(), like),
    };
    if !is_open {
        return None;
    }
    let shape = like.len();
    note(None, like);
    let Exchange { method, host, status_text, server, .. } = exchange;
    for text in [method, host, status_text, server] {
        note(text.as_deref(), like);
    }
    note(Some(authority), like);
    like.extend_from_slice(&status.to_le_bytes());
    like.extend_from_slice(&[
        exchange.observer as u8,
        exchange.request_visibility as u8,
        exchange.response_visibility as u8,
        kind as u8,
        u8::from(file.is_some()),
    ]);
    note(Some(exchange.format), like);
    for Body { mime, size, text, .. } in [sent, got] {
        note(mime.as_deref(), like);
        let is_some = size.is_some_and(|size| size > 0);
        let beside = u8::from(text.raw().is_empty()) << 1 | u8::from(is_some) << 2;
        like.push(u8::from(size.is_some()) | beside);
    }
    if !is_success(status) {
        note(Some(&got.text.read()), like);
    }
    let mut date = None;
    answered(exchange.response_headers.iter().map(pair), &mut date, context, like)?;
    let date = date.filter(|_| is_near(exchange.observer)).map(http_date);
    let has_clock = exchange.time.is_some_and(|time| !time.zone_assumed);
    let readable = date.map(|date| u8::from(date.is_some()));
    like.extend_from_slice(&[readable.unwrap_or(2), u8::from(has_clock)]);
    let headers = exchange.request_headers.iter().map(pair);
    let own = own(headers, exchange.user_agent.as_deref(), context, like)?;
    Some(Own { shape, file, got: kind, date: date.flatten(), ..own })
}

/// Returns whether answers on the path of a URL, to requests of a kind, may hand out tokens or publish keys.
pub fn hands_out(url: &str) -> bool {
    let (_, path) = authority_and_path(url);
    !Purpose::is_plain(path.split('?').next().unwrap_or(path))
}

/// Returns whether no field of a request holds a credential or anything that has to be hidden elsewhere.
fn hides_nothing(exchange: &Exchange<'_>, context: &mut Context<'_>) -> bool {
    exchange.request_headers.iter().enumerate().all(
        |(number, Header { name, value })| match context.part(number, name).1 {
            Part::Authorization => false,
            Part::Agent => true,
            Part::Varying(field) | Part::Like(field) => locate::tells_nothing(field, value),
        },
    )
}

/// Returns whether the body of a request is short and asks for no token and sends no password.
fn is_quiet_request(raw: &[u8]) -> bool {
    raw.len() <= LONGEST_REQUEST && grants::asks_nothing(raw)
}

/// Whether an observer has a clock beside that of the server.
fn is_near(observer: Observer) -> bool {
    matches!(observer, Observer::Client | Observer::Proxy)
}

fn pair<'x>(header: &'x Header<'_>) -> (&'x str, &'x str) {
    (&header.name, &header.value)
}

/// Returns whether the body of an answer is data in which nothing speaks of auth, and no token
/// or key is handed out.
///
/// What answers a login is read in other ways, but its request has a body that names a password.
fn is_quiet(raw: &[u8]) -> bool {
    !raw.is_empty() && could_be_quiet(raw) && !dialect::speaks_of_auth(raw) && !could_hand_out(raw)
}

/// Returns whether a body is missing, or begins as data does and is short enough to be looked at.
fn could_be_quiet(raw: &[u8]) -> bool {
    let first = raw.iter().find(|b| !b.is_ascii_whitespace());
    raw.is_empty() || raw.len() <= LONGEST_BODY && matches!(first, Some(b'{' | b'['))
}

/// Returns whether a word stands in data without which it hands out neither token nor key.
fn could_hand_out(raw: &[u8]) -> bool {
    static ALL: LazyLock<Option<Searcher>> = LazyLock::new(|| Searcher::new(HANDED_OUT));
    match &*ALL {
        Some(all) => all.find(raw).is_some(),
        // Not every processor can look for several at once.
        None => could_hand_out_any(raw),
    }
}

fn could_hand_out_any(raw: &[u8]) -> bool {
    HANDED_OUT.iter().any(|word| memmem::find(raw, word.as_bytes()).is_some())
}

/// Writes the fields of an answer but for its first `Date`; `None` where a secret stands in it.
fn answered<'x>(
    headers: impl Iterator<Item = (&'x str, &'x str)>,
    date: &mut Option<&'x str>,
    context: &mut Context<'_>,
    like: &mut Vec<u8>,
) -> Option<()> {
    for (number, (name, value)) in headers.enumerate() {
        let (name, part) = context.answer_part(number, name);
        like.extend_from_slice(&name.to_le_bytes());
        match part {
            AnswerPart::Secret => return None,
            AnswerPart::Clock => *date = date.or(Some(value)),
            AnswerPart::Varying => {}
            AnswerPart::Like => note(Some(value), like),
        }
    }
    note(None, like);
    Some(())
}

/// Returns whether all targets of a kind are shown as they are; `url` is that of one as shown, `shape` what
/// was written of it, and `is_file` tells whether there is a [`file`](Own::file).
pub fn has_shape(url: &str, shape: &[u8], is_file: bool) -> bool {
    let (_, path) = authority_and_path(url);
    if is_file { is_told_by_folder(path, shape) } else { is_told_by_shape(path, shape) }
}

/// The same for a line that is not read yet. What is written tells two of a kind apart where
/// [`likeness`] would, and others too.
pub fn sketched<'x>(
    line: &Sketch<'x>,
    context: &mut Context<'_>,
    like: &mut Vec<u8>,
) -> Option<Own<'x>> {
    let quiet = line.response_body.is_none_or(|body| is_quiet(body.as_bytes()));
    let known = line.client_ip.is_none_or(is_plain_address);
    if !quiet || !known || !open_shape(line.url.as_bytes(), like) {
        return None;
    }
    note(None, like);
    like.extend_from_slice(line.like);
    // What kind of text it is may be told by how it begins.
    let begins = line.response_body.and_then(|body| body.trim_start().as_bytes().first().copied());
    like.push(begins.unwrap_or_default());
    answered(line.response_headers.iter().copied(), &mut None, context, like)?;
    let headers = line.request_headers.iter().copied();
    let own = own(headers, line.user_agent, context, like)?;
    // Which of two comes first depends on their order, and whether all fields are there on such a value.
    (own.agents < 2 && !own.wordy).then_some(own)
}

fn own<'x>(
    headers: impl Iterator<Item = (&'x str, &'x str)>,
    agent_of_column: Option<&'x str>,
    context: &mut Context<'_>,
    like: &mut Vec<u8>,
) -> Option<Own<'x>> {
    let mut own = Own::default();
    for (number, (name, value)) in headers.enumerate() {
        let (name, part) = context.part(number, name);
        like.extend_from_slice(&name.to_le_bytes());
        match part {
            Part::Authorization => {
                // What is known of it is fetched from memory while the rest of the request is looked at.
                own.authorization = Some((value, locate::ahead_of_authorization(value, context)));
                own.authorizations += 1;
            }
            Part::Agent => {
                own.agent = own.agent.or(Some(value));
                own.agents += 1;
            }
            Part::Varying(field) if locate::tells_nothing(field, value) => {
                own.wordy |= starts_with_a_word(value);
            }
            Part::Varying(_) => return None,
            Part::Like(_) => note(Some(value), like),
        }
    }
    own.agent = own.agent.or(agent_of_column);
    Some(own)
}

/// Whether a value begins as credentials do: with a scheme, or with what every JWT begins with.
fn starts_with_a_word(value: &str) -> bool {
    let letter = value.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    let jwt = value.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("eyj"));
    letter && (jwt || value.contains(' '))
}

/// Writes a text so that where it ends can be told.
fn note(text: Option<&str>, like: &mut Vec<u8>) {
    let length = text.and_then(|text| u32::try_from(text.len()).ok()).unwrap_or(u32::MAX);
    like.extend_from_slice(&length.to_le_bytes());
    like.extend_from_slice(text.unwrap_or_default().as_bytes());
}

impl Own<'_> {
    /// Returns the credential of the request, where its field `Authorization` holds a token and nothing is
    /// odd about it. Whether other fields hold one too depends on the kind of the request.
    pub fn sent<'c>(&self, context: &'c mut Context<'_>) -> Option<Sent<'c>> {
        let value = self.authorization.filter(|_| self.authorizations == 1)?;
        let (at_hand, is_first) = locate::again_in_authorization(value, context)?;
        let credential = at_hand.credential.as_ref()?;
        let shortest = usize::from(at_hand.shortest);
        Some(Sent { at_hand, credential, shortest, is_first })
    }

    /// Returns by how much the clock of whoever answered is ahead, for a request of a kind of which that is
    /// read.
    pub fn date_offset(&self, exchange: &Exchange<'_>) -> Option<Seconds> {
        self.date.and_then(|date| clocks::ahead(date, exchange))
    }

    /// Returns whether the answer has no body, or none that is worth to be read: data in which nothing speaks of
    /// auth, or by whose structure it does not matter, and no token or key is handed out. On a path that
    /// [`hands_out`] nothing nobody looks for these.
    pub fn tells_nothing(&self, exchange: &Exchange<'_>, hands_out: bool) -> bool {
        let raw = exchange.response_body.text.raw();
        let is_data = || exchange.status.is_some_and(is_success) && dialect::is_data(exchange);
        match self.got {
            Got::Nothing | Got::Passed => true,
            Got::Data => {
                (!dialect::speaks_of_auth(raw) || is_data()) && !(hands_out && could_hand_out(raw))
            }
        }
    }

    /// Returns whether the request bears the field `Authorization`, whatever it holds.
    pub fn bears(&self) -> bool {
        self.authorization.is_some()
    }

    /// Returns the user agent as it is shown: `Some(None)` where there is none, `None` where a secret of
    /// the request could stand in it.
    pub fn agent<'c>(&self, context: &'c mut Context<'_>) -> Option<Option<&'c Arc<str>>> {
        let Some(raw) = self.agent else { return Some(None) };
        match context.agent_shown(raw.as_bytes()) {
            Some(agent) => (!agent.repeats).then_some(Some(&agent.shown)),
            None => Some(None),
        }
    }
}

/// Puts the marks of the ids of a request that are wanted, sorted, in the place of those that `marks` holds:
/// `wanted` is asked by the half that a mark begins with.
pub fn ids_of(
    exchange: &Exchange<'_>,
    endpoint: &Endpoint,
    marks: &mut Vec<Fingerprint>,
    wanted: impl Fn(u64) -> bool,
) {
    ids::read(exchange, endpoint, marks, wanted);
}

/// The same for a line that is not read yet.
pub fn ids_of_line(
    line: &Sketch<'_>,
    endpoint: &Endpoint,
    marks: &mut Vec<Fingerprint>,
    wanted: impl Fn(u64) -> bool,
) {
    let headers = line.request_headers.iter().chain(line.response_headers).copied();
    ids::read_parts(line.request_id, line.trace_id, headers, endpoint, marks, wanted);
}

/// Whether text is an address and nothing else, so that no secret stands in it.
fn is_plain_address(text: &str) -> bool {
    let mut run = 0;
    let letters = text.bytes().all(|b| {
        run = if matches!(b, b'.' | b':') { 0 } else { run + 1 };
        // A run as long as this is no part of an address, and may be one of a secret.
        run < 10 && (run == 0 || b.is_ascii_hexdigit())
    });
    letters && text.len() <= 45
}

/// Splits a URL before its path; a path alone has no authority.
fn authority_and_path(url: &str) -> (&str, &str) {
    if url.starts_with('/') {
        return ("", url);
    }
    let Some((scheme, rest)) = url.split_once("://").filter(|(s, _)| !s.contains('/')) else {
        return ("", url);
    };
    let at = rest.find('/').unwrap_or(rest.len());
    url.split_at(scheme.len() + 3 + at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_are_found_at_once_as_one_after_the_other(
            parts in prop::collection::vec(
                prop_oneof![
                    "[a-z\": {}]{0,40}",
                    prop::sample::select(HANDED_OUT.to_vec()).prop_map(str::to_owned),
                    prop::sample::select(vec!["oke", "ken", "KTY", "kt", "-----BEGI", "\"acces", "Token"])
                        .prop_map(str::to_owned),
                ],
                0..6,
            ),
        ) {
            let raw = parts.concat();
            prop_assert_eq!(could_hand_out(raw.as_bytes()), could_hand_out_any(raw.as_bytes()));
        }
    }
}
