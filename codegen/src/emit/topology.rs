//! The topology's first text, and the hash of what the manifest depends on in it. Absent: what regions mean; nodes, which
//! come and go without a new manifest.

use std::fmt;

use serde_json::Value;

/// The topology of an application that was never deployed.
pub(super) const LOCAL: &str = "\
# The regions this application may run in, and the round-trip times and prices between them.
# Edited by hand or by `cargo cell node`; a build never changes it.
format = 1

[regions.local]
";

/// Why a topology cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopologyError {
    /// What was found.
    pub message: String,
}

impl fmt::Display for TopologyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TopologyError {}

/// The hash of the regions, times and prices, in hex: of their values, not of spaces, comments or order.
pub(super) fn hash(bytes: &[u8]) -> Result<String, TopologyError> {
    let wrong = |message: String| TopologyError { message };
    let text = std::str::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
    let mut topology: Value =
        toml_edit::de::from_str(text).map_err(|error| wrong(error.to_string().trim().to_owned()))?;
    if let Some(topology) = topology.as_object_mut() {
        topology.remove("nodes");
    }
    let mut hasher = blake3::Hasher::new();
    feed(&topology, &mut hasher);
    Ok(hasher.finalize().to_hex().to_string())
}

/// Feeds a value so that different values feed different bytes, tables by key. (A `serde_json` map's own order depends on a
/// feature that any package of the build may turn on.)
fn feed(value: &Value, hasher: &mut blake3::Hasher) {
    match value {
        Value::Object(table) => {
            let mut keys: Vec<&String> = table.keys().collect();
            keys.sort_unstable();
            hasher.update(format!("{{{}:", keys.len()).as_bytes());
            for key in keys {
                feed(&Value::String(key.clone()), hasher);
                if let Some(value) = table.get(key) {
                    feed(value, hasher);
                }
            }
        }
        Value::Array(items) => {
            hasher.update(format!("[{}:", items.len()).as_bytes());
            for item in items {
                feed(item, hasher);
            }
        }
        Value::String(text) => {
            hasher.update(format!("\"{}:{text}", text.len()).as_bytes());
        }
        // Null, booleans and numbers print without ambiguity.
        plain => {
            hasher.update(format!("{plain};").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LOCAL, hash};

    #[test]
    fn comments_order_and_nodes_do_not_change_the_hash() {
        let first = hash(b"format = 1\n[regions.a]\n[regions.b]\nx = 1\n");
        let second =
            hash(b"# said otherwise\nformat = 1\nregions = { b = { x = 1 }, a = {} }\n[nodes.n]\nregion = 'a'\n");
        assert!(first.is_ok());
        assert_eq!(first, second);
        assert_ne!(first, hash(LOCAL.as_bytes()));
    }

    #[test]
    fn what_is_no_toml_is_refused() {
        assert!(hash(b"regions = [").is_err());
        assert!(hash(&[0xff]).is_err());
    }
}
