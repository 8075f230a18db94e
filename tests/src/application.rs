//! Copies of the example and of the fixtures, each alone in its workspace, with the repository's runtime.
//! A copy has the repository's versions, profile and features, and builds into the target folder that the tests are in:
//! of its dependencies nothing is compiled that another copy has compiled.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use toml_edit::DocumentMut;

use crate::command::{self, Said};

/// Files by their paths, with `/` between folders.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What a copy is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be read: nothing is compiled.
    Read,
    /// To be built as it is developed.
    Build,
    /// To be built for release.
    Release,
    /// To be built into a target folder of its own, which no other copy uses.
    Apart,
}

/// A copy of an application.
#[derive(Debug)]
pub struct Application {
    folder: PathBuf,
    /// The application's package below the folder.
    package: &'static str,
    _alone: Option<File>,
}

/// The repository's root.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are below the root").to_owned()
}

/// The target folder that this test was built into.
#[must_use]
pub fn target() -> PathBuf {
    profile().parent().expect("a profile is below the target folder").to_owned()
}

/// The folder of this test's profile, with the binaries.
pub(crate) fn profile() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    test.ancestors().nth(2).expect("a test is in `deps/`").to_owned()
}

impl Application {
    /// A copy of the example at a place of this name, which is this test's alone.
    #[must_use]
    pub fn example(place: &str, purpose: Purpose) -> Self {
        Self::example_called(place, place, purpose)
    }

    /// The same, called as the copy at another place: two copies that are one application, as two checkouts are.
    #[must_use]
    pub fn example_called(place: &str, called: &str, purpose: Purpose) -> Self {
        let mut files = tree(&repository().join("examples/catalog"));
        files.retain(|path, _| !path.starts_with(".cell/") && !path.starts_with("target/"));
        files.insert("Cargo.toml".to_owned(), example_manifest(called).into_bytes());
        Self::place(place, "catalog", "", purpose, files)
    }

    /// A copy of a folder of `tests/fixtures`, whose application's package is in the folder `package`.
    #[must_use]
    pub fn fixture(place: &str, name: &str, package: &'static str, purpose: Purpose) -> Self {
        let mut files = tree(&repository().join("tests/fixtures").join(name));
        for (path, content) in &mut files {
            if path.ends_with("Cargo.toml") {
                let manifest = with_runtime(&String::from_utf8_lossy(content), "../../../runtime");
                let version = format!("version = \"{}\"", version("0.1.0", place));
                *content = manifest.replace("version = \"0.1.0\"", &version).into_bytes();
            }
        }
        Self::place(place, name, package, purpose, files)
    }

    /// The places stay the same from run to run, and so does what need not change in them: cargo compiles it once.
    fn place(place: &str, name: &str, package: &'static str, purpose: Purpose, mut files: Files) -> Self {
        let places = target().join("cell-tests");
        fs::create_dir_all(&places).expect("a folder for copies");
        let alone = matches!(purpose, Purpose::Build | Purpose::Release).then(|| {
            // The binaries of all copies of an application have one path in the target folder: one copy at a time.
            let file = File::create(places.join(format!("{name}.{purpose:?}.lock"))).expect("a lock file");
            file.lock().expect("a lock");
            file
        });
        let lock = fs::read(repository().join("Cargo.lock")).expect("the lock file");
        files.insert("Cargo.lock".to_owned(), lock);
        let application = Self { folder: places.join(place), package, _alone: alone };
        for path in tree(&application.folder).keys().filter(|path| !files.contains_key(*path)) {
            fs::remove_file(application.path(path)).expect("a file of an earlier run");
        }
        for (path, content) in &files {
            application.write(path, content);
        }
        application
    }

