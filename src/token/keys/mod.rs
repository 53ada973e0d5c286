//! The keys that are known, and what they say of a signature: the only place that names `jsonwebtoken`.
//!
//! A key fits a token by `kid`, then by kind and algorithm. Where the signature does not verify as the
//! header says, near misses are tried, with the given keys only and no guessing: the way in which it
//! verifies all the same tells how signer and verifier differ.

mod der;
mod flaw;
mod jwk;
mod material;
mod short;
#[cfg(test)]
mod tests;
mod text;

use serde_json::Value;
use thiserror::Error;
use zeroize::Zeroizing;

use self::der::Refusal;
use self::material::Material;
use crate::model::{KeyName, NearMiss, Verdict};

/// Most keys; a larger set is no key set of one verifier.
const MOST: usize = 1024;
/// Most keys named in a verdict.
const MOST_NAMED: usize = 4;
/// Most key ids named in a verdict.
const MOST_KIDS: usize = 8;

/// Why a key cannot be used.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum KeyError {
    /// No JSON Web Key, no set of them.
    #[error("no JSON Web Key Set: expected `{{\"keys\": [...]}}`")]
    NoSet,
    /// A set without a key for signatures.
    #[error("holds no key for signatures")]
    NoKeys,
    /// A private key under a passphrase.
    #[error("is an encrypted private key; give the public key instead")]
    Encrypted,
    /// PEM armour with something else inside.
    #[error("is PEM, but no public key, certificate or private key stands in it")]
    Damaged,
    /// Nothing at all.
    #[error("is empty")]
    Empty,
}

/// A key of a set that cannot be used, by name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unusable {
    /// The key.
    pub name: KeyName,
    /// Why.
    pub why: String,
}

/// What is to be said of a key that is used all the same, by name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Remark {
    /// The key.
    pub name: KeyName,
    /// What.
    pub what: String,
}

/// All keys that are known, in the order in which they were given.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    keys: Vec<Key>,
    unusable: Vec<Unusable>,
    remarks: Vec<Remark>,
}

#[derive(Clone)]
struct Key {
    name: KeyName,
    material: Material,
    /// The algorithm that a JWK says it is for.
    alg: Option<String>,
    /// What a JWK says it is for, where that is no signature.
    usage: Option<String>,
    /// The key text is PEM only after a repair.
    repaired: bool,
    /// The text as given, for servers that take a public key's text for an HMAC secret.
    text: Option<Zeroizing<Vec<u8>>>,
}

/// A token's parts as a verifier sees them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed<'t> {
    /// Header `alg`.
    pub(super) alg: &'t str,
    /// Header `kid`.
    pub(super) kid: Option<&'t str>,
    /// Header and payload with the dot between them.
    pub(super) message: &'t [u8],
    /// The signature, decoded.
    pub(super) signature: &'t [u8],
}

impl Keyring {
    /// Adds a JSON Web Key Set, a single JWK, or a map of key ids to certificates.
    ///
    /// # Errors
    /// [`KeyError::NoSet`] for other text, [`KeyError::NoKeys`] when none of its keys is for signatures.
    pub fn add_set(&mut self, origin: &str, text: &str) -> Result<(), KeyError> {
        let json: Value = serde_json::from_str(text).map_err(|_| KeyError::NoSet)?;
        let read = jwk::read(&json).ok_or(KeyError::NoSet)?;
        let before = self.keys.len();
        for key in read {
            match key {
                Ok(jwk) => {
                    let name = self.push(origin, jwk.material, jwk.kid, jwk.alg);
                    let Some((name, usage)) = name.zip(jwk.usage) else { continue };
                    if self.unusable.last().is_none_or(|u| u.name != name) {
                        self.unusable.push(Unusable { name, why: jwk::for_other_use(&usage) });
                    }
                    if let Some(last) = self.keys.last_mut() {
                        last.usage = Some(usage);
                    }
                }
                Err(jwk::Unusable { kid, why }) => {
                    let name = KeyName { origin: origin.to_owned(), kid, thumbprint: None };
                    self.unusable.push(Unusable { name, why });
                }
            }
        }
        self.remark_mixed(before);
        let mut added = self.keys.iter().skip(before);
        if added.any(|key| key.usage.is_none()) { Ok(()) } else { Err(KeyError::NoKeys) }
    }

