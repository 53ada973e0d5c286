//! Whole documents that follow each other in one stream, each behind a line with its length and name.
//!
//! A capture cannot be cut as a log can, and a process for each of many small ones is slow: so one
//! process takes them all. A frame is `LENGTH SP NAME LF` and then exactly `LENGTH` bytes; `LENGTH` are
//! decimal digits, `NAME` is the rest of the line and the input's name in reports. The bytes are those of
//! a file: in any format, packed or not. An empty stream holds no frame.

use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thiserror::Error;

use super::bytes::Section;
use super::error::InputError;
use super::unwrap::Content;

/// The longest line before a document; a path has at most 4,096 bytes on Linux.
const LONGEST_LINE: u64 = 64 << 10;
const BUFFER: usize = 128 << 10;

/// A stream of documents, read one after the other.
pub(crate) struct Frames {
    stream: Arc<Mutex<Stream>>,
    /// The document that was handed out last.
    current: Option<Head>,
    ended: bool,
    trouble: Option<InputError>,
}

/// One document of a stream.
pub(crate) struct Frame {
    /// Which one it is, from 1.
    pub(crate) number: u64,
    pub(crate) name: Arc<str>,
    pub(crate) content: Content,
    /// Whether the next frame can be had only when this one is read.
    pub(crate) flows: bool,
}

/// What stands before a document, and where.
struct Head {
    number: u64,
    byte: u64,
    name: Arc<str>,
    length: u64,
}

/// The bytes, and how many of them are those of the current document.
struct Stream {
    bytes: Box<dyn BufRead + Send>,
    at: u64,
    left: u64,
    error: Option<io::Error>,
}

/// What is wrong with a frame.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum FrameFault {
    /// The line does not begin with digits.
    #[error("expected a length in bytes, in decimal digits")]
    Length,
    /// A number that no stream can be long enough for.
    #[error("expected a length below 2^64")]
    Huge,
    /// No blank follows the length.
    #[error("expected one space behind the length")]
    Space,
    /// Nothing follows the blank.
    #[error("expected a name behind the length")]
    Name,
    /// A line that does not end.
    #[error("expected a line feed within {LONGEST_LINE} bytes")]
    Line,
    /// The stream ends within the line.
    #[error("cut off within the line of length and name")]
    CutLine,
    /// The stream ends within the document.
    #[error("`{name}` is cut off: expected {expected} bytes, found {found}")]
    Cut {
        /// The document.
        name: Arc<str>,
        /// Bytes it should have.
        expected: u64,
        /// Bytes that are there; they were read.
        found: u64,
    },
}

impl Frames {
    /// Takes a stream.
    pub(super) fn new(bytes: impl Read + Send + 'static) -> Self {
        let bytes = Box::new(BufReader::with_capacity(BUFFER, bytes));
        let stream = Arc::new(Mutex::new(Stream { bytes, at: 0, left: 0, error: None }));
        Self { stream, current: None, ended: false, trouble: None }
    }

    /// Hands out the next document; `None` at the end, and where it goes on in no known way.
    ///
    /// One of more than `most_held` bytes is read as it comes, any other is in memory. What was not read
    /// of the document before is passed over.
    pub(crate) fn next(&mut self, most_held: u64) -> Option<Frame> {
        if self.ended {
            return None;
        }
        match self.advance(most_held) {
            Ok(Some(frame)) => return Some(frame),
            Ok(None) if self.current.is_none() => self.trouble = Some(InputError::Empty),
            Ok(None) => {}
            Err(trouble) => self.trouble = Some(trouble),
        }
        self.ended = true;
        None
    }

    /// Returns what was wrong with the stream, and forgets it.
    pub(crate) fn trouble(&mut self) -> Option<InputError> {
        self.trouble.take()
    }

