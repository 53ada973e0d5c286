//! Takes URLs apart leniently, templates paths, finds out where a redirect leads.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::token;

use super::mask::{LEAST_RUN, is_open_name, mask_url};
use super::words::Words;

/// Letters that a secret has at least, where only its shape tells.
const LEAST_SECRET: usize = 20;

/// The parts of a URL as they stand; every part may be empty.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Url<'u> {
    pub(super) scheme: &'u str,
    pub(super) userinfo: &'u str,
    /// Host and port as written.
    pub(super) authority: &'u str,
    /// Path with its leading slash.
    pub(super) path: &'u str,
    pub(super) query: &'u str,
    pub(super) fragment: &'u str,
}

impl<'u> Url<'u> {
    /// Splits an absolute URL, or a path and query.
    pub(super) fn split(text: &'u str) -> Self {
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (text, query) = text.split_once('?').unwrap_or((text, ""));
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if !scheme.contains('/') => (scheme, Some(rest)),
            _ => ("", text.strip_prefix("//")),
        };
        let Some(rest) = rest else {
            return Self { path: text, query, fragment, ..Self::default() };
        };
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let (userinfo, authority) = authority.rsplit_once('@').unwrap_or(("", authority));
        Self { scheme, userinfo, authority, path, query, fragment }
    }

    /// Returns host and port in lower case, default ports left out; `None` when there is no host.
    pub(super) fn host(&self) -> Option<Cow<'u, str>> {
        if self.authority.is_empty() {
            return None;
        }
        let port = match self.scheme {
            s if s.eq_ignore_ascii_case("https") || s.eq_ignore_ascii_case("wss") => ":443",
            s if s.eq_ignore_ascii_case("http") || s.eq_ignore_ascii_case("ws") => ":80",
            _ => "\0",
        };
        let host = self.authority.strip_suffix(port).unwrap_or(self.authority);
        let host = host.trim_end_matches('.');
        Some(if host.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(host.to_ascii_lowercase())
        } else {
            Cow::Borrowed(host)
        })
    }

    /// Returns name and value of each query parameter, still encoded.
    pub(super) fn params(&self) -> impl Iterator<Item = (&'u str, &'u str)> + use<'u> {
        params(self.query)
    }
}

/// Splits `a=1&b=2` (or `;`), still encoded.
pub(super) fn params(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('&').filter(|p| !p.is_empty()).map(|p| p.split_once('=').unwrap_or((p, "")))
}

/// Resolves percent-encoding and `+` of a query or form value.
pub(super) fn decode_param(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return Cow::Owned(token::percent_decode(&spaced).into_owned());
    }
    token::percent_decode(text)
}

/// Templates a path: ids, numbers, dates, addresses and random names as `{id}`, secrets as `***`, at most
/// 200 bytes.
///
/// Path parameters (`;jsessionid=...`) are left out: they name a session, not a place.
pub fn template(path: &str) -> Cow<'_, str> {
    let path = path.split(';').next().unwrap_or(path);
    if path.is_empty() {
        return Cow::Borrowed("/");
    }
    if path.len() <= 200 && path.split('/').all(|segment| stand_in(segment).is_none()) {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len());
    for (at, segment) in path.split('/').enumerate() {
        if at > 0 {
            out.push('/');
        }
        match stand_in(segment) {
            Some(parts) => out.extend(parts),
            None => out.push_str(segment),
        }
        if out.len() > 200 {
            let cut = (0..=200).rev().find(|at| out.is_char_boundary(*at)).unwrap_or(0);
            out.truncate(cut);
            out.push('…');
            break;
        }
    }
    Cow::Owned(out)
}

/// Longest target that is told by its [`open_shape`].
const LONGEST_SHAPE: usize = 160;

/// Longest number in a query that stands for others: a shorter value than six bytes is never masked.
const LONGEST_NUMBER: usize = 5;

