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

/// Whether a region can have this name: it becomes part of files' names and of commands.
#[must_use]
pub fn is_region(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
}

/// Whether a search index can have this name: it becomes part of files' names, on systems that fold case too.
#[must_use]
pub fn is_index(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// The environment variable with the URL of a replica, beside that of its primary: `DATABASE_URL` in `eu-west` → `DATABASE_URL_EU_WEST`.
#[must_use]
pub fn replica_variable(primary: &str, region: &str) -> String {
    [primary, "_", &region.to_ascii_uppercase().replace('-', "_")].concat()
}

/// What [`is_region`] wants, in words.
pub const REGION: &str = "use lower case letters, digits, `-` and `_`, beginning with a letter, 63 bytes at the most";

/// What [`is_index`] wants, in words.
pub const INDEX: &str =
    "use letters of ASCII, digits, `-` and `_`, beginning with a letter or `_`, 63 bytes at the most";

#[cfg(test)]
mod tests {
    use super::{is_index, is_region, snake_case};

    #[test]
    fn an_index_is_called_as_a_file_can_be_everywhere() {
        assert!(["goods", "_x", "Goods-2"].into_iter().all(is_index));
        let long = "a".repeat(64);
        assert!(!["", "2nd", "a/b", "a.b", "..", "a b", "ärzte", &long].into_iter().any(is_index));
    }

    #[test]
    fn a_region_is_called_as_clouds_call_theirs() {
        assert!(["eu", "us-east-1", "local_2"].into_iter().all(is_region));
        let long = "a".repeat(64);
        assert!(!["", "1st", "US", "a/b", "a.b", "-a", "a b", &long].into_iter().any(is_region));
    }

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
