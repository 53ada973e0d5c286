//! Bytes to exchanges: open, unwrap, detect, split, read.

mod bytes;
pub mod clock;
mod detect;
mod document;
mod dump;
mod envelope;
mod error;
mod field_list;
pub mod har_entry;
pub mod jsonl;
pub mod lenient;
mod line;
mod lines;
mod log;
mod open;
mod packets;
mod reader;
mod record;
mod saved;
mod scan;
pub mod skip;
mod unwrap;
mod utf16;
mod walk;
mod wrapper;

pub(crate) use bytes::Section;
pub(crate) use detect::{Look, look};
pub(crate) use document::Pause;
pub(crate) use dump::NAMES as DUMPS;
pub use error::InputError;
pub(crate) use log::names as line_formats;
pub use open::{InputFile, Inputs};
pub(crate) use reader::{Mark, Reader};
pub(crate) use record::Sink;
pub(crate) use unwrap::{Attachments, Content, Part, fill, is_cut, open};
pub(crate) use walk::Attached;
