//! Reads what a token says of itself: structure, header, claims, purpose; and what keys say of its signature.
//!
//! Verifiers stop at the first fault. Here every fault is named and whatever still decodes is
//! kept, since a broken token is what the reader wants explained.

mod claims;
mod encrypted;
mod fields;
mod header;
mod json;
mod keys;
mod mint;
mod plain;
mod purpose;
mod segments;
mod shape;
mod vendor;
mod verifier;

pub use fields::fields;
pub use keys::{KeyError, Keyring, Unusable};
pub use mint::Mint;
pub use segments::percent_decode;
pub use shape::{
    identifier, is_email, is_jwt_shaped, is_plain_name, is_random, is_uuid, parameter,
};
pub use vendor::{Vendor, vendor_of};
pub use verifier::Verifier;

use std::sync::Arc;

use crate::model::{Fault, Fingerprint, Form, Make, Segment, Signature, Token};

use segments::{Segments, object};

/// Reads a token, the text after its scheme, blanks and quotes already taken off.
///
/// Never fails: text without a JOSE header is an opaque token, told by its public prefix where it has
/// one. No claim is checked here, and no signature.
///
/// ```
/// use authopsy::model::{Fault, Form};
///
/// let token = authopsy::token::read("eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3NjcyNjUyMDB9");
/// assert_eq!(token.form, Form::Jws);
/// assert_eq!(token.alg.as_deref(), Some("HS256"));
/// assert!(token.faults.contains(&Fault::TooFewSegments(2, 3)));
/// assert_eq!(token.expires().unwrap().to_string(), "2026-01-01T11:00:00Z");
/// ```
pub fn read(text: &str) -> Token {
    plain::read(text, None).unwrap_or_else(|| read_any(text))
}

/// Reads a signed token that is sound in every letter, and `None` for every other text.
///
/// It is as [`read`] reads it, and shares its make with those that `mint` knows. What is read consists of letters
/// of base64url and of two dots, and is [`is_jwt_shaped`].
pub fn read_plain(text: &str, mint: &mut Mint) -> Option<Token> {
    plain::read(text, Some(mint))
}

fn read_any(text: &str) -> Token {
    let fingerprint = Fingerprint::of(text);
    let mut token = match Segments::split(text, &mut Vec::new()) {
        Some(segments) => read_jose(&segments),
        None => read_opaque(text),
    };
    token.fingerprint = fingerprint;
    token
}

fn read_opaque(text: &str) -> Token {
    let vendor = vendor_of(text).map(|v| v.name.to_owned());
    let make = Make { form: Form::Opaque, vendor, ..Make::default() };
    Token::of(make)
}

fn read_jose(segments: &Segments<'_, '_>) -> Token {
    let make = Make { form: segments.form, ..Make::default() };
    let mut token = Token::of(make);
    let mut faults = segments.faults.clone();
    let header = segments.header(&mut faults);
    let header = header.as_deref();
    claims::fill_header(Arc::make_mut(&mut token.make), header);
    if header.is_some() && token.alg.is_none() {
        faults.push(Fault::NoAlg);
    }
    if segments.form == Form::Jws {
        let bytes = segments.payload(&mut faults);
        let payload = bytes.as_deref().and_then(|b| object(b, Segment::Payload, &mut faults));
        if let Some(payload) = &payload {
            claims::fill_payload(&mut token, payload);
        }
        let (used_as, why) = purpose::of(header, payload.as_ref());
        token.used_as = used_as;
        token.used_as_why = why;
        token.signature = segments.signature(token.alg.as_deref(), &mut faults);
        mark_parts(&mut token, segments);
    } else {
        token.signature = Signature::None;
        faults.extend(encrypted::faults(segments, header));
    }
    segments.check_count(&mut faults);
    segments.check_cut(&mut faults);
    token.faults = faults;
    token
}

/// Marks payload and signature apart, so that a signature that moved to another payload shows.
fn mark_parts(token: &mut Token, segments: &Segments<'_, '_>) {
    if let (Some(unsigned), Some(_)) = (segments.unsigned(), segments.part(2)) {
        token.unsigned = Some(Fingerprint::of_unsigned(unsigned));
    }
    if token.signature == Signature::Present
        && let Some(signature) = segments.part(2)
    {
        token.signature_mark = Some(Fingerprint::of_bytes("signature", signature.as_bytes()));
    }
}

#[cfg(test)]
mod tests;
