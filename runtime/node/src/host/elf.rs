//! What an ELF file needs of a machine. In: an executable, a piece at a time. Out: processor, C library, shared libraries.
//! Absent: other formats. A node runs Linux.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader};
use object::read::{ReadCache, ReadRef};
use object::{Endianness, FileKind};

use super::{Glibc, Libc};

/// What an executable needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The processor, as targets name it: `x86_64`.
    pub arch: String,
    /// The C library, of the oldest version that will do.
    pub libc: Libc,
    /// The shared libraries it loads, by name. A node must have those that are not the C library's own.
    pub libraries: BTreeSet<String>,
}

/// Why it is not known what an executable needs.
#[derive(Debug, thiserror::Error)]
pub enum RequirementError {
    /// It cannot be read.
    #[error("`{path}`: {source}")]
    Io {
        /// The executable.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not ELF, or damaged.
    #[error("`{path}` is no executable for Linux: {message}; build it with `--target` and a Linux target")]
    Form {
        /// The executable.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// It is for a machine that Cell does not know.
    #[error("`{path}` needs {what}, which no node of Cell has")]
    Unknown {
        /// The executable.
        path: PathBuf,
        /// What it needs.
        what: String,
    },
}

/// What an executable needs of the machine it runs on.
///
/// # Errors
/// It cannot be read, is not an ELF executable, or needs a processor or a loader that Cell does not know.
pub fn requirement(executable: &Path) -> Result<Requirement, RequirementError> {
    let facts = read(executable)?;
    let unknown = |what| Err(RequirementError::Unknown { path: executable.to_owned(), what });
    let Some(arch) = arch(facts.machine, facts.wide, facts.little) else {
        return unknown(format!("processor {}", facts.machine));
    };
    let libc = match facts.interpreter.as_deref() {
        None => Libc::Static,
        Some(loader) if loader.contains("ld-musl-") => Libc::Musl,
        Some(loader) if loader.contains("ld-linux") || loader.contains("/ld64.so.") => {
            // Every program that is linked with glibc names a version of it, unless its sections were cut off.
            let Some(version) = facts.needed.iter().filter_map(|name| glibc(name)).max() else {
                let message = "it has a loader but names no version of glibc".to_owned();
                return Err(RequirementError::Form { path: executable.to_owned(), message });
            };
            Libc::Gnu(version)
        }
        Some(loader) => return unknown(format!("the loader `{}`", loader.escape_debug())),
    };
    Ok(Requirement { arch: arch.to_owned(), libc, libraries: facts.libraries })
}

/// The version of a glibc: the newest that its `libc.so.6` defines.
pub(super) fn provided(library: &Path) -> Option<Glibc> {
    read(library).ok()?.defined.iter().filter_map(|name| glibc(name)).max()
}

/// `2.34` of `GLIBC_2.34`.
fn glibc(name: &str) -> Option<Glibc> {
    match name.strip_prefix("GLIBC_")? {
        // Relative relocations are packed, and 2.36 is the first that unpacks them.
        "ABI_DT_RELR" => Some(Glibc { major: 2, minor: 36 }),
        // `2.2.5` has a third part, which no newer one has.
        version => {
            let mut parts = version.split('.').map(|part| part.parse::<u32>());
            Some(Glibc { major: parts.next()?.ok()?, minor: parts.next()?.ok()? })
        }
    }
}

fn arch(machine: elf::Machine, wide: bool, little: bool) -> Option<&'static str> {
    Some(match (machine, wide, little) {
        (elf::EM_X86_64, true, _) => "x86_64",
        (elf::EM_AARCH64, true, true) => "aarch64",
        (elf::EM_RISCV, true, _) => "riscv64gc",
        (elf::EM_S390, true, false) => "s390x",
        (elf::EM_PPC64, true, true) => "powerpc64le",
        (elf::EM_LOONGARCH, true, _) => "loongarch64",
        (elf::EM_386, false, _) => "i686",
        (elf::EM_ARM, false, true) => "armv7",
        _ => return None,
    })
}

/// What is written in a file, not yet understood.
struct Facts {
    machine: elf::Machine,
    wide: bool,
    little: bool,
    interpreter: Option<String>,
    libraries: BTreeSet<String>,
    /// The versions of libraries' symbols that it needs, and those that it has.
    needed: BTreeSet<String>,
    defined: BTreeSet<String>,
}

fn read(path: &Path) -> Result<Facts, RequirementError> {
    let file = File::open(path).map_err(|source| RequirementError::Io { path: path.to_owned(), source })?;
    let data = ReadCache::new(file);
    let data = &data;
    let facts = match FileKind::parse(data) {
        Ok(FileKind::Elf64) => facts::<FileHeader64<Endianness>, _>(data),
        Ok(FileKind::Elf32) => facts::<FileHeader32<Endianness>, _>(data),
        Ok(kind) => return Err(RequirementError::Form { path: path.to_owned(), message: format!("it is {kind:?}") }),
        Err(error) => Err(error),
    };
    facts.map_err(|error| RequirementError::Form { path: path.to_owned(), message: error.to_string() })
}

fn facts<'data, Elf, R>(data: R) -> object::read::Result<Facts>
where
    Elf: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let header = Elf::parse(data)?;
    let endian = header.endian()?;
    let mut facts = Facts {
        machine: header.e_machine(endian),
        wide: header.is_class_64(),
        little: endian == Endianness::Little,
        interpreter: None,
        libraries: BTreeSet::new(),
        needed: BTreeSet::new(),
        defined: BTreeSet::new(),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for segment in header.program_headers(endian, data)? {
        if let Some(loader) = segment.interpreter(endian, data)? {
            facts.interpreter = Some(text(loader));
        }
    }
    let sections = header.sections(endian, data)?;
    let dynamic = sections.dynamic_table(endian, data)?;
    for entry in &dynamic {
        if entry.tag == elf::DT_NEEDED {
            facts.libraries.insert(text(dynamic.string(entry)?));
        }
    }
    if let Some((mut libraries, link)) = sections.gnu_verneed(endian, data)? {
        let strings = sections.strings(endian, data, link)?;
        while let Some((_, mut versions)) = libraries.next()? {
            while let Some(version) = versions.next()? {
                facts.needed.insert(text(version.name(endian, strings)?));
            }
        }
    }
    if let Some((mut definitions, link)) = sections.gnu_verdef(endian, data)? {
        let strings = sections.strings(endian, data, link)?;
        while let Some((_, mut names)) = definitions.next()? {
            // The first is its own name; those behind it are its parents'.
            if let Some(name) = names.next()? {
                facts.defined.insert(text(name.name(endian, strings)?));
            }
        }
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Glibc, Libc, RequirementError, glibc, requirement};

    #[test]
    fn a_test_needs_the_c_library_it_was_linked_with() {
        let own = std::env::current_exe().expect("a test is a program");
        let needed = requirement(&own).expect("an executable");
        if cfg!(target_env = "gnu") {
            assert!(matches!(needed.libc, Libc::Gnu(Glibc { major: 2, .. })), "{needed:?}");
            assert!(needed.libraries.contains("libc.so.6"), "{needed:?}");
        } else {
            assert!(!matches!(needed.libc, Libc::Gnu(_)), "{needed:?}");
        }
    }

    #[test]
    fn an_executable_without_a_loader_needs_no_c_library() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("static");
        // A header of ELF for x86-64 with no segments and no sections: nothing is loaded.
        let mut bytes = vec![0; 64];
        bytes[..20].copy_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0");
        bytes[20] = 1;
        bytes[52] = 64;
        bytes[54] = 56;
        bytes[58] = 64;
        fs::write(&path, &bytes).expect("written");
        let needed = requirement(&path).expect("an executable");
        assert_eq!((needed.arch.as_str(), needed.libc), ("x86_64", Libc::Static));
        // Another processor, which has no name here.
        bytes[18] = 0xee;
        bytes[19] = 0xee;
        fs::write(&path, &bytes).expect("written");
        assert!(matches!(requirement(&path), Err(RequirementError::Unknown { .. })));
    }

