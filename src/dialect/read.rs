//! One response from its fields, target and body to its statements.

use crate::model::{Answer, CauseId, Challenge, Exchange, Outcome, Sign, Statement, Weight};

use super::body::{self, Clue, Reading};
use super::catalogue::{Catalogue, Speech};
use super::fields::{errors_logged, fields, grpc_status, is_stock_phrase, setting};
use super::general::{self, Meaning, Setting};
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

pub(super) fn read(exchange: &Exchange<'_>, catalogue: &Catalogue) -> Answer {
    let mut answer = Answer { outcome: outcome::of_status(exchange), ..Answer::default() };
    let grpc = grpc_status(exchange);
    if matches!(grpc.as_deref(), Some("16" | "7")) {
        answer.outcome = Outcome::Refused(Sign::Grpc);
    }
    // An event without a status (an identity provider's log) may still state a reason.
    let event = (grpc.is_some() || !exchange.reasons.is_empty()).then_some(EVENT);
    let Some(status) = exchange.status.or(event) else {
        blocked(exchange, &mut answer);
        return answer;
    };
    let gathered = match status {
        300..=399 => moved(exchange, &mut answer),
        100..=299 if grpc.is_none() => let_in(exchange, &mut answer),
        _ => Some(Gathered {
            clues: brought_back(exchange),
            reading: body::of_error(exchange),
            ..Gathered::default()
        }),
    };
    let Some(Gathered { mut clues, mut reading, login_redirect }) = gathered else {
        return answer;
    };
    let is_page = reading.page;
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
    let speech = Answered { exchange, clues: &clues };
    let mut told = false;
    let strict = strict_setting(setting, status);
    let strict = Setting { alone: clues.len() == 1, ..strict };
    for clue in &clues {
        if clue.rank == body::ECHO && !setting.is_auth() {
            continue;
        }
        if is_page && is_help(clue, &answer) {
            continue;
        }
        let Some((said, counts)) = interpret(clue, strict, status, catalogue, &speech, &mut answer)
        else {
            continue;
        };
        told |= counts && (!is_page || said.weight != Weight::Vague);
        if !answer.statements.iter().any(|s| s.text == said.text && s.causes == said.causes) {
            answer.statements.push(said);
        }
    }
    answer.server_time = answer.server_time.or(reading.made);
    something_came(&mut answer);
    joined(&clues, setting, &mut answer);
    asked(&answer.challenges, &mut answer.statements);
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
    if outcome::wants_data(exchange)
        && !outcome::is_login_target(&exchange.url)
        && body::is_login_page(exchange)
    {
        answer.outcome = Outcome::Refused(Sign::LoginPage);
        let causes = &["session.expired", "header.missing"];
        answer.statements.push(statement(causes, Weight::Vague, "a login page", "body"));
    }
    None
}

/// Reads a page that answers a login: the form shown again, or a word on what was wrong.
fn login_again(exchange: &Exchange<'_>, answer: &mut Answer) -> Option<Gathered> {
    let mut reading = body::of_login(exchange)?;
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
    let shown = if reading.login_page { "the login form again" } else { "a page of the login" };
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
        };
        // `invalid_request` and a vague word alone are no auth on a plain 400; what a token endpoint
        // says is none to a request that bears a token.
        let coarse = known.id == "standard.invalid_request"
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
        causes: meaning.causes,
        weight,
        text: shown(&clue.text),
        place: clue.place.clone(),
        dialect: None,
        expected: value::expected_in(&clue.text),
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

/// Lowers "no credential came" where a challenge names the fault of one: `error` is for a request that bore
/// a token (RFC 6750, section 3.1), and the body beside it is often the framework's stock answer.
fn something_came(answer: &mut Answer) {
    let named = answer.statements.iter().any(|s| {
        s.weight > Weight::Vague
            && s.place.contains("-authenticate.")
            && s.causes.first().is_some_and(|c| {
                ["time.", "claim.", "signature.", "state."]
                    .iter()
                    .any(|f| c.as_str().starts_with(f))
            })
    });
    if !named {
        return;
    }
    for said in &mut answer.statements {
        if !said.place.contains("-authenticate")
            && said.causes.first().is_some_and(|c| *c == "header.missing")
        {
            said.weight = Weight::Vague;
        }
    }
}

