//! The HTML report on a report made by hand: nothing loads, nothing breaks out, hashes hold.

use std::collections::BTreeSet;

use authopsy::model::{Line, Report, Rows};
use authopsy::render::html;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::program::Folder;
use crate::render::line;
use crate::report::{calm, everything};

/// What would end an element, begin one, load something, or turn text around.
const HOSTILE: &str = "</script></style><!--<script>alert(1)</script><img src=\"http://a.example/x\" \
    onerror='alert(1)' style=\"x\">&lt;\u{202e}\u{2028}\u{1b}[31m\u{7}\n{{data}} `x` url(x)";

fn page(report: &Report, rows: &Rows) -> String {
    let mut out = Vec::new();
    html::page(report, rows, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn rows(lines: impl IntoIterator<Item = Line>) -> Rows {
    let mut rows = Rows::default();
    lines.into_iter().for_each(|line| rows.offer(line));
    rows
}

/// Returns what stands between `open` and the first `close` behind it.
fn between<'a>(page: &'a str, open: &str, close: &str) -> &'a str {
    let (_, rest) = page.split_once(open).unwrap();
    rest.split_once(close).unwrap().0
}

fn data(page: &str) -> Value {
    let text = between(page, "<script type=\"application/json\" id=\"data\">", "</script>");
    serde_json::from_str(text).unwrap()
}

/// Returns the page without its style, its script and its data: what a browser reads as markup.
fn markup(page: &str) -> String {
    let mut page = page.to_owned();
    for (open, close) in [
        ("<style>", "</style>"),
        ("<script type=\"application/json\" id=\"data\">", "</script>"),
        ("<script>", "</script>"),
    ] {
        let body = between(&page, open, close).to_owned();
        page = page.replacen(&format!("{open}{body}"), open, 1);
    }
    page
}

/// Returns the tags of a page, without what stands between them.
fn tags(markup: &str) -> Vec<&str> {
    markup.split('<').skip(1).map(|piece| piece.split_once('>').unwrap().0).collect()
}

#[test]
fn the_policy_names_the_script_and_the_style_that_stand_there() {
    let page = page(&everything(), &rows([line()]));
    let hash = |text: &str| {
        format!("&#39;sha256-{}&#39;", STANDARD.encode(Sha256::digest(text.as_bytes())))
    };
    let (script, style) =
        (between(&page, "<script>", "</script>"), between(&page, "<style>", "</style>"));
    let policy = format!(
        "default-src &#39;none&#39;; script-src {}; style-src {}; img-src data:; \
         base-uri &#39;none&#39;; form-action &#39;none&#39;",
        hash(script),
        hash(style)
    );
    let meta = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">");
    assert!(page.contains(&meta));
    assert!(page.find(&meta) < page.find("<style>"), "the policy stands before what it rules");
}

#[test]
fn nothing_is_loaded_and_no_attribute_is_style_or_script() {
    for report in [everything(), calm(), hostile(everything())] {
        let page = page(&report, &rows([line()]));
        for tag in tags(&markup(&page)) {
            for bad in [" style=", " src=", " srcset=", " action=", "http:", "https:", "url("] {
                let shown = tag.split(" title=").next().unwrap();
                assert!(!shown.contains(bad) || tag.starts_with("meta"), "{bad} in {tag}");
            }
            let name = tag.split([' ', '>']).next().unwrap();
            assert!(!["link", "img", "iframe", "object", "embed", "base"].contains(&name), "{tag}");
            let handlers = tag.split(' ').filter(|a| a.starts_with("on") && a.contains('='));
            assert_eq!(handlers.count(), 0, "{tag}");
            if let Some((_, target)) = tag.split_once("href=\"") {
                assert!(target.starts_with('#'), "{tag}");
            }
        }
    }
}

