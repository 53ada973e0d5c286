//! Stand-ins until the patient reading is merged.
use serde_json::Value;

use super::skip::{Repair, SkipReason};
use crate::model::{Body, Exchange, Header, Text, Visibility};

pub(super) fn entry_from_value(
    value: &Value,
    _repairs: &mut Vec<Repair>,
) -> Result<Exchange<'static>, SkipReason> {
    let s = |v: Option<&Value>| v.and_then(Value::as_str).map(|s| s.to_owned().into());
    let headers = |v: Option<&Value>| -> Vec<Header<'static>> {
        v.and_then(Value::as_array).into_iter().flatten().filter_map(|h| {
            Some(Header { name: s(h.get("name"))?, value: s(h.get("value")).unwrap_or_default() })
        }).collect()
    };
    let request = value.get("request").filter(|r| r.is_object()).ok_or(SkipReason::NoRequest)?;
    let response = value.get("response");
    let content = response.and_then(|r| r.get("content"));
    Ok(Exchange {
        time: value.get("startedDateTime").and_then(Value::as_str).and_then(super::clock::parse_time),
        method: s(request.get("method")),
        url: s(request.get("url")).unwrap_or_default(),
        request_headers: headers(request.get("headers")),
        request_visibility: Visibility::Full,
        response_visibility: Visibility::Full,
        response_headers: headers(response.and_then(|r| r.get("headers"))),
        status: response.and_then(|r| r.get("status")).and_then(Value::as_u64).and_then(|s| u16::try_from(s).ok()).filter(|s| *s >= 100),
        response_body: Body {
            mime: s(content.and_then(|c| c.get("mimeType"))),
            text: s(content.and_then(|c| c.get("text"))).map_or(Text::Absent, Text::Plain),
            ..Body::default()
        },
        ..Exchange::default()
    })
}

pub(super) fn line_from_value(
    value: &Value,
    _repairs: &mut Vec<Repair>,
) -> Result<Exchange<'static>, SkipReason> {
    if value.is_null() { return Err(SkipReason::Null) }
    let status = value.get("status").and_then(Value::as_u64).ok_or(SkipReason::NoExchange)?;
    Ok(Exchange { status: u16::try_from(status).ok(), ..Exchange::default() })
}
