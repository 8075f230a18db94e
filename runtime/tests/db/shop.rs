//! A database by hand, as `#[Database::sqlite(file = "shop.db")]`, `#[Database::table]`, `#[Database::enumeration]` and
//! `#[Database::value]` expand: one file because it is one application, seen as the compiler sees it.

#![allow(dead_code, unreachable_pub, reason = "the macros emit what an application may use, as visible as its struct")]

use cell::db::{self, DataError, Json, Table, Tx, dec};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `#[Database::enumeration]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    Book,
    Tool,
}

const _: () = {
    impl ::cell::db::Field for Category {
        const TYPE: ::cell::db::Type = ::cell::db::Type::Text;

        fn value(&self) -> ::cell::db::Value<'_> {
            ::cell::db::Value::Text(::std::borrow::Cow::Borrowed(match self {
                Self::Book => "book",
                Self::Tool => "tool",
            }))
        }

        fn read(slot: &::cell::db::Slot<'_>) -> ::core::result::Result<Self, ::cell::db::Unreadable> {
            slot.enumeration(|text| match text {
                "book" => Some(Self::Book),
                "tool" => Some(Self::Tool),
                _ => None,
            })
        }
    }

    impl ::cell::db::Scalar for Category {}
};

/// `#[Database::value]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code(pub String);

const _: () = {
    impl ::cell::db::Field for Code {
        const TYPE: ::cell::db::Type = <String as ::cell::db::Field>::TYPE;

        fn value(&self) -> ::cell::db::Value<'_> {
            ::cell::db::Field::value(&self.0)
        }

        fn read(slot: &::cell::db::Slot<'_>) -> ::core::result::Result<Self, ::cell::db::Unreadable> {
            <String as ::cell::db::Field>::read(slot).map(Self)
        }
    }

    impl ::cell::db::Newtype for Code {
        type Inner = String;
    }
};

/// `#[Database::table]`
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// `#[key]`
    pub id: i64,
    /// `#[unique]`
    pub sku: String,
    /// `#[column(max_len = 20)]`
    pub name: String,
    pub category: Category,
    /// `#[decimal(12, 2)] #[check(price >= 0)]`
    pub price: Decimal,
    /// `#[column(default = 0)]`
    pub stock: i32,
    pub note: Option<String>,
    /// `#[column(default = now)]`
    pub created_at: DateTime<Utc>,
    /// `#[generated(concat(sku, name))]`
    pub label: String,
}

/// Emitted.
#[derive(Clone, Debug)]
pub struct NewProduct {
    pub sku: String,
    pub name: String,
    pub category: Category,
    pub price: Decimal,
    pub stock: Option<i32>,
    pub note: Option<String>,
    pub created_at: Option<DateTime<Utc>>,
}

const _: () = {
    pub struct ProductColumns {
        pub id: ::cell::db::Column<Product, i64>,
        pub sku: ::cell::db::Column<Product, String>,
        pub name: ::cell::db::Column<Product, String>,
        pub category: ::cell::db::Column<Product, Category>,
        pub price: ::cell::db::Column<Product, Decimal>,
        pub stock: ::cell::db::Column<Product, i32>,
        pub note: ::cell::db::Column<Product, Option<String>>,
        pub created_at: ::cell::db::Column<Product, DateTime<Utc>>,
        pub label: ::cell::db::Column<Product, String>,
    }

    impl ::cell::db::Model for Product {
        type Columns = ProductColumns;
        type Key = i64;
        type New = NewProduct;

        const STRUCT: &'static str = "Product";
        const NAME: ::core::option::Option<&'static str> = None;
        const INFO: &'static [::cell::db::ColumnInfo] = &[
            ::cell::db::ColumnInfo::of::<i64>("id").automatic(),
            ::cell::db::ColumnInfo::of::<String>("sku"),
            ::cell::db::ColumnInfo::of::<String>("name"),
            ::cell::db::ColumnInfo::of::<Category>("category"),
            ::cell::db::ColumnInfo::of::<Decimal>("price").decimal(12, 2),
            ::cell::db::ColumnInfo::of::<i32>("stock").defaulted(),
            ::cell::db::ColumnInfo::of::<Option<String>>("note"),
            ::cell::db::ColumnInfo::of::<DateTime<Utc>>("created_at").defaulted(),
            ::cell::db::ColumnInfo::of::<String>("label").generated(),
        ];
        const KEY: &'static [usize] = &[0];
        const COLUMNS: &'static ProductColumns = &ProductColumns {
            id: ::cell::db::Column::new(&<Product as ::cell::db::Model>::INFO[0]),
            sku: ::cell::db::Column::new(&<Product as ::cell::db::Model>::INFO[1]),
            name: ::cell::db::Column::new(&<Product as ::cell::db::Model>::INFO[2]),
            category: ::cell::db::Column::new(&<Product as ::cell::db::Model>::INFO[3]),
            price: ::cell::db::Column::new(&<Product as ::cell::db::Model>::INFO[4]),
            stock: ::cell::db::Column::new(&<Product as ::cell::db::Model>::INFO[5]),
            note: ::cell::db::Column::new(&<Product as ::cell::db::Model>::INFO[6]),
            created_at: ::cell::db::Column::new(&<Product as ::cell::db::Model>::INFO[7]),
            label: ::cell::db::Column::new(&<Product as ::cell::db::Model>::INFO[8]),
        };

        fn key(&self) -> Self::Key {
            ::core::clone::Clone::clone(&self.id)
        }

        fn bind(&self, values: &mut ::cell::db::Binder) {
            values.push(&self.id);
            values.push(&self.sku);
            values.push(&self.name);
            values.push(&self.category);
            values.push(&self.price);
            values.push(&self.stock);
            values.push(&self.note);
            values.push(&self.created_at);
            values.push(&self.label);
        }

        fn read(row: &mut ::cell::db::Reader<'_>) -> ::core::result::Result<Self, ::cell::db::DataError> {
            Ok(Self {
                id: row.read()?,
                sku: row.read()?,
                name: row.read()?,
                category: row.read()?,
                price: row.read()?,
                stock: row.read()?,
                note: row.read()?,
                created_at: row.read()?,
                label: row.read()?,
            })
        }
    }

    impl ::cell::db::New for NewProduct {
        type Model = Product;

        fn bind(&self, values: &mut ::cell::db::NewBinder) {
            values.skip();
            values.push(&self.sku);
            values.push(&self.name);
            values.push(&self.category);
            values.push(&self.price);
            values.optional(&self.stock);
            values.push(&self.note);
            values.optional(&self.created_at);
            values.skip();
        }
    }
};

