use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::Observer;

/// Reads a line of a known shape to its exchange, whatever its sketch.
fn read_quickly<'v>(
    line: &'v [u8],
    mapping: &mut Mapping,
    recent: &mut Recent,
) -> Option<Exchange<'v>> {
    let look = recent.look(line);
    match super::read_quickly(look, Position::default(), mapping, recent, &mut |_| false)? {
        Quick::Exchange(exchange) => Some(exchange),
        Quick::Taken => unreachable!("nobody took it"),
    }
}

/// The parts that most lines have: status, method, URL, host, time, client address.
fn gist(line: &Value) -> String {
    let (x, _) = from_value(line, None).unwrap();
    let part = |text: Option<&str>| text.unwrap_or("-").to_owned();
    format!(
        "{} {} {} {} {} {}",
        x.status.map_or("-".into(), |s| s.to_string()),
        part(x.method.as_deref()),
        x.url,
        part(x.host.as_deref()),
        x.time.map_or("-".into(), |t| t.to_string()),
        part(x.client_ip.as_deref()),
    )
}

#[test]
fn one_request_reads_the_same_from_every_logger() {
    let table = [
        json!({"level": 30, "time": 1_795_402_067_000_u64, "pid": 1, "hostname": "vm",
            "req": {"id": 1, "method": "GET", "url": "/me?a=1", "headers": {"host": "a.example"},
                "remoteAddress": "192.0.2.7", "remotePort": 4},
            "res": {"statusCode": 401, "headers": {}}, "responseTime": 4, "msg": "request completed"}),
        json!({"level": "info", "message": "HTTP GET /me", "timestamp": "2026-11-23T02:47:47Z",
            "meta": {"req": {"url": "/x", "originalUrl": "/me?a=1", "method": "GET",
                "headers": {"host": "a.example"}, "ip": "192.0.2.7"}, "res": {"statusCode": 401}}}),
        json!({"ts": 1_795_402_067, "logger": "http.log.access", "msg": "handled request",
            "request": {"remote_ip": "10.0.0.1", "client_ip": "192.0.2.7", "proto": "HTTP/2.0",
                "method": "GET", "host": "a.example", "uri": "/me?a=1", "headers": {}},
            "duration": 0.01, "status": 401, "resp_headers": {}}),
        json!({"StartUTC": "2026-11-23T02:47:47Z", "DownstreamStatus": 401, "OriginStatus": 0,
            "RequestMethod": "GET", "RequestPath": "/me?a=1", "RequestHost": "a.example",
            "ClientAddr": "192.0.2.7:99", "ClientHost": "192.0.2.7", "RouterName": "r"}),
        json!({"started_at": 1_795_402_067_000_u64, "latencies": {"kong": 1, "request": 2},
            "client_ip": "192.0.2.7", "upstream_status": "200",
            "request": {"id": "b0c1f2", "method": "GET", "uri": "/me?a=1",
                "headers": {"host": "a.example"}},
            "response": {"status": 401, "headers": {}, "size": 3}}),
        json!({"start_time": "2026-11-23T02:47:47Z", "method": "GET", "path": "/me?a=1",
            "authority": "a.example", "response_code": 401, "response_flags": "-",
            "response_code_details": "jwt_authn_access_denied{Jwt_is_expired}",
            "downstream_remote_address": "192.0.2.7:443"}),
        json!({"time_iso8601": "2026-11-23T02:47:47+00:00", "request": "GET /me?a=1 HTTP/1.1",
            "status": "401", "request_time": 0.003, "http_host": "a.example",
            "remote_addr": "192.0.2.7", "http_authorization": ""}),
        json!({"@timestamp": "2026-11-23T02:47:47Z", "ecs.version": "1.6.0",
            "http.request.method": "GET", "http": {"response": {"status_code": 401}},
            "url": {"path": "/me", "query": "a=1", "domain": "a.example"},
            "source": {"ip": "192.0.2.7"}}),
        json!({"requestId": "c6af9ac6-7b61", "ip": "192.0.2.7", "httpMethod": "GET",
            "requestTime": "23/Nov/2026:02:47:47 +0000", "resourcePath": "/me?a=1",
            "domainName": "a.example", "status": "401", "protocol": "HTTP/1.1"}),
        json!({"ClientIP": "192.0.2.7", "ClientRequestHost": "a.example", "RayID": "761fde",
            "ClientRequestMethod": "GET", "ClientRequestURI": "/me?a=1",
            "EdgeResponseStatus": 401, "OriginResponseStatus": 0,
            "EdgeStartTimestamp": "1795402067000000000"}),
        json!({"service": "envoy", "method": "GET", "authority": "a.example", "path": "/me?a=1",
            "forwarded-for": "192.0.2.7,10.0.0.1", "request-id": "0f3c", "response-code": 401,
            "response-code-details": "ext_authz_denied", "message": "http-request",
            "time": "2026-11-23T02:47:47Z"}),
        json!({"http_request": {"headers": {"accept": "*/*"}, "host": "a.example", "method": "GET",
            "path": "/me", "query": "a=1", "remote": "192.0.2.7:4"}, "level": "info",
            "http_response": {"status": 401}, "time": "2026-11-23T02:47:47Z"}),
        json!({"@t": "2026-11-23T02:47:47Z", "RequestMethod": "GET", "StatusCode": 401,
            "Properties": {"RequestPath": "/me", "QueryString": "?a=1", "RequestHost": "a.example",
            "ClientIp": "::ffff:192.0.2.7"}}),
        json!({"time": "2026-11-23T02:47:47Z", "url": "a.example/me?a=1", "code": 401,
            "method": "GET", "ip": "192.0.2.7"}),
        json!({"clientAddress": "[192.0.2.7]:80", "HOST": "a.example", "Status-Code": 401,
            "requestMethod": "get", "Request-Uri": "/me?a=1", "msec": "1795402067.000"}),
    ];
    for line in &table {
        let read = gist(line).replace(".000000000Z", "Z").replace(".000Z", "Z");
        let expected = "401 GET /me?a=1 a.example 2026-11-23T02:47:47Z 192.0.2.7";
        assert!(read.eq_ignore_ascii_case(expected), "{read}\n{line}");
    }
}

