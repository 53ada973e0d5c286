//! AWS API Gateway: the access log in its XML and CSV patterns, and the execution log.
//!
//! The patterns are those that the console offers; JSON is read by the names of its members.

use std::borrow::Cow;

use super::scan::{address, is_count, reason, said, status};
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::model::{Exchange, Observer};

/// `<request id="..."> <ip>...</ip> ... <status>403</status> ... </request>`.
pub(super) const XML: Format = Format {
    name: "aws api gateway xml",
    what: "AWS API Gateway access logs in the XML pattern",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| xml(line),
};

/// `ip,caller,user,time,method,path,protocol,status,length,request-id`.
pub(super) const CSV: Format = Format {
    name: "aws api gateway csv",
    what: "AWS API Gateway access logs in the CSV pattern",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| csv(line),
};

/// `(request-id) Gateway response type: UNAUTHORIZED with status code: 401`, between other lines.
pub(super) const EXECUTION: Format = Format {
    name: "aws api gateway execution",
    what: "AWS API Gateway execution logs: the answers that the gateway itself gave",
    observer: Observer::Gateway,
    read: |line, setting: &mut Setting| setting.gateway.line(line),
};

fn xml(line: &str) -> Option<Found<'_>> {
    let rest = line.strip_prefix("<request id=\"")?;
    let (id, rest) = rest.split_once("\">")?;
    let inside = rest.trim_end().strip_suffix("</request>")?;
    let value = |name: &str| {
        let (_, rest) = inside.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(text, _)| text.trim()).and_then(said)
    };
    let mut exchange = Exchange {
        time: Some(parse_time(value("requestTime")?)?),
        method: value("httpMethod").map(Cow::Borrowed),
        url: value("resourcePath").or_else(|| value("path")).map(Cow::Borrowed)?,
        status: status(value("status")?)?,
        client_ip: value("ip").and_then(address),
        user: value("user").map(Cow::Borrowed),
        request_id: said(id).map(Cow::Borrowed),
        ..Exchange::default()
    };
    for name in ["errorResponseType", "errorMessage", "authorizerError"] {
        reason(&mut exchange, name, value(name).unwrap_or_default());
    }
    Some(Found::Exchange(Box::new(exchange)))
}

fn csv(line: &str) -> Option<Found<'_>> {
    // An address is no longer than this: most lines are left to others by a look at their beginning.
    line.as_bytes().get(..46).unwrap_or_default().contains(&b',').then_some(())?;
    let parts: Vec<&str> = line.splitn(12, ',').collect();
    let [client, _caller, user, time, method, path, protocol, code, length, id] =
        *parts.get(..10)?
    else {
        return None;
    };
    let shaped = protocol.starts_with("HTTP/")
        && method.bytes().all(|b| b.is_ascii_uppercase())
        && is_count(length)
        && super::shape::is_id(id)
        && parts.len() <= 11;
    shaped.then_some(())?;
    Some(Found::Exchange(Box::new(Exchange {
        time: Some(parse_time(time)?),
        method: Some(Cow::Borrowed(method)),
        url: Cow::Borrowed(path),
        status: status(code)?,
        client_ip: Some(address(client)?),
        user: said(user).map(Cow::Borrowed),
        request_id: Some(Cow::Borrowed(id)),
        ..Exchange::default()
    })))
}

/// Requests that can be under way at once; an older one is given up.
const MOST_OPEN: usize = 64;

/// What the lines of requests under way said.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Open {
    requests: Vec<Request>,
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Request {
    id: Box<str>,
    method: Box<str>,
    path: Box<str>,
    /// Why the gateway refuses.
    reason: Box<str>,
    /// Whether its answer was told.
    told: bool,
}

impl Open {
    fn line<'a>(&mut self, line: &'a str) -> Option<Found<'a>> {
        let (id, text) = line.strip_prefix('(')?.split_once(") ")?;
        super::shape::is_id(id).then_some(())?;
        if let Some((method, path)) =
            text.strip_prefix("HTTP Method: ").and_then(|t| t.split_once(", Resource Path: "))
        {
            let request = self.of(id);
            (request.method, request.path) = (method.into(), path.trim().into());
        } else if let Some(answer) = text.strip_prefix("Gateway response type: ") {
            let (kind, code) = answer.split_once(" with status code: ")?;
            return Some(self.answer(id, status(code.trim())?, kind));
        } else if let Some(code) = text.strip_prefix("Method completed with status: ") {
            return Some(self.answer(id, status(code.trim())?, ""));
        } else if is_telling(text) {
            self.of(id).reason = text.trim_end_matches(id).trim_end_matches([' ', ':']).into();
        } else {
            is_known(text).then_some(())?;
        }
        Some(Found::Directive)
    }

    /// Returns the request of an id, which may begin here.
    fn of(&mut self, id: &str) -> &mut Request {
        let at = self.requests.iter().position(|request| *request.id == *id);
        let mut request = at.map(|at| self.requests.remove(at)).unwrap_or_default();
        request.id = id.into();
        if self.requests.len() >= MOST_OPEN {
            self.requests.remove(0);
        }
        self.requests.push(request);
        self.requests.last_mut().expect("one was put there right before")
    }

    fn answer<'a>(&mut self, id: &'a str, status: Option<u16>, kind: &'a str) -> Found<'a> {
        let request = self.of(id);
        // A refusal is told twice: as the gateway's answer and as that of the method.
        if std::mem::replace(&mut request.told, true) {
            return Found::Directive;
        }
        let text = |text: &str| (!text.is_empty()).then(|| Cow::Owned(text.to_owned()));
        let mut exchange = Exchange {
            method: text(&request.method),
            url: text(&request.path).unwrap_or_default(),
            status,
            request_id: Some(Cow::Borrowed(id)),
            ..Exchange::default()
        };
        reason(&mut exchange, "error.responseType", kind);
        if status.is_none_or(|status| status >= 400)
            && let Some(why) = text(&request.reason)
        {
            exchange.reasons.push((Cow::Borrowed("message"), why));
        }
        Found::Exchange(Box::new(exchange))
    }
}

