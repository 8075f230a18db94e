//! Caches as a build and a plan show them.

use expect_test::expect;
use serde_json::Value;

use crate::fixture::Fixture;

/// An application whose handler's results are held, and those of a function that lets go of its handle.
fn cached(name: &str) -> Fixture {
    let fixture = Fixture::new(name);
    fixture.replace("src/main.rs", "    #[http(GET", "    #[Cache::memoize(ttl = \"5m\")]\n    #[http(GET");
    let sized = "#[Cache::memoize]\npub async fn sized(shop: i64) -> Result<i64> {\n    \
                 let shop = Shop::open().await?;\n    Ok(std::mem::size_of_val(&shop) as i64)\n}\n\ncell::main!();";
    fixture.replace("src/main.rs", "cell::main!();", sized);
    fixture
}

#[test]
fn a_plan_says_which_caches_come_and_what_they_depend_on() {
    let fixture = cached("caches-plan");
    let said = fixture.run(&["plan"]);
    let lines = |text: &str, from: &str, count: usize| -> String {
        let lines = text.lines().skip_while(|line| *line != from).take(count);
        lines.map(|line| format!("{line}\n")).collect()
    };
    expect![[r#"
        Caches
          + caches_plan::count  depends on shop.products
          + caches_plan::sized  depends on shop
    "#]]
    .assert_eq(&lines(&said.out, "Caches", 3));
    assert!(said.out.contains("`cell/caches.json` is missing"), "{}", said.out);
    let said = fixture.run(&["plan", "--format", "markdown"]);
    expect![[r#"
        ### Caches

        |  | cache |  |
        | --- | --- | --- |
        | added | `caches_plan::count` | depends on shop.products |
        | added | `caches_plan::sized` | depends on shop |
    "#]]
    .assert_eq(&lines(&said.out, "### Caches", 6));
    let said = fixture.run(&["plan", "--message-format", "json"]);
    let value: Value = serde_json::from_str(said.out.lines().next().unwrap_or_default()).expect("JSON");
    assert_eq!(value["caches"][0]["cache"], "caches_plan::count", "{value}");
    assert_eq!(value["caches"][0]["depends"][0], "shop.products", "{value}");
}

#[test]
fn a_build_shows_what_each_cache_depends_on_and_where_a_handle_is_lost() {
    let fixture = cached("caches-build");
    let said = fixture.run(&["build"]);
    let shown: Vec<&str> = said.err.lines().skip_while(|line| !line.contains("Checked")).skip(1).take(9).collect();
    expect![[r#"
               Cache caches_build::count  depends on shop.products
               Cache caches_build::sized  depends on shop
        note[memoize-whole-database]: a handle of `shop` is passed to `size_of_val`, so the cache `caches_build::sized` depends on all its tables
          --> src/main.rs:33:30
           |
        33 |     Ok(std::mem::size_of_val(&shop) as i64)
           |                              ^^^^^
           |
           = help: `ignores(…)` says which tables do not concern it; a handle can be followed through functions of the workspace
    "#]].assert_eq(&shown.iter().map(|line| format!("{line}\n")).collect::<String>());
    let said = fixture.run(&["build", "--check", "--message-format", "json"]);
    let note = said.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON only"));
    let note = note.into_iter().find(|line| line["kind"] == "note").expect("a note");
    assert_eq!((&note["code"], &note["file"]), (&"memoize-whole-database".into(), &"src/main.rs".into()), "{note}");
}
