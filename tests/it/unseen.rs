//! Rules that servers met late have taught: each with its nearest look-alike.

use serde_json::{Value, json};

use crate::story::{START, Step, at, token, told};

const BASIC: &str = "Basic YW5uOmNvcnJlY3QgaG9yc2U=";
const WRONG: &str = "Basic YW5uOmNvcnJlY3QgaG91c2U=";

fn live(claims: &Value) -> String {
    let mut all =
        json!({"iss": "https://id.example", "sub": "u-1", "iat": START - 5, "exp": START + 3600});
    for (name, value) in claims.as_object().into_iter().flatten() {
        all[name] = value.clone();
    }
    token(all)
}

fn roots(steps: &[Step]) -> Vec<String> {
    told(steps).split(" | ").map(|one| one.split(' ').nth(1).unwrap_or("-").to_owned()).collect()
}

fn last(steps: &[Step]) -> String {
    roots(steps).pop().unwrap_or_default()
}

#[test]
fn a_server_that_judges_a_signature_where_no_token_came_judged_nothing() {
    let said = json!({"reasons": ["Signature verification failed"]});
    let empty = at(0.0, "GET", "/orders").with("Authorization", "Bearer ").says(401, said.clone());
    assert_eq!(last(&[empty]), "header.empty");
    let whole = at(0.0, "GET", "/orders").bearer(&live(&json!({}))).says(401, said);
    assert_eq!(last(&[whole]), "signature.invalid");
}

#[test]
fn a_password_has_no_claims_and_no_rights_while_it_is_asked_for_again() {
    let page = "Access to the requested resource forbidden.";
    let asks = |field: &str, text: &str| {
        at(0.0, "GET", "/cal")
            .with("Authorization", field)
            .shows(401, "text/plain", text)
            .answers("WWW-Authenticate", "Basic realm=\"cal\"")
    };
    assert_eq!(last(&[asks(WRONG, page)]), "basic.bad_password");
    assert_eq!(last(&[asks(WRONG, "401 Access not authorized")]), "basic.bad_password");
    // Rights, where nothing is asked for again.
    let known = at(0.0, "GET", "/cal").with("Authorization", BASIC).gets(200);
    let other =
        at(1.0, "GET", "/other").with("Authorization", BASIC).shows(403, "text/plain", page);
    assert_eq!(last(&[known, other]), "authz.role");
}

#[test]
fn the_sentence_of_the_standard_for_a_401_says_nothing_of_a_missing_field() {
    let text = "The request has not been applied to the target resource because it lacks valid \
                authentication credentials for that resource.";
    let page = format!("<html><body><h1>HTTP Status 401</h1><p>{text}</p></body></html>");
    let step = |step: Step| {
        step.shows(401, "text/html", &page).answers("WWW-Authenticate", "Basic realm=\"a\"")
    };
    let wrong = step(at(0.0, "GET", "/a").with("Authorization", WRONG));
    assert_eq!(last(&[wrong]), "basic.bad_password");
    assert_eq!(last(&[step(at(0.0, "GET", "/a"))]), "header.missing");
}

#[test]
fn a_403_without_a_credential_asks_for_one_where_nobody_gets_in_without() {
    let guest = |second: f64| at(second, "GET", "/orders").bearer(&live(&json!({})));
    let bare = |second: f64| at(second, "GET", "/orders").agent("other/1");
    assert_eq!(last(&[guest(0.0), bare(5.0).gets(403)]), "header.missing");
    // Open to others without one, or closed to everybody: a denial like any other.
    assert_eq!(last(&[guest(0.0), bare(1.0), bare(5.0).gets(403)]), "other.denied");
    assert_eq!(last(&[bare(5.0).gets(403)]), "other.denied");
}

#[test]
fn a_clock_that_drifts_is_of_the_token_when_a_token_was_sent() {
    let said = json!({"reason": "Clock drift detected"});
    let early = live(&json!({"iat": START + 1800, "exp": START + 5400}));
    let step = at(0.0, "GET", "/orders").bearer(&early).says(401, said);
    assert_eq!(last(&[step]), "time.not_yet_valid");
}

