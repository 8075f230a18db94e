//! Three applications: modules in every place, names by every road, and a crate of their own for the domain.

use cell_codegen::program::{Resolved, TypeKind, TypeRef};
use cell_codegen::scan::Scanned;
use expect_test::expect;

use crate::fixture::{Fixture, declarations};

#[test]
fn modules_are_found_where_rustc_finds_them() {
    let scanned = Fixture::copy("orchard").scan();
    expect![[r#"
        message orchard::InClosure in src/main.rs
        message orchard::Inner in src/main.rs
        handler orchard::Press in src/main.rs
        service orchard::Press in src/main.rs
        message orchard::Pressed in src/main.rs
        table orchard::apples::Apple in src/apples.rs
        value orchard::apples::boskoop::Boskoop in src/apples/boskoop.rs
        message orchard::cellar::barrels::Barrel in src/cellar/barrels.rs
        message orchard::cellar::shelf::by_hand::ByHand in src/cellar/by_hand.rs
        message orchard::cellar::shelf::jars::Jar in src/cellar/deep/jars.rs
        message orchard::fruit::Plum in src/elsewhere/plums.rs
        message orchard::fruit::damson::Damson in src/elsewhere/damson.rs
        message orchard::nested::InModule in src/main.rs
        enumeration orchard::pears::Pear in src/pears/mod.rs
        message orchard::pears::williams::Williams in src/pears/williams.rs
        message orchard::press::Real in src/press/real.rs
        message orchard::r#type::In in src/type.rs
    "#]]
    .assert_eq(&declarations(&scanned));
}

#[test]
fn features_decide_about_cells_and_messages() {
    let fixture = Fixture::copy("orchard");
    let scanned = fixture.scan_with(|options| {
        options.no_default_features = true;
        options.features = vec!["still".to_owned()];
    });
    let names: Vec<String> = scanned.program.declarations().iter().map(|declared| declared.name()).collect();
    let has = |name: &str| names.iter().any(|known| known == name);
    assert!(has("Still") && has("Distilled") && has("Nothing") && has("NotThisOne"), "{names:?}");
    assert!(!has("Press") && !has("Pressed") && !has("Real"), "{names:?}");
}

#[test]
fn attributes_are_found_by_whatever_name() {
    let scanned = Fixture::copy("bazaar").scan();
    expect![[r#"
        table bazaar_server::Direct in server/start.rs
        value bazaar_server::Id in server/start.rs
        message bazaar_server::InBlock in server/start.rs
        enumeration bazaar_server::Kind in server/start.rs
        message bazaar_server::Letter in server/start.rs
        table bazaar_server::Short in server/start.rs
        message bazaar_server::ThroughExternCrate in server/start.rs
        value bazaar_server::below::further::FromPrelude in server/start.rs
        value bazaar_server::below::further::Up in server/start.rs
        service bazaar_server::circle_two::Round in server/start.rs
    "#]]
    .assert_eq(&declarations(&scanned));
}

#[test]
fn a_domain_crate_has_tables_of_its_own_and_passes_attributes_on() {
    let scanned = Fixture::copy("market").scan();
    expect![[r#"
        table market::Good in app/src/lib.rs
        database market::Market in app/src/lib.rs
        handler market::Stalls in app/src/main.rs
        service market::Stalls in app/src/main.rs
        table market_domain::model::Stall in domain/src/model.rs
    "#]]
    .assert_eq(&declarations(&scanned));
}

#[test]
fn another_members_features_are_not_this_builds() {
    let fixture = Fixture::copy("market");
    let features = |scanned: &Scanned| {
        let packages = scanned.program.packages().iter();
        packages.map(|package| format!("{}: {}", package.name, package.features.join(" "))).collect::<Vec<_>>()
    };
    assert_eq!(features(&fixture.scan()), ["market: default", "market-domain: "]);
    let with = fixture.scan_with(|options| options.features = vec!["reports".to_owned()]);
    assert_eq!(features(&with), ["market: default reports", "market-domain: reports"]);
    let names: Vec<String> = with.program.declarations().iter().map(|declared| declared.name()).collect();
    assert!(names.contains(&"Report".to_owned()) && !names.contains(&"Archived".to_owned()), "{names:?}");
}

#[test]
fn types_are_resolved_through_aliases_and_crates() {
    let scanned = Fixture::copy("market").scan();
    let program = &scanned.program;
    let shown = |module: &str, ty: &str| {
        let (id, _) = program.modules().find(|(_, known)| known.path == module).expect("the module");
        show(&scanned, &program.resolve_type(id, &syn::parse_str(ty).expect("a type")))
    };
    let lines: Vec<String> = [
        "domain::Rows<Stall>",
        "cell::Table<Good>",
        "domain::Money",
        "rust_decimal::Decimal",
        "cell::DateTime<cell::Utc>",
        "Option<Vec<&'static str>>",
        "std::collections::hash_map::HashMap<String, [u8; 4]>",
        "core::option::Option<[i64]>",
        "domain::Pair<i64>",
        "domain::Twice<bool>",
        "domain::Loop",
        "NewGood",
        "domain::model::NewStall",
        "impl Into<String>",
        "(Market, nowhere::At, crate::Db)",
        "Self",
    ]
    .iter()
    .map(|ty| format!("{ty} = {}\n", shown("market", ty)))
    .collect();
    expect![[r#"
        domain::Rows<Stall> = cell::Table<the Stall>
        cell::Table<Good> = cell::Table<the Good>
        domain::Money = rust_decimal::Decimal
        rust_decimal::Decimal = unknown
        cell::DateTime<cell::Utc> = chrono::DateTime<chrono::Utc>
        Option<Vec<&'static str>> = std::option::Option<std::vec::Vec<&str>>
        std::collections::hash_map::HashMap<String, [u8; 4]> = std::collections::HashMap<std::string::String, [u8; _]>
        core::option::Option<[i64]> = std::option::Option<[i64]>
        domain::Pair<i64> = (i64, std::vec::Vec<i64>)
        domain::Twice<bool> = ((bool, std::vec::Vec<bool>), std::vec::Vec<(bool, std::vec::Vec<bool>)>)
        domain::Loop = unknown
        NewGood = a new Good
        domain::model::NewStall = a new Stall
        impl Into<String> = impl
        (Market, nowhere::At, crate::Db) = (the Market, unknown, unknown)
        Self = unknown
    "#]]
    .assert_eq(&lines.concat());
}

fn show(scanned: &Scanned, ty: &TypeRef) -> String {
    let list = |parts: &[TypeRef]| parts.iter().map(|part| show(scanned, part)).collect::<Vec<_>>().join(", ");
    match &ty.kind {
        TypeKind::Named { resolved, args } => {
            let name = match resolved {
                Resolved::Decl(id) => format!("the {}", scanned.program.declared(*id).name()),
                Resolved::New(id) => format!("a new {}", scanned.program.declared(*id).name()),
                Resolved::External(path) => path.clone(),
                Resolved::Item(path) => format!("the item {path}"),
                Resolved::Unknown => "unknown".to_owned(),
            };
            if args.is_empty() { name } else { format!("{name}<{}>", list(args)) }
        }
        TypeKind::Reference(part) => format!("&{}", show(scanned, part)),
        TypeKind::Tuple(parts) => format!("({})", list(parts)),
        TypeKind::Array(part) => format!("[{}; _]", show(scanned, part)),
        TypeKind::Slice(part) => format!("[{}]", show(scanned, part)),
        TypeKind::ImplTrait => "impl".to_owned(),
        TypeKind::Other => "other".to_owned(),
    }
}
