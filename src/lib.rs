//! Says why requests failed to authenticate: captures and request logs in, root causes out.

pub mod causes;
pub mod cli;
pub mod desk;
pub mod dialect;
pub mod engine;
pub mod evidence;
pub mod input;
pub mod model;
pub mod render;
pub mod report;
pub mod tally;
pub mod token;
pub mod world;

/// The examples of README.md run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
