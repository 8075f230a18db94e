//! Releases of the example `clock`. In: what its program does, which tables it has. Out: a bundle, and the order for it.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use cell_manifest::{Database, Engine, FORMAT, Manifest};
use cell_node::bundle::{self, Executable, Index, Release, pack};
use cell_node::digest::Digest;
use cell_node::host::Host;
use cell_node::protocol::{Order, Wanted};
use cell_schema::history::{next, seal, write};
use cell_schema::schema::{Column, Schema, Table, Type};

use crate::Error;

/// Beside this test's folder, where cargo puts examples.
pub(crate) fn clock() -> Result<PathBuf, Error> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().nth(2).ok_or("the test is in no folder")?;
    Ok(folder.join("examples").join("clock"))
}

/// What is to be packed.
pub(crate) struct Goods {
    pub(crate) release: u32,
    /// A script, or the example itself.
    program: Option<String>,
    tables: Vec<&'static str>,
    target: Option<&'static str>,
    files: BTreeMap<String, Vec<u8>>,
    indexes: Vec<cell_manifest::Index>,
}

/// A release that was packed.
#[derive(Clone)]
pub(crate) struct Bundle {
    pub(crate) release: u32,
    pub(crate) archive: PathBuf,
    pub(crate) index: Index,
}

impl Goods {
    /// The example as it is: it wants `CLOCK_GREETING` to be set.
    pub(crate) fn whole(release: u32) -> Self {
        Self { release, program: None, tables: Vec::new(), target: None, files: BTreeMap::new(), indexes: Vec::new() }
    }

    /// A small program that becomes the example, which greets with its release's number.
    pub(crate) fn new(release: u32) -> Result<Self, Error> {
        let clock = clock()?;
        Ok(Self::script(release, &format!("CLOCK_GREETING=\"$CELL_RELEASE\" exec '{}'", clock.display())))
    }

    /// A shell's script instead of a program.
    pub(crate) fn script(release: u32, script: &str) -> Self {
        Self { program: Some(format!("#!/bin/sh\n{script}\n")), ..Self::whole(release) }
    }

    /// With a SQLite database of these tables.
    pub(crate) fn tables(self, tables: &[&'static str]) -> Self {
        Self { tables: tables.to_owned(), ..self }
    }

    /// With a search index.
    pub(crate) fn index(mut self, name: &str) -> Self {
        let [database, table, hash] = ["shop", "goods", "ab"].map(str::to_owned);
        self.indexes.push(cell_manifest::Index { database, table, name: name.to_owned(), hash });
        self
    }

    /// For another machine.
    pub(crate) fn target(self, target: &'static str) -> Self {
        Self { target: Some(target), ..self }
    }

    /// With a file beside the manifest, or instead of it.
    pub(crate) fn file(mut self, name: &str, content: Vec<u8>) -> Self {
        self.files.insert(name.to_owned(), content);
        self
    }

    /// Packs it into a folder. `edit` may describe another release than it is.
    pub(crate) fn pack_as(self, folder: &Path, edit: impl FnOnce(&mut Release)) -> Result<Bundle, Error> {
        let executable = match &self.program {
            None => clock()?,
            Some(script) => {
                let path = folder.join(format!("program-{}", self.release));
                fs::write(&path, script)?;
                path
            }
        };
        let mut files = self.database();
        files.insert(bundle::MANIFEST.to_owned(), self.manifest()?.into_bytes());
        files.extend(self.files);
        let manifest = files.get(bundle::MANIFEST).map(|manifest| Digest::of(manifest)).ok_or("a manifest")?;
        let host = Host::this();
        let mut release = Release {
            format: 1,
            application: "clock".to_owned(),
            release: self.release,
            cell: env!("CARGO_PKG_VERSION").to_owned(),
            profile: "dev".to_owned(),
            features: Vec::new(),
            target: self.target.unwrap_or(&host.target).to_owned(),
            libc: host.libc,
            executable: Executable { path: "bin/clock".to_owned(), hash: Digest::of_file(&executable)? },
            manifest,
        };
        edit(&mut release);
        let archive = folder.join(format!("{}.bundle", self.release));
        let index = pack(&release, &executable, &files, &archive)?;
        Ok(Bundle { release: self.release, archive, index })
    }

    pub(crate) fn pack(self, folder: &Path) -> Result<Bundle, Error> {
        self.pack_as(folder, |_| {})
    }

    fn manifest(&self) -> Result<String, Error> {
        let database = Database {
            name: "shop".to_owned(),
            engine: Engine::Sqlite,
            folder: "cell/shop".to_owned(),
            file: Some("shop.db".to_owned()),
            env: Vec::new(),
            primary: None,
            replicas: Vec::new(),
            schema: String::new(),
            chain: None,
        };
        let manifest = Manifest {
            format: FORMAT,
            application: "clock".to_owned(),
            features: Vec::new(),
            databases: if self.tables.is_empty() { Vec::new() } else { vec![database] },
            indexes: self.indexes.clone(),
            caches: Vec::new(),
            cells: Vec::new(),
            types: BTreeMap::new(),
            processes: Vec::new(),
            topology: String::new(),
        };
        Ok(manifest.to_json()?)
    }

    /// The files of a sealed history with a migration for each table.
    fn database(&self) -> BTreeMap<String, Vec<u8>> {
        let mut schema = Schema { database: "shop".to_owned(), tables: Vec::new() };
        let mut history = None;
        for name in &self.tables {
            schema.tables.push(table(name));
            history =
                next(history.as_ref(), &schema, &cell_schema::hints::Hints::default()).map(|next| seal(&next)).ok();
        }
        let files = history.iter().flat_map(write);
        files.map(|(path, bytes)| (format!("cell/shop/{}", path.as_str()), bytes.clone())).collect()
    }
}

fn table(name: &str) -> Table {
    let column = |name: &str, automatic| Column {
        name: name.to_owned(),
        ty: Type::I64,
        nullable: false,
        automatic,
        default: None,
        generated: None,
    };
    Table {
        name: name.to_owned(),
        columns: vec![column("id", true), column("stock", false)],
        key: vec!["id".to_owned()],
        uniques: Vec::new(),
        indexes: Vec::new(),
        references: Vec::new(),
        checks: Vec::new(),
        followed: false,
    }
}

impl Bundle {
    /// The order to run it once, with its doors there.
    pub(crate) fn order(&self, generation: u64, http: SocketAddr) -> Order {
        Order {
            application: "clock".to_owned(),
            region: "local".to_owned(),
            generation,
            plan: Digest::of(b"a plan"),
            release: self.release,
            bundle: *self.index.hash(),
            processes: vec![Wanted {
                name: "clock".to_owned(),
                cells: vec!["clock".to_owned()],
                replicas: 1,
                doors: true,
            }],
            http: Some(http.to_string()),
            migrate: BTreeMap::new(),
            environment: Vec::new(),
            rollback: false,
            alone: None,
        }
    }
}
