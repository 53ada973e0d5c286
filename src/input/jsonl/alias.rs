//! What loggers call the parts of an exchange, folded: lower case without `_`, `-`, `.`, `@`, `:`.
//!
//! A name matches where the end of a member's path, folded and put together, equals it, so
//! `requestmethod` is `request_method`, `requestMethod`, `request.method` and `request: {method}`.
//! Ranks order the names of one part: 0 says what it is by itself, larger ones need luck.

/// A part of an exchange that a log line can hold.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Slot {
    Time,
    Status,
    StatusText,
    Method,
    Url,
    Query,
    Scheme,
    Host,
    RequestLine,
    RequestHeaders,
    ResponseHeaders,
    RequestField,
    ResponseField,
    RequestBody,
    ResponseBody,
    ClientIp,
    UserAgent,
    User,
    Server,
    RequestId,
    TraceId,
    GrpcStatus,
    GrpcService,
    GrpcMethod,
    Stage,
    Reason,
    Message,
}

impl Slot {
    /// Returns the name by which `--map` and the report know the part.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Status => "status",
            Self::StatusText => "status_text",
            Self::Method => "method",
            Self::Url => "path",
            Self::Query => "query",
            Self::Scheme => "scheme",
            Self::Host => "host",
            Self::RequestLine => "request_line",
            Self::RequestHeaders => "request_headers",
            Self::ResponseHeaders => "response_headers",
            Self::RequestField => "request_field",
            Self::ResponseField => "response_field",
            Self::RequestBody => "request_body",
            Self::ResponseBody => "response_body",
            Self::ClientIp => "client_ip",
            Self::UserAgent => "user_agent",
            Self::User => "user",
            Self::Server => "server",
            Self::RequestId => "request_id",
            Self::TraceId => "trace_id",
            Self::GrpcStatus => "grpc_status",
            Self::GrpcService => "grpc_service",
            Self::GrpcMethod => "grpc_method",
            Self::Stage => "stage",
            Self::Reason => "reason",
            Self::Message => "message",
        }
    }

    /// Finds the part that a `--map` name means: the names of [`Slot::name`], their aliases, and
    /// the fields that carry credentials and challenges.
    pub(super) fn named(name: &str) -> Option<Self> {
        let folded = fold(name);
        let own = [
            Self::Time,
            Self::Status,
            Self::StatusText,
            Self::Method,
            Self::Url,
            Self::Query,
            Self::Scheme,
            Self::Host,
            Self::RequestLine,
            Self::RequestHeaders,
            Self::ResponseHeaders,
            Self::RequestBody,
            Self::ResponseBody,
            Self::ClientIp,
            Self::UserAgent,
            Self::User,
            Self::Server,
            Self::RequestId,
            Self::TraceId,
            Self::GrpcStatus,
            Self::Reason,
            Self::Message,
        ];
        let found = own.into_iter().find(|slot| fold(slot.name()) == folded);
        found.or_else(|| alias(&folded).map(|(slot, _)| slot))
    }
}

/// Folds one component of a member's path.
pub(super) fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

