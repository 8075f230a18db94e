//! Readmes are imported with care, and searched: what is found, escaped, narrowed and refused.

mod world;

use std::fs;
use std::os::unix::fs::symlink;

use catalog::browse::{Catalog, LicenseCount, Results};
use catalog::registry::Readme;
use cell::prelude::*;
use cell::search::SearchError;
use world::{World, unpack};

async fn search(world: &World, q: &str, license: Option<&str>, offset: u32) -> Result<Results> {
    // What was imported is in the index from here on.
    world.registry.readmes.search("").after(world.registry.last_write()).await?;
    let catalog = Catalog::over(world.registry.clone());
    catalog.search(Some(q.to_owned()), license.map(str::to_owned), Some(2), Some(offset)).await
}

fn names(results: &Results) -> Vec<&str> {
    results.hits.iter().map(|hit| hit.name.as_str()).collect()
}

/// Five crates, of which one has no readme.
async fn filled() -> Result<World> {
    let world = World::empty().await?;
    for (name, license, description, readme) in [
        (
            "red-boots",
            "MIT",
            "Boots",
            "# Red boots\n\nThey walk <script>alert('walk')</script> & [run](https://example.com/away).",
        ),
        ("blue_hats", "MIT", "Hats & \"caps\"", "Hats to walk in.\n\n![badge](https://example.com/badge.svg)"),
        ("green", "ISC", "Nothing but <b>green</b>", ""),
        ("walker", "Apache-2.0", "Walks", "Walks and walked."),
        ("runner", "MIT", "Runs", "Running, after a walk."),
    ] {
        let manifest = format!("description = '{description}'\nlicense = '{license}'\n");
        let folder = unpack(world.sources.path(), name, "1.0.0", &manifest);
        if !readme.is_empty() {
            fs::write(folder.join("README.md"), readme)?;
        }
    }
    world.importer().import().await?;
    Ok(world)
}

#[tokio::test]
async fn crates_are_found_by_their_names_descriptions_and_readmes() -> Result<()> {
    let world = filled().await?;
    assert_eq!(names(&search(&world, "blue_hats", None, 0).await?), ["blue_hats"]);
    assert_eq!(names(&search(&world, "gre", None, 0).await?), ["green"], "a name's beginning, of one without a readme");
    assert_eq!(names(&search(&world, "caps", None, 0).await?), ["blue_hats"]);
    assert_eq!(names(&search(&world, "runs", None, 0).await?)[0], "runner");
    assert_eq!(search(&world, "walk", None, 0).await?.count, 4, "in any of its forms");
    assert_eq!(search(&world, "badge", None, 0).await?.count, 0, "a picture has no words");
    assert_eq!(search(&world, "away", None, 0).await?.count, 0, "the target of a link is not read");
    assert_eq!(names(&search(&world, "package.name:green", None, 0).await?), ["green"]);

    let all = search(&world, "", None, 4).await?;
    assert_eq!((all.count, all.hits.len()), (5, 1), "no words find all, and the last page has what is left");
    Ok(())
}

#[tokio::test]
async fn a_licence_narrows_what_is_found_and_is_counted() -> Result<()> {
    let world = filled().await?;
    let all = search(&world, "walk", None, 0).await?;
    let count = |license: &str, count| LicenseCount { license: license.to_owned(), count };
    assert_eq!(all.licenses, [count("MIT", 3), count("Apache-2.0", 1)]);
    let narrow = search(&world, "walk", Some("Apache-2.0"), 0).await?;
    assert_eq!((names(&narrow), narrow.count), (vec!["walker"], 1));
    assert_eq!(search(&world, "walk", Some("GPL' OR 1"), 0).await?.count, 0);
    Ok(())
}

#[tokio::test]
async fn what_strangers_wrote_is_escaped_where_it_is_found() -> Result<()> {
    let world = filled().await?;
    let found = search(&world, "red walk", None, 0).await?;
    let readme = found.hits[0].highlight.readme.as_deref().unwrap_or_default();
    assert!(readme.contains("They <mark>walk</mark> alert(&#39;<mark>walk</mark>&#39;) &amp; run"), "{readme}");
    let hats = search(&world, "caps", None, 0).await?;
    let description = hats.hits[0].highlight.description.as_deref();
    assert_eq!(description, Some("Hats &amp; &quot;<mark>caps</mark>&quot;"));

    let catalog = Catalog::over(world.registry.clone());
    let page =
        |q: &str, license: Option<&str>| catalog.search_page(Some(q.to_owned()), license.map(str::to_owned), None);
    let green = page("green", None).await?.0;
    assert!(green.contains("Nothing but &lt;b&gt;<mark>green</mark>&lt;/b&gt;"), "{green}");
    let typed = page("\"><script>", Some("<i>&")).await?.0;
    assert!(typed.contains("value=\"&quot;&gt;&lt;script&gt;\"") && typed.contains("Only &lt;i&gt;&amp;."), "{typed}");
    assert!(typed.contains("<a href=\"/pages?q=%22%3E%3Cscript%3E\">All licences</a>"), "{typed}");
    Ok(())
}

