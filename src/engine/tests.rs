use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::input::Inputs;
use crate::model::{Observer, Position, Text};

mod entries;
mod frames;
mod limits;
mod lines;

/// A directory of its own that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "authopsy-read-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What is checked of an exchange: its position and a line of text.
type Seen = (Position, String);

fn line_of(exchange: &Exchange<'_>) -> String {
    let fields = |list: &[crate::model::Header<'_>]| {
        list.iter().map(|h| format!("{}={}", h.name, h.value)).collect::<Vec<_>>().join("&")
    };
    format!(
        "{} {} {} {:?} {:?} [{}] [{}] {:?} {:?}",
        exchange.time.map(|t| t.to_string()).unwrap_or_default(),
        exchange.method.as_deref().unwrap_or_default(),
        exchange.url,
        exchange.status,
        exchange.observer,
        fields(&exchange.request_headers),
        fields(&exchange.response_headers),
        exchange.request_body.text.read(),
        exchange.response_body.text.read(),
    )
}

/// Keeps all exchanges; panics where an URL says so.
struct Keep;

impl Gatherer for Keep {
    type Harvest = Vec<Seen>;

    fn observe(&mut self, harvest: &mut Vec<Seen>, exchange: &Exchange<'_>, _: &InputFacts) {
        assert!(!exchange.url.contains("panic"), "a defect");
        harvest.push((exchange.position, line_of(exchange)));
    }

    fn rebase(harvest: &mut Vec<Seen>, entries: u64, lines: u64) {
        for (position, _) in harvest {
            position.entry = position.entry.map(|entry| entry + entries);
            position.line = position.line.map(|line| line + lines);
        }
    }

    fn merge(into: &mut Vec<Seen>, other: Vec<Seen>) {
        into.extend(other);
        into.sort();
    }
}

fn options(jobs: usize, piece: usize) -> ReadOptions {
    ReadOptions {
        jobs: NonZeroUsize::new(jobs),
        piece_bytes: NonZeroUsize::new(piece),
        window_bytes: NonZeroUsize::new(if piece == 0 { 1 << 20 } else { 256 }).unwrap(),
        ..ReadOptions::default()
    }
}

fn read_with(path: &Path, options: &ReadOptions) -> Outcome<Vec<Seen>> {
    read(&Inputs::find([path.to_string_lossy()]), options, || Keep, &())
}

fn read_all(path: &Path) -> Outcome<Vec<Seen>> {
    read_with(path, &options(1, 0))
}

fn entry(url: &str, status: u16, body: &str) -> Value {
    json!({
        "startedDateTime": "2026-01-01T10:00:00.000Z", "time": 1,
        "request": {"method": "GET", "url": url, "httpVersion": "h2", "cookies": [],
            "headers": [{"name": "Host", "value": "a"}, {"name": "X-Body", "value": body}],
            "queryString": [], "headersSize": -1, "bodySize": 0},
        "response": {"status": status, "statusText": "", "httpVersion": "h2", "cookies": [],
            "headers": [{"name": "X-Nasty", "value": body}],
            "content": {"size": body.len(), "mimeType": "text/plain", "text": body},
            "redirectURL": "", "headersSize": -1, "bodySize": -1},
        "cache": {}, "timings": {"send": 0, "wait": 1, "receive": 0}
    })
}

fn har(entries: &[Value]) -> Value {
    json!({"log": {"version": "1.2", "creator": {"name": "Test", "version": "1"},
        "pages": [], "entries": entries}})
}

fn shown(har: &Value, pretty: bool) -> String {
    if pretty {
        serde_json::to_string_pretty(har).unwrap()
    } else {
        serde_json::to_string(har).unwrap()
    }
}

fn some_entries(count: u16) -> Vec<Value> {
    (0..count)
        .map(|i| {
            let body = format!("{{\"startedDateTime\": [\"\\\\{}", "é\n".repeat(usize::from(i)));
            entry(&format!("https://a.example/{i}"), 200 + i, &body)
        })
        .collect()
}

/// Strings that look like structure.
fn nasty() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("{\"startedDateTime\":\"".to_owned()),
        Just("\n      {".to_owned()),
        Just("},{".to_owned()),
        Just("\"}]}".to_owned()),
        Just("\\".to_owned()),
        Just("\\\"".to_owned()),
        Just("\u{1F600}é\u{7}".to_owned()),
        Just("x".repeat(150)),
        "[ -~]{0,20}",
    ];
    proptest::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

