//! What README.md shows is what the program prints; with `UPDATE=1` it is written anew.

use std::process::{Command, Stdio};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");

#[test]
fn the_readme_shows_what_the_program_prints() {
    let shown = std::fs::read_to_string(README).unwrap();
    let printed = with_true_output(&shown);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(README, printed).unwrap();
    } else {
        assert!(shown == printed, "README.md is stale: UPDATE=1 cargo test readme");
    }
}

#[test]
fn the_changelog_names_every_cause() {
    let log =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/CHANGELOG.md")).unwrap();
    for card in authopsy::causes::cards::CARDS {
        let (family, name) = card.id.split_once('.').unwrap_or((card.id, card.id));
        let row = log.split("\n  - ").find(|row| row.starts_with(&format!("`{family}`")));
        let known = row.is_some_and(|row| row.contains(&format!("`{name}`")));
        assert!(known, "{} is not in CHANGELOG.md", card.id);
    }
}

/// Puts after each line `$ authopsy …` what that command prints, up to the end of its block.
fn with_true_output(text: &str) -> String {
    let mut new = String::new();
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        new += line;
        if let Some(command) = line.strip_prefix("$ authopsy ") {
            new += &output(command);
            new += lines.find(|line| line.starts_with("```")).unwrap_or_default();
        }
    }
    new
}

fn output(command: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_authopsy"))
        .args(command.split_whitespace())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
