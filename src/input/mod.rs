//! Bytes to exchanges: open, unwrap, detect, split, read.

pub mod clock;
mod field_list;
pub mod har_entry;
pub mod jsonl;
pub mod lenient;
pub mod skip;