/// The impls of a table without defaults, automatic or generated columns, whose type for inserts is itself.
macro_rules! table {
    ($row:ident, $columns:ident, key $key:ty = ($($key_field:ident),+) at [$($key_at:literal),+],
        $($field:ident: $ty:ty $(=> $decimal:ident($p:literal, $s:literal))?),+ $(,)?) => {
        pub struct $columns {
            $(pub $field: db::Column<$row, $ty>,)+
        }

        impl db::Model for $row {
            type Columns = $columns;
            type Key = $key;
            type New = $row;

            const STRUCT: &'static str = stringify!($row);
            const NAME: Option<&'static str> = None;
            const INFO: &'static [db::ColumnInfo] =
                &[$(db::ColumnInfo::of::<$ty>(stringify!($field))$(.$decimal($p, $s))?),+];
            const KEY: &'static [usize] = &[$($key_at),+];
            const COLUMNS: &'static $columns = {
                let mut at = 0;
                $(
                    let $field = db::Column::new(&<$row as db::Model>::INFO[at]);
                    at += 1;
                )+
                let _ = at;
                &$columns { $($field),+ }
            };

            #[allow(unused_parens, reason = "a key of one column is no tuple")]
            fn key(&self) -> Self::Key {
                ($(self.$key_field.clone()),+)
            }

            fn bind(&self, values: &mut db::Binder) {
                $(values.push(&self.$field);)+
            }

            fn read(row: &mut db::Reader<'_>) -> Result<Self, DataError> {
                Ok(Self { $($field: row.read()?),+ })
            }
        }

        impl db::New for $row {
            type Model = $row;

            fn bind(&self, values: &mut db::NewBinder) {
                $(values.push(&self.$field);)+
            }
        }
    };
}

#[derive(Clone, Debug, PartialEq)]
pub struct Customer {
    pub code: Code,
    pub name: String,
}

table! { Customer, CustomerColumns, key Code = (code) at [0], code: Code, name: String }

/// A composite key, and a reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub customer: Code,
    pub number: i32,
    pub total: Decimal,
    pub placed: NaiveDate,
}

table! { Order, OrderColumns, key (Code, i32) = (customer, number) at [0, 1],
customer: Code, number: i32, total: Decimal => decimal(18, 4), placed: NaiveDate }

/// Nothing but a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    pub product: i64,
    pub tag: String,
}

table! { Tag, TagColumns, key (i64, String) = (product, tag) at [0, 1], product: i64, tag: String }

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    pub title: String,
    pub pages: Vec<u32>,
}

/// Every type, with a value and perhaps without.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub id: i32,
    pub small: i16,
    pub large: i64,
    pub small_unsigned: u16,
    pub unsigned: u32,
    pub flag: bool,
    pub single: f32,
    pub double: f64,
    pub text: String,
    pub bytes: Vec<u8>,
    pub uuid: Uuid,
    pub instant: DateTime<Utc>,
    pub date: NaiveDate,
    pub time: NaiveTime,
    pub exact: Decimal,
    pub document: Json<Document>,
    pub maybe_large: Option<i64>,
    pub maybe_flag: Option<bool>,
    pub maybe_double: Option<f64>,
    pub maybe_text: Option<String>,
    pub maybe_bytes: Option<Vec<u8>>,
    pub maybe_uuid: Option<Uuid>,
    pub maybe_instant: Option<DateTime<Utc>>,
    pub maybe_exact: Option<Decimal>,
    pub maybe_document: Option<Json<Document>>,
    pub maybe_category: Option<Category>,
}

