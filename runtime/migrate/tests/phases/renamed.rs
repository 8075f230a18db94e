//! A table that two releases know by two names: whatever one writes under its name, the other reads under its own.

use std::collections::BTreeMap;

use cell_migrate::rehearse_on;
use cell_schema::expr::{Binary, Function, Literal};
use cell_schema::hazard::HazardKind;
use cell_schema::hints::{ColumnHints, Hints, TableHints};
use cell_schema::history::{next, seal};
use cell_schema::schema::{Action, Column, Default, Schema, Type};

use super::support::*;
use super::{Releases, allowing, contract, expand};

fn renamed(tables: &[(&str, &str)]) -> Hints {
    let said = tables.iter().map(|(from, to)| {
        let said = TableHints { renamed_from: Some((*from).to_owned()), columns: BTreeMap::new() };
        ((*to).to_owned(), said)
    });
    Hints { tables: said.collect(), ..Hints::default() }
}

fn column_hints(hints: &mut Hints, table: &str, column: &str, said: ColumnHints) {
    hints.tables.get_mut(table).unwrap().columns.insert(column.to_owned(), said);
}

/// Articles of authors with comments, which answer each other; the articles have this name.
fn articles(name: &str) -> Schema {
    let kind = Type::Enumeration { values: vec!["draft".to_owned(), "done".to_owned()] };
    let kind = defaulted("kind", kind, Literal::Text("draft".to_owned()));
    schema(vec![
        table("authors", vec![column("name", TEXT)]),
        table(
            name,
            vec![
                column("title", text(20)),
                kind,
                nullable("author", Type::I64),
                nullable("after", Type::I64),
                generated("shout", TEXT, call(Function::Upper, vec![col("title")])),
            ],
        )
        .with_unique(&["title"])
        .with_index(&[("kind", false), ("title", true)], Some(op(col("author"), Binary::Greater, int(0))))
        .with_check("title", op(call(Function::Len, vec![col("title")]), Binary::Greater, int(0)))
        .with_reference(&["author"], "authors", &["id"], Action::SetNull)
        .with_reference(&["after"], name, &["id"], Action::Cascade),
        table("comments", vec![column("article", Type::I64), column("body", TEXT)]).with_reference(
            &["article"],
            name,
            &["id"],
            Action::Cascade,
        ),
    ])
}

/// Every row under both names, which are the same.
async fn both(target: &cell_migrate::Target, row: &str) -> Vec<String> {
    let rows = async |table: &str| texts(target, &format!("SELECT {row} FROM {table} ORDER BY id")).await;
    let (previous, next) = (rows("posts").await, rows("articles").await);
    assert_eq!(previous, next, "{target}");
    next
}

const ROW: &str = "id || ' ' || title || ' ' || kind || ' ' || shout || ' ' || coalesce(CAST(author AS text), '-')";

