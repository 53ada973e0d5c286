//! Public keys that an answer publishes: a key set, or a map of key ids to certificates.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::context::Context;
use super::words::Words;
use crate::model::{Exchange, KeyName};

/// A larger body is no key set.
const LARGEST_BODY: usize = 256 * 1024;

/// Hands the keys in an answer to the verifier and returns their names.
pub(super) fn keys(exchange: &Exchange<'_>, words: Words, context: &Context<'_>) -> Vec<KeyName> {
    let Some(verifier) = context.verifier.filter(|_| words.keys()) else { return Vec::new() };
    let body = &exchange.response_body;
    let raw = body.text.raw();
    if !exchange.status.is_some_and(|status| (200..300).contains(&status))
        || raw.len() > LARGEST_BODY
        || memchr::memchr(b'{', raw).is_none()
    {
        return Vec::new();
    }
    let text = body.text.read();
    if !body.base64 {
        return verifier.publish(&text);
    }
    let decoded = STANDARD.decode(text.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.map_or_else(Vec::new, |text| verifier.publish(&text))
}
