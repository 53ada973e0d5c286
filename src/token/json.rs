//! JSON of tokens: as `serde_json` reads it, without copies of what stands there as it is.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

mod plain;

/// A value; texts are those of the bytes read, but where an escape stands in them.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json<'t> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'t, str>),
    List(Vec<Self>),
    Object(Object<'t>),
}

impl<'t> Json<'t> {
    /// Returns the text of a text.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the values of a list.
    pub(super) fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the members of an object.
    pub(super) fn as_object(&self) -> Option<&Object<'t>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Returns text and numbers as text; nothing else, and nothing empty.
    pub(super) fn scalar(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(&**text)).filter(|text| !text.is_empty()),
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
    }

    fn into_owned(self) -> Json<'static> {
        match self {
            Self::Null => Json::Null,
            Self::Bool(is) => Json::Bool(is),
            Self::Number(number) => Json::Number(number),
            Self::Text(text) => Json::Text(Cow::Owned(text.into_owned())),
            Self::List(items) => Json::List(items.into_iter().map(Self::into_owned).collect()),
            Self::Object(object) => Json::Object(object.into_owned()),
        }
    }
}

/// The members of an object, sorted by name; of those that have one name the last one counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Object<'t> {
    members: Vec<Member<'t>>,
    /// The bits of all names.
    bits: u64,
    twins: bool,
}

/// A member, with the number of its name.
#[derive(Clone, Debug, PartialEq)]
struct Member<'t> {
    lead: u64,
    name: Cow<'t, str>,
    value: Json<'t>,
}

impl<'t> Member<'t> {
    fn of(name: Cow<'t, str>, value: Json<'t>) -> Self {
        Self { lead: lead_of(&name), name, value }
    }
}

/// Returns the first eight bytes of a name as a number: names are sorted as these are, and told apart by
/// them faster than by their bytes.
#[inline]
fn lead_of(name: &str) -> u64 {
    let bytes = name.as_bytes();
    if let Some(chunk) = bytes.first_chunk() {
        return u64::from_be_bytes(*chunk);
    }
    let short = bytes.iter().fold(0_u64, |lead, b| lead << 8 | u64::from(*b));
    short.checked_shl(64 - 8 * u32::try_from(bytes.len()).unwrap_or(8)).unwrap_or(0)
}

/// Returns the bit by which a name is told from most that an object does not have.
#[inline]
const fn bit_of(lead: u64) -> u64 {
    1 << (lead.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58)
}

/// Members among which one is looked for one after the other; among more by halves.
const FEW: usize = 32;

impl<'t> Object<'t> {
    /// Reads an object with nothing but blanks around it; `None` for all else.
    pub(super) fn read(bytes: &'t [u8]) -> Option<Self> {
        plain::read(bytes).or_else(|| Self::read_any(bytes))
    }

    fn read_any(bytes: &'t [u8]) -> Option<Self> {
        match serde_json::from_slice(bytes) {
            Ok(Json::Object(object)) => Some(object),
            _ => None,
        }
    }

    fn of(mut members: Vec<Member<'t>>) -> Self {
        members.sort_by(|a, b| (a.lead, &a.name).cmp(&(b.lead, &b.name)));
        let all = members.len();
        members.dedup_by(|later, kept| {
            let same = later.name == kept.name;
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
        let twins = members.len() < all;
        let bits = members.iter().fold(0, |bits, member| bits | bit_of(member.lead));
        Self { members, bits, twins }
    }

    /// Returns the member of a name.
    #[inline]
    pub(super) fn get(&self, name: &str) -> Option<&Json<'t>> {
        let lead = lead_of(name);
        if self.bits & bit_of(lead) == 0 {
            return None;
        }
        self.find(lead, name)
    }

    fn find(&self, lead: u64, name: &str) -> Option<&Json<'t>> {
        let from = if self.members.len() <= FEW {
            self.members.iter().position(|member| member.lead == lead)?
        } else {
            self.members.partition_point(|member| (member.lead, &*member.name) < (lead, name))
        };
        let found = self.members.get(from..)?.iter().take_while(|member| member.lead == lead);
        let found = found.take(FEW).find(|member| member.name == name);
        found.map(|member| &member.value)
    }

