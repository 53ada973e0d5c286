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
    /// bytes; `make` tells it where none was read that has the same, and `None` is not remembered. It is what
    /// the next token to [`Mint::share`] has.
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
            debug_assert_eq!(make().as_ref(), Some(&**known), "nothing else tells of a make");
            self.makes.meet(known);
            return Some(Arc::clone(known));
        }
        let make = self.makes.shared(make()?);
        self.makes.meet(&make);
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(mark, Arc::clone(&make));
        Some(make)
    }
}

/// Returns whether more is told of a claim than that it is there. Of most is not, and issuers put ids of
/// the token, names of its owner and counters of their own into them.
fn is_told(name: &str) -> bool {
    matches!(
        name,
        "iss"
            | "aud"
            | "scope"
            | "scp"
            | "scopes"
            | "roles"
            | "role"
            | "groups"
            | "permissions"
            | "authorities"
            | "cognito:groups"
            | "realm_access"
            | "tid"
            | "tenant"
            | "tenant_id"
            | "org_id"
            | "realm"
            | "cnf"
            | "typ"
            | "type"
            | "token_use"
            | "token_type"
            | "tokenType"
            | "tokenUse"
    )
}

/// Writes what a make follows from: the names of all claims, and of those that tell of it all they say.
fn note_claims(claims: &Object<'_>, like: &mut Vec<u8>) {
    for (name, value) in claims.members() {
        note(name, like);
        if is_told(name) {
            note_value(value, like);
        } else {
            like.push(u8::from(*value == Json::Null));
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
    use super::super::claims::fill_make;
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
        let mut read = |header: &str, claims: &str, signature: usize| {
            let claims = Object::read(claims.as_bytes()).unwrap();
            let make = || {
                let mut make = Make { kid: Some(header.to_owned()), ..Make::default() };
                make.alg = Some(signature.to_string());
                fill_make(&mut make, &claims);
                Some(make)
            };
            mint.make_of(header, &claims, signature, make).unwrap()
        };
        let first =
            read("h", r#"{"iss":"a","sub":"u1","azp":"c","exp":1,"jti":"x","amr":["a"]}"#, 32);
        let same = read("h", r#"{"jti":"y","exp":2,"azp":"d","sub":"u2","amr":7,"iss":"a"}"#, 32);
        assert!(Arc::ptr_eq(&first, &same));
        let mut others = vec![first];
        for (header, claims, signature) in [
            ("h", r#"{"iss":"b","sub":"u1","azp":"c","exp":1,"jti":"x","amr":[]}"#, 32),
            ("h", r#"{"iss":"a","sub":"u1","azp":"c","exp":1,"amr":[]}"#, 32),
            ("h", r#"{"iss":"a","sub":"u1","azp":"c","exp":1,"jti":null,"amr":[]}"#, 32),
            ("h", r#"{"iss":"a","sub":"u1","azp":"c","exp":1,"jti":"x","roles":["a","b"]}"#, 32),
            ("h", r#"{"iss":"a","sub":"u1","azp":"c","exp":1,"jti":"x","roles":["ab"]}"#, 32),
            ("h", r#"{"iss":["a"],"sub":"u1","azp":"c","exp":1,"jti":"x","amr":[]}"#, 32),
            ("i", r#"{"iss":"a","sub":"u1","azp":"c","exp":1,"jti":"x","amr":[]}"#, 32),
            ("h", r#"{"iss":"a","sub":"u1","azp":"c","exp":1,"jti":"x","amr":[]}"#, 33),
        ] {
            let other = read(header, claims, signature);
            assert!(others.iter().all(|known| !Arc::ptr_eq(known, &other)), "{claims}");
            others.push(other);
        }
    }
}
