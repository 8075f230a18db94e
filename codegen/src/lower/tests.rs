//! What sources become in the model. Each source is one that no rule refuses.

mod caches;

use expect_test::{Expect, expect};

use super::lower;
use crate::check::check;
use crate::model::Model;
use crate::scan;
use crate::topology::Topologies;

fn model(source: &str) -> Model {
    let source = format!("use cell::prelude::*;\n{source}");
    let scanned = scan::from_sources(&[("src/main.rs", &source)]);
    let model = lower(&scanned.program);
    let mut found = scanned.diagnostics;
    found.extend(check(&scanned.program, &model, &Topologies::default()));
    assert_eq!(crate::render::human(&scanned.program, &found, crate::render::Color::Never), "");
    assert!(model.omitted.is_empty());
    model
}

/// A schema, a line for each of its parts.
#[track_caller]
fn schema(source: &str, expected: Expect) {
    let mut text = String::new();
    for database in &model(source).databases {
        for table in &database.schema.tables {
            text += &format!("{}.{} ({})\n", database.name, table.name, table.key.join(", "));
            lines("column", &table.columns, &mut text);
            lines("unique", &table.uniques, &mut text);
            lines("index", &table.indexes, &mut text);
            lines("reference", &table.references, &mut text);
            lines("check", &table.checks, &mut text);
        }
    }
    expected.assert_eq(&text);
}

fn lines<T: serde::Serialize>(kind: &str, parts: &[T], text: &mut String) {
    for part in parts {
        *text += &format!("  {kind} {}\n", json(part));
    }
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("the model is JSON")
}

