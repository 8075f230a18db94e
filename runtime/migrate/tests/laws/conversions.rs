//! A value that is not there is not there in any other type either: every conversion that there is, on both engines.

use cell_schema::dialect::quote;
use cell_schema::hints::Hints;
use cell_schema::history::{next, seal};

use crate::change::consented;
use crate::draw::types;
use crate::support::{applied, nullable, places, run, schema, table, texts};

#[tokio::test]
async fn nothing_stays_nothing_in_every_type() {
    let mut before = schema(vec![table("t", Vec::new())]);
    let mut after = before.clone();
    let types = types();
    for (at, from) in types.iter().enumerate() {
        for (to, into) in types.iter().enumerate().filter(|(to, _)| *to != at) {
            let name = format!("c{at}_{to}");
            let pair = [from, into].map(|ty| schema(vec![table("t", vec![nullable(&name, ty.clone())])]));
            // What no engine converts is refused.
            if consented(&pair[0], &pair[1], Hints::default()).is_ok() {
                before.tables[0].columns.push(nullable(&name, from.clone()));
                after.tables[0].columns.push(nullable(&name, into.clone()));
            }
        }
    }
    assert!(after.tables[0].columns.len() > 140, "{}", after.tables[0].columns.len());
    let (hints, _) = consented(&before, &after, Hints::default()).expect("a plan");
    let first = next(None, &before, &Hints::default()).expect("a history");
    let second = next(Some(&seal(&first)), &after, &hints).expect("a history");
    for place in places().await {
        applied(&place.target, &first).await.unwrap();
        run(&place.target, "INSERT INTO t DEFAULT VALUES").await;
        applied(&place.target, &second).await.unwrap();
        for column in &after.tables[0].columns[1..] {
            let name = quote(place.target.engine(), &column.name);
            let found = texts(&place.target, &format!("SELECT CAST(count({name}) AS text) FROM t")).await;
            assert_eq!(found, ["0"], "{}: {}", place.target.engine().name(), column.name);
        }
    }
}
