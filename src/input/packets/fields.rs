//! The few fields of a packet that matter, in the order in which they stand, names given twice included.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// A field that matters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Field {
    Time,
    Source,
    Destination,
    Stream,
    Method,
    Target,
    Url,
    Status,
    Phrase,
    Line,
    Body,
}

impl Field {
    /// `http.request.line` in `-T json`, `http_http_request_line` in `-T ek`.
    fn of(name: &str) -> Option<Self> {
        let name = name.replace('.', "_");
        let bare = ["http", "frame", "tcp", "ip", "ipv6"].iter().find_map(|layer| {
            let rest = name.strip_prefix(layer)?.strip_prefix('_')?;
            rest.strip_prefix(layer)?.starts_with('_').then_some(rest)
        });
        Some(match bare.unwrap_or(&name) {
            "frame_time_epoch" => Self::Time,
            "ip_src" | "ipv6_src" => Self::Source,
            "ip_dst" | "ipv6_dst" => Self::Destination,
            "tcp_stream" => Self::Stream,
            "http_request_method" => Self::Method,
            "http_request_uri" => Self::Target,
            "http_request_full_uri" | "http_response_for_uri" => Self::Url,
            "http_response_code" => Self::Status,
            "http_response_phrase" => Self::Phrase,
            "http_request_line" | "http_response_line" => Self::Line,
            "http_file_data" => Self::Body,
            _ => return None,
        })
    }
}

/// Returns the fields of a packet and their texts; `None` when it is no JSON.
pub(super) fn fields(packet: &[u8]) -> Option<Vec<(Field, String)>> {
    let mut found = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(packet);
    Walk { field: None, found: &mut found }.deserialize(&mut reader).ok()?;
    Some(found)
}

/// Walks through a value; a text goes under the name nearest to it.
struct Walk<'f> {
    field: Option<Field>,
    found: &'f mut Vec<(Field, String)>,
}

impl Walk<'_> {
    fn keep(self, text: &str) {
        if let Some(field) = self.field {
            self.found.push((field, text.to_owned()));
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.keep(text);
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.keep(&number.to_string());
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.keep(&number.to_string());
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { field, found } = self;
        while list.next_element_seed(Walk { field, found: &mut *found })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let field = Field::of(&name);
            map.next_value_seed(Walk { field, found: &mut *self.found })?;
        }
        Ok(())
    }
}
