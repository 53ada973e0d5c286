//! A value in a line, as a tree holds it or as it stands in the text.

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::value::{fields_of_text, is_blank, logged_fields};
use crate::model::Header;

/// One value of a line.
#[derive(Clone, Debug)]
pub(super) enum Node<'v> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Cow<'v, str>),
    /// A list or an object of a tree.
    Tree(&'v Value),
    /// An object of texts, sorted by name.
    Fields(Vec<Header<'v>>),
}

impl<'v> Node<'v> {
    /// Returns a value of a tree.
    pub(super) fn of(value: &'v Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            Value::Array(_) | Value::Object(_) => Self::Tree(value),
        }
    }

    /// The text as it stands in the input.
    pub(super) fn borrowed(&self) -> Option<&'v str> {
        match self {
            Self::Text(Cow::Borrowed(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self, Self::Tree(Value::Object(_)) | Self::Fields(_))
    }

    /// Whether it is a list with nothing in it.
    pub(super) fn is_empty_list(&self) -> bool {
        matches!(self, Self::Tree(Value::Array(items)) if items.is_empty())
    }

    /// A scalar's text.
    pub(super) fn scalar(self) -> Option<Cow<'v, str>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            Self::Bool(b) => Some(Cow::Borrowed(if b { "true" } else { "false" })),
            _ => None,
        }
    }

    /// A scalar's text, or that of a list's first item, unless it says nothing.
    pub(super) fn said(self) -> Option<Cow<'v, str>> {
        let text = match self {
            Self::Tree(Value::Array(items)) => Self::of(items.first()?).scalar(),
            other => other.scalar(),
        };
        text.filter(|text| !is_blank(text))
    }

    /// Reads a map or list of fields as a log means it: what is empty was not there.
    pub(super) fn fields(self) -> Vec<Header<'v>> {
        match self {
            Self::Tree(value) => logged_fields(value),
            Self::Fields(mut list) => {
                list.retain(|header| !is_blank(&header.value));
                list
            }
            Self::Text(Cow::Borrowed(text)) => fields_of_text(text),
            _ => Vec::new(),
        }
    }
}
