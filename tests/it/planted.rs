//! Planted truth both ways: refusals under statuses that do not look like one, and harmless answers
//! that are full of the words of refusal.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

use crate::corpus::{self, Mix, Plan, Shape};
use crate::forge::{Dice, Issuer, Recorder, Step, Story, form};
use crate::program::{Folder, verdict};

const PLANTED: usize = 200;

/// What kind of request stands before an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Asked {
    /// An API call with a bearer token.
    Api,
    /// A page or API call with a session cookie.
    Page,
    /// A refresh at a token endpoint.
    Refresh,
    /// A login with user name and password as JSON.
    Login,
    /// A GraphQL query with a bearer token.
    Graphql,
    /// A SOAP call.
    Soap,
    /// A gRPC-Web call with a bearer token.
    Grpc,
    /// A call with an API key in the query.
    Key,
}

/// An answer as it is planted: its name for complaints, what was asked, and what came back.
struct Plant {
    asked: Asked,
    status: u16,
    mime: &'static str,
    body: String,
    fields: Vec<(&'static str, String)>,
}

fn plant(asked: Asked, status: u16, body: impl Into<String>) -> Plant {
    Plant { asked, status, mime: "application/json", body: body.into(), fields: Vec::new() }
}

impl Plant {
    fn mime(mut self, mime: &'static str) -> Self {
        self.mime = mime;
        self
    }

