//! Documents in one stream: however they are cut, held and handed round, they are what files would be.

use super::*;

/// A document of a stream: its name and bytes.
type Document = (String, Vec<u8>);

fn stream_of(documents: &[Document]) -> Vec<u8> {
    let framed = |(name, bytes): &Document| {
        [format!("{} {name}\n", bytes.len()).as_bytes(), bytes.as_slice()].concat()
    };
    documents.iter().flat_map(framed).collect()
}

/// Returns what was seen, and what each input was, in words.
fn told(outcome: Outcome<Vec<Seen>>) -> (Vec<Seen>, Vec<String>) {
    let inputs = outcome.inputs.iter().map(|input| {
        let facts = InputFacts { frame: None, ..InputFacts::clone(&input.facts) };
        let error = input.error.as_ref().map(ToString::to_string);
        let counts = (input.exchanges, input.bytes, input.truncated, input.named);
        format!("{facts:?} {counts:?} {:?} {:?} {error:?}", input.skipped, input.repaired)
    });
    let inputs = inputs.collect();
    (outcome.harvest, inputs)
}

fn read_stream(stream: &[u8], options: &ReadOptions) -> (Vec<Seen>, Vec<String>) {
    let inputs = Inputs::framed(std::io::Cursor::new(stream.to_vec()));
    assert!(!inputs.replayable());
    told(read(&inputs, options, || Keep, &()))
}

/// Captures, logs, packed ones, and what is none.
fn documents(folder: &Folder) -> Vec<Document> {
    let mut all = Vec::new();
    for seed in 0..6_u16 {
        let har = shown(&har(&some_entries(seed * 9)), seed % 2 == 0).into_bytes();
        let line = json!({"time": "2026-01-01T10:00:00Z", "method": "GET", "path": "/a b",
            "status": 401, "n": seed});
        let bytes = match seed {
            2 => gzip(&har),
            3 => [b"\xEF\xBB\xBF", &har[..]].concat(),
            4 => format!("{line}\nno line\n").repeat(40).into_bytes(),
            5 => har[..har.len() / 2].to_vec(),
            _ => har,
        };
        all.push((seed.to_string(), bytes));
    }
    let archive = zip(&[("a.har", &all[0].1), ("b.har", &all[1].1)]);
    all.extend([
        ("empty".to_owned(), Vec::new()),
        ("archive".to_owned(), archive),
        ("prose".to_owned(), b"no capture\nat all\n".to_vec()),
    ]);
    for (name, bytes) in &mut all {
        *name = folder.file(&format!("{name} of many"), &bytes).to_string_lossy().into_owned();
    }
    all
}

#[test]
fn documents_of_a_stream_are_what_files_of_their_names_are() {
    let folder = Folder::new();
    let mut all = documents(&folder);
    let names: Vec<_> = all.iter().map(|(name, _)| name.clone()).collect();
    let files = told(read(&Inputs::find(&names), &options(2, 0), || Keep, &()));
    assert!(files.0.len() > 100 && files.1.len() >= all.len());
    for (jobs, piece) in [(1, 0), (2, 0), (4, 500), (3, 64)] {
        for frame_bytes in [0, 2_000, 32 << 20] {
            let options = ReadOptions { frame_bytes, ..options(jobs, piece) };
            let framed = read_stream(&stream_of(&all), &options);
            assert_eq!(framed, files, "{jobs} workers, pieces of {piece}, {frame_bytes} held");
            all.rotate_left(1);
        }
    }
}

#[test]
fn nobody_passes_over_a_long_document_when_a_part_of_the_archive_before_it_ends() {
    let folder = Folder::new();
    let all = documents(&folder);
    let archive = all.iter().find(|(name, _)| name.contains("archive")).unwrap();
    let some = [archive.clone(), all[3].clone(), all[1].clone(), archive.clone(), all[4].clone()];
    let stream = stream_of(&some);
    let one = read_stream(&stream, &ReadOptions { frame_bytes: 0, ..options(1, 0) });
    // It takes several tries for the workers to meet.
    for turn in 0..30 {
        let options = ReadOptions { frame_bytes: 0, ..options(2 + turn % 3, 0) };
        assert_eq!(read_stream(&stream, &options), one);
    }
}

#[test]
fn what_follows_a_broken_frame_is_told_and_what_came_before_is_kept() {
    let folder = Folder::new();
    let all = documents(&folder);
    let two = stream_of(&all[..2]);
    let whole = read_stream(&two, &options(2, 0));
    let broken = [&two, &b"\n"[..], &two].concat();
    for frame_bytes in [0, 32 << 20] {
        let options = ReadOptions { frame_bytes, ..options(2, 0) };
        let (seen, inputs) = read_stream(&broken, &options);
        assert_eq!(seen, whole.0);
        let said =
            format!("frame 3 at byte {}: expected a length in bytes, in decimal digits", two.len());
        assert!(inputs[0].starts_with("InputFacts { source: \"-\"") && inputs[0].contains(&said));
        assert_eq!(inputs[1..], whole.1);
    }
}

#[test]
fn a_stream_that_is_cut_off_anywhere_gives_what_came_before() {
    let folder = Folder::new();
    let all = documents(&folder);
    let (first, stream) = (stream_of(&all[..1]), stream_of(&all[..2]));
    let whole = read_stream(&stream, &options(1, 0)).0;
    let of_first = read_stream(&first, &options(1, 0)).0;
    for cut in (first.len()..stream.len()).step_by(97) {
        for (frame_bytes, piece) in [(0, 0), (0, 64), (32 << 20, 0)] {
            let options = ReadOptions { frame_bytes, ..options(2, piece) };
            let (seen, inputs) = read_stream(&stream[..cut], &options);
            assert!(of_first.iter().all(|one| seen.contains(one)), "cut at {cut}");
            assert!(seen.iter().all(|one| whole.contains(one)), "cut at {cut}");
            if cut == first.len() {
                assert_eq!(inputs.len(), 1);
                continue;
            }
            let said = format!("frame 2 at byte {}", first.len());
            assert!(inputs[0].contains(&said) && inputs[0].contains("cut off"), "{}", inputs[0]);
            // The line alone names no document.
            let head = format!("{} {}\n", all[1].1.len(), all[1].0).len();
            let second = inputs.get(2).map(|input| input.contains(", true, true)"));
            assert_eq!(second, (cut >= first.len() + head).then_some(true), "cut at {cut}");
        }
    }
}

proptest! {
    #[test]
    fn no_stream_makes_it_panic_and_cuts_do_not_show(
        pieces in prop::collection::vec(
            prop_oneof![
                "[0-9]{1,3} [a-c]\n".prop_map(String::into_bytes),
                Just(b"\x1f\x8b\x08".to_vec()),
                Just(br#"{"status":401,"path":"/a","method":"GET"}"#.to_vec()),
                "[0-9 \na{}]{0,9}".prop_map(String::into_bytes),
            ],
            0..9,
        ),
        piece in 1..90_usize,
    ) {
        let stream = pieces.concat();
        let whole = read_stream(&stream, &options(1, 0));
        for frame_bytes in [0, 9] {
            let options = ReadOptions { frame_bytes, ..options(3, piece) };
            prop_assert_eq!(&read_stream(&stream, &options), &whole);
        }
    }
}
