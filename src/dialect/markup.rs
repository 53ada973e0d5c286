//! XML as a tree, HTML as its first texts; one forgiving tag scanner for both.

use super::tree::Node;

/// Texts of a page that are kept: the reason stands near the top.
const MOST_TEXTS: usize = 12;

/// What an HTML page shows.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Element name and text, in order: `title`, `h1`, `p`.
    pub(super) texts: Vec<(String, String)>,
    /// Whether it holds a password field or posts SAML or a sign-in form.
    pub(super) login: bool,
    /// Errors that scripts hold as data: name of the member and its text.
    pub(super) errors: Vec<(String, String)>,
    /// How many password fields it holds: one to log in, several to choose a new password.
    pub(super) passwords: usize,
}

/// One step of the scanner.
enum Piece<'t> {
    Open { name: &'t str, attributes: &'t str, closed: bool },
    Close(&'t str),
    Text(&'t str),
}

/// Splits markup into tags and texts; comments, declarations and instructions are dropped.
struct Pieces<'t> {
    rest: &'t str,
}

impl<'t> Iterator for Pieces<'t> {
    type Item = Piece<'t>;

    fn next(&mut self) -> Option<Piece<'t>> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let Some(tail) = self.rest.strip_prefix('<') else {
                let end = self.rest.find('<').unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at(end);
                self.rest = rest;
                return Some(Piece::Text(text));
            };
            if let Some(data) = tail.strip_prefix("![CDATA[") {
                let end = data.find("]]>").unwrap_or(data.len());
                self.rest = data.get(end + 3..).unwrap_or_default();
                return data.get(..end).map(Piece::Text);
            }
            if let Some(comment) = tail.strip_prefix("!--") {
                let end = comment.find("-->").map_or(comment.len(), |i| i + 3);
                self.rest = comment.get(end..).unwrap_or_default();
                continue;
            }
            let end = tail.find('>').unwrap_or(tail.len());
            let inside = tail.get(..end).unwrap_or_default();
            self.rest = tail.get(end + 1..).unwrap_or_default();
            if inside.starts_with(['!', '?']) {
                continue;
            }
            if let Some(name) = inside.strip_prefix('/') {
                return Some(Piece::Close(local(name.trim())));
            }
            let closed = inside.ends_with('/');
            let inside = inside.trim_end_matches('/');
            let split = inside.find(char::is_whitespace).unwrap_or(inside.len());
            let (name, attributes) = inside.split_at(split);
            return Some(Piece::Open { name: local(name), attributes, closed });
        }
    }
}

/// Strips a namespace prefix.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// An element that is still open: name, members, text.
type Element = (String, Vec<(String, Node)>, String);

/// Reads XML as a map with one member, the root; attributes become members, text alone a text.
pub(super) fn xml(text: &str) -> Node {
    let mut stack = vec![Element::default()];
    for piece in (Pieces { rest: text }).take(4_000) {
        match piece {
            Piece::Open { name, attributes, closed } => {
                let members = attributes_of(attributes)
                    .filter(|(n, _)| !n.starts_with("xmlns"))
                    .map(|(n, v)| (local(n).to_owned(), Node::Text(unescape(v))))
                    .collect();
                if stack.len() < 12 {
                    stack.push((name.to_owned(), members, String::new()));
                    if closed {
                        close(&mut stack);
                    }
                }
            }
            Piece::Close(name) => {
                if stack.iter().any(|(n, _, _)| n == name) {
                    while stack.last().is_some_and(|(n, _, _)| n != name) {
                        close(&mut stack);
                    }
                    close(&mut stack);
                }
            }
            Piece::Text(text) => {
                if let Some((_, _, inner)) = stack.last_mut() {
                    inner.push_str(text.trim());
                }
            }
        }
    }
    while stack.len() > 1 {
        close(&mut stack);
    }
    Node::Map(stack.pop().map(|(_, members, _)| members).unwrap_or_default())
}

fn close(stack: &mut Vec<Element>) {
    if stack.len() < 2 {
        return;
    }
    let Some((name, mut members, text)) = stack.pop() else { return };
    let node = if members.is_empty() {
        Node::Text(unescape(&text))
    } else {
        if !text.is_empty() {
            members.push(("text".to_owned(), Node::Text(unescape(&text))));
        }
        Node::Map(members)
    };
    if let Some((_, parent, _)) = stack.last_mut() {
        parent.push((name, node));
    }
}

/// Reads the first texts of an HTML page and whether it is a login page.
pub(super) fn html(text: &str) -> Page {
    let mut page = Page::default();
    let mut silent: Option<String> = None;
    let mut element = String::new();
    for piece in (Pieces { rest: text }).take(3_000) {
        match piece {
            Piece::Open { name, attributes, closed } => {
                let name = name.to_ascii_lowercase();
                page.login |= is_login(&name, attributes);
                page.passwords += usize::from(is_password(&name, attributes));
                if matches!(name.as_str(), "script" | "style" | "noscript" | "svg" | "template") {
                    if !closed && silent.is_none() {
                        silent = Some(name);
                    }
                } else if !matches!(
                    name.as_str(),
                    "br" | "b" | "i" | "em" | "strong" | "span" | "code" | "a" | "hr"
                ) {
                    element = name;
                }
            }
            Piece::Close(name) => {
                if silent.as_deref().is_some_and(|s| name.eq_ignore_ascii_case(s)) {
                    silent = None;
                }
            }
            Piece::Text(text) => {
                let text = text.trim();
                if silent.as_deref() == Some("script") && page.errors.is_empty() {
                    page.errors = script_errors(text);
                }
                if silent.is_none() && !text.is_empty() && page.texts.len() < MOST_TEXTS {
                    let text: String =
                        unescape(text).split_whitespace().collect::<Vec<_>>().join(" ");
                    page.texts.push((element.clone(), text.chars().take(300).collect()));
                }
            }
        }
    }
    page
}