/// Appends a request target to `out`, every segment of its path that is a number as `0`, and every value
/// of its query that is a short one; returns `false` where masking could touch more than a value by its
/// name: path parameters, long runs, codes.
///
/// What a path is for, and its endpoint, are the same for all paths of one shape: no word that tells
/// anything holds a number as a segment of its own. One pass, as it is made of every line of a log.
pub fn open_shape(bytes: &[u8], out: &mut Vec<u8>) -> bool {
    if !bytes.starts_with(b"/") || bytes.starts_with(b"//") || bytes.len() > LONGEST_SHAPE {
        return false;
    }
    let (mut part, mut start, mut run, mut seen) = (Part::Path, 0, 0, 0);
    for (at, b) in bytes.iter().enumerate() {
        let class = CLASSES.get(usize::from(*b)).copied().unwrap_or(MARK);
        seen |= class;
        if class < BREAK {
            continue;
        }
        // A run goes on behind an equals sign, but for that which begins a value.
        if *b == b'=' && part != Part::Name {
            seen |= LETTER;
            continue;
        }
        if at - run >= LEAST_RUN {
            return false;
        }
        run = at + 1;
        if class == BREAK {
            continue;
        }
        let next = match (b, part) {
            (b'/', Part::Path) => Part::Path,
            (b'?', Part::Path) | (b'&', Part::Name | Part::Value) => Part::Name,
            (b'=', Part::Name) => Part::Value,
            (b'/', _) | (b'&', Part::Path) => {
                seen |= LETTER;
                continue;
            }
            _ => return false,
        };
        add_piece(out, bytes.get(start..at).unwrap_or_default(), seen == MARK, part);
        out.push(*b);
        (part, start, seen) = (next, at + 1, 0);
    }
    add_piece(out, bytes.get(start..).unwrap_or_default(), seen == 0, part);
    bytes.len() - run < LEAST_RUN
}

/// Returns the length of the number that is the last segment of a target, and that any other as long as
/// those which an [`open_shape`] leaves out may stand for if the target has no query; 0 for none.
#[inline]
pub fn number_behind(target: &[u8]) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let long = || target.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let number = target.last_chunk().map_or_else(long, |end: &[u8; 8]| {
        // The top bit of each byte that is no digit.
        let values = u64::from_le_bytes(*end) ^ (EACH * 0x30);
        let others = (values & (EACH * 0x7F)).wrapping_add(EACH * 0x76) | values;
        let short = (others & (EACH * 0x80)).leading_zeros() as usize / 8;
        if short < 8 { short } else { long() }
    });
    let lead = target.len() - number;
    let is_segment = lead.checked_sub(1).and_then(|last| target.get(last)) == Some(&b'/');
    let fits = (1..LEAST_RUN).contains(&number) && lead + LEAST_RUN <= LONGEST_SHAPE;
    if is_segment && fits { number } else { 0 }
}

/// Letters of runs that are no digits, which are 0.
const LETTER: u8 = 1;
/// What ends a run.
const BREAK: u8 = 2;
/// What may end a piece, or closes a target to a quick look.
const MARK: u8 = 4;

static CLASSES: [u8; 256] = {
    let mut classes = [BREAK; 256];
    let mut at = 0;
    while at < 128 {
        classes[at as usize] = match at {
            b'0'..=b'9' => 0,
            b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'+' => LETTER,
            b'/' | b'?' | b'&' | b'=' | b'#' | b'@' | b'%' | b';' | b'|' => MARK,
            _ => BREAK,
        };
        at += 1;
    }
    classes
};

/// What a number in a request target may be.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Part {
    /// A segment of the path.
    Path,
    /// The name of a parameter.
    Name,
    /// Its value.
    Value,
}

/// Appends what stands between two marks; `0` for a number.
fn add_piece(out: &mut Vec<u8>, piece: &[u8], is_number: bool, part: Part) {
    let longest = match part {
        Part::Path => LEAST_RUN,
        Part::Name => 0,
        Part::Value => LONGEST_NUMBER,
    };
    if is_number && (1..=longest).contains(&piece.len()) {
        out.push(b'0');
    } else {
        out.extend_from_slice(piece);
    }
}

