//! Events of applications and identity providers that say that somebody was refused, without a status.
//!
//! Each is known by its names, never by words alone: an application's message is no request.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::alias::fold;
use super::node::Node;
use super::value;
use crate::input::clock::parse_time;
use crate::input::log::{self, keycloak};
use crate::model::{Exchange, Header, Observer};

/// Reads an event; `None` for all other messages.
pub(super) fn read(line: &Map<String, Value>) -> Option<Exchange<'_>> {
    let mut found = authelia(line)
        .or_else(|| grafana(line))
        .or_else(|| authentik(line))
        .or_else(|| teleport(line))
        .or_else(|| nextcloud(line))
        .or_else(|| vault(line))
        .or_else(|| gitlab(line))
        .or_else(|| tyk(line))
        .or_else(|| super::cloudtrail::read(line))
        .or_else(|| krakend(line))
        .or_else(|| google_audit(line))
        .or_else(|| told_by_keycloak(line))?;
    let first = |names: &[&str]| {
        names.iter().find_map(|wanted| {
            line.iter().find(|(name, _)| fold(name) == *wanted).map(|(_, value)| value)
        })
    };
    if found.time.is_none() {
        let time = first(&["time", "timestamp", "ts", "t"]);
        found.time = time.and_then(|time| match time {
            Value::String(text) => parse_time(text),
            other => crate::input::har_entry::number_time(other),
        });
    }
    if found.client_ip.is_none() {
        let client = first(&["clientip", "remoteip", "remoteaddr", "addrremote"]);
        found.client_ip = client.and_then(address);
    }
    found.user_agent = found.user_agent.or_else(|| first(&["useragent"]).and_then(said));
    found.request_id = found.request_id.or_else(|| first(&["requestid", "reqid"]).and_then(said));
    Some(found)
}

fn said(value: &Value) -> Option<Cow<'_, str>> {
    Node::of(value).said()
}

fn address(value: &Value) -> Option<Cow<'_, str>> {
    value::address(Node::of(value))
}

fn text<'v>(line: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    line.get(name)?.as_str().filter(|text| !text.is_empty())
}

fn at_path<'v>(line: &'v Map<String, Value>, method: &'v str, path: &'v str) -> Exchange<'v> {
    Exchange {
        method: text(line, method).map(Cow::Borrowed),
        url: text(line, path).map(Cow::Borrowed).unwrap_or_default(),
        observer: Observer::Idp,
        ..Exchange::default()
    }
}

/// Takes what a client sent out of a message: the text between the first and the last of two words.
fn without_name<'m>(message: &'m str, start: &str, end: &str) -> Option<(&'m str, String)> {
    let at = message.find(start)? + start.len();
    let until = at + message.get(at..)?.rfind(end)?;
    let name = message.get(at..until)?;
    Some((name, format!("{}***{}", message.get(..at)?, message.get(until..)?)))
}

/// `msg="Unsuccessful 1FA authentication attempt by user 'x'" method=POST path=/api/firstfactor`.
fn authelia(line: &Map<String, Value>) -> Option<Exchange<'_>> {
    let message = text(line, "msg")?;
    let path = text(line, "path").filter(|path| path.contains("/api/"))?;
    let is_attempt = message.starts_with("Unsuccessful ")
        && message.contains(" authentication attempt by user '")
        || message.starts_with("Error occurred getting details for user ")
            && path.ends_with("/firstfactor");
    is_attempt.then_some(())?;
    let (name, shown) = without_name(message, "'", "'")?;
    let mut found = at_path(line, "method", "path");
    found.user = Some(Cow::Borrowed(name));
    found.reasons.push(("msg".into(), Cow::Owned(shown)));
    if let Some(error) = text(line, "error") {
        found.reasons.push(("error".into(), Cow::Borrowed(error)));
    }
    Some(found)
}

