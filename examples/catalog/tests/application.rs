//! What the application relies on, on whichever engine its attribute names: the tests do not know which one it is.

use catalog::registry::{Crate, DependencyKind, Edition, NewCrate, NewDependency, NewVersion, Registry};
use cell::prelude::*;
use cell::testing::{self, Fresh};

fn krate(name: &str) -> NewCrate {
    NewCrate { name: name.to_owned(), description: String::new(), license: None, source_url: None, seen_at: None }
}

fn version(name: &str, number: &str, size_kib: Decimal) -> NewVersion {
    NewVersion {
        crate_name: name.to_owned(),
        number: number.to_owned(),
        edition: None,
        rust_version: None,
        size_kib,
        imported_at: None,
    }
}

async fn registry() -> Result<Fresh<Registry>> {
    testing::database().await
}

#[tokio::test]
async fn a_row_is_made_read_changed_and_removed() -> Result<()> {
    let registry = registry().await?;
    let serde = registry.crates.insert(krate("serde")).await?;
    assert_eq!(registry.crates.get("serde").await?, Some(serde.clone()));

    let changed = Crate { description: "Ünïcode ‹serialize›".into(), ..serde };
    registry.crates.update(&changed).await?;
    assert_eq!(registry.crates.get("serde").await?, Some(changed));

    assert!(registry.crates.delete("serde").await?);
    assert!(!registry.crates.delete("serde").await?);
    assert_eq!(registry.crates.get("serde").await?, None);
    Ok(())
}

#[tokio::test]
async fn a_transaction_that_fails_leaves_nothing() -> Result<()> {
    let registry = registry().await?;
    let failed: Result<()> = registry
        .transaction(async |tx| {
            tx.crates.insert(krate("serde")).await?;
            tx.versions.insert(version("serde", "1.0.0", dec!(1))).await?;
            Err(Error::message("changed my mind"))
        })
        .await;
    assert_eq!(failed.unwrap_err().to_string(), "changed my mind");
    assert_eq!((registry.crates.count().await?, registry.versions.count().await?), (0, 0));
    Ok(())
}

#[tokio::test]
async fn a_second_version_of_one_number_is_a_unique_violation() -> Result<()> {
    let registry = registry().await?;
    registry.crates.insert(krate("serde")).await?;
    registry.versions.insert(version("serde", "1.0.0", dec!(1))).await?;
    let error = registry.versions.insert(version("serde", "1.0.0", dec!(2))).await.unwrap_err();
    let DataError::UniqueViolation { table, columns, .. } = error else { panic!("{error}") };
    assert_eq!((table, columns), ("versions", vec!["crate_name", "number"]));
    Ok(())
}

#[tokio::test]
async fn a_version_of_no_crate_is_a_reference_violation() -> Result<()> {
    let registry = registry().await?;
    let error = registry.versions.insert(version("nobody", "1.0.0", dec!(1))).await.unwrap_err();
    assert!(matches!(error, DataError::ReferenceViolation { .. }), "{error}");
    Ok(())
}

#[tokio::test]
async fn nulls_come_last_in_both_directions() -> Result<()> {
    let registry = registry().await?;
    for (name, license) in [("a", Some("MIT")), ("b", None), ("c", Some("Apache-2.0"))] {
        registry.crates.insert(NewCrate { license: license.map(Into::into), ..krate(name) }).await?;
    }
    let names = |crates: Vec<Crate>| crates.into_iter().map(|krate| krate.name).collect::<Vec<_>>();
    let rising = registry.crates.order_by(|c| c.license.asc()).all().await?;
    let falling = registry.crates.order_by(|c| c.license.desc()).all().await?;
    assert_eq!(
        (names(rising), names(falling)),
        (["c", "a", "b"].map(String::from).into(), ["a", "c", "b"].map(String::from).into())
    );
    Ok(())
}

