//! Fastly's log as version 1 of its formats writes it: an address, a date in words, a bare request.

use std::borrow::Cow;

use super::scan::{Rest, address, said, status};
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::model::{Exchange, Observer};

/// `192.0.2.7 "-" "-" Mon, 23 Nov 2026 02:29:33 GMT GET /me 401`.
pub(super) const FASTLY: Format = Format {
    name: "fastly",
    what: "Fastly's log in version 1 of its formats",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| read(line),
};

fn read(line: &str) -> Option<Found<'_>> {
    let mut rest = Rest(line);
    let client = address(rest.word()?)?;
    let _identity = rest.word()?;
    let user = rest.word()?.trim_matches('"');
    let end = rest.0.find(" GMT ")?;
    let time = parse_time(rest.0.get(..end + 4).filter(|text| text.get(3..5) == Some(", "))?)?;
    let (method, request) = rest.0.get(end + 5..)?.split_once(' ')?;
    let (target, code) = request.rsplit_once(' ')?;
    let known = !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase());
    (known && target.starts_with('/')).then_some(())?;
    Some(Found::Exchange(Box::new(Exchange {
        time: Some(time),
        method: Some(Cow::Borrowed(method)),
        url: Cow::Borrowed(target),
        status: status(code)?,
        client_ip: Some(client),
        user: said(user).map(Cow::Borrowed),
        ..Exchange::default()
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::log::exchange_of;

    #[test]
    fn a_line_has_its_date_in_words() {
        let line = r#"192.0.2.7 "-" "-" Mon, 23 Nov 2026 02:29:33 GMT GET /me?a=b 401"#;
        let found = exchange_of(&FASTLY, line).unwrap();
        assert_eq!((found.status, &*found.url, found.user), (Some(401), "/me?a=b", None));
        assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:29:33Z");
        let accepted = line.replace(" 401", " 200");
        assert_eq!(exchange_of(&FASTLY, &accepted).unwrap().status, Some(200));
    }

    #[test]
    fn other_lines_with_such_a_date_are_not_its() {
        for line in [
            "192.0.2.7 - - Mon, 23 Nov 2026 02:29:33 GMT says hello 401",
            "192.0.2.7 - - Mon, 23 Nov 2026 02:29:33 GMT GET /me",
            "Date: - - Mon, 23 Nov 2026 02:29:33 GMT GET /me 401",
        ] {
            assert!(exchange_of(&FASTLY, line).is_none(), "{line}");
        }
    }
}
