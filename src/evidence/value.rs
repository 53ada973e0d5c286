//! Reads the value of one credential field: scheme, credential, and every oddity of its form.

use std::borrow::Cow;

use crate::model::{
    Blank, Fault, Fingerprint, Form, Kind, Oddity, Scheme, Secret, Signature, State, Token,
};
use crate::token::{self, Mint};

use super::marks::{
    LONGEST_WORD, cut_by_recorder, is_placeholder, mask_word, shown_placeholder, unfilled_password,
};

mod blank;
mod parts;
mod scheme;

pub(super) use blank::is_blank;
use blank::{has_space, is_invisible, trim};
use parts::{decode_basic, first_joined, read_basic, read_params};
pub use scheme::{Split, split_scheme};
use scheme::{doubled, glued, is_known, near_scheme, signs_requests};

/// A field value above this size is worth a word: common limits of servers begin at 8 KiB for all fields.
const LARGE: usize = 7168;

/// What a field value holds; made once for each distinct value.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) kind: Kind,
    pub(super) scheme: Option<Scheme>,
    pub(super) state: State,
    pub(super) oddities: Vec<Oddity>,
    pub(super) user: Option<String>,
    pub(super) mark: Option<Fingerprint>,
    pub(super) token: Option<Token>,
    /// Raw texts that must not survive in any output.
    pub(super) secrets: Vec<Secret>,
}

impl Reading {
    fn empty(kind: Kind) -> Self {
        Self {
            kind,
            scheme: None,
            state: State::Present,
            oddities: Vec::new(),
            user: None,
            mark: None,
            token: None,
            secrets: Vec::new(),
        }
    }

    fn note(&mut self, oddity: Oddity) {
        if !self.oddities.contains(&oddity) {
            self.oddities.push(oddity);
        }
    }

    pub(super) fn hide(&mut self, text: &str) {
        if text.len() >= 4 && self.secrets.iter().all(|known| known.expose() != text) {
            self.secrets.push(Secret::new(text));
        }
    }
}

/// Reads a value in which a scheme word belongs (`Authorization` and what is meant to be it).
pub(super) fn read_with_scheme(value: &str, mint: &mut Mint) -> Reading {
    read_plain_bearer(value, mint).unwrap_or_else(|| read_any_scheme(value))
}

/// Reads `Bearer`, a blank and a token that is sound in every letter, as nearly all are; `None` for every
/// other value.
///
/// Such a value has none of what is looked for in others: blanks, quotes, commas, masks, placeholders,
/// another scheme.
fn read_plain_bearer(value: &str, mint: &mut Mint) -> Option<Reading> {
    let text = value.strip_prefix("Bearer ")?;
    if value.len() > LARGE || text.len() <= LONGEST_WORD {
        return None;
    }
    let read = token::read_plain(text, mint)?;
    if cut_by_recorder(text).is_some() {
        return None;
    }
    Some(Reading {
        kind: Kind::Jwt,
        scheme: Some(Scheme::Bearer),
        mark: read.fingerprint,
        token: Some(read).filter(|read| read.fingerprint.is_some()),
        secrets: vec![Secret::new(text)],
        ..Reading::empty(Kind::Jwt)
    })
}

fn read_any_scheme(value: &str) -> Reading {
    let mut reading = Reading::empty(Kind::Opaque);
    let Some(value) = open_value(value, &mut reading) else { return reading };
    let value = value.as_ref();
    let split = split_scheme(value);
    let Some(word) = split.scheme else {
        read_bare_word(value, &mut reading);
        return reading;
    };
    note_scheme(word, split.gap, &mut reading);
    let mut rest = split.rest.trim_end_matches(is_blank);
    while let Some(inner) = doubled(rest) {
        reading.note(Oddity::SchemeDoubled);
        rest = inner;
    }
    if rest.is_empty() {
        reading.kind = Kind::Unknown;
        reading.note(Oddity::SchemeOnly);
        return reading;
    }
    read_by_scheme(rest, &mut reading);
    reading
}

/// Reads a value without scheme: an API key, a cookie, a parameter.
pub(super) fn read_plain(value: &str, kind: Kind) -> Reading {
    let mut reading = Reading::empty(kind);
    let Some(opened) = open_value(value, &mut reading) else { return reading };
    let mut text = opened.as_ref();
    let split = split_scheme(text);
    if let Some(word) = split.scheme
        && is_known(word)
        && !split.rest.is_empty()
    {
        reading.scheme = Some(Scheme::of(word));
        text = split.rest.trim_end_matches(is_blank);
        if reading.scheme == Some(Scheme::Basic) {
            read_basic(text, &mut reading);
            return reading;
        }
    }
    read_credential(text, &mut reading);
    if matches!(reading.kind, Kind::Opaque | Kind::ApiKey) && kind == Kind::Session {
        reading.kind = Kind::Session;
    }
    reading
}

