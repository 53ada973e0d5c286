//! Tells an error in a 2xx body from data that speaks of errors, by structure alone.

use super::body::{Clue, Path, gather};
use super::keys::{CODES, MESSAGES, SILENT};
use super::tree::Node;

/// Members that make an answer a record, so data, when they hold something.
pub(super) const RECORD_NAMES: [&str; 6] =
    ["id", "_id", "uuid", "created_at", "createdat", "updated_at"];
/// Members that deny success where they are false.
const DENIED: [&str; 5] = ["success", "ok", "issuccess", "succeeded", "successful"];
/// Members that admit failure where they are true.
const ADMITTED: [&str; 4] = ["iserror", "is_error", "haserror", "failed"];
/// Members that may name an outcome.
const OUTCOMES: [&str; 6] = ["status", "result", "stat", "type", "state", "outcome"];
/// Members that may hold the code of one.
const OUTCOME_CODES: [&str; 12] = [
    "code",
    "errcode",
    "errno",
    "err_code",
    "error_code",
    "errorcode",
    "ret",
    "retcode",
    "statuscode",
    "status_code",
    "resultcode",
    "status",
];
/// Member whose code is that of an envelope whose `status` is none.
const INFO_CODE: &str = "infocode";
/// Root elements that stand around an answer.
const ROOTS: [&str; 7] = ["rsp", "response", "result", "reply", "api", "data", "responsestatus"];
/// Members beside an envelope that an error may have.
pub(super) const MOST_STRANGERS: usize = 2;

/// Collects the texts of an error that the structure of a 2xx body shows.
pub(super) fn structural(node: &Node, into: &mut Vec<Clue>) {
    let Node::Map(members) = node else { return };
    let root = Path::default();
    payload_errors(node, into);
    if !into.is_empty() {
        return;
    }
    // XML: one root element; SOAP: Envelope, Body, Fault.
    for (name, value) in members {
        let body = value.get("Body");
        if name.eq_ignore_ascii_case("envelope")
            && let Some(fault) = body.and_then(|b| b.get("Fault"))
        {
            gather(fault, &mut root.member(name).member("Body").member("Fault"), false, into);
            return;
        }
        if members.len() == 1 && is_root(name) {
            let mut inner = Vec::new();
            structural(value, &mut inner);
            for mut clue in inner {
                clue.place =
                    format!("body.{name}{}", clue.place.strip_prefix("body").unwrap_or_default());
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
    let record = RECORD_NAMES
        .iter()
        .any(|name| node.get(name).is_some_and(|v| !v.is_empty()))
        && node.get("jsonrpc").is_none()
        // JSON-RPC 1.0: `result`, `error`, `id`.
        && !(node.get("result").is_some() && node.get("error").is_some());
    let stated = node.get("success").or_else(|| node.get("ok")).is_some();
    if (record && (strangers > 0 || !stated))
        || (failing && !stated && strangers > MOST_STRANGERS)
        || (!failing && strangers > 0)
    {
        return;
    }
    let before = into.len();
    for (name, value) in members {
        let lower = name.to_ascii_lowercase();
        let region = is_region(&lower);
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
            let told = CODES.contains(&lower.as_str())
                || MESSAGES.contains(&lower.as_str())
                || lower == "status"
                || lower == "type"
                || lower == "title";
            if told
                && !matches!(lower.as_str(), "error" | "errors" | "err")
                && matches!(value, Node::Text(_) | Node::Number(_))
            {
                gather(value, &mut root.member(name), true, into);
            }
        }
    }
}

/// Reads what a GraphQL mutation says in its payload: one member of `data` that holds a list of errors and
/// is empty beside it: `{"data":{"tokenCreate":{"token":null,"errors":[...]}}}`.
fn payload_errors(node: &Node, into: &mut Vec<Clue>) {
    let Some(Node::Map(data)) = node.get("data") else { return };
    let [(name, Node::Map(payload))] = data.as_slice() else { return };
    let is_list = |name: &str| name.to_ascii_lowercase().ends_with("errors");
    let rest_is_empty = payload
        .iter()
        .all(|(n, value)| is_list(n) || value.is_empty() || matches!(value, Node::Bool(false)));
    for (list, value) in payload.iter().filter(|(n, _)| rest_is_empty && is_list(n)) {
        if matches!(value, Node::List(_)) {
            error_region(value, &Path::default().member("data").member(name).member(list), into);
        }
    }
}

/// Collects what a JSON answer to a login calls its errors, whatever stands beside them: a form to fill
/// in again; and the message of an envelope that hands out nothing: `{"code":500,"msg":"..."}`.
pub(super) fn of_login(node: &Node, into: &mut Vec<Clue>) {
    let Node::Map(members) = node else { return };
    for (name, value) in members.iter().filter(|(n, v)| is_region(n) && !v.is_empty()) {
        gather(value, &mut Path::default().member(name), false, into);
    }
    let hands_out = |(name, value): &(String, Node)| {
        !value.is_empty() && (!is_envelope(name) || matches!(value, Node::Map(_) | Node::List(_)))
    };
    if says_success(node) || members.iter().any(hands_out) {
        return;
    }
    for (name, value) in members {
        if MESSAGES.contains(&name.to_ascii_lowercase().as_str()) && !is_region(name) {
            gather(value, &mut Path::default().member(name), false, into);
        }
    }
}

/// Returns whether a member that stands alone is the answer itself by its name.
pub(super) fn is_root(name: &str) -> bool {
    ROOTS.contains(&name.to_ascii_lowercase().as_str()) || (names_answer(name) && !is_region(name))
}

/// Returns whether a member of this name may say that the call failed: without any, none does.
pub(super) fn may_say_failure(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    [&DENIED[..], &ADMITTED, &OUTCOMES, &OUTCOME_CODES, &[INFO_CODE, "meta"]]
        .iter()
        .any(|names| names.contains(&lower.as_str()))
}

/// Returns whether a root element is an answer by its name: `ApiResponse`, `GetOrderResult`.
fn names_answer(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.ends_with("response") || lower.ends_with("result") || lower.ends_with("reply")
}

/// Returns whether a top-level member holds errors by its name.
pub(super) fn is_region(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "error"
            | "errors"
            | "err"
            | "fault"
            | "exception"
            | "errorresponse"
            | "error_info"
            | "errorinfo"
            | "base_resp"
            | "baseresp"
            | "failure"
    )
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
                let dated = [
                    "timestamp",
                    "created_at",
                    "createdat",
                    "time",
                    "date",
                    "level",
                    "user",
                    "userid",
                    "count",
                    "occurred_at",
                    "lastseen",
                    "hostname",
                    "document",
                    "filename",
                    "row",
                ]
                .iter()
                .any(|name| item.get(name).is_some());
                if !dated {
                    error_region(item, &path.item(), into);
                }
            }
        }
        // Totals and items: a page of a log.
        Node::Map(_)
            if ["items", "total", "count", "rows"].iter().any(|n| value.get(n).is_some()) => {}
        _ => gather(value, &mut path.clone(), true, into),
    }
}

