//! The folder `.cell/`: this machine's state of an application, which git ignores. Absent: what lies in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::stop::Mistake;

/// The folder's place: what `CELL_STATE` names, or `.cell/` beside the application's `Cargo.toml`.
pub(crate) fn folder(root: &Path) -> PathBuf {
    match std::env::var_os("CELL_STATE").filter(|value| !value.is_empty()) {
        Some(folder) => std::path::absolute(&folder).unwrap_or_else(|_| folder.into()),
        None => root.join(".cell"),
    }
}

/// Makes the folder where it is missing, with a file that keeps git out of it.
///
/// # Errors
/// It cannot be made.
pub(crate) fn make(folder: &Path) -> Result<(), Mistake> {
    let failed = |error: io::Error| Mistake::file("make", folder, &error);
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir_all(folder).map_err(failed)?,
        made => made.map_err(failed)?,
    }
    fs::write(folder.join(".gitignore"), "*\n").map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::make;

    #[test]
    fn git_ignores_what_is_made() -> Result<(), Box<dyn std::error::Error>> {
        let root = tempfile::tempdir()?;
        let folder = root.path().join("app/.cell");
        make(&folder).map_err(|mistake| mistake.to_string())?;
        assert_eq!(std::fs::read_to_string(folder.join(".gitignore"))?, "*\n");
        std::fs::write(folder.join(".gitignore"), "mine\n")?;
        make(&folder).map_err(|mistake| mistake.to_string())?;
        assert_eq!(std::fs::read_to_string(folder.join(".gitignore"))?, "mine\n", "what is there stays");
        Ok(())
    }
}
