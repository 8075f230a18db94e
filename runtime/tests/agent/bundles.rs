//! Bundles on their way: what is damaged, incomplete, of another version or for another machine is refused, and leaves nothing.

use std::fs::{self, File};

use cell_node::bundle::{Chunk, Index, index, read_chunk};
use cell_node::digest::Digest;
use cell_node::host::{Glibc, Libc};
use cell_node::protocol::{Answer, Request};

use crate::Outcome;
use crate::goods::{Bundle, Goods};
use crate::site::{Site, refused};
use crate::wire::{Wire, refusal};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunk_that_was_changed_is_refused_and_can_be_sent_again() -> Outcome {
    let mut site = Site::open().await?;
    // More than one chunk.
    let noise: Vec<u8> = (0..40_000_u32).flat_map(|number| *Digest::of(&number.to_le_bytes()).as_bytes()).collect();
    let bundle = Goods::new(1)?.file("cell/noise", noise).pack(site.folder())?;
    let file = File::open(&bundle.archive)?;
    let mut wire = Wire::open(&site, &site.key).await?;
    let Answer::Missing(missing) = wire.call(&Request::Missing(bundle.index.clone())).await? else { panic!() };
    assert!(missing.len() > 3, "{missing:?}");
    let chunks: Vec<(Digest, Vec<u8>)> = bundle
        .index
        .places()
        .map(|(place, chunk)| Ok((chunk.hash, read_chunk(&file, place, chunk)?)))
        .collect::<Result<_, crate::Error>>()?;
    for (hash, bytes) in &chunks {
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed.get_mut(middle).into_iter().for_each(|byte| *byte ^= 1);
        assert_eq!(refusal(wire.chunk(&Request::Chunk(*hash), &changed).await?).code, "bundle-refused");
        assert_eq!(refusal(wire.chunk(&Request::Chunk(*hash), b"").await?).code, "bundle-refused");
    }
    let (last, rest) = chunks.split_last().ok_or("no chunks")?;
    for (hash, bytes) in rest {
        assert_eq!(wire.chunk(&Request::Chunk(*hash), bytes).await?, Answer::Done);
    }
    let refused = refusal(wire.call(&Request::Commit(bundle.index.clone())).await?);
    assert_eq!(
        (refused.code.as_str(), refused.message.as_str()),
        ("bundle-refused", "1 chunks of the bundle are missing")
    );
    assert_eq!(
        wire.call(&Request::Missing(bundle.index.clone())).await?,
        Answer::Missing(vec![last.0]),
        "what came is kept"
    );
    assert!(site.inside("incoming").is_empty() && site.inside("applications").is_empty());
    assert_eq!(wire.chunk(&Request::Chunk(last.0), &last.1).await?, Answer::Done);
    assert_eq!(wire.call(&Request::Commit(bundle.index.clone())).await?, Answer::Done);
    drop(wire);
    site.deploy(&bundle).await?;
    assert_eq!(site.ask().await?, "\"1\"");
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunk_that_was_damaged_on_the_disk_is_asked_for_again() -> Outcome {
    let site = Site::open().await?;
    let bundle = Goods::new(1)?.pack(site.folder())?;
    let mut client = site.client().await?;
    client.send(&bundle.archive, &bundle.index, &mut |_, _| {}).await?;
    // Sent again because the release is gone, too.
    fs::remove_dir_all(site.application().join("releases"))?;
    fs::create_dir(site.application().join("releases"))?;
    let chunk = bundle.index.chunks().first().ok_or("a chunk")?;
    let name = chunk.hash.to_string();
    let path = site.application().join("../../chunks").join(&name[..2]).join(&name);
    let mut bytes = fs::read(&path)?;
    bytes.iter_mut().for_each(|byte| *byte ^= 1);
    fs::write(&path, bytes)?;
    let refusal = refused(client.send(&bundle.archive, &bundle.index, &mut |_, _| {}).await);
    assert_eq!(refusal.message, "1 chunks of the bundle are missing");
    assert!(client.send(&bundle.archive, &bundle.index, &mut |_, _| {}).await? > 0);
    assert_eq!(site.inside("applications/clock/releases"), [bundle.index.hash().to_string()]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_lies_is_refused() -> Outcome {
    let site = Site::open().await?;
    let bundle = Goods::new(1)?.pack(site.folder())?;
    let (length, chunks) = (bundle.index.length(), bundle.index.chunks().to_vec());
    let file = File::open(&bundle.archive)?;
    let mut wire = Wire::open(&site, &site.key).await?;
    for (place, chunk) in bundle.index.places() {
        let bytes = read_chunk(&file, place, chunk)?;
        assert_eq!(wire.chunk(&Request::Chunk(chunk.hash), &bytes).await?, Answer::Done);
    }
    let mut longer = chunks.clone();
    longer.iter_mut().take(1).for_each(|chunk: &mut Chunk| chunk.length += 1);
    for lie in [
        // Another bundle's hash, other lengths, no chunks at all.
        Index::new(Digest::of(b"another"), length, chunks.clone())?,
        Index::new(*bundle.index.hash(), length + 1, longer)?,
        Index::new(*bundle.index.hash(), 0, Vec::new())?,
        Index::new(Digest::of(b""), 0, Vec::new())?,
        Index::new(*bundle.index.hash(), length * 2, [chunks.clone(), chunks.clone()].concat())?,
    ] {
        assert_eq!(refusal(wire.call(&Request::Commit(lie)).await?).code, "bundle-refused");
        assert!(site.inside("incoming").is_empty() && site.inside("applications").is_empty());
    }
    // More than any disk has, of a chunk that is there.
    let chunk = Chunk { hash: Digest::of(b"not there"), length: 1 << 20 };
    let huge = Index::new(Digest::of(b"huge"), 4 << 30, vec![chunk; 4096])?;
    assert!(matches!(wire.call(&Request::Missing(huge.clone())).await?, Answer::Missing(_) | Answer::Refused(_)));
    assert_eq!(refusal(wire.call(&Request::Commit(huge)).await?).code, "bundle-refused");
    assert_eq!(wire.call(&Request::Commit(bundle.index.clone())).await?, Answer::Done);
    Ok(())
}

/// The same bundle with other bytes of the same length.
fn edited(bundle: &Bundle, from: &str, to: &str) -> Result<Bundle, crate::Error> {
    let mut bytes = fs::read(&bundle.archive)?;
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).ok_or("no such text")?;
    bytes.splice(at..at + from.len(), to.bytes());
    let archive = bundle.archive.with_extension(Digest::of(to.as_bytes()).short());
    fs::write(&archive, bytes)?;
    Ok(Bundle { index: index(&archive)?, archive, ..bundle.clone() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_that_this_node_does_not_understand_or_cannot_run_leaves_nothing() -> Outcome {
    let mut site = Site::open().await?;
    let good = Goods::new(1)?.pack(site.folder())?;
    let folder = tempfile::tempdir()?;
    let newer_manifest = r#"{"format": 99, "what": "nobody knows yet"}"#;
    let other = if cfg!(target_arch = "x86_64") { "aarch64-unknown-linux-gnu" } else { "x86_64-unknown-linux-gnu" };
    let glibc = Libc::Gnu(Glibc { major: 2, minor: 9999 });
    for deployed in [false, true] {
        if deployed {
            site.deploy(&good).await?;
        }
        let refusals = [
            (
                Goods::new(2)?.file("cell/manifest.json", newer_manifest.into()).pack(folder.path())?,
                "bundle-refused",
                "99",
            ),
            (
                edited(
                    &good,
                    "\"format\": 1,\n  \"application\": \"clock\",\n  \"release\"",
                    "\"format\": 2,\n  \"application\": \"clock\",\n  \"release\"",
                )?,
                "bundle-refused",
                "format 2",
            ),
            (edited(&good, "\"release\": 1", "\"release\": 0")?, "bundle-refused", "release"),
            (edited(&good, "exec '", "exec `")?, "bundle-refused", "bin/clock"),
            (Goods::new(3)?.target(other).pack(folder.path())?, "other-host", other),
            (Goods::new(4)?.pack_as(folder.path(), |release| release.libc = glibc)?, "other-host", "2.9999"),
        ];
        for (bundle, code, word) in refusals {
            let refusal = refused(site.deploy(&bundle).await);
            assert!(refusal.code == code && refusal.message.contains(word), "{code} {word}: {refusal:?}");
            assert!(site.inside("incoming").is_empty());
            let kept = if deployed { vec![good.index.hash().to_string()] } else { Vec::new() };
            assert_eq!(site.inside("applications/clock/releases"), kept);
        }
    }
    assert_eq!(site.ask().await?, "\"1\"");
    site.end(true).await;
    Ok(())
}
