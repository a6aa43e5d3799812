//! What queries find.

use proptest::prelude::*;

use super::{found, indexed, search};
use crate::text::{Tail, TextQuery};

const TEXTS: [&str; 8] = [
    "Running a computer simulation of slip flow", // 0
    "the computers were computing flows",         // 1
    "slip at the wall; flow along it",            // 2
    "high-speed aircraft",                        // 3
    "speed is high",                              // 4
    "to be or not to be",                         // 5
    "café crème",                                 // 6
    "東京タワーへ行く",                           // 7
];

#[test]
fn words_phrases_prefixes_misspellings_and_operators_find_what_they_say() {
    let cases: [(&str, &[i64]); 43] = [
        // Words, by their stems.
        ("flow", &[0, 1, 2]),
        ("FLOWING run", &[0, 1, 2]),
        ("aircraft café", &[3, 6]),
        ("CAFE CRE\u{300}ME", &[6]),
        ("nothing", &[]),
        // Phrases.
        ("\"slip flow\"", &[0]),
        ("\"flow slip\"", &[]),
        ("\"slip wall\"~2", &[2]),
        ("\"slip wall\"~1", &[]),
        ("\"to be or not\"", &[5]),
        // Prefixes of words as written.
        ("comput*", &[0, 1]),
        ("computi*", &[1]),
        ("computer*", &[0, 1]),
        ("computers*", &[1]),
        ("COMPUTE*", &[0, 1]),
        ("caf*", &[6]),
        ("xyz*", &[]),
        // Misspelt words.
        ("aircarft~", &[3]),
        ("aircarft~1", &[3]),
        ("aircarft~0", &[]),
        ("computer~0", &[0]),
        ("wal~1", &[2]),
        // Required, excluded, brackets.
        ("+slip +wall", &[2]),
        ("slip AND flow", &[0, 2]),
        ("slip AND NOT wall", &[0]),
        ("flow -slip", &[1]),
        ("flow -(slip wall)", &[1]),
        ("(wall OR aircraft) AND (slip OR high)", &[2, 3]),
        ("flow AND (NOT slip)", &[1]),
        ("flow -\"slip flow\"", &[1, 2]),
        ("slip wall aircraft high -\"slip flow\" -\"high speed\"", &[2, 4]),
        ("-flow", &[]),
        ("+xyz* flow", &[]),
        // Words in pieces.
        ("high-speed", &[3, 4]),
        ("+high-speed", &[3]),
        ("speed -high-speed", &[4]),
        ("+high-spe*", &[3, 4]),
        ("東京", &[7]),
        ("京東", &[]),
        ("+東京タワー", &[7]),
        // Nothing to look for.
        ("", &[]),
        ("!!! - ()", &[]),
        // Stop words count when there is nothing else.
        ("to be", &[5]),
    ];
    let (_folder, index) = indexed(Some("en"), &TEXTS);
    for (query, expected) in cases {
        assert_eq!(found(&index.snapshot(), query), expected, "{query}");
    }
}

#[test]
fn without_a_language_words_are_taken_as_written() {
    let (_folder, index) = indexed(None, &TEXTS);
    for (query, expected) in [("flow", vec![0, 2]), ("flow*", vec![0, 1, 2]), ("flws~", vec![1])] {
        assert_eq!(found(&index.snapshot(), query), expected, "{query}");
    }
    assert_eq!(found(&index.snapshot(), "the wall"), [1, 2]);
}

#[test]
fn stop_words_beside_others_do_not_count() {
    let (_folder, index) = indexed(Some("en"), &TEXTS);
    let bare = search(&index.snapshot(), "wall", 10);
    assert_eq!(search(&index.snapshot(), "what is at the wall", 10), bare);
}

#[test]
fn a_rare_misspelling_does_not_outrank_the_word() {
    let (_folder, index) = indexed(None, &["wing", "wing tip", "wong", "wing body", "other"]);
    let hits = search(&index.snapshot(), "wing~1", 10);
    assert_eq!(hits.iter().map(|hit| hit.row).collect::<Vec<_>>(), [0, 1, 3, 2]);
}

#[test]
fn a_word_given_twice_counts_twice() {
    let (_folder, index) = indexed(None, &["wing", "flow"]);
    let once = search(&index.snapshot(), "wing", 1)[0].score;
    let twice = search(&index.snapshot(), "wing wing", 1)[0].score;
    assert!((twice - 2.0 * once).abs() < 1e-5);
}

#[test]
fn a_word_of_too_many_pieces_is_refused() {
    let (_folder, index) = indexed(None, &["wing"]);
    let query = TextQuery::parse(&"a-".repeat(5_000)).unwrap();
    let error = index.snapshot().search(&query, 1, None).unwrap_err();
    assert_eq!(error.kind(), headwater_primitives::ErrorKind::TooLarge);
}

fn query_text() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "wing",
        "flow*",
        "slip~",
        "\"",
        "(",
        ")",
        "+",
        "-",
        " ",
        "AND",
        "OR",
        "NOT",
        "~2",
        "*",
        "the",
        "\"slip flow\"",
        "東京",
        "é",
        "\u{301}",
    ]);
    prop_oneof![
        ".{0,40}",
        proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat()),
        proptest::collection::vec("[a-c\"()+~*-]{1,4}", 0..8).prop_map(|pieces| pieces.join(" ")),
    ]
}

#[test]
fn no_query_fails_or_panics() {
    let (_folder, index) = indexed(Some("en"), &TEXTS);
    let mut tail = Tail::new(&index);
    tail.upsert(20, 20, "slip flow over a wing in 東京");
    let snapshot = tail.snapshot(&index).unwrap();
    proptest!(ProptestConfig::with_cases(2_000), |(text in query_text())| {
        let query = TextQuery::parse(&text).unwrap();
        let hits = snapshot.search(&query, 3, None).unwrap();
        prop_assert!(hits.is_sorted_by(|a, b| a.score >= b.score));
        prop_assert!(hits.iter().all(|hit| hit.score.is_finite()));
        index.highlight(&query, &text, &Default::default());
        if let Ok(strict) = TextQuery::parse_strict(&text) {
            prop_assert_eq!(strict, query);
        }
    });
}