/// Returns what a folded name means, and its rank.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn alias(folded: &str) -> Option<(Slot, u8)> {
    let found = match folded {
        "starttime"
        | "startedat"
        | "starteddatetime"
        | "requestreceivedtimestamp"
        | "startutc"
        | "edgestarttimestamp"
        | "requesttimeepoch"
        | "starttimeunixnano"
        | "timeunixnano"
        | "timestampns"
        | "reqtimesec" => (Slot::Time, 0),
        "time" | "timestamp" | "ts" | "timeiso8601" | "timelocal" | "msec" | "datetime"
        | "timegenerated" | "requesttimestamp" | "eventtime" => (Slot::Time, 1),
        "requesttime" | "logtime" | "asctime" | "date" | "syslogtimestamp" | "timestampms" => {
            (Slot::Time, 2)
        }
        "t" | "createdat" | "received" | "receivedat" => (Slot::Time, 3),

        "httpresponsestatuscode"
        | "responsestatuscode"
        | "resstatuscode"
        | "respstatuscode"
        | "responsestatus"
        | "resstatus"
        | "respstatus"
        | "httpstatuscode"
        | "httpstatus"
        | "downstreamstatus"
        | "edgeresponsestatus"
        | "responsecode"
        | "responsecoded"
        | "elbstatuscode"
        | "elbstatus"
        | "scstatus"
        | "httprequeststatus"
        | "responsehttpstatus"
        | "httpresponsestatus" => (Slot::Status, 0),
        "statuscode" | "httpcode" | "responsehttpcode" | "respcode" => (Slot::Status, 1),
        "status" => (Slot::Status, 2),
        "code" => (Slot::Status, 4),

        "statusmsg" | "statustext" | "reasonphrase" => (Slot::StatusText, 0),
        "statusmessage" => (Slot::StatusText, 1),

        "httprequestmethod"
        | "requestmethod"
        | "reqmethod"
        | "httpmethod"
        | "clientrequestmethod"
        | "csmethod"
        | "methods" => (Slot::Method, 0),
        "method" => (Slot::Method, 1),
        "verb" => (Slot::Method, 2),

        "requesturl" | "urlfull" | "urloriginal" | "reqoriginalurl" | "requestoriginalurl"
        | "originalurl" | "fullurl" => (Slot::Url, 0),
        "requrl" | "httpurl" | "requesturi" | "clientrequesturi" | "httptarget"
        | "xenvoyoriginalpath" | "xenvoyoriginpath" | "requri" => (Slot::Url, 1),
        "uri" | "url" | "urls" | "originalpath" | "requestpath" | "reqpath" | "urlpath"
        | "httppath" | "csuristem" => (Slot::Url, 2),
        "path" | "clientrequestpath" | "pathname" => (Slot::Url, 3),
        "resourcepath" => (Slot::Url, 4),
        "route" | "endpoint" | "httproute" => (Slot::Url, 6),

        "querystring" | "urlquery" | "csuriquery" | "requestquery" | "requestquerystring"
        | "reqquery" | "clientrequestquery" | "querystr" => (Slot::Query, 0),
        "query" | "args" => (Slot::Query, 1),
        "requestscheme" | "urlscheme" | "clientrequestscheme" | "httpscheme" => (Slot::Scheme, 0),
        "scheme" | "proto" => (Slot::Scheme, 1),

        "requesthost" | "clientrequesthost" | "httphost" | "urldomain" | "requestauthority"
        | "authority" | "cshost" | "xhostheader" | "originalhost" | "reqhost"
        | "httprequesthost" | "domainname" => (Slot::Host, 0),
        "vhost" | "virtualhost" => (Slot::Host, 1),
        "host" => (Slot::Host, 2),
        "servername" | "domain" | "serveraddress" => (Slot::Host, 3),

        "requestline" | "routekey" => (Slot::RequestLine, 0),
        "request" | "req" | "httprequest" => (Slot::RequestLine, 1),

        "requestheaders" | "reqheaders" | "requestheader" | "reqheader" | "requestrawheaders"
        | "httprequestheaders" => (Slot::RequestHeaders, 0),
        "headers" => (Slot::RequestHeaders, 2),
        "responseheaders"
        | "resheaders"
        | "respheaders"
        | "responseheader"
        | "resheader"
        | "respheader"
        | "httpresponseheaders" => (Slot::ResponseHeaders, 0),

        "authorization" | "proxyauthorization" | "cookie" | "xapikey" | "apikeyheader" => {
            (Slot::RequestField, 0)
        }
        "wwwauthenticate" | "proxyauthenticate" | "setcookie" | "location" => {
            (Slot::ResponseField, 0)
        }

        "requestbody" | "reqbody" | "reqrawbody" | "requestpayload" | "requestcontent" => {
            (Slot::RequestBody, 0)
        }
        "responsebody" | "resbody" | "respbody" | "responsepayload" | "responsecontent"
        | "responsedata" | "resdata" | "errorbody" => (Slot::ResponseBody, 0),
        "body" => (Slot::ResponseBody, 3),
        "response" | "resp" => (Slot::ResponseBody, 4),

        "clientip"
        | "requestclientip"
        | "clienthost"
        | "sourceips"
        | "cfconnectingip"
        | "httprequestremoteip"
        | "callerip"
        | "cliip" => (Slot::ClientIp, 0),
        "remoteip"
        | "remoteaddress"
        | "sourceip"
        | "clientaddress"
        | "calleripaddress"
        | "downstreamremoteaddress"
        | "cip"
        | "idorigh"
        | "addrremote"
        | "reqip"
        | "realip"
        | "xrealip"
        | "identitysourceip"
        | "httprequestremote" => (Slot::ClientIp, 1),
        "remoteaddr" | "clientaddr" | "remotehost" => (Slot::ClientIp, 2),
        "ip" | "xforwardedfor" | "forwardedfor" | "httpxforwardedfor" => (Slot::ClientIp, 3),

        "useragentoriginal"
        | "httpuseragent"
        | "clientrequestuseragent"
        | "csuseragent"
        | "requestuseragent"
        | "identityuseragent"
        | "requseragent" => (Slot::UserAgent, 0),
        "useragent" => (Slot::UserAgent, 1),
        "ua" | "agent" => (Slot::UserAgent, 2),

        "remoteuser"
        | "clientusername"
        | "jwtclaimsub"
        | "consumerusername"
        | "authenticatedentityid"
        | "csusername"
        | "enduserid" => (Slot::User, 0),
        "username" | "userid" | "usersub" | "requser" => (Slot::User, 1),
        "user" | "sub" | "principal" | "subject" => (Slot::User, 2),
        "caller" | "requester" => (Slot::User, 3),

        "upstreamhost" | "upstreamaddr" | "serviceaddr" | "targetaddr" | "upstreamaddress"
        | "podname" => (Slot::Server, 0),
        "hostname" | "serveraddr" | "serverip" => (Slot::Server, 1),

        "requestid" | "xrequestid" | "reqid" | "rayid" | "auditid" | "httprequestid" => {
            (Slot::RequestId, 0)
        }
        "correlationid" | "xcorrelationid" | "transactionid" => (Slot::RequestId, 1),
        "traceid" | "traceparent" | "xb3traceid" | "xraytraceid" | "xamzntraceid" => {
            (Slot::TraceId, 0)
        }
        "b3" => (Slot::TraceId, 1),
        "trace" => (Slot::TraceId, 2),

        "grpcstatus" | "grpccode" | "grpcstatuscode" | "grpcstatusnumber" => (Slot::GrpcStatus, 0),
        "grpcservice" | "rpcservice" => (Slot::GrpcService, 0),
        "grpcmethod" | "rpcmethod" => (Slot::GrpcMethod, 0),
        "stage" => (Slot::Stage, 0),

        "responsecodedetails"
        | "responseflags"
        | "responseflag"
        | "errorreason"
        | "errorresponsetype"
        | "authorizererror"
        | "autherror"
        | "lasterrorreason"
        | "lasterrormessage"
        | "lasterrorreasons"
        | "lasterrormessages"
        | "statusdetails"
        | "xapigeefaultcode"
        | "scsubstatus"
        | "scwin32status"
        | "responsestatusmessage"
        | "responsestatusreason"
        | "authorizationk8siodecision"
        | "authorizationk8sioreason"
        | "actionsexecuted"
        | "grpcmessage"
        | "failurereason"
        | "denyreason"
        | "authreason"
        | "authfailurereason"
        | "authresult"
        | "autherrorreason"
        | "authfailreason" => (Slot::Reason, 0),
        "error"
        | "errorcode"
        | "errordescription"
        | "errormessage"
        | "errormessagestring"
        | "errortype"
        | "errorname"
        | "err"
        | "errmessage"
        | "errtype"
        | "errname"
        | "errcode"
        | "errmsg"
        | "errormsg"
        | "errordetail"
        | "errordetails"
        | "reason"
        | "faultstring"
        | "faultcode"
        | "exceptionmessage"
        | "exceptiontype"
        | "exception"
        | "securityaction"
        | "securityactions"
        | "wafaction"
        | "firewallmatchesactions"
        | "errorinfo"
        | "detail"
        | "authorizererrormessage"
        | "xedgedetailedresulttype" => (Slot::Reason, 1),
        "msg" | "message" => (Slot::Message, 0),
        _ => return None,
    };
    Some(found)
}

