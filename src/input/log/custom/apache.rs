//! Apache's `LogFormat`, which Tomcat and others share.

use super::field::{Field, field_name, request_field};
use super::{FormatError, Part};

/// Formats by the names that Apache's own configuration gives them.
const NAMED: [(&str, &str); 4] = [
    ("common", r#"%h %l %u %t "%r" %>s %b"#),
    ("combined", r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#),
    ("combinedio", r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %I %O"#),
    ("vhost_combined", r#"%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i""#),
];

/// A time in a writing of its own.
const TIME: &str = r#"[^"\[\]]+?"#;
/// Directives in braces that are parts of one time.
const FRACTIONS: [&str; 2] = ["msec_frac", "usec_frac"];

/// Takes a format apart.
pub(super) fn parse(text: &str) -> Result<Vec<Part>, FormatError> {
    let (body, from) = body(text);
    let named = NAMED.iter().find(|(name, _)| *name == body);
    parts(named.map_or(&body, |(_, format)| format), from)
}

/// Takes off `LogFormat "..." name` and the escapes of a configuration.
fn body(text: &str) -> (String, usize) {
    let mut rest = text.trim();
    if let Some(named) = rest.strip_prefix("LogFormat") {
        rest = named.trim_start();
    }
    let mut from = text.chars().count() - text.trim_start().chars().count();
    if rest.len() < text.trim().len() {
        from = text.chars().count() - rest.chars().count();
    }
    // Outer quotes are the configuration's where those inside are escaped.
    let outer = rest.strip_prefix('"').and_then(|inside| {
        let end = end_of(inside)?;
        let name = inside.get(end + 1..)?.trim();
        let word = !name.contains([' ', '%', '"']);
        (word && inside.get(..end)?.contains('%')).then(|| inside.get(..end)).flatten()
    });
    let inner = outer.unwrap_or(rest);
    if outer.is_some() {
        from += 1;
    }
    if !inner.contains('\\') {
        return (inner.to_owned(), from);
    }
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some(other)) => out.push(other),
            _ => out.push(c),
        }
    }
    (out, from)
}

/// Returns where the first quote stands that is not escaped.
fn end_of(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(at)
    })
}

fn parts(text: &str, from: usize) -> Result<Vec<Part>, FormatError> {
    let mut parts: Vec<Part> = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(percent) = rest.find('%') {
        literal.push_str(&rest[..percent]);
        let after = &rest[percent + 1..];
        let at = from + text[..text.len() - after.len() - 1].chars().count() + 1;
        // Conditions (`%!200,304{...}i`) and which of several requests (`%>s`).
        let bare = after.trim_start_matches(['>', '<', '!', ',']);
        let bare = bare.trim_start_matches(|c: char| c.is_ascii_digit() || c == ',');
        let incomplete = || FormatError::Incomplete { what: format!("%{}", first(after)), at };
        let (argument, bare) = match bare.strip_prefix('{') {
            Some(inside) => {
                let (argument, bare) = inside.split_once('}').ok_or_else(incomplete)?;
                (Some(argument), bare)
            }
            None => (None, bare),
        };
        let bare = bare.trim_start_matches(['>', '<']);
        let letter = bare.chars().next().ok_or_else(incomplete)?;
        // `%^ti`: a trailer.
        let (letter, length) = match (letter, bare.get(1..3)) {
            ('^', Some(kind)) => (if kind == "ti" { 'i' } else { 'o' }, 3),
            _ => (letter, letter.len_utf8()),
        };
        let next = bare.get(length..).unwrap_or_default();
        if letter == '%' {
            literal.push('%');
            rest = next;
            continue;
        }
        let field = directive(argument, letter).ok_or_else(|| FormatError::Unknown {
            server: "Apache",
            name: format!("%{}", &after[..after.len() - next.len()]),
            at,
            near: None,
        })?;
        push(&mut parts, &mut literal, field, argument);
        rest = next;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

/// Adds a directive; the parts of one time that follow each other are one.
fn push(parts: &mut Vec<Part>, literal: &mut String, field: Field, argument: Option<&str>) {
    let is_time = |part: &Part| matches!(part, Part::Field(Field::Time(_)));
    let joins = matches!(field, Field::Time(_)) && literal.len() <= 1 && !literal.starts_with('"');
    if joins && parts.last().is_some_and(is_time) {
        literal.clear();
        return;
    }
    let fraction = argument.is_some_and(|argument| FRACTIONS.contains(&argument));
    if !literal.is_empty() {
        parts.push(Part::Literal(std::mem::take(literal)));
    }
    parts.push(Part::Field(if fraction { Field::Word } else { field }));
}

fn directive(argument: Option<&str>, letter: char) -> Option<Field> {
    Some(match (argument, letter) {
        (_, 'a') | (None, 'h') => Field::Client,
        (None, 't') => Field::BracketedTime,
        (Some(_), 't') => Field::Time(TIME),
        (None, 'r') => Field::Request,
        (None, 'm') => Field::Method,
        (None, 'U') => Field::Path,
        (None, 'q') => Field::Query,
        (None, 's') => Field::Status,
        (None, 'v' | 'V') => Field::Host(2),
        (Some(name), 'i') => request_field(name),
        (Some(name), 'o') => Field::Answered(field_name(name)),
        (None, 'u') | (Some("REMOTE_USER" | "SSL_CLIENT_S_DN_CN"), 'e' | 'x') => Field::User,
        (None, 'L') | (Some("UNIQUE_ID"), 'e') => Field::RequestId,
        (Some(_), 'e' | 'n' | 'C' | 'x' | 'r' | 's' | 'c') | (None, 'f') => Field::Anything,
        (
            _,
            'A' | 'b' | 'B' | 'D' | 'F' | 'H' | 'I' | 'k' | 'l' | 'O' | 'p' | 'P' | 'R' | 'S' | 'T'
            | 'X',
        ) => Field::Word,
        _ => return None,
    })
}

/// Shows the beginning of what is not complete.
fn first(text: &str) -> String {
    text.chars().take(12).collect()
}
