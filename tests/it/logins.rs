//! Login pages: the normal way in, a session that ended, a password that was refused.

use serde_json::json;

use crate::program::Folder;
use crate::story::{Step, at, judged, told};

const COOKIE: &str = "sid=0a1b2c3d4e5f60718293a4b5c6d7e8f9";

/// A page that asks for a password, with a text above the form.
fn form(text: &str) -> String {
    format!(
        "<html><body><p>{text}</p><form action='/login' method='post'><input name='username'>\
         <input type='password' name='password'></form></body></html>"
    )
}

fn sent_to_login(second: f64) -> Step {
    at(second, "GET", "/").gets(302).answers("Location", "/login?next=/")
}

fn page(second: f64) -> Step {
    at(second, "GET", "/login?next=/").shows(200, "text/html", &form("Welcome"))
}

#[test]
fn the_first_visit_of_somebody_unknown_is_the_way_in() {
    let way_in = "expected other.handshake inferred";
    assert_eq!(told(&[sent_to_login(0.0), page(0.1)]), format!("{way_in} | ok"));
    // The page is never fetched: a client that does not log in.
    assert_eq!(told(&[sent_to_login(0.0)]), "failure header.missing inferred");
}

#[test]
fn somebody_who_had_a_session_is_not_new() {
    let ended = "failure session.expired inferred";
    let sends = |step: Step| step.with("Cookie", COOKIE);
    assert_eq!(told(&[sends(sent_to_login(0.0)), page(0.1)]), format!("{ended} | ok"));
    let home = sends(at(0.0, "GET", "/home"));
    let story = told(&[home, sent_to_login(60.0), page(60.1)]);
    assert!(story.starts_with("ok | failure session."), "{story}");
    let given = at(0.0, "GET", "/home").answers("Set-Cookie", &format!("{COOKIE}; Path=/"));
    let story = told(&[given, sent_to_login(60.0), page(60.1)]);
    assert!(story.starts_with("ok | failure session."), "{story}");
}

#[test]
fn a_capture_that_shows_no_fields_knows_nothing_of_first_visits() {
    let story = told(&[sent_to_login(0.0).unseen(), page(0.1)]);
    assert_eq!(story, "failure session.expired suspected | ok");
}

#[test]
fn a_password_that_leads_back_to_the_login_page_was_wrong() {
    let posted = |path: &str, to: &str| {
        told(&[at(0.0, "POST", path)
            .form("username=bob&password=hunter2")
            .gets(302)
            .answers("Location", to)])
    };
    let wrong = "failure login.bad_credentials inferred";
    assert_eq!(posted("/j_spring_security_check", "/login?error"), wrong);
    assert_eq!(posted("/login", "/login"), wrong);
    assert_eq!(posted("/login", "/signin?login_error=1"), wrong);
    for (path, to) in [
        ("/login", "/home"),
        ("/login", "/login/otp"),
        ("/j_spring_security_check", "/oauth2/authorize?client_id=a&state=b"),
        ("/account/password", "/login?changed=1"),
    ] {
        assert_eq!(posted(path, to), "ok", "{path} {to}");
    }
}

#[test]
fn a_login_form_shown_again_refuses_the_password() {
    let answered = |path: &str, page: &str| {
        let step = at(0.0, "POST", path).form("username=bob&password=hunter2");
        told(&[step.shows(200, "text/html; charset=utf-8", page)])
    };
    let stated = "failure login.bad_credentials stated";
    assert_eq!(answered("/login.do", &form("Invalid username or password.")), stated);
    assert_eq!(answered("/login", "<p>Invalid username or password.</p>"), stated);
    assert_eq!(
        answered("/login", &form("Welcome to our shop")),
        "failure login.bad_credentials inferred"
    );
    let locked = answered("/login", &form("Your account is locked."));
    assert!(locked.starts_with("failure state.user_locked"), "{locked}");
    // Logged in: a page of the application, or a new password to be chosen.
    let new = "<p>Choose a new password</p><form><input type=password><input type=password></form>";
    for (path, page) in [
        ("/login", "<h1>Hello bob</h1><a href='/logout'>log out</a>".to_owned()),
        ("/login", "<h1>Invalid orders</h1><p>3 invalid orders wait for you</p>".to_owned()),
        ("/login", new.to_owned()),
        // No login: the same words elsewhere.
        ("/orders", form("Invalid username or password.")),
    ] {
        assert_eq!(answered(path, &page), "ok", "{path} {page}");
    }
    // Nobody tried a password yet.
    let shown = at(0.0, "GET", "/login").shows(200, "text/html", &form("Welcome"));
    assert_eq!(told(&[shown]), "ok");
}

/// Passwords whose form would be odd for a token.
const ODD: [&str; 19] = [
    "$ecret1pass",
    "%Tr0ub4dor%",
    "<correct-horse>",
    "{batteryStaple}",
    "__staple9__",
    "@@horse7@@",
    ":colonFirst",
    "correct horse battery",
    "pass%20phrase",
    "%41bcdef%",
    "\"quoted words\"",
    "'quoted words'",
    "{\"horse\":1}",
    "tab\tstaple",
    "Bearer staple",
    "Basic staple",
    "staple,staple",
    "changeme",
    "token",
];

