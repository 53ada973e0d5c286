use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use proptest::prelude::*;
use serde::de::DeserializeOwned;

use super::pack::pack;
use super::unpack::{layout, unpack};
use super::*;
use crate::desk::{Analysis, Product, Unwatched, analyze};
use crate::tally::{Limits, Merge};

/// The partial of most that the samples hold.
fn all() -> &'static [u8] {
    static ALL: OnceLock<Vec<u8>> = OnceLock::new();
    ALL.get_or_init(|| line(&["quickstart.har", "lab", "dumps"], Limits::default()))
}

/// A partial whose refusals keep their tokens.
fn narrow() -> Vec<u8> {
    line(&["quickstart.har", "lab/etcd.mitm.har"], Limits::of(64 << 20).unwrap())
}

/// The partial of some samples.
fn line(of: &[&str], limits: Limits) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/");
    let inputs = of.iter().map(|name| format!("{folder}{name}")).collect();
    let job = Job { inputs, limits, partial: true, ..Job::default() };
    match analyze::run(&job, &Unwatched, None).unwrap() {
        Analysis { product: Product::Partial(line), .. } => line,
        other => panic!("a partial was asked for: {other:?}"),
    }
}

fn read(line: &[u8]) -> (Option<Shape>, Tally) {
    unpacked(line).unwrap()
}

fn merge_line(line: &[u8]) -> Result<Tally, String> {
    let (mut tally, mut shape) = (Tally::default(), None);
    let mut lines = line;
    match merge("a", &mut lines, &Unwatched, &mut tally, &mut shape) {
        Ok(()) => Ok(tally),
        Err(Error::Refused { message, .. }) => Err(message),
        Err(other) => panic!("not told as refused: {other}"),
    }
}

/// Packs and unpacks a value.
fn back<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let (numbers, words) = pack(value).unwrap();
    let words: Vec<&str> = words.iter().map(|word| &**word).collect();
    unpack(&numbers, &words, usize::MAX).unwrap()
}

#[test]
fn what_was_written_is_read_and_written_again_to_the_byte() {
    for line in [all(), &narrow()] {
        let (shape, tally) = read(line);
        assert_eq!(write(&tally, shape.as_ref()).unwrap(), *line);
        assert_eq!(back(&tally), tally);
        // The slow way: serde's own, with a name at every value.
        let named = serde_json::to_string(&tally).unwrap();
        assert_eq!(serde_json::from_str::<Tally>(&named).unwrap(), tally);
        assert!(line.len() * 5 < named.len(), "{} of {}", line.len(), named.len());
    }
}

/// What a partial holds, by its position: another list of fields or variants is another version.
#[test]
fn a_version_stands_for_one_layout() {
    assert!(read(all()).1.exchanges > 1_000);
    read(&narrow());
    let layout: BTreeSet<String> = layout().into_iter().collect();
    let layout: Vec<String> = layout.into_iter().collect();
    let told = format!("version {VERSION}\n{}", layout.join("\n"));
    insta::assert_snapshot!("layout", told);
}

#[test]
fn a_word_stands_in_the_line_once_and_as_it_is() {
    let line = String::from_utf8(line(&["quickstart.har"], Limits::default())).unwrap();
    assert_eq!(line.matches("\"GET\"").count(), 1);
    assert_eq!(line.lines().count(), 1);
    assert!(line.starts_with("{\"authopsy_partial\":7,\"version\":\""));
}

#[test]
fn what_is_no_partial_of_this_version_is_refused_with_a_reason() {
    let good = String::from_utf8(line(&["quickstart.har"], Limits::default())).unwrap();
    let numbers = good.find("\"tally\":\"").unwrap() + 9;
    let mut other = good.clone().into_bytes();
    // Behind the four letters that begin every zlib stream.
    other[numbers + 40] = if other[numbers + 40] == b'A' { b'B' } else { b'A' };
    let old = r#"{"authopsy_partial":6,"version":"0.1.0","shape":null,"tally":{"inputs":{}}}"#;
    for (line, said) in [
        (old.to_owned(), "a:1: a partial result of version 6, expected 7"),
        (good.replace("\"authopsy_partial\":7,", ""), "a:1: JSON, but no partial result"),
        ("GET / HTTP/1.1".to_owned(), "a:1: no partial result: expected a line that"),
        (good[..good.len() - 9].to_owned(), "a:1: no partial result: expected a line that"),
        (good.replace("\"words\":[", "\"words\":[7,"), "a:1: damaged partial result at column"),
        (
            good.replace("\"words\":[", "\"words\":[],\"x\":["),
            "a:1: damaged partial result: no such word",
        ),
        (
            good.replace("\"tally\":\"", "\"tally\":\"*"),
            "a:1: damaged partial result: its numbers are no",
        ),
        (String::from_utf8(other).unwrap(), "a:1: damaged partial result: "),
    ] {
        let told = merge_line(line.as_bytes()).unwrap_err();
        assert!(told.starts_with(said), "{told}");
    }
}

