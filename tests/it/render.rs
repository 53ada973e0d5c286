//! Renderers on a report made by hand.

use authopsy::model::{
    Bound, CauseId, Class, ClientLine, Confidence, CredentialLine, Evidence, Finding, Line,
    Observer, Report, ServerLine,
};
use authopsy::render::{Look, Palette, Render, Text, by_name, json};

use crate::report::{calm, everything, row};

fn text(report: &Report, look: Look) -> String {
    let mut out = Vec::new();
    Text::new(look).render(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn wide(width: usize) -> Look {
    Look { width, ..Look::default() }
}

#[test]
fn text_fits_its_width() {
    for width in [60, 80, 100, 160] {
        let text = text(&everything(), wide(width));
        for line in text.lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
            assert_eq!(line, line.trim_end(), "blanks at the end of a line");
        }
        insta::assert_snapshot!(format!("text_{width}"), text);
    }
}

#[test]
fn text_in_ascii_has_nothing_else() {
    let text = text(&everything(), Look { unicode: false, verbose: true, ..wide(80) });
    assert!(text.is_ascii());
    insta::assert_snapshot!("text_ascii", text);
}

#[test]
fn colour_adds_escape_codes_and_changes_no_letter() {
    let plain = text(&everything(), wide(100));
    assert!(!plain.contains('\u{1b}'));
    let coloured = text(&everything(), Look { palette: Palette::COLOUR, ..wide(100) });
    let mut bare = String::new();
    let mut inside = false;
    for c in coloured.chars() {
        match c {
            '\u{1b}' => inside = true,
            'm' if inside => inside = false,
            c if !inside => bare.push(c),
            _ => {}
        }
    }
    let bare: Vec<&str> = bare.lines().map(str::trim_end).collect();
    assert_eq!(bare, plain.lines().collect::<Vec<_>>());
}

#[test]
fn an_instant_far_from_the_others_stands_apart_from_its_sentence() {
    let mut report = everything();
    report.story[0].time = Some("2023-11-14T23:13:20Z".to_owned());
    let text = text(&report, wide(100));
    assert!(text.contains("\n  2023-11-14 23:13:20  tok:3f9a61c2d07b is first used"), "{text}");
}

#[test]
fn among_equal_causes_none_is_called_the_first_to_mend() {
    let mut report = everything();
    assert!(text(&report, wide(100)).contains("\ndo first  "));
    let worst = report.causes[0].count;
    report.causes[1].count = worst;
    let text = text(&report, wide(160));
    assert!(text.contains("\ndo  Refresh shortly"), "{text}");
    assert!(text.contains("(time.expired_cached, one of 2 causes with 71 failures)"), "{text}");
}

#[test]
fn an_incident_counts_whom_it_hit_in_full_and_says_which_numbers_are_bounds() {
    let mut report = everything();
    let hit = "1 client · at least 16 users · 2 tokens · 1 host · 3 endpoints\n";
    assert!(text(&report, wide(160)).contains(hit), "its list names two endpoints");
    for (bound, said) in [(Bound::AtMost, "at most 16 users"), (Bound::About, "about 16 users")] {
        report.incidents[0].bounds.insert("users".to_owned(), bound);
        assert!(text(&report, wide(160)).contains(said));
    }
    report.incidents[0].distinct.clear();
    assert!(!text(&report, wide(160)).contains("    hit "), "nothing is known");
}

#[test]
fn the_page_is_the_next_step_where_the_terminal_shows_less_than_is_known() {
    let next = |report: &Report, look| text(report, look).lines().last().unwrap().to_owned();
    let mut report = everything();
    assert_eq!(next(&report, wide(80)), "next: authopsy explain time.expired_cached");
    let one = report.incidents[0].clone();
    report.incidents = vec![one; 5];
    let page = "next: authopsy captures/browser.har logs/gateway.log -o report.html";
    assert_eq!(next(&report, wide(80)), page);
    // All of it stands above.
    let verbose = Look { verbose: true, ..wide(80) };
    assert_eq!(next(&report, verbose), "next: authopsy explain time.expired_cached");
    report.incidents.truncate(1);
    for id in ["time.expired", "claim.audience", "token.truncated"] {
        report.causes.insert(1, row(id, 2, 0.1, "Another cause", "Do something"));
    }
    assert_eq!(next(&report, wide(80)), page, "six causes, five blocks");
    report.inputs.truncate(1);
    "-".clone_into(&mut report.inputs[0].source);
    assert_eq!(next(&report, wide(80)), "next: ... | authopsy -o report.html");
    // A key tells what no page can.
    report.causes[0].id = CauseId::of("unknown");
    report.tokens[0].causes = vec![(CauseId::of("unknown"), 71)];
    assert!(next(&report, wide(80)).contains("--jwks"), "{}", next(&report, wide(80)));
}

#[test]
fn wordings_that_an_example_shows_are_not_said_again() {
    let mut report = everything();
    let shown = text(&report, wide(160));
    assert_eq!(shown.matches("“token_expired”").count(), 1, "{shown}");
    assert!(shown.contains("said   “token expired <n> seconds ago at <time>” 62 ("), "{shown}");
    assert!(shown.contains("1 more wording left out (--top)"), "{shown}");
    report.causes[0].distinct = [("messages".to_owned(), 2)].into();
    let shown = text(&report, wide(160));
    assert!(shown.contains("9 times something else"), "{shown}");
    report.causes[0].messages.truncate(1);
    report.causes[0].distinct.clear();
    report.causes[0].messages_left_out = 0;
    assert!(!text(&report, wide(160)).contains("  said "), "all is shown");
    report.causes[0].messages[0].count = 70;
    assert!(text(&report, wide(160)).contains("said   “token_expired” 70 (body.error)"));
}

#[test]
fn a_report_without_failures_says_so() {
    insta::assert_snapshot!(text(&calm(), wide(80)), @r"
    no request failed to authenticate

    212 exchanges from 1 input · 0 failures · 212 ok
    2026-11-20 10:30:00 to 10:31:30 UTC

    NOTES
      read       captures/browser.har: har, 212 exchanges, 4.8 MB, by WebInspector
                 537.36
      not seen   captures/browser.har: request fields authorization and cookie
                 (Chrome's sanitized export)
    ");
}

#[test]
fn hostile_values_are_shown_not_sent() {
    let hostile = "\u{1b}]0;owned\u{7}\u{202e}evil\u{9b}2J\r\n";
    let mut report = everything();
    report.title = Some(hostile.to_owned());
    report.summary = hostile.to_owned();
    report.causes[0].endpoints = vec![(hostile.to_owned(), 1)];
    report.causes[0].tokens = vec![(hostile.to_owned(), 1)];
    report.causes[0].first = Some(hostile.to_owned());
    report.causes[0].examples[0].source = hostile.to_owned();
    report.causes[0].examples[0].endpoint = hostile.to_owned();
    report.causes[0].examples[0].server.text = Some(hostile.to_owned());
    report.causes[0].examples[0].evidence[0] = Evidence::new(hostile, hostile);
    report.causes.push(row("unknown", 1, 0.1, hostile, hostile));
    report.causes[3].id = CauseId::owned(hostile.to_owned());
    report.inputs[0].source = hostile.to_owned();
    report.inputs[0].error = Some(hostile.to_owned());
    report.tokens[0].kid = Some(hostile.to_owned());
    report.clocks[1].host = hostile.to_owned();
    report.story[0].text = hostile.to_owned();
    report.warnings[0] = Evidence::new(hostile, hostile);
    let timeline = &mut report.timeline.buckets[3];
    timeline.failures.add(&CauseId::owned(hostile.to_owned()), 9);
    for look in [wide(80), Look { verbose: true, ..wide(160) }] {
        let text = text(&report, look);
        let sent = text.chars().filter(|c| c.is_control() && *c != '\n' || *c == '\u{202e}');
        assert_eq!(sent.count(), 0, "{text}");
    }
    let mut out = Vec::new();
    by_name("json").unwrap().render(&report, &mut out).unwrap();
    let json = String::from_utf8(out).unwrap();
    assert!(!json.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\u{7f}']));
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap().title.as_deref(), Some(hostile));
}

#[test]
fn json_keeps_the_order_of_the_contract() {
    let mut out = Vec::new();
    by_name("json").unwrap().render(&everything(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let keys: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("  \"")?.split_once('"').map(|(key, _)| key))
        .collect();
    insta::assert_snapshot!(keys.join(" "), @"schema title summary inputs period totals affected causes timeline incidents tokens clocks story groups clients expectations keys warnings options version assumptions left_out");
    insta::assert_snapshot!("json", text);
}

#[test]
fn a_json_report_can_be_read_back() {
    let mut first = Vec::new();
    json::Json.render(&everything(), &mut first).unwrap();
    let report: Report = serde_json::from_slice(&first).unwrap();
    let mut second = Vec::new();
    json::Json.render(&report, &mut second).unwrap();
    assert_eq!(String::from_utf8(first).unwrap(), String::from_utf8(second).unwrap());
}

#[test]
fn a_line_has_every_field_in_order() {
    let mut out = Vec::new();
    json::line(&line(), &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}

#[test]
fn a_raw_time_stands_only_where_it_is_no_number_of_seconds() {
    let mut line = line();
    line.credentials[0].exp = None;
    line.credentials[0].exp_raw = Some("\"soon\"".to_owned());
    let mut out = Vec::new();
    json::line(&line, &mut out).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let credential = &value["credentials"][0];
    assert_eq!(credential["exp"], serde_json::Value::Null);
    assert_eq!(credential["exp_raw"], "\"soon\"");
    assert!(credential.get("nbf").is_some() && credential.get("nbf_raw").is_none());
}

pub(crate) fn line() -> Line {
    Line {
        schema: "authopsy.exchange/1".into(),
        id: "9c41f00d2ab37e15".into(),
        source: "captures/browser.har".into(),
        member: None,
        entry: Some(17),
        line: None,
        byte: None,
        time: Some("2026-11-20T10:32:15.120Z".into()),
        judged_at: Some("2026-11-20T10:32:14.620Z".into()),
        skew_s: Some(-0.500_000_1),
        observer: Observer::Client,
        method: Some("GET".into()),
        url: Some("https://api.example.com/orders?page=2".into()),
        host: Some("api.example.com".into()),
        endpoint: "GET api.example.com/orders".into(),
        client: ClientLine { id: "cli:2b7d40c1".into(), ..ClientLine::default() },
        user: Some("sub:81bef0aa".into()),
        request_id: None,
        trace_id: None,
        status: Some(401),
        grpc_status: None,
        class: Class::Failure,
        cause: Some(CauseId::of("time.expired_cached")),
        confidence: Some(Confidence::Proven),
        also: vec![Finding {
            cause: CauseId::of("claim.issuer_slash"),
            confidence: Confidence::Suspected,
            evidence: Vec::new(),
        }],
        credentials: vec![CredentialLine {
            kind: "jwt".into(),
            scheme: Some("Bearer".into()),
            place: "header:authorization".into(),
            state: "present".into(),
            fingerprint: Some("tok:3f9a61c2d07b".into()),
            alg: Some("RS256".into()),
            aud: Some(vec!["api://orders".into()]),
            exp: Some("2026-11-20T10:31:00Z".into()),
            ..CredentialLine::default()
        }],
        server: ServerLine {
            says: Some(CauseId::of("time.expired")),
            text: Some("token_expired".into()),
            place: Some("body.error".into()),
            dialect: None,
            agrees: "agrees".into(),
        },
        views: Vec::new(),
        evidence: vec![Evidence::new("exp passed 75 s before the request", "history")],
    }
}
