//! `authopsy.toml`: options under the names they have on the command line, which wins.
//!
//! There is no list of names here: what a file may say is read off the command line's own description,
//! and what it says becomes arguments that stand before those of the user.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory as _};
use toml::de::{DeTable, DeValue};

use super::args::Cli;
use super::complaint::Complaint;

/// The file that is read from the working directory, where it stands there.
const FILE: &str = "authopsy.toml";
/// Commands that work without options of the main job, also beside a broken file.
const PLAIN: [&str; 3] = ["completions", "man", "schema"];
/// Arguments that are no settings: they name this run alone.
const NO_SETTING: [&str; 4] = ["help", "version", "config", "at"];
/// Where the state is wanted there is no report: settings of one have no use.
const REPORT: [&str; 4] = ["output", "format", "fail-on", "show-identity"];

/// The settings of a file that hold for the command at hand.
#[derive(Debug, Default)]
pub(super) struct Config {
    command: Option<String>,
    settings: Vec<Setting>,
}

/// One setting, as the arguments it stands for.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Setting {
    option: String,
    /// Where it stands: `authopsy.toml:3`.
    place: String,
    args: Vec<String>,
}

/// Reads the file that `--config` names, or the one of the working directory.
///
/// # Errors
/// A named file that cannot be read; text that is no TOML; a key that is no option, with the nearest
/// one; a value of a wrong type or that the option does not know. Each with its line.
pub(super) fn read(matches: &ArgMatches) -> Result<Config, Complaint> {
    let (name, inner) = match matches.subcommand() {
        Some((name, inner)) => (Some(name), inner),
        None => (None, matches),
    };
    let given = inner.get_one::<String>("config");
    let path = given.map_or(FILE, String::as_str);
    if path.is_empty() || name.is_some_and(|name| PLAIN.contains(&name)) {
        return Ok(Config::default());
    }
    let text = match fs::read_to_string(Path::new(path)) {
        Ok(text) => text,
        Err(e) if given.is_none() && e.kind() == io::ErrorKind::NotFound => {
            return Ok(Config::default());
        }
        Err(e) => return Err(Complaint::new(format!("{path}: {e}"))),
    };
    let mut root = Cli::command();
    root.build();
    let command = name.and_then(|name| root.find_subcommand(name)).unwrap_or(&root);
    let settings = settings(&text, path, &root)?;
    let is_given = |id: &str| {
        inner.try_contains_id(id).is_ok()
            && inner.value_source(id) == Some(ValueSource::CommandLine)
    };
    let partial = is_given("partial");
    let holds = |setting: &Setting| {
        let Some(arg) = option(command, &setting.option) else { return false };
        let against = |one: &Arg, other: &Arg| {
            let conflicts = command.get_arg_conflicts_with(one);
            conflicts.iter().any(|arg| arg.get_id() == other.get_id())
        };
        let mut given = options(command).filter(|arg| is_given(arg.get_id().as_str()));
        // Conflicts are written down on one side only.
        let beaten = given.any(|given| against(given, arg) || against(arg, given));
        let admitted = setting.args.iter().all(|text| admits(arg, value_of(text)));
        let idle = partial && REPORT.contains(&setting.option.as_str());
        !is_given(arg.get_id().as_str()) && !beaten && admitted && !idle
    };
    let settings = settings.into_iter().filter(holds).collect();
    Ok(Config { command: name.map(str::to_owned), settings })
}

impl Config {
    /// Returns the arguments with the settings before those of the user, behind the command's name.
    pub(super) fn before(&self, mut args: Vec<OsString>) -> Vec<OsString> {
        let at = match &self.command {
            None => 1,
            Some(name) => {
                let mut takes_next = false;
                let place = args.iter().skip(1).position(|arg| {
                    let is_value =
                        std::mem::replace(&mut takes_next, arg == "--config" || arg == "--color");
                    !is_value && arg == name.as_str()
                });
                place.map_or(args.len(), |place| place + 2)
            }
        };
        let settings = self.settings.iter().flat_map(|setting| &setting.args).map(OsString::from);
        args.splice(at.min(args.len())..at.min(args.len()), settings.collect::<Vec<_>>());
        args
    }

