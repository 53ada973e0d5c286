//! Logs of every kind that people have: each names its format, refuses for a reason and lets in, and
//! what only looks like it is read as something else or not at all.

use serde_json::Value;

use crate::program::{Folder, verdict};

/// Lines of one format, what each is judged as, and what is no line of it.
struct Kind<'t> {
    format: &'t str,
    lines: &'t [(&'t str, &'t str)],
    others: &'t [&'t str],
}

/// Runs over the lines as one file of the format, then over those that look like it.
#[track_caller]
fn read(kind: &Kind<'_>) {
    let folder = Folder::new("formats");
    let text: String = kind.lines.iter().map(|(line, _)| format!("{line}\n")).collect();
    folder.write("a.log", text);
    let told: Vec<String> = folder
        .lines(&["--no-join", "a.log"])
        .iter()
        .map(|line| format!("{} {}", line["url"].as_str().unwrap_or_default(), verdict(line)))
        .collect();
    let expected: Vec<&str> =
        kind.lines.iter().map(|(_, told)| *told).filter(|told| !told.is_empty()).collect();
    assert_eq!(told, expected, "{}", kind.format);
    assert_eq!(
        formats(&folder, "a.log").get(kind.format),
        Some(told.len() as u64),
        "{}",
        kind.format
    );
    for (n, other) in kind.others.iter().enumerate() {
        let name = format!("other{n}.log");
        folder.write(&name, format!("{other}\n"));
        assert_eq!(formats(&folder, &name).get(kind.format), None, "{other}");
    }
}

/// The formats of one input with the number of lines that each read.
struct Formats(Value);

impl Formats {
    fn get(&self, name: &str) -> Option<u64> {
        self.0[name].as_u64()
    }
}

fn formats(folder: &Folder, name: &str) -> Formats {
    let run = folder.run(&["-f", "json", name]);
    if run.code != Some(0) {
        return Formats(Value::Null);
    }
    Formats(run.value()["inputs"][0]["formats"].clone())
}

const UNKNOWN: &str = "failure unknown suspected";

