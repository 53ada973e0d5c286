//! Text logs of gateways, balancers, error logs and identity providers: what a line says why it was
//! refused is the cause that is reported.

use serde_json::Value;

use crate::program::{Folder, verdict};

/// Runs over one file a line, each of another client, and returns the line of each.
fn judged(lines: &[String]) -> Vec<Value> {
    let folder = Folder::new("gateway");
    let names: Vec<String> = (0..lines.len()).map(|n| format!("{n:03}.log")).collect();
    for (n, (name, line)) in names.iter().zip(lines).enumerate() {
        let line = line.replace("ADDR", &format!("192.0.2.{}", n + 1));
        folder.write(name, format!("{}\n", line.replace("PATH", &format!("/area{n}/thing"))));
    }
    let args: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = folder.lines(&args);
    assert_eq!(found.len(), lines.len(), "a line is an exchange");
    found
}

/// Asserts of each line what it is judged as.
#[track_caller]
fn come_to(cases: &[(String, &str)]) {
    let lines: Vec<String> = cases.iter().map(|(line, _)| line.clone()).collect();
    let mut wrong = Vec::new();
    for ((line, expected), found) in cases.iter().zip(judged(&lines)) {
        let verdict = verdict(&found);
        if !expected.split('|').any(|one| verdict == one) {
            wrong.push(format!("{verdict}, not {expected}: {line}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn istio(status: u16, flags: &str, details: &str) -> String {
    format!(
        r#"[2026-11-23T02:29:33.310Z] "GET PATH HTTP/1.1" {status} {flags} {details} - "-" 0 28 0 - "ADDR" "curl/8.5.0" "b6d1-4c" "api.example.com" "-" outbound|80||api.shop.svc.cluster.local - 10.1.0.6:8080 ADDR:35358 - default"#
    )
}

#[test]
fn response_code_details_of_a_mesh_name_the_cause() {
    let jwt = |why: &str| istio(401, "-", &format!("jwt_authn_access_denied{{{why}}}"));
    come_to(&[
        (jwt("Jwt_is_missing"), "failure header.missing stated"),
        (jwt("Jwt_is_expired"), "failure time.expired stated"),
        (jwt("Jwt_not_yet_valid"), "failure time.not_yet_valid stated"),
        (jwt("Jwt_issuer_is_not_configured"), "failure claim.issuer stated"),
        (jwt("Audiences_in_Jwt_are_not_allowed"), "failure claim.audience stated"),
        (jwt("Jwt_verification_fails"), "failure signature.invalid stated"),
        (jwt("Jwt_header_[alg]_is_not_supported"), "failure signature.algorithm stated"),
        (jwt("Jwks_remote_fetch_is_failed"), "failure verifier.unavailable stated"),
        (
            istio(403, "-", "rbac_access_denied_matched_policy[ns[a]-policy[b]-rule[0]]"),
            "failure authz.role stated",
        ),
    ]);
}

#[test]
fn details_that_tell_of_no_verifier_blame_nothing() {
    come_to(&[
        // The application said so: the mesh knows no more.
        (istio(401, "-", "via_upstream"), "failure unknown suspected"),
        (istio(404, "NR", "route_not_found"), "ok - -"),
        (istio(503, "UF", "upstream_reset_before_response_started{connection_failure}"), "ok - -"),
        (istio(429, "RL", "request_rate_limited"), "lookalike other.rate_limit stated"),
        (istio(200, "-", "via_upstream"), "ok - -"),
    ]);
}

fn balancer(status: u16, target: &str, actions: &str, error: &str) -> String {
    format!(
        r#"https 2026-11-23T02:29:33.186641Z app/api/50dc6c495c0c9188 ADDR:44740 - -1 -1 -1 {status} {target} 0 57 "GET https://api.example.com:443PATH HTTP/1.1" "curl/8.5.0" ECDHE TLSv1.2 - "Root=1-58337281-1d84f3d73c47ec4e58577259" "api.example.com" "-" 1 2026-11-23T02:29:33.100000Z "{actions}" "-" "{error}" "-" "-" "-" "-""#
    )
}

#[test]
fn a_balancer_names_what_its_verifier_found() {
    come_to(&[
        (
            balancer(401, "-", "jwt-validation", "JWTHeaderNotPresent"),
            "failure header.missing stated",
        ),
        (
            balancer(401, "-", "jwt-validation", "JWTSignatureValidationError"),
            "failure signature.invalid stated",
        ),
        (balancer(401, "-", "authenticate", "AuthInvalidCookie"), "failure session.expired stated"),
        (
            balancer(500, "-", "authenticate", "AuthTokenEpRequestTimeout"),
            "failure verifier.unavailable stated",
        ),
        (balancer(403, "-", "waf", "-"), "lookalike other.waf stated"),
        (balancer(401, "401", "waf,forward", "-"), "failure unknown suspected"),
        (balancer(404, "-", "waf,fixed-response", "-"), "ok - -"),
        (balancer(200, "200", "authenticate,forward", "-"), "ok - -"),
    ]);
}

fn bucket(status: u16, error: &str, signed: bool) -> String {
    let (requester, signature, kind) =
        if signed { ("arn:aws:iam::1:user/ann", "SigV4", "AuthHeader") } else { ("-", "-", "-") };
    format!(
        r#"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be files [23/Nov/2026:02:29:33 +0000] ADDR {requester} 3E57427F3EXAMPLE REST.GET.OBJECT a.txt "GET PATH HTTP/1.1" {status} {error} 243 - 7 - "-" "aws-cli/2" - s9lzHYrFp76ZVxRc= {signature} ECDHE {kind} files.s3.amazonaws.com TLSv1.2 - -"#
    )
}

#[test]
fn a_bucket_names_the_error_code() {
    come_to(&[
        (bucket(403, "SignatureDoesNotMatch", true), "failure sigv4.signature stated"),
        (bucket(403, "RequestTimeTooSkewed", true), "failure sigv4.skew stated"),
        (bucket(403, "InvalidAccessKeyId", true), "failure apikey.wrong inferred"),
        (bucket(404, "NoSuchKey", true), "ok - -"),
        (bucket(200, "-", false), "ok - -"),
    ]);
}

fn haproxy(status: u16, state: &str, captures: &str) -> String {
    format!(
        "ADDR:35232 [23/Nov/2026:02:46:25.678] fe be/s1 0/0/0/1/1 {status} 281 - - {state} 1/1/0/0/0 0/0 {captures} \"GET PATH HTTP/1.1\""
    )
}

#[test]
fn a_captured_challenge_speaks_and_a_token_that_the_log_cut_is_whole() {
    let token = "Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IjIwMjYtMDEif";
    let expired = "{Bearer realm=#22a#22, error=#22invalid_token#22, error_description=#22The access token expired#22}";
    come_to(&[
        (
            haproxy(401, "----", &format!("{{{token}|curl/8.5.0}} {expired}")),
            "failure time.expired stated",
        ),
        (
            haproxy(401, "----", &format!("{{{token}|curl/8.5.0}} {{}}")),
            "failure unknown suspected",
        ),
        (haproxy(401, "PR--", "{|curl/8.5.0} {}"), "failure unknown suspected"),
        (haproxy(200, "----", "{|curl/8.5.0} {}"), "ok - -"),
    ]);
}

fn nginx(message: &str) -> String {
    format!(
        r#"2026/11/23 02:29:33 [error] 7#7: *14 {message}, client: ADDR, server: , request: "GET PATH HTTP/1.1", host: "api.example.com""#
    )
}

fn apache(message: &str) -> String {
    format!(
        "[Mon Nov 23 02:29:33.101172 2026] [auth_basic:error] [pid 8:tid 9] [client ADDR:58728] {message}"
    )
}

#[test]
fn error_logs_of_web_servers_name_the_cause() {
    come_to(&[
        (nginx(r#"user "ann": password mismatch"#), "failure basic.bad_password stated"),
        (nginx(r#"user "ann" was not found in "/etc/x""#), "failure basic.bad_password stated"),
        (nginx("auth request unexpected status: 500"), "failure verifier.unavailable stated"),
        (
            nginx("client sent no required SSL certificate while reading client request headers"),
            "failure mtls.required stated",
        ),
        (nginx("access forbidden by rule"), "lookalike other.ip_blocked inferred"),
        (
            nginx("limiting requests, excess: 20.450 by zone \"one\""),
            "lookalike other.rate_limit stated",
        ),
        (
            apache(r#"AH01617: user ann: authentication failure for "/x": Password Mismatch"#),
            "failure basic.bad_password stated",
        ),
        (
            apache("AH01614: client used wrong authentication scheme: /x"),
            "failure header.scheme_wrong stated",
        ),
        (
            apache(r#"AH01631: user ann: authorization failure for "/x": "#),
            "failure authz.role stated",
        ),
        (
            apache("AH01630: client denied by server configuration: /srv/x"),
            "lookalike other.ip_blocked inferred",
        ),
        (
            apache(
                "ModSecurity: Access denied with code 403 (phase 2). Pattern match \"x\" at ARGS:a. [uri \"/x\"]",
            ),
            "lookalike other.waf stated",
        ),
    ]);
}

/// nginx writes the same for a Bearer token as for no credential at all.
#[test]
fn a_password_that_was_not_provided_is_no_proof_that_nothing_was_sent() {
    let line = nginx("no user/password was provided for basic authentication");
    let found = judged(&[line]);
    let first = found.first().unwrap();
    assert_eq!(first["class"], "failure");
    assert!(!["proven", "stated"].iter().any(|sure| first["confidence"] == *sure), "{first}");
}

#[test]
fn a_user_name_in_an_error_log_is_shown_nowhere() {
    let found = judged(&[
        nginx(r#"user "margarethe": password mismatch"#),
        apache(r#"AH01617: user margarethe: authentication failure for "/x": Password Mismatch"#),
        "time=\"2026-11-23T02:29:33Z\" level=error msg=\"Unsuccessful 1FA authentication attempt by user 'margarethe'\" method=POST path=/api/firstfactor remote_ip=ADDR".to_owned(),
    ]);
    for line in &found {
        assert!(!line.to_string().contains("margarethe"), "{line}");
        assert!(line["user"].as_str().is_some_and(|user| user.starts_with("sub:")), "{line}");
    }
}

fn keycloak(kind: &str, rest: &str) -> String {
    format!(
        "2026-11-23 02:29:33,357 WARN  [org.keycloak.events] (executor-thread-1) type={kind}, realmId=shop, clientId=web, userId=null, ipAddress=ADDR, {rest}"
    )
}

#[test]
fn events_of_identity_providers_name_the_cause() {
    come_to(&[
        (keycloak("LOGIN_ERROR", "error=invalid_user_credentials"), "failure login.bad_credentials stated"),
        (keycloak("LOGIN_ERROR", "error=user_disabled"), "failure state.user_disabled stated"),
        (
            keycloak("REFRESH_TOKEN_ERROR", "error=invalid_token, reason=\"Token reuse detected\""),
            "failure oauth.refresh_reuse stated|failure oauth.refresh_refused stated",
        ),
        (keycloak("REFRESH_TOKEN_ERROR", "error=invalid_token"), "failure oauth.refresh_refused stated"),
        (keycloak("CODE_TO_TOKEN_ERROR", "error=invalid_code"), "failure oauth.invalid_grant stated"),
        (
            keycloak("CLIENT_LOGIN_ERROR", "error=invalid_client_credentials"),
            "failure oauth.invalid_client stated",
        ),
        (
            keycloak("LOGIN_ERROR", "error=invalid_redirect_uri"),
            "failure oauth.redirect_mismatch stated",
        ),
        (
            "time=\"2026-11-23T02:29:33Z\" level=error msg=\"Unsuccessful TOTP authentication attempt by user 'x'\" method=POST path=/api/secondfactor/totp remote_ip=ADDR".to_owned(),
            "failure login.bad_code stated",
        ),
        (
            "2026-11-23T02:29:33+01:00: authentication failure; rhost=[::ffff:ADDR]:47414 user=ann@pam msg=user account disabled or expired.".to_owned(),
            "failure state.user_disabled stated",
        ),
        (
            r#"[2026-11-23 02:29:33.729 +01:00] [INF] [79] Jellyfin.Server.Implementations.Users.UserManager: Authentication request for "ann" has been denied (IP: "ADDR")."#.to_owned(),
            "failure login.bad_credentials stated",
        ),
        (
            "2026-11-23 02:29:33.311 -05:00 [WRN] Failed login attempt. ADDR".to_owned(),
            "failure login.bad_credentials stated",
        ),
        (
            "2026-11-23 02:29:33.311 -05:00 [WRN] Failed login attempt, 2FA invalid. ADDR".to_owned(),
            "failure login.bad_code stated",
        ),
    ]);
}

#[test]
fn logfmt_lines_are_judged_as_json_lines_are() {
    let tyk = |flag: &str, status: u16| {
        format!(
            "time=\"2026-11-23T02:29:33Z\" level=info prefix=access-log method=GET path=PATH host=api.example.com client_ip=ADDR status={status} response_flag={flag}"
        )
    };
    come_to(&[
        (tyk("TKE", 401), "failure time.expired stated"),
        (tyk("AMF", 401), "failure header.missing stated"),
        (tyk("RLT", 429), "lookalike other.rate_limit stated"),
        (tyk("-", 200), "ok - -"),
    ]);
}

const IIS: &str = "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken";

fn iis(rows: &[&str]) -> Vec<String> {
    let folder = Folder::new("iis");
    folder.write("u_ex.log", format!("{IIS}\n{}\n", rows.join("\n")));
    folder.lines(&["u_ex.log"]).iter().map(verdict).collect()
}

#[test]
fn sub_status_and_system_code_of_iis_name_the_cause() {
    let rows = [
        "2026-11-23 02:29:33 10.0.0.5 GET /a - 443 - 192.0.2.1 curl/8 403 7 64 1",
        "2026-11-23 02:29:33 10.0.0.5 GET /b - 443 - 192.0.2.2 curl/8 403 17 0 1",
        "2026-11-23 02:29:33 10.0.0.5 GET /c - 443 CORP\\ann 192.0.2.3 curl/8 401 1 1909 1",
        "2026-11-23 02:29:33 10.0.0.5 GET /d - 443 CORP\\ann 192.0.2.4 curl/8 401 3 5 1",
        "2026-11-23 02:29:33 10.0.0.5 GET /e - 443 - 192.0.2.5 curl/8 403 6 0 1",
        "2026-11-23 02:29:33 10.0.0.5 GET /f - 443 - 192.0.2.6 curl/8 404 3 2 1",
    ];
    assert_eq!(
        iis(&rows),
        [
            "failure mtls.required stated",
            "failure mtls.invalid stated",
            "failure state.user_locked stated",
            "failure authz.role stated",
            "lookalike other.ip_blocked stated",
            "ok - -",
        ]
    );
}

#[test]
fn legs_of_a_handshake_are_no_failures() {
    let rows = [
        "2026-11-23 02:29:33 10.0.0.5 GET /a - 443 - 192.0.2.1 curl/8 401 2 2148074254 1",
        "2026-11-23 02:29:33 10.0.0.5 GET /a - 443 - 192.0.2.1 curl/8 401 1 2148074254 1",
        "2026-11-23 02:29:33 10.0.0.5 GET /a - 443 CORP\\ann 192.0.2.1 curl/8 200 0 0 9",
    ];
    let found = iis(&rows);
    assert!(found.iter().take(2).all(|line| line.starts_with("expected ")), "{found:?}");
    // The same legs without the success behind them are refusals.
    let alone = iis(rows.get(..2).unwrap());
    assert!(alone.iter().all(|line| line.starts_with("failure ")), "{alone:?}");
}

#[test]
fn a_log_of_bare_statuses_states_nothing() {
    let found = judged(&[
        haproxy(401, "----", ""),
        r#"[2026-11-23T02:29:33.310Z] "GET PATH HTTP/1.1" 401 - 0 19 3 - "ADDR" "curl/8" "id-1" "api.example.com" "-""#.to_owned(),
        r#"2026-11-23T02:29:33.945958Z my-elb ADDR:2817 10.0.0.1:80 0.1 0.2 0.3 403 403 0 29 "GET http://api.example.com:80PATH HTTP/1.1" "curl/8" - -"#.to_owned(),
    ]);
    for line in &found {
        assert!(!["proven", "stated"].iter().any(|sure| line["confidence"] == *sure), "{line}");
    }
}

/// Every line is an exchange, a named skip or passed over, and columns reach the rows behind them,
/// wherever the file is cut and however many workers there are.
#[test]
fn columns_reach_all_rows_behind_them() {
    let mut text = String::new();
    for n in 0..3000_u32 {
        if n % 1000 == 0 {
            // The order of the columns changes with each head.
            let order = if n % 2000 == 0 { "cs-method sc-status" } else { "sc-status cs-method" };
            text += &format!("#Software: x\n#Fields: date time {order} cs-uri-stem c-ip\n");
        }
        let (status, method) = (200 + n % 7, "GET");
        let words =
            if n / 1000 != 1 { format!("{method} {status}") } else { format!("{status} {method}") };
        text += &format!("2026-11-23 02:{:02}:{:02} {words} /a{n} 192.0.2.7\n", n / 60, n % 60);
    }
    let folder = Folder::new("columns");
    folder.write("all.log", &text);
    let one = folder.run(&["-f", "jsonl", "--class", "all", "-j", "1", "all.log"]).succeeds();
    assert_eq!(one.lines().len(), 3000);
    for (n, line) in one.lines().iter().enumerate() {
        assert_eq!(line["status"], 200 + n % 7, "{line}");
        assert_eq!(line["method"], "GET");
    }
    let many = folder.run(&["-f", "jsonl", "--class", "all", "-j", "4", "all.log"]).succeeds();
    assert_eq!(one.text(), many.text());
}

#[test]
fn a_column_of_one_field_cannot_show_what_came_under_another_name() {
    let column = r#"{"status":401,"request":"GET PATH HTTP/1.1","http_authorization":"","remote_addr":"ADDR"}"#;
    // A logger of all fields would have shown a misspelt one.
    let all = r#"{"level":30,"time":1795399983000,"req":{"method":"GET","url":"PATH","headers":{"host":"a.example"}},"res":{"statusCode":401}}"#;
    come_to(&[
        (column.to_owned(), "failure header.missing inferred"),
        (all.to_owned(), "failure header.missing proven"),
    ]);
}

#[test]
fn a_token_that_the_logger_cut_was_whole_when_the_server_judged_it() {
    let line = |sent: &str| {
        serde_json::json!({
            "status": 401, "request": "GET PATH HTTP/1.1", "remote_addr": "ADDR",
            "http_authorization": sent,
            "www_authenticate": r#"Bearer error="invalid_token", error_description="The access token expired""#,
        })
        .to_string()
    };
    let head = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IjIwMjYtMDEifQ";
    come_to(&[
        (line(&format!("{head}.eyJpc3M...")), "failure time.expired stated"),
        (line(&format!("Bearer {head}.eyJpc3M...")), "failure time.expired stated"),
    ]);
}