table! { Sample, SampleColumns, key i32 = (id) at [0],
id: i32, small: i16, large: i64, small_unsigned: u16, unsigned: u32, flag: bool, single: f32, double: f64, text: String,
bytes: Vec<u8>, uuid: Uuid, instant: DateTime<Utc>, date: NaiveDate, time: NaiveTime, exact: Decimal => decimal(18, 6),
document: Json<Document>, maybe_large: Option<i64>, maybe_flag: Option<bool>, maybe_double: Option<f64>,
maybe_text: Option<String>, maybe_bytes: Option<Vec<u8>>, maybe_uuid: Option<Uuid>, maybe_instant: Option<DateTime<Utc>>,
maybe_exact: Option<Decimal> => decimal(18, 6), maybe_document: Option<Json<Document>>, maybe_category: Option<Category> }

impl Sample {
    /// One with nothing in it.
    pub fn plain(id: i32) -> Self {
        Self {
            id,
            small: 0,
            large: 0,
            small_unsigned: 0,
            unsigned: 0,
            flag: false,
            single: 0.0,
            double: 0.0,
            text: String::new(),
            bytes: Vec::new(),
            uuid: Uuid::nil(),
            instant: DateTime::UNIX_EPOCH,
            date: NaiveDate::default(),
            time: NaiveTime::default(),
            exact: dec!(0.000000),
            document: Json::default(),
            maybe_large: None,
            maybe_flag: None,
            maybe_double: None,
            maybe_text: None,
            maybe_bytes: None,
            maybe_uuid: None,
            maybe_instant: None,
            maybe_exact: None,
            maybe_document: None,
            maybe_category: None,
        }
    }
}

/// `#[Database::sqlite(file = "shop.db")]`
#[derive(Clone)]
pub struct Shop {
    pub products: Table<Product>,
    pub customers: Table<Customer>,
    pub orders: Table<Order>,
    pub tags: Table<Tag>,
    pub samples: Table<Sample>,
    __cell: ::cell::db::Handle,
}

const _: () = {
    impl ::cell::db::Database for Shop {
        const INFO: &'static ::cell::db::DatabaseInfo = &::cell::db::DatabaseInfo {
            name: "shop",
            engine: ::cell::db::EngineInfo::Sqlite { file: "shop.db" },
            pool: None,
            statements: None,
            slow: None,
            timeouts: ::cell::db::Timeouts::DEFAULT,
            tables: &[],
        };

        fn handle(&self) -> &::cell::db::Handle {
            &self.__cell
        }

        fn rebind(handle: ::cell::db::Handle) -> Self {
            Self {
                products: ::cell::db::Table::new(&handle, "products"),
                customers: ::cell::db::Table::new(&handle, "customers"),
                orders: ::cell::db::Table::new(&handle, "orders"),
                tags: ::cell::db::Table::new(&handle, "tags"),
                samples: ::cell::db::Table::new(&handle, "samples"),
                __cell: handle,
            }
        }
    }

    impl ::cell::db::Has<Product> for Shop {
        fn table(&self) -> &::cell::db::Table<Product> {
            &self.products
        }
    }
};

impl Shop {
    pub async fn open_at(url: &str) -> Result<Self, DataError> {
        db::open_at(url).await
    }

    pub async fn transaction<T>(
        &self,
        work: impl AsyncFnOnce(&Tx<Self>) -> cell::Result<T> + Clone,
    ) -> cell::Result<T> {
        db::transaction(self, work).await
    }

    pub async fn try_transaction<T, E: From<DataError>>(
        &self,
        work: impl AsyncFnOnce(&Tx<Self>) -> Result<T, E> + Clone,
    ) -> Result<T, E> {
        db::try_transaction(self, work).await
    }

    pub async fn close(&self) {
        db::Database::handle(self).close().await;
    }
}

pub fn product(sku: &str, price: Decimal) -> NewProduct {
    NewProduct {
        sku: sku.into(),
        name: sku.to_uppercase(),
        category: Category::Book,
        price,
        stock: None,
        note: None,
        created_at: None,
    }
}

pub fn customer(code: &str) -> Customer {
    Customer { code: Code(code.into()), name: code.to_uppercase() }
}

pub fn order(customer: &str, number: i32) -> Order {
    let placed = NaiveDate::default();
    Order { customer: Code(customer.into()), number, total: dec!(10.0000), placed }
}
