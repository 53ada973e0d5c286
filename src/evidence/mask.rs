//! Takes secrets out of text that may leave: by their shape, by their name, by their value.

use std::borrow::Cow;

use crate::model::{Secret, pseudonym};
use crate::token;

use super::names::{Secrecy, secrecy};
use super::url::{Url, decode_param};

/// What stands in place of a secret.
pub(super) const MASK: &str = "***";
/// A shared run of this many characters gives a secret away.
const WINDOW: usize = 12;
/// The shortest run that is masked for looking random.
const LONG_RUN: usize = 20;

/// Takes secrets of known shape and of secret-bearing names out of text.
///
/// Idempotent. Returns the text itself when nothing is there.
///
/// ```
/// use authopsy::evidence::mask;
///
/// assert_eq!(mask("password=hunter2 for alice"), "password=*** for alice");
/// assert_eq!(mask("Bearer token is missing"), "Bearer token is missing");
/// assert_eq!(mask("request 3f1c2d4e-5b6a-4789-90ab-cdef01234567"), "request 3f1c2d4e-5b6a-4789-90ab-cdef01234567");
/// ```
pub fn mask(text: &str) -> Cow<'_, str> {
    Masker::default().text(text)
}

/// Takes secrets out of a URL: user info, values of secret-bearing parameters, secrets in the path.
///
/// Parameter names stay. Idempotent.
///
/// ```
/// use authopsy::evidence::mask_url;
///
/// assert_eq!(mask_url("https://u:p@h.example/a?page=2&sig=x"), "https://***@h.example/a?page=2&sig=***");
/// ```
pub fn mask_url(url: &str) -> Cow<'_, str> {
    Masker::default().url(url)
}

/// Masks by shape and by the values of one exchange.
#[derive(Debug, Default)]
pub(super) struct Masker<'s> {
    secrets: Vec<&'s str>,
    /// Those that no run of token letters would give away: short ones, and those with blanks or colons.
    odd: Vec<&'s str>,
    /// Base64, percent-encoded and JSON-escaped spellings, made when a text first needs them.
    spelt: std::cell::OnceCell<Vec<String>>,
}

impl<'s> Masker<'s> {
    /// Makes a masker that knows the raw credentials of an exchange.
    pub(super) fn new(secrets: impl Iterator<Item = &'s Secret>) -> Self {
        let secrets: Vec<&str> = secrets.map(Secret::expose).collect();
        let is_odd =
            |s: &&str| s.len() < LONG_RUN || memchr::memchr2(b' ', b':', s.as_bytes()).is_some();
        let odd = secrets.iter().copied().filter(is_odd).collect();
        Self { secrets, odd, spelt: std::cell::OnceCell::new() }
    }

