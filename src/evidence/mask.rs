//! Takes secrets out of text that may leave: by their shape, by their name, by their value.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::token;

use super::url::Url;

mod secret;
mod shape;
mod target;

pub(super) use secret::Pieces;
use secret::{Hidden, is_plain, may_share, runs, spellings};
pub(super) use shape::by_shape;
use shape::{could_hold, then};
use target::mask_parts;
pub(super) use target::{LEAST_RUN, is_open_name, url_could_hold};

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

/// Returns whether a URL has anything that masking could touch.
pub(super) fn could_hide(url: &str) -> bool {
    url_could_hold(url)
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
    /// The secrets, then their base64, percent-encoded and JSON-escaped spellings, made when a text first
    /// needs them.
    hidden: OnceCell<Vec<Hidden<'s>>>,
    /// Whether base64 is the only other spelling of every secret, looked at when a text first needs it.
    plain: OnceCell<bool>,
}

impl<'s> Masker<'s> {
    /// Makes a masker that knows the raw credentials of an exchange.
    pub(super) fn new(secrets: impl Iterator<Item = &'s str>) -> Self {
        let secrets: Vec<&str> = secrets.collect();
        let odd = secrets.iter().copied().filter(|s| is_short_or_odd(s)).collect();
        Self { secrets, odd, hidden: OnceCell::new(), plain: OnceCell::new() }
    }

    /// Masks free text.
    pub(super) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if text.len() < 4 || (self.secrets.is_empty() && !could_hold(text)) {
            return Cow::Borrowed(text);
        }
        settle(text, |t| then(self.by_value(t), by_shape))
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
            Cow::Owned(self.if_repeated(&by_shape).into_owned())
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
                    Cow::Owned(format!(
                        "{scheme}{}{}",
                        self.host(authority),
                        self.if_repeated(tail)
                    ))
                }
                None => Cow::Owned(self.if_repeated(&by_part).into_owned()),
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
        settle(text, |t| self.by_value(t))
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
        if self.secrets.is_empty() || !self.could_share(text) {
            return Cow::Borrowed(text);
        }
        let hidden = self.hidden.get_or_init(|| {
            let sent = self.secrets.iter().map(|secret| Cow::Borrowed(*secret));
            let short = self.secrets.iter().filter(|s| s.len() <= 16 * 1024);
            let spelt = short.flat_map(|secret| spellings(secret)).map(Cow::Owned);
            sent.chain(spelt).map(Hidden::new).collect()
        });
        let mut out = Cow::Borrowed(text);
        for one in hidden {
            if let Some(found) = one.taken_out(&out) {
                out = Cow::Owned(found);
            }
        }
        out
    }

    /// Returns whether text could share anything with a secret: prose has no run without a blank that is
    /// long enough, and long secrets, however they are spelt, have no blanks. Of a longer run a few pieces
    /// are looked for, which costs less than to make the spellings of one token.
    fn could_share(&self, text: &str) -> bool {
        let shares = |run| self.secrets.iter().any(|secret| may_share(run, secret));
        !self.odd.is_empty()
            || runs(std::iter::once(text)).any(|run| !self.are_plain() || shares(run))
    }

    fn are_plain(&self) -> bool {
        *self.plain.get_or_init(|| self.secrets.iter().all(|s| is_plain(s)))
    }

    /// Returns whether nothing of a secret can stand in any of the texts whose pieces these are: what masking
    /// by shape leaves as it is stays so.
    pub(super) fn leaves(&self, pieces: &Pieces) -> bool {
        let shares = || self.secrets.iter().any(|secret| pieces.may_stand_in(secret));
        self.odd.is_empty() && (pieces.is_empty() || (self.are_plain() && !shares()))
    }
}

/// Returns whether a secret may stand in text without a run of token letters that gives it away.
pub(super) fn is_short_or_odd(secret: &str) -> bool {
    secret.len() < LONG_RUN || memchr::memchr2(b' ', b':', secret.as_bytes()).is_some()
}

/// Applies `step` until it changes nothing, so that masking twice is masking once.
fn settle(text: &str, step: impl Fn(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    let mut now = Cow::Borrowed(text);
    for _ in 0..6 {
        let next = step(&now);
        if *next == *now {
            return now;
        }
        now = Cow::Owned(next.into_owned());
    }
    Cow::Borrowed(MASK)
}

/// Returns whether text could repeat a secret or a spelling of one: it has a long run, or a run
/// with digits that is no plain word.
///
/// Making the spellings costs more than all else together, and few texts need them.
pub(super) fn could_repeat(text: &str) -> bool {
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

#[cfg(test)]
mod tests;
