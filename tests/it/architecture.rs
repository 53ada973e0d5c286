//! Which room may know which: read off the sources.

use std::fs;
use std::path::{Path, PathBuf};

/// What each room may import of ours.
const FLOORS: [(&str, &[&str]); 13] = [
    ("cli", &["desk", "causes", "model", "render"]),
    ("desk", &["engine", "render", "causes", "report", "model", "tally", "world", "input"]),
    ("engine", &["input", "evidence", "token", "causes", "tally", "report", "model"]),
    ("report", &["causes", "tally", "world", "model"]),
    ("causes", &["world", "model"]),
    ("world", &["tally", "model"]),
    ("evidence", &["token", "dialect", "model"]),
    ("input", &["model"]),
    ("token", &["model"]),
    ("dialect", &["model"]),
    ("tally", &["model"]),
    ("render", &["model"]),
    ("model", &[]),
];

#[test]
fn every_room_imports_downwards_only() {
    let mut wrong = Vec::new();
    for file in sources("src") {
        let Some(room) = room_of(&file) else { continue };
        let floor = FLOORS.iter().find(|(name, _)| *name == room);
        let Some((_, allowed)) = floor else {
            wrong.push(format!("{}: a room without a floor", file.display()));
            continue;
        };
        for used in rooms_used(&file, &code(&fs::read_to_string(&file).unwrap())) {
            if used != room && !allowed.contains(&&*used) {
                wrong.push(format!("{}: {room} -> {used}", file.display()));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_floor_is_a_room() {
    for (name, allowed) in FLOORS {
        for room in allowed.iter().chain([&name]) {
            let folder = root().join("src").join(room);
            assert!(folder.is_dir() || folder.with_extension("rs").is_file(), "{room}");
        }
    }
}

#[test]
fn only_cli_reads_the_wall_clock() {
    let clocks = ["SystemTime::now", "Timestamp::now", "Zoned::now", "Utc::now", "Local::now"];
    let mut wrong = Vec::new();
    for file in sources("src") {
        let text = fs::read_to_string(&file).unwrap();
        let read = clocks.iter().find(|clock| code(&text).contains(**clock));
        if let Some(clock) = read.filter(|_| room_of(&file).as_deref() != Some("cli")) {
            wrong.push(format!("{}: {clock}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_test_is_switched_off() {
    let mark = concat!("#[", "ignore");
    for file in sources("src").into_iter().chain(sources("tests")).chain(sources("benches")) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains(mark), "{}", file.display());
    }
}

#[test]
fn imports_are_found_in_every_form() {
    let file = root().join("src/render/text/page.rs");
    for (text, found) in [
        ("use crate::world::World;", vec!["world"]),
        ("use crate::{\n    model::At,\n    tally::{Tally, Times},\n};", vec!["model", "tally"]),
        ("let x = crate::causes::card(id);", vec!["causes"]),
        ("// crate::world is above us", vec![]),
        ("/// [`crate::world::World`]", vec![]),
        ("use super::super::super::world::World;", vec!["world"]),
        ("use super::super::text::page;", vec![]),
        ("#[cfg(test)]\nmod tests { use crate::desk::Job; }", vec![]),
    ] {
        assert_eq!(rooms_used(&file, &code(text)), found, "{text}");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns all Rust sources below a folder but those of tests beside the code.
fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Returns the room of a file below `src/`; `lib.rs` and `main.rs` have none.
fn room_of(file: &Path) -> Option<String> {
    let inner = file.strip_prefix(root().join("src")).ok()?;
    let first = inner.components().next()?.as_os_str().to_str()?;
    let room = first.strip_suffix(".rs").unwrap_or(first);
    (!["lib", "main"].contains(&room)).then(|| room.to_owned())
}

/// Returns the text without comments and without the tests at its end.
fn code(text: &str) -> String {
    let tests = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    let uncommented = text[..tests].lines().map(|line| {
        if line.trim_start().starts_with("//") {
            ""
        } else {
            line.split(" // ").next().unwrap_or_default()
        }
    });
    uncommented.collect::<Vec<_>>().join("\n")
}

/// Returns the rooms that code names through `crate::` or through enough `super::`.
fn rooms_used(file: &Path, code: &str) -> Vec<String> {
    let inner = file.strip_prefix(root().join("src")).unwrap();
    let in_folder = inner.components().count() - 1;
    let depth = if inner.ends_with("mod.rs") { in_folder } else { in_folder + 1 };
    let up = "super::".repeat(depth);
    let mut found = Vec::new();
    for start in ["crate::", &*up] {
        for (at, _) in code.match_indices(start) {
            let longer = code[..at].ends_with("super::") || code[..at].ends_with(is_word);
            if !longer {
                found.extend(first_names(&code[at + start.len()..]));
            }
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns the first names of a path or of a braced list of paths.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| text.trim_start().split(|c| !is_word(c)).next().unwrap().to_owned();
    let Some(list) = path.strip_prefix('{') else {
        return Some(name(path)).filter(|name| !name.is_empty()).into_iter().collect();
    };
    let (mut depth, mut names, mut start) = (0_usize, Vec::new(), 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' | ',' if depth == 0 => {
                names.push(name(&list[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}
