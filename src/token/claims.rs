//! Header parameters and claims, typed leniently: what a verifier would refuse is still read.

use std::sync::Arc;

use crate::model::{At, Make, NumericDate, Token, Unit, pseudonym};

use super::json::{Json, Object};
use super::shape::identifier;

/// Most entries kept of a list (scopes, roles, audiences, claim names).
const MOST: usize = 64;
/// Longest text kept of one value, in characters.
const LONGEST: usize = 160;

/// From this many seconds on a number is held for another unit: they lie in the year 5138.
const LATEST: u64 = 100_000_000_000;

/// Fills what the JOSE header says.
pub(super) fn fill_header(make: &mut Make, header: Option<&Object<'_>>) {
    let Some(header) = header else { return };
    make.alg = header.text("alg").map(|s| identifier(s, 32));
    make.typ = header.text("typ").map(|s| identifier(s, 40));
    make.kid = header.get("kid").and_then(Json::scalar).map(|s| identifier(&s, LONGEST));
    make.crit = header.get("crit").map(list).unwrap_or_default();
}

/// Fills what the claims say.
pub(super) fn fill_payload(token: &mut Token, claims: &Object<'_>) {
    fill_own(token, claims, pseudonym);
    fill_make(Arc::make_mut(&mut token.make), claims);
}

/// Fills what they say of this token alone; `person` makes the stand-in of whose it is.
pub(super) fn fill_own(
    token: &mut Token,
    claims: &Object<'_>,
    person: impl FnOnce(&str) -> String,
) {
    token.sub = claims.get("sub").and_then(Json::scalar).map(|sub| person(&sub).into());
    token.client = ["azp", "client_id", "cid", "appid"]
        .iter()
        .find_map(|name| text(claims, name))
        .map(Into::into);
    token.exp = claims.get("exp").map(numeric_date);
    token.nbf = claims.get("nbf").map(numeric_date);
    token.iat = claims.get("iat").map(numeric_date);
}

/// Fills what they say of all tokens like it; what is read here beside that it is there has to stand in the
/// list of [`Mint`](super::Mint).
pub(super) fn fill_make(make: &mut Make, claims: &Object<'_>) {
    let text = |name| text(claims, name);
    make.iss = text("iss");
    make.aud = claims.get("aud").map(list).unwrap_or_default();
    make.aud_is_list = claims.get("aud").is_some_and(|aud| aud.as_list().is_some());
    make.tenant =
        ["tid", "tenant", "tenant_id", "org_id", "realm"].iter().find_map(|name| text(name));
    make.scopes = gather(claims, &["scope", "scp", "scopes"], true).into();
    make.roles = gather(
        claims,
        &["roles", "role", "groups", "permissions", "authorities", "cognito:groups"],
        false,
    );
    if let Some(realm) = claims.get("realm_access").and_then(|r| r.as_object()?.get("roles")) {
        make.roles.extend(list(realm));
        tidy(&mut make.roles);
    }
    make.has_jti = claims.get("jti").is_some_and(|v| *v != Json::Null);
    make.claims = claims.members().map(|(name, _)| identifier(name, 64)).take(MOST).collect();
    tidy(&mut make.claims);
    make.bound = claims.get("cnf").and_then(Json::as_object).and_then(|cnf| {
        ["jkt", "x5t#S256", "jwk", "kid"]
            .iter()
            .find(|name| cnf.has(name))
            .map(|name| (*name).to_owned())
    });
}

fn text(claims: &Object<'_>, name: &str) -> Option<String> {
    claims.get(name).and_then(Json::scalar).map(|s| identifier(&s, LONGEST))
}

/// Reads a time claim; its unit is told from its size.
pub(super) fn numeric_date(value: &Json<'_>) -> NumericDate {
    // All but the odd one are whole seconds, and those are what is said of them.
    if let Json::Number(n) = value
        && let Some(secs) = n.as_u64().filter(|secs| *secs < LATEST)
    {
        return NumericDate::of_secs(secs);
    }
    numeric_date_of_any(value)
}

fn numeric_date_of_any(value: &Json<'_>) -> NumericDate {
    let (number, is_number, raw) = match value {
        Json::Number(n) => {
            let whole = n.as_u64().map(|whole| whole.to_string());
            (n.as_f64(), true, whole.unwrap_or_else(|| n.to_string()))
        }
        Json::Text(s) => {
            (s.trim().parse::<f64>().ok().filter(|n| n.is_finite()), false, { identifier(s, 40) })
        }
        Json::Null => (None, false, "null".to_owned()),
        Json::Bool(is) => (None, false, is.to_string()),
        Json::List(_) => (None, false, "[...]".to_owned()),
        Json::Object(_) => (None, false, "{...}".to_owned()),
    };
    let unit = number.map_or(Unit::Seconds, unit_of);
    let scale = match unit {
        Unit::Seconds => 1.0,
        Unit::Millis => 1e3,
        Unit::Micros => 1e6,
        Unit::Nanos => 1e9,
    };
    let at = number.map(|n| At::from_secs_f64(n / scale));
    let raw = if raw.len() <= 40 { raw } else { raw.chars().take(40).collect() };
    NumericDate::new(at, unit, is_number, raw)
}

/// Tells the unit from the size, see [`LATEST`].
fn unit_of(number: f64) -> Unit {
    match number.abs() {
        n if n >= 1e17 => Unit::Nanos,
        n if n >= 1e14 => Unit::Micros,
        n if n >= 1e11 => Unit::Millis,
        _ => Unit::Seconds,
    }
}

/// Reads one value or a list of values, in order.
pub(super) fn list(value: &Json<'_>) -> Vec<String> {
    match value {
        Json::List(items) => items
            .iter()
            .filter_map(Json::scalar)
            .map(|s| identifier(&s, LONGEST))
            .take(MOST)
            .collect(),
        other => other.scalar().map(|s| identifier(&s, LONGEST)).into_iter().collect(),
    }
}

/// Collects the values of several claims, sorted; text is split at blanks where `split` says so.
fn gather(claims: &Object<'_>, names: &[&str], split: bool) -> Vec<String> {
    let mut found = Vec::new();
    for value in names.iter().filter_map(|name| claims.get(name)) {
        match value {
            Json::Text(text) if split => {
                let words = text.split(|c: char| c.is_whitespace() || c == ',');
                found.extend(words.filter(|w| !w.is_empty()).map(|w| identifier(w, LONGEST)));
            }
            other => found.extend(list(other)),
        }
    }
    tidy(&mut found);
    found
}

fn tidy(names: &mut Vec<String>) {
    names.sort_unstable();
    names.dedup();
    names.truncate(MOST);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]
        #[test]
        fn whole_seconds_are_read_as_any_other_number_is(
            number in prop_oneof![
                0_u64..2_000_000_000,
                // In nanoseconds they are what an `i64` holds at most.
                9_223_372_034_u64..9_223_372_040,
                LATEST - 3..LATEST + 3,
                any::<u64>(),
            ],
        ) {
            let value = Json::Number(number.into());
            prop_assert_eq!(numeric_date(&value), numeric_date_of_any(&value));
        }
    }
}
