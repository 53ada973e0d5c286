//! One report made by hand, with everything that a renderer can meet.

use std::collections::BTreeMap;

use authopsy::model::{
    Affected, Assumption, At, Bound, CaseAdvice, CauseId, CauseRow, Class, ClientLine, ClockRow,
    Confidence, Evidence, ExampleRow, Expectation, Incident, InputRow, Lifeline, MessageRow,
    Period, PlaceRow, Position, Report, ServerLine, SkipRow, StoryItem, Timeline, TimelineBucket,
    Totals,
};

/// Half past ten on the day of the report, in seconds since 1970.
const HALF_PAST_TEN: i64 = 1_795_170_600;

/// Returns the instant `secs` after half past ten.
pub(crate) fn at(secs: i64) -> String {
    At::from_secs(HALF_PAST_TEN + secs).to_string()
}

/// Returns a report of a browser capture and a gateway log: a token kept in use after its expiry, a
/// misspelt field name, and a little of everything else.
pub(crate) fn everything() -> Report {
    Report {
        schema: "authopsy.report/1".to_owned(),
        summary: "93 of 1,284 requests failed to authenticate since 10:31:00, most of them (71) \
                  because one client kept using an expired token"
            .to_owned(),
        inputs: inputs(),
        period: Period { first: Some(at(-1500)), last: Some(at(1730)) },
        totals: Totals {
            exchanges: 1284,
            ok: 1159,
            failure: 93,
            expected: 24,
            lookalike: 8,
            by_status: counted(&[("200", 1159), ("401", 117), ("403", 8)]),
        },
        affected: Affected {
            first: Some(at(-1432)),
            last: Some(at(1702)),
            hosts: vec![("api.example.com".to_owned(), 93)],
            endpoints: vec![
                ("GET api.example.com/orders".to_owned(), 66),
                ("PUT api.example.com/profile".to_owned(), 14),
                ("POST api.example.com/cart".to_owned(), 13),
            ],
            distinct: counted(&[
                ("addresses", 1),
                ("causes", 3),
                ("clients", 3),
                ("endpoints", 3),
                ("hosts", 1),
                ("tokens", 4),
                ("users", 1),
            ]),
            bounds: BTreeMap::new(),
        },
        causes: causes(),
        timeline: timeline(),
        incidents: vec![Incident {
            start: at(60),
            end: at(492),
            count: 74,
            causes: vec![(CauseId::of("time.expired_cached"), 71), (CauseId::of("unknown"), 3)],
            endpoints: vec![
                ("GET api.example.com/orders".to_owned(), 60),
                ("POST api.example.com/cart".to_owned(), 14),
            ],
            clients: 1,
            distinct: counted(&[
                ("causes", 2),
                ("hosts", 1),
                ("endpoints", 3),
                ("clients", 1),
                ("addresses", 1),
                ("users", 16),
                ("tokens", 2),
            ]),
            bounds: BTreeMap::from([("users".to_owned(), Bound::AtLeast)]),
            recovery: Some(at(510)),
            before: vec![Evidence::new("token tok:3f9a61c2d07b passed its `exp`", "history")],
            storms: ["3f9a61c2d07b was sent 41 times", "0a1b2c3d4e5f was sent 12 times"]
                .map(|told| format!("tok:{told} to GET api.example.com/orders within 9 s"))
                .map(|fact| Evidence::new(fact, "history"))
                .to_vec(),
        }],
        tokens: tokens(),
        clocks: vec![
            ClockRow {
                host: "api.example.com".into(),
                skew_s: -0.5,
                spread_s: 0.4,
                samples: 611,
                source: "date".into(),
            },
            ClockRow {
                host: "auth.example.com".into(),
                skew_s: 42.0,
                spread_s: 1.0,
                samples: 9,
                source: "date".into(),
            },
        ],
        story: vec![
            story(-1500, "`tok:3f9a61c2d07b` is first used and let in"),
            story(
                60,
                "`tok:3f9a61c2d07b` expires; the client keeps sending it, 71 requests are refused",
            ),
            story(500, "the client logs in again and gets `tok:88ab10ffe2c4`"),
            story(510, "the first request with the new token is let in"),
        ],
        groups: Vec::new(),
        clients: vec![ClientLine {
            id: "cli:2b7d40c1".to_owned(),
            ip: Some("192.0.2.7".to_owned()),
            user_agent: Some("shop-app/5.4.4".to_owned()),
        }],
        expectations: vec![Expectation {
            host: Some("api.example.com".to_owned()),
            what: "issuer".to_owned(),
            value: "https://auth.example.com/".to_owned(),
            basis: "learned".to_owned(),
            first: Some(at(-1500)),
            last: Some(at(1730)),
        }],
        keys: Vec::new(),
        warnings: vec![Evidence::new(
            "the log holds 12 usable tokens in its query strings",
            "logs/gateway.log",
        )],
        options: BTreeMap::from([("bucket".to_owned(), "auto".to_owned())]),
        version: "0.0.0".to_owned(),
        assumptions: vec![Assumption {
            source: Some("logs/gateway.log".to_owned()),
            what: "times without a zone are UTC".to_owned(),
            option: "--tz".to_owned(),
        }],
        left_out: BTreeMap::from([("tokens".to_owned(), 2)]),
        ..Report::default()
    }
}

