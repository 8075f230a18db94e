//! The hash of what the manifest depends on in a topology. In: its text. Out: hex. Absent: nodes, which come and go without
//! a new manifest; what the fields mean.

use serde_json::Value;

/// The hash of the regions, times and prices, in hex: of their values, not of spaces, comments or order. `None` where the
/// text is no TOML.
pub(super) fn of(text: &str) -> Option<String> {
    let mut topology: Value = toml_edit::de::from_str(text).ok()?;
    if let Some(topology) = topology.as_object_mut() {
        topology.remove("nodes");
    }
    let mut hasher = blake3::Hasher::new();
    feed(&topology, &mut hasher);
    Some(hasher.finalize().to_hex().to_string())
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
    use super::of;

    #[test]
    fn comments_order_and_nodes_do_not_change_the_hash() {
        let first = of("format = 1\n[regions.a]\n[regions.b]\nx = 1\n");
        let second = of("# said otherwise\nformat = 1\nregions = { b = { x = 1 }, a = {} }\n[nodes.n]\nregion = 'a'\n");
        assert!(first.is_some());
        assert_eq!(first, second);
        assert_ne!(first, of("format = 1\n[regions.a]\n"));
        assert_eq!(of("regions = ["), None);
    }
}
