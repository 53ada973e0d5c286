//! Ids by which several observers name one exchange: of the request, of its trace.

use std::borrow::Cow;
use std::hash::BuildHasher;

use foldhash::quality::FixedState;

use crate::model::{Endpoint, Exchange, Fingerprint};

/// Fields that carry the id of a request; gateways set them, applications log them.
const REQUEST: [&str; 12] = [
    "x-request-id",
    "request-id",
    "x-correlation-id",
    "x-amzn-requestid",
    "x-amz-request-id",
    "apigw-requestid",
    "x-amz-cf-id",
    "cf-ray",
    "x-kong-request-id",
    "x-ms-request-id",
    "x-vercel-id",
    "fly-request-id",
];
/// Fields that carry the id of a trace, which several requests share.
const TRACE: [&str; 6] = [
    "traceparent",
    "x-amzn-trace-id",
    "x-b3-traceid",
    "x-cloud-trace-context",
    "uber-trace-id",
    "x-trace-id",
];
/// Shortest id that cannot be a counter of one process (`req-17`, `42`).
const SHORTEST: usize = 16;

/// Returns the marks of all ids of an exchange, sorted. A trace is told apart by method and path.
pub(super) fn of(exchange: &Exchange<'_>, endpoint: &Endpoint) -> Vec<Fingerprint> {
    let mut marks = Vec::new();
    read(exchange, endpoint, &mut marks, |_| true);
    marks
}

/// Puts those that are wanted in the place of those that `marks` holds: `wanted` is asked by the half that a
/// mark begins with.
pub(super) fn read(
    exchange: &Exchange<'_>,
    endpoint: &Endpoint,
    marks: &mut Vec<Fingerprint>,
    wanted: impl Fn(u64) -> bool,
) {
    let all = exchange.request_headers.iter().chain(&exchange.response_headers);
    let headers = all.map(|header| (&*header.name, &*header.value));
    let (request, trace) = (exchange.request_id.as_deref(), exchange.trace_id.as_deref());
    read_parts(request, trace, headers, endpoint, marks, wanted);
}

/// The same of its parts: ids in columns of their own, and all fields.
pub(super) fn read_parts<'x>(
    request_id: Option<&'x str>,
    trace_id: Option<&'x str>,
    headers: impl Iterator<Item = (&'x str, &'x str)>,
    endpoint: &Endpoint,
    marks: &mut Vec<Fingerprint>,
    wanted: impl Fn(u64) -> bool,
) {
    marks.clear();
    let columns = [(Id::Request, request_id), (Id::Trace, trace_id)];
    let columns = columns.into_iter().filter_map(|(of, raw)| Some((of, raw?)));
    let fields = headers.filter_map(|(name, raw)| Some((id_of(name)?, raw)));
    for (of, raw) in columns.chain(fields) {
        let raw = if of == Id::Trace { of_trace(raw) } else { raw };
        let Some(id) = unique(raw.trim()) else { continue };
        marks.extend(match of {
            Id::Request => mark("request", &id, &wanted),
            Id::Trace => {
                let method = endpoint.method.as_deref().unwrap_or("-");
                mark("trace", &format!("{id} {method} {}", endpoint.path), &wanted)
            }
        });
    }
    if marks.len() > 1 {
        marks.sort_unstable();
        marks.dedup();
    }
}

/// A mark by a fast hash with fixed seeds: ids are no secrets, and every exchange may bear one. Of most no more
/// is wanted than to know that they are not.
fn mark(kind: &str, id: &str, wanted: impl Fn(u64) -> bool) -> Option<Fingerprint> {
    let half = |seed| FixedState::with_seed(seed).hash_one((kind, id));
    let high: u64 = half(0x2545_f491);
    wanted(high).then(|| Fingerprint::new(u128::from(high) << 64 | u128::from(half(0x7f4a_7c15))))
}

/// Returns whether a field of this name carries an id that is read here.
pub(super) fn is_id(name: &str) -> bool {
    id_of(name).is_some()
}

/// What an id names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Id {
    Request,
    Trace,
}

/// Lengths of the names of fields with ids, a bit each, by the last five bits of their first letter.
const LENGTHS: [u32; 32] = {
    let mut lengths = [0; 32];
    let mut n = 0;
    while n < REQUEST.len() + TRACE.len() {
        let name = if n < REQUEST.len() { REQUEST[n] } else { TRACE[n - REQUEST.len()] };
        lengths[(name.as_bytes()[0] & 31) as usize] |= 1 << name.len();
        n += 1;
    }
    lengths
};