    /// Returns whether there is a member of a name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Returns the text under a name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Json::as_text)
    }

    /// Returns names and values, by name.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &Json<'t>)> {
        self.members.iter().map(|member| (&*member.name, &member.value))
    }

    /// Returns how many members there are, those of one name counted once.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Returns whether a name was written twice.
    pub(super) const fn has_twins(&self) -> bool {
        self.twins
    }

    /// Returns the same without what was read.
    pub(super) fn into_owned(self) -> Object<'static> {
        let owned = |Member { lead, name, value }: Member<'_>| Member {
            lead,
            name: Cow::Owned(name.into_owned()),
            value: value.into_owned(),
        };
        Object { members: self.members.into_iter().map(owned).collect(), ..self }
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Value)
    }
}

struct Value;

impl<'de> Visitor<'de> for Value {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, is: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool(is))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Number::from_f64(number).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(8);
        while let Some((Name(name), value)) = map.next_entry()? {
            members.push(Member::of(name, value));
        }
        Ok(Json::Object(Object::of(members)))
    }
}

/// The name of a member.
struct Name<'t>(Cow<'t, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// The same value as a tree of `serde_json`.
    fn tree(json: &Json<'_>) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(is) => Value::Bool(*is),
            Json::Number(number) => Value::Number(number.clone()),
            Json::Text(text) => Value::String(text.to_string()),
            Json::List(items) => Value::Array(items.iter().map(tree).collect()),
            Json::Object(object) => Value::Object(
                object.members().map(|(name, value)| (name.to_owned(), tree(value))).collect(),
            ),
        }
    }

    /// Members of every kind, broken ones included.
    pub(super) fn member() -> impl Strategy<Value = String> {
        let text = || r#""([a-c é]|\\u00e9|\\n|\\ud83d\\ude00|\\ud800|\\x|"")?[a-z]{0,2}""#;
        let scalar = prop_oneof![
            text(),
            "-?[0-9]{1,22}(\\.[0-9]{1,3})?(e[0-9]{1,3})?",
            "true|false|null|nul|\\{\\}|\\[\\]|[0-9]-",
        ];
        let value = scalar.prop_recursive(3, 12, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|items| format!("[{}]", items.join(","))),
                prop::collection::vec((text(), inner), 0..4).prop_map(|members| {
                    let members: Vec<String> =
                        members.iter().map(|(n, v)| format!("{n}: {v}")).collect();
                    format!("{{{}}}", members.join(" ,"))
                }),
            ]
        });
        (text(), value).prop_map(|(name, value)| format!("{name}:{value}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]
        #[test]
        fn an_object_is_read_as_a_tree_would_be(
            members in prop::collection::vec(member(), 0..5),
            end in "(| |,|x|\u{e9})",
            cut in 0_usize..200,
        ) {
            let text = format!("{{{}}}{end}", members.join(","));
            let bytes = text.as_bytes();
            for bytes in [bytes, bytes.get(..cut).unwrap_or(bytes)] {
                let wanted: Option<Value> =
                    serde_json::from_slice(bytes).ok().filter(Value::is_object);
                let read = Object::read(bytes);
                let owned = read.clone().map(Object::into_owned);
                prop_assert_eq!(read.map(|object| tree(&Json::Object(object))), wanted.clone());
                prop_assert_eq!(owned.map(|object| tree(&Json::Object(object))), wanted);
            }
        }

        #[test]
        fn a_member_is_found_by_its_name_and_no_other_one_is(
            names in prop::collection::vec("(a{0,9}|client_i[a-d]{0,3}|\u{0}{0,2}|[a-z]{1,2})", 0..80),
            other in "a{0,9}|client_i[a-d]{0,3}|\u{0}{0,2}",
        ) {
            let members: Vec<String> = names
                .iter()
                .enumerate()
                .map(|(n, name)| format!("{}:{n}", serde_json::to_string(name).unwrap()))
                .collect();
            let text = format!("{{{}}}", members.join(","));
            let object = Object::read(text.as_bytes()).unwrap();
            for name in names.iter().chain([&other]) {
                let last = names.iter().rposition(|known| known == name);
                let wanted = last.map(|n| Json::Number(n.into()));
                prop_assert_eq!(object.get(name), wanted.as_ref());
            }
        }
    }

    #[test]
    fn of_twins_the_last_counts_and_the_object_says_that_it_had_some() {
        let object = Object::read(br#"{"b":1,"a":2,"b":3,"c":{"d":1,"d":2},"b":4}"#).unwrap();
        assert!(object.has_twins());
        assert_eq!(object.get("b"), Some(&Json::Number(4.into())));
        assert_eq!(object.members().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "b", "c"]);
        let deeper = Object::read(br#"{"c":{"d":1,"d":2}}"#).unwrap();
        assert!(!deeper.has_twins());
    }
}