/// Returns a report in which nothing failed.
pub(crate) fn calm() -> Report {
    Report {
        schema: "authopsy.report/1".to_owned(),
        summary: "no request failed to authenticate".to_owned(),
        inputs: inputs().into_iter().take(1).collect(),
        period: Period { first: Some(at(0)), last: Some(at(90)) },
        totals: Totals {
            exchanges: 212,
            ok: 212,
            by_status: counted(&[("200", 212)]),
            ..Totals::default()
        },
        version: "0.0.0".to_owned(),
        ..Report::default()
    }
}

fn inputs() -> Vec<InputRow> {
    vec![
        InputRow {
            source: "captures/browser.har".to_owned(),
            named: true,
            format: Some("har".to_owned()),
            creator: Some("WebInspector 537.36".to_owned()),
            exchanges: 212,
            bytes: 4_812_331,
            unseen: vec![
                "request fields `authorization` and `cookie` (Chrome's sanitized export)"
                    .to_owned(),
            ],
            ..InputRow::default()
        },
        InputRow {
            source: "logs/gateway.log".to_owned(),
            named: true,
            format: Some("gzip+jsonl".to_owned()),
            exchanges: 1072,
            bytes: 96_412,
            truncated: true,
            skipped: vec![SkipRow {
                reason: "not json at byte 312".to_owned(),
                count: 2,
                first: vec![line(9), line(411)],
            }],
            ..InputRow::default()
        },
    ]
}

fn causes() -> Vec<CauseRow> {
    let orders = ("GET api.example.com/orders".to_owned(), 58);
    let cart = ("POST api.example.com/cart".to_owned(), 13);
    vec![
        CauseRow {
            confidence: counted(&[("proven", 66), ("inferred", 5)]),
            first: Some(at(60)),
            last: Some(at(492)),
            endpoints: vec![orders, cart],
            tokens: vec![("tok:3f9a61c2d07b".to_owned(), 71)],
            clients: vec![("cli:2b7d40c1".to_owned(), 71)],
            examples: vec![ExampleRow {
                source: "captures/browser.har".to_owned(),
                member: None,
                position: Position { entry: Some(17), ..Position::default() },
                time: Some(at(135)),
                endpoint: "GET api.example.com/orders".to_owned(),
                status: Some(401),
                confidence: Confidence::Proven,
                server: ServerLine {
                    says: Some(CauseId::of("time.expired")),
                    text: Some("token_expired".to_owned()),
                    place: Some("body.error".to_owned()),
                    dialect: None,
                    agrees: "agrees".to_owned(),
                },
                evidence: vec![
                    Evidence::new(
                        "`exp` passed 75 s before the request",
                        "request.headers.authorization",
                    ),
                    Evidence::new(
                        "42 more requests used this token after `exp`; no refresh was attempted",
                        "history",
                    ),
                ],
            }],
            messages: messages(),
            messages_left_out: 9,
            distinct: counted(&[("messages", 3)]),
            also: vec![(CauseId::of("claim.issuer_slash"), 71)],
            advice_case: Some(CaseAdvice {
                text: "the token was sent 3 s to 7 m 12 s after its `exp`".to_owned(),
                count: 66,
                values: BTreeMap::from([(
                    "late".to_owned(),
                    vec!["3 s".to_owned(), "7 m 12 s".to_owned()],
                )]),
            }),
            advice_client: "ask the store on every request.".to_owned(),
            advice_server: "return `expires_in` with the token.".to_owned(),
            ..row(
                "time.expired_cached",
                71,
                0.7634,
                "Expired token kept in use",
                "Refresh shortly before `exp`, and on a 401 refresh once, then retry once",
            )
        },
        CauseRow {
            confidence: counted(&[("proven", 14)]),
            first: Some(at(-1432)),
            last: Some(at(1702)),
            endpoints: vec![("PUT api.example.com/profile".to_owned(), 14)],
            clients: vec![("cli:90aa17f3".to_owned(), 14)],
            examples: vec![ExampleRow {
                source: "logs/gateway.log".to_owned(),
                member: None,
                position: line(88),
                time: Some(at(-1432)),
                endpoint: "PUT api.example.com/profile".to_owned(),
                status: Some(401),
                confidence: Confidence::Proven,
                server: ServerLine {
                    says: Some(CauseId::of("claim.audience")),
                    text: Some("invalid audience".to_owned()),
                    place: Some("www-authenticate".to_owned()),
                    dialect: None,
                    agrees: "contradicts".to_owned(),
                },
                evidence: vec![Evidence::new(
                    "field `Authorizaton` carries a credential, one letter short of `Authorization`",
                    "request.headers.authorizaton",
                )],
            }],
            ..row(
                "header.misspelt_name",
                14,
                0.1505,
                "Credential under a misspelt field name",
                "Send the credential in `Authorization`",
            )
        },
        CauseRow {
            confidence: counted(&[("suspected", 8)]),
            first: Some(at(301)),
            last: Some(at(940)),
            endpoints: vec![("GET files.example.com/download/{id}/parts/{id}".to_owned(), 8)],
            distinct: counted(&[("clients", 6)]),
            ..row(
                "unknown",
                8,
                0.086,
                "Refused, and nothing tells why",
                "Log the reason of the refusal",
            )
        },
        CauseRow {
            class: Class::Expected,
            ..row("other.handshake", 20, 0.8333, "First leg of a handshake", "")
        },
        CauseRow {
            class: Class::Expected,
            ..row("time.expired_recovered", 4, 0.1667, "Expired, then renewed at once", "")
        },
        CauseRow {
            class: Class::Lookalike,
            ..row("other.rate_limit", 8, 1.0, "Too many requests", "")
        },
    ]
}

