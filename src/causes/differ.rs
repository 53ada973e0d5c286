//! How two names of the same thing differ: what a reader overlooks when both are printed.

/// Says in which one way `sent` differs from a known value; `None` when it differs in more.
pub(super) fn only_way<'k>(sent: &str, known: &'k str) -> Option<(&'static str, &'k str)> {
    if sent == known {
        return None;
    }
    let way = if slashless(sent) == slashless(known) {
        "a trailing slash"
    } else if sent.trim() == known.trim() {
        "a blank"
    } else if sent.eq_ignore_ascii_case(known) {
        "letter case"
    } else {
        let ((a, a_rest), (b, b_rest)) = (parts(sent), parts(known));
        let same_rest = slashless(a_rest).eq_ignore_ascii_case(slashless(b_rest));
        if same_rest && a.is_some() && b.is_some() {
            "the URL scheme"
        } else if same_rest {
            "the URL scheme, which one of them lacks"
        } else if bare_host(a_rest) == bare_host(b_rest) {
            "a default port or `www.`"
        } else {
            return None;
        }
    };
    Some((way, known))
}

/// Finds the known value that differs in one way only.
pub(super) fn nearest<'k>(
    sent: &str,
    mut known: impl Iterator<Item = &'k str>,
) -> Option<(&'static str, &'k str)> {
    known.find_map(|value| only_way(sent, value))
}

fn slashless(text: &str) -> &str {
    text.trim_end_matches('/')
}

/// Splits the scheme of a URL off.
fn parts(url: &str) -> (Option<&str>, &str) {
    url.split_once("://").map_or((None, url), |(scheme, rest)| (Some(scheme), rest))
}

/// Returns what stands after the scheme, without `www.` and default ports.
fn bare_host(rest: &str) -> String {
    let rest = slashless(rest);
    let (host, path) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path));
    let host = host.trim_start_matches("www.");
    let host = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(host);
    format!("{}/{path}", host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(sent: &str, known: &str) -> Option<&'static str> {
        only_way(sent, known).map(|(way, _)| way)
    }

    #[test]
    fn each_way_is_named_and_two_different_things_are_not_near() {
        let known = "https://api.example/v1";
        assert_eq!(way(known, known), None);
        assert_eq!(way("https://api.example/v1/", known), Some("a trailing slash"));
        assert_eq!(way("https://API.example/v1", known), Some("letter case"));
        assert_eq!(way("http://api.example/v1", known), Some("the URL scheme"));
        assert_eq!(way("api.example/v1", known), Some("the URL scheme, which one of them lacks"));
        assert_eq!(way("https://www.api.example:443/v1", known), Some("a default port or `www.`"));
        assert_eq!(way("https://api.example/v2", known), None);
        assert_eq!(way("https://api2.example/v1", known), None);
        assert_eq!(way("orders", "order"), None);
    }
}
