//! Partial results in, the report of one run over all their inputs out.

use super::{Analysis, Error, Job, Progress};

/// Merges `job.inputs`, files of partial results, one a line; `-` is standard input.
///
/// # Errors
/// [`Error::Refused`] for a partial of another version or made with other fact-shaping options.
pub fn run(job: &Job, progress: &dyn Progress) -> Result<Analysis, Error> {
    let _ = job;
    progress.done();
    Err(Error::NotBuilt("merging partial results"))
}
