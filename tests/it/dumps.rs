//! What people paste into tickets: conversations as curl and others print them, whole packings, packets.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::forge::{Dice, http_date, sign};
use crate::program::Folder;

/// When the server answered, in milliseconds.
const NOW: i64 = 1_795_500_000_000;

fn token(exp: i64) -> String {
    use base64::Engine as _;
    let part =
        |value: Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    let claims =
        json!({"iss": "https://login.example/", "sub": "u-1", "iat": exp - 3600, "exp": exp});
    let signed = format!("{}.{}", part(json!({"alg": "HS256", "typ": "JWT"})), part(claims));
    let signature = sign(&mut Dice::new(7), "HS256", b"opens nothing", &signed);
    format!("{signed}.{signature}")
}

fn expired() -> String {
    token(NOW / 1000 - 600)
}

fn valid() -> String {
    token(NOW / 1000 + 600)
}

fn cause(line: &Value) -> String {
    line["cause"].as_str().unwrap_or("-").to_owned()
}

/// One exchange as `curl -v` prints it; `fields` are lines of the request.
fn curl(fields: &[&str], status: u16, challenge: &str) -> String {
    let mut text = "*   Trying 192.0.2.1:80...\n> GET /orders HTTP/1.1\r\n> Host: api.example\r\n\
                    > User-Agent: curl/8.5.0\r\n"
        .to_owned();
    for field in fields {
        text += &format!("> {field}\r\n");
    }
    let date = http_date(NOW);
    text + &format!(
        "> \r\n< HTTP/1.1 {status} X\r\n< Date: {date}\r\n< WWW-Authenticate: {challenge}\r\n< \r\n\
         * Connection #0 to host api.example left intact\n"
    )
}

const INVALID: &str = "Bearer error=\"invalid_token\"";

#[track_caller]
fn says(text: &str, expected: &str) {
    let folder = Folder::new("dump");
    folder.write("ticket.txt", text);
    let lines = folder.lines(&["ticket.txt", "--class", "all"]);
    let failed: Vec<_> = lines.iter().filter(|line| line["status"] == 401).map(cause).collect();
    assert_eq!(failed, [expected], "{lines:?}");
}

#[test]
fn curls_output_tells_the_cause_as_a_capture_does() {
    let bearer = |token: &str| format!("Authorization: Bearer {token}");
    says(&curl(&[&bearer(&expired())], 401, INVALID), "time.expired");
    says(&curl(&["Accept: */*"], 401, "Bearer"), "header.missing");
    says(&curl(&[&format!("Authorization: {}", valid())], 401, INVALID), "header.scheme_missing");
    says(
        &curl(&[&format!("Authorizaton: Bearer {}", valid())], 401, "Bearer"),
        "header.misspelt_name",
    );
    says(
        &curl(&[&format!("Authorization: Bearer  {}", valid())], 401, INVALID),
        "header.whitespace",
    );
}

#[test]
fn a_time_that_only_the_answer_tells_is_no_clock_of_the_client() {
    let folder = Folder::new("dump-clock");
    let text = curl(&[&format!("Authorization: Bearer {}", expired())], 401, INVALID);
    folder.write("ticket.txt", text.repeat(5));
    let report = folder.report(&["ticket.txt"]);
    assert_eq!(report["totals"]["exchanges"], 5);
    assert_eq!(report["clocks"], json!([]), "{}", report["clocks"]);
}

#[test]
fn a_pasted_ticket_with_prose_around_is_read() {
    let dump = curl(&[&format!("Authorization: Bearer {}", expired())], 401, INVALID);
    let indented: String = dump.lines().map(|line| format!("    {line}\n")).collect();
    says(&format!("Hello,\n\nthis is what I get:\n\n{indented}\nAny idea?\n"), "time.expired");
    let quoted: String = dump.lines().map(|line| format!("> {line}\n")).collect();
    says(&format!("> Any idea?\n{quoted}\nYes.\n"), "time.expired");
}

#[test]
fn the_recorded_samples_tell_what_was_done_to_them() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/dumps");
    let causes = |name: &str| {
        let path = samples.join(name);
        let folder = Folder::new("dump-samples");
        let lines = folder.lines(&[path.to_str().unwrap(), "--class", "all"]);
        let token = lines.iter().map(|line| line["credentials"][0]["token"].to_string());
        let mut tokens: Vec<_> = token.filter(|token| token != "null").collect();
        tokens.sort();
        tokens.dedup();
        (
            lines
                .iter()
                .map(|line| format!("{} {}", line["status"], cause(line)))
                .collect::<Vec<_>>(),
            tokens,
        )
    };
    for name in ["curl-trace-ascii.txt", "wget-d.txt", "httpie-verbose.txt"] {
        let (found, _) = causes(name);
        assert_eq!(found.len(), 2, "{name}: {found:?}");
        assert!(found[1].starts_with("401 time.expired"), "{name}: {found:?}");
    }
    assert_eq!(causes("curl-trace.txt").0, ["401 header.misspelt_name"]);
    let (found, _) = causes("curl-v.txt");
    assert_eq!(found.len(), 7, "{found:?}");
    for cause in ["header.scheme_missing", "header.whitespace", "header.misspelt_name"] {
        assert!(found.iter().any(|one| one.ends_with(cause)), "{cause}: {found:?}");
    }
}

