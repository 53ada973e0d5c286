//! One response from its fields, target and body to its statements.

use crate::model::{Answer, CauseId, Exchange, Outcome, Sign, Statement, Weight};

use super::body::{self, Clue, Reading};
use super::catalogue::Catalogue;
use super::fields::{errors_logged, fields, grpc_status, is_stock_phrase, setting};
use super::general::{self, Meaning, Setting};
use super::settle::{asked, bare_challenges, client_failed, joined, something_came, sort};
use super::speaker::Answered;
use super::words::{is_word, shown};
use super::{challenge, clock, outcome, said, status_statement, value};

/// Stands for the status of an event that has none.
const EVENT: u16 = 0;
/// What only an endpoint that takes grants says (RFC 6749, section 5.2; RFC 8628, section 3.5).
const TOKEN_ENDPOINT_SAYS: &[&str] = &[
    "standard.invalid_client",
    "standard.invalid_grant",
    "standard.unauthorized_client",
    "standard.unsupported_grant_type",
    "standard.device_pending",
];
/// Statements of one answer that are kept.
const MOST: usize = 12;

/// What an answer holds, before anybody asks what it means: its texts with their places, its challenges, and
/// of its request what shifts their meaning.
///
/// What it means follows from it and the catalogue alone, unless an entry asks who speaks. Its hash is that
/// of all it holds.
#[derive(Debug)]
pub struct Heard<'x, 'e> {
    exchange: &'x Exchange<'e>,
    answer: Answer,
    /// `None` where the answer is told already.
    open: Option<Open>,
}

/// What is still to be told.
#[derive(Debug, Hash)]
struct Open {
    status: u16,
    grpc: Option<String>,
    clues: Vec<Clue>,
    setting: Setting,
    is_page: bool,
    login_redirect: bool,
}

/// What an answer means.
#[derive(Debug)]
pub struct Understood {
    /// The answer.
    pub answer: Answer,
    /// Whether an entry asked who speaks, so that fields and URL count beside what was heard.
    pub of_speaker: bool,
}

impl std::hash::Hash for Heard<'_, '_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&self.answer, &self.open).hash(state);
    }
}

impl<'x, 'e> Heard<'x, 'e> {
    /// Takes in what an exchange's answer holds.
    pub fn of(exchange: &'x Exchange<'e>) -> Self {
        let mut answer = Answer { outcome: outcome::of_status(exchange), ..Answer::default() };
        let open = take_in(exchange, &mut answer);
        Self { exchange, answer, open }
    }

    /// Returns whether there is anything to be understood.
    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Tells what it means.
    pub fn understand(self, catalogue: &Catalogue) -> Understood {
        let Self { exchange, mut answer, open } = self;
        let Some(open) = open else { return Understood { answer, of_speaker: false } };
        let speech = Answered::of(exchange, &open.clues);
        open.understand(catalogue, &speech, &mut answer);
        Understood { answer, of_speaker: speech.was_asked() }
    }
}

fn take_in(exchange: &Exchange<'_>, answer: &mut Answer) -> Option<Open> {
    let grpc = grpc_status(exchange);
    if matches!(grpc.as_deref(), Some("16" | "7")) {
        answer.outcome = Outcome::Refused(Sign::Grpc);
    }
    // An event without a status (an identity provider's log) may still state a reason.
    let event = (grpc.is_some() || !exchange.reasons.is_empty()).then_some(EVENT);
    let Some(status) = exchange.status.or(event) else {
        blocked(exchange, answer);
        return None;
    };
    let gathered = match status {
        300..=399 => moved(exchange, answer),
        100..=299 if grpc.is_none() => let_in(exchange, answer),
        _ => Some(Gathered {
            clues: brought_back(exchange),
            reading: body::of_error(exchange),
            ..Gathered::default()
        }),
    };
    let Gathered { mut clues, mut reading, login_redirect } = gathered?;
    answer.challenges = challenge::of(exchange);
    let setting = setting(exchange, status, &answer.challenges);
    if status >= 400 || status == EVENT || grpc.is_some() {
        fields(exchange, &answer.challenges, &mut clues);
        answer.body_missing = lacks_body(exchange);
    }
    clues.append(&mut reading.clues);
    // `{"code":401}` in a 2xx answer makes it one of auth, and so does gRPC's status.
    let setting = match grpc.as_deref() {
        Some("16") => Setting { status: 401, ..setting },
        Some("7") => Setting { status: 403, ..setting },
        _ if clues.iter().any(|c| numeric(c, status).is_some() || is_verdict(c)) => {
            Setting { challenged: true, ..setting }
        }
        _ => setting,
    };
    Some(Open { status, grpc, clues, setting, is_page: reading.page, login_redirect })
}