/// Reads a password in a body or a URL, which may hold any character and any word: odd are only what a
/// program wrote in its place, and a line break. Nothing of it is shown.
pub(super) fn read_password(value: &str) -> Reading {
    let mut reading = Reading::empty(Kind::Password);
    reading.hide(value);
    if let Some(mask) = mask_word(value) {
        redacted(value, &mask, &mut reading);
    } else if let Some(literal) = unfilled_password(value) {
        placeholder(literal, &mut reading);
    } else if memchr::memchr2(b'\r', b'\n', value.as_bytes()).is_some() {
        reading.note(Oddity::Blank(Blank::LineBreak));
    }
    reading
}

/// Notes what is odd around the whole value and takes it off; `None` when nothing is left to read.
fn open_value<'v>(value: &'v str, reading: &mut Reading) -> Option<Cow<'v, str>> {
    if value.len() > LARGE {
        reading.note(Oddity::Large(u16::try_from(value.len() / 1024).unwrap_or(u16::MAX)));
    }
    if memchr::memchr2(b'\r', b'\n', value.as_bytes()).is_some() {
        reading.note(Oddity::Blank(Blank::LineBreak));
    }
    let mut text: Cow<'_, str> = Cow::Borrowed(value);
    if !value.is_ascii() && value.contains(is_invisible) {
        reading.note(Oddity::Blank(Blank::Invisible));
        text = Cow::Owned(
            value
                .chars()
                .map(|c| if c == '\u{a0}' { ' ' } else { c })
                .filter(|c| !is_invisible(*c))
                .collect(),
        );
    }
    if text.contains('%')
        && ["%20", "%0A", "%0a", "%0D", "%0d", "%09"].iter().any(|e| text.contains(e))
    {
        reading.note(Oddity::Blank(Blank::Encoded));
        let mut plain = text.into_owned();
        for (code, blank) in
            [("%20", " "), ("%0A", ""), ("%0a", ""), ("%0D", ""), ("%0d", ""), ("%09", "\t")]
        {
            plain = plain.replace(code, blank);
        }
        reading.hide(value);
        text = Cow::Owned(plain);
    }
    let shown = |c: char| matches!(c, ' ' | '\t');
    if value.starts_with(shown) {
        reading.note(Oddity::Blank(Blank::Leading));
    }
    if value.ends_with(shown) {
        reading.note(Oddity::Blank(Blank::Trailing));
    }
    let text = trim(text);
    if text.is_empty() {
        reading.kind = Kind::Unknown;
        reading.note(Oddity::Empty);
        return None;
    }
    let unquoted = match unquote(&text) {
        Some((quote, inner))
            if text.starts_with(quote) && !is_placeholder(&text) && mask_word(&text).is_none() =>
        {
            reading.note(Oddity::Quoted(quote));
            Cow::Owned(inner.to_owned())
        }
        _ => text,
    };
    let names_scheme = split_scheme(&unquoted).scheme.is_some_and(is_known);
    if !names_scheme
        && !token::is_jwt_shaped(&unquoted)
        && let Some(mask) = mask_word(&unquoted)
    {
        redacted(&unquoted, &mask, reading);
        return None;
    }
    if is_placeholder(&unquoted) && !is_known(&unquoted) {
        placeholder(&unquoted, reading);
        return None;
    }
    Some(unquoted)
}

/// Reads a value that has no scheme word where one belongs.
fn read_bare_word(value: &str, reading: &mut Reading) {
    if let Some((word, rest)) = glued(value) {
        reading.scheme = Some(Scheme::of(word));
        let colon = rest.trim_start_matches([':', '=', ',']);
        reading.note(if colon.len() < rest.len() {
            Oddity::SchemeColon
        } else {
            Oddity::SchemeGlued
        });
        read_by_scheme(colon, reading);
        return;
    }
    if is_signed_form(value) {
        reading.kind = Kind::RequestSignature;
        reading.hide(value);
        return;
    }
    reading.note(Oddity::SchemeMissing);
    if !value.contains('.')
        && value.len() >= 8
        && let Some(pair) = decode_basic(value)
        && pair.contains(':')
        && pair.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
    {
        read_basic(value, reading);
        return;
    }
    read_credential(value, reading);
    if reading.oddities.contains(&Oddity::Json) {
        reading.oddities.retain(|o| *o != Oddity::SchemeMissing);
    }
}

