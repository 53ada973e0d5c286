//! Conversations as the tools print them; the tokens open nothing.

#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "the texts of tests are short"
)]

use super::*;
use crate::input::skip::Repair;
use crate::model::{Exchange, Visibility};

/// What is looked at of an exchange.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    line: u64,
    format: &'static str,
    method: Option<String>,
    url: String,
    status: Option<u16>,
    sent: Vec<(String, String)>,
    got: Vec<(String, String)>,
    bodies: (String, String),
    visible: (Visibility, Visibility),
    time: Option<String>,
    error: Option<String>,
}

/// Keeps what a reader finds.
#[derive(Debug, Default, PartialEq)]
struct Kept {
    seen: Vec<Seen>,
    skipped: u64,
    passed: u64,
}

impl Sink for Kept {
    fn exchange(&mut self, exchange: &mut Exchange<'_>, _: &Attached<'_>) {
        let fields = |list: &[crate::model::Header<'_>]| {
            list.iter().map(|h| (h.name.to_string(), h.value.to_string())).collect()
        };
        self.seen.push(Seen {
            line: exchange.position.line.unwrap(),
            format: exchange.format,
            method: exchange.method.as_deref().map(str::to_owned),
            url: exchange.url.to_string(),
            status: exchange.status,
            sent: fields(&exchange.request_headers),
            got: fields(&exchange.response_headers),
            bodies: (
                exchange.request_body.text.read().into_owned(),
                exchange.response_body.text.read().into_owned(),
            ),
            visible: (exchange.request_visibility, exchange.response_visibility),
            time: exchange.time.map(|time| time.to_string()),
            error: exchange.error.as_deref().map(str::to_owned),
        });
    }

    fn skipped(&mut self, _: Position, _: SkipReason) {
        self.skipped += 1;
    }

    fn repaired(&mut self, _: Position, _: &[Repair]) {}

    fn passed(&mut self, lines: u64) {
        self.passed += lines;
    }
}

/// Reads a text whole and in windows that grow by one byte, which must not show; every line counts.
fn kept(text: &str) -> Kept {
    let mut kept = Kept::default();
    let (done, pause) = Dump::default().read(text.as_bytes(), true, usize::MAX, &mut kept);
    assert_eq!((done, pause), (text.len(), Pause::End));
    let (mut bits, mut dump, mut start, mut met) = (Kept::default(), Dump::default(), 0, 0);
    for end in 0..=text.len() {
        let mut one = Kept::default();
        let bytes = &text.as_bytes()[start..end];
        start += dump.read(bytes, end == text.len(), usize::MAX, &mut one).0;
        for seen in &mut one.seen {
            seen.line += met;
        }
        met += dump.met;
        dump = dump.fresh();
        bits.seen.extend(one.seen);
        bits.skipped += one.skipped;
        bits.passed += one.passed;
    }
    assert_eq!(bits, kept);
    let lines = text.lines().count() as u64;
    assert_eq!(kept.seen.len() as u64 + kept.skipped + kept.passed, lines, "{kept:?}");
    kept
}

fn seen(text: &str) -> Vec<Seen> {
    kept(text).seen
}

fn value<'s>(fields: &'s [(String, String)], name: &str) -> Option<&'s str> {
    fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

