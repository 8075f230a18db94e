//! Where the machine keeps PostgreSQL's server programs, and which user may run them.
//! In: the environment, the file system. Out: a folder, a user. Absent: starting anything.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::{PROGRAMS_VARIABLE, ThrowawayError};

/// Where Debian and its descendants install each major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The folder that holds `initdb` and `postgres`: the one that `CELL_POSTGRES_BIN` names, the first of `PATH`, or the
/// newest version under `/usr/lib/postgresql`.
///
/// # Errors
/// [`ThrowawayError::EngineMissing`] where there is none; a folder that is named but does not hold them counts as none.
pub fn find() -> Result<PathBuf, ThrowawayError> {
    if let Some(named) = env::var_os(PROGRAMS_VARIABLE).filter(|value| !value.is_empty()) {
        let folder = PathBuf::from(named);
        return if holds_programs(&folder) {
            Ok(folder)
        } else {
            Err(ThrowawayError::EngineMissing {
                searched: format!("`{PROGRAMS_VARIABLE}` names the folder `{}`", folder.display()),
            })
        };
    }
    let path = env::var_os("PATH").unwrap_or_default();
    search(&path, Path::new(DEBIAN))
        .ok_or_else(|| ThrowawayError::EngineMissing { searched: format!("neither on `PATH` nor under `{DEBIAN}`") })
}

fn search(path: &OsStr, installed: &Path) -> Option<PathBuf> {
    if let Some(folder) = env::split_paths(path).find(|folder| holds_programs(folder)) {
        return Some(folder);
    }
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(installed)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| holds_programs(folder))
        .collect();
    versions.sort();
    versions.pop().map(|(_, folder)| folder)
}

fn holds_programs(folder: &Path) -> bool {
    folder.join("initdb").is_file() && folder.join("postgres").is_file()
}

/// A user and its group, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) user: u32,
    pub(super) group: u32,
}

/// The user that runs the server where this process may not: `None` unless this process is root's.
pub(super) fn unprivileged() -> Result<Option<User>, ThrowawayError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = ["postgres", "nobody"].into_iter().find_map(|name| account(&accounts, name));
    found.map(Some).ok_or(ThrowawayError::NoUser)
}

/// Reads one line of `/etc/passwd`: `name:password:user:group:…`.
fn account(accounts: &str, name: &str) -> Option<User> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        Some(User { user: fields.nth(1)?.parse().ok()?, group: fields.next()?.parse().ok()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(root: &Path, version: &str) -> PathBuf {
        let folder = root.join(version).join("bin");
        fs::create_dir_all(&folder).unwrap();
        for program in ["initdb", "postgres"] {
            fs::write(folder.join(program), "").unwrap();
        }
        folder
    }

    #[test]
    fn the_newest_version_wins_by_number() {
        let root = tempfile::tempdir().unwrap();
        install(root.path(), "9");
        let newest = install(root.path(), "15");
        fs::create_dir_all(root.path().join("16/bin")).unwrap();
        assert_eq!(search(OsStr::new(""), root.path()), Some(newest));
    }

    #[test]
    fn the_path_comes_before_installed_versions() {
        let root = tempfile::tempdir().unwrap();
        install(root.path(), "15");
        let elsewhere = tempfile::tempdir().unwrap();
        let own = install(elsewhere.path(), "own");
        assert_eq!(search(own.as_os_str(), root.path()), Some(own));
    }

    #[test]
    fn a_machine_without_postgres_has_none() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(search(OsStr::new("/nowhere"), &root.path().join("missing")), None);
    }

    #[test]
    fn an_account_is_read_by_its_whole_name() {
        let accounts =
            "postgresql:x:1:1::/:/bin/sh\npostgres:x:114:120:PostgreSQL:/var/lib/postgresql:/bin/bash\nbroken\n";
        assert_eq!(account(accounts, "postgres"), Some(User { user: 114, group: 120 }));
        assert_eq!(account(accounts, "broken"), None);
    }
}
