//! A whole program told to look after its indexes instead of starting its cells, beside processes that follow them and without any.

use std::io::{BufRead as _, BufReader};
use std::process::Child;

use cell::db::Database as _;
use cell::prelude::*;
use cell::search::{SetAside, SetAsideRow};
use cell_manifest::{SearchProgress, SearchSaid, SearchState, SearchWork};

use crate::keeper::{Told, asked, closed, fill, folder, generation, told, until};
use crate::law::follower;
use crate::shop::{Place, Shop, on_postgres, on_sqlite, places, plain};

/// Deletes the document of a key as nobody does who follows the table.
fn tamper(place: &Place, key: i64) {
    let index = tantivy::Index::open_in_dir(folder(place).join(generation(place))).expect("an index");
    let payload = index.load_metas().expect("a commit").payload.expect("how far it came");
    let mut writer: tantivy::IndexWriter = index.writer_with_num_threads(1, 15_000_000).expect("a writer");
    let field = index.schema().get_field("#key").expect("a key");
    writer.delete_term(tantivy::Term::from_field_i64(field, key));
    let mut commit = writer.prepare_commit().expect("a commit");
    commit.set_payload(&payload);
    commit.commit().expect("a commit");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_is_told_of_an_index_whose_process_runs_and_of_one_whose_process_does_not() {
    for place in places().await {
        fill(&place, 100).await;
        place.shop.products.search("").after(place.shop.last_write()).await.expect("an answer");
        let Told { index, code, err, progress } = told(&place, "status");
        assert_eq!((code, err.as_str(), progress.len()), (Some(0), "", 0));
        assert_eq!((index.state, index.written, index.asked), (SearchState::Ready, true, false));
        assert_eq!((index.documents, index.rows, index.behind), (Some(100), Some(100), Some(0)));
        assert!(index.level_at.is_some() && index.bytes > Some(1_000) && index.building.is_none(), "{index:?}");
        assert_eq!((index.set_aside, index.trouble), (SetAside::default(), None));

        place.shop.handle().close().await;
        until(&place, |index| !index.written);
        let plain = plain(&place.url).await;
        let changed = "UPDATE products SET name = 'x' WHERE id <= 3; DELETE FROM products WHERE id = 50";
        plain.handle().script(changed).await.expect("SQL");
        for _ in 0..2 {
            // It looks, and that is all: the second time it is as the first.
            let index = told(&place, "status").index;
            assert_eq!((index.state, index.written), (SearchState::Ready, false));
            assert_eq!((index.documents, index.rows, index.behind), (Some(100), Some(99), Some(4)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn status_makes_nothing_and_says_what_is_missing() {
    let place = on_sqlite().await;
    let plain = closed(&place, 10).await;
    let folder = folder(&place);
    std::fs::write(folder.join(generation(&place)).join("meta.json"), "{").expect("damage");
    let unread = told(&place, "status");
    assert_eq!((unread.index.state, unread.code), (SearchState::Unreadable, Some(1)), "{}", unread.err);
    std::fs::remove_dir_all(&folder).expect("no folder");
    let missing = told(&place, "status");
    assert_eq!((missing.index.state, missing.index.rows, missing.code), (SearchState::Missing, Some(10), Some(0)));
    assert!(!folder.exists(), "nothing is made");
    let verified = told(&place, "verify");
    assert_eq!((verified.index.compared, verified.code), (None, Some(1)));
    assert!(verified.err.contains("it has to be built anew"), "{}", verified.err);
    assert_eq!(told(&place, "rebuild").index.documents, Some(10));
    // Of another past than its database.
    plain.handle().script("UPDATE cell_consumers SET mark = 'other', next_mark = NULL").await.expect("SQL");
    assert_eq!(told(&place, "status").index.state, SearchState::Forgotten);

    let nowhere = place.url.replace("sqlite:", "sqlite:/nowhere");
    let output = asked(&nowhere, "status", "").output().expect("a process");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("the search index `shop.notes`: the database `shop` is not there yet"), "{err}");
}

#[test]
fn what_is_not_there_is_refused_with_what_is() {
    let output = asked("sqlite::memory:", "verify", "shop.products,shop.makers").output().expect("a process");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: `cell-runtime`: `CELL_SEARCH_INDEXES` names `shop.makers`, which is no search index of `cell-runtime`: \
         it has `shop.notes`, `shop.products`\n"
    );
    let output = asked("sqlite::memory:", "drop", "").output().expect("a process");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("must be `status`, `verify`, `rebuild` or `prepare`"));
    let output = asked("sqlite::memory:", "rebuild", "").output().expect("a process");
    assert_eq!(output.status.code(), Some(0));
    let SearchSaid::Indexes(all) = SearchSaid::from_json(&String::from_utf8_lossy(&output.stdout)).expect("a line")
    else {
        panic!("not how they stand");
    };
    let names: Vec<_> = all.indexes.iter().map(|index| (index.index.as_str(), index.state)).collect();
    assert_eq!(names, [("notes", SearchState::InMemory), ("products", SearchState::InMemory)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_finds_what_is_gone_from_an_index_and_rebuild_brings_it_back() {
    let place = on_sqlite().await;
    let plain = closed(&place, 3_000).await;
    // What nobody has followed yet is no difference.
    plain
        .handle()
        .script("DELETE FROM products WHERE id = 9; UPDATE products SET name = 'x' WHERE id = 8")
        .await
        .expect("SQL");
    let verified = told(&place, "verify");
    let compared = verified.index.compared.expect("a comparison");
    assert_eq!((compared.rows, compared.documents, compared.differing), (2_999, 2_999, 0), "{}", verified.err);
    assert_eq!(verified.code, Some(0));
    let before = generation(&place);
    tamper(&place, 7);
    tamper(&place, 700);
    let verified = told(&place, "verify");
    let compared = verified.index.compared.expect("a comparison");
    assert_eq!((compared.documents, compared.differing), (2_997, 2));
    assert_eq!(compared.keys, ["7", "700"]);
    assert_eq!(verified.code, Some(1));
    assert!(verified.err.contains("`shop.products` differs from its table: 2 of its keys"), "{}", verified.err);
    assert!(verified.progress.iter().all(|step| step.work == SearchWork::Compare && step.index == "shop.products"));
    assert!(!verified.progress.is_empty());

    let rebuilt = told(&place, "rebuild");
    assert_eq!((rebuilt.code, rebuilt.index.documents, rebuilt.index.asked), (Some(0), Some(2_999), false));
    assert!(
        rebuilt
            .progress
            .iter()
            .any(|step| step.work == SearchWork::Build && step.rows.is_some_and(|it| it.of == 2_999))
    );
    assert_ne!(generation(&place), before);
    assert_eq!(told(&place, "verify").code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_verify_finds_what_was_written_with_triggers_switched_off() {
    let place = on_postgres().await;
    fill(&place, 50).await;
    place.raw("ALTER TABLE products DISABLE TRIGGER USER; UPDATE products SET name = 'x' WHERE id IN (4, 5)").await;
    place.raw("ALTER TABLE products ENABLE TRIGGER USER").await;
    place.shop.products.search("").after(place.shop.last_write()).await.expect("an answer");
    // One of the two was indexed before, or both.
    let before = told(&place, "verify").index;
    place.raw("ALTER TABLE products DISABLE TRIGGER USER; DELETE FROM products WHERE id = 6").await;
    place.raw("ALTER TABLE products ENABLE TRIGGER USER").await;
    let verified = told(&place, "verify");
    let compared = verified.index.compared.expect("a comparison");
    assert!(compared.keys.contains(&"6".to_owned()), "{compared:?}");
    assert_eq!(compared.differing, before.compared.expect("a comparison").differing + 1);
    assert_eq!((verified.code, verified.index.written), (Some(1), true));
    // The process that runs is asked.
    let rebuilt = told(&place, "rebuild");
    assert_eq!((rebuilt.code, rebuilt.index.written, rebuilt.index.documents), (Some(0), true, Some(49)));
    let verified = place.shop.products.verify_search().await.expect("both");
    assert_eq!((verified.documents, verified.differing), (49, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_runs_builds_anew_what_it_is_asked_for_and_is_searched_meanwhile() {
    let place = on_sqlite().await;
    fill(&place, 500).await;
    place.shop.products.search("").after(place.shop.last_write()).await.expect("an answer");
    let before = generation(&place);
    let (url, searched) = (place.url.clone(), std::sync::atomic::AtomicBool::new(true));
    let rebuild =
        tokio::task::spawn_blocking(move || asked(&url, "rebuild", "shop.products").status().expect("an end"));
    let search = async {
        while searched.load(std::sync::atomic::Ordering::Relaxed) {
            assert_eq!(place.shop.products.search("thing").await.expect("an answer").count, 500);
        }
    };
    let rebuild = async {
        let status = rebuild.await.expect("an end");
        searched.store(false, std::sync::atomic::Ordering::Relaxed);
        status
    };
    let (status, ()) = tokio::join!(rebuild, search);
    assert_eq!(status.code(), Some(0));
    assert_ne!(generation(&place), before);
    assert!(!folder(&place).join("rebuild").exists());
    place.shop.products.delete(3).await.expect("a deletion");
    assert_eq!(place.found("thing").await.len(), 499);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_fails_elsewhere_is_told_and_the_index_goes_on_as_it_was() {
    let place = on_sqlite().await;
    fill(&place, 20).await;
    place.shop.products.search("").after(place.shop.last_write()).await.expect("an answer");
    let number: u64 = generation(&place).trim().parse().expect("a number");
    // Where the next one is to be, there is something else.
    let next = folder(&place).join((number + 1).to_string());
    std::fs::write(&next, "").expect("a file");
    let failed = told(&place, "rebuild");
    assert_eq!((failed.code, failed.index.asked, failed.index.documents), (Some(1), false, Some(20)), "{}", failed.err);
    place.shop.products.delete(1).await.expect("a deletion");
    assert_eq!(place.found("thing").await.len(), 19);
    std::fs::remove_file(&next).expect("no file");
    assert_eq!(told(&place, "verify").code, Some(0));
    // What is wanted no more troubles nobody.
    until(&place, |index| index.trouble.is_none());
}

/// Starts a rebuild, and waits until so much of it is done that it may be killed in the middle.
fn begun(place: &Place) -> (Child, impl Iterator<Item = SearchSaid> + use<>) {
    let mut child = asked(&place.url, "rebuild", "shop.products").spawn().expect("a process");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut said = lines.map(|line| SearchSaid::from_json(&line.expect("a line")).expect("a line of its own"));
    let is_begun = said.any(
        |said| matches!(said, SearchSaid::Progress(SearchProgress { rows: Some(rows), .. }) if rows.done < rows.of),
    );
    assert!(is_begun, "it ends before it has begun");
    (child, said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_is_killed_leaves_the_index_as_it_was_and_is_done_by_whoever_comes() {
    let place = on_sqlite().await;
    drop(closed(&place, 20_000).await);
    let before = generation(&place);
    let (mut child, _) = begun(&place);
    child.kill().expect("a kill");
    child.wait().expect("an end");
    let index = told(&place, "status").index;
    assert_eq!((index.state, index.documents, index.written), (SearchState::Ready, Some(20_000), false));
    assert!(index.asked && index.building.is_none(), "what a killed process has left is not believed: {index:?}");
    assert_eq!(generation(&place), before);
    let shop = Shop::open_at(&place.url).await.expect("a shop");
    assert_eq!(shop.products.search("thing").await.expect("the one before").count, 20_000);
    let index = until(&place, |index| !index.asked);
    assert_eq!((index.written, index.documents), (true, Some(20_000)));
    assert_ne!(generation(&place), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_process_that_was_asked_is_killed_whoever_asked_goes_on() {
    let place = on_sqlite().await;
    drop(closed(&place, 20_000).await);
    let mut follower = follower(&place.url);
    until(&place, |index| index.written && index.behind == Some(0));
    let before = generation(&place);
    let (mut child, said) = begun(&place);
    // Told while the other builds.
    let index = told(&place, "status").index;
    assert!(index.written && index.asked && index.building.is_some(), "{index:?}");
    follower.kill().expect("a kill");
    follower.wait().expect("an end");
    assert!(matches!(said.last(), Some(SearchSaid::Indexes(_))));
    assert_eq!(child.wait().expect("an end").code(), Some(0));
    assert_ne!(generation(&place), before);
    assert_eq!(told(&place, "verify").code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_set_aside_is_told_with_its_error_until_it_is_changed() {
    let place = on_sqlite().await;
    fill(&place, 10).await;
    let damage = "PRAGMA ignore_check_constraints = ON; UPDATE products SET made_at = 'some day' WHERE id = 3; \
                  PRAGMA ignore_check_constraints = OFF";
    place.raw(damage).await;
    place.shop.products.search("").after(place.shop.last_write()).await.expect("an answer");
    let status = place.shop.products.search_status().await.expect("a status");
    let SetAside { count, rows } = status.set_aside.clone();
    let [SetAsideRow { key, error }] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((count, key.as_str()), (1, "3"));
    assert!(error.contains("made_at"), "{error}");
    assert_eq!((status.documents, status.behind, status.lag()), (Some(9), Some(0), Some(std::time::Duration::ZERO)));
    // It is in the commit, so a process that comes knows it too; and it is no difference.
    place.shop.handle().close().await;
    until(&place, |index| !index.written);
    assert_eq!(told(&place, "status").index.set_aside, SetAside { count, rows: rows.clone() });
    let verified = told(&place, "verify");
    assert_eq!((verified.code, verified.index.compared.expect("a comparison").differing), (Some(0), 0));
    assert_eq!(told(&place, "rebuild").index.set_aside, SetAside { count, rows });
    let plain = plain(&place.url).await;
    plain
        .handle()
        .script("UPDATE products SET made_at = '2024-01-01T00:00:00.000000Z' WHERE id = 3")
        .await
        .expect("SQL");
    assert_eq!(told(&place, "verify").code, Some(0));
    let index = told(&place, "status").index;
    assert_eq!((index.set_aside, index.documents), (SetAside::default(), Some(10)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_told_how_far_its_index_is_behind() {
    for place in places().await {
        fill(&place, 5).await;
        place.shop.products.search("").after(place.shop.last_write()).await.expect("an answer");
        let before = place.shop.products.search_status().await.expect("a status");
        assert_eq!((before.documents, before.behind, before.building), (Some(5), Some(0), None));
        place.shop.products.delete(1).await.expect("a deletion");
        place.shop.products.search("").after(place.shop.last_write()).await.expect("an answer");
        let after = place.shop.products.search_status().await.expect("a status");
        assert_eq!((after.documents, after.behind, after.trouble), (Some(4), Some(0), None));
        assert!(after.level_at >= before.level_at && after.level_at.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_falls_far_behind_says_so_once_and_once_more_when_it_has_caught_up() {
    let place = on_sqlite().await;
    let plain = closed(&place, 1).await;
    let many = "WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < 50100) \
                INSERT INTO products (sku, name, price, made_at) SELECT 'n' || at, 'x', 1, '2024-01-01T00:00:00.000000Z' FROM n";
    plain.handle().script(many).await.expect("SQL");
    assert_eq!(told(&place, "status").index.behind, Some(50_100));
    let output = asked(&place.url, "verify", "shop.products").env("CELL_LOG", "info").output().expect("a process");
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{log}");
    let lines = |text: &str| log.lines().filter(|line| line.contains(text)).collect::<Vec<_>>();
    let behind = lines("does not keep up with its table");
    assert_eq!((behind.len(), lines("has caught up with its table").len()), (1, 1), "{log}");
    assert!(behind[0].contains("WARN") && behind[0].contains("lag_lines=50100"), "{log}");
    assert_eq!(told(&place, "status").index.behind, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_prepared_and_what_is_there_is_left_alone() {
    let place = on_sqlite().await;
    drop(closed(&place, 300).await);
    std::fs::remove_dir_all(folder(&place)).expect("no index");
    let prepared = told(&place, "prepare");
    assert_eq!((prepared.code, prepared.index.state), (Some(0), SearchState::Ready));
    assert_eq!((prepared.index.documents, prepared.index.written, prepared.index.asked), (Some(300), false, false));
    assert!(!prepared.progress.is_empty());
    let before = generation(&place);
    let again = told(&place, "prepare");
    assert!(again.code == Some(0) && again.progress.is_empty());
    assert_eq!(generation(&place), before);
    // Who is started now finds it.
    let shop = Shop::open_at(&place.url).await.expect("a shop");
    assert_eq!(shop.products.search("thing").after(shop.last_write()).await.expect("an answer").count, 300);
    assert_eq!(generation(&place), before);
}
