//! JSON Web Keys (RFC 7517), sets of them, and what vendors publish instead.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::der::read_pem;
use super::material::{Curve, ED448, Material};
use super::text::base64_of;

/// A key of a set.
#[derive(Debug)]
pub(super) struct Jwk {
    pub(super) material: Material,
    pub(super) kid: Option<String>,
    /// The algorithm that it is meant for.
    pub(super) alg: Option<String>,
    /// What it is meant for, where that is something else than signatures.
    pub(super) usage: Option<String>,
}

/// Why a key of a set cannot be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Unusable {
    pub(super) kid: Option<String>,
    pub(super) why: String,
}

/// Reads a set, one key, an array of keys, or an object of key id to certificate or PEM; `None` when it
/// is none of them.
pub(super) fn read(json: &Value) -> Option<Vec<Result<Jwk, Unusable>>> {
    if let Value::Array(list) = json {
        let keys: Vec<_> = list.iter().filter_map(Value::as_object).collect();
        return (!keys.is_empty() && keys.iter().all(|k| k.contains_key("kty")))
            .then(|| keys.into_iter().map(one).collect());
    }
    let object = json.as_object()?;
    if object.contains_key("kty") {
        return Some(vec![one(object)]);
    }
    if let Some(list) = object.get("keys").and_then(Value::as_array) {
        return Some(list.iter().filter_map(Value::as_object).map(one).collect());
    }
    if let Some(inner) = object.get("jwks").or_else(|| object.get("data")) {
        return read(inner);
    }
    by_name(object)
}

/// Reads `{"<kid>": "-----BEGIN CERTIFICATE-----..."}`.
fn by_name(object: &Map<String, Value>) -> Option<Vec<Result<Jwk, Unusable>>> {
    let mut keys = Vec::new();
    for (kid, text) in object {
        let read = read_pem(text.as_str()?)?.ok()?;
        let material = read.into_iter().next()?.material;
        keys.push(Ok(Jwk { material, kid: Some(kid.clone()), alg: None, usage: None }));
    }
    (!keys.is_empty()).then_some(keys)
}

/// Reads one key.
fn one(jwk: &Map<String, Value>) -> Result<Jwk, Unusable> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let kid = match jwk.get("kid") {
        Some(Value::String(kid)) => Some(kid.clone()),
        Some(Value::Number(kid)) => Some(kid.to_string()),
        _ => None,
    };
    let bytes = |name: &str| text(name).and_then(base64_of);
    let material = match text("kty").unwrap_or_default() {
        "oct" => bytes("k").map(|k| Material::Secret(Zeroizing::new(k))),
        "RSA" => rsa(bytes("n"), bytes("e")).or_else(|| from_certificate(jwk)),
        "EC" => {
            let curve = match text("crv").unwrap_or_default() {
                "P-256" => Some(Curve::P256),
                "P-384" => Some(Curve::P384),
                "P-521" => Some(Curve::P521),
                "secp256k1" | "P-256K" => Some(Curve::Secp256k1),
                _ => None,
            };
            curve.and_then(|curve| point(curve, &bytes("x")?, &bytes("y")?))
        }
        "OKP" => match (text("crv").unwrap_or_default(), bytes("x")) {
            ("Ed25519", Some(x)) if x.len() == 32 => Some(Material::Ed25519(x)),
            ("Ed448", Some(_)) => Some(Material::Other(ED448)),
            _ => None,
        },
        _ => None,
    };
    let alg = text("alg").map(str::to_owned);
    let usage = usage(jwk);
    match (material, usage) {
        (Some(material), usage) => Ok(Jwk { material, kid, alg, usage }),
        (None, Some(usage)) => Err(Unusable { kid, why: for_other_use(&usage) }),
        (None, None) => {
            let kind = text("kty").unwrap_or("none");
            let why = format!("its `kty` is `{kind}` and its values are no such key");
            Err(Unusable { kid, why })
        }
    }
}

/// Returns what a key is meant for when that is no signature (RFC 7517, sections 4.2 and 4.3).
fn usage(jwk: &Map<String, Value>) -> Option<String> {
    let shown = |text: &str| text.chars().take(16).collect::<String>();
    if let Some(word) = jwk.get("use").and_then(Value::as_str).filter(|word| *word != "sig") {
        return Some(shown(word));
    }
    let list = jwk.get("key_ops").and_then(Value::as_array)?;
    let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    let signs = words.iter().any(|word| matches!(*word, "verify" | "sign"));
    if signs { None } else { words.first().map(|word| shown(word)) }
}

/// Says why a key that is meant for something else is not used.
pub(super) fn for_other_use(usage: &str) -> String {
    format!("it says that it is for `{usage}`, not for signatures")
}

fn rsa(n: Option<Vec<u8>>, e: Option<Vec<u8>>) -> Option<Material> {
    let bare =
        |number: Vec<u8>| -> Vec<u8> { number.into_iter().skip_while(|b| *b == 0).collect() };
    let (n, e) = (bare(n?), bare(e?));
    (!n.is_empty() && !e.is_empty()).then_some(Material::Rsa { n, e })
}

fn point(curve: Curve, x: &[u8], y: &[u8]) -> Option<Material> {
    let width = curve.width();
    // Some writers leave leading zeros out.
    let wide = |number: &[u8]| -> Option<Vec<u8>> {
        let missing = width.checked_sub(number.len())?;
        Some(std::iter::repeat_n(0, missing).chain(number.iter().copied()).collect())
    };
    let point = [vec![4], wide(x)?, wide(y)?].concat();
    Some(Material::Ec { curve, point })
}

fn from_certificate(jwk: &Map<String, Value>) -> Option<Material> {
    let der = base64_of(jwk.get("x5c")?.get(0)?.as_str()?)?;
    super::der::read_der(&der)
}
