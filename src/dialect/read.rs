//! One response from its fields, target and body to its statements.

use crate::model::{Answer, CauseId, Challenge, Exchange, Outcome, Sign, Statement, Text, Weight};

use super::body::{self, Clue, Reading};
use super::catalogue::{Catalogue, Speech};
use super::general::{self, Setting};
use super::words::{is_word, shown};
use super::{challenge, outcome, said, status_statement, tree, value};

/// Statements of one answer that are kept.
const MOST: usize = 12;

pub(super) fn read(exchange: &Exchange<'_>, catalogue: &Catalogue) -> Answer {
    let mut answer = Answer { outcome: outcome::of_status(exchange), ..Answer::default() };
    let grpc = grpc_status(exchange);
    if matches!(grpc.as_deref(), Some("16" | "7")) {
        answer.outcome = Outcome::Refused(Sign::Grpc);
    }
    let Some(status) = exchange.status.or(grpc.is_some().then_some(200)) else {
        blocked(exchange, &mut answer);
        return answer;
    };
    let mut clues = Vec::new();
    let mut reading = Reading::default();
    let mut login_redirect = false;
    match status {
        300..=399 => {
            let Some(redirect) = outcome::redirect(exchange) else { return answer };
            login_redirect = redirect.login || redirect.back_to_login;
            if redirect.back_to_login {
                answer.statements.push(statement(&["login.bad_credentials"], Weight::Vague, "back to the login page", "redirect"));
            } else if redirect.login {
                answer.statements.push(statement(&["session.expired", "header.missing"], Weight::Vague, "redirect to a login page", "redirect"));
            }
            for (name, text) in redirect.errors {
                let rank = u8::from(name != "error") * 2;
                clues.push(Clue { place: format!("redirect.{name}"), key: name, text, rank });
            }
            if clues.is_empty() && !login_redirect {
                return answer;
            }
        }
        0..=299 if grpc.is_none() => {
            reading = body::of_success(exchange);
            if reading.clues.is_empty() {
                if outcome::wants_data(exchange)
                    && !outcome::is_login_target(&exchange.url)
                    && body::is_login_page(exchange)
                {
                    answer.outcome = Outcome::Refused(Sign::LoginPage);
                    answer.statements.push(statement(&["session.expired", "header.missing"], Weight::Vague, "a login page", "body"));
                }
                return answer;
            }
        }
        _ => reading = body::of_error(exchange),
    }
    let is_page = reading.page;
    answer.challenges = challenge::of(exchange);
    let setting = setting(exchange, status, &answer);
    if status >= 400 || grpc.is_some() {
        fields(exchange, &answer.challenges, &mut clues);
        answer.body_missing = lacks_body(exchange);
    }
    clues.append(&mut reading.clues);
    // `{"code":401}` in a 2xx answer makes it one of auth.
    let setting = if clues.iter().any(|c| numeric(c, status).is_some()) {
        Setting { challenged: true, ..setting }
    } else {
        setting
    };
    let speech = Answered { exchange, clues: &clues };
    let mut told = false;
    for clue in &clues {
        let strict = strict_setting(setting, status);
        let Some((said, counts)) = interpret(clue, strict, status, catalogue, &speech, &mut answer) else { continue };
        told |= counts && (!is_page || said.weight != Weight::Vague);
        if !answer.statements.iter().any(|s| s.text == said.text && s.causes == said.causes) {
            answer.statements.push(said);
        }
    }
    joined(&clues, setting, &mut answer);
    bare_challenges(&mut answer);
    decide(status, told, login_redirect, &mut answer);
    if answer.outcome.is_refused() {
        answer.statements.extend(status_statement(status));
    } else {
        answer.statements.clear();
    }
    sort(&mut answer.statements);
    answer.statements.truncate(MOST);
    answer
}