#[test]
fn a_load_balancer_gives_the_whole_url() {
    let line = json!({"httpRequest": {"requestMethod": "GET", "requestUrl": "https://a.example/me",
        "status": 302, "remoteIp": "192.0.2.7", "userAgent": "ua", "latency": "0.08s"},
        "jsonPayload": {"statusDetails": "handled_by_identity_aware_proxy"},
        "timestamp": "2026-11-23T02:47:47Z", "trace": "projects/p/traces/0af7651916cd43dd"});
    assert_eq!(gist(&line), "302 GET https://a.example/me - 2026-11-23T02:47:47Z 192.0.2.7");
    let (x, mapping) = from_value(&line, None).unwrap();
    assert_eq!(x.trace_id.as_deref(), Some("0af7651916cd43dd"));
    assert_eq!(x.user_agent.as_deref(), Some("ua"));
    assert_eq!(x.reasons, [("statusDetails".into(), "handled_by_identity_aware_proxy".into())]);
    assert_eq!((mapping.logger(), x.observer), ("gcp", Observer::Gateway));
}

#[test]
fn an_audit_event_counts_once_and_keeps_its_words() {
    let event = |stage: &str| {
        json!({"kind": "Event", "stage": stage, "auditID": "57a794de", "verb": "list",
            "requestURI": "/api/v1/pods", "user": {"username": "sa"}, "sourceIPs": ["192.0.2.7"],
            "userAgent": "kubectl", "requestReceivedTimestamp": "2026-11-23T02:47:47.1Z",
            "responseStatus": {"code": 403, "message": "forbidden: no"},
            "annotations": {"authorization.k8s.io/decision": "forbid"}})
    };
    assert_eq!(
        from_value(&event("RequestReceived"), None).map(|_| ()),
        Err(SkipReason::NoExchange)
    );
    let line = event("ResponseComplete");
    assert_eq!(gist(&line), "403 GET /api/v1/pods - 2026-11-23T02:47:47.1Z 192.0.2.7");
    let (x, _) = from_value(&line, None).unwrap();
    assert_eq!((x.user.as_deref(), x.request_id.as_deref()), (Some("sa"), Some("57a794de")));
    let said: Vec<&str> = x.reasons.iter().map(|(_, text)| &**text).collect();
    assert_eq!(said, ["forbid", "forbidden: no"]);
}

#[test]
fn a_message_without_an_answer_is_no_exchange() {
    for line in [
        json!({"level": "info", "msg": "started", "status": "ok", "path": "/tmp/x"}),
        json!({"level": 30, "req": {"method": "GET", "url": "/me"}, "msg": "incoming request"}),
        json!({"code": 404, "path": "/tmp/x", "msg": "no such file"}),
        json!({"event": "user.login", "code": "T1000W", "method": "local", "error": "bad password"}),
        json!({"reqId": "U1", "method": "POST", "url": "/login", "message": "Login failed"}),
        json!({"status": 401}),
        json!({}),
    ] {
        assert_eq!(from_value(&line, None).map(|_| ()), Err(SkipReason::NoExchange), "{line}");
    }
    assert_eq!(from_value(&json!(null), None).map(|_| ()), Err(SkipReason::Null));
    assert_eq!(from_value(&json!([1]), None).map(|_| ()), Err(SkipReason::NotAnObject));
}

#[test]
fn a_request_without_an_answer_or_a_request_line_still_counts() {
    let unanswered = json!({"status": 0, "method": "GET", "path": "/me", "resp_headers": {}});
    assert_eq!(gist(&unanswered), "- GET /me - - -");
    for garbled in ["\u{16}\u{3}\u{1}", ""] {
        let line = json!({"status": 400, "request": garbled, "remote_addr": "192.0.2.7"});
        assert_eq!(gist(&line), "400 -  - - 192.0.2.7");
    }
    let denied = json!({"path": "/me", "response_code": 0, "response_code_details": "rbac_denied"});
    assert_eq!(gist(&denied), "- - /me - - -");
}

