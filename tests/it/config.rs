//! `authopsy.toml`: options under their own names; the command line wins.

use crate::program::Folder;

const HAR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/quickstart.har");
const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");

#[test]
fn the_file_of_the_working_directory_sets_options_and_the_command_line_wins() {
    let folder = Folder::new("config");
    folder.write("authopsy.toml", "title = \"from the file\"\nformat = \"json\"\ntop = 1\n");
    let report = folder.run(&[HAR]).succeeds().value();
    assert_eq!(report["title"], "from the file");
    assert_eq!(report["causes"].as_array().unwrap().len(), 1);
    let report = folder.run(&[HAR, "--title", "mine", "--top", "9"]).succeeds().value();
    assert_eq!(report["title"], "mine");
    assert!(report["causes"].as_array().unwrap().len() > 1);
    // Another file, and none.
    folder.write("other.toml", "title = \"other\"\nformat = \"json\"\n");
    assert_eq!(folder.run(&["--config", "other.toml", HAR]).succeeds().value()["title"], "other");
    assert!(folder.run(&["--config", "", HAR]).succeeds().text().contains("exchanges"));
}

#[test]
fn commands_take_what_they_know_and_a_list_given_replaces_that_of_the_file() {
    let folder = Folder::new("config");
    let file =
        "host = [\"nowhere.example\"]\ntz = \"+02:00\"\nformat = \"jsonl\"\nverbose = true\n";
    folder.write("authopsy.toml", file);
    let none = folder.run(&["-f", "json", HAR]).succeeds().value();
    assert_eq!(none["totals"]["exchanges"], 0);
    let all = folder.run(&["-f", "json", "--host", "*", HAR]).succeeds().value();
    assert_ne!(all["totals"]["exchanges"], 0);
    // `jsonl` is no format of an explanation, and -q goes against `verbose`.
    let line = b"Authorization: Bearer undefined";
    let told = folder.run_with_stdin(&["token", "-q", "--at", "2026-01-01"], line).succeeds();
    assert!(told.text().contains("+02:00"), "{}", told.text());
    // The mergeable state is no report: its format has no use, and is no error.
    folder.run(&["--partial", "p", HAR]).succeeds();
    folder.write("authopsy.toml", "title = \"merged\"\n");
    let merged = folder.run(&["merge", "-f", "json", "p"]).succeeds().value();
    assert_eq!(merged["title"], "merged");
}

#[test]
fn a_mistake_is_told_with_its_line() {
    let folder = Folder::new("config");
    for (text, said) in [
        (
            "top = 5\nisuer = \"a\"\n",
            "authopsy.toml:2: `isuer` is no option\nhint: did you mean `issuer`?",
        ),
        ("top = \"many\"\n", "authopsy.toml:1: --top: `many` is no whole number"),
        ("top = [1]\n", "authopsy.toml:1: `top` takes a text or a number, not a list"),
        ("top = \n", "authopsy.toml:1: no TOML"),
    ] {
        folder.write("authopsy.toml", text);
        let complaint = folder.run(&[HAR]).exits(2).complaint();
        assert!(complaint.contains(said), "{complaint}");
    }
    // What needs no options works beside a broken file.
    folder.run(&["completions", "bash"]).succeeds();
    let missing = folder.run(&["--config", "none.toml", HAR]).exits(2).complaint();
    assert!(missing.contains("none.toml: No such file"), "{missing}");
}

#[test]
fn the_example_of_the_readme_is_read() {
    let folder = Folder::new("config");
    let readme = std::fs::read_to_string(README).unwrap();
    let (_, example) = readme.split_once("```toml\n# authopsy.toml").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    folder.write("authopsy.toml", example);
    for name in
        example.lines().filter_map(|line| line.split_once(" = ")).filter(|(_, v)| v.contains('/'))
    {
        for file in name.1.split('"').filter(|text| text.contains('/') && !text.contains("://")) {
            folder.write(
                file,
                r#"{"keys":[{"kty":"oct","k":"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0","kid":"1"}]}"#,
            );
        }
    }
    let run = folder.run(&[HAR]);
    assert_eq!(run.code, Some(0), "{}", String::from_utf8_lossy(&run.stderr));
}
