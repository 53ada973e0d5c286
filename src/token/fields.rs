//! Every header parameter and claim in words: its registered meaning, its value where that may be shown.
//!
//! Names of the registries mean what their RFC says. A value is shown where its name is that of a public
//! identifier or a time; what names a person becomes a stand-in; of all else only the shape is told.

use super::claims::{list, numeric_date};
use super::json::{Json, Object};
use super::segments::{Segments, object};
use super::shape::{identifier, is_email, is_jwt_shaped, is_uuid};
use crate::model::{Form, Segment, TokenField, pseudonym};

/// Most fields told of one part.
const MOST: usize = 128;

/// How the value of a name may be shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Show {
    /// A public identifier or a list of such.
    Name,
    /// Seconds since 1970.
    Time,
    /// A person: as stand-in.
    Person,
    /// Its shape only.
    Shape,
}

use Show::{Name, Person, Shape, Time};

/// Header parameters (RFC 7515, section 4.1; RFC 7516, section 4.1; RFC 7518; RFC 7797; RFC 9449).
const HEADER: &[(&str, Show, &str)] = &[
    ("alg", Name, "algorithm"),
    ("enc", Name, "content encryption algorithm"),
    ("typ", Name, "type"),
    ("cty", Name, "content type"),
    ("kid", Name, "key id"),
    ("crit", Name, "extensions that must be understood"),
    ("zip", Name, "compression algorithm"),
    ("b64", Shape, "whether the payload is base64url"),
    ("jku", Name, "URL of the key set"),
    ("x5u", Name, "URL of the certificate"),
    ("jwk", Shape, "public key"),
    ("x5c", Shape, "certificate chain"),
    ("x5t", Shape, "SHA-1 thumbprint of the certificate"),
    ("x5t#S256", Shape, "SHA-256 thumbprint of the certificate"),
    ("epk", Shape, "ephemeral public key"),
    ("apu", Shape, "agreement party U"),
    ("apv", Shape, "agreement party V"),
    ("iv", Shape, "initialization vector"),
    ("tag", Shape, "authentication tag"),
    ("p2s", Shape, "PBES2 salt"),
    ("p2c", Shape, "PBES2 count"),
];

/// Claims (RFC 7519, section 4.1; OpenID Connect Core 1.0; RFC 8693; RFC 9068; RFC 7800; RFC 9449) and
/// those that large issuers add.
const CLAIMS: &[(&str, Show, &str)] = &[
    ("iss", Name, "issuer"),
    ("sub", Person, "subject"),
    ("aud", Name, "audience"),
    ("exp", Time, "expiration time"),
    ("nbf", Time, "not before"),
    ("iat", Time, "issued at"),
    ("jti", Shape, "JWT ID"),
    ("azp", Name, "authorized party"),
    ("client_id", Name, "client"),
    ("cid", Name, "client"),
    ("appid", Name, "client"),
    ("scope", Name, "scopes"),
    ("scp", Name, "scopes"),
    ("scopes", Name, "scopes"),
    ("roles", Name, "roles"),
    ("role", Name, "roles"),
    ("groups", Name, "groups"),
    ("permissions", Name, "permissions"),
    ("authorities", Name, "authorities"),
    ("cognito:groups", Name, "groups"),
    ("entitlements", Name, "entitlements"),
    ("tid", Name, "tenant"),
    ("tenant", Name, "tenant"),
    ("tenant_id", Name, "tenant"),
    ("org_id", Name, "organization"),
    ("realm", Name, "realm"),
    ("typ", Name, "type"),
    ("token_use", Name, "type"),
    ("token_type", Name, "type"),
    ("type", Name, "type"),
    ("ver", Name, "version"),
    ("auth_time", Time, "time of authentication"),
    ("updated_at", Time, "time of the profile's last change"),
    ("acr", Name, "authentication context class"),
    ("amr", Name, "authentication methods"),
    ("nonce", Shape, "nonce of the request"),
    ("at_hash", Shape, "hash of the access token"),
    ("c_hash", Shape, "hash of the code"),
    ("s_hash", Shape, "hash of the state"),
    ("ath", Shape, "hash of the access token"),
    ("htm", Name, "method of the request"),
    ("htu", Shape, "URL of the request"),
    ("sid", Shape, "session id"),
    ("cnf", Shape, "key that the token is bound to"),
    ("act", Shape, "actor"),
    ("may_act", Shape, "actor that may act"),
    ("events", Shape, "security events"),
    ("realm_access", Shape, "roles of the realm"),
    ("resource_access", Shape, "roles by client"),
    ("oid", Person, "user"),
    ("uid", Person, "user"),
    ("upn", Person, "user"),
    ("user_id", Person, "user"),
    ("user_name", Person, "user name"),
    ("username", Person, "user name"),
    ("unique_name", Person, "user name"),
    ("preferred_username", Person, "user name"),
    ("nickname", Person, "user name"),
    ("name", Person, "full name"),
    ("given_name", Person, "given name"),
    ("family_name", Person, "family name"),
    ("middle_name", Person, "middle name"),
    ("email", Person, "e-mail address"),
    ("phone_number", Person, "telephone number"),
    ("email_verified", Shape, "whether the e-mail address was verified"),
    ("phone_number_verified", Shape, "whether the telephone number was verified"),
];

/// Returns the names of all claims that are known.
#[cfg(test)]
pub(super) fn known_claims() -> impl Iterator<Item = &'static str> {
    CLAIMS.iter().map(|(name, ..)| *name)
}