#[test]
fn few_bytes_do_not_unpack_to_many() {
    let packed = deflate(&[0; 1_000]).unwrap();
    assert_eq!(inflate(&packed, 1_000).unwrap().len(), 1_000);
    assert_eq!(inflate(&packed, 999).unwrap_err().to_string(), "too many of them");
    let word = "x".repeat(1 << 20);
    let (numbers, words) = pack(&[word.as_str(); 20].as_slice()).unwrap();
    let words: Vec<&str> = words.iter().map(|word| &**word).collect();
    let read: Result<Vec<String>, _> = unpack(&numbers, &words, 16 << 20);
    assert_eq!(read.unwrap_err().to_string(), "too much");
    let room = word.len() * 20;
    assert_eq!(unpack::<Vec<String>>(&numbers, &words, room).unwrap().len(), 20);
    assert!(unpack::<Vec<String>>(&numbers, &words, room - 1).is_err());
    let many: Result<Vec<u64>, _> = unpack(&[0xff, 0xff, 0xff, 0xff, 0x7f, 1], &[], 0);
    assert_eq!(many.unwrap_err().to_string(), "it ends early");
}

#[test]
fn parts_give_the_same_line_in_either_order() {
    let [one, other] = [all(), &narrow()].map(|line| read(line).1);
    let merged = |mut first: Tally, second: &Tally| {
        first.merge(second.clone());
        write(&first, None).unwrap()
    };
    let both = merged(one.clone(), &other);
    assert!(both == merged(other, &one), "what stands in it depends on what came first");
}

#[test]
fn what_stands_behind_the_numbers_is_told() {
    let mut packed = deflate(b"numbers").unwrap();
    packed.push(0);
    assert_eq!(inflate(&packed, 100).unwrap_err().to_string(), "more stands behind them");
    let told = unpack::<u8>(&[1, 0], &[], 0).unwrap_err().to_string();
    assert_eq!(told, "it goes on behind its end");
}

#[test]
fn numbers_that_stand_for_nothing_are_told() {
    fn told<T: DeserializeOwned + std::fmt::Debug>(numbers: &[u8]) -> String {
        unpack::<T>(numbers, &["a"], 9).unwrap_err().to_string()
    }
    assert_eq!(told::<bool>(&[2]), "neither yes nor no");
    assert_eq!(told::<Option<u8>>(&[2, 0]), "neither there nor not");
    assert_eq!(told::<u8>(&[0x80, 2]), "a number that is too large");
    assert_eq!(told::<i32>(&[0xff, 0xff, 0xff, 0xff, 0x7f]), "a number that is too large");
    assert_eq!(told::<u64>(&[0xff; 11]), "a number without an end");
    assert_eq!(told::<u128>(&[1]), "a mark that was not there before");
    assert_eq!(told::<u128>(&[0, 1, 2]), "it ends early");
    assert_eq!(told::<String>(&[1]), "no such word");
    assert_eq!(told::<char>(&[0x80, 0xb0, 3]), "no character");
    assert_eq!(told::<Vec<()>>(&[5]), "it ends early");
    assert!(told::<Kind>(&[4]).starts_with("invalid value"));
}

/// A tally with every count as large as a number can be.
fn without_measure(tally: &Tally) -> Tally {
    let mut named = serde_json::to_string(tally).unwrap();
    for name in ["count", "refused", "exchanges", "bytes", "untimed", "clientless", "unseen_fields"]
    {
        let before = format!("\"{name}\":");
        let mut parts = named.split(&before);
        let first = parts.next().unwrap_or_default().to_owned();
        named = parts.fold(first, |before, part| {
            let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
            let count = if rest == part { String::new() } else { u64::MAX.to_string() };
            format!("{before}\"{name}\":{count}{rest}")
        });
    }
    serde_json::from_str(&named).unwrap()
}

