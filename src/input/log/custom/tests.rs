use super::*;
use crate::model::Visibility;

fn nginx(format: &str) -> Custom {
    Custom::nginx(format).unwrap()
}

fn apache(format: &str) -> Custom {
    Custom::apache(format).unwrap()
}

#[test]
fn a_log_format_says_what_each_column_is() {
    let format = nginx(
        r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_authorization" "$sent_http_www_authenticate" $upstream_status $request_time $request_id"#,
    );
    let line = r#"192.0.2.7 - bob [23/Nov/2026:02:47:03 +0000] "GET /me HTTP/1.1" 401 25 "-" "curl/8.5.0" "-" "Bearer realm=\x22api\x22" 502, 401 0.001 01ab"#;
    let found = format.read(line).unwrap();
    assert_eq!((found.status, &*found.url), (Some(401), "/me"));
    assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:47:03Z");
    assert_eq!(found.user_agent.as_deref(), Some("curl/8.5.0"));
    // The column is there and empty: the field was not sent.
    assert_eq!(found.request_visibility, Visibility::Column);
    assert_eq!(found.response_header("www-authenticate"), Some("Bearer realm=\"api\""));
    assert_eq!(found.reasons, [("upstream_status".into(), "401".into())]);
    assert_eq!(found.request_id.as_deref(), Some("01ab"));
}

#[test]
fn a_credential_in_its_column_is_read_as_it_was_sent() {
    let format = nginx(r#"$time_iso8601 $status "$request" "$http_authorization""#);
    let line = r#"2026-11-23T02:47:03+00:00 401 "GET /me HTTP/1.1" "Bearer  \x22q\x22 abc""#;
    let found = format.read(line).unwrap();
    assert_eq!(found.request_header("Authorization"), Some("Bearer  \"q\" abc"));
    assert_eq!(found.request_visibility, Visibility::Partial);
}

#[test]
fn a_format_may_stand_as_in_a_configuration() {
    let format = nginx(
        "log_format api escape=json '$scheme://$host$request_uri '\n    '$request_method $status '\n    '[$msec] \"$remote_user\"';",
    );
    let found =
        format.read(r#"https://api.example/me?x=1 GET 401 [1795400973.123] "a\"b""#).unwrap();
    assert_eq!(&*found.url, "https://api.example/me?x=1");
    assert_eq!(found.user.as_deref(), Some("a\"b"));
    assert_eq!(found.method.as_deref(), Some("GET"));
}

#[test]
fn a_json_format_is_read_also_where_it_makes_no_json() {
    let format = nginx(
        r#"escape=json {"s":$status,"u":$upstream_status,"r":"$request","a":"$http_authorization"}"#,
    );
    let found = format.read(r#"{"s":401,"u":,"r":"GET /me HTTP/1.1","a":""}"#).unwrap();
    assert_eq!((found.status, found.reasons.len()), (Some(401), 0));
    assert_eq!(found.request_visibility, Visibility::Column);
}

#[test]
fn path_and_query_apart_are_put_together() {
    let format = nginx("$remote_addr $request_method $uri$is_args$args $status");
    let found = format.read("192.0.2.7 GET /me?x=1 401").unwrap();
    assert_eq!(&*found.url, "/me?x=1");
    let format = apache("%h %m %U%q %s");
    assert_eq!(&*format.read("192.0.2.7 GET /me?x=1 401").unwrap().url, "/me?x=1");
    assert_eq!(&*format.read("192.0.2.7 GET /me 401").unwrap().url, "/me");
}

#[test]
fn names_stand_for_the_formats_of_the_servers_themselves() {
    let line = r#"192.0.2.7 - - [23/Nov/2026:02:47:03 +0000] "GET /me HTTP/1.1" 401 25 "-" "x""#;
    for format in [nginx("combined"), apache("combined")] {
        assert_eq!(format.read(line).unwrap().status, Some(401));
        assert!(format.read(&format!("{line} more")).is_none());
    }
    assert!(apache("common").read(line).is_none());
    let line = format!("shop.example:443 {line}");
    assert_eq!(apache("vhost_combined").read(&line).unwrap().host.as_deref(), Some("shop.example"));
}

#[test]
fn a_format_of_apache_has_its_own_escapes_times_and_ids() {
    let format = apache(
        r#"LogFormat "%{%Y-%m-%dT%H:%M:%S}t.%{msec_frac}t%{%z}t %h \"%r\" %>s %D \"%{Authorization}i\" \"%{WWW-Authenticate}o\" %L" auth"#,
    );
    let line = r#"2026-11-23T02:47:03.123+0000 192.0.2.7 "GET /me HTTP/1.1" 401 346 "Basic dTpw" "Basic realm=\"adm\"" oE6cmQD4TKs"#;
    let found = format.read(line).unwrap();
    assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:47:03.123Z");
    assert_eq!(found.request_header("authorization"), Some("Basic dTpw"));
    assert_eq!(found.response_header("www-authenticate"), Some("Basic realm=\"adm\""));
    assert_eq!(found.request_id.as_deref(), Some("oE6cmQD4TKs"));
}

#[test]
fn a_client_cannot_move_columns() {
    let format = nginx("combined");
    let line = r#"192.0.2.7 - eve [01/Jan/2020:00:00:00 +0000] \x22GET /forged HTTP/1.1\x22 200 1 [23/Nov/2026:02:47:03 +0000] "GET /real HTTP/1.1" 401 25 "-" "\x22 200""#;
    let found = format.read(line).unwrap();
    assert_eq!((found.status, &*found.url), (Some(401), "/real"));
}

#[test]
fn errors_name_the_variable_and_the_place() {
    let error = Custom::nginx("$remote_adr $status $request").unwrap_err();
    assert_eq!(error.to_string(), "`$remote_adr` at character 1 is no variable of nginx");
    let FormatError::Unknown { near, .. } = error else { panic!("a near miss") };
    assert_eq!(near.as_deref(), Some("$remote_addr"));
    let error = Custom::nginx("$status ${request").unwrap_err();
    assert_eq!(error.to_string(), "`${` at character 9 is not complete");
    let error = Custom::apache("%h %s %Z %r").unwrap_err();
    assert_eq!(error.to_string(), "`%Z` at character 7 is no variable of Apache");
    let error = Custom::apache("%h %{Referer %s").unwrap_err();
    assert!(error.to_string().contains("at character 4 is not complete"));
    let error = Custom::nginx("$remote_addr $request").unwrap_err();
    assert_eq!(error.to_string(), "the format has no $status: without it no line is a request");
}

#[test]
fn variables_of_modules_and_of_the_user_are_passed_over() {
    let format = nginx(r#"$remote_addr $geo_zone "$my_own" $status "$request" $cookie_sid"#);
    let found = format.read(r#"192.0.2.7 eu west "a b" 401 "GET / HTTP/1.1" secret"#).unwrap();
    assert_eq!(found.status, Some(401));
    assert!(found.request_headers.is_empty());
}