/// Puts a hostile text into every string of a value that may hold any; times stay times, as charts
/// need them, and so do the names of a few fixed sets.
fn poison(value: &mut Value, under: &str) {
    match value {
        Value::String(text) => {
            let fixed = ["class", "confidence", "observer", "schema"].contains(&under);
            if !fixed && text.parse::<jiff::Timestamp>().is_err() {
                *text = format!("{HOSTILE}{text}");
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|item| poison(item, under)),
        Value::Object(fields) => {
            let free = ["failures", "expected", "lookalikes", "by_status", "formats", "left_out"];
            let named: Vec<_> = std::mem::take(fields).into_iter().collect();
            for (name, mut item) in named {
                if name != "bounds" {
                    poison(&mut item, &name);
                }
                let name = if free.contains(&under) { format!("{HOSTILE}{name}") } else { name };
                fields.insert(name, item);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn hostile(report: Report) -> Report {
    let mut value = serde_json::to_value(report).unwrap();
    poison(&mut value, "");
    serde_json::from_value(value).unwrap()
}

fn hostile_line() -> Line {
    let mut value = serde_json::to_value(line()).unwrap();
    for name in ["request_id", "trace_id", "member"] {
        value[name] = "x".into();
    }
    poison(&mut value, "");
    serde_json::from_value(value).unwrap()
}

#[test]
fn no_value_breaks_out_wherever_it_stands() {
    let report = hostile(everything());
    for rows in [rows([hostile_line()]), Rows::default()] {
        let page = page(&report, &rows);
        assert_eq!(page.matches("<script").count(), 2);
        assert_eq!(page.matches("</script").count(), 2);
        assert_eq!(page.matches("</style").count(), 1);
        assert_eq!(page.matches("<!--").count(), 0);
        assert_eq!(page.matches("<img").count(), 0);
        assert!(!page.contains(['\u{202e}', '\u{2028}', '\u{1b}', '\u{7}']));
        let data = data(&page);
        let told = data["exchanges"][0]["evidence"][0]["fact"].as_str().unwrap();
        assert!(told.starts_with("</script></style><!--<script>alert(1)"), "{told}");
        assert!(!told.contains(char::is_control));
    }
    // Hostile texts add no element: a page of them has the tags of a page of harmless ones.
    let names = |report: &Report| {
        let page = page(report, &Rows::default());
        let markup = markup(&page);
        let names = tags(&markup).into_iter();
        names.map(|tag| tag.split(' ').next().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    assert_eq!(names(&report), names(&everything()));
}

#[test]
fn what_the_page_holds_is_what_the_lines_hold() {
    let page = page(&everything(), &rows([line()]));
    let data = data(&page);
    let row = &data["exchanges"][0];
    let whole = serde_json::to_value(line()).unwrap();
    for name in ["id", "source", "entry", "time", "url", "endpoint", "status", "cause", "evidence"]
    {
        assert_eq!(row[name], whole[name], "{name}");
    }
    assert_eq!(data["basis"], "drawn");
    assert_eq!(data["refused"], 125);
    let buckets = data["timeline"]["buckets"].as_array().unwrap();
    assert_eq!(buckets.len(), everything().timeline.buckets.len());
    assert_eq!(data["tokens"].as_array().map(Vec::len), Some(2));
}

#[test]
fn causes_that_the_report_leaves_out_stand_under_one_name_in_the_chart() {
    let mut report = everything();
    report.causes.truncate(1);
    let data = data(&page(&report, &Rows::default()));
    let causes = data["causes"].as_array().unwrap();
    assert_eq!(causes.len(), 2);
    assert_eq!((&causes[1]["id"], &causes[1]["count"]), (&"others".into(), &54.into()));
}

#[test]
fn without_exchanges_the_examples_stand_for_them_and_are_called_so() {
    let data = data(&page(&everything(), &Rows::default()));
    assert_eq!(data["basis"], "examples");
    assert_eq!(data["exchanges"].as_array().map(Vec::len), Some(2));
    assert_eq!(data["exchanges"][0]["cause"], "time.expired_cached");
}

#[test]
fn a_small_report_reads_well_without_a_script() {
    let page = page(&calm(), &Rows::default());
    let main = between(&page, "<main id=\"main\" tabindex=\"-1\">\n", "</main>");
    insta::assert_snapshot!("html_calm", main);
}

#[test]
fn a_report_of_everything_reads_well_without_a_script() {
    let page = page(&everything(), &Rows::default());
    let main = between(&page, "<main id=\"main\" tabindex=\"-1\">\n", "</main>");
    insta::assert_snapshot!("html_everything", main);
}

#[test]
fn a_page_is_the_same_for_any_number_of_workers_and_from_standard_input() {
    let folder = Folder::new("html");
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/quickstart.har");
    folder.write("a.har", std::fs::read(sample).unwrap());
    let one = folder.run(&["-j", "1", "-f", "html", "a.har"]).succeeds();
    folder.run(&["-j", "4", "-o", "r.html", "a.har"]).succeeds();
    assert_eq!(one.stdout, folder.read("r.html"));
    let bytes = folder.read("a.har");
    let piped = folder.run_with_stdin(&["-f", "html", "-"], &bytes).succeeds();
    let (piped, one) = (data(&piped.text()), data(&one.text()));
    assert_eq!(piped["exchanges"].as_array().map(Vec::len), Some(6));
    assert_eq!(piped["timeline"], one["timeline"]);
}

#[test]
fn a_merged_report_has_a_page_of_examples() {
    let folder = Folder::new("html-merge");
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/quickstart.har");
    folder.write("a.har", std::fs::read(sample).unwrap());
    folder.run(&["a.har", "--partial", "a.part"]).succeeds();
    let merged = folder.run(&["merge", "a.part", "-f", "html"]).succeeds();
    assert_eq!(data(&merged.text())["basis"], "examples");
}