    /// Masks free text.
    pub(super) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if text.len() < 4 || (self.secrets.is_empty() && !could_hold(text)) {
            return Cow::Borrowed(text);
        }
        settle(text, |t| {
            let by_value = self.by_value(t);
            by_shape(&by_value)
        })
    }

    /// Masks text whose shape is public (an id, an algorithm): by value and known shapes only.
    pub(super) fn name<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if text.len() < WINDOW && !self.holds_short(text) && text.is_ascii() {
            return Cow::Borrowed(text);
        }
        settle(text, |t| {
            // Shape first: another token that begins as the sent one does is no longer one without
            // its head, and its rest would stay.
            let by_shape = token::identifier(t, usize::MAX);
            self.if_repeated(&by_shape).into_owned()
        })
    }

    /// Masks a URL.
    pub(super) fn url<'t>(&self, url: &'t str) -> Cow<'t, str> {
        if !url_could_hold(url)
            && !self.secrets.iter().any(|s| s.len() < LONG_RUN && url.contains(s))
        {
            return Cow::Borrowed(url);
        }
        settle(url, |t| {
            let by_part = mask_parts(t, 0);
            // A cookie may hold the name of the host, which is no secret: only what follows is compared.
            let authority = Url::split(&by_part).authority;
            match by_part.find(authority).filter(|_| !authority.is_empty()) {
                Some(at) => {
                    let (head, tail) = by_part.split_at(at + authority.len());
                    let (scheme, _) = head.split_at(at);
                    format!("{scheme}{}{}", self.host(authority), self.if_repeated(tail))
                }
                None => self.if_repeated(&by_part).into_owned(),
            }
        })
    }

    /// Masks a host that holds a whole secret; parts of names in cookies prove nothing.
    pub(super) fn host<'t>(&self, host: &'t str) -> Cow<'t, str> {
        if self
            .secrets
            .iter()
            .any(|s| s.len() >= WINDOW && s.len() <= host.len() && host.contains(s))
        {
            return Cow::Borrowed(MASK);
        }
        Cow::Borrowed(host)
    }

    /// Masks secrets of this exchange in text that is masked by shape already, quickly.
    pub(super) fn values<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.secrets.is_empty() || (!could_repeat(text) && !self.holds_short(text)) {
            return Cow::Borrowed(text);
        }
        settle(text, |t| self.by_value(t).into_owned())
    }

    /// Masks by value where the text has a run that could be part of a secret.
    fn if_repeated<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if could_repeat(text) || self.holds_short(text) {
            return self.by_value(text);
        }
        Cow::Borrowed(text)
    }

    /// Returns whether a secret stands in text that is too short to be told by its runs.
    fn holds_short(&self, text: &str) -> bool {
        self.odd.iter().any(|s| s.len() <= text.len() && text.contains(s))
    }

    /// Masks every run that is part of a secret; short secrets as whole words only.
    fn by_value<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.secrets.is_empty() {
            return Cow::Borrowed(text);
        }
        let spelt = self.spelt.get_or_init(|| {
            self.secrets
                .iter()
                .filter(|s| s.len() <= 16 * 1024)
                .flat_map(|s| spellings(s))
                .collect()
        });
        let mut out = Cow::Borrowed(text);
        for secret in self.secrets.iter().copied().chain(spelt.iter().map(String::as_str)) {
            let found = if secret.len() >= WINDOW {
                without_windows(&out, secret)
            } else {
                without_word(&out, secret)
            };
            if let Some(found) = found {
                out = Cow::Owned(found);
            }
        }
        out
    }
}

/// Applies `step` until it changes nothing, so that masking twice is masking once.
fn settle(text: &str, step: impl Fn(&str) -> String) -> Cow<'_, str> {
    let mut now = Cow::Borrowed(text);
    for _ in 0..6 {
        let next = step(&now);
        if next == *now {
            return now;
        }
        now = Cow::Owned(next);
    }
    Cow::Borrowed(MASK)
}

/// Returns other spellings under which a secret may come back: base64, percent-encoded, JSON-escaped.
fn spellings(secret: &str) -> Vec<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    const HEX: &[u8; 16] = b"0123456789ABCDEF";

    let mut out = Vec::new();
    if secret.len() >= 6 {
        out.push(STANDARD.encode(secret).trim_end_matches('=').to_owned());
        out.push(URL_SAFE_NO_PAD.encode(secret));
    }
    let mut percent = String::with_capacity(secret.len() + 16);
    for b in secret.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~') {
            percent.push(char::from(b));
        } else {
            percent.push('%');
            percent.extend(
                [b >> 4, b & 15].map(|n| HEX.get(usize::from(n)).map_or('0', |d| char::from(*d))),
            );
        }
    }
    if percent != secret {
        out.push(percent.to_ascii_lowercase());
        out.push(percent);
    }
    if let Ok(escaped) = serde_json::to_string(secret) {
        let inner = escaped.trim_matches('"');
        if inner != secret {
            out.push(inner.to_owned());
        }
    }
    out
}

