//! The importer and the catalogue together, on a small made-up registry.

use std::fs;
use std::path::Path;

use catalog::browse::Catalog;
use catalog::importer::{Imported, Importer};
use catalog::registry::{DependencyKind, Edition, Registry};
use cell::prelude::*;
use cell::testing::{self, Fresh};

/// Unpacks a made-up crate as cargo would.
fn unpack(sources: &Path, name: &str, version: &str, manifest: &str) {
    let folder = sources.join("registry-0123").join(format!("{name}-{version}"));
    fs::create_dir_all(folder.join("src")).expect("a folder");
    fs::write(folder.join("src/lib.rs"), "//! Made up.\n".repeat(128)).expect("a source");
    let package = format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n{manifest}");
    fs::write(folder.join("Cargo.toml"), package).expect("a manifest");
    fs::write(folder.join(".cargo-ok"), "").expect("a mark");
}

struct World {
    sources: tempfile::TempDir,
    registry: Fresh<Registry>,
}

impl World {
    async fn new() -> Result<Self> {
        let sources = tempfile::tempdir()?;
        let serde = "edition = \"2021\"\ndescription = \"A framework\\n for <data>\"\nlicense = \"MIT\"\nkeywords = [\"serde\", \"data\"]\n";
        unpack(sources.path(), "serde", "1.0.1", serde);
        unpack(sources.path(), "serde", "1.0.2", serde);
        unpack(
            sources.path(),
            "json",
            "0.1.0",
            "[dependencies]\nserde = \"1\"\n[dev-dependencies.renamed]\npackage = \"serde\"\nversion = \"1.0.1\"\noptional = true\n",
        );
        unpack(sources.path(), "broken", "0.0.1", "edition = [");
        fs::create_dir_all(sources.path().join("registry-0123/half-0.1.0")).expect("a folder without a mark");
        Ok(Self { sources, registry: testing::database().await? })
    }

    fn importer(&self) -> Importer {
        Importer::over(self.registry.clone(), self.sources.path())
    }
}

#[tokio::test]
async fn what_is_on_the_machine_is_imported_once() -> Result<()> {
    let world = World::new().await?;
    assert_eq!(world.importer().import().await?, Imported { versions: 3, unreadable: 1 });
    assert_eq!(world.importer().import().await?, Imported { versions: 0, unreadable: 1 });
    assert_eq!(world.registry.crates.count().await?, 2);

    unpack(world.sources.path(), "late", "2.0.0", "");
    assert_eq!(world.importer().import().await?, Imported { versions: 1, unreadable: 1 });
    Ok(())
}

#[tokio::test]
async fn two_imports_at_once_do_not_disturb_each_other() -> Result<()> {
    let world = World::new().await?;
    let (one, other) = (world.importer(), world.importer());
    let (one, other) = tokio::join!(one.import(), other.import());
    assert_eq!((one?.unreadable, other?.unreadable), (1, 1));
    assert_eq!(world.registry.versions.count().await?, 3);
    Ok(())
}

#[tokio::test]
async fn a_crate_is_found_with_what_belongs_to_it() -> Result<()> {
    let world = World::new().await?;
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
    let world = World::new().await?;
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
    let world = World::new().await?;
    world.importer().import().await?;
    let page = Catalog::over(world.registry.clone()).page(None).await?;
    assert!(page.0.contains("A framework for &lt;data&gt;"), "{}", page.0);
    Ok(())
}