#[test]
fn counts_beyond_all_numbers_add_up_to_the_greatest() {
    let mut tally = without_measure(&read(all()).1);
    assert!(tally.groups.iter().all(|(_, group)| group.count == u64::MAX));
    tally.merge(tally.clone());
    tally.settle();
    assert_eq!(tally.exchanges, u64::MAX);
    assert!(tally.groups.iter().all(|(_, group)| group.count == u64::MAX));
}

#[test]
fn what_is_left_out_by_name_is_told_and_not_lost() {
    #[derive(Serialize)]
    struct Holed {
        #[serde(skip_serializing_if = "Option::is_none")]
        hole: Option<u8>,
    }
    let told = pack(&Holed { hole: None }).unwrap_err().to_string();
    assert_eq!(told, "no partial result holds the field hole, which is left out");
}

/// What a table had nothing of is taken over as it is: so nothing must be the zero of each value.
#[test]
fn a_value_merged_into_nothing_is_itself() {
    fn holds<V: Merge + Default + Clone + PartialEq + std::fmt::Debug>(value: &V) {
        let mut sum = V::default();
        sum.merge(value.clone());
        assert_eq!(sum, *value);
    }
    for line in [all(), &narrow()] {
        let (_, tally) = read(line);
        tally.tokens.values().for_each(holds);
        tally.uses.values().for_each(holds);
        tally.entrances.iter().for_each(|(_, times)| holds(times));
        tally.groups.iter().for_each(|(_, group)| holds(group));
        tally.issues.iter().for_each(|(_, issue)| holds(issue));
        tally.doors.iter().for_each(|(_, door)| holds(door));
        tally.published.iter().for_each(|(_, key)| holds(key));
        tally.proofs.iter().for_each(|(_, proof)| holds(proof));
        tally.sightings.iter().for_each(|(_, sightings)| holds(sightings));
        tally.passed.values().for_each(holds);
        tally.releases.iter().for_each(holds);
        tally.offsets.dates.iter().for_each(|(_, offsets)| holds(offsets));
        tally.offsets.told.iter().for_each(|(_, offsets)| holds(offsets));
        tally.visits.agents().into_iter().for_each(|(_, agent)| holds(agent));
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Unit,
    One(i64),
    Two(u8, String),
    Named { at: Option<i64>, mark: u128 },
}

fn kinds() -> impl Strategy<Value = Kind> {
    let instant = prop_oneof![
        any::<i64>(),
        (-9_i64..9).prop_map(|n| n * 1_000_000_000),
        (any::<i32>()).prop_map(|n| i64::from(n) * 1_000_000),
        prop::sample::select(vec![i64::MIN, i64::MAX, 0, -1]),
    ];
    let mark = prop_oneof![any::<u128>(), 0_u128..4];
    prop_oneof![
        Just(Kind::Unit),
        instant.clone().prop_map(Kind::One),
        (any::<u8>(), "[a-c]{0,2}|\\PC{0,9}").prop_map(|(n, word)| Kind::Two(n, word)),
        (prop::option::of(instant), mark).prop_map(|(at, mark)| Kind::Named { at, mark }),
    ]
}

proptest! {
    #[test]
    fn any_value_comes_back(
        kinds in prop::collection::vec(kinds(), 0..40),
        numbers in prop::collection::btree_map("[a-d]{0,3}", any::<(u64, i32, bool, char)>(), 0..9),
        real in any::<f64>(),
    ) {
        prop_assert_eq!(&back(&kinds), &kinds);
        prop_assert_eq!(&back::<BTreeMap<String, (u64, i32, bool, char)>>(&numbers), &numbers);
        prop_assert_eq!(back(&real).to_bits(), real.to_bits());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn damaged_numbers_are_told_and_never_a_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(), is_cut in any::<bool>(),
        fewer in 0usize..3,
    ) {
        static GOOD: OnceLock<(Vec<u8>, Vec<Box<str>>)> = OnceLock::new();
        let (numbers, words) = GOOD.get_or_init(|| {
            pack(&read(&line(&["quickstart.har"], Limits::default())).1).unwrap()
        });
        let mut numbers = numbers.clone();
        for (at, byte) in changes {
            let at = at.index(numbers.len());
            numbers[at] = byte;
        }
        if is_cut {
            numbers.truncate(cut.index(numbers.len()));
        }
        let words: Vec<&str> = words.iter().skip(fewer).map(|word| &**word).collect();
        let read: Result<Tally, _> = unpack(&numbers, &words, 1 << 24);
        prop_assert!(!is_cut || read.is_err());
        // What is read all the same may be merged like any other.
        if let Ok(mut tally) = read {
            tally.merge(tally.clone());
            tally.settle();
        }
    }
}
