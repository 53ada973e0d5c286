//! Packets as tshark prints them, made here.

use super::*;
use crate::input::skip::Repair;

/// Keeps what a reader finds.
#[derive(Default)]
struct Kept {
    exchanges: Vec<Exchange<'static>>,
    skipped: Vec<SkipReason>,
    passed: u64,
}

impl Sink for Kept {
    fn exchange(&mut self, exchange: &mut Exchange<'_>, _: &Attached<'_>) {
        let owned = |text: &str| text.to_owned().into();
        self.exchanges.push(Exchange {
            position: exchange.position,
            time: exchange.time,
            method: exchange.method.as_deref().map(owned),
            url: owned(&exchange.url),
            status: exchange.status,
            request_headers: exchange
                .request_headers
                .iter()
                .map(|h| crate::model::Header { name: owned(&h.name), value: owned(&h.value) })
                .collect(),
            response_body: Body {
                text: Text::Plain(owned(&exchange.response_body.text.read())),
                ..Body::default()
            },
            until_answer_ms: exchange.until_answer_ms,
            ..Exchange::default()
        });
    }

    fn skipped(&mut self, _: Position, reason: SkipReason) {
        self.skipped.push(reason);
    }

    fn repaired(&mut self, _: Position, _: &[Repair]) {}

    fn passed(&mut self, lines: u64) {
        self.passed += lines;
    }
}

fn read(text: &str) -> Kept {
    let mut kept = Kept::default();
    Packets::default().read(text.as_bytes(), true, usize::MAX, &mut kept);
    kept
}

/// Reads in windows that grow by one byte.
fn read_in_bits(text: &str) -> Kept {
    let (mut kept, mut packets, mut start) = (Kept::default(), Packets::default(), 0);
    for end in 0..=text.len() {
        let last = end == text.len();
        let bytes = &text.as_bytes()[start..end];
        start += packets.read(bytes, last, usize::MAX, &mut kept).0;
    }
    kept
}

fn request(stream: u32, secs: u32, path: &str) -> String {
    format!(
        r#"  {{
    "_source": {{"layers": {{
      "frame": {{"frame.time_epoch": "17954010{secs:02}.500000000"}},
      "ip": {{"ip.src": "192.0.2.10", "ip.dst": "192.0.2.20"}},
      "tcp": {{"tcp.stream": "{stream}"}},
      "http": {{
        "GET {path} HTTP/1.1\\r\\n": {{"http.request.method": "GET", "http.request.uri": "{path}"}},
        "http.request.line": "Host: api.example\r\n",
        "http.request.line": "Authorizaton: Bearer  abc\r\n",
        "http.request.full_uri": "http://api.example{path}"
      }}}}}}
  }}"#
    )
}

fn answer(stream: u32, secs: u32, status: u16) -> String {
    format!(
        r#"  {{
    "_source": {{"layers": {{
      "frame": {{"frame.time_epoch": "17954010{secs:02}.750000000"}},
      "tcp": {{"tcp.stream": "{stream}"}},
      "http": {{
        "HTTP/1.1 {status} X\\r\\n": {{"http.response.code": "{status}", "http.response.phrase": "X"}},
        "http.response.line": "Content-Type: application/json\r\n",
        "http.response_for.uri": "http://api.example/answered",
        "http.file_data": "7b:7d"
      }}}}}}
  }}"#
    )
}

#[test]
fn an_answer_goes_with_the_oldest_request_of_its_stream() {
    let packets = [
        request(1, 1, "/a"),
        request(2, 2, "/b"),
        request(1, 3, "/c"),
        answer(2, 4, 200),
        answer(1, 5, 100),
        answer(1, 6, 401),
        answer(1, 7, 403),
    ];
    let text = format!("[\n{}\n]\n", packets.join(",\n"));
    assert!(is_packets(text.as_bytes()));
    for kept in [read(&text), read_in_bits(&text)] {
        let seen: Vec<_> = kept
            .exchanges
            .iter()
            .map(|e| (e.position.entry.unwrap(), &*e.url, e.status.unwrap()))
            .collect();
        let expected = [
            (3, "http://api.example/b", 200),
            (5, "http://api.example/a", 401),
            (6, "http://api.example/c", 403),
        ];
        assert_eq!(seen, expected);
        assert_eq!((kept.passed, kept.skipped.len()), (4, 0));
    }
}

