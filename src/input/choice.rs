//! The format of the inputs as the user names it.

use std::sync::Arc;

use super::log::{Custom, FormatError, Wanted, names};

/// How inputs are read: by what they are, or by what the user says that they are.
///
/// Cheap to clone.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Choice(pub(super) Kind);

/// What a choice comes to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) enum Kind {
    /// By content.
    #[default]
    Detect,
    /// HAR, and other documents.
    Document,
    /// A JSON object a line.
    Json,
    /// Lines of text of one format.
    Text(Wanted),
}

/// Why a choice means nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ChoiceError {
    /// No format has this name; the one that was meant, most likely.
    #[error("`{name}` is no input format")]
    Unknown {
        /// The name as written.
        name: String,
        /// A name that is near to it.
        near: Option<&'static str>,
    },
    /// `nginx` or `apache` without a format.
    #[error("`{server}` needs the format of its lines")]
    NoFormat {
        /// Which of them.
        server: &'static str,
    },
    /// The format after `nginx:` or `apache:` is wrong.
    #[error(transparent)]
    Format(#[from] FormatError),
}

impl ChoiceError {
    /// Returns what to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::Unknown { near: None, .. } => "`authopsy formats` lists them".into(),
            Self::NoFormat { server: "nginx" } => {
                "write nginx:combined, or nginx: and the log_format".into()
            }
            Self::NoFormat { .. } => "write apache:combined, or apache: and the LogFormat".into(),
            Self::Format(FormatError::Unknown { near: Some(near), .. }) => {
                format!("did you mean `{near}`?")
            }
            Self::Format(_) => "write the format as it stands in the server's configuration".into(),
        }
    }
}

/// Names of formats that are no lines of text.
const OTHERS: [(&str, Kind); 5] = [
    ("auto", Kind::Detect),
    ("har", Kind::Document),
    ("json", Kind::Document),
    ("jsonl", Kind::Json),
    ("text", Kind::Text(Wanted::Any)),
];

impl Choice {
    /// Reads the name of a format, `nginx:` and a `log_format`, or `apache:` and a `LogFormat`.
    ///
    /// # Errors
    /// [`ChoiceError`]: the name is not known, or the format is wrong.
    ///
    /// # Example
    /// ```
    /// # use authopsy::input::Choice;
    /// assert!(Choice::parse("nginx:$remote_addr [$time_local] \"$request\" $status").is_ok());
    /// assert_eq!(Choice::parse("combind").unwrap_err().hint(), "did you mean `combined`?");
    /// ```
    pub fn parse(text: &str) -> Result<Self, ChoiceError> {
        if let Some(format) = text.strip_prefix("nginx:") {
            return Ok(Self(Kind::Text(Wanted::Custom(Arc::new(Custom::nginx(format)?)))));
        }
        if let Some(format) = text.strip_prefix("apache:") {
            return Ok(Self(Kind::Text(Wanted::Custom(Arc::new(Custom::apache(format)?)))));
        }
        for server in ["nginx", "apache"] {
            if text.eq_ignore_ascii_case(server) {
                return Err(ChoiceError::NoFormat { server });
            }
        }
        if let Some((_, kind)) = OTHERS.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)) {
            return Ok(Self(kind.clone()));
        }
        let folded = text.to_ascii_lowercase().replace(['_', ' '], "-");
        let same = |name: &str| name.replace(' ', "-") == folded;
        if let Some((name, _)) = names().find(|(name, _)| same(name)) {
            return Ok(Self(Kind::Text(Wanted::Named(name))));
        }
        let known = OTHERS.iter().map(|(name, _)| *name).chain(names().map(|(name, _)| name));
        let near = known
            .map(|known| (strsim::damerau_levenshtein(known, &folded), known))
            .filter(|(distance, _)| *distance <= 2)
            .min()
            .map(|(_, known)| known);
        Err(ChoiceError::Unknown { name: text.to_owned(), near })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_go_by_the_names_of_the_list() {
        assert_eq!(Choice::parse("Combined").unwrap().0, Kind::Text(Wanted::Named("combined")));
        assert_eq!(
            Choice::parse("morgan-short").unwrap().0,
            Kind::Text(Wanted::Named("morgan short"))
        );
        assert_eq!(Choice::parse("jsonl").unwrap().0, Kind::Json);
        assert_eq!(Choice::parse("auto").unwrap(), Choice::default());
    }

    #[test]
    fn what_is_no_format_is_told_with_the_nearest_name() {
        let error = Choice::parse("comon").unwrap_err();
        assert_eq!(error.to_string(), "`comon` is no input format");
        assert_eq!(error.hint(), "did you mean `common`?");
        assert_eq!(Choice::parse("parquet").unwrap_err().hint(), "`authopsy formats` lists them");
        assert!(Choice::parse("nginx").unwrap_err().hint().contains("nginx:combined"));
        let error = Choice::parse("nginx:$statu $request").unwrap_err();
        assert_eq!(error.hint(), "did you mean `$status`?");
    }
}
