//! The same exchange as several observers saw it: counted once, judged with what all of them say.

use serde_json::{Value, json};

use crate::program::{Folder, verdict};

/// An id as gateways make them, unlike every other number's.
fn id(n: usize) -> String {
    format!("7d8e2f10-4b3a-4c59-9e61-0a1b2c3d{n:04x}")
}

/// One request: its number, when (milliseconds past ten o'clock), the path, the status.
#[derive(Clone, Copy)]
struct Call {
    n: usize,
    at: i64,
    path: &'static str,
    status: u16,
}

fn call(n: usize, at: i64, path: &'static str, status: u16) -> Call {
    Call { n, at, path, status }
}

/// Four refusals, five seconds apart.
fn four() -> Vec<Call> {
    (0..4).map(|n| call(n, n as i64 * 5_000, "/orders", 401)).collect()
}

fn clock(at: i64, zone: &str) -> String {
    let (hours, rest) = (10 + at.div_euclid(3_600_000), at.rem_euclid(3_600_000));
    let (minutes, seconds, millis) = (rest / 60_000, rest / 1_000 % 60, rest % 1_000);
    format!("2026-11-20T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}{zone}")
}

/// A browser's capture; the answer repeats the id.
fn browser(calls: &[Call]) -> String {
    let entries: Vec<Value> = calls
        .iter()
        .map(|call| {
            json!({
                "startedDateTime": clock(call.at, "Z"), "time": 20, "cache": {},
                "timings": {"send": 0, "wait": 20, "receive": 0},
                "request": {
                    "method": "GET", "url": format!("https://api.shop.example{}", call.path),
                    "httpVersion": "HTTP/1.1", "headers": [], "cookies": [], "queryString": [],
                    "headersSize": -1, "bodySize": 0,
                },
                "response": {
                    "status": call.status, "statusText": "", "httpVersion": "HTTP/1.1",
                    "headers": [{"name": "X-Request-Id", "value": id(call.n)}], "cookies": [],
                    "content": {"size": 0, "mimeType": ""}, "redirectURL": "",
                    "headersSize": -1, "bodySize": -1,
                },
            })
        })
        .collect();
    let creator = json!({"name": "Firefox", "version": "130"});
    json!({"log": {"version": "1.2", "creator": creator, "entries": entries}}).to_string()
}

/// What a gateway logs: it says why.
fn gateway_line(call: Call) -> Value {
    let details =
        if call.status == 401 { "jwt_authn_access_denied{Jwt_is_expired}" } else { "via_upstream" };
    json!({
        "start_time": clock(call.at + 30, "Z"), "method": "GET", "path": call.path,
        "response_code": call.status, "response_code_details": details, "request_id": id(call.n),
        "authority": "api.shop.example", "downstream_remote_address": "192.0.2.7:50123",
    })
}

fn lines_of(lines: impl IntoIterator<Item = Value>) -> String {
    lines.into_iter().map(|line| format!("{line}\n")).collect()
}

fn gateway(calls: &[Call]) -> String {
    lines_of(calls.iter().map(|call| gateway_line(*call)))
}

/// A line of an access log: no reason, times to the second.
fn access_line(at: i64, ip: &str, agent: &str) -> Value {
    json!({
        "time": clock(at / 1_000 * 1_000, "Z"), "remote_addr": ip, "method": "GET",
        "path": "/private", "status": 401, "user_agent": agent,
    })
}

/// A line of an error log: the reason, and no status.
fn error_line(at: i64, ip: &str, reason: &str, zone: &str) -> Value {
    json!({
        "time": clock(at / 1_000 * 1_000, zone), "remote_addr": ip, "method": "GET",
        "path": "/private", "error_reason": reason,
    })
}

const MISMATCH: &str = "user \"bob\": password mismatch";
const NOT_FOUND: &str = "user \"eve\" was not found in \"/etc/nginx/htpasswd\"";