/// `logger=context msg="Invalid username or password" error="user not found" remote_addr=...`.
fn grafana(line: &Map<String, Value>) -> Option<Exchange<'_>> {
    let is_context = text(line, "logger") == Some("context");
    let (message, error) = (text(line, "msg")?, text(line, "error")?);
    let refused = matches!(message, "Invalid username or password" | "Unauthorized")
        || message.starts_with("Invalid API key");
    (is_context && refused && !line.contains_key("status")).then_some(())?;
    let mut found = at_path(line, "method", "path");
    found.observer = Observer::App;
    found.user = text(line, "uname").map(Cow::Borrowed);
    // Of a login the error names what the message leaves open on purpose: that nobody has this name.
    let of_login = message == "Invalid username or password";
    let reason = if of_login { ("msg", message) } else { ("error", error) };
    found.reasons.push((reason.0.into(), Cow::Borrowed(reason.1)));
    Some(found)
}

/// `{"action":"login_failed","client_ip":...,"context":{"http_request":{"path":...,"method":...}}}`.
fn authentik(line: &Map<String, Value>) -> Option<Exchange<'_>> {
    let action = text(line, "action").filter(|action| *action == "login_failed")?;
    let context = line.get("context")?.as_object()?;
    let request = context.get("http_request").and_then(Value::as_object);
    let part = |name: &str| request.and_then(|request| text(request, name));
    Some(Exchange {
        method: part("method").map(Cow::Borrowed),
        url: part("path").map(Cow::Borrowed).unwrap_or_default(),
        user: text(context, "username").map(Cow::Borrowed),
        user_agent: part("user_agent").map(Cow::Borrowed),
        reasons: vec![("action".into(), Cow::Borrowed(action))],
        observer: Observer::Idp,
        ..Exchange::default()
    })
}

/// `{"event":"user.login","success":false,"error":...,"user":...,"addr.remote":...}`.
fn teleport(line: &Map<String, Value>) -> Option<Exchange<'_>> {
    let is_login = text(line, "event") == Some("user.login") && line.contains_key("cluster_name");
    (is_login && line.get("success") == Some(&Value::Bool(false))).then_some(())?;
    Some(Exchange {
        user: text(line, "user").map(Cow::Borrowed),
        request_id: text(line, "uid").map(Cow::Borrowed),
        reasons: vec![("error".into(), Cow::Borrowed(text(line, "error")?))],
        observer: Observer::Idp,
        ..Exchange::default()
    })
}

/// `{"reqId":...,"remoteAddr":...,"method":"POST","url":"/login","message":"Login failed: x (Remote IP: ...)"}`.
fn nextcloud(line: &Map<String, Value>) -> Option<Exchange<'_>> {
    let message = text(line, "message")?.strip_prefix("Login failed: ")?;
    (line.contains_key("reqId") && line.contains_key("remoteAddr")).then_some(())?;
    let (name, _) = message.rsplit_once(" (Remote IP: ")?;
    let mut found = at_path(line, "method", "url");
    found.observer = Observer::App;
    found.user = Some(Cow::Borrowed(name.trim_matches('\'')));
    found.reasons.push(("message".into(), Cow::Borrowed("Login failed")));
    Some(found)
}

/// `{"type":"response","request":{"operation":"read","path":...,"remote_address":...},"error":...}`: the
/// audit log of Vault and `OpenBao`, which has no status. The entry of the request tells the same before.
fn vault(line: &Map<String, Value>) -> Option<Exchange<'_>> {
    let request = line.get("request")?.as_object()?;
    let operation = text(request, "operation")?;
    (text(line, "type") == Some("response") && line.contains_key("auth")).then_some(())?;
    let method = match operation {
        "read" => "GET",
        "list" => "LIST",
        "delete" => "DELETE",
        "patch" => "PATCH",
        "create" | "update" | "header" | "rollback" | "help" | "resolve-role" => "POST",
        _ => return None,
    };
    let auth = line.get("auth").and_then(Value::as_object);
    let mut found = Exchange {
        method: Some(Cow::Borrowed(method)),
        url: Cow::Owned(format!("/v1/{}", text(request, "path")?)),
        user: auth.and_then(|auth| text(auth, "display_name")).map(Cow::Borrowed),
        client_ip: request.get("remote_address").and_then(address),
        request_id: text(request, "id").map(Cow::Borrowed),
        observer: Observer::App,
        ..Exchange::default()
    };
    if let Some(error) = text(line, "error") {
        found.reasons.push(("error".into(), Cow::Borrowed(error)));
    }
    Some(found)
}