#[test]
fn a_token_is_the_same_whoever_printed_it() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/dumps");
    let folder = Folder::new("dump-tokens");
    let mark = |name: &str| {
        let path = samples.join(name);
        let lines = folder.lines(&[path.to_str().unwrap(), "--class", "all"]);
        lines.last().unwrap()["credentials"][0].clone()
    };
    let first = mark("curl-trace-ascii.txt");
    assert!(first.to_string().contains("tok:"), "{first}");
    for name in ["wget-d.txt", "httpie-verbose.txt", "curl-v.txt"] {
        assert_eq!(mark(name), first, "{name}");
    }
}

#[test]
fn utf_16_of_powershell_is_read() {
    let text = curl(&[&format!("Authorization: Bearer {}", expired())], 401, INVALID);
    let mut bytes = vec![0xFF, 0xFE];
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    let folder = Folder::new("dump-utf16");
    folder.write("curl.txt", bytes);
    assert_eq!(cause(&folder.lines(&["curl.txt"])[0]), "time.expired");
}

#[test]
fn a_log_that_quotes_a_dump_stays_a_log() {
    let folder = Folder::new("dump-log");
    let line = "192.0.2.1 - - [23/Nov/2026:02:29:33 +0000] \"GET /a HTTP/1.1\" 401 0 \"-\" \"x\"\n";
    folder.write("access.log", line.repeat(6) + "> GET / HTTP/1.1\n> Host: a\n" + &line.repeat(6));
    let report = folder.report(&["access.log"]);
    assert_eq!(
        (&report["totals"]["exchanges"], &report["inputs"][0]["format"]),
        (&json!(12), &json!("text"))
    );
}