/// Request fields that a column named `http_…` can mean; others (`http_status`) are no fields.
pub(super) fn is_request_field(name: &str) -> bool {
    const NAMES: [&str; 16] = [
        "accept",
        "user-agent",
        "referer",
        "host",
        "cookie",
        "origin",
        "authorization",
        "via",
        "content-type",
        "content-length",
        "connection",
        "forwarded",
        "te",
        "dpop",
        "upgrade",
        "signature",
    ];
    const STARTS: [&str; 5] = ["x-", "accept-", "sec-", "if-", "proxy-"];
    const PARTS: [&str; 4] = ["aut", "token", "key", "cookie"];
    NAMES.contains(&name)
        || STARTS.iter().any(|start| name.starts_with(start))
        || PARTS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_fold_to_the_same() {
        for name in ["request_method", "requestMethod", "Request-Method", "request.method"] {
            assert_eq!(alias(&fold(name)), Some((Slot::Method, 0)), "{name}");
        }
        assert_eq!(alias(&fold("@timestamp")), Some((Slot::Time, 1)));
        assert_eq!(alias(&fold(":authority")), Some((Slot::Host, 0)));
    }

    #[test]
    fn what_a_firewall_did_is_a_reason_under_each_of_its_names() {
        for name in ["SecurityAction", "SecurityActions", "WAFAction", "FirewallMatchesActions"] {
            assert_eq!(alias(&fold(name)), Some((Slot::Reason, 1)), "{name}");
        }
    }

    #[test]
    fn the_names_of_the_report_can_be_given_back() {
        for name in ["status", "path", "method", "client_ip", "authorization", "request_headers"] {
            assert!(Slot::named(name).is_some(), "{name}");
        }
        assert_eq!(Slot::named("nonsense"), None);
    }
}
