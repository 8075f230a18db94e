//! What stands between two releases that know a table by two names, in each engine's SQL and in the history's document.

use std::collections::BTreeMap;

use cell_schema::Engine;
use cell_schema::hints::{Hints, TableHints};
use cell_schema::history::{Migration, next, seal};
use cell_schema::plan::{Phase, bridge_objects};
use cell_schema::schema::{Action, Schema, Type};
use expect_test::{Expect, expect};

use crate::build::*;

fn model(name: &str) -> Schema {
    let price = column("price", Type::Decimal { precision: if name == "posts" { 6 } else { 9 }, scale: 2 });
    let columns = [column("title", TEXT), price, generated("shout", TEXT, call_upper("title"))];
    let articles = table(name, columns).unique(&format!("{name}_title_key"), &["title"]);
    let comments = table("comments", [nullable("on", Type::I64)]);
    schema([articles, comments.references("comments_on_fkey", "on", name, Action::Cascade)])
}

fn call_upper(column: &str) -> cell_schema::expr::Expr {
    let arguments = vec![c(column)];
    cell_schema::expr::Expr::Call { function: cell_schema::expr::Function::Upper, arguments }
}

fn renamed() -> Migration {
    let first = seal(&next(None, &model("posts"), &Hints::default()).expect("a history"));
    let said = TableHints { renamed_from: Some("posts".to_owned()), columns: BTreeMap::new() };
    let hints = Hints { tables: BTreeMap::from([("articles".to_owned(), said)]), ..Hints::default() };
    next(Some(&first), &model("articles"), &hints).expect("a history").migrations.pop().expect("a migration")
}

fn script(engine: Engine, phase: Phase, expected: Expect) {
    let migration = renamed();
    let steps = migration.script(engine, phase).expect("a script").steps.iter();
    let steps: Vec<String> = steps.map(|step| format!("-- {}\n{}\n", step.title, step.sql)).collect();
    expected.assert_eq(&steps.join("\n"));
}