    fn advance(&mut self, most_held: u64) -> Result<Option<Frame>, InputError> {
        let mut stream = lock(&self.stream);
        if let Some(head) = &self.current {
            stream.pass()?;
            if stream.left > 0 {
                let (expected, found) = (head.length, head.length - stream.left);
                let fault = FrameFault::Cut { name: Arc::clone(&head.name), expected, found };
                return Err(head.trouble(fault));
            }
        }
        let number = self.current.as_ref().map_or(1, |head| head.number + 1);
        let Some(head) = stream.head(number)? else { return Ok(None) };
        stream.left = head.length;
        let flows = head.length > most_held;
        let content = if flows {
            Content::Stream(Box::new(Flow(Arc::clone(&self.stream))))
        } else {
            stream.document()
        };
        drop(stream);
        let name = Arc::clone(&head.name);
        self.current = Some(head);
        Ok(Some(Frame { number, name, content, flows }))
    }
}

impl Head {
    fn trouble(&self, fault: FrameFault) -> InputError {
        InputError::Frame { number: self.number, byte: self.byte, fault }
    }
}

impl Stream {
    /// Reads the line before a document; `None` at the end of the stream.
    fn head(&mut self, number: u64) -> Result<Option<Head>, InputError> {
        let byte = self.at;
        let mut line = Vec::new();
        let read = (&mut self.bytes).take(LONGEST_LINE).read_until(b'\n', &mut line);
        self.at += line.len() as u64;
        read.map_err(|e| InputError::of_io(e, self.at))?;
        if line.is_empty() {
            return Ok(None);
        }
        let (length, name) =
            parse(&line).map_err(|fault| InputError::Frame { number, byte, fault })?;
        Ok(Some(Head { number, byte, name: name.into(), length }))
    }

    /// Reads a document into memory, as far as it is there.
    fn document(&mut self) -> Content {
        let mut bytes = Vec::new();
        let read = (&mut self.bytes).take(self.left).read_to_end(&mut bytes);
        self.took(bytes.len());
        self.error = read.err();
        if self.left == 0 {
            return Content::Section(Section::of_memory(bytes));
        }
        Content::Stream(Box::new(Cursor::new(bytes).chain(Cut)))
    }

    /// Passes over what was not read of a document.
    fn pass(&mut self) -> Result<(), InputError> {
        let passed = io::copy(&mut (&mut self.bytes).take(self.left), &mut io::sink());
        if let Some(error) = self.error.take() {
            return Err(InputError::of_io(error, self.at));
        }
        let passed = passed.map_err(|e| InputError::of_io(e, self.at))?;
        self.took(usize::try_from(passed).unwrap_or(usize::MAX));
        Ok(())
    }

    fn took(&mut self, count: usize) {
        self.at += count as u64;
        self.left = self.left.saturating_sub(count as u64);
    }
}

/// A long document that is read as it comes.
struct Flow(Arc<Mutex<Stream>>);

impl Read for Flow {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut stream = lock(&self.0);
        let most = into.len().min(usize::try_from(stream.left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let into = into.get_mut(..most).unwrap_or_default();
        match stream.bytes.read(into) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                stream.took(count);
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                stream.error = Some(error);
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        }
    }
}

/// The end of a document that should be longer.
struct Cut;

impl Read for Cut {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Reads `LENGTH SP NAME LF`. A name that is no UTF-8 is shown as far as it is.
fn parse(line: &[u8]) -> Result<(u64, String), FrameFault> {
    let digits = line.iter().take_while(|b| b.is_ascii_digit()).count();
    let (length, rest) = line.split_at_checked(digits).unwrap_or_default();
    let length = std::str::from_utf8(length).unwrap_or_default();
    match (length, rest) {
        // Nothing but a number, and then the end.
        ("", _) => return Err(FrameFault::Length),
        (_, []) => return Err(unended(line)),
        (_, [b' ', ..]) => {}
        _ => return Err(FrameFault::Space),
    }
    let length = length.parse().map_err(|_| FrameFault::Huge)?;
    let Some(name) = rest.get(1..).and_then(|rest| rest.strip_suffix(b"\n")) else {
        return Err(unended(line));
    };
    if name.is_empty() {
        return Err(FrameFault::Name);
    }
    Ok((length, String::from_utf8_lossy(name).into_owned()))
}

fn unended(line: &[u8]) -> FrameFault {
    if line.len() as u64 >= LONGEST_LINE { FrameFault::Line } else { FrameFault::CutLine }
}

fn lock(stream: &Mutex<Stream>) -> MutexGuard<'_, Stream> {
    stream.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.current.as_ref().map_or(0, |head| head.number);
        f.debug_struct("Frames").field("number", &number).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads all documents: name, bytes, and whether it was whole; then what was wrong.
    fn read(stream: &[u8], most_held: u64) -> (Vec<(String, String, bool)>, Option<String>) {
        let mut frames = Frames::new(Cursor::new(stream.to_vec()));
        let mut all = Vec::new();
        while let Some(frame) = frames.next(most_held) {
            assert_eq!(frame.number, all.len() as u64 + 1);
            let mut bytes = Vec::new();
            let whole = match frame.content {
                Content::Section(section) => section.reader().read_to_end(&mut bytes).is_ok(),
                Content::Stream(mut stream) => stream.read_to_end(&mut bytes).is_ok(),
            };
            let text = String::from_utf8_lossy(&bytes).into_owned();
            all.push((frame.name.to_string(), text, whole));
        }
        assert!(frames.next(most_held).is_none());
        (all, frames.trouble().map(|error| error.to_string()))
    }

