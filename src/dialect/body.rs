//! Finds the words of an error in a body, in whatever notation it is.
//!
//! In an answer of status 400 and above every text may hold the reason. In a 2xx answer only the
//! structure of an error counts: a list of log entries that speaks of expired tokens is data.

use std::borrow::Cow;

use base64::Engine as _;

use crate::model::{Exchange, Text};

use super::fields::grpc_status;
use super::glance;
use super::keys::{is_echo, rank_of};
use super::markup;
use super::signs;
use super::structure::{is_region, of_login as errors_of_login, structural};
use super::tree::{self, Node};
use super::words::{floor, is_word};

/// Bytes of a body that are read; a 2xx body beyond this is data.
pub(super) const LONGEST: usize = 64 * 1024;
/// Bytes of a member of a 2xx body that is no error region; what is longer is data.
pub(super) const LONGEST_DATA: usize = 4 * 1024;
/// Texts of one body that are kept.
const MOST: usize = 48;
/// Levels that are searched for texts.
const DEEPEST: usize = 6;

/// A text that may say why, and where it stands.
#[derive(Clone, Debug, Hash)]
pub(super) struct Clue {
    /// Place as in [`crate::model::Statement::place`].
    pub(super) place: String,
    /// Last name of the place, lower case.
    pub(super) key: String,
    /// The text.
    pub(super) text: String,
    /// Codes first, then messages, then the rest: 0 to 4, and [`ECHO`].
    pub(super) rank: u8,
}

/// Rank of a text that may be an echo of the request.
pub(super) const ECHO: u8 = 5;

/// What a body holds.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Texts in the order of the body.
    pub(super) clues: Vec<Clue>,
    /// An HTML page with a login form.
    pub(super) login_page: bool,
    /// An HTML page, of which most texts are ornament.
    pub(super) page: bool,
}

/// Reads the body of an answer that is an error by its status.
pub(super) fn of_error(exchange: &Exchange<'_>) -> Reading {
    let Some(text) = text_of(exchange) else { return Reading::default() };
    let mut reading = Reading::default();
    match notation(&text, &media_type(exchange)) {
        Notation::Tree(node) => {
            gather(&node, &mut Path::default(), false, &mut reading.clues);
        }
        Notation::Html => {
            let page = markup::html(&text);
            reading.login_page = page.login;
            reading.page = true;
            add_texts(page, &mut reading.clues);
        }
        Notation::Plain => {
            let line = text.trim().get(..floor(text.trim(), 600)).unwrap_or_default().to_owned();
            push(&mut reading.clues, "body".to_owned(), "", line, 2);
        }
    }
    reading
}

/// Reads the body of an answer that is a success by its status: only what is an error by structure.
pub(super) fn of_success(exchange: &Exchange<'_>) -> Reading {
    if !worth_a_look(exchange) || is_data_at_a_glance(exchange) {
        return Reading::default();
    }
    shown_by_structure(exchange)
}

/// Returns whether a body that is not encoded is data, by its raw bytes.
pub(super) fn is_data_at_a_glance(exchange: &Exchange<'_>) -> bool {
    let body = &exchange.response_body;
    matches!(body.text, Text::Escaped(raw) if !body.base64 && glance::is_data(raw))
}

/// Reads a body of success as a tree.
fn shown_by_structure(exchange: &Exchange<'_>) -> Reading {
    let mut reading = Reading::default();
    let Some(text) = text_of(exchange) else { return reading };
    if let Some(node) = tree::json_within(&text, LONGEST_DATA, is_region) {
        structural(&node, &mut reading.clues);
    } else if let Notation::Tree(node) = notation(&text, &media_type(exchange)) {
        structural(&node, &mut reading.clues);
    }
    reading
}

/// Reads the JSON that answers a login: what it calls errors.
pub(super) fn of_login_data(exchange: &Exchange<'_>) -> Reading {
    let mut reading = Reading::default();
    let raw = exchange.response_body.text.raw();
    if raw.len() <= LONGEST
        && media_type(exchange).contains("json")
        && let Some(node) = text_of(exchange).and_then(|text| tree::json(&text))
    {
        errors_of_login(&node, &mut reading.clues);
    }
    reading
}

