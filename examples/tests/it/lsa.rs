//! What the embeddings of a few texts say about them.

use headwater::ErrorKind;
use headwater::vector::Embedder;

use crate::embedding::{Lsa, LsaOptions, prose};

/// Two subjects, and no text that has words of both.
const TEXTS: [&str; 8] = [
    "a river carries water to the sea",
    "rain feeds the river with water",
    "the sea gives rain back",
    "a spring is where a river begins with rain",
    "a compiler turns source code into a program",
    "the program runs, and the compiler checks types",
    "types make source code safe",
    "code that runs is a program",
];

fn fitted(dimensions: usize) -> Lsa {
    Lsa::fit(&TEXTS, LsaOptions { dimensions, ..LsaOptions::default() }).unwrap()
}

fn cosine(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

#[test]
fn texts_are_near_that_share_a_subject_and_no_word() {
    let lsa = fitted(2);
    let embedded = lsa.embed(&TEXTS).unwrap();
    let query = lsa.embed_query("sea").unwrap();
    let (near, far) = (cosine(&query, &embedded[1]), cosine(&query, &embedded[5]));
    assert!(!TEXTS[1].contains("sea") && near > 0.9, "{near}");
    assert!(far.abs() < 0.1, "{far}");
}

#[test]
fn embeddings_have_unit_length_and_a_text_of_unknown_words_has_none() {
    let lsa = fitted(3);
    for one in lsa.embed(&TEXTS).unwrap() {
        assert_eq!(one.len(), lsa.dimensions());
        assert!((cosine(&one, &one) - 1.0).abs() < 1e-5);
    }
    assert_eq!(lsa.embed(&["", "zebra?"]).unwrap(), [[0.0; 3], [0.0; 3]]);
}

#[test]
fn dimensions_that_the_texts_cannot_fill_are_zeros() {
    let lsa = fitted(100);
    assert!((5..=TEXTS.len()).contains(&lsa.rank()), "{}", lsa.rank());
    let one = lsa.embed_query("river").unwrap();
    assert_eq!(one.len(), 100);
    assert!(one[lsa.rank()..].iter().all(|value| *value == 0.0));
}

#[test]
fn the_same_texts_give_the_same_embeddings() {
    assert_eq!(fitted(4).embed(&TEXTS).unwrap(), fitted(4).embed(&TEXTS).unwrap());
}

#[test]
fn what_cannot_be_learned_from_is_refused() {
    let fit = |texts: &[&str], dimensions| {
        let refused = Lsa::fit(texts, LsaOptions { dimensions, ..LsaOptions::default() });
        let error = refused.err().expect("it is refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        error.to_string()
    };
    assert_eq!(fit(&TEXTS, 0), "0 dimensions: it must be 1 to 1024");
    assert_eq!(fit(&TEXTS, 2000), "2000 dimensions: it must be 1 to 1024");
    for texts in [&[][..], &["one text"], &["red", "green"], &["all the same", "all the same"]] {
        assert!(fit(texts, 2).contains("share no words to learn from"), "{texts:?}");
    }
}

#[test]
fn a_readme_is_embedded_by_its_prose() {
    let lsa = fitted(2);
    let readme = "# Sea\n```\ncompiler types code\n```\n[![river](https://code)](https://program)";
    let [bare, sea] = [prose(readme, 1000), "sea".to_owned()].map(|text| lsa.embed_query(&text));
    assert_eq!(bare.unwrap(), sea.unwrap());
}
