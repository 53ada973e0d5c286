//! Signs that an answer of success speaks of auth: one search over its raw bytes, before it is parsed.

use std::sync::LazyLock;

use aho_corasick::packed::Searcher;
use aho_corasick::{AhoCorasick, Span};

/// Numbers that count as signs; a longer number or a piece of a hexadecimal one is another.
const NUMBERS: [&str; 2] = ["401", "403"];

/// Words that count as signs, in lower case.
const WORDS: &[&str] = &[
    "error",
    "fault",
    "fail",
    "unauth",
    "expired",
    "invalid",
    "forbidden",
    "denied",
    "token",
    "jwt",
    "login",
    "log in",
    "sign in",
    "session",
    "credential",
    "permission",
    "signature",
    "authoriz",
    "authentic",
    "rate limit",
    "rate_limit",
    "ratelimit",
    "too many",
    "throttl",
    "quota exceeded",
    "quota_exceeded",
    "频繁",
    "限流",
    "登录",
    "登陆",
    "过期",
    "失效",
    "令牌",
    "权限",
    "认证",
    "鉴权",
    "签名",
    "授权",
    "\\u8fc7\\u671f",
    "\\u767b\\u5f55",
    "\\u767b\\u9646",
    "\\u6743\\u9650",
    "\\u5931\\u6548",
    "\\u8ba4\\u8bc1",
    "認証",
    "トークン",
];

/// What looks for the signs: in vectors where the processor has them, else a byte at a time.
enum Search {
    Vectors(Searcher),
    Bytes(Option<AhoCorasick>),
}

static SEARCH: LazyLock<Search> = LazyLock::new(|| {
    let signs = || NUMBERS.iter().chain(WORDS);
    match Searcher::new(signs()) {
        Some(searcher) => Search::Vectors(searcher),
        None => Search::Bytes(AhoCorasick::new(signs()).ok()),
    }
});

/// Bytes that are searched at once: their copy in lower case stays at hand, and of a body in which a sign stands
/// early not all is copied.
const PIECE: usize = if cfg!(test) { 64 } else { 2 << 10 };

/// Bytes that the longest sign takes; pieces share one less, so that each sign stands in one of them.
const LONGEST: usize = 14;

/// Returns whether a sign stands in the raw bytes of a body, in letters of any case.
pub(super) fn occur(raw: &[u8]) -> bool {
    let mut lower = [0; PIECE];
    let mut start = 0;
    loop {
        let end = raw.len().min(start + PIECE);
        // Both searches know one case only; a copy in lower case is made in vectors, too.
        let piece = raw.get(start..end).unwrap_or_default();
        let copy = lower.get_mut(..piece.len()).unwrap_or_default();
        copy.copy_from_slice(piece);
        copy.make_ascii_lowercase();
        if occur_in(copy, start, raw) {
            return true;
        }
        if end == raw.len() {
            return false;
        }
        // The last piece is no shorter than the others: what is short is searched a byte at a time.
        start = (end - (LONGEST - 1)).min(raw.len() - PIECE);
    }
}

/// Returns whether a sign stands in a piece of a body, given in lower case; it starts at `start`.
fn occur_in(lower: &[u8], start: usize, raw: &[u8]) -> bool {
    let mut span = Span { start: 0, end: lower.len() };
    loop {
        let hit = match &*SEARCH {
            Search::Vectors(searcher) => searcher.find_in(lower, span),
            Search::Bytes(Some(search)) => search.find(aho_corasick::Input::new(lower).span(span)),
            Search::Bytes(None) => return true,
        };
        match hit {
            None => return false,
            Some(hit)
                if hit.pattern().as_usize() < NUMBERS.len()
                    && is_inside(raw, start + hit.start(), start + hit.end()) =>
            {
                span.start = hit.start() + 1;
            }
            Some(_) => return true,
        }
    }
}

/// Returns whether digits are the end of a longer number or the middle of a hexadecimal one in lower case.
fn is_inside(bytes: &[u8], start: usize, end: usize) -> bool {
    let hex = |byte: Option<&u8>| byte.is_some_and(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    before.is_some_and(u8::is_ascii_digit) || (hex(before) && hex(bytes.get(end)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sign_is_found_in_any_case_and_at_any_place() {
        for sign in NUMBERS.iter().chain(WORDS) {
            for before in [0, 1, 7, 70] {
                let text = format!("{}{}", "-".repeat(before), sign.to_ascii_uppercase());
                assert!(occur(text.as_bytes()), "{text}");
                assert!(occur(format!("{sign} {}", "-".repeat(before)).as_bytes()), "{sign}");
            }
        }
        assert!(!occur(br#"{"id":1,"name":"a pleasant day"}"#));
        assert!(!occur(b""));
    }

    #[test]
    fn no_sign_is_too_long_for_what_pieces_share() {
        let longest = NUMBERS.iter().chain(WORDS).max_by_key(|sign| sign.len()).unwrap();
        assert_eq!(longest.len(), LONGEST);
        for before in 0..2 * PIECE {
            let text = ["-".repeat(before), "-".repeat(2 * PIECE)].join(longest);
            assert!(occur(text.as_bytes()), "{before}");
        }
    }

    proptest! {
        #[test]
        fn a_sign_is_found_wherever_pieces_begin(
            before in "[0-9a-z -]{0,150}",
            sign in prop::sample::select(NUMBERS.iter().chain(WORDS).copied().collect::<Vec<_>>()),
            behind in "[0-9A-Z -]{0,150}",
        ) {
            for text in [format!("{before}{sign}{behind}"), format!("{before}{behind}"), before] {
                let lower = text.to_ascii_lowercase();
                prop_assert_eq!(occur(text.as_bytes()), occur_in(lower.as_bytes(), 0, text.as_bytes()));
            }
        }
    }

    #[test]
    fn a_number_inside_another_is_no_sign() {
        for text in ["1401", "{\"n\":99403}", "a3f40173", "b403e", "2401, 7403", "0x3403f"] {
            assert!(!occur(text.as_bytes()), "{text}");
        }
        for text in [
            "401",
            "E401",
            "\"code401\"",
            "40101",
            "E4013",
            "-403",
            "_401_",
            "http403",
            "1401 or 403",
        ] {
            assert!(occur(text.as_bytes()), "{text}");
        }
    }
}
