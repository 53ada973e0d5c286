//! Why an input as a whole could not be read.

use std::io;

use thiserror::Error;

use super::frames::FrameFault;

/// Why an input gave nothing; the input's name stands beside it, not in it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InputError {
    /// No file of this name.
    #[error("no such file or directory")]
    NotFound,
    /// A glob that matches nothing.
    #[error("no file matches this pattern")]
    NoMatch,
    /// A pattern that is none.
    #[error("not a glob pattern")]
    Pattern(#[source] globset::Error),
    /// The file may not be read.
    #[error("permission denied")]
    Denied,
    /// The operating system refused.
    #[error("reading stopped at byte {byte}")]
    Io {
        /// Offset in the unpacked bytes, from 0.
        byte: u64,
        /// What it said.
        #[source]
        source: io::Error,
    },
    /// No byte, or blanks only.
    #[error("empty input: expected a HAR, or a request log")]
    Empty,
    /// A directory in which no file is a capture.
    #[error("no capture in this directory")]
    EmptyDirectory,
    /// An archive in which no member is a capture.
    #[error("no capture among the {members} members of this archive")]
    EmptyArchive {
        /// Files in the archive.
        members: usize,
    },
    /// Bytes that are no text.
    #[error("binary input ({kind}): expected a HAR, or a request log")]
    Binary {
        /// What it seems to be.
        kind: &'static str,
        /// How to get a capture out of it.
        hint: Option<&'static str>,
    },
    /// Text of which no line is a request.
    #[error("text in which no line is a request: expected a HAR, or a request log")]
    Text,
    /// JSON in which nothing is an exchange.
    #[error("JSON, but no exchange in it: expected \"entries\", or a status with a method or path")]
    NoExchange,
    /// A log that could be read, and of which no record is a request.
    #[error(
        "{count} {what} were read, and none holds an HTTP exchange: expected a status, and a method or path \
         beside it"
    )]
    NoRequest {
        /// How many records.
        count: u64,
        /// What they are.
        what: &'static str,
        /// Whether `--map` can name their parts.
        json: bool,
    },
    /// A HAR whose list of entries is empty.
    #[error("a HAR without entries")]
    NoEntries,
    /// An archive that cannot be opened.
    #[error("archive cannot be opened")]
    Archive(#[source] io::Error),
    /// An archive of which every file is encrypted.
    #[error("archive is encrypted")]
    Locked,
    /// Packed inside packed more often than anybody does.
    #[error("packed more than {levels} times over")]
    TooDeep {
        /// The most that is unpacked.
        levels: u8,
    },
    /// An archive inside an archive that would not fit in memory.
    #[error("archive inside an archive is larger than {bytes} bytes")]
    TooLarge {
        /// The most that is held in memory.
        bytes: u64,
    },
    /// Nothing complete before the end.
    #[error("cut off at byte {byte} before the first exchange was complete")]
    Truncated {
        /// Offset in the unpacked bytes, from 0.
        byte: u64,
    },
    /// A stream of documents that does not go on as such.
    #[error("frame {number} at byte {byte}: {fault}")]
    Frame {
        /// Which document, from 1.
        number: u64,
        /// Where the line before it begins in the stream, from 0.
        byte: u64,
        /// What was expected.
        fault: FrameFault,
    },
    /// The bytes are not those of the first reading.
    #[error("changed while it was being read")]
    Changed,
}

impl InputError {
    /// Returns what the user can do, where there is something.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Binary { hint, .. } => return hint.map(str::to_owned),
            Self::NotFound | Self::NoMatch => "quote patterns, and check the directory".to_owned(),
            Self::Text => {
                "logs of this kind are not read; `authopsy formats` lists what is".to_owned()
            }
            Self::NoExchange | Self::NoRequest { json: true, .. } => {
                "name the fields with --map status=PATH,path=PATH".to_owned()
            }
            Self::NoRequest { .. } => "give the access log of the same server".to_owned(),
            Self::Locked => {
                "save it without a password, or unpack it: 7z x -pPASSWORD FILE".to_owned()
            }
            Self::Truncated { .. } => "record the capture again: the file ends early".to_owned(),
            Self::Frame { fault: FrameFault::Cut { .. } | FrameFault::CutLine, .. } => {
                "what came before is read; send the stream again, whole".to_owned()
            }
            Self::Frame { .. } => {
                "before each document stands a line `LENGTH NAME`; LENGTH counts the bytes behind it"
                    .to_owned()
            }
            _ => return None,
        })
    }

    /// Returns whether the input could be read, and holds no exchange.
    pub fn is_for_want_of_exchanges(&self) -> bool {
        matches!(self, Self::Text | Self::NoExchange | Self::NoRequest { .. } | Self::NoEntries)
    }

    pub(crate) fn of_io(source: io::Error, byte: u64) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::PermissionDenied => Self::Denied,
            _ => Self::Io { byte, source },
        }
    }
}