#[test]
fn postgres_shows_the_table_under_its_earlier_name() {
    script(
        Engine::Postgres,
        Phase::Expand,
        expect![[r#"
        -- rename table `posts` to `articles`
        ALTER TABLE "posts"
            RENAME TO "articles";

        ALTER TABLE "articles"
            RENAME CONSTRAINT "posts_pkey" TO "articles_pkey";

        ALTER TABLE "articles"
            RENAME CONSTRAINT "posts_title_key" TO "articles_title_key";

        ALTER TABLE "articles"
            RENAME CONSTRAINT "posts_price_range" TO "articles_price_range";

        CREATE VIEW "posts" AS
            SELECT "id", "title", "price", "shout"
            FROM "articles";

        -- drop check `articles_price_range` of `articles`
        ALTER TABLE "articles"
            DROP CONSTRAINT "articles_price_range";

        -- change the type of `price` of `articles`
        DROP VIEW "posts";

        ALTER TABLE "articles"
            ALTER COLUMN "price" TYPE numeric(9,2) USING "price"::numeric(9,2);

        CREATE VIEW "posts" AS
            SELECT "id", "title", "price", "shout"
            FROM "articles";

        -- add check `articles_price_range` of `articles`
        ALTER TABLE "articles"
            ADD CONSTRAINT "articles_price_range" CHECK ("price" <> 'NaN') NOT VALID;

        -- check rows for `articles_price_range` of `articles`
        ALTER TABLE "articles"
            VALIDATE CONSTRAINT "articles_price_range";
    "#]],
    );
    script(
        Engine::Postgres,
        Phase::Contract,
        expect![[r#"
        -- forget the earlier release's `posts`
        DROP VIEW "posts";
    "#]],
    );
}

#[test]
fn sqlite_keeps_a_second_table_in_step() {
    script(
        Engine::Sqlite,
        Phase::Expand,
        expect![[r#"
            -- rebuild `articles`, `comments`
            CREATE TABLE "cell_rebuild_articles" (
                "id" INTEGER NOT NULL CONSTRAINT "articles_pkey" PRIMARY KEY AUTOINCREMENT,
                "title" TEXT NOT NULL,
                "price" INTEGER NOT NULL,
                "shout" TEXT NOT NULL GENERATED ALWAYS AS (upper("title")) STORED,
                CONSTRAINT "articles_title_key" UNIQUE ("title"),
                CONSTRAINT "articles_price_range" CHECK ("price" BETWEEN -999999999 AND 999999999)
            ) STRICT;

            INSERT INTO "cell_rebuild_articles" ("id", "title", "price")
                SELECT "id" AS "id", "title" AS "title", "price" AS "price"
                FROM "posts";

            DELETE FROM sqlite_sequence WHERE name = 'cell_rebuild_articles';

            INSERT INTO sqlite_sequence (name, seq)
                SELECT 'cell_rebuild_articles', seq FROM sqlite_sequence WHERE name = 'posts';

            CREATE TABLE "cell_rebuild_comments" (
                "id" INTEGER NOT NULL CONSTRAINT "comments_pkey" PRIMARY KEY AUTOINCREMENT,
                "on" INTEGER,
                CONSTRAINT "comments_on_fkey" FOREIGN KEY ("on") REFERENCES "articles" ("id") ON DELETE CASCADE
            ) STRICT;

            INSERT INTO "cell_rebuild_comments" ("id", "on")
                SELECT "id" AS "id", "on" AS "on"
                FROM "comments";

            DELETE FROM sqlite_sequence WHERE name = 'cell_rebuild_comments';

            INSERT INTO sqlite_sequence (name, seq)
                SELECT 'cell_rebuild_comments', seq FROM sqlite_sequence WHERE name = 'comments';

            DROP TABLE "posts";

            DROP TABLE "comments";

            ALTER TABLE "cell_rebuild_articles"
                RENAME TO "articles";

            ALTER TABLE "cell_rebuild_comments"
                RENAME TO "comments";

            CREATE TABLE "posts" (
                "id" INTEGER NOT NULL CONSTRAINT "posts_pkey" PRIMARY KEY AUTOINCREMENT,
                "title" TEXT NOT NULL,
                "price" INTEGER NOT NULL,
                "shout" TEXT NOT NULL GENERATED ALWAYS AS (upper("title")) STORED,
                CONSTRAINT "articles_title_key" UNIQUE ("title"),
                CONSTRAINT "posts_price_range" CHECK ("price" BETWEEN -999999999 AND 999999999)
            ) STRICT;

            INSERT INTO "posts" ("id", "title", "price")
                SELECT "id", "title", "price"
                FROM "articles";

            DELETE FROM sqlite_sequence WHERE name = 'posts';

            INSERT INTO sqlite_sequence (name, seq)
                SELECT 'posts', seq FROM sqlite_sequence WHERE name = 'articles';

            CREATE TRIGGER "posts_bridge1" AFTER INSERT ON "posts"
            BEGIN
                UPDATE "articles" SET ("title", "price") = (SELECT "title", "price" FROM "posts" AS "row" WHERE "row"."id" = NEW."id")
                    WHERE "id" = (SELECT NEW."id") AND EXISTS (SELECT "title", "price" FROM "posts" AS "row" WHERE "row"."id" = NEW."id" EXCEPT SELECT "title", "price" FROM "articles" AS "row" WHERE "row"."id" = NEW."id");
                INSERT INTO "articles" ("id", "title", "price") SELECT "id", "title", "price" FROM "posts" AS "row"
                    WHERE "row"."id" = NEW."id" AND NOT EXISTS (SELECT 1 FROM "articles" AS "row" WHERE "row"."id" = NEW."id");
            END;

            CREATE TRIGGER "posts_bridge2" AFTER UPDATE OF "id", "title", "price" ON "posts"
            BEGIN
                UPDATE "articles" SET ("id", "title", "price") = (SELECT "id", "title", "price" FROM "posts" AS "row" WHERE "row"."id" = NEW."id")
                    WHERE "id" = (SELECT OLD."id") AND (SELECT OLD."id" IS NOT NEW."id");
                UPDATE "articles" SET ("title", "price") = (SELECT "title", "price" FROM "posts" AS "row" WHERE "row"."id" = NEW."id")
                    WHERE "id" = (SELECT NEW."id") AND EXISTS (SELECT "title", "price" FROM "posts" AS "row" WHERE "row"."id" = NEW."id" EXCEPT SELECT "title", "price" FROM "articles" AS "row" WHERE "row"."id" = NEW."id");
                INSERT INTO "articles" ("id", "title", "price") SELECT "id", "title", "price" FROM "posts" AS "row"
                    WHERE "row"."id" = NEW."id" AND NOT EXISTS (SELECT 1 FROM "articles" AS "row" WHERE "row"."id" = NEW."id");
            END;

            CREATE TRIGGER "posts_bridge3" AFTER DELETE ON "posts"
            BEGIN
                DELETE FROM "articles"
                    WHERE "id" = (SELECT OLD."id") AND NOT EXISTS (SELECT 1 FROM "posts" AS "row" WHERE "row"."id" = OLD."id");
            END;

            CREATE TRIGGER "articles_bridge1" AFTER INSERT ON "articles"
            BEGIN
                UPDATE "posts" SET ("title", "price") = (SELECT "title", "price" FROM "articles" AS "row" WHERE "row"."id" = NEW."id")
                    WHERE "id" = (SELECT NEW."id") AND EXISTS (SELECT "title", "price" FROM "articles" AS "row" WHERE "row"."id" = NEW."id" EXCEPT SELECT "title", "price" FROM "posts" AS "row" WHERE "row"."id" = NEW."id");
                INSERT INTO "posts" ("id", "title", "price") SELECT "id", "title", "price" FROM "articles" AS "row"
                    WHERE "row"."id" = NEW."id" AND NOT EXISTS (SELECT 1 FROM "posts" AS "row" WHERE "row"."id" = NEW."id");
            END;

            CREATE TRIGGER "articles_bridge2" AFTER UPDATE OF "id", "title", "price" ON "articles"
            BEGIN
                DELETE FROM "posts"
                    WHERE "id" = (SELECT OLD."id") AND (SELECT OLD."id" IS NOT NEW."id") AND EXISTS (SELECT 1 FROM "posts" AS "row" WHERE "row"."id" = NEW."id");
                UPDATE "posts" SET ("id", "title", "price") = (SELECT "id", "title", "price" FROM "articles" AS "row" WHERE "row"."id" = NEW."id")
                    WHERE "id" = (SELECT OLD."id") AND (SELECT OLD."id" IS NOT NEW."id");
                UPDATE "posts" SET ("title", "price") = (SELECT "title", "price" FROM "articles" AS "row" WHERE "row"."id" = NEW."id")
                    WHERE "id" = (SELECT NEW."id") AND EXISTS (SELECT "title", "price" FROM "articles" AS "row" WHERE "row"."id" = NEW."id" EXCEPT SELECT "title", "price" FROM "posts" AS "row" WHERE "row"."id" = NEW."id");
                INSERT INTO "posts" ("id", "title", "price") SELECT "id", "title", "price" FROM "articles" AS "row"
                    WHERE "row"."id" = NEW."id" AND NOT EXISTS (SELECT 1 FROM "posts" AS "row" WHERE "row"."id" = NEW."id");
            END;

            CREATE TRIGGER "articles_bridge3" AFTER DELETE ON "articles"
            BEGIN
                DELETE FROM "posts"
                    WHERE "id" = (SELECT OLD."id") AND NOT EXISTS (SELECT 1 FROM "articles" AS "row" WHERE "row"."id" = OLD."id");
            END;
        "#]],
    );
    script(
        Engine::Sqlite,
        Phase::Contract,
        expect![[r#"
        -- keep `posts` and `articles` in step no more
        DROP TRIGGER "posts_bridge1";

        DROP TRIGGER "posts_bridge2";

        DROP TRIGGER "posts_bridge3";

        DROP TRIGGER "articles_bridge1";

        DROP TRIGGER "articles_bridge2";

        DROP TRIGGER "articles_bridge3";

        -- forget the earlier release's `posts`
        DROP TABLE "posts";
    "#]],
    );
}

#[test]
fn the_document_names_what_stands_between() {
    let migration = renamed();
    let phases = migration.phases.as_ref().expect("phases");
    let bridges = serde_json::to_string(&phases.bridges).expect("JSON");
    assert_eq!(bridges, r#"[{"table":{"previous":"posts","next":"articles"}}]"#);
    for (engine, expected) in [
        (
            Engine::Postgres,
            expect![[r#"
        view `posts`
    "#]],
        ),
        (
            Engine::Sqlite,
            expect![[r#"
        table `posts`
        trigger `posts_bridge1` on table `posts`
        trigger `posts_bridge2` on table `posts`
        trigger `posts_bridge3` on table `posts`
        trigger `articles_bridge1` on table `articles`
        trigger `articles_bridge2` on table `articles`
        trigger `articles_bridge3` on table `articles`
    "#]],
        ),
    ] {
        let objects = bridge_objects(engine, &model("posts"), phases).expect("they fit");
        let lines: Vec<String> = objects.iter().map(|object| format!("{object}\n")).collect();
        expected.assert_eq(&lines.concat());
    }
}