/// Masks every run of text that shares [`WINDOW`] bytes or more with a secret.
fn without_windows(text: &str, secret: &str) -> Option<String> {
    let (bytes, hidden) = (text.as_bytes(), secret.as_bytes());
    if bytes.len() < WINDOW {
        return None;
    }
    let grams = Grams::of(hidden);
    let mut out = Vec::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(window) = bytes.get(at..at + WINDOW) {
        // The last gram that is no part of the secret rules out all windows that hold it.
        let miss = window.windows(GRAM).rposition(|gram| !grams.may_hold(gram));
        if let Some(miss) = miss {
            at += miss + 1;
            continue;
        }
        let Some(mut place) = memchr::memmem::find(hidden, window) else {
            at += 1;
            continue;
        };
        let mut end = at + WINDOW;
        place += WINDOW;
        while let (Some(a), Some(b)) = (bytes.get(end), hidden.get(place))
            && a == b
        {
            end += 1;
            place += 1;
        }
        let start = (0..=at).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        let end = (end..=text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(text.len());
        out.extend_from_slice(bytes.get(kept..start.max(kept)).unwrap_or_default());
        out.extend_from_slice(MASK.as_bytes());
        kept = end;
        at = end;
    }
    if kept == 0 {
        return None;
    }
    out.extend_from_slice(bytes.get(kept..).unwrap_or_default());
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// Bytes of a gram.
const GRAM: usize = 4;

/// The four-byte pieces of a secret, hashed into 4,096 bits: a quick "surely not part of it".
struct Grams([u64; 64]);

impl Grams {
    fn of(secret: &[u8]) -> Self {
        let mut grams = Self([0; 64]);
        for gram in secret.windows(GRAM) {
            let (word, bit) = Self::place(gram);
            if let Some(word) = grams.0.get_mut(word) {
                *word |= bit;
            }
        }
        grams
    }

    fn may_hold(&self, gram: &[u8]) -> bool {
        let (word, bit) = Self::place(gram);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    fn place(gram: &[u8]) -> (usize, u64) {
        let key = gram.iter().fold(0_u32, |key, b| key << 8 | u32::from(*b));
        let hash = key.wrapping_mul(0x9e37_79b1) >> 20;
        (hash as usize >> 6, 1 << (hash & 63))
    }
}

/// Masks a short secret where it stands as a word.
fn without_word(text: &str, secret: &str) -> Option<String> {
    if secret.len() < 4 || secret == MASK || !text.contains(secret) {
        return None;
    }
    let word = |c: char| c.is_alphanumeric();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    let mut changed = false;
    while let Some(at) = rest.find(secret) {
        let (head, tail) = rest.split_at(at);
        let after = tail.get(secret.len()..).unwrap_or_default();
        let left = head.chars().next_back().or(before);
        let whole = secret.len() >= 8
            || (!left.is_some_and(word) && !after.chars().next().is_some_and(word));
        out.push_str(head);
        out.push_str(if whole { MASK } else { secret });
        changed |= whole;
        before = secret.chars().next_back();
        rest = after;
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// Returns whether text could repeat a secret or a spelling of one: it has a long run, or a run
/// with digits that is no plain word.
///
/// Making the spellings costs more than all else together, and few texts need them.
fn could_repeat(text: &str) -> bool {
    let (mut run, mut mixed) = (0_usize, false);
    text.bytes().any(|b| {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'=' | b'+' => run += 1,
            b'0'..=b'9' | b'%' | b'\\' => {
                mixed |= run > 0;
                run += 1;
            }
            _ => (run, mixed) = (0, false),
        }
        run >= WINDOW || (run >= 10 && mixed)
    })
}

/// Returns whether text has anything that masking by shape could touch.
fn could_hold(text: &str) -> bool {
    let mut run = 0;
    for b in text.bytes() {
        match b {
            b'=' | b':' | b'@' => return true,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'+' | b'/' | b'.' => run += 1,
            _ => run = 0,
        }
        if run >= WINDOW {
            return true;
        }
    }
    let has = |word: &str| {
        text.as_bytes().windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes()))
    };
    has("bearer ") || has("basic ") || has("token ")
}

/// Returns whether a URL has anything that masking could touch.
fn url_could_hold(url: &str) -> bool {
    let mut run = 0;
    for b in url.bytes() {
        match b {
            b'?' | b'#' | b'@' | b'%' | b';' | b'|' => return true,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'+' | b'=' => run += 1,
            _ => run = 0,
        }
        if run >= 16 {
            return true;
        }
    }
    false
}

fn by_shape(text: &str) -> String {
    let named = by_name(text);
    by_scheme(&runs(&named))
}

/// Characters of tokens, keys, e-mail addresses and paths.
fn in_run(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '-' | '_' | '+' | '/' | '=' | '.' | '~' | '%' | '@' | '|')
}

/// Masks runs that look like a token, a key, random text, or name a person.
fn runs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(in_run) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !in_run(c)).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        out.push_str(before);
        if run.len() < 6 {
            out.push_str(run);
        } else {
            mask_run(run, &mut out);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn mask_run(run: &str, out: &mut String) {
    if run.contains('@') {
        let address = run.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if token::is_email(address) {
            let (before, after) = run.split_once(address).unwrap_or(("", ""));
            out.push_str(before);
            out.push_str(&pseudonym(address));
            out.push_str(after);
            return;
        }
    }
    // A JWT keeps its dots, a prefixed key its own marks; all else is looked at piece by piece.
    if let Some(at) = jwt_start(run) {
        let (before, _) = run.split_at(at);
        out.push_str(before);
        out.push_str(MASK);
        return;
    }
    let known = |piece: &str| token::vendor_of(piece).is_some();
    if known(run) || known(run.trim_end_matches(['.', '/', '='])) {
        out.push_str(MASK);
        return;
    }
    let parts = |c: char| matches!(c, '/' | '.' | '%' | '@' | '|' | '~');
    let pieces: Vec<&str> = run.split_inclusive(parts).collect();
    let secret = |piece: &str| {
        let piece = piece.trim_end_matches(parts);
        let value = piece.rsplit('=').find(|p| !p.is_empty()).unwrap_or(piece);
        known(value) || (piece.len() >= LONG_RUN && is_secret_run(piece))
    };
    let any = pieces.iter().any(|p| secret(p));
    for piece in pieces {
        let core = piece.trim_end_matches(parts);
        let tail = piece.get(core.len()..).unwrap_or_default();
        // Standard base64 holds slashes: what stands beside a secret piece and is no word goes too.
        let beside = any
            && core.len() >= 4
            && core.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        if secret(piece) || beside {
            out.push_str(MASK);
        } else {
            out.push_str(core);
        }
        out.push_str(tail);
    }
}

/// A random run, unless it is a name that ends in a UUID.
fn is_secret_run(piece: &str) -> bool {
    let named = piece.len() > 36
        && piece.get(piece.len() - 36..).is_some_and(token::is_uuid)
        && !token::is_random(piece.get(..piece.len() - 36).unwrap_or_default());
    !named && token::is_random(piece)
}

/// Returns where a JWT begins in a run, cut ones included.
fn jwt_start(run: &str) -> Option<usize> {
    run.match_indices("eyJ").map(|(at, _)| at).find(|at| {
        let before = run.get(..*at).and_then(|b| b.chars().next_back());
        let tail = run.get(*at..).unwrap_or_default();
        tail.len() >= WINDOW && !before.is_some_and(|c| c.is_ascii_alphanumeric())
    })
}

/// Masks what follows a scheme word: `Bearer abc123`.
fn by_scheme(text: &str) -> String {
    const SCHEMES: &[&str] = &["bearer", "basic", "dpop", "digest", "negotiate", "ntlm", "apikey"];
    let mut out = String::with_capacity(text.len());
    let mut after_scheme = false;
    for word in text.split_inclusive(' ') {
        let bare = word.trim_end_matches(' ');
        let inner = bare.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if bare.is_empty() {
            out.push_str(word);
            continue;
        }
        if after_scheme && is_value_word(inner) {
            out.push_str(MASK);
            out.push_str(word.get(bare.len()..).unwrap_or_default());
        } else {
            out.push_str(word);
        }
        after_scheme = SCHEMES.iter().any(|s| inner.eq_ignore_ascii_case(s));
    }
    out
}

/// Told from a word of a sentence by a digit, or a capital inside.
fn is_value_word(word: &str) -> bool {
    word.len() >= 6
        && !word.contains('=')
        && word.chars().all(in_run)
        && (word.bytes().any(|b| b.is_ascii_digit())
            || word.bytes().skip(1).any(|b| b.is_ascii_uppercase())
                && word.bytes().any(|b| b.is_ascii_lowercase()))
}

/// Masks values of secret-bearing names: `k=v`, `"k":"v"`, `k: v`.
fn by_name(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['=', ':']) {
        let (before, from) = rest.split_at(at);
        let sign = from.chars().next().unwrap_or('=');
        let after = from.get(1..).unwrap_or_default();
        out.push_str(before);
        out.push(sign);
        rest = after;
        let secrecy = secrecy_before(before);
        if secrecy == Secrecy::Open {
            continue;
        }
        let (lead, value, quoted) = value_after(after, sign);
        if value.is_empty() || !hides(value, secrecy, sign, quoted) {
            continue;
        }
        out.push_str(lead);
        out.push_str(MASK);
        rest = after.get(lead.len() + value.len()..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Tells the secrecy of the name that ends where `=` or `:` stands.
fn secrecy_before(before: &str) -> Secrecy {
    let name = before.trim_end_matches([' ', '"', '\'', '\\']);
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let start = name
        .char_indices()
        .rev()
        .find(|(_, c)| !in_name(*c))
        .map_or(0, |(at, c)| at + c.len_utf8());
    secrecy(name.get(start..).unwrap_or_default())
}

/// Returns the blanks and quote before a value, the value, and whether it is quoted.
fn value_after(after: &str, sign: char) -> (&str, &str, bool) {
    let blank = |c: char| c == ' ' && sign == ':';
    let start = after.len() - after.trim_start_matches(blank).len();
    let body = after.get(start..).unwrap_or_default();
    let unescaped = body.trim_start_matches('\\');
    let slashes = body.len() - unescaped.len();
    if let Some(quote) = unescaped.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let lead = start + slashes + 1;
        let inner = after.get(lead..).unwrap_or_default();
        let end = inner.find(quote).unwrap_or(inner.len());
        let value = inner.get(..end).unwrap_or_default();
        let value = value.trim_end_matches('\\');
        return (after.get(..lead).unwrap_or_default(), value, true);
    }
    let stop = |c: char| {
        c.is_whitespace() || matches!(c, '&' | ';' | ',' | '"' | '\'' | '<' | '>' | ')' | '}' | ']')
    };
    let end = body.find(stop).unwrap_or(body.len());
    (after.get(..start).unwrap_or_default(), body.get(..end).unwrap_or_default(), false)
}

/// Decides for one named value; prose after a colon (`password: required`) stays readable.
fn hides(value: &str, secrecy: Secrecy, sign: char, quoted: bool) -> bool {
    if value == MASK {
        return false;
    }
    let sentence = value.split(' ').filter(|w| !w.is_empty()).count() >= 3;
    let plain_word = value.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    match secrecy {
        Secrecy::Always if quoted => !sentence,
        Secrecy::Always => sign == '=' || !plain_word,
        Secrecy::InUrls => {
            let digit = value.bytes().any(|b| b.is_ascii_digit());
            value.len() >= 8 && digit && !sentence && !value.starts_with("http")
        }
        Secrecy::Open => false,
    }
}

/// Masks the parts of a URL; URLs inside parameters too, down to `depth` 3.
fn mask_parts(url: &str, depth: u8) -> String {
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
fn url_has(url: &str, mark: char) -> bool {
    url.split('#').next().unwrap_or_default().contains(mark)
}

fn mask_path(path: &str, out: &mut String) {
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

fn mask_params(query: &str, depth: u8, out: &mut String) {
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
        let decoded = decode_param(name);
        // `user[password]`, `filter.token`: the last word of a nested name counts.
        let last = decoded.trim_end_matches(']').rsplit(['[', '.']).next().unwrap_or(&decoded);
        if value.is_empty() {
            continue;
        }
        if secrecy(last) == Secrecy::Open && secrecy(&decoded) == Secrecy::Open {
            mask_value(value, depth, out);
        } else {
            out.push_str(MASK);
        }
    }
}

/// Masks a value of a URL as a whole when anything inside it, decoded, is secret.
fn mask_value(value: &str, depth: u8, out: &mut String) {
    if value.len() < 6 {
        out.push_str(value);
        return;
    }
    let decoded = decode_param(value);
    let twice = decode_param(&decoded);
    let inner = if depth < 3 && twice.contains(['?', '#', '&']) {
        mask_parts(&twice, depth + 1)
    } else {
        by_shape(&twice)
    };
    if inner == *twice {
        out.push_str(value);
    } else if token::is_email(&twice) {
        out.push_str(&inner);
    } else {
        out.push_str(MASK);
    }
}
