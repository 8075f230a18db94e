//! The tables as Diesel's users declare them. In: for each engine, the types of a price and of an instant. Out: a schema, and the
//! structs of rows that are read and written. Absent: an instant and a decimal on SQLite: the columns there are a fixed text, which
//! Diesel's own type for an instant would write in another form, and a scaled integer; it has no decimals there.

macro_rules! tables {
    ($backend:ty, ($price_sql:ident, $price:ty), ($instant_sql:ident, $instant:ty)) => {
        diesel::table! {
            owners (id) {
                id -> BigInt,
                name -> Text,
            }
        }

        diesel::table! {
            items (id) {
                id -> BigInt,
                owner -> BigInt,
                sku -> Text,
                name -> Text,
                price -> $price_sql,
                stock -> Integer,
                seen_at -> $instant_sql,
                note -> Nullable<Text>,
            }
        }

        diesel::joinable!(items -> owners (owner));
        diesel::allow_tables_to_appear_in_same_query!(items, owners);

        #[derive(diesel::Queryable, diesel::Selectable, diesel::Identifiable)]
        #[diesel(table_name = owners, check_for_backend($backend))]
        pub struct Owner {
            pub id: i64,
            pub name: String,
        }

        #[derive(diesel::Queryable, diesel::Selectable, diesel::Identifiable, diesel::Associations)]
        #[diesel(table_name = items, belongs_to(Owner, foreign_key = owner), check_for_backend($backend))]
        pub struct Item {
            pub id: i64,
            pub owner: i64,
            pub sku: String,
            pub name: String,
            pub price: $price,
            pub stock: i32,
            pub seen_at: $instant,
            pub note: Option<String>,
        }

        // Without these two, a row without a note would be added by a statement of its own, and an update would leave the note.
        #[derive(diesel::Insertable, diesel::AsChangeset)]
        #[diesel(table_name = items, treat_none_as_default_value = false, treat_none_as_null = true)]
        pub struct NewItem {
            pub owner: i64,
            pub sku: String,
            pub name: String,
            pub price: $price,
            pub stock: i32,
            pub seen_at: $instant,
            pub note: Option<String>,
        }
    };
}

pub(crate) use tables;
