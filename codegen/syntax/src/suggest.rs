//! Which known word someone may have meant. In: a word and the known ones. Out: the nearest, if any is near.

/// The known word nearest to `word`, where it is at most a third of its letters away.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// A help line for a word that is not known: the nearest one, or all of them.
pub fn help<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let mut names: Vec<&str> = known.into_iter().collect();
            names.sort_unstable();
            format!("it takes {}", list(&names))
        }
    }
}

/// `a`, `b` and `c`, each in backticks.
#[must_use]
pub fn list(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [only] => format!("`{only}`"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(|name| format!("`{name}`")).collect();
            format!("{} and `{last}`", first.join(", "))
        }
    }
}

/// How many letters must be put in, left out, changed or swapped with their neighbour to make one word of the other
/// (the optimal string alignment distance).
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let width = right.len() + 1;
    let mut rows: Vec<Vec<usize>> = (0..=left.len()).map(|i| (i..i + width).collect()).collect();
    for i in 1..=left.len() {
        for j in 1..width {
            let substitution = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut best = substitution.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::{help, nearest};

    #[test]
    fn a_swapped_letter_is_near() {
        assert_eq!(nearest("defualt", ["default", "name"]), Some("default"));
    }

    #[test]
    fn a_short_word_is_near_only_by_one_letter() {
        assert_eq!(nearest("fil", ["file"]), Some("file"));
        assert_eq!(nearest("abc", ["file"]), None);
    }

    #[test]
    fn without_a_near_word_all_are_named() {
        assert_eq!(help("zzz", ["name", "file"]), "it takes `file` and `name`");
    }
}
