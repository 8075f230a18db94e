//! The crate for SeaORM: an entity in a module of its own, as its command writes them.

use std::fmt::Write as _;

use super::{Library, TABLES, fields, limit};

pub(super) const LIBRARY: Library = Library {
    name: "seaorm",
    manifest: r#"sea-orm = { version = "2.0", features = ["runtime-tokio", "sqlx-postgres", "sqlx-sqlite"] }"#,
    source,
};

fn source(edits: usize) -> String {
    let mut text = String::new();
    for at in 0..TABLES {
        let (fields, limit) = (fields("        ", "DateTimeUtc"), limit(at, edits));
        let _ = write!(
            text,
            "
pub mod item{at} {{
    use sea_orm::entity::prelude::*;
    use sea_orm::{{QueryOrder as _, QuerySelect as _}};

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = \"item{at}\")]
    pub struct Model {{
        #[sea_orm(primary_key)]
        pub id: i64,
{fields}    }}

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {{}}

    impl ActiveModelBehavior for ActiveModel {{}}

    pub async fn query(db: &DatabaseConnection, owner: i64) -> Result<Vec<Model>, DbErr> {{
        let found = Entity::find().filter(Column::OwnerId.eq(owner)).filter(Column::Stock.gt(5));
        found.order_by_asc(Column::Name).limit({limit}).all(db).await
    }}
}}
"
        );
    }
    text
}
