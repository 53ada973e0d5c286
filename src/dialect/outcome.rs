//! Whether an answer let in, refused or says nothing of auth, by status, redirect and transport.

use crate::model::{Exchange, Outcome, Sign};

use super::tree::decode;

/// Path segments that name a login page or an authorization endpoint.
const LOGIN_WORDS: &[&str] = &[
    "login",
    "logon",
    "signin",
    "sign-in",
    "sign_in",
    "log-in",
    "log_in",
    "sso",
    "authn",
    "authorize",
    "authorise",
    "authenticate",
    "adfs",
    "idp",
    "unauthorized",
    "needlogin",
    "reauth",
];

/// Segments that name the same where they come first or a query follows; elsewhere `/acme/auth` and
/// `/packages/oauth2` are things of that name.
const LOGIN_NOUNS: &[&str] = &[
    "auth",
    "authorization",
    "authentication",
    "oauth",
    "oauth2",
    "oidc",
    "openid-connect",
    "openid",
    "saml",
    "saml2",
    "cas",
];

/// Words that end a segment of several words and name a login page: `user-login`, `admin_signin`.
const LOGIN_ENDS: &[&str] =
    &["login", "logon", "signin", "sign-in", "sign_in", "log-in", "log_in", "sso", "auth", "authn"];

/// Words behind a login word that leave it one: `login-page`.
const PAGES: &[&str] = &["page", "form", "required", "screen", "view", "redirect", "start", "user"];

/// Segments of which `new` is a login page.
const SESSIONS: &[&str] = &["session", "sessions", "user_session", "user_sessions", "user-session"];

/// Segments and host labels under which words of auth are what a text is about.
const CONTENT: &[&str] = &[
    "blog",
    "blogs",
    "docs",
    "doc",
    "documentation",
    "help",
    "support",
    "wiki",
    "article",
    "articles",
    "guide",
    "guides",
    "guidelines",
    "learn",
    "tutorial",
    "tutorials",
    "reference",
    "manual",
    "handbook",
    "tag",
    "tags",
    "topic",
    "topics",
    "category",
    "categories",
    "news",
    "press",
    "posts",
    "post",
    "product",
    "products",
    "features",
    "solutions",
    "static",
    "assets",
    "img",
    "images",
    "css",
    "js",
    "fonts",
    "media",
    "cdn",
    "faq",
    "faqs",
    "kb",
    "knowledge",
    "community",
    "forum",
    "developer",
    "developers",
    "glossary",
    "changelog",
    "questions",
    "search",
    "examples",
];

/// Extensions of files that are no pages.
const FILES: &[&str] = &[
    "css", "js", "mjs", "map", "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "woff", "woff2",
    "ttf", "md", "txt", "pdf", "xml", "zip", "mp4", "rss",
];

/// Pages of access gateways that start a session anew: F5 BIG-IP APM ("Access policy", `/my.policy`).
const PORTALS: &[&str] = &["/my.policy"];

/// Words that make the same path something else.
const OTHER_WORDS: &[&str] = &[
    "callback", "logout", "signout", "sign-out", "sign_out", "register", "signup", "sign-up",
    "token", "userinfo", "jwks",
];

/// First labels of hosts that serve logins.
const LOGIN_HOSTS: &[&str] = &[
    "login",
    "auth",
    "sso",
    "idp",
    "accounts",
    "account",
    "signin",
    "id",
    "identity",
    "oauth",
    "secure-login",
];

/// Where an answer redirects.
#[derive(Debug, Default)]
pub(super) struct Redirect {
    /// The target looks like a login page, and the request was not for one.
    pub(super) login: bool,
    /// A login form was posted and the answer leads back to it.
    pub(super) back_to_login: bool,
    /// `error`, `error_description` and the like, from query and fragment.
    pub(super) errors: Vec<(String, String)>,
}

/// Reads the outcome that status and transport tell by themselves.
pub(super) fn of_status(exchange: &Exchange<'_>) -> Outcome {
    match exchange.status {
        None => match exchange.error.as_deref() {
            Some(error) if names_cors(error) => Outcome::Refused(Sign::Blocked),
            Some(error) if is_bare_failure(error) && is_cross_origin(exchange) => {
                Outcome::Refused(Sign::Blocked)
            }
            _ => Outcome::Unanswered,
        },
        Some(401) => Outcome::Refused(Sign::Unauthorized),
        Some(403) => Outcome::Refused(Sign::Forbidden),
        Some(407) => Outcome::Refused(Sign::ProxyAuthentication),
        Some(419 | 440 | 498 | 511) => Outcome::Refused(Sign::AuthStatus),
        Some(429) => Outcome::Refused(Sign::TooManyRequests),
        Some(431 | 494) => Outcome::Refused(Sign::FieldsTooLarge),
        Some(100..=399) => Outcome::LetIn,
        Some(_) => Outcome::Neutral,
    }
}

