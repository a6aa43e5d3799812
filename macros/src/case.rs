//! serde's `rename_all` rules for the fields of a struct.

/// How `rename_all` turns a field's Rust name into its JSON name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Case {
    /// The Rust name itself, which is what `lowercase` and `snake_case` mean for a field.
    #[default]
    Unchanged,
    Upper,
    Pascal,
    Camel,
    Kebab,
    ScreamingKebab,
}

impl Case {
    /// The rule that serde knows as `text`. An unknown one is serde's to refuse.
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "UPPERCASE" | "SCREAMING_SNAKE_CASE" => Case::Upper,
            "PascalCase" => Case::Pascal,
            "camelCase" => Case::Camel,
            "kebab-case" => Case::Kebab,
            "SCREAMING-KEBAB-CASE" => Case::ScreamingKebab,
            _ => Case::Unchanged,
        }
    }

    pub(crate) fn apply(self, field: &str) -> String {
        match self {
            Case::Unchanged => field.to_owned(),
            Case::Upper => field.to_ascii_uppercase(),
            Case::Pascal => pascal(field),
            Case::Camel => {
                let mut name = pascal(field);
                if let Some(first) = name.get_mut(..1) {
                    first.make_ascii_lowercase();
                }
                name
            }
            Case::Kebab => field.replace('_', "-"),
            Case::ScreamingKebab => field.to_ascii_uppercase().replace('_', "-"),
        }
    }
}

fn pascal(field: &str) -> String {
    let mut name = String::with_capacity(field.len());
    let mut starts_word = true;
    for c in field.chars() {
        if c == '_' {
            starts_word = true;
        } else {
            name.push(if starts_word { c.to_ascii_uppercase() } else { c });
            starts_word = false;
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_serde_gives_serde_s_name() {
        for (rule, name) in [
            ("lowercase", "postal_code"),
            ("UPPERCASE", "POSTAL_CODE"),
            ("PascalCase", "PostalCode"),
            ("camelCase", "postalCode"),
            ("snake_case", "postal_code"),
            ("SCREAMING_SNAKE_CASE", "POSTAL_CODE"),
            ("kebab-case", "postal-code"),
            ("SCREAMING-KEBAB-CASE", "POSTAL-CODE"),
        ] {
            assert_eq!(Case::parse(rule).apply("postal_code"), name, "{rule}");
        }
    }
}
