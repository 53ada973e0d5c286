//! Reads `WWW-Authenticate` and `Proxy-Authenticate` (RFC 9110, section 11.6), also when they are broken.
//!
//! Gateways write `error='invalid_token",`, forget commas and leave blanks unquoted. A field is
//! therefore read by a scanner that always advances; what departs from the grammar sets `broken`.

use crate::model::{Challenge, Exchange};

/// Challenges of one message that are kept; more are a sign of nonsense.
const MOST: usize = 16;
/// Parameters of one challenge that are kept.
const MOST_PARAMS: usize = 24;
/// Characters of one value that are kept.
const LONGEST_VALUE: usize = 400;

/// Returns all challenges of a response, in the order of its fields.
pub(super) fn of(exchange: &Exchange<'_>) -> Vec<Challenge> {
    let mut found = Vec::new();
    for header in &exchange.response_headers {
        let proxy = if header.name.eq_ignore_ascii_case("www-authenticate") {
            false
        } else if header.name.eq_ignore_ascii_case("proxy-authenticate") {
            true
        } else {
            continue;
        };
        parse(&header.value, proxy, &mut found);
    }
    found.truncate(MOST);
    found
}

/// Reads one field value and appends its challenges.
///
/// A word is a scheme when no `=` follows it, except that a word after a comma and before another
/// word is one too; `Negotiate oYG2` is scheme and token68.
pub(super) fn parse(value: &str, proxy: bool, into: &mut Vec<Challenge>) {
    let mut scan = Scan { rest: value };
    let mut current: Option<Challenge> = None;
    let mut fresh = false;
    while into.len() < MOST {
        scan.skip_separators();
        let word = scan.word();
        if word.is_empty() {
            if scan.rest.is_empty() {
                break;
            }
            scan.bump();
            if let Some(challenge) = &mut current {
                challenge.broken = true;
            }
            continue;
        }
        if scan.at_assignment(word) {
            let (text, broken) = scan.value();
            let challenge = current.get_or_insert_with(|| Challenge {
                proxy,
                broken: true,
                ..Challenge::default()
            });
            challenge.broken |= broken;
            if challenge.params.len() < MOST_PARAMS {
                challenge.params.push((word.to_ascii_lowercase(), text));
            }
            fresh = false;
        } else if fresh && !scan.after_comma(value, word) {
            // The one word behind a scheme that is no parameter: token68.
            if let Some(challenge) = &mut current {
                challenge.params.push(("token68".to_owned(), "present".to_owned()));
                scan.skip_padding();
            }
            fresh = false;
        } else if is_scheme(word) {
            into.extend(current.take());
            current = Some(Challenge {
                scheme: word.chars().take(40).collect(),
                proxy,
                ..Challenge::default()
            });
            fresh = true;
        } else if let Some(challenge) = &mut current {
            challenge.broken = true;
        }
    }
    into.extend(current);
}

fn is_scheme(word: &str) -> bool {
    word.chars().next().is_some_and(|c| c.is_ascii_alphabetic())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '.'))
}

/// The part of a field value that is still to be read.
struct Scan<'v> {
    rest: &'v str,
}

impl<'v> Scan<'v> {
    fn skip_separators(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', ',', ';', '\r', '\n']);
    }

    /// Takes a run of characters that a token or token68 may hold; `=` ends it.
    fn word(&mut self) -> &'v str {
        let end = self
            .rest
            .find(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '=' | '"' | '\''))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn bump(&mut self) {
        let mut chars = self.rest.chars();
        chars.next();
        self.rest = chars.as_str();
    }

    /// Eats `=` and the blanks around it when `word` is a parameter name; token68 padding is not.
    fn at_assignment(&mut self, word: &str) -> bool {
        let Some(after) = self.rest.trim_start_matches([' ', '\t']).strip_prefix('=') else {
            return false;
        };
        let named =
            word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*' | '.'));
        let padding = after.trim_start_matches('=');
        let ends = padding.is_empty() || padding.trim_start().starts_with(',');
        let long = word.len() > 20;
        if !named || (ends && long) || after.starts_with('=') {
            return false;
        }
        self.rest = after.trim_start_matches([' ', '\t']);
        true
    }

    fn skip_padding(&mut self) {
        self.rest = self.rest.trim_start_matches('=');
    }

    /// Returns whether a comma stands before `word`, the last word read from `whole`.
    fn after_comma(&self, whole: &str, word: &str) -> bool {
        let end = whole.len() - self.rest.len();
        let before = whole.get(..end.saturating_sub(word.len())).unwrap_or_default();
        before.trim_end().ends_with(',')
    }

    /// Reads a parameter's value and says whether it departs from the grammar.
    fn value(&mut self) -> (String, bool) {
        match self.rest.chars().next() {
            Some('"') => {
                self.bump();
                self.quoted('"')
            }
            Some('\'') => {
                self.bump();
                let (text, _) = self.quoted('\'');
                (text, true)
            }
            _ => self.unquoted(),
        }
    }

    /// Reads up to the closing quote. Behind `'` either quote closes, when a separator follows.
    fn quoted(&mut self, quote: char) -> (String, bool) {
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            let after = self.rest.get(at + c.len_utf8()..).unwrap_or_default();
            match c {
                '\\' if quote == '"' => match chars.next() {
                    Some((_, escaped)) => push(&mut text, escaped),
                    None => break,
                },
                '"' if quote == '"' || ends_value(after) => {
                    // An inner quote that somebody forgot to escape: `"Expected "api" but"`.
                    if quote == '"' && !ends_value(after) && closes_later(after) {
                        push(&mut text, c);
                        continue;
                    }
                    self.rest = after;
                    return (text, false);
                }
                '\'' if quote == '\'' && ends_value(after) => {
                    self.rest = after;
                    return (text, false);
                }
                _ => push(&mut text, c),
            }
        }
        self.rest = "";
        (text, true)
    }

    /// Reads a bare value: up to a comma, or up to the next `name=` where commas were forgotten.
    fn unquoted(&mut self) -> (String, bool) {
        let comma = self.rest.find([',', ';']).unwrap_or(self.rest.len());
        let span = self.rest.get(..comma).unwrap_or_default();
        let end = next_param(span).unwrap_or(comma);
        let text = self.rest.get(..end).unwrap_or_default().trim();
        self.rest = self.rest.get(end..).unwrap_or_default();
        let clean = text.trim_end_matches(['"', '\'']);
        let broken =
            clean.len() != text.len() || clean.contains(char::is_whitespace) || end != comma;
        (clean.chars().take(LONGEST_VALUE).collect(), broken)
    }
}