#[test]
fn what_a_log_leaves_empty_was_missing_and_what_it_took_out_was_there() {
    let fields = |line: &Value| {
        let (x, _) = from_value(line, None).unwrap();
        let of = |name| x.request_header(name).map(str::to_owned);
        (of("authorization"), x.request_visibility)
    };
    let nginx = |value: Value| {
        json!({"status": 401, "request": "GET / HTTP/1.1",
        "remote_addr": "192.0.2.7", "http_authorization": value})
    };
    assert_eq!(fields(&nginx(json!(""))), (None, Visibility::Column));
    assert_eq!(fields(&nginx(json!("-"))), (None, Visibility::Column));
    assert_eq!(fields(&nginx(json!("Bearer x"))), (Some("Bearer x".into()), Visibility::Partial));

    let caddy = |headers: Value| {
        json!({"status": 401, "resp_headers": {},
        "request": {"method": "GET", "uri": "/", "host": "a", "headers": headers}})
    };
    let redacted = Some(REDACTED.to_owned());
    assert_eq!(fields(&caddy(json!({"Authorization": []}))), (redacted.clone(), Visibility::Full));
    assert_eq!(
        fields(&caddy(json!({"Authorization": ["REDACTED"]}))),
        (redacted, Visibility::Full)
    );
    assert_eq!(fields(&caddy(json!({"Accept": ["*/*"]}))), (None, Visibility::Full));

    let pino = |headers: Value| {
        json!({"req": {"method": "GET", "url": "/", "headers": headers},
        "res": {"statusCode": 401}})
    };
    assert_eq!(fields(&pino(json!({"user-agent": "x"}))), (None, Visibility::Full));
    assert_eq!(fields(&pino(json!({"referer": "x"}))), (None, Visibility::Partial));
    assert_eq!(fields(&pino(json!({}))), (None, Visibility::None));
}

#[test]
fn fields_with_a_column_of_their_own_are_found() {
    let line = json!({"DownstreamStatus": 401, "RequestMethod": "GET", "RequestPath": "/",
        "request_Authorization": "REDACTED", "request_User-Agent": "Nikto",
        "downstream_Www-Authenticate": "Bearer", "origin_Www-Authenticate": "Basic"});
    let (x, _) = from_value(&line, None).unwrap();
    assert_eq!(x.request_header("authorization"), Some("REDACTED"));
    assert_eq!(x.request_header("user-agent"), Some("Nikto"));
    assert_eq!(x.response_header("www-authenticate"), Some("Bearer"));
    assert_eq!(x.request_visibility, Visibility::Partial);

    let line = json!({"status": 401, "method": "GET", "path": "/", "http_x_api_key": "k",
        "sent_http_www_authenticate": "Basic", "req_authorization": "Bearer x",
        "http.request.header.x-request-id": ["abc"], "http_status": 401});
    let (x, _) = from_value(&line, None).unwrap();
    assert_eq!(x.request_header("x-api-key"), Some("k"));
    assert_eq!(x.request_header("authorization"), Some("Bearer x"));
    assert_eq!(x.request_header("x-request-id"), Some("abc"));
    assert_eq!(x.response_header("www-authenticate"), Some("Basic"));
}

#[test]
fn a_raw_block_of_response_fields_is_split() {
    let line = json!({"req": {"method": "GET", "url": "/"}, "res": {"statusCode": 401,
        "header": "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"api\"\r\n\r\n"}});
    let (x, _) = from_value(&line, None).unwrap();
    assert_eq!(x.response_header("www-authenticate"), Some("Bearer realm=\"api\""));
}

#[test]
fn bodies_are_taken_as_objects_or_text() {
    let line = json!({"status": 401, "method": "POST", "path": "/token",
        "requestBody": "grant_type=refresh_token", "response": {"body": {"error": "invalid_grant",
        "status": 200, "path": "/elsewhere"}}});
    let (x, _) = from_value(&line, None).unwrap();
    assert_eq!((x.status, &*x.url), (Some(401), "/token"));
    assert_eq!(x.request_body.text.read(), "grant_type=refresh_token");
    assert_eq!(x.request_body.mime.as_deref(), Some("application/x-www-form-urlencoded"));
    assert!(x.response_body.text.read().contains("invalid_grant"));
    assert_eq!(x.response_body.mime.as_deref(), Some("application/json"));
}

#[test]
fn the_answer_to_the_client_wins_over_the_answer_of_an_upstream() {
    let line = json!({"req": {"method": "GET", "url": "/me"}, "res": {"statusCode": 401},
        "err": {"message": "jwt expired", "type": "TokenExpiredError", "status": 502,
            "config": {"method": "POST", "url": "https://idp/introspect"},
            "response": {"status": 503}}});
    let (x, _) = from_value(&line, None).unwrap();
    assert_eq!((x.status, x.method.as_deref(), &*x.url), (Some(401), Some("GET"), "/me"));
    assert!(x.reasons.contains(&("err.message".into(), "jwt expired".into())));
    assert!(x.reasons.contains(&("err.type".into(), "TokenExpiredError".into())));
}

