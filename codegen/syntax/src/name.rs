//! Names that are made of other names, the same in the macros and in the compiler.

/// The stored text of an enumeration's value, and the name of a cell or a database: `OutOfStock` → `out_of_stock`, `HTTPServer` → `http_server`.
#[must_use]
pub fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.strip_prefix("r#").unwrap_or(name).chars().collect();
    let mut text = String::with_capacity(name.len() + 4);
    for (at, letter) in letters.iter().enumerate() {
        let previous = at.checked_sub(1).and_then(|at| letters.get(at));
        let next = letters.get(at + 1);
        let begins = letter.is_uppercase()
            && previous.is_some_and(|previous| {
                *previous != '_' && (!previous.is_uppercase() || next.is_some_and(|next| next.is_lowercase()))
            });
        if begins {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn words_are_found_by_their_capitals() {
        for (name, text) in [
            ("Book", "book"),
            ("OutOfStock", "out_of_stock"),
            ("HTTPServer", "http_server"),
            ("V2Api", "v2_api"),
            ("r#Type", "type"),
            ("Already_Snake", "already_snake"),
        ] {
            assert_eq!(snake_case(name), text);
        }
    }
}