fn causes(report: &Value) -> Vec<(String, u64)> {
    let rows = report["causes"].as_array().unwrap().iter();
    rows.map(|c| (c["id"].as_str().unwrap().to_owned(), c["count"].as_u64().unwrap())).collect()
}

fn assumed(report: &Value) -> String {
    report["assumptions"].to_string()
}

#[test]
fn what_the_browser_saw_and_the_gateway_explains_is_one_exchange() {
    let folder = Folder::new("views");
    folder.write("browser.har", browser(&four()));
    folder.write("gateway.log", gateway(&four()));
    let report = folder.report(&["browser.har", "gateway.log"]);
    assert_eq!(report["totals"]["failure"], 4);
    assert_eq!(report["totals"]["exchanges"], 4);
    assert_eq!(report["totals"]["by_status"]["401"], 4);
    assert_eq!(causes(&report), [("time.expired".to_owned(), 4)]);
    let inputs = report["inputs"].as_array().unwrap();
    assert!(inputs.iter().all(|input| input["exchanges"] == 4), "what was read stays: {inputs:?}");
    assert_eq!(report["incidents"][0]["count"], 4);
    let buckets = report["timeline"]["buckets"].as_array().unwrap();
    assert_eq!(buckets.len(), 4, "{buckets:?}");
    assert!(buckets.iter().all(|b| b["ok"] == 0 && b["failures"]["time.expired"] == 1));
    assert!(assumed(&report).contains("4 of its exchanges stand in browser.har too"), "{report}");

    let lines = folder.lines(&["browser.har", "gateway.log"]);
    assert_eq!(lines.len(), 4);
    for (n, line) in lines.iter().enumerate() {
        assert_eq!(line["source"], "browser.har");
        assert_eq!(verdict(line), "failure time.expired stated");
        let view = &line["views"][0];
        assert_eq!((&view["source"], &view["line"]), (&json!("gateway.log"), &json!(n + 1)));
        assert_eq!((&view["observer"], &view["status"]), (&json!("gateway"), &json!(401)));
        assert_eq!(view["says"], "time.expired");
        let fact =
            format!("gateway.log line {} says `jwt_authn_access_denied{{Jwt_is_expired}}`", n + 1);
        assert_eq!(line["evidence"][0]["fact"], fact);
        assert!(line["evidence"][0]["where"].as_str().unwrap().starts_with("gateway.log"));
    }
    let text = folder.run(&["browser.har", "gateway.log"]).succeeds().text();
    assert!(text.contains("gateway.log line 1 says"), "{text}");
}

#[test]
fn what_was_let_in_counts_once_too() {
    let calls: Vec<Call> = (0..6)
        .map(|n| call(n, n as i64 * 5_000, "/orders", if n < 2 { 401 } else { 200 }))
        .collect();
    let folder = Folder::new("let-in");
    folder.write("browser.har", browser(&calls));
    folder.write("gateway.log", gateway(&calls));
    let report = folder.report(&["browser.har", "gateway.log"]);
    let totals = &report["totals"];
    assert_eq!((&totals["exchanges"], &totals["ok"]), (&json!(6), &json!(4)));
    assert_eq!(totals["by_status"], json!({"200": 4, "401": 2}));
    let lines = folder.lines(&["browser.har", "gateway.log"]);
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[5]["class"], "ok");
    assert_eq!(
        (&lines[5]["views"][0]["line"], &lines[5]["views"][0]["status"]),
        (&json!(6), &json!(200))
    );
    // Without an id, or with one that comes twice, nothing tells.
    folder.write("gateway.log", gateway(&[calls[4], calls[4]]));
    assert_eq!(folder.report(&["browser.har", "gateway.log"])["totals"]["exchanges"], 8);
}

