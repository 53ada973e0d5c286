//! Any text as response: status, fields, an empty line, a body.

#![no_main]

use authopsy::dialect::{self, Catalogue};
use authopsy_fuzz::{Side, exchange};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = dialect::read(&exchange(text, Side::Response), Catalogue::embedded());
});
