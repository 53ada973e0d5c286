//! Events of Keycloak: who was refused at which endpoint, and the code that says why.

use std::borrow::Cow;

use super::scan::address;
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::model::{Body, Exchange, Observer};

/// `time WARN  [org.keycloak.events] (thread) type=LOGIN_ERROR, realmId=..., error=...`.
pub(super) const KEYCLOAK: Format = Format {
    name: "keycloak",
    what: "events of Keycloak",
    observer: Observer::Idp,
    read: |line, _: &mut Setting| {
        let (head, told) = line.split_once(") type=").or_else(|| line.split_once("type="))?;
        let shaped = head.contains("[org.") && head.contains(".events]") || head.is_empty();
        let at = line.len().checked_sub(told.len() + "type=".len())?;
        // What stands before the time is taken off first.
        let time =
            head.get(..23).and_then(parse_time).or_else(|| parse_time(head.split(' ').next()?));
        (time.is_some() || head.is_empty()).then_some(())?;
        let Some(mut exchange) = event(line.get(at..).filter(|_| shaped)?) else {
            return is_event(told).then_some(Found::Notice);
        };
        exchange.time = time;
        Some(Found::Exchange(Box::new(exchange)))
    },
};

fn is_event(told: &str) -> bool {
    told.contains("realmId=") || told.contains("realmName=")
}

/// Reads `type=LOGIN_ERROR, realmId=..., clientId=..., userId=..., ipAddress=..., error=..., ...`, with or
/// without quotes around the values; `None` for events that tell of no refusal.
pub(in crate::input) fn event(text: &str) -> Option<Exchange<'_>> {
    let value = |name: &str| {
        let found = text.split(", ").find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        found.map(|value| value.trim_matches('"')).filter(|value| !matches!(*value, "" | "null"))
    };
    let kind = value("type")?.strip_suffix("_ERROR")?;
    let realm = value("realmName").or_else(|| value("realmId"))?;
    let (endpoint, grant) = endpoint(kind);
    let mut exchange = Exchange {
        method: Some(Cow::Borrowed("POST")),
        url: Cow::Owned(format!("/realms/{realm}/{endpoint}")),
        client_ip: value("ipAddress").and_then(address),
        user: value("username").or_else(|| value("userId")).map(Cow::Borrowed),
        observer: Observer::Idp,
        ..Exchange::default()
    };
    if let Some(grant) = grant {
        exchange.request_body = Body {
            mime: Some("application/x-www-form-urlencoded".into()),
            params: vec![("grant_type".into(), grant.into())],
            ..Body::default()
        };
    }
    exchange.reasons.push(("error".into(), Cow::Borrowed(value("error")?)));
    if let Some(reason) = value("reason") {
        exchange.reasons.push(("reason".into(), Cow::Borrowed(reason)));
    }
    Some(exchange)
}

/// Returns where an event happened, and the grant that was asked for.
fn endpoint(kind: &str) -> (&'static str, Option<&'static str>) {
    const TOKEN: &str = "protocol/openid-connect/token";
    match kind {
        "REFRESH_TOKEN" => (TOKEN, Some("refresh_token")),
        "CODE_TO_TOKEN" => (TOKEN, Some("authorization_code")),
        "CLIENT_LOGIN" => (TOKEN, Some("client_credentials")),
        "TOKEN_EXCHANGE" => (TOKEN, Some("urn:ietf:params:oauth:grant-type:token-exchange")),
        "OAUTH2_DEVICE_CODE_TO_TOKEN" => {
            (TOKEN, Some("urn:ietf:params:oauth:grant-type:device_code"))
        }
        "PERMISSION_TOKEN" => (TOKEN, Some("urn:ietf:params:oauth:grant-type:uma-ticket")),
        "INTROSPECT_TOKEN" => ("protocol/openid-connect/token/introspect", None),
        "USER_INFO_REQUEST" => ("protocol/openid-connect/userinfo", None),
        "LOGOUT" => ("protocol/openid-connect/logout", None),
        "OAUTH2_DEVICE_AUTH" => ("protocol/openid-connect/auth/device", None),
        "IDENTITY_PROVIDER_LOGIN" | "IDENTITY_PROVIDER_FIRST_LOGIN" => ("broker/login", None),
        "REGISTER" => ("login-actions/registration", None),
        "RESET_PASSWORD" | "SEND_RESET_PASSWORD" => ("login-actions/reset-credentials", None),
        _ => ("login-actions/authenticate", None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "2026-11-23 02:29:33,357 WARN  [org.keycloak.events] (executor-thread-1) ";

    fn exchange(line: &str) -> Exchange<'_> {
        match (KEYCLOAK.read)(line, &mut Setting::default()) {
            Some(Found::Exchange(exchange)) => *exchange,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_login_that_failed_tells_who_and_why() {
        let line = format!(
            "{START}type=LOGIN_ERROR, realmId=shop, clientId=web, userId=null, ipAddress=192.0.2.7, error=user_not_found, username=ann"
        );
        let found = exchange(&line);
        assert_eq!(found.url, "/realms/shop/login-actions/authenticate");
        assert_eq!(
            (found.user.as_deref(), found.client_ip.as_deref()),
            (Some("ann"), Some("192.0.2.7"))
        );
        assert_eq!(found.reasons, [("error".into(), "user_not_found".into())]);
        assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:29:33.357Z");
    }

    #[test]
    fn a_refresh_that_was_refused_is_one_at_the_token_endpoint() {
        let line = format!(
            "{START}type=\"REFRESH_TOKEN_ERROR\", realmName=\"shop\", ipAddress=\"192.0.2.7\", error=\"invalid_token\", reason=\"Token reuse detected\""
        );
        let found = exchange(&line);
        assert_eq!(found.url, "/realms/shop/protocol/openid-connect/token");
        assert_eq!(found.request_body.params, [("grant_type".into(), "refresh_token".into())]);
        assert_eq!(found.reasons.get(1), Some(&("reason".into(), "Token reuse detected".into())));
    }

    #[test]
    fn events_that_tell_of_no_refusal_are_notices() {
        let line = format!("{START}type=LOGIN, realmId=shop, clientId=web, ipAddress=192.0.2.7");
        assert!(matches!((KEYCLOAK.read)(&line, &mut Setting::default()), Some(Found::Notice)));
        let other = "2026-11-23 02:29:33,357 INFO  [com.acme.App] (main) type=LOGIN_ERROR, realmId=x, error=y";
        assert!((KEYCLOAK.read)(other, &mut Setting::default()).is_none());
    }
}