#[test]
fn without_joining_every_line_counts() {
    let folder = Folder::new("no-join");
    folder.write("browser.har", browser(&four()));
    folder.write("gateway.log", gateway(&four()));
    let report = folder.report(&["browser.har", "gateway.log", "--no-join"]);
    assert_eq!(report["totals"]["exchanges"], 8);
    assert_eq!(report["totals"]["failure"], 8);
    let lines = folder.lines(&["browser.har", "gateway.log", "--no-join"]);
    assert_eq!(lines.len(), 8);
    assert!(lines.iter().all(|line| line["views"] == json!([])));
}

#[test]
fn another_id_path_status_or_time_is_another_exchange() {
    let calls = [call(1, 0, "/orders", 401)];
    for (what, other) in [
        ("id", call(2, 0, "/orders", 401)),
        ("path", call(1, 0, "/carts", 401)),
        ("status", call(1, 0, "/orders", 403)),
        ("time", call(1, 6_000, "/orders", 401)),
    ] {
        let folder = Folder::new("others");
        folder.write("browser.har", browser(&calls));
        folder.write("gateway.log", gateway(&[other]));
        let report = folder.report(&["browser.har", "gateway.log"]);
        assert_eq!(report["totals"]["exchanges"], 2, "another {what}");
    }
    let folder = Folder::new("boundary");
    folder.write("browser.har", browser(&calls));
    // The gateway writes 30 ms later: five seconds apart to the millisecond.
    folder.write("gateway.log", gateway(&[call(1, 4_970, "/orders", 401)]));
    assert_eq!(folder.report(&["browser.har", "gateway.log"])["totals"]["exchanges"], 1);
}

#[test]
fn a_gateway_may_take_the_prefix_of_a_service_off_the_path() {
    let folder = Folder::new("prefix");
    folder.write("browser.har", browser(&[call(1, 0, "/shop/orders", 401)]));
    folder.write("gateway.log", gateway(&[call(1, 0, "/orders", 401)]));
    assert_eq!(folder.report(&["browser.har", "gateway.log"])["totals"]["exchanges"], 1);
}

#[test]
fn clocks_that_differ_by_the_same_span_agree() {
    let late: Vec<Call> = four().iter().map(|c| call(c.n, c.at + 420_000, c.path, 401)).collect();
    let folder = Folder::new("clocks");
    folder.write("browser.har", browser(&four()));
    folder.write("gateway.log", gateway(&late));
    assert_eq!(folder.report(&["browser.har", "gateway.log"])["totals"]["exchanges"], 4);
    // Two pairs may differ so by chance.
    folder.write("few.log", gateway(&late[..2]));
    assert_eq!(folder.report(&["browser.har", "few.log"])["totals"]["exchanges"], 6);
}

#[test]
fn a_retry_under_the_same_id_is_an_exchange_of_its_own() {
    let folder = Folder::new("retry");
    folder.write("one.har", browser(&[call(1, 0, "/orders", 401), call(1, 900, "/orders", 401)]));
    assert_eq!(folder.report(&["one.har"])["totals"]["failure"], 2);
    // The gateway saw both: each attempt has its view.
    folder
        .write("gateway.log", gateway(&[call(1, 0, "/orders", 401), call(1, 900, "/orders", 401)]));
    let lines = folder.lines(&["one.har", "gateway.log"]);
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[0]["views"][0]["line"], &lines[1]["views"][0]["line"]),
        (&json!(1), &json!(2))
    );
    // The gateway tried again by itself: which attempt the browser waited for is not known.
    folder.write("alone.har", browser(&[call(1, 0, "/orders", 401)]));
    assert_eq!(folder.report(&["alone.har", "gateway.log"])["totals"]["failure"], 3);
}

#[test]
fn an_id_that_is_always_the_same_joins_nothing() {
    let same: Vec<Call> = (0..4).map(|n| call(7, n * 5_000, "/orders", 401)).collect();
    let folder = Folder::new("constant");
    folder.write("browser.har", browser(&same));
    folder.write("gateway.log", gateway(&same));
    assert_eq!(folder.report(&["browser.har", "gateway.log"])["totals"]["failure"], 8);
}

