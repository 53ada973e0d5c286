//! Integration tests: renderers on one hand-built report, and the program as people run it.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::format_push_string,
    clippy::format_collect,
    clippy::sliced_string_as_bytes,
    clippy::unused_self,
    clippy::needless_pass_by_value,
    clippy::too_many_lines,
    reason = "a test should fail loudly; its numbers are small and its data long"
)]

mod advice;
mod affected;
mod architecture;
mod cases;
mod causes;
mod cli;
mod clocks;
mod config;
#[path = "../../benches/corpus.rs"]
mod corpus;
mod damage;
mod dumps;
mod forge;
mod frames;
mod groups;
mod histories;
mod html;
mod inputs;
mod keys;
mod laws;
mod limits;
mod logins;
mod logs_formats;
mod logs_gateway;
mod losses;
mod manual;
mod messages;
mod outputs;
mod persons;
mod planted;
mod program;
mod protocols;
mod readme;
mod render;
mod report;
mod schema;
mod secrets;
mod stories;
mod story;
mod token;
mod unseen;
mod variants;
mod views;
mod yearless;
