//! Takes off what is wrapped around a capture: compression, archives, encodings. By content only.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Cursor, Read};
use std::sync::Arc;

use bzip2::bufread::MultiBzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use zip::{CompressionMethod, ZipArchive};

use super::bytes::{Section, SectionReader};
use super::error::InputError;
use super::inflate::{Gunzip, Inflate};
use super::open::InputFile;
use super::saved::{Burp, Fiddler, Har, is_burp, is_fiddler};
use super::steady::Steady;
use super::utf16::{self, Utf16};

/// Wrappings that are taken off at most.
const LEVELS: u8 = 3;
/// An archive inside something compressed is held in memory up to this size.
const LARGEST_INNER_ARCHIVE: u64 = 256 << 20;
/// A body that lies beside its capture is read up to this size.
const LARGEST_ATTACHMENT: u64 = 1 << 20;
/// Bytes that tell one wrapping from another.
const HEAD: usize = 4096;
const BUFFER: usize = 128 << 10;
/// What an xz stream may ask for, in KiB: `xz -9` asks for 65 MiB, a hostile one for 4 GiB.
const XZ_MEMORY_KIB: u32 = 256 << 10;

type Stream = Box<dyn Read + Send>;

/// Bytes of one capture, all wrappings taken off.
pub(crate) enum Content {
    /// Readable at any offset.
    Section(Section),
    /// Readable once, in order.
    Stream(Stream),
}

/// One capture in a file.
pub(crate) struct Part {
    /// Its name inside an archive.
    pub(crate) member: Option<Arc<str>>,
    /// Its bytes.
    pub(crate) content: Content,
    /// The archive's other files.
    pub(crate) attachments: Option<Arc<Attachments>>,
}

/// Opens an input and takes off what is around it: one part, or one for each member of an archive.
pub(crate) fn open(file: &InputFile) -> Result<Vec<Part>, InputError> {
    let content = match &file.path {
        None => Content::Stream(Box::new(io::stdin())),
        Some(path) => {
            let opened = std::fs::File::open(path).map_err(|e| InputError::of_io(e, 0))?;
            let meta = opened.metadata().map_err(|e| InputError::of_io(e, 0))?;
            if meta.is_file() {
                Content::Section(Section::of_file(opened, meta.len()))
            } else {
                Content::Stream(Box::new(opened))
            }
        }
    };
    parts(content)
}

/// Takes off what is around the bytes of an input.
pub(crate) fn parts(content: Content) -> Result<Vec<Part>, InputError> {
    unwrap(content, LEVELS)
}

fn unwrap(content: Content, levels: u8) -> Result<Vec<Part>, InputError> {
    let (head, content) = peek(content)?;
    let Some(wrapping) = Wrapping::of(&head) else { return Ok(vec![plain(content, &head)]) };
    let Some(levels) = levels.checked_sub(1) else {
        return Err(InputError::TooDeep { levels: LEVELS });
    };
    let stream: Stream = match wrapping {
        Wrapping::Gzip => Box::new(Gunzip::new(buffered(content))),
        Wrapping::Zlib => Box::new(Inflate::zlib(buffered(content))),
        Wrapping::Zstd => Box::new(Steady::new(Zstd::new(buffered(content)))),
        Wrapping::Zip => return members(&in_place(content)?, levels),
        Wrapping::Bzip2 => Box::new(Steady::new(MultiBzDecoder::new(buffered(content)))),
        Wrapping::Xz => {
            Box::new(Steady::new(XzReader::new_mem_limit(buffered(content), true, XZ_MEMORY_KIB)))
        }
    };
    unwrap(Content::Stream(stream), levels)
}

enum Wrapping {
    Gzip,
    Zlib,
    Zstd,
    Zip,
    Bzip2,
    Xz,
}

impl Wrapping {
    fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1F, 0x8B, 8, ..] => Some(Self::Gzip),
            // A frame, or a skippable one (RFC 8878, section 3.1.2).
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Some(Self::Zstd),
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Self::Zip),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] => Some(Self::Bzip2),
            [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x78, 0x01 | 0x5E | 0x9C | 0xDA, ..] if inflates(head) => Some(Self::Zlib),
            _ => None,
        }
    }
}

/// Returns whether the bytes are zlib's and not text that starts with `x`.
fn inflates(head: &[u8]) -> bool {
    Inflate::zlib(head).read(&mut [0; 64]).is_ok_and(|count| count > 0)
}