/// Whether a value without a scheme is a signature as an encoded form: `type%3dmaster%26ver%3d1.0%26sig%3d…`
/// (Azure Cosmos DB, "Access control on resources").
fn is_signed_form(value: &str) -> bool {
    let plain = token::percent_decode(value);
    let has =
        |name: &str| plain.split('&').any(|p| p.split_once('=').is_some_and(|(n, _)| n == name));
    has("type") && has("sig")
}

fn note_scheme(word: &str, gap: &str, reading: &mut Reading) {
    let bare = word.trim_end_matches([':', ',']);
    let scheme = Scheme::of(bare);
    if bare.len() < word.len() {
        reading.note(Oddity::SchemeColon);
    }
    if near_scheme(bare) {
        reading.note(Oddity::SchemeMisspelt(bare.to_owned()));
    }
    let minds_case = matches!(
        scheme,
        Scheme::Bearer | Scheme::Basic | Scheme::Digest | Scheme::Negotiate | Scheme::Dpop
    );
    if minds_case && !bare.eq_ignore_ascii_case("kerberos") && scheme.as_str() != bare {
        reading.note(Oddity::SchemeCase(bare.to_owned()));
    }
    reading.scheme = Some(scheme);
    if gap.contains('\t') {
        reading.note(Oddity::Blank(Blank::Tab));
    }
    let spaces = gap.bytes().filter(|b| *b == b' ').count();
    if spaces > 1 {
        reading.note(Oddity::SeveralBlanks(u8::try_from(spaces).unwrap_or(u8::MAX)));
    }
}

fn read_by_scheme(rest: &str, reading: &mut Reading) {
    match &reading.scheme {
        Some(Scheme::Basic) => read_basic(rest, reading),
        Some(Scheme::Digest) => read_params(rest, Kind::Digest, reading),
        Some(Scheme::Negotiate | Scheme::Ntlm) => {
            read_credential(rest, reading);
            reading.token = None;
            reading.mark = None;
            if reading.kind == Kind::Opaque {
                reading.kind = Kind::Negotiate;
            }
        }
        Some(Scheme::Aws4) => read_params(rest, Kind::Sigv4, reading),
        Some(Scheme::Hawk) => read_params(rest, Kind::RequestSignature, reading),
        Some(Scheme::Other(word)) if signs_requests(word) => {
            read_params(rest, Kind::RequestSignature, reading);
        }
        Some(Scheme::Token) => {
            // Rails: `Token token="abc", nonce="def"`.
            let inner = rest.strip_prefix("token=").map(|v| v.split(',').next().unwrap_or(v));
            read_credential(inner.map_or(rest, |v| v.trim_matches('"')), reading);
        }
        Some(Scheme::ApiKey) => {
            read_credential(rest, reading);
            if reading.kind == Kind::Opaque {
                reading.kind = Kind::ApiKey;
            }
        }
        _ => read_credential(rest, reading),
    }
}

/// Reads what stands after the scheme: a token, or what took its place.
fn read_credential(text: &str, reading: &mut Reading) {
    let text = text.trim_matches(is_blank);
    if text.starts_with('{') && text.ends_with('}') && text.contains('"') {
        read_json(text, reading);
        return;
    }
    let mut jwt_shaped = token::is_jwt_shaped(text);
    if !jwt_shaped && let Some(mask) = mask_word(text) {
        redacted(text, &mask, reading);
        return;
    }
    if is_placeholder(text) {
        placeholder(text, reading);
        return;
    }
    let text = match unquote(text) {
        Some((quote, inner)) if mask_word(text).is_none() => {
            reading.note(Oddity::Quoted(quote));
            reading.hide(text);
            jwt_shaped = token::is_jwt_shaped(inner);
            inner
        }
        _ => text,
    };
    if text.is_empty() {
        reading.kind = Kind::Unknown;
        reading.note(Oddity::SchemeOnly);
        return;
    }
    if is_placeholder(text) {
        placeholder(text, reading);
        return;
    }
    if !jwt_shaped && let Some(mask) = mask_word(text) {
        redacted(text, &mask, reading);
        return;
    }
    let text = first_joined(text, reading);
    let mut plain = Cow::Borrowed(text);
    if has_space(text) {
        if text.contains([' ', '\t']) {
            reading.note(Oddity::Blank(Blank::Inside));
        }
        plain = Cow::Owned(text.chars().filter(|c| !c.is_whitespace()).collect());
    }
    reading.hide(text);
    if !(jwt_shaped && third_is_mark(&plain))
        && let Some(left) = cut_by_recorder(&plain)
    {
        read_cut(left, reading);
        return;
    }
    if plain.contains('%') && has_percent_code(&plain) {
        reading.note(Oddity::PercentEncoded);
    }
    read_token(text, &plain, reading);
}

