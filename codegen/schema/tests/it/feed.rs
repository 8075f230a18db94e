//! The triggers of the feed in each engine's SQL, and among the steps of a migration.

use cell_schema::Engine;
use cell_schema::dialect::render;
use cell_schema::hints::Hints;
use cell_schema::plan::{Indexes, plan, program};
use cell_schema::schema::{Schema, Table, Type};
use expect_test::{Expect, expect};

use crate::build::*;

fn followed(stock: Type) -> Schema {
    let goods = table("goods", [column("sku", TEXT), column("stock", stock)]).unique("goods_sku_key", &["sku"]);
    schema([Table { followed: true, ..goods }])
}

fn shown(engine: Engine, previous: &Schema, next: &Schema, expected: Expect) {
    let plan = plan(previous, next, &Hints::default()).expect("a plan");
    let program = program(engine, previous, &plan.changes, Indexes::InTransactions).expect("a program");
    let steps = program.steps.iter().map(|step| {
        let sql: Vec<String> = step.statements.iter().map(|statement| render(engine, statement)).collect();
        format!("-- {}\n{}\n", step.title, sql.join("\n\n"))
    });
    expected.assert_eq(&steps.collect::<Vec<_>>().join("\n"));
}

fn unfollowed(schema: &Schema) -> Schema {
    let mut schema = schema.clone();
    schema.tables.iter_mut().for_each(|table| table.followed = false);
    schema
}

