//! What Kong's plugins write into the error log of the nginx below it.
//!
//! A message begins with the place in the code that wrote it, and then the plugin.

/// How messages begin that stand beside a refusal, whichever file wrote them.
const STARTS: [&str; 4] =
    ["kong consumer was not found", "invalid signature", "unable to verify ", "user not found"];

/// Returns the reason in a message of a plugin that refused; `None` for all other messages.
///
/// Shape: `[lua] responses.lua:24: [openid-connect] reason` and `[kong] access.lua:183 reason`, before
/// the reason also `function(): `. The file `responses.lua` writes nothing but what it answers with.
pub(super) fn refused(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("[kong] ").or_else(|| message.strip_prefix("[lua] "))?;
    let (file, rest) = rest.split_once(".lua:")?;
    let (number, rest) = rest.split_once(' ')?;
    let number = number.strip_suffix(':').unwrap_or(number);
    let is_place = !file.contains([' ', '"'])
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit());
    is_place.then_some(())?;
    let rest = match rest.split_once("(): ") {
        Some((function, rest)) if !function.contains([' ', '"']) => rest,
        _ => rest,
    };
    let named = rest.strip_prefix('[').and_then(|rest| rest.split_once("] "));
    let (plugin, told) = named.unwrap_or(("", rest));
    let answered = file == "responses" && !plugin.is_empty();
    let checked = plugin == "openid-connect"
        && (told.contains(" was specified for access token")
            || told.contains(" was specified for id token"));
    (answered || checked || STARTS.iter().any(|start| told.starts_with(start))).then_some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_tells_why_it_refused() {
        for (message, reason) in [
            (
                "[lua] responses.lua:24: [openid-connect] invalid issuer (https://a.example) was specified for access token",
                "invalid issuer (https://a.example) was specified for access token",
            ),
            (
                "[lua] handler.lua:9: access(): [openid-connect] invalid exp claim (1795400973) was specified for access token",
                "invalid exp claim (1795400973) was specified for access token",
            ),
            ("[kong] access.lua:183 user not found", "user not found"),
        ] {
            assert_eq!(refused(message), Some(reason), "{message}");
        }
    }

    #[test]
    fn what_a_plugin_says_of_its_work_is_no_refusal() {
        for message in [
            "[kong] handler.lua:33 [tracer] start of request",
            "[lua] cache.lua:1328: tokens_load(): [openid-connect] loading tokens from the identity provider",
            "[kong] [string \"kong.log.notice\"]:1 user not found",
            "user not found",
            "[lua] responses.lua:24: rewrite",
        ] {
            assert_eq!(refused(message), None, "{message}");
        }
    }
}