fn read_token(sent: &str, plain: &str, reading: &mut Reading) {
    let read = token::read(plain);
    reading.hide(plain);
    reading.kind = match (read.form, reading.kind) {
        (Form::Jws, _) => Kind::Jwt,
        (Form::Jwe, _) => Kind::Jwe,
        (Form::Opaque, Kind::Opaque)
            if token::vendor_of(plain).is_some_and(token::Vendor::is_key) =>
        {
            Kind::ApiKey
        }
        (Form::Opaque, kind) => kind,
    };
    if read.signature == Signature::Removed
        && let Some(mark) = plain.rsplit('.').next().filter(|m| !m.is_empty())
    {
        reading.state = State::Redacted;
        reading.note(Oddity::Mask(mask_word(mark).unwrap_or_else(|| "redacted".to_owned())));
    }
    reading.mark = if sent == plain { read.fingerprint } else { Fingerprint::of(sent) };
    let keeps = matches!(
        reading.kind,
        Kind::Jwt | Kind::Jwe | Kind::Opaque | Kind::ApiKey | Kind::RefreshToken
    );
    if keeps && read.fingerprint.is_some() {
        reading.token = Some(read);
    }
}

/// Reads what a recorder left of a token; what is missing is the recorder's doing, not the token's.
fn read_cut(left: &str, reading: &mut Reading) {
    reading.state = State::Truncated;
    reading.hide(left);
    let mut read = token::read(left);
    match read.form {
        Form::Jws => reading.kind = Kind::Jwt,
        Form::Jwe => reading.kind = Kind::Jwe,
        Form::Opaque => return,
    }
    read.faults.retain(|f| {
        !matches!(
            f,
            Fault::TooFewSegments(..)
                | Fault::ShortSignature(..)
                | Fault::DummySignature(..)
                | Fault::CutAt(_)
                | Fault::NotJson(_)
                | Fault::OddLength(_)
                | Fault::EmptySegment(_)
                | Fault::WrongLength(..)
        )
    });
    if read.fingerprint.is_some() {
        reading.token = Some(read);
    }
}

fn read_json(text: &str, reading: &mut Reading) {
    reading.note(Oddity::Json);
    reading.hide(text);
    let found = serde_json::from_str::<serde_json::Value>(text).ok().and_then(|json| {
        ["access_token", "accessToken", "token", "jwt", "id_token", "idToken"]
            .iter()
            .find_map(|name| json.get(*name)?.as_str().map(str::to_owned))
    });
    if let Some(found) = found {
        read_token(&found, &found, reading);
    }
}

/// Takes quotes or brackets off, also when only one of a pair stands.
fn unquote(text: &str) -> Option<(char, &str)> {
    const PAIRS: &[(char, char)] =
        &[('"', '"'), ('\'', '\''), ('`', '`'), ('<', '>'), ('“', '”'), ('‘', '’'), ('[', ']')];
    let first = text.chars().next()?;
    let last = text.chars().next_back()?;
    let (open, close) = *PAIRS.iter().find(|(open, close)| *open == first || *close == last)?;
    let inner = text.strip_prefix(open).unwrap_or(text);
    let inner = inner.strip_suffix(close).unwrap_or(inner);
    // `[object Object]` and masks in brackets are told before; a lone bracket proves nothing.
    let whole = first == open && last == close && text.len() > 1;
    let quote = matches!(open, '"' | '\'' | '`' | '“' | '‘');
    (whole || quote).then_some((open, inner.trim_matches(is_blank)))
}

fn placeholder(text: &str, reading: &mut Reading) {
    let shown = shown_placeholder(text);
    if shown != text {
        reading.hide(text);
    }
    reading.kind = Kind::Unknown;
    reading.note(Oddity::Placeholder(shown));
}

fn redacted(text: &str, mask: &str, reading: &mut Reading) {
    reading.state = State::Redacted;
    if matches!(reading.kind, Kind::Opaque | Kind::ApiKey | Kind::Session) {
        reading.kind = Kind::Unknown;
    }
    reading.note(Oddity::Mask(short(mask)));
    // What a partial mask left.
    for left in text.split(['*', '•', '█']).filter(|left| left.len() >= 6) {
        if mask_word(left).is_none() {
            reading.hide(left.trim());
        }
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(32).collect()
}

fn third_is_mark(text: &str) -> bool {
    text.split('.')
        .nth(2)
        .is_some_and(|third| third.starts_with(['[', '*', '<']) || mask_word(third).is_some())
        && token::read(text).signature == Signature::Removed
}

fn has_percent_code(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .any(|after| after.get(..2).is_some_and(|code| code.bytes().all(|b| b.is_ascii_hexdigit())))
}

#[cfg(test)]
mod tests;
