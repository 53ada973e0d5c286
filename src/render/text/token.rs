//! One token or header line explained: what it says, what was checked, what to do.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

use super::page::{Ink, Look, Page, Span, prose, solid, span};
use crate::model::{At, Explained, ExplainedCredential, ExplainedFinding, TokenField};

/// Columns of the widest check, `signature`.
const CHECK: usize = 9;

/// Writes an explanation, with times in `zone`.
///
/// # Errors
/// Only those of `out`.
pub fn token(told: &Explained, zone: &TimeZone, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, look);
    let ink = if told.findings.is_empty() { Ink::Good } else { Ink::Strong };
    page.para("", 0, &prose(ink, &told.summary))?;
    page.gap()?;
    page.para("read as", 11, &[span(Ink::Plain, &told.taken_as)])?;
    let now = match told.at_basis.as_str() {
        "given" => "given with --at",
        _ => "now, by the clock of this machine; --at TIME for another instant",
    };
    let at = [solid(Ink::Plain, shown(&told.at, zone)), span(Ink::Faint, format!(", {now}"))];
    page.para("judged at", 11, &at)?;
    for credential in &told.credentials {
        one(&mut page, credential, told, zone)?;
    }
    findings(&mut page, &told.findings)?;
    if let Some(root) = told.findings.first() {
        page.gap()?;
        let command = format!("authopsy explain {}", root.cause);
        page.para("next:", 6, &[solid(Ink::Code, command)])?;
    }
    Ok(())
}

/// Writes what one credential is, its fields and its checks.
fn one(
    page: &mut Page<'_>,
    credential: &ExplainedCredential,
    told: &Explained,
    zone: &TimeZone,
) -> io::Result<()> {
    page.heading("CREDENTIAL", &credential.place)?;
    page.para("  kind", 11, &kind(credential, page.look))?;
    if let Some(user) = &credential.user {
        let stand_in = span(Ink::Faint, " (a stand-in, never the name)");
        page.para("  user", 11, &[solid(Ink::Plain, user), stand_in])?;
    }
    for (part, title) in [("header", "HEADER"), ("payload", "CLAIMS")] {
        let fields: Vec<&TokenField> =
            credential.fields.iter().filter(|f| f.part == part).collect();
        let wide = fields.iter().map(|f| f.name.width()).max().unwrap_or(0).clamp(4, 20);
        if !fields.is_empty() {
            page.heading(title, "")?;
        }
        for field in fields {
            let mut spans = vec![solid(Ink::Code, format!("  {:wide$}  ", field.name))];
            spans.extend(value(field, &told.at, zone));
            page.para("", wide + 4, &spans)?;
        }
    }
    if credential.checks.is_empty() {
        return Ok(());
    }
    page.heading("CHECKS", "")?;
    for check in &credential.checks {
        let (word, ink) = match check.verdict.as_str() {
            "pass" => ("ok", Ink::Good),
            "fail" => ("FAIL", Ink::Bad),
            "doubt" => ("doubt", Ink::Warn),
            _ => ("open", Ink::Faint),
        };
        let mut spans = vec![
            solid(ink, format!("  {word:5}")),
            solid(Ink::Code, format!("  {:CHECK$}  ", check.name)),
        ];
        spans.extend(prose(Ink::Plain, &check.fact));
        page.para("", CHECK + 11, &spans)?;
    }
    Ok(())
}

/// Says what a credential is: `JWT, access token by its typ is at+jwt, tok:3f9a61c2d07b`.
fn kind(credential: &ExplainedCredential, look: Look) -> Vec<Span> {
    let words = match credential.kind.as_str() {
        "jwt" => "a signed token (JWT)",
        "jwe" => "an encrypted token (JWE)",
        "opaque" => "a token without inner structure",
        "basic" => "user name and password (Basic)",
        "digest" => "a Digest response",
        "negotiate" => "a message of NTLM, Kerberos or Negotiate",
        "sigv4" => "a request signature (AWS SigV4)",
        "request_signature" => "a request signature",
        "dpop_proof" => "a DPoP proof",
        "api_key" => "an API key",
        "session" => "a session cookie",
        "unknown" => "nothing that can be named",
        other => other,
    };
    let mut parts =
        vec![credential.vendor.as_ref().map_or_else(|| words.to_owned(), |v| format!("a {v}"))];
    if credential.state != "present" {
        parts.push(credential.state.clone());
    }
    parts.extend(credential.fingerprint.clone());
    let mut spans = Vec::new();
    for part in parts {
        if !spans.is_empty() {
            spans.push(span(Ink::Faint, look.dot()));
        }
        spans.push(span(Ink::Plain, part));
    }
    spans
}

