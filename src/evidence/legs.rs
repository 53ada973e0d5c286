//! The legs of an authorization code flow: what was asked, what came back, what was exchanged.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::model::{Fingerprint, Leg};

use super::url::{Url, decode_param, params};

/// Reads the leg that a URL and the target of its redirect are; `None` for all other traffic.
pub(super) fn of_urls(url: &Url<'_>, location: Option<&str>) -> Option<Leg> {
    let asked = (!url.query.is_empty()).then(|| of_query(url.query)).flatten();
    let answered = location.and_then(|to| {
        let (_, rest) = to.split_once('?')?;
        of_query(rest.split('#').next().unwrap_or(rest)).filter(|leg| !leg.asks)
    });
    match (asked, answered) {
        // An authorization request that is answered at once brings its own code.
        (Some(asked), Some(answered)) if asked.asks && asked.state == answered.state => {
            Some(Leg { code: answered.code, ..asked })
        }
        (asked, answered) => asked.or(answered),
    }
}

fn of_query(query: &str) -> Option<Leg> {
    let told = |part: &[u8]| memchr::memmem::find(query.as_bytes(), part).is_some();
    let asks = told(b"response_type=") && told(b"client_id=");
    let answers = told(b"code=") && told(b"state=");
    if !asks && !answers {
        return None;
    }
    let mut leg = Leg { asks, ..Leg::default() };
    for (name, value) in params(query) {
        let value = decode_param(value);
        match name {
            "state" => leg.state = Fingerprint::of(&value),
            "code" if !asks => leg.code = Fingerprint::of(&value),
            "redirect_uri" if asks => leg.redirect_uri = Some(uri_mark(&value)),
            "code_challenge" if asks => leg.challenge = [Fingerprint::of(&value), None],
            _ => {}
        }
    }
    (leg.state.is_some() || leg.code.is_some()).then_some(leg)
}

/// Makes the leg of a token request from its `redirect_uri` and `code_verifier`.
pub(super) fn of_exchange(redirect_uri: Option<&str>, verifier: Option<&str>) -> Leg {
    let challenge = verifier.filter(|v| !v.is_empty()).map_or([None, None], |verifier| {
        let hashed = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        [Fingerprint::of(&hashed), Fingerprint::of(verifier)]
    });
    Leg { redirect_uri: redirect_uri.map(uri_mark), challenge, ..Leg::default() }
}

/// A redirect URI is no secret; servers compare it letter by letter (RFC 9700, section 2.1).
fn uri_mark(uri: &str) -> Fingerprint {
    Fingerprint::of_bytes("redirect_uri", uri.as_bytes())
}
