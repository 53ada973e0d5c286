//! Any bytes as an input: detection, unpacking, the fast and the patient reader, the reports.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| authopsy_fuzz::read_and_report(bytes));
