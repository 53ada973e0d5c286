//! IIS requests as events of Windows (`Microsoft-Windows-IIS-Logging`), exported as XML, an event a line.

use std::borrow::Cow;

use super::w3c::Directives;
use super::{Format, Found, Setting};
use crate::model::Observer;

/// `<Event ...><System>...</System><EventData><Data Name='cs-method'>GET</Data>...</EventData></Event>`.
pub(super) const EVENT: Format = Format {
    name: "iis event",
    what: "IIS requests as Windows events in XML",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| read(line),
};

fn read(line: &str) -> Option<Found<'_>> {
    let event = line.strip_prefix("<Event ")?.trim_end().strip_suffix("</Event>")?;
    if !event.contains("IIS-Logging") {
        return event.contains("<EventID").then_some(Found::Notice);
    }
    let mut pairs = Vec::new();
    let mut rest = event;
    while let Some((_, after)) = rest.split_once("<Data Name=") {
        let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (name, after) = after.get(1..)?.split_once(quote)?;
        let value = if let Some(inside) = after.strip_prefix('>') {
            let (value, after) = inside.split_once("</Data>")?;
            rest = after;
            unescaped(value)
        } else {
            rest = after;
            Cow::Borrowed("")
        };
        pairs.push((column(name), value));
    }
    let row = pairs.iter().map(|(name, value)| (&**name, &**value));
    match Directives::named(row)? {
        Found::Exchange(exchange) => {
            Some(Found::Exchange(Box::new(super::logfmt::owned(*exchange))))
        }
        Found::Notice => Some(Found::Notice),
        Found::Directive => Some(Found::Directive),
    }
}

/// Names a column as a `#Fields` line does: `csUser-Agent` is `cs(User-Agent)`.
fn column(name: &str) -> Cow<'_, str> {
    match name.strip_prefix("cs").filter(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
    {
        Some(field) => Cow::Owned(format!("cs({field})")),
        None => Cow::Borrowed(name),
    }
}

/// Resolves the five entities of XML.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = text.to_owned();
    for (entity, letter) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
    {
        out = out.replace(entity, letter);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::log::exchange_of;

    const LINE: &str = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-IIS-Logging'/><EventID>6200</EventID></System><EventData><Data Name='date'>2026-11-23</Data><Data Name='time'>02:29:33</Data><Data Name='c-ip'>192.0.2.7</Data><Data Name='cs-username'>-</Data><Data Name='cs-method'>GET</Data><Data Name='cs-uri-stem'>/me</Data><Data Name='cs-uri-query'>a=1&amp;b=2</Data><Data Name='sc-status'>401</Data><Data Name='sc-win32-status'>1326</Data><Data Name='csUser-Agent'>Mozilla/5.0+(X11)</Data><Data Name='sc-substatus'>1</Data><Data Name='CustomFields'/></EventData></Event>";

    #[test]
    fn an_event_has_the_columns_of_the_w3c_log() {
        let found = exchange_of(&EVENT, LINE).unwrap();
        assert_eq!((found.status, &*found.url), (Some(401), "/me?a=1&b=2"));
        assert_eq!(found.user_agent.as_deref(), Some("Mozilla/5.0 (X11)"));
        assert_eq!(found.client_ip.as_deref(), Some("192.0.2.7"));
        assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:29:33Z");
        let reasons: Vec<_> =
            found.reasons.iter().map(|(name, text)| format!("{name}={text}")).collect();
        assert_eq!(reasons, ["sc-substatus=1", "sc-win32-status=1326"]);
        let accepted = LINE.replace(">401<", ">200<");
        let found = exchange_of(&EVENT, &accepted).unwrap();
        assert_eq!((found.status, found.reasons.len()), (Some(200), 0));
    }

    #[test]
    fn other_events_are_messages_and_other_xml_is_not_read() {
        let other = LINE.replace("IIS-Logging", "Security-Auditing");
        assert!(matches!(read(&other), Some(Found::Notice)));
        assert!(read("<Event><a>IIS-Logging</a></Events>").is_none());
        assert!(read("<items burpVersion=\"1\"></items>").is_none());
    }
}
