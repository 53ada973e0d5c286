//! What the statements of one answer mean beside each other: which give way, what they say together.

use crate::model::{Answer, Challenge, Statement, Weight};

use super::body::Clue;
use super::fields::is_stock_phrase;
use super::general::{self, Setting};
use super::read::statement;
use super::words::shown;

/// Lowers "no credential came" where a challenge names the fault of one: `error` is for a request that bore
/// a token (RFC 6750, section 3.1), and the body beside it is often the framework's stock answer.
pub(super) fn something_came(answer: &mut Answer) {
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

/// Lowers `unauthorized_client` where status and message say that the client did not authenticate: a client
/// that may not use a grant is known, and gets a 400 (RFC 6749, section 5.2). Keycloak mixes the two.
pub(super) fn client_failed(status: u16, answer: &mut Answer) {
    let says = |s: &Statement, cause: &str| s.causes.first().is_some_and(|c| *c == cause);
    let named = |s: &Statement| s.weight > Weight::Vague && says(s, "oauth.invalid_client");
    if status != 401 || !answer.statements.iter().any(named) {
        return;
    }
    for said in answer.statements.iter_mut().filter(|s| says(s, "oauth.unauthorized_client")) {
        said.weight = Weight::Vague;
    }
}

/// Where no clue alone names a cause, code and message together may: `token`, then `expired`.
pub(super) fn joined(clues: &[Clue], setting: Setting, answer: &mut Answer) {
    if answer.statements.iter().any(|s| s.weight > Weight::Vague) {
        return;
    }
    // The title of a problem of this type is the phrase of the status (RFC 9457, section 4.2.1).
    let untyped = clues.iter().any(|c| c.text == "about:blank");
    let says_nothing = |text: &str| untyped && (text == "about:blank" || is_stock_phrase(text));
    let texts: Vec<&str> = clues
        .iter()
        .filter(|c| c.rank <= 3 && c.text.len() <= 48 && !says_nothing(&c.text))
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
            causes: meaning.causes.clone(),
            weight: Weight::Words,
            text: shown(&all),
            place: "body".to_owned(),
            dialect: None,
            expected: None,
            seen_by: None,
        });
    }
}

/// Adds what a challenge asks for to the statements about it: `scope`, `acr_values`, `max_age`.
pub(super) fn asked(challenges: &[Challenge], statements: &mut [Statement]) {
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
pub(super) fn bare_challenges(answer: &mut Answer) {
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
                name if name.ends_with("basic") => {
                    (&["header.missing", "basic.bad_password"], Weight::Vague)
                }
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

/// Sorts statements, strongest first; equal ones keep their order, codes before messages.
pub(super) fn sort(statements: &mut [Statement]) {
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
