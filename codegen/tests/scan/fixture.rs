//! Applications for the tests: copies of `tests/fixtures`, or files written by a test, in a folder that ends with it.

use std::fmt::Write as _;
use std::path::Path;

use cell_codegen::program::{Located, Program};
use cell_codegen::scan::{Options, Scanned, scan};
use tempfile::TempDir;

/// A folder with an application.
pub(crate) struct Fixture {
    folder: TempDir,
    package: String,
}

impl Fixture {
    /// A copy of one of `tests/fixtures`, beside the stand-in for the runtime.
    pub(crate) fn copy(name: &str) -> Self {
        let fixture = Self { folder: tempfile::tempdir().expect("a folder"), package: name.to_owned() };
        for part in ["runtime", name] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(part);
            copy(&from, &fixture.folder.path().join(part));
        }
        fixture
    }

    /// An application `app` with a `cell::main!()` behind these lines, and these other files.
    pub(crate) fn app(main: &str, files: &[(&str, &str)]) -> Self {
        let fixture = Self::bare(files);
        fixture.write("src/main.rs", format!("{main}\ncell::main!();\n").as_bytes());
        fixture
    }

    /// A package `app` with these files.
    pub(crate) fn bare(files: &[(&str, &str)]) -> Self {
        let mut fixture = Self::copy("runtime");
        "app".clone_into(&mut fixture.package);
        fixture.write(
            "Cargo.toml",
            b"[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[features]\nextra = []\n\n\
              [dependencies]\ncell = { package = \"cell-runtime\", path = \"../runtime\" }\n\n[workspace]\n",
        );
        for (path, text) in files {
            fixture.write(path, text.as_bytes());
        }
        fixture
    }

    pub(crate) fn write(&self, path: &str, content: &[u8]) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a path below the folder")).expect("a folder for the file");
        std::fs::write(path, content).expect("a file");
    }

    pub(crate) fn path(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join(&self.package).join(path)
    }

    pub(crate) fn options(&self) -> Options {
        let target_dir = Some(self.folder.path().join("target"));
        Options { offline: true, target_dir, ..Options::new(self.path("Cargo.toml")) }
    }

    pub(crate) fn scan(&self) -> Scanned {
        self.scan_with(|_| {})
    }

    pub(crate) fn scan_with(&self, change: impl FnOnce(&mut Options)) -> Scanned {
        let mut options = self.options();
        change(&mut options);
        scan(&options).expect("cargo and rustc answer")
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the fixture") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("its type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// One line for each declaration: kind, path, and file.
pub(crate) fn declarations(scanned: &Scanned) -> String {
    let mut text = diagnostics(scanned);
    for declared in scanned.program.declarations() {
        let file = &scanned.program.file(declared.file).name;
        let (kind, module, name) = (declared.kind(), &declared.module_path, declared.name());
        writeln!(text, "{kind} {module}::{name} in {file}").expect("a line");
    }
    text
}

/// Each diagnostic with its code, place, the text there, message, other places and help.
pub(crate) fn diagnostics(scanned: &Scanned) -> String {
    scanned.diagnostics.iter().map(|located| diagnostic(&scanned.program, located)).collect()
}

/// A diagnostic with its code, place, the text there, message, other places and help.
pub(crate) fn diagnostic(program: &Program, located: &Located) -> String {
    let place = |file, span: proc_macro2::Span| {
        let file = program.file(file);
        let range = span.byte_range();
        let line = file.text.get(..range.start).map_or(0, |before| before.matches('\n').count() + 1);
        let there = file.text.get(range).unwrap_or_default().lines().next().unwrap_or_default();
        format!("{}:{line} `{there}`", file.name)
    };
    let found = &located.diagnostic;
    let mut text = format!("{} at {}\n  {}\n", found.code, place(located.file, found.span), found.message);
    if let Some(label) = &found.label {
        writeln!(text, "  here: {label}").expect("a line");
    }
    let related = found.related.iter().map(|(span, words)| (located.file, *span, words));
    let elsewhere = located.elsewhere.iter().map(|(file, span, words)| (*file, *span, words));
    for (file, span, words) in related.chain(elsewhere) {
        writeln!(text, "  {words}: {}", place(file, span)).expect("a line");
    }
    writeln!(text, "  help: {}", found.help.as_deref().unwrap_or("none")).expect("a line");
    text
}
