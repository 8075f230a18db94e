//! What the macros emit, compiled and run: every kind of column, through the attributes that applications write.
#![cfg(feature = "sqlite")]
#![expect(missing_docs, reason = "each field is there for its type alone")]

use cell::db::Database as _;
use cell::prelude::*;
use serde::{Deserialize, Serialize};

#[Database::sqlite(file = "everything.db", pool = 2, timeouts(acquire = "5s"))]
pub struct Everything {
    pub rows: Table<Row>,
    pub notes: Table<Note>,
}

#[Database::table]
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    #[key(automatic)]
    pub id: RowId,
    pub small: i16,
    pub wide: u32,
    pub flag: bool,
    pub single: f32,
    pub double: f64,
    #[column(name = "select")]
    pub text: String,
    pub bytes: Vec<u8>,
    pub uuid: Uuid,
    pub instant: DateTime<Utc>,
    pub date: NaiveDate,
    pub time: NaiveTime,
    #[decimal(12, 2)]
    pub price: Option<Money>,
    pub document: Json<Document>,
    #[column(default = Kind::Plain)]
    pub r#type: Kind,
    #[generated(len(text))]
    pub length: i64,
    #[skip]
    pub seen: bool,
}

#[Database::value]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowId(i64);

#[Database::value]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Money(Decimal);

#[Database::enumeration]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    #[removed(to = Plain)]
    Ordinary,
    #[renamed_from = "sold_out"]
    OutOfPrint,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    pub title: String,
}

/// The row's own type for inserts is called otherwise, and its key has two columns.
#[Database::table(name = "remarks", new = Remark)]
#[key(row, position)]
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    pub row: RowId,
    pub position: i32,
    pub text: String,
}

const TABLES: &str = "
CREATE TABLE rows (
    id INTEGER PRIMARY KEY AUTOINCREMENT, small INTEGER NOT NULL, wide INTEGER NOT NULL, flag INTEGER NOT NULL,
    single REAL NOT NULL, double REAL NOT NULL, \"select\" TEXT NOT NULL, bytes BLOB NOT NULL, uuid BLOB NOT NULL,
    instant TEXT NOT NULL, date TEXT NOT NULL, time TEXT NOT NULL, price INTEGER, document TEXT NOT NULL,
    \"type\" TEXT NOT NULL DEFAULT 'plain', length INTEGER NOT NULL GENERATED ALWAYS AS (length(\"select\")) STORED
) STRICT;
CREATE TABLE remarks (
    \"row\" INTEGER NOT NULL, position INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (\"row\", position)
) STRICT;
";

async fn everything() -> Result<Everything> {
    let database = Everything::open_at("sqlite::memory:").await?;
    database.handle().script(TABLES).await?;
    Ok(database)
}

fn row() -> NewRow {
    NewRow {
        small: i16::MIN,
        wide: u32::MAX,
        flag: true,
        single: 0.5,
        double: -1.0e300,
        text: "größer".into(),
        bytes: vec![0, 255],
        uuid: Uuid::from_u128(7),
        instant: DateTime::from_timestamp_micros(1_700_000_000_000_001).unwrap_or_default(),
        date: NaiveDate::MIN.max(NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default()),
        time: NaiveTime::MIN,
        price: Some(Money(dec!(12.30))),
        document: Json(Document { title: "a".into() }),
        r#type: None,
    }
}