#[tokio::test]
async fn a_table_with_two_names_has_the_same_rows_under_both() {
    let releases = Releases::of(articles("posts"), articles("articles"), &renamed(&[("posts", "articles")])).await;
    assert_eq!(releases.migration().interrupts(), [] as [String; 0]);
    for place in &releases.places {
        let target = &place.target;
        run(target, "INSERT INTO authors (name) VALUES ('ann'), ('bob')").await;
        run(target, "INSERT INTO posts (title, author) VALUES ('one', 1), ('two', 2), ('gone', 1)").await;
        run(target, "DELETE FROM posts WHERE title = 'gone'; INSERT INTO comments (article, body) VALUES (1, 'c')")
            .await;
        expand(target, &releases.second).await;
        assert_eq!(both(target, ROW).await, ["1 one draft ONE 1", "2 two draft TWO 2"]);

        // Numbers go on from the greatest that there ever was, whoever gives them.
        for (table, title, expected) in
            [("posts", "three", "4"), ("articles", "four", "5"), ("articles", "five", "6"), ("posts", "six", "7")]
        {
            let insert = format!("INSERT INTO {table} (title) VALUES ('{title}') RETURNING CAST(id AS text)");
            assert_eq!(texts(target, &insert).await, [expected], "{target}");
        }
        run(target, "DELETE FROM articles WHERE id = 7").await;
        let insert = "INSERT INTO posts (title) VALUES ('seven'), ('eight') RETURNING id || shout || kind";
        assert_eq!(texts(target, insert).await, ["8SEVENdraft", "9EIGHTdraft"]);
        run(target, "DELETE FROM posts WHERE id >= 8; DELETE FROM posts WHERE id = 4").await;
        let insert = "INSERT INTO articles (title) VALUES ('nine') RETURNING CAST(id AS text)";
        assert_eq!(texts(target, insert).await, ["10"]);
        run(target, "DELETE FROM articles WHERE id IN (6, 10)").await;

        // As the runtime writes a row in the place of another.
        for (table, title) in [("posts", "FIVE"), ("articles", "five!"), ("posts", "5")] {
            let upsert = format!(
                "INSERT INTO {table} (id, title, kind, author) VALUES (5, '{title}', 'done', 2) ON CONFLICT (id) DO UPDATE SET \
                 title = excluded.title, kind = excluded.kind, author = excluded.author RETURNING title"
            );
            assert_eq!(texts(target, &upsert).await, [title], "{target}");
            let upsert = upsert.replace("(5,", "(20,").replace(title, &format!("{title}{title}"));
            assert_eq!(texts(target, &upsert).await, [format!("{title}{title}")], "{target}");
        }
        let expected = ["1 one draft ONE 1", "2 two draft TWO 2", "5 5 done 5 2", "20 55 done 55 2"];
        assert_eq!(both(target, ROW).await, expected);

        // Keys that move, what refers to them, and what goes with them.
        run(target, "UPDATE posts SET id = 21, title = 'x' WHERE id = 20; UPDATE articles SET id = 22 WHERE id = 21")
            .await;
        run(
            target,
            "INSERT INTO posts (id, title, after) VALUES (23, 'y', 22); INSERT INTO articles (id, title, after) VALUES (24, 'z', 23)",
        )
        .await;
        run(
            target,
            "UPDATE posts SET kind = 'done' WHERE id < 3; UPDATE articles SET title = title || '.' WHERE id < 3",
        )
        .await;
        run(target, "DELETE FROM authors WHERE name = 'bob'").await;
        let expected = ["1 one. done ONE. 1", "2 two. done TWO. -", "5 5 done 5 -", "22 x done X -"];
        assert_eq!(both(target, ROW).await, [&expected[..], &["23 y draft Y -", "24 z draft Z -"]].concat());
        run(target, "INSERT INTO comments (article, body) VALUES (22, 'd'), (23, 'e'), (24, 'f'), (5, 'g')").await;
        run(target, "DELETE FROM posts WHERE id = 22; DELETE FROM articles WHERE id = 5").await;
        assert_eq!(both(target, ROW).await, expected[..2]);
        assert_eq!(texts(target, "SELECT body FROM comments ORDER BY id").await, ["c"]);

        // Both are bound alike, and what is refused is in neither.
        for table in ["posts", "articles"] {
            for values in ["'one.', NULL", "'', NULL", "'new', 99", "'longer than it may be', NULL"] {
                let insert = format!("INSERT INTO {table} (title, author) VALUES ({values})");
                assert!(try_run(target, &insert).await.is_err(), "{insert}");
            }
            assert!(try_run(target, &format!("UPDATE {table} SET after = 99")).await.is_err());
            assert!(try_run(target, &format!("UPDATE {table} SET kind = 'other'")).await.is_err());
        }
        assert_eq!(both(target, ROW).await, expected[..2]);
        contract(target, &releases).await;
        assert_eq!(texts(target, &format!("SELECT {ROW} FROM articles ORDER BY id")).await, expected[..2]);
        assert!(try_run(target, "SELECT 1 FROM posts").await.is_err());
        assert_eq!(texts(target, "INSERT INTO articles (title) VALUES ('last') RETURNING shout").await, ["LAST"]);
    }
}

