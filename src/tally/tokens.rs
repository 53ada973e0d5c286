//! The table of tokens as it is written: what tokens of one make have in common stands there once.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::entries::Slot;
use super::sample::Sample;
use crate::model::{Fingerprint, Make, NumericDate, Token, Verdict};

/// One token; its make by its place among all makes, from 0.
#[derive(Serialize, Deserialize)]
struct Row<S, C, D, V> {
    mark: Fingerprint,
    make: usize,
    fingerprint: Option<Fingerprint>,
    sub: S,
    client: C,
    exp: D,
    nbf: D,
    iat: D,
    unsigned: Option<Fingerprint>,
    signature_mark: Option<Fingerprint>,
    verdict: V,
}

type Written<'a> = Row<
    &'a Option<Box<str>>,
    &'a Option<Box<str>>,
    &'a Option<NumericDate>,
    &'a Option<Box<Verdict>>,
>;
type Read = Row<Option<Box<str>>, Option<Box<str>>, Option<NumericDate>, Option<Box<Verdict>>>;

pub(super) fn serialize<S: Serializer, const LIMIT: usize>(
    table: &Sample<Slot<Arc<Token>>, LIMIT>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut makes: Vec<&Make> = Vec::new();
    let mut known: HashMap<&Make, usize, FixedState> = HashMap::default();
    let mut seen: HashMap<*const Make, usize, FixedState> = HashMap::default();
    let sorted = table.sorted();
    let mut rows: Vec<Written<'_>> = Vec::with_capacity(sorted.len());
    for (mark, token) in
        sorted.into_iter().filter_map(|(mark, slot)| Some((mark, slot.0.as_ref()?)))
    {
        let Token {
            fingerprint,
            make,
            sub,
            client,
            exp,
            nbf,
            iat,
            unsigned,
            signature_mark,
            verdict,
        } = &**token;
        let make = *seen.entry(Arc::as_ptr(make)).or_insert_with(|| {
            *known.entry(make).or_insert_with(|| {
                makes.push(make);
                makes.len() - 1
            })
        });
        let (fingerprint, unsigned, signature_mark) = (*fingerprint, *unsigned, *signature_mark);
        rows.push(Row {
            mark: Fingerprint::new(mark),
            make,
            fingerprint,
            sub,
            client,
            exp,
            nbf,
            iat,
            unsigned,
            signature_mark,
            verdict,
        });
    }
    (makes, rows, table.is_sample()).serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>, const LIMIT: usize>(
    deserializer: D,
) -> Result<Sample<Slot<Arc<Token>>, LIMIT>, D::Error> {
    let (makes, rows, is_sample) = <(Vec<Arc<Make>>, Vec<Read>, bool)>::deserialize(deserializer)?;
    if !rows.is_sorted_by(|before, row| before.mark < row.mark) {
        return Err(D::Error::custom("tokens out of order"));
    }
    let mut tokens = Vec::with_capacity(rows.len());
    for row in rows {
        let make =
            makes.get(row.make).ok_or_else(|| D::Error::custom("a make that is not there"))?;
        let token = Token {
            fingerprint: row.fingerprint,
            make: Arc::clone(make),
            sub: row.sub,
            client: row.client,
            exp: row.exp,
            nbf: row.nbf,
            iat: row.iat,
            unsigned: row.unsigned,
            signature_mark: row.signature_mark,
            verdict: row.verdict,
        };
        tokens.push((row.mark.number(), Slot(Some(Arc::new(token)))));
    }
    Ok(Sample::of(tokens, is_sample))
}