    /// Adds to a complaint about an option where the file sets it.
    pub(super) fn placed(&self, complaint: Complaint) -> Complaint {
        let about = |setting: &&Setting| {
            let rest = complaint.message.strip_prefix("--");
            let rest = rest.and_then(|rest| rest.strip_prefix(&*setting.option));
            rest.is_some_and(|rest| rest.starts_with([':', ' ']))
        };
        match self.settings.iter().find(about) {
            Some(setting) => Complaint {
                message: format!("{}: {}", setting.place, complaint.message),
                ..complaint
            },
            None => complaint,
        }
    }
}

/// Reads the settings of a file in its order.
fn settings(text: &str, path: &str, root: &Command) -> Result<Vec<Setting>, Complaint> {
    let line = |byte: usize| 1 + text.bytes().take(byte).filter(|b| *b == b'\n').count();
    let table = DeTable::parse(text).map_err(|e| {
        let at = e.span().map_or(1, |span| line(span.start));
        Complaint::new(format!("{path}:{at}: no TOML: {}", e.message()))
    })?;
    let mut rows: Vec<_> = table.get_ref().iter().collect();
    rows.sort_by_key(|(name, _)| name.span().start);
    let setting = |(name, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = name.get_ref();
        let place = format!("{path}:{}", line(value.span().start));
        let arg = find(root, name).ok_or_else(|| unknown(root, name, &place, value.get_ref()))?;
        let args = arguments(arg, value.get_ref()).map_err(|expected| {
            let kind = kind(value.get_ref());
            Complaint::new(format!("{place}: `{name}` takes {expected}, not {kind}"))
        })?;
        if let Some(text) = args.iter().map(|text| value_of(text)).find(|text| !admits(arg, text)) {
            return Err(Complaint::new(format!("{place}: `{name}`: `{text}` is no value of it"))
                .hint(format!("it takes {}", possible(arg).join(", "))));
        }
        Ok(Setting { option: name.to_string(), place, args })
    };
    rows.into_iter().map(setting).collect()
}

/// Returns the option of this name, of the main job or else of any command.
fn find<'c>(root: &'c Command, name: &str) -> Option<&'c Arg> {
    let commands = std::iter::once(root).chain(root.get_subcommands());
    commands.into_iter().find_map(|command| option(command, name))
}

fn option<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    options(command).find(|arg| arg.get_long() == Some(name))
}

fn options(command: &Command) -> impl Iterator<Item = &Arg> {
    let is_setting = |arg: &&Arg| arg.get_long().is_some_and(|long| !NO_SETTING.contains(&long));
    command.get_arguments().filter(is_setting)
}

fn unknown(root: &Command, name: &str, place: &str, value: &DeValue<'_>) -> Complaint {
    if matches!(value, DeValue::Table(_)) {
        return Complaint::new(format!("{place}: [{name}]: there are no sections"))
            .hint("write options at the top, under their own names: top = 50");
    }
    let typed = name.replace('_', "-").to_lowercase();
    let shown = options(root).filter(|arg| !arg.is_hide_set());
    let near = shown
        .filter_map(|arg| arg.get_long())
        .map(|long| (strsim::damerau_levenshtein(long, &typed), long))
        .filter(|(far, long)| *far <= 1 + long.len() / 4)
        .min();
    let complaint = Complaint::new(format!("{place}: `{name}` is no option"));
    complaint.hint(match near {
        Some((_, long)) => format!("did you mean `{long}`?"),
        None => "the names are those of `authopsy --help`, without the dashes".to_owned(),
    })
}