#[tokio::test]
async fn rows_that_are_replaced_by_hand_are_replaced_under_both_names() {
    let releases = Releases::of(articles("posts"), articles("articles"), &renamed(&[("posts", "articles")])).await;
    let target = &releases.places[0].target;
    run(target, "INSERT INTO posts (title) VALUES ('one'), ('two'), ('three')").await;
    expand(target, &releases.second).await;
    run(
        target,
        "INSERT OR REPLACE INTO posts (id, title) VALUES (1, 'two'); REPLACE INTO articles (title) VALUES ('three')",
    )
    .await;
    run(target, "INSERT OR IGNORE INTO posts (title) VALUES ('two'), ('four'), (''); UPDATE OR IGNORE articles SET title = 'two'")
        .await;
    // With triggers that fire each other without an end, if they would.
    run(target, "PRAGMA recursive_triggers = ON; INSERT INTO posts (title) VALUES ('five'); REPLACE INTO articles (id, title) VALUES (4, 'five')")
        .await;
    run(target, "PRAGMA recursive_triggers = ON; UPDATE posts SET id = 9, title = 'nine' WHERE id = 1").await;
    let expected = ["4 five draft FIVE -", "6 four draft FOUR -", "9 nine draft NINE -"];
    assert_eq!(both(target, ROW).await, expected);
    contract(target, &releases).await;
}

#[tokio::test]
async fn what_changes_in_a_renamed_table_is_bridged_as_in_any_other() {
    let price = |precision| column("price", Type::Decimal { precision, scale: 2 });
    let kind = |values: &[&str]| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        column("kind", Type::Enumeration { values })
    };
    let before = schema(vec![
        table(
            "posts",
            vec![
                column("title", TEXT),
                nullable("stars", Type::I32),
                price(6),
                column("gone", TEXT),
                kind(&["a", "b"]),
            ],
        )
        .with_unique(&["title"]),
        table("log", vec![column("post", Type::I64)]).with_reference(&["post"], "posts", &["id"], Action::Cascade),
    ]);
    let after = schema(vec![
        table(
            "articles",
            vec![column("name", TEXT), column("stars", Type::I32), price(9), kind(&["a", "c"]), column("label", TEXT)],
        )
        .with_unique(&["name"])
        .with_check("stars", op(col("stars"), Binary::Greater, int(0))),
    ]);
    let mut hints = renamed(&[("posts", "articles")]);
    let fill = |expr| ColumnHints { backfill: Some(expr), ..ColumnHints::default() };
    let named = ColumnHints { renamed_from: Some("title".to_owned()), ..ColumnHints::default() };
    column_hints(&mut hints, "articles", "name", named);
    column_hints(&mut hints, "articles", "stars", fill(cell_schema::expr::Expression::Portable(int(3))));
    let label = call(Function::Concat, vec![col("name"), string("'s")]);
    column_hints(&mut hints, "articles", "label", fill(cell_schema::expr::Expression::Portable(label)));
    let values = BTreeMap::from([("b".to_owned(), "c".to_owned())]);
    column_hints(&mut hints, "articles", "kind", ColumnHints { values, ..ColumnHints::default() });
    hints.allowed.extend(allowing(HazardKind::ValuesDeleted, "shop.articles.gone").allowed);
    hints.allowed.extend(allowing(HazardKind::ValuesDeleted, "shop.posts.gone").allowed);
    hints.allowed.extend(allowing(HazardKind::RowsDeleted, "shop.log").allowed);
    let releases = Releases::of(before, after, &hints).await;
    assert_eq!(releases.migration().interrupts(), [] as [String; 0]);
    for place in &releases.places {
        let target = &place.target;
        run(target, "INSERT INTO posts (title, stars, price, gone, kind) VALUES ('old', NULL, 1, 'g', 'b')").await;
        run(target, "INSERT INTO log (post) VALUES (1)").await;
        expand(target, &releases.second).await;
        run(target, "INSERT INTO posts (title, stars, price, gone, kind) VALUES ('b', 2, 2, 'h', 'b'), ('c', NULL, 3, 'i', 'a')").await;
        run(target, "INSERT INTO articles (name, stars, price, kind, label) VALUES ('d', 1, 4, 'c', 'l')").await;
        run(
            target,
            "UPDATE posts SET title = title || '.' WHERE id < 3; UPDATE articles SET name = name || '!' WHERE id > 2",
        )
        .await;
        run(target, "UPDATE posts SET stars = NULL WHERE id = 2").await;
        run(target, "INSERT INTO log (post) VALUES (2), (4)").await;
        assert_eq!(
            both(target, "id || kind || stars || ' ' || title || gone").await.len(),
            4,
            "nothing of it is null, and the columns of the earlier release are under both names"
        );
        let earlier = texts(target, "SELECT title || kind || stars || gone FROM posts ORDER BY id").await;
        assert_eq!(earlier, ["old.b3g", "b.b3h", "c!a3i", "d!c1"]);
        let later = texts(target, "SELECT name || kind || stars || ' ' || label FROM articles ORDER BY id").await;
        assert_eq!(later, ["old.b3 old's", "b.b3 b's", "c!a3 c's", "d!c1 l"]);
        run(target, "DELETE FROM posts WHERE id = 2; DELETE FROM articles WHERE id = 4").await;
        assert_eq!(texts(target, "SELECT CAST(post AS text) FROM log").await, ["1"]);
        contract(target, &releases).await;
        let later = texts(target, "SELECT name || kind || stars || ' ' || label FROM articles ORDER BY id").await;
        assert_eq!(later, ["old.c3 old's", "c!a3 c's"]);
    }
}

