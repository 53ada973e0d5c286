//! What the targets share: a whole run over bytes, and exchanges made of lines of text.

use std::io::{Cursor, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, write::ZlibEncoder};

use authopsy::desk::{self, Job, Product, Unwatched, analyze};
use authopsy::engine::{self, Gatherer, InputFacts, Outcome, ReadOptions};
use authopsy::input::{Choice, Inputs, LineCounts};
use authopsy::model::{Body, Exchange, Header, Position, Report, Text};
use authopsy::render::{FORMATS, Look, Made};
use authopsy::tally::VERSION;

/// Reads `bytes` as a file twice, cut differently, which must not show; then makes every report.
pub fn read_and_report(bytes: &[u8]) {
    read_cut(bytes);
    report(bytes);
}

/// Reads `bytes` as a file, cut in several ways, which must not show. No line of a log is lost silently.
pub fn read_cut(bytes: &[u8]) {
    let path = file(bytes);
    let whole = read(path, 1 << 20, 1 << 20);
    for (piece, window) in [(64, 256), (1 + bytes.len() % 97, 64 + bytes.len() % 61)] {
        let pieces = read(path, piece, window);
        assert_eq!(whole.harvest, pieces.harvest);
        assert_eq!(told(&whole), told(&pieces));
    }
}

/// Reads `bytes` as a stream of documents, and as documents of one, cut and held in several ways, which must
/// not show: a stream is what its documents are, each in a stream of its own.
pub fn read_frames(bytes: &[u8]) {
    read_stream(bytes.to_vec());
    let frame = |(index, document): (usize, &[u8])| {
        [format!("{} {index:03}\n", document.len()).as_bytes(), document].concat()
    };
    let frames: Vec<Vec<u8>> = bytes.split(|b| *b == 0xFF).enumerate().map(frame).collect();
    let together = read_stream(frames.concat());
    let mut alone: Vec<_> = frames.into_iter().flat_map(read_stream).collect();
    alone.sort();
    assert_eq!(together, alone);
}

/// Reads a stream of documents in several ways; returns its exchanges.
fn read_stream(bytes: Vec<u8>) -> Vec<(Position, String)> {
    let read = |frame_bytes, piece, window| {
        let options = ReadOptions { frame_bytes, ..options(piece, window) };
        let inputs = Inputs::framed(Cursor::new(bytes.clone()));
        engine::read(&inputs, &options, || Keep, &())
    };
    let whole = read(u64::MAX, 1 << 20, 1 << 20);
    for frame_bytes in [0, 1 + bytes.len() as u64 % 67] {
        let pieces = read(frame_bytes, 64, 256);
        assert_eq!(whole.harvest, pieces.harvest);
        assert_eq!(told(&whole), told(&pieces));
    }
    whole.harvest
}

/// Puts a token into `bytes` wherever they say `@@`, and makes every report: none may show it.
pub fn plant_and_report(bytes: &[u8]) {
    let mut planted = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(2).position(|two| two == b"@@") {
        planted.extend_from_slice(&rest[..at]);
        planted.extend_from_slice(TOKEN.as_bytes());
        rest = &rest[at + 2..];
    }
    planted.extend_from_slice(rest);
    let all = report(&planted);
    let secret = TOKEN.rsplit('.').next().unwrap_or(TOKEN);
    if let Some(at) = all.windows(secret.len()).position(|run| run == secret.as_bytes()) {
        let from = at.saturating_sub(300);
        panic!("a token came out: {}", String::from_utf8_lossy(&all[from..at + secret.len()]));
    }
}

/// A token that nobody made by chance.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
    eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwic3ViIjoiYW5uIiwiZXhwIjoxNzk1NDAwOTczfQ.\
    Zk3qW8vT1yB6nLr0cXa9uPs5dEh7gJm2oKf4iQwRzYtM";

/// Makes every report of `bytes` as a file: all that was written.
fn report(bytes: &[u8]) -> Vec<u8> {
    let path = file(bytes);
    let mut all = Vec::new();
    let mut lines = Vec::new();
    let mut left = Vec::new();
    let job = Job {
        inputs: vec![path.to_string_lossy().into_owned()],
        threads: NonZeroUsize::new(1),
        ..Job::default()
    };
    let run = analyze::run_with_leftovers(&job, &Unwatched, Some(&mut lines), Some(&mut left));
    all.append(&mut lines);
    all.append(&mut left);
    let Ok(analysis) = run else { return all };
    if let Product::Report(report) = analysis.product {
        render(&report, &mut all);
    }
    all
}

/// Writes a report in every format.
fn render(report: &Report, all: &mut Vec<u8>) {
    for format in FORMATS {
        if let Made::Report(renderer) = format.made {
            renderer(&Look::default()).render(report, all).expect("memory takes all");
        }
    }
}

/// Merges a partial result with these words and numbers. What is taken is written and read again to the same
/// bytes, makes every report, and counts twice when it comes twice.
pub fn merge_partial(words: &[&str], numbers: &[u8]) {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(numbers).expect("memory takes all");
    let packed = STANDARD.encode(packer.finish().expect("memory takes all"));
    let line = serde_json::json!({
        "authopsy_partial": VERSION, "version": "", "shape": null, "words": words, "tally": packed,
    });
    let Some(once) = merge(line.to_string().as_bytes(), true) else { return };
    let Product::Partial(once) = once else { panic!("no partial result came of one") };
    let Some(Product::Partial(again)) = merge(&once, true) else {
        panic!("what was written is refused")
    };
    assert_eq!(once, again);
    let exchanges = |lines: &[u8]| match merge(lines, false) {
        Some(Product::Report(report)) => {
            render(&report, &mut Vec::new());
            report.totals.exchanges
        }
        _ => 0,
    };
    let count = exchanges(&once);
    assert_eq!(exchanges(&[&*once, &*once].concat()), count.saturating_mul(2));
}

