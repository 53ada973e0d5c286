//! One file a sub-command: what the program does, without a terminal.

pub mod analyze;
pub mod explain;
pub mod formats;
mod job;
mod keys;
mod lines;
pub mod merge;
mod partial;
mod persons;
pub mod schema;
#[cfg(test)]
mod tests;
pub mod token;

use std::io;

pub use analyze::{Analysis, Fault, LineSink, Product};
pub use job::{BUCKETS, Expected, FailOn, Job, Keys, Persons, Reading, Shaping, Sort, SourceName};
pub use lines::Lines;

pub use crate::report::{GroupKey, Moment, Selection, Statuses};
pub use crate::tally::Limits;

/// Watches work on bytes; called from several threads.
pub trait Progress: Sync {
    /// More bytes were found to be read.
    fn total(&self, bytes: u64);
    /// Bytes were read.
    fn advance(&self, bytes: u64);
    /// All is read.
    fn done(&self);
    /// All is read and what was remembered for it forgotten, and no report begun; called once on each thread
    /// that works.
    fn rest(&self) {}
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn total(&self, _: u64) {}
    fn advance(&self, _: u64) {}
    fn done(&self) {}
}

/// Why a sub-command could not do its job.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A part of the contract that this version does not have.
    #[error("{0}: not built yet")]
    NotBuilt(&'static str),
    /// A cause that is not in the catalogue.
    #[error("`{asked}`: no such cause")]
    NoSuchCause {
        /// What was asked for.
        asked: String,
        /// The nearest id.
        nearest: Option<&'static str>,
    },
    /// A schema that is not there.
    #[error("`{0}`: no such schema")]
    NoSuchSchema(String),
    /// No exchange in all inputs together.
    #[error("no exchange in any input")]
    Nothing,
    /// An output could not be written; a broken pipe is for the caller to forgive.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Anything else that a person can act on.
    #[error("{message}")]
    Refused {
        /// What was expected and where.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
}

impl Error {
    /// Returns what the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoSuchCause { nearest: Some(id), .. } => Some(format!("did you mean `{id}`?")),
            Self::NoSuchCause { nearest: None, .. } => {
                Some("`authopsy explain` lists every cause".to_owned())
            }
            Self::NoSuchSchema(_) => Some(format!("the schemas are {}", schema::NAMES.join(", "))),
            Self::Nothing => Some("`authopsy formats` lists what can be read".to_owned()),
            Self::Refused { hint, .. } => hint.clone(),
            Self::NotBuilt(_) | Self::Io(_) => None,
        }
    }
}
