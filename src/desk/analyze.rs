//! The main job: captures and logs in, a report or its mergeable state out.

use std::io;

use super::{Error, Job, Progress};
use crate::model::{Line, Report};

/// Takes exchange lines in the order of the output; its error ends the run.
pub type LineSink<'a> = &'a mut dyn FnMut(&Line) -> io::Result<()>;

/// What a run came to.
#[derive(Debug)]
pub struct Analysis {
    /// The result.
    pub product: Product,
    /// Whether a condition of [`Job::fail_on`] holds, judged before lists were cut.
    pub failed: bool,
    /// What makes the exit code 2 although there is a result.
    pub faults: Vec<Fault>,
}

/// A report, or what can be merged into one.
#[derive(Debug)]
pub enum Product {
    /// The report.
    Report(Box<Report>),
    /// One line of a partial result, line end included.
    Partial(Vec<u8>),
}

/// A named input that could not be read, is empty or holds no exchange.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// The input and what is wrong with it.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Reads `job.inputs` and finds out why requests failed to authenticate.
///
/// With `lines`, the exchanges that the selection admits are handed over one by one, in a second pass.
///
/// # Errors
/// [`Error::Nothing`] when no input holds an exchange (the empty partial is no error), [`Error::Io`] when
/// `lines` fails. An input that cannot be read is a [`Fault`], not an error.
pub fn run(
    job: &Job,
    progress: &dyn Progress,
    lines: Option<LineSink<'_>>,
) -> Result<Analysis, Error> {
    let _ = (job, lines);
    progress.done();
    Err(Error::NotBuilt("the analysis"))
}
