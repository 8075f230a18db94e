//! The same random history of operations on SQLite, on PostgreSQL, on one with a replica and on a model in memory: every result is the same, errors too.
//! So many histories as the runner says, and the same at every run; `PROPTEST_CASES` plays so many others.

mod model;
mod operation;

use cell::Decimal;
use cell::db::{DataError, dec};
use chrono::NaiveDate;
use futures_util::future::BoxFuture;
use proptest::test_runner::{Config, TestCaseError, TestRng, TestRunner};

use crate::engines;
use crate::shop::{Code, Customer, Order, Shop};
use model::Model;
use operation::{Condition, Operation, Order as Sorted, Question, histories};

/// How many histories are played where nobody says.
const CASES: u32 = 150;

/// What an operation gave, as it is compared: `Err` as the error prints, since that names all that it knows.
pub(crate) type Outcome = Result<String, DataError>;

#[test]
fn a_history_has_the_same_results_on_both_engines_and_in_memory() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let fresh = runtime
        .block_on(async { [engines::sqlite_memory().await, engines::postgres().await, engines::replicated().await] });
    let shops = fresh.each_ref().map(|fresh| &fresh.shop);
    let config = Config { failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    let mut runner = if std::env::var_os("PROPTEST_CASES").is_some() {
        TestRunner::new(config)
    } else {
        let random = TestRng::deterministic_rng(config.rng_algorithm);
        TestRunner::new_with_rng(Config { cases: CASES, ..config }, random)
    };
    let law = |history: Vec<Operation>| {
        let mut model = Model::default();
        runtime.block_on(async {
            for shop in shops {
                shop.orders.query().delete().await.expect("no orders");
                shop.customers.query().delete().await.expect("no customers");
            }
            for (at, operation) in history.iter().enumerate() {
                let expected = model.play(operation);
                for shop in shops {
                    let found = play(shop, operation).await;
                    if found != expected {
                        let handle = cell::db::Database::handle(shop);
                        let replicas = handle.replicas().len();
                        let engine = handle.engine().name();
                        let reason = format!(
                            "{engine} with {replicas} replicas: operation {at}, {operation:?}\nfound    {found:?}\nexpected {expected:?}"
                        );
                        return Err(TestCaseError::fail(reason));
                    }
                }
            }
            Ok(())
        })
    };
    runner.run(&histories(), law).unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(engines::reads_at_replica(&fresh[2].shop));
}

fn shown(value: impl std::fmt::Debug) -> String {
    format!("{value:?}")
}

pub(crate) fn customer(code: &str, name: &str) -> Customer {
    Customer { code: Code(code.to_owned()), name: name.to_owned() }
}

pub(crate) fn order(customer: &str, number: i32, total: Decimal, placed: NaiveDate) -> Order {
    Order { customer: Code(customer.to_owned()), number, total, placed }
}

/// Plays an operation on a database.
fn play<'p>(shop: &'p Shop, operation: &'p Operation) -> BoxFuture<'p, Outcome> {
    Box::pin(async move {
        Ok(match operation {
            Operation::AddCustomer(row) => shown(shop.customers.insert(row.clone()).await?),
            Operation::PutCustomers(rows) => shown(shop.customers.upsert_many(rows.clone()).await?),
            Operation::UpdateCustomer(row) => shown(shop.customers.update(row).await?),
            Operation::RemoveCustomer(code) => shown(shop.customers.delete(&Code(code.clone())).await?),
            Operation::AddOrders(rows) => shown(shop.orders.insert_many(rows.clone()).await?),
            Operation::PutOrder(row) => shown(shop.orders.upsert(row).await?),
            Operation::UpdateOrder(row) => shown(shop.orders.update(row).await?),
            Operation::RemoveOrder(code, number) => shown(shop.orders.delete((&Code(code.clone()), *number)).await?),
            Operation::Charge(condition, more) => {
                shown(shop.orders.filter(|o| filter(o, condition)).update(|o| o.total.set(o.total + *more)).await?)
            }
            Operation::RemoveOrders(condition) => shown(shop.orders.filter(|o| filter(o, condition)).delete().await?),
            Operation::Ask(question) => ask(shop, question).await?,
            Operation::Transaction { operations, commit } => {
                let done = shop.try_transaction(async |tx| -> Result<String, DataError> {
                    let mut results = Vec::new();
                    for operation in operations {
                        results.push(play(tx, operation).await?);
                    }
                    if *commit { Ok(results.join("; ")) } else { Err(DataError::Closed) }
                });
                done.await?
            }
            Operation::Savepoint { operations } => {
                let done = shop.try_transaction(async |tx| -> Result<String, DataError> {
                    let inner = tx.savepoint(async |tx| -> Result<String, DataError> {
                        let mut results = Vec::new();
                        for operation in operations {
                            results.push(play(tx, operation).await?);
                        }
                        Ok(results.join("; "))
                    });
                    // What was in the savepoint is undone, and the transaction goes on.
                    let inner = inner.await;
                    Ok(format!("{inner:?}, then {}", tx.orders.count().await?))
                });
                done.await?
            }
        })
    })
}