    #[test]
    fn what_is_no_executable_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("script");
        assert!(matches!(requirement(&path), Err(RequirementError::Io { .. })));
        for bytes in [
            &b""[..],
            b"#!/bin/sh\nexit 0\n",
            b"\x7fELF",
            b"\xcf\xfa\xed\xfe\x07\0\0\x01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            fs::write(&path, bytes).expect("written");
            assert!(matches!(requirement(&path), Err(RequirementError::Form { .. })), "{bytes:?}");
        }
    }

    #[test]
    fn a_damaged_executable_is_refused_or_read_but_never_a_panic() {
        let own = std::env::current_exe().expect("a test is a program");
        let bytes = fs::read(own).expect("a file");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("damaged");
        // Only the head is changed: it leads everywhere else.
        for at in 0..64 {
            let mut damaged = bytes.get(..1 << 16).expect("a test is larger").to_vec();
            damaged[at] ^= 0xff;
            fs::write(&path, damaged).expect("written");
            let _ = requirement(&path);
        }
    }

    #[test]
    fn names_of_versions_are_understood() {
        assert_eq!(glibc("GLIBC_2.34"), Some(Glibc { major: 2, minor: 34 }));
        assert_eq!(glibc("GLIBC_2.2.5"), Some(Glibc { major: 2, minor: 2 }));
        assert_eq!(glibc("GLIBC_ABI_DT_RELR"), Some(Glibc { major: 2, minor: 36 }));
        assert_eq!(glibc("GLIBC_PRIVATE"), None);
        assert_eq!(glibc("GCC_3.0"), None);
    }
}
