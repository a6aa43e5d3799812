//! Which passages are shown and what is marked in them.

use super::indexed;
use crate::text::{SnippetOptions, TextQuery};

fn html(query: &str, text: &str, options: SnippetOptions) -> Vec<String> {
    let (_folder, index) = indexed(Some("en"), &[]);
    let snippets = index.highlight(&TextQuery::parse(query).unwrap(), text, &options);
    for snippet in &snippets {
        assert!(snippet.text.chars().count() <= options.max_chars, "{snippet:?}");
        assert!(text.contains(&snippet.text));
    }
    snippets.iter().map(|snippet| snippet.to_html()).collect()
}

#[test]
fn words_are_marked_as_a_search_would_find_them() {
    let text = "The flows & slip <flow> past the wall";
    let cases = [
        ("flowing", "The <b>flows</b> &amp; slip &lt;<b>flow</b>&gt; past the wall"),
        ("\"slip flow\"", "The flows &amp; <b>slip</b> &lt;<b>flow</b>&gt; past the wall"),
        ("\"slip wall\"~3", "The flows &amp; <b>slip</b> &lt;flow&gt; past the <b>wall</b>"),
        ("\"slip wall\"~2", "The flows &amp; slip &lt;flow&gt; past the wall"),
        ("wal*", "The flows &amp; slip &lt;flow&gt; past the <b>wall</b>"),
        ("wlal~1", "The flows &amp; slip &lt;flow&gt; past the <b>wall</b>"),
        ("the wall", "The flows &amp; slip &lt;flow&gt; past the <b>wall</b>"),
        ("past -flow", "The flows &amp; slip &lt;flow&gt; <b>past</b> the wall"),
        ("nothing", "The flows &amp; slip &lt;flow&gt; past the wall"),
    ];
    for (query, expected) in cases {
        assert_eq!(html(query, text, SnippetOptions::default()), [expected], "{query}");
    }
}

#[test]
fn the_passage_with_most_words_of_the_query_is_shown() {
    let filler = "nothing here ".repeat(30);
    let text = format!("wing {filler} a wing in a slip flow {filler} flow");
    let shown = html("wing slip flow", &text, SnippetOptions::default().max_chars(60));
    assert_eq!(shown.len(), 1);
    assert!(shown[0].contains("a <b>wing</b> in a <b>slip</b> <b>flow</b> nothing"), "{shown:?}");
}

#[test]
fn several_passages_come_in_order_and_apart() {
    let filler = "nothing here ".repeat(10);
    let text = format!("wing {filler} slip flow {filler} wing");
    let options = SnippetOptions::default().max_chars(40).max_snippets(5);
    let shown = html("wing slip flow", &text, options);
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert!(shown[0].starts_with("<b>wing</b> nothing"));
    assert!(shown[1].contains("<b>slip</b> <b>flow</b>"));
    assert!(shown[2].ends_with("here  <b>wing</b>"));
}

#[test]
fn a_text_without_the_words_shows_its_beginning_and_an_empty_one_nothing() {
    let options = SnippetOptions::default().max_chars(9);
    assert_eq!(html("xyz", "first second third", options.clone()), ["first"]);
    assert_eq!(html("xyz", " . ", options.clone()), Vec::<String>::new());
    assert_eq!(html("", "", options.max_snippets(0)), Vec::<String>::new());
}

#[test]
fn letters_of_several_bytes_are_never_cut() {
    let text = "Ärger über 東京タワー und ein Café";
    let shown = html("東京 cafe", text, SnippetOptions::default());
    assert_eq!(shown, ["Ärger über <b>東</b><b>京</b>タワー und ein <b>Café</b>"]);
}