#[test]
fn two_nodes_that_tried_one_request_each_are_two_attempts() {
    let folder = Folder::new("nodes");
    folder.write("node-a.log", gateway(&[call(1, 0, "/orders", 401)]));
    folder.write("node-b.log", gateway(&[call(1, 200, "/orders", 401)]));
    assert_eq!(folder.report(&["node-a.log", "node-b.log"])["totals"]["failure"], 2);
}

#[test]
fn a_token_that_only_the_gateway_shows_is_evidence_for_the_browser() {
    // Expired a minute before the request: {"alg":"HS256","typ":"JWT"}, {"exp":1795168740}.
    let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjE3OTUxNjg3NDB9.\
                 q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k";
    let mut line = gateway_line(call(1, 0, "/orders", 401));
    line["response_code_details"] = json!("-");
    line["request_headers"] = json!({"authorization": format!("Bearer {token}")});
    let folder = Folder::new("token");
    folder.write(
        "app.log",
        lines_of([json!({
            "time": clock(40, "Z"), "method": "GET", "path": "/orders", "status": 401,
            "request_id": id(1),
        })]),
    );
    folder.write("gateway.log", lines_of([line]));
    let lines = folder.lines(&["app.log", "gateway.log"]);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["source"], "gateway.log", "the nearest to the client stays");
    assert_eq!(lines[0]["cause"], "time.expired");
    assert_eq!(lines[0]["views"][0]["source"], "app.log");
}

#[test]
fn the_error_log_explains_what_the_access_log_counts() {
    let folder = Folder::new("error-log");
    let seconds = [0, 5_000, 10_000];
    folder.write("access.log", lines_of(seconds.map(|at| access_line(at, "192.0.2.9", "curl/8"))));
    folder
        .write("error.log", lines_of(seconds.map(|at| error_line(at, "192.0.2.9", MISMATCH, "Z"))));
    let report = folder.report(&["access.log", "error.log"]);
    assert_eq!(report["totals"]["exchanges"], 3);
    assert_eq!(causes(&report), [("basic.bad_password".to_owned(), 3)]);
    let lines = folder.lines(&["access.log", "error.log"]);
    assert_eq!(lines.len(), 3);
    for (n, line) in lines.iter().enumerate() {
        assert_eq!((&line["source"], &line["status"]), (&json!("access.log"), &json!(401)));
        assert_eq!(verdict(line), "failure basic.bad_password stated");
        assert_eq!(line["views"][0]["line"], n + 1);
        assert_eq!(line["views"][0]["status"], Value::Null);
    }
    assert_eq!(folder.lines(&["access.log", "error.log", "--no-join"]).len(), 6);
}

#[test]
fn each_line_keeps_its_own_words_and_place() {
    let folder = Folder::new("words");
    let seconds = [0, 5_000, 10_000, 15_000, 20_000];
    folder.write("access.log", lines_of(seconds.map(|at| access_line(at, "192.0.2.9", "curl/8"))));
    let names = ["zoe", "amy", "bob", "kim", "lee"];
    let words = |n: usize| format!("user \"{}\": password mismatch", names[n]);
    let errors = (0..5).map(|n| error_line(seconds[n], "192.0.2.9", &words(n), "Z"));
    folder.write("error.log", lines_of(errors));
    for (n, line) in folder.lines(&["access.log", "error.log"]).iter().enumerate() {
        assert_eq!(
            (&line["views"][0]["line"], &line["views"][0]["text"]),
            (&json!(n + 1), &json!(words(n)))
        );
        let fact = format!("error.log line {} says `{}`", n + 1, words(n));
        assert!(line["evidence"].to_string().contains(&fact.replace('"', "\\\"")), "{line}");
    }
    let report = folder.report(&["access.log", "error.log"]);
    let example = &report["causes"][0]["examples"][0];
    assert_eq!((&example["line"], &example["server"]["text"]), (&json!(1), &json!(words(0))));
}

