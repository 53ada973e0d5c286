//! Ways to write the same secret, and base64 as people have it.

use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{self, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use zeroize::Zeroizing;

use crate::model::NearMiss;

const FORGIVING: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, FORGIVING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, FORGIVING);

/// Decodes base64 in either alphabet, with or without padding, blanks and line breaks left out.
pub(super) fn base64_of(text: &str) -> Option<Vec<u8>> {
    let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if packed.is_empty() {
        return None;
    }
    STANDARD.decode(&packed).or_else(|_| URL_SAFE.decode(&packed)).ok()
}

/// Takes off one line end: editors put it there, and the secret is meant without it.
pub(super) fn without_line_end(text: &[u8]) -> &[u8] {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text)
}

/// Returns the other ways in which one side may hold `secret`, likeliest first.
pub(super) fn variants(secret: &[u8]) -> Vec<(NearMiss, Zeroizing<Vec<u8>>)> {
    let mut list: Vec<(NearMiss, Zeroizing<Vec<u8>>)> = Vec::new();
    let mut add = |miss: NearMiss, bytes: Vec<u8>| {
        if bytes != secret && !bytes.is_empty() && list.iter().all(|(_, known)| **known != bytes) {
            list.push((miss, Zeroizing::new(bytes)));
        }
    };
    add(NearMiss::LineFeed, [secret, b"\n"].concat());
    add(NearMiss::CarriageReturn, [secret, b"\r\n"].concat());
    add(NearMiss::Trimmed, secret.trim_ascii().to_vec());
    if let Ok(text) = std::str::from_utf8(secret) {
        if let Some(bytes) = base64_of(text) {
            add(NearMiss::Base64Decoded, bytes);
        }
        if let Some(bytes) = hex_of(text.trim()) {
            add(NearMiss::HexDecoded, bytes);
        }
        for quote in ['"', '\''] {
            if let Some(inner) = text.trim().strip_prefix(quote).and_then(|t| t.strip_suffix(quote))
            {
                add(NearMiss::Unquoted, inner.as_bytes().to_vec());
            }
        }
    }
    for engine in [
        general_purpose::STANDARD,
        general_purpose::STANDARD_NO_PAD,
        general_purpose::URL_SAFE,
        general_purpose::URL_SAFE_NO_PAD,
    ] {
        add(NearMiss::Base64Encoded, engine.encode(secret).into_bytes());
    }
    let hex = |upper: bool| -> Vec<u8> {
        let digits: &[u8] = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
        let digit = |n: u8| digits.get(usize::from(n)).copied().unwrap_or(b'0');
        secret.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
    };
    add(NearMiss::HexEncoded, hex(false));
    add(NearMiss::HexEncoded, hex(true));
    for quote in [b"\"", b"'"] {
        add(NearMiss::Quoted, [quote.as_slice(), secret, quote.as_slice()].concat());
    }
    list
}

/// Returns the ways in which a server may hold the text of a public key as one long secret.
pub(super) fn as_secrets(text: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let bare = text.trim_ascii().to_vec();
    let unix: Vec<u8> = bare.iter().copied().filter(|b| *b != b'\r').collect();
    let escaped = String::from_utf8_lossy(&unix).replace('\n', "\\n").into_bytes();
    let mut list = vec![text.to_vec(), [escaped.as_slice(), b"\\n"].concat()];
    for one in [bare, unix, escaped] {
        list.push([one.as_slice(), b"\n"].concat());
        list.push(one);
    }
    list.sort();
    list.dedup();
    list.into_iter().map(Zeroizing::new).collect()
}

fn hex_of(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    if text.is_empty() || !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    text.chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_each_other_form_once() {
        let list = variants(b"c2VjcmV0");
        let of = |miss| list.iter().filter(|(m, _)| *m == miss).count();
        assert_eq!(of(NearMiss::LineFeed), 1);
        assert_eq!(of(NearMiss::Base64Decoded), 1);
        assert_eq!(of(NearMiss::Trimmed), 0);
        assert_eq!(of(NearMiss::Quoted), 2);
    }

    #[test]
    fn hex_needs_pairs_of_digits() {
        assert_eq!(hex_of("00fF"), Some(vec![0, 255]));
        assert_eq!(hex_of("00f"), None);
        assert_eq!(hex_of("zz"), None);
        assert_eq!(hex_of(""), None);
    }

    #[test]
    fn one_line_end_is_the_editors() {
        assert_eq!(without_line_end(b"key\n"), b"key");
        assert_eq!(without_line_end(b"key\r\n"), b"key");
        assert_eq!(without_line_end(b"key\n\n"), b"key\n");
    }
}