/// Adds the texts of a page but those of its controls and of its frame.
fn add_texts(page: markup::Page, clues: &mut Vec<Clue>) {
    for (name, text) in page.errors {
        let rank = if is_word(&text) { 0 } else { 2 };
        push(clues, format!("body.error.{name}"), "error", text, rank);
    }
    for (element, text) in page.texts {
        if matches!(element.as_str(), "a" | "li" | "nav" | "button" | "label" | "option" | "footer")
        {
            continue;
        }
        push(clues, format!("body.{element}"), &element, text, 4);
    }
}

/// Reads the HTML page that answers a login; `login_page` where it asks for the password again.
pub(super) fn of_login(exchange: &Exchange<'_>) -> Option<Reading> {
    let size = exchange.response_body.text.raw().len();
    if size == 0 || size > 4 * LONGEST || !media_type(exchange).contains("html") {
        return None;
    }
    let page = markup::html(&text_of(exchange)?);
    let mut reading = Reading { login_page: page.passwords == 1, page: true, ..Reading::default() };
    add_texts(page, &mut reading.clues);
    Some(reading)
}

/// Returns the title of a short HTML page that has one and little else: at most four more texts.
pub(super) fn title_alone(exchange: &Exchange<'_>) -> Option<String> {
    let raw = exchange.response_body.text.raw();
    if raw.is_empty() || raw.len() > LONGEST_DATA || !media_type(exchange).contains("html") {
        return None;
    }
    let page = markup::html(&text_of(exchange)?);
    let (first, rest) = page.texts.split_first()?;
    (first.0 == "title" && rest.len() <= 4).then(|| first.1.clone())
}

/// Returns whether an HTML body is a login page.
pub(super) fn is_login_page(exchange: &Exchange<'_>) -> bool {
    let raw = exchange.response_body.text.raw();
    if raw.is_empty() || raw.len() > 4 * LONGEST || !media_type(exchange).contains("html") {
        return false;
    }
    let hints = ["password", "SAMLRequest", "wresult"];
    hints.iter().any(|hint| memchr::memmem::find(raw, hint.as_bytes()).is_some())
        && text_of(exchange).is_some_and(|text| markup::html(&text).login)
}

/// Decides by size, type and one search over the raw bytes whether a 2xx body is to be parsed.
fn worth_a_look(exchange: &Exchange<'_>) -> bool {
    let body = &exchange.response_body;
    let raw = body.text.raw();
    if raw.is_empty() || !may_show_errors(&media_type(exchange), raw.len()) {
        return false;
    }
    if body.base64 {
        return true;
    }
    // A list is data; an error in 2xx is an object, a form or an element.
    let first = raw.iter().copied().find(|b| !b.is_ascii_whitespace());
    if first == Some(b'[') {
        return false;
    }
    signs::occur(raw)
}

/// Returns whether an error may stand in a 2xx body of a type and of so many bytes.
fn may_show_errors(media: &str, size: usize) -> bool {
    let data = media.is_empty()
        || ["json", "xml", "urlencoded", "text/plain", "javascript"]
            .iter()
            .any(|m| media.contains(m));
    data && size <= LONGEST && (size <= 4096 || !media.contains("javascript"))
}

/// Returns whether a 2xx body is of a type, or so long, that nobody looks for an error or a page in it.
pub(super) fn is_passed_over(exchange: &Exchange<'_>) -> bool {
    let media = media_type(exchange);
    let size = exchange.response_body.text.raw().len();
    !may_show_errors(&media, size) && !media.contains("html") && grpc_status(exchange).is_none()
}

/// Returns whether a body is a page by its type.
pub(super) fn is_page(exchange: &Exchange<'_>) -> bool {
    let media = written_type(exchange).as_bytes();
    media.windows(4).any(|part| part.eq_ignore_ascii_case(b"html"))
}