#[tokio::test]
async fn a_page_of_results_leads_on_and_back() -> Result<()> {
    let world = World::empty().await?;
    for number in 0..45 {
        unpack(world.sources.path(), &format!("boots-{number:02}"), "1.0.0", "license = 'A & B'\n");
    }
    world.importer().import().await?;
    search(&world, "", None, 0).await?;
    let catalog = Catalog::over(world.registry.clone());
    let page = async |offset| Ok::<_, Error>(catalog.search_page(Some("boots".into()), None, offset).await?.0);
    let (first, second, last) = (page(None).await?, page(Some(20)).await?, page(Some(40)).await?);
    assert!(first.contains("<small>45 crates</small>") && !first.contains("Previous"), "{first}");
    assert!(first.contains("href=\"/pages?q=boots&amp;offset=20\">Next"), "{first}");
    assert!(first.contains("href=\"/pages?q=boots&amp;license=A%20%26%20B\">A &amp; B</a>"), "{first}");
    assert!(second.contains("href=\"/pages?q=boots\">Previous") && second.contains("offset=40\">Next"), "{second}");
    assert!(last.contains("offset=20\">Previous") && !last.contains("Next"), "{last}");
    assert_eq!([first, second, last].map(|page| page.matches("<article>").count()), [20, 20, 5]);
    Ok(())
}

#[tokio::test]
async fn what_people_type_is_taken_as_well_as_it_can_be() -> Result<()> {
    let world = filled().await?;
    for typed in
        ["walk \"", "(walk", "walk AND", "nobody:walk walk", "walk [a TO", "*", "\u{0}", "a:b:c", "\\", "/walk/"]
    {
        search(&world, typed, None, 0).await?;
    }
    let long = search(&world, &"w".repeat(2_000), None, 0).await.unwrap_err();
    assert!(matches!(long.downcast_ref(), Some(SearchError::TooMuch { .. })), "{long}");
    let far = search(&world, "walk", None, u32::MAX).await.unwrap_err();
    assert!(matches!(far.downcast_ref(), Some(SearchError::TooMuch { .. })), "{far}");
    Ok(())
}

#[tokio::test]
async fn a_readme_outside_of_its_package_is_not_read() -> Result<()> {
    let world = World::empty().await?;
    let outside = world.sources.path().join("secret.md");
    fs::write(&outside, "secret")?;
    let unpack = |name: &str, readme: &str| {
        let manifest = format!("readme = {readme}\ndescription = 'Hostile'\n");
        unpack(world.sources.path(), name, "1.0.0", &manifest)
    };
    unpack("up", "'../../secret.md'");
    unpack("down-and-up", "'src/../../../secret.md'");
    unpack("absolute", &format!("'{}'", outside.display()));
    symlink(&outside, unpack("linked", "true").join("README.md"))?;
    symlink(world.sources.path(), unpack("linked-folder", "'docs/secret.md'").join("docs"))?;
    fs::create_dir(unpack("folder", "'README.md'").join("README.md"))?;
    unpack("itself", "'.'");
    unpack("empty", "''");
    unpack("nul", "\"READ\\u0000ME\"");
    fs::write(unpack("refused", "false").join("README.md"), "secret")?;
    unpack("missing", "'docs/ABOUT.md'");
    world.importer().import().await?;
    let readmes = world.registry.readmes.all().await?;
    assert_eq!(readmes.len(), 11);
    assert_eq!(readmes.iter().find(|readme| !readme.text.is_empty()), None);
    assert_eq!(search(&world, "hostile", None, 0).await?.count, 11, "each is found all the same");
    Ok(())
}

#[tokio::test]
async fn a_readme_is_read_as_far_as_it_is_text_and_fits() -> Result<()> {
    let world = World::empty().await?;
    let write = |name: &str, manifest: &str, file: &str, bytes: &[u8]| {
        let folder = unpack(world.sources.path(), name, "1.0.0", manifest);
        fs::create_dir_all(folder.join("docs")).and_then(|()| fs::write(folder.join(file), bytes))
    };
    write("bytes", "", "README", b"a\xffb\0c")?;
    write("long", "", "README.txt", "é".repeat(1 << 20).as_bytes())?;
    write("elsewhere", "readme = 'docs/./ABOUT.md'\n", "docs/ABOUT.md", b"*One* `two`\n\n- three\n- four <br> five\n")?;
    write(
        "tags",
        "",
        "readme.md",
        b"<h1 align=center>\nName\n</h1>\n<!-- <b>not</b> this -->\n\nText &amp; <i>more</i>.\n",
    )?;
    write("deep", "", "README.md", "> ".repeat(100_000).as_bytes())?;
    world.importer().import().await?;
    let text =
        async |package: &str| world.registry.readmes.get(package).await.map(|row| row.map(|Readme { text, .. }| text));
    assert_eq!(text("bytes").await?.as_deref(), Some("a\u{fffd}bc"));
    assert_eq!(text("long").await?.map(|text| text.chars().count()), Some(128 << 10), "its first 256 KiB");
    assert_eq!(text("elsewhere").await?.as_deref(), Some("One two\nthree\nfour  five"));
    assert_eq!(text("tags").await?.as_deref(), Some("Name\nText & more."));
    assert_eq!(text("deep").await?.as_deref(), Some(""));
    Ok(())
}

#[tokio::test]
async fn readmes_of_what_an_earlier_release_imported_are_read_later() -> Result<()> {
    let world = filled().await?;
    world.registry.readmes.filter(|r| r.package.ne("")).delete().await?;
    assert_eq!(world.importer().import().await?.versions, 0);
    assert_eq!(world.registry.readmes.count().await?, 5);
    assert_eq!(search(&world, "walk", None, 0).await?.count, 4);
    Ok(())
}