fn bzipped(bytes: &[u8]) -> Vec<u8> {
    let mut packer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[test]
fn bzip2_is_unpacked_stream_after_stream_and_its_cut_is_told() {
    let folder = Folder::new("bz2");
    let line = |n: usize| {
        format!(
            "{{\"time\":\"2026-01-01T10:00:{:02}Z\",\"method\":\"GET\",\"url\":\"/{n}\",\"status\":401,\"x\":\"{:x}\"}}\n",
            n % 60,
            n * 7_919_777
        )
    };
    let half = |from: usize| (from..from + 20_000).map(line).collect::<String>();
    let mut bytes = bzipped(half(0).as_bytes());
    bytes.extend(bzipped(half(20_000).as_bytes()));
    folder.write("a.log", &bytes);
    assert_eq!(folder.report(&["a.log"])["totals"]["exchanges"], 40_000);
    folder.write("cut.log", &bytes[..bytes.len() * 3 / 4]);
    let report = folder.run(&["cut.log", "-f", "json"]).value();
    assert_eq!(report["inputs"][0]["truncated"], true);
    let kept = report["totals"]["exchanges"].as_u64().unwrap();
    assert!((20_000..40_000).contains(&kept), "{kept}");
}

/// `printf '{"time":"2026-01-01T10:00:00Z","method":"GET","url":"/a","status":401}\n' | xz --check=crc32`,
/// as hexadecimal.
const XZ: &str = "fd377a585a0000016922de360200210116000000742fe5a3e0004600435d003d888a86d415f7d27de4d15e5e2729fb0c3e66deea5d9a4eff4f4c78da6957d89d9cfe4d693d9542404bd47b6fa16d3b3d20c2b4184e4a531c83b36a1bc3e90737000000002434486400015b4787e571919042990d010000000001595a";

#[test]
fn xz_is_unpacked_stream_after_stream_and_its_cut_is_told() {
    let folder = Folder::new("xz");
    let one: Vec<u8> = (0..XZ.len() / 2)
        .map(|at| u8::from_str_radix(&XZ[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    folder.write("a.log", &one);
    assert_eq!(folder.report(&["a.log"])["totals"]["exchanges"], 1);
    folder.write("b.log", [one.clone(), one.clone()].concat());
    assert_eq!(folder.report(&["b.log"])["totals"]["exchanges"], 2);
    let cut = one.len() - 30;
    folder.write("cut.log", [&one[..], &one[..cut]].concat());
    let report = folder.run(&["cut.log", "-f", "json"]).value();
    assert_eq!(report["inputs"][0]["truncated"], true);
}

#[test]
fn a_stump_of_a_stream_is_cut_off_where_its_bytes_end() {
    let folder = Folder::new("stump");
    let text = "192.0.2.1 - - [23/Nov/2026:02:29:33 +0000] \"GET /a HTTP/1.1\" 401 0 \"-\" \"x\"\n";
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    packer.write_all(text.as_bytes()).unwrap();
    let bytes = packer.finish().unwrap();
    folder.write("stump.gz", &bytes[..bytes.len() - 40]);
    let said = folder.run(&["stump.gz"]).exits(2).complaint();
    assert!(said.contains("cut off") && !said.contains("byte 0 "), "{said}");
    folder.write("line.gz", &bytes[..bytes.len() - 8]);
    let report = folder.run(&["line.gz", "-f", "json"]).value();
    assert_eq!(report["totals"]["exchanges"], 1);
    assert_eq!(report["inputs"][0]["truncated"], true);
}

#[test]
fn what_is_not_read_is_refused_with_the_command_that_converts_it() {
    let folder = Folder::new("refused");
    for (bytes, command) in [
        (&b"\xD4\xC3\xB2\xA1\x02\0\x04\0\0\0\0\0"[..], "tshark -r FILE"),
        (b"\x4D\x3C\xB2\xA1\x02\0\x04\0\0\0\0\0", "tshark -r FILE"),
        (b"\x0A\x0D\x0D\x0A\x1C\0\0\0", "tshark -r FILE"),
        (b"\xAC\xED\0\x05sr\0\x11", "HTTP Archive"),
        (b"ElfFile\0\0\0\0\0", "Get-WinEvent"),
        (b"PAR1\x15\x04\x15", "duckdb -c"),
        (b"7867:4:type;4:http;", "mitmdump -nr FILE"),
    ] {
        folder.write("x", bytes);
        let said = folder.run(&["x"]).exits(2).complaint();
        assert!(said.contains(command), "{command}: {said}");
    }
}

#[test]
fn packets_of_tshark_are_joined_to_exchanges() {
    let folder = Folder::new("packets");
    let packet = |fields: &str| {
        format!(
            "{{\"_source\":{{\"layers\":{{\"frame\":{{\"frame.time_epoch\":\"{}.5\"}},\"tcp\":{{\"tcp.stream\":\"0\"}},\"http\":{{{fields}}}}}}}}}",
            NOW / 1000
        )
    };
    let request = packet(&format!(
        "\"x\":{{\"http.request.method\":\"GET\",\"http.request.uri\":\"/orders\"}},\
         \"http.request.line\":\"Host: api.example\\r\\n\",\
         \"http.request.line\":\"Authorizaton: Bearer {}\\r\\n\"",
        valid()
    ));
    let answer = packet(
        "\"y\":{\"http.response.code\":\"401\"},\"http.response.line\":\"WWW-Authenticate: Bearer\\r\\n\"",
    );
    folder.write("capture.json", format!("[\n{request},\n{answer}\n]\n"));
    let lines = folder.lines(&["capture.json"]);
    assert_eq!(cause(&lines[0]), "header.misspelt_name");
    assert_eq!(lines[0]["observer"], "proxy");
}

#[test]
fn burps_items_are_read_as_a_capture_of_a_proxy() {
    use base64::Engine as _;
    let folder = Folder::new("burp");
    let pack = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
    let request = format!(
        "GET /orders HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer {}\r\n\r\n",
        expired()
    );
    let answer = format!("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {INVALID}\r\n\r\n");
    let text = format!(
        "<?xml version=\"1.0\"?>\n<items burpVersion=\"2026.1\">\n<item><time>Tue Nov 24 06:00:00 UTC 2026</time>\
         <url><![CDATA[https://api.example/orders]]></url><request base64=\"true\"><![CDATA[{}]]></request>\
         <response base64=\"true\"><![CDATA[{}]]></response></item>\n</items>\n",
        pack(request),
        pack(answer)
    );
    folder.write("items.xml", text);
    let lines = folder.lines(&["items.xml"]);
    assert_eq!(
        (cause(&lines[0]), &lines[0]["observer"]),
        ("time.expired".to_owned(), &json!("proxy"))
    );
    assert_eq!(lines[0]["url"], "https://api.example/orders");
}

#[test]
fn fiddlers_archive_is_read_session_by_session() {
    let folder = Folder::new("saz");
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let mut add = |name: &str, text: String| {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    };
    for (number, token) in [(2, valid()), (10, expired())] {
        add(
            &format!("raw/{number}_c.txt"),
            format!(
                "GET https://api.example/orders/{number} HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer {token}\r\n\r\n"
            ),
        );
        add(
            &format!("raw/{number}_s.txt"),
            format!("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {INVALID}\r\n\r\n"),
        );
        add(
            &format!("raw/{number}_m.xml"),
            "<Session><SessionTimers ClientBeginRequest=\"2026-11-24T07:00:00.5+01:00\" ServerBeginResponse=\"2026-11-24T07:00:00.75+01:00\" /></Session>".to_owned(),
        );
    }
    add("_index.htm", "<html></html>".to_owned());
    folder.write("sessions.saz", archive.finish().unwrap().into_inner());
    let lines = folder.lines(&["sessions.saz"]);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["url"], "https://api.example/orders/10");
    assert_eq!(cause(&lines[1]), "time.expired");
    assert_eq!(lines[1]["time"], "2026-11-24T06:00:00.5Z");
}

#[test]
fn the_samples_are_what_the_readme_lists() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/dumps");
    assert_eq!(fs::read_dir(samples).unwrap().count(), 5);
}