/// Looks at the first bytes and puts them back.
fn peek(content: Content) -> Result<(Vec<u8>, Content), InputError> {
    let mut head = vec![0; HEAD];
    let (filled, content) = match content {
        Content::Section(section) => {
            let filled = section.fill(&mut head, 0).map_err(|e| InputError::of_io(e, 0))?;
            (filled, Content::Section(section))
        }
        Content::Stream(mut stream) => {
            let (filled, stream): (_, Stream) = match fill(&mut stream, &mut head) {
                Ok(filled) => (filled, stream),
                // Cut off early: what there is comes first, then the same error again.
                Err((filled, error)) if is_cut(&error) => (filled, Box::new(Broken(Some(error)))),
                Err((_, error)) => return Err(InputError::of_io(error, 0)),
            };
            let back = Cursor::new(head.get(..filled).unwrap_or_default().to_vec());
            (filled, Content::Stream(Box::new(back.chain(stream))))
        }
    };
    head.truncate(filled);
    Ok((head, content))
}

/// A stream that broke: decoders need not say the same twice.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Returns whether a reader stopped because what is packed is damaged or cut off.
pub(crate) fn is_cut(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::Other
    )
}

/// Reads until `into` is full or the stream ends; an error comes with what was read before it.
pub(crate) fn fill(stream: &mut dyn Read, into: &mut [u8]) -> Result<usize, (usize, io::Error)> {
    let mut filled = 0;
    while filled < into.len() {
        match stream.read(into.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((filled, error)),
        }
    }
    Ok(filled)
}

/// Takes off the encoding.
fn plain(content: Content, head: &[u8]) -> Part {
    let content = if let Some((order, mark)) = utf16::sniff(head) {
        let stream = skipping(content, mark);
        Content::Stream(Box::new(Utf16::new(stream, order)))
    } else if head.starts_with(b"\xEF\xBB\xBF") {
        match content {
            Content::Section(section) => Content::Section(section.part(3, u64::MAX)),
            stream @ Content::Stream(_) => Content::Stream(skipping(stream, 3)),
        }
    } else {
        content
    };
    let content = if is_burp(head) {
        Content::Stream(Box::new(Har::new("Burp Suite", Burp::new(buffered(content)))))
    } else {
        content
    };
    Part { member: None, content, attachments: None }
}

fn skipping(content: Content, count: usize) -> Stream {
    match content {
        Content::Section(section) => Box::new(section.part(count as u64, u64::MAX).reader()),
        Content::Stream(mut stream) => {
            // The bytes were peeked: they are there.
            let _ = fill(&mut stream, &mut vec![0; count]);
            stream
        }
    }
}

fn buffered(content: Content) -> BufReader<Stream> {
    BufReader::with_capacity(BUFFER, skipping(content, 0))
}

/// Makes bytes readable at any offset, in memory if need be.
fn in_place(content: Content) -> Result<Section, InputError> {
    match content {
        Content::Section(section) => Ok(section),
        Content::Stream(stream) => {
            let mut bytes = Vec::new();
            let read = stream.take(LARGEST_INNER_ARCHIVE + 1).read_to_end(&mut bytes);
            read.map_err(|e| InputError::of_io(e, bytes.len() as u64))?;
            if bytes.len() as u64 > LARGEST_INNER_ARCHIVE {
                return Err(InputError::TooLarge { bytes: LARGEST_INNER_ARCHIVE });
            }
            Ok(Section::of_memory(bytes))
        }
    }
}

/// Files of an archive by name: bodies that a capture refers to.
pub(crate) struct Attachments {
    archive: Section,
    files: BTreeMap<String, Packed>,
}

#[derive(Clone, Copy)]
struct Packed {
    start: u64,
    length: u64,
    stored: bool,
}

impl Packed {
    fn content(self, archive: &Section) -> Content {
        let section = archive.part(self.start, self.length);
        if self.stored {
            return Content::Section(section);
        }
        let reader: BufReader<SectionReader> = BufReader::with_capacity(BUFFER, section.reader());
        Content::Stream(Box::new(Inflate::raw(reader)))
    }
}

impl Attachments {
    /// Reads the file that a capture names, wherever it lies in the archive, as text.
    ///
    /// `None` when there is none, it is no UTF-8, or it is larger than 1 MiB.
    pub(crate) fn read(&self, name: &str) -> Option<String> {
        let found = self.files.get(name).or_else(|| {
            let ending = format!("/{}", name.rsplit('/').next().unwrap_or(name));
            self.files.iter().find(|(path, _)| path.ends_with(&ending)).map(|(_, packed)| packed)
        })?;
        String::from_utf8(self.unpack(*found, LARGEST_ATTACHMENT)?).ok()
    }

