//! Completions and manual pages, made of the same description as `--help`.

use std::process::{Command, Stdio};

use crate::program::Folder;

/// Runs a tool where this machine has it; returns what it said and whether it was content.
fn tool(name: &str, args: &[&str], input: &[u8]) -> Option<(bool, String)> {
    use std::io::Write as _;
    let child = Command::new(name)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.ok()?;
    // A tool that ends early closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

#[test]
fn every_shell_gets_completions_of_what_is_built() {
    let folder = Folder::new("completions");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = folder.run(&["completions", shell]).succeeds().text();
        for option in ["group-by", "explain", "jwks"] {
            assert!(script.contains(option), "{shell}: {option}");
        }
        assert!(!script.contains("redact"), "{shell}");
    }
    folder.run(&["completions", "tcsh"]).exits(2);
    for (shell, args) in [("bash", &["-n"][..]), ("zsh", &["-n"]), ("fish", &["--no-execute"])] {
        let script = folder.run(&["completions", shell]).succeeds().stdout;
        if let Some((content, said)) = tool(shell, args, &script) {
            assert!(content && said.is_empty(), "{shell}: {said}");
        }
    }
}

#[test]
fn manual_pages_render_without_warnings_and_leave_no_option_unexplained() {
    let folder = Folder::new("man");
    for page in [&["man"][..], &["man", "token"], &["man", "merge"], &["man", "explain"]] {
        let roff = folder.run(page).succeeds();
        let text = roff.text();
        for (option, after) in text.match_indices("\n.TP\n").map(|(at, _)| {
            let mut lines = text[at + 5..].lines();
            (lines.next().unwrap_or_default(), lines.next().unwrap_or_default())
        }) {
            assert!(!after.is_empty(), "{page:?}: {option} is not explained");
        }
        let args = ["-man", "-Tutf8", "-ww", "-z"];
        if let Some((content, said)) = tool("groff", &args, text.as_bytes()) {
            assert!(content && said.is_empty(), "{page:?}: {said}");
        }
    }
    let main = folder.run(&["man"]).succeeds().text();
    for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "FILES", "\"EXIT STATUS\"", "EXAMPLES"] {
        assert!(main.contains(&format!(".SH {section}\n")), "{section}");
    }
    let complaint = folder.run(&["man", "weather"]).exits(2).complaint();
    assert!(complaint.contains("`weather` is no command"), "{complaint}");
}
