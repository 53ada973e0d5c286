//! Runs the program in a folder of its own and reads what it wrote.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// A folder for the files of one test, removed when the test ends well.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let unique =
            format!("{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap()
    }

    /// Prepares the program in this folder, free of the caller's terminal and settings.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_authopsy"));
        command.args(args).current_dir(&self.0).stdin(Stdio::null());
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "RUST_LOG", "RUST_BACKTRACE", "CI"] {
            command.env_remove(name);
        }
        command.env("TERM", "dumb").env("COLUMNS", "120");
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::of(args, &self.command(args).output().unwrap())
    }

    pub(crate) fn run_with_stdin(&self, args: &[&str], input: &[u8]) -> Run {
        Self::feed(self.command(args), input)
    }

    /// Runs a prepared command with this on its standard input.
    pub(crate) fn feed(mut command: Command, input: &[u8]) -> Run {
        let args: Vec<String> =
            command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let output = std::thread::scope(|scope| {
            // A program that refuses early closes the pipe: that is its right.
            scope.spawn(move || drop(stdin.write_all(input)));
            child.wait_with_output().unwrap()
        });
        Run::of(&args.iter().map(String::as_str).collect::<Vec<_>>(), &output)
    }

    /// Runs with `-f jsonl --class all` and returns the lines.
    pub(crate) fn lines(&self, args: &[&str]) -> Vec<Value> {
        let mut all = vec!["-f", "jsonl", "--class", "all"];
        all.extend(args);
        self.run(&all).succeeds().lines()
    }

    /// Runs with `-f json` and returns the report.
    pub(crate) fn report(&self, args: &[&str]) -> Value {
        let mut all = vec!["-f", "json"];
        all.extend(args);
        self.run(&all).succeeds().value()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // Left-overs in the build folder harm nobody.
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// What one run of the program came to.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) args: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Run {
    fn of(args: &[&str], output: &Output) -> Self {
        Self {
            args: args.join(" "),
            code: output.status.code(),
            stdout: output.stdout.clone(),
            stderr: output.stderr.clone(),
        }
    }

    pub(crate) fn succeeds(self) -> Self {
        self.exits(0)
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "`{}` said: {}", self.args, self.complaint());
        self
    }

    pub(crate) fn complaint(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    #[track_caller]
    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|e| panic!("`{}` wrote no JSON: {e}: {}", self.args, self.text()))
    }

    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Value> {
        let text = self.text();
        let parse = |line: &str| {
            serde_json::from_str(line)
                .unwrap_or_else(|e| panic!("`{}` wrote no JSON: {e}: {line}", self.args))
        };
        text.lines().map(parse).collect()
    }
}

/// Returns the class, the cause and the confidence of a line as one text: `failure time.expired stated`.
pub(crate) fn verdict(line: &Value) -> String {
    let word = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
    format!("{} {} {}", word("class"), word("cause"), word("confidence"))
}

/// Returns the ids of the other defects of a line.
pub(crate) fn also(line: &Value) -> Vec<String> {
    let list = line["also"].as_array().into_iter().flatten();
    list.filter_map(|finding| finding["cause"].as_str()).map(str::to_owned).collect()
}