#[test]
fn a_table_keeps_its_columns_order_and_sorts_the_rest_by_name() {
    schema(
        "#[Database::enumeration] pub enum Category { Book, SheetMusic }
         #[Database::value] pub struct CustomerId(i64);
         #[Database::table] pub struct Customer { #[key(automatic)] id: CustomerId }
         #[Database::table]
         #[check(price >= 0 && len(sku) == 8)]
         #[unique(sku, customer)]
         #[index(category, created_at desc, where = category != Category::Book)]
         pub struct Product {
             #[key] id: i64,
             #[column(name = \"code\", max_len = 8)] sku: String,
             #[column(default = Book)] category: Category,
             #[decimal(12, 2)] price: Option<Decimal>,
             #[references(Customer, on_delete = cascade)] customer: CustomerId,
             #[column(default = now)] #[index] created_at: DateTime<Utc>,
             #[generated(lower(sku))] small: String,
         }
         #[Database::sqlite(file = \"s.db\")]
         pub struct WebShop { products: Table<Product>, customers: Table<Customer> }",
        expect![[r#"
            web_shop.customers (id)
              column {"name":"id","type":"i64","automatic":true}
            web_shop.products (id)
              column {"name":"id","type":"i64","automatic":true}
              column {"name":"code","type":{"text":{"max_len":8}}}
              column {"name":"category","type":{"enumeration":{"values":["book","sheet_music"]}},"default":{"value":{"text":"book"}}}
              column {"name":"price","type":{"decimal":{"precision":12,"scale":2}},"nullable":true}
              column {"name":"customer","type":"i64"}
              column {"name":"created_at","type":"instant","default":"now"}
              column {"name":"small","type":{"text":{}},"generated":{"expression":{"portable":{"call":{"function":"lower","arguments":[{"column":"code"}]}}}}}
              unique {"name":"products_code_customer_key","columns":["code","customer"]}
              index {"name":"products__category__created_at__idx","columns":[{"column":"category"},{"column":"created_at","descending":true}],"predicate":{"portable":{"binary":{"op":"not_equal","left":{"column":"category"},"right":{"literal":{"text":"book"}}}}}}
              index {"name":"products__created_at__idx","columns":[{"column":"created_at"}]}
              reference {"name":"products_customer_fkey","columns":["customer"],"table":"customers","target":["id"],"on_delete":"cascade"}
              check {"name":"products_price_code_check","expression":{"portable":{"binary":{"op":"and","left":{"binary":{"op":"greater_or_equal","left":{"column":"price"},"right":{"literal":{"integer":0}}}},"right":{"binary":{"op":"equal","left":{"call":{"function":"len","arguments":[{"column":"code"}]}},"right":{"literal":{"integer":8}}}}}}}}
        "#]],
    );
}

#[test]
fn rules_become_expressions_over_sql_names() {
    schema(
        "#[Database::table]
         #[check(sqlite = \"n GLOB 'a*'\", postgres = \"n ~ '^a'\")]
         #[check(!is_null(n) || -m * 2 <= -0.5)]
         #[check(m > 0)] #[check(m < 10)]
         pub struct P { #[key] id: i64, #[column(name = \"group\")] m: i64, n: Option<String> }
         #[Database::sqlite(file = \"s.db\")] pub struct Shop { p: Table<P> }",
        expect![[r#"
            shop.p (id)
              column {"name":"id","type":"i64","automatic":true}
              column {"name":"group","type":"i64"}
              column {"name":"n","type":{"text":{}},"nullable":true}
              check {"name":"p_check","expression":{"raw":{"sqlite":"n GLOB 'a*'","postgres":"n ~ '^a'"}}}
              check {"name":"p_group_check","expression":{"portable":{"binary":{"op":"greater","left":{"column":"group"},"right":{"literal":{"integer":0}}}}}}
              check {"name":"p_group_check2","expression":{"portable":{"binary":{"op":"less","left":{"column":"group"},"right":{"literal":{"integer":10}}}}}}
              check {"name":"p_n_group_check","expression":{"portable":{"binary":{"op":"or","left":{"unary":{"op":"not","operand":{"call":{"function":"is_null","arguments":[{"column":"n"}]}}}},"right":{"binary":{"op":"less_or_equal","left":{"binary":{"op":"multiply","left":{"unary":{"op":"negate","operand":{"column":"group"}}},"right":{"literal":{"integer":2}}}},"right":{"literal":{"number":"-0.5"}}}}}}}}
        "#]],
    );
}

#[test]
fn what_is_said_of_a_change_is_kept_by_the_names_that_sql_has() {
    let model = model(
        "#[Database::enumeration] pub enum Kind {
             Book,
             #[renamed_from = \"sheets\"] SheetMusic,
             #[removed(to = Book)] Tape,
             #[renamed_from = \"disc\"] #[removed(to = SheetMusic)] Record,
         }
         #[Database::value] pub struct Sort(Kind);
         #[Database::table(renamed_from = \"goods\")] pub struct Product {
             #[key] id: i64,
             name: String,
             #[column(name = \"label\", renamed_from = \"title\", allow(values_truncated, cast_may_fail))] title: String,
             #[column(backfill = lower(title))] folded: String,
             #[column(zone = \"Europe/Berlin\")] at: DateTime<Utc>,
             kind: Option<Sort>,
         }
         #[Database::sqlite(file = \"a.db\")] pub struct Shop { products: Table<Product> }
         #[Database::sqlite(file = \"b.db\")] pub struct Archive { past: Table<Product> }",
    );
    let mut text = String::new();
    for database in &model.databases {
        for (table, said) in &database.hints.tables {
            text += &format!("{}.{table} from {:?}\n", database.name, said.renamed_from);
            for (column, said) in &said.columns {
                let backfill = said.backfill.as_ref().map(json);
                text += &format!("  {column} {:?} {backfill:?} {:?} {:?}\n", said.renamed_from, said.zone, said.values);
            }
        }
        for allowed in &database.hints.allowed {
            text += &format!("  allowed: {}={}\n", allowed.hazard, allowed.object);
        }
    }
    expect![[r#"
        archive.past from Some("goods")
          at None None Some("Europe/Berlin") {}
          folded None Some("{\"portable\":{\"call\":{\"function\":\"lower\",\"arguments\":[{\"column\":\"label\"}]}}}") None {}
          kind None None None {"disc": "sheet_music", "record": "sheet_music", "sheets": "sheet_music", "tape": "book"}
          label Some("title") None None {}
          allowed: values-truncated=archive.past.label
          allowed: cast-may-fail=archive.past.label
        shop.products from Some("goods")
          at None None Some("Europe/Berlin") {}
          folded None Some("{\"portable\":{\"call\":{\"function\":\"lower\",\"arguments\":[{\"column\":\"label\"}]}}}") None {}
          kind None None None {"disc": "sheet_music", "record": "sheet_music", "sheets": "sheet_music", "tape": "book"}
          label Some("title") None None {}
          allowed: values-truncated=shop.products.label
          allowed: cast-may-fail=shop.products.label
    "#]].assert_eq(&text);
}

#[test]
fn one_struct_in_two_databases_refers_to_each_ones_own_table() {
    let model = model(
        "#[Database::table] pub struct Customer { #[key] id: i64 }
         #[Database::table] pub struct Order { #[key] id: i64, #[references(Customer)] by: i64 }
         #[Database::sqlite(file = \"a.db\")] pub struct Shop { customers: Table<Customer>, orders: Table<Order> }
         #[Database::postgres(url = env(\"DATABASE_URL\"), primary = \"local\", replicas = [\"local\"])]
         pub struct Archive { people: Table<Customer>, past: Table<Order> }",
    );
    let targets: Vec<_> = model
        .databases
        .iter()
        .map(|database| {
            let tables = &database.schema.tables;
            let target = tables.iter().flat_map(|table| &table.references).map(|reference| reference.table.as_str());
            (database.name.as_str(), database.folder.as_str(), target.collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(targets, [("archive", "cell/archive", vec!["people"]), ("shop", "cell/shop", vec!["customers"])]);
    let archive = &model.databases[0];
    assert_eq!((archive.url_env.as_deref(), archive.primary.as_deref()), (Some("DATABASE_URL"), Some("local")));
    let replicas: Vec<_> = archive.replicas.iter().map(|replica| (&*replica.region, &*replica.url_env)).collect();
    assert_eq!(replicas, [("local", "DATABASE_URL_LOCAL")]);
}

#[test]
fn a_cell_needs_what_its_fields_say_and_tasks_are_no_calls() {
    let model = model(
        "#[Database::sqlite(file = \"s.db\")] pub struct Shop {}
         #[service] pub struct Tax { shop: Shop, again: Shop, orders: Synapse<Orders> }
         #[service(name = \"order_desk\")] pub struct Orders { tax: Synapse<Tax> }
         #[handler] impl Orders {
             pub async fn process(&self) -> Result<()> { Ok(()) }
             #[task(every = \"1h\")] async fn tidy(&self) -> Result<()> { Ok(()) }
         }",
    );
    let cells: Vec<_> = model
        .cells
        .iter()
        .map(|cell| {
            let databases: Vec<&str> = cell.databases.iter().map(|id| model.database(*id).name.as_str()).collect();
            let cells: Vec<&str> = cell.cells.iter().map(|id| model.cell(*id).name.as_str()).collect();
            let handlers: Vec<&str> = cell.handlers.iter().map(|handler| handler.name.as_str()).collect();
            format!("{} {databases:?} {cells:?} {handlers:?}", cell.name)
        })
        .collect();
    assert_eq!(cells, [r#"order_desk [] ["tax"] ["process"]"#, r#"tax ["shop"] ["order_desk"] []"#]);
}

#[test]
fn shapes_lead_down_to_plain_types_and_end_in_names() {
    let model = model(
        "#[Database::value] pub struct Name(String);
         #[Database::table] pub struct Product {
             #[key] id: i64, name: Name, #[column(default = 1)] stock: i64, #[skip] cache: Option<i64>,
             #[generated(stock * 2)] twice: i64,
         }
         #[message] pub struct Tree { name: Name, children: Vec<Tree> }
         #[message] pub enum Event { Grown(Tree), Cut { at: DateTime<Utc> }, Gone }
         #[message] pub struct Ids(Vec<Uuid>);
         mod other { use cell::prelude::*; #[message] pub struct Tree { pub height: u8 } }
         #[service] pub struct Garden;
         #[handler] impl Garden {
             pub async fn add(&self, product: NewProduct, small: other::Tree, ids: &Ids) -> Result<Product> { answer() }
             pub async fn events(&self, text: &str) -> std::result::Result<Vec<Event>, Tree> { answer() }
             #[http(GET, \"/\")] pub async fn page(&self) -> Result<Html> { answer() }
         }",
    );
    let handlers = model.cells.iter().flat_map(|cell| &cell.handlers);
    let handlers = handlers.map(|handler| format!("{} {}\n", handler.name, json(&handler.signature)));
    let types = model.types.iter().map(|(name, definition)| format!("{name} {}\n", json(definition)));
    let text: String = handlers.chain(types).collect();
    expect![[r#"
        add {"arguments":[{"name":"product","shape":{"type":"NewProduct"}},{"name":"small","shape":{"type":"app::other::Tree"}},{"name":"ids","shape":{"list":"uuid"}}],"result":{"type":"Product"}}
        events {"arguments":[{"name":"text","shape":"string"}],"result":{"list":{"type":"Event"}},"error":{"type":"app::Tree"}}
        page {"result":"html"}
        Event {"enum":[{"name":"Grown","body":{"newtype":{"type":"app::Tree"}}},{"name":"Cut","body":{"struct":[{"name":"at","shape":"instant"}]}},{"name":"Gone"}]}
        NewProduct {"struct":[{"name":"name","shape":"string"},{"name":"stock","shape":"i64","optional":true}]}
        Product {"struct":[{"name":"id","shape":"i64"},{"name":"name","shape":"string"},{"name":"stock","shape":"i64"},{"name":"twice","shape":"i64"}]}
        app::Tree {"struct":[{"name":"name","shape":"string"},{"name":"children","shape":{"list":{"type":"app::Tree"}}}]}
        app::other::Tree {"struct":[{"name":"height","shape":"u8"}]}
    "#]].assert_eq(&text);
}

#[test]
fn a_placement_belongs_to_the_cell_on_whose_struct_it_stands() {
    let model = model(
        "#[service] #[Placement(regions = [\"local\"], replicas = 3)] pub struct Tax;
         mod other { use cell::prelude::*; #[service(name = \"duty\")] pub struct Tax; }
         #[message] pub struct Order { pub id: i64 }
         #[handler] impl Tax { pub async fn of(&self, order: Order) -> Result<()> { Ok(()) } }",
    );
    let placed: Vec<_> = model
        .cells
        .iter()
        .map(|cell| (cell.name.as_str(), cell.placement.as_ref().map(|at| (at.region_names(), at.replicas))))
        .collect();
    assert_eq!(placed, [("duty", None), ("tax", Some((vec!["local".to_owned()], Some(3))))]);
}

#[test]
fn one_struct_in_two_databases_has_a_search_index_in_each_by_the_names_that_sql_has() {
    let model = model(
        "#[Search::index] #[Database::table] #[key(shop, number)]
         pub struct Product { shop: i64, #[column(name = \"no\")] number: i32, #[skip] seen: bool, #[text] name: String }
         #[Database::table] #[Search::index(name = \"notes\")] pub struct Note { #[key] id: Uuid, #[text] text: String }
         #[Database::table] #[Search::index] pub struct Nowhere { #[key] id: i64, #[text] text: String }
         #[Database::sqlite(file = \"b.db\")] pub struct Shop { products: Table<Product>, remarks: Table<Note> }
         #[Database::sqlite(file = \"a.db\")] pub struct Archive { past: Table<Product> }",
    );
    let indexes: Vec<_> = model
        .indexes
        .iter()
        .map(|index| {
            let key: Vec<&str> = index.definition.key.iter().map(|column| column.column.as_str()).collect();
            let database = model.database(index.database).name.as_str();
            (database, index.definition.table.as_str(), index.definition.name.as_str(), key)
        })
        .collect();
    assert_eq!(
        indexes,
        [
            ("archive", "past", "archive.past", vec!["shop", "no"]),
            ("shop", "remarks", "shop.notes", vec!["id"]),
            ("shop", "products", "shop.products", vec!["shop", "no"]),
        ]
    );
}

#[test]
fn what_an_insert_takes_is_imported_like_any_type() {
    let model = model(
        "mod shop {
             use cell::prelude::*;
             #[Database::table(new = Fresh)] pub struct Item { #[key] pub id: i64, pub name: String }
             #[Database::table] pub struct Order { #[key] pub id: i64, pub item: i64 }
         }
         use shop::{Fresh, NewOrder as Wanted};
         #[service] pub struct Desk;
         #[handler] impl Desk {
             pub async fn order(&self, item: Fresh, order: Vec<Wanted>) -> Result<()> { Ok(()) }
         }",
    );
    let types: String = model.types.iter().map(|(name, definition)| format!("{name} {}\n", json(definition))).collect();
    expect![[r#"
        Fresh {"struct":[{"name":"name","shape":"string"}]}
        NewOrder {"struct":[{"name":"item","shape":"i64"}]}
    "#]]
    .assert_eq(&types);
}
