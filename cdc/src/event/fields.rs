//! Which fields of a row changed.

use headwater_primitives::Result;
use headwater_primitives::jsonb::View;

/// The top-level fields whose values differ between two objects: in the order of `after`, then those
/// that are gone. Nothing when one of them is no object.
pub(super) fn changed(before: &[u8], after: &[u8]) -> Result<Vec<String>> {
    let (before, after) = (View::parse(before)?, View::parse(after)?);
    let mut changed = Vec::new();
    // Fields mostly keep their places, so the walk through `before` goes along.
    let mut along = before.entries();
    for (name, value) in after.entries() {
        let old = match along.next() {
            Some((old_name, old)) if old_name == name => Some(old),
            _ => before.get(&name),
        };
        if old.is_none_or(|old| old.bytes() != value.bytes()) {
            changed.push(name.into_owned());
        }
    }
    for (name, _) in before.entries() {
        if after.get(&name).is_none() {
            changed.push(name.into_owned());
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use headwater_primitives::jsonb::from_json_str;

    use super::*;

    fn check(before: &str, after: &str, expected: &[&str]) {
        let (before, after) = (from_json_str(before).unwrap(), from_json_str(after).unwrap());
        assert_eq!(changed(&before, &after).unwrap(), expected);
    }

    #[test]
    fn changed_fields_are_new_removed_or_different() {
        check(r#"{"a":1,"b":2}"#, r#"{"a":1,"b":2}"#, &[]);
        check(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, &[]);
        check(r#"{"a":1,"b":2}"#, r#"{"a":1,"b":3}"#, &["b"]);
        check(r#"{"a":1,"b":2}"#, r#"{"c":0,"b":2}"#, &["c", "a"]);
        check(r#"{"a":{"x":[1]}}"#, r#"{"a":{"x":[2]}}"#, &["a"]);
        check("{}", r#"{"a":null}"#, &["a"]);
    }
}