impl Open {
    fn understand(&self, catalogue: &Catalogue, speech: &Answered<'_, '_>, answer: &mut Answer) {
        let Self { status, ref grpc, ref clues, setting, is_page, login_redirect } = *self;
        let mut told = false;
        let strict = strict_setting(setting, status);
        let strict = Setting { alone: clues.len() == 1, ..strict };
        for clue in clues {
            if clue.rank == body::ECHO && !setting.is_auth() {
                continue;
            }
            if is_page && is_help(clue, answer) {
                continue;
            }
            let Some((said, counts)) = interpret(clue, strict, status, catalogue, speech, answer)
            else {
                continue;
            };
            // The texts of a page are ornament, the data in its script is not.
            // A code of gRPC that speaks of the call goes before loose words.
            let counts =
                counts && (said.weight > Weight::Words || !speaks_of_call(grpc.as_deref()));
            told |= counts && (!is_page || clue.rank < 4 || said.weight != Weight::Vague);
            if !answer.statements.iter().any(|s| s.text == said.text && s.causes == said.causes) {
                answer.statements.push(said);
            }
        }
        something_came(answer);
        client_failed(status, answer);
        joined(clues, setting, answer);
        asked(&answer.challenges, &mut answer.statements);
        bare_challenges(answer);
        decide(status, told, login_redirect, answer);
        if answer.outcome.is_refused() {
            answer.statements.extend(status_statement(status));
        } else {
            answer.statements.clear();
        }
        sort(&mut answer.statements);
        answer.statements.truncate(MOST);
    }
}

/// Returns whether a status of gRPC is about the thing asked for or its state, so not about the caller:
/// `NOT_FOUND`, `ALREADY_EXISTS`, `FAILED_PRECONDITION`, `ABORTED`, `OUT_OF_RANGE`, `UNIMPLEMENTED`,
/// `DATA_LOSS` (gRPC, "Status codes and their use in gRPC").
fn speaks_of_call(grpc: Option<&str>) -> bool {
    matches!(grpc, Some("5" | "6" | "9" | "10" | "11" | "12" | "15"))
}

/// What a status made worth reading.
#[derive(Default)]
struct Gathered {
    clues: Vec<Clue>,
    reading: Reading,
    login_redirect: bool,
}

/// Reads the target of a redirect; `None` when it leads to no login and names no error.
fn moved(exchange: &Exchange<'_>, answer: &mut Answer) -> Option<Gathered> {
    let redirect = outcome::redirect(exchange)?;
    let clues = brought_back(exchange);
    if redirect.login && !clues.is_empty() {
        return Some(Gathered { clues, ..Gathered::default() });
    }
    if redirect.back_to_login {
        let causes = &["login.bad_credentials"];
        answer.statements.push(statement(
            causes,
            Weight::Vague,
            "back to the login page",
            "redirect",
        ));
    } else if redirect.login {
        let causes = &["session.expired", "header.missing"];
        answer.statements.push(statement(
            causes,
            Weight::Vague,
            "redirect to a login page",
            "redirect",
        ));
    }
    let clues: Vec<Clue> = redirect
        .errors
        .into_iter()
        .map(|(name, text)| {
            let rank = if name == "error" { 0 } else { 2 };
            Clue { place: format!("redirect.{name}"), key: name, text, rank }
        })
        .collect();
    let login_redirect = redirect.login || redirect.back_to_login;
    (login_redirect || !clues.is_empty()).then(|| Gathered {
        clues,
        login_redirect,
        ..Gathered::default()
    })
}