#[tokio::test]
async fn keys_that_nobody_numbers_and_tables_that_are_all_key_have_two_names() {
    let uuid = Column { default: Some(Default::RandomUuid), ..column("key", Type::Uuid) };
    let tables = |tags: &str, marks: &str| {
        schema(vec![
            table(tags, vec![column("a", TEXT), column("b", Type::I16), column("c", TEXT)]).with_key(&["b", "a"]),
            table(marks, vec![uuid.clone()]).with_key(&["key"]),
        ])
    };
    let hints = renamed(&[("tags", "labels"), ("marks", "signs")]);
    let releases = Releases::of(tables("tags", "marks"), tables("labels", "signs"), &hints).await;
    assert_eq!(releases.migration().interrupts(), [] as [String; 0]);
    for place in &releases.places {
        let target = &place.target;
        run(target, "INSERT INTO tags (a, b, c) VALUES ('x', 1, 'c')").await;
        expand(target, &releases.second).await;
        let upsert = "ON CONFLICT (b, a) DO UPDATE SET c = excluded.c";
        run(target, &format!("INSERT INTO tags (a, b, c) VALUES ('x', 1, 'C'), ('x', 2, 'D') {upsert}")).await;
        run(
            target,
            &format!(
                "INSERT INTO labels (a, b, c) VALUES ('x', 1, 'E') {upsert}; UPDATE labels SET a = 'y' WHERE b = 2"
            ),
        )
        .await;
        run(target, "UPDATE tags SET b = b + 10, c = 'F' WHERE a = 'y'").await;
        run(target, "INSERT INTO marks DEFAULT VALUES; INSERT INTO signs DEFAULT VALUES").await;
        for table in ["tags", "labels"] {
            let rows = texts(target, &format!("SELECT a || b || c FROM {table} ORDER BY b")).await;
            assert_eq!(rows, ["x1E", "y12F"], "{target}");
        }
        let same = "SELECT CAST(count(*) AS text) FROM marks JOIN signs ON marks.key = signs.key";
        assert_eq!(texts(target, same).await, ["2"]);
        run(target, "DELETE FROM marks; DELETE FROM labels WHERE b = 1").await;
        assert_eq!(texts(target, "SELECT a FROM tags").await, ["y"]);
        assert_eq!(texts(target, "SELECT CAST(count(*) AS text) FROM signs").await, ["0"]);
        contract(target, &releases).await;
    }
}

