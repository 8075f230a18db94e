//! Bundles that are sent to a node: their chunks, and what is unpacked from them. In: an index, chunks. Out: a release's
//! folder, which is whole or not there. Absent: running it.

use std::fs;
use std::path::Path;

use cell_manifest::Manifest;

use super::{Agent, storage};
use crate::bundle::{self, BundleError, Index, Release};
use crate::digest::Digest;
use crate::durable;
use crate::protocol::Refused;
use crate::store::{self, Store, StoreError};

impl Agent {
    /// The chunks of a bundle that are not here.
    ///
    /// # Errors
    /// The store cannot be read, or has too little room.
    pub fn missing(&self, index: &Index) -> Result<Vec<Digest>, Refused> {
        let missing = self.store.missing(index).map_err(|error| refusal(&error))?;
        // The archive, and what is unpacked from it.
        let wanted = index.length().saturating_mul(2);
        let free = store::free(&self.folder).unwrap_or(u64::MAX);
        if !missing.is_empty() && free < wanted {
            let message = format!("the node has {} MiB free, and the bundle wants {} MiB", free >> 20, wanted >> 20);
            return Err(Refused::new("storage-full", message).help("make room on its disk, and run this again"));
        }
        Ok(missing)
    }

    /// Keeps a chunk.
    ///
    /// # Errors
    /// The bytes are not the chunk's, or cannot be written.
    pub fn chunk(&self, digest: &Digest, bytes: &[u8]) -> Result<(), Refused> {
        self.store.put(digest, bytes).map_err(|error| refusal(&error))
    }

    /// Puts a bundle together, and unpacks it once it is what it says.
    ///
    /// # Errors
    /// A chunk is missing or changed, the bundle is for another machine or of a newer format, or there is no room.
    pub async fn commit(&self, index: &Index) -> Result<(), Refused> {
        let _turn = self.unpacking.lock().await;
        let archive = self.folder.join("incoming").join(format!("{}.bundle", index.hash()));
        let folder = self.folder.join("incoming").join(index.hash().to_string());
        let unpacked = self.unpack(index, &archive, &folder).await;
        // Its chunks stay, so that the next bundle needs only what differs.
        let _ = fs::remove_file(&archive);
        let _ = fs::remove_dir_all(&folder);
        unpacked
    }

    async fn unpack(&self, index: &Index, archive: &Path, folder: &Path) -> Result<(), Refused> {
        let release = {
            let (store, index) = (self.store.clone(), index.clone());
            let (archive, folder) = (archive.to_owned(), folder.to_owned());
            // A large bundle keeps a disk busy for long: others are answered meanwhile.
            let unpacked = tokio::task::spawn_blocking(move || put_together(&store, &index, &archive, &folder));
            unpacked.await.map_err(|error| Refused::new("storage-failed", format!("unpacking ended: {error}")))??
        };
        self.host
            .runs(&release.target, &release.libc)
            .map_err(|mismatch| Refused::new("other-host", mismatch.to_string()))?;
        let manifest = fs::read_to_string(folder.join(bundle::MANIFEST)).map_err(|error| error.to_string());
        manifest
            .and_then(|text| Manifest::from_json(&text).map_err(|error| error.to_string()))
            .map_err(|error| Refused::new("bundle-refused", error))?;
        let application = self.application(&release.application).await?;
        let place = application.release(index.hash());
        // Before the release appears: one whose index is unknown would keep no chunks.
        let known = self.folder.join("chunks").join(format!("{}.index", index.hash()));
        let text = serde_json::to_vec(index).unwrap_or_default();
        durable::write(&known, 0o600, &text).map_err(|error| storage(&known, &error))?;
        if !place.exists() {
            fs::rename(folder, &place).map_err(|error| storage(&place, &error))?;
            // An order may name it from now on: its name is to survive a loss of power as the order's does.
            durable::sync_folder(durable::folder_of(&place)).map_err(|error| storage(&place, &error))?;
        }
        Ok(())
    }

    /// Forgets the chunks of bundles that no application keeps. While a bundle is sent it forgets none: the next one does.
    pub(super) async fn collect(&self) {
        let mut kept = Vec::new();
        for application in self.applications.lock().await.values() {
            // Not waited for: another application may be deploying for long, and its record knows the bundle already.
            kept.extend(application.glimpse().deployments().map(|kept| kept.order.bundle));
        }
        let Ok(_alone) = self.sending.try_write() else { return };
        let mut indexes = Vec::new();
        for entry in fs::read_dir(self.folder.join("chunks")).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(hash) = name.to_str().and_then(|name| name.strip_suffix(".index")) else { continue };
            let index = fs::read(entry.path()).ok().and_then(|text| serde_json::from_slice::<Index>(&text).ok());
            match index.filter(|_| kept.iter().any(|kept| kept.to_string() == hash)) {
                Some(index) => indexes.push(index),
                None => drop(fs::remove_file(entry.path())),
            }
        }
        if let Err(error) = self.store.collect(&indexes) {
            tracing::warn!("chunks that are needed no more could not be removed: {error}");
        }
    }
}

/// Puts the archive together from chunks, and unpacks it.
fn put_together(store: &Store, index: &Index, archive: &Path, folder: &Path) -> Result<Release, Refused> {
    store.assemble(index, archive).map_err(|error| refusal(&error))?;
    bundle::unpack(archive, index, folder).map_err(|error| match error {
        BundleError::Full { .. } => Refused::new("storage-full", error.to_string()),
        BundleError::Io { .. } => Refused::new("storage-failed", error.to_string()),
        error => Refused::new("bundle-refused", error.to_string()),
    })
}

fn refusal(error: &StoreError) -> Refused {
    let code = match error {
        StoreError::Full { .. } => "storage-full",
        StoreError::Io { .. } => "storage-failed",
        _ => "bundle-refused",
    };
    Refused::new(code, error.to_string())
}
