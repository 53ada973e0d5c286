//! Names of body members: which hold codes, which messages, which never say why.

use std::collections::HashMap;
use std::sync::OnceLock;

use foldhash::fast::FixedState;

/// Keys that hold codes, the more telling first.
pub(super) const CODES: &[&str] = &[
    "code",
    "error_code",
    "errorcode",
    "errcode",
    "err_code",
    "error",
    "reason",
    "__type",
    "error_subtype",
    "subcode",
    "sub_code",
    "error_reason",
    "error_type",
    "errortype",
    "errorid",
    "errorkey",
    "error_id",
    "faultcode",
    "rpc_status",
    "internalcode",
    "apicode",
    "errorname",
    "exception",
    "serviceerrorcode",
    "statuscode",
    "status_code",
    "retcode",
    "resultcode",
    "errno",
    "ret",
    "value",
    "failure",
    "auth_error",
    "scimtype",
    "i18n",
    "messagekey",
    "infocode",
];
/// Keys whose codes are coarser.
pub(super) const COARSE: &[&str] =
    &["type", "status", "name", "key", "kind", "classname", "category", "id"];
/// Keys that hold messages.
pub(super) const MESSAGES: &[&str] = &[
    "message",
    "msg",
    "detail",
    "details",
    "error_description",
    "errordescription",
    "description",
    "error_message",
    "errormessage",
    "error_msg",
    "errormsg",
    "errmsg",
    "err_msg",
    "errdesc",
    "faultstring",
    "errorsummary",
    "developermessage",
    "usermessage",
    "developer_message",
    "user_message",
    "hint",
    "text",
    "cause",
    "desc",
    "info",
    "statusmessage",
    "status_message",
    "statustext",
    "localizedmessage",
    "displaymessage",
    "error_detail",
    "errordetail",
    "error_details",
    "errordetails",
    "exceptionmessage",
    "message_detail",
    "messagedetail",
    "note",
    "summary",
    "non_field_errors",
    "retmsg",
    "ret_msg",
    "resultmsg",
    "respmsg",
    "tip",
    "error_user_msg",
    "err",
    "failure_reason",
    "faultdetail",
    "reasontext",
    "statement",
    "errors",
];
/// Keys whose texts never say why.
pub(super) const SILENT: &[&str] = &[
    "path",
    "url",
    "uri",
    "instance",
    "timestamp",
    "time",
    "date",
    "requestid",
    "request_id",
    "traceid",
    "trace_id",
    "trace",
    "stack",
    "stacktrace",
    "host",
    "hostid",
    "hostname",
    "locale",
    "lang",
    "version",
    "documentation_url",
    "documentation",
    "docs",
    "docs_url",
    "doc_url",
    "help",
    "link",
    "href",
    "errorlink",
    "error_uri",
    "moreinfo",
    "more_info",
    "recommend",
    "resource",
    "bucketname",
    "key_id",
    "awsaccesskeyid",
    "correlation_id",
    "correlationid",
    "@type",
    "domain",
    "schemas",
    "method",
    "nonce",
    "extra",
    "faultactor",
    "canonicalrequest",
    "stringtosign",
    "signatureprovided",
    "canonicalrequestbytes",
    "stringtosignbytes",
    "locations",
    "user",
    "username",
    "email",
    "client_id",
    "consumer",
    "service",
    "endpoint",
    "apiversion",
    "errorlogid",
    "stringtosignb64",
    "suberror_uri",
    "see",
];

/// Keys under which a request is echoed: their texts are what was sent and say why only where the
/// status is one of auth.
const ECHOES: &[&str] = &[
    "input",
    "inputs",
    "query",
    "q",
    "search",
    "keyword",
    "keywords",
    "term",
    "filter",
    "filters",
    "where",
    "context",
    "params",
    "parameters",
    "args",
    "arguments",
    "variables",
    "payload",
    "request",
    "requestbody",
    "request_body",
    "received",
    "given",
    "provided",
    "rejectedvalue",
    "rejected_value",
    "attemptedvalue",
    "attempted_value",
    "rawvalue",
    "actual",
    "original",
    "sent",
    "echo",
];

/// Returns whether what stands under a key is an echo of the request.
///
/// `value` is one unless it belongs to a code, as in SOAP 1.2 (`Code.Subcode.Value`).
pub(super) fn is_echo(key: &str, parent: &str) -> bool {
    ECHOES.contains(&key)
        || (key == "value" && !matches!(parent, "code" | "subcode" | "fault" | "reason"))
}

/// Returns the rank of a key, `None` for keys that never say why.
pub(super) fn rank_of(key: &str) -> Option<u8> {
    static RANKS: OnceLock<HashMap<&str, Option<u8>, FixedState>> = OnceLock::new();
    let ranks = RANKS.get_or_init(|| {
        let known = [SILENT, CODES, COARSE, MESSAGES, &["title"]].into_iter().flatten();
        known.map(|key| (*key, rank_by_lists(key))).collect()
    });
    ranks.get(key).copied().unwrap_or(Some(4))
}

fn rank_by_lists(key: &str) -> Option<u8> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_rank_of_the_first_list_that_it_stands_in() {
        let all = [SILENT, CODES, COARSE, MESSAGES, ECHOES, &["title", "", "Code", "x"]];
        for key in all.into_iter().flatten() {
            assert_eq!(rank_of(key), rank_by_lists(key), "{key}");
        }
        assert_eq!((rank_of("value"), rank_of("trace_id"), rank_of("x")), (Some(0), None, Some(4)));
    }
}
