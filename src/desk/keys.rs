//! The keys that the user gives, read before any capture.

use std::path::Path;

use super::{Error, Keys};
use crate::engine::{KeyError, Keyring};
use crate::model::{KeyName, KeyRow};

/// Reads every key of a job.
///
/// # Errors
/// [`Error::Refused`] for a file that cannot be read, a variable that is not set, and for what is no key.
pub(super) fn read(keys: &Keys) -> Result<Keyring, Error> {
    let mut ring = Keyring::default();
    for (index, path) in keys.sets.iter().enumerate() {
        let origin = format!("--jwks {}", index + 1);
        let text = String::from_utf8_lossy(&bytes("--jwks", path)?).into_owned();
        let text = text.trim_start_matches('\u{feff}');
        ring.add_set(&origin, text)
            .map_err(|e| refused(&format!("--jwks {}", path.display()), &e))?;
    }
    for (index, path) in keys.files.iter().enumerate() {
        let origin = format!("--key {}", index + 1);
        let bytes = bytes("--key", path)?;
        ring.add_file(&origin, &bytes)
            .map_err(|e| refused(&format!("--key {}", path.display()), &e))?;
    }
    for (index, name) in keys.variables.iter().enumerate() {
        let origin = format!("--secret-env {}", index + 1);
        let value = std::env::var_os(name).ok_or_else(|| Error::Refused {
            message: format!("--secret-env {name}: this variable is not set"),
            hint: Some(format!("set it for this run: {name}=... authopsy ...")),
        })?;
        ring.add_secret(&origin, value.as_encoded_bytes())
            .map_err(|e| refused(&format!("--secret-env {name}"), &e))?;
    }
    Ok(ring)
}

fn bytes(option: &str, path: &Path) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
    std::fs::read(path).map(zeroize::Zeroizing::new).map_err(|e| Error::Refused {
        message: format!("{option} {}: {e}", path.display()),
        hint: (e.kind() == std::io::ErrorKind::NotFound && !path.as_os_str().is_empty()).then(
            || {
                "a key is given as a file, never as a value: values show in the list of processes"
                    .into()
            },
        ),
    })
}

fn refused(place: &str, error: &KeyError) -> Error {
    let hint = match error {
        KeyError::NoSet => Some("a PEM file or a secret goes under --key".to_owned()),
        KeyError::NoKeys => Some("keys for encryption (`use`: `enc`) verify nothing".to_owned()),
        KeyError::Encrypted => {
            Some("openssl pkey -in FILE -pubout writes the public key".to_owned())
        }
        _ => None,
    };
    Error::Refused { message: format!("{place}: {error}"), hint }
}

/// Returns the rows of the report.
pub(super) fn rows(ring: &Keyring) -> Vec<KeyRow> {
    let shown = |origin: &str, kid: &Option<String>| match kid {
        Some(kid) => format!("{origin} `{kid}`"),
        None => origin.to_owned(),
    };
    let remark = |name: &KeyName| {
        let mut remarks = ring.remarks().iter();
        remarks.find(|remark| remark.name == *name).map(|remark| remark.what.clone())
    };
    let mut rows: Vec<KeyRow> = ring
        .names()
        .filter(|(name, _)| ring.unusable().iter().all(|u| u.name != **name))
        .map(|(name, _)| KeyRow {
            name: shown(&name.origin, &name.kid),
            thumbprint: name.thumbprint.clone(),
            unusable: None,
            remark: remark(name),
        })
        .collect();
    rows.extend(ring.unusable().iter().map(|unusable| KeyRow {
        name: shown(&unusable.name.origin, &unusable.name.kid),
        thumbprint: unusable.name.thumbprint.clone(),
        unusable: Some(unusable.why.clone()),
        remark: None,
    }));
    rows
}