/// Tells what the header and the claims of a token hold, in the order of the text; of a JWE the header.
///
/// Empty for text without a JOSE header.
pub fn fields(text: &str) -> Vec<TokenField> {
    let mut header = Vec::new();
    let Some(segments) = Segments::split(text, &mut header) else { return Vec::new() };
    let mut faults = Vec::new();
    let mut out = Vec::new();
    out.extend(segments.header(&mut faults).iter().flat_map(|map| part("header", map, HEADER)));
    if segments.form == Form::Jws {
        let bytes = segments.payload(&mut faults);
        let payload = bytes.as_deref().and_then(|b| object(b, Segment::Payload, &mut faults));
        out.extend(payload.iter().flat_map(|map| part("payload", map, CLAIMS)));
    }
    out
}

/// Tells of one part: known names in the order of their table, then the others by name.
fn part(part: &str, map: &Object<'_>, known: &[(&str, Show, &'static str)]) -> Vec<TokenField> {
    let place = |name: &str| known.iter().position(|(k, ..)| *k == name);
    let mut members: Vec<(&str, &Json<'_>)> = map.members().collect();
    members.sort_by_key(|(name, _)| (place(name).unwrap_or(usize::MAX), *name));
    let told = members.into_iter().take(MOST).map(|(name, value)| {
        let row = known.iter().find(|(k, ..)| *k == name);
        let (show, meaning) =
            row.map_or((Shape, None), |(_, show, meaning)| (*show, Some(*meaning)));
        TokenField {
            part: part.to_owned(),
            name: identifier(name, 64),
            meaning: meaning.map(str::to_owned),
            value: shown(value, show),
            shape: shape(value),
            time: time(value, show),
        }
    });
    told.collect()
}

/// Returns the value as it may be shown. What is true, false or null is harmless under any name.
fn shown(value: &Json<'_>, show: Show) -> Option<String> {
    match (value, show) {
        (Json::Bool(is), _) => Some(is.to_string()),
        (_, Name) => Some(list(value).join(", ")).filter(|text| !text.is_empty()),
        (_, Person) => value.scalar().map(|text| pseudonym(&text)),
        (_, Time) => Some(numeric_date(value).raw().into_owned()),
        (_, Shape) => None,
    }
}

fn time(value: &Json<'_>, show: Show) -> Option<String> {
    let date = (show == Time).then(|| numeric_date(value))?;
    date.at.map(|at| at.to_string())
}

/// Returns kind and size of a value, and nothing that it says.
fn shape(value: &Json<'_>) -> String {
    let many = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(_) => "true or false".to_owned(),
        Json::Number(n) if n.is_f64() => "a number with a fraction".to_owned(),
        Json::Number(n) => {
            let digits = n.to_string().bytes().filter(u8::is_ascii_digit).count();
            format!("a number of {}", many(digits, "digit"))
        }
        Json::Text(text) => {
            let size = format!("text of {}", many(text.chars().count(), "character"));
            match &**text {
                text if is_uuid(text) => format!("{size}, a UUID"),
                text if is_email(text) => format!("{size}, an e-mail address"),
                text if is_jwt_shaped(text) => format!("{size}, itself a token"),
                text if text.starts_with("https://") || text.starts_with("http://") => {
                    format!("{size}, a URL")
                }
                _ => size,
            }
        }
        Json::List(items) => format!("a list of {}", many(items.len(), "value")),
        Json::Object(members) => format!("an object of {}", many(members.len(), "member")),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn of(header: &str, payload: &str) -> Vec<TokenField> {
        let [header, payload] = [header, payload].map(|text| URL_SAFE_NO_PAD.encode(text));
        fields(&format!("{header}.{payload}.c2ln"))
    }

    fn field(fields: &[TokenField], name: &str) -> TokenField {
        fields.iter().find(|field| field.name == name).cloned().unwrap()
    }

    #[test]
    fn registered_names_have_their_meaning_and_times_their_instant() {
        let fields =
            of(r#"{"alg":"RS256","kid":"2026-10"}"#, r#"{"exp":1767265200,"iss":"https://a/"}"#);
        assert_eq!(field(&fields, "kid").value.as_deref(), Some("2026-10"));
        let exp = field(&fields, "exp");
        assert_eq!(exp.time.as_deref(), Some("2026-01-01T11:00:00Z"));
        assert_eq!(exp.meaning.as_deref(), Some("expiration time"));
        let order: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(order, ["alg", "kid", "iss", "exp"]);
    }

    #[test]
    fn a_person_is_a_stand_in_and_an_unknown_claim_only_a_shape() {
        let fields = of(
            r#"{"alg":"RS256"}"#,
            r#"{"sub":"alice","email":"alice@example.com","pin":1234,"ok":true,"x":"s3cr3t","l":["s3cr3t"]}"#,
        );
        assert_eq!(field(&fields, "sub").value, Some(pseudonym("alice")));
        assert_eq!(field(&fields, "pin").value, None);
        assert_eq!(field(&fields, "pin").shape, "a number of 4 digits");
        assert_eq!(field(&fields, "ok").value.as_deref(), Some("true"));
        assert_eq!(field(&fields, "x").shape, "text of 6 characters");
        let all = format!("{fields:?}");
        for secret in ["alice", "1234", "s3cr3t"] {
            assert!(!all.contains(secret), "{secret}");
        }
    }

    #[test]
    fn text_without_a_jose_header_has_no_fields() {
        assert_eq!(fields("ghp_0123456789"), []);
        assert_eq!(fields(""), []);
    }
}
