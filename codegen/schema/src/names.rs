//! Names of constraints and indexes. In: a table, its columns and what the thing is. Out: a name that fits every engine.
//! Absent: names that a developer chose; those are checked, never changed.

/// The longest name in bytes: PostgreSQL cuts longer ones, and then two may be the same.
pub const MAX_BYTES: usize = 63;

/// Hexadecimal digits of the hash in a shortened name.
const HASH_DIGITS: usize = 16;

/// A name for a constraint or an index: `crates_name_key`.
///
/// The parts are joined by `_`, or by `__` where one of them has an underscore itself (`versions__crate_id__fkey`), since
/// `a_b` with `c` and `a` with `b_c` are different things. A name that would be longer than [`MAX_BYTES`], or whose parts
/// could not be told apart, is cut and gets a hash of its parts. So different parts never give the same name.
#[must_use]
pub fn constraint(table: &str, columns: &[&str], suffix: &str) -> String {
    let parts = || std::iter::once(table).chain(columns.iter().copied()).chain([suffix]);
    let joint = if parts().any(|part| part.contains('_')) { "__" } else { "_" };
    let len = parts().map(|part| part.len() + joint.len()).sum::<usize>() - joint.len();
    if len > MAX_BYTES || !parts().all(separable) {
        return hashed(&parts().collect::<Vec<&str>>(), suffix);
    }
    let mut name = String::with_capacity(len);
    for part in parts() {
        if !name.is_empty() {
            name.push_str(joint);
        }
        name.push_str(part);
    }
    name
}

/// Whether a part can be found again in the joined name.
fn separable(part: &str) -> bool {
    let hash = part.len() == HASH_DIGITS && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    !part.is_empty() && !part.contains("__") && !part.starts_with('_') && !part.ends_with('_') && !hash
}

fn hashed(parts: &[&str], suffix: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        // Lengths keep ("ab", "c") and ("a", "bc") apart.
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize().to_hex();
    let tail = format!("_{}_{}", &digest.as_str()[..HASH_DIGITS], cut(suffix, 12));
    let stem = parts[..parts.len() - 1].join("_");
    format!("{}{tail}", cut(&stem, MAX_BYTES - tail.len()))
}

/// At most so many bytes of a text, whole characters only.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
