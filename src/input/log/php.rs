//! PHP's own error log and that of PHP-FPM: an exception of a token library that nobody caught.
//!
//! Such a line names no request. What an input of its server holds beside it in the same second may.

use super::refusal;
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::model::{Exchange, Observer};

/// `[23-Nov-2026 02:29:33 UTC] PHP Fatal error:  Uncaught Firebase\JWT\ExpiredException: Expired token in ...`.
pub(super) const PHP: Format = Format {
    name: "php",
    what: "PHP's and PHP-FPM's error logs: exceptions of token libraries",
    observer: Observer::App,
    read: |line, _: &mut Setting| stack(line).or_else(|| message(line)),
};

fn message(line: &str) -> Option<Found<'_>> {
    let (stamp, rest) = line.strip_prefix('[')?.split_once("] ")?;
    let dated = stamp.as_bytes().get(2) == Some(&b'-') && stamp.as_bytes().get(6) == Some(&b'-');
    let time = parse_time(stamp.get(..20).filter(|_| dated)?)?;
    // `UTC`, or the name of a zone, which is none that is known here.
    let in_utc = stamp.get(20..).is_some_and(|zone| zone.trim() == "UTC");
    let message = match worker(rest) {
        Some(message) => message,
        None if rest.starts_with("PHP ") => rest,
        None => return is_of_fpm(rest).then_some(Found::Notice),
    };
    let Some(refusal) = refusal::of_php(message) else { return Some(Found::Notice) };
    let mut exchange = Exchange { time: Some(time), ..Exchange::default() };
    if let Some(time) = exchange.time.as_mut() {
        time.zone_assumed &= !in_utc;
    }
    refusal.fill(&mut exchange);
    Some(Found::Exchange(Box::new(exchange)))
}

/// `WARNING: [pool www] child 7 said into stderr: "NOTICE: PHP message: PHP Fatal error: ..."`.
fn worker(text: &str) -> Option<&str> {
    let (_, told) = text.strip_prefix("WARNING: [pool ")?.split_once("] child ")?;
    let (child, told) = told.split_once(" said into std")?;
    child.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    let told = told.split_once(": \"")?.1;
    let told = told.strip_prefix("NOTICE: ").unwrap_or(told);
    Some(told.strip_prefix("PHP message: ").unwrap_or(told))
}

/// What PHP-FPM says about itself.
fn is_of_fpm(text: &str) -> bool {
    let levels = ["NOTICE: ", "WARNING: ", "ERROR: ", "ALERT: ", "DEBUG: "];
    let text = levels.iter().find_map(|level| text.strip_prefix(level));
    text.is_some_and(|text| {
        let starts = ["fpm is ", "ready to handle", "[pool ", "Terminating", "exiting, bye"];
        starts.iter().any(|start| text.starts_with(start))
    })
}

/// The lines of a stack belong to the message before them.
fn stack(line: &str) -> Option<Found<'static>> {
    let frame = line.strip_prefix('#').and_then(|rest| rest.split_once(' ')).is_some_and(
        |(number, place)| {
            let starts = ["/", "{main}", "[internal function]: "];
            !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_digit())
                && starts.iter().any(|start| place.starts_with(start))
        },
    );
    let thrown = line.strip_prefix("  thrown in ").is_some_and(|rest| rest.contains(" on line "));
    (frame || thrown || line == "Stack trace:").then_some(Found::Directive)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Option<String> {
        match (PHP.read)(line, &mut Setting::default())? {
            Found::Exchange(found) => {
                let time = found.time?;
                let (_, reason) = found.reasons.first()?;
                Some(format!("{time} {} {reason}", time.zone_assumed))
            }
            Found::Notice => Some("message".into()),
            Found::Directive => Some("part".into()),
        }
    }

    #[test]
    fn an_exception_of_a_token_library_is_a_refusal() {
        let line = r"[23-Nov-2026 02:29:33 UTC] PHP Fatal error:  Uncaught Firebase\JWT\ExpiredException: Expired token in /srv/vendor/firebase/php-jwt/src/JWT.php:165";
        assert_eq!(told(line).as_deref(), Some("2026-11-23T02:29:33Z false Expired token"));
        let line = r#"[23-Nov-2026 02:29:33] WARNING: [pool www] child 12 said into stderr: "NOTICE: PHP message: PHP Fatal error:  Uncaught Firebase\JWT\SignatureInvalidException: Signature verification failed in /srv/vendor/firebase/php-jwt/src/JWT.php:135""#;
        let expected = "2026-11-23T02:29:33Z true Signature verification failed";
        assert_eq!(told(line).as_deref(), Some(expected));
    }

    #[test]
    fn the_stack_behind_it_is_part_of_it() {
        for line in [
            "Stack trace:",
            r"#0 /srv/public/index.php(12): Firebase\JWT\JWT::decode('eyJhbGciOi...', Object(Firebase\JWT\Key))",
            "#1 {main}",
            "  thrown in /srv/vendor/firebase/php-jwt/src/JWT.php on line 165",
        ] {
            assert_eq!(told(line).as_deref(), Some("part"), "{line}");
        }
    }

    #[test]
    fn other_messages_of_php_are_messages_and_other_lines_are_not_its() {
        let line = "[23-Nov-2026 02:29:33 UTC] PHP Warning:  Undefined variable $jwt in /srv/a.php on line 1";
        assert_eq!(told(line).as_deref(), Some("message"));
        let line = "[23-Nov-2026 02:29:33] NOTICE: fpm is running, pid 1";
        assert_eq!(told(line).as_deref(), Some("message"));
        for line in [
            "#Fields: date time",
            "#12 was closed",
            r#"[23/Nov/2026 02:29:33] "GET / HTTP/1.1" 401 2"#,
            "[23-Nov-2026 02:29:33] somebody said PHP Fatal error",
        ] {
            assert_eq!(told(line), None, "{line}");
        }
    }
}
