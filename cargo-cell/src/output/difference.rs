//! The lines in which two texts differ. In: two texts. Out: a short text like that of `diff`, with some lines around each change.

use super::style::Style;

/// Lines shown around a change.
const AROUND: usize = 2;
/// The most lines shown.
const MOST: usize = 24;
/// Where the two sides have more lines than this between the first and the last difference, they are not aligned.
const ALIGNED: usize = 2_000;

/// One line of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line<'a> {
    Same(&'a str),
    Removed(&'a str),
    Added(&'a str),
}

/// What differs, each line indented by two spaces; cut where it is long.
pub(crate) fn difference(previous: &str, next: &str, style: Style) -> String {
    let lines = compare(&previous.lines().collect::<Vec<_>>(), &next.lines().collect::<Vec<_>>());
    let changed: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| !matches!(line, Line::Same(_))).map(|(at, _)| at).collect();
    let near = |at: usize| {
        let from = changed.partition_point(|change| change + AROUND < at);
        changed.get(from).is_some_and(|change| *change <= at + AROUND)
    };
    let mut text = String::new();
    let mut shown = 0;
    let mut gap = false;
    for (at, line) in lines.iter().enumerate() {
        if !near(at) {
            gap = shown > 0;
            continue;
        }
        if shown == MOST {
            let rest = changed.len() - changed.partition_point(|change| *change < at);
            text.push_str(&format!("  … and {rest} more\n"));
            break;
        }
        if gap {
            text.push_str("  …\n");
            gap = false;
        }
        shown += 1;
        let line = match line {
            Line::Same(line) => format!("    {line}"),
            Line::Removed(line) => style.removed(&format!("  - {line}")),
            Line::Added(line) => style.added(&format!("  + {line}")),
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn compare<'a>(previous: &[&'a str], next: &[&'a str]) -> Vec<Line<'a>> {
    let head = previous.iter().zip(next).take_while(|(left, right)| left == right).count();
    let (start, previous) = previous.split_at(head);
    let next = next.get(head..).unwrap_or_default();
    let tail = previous.iter().rev().zip(next.iter().rev()).take_while(|(left, right)| left == right).count();
    let (previous, end) = previous.split_at(previous.len() - tail);
    let (next, _) = next.split_at(next.len() - tail);

    let mut lines: Vec<Line<'a>> = start.iter().map(|line| Line::Same(line)).collect();
    if previous.len() + next.len() > ALIGNED {
        lines.extend(previous.iter().map(|line| Line::Removed(line)));
        lines.extend(next.iter().map(|line| Line::Added(line)));
    } else {
        lines.extend(align(previous, next));
    }
    lines.extend(end.iter().map(|line| Line::Same(line)));
    lines
}

/// The longest common subsequence, by the textbook's table.
fn align<'a>(previous: &[&'a str], next: &[&'a str]) -> Vec<Line<'a>> {
    let width = next.len() + 1;
    let mut table = vec![0_u32; (previous.len() + 1) * width];
    let cell = |table: &[u32], i: usize, j: usize| table.get(i * width + j).copied().unwrap_or_default();
    for (i, left) in previous.iter().enumerate().rev() {
        for (j, right) in next.iter().enumerate().rev() {
            let length = if left == right {
                cell(&table, i + 1, j + 1) + 1
            } else {
                cell(&table, i + 1, j).max(cell(&table, i, j + 1))
            };
            if let Some(place) = table.get_mut(i * width + j) {
                *place = length;
            }
        }
    }
    let mut lines = Vec::new();
    let (mut i, mut j) = (0, 0);
    loop {
        match (previous.get(i), next.get(j)) {
            (Some(left), Some(right)) if left == right => {
                lines.push(Line::Same(left));
                (i, j) = (i + 1, j + 1);
            }
            (Some(left), right) if right.is_none() || cell(&table, i + 1, j) >= cell(&table, i, j + 1) => {
                lines.push(Line::Removed(left));
                i += 1;
            }
            (_, Some(right)) => {
                lines.push(Line::Added(right));
                j += 1;
            }
            _ => return lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::{Style, difference};

    #[test]
    fn changes_far_apart_stand_apart() {
        let previous = "a\nb\nc\nd\ne\nf\ng\nh\ni\n";
        let next = "a\nB\nc\nd\ne\nf\ng\nh\nnew\ni\n";
        expect![[r#"
            file
                a
              - b
              + B
                c
                d
              …
                g
                h
              + new
                i
        "#]]
        .assert_eq(&format!("file\n{}", difference(previous, next, Style::Plain)));
    }

    #[test]
    fn a_long_difference_is_cut() {
        let next: String = (0..100).map(|line| format!("{line}\n")).collect();
        let text = difference("", &next, Style::Plain);
        assert_eq!(text.lines().count(), 25);
        assert!(text.ends_with("  … and 76 more\n"), "{text}");
    }

    #[test]
    fn equal_texts_do_not_differ() {
        assert_eq!(difference("a\nb\n", "a\nb\n", Style::Plain), "");
    }
}
