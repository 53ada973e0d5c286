//! The short formats of morgan, the request logger of Express: no time, or no client.

use std::borrow::Cow;

use super::scan::{Rest, request_line, said, status};
use super::shape::{bare, client_name};
use super::{Format, Found, Setting};
use crate::model::{Exchange, Observer};

/// `192.0.2.7 - GET /me HTTP/1.1 401 25 - 8.090 ms`.
pub(super) const SHORT: Format = Format {
    name: "morgan short",
    what: "Express with morgan's format short",
    observer: Observer::App,
    read: |line, _: &mut Setting| short(line),
};

/// `GET /me 401 25 - 8.090 ms` and, coloured, `GET /me 401 8.090 ms - 25`.
pub(super) const TINY: Format = Format {
    name: "morgan",
    what: "Express with morgan's formats tiny and dev",
    observer: Observer::App,
    read: |line, _: &mut Setting| tiny(line),
};

fn short(line: &str) -> Option<Found<'_>> {
    let before = line.strip_suffix(" ms")?;
    let (before, took) = before.rsplit_once(" - ")?;
    number(took).then_some(())?;
    let (before, _length) = before.rsplit_once(' ').filter(|(_, l)| *l == "-" || number(l))?;
    let (before, code) = before.rsplit_once(' ')?;
    let mut rest = Rest(before);
    let client = rest.word().filter(|client| bare(client).is_some())?;
    // The user may have blanks, a method has none.
    let version = rest.0.rfind(" HTTP/")?;
    let mut user_end = 0;
    let request = loop {
        let blank = user_end + rest.0.get(user_end..version)?.find(' ')?;
        let request = rest.0.get(blank + 1..)?;
        let method = request.split(' ').next()?;
        let upper = !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase());
        if upper && request.get(method.len()..)?.starts_with(" /") {
            user_end = blank;
            break request;
        }
        user_end = blank + 1;
    };
    let (method, target) = request_line(request)?;
    Some(Found::Exchange(Box::new(Exchange {
        method: Some(Cow::Borrowed(method)),
        url: Cow::Borrowed(target),
        status: status(code)?,
        client_ip: Some(client_name(client)),
        user: said(rest.0.get(..user_end)?).map(Cow::Borrowed),
        ..Exchange::default()
    })))
}

fn tiny(line: &str) -> Option<Found<'_>> {
    let (method, rest) = line.split_once(' ')?;
    (method.len() >= 3 && method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-'))
        .then_some(())?;
    let target_and_code = |text: &str| text.ends_with(" ms").then_some(());
    let (before, code) = if target_and_code(rest).is_some() {
        let (before, took) = rest.strip_suffix(" ms")?.rsplit_once(" - ")?;
        number(took).then_some(())?;
        let (before, _length) = before.rsplit_once(' ').filter(|(_, l)| *l == "-" || number(l))?;
        before.rsplit_once(' ')?
    } else {
        let (before, _length) =
            rest.rsplit_once(" ms - ").filter(|(_, l)| *l == "-" || number(l))?;
        let (before, took) = before.rsplit_once(' ')?;
        number(took).then_some(())?;
        before.rsplit_once(' ')?
    };
    before.starts_with('/').then_some(())?;
    Some(Found::Exchange(Box::new(Exchange {
        method: Some(Cow::Borrowed(method)),
        url: Cow::Borrowed(before),
        status: status(code)?,
        ..Exchange::default()
    })))
}

fn number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Exchange<'_>> {
        let found = [SHORT, TINY].iter().find_map(|f| (f.read)(line, &mut Setting::default()));
        match found? {
            Found::Exchange(found) => Some(*found),
            _ => None,
        }
    }

    #[test]
    fn each_format_tells_method_path_and_status() {
        let lines = [
            "192.0.2.7 - GET /me?x=1 HTTP/1.1 401 25 - 8.090 ms",
            "GET /me?x=1 401 25 - 8.090 ms",
            "GET /me?x=1 401 8.090 ms - 25",
        ];
        for line in lines {
            let found = read(line).unwrap();
            assert_eq!((found.status, &*found.url), (Some(401), "/me?x=1"), "{line}");
            assert_eq!(found.method.as_deref(), Some("GET"));
        }
    }

    #[test]
    fn an_answer_that_never_came_has_no_status() {
        assert_eq!(read("GET /me - - ms - -").map(|e| e.status), None);
        assert_eq!(read("GET /me - - - 8.090 ms").unwrap().status, None);
    }

    #[test]
    fn a_user_may_have_blanks_and_other_lines_are_left_alone() {
        let found = read("192.0.2.7 bob GET miller GET /me HTTP/1.1 401 25 - 8.090 ms").unwrap();
        assert_eq!(found.user.as_deref(), Some("bob GET miller"));
        assert!(read("JOB took 8.090 ms").is_none());
        assert!(read("GET something 401 25 - 8.090 ms").is_none());
        assert!(read("someone - GET /me HTTP/1.1 401 25 - 8.090 ms").is_none());
    }
}