    /// The copy's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A path below the copy's folder.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// Writes a file, unless it is so already.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        if fs::read(&path).is_ok_and(|present| present == content.as_ref()) {
            return;
        }
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    /// Replaces a text that stands once in a file.
    pub fn replace(&self, path: &str, previous: &str, next: &str) {
        let text = fs::read_to_string(self.path(path)).expect("a file");
        assert_eq!(text.matches(previous).count(), 1, "`{previous}` stands once in {path}");
        self.write(path, text.replace(previous, next));
    }

    /// Changes the line that decides the engine, and nothing else.
    pub fn switch_to_postgres(&self) {
        let sqlite = "#[Database::sqlite(file = \"registry.db\")]";
        let postgres = "#[Database::postgres(url = env(\"DATABASE_URL\"))]";
        let (previous, next) = (format!("{sqlite}\n// {postgres}\n"), format!("// {sqlite}\n{postgres}\n"));
        self.replace("src/registry.rs", &previous, &next);
    }

    /// Adds a column to the example's crates, as its developer would.
    pub fn add_a_field(&self) {
        let field = "    pub source_url: Option<String>,\n";
        self.replace(
            "src/registry.rs",
            field,
            &format!("{field}    /// Its page.\n    pub homepage: Option<String>,\n"),
        );
        let value = "                        source_url: manifest.repository.clone(),\n";
        let and_homepage = format!("{value}                        homepage: None,\n");
        self.replace("src/importer/mod.rs", value, &and_homepage);
    }

    /// Every file of the copy but `Cargo.lock`, which cargo completes whenever it reads the manifest.
    #[must_use]
    pub fn files(&self) -> Files {
        let mut files = tree(&self.folder);
        files.remove("Cargo.lock");
        files
    }

    /// Every file under the application's `cell/`.
    #[must_use]
    pub fn emitted(&self) -> Files {
        tree(&self.path(self.package).join("cell"))
    }

    /// Removes what a build emits: all but the migrations that a release has sealed, which nothing makes again.
    pub fn forget_emitted(&self) {
        let cell = self.path(self.package).join("cell");
        let sealed = fs::read_to_string(cell.join("registry/sealed")).expect("a seal");
        let last = sealed.split(' ').next().unwrap_or_default();
        for file in ["manifest.json", "topology.toml", "registry/snapshot.json"] {
            fs::remove_file(cell.join(file)).expect("it is there");
        }
        fs::remove_dir_all(cell.join("search")).expect("it is there");
        for migration in fs::read_dir(cell.join("registry/migrations")).expect("migrations").flatten() {
            if migration.file_name().to_string_lossy().as_ref() > last {
                fs::remove_dir_all(migration.path()).expect("it can go");
            }
        }
    }

    /// The command, in the copy's folder.
    #[must_use]
    pub fn cell(&self, arguments: &[&str]) -> Command {
        let mut command = command::cell(arguments);
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", target());
        command
    }

    /// Runs the command to its end.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Said {
        Said::of(&mut self.cell(arguments))
    }

    /// Runs the command, which must do what it was asked for.
    pub fn succeed(&self, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}{}", said.out, said.err);
        said
    }
}

/// Every file below a folder, which need not be there.
#[must_use]
pub fn tree(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below the folder").to_string_lossy().replace('\\', "/");
                files.insert(name, fs::read(path).expect("a file"));
            }
        }
    }
    files
}

/// The paths of the files that are in one of them only, or differ.
#[must_use]
pub fn differing(left: &Files, right: &Files) -> Vec<String> {
    let paths: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    paths.into_iter().filter(|path| left.get(*path) != right.get(*path)).cloned().collect()
}

/// A manifest with the runtime where it is, seen from anywhere.
fn with_runtime(manifest: &str, relative: &str) -> String {
    manifest.replace(&format!("\"{relative}\""), &format!("\"{}\"", repository().join("runtime").display()))
}

/// The example's manifest, with what it inherits from the repository's in the same file.
fn example_manifest(place: &str) -> String {
    let read = |path: &str| fs::read_to_string(repository().join(path)).expect("a manifest");
    let mut root: DocumentMut = read("Cargo.toml").parse().expect("TOML");
    let workspace = root["workspace"].as_table_mut().expect("a workspace");
    workspace.remove("members");
    let dependencies = workspace["dependencies"].as_table_mut().expect("dependencies");
    dependencies.retain(|_, dependency| dependency.get("path").is_none());
    let number = workspace["package"]["version"].as_str().expect("a version").to_owned();
    workspace["package"]["version"] = toml_edit::value(version(&number, place));
    format!("{}\n{root}", with_runtime(&read("examples/catalog/Cargo.toml"), "../../runtime"))
}

/// The version of a copy. Cargo tells packages that are alone in their workspaces apart by name and version, not by place:
/// copies of one version would replace each other's crates, and even be taken for each other.
fn version(number: &str, place: &str) -> String {
    let build: String = place.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    format!("{number}+{build}")
}