fn names_cors(error: &str) -> bool {
    let lower = error.to_ascii_lowercase();
    [
        "cors",
        "preflight",
        "blocked_by_response",
        "blocked by response",
        "cross-origin",
        "access-control-allow",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// Returns whether a browser tells no more than that the request failed: its word for a CORS refusal.
fn is_bare_failure(error: &str) -> bool {
    let error = error.trim();
    ["net::ERR_FAILED", "ERR_FAILED", "Failed to fetch", "TypeError: Failed to fetch"]
        .iter()
        .any(|e| error.eq_ignore_ascii_case(e))
}

/// Returns whether the page that called, by `Origin`, else by `Referer`, is of another origin.
fn is_cross_origin(exchange: &Exchange<'_>) -> bool {
    let page = exchange
        .request_header("origin")
        .filter(|o| !o.trim().is_empty())
        .or_else(|| exchange.request_header("referer"));
    let Some(page) = page else { return false };
    if page.trim() == "null" {
        return true;
    }
    let of_page = origin(page);
    let of_target = origin(&exchange.url);
    of_page.is_some() && of_target.is_some() && of_page != of_target
}

/// Returns scheme, host and port of a URL in lower case, the default port left out.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
    let (scheme, authority) = (scheme.to_ascii_lowercase(), authority.to_ascii_lowercase());
    let default = match scheme.as_str() {
        "https" | "wss" => ":443",
        _ => ":80",
    };
    let host = authority.strip_suffix(default).unwrap_or(&authority);
    Some(format!("{scheme}://{host}"))
}

/// Reads the target of a 3xx answer.
pub(super) fn redirect(exchange: &Exchange<'_>) -> Option<Redirect> {
    if !matches!(exchange.status, Some(301..=303 | 307 | 308)) {
        return None;
    }
    let target = exchange.response_header("location").or(exchange.redirect_url.as_deref())?.trim();
    let source = exchange.url.as_ref();
    let (mut login, mut back) = (is_login_target(target), false);
    let password = posts_password(exchange);
    if is_login_target(source) || password {
        let goes_on = path(source).contains("authorize") || path(target).contains("authorize");
        back = login
            && is_post(exchange)
            && !goes_on
            && (path(source) == path(target)
                || names_error(target)
                || password && is_login_request(exchange) && !is_login_target(source));
        login = false;
    }
    if has_word(path(source), &["logout", "signout", "sign-out", "sign_out", "logoff"]) {
        login = false;
    }
    Some(Redirect { login, back_to_login: back, errors: errors_of(target) })
}

/// Returns whether a query says that something went wrong: `?error`, `?login_error=1`, `?failed`.
fn names_error(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split(['&', '#']).any(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, "1"));
        let name = name.to_ascii_lowercase();
        let mut words = name.split(['_', '-', '.']);
        words.any(|w| matches!(w, "error" | "err" | "failed" | "failure" | "fail" | "invalid"))
            && !matches!(value, "" | "0" | "false")
    })
}

/// Returns whether the method is POST.
fn is_post(exchange: &Exchange<'_>) -> bool {
    exchange.method.as_deref().is_some_and(|m| m.eq_ignore_ascii_case("post"))
}

/// Returns whether a form or JSON body names a password.
pub(super) fn posts_password(exchange: &Exchange<'_>) -> bool {
    let body = &exchange.request_body;
    is_post(exchange)
        && (body.params.iter().any(|(name, _)| names_password(name.as_bytes()))
            || body.text.raw().len() <= 16 * 1024 && names_password(body.text.raw()))
}

/// Returns whether a text holds a word for passwords.
pub(super) fn names_password(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    [&b"passw"[..], b"pwd", b"senha", b"contrase", b"kennwort", b"motdepasse", b"wachtwoord"]
        .iter()
        .any(|word| memchr::memmem::find(&lower, word).is_some())
}

/// Returns whether the request sends a password to log in, by its path and its body.
pub(super) fn is_login_attempt(exchange: &Exchange<'_>) -> bool {
    is_post(exchange)
        && (is_login_request(exchange) || is_login_target(&exchange.url))
        && posts_password(exchange)
}