/// Says what a field holds: its value or shape, its instant with the distance, its meaning.
fn value(field: &TokenField, at: &str, zone: &TimeZone) -> Vec<Span> {
    let mut spans = Vec::new();
    match (&field.time, &field.value) {
        (Some(time), _) => {
            spans.push(solid(Ink::Plain, shown(time, zone)));
            if let Some(distance) = distance(time, at) {
                spans.push(span(Ink::Plain, format!(", {distance}")));
            }
        }
        (None, Some(value)) => spans.push(solid(Ink::Plain, value)),
        (None, None) => spans.push(span(Ink::Faint, format!("({})", field.shape))),
    }
    if let Some(meaning) = &field.meaning {
        let stand_in = field.value.as_ref().is_some_and(|value| value.starts_with("sub:"));
        let more = if stand_in { ", a stand-in" } else { "" };
        spans.push(span(Ink::Faint, format!("  {meaning}{more}")));
    }
    spans
}

fn findings(page: &mut Page<'_>, findings: &[ExplainedFinding]) -> io::Result<()> {
    for (index, finding) in findings.iter().enumerate() {
        if index == 0 {
            page.heading("MOST LIKELY REFUSED FOR", "")?;
        } else if index == 1 {
            page.heading("ALSO WRONG", "")?;
        }
        let mut head = vec![solid(Ink::Strong, format!("  {}", finding.cause.as_str()))];
        head.push(span(Ink::Plain, "  "));
        head.extend(prose(Ink::Plain, &finding.title));
        head.push(span(Ink::Faint, format!(", {}", finding.confidence.as_str())));
        page.para("", 4, &head)?;
        for fact in &finding.evidence {
            let mut spans = prose(Ink::Plain, &fact.fact);
            spans.extend([span(Ink::Plain, "  "), solid(Ink::Faint, format!("({})", fact.place))]);
            let bullet = page.look.glyph("•", "*");
            page.para(&format!("    {bullet}"), 6, &spans)?;
        }
        page.para("    do", 12, &prose(Ink::Plain, &finding.advice))?;
        if let Some(case) = &finding.advice_case {
            page.para("    here", 12, &prose(Ink::Plain, &case.text))?;
        }
        if index == 0 && !finding.advice_client.is_empty() {
            page.para("    client", 12, &prose(Ink::Plain, &finding.advice_client))?;
            page.para("    server", 12, &prose(Ink::Plain, &finding.advice_server))?;
        }
    }
    Ok(())
}

/// Shows an RFC 3339 instant in a zone: `2026-11-20 11:31:00 +01:00`; text that is none as it is.
fn shown(time: &str, zone: &TimeZone) -> String {
    let Ok(stamp) = time.parse::<jiff::Timestamp>() else { return time.to_owned() };
    let zoned = stamp.to_zoned(zone.clone());
    let offset = zoned.offset();
    let name = if offset.is_zero() { "UTC".to_owned() } else { zoned.strftime("%:z").to_string() };
    format!("{} {name}", zoned.strftime("%Y-%m-%d %H:%M:%S"))
}

/// Says how far an instant lies from the one of the judgement: `in 5 m`, `2 h 5 m ago`.
fn distance(time: &str, at: &str) -> Option<String> {
    let read = |text: &str| {
        let nanos = text.parse::<jiff::Timestamp>().ok()?.as_nanosecond();
        i64::try_from(nanos).ok().map(At)
    };
    let (time, at) = (read(time)?, read(at)?);
    Some(if time > at {
        format!("in {}", time.since(at))
    } else {
        format!("{} ago", at.since(time))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_shown_in_the_zone_with_their_distance() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(shown("2026-11-20T10:31:00Z", &zone), "2026-11-20 12:31:00 +02:00");
        assert_eq!(shown("2026-11-20T10:31:00.5Z", &TimeZone::UTC), "2026-11-20 10:31:00 UTC");
        assert_eq!(shown("soon", &zone), "soon");
        let at = "2026-11-20T10:31:00Z";
        assert_eq!(distance("2026-11-20T10:36:00Z", at).as_deref(), Some("in 5 m"));
        assert_eq!(distance("2026-11-20T10:30:50Z", at).as_deref(), Some("10 s ago"));
        assert_eq!(distance("soon", at), None);
    }
}
