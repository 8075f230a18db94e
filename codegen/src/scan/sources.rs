//! The files of a scan: each is read once and parsed once, however many modules name it.
//! In: paths. Out: ids, texts and syntax trees. Absent: which files there should be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use cell_syntax::diagnostic::Diagnostic;

use super::{parse, read};
use crate::program::{FileId, Located, SourceFile};

type Tree = Result<Rc<syn::File>, Box<Diagnostic>>;

/// The files read so far.
pub(super) struct Sources {
    workspace: PathBuf,
    pub(super) files: Vec<SourceFile>,
    ids: BTreeMap<PathBuf, FileId>,
    trees: BTreeMap<FileId, Tree>,
    pub(super) diagnostics: Vec<Located>,
}

impl Sources {
    pub(super) fn new(workspace: &Path) -> Self {
        Self {
            workspace: workspace.to_path_buf(),
            files: Vec::new(),
            ids: BTreeMap::new(),
            trees: BTreeMap::new(),
            diagnostics: Vec::new(),
        }
    }

    /// Reads a file, if it was not read yet.
    ///
    /// # Errors
    /// Where the system cannot give it.
    pub(super) fn open(&mut self, path: &Path) -> std::io::Result<FileId> {
        // Two paths to one file (`a/../b.rs`, a link) are one file to whoever compares sets of files.
        let real = path.canonicalize()?;
        if let Some(id) = self.ids.get(&real) {
            return Ok(*id);
        }
        let read::Text { text, broken } = read::read(&real)?;
        let id = FileId(self.files.len());
        let name = self.shown(&real);
        if let Some((offset, byte)) = broken {
            self.trees.insert(id, Err(Box::new(read::not_utf8(&name, offset, byte))));
        }
        self.files.push(SourceFile { path: real.clone(), name, text });
        self.ids.insert(real, id);
        Ok(id)
    }

    /// How a path is shown.
    pub(super) fn shown(&self, path: &Path) -> String {
        let workspace = self.workspace.canonicalize().unwrap_or_else(|_| self.workspace.clone());
        let relative = path.strip_prefix(&workspace).or_else(|_| path.strip_prefix(&self.workspace)).unwrap_or(path);
        relative.to_string_lossy().replace('\\', "/")
    }

    /// A file's syntax tree, or what is wrong with it.
    pub(super) fn tree(&mut self, id: FileId) -> Tree {
        let text = &self.files[id.0].text;
        self.trees.entry(id).or_insert_with(|| parse::parse(text).map(Rc::new)).clone()
    }

    pub(super) fn report(&mut self, file: FileId, diagnostic: Diagnostic) {
        self.diagnostics.push(Located::new(file, diagnostic));
    }

    /// The diagnostics by place, each once.
    pub(super) fn sorted_diagnostics(&mut self) -> Vec<Located> {
        let mut diagnostics = std::mem::take(&mut self.diagnostics);
        let key = |located: &Located| {
            let range = located.diagnostic.span.byte_range();
            let name = self.files[located.file.0].name.clone();
            (name, range.start, range.end, located.diagnostic.code, located.diagnostic.message.clone())
        };
        diagnostics.sort_by_cached_key(key);
        diagnostics.dedup_by_key(|located| key(located));
        diagnostics
    }
}