fn push(text: &mut String, c: char) {
    if text.len() < LONGEST_VALUE {
        text.push(c);
    }
}

/// Returns whether a value may end before `after`: nothing, a separator, or the next parameter.
fn ends_value(after: &str) -> bool {
    let rest = after.trim_start_matches([' ', '\t']);
    rest.is_empty()
        || rest.starts_with([',', ';', '\r', '\n'])
        || (rest.len() < after.len() && next_param(after) == Some(after.len() - rest.len()))
        || next_param(after) == Some(0)
}

fn closes_later(after: &str) -> bool {
    after.match_indices('"').any(|(at, _)| ends_value(after.get(at + 1..).unwrap_or_default()))
}

/// Returns where the next `name=` starts in `span`, at its begin or behind a blank.
fn next_param(span: &str) -> Option<usize> {
    span.match_indices('=').find_map(|(at, _)| {
        let before = span.get(..at)?;
        let start = before.rfind(char::is_whitespace).map_or(0, |i| i + 1);
        let name = before.get(start..)?;
        let named = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
        named.then_some(start)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Vec<Challenge> {
        let mut found = Vec::new();
        parse(value, false, &mut found);
        found
    }

    fn shown(value: &str) -> String {
        read(value)
            .iter()
            .map(|c| {
                let params: Vec<String> =
                    c.params.iter().map(|(n, v)| format!("{n}={v}")).collect();
                format!("{}[{}]{}", c.scheme, params.join(";"), if c.broken { "!" } else { "" })
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn several_challenges_stand_in_one_field() {
        assert_eq!(
            shown(
                r#"Negotiate, NTLM, Basic realm="a, b", Bearer realm="x", error="invalid_token""#
            ),
            "Negotiate[] NTLM[] Basic[realm=a, b] Bearer[realm=x;error=invalid_token]"
        );
    }

    #[test]
    fn escapes_in_quoted_strings_are_resolved() {
        assert_eq!(shown(r#"Bearer realm="a \"b\" c""#), r#"Bearer[realm=a "b" c]"#);
    }

    #[test]
    fn token68_is_noted_and_its_text_is_not_kept() {
        assert_eq!(shown("Negotiate oYG2MIGzoAMKAQChCwYJ=="), "Negotiate[token68=present]");
        assert_eq!(
            shown("NTLM TlRMTVNTUAAC, Basic realm=x"),
            "NTLM[token68=present] Basic[realm=x]"
        );
    }

    #[test]
    fn mixed_quotes_of_gateways_are_survived() {
        let value = r#"Bearer realm="null",error='invalid_token",error_description='keymanagement.service.access_token_expired: Access Token expired""#;
        assert_eq!(
            shown(value),
            "Bearer[realm=null;error=invalid_token;error_description=keymanagement.service.access_token_expired: Access Token expired]!"
        );
    }

    #[test]
    fn forgotten_commas_and_quotes_are_survived() {
        assert_eq!(
            shown(
                r#"Bearer scope="" error="invalid_token" error_description="the token has expired""#
            ),
            "Bearer[scope=;error=invalid_token;error_description=the token has expired]"
        );
        assert_eq!(
            shown("Bearer error=invalid_token, error_description=The access token expired"),
            "Bearer[error=invalid_token;error_description=The access token expired]!"
        );
        assert_eq!(shown("Bearer realm=a, "), "Bearer[realm=a]");
    }

    #[test]
    fn inner_quotes_that_nobody_escaped_stay_in_the_value() {
        assert_eq!(
            shown(
                r#"Bearer error="invalid_token", error_description="expected "api" but got "web"", scope="a""#
            ),
            r#"Bearer[error=invalid_token;error_description=expected "api" but got "web";scope=a]"#
        );
    }

    #[test]
    fn digest_parameters_are_read() {
        let all =
            read(r#"Digest realm="r", qop="auth,auth-int", nonce="n", stale=true, algorithm=MD5"#);
        let stale = all.first().and_then(|c| c.param("stale"));
        assert_eq!((all.len(), stale), (1, Some("true")));
    }

    #[test]
    fn parameters_without_a_scheme_are_a_broken_challenge() {
        assert_eq!(shown(r#"error="invalid_token""#), "[error=invalid_token]!");
    }
}
