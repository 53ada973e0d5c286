//! Of a limit of memory nothing shows but what was left out: any split and order leaves out the same.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::evidence::Catalogue;
use crate::tally::{Limits, Tally};
use crate::token::{Keyring, Verifier};

/// One line: client, token, path, status.
type Asked = (u8, u8, usize, usize);

fn token(number: u8) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let payload =
        json!({"sub": format!("user-{number}"), "exp": 1_795_400_000, "iss": "https://id.example"});
    let header = json!({"alg": "HS256", "kid": format!("k{}", number % 3)});
    let signature = URL_SAFE_NO_PAD.encode([number; 32]);
    format!("{}.{}.{signature}", part(header), part(payload))
}

fn line(second: usize, (client, sent, path, status): Asked) -> String {
    let paths = ["/v1/orders/7", "/v1/users", "/login", "/oauth/token", "/logout", "/v1/items"];
    let statuses = [200, 201, 401, 403, 302];
    let hosts = ["api.example", "www.example"];
    let authorization = if sent < 40 { format!("Bearer {}", token(sent)) } else { String::new() };
    json!({
        "ts": format!("2026-11-23T02:{:02}:{:02}.000Z", second / 60 % 60, second % 60),
        "request_id": format!("32cc53a5be73b5942416f4fc3604{:04}", second / 2),
        "method": if path == 3 { "POST" } else { "GET" }, "host": hosts[path % 2], "path": paths[path],
        "status": statuses[status], "client_ip": format!("192.0.2.{client}"),
        "headers": {"authorization": authorization, "user-agent": format!("agent/{}", client % 3)},
        "response_headers": {"set-cookie": if status == 4 { "session=8xLOxBtZp8a9Qk2mV4yT" } else { "" }},
    })
    .to_string()
}

/// Reads lines of a log from this one on.
fn tally(lines: &[String], first: usize, limits: Limits, piece: usize) -> Tally {
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    let folder = Folder::new();
    let path = folder.file("api.log", text);
    let verifier = Verifier::new(Keyring::default());
    let naming = || Some(Naming { name: "api.log".into(), first_line: Some(first as u64 + 1) });
    let collector =
        || Collector::new(Catalogue::embedded(), &verifier, naming(), None, false).within(limits);
    let options = ReadOptions {
        piece_bytes: NonZeroUsize::new(piece),
        jobs: NonZeroUsize::new(2),
        ..ReadOptions::default()
    };
    read(&Inputs::find([path.to_string_lossy()]), &options, collector, &()).harvest.tally
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_split_and_order_within_limits_keeps_the_same(
        asked in prop::collection::vec((0u8..60, 0u8..80, 0usize..6, 0usize..5), 1..160),
        room in 20_000u64..2_000_000,
        cuts in (0usize..160, 0usize..160),
        looser in prop::collection::vec(prop::option::of(1u64..4), 3),
        piece in 900usize..40_000,
        order in Just([0usize, 1, 2]).prop_shuffle(),
        left_first: bool,
    ) {
        let lines: Vec<String> = asked.iter().enumerate().map(|(n, asked)| line(n, *asked)).collect();
        let limits = Limits::with_room(room);
        let mut whole = tally(&lines, 0, limits, usize::MAX / 4);
        prop_assert_eq!(&tally(&lines, 0, limits, piece), &whole);
        let (a, b) = (cuts.0.min(lines.len()), cuts.1.min(lines.len()));
        let (a, b) = (a.min(b), a.max(b));
        // One part keeps within the limits, the others within looser ones or none.
        let of_part = |n: usize| match looser[n] {
            _ if n == 1 => limits,
            Some(times) => Limits::with_room(room * times),
            None => Limits::default(),
        };
        let ranges = [0..a, a..b, b..lines.len()];
        let parts: Vec<Tally> = ranges
            .into_iter()
            .enumerate()
            .map(|(n, range)| {
                let part = tally(&lines[range.clone()], range.start, of_part(n), piece);
                let sent = serde_json::to_string(&part).unwrap();
                // An empty part is the zero, which has no limits.
                let back: Tally = serde_json::from_str(&sent).unwrap();
                let mut read = Tally::within(part.limits());
                read.merge(back.clone());
                assert_eq!(read, part, "a partial result remembers its limits");
                back
            })
            .collect();
        let [x, y, z] = order.map(|n| parts[n].clone());
        let mut merged = Tally::within(if a == b { limits } else { Limits::default() });
        if left_first {
            merged.merge(x);
            merged.merge(y);
            merged.merge(z);
        } else {
            let mut rest = y;
            rest.merge(z);
            merged.merge(x);
            merged.merge(rest);
        }
        prop_assert_eq!(&merged, &whole);
        // What was limited after it was read is what was read within limits.
        let mut late = tally(&lines, 0, Limits::default(), piece);
        late.limit(limits);
        prop_assert_eq!(&late, &whole);
        let refused = asked.iter().filter(|(_, _, _, status)| matches!(status, 2 | 3)).count() as u64;
        whole.settle();
        let kept = whole.groups.iter().filter(|(_, group)| {
            group.facts.as_ref().unwrap().answer.outcome.is_refused()
        });
        let kept: u64 = kept.map(|(_, group)| group.count).sum();
        prop_assert!(kept + whole.refused.count >= refused, "{kept} and {} of {refused}", whole.refused.count);
        for (_, group) in whole.groups.iter() {
            let facts = group.facts.as_ref().unwrap();
            for mark in facts.credentials.iter().filter_map(|c| c.token) {
                prop_assert!(whole.token(mark).is_some(), "a group that is kept keeps its tokens");
            }
        }
    }
}

#[test]
fn limits_are_written_where_there_are_any() {
    let lines = [line(0, (1, 2, 0, 0))];
    let of = |limits| serde_json::to_string(&tally(&lines, 0, limits, usize::MAX / 4)).unwrap();
    assert!(of(Limits::default()).contains("\"limits\":null"));
    assert!(!of(Limits::with_room(1 << 20)).contains("\"limits\":null"));
}