/// Reads the error that an authorization server sent back by way of the browser (RFC 6749, section
/// 4.1.2.1): a refused callback fails for it. The `state` tells it from other errors in a query.
fn brought_back(exchange: &Exchange<'_>) -> Vec<Clue> {
    outcome::errors_of_callback(&exchange.url)
        .into_iter()
        .map(|(name, text)| {
            let rank = if name == "error" { 0 } else { 2 };
            Clue { place: format!("request.url.{name}"), key: name, text, rank }
        })
        .collect()
}

/// Returns whether a text of a page comes after one that named the cause: help, no reason.
fn is_help(clue: &Clue, answer: &Answer) -> bool {
    clue.place.starts_with("body.")
        && answer
            .statements
            .iter()
            .any(|s| s.weight > Weight::Vague && s.place.starts_with("body."))
}

/// Looks for an error inside a success; `None` for the common case that there is none.
fn let_in(exchange: &Exchange<'_>, answer: &mut Answer) -> Option<Gathered> {
    let clues = errors_logged(exchange);
    let reading = body::of_success(exchange);
    if !reading.clues.is_empty() || !clues.is_empty() {
        return Some(Gathered { clues, reading, ..Gathered::default() });
    }
    if outcome::is_login_attempt(exchange) {
        return login_again(exchange, answer);
    }
    // The page first: most bodies are none, and that is seen at once.
    if outcome::wants_data(exchange)
        && body::is_login_page(exchange)
        && !outcome::is_login_target(&exchange.url)
        && !outcome::asks_for_login(&exchange.url)
    {
        answer.outcome = Outcome::Refused(Sign::LoginPage);
        let causes = &["session.expired", "header.missing"];
        answer.statements.push(statement(causes, Weight::Vague, "a login page", "body"));
    } else if let Some(title) = session_over(exchange) {
        answer.outcome = Outcome::Refused(Sign::Said);
        answer.statements.push(statement(
            &["session.expired"],
            Weight::Words,
            &title,
            "body.title",
        ));
    }
    None
}

/// Returns the title of a page that says nothing but that the session of this request is over.
fn session_over(exchange: &Exchange<'_>) -> Option<String> {
    if !outcome::sends_cookies(exchange) || outcome::is_about_login(&exchange.url) {
        return None;
    }
    let title = body::title_alone(exchange)?;
    let setting = Setting { status: exchange.status?, ..Setting::default() };
    let meaning = general::read(&title, setting)?;
    let over = !meaning.vague
        && !meaning.ignore
        && meaning.plain
        && meaning.causes.first().is_some_and(|c| *c == "session.expired");
    over.then_some(title)
}

/// Reads a page that answers a login: the form shown again, or a word on what was wrong.
fn login_again(exchange: &Exchange<'_>, answer: &mut Answer) -> Option<Gathered> {
    let mut reading = match body::of_login(exchange) {
        Some(page) => page,
        None => body::of_login_data(exchange),
    };
    let setting = Setting { status: 401, login: true, password: true, ..Setting::default() };
    reading.clues.retain(|clue| {
        general::read(&clue.text, setting).is_some_and(|meaning| {
            !meaning.ignore && !meaning.vague && meaning.causes.first().is_some_and(is_of_login)
        })
    });
    if !reading.login_page && reading.clues.is_empty() {
        return None;
    }
    answer.outcome = Outcome::Refused(Sign::LoginPage);
    let causes = &["login.bad_credentials"];
    let shown = match (reading.login_page, reading.page) {
        (true, _) => "the login form again",
        (false, true) => "a page of the login",
        (false, false) => "errors in the answer to the login",
    };
    answer.statements.push(statement(causes, Weight::Vague, shown, "body"));
    Some(Gathered { reading, ..Gathered::default() })
}

