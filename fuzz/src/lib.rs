//! What the targets share: a whole run over bytes, and exchanges made of lines of text.

use std::io::sink;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use authopsy::desk::{Job, Product, Unwatched, analyze};
use authopsy::engine::{self, Gatherer, InputFacts, Outcome, ReadOptions};
use authopsy::input::Inputs;
use authopsy::model::{Body, Exchange, Header, Position, Text};
use authopsy::render::{FORMATS, Look, Made};

/// Reads `bytes` as a file twice, cut differently, which must not show; then makes every report.
pub fn read_and_report(bytes: &[u8]) {
    let path = file(bytes);
    let whole = read(path, 1 << 20, 1 << 20);
    let pieces = read(path, 64, 256);
    assert_eq!(whole.harvest, pieces.harvest);
    assert_eq!(told(&whole), told(&pieces));

    let job = Job {
        inputs: vec![path.to_string_lossy().into_owned()],
        threads: NonZeroUsize::new(1),
        ..Job::default()
    };
    let Ok(analysis) = analyze::run(&job, &Unwatched, Some(&mut sink())) else { return };
    if let Product::Report(report) = analysis.product {
        for format in FORMATS {
            if let Made::Report(renderer) = format.made {
                renderer(&Look::default()).render(&report, &mut sink()).expect("a sink takes all");
            }
        }
    }
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
    let options = ReadOptions {
        jobs: NonZeroUsize::new(1),
        piece_bytes: NonZeroUsize::new(piece),
        window_bytes: NonZeroUsize::new(window).expect("no call has 0"),
        ..ReadOptions::default()
    };
    engine::read(&Inputs::find([path.to_string_lossy()]), &options, || Keep, &())
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