#[test]
fn every_line_of_the_head_is_kept_with_its_spelling_and_its_blanks() {
    let text = format!("[\n{},\n{}\n]", request(1, 1, "/a"), answer(1, 2, 401));
    let kept = read(&text);
    let exchange = &kept.exchanges[0];
    let fields: Vec<_> = exchange.request_headers.iter().map(|h| (&*h.name, &*h.value)).collect();
    assert_eq!(fields, [("Host", "api.example"), ("Authorizaton", "Bearer  abc")]);
    assert_eq!(exchange.response_body.text.read(), "{}");
    assert_eq!(exchange.until_answer_ms, Some(1250.0));
    assert_eq!(exchange.time.unwrap().to_string(), "2026-11-23T02:30:01.500000000Z");
}

#[test]
fn lines_for_elasticsearch_are_read_alike() {
    let text = concat!(
        r#"{"index":{"_index":"packets-2026-11-23","_type":"doc"}}"#,
        "\n",
        r#"{"timestamp":"1795401000003","layers":{"frame":{"frame_frame_time_epoch":"1795401000.003"},"tcp":{"tcp_tcp_stream":"0"},"http":{"http_http_request_method":"GET","http_http_request_uri":"/a","http_http_request_line":["Host: a\r\n","X: b\r\n"]}}}"#,
        "\n",
        r#"{"index":{"_index":"packets-2026-11-23","_type":"doc"}}"#,
        "\n",
        r#"{"timestamp":"1795401000004","layers":{"frame":{"frame_frame_time_epoch":"1795401000.004"},"tcp":{"tcp_tcp_stream":"0"},"http":{"http_http_response_code":"401"}}}"#,
        "\n",
    );
    assert!(is_packets(text.as_bytes()));
    for kept in [read(text), read_in_bits(text)] {
        assert_eq!(kept.exchanges.len(), 1);
        assert_eq!(kept.exchanges[0].position.line, Some(4));
        assert_eq!(kept.exchanges[0].request_headers.len(), 2);
        assert_eq!(kept.passed, 3);
    }
}

#[test]
fn what_lacks_one_half_is_an_exchange_all_the_same() {
    let kept = read(&format!("[\n{}\n]", answer(1, 1, 401)));
    assert_eq!(
        (&*kept.exchanges[0].url, kept.exchanges[0].status),
        ("http://api.example/answered", Some(401))
    );
    let kept = read(&format!("[\n{}\n]", request(1, 1, "/a")));
    assert_eq!((&*kept.exchanges[0].url, kept.exchanges[0].status), ("http://api.example/a", None));
}

#[test]
fn a_packet_that_is_cut_off_is_noted_and_the_requests_before_are_kept() {
    let text = format!("[\n{},\n{}", request(1, 1, "/a"), &answer(1, 2, 401)[..80]);
    let (mut kept, mut packets) = (Kept::default(), Packets::default());
    packets.read(text.as_bytes(), true, usize::MAX, &mut kept);
    assert!(packets.truncated);
    assert_eq!((kept.exchanges.len(), kept.skipped), (1, vec![SkipReason::CutOff]));
}

#[test]
fn other_json_is_no_packet_capture() {
    for text in [r#"[{"_source":{"a":1}}]"#, r#"{"index":1}"#, r#"{"layers":{}}"#, "", "["] {
        assert!(!is_packets(text.as_bytes()), "{text}");
    }
}

mod any_order {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        // Windows that grow by one byte are slow.
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn how_it_is_cut_never_shows(
            picks in proptest::collection::vec((0_u32..6, 0_u32..3), 0..12),
            end in 0_usize..400,
            odd in "[ -~]{0,12}",
        ) {
            let packets: Vec<_> = picks
                .iter()
                .map(|(kind, stream)| match kind {
                    0 | 1 => request(*stream, 1, "/a"),
                    2 | 3 => answer(*stream, 2, 401),
                    4 => odd.clone(),
                    _ => "{\"_source\":{\"layers\":{}}}".to_owned(),
                })
                .collect();
            let text = format!("[\n{}\n]", packets.join(",\n"));
            let text = &text[..text.len() - end.min(text.len())];
            let told = |kept: Kept| {
                let seen: Vec<_> = kept
                    .exchanges
                    .iter()
                    .map(|e| format!("{:?} {} {:?}", e.position, e.url, e.status))
                    .collect();
                (seen, kept.skipped, kept.passed)
            };
            prop_assert_eq!(told(read_in_bits(text)), told(read(text)));
        }
    }
}
