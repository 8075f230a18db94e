//! A disk without room: refused as such, with nothing half done, and the same works when there is room.
//! The disk is one of the memory that only this test's own process sees.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use cell_node::bundle::read_chunk;
use cell_node::digest::Digest;
use cell_node::protocol::{Answer, Request};
use serde_json::Value;

use crate::Outcome;
use crate::goods::Goods;
use crate::site::{Site, refused};
use crate::wire::{Wire, refusal};

/// Where the disk is.
const DISK: &str = "CELL_TEST_DISK";

#[test]
fn a_full_disk_is_told_and_leaves_nothing_half_done() -> Outcome {
    if let Some(disk) = std::env::var_os(DISK) {
        return tokio::runtime::Runtime::new()?.block_on(on_a_full_disk(Path::new(&disk)));
    }
    let disk = tempfile::tempdir()?;
    let mounted = "mount -t tmpfs -o size=16m none \"$CELL_TEST_DISK\" && exec \"$0\" \"$@\"";
    let name = "full::a_full_disk_is_told_and_leaves_nothing_half_done";
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", mounted]);
    command.arg(std::env::current_exe()?).args(["--exact", name, "--nocapture"]);
    let output = command.env(DISK, disk.path()).stdin(Stdio::null()).output()?;
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    Ok(())
}

/// Writes until nothing more fits.
fn fill(path: &Path) -> Outcome {
    let mut file = File::create(path)?;
    for size in [1 << 20, 64 << 10, 4096] {
        let piece = vec![1; size];
        while file.write_all(&piece).is_ok() {}
    }
    Ok(())
}

async fn on_a_full_disk(disk: &Path) -> Outcome {
    let mut site = Site::open_with(Some(&disk.join("n")), |_| {}).await?;
    let noise = |from: u32| -> Vec<u8> {
        (from..from + 40_000).flat_map(|number| *Digest::of(&number.to_le_bytes()).as_bytes()).collect()
    };
    let first = Goods::new(1)?.pack(site.folder())?;
    site.deploy(&first).await?;
    let second = Goods::new(2)?.file("cell/noise", noise(0)).pack(site.folder())?;
    let (record, processes) = (site.record()?, site.processes());
    let unchanged = async |site: &Site| -> Outcome {
        assert_eq!((site.record()?, site.processes()), (record.clone(), processes.clone()));
        assert_eq!(site.ask().await?, "\"1\"");
        assert!(site.inside("incoming").is_empty());
        Ok(())
    };
    let releases = site.inside("applications/clock/releases");
    let filler = disk.join("filler");

    // It is seen before anything is sent, and where it is not, by each write.
    fill(&filler)?;
    assert_eq!(refused(site.deploy(&second).await).code, "storage-full");
    unchanged(&site).await?;
    let archive = File::open(&second.archive)?;
    let mut wire = Wire::open(&site, &site.key).await?;
    for (place, chunk) in second.index.places() {
        let bytes = read_chunk(&archive, place, chunk)?;
        assert_eq!(refusal(wire.chunk(&Request::Chunk(chunk.hash), &bytes).await?).code, "storage-full");
    }
    fs::remove_file(&filler)?;
    let Answer::Missing(missing) = wire.call(&Request::Missing(second.index.clone())).await? else { panic!() };
    assert!(missing.len() + 1 >= second.index.chunks().len(), "nothing came");
    for (place, chunk) in second.index.places() {
        let bytes = read_chunk(&archive, place, chunk)?;
        assert_eq!(wire.chunk(&Request::Chunk(chunk.hash), &bytes).await?, Answer::Done);
    }
    // No room to put it together.
    fill(&filler)?;
    assert_eq!(refusal(wire.call(&Request::Commit(second.index.clone())).await?).code, "storage-full");
    unchanged(&site).await?;
    assert_eq!(site.inside("applications/clock/releases"), releases);
    // Room for the archive, and not for what is unpacked from it.
    let length = fs::metadata(&filler)?.len();
    File::options().write(true).open(&filler)?.set_len(length - second.index.length() - (300 << 10))?;
    assert_eq!(refusal(wire.call(&Request::Commit(second.index.clone())).await?).code, "storage-full");
    unchanged(&site).await?;
    assert_eq!(site.inside("applications/clock/releases"), releases);
    fs::remove_file(&filler)?;
    assert_eq!(wire.call(&Request::Commit(second.index.clone())).await?, Answer::Done);
    drop(wire);

    // The bundle is there, and the steps of its deploy cannot be written down.
    let mut client = site.client().await?;
    let mut order = site.order(&mut client, &second).await?;
    order.http = Some(crate::site::free_address()?.to_string());
    fill(&filler)?;
    assert_eq!(refused(client.stage(&order, &mut |_| {}).await).code, "storage-full");
    unchanged(&site).await?;
    let address = order.http.clone().unwrap_or_default();
    assert!(tokio::net::TcpStream::connect(&address).await.is_err(), "nothing listens there");
    order.http = Some(site.http.to_string());
    fs::remove_file(&filler)?;
    client.stage(&order, &mut |_| {}).await?;
    fill(&filler)?;
    let switched = refused(client.switch("clock", &mut |_| {}).await);
    assert_eq!(switched.code, "storage-full");
    assert_eq!((site.processes(), site.ask().await?.as_str()), (processes.clone(), "\"1\""));
    // A daemon that is started on it takes over what runs.
    drop(client);
    site.end(false).await;
    site.start().await.ok();
    assert_eq!((site.processes(), site.ask().await?.as_str()), (processes, "\"1\""));

    fs::remove_file(&filler)?;
    site.end(false).await;
    site.start().await?;
    assert_eq!(site.record()?["journal"], Value::Null);
    site.deploy(&second).await?;
    assert_eq!(site.ask().await?, "\"2\"");
    site.end(true).await;
    Ok(())
}
