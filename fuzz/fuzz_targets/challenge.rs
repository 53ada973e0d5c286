//! Any text as challenge of a refused request.

#![no_main]

use authopsy::dialect::{self, Catalogue};
use authopsy::model::{Exchange, Header};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let exchange = Exchange {
        status: Some(401),
        response_headers: vec![Header { name: "WWW-Authenticate".into(), value: text.into() }],
        ..Exchange::default()
    };
    let _ = dialect::read(&exchange, Catalogue::embedded());
});