/// Turns a value into arguments; the error says what is expected.
fn arguments(arg: &Arg, value: &DeValue<'_>) -> Result<Vec<String>, &'static str> {
    let long = arg.get_long().unwrap_or_default();
    let one = |value: &DeValue<'_>| match value {
        DeValue::String(text) => Some(format!("--{long}={text}")),
        DeValue::Integer(number) => Some(format!("--{long}={number}")),
        DeValue::Float(number) => Some(format!("--{long}={number}")),
        DeValue::Datetime(time) => Some(format!("--{long}={time}")),
        _ => None,
    };
    match (arg.get_action(), value) {
        (ArgAction::SetTrue, DeValue::Boolean(true)) => Ok(vec![format!("--{long}")]),
        (ArgAction::SetTrue, DeValue::Boolean(false)) => Ok(Vec::new()),
        (ArgAction::SetTrue, _) => Err("true or false"),
        (ArgAction::Append, DeValue::Array(values)) => {
            let all = values.iter().map(|value| one(value.get_ref())).collect::<Option<Vec<_>>>();
            all.ok_or("a list of texts or numbers")
        }
        (ArgAction::Append, value) => {
            one(value).map(|arg| vec![arg]).ok_or("a text, or a list of texts")
        }
        (_, value) => one(value).map(|arg| vec![arg]).ok_or("a text or a number"),
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn value_of(argument: &str) -> &str {
    argument.split_once('=').map_or("", |(_, value)| value)
}

/// Whether an option that takes certain words only takes this one.
fn admits(arg: &Arg, value: &str) -> bool {
    let words = possible(arg);
    words.is_empty()
        || matches!(arg.get_action(), ArgAction::SetTrue)
        || words.iter().any(|w| w == value)
}

fn possible(arg: &Arg) -> Vec<String> {
    arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, Complaint> {
        let mut root = Cli::command();
        root.build();
        let settings = settings(text, "authopsy.toml", &root)?;
        Ok(settings.into_iter().flat_map(|setting| setting.args).collect())
    }

    #[test]
    fn a_setting_becomes_the_argument_of_its_name() {
        let text = "top = 50\nissuer = \"https://a/\"\nhost = [\"a\", \"b\"]\nstrict = true\n\
            no-join = false\nleeway = \"30s\"\nsince = 2026-11-20T10:00:00Z\ncolor = \"never\"\n";
        assert_eq!(
            read(text).unwrap(),
            [
                "--top=50",
                "--issuer=https://a/",
                "--host=a",
                "--host=b",
                "--strict",
                "--leeway=30s",
                "--since=2026-11-20T10:00:00Z",
                "--color=never"
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_what_was_expected() {
        for (text, message, hint) in [
            ("\nisuer = \"a\"", "authopsy.toml:2: `isuer` is no option", "did you mean `issuer`?"),
            (
                "group_by = \"host\"",
                "authopsy.toml:1: `group_by` is no option",
                "did you mean `group-by`?",
            ),
            ("weather = 1", "authopsy.toml:1: `weather` is no option", "the names are those of"),
            (
                "top = true",
                "authopsy.toml:1: `top` takes a text or a number, not true or false",
                "",
            ),
            ("strict = \"yes\"", "authopsy.toml:1: `strict` takes true or false, not a text", ""),
            (
                "host = [[\"a\"]]",
                "authopsy.toml:1: `host` takes a list of texts or numbers, not a list",
                "",
            ),
            (
                "[report]\ntop = 1",
                "authopsy.toml:1: [report]: there are no sections",
                "write options at",
            ),
            (
                "color = \"red\"",
                "authopsy.toml:1: `color`: `red` is no value of it",
                "it takes auto",
            ),
            ("config = \"x\"", "authopsy.toml:1: `config` is no option", "the names"),
            ("a = 1\ntop = = 2", "authopsy.toml:2: no TOML", ""),
        ] {
            let complaint = read(text).unwrap_err();
            assert!(complaint.message.starts_with(message), "{text}: {}", complaint.message);
            let told = complaint.hint.unwrap_or_default();
            assert!(told.starts_with(hint), "{text}: {told}");
        }
    }

    #[test]
    fn settings_stand_behind_the_command_and_before_the_users_arguments() {
        let setting = |arg: &str| Setting {
            option: "top".into(),
            place: "authopsy.toml:1".into(),
            args: vec![arg.into()],
        };
        let before = |command: Option<&str>, args: &[&str]| {
            let command = command.map(str::to_owned);
            let config = Config { command, settings: vec![setting("--top=5")] };
            let args = config.before(args.iter().map(OsString::from).collect());
            args.into_iter().map(|arg| arg.into_string().unwrap()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(before(None, &["authopsy", "-", "--strict"]), "authopsy --top=5 - --strict");
        assert_eq!(
            before(Some("merge"), &["authopsy", "--config", "merge", "merge", "a"]),
            "authopsy --config merge merge --top=5 a"
        );
    }

    #[test]
    fn a_complaint_about_a_setting_says_where_it_stands() {
        let setting =
            Setting { option: "top".into(), place: "authopsy.toml:1".into(), args: Vec::new() };
        let config = Config { command: None, settings: vec![setting] };
        let placed = |message: &str| config.placed(Complaint::new(message)).message;
        assert_eq!(placed("--top: `x` is no number"), "authopsy.toml:1: --top: `x` is no number");
        assert_eq!(placed("--topaz: no"), "--topaz: no");
    }
}