/// Decides whether words turn a neutral or successful status into a refusal.
fn decide(status: u16, told: bool, login_redirect: bool, answer: &mut Answer) {
    if login_redirect || ((300..400).contains(&status) && told) {
        answer.outcome = Outcome::Refused(Sign::LoginRedirect);
    } else if told && !answer.outcome.is_refused() {
        let large = answer.statements.iter().any(|s| s.causes.first().is_some_and(|c| *c == "header.too_large"));
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
        "servertime" | "server_time" | "currenttime" | "current_time" => value::time_in(&clue.text),
        _ => value::server_time_in(&clue.text),
    });
    if let Some(known) = catalogue.recognise(clue, status, speech) {
        answer.server_time = answer.server_time.or(known.time);
        let mut causes = known.causes.to_vec();
        by_grant(&mut causes, setting);
        let said = Statement {
            causes,
            weight: known.weight,
            text: shown(&clue.text),
            place: clue.place.clone(),
            dialect: Some(known.id.to_owned()),
            expected: known.expected.or_else(|| value::expected_in(&clue.text)),
        };
        // `invalid_request` and a vague word alone are no auth on a plain 400.
        let coarse = known.id == "standard.invalid_request";
        return Some((said, !coarse || setting.is_auth()));
    }
    if let Some((causes, weight)) = numeric(clue, status) {
        return Some((statement(causes, weight, &clue.text, &clue.place), true));
    }
    let words = if clue.rank >= 4 && !clue.key.is_empty() && !clue.place.starts_with("body.h") && clue.key.len() > 2 && clue.key != "title" {
        format!("{} {}", clue.key, clue.text)
    } else {
        clue.text.clone()
    };
    let meaning = general::read(&words, setting)?;
    if meaning.ignore {
        return None;
    }
    let weight = if meaning.vague || meaning.causes.is_empty() {
        Weight::Vague
    } else if is_word(clue.text.trim()) && clue.rank <= 2 && meaning.causes.len() == 1 {
        Weight::Code
    } else if clue.place.contains("-authenticate.") && meaning.causes.len() == 1 {
        // A challenge is written by the verifier; a body may be the framework's stock phrase.
        Weight::Phrase
    } else {
        Weight::Words
    };
    let said = Statement {
        causes: meaning.causes,
        weight,
        text: shown(&clue.text),
        place: clue.place.clone(),
        dialect: None,
        expected: value::expected_in(&clue.text),
    };
    Some((said, true))
}