/// Returns whether all targets of one [`open_shape`] are shown as they are, as `shown` is, and carry
/// nothing that depends on a number: no value is of a secret's name.
pub fn is_told_by_shape(shown: &str, shape: &[u8]) -> bool {
    let mut own = Vec::new();
    let query = shown.split_once('?').map_or("", |(_, query)| query);
    open_shape(shown.as_bytes(), &mut own)
        && own == shape
        && params(query).all(|(name, _)| is_open_name(name))
}

/// Appends the [`open_shape`] of a target that ends in a name of any length, with `*` for the name; returns `false`
/// where the folder has no such shape, and for other targets.
pub(super) fn folder_shape(target: &str, out: &mut Vec<u8>) -> bool {
    let Some((_, name)) = target.rsplit_once('/') else { return false };
    let (folder, _) = target.split_at(target.len() - name.len());
    let class = |b: u8| CLASSES.get(usize::from(b)).copied().unwrap_or(MARK);
    let fits = !name.is_empty() && name.bytes().all(|b| class(b) != MARK);
    let is_open = fits && open_shape(folder.as_bytes(), out);
    out.push(b'*');
    is_open
}

/// Returns whether the folder of all targets of one [`folder_shape`] is shown as it is, as that of `shown` is.
pub(super) fn is_told_by_folder(shown: &str, shape: &[u8]) -> bool {
    let mut own = Vec::new();
    folder_shape(shown, &mut own) && own == shape
}

/// Returns what stands for a segment that is no fixed part of a path, between what stays of it: a name
/// before a key in brackets (`Orders(42)`, as `OData` writes it), an extension behind.
fn stand_in(segment: &str) -> Option<[&str; 3]> {
    let bytes = segment.as_bytes();
    // Most segments are short words or numbers.
    if segment.len() < 12 && !bytes.iter().any(u8::is_ascii_digit) {
        return None;
    }
    if bytes.iter().all(u8::is_ascii_digit) {
        return Some(["", "{id}", ""]);
    }
    if token::is_jwt_shaped(segment) || token::vendor_of(segment).is_some() {
        return Some(["", "***", ""]);
    }
    if token::is_email(&token::percent_decode(segment)) || segment.parse::<IpAddr>().is_ok() {
        return Some(["", "{id}", ""]);
    }
    if let Some((open, key)) = segment.strip_suffix(')').and_then(|s| s.split_once('(')) {
        let of_key = |part: &str| part.bytes().all(|b| b.is_ascii_graphic() && b != b'(');
        let (name, _) = segment.split_at(open.len() + 1);
        return (!open.is_empty() && !key.is_empty() && of_key(key)).then_some([name, "{id}", ")"]);
    }
    let (stem, ext) = match segment.rfind('.') {
        Some(dot) if dot > 0 && is_extension(segment.get(dot..).unwrap_or_default()) => {
            segment.split_at(dot)
        }
        _ => (segment, ""),
    };
    let all = |test: fn(&u8) -> bool| !stem.is_empty() && stem.as_bytes().iter().all(test);
    let number = all(|b| b.is_ascii_digit() || matches!(b, b'-' | b',' | b':'))
        && stem.bytes().any(|b| b.is_ascii_digit());
    // `2026-01-01T10:00:00Z`, also with its colons encoded.
    let date = all(|b| b.is_ascii_digit() || b"-:.+%TZAt".contains(b))
        && stem
            .get(..5)
            .is_some_and(|y| y.ends_with('-') && y.bytes().take(4).all(|b| b.is_ascii_digit()));
    let digits = stem.bytes().filter(u8::is_ascii_digit).count();
    let hex = stem.len() >= 8 && digits >= 2 && all(u8::is_ascii_hexdigit);
    // `ORD-12345`, `inv_000017`.
    let numbered = digits >= 4
        && digits * 2 >= stem.len()
        && all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let long = stem.len() >= 16
        && all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'+' | b'=' | b'~' | b'%')
        })
        && (token::is_random(stem) || stem.len() > 64);
    let id = number || date || hex || numbered || long || ends_in_uuid(stem);
    if id {
        return Some(["", "{id}", ext]);
    }
    // A token behind other letters, as in `/confirm-eyJ...`: what the URL does not show, no path does.
    let hides = segment.len() >= LEAST_SECRET && mask_url(segment) != segment;
    hides.then_some(["", "***", ""])
}