/// Returns whether a URL or path names a login page or an authorization endpoint.
pub(super) fn is_login_target(url: &str) -> bool {
    let path = path(url);
    if PORTALS.contains(&path) {
        return true;
    }
    if has_word(path, OTHER_WORDS) {
        return false;
    }
    let of_login = is_login_host(url);
    if matches!(path, "" | "/") {
        return of_login;
    }
    !is_content(url, path) && names_login(path, url.contains('?'))
}

/// Returns whether the last segment is a login word: whoever asks for it asks for a login page, also
/// where texts are (`/docs/login`).
pub(super) fn asks_for_login(url: &str) -> bool {
    let last = path(url).trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let stem = last.split('.').next().unwrap_or_default();
    LOGIN_WORDS.iter().any(|word| stem.eq_ignore_ascii_case(word))
}

/// Returns whether a URL leads to a login page or to texts about logins.
pub(super) fn is_about_login(url: &str) -> bool {
    is_login_target(url) || asks_for_login(url) || is_content(url, path(url))
}

/// Returns whether the request carries a cookie.
pub(super) fn sends_cookies(exchange: &Exchange<'_>) -> bool {
    exchange.request_header("cookie").is_some_and(|v| !v.trim().is_empty())
        || !exchange.request_cookies.is_empty()
}

/// Returns whether a path leads to texts or files, which may be about logins.
fn is_content(url: &str, path: &str) -> bool {
    let is = |word: &str| CONTENT.iter().any(|c| word.eq_ignore_ascii_case(c));
    let host = url.split_once("://").map_or("", |(_, rest)| rest);
    let file = path.rsplit('/').next().and_then(|name| name.rsplit_once('.'));
    file.is_some_and(|(_, kind)| FILES.iter().any(|f| kind.eq_ignore_ascii_case(f)))
        || is(host.split('.').next().unwrap_or_default())
        || path.split('/').any(is)
}

/// Returns whether a segment is a login word or, near the root or before a query, ends with one:
/// `/user/login`, `/portal-signin`, `/login-page`; `/login-page-design` and `/gems/a-login` are not.
fn names_login(path: &str, query: bool) -> bool {
    let mut segments: Vec<String> = path
        .split(['/', '.', ';', '#', '!'])
        .filter(|s| !s.is_empty() && s.len() < 40)
        .map(str::to_ascii_lowercase)
        .collect();
    // A language stands before the path proper: `/de/login-page`.
    if segments.len() > 1 && segments.first().is_some_and(|s| s.len() == 2) {
        segments.remove(0);
    }
    let is = |words: &[&str], text: &str| words.contains(&text);
    let opens = |pair: &[String]| matches!(pair, [a, b] if is(SESSIONS, a) && b == "new");
    segments.windows(2).any(opens)
        || segments.iter().any(|segment| is(LOGIN_WORDS, segment))
        || segments.iter().enumerate().any(|(at, segment)| {
            (at == 0 || query) && (is(LOGIN_NOUNS, segment) || ends_with_login(segment))
        })
}

/// Returns whether a segment of two words is one of login: `portal-signin`, `login-page`.
fn ends_with_login(segment: &str) -> bool {
    let is = |words: &[&str], text: &str| words.contains(&text);
    let single = |rest: &str| rest.split(['-', '_']).filter(|p| !p.is_empty()).count() <= 1;
    LOGIN_ENDS
        .iter()
        .find_map(|word| segment.strip_suffix(word))
        .is_some_and(|rest| rest.ends_with(['-', '_']) && single(rest))
        || segment
            .rsplit_once(['-', '_'])
            .is_some_and(|(word, page)| is(LOGIN_ENDS, word) && is(PAGES, page))
}

fn is_login_host(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let label = host.split('.').next().unwrap_or_default();
    LOGIN_HOSTS.contains(&label)
}

/// Returns the path of an absolute URL or of a relative reference.
fn path(url: &str) -> &str {
    let rest = url
        .split_once("://")
        .map_or(url, |(_, rest)| rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default());
    let end = rest.find(['?', '#']);
    // A single-page application keeps its route behind `#`.
    match end {
        Some(at) if rest.get(at..).is_some_and(|r| r.starts_with("#/") || r.starts_with("#!/")) => {
            rest.split('?').next().unwrap_or_default()
        }
        Some(at) => rest.get(..at).unwrap_or_default(),
        None => rest,
    }
}

/// Returns whether a segment of a path is one of these words in lower case, or two words of which one is.
fn has_word(path: &str, words: &[&str]) -> bool {
    path.split(['/', '.', ';', '#', '!']).any(|segment| {
        let (one, other) = match segment.split_once(['-', '_']) {
            Some((_, more)) if more.contains(['-', '_']) => ("", ""),
            Some(two) => two,
            None => ("", ""),
        };
        let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
        !segment.is_empty()
            && segment.len() < 40
            && words.iter().any(|word| {
                is(segment, word) || (word.len() > 4 && (is(one, word) || is(other, word)))
            })
    })
}

