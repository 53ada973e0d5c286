//! What failed, since when and for whom, over all failures: `affected` and the sentence made of it.

use serde_json::{Value, json};

use crate::program::Folder;

const LAB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/lab");

/// Access lines that are refused: address, user of the column, path, user agent.
fn log(lines: &[(&str, &str, &str, &str)]) -> String {
    let line = |(ip, user, path, agent): &(&str, &str, &str, &str)| {
        format!(
            "{ip} - {user} [23/Nov/2026:02:47:03 +0000] \"GET {path} HTTP/1.1\" 401 25 \"-\" \"{agent}\"\n"
        )
    };
    lines.iter().map(line).collect()
}

fn summary(report: &Value) -> &str {
    report["summary"].as_str().unwrap()
}

#[test]
fn counts_do_not_depend_on_how_many_rows_are_shown() {
    let folder = Folder::new("affected-top");
    let (all, one) =
        (folder.report(&[LAB, "--top", "100000"]), folder.report(&[LAB, "--top", "2"]));
    assert_eq!(one["affected"]["distinct"], all["affected"]["distinct"]);
    assert_eq!(one["affected"]["first"], all["affected"]["first"]);
    assert_eq!(one["affected"]["last"], all["affected"]["last"]);
    assert_eq!(summary(&one), summary(&all));
    // The whole lists say the same.
    let failures = || all["causes"].as_array().unwrap().iter().filter(|c| c["class"] == "failure");
    assert_eq!(all["affected"]["distinct"]["causes"], failures().count());
    for name in ["hosts", "clients", "endpoints", "tokens"] {
        let names = failures().flat_map(|cause| cause[name].as_array().unwrap());
        let names: std::collections::BTreeSet<&str> =
            names.map(|row| row["name"].as_str().unwrap()).collect();
        assert_eq!(all["affected"]["distinct"][name], names.len(), "{name}");
    }
    let last = failures().filter_map(|cause| cause["last"].as_str()).max().unwrap();
    assert_eq!(all["affected"]["last"], last);
    // Whoever is named in a row is told, and nobody else.
    let told = |report: &Value| report["clients"].as_array().unwrap().len();
    assert!(told(&one) < told(&all) && told(&one) > 0);
}

#[test]
fn the_page_says_the_same_as_its_sentence_where_rows_are_cut() {
    let folder = Folder::new("affected-page");
    let page = folder.run(&["-f", "html", "--top", "3", LAB]).succeeds().text();
    let report = folder.report(&["--top", "3", LAB]);
    let distinct = &report["affected"]["distinct"];
    let causes = distinct["causes"].as_u64().unwrap();
    assert!(page.contains(&format!("{} more causes</a>", causes - 1)));
    for name in ["users", "tokens", "endpoints"] {
        assert!(page.contains(&format!(">{} {name}</span>", distinct[name])), "{name}");
    }
}

#[test]
fn clients_behind_one_address_are_said_to_be() {
    let folder = Folder::new("affected-address");
    folder.write(
        "a.log",
        log(&[
            ("192.0.2.7", "-", "/a", "app/1"),
            ("192.0.2.7", "-", "/a", "app/2"),
            ("192.0.2.7", "-", "/a", "app/2"),
        ]),
    );
    let args = ["a.log", "--group-by", "client"];
    let report = folder.report(&args);
    assert_eq!(report["affected"]["distinct"]["clients"], 2);
    assert!(summary(&report).contains(", for 2 clients at 1 address."), "{}", summary(&report));
    let text = folder.run(&args).succeeds().text();
    assert!(text.contains("2  66.7%  192.0.2.7 app/2"), "{text}");
    assert!(!text.contains("cli:"), "{text}");
    let table = folder.run(&[&args[..], &["-f", "markdown"]].concat()).succeeds().text();
    assert!(table.contains("| 2 | 66.7% | `192.0.2.7 app/2` |"), "{table}");
}

#[test]
fn all_users_of_equal_refusals_are_counted() {
    let folder = Folder::new("affected-users");
    let ip = "192.0.2.7";
    folder.write("a.log", log(&[(ip, "alice", "/a", "x"), (ip, "bob", "/a", "x")]));
    let report = folder.report(&["a.log", "--show-identity"]);
    assert_eq!(report["affected"]["distinct"]["users"], 2);
    assert_eq!(report["causes"][0]["distinct"]["users"], 2);
    // Which of them it was is not known of any one line.
    assert_eq!(report["causes"][0]["users"], json!([]));
    assert!(summary(&report).contains("for 1 client and 2 users"), "{}", summary(&report));
}

