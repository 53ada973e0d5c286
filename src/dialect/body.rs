//! Finds the words of an error in a body, in whatever notation it is.
//!
//! In an answer of status 400 and above every text may hold the reason. In a 2xx answer only the
//! structure of an error counts: a list of log entries that speaks of expired tokens is data.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use base64::Engine as _;

use crate::model::Exchange;

use super::markup;
use super::tree::{self, Node};
use super::words::floor;

/// Bytes of a body that are read; a 2xx body beyond this is data.
pub(super) const LONGEST: usize = 64 * 1024;
/// Texts of one body that are kept.
const MOST: usize = 48;
/// Levels that are searched for texts.
const DEEPEST: usize = 6;

/// A text that may say why, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Clue {
    /// Place as in [`crate::model::Statement::place`].
    pub(super) place: String,
    /// Last name of the place, lower case.
    pub(super) key: String,
    /// The text.
    pub(super) text: String,
    /// Codes first, then messages, then the rest: 0 to 5.
    pub(super) rank: u8,
}

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
        Notation::Tree(node) => gather(&node, &mut Path::default(), false, &mut reading.clues),
        Notation::Html => {
            let page = markup::html(&text);
            reading.login_page = page.login;
            reading.page = true;
            for (element, text) in page.texts {
                if matches!(element.as_str(), "a" | "li" | "nav" | "button" | "label" | "option" | "footer") {
                    continue;
                }
                push(&mut reading.clues, format!("body.{element}"), &element, text, 4);
            }
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
    let mut reading = Reading::default();
    if !worth_a_look(exchange) {
        return reading;
    }
    let Some(text) = text_of(exchange) else { return reading };
    if let Notation::Tree(node) = notation(&text, &media_type(exchange)) {
        structural(&node, &mut reading.clues);
    }
    reading
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
    static SIGNS: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let body = &exchange.response_body;
    let raw = body.text.raw();
    if raw.is_empty() || raw.len() > LONGEST {
        return false;
    }
    let media = media_type(exchange);
    let data = media.is_empty()
        || ["json", "xml", "urlencoded", "text/plain", "javascript"].iter().any(|m| media.contains(m));
    if !data || (media.contains("javascript") && raw.len() > 4096) {
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
    let signs = SIGNS.get_or_init(|| {
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build([
                "error", "fault", "fail", "unauth", "expired", "invalid", "forbidden", "denied", "401", "403",
                "token", "jwt", "login", "log in", "sign in", "session", "credential", "permission", "signature",
                "authoriz", "authentic", "登录", "登陆", "过期", "失效", "令牌", "权限", "认证", "鉴权", "签名", "授权",
                "\\u8fc7\\u671f", "\\u767b\\u5f55", "\\u767b\\u9646", "\\u6743\\u9650", "\\u5931\\u6548", "\\u8ba4\\u8bc1",
                "認証", "トークン",
            ])
            .ok()
    });
    signs.as_ref().is_none_or(|signs| signs.is_match(raw))
}

/// Returns the media type in lower case, parameters left out.
pub(super) fn media_type(exchange: &Exchange<'_>) -> String {
    let written = exchange
        .response_body
        .mime
        .as_deref()
        .filter(|m| !m.is_empty() && !m.eq_ignore_ascii_case("x-unknown"))
        .or_else(|| exchange.response_header("content-type"))
        .unwrap_or_default();
    written.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Returns the first 64 KiB of the text, decoded; `None` when there is none.
fn text_of(exchange: &Exchange<'_>) -> Option<String> {
    let body = &exchange.response_body;
    let mut text = body.text.read();
    if body.base64 {
        let compact: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).take(LONGEST * 4 / 3).collect();
        let whole = compact.get(..compact.len() / 4 * 4).unwrap_or_default();
        let bytes = base64::engine::general_purpose::STANDARD.decode(whole).ok()?;
        text = String::from_utf8_lossy(&bytes).into_owned().into();
    }
    let cut = floor(&text, LONGEST);
    let text = text.get(..cut).unwrap_or_default();
    (!text.trim().is_empty()).then(|| text.to_owned())
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
        let html = ["<!doctype html", "<html", "<body", "<head", "<title", "<h1", "<p>", "<div", "<center"]
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

/// Keys that hold codes, the more telling first.
const CODES: &[&str] = &[
    "code", "error_code", "errorcode", "errcode", "err_code", "error", "reason", "__type", "error_subtype",
    "subcode", "sub_code", "error_reason", "error_type", "errortype", "errorid", "errorkey", "error_id", "faultcode", "rpc_status", "internalcode",
    "apicode", "errorname", "exception", "serviceerrorcode", "statuscode", "status_code", "retcode", "resultcode", "errno", "ret", "value", "failure", "auth_error", "scimtype", "i18n", "messagekey",
];
/// Keys whose codes are coarser.
const COARSE: &[&str] = &["type", "status", "name", "key", "kind", "classname", "category", "id"];
/// Keys that hold messages.
const MESSAGES: &[&str] = &[
    "message", "msg", "detail", "details", "error_description", "errordescription", "description", "error_message",
    "errormessage", "error_msg", "errormsg", "errmsg", "err_msg", "errdesc", "faultstring", "errorsummary", "developermessage", "usermessage",
    "developer_message", "user_message", "hint", "text", "cause", "desc", "info", "statusmessage", "status_message", "statustext", "localizedmessage",
    "displaymessage", "error_detail", "errordetail", "error_details", "errordetails", "exceptionmessage", "message_detail", "messagedetail", "note", "summary", "non_field_errors", "retmsg", "ret_msg", "resultmsg", "respmsg", "tip", "error_user_msg", "err", "failure_reason", "faultdetail", "reasontext", "statement", "errors",
];
/// Keys whose texts never say why.
const SILENT: &[&str] = &[
    "path", "url", "uri", "instance", "timestamp", "time", "date", "requestid", "request_id", "traceid", "trace_id",
    "trace", "stack", "stacktrace", "host", "hostid", "hostname", "locale", "lang", "version", "documentation_url",
    "documentation", "docs", "docs_url", "doc_url", "help", "link", "href", "errorlink", "error_uri", "moreinfo", "more_info", "recommend",
    "resource", "bucketname", "key_id", "awsaccesskeyid", "correlation_id", "correlationid", "@type", "domain", "schemas", "method", "nonce", "extra", "faultactor", "canonicalrequest", "stringtosign", "signatureprovided", "canonicalrequestbytes", "stringtosignbytes", "locations", "user", "username", "email", "client_id", "consumer", "service", "endpoint", "apiversion", "errorlogid", "stringtosignb64", "suberror_uri", "see",
];

/// Returns the rank of a key, `None` for keys that never say why.
fn rank_of(key: &str) -> Option<u8> {
    if SILENT.contains(&key) {
        return None;
    }
    Some(if CODES.contains(&key) {
        0
    } else if COARSE.contains(&key) {
        1
    } else if MESSAGES.contains(&key) {
        2
    } else if key == "title" {
        3
    } else {
        4
    })
}

/// The way to a value: `body.errors[].extensions.code`.
#[derive(Clone, Debug, Default)]
struct Path {
    text: String,
    last: String,
    depth: usize,
}

impl Path {
    fn member(&self, name: &str) -> Self {
        let name: String = name.chars().take(60).collect();
        Self {
            text: format!("{}.{name}", self.text),
            last: name.to_ascii_lowercase(),
            depth: self.depth + 1,
        }
    }

    fn item(&self) -> Self {
        let mut text = self.text.clone();
        if !text.ends_with("[]") {
            text.push_str("[]");
        }
        Self { text, last: self.last.clone(), depth: self.depth + 1 }
    }
}

fn push(into: &mut Vec<Clue>, place: String, key: &str, text: String, rank: u8) {
    if into.len() < MOST && !text.trim().is_empty() {
        into.push(Clue { place, key: key.to_owned(), text, rank });
    }
}

/// Collects the texts below `node`; `known` restricts them to keys that are known to say why.
fn gather(node: &Node, path: &mut Path, known: bool, into: &mut Vec<Clue>) {
    if path.depth > DEEPEST || into.len() >= MOST {
        return;
    }
    match node {
        Node::Map(members) => {
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
            let number = matches!(node, Node::Number(_));
            if (known && rank > 3) || (number && rank > 1) {
                return;
            }
            let text = match text.contains("://") {
                // problem+json: the last segment of the type names the problem.
                true if key == "type" => {
                    text.trim_end_matches('/').rsplit(['/', '#', ':']).next().unwrap_or_default().to_owned()
                }
                true if !text.contains(' ') => return,
                _ => text.clone(),
            };
            push(into, format!("body{}", path.text), key, text, rank);
        }
        Node::Null | Node::Bool(_) => {}
    }
}

/// Collects the texts of an error that the structure of a 2xx body shows.
fn structural(node: &Node, into: &mut Vec<Clue>) {
    let Node::Map(members) = node else { return };
    let root = Path::default();
    // XML: one root element; SOAP: Envelope, Body, Fault.
    for (name, value) in members {
        let body = value.get("Body");
        if name.eq_ignore_ascii_case("envelope")
            && let Some(fault) = body.and_then(|b| b.get("Fault"))
        {
            gather(fault, &mut root.member(name).member("Body").member("Fault"), false, into);
            return;
        }
        if ["rsp", "response", "result", "reply", "api", "data", "responsestatus"].contains(&name.to_ascii_lowercase().as_str())
            && members.len() == 1
        {
            let mut inner = Vec::new();
            structural(value, &mut inner);
            for mut clue in inner {
                clue.place = format!("body.{name}{}", clue.place.strip_prefix("body").unwrap_or_default());
                into.push(clue);
            }
            return;
        }
    }
    if says_success(node) {
        return;
    }
    let failing = says_failure(node) || node.get("meta").is_some_and(says_failure);
    let strangers = members.iter().filter(|(n, v)| !v.is_empty() && !is_envelope(n)).count();
    let record = ["id", "_id", "uuid", "created_at", "createdat", "updated_at"]
        .iter()
        .any(|name| node.get(name).is_some_and(|v| !v.is_empty()))
        && node.get("jsonrpc").is_none();
    let stated = node.get("success").or_else(|| node.get("ok")).is_some();
    if (record && (strangers > 0 || !stated)) || (failing && !stated && strangers > 2) || (!failing && strangers > 0) {
        return;
    }
    let before = into.len();
    for (name, value) in members {
        let lower = name.to_ascii_lowercase();
        let region = matches!(
            lower.as_str(),
            "error" | "errors" | "err" | "fault" | "exception" | "errorresponse" | "error_info" | "errorinfo" | "base_resp" | "baseresp" | "failure"
        );
        if region && !value.is_empty() {
            error_region(value, &root.member(name), into);
        } else if matches!(value, Node::Map(_)) && may_wrap(&lower, failing) {
            match value.get("Error") {
                Some(error) => error_region(error, &root.member(name).member("Error"), into),
                None if failing => error_region(value, &root.member(name), into),
                None => {}
            }
        }
    }
    if failing || into.len() > before {
        for (name, value) in members {
            let lower = name.to_ascii_lowercase();
            let told = CODES.contains(&lower.as_str()) || MESSAGES.contains(&lower.as_str()) || lower == "status" || lower == "type" || lower == "title";
            if told && !matches!(lower.as_str(), "error" | "errors" | "err") && matches!(value, Node::Text(_) | Node::Number(_)) {
                gather(value, &mut root.member(name), true, into);
            }
        }
    }
}

/// Returns whether a member may hold the error object: `Response.Error`, `meta.code`.
fn may_wrap(name: &str, failing: bool) -> bool {
    name == "response"
        || (failing && matches!(name, "meta" | "result" | "data" | "header" | "status"))
}

/// Collects from an error object or a list of them; a list of records with dates is data.
fn error_region(value: &Node, path: &Path, into: &mut Vec<Clue>) {
    match value {
        Node::List(items) => {
            for item in items.iter().take(8) {
                let dated = ["timestamp", "created_at", "createdat", "time", "date", "level", "user", "userid", "count", "occurred_at", "lastseen", "hostname"]
                    .iter()
                    .any(|name| item.get(name).is_some());
                if !dated {
                    error_region(item, &path.item(), into);
                }
            }
        }
        _ => gather(value, &mut path.clone(), true, into),
    }
}

/// Returns whether a top-level name belongs to the envelope of an error.
fn is_envelope(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with("err")
        || CODES.contains(&lower.as_str())
        || MESSAGES.contains(&lower.as_str())
        || SILENT.contains(&lower.as_str())
        || matches!(
            lower.as_str(),
            "success" | "ok" | "status" | "data" | "result" | "title" | "type" | "extensions" | "meta" | "jsonrpc" | "id"
                | "fault" | "response" | "messages" | "name" | "classname" | "base_resp" | "stat" | "succeeded" | "issuccess"
                | "rid" | "logid" | "log_id" | "servertime" | "server_time" | "cost" | "needed" | "provided" | "warning" | "links" | "request" | "exectime" | "sign" | "total" | "rows"
        )
}

/// Returns whether the envelope says that all is well.
fn says_success(node: &Node) -> bool {
    let truthy = |name: &str| matches!(node.get(name), Some(Node::Bool(true)));
    let word = |name: &str| {
        node.get(name).and_then(Node::text).is_some_and(|t| {
            matches!(t.to_ascii_lowercase().as_str(), "ok" | "success" | "succeeded" | "successful" | "true" | "completed")
        })
    };
    let code = |name: &str| {
        node.get(name).and_then(Node::text).is_some_and(|t| matches!(t, "0" | "200" | "201" | "00000" | "0000" | "000000" | "SUCCESS" | "OK"))
    };
    truthy("success")
        || truthy("ok")
        || truthy("issuccess")
        || word("status")
        || word("stat")
        || code("code")
        || code("errcode")
        || code("errno")
        || code("status")
        || code("ret")
}

/// Returns whether the envelope says that the call failed.
fn says_failure(node: &Node) -> bool {
    let falsy = |name: &str| {
        matches!(node.get(name), Some(Node::Bool(false)))
            || node.get(name).and_then(Node::text).is_some_and(|t| matches!(t, "false" | "0" | "False"))
    };
    if ["success", "ok", "issuccess", "succeeded", "successful"].iter().any(|n| falsy(n)) {
        return true;
    }
    let word = ["status", "result", "stat", "type", "state", "outcome"].iter().any(|n| {
        node.get(n).and_then(Node::text).is_some_and(|t| {
            matches!(
                t.to_ascii_lowercase().as_str(),
                "error" | "fail" | "failed" | "failure" | "ko" | "nok" | "unauthorized" | "unauthenticated" | "denied" | "forbidden"
            )
        })
    });
    let message = MESSAGES.iter().any(|n| node.get(n).is_some_and(|v| !v.is_empty())) || node.get("error").is_some();
    let code = ["code", "errcode", "errno", "err_code", "error_code", "errorcode", "ret", "retcode", "statuscode", "status_code", "resultcode", "status"]
        .iter()
        .any(|n| node.get(n).and_then(Node::text).is_some_and(|t| is_failure_code(t, n)));
    word || (code && message)
}

fn is_failure_code(text: &str, name: &str) -> bool {
    if let Ok(number) = text.parse::<i64>() {
        return match name {
            "status" | "statuscode" | "status_code" => (400..600).contains(&number),
            _ => number != 0 && !(200..300).contains(&number),
        };
    }
    name != "status" && !text.is_empty() && text.len() <= 60 && !text.contains(' ')
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
        assert_eq!(clues(401, "<Error><Code>AccessDenied</Code></Error>"), ["body.Error.Code=AccessDenied"]);
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
