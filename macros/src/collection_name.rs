//! The default name of a collection: the type's name in snake case and in the plural.

/// `OrderLine` gives `order_lines`.
pub(crate) fn default_name(type_name: &str) -> String {
    plural(snake(type_name))
}

fn snake(type_name: &str) -> String {
    let chars: Vec<char> = type_name.chars().collect();
    let mut name = String::with_capacity(type_name.len() + 4);
    for (i, c) in chars.iter().enumerate() {
        let after_lower = i > 0 && !chars[i - 1].is_uppercase() && chars[i - 1] != '_';
        let ends_acronym = i > 0 && chars.get(i + 1).is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (after_lower || ends_acronym && chars[i - 1] != '_') {
            name.push('_');
        }
        name.extend(c.to_lowercase());
    }
    name
}

fn plural(mut name: String) -> String {
    let before_y = name.strip_suffix('y').and_then(|stem| stem.chars().last());
    if before_y.is_some_and(|c| !matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | '_')) {
        name.pop();
        name.push_str("ies");
    } else if ["s", "x", "z", "ch", "sh"].iter().any(|end| name.ends_with(end)) {
        name.push_str("es");
    } else {
        name.push('s');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_names_become_plural_snake_case() {
        for (type_name, collection) in [
            ("Customer", "customers"),
            ("OrderLine", "order_lines"),
            ("HTTPRequest", "http_requests"),
            ("Category", "categories"),
            ("Day", "days"),
            ("Address", "addresses"),
            ("Branch", "branches"),
            ("Box", "boxes"),
            ("Order_Line", "order_lines"),
            ("V2", "v2s"),
        ] {
            assert_eq!(default_name(type_name), collection);
        }
    }
}