/// A status inside the body: `{"code":401}`.
fn numeric(clue: &Clue, status: u16) -> Option<(&'static [&'static str], Weight)> {
    if !clue.place.starts_with("body") || clue.rank > 1 || clue.text.trim() == status.to_string() {
        return None;
    }
    match clue.text.trim() {
        "401" => Some((&[], Weight::Vague)),
        "403" => Some((&["authz.role"], Weight::Vague)),
        _ => None,
    }
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

/// Where no clue alone names a cause, code and message together may: `token`, then `expired`.
fn joined(clues: &[Clue], setting: Setting, answer: &mut Answer) {
    if answer.statements.iter().any(|s| s.weight > Weight::Vague) {
        return;
    }
    let texts: Vec<&str> =
        clues.iter().filter(|c| c.rank <= 3 && c.text.len() <= 48).take(4).map(|c| c.text.as_str()).collect();
    if texts.len() < 2 {
        return;
    }
    let all = texts.join(" ");
    if let Some(meaning) = general::read(&all, setting)
        && !meaning.vague
        && !meaning.ignore
        && !meaning.causes.is_empty()
    {
        answer.statements.push(Statement {
            causes: meaning.causes,
            weight: Weight::Words,
            text: shown(&all),
            place: "body".to_owned(),
            dialect: None,
            expected: None,
        });
    }
}

/// What a challenge says by its form: no `error` means that no credential came (RFC 6750, section 3.1).
fn bare_challenges(answer: &mut Answer) {
    let mut said = Vec::new();
    for challenge in &answer.challenges {
        let place = if challenge.proxy { "header:proxy-authenticate" } else { "header:www-authenticate" };
        let stale = challenge.param("stale").is_some_and(|v| v.eq_ignore_ascii_case("true"));
        let silent = challenge.param("error").is_none();
        let (causes, weight): (&[&'static str], _) = match challenge.scheme.to_ascii_lowercase().as_str() {
            "digest" if stale => (&["digest.stale_nonce"], Weight::Code),
            "digest" => (&["header.missing", "digest.bad_password"], Weight::Vague),
            "basic" => (&["header.missing", "basic.bad_password"], Weight::Vague),
            "negotiate" | "ntlm" | "kerberos" => (&["header.missing", "negotiate.failed"], Weight::Vague),
            "bearer" if silent => (&["header.missing", "header.scheme_wrong"], Weight::Vague),
            "dpop" if silent => (&["dpop.required", "header.missing"], Weight::Vague),
            _ => continue,
        };
        said.push(statement(causes, weight, &challenge.scheme, place));
        if let Some(scope) = challenge.param("scope").filter(|s| !s.is_empty()) {
            for statement in &mut answer.statements {
                let about_scope = statement.causes.first().is_some_and(|c| *c == "authz.scope");
                if about_scope && statement.expected.is_none() {
                    statement.expected = Some(shown(scope));
                }
            }
        }
    }
    answer.statements.append(&mut said);
}

/// Collects clues from challenges, other fields, reasons, gRPC and the reason phrase.
fn fields(exchange: &Exchange<'_>, challenges: &[Challenge], clues: &mut Vec<Clue>) {
    for challenge in challenges {
        let field = if challenge.proxy { "proxy-authenticate" } else { "www-authenticate" };
        for (name, value) in &challenge.params {
            let rank = match name.as_str() {
                "error" | "error_code" => 0,
                "error_description" | "message" | "reason" | "error_message" | "cause" | "description" => 2,
                _ => continue,
            };
            clues.push(Clue {
                place: format!("header:{field}.{name}"),
                key: name.clone(),
                text: value.clone(),
                rank,
            });
        }
    }
    for header in &exchange.response_headers {
        let name = header.name.to_ascii_lowercase();
        let wanted = name == "x-amzn-errortype"
            || name == "grpc-message"
            || name == "dpop-nonce"
            || (name.starts_with("x-") && (name.contains("error") || name.contains("reason") || name.contains("denied")));
        if !wanted || header.value.trim().is_empty() {
            continue;
        }
        let (place, text) = match name.as_str() {
            "grpc-message" => ("grpc-message".to_owned(), tree::percent(&header.value)),
            "x-amzn-errortype" => {
                (format!("header:{name}"), header.value.split(':').next().unwrap_or_default().to_owned())
            }
            "dpop-nonce" => continue,
            _ => (format!("header:{name}"), header.value.to_string()),
        };
        clues.push(Clue { place, key: name, text, rank: 1 });
    }
    for (name, text) in &exchange.reasons {
        let key = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
        if !text.trim().is_empty() {
            clues.push(Clue { place: format!("reason:{name}"), key, text: text.to_string(), rank: 1 });
        }
    }
    if let Some(phrase) = exchange.status_text.as_deref().filter(|p| !is_standard(p)) {
        clues.push(Clue { place: "status".to_owned(), key: String::new(), text: phrase.to_owned(), rank: 3 });
    }
    if let Some(error) = exchange.error.as_deref() {
        clues.push(Clue { place: "error".to_owned(), key: String::new(), text: error.to_owned(), rank: 3 });
    }
}

fn is_standard(phrase: &str) -> bool {
    let phrase = phrase.trim();
    phrase.is_empty()
        || ["Unauthorized", "Forbidden", "OK", "Bad Request", "Not Found", "Authorization Required", "Too Many Requests", "Internal Server Error", "Proxy Authentication Required"]
            .iter()
            .any(|p| phrase.eq_ignore_ascii_case(p))
}

fn setting(exchange: &Exchange<'_>, status: u16, answer: &Answer) -> Setting {
    let sent = exchange.request_header("authorization").unwrap_or_default();
    let sent = sent.split(' ').next().unwrap_or_default().to_ascii_lowercase();
    let only = |scheme: &str| {
        !answer.challenges.is_empty()
            && answer.challenges.iter().all(|c| c.scheme.eq_ignore_ascii_case(scheme))
    };
    let grant_type = grant_type(exchange);
    let granted = |name: &str| grant_type.as_deref() == Some(name);
    Setting {
        status,
        login: outcome::is_login_request(exchange),
        grant: grant_type.is_some() || outcome::is_token_endpoint(&exchange.url),
        refresh: granted("refresh_token"),
        code: granted("authorization_code"),
        password: granted("password"),
        basic: sent == "basic" || only("basic"),
        digest: sent == "digest" || only("digest"),
        bearer: sent == "bearer" || only("bearer"),
        sigv4: sent.starts_with("aws4-"),
        challenged: !answer.challenges.is_empty(),
    }
}

/// Takes `grant_type` from a form or JSON body.
fn grant_type(exchange: &Exchange<'_>) -> Option<String> {
    let body = &exchange.request_body;
    if let Some((_, value)) = body.params.iter().find(|(n, _)| n == "grant_type") {
        return Some(value.to_string());
    }
    if matches!(body.text, Text::Absent) || body.text.raw().len() > 16 * 1024 {
        return None;
    }
    memchr::memmem::find(body.text.raw(), b"grant_type")?;
    let text = body.text.read();
    let node = tree::json(&text).or_else(|| tree::form(&text))?;
    node.get("grant_type").and_then(tree::Node::text).map(str::to_owned)
}

/// Returns `grant-status` from a field or a log's column.
fn grpc_status(exchange: &Exchange<'_>) -> Option<String> {
    let logged = || {
        let found = exchange.reasons.iter().find(|(n, _)| {
            n.eq_ignore_ascii_case("grpc-status") || n.eq_ignore_ascii_case("grpc_status")
        });
        found.map(|(_, v)| v.to_string())
    };
    let text = exchange.response_header("grpc-status").map(str::to_owned).or_else(logged)?;
    let code = match text.trim().to_ascii_uppercase().as_str() {
        "UNAUTHENTICATED" => "16".to_owned(),
        "PERMISSION_DENIED" | "PERMISSIONDENIED" => "7".to_owned(),
        other => other.to_owned(),
    };
    (code != "0" && !code.is_empty() && code != "-").then_some(code)
}

fn blocked(exchange: &Exchange<'_>, answer: &mut Answer) {
    if answer.outcome.is_refused()
        && let Some(error) = exchange.error.as_deref()
    {
        answer.statements.push(statement(&["cors.origin", "cors.preflight"], Weight::Vague, error, "error"));
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

fn statement(causes: &[&'static str], weight: Weight, text: &str, place: &str) -> Statement {
    Statement {
        causes: causes.iter().copied().map(CauseId::of).collect(),
        weight,
        text: shown(text),
        place: place.to_owned(),
        dialect: None,
        expected: None,
    }
}

/// Sorts statements, strongest first; equal ones keep their order, codes before messages.
fn sort(statements: &mut [Statement]) {
    statements.sort_by_key(|s| {
        let weight = match s.weight {
            Weight::Code => 0,
            Weight::Phrase => 1,
            Weight::Words => 2,
            Weight::Vague => 3,
            Weight::Status => 5,
        };
        let silent = u8::from(s.causes.is_empty());
        // A vague word that names nothing stands behind a status that does.
        let challenge = s.place.contains("-authenticate.");
        (weight + silent, !challenge, s.dialect.is_none(), s.causes.len() > 1)
    });
}

/// The answer as entries ask for its speaker.
struct Answered<'x, 'e> {
    exchange: &'x Exchange<'e>,
    clues: &'x [Clue],
}

impl Speech for Answered<'_, '_> {
    fn bears(&self, mark: &str) -> bool {
        match mark.split_once(':') {
            Some(("header", name)) => match name.split_once('=') {
                Some((name, value)) => self
                    .exchange
                    .response_header(name)
                    .is_some_and(|v| v.to_ascii_lowercase().contains(value)),
                None => self.exchange.response_headers.iter().any(|h| {
                    h.name.get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name))
                }),
            },
            Some(("key", path)) => {
                self.clues.iter().any(|c| c.place.get(5..).is_some_and(|p| p.eq_ignore_ascii_case(path)))
            }
            Some(("word", word)) => self.clues.iter().any(|c| c.text.contains(word)),
            Some(("host", name)) => self.exchange.url.contains(name),
            _ => false,
        }
    }
}