#[test]
fn routine_messages_are_no_reasons() {
    let reasons = |msg: &str| {
        let line = json!({"status": 401, "method": "GET", "path": "/", "msg": msg});
        from_value(&line, None).unwrap().0.reasons.len()
    };
    for routine in ["request completed", "handled request", "GET / 401", "HTTP GET /", "-", ""] {
        assert_eq!(reasons(routine), 0, "{routine}");
    }
    assert_eq!(reasons("token expired at 10:00"), 1);
}

#[test]
fn a_grpc_code_is_an_answer() {
    let line = json!({"grpc.service": "acme.Orders", "grpc.method": "Get",
        "grpc.code": "Unauthenticated", "error": "token is expired", "level": "info"});
    let (x, _) = from_value(&line, None).unwrap();
    assert_eq!((&*x.url, x.response_header("grpc-status")), ("/acme.Orders/Get", Some("16")));
}

#[test]
fn a_har_entry_in_a_line_is_read_as_one() {
    let entry = json!({"startedDateTime": "2026-01-01T10:00:00Z",
        "request": {"method": "GET", "url": "https://a/", "headers": []},
        "response": {"status": 401}});
    let wrapped = json!({"type": "resource-snapshot", "snapshot": entry});
    for line in [&entry, &wrapped] {
        let (x, _) = from_value(line, None).unwrap();
        assert_eq!((x.status, x.observer), (Some(401), Observer::Client));
    }
}

#[test]
fn ids_are_taken_apart() {
    let with = |name: &str, value: &str| {
        let line = json!({"status": 401, "method": "GET", "path": "/", name: value});
        let (x, _) = from_value(&line, None).unwrap();
        (x.trace_id.or(x.request_id)).map(Cow::into_owned)
    };
    let id = "0af7651916cd43dd8448eb211c80319c";
    for (name, value, expected) in [
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Some(id)),
        ("b3", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1", Some(id)),
        ("xrayTraceId", "Root=1-58337281-abc;Sampled=1", Some("1-58337281-abc")),
        ("trace_id", "t-1", Some("t-1")),
        ("request_id", "7805c9d1", Some("7805c9d1")),
        ("reqId", "17", None),
    ] {
        assert_eq!(with(name, value).as_deref(), expected, "{name}");
    }
}

#[test]
fn paths_that_the_user_gave_come_first() {
    let line = json!({"status": 200, "inner": {"http_state": 401}, "method": "GET", "path": "/",
        "headers": {"x-where": "/elsewhere"}});
    let pairs = [("status", "inner.http_state"), ("path", "headers.x-where")];
    let mapping = Mapping::given(&pairs).unwrap();
    let (x, used) = from_value(&line, Some(&mapping)).unwrap();
    assert_eq!((x.status, &*x.url), (Some(401), "/elsewhere"));
    assert!(used.fields().contains(&("status", "inner.http_state".into())));
    assert_eq!(Mapping::given(&[("colour", "x")]).map(|_| ()), Err("colour"));
}

fn any_line() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "status",
        "res",
        "req",
        "request",
        "response",
        "method",
        "url",
        "path",
        "headers",
        "err",
        "error",
        "time",
        "msg",
        "statusCode",
        "code",
        "http_authorization",
        "body",
        "host",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        prop::sample::select(vec![401_u16, 200, 0]).prop_map(Value::from),
        prop::sample::select(vec!["GET", "/me", "", "-", "401", "x", "GET / HTTP/1.1"])
            .prop_map(Value::from),
    ];
    let tree = leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner.clone(), 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
            prop::collection::vec(inner, 0..3).prop_map(Value::Array),
        ]
    });
    prop::collection::btree_map(
        prop::sample::select(vec!["status", "method", "path", "req", "res", "request", "err", "x"])
            .prop_map(str::to_owned),
        tree,
        0..6,
    )
    .prop_map(|map| Value::Object(map.into_iter().collect()))
}

proptest! {
    #[test]
    fn the_line_before_does_not_show(first in any_line(), second in any_line()) {
        let hint = from_value(&first, None).map(|(_, mapping)| mapping).ok();
        let alone = from_value(&second, None).map(|(x, _)| format!("{x:?}"));
        let after = from_value(&second, hint.as_ref()).map(|(x, _)| format!("{x:?}"));
        prop_assert_eq!(alone, after);
    }
}