/// A body in several parts, with a password.
fn parts(password: &str) -> String {
    let part = |name: &str, value: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    [part("username", "bob"), part("password", password), "--x--\r\n".to_owned()].concat()
}

/// A mutation with a password in its text.
fn mutation(password: &str) -> String {
    let literal = serde_json::to_string(password).unwrap();
    let query = format!("mutation {{ login(username: \"bob\", password: {literal}) {{ token }} }}");
    json!({"query": query}).to_string()
}

#[test]
fn a_server_that_repeats_a_password_does_not_give_it_away() {
    let folder = Folder::new("repeated");
    for password in ODD.into_iter().filter(|password| password.len() > 8) {
        let encoded: String = password.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let escaped = password.replace('&', "&amp;").replace('<', "&lt;");
        let soap =
            format!("<s:Envelope><wsse:Password Type='t'>{escaped}</wsse:Password></s:Envelope>");
        let posts = |path: &str, mime: &str, text: &str| {
            let mut step = at(0.0, "POST", path);
            step.0["request"]["postData"] = json!({"mimeType": mime, "text": text});
            step
        };
        for step in [
            logs_in(0.0, password),
            posts("/graphql", "application/json", &mutation(password)),
            posts("/login", "multipart/form-data; boundary=x", &parts(password)),
            posts("/ws/orders", "text/xml", &soap),
            at(0.0, "GET", &format!("/v1/me?token={encoded}")),
        ] {
            let said =
                json!({"error": "invalid_token", "message": format!("No '{password}' is known")});
            let step = step.says(401, said);
            let log = json!({"log": {"version": "1.2", "entries": [step.0]}});
            folder.write("a.har", log.to_string());
            let shown = folder.run(&["a.har", "-f", "jsonl"]).succeeds().text();
            let bare = serde_json::to_string(password).unwrap();
            assert!(!shown.contains(bare.trim_matches('"')), "{password}: {shown}");
        }
    }
}

fn logs_in(second: f64, password: &str) -> Step {
    at(second, "POST", "/login").json(&json!({"username": "bob", "password": password}))
}

#[test]
fn a_password_may_have_any_form_and_is_never_shown() {
    let wrong = "failure login.bad_credentials inferred";
    let folder = Folder::new("passwords");
    for password in ODD {
        let encoded: String = password.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let forms = [
            logs_in(0.0, password),
            at(0.0, "POST", "/login").form(&format!("username=bob&password={encoded}")),
            at(0.0, "POST", &format!("/login?username=bob&password={encoded}")),
        ];
        for step in forms.map(|step| step.gets(401)) {
            assert_eq!(told(std::slice::from_ref(&step)), wrong, "{password}");
            let log = json!({"log": {"version": "1.2", "entries": [step.0]}});
            folder.write("a.har", log.to_string());
            for format in ["text", "json", "jsonl", "html"] {
                let shown = folder.run(&["a.har", "-f", format, "-v"]).succeeds().text();
                // `changeme` and `token` are words of the reports themselves.
                let is_word = matches!(password, "changeme" | "token");
                assert!(is_word || !shown.contains(password), "{password} in {format}: {shown}");
            }
        }
    }
}

#[test]
fn a_login_whose_body_was_not_recorded_is_a_login() {
    let wrong = "failure login.bad_credentials inferred";
    for path in ["/login", "/api/auth/sign-in/email", "/users/authenticate/"] {
        assert_eq!(told(&[at(0.0, "POST", path).gets(401)]), wrong, "{path}");
    }
    // Who asks for a page of it is no login, and neither is what lies deeper.
    assert_eq!(
        told(&[at(0.0, "GET", "/sign-in/email").gets(401)]),
        "failure header.missing proven"
    );
    let deeper = told(&[at(0.0, "POST", "/login/audit/rows").gets(401)]);
    assert_eq!(deeper, "failure header.missing proven");
}

#[test]
fn what_nobody_chooses_as_a_password_was_never_filled_in() {
    let unfilled = "failure header.placeholder proven";
    for password in ["{{password}}", "${PASSWORD}", "<%= password %>", "undefined", "null"] {
        assert_eq!(told(&[logs_in(0.0, password).gets(401)]), unfilled, "{password}");
    }
    for password in ["{{pa}}ss", "Undefined", "${}", "nullnull"] {
        let story = told(&[logs_in(0.0, password).gets(401)]);
        assert_eq!(story, "failure login.bad_credentials inferred", "{password}");
    }
}

#[test]
fn a_line_break_in_a_password_stands_with_the_refusal() {
    for (password, broken) in [("hunter2\n", true), ("hunter2 ", false), ("hun\tter2", false)] {
        let judgements = judged(&[logs_in(0.0, password).gets(401)]);
        let root = judgements[0].root.as_ref().unwrap();
        assert_eq!(root.cause, "login.bad_credentials");
        let told = root.evidence.iter().any(|e| e.fact == "the password holds a line break");
        assert_eq!(told, broken, "{password:?}: {root:?}");
    }
}