/// `{"message":"Rack_Attack","env":"blocklist",...}` and `{"message":"Failed Login: username=ann ip=..."}`.
fn gitlab(line: &Map<String, Value>) -> Option<Exchange<'_>> {
    let message = text(line, "message")?;
    line.contains_key("correlation_id").then_some(())?;
    if message == "Rack_Attack" {
        let mut found = at_path(line, "request_method", "path");
        found.observer = Observer::App;
        found.reasons.push(("rack_attack".into(), Cow::Borrowed(text(line, "env")?)));
        return Some(found);
    }
    let (user, client) = message.strip_prefix("Failed Login: username=")?.rsplit_once(" ip=")?;
    Some(Exchange {
        user: Some(Cow::Borrowed(user)),
        client_ip: log::address(client),
        reasons: vec![("message".into(), Cow::Borrowed("Failed Login"))],
        ..Exchange::default()
    })
}

/// How Tyk's middlewares begin when they refuse.
const TYK: [&str; 4] =
    ["Attempted ", "JWT validation error", "Key not authorized", "Auth field validation failed"];

/// `msg="Attempted access with non-existent key." api_id=... mw=AuthKey origin=192.0.2.7 path=/a`.
fn tyk(line: &Map<String, Value>) -> Option<Exchange<'_>> {
    let (message, client) = (text(line, "msg")?, line.get("origin")?);
    let by_middleware = line.contains_key("api_id") && line.contains_key("mw");
    (by_middleware && TYK.iter().any(|start| message.starts_with(start))).then_some(())?;
    let mut found = at_path(line, "method", "path");
    found.observer = Observer::Gateway;
    found.client_ip = address(client);
    found.reasons.push(("msg".into(), Cow::Borrowed(message)));
    if let Some(error) = text(line, "error") {
        found.reasons.push(("error".into(), Cow::Borrowed(error)));
    }
    Some(found)
}

/// `{"protoPayload":{"@type":"...AuditLog","methodName":...,"status":{"code":7},...}}` of Google Cloud.
fn google_audit(line: &Map<String, Value>) -> Option<Exchange<'_>> {
    let payload = line.get("protoPayload")?.as_object()?;
    text(payload, "@type").filter(|kind| kind.ends_with(".AuditLog"))?;
    let inner = |map: &'static str| payload.get(map).and_then(Value::as_object);
    let told = inner("requestMetadata");
    let asked = told.and_then(|told| told.get("requestAttributes")?.as_object());
    let status = inner("status");
    let code = status.and_then(|status| status.get("code")?.as_u64()).unwrap_or(0);
    let (service, method) = (text(payload, "serviceName")?, text(payload, "methodName")?);
    let url = asked.and_then(|asked| text(asked, "path"));
    let user = inner("authenticationInfo").and_then(|who| text(who, "principalEmail"));
    let mut found = Exchange {
        method: asked.and_then(|asked| text(asked, "method")).map(Cow::Borrowed),
        url: url.map_or_else(|| Cow::Owned(format!("/{service}/{method}")), Cow::Borrowed),
        host: asked.and_then(|asked| text(asked, "host")).map(Cow::Borrowed),
        user: user.map(Cow::Borrowed),
        client_ip: told.and_then(|told| address(told.get("callerIp")?)),
        user_agent: told.and_then(|told| text(told, "callerSuppliedUserAgent")).map(Cow::Borrowed),
        observer: Observer::Gateway,
        ..Exchange::default()
    };
    let code = Cow::Owned(code.to_string());
    found.response_headers.push(Header { name: Cow::Borrowed("grpc-status"), value: code });
    if let Some(message) = status.and_then(|status| text(status, "message")) {
        found.reasons.push(("status.message".into(), Cow::Borrowed(message)));
    }
    Some(found)
}