fn messages() -> Vec<MessageRow> {
    let seen = |entry| PlaceRow {
        source: "captures/browser.har".to_owned(),
        member: None,
        position: Position { entry: Some(entry), ..Position::default() },
    };
    vec![
        MessageRow {
            template: "token_expired".to_owned(),
            text: Some("token_expired".to_owned()),
            count: 71,
            place: "body.error".to_owned(),
            first: Some(at(60)),
            example: Some(seen(17)),
        },
        MessageRow {
            template: "token expired <n> seconds ago at <time>".to_owned(),
            text: None,
            count: 62,
            place: "header:www-authenticate.error_description".to_owned(),
            first: Some(at(75)),
            example: Some(seen(19)),
        },
    ]
}

fn tokens() -> Vec<Lifeline> {
    vec![
        Lifeline {
            fingerprint: "tok:3f9a61c2d07b".to_owned(),
            kind: "jwt".to_owned(),
            alg: Some("RS256".to_owned()),
            kid: Some("2026-10".to_owned()),
            iat: Some(at(-1540)),
            exp: Some(at(60)),
            issued: Some(at(-1540)),
            first_use: Some(at(-1500)),
            last_use: Some(at(492)),
            last_success: Some(at(52)),
            first_refusal: Some(at(60)),
            last_refusal: Some(at(492)),
            uses: 420,
            refusals: 71,
            replaced_by: Some("tok:88ab10ffe2c4".to_owned()),
            causes: vec![(CauseId::of("time.expired_cached"), 71)],
            ..Lifeline::default()
        },
        Lifeline {
            fingerprint: "tok:88ab10ffe2c4".to_owned(),
            kind: "jwt".to_owned(),
            alg: Some("RS256".to_owned()),
            iat: Some(at(505)),
            exp: Some(at(4105)),
            issued: Some(at(505)),
            first_use: Some(at(510)),
            last_use: Some(at(1730)),
            last_success: Some(at(1730)),
            uses: 311,
            ..Lifeline::default()
        },
    ]
}

/// Half-minute pulses: misspelt all the time, the storm from 10:31 to 10:38, a silence at the end.
fn timeline() -> Timeline {
    let buckets = (-100..115)
        .filter(|i| !(70..90).contains(i))
        .map(|i: i64| {
            let start = i * 15;
            let storm = (4..33).contains(&i).then_some((36 - i) as u64 / 9 + u64::from(i % 3 == 0));
            let misspelt = (i % 15 == 0).then_some(1);
            let unknown = (20..64).contains(&i).then_some(u64::from(i % 5 == 0));
            let failures = [
                ("time.expired_cached", storm),
                ("header.misspelt_name", misspelt),
                ("unknown", unknown),
            ]
            .into_iter()
            .filter_map(|(id, n)| Some((CauseId::of(id), n.filter(|n| *n > 0)?)));
            TimelineBucket {
                start: at(start),
                ok: if storm.is_some() { 1 } else { 6 },
                failures: failures.collect(),
                ..TimelineBucket::default()
            }
        })
        .collect();
    Timeline { width_s: 15.0, buckets, untimed: 3 }
}

pub(crate) fn row(id: &'static str, count: u64, share: f64, title: &str, advice: &str) -> CauseRow {
    CauseRow {
        id: CauseId::of(id),
        class: Class::Failure,
        title: title.to_owned(),
        summary: String::new(),
        count,
        share,
        confidence: BTreeMap::new(),
        first: None,
        last: None,
        endpoints: Vec::new(),
        hosts: Vec::new(),
        tokens: Vec::new(),
        users: Vec::new(),
        clients: Vec::new(),
        distinct: BTreeMap::new(),
        messages: Vec::new(),
        messages_left_out: 0,
        examples: Vec::new(),
        also: Vec::new(),
        advice: advice.to_owned(),
        advice_case: None,
        advice_client: String::new(),
        advice_server: String::new(),
    }
}

fn story(secs: i64, text: &str) -> StoryItem {
    StoryItem { time: Some(at(secs)), text: text.to_owned(), evidence: Vec::new() }
}

fn line(line: u64) -> Position {
    Position { line: Some(line), ..Position::default() }
}

fn counted(list: &[(&str, u64)]) -> BTreeMap<String, u64> {
    list.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect()
}
