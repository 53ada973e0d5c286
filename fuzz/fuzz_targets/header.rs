//! Any text as request: URL, fields, an empty line, a body; and as the value of one field.

#![no_main]

use authopsy::dialect::Catalogue;
use authopsy::evidence::{Context, Source, gather, split_scheme};
use authopsy_fuzz::{Side, exchange};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let split = split_scheme(text);
    assert_eq!([split.scheme.unwrap_or_default(), split.gap, split.rest].concat(), text);
    let mut context = Context::new(Catalogue::embedded(), Source::new("fuzz.har", "har"));
    let exchange = exchange(text, Side::Request);
    let first = gather(&exchange, &mut context);
    // What a worker remembers never shows.
    assert_eq!(format!("{first:?}"), format!("{:?}", gather(&exchange, &mut context)));
});
