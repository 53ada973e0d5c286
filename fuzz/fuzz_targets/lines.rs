//! Any bytes as a log: wrappings, joined parts, damage, cut anywhere; and no planted token comes out.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    authopsy_fuzz::read_cut(bytes);
    authopsy_fuzz::plant_and_report(bytes);
});