/// Takes the error parameters of a callback, which bears the `state` of its flow; none for other targets.
pub(super) fn errors_of_callback(url: &str) -> Vec<(String, String)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    if !has("error") || !has("state") {
        return Vec::new();
    }
    let mut found = errors_of(url);
    found.retain(|(name, _)| matches!(name.as_str(), "error" | "error_description"));
    found
}

/// Takes error parameters from query and fragment.
fn errors_of(url: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for pair in url.split(['?', '#', '&']).skip(1).take(40) {
        let Some((name, value)) = pair.split_once('=') else { continue };
        let name = name.to_ascii_lowercase();
        let wanted = matches!(
            name.as_str(),
            "error"
                | "error_description"
                | "error_code"
                | "errorcode"
                | "error_message"
                | "error_subcode"
                | "error_reason"
                | "reason"
                | "err"
                | "auth_error"
                | "login_error"
                | "message"
                | "msg"
        );
        if wanted && !value.is_empty() {
            found.push((name, decode(value)));
        }
    }
    found
}

/// Returns whether the client asked for data and no page.
pub(super) fn wants_data(exchange: &Exchange<'_>) -> bool {
    let accept = exchange.request_header("accept").unwrap_or_default();
    let path = path(&exchange.url);
    (accept.contains("json") || accept.contains("xml") && !accept.contains("html"))
        && !accept.contains("text/html")
        || exchange
            .request_header("x-requested-with")
            .is_some_and(|v| v.eq_ignore_ascii_case("xmlhttprequest"))
        || exchange.request_header("sec-fetch-dest").is_some_and(|v| v == "empty")
        || (!accept.contains("text/html")
            && (has_word(path, &["api", "graphql", "rest"]) || has_word(path, &["json"])))
}

/// Returns whether the request posts credentials to a login, by its path.
pub(super) fn is_login_request(exchange: &Exchange<'_>) -> bool {
    is_post(exchange)
        && has_word(
            path(&exchange.url),
            &[
                "login",
                "logon",
                "signin",
                "sign-in",
                "sign_in",
                "authenticate",
                "session",
                "sessions",
                "log-in",
                "auth-with-password",
                // The names of the servlet specification and of Spring and Symfony.
                "j_security_check",
                "j_spring_security_check",
                "login_check",
            ],
        )
}

