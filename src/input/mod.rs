//! Bytes to exchanges: open, unwrap, detect, split, read.

pub mod clock;
mod field_list;
pub mod lenient;
pub mod skip;