/// Where no clue alone names a cause, code and message together may: `token`, then `expired`.
fn joined(clues: &[Clue], setting: Setting, answer: &mut Answer) {
    if answer.statements.iter().any(|s| s.weight > Weight::Vague) {
        return;
    }
    let texts: Vec<&str> = clues
        .iter()
        .filter(|c| c.rank <= 3 && c.text.len() <= 48)
        .take(4)
        .map(|c| c.text.as_str())
        .collect();
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

/// Adds what a challenge asks for to the statements about it: `scope`, `acr_values`, `max_age`.
fn asked(challenges: &[Challenge], statements: &mut [Statement]) {
    for (param, cause) in
        [("scope", "authz.scope"), ("acr_values", "authz.step_up"), ("max_age", "authz.step_up")]
    {
        let value = challenges.iter().find_map(|c| c.param(param)).filter(|v| !v.is_empty());
        let about = |s: &&mut Statement| s.causes.first().is_some_and(|c| *c == cause);
        for statement in statements.iter_mut().filter(about).filter(|_| value.is_some()) {
            if statement.expected.is_none() {
                statement.expected = value.map(shown);
            }
        }
    }
}

/// What a challenge says by its form: no `error` means that no credential came (RFC 6750, section 3.1).
fn bare_challenges(answer: &mut Answer) {
    let mut said = Vec::new();
    for challenge in &answer.challenges {
        let place =
            if challenge.proxy { "header:proxy-authenticate" } else { "header:www-authenticate" };
        let stale = challenge.param("stale").is_some_and(|v| v.eq_ignore_ascii_case("true"));
        let silent = challenge.param("error").is_none();
        let (causes, weight): (&[&'static str], _) =
            match challenge.scheme.to_ascii_lowercase().as_str() {
                "digest" if stale => (&["digest.stale_nonce"], Weight::Code),
                "digest" => (&["header.missing", "digest.bad_password"], Weight::Vague),
                "basic" => (&["header.missing", "basic.bad_password"], Weight::Vague),
                "negotiate" | "ntlm" | "kerberos" => {
                    (&["header.missing", "negotiate.failed"], Weight::Vague)
                }
                "bearer" if silent => (&["header.missing", "header.scheme_wrong"], Weight::Vague),
                "dpop" if silent => (&["dpop.required", "header.missing"], Weight::Vague),
                _ => continue,
            };
        said.push(statement(causes, weight, &challenge.scheme, place));
    }
    answer.statements.append(&mut said);
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
            Some(("key", path)) => self
                .clues
                .iter()
                .any(|c| c.place.get(5..).is_some_and(|p| p.eq_ignore_ascii_case(path))),
            Some(("word", word)) => self.clues.iter().any(|c| c.text.contains(word)),
            Some(("host", name)) => self.exchange.url.contains(name),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{At, Body, Header, Text};

    fn exchange(
        status: u16,
        fields: &[(&'static str, &'static str)],
        body: &'static str,
    ) -> Exchange<'static> {
        let headers = fields.iter().map(|(n, v)| Header { name: (*n).into(), value: (*v).into() });
        Exchange {
            status: Some(status),
            method: Some("GET".into()),
            url: "https://api.example.com/v1/orders".into(),
            response_headers: headers.collect(),
            response_body: Body {
                text: if body.is_empty() { Text::Absent } else { Text::Plain(body.into()) },
                ..Body::default()
            },
            ..Exchange::default()
        }
    }

    fn first(answer: &Answer) -> (&str, &str, Weight) {
        let statement = answer.statements.first().unwrap();
        let cause = statement.causes.first().map_or("", |c| c.as_str());
        (cause, &statement.place, statement.weight)
    }

    fn answer(exchange: &Exchange<'_>) -> Answer {
        read(exchange, Catalogue::embedded())
    }

    #[test]
    fn a_description_beats_the_coarse_code_beside_it() {
        let challenge =
            r#"Bearer error="invalid_token", error_description="The access token expired""#;
        let answer = answer(&exchange(401, &[("WWW-Authenticate", challenge)], ""));
        assert_eq!(first(&answer).0, "time.expired");
        assert_eq!(answer.statements.last().unwrap().weight, Weight::Status);
    }

    #[test]
    fn a_bare_challenge_says_that_nothing_came_and_says_it_softly() {
        let answer = answer(&exchange(401, &[("www-authenticate", "Bearer realm=\"x\"")], ""));
        assert_eq!(first(&answer), ("header.missing", "header:www-authenticate", Weight::Vague));
    }

    #[test]
    fn a_stale_digest_nonce_is_a_code() {
        let challenge = r#"Digest realm="r", nonce="n", stale=TRUE"#;
        let answer = answer(&exchange(401, &[("WWW-Authenticate", challenge)], ""));
        assert_eq!(first(&answer), ("digest.stale_nonce", "header:www-authenticate", Weight::Code));
    }

    #[test]
    fn the_scope_of_a_challenge_is_what_was_expected() {
        let challenge = r#"Bearer error="insufficient_scope", scope="orders:write""#;
        let answer = answer(&exchange(403, &[("WWW-Authenticate", challenge)], ""));
        let expected = answer.statements.first().and_then(|s| s.expected.as_deref());
        assert_eq!((first(&answer).0, expected), ("authz.scope", Some("orders:write")));
    }

    #[test]
    fn a_stock_answer_gives_way_to_the_fault_that_a_challenge_names() {
        let stock = r#"{"detail":"Authentication credentials were not provided."}"#;
        let challenge =
            r#"Bearer error="invalid_token", error_description="The access token has expired.""#;
        let named = answer(&exchange(401, &[("WWW-Authenticate", challenge)], stock));
        assert_eq!(first(&named).0, "time.expired");
        let bare = answer(&exchange(401, &[("WWW-Authenticate", "Bearer")], stock));
        assert_eq!(first(&bare).0, "header.missing");
    }

    #[test]
    fn the_signature_of_a_request_is_told_from_that_of_a_token() {
        let body = r#"{"message":"Invalid signature"}"#;
        let sent = |fields: &[(&'static str, &'static str)]| {
            let mut exchange = exchange(401, &[], body);
            let header = |(n, v): &(&'static str, &'static str)| Header {
                name: (*n).into(),
                value: (*v).into(),
            };
            exchange.request_headers = fields.iter().map(header).collect();
            first(&answer(&exchange)).0.to_owned()
        };
        assert_eq!(sent(&[("X-Ca-Signature", "m3Jq")]), "reqsig.signature");
        assert_eq!(sent(&[("Authorization", "HMAC-SHA256 Signature=m3Jq")]), "reqsig.signature");
        assert_eq!(sent(&[("Authorization", "Bearer e.e.e")]), "signature.invalid");
    }

    #[test]
    fn access_denied_is_the_users_word_at_a_token_endpoint_alone() {
        let mut device = exchange(400, &[], r#"{"error":"access_denied"}"#);
        device.request_body.text = Text::Plain("grant_type=x&device_code=y".into());
        assert_eq!(first(&answer(&device)).0, "oauth.access_denied");
        let api = answer(&exchange(403, &[], r#"{"error":"access_denied"}"#));
        assert_eq!(first(&api).0, "authz.role");
    }

    #[test]
    fn a_presigned_target_is_what_expires() {
        let url = "https://s3.example.com/b/k?X-Amz-Date=20261122T021313Z&X-Amz-Expires=60&X-Amz-Signature=ab";
        let mut exchange = exchange(403, &[], r#"{"message":"Request has expired"}"#);
        exchange.url = url.into();
        let answer = read(&exchange, Catalogue::standards());
        assert_eq!(first(&answer).0, "sigv4.expired_url");
    }

    #[test]
    fn grpc_refuses_in_a_200() {
        let fields = [("grpc-status", "16"), ("grpc-message", "token%20is%20expired")];
        let refused = answer(&exchange(200, &fields, ""));
        assert_eq!(refused.outcome, Outcome::Refused(Sign::Grpc));
        assert_eq!(first(&refused).0, "time.expired");
        // Words that are auth on a 401 alone are auth under its like.
        let fields = [("grpc-status", "16"), ("grpc-message", "unsupported_algorithm")];
        assert_eq!(first(&answer(&exchange(200, &fields, ""))).0, "signature.algorithm");
        assert_eq!(answer(&exchange(200, &[("grpc-status", "0")], "")).outcome, Outcome::LetIn);
        assert!(!answer(&exchange(200, &[("grpc-status", "5")], "")).outcome.is_refused());
    }

    #[test]
    fn the_grant_tells_what_invalid_grant_means() {
        for (form, cause) in [
            ("grant_type=refresh_token&refresh_token=x", "oauth.refresh_refused"),
            ("grant_type=authorization_code&code=x", "oauth.invalid_grant"),
            ("grant_type=password&username=a", "login.bad_credentials"),
        ] {
            let mut exchange = exchange(400, &[], r#"{"error":"invalid_grant"}"#);
            exchange.method = Some("POST".into());
            exchange.url = "https://id.example.com/oauth/token".into();
            exchange.request_body.text = Text::Plain(form.into());
            assert_eq!(first(&answer(&exchange)).0, cause, "{form}");
        }
    }

    #[test]
    fn one_code_means_what_its_speaker_means() {
        let body = "<Error><Code>SignatureDoesNotMatch</Code></Error>";
        let aws = answer(&exchange(403, &[("x-amz-request-id", "1")], body));
        assert_eq!(first(&aws).0, "sigv4.signature");
        let other = answer(&exchange(403, &[("x-oss-request-id", "1")], body));
        assert_eq!(first(&other).0, "reqsig.signature");
    }

    #[test]
    fn an_error_that_tells_when_it_was_made_tells_the_clock() {
        let time = |status: u16, body: &str| {
            let mut refused = exchange(status, &[], "");
            refused.response_body.text = Text::Plain(body.to_owned().into());
            answer(&refused).server_time
        };
        let known = Some(At::from_secs(1_795_399_983));
        let spring = r#"{"timestamp":"2026-11-23T02:13:03.000+00:00","status":401,"error":"Unauthorized","path":"/me"}"#;
        assert_eq!(time(401, spring), known);
        let older = r#"{"timestamp":1795399983000,"status":401,"error":"Unauthorized","message":"No message available","path":"/me"}"#;
        assert_eq!(time(401, older), known);
        // Another status, no status, no zone: it may be any moment.
        assert_eq!(time(403, spring), None);
        assert_eq!(time(401, r#"{"timestamp":1795399983000,"error":"Unauthorized"}"#), None);
        let local = spring.replace("+00:00", "");
        assert_eq!(time(401, &local), None);
        // What the message itself says goes before.
        let both = spring.replace(
            "\"/me\"",
            "\"/me\",\"message\":\"JWT expired. Current time: 2026-11-23T02:13:05Z\"",
        );
        assert_eq!(time(401, &both), Some(At::from_secs(1_795_399_985)));
    }

    #[test]
    fn the_server_prints_its_clock() {
        let body = "<Error><Code>RequestTimeTooSkewed</Code><ServerTime>2026-11-23T02:13:00Z</ServerTime></Error>";
        let answer = answer(&exchange(403, &[], body));
        assert_eq!(answer.server_time, Some(At::from_secs(1_795_399_980)));
    }

    #[test]
    fn reasons_of_gateways_are_read() {
        let mut exchange = exchange(401, &[], "");
        exchange.reasons = vec![(
            "response_code_details".into(),
            "jwt_authn_access_denied{Jwt_is_expired}".into(),
        )];
        let answer = answer(&exchange);
        assert_eq!(first(&answer), ("time.expired", "reason:response_code_details", Weight::Code));
        assert!(answer.body_missing);
    }

    #[test]
    fn an_event_without_a_status_is_refused_by_its_reason_alone() {
        let logged = |reason: &'static str| {
            let reasons = vec![("error".into(), reason.into())];
            answer(&Exchange { reasons, ..Exchange::default() })
        };
        let refused = logged("invalid_user_credentials");
        assert_eq!(refused.outcome, Outcome::Refused(Sign::Said));
        assert_eq!(first(&refused).0, "login.bad_credentials");
        assert_eq!(logged("disk full").outcome, Outcome::Unanswered);
    }

    #[test]
    fn a_plain_401_names_no_cause() {
        let answer = answer(&exchange(401, &[("content-length", "0")], ""));
        assert_eq!(first(&answer), ("", "status", Weight::Status));
        assert!(!answer.body_missing);
    }

    #[test]
    fn two_statements_that_disagree_stay_two() {
        let challenge = r#"Bearer error="invalid_token", error_description="Token expired""#;
        let answer = answer(&exchange(
            401,
            &[("WWW-Authenticate", challenge)],
            r#"{"error":"invalid_issuer"}"#,
        ));
        let causes: Vec<&str> = answer
            .statements
            .iter()
            .filter_map(|s| s.causes.first())
            .map(CauseId::as_str)
            .collect();
        assert_eq!(causes, ["claim.issuer", "time.expired"]);
    }
}
