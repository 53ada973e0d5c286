//! AWS `CloudTrail`: one record a call of an API of AWS or a login to its console, without a status.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::node::Node;
use super::value::address;
use crate::model::{Exchange, Observer};

/// Names that stand where AWS shows none.
const HIDDEN: [&str; 3] = ["HIDDEN_DUE_TO_SECURITY_REASONS", "ANONYMOUS_PRINCIPAL", ""];
/// Services by which somebody signs in.
const SIGN_IN: [&str; 3] = ["signin", "sts", "sso"];

/// Reads a record; `None` for all other lines.
///
/// Names: `eventVersion`, `eventSource` (`s3.amazonaws.com`), `eventName`, `eventTime`, `sourceIPAddress`,
/// `userIdentity`, and of a refusal `errorCode` and `errorMessage` (AWS `CloudTrail` record contents).
pub(super) fn read(line: &Map<String, Value>) -> Option<Exchange<'_>> {
    line.contains_key("eventVersion").then_some(())?;
    let (source, name) = (text(line, "eventSource")?, text(line, "eventName")?);
    let identity = line.get("userIdentity").and_then(Value::as_object);
    let asked = line.get("tlsDetails").and_then(Value::as_object);
    let host = asked.and_then(|asked| text(asked, "clientProvidedHostHeader")).unwrap_or(source);
    let service = source.split('.').next().unwrap_or(source);
    let mut found = Exchange {
        time: text(line, "eventTime").and_then(crate::input::clock::parse_time),
        url: Cow::Owned(format!("/{service}/{name}")),
        host: Some(Cow::Borrowed(host)),
        user: identity.and_then(user).map(Cow::Borrowed),
        // Where a service of AWS called, its name stands in place of an address.
        client_ip: line.get("sourceIPAddress").and_then(|ip| address(Node::of(ip))),
        user_agent: text(line, "userAgent").map(Cow::Borrowed),
        request_id: text(line, "requestID").or_else(|| text(line, "eventID")).map(Cow::Borrowed),
        observer: if SIGN_IN.contains(&service) { Observer::Idp } else { Observer::App },
        ..Exchange::default()
    };
    if let Some(code) = text(line, "errorCode") {
        found.reasons.push(("errorCode".into(), Cow::Borrowed(code)));
    }
    if let Some(message) = text(line, "errorMessage") {
        let arn = identity.and_then(|identity| text(identity, "arn"));
        found.reasons.push(("errorMessage".into(), without(message, arn)));
    }
    Some(found)
}

fn text<'v>(members: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    members.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// Returns the name of a user, else of the role or account that called.
fn user(identity: &Map<String, Value>) -> Option<&str> {
    let named = |name| text(identity, name).filter(|text| !HIDDEN.contains(text));
    named("userName").or_else(|| {
        let (_, last) = named("arn")?.rsplit_once(['/', ':'])?;
        Some(last).filter(|last| !last.is_empty())
    })
}

/// Takes who called out of `User: arn:aws:iam::123456789012:user/ann is not authorized to perform: ...`.
fn without<'v>(message: &'v str, arn: Option<&str>) -> Cow<'v, str> {
    let named = message.strip_prefix("User: ").and_then(|rest| {
        let (_, told) = rest.split_once(" is not authorized")?;
        Some(format!("User: *** is not authorized{told}"))
    });
    let told = named.map_or(Cow::Borrowed(message), Cow::Owned);
    match arn.filter(|arn| told.contains(*arn)) {
        Some(arn) => Cow::Owned(told.replace(arn, "***")),
        None => told,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::input::jsonl::from_value;
    use crate::model::Observer;

    #[test]
    fn a_refused_call_tells_its_code_and_not_who_called() {
        let line = json!({"eventVersion": "1.08", "userIdentity": {"type": "IAMUser",
                "arn": "arn:aws:iam::123456789012:user/ann", "accountId": "123456789012", "userName": "ann"},
            "eventTime": "2026-11-23T02:29:33Z", "eventSource": "s3.amazonaws.com", "eventName": "DeleteBucket",
            "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.7", "userAgent": "aws-cli/2.15.0",
            "errorCode": "AccessDenied", "requestID": "79104EXAMPLEB723",
            "errorMessage": "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: s3:DeleteBucket"});
        let (found, mapping) = from_value(&line, None).unwrap();
        assert_eq!(
            (&*found.url, found.host.as_deref()),
            ("/s3/DeleteBucket", Some("s3.amazonaws.com"))
        );
        assert_eq!((found.user.as_deref(), found.status), (Some("ann"), None));
        assert_eq!(found.client_ip.as_deref(), Some("192.0.2.7"));
        assert_eq!(found.request_id.as_deref(), Some("79104EXAMPLEB723"));
        assert_eq!((found.observer, mapping.logger()), (Observer::App, "cloudtrail"));
        let reasons: Vec<&str> = found.reasons.iter().map(|(_, text)| &**text).collect();
        assert_eq!(
            reasons,
            ["AccessDenied", "User: *** is not authorized to perform: s3:DeleteBucket"]
        );
    }

    #[test]
    fn a_login_to_the_console_is_one_of_the_identity_provider() {
        let line = json!({"eventVersion": "1.08", "eventTime": "2026-11-23T02:29:33Z",
            "userIdentity": {"type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"},
            "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin",
            "errorMessage": "Failed authentication", "responseElements": {"ConsoleLogin": "Failure"},
            "tlsDetails": {"clientProvidedHostHeader": "signin.aws.amazon.com"}});
        let (found, _) = from_value(&line, None).unwrap();
        assert_eq!((found.observer, found.user.as_deref()), (Observer::Idp, None));
        assert_eq!(found.host.as_deref(), Some("signin.aws.amazon.com"));
        assert_eq!(found.reasons, [("errorMessage".into(), "Failed authentication".into())]);
    }

    #[test]
    fn an_event_without_the_names_of_cloudtrail_is_none() {
        let line = json!({"eventSource": "s3.amazonaws.com", "eventName": "x", "errorCode": "AccessDenied"});
        assert!(from_value(&line, None).is_err());
    }
}
