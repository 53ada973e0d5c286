//! Hides secrets in a URL and keeps its structure.

use crate::token;

use super::super::names::{Secrecy, secrecy};
use super::super::url::{Url, decode_param};
use super::MASK;
use super::shape::by_shape;

/// The shortest run of a token's letters that masking may touch in a URL.
pub(in crate::evidence) const LEAST_RUN: usize = 16;

/// Returns whether a URL has anything that masking could touch.
pub(in crate::evidence) fn url_could_hold(url: &str) -> bool {
    let mut run = 0;
    for b in url.bytes() {
        match b {
            b'?' | b'#' | b'@' | b'%' | b';' | b'|' => return true,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'+' | b'=' => run += 1,
            _ => run = 0,
        }
        if run >= LEAST_RUN {
            return true;
        }
    }
    false
}

/// Masks the parts of a URL; URLs inside parameters too, down to `depth` 3.
pub(super) fn mask_parts(url: &str, depth: u8) -> String {
    let parts = Url::split(url);
    let mut out = String::with_capacity(url.len());
    if !parts.authority.is_empty() || !parts.scheme.is_empty() {
        if !parts.scheme.is_empty() {
            out.push_str(parts.scheme);
            out.push(':');
        }
        out.push_str("//");
        if !parts.userinfo.is_empty() {
            out.push_str(MASK);
            out.push('@');
        }
        out.push_str(parts.authority);
    }
    mask_path(parts.path, &mut out);
    if url_has(url, '?') {
        out.push('?');
        mask_params(parts.query, depth, &mut out);
    }
    if url.contains('#') {
        out.push('#');
        if parts.fragment.contains('=') {
            mask_params(parts.fragment, depth, &mut out);
        } else {
            mask_value(parts.fragment, depth, &mut out);
        }
    }
    out
}

/// Whether a mark stands before the fragment.
pub(super) fn url_has(url: &str, mark: char) -> bool {
    url.split('#').next().unwrap_or_default().contains(mark)
}

pub(super) fn mask_path(path: &str, out: &mut String) {
    for (at, segment) in path.split('/').enumerate() {
        if at > 0 {
            out.push('/');
        }
        let (segment, params) = segment.split_once(';').unwrap_or((segment, ""));
        mask_value(segment, 3, out);
        for param in params.split(';').filter(|p| !p.is_empty()) {
            out.push(';');
            let (name, value) = param.split_once('=').unwrap_or((param, ""));
            mask_value(name, 3, out);
            if !value.is_empty() {
                out.push('=');
                out.push_str(MASK);
            }
        }
    }
}

pub(super) fn mask_params(query: &str, depth: u8, out: &mut String) {
    for (at, param) in query.split('&').enumerate() {
        if at > 0 {
            out.push('&');
        }
        let Some((name, value)) = param.split_once('=') else {
            mask_value(param, depth, out);
            continue;
        };
        mask_value(name, 3, out);
        out.push('=');
        if value.is_empty() {
            continue;
        }
        if is_open_name(name) {
            mask_value(value, depth, out);
        } else {
            out.push_str(MASK);
        }
    }
}

/// Returns whether the value of a parameter of this name may be shown.
pub(in crate::evidence) fn is_open_name(name: &str) -> bool {
    let decoded = decode_param(name);
    // `user[password]`, `filter.token`: the last word of a nested name counts.
    let last = decoded.trim_end_matches(']').rsplit(['[', '.']).next().unwrap_or(&decoded);
    secrecy(last) == Secrecy::Open && secrecy(&decoded) == Secrecy::Open
}

/// Masks a value of a URL as a whole when anything inside it, decoded, is secret.
pub(super) fn mask_value(value: &str, depth: u8, out: &mut String) {
    if value.len() < 6 {
        out.push_str(value);
        return;
    }
    let decoded = decode_param(value);
    let twice = decode_param(&decoded);
    let inner = if depth < 3 && twice.contains(['?', '#', '&']) {
        mask_parts(&twice, depth + 1)
    } else {
        by_shape(&twice).into_owned()
    };
    if inner == *twice {
        out.push_str(value);
    } else if token::is_email(&twice) {
        out.push_str(&inner);
    } else {
        out.push_str(MASK);
    }
}
