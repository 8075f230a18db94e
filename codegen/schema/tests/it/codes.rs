//! The list of codes.

use cell_schema::CODES;

#[test]
fn every_code_is_listed_once_in_order_and_used() {
    assert!(CODES.is_sorted_by(|left, right| left < right));
    let sources = sources(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")));
    for code in CODES {
        assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{code}");
        // Once in the list, and at least once where it is refused.
        assert!(sources.matches(&format!("\"{code}\"")).count() >= 2, "{code} is never used");
    }
    let mut used = Vec::new();
    for constructor in ["Refusal::new(", "HistoryError::new(", ".refuse("] {
        for (place, _) in sources.match_indices(constructor) {
            let arguments = sources[place + constructor.len()..].trim_start();
            if let Some(rest) = arguments.strip_prefix('"') {
                used.push(rest.split('"').next().unwrap_or(rest).to_owned());
            }
        }
    }
    used.retain(|code| !code.contains(' '));
    for code in used {
        assert!(CODES.contains(&code.as_str()), "{code} is not listed");
    }
}

fn sources(folder: &std::path::Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        text.push_str(&if path.is_dir() { sources(&path) } else { std::fs::read_to_string(path).expect("a source") });
    }
    text
}