/// Returns whether a cause is one for which a login is refused.
fn is_of_login(cause: &CauseId) -> bool {
    cause.family() == "login" || cause.as_str().starts_with("state.user_")
}

/// Decides whether words turn a neutral or successful status into a refusal.
fn decide(status: u16, told: bool, login_redirect: bool, answer: &mut Answer) {
    if login_redirect || ((300..400).contains(&status) && told) {
        answer.outcome = Outcome::Refused(Sign::LoginRedirect);
    } else if status >= 400 && !answer.challenges.is_empty() && !answer.outcome.is_refused() {
        // A challenge beside a 400: the server read no credential that it could use.
        answer.outcome = said();
    } else if told && !answer.outcome.is_refused() {
        let large = answer
            .statements
            .iter()
            .any(|s| s.causes.first().is_some_and(|c| *c == "header.too_large"));
        answer.outcome = if large { Outcome::Refused(Sign::FieldsTooLarge) } else { said() };
    }
}

/// A redirect with an error and a 2xx error are held to the words that are auth by themselves.
const fn strict_setting(setting: Setting, status: u16) -> Setting {
    if status >= 200 && status < 400 { Setting { login: false, ..setting } } else { setting }
}

/// Makes a statement of a clue, and says whether it makes the answer a refusal by itself.
fn interpret(
    clue: &Clue,
    setting: Setting,
    status: u16,
    catalogue: &Catalogue,
    speech: &Answered<'_, '_>,
    answer: &mut Answer,
) -> Option<(Statement, bool)> {
    answer.server_time = answer.server_time.or_else(|| match clue.key.as_str() {
        "servertime" | "server_time" | "currenttime" | "current_time" => {
            clock::instant(&clue.text, false)
        }
        _ => None,
    });
    hear(&clue.text, answer);
    if is_stock_phrase(&clue.text) {
        return Some((statement(&[], Weight::Vague, &clue.text, &clue.place), true));
    }
    if let Some(known) = catalogue.recognise(clue, status, speech) {
        answer.server_time = answer.server_time.or(known.time);
        let mut causes = known.causes.to_vec();
        by_grant(&mut causes, setting);
        let mut weight = known.weight;
        // At a token endpoint it is the user or a policy that said no (RFC 8628, section 3.5).
        if setting.grant && known.id.starts_with("standard.access_denied") {
            causes = vec![CauseId::of("oauth.access_denied")];
            weight = Weight::Code;
        }
        let said = Statement {
            causes,
            weight,
            text: shown(&clue.text),
            place: clue.place.clone(),
            dialect: Some(known.id.to_owned()),
            expected: known.expected.or_else(|| value::expected_in(&clue.text)),
            seen_by: None,
        };
        // `invalid_request` and a vague word alone are no auth on a plain 400; what a token endpoint
        // says is none to a request that bears a token, and a vague word none beside a 402, where a bank asks
        // who pays.
        let coarse = known.id == "standard.invalid_request"
            || status == 402 && known.weight == Weight::Vague
            || setting.bearer && TOKEN_ENDPOINT_SAYS.contains(&known.id);
        return Some((said, !coarse || setting.is_auth()));
    }
    if let Some((causes, weight)) = numeric(clue, status) {
        return Some((statement(causes, weight, &clue.text, &clue.place), true));
    }
    let words = if clue.rank >= 4
        && !clue.key.is_empty()
        && !clue.place.starts_with("body.h")
        && clue.key.len() > 2
        && clue.key != "title"
    {
        format!("{} {}", clue.key, clue.text)
    } else {
        clue.text.clone()
    };
    let meaning = general::read(&words, setting)?;
    if meaning.ignore {
        return None;
    }
    let weight = weigh(clue, &meaning, setting, answer.outcome);
    let said = Statement {
        causes: meaning.causes.clone(),
        weight,
        text: shown(&clue.text),
        place: clue.place.clone(),
        dialect: None,
        expected: value::expected_in(&clue.text),
        seen_by: None,
    };
    Some((said, true))
}