#[tokio::test]
async fn what_others_made_of_the_earlier_name_keeps_it_from_going() {
    let releases = Releases::of(articles("posts"), articles("articles"), &renamed(&[("posts", "articles")])).await;
    for place in &releases.places {
        let target = &place.target;
        expand(target, &releases.second).await;
        run(target, "CREATE VIEW theirs AS SELECT id FROM posts").await;
        let error = applied(target, &releases.second).await.unwrap_err();
        assert!(error.to_string().contains("theirs"), "{error}");
        assert_eq!(texts(target, "SELECT CAST(id AS text) FROM posts").await, [""; 0]);
        run(target, "DROP VIEW theirs").await;
        contract(target, &releases).await;
    }
}

#[tokio::test]
async fn a_history_with_a_renamed_table_is_rehearsed() {
    let first = seal(&next(None, &articles("posts"), &Hints::default()).unwrap());
    let second = seal(&next(Some(&first), &articles("articles"), &renamed(&[("posts", "articles")])).unwrap());
    for place in places().await {
        let report = rehearse_on(&place.target, &second).await.unwrap();
        assert_eq!((report.migrations, report.tables), (2, 3));
    }
}

#[tokio::test]
async fn a_name_that_another_table_takes_is_not_bridged() {
    let two = |one: &str, other: &str| {
        schema(vec![table(one, vec![column("a", TEXT)]), table(other, vec![column("b", Type::I32)])])
    };
    let said = |after: Schema, hints: &Hints| {
        let first = seal(&next(None, &two("one", "two"), &Hints::default()).unwrap());
        let second = next(Some(&first), &after, hints).unwrap_or_else(|refusals| panic!("{refusals:#?}"));
        second.migrations[1].interrupts().to_vec()
    };
    // They swap their names.
    let swapped = said(two("two", "one"), &renamed(&[("one", "two"), ("two", "one")]));
    assert_eq!(
        swapped,
        [
            "table `two` is called `one`, and another table has its name",
            "table `one` is called `two`, and another table has its name",
        ]
    );
    // One takes the name that the other leaves.
    let followed = said(two("two", "three"), &renamed(&[("one", "two"), ("two", "three")]));
    assert_eq!(followed, ["table `two` is called `three`, and another table has its name"]);
    let cased = said(two("One", "two"), &renamed(&[("one", "One")]));
    assert_eq!(cased, ["table `one` is called `One`, and SQLite does not tell names by the case of their letters"]);
    let mut computed = two("one", "three");
    computed.tables[1].columns.push(generated("n", Type::I64, op(col("b"), Binary::Add, int(1))));
    assert_eq!(said(computed, &renamed(&[("two", "three")])), [""; 0]);
}

#[tokio::test]
async fn a_table_that_changes_in_other_ways_that_break_is_not_bridged() {
    let table_of = |name: &str, ty: Type, more: i64| {
        let computed = generated("m", Type::I64, op(col("n"), Binary::Add, int(more)));
        schema(vec![table(name, vec![column("n", Type::I32), column("x", ty), computed])])
    };
    let said = |after: Schema| {
        let first = seal(&next(None, &table_of("posts", Type::I32, 1), &Hints::default()).unwrap());
        let second = next(Some(&first), &after, &renamed(&[("posts", "articles")])).unwrap();
        (second.migrations[1].interrupts().to_vec(), second.migrations[1].has_contract())
    };
    let texts = said(table_of("articles", TEXT, 1));
    let expected = ["column `x` of `articles` has another type", "table `posts` is called `articles`"];
    assert_eq!(texts, (expected.map(str::to_owned).to_vec(), false));
    let computed = said(table_of("articles", Type::I32, 2));
    let expected = ["column `m` of `articles` is computed in another way", "table `posts` is called `articles`"];
    assert_eq!(computed, (expected.map(str::to_owned).to_vec(), false));
}