#[test]
fn frameworks() {
    read(&Kind {
        format: "rails",
        lines: &[
            (r#"Started GET "/me" for 192.0.2.7 at 2026-11-23 02:29:33 +0100"#, ""),
            ("Processing by MeController#show as JSON", ""),
            ("Completed 401 Unauthorized in 79ms (Views: 78.8ms)", &format!("/me {UNKNOWN}")),
            (r#"Started POST "/form" for 192.0.2.7 at 2026-11-23 02:29:34 +0100"#, ""),
            ("Can't verify CSRF token authenticity.", ""),
            ("Completed 422 Unprocessable Content in 1ms", "/form lookalike other.csrf stated"),
            (
                r#"I, [2026-11-23T02:29:35.1 #12]  INFO -- : [7805c9d1-c606-47d8-98f9-8f6c4d2e6310] Started GET "/ok" for 192.0.2.7 at 2026-11-23 02:29:35 +0100"#,
                "",
            ),
            (
                "I, [2026-11-23T02:29:35.2 #12]  INFO -- : [7805c9d1-c606-47d8-98f9-8f6c4d2e6310] Completed 200 OK in 5ms",
                "/ok ok - -",
            ),
        ],
        others: &["Completed 401 jobs in 12 minutes", "Started the server at 2026-11-23 02:29:33"],
    });
    read(&Kind {
        format: "django request",
        lines: &[
            (
                "WARNING 2026-11-23 02:48:13,311 log 12 140 Unauthorized: /me",
                &format!("/me {UNKNOWN}"),
            ),
            (
                "WARNING 2026-11-23 02:48:14,311 log 12 140 Forbidden (CSRF cookie not set.): /form",
                "/form lookalike other.csrf inferred",
            ),
            ("Unauthorized: /me", ""),
        ],
        others: &["2026-11-23 02:48:13,311 somebody wrote Unauthorized: /me"],
    });
    read(&Kind {
        format: "php",
        lines: &[
            (
                r"[23-Nov-2026 02:29:33 UTC] PHP Fatal error:  Uncaught Firebase\JWT\ExpiredException: Expired token in /srv/JWT.php:165",
                " failure time.expired stated",
            ),
            ("Stack trace:", ""),
            ("#0 {main}", ""),
            (
                r#"[23-Nov-2026 02:29:34] WARNING: [pool www] child 7 said into stderr: "NOTICE: PHP message: PHP Fatal error:  Uncaught Firebase\JWT\BeforeValidException: Cannot handle token with nbf prior to 2026-11-23T05:00:00+0000 in /srv/vendor/firebase/php-jwt/src/JWT.php:150""#,
                " failure time.not_yet_valid stated",
            ),
            ("[23-Nov-2026 02:29:33] NOTICE: fpm is running, pid 1", ""),
        ],
        others: &["[23-Nov-2026 02:29:33 UTC] Expired token"],
    });
    read(&Kind {
        format: "tomcat",
        lines: &[
            (
                r#"{"host":"192.0.2.7","logicalUserName":"-","user":"-","time":"[23/Nov/2026:02:29:33 +0000]","request":"GET /me HTTP/1.1","statusCode":"401","size":"-"}"#,
                &format!("/me {UNKNOWN}"),
            ),
            (
                r#"{"host":"192.0.2.7","logicalUserName":"-","user":"ann","time":"[23/Nov/2026:02:29:33 +0000]","request":"GET /me HTTP/1.1","statusCode":"200","size":"12"}"#,
                "/me ok - -",
            ),
        ],
        others: &[
            r#"{"host":"api.example.com","user":"-","time":"[23/Nov/2026:02:29:33 +0000]","request":"GET /me HTTP/1.1","statusCode":"401"}"#,
        ],
    });
}

#[test]
fn clouds() {
    read(&Kind {
        format: "akamai",
        lines: &[
            (
                r#"{"reqTimeSec":"1795400973.123","cliIP":"192.0.2.7","statusCode":"401","reqHost":"api.example.com","reqMethod":"GET","reqPath":"v1%2Fme","UA":"Mozilla%2F5.0","queryStr":"a%3D1","errorCode":"-"}"#,
                &format!("/v1/me?a=1 {UNKNOWN}"),
            ),
            (
                r#"{"reqTimeSec":"1795400974","cliIP":"192.0.2.7","statusCode":"403","reqHost":"api.example.com","reqMethod":"GET","reqPath":"me","errorCode":"ERR_ACCESS_DENIED|fwd_acl","queryStr":"-"}"#,
                "/me lookalike other.waf stated",
            ),
            (
                r#"{"reqTimeSec":"1795400975","cliIP":"192.0.2.7","statusCode":"200","reqHost":"api.example.com","reqMethod":"GET","reqPath":"me","errorCode":"-","queryStr":"-"}"#,
                "/me ok - -",
            ),
        ],
        others: &[r#"{"cliIP":"192.0.2.7","access":"read","resource":"/me","result":1}"#],
    });
    read(&Kind {
        format: "fastly",
        lines: &[
            (
                r#"192.0.2.7 "-" "-" Mon, 23 Nov 2026 02:29:33 GMT GET /me 401"#,
                &format!("/me {UNKNOWN}"),
            ),
            (
                r#"<134>2026-11-23T02:29:34Z cache-fra1 log[9]: 192.0.2.7 "-" "-" Mon, 23 Nov 2026 02:29:34 GMT GET /me 200"#,
                "/me ok - -",
            ),
        ],
        others: &[r#"192.0.2.7 "-" "-" Mon, 23 Nov 2026 02:29:33 GMT says /me 401"#],
    });
    read(&Kind {
        format: "azure",
        lines: &[
            (
                r#"{"time":"2026-11-23T02:29:33Z","callerIpAddress":"192.0.2.7","operationName":"Microsoft.ApiManagement/GatewayLogs","properties":{"method":"GET","url":"https://a.azure-api.net/me","responseCode":401,"lastError":{"source":"validate-jwt","reason":"TokenExpired","message":"JWT Validation Failed: the token is expired."}}}"#,
                "https://a.azure-api.net/me failure time.expired stated",
            ),
            (
                r#"{"time":"2026-11-23T02:29:34Z","callerIpAddress":"192.0.2.7","properties":{"method":"GET","url":"https://a.azure-api.net/me","responseCode":200}}"#,
                "https://a.azure-api.net/me ok - -",
            ),
            (
                r#"{"time":"2026-11-23T02:29:35Z","category":"ApplicationGatewayAccessLog","properties":{"clientIP":"192.0.2.7","httpMethod":"GET","requestUri":"/me","requestQuery":"X-AzureApplicationGateway-CACHE-HIT=0&SERVER-STATUS=401","httpStatus":401}}"#,
                &format!("/me {UNKNOWN}"),
            ),
            (
                r#"{"time":"2026-11-23T02:29:36Z","category":"AppServiceHTTPLogs","properties":"{\"CsHost\":\"a.azurewebsites.net\",\"CIp\":\"192.0.2.7\",\"CsUriStem\":\"\\/me\",\"CsUriQuery\":\"\",\"CsMethod\":\"GET\",\"ScStatus\":\"401\",\"ScSubStatus\":\"3\",\"ScWin32Status\":\"5\"}"}"#,
                "/me failure authz.role stated",
            ),
        ],
        others: &[
            r#"{"time":"2026-11-23T02:29:33Z","callerIpAddress":"192.0.2.7","properties":{"message":"started"}}"#,
        ],
    });
    read(&Kind {
        format: "cloudflare",
        lines: &[
            (
                r#"{"EdgeStartTimestamp":"2026-11-23T02:29:33Z","ClientIP":"192.0.2.7","ClientRequestMethod":"GET","ClientRequestURI":"/me","EdgeResponseStatus":403,"RayID":"a1","SecurityActions":["managedChallenge"]}"#,
                "/me lookalike other.waf stated",
            ),
            (
                r#"{"EdgeStartTimestamp":1795400974,"ClientIP":"192.0.2.7","ClientRequestMethod":"GET","ClientRequestURI":"/me","EdgeResponseStatus":403,"RayID":"a2","WAFAction":"drop"}"#,
                "/me lookalike other.waf stated",
            ),
            (
                r#"{"EdgeStartTimestamp":1795400975,"ClientIP":"192.0.2.7","ClientRequestMethod":"GET","ClientRequestURI":"/me","EdgeResponseStatus":401,"RayID":"a3","SecurityActions":[]}"#,
                &format!("/me {UNKNOWN}"),
            ),
            (
                r#"{"EdgeStartTimestamp":1795400976,"ClientIP":"192.0.2.7","ClientRequestMethod":"GET","ClientRequestURI":"/me","EdgeResponseStatus":200,"RayID":"a4","SecurityActions":["skip"]}"#,
                "/me ok - -",
            ),
        ],
        others: &[
            r#"{"ClientIP":"192.0.2.7","ClientRequestMethod":"GET","EdgeStartTimestamp":1795400975}"#,
        ],
    });
    read(&Kind {
        format: "gcp",
        lines: &[
            (
                r#"{"timestamp":"2026-11-23T02:29:33Z","httpRequest":{"requestMethod":"GET","requestUrl":"https://a.example/me","status":401,"remoteIp":"192.0.2.7"},"jsonPayload":{"statusDetails":"handled_by_identity_aware_proxy"}}"#,
                &format!("https://a.example/me {UNKNOWN}"),
            ),
            (
                r#"{"timestamp":"2026-11-23T02:29:34Z","httpRequest":{"requestMethod":"GET","requestUrl":"https://a.example/me","status":403,"remoteIp":"192.0.2.7"},"jsonPayload":{"statusDetails":"denied_by_security_policy"}}"#,
                "https://a.example/me lookalike other.waf stated",
            ),
            (
                r#"{"timestamp":"2026-11-23T02:29:35Z","httpRequest":{"requestMethod":"GET","requestUrl":"https://a.example/me","status":200,"remoteIp":"192.0.2.7"},"jsonPayload":{"statusDetails":"response_sent_by_backend"}}"#,
                "https://a.example/me ok - -",
            ),
        ],
        others: &[
            r#"{"timestamp":"2026-11-23T02:29:33Z","jsonPayload":{"statusDetails":"handled_by_identity_aware_proxy"}}"#,
        ],
    });
}

#[test]
fn the_gateway_of_aws() {
    let id = "3dd4b1f2-0c5b-4c1c-9b0a-2f5a7d1c1d1";
    let xml = |n: u8, status: u16, why: &str| {
        format!(
            "<request id=\"{id}{n}\"> <ip>192.0.2.7</ip> <user>-</user> <requestTime>23/Nov/2026:02:29:33 +0000</requestTime> <httpMethod>GET</httpMethod> <resourcePath>/pets</resourcePath> <status>{status}</status> <errorResponseType>{why}</errorResponseType> </request>"
        )
    };
    read(&Kind {
        format: "aws api gateway xml",
        lines: &[
            (&xml(1, 403, "INVALID_API_KEY"), "/pets failure apikey.wrong stated"),
            (&xml(2, 200, "-"), "/pets ok - -"),
        ],
        others: &["<request id=\"1\"> <status>401</status> </request>"],
    });
    read(&Kind {
        format: "aws api gateway csv",
        lines: &[
            (
                &format!(
                    "192.0.2.7,-,-,23/Nov/2026:02:29:33 +0000,GET,/pets,HTTP/1.1,401,42,{id}1"
                ),
                &format!("/pets {UNKNOWN}"),
            ),
            (
                &format!(
                    "192.0.2.7,-,ann,23/Nov/2026:02:29:34 +0000,GET,/pets,HTTP/1.1,200,42,{id}2"
                ),
                "/pets ok - -",
            ),
        ],
        others: &["192.0.2.7,-,-,23/Nov/2026:02:29:33 +0000,GET,/pets,HTTP/1.1,401,42,1"],
    });
    let told = |n: u8, text: &str| format!("({id}{n}) {text}");
    read(&Kind {
        format: "aws api gateway execution",
        lines: &[
            (&told(1, "HTTP Method: GET, Resource Path: /pets"), ""),
            (
                &told(1, "Gateway response type: EXPIRED_TOKEN with status code: 403"),
                "/pets failure time.expired stated",
            ),
            (&told(1, "Method completed with status: 403"), ""),
            (&told(2, "HTTP Method: GET, Resource Path: /pets"), ""),
            (&told(2, "Method completed with status: 200"), "/pets ok - -"),
        ],
        others: &["(1) Method completed with status: 401"],
    });
}

#[test]
fn gateways_and_servers() {
    let caddy = |status: u16, challenge: &str| {
        format!(
            "2026/11/23 02:29:33.123\tERROR\thttp.log.access.log0\thandled request\t{{\"request\": {{\"remote_ip\": \"192.0.2.7\", \"proto\": \"HTTP/2.0\", \"method\": \"GET\", \"host\": \"a.example\", \"uri\": \"/me\", \"headers\": {{\"User-Agent\": [\"curl/8.5.0\"]}}}}, \"status\": {status}, \"resp_headers\": {{{challenge}}}}}"
        )
    };
    let missing = r#""Www-Authenticate": ["Bearer realm=\"a\""]"#;
    read(&Kind {
        format: "caddy console",
        lines: &[
            (&caddy(401, missing), "/me failure header.missing proven"),
            (&caddy(200, ""), "/me ok - -"),
            (
                "2026/11/23 02:29:33.123\tINFO\tadmin\tadmin endpoint started\t{\"address\": \"localhost:2019\"}",
                "",
            ),
        ],
        others: &["2026/11/23 02:29:33.123\tERROR\thttp.handlers\tx\t{\"status\": 401}"],
    });
    let apisix = |status: u16, server: &str| {
        format!(
            r#"192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] a.example:9080 "GET /me HTTP/1.1" {status} 52 0.000 "-" "curl/8.5.0" {server} "http://a.example:9080""#
        )
    };
    read(&Kind {
        format: "apisix",
        lines: &[
            (&apisix(401, "- - -"), &format!("/me {UNKNOWN}")),
            (&apisix(200, "10.0.0.3:80 200 0.009"), "/me ok - -"),
        ],
        others: &[
            r#"192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] "GET /me HTTP/1.1" 401 52 "-" "curl/8.5.0""#,
        ],
    });
    let event = |status: u16, win32: &str| {
        format!(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-IIS-Logging'/><EventID>6200</EventID></System><EventData><Data Name='date'>2026-11-23</Data><Data Name='time'>02:29:33</Data><Data Name='c-ip'>192.0.2.7</Data><Data Name='cs-method'>GET</Data><Data Name='cs-uri-stem'>/me</Data><Data Name='sc-status'>{status}</Data><Data Name='sc-win32-status'>{win32}</Data><Data Name='sc-substatus'>1</Data></EventData></Event>"
        )
    };
    read(&Kind {
        format: "iis event",
        lines: &[
            (&event(401, "1331"), "/me failure state.user_disabled stated"),
            (&event(200, "0"), "/me ok - -"),
        ],
        others: &["<Event xmlns='x'><System><EventID>4625</EventID></System></Event>"],
    });
    read(&Kind {
        format: "tyk",
        lines: &[
            (
                r#"{"level":"info","prefix":"access-log","api_id":"a","client_ip":"192.0.2.7","host":"a.example","method":"GET","path":"/me","status":401,"response_flag":"TKE","response_code_details":"token_expired","time":"2026-11-23T02:29:33Z"}"#,
                "/me failure time.expired stated",
            ),
            (
                r#"{"level":"info","prefix":"access-log","api_id":"a","client_ip":"192.0.2.7","host":"a.example","method":"GET","path":"/me","status":200,"time":"2026-11-23T02:29:34Z"}"#,
                "/me ok - -",
            ),
        ],
        others: &[r#"{"level":"info","api_id":"a","method":"GET","path":"/me","status":401}"#],
    });
}

#[test]
fn events_without_a_status() {
    let vault = |error: &str| {
        format!(
            r#"{{"time":"2026-11-23T02:29:33Z","type":"response","auth":{{}},"request":{{"id":"a","operation":"read","path":"secret/a","remote_address":"192.0.2.7"}}{error}}}"#
        )
    };
    read(&Kind {
        format: "json",
        lines: &[
            (
                &vault(r#","error":"invalid username or password""#),
                "/v1/secret/a failure login.bad_credentials stated",
            ),
            (
                &vault(r#","error":"1 error occurred:\n\t* permission denied\n\n""#),
                "/v1/secret/a failure unknown suspected",
            ),
            (&vault(""), "/v1/secret/a ok - -"),
            (
                r#"{"severity":"INFO","time":"2026-11-23T02:29:36Z","correlation_id":"x","message":"Failed Login: username=ann ip=192.0.2.7"}"#,
                " failure login.bad_credentials stated",
            ),
            (
                r#"{"severity":"ERROR","time":"2026-11-23T02:29:36Z","correlation_id":"x","message":"Rack_Attack","env":"blocklist","remote_ip":"192.0.2.7","request_method":"GET","path":"/a.git"}"#,
                "/a.git lookalike other.ip_blocked stated",
            ),
            (
                r#"{"time":"2026-11-23T02:29:37Z","method":"GET","path":"/api/v4/user","status":401,"remote_ip":"192.0.2.7","correlation_id":"x","meta.auth_fail_reason":"token_revoked"}"#,
                "/api/v4/user failure state.revoked stated",
            ),
            (
                r#"{"msg":"Attempted access with non-existent key.","api_id":"a","mw":"AuthKey","origin":"192.0.2.7","path":"/orders","time":"2026-11-23T02:29:38Z"}"#,
                "/orders failure apikey.wrong stated",
            ),
            (
                r#"{"timestamp":"2026-11-23T02:29:39Z","protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","serviceName":"iap.googleapis.com","methodName":"AuthorizeUser","requestMetadata":{"callerIp":"192.0.2.7","requestAttributes":{"path":"/me","method":"GET"}},"status":{"code":7,"message":"Permission Denied"}}}"#,
                "/me failure authz.role stated",
            ),
        ],
        others: &[
            r#"{"time":"2026-11-23T02:29:33Z","type":"request","request":{"operation":"read","path":"a"},"error":"permission denied"}"#,
            r#"{"message":"Failed Login: username=ann ip=192.0.2.7"}"#,
        ],
    });
}

#[test]
fn runs_of_clients() {
    let folder = Folder::new("tools");
    folder.write("newman.json", r#"{"collection":{},"run":{"executions":[{"item":{"name":"me"},"request":{"url":{"protocol":"https","path":["me"],"host":["a","example"]},"header":[{"key":"Accept","value":"*/*"}],"method":"GET"},"response":{"code":401,"status":"Unauthorized","header":[{"key":"WWW-Authenticate","value":"Bearer"}]}}]}}"#);
    folder.write("charles.chlsj", r#"[{"status":"COMPLETE","method":"GET","scheme":"https","host":"a.example","port":null,"actualPort":443,"path":"/me","query":null,"times":{"start":"2026-11-23T02:29:33Z"},"durations":{},"request":{"sizes":{},"header":{"headers":[{"name":"Authorization","value":"Bearer null"}]}},"response":{"status":401,"header":{"headers":[]}}},{"status":"COMPLETE","method":"GET","scheme":"https","host":"a.example","port":null,"actualPort":443,"path":"/ok","query":null,"times":{"start":"2026-11-23T02:29:34Z"},"durations":{},"request":{"sizes":{},"header":{"headers":[]}},"response":{"status":200,"header":{"headers":[]}}}]"#);
    folder.write("bruno.json", r#"[{"results":[{"test":{"filename":"a.bru"},"request":{"method":"GET","url":"https://a.example/me","headers":{"authorization":"Bearer null"}},"response":{"status":401,"headers":{},"data":null}}]}]"#);
    folder.write("postman.json", r#"{"name":"a","startedAt":"2026-11-23T02:29:33Z","results":[{"id":"r","name":"me","url":"https://a.example/me","responseCode":{"code":401,"name":"Unauthorized"},"allTests":[{}]}]}"#);
    for (name, format, expected) in [
        ("newman.json", "newman", vec!["failure header.missing proven"]),
        ("charles.chlsj", "charles", vec!["failure header.placeholder proven", "ok - -"]),
        ("bruno.json", "bruno", vec!["failure header.placeholder proven"]),
        ("postman.json", "postman", vec![UNKNOWN]),
    ] {
        let told: Vec<String> = folder.lines(&[name]).iter().map(verdict).collect();
        assert_eq!(told, expected, "{name}");
        assert_eq!(formats(&folder, name).get(format), Some(told.len() as u64), "{name}");
    }
    folder.write("other.json", r#"{"run":{"executions":[{"item":1}]}}"#);
    assert_eq!(folder.run(&["other.json"]).code, Some(2));
}

/// The file is cut between the lines of a request, and who reads which piece does not show.
#[test]
fn lines_of_one_request_meet_wherever_the_file_is_cut() {
    let long = "x".repeat(4000);
    let mut text = String::new();
    for n in 0..1500_u32 {
        let tag = format!("[{n:08x}-c606-47d8-98f9-8f6c4d2e6310]");
        let clock = format!("02:{:02}:{:02}", n / 60, n % 60);
        text += &format!(
            "{tag} Started GET \"/a{n}?q={long}\" for 192.0.2.7 at 2026-11-23 {clock} +0000\n{tag} Processing by A#b as JSON\n"
        );
        if n > 0 {
            let before = format!("[{:08x}-c606-47d8-98f9-8f6c4d2e6310]", n - 1);
            text += &format!("{before} Completed {} X in 5ms\n", 200 + (n - 1) % 7);
        }
    }
    let folder = Folder::new("rails");
    folder.write("all.log", &text);
    let run =
        |jobs| folder.run(&["-f", "jsonl", "--class", "all", "-j", jobs, "all.log"]).succeeds();
    let one = run("1");
    assert_eq!(one.lines().len(), 1499);
    for (n, line) in one.lines().iter().enumerate() {
        assert_eq!(line["status"], 200 + n % 7);
        assert!(line["url"].as_str().unwrap_or_default().starts_with(&format!("/a{n}?")), "{n}");
    }
    assert_eq!(one.text(), run("4").text());
}

/// A few numbers that look like chance and are the same each time.
fn chance(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[test]
fn a_log_with_statuses_alone_proves_and_states_nothing() {
    const STATUSES: [u16; 24] = [
        200, 204, 302, 303, 400, 401, 401, 401, 403, 403, 404, 405, 407, 409, 419, 429, 431, 440,
        494, 498, 499, 500, 503, 511,
    ];
    const PATHS: [&str; 8] =
        ["/", "/login", "/api/orders", "/oauth/token", "/auth/refresh", "/me", "/admin", "/logout"];
    const METHODS: [&str; 5] = ["GET", "GET", "POST", "OPTIONS", "DELETE"];
    let mut seed = 20_261_129;
    for round in 0..6 {
        let mut text = String::new();
        for second in 0..600_u64 {
            let mut pick = |all: usize| usize::try_from(chance(&mut seed)).unwrap_or(0) % all;
            let (status, path) = (STATUSES[pick(STATUSES.len())], PATHS[pick(PATHS.len())]);
            let (method, client) = (METHODS[pick(METHODS.len())], pick(5));
            let clock = format!("{:02}:{:02}", second / 60, second % 60);
            text += &match round % 3 {
                0 => format!(
                    "192.0.2.{client} - - [23/Nov/2026:02:{clock} +0000] \"{method} {path} HTTP/1.1\" {status} 25 \"-\" \"curl/8.5.0\"\n"
                ),
                1 => format!(
                    "{{\"time\":\"2026-11-23T02:{clock}Z\",\"client_ip\":\"192.0.2.{client}\",\"method\":\"{method}\",\"path\":\"{path}\",\"status\":{status}}}\n"
                ),
                _ => format!("{method} {path} {status} 0.224 ms - 2\n"),
            };
        }
        let folder = Folder::new("bare");
        folder.write("a.log", text);
        for line in folder.lines(&["a.log"]) {
            let sure = ["proven", "stated"].iter().any(|sure| line["confidence"] == **sure);
            assert!(!sure, "{line}");
            let also = line["also"].as_array().into_iter().flatten();
            assert!(also.clone().all(|also| also["confidence"] != "proven"), "{line}");
        }
    }
}