/// Takes the times that a message prints; of two messages the first that prints one counts.
fn hear(text: &str, answer: &mut Answer) {
    let printed = clock::read(text);
    answer.server_time = answer.server_time.or(printed.now);
    let told = &mut answer.told;
    told.exp = told.exp.or(printed.told.exp);
    told.start = told.start.or(printed.told.start);
    told.late_ms = told.late_ms.or(printed.told.late_ms);
    told.early_ms = told.early_ms.or(printed.told.early_ms);
}

/// Weighs a general reading: what says one thing and nothing else is as good as known.
fn weigh(clue: &Clue, meaning: &Meaning, setting: Setting, outcome: Outcome) -> Weight {
    let [_first, others @ ..] = meaning.causes.as_slice() else { return Weight::Vague };
    let text = clue.text.trim();
    let about_auth = setting.challenged || outcome.is_refused();
    let plain = meaning.plain && others.is_empty();
    if meaning.vague {
        Weight::Vague
    } else if is_word(text) && clue.rank <= 2 {
        if plain { Weight::Code } else { Weight::Words }
    } else if plain && about_auth && clue.rank <= 3 {
        Weight::Phrase
    } else {
        Weight::Words
    }
}

/// A status inside the body: `{"code":401}`.
fn numeric(clue: &Clue, status: u16) -> Option<(&'static [&'static str], Weight)> {
    if !clue.place.starts_with("body") || clue.rank > 1 || clue.text.trim() == status.to_string() {
        return None;
    }
    match clue.text.trim() {
        "401" => Some((&[], Weight::Vague)),
        "403" => Some((&["authz.role"], Weight::Vague)),
        "429" => Some((&["other.rate_limit"], Weight::Words)),
        _ => None,
    }
}

/// Returns whether a text is the code of a refusal and nothing else: GraphQL's `UNAUTHENTICATED`.
fn is_verdict(clue: &Clue) -> bool {
    clue.rank <= 1
        && clue.key == "code"
        && ["unauthenticated", "unauthorized", "unauthorised", "forbidden"]
            .iter()
            .any(|word| clue.text.trim().eq_ignore_ascii_case(word))
}

/// The grant that was asked for tells which meaning of `invalid_grant` comes first.
fn by_grant(causes: &mut Vec<CauseId>, setting: Setting) {
    let first = match (setting.refresh, setting.password, setting.code) {
        (true, _, _) => "oauth.refresh_refused",
        (_, true, _) => "login.bad_credentials",
        (_, _, true) => "oauth.invalid_grant",
        _ => return,
    };
    if let Some(at) = causes.iter().position(|c| *c == first) {
        let cause = causes.remove(at);
        causes.insert(0, cause);
    }
}

fn blocked(exchange: &Exchange<'_>, answer: &mut Answer) {
    if answer.outcome.is_refused()
        && let Some(error) = exchange.error.as_deref()
    {
        answer.statements.push(statement(
            &["cors.origin", "cors.preflight"],
            Weight::Vague,
            error,
            "error",
        ));
    }
}

/// Returns whether a body that could have held the reason was not recorded.
fn lacks_body(exchange: &Exchange<'_>) -> bool {
    let body = &exchange.response_body;
    if !body.text.raw().is_empty() {
        return false;
    }
    let none_sent = body.size == Some(0)
        || exchange.response_header("content-length").is_some_and(|v| v.trim() == "0")
        || exchange.method.as_deref().is_some_and(|m| m.eq_ignore_ascii_case("head"));
    body.withheld || !none_sent
}

pub(super) fn statement(
    causes: &[&'static str],
    weight: Weight,
    text: &str,
    place: &str,
) -> Statement {
    Statement {
        causes: causes.iter().copied().map(CauseId::of).collect(),
        weight,
        text: shown(text),
        place: place.to_owned(),
        dialect: None,
        expected: None,
        seen_by: None,
    }
}

#[cfg(test)]
mod tests;
