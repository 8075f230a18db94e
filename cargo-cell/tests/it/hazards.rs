//! Changes that could lose something: refused, allowed by name, and carried by what the attributes say.

use expect_test::expect;

use crate::fixture::Fixture;

/// A shop whose first release has been built, so that the next change counts from there.
fn released(name: &str) -> Fixture {
    let fixture = Fixture::new(name);
    assert_eq!(fixture.run(&["release", "-q"]).code, Some(0));
    fixture
}

#[test]
fn a_hazard_alone_ends_with_a_code_of_its_own_and_the_ways_to_allow_it() {
    let fixture = released("hazard-refused");
    fixture.replace("src/main.rs", "    #[unique]\n", "    #[unique]\n    #[column(max_len = 8)]\n");
    let said = fixture.run(&["check"]);
    assert_eq!((said.code, said.out.as_str()), (Some(4), ""), "{}", said.err);
    expect![[r#"
        error[values-truncated]: values of `sku` are cut to its new length
          --> src/main.rs:14:9
           |
        14 |     pub sku: String,
           |         ^^^ shop.products.sku
           |
           = help: to let it happen, pass `--allow values-truncated=shop.products.sku`

        error: 1 error; run `cargo cell explain values-truncated` for more
        note: what may happen is allowed by its code and object: `--allow values-truncated=OBJECT`, or `#[column(allow(values_truncated))]` on a field that is there
    "#]].assert_eq(&said.err);
    for command in [&["build", "-q"][..], &["plan", "-q"], &["migrate", "status", "-q"]] {
        assert_eq!(fixture.run(command).code, Some(4), "{command:?}");
    }

    let allow = ["check", "--allow", "values-truncated=shop.products.sku"];
    assert_eq!(fixture.run(&allow).code, Some(0));
    let said = fixture.run(&["check", "--allow", "values-truncated=shop.products.id"]);
    assert_eq!(said.code, Some(4), "another object: {}", said.err);

    // With another mistake it is a mistake in the sources.
    fixture.replace("src/main.rs", "    pub sku: String,\n", "    pub sku: String,\n    pub stock: i64,\n");
    let said = fixture.run(&["check"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains("error[not-null-without-default]"), "{}", said.err);
    assert!(said.err.ends_with("on a field that is there\n"), "{}", said.err);
}

#[test]
fn what_nobody_can_allow_is_wrong_usage() {
    let fixture = released("hazard-usage");
    // Also where something is refused that it was perhaps to allow.
    fixture.replace("src/main.rs", "    #[unique]\n    pub sku: String,\n", "");
    let said = fixture.run(&["check", "--allow", "values-deleted=shpo.products.sku"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    expect![[r#"
        error: `--allow values-deleted=shpo.products.sku` names no object of a database
        help: did you mean the database `shop`?
    "#]]
    .assert_eq(&said.err);
    for (word, expected) in [
        ("values-delete=shop.products.sku", "did you mean `values-deleted`?"),
        ("unique-over-rows=shop.products.sku", "`unique-over-rows` is no hazard that can be allowed"),
        ("values-deleted", "write a hazard and its object"),
        ("values-deleted=shop", "write a hazard and its object"),
    ] {
        let said = fixture.run(&["check", "--allow", word]);
        assert_eq!(said.code, Some(2), "{word}: {}", said.err);
        assert!(said.err.contains(expected), "{word}: {}", said.err);
    }
    let said = fixture.run(&["check", "--allow", "values-deleted=shop.products.sku"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
}

#[test]
fn what_is_said_of_a_change_is_the_same_to_the_macros_and_takes_effect() {
    let fixture = Fixture::new("hazard-said");
    let kinds = "#[Database::enumeration]\n#[derive(Clone, Copy, Debug, PartialEq)]\npub enum Kind {\n    Book,\n    Tape,\n}\n\n#[service]\n";
    fixture.replace("src/main.rs", "#[service]\n", kinds);
    let fields = "    pub sku: String,\n    pub kind: Kind,\n    pub stock: Option<i64>,\n";
    fixture.replace("src/main.rs", "    pub sku: String,\n", fields);
    let said = fixture.run(&["release", "-q"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let said = fixture.run(&["migrate", "apply"]);
    assert_eq!(said.code, Some(0), "{}", said.err);

    fixture.replace("src/main.rs", "#[Database::table]\n", "#[Database::table(renamed_from = \"products\")]\n");
    fixture.replace("src/main.rs", "pub products: Table", "pub goods: Table");
    fixture.replace("src/main.rs", "shop.products", "shop.goods");
    let values = "    #[renamed_from = \"book\"]\n    Volume,\n    #[removed(to = Volume)]\n    Tape,\n";
    fixture.replace("src/main.rs", "    Book,\n    Tape,\n", values);
    let next = "    #[column(renamed_from = \"sku\", max_len = 8, allow(values_truncated))]\n    pub code: String,\n    \
                pub kind: Kind,\n    #[column(backfill = len(code))]\n    pub stock: i64,\n    \
                #[column(zone = \"Europe/Berlin\", default = now)]\n    pub at: DateTime<Utc>,\n";
    fixture.replace("src/main.rs", fields, next);
    let said = fixture.run(&["build"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let said = fixture.run(&["migrate", "apply"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(fixture.run(&["migrate", "verify"]).out, "shop is as its migrations say\n");
    let said = fixture.run(&["build", "--check", "-q"]);
    assert_eq!(said.code, Some(0), "what was said stays, and does nothing more: {}", said.err);
}