/// Returns whether the URL is a token endpoint.
pub(super) fn is_token_endpoint(url: &str) -> bool {
    let path = path(url);
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .is_some_and(|s| s.eq_ignore_ascii_case("token") || s.eq_ignore_ascii_case("access_token"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Header;

    fn redirected(method: &'static str, from: &'static str, to: &'static str) -> Redirect {
        let exchange = Exchange {
            method: Some(method.into()),
            url: from.into(),
            status: Some(302),
            redirect_url: Some(to.into()),
            ..Exchange::default()
        };
        redirect(&exchange).unwrap()
    }

    #[test]
    fn a_redirect_to_a_login_page_is_told_from_others() {
        let api = "https://api.example.com/v1/orders";
        for to in [
            "/login?next=%2F",
            "https://app.example.com/users/sign_in",
            "https://login.example.com/",
            "https://auth.example.com/oauth2/start?rd=x",
            "https://id.example.com/realms/a/protocol/openid-connect/auth?x",
            "https://app.example.com/#/login",
            "/Account/Login?ReturnUrl=%2F",
            "/saml2/authn",
            "https://acme.cloudflareaccess.com/cdn-cgi/access/login/x",
            "/session/new",
            "/users/session/new?x",
            "/user/login",
            "/auth/login",
            "/oauth2/authorize?client_id=a",
            "/customer-login",
            "/wp-login.php?redirect_to=%2F",
            "/my.policy",
            "/login.aspx",
            "/de/login-page",
        ] {
            assert!(redirected("GET", api, to).login, "{to}");
        }
        for to in [
            "https://api.example.com/v1/orders/",
            "/dashboard",
            "/authors/5",
            "/oauth/callback?code=1",
            "/blog/login-tips-2024/x",
            "/blog/login-page-design",
            "/login-page-design",
            "/docs/authentication",
            "/help/auth",
            "/how-to-sign-in",
            "/wiki/Login_(film)",
            "/a/login.css",
            "https://docs.example.com/oauth2",
            "/conference/sessions/new-in-rust",
            "/orders/new",
            "https://cdn.example.com/a.js",
        ] {
            assert!(!redirected("GET", api, to).login, "{to}");
        }
    }

    #[test]
    fn steps_of_a_login_are_no_refusal() {
        assert!(!redirected("POST", "https://a.example/login", "/home").login);
        assert!(!redirected("GET", "http://a.example/login", "https://a.example/login").login);
        assert!(!redirected("GET", "https://a.example/logout", "/login").login);
        assert!(redirected("POST", "https://a.example/login", "/login?error").back_to_login);
    }

    #[test]
    fn a_password_that_leads_to_the_login_page_was_refused_and_one_that_leads_on_was_not() {
        let posted = |from: &'static str, body: &'static str, to: &'static str| {
            let exchange = Exchange {
                method: Some("POST".into()),
                url: from.into(),
                status: Some(302),
                redirect_url: Some(to.into()),
                request_body: crate::model::Body {
                    text: crate::model::Text::Plain(body.into()),
                    ..crate::model::Body::default()
                },
                ..Exchange::default()
            };
            let redirect = redirect(&exchange).unwrap();
            assert!(!redirect.login, "{from} {to}");
            redirect.back_to_login
        };
        let form = "username=bob&password=x";
        for (from, to) in [
            ("https://a.example/j_spring_security_check", "/login?error"),
            ("https://a.example/j_security_check", "/login.jsp"),
            ("https://a.example/login", "/login"),
            ("https://a.example/login", "/auth/signin?login_error=1"),
            ("https://a.example/enter", "/login?failed=true"),
        ] {
            assert!(posted(from, form, to), "{from} {to}");
        }
        for (from, to) in [
            ("https://a.example/j_spring_security_check", "/oauth2/authorize?client_id=a"),
            ("https://a.example/j_spring_security_check", "/home"),
            ("https://a.example/login", "/login/otp"),
            ("https://a.example/login", "/login/otp?error="),
            ("https://a.example/login", "/sso/continue"),
            // A new password is set and then to be used.
            ("https://a.example/password/reset", "/login?reset=1"),
            ("https://a.example/account/password", "/login"),
        ] {
            assert!(!posted(from, form, to), "{from} {to}");
        }
    }

    #[test]
    fn errors_in_query_and_fragment_are_found() {
        let found = redirected(
            "GET",
            "https://a.example/authorize",
            "https://app.example/cb#error=login_required&state=1",
        );
        assert_eq!(found.errors, [("error".to_owned(), "login_required".to_owned())]);
    }

    #[test]
    fn a_bare_failure_is_a_block_only_across_origins() {
        let of = |name: &'static str, page: &'static str, error: &'static str| {
            of_status(&Exchange {
                url: "https://api.example.com/v1/orders".into(),
                request_headers: vec![Header { name: name.into(), value: page.into() }],
                error: Some(error.into()),
                ..Exchange::default()
            })
        };
        let failed = "net::ERR_FAILED";
        let blocked = Outcome::Refused(Sign::Blocked);
        assert_eq!(of("Origin", "https://app.example.com", failed), blocked);
        assert_eq!(of("Referer", "https://app.example.com/cart?x=1", failed), blocked);
        assert_eq!(of("Origin", "null", failed), blocked);
        assert_eq!(of("Origin", "https://api.example.com:443", failed), Outcome::Unanswered);
        assert_eq!(of("Referer", "https://api.example.com/a", failed), Outcome::Unanswered);
        assert_eq!(of("X-Page", "https://app.example.com", failed), Outcome::Unanswered);
        for other in [
            "net::ERR_ABORTED",
            "net::ERR_NAME_NOT_RESOLVED",
            "net::ERR_TIMED_OUT",
            "net::ERR_CONNECTION_RESET",
            "net::ERR_BLOCKED_BY_CLIENT",
        ] {
            let outcome = of("Origin", "https://app.example.com", other);
            assert_eq!(outcome, Outcome::Unanswered, "{other}");
        }
    }

    #[test]
    fn only_an_error_that_names_cors_is_a_block() {
        let of = |error: &'static str| {
            of_status(&Exchange { error: Some(error.into()), ..Exchange::default() })
        };
        assert_eq!(of("net::ERR_FAILED"), Outcome::Unanswered);
        assert_eq!(
            of("net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin"),
            Outcome::Refused(Sign::Blocked)
        );
        assert_eq!(
            of("blocked by CORS policy: Response to preflight"),
            Outcome::Refused(Sign::Blocked)
        );
        assert_eq!(of("net::ERR_CONNECTION_REFUSED"), Outcome::Unanswered);
    }
}
