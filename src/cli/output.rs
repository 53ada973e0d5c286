//! Where results go: standard output, and files that are complete or not there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file that appears under its name, readable by its owner only, once all is written.
///
/// What is no regular file (`/dev/null`, a pipe) is written in place.
#[derive(Debug)]
pub(super) struct OutputFile {
    out: BufWriter<File>,
    target: PathBuf,
    temporary: Option<PathBuf>,
}

impl OutputFile {
    /// Opens a file beside `path`; nothing at `path` changes before [`OutputFile::commit`].
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        // A link stays a link: what it points to is replaced.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let old = fs::metadata(&target);
        if old.as_ref().is_ok_and(|old| !old.is_file()) {
            let out = BufWriter::new(OpenOptions::new().write(true).open(&target)?);
            return Ok(Self { out, target, temporary: None });
        }
        let name = target.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        let id = std::process::id();
        let temporary = target.with_file_name(format!(".{}.{id}.tmp", name.to_string_lossy()));
        let out = BufWriter::new(private(&temporary)?);
        Ok(Self { out, target, temporary: Some(temporary) })
    }

    /// Puts the file in its place.
    pub(super) fn commit(mut self) -> io::Result<()> {
        self.out.flush()?;
        match self.temporary.take() {
            Some(temporary) => fs::rename(&temporary, &self.target)
                .inspect_err(|_| drop(fs::remove_file(&temporary))),
            None => Ok(()),
        }
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // What is left behind is a hidden file that only its owner can read.
            let _ = fs::remove_file(temporary);
        }
    }
}

/// Creates a file that only its owner can read and write; an old one of this name is no obstacle.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).or_else(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            options.open(path)
        }
        _ => Err(e),
    })
}

/// Standard output, locked and buffered; remembers that its reader went away.
#[derive(Debug)]
pub(super) struct Stdout {
    out: BufWriter<io::StdoutLock<'static>>,
    closed: bool,
}

impl Stdout {
    pub(super) fn lock() -> Self {
        Self { out: BufWriter::with_capacity(1 << 16, io::stdout().lock()), closed: false }
    }

    /// Whether nobody reads any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// A broken pipe is success: what follows goes nowhere.
    fn forgive<T>(&mut self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match result {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(instead)
            }
            other => other,
        }
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let result = self.out.write(bytes);
        self.forgive(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let result = self.out.flush();
        self.forgive(result, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("authopsy-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_file_appears_whole_and_private() {
        let folder = folder("whole");
        let path = folder.join("r.json");
        fs::write(&path, "old").unwrap();
        let mut file = OutputFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        file.commit().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_is_not_finished_leaves_nothing() {
        let folder = folder("nothing");
        let mut file = OutputFile::create(&folder.join("r.json")).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir_all(folder).unwrap();
    }
}