/// `{"@timestamp":...,"level":"ERROR","message":"[ENDPOINT: /me][JWTValidator] ...","module":"KRAKEND"}`.
fn krakend(line: &Map<String, Value>) -> Option<Exchange<'_>> {
    let mut found = log::krakend::refused(text(line, "message")?)?;
    found.time = text(line, "@timestamp").and_then(parse_time);
    Some(found)
}

/// Keycloak with its log in JSON: the event is in the message.
fn told_by_keycloak(line: &Map<String, Value>) -> Option<Exchange<'_>> {
    let logger = text(line, "loggerName").or_else(|| text(line, "logger_name"))?;
    logger.contains("events").then(|| keycloak::event(text(line, "message")?))?
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::input::jsonl::from_value;
    use crate::model::{Exchange, Observer};

    fn told(value: &serde_json::Value) -> Option<(String, String, Option<String>)> {
        let (found, _): (Exchange<'_>, _) = from_value(value, None).ok()?;
        let reason = found.reasons.first().map(|(_, text)| text.to_string()).unwrap_or_default();
        Some((found.url.to_string(), reason, found.user.map(Into::into)))
    }

    #[test]
    fn a_failed_login_is_an_exchange_without_a_status_and_without_the_name_in_its_reason() {
        let line = json!({"time": "2026-11-23T02:29:33Z", "level": "error", "method": "POST",
            "path": "/api/firstfactor", "remote_ip": "192.0.2.7",
            "msg": "Unsuccessful 1FA authentication attempt by user 'o'neil'"});
        let (url, reason, user) = told(&line).unwrap();
        assert_eq!((&*url, user.as_deref()), ("/api/firstfactor", Some("o'neil")));
        assert_eq!(reason, "Unsuccessful 1FA authentication attempt by user '***'");
        let (found, _) = from_value(&line, None).unwrap();
        assert_eq!((found.observer, found.status), (Observer::Idp, None));
        assert_eq!(found.client_ip.as_deref(), Some("192.0.2.7"));
    }

    #[test]
    fn a_login_that_succeeded_is_a_message() {
        let line = json!({"method": "POST", "path": "/api/firstfactor",
            "msg": "Successful 1FA authentication attempt made by user 'ann'"});
        assert_eq!(told(&line), None);
        let line =
            json!({"event": "user.login", "cluster_name": "x", "success": true, "error": ""});
        assert_eq!(told(&line), None);
    }

    #[test]
    fn events_of_other_programs_are_known_by_their_names() {
        let authentik = json!({"action": "login_failed", "client_ip": "192.0.2.7", "request_id": "a1b2c3d4",
            "context": {"username": "ann", "http_request": {"path": "/api/v3/flows/executor/x/", "method": "POST"}}});
        assert_eq!(told(&authentik).unwrap().2.as_deref(), Some("ann"));
        let nextcloud = json!({"reqId": "x1y2z3", "remoteAddr": "192.0.2.7", "method": "POST", "url": "/login",
            "message": "Login failed: ann (Remote IP: 192.0.2.7)"});
        assert_eq!(told(&nextcloud).unwrap().1, "Login failed");
        let teleport = json!({"event": "user.login", "cluster_name": "x", "success": false,
            "error": "invalid username, password or second factor", "user": "ann"});
        assert_eq!(told(&teleport).unwrap().2.as_deref(), Some("ann"));
        let keycloak = json!({"loggerName": "org.keycloak.events", "message":
            "type=\"LOGIN_ERROR\", realmName=\"shop\", ipAddress=\"192.0.2.7\", error=\"user_not_found\""});
        assert_eq!(told(&keycloak).unwrap().1, "user_not_found");
    }

    #[test]
    fn an_audit_log_without_a_status_tells_of_refusals_and_of_the_rest() {
        let line = |error: Option<&str>| {
            json!({"time": "2026-11-23T02:29:33.6Z", "type": "response", "auth": {"display_name": "ann"},
                "request": {"id": "4c9fbb2c-1d3d-2f2c-9d6e-0a3f3f1c7f11", "operation": "read",
                    "client_token": "hmac-sha256:00", "path": "secret/data/a", "remote_address": "192.0.2.7"},
                "error": error})
        };
        let refused = line(Some("permission denied"));
        let (found, _) = from_value(&refused, None).unwrap();
        assert_eq!((&*found.url, found.method.as_deref()), ("/v1/secret/data/a", Some("GET")));
        assert_eq!(found.client_ip.as_deref(), Some("192.0.2.7"));
        assert_eq!(found.reasons[0].1, "permission denied");
        let accepted = line(None);
        assert!(from_value(&accepted, None).unwrap().0.reasons.is_empty());
        let mut asked = refused.clone();
        asked["type"] = "request".into();
        assert_eq!(told(&asked), None);
    }

    #[test]
    fn an_audit_log_of_google_has_codes_of_grpc() {
        let line = |code: u8| {
            json!({"timestamp": "2026-11-23T02:29:33Z", "protoPayload": {
                "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
                "serviceName": "iap.googleapis.com", "methodName": "AuthorizeUser",
                "requestMetadata": {"callerIp": "192.0.2.7",
                    "requestAttributes": {"method": "GET", "path": "/me", "host": "api.example"}},
                "status": {"code": code, "message": "Permission Denied"}}})
        };
        let refused = line(7);
        let (found, _) = from_value(&refused, None).unwrap();
        assert_eq!((found.response_header("grpc-status"), &*found.url), (Some("7"), "/me"));
        let accepted = line(0);
        assert_eq!(
            from_value(&accepted, None).unwrap().0.response_header("grpc-status"),
            Some("0")
        );
        let other = json!({"protoPayload": {"@type": "x.RequestLog", "serviceName": "a", "methodName": "b"}});
        assert_eq!(told(&other), None);
    }

    #[test]
    fn gateways_and_forges_tell_of_refusals_without_a_status() {
        let line = json!({"msg": "Attempted access with non-existent key.", "api_id": "a", "mw": "AuthKey",
            "origin": "192.0.2.7", "path": "/orders"});
        assert_eq!(told(&line).unwrap().0, "/orders");
        let line = json!({"severity": "INFO", "correlation_id": "x", "message": "Failed Login: username=a ip=b ip=192.0.2.7"});
        let (url, reason, user) = told(&line).unwrap();
        assert_eq!((&*url, &*reason, user.as_deref()), ("", "Failed Login", Some("a ip=b")));
        let line = json!({"msg": "Attempted access", "origin": "192.0.2.7", "path": "/orders"});
        assert_eq!(told(&line), None);
    }

    #[test]
    fn krakend_with_its_log_in_json_tells_the_same_as_in_text() {
        let line = json!({"@timestamp": "2026-11-23T02:29:33.413+00:00", "@version": 1, "level": "ERROR",
            "message": "[ENDPOINT: /me][JWTValidator] Unable to validate the token: Token is expired",
            "module": "KRAKEND"});
        assert_eq!(told(&line).unwrap().1, "Token is expired");
        let (found, _) = from_value(&line, None).unwrap();
        assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:29:33.413Z");
    }

    #[test]
    fn words_alone_make_no_event() {
        let line = json!({"msg": "Invalid username or password", "error": "user not found"});
        assert_eq!(told(&line), None);
        let line = json!({"message": "Login failed: ann (Remote IP: 192.0.2.7)"});
        assert_eq!(told(&line), None);
    }
}