/// Lines that say why a request is refused.
fn is_telling(text: &str) -> bool {
    const STARTS: [&str; 5] = [
        "Unauthorized request",
        "API Key ",
        "The client is not authorized to perform this operation",
        "Execution failed due to ",
        "Authorizer failed",
    ];
    STARTS.iter().any(|start| text.starts_with(start))
}

/// Other lines about a request.
fn is_known(text: &str) -> bool {
    const STARTS: [&str; 18] = [
        "Extended Request Id: ",
        "Verifying Usage Plan for request: ",
        "Starting execution for request: ",
        "Starting authorizer: ",
        "Incoming identity: ",
        "Using valid authorizer policy",
        "Successfully completed authorizer execution",
        "Endpoint re",
        "Method re",
        "Method query string",
        "Method completed",
        "Sending request to ",
        "Received response.",
        "Gateway response ",
        "Successfully completed execution",
        "AWS Integration Endpoint RequestId : ",
        "X-ray Tracing ID : ",
        "Lambda execution failed",
    ];
    STARTS.iter().any(|start| text.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::log::exchange_of as read;

    const ID: &str = "3dd4b1f2-0c5b-4c1c-9b0a-2f5a7d1c1d11";

    #[test]
    fn the_xml_pattern_is_read_by_its_names() {
        let line = format!(
            "<request id=\"{ID}\"> <ip>192.0.2.7</ip> <caller>-</caller> <user>ann</user> <requestTime>23/Nov/2026:02:29:33 +0000</requestTime> <httpMethod>GET</httpMethod> <resourcePath>/pets</resourcePath> <status>403</status> <protocol>HTTP/1.1</protocol> <responseLength>42</responseLength> </request>"
        );
        let found = read(&XML, &line).unwrap();
        assert_eq!((found.status, &*found.url), (Some(403), "/pets"));
        assert_eq!((found.user.as_deref(), found.request_id.as_deref()), (Some("ann"), Some(ID)));
        assert_eq!(read(&XML, &line.replace("403", "200")).unwrap().status, Some(200));
        assert!(read(&XML, &line.replace("<status>403</status>", "")).is_none());
        assert!(read(&XML, "<request id=\"1\"><url>/pets</url></request>").is_none());
    }

    #[test]
    fn the_csv_pattern_has_its_columns_in_one_order() {
        let line =
            format!("192.0.2.7,-,ann,23/Nov/2026:02:29:33 +0000,GET,/pets,HTTP/1.1,403,42,{ID}");
        let found = read(&CSV, &line).unwrap();
        assert_eq!((found.status, found.user.as_deref()), (Some(403), Some("ann")));
        assert_eq!(
            read(&CSV, &format!("{line},ABC=").replace(",403,", ",200,")).unwrap().status,
            Some(200)
        );
        for other in
            [line.replace(ID, "12"), line.replace("192.0.2.7", "name"), format!("{line},a,b")]
        {
            assert!(read(&CSV, &other).is_none(), "{other}");
        }
    }

    fn told(lines: &[String]) -> Vec<String> {
        let mut setting = Setting::default();
        let mut all = Vec::new();
        for line in lines {
            match (EXECUTION.read)(line, &mut setting) {
                Some(Found::Exchange(e)) => {
                    let reasons: Vec<_> = e.reasons.iter().map(|(_, text)| &**text).collect();
                    all.push(format!("{:?} {} {}", e.status, e.url, reasons.join(", ")));
                }
                Some(_) => {}
                None => all.push("unread".into()),
            }
        }
        all
    }

    #[test]
    fn the_execution_log_tells_why_the_gateway_refused() {
        let lines = [
            "HTTP Method: GET, Resource Path: /pets",
            &format!("Starting authorizer: a1b2c3 for request: {ID}"),
            &format!("Unauthorized request: {ID}"),
            "Gateway response type: UNAUTHORIZED with status code: 401",
            "Gateway response body: {\"message\":\"Unauthorized\"}",
            "Method completed with status: 401",
        ]
        .map(|text| format!("({ID}) {text}"));
        assert_eq!(told(&lines), ["Some(401) /pets UNAUTHORIZED, Unauthorized request"]);
        let other = [
            format!("({ID}) HTTP Method: GET, Resource Path: /a"),
            format!("({ID}) Method completed with status: 200"),
        ];
        assert_eq!(told(&other), ["Some(200) /a "]);
    }

    #[test]
    fn words_in_brackets_are_no_execution_log() {
        let lines = ["(a) Method completed with status: 401".to_owned(), format!("({ID}) hello")];
        assert_eq!(told(&lines), ["unread", "unread"]);
    }
}