    fn field(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }
}

/// Everything that is sent, in a capture of many hosts: each plant has a host of its own with one
/// ordinary answer before it.
fn capture(seed: u64, plants: Vec<Plant>) -> (Story, Vec<(usize, Plant)>) {
    let mut dice = Dice::new(seed);
    let mut steps = Vec::new();
    let mut places = Vec::new();
    let mut at = 1_772_000_000_000;
    for plant in plants {
        let host = dice.host();
        let issuer = Issuer::new(&mut dice);
        let token = issuer.token(
            &mut dice,
            json!({ "sub": "u", "iat": at / 1000 - 30, "exp": at / 1000 + 3000 }),
        );
        let session = dice.hex(32);
        let dress = |step: Step, asked: Asked| match asked {
            Asked::Page => step.field("Cookie", format!("theme=dark; sessionid={session}")),
            Asked::Refresh | Asked::Login | Asked::Key => step,
            _ => step.bearer(&token),
        };
        let word = dice.word();
        let before =
            Step::get(at, format!("https://{host}/{word}/1")).field("Accept", "application/json");
        steps.push(dress(before, plant.asked).json(r#"{"id":1,"name":"first"}"#));
        at += dice.between(300, 2000);
        let step = ask(&mut dice, plant.asked, at, &host);
        let mut step = dress(step, plant.asked).status(plant.status).says(plant.mime, &*plant.body);
        for (name, value) in &plant.fields {
            step = step.answer_field(name, value.replace("HOST", &host));
        }
        places.push((steps.len(), plant));
        steps.push(step);
        at += dice.between(300, 2000);
    }
    (Story { recorder: Recorder::Proxy, steps }, places)
}

fn ask(dice: &mut Dice, asked: Asked, at: i64, host: &str) -> Step {
    let word = dice.word();
    let id = dice.between(1, 9000);
    let get = |path: String| Step::get(at, format!("https://{host}{path}"));
    match asked {
        Asked::Api => get(format!("/api/{word}/{id}")).field("Accept", "application/json"),
        Asked::Page => get(format!("/{word}/{id}")).field("Accept", "application/json, text/html"),
        Asked::Refresh => get("/oauth/token".into()).method("POST").sends(
            "application/x-www-form-urlencoded",
            form(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", &dice.alphanumeric(44)),
                ("client_id", "mobile"),
            ]),
        ),
        Asked::Login => get("/auth/login".into()).method("POST").sends(
            "application/json",
            json!({ "email": format!("{word}@example.org"), "password": dice.alphanumeric(14) })
                .to_string(),
        ),
        Asked::Graphql => get("/graphql".into()).method("POST").sends(
            "application/json",
            json!({ "query": format!("query {{ {word}(id: {id}) {{ id name }} }}") }).to_string(),
        ),
        Asked::Soap => get("/services/Soap/u/58.0".into())
            .method("POST")
            .field("SOAPAction", "\"query\"")
            .sends(
                "text/xml; charset=utf-8",
                "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><query/></soap:Body></soap:Envelope>",
            ),
        Asked::Grpc => get(format!("/shop.v1.{word}/Get"))
            .method("POST")
            .sends("application/grpc-web+proto", "AAAAAAIIAQ=="),
        Asked::Key => get(format!("/maps/{word}?q=x&key=AIza{}", dice.alphanumeric(35))),
    }
}

fn soap_fault(code: &str, text: &str) -> String {
    format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><soap:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring></soap:Fault></soap:Body></soap:Envelope>"
    )
}

/// Refusals of auth as real software writes them, by status.
fn refusals(dice: &mut Dice) -> Vec<Plant> {
    use Asked::{Api, Graphql, Grpc, Key, Login, Page, Refresh, Soap};
    let id = dice.hex(16);
    let word = dice.word();
    let path = format!("%2F{word}%2F{}", dice.between(1, 99));
    let mut all = Vec::new();

    // 200: an error inside a success.
    for error in
        ["invalid_auth", "token_expired", "not_authed", "token_revoked", "account_inactive"]
    {
        all.push(plant(Api, 200, json!({ "ok": false, "error": error }).to_string()));
    }
    all.extend([
        plant(Graphql, 200, json!({ "errors": [{ "message": "Not authenticated",
            "extensions": { "code": "UNAUTHENTICATED" } }], "data": null }).to_string()),
        plant(Graphql, 200, json!({ "data": { word: null }, "errors": [{
            "message": "Context creation failed: jwt expired", "path": [word],
            "extensions": { "code": "UNAUTHENTICATED", "traceId": id } }] }).to_string()),
        plant(Graphql, 200, json!({ "errors": [{ "message": "Could not verify JWT: JWTExpired",
            "extensions": { "path": "$", "code": "invalid-jwt" } }] }).to_string()),
        plant(Graphql, 200, json!({ "errors": [{ "message": "Unauthorized",
            "extensions": { "category": "authentication" } }] }).to_string()),
        plant(Api, 200, json!({ "code": 401, "msg": "token已过期", "data": null }).to_string()),
        plant(Api, 200, json!({ "code": 401, "msg": "认证失败，无法访问系统资源" }).to_string()),
        plant(Api, 200, json!({ "code": 40101, "message": "登录已过期，请重新登录", "result": null })
            .to_string()),
        plant(Api, 200, json!({ "errcode": 40001, "errmsg": format!("invalid credential, access_token is invalid or not latest rid: {id}") }).to_string()),
        plant(Api, 200, json!({ "errcode": 42001, "errmsg": format!("access_token expired rid: {id}") }).to_string()),
        plant(Api, 200, json!({ "status": "error", "code": 401, "message": "Token expired" }).to_string()),
        plant(Api, 200, json!({ "success": false, "error": { "code": "UNAUTHORIZED",
            "message": "You must be logged in" } }).to_string()),
        plant(Api, 200, json!({ "success": false, "message": "Invalid token" }).to_string()),
        plant(Api, 200, json!({ "error": { "code": 401, "status": "UNAUTHENTICATED",
            "message": "Request had invalid authentication credentials." } }).to_string()),
        plant(Api, 200, json!({ "jsonrpc": "2.0", "id": 7, "error": { "code": -32001,
            "message": "Unauthorized: access token expired" } }).to_string()),
        plant(Page, 200, json!({ "jsonrpc": "2.0", "id": null, "error": { "code": 100,
            "message": "Odoo Session Expired", "data": { "name": "odoo.http.SessionExpiredException" } } }).to_string()),
        plant(Api, 200, json!({ "StatusCode": 401, "Message": "Authorization has been denied for this request." }).to_string()),
        plant(Api, 200, json!({ "result": "error", "reason": "invalid session id" }).to_string()),
        plant(Grpc, 200, "").mime("application/grpc-web+proto")
            .field("grpc-status", "16").field("grpc-message", "token%20is%20expired"),
        plant(Grpc, 200, "").mime("application/grpc-web+proto")
            .field("grpc-status", "7").field("grpc-message", "caller%20does%20not%20have%20permission"),
        plant(Key, 200, json!({ "status": "REQUEST_DENIED", "results": [],
            "error_message": "The provided API key is invalid." }).to_string()),
        plant(Login, 200, json!({ "success": false, "error": "Invalid username or password" }).to_string()),
    ]);

    // 302 and its kin: to a login page.
    for location in [
        format!("/login?next={path}"),
        "/users/sign_in".to_owned(),
        format!("/accounts/login/?next={path}"),
        format!("https://HOST/Account/Login?ReturnUrl={path}"),
        format!("/signin?returnUrl={path}"),
        format!("/oauth2/start?rd={path}"),
        format!(
            "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id={id}&response_type=code&scope=openid&state={id}"
        ),
        format!(
            "https://sso.HOST/realms/main/protocol/openid-connect/auth?client_id=web&response_type=code&state={id}&redirect_uri=https%3A%2F%2FHOST%2Fcb"
        ),
        format!("/wp-login.php?redirect_to={path}&reauth=1"),
        "/auth/login?error=session_expired".to_owned(),
        format!("https://sso.HOST/cas/login?service=https%3A%2F%2FHOST{path}"),
        "/login?expired=true".to_owned(),
        format!("https://HOST/login?redirect={path}&reason=timeout"),
        "/session/new".to_owned(),
    ] {
        let status = [302, 302, 303, 307][dice.below(4)];
        all.push(plant(Page, status, "").mime("text/html").field("Location", location));
    }
    all.push(
        plant(Api, 302, "<html><body>Found. Redirecting to /login</body></html>")
            .mime("text/html")
            .field("Location", "/login"),
    );

    // 400.
    for (error, words) in [
        ("invalid_grant", "Token has been expired or revoked."),
        ("invalid_grant", "Session not active"),
        (
            "invalid_grant",
            "refresh token is invalid, expired, revoked, or was issued to another client",
        ),
        ("invalid_client", "Client authentication failed"),
        ("unauthorized_client", "The client is not authorized to use this grant type"),
    ] {
        all.push(plant(
            Refresh,
            400,
            json!({ "error": error, "error_description": words }).to_string(),
        ));
    }
    all.extend([
        plant(Refresh, 400, json!({ "error": { "code": 400, "message": "TOKEN_EXPIRED", "status": "INVALID_ARGUMENT" } }).to_string()),
        plant(Api, 400, json!({ "error": { "message": "Error validating access token: Session has expired on Friday, 02-Jan-26 03:00:00 PST.", "type": "OAuthException", "code": 190, "error_subcode": 463, "fbtrace_id": id } }).to_string()),
        plant(Key, 400, json!({ "error": { "code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT", "details": [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com" }] } }).to_string()),
        plant(Api, 400, json!({ "__type": "ExpiredTokenException", "message": "The security token included in the request is expired" }).to_string())
            .mime("application/x-amz-json-1.1"),
        plant(Api, 400, json!({ "__type": "UnrecognizedClientException", "message": "The security token included in the request is invalid." }).to_string())
            .mime("application/x-amz-json-1.1"),
        plant(Login, 400, json!({ "__type": "NotAuthorizedException", "message": "Incorrect username or password." }).to_string())
            .mime("application/x-amz-json-1.1"),
        plant(Api, 400, format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message><RequestId>{id}</RequestId></Error>"))
            .mime("application/xml"),
        plant(Login, 400, json!({ "non_field_errors": ["Unable to log in with provided credentials."] }).to_string()),
        plant(Api, 400, json!({ "error": "invalid_request", "error_description": "The access token is missing" }).to_string())
            .field("WWW-Authenticate", "Bearer error=\"invalid_request\""),
        plant(Api, 400, json!({ "message": "Missing or malformed JWT" }).to_string()),
        plant(Api, 400, json!({ "code": 99_991_663, "msg": "Invalid access token for authorization. Please make a request with token attached." }).to_string()),
        plant(Login, 400, json!({ "error": { "code": 400, "message": "INVALID_LOGIN_CREDENTIALS", "errors": [{ "message": "INVALID_LOGIN_CREDENTIALS", "domain": "global", "reason": "invalid" }] } }).to_string()),
        plant(Api, 400, "Bad Request: JWT token is expired").mime("text/plain"),
    ]);

    // 404.
    all.extend([
        plant(Api, 404, json!({ "error": "invalid_token", "error_description": "token not found" }).to_string()),
        plant(Api, 404, json!({ "statusCode": 404, "error": "Not Found", "message": "Session not found or expired" }).to_string()),
        plant(Api, 404, json!({ "code": "token_not_found", "message": "The access token was not found" }).to_string()),
        plant(Key, 404, json!({ "error": "invalid_api_key", "message": "No such API key" }).to_string()),
        plant(Api, 404, json!({ "detail": "Authentication credentials were not provided." }).to_string()),
        plant(Api, 404, json!({ "title": "Unauthorized", "status": 401, "detail": "Sign in to see this resource" }).to_string())
            .mime("application/problem+json"),
        plant(Api, 404, "").field("WWW-Authenticate", "Bearer realm=\"api\", error=\"invalid_token\", error_description=\"The token is unknown\""),
        plant(Api, 404, format!("<Error><Code>InvalidAccessKeyId.NotFound</Code><Message>Specified access key is not found.</Message><RequestId>{id}</RequestId></Error>"))
            .mime("text/xml"),
        plant(Login, 404, json!({ "message": "Invalid credentials" }).to_string()),
    ]);

    // 419.
    all.extend([
        plant(Page, 419, "<!DOCTYPE html><html><head><title>Page Expired</title></head><body><div class=\"code\">419</div><div>Page Expired</div></body></html>").mime("text/html; charset=UTF-8"),
        plant(Page, 419, json!({ "message": "CSRF token mismatch.", "exception": "Symfony\\Component\\HttpKernel\\Exception\\HttpException" }).to_string()),
        plant(Page, 419, json!({ "message": "Session expired" }).to_string()),
        plant(Api, 419, json!({ "error": "authentication timeout" }).to_string()),
        plant(Api, 419, ""),
        plant(Api, 419, json!({ "code": 419, "msg": "Your token has expired, please log in again" }).to_string()),
    ]);

    // 422.
    all.extend([
        plant(Api, 422, json!({ "msg": "Not enough segments" }).to_string()),
        plant(Api, 422, json!({ "msg": "Signature verification failed" }).to_string()),
        plant(Api, 422, json!({ "msg": "Bad Authorization header. Expected 'Authorization: Bearer <JWT>'" }).to_string()),
        plant(Api, 422, json!({ "msg": "Subject must be a string" }).to_string()),
        plant(Api, 422, json!({ "msg": "Only non-refresh tokens are allowed" }).to_string()),
        plant(Api, 422, json!({ "msg": "Invalid crypto padding" }).to_string()),
        plant(Page, 422, json!({ "detail": [{ "type": "missing", "loc": ["header", "authorization"], "msg": "Field required", "input": null }] }).to_string()),
        plant(Login, 422, json!({ "message": "These credentials do not match our records.", "errors": { "email": ["These credentials do not match our records."] } }).to_string()),
        plant(Login, 422, json!({ "errors": ["Invalid login credentials. Please try again."], "success": false }).to_string()),
        plant(Api, 422, json!({ "error": "Unprocessable Entity", "message": "The access token expired" }).to_string()),
        plant(Page, 422, json!({ "status": 422, "error": "Can't verify CSRF token authenticity." }).to_string()),
    ]);

    // 500.
    all.extend([
        plant(Api, 500, json!({ "message": "jwt malformed" }).to_string()),
        plant(Api, 500, json!({ "error": { "name": "JsonWebTokenError", "message": "invalid signature" } }).to_string()),
        plant(Api, 500, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error</title>\n</head>\n<body>\n<pre>TokenExpiredError: jwt expired<br> &nbsp; &nbsp;at /app/node_modules/jsonwebtoken/verify.js:190:21</pre>\n</body>\n</html>\n").mime("text/html; charset=utf-8"),
        plant(Api, 500, json!({ "timestamp": "2026-02-25T06:13:20.000+00:00", "status": 500, "error": "Internal Server Error", "message": "JWT expired at 2026-02-25T06:10:00Z. Current time: 2026-02-25T06:13:20Z, a difference of 200000 milliseconds.  Allowed clock skew: 0 milliseconds." }).to_string()),
        plant(Api, 500, json!({ "message": "Token has expired", "exception": "Tymon\\JWTAuth\\Exceptions\\TokenExpiredException" }).to_string()),
        plant(Api, 500, json!({ "code": 500, "msg": "token失效，请重新登录" }).to_string()),
        plant(Soap, 500, soap_fault("sf:INVALID_SESSION_ID", "INVALID_SESSION_ID: Invalid Session ID found in SessionHeader: Illegal Session")).mime("text/xml; charset=utf-8"),
        plant(Soap, 500, soap_fault("wsse:FailedAuthentication", "The security token could not be authenticated or authorized")).mime("text/xml; charset=utf-8"),
        plant(Soap, 500, soap_fault("wsse:InvalidSecurity", "An error was discovered processing the <wsse:Security> header")).mime("text/xml"),
        plant(Api, 500, json!({ "fault": { "faultstring": "Access Token expired", "detail": { "errorcode": "keymanagement.service.access_token_expired" } } }).to_string()),
        plant(Api, 500, json!({ "fault": { "faultstring": "Invalid access token", "detail": { "errorcode": "oauth.v2.InvalidAccessToken" } } }).to_string()),
        plant(Api, 500, json!({ "error": "Error verifying token: invalid signature" }).to_string()),
        plant(Api, 500, json!({ "success": false, "message": "UnauthorizedError: No authorization token was found" }).to_string()),
        plant(Login, 500, json!({ "error": "Bad credentials" }).to_string()),
    ]);
    all
}

/// Answers whose data speak of refusals: nobody was refused.
fn harmless(dice: &mut Dice) -> Vec<Plant> {
    use Asked::{Api, Graphql, Page};
    let id = dice.hex(12);
    let word = dice.word();
    let count = dice.between(2, 400);
    let user = dice.uuid();
    let hour = dice.between(10, 23);
    let stamp = format!("2026-02-{hour}T{hour}:05:09Z");
    let mut all = vec![
        // Logs, audits, deliveries.
        plant(Api, 200, json!({ "items": [
            { "id": id, "level": "warn", "message": "unauthorized", "path": "/admin", "status": 401, "at": stamp },
            { "id": 2, "level": "info", "message": "login ok", "path": "/login", "status": 200, "at": stamp }],
            "total": count }).to_string()),
        plant(Api, 200, json!([{ "ts": stamp, "event": "auth.failed", "reason": "token expired", "actor": user }]).to_string()),
        plant(Api, 200, json!({ "deliveries": [{ "id": id, "url": "https://hooks.example.net/x", "attempt": 3,
            "response": { "status": 401, "body": "{\"error\":\"invalid_token\"}" } }], "has_more": false }).to_string()),
        plant(Api, 200, json!({ "logs": [format!("{stamp} WARN jwt expired for user {user}"), format!("{stamp} INFO retrying")] }).to_string()),
        plant(Api, 200, format!("{stamp} ERROR 401 Unauthorized: token expired\n{stamp} INFO next\n")).mime("text/plain"),
        plant(Api, 200, format!("time,level,message\n{stamp},warn,unauthorized\n{stamp},warn,token expired\n")).mime("text/csv"),
        plant(Api, 200, json!({ "hits": { "total": count, "hits": [{ "_id": id, "_source": { "message": "Unauthorized", "http": { "status_code": 401 } } }] } }).to_string()),
        plant(Api, 200, json!({ "data": { "resultType": "streams", "result": [{ "stream": { "app": word }, "values": [["1772000000", "level=warn msg=\"invalid token\""]] }] }, "status": "success" }).to_string()),
        plant(Api, 200, json!({ "job": { "id": id, "state": "failed", "log_tail": "401 Unauthorized from registry.example.net", "attempts": 2 } }).to_string()),
        plant(Api, 200, json!({ "runs": [{ "name": "expired token is refused", "outcome": "passed" }, { "name": "unauthorized without header", "outcome": "passed" }] }).to_string()),
        plant(Api, 200, json!({ "issues": [{ "id": id, "title": "TokenExpiredError: jwt expired", "count": count, "userCount": 3, "level": "error" }] }).to_string()),
        // Articles, documents, catalogues.
        plant(Api, 200, json!({ "slug": "fix-401", "title": "How to fix 401 Unauthorized", "body": "If your token expired, request a new one. An invalid_token error means the server did not accept it." }).to_string()),
        plant(Api, 200, json!({ "articles": [{ "title": "Why did my session expire?", "excerpt": "Unauthorized errors explained" }] }).to_string()),
        plant(Page, 200, "<!DOCTYPE html><html><head><title>Error reference</title></head><body><h1>Error reference</h1><h2>401 Unauthorized</h2><p>The access token expired or is invalid. Please log in again.</p></body></html>").mime("text/html"),
        plant(Api, 200, json!({ "openapi": "3.0.3", "info": { "title": word, "version": "1" }, "paths": { "/me": { "get": { "responses": { "200": { "description": "ok" }, "401": { "description": "Unauthorized: token expired" } } } } } }).to_string()),
        plant(Api, 200, json!([{ "code": "token_expired", "http": 401, "description": "The token expired" }, { "code": "unauthorized", "http": 401, "description": "No valid credential" }]).to_string()),
        plant(Api, 200, json!({ "errors": [], "glossary": { "unauthorized": "not let in", "expired": "too old" } }).to_string()),
        plant(Api, 200, format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Status</title><item><title>Resolved: users saw 401 Unauthorized</title><guid>{id}</guid><description>Tokens expired early for some users.</description></item></channel></rss>")).mime("application/rss+xml"),
        plant(Api, 200, format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>{word}</title><entry><id>{id}</id><title>Invalid token errors</title><summary>unauthorized</summary></entry></feed>")).mime("application/atom+xml"),
        plant(Api, 200, "# Errors\n\n`401 Unauthorized` means that the token expired.\n").mime("text/markdown"),
        // Words for people, by language.
        plant(Api, 200, json!({ "error.unauthorized": "You are not signed in", "error.token_expired": "Token expired", "button.save": "Save" }).to_string()),
        plant(Api, 200, json!({ "common": { "ok": "OK" }, "errors": { "unauthorized": "Unauthorized", "tokenExpired": "Your session has expired. Please sign in again." } }).to_string()),
        plant(Api, 200, json!({ "locale": "de", "messages": { "login": { "invalid_credentials": "Anmeldedaten falsch", "session_expired": "Sitzung abgelaufen" } } }).to_string()),
        plant(Api, 200, "{\"zh\":{\"401\":\"登录已过期，请重新登录\",\"403\":\"没有权限\"}}".to_owned()),
        // Scripts and styles.
        plant(Page, 200, "export const E={UNAUTHORIZED:\"Unauthorized\",EXPIRED:\"Token expired\"};throw_if(e=>e.status===401);").mime("application/javascript"),
        plant(Page, 200, ".unauthorized{display:none}.token-expired{color:red}").mime("text/css"),
        // Settings and users.
        plant(Api, 200, json!({ "auth": { "enabled": true, "on_unauthorized": "redirect", "token_expired_action": "logout", "session_timeout": count } }).to_string()),
        plant(Api, 200, json!({ "features": { "notify_token_expired": true, "show_unauthorized_banner": false } }).to_string()),
        plant(Api, 200, json!({ "id": user, "name": "Ada", "lastError": "token expired", "lastErrorAt": stamp, "active": true }).to_string()),
        plant(Api, 200, json!({ "integrations": [{ "provider": "chat", "connected": false, "lastError": "invalid_auth" }, { "provider": "mail", "connected": true, "lastError": null }] }).to_string()),
        plant(Api, 200, json!({ "users": [{ "id": user, "status": "active", "last_login_failure": { "reason": "invalid password", "at": stamp } }] }).to_string()),
        plant(Api, 200, json!({ "id": id, "name": word, "policy": { "rules": [{ "if": "unauthorized", "then": "block" }] } }).to_string()),
        plant(Api, 200, json!({ "tokens": [{ "id": id, "name": "ci", "status": "expired", "expires_at": stamp }, { "id": 2, "name": "deploy", "status": "active", "expires_at": null }] }).to_string()),
        plant(Api, 200, json!({ "sessions": [{ "id": id, "state": "expired", "device": "phone" }], "current": user }).to_string()),
        plant(Api, 200, json!({ "invites": [{ "email_hash": id, "status": "expired" }], "count": 1 }).to_string()),
        // Conversations.
        plant(Api, 200, json!({ "messages": [{ "from": "bob", "text": "I get 401 unauthorized, token expired?", "ts": stamp }, { "from": "eve", "text": "log in again" }] }).to_string()),
        plant(Api, 200, json!({ "ok": true, "messages": [{ "type": "message", "text": "invalid_auth again" }], "has_more": false }).to_string()),
        plant(Graphql, 200, json!({ "data": { "thread": { "posts": [{ "id": id, "body": "UNAUTHENTICATED when calling the API" }] } } }).to_string()),
        plant(Graphql, 200, json!({ "data": { "auditLog": { "nodes": [{ "action": "LOGIN", "error": "Invalid credentials" }] }, "viewer": { "id": user } } }).to_string()),
        plant(Api, 200, json!({ "comments": [{ "id": count, "body": "Forbidden fruit. Access denied, haha." }] }).to_string()),
        plant(Api, 200, json!({ "subject": "Your token expired", "status": "sent", "to_count": count }).to_string()),
        // Boards, metrics, searches.
        plant(Api, 200, json!({ "page": { "name": word }, "components": [{ "name": "Login", "status": "degraded_performance", "description": "Elevated 401 Unauthorized answers" }] }).to_string()),
        plant(Api, 200, json!({ "incidents": [{ "id": id, "name": "Users see invalid token", "status": "resolved", "updates": [{ "body": "Expired signing key replaced" }] }] }).to_string()),
        plant(Api, 200, format!("# HELP http_requests_total Requests\nhttp_requests_total{{code=\"401\",reason=\"unauthorized\"}} {count}\nauth_failures_total{{reason=\"token_expired\"}} 7\n")).mime("text/plain; version=0.0.4"),
        plant(Api, 200, json!({ "buckets": [{ "key": "unauthorized", "doc_count": count }, { "key": "forbidden", "doc_count": 3 }] }).to_string()),
        plant(Api, 200, json!({ "query": "token expired", "results": [{ "title": "Token expired - what now", "score": 0.93 }], "took": 4 }).to_string()),
        plant(Api, 200, json!({ "suggestions": ["unauthorized access", "unauthorized error", "unauthorized 401"] }).to_string()),
        plant(Api, 200, json!({ "labels": { "401": count, "403": 2 }, "series": [{ "name": "Unauthorized", "points": [1, 2, 3] }] }).to_string()),
        plant(Api, 200, json!({ "checks": [{ "name": "auth", "healthy": true, "last_failure": "token expired" }], "healthy": true }).to_string()),
        plant(Api, 200, json!({ "success": true, "message": "Reminder for expired tokens was saved" }).to_string()),
        plant(Api, 200, json!({ "code": 0, "msg": "ok", "data": { "list": [{ "code": 401, "msg": "unauthorized" }] } }).to_string()),
        plant(Api, 200, json!({ "code": 200, "message": "success", "data": { "lastResult": "invalid token" } }).to_string()),
        plant(Api, 200, json!({ "error": null, "result": { "name": "unauthorized-access-report.pdf", "size": count } }).to_string()),
        plant(Api, 200, json!({ "errors": null, "warnings": ["3 tokens expired this week"], "data": { "total": count } }).to_string()),
        plant(Api, 201, json!({ "id": id, "title": "Investigate unauthorized requests", "state": "open" }).to_string()),
        plant(Api, 202, json!({ "accepted": true, "job": "purge-expired-tokens" }).to_string()),
        plant(Api, 207, json!({ "results": [{ "id": 1, "status": 200 }, { "id": 2, "status": 200 }], "note": "expired tokens were skipped" }).to_string()),
        plant(Api, 206, "HTTP/1.1 401 Unauthorized\nlesson two: what a challenge is\n").mime("text/plain"),
        // Redirects that have nothing to do with logging in.
        plant(Page, 302, "").mime("text/html").field("Location", format!("/search?q=unauthorized&ref={id}")),
        plant(Page, 301, "").mime("text/html").field("Location", "/blog/login-page-design"),
        // 4xx about data.
        plant(Api, 404, json!({ "error": "Not Found", "message": "no article with slug 'token-expired'" }).to_string()),
        plant(Api, 404, json!({ "message": format!("label \"unauthorized\" does not exist in {word}") }).to_string()),
        plant(Page, 404, "<html><head><title>Not found</title></head><body><h1>Page not found</h1><p>/docs/unauthorized</p></body></html>").mime("text/html"),
        plant(Api, 409, json!({ "error": "conflict", "message": "a rule named \"unauthorized\" already exists" }).to_string()),
        plant(Api, 422, json!({ "message": "Validation Failed", "errors": [{ "resource": "Label", "field": "name", "code": "already_exists", "value": "token expired" }] }).to_string()),
        plant(Api, 422, json!({ "errors": { "title": ["must not contain the word \"unauthorized\""] } }).to_string()),
        plant(Api, 400, json!({ "error": "Bad Request", "message": "unknown filter value 'unauthorized' for field 'state'" }).to_string()),
        plant(Api, 400, json!({ "errors": [{ "field": "template", "message": "unknown placeholder token_expired" }] }).to_string()),
        plant(Api, 410, json!({ "message": "the report \"expired tokens\" was deleted" }).to_string()),
        plant(Api, 413, json!({ "message": "file unauthorized-access.log is too large" }).to_string()),
        // 5xx about data.
        plant(Api, 500, json!({ "error": "could not render report \"Unauthorized requests\"", "id": id }).to_string()),
        plant(Api, 500, json!({ "message": "division by zero", "context": { "filter": "status:unauthorized" } }).to_string()),
        plant(Api, 503, json!({ "message": "search is down for maintenance", "query": "token expired" }).to_string()),
        plant(Api, 502, "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>").mime("text/html"),
    ];
    dice.shuffle(&mut all);
    all
}

/// Plants 200 of what `make` makes, over as many rounds as that takes, and returns what the program
/// says of each.
fn tried(make: fn(&mut Dice) -> Vec<Plant>, pretty: bool) -> Vec<(Plant, String)> {
    let mut dice = Dice::new(2026);
    let mut plants = Vec::new();
    while plants.len() < PLANTED {
        plants.extend(make(&mut dice));
    }
    plants.truncate(PLANTED);
    let (story, places) = capture(99, plants);
    let folder = Folder::new("planted");
    folder.write("p.har", if pretty { story.har_pretty() } else { story.har_compact() });
    let lines = folder.lines(&["p.har"]);
    assert_eq!(lines.len(), story.steps.len());
    places.into_iter().map(|(place, plant)| (plant, verdict(&lines[place]))).collect()
}

/// Lists what went wrong, each kind once.
fn wrongs(tried: &[(Plant, String)], wrong: impl Fn(&str) -> bool) -> (usize, String) {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for (plant, said) in tried.iter().filter(|(_, said)| wrong(said)) {
        let shown: String = plant.body.chars().take(160).collect();
        let kind = format!("{} {:?} {shown} {:?}: {said}", plant.status, plant.asked, plant.fields);
        *kinds.entry(kind).or_default() += 1;
    }
    let mut out = String::new();
    for kind in kinds.keys() {
        writeln!(out, "{kind}").unwrap();
    }
    (kinds.values().sum(), out)
}

#[test]
fn every_planted_refusal_is_found() {
    let tried = tried(refusals, true);
    for status in [200, 302, 400, 404, 419, 422, 500] {
        assert!(tried.iter().any(|(plant, _)| plant.status == status), "{status} is planted");
    }
    let (count, list) = wrongs(&tried, |said| said.starts_with("ok"));
    assert!(count == 0, "{count} of {PLANTED} were not found\n{list}");
}

#[test]
fn no_harmless_answer_is_flagged() {
    let tried = tried(harmless, false);
    let (count, list) = wrongs(&tried, |said| !said.starts_with("ok"));
    assert!(count == 0, "{count} of {PLANTED} were flagged\n{list}");
}

#[test]
fn what_stands_before_a_plant_is_never_blamed() {
    for make in [refusals as fn(&mut Dice) -> Vec<Plant>, harmless] {
        let mut dice = Dice::new(4);
        let (story, places) = capture(5, make(&mut dice));
        let folder = Folder::new("before");
        folder.write("p.har", story.har_compact());
        let lines = folder.lines(&["p.har"]);
        for (place, plant) in places {
            let before = verdict(&lines[place - 1]);
            assert!(before.starts_with("ok"), "{before} before {} {}", plant.status, plant.body);
        }
    }
}

#[test]
fn the_traffic_of_the_benches_is_told_as_it_was_planted() {
    for (shape, mix, name, size) in [
        (Shape::Har, Mix::Browsing, "a.har", 7_000_000),
        (Shape::CompactHar, Mix::Browsing, "b.har", 7_000_000),
        (Shape::Har, Mix::Dense, "dense.har", 1_500_000),
        (Shape::Har, Mix::Distinct, "distinct.har", 1_500_000),
        (Shape::CompactHar, Mix::Escaped, "escaped.har", 5_000_000),
        (Shape::Lines, Mix::Browsing, "c.jsonl", 1_000_000),
        (Shape::Combined, Mix::Browsing, "d.log", 100_000),
    ] {
        let mut bytes = Vec::new();
        let truth = corpus::write(Plan { mix, ..Plan::new(shape, size, 6) }, &mut bytes).unwrap();
        let folder = Folder::new("corpus");
        folder.write(name, bytes);
        let totals = folder.report(&[name])["totals"].clone();
        assert_eq!(totals["exchanges"], truth.entries, "{name} {totals}");
        assert_eq!(
            totals["ok"],
            truth.entries - truth.open - truth.hidden,
            "{name} {totals} {truth:?}"
        );
        assert!(truth.open > 0, "{name} {truth:?}");
        // A log of lines without bodies has none of these.
        let bare = shape == Shape::Combined;
        assert!(bare || (truth.hidden > 0 && truth.harmless > 0), "{name} {truth:?}");
    }
}