/// Merges partial results, one a line, into one or into a report; nothing where one is refused.
fn merge(lines: &[u8], partial: bool) -> Option<Product> {
    let job = Job {
        inputs: vec![file(lines).to_string_lossy().into_owned()],
        threads: NonZeroUsize::new(1),
        partial,
        ..Job::default()
    };
    desk::merge::run(&job, &Unwatched).ok().map(|merged| merged.product)
}

/// Reads lines in memory by the format of this name, if there is one; each is told or passed.
pub fn read_lines(name: &str, lines: &[u8]) {
    let counts = counts(name, lines);
    assert_eq!(counts.lines, counts.told + counts.passed, "{counts:?}");
}

/// Returns what became of lines that are read by the format of this name; nothing for a wrong name.
pub fn counts(name: &str, lines: &[u8]) -> LineCounts {
    let Ok(choice) = Choice::parse(name) else { return LineCounts::default() };
    authopsy::input::read_lines(lines, &choice, |exchange| {
        assert!(exchange.status.is_none_or(|status| (100..1000).contains(&status)));
        assert!(exchange.position.line.is_some());
    })
}

/// Packs files into a zip archive, stored as they are.
pub fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut body, mut directory) = (Vec::new(), Vec::new());
    let u32_of = |n: usize| u32::try_from(n).unwrap_or(0).to_le_bytes();
    let u16_of = |n: usize| u16::try_from(n).unwrap_or(0).to_le_bytes();
    for (name, bytes) in files {
        let at = body.len();
        let sizes = [u32_of(0), u32_of(bytes.len()), u32_of(bytes.len())].concat();
        let head =
            [&[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x5B][..], &sizes, &u16_of(name.len()), &[0, 0]];
        let head = head.concat();
        body.extend_from_slice(&[b"PK\x03\x04", &head[..], name.as_bytes(), bytes].concat());
        directory.extend_from_slice(b"PK\x01\x02\x14\0");
        directory.extend_from_slice(&head);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&u32_of(at));
        directory.extend_from_slice(name.as_bytes());
    }
    let count = u16_of(files.len());
    let end = [&[0; 4][..], &count, &count, &u32_of(directory.len()), &u32_of(body.len()), &[0, 0]];
    [body, directory, b"PK\x05\x06".to_vec(), end.concat()].concat()
}

/// Writes `bytes` to the one file of this process.
fn file(bytes: &[u8]) -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let path = PATH
        .get_or_init(|| std::env::temp_dir().join(format!("authopsy-fuzz-{}", std::process::id())));
    std::fs::write(path, bytes).expect("the directory for temporary files can be written");
    path
}

fn read(path: &Path, piece: usize, window: usize) -> Outcome<Vec<(Position, String)>> {
    engine::read(&Inputs::find([path.to_string_lossy()]), &options(piece, window), || Keep, &())
}

fn options(piece: usize, window: usize) -> ReadOptions {
    ReadOptions {
        jobs: NonZeroUsize::new(1),
        piece_bytes: NonZeroUsize::new(piece),
        window_bytes: NonZeroUsize::new(window).expect("no call has 0"),
        ..ReadOptions::default()
    }
}

/// Returns what a reading says beside its exchanges.
fn told(outcome: &Outcome<Vec<(Position, String)>>) -> String {
    format!("{:?}", outcome.inputs)
}

/// Keeps all exchanges as text.
struct Keep;

impl Gatherer for Keep {
    type Harvest = Vec<(Position, String)>;

    fn observe(&mut self, harvest: &mut Self::Harvest, exchange: &Exchange<'_>, _: &InputFacts) {
        let bodies = [exchange.request_body.text.read(), exchange.response_body.text.read()];
        let mut rest = exchange.clone();
        rest.position = Position::default();
        (rest.request_body.text, rest.response_body.text) = (Text::Absent, Text::Absent);
        harvest.push((exchange.position, format!("{rest:?} {bodies:?}")));
    }

    fn rebase(harvest: &mut Self::Harvest, entries: u64, lines: u64) {
        for (position, _) in harvest {
            position.entry = position.entry.map(|entry| entry + entries);
            position.line = position.line.map(|line| line + lines);
        }
    }

    fn merge(into: &mut Self::Harvest, other: Self::Harvest) {
        into.extend(other);
        into.sort();
    }
}

/// Makes a refused exchange: its request or response is `text`, fields, an empty line, a body.
///
/// The first line is the URL for a request, the status for a response.
pub fn exchange(text: &str, side: Side) -> Exchange<'_> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let (first, fields) = head.split_once('\n').unwrap_or((head, ""));
    let headers: Vec<Header<'_>> = fields
        .split('\n')
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| Header { name: name.into(), value: value.into() })
        .collect();
    let mime = headers
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case("content-type"))
        .map(|field| field.value.clone());
    let body = Body { mime, text: Text::Plain(body.into()), ..Body::default() };
    let blank = Exchange { status: Some(401), method: Some("POST".into()), ..Exchange::default() };
    match side {
        Side::Request => {
            Exchange { url: first.into(), request_headers: headers, request_body: body, ..blank }
        }
        Side::Response => Exchange {
            url: "https://api.example/orders".into(),
            status: first.parse().ok(),
            response_headers: headers,
            response_body: body,
            ..blank
        },
    }
}

/// The message of an exchange that a text describes.
#[derive(Clone, Copy, Debug)]
pub enum Side {
    /// The request.
    Request,
    /// The response.
    Response,
}
