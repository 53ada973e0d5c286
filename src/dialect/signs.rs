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

/// Returns whether a sign stands in the raw bytes of a body, in letters of any case.
pub(super) fn occur(raw: &[u8]) -> bool {
    // Both searches know one case only; a copy in lower case is made in vectors, too.
    let bytes = raw.to_ascii_lowercase();
    let mut span = Span { start: 0, end: bytes.len() };
    loop {
        let hit = match &*SEARCH {
            Search::Vectors(searcher) => searcher.find_in(&bytes, span),
            Search::Bytes(Some(search)) => search.find(aho_corasick::Input::new(&bytes).span(span)),
            Search::Bytes(None) => return true,
        };
        match hit {
            None => return false,
            Some(hit)
                if hit.pattern().as_usize() < NUMBERS.len()
                    && is_inside(raw, hit.start(), hit.end()) =>
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
