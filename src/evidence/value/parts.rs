//! Credentials of several parts: user and password, parameters, several joined by a comma.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use crate::model::{Kind, Oddity, State, pseudonym};

use super::super::marks::{cut_by_recorder, is_placeholder, mask_word, shown_placeholder};
use super::scheme::{is_known, split_scheme};
use super::{Reading, placeholder, redacted, unquote};

/// Reads `user:password` in base64 (RFC 7617).
pub(super) fn read_basic(text: &str, reading: &mut Reading) {
    reading.kind = Kind::Basic;
    if is_placeholder(text) {
        return placeholder(text, reading);
    }
    if let Some(mask) = mask_word(text) {
        return redacted(text, &mask, reading);
    }
    if cut_by_recorder(text).is_some() {
        reading.state = State::Truncated;
        return reading.hide(text);
    }
    reading.hide(text);
    let text = match unquote(text) {
        Some((quote, inner)) => {
            reading.note(Oddity::Quoted(quote));
            inner
        }
        None => text,
    };
    let decoded = decode_basic(text);
    let pair = decoded.as_deref().unwrap_or(text);
    if decoded.is_none() {
        reading.note(Oddity::BasicNotBase64);
    }
    let Some((user, password)) = pair.split_once(':') else {
        if decoded.is_some() {
            reading.note(Oddity::BasicNoColon);
        }
        return reading.hide(pair);
    };
    if is_placeholder(user) && (password.is_empty() || is_placeholder(password)) {
        reading.note(Oddity::Placeholder(shown_placeholder(user)));
    }
    if pair == ":" {
        reading.note(Oddity::Empty);
    }
    reading.user = (!user.is_empty()).then(|| pseudonym(user));
    reading.hide(pair);
    reading.hide(password);
    // An API key often stands in place of the user name.
    if user.len() >= 8 {
        reading.hide(user);
    }
}

/// Standard or URL-safe alphabet, with or without padding; the text in UTF-8 or Latin-1.
pub(super) fn decode_basic(text: &str) -> Option<String> {
    const STANDARD: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let standard = text.replace('-', "+").replace('_', "/");
    let bytes = STANDARD.decode(standard).ok()?;
    match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(e) => Some(e.as_bytes().iter().map(|b| char::from(*b)).collect()),
    }
}

/// Reads `name="value"` lists: Digest, request signatures.
pub(super) fn read_params(text: &str, kind: Kind, reading: &mut Reading) {
    reading.kind = kind;
    if is_placeholder(text) {
        return placeholder(text, reading);
    }
    if let Some(mask) = mask_word(text).filter(|_| !text.contains('=')) {
        return redacted(text, &mask, reading);
    }
    for part in text.split([',', '&', ' ', ';']) {
        let Some((name, value)) = part.split_once('=') else {
            reading.hide(part.trim_matches('"'));
            continue;
        };
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "username" | "user" => {
                reading.user = (!value.is_empty()).then(|| pseudonym(value));
                reading.hide(value);
            }
            "response" | "signature" | "sig" | "mac" | "credential" | "oauth_signature"
            | "oauth_token" | "oauth_consumer_key" | "cnonce" | "nonce" | "id" | "hash"
            | "keyid" | "token" | "access_token" | "securitytoken" | "opaque" => {
                if mask_word(value).is_some() {
                    reading.state = State::Redacted;
                    reading.note(Oddity::Mask("redacted".to_owned()));
                } else if value.len() >= 8 {
                    reading.hide(value);
                }
            }
            _ => {}
        }
    }
}

/// Takes the first of several credentials that a comma joins.
pub(super) fn first_joined<'v>(text: &'v str, reading: &mut Reading) -> &'v str {
    let Some((first, second)) = text.split_once(',') else { return text };
    let second = split_scheme(second.trim_start());
    // What a known word introduces may be short: `Basic YTpi` is a user and a password.
    let least = if second.scheme.is_some_and(is_known) { 4 } else { 8 };
    let (first, second) = (first.trim_end(), second.rest);
    if first.len() < 8 || second.len() < least {
        return text;
    }
    reading.note(Oddity::Joined);
    reading.hide(text);
    reading.hide(second);
    first
}
