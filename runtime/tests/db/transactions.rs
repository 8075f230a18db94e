//! Transactions: kept or undone as a whole, whatever ends them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cell::db::{self, DataError, Database as _, Has, Isolation, dec, sql};
use tokio::sync::oneshot;

use crate::engines::on_every_engine;
use crate::shop::{Product, Shop, product};

async fn helper(shop: &Shop, sku: &str) -> Result<Product, DataError> {
    shop.products.insert(product(sku, dec!(1))).await
}

async fn generic(database: &impl Has<Product>) -> Result<u64, DataError> {
    database.table().count().await
}

#[derive(Debug, PartialEq, thiserror::Error)]
enum ShopError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("sold out")]
    SoldOut,
}

on_every_engine! {
    async fn a_transaction_that_returns_ok_is_kept(shop: Shop) {
        let prefix = String::from("p");
        let ids = shop
            .transaction(async |tx| {
                let first = helper(tx, &format!("{prefix}1")).await?;
                let second = tx.products.insert(product(&format!("{prefix}2"), dec!(1))).await?;
                assert_eq!(generic(tx).await?, 2);
                Ok((first.id, second.id))
            })
            .await
            .unwrap();
        assert!(shop.products.get(ids.0).await.unwrap().is_some());
        assert!(shop.products.get(ids.1).await.unwrap().is_some());
    }

    async fn a_transaction_that_returns_an_error_is_undone(shop: Shop) {
        let result: Result<(), _> = shop
            .try_transaction(async |tx| {
                helper(tx, "boot").await?;
                Err(ShopError::SoldOut)
            })
            .await;
        assert_eq!(result, Err(ShopError::SoldOut));
        assert_eq!(shop.products.count().await, Ok(0));
    }

    async fn a_transaction_that_panics_is_undone(shop: Shop) {
        let inner = shop.clone();
        let task = tokio::spawn(async move {
            inner
                .transaction(async |tx| {
                    helper(tx, "boot").await?;
                    if tx.products.count().await? == 1 {
                        panic!("on purpose");
                    }
                    Ok(())
                })
                .await
        });
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!(shop.products.count().await, Ok(0));
        helper(&shop, "boot").await.unwrap();
    }

    async fn a_transaction_that_is_dropped_is_undone(shop: Shop) {
        let (inserted, wait) = oneshot::channel();
        let inserted = Arc::new(std::sync::Mutex::new(Some(inserted)));
        let inner = shop.clone();
        let task = tokio::spawn(async move {
            inner
                .transaction(async |tx| {
                    helper(tx, "boot").await?;
                    inserted.lock().unwrap().take().unwrap().send(()).unwrap();
                    std::future::pending::<()>().await;
                    Ok(())
                })
                .await
        });
        wait.await.unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(shop.products.count().await, Ok(0));
        helper(&shop, "boot").await.unwrap();
    }

    async fn a_failed_statement_ends_the_transaction_also_where_it_is_hidden(shop: Shop) {
        helper(&shop, "boot").await.unwrap();
        let result: Result<_, DataError> = shop
            .try_transaction(async |tx| {
                helper(tx, "sock").await?;
                assert!(helper(tx, "boot").await.is_err());
                assert_eq!(tx.products.count().await, Err(DataError::Aborted));
                Ok(())
            })
            .await;
        assert_eq!(result, Err(DataError::Aborted));
        assert_eq!(shop.products.count().await, Ok(1));
    }

    async fn what_never_reached_the_engine_ends_no_transaction(shop: Shop) {
        shop.transaction(async |tx| {
            let mut row = helper(tx, "boot").await?;
            assert!(helper(tx, "\0").await.is_err());
            row.id += 1;
            assert_eq!(tx.products.update(&row).await, Err(DataError::NotFound { table: "products" }));
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(shop.products.count().await, Ok(1));
    }

    async fn a_savepoint_undoes_only_itself(shop: Shop) {
        helper(&shop, "boot").await.unwrap();
        shop.transaction(async |tx| {
            helper(tx, "sock").await?;
            let failed: Result<(), DataError> = tx
                .savepoint(async |tx| {
                    helper(tx, "hat").await?;
                    helper(tx, "boot").await?;
                    Ok(())
                })
                .await;
            assert_eq!(failed, Err(DataError::UniqueViolation { table: "products", columns: vec!["sku"] }));
            let hidden: Result<(), DataError> = tx
                .savepoint(async |tx| {
                    assert!(helper(tx, "boot").await.is_err());
                    Ok(())
                })
                .await;
            assert_eq!(hidden, Err(DataError::Aborted));
            tx.savepoint(async |tx| {
                let inner: Result<(), DataError> = tx.savepoint(async |tx| {
                    helper(tx, "coat").await?;
                    Err(DataError::Timeout)
                }).await;
                assert_eq!(inner, Err(DataError::Timeout));
                helper(tx, "scarf").await
            })
            .await?;
            Ok(())
        })
        .await
        .unwrap();
        let skus: Vec<_> =
            shop.products.order_by(|p| p.sku.asc()).all().await.unwrap().into_iter().map(|p| p.sku).collect();
        assert_eq!(skus, ["boot", "scarf", "sock"]);
    }

    async fn a_savepoint_that_is_dropped_is_undone_before_the_next_statement(shop: Shop) {
        shop.transaction(async |tx| {
            helper(tx, "boot").await?;
            let (inserted, mut wait) = oneshot::channel();
            let mut savepoint = Box::pin(tx.savepoint(async |tx| {
                helper(tx, "sock").await?;
                inserted.send(()).unwrap();
                std::future::pending::<()>().await;
                Ok::<_, DataError>(())
            }));
            tokio::select! {
                _ = &mut savepoint => unreachable!("it waits for ever"),
                inserted = &mut wait => inserted.unwrap(),
            }
            drop(savepoint);
            helper(tx, "hat").await?;
            Ok(())
        })
        .await
        .unwrap();
        let skus: Vec<_> =
            shop.products.order_by(|p| p.sku.asc()).all().await.unwrap().into_iter().map(|p| p.sku).collect();
        assert_eq!(skus, ["boot", "hat"]);
    }

    async fn a_transaction_on_a_transaction_is_a_savepoint(shop: Shop) {
        async fn nested(shop: &Shop) -> cell::Result<()> {
            shop.transaction(async |tx| {
                helper(tx, "sock").await?;
                Err(cell::Error::message("on purpose"))
            })
            .await
        }
        shop.transaction(async |tx| {
            helper(tx, "boot").await?;
            assert!(nested(tx).await.is_err());
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(shop.products.count().await, Ok(1));
    }

    async fn using_the_database_beside_its_own_transaction_is_an_error_and_no_deadlock(shop: Shop) {
        let outside = DataError::OutsideTransaction { database: "shop".into() };
        let result: Result<(), DataError> = shop
            .try_transaction(async |tx| {
                helper(tx, "boot").await?;
                assert_eq!(shop.products.count().await, Err(outside.clone()));
                assert_eq!(shop.products.stream().next().await, Err(outside.clone()));
                assert_eq!(shop.products.insert_many([]).await, Err(outside.clone()));
                let nested: Result<(), DataError> = shop.try_transaction(async |_| Ok(())).await;
                assert_eq!(nested, Err(outside.clone()));
                helper(&shop, "sock").await?;
                Ok(())
            })
            .await;
        assert_eq!(result, Err(outside));
        assert_eq!(shop.products.count().await, Ok(0));
    }

    async fn using_a_transaction_beside_its_own_savepoint_is_an_error(shop: Shop) {
        let outside = DataError::OutsideTransaction { database: "shop".into() };
        shop.try_transaction(async |outer| {
            outer
                .savepoint(async |tx| {
                    helper(tx, "boot").await?;
                    assert_eq!(helper(outer, "sock").await, Err(outside.clone()));
                    helper(tx, "hat").await
                })
                .await
        })
        .await
        .unwrap();
        assert_eq!(shop.products.count().await, Ok(2));
    }

    async fn a_table_kept_beyond_its_transaction_is_over(shop: Shop) {
        let table = shop.transaction(async |tx| Ok(tx.products.clone())).await.unwrap();
        assert_eq!(table.count().await, Err(DataError::Aborted));
        shop.products.count().await.unwrap();
    }

    async fn a_transaction_in_a_spawned_task_may_borrow_what_is_around_it(shop: Shop) {
        let tasks: Vec<_> = (0..4)
            .map(|task| {
                let shop = shop.clone();
                tokio::spawn(async move {
                    let (prefix, rows) = (format!("t{task}-"), vec![1, 2, 3]);
                    let reference = &prefix;
                    shop.transaction(async |tx| {
                        for row in &rows {
                            helper(tx, &format!("{reference}{row}")).await?;
                        }
                        Ok(())
                    })
                    .await
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(shop.products.count().await, Ok(12));
    }

    async fn transactions_that_count_and_then_write_do_not_lose_a_count(shop: Shop) {
        let row = helper(&shop, "boot").await.unwrap();
        let attempts = Arc::new(AtomicU32::new(0));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (shop, attempts) = (shop.clone(), Arc::clone(&attempts));
                tokio::spawn(async move {
                    for _ in 0..5 {
                        shop.transaction(async |tx| {
                            attempts.fetch_add(1, Ordering::Relaxed);
                            let mut row = tx.products.get(row.id).await?.ok_or(DataError::Timeout)?;
                            tokio::task::yield_now().await;
                            row.stock += 1;
                            tx.products.update(&row).await?;
                            Ok(())
                        })
                        .await
                        .unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(shop.products.get(row.id).await.unwrap().map(|p| p.stock), Some(20));
        assert!(attempts.load(Ordering::Relaxed) >= 20);
    }
}

on_every_engine! {
    async fn a_snapshot_reads_and_writes_nothing(shop: Shop) {
        let row = shop.products.insert(product("boot", dec!(1))).await.unwrap();
        let seen = db::try_snapshot(&shop, async |tx| Ok((tx.products.get(row.id).await?, tx.products.count().await?)));
        assert_eq!(seen.await, Ok::<_, DataError>((Some(row.clone()), 1)));
        let refused = Some(DataError::ReadOnly { database: "shop".to_owned() });
        macro_rules! refused {
            ($(|$tx:ident| $write:expr),+ $(,)?) => {$(
                let wrote = db::try_snapshot(&shop, async |$tx| $write.await.map(drop)).await;
                assert_eq!(wrote.err(), refused, stringify!($write));
            )+};
        }
        refused! {
            |tx| tx.products.insert(product("sock", dec!(1))),
            |tx| tx.products.insert_many([product("sock", dec!(1)), product("cap", dec!(1))]),
            |tx| tx.products.update(&row),
            |tx| tx.products.upsert(&row),
            |tx| tx.products.upsert_many([&row]),
            |tx| tx.products.delete(row.id),
            |tx| tx.products.filter(|p| p.stock.ge(0)).delete(),
            |tx| tx.products.filter(|p| p.stock.ge(0)).update(|p| p.stock.set(1)),
            |tx| sql!("delete from products").execute(tx),
            |tx| sql!("delete from products returning sku").all::<(String,)>(tx),
            |tx| cell::db::Database::handle(&**tx).script("DELETE FROM products"),
        }
        // It was refused before it got there: the snapshot goes on.
        let after = db::try_snapshot(&shop, async |tx| {
            assert!(tx.products.delete(row.id).await.is_err());
            tx.products.count().await
        });
        assert_eq!(after.await, Ok(1));
        let error = db::try_snapshot(&shop, async |_| Err::<(), _>(DataError::Busy)).await;
        assert_eq!(error, Err(DataError::Busy), "the work's own error comes back");
        assert_eq!(shop.products.all().await, Ok(vec![row]));
    }

    async fn a_weaker_level_may_be_asked_for(shop: Shop) {
        for (at, level) in [Isolation::Serializable, Isolation::RepeatableRead, Isolation::ReadCommitted].into_iter().enumerate() {
            let kept = db::try_transaction_at(&shop, level, async |tx| {
                tx.products.insert(product(&at.to_string(), dec!(1))).await?;
                tx.products.count().await
            });
            assert_eq!(kept.await, Ok(at as u64 + 1), "{level:?}");
            let undone = db::try_transaction_at(&shop, level, async |tx| {
                tx.products.insert(product("undone", dec!(1))).await?;
                Err::<(), _>(DataError::Busy)
            });
            assert_eq!(undone.await, Err(DataError::Busy), "{level:?}");
        }
        assert_eq!(shop.products.count().await, Ok(3));
    }

    async fn an_age_that_is_no_duration_is_an_error_of_the_read(shop: Shop) {
        let (fresh, wrong) = (Shop::rebind(shop.handle().stale_ok("5s")), Shop::rebind(shop.handle().stale_ok("soon")));
        assert_eq!(fresh.products.count().await, Ok(0));
        let says = |error: DataError| {
            let text = error.to_string();
            assert!(text.contains("`soon` at ") && text.contains("transactions.rs:") && text.contains("`5s`"), "{text}");
        };
        says(wrong.products.count().await.unwrap_err());
        says(wrong.products.all().await.unwrap_err());
        says(wrong.products.stream().next().await.unwrap_err());
        assert_eq!(shop.products.count().await, Ok(0));
    }
}