fn filter(o: &'static crate::shop::OrderColumns, condition: &Condition) -> cell::db::Filter<Order> {
    match condition {
        Condition::Of(code) => o.customer.eq(Code(code.clone())),
        Condition::Above(total) => o.total.gt(*total),
        Condition::Between(from, to) => o.placed.between(*from, *to),
        Condition::Numbered(numbers) => o.number.in_(numbers.clone()),
        Condition::Before(code) => o.customer.lt(Code(code.clone())),
        Condition::Starts(text) => o.customer.starts_with(text.as_str()),
        Condition::Contains(text) => o.customer.contains(text.as_str()),
        Condition::Both(one, other) => filter(o, one) & filter(o, other),
        Condition::Either(one, other) => filter(o, one) | filter(o, other),
        Condition::Not(one) => !filter(o, one),
    }
}

async fn ask(shop: &Shop, question: &Question) -> Outcome {
    let rows = |condition: &Option<Condition>| match condition {
        Some(condition) => shop.orders.filter(|o| filter(o, condition)),
        None => shop.orders.query(),
    };
    Ok(match question {
        Question::Customers => shown(shop.customers.order_by(|c| (c.name.desc(), c.code.asc())).all().await?),
        Question::Get(code, number) => shown(shop.orders.get((&Code(code.clone()), *number)).await?),
        Question::List { condition, order, limit, offset } => {
            let query = rows(condition).limit(*limit).offset(*offset);
            shown(match order {
                Sorted::Key => query.order_by(|o| (o.customer.asc(), o.number.asc())).all().await?,
                Sorted::Total => query.order_by(|o| (o.total.desc(), o.customer.asc(), o.number.desc())).all().await?,
                Sorted::Placed => query.order_by(|o| (o.placed.asc(), o.customer.desc(), o.number.asc())).all().await?,
            })
        }
        Question::Pages { order, size } => {
            let (mut cursor, mut all) = (None, Vec::new());
            loop {
                let query = shop.orders.query();
                let query = match order {
                    Sorted::Key => query,
                    Sorted::Total => query.order_by(|o| o.total.desc()),
                    Sorted::Placed => query.order_by(|o| o.placed.asc()),
                };
                let page = query.after(cursor).page(*size).await?;
                all.extend(page.rows);
                match page.next {
                    // As a client gives it back.
                    Some(next) => cursor = Some(next.to_string().parse().expect("a cursor")),
                    None => break shown(all),
                }
            }
        }
        Question::Totals(condition) => {
            let query = rows(condition);
            let (count, exists) = (query.clone().count().await?, query.clone().exists().await?);
            let sum = query.clone().sum(|o| o.total).await?.normalize();
            let (least, greatest) = (query.clone().min(|o| o.customer).await?, query.max(|o| o.placed).await?);
            shown((count, exists, sum, least, greatest))
        }
        Question::Groups(condition) => {
            let groups = rows(condition).group_by(|o| o.customer).order_by(|g| g.key().asc());
            let groups = groups.select(|g| (g.key(), g.count(), g.sum(|o| o.total), g.min(|o| o.number))).all().await?;
            shown(
                groups
                    .into_iter()
                    .map(|(key, count, sum, least)| (key, count, sum.normalize(), least))
                    .collect::<Vec<_>>(),
            )
        }
        Question::Days => shown(shop.orders.select(|o| o.placed).distinct().all().await.map(|mut days| {
            days.sort_unstable();
            days
        })?),
    })
}

pub(crate) fn cents(cents: i64) -> Decimal {
    Decimal::new(cents, 4) + dec!(0.0000)
}
