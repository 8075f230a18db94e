//! Where the file of `mod x;` is: rustc's rules for folders, `mod.rs` and `#[path]`.
//! In: the folder a module looks in. Out: the file, and the folder that its own modules look in. Absent: reading it.

use std::path::{Path, PathBuf};

use cell_syntax::diagnostic::Diagnostic;
use syn::ext::IdentExt as _;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// Where the modules below an item are looked for.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// In `x.rs`, the folder `x` that its modules are in, unless `#[path]` says otherwise.
    relative: Option<String>,
    /// In a function's body a module needs `#[path]`.
    in_block: bool,
}

impl Directory {
    /// That of a crate's root, a `mod.rs`, or a file named by `#[path]`.
    pub(super) fn of_file(file: &Path) -> Self {
        let path = file.parent().unwrap_or(Path::new("")).to_path_buf();
        Self { path, relative: None, in_block: false }
    }

    /// That of a block in a function's body.
    pub(super) fn of_block(&self) -> Self {
        Self { in_block: true, ..self.clone() }
    }

    /// That of `mod x { … }`.
    pub(super) fn of_inline<'a>(&self, ident: &syn::Ident, attributes: impl Iterator<Item = &'a Attribute>) -> Self {
        if let Some(path) = path_attribute(attributes) {
            // For a module with a body, `#[path]` names the folder.
            return Self { path: self.path.join(path), relative: None, in_block: false };
        }
        let mut path = self.path.clone();
        path.extend(&self.relative);
        path.push(ident.unraw().to_string());
        Self { path, relative: None, in_block: self.in_block }
    }

    /// The file of `mod x;`, and the folder that its modules are in.
    pub(super) fn find<'a>(
        &self,
        ident: &syn::Ident,
        attributes: impl Iterator<Item = &'a Attribute>,
        shown: &impl Fn(&Path) -> String,
    ) -> Result<(PathBuf, Self), Box<Diagnostic>> {
        let name = ident.unraw().to_string();
        if let Some(path) = path_attribute(attributes) {
            let file = self.path.join(path);
            if !file.is_file() {
                let help = format!("create `{}`, or correct `#[path]`", shown(&file));
                return Err(not_found(ident, &name, &help));
            }
            let directory = Self::of_file(&file);
            return Ok((file, directory));
        }
        if self.in_block {
            let help = "name its file with `#[path]`, or move the module out of the function";
            return Err(not_found(ident, &name, help));
        }
        let mut folder = self.path.clone();
        folder.extend(&self.relative);
        let file = folder.join(format!("{name}.rs"));
        let own_folder = folder.join(&name).join("mod.rs");
        match (file.is_file(), own_folder.is_file()) {
            (true, false) => Ok((file, Self { path: folder, relative: Some(name), in_block: false })),
            (false, true) => {
                let directory = Self::of_file(&own_folder);
                Ok((own_folder, directory))
            }
            (true, true) => {
                let message =
                    format!("the module `{name}` has two files: `{}` and `{}`", shown(&file), shown(&own_folder));
                Err(Box::new(Diagnostic::new("ambiguous-module", ident.span(), message).help("remove one of them")))
            }
            (false, false) => {
                let help = format!("create `{}` or `{}`", shown(&file), shown(&own_folder));
                Err(not_found(ident, &name, &help))
            }
        }
    }
}

fn not_found(ident: &syn::Ident, name: &str, help: &str) -> Box<Diagnostic> {
    let message = format!("the module `{name}` has no file");
    Box::new(Diagnostic::new("module-not-found", ident.span(), message).help(help))
}

/// What `#[path = "…"]` says.
fn path_attribute<'a>(mut attributes: impl Iterator<Item = &'a Attribute>) -> Option<String> {
    attributes.find_map(|attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("path") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    })
}