/// Values that a logger writes under a name.
fn usual(name: &str) -> &'static [&'static str] {
    match name {
        "status" => &["401", "200", "\"403\""],
        "method" => &["\"GET\"", "\"POST\"", "\"get\""],
        "path" | "url" | "uri" => {
            &["\"/me/17\"", "\"https://a.example/me?a=1\"", "\"a.example/x\""]
        }
        "headers" | "request_headers" | "response_headers" => &[
            r#"{"user-agent":"c","Authorization":"Bearer \"x\"","accept":"-"}"#,
            r#"{"b":"1","a":"2"}"#,
            "{}",
        ],
        "response_body" => &[
            r#"{"id":1,"a":[{"b":null,"c":""}],"d":{"e":1.50,"f":"\u00e9\""}}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"[{"a":1},[true,[]]]"#,
        ],
        "msg" | "error" => {
            &[r#""{\"error\":\"invalid_token\"}""#, r#""request completed""#, r#"" no \u00e9 ""#]
        }
        "ts" | "time" => {
            &["\"2026-11-23T02:47:47Z\"", "1795402067", "\"23/Nov/2026:02:47:47 +0000\""]
        }
        _ => &["\"192.0.2.7\"", "\"a.example\"", "\"-\""],
    }
}

/// Lines of one shape with other values, and lines that a repair could touch.
fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("401".to_owned()),
        Just("\"200\"".to_owned()),
        Just("null".to_owned()),
        Just("0.5".to_owned()),
        Just("-1".to_owned()),
        Just("007".to_owned()),
        Just("true".to_owned()),
        Just("[]".to_owned()),
        Just("[\"a\",1]".to_owned()),
        Just("{}".to_owned()),
        Just("{\"b\":\"1\",\"a\":\"\"}".to_owned()),
        Just("{\"a\":\"1\",\"a\":\"2\"}".to_owned()),
        Just("{\"authorization\":[\"x\"],\"Cookie\":[]}".to_owned()),
        "[ -~]{0,12}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just("\"/a\\/b?c=1\"".to_owned()),
        Just("\"\\ud800\"".to_owned()),
        Just("\"2026-11-23T02:47:47Z\"".to_owned()),
        Just("\"GET\"".to_owned()),
        Just("\"GET /me HTTP/1.1\"".to_owned()),
        Just("\"192.0.2.7, 10.0.0.1\"".to_owned()),
        Just("\"/me/17\"".to_owned()),
        Just("\"\u{1}é\"".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn a_line_of_a_known_shape_reads_as_it_does_patiently(
        names in prop::collection::vec(
            prop::sample::select(&[
                "status", "status", "status", "method", "method", "path", "path", "url", "uri", "host", "ts", "time", "request", "req", "res",
                "headers", "request_headers", "response_headers", "client_ip", "remote_addr", "user",
                "user_agent", "request_id", "trace_id", "error", "msg", "response_body", "query", "item",
                "http_authorization", "sent_http_www_authenticate", "response_code_details", "level",
            ][..]),
            1..9,
        ),
        inner in prop::collection::vec((0usize..9, prop::sample::select(&["method", "url", "headers", "status"][..])), 0..3),
        rows in prop::collection::vec(
            (prop::collection::vec(values(), 9), prop::collection::vec(0usize..4, 9)),
            2..6,
        ),
        blank in prop::bool::ANY,
    ) {
        let line = |(row, plain): &(Vec<String>, Vec<usize>)| {
            let gap = if blank { " " } else { "" };
            let member = |(at, name): (usize, &&str)| {
                let inner: Vec<_> = inner.iter().filter(|(of, _)| *of == at).collect();
                let value = if inner.is_empty() {
                    let usual = usual(name).get(plain[at]).map(|text| (*text).to_owned());
                    usual.unwrap_or_else(|| row[at].clone())
                } else {
                    let parts = inner.iter().map(|(_, name)| format!("\"{name}\":{gap}{}", row[8 - at.min(8)]));
                    format!("{{{}}}", parts.collect::<Vec<_>>().join(","))
                };
                format!("\"{name}\":{gap}{value}")
            };
            let members: Vec<_> = names.iter().enumerate().map(member).collect();
            format!("{{{}}}", members.join(&format!(",{gap}")))
        };
        let (mut mapping, mut recent) = (Mapping::default(), Recent::default());
        for row in &rows {
            let line = line(row);
            let tree = crate::input::lenient::parse(line.as_bytes());
            let mut quick_mapping = mapping.clone();
            let quick = read_quickly(line.as_bytes(), &mut quick_mapping, &mut recent);
            let patient = from_value(&tree.value, Some(&mapping));
            if let Some(quick) = quick {
                let (mut patient, after) = patient.clone().expect("it is an exchange");
                patient.format = after.logger();
                prop_assert_eq!(format!("{quick:?}"), format!("{patient:?}"), "{}", line);
                prop_assert_eq!(&tree.repairs, &[]);
                prop_assert_eq!(quick_mapping.fields(), after.fields());
            }
            if let Ok((_, after)) = patient {
                mapping = after;
                if tree.repairs.is_empty() {
                    learn(line.as_bytes(), &mut mapping);
                }
            }
        }
    }
}

