//! Files that results must not replace: what was captured cannot be captured again.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::complaint::Complaint;
use super::plan::Plan;

/// How a partial result begins.
const PARTIAL: &[u8] = br#"{"authopsy_partial""#;

impl Plan {
    /// Makes sure that no result takes the place of an input, nor a partial result that of anything else:
    /// `--partial` looks like a switch, and a capture behind it would be gone.
    ///
    /// # Errors
    /// A complaint that names the file and the option.
    pub(super) fn spare(&self) -> Result<(), Complaint> {
        if let Some(path) = self.partial.as_deref().filter(|path| holds_other(path)) {
            let path = path.display();
            return Err(Complaint::new(format!(
                "--partial {path}: the file holds something else, which would be lost"
            ))
            .hint(format!(
                "--partial names the file to write: `--partial NAME {path}`, or `--partial - {path}`"
            )));
        }
        let files = self.files.iter().map(|(path, _)| ("--output", path));
        let unparsed = self.unparsed.iter().map(|path| ("--unparsed", path));
        for (option, path) in files.chain(unparsed) {
            if self.is_input(path) {
                let path = path.display();
                return Err(Complaint::new(format!(
                    "{option} {path}: the file is an input, which would be lost"
                ))
                .hint(format!("{option} names the file to write: give it another name")));
            }
        }
        Ok(())
    }

    /// Returns whether a path leads to a file that is read.
    fn is_input(&self, path: &Path) -> bool {
        let place = |path: &Path| -> Option<PathBuf> {
            fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
            fs::canonicalize(path).ok()
        };
        let Some(written) = place(path) else { return false };
        self.job.inputs.iter().any(|input| place(Path::new(input)).as_ref() == Some(&written))
    }
}

/// Returns whether a file that is there holds anything but a partial result.
fn holds_other(path: &Path) -> bool {
    if !fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() > 0) {
        return false;
    }
    let mut head = Vec::new();
    // What cannot be read may be anything.
    let read =
        File::open(path).and_then(|file| file.take(PARTIAL.len() as u64).read_to_end(&mut head));
    read.is_err() || head != PARTIAL
}