/// Returns the media type in lower case, parameters left out.
pub(super) fn media_type(exchange: &Exchange<'_>) -> String {
    written_type(exchange).to_ascii_lowercase()
}

/// Returns the media type as it is written, parameters left out.
fn written_type<'x>(exchange: &'x Exchange<'_>) -> &'x str {
    let written = exchange
        .response_body
        .mime
        .as_deref()
        .filter(|m| !m.is_empty() && !m.eq_ignore_ascii_case("x-unknown"))
        .or_else(|| exchange.response_header("content-type"))
        .unwrap_or_default();
    written.split(';').next().unwrap_or_default().trim()
}

/// Returns the first 64 KiB of the text, decoded; `None` when there is none.
fn text_of<'x>(exchange: &'x Exchange<'_>) -> Option<Cow<'x, str>> {
    let body = &exchange.response_body;
    let mut text = body.text.read();
    if body.base64 {
        let compact: Vec<u8> =
            text.bytes().filter(|b| !b.is_ascii_whitespace()).take(LONGEST * 4 / 3).collect();
        let whole = compact.get(..compact.len() / 4 * 4).unwrap_or_default();
        let bytes = base64::engine::general_purpose::STANDARD.decode(whole).ok()?;
        text = String::from_utf8_lossy(&bytes).into_owned().into();
    }
    let cut = floor(&text, LONGEST);
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..cut).unwrap_or_default()),
        Cow::Owned(mut text) => {
            text.truncate(cut);
            Cow::Owned(text)
        }
    };
    (!text.trim().is_empty()).then_some(text)
}

enum Notation {
    Tree(Node),
    Html,
    Plain,
}

/// Tells the notation by content; the media type decides only between form and plain text.
fn notation(text: &str, media: &str) -> Notation {
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if start.starts_with('<') {
        let head = start.get(..floor(start, 400)).unwrap_or_default().to_ascii_lowercase();
        let html = [
            "<!doctype html",
            "<html",
            "<body",
            "<head",
            "<title",
            "<h1",
            "<p>",
            "<div",
            "<center",
        ]
        .iter()
        .any(|tag| head.contains(tag));
        return if html { Notation::Html } else { Notation::Tree(markup::xml(start)) };
    }
    if let Some(node) = tree::json(text) {
        return Notation::Tree(node);
    }
    if (media.contains("urlencoded") || start.starts_with("error=") || start.contains("&error="))
        && let Some(node) = tree::form(text)
    {
        return Notation::Tree(node);
    }
    if let Some(quoted) = start.trim_end().strip_prefix('"').and_then(|s| s.strip_suffix('"')) {
        return Notation::Tree(Node::Text(quoted.to_owned()));
    }
    Notation::Plain
}

/// The way to a value: `body.errors[].extensions.code`.
#[derive(Clone, Debug, Default)]
pub(super) struct Path {
    text: String,
    last: String,
    depth: usize,
    echo: bool,
}

impl Path {
    pub(super) fn member(&self, name: &str) -> Self {
        let name = name.char_indices().nth(60).map_or(name, |(end, _)| name.split_at(end).0);
        let last = name.to_ascii_lowercase();
        Self {
            text: format!("{}.{name}", self.text),
            echo: self.echo || is_echo(&last, &self.last),
            last,
            depth: self.depth + 1,
        }
    }

    pub(super) fn item(&self) -> Self {
        let mut text = self.text.clone();
        if !text.ends_with("[]") {
            text.push_str("[]");
        }
        Self { text, last: self.last.clone(), depth: self.depth + 1, echo: self.echo }
    }
}

fn push(into: &mut Vec<Clue>, place: String, key: &str, text: String, rank: u8) {
    if into.len() < MOST && !text.trim().is_empty() {
        into.push(Clue { place, key: key.to_owned(), text, rank });
    }
}