#[tokio::test]
async fn text_is_ordered_by_code_point() -> Result<()> {
    let registry = registry().await?;
    for name in ["b", "B", "é", "a", "Z", "_"] {
        registry.crates.insert(krate(name)).await?;
    }
    let names: Vec<String> =
        registry.crates.order_by(|c| c.name.asc()).all().await?.into_iter().map(|krate| krate.name).collect();
    assert_eq!(names, ["B", "Z", "_", "a", "b", "é"]);
    Ok(())
}

#[tokio::test]
async fn a_decimal_is_exact_compared_and_bounded() -> Result<()> {
    let registry = registry().await?;
    registry.crates.insert(krate("serde")).await?;
    for (number, size) in [("1", dec!(0.1)), ("2", dec!(0.30)), ("3", dec!(999999999.999)), ("4", dec!(2))] {
        registry.versions.insert(version("serde", number, size)).await?;
    }
    let above = registry.versions.filter(|v| v.size_kib.gt(dec!(0.3))).order_by(|v| v.size_kib.desc()).all().await?;
    let sizes: Vec<String> = above.iter().map(|version| version.size_kib.to_string()).collect();
    assert_eq!(sizes, ["999999999.999", "2.000"]);

    let error = registry.versions.insert(version("serde", "5", dec!(0.0001))).await.unwrap_err();
    assert!(matches!(error, DataError::OutOfRange { .. }), "a value is not rounded silently: {error}");
    let error = registry.versions.insert(version("serde", "5", dec!(-1))).await.unwrap_err();
    assert!(matches!(error, DataError::CheckViolation { .. }), "{error}");
    Ok(())
}

#[tokio::test]
async fn times_keep_their_microseconds_and_their_order() -> Result<()> {
    let registry = registry().await?;
    registry.crates.insert(krate("serde")).await?;
    let at = |micros| DateTime::from_timestamp_micros(1_700_000_000_000_000_i64 + micros).expect("a time");
    for (number, micros) in [("1", 2), ("2", 1), ("3", 999_999)] {
        let row = NewVersion { imported_at: Some(at(micros)), ..version("serde", number, dec!(1)) };
        assert_eq!(registry.versions.insert(row).await?.imported_at, at(micros));
    }
    let later = registry.versions.filter(|v| v.imported_at.gt(at(1))).order_by(|v| v.imported_at.asc()).all().await?;
    assert_eq!(later.iter().map(|version| version.number.as_str()).collect::<Vec<_>>(), ["1", "3"]);

    let before = Utc::now();
    let seen = registry.crates.insert(krate("syn")).await?.seen_at;
    assert!((seen - before).num_seconds().abs() < 60, "the default is the time of the insert: {seen}");
    Ok(())
}

#[tokio::test]
async fn defaults_and_enumerations_come_back_as_they_are() -> Result<()> {
    let registry = registry().await?;
    registry.crates.insert(krate("serde")).await?;
    let first = registry.versions.insert(version("serde", "1.0.0", dec!(1.5))).await?;
    assert_eq!(first.edition, Edition::E2015);
    let row = NewDependency {
        version_id: first.id,
        name: "serde_derive".into(),
        requirement: "=1.0.0".into(),
        kind: DependencyKind::Build,
        optional: true,
    };
    let dependency = registry.dependencies.insert(row).await?;
    assert_eq!((dependency.kind, dependency.optional), (DependencyKind::Build, true));
    assert_eq!(registry.dependencies.filter(|d| d.kind.eq(DependencyKind::Build)).count().await?, 1);
    Ok(())
}

#[tokio::test]
async fn removing_a_crate_removes_what_belongs_to_it() -> Result<()> {
    let registry = registry().await?;
    registry.crates.insert(krate("serde")).await?;
    registry.versions.insert(version("serde", "1.0.0", dec!(1))).await?;
    registry.crates.delete("serde").await?;
    assert_eq!(registry.versions.count().await?, 0);
    Ok(())
}

#[tokio::test]
async fn rows_are_there_after_a_restart() -> Result<()> {
    let registry = registry().await?;
    let written = registry.crates.insert(krate("serde")).await?;
    // A second opening is what a restarted process does.
    let restarted = Registry::open_at(registry.url()).await?;
    assert_eq!(restarted.crates.get("serde").await?, Some(written));
    Ok(())
}