    #[test]
    fn documents_come_one_by_one_whether_held_or_not() {
        for most_held in [0, 2, 100] {
            let (all, trouble) = read(b"3 a b.har\nx\ny0 empty\n2 a b.har\n\n\n", most_held);
            let wanted =
                [("a b.har", "x\ny", true), ("empty", "", true), ("a b.har", "\n\n", true)];
            assert_eq!(all, wanted.map(|(name, text, whole)| (name.into(), text.into(), whole)));
            assert_eq!(trouble, None);
        }
        assert_eq!(
            read(b"", 9).1.as_deref(),
            Some("empty input: expected a HAR, or a request log")
        );
    }

    #[test]
    fn what_is_not_read_of_a_document_is_passed_over() {
        for most_held in [0, 100] {
            let stream = Cursor::new(b"3 a\n1\n23 b\n4\n5".to_vec());
            let mut frames = Frames::new(stream);
            let names: Vec<_> = std::iter::from_fn(|| frames.next(most_held))
                .map(|frame| frame.name.to_string())
                .collect();
            assert_eq!(names, ["a", "b"]);
            assert!(frames.trouble().is_none());
        }
    }

    #[test]
    fn a_frame_that_is_none_is_told_with_its_place_and_ends_the_stream() {
        let long = [b"1 ", "n".repeat(70_000).as_bytes(), b"\nx"].concat();
        let table: [(&[u8], &str); 9] = [
            (
                b"1 a\nx{\"log\":1}\n",
                "frame 2 at byte 5: expected a length in bytes, in decimal digits",
            ),
            (b"1 a\nx\n", "frame 2 at byte 5: expected a length in bytes, in decimal digits"),
            (b"-1 a\nx", "frame 1 at byte 0: expected a length in bytes, in decimal digits"),
            (b"99999999999999999999 a\nx", "frame 1 at byte 0: expected a length below 2^64"),
            (b"1\nx", "frame 1 at byte 0: expected one space behind the length"),
            (b"1 \nx", "frame 1 at byte 0: expected a name behind the length"),
            (b"1 a\nx1 b", "frame 2 at byte 5: cut off within the line of length and name"),
            (b"1 a\nx12", "frame 2 at byte 5: cut off within the line of length and name"),
            (&long, "frame 1 at byte 0: expected a line feed within 65536 bytes"),
        ];
        for (stream, said) in table {
            assert_eq!(read(stream, 100).1.as_deref(), Some(said));
        }
    }

    #[test]
    fn a_document_that_is_cut_off_is_read_as_far_as_it_is_there() {
        for most_held in [0, 100] {
            let (all, trouble) =
                read(b"1 a\nx18446744073709551615 b.har\nyz", u64::MAX - most_held);
            assert_eq!(all[1], ("b.har".to_owned(), "yz".to_owned(), false));
            assert_eq!(
                trouble.as_deref(),
                Some(
                    "frame 2 at byte 5: `b.har` is cut off: expected 18446744073709551615 bytes, found 2"
                )
            );
        }
    }
}