#[test]
fn sqlite_hears_of_each_row_and_of_those_that_are_replaced() {
    let schema = followed(Type::I32);
    shown(
        Engine::Sqlite,
        &unfollowed(&schema),
        &schema,
        expect![[r#"
            -- follow `goods` in the feed
            CREATE TABLE IF NOT EXISTS cell_feed (
                position INTEGER PRIMARY KEY AUTOINCREMENT,
                table_name TEXT NOT NULL,
                key TEXT,
                operation TEXT NOT NULL
            ) STRICT;

            CREATE TABLE IF NOT EXISTS cell_consumers (
                name TEXT NOT NULL PRIMARY KEY,
                cursor TEXT NOT NULL,
                mark TEXT NOT NULL,
                next_cursor TEXT,
                next_mark TEXT,
                live_until INTEGER NOT NULL
            ) STRICT;

            CREATE TRIGGER "goods_feed1" AFTER INSERT ON "goods"
            BEGIN
                INSERT INTO cell_feed (table_name, key, operation) VALUES ('goods', json_array(NEW."id"), 'insert');
            END;

            CREATE TRIGGER "goods_feed2" AFTER UPDATE ON "goods"
            BEGIN
                INSERT INTO cell_feed (table_name, key, operation) VALUES ('goods', json_array(NEW."id"), 'update');
            END;

            CREATE TRIGGER "goods_feed3" AFTER UPDATE OF "id" ON "goods"
                WHEN OLD."id" IS NOT NEW."id"
            BEGIN
                INSERT INTO cell_feed (table_name, key, operation) VALUES ('goods', json_array(OLD."id"), 'delete');
            END;

            CREATE TRIGGER "goods_feed4" AFTER DELETE ON "goods"
            BEGIN
                INSERT INTO cell_feed (table_name, key, operation) VALUES ('goods', json_array(OLD."id"), 'delete');
            END;

            CREATE TRIGGER "goods_feed5" BEFORE INSERT ON "goods"
            BEGIN
                INSERT INTO cell_feed (table_name, key, operation)
                    SELECT 'goods', json_array("row"."id"), 'delete' FROM "goods" AS "row"
                    WHERE (("row"."id" = NEW."id") OR ("row"."sku" = NEW."sku"));
            END;

            CREATE TRIGGER "goods_feed6" BEFORE UPDATE OF "id", "sku" ON "goods"
            BEGIN
                INSERT INTO cell_feed (table_name, key, operation)
                    SELECT 'goods', json_array("row"."id"), 'delete' FROM "goods" AS "row"
                    WHERE (("row"."id" = NEW."id") OR ("row"."sku" = NEW."sku")) AND NOT ("row"."id" IS OLD."id");
            END;

            INSERT INTO cell_feed (table_name, operation) VALUES ('goods', 'reset');
        "#]],
    );
}

#[test]
fn postgres_hears_of_each_statement() {
    let schema = followed(Type::I32);
    shown(
        Engine::Postgres,
        &unfollowed(&schema),
        &schema,
        expect![[r#"
            -- follow `goods` in the feed
            CREATE TABLE IF NOT EXISTS cell_feed (
                xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
                position bigint GENERATED ALWAYS AS IDENTITY,
                table_name text COLLATE "C" NOT NULL,
                key text COLLATE "C",
                operation text COLLATE "C" NOT NULL,
                PRIMARY KEY (xid, position)
            );

            CREATE TABLE IF NOT EXISTS cell_consumers (
                name text COLLATE "C" NOT NULL PRIMARY KEY,
                cursor text NOT NULL,
                mark text NOT NULL,
                next_cursor text,
                next_mark text,
                live_until bigint NOT NULL
            );

            SELECT set_config('search_path', concat_ws(', ', nullif(current_setting('search_path'), ''), 'pg_temp'), true);

            CREATE FUNCTION "goods_feed"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS '
            #variable_conflict use_column
            BEGIN
                IF current_setting(''cell.reset'', true) = ''goods'' THEN
                    RETURN NULL;
                END IF;
                IF TG_OP = ''INSERT'' THEN
                    INSERT INTO cell_feed (table_name, key, operation)
                        SELECT ''goods'', changed.key, ''insert'' FROM (SELECT CAST(json_build_array(written."id") AS text) FROM written) AS changed (key);
                ELSIF TG_OP = ''UPDATE'' THEN
                    INSERT INTO cell_feed (table_name, key, operation)
                        SELECT ''goods'', changed.key, ''update'' FROM (SELECT CAST(json_build_array(replaced."id") AS text) FROM replaced UNION SELECT CAST(json_build_array(written."id") AS text) FROM written) AS changed (key);
                ELSIF TG_OP = ''DELETE'' THEN
                    INSERT INTO cell_feed (table_name, key, operation)
                        SELECT ''goods'', changed.key, ''delete'' FROM (SELECT CAST(json_build_array(replaced."id") AS text) FROM replaced) AS changed (key);
                ELSE
                    INSERT INTO cell_feed (table_name, operation) VALUES (''goods'', ''reset'');
                END IF;
                RETURN NULL;
            END
            ';

            REVOKE ALL ON FUNCTION "goods_feed"() FROM PUBLIC;

            CREATE TRIGGER "goods_feed1" AFTER INSERT ON "goods" REFERENCING NEW TABLE AS written
                FOR EACH STATEMENT EXECUTE FUNCTION "goods_feed"();

            CREATE TRIGGER "goods_feed2" AFTER UPDATE ON "goods" REFERENCING OLD TABLE AS replaced NEW TABLE AS written
                FOR EACH STATEMENT EXECUTE FUNCTION "goods_feed"();

            CREATE TRIGGER "goods_feed3" AFTER DELETE ON "goods" REFERENCING OLD TABLE AS replaced
                FOR EACH STATEMENT EXECUTE FUNCTION "goods_feed"();

            CREATE TRIGGER "goods_feed4" AFTER TRUNCATE ON "goods"
                FOR EACH STATEMENT EXECUTE FUNCTION "goods_feed"();

            SELECT set_config('cell.reset', 'goods', true);

            INSERT INTO cell_feed (table_name, operation) VALUES ('goods', 'reset');
        "#]],
    );
}

#[test]
fn values_that_change_all_at_once_are_told_once() {
    shown(
        Engine::Postgres,
        &followed(Type::I32),
        &followed(Type::I64),
        expect![[r#"
        -- change the type of `stock` of `goods`
        SELECT set_config('cell.reset', 'goods', true);

        INSERT INTO cell_feed (table_name, operation) VALUES ('goods', 'reset');

        ALTER TABLE "goods"
            ALTER COLUMN "stock" TYPE bigint USING "stock"::bigint;
    "#]],
    );
}

#[test]
fn what_nobody_follows_any_more_is_forgotten() {
    let schema = followed(Type::I32);
    shown(
        Engine::Postgres,
        &schema,
        &unfollowed(&schema),
        expect![[r#"
        -- follow `goods` in the feed no more
        DROP TRIGGER IF EXISTS "goods_feed1" ON "goods";

        DROP TRIGGER IF EXISTS "goods_feed2" ON "goods";

        DROP TRIGGER IF EXISTS "goods_feed3" ON "goods";

        DROP TRIGGER IF EXISTS "goods_feed4" ON "goods";

        DROP FUNCTION IF EXISTS "goods_feed"();

        DELETE FROM cell_feed WHERE table_name = 'goods';
    "#]],
    );
    shown(
        Engine::Sqlite,
        &schema,
        &unfollowed(&schema),
        expect![[r#"
        -- follow `goods` in the feed no more
        DROP TRIGGER IF EXISTS "goods_feed1";

        DROP TRIGGER IF EXISTS "goods_feed2";

        DROP TRIGGER IF EXISTS "goods_feed3";

        DROP TRIGGER IF EXISTS "goods_feed4";

        DROP TRIGGER IF EXISTS "goods_feed5";

        DROP TRIGGER IF EXISTS "goods_feed6";

        DELETE FROM cell_feed WHERE table_name = 'goods';
    "#]],
    );
}