#[test]
fn a_scheme_that_is_there_is_not_missing() {
    let said = json!({"error": "invalid authorization header"});
    let key = |second: f64, key: &str| at(second, "GET", "/orders").bearer(key);
    let good = key(0.0, "sk_live_4eC39HqLyjWDarjtT1zdp7dc");
    let wrong = key(1.0, "sk_live_9aX27TbNmQrZfEwhU6yvk3pe").says(401, said.clone());
    assert_eq!(last(&[good.clone(), wrong]), "apikey.wrong");
    let bare = at(1.0, "GET", "/orders").with("Authorization", "sk_live_4eC39HqLyjWDarjtT1zdp7dc");
    assert_eq!(last(&[good, bare.says(401, said)]), "header.scheme_missing");
}

#[test]
fn what_one_endpoint_takes_is_not_what_another_asks_for() {
    let challenge = |step: Step| step.gets(401).answers("WWW-Authenticate", "Bearer");
    let basic = at(0.0, "GET", "/reports").with("Authorization", BASIC);
    let asked =
        at(0.5, "GET", "/reports").gets(401).answers("WWW-Authenticate", "Basic realm=\"r\"");
    let bearer = at(1.0, "GET", "/orders").bearer(&live(&json!({})));
    let wrong = challenge(at(2.0, "GET", "/orders").with("Authorization", BASIC));
    assert_eq!(last(&[basic, asked, bearer, wrong]), "header.scheme_wrong");
}

#[test]
fn one_sentence_for_a_missing_and_a_wrong_key_means_the_one_that_was_sent() {
    let said = json!({"error": "Invalid or missing API token"});
    let sent = at(0.0, "GET", "/orders").with("X-Api-Token", "k3y-of-nobody-1Xz9");
    assert_eq!(last(&[sent.says(401, said.clone())]), "apikey.wrong");
    assert_eq!(last(&[at(0.0, "GET", "/orders").says(401, said)]), "apikey.missing");
}

#[test]
fn a_bare_400_for_a_field_of_many_kibibytes_is_about_its_size() {
    let groups: Vec<String> = (0..900).map(|n| format!("group-{n:05}")).collect();
    let fat = live(&json!({"groups": groups}));
    let step = |token: &str| at(0.0, "GET", "/orders").bearer(token);
    assert_eq!(told(&[step(&fat).gets(400)]), "failure header.too_large inferred");
    // The application's own refusal of what was asked, and a token of usual size.
    assert_eq!(told(&[step(&fat).says(400, json!({"error": "quantity must be positive"}))]), "ok");
    assert_eq!(told(&[step(&live(&json!({}))).gets(400)]), "ok");
}

#[test]
fn a_problem_of_no_type_says_of_a_403_no_more_than_its_own_words() {
    let said = json!({"type": "about:blank", "title": "Forbidden", "status": 403,
        "detail": "Report is still being generated"});
    let call = at(0.0, "GET", "/reports/7").bearer(&live(&json!({})));
    assert_eq!(told(&[call.says(403, said)]), "failure authz.role suspected");
}

#[test]
fn a_password_deep_in_the_body_of_a_login_was_wrong() {
    let body = json!({"auth": {"identity": {"methods": ["password"], "password": {
        "user": {"name": "ann", "password": "pw-of-Ann-77", "domain": {"id": "default"}}}}}});
    let step = at(0.0, "POST", "/v3/auth/tokens").json(&body);
    let said = json!({"error": {"code": 401, "title": "Unauthorized",
        "message": "The request you have made requires authentication."}});
    assert_eq!(last(&[step.says(401, said)]), "login.bad_credentials");
}

#[test]
fn a_callback_that_brings_an_error_back_leads_to_the_login_page_for_it() {
    let step = |query: &str| at(0.0, "GET", &format!("/signed-in?{query}"));
    let back = |query: &str| step(query).gets(302).answers("Location", "/login");
    assert_eq!(last(&[back("error=access_denied&state=x7")]), "oauth.access_denied");
    // Without the `state` of a flow it is any page that asks for a login.
    assert_eq!(last(&[back("error=access_denied")]), "header.missing");
}

#[test]
fn a_403_about_the_type_of_a_file_asks_for_no_rights() {
    let call = || at(0.0, "POST", "/files").bearer(&live(&json!({})));
    let said = |text: &str| last(&[call().says(403, json!({ "message": text }))]);
    assert_eq!(said("File type not allowed"), "other.denied");
    assert_eq!(said("Token type not allowed"), "token.wrong_type");
    assert_eq!(said("Your role does not allow this file type"), "authz.role");
}
