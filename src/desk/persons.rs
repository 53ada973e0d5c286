//! How persons are named: under which key stand-ins are made, or as they are.

use super::{Error, Persons};
use crate::engine::is_plain_name;
use crate::model::name_persons;

/// Fewer bytes than these can be guessed; 16 random bytes cannot.
const SHORTEST: usize = 16;

/// Decides how this process names persons, before anything is read.
///
/// # Errors
/// [`Error::Refused`] for a key file that cannot be read or holds too little.
pub(super) fn settle(persons: &Persons) -> Result<(), Error> {
    if *persons == Persons::default() {
        return Ok(());
    }
    let refuse = |message, hint: Option<&str>| {
        Err(Error::Refused { message, hint: hint.map(str::to_owned) })
    };
    let mut key = None;
    if let Some(path) = &persons.key {
        let name = path.display();
        let bytes = match std::fs::read(path) {
            Ok(bytes) => zeroize::Zeroizing::new(bytes),
            Err(e) => return refuse(format!("--pseudonym-key {name}: {e}"), None),
        };
        // An editor ends a file in a line break; it belongs to no key.
        let end = bytes.iter().rposition(|b| !matches!(b, b'\n' | b'\r')).map_or(0, |at| at + 1);
        let bare = bytes.get(..end).unwrap_or_default();
        if bare.len() < SHORTEST {
            let message = format!("--pseudonym-key {name}: {} bytes can be guessed", bare.len());
            return refuse(message, Some("openssl rand -hex 32 > FILE makes a key"));
        }
        key = Some(zeroize::Zeroizing::new(bare.to_vec()));
    }
    let key = key.as_ref().map(|key| key.as_slice());
    name_persons(key, persons.shown.then_some(is_plain_name));
    Ok(())
}
