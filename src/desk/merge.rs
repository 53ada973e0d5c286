//! Partial results in, the report of one run over all their inputs out.

use std::fs::File;
use std::io::{self, BufRead, BufReader};

use super::analyze::{finish, given, joined, let_go, read_options};
use super::{Analysis, Error, Job, Product, Progress, partial};
use crate::engine;
use crate::model::{Assumption, Rows};
use crate::tally::Tally;
use crate::world::{Veils, World};

/// Bytes of a file that are read at a time.
const BUFFER: usize = 1 << 20;

/// Merges `job.inputs`, files of partial results, one a line; `-` is standard input.
///
/// # Errors
/// [`Error::Refused`] for a partial of another version or made with other fact-shaping options, and for a
/// file that cannot be read.
pub fn run(job: &Job, progress: &dyn Progress) -> Result<Analysis, Error> {
    let mut tally = Tally::within(job.limits);
    let mut shape = None;
    for name in &job.inputs {
        let mut lines = open(name, progress)
            .map_err(|e| Error::Refused { message: format!("{name}: {e}"), hint: None })?;
        partial::merge(name, lines.as_mut(), progress, &mut tally, &mut shape)?;
    }
    progress.done();
    progress.rest();
    if job.partial {
        engine::within(read_options(job)?.workers(), || Veils::draw(&mut tally));
        let line = partial::write(&tally, shape.as_ref())?;
        let_go(job, tally);
        let (product, rows) = (Product::Partial(line), Rows::default());
        return Ok(Analysis { product, failed: false, faults: Vec::new(), rows });
    }
    if tally.exchanges == 0 {
        return Err(Error::Nothing);
    }
    let keys = shape.map(partial::Shape::into_keys).unwrap_or_default();
    let workers = read_options(job)?.workers();
    let views = engine::within(workers, || joined(job, &mut tally));
    let learn = || World::learn(&tally, given(job, &keys));
    let world = engine::within(workers, learn).with_views(views);
    let (mut report, failed) = engine::within(workers, || finish(job, &world));
    report.keys = keys;
    let_go(job, world);
    if tally.published.iter().next().is_some() {
        report.assumptions.push(Assumption {
            source: None,
            what: "a key set that stands in the capture verified nothing: parts are read apart"
                .into(),
            option: "--jwks".into(),
        });
    }
    let_go(job, tally);
    let (product, rows) = (Product::Report(Box::new(report)), Rows::default());
    Ok(Analysis { product, failed, faults: Vec::new(), rows })
}

fn open(name: &str, progress: &dyn Progress) -> io::Result<Box<dyn BufRead>> {
    if name == "-" {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(name)?;
    progress.total(file.metadata().map_or(0, |meta| meta.len()));
    Ok(Box::new(BufReader::with_capacity(BUFFER, file)))
}