    /// Remarks the secrets of a set, given from `before` on, that holds public keys as well.
    fn remark_mixed(&mut self, before: usize) {
        let is_secret = |key: &Key| matches!(key.material, Material::Secret(_));
        let set = self.keys.get(before..).unwrap_or_default();
        if set.iter().all(is_secret) {
            return;
        }
        let remark = |key: &Key| {
            Remark {
            name: key.name.clone(),
            what: "a secret in one set with public keys: who publishes the set gives it away, and some \
                   verifiers refuse such a set"
                .to_owned(),
        }
        };
        self.remarks.extend(set.iter().filter(|key| is_secret(key)).map(remark));
    }

    /// Adds the content of a key file: PEM or DER of a public key, certificate or private key (its
    /// public half is used), OpenSSH, JWK, or else a raw secret less one line end.
    ///
    /// # Errors
    /// For an empty file, and for PEM that holds no key.
    pub fn add_file(&mut self, origin: &str, bytes: &[u8]) -> Result<(), KeyError> {
        let plain = text::without_line_end(bytes);
        if plain.trim_ascii().is_empty() {
            return Err(KeyError::Empty);
        }
        if let Ok(text) = std::str::from_utf8(bytes) {
            let text = text.trim_start_matches('\u{feff}');
            if text.trim_start().starts_with(['{', '['])
                && serde_json::from_str(text).is_ok_and(|json: Value| jwk::read(&json).is_some())
            {
                return self.add_set(origin, text);
            }
            if let Some(read) = der::read_pem(text) {
                let read = read.map_err(|refusal| match refusal {
                    Refusal::Encrypted => KeyError::Encrypted,
                    Refusal::Damaged => KeyError::Damaged,
                })?;
                for key in read {
                    self.push(origin, key.material, None, None);
                    if let Some(last) = self.keys.last_mut() {
                        last.repaired = key.repaired;
                        last.text = Some(Zeroizing::new(bytes.to_vec()));
                    }
                }
                return Ok(());
            }
            if let Some(material) = der::read_ssh(text.trim()) {
                self.push(origin, material, None, None);
                return Ok(());
            }
            // The body of a PEM without its armour, as some consoles show it.
            if let Some(material) = text::base64_of(text).and_then(|der| der::read_der(&der)) {
                self.push(origin, material, None, None);
                if let Some(last) = self.keys.last_mut() {
                    last.repaired = true;
                    last.text = Some(Zeroizing::new(bytes.to_vec()));
                }
                return Ok(());
            }
        } else if let Some(material) = der::read_der(bytes) {
            self.push(origin, material, None, None);
            return Ok(());
        }
        self.push(origin, Material::Secret(Zeroizing::new(plain.to_vec())), None, None);
        Ok(())
    }

    /// Adds a raw secret as it stands.
    ///
    /// # Errors
    /// [`KeyError::Empty`].
    pub fn add_secret(&mut self, origin: &str, secret: &[u8]) -> Result<(), KeyError> {
        if secret.is_empty() {
            return Err(KeyError::Empty);
        }
        self.push(origin, Material::Secret(Zeroizing::new(secret.to_vec())), None, None);
        Ok(())
    }

    /// Adds a key and returns its name; `None` beyond the most that are kept.
    fn push(
        &mut self,
        origin: &str,
        material: Material,
        kid: Option<String>,
        alg: Option<String>,
    ) -> Option<KeyName> {
        if self.keys.len() >= MOST {
            return None;
        }
        let name = KeyName { origin: origin.to_owned(), kid, thumbprint: material.thumbprint() };
        let material = match flaw::of(&material) {
            Some(why) => {
                self.unusable.push(Unusable { name: name.clone(), why: why.to_owned() });
                Material::Other(why)
            }
            None => material,
        };
        if let Some(what) = material.weakness() {
            self.remarks.push(Remark { name: name.clone(), what });
        }
        let key = Key { name, material, alg, usage: None, repaired: false, text: None };
        let name = key.name.clone();
        self.keys.push(key);
        Some(name)
    }

