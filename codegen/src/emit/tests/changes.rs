//! Changes after a release: what could lose something is refused, what is said of it in the source or beside it is carried.

use std::collections::BTreeSet;

use cell_schema::hazard::{Allowed, HazardKind};
use expect_test::expect;

use super::super::Previous;
use super::{SHOP, compile_with, compiled, listed, refused, released, sealed};

#[test]
fn a_hazard_is_refused_at_the_place_of_its_object_or_of_what_that_belonged_to() {
    let source = SHOP.replace("pub sku: String", "#[column(max_len = 8)] pub sku: String");
    refused(
        &source,
        &Previous::new(released()),
        expect![[r#"
        error[values-truncated]: values of `sku` are cut to its new length
         --> src/main.rs:2:98
          |
        2 | #[Database::table] pub struct Product { #[key] pub id: i64, #[unique] #[column(max_len = 8)] pub sku: String }
          |                                                                                                  ^^^ shop.products.sku
          |
          = help: to let it happen, pass `--allow values-truncated=shop.products.sku`

    "#]],
    );
    refused(
        &SHOP.replace(", #[unique] pub sku: String", ""),
        &Previous::new(released()),
        expect![[r#"
        error[values-deleted]: column `sku` is dropped with its values
         --> src/main.rs:2:31
          |
        2 | #[Database::table] pub struct Product { #[key] pub id: i64 }
          |                               ^^^^^^^ shop.products.sku
          |
          = help: to let it happen, pass `--allow values-deleted=shop.products.sku`

    "#]],
    );
}

#[test]
fn a_hazard_is_allowed_by_the_field_by_whoever_builds_and_by_the_open_migration() {
    let cut = |allow: &str| SHOP.replace("pub sku: String", &format!("#[column(max_len = 8{allow})] pub sku: String"));
    let by_the_field = compiled(&cut(", allow(values_truncated)"), &Previous::new(released()));
    let object = "shop.products.sku".to_owned();
    let allowed = BTreeSet::from([Allowed { hazard: HazardKind::ValuesTruncated, object }]);
    let by_hand = compile_with(&cut(""), &Previous::new(released()), &allowed).expect("what was allowed");
    assert!(by_the_field == by_hand, "{}", listed(&by_hand));
    // The migration that is open now says so itself, and is written again as it is.
    let mut files = released();
    files.extend(by_hand.files.clone());
    assert!(compiled(&cut(""), &Previous::new(files)) == by_hand, "what was allowed once for a migration stays so");

    let other = BTreeSet::from([Allowed { hazard: HazardKind::LossyCast, object: "shop.products.sku".to_owned() }]);
    let said = compile_with(&cut(""), &Previous::new(released()), &other).expect_err("another hazard");
    assert!(said.starts_with("error[values-truncated]"), "{said}");
}

#[test]
fn a_rename_keeps_what_there_is() {
    let source = SHOP.replace("pub sku: String", "#[column(renamed_from = \"sku\")] pub code: String");
    let next = compiled(&source, &Previous::new(released()));
    let change = "cell/shop/migrations/0002_rename_code/change.json";
    assert!(next.files.contains_key(change), "{}", listed(&next));
    // The hint stays in the source after the rename, and does nothing more.
    let mut files = released();
    files.extend(next.files);
    files = sealed(files);
    let later = compiled(&source, &Previous::new(files.clone()));
    assert!(later.removals.is_empty() && later.files.iter().all(|(path, bytes)| files.get(path) == Some(bytes)));
}
