//! What issuers make again and again: all that tokens have in common that differ in owner, life and id only.
//!
//! An issuer may hand out a token for each request. What such tokens have in common takes some twenty texts
//! to tell, so it is told of the first one and known of the others by what it follows from.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::{fast::FixedState, quality::RandomState};

use super::json::{Json, Object};
use crate::model::{Make, Makes, Token, pseudonym};

/// Makes that are remembered; then all are forgotten, and it begins anew.
const MOST: usize = 4096;

/// The makes of tokens that were read; what it remembers changes the speed, never a result.
#[derive(Debug, Default)]
pub struct Mint {
    makes: Makes,
    /// By 128 bits of a hash with seeds of this process: nobody who makes tokens can make two of one mark.
    known: HashMap<u128, Arc<Make>, FixedState>,
    seeds: [RandomState; 2],
    /// What the make of the token follows from that is read.
    like: Vec<u8>,
    /// The person of the token before, and the stand-in.
    person: Option<(String, String)>,
}

impl Mint {
    /// Has a token share its make with those before it.
    pub fn share(&mut self, token: &mut Token) {
        self.makes.share(token);
    }

    /// Returns the stand-in of a person: mostly that of the token before.
    pub(super) fn stand_in(&mut self, name: &str) -> String {
        if let Some((_, stand_in)) = self.person.as_ref().filter(|(known, _)| known == name) {
            return stand_in.clone();
        }
        let stand_in = pseudonym(name);
        self.person = Some((name.to_owned(), stand_in.clone()));
        stand_in
    }

    /// Returns the make of a token with a header as sent, with claims, and with a signature of so many
    /// bytes; `make` tells it where none was read that has the same, and `None` is not remembered.
    pub(super) fn make_of(
        &mut self,
        header: &str,
        claims: &Object<'_>,
        signature: usize,
        make: impl FnOnce() -> Option<Make>,
    ) -> Option<Arc<Make>> {
        self.like.clear();
        note(header, &mut self.like);
        note_number(signature, &mut self.like);
        note_claims(claims, &mut self.like);
        let [high, low] = self.seeds.each_ref().map(|seed| seed.hash_one(&*self.like));
        let mark = u128::from(high) << 64 | u128::from(low);
        if let Some(known) = self.known.get(&mark) {
            return Some(Arc::clone(known));
        }
        let make = self.makes.shared(make()?);
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(mark, Arc::clone(&make));
        Some(make)
    }
}

/// Returns whether nothing is told of a claim but that it is there: most differ from token to token.
fn is_own(name: &str) -> bool {
    matches!(
        name,
        "sub"
            | "exp"
            | "nbf"
            | "iat"
            | "jti"
            | "nonce"
            | "auth_time"
            | "at_hash"
            | "c_hash"
            | "sid"
    )
}

/// Writes what a make follows from: of claims that are a token's own their names, of others all.
fn note_claims(claims: &Object<'_>, like: &mut Vec<u8>) {
    for (name, value) in claims.members() {
        note(name, like);
        if is_own(name) {
            like.push(u8::from(*value == Json::Null));
        } else {
            note_value(value, like);
        }
    }
}

/// Writes a value so that no two are written alike.
fn note_value(value: &Json<'_>, like: &mut Vec<u8>) {
    match value {
        Json::Null => like.push(0),
        Json::Bool(is) => like.push(1 + u8::from(*is)),
        Json::Number(number) => {
            like.push(3);
            note(&number.to_string(), like);
        }
        Json::Text(text) => {
            like.push(4);
            note(text, like);
        }
        Json::List(items) => {
            like.push(5);
            note_number(items.len(), like);
            for item in items {
                note_value(item, like);
            }
        }
        Json::Object(object) => {
            like.push(6);
            note_number(object.len(), like);
            for (name, value) in object.members() {
                note(name, like);
                note_value(value, like);
            }
        }
    }
}

fn note(text: &str, like: &mut Vec<u8>) {
    note_number(text.len(), like);
    like.extend_from_slice(text.as_bytes());
}

fn note_number(number: usize, like: &mut Vec<u8>) {
    like.extend_from_slice(&number.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_person_has_a_stand_in_of_its_own_whoever_came_before() {
        let mut mint = Mint::default();
        for name in ["", "ann", "ann", "bob", "ann", "anna"] {
            assert_eq!(mint.stand_in(name), pseudonym(name), "{name}");
        }
    }

    #[test]
    fn a_make_is_told_once_for_tokens_that_differ_in_what_is_their_own() {
        let mut mint = Mint::default();
        let mut told = 0;
        let mut tell = |header: &str, claims: &str, signature: usize| {
            let claims = Object::read(claims.as_bytes()).unwrap();
            let make = || {
                told += 1;
                Some(Make { iss: claims.text("iss").map(str::to_owned), ..Make::default() })
            };
            (mint.make_of(header, &claims, signature, make).unwrap(), told)
        };
        let (first, _) = tell("h", r#"{"iss":"a","sub":"u1","exp":1,"jti":"x"}"#, 32);
        let (same, told) = tell("h", r#"{"jti":"y","exp":2,"sub":"u2","iss":"a"}"#, 32);
        assert!(Arc::ptr_eq(&first, &same) && told == 1);
        for (number, (header, claims, signature)) in [
            ("h", r#"{"iss":"b","sub":"u1","exp":1,"jti":"x"}"#, 32),
            ("h", r#"{"iss":"a","sub":"u1","exp":1}"#, 32),
            ("h", r#"{"iss":"a","sub":"u1","exp":1,"jti":null}"#, 32),
            ("h", r#"{"iss":"a","sub":"u1","exp":1,"jti":"x","amr":["a","b"]}"#, 32),
            ("h", r#"{"iss":"a","sub":"u1","exp":1,"jti":"x","amr":["ab"]}"#, 32),
            ("h", r#"{"iss":["a"],"sub":"u1","exp":1,"jti":"x"}"#, 32),
            ("i", r#"{"iss":"a","sub":"u1","exp":1,"jti":"x"}"#, 32),
            ("h", r#"{"iss":"a","sub":"u1","exp":1,"jti":"x"}"#, 33),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(tell(header, claims, signature).1, number + 2, "{claims}");
        }
    }
}