#[test]
fn a_reason_for_another_client_or_second_explains_nothing() {
    for (what, ip, at) in [("client", "192.0.2.10", 0), ("second", "192.0.2.9", 2_000)] {
        let folder = Folder::new("elsewhere");
        folder.write("access.log", lines_of([access_line(0, "192.0.2.9", "curl/8")]));
        folder.write("error.log", lines_of([error_line(at, ip, MISMATCH, "Z")]));
        let report = folder.report(&["access.log", "error.log"]);
        assert_eq!(report["totals"]["exchanges"], 2, "another {what}");
    }
    // The access line is written when the request ends, perhaps in the next second.
    let folder = Folder::new("next-second");
    folder.write("access.log", lines_of([access_line(1_000, "192.0.2.9", "curl/8")]));
    folder.write("error.log", lines_of([error_line(0, "192.0.2.9", MISMATCH, "Z")]));
    assert_eq!(folder.report(&["access.log", "error.log"])["totals"]["exchanges"], 1);
}

#[test]
fn two_users_behind_one_address_are_told_apart_by_counts_only() {
    let access =
        [access_line(0, "192.0.2.9", "curl/8"), access_line(0, "192.0.2.9", "Mozilla/5.0")];
    let error = |reason| error_line(0, "192.0.2.9", reason, "Z");
    let failures = |errors: Vec<Value>| {
        let folder = Folder::new("nat");
        folder.write("access.log", lines_of(access.clone()));
        folder.write("error.log", lines_of(errors));
        let report = folder.report(&["access.log", "error.log"]);
        (report["totals"]["exchanges"].as_u64().unwrap(), assumed(&report).contains("left apart"))
    };
    // As many lines as refusals, all with the same reason: it does not matter whose is whose.
    assert_eq!(failures(vec![error(MISMATCH), error(MISMATCH)]), (2, false));
    // One reason for two refusals: the other one may have sent nothing at all.
    assert_eq!(failures(vec![error(MISMATCH)]), (3, true));
    // Two reasons: which is whose does not show.
    assert_eq!(failures(vec![error(MISMATCH), error(NOT_FOUND)]), (4, true));
}

#[test]
fn times_without_a_zone_may_be_shifted_when_all_lines_then_fit() {
    let seconds = [0, 7_000, 31_000];
    let folder = Folder::new("zone");
    folder.write("access.log", lines_of(seconds.map(|at| access_line(at, "192.0.2.9", "curl/8"))));
    let local = |at: i64| at + 2 * 3_600_000;
    let error = |at| error_line(local(at), "192.0.2.9", MISMATCH, "");
    folder.write("error.log", lines_of(seconds.map(error)));
    let report = folder.report(&["access.log", "error.log"]);
    assert_eq!(report["totals"]["exchanges"], 3);
    assert!(assumed(&report).contains("shifted by -2 h"), "{}", assumed(&report));
    // One line that does not fit, and nothing is shifted.
    folder.write("error.log", lines_of([0, 7_000, 36_000].map(error)));
    assert_eq!(folder.report(&["access.log", "error.log"])["totals"]["exchanges"], 6);
    // Who names the zone is believed.
    folder.write("error.log", lines_of(seconds.map(error)));
    let report = folder.report(&["access.log", "error.log", "--tz", "+01:00"]);
    assert_eq!(report["totals"]["exchanges"], 6);
    let report = folder.report(&["access.log", "error.log", "--tz", "+02:00"]);
    assert_eq!(report["totals"]["exchanges"], 3);
}

