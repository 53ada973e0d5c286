//! Tells access, ID, refresh and other tokens apart by their own marks.

use super::json::{Json, Object};
use crate::model::Use;

/// Returns what a token is for, with the mark that says so.
///
/// Explicit marks first (`typ` of RFC 9068 and of Keycloak, `token_use` of Cognito, `token_type` of
/// simplejwt, `type` of flask-jwt-extended), then claims that only one kind carries. `scope` beats
/// `nonce`, because Keycloak copied `nonce` into access tokens until version 24.
pub(super) fn of(
    header: Option<&Object<'_>>,
    claims: Option<&Object<'_>>,
) -> (Use, Option<String>) {
    let marked = text(header, "typ")
        .and_then(|typ| Some((by_typ(typ)?, format!("typ is {}", shown(typ)))))
        .or_else(|| by_claim_value(claims))
        .or_else(|| by_claim_name(claims));
    marked.map_or((Use::Unknown, None), |(used_as, why)| (used_as, Some(why)))
}

fn by_typ(typ: &str) -> Option<Use> {
    let lower = typ.to_ascii_lowercase();
    let name = lower.strip_prefix("application/").unwrap_or(&lower);
    match name {
        "at+jwt" => Some(Use::Access),
        "id+jwt" | "id_token" | "id" => Some(Use::Id),
        "rt+jwt" | "refresh+jwt" | "refresh" | "offline" | "refresh_token" => Some(Use::Refresh),
        "jwt" | "jws" | "jose" | "bearer" => None,
        _ if name.ends_with("+jwt") || name == "logout" => Some(Use::Other),
        _ => None,
    }
}

fn by_claim_value(claims: Option<&Object<'_>>) -> Option<(Use, String)> {
    ["typ", "token_use", "token_type", "type", "tokenType", "tokenUse"].iter().find_map(|name| {
        let value = text(claims, name)?;
        let used_as = match value.to_ascii_lowercase().as_str() {
            "access" | "access_token" | "bearer" | "dpop" | "at+jwt" => Use::Access,
            "id" | "id_token" => Use::Id,
            "refresh" | "refresh_token" | "offline" => Use::Refresh,
            "logout" | "sliding" | "reset" | "verify" => Use::Other,
            _ => return None,
        };
        Some((used_as, format!("claim {name} is {}", shown(value))))
    })
}

fn by_claim_name(claims: Option<&Object<'_>>) -> Option<(Use, String)> {
    let claims = claims?;
    let has = |name: &&&str| claims.get(name).is_some_and(|v| *v != Json::Null);
    let found = |names: &[&str], used_as: Use| {
        names.iter().find(has).map(|name| (used_as, format!("claim {name}")))
    };
    found(&["events", "htu", "htm"], Use::Other)
        .or_else(|| found(&["at_hash", "c_hash", "s_hash"], Use::Id))
        .or_else(|| found(&["scope", "scp"], Use::Access))
        .or_else(|| found(&["nonce"], Use::Id))
        .or_else(|| by_profile(claims))
}

/// A login time with a person's details and no permission is an ID token; Firebase's are meant for APIs.
fn by_profile(claims: &Object<'_>) -> Option<(Use, String)> {
    let has = |name: &&str| claims.has(name);
    let firebase = text(Some(claims), "iss").is_some_and(|iss| iss.contains("securetoken.google"));
    let person = ["email", "name", "given_name", "preferred_username", "picture"];
    let permission = ["roles", "permissions", "client_id", "scopes", "groups", "realm_access"];
    let fits =
        !firebase && has(&"auth_time") && person.iter().any(has) && !permission.iter().any(has);
    fits.then(|| (Use::Id, "claims auth_time and profile, no scope".to_owned()))
}

fn text<'o>(object: Option<&'o Object<'_>>, name: &str) -> Option<&'o str> {
    object.and_then(|o| o.text(name))
}

/// Only words that this file knows get here, so nothing secret can be shown.
fn shown(word: &str) -> String {
    super::identifier(word, 32)
}
