//! What a JOSE header must not hold, whatever it says.

use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};

use super::json::{Json, Object};
use crate::model::Fault;

/// Names the faults of a header; `twins` says whether a member stands in it twice.
pub(super) fn faults(header: &Object<'_>, twins: bool) -> Vec<Fault> {
    let crit = header.get("crit").is_some_and(|crit| !is_sound_crit(crit, header));
    let found = [(crit, Fault::Crit), (twins, Fault::DuplicateMember)];
    found.into_iter().filter_map(|(is, fault)| is.then_some(fault)).collect()
}

/// Returns whether `crit` is what RFC 7515, section 4.1.11 makes it: names of extensions, all in the header.
fn is_sound_crit(crit: &Json<'_>, header: &Object<'_>) -> bool {
    const REGISTERED: [&str; 20] = [
        "alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit", "enc",
        "zip", "epk", "apu", "apv", "iv", "tag", "p2s", "p2c",
    ];
    let name = |name: &Json<'_>| {
        name.as_text().is_some_and(|name| !REGISTERED.contains(&name) && header.has(name))
    };
    crit.as_list().is_some_and(|names| !names.is_empty() && names.iter().all(name))
}

/// Returns whether the object that stands first in a broken header has a member twice.
pub(super) fn has_twins(bytes: &[u8]) -> bool {
    struct Names;
    impl<'de> Visitor<'de> for Names {
        type Value = bool;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
            let mut names = Vec::new();
            while let Some((name, IgnoredAny)) = map.next_entry::<String, _>()? {
                names.push(name);
            }
            names.sort_unstable();
            Ok(names.windows(2).any(|pair| matches!(pair, [a, b] if a == b)))
        }
    }
    serde_json::Deserializer::from_slice(bytes).deserialize_map(Names).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Fault> {
        let header = Object::read(text.as_bytes()).unwrap();
        assert_eq!(header.has_twins(), has_twins(text.as_bytes()), "{text}");
        faults(&header, header.has_twins())
    }

    #[test]
    fn crit_names_extensions_that_the_header_has() {
        for sound in [
            r#"{"alg":"HS256"}"#,
            r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
            r#"{"alg":"HS256","crit":["https://x.example/e"],"https://x.example/e":1}"#,
        ] {
            assert_eq!(of(sound), [], "{sound}");
        }
        for broken in [
            r#"{"alg":"HS256","crit":[]}"#,
            r#"{"alg":"HS256","crit":"b64","b64":false}"#,
            r#"{"alg":"HS256","crit":["alg"]}"#,
            r#"{"alg":"HS256","crit":["b64"]}"#,
            r#"{"alg":"HS256","crit":[1]}"#,
        ] {
            assert_eq!(of(broken), [Fault::Crit], "{broken}");
        }
    }

    #[test]
    fn a_member_stands_once_at_the_top_and_may_stand_deeper_again() {
        assert_eq!(of(r#"{"alg":"none","alg":"HS256"}"#), [Fault::DuplicateMember]);
        assert_eq!(of(r#"{"alg":"ES256","jwk":{"alg":"ES256"}}"#), []);
        assert_eq!(of(r#"{"alg":"ES256","Alg":"ES256"}"#), []);
    }
}