/// Returns whether a top-level name belongs to the envelope of an error.
pub(super) fn is_envelope(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with("err")
        || CODES.contains(&lower.as_str())
        || MESSAGES.contains(&lower.as_str())
        || SILENT.contains(&lower.as_str())
        || matches!(
            lower.as_str(),
            "success"
                | "ok"
                | "iserror"
                | "is_error"
                | "haserror"
                | "failed"
                | "status"
                | "data"
                | "result"
                | "title"
                | "type"
                | "extensions"
                | "meta"
                | "jsonrpc"
                | "id"
                | "fault"
                | "response"
                | "messages"
                | "name"
                | "classname"
                | "base_resp"
                | "stat"
                | "succeeded"
                | "issuccess"
                | "rid"
                | "logid"
                | "log_id"
                | "servertime"
                | "server_time"
                | "cost"
                | "needed"
                | "provided"
                | "warning"
                | "links"
                | "request"
                | "exectime"
                | "servedby"
                | "sign"
                | "total"
                | "rows"
        )
}

/// Returns the code of an envelope whose `status` is 1 or 0, not a code: `infocode` 10000 is success.
fn info_code(node: &Node) -> Option<&str> {
    node.get(INFO_CODE).and_then(Node::text)
}

/// Returns whether the envelope says that all is well.
fn says_success(node: &Node) -> bool {
    if let Some(code) = info_code(node) {
        return code == "10000";
    }
    let truthy = |name: &str| matches!(node.get(name), Some(Node::Bool(true)));
    let word = |name: &str| {
        node.get(name).and_then(Node::text).is_some_and(|t| {
            matches!(
                t.to_ascii_lowercase().as_str(),
                "ok" | "success" | "succeeded" | "successful" | "true" | "completed"
            )
        })
    };
    let code = |name: &str| {
        node.get(name).and_then(Node::text).is_some_and(|t| {
            matches!(t, "0" | "200" | "201" | "00000" | "0000" | "000000" | "SUCCESS" | "OK")
        })
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
            || node
                .get(name)
                .and_then(Node::text)
                .is_some_and(|t| matches!(t, "false" | "0" | "False"))
    };
    if DENIED.iter().any(|n| falsy(n))
        || ADMITTED.iter().any(|n| matches!(node.get(n), Some(Node::Bool(true))))
    {
        return true;
    }
    if info_code(node).is_some_and(|code| code != "10000") {
        return true;
    }
    let word = OUTCOMES.iter().any(|n| {
        node.get(n).and_then(Node::text).is_some_and(|t| {
            matches!(
                t.to_ascii_lowercase().as_str(),
                "error"
                    | "fail"
                    | "failed"
                    | "failure"
                    | "ko"
                    | "nok"
                    | "unauthorized"
                    | "unauthenticated"
                    | "denied"
                    | "forbidden"
            )
        })
    });
    let message = MESSAGES.iter().any(|n| node.get(n).is_some_and(|v| !v.is_empty()))
        || node.get("error").is_some();
    let code = OUTCOME_CODES
        .iter()
        .any(|n| node.get(n).and_then(Node::text).is_some_and(|t| is_failure_code(t, n)));
    word || (code && message) || names_failure(node)
}

/// Returns whether the status is a name (`REQUEST_DENIED`) and a member for errors holds a text.
fn names_failure(node: &Node) -> bool {
    let name = node.get("status").or_else(|| node.get("stat")).and_then(Node::text);
    let named =
        name.is_some_and(|t| t.len() > 4 && t.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
    let told = ["error_message", "errormessage", "error_msg", "errmsg", "error_description"];
    named && told.iter().any(|n| node.get(n).is_some_and(|v| !v.is_empty()))
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
