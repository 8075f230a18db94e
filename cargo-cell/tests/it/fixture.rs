//! An application in a folder of its own, and the command run on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The command's own binary.
pub(crate) const CELL: &str = env!("CARGO_BIN_EXE_cargo-cell");

/// An application that compiles.
const SHOP: &str = r#"use cell::prelude::*;

#[Database::sqlite(file = "shop.db")]
pub struct Shop {
    pub products: Table<Product>,
}

#[Database::table]
pub struct Product {
    #[key]
    pub id: i64,
    #[unique]
    pub sku: String,
}

#[service]
pub struct Goods {
    shop: Shop,
}

#[handler]
impl Goods {
    #[http(GET, "/products")]
    pub async fn count(&self) -> Result<i64> {
        Ok(self.shop.products.all().await?.len() as i64)
    }
}

cell::main!();
"#;

/// A folder with an application.
pub(crate) struct Fixture {
    root: PathBuf,
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Fixture {
    /// An application of this name. Each has its own: cargo takes packages of one name that are alone in their workspaces for
    /// the same, wherever they are, and they share a target folder. The place does not change, so that a second run of the
    /// tests compiles less.
    pub(crate) fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cargo-cell").join(name);
        if root.exists() {
            fs::remove_dir_all(&root).expect("the folder of an earlier run");
        }
        let fixture = Self { root };
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a folder above");
        // The profile and the features are the example's, so that dependencies are compiled once for both.
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [dependencies]\ncell = {{ package = \"cell-runtime\", path = \"{}\", features = [\"http\"] }}\n\n\
             [workspace]\n\n[profile.dev]\ndebug = \"line-tables-only\"\n\n[profile.dev.package.\"*\"]\ndebug = false\n",
            repository.join("runtime").display()
        );
        fixture.write("Cargo.toml", &manifest);
        fixture.write("Cargo.lock", &fs::read_to_string(repository.join("Cargo.lock")).expect("the lock file"));
        fixture.write("src/main.rs", SHOP);
        fixture
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    pub(crate) fn replace(&self, path: &str, previous: &str, next: &str) {
        let text = fs::read_to_string(self.path(path)).expect("a file");
        assert!(text.contains(previous), "`{previous}` is in {path}");
        self.write(path, &text.replacen(previous, next, 1));
    }

    /// Every file under `cell/`, with its content.
    pub(crate) fn emitted(&self) -> Vec<(PathBuf, String)> {
        let mut files = Vec::new();
        let mut folders = vec![self.path("cell")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push((path.clone(), fs::read_to_string(path).expect("a file")));
                }
            }
        }
        files.sort();
        files
    }

    /// The command, in the application's folder, on SQLite alone.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = cell(arguments);
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", target).env("CELL_POSTGRES_BIN", "/nowhere");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments).output().expect("the command runs"))
    }
}

/// The command, without what the tests' own environment would change.
pub(crate) fn cell(arguments: &[&str]) -> Command {
    let mut command = Command::new(CELL);
    command.arg("cell").args(arguments);
    for variable in ["CI", "NO_COLOR", "CELL_STATE", "CELL_SHOP_URL", "CELL_HTTP", "RUST_BACKTRACE", "RUSTFLAGS"] {
        command.env_remove(variable);
    }
    command
}

/// Runs the command where there is no application.
pub(crate) fn run(arguments: &[&str]) -> Said {
    said(cell(arguments).output().expect("the command runs"))
}

pub(crate) fn said(output: Output) -> Said {
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}