fn nasty_entry() -> impl Strategy<Value = Value> {
    (nasty(), nasty(), 100_u16..600, 0_u8..12).prop_map(|(url, body, status, oddity)| {
        let mut entry = entry(&format!("https://a.example/{url}"), status, &body);
        match oddity {
            0 => entry["response"]["status"] = json!(status.to_string()),
            1 => entry["request"]["headers"] = json!({"A": body}),
            2 => entry["cache"] = Value::Null,
            3 => entry["_first"] = json!({"startedDateTime": [{"a": body}]}),
            4 => entry["response"] = Value::Null,
            5 => entry = Value::Null,
            6 => entry["Request"] = json!(1),
            _ => {}
        }
        entry
    })
}

/// What a strict reading of the same entries gives.
fn oracle(entries: &[Value]) -> Vec<Seen> {
    let read = |(index, entry): (usize, &Value)| {
        let (exchange, _) = crate::input::har_entry::entry_from_value(entry).ok()?;
        let position = Position { entry: Some(index as u64), ..Position::default() };
        Some((position, line_of(&exchange)))
    };
    let mut seen: Vec<Seen> = entries.iter().enumerate().filter_map(read).collect();
    seen.sort();
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_split_shows_in_what_is_read(
        entries in proptest::collection::vec(nasty_entry(), 0..12),
        pretty in any::<bool>(),
        piece in 64_usize..4096,
        jobs in 1_usize..4,
    ) {
        let folder = Folder::new();
        let text = shown(&har(&entries), pretty);
        let path = folder.file("a.har", &text);
        let whole = read_all(&path);
        prop_assert_eq!(&whole.harvest, &oracle(&entries));
        let split = read_with(&path, &options(jobs, piece));
        prop_assert_eq!(&split.harvest, &whole.harvest);
        prop_assert_eq!(&split.inputs[0].skipped, &whole.inputs[0].skipped);
        prop_assert_eq!(&split.inputs[0].repaired, &whole.inputs[0].repaired);
        let packed = folder.file("a.gz", gzip(text.as_bytes()));
        let stream = read_with(&packed, &options(jobs, piece));
        prop_assert_eq!(&stream.harvest, &whole.harvest);
        prop_assert_eq!(&stream.inputs[0].skipped, &whole.inputs[0].skipped);
        for (path, outcome) in [(&path, &split), (&packed, &stream)] {
            prop_assert_eq!(replayed(path, outcome, jobs), lines(&whole.harvest));
        }
    }

    #[test]
    fn no_split_shows_in_damaged_files(
        entries in proptest::collection::vec(nasty_entry(), 1..8),
        pretty in any::<bool>(),
        piece in 64_usize..2048,
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0_u8..4), 1..4),
    ) {
        let folder = Folder::new();
        let mut bytes = shown(&har(&entries), pretty).into_bytes();
        for (at, how) in cuts {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = b'"',
                1 => bytes[at] = b'{',
                2 => { bytes.remove(at); }
                _ => bytes.truncate(at.max(1)),
            }
        }
        let path = folder.file("a.har", &bytes);
        let whole = read_all(&path);
        let split = read_with(&path, &options(2, piece));
        prop_assert_eq!(&split.harvest, &whole.harvest);
        prop_assert_eq!(split.inputs[0].truncated, whole.inputs[0].truncated);
        prop_assert_eq!(&split.inputs[0].skipped, &whole.inputs[0].skipped);
    }

    #[test]
    fn no_bytes_make_the_reading_panic(
        bytes in proptest::collection::vec(
            prop_oneof![any::<u8>(), prop::sample::select(&b"{}[]\",:\\\n e1"[..])], 0..400),
        log in any::<bool>(),
        piece in 64_usize..512,
    ) {
        let folder = Folder::new();
        let mut text = if log { br#"{"log":{"entries":[{"a":"#.to_vec() } else { Vec::new() };
        text.extend(bytes);
        let path = folder.file("a", &text);
        let whole = read_all(&path);
        prop_assert_eq!(read_with(&path, &options(2, piece)).harvest, whole.harvest);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn replayed(path: &Path, outcome: &Outcome<Vec<Seen>>, jobs: usize) -> String {
    let inputs = Inputs::find([path.to_string_lossy()]);
    let mut out = Vec::new();
    let make = || {
        |exchange: &Exchange<'_>, _: &InputFacts, out: &mut Vec<u8>| {
            let seen = (exchange.position, line_of(exchange));
            out.extend_from_slice(lines(&[seen]).as_bytes());
        }
    };
    replay(&inputs, &outcome.map, &options(jobs, 100), make, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn lines(seen: &[Seen]) -> String {
    seen.iter().fold(String::new(), |text, (position, line)| format!("{text}{position:?} {line}\n"))
}

#[test]
fn a_har_is_read_with_its_maker_and_its_entries_in_order() {
    let folder = Folder::new();
    let path = folder.file("a.har", shown(&har(&some_entries(5)), true));
    let outcome = read_all(&path);
    assert_eq!(outcome.harvest, oracle(&some_entries(5)));
    let input = &outcome.inputs[0];
    assert_eq!((input.exchanges, input.truncated, input.named), (5, false, true));
    assert_eq!(input.facts.creator.as_deref(), Some("Test 1"));
    assert_eq!(&*input.facts.format, "har");
    assert!(input.error.is_none() && input.skipped.is_empty() && input.repaired.is_empty());
}

#[test]
fn every_shape_of_a_capture_gives_the_same_exchanges() {
    let folder = Folder::new();
    let entries = some_entries(4);
    let log = shown(&har(&entries), false);
    let bare = json!({"version": "1.2", "entries": entries});
    let spelt = log.replace("\"log\"", "\"Log\"").replace("\"entries\"", "\"Entries\"");
    let shapes = [
        log.clone(),
        shown(&har(&entries), true).replace('\n', "\r\n"),
        format!("\n\n \r\n{log}\n\n"),
        format!("\u{feff}{log}"),
        format!("{log}\0\0\0 garbage"),
        format!("callback({log});"),
        format!("var har = {log};"),
        shown(&bare, false),
        shown(&bare, true),
        serde_json::to_string(&entries).unwrap(),
        serde_json::to_string_pretty(&entries).unwrap(),
        format!("[{},{}]", har(&entries[..1]), har(&entries[1..])),
        format!("{}\n{}\n", har(&entries[..3]), har(&entries[3..])),
        format!("{:#}\n{:#}\n", har(&entries[..3]), har(&entries[3..])),
        spelt,
        log.replace("]}}", "],}}").replace("},{\"cache\"", "},,{\"cache\""),
    ];
    for text in shapes {
        let start: String = text.chars().take(40).collect();
        let path = folder.file("x", &text);
        let outcome = read_all(&path);
        assert_eq!(outcome.harvest, oracle(&entries), "{start}");
        for piece in [64, 300, 1000] {
            assert_eq!(read_with(&path, &options(2, piece)).harvest, oracle(&entries), "{start}");
        }
    }
}

#[test]
fn a_single_entry_is_a_capture_and_lines_of_entries_are_counted_as_lines() {
    let folder = Folder::new();
    let entries = some_entries(3);
    for text in [shown(&entries[1], true), shown(&entries[1], false)] {
        let outcome = read_all(&folder.file("one", text));
        assert_eq!(outcome.harvest, oracle(&entries[1..2]));
    }
    let text = entries.iter().fold(String::new(), |text, entry| format!("{text}{entry}\n\n"));
    let path = folder.file("lines", text);
    for piece in [0, 64, 700] {
        let outcome = read_with(&path, &options(2, piece));
        let places: Vec<_> = outcome.harvest.iter().map(|(p, _)| (p.entry, p.line)).collect();
        assert_eq!(places, [(None, Some(1)), (None, Some(3)), (None, Some(5))]);
        assert_eq!(&*outcome.inputs[0].facts.format, "jsonl");
    }
}

#[test]
fn containers_are_told_by_content_and_nest() {
    let folder = Folder::new();
    let entries = some_entries(6);
    let text = shown(&har(&entries), true);
    let halves = text.split_at(text.len() / 2);
    let zlib = {
        let mut packer =
            flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(text.as_bytes()).unwrap();
        packer.finish().unwrap()
    };
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked: Vec<u8> =
        std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    let members = [gzip(halves.0.as_bytes()), gzip(halves.1.as_bytes())].concat();
    let zstd = ruzstd::encoding::compress_to_vec(
        text.as_bytes(),
        ruzstd::encoding::CompressionLevel::Fastest,
    );
    let zipped = zip(&[("har.har", text.as_bytes())]);
    let packed = [gzip(text.as_bytes()), zlib, utf16, marked, members, zstd, gzip(&zipped), zipped];
    for (index, bytes) in packed.iter().enumerate() {
        let outcome = read_all(&folder.file("x.txt", bytes));
        assert!(outcome.harvest == oracle(&entries), "{index}");
        assert!(!outcome.inputs[0].truncated);
    }
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn bodies_that_lie_beside_the_capture_are_read() {
    let folder = Folder::new();
    let mut entries = some_entries(2);
    entries[0]["response"]["content"] =
        json!({"size": 25, "mimeType": "application/json", "_file": "ab12.json"});
    let body = br#"{"error":"token_expired"}"#;
    let text = shown(&har(&entries), true);
    let bytes = zip(&[("ab12.json", body), ("har.har", text.as_bytes())]);
    let outcome = read_all(&folder.file("a.zip", bytes));
    assert_eq!(outcome.inputs.len(), 1);
    assert_eq!(outcome.inputs[0].facts.member.as_deref(), Some("har.har"));
    assert!(outcome.harvest[0].1.contains("token_expired"), "{}", outcome.harvest[0].1);
}

#[test]
fn what_is_cut_off_keeps_what_came_before() {
    let folder = Folder::new();
    let entries = some_entries(3);
    for pretty in [false, true] {
        let text = shown(&har(&entries), pretty);
        let mut most = 0;
        for end in 1..text.len() {
            let path = folder.file("cut.har", &text.as_bytes()[..end]);
            let outcome = read_all(&path);
            let count = outcome.harvest.len();
            assert_eq!(outcome.harvest, oracle(&entries[..count]), "{end}");
            assert!(count >= most, "{end}");
            most = count;
            let input = &outcome.inputs[0];
            assert!(input.truncated || input.error.is_some() || end + 2 > text.len(), "{end}");
        }
        assert_eq!(most, 3);
    }
    let packed = gzip(shown(&har(&some_entries(40)), false).as_bytes());
    let outcome = read_all(&folder.file("cut.gz", &packed[..packed.len() * 2 / 3]));
    assert!(outcome.inputs[0].truncated && !outcome.harvest.is_empty());
}

#[test]
fn one_bad_entry_is_skipped_with_its_place_and_the_others_stay() {
    let folder = Folder::new();
    let mut entries = some_entries(5);
    entries[1] = Value::Null;
    entries[3] = json!({"response": {}});
    let text = shown(&har(&entries), true);
    let outcome = read_all(&folder.file("a.har", text));
    assert_eq!(outcome.harvest.len(), 3);
    let skipped: Vec<_> = outcome.inputs[0]
        .skipped
        .iter()
        .map(|(reason, noted)| (reason.to_string(), noted.count, noted.first[0].entry))
        .collect();
    assert_eq!(
        skipped,
        [("entry is null".to_owned(), 1, Some(1)), ("no request".to_owned(), 1, Some(3))]
    );
}

#[test]
fn a_panic_costs_one_exchange() {
    let folder = Folder::new();
    let mut entries = some_entries(6);
    entries[2]["request"]["url"] = json!("https://a.example/panic");
    let path = folder.file("a.har", shown(&har(&entries), false));
    for piece in [0, 600] {
        let outcome = read_with(&path, &options(2, piece));
        assert_eq!(outcome.harvest.len(), 5);
        let (reason, noted) = outcome.inputs[0].skipped.iter().next().unwrap();
        assert_eq!(*reason, crate::input::skip::SkipReason::Panicked);
        assert_eq!(noted.first[0].entry, Some(2));
    }
}

#[test]
fn what_is_no_capture_says_what_it_is() {
    let folder = Folder::new();
    let table: [(&[u8], &str); 8] = [
        (b"", "empty input: expected a HAR, or a request log"),
        (b" \n\n", "empty input: expected a HAR, or a request log"),
        (
            b"plain words\nand more\n",
            "text in which no line is a request: expected a HAR, or a request log",
        ),
        (b"{\"log\":{\"entries\":[]}}", "a HAR without entries"),
        (
            b"{\"a\":1}",
            "JSON, but no exchange in it: expected \"entries\", or a status with a method or path",
        ),
        (b"PAR1\x15\x04", "binary input (Parquet): expected a HAR, or a request log"),
        (
            b"\xD4\xC3\xB2\xA1\x02\0\x04\0",
            "binary input (packet capture): expected a HAR, or a request log",
        ),
        (b"\x7FELF\x02\x01\x01\0", "binary input (program): expected a HAR, or a request log"),
    ];
    for (bytes, said) in table {
        let outcome = read_all(&folder.file("x.har", bytes));
        let error = outcome.inputs[0].error.as_ref().unwrap();
        assert_eq!(error.to_string(), said);
    }
}

#[test]
fn the_order_of_inputs_and_the_number_of_workers_do_not_show() {
    let folder = Folder::new();
    let mut names = Vec::new();
    for index in 0..9_u16 {
        let text = shown(&har(&some_entries(index)), index % 2 == 0);
        let bytes = if index % 3 == 0 { gzip(text.as_bytes()) } else { text.into_bytes() };
        names.push(folder.file(&format!("{index}"), bytes).to_string_lossy().into_owned());
    }
    let show = |names: &[String], jobs, piece| {
        let outcome = read(&Inputs::find(names), &options(jobs, piece), || Keep, &());
        let inputs: Vec<_> =
            outcome.inputs.iter().map(|i| (i.facts.source.to_string(), i.exchanges)).collect();
        (outcome.harvest, inputs)
    };
    let first = show(&names, 1, 0);
    names.reverse();
    for (jobs, piece) in [(1, 0), (2, 0), (4, 500)] {
        assert_eq!(show(&names, jobs, piece), first);
    }
    names.push(folder.0.to_string_lossy().into_owned());
    assert_eq!(show(&names, 3, 0), first);
}

#[test]
fn the_har_crate_reads_the_same_where_it_reads_at_all() {
    let folder = Folder::new();
    let text = shown(&har(&some_entries(7)), true);
    let har::Spec::V1_2(log) = har::from_slice(text.as_bytes()).unwrap().log else {
        panic!("version 1.2")
    };
    let outcome = read_all(&folder.file("a.har", &text));
    assert_eq!(outcome.harvest.len(), log.entries.len());
    for ((_, line), entry) in outcome.harvest.iter().zip(&log.entries) {
        let body = entry.response.content.text.clone().unwrap_or_default();
        assert!(line.contains(&format!("{:?}", Text::Plain(body.into()).read())));
        assert!(line.contains(&entry.request.url));
    }
}

fn har_of(creator: &Value, entries: &[Value]) -> Value {
    json!({"log": {"version": "1.2", "creator": creator, "pages": [], "entries": entries}})
}

/// Counts the exchanges of a client and those of a proxy; the pieces must not show.
fn client_and_proxy(folder: &Folder, text: &str) -> (usize, usize) {
    let path = folder.file("x.har", text);
    let packed = folder.file("x.har.gz", gzip(text.as_bytes()));
    let whole = read_all(&path).harvest;
    for piece in [64, 300, 1000, 3000] {
        for jobs in [1, 3] {
            let split = read_with(&path, &options(jobs, piece));
            assert_eq!(split.harvest, whole, "{jobs} {piece} {text}");
            assert_eq!(replayed(&path, &split, jobs), lines(&whole));
            let stream = read_with(&packed, &options(jobs, piece));
            assert_eq!(stream.harvest, whole, "{jobs} {piece} {text}");
            assert_eq!(replayed(&packed, &stream, jobs), lines(&whole));
        }
    }
    let count = |name: &str| whole.iter().filter(|(_, line)| line.contains(name)).count();
    (count(" Client "), count(" Proxy "))
}

#[test]
fn each_capture_of_a_file_has_its_own_maker_wherever_the_file_is_cut() {
    let folder = Folder::new();
    let (browser, proxy) = (json!({"name": "Firefox"}), json!({"name": "mitmproxy"}));
    let entries = some_entries(6);
    let (first, second) = (har_of(&browser, &entries[..3]), har_of(&proxy, &entries[3..]));
    for pretty in [false, true] {
        let [first, second] = [&first, &second].map(|har| shown(har, pretty));
        for text in [
            format!("{first}\n{second}"),
            format!("{second}\n{first}"),
            format!("[{first},{second}]"),
            format!("[{second},{first}]"),
        ] {
            assert_eq!(client_and_proxy(&folder, &text), (3, 3), "{text}");
        }
        assert_eq!(client_and_proxy(&folder, &format!("{second}{second}")), (0, 6));
    }
}

#[test]
fn a_capture_without_a_maker_does_not_take_the_one_before() {
    let folder = Folder::new();
    let entries = some_entries(4);
    let named = har_of(&json!({"name": "mitmproxy"}), &entries[..2]);
    let nameless = json!({"log": {"version": "1.2", "entries": &entries[2..]}});
    assert_eq!(client_and_proxy(&folder, &format!("{named}\n{nameless}")), (2, 2));
    // What was made by a browser and recorded by a proxy names both, in any order.
    let both = |first: &str, then: &str| {
        let head = format!("{{\"log\":{{{first},{then},\"entries\":");
        format!("{head}{}}}}}{nameless}", json!(&entries[..2]))
    };
    let (browser, creator) = (r#""browser":{"name":"Firefox"}"#, r#""creator":{"name":"Charles"}"#);
    assert_eq!(client_and_proxy(&folder, &both(browser, creator)), (2, 2));
    assert_eq!(client_and_proxy(&folder, &both(creator, browser)), (2, 2));
}

#[test]
fn a_maker_named_behind_the_entries_is_known_at_the_end() {
    let folder = Folder::new();
    let entries = some_entries(8);
    let named = |head: &str| {
        format!(
            "{{\"log\":{{{head}\"entries\":{},\"creator\":{{\"name\":\"mitmproxy\"}}}}}}",
            json!(entries)
        )
    };
    let after = named("");
    let both = named("\"browser\":{\"name\":\"Firefox\"},");
    let first = har(&entries[..2]).to_string();
    let nameless = format!("{{\"log\":{{\"entries\":{}}}}}", json!(entries));
    for (text, creator, observer) in [
        (&after, Some("mitmproxy"), Observer::Proxy),
        (&both, Some("mitmproxy"), Observer::Proxy),
        // A capture of many gives its maker to none of the others.
        (&format!("{first}{after}"), Some("Test 1"), Observer::Client),
        (&format!("{nameless}{after}"), None, Observer::Client),
        (&nameless, None, Observer::Client),
    ] {
        for piece in [0, 64, 1000] {
            let outcome = read_with(&folder.file("a.har", text), &options(2, piece));
            let facts = &outcome.inputs[0].facts;
            assert_eq!((facts.creator.as_deref(), facts.observer), (creator, observer), "{text}");
        }
    }
}

#[test]
fn a_capture_inside_a_broken_entry_has_its_maker_wherever_the_file_is_cut() {
    let folder = Folder::new();
    let entries = some_entries(9);
    let (browser, proxy) = (json!({"name": "Firefox"}), json!({"name": "mitmproxy"}));
    let inner = format!("[{}]", har_of(&proxy, &entries[3..6]));
    let outer = har_of(&browser, &entries).to_string();
    let broken = format!("}}]}}}}{inner}");
    for (name, with) in [("\"cache\":{}", broken.as_str()), ("\"cookies\":[]", &inner)] {
        for from in [0, outer.len() / 2] {
            let (head, tail) = outer.split_at(from + outer[from..].find(name).unwrap());
            let text = format!("{head}{with}{}", &tail[name.len()..]);
            client_and_proxy(&folder, &text);
        }
    }
}

#[test]
fn a_record_that_is_too_long_is_given_up_wherever_the_file_is_cut() {
    let folder = Folder::new();
    let mut entries = some_entries(5);
    let mut longs = Vec::new();
    for length in [7 << 20, 9 << 20] {
        entries[2]["response"]["content"]["text"] = json!("x".repeat(length));
        longs.push(shown(&har(&entries), false));
    }
    for ((text, skipped), oracle) in longs.iter().zip([0, 1]).zip([5, 4]) {
        let path = folder.file("a.har", text);
        let whole = read_all(&path);
        assert_eq!((whole.harvest.len(), whole.inputs[0].skipped.len()), (oracle, skipped));
        let at_once =
            ReadOptions { window_bytes: NonZeroUsize::new(32 << 20).unwrap(), ..options(1, 0) };
        for options in [at_once, options(2, 3 << 20), options(1, 100_000)] {
            let other = read_with(&path, &options);
            assert!(other.harvest == whole.harvest);
            assert_eq!(other.inputs[0].skipped, whole.inputs[0].skipped);
        }
    }
}

#[test]
fn a_line_that_is_too_long_is_given_up_once_wherever_the_file_is_cut() {
    let folder = Folder::new();
    let entries = some_entries(3);
    let long = "x".repeat(3 << 20);
    let text = format!("{}\n{{\"a\":\"{long}\"}}\n{}\n", entries[0], entries[1]);
    let path = folder.file("a.ndjson", &text);
    let packed = folder.file("a.ndjson.gz", gzip(text.as_bytes()));
    let whole = read_all(&path);
    let skipped = &whole.inputs[0].skipped;
    assert_eq!((whole.harvest.len(), whole.harvest[1].0.line), (2, Some(3)));
    assert_eq!(skipped.keys().collect::<Vec<_>>(), [&crate::input::skip::SkipReason::TooLong]);
    let at_once =
        ReadOptions { window_bytes: NonZeroUsize::new(32 << 20).unwrap(), ..options(1, 0) };
    for options in [at_once, options(2, 500_000), options(1, 100_000)] {
        for path in [&path, &packed] {
            let other = read_with(path, &options);
            assert_eq!(other.harvest, whole.harvest);
            assert_eq!(&other.inputs[0].skipped, skipped);
        }
    }
}

#[test]
fn entries_that_lost_a_bracket_cost_themselves_only() {
    let folder = Folder::new();
    let long = "x".repeat(5 << 20);
    let mut entries = some_entries(6);
    entries[4]["response"]["content"]["text"] = json!(long);
    for entry in &mut entries[..2] {
        entry["cache"] = json!("lost");
    }
    for pretty in [false, true] {
        let text = shown(&har(&entries), pretty).replace("\"lost\"", "{");
        let path = folder.file("a.har", text);
        let whole = read_all(&path);
        assert_eq!(whole.harvest, oracle(&entries)[2..]);
        assert_eq!(whole.inputs[0].skipped[&crate::input::skip::SkipReason::NotJson].count, 2);
        assert!(read_with(&path, &options(2, 3000)).harvest == whole.harvest);
    }
}

#[test]
fn columns_that_a_line_named_reach_the_lines_behind_it_wherever_the_file_is_cut() {
    let folder = Folder::new();
    let heads = ["cs-method sc-status", "sc-status cs-method", "cs-method sc-status x"];
    let mut lines = Vec::new();
    for (part, columns) in heads.iter().enumerate() {
        lines.push("#Software: x".to_owned());
        lines.push(format!("#Fields: date time {columns} cs-uri-stem"));
        for row in 0..8 {
            let words = match part {
                0 => format!("GET 40{row}"),
                1 => format!("40{row} GET"),
                _ => format!("GET 40{row} -"),
            };
            lines.push(format!("2026-11-23 02:29:3{row} {words} /{part}/{row}"));
        }
        let table = ["#separator \\x09", "#path\thttp", "#fields\tts\tmethod\turi\tstatus_code"];
        lines.extend(table.map(str::to_owned));
        lines.push(format!("1795400973.45\tGET\t/zeek/{part}\t401"));
    }
    let text = lines.join("\n");
    let path = folder.file("columns.log", &text);
    let whole = read_all(&path);
    let seen = whole.harvest.clone();
    assert_eq!(seen.len(), 27);
    assert!(seen.iter().all(|(_, line)| line.contains(" GET /") && line.contains("Some(40")));
    for piece in 1..text.len() {
        let cut = read_with(&path, &options(1 + piece % 3, piece));
        assert_eq!(cut.harvest, seen, "pieces of {piece} bytes");
    }
}
