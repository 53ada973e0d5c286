//! Lines in memory, read at once: for whoever has lines and no file.

use super::choice::Choice;
use super::jsonl::Mapping;
use super::reader::Reader;
use super::record::Sink;
use super::skip::{Repair, SkipReason};
use super::walk::Attached;
use crate::model::{Exchange, Position};

/// What became of lines; each line is told or passed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LineCounts {
    /// All lines, blank ones too.
    pub lines: u64,
    /// Lines that gave an exchange, or in which something could not be read.
    pub told: u64,
    /// Lines that are no records of their own: blank ones, directives, parts of others.
    pub passed: u64,
    /// Exchanges; a line can hold several.
    pub exchanges: u64,
    /// Records that could not be read.
    pub skipped: u64,
}

/// Reads lines of a log, JSON or text as the choice says, and hands over each exchange.
///
/// # Example
/// ```
/// # use authopsy::input::{Choice, read_lines};
/// let line = br#"192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] "GET /me HTTP/1.1" 401 25"#;
/// let mut seen = Vec::new();
/// let counts = read_lines(line, &Choice::default(), |exchange| seen.push(exchange.status));
/// assert_eq!((seen, counts.lines), (vec![Some(401)], 1));
/// ```
pub fn read_lines(bytes: &[u8], choice: &Choice, take: impl FnMut(&Exchange<'_>)) -> LineCounts {
    let mut reader = Reader::lines(&Mapping::default(), choice);
    let mut taker = Taker { take, counts: LineCounts::default(), line: None };
    reader.read(bytes, true, usize::MAX, &mut taker);
    LineCounts { lines: reader.lines_met(), ..taker.counts }
}

struct Taker<F> {
    take: F,
    counts: LineCounts,
    /// The line told last.
    line: Option<u64>,
}

impl<F> Taker<F> {
    fn tell(&mut self, position: Position) {
        if self.line != position.line {
            self.counts.told += 1;
            self.line = position.line;
        }
    }
}

impl<F: FnMut(&Exchange<'_>)> Sink for Taker<F> {
    fn exchange(&mut self, exchange: &mut Exchange<'_>, _: &Attached<'_>) {
        self.tell(exchange.position);
        self.counts.exchanges += 1;
        (self.take)(exchange);
    }

    fn skipped(&mut self, position: Position, _: SkipReason) {
        self.tell(position);
        self.counts.skipped += 1;
    }

    fn repaired(&mut self, _: Position, _: &[Repair]) {}

    fn passed(&mut self, lines: u64) {
        self.counts.passed += lines;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::input::document::Pause;

    const GOOD: &str = r#"192.0.2.7 - - [23/Nov/2026:02:29:33 +0000] "GET /me HTTP/1.1" 401 25"#;

    fn counts(bytes: &[u8]) -> (u64, u64, u64) {
        let counts = read_lines(bytes, &Choice::default(), |_| {});
        assert_eq!(counts.lines, counts.told + counts.passed, "{counts:?}");
        (counts.exchanges, counts.skipped, counts.passed)
    }

    /// Pieces of which logs are made, whole and broken.
    const PIECES: [&str; 22] = [
        GOOD,
        "\n",
        "\r",
        "\r\n",
        "\0",
        "\0\0\0\0\0\0\0\0\0",
        "rubbish",
        " ",
        "Nov 23 02:29:33 host app[7]: ",
        "2026-11-23T02:29:33.1Z stdout P ",
        "2026-11-23T02:29:33.1Z stderr F ",
        r#"{"log":"half a line","stream":"stdout","time":"2026-11-23T02:29:33Z"}"#,
        r#"{"log":"the rest\\n","stream":"stdout","time":"2026-11-23T02:29:33Z"}"#,
        r#"{"time":1795530576000,"method":"GET","url":"/orders","status":401}"#,
        r#"{"records":[{"status":401,"path":"/a"},{},{"status":403,"path":"/b"}]}"#,
        r#"{"logEvents":[{"message":"a message of an application"}]}"#,
        r##"{"data":{"result":[{"values":[["1","#Fields: date time"]]}]}}"##,
        "{\"status\":401,",
        "[",
        "#Fields: date time c-ip cs-method cs-uri-stem sc-status",
        "2026-11-23 02:29:33 192.0.2.7 GET /me 401",
        "web-1  | ",
    ];

    /// Reads in windows that grow and move by `step` bytes.
    fn read_in_windows(bytes: &[u8], step: usize) -> (Vec<String>, LineCounts) {
        let mut reader = Reader::lines(&Mapping::default(), &Choice::default());
        let mut seen = Vec::new();
        let take = |exchange: &Exchange<'_>| seen.push(format!("{exchange:?}"));
        let mut taker = Taker { take, counts: LineCounts::default(), line: None };
        let (mut start, mut end) = (0, step.min(bytes.len()));
        loop {
            let last = end == bytes.len();
            let (done, pause) = reader.read(&bytes[start..end], last, usize::MAX, &mut taker);
            if pause != Pause::More {
                break;
            }
            start += done;
            end = bytes.len().min(end + step);
        }
        let counts = LineCounts { lines: reader.lines_met(), ..taker.counts };
        (seen, counts)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn no_line_is_lost_and_no_window_shows(
            picks in prop::collection::vec(0..PIECES.len(), 0..24), step in 1_usize..90
        ) {
            let log: String = picks.iter().map(|pick| PIECES[*pick]).collect();
            let (seen, whole) = read_in_windows(log.as_bytes(), usize::MAX);
            prop_assert_eq!(whole.lines, whole.told + whole.passed, "{:?}", log);
            prop_assert_eq!(read_in_windows(log.as_bytes(), step), (seen, whole), "{:?}", log);
        }
    }

    #[test]
    fn a_log_that_was_emptied_under_its_writer_loses_no_line() {
        let hole = [0; 5000];
        let log = [&hole[..], GOOD.as_bytes(), b"\n", GOOD.as_bytes(), b"\n"].concat();
        assert_eq!(counts(&log), (2, 0, 0));
        let log = [GOOD.as_bytes(), b"\n192.0.2.7 - - [23", &hole, GOOD.as_bytes(), b"\n"].concat();
        assert_eq!(counts(&log), (2, 1, 0), "only the line that the hole cut is lost");
        let log = [GOOD.as_bytes(), b"\n", GOOD.as_bytes(), &hole, b"\n", &hole].concat();
        assert_eq!(counts(&log), (2, 0, 1));
        assert_eq!(counts(&hole), (0, 0, 1));
    }

    #[test]
    fn lines_that_end_in_a_carriage_return_alone_are_all_read() {
        let json = r#"{"time":1795530576000,"method":"GET","url":"/orders","status":401}"#;
        let log = format!("{GOOD}\r{json}\r\r{GOOD}\r");
        assert_eq!(counts(log.as_bytes()), (3, 0, 1));
        let mixed = format!("{GOOD}\r\n{GOOD}\r{GOOD}\n{GOOD}\r\r\n{GOOD}");
        assert_eq!(counts(mixed.as_bytes()), (5, 0, 0));
    }

    #[test]
    fn rubbish_loses_nothing_but_itself() {
        let rubbish: Vec<u8> = (0..300_u32).map(|n| (n * 7 % 251) as u8 | 0x80).collect();
        let log = [GOOD.as_bytes(), b"\n", &rubbish, b"\n", GOOD.as_bytes(), b"\n"].concat();
        assert_eq!(counts(&log), (2, 1, 0));
        let cut = [GOOD.as_bytes(), b" \"-\" \"\xC3\"\n", GOOD.as_bytes()].concat();
        assert_eq!(counts(&cut), (2, 0, 0), "a cut character costs no line");
    }

    #[test]
    fn the_records_of_one_line_have_a_place_each() {
        let line = format!(
            r#"{{"logEvents":[{{"timestamp":1795400973000,"message":{0}}},{{"timestamp":1795400974000,"message":{0}}}]}}"#,
            serde_json::to_string(GOOD).unwrap()
        );
        let mut places = Vec::new();
        let log = format!("{GOOD}\n{line}\n{GOOD}");
        let counts = read_lines(log.as_bytes(), &Choice::default(), |exchange| {
            places.push((exchange.position.line, exchange.position.entry));
        });
        assert_eq!(
            places,
            [(Some(1), None), (Some(2), Some(0)), (Some(2), Some(1)), (Some(3), None)]
        );
        assert_eq!((counts.lines, counts.told), (3, 3));
    }

    #[test]
    fn a_name_that_a_client_chose_makes_no_line_and_moves_no_status() {
        let of = |user: &str| {
            let line = GOOD.replace("- -", &format!("- {user}"));
            let mut seen = Vec::new();
            read_lines(line.as_bytes(), &Choice::default(), |exchange| {
                seen.push((exchange.status, exchange.url.to_string()));
            });
            seen
        };
        let forged = r#"x [23/Nov/2026:02:29:33 +0000] "GET /admin HTTP/1.1" 200 5"#;
        for name in [
            "ann\\n192.0.2.9 - - [23/Nov/2026:02:29:33 +0000] \\\"GET /admin HTTP/1.1\\\" 200 5",
            "ann\\x0A192.0.2.9 - bob",
            "ann\\\"",
            "ann\\x22",
            forged,
        ] {
            let seen = of(name);
            let honest =
                |(status, url): &(Option<u16>, String)| *status == Some(401) && url == "/me";
            assert!(seen.len() <= 1 && seen.iter().all(honest), "{name}: {seen:?}");
        }
    }
}