    /// Reads the file of exactly this name; `None` when there is none or it is longer than `most`.
    pub(super) fn bytes(&self, name: &str, most: u64) -> Option<Vec<u8>> {
        self.unpack(*self.files.get(name)?, most)
    }

    /// Returns the names of all files.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    fn unpack(&self, file: Packed, most: u64) -> Option<Vec<u8>> {
        let stream = skipping(file.content(&self.archive), 0);
        let mut bytes = Vec::new();
        stream.take(most + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 <= most).then_some(bytes)
    }
}

/// Lists the files of a zip archive, each unwrapped.
fn members(archive: &Section, levels: u8) -> Result<Vec<Part>, InputError> {
    let invalid = |e: zip::result::ZipError| InputError::Archive(io::Error::other(e));
    let mut reader = ZipArchive::new(archive.reader()).map_err(invalid)?;
    let (mut files, mut locked) = (BTreeMap::new(), 0);
    for index in 0..reader.len() {
        let Ok(file) = reader.by_index_raw(index) else { continue };
        let stored = match file.compression() {
            CompressionMethod::Stored => true,
            CompressionMethod::Deflated => false,
            _ => {
                locked += usize::from(file.encrypted());
                continue;
            }
        };
        let Some(start) = file.data_start() else { continue };
        let Ok(name) = file.name().map(std::borrow::Cow::into_owned) else { continue };
        locked += usize::from(file.encrypted());
        let is_hidden = name.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
        if !file.is_dir() && !file.encrypted() && !is_hidden {
            files.insert(name, Packed { start, length: file.compressed_size(), stored });
        }
    }
    if locked > 0 && files.is_empty() {
        return Err(InputError::Locked);
    }
    let attachments = Arc::new(Attachments { archive: archive.clone(), files });
    if attachments.names().any(is_fiddler) {
        let har = Har::new("Fiddler", Fiddler::new(Arc::clone(&attachments)));
        let content = Content::Stream(Box::new(har));
        return Ok(vec![Part { member: None, content, attachments: None }]);
    }
    let mut parts = Vec::new();
    for (name, packed) in &attachments.files {
        // A member that cannot be unwrapped is not lost silently: detection says what it is.
        let Ok(inner) = unwrap(packed.content(archive), levels) else { continue };
        for part in inner {
            let member = match part.member {
                Some(inner) => format!("{name}/{inner}"),
                None => name.clone(),
            };
            let attachments = part.attachments.unwrap_or_else(|| Arc::clone(&attachments));
            parts.push(Part {
                member: Some(member.into()),
                content: part.content,
                attachments: Some(attachments),
            });
        }
    }
    if parts.is_empty() {
        return Err(InputError::EmptyArchive { members: attachments.files.len() });
    }
    Ok(parts)
}

/// Decodes zstd, frame after frame.
struct Zstd {
    decoder: Option<StreamingDecoder<BufReader<Stream>, FrameDecoder>>,
    source: Option<BufReader<Stream>>,
}

impl Zstd {
    fn new(source: BufReader<Stream>) -> Self {
        Self { decoder: None, source: Some(source) }
    }

    /// Starts the next frame; `None` at the end.
    fn next_frame(&mut self) -> io::Result<Option<()>> {
        use std::io::BufRead;
        loop {
            let Some(mut source) = self.source.take() else { return Ok(None) };
            if source.fill_buf()?.is_empty() {
                return Ok(None);
            }
            // A skippable frame: magic and length are consumed by the attempt, so look first.
            let head = source.buffer();
            if let [0x50..=0x5F, 0x2A, 0x4D, 0x18, a, b, c, d, ..] = *head {
                let length = u64::from(u32::from_le_bytes([a, b, c, d])) + 8;
                io::copy(&mut (&mut source).take(length), &mut io::sink())?;
                self.source = Some(source);
                continue;
            }
            match StreamingDecoder::new(source) {
                Ok(decoder) => {
                    self.decoder = Some(decoder);
                    return Ok(Some(()));
                }
                Err(FrameDecoderError::ReadFrameHeaderError(
                    ReadFrameHeaderError::MagicNumberReadError(error),
                )) => return Err(error),
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
    }
}

impl Read for Zstd {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(decoder) = &mut self.decoder {
                let count = decoder.read(into)?;
                if count > 0 || into.is_empty() {
                    return Ok(count);
                }
                self.source = self.decoder.take().map(StreamingDecoder::into_inner);
            }
            if self.next_frame()?.is_none() {
                return Ok(0);
            }
        }
    }
}
