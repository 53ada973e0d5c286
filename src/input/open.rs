//! Arguments to files: names, directories, patterns, standard input.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use globset::{GlobBuilder, GlobMatcher};

use super::error::InputError;
use super::frames::Frames;
use crate::model::At;

/// The inputs of a run, sorted by name, each once.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    files: Vec<InputFile>,
    frames: Option<Arc<Mutex<Frames>>>,
}

/// One input to open.
#[derive(Clone, Debug)]
pub struct InputFile {
    /// The name in reports: the path as given or as met below a given directory, `-` for standard
    /// input.
    pub source: Arc<str>,
    /// Where it is; `None` for standard input.
    pub path: Option<PathBuf>,
    /// Whether it was named, in contrast to met in a directory or matched by a pattern.
    pub named: bool,
    /// Why it cannot be opened, when that is known already.
    pub(crate) error: Option<Arc<InputError>>,
    /// Which document of a stream it is, from 1; `None` for a file, and for a stream that is one.
    pub(crate) frame: Option<u64>,
}

impl InputFile {
    /// Returns the input that a stream of documents is, or one document of it.
    pub(crate) fn of_stream(source: Arc<str>, frame: Option<u64>) -> Self {
        Self { source, path: None, named: true, error: None, frame }
    }

    /// Returns when it was last written to; `None` for what is no file, as a pipe.
    pub(crate) fn written(&self) -> Option<At> {
        if self.frame.is_some() {
            return None;
        }
        let meta = match &self.path {
            Some(path) => std::fs::metadata(path).ok()?,
            None => meta_of_stdin()?,
        };
        let time = meta.is_file().then(|| meta.modified().ok())??;
        let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(At(i64::try_from(since.as_nanos()).ok()?))
    }
}

/// Standard input may be a file that the shell opened.
#[cfg(unix)]
fn meta_of_stdin() -> Option<std::fs::Metadata> {
    use std::os::fd::AsFd as _;
    let handle = std::io::stdin().as_fd().try_clone_to_owned().ok()?;
    std::fs::File::from(handle).metadata().ok()
}

#[cfg(not(unix))]
fn meta_of_stdin() -> Option<std::fs::Metadata> {
    None
}

impl Inputs {
    /// Finds the files that the arguments mean.
    ///
    /// An argument is a file, a directory (all files below it, hidden ones skipped), a pattern
    /// (`*`, `?`, `[…]`, `{a,b}`, `**`) that no file has as its name, or `-`. What is not there stays
    /// in the list with its error, so that it is reported beside the others.
    pub fn find<S: AsRef<str>>(arguments: impl IntoIterator<Item = S>) -> Self {
        let mut found = BTreeMap::new();
        for argument in arguments {
            find(argument.as_ref(), &mut found);
        }
        Self { files: found.into_values().collect(), frames: None }
    }

    /// Takes whole documents from one stream: each is what follows a line `LENGTH NAME`, the number of its
    /// bytes and its name in reports, and is read as a file of this name would be. They have no age: times
    /// without a year are those of the year of reading.
    pub fn framed(stream: impl Read + Send + 'static) -> Self {
        Self { files: Vec::new(), frames: Some(Arc::new(Mutex::new(Frames::new(stream)))) }
    }

    /// Returns the stream of documents, where they come from one.
    pub(crate) fn frames(&self) -> Option<&Mutex<Frames>> {
        self.frames.as_deref()
    }

    /// Returns the inputs, sorted by name.
    pub fn files(&self) -> &[InputFile] {
        &self.files
    }

    /// Returns whether all inputs can be read a second time: standard input cannot.
    pub fn replayable(&self) -> bool {
        self.frames.is_none()
            && self.files.iter().all(|file| match &file.path {
                None => file.error.is_some(),
                // A named pipe, `/dev/stdin`, a process substitution.
                Some(path) => std::fs::metadata(path).map_or(true, |meta| meta.is_file()),
            })
    }
}

/// By the place where they are: as text, which of thousands takes a thirtieth of comparing paths by their
/// parts.
type Found = BTreeMap<OsString, InputFile>;

fn find(argument: &str, found: &mut Found) {
    if argument == "-" {
        add(found, argument, None, true, None);
        return;
    }
    let path = Path::new(argument);
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => below(argument, path, None, found),
        Ok(_) => add(found, argument, Some(path), true, None),
        Err(_) if argument.contains(['*', '?', '[', '{']) => matching(argument, found),
        Err(error) => {
            add(found, argument, Some(path), true, Some(InputError::of_io(error, 0)));
        }
    }
}

/// Adds the files below a directory.
fn below(argument: &str, directory: &Path, only: Option<&GlobMatcher>, found: &mut Found) {
    let (mut empty, mut folder) = (true, Folder::default());
    let walk = ignore::WalkBuilder::new(directory)
        .standard_filters(false)
        .hidden(true)
        .follow_links(true)
        .build();
    for file in walk.flatten() {
        let path = file.path();
        // A pipe in a directory would block for ever.
        let is_file = file.file_type().is_some_and(|kind| kind.is_file());
        if is_file && only.is_none_or(|glob| glob.is_match(path)) {
            let place = folder.place_of(&file);
            add_at(place, found, &path.to_string_lossy(), Some(path), false, None);
            empty = false;
        }
    }
    if empty {
        let error = if only.is_some() { InputError::NoMatch } else { InputError::EmptyDirectory };
        add(found, argument, Some(directory), true, Some(error));
    }
}