/// Collects the texts below `node`; `known` restricts them to keys that are known to say why.
pub(super) fn gather(node: &Node, path: &mut Path, known: bool, into: &mut Vec<Clue>) {
    if path.depth > DEEPEST || into.len() >= MOST {
        return;
    }
    match node {
        Node::Map(members) => {
            if let Some(text) = located(node) {
                push(into, format!("body{}.loc", path.text), "loc", text, 2);
                return;
            }
            for (name, value) in members {
                if !value.is_empty() {
                    gather(value, &mut path.member(name), known, into);
                }
            }
        }
        Node::List(items) => {
            for item in items.iter().take(12) {
                gather(item, &mut path.item(), known, into);
            }
        }
        Node::Text(text) | Node::Number(text) => {
            let key = path.last.as_str();
            let Some(rank) = rank_of(key) else { return };
            let rank = if path.echo { ECHO } else { rank };
            let number = matches!(node, Node::Number(_));
            if (known && rank > 3 && (key != "data" || rank == ECHO)) || (number && rank > 1) {
                return;
            }
            let text = match text.contains("://") {
                // problem+json: the last segment of the type names the problem.
                true if key == "type" => text
                    .trim_end_matches('/')
                    .rsplit(['/', '#', ':'])
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                true if !text.contains(' ') => return,
                _ => text.clone(),
            };
            push(into, format!("body{}", path.text), key, text, rank);
        }
        Node::Null | Node::Bool(_) => {}
    }
}

/// Reads a validator's note about a field of the request: `loc: [header, authorization]` and what is
/// wrong with it, as one sentence; `None` where the place is none of a credential.
fn located(node: &Node) -> Option<String> {
    let Some(Node::List(loc)) = node.get("loc") else { return None };
    let [place, .., name] = loc.as_slice() else { return None };
    let (place, name) = (place.text()?, name.text()?);
    let fault = node.get("msg").and_then(Node::text)?;
    let place = match place {
        "header" | "cookie" => place,
        "query" => "query parameter",
        _ => return None,
    };
    Some(format!("{} {place}, {fault}", name.replace(['-', '_'], " ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Body, Text};

    fn clues(status: u16, body: &'static str) -> Vec<String> {
        let exchange = Exchange {
            status: Some(status),
            response_body: Body { text: Text::Plain(body.into()), ..Body::default() },
            ..Exchange::default()
        };
        let reading = if status < 300 { of_success(&exchange) } else { of_error(&exchange) };
        reading.clues.into_iter().map(|c| format!("{}={}", c.place, c.text)).collect()
    }

    #[test]
    fn texts_of_an_error_have_their_place() {
        assert_eq!(
            clues(401, r#"{"errors":[{"message":"no","extensions":{"code":"X"}}],"path":"/a"}"#),
            ["body.errors[].message=no", "body.errors[].extensions.code=X"]
        );
        assert_eq!(clues(401, "plain words"), ["body=plain words"]);
        assert_eq!(
            clues(401, "<Error><Code>AccessDenied</Code></Error>"),
            ["body.Error.Code=AccessDenied"]
        );
    }

    #[test]
    fn an_error_in_a_success_is_found_by_structure_alone() {
        for body in [
            r#"{"ok":false,"error":"token_expired"}"#,
            r#"{"code":401,"msg":"token expired"}"#,
            r#"{"Response":{"Error":{"Code":"AuthFailure","Message":"m"},"RequestId":"1"}}"#,
            r#"{"data":null,"errors":[{"message":"Unauthorized"}]}"#,
            r#"<rsp stat="fail"><err code="98" msg="Invalid auth token"/></rsp>"#,
        ] {
            assert!(!clues(200, body).is_empty(), "{body}");
        }
        for body in [
            r#"{"data":[{"error":"unauthorized"}]}"#,
            r#"{"messages":{"token_expired":"Your session has expired"}}"#,
            r#"{"id":7,"name":"job","status":"failed","error":"unauthorized"}"#,
            r#"{"success":true,"error":"token expired"}"#,
            r#"[{"error":"token_expired"}]"#,
            r#"{"errors":[{"timestamp":"2026","message":"token expired"}]}"#,
        ] {
            assert!(clues(200, body).is_empty(), "{body}");
        }
    }
}
