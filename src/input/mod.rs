//! Bytes to exchanges: open, unwrap, detect, split, read.

pub mod skip;
