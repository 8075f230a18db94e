//! What an expansion holds and what it leaves out, on ordinary tokens. That it compiles is shown by the runtime's tests.

use std::str::FromStr as _;

use cell_syntax::Attribute;
use proc_macro2::TokenStream;
use quote::quote;

use crate::expand::attribute;

fn expanded(path: &str, arguments: &str, item: &str) -> String {
    let attribute_of = Attribute::from_path(path).expect("an attribute of Cell");
    let arguments = TokenStream::from_str(arguments).expect("tokens");
    let item = TokenStream::from_str(item).expect("tokens");
    attribute(attribute_of, arguments, item).to_string()
}

/// The same tokens as they are printed by the same printer.
fn printed(tokens: &TokenStream) -> String {
    tokens.to_string()
}

#[test]
fn a_mistake_leaves_the_item_without_helpers_and_one_error() {
    let text = expanded("Database::table", "", "struct A { #[kee] #[unique] id: i64 }");
    assert!(text.starts_with("struct A { id : i64 }"), "{text}");
    assert_eq!(text.matches("compile_error").count(), 1, "{text}");
    assert!(text.contains("did you mean `#[key]`?"), "{text}");
}

#[test]
fn the_record_names_kind_item_and_fingerprint() {
    let item = syn::parse_quote! { struct A { #[key] id: i64 } };
    let fingerprint = cell_syntax::fingerprint(Attribute::DatabaseTable, &TokenStream::new(), &item);
    let text = expanded("Database::table", "", "struct A { #[key] id: i64 }");
    let fingerprint = format!("{fingerprint:016x}");
    assert!(text.contains(&printed(&quote!(::cell::__record! { "table", "A", #fingerprint }))), "{text}");
}

#[test]
fn an_automatic_key_and_a_generated_column_are_not_given_on_insert() {
    let text = expanded(
        "Database::table",
        "",
        "struct A { #[key] id: i64, name: String, #[generated(lower(name))] folded: String, #[column(default = 1)] n: i32 }",
    );
    let new = text.split("struct NewA").nth(1).and_then(|rest| rest.split('}').next()).expect("the type for inserts");
    assert!(!new.contains("id :") && !new.contains("folded"), "{new}");
    assert!(new.contains("pub name : String") && new.contains("pub n : :: core :: option :: Option < i32 >"), "{new}");
}

#[test]
fn a_renamed_runtime_is_named_everywhere() {
    for (path, item) in [
        ("Database::table", "struct A { #[key] id: i64 }"),
        ("Database::enumeration", "enum A { B }"),
        ("Database::value", "struct A(i64);"),
        ("message", "enum A { B, C(i64), D { e: i64 } }"),
        ("service", "struct A { b: B }"),
        ("Placement", "struct A;"),
        ("Search::index", "struct A { #[key] b: i64, #[text] #[filter] c: String }"),
        ("handler", "impl A { #[http(GET, \"/a\")] pub async fn a(&self, b: &str) -> Result<()> { } }"),
    ] {
        let arguments = if path == "Placement" { "replicas = 2, crate = storage" } else { "crate = storage" };
        let text = expanded(path, arguments, item);
        assert!(!text.contains(":: cell ::"), "{path}: {text}");
        assert!(text.contains("storage ::"), "{path}: {text}");
    }
    let text = expanded("Database::sqlite", "file = \"a.db\", crate = storage", "struct A { b: Table<B> }");
    assert!(!text.contains(":: cell ::"), "{text}");
}

#[test]
fn serde_is_derived_unless_it_is_already() {
    let text = expanded("message", "", "#[derive(Clone, serde::Serialize)] struct A { b: i64 }");
    assert!(!text.contains("__private :: serde :: Serialize"), "{text}");
    assert!(text.contains("__private :: serde :: Deserialize"), "{text}");
}

#[test]
fn a_task_is_no_method_of_the_client() {
    let text = expanded(
        "handler",
        "",
        "impl A { #[task(every = \"1s\")] async fn sweep(&self) -> Result<()> { } pub async fn get(&self) -> Result<()> { } }",
    );
    let client = text.split("impl AClient").nth(1).and_then(|rest| rest.split("impl ::").next()).expect("a client");
    assert!(client.contains("fn get") && !client.contains("fn sweep"), "{client}");
    assert!(text.contains("interface . task (\"sweep\" , :: core :: option :: Option :: Some (1000u64)"), "{text}");
}

#[test]
fn a_borrowed_text_is_owned_where_it_comes_from_a_door() {
    let text = expanded(
        "handler",
        "",
        "impl A { #[http(GET, \"/{name}\")] pub async fn get(&self, name: &str, list: &[i64]) -> Result<()> { } }",
    );
    assert!(text.contains("let name : :: std :: string :: String = __input . take (\"name\") ?"), "{text}");
    assert!(text.contains("argument :: < :: std :: vec :: Vec < i64 > > (\"list\")"), "{text}");
    assert!(!text.contains("# [http"), "{text}");
}

#[test]
fn a_placement_leaves_the_struct_and_a_record() {
    let text = expanded("Placement", "region = \"eu\"", "#[service] struct A { #[key] b: B }");
    assert!(
        text.starts_with("# [service] struct A { # [key] b : B } :: cell :: __record ! { \"placement\" , \"A\" ,"),
        "{text}"
    );
    // Helpers are another attribute's, after a mistake too.
    let text = expanded("Placement", "regon = \"eu\"", "#[Database::table] struct A { #[key] b: B }");
    assert!(text.contains("# [key]") && text.contains("did you mean `region`?"), "{text}");
}

#[test]
fn a_search_index_leaves_the_struct_its_facts_and_a_record() {
    let text = expanded(
        "Search::index",
        "language = \"en\"",
        "#[Database::table] struct A { #[key] id: i64, #[skip] b: i64, #[facet] c: bool, #[text(boost = 2)] r#type: String, \
         #[references(x::D)] #[include(r#type(filter))] d_id: i64 }",
    );
    assert!(
        text.contains("# [Database :: table] struct A { # [key] id : i64 , # [skip] b : i64 , # [facet] c : bool"),
        "{text}"
    );
    let own = "FieldInfo :: new (& < A as :: cell :: db :: Model > :: INFO ";
    assert!(text.contains(&format!("{own}[1usize] , \"c\") . facet :: < bool > ()")), "{text}");
    assert!(text.contains(&format!("{own}[2usize] , \"type\") . text :: < String > (2f32")), "{text}");
    let other =
        "FieldOf :: new (& < x :: D as :: cell :: db :: Model > :: COLUMNS . r#type , \"d.type\") . filter () . info";
    assert!(text.contains(other), "{text}");
    assert!(text.contains("< _ , _ , x :: D > (& < A as :: cell :: db :: Model > :: COLUMNS . d_id , \"d\""), "{text}");
    assert!(text.contains("{ values . push (& self . d_id) ; }"), "{text}");
    assert!(text.contains("{ values . push (& self . c) ; values . push (& self . r#type) ; }"), "{text}");
    assert!(text.contains(":: cell :: __record ! { \"search\" , \"A\" ,"), "{text}");
}

#[test]
fn a_mistake_of_an_index_leaves_its_table_what_that_reads() {
    let text = expanded(
        "Search::index",
        "",
        "#[Database::table] #[unique(b)] struct A { #[key] id: i64, #[txt] #[facet] b: String }",
    );
    assert!(
        text.starts_with("# [Database :: table] # [unique (b)] struct A { # [key] id : i64 , b : String }"),
        "{text}"
    );
    assert_eq!(text.matches("compile_error").count(), 1, "{text}");
}

#[test]
fn a_mistake_of_a_table_is_not_told_again_by_its_index() {
    let text = expanded(
        "Database::table",
        "",
        "#[cell::Search::index(name = \"b\")] #[derive(Debug)] struct A { id: i64, #[text] b: String }",
    );
    assert!(text.starts_with("# [derive (Debug)] struct A { id : i64 , b : String }"), "{text}");
}

#[test]
fn a_placement_on_a_method_does_not_work_yet() {
    let text = expanded("Placement", "region = \"eu\"", "pub async fn best(&self) -> Result<()> { }");
    assert!(text.contains("`#[Placement]` on a handler does not work in this version of Cell"), "{text}");
}

#[test]
fn what_is_no_item_is_rustcs_error_and_stays() {
    let text = expanded("Database::table", "", "let x = 1;");
    assert!(text.starts_with("let x = 1 ;") && text.contains("compile_error"), "{text}");
}

#[test]
fn an_attribute_that_does_not_work_yet_says_so_on_a_method_too() {
    let text = expanded("Latency::budget", "\"1m\"", "pub async fn best(&self) -> Result<()> { }");
    assert!(text.contains("does not work in this version of Cell"), "{text}");
    assert!(text.contains("pub async fn best"), "{text}");
}