    /// Adds the keys of another ring; one that is known already is not added again.
    pub(super) fn join(&mut self, other: Self) {
        for key in other.keys {
            let known = self
                .keys
                .iter()
                .any(|k| k.name.kid == key.name.kid && k.name.thumbprint == key.name.thumbprint);
            if !known && self.keys.len() < MOST {
                self.keys.push(key);
            }
        }
        // Workers meet the sets in any order.
        self.keys.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// Returns whether some key for signatures has this `kid`.
    pub(super) fn has_kid(&self, kid: &str) -> bool {
        let mut keys = self.keys.iter().filter(|key| key.usage.is_none());
        keys.any(|key| key.name.kid.as_deref() == Some(kid))
    }

    /// Returns whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns the names of all keys for signatures.
    pub fn names(&self) -> impl Iterator<Item = (&KeyName, &'static str)> {
        self.keys
            .iter()
            .filter(|key| key.usage.is_none())
            .map(|key| (&key.name, key.material.kind()))
    }

    /// Returns the keys that cannot be used.
    pub fn unusable(&self) -> &[Unusable] {
        &self.unusable
    }

    /// Returns what is to be said of keys that are used all the same.
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    /// Says what the keys know of a signature.
    pub(super) fn judge(&self, token: Signed<'_>) -> Verdict {
        let named = |key: &&Key| token.kid.is_some() && key.name.kid.as_deref() == token.kid;
        let is_named = token.kid.is_some_and(|kid| self.has_kid(kid));
        // The order of trust: the key that `kid` names, keys without a name, all others.
        let (mut keys, for_others): (Vec<&Key>, Vec<&Key>) =
            self.keys.iter().partition(|key| key.usage.is_none());
        keys.sort_by_key(|key| (!named(key), key.name.kid.is_some()));
        let mut tried = Vec::new();
        let mut other = None;
        for key in &keys {
            match key.material.verifies(token.alg, token.message, token.signature) {
                None => {}
                Some(false) => tried.push(*key),
                Some(true) => {
                    let nameless = token.kid.is_none() || key.name.kid.is_none();
                    if named(key) || (nameless && !is_named) {
                        return key.found(token.alg);
                    }
                    other.get_or_insert(*key);
                }
            }
        }
        if let Some(key) = other {
            let miss = if is_named { NearMiss::OtherKey } else { NearMiss::OtherKid };
            return key.near(miss);
        }
        for key in for_others {
            if key.material.verifies(token.alg, token.message, token.signature) == Some(true) {
                return key.near(NearMiss::KeyUse(key.usage.clone().unwrap_or_default()));
            }
        }
        if let Some(verdict) = keys.iter().find_map(|key| key.near_miss(token)) {
            return verdict;
        }
        let unsupported = keys.iter().any(|key| {
            matches!(key.material, Material::Other(_)) && (named(key) || token.kid.is_none())
        });
        if tried.is_empty() {
            return if unsupported { Verdict::Unsupported } else { Verdict::NoKey };
        }
        let mut known: Vec<String> = tried.iter().filter_map(|k| k.name.kid.clone()).collect();
        if token.kid.is_some() && !is_named && known.len() == tried.len() {
            known.sort();
            known.dedup();
            known.truncate(MOST_KIDS);
            return Verdict::UnknownKid { known };
        }
        let named = tried.iter().any(named);
        if named {
            tried.retain(|key| key.name.kid.as_deref() == token.kid);
        }
        let tried = tried.into_iter().take(MOST_NAMED).map(|key| key.name.clone()).collect();
        Verdict::Invalid { tried, named }
    }
}

/// By name only: the text may be that of a private key.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({}, {:?})", self.name, self.material)
    }
}

impl Key {
    fn found(&self, alg: &str) -> Verdict {
        match &self.alg {
            Some(own) if own != alg && !(own == "EdDSA" && alg == "Ed25519") => {
                self.near(NearMiss::KeyAlgorithm(own.clone()))
            }
            _ if self.repaired => self.near(NearMiss::PemRepaired),
            _ => Verdict::Valid { key: self.name.clone() },
        }
    }

    fn near(&self, miss: NearMiss) -> Verdict {
        Verdict::Near { key: self.name.clone(), miss }
    }

    /// Tries what a signer or verifier may have done differently with this key.
    fn near_miss(&self, token: Signed<'_>) -> Option<Verdict> {
        let Signed { alg, message, signature, .. } = token;
        let fits = |material: &Material, alg: &str| {
            material.verifies(alg, message, signature) == Some(true)
        };
        if let Material::Secret(secret) = &self.material {
            for (miss, bytes) in text::variants(secret) {
                if fits(&Material::Secret(bytes), alg) {
                    return Some(self.near(miss));
                }
            }
        }
        let others = self.material.algorithms();
        if let Some(other) = others.iter().find(|a| **a != alg && fits(&self.material, a)) {
            return Some(self.near(NearMiss::Algorithm((*other).to_owned())));
        }
        if alg.starts_with("HS")
            && let Some(text) = &self.text
        {
            let secrets = text::as_secrets(text);
            if secrets.into_iter().any(|bytes| fits(&Material::Secret(bytes), alg)) {
                return Some(self.near(NearMiss::PublicKeyAsSecret));
            }
        }
        if self.material.verifies_der(message, signature) {
            return Some(self.near(NearMiss::DerSignature));
        }
        self.material.opens(signature).then(|| self.near(NearMiss::OtherContent))
    }
}
