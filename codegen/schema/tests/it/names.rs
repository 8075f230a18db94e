//! Names of constraints: readable where they can be, never too long, never the same for different things.

use cell_schema::names::{MAX_BYTES, constraint};
use expect_test::expect;
use proptest::prelude::*;

#[test]
fn a_name_tells_its_parts_apart() {
    let long = "a_column_with_a_rather_long_name_that_goes_on";
    let names = [
        constraint("crates", &[], "pkey"),
        constraint("crates", &["name"], "key"),
        constraint("versions", &["crate_id", "num"], "key"),
        constraint("a_b", &["c"], "key"),
        constraint("a", &["b_c"], "key"),
        constraint("a", &["b", "c"], "key"),
        constraint("_a", &["b"], "key"),
        constraint("orders", &[long, long], "idx"),
        constraint("größen", &["länge"], "check"),
    ];
    expect![[r#"
        crates_pkey
        crates_name_key
        versions__crate_id__num__key
        a_b__c__key
        a__b_c__key
        a_b_c_key
        _a_b_a8cf1a02d3ed80ba_key
        orders_a_column_with_a_rather_long_name_th_42192655115ffb7e_idx
        größen_länge_check
    "#]]
    .assert_eq(&(names.join("\n") + "\n"));
}

/// Parts from few characters, so that collisions would be found.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[ab_]{1,5}", 1 => "[ab_é]{20,70}", 1 => "[0-9a-f]{16}", 1 => "\\PC{0,6}"]
}

fn parts() -> impl Strategy<Value = (String, Vec<String>, String)> {
    let suffix = prop_oneof![Just("key"), Just("idx"), Just("fkey"), Just("check"), Just("pkey")];
    (part(), prop::collection::vec(part(), 0..4), suffix.prop_map(ToOwned::to_owned))
}

fn named((table, columns, suffix): &(String, Vec<String>, String)) -> String {
    constraint(table, &columns.iter().map(String::as_str).collect::<Vec<_>>(), suffix)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_name_fits_every_engine_and_belongs_to_one_thing(all in prop::collection::vec(parts(), 2..40)) {
        let mut seen = std::collections::BTreeMap::new();
        for parts in &all {
            let name = named(parts);
            prop_assert!(name.len() <= MAX_BYTES && !name.is_empty());
            prop_assert_eq!(&name, &named(parts));
            let first = seen.entry(name).or_insert(parts);
            prop_assert_eq!(*first, parts);
        }
    }
}