/// Every exchange passes here: most fields are told by their first letter and their length.
fn id_of(name: &str) -> Option<Id> {
    let first = name.as_bytes().first()?;
    let lengths = LENGTHS.get(usize::from(first & 31))?;
    if name.len() >= 32 || lengths >> name.len() & 1 == 0 {
        return None;
    }
    let is = |known: &&str| name.eq_ignore_ascii_case(known);
    if REQUEST.iter().any(is) {
        return Some(Id::Request);
    }
    TRACE.iter().any(is).then_some(Id::Trace)
}

/// Returns the id of the trace out of the forms that name a span, a sampling decision or a version too.
fn of_trace(raw: &str) -> &str {
    let raw = raw.trim();
    // `Root=1-67891233-abcdef012345678912345678;Parent=...` (AWS X-Ray).
    if let Some(root) = raw.split(';').find_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        name.eq_ignore_ascii_case("root").then_some(value)
    }) {
        return root;
    }
    // `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01` (W3C Trace Context, section 3.2.2).
    let mut parts = raw.split('-');
    if let (Some(version), Some(id), Some(_), Some(_)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
        && version.len() == 2
        && id.len() == 32
    {
        return id;
    }
    // `105445aa7843bc8bf206b12000100000/1;o=1` (Google), `id:span:parent:flags` (Jaeger).
    raw.split(['/', ':']).next().unwrap_or(raw)
}

/// What a character of an id counts as: a letter or a digit, in either case, by a bit of its own. Above
/// these are the bits of capitals, and of what an id that was taken out begins with: `***`, `REDACTED`.
const BITS: [u64; 256] = {
    let mut bits = [0; 256];
    let mut n = 0;
    while n < 26 {
        bits[b'a' as usize + n] = 1 << n;
        bits[b'A' as usize + n] = 1 << n | UPPER;
        n += 1;
    }
    n = 0;
    while n < 10 {
        bits[b'0' as usize + n] = 1 << (26 + n);
        n += 1;
    }
    bits[b'*' as usize] = MASK;
    bits[b'r' as usize] |= MASK;
    bits[b'R' as usize] |= MASK;
    bits
};
const UPPER: u64 = 1 << 36;
const MASK: u64 = 1 << 37;

/// Returns an id in lower case when it is long and varied enough to name one exchange only.
fn unique(id: &str) -> Option<Cow<'_, str>> {
    let seen = id.bytes().fold(0, |seen, b| seen | BITS[usize::from(b)]);
    // A ray of Cloudflare names the place where it was met: `8f1d2c3b4a596877-FRA`.
    let bare = match id.split_at_checked(SHORTEST) {
        Some((ray, place)) if place.len() == 4 && place.rfind('-') == Some(0) => ray,
        _ => id,
    };
    let varied = (seen & (UPPER - 1)).count_ones() >= 6;
    if !varied || !(SHORTEST..=200).contains(&bare.len()) {
        return None;
    }
    let upper = seen & UPPER != 0;
    let bare = if upper { Cow::Owned(bare.to_ascii_lowercase()) } else { Cow::Borrowed(bare) };
    (seen & MASK == 0 || !is_masked(id)).then_some(bare)
}

