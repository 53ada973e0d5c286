//! What the terminal can and wants: colour, width, glyphs.

use std::ffi::OsString;
use std::io::IsTerminal as _;

use super::args::ColorArg;
use crate::render::{Look, Palette};

/// Columns where there is no terminal.
const WIDTH: usize = 100;

/// What is known of the three streams and the environment.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states of one thing")]
pub(super) struct Terminal {
    pub(super) stdin: bool,
    pub(super) stdout_colour: bool,
    pub(super) stderr: bool,
    pub(super) stderr_colour: bool,
    pub(super) dumb: bool,
    pub(super) unicode: bool,
    pub(super) width: usize,
}

impl Terminal {
    /// Looks at the streams and the environment.
    pub(super) fn look(choice: ColorArg) -> Self {
        let (stdout, stderr) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        let env = |name: &str| std::env::var_os(name);
        let dumb = env("TERM").is_some_and(|term| term == "dumb");
        let width = comfy_table::Table::new().width().filter(|_| stdout).map(usize::from);
        let columns = || env("COLUMNS")?.to_str()?.parse().ok();
        Self {
            stdin: std::io::stdin().is_terminal(),
            stdout_colour: colour(choice, stdout, env),
            stderr,
            stderr_colour: colour(choice, stderr, env),
            dumb,
            unicode: !dumb && is_utf8(env),
            width: width.filter(|width| *width > 0).or_else(columns).unwrap_or(WIDTH),
        }
    }

    /// Returns how text on standard output may look.
    pub(super) fn stdout_look(&self, verbose: bool) -> Look {
        let palette = if self.stdout_colour { Palette::COLOUR } else { Palette::PLAIN };
        Look { width: self.width, unicode: self.unicode, palette, verbose }
    }
}

/// Decides on colour: the option, then `NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb`, then the terminal.
fn colour(choice: ColorArg, terminal: bool, env: impl Fn(&str) -> Option<OsString>) -> bool {
    let set = |name: &str| env(name).is_some_and(|value| !value.is_empty() && value != "0");
    match choice {
        ColorArg::Always => true,
        ColorArg::Never => false,
        // https://no-color.org: any value but the empty one.
        ColorArg::Auto if env("NO_COLOR").is_some_and(|value| !value.is_empty()) => false,
        ColorArg::Auto if set("CLICOLOR_FORCE") => true,
        ColorArg::Auto => terminal && env("TERM").is_none_or(|term| term != "dumb"),
    }
}

/// Returns whether the locale's text is UTF-8; the first variable that is set decides (POSIX).
fn is_utf8(env: impl Fn(&str) -> Option<OsString>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| env(name).filter(|value| !value.is_empty()));
    match locale {
        Some(locale) => {
            let locale = locale.to_string_lossy().to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        }
        None => cfg!(any(windows, target_os = "macos")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        |name| set.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value))
    }

    #[test]
    fn the_option_beats_the_environment_and_that_the_terminal() {
        use ColorArg::{Always, Auto, Never};
        for (choice, terminal, set, expected) in [
            (Auto, true, &[][..], true),
            (Auto, false, &[], false),
            (Auto, true, &[("NO_COLOR", "1")], false),
            (Auto, true, &[("NO_COLOR", "")], true),
            (Auto, false, &[("CLICOLOR_FORCE", "1")], true),
            (Auto, false, &[("CLICOLOR_FORCE", "0")], false),
            (Auto, true, &[("TERM", "dumb")], false),
            (Auto, false, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
            (Always, false, &[("NO_COLOR", "1")], true),
            (Never, true, &[("CLICOLOR_FORCE", "1")], false),
        ] {
            assert_eq!(colour(choice, terminal, env(set)), expected, "{choice:?} {set:?}");
        }
    }

    #[test]
    fn the_first_locale_variable_decides() {
        assert!(is_utf8(env(&[("LANG", "en_US.UTF-8")])));
        assert!(is_utf8(env(&[("LANG", "C"), ("LC_ALL", "C.utf8")])));
        assert!(!is_utf8(env(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")])));
    }
}