/// Reads the members of an object named `error` in the data of a script, quoted names or not:
/// `error: { message: "invalid_grant", description: "…" }`.
fn script_errors(script: &str) -> Vec<(String, String)> {
    /// Bytes after the name in which the object must end.
    const LONGEST: usize = 600;
    let object = script.match_indices("error").find_map(|(at, name)| {
        let before = script.get(..at)?.chars().next_back();
        let rest = script.get(at + name.len()..)?;
        let rest = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?;
        let whole = before.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let object = rest.trim_start().strip_prefix('{')?;
        let end = object.find('}').filter(|end| *end <= LONGEST)?;
        object.get(..end).filter(|_| whole)
    });
    let Some(mut rest) = object else { return Vec::new() };
    let mut found = Vec::new();
    while let Some((name, after)) = rest.split_once(':') {
        let name = name.trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
        let after = after.trim_start();
        let Some(quote @ ('"' | '\'')) = after.chars().next() else { break };
        let Some((text, tail)) = after.get(1..).and_then(|text| text.split_once(quote)) else {
            break;
        };
        found.push((name.to_ascii_lowercase(), text.to_owned()));
        rest = tail;
    }
    found
}

fn is_password(name: &str, attributes: &str) -> bool {
    name == "input"
        && attributes_of(attributes)
            .any(|(n, v)| n.eq_ignore_ascii_case("type") && v.eq_ignore_ascii_case("password"))
}

fn is_login(name: &str, attributes: &str) -> bool {
    let value = |wanted: &str| {
        attributes_of(attributes).find(|(n, _)| n.eq_ignore_ascii_case(wanted)).map(|(_, v)| v)
    };
    match name {
        "input" => {
            is_password(name, attributes)
                || value("name").is_some_and(|v| matches!(v, "SAMLRequest" | "wresult" | "wctx"))
        }
        "form" => value("action").is_some_and(super::outcome::is_login_target),
        _ => false,
    }
}

/// Yields `name="value"` pairs of a tag.
fn attributes_of(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let equals = rest.find('=')?;
        let name = rest.get(..equals)?.split_whitespace().last().unwrap_or_default();
        let after = rest.get(equals + 1..)?.trim_start();
        let (value, tail) = if let Some(quote @ ('"' | '\'')) = after.chars().next() {
            let inner = after.get(1..)?;
            let end = inner.find(quote).unwrap_or(inner.len());
            (inner.get(..end)?, inner.get(end + 1..).unwrap_or_default())
        } else {
            after.split_at(after.find(char::is_whitespace).unwrap_or(after.len()))
        };
        rest = tail;
        Some((name, value))
    })
}

/// Resolves the entities that error pages use.
fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&quot;", "\"")
        .replace("&#34;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_becomes_a_tree_without_prefixes() {
        let node = xml(
            "<?xml version='1.0'?><s:Fault xmlns:s='u'><faultcode>s:Client</faultcode><x a='1'/></s:Fault>",
        );
        let fault = node.get("Fault").unwrap();
        assert_eq!(fault.get("faultcode").unwrap().text(), Some("s:Client"));
        assert_eq!(fault.get("x").unwrap().get("a").unwrap().text(), Some("1"));
    }

    #[test]
    fn a_password_field_makes_a_login_page() {
        assert!(html("<form action='/x'><input type=password></form>").login);
        assert!(html("<form action='/users/sign_in'><input></form>").login);
        assert!(!html("<form action='/search'><input type='text'></form>").login);
    }

    #[test]
    fn an_error_in_the_data_of_a_script_is_found_and_code_is_none() {
        let errors = |script: &str| html(&format!("<script>{script}</script>")).errors;
        let data = r#"pageData = { realm: "/a", error: { message: "invalid_grant", description: "It is: expired." } };"#;
        let found = errors(data);
        assert_eq!(found.len(), 2);
        assert_eq!(found.first().unwrap(), &("message".to_owned(), "invalid_grant".to_owned()));
        assert_eq!(errors(r#"{"error":{"code":"access_denied"}}"#).len(), 1);
        for code in [
            "console.error({ a: 1 })",
            "function error() { return 'token expired' }",
            "var onerror: { x: 'token expired' }",
            "error: { code: 5 }",
        ] {
            assert!(errors(code).is_empty(), "{code}");
        }
    }

    #[test]
    fn scripts_are_no_texts() {
        let page =
            html("<title>403</title><script>var a='token expired'</script><h1>No &amp; no</h1>");
        let texts: Vec<&str> = page.texts.iter().map(|(_, t)| t.as_str()).collect();
        assert_eq!(texts, ["403", "No & no"]);
    }
}