/// Whether an id was taken out.
fn is_masked(id: &str) -> bool {
    let all = id.as_bytes();
    // No letters of a hexadecimal number.
    memchr::memchr3_iter(b'*', b'r', b'R', all).any(|at| {
        let rest = all.get(at..).unwrap_or_default();
        rest.starts_with(b"***")
            || rest.get(..8).is_some_and(|word| word.eq_ignore_ascii_case(b"redacted"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Header;

    #[test]
    fn a_field_of_an_id_is_told_by_its_name_in_any_case_and_no_other_is() {
        let all = REQUEST.map(|name| (name, Id::Request)).into_iter();
        for (name, id) in all.chain(TRACE.map(|name| (name, Id::Trace))) {
            assert_eq!(id_of(name), Some(id));
            assert_eq!(id_of(&name.to_ascii_uppercase()), Some(id));
            let (_, rest) = name.split_at(1);
            for other in [rest.to_owned(), format!("{name}s"), format!("q{rest}"), name.repeat(8)] {
                assert_eq!(id_of(&other), None, "{other}");
            }
        }
        assert_eq!(id_of(""), None);
    }

    fn marks(fields: &[(&str, &str)], request_id: Option<&str>, path: &str) -> Vec<Fingerprint> {
        let request_headers = fields
            .iter()
            .map(|(name, value)| Header {
                name: (*name).to_owned().into(),
                value: (*value).to_owned().into(),
            })
            .collect();
        let exchange = Exchange {
            request_headers,
            request_id: request_id.map(|id| id.to_owned().into()),
            ..Exchange::default()
        };
        let endpoint = Endpoint { method: None, host: None, path: path.into() };
        of(&exchange, &endpoint)
    }

    #[test]
    fn an_id_is_the_same_in_a_field_and_in_a_column() {
        let id = "7D8E2F10-4B3A-4C59-9E61-0A1B2C3D4E5F";
        let field = marks(&[("X-Request-Id", id)], None, "/a");
        assert_eq!(field, marks(&[], Some(&id.to_lowercase()), "/b"));
        assert_eq!(field.len(), 1);
    }

    #[test]
    fn a_counter_of_a_process_is_no_id() {
        for id in ["42", "req-17", "000000000000000000", "***", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert_eq!(marks(&[], Some(id), "/a"), [], "{id}");
        }
    }

    #[test]
    fn an_id_that_was_taken_out_is_none() {
        for id in ["0123456789abcdef***", "redacted-0123456789", "0123456789-REDACTED"] {
            assert_eq!(marks(&[], Some(id), "/a"), [], "{id}");
        }
        assert_eq!(marks(&[], Some("0123456789rabbit*"), "/a").len(), 1, "nothing is missing");
    }

    #[test]
    fn a_trace_is_one_exchange_only_with_its_path() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let first = marks(&[("traceparent", parent)], None, "/a");
        assert_ne!(first, marks(&[("traceparent", parent)], None, "/b"));
        let other_span = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-00";
        assert_eq!(first, marks(&[("traceparent", other_span)], None, "/a"));
    }

    #[test]
    fn every_form_of_a_trace_names_its_id() {
        for (raw, id) in [
            (
                "Root=1-67891233-abcdef012345678912345678;Sampled=1",
                "1-67891233-abcdef012345678912345678",
            ),
            ("105445aa7843bc8bf206b12000100000/1;o=1", "105445aa7843bc8bf206b12000100000"),
            ("5f467fe7bf42676c05e20ba4a90e448e:f1:0:1", "5f467fe7bf42676c05e20ba4a90e448e"),
            ("463ac35c9f6413ad48485a3953bb6124", "463ac35c9f6413ad48485a3953bb6124"),
        ] {
            assert_eq!(of_trace(raw), id);
        }
    }

    #[test]
    fn the_marks_of_a_request_are_sorted_each_once_and_none_is_left_of_the_one_before() {
        let endpoint = Endpoint { method: None, host: None, path: "/a".into() };
        let mut marks = vec![Fingerprint::new(7)];
        for n in 0..9 {
            let (one, other) = (format!("0123456789abcde{n}"), format!("{n}edcba9876543210"));
            let fields = [("x-request-id", &*one), ("x-correlation-id", &other), ("cf-ray", &one)];
            read_parts(Some(&other), Some(&one), fields.into_iter(), &endpoint, &mut marks, |_| {
                true
            });
            assert_eq!(marks.len(), 3, "two ids, one of them of a trace too");
            assert!(marks.is_sorted());
            let before = marks.clone();
            let back = fields.into_iter().rev();
            read_parts(Some(&one), Some(&one), back, &endpoint, &mut marks, |_| true);
            assert_eq!(marks, before);
        }
        read_parts(None, None, std::iter::empty(), &endpoint, &mut marks, |_| true);
        assert_eq!(marks, []);
    }

    #[test]
    fn marks_that_nobody_wants_are_left_out_and_the_others_are_what_they_are() {
        let endpoint = Endpoint { method: None, host: None, path: "/a".into() };
        let ids: Vec<String> = (10..74).map(|n| format!("0123456789abcd{n}")).collect();
        let fields = || ids.iter().map(|id| ("x-request-id", id.as_str()));
        let mut marks = [Vec::new(), Vec::new(), Vec::new()];
        let [all, some, none] = &mut marks;
        read_parts(None, Some(&ids[0]), fields(), &endpoint, all, |_| true);
        read_parts(None, Some(&ids[0]), fields(), &endpoint, some, |half| half < u64::MAX / 2);
        read_parts(None, Some(&ids[0]), fields(), &endpoint, none, |_| false);
        assert_eq!(all.len(), 65);
        all.retain(|mark| mark.number() >> 64 < u128::from(u64::MAX / 2));
        assert!(*some == *all && (10..55).contains(&some.len()), "{}", some.len());
        assert_eq!(*none, []);
    }
}