/// The directory of the file that was met last: those in it share the way there.
#[derive(Default)]
struct Folder {
    path: PathBuf,
    place: Option<PathBuf>,
}

impl Folder {
    /// Returns where a file is, all links on the way resolved.
    fn place_of(&mut self, file: &ignore::DirEntry) -> Option<PathBuf> {
        let path = file.path();
        if file.path_is_symlink() {
            return std::fs::canonicalize(path).ok();
        }
        let parent = path.parent()?;
        if self.path.as_os_str() != parent.as_os_str() {
            *self = Self { path: parent.to_owned(), place: std::fs::canonicalize(parent).ok() };
        }
        Some(self.place.as_ref()?.join(path.file_name()?))
    }
}

/// Adds the files that a pattern matches.
fn matching(pattern: &str, found: &mut Found) {
    match GlobBuilder::new(pattern).literal_separator(true).build() {
        Ok(glob) => {
            let fixed: PathBuf = Path::new(pattern)
                .components()
                .take_while(|part| {
                    !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{'])
                })
                .collect();
            let is_bare = fixed.as_os_str().is_empty();
            let matcher = glob.compile_matcher();
            if is_bare {
                // The walk of `.` yields `./a`, the pattern says `a`.
                bare_matches(pattern, &matcher, found);
            } else {
                below(pattern, &fixed, Some(&matcher), found);
            }
        }
        Err(error) => add(found, pattern, None, true, Some(InputError::Pattern(error))),
    }
}

fn bare_matches(pattern: &str, glob: &GlobMatcher, found: &mut Found) {
    let mut inner = Found::new();
    below(pattern, Path::new("."), None, &mut inner);
    let before = found.len();
    for file in inner.into_values() {
        let Some(path) = file.path.filter(|_| file.error.is_none()) else { continue };
        let path = path.strip_prefix(".").unwrap_or(&path);
        if glob.is_match(path) {
            add(found, &path.to_string_lossy(), Some(path), false, None);
        }
    }
    if found.len() == before {
        add(found, pattern, None, true, Some(InputError::NoMatch));
    }
}

/// Adds one input; the same file under two names is read once, under the smaller name.
fn add(
    found: &mut Found,
    source: &str,
    path: Option<&Path>,
    named: bool,
    error: Option<InputError>,
) {
    let place = path.and_then(|p| std::fs::canonicalize(p).ok());
    add_at(place, found, source, path, named, error);
}

/// Adds one input by where it is; what is nowhere is known by its name.
fn add_at(
    place: Option<PathBuf>,
    found: &mut Found,
    source: &str,
    path: Option<&Path>,
    named: bool,
    error: Option<InputError>,
) {
    let key: PathBuf = place.unwrap_or_else(|| Path::new(source).components().collect());
    let file = InputFile {
        source: source.into(),
        path: path.map(Path::to_path_buf),
        named,
        error: error.map(Arc::new),
        frame: None,
    };
    match found.get_mut(key.as_os_str()) {
        Some(known) => {
            let named = known.named || named;
            if file.source < known.source {
                *known = file;
            }
            known.named = named;
        }
        None => {
            found.insert(key.into_os_string(), file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(inputs: &Inputs) -> Vec<String> {
        inputs.files().iter().map(|f| f.source.to_string()).collect()
    }

    #[test]
    fn a_directory_gives_its_files_sorted_and_without_hidden_ones() {
        let dir = std::env::temp_dir().join(format!("authopsy-open-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("b/.git")).unwrap();
        for name in ["z.har", "b/a.har", ".hidden", "b/.git/x"] {
            std::fs::write(dir.join(name), "{}").unwrap();
        }
        let root = dir.to_string_lossy().into_owned();
        let inputs = Inputs::find([root.as_str()]);
        assert_eq!(names(&inputs), [format!("{root}/b/a.har"), format!("{root}/z.har")]);
        let inputs = Inputs::find([format!("{root}/**/*.har"), format!("{root}/z.har")]);
        assert_eq!(names(&inputs), [format!("{root}/b/a.har"), format!("{root}/z.har")]);
        assert!(inputs.files()[1].named && !inputs.files()[0].named);
        let inputs = Inputs::find([format!("{root}/z.har"), format!("{root}/./b/../z.har")]);
        assert_eq!(inputs.files().len(), 1);
        assert!(inputs.replayable());
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_links_lead_to_is_read_once() {
        use std::os::unix::fs::symlink;
        let dir = std::env::temp_dir().join(format!("authopsy-links-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("b")).unwrap();
        for name in ["m.har", "b/a.har"] {
            std::fs::write(dir.join(name), "{}").unwrap();
        }
        symlink("m.har", dir.join("a.har")).unwrap();
        symlink("b", dir.join("c")).unwrap();
        symlink("nowhere", dir.join("d.har")).unwrap();
        let root = dir.to_string_lossy().into_owned();
        let inputs = Inputs::find([root.as_str()]);
        let mut found = names(&inputs);
        found.sort();
        assert_eq!(found, [format!("{root}/a.har"), format!("{root}/b/a.har")]);
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn what_is_not_there_stays_in_the_list_with_its_error() {
        let inputs = Inputs::find(["no-such-file.har", "no-such-*.har", "-"]);
        let errors: Vec<_> =
            inputs.files().iter().map(|f| f.error.as_ref().map(ToString::to_string)).collect();
        assert_eq!(
            errors,
            [
                None,
                Some("no file matches this pattern".to_owned()),
                Some("no such file or directory".to_owned())
            ]
        );
        assert!(!inputs.replayable());
    }
}