#[test]
fn a_body_that_is_an_object_is_read_as_its_line_is_read_patiently() {
    let line = |n: u32| {
        format!(
            r#"{{"method":"GET","path":"/orders/{n}","status":401,"res":{{"body":{{"z":[{{"n":{n}}},null],"error":"x\"{n}"}}}},"request_body":[{{"a":{n}}}]}}"#
        )
    };
    let (mut mapping, mut recent) = (Mapping::default(), Recent::default());
    let tree: Value = serde_json::from_str(&line(1)).unwrap();
    (_, mapping) = from_value(&tree, Some(&mapping)).unwrap();
    learn(line(1).as_bytes(), &mut mapping);
    let second = line(2);
    let tree: Value = serde_json::from_str(&second).unwrap();
    let (mut patient, after) = from_value(&tree, Some(&mapping)).unwrap();
    patient.format = after.logger();
    let quick = read_quickly(second.as_bytes(), &mut mapping, &mut recent).unwrap();
    assert_eq!(quick.response_body.text.raw(), br#"{"error":"x\"2","z":[{"n":2},null]}"#);
    assert_eq!(format!("{quick:?}"), format!("{patient:?}"));
    let twins = second.replace(r#""n":2}"#, r#""n":2,"n":3}"#);
    assert!(read_quickly(twins.as_bytes(), &mut mapping, &mut recent).is_none());
}

#[test]
fn the_second_line_of_a_shape_is_read_without_a_tree() {
    let line = |n: u32| {
        format!(
            r#"{{"ts":"2026-01-01T02:38:{n:02}Z","method":"GET","path":"/orders/{n}","status":200,"headers":{{"a":"\"{n}\"","authorization":"Bearer x"}}}}"#
        )
    };
    let (mut mapping, mut recent) = (Mapping::default(), Recent::default());
    let tree: Value = serde_json::from_str(&line(1)).unwrap();
    let (_, after) = from_value(&tree, Some(&mapping)).unwrap();
    mapping = after;
    assert!(read_quickly(line(1).as_bytes(), &mut mapping, &mut recent).is_none());
    learn(line(1).as_bytes(), &mut mapping);
    let second = line(2);
    let read = read_quickly(second.as_bytes(), &mut mapping, &mut recent).unwrap();
    assert_eq!((&*read.url, read.status), ("/orders/2", Some(200)));
    assert_eq!(read.request_headers[0].value, "\"2\"");
}

#[test]
fn who_saw_an_exchange_is_told_by_the_names_of_its_logger() {
    let seen = |line: Value| {
        let mapping = Mapping::default();
        from_value(&line, Some(&mapping)).unwrap().0.observer
    };
    // Zeek listens on the wire, whether it writes tables or JSON.
    let zeek = json!({"ts": 1_795_402_067.5, "uid": "C1", "id.orig_h": "192.0.2.7", "method": "GET",
        "host": "a.example", "uri": "/me", "status_code": 401});
    assert_eq!(seen(zeek), Observer::Proxy);
    // An address under nginx's name makes an application's message no line of nginx.
    let app = json!({"level": "info", "msg": "request", "remote_addr": "192.0.2.7", "method": "GET",
        "path": "/me", "status": 401});
    assert_eq!(seen(app), Observer::App);
    let nginx = json!({"remote_addr": "192.0.2.7", "request": "GET /me HTTP/1.1", "status": 401});
    assert_eq!(seen(nginx), Observer::Gateway);
}

/// Values that lines of a log have under a name.
fn logged(name: &str) -> &'static [&'static str] {
    match name {
        "ts" => &["\"2026-11-23T02:47:47Z\"", "\"2026-11-23T02:47:48.5Z\"", "1795402067", "\"-\""],
        "path" => &[
            "\"/me\"",
            "\"/me/17\"",
            "\"/me/18\"",
            "\"a.example/me\"",
            "\"http://a.example/me\"",
            "\"/x:y\"",
        ],
        "method" => &["\"GET\"", "\"POST\"", "\"GET\"", "200"],
        "status" => &["200", "\"200\"", "401", "\"-\""],
        "client_ip" => &[
            "\"192.0.2.7\"",
            "\"::ffff:192.0.2.8\"",
            "\"192.0.2.7, 10.0.0.1\"",
            "\"web-1\"",
            "\"\"",
        ],
        "user_agent" => &["\"curl/8.5.0\"", "\"a\\\"b\"", "\"-\"", "null"],
        "request_id" => {
            &["\"7d8e2f10-4b3a-4c59\"", "\"17\"", "\"\"", "1234567", "17", "-1234567", "0"]
        }
        "trace_id" => &[
            "\"0af7651916cd43dd8448eb211c80319c\"",
            "\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"",
        ],
        "headers" => &[
            "{\"authorization\":\"Bearer x\",\"accept\":\"a/b\"}",
            "{\"accept\":\"a/b\",\"Authorization\":\"\"}",
            "{\"host\":\"a.example\",\"x\":\"\\u0041\"}",
            "{}",
            "[]",
        ],
        "response_headers" => &[
            "{\"content-type\":\"a/b\",\"etag\":\"x\"}",
            "{\"date\":\"-\"}",
            "{\"a\":[\"1\"]}",
            "{}",
        ],
        "response_body" => &[
            "{\"id\":17,\"all\":[1,{\"n\":null}]}",
            "{\"id\":\"17\"}",
            "{\"id\":4.01e2}",
            "{\"id\":1,\"id\":2}",
            "\"{}\"",
            "\"a=b\"",
            "null",
            "[]",
        ],
        "msg" => &["\"/me/17\"", "\"request completed\"", "\"denied\"", "\"\""],
        _ => &["\"a.example\"", "\"-\"", "null", "7", "true", "\"x y\""],
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn lines_that_are_alike_differ_in_nothing_but_what_their_sketches_tell(
        others in prop::sample::subsequence(
            &["client_ip", "user_agent", "request_id", "trace_id", "headers", "msg", "host", "user",
              "latency_ms", "error", "response_body", "query", "scheme", "response_headers"][..],
            0..6,
        ),
        rows in prop::collection::vec(prop::collection::vec(0usize..24, 10), 2..24),
    ) {
        let mut names = vec!["ts", "method", "path", "status"];
        names.extend(others);
        let (mut mapping, mut recent) = (Mapping::default(), Recent::default());
        let mut alike: HashMap<Vec<u8>, String> = HashMap::new();
        for row in &rows {
            let member = |(name, at): (&&str, &usize)| {
                let all = logged(name);
                format!("\"{name}\":{}", all[at % all.len()])
            };
            let members: Vec<_> = names.iter().zip(row).map(member).collect();
            let line = format!("{{{}}}", members.join(","));
            let tree: Value = serde_json::from_str(&line).unwrap();
            let patient = from_value(&tree, Some(&mapping));
            if let Ok((_, after)) = &patient {
                mapping = after.clone();
                learn(line.as_bytes(), &mut mapping);
            }
            // The first time it is met by its names, the second by what stands between its values.
            read_quickly(line.as_bytes(), &mut mapping, &mut recent);
            let mut sketch = None;
            let look = recent.look(line.as_bytes());
            super::read_quickly(look, Position::default(), &mut mapping, &mut recent, &mut |shown| {
                let headers: Vec<_> = shown.request_headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
                let own = [shown.client_ip, shown.user_agent, shown.request_id, shown.trace_id].map(|text| text.map(str::to_owned));
                let fields: Vec<_> = shown.response_headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
                let answer = (fields, shown.response_body.map(str::to_owned));
                sketch = Some((shown.like.to_vec(), shown.time, shown.url.to_owned(), own, headers, answer));
                true
            });
            if let Some((like, time, url, own, mut headers, (mut fields, body))) = sketch {
                let mut rest = "no exchange".to_owned();
                if let Ok((mut exchange, after)) = patient.clone() {
                    let text = |text: &mut Option<Cow<'_, str>>| text.take().map(Cow::into_owned);
                    prop_assert_eq!(exchange.time.take(), Some(time));
                    prop_assert_eq!(std::mem::take(&mut exchange.url), url);
                    let mine = [&mut exchange.client_ip, &mut exchange.user_agent, &mut exchange.request_id, &mut exchange.trace_id].map(text);
                    prop_assert_eq!(mine, own);
                    headers.sort();
                    let sent = std::mem::take(&mut exchange.request_headers);
                    let sent: Vec<_> = sent.into_iter().map(|h| (h.name.into_owned(), h.value.into_owned())).collect();
                    prop_assert_eq!(&sent, &headers);
                    fields.sort();
                    let got = std::mem::take(&mut exchange.response_headers);
                    let got: Vec<_> = got.into_iter().map(|h| (h.name.into_owned(), h.value.into_owned())).collect();
                    prop_assert_eq!(&got, &fields);
                    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::String(text.to_owned()));
                    let read = std::mem::take(&mut exchange.response_body).text.read().into_owned();
                    prop_assert_eq!(value(&read), value(&body.unwrap_or_default()));
                    (exchange.user, exchange.request_visibility) = (None, Visibility::None);
                    exchange.response_visibility = Visibility::None;
                    // It may be that of a field.
                    exchange.host.take_if(|host| headers.contains(&("host".to_owned(), host.to_string())));
                    rest = format!("{exchange:?} {}", after.logger());
                }
                let first = alike.entry(like).or_insert_with(|| rest.clone());
                prop_assert_eq!(&*first, &rest, "{}", line);
            }
        }
    }
}

#[test]
fn a_line_is_not_read_by_the_frame_of_one_with_other_names() {
    let first = r#"{"path":"/a","host":"b.example","status":200,"ts":"2026-11-23T02:47:47Z"}"#;
    let others = [
        r#"{"host":"b.example","path":"/a","status":200,"ts":"2026-11-23T02:47:47Z"}"#,
        r#"{"path":"/a","host":"b.example","status":200,"ts":"2026-11-23T02:47:47Z","url":"/b"}"#,
        r#"{"path":"/a","host":"b.example","status":200,"ts":"2026-11-23T02:47:47Z"} "#,
        r#"{"path":"/a","host":"b.example","status":200,"ts":["2026-11-23T02:47:47Z"]}"#,
        r#"{"path":"/a","host":{"b":"example"},"status":200,"ts":"2026-11-23T02:47:47Z"}"#,
    ];
    let (mut mapping, mut recent) = (Mapping::default(), Recent::default());
    for line in others.into_iter().chain([first]) {
        let tree: Value = serde_json::from_str(line).unwrap();
        (_, mapping) = from_value(&tree, Some(&mapping)).unwrap();
        learn(line.as_bytes(), &mut mapping);
    }
    for line in others {
        // The frame of the first line is tried first.
        assert!(read_quickly(first.as_bytes(), &mut mapping, &mut recent).is_some());
        let tree: Value = serde_json::from_str(line).unwrap();
        let (mut patient, after) = from_value(&tree, None).unwrap();
        patient.format = after.logger();
        if let Some(quick) = read_quickly(line.as_bytes(), &mut mapping, &mut recent) {
            assert_eq!(format!("{quick:?}"), format!("{patient:?}"), "{line}");
        }
    }
}

#[test]
fn a_body_that_is_written_anew_in_another_way_is_not_told_as_it_stands() {
    let line = |body: &str| {
        format!(
            r#"{{"path":"/a","method":"GET","status":200,"ts":"2026-11-23T02:47:47Z","response_body":{body}}}"#
        )
    };
    let (mut mapping, mut recent) = (Mapping::default(), Recent::default());
    let tree: Value = serde_json::from_str(&line("{}")).unwrap();
    (_, mapping) = from_value(&tree, Some(&mapping)).unwrap();
    learn(line("{}").as_bytes(), &mut mapping);
    let mut told = |body: &str| {
        let mut told = None;
        let line = line(body);
        for _ in 0..2 {
            let look = recent.look(line.as_bytes());
            super::read_quickly(
                look,
                Position::default(),
                &mut mapping,
                &mut recent,
                &mut |sketch| {
                    told = sketch.response_body.map(str::to_owned);
                    true
                },
            );
        }
        told
    };
    assert_eq!(told(r#"{"n":[1]}"#).as_deref(), Some(r#"{"n":[1]}"#));
    // 401 in other words, and one with an escape.
    assert_eq!(told(r#"{"n":[4.01e2]}"#), None);
    assert_eq!(told(r#"{"n":[12345678901234567890123]}"#), None);
    assert_eq!(told(r#"{"n":["\u0065rror"]}"#), None);
}

#[test]
fn a_message_that_may_repeat_the_url_is_read_with_it() {
    let line = |url: &str, message: &str| {
        format!(
            r#"{{"path":"{url}","method":"GET","status":200,"ts":"2026-11-23T02:47:47Z","msg":"{message}"}}"#
        )
    };
    let (mut mapping, mut recent) = (Mapping::default(), Recent::default());
    let first = line("/me/17", "/me/17");
    let tree: Value = serde_json::from_str(&first).unwrap();
    (_, mapping) = from_value(&tree, Some(&mapping)).unwrap();
    learn(first.as_bytes(), &mut mapping);
    let mut is_told = |url: &str, message: &str| {
        let mut told = false;
        let line = line(url, message);
        for _ in 0..2 {
            let look = recent.look(line.as_bytes());
            super::read_quickly(look, Position::default(), &mut mapping, &mut recent, &mut |_| {
                told = true;
                true
            });
        }
        told
    };
    assert!(is_told("/me/18", "request completed"));
    assert!(!is_told("/me/18", "/me/17"));
    assert!(!is_told("/me/17", "/me/17"));
}

/// An object of fields of a few names, which may stand in it twice, and with blanks or odd values.
fn fields() -> impl Strategy<Value = String> {
    let member = (
        prop_oneof![20 => Just("a"), 20 => Just("b"), 2 => Just("accept"), 1 => Just("a\\u0062")],
        prop_oneof![40 => Just(":"), 1 => Just(": ")],
        prop_oneof![40 => Just("\"1\""), 1 => Just("\"\""), 1 => Just("\"\\n\""), 1 => Just("[1]")],
        prop_oneof![40 => Just(","), 1 => Just(" , ")],
    );
    prop::collection::vec(member, 0..4).prop_map(|members| {
        let mut inside = String::new();
        for (name, colon, value, comma) in members {
            inside.extend(["\"", name, "\"", colon, value, comma]);
        }
        inside.truncate(inside.trim_end_matches([' ', ',']).len());
        format!("{{{inside}}}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn fields_are_read_alike_whatever_fields_stood_in_the_lines_before(
        lines in prop::collection::vec((fields(), fields()), 1..16),
    ) {
        let line = |sent: &str, got: &str| {
            format!(
                r#"{{"path":"/a","method":"GET","status":200,"headers":{sent},"response_headers":{got}}}"#
            )
        };
        let first = line("{}", "{}");
        let mut mapping = Mapping::default();
        let tree: Value = serde_json::from_str(&first).unwrap();
        (_, mapping) = from_value(&tree, Some(&mapping)).unwrap();
        learn(first.as_bytes(), &mut mapping);
        let mut recent = Recent::default();
        for (sent, got) in &lines {
            let line = line(sent, got);
            let mut fresh = mapping.clone();
            let alone = read_quickly(line.as_bytes(), &mut fresh, &mut Recent::default());
            let after = read_quickly(line.as_bytes(), &mut mapping, &mut recent);
            prop_assert_eq!(format!("{after:?}"), format!("{alone:?}"), "{}", line);
        }
    }
}