const CURL: &str = "\
*   Trying 192.0.2.1:80...
* Connected to api.example (192.0.2.1) port 80 (#0)
> GET /orders?x=1 HTTP/1.1\r
> Host: api.example\r
> Authorization: Bearer  abc\r
> \r
< HTTP/1.1 401 Unauthorized\r
< Date: Mon, 23 Nov 2026 02:29:33 GMT\r
< WWW-Authenticate: Bearer error=\"invalid_token\"\r
< Content-Length: 13\r
< \r
{ [13 bytes data]
{\"error\":\"x\"}* Connection #0 to host api.example left intact
";

#[test]
fn curl_prints_a_whole_exchange() {
    let all = seen(CURL);
    let one = &all[0];
    assert_eq!((all.len(), one.line, one.format, one.status), (1, 3, "curl", Some(401)));
    assert_eq!(one.url, "http://api.example/orders?x=1");
    assert_eq!(value(&one.sent, "Authorization"), Some("Bearer  abc"));
    assert_eq!(one.got.len(), 3);
    assert_eq!(one.bodies.1, "{\"error\":\"x\"}");
    assert_eq!(one.visible, (Visibility::Full, Visibility::Full));
    assert_eq!(one.time.as_deref(), Some("2026-11-23T02:29:33Z"));
}

#[test]
fn what_chats_and_shells_put_before_the_lines_does_not_matter() {
    let bare: Vec<_> = seen(CURL).into_iter().map(|s| Seen { line: 0, ..s }).collect();
    for before in ["    ", "\t", "> ", "12:00:01.000001 ", "12:00:01.000001 [0-0] "] {
        let text: String = CURL
            .lines()
            .map(|line| {
                if line.starts_with("{\"") {
                    format!("{line}\n")
                } else {
                    format!("{before}{line}\n")
                }
            })
            .collect();
        let found: Vec<_> = seen(&text).into_iter().map(|s| Seen { line: 0, ..s }).collect();
        assert_eq!(found, bare, "{before:?}");
    }
    let fenced = format!("Look:\n```\n$ curl -v http://api.example/orders\n{CURL}```\nNot good.\n");
    let found: Vec<_> = seen(&fenced).into_iter().map(|s| Seen { line: 0, ..s }).collect();
    assert_eq!(found, bare);
}

#[test]
fn redirects_are_exchanges_of_their_own_with_the_urls_they_went_to() {
    let text = "\
*   Trying 192.0.2.1:80...
> GET /a HTTP/1.1
> Host: api.example
>
< HTTP/1.1 302 Found
< Location: https://login.example/b
<
* Issue another request to this URL: 'https://login.example/b'
*   Trying 192.0.2.2:443...
* ALPN: curl offers h2,http/1.1
* SSL connection using TLSv1.3
* using HTTP/2
* [HTTP/2] [1] OPENED stream for https://login.example/b
* [HTTP/2] [1] [authorization: Bearer abc]
> GET /b HTTP/2
> Host: login.example
> authorization: Bearer abc
>
< HTTP/2 401
< www-authenticate: Bearer
<
";
    let urls: Vec<_> = seen(text).into_iter().map(|s| (s.url, s.status.unwrap())).collect();
    let expected = [("http://api.example/a", 302), ("https://login.example/b", 401)];
    assert_eq!(urls, expected.map(|(url, status)| (url.to_owned(), status)));
}

#[test]
fn an_interim_answer_is_not_the_answer_and_an_open_tunnel_is_no_exchange() {
    let text = "\
> CONNECT api.example:443 HTTP/1.1
> Host: api.example:443
>
< HTTP/1.1 200 Connection established
<
> POST /a HTTP/1.1
> Host: api.example
> Expect: 100-continue
>
< HTTP/1.1 100 Continue
<
< HTTP/1.1 403 Forbidden
< X: y
<
";
    let all = seen(text);
    assert_eq!((all.len(), all[0].status, all[0].got.len()), (1, Some(403), 1));
    let refused = text.replace("200 Connection established", "407 Proxy Authentication Required");
    let all = seen(&refused);
    assert_eq!((all.len(), &*all[0].url, all[0].status), (2, "https://api.example:443", Some(407)));
}

#[test]
fn a_request_without_an_answer_keeps_what_curl_said_of_it() {
    let all = seen(
        "> GET / HTTP/1.1\n> Host: a\n>\n* Empty reply from server\ncurl: (52) Empty reply from server\n",
    );
    assert_eq!((all[0].status, all[0].error.as_deref()), (None, Some("Empty reply from server")));
    assert_eq!(all[0].visible, (Visibility::Full, Visibility::None));
}

#[test]
fn a_head_that_never_ends_proves_no_absence() {
    let all = seen("> GET / HTTP/1.1\n> Host: a\n");
    assert_eq!(all[0].visible.0, Visibility::Partial);
}

#[test]
fn a_line_break_that_was_sent_is_kept_and_one_of_a_terminal_is_not() {
    let sent = "> GET / HTTP/1.1\n> Authorization: Bearer abc\n> def\n> Host: a\n>\n";
    assert_eq!(value(&seen(sent)[0].sent, "Authorization"), Some("Bearer abc\ndef"));
    let long = "a".repeat(70);
    let wrapped = format!("> GET / HTTP/1.1\n> Authorization: Bearer {long}\ndef\n> Host: a\n>\n");
    let expected = format!("Bearer {long}def");
    assert_eq!(value(&seen(&wrapped)[0].sent, "Authorization"), Some(&*expected));
}

#[test]
fn a_trace_gives_the_whole_token() {
    let token = format!("Authorization: Bearer {}", "abcdefgh".repeat(20));
    let head = format!("GET /orders HTTP/1.1\r\nHost: api.example\r\n{token}\r\n\r\n");
    let mut text =
        format!("== Info: Connected to api.example\n=> Send header, {} bytes (0x1)\n", head.len());
    let mut at = 0;
    for line in head.split("\r\n").take(4) {
        let mut rest = line;
        loop {
            let (shown, more) = rest.split_at(rest.len().min(64));
            text += &format!("{at:04x}: {shown}\n");
            at += shown.len();
            rest = more;
            if rest.is_empty() {
                break;
            }
        }
        at += 2;
    }
    text += "<= Recv header, 27 bytes (0x1b)\n0000: HTTP/1.1 401 Unauthorized\n";
    text += "<= Recv header, 2 bytes (0x2)\n0000: \n";
    text +=
        "<= Recv data, 13 bytes (0xd)\n0000: {\"error\":\"x\"}\n== Info: Connection left intact\n";
    let all = seen(&text);
    assert_eq!((all.len(), all[0].format, all[0].status), (1, "curl trace", Some(401)));
    assert_eq!(value(&all[0].sent, "Authorization"), token.strip_prefix("Authorization: "));
    assert_eq!(all[0].sent.len(), 2);
    assert_eq!(
        (&*all[0].url, &*all[0].bodies.1),
        ("http://api.example/orders", "{\"error\":\"x\"}")
    );
    assert_eq!(all[0].visible, (Visibility::Full, Visibility::Full));

    // The same in columns of hexadecimal.
    let columns = |bytes: &[u8]| {
        let line = |(n, chunk): (usize, &[u8])| {
            let hex: String = chunk.iter().map(|b| format!("{b:02x} ")).collect();
            let shown: String = chunk
                .iter()
                .map(|b| if b.is_ascii_graphic() { char::from(*b) } else { '.' })
                .collect();
            format!("{:04x}: {hex:<48}{shown}\n", n * 16)
        };
        bytes.chunks(16).enumerate().map(line).collect::<String>()
    };
    let text = format!(
        "== Info: Connected to api.example\n=> Send header, {} bytes (0x1)\n{}<= Recv header, 27 bytes (0x1b)\n{}<= Recv header, 2 bytes (0x2)\n0000: 0d 0a                                           ..\n<= Recv data, 13 bytes (0xd)\n{}",
        head.len(),
        columns(head.as_bytes()),
        columns(b"HTTP/1.1 401 Unauthorized\r\n"),
        columns(b"{\"error\":\"x\"}"),
    );
    assert_eq!(seen(&text), all);
}

#[test]
fn wget_prints_heads_between_marks_and_the_body_that_it_skips() {
    let text = "\
DEBUG output created by Wget 1.21.3 on linux-gnu.
--2026-11-23 02:29:33--  https://api.example/orders

---request begin---
GET /orders HTTP/1.1\r
Host: api.example\r
Authorization: Bearer abc\r
\r
---request end---
HTTP request sent, awaiting response...
---response begin---
HTTP/1.1 401 Unauthorized\r
WWW-Authenticate: Bearer\r
\r
---response end---
401 Unauthorized
Skipping 15 bytes of body: [{
\"error\":\"x\"
}] done.
Username/Password Authentication Failed.
";
    let all = seen(text);
    let one = &all[0];
    assert_eq!((all.len(), one.line, one.format, one.status), (1, 4, "wget", Some(401)));
    assert_eq!(one.url, "https://api.example/orders");
    assert_eq!(one.sent.len(), 2);
    assert_eq!(one.bodies.1, "{\n\"error\":\"x\"\n}");
    assert_eq!(one.time.as_deref(), Some("2026-11-23T02:29:33Z"));
}

#[test]
fn wget_s_shows_answers_alone() {
    let text = "\
--2026-11-23 02:29:33--  https://api.example/orders
HTTP request sent, awaiting response...
  HTTP/1.1 302 Found
  Location: /login
Location: /login [following]
--2026-11-23 02:29:34--  https://api.example/login
Reusing existing connection to api.example:443.
HTTP request sent, awaiting response...
  HTTP/1.1 401 Unauthorized
  WWW-Authenticate: Bearer

Username/Password Authentication Failed.
";
    let all = seen(text);
    let urls: Vec<_> = all.iter().map(|s| (&*s.url, s.status.unwrap(), s.format)).collect();
    let expected =
        [("https://api.example/orders", 302, "wget"), ("https://api.example/login", 401, "wget")];
    assert_eq!(urls, expected);
    assert_eq!(all[1].visible, (Visibility::None, Visibility::Full));
}

const WIRE: &str = "\
POST /token HTTP/1.1
Host: api.example
Authorizaton: Bearer abc
Content-Length: 3

a=b


HTTP/1.1 401 Unauthorized
Content-Type: application/json
Content-Length: 13

{\"error\":\"x\"}
";

#[test]
fn messages_as_on_the_wire_are_joined() {
    let all = seen(&format!("{WIRE}\n\n{WIRE}"));
    assert_eq!((all.len(), all[0].format, all[1].line), (2, "http messages", 16));
    for one in &all {
        assert_eq!((&*one.url, one.status), ("/token", Some(401)));
        assert_eq!(value(&one.sent, "Authorizaton"), Some("Bearer abc"));
        assert_eq!((&*one.bodies.0, &*one.bodies.1), ("a=b", "{\"error\":\"x\"}"));
    }
    let quoted: String = WIRE.lines().map(|line| format!("> {line}\n")).collect();
    assert_eq!(seen(&quoted)[0].status, Some(401));
    let indented: String = WIRE.lines().map(|line| format!("    {line}\n")).collect();
    assert_eq!(seen(&indented)[0].bodies, all[0].bodies);
}

#[test]
fn a_message_that_follows_a_body_without_a_line_break_is_found_by_the_length() {
    let text = WIRE.trim_end().replace('\n', "\r\n") + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
    let all = seen(&text);
    assert_eq!(all.iter().map(|s| &*s.url).collect::<Vec<_>>(), ["/token", "/next"]);
    assert_eq!(all[0].bodies.1, "{\"error\":\"x\"}");
}

#[test]
fn a_message_inside_a_body_is_part_of_the_body() {
    let body = "one\n\nHTTP/1.1 200 OK\nX: y\n\nGET /forged HTTP/1.1\nHost: a\n\n";
    let text = format!(
        "GET /a HTTP/1.1\nHost: a\n\nHTTP/1.1 401 Unauthorized\nContent-Length: {}\n\n{body}",
        body.len()
    );
    let all = seen(&text);
    assert_eq!((all.len(), all[0].status), (1, Some(401)));
    // Where heads alone are printed the length is that of nothing.
    let heads = "HTTP/1.1 401 Unauthorized\nContent-Length: 900\n\n\nHTTP/1.1 200 OK\nX: y\n\n";
    assert_eq!(seen(heads).len(), 2);
}

#[test]
fn chunks_are_joined() {
    let text = "HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n{\"error\":\"x\"}\r\n0\r\n\r\n";
    assert_eq!(seen(text)[0].bodies.1, "{\"error\":\"x\"}");
}

#[test]
fn http_files_separate_their_requests() {
    let text = "### one\nGET https://api.example/a HTTP/1.1\nAuthorization: Bearer x\n\n### two\nGET https://api.example/b HTTP/1.1\n\n";
    let all = seen(text);
    let urls: Vec<_> = all.iter().map(|s| &*s.url).collect();
    assert_eq!(urls, ["https://api.example/a", "https://api.example/b"]);
}

#[test]
fn insomnias_timeline_has_a_time_a_url_and_a_body() {
    let text = "\
* Preparing request to https://api.example/a
* Current time is 2026-01-18T10:00:00.000Z
> GET /a HTTP/1.1
> Host: api.example

< HTTP/1.1 401 Unauthorized
< Date: Sun, 18 Jan 2026 10:00:03 GMT

| {\"error\":\"x\"}
";
    let all = seen(text);
    assert_eq!((&*all[0].url, all[0].status), ("https://api.example/a", Some(401)));
    assert_eq!(all[0].bodies.1, "{\"error\":\"x\"}");
    assert_eq!(all[0].time.as_deref(), Some("2026-01-18T10:00:00.000Z"));
}

#[test]
fn what_is_too_long_loses_nothing_but_itself() {
    let long = "x".repeat(LONGEST + 10);
    let text = format!("{CURL}{long}\n{CURL}");
    let mut whole = Kept::default();
    Dump::default().read(text.as_bytes(), true, usize::MAX, &mut whole);
    assert_eq!(whole.seen.iter().map(|s| s.line).collect::<Vec<_>>(), [3, 17]);
    let alone = format!("{long}\n{CURL}");
    let mut kept = Kept::default();
    Dump::default().read(alone.as_bytes(), true, usize::MAX, &mut kept);
    assert_eq!((kept.seen.len(), kept.seen[0].line, kept.skipped), (1, 4, 1));
    assert_eq!(kept.passed + 2, alone.lines().count() as u64);
}

mod any_order {
    use proptest::prelude::*;

    use super::*;

    const LINES: [&str; 40] = [
        "> GET /a HTTP/1.1",
        "> CONNECT a:1 HTTP/1.1",
        "> Authorization: Bearer abc",
        "> HTTP/1.1 401 No",
        "> def",
        "> ",
        ">",
        "< HTTP/1.1 401 No",
        "< HTTP/1.1 100 Continue",
        "< HTTP/2 200 ",
        "< WWW-Authenticate: Bearer",
        "< ",
        "<",
        "{ [5 bytes data]",
        "* Trying 192.0.2.1:1...",
        "* ALPN: x",
        "* Issue another request to this URL: 'https://b/a'",
        "=> Send header, 30 bytes (0x1e)",
        "<= Recv header, 20 bytes (0x14)",
        "<= Recv data, 70 bytes (0x46)",
        "=> Send SSL data, 5 bytes (0x5)",
        "0000: GET /a HTTP/1.1",
        "0000: HTTP/1.1 401 No",
        "0011: Host: a",
        "0000: 47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a GET / HTTP/1.1..",
        "---request begin---",
        "---request end---",
        "---response begin---",
        "---response end---",
        "--2026-11-23 02:29:33--  http://b/a",
        "Skipping 5 bytes of body: [abc",
        "] done.",
        "GET /a HTTP/1.1",
        "HTTP/1.1 401 No",
        "  HTTP/1.1 200 OK",
        "Content-Length: 5",
        "Host: a",
        "",
        "hello",
        "helloHTTP/1.1 403 No",
    ];

    proptest! {
        // Windows that grow by one byte are slow.
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn how_it_is_cut_never_shows_and_every_line_counts(
            picks in proptest::collection::vec((0_usize..40, prop_oneof!["\n", "\r\n"]), 0..40),
            odd in "\\PC{0,20}",
        ) {
            let mut text: String =
                picks.iter().map(|(at, end)| format!("{}{end}", LINES[*at])).collect();
            text += odd.trim_end_matches(char::is_control);
            kept(&text);
        }
    }
}
