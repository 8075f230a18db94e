//! Changes the nodes of a topology's file, and nothing else in it: comments, order and spaces stay. In: the file's text.
//! Out: the next text. Absent: what a topology means (`cell_codegen::topology`).

use std::fs;
use std::io::Write as _;

use toml_edit::{DocumentMut, Item, Table, value};

use super::Place;
use crate::stop::{Mistake, Stop};

/// A node as it is to stand there.
pub(crate) struct NodeEntry<'a> {
    pub(crate) name: &'a str,
    pub(crate) region: &'a str,
    pub(crate) address: &'a str,
    pub(crate) key: &'a str,
    pub(crate) http: &'a str,
}

/// Changes a topology's file, as a whole or not at all.
///
/// # Errors
/// The file cannot be read or written, or the change cannot be made.
pub(crate) fn edit(place: &Place, change: impl FnOnce(&str) -> Result<String, Mistake>) -> Result<(), Stop> {
    let path = place.root.join(place.topology());
    let text = fs::read_to_string(&path).map_err(|error| Mistake::file("read", &path, &error))?;
    let next = change(&text)?;
    let folder = path.parent().unwrap_or(&place.root);
    let written = (|| {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(next.as_bytes())?;
        file.as_file().sync_all()?;
        file.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
        file.persist(&path).map(drop).map_err(|error| error.error)
    })();
    written.map_err(|error| Mistake::file("write", &path, &error).into())
}

/// The text with a node, in place of one of its name.
///
/// # Errors
/// The text is no TOML, or the name is none for a node.
pub(crate) fn with_node(text: &str, node: &NodeEntry<'_>) -> Result<String, Mistake> {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '-' | '_');
    if node.name.is_empty() || node.name.len() > 63 || !node.name.chars().all(fits) {
        return Err(Mistake::usage(format!("`{}` cannot name a node", node.name.escape_debug()))
            .help("use lower case letters, digits, `-` and `_`"));
    }
    let mut document = parse(text)?;
    let nodes = document.entry("nodes").or_insert_with(|| {
        let mut nodes = Table::new();
        // Only the nodes in it are shown, each under a heading of its own.
        nodes.set_implicit(true);
        Item::Table(nodes)
    });
    let nodes = nodes.as_table_like_mut().ok_or_else(|| Mistake::new("`nodes` of the topology is no table"))?;
    let mut entry = Table::new();
    entry.insert("region", value(node.region));
    entry.insert("address", value(node.address));
    entry.insert("key", value(node.key));
    entry.insert("http", value(node.http));
    nodes.insert(node.name, Item::Table(entry));
    Ok(document.to_string())
}

/// The text without a node.
///
/// # Errors
/// The text is no TOML, or has no such node.
pub(crate) fn without_node(text: &str, name: &str) -> Result<String, Mistake> {
    let mut document = parse(text)?;
    let removed = document.get_mut("nodes").and_then(Item::as_table_like_mut).and_then(|nodes| nodes.remove(name));
    if removed.is_none() {
        return Err(Mistake::usage(format!("the topology has no node `{}`", name.escape_debug())));
    }
    Ok(document.to_string())
}

fn parse(text: &str) -> Result<DocumentMut, Mistake> {
    text.parse().map_err(|error: toml_edit::TomlError| Mistake::new(format!("the topology is no TOML: {error}")))
}

#[cfg(test)]
mod tests {
    use super::{NodeEntry, with_node, without_node};

    #[test]
    fn a_node_comes_and_goes_and_the_rest_stays() {
        let text = "# ours\nformat = 1\n\n[regions.local] # near\n";
        let mut entry = NodeEntry {
            name: "one",
            region: "local",
            address: "127.0.0.1:7431",
            key: "cell1x",
            http: "127.0.0.1:8080",
        };
        let one = with_node(text, &entry).expect("a text");
        let wanted = format!(
            "{text}\n[nodes.one]\nregion = \"local\"\naddress = \"127.0.0.1:7431\"\nkey = \"cell1x\"\nhttp = \"127.0.0.1:8080\"\n"
        );
        assert_eq!(one, wanted);
        entry.address = "[::1]:7431";
        let moved = with_node(&one, &entry).expect("a text");
        assert_eq!(moved, wanted.replace("127.0.0.1:7431", "[::1]:7431"));
        assert_eq!(without_node(&moved, "one").expect("a text"), text);
        assert!(without_node(text, "one").is_err());
        entry.name = "No good";
        assert!(with_node(text, &entry).is_err());
    }
}
