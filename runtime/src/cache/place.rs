//! Where something can change: a row, a table, a database. In: the tables of a database; keys, as they are asked for and as the feed has
//! them. Out: places of [`super::versions::Versions`]. Rows share places: then one falls with another, which only costs computing again.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use serde_json::Value as Json;

use crate::db::{ColumnInfo, Type, Value};

/// Everything.
pub(super) const ALL: u32 = 0;
/// Anything.
pub(super) const ANY: u32 = 1;
/// Behind these are two of each table.
const TABLES: u32 = 2;
/// So many places rows have: half a megabyte.
const ROWS: u32 = 1 << 16;

/// The places of a database.
pub(super) struct Places {
    tables: HashMap<&'static str, u32>,
    hashes: RandomState,
}

impl Places {
    pub(super) fn new(tables: impl Iterator<Item = &'static str>) -> Self {
        Self { tables: tables.zip(0..).collect(), hashes: RandomState::new() }
    }

    /// The tables, in any order.
    pub(super) fn tables(&self) -> impl Iterator<Item = &'static str> {
        self.tables.keys().copied()
    }

    pub(super) fn count(&self) -> usize {
        (self.rows() + ROWS) as usize
    }

    fn rows(&self) -> u32 {
        TABLES + 2 * u32::try_from(self.tables.len()).unwrap_or_default()
    }

    /// Where any row of a table changes.
    pub(super) fn table(&self, table: &str) -> Option<u32> {
        self.tables.get(table).map(|number| TABLES + 2 * number)
    }

    /// Where one row changes: by its own key, or with all of its table. Nothing where the key may be written in several ways.
    pub(super) fn row(&self, table: &str, columns: &[&ColumnInfo], key: &[Value<'_>]) -> Option<[u32; 2]> {
        let table = self.table(table)?;
        let mut hasher = self.hashes.build_hasher();
        hasher.write_u32(table);
        if columns.len() != key.len() {
            return None;
        }
        for (column, value) in columns.iter().zip(key) {
            if !column.earlier.is_empty() {
                return None;
            }
            match (column.ty, value) {
                (Type::I16 | Type::I32 | Type::I64 | Type::U16 | Type::U32, Value::Int(number)) => {
                    number_of(*number, &mut hasher)
                }
                (Type::Bool, Value::Bool(is)) => number_of(i64::from(*is), &mut hasher),
                (Type::Text, Value::Text(text)) => text_of(text, &mut hasher),
                (Type::Uuid, Value::Uuid(uuid)) => {
                    text_of(uuid.simple().encode_lower(&mut uuid::Uuid::encode_buffer()), &mut hasher)
                }
                _ => return None,
            }
        }
        Some([table + 1, self.row_place(&hasher)])
    }

    /// Where a line of the feed says that something changed. Nothing where it is of a table that is not known.
    pub(super) fn changed(&self, table: &str, key: Option<&str>) -> Option<Vec<u32>> {
        let table = self.table(table)?;
        let parts: Option<Vec<Json>> = key.and_then(|key| serde_json::from_str(key).ok());
        // Any row.
        let Some(parts) = parts else { return Some(vec![table, table + 1]) };
        let mut hasher = self.hashes.build_hasher();
        hasher.write_u32(table);
        for part in &parts {
            match part {
                Json::Number(number) => number.as_i64().map(|number| number_of(number, &mut hasher))?,
                Json::Bool(is) => number_of(i64::from(*is), &mut hasher),
                Json::String(text) => text_of(text, &mut hasher),
                // No row with such a key is asked for by it.
                Json::Null | Json::Array(_) | Json::Object(_) => {}
            }
        }
        Some(vec![table, self.row_place(&hasher)])
    }

    fn row_place(&self, hasher: &impl Hasher) -> u32 {
        let hash = hasher.finish();
        // The upper bits are as good as the lower ones, and fit.
        self.rows() + u32::try_from(hash >> 48).unwrap_or_default() % ROWS
    }
}

fn number_of(number: i64, hasher: &mut impl Hasher) {
    hasher.write_u8(0);
    hasher.write_i64(number);
}

/// Engines write UUIDs in several ways: of what may be one, hyphens and cases do not count.
fn text_of(text: &str, hasher: &mut impl Hasher) {
    hasher.write_u8(1);
    if text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
        text.bytes().filter(|byte| *byte != b'-').for_each(|byte| hasher.write_u8(byte.to_ascii_lowercase()));
    } else {
        hasher.write(text.as_bytes());
    }
    hasher.write_u8(0xff);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places::new(["orders", "products"].into_iter())
    }

    #[test]
    fn a_row_falls_with_its_key_however_engines_write_it() {
        let places = places();
        let uuid = uuid::Uuid::parse_str("67e55044-10b1-426f-9247-bb680e5fe0c8").expect("a UUID");
        let cases: &[(&[ColumnInfo], Vec<Value<'_>>, &[&str])] = &[
            (&[ColumnInfo::of::<i64>("id")], vec![Value::Int(-7)], &["[-7]", "[ -7 ]"]),
            (&[ColumnInfo::of::<bool>("id")], vec![Value::Bool(true)], &["[true]", "[1]"]),
            (
                &[ColumnInfo::of::<String>("name")],
                vec![Value::Text("é\"b".into())],
                &["[\"é\\\"b\"]", "[\"\\u00e9\\\"b\"]"],
            ),
            (
                &[ColumnInfo::of::<uuid::Uuid>("id")],
                vec![Value::Uuid(uuid)],
                &["[\"67e55044-10b1-426f-9247-bb680e5fe0c8\"]", "[\"67E5504410B1426F9247BB680E5FE0C8\"]"],
            ),
            (
                &[ColumnInfo::of::<String>("name"), ColumnInfo::of::<i32>("at")],
                vec![Value::Text("a".into()), Value::Int(3)],
                &["[\"a\",3]"],
            ),
        ];
        for (columns, key, lines) in cases {
            let columns: Vec<&ColumnInfo> = columns.iter().collect();
            let [reset, row] = places.row("products", &columns, key).expect("a row's places");
            for line in *lines {
                assert_eq!(
                    places.changed("products", Some(line)),
                    Some(vec![places.table("products").expect("a table"), row]),
                    "{line}"
                );
            }
            assert!(places.changed("products", None).expect("places").contains(&reset));
            assert!(!places.changed("orders", Some(lines[0])).expect("places").contains(&row), "another table");
        }
    }

    #[test]
    fn what_can_be_written_in_several_ways_falls_with_its_table() {
        let places = places();
        let column = ColumnInfo::of::<chrono::NaiveDate>("day");
        let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 2).expect("a day");
        assert_eq!(places.row("products", &[&column], &[Value::Date(day)]), None);
        assert_eq!(places.row("nothing", &[], &[]), None);
        assert_eq!(places.changed("nothing", Some("[1]")), None);
    }
}
