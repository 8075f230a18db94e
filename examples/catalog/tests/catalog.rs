//! The importer and the catalogue together, on a small made-up registry.

mod world;

use std::fs;

use catalog::browse::Catalog;
use catalog::importer::Imported;
use catalog::registry::{DependencyKind, Edition};
use cell::prelude::*;
use world::{World, unpack};

async fn filled() -> Result<World> {
    let world = World::empty().await?;
    let sources = world.sources.path();
    let serde = "edition = \"2021\"\ndescription = \"A framework\\n for <data>\"\nlicense = \"MIT\"\nkeywords = [\"serde\", \"data\"]\n";
    unpack(sources, "serde", "1.0.1", serde);
    unpack(sources, "serde", "1.0.2", serde);
    unpack(
        sources,
        "json",
        "0.1.0",
        "[dependencies]\nserde = \"1\"\n[dev-dependencies.renamed]\npackage = \"serde\"\nversion = \"1.0.1\"\noptional = true\n",
    );
    unpack(sources, "broken", "0.0.1", "edition = [");
    fs::create_dir_all(sources.join("registry-0123/half-0.1.0"))?;
    Ok(world)
}

#[tokio::test]
async fn what_is_on_the_machine_is_imported_once() -> Result<()> {
    let world = filled().await?;
    assert_eq!(world.importer().import().await?, Imported { versions: 3, unreadable: 1 });
    assert_eq!(world.importer().import().await?, Imported { versions: 0, unreadable: 1 });
    assert_eq!(world.registry.crates.count().await?, 2);

    unpack(world.sources.path(), "late", "2.0.0", "");
    assert_eq!(world.importer().import().await?, Imported { versions: 1, unreadable: 1 });
    Ok(())
}

#[tokio::test]
async fn two_imports_at_once_do_not_disturb_each_other() -> Result<()> {
    let world = filled().await?;
    let (one, other) = (world.importer(), world.importer());
    let (one, other) = tokio::join!(one.import(), other.import());
    assert_eq!((one?.unreadable, other?.unreadable), (1, 1));
    assert_eq!(world.registry.versions.count().await?, 3);
    Ok(())
}

#[tokio::test]
async fn a_crate_is_found_with_what_belongs_to_it() -> Result<()> {
    let world = filled().await?;
    world.importer().import().await?;
    let catalog = Catalog::over(world.registry.clone());

    let serde = catalog.get("serde").await?.expect("serde");
    assert_eq!(serde.summary.description, "A framework for <data>");
    assert_eq!(serde.keywords, ["data", "serde"]);
    assert_eq!(serde.versions.iter().map(|version| version.number.as_str()).collect::<Vec<_>>(), ["1.0.2", "1.0.1"]);
    assert_eq!(serde.versions[0].edition, Edition::E2021);
    assert_eq!(serde.versions[0].size_kib, dec!(1.625));

    let kinds: Vec<DependencyKind> =
        catalog.dependents_of("serde").await?.into_iter().map(|dependent| dependent.kind).collect();
    assert_eq!(kinds, [DependencyKind::Normal, DependencyKind::Dev]);
    assert_eq!(catalog.get("nothing").await?, None);
    Ok(())
}

#[tokio::test]
async fn the_list_goes_on_where_it_stopped() -> Result<()> {
    let world = filled().await?;
    world.importer().import().await?;
    let catalog = Catalog::over(world.registry.clone());
    let first = catalog.list(None, Some(1)).await?;
    assert_eq!((first.crates[0].name.as_str(), first.next.is_some()), ("json", true));
    let second = catalog.list(first.next, Some(1)).await?;
    assert_eq!((second.crates[0].name.as_str(), second.next), ("serde", None));
    Ok(())
}

#[tokio::test]
async fn what_strangers_wrote_is_escaped_on_the_page() -> Result<()> {
    let world = filled().await?;
    world.importer().import().await?;
    let page = Catalog::over(world.registry.clone()).page(None).await?;
    assert!(page.0.contains("A framework for &lt;data&gt;"), "{}", page.0);
    Ok(())
}
