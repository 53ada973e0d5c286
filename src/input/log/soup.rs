//! Lines that nobody meant: pieces of real ones in any order, and real ones with holes.

use proptest::prelude::*;

use super::{Setting, read};

const PIECES: [&str; 44] = [
    "[2026-11-23T02:29:33.310Z] ",
    "\"GET /a HTTP/1.1\" ",
    "401 ",
    "- ",
    "0 ",
    "jwt_authn_access_denied{Jwt is [x} ",
    "\"-\" ",
    "\"192.0.2.7\" ",
    "192.0.2.7:1 ",
    "[23/Nov/2026:02:46:25.678] ",
    "fe be/s1 ",
    "0/0/0/1/1 ",
    "1/1/0/0/0 0/0 ",
    "{Bearer eyJ|#2|#22} ",
    "---- ",
    "https ",
    "2026-11-23T02:29:33.186641Z ",
    "\"a\\\" ",
    "#Fields: date time cs-method sc-status cs-uri ",
    "#Date: 2026-11-23 ",
    "2026-11-23 02:29:33 ",
    "\"x \"\"y\"\" z\" ",
    "2026/11/23 02:29:33 [error] 7#7: *1 ",
    "user \"x\": password mismatch",
    ", client: 192.0.2.7",
    ", server: ",
    ", request: \"GET / HTTP/1.1\"",
    ", referrer: \"",
    "[Mon Nov 23 02:29:33 2026] [error] [client 192.0.2.7] ",
    "AH01617: user \u{e9}: authentication failure for \"",
    "AH01790: user `",
    "level=info ",
    "msg=\"",
    "method=GET path=/ ",
    "type=LOGIN_ERROR, realmId=x, error=",
    "[org.keycloak.events] (t) ",
    "Authentication request for ",
    " has been denied (IP: ",
    "[client IP=\"",
    "|CAS|",
    "\t",
    "%25%",
    "ModSecurity: Access denied",
    "\u{1f600}",
];

proptest! {
    #[test]
    fn no_line_makes_a_reader_panic_or_differ(
        lines in prop::collection::vec(prop::collection::vec(0..PIECES.len(), 0..14), 1..6),
        hole in 0_usize..200,
    ) {
        let (mut once, mut again) = (Setting::default(), Setting::default());
        for pieces in lines {
            let mut line: String = pieces.iter().filter_map(|at| PIECES.get(*at)).copied().collect();
            if line.is_char_boundary(hole) && hole < line.len() {
                line.remove(hole);
            }
            let first = format!("{:?}", read(&line, &mut once));
            prop_assert_eq!(first, format!("{:?}", read(&line, &mut again)));
        }
        prop_assert_eq!(once, again);
    }
}