#[tokio::test]
async fn every_kind_of_column_goes_in_and_comes_back() -> Result<()> {
    let database = everything().await?;
    let inserted = database.rows.insert(row()).await?;
    assert_eq!(inserted.id, RowId(1));
    assert_eq!((inserted.r#type, inserted.length, inserted.seen), (Kind::Plain, 6, false));
    assert_eq!(database.rows.get(RowId(1)).await?, Some(inserted.clone()));
    assert_eq!(inserted.price, Some(Money(dec!(12.3))));

    let changed = Row { r#type: Kind::OutOfPrint, price: None, ..inserted };
    database.rows.update(&changed).await?;
    assert_eq!(
        database.rows.filter(|r| r.r#type.eq(Kind::OutOfPrint) & r.price.is_null()).first().await?,
        Some(changed)
    );
    Ok(())
}

#[tokio::test]
async fn a_newtype_is_compared_as_what_it_wraps() -> Result<()> {
    let database = everything().await?;
    database.rows.insert(row()).await?;
    assert_eq!(database.rows.filter(|r| r.price.gt(Money(dec!(12.29)))).count().await?, 1);
    assert_eq!(database.rows.filter(|r| r.price.gt(Money(dec!(12.30)))).count().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_removed_value_is_stored_as_the_one_in_its_place() -> Result<()> {
    let database = everything().await?;
    let inserted = database.rows.insert(NewRow { r#type: Some(Kind::Ordinary), ..row() }).await?;
    assert_eq!(inserted.r#type, Kind::Plain);
    Ok(())
}

#[tokio::test]
async fn a_renamed_value_is_read_under_its_earlier_name() -> Result<()> {
    let database = everything().await?;
    let inserted = database.rows.insert(row()).await?;
    // As the release before wrote it.
    database.handle().script("UPDATE rows SET type = 'sold_out'").await?;
    assert_eq!(database.rows.get(inserted.id).await?.map(|row| row.r#type), Some(Kind::OutOfPrint));
    // And is found under it, among those that have the new one.
    database.rows.insert(NewRow { r#type: Some(Kind::OutOfPrint), ..row() }).await?;
    database.rows.insert(NewRow { r#type: Some(Kind::Plain), ..row() }).await?;
    assert_eq!(database.rows.filter(|row| row.r#type.eq(Kind::OutOfPrint)).count().await?, 2);
    assert_eq!(database.rows.filter(|row| row.r#type.ne(Kind::OutOfPrint)).count().await?, 1);
    assert_eq!(database.rows.filter(|row| row.r#type.in_([Kind::OutOfPrint])).count().await?, 2);
    assert_eq!(database.rows.filter(|row| !row.r#type.in_([Kind::OutOfPrint])).count().await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_key_of_two_columns_is_a_tuple() -> Result<()> {
    let database = everything().await?;
    database.notes.insert(Remark { row: RowId(1), position: 2, text: "b".into() }).await?;
    assert_eq!(database.notes.name(), "remarks");
    assert_eq!(database.notes.get((RowId(1), 2)).await?.map(|note| note.text), Some("b".into()));
    assert!(database.notes.delete((RowId(1), 2)).await?);
    Ok(())
}

#[tokio::test]
async fn a_transaction_that_is_refused_leaves_nothing() -> Result<()> {
    let database = everything().await?;
    let refused: Result<()> = database
        .transaction(async |tx| {
            tx.rows.insert(row()).await?;
            tx.rows.insert(NewRow { text: "a\0b".into(), ..row() }).await?;
            Ok(())
        })
        .await;
    assert!(refused.is_err_and(|error| error.to_string().contains("U+0000")));
    assert_eq!(database.rows.count().await?, 0);
    Ok(())
}

#[test]
fn a_raw_name_is_a_plain_one_outside_of_rust() {
    use cell::message::{Definition, Message as _, Shapes};

    let mut shapes = Shapes::new();
    NewRow::shape(&mut shapes);
    let (_, definition) = shapes.definitions().find(|(name, _)| *name == "NewRow").expect("defined");
    let Definition::Struct(fields) = definition else { panic!("a struct") };
    assert_eq!(fields.last().map(|field| (field.name.as_str(), field.optional)), Some(("type", true)));
}

#[test]
fn a_row_and_what_inserts_it_are_messages() {
    let json = serde_json::to_value(row()).expect("JSON");
    assert_eq!(json["price"], "12.30");
    assert_eq!(json["type"], serde_json::Value::Null);
    let back: NewRow = serde_json::from_value(json).expect("a row");
    assert_eq!(back.text, "größer");
    assert_eq!(serde_json::to_value(Kind::OutOfPrint).expect("JSON"), "out_of_print");
}

/// More columns than any tuple of the runtime has.
#[Database::table]
#[derive(Clone, Debug, PartialEq)]
pub struct Wide {
    #[key]
    pub id: i64,
    pub c01: String,
    pub c02: Option<i32>,
    pub c03: i64,
    pub c04: String,
    pub c05: Option<i32>,
    pub c06: i64,
    pub c07: String,
    pub c08: Option<i32>,
    pub c09: i64,
    pub c10: String,
    pub c11: Option<i32>,
    pub c12: i64,
    pub c13: String,
    pub c14: Option<i32>,
    pub c15: i64,
    pub c16: String,
    pub c17: Option<i32>,
    pub c18: i64,
    pub c19: String,
    pub c20: Option<i32>,
    pub c21: i64,
    pub c22: String,
    pub c23: Option<i32>,
    pub c24: i64,
    pub c25: String,
    pub c26: Option<i32>,
    pub c27: i64,
    pub c28: String,
    pub c29: Option<i32>,
    pub c30: i64,
    pub c31: String,
    pub c32: Option<i32>,
    pub c33: i64,
    pub c34: String,
    pub c35: Option<i32>,
    pub c36: i64,
    pub c37: String,
    pub c38: Option<i32>,
    pub c39: i64,
}

#[Database::sqlite(file = "wide.db")]
pub struct Wides {
    pub wides: Table<Wide>,
}

#[tokio::test]
async fn a_row_of_many_columns_goes_in_and_comes_back_and_is_a_message() -> Result<()> {
    use cell::message::{Definition, Message as _, Shapes};

    let names: Vec<String> = (1..40).map(|at| format!("c{at:02}")).collect();
    let json: serde_json::Map<_, _> = (1..40)
        .map(|at| {
            (
                format!("c{at:02}"),
                match at % 3 {
                    0 => serde_json::json!(at),
                    1 => serde_json::json!(at.to_string()),
                    _ => serde_json::json!(null),
                },
            )
        })
        .collect();
    let new: NewWide = serde_json::from_value(json.clone().into())?;
    assert_eq!(serde_json::to_value(&new)?, serde_json::Value::Object(json.clone()));

    let wides = Wides::open_at("sqlite::memory:").await?;
    let types = ["INTEGER NOT NULL", "TEXT NOT NULL", "INTEGER"];
    let columns: Vec<String> = (1..40).map(|at| format!("c{at:02} {}", types[at % 3])).collect();
    wides
        .handle()
        .script(&format!("CREATE TABLE wides (id INTEGER PRIMARY KEY, {}) STRICT", columns.join(", ")))
        .await?;
    let row = wides.wides.insert(new).await?;
    assert_eq!(wides.wides.get(row.id).await?.as_ref(), Some(&row));
    wides.wides.update(&row).await?;
    let mut written = serde_json::to_value(&row)?;
    assert_eq!(serde_json::from_value::<Wide>(written.clone())?, row);
    written.as_object_mut().and_then(|object| object.remove("id")).expect("the key");
    assert_eq!(written, serde_json::Value::Object(json));

    let mut shapes = Shapes::new();
    Wide::shape(&mut shapes);
    let (_, definition) = shapes.definitions().find(|(name, _)| *name == "Wide").expect("defined");
    let Definition::Struct(fields) = definition else { panic!("a struct") };
    let described: Vec<_> = fields.iter().skip(1).map(|field| field.name.clone()).collect();
    assert_eq!(described, names);
    Ok(())
}
