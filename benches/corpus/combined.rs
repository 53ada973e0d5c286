//! One exchange as a line of nginx's and Apache's combined format.

use crate::forge::{Step, split_url};

/// Writes the line, without its end.
pub(super) fn line(step: &Step, client: &str) -> String {
    let time = jiff::Timestamp::from_millisecond(step.at).unwrap_or_default();
    let field = |name: &str| {
        let held = step.fields.iter().find(|(held, _)| held.eq_ignore_ascii_case(name));
        held.map_or("-", |(_, value)| value)
    };
    format!(
        "{client} - - [{}] \"{} {} HTTP/1.1\" {} {} \"{}\" \"{}\"",
        time.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        step.method,
        split_url(&step.url).1,
        step.status,
        step.answer.as_ref().map_or(0, |(_, text)| text.len()),
        field("Referer"),
        field("User-Agent"),
    )
}
