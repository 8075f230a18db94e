//! How a search index stands, in words. In: what the program says of it. Out: a few lines.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cell_manifest::{SearchRows, SearchState, SearchedIndex};

use crate::output::Style;

/// So many rows that are set aside, and keys that differ, are shown.
const SHOWN: usize = 10;

/// An index.
pub(super) fn index(index: &SearchedIndex, style: Style) -> String {
    let mut text = format!("{}\n", style.heading(&format!("{}.{}{}", index.database, index.index, size(index))));
    let mut line = |words: &str| {
        let _ = writeln!(text, "  {words}");
    };
    match index.state {
        SearchState::Ready => match index.behind {
            Some(0) | None => line("level with its table"),
            Some(behind) => line(&format!("behind by {}{}", count(behind, "change"), since(index))),
        },
        SearchState::Missing if index.building.is_some() => {}
        SearchState::Missing => line("not built yet"),
        SearchState::Unreadable => line("can't be read, and is built anew when the application runs"),
        SearchState::Forgotten => {
            line("of another past than its database, and is built anew when the application runs")
        }
        SearchState::InMemory => {
            line("in memory, in the process that has its database: nothing of it is seen from here")
        }
        SearchState::Unknown => {}
    }
    match (index.building, index.asked) {
        (Some(rows), _) => line(&format!("being built: {}", self::rows(Some(rows)))),
        (None, true) => line("to be built anew, which the next process does that writes it"),
        (None, false) => {}
    }
    match index.state {
        SearchState::InMemory | SearchState::Unknown => {}
        _ if index.written => line("a process writes it"),
        _ => line("no process writes it"),
    }
    if index.set_aside.count > 0 {
        let rows = &index.set_aside.rows;
        line(&format!("{} set aside, and not found until changed:", count(index.set_aside.count, "row")));
        for row in rows.iter().take(SHOWN) {
            line(&format!("  {}: {}", row.key, row.error));
        }
        let more = index.set_aside.count.saturating_sub(rows.len().min(SHOWN) as u64);
        if more > 0 {
            line(&format!("  and {more} more"));
        }
    }
    if let Some(compared) = &index.compared {
        match compared.differing {
            0 => line(&format!("compared: as its table, in all {}", count(compared.rows, "row"))),
            differing => {
                line(&format!(
                    "compared: {}:",
                    if differing == 1 { "1 key differs".to_owned() } else { format!("{differing} keys differ") }
                ));
                for key in compared.keys.iter().take(SHOWN) {
                    line(&format!("  {key}"));
                }
                let more = differing.saturating_sub(compared.keys.len().min(SHOWN) as u64);
                if more > 0 {
                    line(&format!("  and {more} more"));
                }
            }
        }
    }
    if let Some(trouble) = &index.trouble {
        line(&format!("goes wrong, {}: {}", ago(trouble.at), trouble.message));
    }
    if let Some(problem) = &index.problem {
        line(problem);
    }
    text
}

/// How far something has come.
pub(super) fn rows(rows: Option<SearchRows>) -> String {
    match rows {
        None => "the process that writes it is waited for".to_owned(),
        Some(SearchRows { done, of }) => format!("{done} of {}", count(of.max(done), "row")),
    }
}

fn size(index: &SearchedIndex) -> String {
    let documents = index.documents.map(|documents| count(documents, "document"));
    let rows = index.rows.map(|rows| count(rows, "row"));
    let parts: Vec<String> =
        documents.into_iter().chain(rows).chain(index.bytes.filter(|bytes| *bytes > 0).map(bytes)).collect();
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
}

fn since(index: &SearchedIndex) -> String {
    index.level_at.map(|at| format!(", level {}", ago(at))).unwrap_or_default()
}

/// How long ago a moment is, in milliseconds since 1970.
fn ago(at: i64) -> String {
    let at = UNIX_EPOCH + Duration::from_millis(at.try_into().unwrap_or_default());
    let seconds = SystemTime::now().duration_since(at).unwrap_or_default().as_secs();
    match seconds {
        0..120 => format!("{seconds} s ago"),
        120..7_200 => format!("{} min ago", seconds / 60),
        7_200..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

fn count(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn bytes(bytes: u64) -> String {
    let (mut size, mut units) = (bytes, ["bytes", "KiB", "MiB", "GiB"].into_iter());
    let mut unit = units.next().unwrap_or_default();
    for next in units {
        if size < 10_240 {
            break;
        }
        size /= 1_024;
        unit = next;
    }
    format!("{size} {unit}")
}

#[cfg(test)]
mod tests {
    use cell_manifest::{SearchCompared, SearchRows, SearchState, SearchedIndex, SetAside, SetAsideRow};
    use expect_test::expect;

    use crate::output::Style;

    fn ready() -> SearchedIndex {
        SearchedIndex {
            database: "shop".to_owned(),
            index: "products".to_owned(),
            table: "products".to_owned(),
            state: SearchState::Ready,
            written: true,
            asked: false,
            building: None,
            documents: Some(1),
            rows: Some(20_000),
            bytes: Some(9_000_000),
            behind: Some(0),
            level_at: None,
            set_aside: SetAside::default(),
            trouble: None,
            compared: None,
            problem: None,
        }
    }

    #[test]
    fn an_index_is_told_in_a_few_lines() {
        let row = |at: u32| SetAsideRow { key: at.to_string(), error: "no time".to_owned() };
        let set_aside = SetAside { count: 120, rows: (0..100).map(row).collect() };
        let compared =
            SearchCompared { rows: 9, documents: 9, differing: 2, keys: vec!["7".to_owned(), "9".to_owned()] };
        let building = Some(SearchRows { done: 512, of: 20_000 });
        let text = |index: &SearchedIndex| super::index(index, Style::Plain);
        expect![[r#"
            shop.products: 1 document, 20000 rows, 8789 KiB
              level with its table
              a process writes it
            shop.products: 1 document, 20000 rows, 8789 KiB
              behind by 3 changes
              being built: 512 of 20000 rows
              no process writes it
              compared: 2 keys differ:
                7
                9
        "#]]
        .assert_eq(
            &[
                text(&ready()),
                text(&SearchedIndex { building, behind: Some(3), written: false, compared: Some(compared), ..ready() }),
            ]
            .concat(),
        );
        let aside = text(&SearchedIndex { set_aside, ..ready() });
        assert!(aside.contains("  120 rows set aside, and not found until changed:\n    0: no time\n"), "{aside}");
        assert!(aside.ends_with("    9: no time\n    and 110 more\n"), "{aside}");
    }
}