/// `.json`, and not the `.0` of a version.
fn is_extension(text: &str) -> bool {
    text.len() <= 6 && text.as_bytes().get(1).is_some_and(u8::is_ascii_alphabetic)
}

fn ends_in_uuid(text: &str) -> bool {
    text.len() >= 36 && text.get(text.len() - 36..).is_some_and(token::is_uuid)
}

/// Resolves a `Location` against the URL that answered (RFC 3986, section 5, as far as it matters).
pub(super) fn resolve(base: &Url<'_>, location: &str) -> String {
    let target = Url::split(location);
    if !target.authority.is_empty() && !target.scheme.is_empty() {
        return location.to_owned();
    }
    let origin = format!("{}://{}", base.scheme, base.authority);
    if !target.authority.is_empty() {
        return format!("{}:{location}", base.scheme);
    }
    let origin = if base.authority.is_empty() { String::new() } else { origin };
    if location.starts_with('/') {
        return format!("{origin}{location}");
    }
    if location.starts_with('?') || location.starts_with('#') || location.is_empty() {
        return format!("{origin}{}{location}", base.path);
    }
    let folder = base.path.rfind('/').and_then(|at| base.path.get(..=at)).unwrap_or("/");
    format!("{origin}{folder}{location}")
}

/// Returns whether a redirect's target looks like a login page or an authorization endpoint.
pub(super) fn is_login_target(url: &Url<'_>) -> bool {
    let host = url.authority.to_ascii_lowercase();
    Words::of(url.path).login_page()
        || ["login.", "signin.", "sso.", "accounts.google."].iter().any(|w| host.starts_with(w))
        || url.params().any(|(name, _)| matches!(name, "response_type" | "SAMLRequest"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::mask::url_could_hold;
    use super::*;

    #[test]
    fn ids_in_a_path_are_templated_and_words_stay() {
        let templated = [
            ("/orders/42", "/orders/{id}"),
            ("/v1/users/3f1c2d4e-5b6a-4789-90ab-cdef01234567/roles", "/v1/users/{id}/roles"),
            ("/api/v2/items/507f1f77bcf86cd799439011", "/api/v2/items/{id}"),
            ("/oauth2/token", "/oauth2/token"),
            ("/api/v2.0/orders/ORD-12345", "/api/v2.0/orders/{id}"),
            ("/api/3.0/x", "/api/3.0/x"),
            ("/reports/2026-01-01.csv", "/reports/{id}.csv"),
            ("/well-known-configuration-endpoint/x", "/well-known-configuration-endpoint/x"),
            ("/users/alice@example.com", "/users/{id}"),
            ("/users/alice%40example.com", "/users/{id}"),
            ("/hosts/192.0.2.7/state", "/hosts/{id}/state"),
            ("/npm/react/18.2.0", "/npm/react/18.2.0"),
            ("/days/2026-01-01T10:00:00Z", "/days/{id}"),
            ("/days/2026-01-01T10%3A00%3A00.5Z.json", "/days/{id}.json"),
            ("/odata/Orders(42)/Lines('a-1')", "/odata/Orders({id})/Lines({id})"),
            ("/odata/GetTotals()", "/odata/GetTotals()"),
            ("/files/0190f3c2a7b4/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/files/{id}/{id}"),
            ("/app;jsessionid=0123456789ABCDEF", "/app"),
            ("", "/"),
            ("/", "/"),
        ];
        for (path, wanted) in templated {
            assert_eq!(template(path), wanted);
        }
    }

    #[test]
    fn paths_of_one_shape_have_one_endpoint() {
        for digits in 1..16 {
            for digit in '0'..='9' {
                let number: String = std::iter::repeat_n(digit, digits).collect();
                let path = format!("/v1/orders/{number}/items");
                let told = shape(&path).unwrap();
                assert_eq!(
                    (&*told, &*template(&path)),
                    ("/v1/orders/0/items", "/v1/orders/{id}/items")
                );
                assert_eq!(Words::of(&path), Words::of(&told));
            }
        }
        for closed in
            ["/a?b=c%20d", "//a.example/x", "a", "*", "/a;b", "/a%20b", "/abcdefghijklmnop"]
        {
            assert_eq!(shape(closed), None, "{closed}");
        }
    }

    fn shape(path: &str) -> Option<String> {
        let mut told = b"before".to_vec();
        let open = open_shape(path.as_bytes(), &mut told);
        open.then(|| String::from_utf8(told.split_off(6)).unwrap())
    }

    proptest! {
        #[test]
        fn a_number_behind_stands_for_any_other(
            lead in "(/[a-z.=@;?]{0,9}|/[0-9]{1,3}|/v[0-9]|/ORD-[0-9]{1,4}|/[a-z0-9]{14,17}){0,4}/?",
            numbers in prop::array::uniform2("[0-9]{0,17}"),
        ) {
            let [one, other] = numbers.each_ref().map(|number| format!("{lead}{number}"));
            let lengths = [&one, &other].map(|target| number_behind(target.as_bytes()));
            for (target, length) in [&one, &other].into_iter().zip(lengths) {
                let (path, number) = target.split_at(target.len() - length);
                prop_assert!(length == 0 || path.ends_with('/'), "{}", target);
                prop_assert!(number.bytes().all(|b| b.is_ascii_digit()), "{}", target);
            }
            let leads = [(&one, lengths[0]), (&other, lengths[1])].map(|(target, length)| &target[..target.len() - length]);
            if !lengths.contains(&0) && leads[0] == leads[1] && !lead.contains('?') {
                prop_assert_eq!(shape(&one), shape(&other));
            }
        }
    }

    #[test]
    fn a_target_is_told_by_its_shape_up_to_its_longest() {
        let of = |length: usize| "/ab".repeat(length)[..length].to_owned();
        assert_eq!(shape(&of(LONGEST_SHAPE)), Some(of(LONGEST_SHAPE)));
        assert_eq!(shape(&of(LONGEST_SHAPE + 1)), None);
        // A number behind stands for one of fifteen digits, which has to fit, too.
        let behind = |lead: usize| {
            let lead = format!("{}/", of(lead - 1));
            (
                number_behind(format!("{lead}7").as_bytes()),
                shape(&format!("{lead}{}", "7".repeat(15))),
            )
        };
        let longest = LONGEST_SHAPE - LEAST_RUN;
        assert!(matches!(behind(longest), (1, Some(_))));
        assert_eq!(behind(longest + 1).0, 0);
    }

    #[test]
    fn numbers_behind_are_short_segments() {
        let table = [
            ("/v1/orders/17", 2),
            ("/v1/orders/123456789012345", 15),
            ("/v1/orders/1234567890123456", 0),
            ("/17", 2),
            ("/v1/orders/", 0),
            ("/v12", 0),
            ("/a-12345678", 0),
            ("17", 0),
            ("", 0),
        ];
        for (target, length) in table {
            assert_eq!(number_behind(target.as_bytes()), length, "{target}");
        }
    }

    #[test]
    fn short_numbers_in_a_query_stand_for_each_other() {
        let table = [
            ("/a/7?page=12&sort=name", Some("/a/0?page=0&sort=name")),
            ("/a?page=1&size=&x", Some("/a?page=0&size=&x")),
            ("/a?12345", Some("/a?12345")),
            ("/a?t=123456&v=1.5", Some("/a?t=123456&v=1.5")),
            ("/a?next=/b/17", Some("/a?next=/b/17")),
            ("/a?x=1=2", Some("/a?x=1=2")),
            ("/a?x=1?2", None),
            ("/a?q=a%20b", None),
            ("/a?q=abcdefghijklmnop", None),
        ];
        for (target, told) in table {
            assert_eq!(shape(target).as_deref(), told, "{target}");
        }
        let told = |target: &str| is_told_by_shape(target, shape(target).unwrap().as_bytes());
        assert!(told("/a?page=12&sort=name&filter[size]=3"));
        assert!(!told("/a?pin=1234"));
        assert!(!told("/a?user[password]=1"));
        assert!(!is_told_by_shape("/a?pin=***", b"/a?pin=0"));
    }

    proptest! {
        #[test]
        fn a_shape_is_told_of_what_no_masking_touches_segment_by_segment(
            path in "(/|//)?([a-z0-9]{0,3}[/.~]?|[0-9]{1,17}|[-_+=A-Z]{1,9}|/[0-9]{1,3}|[#@%;|:é]){0,9}"
        ) {
            let open = path.starts_with('/')
                && !path.starts_with("//")
                && path.len() <= LONGEST_SHAPE
                && !url_could_hold(&path);
            let is_number = |s: &&str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
            let segments = path.split('/').map(|s| if is_number(&s) { "0" } else { s });
            prop_assert_eq!(shape(&path), open.then(|| segments.collect::<Vec<_>>().join("/")));
        }

        #[test]
        fn targets_of_one_shape_are_shown_as_they_are_with_any_numbers(
            target in "/[a-z]{0,3}(/[0-9]{1,3})?[?][a-z]{0,4}=[0-9a-z./+]{0,7}(&[a-z.\\[\\]]{0,9}=[0-9]{0,7}){0,3}",
            digits in "[0-9]{5}", id in "[0-9]{1,15}"
        ) {
            if let Some(told) = shape(&target).filter(|told| is_told_by_shape(&mask_url(&target), told.as_bytes())) {
                let (path, query) = told.split_once('?').unwrap();
                let (path, query) = (path.replace("/0", &format!("/{id}")), query.replace("=0", &format!("={digits}")));
                let other = format!("{path}?{query}");
                if shape(&other).is_some_and(|same| same == told) {
                    prop_assert_eq!(&*mask_url(&other), other.as_str());
                }
                prop_assert_eq!(&*mask_url(&target), target.as_str());
            }
        }
    }

    #[test]
    fn a_token_behind_other_letters_is_no_part_of_a_path() {
        const TOKEN: &str =
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.Zk3qW8vT1yB6nLr0cXa9uPs5dEh7gJm2oKf4iQwRzYt";
        for before in ["a", "confirm-", "x.y_"] {
            assert_eq!(template(&format!("/v1/{before}{TOKEN}")), "/v1/***");
        }
    }

    #[test]
    fn a_host_loses_its_case_and_its_default_port() {
        let host = |url: &'static str| Url::split(url).host().map(Cow::into_owned);
        assert_eq!(host("https://API.example:443/x").as_deref(), Some("api.example"));
        assert_eq!(host("http://api.example:8080/x").as_deref(), Some("api.example:8080"));
        assert_eq!(host("https://u:p@api.example").as_deref(), Some("api.example"));
        assert_eq!(host("/orders?next=https://evil.example/"), None);
    }

    #[test]
    fn a_location_is_resolved_against_the_url() {
        let base = Url::split("https://api.example/a/b?x=1");
        assert_eq!(resolve(&base, "/login"), "https://api.example/login");
        assert_eq!(resolve(&base, "c"), "https://api.example/a/c");
        assert_eq!(resolve(&base, "//cdn.example/c"), "https://cdn.example/c");
        assert_eq!(resolve(&base, "http://o.example/"), "http://o.example/");
        assert_eq!(resolve(&base, "?y=2"), "https://api.example/a/b?y=2");
    }
}
