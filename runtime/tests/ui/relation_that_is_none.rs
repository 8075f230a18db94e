//! Relations that are not there, and rows that have none.
use cell::prelude::*;

#[Database::sqlite(file = "shop.db")]
pub struct Shop {
    pub customers: Table<Customer>,
    pub orders: Table<Order>,
    pub notes: Table<Note>,
}

#[Database::table]
#[derive(Clone)]
pub struct Customer {
    #[key]
    pub id: i64,
}

#[Database::table]
#[many(notes: Note)]
pub struct Order {
    #[key]
    pub id: i64,
    #[references(Customer)]
    pub customer: i64,
}

#[Database::table]
pub struct Note {
    #[key]
    pub id: i64,
    pub text: String,
}

async fn wrong(shop: &Shop, note: Note) -> Result<()> {
    shop.orders.with(|o| o.custmer).all().await?;
    shop.orders.with(|o| o.id).all().await?;
    shop.notes.with(|n| n.order).all().await?;
    note.order(shop).await?;
    Ok(())
}

fn main() {}
