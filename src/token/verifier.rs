//! Checks each distinct token once, whoever meets it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::keys::{Keyring, Signed};
use super::segments::Segments;
use crate::model::{Fingerprint, Form, NearMiss, Secret, Signature, Token, Verdict};

/// Most verdicts remembered between workers; a token beyond is checked again where it is met again.
const MOST_KNOWN: usize = 1 << 16;
/// Most tokens kept until the keys of the capture are known: the smallest marks, whoever meets them.
const MOST_WAITING: usize = 2048;

/// The keys that were given and those that stand in the capture, shared by all workers.
///
/// Keys that the user gave are used at once. Keys that the capture holds may stand behind the tokens
/// that they verify, so tokens wait for them, a bounded number, and are checked by [`settle`](Self::settle).
#[derive(Debug, Default)]
pub struct Verifier {
    given: Keyring,
    known: Mutex<HashMap<Fingerprint, Verdict>>,
    published: Mutex<Keyring>,
    waiting: Mutex<BTreeMap<Fingerprint, Secret>>,
}

impl Verifier {
    /// Makes a verifier with the keys that the user gave.
    pub fn new(given: Keyring) -> Self {
        Self { given, ..Self::default() }
    }

    /// Returns the keys that the user gave.
    pub fn given(&self) -> &Keyring {
        &self.given
    }

    /// Returns whether [`check`](Self::check) needs the text of this token.
    pub fn wants(&self, token: &Token) -> bool {
        token.form == Form::Jws
            && token.signature == Signature::Present
            && token.verdict.is_none()
            && token
                .fingerprint
                .is_some_and(|mark| !self.given.is_empty() || self.keeps(mark, token))
    }

    /// Returns whether a token is to wait for keys that the capture may hold: those that sign with a
    /// shared secret have none there.
    fn keeps(&self, mark: Fingerprint, token: &Token) -> bool {
        if !is_open(token) || is_symmetric(token) {
            return false;
        }
        let waiting = lock(&self.waiting);
        waiting.len() < MOST_WAITING
            || waiting.last_key_value().is_some_and(|(last, _)| mark < *last)
    }

    /// Writes down what the given keys say of a token whose text is `text`, and keeps it for keys that
    /// the capture may hold.
    pub fn check(&self, token: &mut Token, text: &str) {
        let Some(mark) = token.fingerprint.filter(|_| self.wants(token)) else { return };
        if !self.given.is_empty() {
            let known = lock(&self.known).get(&mark).cloned();
            let verdict = known.or_else(|| judge(&self.given, token, text));
            if let Some(verdict) = &verdict {
                let mut known = lock(&self.known);
                if known.len() < MOST_KNOWN {
                    known.insert(mark, verdict.clone());
                }
            }
            if let Some(verdict) = verdict {
                token.hear(verdict);
            }
        }
        if !self.keeps(mark, token) {
            return;
        }
        let mut waiting = lock(&self.waiting);
        waiting.entry(mark).or_insert_with(|| Secret::new(text));
        if waiting.len() > MOST_WAITING {
            waiting.pop_last();
        }
    }

    /// Takes a key set that an answer of the capture holds; text that is none is passed over.
    ///
    /// Returns the key ids and thumbprints in it.
    pub fn publish(&self, text: &str) -> Vec<crate::model::KeyName> {
        let mut set = Keyring::default();
        if set.add_set("the capture", text).is_err() {
            return Vec::new();
        }
        let public: Vec<_> = set
            .names()
            .filter(|(name, _)| name.thumbprint.is_some())
            .map(|(name, _)| name.clone())
            .collect();
        if !public.is_empty() {
            lock(&self.published).join(set);
        }
        public
    }

    /// Hands over what the keys of the capture say of the tokens that waited for them.
    pub fn settle(&self, mut take: impl FnMut(Fingerprint, Verdict)) {
        let published = lock(&self.published);
        if published.is_empty() {
            return;
        }
        for (mark, text) in lock(&self.waiting).iter() {
            let token = super::read(text.expose());
            let mut header = Vec::new();
            let segments = Segments::split(text.expose(), &mut header);
            let kid = segments.and_then(|segments| segments.kid());
            let by_name = kid.is_some_and(|kid| published.has_kid(&kid));
            match judge(&published, &token, text.expose()) {
                // Without its key id among them they say nothing: they may be another issuer's.
                Some(Verdict::Invalid { .. } | Verdict::UnknownKid { .. }) if !by_name => {}
                Some(Verdict::NoKey | Verdict::Unsupported) | None => {}
                Some(verdict) => take(*mark, verdict),
            }
        }
    }
}

/// Whether nothing is known of the signature yet.
fn is_open(token: &Token) -> bool {
    matches!(
        token.verdict.as_deref(),
        None | Some(Verdict::NoKey | Verdict::UnknownKid { .. } | Verdict::Unsupported)
    )
}

fn is_symmetric(token: &Token) -> bool {
    token.alg.as_deref().is_none_or(|alg| alg.starts_with("HS"))
}

/// Returns what the keys say; `None` for a token without algorithm or signature.
fn judge(keys: &Keyring, token: &Token, text: &str) -> Option<Verdict> {
    let alg = token.alg.as_deref().filter(|alg| !alg.eq_ignore_ascii_case("none"))?;
    let mut header = Vec::new();
    let segments = Segments::split(text, &mut header)?;
    let signature = segments.signature_bytes()?;
    let kid = segments.kid();
    let message = segments.unsigned()?;
    let signed =
        Signed { alg, kid: kid.as_deref(), message: message.as_bytes(), signature: &signature };
    let verdict = keys.judge(signed);
    if segments.is_detached() && !verdict.verifies() {
        // What was signed is not in the token: nothing can be said of the signature.
        return Some(match verdict {
            Verdict::Invalid { .. } | Verdict::Near { .. } => Verdict::Unsupported,
            verdict => verdict,
        });
    }
    if let (Verdict::Valid { key }, true) = (&verdict, segments.has_trailing_bits()) {
        return Some(Verdict::Near { key: key.clone(), miss: NearMiss::TrailingBits });
    }
    if matches!(verdict, Verdict::Valid { .. }) || !message.contains(['=', '+', '/']) {
        return Some(verdict);
    }
    // Re-encoded on the way: the encoding is a fault of its own, the signature may be good.
    let plain = message.replace('=', "").replace('+', "-").replace('/', "_");
    let second = keys.judge(Signed { message: plain.as_bytes(), ..signed });
    Some(if matches!(second, Verdict::Valid { .. }) { second } else { verdict })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