#[test]
fn where_no_host_is_known_the_endpoint_is_named_and_nobody_is_made_up() {
    let folder = Folder::new("affected-endpoint");
    folder.write(
        "a.log",
        log(&[("-", "-", "/a", "-"), ("-", "-", "/a", "-"), ("-", "-", "/b", "-")]),
    );
    let report = folder.report(&["a.log"]);
    assert_eq!(
        summary(&report),
        "3 of 3 exchanges failed to authenticate at GET /a and 1 more endpoint, at 2026-11-23 \
         02:47:03 UTC. Why is not visible in it."
    );
    assert_eq!(report["affected"]["distinct"]["clients"], 0);
    assert_eq!(report["causes"][0]["clients"], json!([]));
    // Nothing in it was let in, so that nothing is let in later tells little.
    let text = folder.run(&["a.log"]).succeeds().text();
    assert!(text.contains("no success is recorded") && !text.contains("follows"), "{text}");
}

/// Refusals in two bursts, an hour apart: client, user and hour of each.
fn bursts(lines: &[(&str, &str, u8)]) -> String {
    let line = |(i, (ip, user, hour)): (usize, &(&str, &str, u8))| {
        format!(
            "{ip} - {user} [23/Nov/2026:{hour:02}:47:{i:02} +0000] \"GET /a{} HTTP/1.1\" 401 25 \"-\" \
             \"x\"\n",
            hour % 2
        )
    };
    lines.iter().enumerate().map(line).collect()
}

#[test]
fn each_incident_counts_whom_it_hit() {
    let folder = Folder::new("affected-incidents");
    let (a, b, c) = ("192.0.2.1", "192.0.2.2", "192.0.2.3");
    folder.write(
        "a.log",
        bursts(&[
            (a, "alice", 2),
            (a, "alice", 2),
            (b, "bob", 2),
            (b, "bob", 2),
            (c, "carol", 3),
            (c, "carol", 3),
            (c, "carol", 3),
        ]),
    );
    let report = folder.report(&["a.log"]);
    let of = |i: usize, name: &str| report["incidents"][i]["distinct"][name].as_u64().unwrap();
    let hit = |i| ["clients", "addresses", "users", "endpoints"].map(|name| of(i, name));
    assert_eq!((hit(0), hit(1)), ([2, 2, 2, 1], [1, 1, 1, 1]));
    assert_eq!(report["incidents"][0]["clients"], 2);
    assert_eq!(report["affected"]["distinct"]["clients"], 3);
    assert_eq!([0, 1].map(|i| report["incidents"][i]["bounds"].clone()), [json!({}), json!({})]);
    let text = folder.run(&["a.log"]).succeeds().text();
    assert!(text.contains("    hit        2 clients, 2 users, 1 endpoint\n"), "{text}");
}

#[test]
fn where_a_log_does_not_tell_whose_refusals_these_were_users_are_a_bound() {
    let folder = Folder::new("affected-bounds");
    let ip = "192.0.2.1";
    // One client, one endpoint, two users, two bursts: equal refusals, so who was when is not known.
    let two = bursts(&[
        (ip, "alice", 2),
        (ip, "alice", 2),
        (ip, "alice", 2),
        (ip, "bob", 4),
        (ip, "bob", 4),
        (ip, "bob", 4),
    ]);
    folder.write("a.log", two);
    let report = folder.report(&["a.log"]);
    for i in [0, 1] {
        let incident = &report["incidents"][i];
        assert_eq!(incident["distinct"]["users"], 2);
        assert_eq!(incident["bounds"], json!({"users": "at_most"}));
    }
    assert_eq!(report["affected"]["bounds"], json!({}));
    let names: Vec<String> = (0..40).map(|i| format!("user{i}")).collect();
    let lines: Vec<_> = names.iter().map(|name| (ip, name.as_str(), 2)).collect();
    folder.write("b.log", bursts(&lines));
    let report = folder.report(&["b.log"]);
    assert_eq!(report["incidents"][0]["distinct"]["users"], 16);
    assert_eq!(report["incidents"][0]["bounds"], json!({"users": "at_least"}));
    assert_eq!(report["affected"]["bounds"], json!({"users": "at_least"}));
}