#[test]
fn copies_are_named_and_counted_each() {
    let folder = Folder::new("copies");
    folder.write("gateway.log", gateway(&four()));
    folder.write("gateway-copy.log", gateway(&four()));
    let report = folder.report(&["gateway.log", "gateway-copy.log"]);
    assert_eq!(report["totals"]["exchanges"], 8);
    let warnings = report["warnings"].to_string();
    let fact =
        "gateway-copy.log and gateway.log hold the same exchanges, which count once for each";
    assert!(warnings.contains(fact), "{warnings}");
    folder.write("gateway-copy.log", gateway(&four()[..3]));
    let warnings = folder.report(&["gateway.log", "gateway-copy.log"])["warnings"].to_string();
    assert!(!warnings.contains("hold the same"), "{warnings}");
}

/// All inputs of a small incident.
fn incident(folder: &Folder) -> [&'static str; 4] {
    folder.write("browser.har", browser(&four()));
    folder.write("gateway.log", gateway(&four()));
    let seconds = [600_000, 605_000, 610_000];
    folder.write("access.log", lines_of(seconds.map(|at| access_line(at, "192.0.2.9", "curl/8"))));
    folder
        .write("error.log", lines_of(seconds.map(|at| error_line(at, "192.0.2.9", MISMATCH, "Z"))));
    ["browser.har", "gateway.log", "access.log", "error.log"]
}

#[test]
fn the_order_of_inputs_does_not_show() {
    let folder = Folder::new("order");
    let inputs = incident(&folder);
    let reversed: Vec<&str> = inputs.iter().rev().copied().collect();
    for format in ["json", "jsonl", "text"] {
        let run = |inputs: &[&str], jobs| {
            let args = [inputs, &["-f", format, "-j", jobs]].concat();
            folder.run(&args).succeeds().text()
        };
        assert_eq!(run(&inputs, "1"), run(&reversed, "3"), "{format}");
    }
}

#[test]
fn partials_join_what_stands_in_different_ones() {
    let folder = Folder::new("partials");
    let inputs = incident(&folder);
    let whole = folder.run(&[&inputs[..], &["-f", "json"]].concat()).succeeds().text();
    for input in inputs {
        folder.run(&[input, "--partial", &format!("{input}.partial")]).succeeds();
    }
    for order in [[0, 1, 2, 3], [3, 1, 0, 2]] {
        let parts = order.map(|n: usize| format!("{}.partial", inputs[n]));
        let mut args = vec!["merge", "-f", "json"];
        args.extend(parts.iter().map(String::as_str));
        assert_eq!(folder.run(&args).succeeds().text(), whole);
    }
    let apart = folder.run(&[&inputs[..], &["-f", "json", "--no-join"]].concat()).succeeds().text();
    let mut args = vec!["merge", "-f", "json", "--no-join"];
    let parts = inputs.map(|input| format!("{input}.partial"));
    args.extend(parts.iter().map(String::as_str));
    assert_eq!(folder.run(&args).succeeds().text(), apart);
}

#[test]
fn rotated_files_are_one_history() {
    let folder = Folder::new("rotated");
    let line = |at: i64, status: u16| {
        json!({
            "time": clock(at, "Z"), "remote_addr": "192.0.2.9", "method": "GET",
            "path": "/private", "status": status, "user_agent": "curl/8",
            "request_headers": {"authorization": "Bearer q83vASNFZ4mrze8BI0VniavN7wEjRWeJ"},
        })
    };
    let all: Vec<Value> =
        (0..12).map(|n| line(n * 10_000, if n < 6 { 200 } else { 401 })).collect();
    folder.write("app.log", lines_of(all[8..].iter().cloned()));
    folder.write("app.log.1", lines_of(all[4..8].iter().cloned()));
    folder.write("app.log.2", lines_of(all[..4].iter().cloned()));
    folder.write("whole/app.log", lines_of(all));
    let (parts, whole) = (folder.report(&["app.log*"]), folder.report(&["whole/app.log"]));
    assert_eq!(parts["inputs"].as_array().unwrap().len(), 3);
    for part in ["totals", "period", "timeline", "incidents", "tokens", "story"] {
        assert_eq!(parts[part], whole[part], "{part}");
    }
    assert_eq!(causes(&parts), causes(&whole));
}
